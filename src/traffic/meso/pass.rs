//! Heads of queues: when they may leave, by which lane they go on, and what that sets off.

use super::{
    KNOT_MS, KNOT_ON_MS, LOOK_AGAIN_MS, Meso, NEVER, Vehicle,
    driving::FIRST_M,
    layout::Way,
    queue::{Entry, State},
    signals::Gate,
};
use crate::lane_graph::{NONE, RightOfWay};

/// How long a driver takes to stop at a sign and look, millisecond (HCM 6th, chapter 20: service time of two seconds and more;
/// what starting costs comes on top).
const LOOK_MS: u32 = 1000;
/// Delay from which on a driver has come to a stand, second.
const STAND_S: f32 = 3.0;
/// What a change of lane counts, and a lane that leads less far, millisecond of waiting.
const ASIDE_MS: u64 = 1000;
const SHORT_MS: u64 = 5000;
/// Heads whose waiting counts for what one expects of a lane, about; the longest that counts, millisecond.
pub(super) const SERVED: u32 = 32;
const MOST_SERVE_MS: u32 = 120_000;
/// How long drivers keep a junction clear before they drive into it, millisecond.
const PATIENT_MS: u32 = 60_000;
/// The same where red comes in between, millisecond: two usual cycles.
const NO_GREEN_MS: u32 = 180_000;
/// Longest time between two looks of a head that has stood for long, millisecond.
const MOST_LOOK_AGAIN_MS: u32 = 30_000;
/// Links that are looked at for room behind a junction, where the first ones are short.
const MOST_CLEAR: u32 = 4;
/// Lanes of the longest circle that is looked for.
const MOST_KNOT: usize = 512;

/// Where a vehicle may go on.
pub(super) enum Choice {
    Room(u32),
    /// All it could take have room from a time on.
    At(u32),
    /// None has; the one to wait for.
    Full(u32),
}

impl Meso {
    /// Moves the head of a section on, or has it wait.
    pub(super) fn advance(&mut self, section: u32) {
        let queue = self.queues[section as usize];
        if queue.live == 0 {
            return;
        }
        if self.now_ms < queue.ready_ms {
            self.schedule(section, queue.ready_ms);
            return;
        }
        let entry = self.entry(section, 0);
        if entry.way == NONE {
            self.arrive(section);
            return;
        }
        let way = self.layout.ways[entry.way as usize];
        let before = self.layout.sections[section as usize].blocked_by;
        if before != NONE && self.queues[before as usize].live > 0 && way.to != before {
            self.stand(section, State::Gap, self.now_ms + LOOK_AGAIN_MS);
            self.wait_on(section, before);
            self.note_full(section, before);
            self.schedule(section, self.now_ms + LOOK_AGAIN_MS);
            return;
        }
        let Some(yields) = self.heeds(section, entry, &way) else { return };
        // Who can, goes through at once; else a turn waits inside its junction, if it does and there is room.
        let place = way.second != NONE;
        let taken_ms = if place && self.queues[way.to as usize].live > 0 {
            Some(NEVER)
        } else if yields {
            self.taken_until(entry, section, self.now_ms.saturating_sub(queue.since_ms))
        } else {
            None
        };
        let choice = match taken_ms {
            None => self.choose(section, entry, &way, queue.since_ms),
            Some(_) if place => self.choose_place(way.to, (entry.space_cm).into()),
            Some(at_ms) => {
                self.stand(section, State::Gap, at_ms);
                self.leave_wait(section);
                self.schedule(section, at_ms);
                return;
            }
        };
        match choice {
            Choice::Room(to) => self.pass(section, to),
            Choice::At(at_ms) => {
                self.stand(section, State::Room, at_ms);
                self.leave_wait(section);
                self.schedule(section, at_ms);
            }
            Choice::Full(to) => {
                self.stand(section, State::Room, self.now_ms + LOOK_AGAIN_MS);
                self.wait_on(section, to);
                self.note_full(section, to);
                let stood_ms = self.stood_ms(section);
                if self.take_detour(section) || stood_ms >= KNOT_ON_MS && self.untie(section) {
                    return;
                }
                // The longer it has stood, the less happens in a while.
                self.schedule(section, self.now_ms + (stood_ms / 60).clamp(LOOK_AGAIN_MS, MOST_LOOK_AGAIN_MS));
            }
        }
    }

