//! The height of one line along its length, and the line cut into stations that follow it.

use geo::Coord;

/// Largest spacing of stations where the height changes, metre.
const STEP_M: f64 = 8.0;

/// Piecewise linear height along a line; flat ones hold nothing.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Profile {
    /// (metres along, height in metres), rising along.
    knots: Vec<[f32; 2]>,
}

/// A point of a line with its height.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Station {
    pub at: Coord<f64>,
    pub z: f32,
    /// Metres from the start of the line.
    pub along: f64,
    /// Index of the line's point when the station is one.
    pub vertex: Option<usize>,
}

impl Profile {
    /// From knots that rise along; all zero makes a flat one.
    pub fn new(knots: Vec<[f32; 2]>) -> Self {
        if knots.iter().all(|k| k[1] <= 1e-3) { Self::default() } else { Self { knots } }
    }

    /// At height 0 everywhere.
    pub fn is_flat(&self) -> bool {
        self.knots.is_empty()
    }

    /// Height at a distance from the start, metre.
    pub fn at(&self, along: f32) -> f32 {
        let after = self.knots.partition_point(|k| k[0] < along);
        match (after.checked_sub(1).map(|i| self.knots[i]), self.knots.get(after)) {
            (Some(a), Some(b)) if b[0] > a[0] => a[1] + (b[1] - a[1]) * (along - a[0]) / (b[0] - a[0]),
            (_, Some(b)) => b[1],
            (Some(a), None) => a[1],
            (None, None) => 0.0,
        }
    }

    /// The points of `line` with heights, and more between them where the height changes.
    pub fn stations(&self, line: &[Coord<f64>]) -> Vec<Station> {
        let mut stations: Vec<Station> = Vec::with_capacity(line.len());
        let mut along = 0.0;
        for (index, &at) in line.iter().enumerate() {
            if let Some(last) = index.checked_sub(1).map(|i| line[i]) {
                let length = (at.x - last.x).hypot(at.y - last.y);
                self.between(last, at, along, length, &mut stations);
                along += length;
            }
            stations.push(Station { at, z: self.at(along as f32), along, vertex: Some(index) });
        }
        stations
    }

    fn between(&self, a: Coord<f64>, b: Coord<f64>, along: f64, length: f64, out: &mut Vec<Station>) {
        if self.is_flat() {
            return;
        }
        let raised = |s: f64| self.at(s as f32) > 1e-3;
        let steps = (length / STEP_M).ceil() as usize;
        for k in 1..steps {
            let t = k as f64 / steps as f64;
            let s = along + t * length;
            if raised(s) || raised(s - STEP_M) || raised(s + STEP_M) {
                let at = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
                out.push(Station { at, z: self.at(s as f32), along: s, vertex: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_linear_between_knots_and_constant_beyond() {
        let profile = Profile::new(vec![[0.0, 0.0], [10.0, 5.0], [20.0, 5.0]]);
        for (along, z) in [(-1.0, 0.0), (0.0, 0.0), (5.0, 2.5), (10.0, 5.0), (15.0, 5.0), (99.0, 5.0)] {
            assert!((profile.at(along) - z).abs() < 1e-6, "{along}");
        }
        assert!(Profile::new(vec![[0.0, 0.0], [9.0, 0.0]]).is_flat());
    }

    #[test]
    fn stations_follow_a_ramp() {
        let profile = Profile::new(vec![[0.0, 0.0], [100.0, 6.0]]);
        let stations = profile.stations(&[Coord { x: 0.0, y: 0.0 }, Coord { x: 100.0, y: 0.0 }]);
        assert!(stations.len() > 10);
        for s in &stations {
            assert!((f64::from(s.z) - s.at.x * 0.06).abs() < 1e-4);
        }
    }
}
