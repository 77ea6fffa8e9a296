//! Batteries in the hours of a year: at home beside modules, and in the street at stations.

use citytwin_energy::{
    EnergySystem, ranks_by_name,
    storage::{Battery, PeakShaving, StorageFigures, at_homes},
};
use citytwin_model::{Assumptions, BuildingId, City};
use rayon::prelude::*;
use serde::Serialize;

use super::flow::Drawn;

const WH_PER_MWH: f64 = 1e6;

/// What batteries came to, MWh. `charge` − `discharge` − `losses` = `state_last` − `state_first`.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct BatteryYear {
    pub homes: usize,
    pub stations: usize,
    pub capacity_mwh: f64,
    /// At the terminals, on alternating current.
    pub charge_mwh: f64,
    pub discharge_mwh: f64,
    /// Between terminals and cells, both ways.
    pub losses_mwh: f64,
    /// Drawn beside by control and cooling; part of the load.
    pub standby_mwh: f64,
    pub state_first_mwh: f64,
    pub state_last_mwh: f64,
    /// Of the balance, relative to what was charged.
    pub residual: f64,
}

/// An hour of batteries, W and Wh.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Stored {
    pub charge_w: f64,
    pub discharge_w: f64,
    pub standby_w: f64,
    /// As the hour ends.
    pub state_wh: f64,
}

/// A home's.
#[derive(Clone, Copy, Debug)]
pub struct HomeBattery {
    battery: Battery,
    state_wh: f64,
}

/// A station's: it stands at the building that is nearest to the transformer.
struct StreetBattery {
    battery: Battery,
    at: usize,
    members: Vec<u32>,
    assets: Vec<u32>,
    shaving: Option<PeakShaving>,
}

/// All of a run.
#[derive(Default)]
pub struct Batteries {
    /// Index = `BuildingId`.
    pub homes: Vec<Option<HomeBattery>>,
    streets: Vec<StreetBattery>,
    sums: [Stored; 2],
    /// What charging and discharging moved in the cells, Wh.
    cells_wh: f64,
    first_wh: f64,
}

impl HomeBattery {
    /// One hour beside a net load, W; what it draws without its standby.
    pub fn hour(&mut self, net_w: f64) -> Stored {
        let power_w = self.battery.own_consumption(&mut self.state_wh, net_w);
        Stored::of(power_w, &self.battery, self.state_wh)
    }
}

impl HomeBattery {
    pub fn capacity_kwh(&self) -> f64 {
        self.battery.capacity_wh / 1e3
    }
}

impl Stored {
    fn of(power_w: f64, battery: &Battery, state_wh: f64) -> Self {
        Self { charge_w: power_w.max(0.0), discharge_w: (-power_w).max(0.0), standby_w: battery.standby_w, state_wh }
    }

    /// What it draws in all, W.
    pub fn net_w(&self) -> f64 {
        self.charge_w - self.discharge_w + self.standby_w
    }

    pub fn add(&mut self, other: &Self) {
        self.charge_w += other.charge_w;
        self.discharge_w += other.discharge_w;
        self.standby_w += other.standby_w;
        self.state_wh += other.state_wh;
    }
}

impl Batteries {
    /// Empty ones at home, beside the modules that `system` has; full ones at a share of the stations.
    pub fn new(city: &City, system: &EnergySystem, (assumptions, street): (&Assumptions, f64)) -> Self {
        let buildings = city.buildings.len();
        let home = |battery: Option<Battery>| battery.map(|battery| HomeBattery { battery, state_wh: 0.0 });
        let mut homes: Vec<_> = at_homes(city, system, assumptions).into_iter().map(home).collect();
        homes.resize(buildings, None);
        let streets = if street > 0.0 { streets(buildings, system, street) } else { Vec::new() };
        let first_wh = streets.iter().map(|street| street.battery.capacity_wh).sum();
        Self { homes, streets, first_wh, ..Self::default() }
    }

    /// Hours of all homes together, to the account.
    pub fn take_homes(&mut self, hours: &[Stored]) {
        let efficiency = StorageFigures::embedded().home_round_trip.sqrt();
        hours.iter().for_each(|hour| self.take(0, hour, efficiency));
    }

    /// Runs the stations' batteries over what buildings and assets draw, and adds them to the buildings they stand at. Returns
    /// their sum by hour.
    pub fn streets(&mut self, drawn: &mut Drawn) -> Vec<Stored> {
        let count = drawn.count;
        let all = &*drawn;
        let rows: Vec<Vec<Stored>> = self.streets.par_iter_mut().map(|street| street.hours(all)).collect();
        let mut sums = vec![Stored::default(); count];
        for (street, row) in self.streets.iter().zip(&rows) {
            let load_w = &mut drawn.load_w[street.at * count..][..count];
            for ((stored, sum), load_w) in row.iter().zip(&mut sums).zip(load_w) {
                sum.add(stored);
                *load_w += stored.net_w() as f32;
            }
        }
        let efficiency = StorageFigures::embedded().street_round_trip.sqrt();
        sums.iter().for_each(|hour| self.take(1, hour, efficiency));
        sums
    }

