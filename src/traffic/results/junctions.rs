//! Delay, level of service and conflicts of junctions, from what was counted on their approaches.

use std::collections::BTreeMap;

use super::{Control, JunctionResult};
use crate::{
    impact::{LevelOfService, give_way_service, signal_service},
    lane_graph::{LaneGraph, NONE, RightOfWay},
};

/// Who controls each junction, and which approaches are told to wait.
pub struct Junctions {
    control: Vec<Control>,
    /// By link.
    waits: Vec<bool>,
    to: Vec<u32>,
}

/// Sums over vehicles of one approach.
#[derive(Clone, Copy, Default)]
pub struct Approach {
    pub link: u32,
    pub passed: u32,
    pub delay_s: f64,
}

impl Junctions {
    pub fn of(graph: &LaneGraph) -> Self {
        let mut control = vec![Control::None; graph.nodes as usize];
        let mut waits = vec![false; graph.links.len()];
        for m in &graph.moves {
            let at = &mut control[m.node as usize];
            if m.program != NONE {
                *at = Control::Signal;
            } else if matches!(m.right, RightOfWay::Minor | RightOfWay::Stop) {
                waits[m.from_link as usize] = true;
                if *at == Control::None {
                    *at = Control::GiveWay;
                }
            }
        }
        Self { control, waits, to: graph.links.iter().map(|l| l.to).collect() }
    }

    /// Rows of an interval. `conflicts`: rear-end and crossing by junction, where they were counted.
    pub fn rows(
        &self,
        (begin_s, end_s): (f64, f64),
        approaches: impl Iterator<Item = Approach>,
        conflicts: Option<&BTreeMap<u32, (u32, u32)>>,
    ) -> Vec<JunctionResult> {
        let mut by_node: BTreeMap<u32, BTreeMap<u32, Approach>> = BTreeMap::new();
        for approach in approaches.filter(|a| a.passed > 0) {
            let links = by_node.entry(self.to[approach.link as usize]).or_default();
            let sum = links.entry(approach.link).or_insert(Approach { link: approach.link, ..Approach::default() });
            sum.passed += approach.passed;
            sum.delay_s += approach.delay_s;
        }
        let row = |(node, links): (u32, BTreeMap<u32, Approach>)| {
            let control = *self.control.get(node as usize)?;
            let vehicles = links.values().map(|a| a.passed).sum::<u32>();
            let delay_s = links.values().map(|a| a.delay_s).sum::<f64>() / f64::from(vehicles);
            let told = |a: &&Approach| control == Control::Signal || self.waits[a.link as usize];
            let means = links.values().filter(told).map(|a| (a.link, a.delay_s / f64::from(a.passed)));
            let worst = means.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            let at = conflicts.map(|c| c.get(&node).copied().unwrap_or_default());
            Some(JunctionResult {
                node,
                begin_s,
                end_s,
                control,
                vehicles,
                delay_s,
                worst,
                service: service(control, delay_s, worst),
                rear_end_conflicts: at.map(|c| c.0),
                crossing_conflicts: at.map(|c| c.1),
            })
        };
        by_node.into_iter().filter_map(row).collect()
    }
}

/// Whether demand exceeds capacity is not known: the delay alone decides.
fn service(control: Control, delay_s: f64, worst: Option<(u32, f64)>) -> Option<LevelOfService> {
    match control {
        Control::Signal => Some(signal_service(delay_s, 0.0)),
        Control::GiveWay => worst.map(|(_, delay_s)| give_way_service(delay_s, 0.0)),
        Control::None => None,
    }
}
