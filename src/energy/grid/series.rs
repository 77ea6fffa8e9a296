//! A load flow at every instant of a profile, and what all of them say of each bus and branch. Radial grids are swept, others
//! solved by Newton-Raphson; instants go over threads in blocks, and sums are made block by block in their order, so that the
//! answer is the same bytes for any number of threads.

use faer::c64;
use rayon::prelude::*;
use thiserror::Error;

use super::{
    check::Grid,
    element::{Control, Demand, GridData, Load, Zip},
    flow::{Flow, FlowError, not_converged},
    network::{NONE, Network, NodeKind},
    newton::{Admittance, NewtonRaphson, Nodes, flat_start},
    phases::NoZeroSequence,
    series_tally::{SeriesReport, State, Tally},
    sweep::{Sweep, SweepError},
    three_phase::PhaseSolver,
    two_port::BASE_VA,
};

/// Instants of a block.
const BLOCK: usize = 64;

/// What a profile moves, by its index in the grid's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VariedElement {
    Load(u32),
    Generator(u32),
    Battery(u32),
}

/// One element's power at every instant, W and var in the element's own sign; None where it stays as stated.
#[derive(Clone, PartialEq, Debug)]
pub struct Varied {
    pub element: VariedElement,
    pub power: Vec<Option<[f64; 2]>>,
}

/// Instants with their lengths, h, and what moves.
#[derive(Clone, PartialEq, Debug)]
pub struct LoadProfiles {
    pub times: Vec<String>,
    pub hours: Vec<f64>,
    pub varied: Vec<Varied>,
}

impl LoadProfiles {
    fn fit(&self, grid: &Grid) -> bool {
        let known = |element: VariedElement| match element {
            VariedElement::Load(at) => (at as usize) < grid.loads.len(),
            VariedElement::Generator(at) => (at as usize) < grid.generators.len(),
            VariedElement::Battery(at) => (at as usize) < grid.batteries.len(),
        };
        let whole = |varied: &Varied| varied.power.len() == self.hours.len() && known(varied.element);
        self.times.len() == self.hours.len() && self.varied.iter().all(whole)
    }
}

/// Why an instant has no solution.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum SeriesError {
    #[error("the profiles name elements or instants that are not there: read them for this grid")]
    Foreign,
    #[error("at {time}: {why}")]
    Flow { time: String, why: FlowError },
    #[error("at {time}: {why}")]
    Sweep { time: String, why: SweepError },
    #[error(transparent)]
    NoZeroSequence(#[from] NoZeroSequence),
}

/// How instants are solved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeriesKind {
    Balanced,
    ThreePhase,
}

/// Solves every instant. `cpu_s` is left nought: engines have no clock.
pub fn solve_series(grid: &Grid, profiles: &LoadProfiles, kind: SeriesKind) -> Result<SeriesReport, SeriesError> {
    if !profiles.fit(grid) {
        return Err(SeriesError::Foreign);
    }
    let instants = profiles.hours.len();
    let blocks: Vec<usize> = (0..instants.div_ceil(BLOCK)).collect();
    let solver = Solver::new(grid, kind)?;
    let tallies: Result<Vec<Tally>, SeriesError> = blocks
        .into_par_iter()
        .map(|block| {
            let (mut solver, mut tally) = (solver.clone(), Tally::new(grid));
            for instant in block * BLOCK..instants.min((block + 1) * BLOCK) {
                let state = solver.solve(profiles, instant)?;
                tally.add(&state, profiles.hours[instant]);
            }
            Ok(tally)
        })
        .collect();
    let total = tallies?.into_iter().fold(Tally::new(grid), Tally::with);
    Ok(total.report(grid, &profiles.hours))
}

#[derive(Clone)]
enum Solver {
    /// Generators of given power and batteries are loads here, `map` says which.
    Balanced(Box<Balanced>),
    Phases(Box<Phases>),
}

/// `data` is `stated` with the powers of an instant.
#[derive(Clone)]
struct Phases {
    stated: Grid,
    data: GridData,
    solver: PhaseSolver,
}

#[derive(Clone)]
struct Balanced {
    grid: Grid,
    network: Network,
    /// Power per node without loads, and per load, per unit and W.
    rest: Vec<[f64; 2]>,
    stated: Vec<[f64; 2]>,
    /// Where generators and batteries begin among the loads.
    generators: usize,
    batteries: usize,
    method: Method,
}

#[derive(Clone)]
enum Method {
    Sweep(Box<Sweep>),
    Newton(Box<NewtonRaphson>),
}

