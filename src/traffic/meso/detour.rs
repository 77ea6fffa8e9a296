//! Drivers who see no room ahead for long take another way round, as far as their own way farther on: so full streets that
//! wait for each other open before anybody has to be moved.
//!
//! What a way takes is judged by the queues that stand now. No journey does so without end: `MOST_STRAYS`.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{Meso, NEVER, Vehicle};
use crate::lane_graph::{LaneGraph, Move, NONE};

/// So long the head of a lane waits for room before its driver looks for another way, millisecond: in a city a cycle of signals and
/// a half; where ways are given, as in a scenario, as long as SUMO waits until it takes a vehicle out.
const CITY_PATIENCE_MS: u32 = 90_000;
const GIVEN_PATIENCE_MS: u32 = 300_000;
/// Until it looks again.
const LOOK_MS: u32 = 30_000;
/// A driver leaves its way at most so often.
const MOST_STRAYS: u8 = 250;
/// A street without room costs so much more than its queue, second.
const FULL_S: f32 = 180.0;
/// Streets looked at on the way round.
const MOST_LOOKED: u32 = 1000;

/// Who strayed, what is closed, and memory of the search.
#[derive(Clone, Debug, Default)]
pub struct Detours {
    /// By link.
    pub closed: Vec<bool>,
    patience_ms: u32,
    /// By vehicle, how often it has left its way.
    strays: Vec<u8>,
    /// Ways found.
    pub count: u64,
    /// By link: seconds to its end, the link before, and the search that they are of.
    found: Vec<(f32, u32, u32)>,
    search: u32,
    heap: BinaryHeap<(Reverse<u64>, u32)>,
}

/// A way round: the lane it leaves by, its move, the links after the one now, and the row of the old way that it comes back to.
struct Round {
    way: u32,
    links: Vec<u32>,
    back: u32,
}

impl Detours {
    pub fn of(graph: &LaneGraph) -> Self {
        let links = graph.links.len();
        Self {
            closed: vec![false; links],
            found: vec![(0.0, NONE, 0); links],
            patience_ms: GIVEN_PATIENCE_MS,
            ..Self::default()
        }
    }

    /// A vehicle that comes with the number of another.
    pub fn admit(&mut self, vehicle: u32) {
        if let Some(strays) = self.strays.get_mut(vehicle as usize) {
            *strays = 0;
        }
    }
}

impl Meso {
    /// Drivers choose their ways: they look for another one as soon as they do in a city.
    pub(crate) fn choose_ways(&mut self) {
        self.detours.patience_ms = CITY_PATIENCE_MS;
    }

    /// Puts the head of a lane, which waits for room, on another way if it has waited for long and there is one.
    pub(super) fn take_detour(&mut self, section: u32) -> bool {
        let looked_ms = self.full[section as usize].looked_ms;
        let lane = (section as usize) < self.record.lanes;
        if !lane || self.stood_ms(section) < self.detours.patience_ms || self.now_ms < looked_ms.saturating_add(LOOK_MS)
        {
            return false;
        }
        self.full[section as usize].looked_ms = self.now_ms;
        let number = self.entry(section, 0).vehicle as usize;
        if self.vehicles[number].halts > 0 || self.detours.strays.get(number).is_some_and(|s| *s >= MOST_STRAYS) {
            return false;
        }
        let mut detours = std::mem::take(&mut self.detours);
        let round = self.look_round(&mut detours, section);
        self.detours = detours;
        round.is_some_and(|round| self.go_round(section, &round))
    }

    /// The way round that is the soonest at the destination, by the queues now.
    fn look_round(&self, detours: &mut Detours, section: u32) -> Option<Round> {
        let entry = self.entry(section, 0);
        let vehicle = &self.vehicles[entry.vehicle as usize];
        let full = self.routes.rows[vehicle.at as usize + 1].link;
        let rest = self.rest_of(vehicle);
        // The full link is no way round, unless the journey ends there.
        let shut = if vehicle.at + 2 < vehicle.end { full } else { NONE };
        let open = self.open_to(vehicle.kind);
        detours.search += 1;
        detours.heap.clear();
        let mut starts: Vec<(u32, u32)> = Vec::new();
        for m in self.routes.graph.moves_of(section) {
            let to = &self.routes.graph.moves[m as usize];
            if to.to_link != full && open(detours, to) && self.has_room(to.to) {
                starts.push((to.to_link, m));
                detours.reach(to.to_link, self.link_now_s(to.to_link), NONE);
            }
        }
        let mut best: Option<(f32, u32, u32)> = None;
        for _ in 0..MOST_LOOKED {
            let Some((s, link)) = detours.next().filter(|(s, _)| best.is_none_or(|b| *s < b.0)) else { break };
            let at = rest.partition_point(|r| r.0 < link);
            if let Some((_, rest_s, row)) = rest.get(at).filter(|r| r.0 == link && best.is_none_or(|b| s + r.1 < b.0)) {
                best = Some((s + rest_s, link, *row));
            }
            for m in self.routes.graph.lanes_of(link).flat_map(|l| self.routes.graph.moves_of(l)) {
                let to = &self.routes.graph.moves[m as usize];
                if to.to_link != shut && open(detours, to) {
                    detours.reach(to.to_link, s + self.link_now_s(to.to_link), link);
                }
            }
        }
        let (_, end, back) = best?;
        let links = detours.way_to(end);
        let way = starts.iter().find(|s| s.0 == links[0])?.1;
        Some(Round { way, links, back })
    }

