//! How the vehicles drive: each by itself ([`crate::micro`]), or as queues, many times as fast ([`crate::meso`]). The live city may
//! change from one to the other while it runs: everybody keeps place, way and account.

use std::borrow::Cow;

use super::{
    Simulation, VehicleKind,
    fleet::{Fleet, Placed, Trip},
    tally::Relief,
};
use crate::{
    journeys::{DepartLane, DepartSpeed, Departure},
    lane_graph::NONE,
    meso::live::{Live, Track},
    micro::{Micro, NewJourney},
};

/// The view that vehicles drive in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TrafficView {
    /// Vehicle by vehicle: following, changing lanes, giving way.
    #[default]
    Micro,
    /// Lanes as queues: for a clock that runs fast.
    Meso,
}

/// A view at work.
pub(super) enum Drive {
    Micro(Box<Micro>),
    Meso(Box<Live>),
}

/// How many are where.
#[derive(Clone, Copy, Default)]
pub(super) struct DriveCounts {
    pub running: u64,
    pub waiting: u64,
}

impl Drive {
    pub fn view(&self) -> TrafficView {
        match self {
            Self::Micro(_) => TrafficView::Micro,
            Self::Meso(_) => TrafficView::Meso,
        }
    }

    /// Drives a step, which ends at a second of the day.
    pub fn step(&mut self, until_s: f64) {
        match self {
            Self::Micro(micro) => micro.step(),
            Self::Meso(meso) => meso.run_until(until_s),
        }
    }

    pub fn counts(&self) -> DriveCounts {
        match self {
            Self::Micro(micro) => {
                let counts = micro.counts();
                DriveCounts { running: counts.running, waiting: counts.waiting }
            }
            Self::Meso(meso) => {
                let (running, waiting) = meso.under_way();
                DriveCounts { running, waiting }
            }
        }
    }

    pub fn relief(&self) -> Relief {
        match self {
            Self::Micro(micro) => {
                let (counts, relocated) = (micro.counts(), micro.forced_at().len() as u64);
                Relief { forced: counts.forced - relocated, rerouted: counts.detours, relocated }
            }
            Self::Meso(meso) => Relief { forced: meso.forced(), rerouted: meso.detours(), relocated: 0 },
        }
    }

    pub fn state_hash(&self) -> u64 {
        match self {
            Self::Micro(micro) => micro.state_hash(),
            Self::Meso(meso) => meso.state_hash(),
        }
    }

    /// Queues a vehicle before its first link; `None` where no lanes join its way.
    pub fn depart(&mut self, new: NewJourney) -> Option<u32> {
        match self {
            Self::Micro(micro) => Some(micro.depart(new)),
            Self::Meso(meso) => meso.begin(&new),
        }
    }

    /// Puts a vehicle onto a lane where there is room for it, else before its first link.
    fn put(&mut self, new: NewJourney, lane: u32, at_m: f32, speed_mps: f32) -> Option<u32> {
        match self {
            Self::Micro(micro) => Some(micro.put(new, lane, at_m, speed_mps)),
            Self::Meso(meso) => meso.put(&new, lane, at_m, speed_mps),
        }
    }

    pub fn set_closed(&mut self, closed: &[bool]) {
        match self {
            Self::Micro(micro) => micro.set_closed(closed),
            Self::Meso(meso) => meso.shut(closed),
        }
    }

    /// Who left which link in the last step (vehicle, link), in the order they did.
    pub fn left(&self) -> &[(u32, u32)] {
        match self {
            Self::Micro(micro) => micro.left(),
            Self::Meso(meso) => meso.left(),
        }
    }

    /// Vehicles that arrived in the last step.
    pub fn arrived(&self) -> &[u32] {
        match self {
            Self::Micro(micro) => micro.arrived(),
            Self::Meso(meso) => meso.arrived(),
        }
    }

    /// Forgets what the last step noted.
    pub fn release(&mut self) {
        match self {
            Self::Micro(micro) => micro.release(),
            Self::Meso(meso) => meso.release(),
        }
    }

    /// The links that a vehicle drives, those behind it perhaps left out, and which of them it is on or, inside a junction, comes from.
    pub fn way_of(&self, vehicle: u32) -> (Cow<'_, [u32]>, usize) {
        match self {
            Self::Micro(micro) => {
                let (route, leg) = micro.way_of(vehicle);
                (Cow::Borrowed(route), leg)
            }
            Self::Meso(meso) => (Cow::Owned(meso.way_of(vehicle)), 0),
        }
    }

    /// Who waits to enter (vehicle, link), link by link, first come first.
    pub fn waiting(&self) -> Vec<(u32, u32)> {
        match self {
            Self::Micro(micro) => micro.waiting().collect(),
            Self::Meso(meso) => meso.waiting(),
        }
    }

    /// Taken out of a jam and not back on the road.
    pub fn lifted(&self) -> Vec<u32> {
        match self {
            Self::Micro(micro) => micro.lifted().collect(),
            Self::Meso(_) => Vec::new(),
        }
    }

    pub fn is_inside(&self, vehicle: u32) -> bool {
        match self {
            Self::Micro(micro) => micro.is_inside(vehicle),
            Self::Meso(meso) => meso.is_inside(vehicle),
        }
    }