impl Solver {
    fn new(grid: &Grid, kind: SeriesKind) -> Result<Self, NoZeroSequence> {
        Ok(match kind {
            SeriesKind::Balanced => Self::Balanced(Box::new(Balanced::new(grid))),
            SeriesKind::ThreePhase => {
                let (stated, data) = (grid.clone(), grid.clone().into_data());
                Self::Phases(Box::new(Phases { stated, data, solver: PhaseSolver::new(grid)? }))
            }
        })
    }

    fn solve(&mut self, profiles: &LoadProfiles, instant: usize) -> Result<State, SeriesError> {
        match self {
            Self::Balanced(balanced) => balanced.solve(profiles, instant),
            Self::Phases(phases) => phases.solve(profiles, instant),
        }
    }
}

impl Balanced {
    fn new(grid: &Grid) -> Self {
        let mut data = grid.clone().into_data();
        let (generators, batteries) = (data.loads.len(), data.loads.len() + data.generators.len());
        as_loads(&mut data);
        let stated: Vec<[f64; 2]> = data.loads.iter().map(|load| load.demand.total().power).collect();
        let mut idle = data.clone();
        for load in &mut idle.loads {
            load.demand = Demand::Balanced(Zip { power: [0.0; 2], ..load.demand.total() });
        }
        let rest = Network::new(&Grid::trusted(idle)).power;
        let grid = Grid::trusted(data);
        let network = Network::new(&grid);
        let method = match Sweep::new(&grid) {
            Ok(sweep) => Method::Sweep(Box::new(sweep)),
            Err(_) => Method::Newton(Box::new(NewtonRaphson::new(Admittance::new(&network)))),
        };
        Self { grid, network, rest, stated, generators, batteries, method }
    }

    fn solve(&mut self, profiles: &LoadProfiles, instant: usize) -> Result<State, SeriesError> {
        let power = self.power_at(profiles, instant);
        self.draw(&power);
        let time = || profiles.times[instant].clone();
        let (voltage, iterations) = match &mut self.method {
            Method::Sweep(sweep) => {
                let of_bus = sweep.state(&power).map_err(|why| SeriesError::Sweep { time: time(), why })?;
                (of_nodes(&self.network, &of_bus), 0)
            }
            Method::Newton(newton) => {
                let mut voltage = flat_start(&self.network);
                let Network { kind, power, current, .. } = &self.network;
                let solved = newton.solve(Nodes { kind, power, current, between: &[] }, &mut voltage);
                let solved = solved.map_err(|diverged| {
                    let why = not_converged(&self.grid, &self.network, diverged);
                    SeriesError::Flow { time: time(), why }
                })?;
                (voltage, solved.iterations)
            }
        };
        let flow = Flow::new(&self.grid, &self.network, &voltage, iterations);
        Ok(State {
            vm_pu: flow.voltage.iter().map(|u| vec![u.norm()]).collect(),
            loading: flow.branches.iter().map(|branch| branch.loading).collect(),
            given_w: flow.sources.iter().map(|s| s.re).sum(),
            drawn_w: flow.drawn_w,
            turnover_w: flow.turnover_w,
            losses_w: flow.losses_w,
            residual_va: flow.residual_va,
        })
    }

    /// Per load, W and var.
    fn power_at(&self, profiles: &LoadProfiles, instant: usize) -> Vec<[f64; 2]> {
        let mut power = self.stated.clone();
        for varied in &profiles.varied {
            let Some(stated) = varied.power[instant] else { continue };
            match varied.element {
                VariedElement::Load(at) => power[at as usize] = stated,
                VariedElement::Generator(at) => power[self.generators + at as usize] = stated.map(|x| -x),
                VariedElement::Battery(at) => power[self.batteries + at as usize] = stated,
            }
        }
        power
    }

    fn draw(&mut self, power: &[[f64; 2]]) {
        self.network.power.clone_from(&self.rest);
        for (load, power) in self.grid.loads.iter().zip(power).filter(|(load, _)| load.in_service) {
            let node = self.network.node_of_bus[load.bus as usize];
            if node != NONE {
                let sum = &mut self.network.power[node as usize];
                *sum = [sum[0] + power[0] / BASE_VA, sum[1] + power[1] / BASE_VA];
            }
        }
    }
}

