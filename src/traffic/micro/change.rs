//! Lane changes: because the lane does not lead on, or because the next one is faster. Every driver decides from the same
//! state, in parallel over regions; then they change in a fixed order where it still fits.
//!
//! For speed: MOBIL (Kesting, Treiber and Helbing, Transportation Research Record 1999 (2007) 86), with what each driver
//! would do in the next second as its acceleration.

use super::{
    Micro,
    car::{ASTRAY, BUSY, Car, HALT, LAST, NEAR},
    follow::{Driver, HALTING_MPS},
    reach::among,
    region::{AT_ONCE, Region, each, fetch},
};
use crate::lane_graph::NONE;

/// How far ahead a driver compares lanes, second, and by how much the next one must be faster, metre per second.
const PROSPECT_S: f32 = 6.0;
const ENOUGH_MPS: f32 = 1.0;
/// MOBIL's politeness: within the published range of 0 to 0.5.
const POLITENESS: f32 = 0.2;
/// Nobody changes for speed again within this time, second.
const SETTLED_S: f32 = 4.0;
/// One keeps to the kerb again after so long on a lane, second. These six times and distances (with the patience in `gaps`) were
/// set so that queues in Bologna and Cologne grow in the lanes where SUMO's do; other seeds than those looked at agree as well.
const KERB_S: f32 = 20.0;
/// A driver looks for a faster lane at every such step.
const LOOKS_EVERY: u64 = 3;
/// How long before its end a lane that does not lead on is left: metres for each lane to cross, and seconds at the speed
/// wanted (SUMO looks 10 to 20 s ahead).
const PER_LANE_M: f32 = 40.0;
const PER_LANE_S: f32 = 16.0;
/// … and matches its speed with the gap's leader from here on: before, it drives up as far as its lane is free, metre.
const FIT_IN_M: f32 = 140.0;
/// A driver who must change is let in from here on, metre before the end of the lane.
const LET_IN_M: f32 = 200.0;

/// Neighbours of a place on another lane.
struct Gap<'a> {
    leader: Option<&'a Car>,
    follower: Option<&'a Car>,
    /// Row of the follower, or of the lane's end.
    at: usize,
}

/// A vehicle that could change, and where: the first lane of its link, how many there are, and the one it is on.
#[derive(Clone, Copy)]
struct Here<'a> {
    car: &'a Car,
    leader: Option<&'a Car>,
    driver: &'a Driver,
    first: usize,
    count: usize,
    lane: usize,
}

/// What the drivers of a region want of the others.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    changes: Vec<Change>,
    advice: Vec<Advice>,
}

/// A vehicle onto another lane of its link.
#[derive(Clone, Copy, Debug)]
struct Change {
    vehicle: u32,
    from: u32,
    to: u32,
}

/// Who lets somebody in, or fits itself in, goes no faster than this: row of a lane's vehicles.
#[derive(Clone, Copy, Debug)]
struct Advice {
    lane: u32,
    row: u32,
    speed: f32,
}

impl Micro {
    pub(super) fn change_lanes(&mut self) {
        let mut regions = std::mem::take(&mut self.regions);
        each(self.counts.running, regions.iter_mut(), |region| self.look_beside(region));
        for wishes in regions.iter_mut().map(|region| &mut region.wishes) {
            for Advice { lane, row, speed } in wishes.advice.drain(..) {
                let car = &mut self.tracks[lane as usize].cars[row as usize];
                car.advised = car.advised.min(speed);
            }
        }
        for change in regions.iter_mut().flat_map(|region| region.wishes.changes.drain(..)) {
            self.change(change);
        }
        self.regions = regions;
    }

    fn look_beside(&self, region: &mut Region) {
        region.looks.clear();
        region.looks.extend(region.wide.iter().filter(|link| self.has_lookers(**link)));
        for links in region.looks.chunks(AT_ONCE / 2) {
            fetch(links.iter().flat_map(|l| self.graph.lanes_of(*l)).map(|lane| self.tracks[lane as usize].touch()));
            for link in links {
                let lanes = self.graph.lanes_of(*link);
                let (first, count) = (lanes.start as usize, lanes.len());
                for lane in 0..count {
                    self.look_from(first, count, lane, &mut region.wishes);
                }
            }
        }
    }

    /// Whether somebody on a link could want to change in this step.
    fn has_lookers(&self, link: u32) -> bool {
        let lanes = self.graph.lanes_of(link);
        let marks = self.marks[lanes.start as usize..lanes.end as usize].iter().fold(0, |all, mark| all | mark);
        marks & ASTRAY != 0 || marks & BUSY != 0 && self.looks_about(link)
    }

