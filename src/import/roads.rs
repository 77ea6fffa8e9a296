//! Ways with `highway=*` to roads: geometry, class, directions, lanes, widths, limits, access.
//!
//! A way becomes a road when its `highway` maps to a class ([`class::class_of`]), it is no area, and at
//! least two successive nodes at different places are in the file.

mod access;
mod class;
mod lanes;
mod limits;
mod settlement;
mod speed;
mod units;

use citytwin_model::{Anchor, City, Coord, LineString, Problem, ProblemKind, Road, RoadClass, RoadId, SourceRef};
use rayon::prelude::*;

pub use class::class_of;

use self::{settlement::Settlement, speed::Setting};
use crate::{
    place::Location,
    raw::{ABSENT, RawMap, RawWay},
};

/// Positions in the raw map of each road's line points, in step with `City::roads`.
pub type RoadNodes = Vec<Vec<u32>>;

/// Fills the city's roads and adds the problems found. Roads stand in the order of their ids in the source.
pub fn read(raw: &RawMap, anchor: &Anchor, location: &Location, city: &mut City) -> RoadNodes {
    let settlement = Settlement::of(raw, anchor);
    let context = Context { raw, anchor, location, settlement: &settlement };
    let read: Vec<Draft> =
        (0..raw.way_count()).into_par_iter().filter_map(|index| context.draft(raw.way_at(index))).collect();
    let mut nodes = Vec::with_capacity(read.len());
    for draft in read {
        city.problems.extend(draft.problems);
        if let Some((mut road, positions)) = draft.road {
            road.id = RoadId::from_index(city.roads.len());
            city.roads.push(road);
            nodes.push(positions);
        }
    }
    nodes
}

/// What one way gave.
struct Draft {
    road: Option<(Road, Vec<u32>)>,
    problems: Vec<Problem>,
}

struct Context<'a> {
    raw: &'a RawMap,
    anchor: &'a Anchor,
    location: &'a Location,
    settlement: &'a Settlement,
}

impl Context<'_> {
    /// `None` for ways that are no roads.
    fn draft(&self, way: RawWay) -> Option<Draft> {
        let (class, is_ramp) = class::road_class(&way.tags)?;
        let source = SourceRef::Way(way.id);
        let mut problems = Vec::new();
        let positions = self.positions(&way, &mut problems);
        let line = self.line(&positions);
        let place = line.0.first().copied().or_else(|| self.anywhere(&way));
        if line.0.windows(2).all(|pair| pair[0] == pair[1]) {
            let what = "has fewer than two nodes at different places in the file; left out".to_owned();
            let kind = problems.first().map_or(ProblemKind::Geometry, |clipped| clipped.kind);
            return Some(Draft { road: None, problems: vec![Problem { source, kind, what, at: place }] });
        }
        let mut tag_problem = |what| {
            let kind = ProblemKind::TagValue;
            problems.push(Problem { source: source.clone(), kind, what, at: place });
        };
        let road = self.road(&way, (class, is_ramp), line, &mut tag_problem);
        Some(Draft { road: Some((road, positions)), problems })
    }

    fn road(
        &self,
        way: &RawWay,
        (class, is_ramp): (RoadClass, bool),
        line: LineString<f64>,
        problem: &mut impl FnMut(String),
    ) -> Road {
        let tags = &way.tags;
        let oneway = lanes::oneway(tags, class, is_ramp, problem);
        let [lanes_forward, lanes_backward] = lanes::lanes(tags, (class, is_ramp), oneway.value, problem);
        let width_m = lanes::width_m(tags, class, &[lanes_forward, lanes_backward], problem);
        let built_up = self.settlement.built_up(line.0[line.0.len() / 2]);
        let setting = Setting { location: self.location, class, is_ramp, built_up };
        let limits = speed::limits(tags, setting, &mut *problem);
        let bridge = tags.get("bridge").is_some_and(|value| value != "no");
        // Passages through buildings lie on the ground and are no tunnels.
        let tunnel = tags.get("tunnel").is_some_and(|value| value != "no" && value != "building_passage");
        Road {
            id: RoadId(0),
            source: SourceRef::Way(way.id),
            name: tags.get("name").map(str::to_owned),
            class,
            is_ramp,
            is_roundabout: lanes::is_roundabout(tags),
            oneway,
            lanes_forward,
            lanes_backward,
            width_m,
            speed_forward_mps: limits.forward,
            speed_backward_mps: limits.backward,
            access: access::access(tags, class),
            bridge,
            tunnel,
            layer: layer(tags.get("layer"), bridge, tunnel, problem),
            line,
            turn_lanes_forward: lanes::turn_lanes(tags, "forward", oneway.value),
            turn_lanes_backward: lanes::turn_lanes(tags, "backward", oneway.value),
            tags: tags.to_tags(),
        }
    }

    /// Positions of the way's longest run of present nodes, repeated ones dropped.
    fn positions(&self, way: &RawWay, problems: &mut Vec<Problem>) -> Vec<u32> {
        let all = way.positions();
        let absent = all.iter().filter(|position| **position == ABSENT).count();
        let longest = all.split(|position| *position == ABSENT).rev().max_by_key(|run| run.len()).unwrap_or(&[]);
        let mut kept = longest.to_vec();
        kept.dedup();
        let mut problem = |kind, what| {
            problems.push(Problem { source: SourceRef::Way(way.id), kind, what, at: self.anywhere(way) });
        };
        if absent > 0 {
            let what = format!("{absent} of {} nodes are not in the file; its longest piece is used", all.len());
            problem(ProblemKind::MissingReference, what);
        }
        if kept.len() < longest.len() {
            let count = longest.len() - kept.len();
            problem(ProblemKind::Geometry, format!("names a node twice in a row ({count} times); once is used"));
        }
        kept
    }

    fn line(&self, positions: &[u32]) -> LineString<f64> {
        positions.iter().map(|&position| self.anchor.enu(self.raw.place(position))).collect()
    }

    fn anywhere(&self, way: &RawWay) -> Option<Coord<f64>> {
        way.places().flatten().next().map(|place| self.anchor.enu(place))
    }
}

/// The tagged level, else one up for bridges and one down for tunnels
/// (wiki.openstreetmap.org/wiki/Key:layer).
fn layer(tag: Option<&str>, bridge: bool, tunnel: bool, problem: &mut impl FnMut(String)) -> i8 {
    if let Some(value) = tag {
        if let Ok(layer) = value.trim().parse() {
            return layer;
        }
        problem(format!("layer={value} cannot be read; the default is used"));
    }
    i8::from(bridge) - i8::from(tunnel && !bridge)
}
