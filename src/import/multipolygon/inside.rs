//! Whether a shape holds a point, in little more than the logarithm of its sides.

use citytwin_model::{Coord, MultiPolygon};

use super::boxes::{Bounds, Boxes};

/// Up to this many points all sides are looked at.
const FEW_POINTS: usize = 64;
/// Sides under one box.
const GROUP: usize = 16;

/// A shape prepared for [`Inside::holds`].
pub(super) enum Inside<'a> {
    Few(&'a MultiPolygon<f64>),
    Many { rings: Vec<RingBoxes<'a>>, boxes: Boxes },
}

impl<'a> Inside<'a> {
    pub fn of(shape: &'a MultiPolygon<f64>) -> Self {
        if rings_of(shape).map(<[_]>::len).sum::<usize>() <= FEW_POINTS {
            return Self::Few(shape);
        }
        let rings: Vec<_> = rings_of(shape).filter(|ring| ring.len() >= 2).map(RingBoxes::over).collect();
        let boxes = Boxes::over(rings.iter().map(|ring| Bounds::of(ring.points)).collect());
        Self::Many { rings, boxes }
    }

    /// The point lies in the shape, by the even-odd rule over all rings; on the boundary it may fall to either
    /// side.
    pub fn holds(&self, at: Coord<f64>) -> bool {
        match self {
            Self::Few(shape) => rings_of(shape).filter(|ring| crossed_oddly(ring, at)).count() % 2 == 1,
            Self::Many { rings, boxes } => {
                let mut odd = false;
                boxes.descend(|level, index, bounds| {
                    let near = (bounds.low.x..=bounds.high.x).contains(&at.x)
                        && (bounds.low.y..=bounds.high.y).contains(&at.y);
                    odd ^= near && level == 0 && rings[index].crossed_oddly(at);
                    near
                });
                odd
            }
        }
    }
}

/// A closed ring under boxes of its stretches.
pub(super) struct RingBoxes<'a> {
    points: &'a [Coord<f64>],
    boxes: Boxes,
}

impl<'a> RingBoxes<'a> {
    fn over(points: &'a [Coord<f64>]) -> Self {
        let stretches = (0..points.len() - 1).step_by(GROUP).map(|start| stretch(points, start, GROUP));
        Self { points, boxes: Boxes::over(stretches.map(Bounds::of).collect()) }
    }

    /// A stretch east of the point crosses its ray to the east oddly if it ends on the other side than it
    /// begins, whatever it does between: only stretches about the point are looked into.
    fn crossed_oddly(&self, at: Coord<f64>) -> bool {
        let mut odd = false;
        self.boxes.descend(|level, index, bounds| {
            if at.x > bounds.high.x || at.y < bounds.low.y || at.y > bounds.high.y {
                return false;
            }
            let sides = GROUP << level;
            let points = stretch(self.points, index * sides, sides);
            if at.x < bounds.low.x {
                odd ^= (points[0].y > at.y) != (points[points.len() - 1].y > at.y);
                return false;
            }
            odd ^= level == 0 && crossed_oddly(points, at);
            true
        });
        odd
    }
}

/// The points of some sides from the `start`-th on.
fn stretch(points: &[Coord<f64>], start: usize, sides: usize) -> &[Coord<f64>] {
    &points[start..(start + sides + 1).min(points.len())]
}

fn rings_of(shape: &MultiPolygon<f64>) -> impl Iterator<Item = &[Coord<f64>]> {
    let rings = shape.0.iter().flat_map(|polygon| std::iter::once(polygon.exterior()).chain(polygon.interiors()));
    rings.map(|ring| ring.0.as_slice())
}

/// A ray to the east of the point crosses the line an odd number of times.
fn crossed_oddly(line: &[Coord<f64>], at: Coord<f64>) -> bool {
    let mut odd = false;
    for side in line.windows(2) {
        let (a, b) = (side[0], side[1]);
        if (a.y > at.y) != (b.y > at.y) && (at.x - a.x) < (b.x - a.x) * ((at.y - a.y) / (b.y - a.y)) {
            odd = !odd;
        }
    }
    odd
}

#[cfg(test)]
mod tests {
    use citytwin_model::{LineString, Polygon};

    use super::*;

    /// A star of many points with a star hole, and a second star beside it.
    #[test]
    fn boxes_change_no_answer() {
        let star = |x: f64, size: f64, count: usize| {
            let corner = |i: usize| {
                let angle = i as f64 / count as f64 * std::f64::consts::TAU;
                let r = size * if i.is_multiple_of(2) { 1.0 } else { 0.6 };
                Coord { x: x + r * angle.cos(), y: r * angle.sin() }
            };
            LineString::new((0..count).chain([0]).map(corner).collect())
        };
        let shape = MultiPolygon(vec![
            Polygon::new(star(0.0, 10.0, 402), vec![star(1.0, 3.0, 38)]),
            Polygon::new(star(25.0, 9.0, 16), Vec::new()),
        ]);
        let (many, few) = (Inside::of(&shape), Inside::Few(&shape));
        assert!(matches!(many, Inside::Many { .. }));
        let (mut inside, places) = (0, 90 * 60);
        for i in 0..places {
            let at = Coord { x: -15.0 + 0.617 * f64::from(i % 90), y: -15.0 + 0.513 * f64::from(i / 90) };
            assert_eq!(many.holds(at), few.holds(at), "{at:?}");
            inside += usize::from(many.holds(at));
        }
        assert!(inside > 500, "{inside}");
    }
}
