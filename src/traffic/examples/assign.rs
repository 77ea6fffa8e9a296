//! Assigns TNTP trips to a TNTP network and prints each iteration.
//!
//! `cargo run --release -p citytwin-traffic --example assign -- NET TRIPS [--gap G] [--threads N] [--toll-weight W]
//! [--distance-weight W] [--close LINK]`; `--close` closes a link afterwards (its row, from 0) and finds the equilibrium again,
//! warm and cold.

use std::{ops::ControlFlow, time::Instant};

use citytwin_traffic::{
    assignment::{self, Options, Progress, Trips, UserClass},
    tntp,
};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let number = |name: &str, otherwise: f64| option(name).map_or(Ok(otherwise), |text| text.parse::<f64>());
    let [net, trips] = [0, 1].map(|i| arguments.get(i).cloned().unwrap_or_default());
    let mut graph = tntp::read_net(&std::fs::read_to_string(&net)?)?;
    let entries = tntp::read_trips(&std::fs::read_to_string(&trips)?, &graph)?;
    let class = UserClass {
        toll_weight: number("--toll-weight", 0.0)?,
        length_weight: number("--distance-weight", 0.0)?,
        ..UserClass::default()
    };
    let trips = Trips::of(graph.extent().zones, class, &entries)?;
    let options = Options { gap: number("--gap", 1e-6)?, ..Options::default() };
    let threads = number("--threads", 1.0)? as usize;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let cpu = cpu_s();
        let mut found = assignment::solve(&graph, &trips, &options, printer())?;
        println!("cold: {:.3} s CPU", cpu_s() - cpu);
        if let Some(link) = option("--close") {
            graph.set_closed(link.parse()?, true)?;
            let cpu = cpu_s();
            found.resume(&graph, &options, printer())?;
            println!("warm: {:.3} s CPU", cpu_s() - cpu);
            let cpu = cpu_s();
            let cold = assignment::solve(&graph, &trips, &options, printer())?;
            println!("cold again: {:.3} s CPU", cpu_s() - cpu);
            let apart = (0..graph.links().len()).map(|l| (found.flow(l) - cold.flow(l)).abs()).fold(0.0, f64::max);
            println!("largest difference of a link's flow: {apart:.6}");
        }
        Ok(())
    })
}

fn printer() -> impl FnMut(&Progress) -> ControlFlow<()> {
    let (cpu, from) = (cpu_s(), Instant::now());
    move |p| {
        println!(
            "{:4}  gap {:.3e}  objective {:.9}  total {:.6}  {:8.3} s CPU {:8.3} s",
            p.iteration,
            p.relative_gap,
            p.objective,
            p.total_cost,
            cpu_s() - cpu,
            from.elapsed().as_secs_f64()
        );
        ControlFlow::Continue(())
    }
}

/// User and system time of this process, second (Linux: /proc/self/stat, 100 ticks a second); 0 elsewhere.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
    fields.iter().sum::<f64>() / 100.0
}
