//! Some hours of all buildings: load and sun of each, sums of the city, and what the grid makes of them.

use citytwin_energy::{EnergySystem, HourlyFlow, PeopleHours, Plant, building::HeatSlab};
use citytwin_model::{BuildingId, WeatherYear};
use rayon::prelude::*;

use super::{
    CityEnergy, Told,
    battery::Batteries,
    charge::Charge,
    flow::{self, Drawn},
    rates::{Bought, Rate},
    result::{EnergyHour, StationYear},
    sunlit::{Room, Sunlit},
};

/// Buildings that one task adds up.
pub const PIECE: usize = 256;
const WH_PER_MWH: f64 = 1e6;

/// What the hours come to so far.
pub struct Hours {
    /// Electric cars and batteries, as they stand after the hours so far.
    pub charge: Option<Charge>,
    pub batteries: Batteries,
    pub rows: Vec<EnergyHour>,
    /// Index = `BuildingId`, Wh.
    pub buildings: Vec<Used>,
    pub stations: Vec<StationYear>,
    /// Public charging and stated plants, Wh.
    pub public_wh: f64,
    pub plants_wh: f64,
    /// What stations' batteries draw in all, Wh.
    pub street_wh: f64,
    /// Hours that the grid could not carry; without losses.
    pub uncarried: usize,
    pub losses_known: bool,
    /// Of the hours at hand.
    drawn: Drawn,
}

/// A building's electricity, Wh.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Used {
    pub appliances: f64,
    pub charging: f64,
    pub heat: f64,
    /// What its battery takes less what it gives, with its standby.
    pub battery: f64,
    pub pv: f64,
    /// Of `pv`, what is used or stored in the hour it is made.
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
    pub fn new(buildings: usize, stations: usize, (charge, batteries): (Option<Charge>, Batteries)) -> Self {
        Self {
            charge,
            batteries,
            rows: Vec::new(),
            buildings: vec![Used::default(); buildings],
            stations: vec![StationYear::default(); stations],
            public_wh: 0.0,
            plants_wh: 0.0,
            street_wh: 0.0,
            uncarried: 0,
            losses_known: false,
            drawn: Drawn::default(),
        }
    }

    /// The next hours, whole days.
    pub fn add(&mut self, step: &Step<'_>, slab: &HeatSlab<'_>) {
        let (first, count) = (step.first + slab.first, slab.count);
        let sunlit = Sunlit::new(step.of, step.weather, first, count);
        let clocks = &step.of.clocks[first..first + count];
        let people = step.system.people_hours(clocks);
        let mut drawn = std::mem::take(&mut self.drawn);
        drawn.resize(self.buildings.len(), count);
        let roofs_w = self.fill(step, slab, (&sunlit, &people), &mut drawn);
        let appliances_w = step.system.people_w(&people);
        let public_w = self.public_w(clocks);
        let plants_w = assets(step, &sunlit, &public_w, &mut drawn);
        let settled = self.settle(step, (first, clocks), &mut drawn);
        let flows = step.grid.map(|grid| flow::solve(grid, step, &drawn, &mut self.stations));
        if flows.is_none() {
            step.told.hours(count);
        }
        for hour in 0..count {
            let heat_w = slab.by_hour[hour].electric_w;
            let [appliances, heat, pv] = [appliances_w[hour], heat_w, roofs_w[hour]].map(|w| w / WH_PER_MWH);
            let charging = (settled[hour].cars_w + public_w[hour]) / WH_PER_MWH;
            let batteries = settled[hour].batteries;
            let [battery_charge, battery_discharge, standby, battery_state] =
                [batteries.charge_w, batteries.discharge_w, batteries.standby_w, batteries.state_wh]
                    .map(|wh| wh / WH_PER_MWH);
            let pv = pv + plants_w[hour] / WH_PER_MWH;
            let flow = flows.as_ref().map(|flows| flows[hour]);
            self.uncarried += usize::from(flow == Some(None));
            let losses = flow.flatten().unwrap_or(0.0) / WH_PER_MWH;
            self.public_wh += public_w[hour];
            self.plants_wh += plants_w[hour];
            let load = appliances + charging + heat + standby;
            let supplied = load - pv + losses + battery_charge - battery_discharge;
            self.rows.push(EnergyHour {
                hour: first + hour,
                load,
                heat,
                charging,
                pv,
                battery_charge,
                battery_discharge,
                battery_state,
                losses,
                import: supplied.max(0.0),
                export: (-supplied).max(0.0),
            });
        }
        self.drawn = drawn;
    }

    /// Load without cars, and sun of every building; the sun of all roofs by hour, W. What heat takes is the slab's account.
    fn fill(
        &mut self,
        step: &Step<'_>,
        slab: &HeatSlab<'_>,
        (sunlit, people): (&Sunlit<'_>, &PeopleHours),
        drawn: &mut Drawn,
    ) -> Vec<f64> {
        let count = slab.count;
        let rows = PIECE * count.max(1);
        let pieces = self.buildings.par_chunks_mut(PIECE).zip(drawn.load_w.par_chunks_mut(rows));
        let pieces = pieces.zip(drawn.pv_w.par_chunks_mut(rows)).zip(slab.electric_w.par_chunks(rows)).enumerate();
        let piece =
            |(piece, (((used, load_w), pv_w), heat_w)): (usize, (((&mut [Used], &mut [f32]), &mut [f32]), &[f32]))| {
                let mut roofs_w = vec![0.0; count];
                let mut room = Room::default();
                for (offset, used) in used.iter_mut().enumerate() {
                    let building = BuildingId::from_index(piece * PIECE + offset);
                    let row = offset * count..(offset + 1) * count;
                    let own = step.system.people_rows(people, building);
                    used.appliances += f64::from(own.appliances_mean_w) * own.appliances_h;
                    let load = load_w[row.clone()].iter_mut().zip(own.appliances).zip(&heat_w[row.clone()]);
                    load.for_each(|((load_w, relative), heat_w)| *load_w = own.appliances_mean_w * relative + heat_w);
                    if step.system.roof_planes(building).next().is_some() {
                        let pv_w = &mut pv_w[row];
                        pv_w.fill(0.0);
                        sunlit.roof_into(step.system, building, pv_w, &mut room);
                        used.pv += add_up(pv_w, &mut roofs_w);
                    }
                }
                roofs_w
            };
        let sums: Vec<Vec<f64>> = pieces.map(piece).collect();
        let mut city = vec![0.0; count];
        sums.iter().for_each(|own| city.iter_mut().zip(own).for_each(|(city, own)| *city += own));
        city
    }
}

