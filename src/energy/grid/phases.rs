//! The grid in three phases: branches as 3 × 3 admittances, each phase of a node a node of its own for the Newton-Raphson
//! iteration. A neutral conductor is in the phases' impedances (Kron's reduction) or in the zero sequence.

use std::borrow::Cow;

use faer::c64;
use thiserror::Error;

use super::{
    block_lu::Pattern,
    check::{Grid, Sets},
    element::{
        Control, Demand, Ends, GridData, Label, Line, PhaseMatrix, PiBranch, Transformer, Winding, ZeroPlate, Zip,
    },
    error::{Fault, GridError},
    network::{NONE, Network, NodeKind},
    newton::{Admittance, Between},
    phase_matrix::{Three, add, circulant, inverse_over, product, turn},
    phase_reach,
    two_port::{self, BASE_VA, TwoPort},
};

/// From-from, from-to, to-from, to-to.
pub type ThreePort = [[Three; 2]; 2];

const ZERO: c64 = c64::new(0.0, 0.0);
/// Base power of one phase, VA.
pub const PHASE_VA: f64 = BASE_VA / 3.0;
/// Zero-sequence admittance of a zigzag winding over its positive sequence: its short-circuit impedance is taken a tenth.
const ZIGZAG: f64 = 10.0;
/// Zero-sequence admittance that holds a floating part at earth potential, per unit. It carries nothing: without a path
/// to earth there is no zero-sequence current.
const HOLD_PU: f64 = 1.0;

/// The branch data do not say enough for three phases.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("{0}; three phases need it")]
pub struct NoZeroSequence(pub Box<GridError>);

/// A three-phase network per unit of [`PHASE_VA`]; phase p of node n is the unknown 3 n + p.
#[derive(Clone, Debug)]
pub struct PhaseNetwork {
    pub balanced: Network,
    /// As the balanced network's branches: ends and admittances.
    pub branches: Vec<(u32, u32, ThreePort)>,
    pub kind: Vec<NodeKind>,
    pub power: Vec<[f64; 2]>,
    pub current: Vec<[f64; 2]>,
    /// Per node its admittance to earth and between phases.
    pub shunt: Vec<Three>,
    /// Loads between phases that their node has.
    pub between: Vec<Between>,
    /// Whether some node has fewer than three phases; those that it has not are held at nought.
    pub lacks_phases: bool,
}

impl PhaseNetwork {
    pub fn new(grid: &Grid) -> Result<Self, NoZeroSequence> {
        let balanced = Network::new(grid);
        let nodes = balanced.len();
        let mut network = Self {
            branches: Vec::with_capacity(balanced.branches.len()),
            kind: Vec::with_capacity(3 * nodes),
            power: vec![[0.0; 2]; 3 * nodes],
            current: vec![[0.0; 2]; 3 * nodes],
            shunt: vec![[[ZERO; 3]; 3]; nodes],
            between: Vec::new(),
            lacks_phases: false,
            balanced,
        };
        for kind in &network.balanced.kind {
            network.kind.extend((0..3).map(|phase| match kind {
                NodeKind::Slack(u) => NodeKind::Slack(u * turn(phase)),
                other => *other,
            }));
        }
        network.add_branches(grid)?;
        network.add_sources(grid);
        network.add_shunts(grid);
        network.add_demand(grid);
        network.hold_floating_parts(grid);
        for unknown in phase_reach::absent(&network.kind, &network.branches) {
            network.kind[unknown] = NodeKind::Slack(ZERO);
            network.current[unknown] = [0.0; 2];
            network.lacks_phases = true;
        }
        if network.lacks_phases {
            network.refuse_balanced(grid)?;
            network.draw_powers(grid);
        }
        Ok(network)
    }

    /// What is drawn from all phases needs a bus that has them: its parts on the others would be lost.
    fn refuse_balanced(&self, grid: &Grid) -> Result<(), NoZeroSequence> {
        let balanced = drawn(grid).filter(|drawn| matches!(*drawn.demand, Demand::Balanced(_)));
        for Drawn { label, bus, .. } in balanced.filter(|drawn| self.node(drawn.bus) != NONE) {
            if let Some(phase) = (0..3).find(|phase| !self.has(3 * self.node(bus) + phase)) {
                let fault = Fault::NoPhase(['a', 'b', 'c'][phase as usize]);
                return Err(NoZeroSequence(Box::new(GridError::at(label, "phase", fault))));
            }
        }
        Ok(())
    }

