//! What a run keeps for its results: by vehicle what it has driven, by track what happened in the interval now, by link and
//! junction the intervals before. Nothing here feeds back into driving.
//!
//! A step adds next to nothing: links and junctions are booked where vehicles cross, in the step's fixed order, and every 3
//! seconds each vehicle is looked at. So it costs little, and no number of threads changes it.

use super::{
    Micro,
    bytes::fields,
    car::{BRAKES, CONFLICT, Car},
    region::{AT_ONCE, fetch, marked},
};
use crate::{lane_graph::LaneGraph, network::Rows, results::battery::Battery};

/// Length of an interval of [`Micro::intervals`], second.
pub const INTERVAL_S: u64 = 300;
/// Slower than this is stopped or queued, metre per second: 5 mph (HCM 6th ed., chapter 36, trajectory analysis).
pub const STOPPED_MPS: f32 = 2.235;
/// A stop is over, and another can be counted, from this speed on, metre per second: 15 mph (the same).
const ROLLING_MPS: f32 = 6.706;
/// A rear-end conflict: time to collision below this, second (Gettman and Head, FHWA-RD-03-050, 2003; FHWA-HRT-08-051, SSAM).
const REAR_END_TTC_S: f32 = 1.5;
/// How often every vehicle is looked at, millisecond. Mean speeds between are what its engine drives: Krauss's drivers draw a
/// new speed each step, up to a·σ below the last, and driven as it stands that jitter alone would cost 2 kW.
const SAMPLE_MS: u64 = 3000;
/// A crossing conflict: post-encroachment time below this, millisecond (the same).
const CROSSING_PET_MS: u64 = 5000;

/// What a vehicle has driven so far.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Drive {
    /// Metres driven up to the start of its track: with its place there, all it has driven.
    pub base_m: f32,
    /// At stops of its plan, second.
    pub planned_s: f32,
    pub stopped_s: f32,
    /// From the battery of an electric vehicle of its size, auxiliaries excluded.
    pub battery_j: f32,
    pub stops: u16,
    rolling: bool,
    sampled: bool,
    /// Metres driven at the last sample, and mean speed since the one before.
    sampled_m: f32,
    mean_mps: f32,
    /// Up to where and when its driving is booked.
    booked_m: f32,
    booked_ms: u64,
    /// Seconds lost before the link it is on, planned stops excluded.
    lost_before_s: f32,
}

/// Vehicle seconds and metres.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Driven {
    s: f64,
    m: f64,
}

/// One interval on one track.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct TrackSums {
    /// Vehicles below 5 mph: summed over samples, and most at once.
    queued: u32,
    most_queued: u16,
    pub rear_end: u16,
}

/// What happened on a link in an interval.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LinkTally {
    pub link: u32,
    /// Vehicles that left it or arrived on it, and the seconds that those spent on it.
    pub left: u32,
    pub seconds: f64,
    /// Vehicle seconds and vehicle metres driven on it (Edie 1963).
    pub vehicle_s: f64,
    pub vehicle_m: f64,
    /// Vehicle seconds below 5 mph, and most such vehicles at once on one lane.
    pub queued_s: f64,
    pub most_queued: u32,
    /// Vehicles that passed the junction at its end, and the seconds that those lost from its start to behind the junction.
    pub passed: u32,
    pub delay_s: f64,
}

/// Conflicts at a junction in an interval: rear-end on its approaches and inside it, and crossing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeTally {
    pub node: u32,
    pub rear_end: u32,
    pub crossing: u32,
}

/// One interval of the network.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Interval {
    pub begin_ms: u64,
    pub end_ms: u64,
    /// Links and junctions at which something happened, by number.
    pub links: Vec<LinkTally>,
    pub nodes: Vec<NodeTally>,
    /// On the ways through junctions.
    pub inside_vehicle_s: f64,
    pub inside_vehicle_m: f64,
    pub inserted: u64,
    pub arrived: u64,
    /// At its end.
    pub running: u64,
    pub waiting: u64,
}

