//! State estimation: weighted least squares over voltages in polar coordinates (Abur and Gómez-Expósito 2004, Power System
//! State Estimation, chapters 2 and 5), with the chi-square test and the largest normalised residual for bad data.
//!
//! The weighted Jacobian is factorised by an orthogonal transformation with column pivoting, so that exact and vague
//! measurements may stand together; its thin Q gives the residuals' variances. It is dense: some hundred buses, the size of a
//! feeder with its sensors.

use faer::{Mat, c64, linalg::solvers::SolveLstsq};
use thiserror::Error;

use super::{
    check::Grid,
    element::{ElementId, Side},
    network::{NONE, Network},
    newton::flat_start,
    two_port::BASE_VA,
};

/// Standard deviation of the power balance of a bus without any load or source, per unit: known exactly.
const EXACT_PU: f64 = 1e-7;
/// Steps after which an estimate counts as not found.
const MAX_STEPS: u32 = 60;
/// Largest change of angle, rad, and relative magnitude that counts as none.
const SETTLED: f64 = 1e-10;
/// A column of the weighted Jacobian this much smaller than the largest says nothing of its state.
const RANK: f64 = 1e-12;
/// A measurement whose residual varies less than this share of its own variance is critical: nothing checks it.
const CRITICAL: f64 = 1e-8;
/// Confidence of the chi-square test: 99 %, the usual choice, as a quantile of the normal distribution.
const NORMAL_99: f64 = 2.326_347_874;
/// Normalised residual above which a measurement is suspect (Abur and Gómez-Expósito, section 5.8).
const SUSPECT: f64 = 3.0;

/// What is measured. Injections and flows are positive into the grid and into the branch; branches are counted as in
/// [`super::GridData::branch_ends`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Quantity {
    /// Per unit.
    VoltageMagnitude(u32),
    /// Per unit, against the grid's reference angle.
    VoltageReal(u32),
    VoltageImaginary(u32),
    /// W and var.
    InjectionActive(u32),
    InjectionReactive(u32),
    FlowActive(u32, Side),
    FlowReactive(u32, Side),
}

/// A sensor's value, or a pseudo-measurement (a usual load with a wide deviation).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measurement {
    pub quantity: Quantity,
    pub value: f64,
    /// Standard deviation in the value's unit.
    pub sigma: f64,
}

/// An estimated state and what its measurements say of each other.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Per bus, per unit; nought where dead.
    pub voltage: Vec<c64>,
    /// Standard deviation of each bus' magnitude, per unit.
    pub vm_sigma_pu: Vec<f64>,
    /// Per measurement measured less estimated, in its unit.
    pub residual: Vec<f64>,
    /// Per measurement the residual over its own standard deviation; None where nothing else checks it.
    pub normalised: Vec<Option<f64>>,
    /// Weighted sum of squared residuals, and what 99 % of estimates without bad data stay below.
    pub objective: f64,
    pub threshold: f64,
    /// The measurement with the largest normalised residual, where that is above 3.
    pub suspect: Option<usize>,
    pub steps: u32,
}

impl Estimate {
    /// Whether the chi-square test finds bad data.
    pub fn has_bad_data(&self) -> bool {
        self.objective > self.threshold
    }
}