    /// Signs and signals: whether the head must yield; `None` where it has to wait, and is scheduled.
    fn heeds(&mut self, section: u32, entry: Entry, way: &Way) -> Option<bool> {
        match way.rule {
            RightOfWay::Major => Some(false),
            RightOfWay::Minor => Some(true),
            RightOfWay::Stop => self.stops(section),
            RightOfWay::Signal => {
                let kind = self.kinds[usize::from(self.vehicles[entry.vehicle as usize].kind)];
                let v = kind.queue_mps(self.layout.sections[section as usize].limit_mps.min(way.limit_mps));
                match self.layout.heads.at(way.head, self.now_ms, (kind.amber_s(v) * 1000.0) as i32) {
                    Gate::Open => Some(false),
                    Gate::Yield => Some(true),
                    Gate::StopThenYield => self.stops(section),
                    Gate::Shut(wait_ms) => {
                        self.leave_wait(section);
                        if wait_ms != NONE {
                            let opens_ms = self.now_ms.saturating_add(wait_ms).min(NEVER - 60_000);
                            let queue = &mut self.queues[section as usize];
                            let late_s = (opens_ms - queue.ready_ms) as f32 / 1000.0;
                            let (start_s, speed) = kind.first(v, late_s);
                            queue.cross_mps = speed;
                            queue.stood_m = if late_s > 0.5 * STAND_S { FIRST_M } else { f32::INFINITY };
                            queue.state = State::Driving;
                            queue.since_ms = NEVER;
                            queue.ready_ms = opens_ms + (start_s * 1000.0) as u32;
                            let at_ms = queue.ready_ms;
                            self.schedule(section, at_ms);
                        }
                        None
                    }
                }
            }
        }
    }

    /// A stop before giving way.
    fn stops(&mut self, section: u32) -> Option<bool> {
        let queue = &mut self.queues[section as usize];
        if queue.state != State::Driving {
            return Some(true);
        }
        queue.state = State::Stopped;
        queue.cross_mps = 0.0;
        queue.stood_m = 0.0;
        queue.ready_ms = self.now_ms + LOOK_MS;
        let at_ms = queue.ready_ms;
        self.schedule(section, at_ms);
        None
    }

    /// Notes that a head is kept waiting until a time.
    fn stand(&mut self, section: u32, state: State, until_ms: u32) {
        let queue = &mut self.queues[section as usize];
        let late_s = until_ms.saturating_sub(queue.ready_ms) as f32 / 1000.0;
        queue.cross_mps *= (1.0 - late_s / STAND_S).max(0.0);
        if late_s > 0.5 * STAND_S {
            queue.stood_m = 0.0;
        }
        queue.state = state;
        queue.since_ms = queue.since_ms.min(self.now_ms);
    }

    /// The lane to go on by: of those that lead on, the one with the shortest wait.
    fn choose(&mut self, section: u32, entry: Entry, way: &Way, since_ms: u32) -> Choice {
        let vehicle = self.vehicles[entry.vehicle as usize];
        let kind = self.kinds[usize::from(vehicle.kind)];
        let patient = self.now_ms.saturating_sub(since_ms) < PATIENT_MS && self.stood_ms(section) < NO_GREEN_MS;
        let clear_cm = if way.crosses && patient { (kind.length_m * 100.0) as i32 } else { 0 };
        if clear_cm > 0 && !self.clear(vehicle.at + 1, vehicle.end, clear_cm, 0) {
            let (first, _) = self.layout.links[self.routes.rows[vehicle.at as usize + 1].link as usize];
            return Choice::Full(first + self.routes.rows[vehicle.at as usize + 1].usable.trailing_zeros());
        }
        let via = if way.second == NONE { way.to } else { self.layout.ways[way.second as usize].to };
        self.choose_lane(vehicle.at + 1, via, entry.vehicle, clear_cm)
    }

    /// Whether there is room for a length behind those who stand on a row of a route, or on the rows after it.
    fn clear(&self, row: u32, end: u32, need_cm: i32, depth: u32) -> bool {
        let (first, _) = self.layout.links[self.routes.rows[row as usize].link as usize];
        let mut set = self.routes.rows[row as usize].usable;
        let mut on_cm = i32::MAX;
        while set != 0 {
            let lane = first + set.trailing_zeros();
            set &= set - 1;
            let length_cm = self.layout.sections[lane as usize].length_cm;
            let queue = &self.queues[lane as usize];
            let free_cm = length_cm - queue.live_cm;
            if free_cm >= need_cm || queue.live > 0 && !self.stands(lane) {
                return true;
            }
            if queue.live == 0 {
                // Where nobody crosses, one may stand inside the junction.
                let inside =
                    (row + 1 < end).then(|| self.layout.ways.get(self.way_on(lane, row + 1) as usize)).flatten();
                let inside_m = inside.filter(|w| !w.crosses).map_or(0.0, |w| w.whole_m);
                let still_cm = need_cm - length_cm - (inside_m * 100.0) as i32;
                if still_cm <= 0 {
                    return true;
                }
                on_cm = on_cm.min(still_cm);
            }
        }
        on_cm != i32::MAX && (row + 1 >= end || depth >= MOST_CLEAR || self.clear(row + 1, end, on_cm, depth + 1))
    }

