//! Whether something that moves passes beneath a bridge.

use citytwin_model::City;
use geo::Coord;
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Line},
};

/// All drawn ways with their layer, by place.
pub struct Beneath(RTree<GeomWithData<Line<[f64; 2]>, i8>>);

impl Beneath {
    /// Roads that carry vehicles and railways, except in tunnels.
    pub fn of(city: &City) -> Self {
        if !city.roads.iter().any(|r| r.bridge) && !city.railways.iter().any(|r| r.bridge) {
            return Self(RTree::new());
        }
        let roads =
            city.roads.iter().filter(|r| r.class.is_motor() && !r.tunnel).map(|r| (&r.line, level(r.bridge, r.layer)));
        let rails = city.railways.iter().filter(|r| !r.tunnel).map(|r| (&r.line, level(r.bridge, r.layer)));
        let pieces = roads
            .chain(rails)
            .flat_map(|(line, layer)| {
                line.0.windows(2).map(move |w| GeomWithData::new(Line::new([w[0].x, w[0].y], [w[1].x, w[1].y]), layer))
            })
            .collect();
        Self(RTree::bulk_load(pieces))
    }

    /// Whether the line crosses (not merely meets) a way of a lower layer.
    pub fn crosses(&self, line: &[Coord<f64>], layer: i8) -> bool {
        line.windows(2).any(|w| {
            let (a, b) = ([w[0].x, w[0].y], [w[1].x, w[1].y]);
            let corner = |f: fn(f64, f64) -> f64| [f(a[0], b[0]), f(a[1], b[1])];
            let envelope = AABB::from_corners(corner(f64::min), corner(f64::max));
            self.0
                .locate_in_envelope_intersecting(&envelope)
                .any(|other| other.data < layer && cross(a, b, other.geom().from, other.geom().to))
        })
    }
}

const fn level(bridge: bool, layer: i8) -> i8 {
    if bridge && layer < 1 { 1 } else { layer }
}

/// Proper crossing of two segments: touching ends do not count.
fn cross(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> bool {
    let side = |p: [f64; 2], q: [f64; 2], r: [f64; 2]| (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
    side(a, b, c) * side(a, b, d) < 0.0 && side(c, d, a) * side(c, d, b) < 0.0
}
