//! Small networks put together lane by lane, and journeys on them.

#![allow(dead_code, reason = "each test uses some of it")]

use citytwin_traffic::{
    TurnKind,
    journeys::{Departure, Journey, Journeys, VehicleType},
    lane_graph::{Lane, LaneGraph, LaneLink, Move, NONE, Program, ProgramPhase, RightOfWay, Show, Users},
};

/// Links with one lane each, end to end, as length in metres and limit in metres per second; moves in between heed the program.
pub fn chain(links: &[(f32, f32)], signal_at: Option<usize>, program: Program) -> LaneGraph {
    let mut graph = LaneGraph::default();
    graph.nodes = links.len() as u32 + 1;
    graph.programs = vec![program];
    for (i, (length_m, limit_mps)) in (0..).zip(links) {
        add_link(&mut graph, i, i + 1, *length_m, *limit_mps);
    }
    for i in 0..links.len() as u32 - 1 {
        let signal = signal_at == Some(i as usize);
        add_move(&mut graph, i, i + 1, links[i as usize + 1].1, if signal { 0 } else { NONE });
    }
    graph
}

pub fn add_link(graph: &mut LaneGraph, from: u32, to: u32, length_m: f32, limit_mps: f32) {
    let link = graph.links.len() as u32;
    let lane0 = graph.lanes.len() as u32;
    graph.links.push(LaneLink { lane0, lanes: 1, from, to, length_m, roundabout: false });
    graph.lanes.push(Lane { link, index: 0, length_m, limit_mps, users: Users::ALL, move0: 0, moves: 0 });
}

/// Moves are added in the order of the lanes they leave.
pub fn add_move(graph: &mut LaneGraph, from: u32, to: u32, limit_mps: f32, program: u32) {
    let number = graph.moves.len() as u32;
    let lane = &mut graph.lanes[from as usize];
    if lane.moves == 0 {
        lane.move0 = number;
    }
    lane.moves += 1;
    graph.moves.push(Move {
        from,
        to,
        from_link: from,
        to_link: to,
        node: graph.links[from as usize].to,
        length_m: 0.0,
        limit_mps,
        kind: TurnKind::Straight,
        right: if program == NONE { RightOfWay::Major } else { RightOfWay::Signal },
        wait_at_m: 0.0,
        program,
        stream: 0,
        spare: false,
    });
}

/// Green, then red, second; the cycle begins so much after 0.
pub fn lights(green_s: f64, red_s: f64, offset_s: i64) -> Program {
    let phase = |s: f64, show| ProgramPhase { duration_ms: (s * 1000.0) as u64, shows: vec![show] };
    Program { offset_ms: offset_s * 1000, phases: vec![phase(green_s, Show::Green), phase(red_s, Show::Red)] }
}

/// Cars that all want the limit and enter as far back as can be.
pub fn cars() -> VehicleType {
    VehicleType { speed_factor: [1.0, 0.0, 1.0, 1.0], ..VehicleType::default() }
}

pub fn journeys(route: &[u32], departs_s: impl Iterator<Item = f64>) -> Journeys {
    let depart = Departure { at_m: Some(0.0), ..Departure::default() };
    let journey = |depart_s| Journey {
        kind: 0,
        depart_s,
        route: (0, route.len() as u32),
        stops: (0, 0),
        depart,
        arrival_m: f32::INFINITY,
    };
    Journeys { types: vec![cars()], list: departs_s.map(journey).collect(), links: route.to_vec(), stops: Vec::new() }
}

/// Numbers from 0 to 1, the same each time (Knuth's MMIX generator).
pub fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}
