//! Lane changes, link by link: because the lane does not lead on, or because the next one is faster.
//!
//! For speed: MOBIL (Kesting, Treiber and Helbing, Transportation Research Record 1999 (2007) 86), with what each driver
//! would do in the next second as its acceleration.

use super::{
    Car, HALT, LAST, Micro, Track,
    follow::{Driver, HALTING_MPS},
    reach::among,
};
use crate::lane_graph::NONE;

/// How far ahead a driver compares lanes, second, and by how much the next one must be faster, metre per second.
const PROSPECT_S: f32 = 6.0;
const ENOUGH_MPS: f32 = 1.0;
/// MOBIL's politeness: within the published range of 0 to 0.5.
const POLITENESS: f32 = 0.2;
/// Nobody changes for speed again within this time, second.
const SETTLED_S: f32 = 4.0;
/// One keeps to the kerb again after so long on a lane, second (SUMO: 5 s of free driving).
const KERB_S: f32 = 5.0;
/// A driver looks for a faster lane at every such step.
const LOOKS_EVERY: u64 = 3;
/// How long before its end a lane that does not lead on is left: metres for each lane to cross, and seconds at the speed
/// wanted (SUMO looks 10 to 20 s ahead).
const PER_LANE_M: f32 = 30.0;
const PER_LANE_S: f32 = 15.0;
/// … and matches its speed with the gap's leader from here on: before, it drives up as far as its lane is free.
const FIT_IN_M: f32 = 15.0;
/// A driver who must change is let in from here on, metre before the end of the lane.
const LET_IN_M: f32 = 80.0;

/// Neighbours of a place on another lane: rows of its cars.
struct Gap {
    leader: Option<usize>,
    follower: Option<usize>,
}

impl Micro {
    pub(super) fn change_lanes(&mut self) {
        let wide = std::mem::take(&mut self.wide);
        for link in &wide {
            self.change_on(*link);
        }
        self.wide = wide;
    }

    fn change_on(&mut self, link: u32) {
        let lanes = self.graph.lanes_of(link);
        let (first, count) = (lanes.start as usize, lanes.len());
        if self.tracks[first..first + count].iter().all(|t| t.cars.is_empty()) {
            return;
        }
        for lane in 0..count {
            let mut i = 0;
            while i < self.tracks[first + lane].cars.len() {
                match self.wants(first, count, lane, i) {
                    Some(to) => self.move_over(first + lane, i, first + to),
                    None => i += 1,
                }
            }
        }
    }