    /// Whether the drivers on a link look for a faster lane in this step.
    fn looks_about(&self, link: u32) -> bool {
        (u64::from(link) + self.steps).is_multiple_of(LOOKS_EVERY)
    }

    fn look_from(&self, first: usize, count: usize, lane: usize, wishes: &mut Wishes) {
        // Rows next to the last vehicle looked at, on the lanes on both sides: for the next one they are near.
        let mut rows = [0, 0];
        let mut leader = None;
        for (car, row) in self.on(first + lane).iter().zip(0..) {
            let driver = &self.drivers[usize::from(car.kind)];
            let here = Here { car, leader: leader.replace(car), driver, first, count, lane };
            if let Some(to) = self.wants(here, row, &mut rows, wishes) {
                let (from, to) = ((first + lane) as u32, (first + to) as u32);
                wishes.changes.push(Change { vehicle: car.vehicle, from, to });
            }
        }
    }

    /// The lane that a vehicle changes to now.
    fn wants(&self, here: Here, row: u32, rows: &mut [usize; 2], wishes: &mut Wishes) -> Option<usize> {
        let Here { car, lane, count, .. } = here;
        if car.is_astray(lane as u8) {
            let target = (0..count).filter(|l| among(car.good, *l as u8)).min_by_key(|l| l.abs_diff(lane))?;
            let apart = target.abs_diff(lane) as f32;
            let must = car.way == NONE || car.flags & HALT != 0;
            let left = if must { self.left_for_change(car, here.first + lane) } else { car.reach - car.pos };
            if left < apart * per_lane_m(car) {
                let to = if target > lane { lane + 1 } else { lane - 1 };
                return self.must(here, row, to, left, wishes);
            }
        }
        if !self.looks_about(self.graph.lanes[here.first].link) || car.settled < SETTLED_S || car.flags & LAST != 0 {
            return None;
        }
        self.may(here, rows)
    }

    /// A change that the route does not need: to where it is faster, or back to the kerb.
    fn may(&self, here: Here, rows: &mut [usize; 2]) -> Option<usize> {
        let Here { car, driver, lane, count, .. } = here;
        let lasts = |to: usize| among(car.good, to as u8) || self.reach_on(car, to) - car.pos > 2.0 * per_lane_m(car);
        let open = |to: usize| {
            let admits = || self.graph.lanes[here.first + to].users.admit(driver.users);
            to < count && among(car.leads, to as u8) && admits()
        };
        let (kerb, inner) = (lane.checked_sub(1).filter(|to| open(*to)), Some(lane + 1).filter(|to| open(*to)));
        let now = prospect(car, driver, here.leader);
        let held = now < car.wanted - ENOUGH_MPS;
        let keeps = car.settled >= KERB_S && kerb.is_some();
        if !held && !keeps {
            return None;
        }
        let [at_kerb, at_inner] = rows;
        let gaps = [(kerb, at_kerb), (inner.filter(|_| held), at_inner)];
        let gaps = gaps.map(|(to, row)| to.map(|to| (to, around(self.on(here.first + to), car.pos, row))));
        let better = |(to, gap): &(usize, Gap)| {
            let gain = self.gain(here, now, *to, gap).filter(|gain| *gain > 0.0 && lasts(*to));
            gain.map(|gain| (gain, *to))
        };
        let best =
            if held { gaps.iter().flatten().filter_map(better).max_by(|a, b| a.0.total_cmp(&b.0)) } else { None };
        best.map(|best| best.1).or_else(|| {
            let (to, gap) = gaps[0].as_ref().filter(|_| keeps)?;
            (self.keeps_to_kerb(here, *to, gap) && lasts(*to)).then_some(*to)
        })
    }

    /// Whether the lane nearer to the kerb serves as well: one drives there (Vienna Convention on Road Traffic 1968, art. 10).
    fn keeps_to_kerb(&self, here: Here, to: usize, gap: &Gap) -> bool {
        prospect(here.car, here.driver, gap.leader) >= here.car.wanted
            && self.fits(here.car, here.driver, here.first + to, gap)
    }

    /// How far another lane of its link leads a vehicle.
    fn reach_on(&self, car: &Car, lane: usize) -> f32 {
        self.voyages[car.vehicle as usize].ahead.reach(lane as u8)
    }

    /// Metres to where a vehicle must have changed: the lane's end, or its stop.
    fn left_for_change(&self, car: &Car, lane: usize) -> f32 {
        let stop =
            (car.flags & HALT != 0).then(|| self.voyages[car.vehicle as usize].next_stop(&self.journeys)).flatten();
        stop.map_or(self.graph.lanes[lane].length_m, |s| s.at_m) - car.pos
    }

