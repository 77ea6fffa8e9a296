//! A ray in city metres and what it meets.

use geo::{Contains, Coord, LineString, MultiPolygon, Point};

/// From `from` along `along` (any length > 0); distances are in lengths of `along`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ray {
    pub from: [f64; 3],
    pub along: [f64; 3],
}

impl Ray {
    pub fn new(from: [f32; 3], along: [f32; 3]) -> Self {
        Self { from: from.map(f64::from), along: along.map(f64::from) }
    }

    /// The point at `t`.
    pub fn at(&self, t: f64) -> [f64; 3] {
        std::array::from_fn(|k| self.from[k] + t * self.along[k])
    }

    /// Where the ray comes down through height `z`; `None` when it does not come down.
    pub fn plane(&self, z: f64) -> Option<f64> {
        (self.along[2] < -1e-9).then(|| (z - self.from[2]) / self.along[2]).filter(|t| *t > 0.0)
    }

    /// Nearest point to `p` on the ray: its `t` and the distance there, metre.
    pub fn nearest(&self, p: [f64; 3]) -> (f64, f64) {
        let length2: f64 = self.along.iter().map(|a| a * a).sum();
        let dot: f64 = (0..3).map(|k| (p[k] - self.from[k]) * self.along[k]).sum();
        let t = (dot / length2).max(0.0);
        let q = self.at(t);
        (t, (0..3).map(|k| (p[k] - q[k]).powi(2)).sum::<f64>().sqrt())
    }

    /// Where the ray enters the prism over a footprint between two heights.
    pub fn prism(&self, footprint: &MultiPolygon<f64>, low: f64, high: f64) -> Option<f64> {
        let mut best = f64::INFINITY;
        if let Some(t) = self.plane(high) {
            let top = self.at(t);
            if footprint.contains(&Point::new(top[0], top[1])) {
                best = t;
            }
        }
        for polygon in footprint {
            for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
                best = best.min(self.walls(ring, low, high));
            }
        }
        best.is_finite().then_some(best)
    }

    fn walls(&self, ring: &LineString<f64>, low: f64, high: f64) -> f64 {
        ring.0
            .windows(2)
            .filter_map(|wall| self.wall(wall[0], wall[1]))
            .filter(|t| (low..=high).contains(&self.at(*t)[2]))
            .fold(f64::INFINITY, f64::min)
    }

    /// Where the ray's shadow on the ground crosses the wall's.
    fn wall(&self, a: Coord<f64>, b: Coord<f64>) -> Option<f64> {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let cross = self.along[0] * dy - self.along[1] * dx;
        if cross.abs() < 1e-12 {
            return None;
        }
        let (ex, ey) = (a.x - self.from[0], a.y - self.from[1]);
        let t = (ex * dy - ey * dx) / cross;
        let s = (ex * self.along[1] - ey * self.along[0]) / cross;
        (t > 0.0 && (0.0..=1.0).contains(&s)).then_some(t)
    }
}

#[cfg(test)]
mod tests {
    use geo::polygon;

    use super::*;

    #[test]
    fn a_prism_is_met_on_the_near_wall_or_the_roof() {
        let house =
            MultiPolygon(vec![polygon![(x: 0.0, y: 0.0), (x: 10.0, y: 0.0), (x: 10.0, y: 10.0), (x: 0.0, y: 10.0)]]);
        let flat = Ray::new([5.0, -20.0, 3.0], [0.0, 1.0, 0.0]);
        assert!((flat.prism(&house, 0.0, 6.0).unwrap() - 20.0).abs() < 1e-9);
        assert!(flat.prism(&house, 4.0, 6.0).is_none(), "passes beneath a raised part");
        let down = Ray::new([5.0, 5.0, 50.0], [0.0, 0.0, -1.0]);
        assert!((down.prism(&house, 0.0, 6.0).unwrap() - 44.0).abs() < 1e-9);
        assert!(Ray::new([50.0, 5.0, 50.0], [0.0, 0.0, -1.0]).prism(&house, 0.0, 6.0).is_none());
    }

    #[test]
    fn the_nearest_point_lies_at_a_right_angle() {
        let ray = Ray::new([0.0, 0.0, 0.0], [2.0, 0.0, 0.0]);
        assert_eq!(ray.nearest([3.0, 4.0, 0.0]), (1.5, 4.0));
        assert_eq!(ray.nearest([-3.0, 4.0, 0.0]), (0.0, 5.0));
    }
}
