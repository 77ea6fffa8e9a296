//! Water and tracks as lines that side streets and drives stop at. Must not know streets.

use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::{
    maths::{P, crossing},
    rail::Rail,
    water::Water,
};

/// Lines that no side street may cross: banks, tracks.
pub struct Barriers(RTree<GeomWithData<Rectangle<[f64; 2]>, (P2, P2)>>);

type P2 = [f64; 2];

impl Barriers {
    pub fn new(water: &Water, rail: &Rail) -> Self {
        let mut all = Vec::new();
        let mut add = |line: &[P]| {
            for w in line.windows(2) {
                let (a, b) = ([w[0].x, w[0].y], [w[1].x, w[1].y]);
                all.push(GeomWithData::new(Rectangle::from_corners(a, b), (a, b)));
            }
        };
        add(&water.river.exterior().0);
        add(&water.brook);
        water.basins.iter().for_each(|basin| add(&basin.exterior().0));
        rail.all_tracks().for_each(|track| add(track));
        Self(RTree::bulk_load(all))
    }

    pub fn between(&self, a: P, b: P) -> bool {
        let envelope = AABB::from_corners([a.x.min(b.x), a.y.min(b.y)], [a.x.max(b.x), a.y.max(b.y)]);
        self.0.locate_in_envelope_intersecting(&envelope).any(|e| {
            let ([ax, ay], [bx, by]) = e.data;
            crossing(a, b, P { x: ax, y: ay }, P { x: bx, y: by }).is_some()
        })
    }
}
