//! `micro_step SCENARIO.sumocfg [--threads N]`: what a step of half a second costs with 20,000 and 100,000 vehicles on the
//! road, and how many times faster than time that is. The scenario's journeys all depart as soon as there is room, again and
//! again until there are enough of them.

use std::{path::Path, sync::Arc, time::Instant};

use citytwin_traffic::{journeys::Journeys, lane_graph::LaneGraph, micro::Micro, sumo};

const STEP_S: f64 = 0.5;
/// Steps that are timed.
const STEPS: usize = 240;
/// Journeys that depart every second, of those that are wanted on the road: so the network fills within ten minutes.
const FILLS_S: f64 = 600.0;
/// Seconds after which a network is as full as it gets.
const LONGEST_S: f64 = 3600.0;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let config = Path::new(arguments.first().ok_or("micro_step SCENARIO.sumocfg [--threads N]")?);
    let threads = arguments.iter().position(|a| a == "--threads").and_then(|i| arguments.get(i + 1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.map_or(Ok(1), |n| n.parse())?).build()?;
    let folder = config.parent().unwrap_or(Path::new("."));
    let name = config.file_name().and_then(|n| n.to_str()).ok_or("a file name")?;
    let scenario = sumo::read_scenario(name, &mut |name| std::fs::read(folder.join(name)))?;
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let journeys = scenario.journeys(&graph).journeys;
    for vehicles in [20_000, 100_000] {
        pool.install(|| time(&graph, &journeys, vehicles));
    }
    Ok(())
}

/// Fills the network and times steps on it.
fn time(graph: &Arc<LaneGraph>, once: &Journeys, vehicles: u64) {
    let mut journeys = once.clone();
    let departs = 2 * vehicles as usize;
    journeys.list = once.list.iter().cycle().take(departs).copied().collect();
    let every_s = FILLS_S / vehicles as f64;
    journeys.list.iter_mut().zip(0..).for_each(|(journey, i)| journey.depart_s = every_s * f64::from(i));
    let mut micro = Micro::new(graph.clone(), Arc::new(journeys), 1, 0.0, STEP_S);
    while micro.counts().running < vehicles && micro.now_s() < LONGEST_S {
        micro.step();
    }
    let full_s = micro.now_s();
    let before = micro.counts().updates;
    let mut times: Vec<f64> = (0..STEPS)
        .map(|_| {
            let began = Instant::now();
            micro.step();
            began.elapsed().as_secs_f64()
        })
        .collect();
    let sum_s: f64 = times.iter().sum();
    times.sort_by(f64::total_cmp);
    println!(
        "{} vehicles after {full_s:.0} s: a step takes {:.2} ms in the median, {:.2} ms at best, {:.2} ms at the 90th percentile; {:.1} \
         times real time, {:.2} M updates/s",
        micro.counts().running,
        times[STEPS / 2] * 1000.0,
        times[0] * 1000.0,
        times[STEPS * 9 / 10] * 1000.0,
        STEPS as f64 * STEP_S / sum_s,
        (micro.counts().updates - before) as f64 / sum_s / 1e6
    );
}
