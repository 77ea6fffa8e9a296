//! A year of a city's energy, part by part: `energy_year CITY FILE.epw [DIR]`: wall and CPU time, peak memory, what comes out, and
//! how long the worst days take, and who gains and who loses by a retrofit of old buildings. With DIR the tables are written there.
//! `energy_year CITY FILE.epw --once` computes the year with its load flow alone, and says what all of it took.

use std::{path::Path, time::Instant};

use citytwin_energy::building::Measures;
use citytwin_import::weather::read_epw;
use citytwin_model::{Assumptions, ChargingRule};
use citytwin_scenario::energy_year::{
    CityEnergy, EnergySpec, compare_years, write_energy_comparison, write_energy_year,
};
use cpu_time::ProcessTime;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [city, weather, rest @ ..] = arguments.as_slice() else {
        return Err("energy_year CITY FILE.epw [DIR]".into());
    };
    if rest.first().is_some_and(|argument| argument == "--once") {
        return timed("all of it", || once(Path::new(city), Path::new(weather)));
    }
    let city = timed("map", || citytwin_import::open(Path::new(city), &Default::default(), &()))?;
    let weather = read_epw(Path::new(weather))?.year;
    let energy = timed("shells, loads, climate, horizons", || CityEnergy::prepare(&city, &weather))?;
    timed("grid grown", || energy.grid().map(drop))?;
    let spec = EnergySpec::default();
    let without = EnergySpec { without_grid: true, ..spec.clone() };
    let base = timed("a year without load flow", || energy.year(&without, &()))?;
    let edits = ["retrofit@-1978=0.5".parse()?, "hp=0.3".parse()?];
    let assumptions = Assumptions::with_requests(&city, &edits)?;
    let variant = timed("the same with half of the old buildings retrofitted and three tenths of heat pumps", || {
        energy.year(&EnergySpec { assumptions, ..without.clone() }, &())
    })?;
    let told = timed("both beside each other", || compare_years(&base, &variant))?;
    let all_roofs = Assumptions { pv_share: 1.0, ..Assumptions::default() };
    timed("the same with modules on all roofs", || {
        energy.year(&EnergySpec { assumptions: all_roofs, ..without.clone() }, &())
    })?;
    timed("car tours of the traffic demand", || drop(energy.mobility().clone()));
    for rule in ChargingRule::ALL {
        for (ev_share, batteries) in [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5)] {
            let assumptions = Assumptions {
                ev_share,
                pv_share: 0.3,
                battery_share: batteries,
                charging: rule,
                ..Assumptions::default()
            };
            let of = EnergySpec { assumptions, street_battery_share: batteries, ..without.clone() };
            let what = format!("{rule:?}, {ev_share} electric, {batteries} with batteries");
            let year = timed(&what, || energy.year(&of, &()))?;
            println!("{:?}\n{:?}", year.charging, year.batteries);
            println!(
                "import {:.3} MWh, peak {:.4} MW, residual {:e}",
                year.totals.import_mwh, year.totals.peak_import_mw, year.balance_residual
            );
        }
    }
    let year = timed("a year with the load flow of every hour", || energy.year(&spec, &()))?;
    for share in [0.1, 0.3, 0.5] {
        let assumptions = Assumptions { hp_share: share, ..Assumptions::default() };
        let measures = Measures { retrofit: share, ..Measures::default() };
        let slider = EnergySpec { assumptions, measures, ..without.clone() };
        timed("worst days without load flow", || energy.worst_days(&slider, &()))?;
        let slider = EnergySpec { without_grid: false, ..slider };
        timed("worst days with load flow", || energy.worst_days(&slider, &()))?;
    }
    println!("{} buildings, {} stations, {}", city.buildings.len(), year.stations.len(), weather.label);
    println!("{:#?}\nresidual {:e}, uncarried {}", year.totals, year.balance_residual, year.uncarried_hours);
    let over = year.stations.iter().filter(|station| station.year.hours_over > 0).count();
    let low = year.stations.iter().filter(|station| station.year.hours_voltage > 0).count();
    println!("{over} stations over their rating, {low} with a voltage outside; {:#?}", year.households);
    year.notes.iter().for_each(|note| println!("{note}"));
    told.figures.iter().for_each(|f| println!("{}: {:.1} → {:.1} {}", f.label, f.baseline, f.variant, f.unit));
    told.gains.iter().for_each(|row| println!("{row:?}"));
    if let Some(dir) = rest.first() {
        timed("written", || write_energy_year(&year, &city, Path::new(dir)))?;
        write_energy_comparison(&told, Path::new(dir))?;
    }
    Ok(())
}

/// What `citytwin energy year` does, without the writing.
fn once(city: &Path, weather: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let city = timed("map", || citytwin_import::open(city, &Default::default(), &()))?;
    let weather = read_epw(weather)?.year;
    let energy = timed("shells, loads, climate, horizons", || CityEnergy::prepare(&city, &weather))?;
    timed("grid grown", || energy.grid().map(drop))?;
    timed("car tours of the traffic demand", || drop(energy.mobility().clone()));
    let year = timed("a year with the load flow of every hour", || energy.year(&EnergySpec::default(), &()))?;
    println!(
        "{} buildings, {} stations, residual {:e}",
        city.buildings.len(),
        year.stations.len(),
        year.balance_residual
    );
    Ok(())
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let done = work();
    println!(
        "{what}: {:.3} s wall, {:.3} s CPU; peak {}",
        wall.elapsed().as_secs_f64(),
        cpu.elapsed().as_secs_f64(),
        peak_memory()
    );
    done
}

/// As Linux tells it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("not known".to_owned(), |line| line.trim().to_owned())
}