    /// Room in a waiting place.
    fn choose_place(&mut self, place: u32, space_cm: i32) -> Choice {
        let queue = &self.queues[place as usize];
        if queue.live > 0 && queue.live_cm + space_cm > self.layout.sections[place as usize].length_cm {
            return Choice::Full(place);
        }
        match self.room_at(place, 0, 0) {
            NEVER => Choice::Full(place),
            at_ms if at_ms > self.now_ms => Choice::At(at_ms),
            _ => Choice::Room(place),
        }
    }

    /// The lane of a route's row to take; `via`: the one that is straight ahead.
    pub(super) fn choose_lane(&mut self, row: u32, via: u32, vehicle: u32, clear_cm: i32) -> Choice {
        let (first, lanes) = self.layout.links[self.routes.rows[row as usize].link as usize];
        let set = self.lanes_for(row, &self.vehicles[vehicle as usize], first, lanes);
        let kind = self.kinds[usize::from(self.vehicles[vehicle as usize].kind)];
        let headway_s = kind.wave_s + kind.space_m / kind.free_mps(self.layout.sections[first as usize].limit_mps, 1.0);
        let gap_ms = (900.0 * headway_s) as u32;
        let best_set = self.routes.rows[row as usize].best;
        let mut best = (u64::MAX, NONE);
        let mut soonest = (NEVER, NONE);
        let mut full = (u64::MAX, first);
        for i in 0..lanes.min(16) {
            if set >> i & 1 == 0 {
                continue;
            }
            let lane = first + i;
            let at_ms = self.room_at(lane, clear_cm, gap_ms);
            let cost = self.wait_cost(lane)
                + ASIDE_MS * u64::from(lane.abs_diff(via))
                + if best_set >> i & 1 == 1 { 0 } else { SHORT_MS };
            if at_ms <= self.now_ms {
                best = best.min((cost, lane));
            } else if at_ms != NEVER {
                soonest = soonest.min((at_ms, lane));
            } else {
                full = full.min((cost, lane));
            }
        }
        match (best.1, soonest.0) {
            (NONE, NEVER) => Choice::Full(full.1),
            (NONE, at_ms) => Choice::At(at_ms),
            (lane, _) => Choice::Room(lane),
        }
    }

    /// Lanes that a vehicle may take of a row of its route: those that lead on; where it halts there, the halt's lane.
    pub(super) fn lanes_for(&self, row: u32, vehicle: &Vehicle, first: u32, lanes: u32) -> u16 {
        if vehicle.halts > 0 {
            let lane = self.record.stops[vehicle.stop as usize].lane;
            if (first..first + lanes.min(16)).contains(&lane) {
                return 1 << (lane - first);
            }
        }
        self.routes.rows[row as usize].usable
    }

    /// How long one would wait behind those in a lane, millisecond: each for as long as heads of late have, and how much later than
    /// alone the last one will be there.
    pub(super) fn wait_cost(&self, lane: u32) -> u64 {
        let queue = &self.queues[lane as usize];
        if queue.live == 0 {
            return 0;
        }
        let fixed = &self.layout.sections[lane as usize];
        let alone_ms = self.now_ms + (fixed.length_m / fixed.limit_mps * 1000.0) as u32;
        let late_ms = queue.tail_ms.saturating_sub(alone_ms);
        u64::from(u32::from(queue.live) * (queue.serve / SERVED) + late_ms)
    }

    /// Moves the head of a section into another.
    pub(super) fn pass(&mut self, section: u32, to: u32) {
        self.leave_wait(section);
        let entry = self.pop(section);
        let mut way = self.layout.ways[entry.way as usize];
        self.layout.passed_ms[entry.way as usize] = self.now_ms;
        if way.second != NONE && to != way.to {
            self.layout.passed_ms[way.second as usize] = self.now_ms;
            way.to_link = self.layout.ways[way.second as usize].to_link;
            way.length_m = way.whole_m;
        }
        let cross_mps = self.queues[section as usize].cross_mps;
        if let Some(live) = &mut self.record.live {
            live.came_by[entry.vehicle as usize] = entry.way;
        }
        if way.to_link != NONE {
            let vehicle = &mut self.vehicles[entry.vehicle as usize];
            vehicle.at += 1;
            let since_ms = std::mem::replace(&mut vehicle.since_ms, self.now_ms);
            let undriven_ms = std::mem::replace(&mut vehicle.next, 0);
            let driven_ms = self.now_ms - since_ms;
            if undriven_ms != NEVER {
                self.record.turned(way.turn, since_ms, driven_ms + undriven_ms);
            }
            let (journey, from) = (vehicle.journey, self.layout.sections[section as usize].link);
            self.record.moved(journey, (from, way.to_link), self.now_ms, driven_ms);
        }
        self.enter(to, entry.vehicle, cross_mps, way.length_m, way.limit_mps);
        self.follow(section, entry);
    }

