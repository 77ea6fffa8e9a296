//! The lanes of a SUMO network file, as the file states them.

use std::collections::BTreeMap;

use super::{Lane, LaneGraph, LaneLink, Move, MoveFoe, NONE, Program, ProgramPhase, RightOfWay, Show, Users};
use crate::{
    network::{Rows, TurnKind},
    sumo::{SumoConnection, SumoLane, SumoNet, SumoProgram},
};

/// Least length of lanes and least speed, metre and metre per second: SUMO's own (POSITION_EPS, 0.1 m/s).
const LEAST: f32 = 0.1;
/// Internal lanes that follow each other in one way through a junction; SUMO makes two at most.
const MOST_PARTS: usize = 4;

impl LaneGraph {
    /// Link `i` is edge `i` of the file, its lanes are the file's.
    pub fn of_sumo(net: &SumoNet) -> Self {
        let mut graph = Self { nodes: net.junctions.len() as u32, ..Self::default() };
        for (index, edge) in net.edges.iter().enumerate() {
            let lane0 = graph.lanes.len() as u32;
            let walk = edge.from.is_none() || edge.to.is_none();
            graph.links.push(LaneLink {
                lane0,
                lanes: edge.lanes.len().min(usize::from(u8::MAX)) as u8,
                from: edge.from.map_or(NONE, |n| n as u32),
                to: edge.to.map_or(NONE, |n| n as u32),
                length_m: (edge.lanes[0].length_m as f32).max(LEAST),
                roundabout: false,
            });
            graph.lanes.extend(edge.lanes.iter().enumerate().take(usize::from(u8::MAX)).map(|(i, lane)| Lane {
                link: index as u32,
                index: i as u8,
                length_m: (lane.length_m as f32).max(LEAST),
                limit_mps: (lane.speed_mps as f32).max(LEAST),
                users: if walk {
                    Users::NOBODY
                } else {
                    Users::of_lane(lane.allow.as_deref(), lane.disallow.as_deref())
                },
                move0: 0,
                moves: 0,
            }));
        }
        net.roundabouts.iter().flat_map(|r| &r.edges).for_each(|e| graph.links[*e].roundabout = true);
        let programs = active(&net.programs);
        graph.programs = programs.values().map(|p| program(p)).collect();
        let places: BTreeMap<&str, u32> = programs.keys().zip(0..).map(|(id, i)| (*id, i)).collect();
        graph.join(net, &places);
        graph.actuate(net, &programs);
        graph.add_merges();
        graph.note_heeded();
        graph
    }

    /// Moves by the lane they leave, and their foes.
    fn join(&mut self, net: &SumoNet, programs: &BTreeMap<&str, u32>) {
        let lane = |edge: usize, lane: usize| self.links[edge].lane0 + lane as u32;
        let mut order: Vec<(u32, usize)> = net
            .connections
            .iter()
            .enumerate()
            .filter(|(_, c)| net.edges[c.from].to.is_some() && net.edges[c.to].from.is_some())
            .map(|(i, c)| (lane(c.from, c.from_lane), i))
            .collect();
        order.sort_unstable();
        let mut of_request = BTreeMap::new();
        let mut ways = Vec::new();
        for (from, i) in &order {
            let connection = &net.connections[*i];
            let node = net.edges[connection.from].to.unwrap_or(0);
            let way = Way::of(net, connection);
            let number = self.moves.len() as u32;
            if let Some(request) = connection.request {
                of_request.insert((node, request), number);
            }
            let to = self.links[connection.to].lane0 + connection.to_lane as u32;
            let own = &mut self.lanes[*from as usize];
            if own.moves == 0 {
                own.move0 = number;
            }
            own.moves = own.moves.saturating_add(1);
            let signal =
                connection.signal.as_ref().and_then(|(id, at)| Some((*programs.get(id.as_str())?, *at as u32)));
            self.moves.push(Move {
                from: *from,
                to,
                from_link: connection.from as u32,
                to_link: connection.to as u32,
                node: node as u32,
                length_m: way.length_m,
                limit_mps: way.limit_mps,
                kind: kind(connection.dir),
                right: right(connection, signal.is_some()),
                wait_at_m: way.wait_at_m,
                program: signal.map_or(NONE, |s| s.0),
                stream: signal.map_or(NONE, |s| s.1),
                spare: false,
            });
            ways.push((way, connection.request));
        }
        self.foes = Rows::new();
        for (number, (way, request)) in ways.iter().enumerate() {
            let own = self.moves[number];
            if let Some(request) = request {
                let asks = &net.junctions[own.node as usize].requests[*request];
                for other in 0..asks.foes.len() {
                    let yields = asks.response.get(other).copied().unwrap_or(false);
                    let Some(foe) = of_request.get(&(own.node as usize, other)) else { continue };
                    if (asks.foes[other] || yields) && *foe != number as u32 {
                        let merges = self.moves[*foe as usize].to == own.to;
                        let (at_m, other_at_m) = way.meets(&ways[*foe as usize].0, merges);
                        self.foes.list.push(MoveFoe { other: *foe, yields, heeded: false, merges, at_m, other_at_m });
                    }
                }
            }
            self.foes.close();
        }
        self.part_ways(&|way| ways[way as usize].0.shape.clone());
    }
}