/// Where a move crosses another.
#[derive(Clone, Copy, Debug)]
struct Meeting {
    /// From there to the move's end, metre.
    to_end_m: f32,
    /// Row of the other's view of it.
    other: u32,
    /// When the last vehicle of this move left it.
    left_ms: u64,
}

/// The interval now, and those before.
pub(super) struct Tallies {
    since_ms: u64,
    inserted: u64,
    arrived: u64,
    links: Vec<LinkTally>,
    nodes: Vec<NodeTally>,
    inside: Driven,
    samples: u32,
    /// By move: where it crosses others.
    meetings: Rows<Meeting>,
    closed: Vec<Interval>,
}

/// What a saved run keeps of the tallies: all that does not follow from the network.
pub(super) struct Kept {
    since_ms: u64,
    inserted: u64,
    arrived: u64,
    links: Vec<LinkTally>,
    nodes: Vec<NodeTally>,
    inside: Driven,
    samples: u32,
    left_ms: Vec<u64>,
    closed: Vec<Interval>,
}

fields!(Drive {
    base_m,
    planned_s,
    stopped_s,
    battery_j,
    stops,
    rolling,
    sampled,
    sampled_m,
    mean_mps,
    booked_m,
    booked_ms,
    lost_before_s,
});
fields!(Driven { s, m });
fields!(TrackSums { queued, most_queued, rear_end });
fields!(LinkTally { link, left, seconds, vehicle_s, vehicle_m, queued_s, most_queued, passed, delay_s });
fields!(NodeTally { node, rear_end, crossing });
fields!(Interval {
    begin_ms,
    end_ms,
    links,
    nodes,
    inside_vehicle_s,
    inside_vehicle_m,
    inserted,
    arrived,
    running,
    waiting,
});
fields!(Kept { since_ms, inserted, arrived, links, nodes, inside, samples, left_ms, closed });

/// Whether a conflict begins with the one ahead on the track: `gap` metres away, nearer by `closing` metres each second.
#[inline]
pub(super) fn comes_near(car: &mut Car, gap: f32, closing: f32) -> bool {
    let (near, was) = (gap < REAR_END_TTC_S * closing, car.flags & CONFLICT != 0);
    car.flags = car.flags & !CONFLICT | if near { CONFLICT } else { 0 };
    near && !was
}

impl Drive {
    /// Of a vehicle that enters.
    pub fn at(car: &Car, now_ms: u64) -> Self {
        Self { base_m: -car.pos, mean_mps: car.speed, booked_ms: now_ms, ..Self::default() }
    }

    /// All it had driven when it ended.
    pub fn moved_m(&self) -> f32 {
        self.sampled_m
    }

    /// It was put elsewhere, not driven: so many metres farther from its track's start before than after.
    pub fn carried(&mut self, before_m: f32, now_ms: u64) {
        self.base_m += before_m;
        self.booked_ms = now_ms;
    }

    /// What it has driven since this was last asked.
    pub fn book(&mut self, car: &Car, now_ms: u64) -> Driven {
        let driven = self.unbooked(car, now_ms);
        (self.booked_m, self.booked_ms) = (self.base_m + car.pos, now_ms);
        driven
    }

    fn unbooked(&self, car: &Car, now_ms: u64) -> Driven {
        let m = f64::from(self.base_m + car.pos - self.booked_m);
        Driven { s: now_ms.saturating_sub(self.booked_ms) as f64 / 1000.0, m }
    }

