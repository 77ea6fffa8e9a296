//! Routes link by link, and which lanes of each link lead on.

use std::{ops::Range, sync::Arc};

use super::pool::Pool;
use crate::{
    journeys::Journeys,
    lane_graph::{LaneGraph, Users},
};

/// Drivers take only lanes from which they can keep on for this far behind a link's end, metre: between ten and twenty seconds at 50 km/h, as
/// SUMO's lane changing looks ahead. Not through roundabouts, where SUMO's drivers do not either.
const LOOK_AHEAD_M: f32 = 220.0;
/// What a way through a junction counts, metre.
const INSIDE_M: f32 = 10.0;
/// Lanes that are told apart; more of one link are not used.
const MOST_LANES: u32 = 16;

/// All routes of a run, row by row. A vehicle's may be replaced by one added at the end.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    pub graph: Arc<LaneGraph>,
    pub rows: Vec<Row>,
    /// By vehicle type.
    pub users: Vec<Users>,
    known: Known,
    free: Pool,
}

/// A link of a route, and sets of its lanes, bit by lane.
#[derive(Clone, Copy, Default, Debug)]
pub struct Row {
    pub link: u32,
    /// They lead to the next link, and on as far as is looked ahead; none where it cannot be reached.
    pub usable: u16,
    /// They lead farthest without a change of lane.
    pub best: u16,
}

impl Routes {
    pub fn of(graph: Arc<LaneGraph>, journeys: &Journeys) -> Self {
        let mut rows: Vec<Row> = journeys.links.iter().map(|link| Row { link: *link, usable: 0, best: 0 }).collect();
        let mut known: Known = vec![Vec::new(); graph.links.len()];
        let mut done = vec![Users::NOBODY; journeys.links.len()];
        for journey in &journeys.list {
            let users = journeys.types.get(journey.kind as usize).map_or(Users::NOBODY, |t| t.users);
            let range = journey.route.0 as usize..journey.route.1 as usize;
            if range.is_empty() || range.end > rows.len() || done[range.start] == users {
                continue;
            }
            done[range.start] = users;
            let route = &journeys.links[range.clone()];
            if route.iter().all(|l| (*l as usize) < graph.links.len()) {
                set_lanes(&graph, users, route, &mut rows[range], &mut known);
            }
        }
        let users = journeys.types.iter().map(|kind| kind.users).collect();
        Self { graph, rows, users, known, free: Pool::default() }
    }

    /// Rows for a new route of a vehicle type, `None` where no lanes join its links.
    pub fn lay(&mut self, kind: u16, route: &[u32]) -> Option<Range<u32>> {
        let block = self.free.take(route.len(), &mut self.rows);
        let rows = &mut self.rows[block.start as usize..block.start as usize + route.len()];
        set_lanes(&self.graph, self.users[usize::from(kind)], route, rows, &mut self.known);
        if rows.iter().all(|r| r.usable != 0) {
            return Some(block);
        }
        self.free.give_back(block);
        None
    }

    /// Forgets a route laid.
    pub fn give_back(&mut self, block: Range<u32>) {
        self.free.give_back(block);
    }
}

/// Per link what is known of it: the next link, the lanes wanted there, for whom, and which lanes lead to these. Routes share
/// most of it.
type Known = Vec<Vec<(u32, u16, Users, u16)>>;

/// Fills in the lanes of one route.
fn set_lanes(graph: &LaneGraph, users: Users, route: &[u32], rows: &mut [Row], known: &mut Known) {
    let mut best = u16::MAX;
    for i in (0..route.len()).rev() {
        best = lead(graph, users, &route[i..], best, known);
        // The links that end within sight of this one's end.
        let mut to = i + 1;
        let mut seen_m = 0.0;
        while to < route.len() {
            let link = &graph.links[route[to] as usize];
            seen_m += link.length_m + INSIDE_M;
            if seen_m > LOOK_AHEAD_M || link.roundabout {
                break;
            }
            to += 1;
        }
        let usable = (i..to).rev().fold(u16::MAX, |wanted, k| lead(graph, users, &route[k..], wanted, known));
        rows[i] = Row { link: route[i], usable: usable | best, best };
    }
}

/// Lanes of a route's first link that lead to the wanted ones of its second; to any of it where none does.
fn lead(graph: &LaneGraph, users: Users, route: &[u32], wanted: u16, known: &mut Known) -> u16 {
    let Some(next) = route.get(1) else { return open(graph, route[0], users) };
    let seen = &mut known[route[0] as usize];
    if let Some(found) = seen.iter().find(|s| s.0 == *next && s.1 == wanted && s.2 == users) {
        return found.3;
    }
    let open = open(graph, route[0], users);
    let strict = leading(graph, route[0], *next, wanted & self::open(graph, *next, users)) & open;
    let all = || leading(graph, route[0], *next, self::open(graph, *next, users)) & open;
    let set = if strict != 0 { strict } else { all() };
    seen.push((*next, wanted, users, set));
    set
}

fn open(graph: &LaneGraph, link: u32, users: Users) -> u16 {
    let lanes = graph.lanes_of(link).take(MOST_LANES as usize).enumerate();
    lanes.filter(|(_, l)| graph.lanes[*l as usize].users.admit(users)).fold(0, |set, (i, _)| set | 1 << i)
}

/// Lanes of a link with a move to some of the lanes of the next.
fn leading(graph: &LaneGraph, link: u32, next: u32, wanted: u16) -> u16 {
    let first = graph.links[next as usize].lane0;
    let leads = |lane: u32| {
        graph.moves_of(lane).any(|m| {
            let m = &graph.moves[m as usize];
            m.to_link == next && m.to - first < MOST_LANES && wanted >> (m.to - first) & 1 == 1
        })
    };
    let lanes = graph.lanes_of(link).take(MOST_LANES as usize).enumerate();
    lanes.filter(|(_, l)| leads(*l)).fold(0, |set, (i, _)| set | 1 << i)
}
