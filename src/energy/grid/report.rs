//! A load flow as `grid solve --json` writes it: plain data for serde.

use serde::Serialize;

use super::{check::Grid, element::ElementId, flow::Flow, three_phase::PhaseFlow};

/// A scalar, or phases a, b, c.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(untagged)]
pub enum PerPhase {
    Balanced(f64),
    Phases([f64; 3]),
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BusReport {
    pub id: ElementId,
    pub vm_pu: PerPhase,
    pub va_deg: PerPhase,
}

#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BranchReport {
    pub id: ElementId,
    /// Null where no rating is stated.
    pub loading_percent: Option<f64>,
    pub p_from_mw: f64,
    pub p_to_mw: f64,
}

/// The whole answer.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    pub converged: bool,
    pub iterations: u32,
    pub buses: Vec<BusReport>,
    pub branches: Vec<BranchReport>,
    /// Buses that no source reaches: what hangs there is not in the answer.
    pub buses_without_supply: usize,
    pub losses_mw: f64,
    pub residual_mva: f64,
    pub cpu_s: f64,
}

impl Report {
    /// `cpu_s` is the caller's measurement: engines have no clock.
    pub fn balanced(grid: &Grid, flow: &Flow, cpu_s: f64) -> Self {
        let bus = |(bus, u): (&super::Bus, &faer::c64)| BusReport {
            id: bus.label.id.clone(),
            vm_pu: PerPhase::Balanced(u.norm()),
            va_deg: PerPhase::Balanced(u.arg().to_degrees()),
        };
        let branch = |((label, _), flow): ((&super::Label, super::Ends), &super::BranchFlow)| BranchReport {
            id: label.id.clone(),
            loading_percent: flow.loading.map(|loading| 100.0 * loading),
            p_from_mw: flow.from_va.re / 1e6,
            p_to_mw: flow.to_va.re / 1e6,
        };
        Self {
            converged: true,
            iterations: flow.iterations,
            buses: grid.buses.iter().zip(&flow.voltage).map(bus).collect(),
            branches: grid.branch_ends().zip(&flow.branches).map(branch).collect(),
            buses_without_supply: flow.voltage.iter().filter(|u| u.norm() == 0.0).count(),
            losses_mw: flow.losses_w / 1e6,
            residual_mva: flow.residual_va / 1e6,
            cpu_s,
        }
    }

    /// Of an unbalanced load flow: arrays of phases a, b, c per bus, sums of the phases per branch.
    pub fn phases(grid: &Grid, flow: &PhaseFlow, cpu_s: f64) -> Self {
        let bus = |(bus, u): (&super::Bus, &[faer::c64; 3])| BusReport {
            id: bus.label.id.clone(),
            vm_pu: PerPhase::Phases(u.map(|u| u.norm())),
            va_deg: PerPhase::Phases(u.map(|u| u.arg().to_degrees())),
        };
        let megawatts = |powers: &[faer::c64; 3]| powers.iter().map(|s| s.re).sum::<f64>() / 1e6;
        let branch = |((label, _), flow): ((&super::Label, super::Ends), &super::PhaseBranchFlow)| BranchReport {
            id: label.id.clone(),
            loading_percent: flow.loading.map(|loading| 100.0 * loading),
            p_from_mw: megawatts(&flow.from_va),
            p_to_mw: megawatts(&flow.to_va),
        };
        Self {
            converged: true,
            iterations: flow.iterations,
            buses: grid.buses.iter().zip(&flow.voltage).map(bus).collect(),
            branches: grid.branch_ends().zip(&flow.branches).map(branch).collect(),
            buses_without_supply: flow.voltage.iter().filter(|u| u.iter().all(|u| u.norm() == 0.0)).count(),
            losses_mw: flow.losses_w / 1e6,
            residual_mva: flow.residual_va / 1e6,
            cpu_s,
        }
    }
}
