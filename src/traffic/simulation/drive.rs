//! What every vehicle decides from the state before: how far it moves, at what speed, into which lane.

use rayon::prelude::*;

use super::{Simulation, kinds::Driver};
use crate::network::NONE;

/// A vehicle's decision.
#[derive(Clone, Copy, Default, Debug)]
pub struct Proposal {
    pub pos: f32,
    pub speed: f32,
    /// −1, 0 or +1 lane.
    pub change: i8,
    pub next_lane: u8,
    pub held: bool,
}

/// What limits a vehicle: the least acceleration so far and the farthest it may come.
pub struct Limits<'a> {
    pub driver: &'a Driver,
    pub speed: f32,
    pub desired: f32,
    pub acceleration: f32,
    /// Metres it may move.
    pub room: f32,
    pub held: bool,
}

/// Fewer vehicles than this are decided on one thread: waking others costs more.
const PARALLEL_FROM: usize = 400;
/// Bumper to bumper never below this, metre.
pub const LEAST_GAP_M: f32 = 0.3;
/// Harder braking is not wanted for anything foreseen, m/s² (AASHTO stopping sight distance: 3.4).
pub const FIRM_BRAKING: f32 = 3.4;
/// Links looked ahead at most.
const LOOK_LINKS: usize = 6;
/// A standing obstacle keeps the front this far behind a line with the driver's jam gap of 2 m, metre.
const BEHIND_LINE_M: f32 = 1.0;

impl Limits<'_> {
    /// As far as one looks ahead: braking distance, two seconds and a few vehicles, metre.
    fn horizon(&self) -> f32 {
        self.speed * self.speed / (2.0 * self.driver.braking) + 2.0 * self.speed + 20.0
    }

    fn follow(&mut self, gap: f32, leader_speed: f32) {
        let a = self.driver.follow(self.speed, self.desired, gap, self.speed - leader_speed);
        self.acceleration = self.acceleration.min(a);
        self.room = self.room.min((gap - LEAST_GAP_M).max(0.0));
    }

    fn stop_at(&mut self, distance: f32) {
        let a =
            self.driver.follow(self.speed, self.desired, distance + self.driver.jam_gap_m - BEHIND_LINE_M, self.speed);
        self.acceleration = self.acceleration.min(a);
        self.room = self.room.min(distance.max(0.0));
    }

    /// Slows to `speed` at `distance`, beginning when comfortable braking is due.
    fn slow_to(&mut self, speed: f32, distance: f32) {
        if self.speed <= speed {
            if distance <= 0.0 {
                let a = self.driver.free(self.speed, speed);
                self.acceleration = self.acceleration.min(a);
            }
            return;
        }
        let needed = (self.speed * self.speed - speed * speed) / (2.0 * distance.max(0.5));
        if needed > 0.8 * self.driver.braking {
            self.acceleration = self.acceleration.min(-needed.min(FIRM_BRAKING));
        } else {
            // Do not gain speed only to lose it again.
            let target = (speed * speed + 1.6 * self.driver.braking * distance.max(0.0)).sqrt();
            self.acceleration = self.acceleration.min(self.driver.free(self.speed, target.min(self.desired)));
        }
    }
}

impl Simulation {
    pub(super) fn decide(&mut self) {
        let mut proposals = std::mem::take(&mut self.proposals);
        let active = &self.fleet.active;
        if active.len() < PARALLEL_FROM {
            proposals.clear();
            proposals.extend(active.iter().map(|s| self.proposal(*s as usize)));
        } else {
            active.par_iter().with_min_len(128).map(|s| self.proposal(*s as usize)).collect_into_vec(&mut proposals);
        }
        self.proposals = proposals;
    }

