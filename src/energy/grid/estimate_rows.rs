//! Measurements as equations: what each sensor would read at a state, and how that changes with the state. Owns the
//! circuit of an estimate, balanced or phase by phase; knows nothing of how the state is found.

use std::collections::BTreeSet;

use faer::c64;

use super::{
    check::Grid,
    element::ExternalGrid,
    estimate::{EstimateError, Measurement, Quantity},
    givens::Rows,
    network::{NONE, Network},
    newton::flat_start,
    phase_matrix::{circulant, turn},
    phases::{NoZeroSequence, PHASE_VA, PhaseNetwork},
    two_port::BASE_VA,
};

/// Standard deviation of the power balance of a bus without any load or source, per unit: known exactly.
const EXACT_PU: f64 = 1e-7;
/// Standard deviation of the reference angles, rad. One phase alone is a matter of choice, so that any value does; three
/// stand 120° apart up to the 2 % of unbalance that EN 50160, clause 4.2.4, allows.
const REFERENCE_RAD: f64 = 0.01;

const ZERO: c64 = c64::new(0.0, 0.0);

/// Admittances between unknown voltages: one per node, or one per node and phase.
pub struct Circuit {
    /// 1 or 3.
    pub phases: usize,
    /// Nodes with a bus; inner nodes of external grids, which come after, take no part.
    pub nodes: usize,
    pub node_of_bus: Vec<u32>,
    pub bus_of_node: Vec<u32>,
    pub start: Vec<c64>,
    ends: Vec<[u32; 2]>,
    /// Per branch a square of `2 · phases` rows: from-side's phases, then to-side's.
    y: Vec<c64>,
    /// Per shunt of the grid its node and a square of `phases`.
    shunts: Vec<(u32, Vec<c64>)>,
    at_node: Vec<Vec<(u32, u32)>>,
    /// Base power of one unknown, VA.
    pub base_va: f64,
}

impl Circuit {
    pub fn balanced(grid: &Grid) -> Self {
        let network = Network::new(grid);
        let y = network.branches.iter().flat_map(|branch| branch.y.into_iter().flatten()).collect();
        let ends = network.branches.iter().map(|branch| [branch.from, branch.to]).collect();
        let start = flat_start(&network);
        Self::of(grid, &network, (1, BASE_VA), (ends, y, start))
    }

    pub fn in_phases(grid: &Grid) -> Result<Self, NoZeroSequence> {
        let network = PhaseNetwork::new(grid)?;
        let mut y = Vec::with_capacity(36 * network.branches.len());
        for (_, _, port) in &network.branches {
            for own in port {
                for row in 0..3 {
                    y.extend(own.iter().flat_map(|square| square[row]));
                }
            }
        }
        let ends = network.branches.iter().map(|(from, to, _)| [*from, *to]).collect();
        let start = flat_start(&network.balanced);
        let start = start.iter().flat_map(|u| (0..3).map(move |phase| u * turn(phase))).collect();
        Ok(Self::of(grid, &network.balanced, (3, PHASE_VA), (ends, y, start)))
    }

    fn of(
        grid: &Grid,
        network: &Network,
        (phases, base_va): (usize, f64),
        (mut ends, y, mut start): (Vec<[u32; 2]>, Vec<c64>, Vec<c64>),
    ) -> Self {
        let nodes = network.bus_of_node.iter().take_while(|bus| **bus != NONE).count();
        ends.truncate(grid.branch_ends().count());
        start.truncate(phases * nodes);
        let mut circuit = Self {
            phases,
            nodes,
            node_of_bus: network.node_of_bus.clone(),
            bus_of_node: network.bus_of_node[..nodes].to_vec(),
            start,
            y,
            shunts: Vec::with_capacity(grid.shunts.len()),
            at_node: vec![Vec::new(); nodes],
            ends,
            base_va,
        };
        for (branch, ends) in circuit.ends.iter().enumerate() {
            for (end, node) in ends.iter().enumerate().filter(|(_, node)| **node != NONE) {
                circuit.at_node[*node as usize].push((branch as u32, end as u32));
            }
        }
        for shunt in &grid.shunts {
            let node = if shunt.in_service { network.node_of_bus[shunt.bus as usize] } else { NONE };
            let per_s = grid.buses[shunt.bus as usize].rated_v.powi(2) / BASE_VA;
            let positive = c64::new(shunt.g_s, shunt.b_s) * per_s;
            let zero = shunt.zero.map_or(positive, |[g, b]| c64::new(g, b) * per_s);
            let square = circulant(zero, positive, positive).into_iter().flatten();
            circuit.shunts.push((node, if phases == 1 { vec![positive] } else { square.collect() }));
        }
        circuit
    }

