//! Times one evaluation of 100,000 buildings: `cargo run --release -p citytwin-energy --example evaluate`.

use std::time::Instant;

use citytwin_energy::{EnergySystem, SunPower};
use citytwin_model::{
    Anchor, Assumptions, Building, BuildingId, BuildingUse, City, GeoBounds, LineString, LonLat, MultiPolygon, Polygon,
    RoofShape, SourceRef, Volume,
    time::{LocalTime, civil::date},
};

const BUILDINGS: usize = 100_000;
const ROUNDS: usize = 200;

fn main() {
    let city = city();
    let start = Instant::now();
    let mut system = EnergySystem::new(&city);
    system.set_shares(&city, &Assumptions { pv_share: 0.3, ev_share: 0.3, ..Assumptions::default() });
    println!("new: {:.0} ms for {BUILDINGS} buildings", start.elapsed().as_secs_f64() * 1e3);
    println!("{:?}", system.coverage());
    let (roofs_w, heat_w) = (vec![2000.0; BUILDINGS], vec![500.0; BUILDINGS]);
    system.set_heat(&heat_w);
    let sun = SunPower { buildings_w: &roofs_w, assets_w: &[] };
    let mut best = f64::INFINITY;
    for round in 0..ROUNDS {
        let local = LocalTime::of_civil(date(2026, 3, 2).at((round % 24) as i8, 0, 0, 0));
        let start = Instant::now();
        system.evaluate(local, sun, 60.0);
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("evaluate: {:.2} ms (best of {ROUNDS}, {} threads)", best * 1e3, rayon::current_num_threads());
}

fn city() -> City {
    let bounds = GeoBounds { west: 10.0, south: 50.0, east: 10.2, north: 50.2 };
    let mut city = City::empty("grid", Anchor::new(LonLat { lon: 10.0, lat: 50.0 }), bounds);
    let usage = [BuildingUse::House, BuildingUse::Apartments, BuildingUse::Office, BuildingUse::Retail];
    city.buildings = (0..BUILDINGS).map(|i| building(i, usage[i % usage.len()])).collect();
    city
}

fn building(index: usize, usage: BuildingUse) -> Building {
    let (x, y) = ((index % 316) as f64 * 25.0, (index / 316) as f64 * 30.0);
    let ring = LineString::from(vec![(x, y), (x + 14.0, y), (x + 14.0, y + 10.0), (x, y + 10.0), (x, y)]);
    let volume = Volume::stated(MultiPolygon(vec![Polygon::new(ring, vec![])]), 9.0, 2.0, (RoofShape::Gabled, 4.0));
    Building::stated(BuildingId::from_index(index), SourceRef::Way(index as i64), usage, volume)
}
