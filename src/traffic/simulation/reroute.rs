//! New ways for vehicles under way after closures. Nobody is taken off the road but who has no place left to go.

use citytwin_model::RoadId;

use super::{Simulation, tally::RefusalReason};
use crate::route::Request;

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
        self.micro.set_closed(&now);
        self.closed = now;
        self.replan_cut_trips();
        self.replan_waiting();
        self.refresh_link_states();
    }

    fn replan_cut_trips(&mut self) {
        let lifted: Vec<u32> = self.micro.lifted().collect();
        let all = self.fleet.active.iter().copied().chain(lifted);
        let cut = all.filter(|v| {
            let (route, leg) = self.micro.way_of(*v);
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
                self.micro.reroute(*v, kept, &onward, self.arrival_m(to, to_pos));
            } else {
                self.micro.withdraw(*v);
                self.fleet.active.retain(|other| other != v);
                self.counters.refuse(RefusalReason::StrandedByClosure);
            }
        }
    }

    /// Links of the route that stand: up to the present one, or to the next once the vehicle is inside the junction.
    fn legs_kept(&self, vehicle: u32) -> usize {
        let (_, leg) = self.micro.way_of(vehicle);
        leg + 1 + usize::from(self.micro.is_inside(vehicle))
    }

    fn onward_request(&self, vehicle: u32, kept: usize) -> Request {
        let (route, _) = self.micro.way_of(vehicle);
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
        for (vehicle, from) in self.micro.waiting().collect::<Vec<_>>() {
            let (route, _) = self.micro.way_of(vehicle);
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
                self.micro.reroute(vehicle, 1, &onward, self.arrival_m(to, trip.to_pos));
                continue;
            } else {
                RefusalReason::NoRoute
            };
            self.micro.withdraw(vehicle);
            self.counters.refuse(reason);
        }
    }
}
