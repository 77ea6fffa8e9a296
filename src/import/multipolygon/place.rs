//! Where a shape is: its box, a point inside it, which shapes hold a point.

use citytwin_model::{Coord, MultiPolygon, Polygon};
use geo::{Area, BoundingRect};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use super::inside::Inside;

/// Shapes whose boxes hold one point, of which more are not looked at: a map that stacks more is no city's. Our six
/// extracts stack up to 15.
const MAX_STACKED: usize = 500;

/// Shapes by place; answers with their positions in the list they were built from.
pub(crate) struct ShapeIndex<'a> {
    shapes: Vec<Inside<'a>>,
    areas_m2: Vec<f64>,
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
}

impl<'a> ShapeIndex<'a> {
    pub fn new(shapes: impl IntoIterator<Item = &'a MultiPolygon<f64>>) -> Self {
        let shapes: Vec<_> = shapes.into_iter().collect();
        let boxes = shapes.iter().enumerate().filter_map(|(index, shape)| {
            let (low, high) = bounds_of(shape)?;
            Some(GeomWithData::new(Rectangle::from_corners([low.x, low.y], [high.x, high.y]), index))
        });
        let tree = RTree::bulk_load(boxes.collect());
        let areas_m2 = shapes.iter().map(|shape| shape.unsigned_area()).collect();
        let shapes = shapes.into_iter().map(Inside::of).collect();
        Self { shapes, areas_m2, tree }
    }

    /// The shapes that hold the point, smallest area first, earlier first among equals.
    pub fn holding(&self, at: Coord<f64>) -> Vec<usize> {
        let point = AABB::from_point([at.x, at.y]);
        let mut found: Vec<usize> = self
            .tree
            .locate_in_envelope_intersecting(&point)
            .take(MAX_STACKED)
            .map(|entry| entry.data)
            .filter(|index| self.shapes[*index].holds(at))
            .collect();
        found.sort_unstable();
        found.sort_by(|a, b| self.areas_m2[*a].total_cmp(&self.areas_m2[*b]));
        found
    }

    /// Whether any shape holds the point.
    pub fn any_holds(&self, at: Coord<f64>) -> bool {
        let point = AABB::from_point([at.x, at.y]);
        self.tree
            .locate_in_envelope_intersecting(&point)
            .take(MAX_STACKED)
            .any(|entry| self.shapes[entry.data].holds(at))
    }
}

/// South-west and north-east corner of the shape's box; `None` for an empty shape.
fn bounds_of(shape: &MultiPolygon<f64>) -> Option<(Coord<f64>, Coord<f64>)> {
    shape.bounding_rect().map(|rect| (rect.min(), rect.max()))
}

/// A point well inside the largest polygon: the middle of its widest chord at one of a few heights.
pub(crate) fn point_inside(shape: &MultiPolygon<f64>) -> Option<Coord<f64>> {
    // Fractions of the height that no drawn outline is likely to have a corner at.
    const HEIGHTS: [f64; 3] = [0.5003, 0.3167, 0.7129];
    let polygon = shape.0.iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
    let rect = polygon.bounding_rect()?;
    let chords = HEIGHTS.iter().filter_map(|part| widest_chord(polygon, rect.min().y + part * rect.height()));
    let best = chords.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, middle)| middle);
    best.or_else(|| polygon.exterior().0.first().copied())
}

/// Width and middle of the widest stretch of the level `y` inside the polygon.
fn widest_chord(polygon: &Polygon<f64>, y: f64) -> Option<(f64, Coord<f64>)> {
    let rings = std::iter::once(polygon.exterior()).chain(polygon.interiors());
    let mut cuts: Vec<f64> = rings
        .flat_map(|ring| ring.0.windows(2))
        .filter(|side| (side[0].y > y) != (side[1].y > y))
        .map(|side| side[0].x + (y - side[0].y) / (side[1].y - side[0].y) * (side[1].x - side[0].x))
        .collect();
    cuts.sort_by(f64::total_cmp);
    let chords = cuts.chunks_exact(2).map(|cut| (cut[1] - cut[0], Coord { x: 0.5 * (cut[0] + cut[1]), y }));
    chords.max_by(|a, b| a.0.total_cmp(&b.0))
}
