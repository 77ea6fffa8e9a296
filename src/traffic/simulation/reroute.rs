//! New ways for vehicles under way: after closures, and out of standstills.
//!
//! Relief of standstills, in this order, each counted: who has stood [`FORCE_S`] drives into whatever gap there is;
//! after [`REROUTE_S`] looks for another way; after [`RELOCATE_S`] is set onto the first link of its way with room.
//! Nobody is ever taken off the road for standing.

use citytwin_model::RoadId;

use super::{Simulation, fleet::Was, tally::RefusalReason};
use crate::{network::NONE, route::Request};

#[cfg(doc)]
use super::yielding::FORCE_S;

/// Standing this long at the head of a lane, a driver looks for another way, second.
const REROUTE_S: f32 = 150.0;
/// Standing this long, the vehicle is set past what blocks it, second (as SUMO's default time-to-teleport, 300 s).
const RELOCATE_S: f32 = 300.0;
/// Relief is judged every so many steps.
const EVERY_STEPS: u64 = 20;
/// A way that begins with the blocked link counts so much more, second.
const BLOCKED_S: f32 = 300.0;
/// Links along the way that are tried for room.
const RELOCATE_LINKS: usize = 12;

impl Simulation {
    /// Closes exactly these roads; all others are open. Vehicles whose way is cut look for another one; who is on a
    /// closed road drives off it.
    pub fn set_closed(&mut self, closed: &[RoadId]) {
        let mut now = vec![false; self.closed.len()];
        for road in closed {
            self.network.links_of(*road).iter().for_each(|l| now[*l as usize] = true);
        }
        for (l, closed) in now.iter().enumerate() {
            match (self.closed[l], closed) {
                (false, true) => self.costs[l] = f32::INFINITY,
                (true, false) => self.costs[l] = self.network.links[l].base_cost,
                _ => {}
            }
        }
        self.closed = now;
        self.replan_cut_trips();
        self.replan_waiting();
        self.refresh_link_states();
    }

    fn replan_cut_trips(&mut self) {
        let cut: Vec<usize> = self
            .fleet
            .active
            .iter()
            .map(|s| *s as usize)
            .filter(|s| {
                let onward = self.fleet.leg[*s] as usize + 1;
                self.fleet.route[*s][onward..].iter().any(|l| self.closed[*l as usize])
            })
            .collect();
        self.replan(&cut);
    }

    /// Finds new ways for vehicles; who has none left goes to the nearest open place, or is refused.
    fn replan(&mut self, slots: &[usize]) {
        let kept: Vec<usize> = slots.iter().map(|s| self.legs_kept(*s)).collect();
        let requests: Vec<Request> = slots.iter().zip(&kept).map(|(s, kept)| self.onward_request(*s, *kept)).collect();
        let routes = self.routes(&requests);
        for (((s, kept), request), route) in slots.iter().zip(kept).zip(requests).zip(routes) {
            let route = route.or_else(|| self.detour(*s, request));
            match route {
                Some(onward) => self.take_route(*s, kept, &onward),
                None => {
                    self.take_out(*s);
                    self.counters.refuse(RefusalReason::StrandedByClosure);
                }
            }
        }
    }

    /// Links of the route that stand: up to the present one, or to the next once the vehicle is inside the junction.
    fn legs_kept(&self, s: usize) -> usize {
        let f = &self.fleet;
        let leg = f.leg[s] as usize;
        let row = &self.network.links[f.link[s] as usize];
        if f.pos[s] > row.stop && leg + 1 < f.route[s].len() { leg + 2 } else { leg + 1 }
    }

    fn onward_request(&self, s: usize, kept: usize) -> Request {
        let route = &self.fleet.route[s];
        let driven = &route[kept.saturating_sub(6)..kept];
        let from = self.network.states.after(driven).unwrap_or(route[kept - 1]);
        Request { from, to: route[route.len() - 1], taste: self.taste(self.fleet.id[s]) }
    }

    /// The destination cannot be reached: the open place nearest to it that can.
    fn detour(&mut self, s: usize, request: Request) -> Option<Vec<u32>> {
        /// Places tried before giving up.
        const TRIES: usize = 12;
        let at = self.network.shapes.at(request.to, 0.5 * self.network.links[request.to as usize].length, 0.0);
        let near: Vec<u32> = self
            .demand
            .zones
            .links_near([f64::from(at.x), f64::from(at.y)])
            .filter(|l| !self.closed[*l as usize])
            .take(TRIES)
            .collect();
        let found = near.into_iter().find_map(|to| {
            let route = self.searches[0].run(&self.network, &self.costs, Request { to, ..request })?;
            Some((to, route))
        });
        let (to, route) = found?;
        self.counters.diverted += 1;
        self.fleet.to_pos[s] = 0.5 * self.network.links[to as usize].length;
        Some(route)
    }

    fn take_route(&mut self, s: usize, kept: usize, onward: &[u32]) {
        let f = &mut self.fleet;
        let mut route = f.route[s][..kept].to_vec();
        route.extend_from_slice(onward);
        f.route[s] = route.into();
        if kept == f.leg[s] as usize + 1 {
            self.prepare_turn(s);
        }
    }

