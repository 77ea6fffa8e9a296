//! Hosting capacity: how much a feeder takes before a limit breaks, over random orders in which its customers join
//! (Bollen and Rönnberg 2017, Energies 10(9), on stochastic hosting capacity).

use rayon::prelude::*;

use super::{
    check::Grid,
    element::{Demand, Label, Load, Zip},
    flow::{Flow, solve},
};

/// What must hold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    pub vm_min_pu: f64,
    pub vm_max_pu: f64,
    /// Of the rating, 1.
    pub loading_max: f64,
}

/// EN 50160, clause 4.2.2: ±10 % of nominal voltage at low voltage.
pub const EN_50160: Limits = Limits { vm_min_pu: 0.9, vm_max_pu: 1.1, loading_max: 1.0 };

/// Who may join, with what, and how often the order is drawn.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Buses; one that stands twice may join twice.
    pub candidates: &'a [u32],
    /// What each draws, W and var; photovoltaics are negative.
    pub unit: Zip,
    pub limits: Limits,
    pub placements: u32,
    pub seed: u64,
}

/// Per placement how many units fit, ascending.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hosting {
    pub units: Vec<usize>,
}

impl Hosting {
    /// The number that a share of the placements does not reach, 0 to 1; None without placements.
    pub fn quantile(&self, share: f64) -> Option<usize> {
        let last = self.units.len().checked_sub(1)?;
        Some(self.units[(share.clamp(0.0, 1.0) * last as f64).round() as usize])
    }
}

/// Draws the placements; they go over threads. A grid that breaks a limit as it stands hosts nothing.
pub fn hosting(grid: &Grid, question: &Question<'_>) -> Hosting {
    let placements = (0..question.placements).into_par_iter();
    let mut units: Vec<usize> =
        placements.map(|index| fits(grid, question, &order(question.candidates, question.seed, index))).collect();
    units.sort_unstable();
    Hosting { units }
}

/// The most units of an order that hold, by halving: each unit pushes voltages and loadings further the same way.
fn fits(grid: &Grid, question: &Question<'_>, order: &[u32]) -> usize {
    let holds = |count: usize| {
        let with = joined(grid, question.unit, &order[..count]);
        solve(&with).is_ok_and(|flow| within(&flow, &question.limits))
    };
    if !holds(0) {
        return 0;
    }
    let (mut good, mut bad) = (0, order.len() + 1);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if holds(middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

fn joined(grid: &Grid, unit: Zip, buses: &[u32]) -> Grid {
    let mut data = grid.clone().into_data();
    let load = |(index, &bus): (usize, &u32)| Load {
        label: Label::new("joined", index + 1, index.to_string()),
        bus,
        demand: Demand::Balanced(unit),
        in_service: true,
    };
    data.loads.extend(buses.iter().filter(|bus| (**bus as usize) < grid.buses.len()).enumerate().map(load));
    Grid::trusted(data)
}

/// Whether every live bus and every rated branch keeps the limits.
pub fn within(flow: &Flow, limits: &Limits) -> bool {
    let mut live = flow.voltage.iter().map(|u| u.norm()).filter(|vm| *vm > 0.0);
    let voltages = live.all(|vm| vm >= limits.vm_min_pu && vm <= limits.vm_max_pu);
    voltages && flow.branches.iter().filter_map(|branch| branch.loading).all(|loading| loading <= limits.loading_max)
}

/// The candidates shuffled (Fisher and Yates) by SplitMix64 of seed and placement.
pub(super) fn order(candidates: &[u32], seed: u64, placement: u32) -> Vec<u32> {
    let mut state = seed ^ u64::from(placement).wrapping_mul(0xd134_2543_de82_ef95);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut order = candidates.to_vec();
    for last in (1..order.len()).rev() {
        order.swap(last, (next() % (last as u64 + 1)) as usize);
    }
    order
}
