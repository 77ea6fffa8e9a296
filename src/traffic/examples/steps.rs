//! Steps grid towns of three sizes: vehicle updates per CPU second, and how much faster than real time.
//!
//! `cargo run --release -p citytwin-traffic --example steps`; `RAYON_NUM_THREADS` sets the threads.

#[path = "../tests/town/mod.rs"]
mod town;

use std::{sync::Arc, time::Instant};

use citytwin_model::DrivingSide;
use citytwin_traffic::{Demand, Network, Pose, Simulation};

fn main() {
    println!("size  links  vehicles  compile s  demand s  updates/s  × real time  poses ms  worst step ms");
    for (size, factor) in [(21, 7.0), (61, 3.0), (101, 2.5)] {
        let town = town::grid(size, DrivingSide::Right);
        let from = Instant::now();
        let network = Arc::new(Network::compile(&town.city));
        let compile_s = from.elapsed().as_secs_f64();
        let from = Instant::now();
        let demand = Arc::new(Demand::estimate(&town.city, &network));
        let demand_s = from.elapsed().as_secs_f64();
        let mut sim = Simulation::new(network, demand, town::morning(), 1);
        sim.set_demand_factor(factor);
        sim.warm_up(900.0);
        let (mut updates, mut worst_s, from) = (0, 0.0_f64, Instant::now());
        for _ in 0..240 {
            let step = Instant::now();
            sim.step();
            worst_s = worst_s.max(step.elapsed().as_secs_f64());
            updates += sim.driving();
        }
        let wall_s = from.elapsed().as_secs_f64();
        let mut poses: Vec<Pose> = Vec::new();
        let from = Instant::now();
        (0..10).for_each(|i| sim.poses(i as f32 / 10.0, &mut poses));
        println!(
            "{size:4} {:6} {:9} {compile_s:10.2} {demand_s:9.2} {:10.0} {:12.0} {:9.2} {:14.1}",
            town.city.links.len(),
            sim.driving(),
            updates as f64 / wall_s,
            240.0 * Simulation::STEP_S / wall_s,
            from.elapsed().as_secs_f64() * 100.0,
            worst_s * 1000.0,
        );
    }
}
