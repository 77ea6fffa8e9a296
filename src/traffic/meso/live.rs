//! The mesoscopic view while a city lives: vehicles come while it runs, links close and open, and where everybody is can be asked.
//!
//! Owns the vehicles' numbers (taken again after they have arrived, so that memory follows how many are under way and not how many
//! days have passed), new ways for those whose way is closed, and estimates of places along lanes. Time runs for 49 days at most.

mod city;
mod links;
mod places;

use std::sync::Arc;

pub use links::LinkNow;
pub use places::{Place, Track};

use super::{Counts, ForcedMove, Meso, NEVER, Turns, Vehicle, insert, record};
use crate::{
    journeys::{Departure, Journeys, VehicleType},
    lane_graph::{LaneGraph, NONE},
    micro,
    timed_ways::{Bounds, EmptyRoad, Request, Search, Times, Ways},
};
use links::Tally;
use rand::SeedableRng;
use rayon::prelude::*;

/// A journey that begins now.
#[derive(Clone, PartialEq, Debug)]
pub struct NewJourney<'a> {
    /// Place among the vehicle types.
    pub kind: u32,
    /// Links, at least one.
    pub route: &'a [u32],
    pub depart: Departure,
    /// Metre along the last link where it leaves; its end where infinite.
    pub arrival_m: f32,
}

/// A journey that has ended. Seconds of the day.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arrived {
    /// Its number is given to others from now on.
    pub vehicle: u32,
    pub depart_s: f64,
    /// `None` where its first link was closed before it could enter: a departure refused.
    pub enter_s: Option<f64>,
    pub end_s: f64,
    /// Ended before its destination, which closures had cut off.
    pub cut_short: bool,
}

/// A live run.
#[derive(Clone, Debug)]
pub struct Live {
    meso: Meso,
    graph: Arc<LaneGraph>,
    types: Vec<VehicleType>,
    seed: u64,
    /// Vehicles begun so far.
    begun: u64,
    /// By vehicle its rows of the routes, and whether its way was cut short.
    taken: Vec<(std::ops::Range<u32>, bool)>,
    free: Vec<u32>,
    arrived: Vec<Arrived>,
    /// Vehicles of these.
    gone: Vec<u32>,
    closed: Vec<bool>,
    turns: Turns,
    empty: EmptyRoad,
    /// What turns take of late; those onto closed links are.
    times: Times,
    bounds: Bounds,
    search: Search,
    ways: Vec<Ways>,
    /// By type the row of `ways`.
    ways_of: Vec<u32>,
    tally: Tally,
}

impl Live {
    /// A run without vehicles from a second of the day on.
    pub fn new(graph: Arc<LaneGraph>, types: Vec<VehicleType>, seed: u64, begin_s: f64) -> Self {
        let journeys = Journeys { types, ..Journeys::default() };
        let mut meso = Meso::on(graph.clone(), &journeys, seed, begin_s);
        let turns = Turns::of(&graph);
        meso.choose_ways();
        meso.watch_turns_live(&turns);
        meso.record.live = Some(record::Live::default());
        meso.record.keep(links::INTERVAL_MS, links::INTERVALS + 1);
        let empty = EmptyRoad::of(&graph, &turns);
        let users: Vec<_> = journeys.types.iter().map(|kind| kind.users).collect();
        let first = |i: &usize| users[..*i].iter().all(|u| *u != users[*i]);
        let kinds: Vec<usize> = (0..users.len()).filter(first).collect();
        let place = |u| kinds.iter().position(|i| users[*i] == u).unwrap_or(0) as u32;
        Self {
            closed: vec![false; graph.links.len()],
            ways: kinds.iter().map(|i| Ways::of(&graph, &turns, users[*i])).collect(),
            ways_of: users.iter().map(|u| place(*u)).collect(),
            tally: Tally::of(&empty),
            times: Times::empty(&empty),
            // Nothing is ever faster than the empty road.
            bounds: Bounds::of(&turns, &empty.turn_s),
            meso,
            graph,
            types: journeys.types,
            seed,
            begun: 0,
            search: Search::default(),
            taken: Vec::new(),
            free: Vec::new(),
            arrived: Vec::new(),
            gone: Vec::new(),
            turns,
            empty,
        }
    }

