//! Load flows of many hours, a few at a time: losses by hour, and what every station went through.

use citytwin_energy::grid::{
    EN_50160,
    synthetic::{Answer, Operated, Powers},
};
use citytwin_model::BuildingId;
use rayon::prelude::*;

use super::{hours::Step, result::StationYear};

/// Hours that one task solves: as many as the sweeps step side by side.
const HOURS: usize = 8;

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

    /// Of some hours in a row: per hour every member's power. One pass over the rows.
    fn columns(&self, rows: &[f32], hours: &std::ops::Range<usize>) -> Vec<Vec<f32>> {
        let mut columns = vec![Vec::with_capacity(rows.len() / self.count.max(1)); hours.len()];
        for row in rows.chunks_exact(self.count.max(1)) {
            columns.iter_mut().zip(&row[hours.clone()]).for_each(|(column, power_w)| column.push(*power_w));
        }
        columns
    }
}

/// Losses by hour, W; `None` where the grid cannot carry the hour. Once the watch says stop, hours are passed over.
pub fn solve(grid: &Operated, step: &Step<'_>, drawn: &Drawn, stations: &mut [StationYear]) -> Vec<Option<f64>> {
    let serves: Vec<u32> = (0..grid.grid().buildings.len())
        .map(|building| step.system.transformer_of(BuildingId::from_index(building)) as u32)
        .collect();
    let count = stations.len();
    let task = |task: usize| {
        let hours = task * HOURS..((task + 1) * HOURS).min(drawn.count);
        let mut own = vec![StationYear::default(); count];
        let mut losses = Vec::with_capacity(hours.len());
        if !step.told.watch.cancelled() {
            for answer in answers(grid, drawn, &hours) {
                losses.push(answer.as_ref().map(|answer| answer.losses_w));
                answer.iter().for_each(|answer| add(answer, &serves, &mut own));
            }
            step.told.hours(hours.len());
        }
        losses.resize(hours.len(), None);
        (losses, own)
    };
    let done: Vec<(Vec<Option<f64>>, Vec<StationYear>)> =
        (0..drawn.count.div_ceil(HOURS)).into_par_iter().map(task).collect();
    let mut losses = Vec::with_capacity(drawn.count);
    for (hours, own) in done {
        losses.extend(hours);
        stations.iter_mut().zip(own).for_each(|(all, own)| all.take(&own));
    }
    losses
}

/// All hours together; where they cannot be, each alone.
fn answers(grid: &Operated, drawn: &Drawn, hours: &std::ops::Range<usize>) -> Vec<Option<Answer>> {
    let [load_w, pv_w, asset_w] = [&drawn.load_w, &drawn.pv_w, &drawn.asset_w].map(|rows| drawn.columns(rows, hours));
    let powers: Vec<Powers<'_>> = (0..hours.len())
        .map(|hour| Powers { load_w: &load_w[hour], pv_w: &pv_w[hour], asset_w: &asset_w[hour] })
        .collect();
    match grid.solve(&powers) {
        Ok(answers) => answers.into_iter().map(Some).collect(),
        Err(_) => powers.iter().map(|one| grid.solve(&[*one]).ok().and_then(|mut all| all.pop())).collect(),
    }
}

/// One hour of the stations. Buildings without supply have no voltage and count for none.
fn add(answer: &Answer, serves: &[u32], stations: &mut [StationYear]) {
    let mut outside = vec![false; stations.len()];
    for (&vm, &station) in answer.building_vm_pu.iter().zip(serves) {
        let vm = f64::from(vm);
        outside[station as usize] |= vm > 0.0 && !(EN_50160.vm_min_pu..=EN_50160.vm_max_pu).contains(&vm);
    }
    for ((station, &loading), outside) in stations.iter_mut().zip(&answer.transformer_loading).zip(outside) {
        station.peak_loading = station.peak_loading.max(f64::from(loading));
        station.hours_over += u32::from(loading > 1.0);
        station.hours_voltage += u32::from(outside);
    }
}