    /// Its mean speed since the last sample, `dt` seconds ago, and what follows from it.
    fn sample(&mut self, car: &Car, battery: Option<&Battery>, dt: f32) {
        if !self.sampled {
            // It entered within the time of the sample.
            return self.end(car, battery);
        }
        let moved_m = self.base_m + car.pos - self.sampled_m;
        let (before, mean) = (self.mean_mps, moved_m / dt);
        if mean < STOPPED_MPS {
            self.stopped_s += dt;
            self.stops += u16::from(self.rolling);
            self.rolling = false;
        } else {
            self.rolling |= mean > ROLLING_MPS;
        }
        if let Some(battery) = battery.filter(|_| before.max(mean) > 0.01) {
            self.battery_j += battery.step_j(before, mean, dt);
        }
        (self.sampled_m, self.mean_mps) = (self.base_m + car.pos, mean);
    }

    /// What it has driven since the last sample counts as driven at its speed now.
    pub fn end(&mut self, car: &Car, battery: Option<&Battery>) {
        let (moved_m, mps) = (self.base_m + car.pos - self.sampled_m, car.speed.max(1.0));
        if let Some(battery) = battery {
            self.battery_j += battery.step_j(mps, mps, moved_m.max(0.0) / mps);
        }
        (self.sampled_m, self.mean_mps, self.sampled) = (self.base_m + car.pos, car.speed, true);
        self.rolling |= car.speed > ROLLING_MPS;
    }
}

impl Tallies {
    /// For a saved run.
    pub fn kept(&self) -> Kept {
        Kept {
            since_ms: self.since_ms,
            inserted: self.inserted,
            arrived: self.arrived,
            links: self.links.clone(),
            nodes: self.nodes.clone(),
            inside: self.inside,
            samples: self.samples,
            left_ms: self.meetings.list.iter().map(|m| m.left_ms).collect(),
            closed: self.closed.clone(),
        }
    }

    /// Whether a saved run's fit this network.
    pub fn fits(&self, kept: &Kept) -> bool {
        let (links, nodes) = (self.links.len(), self.nodes.len());
        let known = |i: &Interval| {
            i.links.iter().all(|l| (l.link as usize) < links) && i.nodes.iter().all(|n| (n.node as usize) < nodes)
        };
        kept.links.len() == links
            && kept.nodes.len() == nodes
            && kept.left_ms.len() == self.meetings.list.len()
            && kept.closed.iter().all(known)
    }

    /// Takes over a saved run's, which [`Self::fits`].
    pub fn take_over(&mut self, kept: Kept) {
        (self.since_ms, self.inserted, self.arrived) = (kept.since_ms, kept.inserted, kept.arrived);
        (self.links, self.nodes, self.inside, self.samples) = (kept.links, kept.nodes, kept.inside, kept.samples);
        self.meetings.list.iter_mut().zip(kept.left_ms).for_each(|(meeting, left_ms)| meeting.left_ms = left_ms);
        self.closed = kept.closed;
    }

    pub fn new(graph: &LaneGraph, begin_ms: u64) -> Self {
        Self {
            since_ms: begin_ms,
            inserted: 0,
            arrived: 0,
            links: vec![LinkTally::default(); graph.links.len()],
            nodes: vec![NodeTally::default(); graph.nodes as usize],
            inside: Driven::default(),
            samples: 0,
            meetings: meetings(graph),
            closed: Vec::new(),
        }
    }

    /// A vehicle leaves a link or arrives on it: seconds since it came, and what it has driven there in this interval.
    pub fn leave_link(&mut self, link: u32, taken_s: f64, driven: Driven) {
        let tally = &mut self.links[link as usize];
        tally.left += 1;
        tally.seconds += taken_s;
        tally.add(driven);
    }

