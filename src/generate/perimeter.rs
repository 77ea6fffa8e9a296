//! Houses wall to wall along the edges of a block, with a court inside. Must not know quarters.

use geo::{BooleanOps, Polygon};

use crate::{
    maths::{
        P, area_of, centre_of, distance, dot, frame, inset, left, lerp, open_ring, polygon, rectangle, tidy, unit,
    },
    site_work::{Draft, Ground},
};

/// A wall between two houses: its foot on the street and in the court.
#[derive(Clone, Copy)]
struct Wall {
    street: P,
    court: P,
    /// Which edge of the ring it stands on, and how far along, metre.
    edge: usize,
    at_m: f64,
}

/// How houses stand.
#[derive(Clone, Copy)]
pub struct Row {
    pub depth_m: f64,
    pub width_m: (f64, f64),
    /// Share of plots left open.
    pub gaps: f64,
}

/// Lines a block with houses; `draft` says what each is. Returns the court.
pub fn line_block(
    ground: &mut Ground<'_>,
    area: &Polygon<f64>,
    row: Row,
    draft: &mut dyn FnMut(&mut Ground<'_>, &[P]) -> Draft,
) -> Option<Polygon<f64>> {
    let (ring, court) = ring_and_court(area, row.depth_m).unwrap_or_default();
    let walls = walls(ground, &ring, &court, row);
    if walls.len() < 3 {
        slice(ground, area, row, draft);
        return None;
    }
    for k in 0..walls.len() {
        let (a, b) = (walls[k], walls[(k + 1) % walls.len()]);
        let shape = between(&ring, &court, a, b);
        put(ground, &shape, lerp(a.street, b.street, 0.5), row, draft);
    }
    Some(polygon(&court))
}

/// The building line of a block and its court, point for point. Corners too tight for the depth are cut off
/// one by one, the smallest first, as long as that takes land away and adds none.
fn ring_and_court(area: &Polygon<f64>, depth_m: f64) -> Option<(Vec<P>, Vec<P>)> {
    let mut ring = tidy(&open_ring(area), 2.0, 0.6);
    loop {
        if let Some(court) = inset(&ring, depth_m) {
            return (area_of(&polygon(&court)) > 70.0).then_some((ring, court));
        }
        let n = ring.len();
        let bite = |i: usize| -> f64 {
            let (a, b, c) = (ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n]);
            0.5 * crate::maths::cross(b - a, c - b)
        };
        let smallest =
            (0..n).filter(|&i| (-4.0..260.0).contains(&bite(i))).min_by(|&i, &j| bite(i).total_cmp(&bite(j)));
        match smallest {
            Some(i) if n > 4 => drop(ring.remove(i)),
            _ => return None,
        }
    }
}

/// Where houses meet: at slight bends, and between corners by width.
fn walls(ground: &mut Ground<'_>, ring: &[P], court: &[P], row: Row) -> Vec<Wall> {
    let n = ring.len();
    let mut all = Vec::new();
    for i in 0..n {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        let along = unit(b - a);
        let before = unit(a - ring[(i + n - 1) % n]);
        if dot(before, along) > 0.9 {
            all.push(Wall { street: a, court: court[i], edge: i, at_m: 0.0 });
        }
        let (from, to) = (dot(court[i] - a, along).max(0.0), dot(court[(i + 1) % n] - a, along).min(distance(a, b)));
        let width = ground.dice.range(row.width_m.0, row.width_m.1);
        let room = to - from;
        if room < 5.0 {
            continue;
        }
        let lead = (room * 0.2).min(width * 0.5);
        let pieces = ((room - 2.0 * lead) / width).round().max(1.0) as usize;
        for k in 0..=pieces {
            let jitter = if k == 0 || k == pieces { 0.0 } else { ground.dice.range(-0.16, 0.16) * width };
            let at_m = from + lead + (room - 2.0 * lead) * k as f64 / pieces as f64 + jitter;
            let street = a + along * at_m;
            all.push(Wall { street, court: street + left(along) * row.depth_m, edge: i, at_m });
        }
    }
    all
}

/// The house between two walls, along the street and back through the court.
fn between(ring: &[P], court: &[P], a: Wall, b: Wall) -> Vec<P> {
    let n = ring.len();
    let mut corners = Vec::new();
    let mut edge = a.edge;
    while edge != b.edge || (edge == a.edge && b.at_m < a.at_m && corners.is_empty()) {
        edge = (edge + 1) % n;
        corners.push(edge);
        if corners.len() > n {
            break;
        }
    }
    let inner = |i: usize| distance(ring[i], b.street) > 0.3 && distance(ring[i], a.street) > 0.3;
    let corners: Vec<usize> = corners.into_iter().filter(|&i| inner(i)).collect();
    let mut shape = vec![a.street];
    shape.extend(corners.iter().map(|&i| ring[i]));
    shape.extend([b.street, b.court]);
    shape.extend(corners.iter().rev().map(|&i| court[i]));
    shape.push(a.court);
    shape
}

/// Fills a block that is too small for a court with houses from street to street.
fn slice(
    ground: &mut Ground<'_>,
    area: &Polygon<f64>,
    row: Row,
    draft: &mut dyn FnMut(&mut Ground<'_>, &[P]) -> Draft,
) {
    let rect = frame(&open_ring(area));
    if rect.short_m < 6.0 || rect.long_m < 6.0 {
        return;
    }
    // One row from street to street, two back to back, or two with a yard between.
    let deep = match rect.short_m {
        w if w > 2.0 * row.depth_m + 8.0 => row.depth_m + 1.0,
        w if w > 25.0 => 0.5 * w,
        w => w,
    };
    let sides: &[f64] = if rect.short_m > 25.0 { &[-1.0, 1.0] } else { &[0.0] };
    let count = (rect.long_m / (0.5 * (row.width_m.0 + row.width_m.1))).round().max(1.0) as usize;
    let wide = rect.long_m / count as f64;
    for i in 0..count {
        for side in sides {
            let (x, y) = ((i as f64 + 0.5) * wide - rect.long_m * 0.5, side * 0.5 * (rect.short_m - deep));
            let centre = rect.centre + rect.axis * x + left(rect.axis) * y;
            let cell = polygon(&rectangle(centre, rect.axis, wide, deep));
            for piece in cell.intersection(area).0 {
                let ring = tidy(&open_ring(&piece), 0.8, 0.4);
                put(ground, &ring, centre, Row { gaps: row.gaps + 0.06, ..row }, draft);
            }
        }
    }
}

fn put(ground: &mut Ground<'_>, ring: &[P], front: P, row: Row, draft: &mut dyn FnMut(&mut Ground<'_>, &[P]) -> Draft) {
    let size = if ring.len() < 3 { 0.0 } else { area_of(&polygon(ring)) };
    let sound = (34.0..2_400.0).contains(&size) && crate::maths::signed_area(ring) > 0.0 && is_simple(ring);
    let gap = ground.dice.chance(row.gaps);
    let on_street = ground.on_street(front, 34.0) || ground.on_street(centre_of(ring), 34.0);
    if sound && !gap && on_street && ground.off_roads(ring) && ground.is_free(ring, 0.0) {
        let draft = draft(ground, ring);
        ground.build(ring, draft);
    }
}

/// Whether no two edges of a ring cross.
pub fn is_simple(ring: &[P]) -> bool {
    let n = ring.len();
    (0..n).all(|i| {
        (i + 2..n)
            .filter(|&j| !(i == 0 && j == n - 1))
            .all(|j| crate::maths::crossing(ring[i], ring[(i + 1) % n], ring[j], ring[(j + 1) % n]).is_none())
    })
}
