//! The power grid over a day, hour by hour, under the city's typical weather: what breaks a limit, when first, for how long,
//! and what helps.

use std::collections::BTreeMap;

use citytwin_energy::{
    EnergySystem,
    grid::{
        EN_50160, NotSweepable, PhaseSweepError, SweepError,
        synthetic::{Answer, CityGrid, Element, LineKind, Operated, Powers, StationPlan},
    },
};
use citytwin_model::{City, Timestamp};
use rayon::prelude::*;

use crate::{
    LiveEnergy,
    energy_run::{evaluate_at, later},
    spec::RunError,
};

/// Hours of a day; each is looked at in its middle.
pub const HOURS: usize = 24;
const HOUR_S: f64 = 3600.0;

/// Which limit is broken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Limit {
    /// Above the rating.
    Loading,
    /// EN 50160: below 0.9 or above 1.1 of the nominal voltage, at a building.
    LowVoltage,
    HighVoltage,
}

/// An element that breaks a limit in the course of the day.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Beyond {
    /// For voltages the service cable of the feeder's worst building, or its transformer where it hangs on that itself.
    pub element: Element,
    pub limit: Limit,
    /// Loading over rating, or voltage over nominal.
    pub worst: f64,
    pub worst_hour: u8,
    pub first_hour: u8,
    /// In how many of the hours.
    pub hours: u8,
}

/// A day of the grid.
#[derive(Clone, PartialEq, Debug)]
pub struct GridDay {
    /// Earliest first, then by how far beyond.
    pub beyond: Vec<Beyond>,
    /// Lowest and highest voltage that a supplied building sees on its own phases, over nominal, and the hours of both.
    pub voltage_pu: [(f64, u8); 2],
    /// Highest loading of lines and of transformers, with index and hour.
    pub line: (f64, u32, u8),
    pub transformer: (f64, u32, u8),
    /// Of cables and transformers, MWh.
    pub losses_mwh: f64,
    /// Buildings without supply.
    pub off: usize,
    /// What helps the stations where something breaks a limit, dearest first: index into the grid's stations.
    pub plans: Vec<(u32, StationPlan)>,
    /// Elements of medium voltage beyond a limit, for which nothing is planned.
    pub unplanned: usize,
}

/// Runs the day from `midnight`; `energy` and `live` hold the shares in force.
///
/// # Errors
/// Hours that the grid cannot carry, and a day beyond the calendar.
pub fn grid_day(
    city: &City,
    (energy, live): (&EnergySystem, &LiveEnergy),
    grid: &Operated,
    midnight: Timestamp,
) -> Result<GridDay, GridDayError> {
    let (mut energy, mut live) = (energy.clone(), live.fork());
    let (mut hours, mut drawn) = (Vec::with_capacity(HOURS), Vec::with_capacity(HOURS));
    let in_phases = grid.in_phases()?;
    let mut voltages = Vec::with_capacity(HOURS);
    for hour in 0..HOURS {
        let at = later(midnight, (hour as f64 + 0.5) * HOUR_S)?;
        evaluate_at((city, &mut live), &mut energy, at, HOUR_S);
        let powers = Powers::of(&energy);
        hours.append(&mut grid.solve(&[powers]).map_err(|error| GridDayError::Hour { hour, error })?);
        voltages.push(in_phases.voltages(&powers).map_err(|error| GridDayError::Phases { hour, error })?);
        drawn.push([powers.load_w, powers.pv_w, powers.asset_w].map(<[f32]>::to_vec));
        energy.accumulate(HOUR_S);
    }
    let mut day = judge(grid, &hours, &voltages);
    plan(&mut day, grid.grid(), &hours, &drawn);
    Ok(day)
}

/// Plans every low-voltage station with something beyond a limit, for the hours in which its elements are worst.
fn plan(day: &mut GridDay, grid: &CityGrid, hours: &[Answer], drawn: &[[Vec<f32>; 3]]) {
    let mut wanted: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for beyond in &day.beyond {
        let station = match beyond.element {
            Element::Transformer(transformer) => Some(transformer).filter(|t| (*t as usize) < grid.stations.len()),
            Element::Line(line) => match grid.lines[line as usize].kind {
                LineKind::Feeder(feeder) | LineKind::Service(feeder) => Some(grid.feeders[feeder as usize].transformer),
                LineKind::Ring(_) => None,
            },
        };
        match station {
            Some(station) => {
                let hours = wanted.entry(station).or_default();
                if !hours.contains(&beyond.worst_hour) {
                    hours.push(beyond.worst_hour);
                }
            }
            None => day.unplanned += 1,
        }
    }
    let planned = wanted.into_par_iter().filter_map(|(station, at)| {
        let instant = |hour: &u8| {
            let [load_w, pv_w, asset_w] = &drawn[usize::from(*hour)];
            (Powers { load_w, pv_w, asset_w }, hours[usize::from(*hour)].bus_vm_pu.as_slice())
        };
        let instants: Vec<_> = at.iter().map(instant).collect();
        // A station that cannot carry an hour at all has no plan.
        Some((station, grid.measures(station, &instants, &EN_50160).ok()?))
    });
    day.plans = planned.collect();
    day.plans.sort_by(|a, b| b.1.cost_eur.total_cmp(&a.1.cost_eur).then(a.0.cmp(&b.0)));
}

/// Why a day has no answer.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum GridDayError {
    #[error("{hour}:30: {error}")]
    Hour { hour: usize, error: SweepError },
    #[error("{hour}:30, phase by phase: {error}")]
    Phases { hour: usize, error: PhaseSweepError },
    #[error(transparent)]
    NotSweepable(#[from] NotSweepable),
    #[error("{0}")]
    Calendar(String),
}