#[derive(Clone, PartialEq, Debug, Error)]
pub enum EstimateError {
    #[error("measurement {0} states {1}; a finite value and a deviation above zero are needed")]
    Value(usize, &'static str),
    #[error("measurement {0} is at a bus or branch that does not exist or is dead")]
    Place(usize),
    #[error("the measurements do not determine the voltage of bus {0}; add a sensor or a pseudo-measurement near it")]
    NotObservable(ElementId),
    #[error("the estimate did not settle in {MAX_STEPS} steps; check the measurements' units and signs")]
    NotConverged,
}

/// Estimates the state. Buses without load, generator, battery or external grid inject nothing, which is used as exact.
pub fn estimate(grid: &Grid, measurements: &[Measurement]) -> Result<Estimate, EstimateError> {
    let network = Network::new(grid);
    let problem = Problem::new(grid, &network, measurements)?;
    let nodes = problem.nodes;
    let mut voltage = flat_start(&network)[..nodes].to_vec();
    for step in 1..=MAX_STEPS {
        let (jacobian, residual) = problem.linear(&voltage);
        let qr = jacobian.col_piv_qr();
        problem.check_rank(grid, &qr)?;
        let change = qr.solve_lstsq(&residual);
        let mut largest = 0.0_f64;
        for (node, u) in voltage.iter_mut().enumerate() {
            let (turn, growth) = (change[(node, 0)], change[(nodes + node, 0)]);
            largest = largest.max(turn.abs()).max(growth.abs());
            *u *= c64::from_polar(1.0 + growth.clamp(-0.5, 0.5), turn.clamp(-0.5, 0.5));
        }
        if largest <= SETTLED {
            return Ok(problem.judge(&network, &voltage, step));
        }
        if !largest.is_finite() {
            break;
        }
    }
    Err(EstimateError::NotConverged)
}

/// A row of the least squares: per unit.
#[derive(Clone, Copy)]
struct Row {
    quantity: NodeQuantity,
    value: f64,
    sigma: f64,
    /// Unit of the measurement, per unit.
    unit: f64,
}

#[derive(Clone, Copy)]
enum NodeQuantity {
    Magnitude(usize),
    Real(usize),
    Imaginary(usize),
    Angle(usize),
    /// Node and whether reactive.
    Injection(usize, bool),
    /// Branch, end and whether reactive.
    Flow(usize, usize, bool),
}

struct Problem {
    nodes: usize,
    rows: Vec<Row>,
    measured: usize,
    /// Branches between nodes: ends and admittances.
    branches: Vec<([u32; 2], super::two_port::TwoPort)>,
    shunt: Vec<c64>,
    bus_of_node: Vec<u32>,
}

impl Problem {
    fn new(grid: &Grid, network: &Network, measurements: &[Measurement]) -> Result<Self, EstimateError> {
        let nodes = network.bus_of_node.iter().take_while(|bus| **bus != NONE).count();
        let elements = grid.branch_ends().count();
        let mut problem = Self {
            nodes,
            rows: Vec::new(),
            measured: measurements.len(),
            branches: network.branches[..elements].iter().map(|b| ([b.from, b.to], b.y)).collect(),
            shunt: vec![c64::new(0.0, 0.0); nodes],
            bus_of_node: network.bus_of_node.clone(),
        };
        for shunt in grid.shunts.iter().filter(|shunt| shunt.in_service) {
            let node = network.node_of_bus[shunt.bus as usize];
            if node != NONE {
                let per_s = grid.buses[shunt.bus as usize].rated_v.powi(2) / BASE_VA;
                problem.shunt[node as usize] += c64::new(shunt.g_s, shunt.b_s) * per_s;
            }
        }
        for (index, measurement) in measurements.iter().enumerate() {
            problem.rows.push(problem.row(network, index, measurement)?);
        }
        problem.add_known(grid, network);
        Ok(problem)
    }

    fn row(&self, network: &Network, index: usize, measurement: &Measurement) -> Result<Row, EstimateError> {
        let Measurement { quantity, value, sigma } = *measurement;
        if !value.is_finite() {
            return Err(EstimateError::Value(index, "a value that is no finite number"));
        }
        if sigma.is_nan() || sigma <= 0.0 {
            return Err(EstimateError::Value(index, "a deviation that is not above zero"));
        }
        let node = |bus: u32| {
            let node = network.node_of_bus.get(bus as usize).copied().filter(|node| *node != NONE);
            node.map(|node| node as usize).ok_or(EstimateError::Place(index))
        };
        let flow = |branch: u32, side: Side, reactive: bool| {
            let end = usize::from(side == Side::To);
            let ends = self.branches.get(branch as usize).map(|(ends, _)| ends);
            let live = ends.is_some_and(|ends| ends[end] != NONE);
            if live { Ok(NodeQuantity::Flow(branch as usize, end, reactive)) } else { Err(EstimateError::Place(index)) }
        };
        let (quantity, unit) = match quantity {
            Quantity::VoltageMagnitude(bus) => (NodeQuantity::Magnitude(node(bus)?), 1.0),
            Quantity::VoltageReal(bus) => (NodeQuantity::Real(node(bus)?), 1.0),
            Quantity::VoltageImaginary(bus) => (NodeQuantity::Imaginary(node(bus)?), 1.0),
            Quantity::InjectionActive(bus) => (NodeQuantity::Injection(node(bus)?, false), BASE_VA),
            Quantity::InjectionReactive(bus) => (NodeQuantity::Injection(node(bus)?, true), BASE_VA),
            Quantity::FlowActive(branch, side) => (flow(branch, side, false)?, BASE_VA),
            Quantity::FlowReactive(branch, side) => (flow(branch, side, true)?, BASE_VA),
        };
        Ok(Row { quantity, value: value / unit, sigma: sigma / unit, unit })
    }

