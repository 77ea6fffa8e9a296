//! First ways: found in parts, each by what those before would leave of the road.
//!
//! Were all to take the fastest way on the empty road, a city's main roads would jam as they never do, and what such a day teaches is
//! little. So the ways are found in some parts, and each part meets the delays that the volumes of those before cause, by the
//! formula for signals and signs alike (HCM 6th, eq. 19-26, incremental delay). From then on runs tell.

use super::Day;
use crate::{
    lane_graph::{LaneGraph, NONE, RightOfWay},
    timed_ways::Times,
};

/// Parts of the travellers.
pub const PARTS: u32 = 8;
/// Flow of a lane that never stops, vehicle per hour (HCM 6th, chapter 19: base saturation flow 1,900, less turns, narrow lanes, parking
/// and stops as towns have them), and the part of it that has to give way keeps (chapter 20: potential capacity at about 600
/// conflicting vehicles per hour).
const LANE_VPH: f32 = 1500.0;
const MINOR_PART: f32 = 0.3;
/// Volumes are counted by so many seconds.
const INTERVAL_S: f32 = 900.0;

/// Volumes by interval and link.
pub struct Volumes {
    intervals: usize,
    links: usize,
    vehicles: Vec<u16>,
    capacity_vph: Vec<f32>,
}

impl Volumes {
    pub fn of(graph: &LaneGraph, length_s: f64) -> Self {
        let intervals = (length_s / f64::from(INTERVAL_S)).ceil().clamp(1.0, 1000.0) as usize + 1;
        let links = graph.links.len();
        let capacity_vph = (0..links as u32).map(|link| capacity_vph(graph, link)).collect();
        Self { intervals, links, vehicles: vec![0; intervals * links], capacity_vph }
    }

    fn interval(&self, t_s: f32) -> usize {
        ((t_s.max(0.0) / INTERVAL_S) as usize).min(self.intervals - 1)
    }

    /// Incremental delay of an interval, second.
    fn delay_s(&self, link: u32, interval: usize) -> f32 {
        let capacity = self.capacity_vph[link as usize];
        let hours = INTERVAL_S / 3600.0;
        let x = f32::from(self.vehicles[interval * self.links + link as usize]) / (capacity * hours);
        900.0 * hours * ((x - 1.0) + ((x - 1.0) * (x - 1.0) + 4.0 * x / (capacity * hours)).sqrt())
    }
}

/// What a link's lanes let through, vehicle per hour.
fn capacity_vph(graph: &LaneGraph, link: u32) -> f32 {
    let of_lane = |lane: u32| {
        let moves = graph.moves_of(lane).map(|m| &graph.moves[m as usize]);
        let (sum, count) = moves.fold((0.0, 0.0_f32), |(sum, count), m| {
            let green = graph.programs.get(m.program as usize).filter(|p| m.program != NONE && p.cycle_ms() > 0);
            let share = green.map_or(1.0, |p| (p.green_s(m.stream) * 1000.0 / p.cycle_ms() as f64) as f32);
            let minor = matches!(m.right, RightOfWay::Minor | RightOfWay::Stop);
            (sum + share * if minor { MINOR_PART } else { 1.0 }, count + 1.0)
        });
        if count > 0.0 { LANE_VPH * sum / count } else { LANE_VPH }
    };
    graph.lanes_of(link).map(of_lane).sum::<f32>().max(0.1 * LANE_VPH)
}

impl Day<'_> {
    /// Counts the ways just found, and has the next part meet what they cause.
    pub(super) fn count(&mut self, volumes: &mut Volumes) {
        for finding in &self.findings {
            let journey = &self.input.journeys.list[finding.journey as usize];
            let Some(way) = finding.way.as_deref() else { continue };
            let mut t_s = self.begins_s(journey, way[0]);
            for pair in way.windows(2) {
                let at = volumes.interval(t_s) * volumes.links + pair[0] as usize;
                volumes.vehicles[at] = volumes.vehicles[at].saturating_add(1);
                t_s += self.turns.find(pair[0], pair[1]).map_or(0.0, |turn| self.times.at(turn, t_s));
            }
        }
        let mut s = Vec::with_capacity(self.turns.len() * volumes.intervals);
        for link in 0..volumes.links as u32 {
            let delays: Vec<f32> = (0..volumes.intervals).map(|i| volumes.delay_s(link, i)).collect();
            for turn in self.turns.to.range(link) {
                s.extend(delays.iter().map(|delay| self.empty.turn_s[turn] + delay));
            }
        }
        self.times = Times::by_interval(INTERVAL_S, volumes.intervals, s);
    }
}
