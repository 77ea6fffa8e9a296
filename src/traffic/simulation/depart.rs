//! Trips begin: drawn, checked, routed, and let onto the road where there is a gap.

use rayon::prelude::*;

use super::{Simulation, fleet::Entrant, kinds::VehicleKind, tally::RefusalReason};
use crate::{
    demand::TripEnds,
    network::NONE,
    route::{Request, Search},
};

/// A trip that waits at the kerb or at the edge of the map.
pub struct Pending {
    pub id: u32,
    pub kind: u8,
    pub temper: f32,
    pub route: Box<[u32]>,
    pub from_pos: f32,
    pub to_pos: f32,
    /// Comes from outside, at speed.
    pub from_gate: bool,
    pub at_s: f64,
}

/// From a gate one comes at speed, from the kerb at walking pace.
const KERB_MPS: f32 = 2.0;
/// Time gap left to the vehicle behind when pulling out, second (HCM 6th ch. 20: lag of a turn along the kerb).
const PULL_OUT_S: f32 = 2.5;
const PULL_OUT_M: f32 = 2.0;

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
        let from_length = self.network.links[trip.from as usize].length;
        let to_length = self.network.links[trip.to as usize].length;
        let vehicle_m = VehicleKind::of(trip.kind).driver().length_m;
        let from_pos = (trip.from_share * from_length).max(vehicle_m.min(0.7 * from_length));
        let mut to_pos = trip.to_share * to_length;
        if onward.is_empty() {
            to_pos = to_pos.max(from_pos + 1.0).min(to_length);
        }
        let pending = Pending {
            id,
            kind: trip.kind,
            temper: trip.temper,
            route: route.into(),
            from_pos,
            to_pos,
            from_gate: trip.from_share <= 0.0,
            at_s: self.elapsed_s(),
        };
        self.waiting.entry(trip.from).or_default().push_back(pending);
        self.waiting_count += 1;
    }

    /// Lets the first of each queue in where there is a gap.
    pub(super) fn enter_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for (link, queue) in &mut waiting {
            let fits = queue.front().and_then(|pending| self.gap_for(*link, pending));
            if let (Some((lane, leader)), Some(pending)) = (fits, queue.front()) {
                self.enter(*link, lane, leader, pending);
                queue.pop_front();
                self.waiting_count -= 1;
            }
        }
        waiting.retain(|_, queue| !queue.is_empty());
        self.waiting = waiting;
        self.fleet.list_active();
    }

    /// A lane with room, and the vehicle behind which to go.
    fn gap_for(&self, link: u32, pending: &Pending) -> Option<(u8, u32)> {
        let (f, n) = (&self.fleet, &*self.network);
        let row = &n.links[link as usize];
        let turn = pending.route.get(1).and_then(|to| n.turns.find(link, *to));
        let (lo, hi) = turn.map_or((0, row.lanes - 1), |t| {
            let turn = &n.turns.list[t as usize];
            (turn.lane_lo, turn.lane_hi)
        });
        let length = VehicleKind::of(pending.kind).driver().length_m;
        (lo..=hi).find_map(|lane| {
            let (leader, follower) = f.around((row.lane0 + u32::from(lane)) as usize, pending.from_pos);
            let ahead = leader == NONE || {
                let l = leader as usize;
                let headway = if pending.from_gate { f.speed[l] * f.driver(l).headway_s } else { 0.0 };
                f.rear(l) - pending.from_pos > PULL_OUT_M + headway
            };
            let behind = follower == NONE || {
                let b = follower as usize;
                pending.from_pos - length - f.pos[b] > PULL_OUT_M + PULL_OUT_S * f.speed[b]
            };
            (ahead && behind).then_some((lane, leader))
        })
    }

    fn enter(&mut self, link: u32, lane: u8, leader: u32, pending: &Pending) {
        let row = &self.network.links[link as usize];
        let driver = VehicleKind::of(pending.kind).driver();
        let factor = 1.0 + driver.spread * pending.temper;
        let wanted = if pending.from_gate { row.free_mps * factor } else { KERB_MPS };
        let speed = if leader == NONE { wanted } else { wanted.min(self.fleet.speed[leader as usize]) };
        let s = self.fleet.add(Entrant {
            id: pending.id,
            kind: pending.kind,
            lane,
            pos: pending.from_pos,
            speed,
            factor,
            route: pending.route.clone(),
            to_pos: pending.to_pos,
            departed_s: pending.at_s,
            now_s: self.elapsed_s(),
            lateral: self.network.shapes.lane_offset(link, lane),
        });
        let lane_index = (row.lane0 + u32::from(lane)) as usize;
        self.fleet.link_in(s, lane_index, leader);
        self.prepare_turn(s);
    }
}
