//! Backward/forward sweeps of radial grids (Shirmohammadi et al. 1988, IEEE Trans. Power Syst. 3(2)) for many hours or
//! scenarios at once: eight of them are the lanes of every operation, a feeder's state stays in the cache until it is
//! solved, and blocks of hours go over threads. The lanes never meet, so that the result is the same bytes for any number
//! of threads and any width of the machine's registers.

use faer::c64;
use rayon::prelude::*;
use thiserror::Error;

use super::{
    check::Grid,
    element::ElementId,
    network::{NONE, Network},
    radial::{Feeder, NotRadial, Radial},
    sweep_state::{Lanes, State, Tree, sum},
    two_port::BASE_VA,
};

/// Hours that are solved side by side.
const LANES: usize = 8;
/// The sweep from which on changes are looked at: no fewer solve a loaded feeder.
const FIRST_CHECK: u32 = 3;
/// Largest error of a voltage that is left, per unit.
const TOLERANCE_PU: f64 = 1e-10;
/// The same where energy is booked to nine digits of what an instant turns over.
const BOOKED_PU: f64 = 1e-12;
/// Sweeps after which an hour counts as not solvable. Each gains a digit or more in a grid that holds its voltages.
const MAX_SWEEPS: u32 = 200;

/// What varies: per hour every load's constant power, in the order of the grid's loads; nothing else of a load changes.
#[derive(Clone, Copy, Debug)]
pub struct Profiles<'a> {
    pub hours: usize,
    /// Hour by hour, W.
    pub p_w: &'a [f64],
    /// Hour by hour, var.
    pub q_var: &'a [f64],
}

/// Solved hours.
#[derive(Clone, PartialEq, Debug)]
pub struct BatchFlow {
    /// Hour by hour, per bus, per unit; nought where dead.
    pub vm_pu: Vec<f64>,
    /// Per hour what all sources give, W and var.
    pub sources_va: Vec<[f64; 2]>,
    /// Most sweeps that any feeder took.
    pub sweeps: u32,
}

/// Why an hour has no solution.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum SweepError {
    #[error("hour {hour} did not converge; the voltage still moves most at bus {bus}: check its loads")]
    NotConverged { hour: usize, bus: ElementId },
    #[error("profiles have {given} values where {hours} hours of {loads} loads need {needed}")]
    Length { given: usize, hours: usize, loads: usize, needed: usize },
}

/// A radial grid, analysed once and solved as often as wanted.
#[derive(Clone, Debug)]
pub struct Sweep {
    radial: Radial,
    /// Per position what is drawn without the grid's loads, per unit.
    rest: Vec<[f64; 2]>,
    /// Per position constant-current demand at 1 pu of the source's side.
    current: Vec<[f64; 2]>,
    /// Per load its position; [`NONE`] out of service, dead or at a source.
    load_position: Vec<u32>,
    /// Per load its constant power, per unit.
    load_power: Vec<[f64; 2]>,
    /// Per feeder its loads and their place within it.
    feeder_loads: Vec<Vec<(u32, u32)>>,
    /// Per position its buses; buses at sources apart.
    buses: Vec<(u32, u32)>,
    source_buses: Vec<(u32, c64)>,
    bus_ids: Vec<ElementId>,
    /// Loads at the sources themselves, drawn but never swept.
    at_sources: Vec<u32>,
    rest_at_sources: [f64; 2],
}

impl Sweep {
    pub fn new(grid: &Grid) -> Result<Self, NotRadial> {
        let network = Network::new(grid);
        let radial = Radial::new(grid, &network)?;
        let mut sweep = Self {
            rest: radial.node.iter().map(|&node| network.power[node as usize]).collect(),
            current: Vec::new(),
            load_position: vec![NONE; grid.loads.len()],
            load_power: vec![[0.0; 2]; grid.loads.len()],
            feeder_loads: vec![Vec::new(); radial.feeders.len()],
            buses: Vec::new(),
            source_buses: Vec::new(),
            bus_ids: grid.buses.iter().map(|bus| bus.label.id.clone()).collect(),
            at_sources: Vec::new(),
            rest_at_sources: [0.0; 2],
            radial,
        };
        sweep.current = sweep
            .radial
            .node
            .iter()
            .zip(&sweep.radial.ratio)
            .map(|(&node, ratio)| network.current[node as usize].map(|x| x / ratio.norm()))
            .collect();
        sweep.place_buses(&network);
        sweep.place_loads(grid, &network);
        Ok(sweep)
    }

