//! The microscopic view: every vehicle follows, changes lanes, gives way and stops at the light.
//!
//! A step: signals; what every vehicle would do next, from the state before (in parallel over lanes); moves, and crossings
//! from lane to lane in a fixed order; lane changes, link by link; entries. So no number of threads changes a byte. Every
//! way through a junction is a lane of its own: its *track* has the number of lanes + number of the move. Vehicles lie in
//! their track front first.

mod ahead;
mod bytes;
mod car;
mod change;
mod detour;
mod enter;
mod follow;
mod gaps;
mod live;
mod moving;
mod parting;
mod plan;
mod reach;
mod record;
mod region;
mod save;
mod signals;
mod tally;

use std::sync::Arc;

use crate::{
    journeys::Journeys,
    lane_graph::{Finder, LaneGraph, NONE, Show},
    network::Rows,
    results::battery::{Battery, Body},
};
pub use car::Hold;
use car::{Car, Track};
use follow::Driver;
use gaps::{Foe, Place};
use live::Live;
pub use live::NewJourney;
use reach::Onward;
use record::Voyage;
pub use record::{MicroCounts, MicroView, TripRecord};
use region::Region;
pub use save::LoadError;
use signals::Signals;
pub use tally::{INTERVAL_S, Interval, LinkTally, NodeTally, STOPPED_MPS};
use tally::{Tallies, TrackSums};

/// A running microscopic simulation.
pub struct Micro {
    graph: Arc<LaneGraph>,
    journeys: Arc<Journeys>,
    drivers: Vec<Driver>,
    /// Length of the longest vehicle, metre.
    longest: f32,
    seed: u64,
    step_ms: u64,
    now_ms: u64,
    steps: u64,
    /// Lanes, then moves.
    tracks: Vec<Track>,
    lengths_m: Vec<f32>,
    /// What is known of each track without a look at it ([`car::BUSY`], [`car::NEAR`]).
    marks: Vec<u8>,
    regions: Vec<Region>,
    signals: Signals,
    /// Where each move leads.
    onward: Vec<Onward>,
    /// What crosses or merges with each move.
    foes: Rows<Foe>,
    /// Row by row where those are looked for.
    foes_at: Vec<Place>,
    voyages: Vec<Voyage>,
    /// Routes of those who left theirs.
    detours: Vec<Box<[u32]>>,
    /// Vehicles lifted out of a jam, not yet back on the road.
    lifted: Vec<Car>,
    /// Where (node) and when (millisecond) vehicles were.
    forced: Vec<(u32, u64)>,
    finder: Finder,
    entries: enter::Entries,
    counts: MicroCounts,
    begin_ms: u64,
    tallies: Tallies,
    /// By track: the interval now.
    sums: Vec<TrackSums>,
    /// By type; none where it has no body that could have one.
    batteries: Vec<Option<Battery>>,
    /// Moves by the lane they enter.
    into: Rows<u32>,
    /// Links that nobody may drive into; empty: none.
    closed: Vec<bool>,
    /// Vehicles come and go while it runs.
    live: Option<Live>,
}

/// Least distance between bumpers, metre.
const CONTACT_M: f32 = 0.05;