    /// A vehicle has left a way through a junction; `at_ms`: when its front did. Who was where paths cross and when is found
    /// backwards from its speed, and its acceleration where it still speeds up.
    fn leave_junction(&mut self, graph: &LaneGraph, way: u32, car: &Car, accel: f32, at_ms: f64) {
        let m = &graph.moves[way as usize];
        // When the front was so many metres before the end of the way.
        let when_ms = |metres: f32| {
            let then = (car.speed * car.speed - 2.0 * accel * metres.max(0.0)).max(0.0).sqrt();
            at_ms - 1000.0 * f64::from(metres / (0.5 * (car.speed + then)).max(0.5))
        };
        for row in self.meetings.range(way) {
            let own = self.meetings.list[row];
            let other_left_ms = self.meetings.list[own.other as usize].left_ms;
            let came_ms = when_ms(own.to_end_m).max(0.0) as u64;
            if other_left_ms > own.left_ms && came_ms < other_left_ms + CROSSING_PET_MS {
                self.nodes[m.node as usize].crossing += 1;
            }
            self.meetings.list[row].left_ms = when_ms(own.to_end_m - car.length).max(0.0) as u64;
        }
    }
}

/// Where paths cross, seen from each of both; merging ones follow each other and are left out.
fn meetings(graph: &LaneGraph) -> Rows<Meeting> {
    let mut places = std::collections::HashMap::new();
    let mut rows = Rows::new();
    for way in 0..graph.moves.len() as u32 {
        for foe in graph.foes_of(way).iter().filter(|f| !f.merges) {
            places.insert((way, foe.other), rows.list.len() as u32);
            let to_end_m = graph.moves[way as usize].length_m - foe.at_m;
            rows.list.push(Meeting { to_end_m, other: foe.other, left_ms: 0 });
        }
        rows.close();
    }
    for way in 0..graph.moves.len() as u32 {
        for row in rows.range(way) {
            // Seen from one side alone: nobody ever leaves it on the other.
            let meeting = &mut rows.list[row];
            meeting.other = places.get(&(meeting.other, way)).copied().unwrap_or(row as u32);
        }
    }
    rows
}

impl LinkTally {
    fn add(&mut self, driven: Driven) {
        self.vehicle_s += driven.s;
        self.vehicle_m += driven.m;
    }
}

impl Micro {
    /// Intervals of [`INTERVAL_S`] since the start; the last one may not be over. Live runs keep none.
    pub fn intervals(&self) -> Vec<Interval> {
        let now = (self.now_ms > self.tallies.since_ms && self.live.is_none()).then(|| self.interval());
        self.tallies.closed.iter().cloned().chain(now).collect()
    }

    /// Books that a vehicle leaves a way through a junction, and is so many metres past its end.
    pub(super) fn leave_junction(&mut self, car: &Car, way: u32, past_m: f32) {
        if self.live.is_some() {
            return;
        }
        let now_ms = self.now_ms + self.step_ms;
        let drive = &mut self.voyages[car.vehicle as usize].drive;
        let driven = drive.book(car, now_ms);
        let lost_s = car.lost - drive.planned_s;
        let tally = &mut self.tallies.links[self.graph.moves[way as usize].from_link as usize];
        tally.passed += 1;
        tally.delay_s += f64::from((lost_s - drive.lost_before_s).max(0.0));
        drive.lost_before_s = lost_s;
        self.tallies.inside.s += driven.s;
        self.tallies.inside.m += driven.m;
        let speeds_up = car.speed < 0.95 * car.wanted && car.flags & BRAKES == 0;
        let accel = if speeds_up { self.drivers[usize::from(car.kind)].accel } else { 0.0 };
        let at_ms = now_ms as f64 - 1000.0 * f64::from(past_m / car.speed.max(0.5));
        self.tallies.leave_junction(&self.graph, way, car, accel, at_ms);
    }

    /// Looks at every vehicle, every 3 seconds.
    pub(super) fn sample(&mut self) {
        let every = (SAMPLE_MS / self.step_ms).max(1);
        if !self.steps.is_multiple_of(every) {
            return;
        }
        let dt = (every * self.step_ms) as f32 / 1000.0;
        self.tallies.samples += 1;
        let mut busy = Vec::new();
        marked(&self.marks, 0, &mut busy);
        for tracks in busy.chunks(AT_ONCE) {
            fetch(tracks.iter().map(|track| self.tracks[*track as usize].touch()));
            let cars = tracks.iter().flat_map(|track| &self.tracks[*track as usize].cars);
            fetch(cars.map(|car| self.voyages[car.vehicle as usize].drive.base_m));
            for track in tracks {
                self.sample_track(*track as usize, dt);
            }
        }
    }

