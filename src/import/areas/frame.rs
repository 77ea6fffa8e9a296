//! The map's edge: lines clipped to it, and areas closed along it where their own outline leaves the map.
//! Works in degrees, in which the edge is a box. Knows nothing of tags.

use citytwin_model::{Anchor, Coord, GeoBounds, LonLat};

use crate::multipolygon::local;

/// An extract drops what lies outside, so an outline may end this far short of the edge, metre: longer than
/// the steps between nodes of nearly all coastlines.
const SNAP_M: f64 = 1_000.0;
/// Metres per degree of latitude, mean of WGS 84.
const M_PER_DEGREE: f64 = 111_195.0;

/// The edge of the map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    bounds: GeoBounds,
    /// Metres per degree of longitude over those of latitude.
    squeeze: f64,
}

/// A piece of an outline from edge to edge, in degrees.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Crossing {
    pub points: Vec<Coord<f64>>,
    /// Where it comes in and goes out, as lengths along the edge ([`Frame::along`]).
    enters: f64,
    leaves: f64,
}

impl Frame {
    /// `None` for a box without area.
    pub fn new(bounds: GeoBounds) -> Option<Self> {
        let squeeze = bounds.centre().lat.to_radians().cos().max(1e-3);
        (bounds.east > bounds.west && bounds.north > bounds.south).then_some(Self { bounds, squeeze })
    }

    /// The four corners, clockwise from the north-west.
    pub fn corners(&self) -> [Coord<f64>; 4] {
        let GeoBounds { west, south, east, north } = self.bounds;
        [(west, north), (east, north), (east, south), (west, south)].map(|(x, y)| Coord { x, y })
    }

    /// Whether the point lies in the map or on its edge.
    pub fn holds(&self, p: Coord<f64>) -> bool {
        (self.bounds.west..=self.bounds.east).contains(&p.x) && (self.bounds.south..=self.bounds.north).contains(&p.y)
    }

    /// The pieces of a line within the map, from edge to edge. Ends short of the edge are drawn on to it.
    /// `Err` with the place of an end too far from the edge for that.
    pub fn crossings(&self, line: &[Coord<f64>]) -> Result<Vec<Crossing>, Coord<f64>> {
        let mut crossings = Vec::new();
        for mut points in self.clip(line) {
            let (Some(&first), Some(&last)) = (points.first(), points.last()) else { continue };
            let (start, end) = (self.snap(first), self.snap(last));
            for (at, (_, gap_m)) in [(first, start), (last, end)] {
                if gap_m > SNAP_M {
                    return Err(at);
                }
            }
            if start.0 != first {
                points.insert(0, start.0);
            }
            if end.0 != last {
                points.push(end.0);
            }
            crossings.push(Crossing { points, enters: self.along(start.0), leaves: self.along(end.0) });
        }
        Ok(crossings)
    }

    /// Runs of the line within the box, cut at its edge.
    fn clip(&self, line: &[Coord<f64>]) -> Vec<Vec<Coord<f64>>> {
        let mut runs = Vec::new();
        let mut run: Vec<Coord<f64>> = Vec::new();
        for pair in line.windows(2) {
            let Some((enter, leave)) = self.inside(pair[0], pair[1]) else { continue };
            let at = |t: f64| {
                self.held(Coord {
                    x: pair[0].x + t * (pair[1].x - pair[0].x),
                    y: pair[0].y + t * (pair[1].y - pair[0].y),
                })
            };
            if run.is_empty() || enter > 0.0 {
                runs.push(std::mem::replace(&mut run, vec![at(enter)]));
            }
            run.push(at(leave));
            if leave < 1.0 {
                runs.push(std::mem::take(&mut run));
            }
        }
        runs.push(run);
        runs.iter_mut().for_each(|run| run.dedup());
        runs.retain(|run| run.len() >= 2);
        runs
    }

    /// The stretch of a side within the box, as parts of its length (Liang & Barsky 1984).
    fn inside(&self, from: Coord<f64>, to: Coord<f64>) -> Option<(f64, f64)> {
        let GeoBounds { west, south, east, north } = self.bounds;
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        for (speed, room) in [(-dx, from.x - west), (dx, east - from.x), (-dy, from.y - south), (dy, north - from.y)] {
            if speed == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if speed < 0.0 {
                enter = enter.max(room / speed);
            } else {
                leave = leave.min(room / speed);
            }
        }
        (enter < leave).then_some((enter, leave))
    }