    /// A journey begins: the vehicle waits to enter its first link from now on. `None`, and counted as refused, where no lane joins
    /// its links or one of them is closed.
    pub fn depart(&mut self, journey: &NewJourney) -> Option<u32> {
        let route = journey.route;
        let open = !route.is_empty() && route.iter().all(|l| self.closed.get(*l as usize) == Some(&false));
        let kind = self.types.get(journey.kind as usize).filter(|_| journey.kind <= u32::from(u16::MAX));
        let (true, Some(kind)) = (open, kind) else { return self.refuse() };
        let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(self.seed ^ (self.begun << 20));
        let factor = insert::factor(kind.speed_factor, &mut rng);
        let NewJourney { kind, route, depart, arrival_m } = *journey;
        let new = micro::NewJourney { kind, route, depart, arrival_m, factor };
        let Some(number) = self.take_in(&new) else { return self.refuse() };
        self.begun += 1;
        self.meso.begin(number, self.meso.now_ms);
        Some(number)
    }

    /// `None` where no lanes join its links.
    fn take_in(&mut self, new: &micro::NewJourney) -> Option<u32> {
        let rows = self.meso.routes.lay(new.kind as u16, new.route)?;
        let vehicle = Vehicle {
            at: rows.start,
            end: rows.start + new.route.len() as u32,
            kind: new.kind as u16,
            factor: new.factor,
            stop: 0,
            halts: 0,
            next: NONE,
            since_ms: self.meso.now_ms,
            journey: 0,
        };
        let number = self.admit(vehicle, rows);
        self.meso.record.admit(number as usize, (new.depart, new.arrival_m));
        Some(number)
    }

    fn refuse(&mut self) -> Option<u32> {
        self.meso.record.refused += 1;
        None
    }

    fn admit(&mut self, mut vehicle: Vehicle, rows: std::ops::Range<u32>) -> u32 {
        let number = self.free.pop().unwrap_or(self.taken.len() as u32);
        vehicle.journey = number;
        self.meso.detours.admit(number);
        if number as usize == self.taken.len() {
            self.meso.vehicles.push(vehicle);
            self.taken.push((rows, false));
        } else {
            self.meso.vehicles[number as usize] = vehicle;
            self.taken[number as usize] = (rows, false);
        }
        if let Some(live) = &mut self.meso.record.live {
            live.came_by.resize(self.taken.len(), NONE);
            live.came_by[number as usize] = NONE;
        }
        number
    }

    /// Has ways keep to what the graph does not tell of the turns that are allowed: restrictions through via links.
    pub(crate) fn heed_bans(&mut self, network: &crate::Network) {
        let mut known = Vec::new();
        for (kind, row) in self.types.iter().zip(&self.ways_of) {
            if *row as usize == known.len() {
                known.push(Ways::of_network(network, &self.graph, &self.turns, kind.users));
            }
        }
        self.ways = known;
    }

    /// Runs until a second of the day.
    pub fn run_until(&mut self, t_s: f64) {
        while self.meso.now_s() < t_s {
            let next_s = self.meso.begin_s + f64::from(self.tally.next_ms()) / 1000.0;
            let before_ms = self.meso.now_ms;
            self.meso.run_until(t_s.min(next_s));
            self.meso.record.turn_to(self.meso.now_ms);
            if next_s <= t_s {
                self.tally.update(&mut self.meso, &self.empty);
                self.set_times();
            }
            self.collect();
            if self.meso.now_ms == before_ms {
                break;
            }
        }
    }

    /// Frees what those who have arrived held.
    fn collect(&mut self) {
        let Some(live) = &mut self.meso.record.live else { return };
        let (replaced, ended) = (std::mem::take(&mut live.replaced), std::mem::take(&mut live.ended));
        for (vehicle, rows) in replaced {
            let old = std::mem::replace(&mut self.taken[vehicle as usize].0, rows);
            self.meso.routes.give_back(old);
        }
        for vehicle in ended {
            self.end(vehicle);
        }
    }