    fn place_buses(&mut self, network: &Network) {
        for (bus, &node) in network.node_of_bus.iter().enumerate().filter(|(_, node)| **node != NONE) {
            let position = self.radial.position[node as usize];
            if position == NONE {
                let super::network::NodeKind::Slack(voltage) = network.kind[node as usize] else { continue };
                self.source_buses.push((bus as u32, voltage));
            } else {
                self.buses.push((position, bus as u32));
            }
        }
        self.buses.sort_unstable();
        let earth = network.to_earth();
        for (node, power) in network.power.iter().enumerate().filter(|(node, _)| self.radial.position[*node] == NONE) {
            let vm = self.source_buses.iter().find(|(bus, _)| network.node_of_bus[*bus as usize] as usize == node);
            let vm = vm.map_or(0.0, |(_, voltage)| voltage.norm());
            let shunt = earth[node].conj() * vm * vm;
            for (k, drawn) in [shunt.re, shunt.im].into_iter().enumerate() {
                self.rest_at_sources[k] += power[k] + network.current[node][k] * vm + drawn;
            }
        }
    }

    fn place_loads(&mut self, grid: &Grid, network: &Network) {
        for (index, load) in grid.loads.iter().enumerate().filter(|(_, load)| load.in_service) {
            let node = network.node_of_bus[load.bus as usize];
            if node == NONE {
                continue;
            }
            let power = load.demand.total().power.map(|x| x / BASE_VA);
            self.load_power[index] = power;
            let position = self.radial.position[node as usize];
            let rest = if position == NONE {
                self.at_sources.push(index as u32);
                &mut self.rest_at_sources
            } else {
                self.load_position[index] = position;
                &mut self.rest[position as usize]
            };
            (rest[0], rest[1]) = (rest[0] - power[0], rest[1] - power[1]);
        }
        let mut order: Vec<(u32, u32)> = self
            .load_position
            .iter()
            .enumerate()
            .map(|(load, &position)| (position, load as u32))
            .filter(|(position, _)| *position != NONE)
            .collect();
        order.sort_unstable();
        let mut order = order.into_iter().peekable();
        for (feeder, loads) in self.radial.feeders.iter().zip(&mut self.feeder_loads) {
            while let Some((position, load)) = order.next_if(|(position, _)| (*position as usize) < feeder.end) {
                loads.push((load, position - feeder.begin as u32));
            }
        }
    }

    pub fn buses(&self) -> usize {
        self.bus_ids.len()
    }

    /// One state: the loads as the grid states them. Feeders go over threads.
    pub fn solve(&self) -> Result<Vec<c64>, SweepError> {
        self.with_loads(TOLERANCE_PU, |load| self.load_power[load])
    }

    /// One state with other constant powers, W and var, in the order of the grid's loads.
    pub fn state(&self, power: &[[f64; 2]]) -> Result<Vec<c64>, SweepError> {
        let loads = self.load_position.len();
        if power.len() != loads {
            return Err(SweepError::Length { given: power.len(), hours: 1, loads, needed: loads });
        }
        self.with_loads(BOOKED_PU, |load| power[load].map(|x| x / BASE_VA))
    }

    fn with_loads(&self, tolerance_pu: f64, power: impl Fn(usize) -> [f64; 2] + Sync) -> Result<Vec<c64>, SweepError> {
        let solve = |index: usize| {
            let feeder = &self.radial.feeders[index];
            let mut state = State::<1>::new(feeder.end - feeder.begin);
            self.set_rest(feeder, &mut state);
            for &(load, at) in &self.feeder_loads[index] {
                let [p, q] = power(load as usize);
                state.p[at as usize][0] += p;
                state.q[at as usize][0] += q;
            }
            let sweeps = self.run(feeder, &mut state, tolerance_pu);
            sweeps.map(|_| state).map_err(|at| self.not_converged(0, feeder, at))
        };
        let states: Result<Vec<_>, _> = (0..self.radial.feeders.len()).into_par_iter().map(solve).collect();
        let states = states?;
        let mut voltage = vec![c64::new(0.0, 0.0); self.buses()];
        for &(bus, source) in &self.source_buses {
            voltage[bus as usize] = source;
        }
        let mut feeders = self.radial.feeders.iter().zip(&states).peekable();
        for &(position, bus) in &self.buses {
            let at = position as usize;
            while feeders.next_if(|(feeder, _)| feeder.end <= at).is_some() {}
            let Some((feeder, state)) = feeders.peek() else { break };
            let local = at - feeder.begin + 1;
            voltage[bus as usize] = c64::new(state.re[local][0], state.im[local][0]) / self.radial.ratio[at];
        }
        Ok(voltage)
    }

