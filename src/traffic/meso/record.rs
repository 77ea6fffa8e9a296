//! What a run tells: counts, trips, flows, forced moves.

use super::{Meso, NEVER, TurnTimes};
use crate::{
    journeys::{Departure, Journeys},
    lane_graph::{LaneGraph, NONE},
};

/// Interval of a run's link counts, millisecond.
const INTERVAL_MS: u32 = 3_600_000;

/// Vehicles: loaded = inserted + waiting, inserted = arrived + running.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub loaded: u64,
    pub inserted: u64,
    pub arrived: u64,
    pub running: u64,
    /// To enter.
    pub waiting: u64,
    /// Journeys without a drivable route; not loaded.
    pub refused: u64,
    /// Moves into a lane without room, to untie lanes that wait for each other.
    pub forced: u64,
}

/// A vehicle moved on without room.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ForcedMove {
    pub time_s: f64,
    pub node: u32,
    pub journey: u32,
}

/// One journey as driven so far. Seconds of the day.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MesoTrip {
    pub depart_s: f64,
    pub enter_s: Option<f64>,
    pub arrive_s: Option<f64>,
}

/// Vehicles on a link within an hour from the run's begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LinkCounts {
    /// From a link before.
    pub entered: u32,
    /// Into a link after.
    pub left: u32,
    pub departed: u32,
    pub arrived: u32,
    /// Milliseconds on it, of those who left or arrived, the way into it included.
    pub driven_ms: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct Stop {
    pub lane: u32,
    pub at_m: f32,
    pub for_ms: u32,
    pub until_ms: u32,
}

#[derive(Clone, Debug)]
pub struct Record {
    pub stops: Vec<Stop>,
    /// Sections that are lanes.
    pub lanes: usize,
    pub refused: u64,
    wishes: Vec<(Departure, f32)>,
    depart_ms: Vec<u32>,
    enter_ms: Vec<u32>,
    arrive_ms: Vec<u32>,
    pub loaded: u64,
    pub inserted: u64,
    pub arrived: u64,
    /// Sum of arrivals less entries, millisecond.
    driven_ms: i64,
    forced: Vec<(u32, u32, u32)>,
    links: usize,
    /// By interval and link: of all intervals, or of so many, the oldest overwritten.
    flows: Vec<LinkCounts>,
    interval_ms: u32,
    kept: usize,
    intervals: usize,
    /// Where turns are watched.
    pub turn_times: Option<TurnTimes>,
    /// First row of the flows of the interval now, and its end.
    base: usize,
    until_ms: u32,
    /// Of a live run: vehicles that have arrived and were not yet taken, and by vehicle the way by which it came onto its link.
    pub live: Option<Live>,
}

#[derive(Clone, Debug, Default)]
pub struct Live {
    pub ended: Vec<u32>,
    /// Who left which link.
    pub left: Vec<(u32, u32)>,
    pub came_by: Vec<u32>,
    /// New routes of vehicles that left their way.
    pub replaced: Vec<(u32, std::ops::Range<u32>)>,
}

impl Record {
    pub fn of(graph: &LaneGraph, journeys: &Journeys, begin_s: f64) -> Self {
        let trips = journeys.list.len();
        let ms = |s: f64| (s.max(0.0) * 1000.0).min(f64::from(NEVER / 2)) as u32;
        let lanes = graph.lanes.len();
        let stops = journeys.stops.iter().map(|s| Stop {
            lane: s.lane.min(lanes.saturating_sub(1) as u32),
            at_m: s.at_m,
            for_ms: ms(f64::from(s.for_s)),
            until_ms: s.until_s.map_or(0, |until_s| ms(until_s - begin_s)),
        });
        Self {
            stops: stops.collect(),
            lanes,
            refused: 0,
            wishes: journeys.list.iter().map(|j| (j.depart, j.arrival_m)).collect(),
            depart_ms: vec![NEVER; trips],
            enter_ms: vec![NEVER; trips],
            arrive_ms: vec![NEVER; trips],
            loaded: 0,
            inserted: 0,
            arrived: 0,
            driven_ms: 0,
            forced: Vec::new(),
            links: graph.links.len(),
            flows: vec![LinkCounts::default(); graph.links.len()],
            interval_ms: INTERVAL_MS,
            kept: usize::MAX,
            intervals: 1,
            turn_times: None,
            base: 0,
            until_ms: INTERVAL_MS,
            live: None,
        }
    }