    /// The lane that a vehicle changes to now.
    fn wants(&mut self, first: usize, count: usize, lane: usize, i: usize) -> Option<usize> {
        let car = self.tracks[first + lane].cars[i];
        if car.settled <= 0.0 {
            return None;
        }
        let good = |l: usize| among(car.good, l as u8);
        let left = self.left_for_change(&car, first + lane);
        if !good(lane) && car.good != 0 {
            let target = (0..count).filter(|l| good(*l)).min_by_key(|l| l.abs_diff(lane))?;
            let apart = target.abs_diff(lane) as f32;
            let left = if car.way == NONE || car.flags & HALT != 0 { left } else { car.reach - car.pos };
            if left < apart * per_lane_m(&car) {
                let to = if target > lane { lane + 1 } else { lane - 1 };
                return self.must(first, lane, i, to, left);
            }
        }
        let looks = (u64::from(car.vehicle) + self.steps).is_multiple_of(LOOKS_EVERY);
        if !looks || car.settled < SETTLED_S || car.flags & LAST != 0 {
            return None;
        }
        let leads = |l: usize| among(car.leads, l as u8);
        let lasts = |to: usize| good(to) || self.reach_on(&car, to) - car.pos > 2.0 * per_lane_m(&car);
        let better = |to: usize| {
            let open = to < count && leads(to);
            let gain = open.then(|| self.gain(first, lane, i, to)).flatten().filter(|gain| *gain > 0.0 && lasts(to));
            gain.map(|gain| (gain, to))
        };
        let options = [lane.checked_sub(1).and_then(better), better(lane + 1)];
        let best = options.into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0));
        let kerb =
            || lane.checked_sub(1).filter(|to| leads(*to) && lasts(*to) && self.keeps_to_kerb(first, lane, i, *to));
        best.map(|b| b.1).or_else(kerb)
    }

    /// Whether the lane nearer to the kerb serves as well: one drives there (Vienna Convention on Road Traffic 1968, art. 10).
    fn keeps_to_kerb(&self, first: usize, lane: usize, i: usize, to: usize) -> bool {
        let car = &self.tracks[first + lane].cars[i];
        let driver = &self.drivers[usize::from(car.kind)];
        if car.settled < KERB_S || !self.graph.lanes[first + to].users.admit(self.users(car.vehicle)) {
            return false;
        }
        let gap = around(&self.tracks[first + to], car.pos);
        let free = prospect(car, driver, gap.leader.map(|l| &self.tracks[first + to].cars[l])) >= car.wanted;
        free && self.fits(car, driver, first + to, &gap)
    }

    /// How far another lane of its link leads a vehicle.
    fn reach_on(&self, car: &Car, lane: usize) -> f32 {
        self.lanes_ahead(car.vehicle, self.voyages[car.vehicle as usize].leg).reach(lane as u8)
    }

    /// Metres to where a vehicle must have changed: the lane's end, or its stop.
    fn left_for_change(&self, car: &Car, lane: usize) -> f32 {
        let stop =
            (car.flags & HALT != 0).then(|| self.voyages[car.vehicle as usize].next_stop(&self.journeys)).flatten();
        stop.map_or(self.graph.lanes[lane].length_m, |s| s.at_m) - car.pos
    }

    /// A change that the route needs: done where it is safe, else the driver behind the gap is asked to let it in.
    fn must(&mut self, first: usize, lane: usize, i: usize, to: usize, left: f32) -> Option<usize> {
        let car = self.tracks[first + lane].cars[i];
        if !self.graph.lanes[first + to].users.admit(self.users(car.vehicle)) {
            return None;
        }
        let dt = self.dt();
        let driver = self.drivers[usize::from(car.kind)];
        let gap = around(&self.tracks[first + to], car.pos);
        if self.fits(&car, &driver, first + to, &gap) {
            return Some(to);
        }
        // Who is on a lane that leads on does not stop traffic for a better one.
        if car.way != NONE && car.flags & HALT == 0 || left > LET_IN_M {
            return None;
        }
        // The first who is wholly behind lets it in; it follows who it will be behind.
        let cars = &self.tracks[first + to].cars;
        let behind = (gap.follower.unwrap_or(cars.len())..cars.len()).find(|f| {
            let c = &cars[*f];
            c.pos + self.drivers[usize::from(c.kind)].min_gap <= car.pos - car.length
        });
        let ahead = behind
            .map_or(cars.len(), |b| b)
            .checked_sub(1)
            .map(|a| cars[a])
            .filter(|a| a.pos > car.pos && left < FIT_IN_M);
        if let Some(b) = behind {
            let them = self.drivers[usize::from(cars[b].kind)];
            let other = &mut self.tracks[first + to].cars[b];
            let space = car.pos - car.length - other.pos - them.min_gap;
            let advice = them.follow(other.speed, other.wanted, space.max(0.0), car.speed, dt);
            // No harder than is comfortable.
            other.advised = other.advised.min(advice.max(other.speed - them.decel * dt).max(0.0));
        }
        if let Some(ahead) = ahead {
            let space = ahead.pos - ahead.length - car.pos - driver.min_gap;
            let advice = driver.follow(car.speed, car.wanted, space.max(0.0), ahead.speed, dt);
            let me = &mut self.tracks[first + lane].cars[i];
            me.advised = me.advised.min(advice.max(car.speed - driver.decel * dt).max(0.0));
        }
        None
    }

    /// Whether a vehicle fits into a gap: it and who comes behind can brake.
    fn fits(&self, car: &Car, driver: &Driver, to: usize, gap: &Gap) -> bool {
        let (dt, cars) = (self.dt(), &self.tracks[to].cars);
        let behind = |leader: &Car, ahead_m: f32| {
            let space = ahead_m + leader.pos - leader.length - car.pos - driver.min_gap;
            space >= 0.0
                && driver.follow(car.speed, car.wanted, space, leader.speed, dt) >= car.speed - driver.decel * dt
        };
        // Without a leader on the lane, those who just left it.
        let length = self.graph.lanes[to].length_m;
        let left = |way: u32| self.tracks[self.track_of(way)].cars.last().is_none_or(|l| behind(l, length));
        let front = match gap.leader {
            Some(l) => behind(&cars[l], 0.0),
            None => self.graph.moves_of(to as u32).all(left),
        };
        front
            && match gap.follower {
                Some(f) => self.lets_in(&cars[f], car, car.pos - car.length - cars[f].pos),
                None => self.nobody_comes(car, to),
            }
    }

    pub(super) fn lets_in(&self, follower: &Car, car: &Car, space: f32) -> bool {
        let (dt, them) = (self.dt(), &self.drivers[usize::from(follower.kind)]);
        let space = space - them.min_gap;
        space >= 0.0
            && them.follow(follower.speed, follower.wanted, space, car.speed, dt) >= follower.speed - them.decel * dt
    }

    /// No vehicle arrives on the lane from behind so near that it could not brake: the first inside the junction before it
    /// and the first that comes to that.
    pub(super) fn nobody_comes(&self, car: &Car, to: usize) -> bool {
        let rear = car.pos - car.length;
        self.into(to as u32).all(|way| {
            let m = &self.graph.moves[*way as usize];
            let inside = self.tracks[self.track_of(*way)].cars.first();
            let coming = self.tracks[m.from as usize].cars.first().filter(|c| c.way == *way && c.speed > HALTING_MPS);
            let before = self.graph.lanes[m.from as usize].length_m;
            inside.is_none_or(|c| self.lets_in(c, car, rear + m.length_m - c.pos))
                && coming.is_none_or(|c| self.lets_in(c, car, rear + m.length_m + before - c.pos))
        })
    }

    /// What MOBIL says of a change, m/s² beyond what it costs the driver behind; `None` where it does not fit.
    fn gain(&self, first: usize, lane: usize, i: usize, to: usize) -> Option<f32> {
        let car = &self.tracks[first + lane].cars[i];
        if !self.graph.lanes[first + to].users.admit(self.users(car.vehicle)) {
            return None;
        }
        let driver = &self.drivers[usize::from(car.kind)];
        let here = i.checked_sub(1).map(|l| &self.tracks[first + lane].cars[l]);
        let now = prospect(car, driver, here);
        if now >= car.wanted - ENOUGH_MPS {
            return None;
        }
        let gap = around(&self.tracks[first + to], car.pos);
        let cars = &self.tracks[first + to].cars;
        let gain = prospect(car, driver, gap.leader.map(|l| &cars[l])) - now - ENOUGH_MPS;
        if gain <= 0.0 || !self.fits(car, driver, first + to, &gap) {
            return None;
        }
        let cost = gap.follower.map_or(0.0, |f| {
            let (other, them) = (&cars[f], &self.drivers[usize::from(cars[f].kind)]);
            let before = self.would(other, them, gap.leader.map(|l| &cars[l]));
            (before - self.would(other, them, Some(car))).max(0.0)
        });
        Some(gain - POLITENESS * cost / self.dt())
    }

    /// The speed a vehicle would take next behind a leader.
    fn would(&self, car: &Car, driver: &Driver, leader: Option<&Car>) -> f32 {
        let dt = self.dt();
        let free = driver.free(car.speed, car.wanted, dt);
        let behind = leader.map_or(free, |l| {
            let gap = l.pos - l.length - car.pos - driver.min_gap;
            driver.follow(car.speed, car.wanted, gap, l.speed, dt)
        });
        free.min(behind).clamp((car.speed - driver.emergency * dt).max(0.0), car.speed + driver.accel * dt)
    }

    fn move_over(&mut self, from: usize, i: usize, to: usize) {
        let mut car = self.tracks[from].cars.remove(i);
        car.settled = 0.0;
        car.came = NONE;
        let voyage = &mut self.voyages[car.vehicle as usize];
        voyage.side = self.graph.lanes[from].index as i8 - self.graph.lanes[to].index as i8;
        let leg = voyage.leg;
        car.way = self.way_if_it_leads(&car, leg, to as u32);
        car.reach = self.reach_on(&car, usize::from(self.graph.lanes[to].index));
        car.wanted = self.wanted(car.vehicle, car.kind, self.graph.lanes[to].limit_mps);
        self.place(to, car);
    }
}

/// How long before it must have crossed a lane a vehicle begins to, metre.
fn per_lane_m(car: &Car) -> f32 {
    PER_LANE_M + PER_LANE_S * car.wanted
}

/// The speed a driver expects of a lane over the next seconds: that of the vehicle ahead, and what the gap to it gives.
fn prospect(car: &Car, driver: &Driver, leader: Option<&Car>) -> f32 {
    leader.map_or(car.wanted, |l| {
        let gap = (l.pos - l.length - car.pos - driver.min_gap).max(0.0);
        (l.speed + gap / PROSPECT_S).min(car.wanted)
    })
}

/// The vehicles next to a place on a lane.
fn around(track: &Track, pos: f32) -> Gap {
    let follower = track.cars.iter().position(|c| c.pos < pos);
    let leader = follower.map_or(track.cars.len().checked_sub(1), |f| f.checked_sub(1));
    Gap { leader, follower }
}
