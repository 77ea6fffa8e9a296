//! Rings of points to valid polygons: simple ones pass as they are, others are mended by the even-odd rule.

use std::ops::ControlFlow;

use citytwin_model::{Coord, LineString, MultiPolygon, Polygon, Problem, ProblemKind, SourceRef};
use geo::{
    Area, BooleanOps, Rect,
    kernels::{Kernel, Orientation, RobustKernel},
};

use super::boxes::{Bounds, Boxes};

/// Smaller than this no area is drawn, m²: OSM's own resolution of 1e-7° is 1.1 cm of latitude.
const MIN_AREA_M2: f64 = 0.01;
/// An outline that crosses itself more often is a scribble and not mended: the overlay's time and memory grow
/// with the pieces. No outline of our six extracts crosses itself 20 times.
const MAX_CROSSINGS: usize = 1_000;
/// Comparisons of boxes per side, and for any outline, after which the search for crossings is given up. Real
/// outlines take up to 25 per side; only long sides that lie close beside each other take more.
const STEPS_PER_SIDE: usize = 500;
const STEPS_AT_LEAST: usize = 100_000;

/// The polygons that the rings draw by the even-odd rule. Rings may be open or closed and may repeat points.
/// `None`, with a problem, when they enclose nothing.
pub(crate) fn polygons(
    rings: Vec<Vec<Coord<f64>>>,
    source: &SourceRef,
    problems: &mut Vec<Problem>,
) -> Option<MultiPolygon<f64>> {
    let at = rings.iter().flatten().next().copied();
    let mut rings: Vec<_> = rings.into_iter().map(without_repeats).filter(|ring| ring.len() >= 3).collect();
    let mut report = |what: String, at| {
        problems.push(Problem { source: source.clone(), kind: ProblemKind::Geometry, what, at });
    };
    let crossings = crossings(&rings);
    let shape = match (&crossings, rings.len()) {
        (Crossings::TooMany(at), _) => {
            report("its outline crosses itself too often to be mended; left out".to_owned(), Some(*at));
            return None;
        }
        (Crossings::TooIntricate, _) => {
            report("its outline is too intricate to be checked for crossings; left out".to_owned(), at);
            return None;
        }
        (Crossings::None, 1) => valid_ring(rings.swap_remove(0)),
        (_, 0) => MultiPolygon(Vec::new()),
        _ => overlay(rings),
    };
    if shape.0.is_empty() {
        report("encloses no area; left out".to_owned(), at);
        return None;
    }
    if let Crossings::Some(at) = crossings {
        report("its outline crosses or touches itself; mended by the even-odd rule".to_owned(), Some(at));
    }
    Some(shape)
}

/// Whether the rings cross seldom enough for [`overlay`] to take little more than their length in time.
pub(crate) fn mendable<'a>(rings: impl IntoIterator<Item = &'a [Coord<f64>]>) -> bool {
    let rings: Vec<_> =
        rings.into_iter().map(|ring| without_repeats(ring.to_vec())).filter(|ring| ring.len() >= 3).collect();
    matches!(crossings(&rings), Crossings::None | Crossings::Some(_))
}

/// The valid polygons of any [`mendable`] rings by the even-odd rule; may be empty.
pub(crate) fn overlay(rings: Vec<Vec<Coord<f64>>>) -> MultiPolygon<f64> {
    let rough = MultiPolygon(rings.into_iter().map(|ring| Polygon::new(LineString::new(ring), Vec::new())).collect());
    let mut shape = rough.union(&MultiPolygon::<f64>(Vec::new()));
    shape.0.retain(|polygon| polygon.unsigned_area() >= MIN_AREA_M2);
    for polygon in &mut shape.0 {
        let (exterior, holes) = std::mem::replace(polygon, Polygon::empty()).into_inner();
        let holes = holes.into_iter().filter(|hole| twice_area(&hole.0).abs() >= 2.0 * MIN_AREA_M2);
        *polygon = Polygon::new(turned(exterior, 1.0), holes.map(|hole| turned(hole, -1.0)).collect());
    }
    shape
}

/// The ring with an area of this sign.
fn turned(mut ring: LineString<f64>, sign: f64) -> LineString<f64> {
    if twice_area(&ring.0) * sign < 0.0 {
        ring.0.reverse();
    }
    ring
}

/// What of the shape lies in the box; the shape itself where all of it does, or the box is not finite. May be
/// empty.
pub(crate) fn trim(shape: MultiPolygon<f64>, limits: Rect<f64>) -> MultiPolygon<f64> {
    let inside = |p: &Coord<f64>| {
        let (low, high) = (limits.min(), limits.max());
        (low.x..=high.x).contains(&p.x) && (low.y..=high.y).contains(&p.y)
    };
    let finite = limits.width().is_finite() && limits.height().is_finite();
    if !finite || shape.0.iter().flat_map(|polygon| &polygon.exterior().0).all(inside) {
        return shape;
    }
    let cut = shape.intersection(&limits.to_polygon());
    let rings = cut.0.into_iter().flat_map(|polygon| {
        let (exterior, holes) = polygon.into_inner();
        std::iter::once(exterior).chain(holes).map(|ring| ring.0)
    });
    overlay(rings.collect())
}

