//! Ways that leave one lane for different ones, and where they part.

use super::LaneGraph;
use crate::network::{Rows, Spot};

/// Another way from the same lane.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Parting {
    pub other: u32,
    /// Metres along either way up to where the two are so far apart that one vehicle passes the other.
    pub at_m: f32,
}

/// Paths this far apart have parted, metre: a vehicle's width and room to spare (SUMO's value too).
const APART_M: f64 = 2.5;
/// Places compared along each way.
const PLACES: usize = 24;
/// Share of a curve's chord that its ends run straight (a cubic Bézier curve near a circular arc).
const STRAIGHT_SHARE: f32 = 0.4;

impl LaneGraph {
    /// The other ways from the lane of a way, nearest parting last.
    pub(crate) fn partings_of(&self, way: u32) -> &[Parting] {
        if (way as usize) < self.partings.len() { self.partings.of(way) } else { &[] }
    }

    /// Finds where ways part. `shape`: the line of a way.
    pub(super) fn part_ways(&mut self, shape: &dyn Fn(u32) -> Vec<[f64; 2]>) {
        let mut partings = Rows::new();
        let mut of_lane: (u32, Vec<Vec<[f64; 2]>>) = (u32::MAX, Vec::new());
        for way in 0..self.moves.len() as u32 {
            let from = self.moves[way as usize].from;
            let all = self.moves_of(from);
            if all.len() > 1 {
                if of_lane.0 != from {
                    of_lane = (from, all.clone().map(|w| placed(&shape(w))).collect());
                }
                let own = (way - all.start) as usize;
                for (other, theirs) in all.clone().zip(&of_lane.1).filter(|(other, _)| *other != way) {
                    let length_m = self.moves[way as usize].length_m.min(self.moves[other as usize].length_m);
                    partings.list.push(Parting { other, at_m: parted(&of_lane.1[own], theirs) * length_m });
                }
            }
            partings.close();
        }
        self.partings = partings;
    }
}

/// A cubic Bézier curve that leaves and arrives in the directions of its ends, at a share of its parameter.
pub(crate) fn curve(a: &Spot, d: &Spot, t: f32) -> Spot {
    let arm = STRAIGHT_SHARE * (d.x - a.x).hypot(d.y - a.y);
    let (bx, by) = (a.x + arm * a.dx, a.y + arm * a.dy);
    let (cx, cy) = (d.x - arm * d.dx, d.y - arm * d.dy);
    let u = 1.0 - t;
    let mix =
        |a: f32, b: f32, c: f32, d: f32| u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
    let slope = |a: f32, b: f32, c: f32, d: f32| u * u * (b - a) + 2.0 * u * t * (c - b) + t * t * (d - c);
    let (dx, dy) = (slope(a.x, bx, cx, d.x), slope(a.y, by, cy, d.y));
    let norm = dx.hypot(dy);
    let (dx, dy) = if norm > 1e-3 { (dx / norm, dy / norm) } else { (d.dx, d.dy) };
    Spot { x: mix(a.x, bx, cx, d.x), y: mix(a.y, by, cy, d.y), dx, dy }
}

/// The line of a curve from one place to another.
pub(super) fn curved(a: &Spot, d: &Spot) -> Vec<[f64; 2]> {
    let at = |i: usize| curve(a, d, i as f32 / PLACES as f32);
    (0..=PLACES).map(at).map(|spot| [f64::from(spot.x), f64::from(spot.y)]).collect()
}

/// Places at equal distances along a line.
fn placed(line: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let lengths: Vec<f64> = line.windows(2).map(|p| (p[1][0] - p[0][0]).hypot(p[1][1] - p[0][1])).collect();
    let whole: f64 = lengths.iter().sum();
    let at = |i: usize| {
        let mut left = whole * i as f64 / PLACES as f64;
        for (pair, length) in line.windows(2).zip(&lengths) {
            if left <= *length && *length > 0.0 {
                let t = left / length;
                return [pair[0][0] + t * (pair[1][0] - pair[0][0]), pair[0][1] + t * (pair[1][1] - pair[0][1])];
            }
            left -= length;
        }
        line.last().copied().unwrap_or_default()
    };
    (0..=PLACES).map(at).collect()
}

/// The share of a line from which on it is apart from another.
fn parted(own: &[[f64; 2]], other: &[[f64; 2]]) -> f32 {
    let apart = |p: &&[f64; 2]| {
        let nearest = other.iter().map(|q| (p[0] - q[0]).hypot(p[1] - q[1])).fold(f64::INFINITY, f64::min);
        nearest >= APART_M
    };
    let near = own.iter().take_while(|p| !apart(p)).count();
    (near as f32 / PLACES as f32).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_part_where_they_are_a_vehicle_apart() {
        let straight = vec![[0.0, 0.0], [20.0, 0.0]];
        let beside = vec![[0.0, 0.0], [20.0, 5.0]];
        let share = parted(&placed(&straight), &placed(&beside));
        // 2.5 m aside where the slope of 1 in 4 has risen as much, a little later across it.
        assert!((0.5..0.6).contains(&share), "{share}");
        assert_eq!(parted(&placed(&straight), &placed(&straight)), 1.0, "never");
    }
}
