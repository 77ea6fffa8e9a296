//! Which lanes of a link lead on along a route, and how far.

use super::{
    Micro,
    car::{Car, HALT, LAST},
};
use crate::lane_graph::{LaneGraph, Move, NONE, Users};

/// Lanes of a link, as bits.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct LanesAhead {
    /// They lead into the next link of the route and some way beyond.
    pub leads: u16,
    /// They lead farthest without a change.
    pub good: u16,
    /// How far each leads without a change, metre from the start of the link; told only of those that are not good.
    pub(super) reach_m: [f32; LANES],
}

/// Where a move leads: what looking along a route asks of each, close together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Onward {
    /// Who may use the lane.
    users: Users,
    to_link: u32,
    /// The lane's place in it.
    index: u8,
}

impl Onward {
    /// Those of every move.
    pub fn all(graph: &LaneGraph) -> Vec<Self> {
        let of = |m: &Move| {
            let to = &graph.lanes[m.to as usize];
            Self { users: to.users, to_link: m.to_link, index: to.index }
        };
        graph.moves.iter().map(of).collect()
    }
}

/// The moves from a lane.
fn of<'a>(table: &'a [Onward], graph: &LaneGraph, lane: u32) -> &'a [Onward] {
    let moves = graph.moves_of(lane);
    &table[moves.start as usize..moves.end as usize]
}

impl LanesAhead {
    /// How far a lane leads.
    pub fn reach(&self, lane: u8) -> f32 {
        self.reach_m[usize::from(lane).min(LANES - 1)]
    }
}

/// Whether a lane is among lanes as bits.
pub(super) fn among(lanes: u16, lane: u8) -> bool {
    usize::from(lane) < LANES && lanes >> lane & 1 == 1
}

/// Lanes of a link that are told apart; those beyond take part as the last one.
const LANES: usize = 16;
/// How far ahead lanes are compared, metre, and at most how many links. SUMO looks 3,000 m ahead; drivers know the next
/// few junctions.
const HORIZON_M: f32 = 3000.0;
const MOST_LINKS: usize = 48;
/// A lane that ends nearer than this beyond its link is left on the link, metre.
const ROOM_TO_CHANGE_M: f32 = 80.0;
/// Nobody changes lanes on a link shorter than this, metre: what ends beyond it is left beyond it.
const TOO_SHORT_M: f32 = 10.0;
/// Beyond where lanes stop to differ they are followed so much farther, metre.
const ALIKE_M: f32 = 50.0;

impl Micro {
    /// Lanes of a journey's link that lead on.
    pub(super) fn lanes_ahead(&self, vehicle: u32, leg: u32) -> LanesAhead {
        let stop = self.voyages[vehicle as usize].next_stop(&self.journeys).map(|s| s.lane);
        lanes_ahead(&self.graph, &self.onward, &self.route(vehicle)[leg as usize..], self.users(vehicle), stop)
    }

    /// Looks up what a lane means for a vehicle: speed, the lanes that lead on, whether it stops or ends here.
    pub(super) fn settle_on(&mut self, car: &mut Car, lane: u32) {
        let leg = self.voyages[car.vehicle as usize].leg;
        self.voyages[car.vehicle as usize].ahead = self.settle_at(car, lane, leg);
    }

    /// The same on a link of its route, with the lanes ahead of it, which are the caller's to keep.
    pub(super) fn settle_at(&self, car: &mut Car, lane: u32, leg: u32) -> LanesAhead {
        let row = &self.graph.lanes[lane as usize];
        car.wanted = self.wanted(car, row.limit_mps);
        let ahead = self.lanes_ahead(car.vehicle, leg);
        (car.leads, car.good) = (ahead.leads, ahead.good);
        car.reach = ahead.reach(row.index);
        car.way = self.way_if_it_leads(car, leg, lane);
        let last = leg + 1 == self.route(car.vehicle).len() as u32;
        let stop = self.voyages[car.vehicle as usize].next_stop(&self.journeys);
        let halt = stop.is_some_and(|s| self.graph.lanes[s.lane as usize].link == row.link);
        car.flags &= !(LAST | HALT);
        car.flags |= if last { LAST } else { 0 } | if halt { HALT } else { 0 };
        ahead
    }

    pub(super) fn wanted(&self, car: &Car, limit: f32) -> f32 {
        (limit * car.factor).min(self.drivers[usize::from(car.kind)].max_speed)
    }

    /// The move by which a journey leaves a lane; [`NONE`] where the lane does not lead on, or the journey ends.
    pub(super) fn way_from(&self, vehicle: u32, leg: u32, lane: u32) -> u32 {
        let Some(next) = self.route(vehicle).get(leg as usize + 1) else { return NONE };
        let users = self.users(vehicle);
        let open = |m: &u32| {
            let m = &self.onward[*m as usize];
            m.to_link == *next && m.users.admit(users)
        };
        let mut candidates = self.graph.moves_of(lane).filter(open);
        let Some(first) = candidates.next() else { return NONE };
        let Some(second) = candidates.next() else { return first };
        // Several lanes to choose from: one from which the journey goes on.
        let good = self.lanes_ahead(vehicle, leg + 1).good;
        let leads = |m: &u32| among(good, self.onward[*m as usize].index);
        [first, second].into_iter().chain(candidates).find(leads).unwrap_or(first)
    }

