//! A run without a list: vehicles come one by one and leave no trace, roads close under them, ways change.

use std::sync::Arc;

use super::{Micro, reach::LanesAhead, record::Voyage};
use crate::{
    journeys::{DepartLane, DepartSpeed, Departure, Journey, Journeys, VehicleType},
    lane_graph::{LaneGraph, NONE},
};

/// Deceleration that everybody is sure to manage, metre per second squared; slower than this, one stands.
const SURE_MPS2: f32 = 2.5;
const SLOW_MPS: f32 = 1.0;

/// What a live run keeps besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    /// Numbers to give again.
    pub(super) free: Vec<u32>,
    /// Vehicles that have arrived in the last step.
    pub(super) arrived: Vec<u32>,
    /// Vehicles that have left a link in the last step, in the order they did.
    pub(super) left: Vec<(u32, u32)>,
}

/// A vehicle that sets out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NewJourney<'a> {
    /// Row of the vehicle types.
    pub kind: u32,
    /// Links, at least one, joined one to the next.
    pub route: &'a [u32],
    pub depart: Departure,
    /// Metre along the last link.
    pub arrival_m: f32,
    /// Wanted speed over the limit, above 0.
    pub factor: f32,
}

impl Micro {
    /// An empty network where vehicles of these types will come ([`Self::depart`]). Their numbers are given again after
    /// [`Self::release`].
    pub fn live(graph: Arc<LaneGraph>, types: Vec<VehicleType>, seed: u64, begin_s: f64, step_s: f64) -> Self {
        let journeys = Journeys { types, ..Journeys::default() };
        let mut new = Self::new(graph, Arc::new(journeys), seed, begin_s, step_s);
        new.entries.as_they_come();
        new.live = Some(Live::default());
        new
    }

    /// Puts a vehicle into the queue before its first link; its number. For live runs.
    pub fn depart(&mut self, new: NewJourney) -> u32 {
        let journey = Journey {
            kind: new.kind,
            depart_s: self.now_s(),
            route: (0, 0),
            stops: (0, 0),
            depart: new.depart,
            arrival_m: new.arrival_m,
        };
        let list = &mut Arc::make_mut(&mut self.journeys).list;
        let vehicle = match self.live.as_mut().and_then(|live| live.free.pop()) {
            Some(vehicle) => {
                list[vehicle as usize] = journey;
                vehicle
            }
            None => {
                list.push(journey);
                self.entries.grow();
                self.detours.push(Box::default());
                self.voyages.push(Voyage::default());
                (self.voyages.len() - 1) as u32
            }
        };
        let last = new.route[new.route.len() - 1];
        let lanes = self.graph.lanes_of(last).map(|l| self.graph.lanes[l as usize].length_m);
        self.voyages[vehicle as usize] = Voyage {
            detour: vehicle,
            factor: new.factor.max(0.01),
            arrival_m: lanes.fold(new.arrival_m, f32::min),
            ..Voyage::default()
        };
        self.detours[vehicle as usize] = new.route.into();
        self.entries.push(new.route[0], vehicle);
        self.counts.loaded += 1;
        vehicle
    }

    /// Puts a vehicle onto a lane of its first link, behind those put there before, where it has room; else it waits to enter there.
    pub fn put(&mut self, new: NewJourney, lane: u32, at_m: f32, speed_mps: f32) -> u32 {
        let row = self.graph.lanes[lane as usize];
        // Who could not stop any more at the lane's end begins at a stand.
        let stops_m = speed_mps * speed_mps / (2.0 * SURE_MPS2);
        let moves = row.length_m - at_m > stops_m && speed_mps > SLOW_MPS;
        let speed = if moves { DepartSpeed::Max } else { DepartSpeed::At(0.0) };
        let depart = Departure { lane: DepartLane::Index(row.index), at_m: Some(at_m), speed };
        let vehicle = self.depart(NewJourney { depart, ..new });
        if row.link == new.route[0] && self.try_enter(vehicle, row.link) {
            self.entries.withdraw(row.link, vehicle);
            self.count_now();
        }
        vehicle
    }

    /// Vehicles that arrived in the last step; their numbers stay theirs until [`Self::release`].
    pub fn arrived(&self) -> &[u32] {
        self.live.as_ref().map_or(&[], |live| &live.arrived)
    }

    /// Who left which link in the last step (vehicle, link), in the order they did.
    pub fn left(&self) -> &[(u32, u32)] {
        self.live.as_ref().map_or(&[], |live| &live.left)
    }

