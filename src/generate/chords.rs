//! Lines through a piece of land: where they enter and leave it. Must not know streets.

use geo::Polygon;

use crate::maths::{P, crossing, holds};

/// The longest stretch of a line that lies within the land.
pub fn longest_chord(area: &Polygon<f64>, through: P, direction: P) -> Option<(P, P)> {
    let reach = 9_000.0;
    let (from, to) = (through - direction * reach, through + direction * reach);
    let mut marks: Vec<f64> = std::iter::once(area.exterior())
        .chain(area.interiors())
        .flat_map(|ring| ring.0.windows(2))
        .filter_map(|w| crossing(from, to, w[0], w[1]).map(|(t, _)| t * 2.0 * reach))
        .collect();
    marks.sort_by(f64::total_cmp);
    marks
        .windows(2)
        .filter(|w| holds(area, from + direction * (0.5 * (w[0] + w[1]))))
        .max_by(|x, y| (x[1] - x[0]).total_cmp(&(y[1] - y[0])))
        .map(|w| (from + direction * w[0], from + direction * w[1]))
}

/// How far a ray from inside travels before it leaves the land.
pub fn exit(area: &Polygon<f64>, from: P, direction: P) -> Option<f64> {
    let reach = 6_000.0;
    let to = from + direction * reach;
    std::iter::once(area.exterior())
        .chain(area.interiors())
        .flat_map(|ring| ring.0.windows(2))
        .filter_map(|w| crossing(from, to, w[0], w[1]).map(|(t, _)| t * reach))
        .min_by(f64::total_cmp)
}
