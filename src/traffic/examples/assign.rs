//! Assigns TNTP trips to a TNTP network and prints each iteration.
//!
//! `cargo run --release -p citytwin-traffic --example assign -- NET TRIPS [--gap G] [--threads N] [--toll-weight W]
//! [--distance-weight W] [--close LINK]`; `--close` closes a link afterwards (its row, from 0) and finds the equilibrium again,
//! warm and cold; `--close-every N` does so for every Nth link, from an equilibrium refined to `--kept-gap G`.

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
        if let Some(step) = option("--close-every") {
            let graph = &mut graph;
            if let Some(gap) = option("--kept-gap") {
                found.resume(graph, &Options { gap: gap.parse()?, ..options }, printer())?;
            }
            let mut ratios = Vec::new();
            for link in (0..graph.links().len()).step_by(step.parse()?) {
                let mut kept = found.clone();
                graph.set_closed(link, true)?;
                let cpu = cpu_s();
                kept.resume(graph, &options, |_| ControlFlow::Continue(()))?;
                let warm = cpu_s() - cpu;
                let cold = assignment::solve(graph, &trips, &options, |_| ControlFlow::Continue(()))?;
                ratios.push((warm / (cpu_s() - cpu - warm), warm, kept.progress().iteration, link, cold.flow(link)));
                graph.set_closed(link, false)?;
            }
            ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (share, at) in [("median", 0.5), ("90 %", 0.9), ("98 %", 0.98), ("worst", 1.0)] {
                let (ratio, warm, iterations, link, _) = ratios[((ratios.len() - 1) as f64 * at) as usize];
                println!("closing a link, {share}: {ratio:.3} of cold, {warm:.4} s CPU, {iterations} iterations (link {link})");
            }
            let within = ratios.iter().filter(|r| r.0 <= 0.1).count();
            println!("{within} of {} within a tenth", ratios.len());
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

/// Time that this process's threads ran, second (Linux: /proc/self/task/*/schedstat, in ns); 0 elsewhere.
fn cpu_s() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ran = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or_default()
    };
    tasks.map(ran).sum::<f64>() / 1e9
}