    /// Whether a source reaches this phase of its node.
    fn has(&self, unknown: u32) -> bool {
        self.kind[unknown as usize] != NodeKind::Slack(ZERO)
    }

    fn node(&self, bus: u32) -> u32 {
        self.balanced.node_of_bus[bus as usize]
    }

    fn add_branches(&mut self, grid: &Grid) -> Result<(), NoZeroSequence> {
        let rated = |bus: u32| grid.buses[bus as usize].rated_v;
        for line in &grid.lines {
            let ends = self.live_ends(&line.ends);
            let base_s = BASE_VA / (rated(line.ends.from) * rated(line.ends.from));
            let y = match &line.matrix {
                Some(matrix) => matrix_line(line, matrix, grid.frequency_hz, base_s, &ends),
                None => {
                    let zero = line.zero.as_ref().ok_or_else(|| missing(&line.label, "r0, x0"))?;
                    let (series, shunt) = two_port::line_sections(line, zero, grid.frequency_hz);
                    let zero = two_port::pi(series / base_s, shunt / base_s, c64::new(1.0, 0.0));
                    let positive = two_port::line(line, rated(line.ends.from), grid.frequency_hz);
                    from_sequences([zero, positive, positive], &ends)
                }
            };
            self.push(&ends, y);
        }
        for transformer in &grid.transformers {
            let ends = self.live_ends(&transformer.ends);
            let (from_v, to_v) = (rated(transformer.ends.from), rated(transformer.ends.to));
            self.push(&ends, from_sequences(transformer_sequences(transformer, from_v, to_v), &ends));
        }
        for branch in &grid.pi_branches {
            let ratios = branch.phase_ratios.ok_or_else(|| missing(&branch.label, "zero sequence"))?;
            let ends = self.live_ends(&branch.ends);
            let mut y = [[[[ZERO; 3]; 3]; 2]; 2];
            for (phase, ratio) in ratios.into_iter().enumerate() {
                let own = PiBranch { ratio, ..branch.clone() };
                let own = two_port::with_ends(two_port::pi_branch(&own, rated(branch.ends.to)), &ends);
                for (k, own) in own.iter().flatten().enumerate() {
                    y[k / 2][k % 2][phase][phase] = *own;
                }
            }
            self.push(&ends, y);
        }
        Ok(())
    }

    fn live_ends(&self, ends: &Ends) -> Ends {
        let live = |bus: u32, closed: bool| closed && self.node(bus) != NONE;
        let (from_closed, to_closed) = (live(ends.from, ends.from_closed), live(ends.to, ends.to_closed));
        Ends { from_closed, to_closed, ..*ends }
    }

    fn push(&mut self, ends: &Ends, y: ThreePort) {
        let node = |bus: u32, closed: bool| if closed { self.node(bus) } else { NONE };
        let (from, to) = (node(ends.from, ends.from_closed), node(ends.to, ends.to_closed));
        self.branches.push((from, to, y));
    }

    fn add_sources(&mut self, grid: &Grid) {
        for (source, (node, branch)) in grid.external_grids.iter().zip(self.balanced.sources.clone()) {
            let (Some(branch), Some(short_circuit)) = (branch, source.short_circuit) else { continue };
            let inner = self.balanced.branches[branch as usize].from;
            let y = short_circuit.impedance_pu().inv();
            let plain = |y: c64| two_port::pi(y, ZERO, c64::new(1.0, 0.0));
            let y = from_sequences([plain(y / short_circuit.z01), plain(y), plain(y)], &Ends::closed(0, 0));
            self.branches.push((inner, node, y));
        }
    }

    fn add_shunts(&mut self, grid: &Grid) {
        for shunt in grid.shunts.iter().filter(|shunt| shunt.in_service) {
            if self.node(shunt.bus) == NONE {
                continue;
            }
            let per_s = grid.buses[shunt.bus as usize].rated_v.powi(2) / BASE_VA;
            let positive = c64::new(shunt.g_s, shunt.b_s) * per_s;
            let zero = shunt.zero.map_or(positive, |[g, b]| c64::new(g, b) * per_s);
            let node = self.node(shunt.bus) as usize;
            add(&mut self.shunt[node], &circulant(zero, positive, positive));
        }
    }

