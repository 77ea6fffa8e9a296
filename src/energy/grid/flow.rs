//! What a solved balanced load flow says of every bus, branch and source, and [`solve`], which finds it.

use faer::c64;
use thiserror::Error;

use super::{
    check::Grid,
    element::ElementId,
    network::{NONE, Network, NodeKind},
    newton::{Admittance, Converged, Diverged, NewtonRaphson, Nodes, dc_start, flat_start},
    two_port::BASE_VA,
};

/// Powers of a branch, W + j var, positive into the branch at either end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BranchFlow {
    pub from_va: c64,
    pub to_va: c64,
    pub from_a: f64,
    pub to_a: f64,
    /// Of the rating, 1; None where no rating is stated.
    pub loading: Option<f64>,
}

/// A solved balanced load flow, in the order of the grid's elements.
#[derive(Clone, Debug)]
pub struct Flow {
    pub iterations: u32,
    /// Per bus, per unit of its rated voltage; nought where dead.
    pub voltage: Vec<c64>,
    /// In the order of [`super::GridData::branch_ends`].
    pub branches: Vec<BranchFlow>,
    /// Per external grid what it gives, VA; ideal ones at the same bus share by short-circuit power.
    pub sources: Vec<c64>,
    /// Sum over branches of what goes in and does not come out, W.
    pub losses_w: f64,
    /// What loads and shunts draw less what generators make, W; and the sum over buses of either, whatever its sign.
    pub drawn_w: f64,
    pub turnover_w: f64,
    /// Largest power that is missing at a bus, VA.
    pub residual_va: f64,
}

/// Why a load flow has no solution.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum FlowError {
    #[error(
        "the load flow did not converge in {iterations} iterations; the largest mismatch, {mismatch_mva:.3e} MVA, is at \
         bus {bus} (table {table}, row {row}): check its loads and the branches that feed it"
    )]
    NotConverged { bus: ElementId, table: &'static str, row: u32, mismatch_mva: f64, iterations: u32 },
}

/// Whether a generator that holds a voltage keeps to its reactive limits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum ReactiveLimits {
    /// It gives what the voltage asks.
    #[default]
    Ignore,
    /// At its limit it gives that, and the voltage follows.
    Keep,
}

/// Solves by Newton-Raphson from a flat start, then, where that fails, from the linear flow's angles.
pub fn solve(grid: &Grid) -> Result<Flow, FlowError> {
    solve_within(grid, ReactiveLimits::Ignore)
}

/// [`solve`] with or without reactive limits.
pub fn solve_within(grid: &Grid, limits: ReactiveLimits) -> Result<Flow, FlowError> {
    let mut network = Network::new(grid);
    let mut iterations = 0;
    loop {
        let solved = solve_network(&network);
        let (voltage, converged) = solved.map_err(|diverged| not_converged(grid, &network, diverged))?;
        iterations += converged.iterations;
        if limits == ReactiveLimits::Ignore || !hold_at_limits(&mut network, &voltage) {
            return Ok(Flow::new(grid, &network, &voltage, iterations));
        }
    }
}

/// A grid whose equations are analysed once, for repeated solutions.
#[derive(Clone, Debug)]
pub struct MeshSolver<'a> {
    grid: &'a Grid,
    network: Network,
    newton: NewtonRaphson,
    start: Vec<c64>,
}

impl<'a> MeshSolver<'a> {
    pub fn new(grid: &'a Grid) -> Self {
        let network = Network::new(grid);
        let (newton, start) = (NewtonRaphson::new(Admittance::new(&network)), flat_start(&network));
        Self { grid, network, newton, start }
    }

    /// Voltage per bus from a flat start.
    pub fn voltages(&mut self) -> Result<Vec<c64>, FlowError> {
        let mut voltage = self.start.clone();
        let network = &self.network;
        let nodes = Nodes { kind: &network.kind, power: &network.power, current: &network.current, between: &[] };
        let solved = self.newton.solve(nodes, &mut voltage);
        solved.map_err(|diverged| not_converged(self.grid, network, diverged))?;
        let of_bus = |node: &u32| if *node == NONE { c64::new(0.0, 0.0) } else { voltage[*node as usize] };
        Ok(network.node_of_bus.iter().map(of_bus).collect())
    }
}

