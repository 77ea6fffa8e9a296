//! What every vehicle does next, from the state before: read-only, in parallel over tracks.

use rayon::prelude::*;

use super::{Car, HALT, Hold, LAST, Micro, Plan, Track, bits, record::chance};
use crate::lane_graph::NONE;

/// Tracks that one task takes: whole words of bits.
const TRACKS: usize = 512;

impl Micro {
    pub(super) fn plan(&mut self) {
        let mut plans = std::mem::take(&mut self.plans);
        plans.par_chunks_mut(TRACKS).zip(self.busy.par_chunks(TRACKS / 64)).enumerate().for_each(
            |(chunk, (plans, busy))| {
                let first = chunk * TRACKS;
                for track in busy.iter().enumerate().flat_map(|(word, busy)| bits(*busy, first + word * 64)) {
                    let plans = &mut plans[track - first];
                    plans.clear();
                    self.plan_track(track, &self.tracks[track], plans);
                }
            },
        );
        self.plans = plans;
    }

    fn plan_track(&self, track: usize, on: &Track, plans: &mut Vec<Plan>) {
        let length = self.track_length(track);
        let inside = track >= self.graph.lanes.len();
        let dt = self.dt();
        let mut leader: Option<&Car> = None;
        for car in &on.cars {
            let driver = &self.drivers[usize::from(car.kind)];
            let mut safe = driver.free(car.speed, car.wanted, dt).min(car.advised);
            if let Some(leader) = leader {
                let gap = leader.pos - leader.length - car.pos - driver.min_gap;
                safe = safe.min(driver.follow(car.speed, car.wanted, gap, leader.speed, dt));
            }
            let mut hold = Hold::None;
            let top = (car.speed + driver.accel * dt).min(car.wanted).max(car.speed);
            let mut sight = top * dt + driver.brake_gap(top, dt) + top * driver.headway.min(dt) + driver.min_gap;
            if leader.is_none() {
                // Whose front is on the next track already may still have its rear on this one.
                sight += self.longest + top * (driver.headway - dt).max(0.0);
            }
            if inside || length - car.pos < sight || car.flags & (HALT | LAST) != 0 {
                let beyond = self.beyond(car, track, sight, leader.is_none());
                if beyond.speed < safe {
                    (safe, hold) = (beyond.speed, beyond.hold);
                }
            }
            let luck =
                if driver.imperfection > 0.0 { chance(self.seed, u64::from(car.vehicle), self.steps) } else { 0.0 };
            let (speed, moved) = driver.settle(car.speed, safe, luck, dt);
            plans.push(Plan { speed, moved, hold });
            leader = Some(car);
        }
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