    /// The point, with rounding beyond the edge taken off.
    fn held(&self, p: Coord<f64>) -> Coord<f64> {
        let GeoBounds { west, south, east, north } = self.bounds;
        Coord { x: p.x.clamp(west, east), y: p.y.clamp(south, north) }
    }

    /// The nearest point of the edge, and how far it is, metre.
    fn snap(&self, p: Coord<f64>) -> (Coord<f64>, f64) {
        let GeoBounds { west, south, east, north } = self.bounds;
        let sides = [
            (Coord { x: west, y: p.y }, (p.x - west).abs() * self.squeeze),
            (Coord { x: east, y: p.y }, (p.x - east).abs() * self.squeeze),
            (Coord { x: p.x, y: south }, (p.y - south).abs()),
            (Coord { x: p.x, y: north }, (p.y - north).abs()),
        ];
        let nearest = sides.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((p, f64::INFINITY));
        (nearest.0, nearest.1 * M_PER_DEGREE)
    }

    /// Length along the edge, clockwise from the north-west corner, degree, of a point on it.
    fn along(&self, p: Coord<f64>) -> f64 {
        let GeoBounds { west, south, east, north } = self.bounds;
        let (width, height) = (east - west, north - south);
        if p.y >= north {
            p.x - west
        } else if p.x >= east {
            width + north - p.y
        } else if p.y <= south {
            width + height + east - p.x
        } else {
            2.0 * width + height + p.y - south
        }
    }

    /// The corners passed clockwise from one length along the edge to another.
    fn corners_between(&self, from: f64, to: f64) -> Vec<Coord<f64>> {
        let GeoBounds { west, south, east, north } = self.bounds;
        let (width, height) = (east - west, north - south);
        let round = 2.0 * (width + height);
        let to = if to < from { to + round } else { to };
        let at = [0.0, width, width + height, 2.0 * width + height];
        let twice = at.into_iter().zip(self.corners()).chain(at.map(|a| a + round).into_iter().zip(self.corners()));
        twice.filter(|(along, _)| *along > from && *along < to).map(|(_, corner)| corner).collect()
    }