    /// Buses that inject nothing, and one angle where no phasor is measured: that of the first external grid's bus.
    fn add_known(&mut self, grid: &Grid, network: &Network) {
        let phasors = self.rows.iter().any(|row| matches!(row.quantity, NodeQuantity::Imaginary(_)));
        let mut injects = vec![false; self.nodes];
        let loads = grid.loads.iter().filter(|e| e.in_service).map(|e| e.bus);
        let generators = grid.generators.iter().filter(|e| e.in_service).map(|e| e.bus);
        let batteries = grid.batteries.iter().filter(|e| e.in_service).map(|e| e.bus);
        let sources = grid.external_grids.iter().filter(|e| e.in_service).map(|e| e.bus);
        for bus in loads.chain(generators).chain(batteries).chain(sources) {
            let node = network.node_of_bus[bus as usize];
            if node != NONE {
                injects[node as usize] = true;
            }
        }
        for node in (0..self.nodes).filter(|node| !injects[*node]) {
            for reactive in [false, true] {
                let quantity = NodeQuantity::Injection(node, reactive);
                self.rows.push(Row { quantity, value: 0.0, sigma: EXACT_PU, unit: BASE_VA });
            }
        }
        let source = grid.external_grids.iter().find(|source| network.node_of_bus[source.bus as usize] != NONE);
        if let (false, Some(source)) = (phasors, source) {
            let quantity = NodeQuantity::Angle(network.node_of_bus[source.bus as usize] as usize);
            self.rows.push(Row { quantity, value: source.va_rad, sigma: 1e-3, unit: 1.0 });
        }
    }

    /// Weighted Jacobian over angles and relative magnitudes, and weighted residuals.
    fn linear(&self, voltage: &[c64]) -> (Mat<f64>, Mat<f64>) {
        let mut jacobian = Mat::zeros(self.rows.len(), 2 * self.nodes);
        let mut residual = Mat::zeros(self.rows.len(), 1);
        let injections = self.injections(voltage);
        for (index, row) in self.rows.iter().enumerate() {
            let mut put = |column: usize, value: f64| jacobian[(index, column)] += value / row.sigma;
            let is = match row.quantity {
                NodeQuantity::Magnitude(node) => {
                    put(self.nodes + node, voltage[node].norm());
                    voltage[node].norm()
                }
                NodeQuantity::Real(node) => {
                    put(node, -voltage[node].im);
                    put(self.nodes + node, voltage[node].re);
                    voltage[node].re
                }
                NodeQuantity::Imaginary(node) => {
                    put(node, voltage[node].re);
                    put(self.nodes + node, voltage[node].im);
                    voltage[node].im
                }
                NodeQuantity::Angle(node) => {
                    put(node, 1.0);
                    voltage[node].arg()
                }
                NodeQuantity::Flow(branch, end, reactive) => {
                    let part = |s: c64| if reactive { s.im } else { s.re };
                    let mut sum = 0.0;
                    self.each_term(branch, end, voltage, &mut |own, other, s| {
                        sum += part(s);
                        self.derive(own, other, s, part, &mut put);
                    });
                    sum
                }
                NodeQuantity::Injection(node, reactive) => {
                    let part = |s: c64| if reactive { s.im } else { s.re };
                    let mut sum = 0.0;
                    for &(branch, end) in &injections[node] {
                        self.each_term(branch, end, voltage, &mut |own, other, s| {
                            sum += part(s);
                            self.derive(own, other, s, part, &mut put);
                        });
                    }
                    let shunt = self.shunt[node].conj() * voltage[node].norm_sqr();
                    self.derive(node, node, shunt, part, &mut put);
                    sum + part(shunt)
                }
            };
            residual[(index, 0)] = (row.value - is) / row.sigma;
        }
        (jacobian, residual)
    }

    /// Per node the branch ends at it.
    fn injections(&self, voltage: &[c64]) -> Vec<Vec<(usize, usize)>> {
        let mut at = vec![Vec::new(); voltage.len()];
        for (branch, (ends, _)) in self.branches.iter().enumerate() {
            for (end, node) in ends.iter().enumerate().filter(|(_, node)| **node != NONE) {
                at[*node as usize].push((branch, end));
            }
        }
        at
    }

    /// Terms `u_i (y u_j)*` of the power into a branch's end.
    fn each_term(&self, branch: usize, end: usize, voltage: &[c64], visit: &mut dyn FnMut(usize, usize, c64)) {
        let (ends, y) = &self.branches[branch];
        let own = ends[end] as usize;
        for (other, y) in ends.iter().zip(y[end]) {
            if *other != NONE {
                let other = *other as usize;
                visit(own, other, voltage[own] * (y * voltage[other]).conj());
            }
        }
    }

