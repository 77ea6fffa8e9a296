//! `greens SCENARIO.sumocfg SEED END`: the microscopic view of a SUMO scenario, and how long the phases of its actuated signals
//! last: mean duration of the trips; then program, phase, how often it ended before END, its mean length in seconds.

use std::{path::Path, sync::Arc};

use citytwin_traffic::{lane_graph::LaneGraph, micro::Micro, sumo};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    const USE: &str = "greens SCENARIO.sumocfg SEED END";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [config, seed, end_s] = arguments.as_slice() else { return Err(USE.into()) };
    let (seed, end_s): (u64, f64) = (seed.parse()?, end_s.parse()?);
    let folder = Path::new(config).parent().ok_or(USE)?;
    let name = Path::new(config).file_name().and_then(|n| n.to_str()).ok_or(USE)?;
    let scenario = sumo::read_scenario(name, &mut |name| std::fs::read(folder.join(name)))?;
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let journeys = Arc::new(scenario.journeys(&graph).journeys);
    let mut micro = Micro::new(graph.clone(), journeys, seed, scenario.begin_s, scenario.step_s);
    let programs: Vec<u32> = graph.actuations.iter().map(|a| a.program).collect();
    let mut now: Vec<(usize, f64)> = programs.iter().map(|p| (micro.phase(*p), scenario.begin_s)).collect();
    let mut sums: Vec<Vec<(u32, f64)>> = graph.actuations.iter().map(|a| vec![(0, 0.0); a.phases.len()]).collect();
    while !micro.is_over() && micro.now_s() < scenario.end_s.unwrap_or(f64::INFINITY) {
        micro.step();
        // A phase is set at the start of a step.
        let at_s = micro.now_s() - scenario.step_s;
        for ((program, now), sums) in programs.iter().zip(&mut now).zip(&mut sums) {
            let phase = micro.phase(*program);
            if phase != now.0 {
                if at_s < end_s {
                    (sums[now.0].0, sums[now.0].1) = (sums[now.0].0 + 1, sums[now.0].1 + at_s - now.1);
                }
                *now = (phase, at_s);
            }
        }
    }
    let trips: Vec<f64> = micro.trips().map(|t| t.arrived_s - t.entered_s).collect();
    println!("{} trips, mean duration {:.2}", trips.len(), trips.iter().sum::<f64>() / trips.len() as f64);
    for (program, sums) in programs.iter().zip(sums) {
        for (phase, (count, sum_s)) in sums.iter().enumerate().filter(|(_, s)| s.0 > 0) {
            println!("{program} {phase} {count} {:.2}", sum_s / f64::from(*count));
        }
    }
    Ok(())
}
