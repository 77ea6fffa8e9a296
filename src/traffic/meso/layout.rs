//! What does not change in a run: where vehicles queue, the ways between, and whom each way yields to.

use super::driving::Driving;
use super::gaps::OTHER_M;
use super::signals::Heads;
use crate::{
    journeys::Journeys,
    lane_graph::{LaneGraph, MoveFoe, NONE, RightOfWay},
    network::Rows,
};

/// How far inside a junction a car must wait for others to pass behind it, metre: its length, and as much again until the paths
/// of two lanes' width part.
const PASSED_M: f32 = 13.0;

/// Where vehicles queue: a lane, or the place inside a junction where a turn waits. Lanes first, by their numbers.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub struct Section {
    /// Its part of the ring memory.
    pub ring: u32,
    pub capacity: u16,
    pub length_cm: i32,
    /// What may be in it and on the way into it, driving.
    pub store_cm: i32,
    pub length_m: f32,
    pub limit_mps: f32,
    /// How long the room that a leaving vehicle makes takes to its start.
    pub hole_ms: u32,
    pub link: u32,
    pub way0: u32,
    pub ways: u16,
    /// The waiting place of a turn from it where one who waits is in the way of those who do not turn; [`NONE`] without.
    pub blocked_by: u32,
}

/// From one section into the next: a move, or a half of one that waits inside its junction. Moves first, by their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Section; where it is a lane, others of its link may be taken.
    pub to: u32,
    /// [`NONE`] into a waiting place.
    pub to_link: u32,
    pub node: u32,
    pub length_m: f32,
    pub limit_mps: f32,
    /// Row of the signal heads, [`NONE`] without.
    pub head: u32,
    pub rule: RightOfWay,
    /// Into a waiting place: the other half.
    pub second: u32,
    /// Of both halves.
    pub whole_m: f32,
    /// Crosses or merges: one does not stop on it.
    pub crosses: bool,
    /// Its turn where these are watched.
    pub turn: u32,
}

/// Somebody whom a way yields to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Foe {
    pub way: u32,
    pub section: u32,
    /// How long it takes from its stop line until it has left the place where both meet.
    pub clear_ms: u32,
    /// Metres from one's own stop line to there.
    pub own_at_m: f32,
}

#[derive(Clone, Debug)]
pub struct Layout {
    pub sections: Vec<Section>,
    pub ways: Vec<Way>,
    /// By move the link and the lane that it leads to in the end.
    pub targets: Vec<(u32, u32)>,
    /// Moves that wait inside a junction, in the order of their second halves, which stand behind all moves.
    pub halves: Vec<u32>,
    pub foes: Rows<Foe>,
    /// By way when somebody last went it, 0 before anybody has: apart from all else of it, so that those of a city stay near.
    pub passed_ms: Vec<u32>,
    pub heads: Heads,
    /// Vehicles that all sections hold together at most.
    pub ring: usize,
    /// First lane and lanes of each link.
    pub links: Vec<(u32, u32)>,
}

impl Layout {
    pub fn of(graph: &LaneGraph, journeys: &Journeys, kinds: &[Driving], begin_ms: u64) -> Self {
        let (heads, head_of) = Heads::of(graph, begin_ms);
        let least_m = kinds.iter().map(|k| k.space_m).fold(f32::INFINITY, f32::min).min(10.0);
        let wave_mps = wave_mps(journeys, kinds);
        let mut layout = Self {
            sections: Vec::with_capacity(graph.lanes.len()),
            ways: Vec::with_capacity(graph.moves.len()),
            targets: graph.moves.iter().map(|m| (m.to_link, m.to)).collect(),
            halves: Vec::new(),
            foes: Rows::new(),
            passed_ms: Vec::new(),
            heads,
            ring: 0,
            links: graph.links.iter().map(|l| (l.lane0, u32::from(l.lanes))).collect(),
        };
        // Between two stop lines lies the way through a junction, too: the shortest that leads there.
        let mut inner_m = vec![f32::INFINITY; graph.lanes.len()];
        for m in &graph.moves {
            let inside_m = if m.wait_at_m > 0.0 { m.length_m - m.wait_at_m } else { m.length_m };
            let inner = &mut inner_m[m.to as usize];
            *inner = inner.min(inside_m.clamp(0.0, 1000.0));
        }
        for (lane, inner_m) in graph.lanes.iter().zip(inner_m) {
            let section = (lane.link, lane.length_m, lane.limit_mps, lane.move0, u32::from(lane.moves));
            layout.add(section, if inner_m.is_finite() { inner_m } else { 0.0 }, least_m, wave_mps);
        }
        // Second halves of the moves that wait inside.
        let mut second = vec![NONE; graph.moves.len()];
        for (m, number) in graph.moves.iter().zip(0_u32..) {
            if m.wait_at_m > 0.0 && m.wait_at_m.is_finite() {
                second[number as usize] = (graph.moves.len() + layout.halves.len()) as u32;
                layout.halves.push(number);
            }
        }
        layout.join(graph, &head_of, &second, least_m, wave_mps);
        layout.passed_ms = vec![0; layout.ways.len()];
        layout.set_foes(graph, &second);
        layout
    }

