//! Journeys begin: vehicles wait at a lane of their first link, in order, until there is room.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::{LOOK_AGAIN_MS, Meso, NEVER, Vehicle, pass::Choice};
use crate::{
    journeys::{DepartLane, DepartSpeed, Journeys},
    lane_graph::NONE,
};

/// Vehicles that wait to enter at one lane.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    pub first: u32,
    pub last: u32,
    pub count: u32,
    /// When the last one has driven far enough for the next.
    free_ms: u32,
}

impl Default for Source {
    fn default() -> Self {
        Self { first: NONE, last: NONE, count: 0, free_ms: 0 }
    }
}

impl Meso {
    pub(super) fn load(&mut self, journeys: &Journeys, seed: u64) {
        for (number, journey) in (0..).zip(&journeys.list) {
            let mut rng = Pcg64Mcg::seed_from_u64(seed ^ (u64::from(number) << 20));
            let Some(kind) = journeys.types.get(journey.kind as usize).filter(|_| journey.kind <= u32::from(u16::MAX))
            else {
                self.record.refused += 1;
                continue;
            };
            let rows = journey.route.0 as usize..journey.route.1 as usize;
            let joined =
                self.routes.rows.get(rows).is_some_and(|rows| !rows.is_empty() && rows.iter().all(|r| r.usable != 0));
            if !joined || !journey.depart_s.is_finite() {
                self.record.refused += 1;
                continue;
            }
            let depart_ms = ((journey.depart_s - self.begin_s) * 1000.0).clamp(0.0, f64::from(NEVER - 1)) as u32;
            self.departures.push((depart_ms, self.vehicles.len() as u32));
            self.vehicles.push(Vehicle {
                at: journey.route.0,
                end: journey.route.1,
                kind: journey.kind as u16,
                factor: factor(kind.speed_factor, &mut rng),
                stop: journey.stops.0,
                halts: (journey.stops.1.min(journeys.stops.len() as u32))
                    .saturating_sub(journey.stops.0)
                    .min(u32::from(u16::MAX)) as u16,
                next: NONE,
                since_ms: 0,
                journey: number,
            });
        }
        self.departures.sort_unstable();
    }

    /// The next journey begins.
    pub(super) fn depart(&mut self) {
        let (at_ms, number) = self.departures[self.departed];
        self.departed += 1;
        self.begin(number, at_ms);
    }

    /// A vehicle waits to enter its first link from now on; it wanted to at a time.
    pub(super) fn begin(&mut self, number: u32, wished_ms: u32) {
        let vehicle = self.vehicles[number as usize];
        let link = self.routes.rows[vehicle.at as usize].link;
        self.record.loaded(vehicle.journey, wished_ms);
        let lane = self.first_lane(&vehicle, link);
        let source = &mut self.sources[lane as usize];
        source.count += 1;
        if source.first == NONE {
            (source.first, source.last) = (number, number);
            let object = self.layout.sections.len() as u32 + lane;
            self.schedule(object, self.now_ms);
        } else {
            let last = std::mem::replace(&mut source.last, number);
            self.vehicles[last as usize].next = number;
        }
    }

    /// The lane to enter by: as wished, of these the one with the fewest who wait, then the emptiest.
    fn first_lane(&self, vehicle: &Vehicle, link: u32) -> u32 {
        let (first, lanes) = self.layout.links[link as usize];
        let on = self.lanes_for(vehicle.at, vehicle, first, lanes);
        let best = on & self.routes.rows[vehicle.at as usize].best;
        let set = match self.record.departure(vehicle.journey).lane {
            DepartLane::Best if best != 0 => best,
            DepartLane::Best | DepartLane::Free => on,
            DepartLane::First => on & on.wrapping_neg(),
            DepartLane::Index(lane) if u32::from(lane) < lanes.min(16) && on >> lane & 1 == 1 => 1 << lane,
            DepartLane::Index(_) => on,
        };
        let of_set = (0..lanes.min(16)).filter(|i| set >> i & 1 == 1).map(|i| first + i);
        let load = |lane: &u32| (self.sources[*lane as usize].count, self.wait_cost(*lane), *lane);
        of_set.min_by_key(load).unwrap_or(first)
    }

