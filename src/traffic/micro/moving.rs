//! Carries the plans out: every region moves its vehicles and finds where those end up that leave their track, in parallel;
//! then they are put there in a fixed order.

use super::{
    CONTACT_M, Micro,
    car::{ASTRAY, BRAKES, BUSY, Car, HALT, LAST, NEAR, Plan, Track},
    follow::HALTING_MPS,
    gaps,
    reach::LanesAhead,
    region::{AT_ONCE, Part, Piece, Region, each, fetch, pieces},
    tally,
};
use crate::lane_graph::NONE;

/// Where a vehicle that left its track ends up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landing {
    pub car: Car,
    /// [`NONE`]: it arrives.
    pub track: u32,
    pub leg: u32,
    /// What it left, rows of [`Region::left`].
    pub left: u32,
    /// Metres that the tracks it left are long.
    pub crossed_m: f32,
    /// The lanes ahead, where it came onto another link.
    pub ahead: Option<LanesAhead>,
}

/// A track that a vehicle left.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left {
    Link(u32),
    /// A way through a junction; the vehicle is so many metres past its end.
    Way(u32, f32),
}

/// What moving a track's vehicles needs to know of it.
#[derive(Clone, Copy)]
struct On {
    track: usize,
    length_m: f32,
    /// Place of a lane in its link; none inside a junction.
    lane: Option<u8>,
}

impl Micro {
    /// Speeds and places as planned; those beyond their track's end are taken off it and put where they end up.
    pub(super) fn advance(&mut self) {
        let mut regions = std::mem::take(&mut self.regions);
        let mut tracks = std::mem::take(&mut self.tracks);
        let mut marks = std::mem::take(&mut self.marks);
        let pieces = pieces(&mut regions, &mut tracks, &mut marks, self.graph.lanes.len());
        each(self.counts.running, pieces.into_iter(), |piece| self.advance_region(piece));
        (self.regions, self.tracks, self.marks) = (regions, tracks, marks);
    }

    fn advance_region(&self, Piece { region, parts }: Piece) {
        let (plans, busy) = (std::mem::take(&mut region.plans), std::mem::take(&mut region.busy));
        let mut next = &plans[..];
        let lanes = busy.partition_point(|t| (*t as usize) < self.graph.lanes.len());
        for (Part { first, tracks, marks }, busy) in parts.into_iter().zip([&busy[..lanes], &busy[lanes..]]) {
            for some in busy.chunks(AT_ONCE) {
                fetch(some.iter().map(|t| tracks[*t as usize - first].touch()));
                self.fetch_leaving(
                    some.iter().map(|t| (&tracks[*t as usize - first], self.lengths_m[*t as usize])),
                    next,
                );
                for track in some.iter().map(|t| *t as usize) {
                    let lane = self.graph.lanes.get(track).map(|l| l.index);
                    let on = On { track, length_m: self.lengths_m[track], lane };
                    let (own, rest) = next.split_at(tracks[track - first].cars.len());
                    next = rest;
                    marks[track - first] = self.advance_track(&mut tracks[track - first], on, own, region);
                }
            }
        }
        (region.plans, region.busy) = (plans, busy);
    }