    /// Links of a vehicle's old way that a way round may come back to, ascending; from each to the destination, second; its row. The
    /// next link is none, unless it is the last.
    fn rest_of(&self, vehicle: &Vehicle) -> Vec<(u32, f32, u32)> {
        let first = if vehicle.at + 2 < vehicle.end { vehicle.at + 2 } else { vehicle.at + 1 };
        let mut rest: Vec<(u32, f32, u32)> = Vec::with_capacity((vehicle.end - first) as usize);
        let mut rest_s = 0.0;
        for row in (first..vehicle.end).rev() {
            let link = self.routes.rows[row as usize].link;
            rest.push((link, rest_s, row));
            rest_s += self.link_now_s(link);
        }
        rest.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        rest
    }

    /// Whether vehicles of a type may make a move.
    fn open_to(&self, kind: u16) -> impl Fn(&Detours, &Move) -> bool {
        let users = self.routes.users[usize::from(kind)];
        move |detours, to| {
            let lane = &self.routes.graph.lanes[to.to as usize];
            !to.spare && !detours.closed[to.to_link as usize] && lane.users.admit(users)
        }
    }

    /// Puts the head of a lane on a way round.
    fn go_round(&mut self, section: u32, round: &Round) -> bool {
        let number = self.entry(section, 0).vehicle;
        let vehicle = self.vehicles[number as usize];
        let now = self.routes.rows[vehicle.at as usize].link;
        let rest = (round.back + 1..vehicle.end).map(|row| self.routes.rows[row as usize].link);
        let route: Vec<u32> = std::iter::once(now).chain(round.links.iter().copied()).chain(rest).collect();
        let Some(block) = self.routes.lay(vehicle.kind, &route) else { return false };
        let v = &mut self.vehicles[number as usize];
        (v.at, v.end) = (block.start, block.start + route.len() as u32);
        if let Some(live) = &mut self.record.live {
            live.replaced.push((number, block));
        }
        let place = self.place(section, u32::from(self.queues[section as usize].ghosts));
        self.ring[place].way = round.way;
        let strays = &mut self.detours.strays;
        strays.resize(strays.len().max(number as usize + 1), 0);
        strays[number as usize] += 1;
        self.detours.count += 1;
        self.leave_wait(section);
        self.full[section as usize].section = NONE;
        self.schedule(section, self.now_ms);
        true
    }

    fn has_room(&self, lane: u32) -> bool {
        let queue = &self.queues[lane as usize];
        queue.live == 0 || queue.live_cm <= self.layout.sections[lane as usize].store_cm
    }

    /// What a link would take who came now, second, its queues as they leave of late.
    fn link_now_s(&self, link: u32) -> f32 {
        let (first, lanes) = self.layout.links[link as usize];
        let fixed = &self.layout.sections[first as usize];
        let of_lane = |lane: u32| {
            let full_s = if self.has_room(lane) { 0.0 } else { FULL_S };
            self.wait_cost(lane).min(u64::from(NEVER)) as f32 / 1000.0 + full_s
        };
        let wait_s = (first..first + lanes).map(of_lane).fold(f32::INFINITY, f32::min);
        fixed.length_m / fixed.limit_mps + if wait_s.is_finite() { wait_s } else { 0.0 }
    }
}

impl Detours {
    /// The next link in the order of arrival at its end.
    fn next(&mut self) -> Option<(f32, u32)> {
        while let Some((Reverse(key), link)) = self.heap.pop() {
            let s = f32::from_bits((key >> 32) as u32);
            if s <= self.found[link as usize].0 {
                return Some((s, link));
            }
        }
        None
    }

    /// The links of the way found to one.
    fn way_to(&self, end: u32) -> Vec<u32> {
        let mut links = vec![end];
        let mut before = self.found[end as usize].1;
        while before != NONE {
            links.push(before);
            before = self.found[before as usize].1;
        }
        links.reverse();
        links
    }

    fn reach(&mut self, link: u32, s: f32, before: u32) {
        let found = &mut self.found[link as usize];
        if found.2 != self.search || s < found.0 {
            *found = (s, before, self.search);
            // Seconds are not negative, so their bits are in their order; ties by the link.
            self.heap.push((Reverse(u64::from(s.to_bits()) << 32 | u64::from(link)), link));
        }
    }
}
