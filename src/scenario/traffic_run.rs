//! The traffic side of a run: step, sample every minute, keep what happened per hour and link.

use std::{collections::BTreeMap, sync::Arc};

use citytwin_model::{Assumptions, Timestamp, time::LocalTime};
use citytwin_traffic::{Simulation, Tally};

use crate::{
    energy_run::later,
    prepare::{Prepared, network_for},
    spec::RunError,
};

/// Time between two looks at all links, second.
const SAMPLE_S: f64 = 60.0;

/// When and how long: `warm_up_s` before `start` fill the streets and are not counted.
#[derive(Clone, Copy)]
pub struct Window {
    pub start: Timestamp,
    pub seconds: f64,
    pub warm_up_s: f64,
    pub seed: u64,
}

/// Sums over samples of all links.
#[derive(Clone, Copy, Default)]
pub struct Flow {
    /// Time vehicles spent on links, vehicle-second.
    pub vehicle_s: f64,
    /// Way they made, vehicle-metre.
    pub vehicle_m: f64,
    /// Time beyond what the same way takes at the legal limit, vehicle-second; for the city also the time spent
    /// waiting to enter the road.
    pub delay_s: f64,
}

/// Trips so far.
#[derive(Clone, Copy, Default)]
pub struct Trips {
    pub demanded: u64,
    pub arrived: u64,
    pub under_way: u64,
    pub refused: u64,
    /// Travel time of all arrived trips together, second.
    pub travel_s: f64,
}

/// State at the end of an hour (or of the run).
#[derive(Clone, Copy, Default)]
pub struct Mark {
    pub trips: Trips,
    pub flow: Flow,
    /// Counted, not sampled: vehicles that left a link × its length, over all links, metre.
    pub driven_m: f64,
}

/// What the traffic did within the window.
pub struct TrafficRun {
    /// At the start of the window, after every hour, and at the end.
    pub marks: Vec<Mark>,
    pub refusals: BTreeMap<String, u64>,
    /// Vehicles that left each link within the window; index = `LinkId`.
    pub passed: Vec<u64>,
    /// Sums per link.
    pub links: Vec<Flow>,
    /// What an electric car took from its battery per kilometre; none where hardly any car drove.
    pub car_kwh_per_km: Option<f64>,
    pub state_hash: u64,
}

impl TrafficRun {
    /// Metres driven within the window per trip that ended in it; none where nobody arrived or drove.
    pub fn metres_per_trip(&self) -> Option<f64> {
        let (first, last) = self.ends();
        let arrived = (last.trips.arrived - first.trips.arrived) as f64;
        let metres = last.driven_m - first.driven_m;
        (arrived > 0.0 && metres > 0.0).then(|| metres / arrived)
    }

    /// First and last mark.
    pub fn ends(&self) -> (Mark, Mark) {
        (self.marks.first().copied().unwrap_or_default(), self.marks.last().copied().unwrap_or_default())
    }
}

/// Runs the traffic of a window. `watch` hears the fraction done and may say stop (`false`).
pub fn run(
    prepared: &Prepared,
    assumptions: &Assumptions,
    window: Window,
    watch: &dyn Fn(f32) -> bool,
) -> Result<TrafficRun, RunError> {
    let mut simulation = start(prepared, assumptions, window)?;
    let warm_up = (window.warm_up_s / Simulation::STEP_S).round() as u64;
    let steps = (window.seconds / Simulation::STEP_S).ceil() as u64;
    let per_sample = (SAMPLE_S / Simulation::STEP_S).round().max(1.0) as u64;
    let per_hour = (3600.0 / Simulation::STEP_S).round() as u64;
    let all = (warm_up + steps) as f32;
    for step in 0..warm_up {
        if step % per_sample == 0 && !watch(step as f32 / all) {
            return Err(RunError::Cancelled);
        }
        simulation.step();
    }
    let mut meter = Meter::new(prepared, &simulation);
    for step in 1..=steps {
        simulation.step();
        if step % per_sample == 0 || step == steps {
            let since = if step % per_sample == 0 { per_sample } else { step % per_sample };
            meter.sample(prepared, &simulation, since as f64 * Simulation::STEP_S);
            if !watch((warm_up + step) as f32 / all) {
                return Err(RunError::Cancelled);
            }
        }
        if step % per_hour == 0 || step == steps {
            meter.mark(prepared, &simulation);
        }
    }
    Ok(meter.finish(&simulation))
}

