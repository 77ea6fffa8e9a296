//! `simulate SCENARIO.sumocfg [--end S] [--seed N] [--threads N] [--trips FILE]`: a microscopic run of a SUMO scenario.

use std::{io::Write, path::Path, sync::Arc, time::Instant};

use citytwin_traffic::{lane_graph::LaneGraph, micro::Micro, sumo};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let config = Path::new(arguments.first().ok_or("simulate SCENARIO.sumocfg")?);
    let folder = config.parent().unwrap_or(Path::new("."));
    let name = config.file_name().and_then(|n| n.to_str()).ok_or("a file name")?;
    let began = Instant::now();
    let scenario = sumo::read_scenario(name, &mut |name| std::fs::read(folder.join(name)))?;
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let found = scenario.journeys(&graph);
    println!(
        "{} trips read in {:.3} s; {} problems, {} broken, {} unreachable; not read: {:?}",
        found.trips.len(),
        began.elapsed().as_secs_f64(),
        scenario.problems.len(),
        found.broken.len(),
        found.unreachable.len(),
        scenario.unsupported
    );
    scenario.problems.iter().take(5).for_each(|p| println!("{}:{}: {}", p.file, p.line, p.what));
    let journeys = Arc::new(found.journeys);
    let seed = option("--seed").map_or(Ok(42), |s| s.parse())?;
    let end = option("--end").map(|s| s.parse::<f64>()).transpose()?.or(scenario.end_s).unwrap_or(86_400.0);
    let threads = option("--threads").map_or(Ok(1), |s| s.parse())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut micro = Micro::new(graph, journeys.clone(), seed, scenario.begin_s, scenario.step_s);
    let began = Instant::now();
    let verbose = option("--every").map(|s| s.parse::<u64>()).transpose()?;
    pool.install(|| {
        let mut steps = 0_u64;
        while micro.now_s() < end {
            micro.step();
            steps += 1;
            let counts = micro.counts();
            if verbose.is_some_and(|every| steps.is_multiple_of(every)) {
                println!("{:8.0} s: {counts:?}", micro.now_s());
            }
            if counts.arrived == found.trips.len() as u64 {
                break;
            }
        }
    });
    if let Some(after) = option("--standing") {
        for (vehicle, link, stood, hold) in micro.standing(after.parse()?) {
            let trip = &scenario.trips[found.trips[vehicle as usize] as usize];
            println!("{} on {}: {stood} s, {hold:?}", trip.id, scenario.net.edges[link as usize].id);
        }
    }
    let wall = began.elapsed().as_secs_f64();
    let counts = micro.counts();
    let trips: Vec<_> = micro.trips().collect();
    let n = trips.len().max(1) as f64;
    let mean = trips.iter().map(|t| t.arrived_s - t.entered_s).sum::<f64>() / n;
    println!("{counts:?}");
    println!(
        "until {:.0} s in {wall:.2} s: {:.2} M updates/s, mean duration {mean:.1} s, hash {:016x}",
        micro.now_s(),
        counts.updates as f64 * scenario.step_s / wall / 1e6,
        micro.state_hash()
    );
    if let Some(path) = option("--routes") {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for (journey, trip) in journeys.list.iter().zip(&found.trips) {
            let edges: Vec<&str> =
                journeys.route(journey).iter().map(|e| scenario.net.edges[*e as usize].id.as_str()).collect();
            writeln!(file, "{},{}", scenario.trips[*trip as usize].id, edges.join(" "))?;
        }
    }
    if let Some(path) = option("--links") {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        writeln!(file, "id,interval,left,seconds")?;
        for (interval, row) in micro.link_tallies().enumerate() {
            for (edge, t) in scenario.net.edges.iter().zip(row).filter(|(_, t)| t.left > 0) {
                writeln!(file, "{},{interval},{},{}", edge.id, t.left, t.seconds)?;
            }
        }
    }
    if let Some(path) = option("--trips") {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        writeln!(file, "id,depart,entered,arrived,lost")?;
        for t in &trips {
            let trip = &scenario.trips[found.trips[t.journey as usize] as usize];
            writeln!(file, "{},{},{},{},{}", trip.id, trip.depart_s, t.entered_s, t.arrived_s, t.lost_s)?;
        }
    }
    Ok(())
}