    /// All hours of the profiles.
    pub fn solve_hours(&self, profiles: Profiles<'_>) -> Result<BatchFlow, SweepError> {
        let (loads, hours) = (self.load_position.len(), profiles.hours);
        for values in [profiles.p_w, profiles.q_var] {
            if values.len() != hours * loads {
                return Err(SweepError::Length { given: values.len(), hours, loads, needed: hours * loads });
            }
        }
        let mut vm_pu = vec![0.0; hours * self.buses()];
        let rows = vm_pu.par_chunks_mut((LANES * self.buses()).max(1)).enumerate();
        let longest = self.radial.feeders.iter().map(|feeder| feeder.end - feeder.begin).max().unwrap_or(0);
        let block = |state: &mut State<LANES>, (index, rows): (usize, &mut [f64])| {
            let first = index * LANES;
            pulp::Arch::new().dispatch(BlockTask { sweep: self, profiles, first, state, rows })
        };
        let blocks: Result<Vec<Block>, SweepError> = rows.map_init(|| State::new(longest), block).collect();
        let blocks = blocks?;
        let sources_va = blocks.iter().flat_map(|block| block.sources_va).take(hours).collect();
        let sweeps = blocks.iter().map(|block| block.sweeps).max().unwrap_or(0);
        Ok(BatchFlow { vm_pu, sources_va, sweeps })
    }

    /// Up to eight hours of every feeder; lanes past the last hour repeat it.
    #[inline(always)]
    fn block(
        &self,
        profiles: Profiles<'_>,
        first: usize,
        state: &mut State<LANES>,
        rows: &mut [f64],
    ) -> Result<Block, SweepError> {
        let (loads, buses) = (self.load_position.len(), self.buses());
        let lanes = rows.len() / buses;
        let hour: [usize; LANES] = std::array::from_fn(|lane| (first + lane.min(lanes - 1)) * loads);
        let p: [&[f64]; LANES] = hour.map(|at| &profiles.p_w[at..at + loads]);
        let q: [&[f64]; LANES] = hour.map(|at| &profiles.q_var[at..at + loads]);
        let mut sources = self.drawn_at_sources(&p, &q);
        let mut sweeps = 0;
        let mut buses_left = self.buses.as_slice();
        for (index, feeder) in self.radial.feeders.iter().enumerate() {
            self.set_rest(feeder, state);
            for &(load, at) in &self.feeder_loads[index] {
                let of =
                    |rows: &[&[f64]; LANES]| std::array::from_fn(|lane| rows[lane][load as usize] * (1.0 / BASE_VA));
                state.p[at as usize] = sum(state.p[at as usize], of(&p));
                state.q[at as usize] = sum(state.q[at as usize], of(&q));
            }
            let taken = self.run(feeder, state, TOLERANCE_PU).map_err(|at| self.not_converged(first, feeder, at))?;
            sweeps = sweeps.max(taken);
            let into = state.fed_power(feeder);
            for lane in 0..LANES {
                (sources[lane][0], sources[lane][1]) =
                    (sources[lane][0] + into[lane][0], sources[lane][1] + into[lane][1]);
            }
            let count = buses_left.partition_point(|(position, _)| (*position as usize) < feeder.end);
            let (own, rest) = buses_left.split_at(count);
            buses_left = rest;
            self.store(feeder, own, state, rows);
        }
        for &(bus, source) in &self.source_buses {
            (0..lanes).for_each(|lane| rows[lane * buses + bus as usize] = source.norm());
        }
        Ok(Block { sources_va: sources.map(|s| s.map(|x| x * BASE_VA)), sweeps })
    }

