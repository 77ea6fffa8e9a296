//! The live city: a demand that follows the clock, drivers who choose their ways by what the roads take now, and the account of
//! their trips. How they drive is the microscopic view's ([`crate::micro`]) or, where the clock runs fast, the mesoscopic one's
//! ([`crate::meso::live`]).
//!
//! A step: departures (drawn, routed in parallel, queued before their link), a step of the vehicles, what links and trips
//! make of it. The result does not depend on the number of threads. Nothing here knows what is drawn or edited.

mod consumption;
mod depart;
mod drive;
mod fleet;
mod kinds;
mod monitor;
mod pose;
mod reroute;
mod tally;

use std::sync::Arc;

use citytwin_model::{LinkId, time::LocalTime};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::{
    demand::{Demand, TripEnds},
    lane_graph::LaneGraph,
    micro::Micro,
    network::{Network, SignalColour},
    route::Search,
};
use consumption::Consumption;
use drive::Drive;
use fleet::Fleet;
use monitor::Monitor;
use tally::Counters;

pub use drive::TrafficView;
pub use fleet::VehicleView;
pub use kinds::VehicleKind;
pub use monitor::{LinkFlow, LinkState};
pub use pose::{Pose, SignalHead};
pub use tally::{Hour, RefusalReason, Relief, Tally, TripInfo};

/// A running town.
pub struct Simulation {
    network: Arc<Network>,
    graph: Arc<LaneGraph>,
    demand: Arc<Demand>,
    start: LocalTime,
    steps: u64,
    rng: Pcg64,
    taste_seed: u64,
    demand_factor: f64,
    drive: Drive,
    /// What relieved standstills before the view last changed.
    relief_before: Relief,
    fleet: Fleet,
    colours: Vec<SignalColour>,
    signals: Vec<SignalHead>,
    closed: Vec<bool>,
    /// Routing cost of each link now, second; infinite where closed.
    costs: Vec<f32>,
    next_vehicle: u32,
    monitor: Monitor,
    counters: Counters,
    consumption: Consumption,
    drawn: Vec<TripEnds>,
    searches: Vec<Search>,
}

/// Vehicles in queues are seen every so many steps: the clock runs fast then.
const QUEUES_SEEN_STEPS: u64 = 2;
/// Searches that run side by side at most; fixed, so that memory does not follow the number of threads.
const SEARCHES: usize = 8;

impl Simulation {
    /// Length of a step, second.
    pub const STEP_S: f64 = 0.5;

    /// An empty town at a local time.
    pub fn new(network: Arc<Network>, demand: Arc<Demand>, start: LocalTime, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let taste_seed = rng.next_u64();
        let links = network.links.len();
        let graph = Arc::new(LaneGraph::of_network(&network));
        let types = VehicleKind::types();
        let micro = Micro::live(graph.clone(), types, rng.next_u64(), start.second_of_day, Self::STEP_S);
        let costs = network.links.iter().map(|l| l.base_cost).collect();
        network.anchors();
        let mut new = Self {
            signals: Self::place_signals(&network),
            drive: Drive::Micro(Box::new(micro)),
            relief_before: Relief::default(),
            fleet: Fleet::default(),
            monitor: Monitor::new(&network),
            network,
            graph,
            demand,
            start,
            steps: 0,
            rng,
            taste_seed,
            demand_factor: 1.0,
            colours: Vec::new(),
            closed: vec![false; links],
            costs,
            next_vehicle: 0,
            counters: Counters::default(),
            consumption: Consumption::default(),
            drawn: Vec::new(),
            searches: (0..SEARCHES).map(|_| Search::default()).collect(),
        };
        new.set_signals();
        new
    }

    /// One step of [`Self::STEP_S`].
    pub fn step(&mut self) {
        self.steps += 1;
        // Signal plans work in whole seconds.
        if self.steps.is_multiple_of(2) {
            self.set_signals();
        }
        self.draw_departures();
        self.drive.step(self.clock_s());
        if self.view() == TrafficView::Micro || self.steps.is_multiple_of(QUEUES_SEEN_STEPS) {
            self.see();
        }
        self.consume();
        self.book();
        self.observe();
    }

    /// Runs some time at once, as before a live view opens: a town at 08:00 is not empty.
    pub fn warm_up(&mut self, seconds: f64) {
        for _ in 0..(seconds.max(0.0) / Self::STEP_S).round() as u64 {
            self.step();
        }
    }

    /// Simulated seconds since the start.
    pub fn elapsed_s(&self) -> f64 {
        self.steps as f64 * Self::STEP_S
    }

    /// Local seconds since the midnight before the start.
    fn clock_s(&self) -> f64 {
        self.start.second_of_day + self.elapsed_s()
    }

    /// Hour of the day, and whether it is a weekend.
    fn hour(&self) -> (f64, bool) {
        let clock = self.clock_s();
        let day = self.start.weekday.to_monday_zero_offset() as i64 + (clock / 86_400.0).floor() as i64;
        (clock.rem_euclid(86_400.0) / 3600.0, day.rem_euclid(7) >= 5)
    }

    fn set_signals(&mut self) {
        let clock = self.clock_s();
        let mut colours = std::mem::take(&mut self.colours);
        self.network.signals.colours(clock, &mut colours);
        for head in &mut self.signals {
            head.colour = colours[self.network.links[head.link.index()].signal as usize];
        }
        self.colours = colours;
    }

    /// Trips relative to the estimate from now on, ≥ 0; anything else is ignored.
    pub fn set_demand_factor(&mut self, factor: f64) {
        if factor.is_finite() && factor >= 0.0 {
            self.demand_factor = factor;
        }
    }

    /// Puts in one trip by hand: between two links, from a share of the first to a share of the last (0…1).
    /// Returns the vehicle's number, or `None` where the trip is refused (it is counted then).
    pub fn depart(&mut self, from: LinkId, to: LinkId, shares: (f32, f32), kind: VehicleKind) -> Option<u32> {
        let ends = TripEnds {
            from: from.0,
            to: to.0,
            from_share: shares.0.clamp(0.0, 1.0),
            to_share: shares.1.clamp(0.0, 1.0),
            kind: kind as u8,
            temper: 0.0,
        };
        let exists = |l: LinkId| self.network.usable(l);
        if !exists(from) || !exists(to) {
            return None;
        }
        let vehicle = self.next_vehicle;
        let refused = self.counters.refused.clone();
        self.admit(&[ends]);
        (self.counters.refused == refused).then_some(vehicle)
    }

    /// Vehicles on the road.
    pub fn driving(&self) -> usize {
        self.drive.counts().running as usize
    }

    /// Trips that have started but found no gap to enter the road yet.
    pub fn waiting(&self) -> usize {
        self.drive.counts().waiting as usize
    }

    /// Digest of the whole moving state (XXH3, 64 bit): equal for equal runs, whatever the number of threads.
    pub fn state_hash(&self) -> u64 {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        hash.update(&self.steps.to_le_bytes());
        hash.update(&self.rng.clone().next_u64().to_le_bytes());
        hash.update(&self.drive.state_hash().to_le_bytes());
        self.fleet.digest(&mut hash);
        self.counters.digest(&mut hash);
        self.monitor.digest(&mut hash);
        for (vehicle, _) in self.drive.waiting() {
            hash.update(&self.fleet.trips[vehicle as usize].id.to_le_bytes());
        }
        self.costs.iter().for_each(|c| hash.update(&c.to_le_bytes()));
        hash.digest()
    }
}
