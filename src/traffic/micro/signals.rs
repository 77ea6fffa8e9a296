//! What every move's signal shows now.

use crate::{
    lane_graph::{LaneGraph, Show},
    network::Rows,
};

/// Programs and what they show; set anew where a phase begins.
#[derive(Debug)]
pub(super) struct Signals {
    /// By move; off where none stands.
    pub shows: Vec<Show>,
    /// When each program's phase ends, millisecond.
    until_ms: Vec<u64>,
    /// Moves of each program.
    moves: Rows<u32>,
}

impl Signals {
    pub fn of(graph: &LaneGraph) -> Self {
        let programs = graph.programs.len();
        let signalled = graph.moves.iter().zip(0..).map(|(m, i)| (m.program, i));
        let signalled = signalled.filter(|(program, _)| (*program as usize) < programs);
        Self {
            shows: vec![Show::Off; graph.moves.len()],
            until_ms: vec![0; programs],
            moves: Rows::grouped(programs, signalled),
        }
    }

    pub fn set(&mut self, graph: &LaneGraph, now_ms: u64) {
        for (program, until_ms) in self.until_ms.iter_mut().enumerate().filter(|(_, until_ms)| **until_ms <= now_ms) {
            let (phase, left_ms) = graph.programs[program].phase_at(now_ms);
            *until_ms = now_ms + left_ms;
            let shows = &graph.programs[program].phases[phase].shows;
            for way in self.moves.of(program as u32) {
                let stream = graph.moves[*way as usize].stream as usize;
                self.shows[*way as usize] = shows.get(stream).copied().unwrap_or(Show::Off);
            }
        }
    }
}
