//! Actuated signals: phases that go on while vehicles come, and the detectors that tell.
//!
//! Gap-based, as SUMO's documentation has it (Simulation/Traffic_Lights, type `actuated`): after its least time a phase
//! ends once no detector of its green lanes has seen a vehicle for the greatest gap, and in any case after its longest.

use std::collections::BTreeMap;

use super::{LaneGraph, Show};
use crate::{
    network::TurnKind,
    sumo::{SumoActuation, SumoNet, SumoProgram},
};

/// What prolongs the phases of a program.
#[derive(Clone, PartialEq, Debug)]
pub struct Actuation {
    pub program: u32,
    /// As many as the program has.
    pub phases: Vec<ActuatedPhase>,
}

/// How long a phase lasts.
#[derive(Clone, PartialEq, Debug)]
pub struct ActuatedPhase {
    pub least_ms: u64,
    /// Not below `least_ms`.
    pub most_ms: u64,
    /// Those that prolong it; none: it lasts `least_ms`.
    pub detectors: Vec<Detector>,
}

/// An induction loop across a lane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Detector {
    pub lane: u32,
    /// Metre from the lane's start.
    pub at_m: f32,
    /// A vehicle holds the phase until so long after its rear has left the loop, millisecond.
    pub max_gap_ms: u64,
}

/// Vehicles between the detector and the stop line stand this far apart, metre, and half a vehicle more than pass in the
/// shortest green fits there (SUMO's bound on the distance).
const SPACE_M: f64 = 7.5;
const HALF: f64 = 0.5;

/// A lane before a signal, and the streams from it; turning back aside.
struct Approach {
    lane: u32,
    streams: Vec<u32>,
}

impl LaneGraph {
    /// Actuated ones among a SUMO network's programs in force, which are this graph's, in their order.
    pub(super) fn actuate(&mut self, net: &SumoNet, programs: &BTreeMap<&str, &SumoProgram>) {
        let of = |(program, number): (&&SumoProgram, u32)| {
            Some(self.actuation(net, program, program.actuation.as_ref()?, number))
        };
        self.actuations = programs.values().zip(0..).filter_map(of).collect();
    }

    fn actuation(&self, net: &SumoNet, stated: &SumoProgram, by: &SumoActuation, number: u32) -> Actuation {
        let ms = |s: f64| (s * 1000.0).round() as u64;
        let phases = stated.phases.iter();
        let phases =
            phases.map(|p| ActuatedPhase { least_ms: ms(p.min_s), most_ms: ms(p.max_s), detectors: Vec::new() });
        let mut actuation = Actuation { program: number, phases: phases.collect() };
        for approach in self.approaches(number) {
            let controls = |p: &usize| actuation.phases[*p].is_actuated() && self.lets_all_go(number, &approach, *p);
            let controlled: Vec<usize> = (0..actuation.phases.len()).filter(controls).collect();
            let Some(least_s) = controlled.iter().map(|p| stated.phases[*p].min_s).min_by(f64::total_cmp) else {
                continue;
            };
            let lane = self.lanes[approach.lane as usize];
            let wished_m = by.detector_gap_s * f64::from(lane.limit_mps);
            let most_m = (least_s / by.passing_time_s + HALF) * SPACE_M;
            let (on, at_m) = self.upstream(approach.lane, wished_m.min(most_m) as f32);
            let id = &net.edges[lane.link as usize].lanes[usize::from(lane.index)].id;
            let gap_s = by.lane_max_gap_s.get(id).copied().unwrap_or(by.max_gap_s);
            let detector = Detector { lane: on, at_m, max_gap_ms: ms(gap_s) };
            controlled.into_iter().for_each(|p| actuation.phases[p].detectors.push(detector));
        }
        actuation
    }

    /// The lanes that a program's signals stand before.
    fn approaches(&self, program: u32) -> Vec<Approach> {
        let mut approaches: Vec<Approach> = Vec::new();
        for m in self.moves.iter().filter(|m| m.program == program && m.kind != TurnKind::Back) {
            match approaches.last_mut().filter(|a| a.lane == m.from) {
                Some(approach) => approach.streams.push(m.stream),
                None => approaches.push(Approach { lane: m.from, streams: vec![m.stream] }),
            }
        }
        approaches
    }

    /// Whether nobody who waits on a lane has to in a phase: all its streams are green, and those that give way never
    /// need not. (Else one who waits for another phase would prolong this one.)
    fn lets_all_go(&self, program: u32, approach: &Approach, phase: usize) -> bool {
        let phases = &self.programs[program as usize].phases;
        let show = |phase: usize, stream: u32| phases[phase].shows.get(stream as usize).copied();
        let never_first = |stream: u32| (0..phases.len()).all(|p| show(p, stream) != Some(Show::Green));
        approach.streams.iter().all(|stream| match show(phase, *stream) {
            Some(Show::Green) => true,
            Some(Show::Yield) => never_first(*stream),
            _ => false,
        })
    }

    /// The place so far before a lane's end, metre; on a lane before it where that is the only one that leads here, else at
    /// the lane's start.
    fn upstream(&self, lane: u32, distance_m: f32) -> (u32, f32) {
        let (mut lane, mut left_m) = (lane, distance_m);
        loop {
            let length_m = self.lanes[lane as usize].length_m;
            if left_m <= length_m {
                return (lane, length_m - left_m);
            }
            let mut into = self.moves.iter().filter(|m| m.to == lane);
            match (into.next(), into.next()) {
                (Some(m), None) if self.lanes[m.from as usize].moves == 1 => {
                    left_m = (left_m - length_m - m.length_m).max(0.0);
                    lane = m.from;
                }
                _ => return (lane, 0.0),
            }
        }
    }
}

impl ActuatedPhase {
    /// Whether its length is open.
    pub fn is_actuated(&self) -> bool {
        self.least_ms < self.most_ms
    }
}
