//! How fast the peak hour answers: `peak_hour MAP [roads]` finds a city's equilibrium, then closes its busiest roads one
//! after another, as a person does in the window, and asks who drives on each.

use std::{path::PathBuf, sync::Arc, time::Instant};

use citytwin_model::{Assumptions, Request};
use citytwin_scenario::{PeakHour, timed};
use citytwin_traffic::{Demand, Network};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let map = PathBuf::from(args.next().ok_or("peak_hour MAP [roads]")?);
    let roads: usize = args.next().map_or(Ok(5), |n| n.parse())?;
    let city = Arc::new(citytwin_import::open(&map, &Default::default(), &())?);
    let began = Instant::now();
    let network = Network::compile(&city);
    let demand = Demand::estimate(&city, &network);
    let network = timed(network, &demand);
    println!("{} links; network, demand, signals: {:.2} s", city.links.len(), began.elapsed().as_secs_f64());
    let began = Instant::now();
    let mut peak = PeakHour::prepare(city.clone(), network, &demand, &())?;
    let base = peak.baseline()?;
    let cold_s = began.elapsed().as_secs_f64();
    println!("{:.0} trips, gap {:.1e}: {cold_s:.2} s", base.trips, base.relative_gap);
    for figure in &base.figures {
        println!("  {}: {:.2} {}", figure.label, figure.value, figure.unit);
    }
    let mut busiest: Vec<usize> = (0..city.links.len()).collect();
    busiest.sort_by(|a, b| base.flow_vph[*b].total_cmp(&base.flow_vph[*a]));
    for link in busiest.into_iter().step_by(7).take(roads) {
        let road = &city.roads[city.links[link].road.index()];
        let edits = [Request::close(road.source.clone())];
        let began = Instant::now();
        let closed = peak.answer(&Assumptions::with_requests(&city, &edits)?, &())?;
        let warm_s = began.elapsed().as_secs_f64();
        let began = Instant::now();
        peak.answer(&Assumptions::default(), &())?;
        let open_s = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let users = peak.account(road.id).map_or(0.0, |account| account.vehicles);
        println!(
            "close {} ({users:.0} veh/h): {warm_s:.3} s ({:.2} of cold, {} iterations, gap {:.1e}), reopen {open_s:.3} s, its \
             users {:.3} s",
            road.source,
            warm_s / cold_s,
            closed.iterations,
            closed.relative_gap,
            began.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
