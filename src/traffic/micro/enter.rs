//! Vehicles enter: in order of departure on each link, where there is room.

use super::{
    Micro,
    car::{Car, LAST},
    follow::Driver,
    reach::among,
    tally::Drive,
};
use crate::{
    journeys::{DepartLane, DepartSpeed, Journeys},
    lane_graph::{LaneGraph, NONE},
};

/// Journeys not yet on the road.
#[derive(Clone, Debug)]
pub(super) struct Entries {
    /// The next journey that is not due.
    pub(super) next: usize,
    /// Per link the due journeys, first come first served: rows of a linked list.
    pub(super) head: Vec<u32>,
    pub(super) tail: Vec<u32>,
    pub(super) after: Vec<u32>,
    /// Links with a queue, in the order they came.
    pub(super) busy: Vec<u32>,
}

impl Entries {
    pub fn new(graph: &LaneGraph, journeys: &Journeys) -> Self {
        let links = graph.links.len();
        Self {
            next: 0,
            head: vec![NONE; links],
            tail: vec![NONE; links],
            after: vec![NONE; journeys.list.len()],
            busy: Vec::new(),
        }
    }

    /// Nobody is due by the journeys' list: they come one by one.
    pub fn as_they_come(&mut self) {
        self.next = usize::MAX;
    }

    /// Room for one more.
    pub fn grow(&mut self) {
        self.after.push(NONE);
    }

    /// Who waits at a link, first come first.
    pub fn waiting(&self, link: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.head[link as usize];
        std::iter::successors((first != NONE).then_some(first), move |v| {
            let next = if *v == self.tail[link as usize] { NONE } else { self.after[*v as usize] };
            (next != NONE).then_some(next)
        })
    }

    /// Links where somebody waits.
    pub fn links(&self) -> impl Iterator<Item = u32> + '_ {
        self.busy.iter().copied()
    }

    /// Takes one out of its link's queue; `false` where it does not wait there.
    pub fn withdraw(&mut self, link: u32, journey: u32) -> bool {
        let rest: Vec<u32> = self.waiting(link).collect();
        if !rest.contains(&journey) {
            return false;
        }
        self.head[link as usize] = NONE;
        self.busy.retain(|l| *l != link);
        rest.into_iter().filter(|v| *v != journey).for_each(|v| self.push(link, v));
        true
    }

    pub fn push(&mut self, link: u32, journey: u32) {
        let l = link as usize;
        self.after[journey as usize] = NONE;
        if self.head[l] == NONE {
            self.head[l] = journey;
            self.busy.push(link);
        } else {
            self.after[self.tail[l] as usize] = journey;
        }
        self.tail[l] = journey;
    }
}

impl Micro {
    /// Due journeys queue at their link; each link lets in who comes first while there is room.
    pub(super) fn enter(&mut self) {
        let journeys = self.journeys.clone();
        while let Some(journey) =
            journeys.list.get(self.entries.next).filter(|j| j.depart_s * 1000.0 <= self.now_ms as f64)
        {
            self.entries.push(journeys.route(journey)[0], self.entries.next as u32);
            self.entries.next += 1;
            self.counts.loaded += 1;
        }
        let mut busy = std::mem::take(&mut self.entries.busy);
        busy.retain(|link| {
            while self.entries.head[*link as usize] != NONE {
                let journey = self.entries.head[*link as usize];
                if !self.try_enter(journey, *link) {
                    return true;
                }
                self.entries.head[*link as usize] = self.entries.after[journey as usize];
            }
            false
        });
        self.entries.busy = busy;
    }

    pub(super) fn try_enter(&mut self, number: u32, link: u32) -> bool {
        let journey = self.journeys.list[number as usize];
        let driver = self.drivers[journey.kind as usize];
        if self.voyages[number as usize].ahead.good == 0 {
            self.voyages[number as usize].ahead = self.lanes_ahead(number, 0);
        }
        let ahead = self.voyages[number as usize].ahead;
        let admits = |lane: &u32| self.graph.lanes[*lane as usize].users.admit(self.users(number));
        let good = |lane: &u32| among(ahead.good, self.graph.lanes[*lane as usize].index);
        let emptiest = |lanes: &mut dyn Iterator<Item = u32>| lanes.min_by_key(|lane| self.on(*lane as usize).len());
        let mut open = self.graph.lanes_of(link).filter(admits);
        let lane = match journey.depart.lane {
            DepartLane::Index(i) => open.find(|lane| self.graph.lanes[*lane as usize].index == i),
            DepartLane::First => open.next(),
            DepartLane::Free => emptiest(&mut open),
            DepartLane::Best => emptiest(&mut open.filter(good)),
        };
        let Some(lane) = lane else { return false };
        let row = self.graph.lanes[lane as usize];
        let pos = journey.depart.at_m.unwrap_or(driver.length).clamp(0.0, row.length_m);
        let mut car = Car::new(number, journey.kind, driver.length, self.voyages[number as usize].factor);
        car.pos = pos;
        car.wanted = self.wanted(&car, row.limit_mps);
        let Some(speed) = self.entry_speed(&car, &driver, lane, journey.depart.speed) else { return false };
        car.speed = speed;
        self.settle_on(&mut car, lane);
        if car.flags & LAST != 0 && car.pos >= self.voyages[number as usize].arrival_m {
            car.pos = self.voyages[number as usize].arrival_m.max(0.0);
        }
        self.place(lane as usize, car);
        let voyage = &mut self.voyages[number as usize];
        (voyage.entered_ms, voyage.on_link_ms) = (self.now_ms, self.now_ms);
        voyage.drive = Drive::at(&car, self.now_ms);
        self.counts.inserted += 1;
        true
    }

    /// The speed at which a vehicle can enter, if it can.
    pub(super) fn entry_speed(&self, car: &Car, driver: &Driver, lane: u32, wish: DepartSpeed) -> Option<f32> {
        let dt = self.dt();
        let cars = self.on(lane as usize);
        let behind = cars.iter().position(|c| c.pos < car.pos);
        let leader = behind.map_or(cars.last(), |b| b.checked_sub(1).map(|i| &cars[i]));
        let follower = behind.map(|b| &cars[b]);
        let mut speed = match wish {
            DepartSpeed::Max => car.wanted,
            DepartSpeed::At(speed) => speed.min(car.wanted),
        };
        if let Some(leader) = leader {
            let gap = leader.rear() - car.pos - driver.min_gap;
            if gap < 0.0 {
                return None;
            }
            match wish {
                DepartSpeed::Max => speed = driver.entering(car.wanted, gap, leader.speed, dt),
                DepartSpeed::At(_) if driver.follow(speed, car.wanted, gap, leader.speed, dt) < speed => return None,
                DepartSpeed::At(_) => {}
            }
        }
        let reaches = |(left, ahead_m): (&Car, f32)| ahead_m + left.rear() < car.pos + driver.min_gap;
        if leader.is_none() && self.those_who_left(lane).any(reaches) {
            return None;
        }
        let entering = Car { speed, ..*car };
        let room = match follower {
            Some(follower) => self.lets_in(follower, &entering, car.rear() - follower.pos),
            None => self.nobody_comes(&entering, lane as usize),
        };
        room.then_some(speed)
    }
}
