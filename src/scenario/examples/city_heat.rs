//! Heat of a whole city: `city_heat CITY FILE.epw`: how long the shells, a year and the three coldest days take, and what
//! buildings need per floor area by use.

use std::{collections::BTreeMap, path::Path, time::Instant};

use citytwin_energy::building::Measures;
use citytwin_environment::SunYear;
use citytwin_import::weather::read_epw;
use citytwin_scenario::building::{city_climate, city_heat};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [city, weather] = arguments.as_slice() else { return eprintln!("city_heat CITY FILE.epw") };
    let city = citytwin_import::open(Path::new(city), &Default::default(), &()).expect("a city");
    let weather = read_epw(Path::new(weather)).expect("a weather file").year;
    let climate = timed("climate", || city_climate(&weather, &SunYear::of(&weather)));
    let heat =
        timed("shells among their neighbours, archetypes", || city_heat(&city, &weather, &SunYear::of(&weather)));
    let base = Measures::default();
    let year = timed("a year", || heat.run(&base, &climate, (0, 8760), false).expect("a year"));
    let coldest = (0..363).min_by(|a, b| mean(&climate.outdoor_c, *a).total_cmp(&mean(&climate.outdoor_c, *b)));
    let first = 24 * coldest.unwrap_or(0);
    let half = Measures { retrofit: 0.3, heat_pumps: 0.5, ..Measures::default() };
    timed("three coldest days", || heat.run(&half, &climate, (first, 72), true).expect("three days"));
    let mut by_use: BTreeMap<String, [f64; 4]> = BTreeMap::new();
    for (index, building) in city.buildings.iter().enumerate() {
        let sums = by_use.entry(format!("{:?}", building.usage.value)).or_default();
        let used = &year.buildings[index];
        let row = [heat.envelopes()[index].floor_m2, used.heating_w, used.cooling_w, used.hot_water_w];
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    println!("{} buildings, {}", city.buildings.len(), weather.label);
    for (usage, [floor_m2, heating, cooling, water]) in by_use {
        let per = |wh: f64| wh / 1000.0 / floor_m2;
        let (heating, cooling, water) = (per(heating), per(cooling), per(water));
        println!(
            "{usage:12} {floor_m2:10.0} m2: heating {heating:6.1}, cooling {cooling:5.1}, hot water {water:5.1} kWh/(m2 a)"
        );
    }
}

/// Mean of three days from a day on.
fn mean(outdoor_c: &[f64], day: usize) -> f64 {
    outdoor_c[24 * day..][..72].iter().sum::<f64>() / 72.0
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let done = work();
    println!("{what}: {:.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    done
}
