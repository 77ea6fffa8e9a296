//! A whole day of a city, or a SUMO scenario, in dynamic equilibrium: trips, gap by iteration, wall time, memory, gridlocks.
//!
//! `cargo run --release -p citytwin-traffic --example day -- maps/demo [--gap G] [--iterations N] [--looking S]
//! [--interval S] [--seed N] [--threads N]`; a city's folder, an OSM file or a `.sumocfg`. `--hours`: counts by the hour.

use std::{collections::BTreeMap, error::Error, ops::ControlFlow, path::Path, time::Instant};

use citytwin_traffic::{
    Demand, Network,
    equilibrium::{self, DayInput, DayOptions, DayResult, FirstWays, Iteration, Progress},
    lane_graph::LaneGraph,
    sumo,
};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let number = |name: &str, otherwise: f64| option(name).map_or(Ok(otherwise), |text| text.parse::<f64>());
    let path = Path::new(arguments.first().ok_or("a city's folder, an OSM file or a .sumocfg")?);
    let default = DayOptions::default();
    let options = DayOptions {
        gap: number("--gap", default.gap)?,
        iterations: number("--iterations", f64::from(default.iterations))? as u32,
        interval_s: number("--interval", default.interval_s)?,
        looking: number("--looking", default.looking)?,
        seed: number("--seed", 42.0)? as u64,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(number("--threads", 0.0)? as usize).build()?;
    pool.install(|| {
        if path.extension().is_some_and(|e| e == "sumocfg") { scenario(path, &options) } else { city(path, &options) }
    })
}

fn city(path: &Path, options: &DayOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    let city = citytwin_import::open(path, &citytwin_import::ImportOptions::default(), &())?;
    let mut network = Network::compile(&city);
    let demand = Demand::estimate(&city, &network);
    for _ in 0..2 {
        network = network.timed_for(&demand)?;
    }
    let graph = LaneGraph::of_network(&network);
    let input = DayInput::of_city(&network, &graph, &demand, options.seed);
    let name = |node: u32| city.nodes.get(node as usize).map_or_else(String::new, |n| format!("{:?}", n.source));
    report(input, options, &name);
    Ok(())
}

fn scenario(path: &Path, options: &DayOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().and_then(|n| n.to_str()).ok_or("a file name")?;
    let scenario = sumo::read_scenario(name, &mut |name| std::fs::read(folder.join(name)))?;
    let graph = LaneGraph::of_sumo(&scenario.net);
    let mut input = DayInput::of_scenario(&scenario, &graph);
    if std::env::args().any(|a| a == "--all") {
        input.choosing.fill(true);
    }
    if std::env::args().any(|a| a == "--empty") {
        input.first = FirstWays::Empty;
    }
    report(input, options, &|node| scenario.net.junctions[node as usize].id.clone());
    Ok(())
}

fn report(input: DayInput, options: &DayOptions, name: &dyn Fn(u32) -> String) {
    let links = input.graph.links.len();
    println!(
        "{links} links, {} trips, {} choose",
        input.journeys.list.len(),
        input.choosing.iter().filter(|c| **c).count()
    );
    let clock = Instant::now();
    let mut since = Instant::now();
    let mut driving_s = 0.0;
    let verbose = std::env::args().any(|a| a == "--hours");
    let result = equilibrium::find(input, options, |progress| {
        match progress {
            Progress::Driving { at_s, counts, .. } => {
                driving_s = since.elapsed().as_secs_f64();
                if verbose && at_s % 3600.0 == 0.0 {
                    println!("     {:5.1} h, {driving_s:6.1} s: {counts:?}", at_s / 3600.0);
                }
            }
            Progress::Looking { .. } => {}
            Progress::Iterated(iteration) => {
                print(iteration, driving_s, since.elapsed().as_secs_f64());
                since = Instant::now();
            }
        }
        ControlFlow::Continue(())
    });
    summary(&result, name);
    println!("{:.1} s, {:.0} MB at most", clock.elapsed().as_secs_f64(), peak_mb());
}

fn print(i: &Iteration, driving_s: f64, all_s: f64) {
    println!(
        "{:3}  gap {:7.3} %  mean {:7.1} s  {:8} looked, {:8} switch; {} arrived, {} running, {} waiting, {} forced; {driving_s:.2} s driving of {all_s:.2} s",
        i.number,
        100.0 * i.gap,
        i.mean_s,
        i.looked,
        i.switched,
        i.counts.arrived,
        i.counts.running,
        i.counts.waiting,
        i.counts.forced
    );
}

fn summary(result: &DayResult, name: &dyn Fn(u32) -> String) {
    let counts = result.run.counts();
    println!(
        "{:?}: {counts:?}, {} unreachable, hash {:016x}",
        result.stop,
        result.unreachable,
        result.run.state_hash()
    );
    let mut nodes = BTreeMap::new();
    result.run.forced_moves().for_each(|f| *nodes.entry(f.node).or_insert(0_u32) += 1);
    let mut nodes: Vec<(u32, u32)> = nodes.into_iter().map(|(node, moves)| (moves, node)).collect();
    nodes.sort_unstable_by(|a, b| b.cmp(a));
    for (moves, node) in nodes.iter().take(10) {
        println!("gridlock resolved at node {node} ({}): {moves} forced moves", name(*node));
    }
}

/// Linux: the most memory held so far; 0 elsewhere.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}