    /// All of one kind have the same efficiency.
    fn take(&mut self, kind: usize, hour: &Stored, efficiency: f64) {
        let state_wh = hour.state_wh;
        self.sums[kind].add(&Stored { state_wh: 0.0, ..*hour });
        self.sums[kind].state_wh = state_wh;
        self.cells_wh += efficiency * hour.charge_w - hour.discharge_w / efficiency;
    }

    /// The account so far.
    pub fn year(&self) -> BatteryYear {
        let homes = self.homes.iter().flatten();
        let (count, last_wh) = homes.clone().fold((0, 0.0), |(n, sum), home| (n + 1, sum + home.state_wh));
        let held = |street: &StreetBattery| street.shaving.as_ref().map_or(street.battery.capacity_wh, |s| s.state_wh);
        let last_wh = last_wh + self.streets.iter().map(held).sum::<f64>();
        let capacity: f64 = homes.map(|home| home.battery.capacity_wh).sum::<f64>()
            + self.streets.iter().map(|street| street.battery.capacity_wh).sum::<f64>();
        let sum = |of: fn(&Stored) -> f64| self.sums.iter().map(of).sum::<f64>();
        let (charge, discharge) = (sum(|s| s.charge_w), sum(|s| s.discharge_w));
        let losses = charge - discharge - self.cells_wh;
        let off = self.cells_wh - (last_wh - self.first_wh);
        let mwh = |wh: f64| wh / WH_PER_MWH;
        BatteryYear {
            homes: count,
            stations: self.streets.len(),
            capacity_mwh: mwh(capacity),
            charge_mwh: mwh(charge),
            discharge_mwh: mwh(discharge),
            losses_mwh: mwh(losses),
            standby_mwh: mwh(sum(|s| s.standby_w)),
            state_first_mwh: mwh(self.first_wh),
            state_last_mwh: mwh(last_wh),
            residual: off.abs() / charge.max(capacity).max(f64::MIN_POSITIVE),
        }
    }
}

/// Of stations with buildings, in an order of their own.
fn streets(buildings: usize, system: &EnergySystem, share: f64) -> Vec<StreetBattery> {
    let figures = StorageFigures::embedded();
    let stations = system.transformers();
    let rank = ranks_by_name(stations.len(), |_| true, |index| format!("street battery {index}"));
    let mut members = vec![Vec::new(); stations.len()];
    (0..buildings).for_each(|b| members[system.transformer_of(BuildingId::from_index(b))].push(b as u32));
    let mut assets = vec![Vec::new(); stations.len()];
    system.stations_of_assets().for_each(|(asset, station)| assets[station].push(asset as u32));
    let street = |(index, (members, assets)): (usize, (Vec<u32>, Vec<u32>))| {
        let station = &stations[index];
        let away = |building: &u32| {
            let at = system.place_of(BuildingId(*building));
            (at.x - station.at.x).hypot(at.y - station.at.y)
        };
        let nearest = members.iter().min_by(|a, b| away(a).total_cmp(&away(b))).map(|building| *building as usize)?;
        let battery = figures.at_station(station.rated_w).filter(|_| rank[index] < share)?;
        Some(StreetBattery { battery, at: nearest, members, assets, shaving: None })
    };
    members.into_iter().zip(assets).enumerate().filter_map(street).collect()
}

impl StreetBattery {
    fn hours(&mut self, drawn: &Drawn) -> Vec<Stored> {
        let mut net_w = vec![0.0; drawn.count];
        for (hour, sum) in net_w.iter_mut().enumerate() {
            let buildings: f64 = self.members.iter().map(|building| drawn.net_w(*building as usize, hour)).sum();
            let asset = |asset: &u32| f64::from(drawn.asset_w[*asset as usize * drawn.count + hour]);
            *sum = buildings + self.assets.iter().map(asset).sum::<f64>();
        }
        let first_day = &net_w[..net_w.len().min(24)];
        let shaving = self.shaving.get_or_insert_with(|| PeakShaving::new(self.battery, first_day));
        let hour = |net_w: &f64| {
            let power_w = shaving.hour(*net_w);
            Stored::of(power_w, &self.battery, shaving.state_wh)
        };
        net_w.iter().map(hour).collect()
    }
}