/// Generators of given power and batteries become loads, in their order after the grid's own. One that holds a voltage stays,
/// and a load of nothing takes its place.
fn as_loads(data: &mut GridData) {
    for generator in &mut data.generators {
        let demand = match &generator.control {
            Control::Power(demand) => Demand::Balanced(demand.total().scaled(-1.0)),
            Control::Voltage { .. } => Demand::Balanced(Zip::default()),
        };
        let in_service = generator.in_service;
        if matches!(generator.control, Control::Power(_)) {
            generator.in_service = false;
        }
        data.loads.push(Load { label: generator.label.clone(), bus: generator.bus, demand, in_service });
    }
    for battery in &mut data.batteries {
        let demand = Demand::Balanced(Zip::constant(battery.p_w, battery.q_var));
        let in_service = std::mem::replace(&mut battery.in_service, false);
        data.loads.push(Load { label: battery.label.clone(), bus: battery.bus, demand, in_service });
    }
}

/// Inner nodes of external grids stand at what they hold.
fn of_nodes(network: &Network, of_bus: &[c64]) -> Vec<c64> {
    let of = |(node, bus): (usize, &u32)| match (network.kind[node], *bus) {
        (NodeKind::Slack(u), _) => u,
        (_, NONE) => c64::new(0.0, 0.0),
        (_, bus) => of_bus[bus as usize],
    };
    network.bus_of_node.iter().enumerate().map(of).collect()
}

impl Phases {
    fn solve(&mut self, profiles: &LoadProfiles, instant: usize) -> Result<State, SeriesError> {
        for varied in &profiles.varied {
            self.set(varied.element, varied.power[instant]);
        }
        self.solver.draw(&self.data);
        let flow = self.solver.solve(&self.stated);
        let flow = flow.map_err(|why| SeriesError::Flow { time: profiles.times[instant].clone(), why })?;
        Ok(State {
            vm_pu: flow.voltage.iter().map(|u| u.map(|u| u.norm()).to_vec()).collect(),
            loading: flow.branches.iter().map(|branch| branch.loading).collect(),
            given_w: flow.sources.iter().flatten().map(|s| s.re).sum(),
            drawn_w: flow.drawn_w,
            turnover_w: flow.turnover_w,
            losses_w: flow.losses_w,
            residual_va: flow.residual_va,
        })
    }

    /// An element's power, as stated where None.
    fn set(&mut self, element: VariedElement, power: Option<[f64; 2]>) {
        match element {
            VariedElement::Load(at) => {
                let demand = &mut self.data.loads[at as usize].demand;
                demand.clone_from(&self.stated.loads[at as usize].demand);
                power.into_iter().for_each(|power| move_to(demand, power));
            }
            VariedElement::Generator(at) => {
                let generator = &mut self.data.generators[at as usize];
                generator.control.clone_from(&self.stated.generators[at as usize].control);
                if let (Control::Power(demand), Some(power)) = (&mut generator.control, power) {
                    move_to(demand, power);
                }
            }
            VariedElement::Battery(at) => {
                let stated = &self.stated.batteries[at as usize];
                let battery = &mut self.data.batteries[at as usize];
                [battery.p_w, battery.q_var] = power.unwrap_or([stated.p_w, stated.q_var]);
            }
        }
    }
}

/// The new total over the phases as the stated one was.
fn move_to(demand: &mut Demand, power: [f64; 2]) {
    match demand {
        Demand::Balanced(zip) => zip.power = power,
        Demand::Wye(zips) | Demand::Delta(zips) => {
            let shares = shares(zips);
            for (phase, zip) in zips.iter_mut().enumerate() {
                zip.power = std::array::from_fn(|k| power[k] * shares[k][phase]);
            }
        }
    }
}

/// Shares of the phases in active and reactive power. Where one of the two is nought in all it goes as the other; where both
/// are, evenly over the phases that are stated, or over all three where the grid was built without saying which.
fn shares(zips: &[Zip; 3]) -> [[f64; 3]; 2] {
    let as_stated = |k: usize| {
        let total: f64 = zips.iter().map(|zip| zip.power[k]).sum();
        (total != 0.0).then(|| [0, 1, 2].map(|phase: usize| zips[phase].power[k] / total))
    };
    let (active, reactive) = (as_stated(0), as_stated(1));
    let drawn = [0, 1, 2].map(|phase: usize| f64::from(u8::from(zips[phase].draws_constant())));
    let count: f64 = drawn.iter().sum();
    let evenly = if count > 0.0 { drawn.map(|drawn| drawn / count) } else { [1.0 / 3.0; 3] };
    [active.or(reactive).unwrap_or(evenly), reactive.or(active).unwrap_or(evenly)]
}