    fn end(&mut self, vehicle: u32) {
        let trip = self.meso.trip(vehicle as usize);
        let now_s = self.meso.now_s();
        let (rows, cut_short) = self.taken[vehicle as usize].clone();
        self.meso.routes.give_back(rows);
        self.free.push(vehicle);
        self.gone.push(vehicle);
        self.arrived.push(Arrived {
            vehicle,
            depart_s: trip.map_or(now_s, |t| t.depart_s),
            enter_s: trip.and_then(|t| t.enter_s),
            end_s: trip.and_then(|t| t.arrive_s).unwrap_or(now_s),
            cut_short,
        });
    }

    /// Journeys that have ended since this was last asked, in the order in which they did.
    pub fn take_arrived(&mut self) -> Vec<Arrived> {
        let taken = std::mem::take(&mut self.arrived);
        self.release();
        taken
    }

    /// Moves without room since this was last asked; [`ForcedMove::journey`] is the vehicle.
    pub fn take_forced(&mut self) -> Vec<ForcedMove> {
        let begin_s = self.meso.begin_s;
        let moves = self.meso.record.take_forced().into_iter();
        moves
            .map(|(ms, node, journey)| ForcedMove { time_s: begin_s + f64::from(ms) / 1000.0, node, journey })
            .collect()
    }

    /// Second of the day.
    pub fn now_s(&self) -> f64 {
        self.meso.now_s()
    }

    /// Refused are departures over closed or unjoined links, and those whose first link closed before they entered. Forced moves
    /// are those not yet taken.
    pub fn counts(&self) -> Counts {
        self.meso.counts()
    }

    /// A hash of all that goes on.
    pub fn state_hash(&self) -> u64 {
        self.meso.state_hash()
    }

    /// The fastest way between two links at the times of the last minutes; `None` where none is open.
    pub fn route(&mut self, kind: u32, from: u32, to: u32) -> Option<Vec<u32>> {
        let mut search = std::mem::take(&mut self.search);
        let route = self.seek(&mut search, (kind, from, to));
        self.search = search;
        route
    }

    /// The same for many trips (type, first link, last link), side by side.
    pub fn routes(&self, trips: &[(u32, u32, u32)]) -> Vec<Option<Vec<u32>>> {
        trips.par_iter().map_init(Search::default, |search, trip| self.seek(search, *trip)).collect()
    }

    fn set_times(&mut self) {
        let closed = |turn: usize| self.closed[self.turns.to.list[turn] as usize];
        let s = self.tally.turn_s.iter().zip(&self.empty.turn_s).enumerate();
        let now = s.map(|(turn, (s, empty))| if closed(turn) { f32::INFINITY } else { s.max(*empty) });
        self.times = Times::steady(now.collect());
    }

    fn seek(&self, search: &mut Search, (kind, from, to): (u32, u32, u32)) -> Option<Vec<u32>> {
        if from == to {
            return Some(vec![from]);
        }
        let ways = self.ways.get(*self.ways_of.get(kind as usize)? as usize)?;
        if from as usize >= self.closed.len() || to as usize >= self.closed.len() {
            return None;
        }
        let (_, state) = search.run(ways, &self.times, &self.bounds, Request { from, to, at_s: 0.0 })?;
        Some(search.way(ways, state))
    }

    /// Closes these links, by link; all others are open. Who is on a closed link drives off it; who waits to enter it is refused;
    /// whose way leads over one takes the fastest way by the times of the last minutes, or, where none is left, ends its journey on the
    /// last open link of its old one.
    pub fn set_closed(&mut self, closed: &[bool]) {
        self.closed.iter_mut().enumerate().for_each(|(l, c)| *c = closed.get(l).copied().unwrap_or(false));
        self.meso.detours.closed.clone_from(&self.closed);
        self.withdraw_closed();
        self.set_times();
        let cut = self.cut_off();
        let found: Vec<Option<Vec<u32>>> = cut
            .par_iter()
            .map_init(Search::default, |search, cut| {
                let vehicle = &self.meso.vehicles[cut.vehicle as usize];
                let (from, to) = (self.link_of(cut.from), self.link_of(vehicle.end - 1));
                if self.closed[to as usize] { None } else { self.seek(search, (vehicle.kind.into(), from, to)) }
            })
            .collect();
        for (cut, way) in cut.iter().zip(found) {
            self.send(cut, way);
        }
    }

    fn link_of(&self, row: u32) -> u32 {
        self.meso.routes.rows[row as usize].link
    }

