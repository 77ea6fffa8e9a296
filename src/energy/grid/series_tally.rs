//! What many instants together say of buses, branches and energy. Owns sums and extremes; knows no load flow.

use serde::Serialize;

use super::{
    check::Grid,
    element::{Bus, ElementId, Ends, Label},
};

/// A bus over all instants; three phases count each by itself. Dead buses stand at nought.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BusSeries {
    pub id: ElementId,
    pub vm_min_pu: f64,
    pub vm_max_pu: f64,
    /// Hours in which the voltage, or a phase of it, is more than 5 or 10 % off.
    pub hours_outside_5_percent: f64,
    pub hours_outside_10_percent: f64,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BranchSeries {
    pub id: ElementId,
    /// Null where no rating is stated.
    pub loading_max_percent: Option<f64>,
    pub hours_over_100_percent: f64,
}

/// All instants together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SeriesReport {
    pub converged: bool,
    pub instants: usize,
    pub hours: f64,
    pub buses: Vec<BusSeries>,
    pub branches: Vec<BranchSeries>,
    /// What sources give, and what loads, generators, batteries and shunts draw together, MWh.
    pub energy_in_mwh: f64,
    pub energy_drawn_mwh: f64,
    pub losses_mwh: f64,
    /// Largest share of an instant's turnover by which what goes in is not what is drawn and lost.
    pub largest_imbalance: f64,
    pub residual_mva: f64,
    pub cpu_s: f64,
}

/// What one instant says.
pub struct State {
    /// Per bus, one or three.
    pub vm_pu: Vec<Vec<f64>>,
    pub loading: Vec<Option<f64>>,
    pub given_w: f64,
    pub drawn_w: f64,
    /// Sum over buses of what is drawn or made there, W.
    pub turnover_w: f64,
    pub losses_w: f64,
    pub residual_va: f64,
}

/// Sums and extremes of some instants.
pub struct Tally {
    vm_min: Vec<f64>,
    vm_max: Vec<f64>,
    outside: Vec<[f64; 2]>,
    loading: Vec<Option<f64>>,
    over: Vec<f64>,
    /// Given, drawn, lost: Wh.
    energy_wh: [f64; 3],
    imbalance: f64,
    residual_va: f64,
}

impl Tally {
    pub fn new(grid: &Grid) -> Self {
        let (buses, branches) = (grid.buses.len(), grid.branch_ends().count());
        Self {
            vm_min: vec![f64::INFINITY; buses],
            vm_max: vec![0.0; buses],
            outside: vec![[0.0; 2]; buses],
            loading: vec![None; branches],
            over: vec![0.0; branches],
            energy_wh: [0.0; 3],
            imbalance: 0.0,
            residual_va: 0.0,
        }
    }

    pub fn add(&mut self, state: &State, hours: f64) {
        for (bus, phases) in state.vm_pu.iter().enumerate() {
            let mut off = 0.0_f64;
            for &vm in phases.iter().filter(|vm| **vm > 0.0) {
                self.vm_min[bus] = self.vm_min[bus].min(vm);
                self.vm_max[bus] = self.vm_max[bus].max(vm);
                off = off.max((vm - 1.0).abs());
            }
            for (hours_outside, limit) in self.outside[bus].iter_mut().zip([0.05, 0.10]) {
                *hours_outside += if off > limit { hours } else { 0.0 };
            }
        }
        for (branch, loading) in state.loading.iter().enumerate() {
            let Some(loading) = *loading else { continue };
            self.loading[branch] = Some(self.loading[branch].map_or(loading, |most| most.max(loading)));
            self.over[branch] += if loading > 1.0 { hours } else { 0.0 };
        }
        for (sum, power) in self.energy_wh.iter_mut().zip([state.given_w, state.drawn_w, state.losses_w]) {
            *sum += power * hours;
        }
        let turnover = state.turnover_w.max(state.losses_w.abs());
        let missing = (state.given_w - state.drawn_w - state.losses_w).abs();
        if turnover > 0.0 {
            self.imbalance = self.imbalance.max(missing / turnover);
        }
        self.residual_va = self.residual_va.max(state.residual_va);
    }

    pub fn with(mut self, other: Self) -> Self {
        for (bus, outside) in other.outside.into_iter().enumerate() {
            self.vm_min[bus] = self.vm_min[bus].min(other.vm_min[bus]);
            self.vm_max[bus] = self.vm_max[bus].max(other.vm_max[bus]);
            self.outside[bus].iter_mut().zip(outside).for_each(|(sum, hours)| *sum += hours);
        }
        for (branch, over) in other.over.into_iter().enumerate() {
            let most = [self.loading[branch], other.loading[branch]].into_iter().flatten().reduce(f64::max);
            self.loading[branch] = most;
            self.over[branch] += over;
        }
        self.energy_wh.iter_mut().zip(other.energy_wh).for_each(|(sum, energy)| *sum += energy);
        self.imbalance = self.imbalance.max(other.imbalance);
        self.residual_va = self.residual_va.max(other.residual_va);
        self
    }

    pub fn report(self, grid: &Grid, hours: &[f64]) -> SeriesReport {
        let bus = |(at, bus): (usize, &Bus)| BusSeries {
            id: bus.label.id.clone(),
            vm_min_pu: if self.vm_min[at].is_finite() { self.vm_min[at] } else { 0.0 },
            vm_max_pu: self.vm_max[at],
            hours_outside_5_percent: self.outside[at][0],
            hours_outside_10_percent: self.outside[at][1],
        };
        let branch = |(at, (label, _)): (usize, (&Label, Ends))| BranchSeries {
            id: label.id.clone(),
            loading_max_percent: self.loading[at].map(|loading| 100.0 * loading),
            hours_over_100_percent: self.over[at],
        };
        SeriesReport {
            converged: true,
            instants: hours.len(),
            hours: hours.iter().sum(),
            buses: grid.buses.iter().enumerate().map(bus).collect(),
            branches: grid.branch_ends().enumerate().map(branch).collect(),
            energy_in_mwh: self.energy_wh[0] / 1e6,
            energy_drawn_mwh: self.energy_wh[1] / 1e6,
            losses_mwh: self.energy_wh[2] / 1e6,
            largest_imbalance: self.imbalance,
            residual_mva: self.residual_va / 1e6,
            cpu_s: 0.0,
        }
    }
}