    fn sample_track(&mut self, track: usize, dt: f32) {
        let mut queued = 0;
        for car in &self.tracks[track].cars {
            let battery = self.batteries[usize::from(car.kind)].as_ref();
            self.voyages[car.vehicle as usize].drive.sample(car, battery, dt);
            queued += u16::from(car.speed < STOPPED_MPS);
        }
        if queued > 0 {
            let sums = &mut self.sums[track];
            sums.queued += u32::from(queued);
            sums.most_queued = sums.most_queued.max(queued);
        }
    }

    /// Ends the interval where its time has come.
    pub(super) fn close_interval(&mut self) {
        if self.now_ms < self.tallies.since_ms + INTERVAL_S * 1000 || self.live.is_some() {
            return;
        }
        let interval = self.interval();
        for car in self.tracks.iter().flat_map(|t| &t.cars) {
            self.voyages[car.vehicle as usize].drive.book(car, self.now_ms);
        }
        self.sums.fill(TrackSums::default());
        let tallies = &mut self.tallies;
        tallies.closed.push(interval);
        tallies.links.fill(LinkTally::default());
        tallies.nodes.fill(NodeTally::default());
        (tallies.inside, tallies.samples) = (Driven::default(), 0);
        (tallies.since_ms, tallies.inserted, tallies.arrived) =
            (self.now_ms, self.counts.inserted, self.counts.arrived);
    }

