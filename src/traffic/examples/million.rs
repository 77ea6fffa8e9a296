//! A weekday of a city of 1,000,000 inhabitants that is made up: blocks of 160 m, 80 by 80 crossings, every fourth street a main
//! road of two lanes each way with signals where two cross; trips by the four steps for its inhabitants.
//!
//! `cargo run --release -p citytwin-traffic --example million -- [--inhabitants N] [--side N] [--block M] [--iterations N]
//! [--gap G] [--looking S] [--threads N]`: prints the day with routes given (the fastest on the empty road), then, with more than one iteration, the
//! dynamic equilibrium.

#[path = "../tests/town/mod.rs"]
mod town;

use std::{error::Error, ops::ControlFlow, time::Instant};

use citytwin_model::DrivingSide;
use citytwin_traffic::{
    Demand, Network,
    equilibrium::{self, DayInput, DayOptions, Progress},
    lane_graph::LaneGraph,
};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let number = |name: &str, otherwise: f64| option(name).map_or(Ok(otherwise), |text| text.parse::<f64>());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(number("--threads", 0.0)? as usize).build()?;
    let mut town =
        town::grid_of_blocks(number("--side", 80.0)? as usize, number("--block", 160.0)?, DrivingSide::Right);
    town.city.population = Some(number("--inhabitants", 1e6)? as u32);
    let options = DayOptions {
        gap: number("--gap", 0.01)?,
        iterations: number("--iterations", 1.0)? as u32,
        looking: number("--looking", 0.1)?,
        ..DayOptions::default()
    };
    pool.install(|| day(&town, &options))
}

fn day(town: &town::Town, options: &DayOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    let clock = Instant::now();
    let mut network = Network::compile(&town.city);
    let demand = Demand::estimate(&town.city, &network);
    network = network.timed_for(&demand)?;
    let graph = LaneGraph::of_network(&network);
    let input = DayInput::of_city(&network, &graph, &demand, options.seed);
    println!(
        "{} links, {} trips of {:.0} inhabitants, made in {:.1} s",
        graph.links.len(),
        input.journeys.list.len(),
        demand.residents(),
        clock.elapsed().as_secs_f64()
    );
    let mut since = Instant::now();
    let mut searched = true;
    let mut lap = move |what: &str| {
        println!("     {what} {:.2} s", since.elapsed().as_secs_f64());
        since = Instant::now();
    };
    let clock = Instant::now();
    let result = equilibrium::find(input, options, |progress| {
        match progress {
            Progress::Driving { .. } if searched => {
                lap("ways");
                searched = false;
            }
            Progress::Driving { .. } => {}
            Progress::Looking { .. } => {
                if !searched {
                    lap("driving");
                }
                searched = true;
            }
            Progress::Iterated(i) => {
                println!(
                    "{:3}  gap {:.3} %  mean {:.1} s  {} looked, {} switch; {:?}",
                    i.number,
                    100.0 * i.gap,
                    i.mean_s,
                    i.looked,
                    i.switched,
                    i.counts
                );
            }
        }
        ControlFlow::Continue(())
    });
    let passed: usize = result.journeys.links.len();
    println!(
        "{:?} after {:.1} s, {:.1} M links driven, {:.0} M vehicle-seconds, {:.0} MB at most, hash {:016x}",
        result.stop,
        clock.elapsed().as_secs_f64(),
        passed as f64 / 1e6,
        result.run.vehicle_seconds() / 1e6,
        peak_mb(),
        result.run.state_hash()
    );
    Ok(())
}

/// Linux: the most memory held so far; 0 elsewhere.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