    /// Lets vehicles in at a lane, as long as there is room.
    pub(super) fn insert(&mut self, lane: u32) {
        let object = self.layout.sections.len() as u32 + lane;
        let fixed = self.layout.sections[lane as usize];
        while self.sources[lane as usize].first != NONE {
            let number = self.sources[lane as usize].first;
            let vehicle = self.vehicles[number as usize];
            let kind = self.kinds[usize::from(vehicle.kind)];
            let v = kind.free_mps(fixed.limit_mps, 1.0);
            let at_ms = self.room_at(lane, 0, 0);
            if at_ms == NEVER {
                self.wait_on(object, lane);
                self.schedule(object, self.now_ms + LOOK_AGAIN_MS);
                return;
            }
            self.leave_wait(object);
            let at_ms = at_ms.max(self.sources[lane as usize].free_ms);
            if at_ms > self.now_ms {
                self.schedule(object, at_ms);
                return;
            }
            // On the way it may change to a lane with a shorter queue.
            let to = match self.choose_lane(vehicle.at, lane, number, 0) {
                Choice::Room(to) => to,
                Choice::At(_) | Choice::Full(_) => lane,
            };
            let source = &mut self.sources[lane as usize];
            source.first = vehicle.next;
            source.count -= 1;
            self.vehicles[number as usize].next = 0;
            let source = &mut self.sources[lane as usize];
            source.free_ms = self.now_ms + (900.0 * (kind.wave_s + kind.space_m / v)) as u32;
            let wish = self.record.departure(vehicle.journey);
            let v0 = match wish.speed {
                DepartSpeed::Max => kind.free_mps(fixed.limit_mps, vehicle.factor),
                DepartSpeed::At(v) => v.max(0.0),
            };
            let at_m = wish.at_m.unwrap_or(kind.length_m).clamp(0.0, fixed.length_m);
            self.vehicles[number as usize].since_ms = self.now_ms;
            self.record.entered(vehicle.journey, fixed.link, self.now_ms);
            self.enter_at(to, number, v0, at_m, fixed.limit_mps);
        }
        // Those who waited may all have been refused meanwhile.
        self.leave_wait(object);
    }

    /// Puts a vehicle that is on a lane already into it, at its place and speed.
    pub(super) fn take_over(&mut self, lane: u32, number: u32, v0: f32, at_m: f32) {
        let before = self.queues[lane as usize].live;
        let fixed = self.layout.sections[lane as usize];
        self.enter(lane, number, v0, 0.0, fixed.limit_mps);
        let vehicle = self.vehicles[number as usize];
        let kind = self.kinds[usize::from(vehicle.kind)];
        let place = self.place(lane, u32::from(self.queues[lane as usize].ghosts + before));
        let free = kind.free_mps(fixed.limit_mps, vehicle.factor);
        let way = self.layout.ways.get(self.ring[place].way as usize);
        let end = way.map_or(free, |w| kind.free_mps(w.limit_mps, vehicle.factor));
        let last_m = || self.record.last_m(vehicle.journey, fixed.length_m);
        let rest_m = (if way.is_some() { fixed.length_m } else { last_m() } - at_m).max(0.1);
        let (rest_s, v1) = kind.travel(rest_m, v0, free, end);
        self.ring[place].at_ms = self.now_ms + (rest_s * 1000.0) as u32;
        self.ring[place].end_cmps = (v1 * 100.0) as u16;
        self.queues[lane as usize].tail_ms = self.ring[place].at_ms;
        // As if it had driven as fast up to here.
        self.vehicles[number as usize].next = (at_m * rest_s / rest_m * 1000.0) as u32;
        if before == 0 {
            self.next_head(lane);
        }
    }

    /// Puts a vehicle into a lane at a place along it.
    fn enter_at(&mut self, lane: u32, number: u32, v0: f32, at_m: f32, limit_mps: f32) {
        // As from a start further on: what it need not drive is taken off its time.
        let before = self.queues[lane as usize].live;
        self.enter(lane, number, v0, 0.0, limit_mps);
        let vehicle = self.vehicles[number as usize];
        let v = self.kinds[usize::from(vehicle.kind)].free_mps(limit_mps, vehicle.factor);
        let place = self.place(lane, u32::from(self.queues[lane as usize].ghosts + before));
        let saved_ms = (at_m / v * 1000.0) as u32;
        let undriven_ms = &mut self.vehicles[number as usize].next;
        *undriven_ms = if *undriven_ms == NEVER { NEVER } else { saved_ms };
        self.ring[place].at_ms = self.ring[place].at_ms.saturating_sub(saved_ms).max(self.now_ms);
        if before == 0 {
            self.next_head(lane);
        }
    }
}

/// A driver's wanted speed relative to the limit: normal, cut at the ends.
pub(super) fn factor(of: [f32; 4], rng: &mut Pcg64Mcg) -> f32 {
    let [mean, deviation, least, most] = of;
    if deviation <= 0.0 {
        return mean;
    }
    // Box and Muller, Ann. Math. Stat. 29 (1958) 610.
    let u: f64 = rng.random::<f64>().max(1e-12);
    let w: f64 = rng.random();
    let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * w).cos();
    (mean + deviation * normal as f32).max(least).min(most)
}
