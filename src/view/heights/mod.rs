//! How high roads and tracks run: bridge decks by layer with ramps that lead up to them. The map has no
//! heights, so these are drawn heights, computed from the city alone and the same for every run.

mod crossing;
mod profile;
mod solve;

pub use profile::{Profile, Station};

use std::collections::HashSet;

use citytwin_model::{City, LinkId, RailwayId, RoadId};
use geo::Coord;
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Line},
};

use solve::Way;

/// Height of a deck per layer where something passes beneath, metre: 4.5 m of clearance (Vienna Convention
/// signs, EN 1991-1-7) and a deck of about 1.5 m.
const DECK_M: f32 = 6.0;
/// The same where only water does: city bridges lie low.
const LOW_DECK_M: f32 = 3.2;
/// Farthest sideways distance from a centre line at which a vehicle still stands on it, metre.
const REACH_M: f64 = 12.0;
/// Side of a cell of the coarse lookup, metre.
const CELL_M: f64 = 32.0;

type Raised = GeomWithData<Line<[f64; 2]>, [f32; 2]>;

/// Heights of all roads and railways of a city.
#[derive(Debug)]
pub struct RoadHeights {
    roads: Vec<Profile>,
    railways: Vec<Profile>,
    /// Raised pieces of roads with the heights of their ends.
    raised: RTree<Raised>,
    /// Cells near raised pieces: nearly all vehicles are elsewhere, and this tells so at once.
    near: HashSet<[i32; 2]>,
}

impl RoadHeights {
    /// Computes all profiles.
    pub fn compute(city: &City) -> Self {
        let under = crossing::Beneath::of(city);
        let road_ways: Vec<Way<'_>> = city
            .roads
            .iter()
            .map(|road| {
                Way::new(&road.line.0, road.bridge, road.tunnel, deck_m(&under, &road.line.0, road.bridge, road.layer))
            })
            .collect();
        let rail_ways: Vec<Way<'_>> = city
            .railways
            .iter()
            .map(|rail| {
                Way::new(&rail.line.0, rail.bridge, rail.tunnel, deck_m(&under, &rail.line.0, rail.bridge, rail.layer))
            })
            .collect();
        let roads = solve::profiles(&road_ways);
        let railways = solve::profiles(&rail_ways);
        let raised = raised_pieces(city, &roads);
        let near = raised.iter().flat_map(|piece| cells(piece.geom())).collect();
        Self { roads, railways, raised: RTree::bulk_load(raised), near }
    }

    /// Height profile of a road along its line.
    pub fn road(&self, road: RoadId) -> &Profile {
        &self.roads[road.index()]
    }

    /// Height profile of a railway along its line.
    pub fn railway(&self, railway: RailwayId) -> &Profile {
        &self.railways[railway.index()]
    }

    /// Height on a link, metres driven from its start, metre.
    pub fn link_m(&self, city: &City, link: LinkId, driven_m: f64) -> f32 {
        let link = &city.links[link.index()];
        let profile = &self.roads[link.road.index()];
        if profile.is_flat() {
            return 0.0;
        }
        let line = &city.roads[link.road.index()].line.0;
        let upto = |last: u32| line[..=last as usize].windows(2).map(|w| length_m(w[0], w[1])).sum::<f64>();
        let along = if link.forward { upto(link.first) + driven_m } else { upto(link.last) - driven_m };
        profile.at(along as f32)
    }

    /// Height of the road that a vehicle at (x, y) with this heading (from east counter-clockwise, radian)
    /// drives on, metre; 0 on the ground.
    pub fn beneath_m(&self, at: [f64; 2], heading_rad: f64) -> f32 {
        if !self.near.contains(&cell(at[0], at[1])) {
            return 0.0;
        }
        let reach = AABB::from_corners([at[0] - REACH_M, at[1] - REACH_M], [at[0] + REACH_M, at[1] + REACH_M]);
        let (sin, cos) = heading_rad.sin_cos();
        let mut best = (f64::INFINITY, 0.0);
        for piece in self.raised.locate_in_envelope_intersecting(&reach) {
            let line = piece.geom();
            let (a, b) = (line.from, line.to);
            let d = [b[0] - a[0], b[1] - a[1]];
            let length = d[0].hypot(d[1]).max(1e-9);
            let t = (((at[0] - a[0]) * d[0] + (at[1] - a[1]) * d[1]) / (length * length)).clamp(0.0, 1.0);
            let away = (at[0] - a[0] - t * d[0]).hypot(at[1] - a[1] - t * d[1]);
            let across = ((d[0] * sin - d[1] * cos) / length).abs();
            let misfit = away + 15.0 * across;
            if misfit < best.0.min(REACH_M) {
                best = (misfit, piece.data[0] + (piece.data[1] - piece.data[0]) * t as f32);
            }
        }
        best.1
    }
}

fn cell(x: f64, y: f64) -> [i32; 2] {
    [(x / CELL_M).floor() as i32, (y / CELL_M).floor() as i32]
}

/// Cells within reach of a piece.
fn cells(line: &Line<[f64; 2]>) -> Vec<[i32; 2]> {
    let (a, b) = (line.from, line.to);
    let low = cell(a[0].min(b[0]) - REACH_M, a[1].min(b[1]) - REACH_M);
    let high = cell(a[0].max(b[0]) + REACH_M, a[1].max(b[1]) + REACH_M);
    (low[0]..=high[0]).flat_map(|i| (low[1]..=high[1]).map(move |j| [i, j])).collect()
}

fn deck_m(under: &crossing::Beneath, line: &[Coord<f64>], bridge: bool, layer: i8) -> f32 {
    if !bridge {
        return 0.0;
    }
    let level = f32::from(layer.clamp(1, 5));
    if under.crosses(line, layer.max(1)) { DECK_M * level } else { LOW_DECK_M * level }
}

fn raised_pieces(city: &City, profiles: &[Profile]) -> Vec<Raised> {
    let mut pieces = Vec::new();
    for (road, profile) in city.roads.iter().zip(profiles) {
        if profile.is_flat() || !road.class.is_motor() {
            continue;
        }
        let stations = profile.stations(&road.line.0);
        for pair in stations.windows(2) {
            if pair[0].z.max(pair[1].z) > 0.05 {
                let line = Line::new([pair[0].at.x, pair[0].at.y], [pair[1].at.x, pair[1].at.y]);
                pieces.push(GeomWithData::new(line, [pair[0].z, pair[1].z]));
            }
        }
    }
    pieces
}

fn length_m(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (b.x - a.x).hypot(b.y - a.y)
}