/// Adds a row to sums by hour; its own sum.
fn add_up(row: &[f32], hours: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for (hour, power_w) in hours.iter_mut().zip(row.iter().copied().map(f64::from)) {
        *hour += power_w;
        sum += power_w;
    }
    sum
}

impl Used {
    /// All that it draws.
    pub fn load(&self) -> f64 {
        self.appliances + self.charging + self.heat + self.battery
    }
}

/// Stated plants and public chargers into the rows of assets; what the plants give by hour, W.
fn assets(step: &Step<'_>, sunlit: &Sunlit<'_>, public_w: &[f64], drawn: &mut Drawn) -> Vec<f64> {
    let count = drawn.count;
    let mut plants_w = vec![0.0; count];
    drawn.asset_w = vec![0.0; step.of.city.energy_assets.len() * count];
    let mut room = Room::default();
    for plant in step.system.plants() {
        match plant {
            Plant::Solar { asset, plane } => {
                let mut row = vec![0.0_f32; count];
                sunlit.plane_into(&plane, None, &mut row, &mut room);
                for (hour, power_w) in row.into_iter().enumerate() {
                    plants_w[hour] += f64::from(power_w);
                    drawn.asset_w[asset * count + hour] -= power_w;
                }
            }
            Plant::Charger { asset, share } => {
                let slots = &mut drawn.asset_w[asset * count..][..count];
                slots.iter_mut().zip(public_w).for_each(|(slot, all)| *slot += (share * all) as f32);
            }
        }
    }
    plants_w
}
