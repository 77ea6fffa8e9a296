//! The demand of a map beside published figures.
//!
//! `cargo run --release -p citytwin-traffic --example demand -- maps/demo ../shared/data/osm/helsinki.osm.pbf …`

use std::{path::Path, time::Instant};

use citytwin_traffic::{Demand, Network};

fn main() {
    for path in std::env::args().skip(1) {
        let city = match citytwin_import::open(Path::new(&path), &citytwin_import::ImportOptions::default(), &()) {
            Ok(city) => city,
            Err(error) => {
                println!("{path}: {error}");
                continue;
            }
        };
        let network = Network::compile(&city);
        let from = Instant::now();
        let demand = Demand::estimate(&city, &network);
        println!("# {path}: {:.2} s\n", from.elapsed().as_secs_f64());
        if let Some(report) = demand.report() {
            println!("{report}");
        }
    }
}
