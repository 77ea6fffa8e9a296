//! Newton-Raphson load flow in polar coordinates (Tinney and Hart 1967, IEEE Trans. PAS-86(11)) for any mesh, with
//! voltage-controlled and slack nodes. Owns the iteration; the meaning of its nodes is the caller's.

use faer::c64;

use super::{
    block_lu::{Block, BlockLu, Pattern, Weak},
    element::Zip,
    network::{NONE, Network, NodeBranch, NodeKind},
    pivoted_lu,
};

/// Largest mismatch that counts as solved, of all power drawn and made; at most and at least, per unit of 1 MVA.
const TOLERANCE: f64 = 1e-10;
const TOLERANCE_PU: (f64, f64) = (1e-13, 1e-8);
/// Largest mismatch that is accepted where rounding allows no better, per unit.
pub const ACCEPTED_PU: f64 = 1e-6;
/// Iterations after which a case counts as not solvable: a sound one takes 3 to 8.
pub const MAX_ITERATIONS: u32 = 40;
/// A step keeps angle and magnitude within this much of the last, rad and 1, so that a far start does not
/// jump over the solution.
const LARGEST_STEP: f64 = 1.0;

/// A sparse complex matrix in the pattern's order.
#[derive(Clone, Debug)]
pub struct Admittance {
    pub pattern: Pattern,
    pub values: Vec<c64>,
}

impl Admittance {
    /// The nodal admittance matrix.
    pub fn new(network: &Network) -> Self {
        let edges = network.branches.iter().filter(|b| b.from != NONE && b.to != NONE).map(|b| (b.from, b.to));
        let pattern = Pattern::new(network.len(), edges);
        let mut values = vec![c64::new(0.0, 0.0); pattern.columns.len()];
        let mut add = |row: u32, column: u32, y: c64| {
            if row != NONE && column != NONE {
                let at = pattern.find(row, column).expect("the pattern holds every branch");
                values[at] += y;
            }
        };
        for branch in &network.branches {
            let ends = [branch.from, branch.to];
            for (row, y) in ends.into_iter().zip(branch.y) {
                ends.into_iter().zip(y).for_each(|(column, y)| add(row, column, y));
            }
        }
        network.shunt.iter().enumerate().for_each(|(node, y)| add(node as u32, node as u32, *y));
        Self { pattern, values }
    }
}

/// What is asked of each node, per unit.
#[derive(Clone, Copy, Debug)]
pub struct Nodes<'a> {
    pub kind: &'a [NodeKind],
    /// Drawn at any voltage, P and Q.
    pub power: &'a [[f64; 2]],
    /// Drawn in proportion to the voltage.
    pub current: &'a [[f64; 2]],
    pub between: &'a [Between],
}

/// A load between two nodes that the pattern joins, per unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Between {
    pub nodes: [u32; 2],
    /// At √3 per unit between the nodes, as between phases at rated voltage.
    pub demand: Zip,
}

impl Between {
    /// What it draws from either node at its voltage: its current enters at one and leaves at the other.
    pub fn drawn(&self, voltage: &[c64]) -> [c64; 2] {
        let across = self.across(voltage);
        let [p, q] = self.demand.at(across.norm() / 3_f64.sqrt());
        self.shares(voltage).map(|share| share * c64::new(p, q))
    }

    fn across(&self, voltage: &[c64]) -> c64 {
        voltage[self.nodes[0] as usize] - voltage[self.nodes[1] as usize]
    }

    /// Each node's part of the voltage between them; both make 1.
    fn shares(&self, voltage: &[c64]) -> [c64; 2] {
        let across = self.across(voltage);
        [voltage[self.nodes[0] as usize] / across, -voltage[self.nodes[1] as usize] / across]
    }

    /// Derivatives of what it draws from node `row` by angle and relative magnitude of node `column`, each 0 or 1. A
    /// relative change `e` of a node's voltage changes the voltage between them by its share of `e`, and shares by their product.
    fn derivative(&self, voltage: &[c64], row: usize, column: usize) -> Block {
        let (vm, shares) = (self.across(voltage).norm() / 3_f64.sqrt(), self.shares(voltage));
        let [p, q] = self.demand.at(vm);
        let steepness = |k: usize| (self.demand.current[k] + 2.0 * self.demand.impedance[k] * vm) * vm;
        let sign = if row == column { 1.0 } else { -1.0 };
        let turned = c64::new(p, q) * shares[0] * shares[1] * sign;
        let grown = shares[row] * c64::new(steepness(0), steepness(1));
        let by = |e: c64| turned * e + grown * (shares[column] * e).re;
        let (angle, magnitude) = (by(c64::new(0.0, 1.0)), by(c64::new(1.0, 0.0)));
        [angle.re, magnitude.re, angle.im, magnitude.im]
    }
}

