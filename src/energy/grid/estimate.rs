//! State estimation: weighted least squares over voltages in polar coordinates (Abur and Gómez-Expósito 2004, Power System
//! State Estimation, chapters 2 and 5), with the chi-square test and the largest normalised residual for bad data.
//!
//! The weighted Jacobian is factorised by sparse rotations ([`super::givens`]), so that exact and vague measurements may stand
//! together; its triangle gives the variances of states and residuals.

use faer::c64;
use rayon::prelude::*;
use thiserror::Error;

use super::{
    check::Grid,
    element::{ElementId, Side},
    estimate_rows::{Circuit, Equations},
    givens::{LeastSquares, Rows, Undetermined},
    network::NONE,
    phases::NoZeroSequence,
};

/// Steps after which an estimate counts as not found.
const MAX_STEPS: u32 = 60;
/// Largest change of angle, rad, and relative magnitude that counts as none.
const SETTLED: f64 = 1e-10;
/// A measurement whose residual varies less than this share of its own variance is critical: nothing checks it.
const CRITICAL: f64 = 1e-8;
/// Confidence of the chi-square test: 99 %, the usual choice, as a quantile of the normal distribution.
const NORMAL_99: f64 = 2.326_347_874;
/// Normalised residual above which a measurement is suspect (Abur and Gómez-Expósito, section 5.8).
const SUSPECT: f64 = 3.0;

/// What is measured. Injections and flows are positive into the grid and into the branch, what a shunt draws is positive;
/// branches are counted as in [`super::GridData::branch_ends`].
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
    /// A, against the grid's reference angle.
    CurrentReal(u32, Side),
    CurrentImaginary(u32, Side),
    /// A, in phase with the voltage of its end, and what lags behind it.
    CurrentActive(u32, Side),
    CurrentReactive(u32, Side),
    /// W and var of a shunt, by its index.
    ShuntActive(u32),
    ShuntReactive(u32),
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
    /// What was asked for and its standard deviation, in the unit of the quantity.
    pub asked: Vec<[f64; 2]>,
    pub steps: u32,
}

impl Estimate {
    /// Whether the chi-square test finds bad data.
    pub fn has_bad_data(&self) -> bool {
        self.objective > self.threshold
    }
}

/// A measurement of one phase: 0, 1, 2 for a, b, c; voltages per unit of rated voltage over √3, powers of the phase alone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PhaseMeasurement {
    pub measurement: Measurement,
    pub phase: u8,
}

/// An estimated state phase by phase; the rest as in [`Estimate`].
#[derive(Clone, Debug)]
pub struct PhaseEstimate {
    pub voltage: Vec<[c64; 3]>,
    pub vm_sigma_pu: Vec<[f64; 3]>,
    pub residual: Vec<f64>,
    pub normalised: Vec<Option<f64>>,
    pub objective: f64,
    pub threshold: f64,
    pub suspect: Option<usize>,
    pub steps: u32,
}