    fn add_demand(&mut self, grid: &Grid) {
        self.draw_powers(grid);
        for Drawn { bus, demand, sign, .. } in drawn(grid) {
            let (node, zips) = (self.node(bus), by_phase(&demand, sign));
            let (Some(zips), true) = (zips, node != NONE) else { continue };
            for (phase, zip) in zips.iter().enumerate() {
                let at = 3 * node as usize + phase;
                self.current[at] = [self.current[at][0] + zip.current[0], self.current[at][1] + zip.current[1]];
                self.shunt[node as usize][phase][phase] += c64::new(zip.impedance[0], -zip.impedance[1]);
            }
        }
    }

    /// Takes constant powers, and all that is drawn between phases, from `data`, whose other parts are those of the grid.
    pub fn draw_powers(&mut self, data: &GridData) {
        self.power.fill([0.0; 2]);
        self.between.clear();
        for Drawn { bus, demand, sign, .. } in drawn(data) {
            let node = self.node(bus);
            if node == NONE {
                continue;
            }
            if let Demand::Delta(zips) = &*demand {
                self.draw_between(node, zips, sign);
            }
            let zips = by_phase(&demand, sign);
            for (unknown, zip) in (3 * node..).zip(zips.iter().flatten()) {
                if !self.has(unknown) {
                    continue;
                }
                let power = &mut self.power[unknown as usize];
                *power = [power[0] + zip.power[0], power[1] + zip.power[1]];
            }
        }
    }

    /// Nothing draws between phases of which the node lacks one.
    fn draw_between(&mut self, node: u32, zips: &[Zip; 3], sign: f64) {
        for (phase, zip) in (0..).zip(zips).filter(|(_, zip)| **zip != Zip::default()) {
            let nodes = [3 * node + phase, 3 * node + (phase + 1) % 3];
            if nodes.iter().all(|&unknown| self.has(unknown)) {
                self.between.push(Between { nodes, demand: zip.scaled(sign / PHASE_VA) });
            }
        }
    }

    /// Parts whose zero sequence has no path to earth (between deltas and unearthed stars) would leave it open.
    fn hold_floating_parts(&mut self, grid: &Grid) {
        let zero = |y: &Three| y.iter().flatten().sum::<c64>() / 3.0;
        let nodes = self.balanced.len();
        let mut sets = Sets::new(nodes);
        let mut earthed: Vec<bool> = (0..nodes).map(|node| self.is_earthed(node, zero(&self.shunt[node]))).collect();
        let mut paths = Vec::new();
        for (index, (from, to, y)) in self.branches.iter().enumerate() {
            // What sums to nothing but rounding is nothing.
            let size = y.iter().flatten().flatten().flatten().map(|y| y.norm()).fold(0.0, f64::max);
            let zero = |y: &Three| Some(zero(y)).filter(|y| y.norm() > 1e-12 * size).unwrap_or(ZERO);
            let mutual = zero(&y[0][1]);
            let is_line = index < grid.lines.len();
            if mutual != ZERO {
                sets.join(*from, *to);
            }
            for (node, own) in [(*from, zero(&y[0][0])), (*to, zero(&y[1][1]))] {
                let to_earth = if is_line {
                    own + mutual
                } else if mutual == ZERO {
                    own
                } else {
                    ZERO
                };
                if node != NONE && to_earth.norm() > 1e-12 * size {
                    paths.push(node);
                }
            }
        }
        paths.into_iter().for_each(|node| earthed[node as usize] = true);
        for node in 0..nodes {
            let root = sets.root(node as u32) as usize;
            earthed[root] |= earthed[node];
        }
        let floating = (0..nodes).filter(|&node| sets.root(node as u32) as usize == node && !earthed[node]);
        for node in floating {
            add(&mut self.shunt[node], &circulant(c64::new(HOLD_PU, 0.0), ZERO, ZERO));
        }
    }

    fn is_earthed(&self, node: usize, shunt: c64) -> bool {
        let phases = 3 * node..3 * node + 3;
        let draws = self.power[phases.clone()].iter().chain(&self.current[phases]).any(|x| *x != [0.0; 2]);
        draws || shunt != ZERO || matches!(self.kind[3 * node], NodeKind::Slack(_))
    }

