//! What a driver heeds beyond the end of the lane: the signal, the right of way, room behind the junction, slower curves, the
//! vehicle ahead on the next lanes.

use super::{
    Micro,
    car::{Car, HALT, Hold, LAST},
    follow::{Driver, HALTING_MPS},
};
use crate::lane_graph::{NONE, RightOfWay, Show};

/// What the way ahead allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beyond {
    pub speed: f32,
    /// What that is due to.
    pub hold: Hold,
    /// Has stood in a junction for too long to give way.
    pub insists: bool,
    /// Goes where no rule allows it to.
    pub forced: bool,
}

impl Beyond {
    pub fn with(&mut self, speed: f32, hold: Hold) {
        if speed < self.speed {
            (self.speed, self.hold) = (speed, hold);
        }
    }

    /// The speed for another's sake on a way that crosses one's own.
    pub fn gives_way(&mut self, speed: f32) {
        if self.insists {
            self.forced |= speed < HALTING_MPS;
        } else {
            self.with(speed, Hold::PathTaken);
        }
    }
}

/// One stops this far before a line, metre (SUMO's gap to the stop line).
pub(super) const LINE_M: f32 = 1.0;
/// From here one sees who comes on the other road, metre (SUMO's default visibility of foes).
const VISIBILITY_M: f32 = 4.5;
/// Most tracks looked through.
const MOST_TRACKS: usize = 12;

impl Micro {
    /// The speed that everything beyond the vehicle's leader allows; `first`: nobody is before it on its own track. A part of
    /// every plan, so it is kept there.
    #[inline(always)]
    pub(super) fn beyond(&self, car: &Car, track: usize, sight: f32, first: bool) -> Beyond {
        let (dt, lanes) = (self.dt(), self.graph.lanes.len());
        let driver = &self.drivers[usize::from(car.kind)];
        let mut found = Beyond { speed: f32::INFINITY, hold: Hold::None, insists: false, forced: false };
        let stop_at = |d: f32| driver.stop(car.speed, car.wanted, d, dt);
        if car.flags & HALT != 0 {
            found.with(self.halt_speed(car, track), Hold::Stop);
        }
        let mut distance = self.track_length(track) - car.pos;
        if self.stranded(car, track) {
            found.with(stop_at(distance - LINE_M), Hold::WrongLane);
            return found;
        }
        if track < lanes && car.flags & LAST != 0 {
            return found;
        }
        let (mut at, mut beyond, mut way, mut clear) = (track, 0, car.way, first);
        if track >= lanes {
            way = (track - lanes) as u32;
            self.inside(car, driver, way, &mut found, dt);
            self.follow_the_parting(car, driver, way, -car.pos, &mut found);
        }
        for _ in 0..MOST_TRACKS {
            if distance > sight && !(at < lanes && clear) {
                break;
            }
            if at < lanes {
                // Into the junction.
                if way == NONE {
                    found.with(stop_at(distance - LINE_M), Hold::WrongLane);
                    break;
                }
                let m = &self.graph.moves[way as usize];
                if distance <= sight {
                    found.with(driver.slow_to(distance, m.limit_mps * car.factor, dt), Hold::None);
                    if !self.may_pass(car, driver, way, distance, &mut found, clear) {
                        break;
                    }
                    self.follow_the_parting(car, driver, way, distance, &mut found);
                }
                at = lanes + way as usize;
            } else {
                let m = &self.graph.moves[way as usize];
                at = m.to as usize;
                beyond += 1;
                let limit = self.graph.lanes[at].limit_mps * car.factor;
                found.with(driver.slow_to(distance, limit, dt), Hold::None);
            }
            if let Some(leader) = self.last_on(at) {
                let gap = distance + leader.rear() - driver.min_gap;
                found.with(driver.follow(car.speed, car.wanted, gap, leader.speed, dt), Hold::None);
                clear = false;
                // Others may still stop the vehicle before it reaches its leader.
                if leader.rear() < 0.0 || at >= lanes && self.graph.moves[way as usize].wait_at_m == 0.0 {
                    break;
                }
            }
            distance += self.track_length(at);
            if at < lanes {
                if distance > sight {
                    break;
                }
                let leg = self.voyages[car.vehicle as usize].leg + beyond;
                if leg as usize + 1 >= self.route(car.vehicle).len() {
                    break;
                }
                way = self.way_from(car.vehicle, leg, at as u32);
            }
        }
        found
    }

