//! Sweeps in three phases, eight hours side by side.
//!
//! With everything but constant powers linear, a branch says `u = A u_parent − B j` for the current j that constant powers
//! draw at and beyond its node, and passes `C j` on: A, B and C are 3 × 3 and take in charging, ratios, admittances to earth
//! and all that hangs linearly below. They are made once, from the leaves to the source.

use rayon::prelude::*;
use thiserror::Error;

use super::{
    check::Grid,
    element::{Demand, Load},
    network::{NONE, Network, NodeKind},
    phase_matrix::{Three, add, inverse, product},
    phase_sweep_state::{LANES, Lanes, Matrix, State, Step},
    phases::{NoZeroSequence, PHASE_VA, PhaseNetwork},
    radial::{Feeder, NotRadial, Radial},
};

/// Largest error of a voltage that is left, per unit.
const TOLERANCE_PU: f64 = 1e-10;
/// Sweeps after which an hour counts as not solvable.
const MAX_SWEEPS: u32 = 200;

/// Why a grid cannot be swept in three phases.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum NotSweepable {
    #[error(transparent)]
    NotRadial(#[from] NotRadial),
    #[error(transparent)]
    NoZeroSequence(#[from] NoZeroSequence),
    #[error("there are loads between phases; solve hour by hour")]
    BetweenPhases,
    #[error("some buses lack a phase; solve hour by hour")]
    MissingPhases,
}

/// Per hour and load the constant power of phases a, b, c, W and var, in the order of the grid's loads.
#[derive(Clone, Copy, Debug)]
pub struct PhaseProfiles<'a> {
    pub hours: usize,
    pub p_w: &'a [f64],
    pub q_var: &'a [f64],
}

/// Solved hours: hour by hour, per bus, phases a, b, c, per unit.
#[derive(Clone, PartialEq, Debug)]
pub struct PhaseBatchFlow {
    pub vm_pu: Vec<f64>,
    pub sweeps: u32,
}

/// Why an hour has no solution.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum PhaseSweepError {
    #[error("one of the hours from {hour} to {} did not converge: check the loads", hour + LANES - 1)]
    NotConverged { hour: usize },
    #[error("profiles have {given} values where {hours} hours of {loads} loads in three phases need {needed}")]
    Length { given: usize, hours: usize, loads: usize, needed: usize },
}

/// A radial grid in three phases, analysed once.
#[derive(Clone, Debug)]
pub struct PhaseSweep {
    radial: Radial,
    steps: Vec<Step>,
    /// Per position what is drawn without the grid's loads, per unit.
    rest: Vec<[[f64; 2]; 3]>,
    current: Vec<[[f64; 2]; 3]>,
    /// Per feeder load and place within it.
    feeder_loads: Vec<Vec<(u32, u32)>>,
    /// Position and bus, by position; buses at sources with their voltage.
    buses: Vec<(u32, u32)>,
    source_buses: Vec<(u32, f64)>,
    bus_count: usize,
    load_count: usize,
}

impl PhaseSweep {
    pub fn new(grid: &Grid) -> Result<Self, NotSweepable> {
        let network = PhaseNetwork::new(grid)?;
        // Those that draw nothing yet are no part of the network, but profiles may move them.
        let is_between = |load: &Load| load.in_service && matches!(load.demand, Demand::Delta(_));
        if !network.between.is_empty() || grid.loads.iter().any(is_between) {
            return Err(NotSweepable::BetweenPhases);
        }
        if network.lacks_phases {
            return Err(NotSweepable::MissingPhases);
        }
        let radial = Radial::new(grid, &network.balanced)?;
        let of = |values: &[[f64; 2]], node: u32| std::array::from_fn(|p| values[3 * node as usize + p]);
        let mut sweep = Self {
            steps: steps(&network, &radial),
            rest: radial.node.iter().map(|&node| of(&network.power, node)).collect(),
            current: radial.node.iter().map(|&node| of(&network.current, node)).collect(),
            feeder_loads: vec![Vec::new(); radial.feeders.len()],
            buses: Vec::new(),
            source_buses: Vec::new(),
            bus_count: grid.buses.len(),
            load_count: grid.loads.len(),
            radial,
        };
        sweep.place_buses(&network.balanced);
        sweep.place_loads(grid, &network.balanced);
        Ok(sweep)
    }

    fn place_buses(&mut self, network: &Network) {
        for (bus, &node) in network.node_of_bus.iter().enumerate().filter(|(_, node)| **node != NONE) {
            let position = self.radial.position[node as usize];
            match network.kind[node as usize] {
                NodeKind::Slack(voltage) => self.source_buses.push((bus as u32, voltage.norm())),
                _ => self.buses.push((position, bus as u32)),
            }
        }
        self.buses.sort_unstable();
    }

