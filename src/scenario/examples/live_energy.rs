//! How long the live city's energy takes: `live_energy MAP` reads a city, prepares a day, changes shares, and goes on by minutes
//! and hours.

use std::{path::PathBuf, sync::Arc, time::Instant};

use citytwin_energy::EnergySystem;
use citytwin_environment::sky;
use citytwin_model::{Assumptions, ChargingRule, Timestamp, time::SignedDuration};
use citytwin_scenario::{LiveBasis, LiveEnergy, SkyNow};
use citytwin_traffic::{Demand, Network};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let map = PathBuf::from(std::env::args().nth(1).ok_or("live_energy MAP")?);
    let city = citytwin_import::open(&map, &Default::default(), &())?;
    let demand = Demand::estimate(&city, &Network::compile(&city));
    let timed = |what: &str, began: Instant| println!("{what}: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    println!("{} buildings, {} threads", city.buildings.len(), rayon::current_num_threads());
    let mut energy = EnergySystem::new(&city);
    let began = Instant::now();
    let basis = Arc::new(LiveBasis::new(&city, &energy, &demand));
    timed("shells, roofs, cars, a year of weather", began);
    let noon: Timestamp = "2026-03-18T11:00:00Z".parse()?;
    for charging in [ChargingRule::Immediate, ChargingRule::FeederLimited] {
        let assumptions = Assumptions {
            pv_share: 0.5,
            ev_share: 0.5,
            hp_share: 0.5,
            battery_share: 0.5,
            retrofit_share: 0.5,
            charging,
            ..Assumptions::default()
        };
        let mut live = LiveEnergy::new(basis.clone(), &city, &energy, &assumptions);
        let go = |live: &mut LiveEnergy, energy: &mut EnergySystem, minute: i64| {
            let at = noon.saturating_add(SignedDuration::from_mins(minute)).unwrap_or(noon);
            let (sun, weather) = sky(&city.anchor, at);
            live.evaluate(energy, &SkyNow { at, sun, weather }, 60.0);
            energy.accumulate(60.0);
        };
        println!("{charging:?}");
        let began = Instant::now();
        live.give(Arc::new(basis.day(live.day_of(noon))));
        timed("  a day, prepared ahead", began);
        let began = Instant::now();
        energy.set_shares(&city, &assumptions);
        live.set_shares(&city, &energy, &assumptions);
        timed("  shares given to buildings", began);
        let began = Instant::now();
        go(&mut live, &mut energy, 0);
        timed("  the first minute after a change of shares, at noon", began);
        let began = Instant::now();
        (1..60).for_each(|minute| go(&mut live, &mut energy, minute));
        timed("  59 minutes", began);
        let began = Instant::now();
        go(&mut live, &mut energy, 60);
        timed("  the first minute of the next hour", began);
    }
    Ok(())
}