    fn arrive(&mut self, section: u32) {
        let entry = self.pop(section);
        let link = self.layout.sections[section as usize].link;
        let vehicle = self.vehicles[entry.vehicle as usize];
        self.record.arrived(vehicle.journey, link, self.now_ms, self.now_ms - vehicle.since_ms);
        self.follow(section, entry);
    }

    /// After a section's head has left: the next one, and who waits for the room.
    fn follow(&mut self, section: u32, left: Entry) {
        let queue = &mut self.queues[section as usize];
        let served_ms = self.now_ms - queue.last_exit_ms.max(left.at_ms).min(self.now_ms);
        queue.serve = (queue.serve * (SERVED - 1) + served_ms.min(MOST_SERVE_MS) * SERVED) / SERVED;
        queue.last_exit_ms = self.now_ms;
        queue.last_space_m = f32::from(left.space_cm) * 0.01;
        self.next_head(section);
        if self.queues[section as usize].first_waiter != NONE {
            self.hand_on(section);
        }
    }

    /// When and how fast the new head of a section may cross its end.
    pub(super) fn next_head(&mut self, section: u32) {
        if self.queues[section as usize].live == 0 {
            return;
        }
        let entry = self.entry(section, 0);
        let vehicle = self.vehicles[entry.vehicle as usize];
        let kind = &self.kinds[usize::from(vehicle.kind)];
        let way = self.layout.ways.get(entry.way as usize);
        let fixed = &self.layout.sections[section as usize];
        let limit = way.map_or(fixed.limit_mps, |w| w.limit_mps.min(fixed.limit_mps));
        let queue = &mut self.queues[section as usize];
        let (headway_s, speed) = kind.headway(queue.stood_m, queue.last_space_m, kind.queue_mps(limit));
        let behind_ms = queue.last_exit_ms + (headway_s * 1000.0) as u32;
        if behind_ms >= entry.at_ms {
            queue.ready_ms = behind_ms;
            queue.cross_mps = speed;
            queue.stood_m += queue.last_space_m;
        } else {
            queue.ready_ms = entry.at_ms;
            queue.cross_mps = f32::from(entry.end_cmps) * 0.01;
            queue.stood_m = f32::INFINITY;
        }
        queue.state = State::Driving;
        queue.since_ms = NEVER;
        let at_ms = queue.ready_ms;
        self.schedule(section, at_ms);
    }

    /// Puts a vehicle into a section at its start, from `v0` over the way there.
    pub(super) fn enter(&mut self, section: u32, number: u32, v0: f32, way_m: f32, way_mps: f32) {
        let vehicle = self.vehicles[number as usize];
        let kind = self.kinds[usize::from(vehicle.kind)];
        let fixed = self.layout.sections[section as usize];
        let next = if section as usize >= self.record.lanes {
            fixed.way0
        } else if vehicle.at + 1 < vehicle.end {
            self.way_on(section, vehicle.at + 1)
        } else {
            NONE
        };
        let through = kind.free_mps(way_mps, vehicle.factor);
        let free = kind.free_mps(fixed.limit_mps, vehicle.factor);
        let end = self.layout.ways.get(next as usize).map_or(free, |w| kind.free_mps(w.limit_mps, vehicle.factor));
        let (way_s, v1) = kind.travel(way_m, v0, through, through);
        let length_m = if next == NONE { self.record.last_m(vehicle.journey, fixed.length_m) } else { fixed.length_m };
        let (lane_s, v2) = kind.travel(length_m, v1, free, end);
        let mut at_ms = self.now_ms + ((way_s + lane_s) * 1000.0) as u32;
        if vehicle.halts > 0 {
            at_ms = self.halt(number, section, at_ms);
        }
        let (space_cm, end_cmps) = ((kind.space_m * 100.0) as u16, (v2 * 100.0) as u16);
        let pushed = self.push(section, Entry { vehicle: number, at_ms, way: next, space_cm, end_cmps });
        debug_assert!(pushed, "room was asked for");
        if self.queues[section as usize].live == 1 {
            self.next_head(section);
        }
    }