    /// The loads' own constant powers leave the rest: profiles state them anew.
    fn place_loads(&mut self, grid: &Grid, network: &Network) {
        let mut order = Vec::new();
        for (index, load) in grid.loads.iter().enumerate().filter(|(_, load)| load.in_service) {
            let node = network.node_of_bus[load.bus as usize];
            let position = if node == NONE { NONE } else { self.radial.position[node as usize] };
            if position == NONE {
                continue;
            }
            let power = match &load.demand {
                Demand::Balanced(zip) => [zip.power.map(|x| x / 3.0); 3],
                Demand::Wye(zips) | Demand::Delta(zips) => zips.map(|zip| zip.power),
            };
            for (rest, power) in self.rest[position as usize].iter_mut().zip(power) {
                *rest = [rest[0] - power[0] / PHASE_VA, rest[1] - power[1] / PHASE_VA];
            }
            order.push((position, index as u32));
        }
        order.sort_unstable();
        let mut order = order.into_iter().peekable();
        for (feeder, loads) in self.radial.feeders.iter().zip(&mut self.feeder_loads) {
            while let Some((position, load)) = order.next_if(|(position, _)| (*position as usize) < feeder.end) {
                loads.push((load, position - feeder.begin as u32));
            }
        }
    }

    /// All hours of the profiles; blocks of hours go over threads.
    pub fn solve_hours(&self, profiles: PhaseProfiles<'_>) -> Result<PhaseBatchFlow, PhaseSweepError> {
        let (loads, hours) = (self.load_count, profiles.hours);
        let needed = 3 * hours * loads;
        for values in [profiles.p_w, profiles.q_var] {
            if values.len() != needed {
                return Err(PhaseSweepError::Length { given: values.len(), hours, loads, needed });
            }
        }
        let mut vm_pu = vec![0.0; 3 * hours * self.bus_count];
        let longest = self.radial.feeders.iter().map(|feeder| feeder.end - feeder.begin).max().unwrap_or(0);
        let rows = vm_pu.par_chunks_mut((3 * LANES * self.bus_count).max(1)).enumerate();
        let block = |state: &mut State, (index, rows): (usize, &mut [f64])| {
            let task = BlockTask { sweep: self, profiles, first: index * LANES, state, rows };
            pulp::Arch::new().dispatch(task)
        };
        let sweeps: Result<Vec<u32>, PhaseSweepError> = rows.map_init(|| State::new(longest), block).collect();
        Ok(PhaseBatchFlow { vm_pu, sweeps: sweeps?.into_iter().max().unwrap_or(0) })
    }

    /// Up to eight hours of every feeder; lanes past the last hour repeat it.
    #[inline(always)]
    fn block(
        &self,
        profiles: PhaseProfiles<'_>,
        first: usize,
        state: &mut State,
        rows: &mut [f64],
    ) -> Result<u32, PhaseSweepError> {
        let (row, width) = (3 * self.load_count, 3 * self.bus_count);
        let lanes = rows.len() / width;
        let hour: [usize; LANES] = std::array::from_fn(|lane| (first + lane.min(lanes - 1)) * row);
        let p: [&[f64]; LANES] = hour.map(|at| &profiles.p_w[at..at + row]);
        let q: [&[f64]; LANES] = hour.map(|at| &profiles.q_var[at..at + row]);
        let mut sweeps = 0;
        let mut buses_left = self.buses.as_slice();
        for (index, feeder) in self.radial.feeders.iter().enumerate() {
            self.load_feeder(index, feeder, (&p, &q), state);
            let taken = self.run(feeder, state).ok_or(PhaseSweepError::NotConverged { hour: first })?;
            sweeps = sweeps.max(taken);
            let count = buses_left.partition_point(|(position, _)| (*position as usize) < feeder.end);
            let (own, rest) = buses_left.split_at(count);
            buses_left = rest;
            for &(position, bus) in own {
                let local = position as usize - feeder.begin + 1;
                for phase in 0..3 {
                    let (re, im) = (state.re[local][phase], state.im[local][phase]);
                    let vm: Lanes = std::array::from_fn(|lane| (re[lane] * re[lane] + im[lane] * im[lane]).sqrt());
                    for (lane, vm) in vm.iter().take(lanes).enumerate() {
                        rows[lane * width + 3 * bus as usize + phase] = *vm;
                    }
                }
            }
        }
        for &(bus, vm) in &self.source_buses {
            for lane in 0..lanes {
                rows[lane * width + 3 * bus as usize..][..3].fill(vm);
            }
        }
        Ok(sweeps)
    }

