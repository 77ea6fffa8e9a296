//! What a planner compares with other grids: lengths, customers per station, the mix of cables.

use std::collections::BTreeMap;

use citytwin_model::{BuildingUse, City};

use super::{CityGrid, Feeder, LineKind};

/// Floor area of a dwelling, walls included, m²: 100 m² within them (as the energy per dwelling is stated for).
const DWELLING_M2: f64 = 100.0 / 0.9;

/// A grown grid in figures. Stations of one customer are counted apart: published figures leave them out.
#[derive(Clone, PartialEq, Debug)]
pub struct Figures {
    pub buildings: usize,
    /// Meters: dwellings by area, one for any other building but sheds.
    pub customers: usize,
    pub substations: usize,
    pub rings: usize,
    /// Stations that serve several buildings, and those with customers of their own.
    pub shared_stations: usize,
    pub own_stations: usize,
    /// Rated power of the shared stations, VA.
    pub shared_va: f64,
    /// Low-voltage customers.
    pub low_customers: usize,
    /// Cables from stations, and customers with a service of their own from the station itself.
    pub feeders: usize,
    pub direct_services: usize,
    /// Longest way from the station to a customer of a feeder: first quartile, median, third quartile, m.
    pub feeder_m: [f64; 3],
    /// Low-voltage customers per shared station, quartiles.
    pub customers_per_station: [f64; 3],
    pub feeders_per_station: [f64; 3],
    pub ring_m: [f64; 3],
    pub stations_per_ring: [f64; 3],
    /// Cable by type, km, parallel cables each.
    pub cable_km: BTreeMap<String, f64>,
    /// Low voltage along streets, services, medium voltage: km of route.
    pub feeder_km: f64,
    pub service_km: f64,
    pub ring_km: f64,
    /// Of it where no street was in reach.
    pub straight_km: f64,
}

/// Meters behind a building's connection.
pub fn meters(city: &City, building: u32) -> usize {
    let building = &city.buildings[building as usize];
    match building.usage.value {
        BuildingUse::House | BuildingUse::Apartments => {
            (building.floor_area_m2() / DWELLING_M2).round().max(1.0) as usize
        }
        BuildingUse::Ancillary => 0,
        _ => 1,
    }
}

/// Quartiles; nought of nothing.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    [0.25, 0.5, 0.75].map(|share: f64| values.get((share * last).round() as usize).copied().unwrap_or(0.0))
}

impl CityGrid {
    /// Counts and lengths of the grid of this city.
    pub fn figures(&self, city: &City) -> Figures {
        let mut meters_of = vec![0; self.stations.len()];
        let mut feeders_of = vec![0; self.stations.len()];
        let mut shared = vec![false; self.stations.len()];
        for feeder in &self.feeders {
            let sum: usize = feeder.buildings.iter().map(|&building| meters(city, building)).sum();
            meters_of[feeder.transformer as usize] += sum;
            feeders_of[feeder.transformer as usize] += usize::from(feeder.laid.is_some());
            shared[feeder.transformer as usize] = true;
        }
        let shared: Vec<usize> = (0..self.stations.len()).filter(|&station| shared[station]).collect();
        let (laid, direct): (Vec<&Feeder>, Vec<&Feeder>) = self.feeders.iter().partition(|f| f.laid.is_some());
        let per_station = |counts: &[usize]| quartiles(shared.iter().map(|&s| counts[s] as f64).collect());
        let mut figures = Figures {
            buildings: self.buildings.len(),
            customers: (0..self.buildings.len() as u32).map(|building| meters(city, building)).sum(),
            substations: self.substations.len(),
            rings: self.rings.len(),
            shared_stations: shared.len(),
            own_stations: self.buildings.iter().filter(|building| building.feeder.is_none()).count(),
            shared_va: shared.iter().map(|&s| self.rated_va(s)).sum(),
            low_customers: meters_of.iter().sum(),
            feeders: laid.len(),
            direct_services: direct.iter().map(|feeder| feeder.buildings.len()).sum(),
            feeder_m: quartiles(laid.iter().map(|feeder| feeder.length_m).collect()),
            customers_per_station: per_station(&meters_of),
            feeders_per_station: per_station(&feeders_of),
            ring_m: quartiles(self.rings.iter().map(|ring| self.length_m(ring.lines)).collect()),
            stations_per_ring: quartiles(self.rings.iter().map(|ring| ring.stations.len() as f64).collect()),
            cable_km: BTreeMap::new(),
            feeder_km: 0.0,
            service_km: 0.0,
            ring_km: 0.0,
            straight_km: 0.0,
        };
        self.sum_cables(&mut figures);
        figures
    }

    fn rated_va(&self, station: usize) -> f64 {
        let transformer = &self.grid.transformers[station];
        transformer.rated_va * f64::from(transformer.parallel)
    }

    fn length_m(&self, lines: [u32; 2]) -> f64 {
        self.grid.lines[lines[0] as usize..lines[1] as usize].iter().map(|line| 1000.0 * line.length_km).sum()
    }

    fn sum_cables(&self, figures: &mut Figures) {
        for (line, element) in self.lines.iter().zip(&self.grid.lines) {
            let km = element.length_km;
            let name = self.cables[usize::from(line.cable)].name.clone();
            *figures.cable_km.entry(name).or_default() += km * f64::from(element.parallel);
            match line.kind {
                LineKind::Ring(_) => figures.ring_km += km,
                LineKind::Feeder(_) => figures.feeder_km += km,
                LineKind::Service(_) => figures.service_km += km,
            }
            if line.way == super::Way::Straight {
                figures.straight_km += km;
            }
        }
    }
}
