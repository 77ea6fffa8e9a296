//! What a run tells: counts, trips, flows, forced moves.

use super::{Meso, NEVER, TurnTimes};
use crate::{
    journeys::{Departure, Journeys},
    lane_graph::{LaneGraph, NONE},
};

/// Interval of the link counts, millisecond.
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
    loaded: u64,
    inserted: u64,
    arrived: u64,
    /// Sum of arrivals less entries, millisecond.
    driven_ms: i64,
    forced: Vec<(u32, u32, u32)>,
    links: usize,
    flows: Vec<LinkCounts>,
    /// Where turns are watched.
    pub turn_times: Option<TurnTimes>,
    /// First row of the flows of the interval now, and its end.
    base: usize,
    until_ms: u32,
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
            turn_times: None,
            base: 0,
            until_ms: INTERVAL_MS,
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

    pub fn moved(&mut self, from: u32, to: u32, at_ms: u32, driven_ms: u32) {
        let flow = self.flow(from, at_ms);
        flow.left += 1;
        flow.driven_ms += u64::from(driven_ms);
        self.flow(to, at_ms).entered += 1;
    }

    pub fn arrived(&mut self, journey: u32, link: u32, at_ms: u32, driven_ms: u32) {
        self.arrived += 1;
        self.arrive_ms[journey as usize] = at_ms;
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

    #[inline]
    fn flow(&mut self, link: u32, at_ms: u32) -> &mut LinkCounts {
        while at_ms >= self.until_ms {
            self.base += self.links;
            self.until_ms = self.until_ms.saturating_add(INTERVAL_MS);
            self.flows.resize(self.base + self.links, LinkCounts::default());
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
impl Meso {
    pub fn debug_heads(&self) {
        let mut n = std::collections::BTreeMap::new();
        for s in 0..self.layout.sections.len() as u32 {
            let q = &self.queues[s as usize];
            if q.live == 0 {
                continue;
            }
            let e = self.entry(s, 0);
            if e.at_ms + 600_000 > self.now_ms {
                continue;
            }
            let way = self.layout.ways.get(e.way as usize);
            let gate = way.map(|w| {
                format!(
                    "{:?} {}",
                    w.rule,
                    if w.head == NONE {
                        "-".into()
                    } else {
                        let g = self.layout.heads.at(w.head, self.now_ms, 0);
                        match g {
                            super::signals::Gate::Shut(NONE) => "SHUTFOREVER".to_string(),
                            super::signals::Gate::Shut(_) => "shut".into(),
                            _ => "open".into(),
                        }
                    }
                )
            });
            let full = self.queues.get(q.waits_on as usize).map(|_| {
                let t = &self.layout.sections[q.waits_on as usize];
                let tq = &self.queues[q.waits_on as usize];
                format!(
                    "target {}",
                    if tq.live_cm > t.store_cm {
                        "over"
                    } else if tq.used_cm > t.store_cm {
                        "used"
                    } else {
                        "clear"
                    }
                )
            });
            *n.entry((format!("{:?}", q.state), gate, full, q.wake_ms == NEVER)).or_insert(0) += 1;
        }
        for (k, v) in n {
            println!("{v} {k:?}");
        }
    }
}
