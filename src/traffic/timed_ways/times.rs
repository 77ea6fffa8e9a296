//! How long travellers take for every turn by the time of day, as the last run had it.

use std::ops::Range;

use crate::{
    journeys::VehicleType,
    lane_graph::{LaneGraph, NONE, RightOfWay},
    meso::{Driving, TurnTimes, Turns},
};

/// What nobody drove counts as one traveller who was delayed as the empty road delays.
const EMPTY_ROAD_WEIGHT: f32 = 1.0;
/// Time lost by giving way where hardly anybody comes, second (SUMO's weights.minor-penalty).
const MINOR_S: f32 = 1.5;
/// A turn never becomes faster by more than this share of the time that passes: who comes later leaves later.
const STEEPEST: f32 = 0.95;
/// Least time for a turn, second.
const LEAST_S: f32 = 0.01;

/// Second from coming onto a link to leaving it by a turn, on the empty road: its way in, itself, and the mean wait at its signal.
#[derive(Clone, Debug)]
pub struct EmptyRoad {
    pub turn_s: Vec<f32>,
    /// By link, driven from end to end.
    pub link_s: Vec<f32>,
}

impl EmptyRoad {
    pub fn of(graph: &LaneGraph, turns: &Turns) -> Self {
        let driving = Driving::of(&VehicleType::default());
        let mut inner_m = vec![f32::INFINITY; graph.links.len()];
        for m in &graph.moves {
            let known = &mut inner_m[m.to_link as usize];
            *known = known.min(m.length_m.max(0.0));
        }
        let link_s: Vec<f32> = (0..graph.links.len() as u32)
            .map(|link| {
                let lanes = graph.lanes_of(link).map(|l| &graph.lanes[l as usize]);
                lanes.map(|l| l.length_m / driving.free_mps(l.limit_mps, 1.0)).fold(f32::INFINITY, f32::min)
            })
            .collect();
        let mut turn_s = vec![f32::INFINITY; turns.len()];
        for (m, turn) in graph.moves.iter().zip(&turns.of_move).filter(|(_, turn)| **turn != NONE) {
            let lane = &graph.lanes[m.from as usize];
            let v = driving.free_mps(lane.limit_mps, 1.0);
            let inner_s = Some(inner_m[m.from_link as usize]).filter(|m| m.is_finite()).map_or(0.0, |m| m / v);
            let drive_s = driving.travel(lane.length_m, v, v, driving.free_mps(m.limit_mps, 1.0)).0;
            let known = &mut turn_s[*turn as usize];
            *known = known.min((inner_s + drive_s + wait_s(graph, m.program, m.stream, m.right)).max(LEAST_S));
        }
        Self { turn_s, link_s }
    }
}

/// Mean wait of one who comes at any time and finds nobody there, second: at a signal red²/2·cycle (Webster's first term).
fn wait_s(graph: &LaneGraph, program: u32, stream: u32, right: RightOfWay) -> f32 {
    let yields = if matches!(right, RightOfWay::Minor | RightOfWay::Stop) { MINOR_S } else { 0.0 };
    let Some(program) = graph.programs.get(program as usize).filter(|p| p.cycle_ms() > 0) else { return yields };
    let cycle_s = program.cycle_ms() as f64 / 1000.0;
    let red_s = (cycle_s - program.green_s(stream)).max(0.0);
    yields + (red_s * red_s / (2.0 * cycle_s)) as f32
}

/// Times by turn, linear between the middles of intervals. Times of the day are seconds from the run's begin.
#[derive(Clone, Debug)]
pub struct Times {
    interval_s: f32,
    intervals: usize,
    /// Turn by turn, interval by interval.
    s: Vec<f32>,
}

impl Times {
    /// Of the empty road.
    pub fn empty(road: &EmptyRoad) -> Self {
        Self::steady(road.turn_s.clone())
    }

    /// Turn by turn, interval by interval, second; who comes later may not leave earlier.
    pub fn by_interval(interval_s: f32, intervals: usize, mut s: Vec<f32>) -> Self {
        for row in s.chunks_mut(intervals.max(1)) {
            for i in 1..row.len() {
                row[i] = row[i].max(row[i - 1] - STEEPEST * interval_s);
            }
        }
        Self { interval_s, intervals: intervals.max(1), s }
    }

    pub fn of(road: &EmptyRoad, noted: &TurnTimes) -> Self {
        let (intervals, interval_s) = (noted.intervals(), noted.interval_ms as f32 / 1000.0);
        if intervals == 0 {
            return Self::empty(road);
        }
        let mut s = Vec::with_capacity(intervals * road.turn_s.len());
        for (turn, empty_s) in (0..).zip(&road.turn_s) {
            s.extend((0..intervals).map(|interval| {
                let (vehicles, sum_ms) = noted.cell(turn, interval);
                let sum_s = sum_ms as f32 / 1000.0 + EMPTY_ROAD_WEIGHT * empty_s;
                (sum_s / (vehicles as f32 + EMPTY_ROAD_WEIGHT)).max(LEAST_S)
            }));
        }
        Self::by_interval(interval_s, intervals, s)
    }

    /// The same at all times: by turn, infinite where it is closed.
    pub fn steady(turn_s: Vec<f32>) -> Self {
        Self { interval_s: 900.0, intervals: 1, s: turn_s }
    }

    /// By turn the shortest for who comes onto its link within a span, second.
    pub fn least(&self, within_s: Range<f32>) -> Vec<f32> {
        let interval = |t_s: f32| (t_s / self.interval_s - 0.5).clamp(0.0, (self.intervals - 1) as f32);
        let span = interval(within_s.start) as usize..interval(within_s.end).ceil() as usize + 1;
        self.s
            .chunks(self.intervals)
            .map(|row| row[span.clone()].iter().copied().fold(f32::INFINITY, f32::min))
            .collect()
    }

    /// For who comes onto the turn's link at a time.
    #[inline]
    pub fn at(&self, turn: u32, t_s: f32) -> f32 {
        let row = &self.s[turn as usize * self.intervals..(turn as usize + 1) * self.intervals];
        let at = (t_s / self.interval_s - 0.5).clamp(0.0, (self.intervals - 1) as f32);
        let i = at as usize;
        let part = at - i as f32;
        if part > 0.0 { row[i] + part * (row[i + 1] - row[i]) } else { row[i] }
    }
}
