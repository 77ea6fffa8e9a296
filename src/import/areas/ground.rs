//! Places that are surely dry: streets and buildings. Tells which side of a torn outline is water.

use citytwin_model::{Anchor, Coord, MultiPolygon};

use crate::{
    multipolygon::{ShapeIndex, local},
    raw::{RawMap, RawTags},
};

/// No more places than this are looked at.
const SAMPLES: usize = 4_000;

/// A sample of the map's dry places.
pub(super) struct Ground(Vec<Coord<f64>>);

impl Ground {
    /// One place per street and building, evenly thinned out; no bridges, tunnels or piers.
    pub fn sample(raw: &RawMap, anchor: &Anchor) -> Self {
        let dry: Vec<usize> = (0..raw.way_count()).filter(|index| is_dry(raw.way_at(*index).tags)).collect();
        let step = dry.len().div_ceil(SAMPLES).max(1);
        let middle = |index: &usize| {
            let way = raw.way_at(*index);
            way.places().nth(way.refs.len() / 2).flatten().and_then(|place| local(place, anchor))
        };
        Self(dry.iter().step_by(step).filter_map(middle).collect())
    }

    /// Share of the places that the shape holds, 0…1.
    pub fn share_in(&self, shape: &MultiPolygon<f64>) -> f64 {
        let index = ShapeIndex::new([shape]);
        let held = self.0.iter().filter(|at| index.any_holds(**at)).count();
        held as f64 / self.0.len().max(1) as f64
    }
}

fn is_dry(tags: RawTags<'_>) -> bool {
    let yes = |key: &str| tags.get(key).is_some_and(|value| value != "no");
    (yes("building") || tags.get("highway").is_some()) && !yes("bridge") && !yes("tunnel") && !yes("man_made")
}