/// Why there is no solution.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Diverged {
    /// The node of the largest mismatch, or of the pivot that vanished.
    pub node: u32,
    /// Per unit.
    pub mismatch: f64,
    pub iterations: u32,
}

/// A solved state.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Converged {
    pub iterations: u32,
    /// Largest mismatch, per unit.
    pub mismatch: f64,
}

/// The iteration with its analysed Jacobian; solve as often as wanted.
#[derive(Clone, Debug)]
pub struct NewtonRaphson {
    admittance: Admittance,
    lu: BlockLu,
    jacobian: Vec<Block>,
    mismatch: Vec<[f64; 2]>,
    step: Vec<[f64; 2]>,
    polar: Vec<[f64; 2]>,
}

impl NewtonRaphson {
    pub fn new(admittance: Admittance) -> Self {
        let nodes = admittance.pattern.nodes();
        let lu = BlockLu::new(&admittance.pattern);
        let jacobian = vec![[0.0; 4]; admittance.values.len()];
        let (mismatch, step, polar) = (vec![[0.0; 2]; nodes], vec![[0.0; 2]; nodes], vec![[0.0; 2]; nodes]);
        Self { admittance, lu, jacobian, mismatch, step, polar }
    }

    /// Solves from `voltage`, which holds the solution afterwards. Slack and controlled nodes take their stated
    /// values whatever the start says.
    pub fn solve(&mut self, nodes: Nodes<'_>, voltage: &mut [c64]) -> Result<Converged, Diverged> {
        self.start(nodes, voltage);
        let mut last = f64::INFINITY;
        let between = nodes.between.iter().flat_map(|load| [&load.demand.power, &load.demand.current]);
        let drawn = nodes.power.iter().chain(nodes.current).chain(between);
        let total: f64 = drawn.map(|[p, q]| p.abs() + q.abs()).sum();
        let tolerance = (TOLERANCE * total).clamp(TOLERANCE_PU.0, TOLERANCE_PU.1);
        for iterations in 0..=MAX_ITERATIONS {
            let (node, mismatch) = self.evaluate(nodes, voltage);
            let stalled = mismatch <= ACCEPTED_PU && mismatch > 0.5 * last;
            if mismatch <= tolerance || stalled {
                return Ok(Converged { iterations, mismatch });
            }
            if iterations == MAX_ITERATIONS || !mismatch.is_finite() {
                return Err(Diverged { node, mismatch, iterations });
            }
            last = mismatch;
            std::mem::swap(&mut self.step, &mut self.mismatch);
            match self.lu.factorise(&self.jacobian) {
                Ok(()) => self.lu.solve(&mut self.step),
                Err(Weak(node)) => {
                    if !pivoted_lu::solve(&self.admittance.pattern, &self.jacobian, &mut self.step) {
                        return Err(Diverged { node, mismatch, iterations });
                    }
                }
            }
            self.apply(voltage);
        }
        unreachable!("the loop returns at its last iteration")
    }

    fn start(&mut self, nodes: Nodes<'_>, voltage: &mut [c64]) {
        for ((u, kind), polar) in voltage.iter_mut().zip(nodes.kind).zip(&mut self.polar) {
            match kind {
                NodeKind::Slack(slack) => *u = *slack,
                NodeKind::Voltage(vm) => *u = c64::from_polar(*vm, u.arg()),
                NodeKind::Load => {}
            }
            *polar = [u.norm(), u.arg()];
        }
    }