impl Micro {
    /// An empty network at a time. `step_s`: length of a step, second.
    pub fn new(graph: Arc<LaneGraph>, journeys: Arc<Journeys>, seed: u64, begin_s: f64, step_s: f64) -> Self {
        let step_ms = ((step_s * 1000.0).round() as u64).max(1);
        let drivers: Vec<Driver> =
            journeys.types.iter().map(|kind| Driver::of(kind, step_ms as f32 / 1000.0)).collect();
        let lengths = graph.lanes.iter().map(|l| l.length_m).chain(graph.moves.iter().map(|m| m.length_m));
        let lengths_m: Vec<f32> = lengths.collect();
        let begin_ms = (begin_s.max(0.0) * 1000.0).round() as u64;
        let foes = Foe::all(&graph);
        Self {
            longest: drivers.iter().map(|d| d.length).fold(0.0, f32::max),
            drivers,
            seed,
            step_ms,
            now_ms: begin_ms,
            steps: 0,
            tracks: vec![Track::default(); lengths_m.len()],
            marks: vec![0; lengths_m.len()],
            lengths_m,
            regions: Region::all(&graph),
            signals: Signals::of(&graph, begin_ms),
            onward: Onward::all(&graph),
            foes_at: Place::all(&foes, graph.lanes.len()),
            foes,
            voyages: Voyage::all(&graph, &journeys, seed),
            detours: Vec::new(),
            lifted: Vec::new(),
            forced: Vec::new(),
            finder: Finder::new(&graph),
            entries: enter::Entries::new(&graph, &journeys),
            counts: MicroCounts::default(),
            begin_ms,
            tallies: Tallies::new(&graph, begin_ms),
            sums: vec![TrackSums::default(); graph.lanes.len() + graph.moves.len()],
            batteries: journeys.types.iter().map(|kind| Body::of(kind.users).map(Battery::of)).collect(),
            into: graph.moves_into(),
            closed: Vec::new(),
            live: None,
            graph,
            journeys,
        }
    }

    /// One step.
    pub fn step(&mut self) {
        self.set_signals();
        self.plan();
        self.advance();
        self.make_stops();
        self.cross();
        self.change_lanes();
        self.take_detours();
        self.set_down();
        self.now_ms += self.step_ms;
        self.steps += 1;
        self.enter();
        self.count();
        self.sample();
        self.close_interval();
    }

    /// Seconds on the clock of the journeys' departures.
    pub fn now_s(&self) -> f64 {
        self.now_ms as f64 / 1000.0
    }

    /// Where vehicles were lifted out of a jam: node, second.
    pub fn forced_at(&self) -> impl ExactSizeIterator<Item = (u32, f64)> + '_ {
        self.forced.iter().map(|(node, at_ms)| (*node, *at_ms as f64 / 1000.0))
    }

    /// Everybody has departed and arrived.
    pub fn is_over(&self) -> bool {
        self.counts.arrived == self.journeys.list.len() as u64
    }

    pub fn counts(&self) -> MicroCounts {
        self.counts
    }

    /// Vehicles that have stood for some time without one before them on their track: vehicle, link it is on or goes to, seconds, why.
    pub fn standing(&self, at_least_s: f32) -> Vec<(u32, u32, f32, Hold)> {
        let lanes = self.graph.lanes.len();
        let link = |t: usize| {
            if t < lanes { self.graph.lanes[t].link } else { self.graph.moves[t - lanes].to_link }
        };
        let heads = self.tracks.iter().enumerate().filter_map(|(t, track)| track.cars.first().map(|c| (t, c)));
        heads.filter(|(_, c)| c.stood >= at_least_s).map(|(t, c)| (c.vehicle, link(t), c.stood, c.hold)).collect()
    }

    fn dt(&self) -> f32 {
        self.step_ms as f32 / 1000.0
    }

    /// The links that a vehicle drives.
    fn route(&self, vehicle: u32) -> &[u32] {
        match self.voyages[vehicle as usize].detour {
            NONE => self.journeys.route(&self.journeys.list[vehicle as usize]),
            detour => &self.detours[detour as usize],
        }
    }

    /// What a move's signal shows; off where none stands.
    fn show(&self, way: u32) -> Show {
        self.signals.shows[way as usize]
    }

    fn is_red(&self, way: u32) -> bool {
        matches!(self.show(way), Show::Red | Show::RedAmber)
    }

    /// Moves that lead into a lane.
    fn into(&self, lane: u32) -> std::slice::Iter<'_, u32> {
        self.into.of(lane).iter()
    }

    /// The track of a move.
    fn track_of(&self, way: u32) -> usize {
        self.graph.lanes.len() + way as usize
    }

    fn track_length(&self, track: usize) -> f32 {
        self.lengths_m[track]
    }
}
