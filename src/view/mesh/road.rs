//! Roads: pavement, carriageway with its lane marks, junction fills.

use std::collections::HashMap;

use citytwin_model::{City, FeatureRef, Oneway, Road, RoadClass};
use geo::Coord;

use super::{
    Slots,
    buffer::{MeshBuffer, Paint, Surface},
    colour, marking,
    ribbon::{self, Section},
    structure,
};
use crate::heights::{RoadHeights, Station};

/// Pavement on each side of a city street, metre (RASt 06: 2.50 m; 2.20 m leaves room for narrow streets).
pub const PAVEMENT_M: f64 = 2.2;
/// Lowest carriageway above the ground plane, metre. Land and water lie below it.
const LIFT_M: f32 = 0.30;
/// A class lies this much above the next less important one, metre.
const CLASS_STEP_M: f32 = 0.012;
const DISC_CORNERS: u32 = 14;

/// What meets at a shared point of carriageways.
#[derive(Clone, Copy, Default, Debug)]
struct Meeting {
    arms: u8,
    half_m: f32,
}

/// Where carriageways meet. Looked up only, never walked.
#[derive(Default, Debug)]
pub struct Junctions(HashMap<(u64, u64), Meeting>);

impl Junctions {
    /// Counts the arms at every point of every drawn carriageway.
    pub fn of(city: &City) -> Self {
        let mut meetings: HashMap<(u64, u64), Meeting> = HashMap::new();
        for road in city.roads.iter().filter(|r| r.class.is_motor() && !r.tunnel) {
            let last = road.line.0.len() - 1;
            for (k, at) in road.line.0.iter().enumerate() {
                let meeting = meetings.entry((at.x.to_bits(), at.y.to_bits())).or_default();
                meeting.arms = meeting.arms.saturating_add(if k == 0 || k == last { 1 } else { 2 });
                meeting.half_m = meeting.half_m.max(half_m(road) as f32);
            }
        }
        Self(meetings)
    }

    /// Half the widest carriageway at a point where three or more arms meet.
    pub fn radius_m(&self, at: Coord<f64>) -> Option<f64> {
        let meeting = self.0.get(&(at.x.to_bits(), at.y.to_bits()))?;
        (meeting.arms >= 3).then_some(f64::from(meeting.half_m))
    }
}

/// Half the carriageway, metre, kept within what a road can be.
pub fn half_m(road: &Road) -> f64 {
    0.5 * road.width_m.value.clamp(1.0, 60.0)
}

/// Height of a class's surface above its station, metre.
pub fn lift_m(class: RoadClass) -> f32 {
    LIFT_M + CLASS_STEP_M * f32::from(RoadClass::Path as u8 - class as u8)
}

/// Whether a street of this class has pavements of its own.
pub fn has_pavement(road: &Road) -> bool {
    matches!(
        road.class,
        RoadClass::Primary
            | RoadClass::Secondary
            | RoadClass::Tertiary
            | RoadClass::Unclassified
            | RoadClass::Residential
            | RoadClass::LivingStreet
    ) && !road.is_ramp
}

/// What all roads of a city are drawn with.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub city: &'a City,
    pub heights: &'a RoadHeights,
    pub junctions: &'a Junctions,
    pub slots: &'a Slots,
}

/// Draws one road's surface into `mesh` and what carries it into `solid`.
pub fn draw(setting: &Setting<'_>, road: &Road, mesh: &mut MeshBuffer, solid: &mut MeshBuffer) {
    let Setting { city, heights, junctions, slots } = *setting;
    if road.tunnel {
        return;
    }
    let slot = slots.feature(city, FeatureRef::Road(road.id));
    let half = half_m(road);
    let stations = stations(heights, junctions, road);
    let lefts = ribbon::lefts(&stations);
    let lift = lift_m(road.class);
    let edge = if has_pavement(road) { half + PAVEMENT_M } else { half + 0.5 };
    if stations.iter().any(|s| s.z > 0.2) {
        structure::draw(solid, &stations, &lefts, structure::Deck { edge_m: edge, bridge: road.bridge, lift, slot });
    }
    if has_pavement(road) {
        pavement(mesh, road, &stations, &lefts, edge, slot);
    }
    let (colour, surface) = colour::road(road.class);
    let paint = Paint::new(colour, surface, slot).with(0);
    if surface == Surface::Asphalt {
        carriageway(mesh, road, junctions, &stations, &lefts, paint);
    } else {
        ribbon::band(mesh, &stations, &lefts, Section::about(half, lift), paint);
        marking::crossing(mesh, road, &stations, slot);
    }
    round_off(mesh, junctions, &stations, half, lift - 0.004, paint);
}

fn pavement(mesh: &mut MeshBuffer, road: &Road, stations: &[Station], lefts: &[[f64; 2]], edge: f64, slot: u32) {
    let lift = LIFT_M - 0.03 + 0.001 * f32::from(road.class as u8);
    let paint = Paint::new(colour::PAVEMENT, Surface::Paving, slot);
    ribbon::band(mesh, stations, lefts, Section::about(edge, lift), paint);
    for end in [stations.first(), stations.last()].into_iter().flatten() {
        let at = [end.at.x as f32, end.at.y as f32, end.z + lift - 0.002];
        ribbon::disc(mesh, at, edge as f32, DISC_CORNERS, paint);
    }
}

