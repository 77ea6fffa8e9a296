//! The unbalanced load flow in three phases, four-wire by the neutral's part in impedances and zero sequence.

use faer::c64;
use thiserror::Error;

use super::{
    check::Grid,
    element::GridData,
    flow::{FlowError, not_converged},
    network::{NONE, NodeKind},
    newton::{Diverged, NewtonRaphson, Nodes, flat_start},
    phase_matrix::{Three, turn},
    phases::{NoZeroSequence, PHASE_VA, PhaseNetwork},
    two_port::BASE_VA,
};

/// Largest power that a solved state may miss at a node, per unit: 1 VA.
const RESIDUAL_PU: f64 = 1.0 / PHASE_VA;

/// Powers of a branch per phase, W + j var, positive into it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PhaseBranchFlow {
    pub from_va: [c64; 3],
    pub to_va: [c64; 3],
    /// Of the rating by the most loaded phase, 1; of transformers and regulators each phase has a third of the rated power.
    pub loading: Option<f64>,
}

/// A solved unbalanced load flow, in the order of the grid's elements.
#[derive(Clone, Debug)]
pub struct PhaseFlow {
    pub iterations: u32,
    /// Per bus phases a, b, c to earth, per unit of rated voltage over √3; nought where dead.
    pub voltage: Vec<[c64; 3]>,
    pub branches: Vec<PhaseBranchFlow>,
    /// Per external grid, VA.
    pub sources: Vec<[c64; 3]>,
    pub losses_w: f64,
    /// As in [`super::Flow`].
    pub drawn_w: f64,
    pub turnover_w: f64,
    pub residual_va: f64,
}

