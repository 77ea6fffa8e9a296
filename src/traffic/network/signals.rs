//! Signal groups and their fixed-time plans.
//!
//! Signalled nodes that lie close together work as one group (the four crossings of two dual carriageways are one
//! junction). Approaches on one axis share a phase, greens are split by the importance of the approaches, offsets
//! follow the main axis at progression speed. Links inside a group are never red.

use std::f32::consts::PI;

use citytwin_model::{City, RoadClass};

use super::{NONE, Shapes, turns::wrap};

/// What a signal shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SignalColour {
    Red,
    Amber,
    Green,
}

/// Amber, second (RiLSA 2015, 50 km/h).
pub const AMBER_S: f64 = 3.0;
/// All red between phases, second (RiLSA 2015: intergreen about 5 s at an urban junction, less amber).
const ALL_RED_S: f64 = 2.0;
/// Shortest green, second (RiLSA 2015: 5 s; more where pedestrians cross).
const SHORTEST_GREEN_S: f64 = 8.0;
/// Cycles by the number of phases, second (RiLSA 2015: 60–90 s in towns, at most 120 s). One phase is a crossing
/// for pedestrians, who get the last [`PEDESTRIANS_S`] of it.
const CYCLE_S: [f64; 4] = [70.0, 70.0, 90.0, 110.0];
const PEDESTRIANS_S: f64 = 14.0;
/// Signalled nodes closer than this are one junction, metre.
const JOIN_M: f64 = 30.0;
/// Approaches whose axes differ less than this share a phase: 40°.
const SAME_AXIS_RAD: f32 = 40.0 / 180.0 * PI;
/// Speed of the green wave along the main axis, metre per second (RiLSA 2015: about the legal 50 km/h less 10 %).
const PROGRESSION_MPS: f64 = 12.5;

/// All groups and which approach each link is.
pub struct SignalPlan {
    pub groups: Vec<Group>,
    approaches: Vec<Approach>,
    /// Link → approach, [`NONE`] without a signal.
    pub approach_of: Vec<u32>,
    /// Link → group it lies inside of or ends at, [`NONE`] without.
    pub group_of: Vec<u32>,
}

/// One junction's plan.
#[derive(Clone, Debug)]
pub struct Group {
    pub cycle_s: f64,
    pub offset_s: f64,
    /// Start of green in the cycle and its length, second.
    pub phases: Vec<(f64, f64)>,
}

#[derive(Clone, Copy, Debug)]
struct Approach {
    group: u32,
    phase: u8,
}

impl SignalPlan {
    pub fn build(city: &City, usable: &[bool], shapes: &Shapes) -> Self {
        let cluster = clusters(city);
        let count = cluster.iter().filter(|c| **c != NONE).max().map_or(0, |c| *c as usize + 1);
        let mut plan = Self {
            groups: Vec::new(),
            approaches: Vec::new(),
            approach_of: vec![NONE; city.links.len()],
            group_of: vec![NONE; city.links.len()],
        };
        let mut members = vec![Vec::new(); count];
        for link in city.links.iter().filter(|l| usable[l.id.index()]) {
            let (from, to) = (cluster[link.from.index()], cluster[link.to.index()]);
            if to != NONE {
                plan.group_of[link.id.index()] = to;
                if from != to {
                    members[to as usize].push(link.id.0);
                }
            }
        }
        for approaches in &members {
            plan.add_group(city, shapes, approaches);
        }
        plan
    }

    fn add_group(&mut self, city: &City, shapes: &Shapes, links: &[u32]) {
        let mut order = links.to_vec();
        order.sort_by_key(|l| (std::cmp::Reverse((importance(city, *l) * 100.0) as u32), *l));
        let mut axes: Vec<(f32, f64)> = Vec::new();
        let group = self.groups.len() as u32;
        for link in order {
            let heading = shapes.heading_out(link);
            let phase = phase_of(&mut axes, heading, importance(city, link));
            self.approach_of[link as usize] = self.approaches.len() as u32;
            self.approaches.push(Approach { group, phase });
        }
        let offset_s = links.first().map_or(0.0, |l| {
            let at = city.nodes[city.links[*l as usize].to.index()].at;
            let axis = f64::from(axes[0].0);
            (at.x * axis.cos() + at.y * axis.sin()) / PROGRESSION_MPS
        });
        self.groups.push(timing(&axes, offset_s));
    }

    fn approach_colour(&self, approach: u32, at_s: f64) -> SignalColour {
        let approach = &self.approaches[approach as usize];
        let group = &self.groups[approach.group as usize];
        let (start, green) = group.phases[usize::from(approach.phase)];
        let since = (at_s - group.offset_s - start).rem_euclid(group.cycle_s);
        match since {
            s if s < green => SignalColour::Green,
            s if s < green + AMBER_S => SignalColour::Amber,
            _ => SignalColour::Red,
        }
    }

