//! The mesoscopic view: every vehicle with its route, lanes as queues, from event to event.
//!
//! Each lane is a first-in first-out queue of limited storage. A vehicle that enters a lane is given the earliest time at which
//! it could leave it (free speed of this driver, with what starting and braking costs); it leaves when that time has come, the
//! one ahead has left a headway ago, the signal is open, those it yields to leave a gap, and a lane of the next link that leads
//! on has room. Room that a leaving vehicle makes travels back at the speed of the wave in a standing queue, so queues spill
//! back as kinematic waves (Newell, Transp. Res. B 36 (2002) 195). Turns that wait inside a junction do so in a small queue of
//! their own. How vehicles start and follow is in `driving`, calibrated once on a single signalised lane.
//!
//! Drivers who see no room for long take another way round. Where lanes wait for each other in a circle all the same, all heads
//! of the circle move up at once after a while; each is counted as a forced move with its junction. No vehicle is ever taken out.
//!
//! Left out: lane changes within a link (a lane is chosen at its start, by the queues then), what lane changing costs a queue, and
//! signals that heed traffic (actuated ones keep to the durations that their phases state). Where two opposed roads share lanes with turns that wait, how much both pass is decided by these.
//!
//! One thread, integer milliseconds, ties by fixed numbers: the same bytes for a seed. Knows the lane graph and the journeys.

mod calendar;
mod detour;
mod driving;
mod gaps;
mod insert;
mod layout;
pub mod live;
mod pass;
mod pool;
mod queue;
mod record;
mod routes;
mod signals;
mod turns;
mod warm;

pub use driving::Driving;
pub use record::{Counts, ForcedMove, LinkCounts, MesoTrip};
pub(crate) use turns::{TurnTimes, Turns};

use std::sync::Arc;

use crate::{
    journeys::Journeys,
    lane_graph::{LaneGraph, NONE},
};
use calendar::Calendar;
use detour::Detours;
use insert::Source;
use layout::Layout;
use queue::{Entry, Queue};
use routes::Routes;
use warm::Warmth;

/// No time: later than every run.
const NEVER: u32 = u32::MAX;
/// How often a head that waits for room looks again at all lanes that it could take, millisecond.
const LOOK_AGAIN_MS: u32 = 5000;
/// How long each lane of a circle has stood before it moves up, millisecond: a usual cycle of signals; and again while it is one:
/// what waiting lanes need to start one after the other.
const KNOT_MS: u32 = 90_000;
const KNOT_ON_MS: u32 = 10_000;

/// A run of the mesoscopic model.
#[derive(Clone, Debug)]
pub struct Meso {
    begin_s: f64,
    now_ms: u32,
    layout: Layout,
    kinds: Vec<Driving>,
    routes: Routes,
    vehicles: Vec<Vehicle>,
    /// Vehicles by departure, and how many have departed.
    departures: Vec<(u32, u32)>,
    departed: usize,
    /// By object: sections, then the lanes' sources, which use no more than when they are due and what they wait for.
    queues: Vec<Queue>,
    ring: Vec<Entry>,
    sources: Vec<Source>,
    /// By object: the next one that waits for the same room.
    waits_next: Vec<u32>,
    /// By section: what its head last found full.
    full: Vec<Full>,
    detours: Detours,
    calendar: Calendar,
    warmth: Warmth,
    record: record::Record,
}

/// What a section's head last found full, and when; when a head was last moved on without room.
#[derive(Clone, Copy, Debug)]
struct Full {
    section: u32,
    at_ms: u32,
    forced_ms: u32,
    /// When it last looked for another way.
    looked_ms: u32,
}

/// One vehicle on its way.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
struct Vehicle {
    /// Row of the routes where it is, and the end of its route.
    at: u32,
    end: u32,
    kind: u16,
    /// Halts to come.
    halts: u16,
    /// Wanted speed relative to the limit.
    factor: f32,
    /// Next of its stops.
    stop: u32,
    /// Next vehicle that waits to enter at the same link. Once under way: milliseconds of its first link that lie behind its place
    /// of departure, [`NEVER`] on a link on which it halts.
    next: u32,
    /// On its link since.
    since_ms: u32,
    journey: u32,
}

impl Meso {
    /// A run from `begin_s` on. Journeys whose route no lanes join are refused ([`Counts::refused`]), earlier ones enter at once.
    pub fn new(graph: &LaneGraph, journeys: &Journeys, seed: u64, begin_s: f64) -> Self {
        Self::on(Arc::new(graph.clone()), journeys, seed, begin_s)
    }