    /// Gives the numbers of those who arrived free, and forgets what the last step noted.
    pub fn release(&mut self) {
        if let Some(live) = &mut self.live {
            live.free.append(&mut live.arrived);
            live.left.clear();
        }
    }

    /// Links that nobody may drive into from now on, one flag each: for those who look for a way out of a jam. Routes are
    /// the caller's to change.
    pub fn set_closed(&mut self, closed: &[bool]) {
        self.closed = closed.to_vec();
    }

    pub(super) fn is_closed(&self, link: u32) -> bool {
        self.closed.get(link as usize).is_some_and(|closed| *closed)
    }

    /// The links that a vehicle drives, and which of them it is on or, inside a junction, comes from.
    pub fn way_of(&self, vehicle: u32) -> (&[u32], usize) {
        (self.route(vehicle), self.voyages[vehicle as usize].leg as usize)
    }

    /// Who waits to enter, link by link, first come first.
    pub fn waiting(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.entries.links().flat_map(|link| self.entries.waiting(link).map(move |vehicle| (vehicle, link)))
    }

    /// Vehicles that were lifted out of a jam and are not back on the road.
    pub fn lifted(&self) -> impl Iterator<Item = u32> + '_ {
        self.lifted.iter().map(|car| car.vehicle)
    }

    /// Whether a vehicle is inside a junction.
    pub fn is_inside(&self, vehicle: u32) -> bool {
        self.find(vehicle).is_some_and(|(track, _)| track >= self.graph.lanes.len())
    }

    /// Another way for a vehicle of a live run from link `kept` of its route on; `kept` is beyond the link it is on and,
    /// inside a junction, beyond the one it drives into. `arrival_m`: where it ends on its last link.
    pub fn reroute(&mut self, vehicle: u32, kept: usize, onward: &[u32], arrival_m: f32) {
        let mut route = self.route(vehicle)[..kept].to_vec();
        route.extend_from_slice(onward);
        let lanes = self.graph.lanes_of(route[route.len() - 1]).map(|l| self.graph.lanes[l as usize].length_m);
        self.voyages[vehicle as usize].arrival_m = lanes.fold(arrival_m, f32::min);
        self.keep_route(vehicle, route.into());
        if let Some((track, at)) = self.find(vehicle).filter(|(track, _)| *track < self.graph.lanes.len()) {
            let mut car = self.tracks[track].cars[at];
            self.settle_on(&mut car, track as u32);
            self.tracks[track].cars[at] = car;
        }
    }

    /// Takes a vehicle of a live run out, wherever it is; it is no longer counted as loaded.
    pub fn withdraw(&mut self, vehicle: u32) {
        let first = self.route(vehicle)[0];
        if let Some((track, at)) = self.find(vehicle) {
            self.tracks[track].cars.remove(at);
            self.counts.inserted -= 1;
        } else if self.lifted.iter().any(|car| car.vehicle == vehicle) {
            self.lifted.retain(|car| car.vehicle != vehicle);
            self.counts.inserted -= 1;
        } else if !self.entries.withdraw(first, vehicle) {
            return;
        }
        self.counts.loaded -= 1;
        self.count_now();
        if let Some(live) = &mut self.live {
            live.free.push(vehicle);
        }
    }

    /// The vehicle's track and its place there.
    fn find(&self, vehicle: u32) -> Option<(usize, usize)> {
        let track = self.voyages[vehicle as usize].track;
        let at = self.tracks.get(track as usize)?.cars.iter().position(|c| c.vehicle == vehicle)?;
        Some((track as usize, at))
    }

    /// A route of the vehicle's own from now on.
    pub(super) fn keep_route(&mut self, vehicle: u32, route: Box<[u32]>) {
        let voyage = &mut self.voyages[vehicle as usize];
        // To be looked up again.
        voyage.ahead = LanesAhead::default();
        if voyage.detour == NONE {
            voyage.detour = self.detours.len() as u32;
            self.detours.push(route);
        } else {
            self.detours[voyage.detour as usize] = route;
        }
    }

    /// Notes for a live run that a link was left; `false` in any other.
    pub(super) fn note_left(&mut self, vehicle: u32, link: u32) -> bool {
        let Some(live) = &mut self.live else { return false };
        live.left.push((vehicle, link));
        true
    }

    pub(super) fn note_ended(&mut self, vehicle: u32) {
        if let Some(live) = &mut self.live {
            live.arrived.push(vehicle);
        }
    }
}
