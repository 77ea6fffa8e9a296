//! Journeys begin: vehicles wait at their first link, in order, until a lane has room for them.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::{LOOK_AGAIN_MS, Meso, NEVER, Vehicle, pass::Choice};
use crate::{
    journeys::{DepartLane, DepartSpeed, Journeys},
    lane_graph::NONE,
};

/// Vehicles that wait to enter at one link.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    first: u32,
    last: u32,
}

impl Default for Source {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl Meso {
    pub(super) fn load(&mut self, journeys: &Journeys, seed: u64) {
        for (number, journey) in (0..).zip(&journeys.list) {
            let mut rng = Pcg64Mcg::seed_from_u64(seed ^ (u64::from(number) << 20));
            let Some(kind) = journeys.types.get(journey.kind as usize) else {
                self.record.refused += 1;
                continue;
            };
            let rows = journey.route.0 as usize..journey.route.1 as usize;
            let joined = self.routes.lanes.get(rows).is_some_and(|lanes| !lanes.is_empty() && !lanes.contains(&0));
            if !joined || !journey.depart_s.is_finite() {
                self.record.refused += 1;
                continue;
            }
            let depart_ms = ((journey.depart_s - self.begin_s) * 1000.0).clamp(0.0, f64::from(NEVER - 1)) as u32;
            self.departures.push((depart_ms, self.vehicles.len() as u32));
            self.vehicles.push(Vehicle {
                at: journey.route.0,
                end: journey.route.1,
                kind: journey.kind,
                factor: factor(kind.speed_factor, &mut rng),
                stop: journey.stops.0,
                stops_end: journey.stops.1.min(journeys.stops.len() as u32),
                next: NONE,
                journey: number,
            });
        }
        self.departures.sort_unstable();
    }

    /// The next journey begins.
    pub(super) fn depart(&mut self) {
        let number = self.departures[self.departed].1;
        self.departed += 1;
        let vehicle = self.vehicles[number as usize];
        let link = self.routes.links[vehicle.at as usize];
        self.record.loaded(vehicle.journey, self.departures[self.departed - 1].0);
        let source = &mut self.sources[link as usize];
        if source.first == NONE {
            *source = Source { first: number, last: number };
            let object = self.queues.len() as u32 + link;
            self.schedule(object, self.now_ms);
        } else {
            let last = std::mem::replace(&mut source.last, number);
            self.vehicles[last as usize].next = number;
        }
    }

    /// Lets vehicles in at a link, as long as there is room.
    pub(super) fn insert(&mut self, link: u32) {
        let object = self.queues.len() as u32 + link;
        while self.sources[link as usize].first != NONE {
            let number = self.sources[link as usize].first;
            let vehicle = self.vehicles[number as usize];
            let wish = self.record.departure(vehicle.journey);
            let (first, lanes) = self.layout.links[link as usize];
            let via = match wish.lane {
                DepartLane::Index(lane) => first + u32::from(lane).min(lanes - 1),
                _ => first,
            };
            match self.choose_lane(vehicle.at, via, number, 0) {
                Choice::Room(lane) => {
                    self.leave_wait(object);
                    let next = vehicle.next;
                    self.sources[link as usize].first = next;
                    let kind = &self.kinds[vehicle.kind as usize];
                    let fixed = &self.layout.sections[lane as usize];
                    let v0 = match wish.speed {
                        DepartSpeed::Max => kind.free_mps(fixed.limit_mps, vehicle.factor),
                        DepartSpeed::At(v) => v.max(0.0),
                    };
                    let at_m = wish.at_m.unwrap_or(kind.length_m).clamp(0.0, fixed.length_m);
                    let limit_mps = fixed.limit_mps;
                    self.record.entered(vehicle.journey, link, self.now_ms);
                    self.enter_at(lane, number, v0, at_m, limit_mps);
                }
                Choice::At(at_ms) => {
                    self.leave_wait(object);
                    self.schedule(object, at_ms);
                    return;
                }
                Choice::Full(lane) => {
                    self.wait_on(object, lane);
                    self.schedule(object, self.now_ms + LOOK_AGAIN_MS);
                    return;
                }
            }
        }
    }

    /// Puts a vehicle into a lane at a place along it.
    fn enter_at(&mut self, lane: u32, number: u32, v0: f32, at_m: f32, limit_mps: f32) {
        // As from a start further on: what it need not drive is taken off its time.
        let before = self.queues[lane as usize].live;
        self.enter(lane, number, v0, 0.0, limit_mps);
        let vehicle = self.vehicles[number as usize];
        let v = self.kinds[vehicle.kind as usize].free_mps(limit_mps, vehicle.factor);
        let place = self.place(lane, self.queues[lane as usize].ghosts + before);
        let saved_ms = (at_m / v * 1000.0) as u32;
        self.ring[place].at_ms = self.ring[place].at_ms.saturating_sub(saved_ms).max(self.now_ms);
        if before == 0 {
            self.next_head(lane);
        }
    }
}

/// A driver's wanted speed relative to the limit: normal, cut at the ends.
fn factor(of: [f32; 4], rng: &mut Pcg64Mcg) -> f32 {
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
