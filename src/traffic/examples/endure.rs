//! `endure UPDATES [FIRST_SEED]`: random towns, one after another, until so many vehicle updates are done; every law of the
//! microscopic view is checked after every step. The first breach ends it with its town.

#[path = "../tests/laws/mod.rs"]
mod laws;
#[path = "../tests/town/mod.rs"]
mod town;

use std::{sync::Arc, time::Instant};

use citytwin_traffic::{lane_graph::LaneGraph, micro::Micro};
use laws::{fleet, lawful, random_journeys, random_town};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Seconds after which a town must have come to rest.
const LONGEST_S: f64 = 50_000.0;
/// A line is printed every so many updates.
const EVERY: u64 = 10_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let wanted: u64 = arguments.first().ok_or("endure UPDATES [FIRST_SEED]")?.parse()?;
    let first = arguments.get(1).map_or(Ok(1000), |s| s.parse::<u64>())?;
    let (began, mut updates, mut told) = (Instant::now(), 0, 0);
    let (mut forced, mut trips) = (0, 0);
    for seed in first.. {
        let micro = town(seed);
        let counts = micro.counts();
        assert!(micro.is_over(), "town {seed}: {counts:?}");
        (updates, forced, trips) = (updates + counts.updates, forced + counts.forced, trips + counts.arrived);
        if updates / EVERY > told || updates >= wanted {
            told = updates / EVERY;
            let towns = seed - first + 1;
            println!(
                "{updates} updates, {towns} towns, {trips} trips, {forced} forced moves, {:.0} s",
                began.elapsed().as_secs_f64()
            );
        }
        if updates >= wanted {
            break;
        }
    }
    Ok(())
}

/// Runs a random town to its end.
fn town(seed: u64) -> Micro {
    let mut rng = Pcg64::seed_from_u64(seed);
    let graph = Arc::new(LaneGraph::of_network(&random_town(&mut rng)));
    let kinds = fleet();
    let (count, over_s) = (rng.random_range(100..1000), rng.random_range(300.0..2400.0));
    let journeys = Arc::new(random_journeys(&graph, &kinds, &mut rng, count, over_s));
    let dt = if rng.random_bool(0.5) { 0.5 } else { 1.0 };
    let mut micro = Micro::new(graph, journeys.clone(), seed, 0.0, f64::from(dt));
    let mut before = Vec::new();
    while micro.now_s() < LONGEST_S && !micro.is_over() {
        micro.step();
        lawful(&micro, &mut before, &kinds, &journeys, dt);
    }
    micro
}