    fn proposal(&self, s: usize) -> Proposal {
        let f = &self.fleet;
        if self.stands_in_queue(s) {
            return Proposal { pos: f.pos[s], speed: 0.0, change: 0, next_lane: f.next_lane[s], held: false };
        }
        let here = &f.here[s];
        let mut limits = self.limits(s);
        let mut next_lane = f.next_lane[s];
        if f.ahead[s] == NONE {
            if f.pos[s] <= here.stop && here.stop - f.pos[s] < limits.horizon() {
                next_lane = self.choose_next_lane(s);
            }
            self.look_ahead(s, next_lane, &mut limits);
        } else {
            let leader = f.ahead[s] as usize;
            limits.follow(f.rear(leader) - f.pos[s], f.speed[leader]);
            if f.turn[s] != NONE {
                limits.slow_to(f.turn_mps[s], here.stop - f.pos[s]);
            }
        }
        let mut change = 0;
        if here.lanes > 1 {
            self.zip_in(s, next_lane, &mut limits);
            change = self.lane_wish(s, limits.acceleration);
        }
        let (moved, speed) = moved(&limits);
        Proposal { pos: f.pos[s] + moved, speed, change, next_lane, held: limits.held }
    }

    /// Stands behind a standing vehicle with no gap to close: nothing to decide.
    fn stands_in_queue(&self, s: usize) -> bool {
        let f = &self.fleet;
        let leader = f.ahead[s];
        leader != NONE
            && f.speed[s] == 0.0
            && f.speed[leader as usize] == 0.0
            && f.rear(leader as usize) - f.pos[s] <= f.driver(s).jam_gap_m
            && (f.lanes[s].0..=f.lanes[s].1).contains(&f.lane[s])
    }