    /// When a vehicle leaves a section on which it halts.
    fn halt(&mut self, number: u32, section: u32, at_ms: u32) -> u32 {
        let fixed = self.layout.sections[section as usize];
        let mut at_ms = at_ms;
        while self.vehicles[number as usize].halts > 0 {
            let vehicle = self.vehicles[number as usize];
            let stop = self.record.stops[vehicle.stop as usize];
            if self.layout.sections[stop.lane as usize].link != fixed.link {
                break;
            }
            let kind = &self.kinds[usize::from(vehicle.kind)];
            let v = kind.free_mps(fixed.limit_mps, vehicle.factor);
            let lost_s = 0.5 * v / kind.accel_mps2 + 0.5 * v / kind.decel_mps2;
            let rest_ms = ((fixed.length_m - stop.at_m).max(0.0) / v * 1000.0) as u32;
            at_ms = (at_ms + stop.for_ms).max(stop.until_ms.saturating_add(rest_ms)) + (lost_s * 1000.0) as u32;
            self.vehicles[number as usize].next = NEVER;
            self.vehicles[number as usize].stop += 1;
            self.vehicles[number as usize].halts -= 1;
        }
        at_ms
    }

    /// The way from a lane to the next link of a route, by a lane from where the route goes on; from beside where there is none.
    pub(super) fn way_on(&self, lane: u32, row: u32) -> u32 {
        let on = self.routes.rows[row as usize];
        let (next_first, _) = self.layout.links[on.link as usize];
        let from = |lane: u32| {
            let fixed = &self.layout.sections[lane as usize];
            let ways = fixed.way0..fixed.way0 + u32::from(fixed.ways);
            let leads = ways.filter(|w| self.layout.targets[*w as usize].0 == on.link);
            leads.min_by_key(|w| on.usable >> (self.layout.targets[*w as usize].1 - next_first).min(15) & 1 == 0)
        };
        if let Some(way) = from(lane) {
            return way;
        }
        let (first, lanes) = self.layout.links[self.layout.sections[lane as usize].link as usize];
        let mut beside: Vec<u32> = (first..first + lanes).collect();
        beside.sort_by_key(|other| other.abs_diff(lane));
        beside.into_iter().find_map(from).unwrap_or(NONE)
    }

    /// How long the head of a section could have left it, had nothing been in its way, and nobody has.
    pub(super) fn stood_ms(&self, section: u32) -> u32 {
        let queue = &self.queues[section as usize];
        if queue.live == 0 {
            return 0;
        }
        self.now_ms.saturating_sub(queue.last_exit_ms.max(self.entry(section, 0).at_ms))
    }

    fn note_full(&mut self, section: u32, full: u32) {
        let known = &mut self.full[section as usize];
        (known.section, known.at_ms) = (full, self.now_ms);
    }

    /// The section that a head found full when it last could have gone, if it has stood long enough for a knot.
    fn found_full(&self, section: u32) -> Option<u32> {
        let full = self.full[section as usize];
        let left_ms = self.queues[section as usize].last_exit_ms;
        let least_ms = if full.forced_ms == left_ms { KNOT_ON_MS } else { KNOT_MS };
        let stands = full.section != NONE && full.at_ms > left_ms && self.stood_ms(section) >= least_ms;
        stands.then_some(full.section)
    }

    /// Moves up all heads of a circle of sections that wait for each other.
    fn untie(&mut self, section: u32) -> bool {
        let mut circle = vec![section];
        loop {
            let Some(next) = self.found_full(circle[circle.len() - 1]) else { return false };
            if next == section {
                break;
            }
            if circle.len() >= MOST_KNOT || circle.contains(&next) {
                return false;
            }
            circle.push(next);
        }
        let targets: Vec<u32> = circle.iter().map(|s| self.full[*s as usize].section).collect();
        for (from, to) in circle.into_iter().zip(targets) {
            let entry = self.entry(from, 0);
            let way = self.layout.ways[entry.way as usize];
            let full = self.queues[to as usize].live + 1 >= self.layout.sections[to as usize].capacity;
            // Who is only in the way of a turn that waits has another goal.
            let goal = to == way.to || self.layout.sections[to as usize].link == self.layout.targets_link(entry.way);
            if goal && !full {
                self.record.forced(self.now_ms, way.node, entry.vehicle);
                self.pass(from, to);
                self.full[from as usize].forced_ms = self.now_ms;
            }
        }
        true
    }
}
