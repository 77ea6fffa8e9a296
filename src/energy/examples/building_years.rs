//! Building-years a CPU second, for comparison with `shared/peers/energy/bench_rc_numpy.py` run by turns with it:
//! `building_years peer`: the peer's buildings and year (constant ventilation, two shared series), at 1,000 to 1,000,000
//! buildings; `building_years city`: 18 columns of irradiance, two ventilation levels, setback and 11 classes.

use std::time::Instant;

use citytwin_energy::building::{
    Body, COLUMNS, Climate, FiveResistances, Hours, Kept, LEVELS, SKY, Schedule, ScheduleHour, Stock, Zone, simulate,
};
use cpu_time::ProcessTime;

fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let city = match kind.as_str() {
        "peer" => false,
        "city" => true,
        _ => return eprintln!("building_years peer | city [MOST BUILDINGS]"),
    };
    let climate = climate(city);
    let classes = if city { 11 } else { 1 };
    let schedules: Vec<Schedule> = (0..classes).map(|class| schedule(class, city)).collect();
    let most = std::env::args().nth(2).and_then(|most| most.parse().ok()).unwrap_or(1_000_000);
    for count in [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|count| *count <= most) {
        let class: Vec<u16> = (0..count).map(|i| (i % classes) as u16).collect();
        let zone = |index: usize| zone(0.5 + 1.5 * index as f64 / count as f64, city);
        let stock = Stock { class: &class, schedules: &schedules, zone: &zone, start_c: 20.0, lit: None, start: None };
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        let outcome = simulate(&stock, &climate, Hours::year(&climate, 0), Kept::Totals).expect("a year");
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        let heating: f64 = outcome.totals.iter().map(|t| t.heating_wh).sum();
        println!(
            "{kind}: {count} buildings x {} h: {cpu:.3} CPU s, {wall:.3} s, {:.0} building-years per CPU s ({heating:.3e} Wh)",
            climate.len(),
            count as f64 / cpu
        );
    }
}

/// A plain year: what is measured does not depend on its values, but on how many hours are lit.
fn climate(city: bool) -> Climate {
    let hour = |h: usize| (h % 24) as f64;
    let height = |h: usize| ((hour(h) - 12.0) / 12.0 * std::f64::consts::PI).cos().max(0.0);
    let columns = if city { COLUMNS } else { 1 };
    let irradiance = |h: usize| {
        let mut row = [0.0; COLUMNS];
        row[..columns].iter_mut().enumerate().for_each(|(c, value)| *value = 400.0 * height(h) / (1.0 + c as f64));
        if city {
            row[SKY] = -50.0;
        }
        row
    };
    Climate {
        outdoor_c: (0..8760).map(|h| 9.0 - 10.0 * (h as f64 / 8760.0 * std::f64::consts::TAU).cos()).collect(),
        ground_c: vec![9.0; 8760],
        irradiance: (0..8760).map(irradiance).collect(),
        month: Vec::new(),
    }
}

fn schedule(class: usize, city: bool) -> Schedule {
    let hour = |h: usize| {
        let night = city && !(6 + class % 3..22).contains(&(h % 24));
        ScheduleHour {
            internal: if night { 0.4 } else { 1.0 },
            heating_c: if night { 17.0 } else { 20.0 },
            cooling_c: 26.0,
            level: u8::from(night),
        }
    };
    Schedule { hours: (0..8760).map(hour).collect() }
}

fn zone(scale: f64, city: bool) -> Zone<1> {
    let body = Body::iso13790(&FiveResistances {
        floor_m2: 150.0 * scale,
        opaque_w_k: 140.0 * scale,
        ground_w_k: 30.0 * scale,
        window_w_k: 60.0 * scale,
        capacity_j_k: 165_000.0 * 150.0 * scale,
        mass_m2: 2.5 * 150.0 * scale,
    });
    let mut ventilation_w_k = [80.0 * scale; LEVELS];
    ventilation_w_k[1] = 30.0 * scale;
    let aperture_m2 = [if city { 2.0 * scale } else { 10.0 * scale }; COLUMNS];
    let limit = 20_000.0 * scale;
    Zone { body, ventilation_w_k, internal_w: 450.0 * scale, aperture_m2, heating_w: limit, cooling_w: limit }
}