    /// Drawn at sources themselves, per unit and lane.
    #[inline(always)]
    fn drawn_at_sources(&self, p: &[&[f64]; LANES], q: &[&[f64]; LANES]) -> [[f64; 2]; LANES] {
        let mut sources = [[0.0; 2]; LANES];
        for &load in &self.at_sources {
            for lane in 0..LANES {
                sources[lane][0] += p[lane][load as usize] / BASE_VA;
                sources[lane][1] += q[lane][load as usize] / BASE_VA;
            }
        }
        for source in &mut sources {
            (source[0], source[1]) = (source[0] + self.rest_at_sources[0], source[1] + self.rest_at_sources[1]);
        }
        sources
    }

    /// Writes a feeder's magnitudes into the rows of its hours.
    #[inline(always)]
    fn store(&self, feeder: &Feeder, own: &[(u32, u32)], state: &State<LANES>, rows: &mut [f64]) {
        let buses = self.buses();
        let lanes = rows.len() / buses;
        for &(position, bus) in own {
            let local = position as usize - feeder.begin + 1;
            let scale = 1.0 / self.radial.ratio[position as usize].norm();
            let (re, im) = (state.re[local], state.im[local]);
            let vm: Lanes<LANES> =
                std::array::from_fn(|lane| (re[lane] * re[lane] + im[lane] * im[lane]).sqrt() * scale);
            for (lane, vm) in vm.iter().take(lanes).enumerate() {
                rows[lane * buses + bus as usize] = *vm;
            }
        }
    }

    #[inline(always)]
    fn set_rest<const N: usize>(&self, feeder: &Feeder, state: &mut State<N>) {
        for (at, rest) in self.rest[feeder.begin..feeder.end].iter().enumerate() {
            state.p[at] = [rest[0]; N];
            state.q[at] = [rest[1]; N];
        }
    }

    /// Sweeps until every lane is solved: the number of sweeps, or the place within the feeder that moves most.
    #[inline(always)]
    fn run<const N: usize>(&self, feeder: &Feeder, state: &mut State<N>, tolerance_pu: f64) -> Result<u32, usize> {
        let nodes = feeder.begin..feeder.end;
        let tree = Tree {
            parent: &self.radial.parent[nodes.clone()],
            impedance: &self.radial.impedance[nodes.clone()],
            earth: &self.radial.earth[nodes.clone()],
            current: &self.current[nodes],
        };
        let follows_voltage = tree.current.iter().any(|current| *current != [0.0; 2]);
        state.start(&tree, feeder.source_voltage);
        let mut last = f64::INFINITY;
        for sweeps in 1..=MAX_SWEEPS {
            state.backward(&tree);
            // What is no number reaches the source with the sum of currents.
            let sound = state.jr[0].iter().chain(&state.ji[0]).all(|x| x.is_finite());
            if !sound {
                break;
            }
            let moved = match (follows_voltage, sweeps >= FIRST_CHECK) {
                (false, false) => state.forward::<false, false>(&tree),
                (false, true) => state.forward::<false, true>(&tree),
                (true, _) => state.forward::<true, true>(&tree),
            };
            // Changes shrink by a steady factor, so that what is left is change² / (last − change).
            let left =
                if moved < last && last < f64::INFINITY { moved * moved / (last - moved) } else { f64::INFINITY };
            if moved <= 0.01 * tolerance_pu || left <= tolerance_pu && moved < 1e-3 {
                state.backward(&tree);
                return Ok(sweeps);
            }
            last = moved;
        }
        Err(state.most_moving(&tree))
    }

    fn not_converged(&self, hour: usize, feeder: &Feeder, at: usize) -> SweepError {
        let position = (feeder.begin + at.max(1) - 1) as u32;
        let at = self.buses.partition_point(|(other, _)| *other < position).min(self.buses.len().saturating_sub(1));
        let bus =
            self.buses.get(at).map_or_else(|| ElementId::new("?"), |(_, bus)| self.bus_ids[*bus as usize].clone());
        SweepError::NotConverged { hour, bus }
    }
}

/// A block as pulp compiles it for the machine's registers: a closure would stay outside of that.
struct BlockTask<'a> {
    sweep: &'a Sweep,
    profiles: Profiles<'a>,
    first: usize,
    state: &'a mut State<LANES>,
    rows: &'a mut [f64],
}

impl pulp::NullaryFnOnce for BlockTask<'_> {
    type Output = Result<Block, SweepError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.sweep.block(self.profiles, self.first, self.state, self.rows)
    }
}

struct Block {
    sources_va: [[f64; 2]; LANES],
    sweeps: u32,
}