    /// Rings of the area to the right of all crossings: from each exit clockwise along the edge to the next entry.
    pub fn close_right(&self, crossings: &[Crossing]) -> Vec<Vec<Coord<f64>>> {
        let mut order: Vec<usize> = (0..crossings.len()).collect();
        order.sort_by(|a, b| crossings[*a].enters.total_cmp(&crossings[*b].enters));
        let next = |leaves: f64| {
            let at = order.partition_point(|index| crossings[*index].enters < leaves);
            order.get(at).or(order.first()).copied()
        };
        let mut used = vec![false; crossings.len()];
        let mut rings = Vec::new();
        for start in 0..crossings.len() {
            let mut ring = Vec::new();
            let mut current = start;
            while !std::mem::replace(&mut used[current], true) {
                let crossing = &crossings[current];
                ring.extend_from_slice(&crossing.points);
                let Some(following) = next(crossing.leaves) else { break };
                ring.extend(self.corners_between(crossing.leaves, crossings[following].enters));
                current = following;
            }
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        rings
    }

    /// The two ways to close crossings of unknown direction: every second stretch of the edge belongs to the
    /// area, or else the others do.
    pub fn close_both(&self, crossings: &[Crossing]) -> [Vec<Vec<Coord<f64>>>; 2] {
        let mut ends: Vec<(f64, usize, bool)> = Vec::with_capacity(2 * crossings.len());
        for (index, crossing) in crossings.iter().enumerate() {
            ends.push((crossing.enters, index, true));
            ends.push((crossing.leaves, index, false));
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        [0, 1].map(|parity| self.close_parity(crossings, &ends, parity))
    }

    fn close_parity(&self, crossings: &[Crossing], ends: &[(f64, usize, bool)], parity: usize) -> Vec<Vec<Coord<f64>>> {
        let count = ends.len();
        let mut places = vec![[0; 2]; crossings.len()];
        for (place, (_, index, entry)) in ends.iter().enumerate() {
            places[*index][usize::from(*entry)] = place;
        }
        let mut used = vec![false; crossings.len()];
        let mut rings = Vec::new();
        for start in 0..crossings.len() {
            let (mut current, mut forward) = (start, true);
            let mut ring = Vec::new();
            while !std::mem::replace(&mut used[current], true) {
                let points = &crossings[current].points;
                if forward {
                    ring.extend_from_slice(points)
                } else {
                    ring.extend(points.iter().rev())
                }
                // Leaves at its exit going forward, at its entry going back.
                let end = places[current][usize::from(!forward)];
                let clockwise = end % 2 == parity;
                let other = if clockwise { (end + 1) % count } else { (end + count - 1) % count };
                if clockwise {
                    ring.extend(self.corners_between(ends[end].0, ends[other].0));
                } else {
                    ring.extend(self.corners_between(ends[other].0, ends[end].0).into_iter().rev());
                }
                (current, forward) = (ends[other].1, ends[other].2);
            }
            if ring.len() >= 3 {
                rings.push(ring);
            }
        }
        rings
    }

    /// Degrees to city metres.
    pub fn project(ring: &[Coord<f64>], anchor: &Anchor) -> Vec<Coord<f64>> {
        ring.iter().filter_map(|p| local(LonLat { lon: p.x, lat: p.y }, anchor)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame::new(GeoBounds { west: 0.0, south: 0.0, east: 10.0, north: 10.0 }).unwrap()
    }

    fn line(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
        points.iter().map(|&(x, y)| Coord { x, y }).collect()
    }

    fn area(rings: &[Vec<Coord<f64>>]) -> f64 {
        let twice = |ring: &Vec<Coord<f64>>| {
            (0..ring.len())
                .map(|i| (ring[i], ring[(i + 1) % ring.len()]))
                .map(|(a, b)| a.x * b.y - b.x * a.y)
                .sum::<f64>()
        };
        rings.iter().map(|ring| 0.5 * twice(ring).abs()).sum()
    }

    #[test]
    fn water_lies_to_the_right() {
        for (lines, expected) in [
            // West to east at y = 3: the south is water.
            (vec![vec![(-1.0, 3.0), (11.0, 3.0)]], 30.0),
            // East to west: the north.
            (vec![vec![(11.0, 3.0), (-1.0, 3.0)]], 70.0),
            // South to north at x = 2: the east.
            (vec![vec![(2.0, -1.0), (2.0, 11.0)]], 80.0),
            // A strait: north shore eastward has its water in the south, south shore westward in the north.
            (vec![vec![(-1.0, 6.0), (11.0, 6.0)], vec![(11.0, 4.0), (-1.0, 4.0)]], 20.0),
            // A cape that comes in and goes out on one side, and a bay of the same outline.
            (vec![vec![(4.0, 11.0), (4.0, 8.0), (6.0, 8.0), (6.0, 11.0)]], 96.0),
            (vec![vec![(6.0, 11.0), (6.0, 8.0), (4.0, 8.0), (4.0, 11.0)]], 4.0),
        ] {
            let crossings: Vec<_> = lines.iter().flat_map(|l| frame().crossings(&line(l)).unwrap()).collect();
            let got = area(&frame().close_right(&crossings));
            assert!((got - expected).abs() < 1e-9, "{lines:?}: {got}, expected {expected}");
        }
    }

    #[test]
    fn both_ways_to_close_fill_the_box() {
        let lines = [vec![(-1.0, 6.0), (11.0, 6.0)], vec![(-1.0, 4.0), (11.0, 4.0)]];
        let crossings: Vec<_> = lines.iter().flat_map(|l| frame().crossings(&line(l)).unwrap()).collect();
        let mut areas = frame().close_both(&crossings).map(|rings| area(&rings));
        areas.sort_by(f64::total_cmp);
        assert!((areas[0] - 20.0).abs() < 1e-9 && (areas[1] - 80.0).abs() < 1e-9, "{areas:?}");
    }

    #[test]
    fn ends_near_the_edge_reach_it_and_others_do_not() {
        let crossings = frame().crossings(&line(&[(0.001, 5.0), (9.999, 5.0)])).unwrap();
        assert_eq!((crossings[0].points[0].x, crossings[0].points[3].x), (0.0, 10.0));
        assert_eq!(frame().crossings(&line(&[(0.0, 5.0), (5.0, 5.0)])), Err(Coord { x: 5.0, y: 5.0 }));
        assert_eq!(frame().crossings(&line(&[(11.0, 5.0), (12.0, 5.0)])), Ok(Vec::new()));
    }
}