    /// Jacobian and mismatch at a voltage; the node of the largest mismatch. Rows are P and Q, columns angle and
    /// relative magnitude.
    fn evaluate(&mut self, nodes: Nodes<'_>, voltage: &[c64]) -> (u32, f64) {
        let Admittance { pattern, values } = &self.admittance;
        let (mut worst, mut largest) = (0, 0.0_f64);
        for (row, &u) in voltage.iter().enumerate() {
            let mut sum = c64::new(0.0, 0.0);
            let (mut own, mut diagonal) = (c64::new(0.0, 0.0), 0);
            for at in pattern.row(row) {
                let column = pattern.columns[at] as usize;
                let flow = u * (values[at] * voltage[column]).conj();
                sum += flow;
                if column == row {
                    (own, diagonal) = (flow, at);
                } else {
                    self.jacobian[at] = [flow.im, flow.re, -flow.re, flow.im];
                }
            }
            let vm = self.polar[row][0];
            let [p, q] = nodes.power[row];
            let [p_i, q_i] = nodes.current[row].map(|x| x * vm);
            self.jacobian[diagonal] = [own.im - sum.im, sum.re + own.re + p_i, sum.re - own.re, sum.im + own.im + q_i];
            self.mismatch[row] = [-(sum.re + p + p_i), -(sum.im + q + q_i)];
            let row_range = pattern.row(row);
            hold(
                nodes.kind[row],
                &mut self.jacobian[row_range.clone()],
                diagonal - row_range.start,
                &mut self.mismatch[row],
            );
            let size = self.mismatch[row][0].abs().max(self.mismatch[row][1].abs());
            if size > largest || !size.is_finite() {
                (worst, largest) = (row as u32, size);
            }
            if !largest.is_finite() {
                return (worst, largest);
            }
        }
        if nodes.between.is_empty() { (worst, largest) } else { self.add_between(nodes, voltage) }
    }

    /// Adds loads between nodes to the rows of what nodes do not hold; the node of the largest mismatch.
    fn add_between(&mut self, nodes: Nodes<'_>, voltage: &[c64]) -> (u32, f64) {
        for load in nodes.between {
            let drawn = load.drawn(voltage);
            for (row, node) in load.nodes.into_iter().enumerate() {
                let free = match nodes.kind[node as usize] {
                    NodeKind::Load => 2,
                    NodeKind::Voltage(_) => 1,
                    NodeKind::Slack(_) => 0,
                };
                for (k, drawn) in [drawn[row].re, drawn[row].im].into_iter().enumerate().take(free) {
                    self.mismatch[node as usize][k] -= drawn;
                }
                for (column, other) in load.nodes.into_iter().enumerate() {
                    let at = self.admittance.pattern.find(node, other).expect("the pattern joins the load's nodes");
                    let own = load.derivative(voltage, row, column);
                    self.jacobian[at].iter_mut().zip(own).take(2 * free).for_each(|(to, own)| *to += own);
                }
            }
        }
        let (mut worst, mut largest) = (0, 0.0_f64);
        for (row, [p, q]) in self.mismatch.iter().enumerate() {
            let size = p.abs().max(q.abs());
            // Neither p nor q may hide what is no number: max ignores it.
            if !(p + q).is_finite() {
                return (row as u32, f64::INFINITY);
            }
            if size > largest {
                (worst, largest) = (row as u32, size);
            }
        }
        (worst, largest)
    }

    fn apply(&mut self, voltage: &mut [c64]) {
        for ((u, polar), step) in voltage.iter_mut().zip(&mut self.polar).zip(&self.step) {
            if *step != [0.0; 2] {
                polar[1] += step[0].clamp(-LARGEST_STEP, LARGEST_STEP);
                polar[0] *= 1.0 + step[1].clamp(-0.5 * LARGEST_STEP, LARGEST_STEP);
                *u = c64::from_polar(polar[0], polar[1]);
            }
        }
    }
}

/// Rows of what a node holds become `change = 0`.
fn hold(kind: NodeKind, row: &mut [Block], diagonal: usize, mismatch: &mut [f64; 2]) {
    let first = match kind {
        NodeKind::Load => return,
        NodeKind::Slack(_) => 0,
        NodeKind::Voltage(_) => 1,
    };
    for held in first..2 {
        for block in row.iter_mut() {
            block[2 * held] = 0.0;
            block[2 * held + 1] = 0.0;
        }
        row[diagonal][3 * held] = 1.0;
        mismatch[held] = 0.0;
    }
}