    /// Journeys begun and not ended.
    pub fn under_way(&self) -> u64 {
        self.loaded - self.arrived
    }

    pub fn departure(&self, journey: u32) -> Departure {
        self.wishes[journey as usize].0
    }

    /// How far a journey goes on its last link.
    pub fn last_m(&self, journey: u32, length_m: f32) -> f32 {
        self.wishes[journey as usize].1.clamp(0.1, length_m)
    }

    pub fn loaded(&mut self, journey: u32, at_ms: u32) {
        self.loaded += 1;
        self.depart_ms[journey as usize] = at_ms;
    }

    pub fn entered(&mut self, journey: u32, link: u32, at_ms: u32) {
        self.inserted += 1;
        self.enter_ms[journey as usize] = at_ms;
        self.driven_ms -= i64::from(at_ms);
        self.flow(link, at_ms).departed += 1;
    }

    /// A turn was made by who came onto its link at `since_ms`.
    #[inline]
    pub fn turned(&mut self, turn: u32, since_ms: u32, took_ms: u32) {
        if let Some(times) = &mut self.turn_times {
            times.add(turn, since_ms, took_ms);
        }
    }

    pub fn moved(&mut self, journey: u32, (from, to): (u32, u32), at_ms: u32, driven_ms: u32) {
        if let Some(live) = &mut self.live {
            live.left.push((journey, from));
        }
        let flow = self.flow(from, at_ms);
        flow.left += 1;
        flow.driven_ms += u64::from(driven_ms);
        self.flow(to, at_ms).entered += 1;
    }

    pub fn arrived(&mut self, journey: u32, link: u32, at_ms: u32, driven_ms: u32) {
        self.arrived += 1;
        self.arrive_ms[journey as usize] = at_ms;
        if let Some(live) = &mut self.live {
            live.ended.push(journey);
            live.left.push((journey, link));
        }
        self.driven_ms += i64::from(at_ms);
        let flow = self.flow(link, at_ms);
        flow.arrived += 1;
        flow.driven_ms += u64::from(driven_ms);
    }

    pub fn forced(&mut self, at_ms: u32, node: u32, vehicle: u32) {
        self.forced.push((at_ms, node, vehicle));
    }

    /// Reads the flow of a link.
    pub fn peek(&self, link: u32) -> u32 {
        self.flows.get(self.base + link as usize).map_or(0, |f| f.left)
    }

    fn begin_interval(&mut self) {
        self.base = self.intervals % self.kept * self.links;
        self.intervals += 1;
        self.until_ms = self.until_ms.saturating_add(self.interval_ms);
        let end = self.base + self.links;
        if end > self.flows.len() {
            self.flows.resize(end, LinkCounts::default());
        }
        self.flows[self.base..end].fill(LinkCounts::default());
    }

    /// Keeps counts of the last `kept` intervals alone.
    pub fn keep(&mut self, interval_ms: u32, kept: usize) {
        (self.interval_ms, self.until_ms, self.kept) = (interval_ms, interval_ms, kept.max(1));
    }

    /// Counts of the intervals kept, each with all links; the last one is not over.
    pub fn kept(&self) -> impl Iterator<Item = &[LinkCounts]> {
        self.flows.chunks(self.links.max(1))
    }

    /// Brings the interval up to a time.
    pub fn turn_to(&mut self, at_ms: u32) {
        while at_ms >= self.until_ms {
            self.begin_interval();
        }
    }

    /// A vehicle that comes with the place it takes: one that was left, or a new one at the end.
    pub fn admit(&mut self, vehicle: usize, wish: (Departure, f32)) {
        if vehicle >= self.wishes.len() {
            self.wishes.resize(vehicle + 1, wish);
            for times in [&mut self.depart_ms, &mut self.enter_ms, &mut self.arrive_ms] {
                times.resize(vehicle + 1, NEVER);
            }
        }
        self.wishes[vehicle] = wish;
        (self.depart_ms[vehicle], self.enter_ms[vehicle], self.arrive_ms[vehicle]) = (NEVER, NEVER, NEVER);
    }