fn start(prepared: &Prepared, assumptions: &Assumptions, window: Window) -> Result<Simulation, RunError> {
    let begin = later(window.start, -window.warm_up_s)?;
    let local = LocalTime::of(begin, &prepared.city.time_zone.value);
    let network = network_for(prepared.city, &prepared.network, assumptions);
    let demand = Arc::clone(&prepared.demand);
    let mut simulation = Simulation::new(network, demand, local, window.seed);
    simulation.set_demand_factor(assumptions.demand_factor);
    simulation.set_closed(&assumptions.closed_ids(prepared.city));
    Ok(simulation)
}

/// Collects samples.
struct Meter {
    out: TrafficRun,
    flow: Flow,
    passed_before: Vec<u32>,
    refused_before: BTreeMap<String, u64>,
}

impl Meter {
    fn new(prepared: &Prepared, simulation: &Simulation) -> Self {
        let out = TrafficRun {
            marks: vec![Mark { trips: trips(&simulation.tally()), ..Mark::default() }],
            refusals: BTreeMap::new(),
            passed: Vec::new(),
            links: vec![Flow::default(); prepared.city.links.len()],
            car_kwh_per_km: None,
            state_hash: 0,
        };
        Self {
            out,
            flow: Flow::default(),
            passed_before: simulation.link_states().iter().map(|state| state.passed).collect(),
            refused_before: refusals(&simulation.tally()),
        }
    }

    /// Adds the vehicles on every link as they are now, for the time since the last sample.
    fn sample(&mut self, prepared: &Prepared, simulation: &Simulation, dt_s: f64) {
        let links = simulation.link_states().iter().zip(&prepared.city.links).zip(&mut self.out.links);
        for ((state, link), sum) in links {
            if state.vehicles == 0 {
                continue;
            }
            let time_s = f64::from(state.vehicles) * dt_s;
            let way_m = time_s * f64::from(state.speed_mps);
            let delay_s = (time_s - way_m / link.speed_mps).max(0.0);
            for flow in [&mut self.flow, &mut *sum] {
                flow.vehicle_s += time_s;
                flow.vehicle_m += way_m;
                flow.delay_s += delay_s;
            }
        }
        self.flow.delay_s += simulation.tally().waiting as f64 * dt_s;
    }

    fn mark(&mut self, prepared: &Prepared, simulation: &Simulation) {
        let driven = self.passed(simulation).into_iter().zip(&prepared.city.links);
        let driven_m = driven.map(|(vehicles, link)| vehicles as f64 * link.length_m).sum();
        self.out.marks.push(Mark { trips: trips(&simulation.tally()), flow: self.flow, driven_m });
    }

    /// Vehicles that left each link since the start of the window.
    fn passed(&self, simulation: &Simulation) -> Vec<u64> {
        let now = simulation.link_states().iter().zip(&self.passed_before);
        now.map(|(state, before)| u64::from(state.passed - before)).collect()
    }

    fn finish(mut self, simulation: &Simulation) -> TrafficRun {
        self.out.passed = self.passed(simulation);
        self.out.refusals = refusals(&simulation.tally());
        for (reason, before) in &self.refused_before {
            if let Some(count) = self.out.refusals.get_mut(reason) {
                *count -= before;
            }
        }
        self.out.car_kwh_per_km = simulation.car_kwh_per_km();
        self.out.state_hash = simulation.state_hash();
        self.out
    }
}

fn trips(tally: &Tally) -> Trips {
    Trips {
        demanded: tally.demanded,
        arrived: tally.arrived,
        under_way: tally.under_way,
        refused: tally.refused.values().sum(),
        travel_s: tally.mean_travel_time_s * tally.arrived as f64,
    }
}

fn refusals(tally: &Tally) -> BTreeMap<String, u64> {
    tally.refused.iter().map(|(reason, &count)| (reason.to_string(), count)).collect()
}