    /// The colours of all approaches at one time; `at_s`: seconds since midnight.
    pub fn colours(&self, at_s: f64, out: &mut Vec<SignalColour>) {
        out.clear();
        out.extend((0..self.approaches.len() as u32).map(|a| self.approach_colour(a, at_s)));
    }

    /// Cycle and green of a link's signal, second.
    pub fn timing(&self, link: u32) -> Option<(f64, f64)> {
        let approach = self.approaches.get(*self.approach_of.get(link as usize)? as usize)?;
        let group = &self.groups[approach.group as usize];
        Some((group.cycle_s, group.phases[usize::from(approach.phase)].1))
    }

    /// Mean delay at a link's signal with little traffic, second (Webster 1958, first term at zero flow).
    pub fn delay_s(&self, link: u32) -> f32 {
        self.timing(link).map_or(0.0, |(cycle, green)| {
            let red_share = 1.0 - green / cycle;
            (0.5 * cycle * red_share * red_share) as f32
        })
    }
}

/// Signalled node → its cluster, numbered in node order.
fn clusters(city: &City) -> Vec<u32> {
    let signalled: Vec<usize> = (0..city.nodes.len()).filter(|n| city.nodes[*n].signals).collect();
    let mut parent: Vec<usize> = (0..city.nodes.len()).collect();
    let places = signalled.iter().map(|n| {
        let at = city.nodes[*n].at;
        rstar::primitives::GeomWithData::new([at.x, at.y], *n)
    });
    let tree = rstar::RTree::bulk_load(places.collect());
    for n in &signalled {
        let at = city.nodes[*n].at;
        for other in tree.locate_within_distance([at.x, at.y], JOIN_M * JOIN_M) {
            let (a, b) = (root(&mut parent, *n), root(&mut parent, other.data));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut number = vec![NONE; city.nodes.len()];
    let mut next = 0;
    for n in signalled {
        let r = root(&mut parent, n);
        if number[r] == NONE {
            number[r] = next;
            next += 1;
        }
        number[n] = number[r];
    }
    number
}

fn root(parent: &mut [usize], mut n: usize) -> usize {
    while parent[n] != n {
        parent[n] = parent[parent[n]];
        n = parent[n];
    }
    n
}

/// Share of the green an approach asks for: its lanes, weighted by class.
fn importance(city: &City, link: u32) -> f64 {
    let link = &city.links[link as usize];
    let weight = match city.roads[link.road.index()].class {
        RoadClass::Motorway | RoadClass::Trunk | RoadClass::Primary => 1.0,
        RoadClass::Secondary => 0.85,
        RoadClass::Tertiary => 0.65,
        _ => 0.4,
    };
    weight * f64::from(link.lanes.max(1))
}

/// The phase of an approach: that of the first axis near its own, a new one, or (from four on) the nearest.
fn phase_of(axes: &mut Vec<(f32, f64)>, heading: f32, importance: f64) -> u8 {
    let apart = |axis: f32| {
        let d = wrap(heading - axis).abs();
        d.min(PI - d)
    };
    let nearest = (0..axes.len()).min_by(|a, b| apart(axes[*a].0).total_cmp(&apart(axes[*b].0)));
    let shared = nearest.filter(|a| apart(axes[*a].0) < SAME_AXIS_RAD || axes.len() == CYCLE_S.len() - 1);
    let phase = shared.unwrap_or_else(|| {
        axes.push((heading, 0.0));
        axes.len() - 1
    });
    axes[phase].1 = axes[phase].1.max(importance);
    phase as u8
}

fn timing(axes: &[(f32, f64)], offset_s: f64) -> Group {
    let cycle_s = CYCLE_S[axes.len().min(CYCLE_S.len() - 1)];
    let walking = if axes.len() == 1 { PEDESTRIANS_S } else { 0.0 };
    let lost = axes.len() as f64 * (AMBER_S + ALL_RED_S);
    let spare = cycle_s - lost - walking - SHORTEST_GREEN_S * axes.len() as f64;
    let total: f64 = axes.iter().map(|a| a.1).sum();
    let mut start = 0.0;
    let phases = axes
        .iter()
        .map(|(_, importance)| {
            let green = SHORTEST_GREEN_S + spare * importance / total;
            let phase = (start, green);
            start += green + AMBER_S + ALL_RED_S;
            phase
        })
        .collect();
    Group { cycle_s, offset_s, phases }
}
