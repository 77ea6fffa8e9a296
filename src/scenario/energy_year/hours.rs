//! Some hours of all buildings: load and sun of each, sums of the city, and what the grid makes of them.

use citytwin_energy::{EnergySystem, HourlyFlow, PeopleHours, Plant, building::HeatSlab};
use citytwin_model::{BuildingId, WeatherYear};
use rayon::prelude::*;

use super::{
    CityEnergy, Told,
    flow::{self, Drawn},
    rates::{Bought, Rate},
    result::{EnergyHour, StationYear},
    sunlit::Sunlit,
};

/// Buildings that one task adds up.
const PIECE: usize = 256;
const WH_PER_MWH: f64 = 1e6;

/// What the hours come to so far.
pub struct Hours {
    pub rows: Vec<EnergyHour>,
    /// Index = `BuildingId`, Wh.
    pub buildings: Vec<Used>,
    pub stations: Vec<StationYear>,
    /// Public charging and stated plants, Wh.
    pub public_wh: f64,
    pub plants_wh: f64,
    /// Hours that the grid could not carry; without losses.
    pub uncarried: usize,
    pub losses_known: bool,
}

/// A building's electricity, Wh.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Used {
    pub appliances: f64,
    pub charging: f64,
    pub heat: f64,
    pub pv: f64,
    /// Of `pv`, what is used in the hour it is made.
    pub own: f64,
    pub bought: Bought,
}

/// What a step of hours is computed from.
pub struct Step<'a> {
    pub of: &'a CityEnergy<'a>,
    pub system: &'a EnergySystem,
    pub grid: Option<&'a HourlyFlow>,
    pub weather: &'a WeatherYear,
    /// Of every hour of the year.
    pub rates: &'a [Rate],
    /// Hour of the year that was asked for first.
    pub first: usize,
    pub told: &'a Told<'a>,
}

impl Hours {
    pub fn new(buildings: usize, stations: usize) -> Self {
        Self {
            rows: Vec::new(),
            buildings: vec![Used::default(); buildings],
            stations: vec![StationYear::default(); stations],
            public_wh: 0.0,
            plants_wh: 0.0,
            uncarried: 0,
            losses_known: false,
        }
    }

    /// The next hours, whole days.
    pub fn add(&mut self, step: &Step<'_>, slab: &HeatSlab<'_>) {
        let (first, count) = (step.first + slab.first, slab.count);
        let sunlit = Sunlit::new(step.of, step.weather, first, count);
        let people = step.system.people_hours(&step.of.clocks[first..first + count]);
        let mut drawn = Drawn::new(self.buildings.len(), count);
        let sums = self.fill(step, slab, (&sunlit, &people), &mut drawn);
        let plants_w = assets(step, &sunlit, &people, &mut drawn);
        let flows = step.grid.map(|grid| flow::solve(grid, step, &drawn, &mut self.stations));
        if flows.is_none() {
            step.told.hours(count);
        }
        for hour in 0..count {
            let [appliances, cars, heat, pv] = sums[hour].map(|w| w / WH_PER_MWH);
            let charging = cars + people.public_w[hour] / WH_PER_MWH;
            let pv = pv + plants_w[hour] / WH_PER_MWH;
            let flow = flows.as_ref().map(|flows| flows[hour]);
            self.uncarried += usize::from(flow == Some(None));
            let losses = flow.flatten().unwrap_or(0.0) / WH_PER_MWH;
            self.public_wh += people.public_w[hour];
            self.plants_wh += plants_w[hour];
            let load = appliances + charging + heat;
            let supplied = load - pv + losses;
            self.rows.push(EnergyHour {
                hour: first + hour,
                load,
                heat,
                charging,
                pv,
                losses,
                import: supplied.max(0.0),
                export: (-supplied).max(0.0),
            });
        }
    }

    /// Load and sun of every building; the city's appliances, charging at home, heat and sun by hour, W.
    fn fill(
        &mut self,
        step: &Step<'_>,
        slab: &HeatSlab<'_>,
        (sunlit, people): (&Sunlit<'_>, &PeopleHours),
        drawn: &mut Drawn,
    ) -> Vec<[f64; 4]> {
        let count = slab.count;
        let rates = &step.rates[step.first + slab.first..][..count];
        let rows = PIECE * count.max(1);
        let pieces = self.buildings.par_chunks_mut(PIECE).zip(drawn.load_w.par_chunks_mut(rows));
        let pieces = pieces.zip(drawn.pv_w.par_chunks_mut(rows)).zip(slab.electric_w.par_chunks(rows)).enumerate();
        let piece =
            |(piece, (((used, load_w), pv_w), heat_w)): (usize, (((&mut [Used], &mut [f32]), &mut [f32]), &[f32]))| {
                let mut sums = vec![[0.0; 4]; count];
                let mut light = Vec::new();
                for (offset, used) in used.iter_mut().enumerate() {
                    let building = BuildingId::from_index(piece * PIECE + offset);
                    let row = offset * count..(offset + 1) * count;
                    let (load_w, pv_w) = (&mut load_w[row.clone()], &mut pv_w[row.clone()]);
                    sunlit.roof_into(step.system, building, pv_w, &mut light);
                    let rows = step.system.people_rows(people, building);
                    let heat_w = &heat_w[row];
                    for hour in 0..count {
                        let appliances = rows.appliances_mean_w * rows.appliances[hour];
                        let cars = rows.cars_mean_w * rows.home[hour];
                        load_w[hour] = appliances + cars + heat_w[hour];
                        let parts = [appliances, cars, heat_w[hour], pv_w[hour]].map(f64::from);
                        sums[hour].iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
                        used.add(parts, &rates[hour]);
                    }
                }
                sums
            };
        let sums: Vec<Vec<[f64; 4]>> = pieces.map(piece).collect();
        let mut city = vec![[0.0; 4]; count];
        for sums in sums {
            for (city, own) in city.iter_mut().zip(sums) {
                city.iter_mut().zip(own).for_each(|(city, own)| *city += own);
            }
        }
        city
    }
}

impl Used {
    fn add(&mut self, [appliances, charging, heat, pv]: [f64; 4], rate: &Rate) {
        self.appliances += appliances;
        self.charging += charging;
        self.heat += heat;
        self.pv += pv;
        self.own += pv.min(appliances + charging + heat);
        self.bought.add(appliances + charging + heat - pv, rate);
    }

    /// All that it draws.
    pub fn load(&self) -> f64 {
        self.appliances + self.charging + self.heat
    }
}

/// Stated plants and public chargers into the rows of assets; what the plants give by hour, W.
fn assets(step: &Step<'_>, sunlit: &Sunlit<'_>, people: &PeopleHours, drawn: &mut Drawn) -> Vec<f64> {
    let count = drawn.count;
    let mut plants_w = vec![0.0; count];
    drawn.asset_w = vec![0.0; step.of.city.energy_assets.len() * count];
    let mut light = Vec::new();
    for plant in step.system.plants() {
        match plant {
            Plant::Solar { asset, plane } => {
                let mut row = vec![0.0_f32; count];
                sunlit.plane_into(&plane, None, &mut row, &mut light);
                for (hour, power_w) in row.into_iter().enumerate() {
                    plants_w[hour] += f64::from(power_w);
                    drawn.asset_w[asset * count + hour] -= power_w;
                }
            }
            Plant::Charger { asset, share } => {
                let slots = &mut drawn.asset_w[asset * count..][..count];
                slots.iter_mut().zip(&people.public_w).for_each(|(slot, all)| *slot += (share * all) as f32);
            }
        }
    }
    plants_w
}