    /// Its place on its last link is another, metre.
    pub fn set_last_m(&mut self, journey: u32, last_m: f32) {
        self.wishes[journey as usize].1 = last_m;
    }

    /// A vehicle that waited to enter never will.
    pub fn withdrawn(&mut self) {
        self.loaded -= 1;
        self.refused += 1;
    }

    /// A vehicle on the road was taken off it.
    pub fn taken_out(&mut self, at_ms: u32) {
        self.loaded -= 1;
        self.inserted -= 1;
        self.driven_ms += i64::from(at_ms);
    }

    /// Takes the forced moves: millisecond, node, vehicle.
    pub fn take_forced(&mut self) -> Vec<(u32, u32, u32)> {
        std::mem::take(&mut self.forced)
    }

    #[inline]
    fn flow(&mut self, link: u32, at_ms: u32) -> &mut LinkCounts {
        while at_ms >= self.until_ms {
            self.begin_interval();
        }
        &mut self.flows[self.base + link as usize]
    }
}

impl Meso {
    pub fn counts(&self) -> Counts {
        let r = &self.record;
        Counts {
            loaded: r.loaded,
            inserted: r.inserted,
            arrived: r.arrived,
            running: self.queues.iter().map(|q| u64::from(q.live)).sum(),
            waiting: r.loaded - r.inserted,
            refused: r.refused,
            forced: r.forced.len() as u64,
        }
    }

    /// One journey as driven; `None` where it was refused or has not begun.
    pub fn trip(&self, journey: usize) -> Option<MesoTrip> {
        let second = |ms: u32| self.begin_s + f64::from(ms) / 1000.0;
        let at = |times: &[u32]| times.get(journey).copied().filter(|ms| *ms != NEVER).map(second);
        let depart_s = at(&self.record.depart_ms)?;
        Some(MesoTrip { depart_s, enter_s: at(&self.record.enter_ms), arrive_s: at(&self.record.arrive_ms) })
    }

    pub fn forced_moves(&self) -> impl Iterator<Item = ForcedMove> {
        self.record.forced.iter().map(|(at_ms, node, vehicle)| ForcedMove {
            time_s: self.begin_s + f64::from(*at_ms) / 1000.0,
            node: *node,
            journey: self.vehicles[*vehicle as usize].journey,
        })
    }

    /// Counts of all links in the `hour`-th hour from the begin; none where the run has not come there.
    pub fn link_counts(&self, hour: usize) -> &[LinkCounts] {
        self.record.flows.chunks(self.record.links.max(1)).nth(hour).unwrap_or(&[])
    }

    /// Vehicles in a link now.
    pub fn on_link(&self, link: usize) -> u32 {
        let (first, lanes) = self.layout.links[link];
        (first..first + lanes).map(|l| u32::from(self.queues[l as usize].live)).sum()
    }

    /// Seconds that vehicles have been under way, summed: one vehicle for one second is one update of a step-based model.
    pub fn vehicle_seconds(&self) -> f64 {
        let running = self.record.inserted - self.record.arrived;
        (self.record.driven_ms + running as i64 * i64::from(self.now_ms)) as f64 / 1000.0
    }

    /// A hash of all that goes on.
    pub fn state_hash(&self) -> u64 {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        let mut put = |value: u32| hash.update(&value.to_le_bytes());
        put(self.now_ms);
        for section in 0..self.layout.sections.len() as u32 {
            let queue = &self.queues[section as usize];
            for value in
                [queue.live.into(), queue.ghosts.into(), queue.ready_ms, queue.last_exit_ms, queue.state as u32]
            {
                put(value);
            }
            for i in 0..u32::from(queue.live) {
                let entry = self.entry(section, i);
                [entry.vehicle, entry.at_ms, entry.way].into_iter().for_each(&mut put);
            }
        }
        for times in [&self.record.depart_ms, &self.record.enter_ms, &self.record.arrive_ms] {
            times.iter().for_each(|t| put(*t));
        }
        put(self.record.forced.len() as u32);
        put(NONE);
        hash.digest()
    }
}
