//! `meso SCENARIO.sumocfg [--end S] [--seed N] [--times N] [--out PREFIX]`: a mesoscopic run of a SUMO scenario.
//!
//! `--times`: every journey so often. `--out`: trips to `PREFIX.trips` (id, departure wanted, entry, arrival), hourly counts to
//! `PREFIX.links` (hour, edge, entered, left, departed, arrived, milliseconds driven).

use std::{collections::BTreeMap, fmt::Write, path::Path, time::Instant};

use citytwin_traffic::{lane_graph::LaneGraph, meso::Meso, sumo};

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let config = Path::new(arguments.first().ok_or("meso SCENARIO.sumocfg")?);
    let folder = config.parent().unwrap_or(Path::new("."));
    let name = config.file_name().and_then(|n| n.to_str()).ok_or("a file name")?;
    let scenario = sumo::read_scenario(name, &mut |name| std::fs::read(folder.join(name)))?;
    let graph = LaneGraph::of_sumo(&scenario.net);
    let found = scenario.journeys(&graph);
    let mut journeys = found.journeys;
    let times: f64 = option("--times").map_or(Ok(1.0), |s| s.parse())?;
    let mut trips = found.trips;
    if times > 1.0 {
        let once = journeys.list.clone();
        let more = (once.len() as f64 * (times - 1.0)) as usize;
        let step = times - 1.0;
        for i in 0..more {
            let from = ((i as f64 / step) as usize) % once.len();
            journeys.list.push(once[from]);
            trips.push(trips[from]);
        }
    }
    if let Some(name) = option("--lane") {
        for (e, l) in scenario.net.edges.iter().zip(&graph.links) {
            for (lane, number) in e.lanes.iter().zip(l.lane0..) {
                if lane.id == *name {
                    println!("lane {number}");
                }
            }
        }
    }
    let seed = option("--seed").map_or(Ok(42), |s| s.parse())?;
    let end = option("--end").map(|s| s.parse::<f64>()).transpose()?.or(scenario.end_s).unwrap_or(86_400.0);
    let began = Instant::now();
    let mut meso = Meso::new(&graph, &journeys, seed, scenario.begin_s);
    let built_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    meso.run_until(end);
    let ran_s = began.elapsed().as_secs_f64();
    println!("{:?}, {} broken, {} unreachable", meso.counts(), found.broken.len(), found.unreachable.len());
    let mut durations: Vec<f64> =
        (0..trips.len()).filter_map(|i| meso.trip(i)).filter_map(|t| Some(t.arrive_s? - t.enter_s?)).collect();
    durations.sort_by(f64::total_cmp);
    let n = durations.len().max(1);
    println!(
        "built in {built_s:.3} s, run in {ran_s:.3} s: {:.1} M updates, {:.1} M/s; mean duration {:.1} s, 90 % {:.0} s, hash {:016x}",
        meso.vehicle_seconds() / 1e6,
        meso.vehicle_seconds() / 1e6 / ran_s,
        durations.iter().sum::<f64>() / n as f64,
        durations.get(n * 9 / 10).unwrap_or(&0.0),
        meso.state_hash()
    );
    let mut forced = BTreeMap::new();
    meso.forced_moves().for_each(|f| *forced.entry(f.node).or_insert(0) += 1);
    for (node, moves) in forced.iter().take(20) {
        println!("{moves} forced at {}", scenario.net.junctions[*node as usize].id);
    }
    if let Some(out) = option("--out") {
        let mut text = String::new();
        for (i, number) in trips.iter().enumerate() {
            let Some(t) = meso.trip(i) else { continue };
            let id = &scenario.trips[*number as usize].id;
            writeln!(text, "{id} {} {} {}", t.depart_s, t.enter_s.unwrap_or(-1.0), t.arrive_s.unwrap_or(-1.0))?;
        }
        std::fs::write(format!("{out}.trips"), text)?;
        let mut text = String::new();
        for hour in 0.. {
            let rows = meso.link_counts(hour);
            if rows.is_empty() {
                break;
            }
            for (edge, r) in scenario.net.edges.iter().zip(rows) {
                writeln!(
                    text,
                    "{hour} {} {} {} {} {} {}",
                    edge.id, r.entered, r.left, r.departed, r.arrived, r.driven_ms
                )?;
            }
        }
        std::fs::write(format!("{out}.links"), text)?;
    }
    Ok(())
}