    /// Whether the vehicle may drive into a junction; else it is stopped before it. `distance`: to the stop line.
    fn may_pass(&self, car: &Car, driver: &Driver, way: u32, distance: f32, found: &mut Beyond, clear: bool) -> bool {
        let dt = self.dt();
        let m = &self.graph.moves[way as usize];
        let hold = |found: &mut Beyond, line: f32, why: Hold| {
            found.with(driver.stop(car.speed, car.wanted, distance - line, dt), why);
        };
        let show = self.show(way);
        let gives_way = match (show, m.right) {
            // Who drove on at amber and cannot stop any more drives through.
            (Show::Red, _) if distance < driver.emergency_gap(car.speed, dt) => false,
            (Show::Red | Show::RedAmber, _) => {
                hold(found, LINE_M, Hold::Signal);
                return false;
            }
            (Show::Amber, _) => {
                if distance > driver.amber_m(car.speed, dt) {
                    hold(found, LINE_M, Hold::Signal);
                    return false;
                }
                // Too late to stop; those who give way still do, inside.
                false
            }
            (Show::Green, _) => false,
            (Show::StopThenGo, _) => {
                if car.stood < dt {
                    hold(found, LINE_M, Hold::Signal);
                    return false;
                }
                true
            }
            (Show::Yield, _) => true,
            (Show::Off, RightOfWay::Major) => false,
            (Show::Off, RightOfWay::Stop) if car.stood < dt && distance > 0.0 => {
                hold(found, 0.5, Hold::Gap);
                return false;
            }
            (Show::Off, _) => true,
        };
        // Farther away it can decide later and still stop.
        let reacts = (car.speed + driver.accel * dt) * driver.headway.max(dt);
        let decides = distance <= VISIBILITY_M.max(LINE_M + reacts + driver.brake_gap(car.speed, dt));
        if gives_way && !decides {
            // Approaches so that it can stop within what it will see then.
            let then = driver.stop_at_once(car.speed, car.wanted, VISIBILITY_M, dt);
            found.with(driver.slow_to(distance - VISIBILITY_M, then, dt), Hold::None);
        } else if gives_way && m.wait_at_m == 0.0 && !self.finds_gap(car, driver, way, distance) {
            hold(found, 0.1, Hold::Gap);
            return false;
        }
        // Who could only stop so hard that others run into it goes on.
        let stops = driver.stop(car.speed, car.wanted, distance - LINE_M, dt) >= car.speed - driver.decel * dt;
        if clear && decides && stops && !self.has_room(car, driver, way) {
            hold(found, LINE_M, Hold::Room);
            return false;
        }
        if decides {
            self.heed_those_inside(car, driver, way, distance, found);
        }
        true
    }

    /// On the way through a junction: waits at its waiting point for a gap, and heeds who is in the way.
    fn inside(&self, car: &Car, driver: &Driver, way: u32, found: &mut Beyond, dt: f32) {
        let m = &self.graph.moves[way as usize];
        let to_wait = m.wait_at_m - car.pos;
        if m.wait_at_m > 0.0 && to_wait > -0.1 {
            let gives_way = !matches!(self.show(way), Show::Green) && m.right != RightOfWay::Major;
            let near = to_wait < VISIBILITY_M.max(car.speed * dt + driver.brake_gap(car.speed, dt));
            if gives_way && near && !self.finds_gap(car, driver, way, -car.pos) {
                found.with(driver.stop(car.speed, car.wanted, to_wait, dt), Hold::Gap);
                return;
            }
        }
        self.heed_those_inside(car, driver, way, -car.pos, found);
    }
}