    /// The same, [`NONE`] where the lane soon ends.
    pub(super) fn way_if_it_leads(&self, car: &Car, leg: u32, lane: u32) -> u32 {
        if among(car.leads, self.graph.lanes[lane as usize].index) {
            self.way_from(car.vehicle, leg, lane)
        } else {
            NONE
        }
    }

    pub(super) fn users(&self, vehicle: u32) -> Users {
        self.drivers[self.journeys.list[vehicle as usize].kind as usize].users
    }
}

/// Links of a route within the horizon.
fn in_sight(graph: &LaneGraph, route: &[u32]) -> usize {
    let mut sum_m = 0.0;
    let beyond = |link: &u32| {
        sum_m += graph.links[*link as usize].length_m;
        sum_m > HORIZON_M
    };
    let all = route.len().min(MOST_LINKS);
    route[..all].iter().position(beyond).map_or(all, |last| (last + 1).max(2)).min(all)
}

/// Of the links within the horizon those that tell the first one's lanes apart: where all lanes that still lead on lead
/// into the same ones, the rest of the way is the same for all.
fn that_tell(graph: &LaneGraph, table: &[Onward], route: &[u32], users: Users) -> usize {
    let all = route.len().min(MOST_LINKS);
    // Lanes of the link that are come to from each lane of the first.
    let mut from = [0_u16; LANES];
    (0..LANES).for_each(|l| from[l] = 1 << l);
    let lanes = graph.links[route[0] as usize].lanes;
    let from = &mut from[..usize::from(lanes).min(LANES)];
    let (mut sum_m, mut enough_m) = (0.0, f32::INFINITY);
    for (i, pair) in route[..all].windows(2).enumerate() {
        sum_m += graph.links[pair[0] as usize].length_m;
        if sum_m >= enough_m || sum_m > HORIZON_M && i > 0 {
            return i + 1;
        }
        if enough_m.is_finite() {
            continue;
        }
        let mut onward = [0_u16; LANES];
        for (lane, onward) in graph.lanes_of(pair[0]).zip(&mut onward) {
            *onward = onto(graph, table, lane, pair[1], users);
        }
        for lanes in from.iter_mut() {
            let mut left = std::mem::take(lanes);
            while left != 0 {
                *lanes |= onward[left.trailing_zeros() as usize];
                left &= left - 1;
            }
        }
        let mut open = from.iter().filter(|lanes| **lanes != 0);
        let first = open.next();
        if open.all(|lanes| Some(lanes) == first) {
            let firm_m = graph.links[route[0] as usize].length_m + ROOM_TO_CHANGE_M;
            enough_m = (sum_m + graph.links[pair[1] as usize].length_m).max(firm_m) + ALIKE_M;
        }
    }
    all
}

/// The lanes of the next link that a lane leads into, for some users; none where they may not use it themselves.
fn onto(graph: &LaneGraph, onward: &[Onward], lane: u32, next: u32, users: Users) -> u16 {
    if !graph.lanes[lane as usize].users.admit(users) {
        return 0;
    }
    let open = of(onward, graph, lane).iter().filter(|m| m.to_link == next && m.users.admit(users));
    open.fold(0, |lanes, to| lanes | 1 << usize::from(to.index).min(LANES - 1))
}

/// Backwards from the farthest link in sight: how far each lane leads.
fn lanes_ahead(graph: &LaneGraph, table: &[Onward], route: &[u32], users: Users, stop: Option<u32>) -> LanesAhead {
    let count = if stop.is_some() { in_sight(graph, route) } else { that_tell(graph, table, route, users) };
    let mut reach = [0.0_f32; LANES];
    let mut found = LanesAhead::default();
    for i in (0..count).rev() {
        let link = route[i];
        let last = i + 1 == route.len();
        let mut here = [0.0_f32; LANES];
        found = LanesAhead::default();
        let stops_here = stop.filter(|s| graph.lanes[*s as usize].link == link);
        for lane in graph.lanes_of(link).take(LANES) {
            let row = &graph.lanes[lane as usize];
            if !row.users.admit(users) {
                continue;
            }
            let at = usize::from(row.index);
            here[at] = row.length_m;
            if last || i + 1 == count && i > 0 {
                found.leads |= 1 << at;
            } else {
                let open = |m: &&Onward| m.to_link == route[i + 1] && m.users.admit(users);
                for m in of(table, graph, lane).iter().filter(open) {
                    found.leads |= 1 << at;
                    let beyond = reach[usize::from(m.index).min(LANES - 1)];
                    here[at] = here[at].max(row.length_m + beyond);
                }
            }
            if let Some(stop) = stops_here {
                here[at] += if stop == lane { 10_000.0 } else { 0.0 };
            }
        }
        reach = here;
    }
    let most = reach.iter().copied().fold(0.0, f32::max);
    let length_m = graph.links[route[0] as usize].length_m;
    let firm = if length_m < TOO_SHORT_M { 0.0 } else { most.min(length_m + ROOM_TO_CHANGE_M) };
    for (at, reach) in reach.iter().enumerate() {
        if *reach > 0.0 && *reach >= most - 1.0 {
            found.good |= 1 << at;
        }
        if *reach < firm - 1.0 {
            found.leads &= !(1 << at);
        }
    }
    found.reach_m = reach;
    found
}