/// Fills ends, junctions and sharp bends so that bands meet without gaps.
fn round_off(mesh: &mut MeshBuffer, junctions: &Junctions, stations: &[Station], half: f64, lift: f32, paint: Paint) {
    let last = stations.len().saturating_sub(1);
    for (k, station) in stations.iter().enumerate() {
        if station.vertex.is_none() {
            continue;
        }
        let sharp = k > 0 && k < last && turn_cos(&stations[k - 1..=k + 1]) < 0.7;
        if k == 0 || k == last || sharp || junctions.radius_m(station.at).is_some_and(|r| r > half + 0.1) {
            let at = [station.at.x as f32, station.at.y as f32, station.z + lift];
            ribbon::disc(mesh, at, half as f32, DISC_CORNERS, paint);
        }
    }
}

fn turn_cos(three: &[Station]) -> f64 {
    let d = |a: &Station, b: &Station| [b.at.x - a.at.x, b.at.y - a.at.y];
    let (p, q) = (d(&three[0], &three[1]), d(&three[1], &three[2]));
    (p[0] * q[0] + p[1] * q[1]) / (p[0].hypot(p[1]) * q[0].hypot(q[1])).max(1e-9)
}

/// The carriageway; lane marks stop short of junctions.
fn carriageway(
    mesh: &mut MeshBuffer,
    road: &Road,
    junctions: &Junctions,
    stations: &[Station],
    lefts: &[[f64; 2]],
    paint: Paint,
) {
    let half = half_m(road);
    let (lanes, marks) = lane_marks(road);
    let section = Section { left: half, right: -half, lift: lift_m(road.class), v_left: -lanes[1], v_right: lanes[0] };
    let marked = if marks == 0 { vec![] } else { marked_ranges(junctions, stations) };
    let mut from = 0;
    for (first, last) in marked {
        ribbon::band(mesh, &stations[from..=first], &lefts[from..=first], section, paint);
        ribbon::band(mesh, &stations[first..=last], &lefts[first..=last], section, paint.with(marks));
        from = last;
    }
    ribbon::band(mesh, &stations[from..], &lefts[from..], section, paint);
}

/// Lanes right and left of the separating line (uv.y runs over them), and the mark code of `city.wgsl`:
/// 1 for separating lines only, 2 with edge lines; +4 where one-way.
fn lane_marks(road: &Road) -> ([f32; 2], u8) {
    let oneway = road.oneway.value != Oneway::Both;
    let (forward, backward) = (f32::from(road.lanes_forward.value), f32::from(road.lanes_backward.value));
    let total = (forward + backward).max(1.0);
    let lanes = if oneway { [total, 0.0] } else { [forward.max(0.5), backward.max(0.5)] };
    let marks = match road.class {
        RoadClass::Motorway | RoadClass::Trunk => 2,
        RoadClass::Primary | RoadClass::Secondary | RoadClass::Tertiary => 1,
        RoadClass::Unclassified | RoadClass::Residential if !oneway && road.width_m.value >= 6.5 => 1,
        _ => 0,
    };
    let single = oneway && total < 2.0;
    match marks {
        1 if single => (lanes, 0),
        0 => (lanes, 0),
        _ => (lanes, marks + if oneway { 4 } else { 0 }),
    }
}

/// Runs of stations clear of junctions.
fn marked_ranges(junctions: &Junctions, stations: &[Station]) -> Vec<(usize, usize)> {
    let blocked: Vec<(f64, f64)> = stations
        .iter()
        .filter(|s| s.vertex.is_some())
        .filter_map(|s| junctions.radius_m(s.at).map(|r| (s.along, r + 2.0)))
        .collect();
    let clear = |along: f64| blocked.iter().all(|(at, r)| (along - at).abs() >= r - 0.01);
    let mut ranges = Vec::new();
    let mut start = None;
    for k in 0..stations.len().saturating_sub(1) {
        let ok = clear(0.5 * (stations[k].along + stations[k + 1].along)) && clear(stations[k].along);
        match (ok && clear(stations[k + 1].along), start) {
            (true, None) => start = Some(k),
            (false, Some(first)) => {
                ranges.push((first, k));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(first) = start {
        ranges.push((first, stations.len() - 1));
    }
    ranges
}

/// Stations of a road with extra ones where lane marks begin and end beside junctions.
pub fn stations(heights: &RoadHeights, junctions: &Junctions, road: &Road) -> Vec<Station> {
    let mut stations = heights.road(road.id).stations(&road.line.0);
    if !road.class.is_motor() {
        return stations;
    }
    let total = stations.last().map_or(0.0, |s| s.along);
    let cuts: Vec<f64> = stations
        .iter()
        .filter(|s| s.vertex.is_some())
        .filter_map(|s| junctions.radius_m(s.at).map(|r| (s.along, r + 2.0)))
        .flat_map(|(at, r)| [at - r, at + r])
        .filter(|along| *along > 0.1 && *along < total - 0.1)
        .collect();
    for along in cuts {
        let after = stations.partition_point(|s| s.along < along);
        let (a, b) = (stations[after - 1], stations[after]);
        if along - a.along > 0.05 && b.along - along > 0.05 {
            let t = (along - a.along) / (b.along - a.along);
            let at = Coord { x: a.at.x + t * (b.at.x - a.at.x), y: a.at.y + t * (b.at.y - a.at.y) };
            stations.insert(after, Station { at, z: a.z + (b.z - a.z) * t as f32, along, vertex: None });
        }
    }
    stations
}
