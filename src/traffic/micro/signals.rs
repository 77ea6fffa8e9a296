//! What every move's signal shows now, and what prolongs it.

use super::{Micro, bytes::fields, car::Car};
use crate::{
    lane_graph::{Detector, LaneGraph, Show},
    network::Rows,
};

/// Programs and what they show; set anew where a phase begins.
#[derive(Debug)]
pub(super) struct Signals {
    /// By move; off where none stands.
    pub shows: Vec<Show>,
    /// When each program's phase ends, millisecond; [`OPEN`] while that is decided by traffic.
    until_ms: Vec<u64>,
    /// Moves of each program.
    moves: Rows<u32>,
    /// By row of the actuations.
    stages: Vec<Stage>,
}

/// Where an actuated program is: kept with a saved run.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Stage {
    phase: usize,
    since_ms: u64,
    /// Until when the vehicles seen so far hold the phase.
    held_ms: u64,
}

fields!(Stage { phase, since_ms, held_ms });

/// An end that is not known ahead.
const OPEN: u64 = u64::MAX;

impl Signals {
    /// Actuated programs start with the phase that the durations stated would show at this time, from its beginning
    /// (as SUMO 1.28 does).
    pub fn of(graph: &LaneGraph, begin_ms: u64) -> Self {
        let programs = graph.programs.len();
        let signalled = graph.moves.iter().zip(0..).map(|(m, i)| (m.program, i));
        let signalled = signalled.filter(|(program, _)| (*program as usize) < programs);
        let stage = |program: u32| {
            let phase = graph.programs[program as usize].phase_at(begin_ms).0;
            Stage { phase, since_ms: begin_ms, held_ms: 0 }
        };
        let mut new = Self {
            shows: vec![Show::Off; graph.moves.len()],
            until_ms: vec![0; programs],
            moves: Rows::grouped(programs, signalled),
            stages: Vec::new(),
        };
        new.go_on(graph, graph.actuations.iter().map(|a| stage(a.program)).collect());
        new
    }

    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Sets where the actuated programs are.
    pub fn go_on(&mut self, graph: &LaneGraph, stages: Vec<Stage>) {
        self.stages = stages;
        for (row, actuation) in graph.actuations.iter().enumerate() {
            self.until_ms[actuation.program as usize] = OPEN;
            self.begin(graph, actuation.program, self.stages[row].phase);
        }
    }

    /// Whether saved stages are of this network and from before a time.
    pub fn fits(graph: &LaneGraph, stages: &[Stage], now_ms: u64) -> bool {
        let fits = |(stage, of): (&Stage, &crate::lane_graph::Actuation)| {
            stage.phase < of.phases.len() && stage.since_ms <= now_ms
        };
        stages.len() == graph.actuations.len() && stages.iter().zip(&graph.actuations).all(fits)
    }

    /// Fixed-time programs go on by the clock.
    fn set(&mut self, graph: &LaneGraph, now_ms: u64) {
        for program in 0..self.until_ms.len() {
            if self.until_ms[program] <= now_ms {
                let (phase, left_ms) = graph.programs[program].phase_at(now_ms);
                self.until_ms[program] = now_ms + left_ms;
                self.begin(graph, program as u32, phase);
            }
        }
    }

    fn begin(&mut self, graph: &LaneGraph, program: u32, phase: usize) {
        let shows = &graph.programs[program as usize].phases[phase].shows;
        for way in self.moves.of(program) {
            let stream = graph.moves[*way as usize].stream as usize;
            self.shows[*way as usize] = shows.get(stream).copied().unwrap_or(Show::Off);
        }
    }
}

impl Micro {
    /// The phase that a program of the lane graph is in: by the clock, or as traffic has prolonged those before.
    pub fn phase(&self, program: u32) -> usize {
        match self.graph.actuations.iter().position(|a| a.program == program) {
            Some(row) => self.signals.stages[row].phase,
            None => self.graph.programs[program as usize].phase_at(self.now_ms).0,
        }
    }

    pub(super) fn set_signals(&mut self) {
        self.signals.set(&self.graph, self.now_ms);
        for row in 0..self.signals.stages.len() {
            self.prolong_or_end(row);
        }
    }

    /// Ends an actuated phase whose time is over and that no vehicle holds.
    fn prolong_or_end(&mut self, row: usize) {
        let Stage { phase, since_ms, mut held_ms } = self.signals.stages[row];
        let actuation = &self.graph.actuations[row];
        let span = &actuation.phases[phase];
        for detector in &span.detectors {
            let seen_ms = self.last_over(detector).map_or(0, |seen_ms| seen_ms + detector.max_gap_ms);
            held_ms = held_ms.max(seen_ms);
        }
        let lasted_ms = self.now_ms - since_ms;
        if lasted_ms < span.least_ms || lasted_ms < span.most_ms && self.now_ms < held_ms {
            self.signals.stages[row].held_ms = held_ms;
            return;
        }
        let next = (phase + 1) % actuation.phases.len();
        self.signals.stages[row] = Stage { phase: next, since_ms: self.now_ms, held_ms: 0 };
        self.signals.begin(&self.graph, actuation.program, next);
    }

    /// When a vehicle was over a detector last, if it was in the last step.
    fn last_over(&self, detector: &Detector) -> Option<u64> {
        let lane = detector.lane;
        let on = self.on(lane as usize);
        let past = on.partition_point(|car| car.pos >= detector.at_m);
        let last = past.checked_sub(1).map(|row| self.seen(&on[row], 0.0, detector));
        // Whoever has left the lane may have its rear there.
        let length_m = self.track_length(lane as usize);
        let beyond = || {
            let ways = self.graph.moves_of(lane).filter_map(|way| self.last_on(self.track_of(way)));
            ways.filter_map(|car| self.seen(car, length_m, detector)).max()
        };
        last.unwrap_or_else(beyond)
    }

    /// When one past a detector left it, if it did in the last step; now while it is over it. `ahead_m`: how far its track
    /// begins beyond the detector's lane.
    fn seen(&self, car: &Car, ahead_m: f32, detector: &Detector) -> Option<u64> {
        let past_m = ahead_m + car.rear() - detector.at_m;
        let ago_ms = (past_m.max(0.0) / car.speed.max(f32::MIN_POSITIVE) * 1000.0).ceil();
        (past_m <= 0.0 || ago_ms < self.step_ms as f32).then(|| self.now_ms.saturating_sub(ago_ms as u64))
    }
}
