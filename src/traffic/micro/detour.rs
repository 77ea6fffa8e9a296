//! Drivers who cannot get into the lane that their way needs, or see no room behind the junction for long, take another
//! way: so a ring of full streets opens.

use super::{
    Micro,
    car::{Car, HALT, Hold, LAST},
    reach::among,
};
use crate::{journeys::DepartSpeed, lane_graph::NONE};

/// So long a driver waits at the end of a lane for a gap in the next one, second.
const PATIENCE_S: f32 = 40.0;
/// … and so long before a junction for room behind it.
const ROOM_PATIENCE_S: f32 = 90.0;
/// Who has stood so long at the head of a lane, for anything but a signal or a stop, and finds no other way, is lifted out of
/// the jam: a street of it is skipped, and that is counted. (SUMO's default before it teleports; after 120 s three to seven times as
/// many were lifted where demand is near capacity. Far above it, jams open sooner the sooner vehicles are lifted.)
const LIFT_S: f32 = 300.0;
/// A driver leaves its way at most so often.
const MOST_STRAYS: u8 = 3;
/// Looked at every so many steps.
const EVERY: u64 = 8;

impl Micro {
    pub(super) fn take_detours(&mut self) {
        if !self.steps.is_multiple_of(EVERY) {
            return;
        }
        let mut regions = std::mem::take(&mut self.regions);
        for lane in regions.iter_mut().flat_map(|region| region.stuck.drain(..)) {
            if self.on(lane as usize).first().is_some_and(|car| self.waits(car)) {
                self.take_detour(lane);
            }
        }
        self.regions = regions;
    }

    /// Whether the first vehicle of a lane has waited for so long that it looks for another way; looked at every few steps.
    pub(super) fn waits(&self, car: &Car) -> bool {
        let free = car.flags & (LAST | HALT) == 0;
        let patience = match (car.way, car.hold) {
            (NONE, _) if free => PATIENCE_S,
            (_, Hold::Room) if free => ROOM_PATIENCE_S,
            (_, Hold::Signal | Hold::Stop) => f32::INFINITY,
            _ => LIFT_S,
        };
        car.stood > patience && self.steps.is_multiple_of(EVERY)
    }

    /// Lets the first vehicle of a lane go where the lane leads, and on to its destination from there.
    fn take_detour(&mut self, lane: u32) {
        let mut car = self.tracks[lane as usize].cars[0];
        let (users, leg) = (self.users(car.vehicle), self.voyages[car.vehicle as usize].leg as usize);
        let route = self.route(car.vehicle);
        // Who leaves its way again and again goes round in circles.
        if leg + 1 == route.len() || self.voyages[car.vehicle as usize].strays >= MOST_STRAYS {
            return self.lift(lane);
        }
        let (driven, last) = (route[..=leg].to_vec(), route[route.len() - 1]);
        let driver = self.drivers[usize::from(car.kind)];
        let mut best: Option<Vec<u32>> = None;
        for m in self.graph.moves_of(lane) {
            let to = &self.graph.moves[m as usize];
            let full = car.way != NONE && (m == car.way || !self.has_room(&car, &driver, m));
            if full || to.spare || self.is_closed(to.to_link) || !self.graph.lanes[to.to as usize].users.admit(users) {
                continue;
            }
            let mut way = driven.clone();
            way.push(to.to_link);
            let found = to.to_link == last
                || self.finder.append(&self.graph, (to.to_link, last), users, &self.closed, &mut way);
            if found && best.as_ref().is_none_or(|b| way.len() < b.len()) {
                best = Some(way);
            }
        }
        let Some(way) = best else { return self.lift(lane) };
        let voyage = &mut self.voyages[car.vehicle as usize];
        voyage.strays += 1;
        // Stops on the links that it leaves out are not made.
        voyage.stops.0 = voyage.stops.1;
        self.keep_route(car.vehicle, way.into());
        self.counts.detours += 1;
        self.settle_on(&mut car, lane);
        car.stood = 0.0;
        self.tracks[lane as usize].cars[0] = car;
    }

    /// Takes the first vehicle of a lane out of a jam that nothing else resolves; [`Self::set_down`] puts it back.
    fn lift(&mut self, lane: u32) {
        let car = self.tracks[lane as usize].cars[0];
        if car.stood < LIFT_S {
            return;
        }
        self.tracks[lane as usize].cars.remove(0);
        let link = self.graph.lanes[lane as usize].link;
        self.counts.forced += 1;
        self.forced.push((self.graph.links[link as usize].to, self.now_ms));
        if self.voyages[car.vehicle as usize].leg as usize + 1 == self.route(car.vehicle).len() {
            // Its last street was all that was left.
            self.arrive(&car);
            return;
        }
        self.leave_link(&car, link);
        self.lifted.push(car);
    }

    /// Puts those who were lifted onto the next link of their way that has room at its start.
    pub(super) fn set_down(&mut self) {
        let lifted = std::mem::take(&mut self.lifted);
        for mut car in lifted {
            let leg = self.voyages[car.vehicle as usize].leg;
            let legs = self.route(car.vehicle).len() as u32;
            if !(leg + 1..legs).any(|leg| self.put_on(&mut car, leg)) {
                self.lifted.push(car);
            }
        }
    }

    fn put_on(&mut self, car: &mut Car, leg: u32) -> bool {
        let (link, users) = (self.route(car.vehicle)[leg as usize], self.users(car.vehicle));
        let good = self.lanes_ahead(car.vehicle, leg).good;
        let driver = self.drivers[usize::from(car.kind)];
        for lane in self.graph.lanes_of(link) {
            let row = self.graph.lanes[lane as usize];
            if !among(good, row.index) || !row.users.admit(users) {
                continue;
            }
            let (was_m, now_ms) = (car.pos, self.now_ms + self.step_ms);
            car.pos = car.length.min(0.9 * row.length_m);
            self.voyages[car.vehicle as usize].drive.carried(was_m - car.pos, now_ms);
            (car.came, car.stood, car.settled) = (NONE, 0.0, 0.0);
            car.wanted = self.wanted(car, row.limit_mps);
            if let Some(speed) = self.entry_speed(car, &driver, lane, DepartSpeed::At(0.0)) {
                let voyage = &mut self.voyages[car.vehicle as usize];
                (voyage.leg, voyage.on_link_ms) = (leg, self.now_ms + self.step_ms);
                car.speed = speed;
                self.settle_on(car, lane);
                self.place(lane as usize, *car);
                return true;
            }
        }
        false
    }
}
