//! A morning on a map: how long trips take and wait under its signal plans, for comparing plans.
//!
//! `cargo run --release -p citytwin-traffic --example morning -- maps/demo [from=7] [hours=1.5] [seeds=1,2] [timed=0]
//! [view=micro]`;
//! `timed`: how many times signals are timed for the equilibrium of the busiest hour first.

use std::{path::Path, sync::Arc, time::Instant};

use citytwin_model::time::{LocalTime, civil};
use citytwin_traffic::{Demand, Network, Simulation, TrafficView, TurnId};

fn main() {
    let mut words = std::env::args().skip(1);
    let path = words.next().unwrap_or_else(|| "maps/demo".into());
    let (mut from, mut hours, mut seeds, mut timed, mut view) = (7.0, 1.5, vec![1, 2], 0, TrafficView::Micro);
    for word in words {
        let (name, value) = word.split_once('=').expect("NAME=VALUE");
        match name {
            "from" => from = value.parse().expect("an hour"),
            "hours" => hours = value.parse().expect("hours"),
            "seeds" => seeds = value.split(',').map(|s| s.parse().expect("a seed")).collect(),
            "timed" => timed = value.parse().expect("a count"),
            "view" => view = if value == "meso" { TrafficView::Meso } else { TrafficView::Micro },
            _ => panic!("`{name}`: from, hours, seeds, timed or view"),
        }
    }
    let city = citytwin_import::open(Path::new(&path), &citytwin_import::ImportOptions::default(), &()).expect("a map");
    let mut network = Network::compile(&city);
    let demand = Arc::new(Demand::estimate(&city, &network));
    let clock = Instant::now();
    for _ in 0..timed {
        network = network.timed_for(&demand).expect("a demand of numbers");
    }
    let took_s = clock.elapsed().as_secs_f64();
    let network = Arc::new(network);
    println!("signals timed {timed} times in {took_s:.2} s");
    println!("{path}: {:.0} trips a day, {}", demand.daily_trips(), plans(&network));
    for seed in seeds {
        morning(&network, &demand, (from, hours), seed, view);
    }
}

fn morning(network: &Arc<Network>, demand: &Arc<Demand>, (from, hours): (f64, f64), seed: u64, view: TrafficView) {
    // A Tuesday.
    let midnight = LocalTime::of_civil(civil::date(2026, 6, 16).at(0, 0, 0, 0));
    let start = LocalTime { second_of_day: from * 3600.0, ..midnight };
    let clock = Instant::now();
    let mut sim = Simulation::new(Arc::clone(network), Arc::clone(demand), start, seed);
    sim.set_view(view);
    let mut vehicle_hours = 0.0;
    for _ in 0..(hours * 3600.0 / Simulation::STEP_S).round() as u64 {
        sim.step();
        vehicle_hours += (sim.driving() + sim.waiting()) as f64 * Simulation::STEP_S / 3600.0;
    }
    let t = sim.tally();
    println!(
        "seed {seed}: travel {:6.1} s, delay {:6.1} s, {:.0} vehicle-hours; {} demanded, {} arrived, {} under way ({} \
         waiting); forced {}, rerouted {}, relocated {}; {:.0} s",
        t.mean_travel_time_s,
        t.mean_delay_s,
        vehicle_hours,
        t.demanded,
        t.arrived,
        t.under_way,
        t.waiting,
        t.relief.forced,
        t.relief.rerouted,
        t.relief.relocated,
        clock.elapsed().as_secs_f64(),
    );
}

/// Mean cycle and green share of the signalled turns.
fn plans(network: &Network) -> String {
    let timings: Vec<_> = (0..network.turn_count() as u32).filter_map(|t| network.turn_timing(TurnId(t))).collect();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| timings.iter().map(of).sum::<f64>() / timings.len().max(1) as f64;
    let groups = network.summary().signal_groups;
    format!("{groups} signals, mean cycle {:.1} s, green share {:.3}", mean(&|t| t.0), mean(&|t| t.1 / t.0))
}