    /// The same on a graph that others hold, too.
    pub fn on(graph: Arc<LaneGraph>, journeys: &Journeys, seed: u64, begin_s: f64) -> Self {
        let kinds: Vec<Driving> = journeys.types.iter().map(Driving::of).collect();
        let begin_ms = (begin_s.max(0.0) * 1000.0).round() as u64;
        let layout = Layout::of(&graph, journeys, &kinds, begin_ms);
        let lanes = graph.lanes.len();
        let record = record::Record::of(&graph, journeys, begin_s);
        let detours = Detours::of(&graph);
        let routes = Routes::of(graph, journeys);
        let objects = layout.sections.len() + lanes;
        let mut meso = Self {
            begin_s,
            now_ms: 0,
            kinds,
            vehicles: Vec::with_capacity(journeys.list.len()),
            departures: Vec::with_capacity(journeys.list.len()),
            departed: 0,
            queues: vec![Queue::default(); objects],
            ring: vec![Entry::default(); layout.ring],
            sources: vec![Source::default(); lanes],
            waits_next: vec![NONE; objects],
            full: vec![Full { section: NONE, at_ms: 0, forced_ms: NEVER, looked_ms: 0 }; layout.sections.len()],
            calendar: Calendar::new(),
            warmth: Warmth::default(),
            record,
            detours,
            layout,
            routes,
        };
        meso.load(journeys, seed);
        meso
    }

    /// Longest run from its begin, second.
    pub const LONGEST_S: f64 = (NEVER - 1) as f64 / 1000.0;

    /// Ways round that waiting heads have taken.
    pub fn detours(&self) -> u64 {
        self.detours.count
    }

    /// Runs until a second (of the day, as `begin_s`).
    pub fn run_until(&mut self, t_s: f64) {
        let until_ms = ((t_s - self.begin_s) * 1000.0).clamp(0.0, f64::from(NEVER - 1)) as u32;
        loop {
            let depart_ms = self.departures.get(self.departed).map_or(NEVER, |d| d.0);
            match self.calendar.peek(until_ms.min(depart_ms)) {
                Some((at_ms, object)) => {
                    self.warm();
                    self.calendar.take();
                    if self.queues[object as usize].wake_ms == at_ms {
                        self.now_ms = at_ms;
                        self.queues[object as usize].wake_ms = NEVER;
                        self.wake(object);
                    }
                }
                None if depart_ms <= until_ms => {
                    self.now_ms = depart_ms;
                    self.depart();
                }
                None => break,
            }
        }
        self.now_ms = self.now_ms.max(until_ms);
    }

    /// Whether every journey that was not refused has come to its end.
    pub fn finished(&self) -> bool {
        self.departed == self.departures.len() && self.record.under_way() == 0
    }

    /// Second of the day.
    pub fn now_s(&self) -> f64 {
        self.begin_s + f64::from(self.now_ms) / 1000.0
    }

    fn wake(&mut self, object: u32) {
        // Whose room it was woken for: if it does not take it, the next one may.
        let woken_for = self.queues[object as usize].waits_on;
        let sections = self.layout.sections.len() as u32;
        if object < sections {
            self.advance(object);
        } else {
            self.insert(object - sections);
        }
        if woken_for != NONE && self.queues[object as usize].waits_on != woken_for {
            self.hand_on(woken_for);
        }
    }

    /// Lets an object look at its vehicle at a time.
    #[inline]
    fn schedule(&mut self, object: u32, at_ms: u32) {
        self.queues[object as usize].wake_ms = self.calendar.put(at_ms, object);
    }

    /// Has an object wait for room on a section.
    fn wait_on(&mut self, object: u32, section: u32) {
        if self.queues[object as usize].waits_on == section {
            return;
        }
        self.leave_wait(object);
        self.queues[object as usize].waits_on = section;
        self.waits_next[object as usize] = NONE;
        let mut last = self.queues[section as usize].first_waiter;
        if last == NONE {
            self.queues[section as usize].first_waiter = object;
            return;
        }
        while self.waits_next[last as usize] != NONE {
            last = self.waits_next[last as usize];
        }
        self.waits_next[last as usize] = object;
    }

    /// Ends an object's wait for room.
    #[inline]
    fn leave_wait(&mut self, object: u32) {
        let section = self.queues[object as usize].waits_on;
        if section == NONE {
            return;
        }
        self.queues[object as usize].waits_on = NONE;
        let next = self.waits_next[object as usize];
        let first = &mut self.queues[section as usize].first_waiter;
        if *first == object {
            *first = next;
            return;
        }
        let mut before = *first;
        while before != NONE && self.waits_next[before as usize] != object {
            before = self.waits_next[before as usize];
        }
        if before != NONE {
            self.waits_next[before as usize] = next;
        }
    }

    /// Wakes the first who waits for a section's room when there is some.
    fn hand_on(&mut self, section: u32) {
        let first = self.queues[section as usize].first_waiter;
        if first != NONE {
            let at_ms = self.room_at(section, 0, 0);
            if at_ms != NEVER {
                let at_ms = at_ms.max(self.now_ms);
                if self.queues[first as usize].wake_ms > at_ms {
                    self.schedule(first, at_ms);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_driven_on_an_empty_graph() {
        let mut meso = Meso::new(&LaneGraph::default(), &Journeys::default(), 1, 0.0);
        meso.run_until(100.0);
        assert_eq!(meso.counts(), Counts::default());
    }
}