    pub fn unknowns(&self) -> usize {
        self.phases * self.nodes
    }

    /// Per node the lowest node that branches join it to.
    fn parts(&self) -> Vec<u32> {
        let mut part = vec![NONE; self.nodes];
        let mut waiting = Vec::new();
        for first in 0..self.nodes as u32 {
            if part[first as usize] != NONE {
                continue;
            }
            part[first as usize] = first;
            waiting.push(first);
            while let Some(node) = waiting.pop() {
                for &(branch, end) in &self.at_node[node as usize] {
                    let other = self.ends[branch as usize][1 - end as usize];
                    if other != NONE && part[other as usize] == NONE {
                        part[other as usize] = first;
                        waiting.push(other);
                    }
                }
            }
        }
        part
    }

    fn unknown(&self, node: u32, phase: usize) -> u32 {
        (self.phases * node as usize + phase) as u32
    }

    /// The current into a branch's end as terms `y u`.
    fn flow_terms(&self, branch: usize, end: usize, phase: usize, terms: &mut Vec<(u32, c64)>) {
        let width = 2 * self.phases;
        let row = &self.y[(width * branch + self.phases * end + phase) * width..][..width];
        for (at, &y) in row.iter().enumerate().filter(|(_, y)| **y != ZERO) {
            let node = self.ends[branch][at / self.phases];
            if node != NONE {
                terms.push((self.unknown(node, at % self.phases), y));
            }
        }
    }

    fn shunt_terms(&self, shunt: usize, phase: usize, terms: &mut Vec<(u32, c64)>) {
        let (node, square) = &self.shunts[shunt];
        for (at, &y) in square[self.phases * phase..][..self.phases].iter().enumerate() {
            terms.push((self.unknown(*node, at), y));
        }
    }

    fn injection_terms(&self, node: u32, phase: usize, terms: &mut Vec<(u32, c64)>) {
        for &(branch, end) in &self.at_node[node as usize] {
            self.flow_terms(branch as usize, end as usize, phase, terms);
        }
        for shunt in (0..self.shunts.len()).filter(|shunt| self.shunts[*shunt].0 == node) {
            self.shunt_terms(shunt, phase, terms);
        }
    }
}

/// What a row measures of the voltage u of its unknown, or of u and the current `i = Σ y u`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Magnitude,
    Voltage,
    Angle,
    /// `u i*`.
    Power,
    /// i.
    Current,
    /// `u i* / |u|`.
    CurrentAtVoltage,
}

/// One equation, per unit.
pub struct Row {
    kind: Kind,
    imaginary: bool,
    own: u32,
    terms: Vec<(u32, c64)>,
    value: f64,
    pub sigma: f64,
    /// Unit of the measurement, per unit.
    pub unit: f64,
}

/// All equations of an estimate: those of measurements first, then those that only ask and weigh nothing.
pub struct Equations {
    pub rows: Vec<Row>,
    pub measured: usize,
    pub asked: usize,
}

impl Equations {
    /// Measurements with their phase (0 where balanced), quantities whose estimate is asked for, then what is known of buses
    /// that inject nothing and of the reference angles, where no phasor is measured.
    pub fn new(
        grid: &Grid,
        circuit: &Circuit,
        measurements: &[(Measurement, usize)],
        asked: &[Quantity],
    ) -> Result<Self, EstimateError> {
        let mut rows = Vec::with_capacity(measurements.len() + asked.len());
        for (index, (measurement, phase)) in measurements.iter().enumerate() {
            rows.push(row(grid, circuit, (index, *phase), measurement)?);
        }
        for (index, &quantity) in asked.iter().enumerate() {
            let measurement = Measurement { quantity, value: 0.0, sigma: 1.0 };
            let row = row(grid, circuit, (measurements.len() + index, 0), &measurement)?;
            rows.push(Row { sigma: f64::INFINITY, ..row });
        }
        let mut equations = Self { rows, measured: measurements.len(), asked: asked.len() };
        equations.add_known(grid, circuit);
        Ok(equations)
    }

    /// What is asked for at a state, unweighted: derivatives, and the values on the right-hand side, per unit.
    pub fn answers(&self, voltage: &[c64]) -> Rows {
        let mut rows = Rows::default();
        rows.clear();
        for row in &self.rows[self.measured..self.measured + self.asked] {
            let is = row.evaluate(voltage, &mut |column, value| rows.put(column, value));
            rows.end(is);
        }
        rows
    }

