//! Trips begin: drawn, checked, routed, and queued before their first link.

use rayon::prelude::*;

use super::{Simulation, fleet::Trip, kinds::VehicleKind, tally::RefusalReason};
use crate::{
    demand::TripEnds,
    journeys::{DepartLane, DepartSpeed, Departure},
    micro::NewJourney,
    route::{Request, Search},
};

/// From a gate one comes at speed, from the kerb at walking pace.
const KERB_MPS: f32 = 2.0;

impl Simulation {
    pub(super) fn draw_departures(&mut self) {
        let (hour, weekend) = self.hour();
        let mut drawn = std::mem::take(&mut self.drawn);
        drawn.clear();
        self.demand.draw(hour, weekend, Self::STEP_S * self.demand_factor, &mut self.rng, &mut drawn);
        self.admit(&drawn);
        self.drawn = drawn;
    }

    /// Counts, checks and routes trips, and queues those that can be made.
    pub(super) fn admit(&mut self, trips: &[TripEnds]) {
        if trips.is_empty() {
            return;
        }
        let first = self.next_vehicle;
        self.next_vehicle += trips.len() as u32;
        self.counters.demanded += trips.len() as u64;
        let mut wanted = Vec::with_capacity(trips.len());
        for (trip, id) in trips.iter().zip(first..) {
            match self.refusal(trip) {
                Some(reason) => self.counters.refuse(reason),
                None => wanted.push((id, *trip)),
            }
        }
        let requests: Vec<Request> =
            wanted.iter().map(|(id, t)| Request { from: t.from, to: t.to, taste: self.taste(*id) }).collect();
        let routes = self.routes(&requests);
        for ((id, trip), route) in wanted.iter().zip(routes) {
            match route {
                Some(onward) => self.queue(*id, trip, &onward),
                None => self.counters.refuse(RefusalReason::NoRoute),
            }
        }
    }

    pub(super) fn taste(&self, vehicle: u32) -> u64 {
        self.taste_seed ^ u64::from(vehicle).wrapping_mul(0xA24B_AED4_963E_E407)
    }

    fn refusal(&self, trip: &TripEnds) -> Option<RefusalReason> {
        let (from, to) = (trip.from as usize, trip.to as usize);
        if self.closed[from] {
            Some(RefusalReason::OriginClosed)
        } else if self.closed[to] {
            Some(RefusalReason::DestinationClosed)
        } else if !self.network.links[from].reaches_core {
            Some(RefusalReason::OriginCutOff)
        } else if !self.network.links[to].reached_from_core {
            Some(RefusalReason::DestinationCutOff)
        } else {
            None
        }
    }

    /// Fastest ways at today's costs, side by side; each is a function of its request alone.
    pub(super) fn routes(&mut self, requests: &[Request]) -> Vec<Option<Vec<u32>>> {
        let (network, costs) = (&*self.network, &self.costs);
        let one = |search: &mut Search, request: &Request| {
            let stays = request.from == request.to;
            if stays { Some(Vec::new()) } else { search.run(network, costs, *request) }
        };
        let share = requests.len().div_ceil(self.searches.len()).max(1);
        if requests.len() < 4 {
            let search = &mut self.searches[0];
            return requests.iter().map(|r| one(search, r)).collect();
        }
        let parts: Vec<Vec<_>> = self
            .searches
            .par_iter_mut()
            .zip(requests.par_chunks(share))
            .map(|(search, part)| part.iter().map(|r| one(search, r)).collect())
            .collect();
        parts.into_iter().flatten().collect()
    }

    fn queue(&mut self, id: u32, trip: &TripEnds, onward: &[u32]) {
        let mut route = Vec::with_capacity(onward.len() + 1);
        route.push(trip.from);
        route.extend_from_slice(onward);
        let first = &self.network.links[trip.from as usize];
        let kind = VehicleKind::of(trip.kind);
        let from_pos = (trip.from_share * first.length).max(kind.length_m().min(0.7 * first.length));
        let to_length = self.network.links[trip.to as usize].length;
        let mut to_pos = trip.to_share * to_length;
        if onward.is_empty() {
            to_pos = to_pos.max(from_pos + 1.0).min(to_length);
        }
        let from_gate = trip.from_share <= 0.0;
        let depart = Departure {
            lane: DepartLane::Best,
            at_m: (!from_gate).then(|| (from_pos - first.entry).max(0.0)),
            speed: if from_gate { DepartSpeed::Max } else { DepartSpeed::At(KERB_MPS) },
        };
        let factor = kind.speed_factor(trip.temper);
        let vehicle = self.drive.depart(NewJourney {
            kind: u32::from(trip.kind),
            route: &route,
            depart,
            arrival_m: self.arrival_m(trip.to, to_pos),
            factor,
        });
        let Some(vehicle) = vehicle else { return self.counters.refuse(RefusalReason::NoRoute) };
        let departed_s = self.elapsed_s();
        self.fleet.put(
            vehicle,
            Trip {
                id,
                kind: trip.kind,
                factor,
                from: trip.from,
                from_pos,
                to_pos,
                departed_s,
                left_s: f64::NAN,
                ..Trip::default()
            },
        );
    }

    /// Metres along a link's lanes, as the microscopic view counts them, of a place along the link.
    pub(super) fn arrival_m(&self, link: u32, pos: f32) -> f32 {
        (pos - self.network.links[link as usize].entry).max(0.0)
    }
}
