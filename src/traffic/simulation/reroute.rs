//! New ways for vehicles under way: after closures, and of drivers who follow live travel times. Nobody is taken off the road but
//! who has no place left to go.

use citytwin_model::RoadId;

use super::{Simulation, tally::RefusalReason};
use crate::route::Request;

/// A link is worth driving around when it takes so much longer than when empty: times, and seconds more.
const SLOW_TIMES: f32 = 1.5;
const SLOW_S: f32 = 20.0;
/// … and a new way is taken when it takes so much less of what is left, and seconds less: drivers do not change for little
/// (Mahmassani and Jayakrishnan, Transportation Research A 25 (1991) 293: a fifth, and at least a minute).
const BETTER_SHARE: f32 = 0.8;
const BETTER_S: f32 = 60.0;

impl Simulation {
    /// Drivers who follow live travel times and have a slow link before them look for a better way.
    pub(super) fn guide(&mut self) {
        let slow = |l: usize| self.costs[l] > SLOW_TIMES * self.network.links[l].base_cost + SLOW_S;
        let slow: Vec<bool> = (0..self.costs.len()).map(slow).collect();
        if !slow.contains(&true) {
            return;
        }
        let guided = |v: &u32| {
            let (route, leg) = self.drive.way_of(*v);
            self.follows_live_times(*v) && route.iter().skip(leg + 1).any(|l| slow[*l as usize])
        };
        let guided: Vec<u32> = self.fleet.active.iter().copied().filter(guided).collect();
        let asked = guided.iter().map(|v| self.onward_request(*v, self.legs_kept(*v)));
        let requests: Vec<Request> = asked.collect();
        for (vehicle, found) in guided.iter().zip(self.routes(&requests)) {
            if let Some(onward) = found {
                self.take_if_better(*vehicle, &onward);
            }
        }
    }

    /// The same drivers always do.
    fn follows_live_times(&self, vehicle: u32) -> bool {
        let taste = self.taste(self.fleet.trips[vehicle as usize].id).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        ((taste >> 40) as f64 / (1_u64 << 24) as f64) < self.demand.live_routes_share
    }

    fn take_if_better(&mut self, vehicle: u32, onward: &[u32]) {
        let kept = self.legs_kept(vehicle);
        let (route, _) = self.drive.way_of(vehicle);
        let takes_s = |links: &[u32]| links.iter().map(|l| self.costs[*l as usize]).sum::<f32>();
        let Some(rest) = route.get(kept..).filter(|rest| *rest != onward) else { return };
        let (before_s, after_s) = (takes_s(rest), takes_s(onward));
        if after_s < BETTER_SHARE * before_s && after_s < before_s - BETTER_S {
            let (to, to_pos) = (route[route.len() - 1], self.fleet.trips[vehicle as usize].to_pos);
            self.drive.reroute(vehicle, kept, onward, self.arrival_m(to, to_pos));
            self.counters.guided += 1;
        }
    }

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
        self.drive.set_closed(&now);
        self.closed = now;
        self.replan_cut_trips();
        self.replan_waiting();
        self.refresh_link_states();
    }

    fn replan_cut_trips(&mut self) {
        let lifted: Vec<u32> = self.drive.lifted();
        let all = self.fleet.active.iter().copied().chain(lifted);
        let cut = all.filter(|v| {
            let (route, leg) = self.drive.way_of(*v);
            route[leg + 1..].iter().any(|l| self.closed[*l as usize])
        });
        let cut: Vec<u32> = cut.collect();
        self.replan(&cut);
    }

    /// Finds new ways for vehicles; who has none left goes to the nearest open place, or is refused.
    fn replan(&mut self, vehicles: &[u32]) {
        let kept: Vec<usize> = vehicles.iter().map(|v| self.legs_kept(*v)).collect();
        let asked = |(v, kept): (&u32, &usize)| self.onward_request(*v, *kept);
        let requests: Vec<Request> = vehicles.iter().zip(&kept).map(asked).collect();
        let routes = self.routes(&requests);
        for (((v, kept), request), route) in vehicles.iter().zip(kept).zip(requests).zip(routes) {
            let to_pos = self.fleet.trips[*v as usize].to_pos;
            let found = match route {
                Some(onward) => Some((onward, request.to, to_pos)),
                None => self.detour(request),
            };
            if let Some((onward, to, to_pos)) = found {
                self.fleet.trips[*v as usize].to_pos = to_pos;
                self.drive.reroute(*v, kept, &onward, self.arrival_m(to, to_pos));
            } else {
                self.drive.withdraw(*v);
                self.fleet.active.retain(|other| other != v);
                self.counters.refuse(RefusalReason::StrandedByClosure);
            }
        }
    }

    /// Links of the route that stand: up to the present one, or to the next once the vehicle is inside the junction.
    fn legs_kept(&self, vehicle: u32) -> usize {
        let (_, leg) = self.drive.way_of(vehicle);
        leg + 1 + usize::from(self.drive.is_inside(vehicle))
    }

    fn onward_request(&self, vehicle: u32, kept: usize) -> Request {
        let (route, _) = self.drive.way_of(vehicle);
        let driven = &route[kept.saturating_sub(6)..kept];
        let from = self.network.states.after(driven).unwrap_or(route[kept - 1]);
        let taste = self.taste(self.fleet.trips[vehicle as usize].id);
        Request { from, to: route[route.len() - 1], taste }
    }

    /// The destination cannot be reached: the way to the open place nearest to it that can, its link and metres along that.
    fn detour(&mut self, request: Request) -> Option<(Vec<u32>, u32, f32)> {
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
            Some((route, to, 0.5 * self.network.links[to as usize].length))
        });
        self.counters.diverted += u64::from(found.is_some());
        found
    }

    fn replan_waiting(&mut self) {
        for (vehicle, from) in self.drive.waiting() {
            let (route, _) = self.drive.way_of(vehicle);
            let to = route[route.len() - 1];
            let cut = route.iter().any(|l| self.closed[*l as usize]);
            let trip = self.fleet.trips[vehicle as usize];
            let request = Request { from, to, taste: self.taste(trip.id) };
            let reason = if self.closed[from as usize] {
                RefusalReason::OriginClosed
            } else if self.closed[to as usize] {
                RefusalReason::DestinationClosed
            } else if !cut {
                continue;
            } else if let Some(onward) = self.searches[0].run(&self.network, &self.costs, request) {
                self.drive.reroute(vehicle, 1, &onward, self.arrival_m(to, trip.to_pos));
                continue;
            } else {
                RefusalReason::NoRoute
            };
            self.drive.withdraw(vehicle);
            self.counters.refuse(reason);
        }
    }
}