    /// Another way from link `kept` of [`Self::way_of`] on; as [`Micro::reroute`].
    pub fn reroute(&mut self, vehicle: u32, kept: usize, onward: &[u32], arrival_m: f32) {
        match self {
            Self::Micro(micro) => micro.reroute(vehicle, kept, onward, arrival_m),
            Self::Meso(meso) => meso.reroute(vehicle, kept, onward, arrival_m),
        }
    }

    /// Takes a vehicle out, wherever it is.
    pub fn withdraw(&mut self, vehicle: u32) {
        match self {
            Self::Micro(micro) => micro.withdraw(vehicle),
            Self::Meso(meso) => meso.withdraw(vehicle),
        }
    }
}

/// Somebody who changes from one view to the other.
struct Moving {
    trip: Trip,
    route: Vec<u32>,
    /// Lane, metres along it; `None` before the first link.
    at: Option<(u32, f32)>,
}

impl Simulation {
    /// The view that vehicles drive in.
    pub fn view(&self) -> TrafficView {
        self.drive.view()
    }

    /// Has vehicles drive in a view from now on. Who is inside a junction comes out of it at once; who finds no room where it is
    /// waits to enter there.
    pub fn set_view(&mut self, view: TrafficView) {
        if view == self.view() {
            return;
        }
        self.see();
        let moving = self.moving();
        let relief = self.drive.relief();
        self.relief_before = self.relief_before.and(relief);
        let seed = self.taste_seed ^ self.steps;
        let types = VehicleKind::types();
        self.drive = match view {
            TrafficView::Micro => {
                let micro = Micro::live(self.graph.clone(), types, seed, self.clock_s(), Self::STEP_S);
                Drive::Micro(Box::new(micro))
            }
            TrafficView::Meso => Drive::Meso(Box::new(Live::new(self.graph.clone(), types, seed, self.clock_s()))),
        };
        self.drive.set_closed(&self.closed);
        self.fleet = Fleet::default();
        for one in moving {
            self.set_out(&one);
        }
        self.see();
        self.refresh_link_states();
    }

    fn set_out(&mut self, one: &Moving) {
        let to = one.route[one.route.len() - 1];
        let depart = Departure { lane: DepartLane::Best, at_m: None, speed: DepartSpeed::At(0.0) };
        let new = NewJourney {
            kind: u32::from(one.trip.kind),
            route: &one.route,
            depart,
            arrival_m: self.arrival_m(to, one.trip.to_pos),
            factor: one.trip.factor,
        };
        let number = match one.at {
            Some((lane, at_m)) => self.drive.put(new, lane, at_m, one.trip.now.speed),
            None => self.drive.depart(new),
        };
        match number {
            Some(number) => self.fleet.put(number, one.trip),
            None => self.counters.refuse(super::RefusalReason::NoRoute),
        }
    }

    /// Everybody under way, lane by lane, front first; then who is inside junctions, was lifted, waits to enter.
    fn moving(&mut self) -> Vec<Moving> {
        let lanes = self.graph.lanes.len() as u32;
        let mut moving = Vec::with_capacity(self.fleet.active.len());
        let mut later = Vec::new();
        for vehicle in self.fleet.active.clone() {
            let mut trip = self.fleet.trips[vehicle as usize];
            let (route, leg) = self.drive.way_of(vehicle);
            let route = route[leg..].to_vec();
            let Some(way) = trip.now.track.checked_sub(lanes) else {
                moving.push(Moving { trip, at: Some((trip.now.track, trip.now.pos)), route });
                continue;
            };
            // Out of the junction: onto the lane it drives into, unless it waits in the middle and has not left its link.
            let m = self.graph.moves[way as usize];
            if route.get(1) == Some(&m.to_link) && m.from_link == route[0] {
                self.leave(&mut trip, m.from_link);
                later.push(Moving { trip, at: Some((m.to, 0.0)), route: route[1..].to_vec() });
            } else {
                later.push(Moving { trip, at: Some((m.to, 0.0)), route });
            }
        }
        let lifted = self.drive.lifted().into_iter().map(|vehicle| (vehicle, true));
        let waiting = self.drive.waiting().into_iter().map(|(vehicle, _)| (vehicle, false));
        let rest: Vec<(u32, bool)> = lifted.chain(waiting).collect();
        moving.append(&mut later);
        for (vehicle, lifted) in rest {
            let (route, leg) = self.drive.way_of(vehicle);
            // Who was lifted has left its link.
            let from = if lifted { (leg + 1).min(route.len() - 1) } else { leg };
            let route = route[from..].to_vec();
            moving.push(Moving { trip: self.fleet.trips[vehicle as usize], at: None, route });
        }
        moving
    }

    /// Lists who is on the road in queues, and where. They are seen every second step: a clock for them runs fast.
    pub(super) fn see_queues(&mut self) {
        let Drive::Meso(meso) = &self.drive else { return };
        let lanes = self.graph.lanes.len() as u32;
        let Fleet { trips, active } = &mut self.fleet;
        active.clear();
        for place in meso.vehicles() {
            let track = match place.track {
                Track::Lane(lane) => lane,
                Track::Move(way) => lanes + way,
            };
            let now = Placed { track, came: NONE, pos: place.pos_m, speed: place.speed_mps, ..Placed::default() };
            let trip = &mut trips[place.vehicle as usize];
            (trip.was, trip.now, trip.seen) = (now, now, self.steps);
            active.push(place.vehicle);
        }
    }
}
