//! Reads a city once: customers, roofs, cars, and how much of it there is.

use citytwin_model::{Assumptions, Building, BuildingUse, City, Coord, Technology};
use geo::Centroid;
use rayon::prelude::*;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    assets::roofs_taken,
    charging::{USUAL_KWH_PER_KM, kwh_per_car_and_day},
    intensity::{
        CARS_PER_PERSON, DWELLING_AREA_M2_PER_PERSON, HOURS_PER_YEAR, INTERNAL_AREA_SHARE, annual_kwh_per_m2,
        is_dwelling,
    },
    profile::{SLOTS, use_index},
    roof::{Modules, modules},
    supply::Customer,
    transformer::TransformerState,
};

/// What the engine found to compute with: shown with every result, so that a city with few mapped buildings
/// is not taken for a city with a small load.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Coverage {
    pub buildings: usize,
    /// Internal floor area, m².
    pub floor_area_m2: f64,
    /// Of it in dwellings, m².
    pub dwelling_area_m2: f64,
    /// Annual electricity of all buildings, MWh, without cars.
    pub annual_mwh: f64,
    pub residents: f64,
    pub cars: f64,
    /// Roofs that could carry photovoltaics, and their peak power together, W.
    pub suitable_roofs: usize,
    pub roof_potential_w: f64,
    pub transformers_stated: usize,
    pub transformers_inferred: usize,
}

/// Share of a city's cars that are electric: cars belong to households, as many as their floor area.
pub fn electric_car_share(city: &City, assumptions: &Assumptions) -> f64 {
    if assumptions.parts.is_empty() {
        return assumptions.ev_share;
    }
    let share = assumptions.share_at(city, Technology::ElectricCars);
    let homes = city.buildings.iter().filter(|building| is_dwelling(building.usage.value));
    let [electric, all] = homes.fold([0.0, 0.0], |[electric, all], building| {
        let area_m2 = building.floor_area_m2();
        [electric + area_m2 * share(place(building), building.built().value), all + area_m2]
    });
    if all > 0.0 { electric / all } else { assumptions.ev_share }
}

/// The middle of a building, local metres.
fn place(building: &Building) -> Coord<f64> {
    building.volume.footprint.centroid().map_or(Coord { x: 0.0, y: 0.0 }, |p| p.0)
}

/// Every building as a customer, in id order.
pub fn customers(city: &City) -> Vec<Customer> {
    let of = |building: &Building| {
        let usage = building.usage.value;
        let annual_kwh = annual_kwh_per_m2(usage) * INTERNAL_AREA_SHARE * building.floor_area_m2();
        Customer { at: place(building), usage: use_index(usage), mean_w: annual_kwh * 1000.0 / HOURS_PER_YEAR }
    };
    city.buildings.par_iter().map(of).collect()
}

/// Whether a building of a use can have a heat pump: not where heat is of processes or stores, of which no map tells.
pub fn is_heated(usage: BuildingUse) -> bool {
    !matches!(usage, BuildingUse::Industrial | BuildingUse::Warehouse | BuildingUse::Ancillary)
}

pub fn roofs(city: &City) -> Vec<Option<Modules>> {
    let taken = roofs_taken(city);
    let latitude = city.anchor.origin.lat;
    city.buildings.par_iter().zip(taken).map(|(b, taken)| if taken { None } else { modules(b, latitude) }).collect()
}

pub fn classes(city: &City) -> Vec<u16> {
    let of = |building: &Building| {
        let slot = xxh3_64(format!("clock {}", building.source).as_bytes()) as usize % SLOTS;
        (use_index(building.usage.value) * SLOTS + slot) as u16
    };
    city.buildings.par_iter().map(of).collect()
}

/// Order in which buildings that are fit get a technology: by a hash of the source, so that it survives other edits of the map.
/// 2 for those that are not.
pub fn ranks(city: &City, what: &str, is_fit: impl Fn(usize) -> bool) -> Vec<f32> {
    let name = |index: usize| format!("{what} {}", city.buildings[index].source);
    ranks_by_name(city.buildings.len(), is_fit, name).into_iter().map(|rank| rank as f32).collect()
}

/// Order in which those of `count` that are fit get a technology, evenly over 0…1 by a hash of their name; 2 for those that
/// are not.
pub fn ranks_by_name(count: usize, is_fit: impl Fn(usize) -> bool, name: impl Fn(usize) -> String) -> Vec<f64> {
    let mut order: Vec<(u64, usize)> =
        (0..count).filter(|index| is_fit(*index)).map(|index| (xxh3_64(name(index).as_bytes()), index)).collect();
    order.sort_unstable();
    let mut rank = vec![2.0; count];
    for (position, (_, index)) in order.iter().enumerate() {
        rank[*index] = (position as f64 + 0.5) / order.len() as f64;
    }
    rank
}

/// What there is, and the cars' mean charging power per building at their usual consumption, W.
pub fn cover(
    city: &City,
    customers: &[Customer],
    roofs: &[Option<Modules>],
    transformers: &[TransformerState],
) -> (Coverage, Vec<f32>) {
    let area: Vec<f64> = city.buildings.iter().map(|b| INTERNAL_AREA_SHARE * b.floor_area_m2()).collect();
    let dwelling = |i: usize| if is_dwelling(city.buildings[i].usage.value) { area[i] } else { 0.0 };
    let dwelling_area_m2: f64 = (0..area.len()).map(dwelling).sum();
    let residents = city.population.map_or(dwelling_area_m2 / DWELLING_AREA_M2_PER_PERSON, f64::from);
    let cars = if dwelling_area_m2 > 0.0 { residents * CARS_PER_PERSON } else { 0.0 };
    let car_w = kwh_per_car_and_day(USUAL_KWH_PER_KM) * 1000.0 / 24.0;
    let cars_w = (0..area.len()).map(|i| (cars * dwelling(i) / dwelling_area_m2.max(1.0) * car_w) as f32).collect();
    let stated = transformers.iter().filter(|t| t.asset.is_some()).count();
    let coverage = Coverage {
        buildings: city.buildings.len(),
        floor_area_m2: area.iter().sum(),
        dwelling_area_m2,
        annual_mwh: customers.iter().map(|c| c.mean_w).sum::<f64>() * HOURS_PER_YEAR / 1e6,
        residents,
        cars,
        suitable_roofs: roofs.iter().flatten().count(),
        roof_potential_w: roofs.iter().flatten().flat_map(|m| m.peak_w).map(f64::from).sum(),
        transformers_stated: stated,
        transformers_inferred: transformers.len() - stated,
    };
    (coverage, cars_w)
}

/// Members of every transformer in ascending order, packed.
pub fn by_transformer(count: usize, serves: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0_u32; count + 1];
    for &transformer in serves {
        first[transformer as usize + 1] += 1;
    }
    for index in 0..count {
        first[index + 1] += first[index];
    }
    let mut next = first.clone();
    let mut members = vec![0; serves.len()];
    for (member, &transformer) in serves.iter().enumerate() {
        let slot = &mut next[transformer as usize];
        members[*slot as usize] = member as u32;
        *slot += 1;
    }
    (first, members)
}