    fn add_known(&mut self, grid: &Grid, circuit: &Circuit) {
        let mut injects = vec![false; circuit.nodes];
        let loads = grid.loads.iter().filter(|e| e.in_service).map(|e| e.bus);
        let generators = grid.generators.iter().filter(|e| e.in_service).map(|e| e.bus);
        let batteries = grid.batteries.iter().filter(|e| e.in_service).map(|e| e.bus);
        let sources = grid.external_grids.iter().filter(|e| e.in_service).map(|e| e.bus);
        for bus in loads.chain(generators).chain(batteries).chain(sources) {
            let node = circuit.node_of_bus[bus as usize];
            if node != NONE {
                injects[node as usize] = true;
            }
        }
        for node in (0..circuit.nodes as u32).filter(|node| !injects[*node as usize]) {
            for phase in 0..circuit.phases {
                let mut terms = Vec::new();
                circuit.injection_terms(node, phase, &mut terms);
                let own = circuit.unknown(node, phase);
                for imaginary in [false, true] {
                    let terms = terms.clone();
                    let (kind, value, sigma, unit) = (Kind::Power, 0.0, EXACT_PU, circuit.base_va);
                    self.rows.push(Row { kind, imaginary, own, terms, value, sigma, unit });
                }
            }
        }
        for source in self.references(grid, circuit) {
            for phase in 0..circuit.phases {
                let own = circuit.unknown(circuit.node_of_bus[source.bus as usize], phase);
                let (kind, value, sigma) = (Kind::Angle, source.va_rad + turn(phase).arg(), REFERENCE_RAD);
                self.rows.push(Row { kind, imaginary: false, own, terms: Vec::new(), value, sigma, unit: 1.0 });
            }
        }
    }

    /// The first source of each part of the circuit in which no phasor is measured.
    fn references<'a>(&self, grid: &'a Grid, circuit: &Circuit) -> Vec<&'a ExternalGrid> {
        let part = circuit.parts();
        let absolute = |row: &&Row| row.imaginary && matches!(row.kind, Kind::Voltage | Kind::Current);
        let measured = self.rows.iter().filter(absolute).map(|row| part[row.own as usize / circuit.phases]);
        let mut referred: BTreeSet<u32> = measured.collect();
        let live = |source: &&ExternalGrid| circuit.node_of_bus[source.bus as usize] != NONE;
        let first = |source: &&ExternalGrid| referred.insert(part[circuit.node_of_bus[source.bus as usize] as usize]);
        grid.external_grids.iter().filter(live).filter(first).collect()
    }

    /// Weighted Jacobian over turn and relative growth of each voltage, and weighted residuals, into `rows`.
    pub fn linear(&self, voltage: &[c64], rows: &mut Rows) {
        rows.clear();
        for row in &self.rows {
            let weight = row.sigma.recip();
            let is = row.evaluate(voltage, &mut |column, value| rows.put(column, value * weight));
            let mut residual = row.value - is;
            if row.kind == Kind::Angle {
                residual -= std::f64::consts::TAU * (residual / std::f64::consts::TAU).round();
            }
            rows.end(residual * weight);
        }
    }
}

impl Row {
    /// What the row would read; `put` takes its derivatives by unknown 2 k (turn) and 2 k + 1 (growth).
    fn evaluate(&self, voltage: &[c64], put: &mut dyn FnMut(usize, f64)) -> f64 {
        let own = self.own as usize;
        let u = voltage[own];
        let part = |s: c64| if self.imaginary { s.im } else { s.re };
        let turned = |s: c64| part(c64::new(-s.im, s.re));
        match self.kind {
            Kind::Magnitude => {
                put(2 * own + 1, u.norm());
                u.norm()
            }
            Kind::Angle => {
                put(2 * own, 1.0);
                u.arg()
            }
            Kind::Voltage => {
                put(2 * own, turned(u));
                put(2 * own + 1, part(u));
                part(u)
            }
            Kind::Power | Kind::Current | Kind::CurrentAtVoltage => self.flow(voltage, put),
        }
    }

    /// Power or current as the sum of its terms.
    fn flow(&self, voltage: &[c64], put: &mut dyn FnMut(usize, f64)) -> f64 {
        let own = self.own as usize;
        let u = voltage[own];
        let part = |s: c64| if self.imaginary { s.im } else { s.re };
        let turned = |s: c64| part(c64::new(-s.im, s.re));
        let mut sum = 0.0;
        for &(other, y) in &self.terms {
            let current = y * voltage[other as usize];
            let other = 2 * other as usize;
            let (term, sense) = match self.kind {
                Kind::Power => (u * current.conj(), -1.0),
                Kind::CurrentAtVoltage => (u * current.conj() / u.norm(), -1.0),
                _ => (current, 1.0),
            };
            sum += part(term);
            put(other, sense * turned(term));
            put(other + 1, part(term));
            if self.kind != Kind::Current {
                put(2 * own, turned(term));
            }
            if self.kind == Kind::Power {
                put(2 * own + 1, part(term));
            }
        }
        sum
    }
}