/// What the transformers' ratios alone would make of 1 pu on the way from a slack node. Without load any voltage of a
/// node solves its power balance where it is nought: a start near the idle voltage keeps clear of that.
pub fn flat_start(network: &Network) -> Vec<c64> {
    let mut voltage = vec![c64::new(0.0, 0.0); network.len()];
    let neighbours = neighbours(network);
    let mut open: Vec<u32> = Vec::new();
    for (node, kind) in network.kind.iter().enumerate() {
        if let NodeKind::Slack(slack) = kind {
            voltage[node] = slack / slack.norm();
            open.push(node as u32);
        }
    }
    let mut next = 0;
    while let Some(&node) = open.get(next) {
        next += 1;
        for at in neighbours.starts[node as usize]..neighbours.starts[node as usize + 1] {
            let (branch, from_here) = neighbours.branches[at as usize];
            let NodeBranch { from, to, y } = network.branches[branch as usize];
            // At no load u_to / u_from = −y_tf / y_tt, of which charging changes the magnitude: the ratio's is √(y_ff / y_tt).
            let ratio = (y[0][0].norm() / y[1][1].norm()).sqrt();
            let (there, turn) = if from_here {
                (to, c64::from_polar(ratio, (-y[1][0] / y[1][1]).arg()))
            } else {
                (from, c64::from_polar(1.0 / ratio, (-y[0][1] / y[0][0]).arg()))
            };
            if voltage[there as usize] == c64::new(0.0, 0.0) {
                voltage[there as usize] = voltage[node as usize] * turn;
                open.push(there);
            }
        }
    }
    voltage
}

/// Magnitudes of 1 pu and the angles of the linear flow of active power, `B θ = P` with lossless branches
/// (Stott, Jardim, Alsaç 2009, IEEE Trans. Power Syst. 24(3)).
pub fn dc_start(network: &Network) -> Option<Vec<c64>> {
    let flat = flat_start(network);
    let edges = network.branches.iter().filter(|b| b.from != NONE && b.to != NONE).map(|b| (b.from, b.to));
    let pattern = Pattern::new(network.len(), edges);
    let mut values: Vec<Block> = vec![[0.0; 4]; pattern.columns.len()];
    let mut rhs: Vec<[f64; 2]> = network.power.iter().map(|power| [-power[0], 0.0]).collect();
    for branch in network.branches.iter().filter(|b| b.from != NONE && b.to != NONE) {
        let ratio = -branch.y[1][1] / branch.y[1][0];
        let reactance = (-1.0 / (branch.y[1][0] * ratio)).im;
        let b = 1.0 / if reactance.abs() > 1e-9 { reactance } else { 1e-9 };
        // Angles are counted from the flat start, in which a tree of transformers shows no difference.
        let (from, to) = (flat[branch.from as usize], flat[branch.to as usize]);
        let shift = (ratio * to / from).arg();
        for (row, column, sign) in [(branch.from, branch.to, 1.0), (branch.to, branch.from, -1.0)] {
            values[pattern.find(row, row)?][0] += b;
            values[pattern.find(row, column)?][0] -= b;
            rhs[row as usize][0] += sign * b * shift;
        }
    }
    for (node, kind) in network.kind.iter().enumerate() {
        let diagonal = pattern.find(node as u32, node as u32)?;
        values[diagonal][3] = 1.0;
        if matches!(kind, NodeKind::Slack(_)) {
            pattern.row(node).for_each(|at| values[at][0] = 0.0);
            values[diagonal][0] = 1.0;
            rhs[node][0] = 0.0;
        }
    }
    let mut lu = BlockLu::new(&pattern);
    lu.factorise(&values).ok()?;
    lu.solve(&mut rhs);
    Some(flat.iter().zip(&rhs).map(|(u, turn)| u * c64::from_polar(1.0, turn[0])).collect())
}

/// Per node its branches and whether it is their from-side.
pub(super) struct Neighbours {
    starts: Vec<u32>,
    branches: Vec<(u32, bool)>,
}

impl Neighbours {
    pub fn of(&self, node: u32) -> impl Iterator<Item = (u32, bool)> {
        let range = self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize;
        self.branches[range].iter().copied()
    }
}

pub(super) fn neighbours(network: &Network) -> Neighbours {
    let mut starts = vec![0_u32; network.len() + 1];
    let whole = || network.branches.iter().enumerate().filter(|(_, b)| b.from != NONE && b.to != NONE);
    for (_, branch) in whole() {
        starts[branch.from as usize + 1] += 1;
        starts[branch.to as usize + 1] += 1;
    }
    (0..network.len()).for_each(|node| starts[node + 1] += starts[node]);
    let mut at = starts.clone();
    let mut branches = vec![(0, false); starts[network.len()] as usize];
    for (index, branch) in whole() {
        for (node, from_here) in [(branch.from, true), (branch.to, false)] {
            branches[at[node as usize] as usize] = (index as u32, from_here);
            at[node as usize] += 1;
        }
    }
    Neighbours { starts, branches }
}