impl From<RunError> for GridDayError {
    fn from(error: RunError) -> Self {
        Self::Calendar(error.to_string())
    }
}

fn judge(grid: &Operated, hours: &[Answer], voltages: &[Vec<[f32; 2]>]) -> GridDay {
    let of = grid.grid();
    let lines = Loadings::of(hours, |answer| &answer.line_loading);
    let transformers = Loadings::of(hours, |answer| &answer.transformer_loading);
    let mut beyond: Vec<Beyond> = lines.beyond(Element::Line);
    beyond.append(&mut transformers.beyond(Element::Transformer));
    let mut voltage_pu = [(f64::INFINITY, 0), (f64::NEG_INFINITY, 0)];
    for (hour, voltages) in voltages.iter().enumerate() {
        for [low, high] in voltages.iter().map(|vm| vm.map(f64::from)).filter(|[low, _]| *low > 0.0) {
            if low < voltage_pu[0].0 {
                voltage_pu[0] = (low, hour as u8);
            }
            if high > voltage_pu[1].0 {
                voltage_pu[1] = (high, hour as u8);
            }
        }
    }
    for feeder in &of.feeders {
        for limit in [Limit::LowVoltage, Limit::HighVoltage] {
            beyond.extend(voltage_beyond(of, feeder.transformer, &feeder.buildings, voltages, limit));
        }
    }
    let far = |b: &Beyond| match b.limit {
        Limit::Loading => b.worst - 1.0,
        Limit::LowVoltage => EN_50160.vm_min_pu - b.worst,
        Limit::HighVoltage => b.worst - EN_50160.vm_max_pu,
    };
    beyond.sort_by(|a, b| {
        let order = (a.first_hour, a.limit).cmp(&(b.first_hour, b.limit));
        order.then(far(b).total_cmp(&far(a))).then(a.element.cmp(&b.element))
    });
    GridDay {
        beyond,
        voltage_pu,
        line: lines.highest(),
        transformer: transformers.highest(),
        // Each answer stands for an hour.
        losses_mwh: hours.iter().map(|answer| answer.losses_w).sum::<f64>() / 1e6,
        off: grid.off().len(),
        plans: Vec::new(),
        unplanned: 0,
    }
}

/// Loadings of one kind of element, hour by hour.
struct Loadings<'a>(Vec<&'a [f32]>);

impl<'a> Loadings<'a> {
    fn of(hours: &'a [Answer], of: impl Fn(&'a Answer) -> &'a Vec<f32>) -> Self {
        Self(hours.iter().map(|answer| of(answer).as_slice()).collect())
    }

    fn beyond(&self, element: impl Fn(u32) -> Element) -> Vec<Beyond> {
        let count = self.0.first().map_or(0, |hour| hour.len());
        (0..count)
            .filter_map(|k| {
                let over = |hour: &usize| self.0[*hour][k] > 1.0;
                let first_hour = (0..self.0.len()).find(over)? as u8;
                let worst = (0..self.0.len()).max_by(|a, b| self.0[*a][k].total_cmp(&self.0[*b][k]))?;
                Some(Beyond {
                    element: element(k as u32),
                    limit: Limit::Loading,
                    worst: f64::from(self.0[worst][k]),
                    worst_hour: worst as u8,
                    first_hour,
                    hours: (0..self.0.len()).filter(over).count() as u8,
                })
            })
            .collect()
    }

    /// Value, index, hour; nought of nothing.
    fn highest(&self) -> (f64, u32, u8) {
        let mut highest = (0.0, 0, 0);
        for (hour, values) in self.0.iter().enumerate() {
            for (k, value) in values.iter().enumerate() {
                if f64::from(*value) > highest.0 {
                    highest = (f64::from(*value), k as u32, hour as u8);
                }
            }
        }
        highest
    }
}

/// The worst building of a feeder, if any is beyond.
fn voltage_beyond(
    grid: &CityGrid,
    transformer: u32,
    buildings: &[u32],
    hours: &[Vec<[f32; 2]>],
    limit: Limit,
) -> Option<Beyond> {
    let end = usize::from(limit != Limit::LowVoltage);
    let vm = |hour: usize, building: u32| f64::from(hours[hour][building as usize][end]);
    // How far beyond, above nought where it is; dead ones are off, not low.
    let beyond = |vm: f64| match limit {
        _ if vm <= 0.0 => f64::NEG_INFINITY,
        Limit::LowVoltage => EN_50160.vm_min_pu - vm,
        _ => vm - EN_50160.vm_max_pu,
    };
    let worst_of = |hour: usize| {
        let all = buildings.iter().map(|&building| (beyond(vm(hour, building)), building));
        all.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
    };
    let worst: Vec<(f64, u32)> = (0..hours.len()).map(worst_of).collect::<Option<_>>()?;
    let over = |hour: &usize| worst[*hour].0 > 0.0;
    let first_hour = (0..worst.len()).find(over)? as u8;
    let hour = (0..worst.len()).max_by(|a, b| worst[*a].0.total_cmp(&worst[*b].0))?;
    let building = worst[hour].1;
    let service = grid.buildings[building as usize].service;
    Some(Beyond {
        element: service.map_or(Element::Transformer(transformer), Element::Line),
        limit,
        worst: vm(hour, building),
        worst_hour: hour as u8,
        first_hour,
        hours: (0..worst.len()).filter(over).count() as u8,
    })
}