fn valid_ring(mut ring: Vec<Coord<f64>>) -> MultiPolygon<f64> {
    let twice = twice_area(&ring);
    if twice.abs() < 2.0 * MIN_AREA_M2 {
        return MultiPolygon(Vec::new());
    }
    if twice < 0.0 {
        ring.reverse();
    }
    MultiPolygon(vec![Polygon::new(LineString::new(ring), Vec::new())])
}

/// Twice the signed area, counter-clockwise positive, of an open or closed ring, about its first point.
fn twice_area(ring: &[Coord<f64>]) -> f64 {
    let Some(origin) = ring.first() else { return 0.0 };
    let from = |p: &Coord<f64>| (p.x - origin.x, p.y - origin.y);
    ring.windows(2)
        .map(|pair| {
            let ((ax, ay), (bx, by)) = (from(&pair[0]), from(&pair[1]));
            ax * by - bx * ay
        })
        .sum()
}

/// Points without neighbours at the same place; the closing point is dropped too.
fn without_repeats(mut ring: Vec<Coord<f64>>) -> Vec<Coord<f64>> {
    ring.dedup();
    while ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    }
    ring
}

/// One side of a ring.
struct Side {
    ring: usize,
    index: usize,
    from: Coord<f64>,
    to: Coord<f64>,
}

/// Where rings cross or touch themselves or cross each other; rings that merely touch are fine.
enum Crossings {
    None,
    /// Few enough to be mended; the first.
    Some(Coord<f64>),
    /// More than [`MAX_CROSSINGS`].
    TooMany(Coord<f64>),
    /// The search was given up.
    TooIntricate,
}

fn crossings(rings: &[Vec<Coord<f64>>]) -> Crossings {
    let mut sides: Vec<Side> = Vec::with_capacity(rings.iter().map(Vec::len).sum());
    for (ring, points) in rings.iter().enumerate() {
        for (index, &from) in points.iter().enumerate() {
            sides.push(Side { ring, index, from, to: points[(index + 1) % points.len()] });
        }
    }
    let boxes = Boxes::over(sides.iter().map(|side| Bounds::of(&[side.from, side.to])).collect());
    let (mut first, mut count) = (None, 0);
    let searched = boxes.pairs(STEPS_AT_LEAST.max(STEPS_PER_SIDE * sides.len()), |a, b| {
        let (a, b) = (&sides[a], &sides[b]);
        if conflict(a, b, rings[a.ring].len()) {
            first.get_or_insert(b.from);
            count += 1;
        }
        if count > MAX_CROSSINGS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match (searched, first) {
        (Err(_), _) => Crossings::TooIntricate,
        (Ok(()), None) => Crossings::None,
        (Ok(()), Some(at)) if count > MAX_CROSSINGS => Crossings::TooMany(at),
        (Ok(()), Some(at)) => Crossings::Some(at),
    }
}

fn conflict(a: &Side, b: &Side, len: usize) -> bool {
    if a.ring != b.ring {
        return cross(a, b);
    }
    if (a.index + 1) % len == b.index {
        return folds_back(a, b);
    }
    if (b.index + 1) % len == a.index {
        return folds_back(b, a);
    }
    meet(a, b)
}

/// The second of two consecutive sides runs back over the first: a spike.
fn folds_back(first: &Side, second: &Side) -> bool {
    RobustKernel::orient2d(first.from, first.to, second.to) == Orientation::Collinear
        && (first.to.x - first.from.x) * (second.to.x - second.from.x)
            + (first.to.y - first.from.y) * (second.to.y - second.from.y)
            < 0.0
}

/// Each side's ends lie strictly on both sides of the other.
fn cross(a: &Side, b: &Side) -> bool {
    use Orientation::Collinear;
    let turns = turns(a, b);
    turns.iter().all(|turn| *turn != Collinear) && turns[0] != turns[1] && turns[2] != turns[3]
}

/// The sides share at least one point; their boxes are known to overlap.
fn meet(a: &Side, b: &Side) -> bool {
    let [a1, a2, b1, b2] = turns(a, b);
    if a1 != a2 && b1 != b2 {
        return true;
    }
    // All four on one line: overlapping boxes mean overlapping sides.
    [a1, a2, b1, b2].iter().all(|turn| *turn == Orientation::Collinear)
}

fn turns(a: &Side, b: &Side) -> [Orientation; 4] {
    [
        RobustKernel::orient2d(b.from, b.to, a.from),
        RobustKernel::orient2d(b.from, b.to, a.to),
        RobustKernel::orient2d(a.from, a.to, b.from),
        RobustKernel::orient2d(a.from, a.to, b.to),
    ]
}
