//! Paint on the road beyond lane lines: stop lines and zebra crossings.

use citytwin_model::{DrivingSide, FeatureRef, LinkEnd, LinkId, Oneway, Road, RoadClass};

use super::{
    buffer::{MeshBuffer, Paint, Surface},
    colour,
    road::{self, Setting},
};
use crate::heights::Station;

/// Width of a stop line along the road, metre (Vienna Convention on Road Signs, annex 2: 0.20…0.60 m).
const STOP_LINE_M: f64 = 0.4;
/// Zebra stripes: 0.5 m wide, 0.5 m apart, 3 m long (the same annex).
const STRIPE_M: f64 = 0.5;
const CROSSING_M: f64 = 3.0;

/// The stop line at the end of a link that ends at signals or a stop sign.
pub fn stop_line(setting: &Setting<'_>, id: LinkId, mesh: &mut MeshBuffer) {
    let Setting { city, heights, junctions, slots } = *setting;
    let link = &city.links[id.index()];
    let road = &city.roads[link.road.index()];
    if road.tunnel || !matches!(link.end, LinkEnd::Signals | LinkEnd::Stop) || road.class >= RoadClass::Service {
        return;
    }
    let mut line = city.link_line(id).0;
    let Some(&end) = line.last() else { return };
    let back_m = junctions.radius_m(end).unwrap_or(0.0) + 2.2;
    if back_m > 0.6 * link.length_m {
        return;
    }
    let z = heights.link_m(city, id, link.length_m - back_m);
    line.reverse();
    let Some((at, d)) = walk(&line, back_m) else { return };
    let half = road::half_m(road) - 0.25;
    let right_hand = city.driving_side.value == DrivingSide::Right;
    let (left, right) = match (road.oneway.value, right_hand) {
        (Oneway::Both, true) => (-0.1, -half),
        (Oneway::Both, false) => (half, 0.1),
        _ => (half, -half),
    };
    let lift = z + road::lift_m(road.class) + 0.015;
    // `d` points back along the link.
    let bar =
        Bar { at, d: [-d[0], -d[1]], ahead: [-0.5 * STOP_LINE_M, 0.5 * STOP_LINE_M], sides: [left, right], z: lift };
    bar.draw(mesh, Paint::new(colour::PAINT_WHITE, Surface::Paint, slots.feature(city, FeatureRef::Road(road.id))));
}

/// Zebra stripes along a footway that the map calls a crossing.
pub fn crossing(mesh: &mut MeshBuffer, road: &Road, stations: &[Station], slot: u32) {
    if !["footway", "path", "cycleway"].iter().any(|key| road.tags.is(key, "crossing")) {
        return;
    }
    let paint = Paint::new(colour::PAINT_WHITE, Surface::Paint, slot);
    let lift = road::lift_m(RoadClass::Motorway) + 0.02;
    for pair in stations.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let length = b.along - a.along;
        if length < 1e-3 {
            continue;
        }
        let d = [(b.at.x - a.at.x) / length, (b.at.y - a.at.y) / length];
        let mut s = (2.0 * STRIPE_M) - a.along % (2.0 * STRIPE_M);
        while s + STRIPE_M < length {
            let bar = Bar {
                at: [a.at.x, a.at.y],
                d,
                ahead: [s, s + STRIPE_M],
                sides: [0.5 * CROSSING_M, -0.5 * CROSSING_M],
                z: a.z + lift,
            };
            bar.draw(mesh, paint);
            s += 2.0 * STRIPE_M;
        }
    }
}

/// A painted rectangle: offsets ahead of and left of a point.
struct Bar {
    at: [f64; 2],
    d: [f64; 2],
    ahead: [f64; 2],
    sides: [f64; 2],
    z: f32,
}

impl Bar {
    fn draw(&self, mesh: &mut MeshBuffer, paint: Paint) {
        let corner = |ahead: f64, left: f64| {
            let x = self.at[0] + self.d[0] * ahead - self.d[1] * left;
            let y = self.at[1] + self.d[1] * ahead + self.d[0] * left;
            ([x as f32, y as f32, self.z], [0.0, 0.0])
        };
        let ([from, to], [left, right]) = (self.ahead, self.sides);
        mesh.fan(&[corner(from, left), corner(from, right), corner(to, right), corner(to, left)], paint);
    }
}

/// The point `along` metres from the start of a line and the direction there.
fn walk(line: &[geo::Coord<f64>], along: f64) -> Option<([f64; 2], [f64; 2])> {
    let mut left = along;
    for pair in line.windows(2) {
        let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
        let length = dx.hypot(dy);
        if left <= length && length > 1e-6 {
            let d = [dx / length, dy / length];
            return Some(([pair[0].x + d[0] * left, pair[0].y + d[1] * left], d));
        }
        left -= length;
    }
    None
}