/// Turns nodes that ask more of their generators than they can give into loads; false where there is none. Each round
/// turns one at least, so that the rounds end.
fn hold_at_limits(network: &mut Network, voltage: &[c64]) -> bool {
    let mut asked = drawn(network, voltage);
    for branch in &network.branches {
        let ends = [branch.from, branch.to];
        let u = ends.map(|node| if node == NONE { c64::new(0.0, 0.0) } else { voltage[node as usize] });
        for (end, node) in ends.into_iter().enumerate().filter(|(_, node)| *node != NONE) {
            asked[node as usize] += u[end] * (branch.y[end][0] * u[0] + branch.y[end][1] * u[1]).conj();
        }
    }
    let mut any = false;
    for (node, asked) in asked.iter().enumerate() {
        let [least, most] = network.reactive[node];
        // The mismatch of a solved case must not look like a limit.
        let slack = 1e-6;
        let limit = if asked.im > most + slack {
            most
        } else if asked.im < least - slack {
            least
        } else {
            continue;
        };
        if matches!(network.kind[node], NodeKind::Voltage(_)) {
            network.kind[node] = NodeKind::Load;
            network.power[node][1] -= limit;
            any = true;
        }
    }
    any
}

/// Voltages per node.
pub fn solve_network(network: &Network) -> Result<(Vec<c64>, Converged), Diverged> {
    let mut newton = NewtonRaphson::new(Admittance::new(network));
    let nodes = Nodes { kind: &network.kind, power: &network.power, current: &network.current, between: &[] };
    let mut voltage = flat_start(network);
    let first = match newton.solve(nodes, &mut voltage) {
        Ok(converged) => return Ok((voltage, converged)),
        Err(diverged) => diverged,
    };
    let Some(mut voltage) = dc_start(network) else { return Err(first) };
    match newton.solve(nodes, &mut voltage) {
        Ok(Converged { iterations, mismatch }) => {
            let iterations = iterations + first.iterations;
            Ok((voltage, Converged { iterations, mismatch }))
        }
        Err(second) => Err(if second.mismatch < first.mismatch { second } else { first }),
    }
}

pub(crate) fn not_converged(grid: &Grid, network: &Network, diverged: Diverged) -> FlowError {
    let at = network.bus_of_node.get(diverged.node as usize).copied().unwrap_or(NONE);
    let inner = || {
        let source = network.sources.iter().position(|(_, branch)| {
            branch.is_some_and(|branch| network.branches[branch as usize].from == diverged.node)
        });
        grid.external_grids[source.unwrap_or(0)].bus
    };
    let label = &grid.buses[if at == NONE { inner() } else { at } as usize].label;
    FlowError::NotConverged {
        bus: label.id.clone(),
        table: label.table,
        row: label.row,
        mismatch_mva: diverged.mismatch * BASE_VA / 1e6,
        iterations: diverged.iterations,
    }
}

impl Flow {
    /// Everything that follows from the nodes' voltages.
    pub fn new(grid: &Grid, network: &Network, voltage: &[c64], iterations: u32) -> Self {
        let of_bus = |node: &u32| if *node == NONE { c64::new(0.0, 0.0) } else { voltage[*node as usize] };
        let mut flow = Self {
            iterations,
            voltage: network.node_of_bus.iter().map(of_bus).collect(),
            branches: Vec::with_capacity(network.branches.len()),
            sources: Vec::new(),
            losses_w: 0.0,
            drawn_w: 0.0,
            turnover_w: 0.0,
            residual_va: 0.0,
        };
        let mut missing = drawn(network, voltage);
        flow.drawn_w = missing.iter().map(|s| s.re).sum::<f64>() * BASE_VA;
        flow.turnover_w = missing.iter().map(|s| s.re.abs()).sum::<f64>() * BASE_VA;
        let elements = grid.lines.len() + grid.transformers.len() + grid.pi_branches.len();
        for (index, branch) in network.branches.iter().enumerate() {
            let u = [branch.from, branch.to].map(|node| of_bus(&node));
            let into = [0, 1].map(|end| u[end] * (branch.y[end][0] * u[0] + branch.y[end][1] * u[1]).conj());
            for (node, power) in [branch.from, branch.to].into_iter().zip(into) {
                if node != NONE {
                    missing[node as usize] += power;
                }
            }
            if index < elements {
                flow.branches.push(branch_flow(grid, index, u, into));
                flow.losses_w += (into[0] + into[1]).re * BASE_VA;
            }
        }
        flow.close(network, voltage, missing);
        flow
    }

