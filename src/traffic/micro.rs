//! The microscopic view: every vehicle follows, changes lanes, gives way and stops at the light.
//!
//! A step: signals; what every vehicle would do next, from the state before (in parallel over lanes); moves, and crossings
//! from lane to lane in a fixed order; lane changes, link by link; entries. So no number of threads changes a byte. Every
//! way through a junction is a lane of its own: its *track* has the number of lanes + number of the move. Vehicles lie in
//! their track front first.

mod ahead;
mod change;
mod detour;
mod enter;
mod follow;
mod gaps;
mod live;
mod parting;
mod plan;
mod reach;
mod record;
mod tally;

use std::sync::Arc;

use crate::{
    journeys::Journeys,
    lane_graph::{Finder, LaneGraph, NONE, Show},
    network::Rows,
    results::battery::{Battery, Body},
};
use follow::Driver;
use live::Live;
pub use live::NewJourney;
use record::Voyage;
pub use record::{MicroCounts, MicroView, TripRecord};
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
    tracks: Vec<Track>,
    plans: Vec<Vec<Plan>>,
    /// One bit per track: vehicles are or were on it a moment ago.
    busy: Vec<u64>,
    /// The phase of each program now.
    phases: Vec<u32>,
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
    tallies: Tallies,
    /// By track: the interval now.
    sums: Vec<TrackSums>,
    /// By type; none where it has no body that could have one.
    batteries: Vec<Option<Battery>>,
    /// Vehicles that leave their track in this step.
    crossing: Vec<Crossing>,
    /// Vehicles that have made a stop in this step, and their track.
    departing: Vec<(u32, u32)>,
    /// Links with more than one lane that vehicles could change.
    wide: Vec<u32>,
    /// Moves by the lane they enter.
    into: Rows<u32>,
    /// Links that nobody may drive into; empty: none.
    closed: Vec<bool>,
    /// Vehicles come and go while it runs.
    live: Option<Live>,
}

/// A vehicle on its track: what every step touches.
#[derive(Clone, Copy, Debug)]
struct Car {
    /// Front bumper, metre along the track.
    pos: f32,
    speed: f32,
    /// Speed it wants here: the limit times its factor, within what it can.
    wanted: f32,
    length: f32,
    vehicle: u32,
    /// Move at the end of this lane, [`NONE`]: none leads on from this lane (or the journey ends here).
    way: u32,
    /// Move it came by.
    came: u32,
    /// Lanes of this link that lead on, and those that lead farthest.
    leads: u32,
    good: u32,
    /// How far this lane leads without a change, metre from its start.
    reach: f32,
    kind: u16,
    flags: u8,
    hold: Hold,
    /// Seconds of standing without a break.
    stood: f32,
    /// Seconds lost against the wanted speed.
    lost: f32,
    /// Speed not to exceed, for another's sake.
    advised: f32,
    /// Seconds since the last change of lane.
    settled: f32,
}

/// Ends its journey on this link.
const LAST: u8 = 1;
/// Has a stop to make on this link.
const HALT: u8 = 2;
/// Least distance between bumpers, metre.
const CONTACT_M: f32 = 0.05;
/// Slows down.
const BRAKES: u8 = 4;
/// Is in conflict with the one ahead.
const NEAR: u8 = 8;

#[derive(Clone, Debug, Default)]
struct Track {
    /// Front first.
    cars: Vec<Car>,
}

/// What a vehicle does next.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    speed: f32,
    moved: f32,
    hold: Hold,
}

/// What a driver waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Hold {
    /// Nothing but the vehicle ahead.
    #[default]
    None,
    Signal,
    /// A gap in a stream that goes first.
    Gap,
    /// Room behind the junction.
    Room,
    /// Another on the way through the junction.
    PathTaken,
    /// The lane does not lead on.
    WrongLane,
    /// A stop on the way.
    Stop,
}

#[derive(Clone, Copy, Debug)]
struct Crossing {
    from: u32,
    car: Car,
}