    /// Desired speed and free acceleration on the vehicle's own link.
    pub(super) fn limits(&self, s: usize) -> Limits<'static> {
        let f = &self.fleet;
        let driver = f.driver(s);
        let mut desired = f.here[s].desired;
        if f.pos[s] < f.here[s].entry {
            desired = desired.min(f.past_turn_mps[s].max(1.0));
        }
        let speed = f.speed[s];
        let acceleration = driver.free(speed, desired);
        Limits { driver, speed, desired, acceleration, room: f32::INFINITY, held: false }
    }

    /// The first of a lane looks along its route: signals, right of way, slower turns, the next vehicle.
    fn look_ahead(&self, s: usize, next_lane: u8, limits: &mut Limits) {
        let (f, n) = (&self.fleet, &*self.network);
        let horizon = limits.horizon();
        if f.here[s].stop - f.pos[s] > horizon {
            return;
        }
        let mut leg = f.leg[s] as usize;
        let mut start = -f.pos[s];
        let mut turn = f.turn[s];
        let mut lane = next_lane;
        for ahead in 0..LOOK_LINKS {
            let here = f.route[s][leg];
            if turn == NONE {
                return;
            }
            let row = &n.links[here as usize];
            if start + row.stop > horizon {
                return;
            }
            if let Some(distance) = self.hold(s, turn, leg, lane, -start) {
                limits.stop_at(distance);
                limits.held |= ahead == 0;
                return;
            }
            let next = n.turns.list[turn as usize].to;
            let next_row = &n.links[next as usize];
            let turn_mps = n.turns.list[turn as usize].speed.min(next_row.free_mps * f.factor[s]);
            limits.slow_to(turn_mps, start + row.stop);
            start += row.length;
            let tail = f.tail[(next_row.lane0 + u32::from(lane)) as usize];
            if tail != NONE {
                limits.follow(start + f.rear(tail as usize), f.speed[tail as usize]);
                return;
            }
            leg += 1;
            turn = f.route[s].get(leg + 1).and_then(|after| n.turns.find(next, *after)).unwrap_or(NONE);
            lane = if turn == NONE { lane } else { n.lane_after(turn, lane) };
        }
    }

    /// Lanes that lead into one: each lets the one beside and ahead go first (zip merge, StVO section 7(4)).
    fn zip_in(&self, s: usize, next_lane: u8, limits: &mut Limits) {
        /// The merge begins this far before the end, metre; nobody brakes harder for it, m/s²; who drives beside counts
        /// as this far ahead, metre (twice the jam gap: with less, drivers stop to let others in and the merge passes
        /// 1,100 instead of the 1,700–1,800 veh/h of HBS 2015 at lane drops).
        const MERGE_M: f32 = 45.0;
        const GENTLE: f32 = 2.0;
        const BESIDE_M: f32 = 4.0;
        let f = &self.fleet;
        let (link, turn) = (&f.here[s], f.turn[s]);
        if turn == NONE || link.length - f.pos[s] > MERGE_M {
            return;
        }
        let narrows = self.network.links[self.network.turns.list[turn as usize].to as usize].lanes < link.lanes;
        for lane in (0..link.lanes).filter(|lane| narrows && *lane != f.lane[s]) {
            let (leader, _) = f.around((link.lane0 + u32::from(lane)) as usize, f.pos[s]);
            let other = leader as usize;
            if leader == NONE || f.turn[other] != turn || f.next_lane[other] != next_lane {
                continue;
            }
            let first = f.pos[other] > f.pos[s] || f.lane[other] < f.lane[s];
            if first {
                let gap = (f.rear(other) - f.pos[s]).max(BESIDE_M);
                let a = limits.driver.follow(limits.speed, limits.desired, gap, limits.speed - f.speed[other]);
                limits.acceleration = limits.acceleration.min(a.max(-GENTLE));
            }
        }
    }

    /// The lane to take on the next link: one that suits the turn after it, near the own one, with room.
    fn choose_next_lane(&self, s: usize) -> u8 {
        let (f, n) = (&self.fleet, &*self.network);
        if f.turn[s] == NONE {
            return 0;
        }
        /// A lane's sidestep is worth this much room, metre.
        const SIDESTEP_M: f32 = 15.0;
        const SEEN_M: f32 = 80.0;
        let next = n.turns.list[f.turn[s] as usize].to;
        let row = &n.links[next as usize];
        let straight_on = n.lane_after(f.turn[s], f.lane[s]);
        let (lo, hi) = f.next_lanes[s];
        let value = |lane: u8| {
            let tail = f.tail[(row.lane0 + u32::from(lane)) as usize];
            let room = if tail == NONE { SEEN_M } else { f.rear(tail as usize).min(SEEN_M) };
            room - SIDESTEP_M * (f32::from(lane) - f32::from(straight_on)).abs()
        };
        let mut best = straight_on.clamp(lo, hi);
        for lane in lo..=hi {
            if value(lane) > value(best) {
                best = lane;
            }
        }
        best
    }

    /// The lanes from which the turn at the end of a leg is made.
    pub(super) fn lanes_for(&self, s: usize, leg: usize) -> (u8, u8) {
        let (route, n) = (&self.fleet.route[s], &*self.network);
        let link = route[leg];
        let turn = route.get(leg + 1).and_then(|after| n.turns.find(link, *after));
        turn.map_or((0, n.links[link as usize].lanes - 1), |t| {
            let turn = &n.turns.list[t as usize];
            (turn.lane_lo, turn.lane_hi)
        })
    }
}

/// Ballistic update (Treiber and Kanagaraj 2015): distance and new speed within the room there is.
fn moved(limits: &Limits) -> (f32, f32) {
    const DT: f32 = Simulation::STEP_S as f32;
    let v = limits.speed;
    let a = limits.acceleration.clamp(-9.0, limits.driver.acceleration);
    let stops = v + a * DT < 0.0;
    let distance = if stops { v * v / (-2.0 * a) } else { v * DT + 0.5 * a * DT * DT };
    let speed = if stops { 0.0 } else { v + a * DT };
    if distance > limits.room { (limits.room, speed.min(limits.room / DT)) } else { (distance.max(0.0), speed) }
}
