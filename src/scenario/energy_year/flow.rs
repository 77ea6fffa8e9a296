//! Load flows of many hours, a few at a time: losses by hour, and what every station went through.

use std::ops::Range;

use citytwin_energy::{
    FLOW_LANES, FlowHours, HourlyFlow,
    grid::{EN_50160, synthetic::Powers},
};
use citytwin_model::BuildingId;
use rayon::prelude::*;

use super::{hours::Step, result::StationYear};

/// Powers of all buildings over some hours (`building · count + hour`), W.
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

    /// What a building draws less what its roof gives, W.
    pub fn net_w(&self, building: usize, hour: usize) -> f64 {
        let slot = building * self.count + hour;
        f64::from(self.load_w[slot]) - f64::from(self.pv_w[slot])
    }

    /// Of some hours in a row: per hour every member's power. One pass over the rows.
    fn columns(&self, rows: &[f32], hours: &Range<usize>) -> Vec<Vec<f32>> {
        let mut columns = vec![Vec::with_capacity(rows.len() / self.count.max(1)); hours.len()];
        for row in rows.chunks_exact(self.count.max(1)) {
            columns.iter_mut().zip(&row[hours.clone()]).for_each(|(column, power_w)| column.push(*power_w));
        }
        columns
    }
}

/// Losses by hour, W; `None` where the grid cannot carry the hour. Once the watch says stop, hours are passed over.
pub fn solve(grid: &HourlyFlow, step: &Step<'_>, drawn: &Drawn, stations: &mut [StationYear]) -> Vec<Option<f64>> {
    let serves: Vec<u32> = (0..grid.operated().grid().buildings.len())
        .map(|building| step.system.transformer_of(BuildingId::from_index(building)) as u32)
        .collect();
    let count = stations.len();
    let task = |task: usize| {
        let hours = task * FLOW_LANES..((task + 1) * FLOW_LANES).min(drawn.count);
        let mut own = vec![StationYear::default(); count];
        let mut losses = Vec::with_capacity(hours.len());
        if !step.told.watch.cancelled() {
            for (at, answer) in answers(grid, drawn, &hours) {
                losses.extend(at.clone().map(|lane| answer.as_ref().map(|answer| answer.losses_w[lane])));
                answer.iter().for_each(|answer| at.clone().for_each(|lane| add(answer, lane, &serves, &mut own)));
            }
            step.told.hours(hours.len());
        }
        losses.resize(hours.len(), None);
        (losses, own)
    };
    let done: Vec<(Vec<Option<f64>>, Vec<StationYear>)> =
        (0..drawn.count.div_ceil(FLOW_LANES)).into_par_iter().map(task).collect();
    let mut losses = Vec::with_capacity(drawn.count);
    for (hours, own) in done {
        losses.extend(hours);
        stations.iter_mut().zip(own).for_each(|(all, own)| all.take(&own));
    }
    losses
}

/// Lanes and what the load flow says of them: all hours together; where they cannot be, each alone.
fn answers(grid: &HourlyFlow, drawn: &Drawn, hours: &Range<usize>) -> Vec<(Range<usize>, Option<FlowHours>)> {
    let [load_w, pv_w, asset_w] = [&drawn.load_w, &drawn.pv_w, &drawn.asset_w].map(|rows| drawn.columns(rows, hours));
    let powers: Vec<Powers<'_>> = (0..hours.len())
        .map(|hour| Powers { load_w: &load_w[hour], pv_w: &pv_w[hour], asset_w: &asset_w[hour] })
        .collect();
    match grid.solve(&powers) {
        Ok(answer) => vec![(0..hours.len(), Some(answer))],
        Err(_) => powers.iter().map(|one| (0..1, grid.solve(&[*one]).ok())).collect(),
    }
}

/// One hour of the stations. Buildings without supply have no voltage and count for none.
fn add(answer: &FlowHours, lane: usize, serves: &[u32], stations: &mut [StationYear]) {
    let mut outside = vec![false; stations.len()];
    for (vm, &station) in answer.building_vm_pu.iter().zip(serves) {
        let within = (EN_50160.vm_min_pu..=EN_50160.vm_max_pu).contains(&vm[lane]);
        outside[station as usize] |= vm[lane] > 0.0 && !within;
    }
    for ((station, loading), outside) in stations.iter_mut().zip(&answer.transformer_loading).zip(outside) {
        station.peak_loading = station.peak_loading.max(loading[lane]);
        station.hours_over += u32::from(loading[lane] > 1.0);
        station.hours_voltage += u32::from(outside);
    }
}
