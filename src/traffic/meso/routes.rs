//! Routes link by link, and which lanes of each link lead on.

use crate::{
    journeys::{Journey, Journeys},
    lane_graph::{LaneGraph, Users},
};

/// Drivers choose lanes with the turn after the next in view where the link between is shorter than this, metre.
const LOOK_AHEAD_M: f32 = 150.0;
/// How far drivers who choose a lane to depart from look, metre (SUMO's best lanes).
const FARTHEST_M: f32 = 3000.0;
/// Lanes that are told apart; more of one link are not used.
const MOST_LANES: u32 = 16;

/// All routes of a run. A vehicle's may be replaced by one added at the end.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    pub links: Vec<u32>,
    /// Beside each link the set of its lanes that lead on, bit by lane; none where the next link cannot be reached.
    pub lanes: Vec<u16>,
}

impl Routes {
    pub fn of(graph: &LaneGraph, journeys: &Journeys) -> Self {
        let mut routes = Self { links: journeys.links.clone(), lanes: vec![0; journeys.links.len()] };
        let mut known: Known = vec![Vec::new(); graph.links.len()];
        let mut done = vec![Users::NOBODY; journeys.links.len()];
        for journey in &journeys.list {
            let users = journeys.types.get(journey.kind as usize).map_or(Users::NOBODY, |t| t.users);
            let rows = journey.route.0 as usize..journey.route.1 as usize;
            if rows.is_empty() || rows.end > routes.links.len() || done[rows.start] == users {
                continue;
            }
            done[rows.start] = users;
            let route = &journeys.links[rows.clone()];
            if route.iter().all(|l| (*l as usize) < graph.links.len()) {
                set_lanes(graph, users, route, look_ahead(), &mut routes.lanes[rows], &mut known);
            }
        }
        routes
    }
}

fn look_ahead() -> f32 { std::env::var("LOOK").ok().and_then(|s| s.parse().ok()).unwrap_or(LOOK_AHEAD_M) }

/// By journey the lanes of its first link from where it can keep its lane farthest.
pub fn first_lanes(graph: &LaneGraph, journeys: &Journeys) -> Vec<u16> {
    let mut known: Known = vec![Vec::new(); graph.links.len()];
    let mut lanes = Vec::new();
    let first = |journey: &Journey| {
        let users = journeys.types.get(journey.kind as usize).map_or(Users::NOBODY, |t| t.users);
        let Some(route) = journeys.links.get(journey.route.0 as usize..journey.route.1 as usize) else { return 0 };
        let mut far_m = 0.0;
        let near = |l: &&u32| {
            let Some(link) = graph.links.get(**l as usize) else { return false };
            far_m += link.length_m;
            far_m - link.length_m < FARTHEST_M
        };
        let length = route.iter().take_while(near).count();
        lanes.clear();
        lanes.resize(length, 0);
        set_lanes(graph, users, &route[..length], f32::INFINITY, &mut lanes, &mut known);
        lanes.first().copied().unwrap_or(0)
    };
    journeys.list.iter().map(first).collect()
}

/// Per link what is known of it: the next link, the lanes wanted there, for whom, and which lanes lead to these. Routes share
/// most of it.
type Known = Vec<Vec<(u32, u16, Users, u16)>>;

/// Fills in the lanes of one route, from its end.
fn set_lanes(graph: &LaneGraph, users: Users, route: &[u32], ahead_m: f32, lanes: &mut [u16], known: &mut Known) {
    for i in (0..route.len()).rev() {
        let open = open(graph, route[i], users);
        lanes[i] = match route.get(i + 1) {
            None => open,
            Some(next) => {
                let all = self::open(graph, *next, users);
                let near = graph.links[*next as usize].length_m < ahead_m;
                let wanted = if near { lanes[i + 1] } else { all };
                let seen = &mut known[route[i] as usize];
                match seen.iter().find(|s| s.0 == *next && s.1 == wanted && s.2 == users) {
                    Some(found) => found.3,
                    None => {
                        let strict = leading(graph, route[i], *next, wanted) & open;
                        let set = if strict != 0 { strict } else { leading(graph, route[i], *next, all) & open };
                        seen.push((*next, wanted, users, set));
                        set
                    }
                }
            }
        };
    }
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
