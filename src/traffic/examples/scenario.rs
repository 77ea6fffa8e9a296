//! Reads a SUMO scenario, best of five: `cargo run --release -p citytwin-traffic --example scenario -- X.sumocfg`.

use std::{error::Error, path::PathBuf, time::Instant};

use citytwin_traffic::sumo::{read_net, read_scenario};

fn main() -> Result<(), Box<dyn Error>> {
    let config = PathBuf::from(std::env::args().nth(1).ok_or("a .sumocfg is missing")?);
    let folder = config.parent().ok_or("no folder")?;
    let name = config.file_name().and_then(|name| name.to_str()).ok_or("no file")?;
    let mut best_s = f64::INFINITY;
    for round in 0..5 {
        let mut bytes = 0;
        let mut net = Vec::new();
        let start = Instant::now();
        let scenario = read_scenario(name, &mut |name| {
            let read = std::fs::read(folder.join(name))?;
            bytes += read.len();
            if round == 0 && name.ends_with(".net.xml") {
                net.clone_from(&read);
            }
            Ok(read)
        })?;
        best_s = best_s.min(start.elapsed().as_secs_f64());
        if round == 0 {
            let edges: usize = scenario.trips.iter().map(|trip| trip.route.len()).sum();
            println!("{} trips, {edges} edges of routes, {:.1} MB", scenario.trips.len(), bytes as f64 / 1e6);
            println!("{} problems, not read: {:?}", scenario.problems.len(), scenario.unsupported);
            let start = Instant::now();
            read_net(&net)?;
            println!("the net alone {:.3} s", start.elapsed().as_secs_f64());
        }
    }
    println!("{best_s:.3} s");
    Ok(())
}