    /// A change that the route needs: done where it is safe, else the driver behind the gap is asked to let it in.
    fn must(&self, here: Here, row: u32, to: usize, left: f32, wishes: &mut Wishes) -> Option<usize> {
        let Here { car, driver, first, lane, .. } = here;
        if !self.graph.lanes[first + to].users.admit(driver.users) {
            return None;
        }
        let gap = around(self.on(first + to), car.pos, &mut 0);
        if self.fits(car, driver, first + to, &gap) {
            return Some(to);
        }
        // Who is on a lane that leads on does not stop traffic for a better one.
        if car.way != NONE && car.flags & HALT == 0 || left > LET_IN_M {
            return None;
        }
        // No harder than is comfortable.
        let dt = self.dt();
        let bound = |of: &Car, by: &Driver, advice: f32| advice.max(of.speed - by.decel * dt).max(0.0);
        // The first who is wholly behind lets it in; it follows who it will be behind.
        let cars = self.on(first + to);
        let min_gap = |c: &Car| self.drivers[usize::from(c.kind)].min_gap;
        let behind = (gap.at..cars.len()).find(|f| cars[*f].pos + min_gap(&cars[*f]) <= car.rear());
        if let Some(b) = behind {
            let (other, them) = (&cars[b], &self.drivers[usize::from(cars[b].kind)]);
            let space = car.rear() - other.pos - them.min_gap;
            let advice = them.open_gap(other.speed, other.wanted, space.max(0.0), car.speed, dt);
            let (lane, row) = ((first + to) as u32, b as u32);
            wishes.advice.push(Advice { lane, row, speed: bound(other, them, advice) });
        }
        let ahead = behind.unwrap_or(cars.len()).checked_sub(1).map(|a| &cars[a]);
        if let Some(ahead) = ahead.filter(|a| a.pos > car.pos && left < FIT_IN_M) {
            let space = ahead.rear() - car.pos - driver.min_gap;
            let advice = driver.open_gap(car.speed, car.wanted, space.max(0.0), ahead.speed, dt);
            let lane = (first + lane) as u32;
            wishes.advice.push(Advice { lane, row, speed: bound(car, driver, advice) });
        }
        None
    }

    /// Whether a vehicle fits into a gap: it and who comes behind can brake, and it can for what comes next there.
    fn fits(&self, car: &Car, driver: &Driver, to: usize, gap: &Gap) -> bool {
        let dt = self.dt();
        let behind = |leader: &Car, ahead_m: f32| {
            let space = ahead_m + leader.pos - leader.length - car.pos - driver.min_gap;
            space >= 0.0
                && driver.follow(car.speed, car.wanted, space, leader.speed, dt) >= car.speed - driver.decel * dt
        };
        let front = match gap.leader {
            Some(leader) => behind(leader, 0.0),
            None => self.those_who_left(to as u32).all(|(leader, ahead_m)| behind(leader, ahead_m)),
        };
        front
            && match gap.follower {
                Some(follower) => self.lets_in(follower, car, car.rear() - follower.pos),
                None => self.nobody_comes(car, to),
            }
            && self.goes_on(car, driver, to, gap.leader.is_none())
    }

    /// Whether what lies beyond another lane's end (its signal, those on ways that cross or merge) lets a vehicle go on from
    /// there without braking harder than is comfortable; `first`: nobody is before it on that lane.
    #[inline(never)]
    fn goes_on(&self, car: &Car, driver: &Driver, to: usize, first: bool) -> bool {
        let least = car.speed - driver.decel * self.dt();
        let sight = self.sight(car, driver, first);
        if least <= 0.0 || self.track_length(to) - car.pos > sight {
            return true;
        }
        let leg = self.voyages[car.vehicle as usize].leg;
        let there = Car { way: self.way_if_it_leads(car, leg, to as u32), ..*car };
        self.beyond(&there, to, sight, first).speed >= least
    }

    /// Who is next beyond a lane's end on each way out of it, while its rear may still be on the lane; metres from the lane's
    /// start to that of its track.
    pub(super) fn those_who_left(&self, lane: u32) -> impl Iterator<Item = (&Car, f32)> {
        let length_m = self.track_length(lane as usize);
        self.graph.moves_of(lane).filter_map(move |way| {
            let (track, to) = (self.track_of(way), self.graph.moves[way as usize].to as usize);
            let inside = self.last_on(track).map(|car| (car, length_m));
            let near = self.marks[to] & NEAR != 0;
            let beyond = || Some((self.last_on(to).filter(|_| near)?, length_m + self.track_length(track)));
            inside.or_else(beyond)
        })
    }