    /// Sources give what is missing at their nodes; what stays anywhere else is the residual.
    fn close(&mut self, network: &Network, voltage: &[c64], missing: Vec<c64>) {
        for (&(node, branch), share) in network.sources.iter().zip(&network.shares) {
            let given = match branch {
                _ if node == NONE => c64::new(0.0, 0.0),
                None => missing[node as usize] * *share,
                Some(branch) => {
                    let NodeBranchEnds { inner, y } = NodeBranchEnds::of(network, branch);
                    let (u, source) = (voltage[node as usize], voltage[inner as usize]);
                    u * (y * (source - u)).conj()
                }
            };
            self.sources.push(given * BASE_VA);
        }
        for (missing, kind) in missing.iter().zip(&network.kind) {
            let unmet = match kind {
                NodeKind::Slack(_) => 0.0,
                NodeKind::Voltage(_) => missing.re.abs(),
                NodeKind::Load => missing.re.abs().max(missing.im.abs()),
            };
            self.residual_va = self.residual_va.max(unmet * BASE_VA);
        }
    }
}

/// Inner node and series admittance of a source's branch.
struct NodeBranchEnds {
    inner: u32,
    y: c64,
}

impl NodeBranchEnds {
    fn of(network: &Network, branch: u32) -> Self {
        let branch = &network.branches[branch as usize];
        Self { inner: branch.from, y: branch.y[0][0] }
    }
}

/// Per node what loads and shunts draw (generators negative), per unit.
fn drawn(network: &Network, voltage: &[c64]) -> Vec<c64> {
    let draw = |(node, u): (usize, &c64)| {
        let vm = u.norm();
        let of = |k: usize| network.power[node][k] + network.current[node][k] * vm;
        c64::new(of(0), of(1)) + network.shunt[node].conj() * u.norm_sqr()
    };
    voltage.iter().enumerate().map(draw).collect()
}

fn branch_flow(grid: &Grid, index: usize, u: [c64; 2], into: [c64; 2]) -> BranchFlow {
    let (lines, transformers) = (grid.lines.len(), grid.transformers.len());
    let ends = if index < lines {
        grid.lines[index].ends
    } else if index < lines + transformers {
        grid.transformers[index - lines].ends
    } else {
        grid.pi_branches[index - lines - transformers].ends
    };
    let amperes = |bus: u32, u: c64, s: c64| {
        let volts = u.norm() * grid.buses[bus as usize].rated_v * 3_f64.sqrt();
        if volts > 0.0 { s.norm() * BASE_VA / volts } else { 0.0 }
    };
    let (from_a, to_a) = (amperes(ends.from, u[0], into[0]), amperes(ends.to, u[1], into[1]));
    let largest_va = into[0].norm().max(into[1].norm()) * BASE_VA;
    let loading = if index < lines {
        let line = &grid.lines[index];
        line.rated_a.filter(|&rated| rated > 0.0).map(|rated| from_a.max(to_a) / (rated * f64::from(line.parallel)))
    } else if index < lines + transformers {
        let transformer = &grid.transformers[index - lines];
        Some(largest_va / (transformer.rated_va * f64::from(transformer.parallel)))
    } else {
        grid.pi_branches[index - lines - transformers].rated_va.filter(|&va| va > 0.0).map(|va| largest_va / va)
    };
    BranchFlow { from_va: into[0] * BASE_VA, to_va: into[1] * BASE_VA, from_a, to_a, loading }
}
