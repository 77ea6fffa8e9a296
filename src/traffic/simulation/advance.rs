//! Carries the decisions out in a fixed order: moves, crossings from link to link, arrivals, lane changes.

use super::{
    Simulation,
    drive::LEAST_GAP_M,
    fleet::{Here, Was},
    yielding::FORCE_S,
};
use crate::network::{NONE, TurnKind};

const DT: f32 = Simulation::STEP_S as f32;
/// A vehicle that cannot cross waits this far before the end of its link, metre.
const BEFORE_END_M: f32 = 0.05;
/// Sideways speed of a lane change, metre per second (about three seconds per lane).
const SIDEWAYS_MPS: f32 = 1.1;
/// Faster than this is no longer standing, metre per second.
const MOVING_MPS: f32 = 1.0;

impl Simulation {
    pub(super) fn advance(&mut self) {
        let proposals = std::mem::take(&mut self.proposals);
        let active = std::mem::take(&mut self.fleet.active);
        let mut gone = Vec::new();
        for (s, p) in active.iter().zip(&proposals) {
            let s = *s as usize;
            let f = &mut self.fleet;
            f.was[s] =
                Was { leg: f.leg[s], pos: f.pos[s], speed: f.speed[s], lateral: f.lateral[s], moved: p.pos - f.pos[s] };
            f.pos[s] = p.pos;
            f.speed[s] = p.speed;
            f.next_lane[s] = p.next_lane;
            f.held[s] = p.held;
            f.since_change_s[s] += DT;
            if p.speed > MOVING_MPS {
                f.stood_s[s] = 0.0;
            } else {
                f.stood_s[s] += DT;
            }
        }
        for s in &active {
            if self.leaves(*s as usize) {
                gone.push(*s);
            }
        }
        for (s, p) in active.iter().zip(&proposals) {
            self.settle_sideways(*s as usize, p.change);
        }
        self.fleet.active = active;
        if !gone.is_empty() {
            self.fleet.remove(&gone);
        }
        self.proposals = proposals;
    }

    /// Crosses as many link ends as the vehicle has passed; true once it has arrived and left the road.
    fn leaves(&mut self, s: usize) -> bool {
        loop {
            let length = self.fleet.here[s].length;
            if self.fleet.turn[s] == NONE {
                let arrived = self.fleet.pos[s] >= self.fleet.to_pos[s].min(length);
                if arrived {
                    self.arrive(s);
                }
                return arrived;
            }
            if self.fleet.pos[s] < length || !self.cross(s) {
                return false;
            }
        }
    }

    /// From the end of a link onto the next; false where there is no room, and the vehicle stays.
    fn cross(&mut self, s: usize) -> bool {
        let n = &*self.network;
        let f = &mut self.fleet;
        let from = f.link[s] as usize;
        let turn = &n.turns.list[f.turn[s] as usize];
        let row = &n.links[turn.to as usize];
        let lane = f.next_lane[s].min(row.lanes - 1);
        let lane_index = (row.lane0 + u32::from(lane)) as usize;
        let tail = f.tail[lane_index];
        let mut pos = f.pos[s] - n.links[from].length;
        if tail != NONE {
            let room = f.rear(tail as usize) - LEAST_GAP_M;
            if room < 0.0 {
                f.was[s].moved = (f.was[s].moved - pos - BEFORE_END_M).max(0.0);
                f.pos[s] = n.links[from].length - BEFORE_END_M;
                f.speed[s] = 0.0;
                return false;
            }
            if pos > room {
                f.was[s].moved = (f.was[s].moved - (pos - room)).max(0.0);
                pos = room;
                f.speed[s] = f.speed[s].min(f.speed[tail as usize]);
            }
        }
        if f.stood_s[s] > FORCE_S {
            self.counters.relief.forced += 1;
            f.stood_s[s] = 0.0;
        }
        let own_lane = (n.links[from].lane0 + u32::from(f.lane[s])) as usize;
        f.link_out(s, own_lane);
        f.link_in(s, lane_index, tail);
        f.lateral_before[s] = f.lateral[s];
        f.lateral[s] = n.shapes.lane_offset(turn.to, lane);
        f.past_turn_mps[s] = turn.speed;
        f.link[s] = turn.to;
        f.lane[s] = lane;
        f.pos[s] = pos;
        f.leg[s] += 1;
        self.left_link(s, from);
        self.prepare_turn(s);
        true
    }