    /// What has happened since the last interval's end.
    fn interval(&self) -> Interval {
        let (graph, tallies) = (&self.graph, &self.tallies);
        let (mut links, mut nodes, mut inside) = (tallies.links.clone(), tallies.nodes.clone(), tallies.inside);
        let sample_s = (self.now_ms - tallies.since_ms) as f64 / 1000.0 / f64::from(tallies.samples.max(1));
        for (track, (on, sums)) in self.tracks.iter().zip(&self.sums).enumerate() {
            let driven = on.cars.iter().map(|c| self.voyages[c.vehicle as usize].drive.unbooked(c, self.now_ms));
            let driven = driven.fold(Driven::default(), |sum, d| Driven { s: sum.s + d.s, m: sum.m + d.m });
            let node = if let Some(lane) = graph.lanes.get(track) {
                let tally = &mut links[lane.link as usize];
                tally.add(driven);
                tally.queued_s += f64::from(sums.queued) * sample_s;
                tally.most_queued = tally.most_queued.max(u32::from(sums.most_queued));
                graph.links[lane.link as usize].to
            } else {
                (inside.s, inside.m) = (inside.s + driven.s, inside.m + driven.m);
                graph.moves[track - graph.lanes.len()].node
            };
            if let Some(node) = nodes.get_mut(node as usize) {
                node.rear_end += u32::from(sums.rear_end);
            }
        }
        links.iter_mut().zip(0..).for_each(|(tally, link)| tally.link = link);
        nodes.iter_mut().zip(0..).for_each(|(tally, node)| tally.node = node);
        links.retain(|tally| tally.vehicle_s > 0.0 || tally.left + tally.passed > 0);
        nodes.retain(|tally| tally.rear_end + tally.crossing > 0);
        Interval {
            begin_ms: tallies.since_ms,
            end_ms: self.now_ms,
            links,
            nodes,
            inside_vehicle_s: inside.s,
            inside_vehicle_m: inside.m,
            inserted: self.counts.inserted - tallies.inserted,
            arrived: self.counts.arrived - tallies.arrived,
            running: self.counts.running,
            waiting: self.counts.waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lane_graph::{Lane, LaneLink, Move, MoveFoe, NONE, RightOfWay, Users},
        network::TurnKind,
    };

    fn car(pos: f32, speed: f32) -> Car {
        Car { pos, speed, wanted: 10.0, ..Car::new(0, 0, 5.0, 1.0) }
    }

    #[test]
    fn a_rear_end_conflict_is_counted_once_while_it_lasts() {
        let mut follower = car(0.0, 10.0);
        // Closing at 5 m/s: 1.5 s before contact at 7.5 m.
        let gaps = [(30.0, false), (7.6, false), (7.4, true), (5.0, false), (9.0, false), (7.0, true)];
        for (gap, begins) in gaps {
            assert_eq!(comes_near(&mut follower, gap, 5.0), begins, "{gap} m");
        }
        assert!(!comes_near(&mut follower, 0.1, -1.0) && !comes_near(&mut follower, f32::INFINITY, 10.0));
    }

    #[test]
    fn a_stop_is_below_5_mph_after_more_than_15() {
        let mut driver = car(10.0, 0.0);
        let mut drive = Drive::at(&driver, 0);
        drive.sample(&driver, None, 3.0);
        let mph =
            [(3.0, 0), (14.0, 0), (4.0, 0), (16.0, 0), (6.0, 0), (4.9, 1), (14.0, 1), (0.0, 1), (20.0, 1), (0.0, 2)];
        for (mph, stops) in mph {
            driver.pos += 3.0 * mph * 0.44704;
            drive.sample(&driver, None, 3.0);
            assert_eq!(drive.stops, stops, "{mph} mph");
        }
        assert_eq!(drive.stopped_s, 15.0);
        assert!((drive.moved_m() - (driver.pos - 10.0)).abs() < 1e-3);
    }

    /// Two ways of 20 m that cross in their middle.
    fn crossing() -> LaneGraph {
        let mut graph = LaneGraph { nodes: 1, ..LaneGraph::default() };
        for link in 0..4 {
            graph.links.push(LaneLink { lane0: link, lanes: 1, from: 0, to: 0, length_m: 50.0, roundabout: false });
            let moves = u8::from(link < 2);
            graph.lanes.push(Lane {
                link,
                index: 0,
                length_m: 50.0,
                limit_mps: 10.0,
                users: Users::ALL,
                move0: link.min(1),
                moves,
            });
        }
        graph.foes = Rows::new();
        for way in 0..2 {
            graph.moves.push(Move {
                from: way,
                to: way + 2,
                from_link: way,
                to_link: way + 2,
                node: 0,
                length_m: 20.0,
                limit_mps: 10.0,
                kind: TurnKind::Straight,
                right: RightOfWay::Major,
                wait_at_m: 0.0,
                program: NONE,
                stream: NONE,
                spare: false,
            });
            let foe = MoveFoe { other: 1 - way, at_m: 10.0, other_at_m: 10.0, ..MoveFoe::default() };
            graph.foes.list.push(foe);
            graph.foes.close();
        }
        graph
    }

    /// At a steady 10 m/s the front is in the middle 1 s before it leaves, and the rear 0.5 s before.
    #[test]
    fn a_crossing_conflict_is_one_who_comes_within_5_s_of_another() {
        let graph = crossing();
        let mut tallies = Tallies::new(&graph, 0);
        let mut leave = |way: u32, at_s: f64, expected: u32| {
            tallies.leave_junction(&graph, way, &car(0.0, 10.0), 0.0, at_s * 1000.0);
            assert_eq!(tallies.nodes[0].crossing, expected, "way {way} at {at_s} s");
        };
        leave(0, 10.0, 0);
        // The middle is free from 9.5 s on.
        leave(1, 15.6, 0);
        leave(0, 20.0, 1);
        // After one's own kind there is nobody to conflict with.
        leave(0, 22.0, 1);
        leave(1, 27.6, 1);
        leave(0, 28.0, 2);
    }
}