    /// The link that a way leads to in the end.
    pub fn targets_link(&self, way: u32) -> u32 {
        self.targets.get(way as usize).map_or_else(|| self.ways[way as usize].to_link, |t| t.0)
    }

    fn add(&mut self, of: (u32, f32, f32, u32, u32), inner_m: f32, least_m: f32, wave_mps: f32) {
        let (link, length_m, limit_mps, way0, ways) = of;
        let length_m = length_m.clamp(0.1, 1e6);
        let store_m = length_m + inner_m;
        let capacity = ((store_m / least_m) as u32 + 4).min(u32::from(u16::MAX)) as u16;
        self.sections.push(Section {
            ring: self.ring as u32,
            capacity,
            length_cm: (length_m * 100.0) as i32,
            store_cm: (store_m * 100.0) as i32,
            length_m,
            limit_mps: limit_mps.max(0.1),
            hole_ms: (store_m / wave_mps * 1000.0) as u32,
            link,
            way0,
            ways: ways as u16,
            blocked_by: NONE,
        });
        self.ring += capacity as usize;
    }

    fn join(&mut self, graph: &LaneGraph, head_of: &[u32], second: &[u32], least_m: f32, wave_mps: f32) {
        for (i, m) in graph.moves.iter().enumerate() {
            let whole = Way {
                to: m.to,
                to_link: m.to_link,
                node: m.node,
                length_m: m.length_m.max(0.0),
                limit_mps: m.limit_mps.clamp(0.1, 1e3),
                head: head_of[i],
                rule: match m.right {
                    RightOfWay::Signal if head_of[i] == NONE => RightOfWay::Minor,
                    right => right,
                },
                second: second[i],
                whole_m: m.length_m.max(0.0),
                crosses: !foes_of(graph, i as u32).is_empty(),
                turn: NONE,
            };
            if second[i] == NONE {
                self.ways.push(whole);
                continue;
            }
            let place = self.sections.len() as u32;
            self.add((m.from_link, m.wait_at_m, m.limit_mps, second[i], 1), 0.0, least_m, wave_mps);
            let shared = graph.moves_of(m.from).any(|other| graph.moves[other as usize].to_link != m.to_link);
            if shared && m.wait_at_m < PASSED_M {
                self.sections[m.from as usize].blocked_by = place;
            }
            self.ways.push(Way { to: place, to_link: NONE, length_m: 0.0, ..whole });
        }
        for m in graph.moves.iter().zip(second).filter(|(_, at)| **at != NONE).map(|(m, _)| m) {
            self.ways.push(Way {
                to: m.to,
                to_link: m.to_link,
                node: m.node,
                length_m: (m.length_m - m.wait_at_m).max(0.0),
                limit_mps: m.limit_mps.clamp(0.1, 1e3),
                head: NONE,
                rule: RightOfWay::Minor,
                second: NONE,
                whole_m: m.length_m.max(0.0),
                crosses: true,
                turn: NONE,
            });
        }
    }

    fn set_foes(&mut self, graph: &LaneGraph, second: &[u32]) {
        let moves = 0..graph.moves.len() as u32;
        let halves = moves.clone().filter(|m| second[*m as usize] != NONE);
        let place_of = |way: u32| self.ways[way as usize].to;
        let foe = |f: &MoveFoe, waited_m: f32| {
            let other = &graph.moves[f.other as usize];
            let half = second[f.other as usize];
            let own_at_m = (f.at_m - waited_m).max(0.0);
            let (way, section, at_m) = if half != NONE && f.other_at_m >= other.wait_at_m {
                (half, place_of(f.other), f.other_at_m - other.wait_at_m)
            } else {
                (f.other, other.from, f.other_at_m.max(0.0))
            };
            let clear_ms = ((at_m + OTHER_M) / self.ways[way as usize].limit_mps * 1000.0) as u32;
            Foe { way, section, clear_ms, own_at_m }
        };
        let mut foes = Rows::new();
        for m in moves.clone() {
            if second[m as usize] == NONE {
                foes.list.extend(foes_of(graph, m).iter().filter(|f| f.yields).map(|f| foe(f, 0.0)));
            }
            foes.close();
        }
        for m in halves {
            let waited_m = graph.moves[m as usize].wait_at_m;
            foes.list.extend(foes_of(graph, m).iter().filter(|f| f.yields).map(|f| foe(f, waited_m)));
            foes.close();
        }
        self.foes = foes;
    }
}

/// Foes of a move; none where the graph was put together without.
fn foes_of(graph: &LaneGraph, of: u32) -> &[MoveFoe] {
    if (of as usize) < graph.foes.len() { graph.foes_of(of) } else { &[] }
}

/// Speed at which room travels back through a standing queue, metre per second: a space per wave time, of the mean vehicle.
fn wave_mps(journeys: &Journeys, kinds: &[Driving]) -> f32 {
    let (mut space, mut wave) = (0.0_f64, 0.0_f64);
    let of_list = journeys.list.iter().filter_map(|j| kinds.get(j.kind as usize));
    // Before anybody is known, as the first type.
    for kind in of_list.chain(kinds.first().filter(|_| journeys.list.is_empty())) {
        space += f64::from(kind.space_m);
        wave += f64::from(kind.wave_s);
    }
    if wave > 0.0 { (space / wave) as f32 } else { 5.0 }
}