impl Micro {
    /// An empty network at a time. `step_s`: length of a step, second.
    pub fn new(graph: Arc<LaneGraph>, journeys: Arc<Journeys>, seed: u64, begin_s: f64, step_s: f64) -> Self {
        let tracks = graph.lanes.len() + graph.moves.len();
        let drivers: Vec<Driver> = journeys.types.iter().map(Driver::of).collect();
        let wide = (0..graph.links.len() as u32).filter(|l| graph.links[*l as usize].lanes > 1).collect();
        let begin_ms = (begin_s.max(0.0) * 1000.0).round() as u64;
        Self {
            longest: drivers.iter().map(|d| d.length).fold(0.0, f32::max),
            drivers,
            seed,
            step_ms: ((step_s * 1000.0).round() as u64).max(1),
            now_ms: begin_ms,
            steps: 0,
            tracks: vec![Track::default(); tracks],
            plans: vec![Vec::new(); tracks],
            busy: vec![0; tracks.div_ceil(64)],
            phases: Vec::new(),
            voyages: Voyage::all(&graph, &journeys, seed),
            detours: Vec::new(),
            lifted: Vec::new(),
            forced: Vec::new(),
            finder: Finder::new(&graph),
            entries: enter::Entries::new(&graph, &journeys),
            counts: MicroCounts::default(),
            tallies: Tallies::new(&graph, begin_ms),
            sums: vec![TrackSums::default(); tracks],
            batteries: journeys.types.iter().map(|kind| Body::of(kind.users).map(Battery::of)).collect(),
            crossing: Vec::new(),
            departing: Vec::new(),
            wide,
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
        self.leave_stops();
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

    fn set_signals(&mut self) {
        self.phases.clear();
        self.phases.extend(self.graph.programs.iter().map(|p| p.phase_at(self.now_ms).0 as u32));
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
        let m = &self.graph.moves[way as usize];
        let Some(program) = self.graph.programs.get(m.program as usize) else { return Show::Off };
        let phase = &program.phases[self.phases[m.program as usize] as usize];
        phase.shows.get(m.stream as usize).copied().unwrap_or(Show::Off)
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
        let lanes = self.graph.lanes.len();
        if track < lanes { self.graph.lanes[track].length_m } else { self.graph.moves[track - lanes].length_m }
    }

    /// Speeds and places as planned; those beyond their track's end are taken off it.
    fn advance(&mut self) {
        let dt = self.dt();
        let lanes = self.graph.lanes.len();
        for track in (0..self.busy.len()).flat_map(|word| bits(self.busy[word], word * 64)).collect::<Vec<_>>() {
            if self.tracks[track].cars.is_empty() {
                self.busy[track / 64] &= !(1 << (track % 64));
                continue;
            }
            let length = self.track_length(track);
            let plans = &self.plans[track];
            let cars = &mut self.tracks[track].cars;
            let mut ahead_mps = 0.0;
            let mut leaves = 0;
            // Rear of the vehicle before, where it stops now: nobody drives into one that brakes harder than was expected.
            let mut rear = f32::INFINITY;
            for (i, (car, plan)) in cars.iter_mut().zip(plans).enumerate() {
                car.pos = (car.pos + plan.moved).min(rear - CONTACT_M).max(car.pos);
                if tally::comes_near(car, rear - car.pos, plan.speed - ahead_mps) {
                    self.sums[track].rear_end += 1;
                }
                (rear, ahead_mps) = (car.pos - car.length, plan.speed);
                let coasting = (0.05 + 0.005 * car.speed) * car.speed * dt;
                let brakes = if plan.speed < car.speed - coasting { BRAKES } else { 0 };
                car.flags = car.flags & !BRAKES | brakes;
                car.speed = plan.speed;
                car.advised = f32::INFINITY;
                car.settled += dt;
                car.lost += dt * (1.0 - plan.speed / car.wanted).max(0.0);
                if track >= lanes
                    && car.stood > gaps::FORCED_S
                    && plan.speed >= follow::HALTING_MPS
                    && car.hold == Hold::PathTaken
                {
                    self.counts.forced += 1;
                }
                car.hold = plan.hold;
                car.stood = if plan.speed < follow::HALTING_MPS { car.stood + dt } else { 0.0 };
                if car.flags & HALT != 0 {
                    let (voyage, now_ms) = (&mut self.voyages[car.vehicle as usize], self.now_ms + self.step_ms);
                    if voyage.halts(car, track as u32, dt, now_ms, &self.journeys) {
                        self.departing.push((track as u32, car.vehicle));
                    }
                    voyage.drive.planned_s += if voyage.dwell >= 0.0 { dt } else { 0.0 };
                }
                let ends =
                    car.flags & LAST != 0 && track < lanes && car.pos >= self.voyages[car.vehicle as usize].arrival_m;
                if leaves == i && (ends || car.pos >= length && (track >= lanes || car.way != NONE)) {
                    leaves += 1;
                    self.crossing.push(Crossing { from: track as u32, car: *car });
                }
            }
            cars.drain(..leaves);
        }
    }

    /// Vehicles that have made a stop look for their way again.
    fn leave_stops(&mut self) {
        for (track, vehicle) in std::mem::take(&mut self.departing) {
            let cars = &self.tracks[track as usize].cars;
            let Some(at) = cars.iter().position(|c| c.vehicle == vehicle) else { continue };
            let mut car = cars[at];
            self.settle_on(&mut car, track);
            self.tracks[track as usize].cars[at] = car;
        }
    }

    /// Arrivals, and vehicles onto their next track; a fast one may cross several in a step.
    fn cross(&mut self) {
        let crossing = std::mem::take(&mut self.crossing);
        for Crossing { from, mut car } in crossing.iter().copied() {
            let mut track = from as usize;
            loop {
                if car.flags & LAST != 0 && track < self.graph.lanes.len() {
                    self.arrive(&car);
                    break;
                }
                let length = self.track_length(track);
                car.pos -= length;
                self.voyages[car.vehicle as usize].drive.base_m += length;
                track = self.next_track(&mut car, track);
                let ends = car.flags & LAST != 0 && track < self.graph.lanes.len();
                if self.stranded(&car, track) {
                    // It waits at the very end for a gap in the lane it needs.
                    car.pos = car.pos.min(self.track_length(track));
                    self.place(track, car);
                    break;
                }
                let arrival_m = self.voyages[car.vehicle as usize].arrival_m;
                if car.pos < if ends { arrival_m } else { self.track_length(track) } {
                    self.place(track, car);
                    break;
                }
            }
        }
        self.crossing = crossing;
        self.crossing.clear();
    }

    /// Puts a vehicle onto a track where its place is.
    fn place(&mut self, track: usize, car: Car) {
        self.voyages[car.vehicle as usize].track = track as u32;
        let cars = &mut self.tracks[track].cars;
        let at = cars.iter().rposition(|c| c.pos >= car.pos).map_or(0, |i| i + 1);
        cars.insert(at, car);
        self.busy[track / 64] |= 1 << (track % 64);
    }

    /// From a lane onto its move's track, or from there into the next lane: limits and lanes ahead are looked up.
    fn next_track(&mut self, car: &mut Car, track: usize) -> usize {
        let lanes = self.graph.lanes.len();
        if track < lanes {
            let link = self.graph.lanes[track].link;
            self.leave_link(car, link);
            let m = &self.graph.moves[car.way as usize];
            car.wanted = self.wanted(car.vehicle, car.kind, m.limit_mps);
            return lanes + car.way as usize;
        }
        let way = (track - lanes) as u32;
        let lane = self.graph.moves[way as usize].to;
        self.leave_junction(car, way);
        let voyage = &mut self.voyages[car.vehicle as usize];
        voyage.leg += 1;
        voyage.on_link_ms = self.now_ms + self.step_ms;
        car.came = way;
        self.settle_on(car, lane);
        lane as usize
    }

    /// Looks up what a lane means for a vehicle: speed, the lanes that lead on, whether it stops or ends here.
    fn settle_on(&self, car: &mut Car, lane: u32) {
        let voyage = &self.voyages[car.vehicle as usize];
        car.wanted = self.wanted(car.vehicle, car.kind, self.graph.lanes[lane as usize].limit_mps);
        let ahead = self.lanes_ahead(car.vehicle, voyage.leg);
        (car.leads, car.good) = (ahead.leads, ahead.good);
        car.reach = ahead.reach(self.graph.lanes[lane as usize].index);
        car.way = self.way_if_it_leads(car, voyage.leg, lane);
        let last = voyage.leg + 1 == self.route(car.vehicle).len() as u32;
        let halt = voyage
            .next_stop(&self.journeys)
            .is_some_and(|s| self.graph.lanes[s.lane as usize].link == self.graph.lanes[lane as usize].link);
        car.flags &= !(LAST | HALT);
        car.flags |= if last { LAST } else { 0 } | if halt { HALT } else { 0 };
    }

    fn wanted(&self, vehicle: u32, kind: u16, limit: f32) -> f32 {
        (limit * self.voyages[vehicle as usize].factor).min(self.drivers[usize::from(kind)].max_speed)
    }
}

/// The numbers of the bits set in a word, counted from `first`.
fn bits(mut word: u64, first: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros() as usize;
        word &= word.wrapping_sub(1);
        (bit < 64).then_some(first + bit)
    })
}