    /// Reads what those need who leave their track, the first ones of tracks of some length: all at once, in two stages.
    fn fetch_leaving<'a>(&self, tracks: impl Iterator<Item = (&'a Track, f32)>, plans: &[Plan]) {
        let (mut leaving, mut count, mut row) = ([0; AT_ONCE], 0, 0);
        for (track, length_m) in tracks {
            let first = track.cars.first().zip(plans.get(row));
            if let Some((car, _)) = first.filter(|(car, plan)| car.pos + plan.moved >= length_m) {
                leaving[count] = car.vehicle;
                count += 1;
            }
            row += track.cars.len();
        }
        let leaving = &leaving[..count];
        let known = |v: &u32| self.voyages[*v as usize].leg as f32 + self.journeys.list[*v as usize].route.0 as f32;
        fetch(leaving.iter().map(known));
        let next = |v: &u32| self.route(*v).get(self.voyages[*v as usize].leg as usize + 1);
        fetch(leaving.iter().filter_map(next).map(|link| self.graph.links[*link as usize].length_m));
    }

    /// Moves the vehicles of a track; its marks.
    fn advance_track(&self, track: &mut Track, on: On, plans: &[Plan], region: &mut Region) -> u8 {
        let dt = self.dt();
        let (mut leaves, mut astray) = (0, false);
        // Rear of the vehicle before, where it stops now: nobody drives into one that brakes harder than was expected.
        let (mut rear, mut ahead_mps) = (f32::INFINITY, 0.0);
        for (i, (car, plan)) in track.cars.iter_mut().zip(plans).enumerate() {
            region.forced += u64::from(plan.forced && plan.speed >= HALTING_MPS);
            car.pos = (car.pos + plan.moved).min(rear - CONTACT_M).max(car.pos);
            if tally::comes_near(car, rear - car.pos, plan.speed - ahead_mps) {
                region.near.push(on.track as u32);
            }
            (rear, ahead_mps) = (car.rear(), plan.speed);
            move_on(car, plan, dt);
            if car.flags & HALT != 0 {
                region.halting.push((on.track as u32, car.vehicle));
            }
            astray |= on.lane.is_some_and(|lane| car.is_astray(lane));
            if leaves == i && self.leaves(car, on) {
                leaves += 1;
                self.land(*car, on.track, region);
            }
        }
        track.cars.drain(..leaves);
        let Some(last) = track.cars.last() else { return 0 };
        if on.lane.is_some() && self.waits(&track.cars[0]) {
            region.stuck.push(on.track as u32);
        }
        BUSY | if last.rear() < gaps::ASIDE_M { NEAR } else { 0 } | if astray { ASTRAY } else { 0 }
    }

    fn leaves(&self, car: &Car, on: On) -> bool {
        let ends =
            car.flags & LAST != 0 && on.lane.is_some() && car.pos >= self.voyages[car.vehicle as usize].arrival_m;
        ends || car.pos >= on.length_m && (on.lane.is_none() || car.way != NONE)
    }

    /// Where a vehicle ends up that leaves its track; a fast one may cross several in a step.
    fn land(&self, mut car: Car, mut track: usize, region: &mut Region) {
        let voyage = &self.voyages[car.vehicle as usize];
        let (mut leg, mut left, mut ahead, mut crossed_m) = (voyage.leg, 0, None, 0.0);
        let to = loop {
            if car.flags & LAST != 0 && track < self.graph.lanes.len() {
                break NONE;
            }
            let length_m = self.track_length(track);
            car.pos -= length_m;
            crossed_m += length_m;
            left += 1;
            if track < self.graph.lanes.len() {
                region.left.push(Left::Link(self.graph.lanes[track].link));
                car.wanted = self.wanted(&car, self.graph.moves[car.way as usize].limit_mps);
                track = self.track_of(car.way);
            } else {
                let way = (track - self.graph.lanes.len()) as u32;
                let lane = self.graph.moves[way as usize].to;
                region.left.push(Left::Way(way, car.pos));
                leg += 1;
                car.came = way;
                ahead = Some(self.settle_at(&mut car, lane, leg));
                track = lane as usize;
            }
            if self.stranded(&car, track) {
                // It waits at the very end for a gap in the lane it needs.
                car.pos = car.pos.min(self.track_length(track));
                break track as u32;
            }
            let ends = car.flags & LAST != 0 && track < self.graph.lanes.len();
            if car.pos < if ends { voyage.arrival_m } else { self.track_length(track) } {
                break track as u32;
            }
        };
        region.landings.push(Landing { car, track: to, leg, left, ahead, crossed_m });
    }

    /// Vehicles that have made a stop look for their way again.
    pub(super) fn make_stops(&mut self) {
        let mut regions = std::mem::take(&mut self.regions);
        let (dt, now_ms) = (self.dt(), self.now_ms + self.step_ms);
        for (track, vehicle) in regions.iter_mut().flat_map(|r| r.halting.drain(..)) {
            let cars = &self.tracks[track as usize].cars;
            let Some(at) = cars.iter().position(|c| c.vehicle == vehicle) else { continue };
            let mut car = cars[at];
            let voyage = &mut self.voyages[vehicle as usize];
            let made = voyage.halts(&car, track, dt, now_ms, &self.journeys);
            voyage.drive.planned_s += if voyage.dwell >= 0.0 { dt } else { 0.0 };
            if made {
                self.settle_on(&mut car, track);
                self.tracks[track as usize].cars[at] = car;
            }
        }
        self.regions = regions;
    }

    /// Puts those who left their track where they end up; books links left and journeys ended.
    pub(super) fn cross(&mut self) {
        let mut regions = std::mem::take(&mut self.regions);
        for region in &mut regions {
            let mut left = region.left.drain(..);
            for (i, landing) in region.landings.iter().enumerate() {
                if i % AT_ONCE == 0 {
                    self.fetch_landing(&region.landings[i..region.landings.len().min(i + AT_ONCE)]);
                }
                let Landing { car, track, leg, left: tracks, ahead, crossed_m } = *landing;
                self.voyages[car.vehicle as usize].drive.base_m += crossed_m;
                for left in left.by_ref().take(tracks as usize) {
                    match left {
                        Left::Link(link) => self.leave_link(&car, link),
                        Left::Way(way, past_m) => self.leave_junction(&car, way, past_m),
                    }
                    self.voyages[car.vehicle as usize].on_link_ms = self.now_ms + self.step_ms;
                }
                let voyage = &mut self.voyages[car.vehicle as usize];
                voyage.leg = leg;
                if let Some(ahead) = ahead {
                    (voyage.ahead, voyage.on_link_ms) = (ahead, self.now_ms + self.step_ms);
                }
                if track == NONE { self.arrive(&car) } else { self.place(track as usize, car) }
            }
            drop(left);
            region.landings.clear();
            region.near.drain(..).for_each(|track| self.sums[track as usize].rear_end += 1);
            self.counts.forced += std::mem::take(&mut region.forced);
        }
        self.regions = regions;
    }

    /// Reads what some landings will need, all at once.
    fn fetch_landing(&self, some: &[Landing]) {
        fetch(some.iter().map(|l| self.voyages[l.car.vehicle as usize].drive.base_m));
        fetch(some.iter().filter(|l| l.track != NONE).map(|l| self.tracks[l.track as usize].touch()));
    }

    /// Puts a vehicle onto a track where its place is.
    pub(super) fn place(&mut self, track: usize, car: Car) {
        self.voyages[car.vehicle as usize].track = track as u32;
        self.tracks[track].put(car);
        self.marks[track] |= self.marks_for(track, &car);
    }

    /// Sets a track's marks by who is on it.
    pub(super) fn mark(&mut self, track: usize) {
        let marks = self.tracks[track].cars.iter().map(|car| self.marks_for(track, car));
        self.marks[track] = marks.fold(0, |all, marks| all | marks);
    }

    /// The marks of a track for one vehicle on it.
    fn marks_for(&self, track: usize, car: &Car) -> u8 {
        let astray = self.graph.lanes.get(track).is_some_and(|lane| car.is_astray(lane.index));
        BUSY | if car.rear() < gaps::ASIDE_M { NEAR } else { 0 } | if astray { ASTRAY } else { 0 }
    }
}

/// Takes a vehicle's speed and clocks to the end of the step.
fn move_on(car: &mut Car, plan: &Plan, dt: f32) {
    let coasting = (0.05 + 0.005 * car.speed) * car.speed * dt;
    let brakes = if plan.speed < car.speed - coasting { BRAKES } else { 0 };
    car.flags = car.flags & !BRAKES | brakes;
    car.speed = plan.speed;
    car.advised = f32::INFINITY;
    car.settled += dt;
    car.lost += dt * (1.0 - plan.speed / car.wanted).max(0.0);
    car.hold = plan.hold;
    car.stood = if plan.speed < HALTING_MPS { car.stood + dt } else { 0.0 };
}