fn row(
    grid: &Grid,
    circuit: &Circuit,
    (index, phase): (usize, usize),
    measurement: &Measurement,
) -> Result<Row, EstimateError> {
    let Measurement { quantity, value, sigma } = *measurement;
    if !value.is_finite() {
        return Err(EstimateError::Value(index, "a value that is no finite number"));
    }
    if !(sigma.is_finite() && sigma > 0.0) {
        return Err(EstimateError::Value(index, "a deviation that is no finite number above zero"));
    }
    let nowhere = EstimateError::Place(index);
    if phase >= circuit.phases {
        return Err(nowhere);
    }
    let (kind, imaginary) = kind(quantity);
    let (node, terms) = place(circuit, quantity, phase);
    let node = node.filter(|node| *node != NONE).ok_or(nowhere)?;
    let unit = match (kind, quantity) {
        (Kind::Power, _) => circuit.base_va,
        (_, Quantity::CurrentReal(branch, side) | Quantity::CurrentImaginary(branch, side))
        | (_, Quantity::CurrentActive(branch, side) | Quantity::CurrentReactive(branch, side)) => {
            let ends = grid.branch_ends().nth(branch as usize).map(|(_, ends)| ends);
            let bus = ends.map(|ends| if side == super::Side::From { ends.from } else { ends.to });
            BASE_VA / (3_f64.sqrt() * bus.map_or(1.0, |bus| grid.buses[bus as usize].rated_v))
        }
        _ => 1.0,
    };
    let own = circuit.unknown(node, phase);
    Ok(Row { kind, imaginary, own, terms, value: value / unit, sigma: sigma / unit, unit })
}

/// The node that a quantity is at, [`NONE`] where dead, and the current that it is about as terms.
fn place(circuit: &Circuit, quantity: Quantity, phase: usize) -> (Option<u32>, Vec<(u32, c64)>) {
    let mut terms = Vec::new();
    let live = |node: Option<u32>| node.filter(|node| *node != NONE);
    let node = match quantity {
        Quantity::VoltageMagnitude(bus) | Quantity::VoltageReal(bus) | Quantity::VoltageImaginary(bus) => {
            circuit.node_of_bus.get(bus as usize).copied()
        }
        Quantity::InjectionActive(bus) | Quantity::InjectionReactive(bus) => {
            let node = circuit.node_of_bus.get(bus as usize).copied();
            if let Some(node) = live(node) {
                circuit.injection_terms(node, phase, &mut terms);
            }
            node
        }
        Quantity::ShuntActive(shunt) | Quantity::ShuntReactive(shunt) => {
            let node = circuit.shunts.get(shunt as usize).map(|(node, _)| *node);
            if live(node).is_some() {
                circuit.shunt_terms(shunt as usize, phase, &mut terms);
            }
            node
        }
        Quantity::FlowActive(branch, side)
        | Quantity::FlowReactive(branch, side)
        | Quantity::CurrentReal(branch, side)
        | Quantity::CurrentImaginary(branch, side)
        | Quantity::CurrentActive(branch, side)
        | Quantity::CurrentReactive(branch, side) => {
            let end = usize::from(side == super::Side::To);
            let node = circuit.ends.get(branch as usize).map(|ends| ends[end]);
            if live(node).is_some() {
                circuit.flow_terms(branch as usize, end, phase, &mut terms);
            }
            node
        }
    };
    (node, terms)
}

fn kind(quantity: Quantity) -> (Kind, bool) {
    match quantity {
        Quantity::VoltageMagnitude(_) => (Kind::Magnitude, false),
        Quantity::VoltageReal(_) => (Kind::Voltage, false),
        Quantity::VoltageImaginary(_) => (Kind::Voltage, true),
        Quantity::InjectionActive(_) | Quantity::FlowActive(..) | Quantity::ShuntActive(_) => (Kind::Power, false),
        Quantity::InjectionReactive(_) | Quantity::FlowReactive(..) | Quantity::ShuntReactive(_) => (Kind::Power, true),
        Quantity::CurrentReal(..) => (Kind::Current, false),
        Quantity::CurrentImaginary(..) => (Kind::Current, true),
        Quantity::CurrentActive(..) => (Kind::CurrentAtVoltage, false),
        Quantity::CurrentReactive(..) => (Kind::CurrentAtVoltage, true),
    }
}