    /// Derivatives of `s = u_i (y u_j)*`: `j s` by θ_i, `−j s` by θ_j, s by either relative magnitude.
    fn derive(&self, own: usize, other: usize, s: c64, part: impl Fn(c64) -> f64, put: &mut dyn FnMut(usize, f64)) {
        let turned = c64::new(-s.im, s.re);
        if own != other {
            put(own, part(turned));
            put(other, -part(turned));
        }
        put(self.nodes + own, part(s));
        put(self.nodes + other, part(s));
    }

    /// The pivoted R falls off where a state is not determined.
    fn check_rank(&self, grid: &Grid, qr: &faer::linalg::solvers::ColPivQr<f64>) -> Result<(), EstimateError> {
        let states = 2 * self.nodes;
        let (r, order) = (qr.R(), qr.P().arrays().0);
        let first = if states > 0 && self.rows.len() >= states { r[(0, 0)].abs() } else { 0.0 };
        let weak =
            (0..states).find(|&k| k >= self.rows.len() || r[(k, k)].abs() <= RANK * first || !r[(k, k)].is_finite());
        let Some(weak) = weak else { return Ok(()) };
        let bus = self.bus_of_node[order[weak] % self.nodes];
        Err(EstimateError::NotObservable(grid.buses[bus as usize].label.id.clone()))
    }

    fn judge(&self, network: &Network, voltage: &[c64], steps: u32) -> Estimate {
        let (jacobian, weighted) = self.linear(voltage);
        let states = 2 * self.nodes;
        let qr = jacobian.col_piv_qr();
        let q = qr.compute_thin_Q();
        let mut estimate = Estimate {
            voltage: vec![c64::new(0.0, 0.0); network.node_of_bus.len()],
            vm_sigma_pu: vec![0.0; network.node_of_bus.len()],
            residual: Vec::with_capacity(self.measured),
            normalised: Vec::with_capacity(self.measured),
            objective: (0..self.rows.len()).map(|row| weighted[(row, 0)].powi(2)).sum(),
            threshold: chi_square_99(self.rows.len().saturating_sub(states)),
            suspect: None,
            steps,
        };
        for (index, row) in self.rows[..self.measured].iter().enumerate() {
            let free = 1.0 - (0..states).map(|k| q[(index, k)] * q[(index, k)]).sum::<f64>();
            estimate.residual.push(weighted[(index, 0)] * row.sigma * row.unit);
            estimate.normalised.push((free > CRITICAL).then(|| weighted[(index, 0)].abs() / free.sqrt()));
        }
        let largest = estimate.normalised.iter().enumerate().filter_map(|(index, r)| Some((index, (*r)?)));
        let largest = largest.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        estimate.suspect = largest.filter(|(_, r)| *r > SUSPECT).map(|(index, _)| index);
        let sigma = self.magnitude_sigma(&qr, voltage);
        for (bus, &node) in network.node_of_bus.iter().enumerate().filter(|(_, node)| **node != NONE) {
            estimate.voltage[bus] = voltage[node as usize];
            estimate.vm_sigma_pu[bus] = sigma[node as usize];
        }
        estimate
    }

    /// From the covariance `(RᵀR)⁻¹` of the states: the row of R⁻¹ of each.
    fn magnitude_sigma(&self, qr: &faer::linalg::solvers::ColPivQr<f64>, voltage: &[c64]) -> Vec<f64> {
        let states = 2 * self.nodes;
        let (r, order) = (qr.R(), qr.P().arrays().0);
        let mut inverse = Mat::<f64>::zeros(states, states);
        for column in 0..states {
            for row in (0..=column).rev() {
                let known: f64 = (row + 1..=column).map(|k| r[(row, k)] * inverse[(k, column)]).sum();
                let own = if row == column { 1.0 } else { 0.0 };
                inverse[(row, column)] = (own - known) / r[(row, row)];
            }
        }
        let mut sigma = vec![0.0; self.nodes];
        for (at, &state) in order.iter().enumerate().filter(|(_, state)| **state >= self.nodes) {
            let variance: f64 = (at..states).map(|column| inverse[(at, column)].powi(2)).sum();
            let node = state - self.nodes;
            sigma[node] = variance.sqrt() * voltage[node].norm();
        }
        sigma
    }
}

/// The 99 % quantile of the chi-square distribution (Wilson and Hilferty 1931, PNAS 17(12)): within 1 % from 3 degrees on.
fn chi_square_99(degrees: usize) -> f64 {
    if degrees == 0 {
        return f64::INFINITY;
    }
    let k = degrees as f64;
    let part = 2.0 / (9.0 * k);
    k * (1.0 - part + NORMAL_99 * part.sqrt()).powi(3)
}
