//! The town's sensors: traffic counters, transformer meters, air, noise, weather. Must not know how they
//! are read.

use crate::{
    energy::Asset,
    kinds::{Class, Span},
    maths::{P, distance},
    plan::Plan,
    ways::StreetWay,
};

/// An entry of `city.toml`.
pub struct Sensor {
    pub id: String,
    pub name: String,
    pub quantity: &'static str,
    pub at: P,
    pub observes: Option<String>,
    pub interval_s: u32,
}

/// Counters apart from each other by at least this, metre.
const COUNTER_GAP_M: f64 = 260.0;
/// Counted sections and metered transformers of a town of 40,000.
const COUNTERS: usize = 40;
const METERS: usize = 40;

/// All sensors.
pub fn sensors(plan: &Plan, ways: &[StreetWay], assets: &[Asset]) -> Vec<Sensor> {
    let mut all = counters(plan, ways);
    meters(assets, &mut all);
    surroundings(plan, &mut all);
    all
}

/// Flow and speed on every road bridge over the river, then on ring, radials and bypass.
fn counters(plan: &Plan, ways: &[StreetWay]) -> Vec<Sensor> {
    let kind = |w: &StreetWay| &plan.streets.all[w.street].kind;
    let mut ranked: Vec<(u8, &StreetWay)> = ways
        .iter()
        .filter(|w| kind(w).class <= Class::Tertiary && kind(w).class != Class::TrunkLink && !kind(w).roundabout)
        .map(|w| {
            let over_river = w.span == Span::Bridge && !plan.layout.is_dry(w.middle(), 5.0);
            let rank = if over_river { 0 } else { 1 + kind(w).class as u8 };
            (rank, w)
        })
        .filter(|(rank, w)| *rank == 0 || crate::maths::line_length(&w.line) > 90.0)
        .collect();
    ranked.sort_by_key(|(rank, w)| (*rank, w.id));
    let mut placed: Vec<P> = Vec::new();
    let mut sensors = Vec::new();
    for (rank, way) in ranked {
        let at = way.middle();
        let gap = if rank == 0 { 9.0 } else { COUNTER_GAP_M };
        if placed.len() >= COUNTERS || placed.iter().any(|&q| distance(q, at) < gap) {
            continue;
        }
        placed.push(at);
        let number = placed.len();
        let street = &kind(way).name;
        let place = if rank == 0 { format!("Brücke {street}") } else { street.clone() };
        for (quantity, label, what, interval_s) in
            [("vehicle_flow", "flow", "Zählstelle", 10), ("speed", "speed", "Geschwindigkeit", 5)]
        {
            sensors.push(Sensor {
                id: format!("{label}-{number:02}"),
                name: format!("{what} {number} {place}"),
                quantity,
                at,
                observes: Some(format!("way/{}", way.id)),
                interval_s,
            });
        }
    }
    sensors
}

/// Power and voltage at every n-th transformer, so that the whole town is covered.
fn meters(assets: &[Asset], all: &mut Vec<Sensor>) {
    let transformers: Vec<&Asset> = assets.iter().filter(|a| a.table == "transformer").collect();
    let step = (transformers.len() / METERS).max(1);
    for asset in transformers.iter().step_by(step).take(METERS) {
        for (quantity, label, what) in [("active_power", "power", "Wirkleistung"), ("voltage", "voltage", "Spannung")] {
            all.push(Sensor {
                id: format!("{label}-{}", asset.id),
                name: format!("{what} {}", asset.name),
                quantity,
                at: asset.at,
                observes: Some(format!("transformer/{}", asset.id)),
                interval_s: 10,
            });
        }
    }
}

/// Air and noise by busy streets and in the green, weather on three roofs.
fn surroundings(plan: &Plan, all: &mut Vec<Sensor>) {
    let l = &plan.layout;
    let places = [
        ("markt", "Alter Markt", 0.0, 0.06),
        ("bahnhof", "Bahnhof", 0.0, l.rail_v / l.radius_m + 0.05),
        ("ostwall", "Ostwall", 1.15 * l.old_m / l.radius_m, 0.0),
        ("stadtring", "Stadtring Nord", 0.05, 0.63),
        ("hafen", "Hafen", 0.72, -0.36),
        ("siedlung", "Siedlung Süd", -0.45, -0.72),
        ("stadtpark", "Stadtpark", -0.24, 0.26),
        ("rand", "Stadtrand", 0.10, 0.95),
    ];
    let mut put = |id: String, name: String, quantity, at, interval_s| {
        all.push(Sensor { id, name, quantity, at, observes: None, interval_s });
    };
    for (id, name, u, v) in places {
        let at = l.share(u, v);
        put(format!("no2-{id}"), format!("Stickstoffdioxid {name}"), "no2", at, 60);
        put(format!("pm25-{id}"), format!("Feinstaub {name}"), "pm25", at, 60);
    }
    for (id, name, u, v) in [places[0], places[2], places[3], places[4]] {
        put(format!("noise-{id}"), format!("Lärm {name}"), "noise", l.share(u, v), 30);
    }
    for (id, name, u, v) in [places[0], places[4], places[7]] {
        put(format!("temperature-{id}"), format!("Lufttemperatur {name}"), "air_temperature", l.share(u, v), 60);
    }
    for (id, name, u, v) in [places[1], places[7]] {
        put(format!("irradiance-{id}"), format!("Globalstrahlung {name}"), "irradiance", l.share(u, v), 30);
    }
}
