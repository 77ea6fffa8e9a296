//! Load flows of many hours: losses by hour, and what every station went through.

use citytwin_energy::{FlowHours, HourlyFlow, PowerRows, grid::EN_50160};
use citytwin_model::BuildingId;
use rayon::prelude::*;

use super::{hours::Step, result::StationYear};

/// Powers of all buildings over some hours (`building · count + hour`), W.
#[derive(Default)]
pub struct Drawn {
    pub count: usize,
    pub load_w: Vec<f32>,
    pub pv_w: Vec<f32>,
    /// Energy assets, load positive.
    pub asset_w: Vec<f32>,
}

impl Drawn {
    pub fn new(buildings: usize, count: usize) -> Self {
        let rows = || vec![0.0; buildings * count];
        Self { count, load_w: rows(), pv_w: rows(), asset_w: Vec::new() }
    }

    /// Room for other hours; loads and roofs keep what they had where there are as many hours as before, else they are nought.
    pub fn resize(&mut self, buildings: usize, count: usize) {
        if (self.count, self.load_w.len()) != (count, buildings * count) {
            *self = Self::new(buildings, count);
        }
    }

    /// What a building draws less what its roof gives, W.
    pub fn net_w(&self, building: usize, hour: usize) -> f64 {
        let slot = building * self.count + hour;
        f64::from(self.load_w[slot]) - f64::from(self.pv_w[slot])
    }
}

/// Losses by hour, W; `None` where the grid cannot carry the hour. Once the watch says stop, hours are passed over.
pub fn solve(grid: &HourlyFlow, step: &Step<'_>, drawn: &Drawn, stations: &mut [StationYear]) -> Vec<Option<f64>> {
    if step.told.watch.cancelled() {
        return vec![None; drawn.count];
    }
    let Drawn { count, load_w, pv_w, asset_w } = drawn;
    let buildings = (0..step.of.city.buildings.len()).map(BuildingId::from_index);
    let lit: Vec<bool> = buildings.map(|building| step.system.roof_planes(building).next().is_some()).collect();
    let flow = grid.solve(&PowerRows { hours: *count, load_w, pv_w, lit: &lit, asset_w });
    stations.par_iter_mut().enumerate().for_each(|(station, year)| add(&flow, station, year));
    step.told.hours(drawn.count);
    flow.losses_w
}

/// The hours of a station that the grid carries. Buildings without supply have no voltage and count for none.
fn add(flow: &FlowHours, station: usize, year: &mut StationYear) {
    let hours = flow.loading(station).iter().zip(flow.vm_pu(station)).zip(&flow.losses_w);
    for ((&loading, [lowest, highest]), _) in hours.filter(|(_, losses_w)| losses_w.is_some()) {
        let outside = f64::from(*lowest) < EN_50160.vm_min_pu || f64::from(*highest) > EN_50160.vm_max_pu;
        year.peak_loading = year.peak_loading.max(f64::from(loading));
        year.hours_over += u32::from(loading > 1.0);
        year.hours_voltage += u32::from(outside);
    }
}