    /// Looks up the vehicle's link and the turn at its end.
    pub(super) fn prepare_turn(&mut self, s: usize) {
        let n = &*self.network;
        let f = &mut self.fleet;
        let row = &n.links[f.link[s] as usize];
        f.here[s] = Here {
            desired: (row.free_mps * f.factor[s]).min(f.driver(s).top_mps),
            entry: row.entry,
            stop: row.stop,
            length: row.length,
            lane0: row.lane0,
            lanes: row.lanes,
        };
        let next = f.next_link(s);
        f.turn[s] = next.and_then(|to| n.turns.find(f.link[s], to)).unwrap_or(NONE);
        self.fleet.lanes[s] = self.lanes_for(s, self.fleet.leg[s] as usize);
        let f = &mut self.fleet;
        if f.turn[s] == NONE {
            f.turn_mps[s] = f32::INFINITY;
            return;
        }
        let turn = &n.turns.list[f.turn[s] as usize];
        f.turn_mps[s] = turn.speed.min(n.links[turn.to as usize].free_mps * f.factor[s]);
        let straight_on = n.lane_after(f.turn[s], f.lane[s]);
        let leg = f.leg[s] as usize + 1;
        let (lo, hi) = self.lanes_for(s, leg);
        self.fleet.next_lanes[s] = (lo, hi);
        self.fleet.next_lane[s] = straight_on.clamp(lo, hi);
    }

    fn arrive(&mut self, s: usize) {
        let link = self.fleet.link[s] as usize;
        self.left_link(s, link);
        let n = &*self.network;
        let f = &mut self.fleet;
        let lane = (n.links[link].lane0 + u32::from(f.lane[s])) as usize;
        f.link_out(s, lane);
        let travel_s = self.steps as f64 * Self::STEP_S - f.departed_s[s];
        self.counters.arrive(travel_s, f64::from(f.driven_m[s]), f64::from(f.free_s[s]));
    }

    /// Takes an unlinked or linked vehicle off the road (the caller counts it).
    pub(super) fn take_out(&mut self, s: usize) {
        let row = &self.network.links[self.fleet.link[s] as usize];
        let lane = (row.lane0 + u32::from(self.fleet.lane[s])) as usize;
        self.fleet.link_out(s, lane);
        self.fleet.remove(&[s as u32]);
    }

    /// Books what a vehicle did on a link that it leaves.
    fn left_link(&mut self, s: usize, link: usize) {
        let now_s = self.elapsed_s();
        let row = &self.network.links[link];
        let f = &mut self.fleet;
        let first = f.driven_m[s] == 0.0;
        let took_s = now_s - f.entered_s[s];
        let begun = if first { f.from_pos[s] } else { 0.0 };
        let ended = if f.turn[s] == NONE { f.to_pos[s].min(row.length) } else { row.length };
        let driven = (ended - begun).max(0.0);
        f.driven_m[s] += driven;
        f.free_s[s] += driven / (row.free_mps * f.factor[s]).min(f.driver(s).top_mps);
        f.entered_s[s] = now_s;
        self.monitor.left(link, if first { None } else { Some(took_s as f32) });
    }

    fn settle_sideways(&mut self, s: usize, change: i8) {
        if self.fleet.id[s] == NONE {
            return;
        }
        let link = self.fleet.link[s];
        if change != 0 && self.fleet.was[s].leg == self.fleet.leg[s] {
            self.change_lane(s, change);
        }
        let f = &mut self.fleet;
        if f.here[s].lanes == 1 {
            return;
        }
        let target = self.network.shapes.lane_offset(link, f.lane[s]);
        let most = SIDEWAYS_MPS * DT * (f.speed[s] / 3.0).min(1.0);
        f.lateral[s] += (target - f.lateral[s]).clamp(-most, most);
    }

    fn change_lane(&mut self, s: usize, change: i8) {
        let row = &self.network.links[self.fleet.link[s] as usize];
        let f = &mut self.fleet;
        let to = f.lane[s].wrapping_add_signed(change);
        if to >= row.lanes || f.turn[s] == NONE && f.pos[s] >= f.to_pos[s] {
            return;
        }
        let lane = (row.lane0 + u32::from(to)) as usize;
        let (leader, follower) = f.around(lane, f.pos[s]);
        let fits_ahead = leader == NONE || f.rear(leader as usize) - f.pos[s] >= 1.0;
        let fits_behind = follower == NONE || f.rear(s) - f.pos[follower as usize] >= 1.0;
        if fits_ahead && fits_behind {
            f.link_out(s, (row.lane0 + u32::from(f.lane[s])) as usize);
            f.link_in(s, lane, leader);
            f.lane[s] = to;
            f.since_change_s[s] = 0.0;
        }
    }
}

impl crate::network::Network {
    /// The lane of the next link that a lane leads to: turns keep to their side, the rest keeps its count from
    /// the kerb.
    pub(crate) fn lane_after(&self, turn: u32, lane: u8) -> u8 {
        let turn = &self.turns.list[turn as usize];
        let (from, to) = (self.links[turn.from as usize].lanes, self.links[turn.to as usize].lanes);
        let across = if self.right_hand { TurnKind::Left } else { TurnKind::Right };
        if turn.kind == across || turn.kind == TurnKind::Back {
            let from_inside = from - 1 - lane.min(from - 1);
            return (to - 1).saturating_sub(from_inside);
        }
        lane.min(to - 1)
    }
}