#[derive(Clone, PartialEq, Debug, Error)]
pub enum PhaseFlowError {
    #[error(transparent)]
    NoZeroSequence(#[from] NoZeroSequence),
    #[error(transparent)]
    NotConverged(#[from] FlowError),
}

/// Solves by Newton-Raphson over phases.
pub fn solve_phases(grid: &Grid) -> Result<PhaseFlow, PhaseFlowError> {
    Ok(PhaseSolver::new(grid)?.solve(grid)?)
}

/// A grid analysed once, for other powers as often as wanted.
#[derive(Clone, Debug)]
pub struct PhaseSolver {
    network: PhaseNetwork,
    newton: NewtonRaphson,
    start: Vec<c64>,
}

impl PhaseSolver {
    pub fn new(grid: &Grid) -> Result<Self, NoZeroSequence> {
        let network = PhaseNetwork::new(grid)?;
        let newton = NewtonRaphson::new(network.admittance());
        let start = flat_start(&network.balanced);
        let start = start.iter().flat_map(|u| (0..3).map(move |phase| u * turn(phase))).collect();
        Ok(Self { network, newton, start })
    }

    /// Takes the constant powers of `data`, the rest of which is the grid's.
    pub fn draw(&mut self, data: &GridData) {
        self.network.draw_powers(data);
    }

    pub fn solve(&mut self, grid: &Grid) -> Result<PhaseFlow, FlowError> {
        let network = &self.network;
        let PhaseNetwork { kind, power, current, between, .. } = network;
        let mut voltage = self.start.clone();
        let failed = |diverged: Diverged| {
            let (node, mismatch) = (diverged.node / 3, diverged.mismatch * (PHASE_VA / BASE_VA));
            not_converged(grid, &network.balanced, Diverged { node, mismatch, ..diverged })
        };
        let solved = self.newton.solve(Nodes { kind, power, current, between }, &mut voltage).map_err(failed)?;
        let (flow, missing) = PhaseFlow::new(grid, network, &voltage, solved.iterations);
        let (node, mismatch) = unmet_current(network, &voltage, &missing);
        // Not a number is no solution either.
        if mismatch <= RESIDUAL_PU {
            return Ok(flow);
        }
        Err(failed(Diverged { node, mismatch, iterations: solved.iterations }))
    }
}

/// The node whose balance of currents is left furthest from nought, and by how much, as power at the rated voltage, per unit. A
/// voltage that vanished meets every balance of powers, but not that of currents.
fn unmet_current(network: &PhaseNetwork, voltage: &[c64], missing: &[c64]) -> (u32, f64) {
    let mut worst = (0, 0.0);
    for (node, (u, missing)) in voltage.iter().zip(missing).enumerate() {
        let unmet = unmet(network.kind[node], *missing) / u.norm().min(1.0);
        let held = matches!(network.kind[node], NodeKind::Slack(_));
        if !held && (unmet > worst.1 || unmet.is_nan()) {
            worst = (node as u32, unmet);
        }
        if worst.1.is_nan() {
            break;
        }
    }
    worst
}

/// What is missing of what a node does not hold, per unit.
fn unmet(kind: NodeKind, missing: c64) -> f64 {
    match kind {
        NodeKind::Slack(_) => 0.0,
        NodeKind::Voltage(_) => missing.re.abs(),
        NodeKind::Load => missing.re.abs().max(missing.im.abs()),
    }
}

fn times(y: &Three, u: &[c64; 3]) -> [c64; 3] {
    y.map(|row| row[0] * u[0] + row[1] * u[1] + row[2] * u[2])
}

impl PhaseFlow {
    /// And what is missing at each node, per unit.
    fn new(grid: &Grid, network: &PhaseNetwork, voltage: &[c64], iterations: u32) -> (Self, Vec<c64>) {
        let zero = [c64::new(0.0, 0.0); 3];
        let at = |node: u32| if node == NONE { zero } else { std::array::from_fn(|p| voltage[3 * node as usize + p]) };
        let mut flow = Self {
            iterations,
            voltage: network.balanced.node_of_bus.iter().map(|node| at(*node)).collect(),
            branches: Vec::new(),
            sources: Vec::new(),
            losses_w: 0.0,
            drawn_w: 0.0,
            turnover_w: 0.0,
            residual_va: 0.0,
        };
        let mut missing = drawn(network, voltage);
        flow.drawn_w = missing.iter().map(|s| s.re).sum::<f64>() * PHASE_VA;
        flow.turnover_w = missing.iter().map(|s| s.re.abs()).sum::<f64>() * PHASE_VA;
        let elements = grid.branch_ends().count();
        let mut into_all = Vec::with_capacity(network.branches.len());
        for (index, (from, to, y)) in network.branches.iter().enumerate() {
            let u = [at(*from), at(*to)];
            let into: [[c64; 3]; 2] = std::array::from_fn(|end| {
                let (a, b) = (times(&y[end][0], &u[0]), times(&y[end][1], &u[1]));
                std::array::from_fn(|p| u[end][p] * (a[p] + b[p]).conj())
            });
            for (node, power) in [*from, *to].into_iter().zip(into) {
                if node != NONE {
                    power.iter().enumerate().for_each(|(p, power)| missing[3 * node as usize + p] += power);
                }
            }
            into_all.push(into);
            if index < elements {
                flow.losses_w += into.iter().flatten().map(|s| s.re).sum::<f64>() * PHASE_VA;
                flow.branches.push(branch_flow(grid, index, u, into));
            }
        }
        flow.close(network, &missing, &into_all);
        (flow, missing)
    }

    fn close(&mut self, network: &PhaseNetwork, missing: &[c64], into: &[[[c64; 3]; 2]]) {
        for (&(node, branch), share) in network.balanced.sources.iter().zip(&network.balanced.shares) {
            let given = match branch {
                _ if node == NONE => [c64::new(0.0, 0.0); 3],
                Some(branch) => into[branch as usize][1].map(|power| -power),
                None => std::array::from_fn(|p| missing[3 * node as usize + p] * *share),
            };
            self.sources.push(given.map(|power| power * PHASE_VA));
        }
        for (missing, kind) in missing.iter().zip(&network.kind) {
            self.residual_va = self.residual_va.max(unmet(*kind, *missing) * PHASE_VA);
        }
    }
}

/// Per phase of each node what loads and shunts draw, per unit.
fn drawn(network: &PhaseNetwork, voltage: &[c64]) -> Vec<c64> {
    let mut drawn = vec![c64::new(0.0, 0.0); voltage.len()];
    for load in &network.between {
        load.nodes.into_iter().zip(load.drawn(voltage)).for_each(|(node, power)| drawn[node as usize] += power);
    }
    for (node, shunt) in network.shunt.iter().enumerate() {
        let u: [c64; 3] = std::array::from_fn(|p| voltage[3 * node + p]);
        let into = times(shunt, &u);
        for p in 0..3 {
            let (at, vm) = (3 * node + p, u[p].norm());
            let of = |k: usize| network.power[at][k] + network.current[at][k] * vm;
            drawn[at] += c64::new(of(0), of(1)) + u[p] * into[p].conj();
        }
    }
    drawn
}

fn branch_flow(grid: &Grid, index: usize, u: [[c64; 3]; 2], into: [[c64; 3]; 2]) -> PhaseBranchFlow {
    let (lines, transformers) = (grid.lines.len(), grid.transformers.len());
    let most_va = into.iter().flatten().map(|s| s.norm()).fold(0.0, f64::max) * PHASE_VA;
    let loading = if index < lines {
        let line = &grid.lines[index];
        let volts = grid.buses[line.ends.from as usize].rated_v / 3_f64.sqrt();
        let amperes = |u: &c64, s: &c64| if u.norm() > 0.0 { s.norm() * PHASE_VA / (u.norm() * volts) } else { 0.0 };
        let most = u.iter().flatten().zip(into.iter().flatten()).map(|(u, s)| amperes(u, s)).fold(0.0, f64::max);
        line.rated_a.filter(|&rated| rated > 0.0).map(|rated| most / (rated * f64::from(line.parallel)))
    } else if index < lines + transformers {
        let transformer = &grid.transformers[index - lines];
        Some(3.0 * most_va / (transformer.rated_va * f64::from(transformer.parallel)))
    } else {
        let rated_va = grid.pi_branches[index - lines - transformers].rated_va;
        rated_va.filter(|&va| va > 0.0).map(|va| 3.0 * most_va / va)
    };
    let [from_va, to_va] = into.map(|powers| powers.map(|power| power * PHASE_VA));
    PhaseBranchFlow { from_va, to_va, loading }
}
