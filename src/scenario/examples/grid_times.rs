//! How long a city's grid takes: `grid_times MAP` grows it, solves one instant, estimates its state with a meter at every
//! sixth station, and computes a day phase by phase.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Instant};

use citytwin_energy::{
    EnergySystem,
    grid::synthetic::{CityGrid, Powers, Sensed, Sensing},
};
use citytwin_environment::sky;
use citytwin_model::{Assumptions, Timestamp};
use citytwin_scenario::{LiveBasis, LiveEnergy, SkyNow, grid_day};
use citytwin_traffic::{Demand, Network};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let map = PathBuf::from(std::env::args().nth(1).ok_or("grid_times MAP")?);
    let city = citytwin_import::open(&map, &Default::default(), &())?;
    let timed = |what: &str, began: Instant| println!("{what}: {:.3} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let mut energy = EnergySystem::new(&city);
    energy.set_shares(&city, &Assumptions::default());
    let demand = Demand::estimate(&city, &Network::compile(&city));
    let basis = Arc::new(LiveBasis::new(&city, &energy, &demand));
    let mut live = LiveEnergy::new(basis, &city, &energy, &Assumptions::default());
    let at: Timestamp = "2026-01-13T17:30:00Z".parse()?;
    let (sun, weather) = sky(&city.anchor, at);
    live.evaluate(&mut energy, &SkyNow { at, sun, weather }, 60.0);
    timed("buildings", began);
    let began = Instant::now();
    let grid = CityGrid::grow(&city, &energy, 1)?;
    let operated = grid.operated(&BTreeSet::new())?;
    timed("grid grown", began);
    println!("{} buildings, {} buses, {} stations", city.buildings.len(), grid.grid.buses.len(), grid.stations.len());
    let powers = Powers::of(&energy);
    let began = Instant::now();
    let answer = operated.solve(&[powers])?.swap_remove(0);
    timed("one load flow", began);
    let began = Instant::now();
    let blind = operated.estimate(&powers, &[])?;
    timed("estimate without sensors", began);
    let metered = (0..grid.stations.len()).step_by(6).filter(|t| answer.transformer_loading[*t] > 0.0);
    let sensing = |t: usize| {
        let value = f64::from(blind.transformer_w[t][0]);
        Sensing { what: Sensed::Transformer(t as u32), value, sigma: 0.03 * value.abs() + 500.0 }
    };
    let sensings: Vec<Sensing> = metered.map(sensing).collect();
    let began = Instant::now();
    let found = operated.estimate(&powers, &sensings)?;
    timed(&format!("estimate from {} meters", sensings.len()), began);
    let sigma = |of: &[[f32; 2]]| of.iter().map(|w| f64::from(w[1])).sum::<f64>() / of.len().max(1) as f64;
    println!(
        "mean deviation of a station's power: {:.0} W, without meters {:.0} W",
        sigma(&found.transformer_w),
        sigma(&blind.transformer_w)
    );
    let began = Instant::now();
    let day = grid_day(&city, (&energy, &live), &operated, "2026-01-12T23:00:00Z".parse()?)?;
    timed("a day of 24 load flows, phase by phase, with measures", began);
    println!("{} elements beyond a limit", day.beyond.len());
    for beyond in &day.beyond {
        println!(
            "  {:?} {:?}: {:.3} at {}:30, {} h",
            beyond.element, beyond.limit, beyond.worst, beyond.worst_hour, beyond.hours
        );
    }
    Ok(())
}