#[derive(Clone, PartialEq, Debug, Error)]
pub enum EstimateError {
    #[error("measurement {0} states {1}; a finite value and a deviation above zero are needed")]
    Value(usize, &'static str),
    #[error("measurement {0} is at a bus, branch, shunt or phase that does not exist or is dead")]
    Place(usize),
    #[error("the measurements do not determine the voltage of bus {0}; add a sensor or a pseudo-measurement near it")]
    NotObservable(ElementId),
    #[error(transparent)]
    NoZeroSequence(#[from] NoZeroSequence),
    #[error("the estimate did not settle in {MAX_STEPS} steps; check the measurements' units and signs")]
    NotConverged,
}

/// Estimates the state. Buses without load, generator, battery or external grid inject nothing, which is used as exact.
pub fn estimate(grid: &Grid, measurements: &[Measurement]) -> Result<Estimate, EstimateError> {
    estimate_asking(grid, measurements, &[])
}

/// The same; quantities that nobody measures are told with it ([`Estimate::asked`]).
pub fn estimate_asking(
    grid: &Grid,
    measurements: &[Measurement],
    asked: &[Quantity],
) -> Result<Estimate, EstimateError> {
    let all: Vec<(Measurement, usize)> = measurements.iter().map(|m| (*m, 0)).collect();
    let circuit = Circuit::balanced(grid);
    let found = settle(grid, &circuit, &all, asked)?;
    let of_bus = |node: &u32| if *node == NONE { None } else { Some(*node as usize) };
    let voltage = |node: &u32| of_bus(node).map_or(c64::new(0.0, 0.0), |at| found.voltage[at]);
    let sigma = |node: &u32| of_bus(node).map_or(0.0, |at| found.vm_sigma_pu[at]);
    Ok(Estimate {
        voltage: circuit.node_of_bus.iter().map(voltage).collect(),
        vm_sigma_pu: circuit.node_of_bus.iter().map(sigma).collect(),
        residual: found.residual,
        normalised: found.normalised,
        objective: found.objective,
        threshold: found.threshold,
        suspect: found.suspect,
        asked: found.asked,
        steps: found.steps,
    })
}

/// The same phase by phase.
pub fn estimate_phases(grid: &Grid, measurements: &[PhaseMeasurement]) -> Result<PhaseEstimate, EstimateError> {
    let all: Vec<(Measurement, usize)> = measurements.iter().map(|m| (m.measurement, usize::from(m.phase))).collect();
    let circuit = Circuit::in_phases(grid)?;
    let found = settle(grid, &circuit, &all, &[])?;
    let unknown = |node: &u32, phase: usize| (*node != NONE).then(|| 3 * *node as usize + phase);
    let voltage = |node: &u32, phase| unknown(node, phase).map_or(c64::new(0.0, 0.0), |at| found.voltage[at]);
    let sigma = |node: &u32, phase| unknown(node, phase).map_or(0.0, |at| found.vm_sigma_pu[at]);
    Ok(PhaseEstimate {
        voltage: circuit.node_of_bus.iter().map(|node| [0, 1, 2].map(|phase| voltage(node, phase))).collect(),
        vm_sigma_pu: circuit.node_of_bus.iter().map(|node| [0, 1, 2].map(|phase| sigma(node, phase))).collect(),
        residual: found.residual,
        normalised: found.normalised,
        objective: found.objective,
        threshold: found.threshold,
        suspect: found.suspect,
        steps: found.steps,
    })
}

/// By unknown voltage what [`Estimate`] has by bus.
struct Found {
    voltage: Vec<c64>,
    vm_sigma_pu: Vec<f64>,
    residual: Vec<f64>,
    normalised: Vec<Option<f64>>,
    objective: f64,
    threshold: f64,
    suspect: Option<usize>,
    asked: Vec<[f64; 2]>,
    steps: u32,
}

/// Gauss-Newton steps until the state settles.
fn settle(
    grid: &Grid,
    circuit: &Circuit,
    measurements: &[(Measurement, usize)],
    asked: &[Quantity],
) -> Result<Found, EstimateError> {
    let equations = Equations::new(grid, circuit, measurements, asked)?;
    let mut voltage = circuit.start.clone();
    let mut rows = Rows::default();
    equations.linear(&voltage, &mut rows);
    let mut squares = LeastSquares::new(circuit.unknowns(), &rows);
    for steps in 1..=MAX_STEPS {
        squares.factorise(&rows).map_err(|Undetermined(unknown)| {
            let bus = circuit.bus_of_node[unknown as usize / 2 / circuit.phases];
            EstimateError::NotObservable(grid.buses[bus as usize].label.id.clone())
        })?;
        let mut largest = 0.0_f64;
        for (u, [turn, growth]) in voltage.iter_mut().zip(squares.solve()) {
            largest = largest.max(turn.abs()).max(growth.abs());
            *u *= c64::from_polar(1.0 + growth.clamp(-0.5, 0.5), turn.clamp(-0.5, 0.5));
        }
        if !largest.is_finite() {
            break;
        }
        equations.linear(&voltage, &mut rows);
        if largest <= SETTLED {
            return Ok(judge(&equations, &squares, &rows, (voltage, steps)));
        }
    }
    Err(EstimateError::NotConverged)
}

/// What the last factors, a settled step before, say of residuals and states.
fn judge(equations: &Equations, squares: &LeastSquares, rows: &Rows, (voltage, steps): (Vec<c64>, u32)) -> Found {
    let weighted = &rows.rhs;
    let scratch = || squares.scratch();
    let residual = |index: usize| weighted[index] * equations.rows[index].sigma * equations.rows[index].unit;
    let normalise = |work: &mut Vec<f64>, index: usize| {
        let free = 1.0 - squares.variance_of_row(rows, index, work);
        (free > CRITICAL).then(|| weighted[index].abs() / free.sqrt())
    };
    let normalised: Vec<Option<f64>> = (0..equations.measured).into_par_iter().map_init(scratch, normalise).collect();
    let largest = normalised.iter().enumerate().filter_map(|(index, r)| Some((index, (*r)?)));
    let largest = largest.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let answers = equations.answers(&voltage);
    let answer = |work: &mut Vec<f64>, index: usize| {
        let unit = equations.rows[equations.measured + index].unit;
        [answers.rhs[index] * unit, squares.variance_of_row(&answers, index, work).sqrt() * unit]
    };
    let freedom = rows.len().saturating_sub(equations.asked + 2 * voltage.len());
    let sigma = |work: &mut Vec<f64>, node: usize| squares.variance_of(node, 1, work).sqrt() * voltage[node].norm();
    Found {
        vm_sigma_pu: (0..voltage.len()).into_par_iter().map_init(scratch, sigma).collect(),
        residual: (0..equations.measured).map(residual).collect(),
        objective: weighted.iter().map(|x| x * x).sum(),
        threshold: chi_square_99(freedom),
        asked: (0..equations.asked).into_par_iter().map_init(scratch, answer).collect(),
        suspect: largest.filter(|(_, r)| *r > SUSPECT).map(|(index, _)| index),
        normalised,
        voltage,
        steps,
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