    /// Those who wait to enter a closed link are refused.
    fn withdraw_closed(&mut self) {
        for lane in 0..self.graph.lanes.len() as u32 {
            if self.closed[self.graph.lanes[lane as usize].link as usize] {
                let mut vehicle = std::mem::replace(&mut self.meso.sources[lane as usize].first, NONE);
                self.meso.sources[lane as usize].count = 0;
                while vehicle != NONE {
                    self.meso.record.withdrawn();
                    self.end(vehicle);
                    vehicle = self.meso.vehicles[vehicle as usize].next;
                }
            }
        }
    }

    /// Whose way leads over closed links: those under way, section by section, then those who wait to enter.
    fn cut_off(&self) -> Vec<Cut> {
        let meso = &self.meso;
        let mut cut = Vec::new();
        let mut look = |vehicle: u32, section: u32, place: u32| {
            let v = &meso.vehicles[vehicle as usize];
            // In the middle of a junction one goes on as one began.
            let from = if section as usize >= meso.record.lanes && section != NONE { v.at + 1 } else { v.at };
            let ahead = from + 1..v.end;
            if ahead.clone().any(|row| self.closed[self.link_of(row) as usize]) {
                cut.push(Cut { vehicle, section, place, from });
            }
        };
        for section in 0..meso.layout.sections.len() as u32 {
            for place in 0..u32::from(meso.queues[section as usize].live) {
                look(meso.entry(section, place).vehicle, section, place);
            }
        }
        for source in &meso.sources {
            let mut vehicle = source.first;
            while vehicle != NONE {
                look(vehicle, NONE, 0);
                vehicle = meso.vehicles[vehicle as usize].next;
            }
        }
        cut
    }

    /// Puts a vehicle on a way from the row that it keeps; on what is open of its old one where there is none.
    fn send(&mut self, cut: &Cut, way: Option<Vec<u32>>) {
        let vehicle = self.meso.vehicles[cut.vehicle as usize];
        let kept: Vec<u32> = (vehicle.at..cut.from).map(|row| self.link_of(row)).collect();
        let laid = way.and_then(|way| {
            let route: Vec<u32> = kept.iter().copied().chain(way).collect();
            Some((self.meso.routes.lay(vehicle.kind, &route)?, route.len() as u32, false))
        });
        let (rows, links, short) = match laid {
            Some(laid) => laid,
            None => {
                let ahead = (cut.from + 1..vehicle.end).take_while(|row| !self.closed[self.link_of(*row) as usize]);
                let end = cut.from + 1 + ahead.count() as u32;
                let route: Vec<u32> = (vehicle.at..end).map(|row| self.link_of(row)).collect();
                let Some(rows) = self.meso.routes.lay(vehicle.kind, &route) else { return };
                self.meso.record.set_last_m(vehicle.journey, f32::INFINITY);
                (rows, route.len() as u32, true)
            }
        };
        let v = &mut self.meso.vehicles[cut.vehicle as usize];
        (v.at, v.end) = (rows.start, rows.start + links);
        let (old, was_short) = std::mem::replace(&mut self.taken[cut.vehicle as usize], (rows, short));
        self.taken[cut.vehicle as usize].1 |= was_short;
        self.meso.routes.give_back(old);
        if (cut.section as usize) < self.meso.record.lanes {
            self.turn_around(cut);
        }
    }

    /// Has a vehicle in a lane leave it by its new way.
    fn turn_around(&mut self, cut: &Cut) {
        let meso = &mut self.meso;
        let v = meso.vehicles[cut.vehicle as usize];
        let way = if v.at + 1 < v.end { meso.way_on(cut.section, v.at + 1) } else { NONE };
        let at = meso.place(cut.section, u32::from(meso.queues[cut.section as usize].ghosts) + cut.place);
        meso.ring[at].way = way;
        if cut.place == 0 {
            meso.leave_wait(cut.section);
            let due_ms = meso.queues[cut.section as usize].ready_ms.clamp(meso.now_ms, NEVER - 1);
            meso.schedule(cut.section, due_ms);
        }
    }
}

/// A vehicle whose way is closed.
struct Cut {
    vehicle: u32,
    /// [`NONE`] where it waits to enter; else its place in the section's queue.
    section: u32,
    place: u32,
    /// Row of the last link that it drives whatever happens.
    from: u32,
}