/// The path of a connection through its junction.
struct Way {
    shape: Vec<[f64; 2]>,
    length_m: f32,
    limit_mps: f32,
    wait_at_m: f32,
}

impl Way {
    fn of(net: &SumoNet, connection: &SumoConnection) -> Self {
        let mut way = Self { shape: Vec::new(), length_m: 0.0, limit_mps: f32::INFINITY, wait_at_m: 0.0 };
        let mut next = connection.via.as_ref();
        let mut parts: Vec<&SumoLane> = Vec::new();
        while let Some(lane) = next.and_then(|id| net.internal_lanes.get(id)).filter(|_| parts.len() < MOST_PARTS) {
            parts.push(lane);
            next = net.onward.get(&lane.id);
        }
        for (i, lane) in parts.iter().enumerate() {
            way.length_m += lane.length_m as f32;
            way.limit_mps = way.limit_mps.min((lane.speed_mps as f32).max(LEAST));
            way.shape.extend_from_slice(&lane.shape);
            if i == 0 && parts.len() > 1 {
                way.wait_at_m = way.length_m;
            }
        }
        way
    }

    /// How far into each of two ways they meet: at the crossing of their lines, else where they merge, else half way.
    fn meets(&self, other: &Self, merges: bool) -> (f32, f32) {
        if merges {
            return (self.length_m, other.length_m);
        }
        let (own_line, other_line) = (measure(&self.shape), measure(&other.shape));
        let scale = |way: &Self, line: &[f64]| f64::from(way.length_m) / line.last().copied().unwrap_or(0.0).max(1e-6);
        for (i, a) in self.shape.windows(2).enumerate() {
            for (j, b) in other.shape.windows(2).enumerate() {
                if let Some((s, t)) = crossing([a[0], a[1]], [b[0], b[1]]) {
                    let own = own_line[i] + s * (own_line[i + 1] - own_line[i]);
                    let foe = other_line[j] + t * (other_line[j + 1] - other_line[j]);
                    return ((own * scale(self, &own_line)) as f32, (foe * scale(other, &other_line)) as f32);
                }
            }
        }
        (0.5 * self.length_m, 0.5 * other.length_m)
    }
}

/// Length up to each point of a line.
fn measure(line: &[[f64; 2]]) -> Vec<f64> {
    let mut sum = 0.0;
    let mut at = vec![0.0];
    for pair in line.windows(2) {
        sum += (pair[1][0] - pair[0][0]).hypot(pair[1][1] - pair[0][1]);
        at.push(sum);
    }
    at
}

/// Where two segments cross, as shares of each.
fn crossing(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> Option<(f64, f64)> {
    let (u, v) = ([a[1][0] - a[0][0], a[1][1] - a[0][1]], [b[1][0] - b[0][0], b[1][1] - b[0][1]]);
    let between = [b[0][0] - a[0][0], b[0][1] - a[0][1]];
    let area = u[0] * v[1] - u[1] * v[0];
    if area.abs() < 1e-12 {
        return None;
    }
    let s = (between[0] * v[1] - between[1] * v[0]) / area;
    let t = (between[0] * u[1] - between[1] * u[0]) / area;
    ((0.0..=1.0).contains(&s) && (0.0..=1.0).contains(&t)).then_some((s, t))
}

/// The program of each group that is in force: the last one loaded, as in SUMO.
fn active(programs: &[SumoProgram]) -> BTreeMap<&str, &SumoProgram> {
    programs.iter().map(|p| (p.id.as_str(), p)).collect()
}

fn program(program: &SumoProgram) -> Program {
    let ms = |s: f64| (s * 1000.0).round() as i64;
    let phases = program.phases.iter().map(|phase| ProgramPhase {
        duration_ms: ms(phase.duration_s).max(0) as u64,
        shows: phase.state.bytes().map(|b| Show::of_letter(b).unwrap_or(Show::Red)).collect(),
    });
    Program { offset_ms: ms(program.offset_s), phases: phases.collect() }
}

fn right(connection: &SumoConnection, signalled: bool) -> RightOfWay {
    match connection.state {
        _ if signalled => RightOfWay::Signal,
        'm' | '=' | 'Z' => RightOfWay::Minor,
        's' | 'w' => RightOfWay::Stop,
        _ => RightOfWay::Major,
    }
}

fn kind(dir: char) -> TurnKind {
    match dir {
        'l' | 'L' => TurnKind::Left,
        'r' | 'R' => TurnKind::Right,
        't' | 'T' => TurnKind::Back,
        _ => TurnKind::Straight,
    }
}