    fn replan_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for (from, queue) in &mut waiting {
            for mut pending in std::mem::take(queue) {
                let to = pending.route[pending.route.len() - 1];
                let request = Request { from: *from, to, taste: self.taste(pending.id) };
                let reason = if self.closed[*from as usize] {
                    Some(RefusalReason::OriginClosed)
                } else if self.closed[to as usize] {
                    Some(RefusalReason::DestinationClosed)
                } else if pending.route.iter().all(|l| !self.closed[*l as usize]) {
                    None
                } else if let Some(onward) = self.searches[0].run(&self.network, &self.costs, request) {
                    pending.route = std::iter::once(*from).chain(onward).collect();
                    None
                } else {
                    Some(RefusalReason::NoRoute)
                };
                match reason {
                    None => queue.push_back(pending),
                    Some(reason) => {
                        self.waiting_count -= 1;
                        self.counters.refuse(reason);
                    }
                }
            }
        }
        waiting.retain(|_, queue| !queue.is_empty());
        self.waiting = waiting;
    }

    /// Helps those who have stood too long.
    pub(super) fn relieve(&mut self) {
        if !self.steps.is_multiple_of(EVERY_STEPS) {
            return;
        }
        let every_s = EVERY_STEPS as f32 * Self::STEP_S as f32;
        let f = &self.fleet;
        let stuck = |s: &usize, after: f32| f.ahead[*s] == NONE && f.turn[*s] != NONE && f.stood_s[*s] >= after;
        let heads: Vec<usize> = f.active.iter().map(|s| *s as usize).filter(|s| stuck(s, REROUTE_S)).collect();
        let (mut again, mut lift) = (Vec::new(), Vec::new());
        for s in heads {
            // Once when due, and lifted from then on.
            if f.stood_s[s] >= RELOCATE_S {
                lift.push(s);
            } else if f.stood_s[s] < REROUTE_S + every_s {
                again.push(s);
            }
        }
        again.into_iter().for_each(|s| self.try_another_way(s));
        lift.into_iter().for_each(|s| self.relocate(s));
    }

    fn try_another_way(&mut self, s: usize) {
        let kept = self.legs_kept(s);
        if kept != self.fleet.leg[s] as usize + 1 {
            return;
        }
        let Some(blocked) = self.fleet.next_link(s) else { return };
        let was = self.costs[blocked as usize];
        self.costs[blocked as usize] = was + BLOCKED_S;
        let request = self.onward_request(s, kept);
        let route = self.searches[0].run(&self.network, &self.costs, request);
        self.costs[blocked as usize] = was;
        if let Some(route) = route.filter(|r| r.first() != Some(&blocked)) {
            self.take_route(s, kept, &route);
            self.counters.relief.rerouted += 1;
        }
    }

    fn relocate(&mut self, s: usize) {
        let leg = self.fleet.leg[s] as usize;
        let length = self.fleet.length(s);
        let last = (leg + RELOCATE_LINKS).min(self.fleet.route[s].len() - 1);
        for target in leg + 1..=last {
            let link = self.fleet.route[s][target];
            let row = self.network.links[link as usize];
            let (lane, _) = self.lanes_for(s, target);
            let tail = self.fleet.tail[(row.lane0 + u32::from(lane)) as usize];
            let room = if tail == NONE { row.length } else { self.fleet.rear(tail as usize) };
            if room > length + 2.0 {
                self.set_down(s, target, lane, length + 0.5);
                self.counters.relief.relocated += 1;
                return;
            }
        }
    }

    /// Puts a vehicle onto a later link of its route.
    fn set_down(&mut self, s: usize, leg: usize, lane: u8, pos: f32) {
        let n = &*self.network;
        let f = &mut self.fleet;
        let own = &n.links[f.link[s] as usize];
        let own_lane = (own.lane0 + u32::from(f.lane[s])) as usize;
        let link = f.route[s][leg];
        let lane_index = (n.links[link as usize].lane0 + u32::from(lane)) as usize;
        f.link_out(s, own_lane);
        let tail = f.tail[lane_index];
        f.link_in(s, lane_index, tail);
        f.driven_m[s] += f.route[s][f.leg[s] as usize..leg].iter().map(|l| n.links[*l as usize].length).sum::<f32>();
        f.leg[s] = leg as u32;
        f.link[s] = link;
        f.lane[s] = lane;
        f.pos[s] = pos;
        f.speed[s] = 0.0;
        f.stood_s[s] = 0.0;
        f.entered_s[s] = self.steps as f64 * Self::STEP_S;
        f.lateral[s] = n.shapes.lane_offset(link, lane);
        f.lateral_before[s] = f.lateral[s];
        f.past_turn_mps[s] = f32::INFINITY;
        f.was[s] = Was { leg: leg as u32, pos, speed: 0.0, lateral: f.lateral[s], moved: 0.0 };
        self.prepare_turn(s);
    }
}