    /// The nodal admittance matrix over phases.
    pub fn admittance(&self) -> Admittance {
        let pairs = |a: u32, b: u32| (0..9).map(move |k| (3 * a + k / 3, 3 * b + k % 3));
        let within = (0..self.balanced.len() as u32).flat_map(|node| pairs(node, node));
        let whole = self.branches.iter().filter(|(from, to, _)| *from != NONE && *to != NONE);
        let between = whole.flat_map(|(from, to, _)| pairs(*from, *to));
        let pattern = Pattern::new(3 * self.balanced.len(), within.chain(between));
        let mut values = vec![ZERO; pattern.columns.len()];
        let mut put = |row: u32, column: u32, y: &Three| {
            for (k, (row, column)) in pairs(row, column).enumerate() {
                let at = pattern.find(row, column).expect("the pattern holds every branch");
                values[at] += y[k / 3][k % 3];
            }
        };
        for (from, to, y) in &self.branches {
            let ends = [*from, *to];
            for (row, y) in ends.iter().zip(y) {
                for (column, y) in ends.iter().zip(y) {
                    if *row != NONE && *column != NONE {
                        put(*row, *column, y);
                    }
                }
            }
        }
        self.shunt.iter().enumerate().for_each(|(node, y)| put(node as u32, node as u32, y));
        Admittance { pattern, values }
    }
}

/// What draws power at a bus, or makes it where the sign is negative.
struct Drawn<'a> {
    label: &'a Label,
    bus: u32,
    demand: Cow<'a, Demand>,
    sign: f64,
}

/// All that is in service.
fn drawn(data: &GridData) -> impl Iterator<Item = Drawn<'_>> {
    let constant = |p_w: f64, q_var: f64| Cow::Owned(Demand::Balanced(Zip::constant(p_w, q_var)));
    let loads = data.loads.iter().filter(|e| e.in_service);
    let loads = loads.map(|e| Drawn { label: &e.label, bus: e.bus, demand: Cow::Borrowed(&e.demand), sign: 1.0 });
    let batteries = data.batteries.iter().filter(|e| e.in_service);
    let batteries =
        batteries.map(move |e| Drawn { label: &e.label, bus: e.bus, demand: constant(e.p_w, e.q_var), sign: 1.0 });
    let generators = data.generators.iter().filter(|e| e.in_service).map(move |e| {
        let (demand, sign) = match &e.control {
            Control::Power(demand) => (Cow::Borrowed(demand), -1.0),
            Control::Voltage { p_w, .. } => (constant(-p_w, 0.0), 1.0),
        };
        Drawn { label: &e.label, bus: e.bus, demand, sign }
    });
    loads.chain(batteries).chain(generators)
}

/// Per unit of each phase to earth; None for what is between phases.
fn by_phase(demand: &Demand, sign: f64) -> Option<[Zip; 3]> {
    match demand {
        Demand::Balanced(zip) => Some([zip.scaled(sign / 3.0 / PHASE_VA); 3]),
        Demand::Wye(zips) => Some(zips.map(|zip| zip.scaled(sign / PHASE_VA))),
        Demand::Delta(_) => None,
    }
}

fn missing(label: &Label, field: &str) -> NoZeroSequence {
    let fault = Fault::Unreadable("the zero sequence is not stated".to_owned());
    NoZeroSequence(Box::new(GridError::at(label, field, fault)))
}

fn from_sequences(sequences: [TwoPort; 3], ends: &Ends) -> ThreePort {
    let [zero, positive, negative] = sequences.map(|y| two_port::with_ends(y, ends));
    let of = |i: usize, j: usize| circulant(zero[i][j], positive[i][j], negative[i][j]);
    [[of(0, 0), of(0, 1)], [of(1, 0), of(1, 1)]]
}

