//! What every vehicle does next, from the state before: read-only, in parallel over tracks.

use super::{
    Micro,
    ahead::LINE_M,
    car::{Car, HALT, Hold, LAST, Plan},
    follow::Driver,
    record::chance,
    region::{AT_ONCE, Region, each, fetch, marked},
};
use crate::lane_graph::NONE;

impl Micro {
    pub(super) fn plan(&mut self) {
        let mut regions = std::mem::take(&mut self.regions);
        each(self.counts.running, regions.iter_mut(), |region| self.plan_region(region));
        self.regions = regions;
    }

    fn plan_region(&self, region: &mut Region) {
        region.plans.clear();
        region.busy.clear();
        for tracks in [&region.lanes, &region.ways] {
            marked(&self.marks[tracks.clone()], tracks.start, &mut region.busy);
        }
        for tracks in region.busy.chunks(AT_ONCE) {
            self.fetch(tracks);
            for track in tracks {
                self.plan_track(*track as usize, &mut region.plans);
            }
        }
    }

    /// Touches what lies far apart in memory and is needed next, all at once: so the waits for it run side by side.
    fn fetch(&self, tracks: &[u32]) {
        let mut ways = [NONE; AT_ONCE];
        for (track, way) in tracks.iter().zip(&mut ways) {
            *way = self.tracks[*track as usize].cars.first().map_or(NONE, |c| c.way);
        }
        let onto =
            |way: &u32| (*way != NONE).then(|| (&self.graph.moves[*way as usize], &self.tracks[self.track_of(*way)]));
        fetch(ways.iter().filter_map(onto).map(|(m, track)| track.cars.len() as f32 + m.limit_mps));
    }

    fn plan_track(&self, track: usize, plans: &mut Vec<Plan>) {
        let (on, length_m) = (&self.tracks[track], self.lengths_m[track]);
        let inside = track >= self.graph.lanes.len();
        let dt = self.dt();
        let mut leader: Option<&Car> = None;
        for car in &on.cars {
            let driver = &self.drivers[usize::from(car.kind)];
            let left = if inside { 0.0 } else { length_m - car.pos };
            let before = leader.replace(car);
            if before.is_none() && self.waits_at_red(car, driver, left) {
                plans.push(Plan { hold: Hold::Signal, ..Plan::default() });
                continue;
            }
            let gap = before.map_or(f32::INFINITY, |l| l.rear() - car.pos - driver.min_gap);
            let still = car.speed <= 0.0 && before.is_some_and(|l| l.speed <= 0.0) && driver.stays(gap);
            if still && left > driver.creeps_m && car.flags & (HALT | LAST) == 0 {
                plans.push(Plan::default());
                continue;
            }
            let mut safe = driver.free(car.speed, car.wanted, dt).min(car.advised);
            if let Some(leader) = before {
                safe = safe.min(driver.follow(car.speed, car.wanted, gap, leader.speed, dt));
            }
            let (mut hold, mut forced) = (Hold::None, false);
            let sight = self.sight(car, driver, before.is_none());
            if inside || left < sight || car.flags & (HALT | LAST) != 0 {
                let beyond = self.beyond(car, track, sight, before.is_none());
                forced = beyond.forced;
                if beyond.speed < safe {
                    (safe, hold) = (beyond.speed, beyond.hold);
                }
            }
            let luck =
                if driver.imperfection > 0.0 { chance(self.seed, u64::from(car.vehicle), self.steps) } else { 0.0 };
            let (speed, moved) = driver.settle(car.speed, safe, luck, dt);
            plans.push(Plan { speed, moved, hold, forced });
        }
    }

    /// How far ahead a driver looks, metre; `first`: nobody is before it on its track.
    #[inline]
    pub(super) fn sight(&self, car: &Car, driver: &Driver, first: bool) -> f32 {
        let dt = self.dt();
        let top = (car.speed + driver.accel * dt).min(car.wanted).max(car.speed);
        let sight = driver.sight(top, dt);
        // Whose front is on the next track already may still have its rear on this one.
        if first { sight + self.longest + top * (driver.headway - dt).max(0.0) } else { sight }
    }

    /// Whether a vehicle stands at the line before a red light, and that is all there is to it. `left`: metres to the line.
    #[inline]
    fn waits_at_red(&self, car: &Car, driver: &Driver, left: f32) -> bool {
        car.speed <= 0.0
            && car.hold == Hold::Signal
            && car.flags & (HALT | LAST) == 0
            && car.way != NONE
            && self.is_red(car.way)
            && driver.stays(left - LINE_M)
    }

    /// Speed for the stop on this link, infinite without one: on another lane one waits beside it to change.
    pub(super) fn halt_speed(&self, car: &Car, track: usize) -> f32 {
        let voyage = &self.voyages[car.vehicle as usize];
        let Some(stop) = voyage.next_stop(&self.journeys) else { return f32::INFINITY };
        if track >= self.graph.lanes.len() || self.graph.lanes[track].link != self.graph.lanes[stop.lane as usize].link
        {
            return f32::INFINITY;
        }
        if voyage.dwell >= 0.0 {
            return 0.0;
        }
        let driver = &self.drivers[usize::from(car.kind)];
        driver.stop(car.speed, car.wanted, stop.at_m - car.pos, self.dt())
    }

    /// Whether a car stands on a lane that does not lead on.
    pub(super) fn stranded(&self, car: &Car, track: usize) -> bool {
        track < self.graph.lanes.len() && car.way == NONE && car.flags & LAST == 0
    }
}
