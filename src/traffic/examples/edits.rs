//! Compiles a real map, then closes and widens random roads: processor milliseconds of a whole and of a
//! partial compilation.
//!
//! `cargo run --release -p citytwin-traffic --example edits -- ../shared/data/osm/porto_alegre.osm.pbf`

use std::time::Instant;

use citytwin_model::{NetworkEdit, RoadClass};
use citytwin_traffic::Network;

/// Processor time of this thread so far, where the system tells (Linux): on a shared machine the wall says little.
fn cpu_ms() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e6)
}

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "maps/demo".into());
    let city = citytwin_import::open(path.as_ref(), &citytwin_import::ImportOptions::default(), &()).expect("a map");
    let time = |what: &str, times: usize, run: &mut dyn FnMut(usize)| {
        let mut taken: Vec<f64> = (0..times)
            .map(|i| {
                let (from, cpu) = (Instant::now(), cpu_ms());
                run(i);
                let wall = from.elapsed().as_secs_f64() * 1000.0;
                cpu_ms().zip(cpu).map_or(wall, |(now, then)| now - then)
            })
            .collect();
        taken.sort_by(f64::total_cmp);
        println!("{what:30} median {:8.2} ms, worst {:8.2} ms of {times}", taken[times / 2], taken[times - 1]);
    };
    let base = Network::compile(&city);
    println!("{path}: {:?}", base.summary());
    time("whole", 5, &mut |_| drop(std::hint::black_box(Network::compile(&city))));
    let roads: Vec<_> = city
        .roads
        .iter()
        .filter(|r| r.class.is_motor() && r.class <= RoadClass::Residential)
        .map(|r| &r.source)
        .collect();
    let road = |i: usize| roads[i * 7919 % roads.len()].clone();
    time("close", 60, &mut |i| drop(base.apply(&city, &[NetworkEdit::Close(road(i))])));
    time("lanes", 60, &mut |i| drop(base.apply(&city, &[NetworkEdit::Lanes { road: road(i), lanes: Some(3) }])));
    time("toll", 60, &mut |i| drop(base.apply(&city, &[NetworkEdit::Toll { road: road(i), toll: 1.0 }])));
    let capacities = || city.links.iter().map(|l| base.capacity_vph(l.id)).sum::<f64>();
    time("capacities of all links", 5, &mut |_| assert!(std::hint::black_box(capacities()) > 0.0));
}