/// Zero, positive and negative sequence of a transformer. A current of the zero sequence passes only between earthed
/// stars; a delta on the other side shorts it, an ungrounded star leaves the magnetising path (IEC 60076-8, clause 4).
fn transformer_sequences(t: &Transformer, from_rated_v: f64, to_rated_v: f64) -> [TwoPort; 3] {
    let positive = t.two_port(from_rated_v, to_rated_v);
    let base_s = BASE_VA / (to_rated_v * to_rated_v);
    let ratio = t.ratio(from_rated_v, to_rated_v);
    let (series, shunt) = t.sections();
    let (series, shunt) = (series / base_s, shunt / base_s);
    let negative = two_port::pi(series, shunt, ratio.conj());
    let size_2 = ratio.norm_sqr();
    let [from, to] = t.windings;
    let magnetising = match t.zero {
        Some(ZeroPlate::NoLoad { current, loss_w }) => {
            let plate = Transformer { no_load: current, no_load_loss_w: loss_w, ..t.clone() };
            plate.no_load_s() * f64::from(t.parallel) / base_s
        }
        _ => shunt,
    };
    let end = |own: Winding, other: Winding| match (own, other) {
        (Winding::WyeEarthed, Winding::Delta) => delta_shorted(t, series, shunt, base_s),
        (Winding::WyeEarthed, _) => magnetising,
        (Winding::ZigzagEarthed, _) => series * ZIGZAG,
        _ => ZERO,
    };
    let zero = if from == Winding::WyeEarthed && to == Winding::WyeEarthed {
        // Opposite windings turn the zero sequence by half a turn.
        let hours = (t.shift_rad / std::f64::consts::FRAC_PI_6).round() as i64;
        let sign = if matches!(hours.rem_euclid(12), 2 | 6 | 10) { -1.0 } else { 1.0 };
        two_port::pi(series, shunt, c64::new(sign * ratio.norm(), 0.0))
    } else {
        [[end(from, to) / size_2, ZERO], [ZERO, end(to, from)]]
    };
    [zero, positive, negative]
}

/// Admittance to earth of an earthed star whose other winding is a delta: its own plate where stated, in which the
/// magnetising path lies between the windings' leakages; else that of the positive sequence.
fn delta_shorted(t: &Transformer, series: c64, shunt: c64, base_s: f64) -> c64 {
    let Some(ZeroPlate::ShortCircuit { voltage, resistive, magnetising, magnetising_rx, from_share }) = t.zero else {
        return series + shunt;
    };
    let plate = Transformer { short_circuit: voltage, load_loss_w: resistive * t.rated_va, ..t.clone() };
    let whole = plate.series_ohm() * (base_s / f64::from(t.parallel));
    if magnetising <= 0.0 {
        return whole.inv();
    }
    let x = whole.norm() * magnetising / (1.0 + magnetising_rx * magnetising_rx).sqrt();
    let path = c64::new(x * magnetising_rx, x);
    let share = if t.windings[0] == Winding::Delta { from_share } else { 1.0 - from_share };
    let far = whole * share;
    (whole * (1.0 - share) + far * path / (far + path)).inv()
}

fn matrix_line(line: &Line, matrix: &PhaseMatrix, frequency_hz: f64, base_s: f64, ends: &Ends) -> ThreePort {
    let systems = f64::from(line.parallel);
    let z: Three = std::array::from_fn(|i| {
        std::array::from_fn(|j| c64::new(matrix.r_ohm[i][j], matrix.x_ohm[i][j]) * (line.length_km * base_s / systems))
    });
    let omega = std::f64::consts::TAU * frequency_hz * line.length_km * systems / base_s;
    let series = inverse_over(&z, matrix.phases);
    let half = |i: usize, j: usize| c64::new(0.0, 0.5 * omega * matrix.c_f[i][j]);
    let own: Three = std::array::from_fn(|i| std::array::from_fn(|j| series[i][j] + half(i, j)));
    let mutual = series.map(|row| row.map(|y| -y));
    match (ends.from_closed, ends.to_closed) {
        (true, true) => [[own, mutual], [mutual, own]],
        (false, false) => [[[[ZERO; 3]; 3]; 2]; 2],
        (from_closed, _) => {
            let through = product(&product(&mutual, &inverse_over(&own, matrix.phases)), &mutual);
            let left = std::array::from_fn(|i| std::array::from_fn(|j| own[i][j] - through[i][j]));
            let nothing = [[ZERO; 3]; 3];
            if from_closed { [[left, nothing], [nothing; 2]] } else { [[nothing; 2], [nothing, left]] }
        }
    }
}