    pub(super) fn lets_in(&self, follower: &Car, car: &Car, space: f32) -> bool {
        let (dt, them) = (self.dt(), &self.drivers[usize::from(follower.kind)]);
        let space = space - them.min_gap;
        space >= 0.0
            && them.follow(follower.speed, follower.wanted, space, car.speed, dt) >= follower.speed - them.decel * dt
    }

    /// No vehicle arrives on the lane from behind so near that it could not brake: the first inside the junction before it
    /// and the first that comes to that.
    pub(super) fn nobody_comes(&self, car: &Car, to: usize) -> bool {
        let rear = car.rear();
        self.into(to as u32).all(|way| {
            let track = self.track_of(*way);
            let from = self.graph.moves[*way as usize].from as usize;
            let (through, before) = (self.track_length(track), self.track_length(from));
            let inside = self.on(track).first();
            let coming = self.on(from).first().filter(|c| c.way == *way && c.speed > HALTING_MPS);
            inside.is_none_or(|c| self.lets_in(c, car, rear + through - c.pos))
                && coming.is_none_or(|c| self.lets_in(c, car, rear + through + before - c.pos))
        })
    }

    /// What MOBIL says of a change, m/s² beyond what it costs the driver behind; `None` where it does not fit. `now`: the
    /// speed to expect without it.
    fn gain(&self, here: Here, now: f32, to: usize, gap: &Gap) -> Option<f32> {
        let Here { car, driver, .. } = here;
        let gain = prospect(car, driver, gap.leader) - now - ENOUGH_MPS;
        if gain <= 0.0 || !self.fits(car, driver, here.first + to, gap) {
            return None;
        }
        let cost = gap.follower.map_or(0.0, |other| {
            let them = &self.drivers[usize::from(other.kind)];
            let before = self.would(other, them, gap.leader);
            (before - self.would(other, them, Some(car))).max(0.0)
        });
        Some(gain - POLITENESS * cost / self.dt())
    }

    /// The speed a vehicle would take next behind a leader.
    fn would(&self, car: &Car, driver: &Driver, leader: Option<&Car>) -> f32 {
        let dt = self.dt();
        let free = driver.free(car.speed, car.wanted, dt);
        let behind = leader.map_or(free, |l| {
            let gap = l.rear() - car.pos - driver.min_gap;
            driver.follow(car.speed, car.wanted, gap, l.speed, dt)
        });
        free.min(behind).clamp((car.speed - driver.emergency * dt).max(0.0), car.speed + driver.accel * dt)
    }

    /// Moves a vehicle over, if it still fits.
    fn change(&mut self, Change { vehicle, from, to }: Change) {
        let (from, to) = (from as usize, to as usize);
        let Some(row) = self.on(from).iter().position(|c| c.vehicle == vehicle) else { return };
        let mut car = self.tracks[from].cars[row];
        let gap = around(self.on(to), car.pos, &mut 0);
        if !self.fits(&car, &self.drivers[usize::from(car.kind)], to, &gap) {
            return;
        }
        self.tracks[from].cars.remove(row);
        car.settled = 0.0;
        car.came = NONE;
        let lane = self.graph.lanes[to];
        let voyage = &mut self.voyages[vehicle as usize];
        voyage.side = self.graph.lanes[from].index as i8 - lane.index as i8;
        car.reach = voyage.ahead.reach(lane.index);
        car.way = self.way_if_it_leads(&car, self.voyages[vehicle as usize].leg, to as u32);
        car.wanted = self.wanted(&car, lane.limit_mps);
        self.place(to, car);
    }
}

/// How long before it must have crossed a lane a vehicle begins to, metre.
fn per_lane_m(car: &Car) -> f32 {
    PER_LANE_M + PER_LANE_S * car.wanted
}

/// The speed a driver expects of a lane over the next seconds: that of the vehicle ahead, and what the gap to it gives.
fn prospect(car: &Car, driver: &Driver, leader: Option<&Car>) -> f32 {
    leader.map_or(car.wanted, |l| {
        let gap = (l.rear() - car.pos - driver.min_gap).max(0.0);
        (l.speed + gap / PROSPECT_S).min(car.wanted)
    })
}

/// The vehicles next to a place on a lane; `row`: from where to look, and where it was found.
fn around<'a>(cars: &'a [Car], pos: f32, row: &mut usize) -> Gap<'a> {
    let mut at = (*row).min(cars.len());
    while at > 0 && cars[at - 1].pos < pos {
        at -= 1;
    }
    while at < cars.len() && cars[at].pos >= pos {
        at += 1;
    }
    *row = at;
    Gap { leader: at.checked_sub(1).map(|l| &cars[l]), follower: cars.get(at), at }
}