    /// What is drawn in the feeder, per unit.
    #[inline(always)]
    fn load_feeder(
        &self,
        index: usize,
        feeder: &Feeder,
        (p, q): (&[&[f64]; LANES], &[&[f64]; LANES]),
        state: &mut State,
    ) {
        for (at, rest) in self.rest[feeder.begin..feeder.end].iter().enumerate() {
            state.p[at] = rest.map(|rest| [rest[0]; LANES]);
            state.q[at] = rest.map(|rest| [rest[1]; LANES]);
        }
        for &(load, at) in &self.feeder_loads[index] {
            for phase in 0..3 {
                let column = 3 * load as usize + phase;
                let (target_p, target_q) = (&mut state.p[at as usize][phase], &mut state.q[at as usize][phase]);
                for lane in 0..LANES {
                    target_p[lane] += p[lane][column] * (1.0 / PHASE_VA);
                    target_q[lane] += q[lane][column] * (1.0 / PHASE_VA);
                }
            }
        }
    }

    /// The number of sweeps; None where a lane does not settle.
    #[inline(always)]
    fn run(&self, feeder: &Feeder, state: &mut State) -> Option<u32> {
        let steps = &self.steps[feeder.begin..feeder.end];
        let current = &self.current[feeder.begin..feeder.end];
        let follows = current.iter().flatten().any(|current| *current != [0.0; 2]);
        state.start(steps, feeder.source_voltage);
        let mut last = f64::INFINITY;
        for sweeps in 0..=MAX_SWEEPS {
            // The first pass finds the idle voltages: no current flows yet.
            if sweeps > 0 {
                state.backward(steps);
                if !state.jr[0].iter().chain(&state.ji[0]).flatten().all(|x| x.is_finite()) {
                    return None;
                }
            }
            let moved =
                if follows { state.forward::<true>(steps, current) } else { state.forward::<false>(steps, current) };
            let left = if moved < last { moved * moved / (last - moved) } else { f64::INFINITY };
            if sweeps > 1 && (moved <= 0.01 * TOLERANCE_PU || left <= TOLERANCE_PU && moved < 1e-3) {
                return Some(sweeps);
            }
            last = if sweeps > 0 { moved } else { f64::INFINITY };
        }
        None
    }
}

/// A, B and C of every position, from the leaves on: what hangs below a node is part of its admittance to earth.
fn steps(network: &PhaseNetwork, radial: &Radial) -> Vec<Step> {
    let mut at_node = network.shunt.clone();
    // Lines that are open at their other end charge.
    for (from, to, y) in &network.branches {
        match (*from, *to) {
            (NONE, NONE) => {}
            (from, NONE) => add(&mut at_node[from as usize], &y[0][0]),
            (NONE, to) => add(&mut at_node[to as usize], &y[1][1]),
            _ => {}
        }
    }
    let mut earth: Vec<Three> = radial.node.iter().map(|&node| at_node[node as usize]).collect();
    let empty = Step { parent: 0, a: [[0.0; 2]; 9], b: [[0.0; 2]; 9], c: [[0.0; 2]; 9] };
    let mut steps = vec![empty; radial.node.len()];
    for feeder in &radial.feeders {
        for at in (feeder.begin..feeder.end).rev() {
            let (branch, from_here) = radial.branch[at];
            let y = &network.branches[branch as usize].2;
            let (near, far) = if from_here { (0, 1) } else { (1, 0) };
            let mut own = y[far][far];
            add(&mut own, &earth[at]);
            let b = inverse(&own);
            let a = product(&b, &y[far][near]).map(|row| row.map(|x| -x));
            let c = product(&y[near][far], &b).map(|row| row.map(|x| -x));
            let parent = radial.parent[at];
            if parent > 0 {
                let above = &mut earth[feeder.begin + parent as usize - 1];
                add(above, &y[near][near]);
                add(above, &product(&y[near][far], &a));
            }
            steps[at] = Step { parent, a: flat(&a), b: flat(&b), c: flat(&c) };
        }
    }
    steps
}

fn flat(m: &Three) -> Matrix {
    std::array::from_fn(|k| [m[k / 3][k % 3].re, m[k / 3][k % 3].im])
}

struct BlockTask<'a> {
    sweep: &'a PhaseSweep,
    profiles: PhaseProfiles<'a>,
    first: usize,
    state: &'a mut State,
    rows: &'a mut [f64],
}

impl pulp::NullaryFnOnce for BlockTask<'_> {
    type Output = Result<u32, PhaseSweepError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.sweep.block(self.profiles, self.first, self.state, self.rows)
    }
}
