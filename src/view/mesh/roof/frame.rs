//! The smallest box about a footprint, turned along its ridge.

use geo::{Area, Coord, Polygon};

/// Most edge directions tried; footprints with more corners are round enough for any.
const MAX_DIRECTIONS: usize = 48;

/// A box with its middle, the unit vector along the ridge, and half sizes along and across it, metre.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub middle: [f64; 2],
    pub along: [f64; 2],
    pub half_along: f64,
    pub half_across: f64,
    /// Share of the box that the footprint fills, 0…1.
    pub fill: f64,
}

impl Frame {
    /// The box whose ridge runs along the long side (or, `across`, along the short one), or at right angles
    /// to the direction that the roof faces (degree clockwise from north).
    pub fn of(polygon: &Polygon<f64>, direction_deg: Option<f32>, across: bool) -> Self {
        let ring = &polygon.exterior().0;
        let area = polygon.unsigned_area();
        if let Some(direction) = direction_deg {
            let (sin, cos) = f64::from(direction).to_radians().sin_cos();
            // The roof faces (sin, cos); the ridge runs at right angles, with the faced side on its right.
            return Self::along(ring, [-cos, sin], area);
        }
        let mut best: Option<Self> = None;
        let step = (ring.len() / MAX_DIRECTIONS).max(1);
        for pair in ring.windows(2).step_by(step) {
            let (dx, dy) = (pair[1].x - pair[0].x, pair[1].y - pair[0].y);
            let length = dx.hypot(dy);
            if length > 0.05 {
                let frame = Self::along(ring, [dx / length, dy / length], area);
                if best.is_none_or(|b| frame.fill > b.fill + 1e-9) {
                    best = Some(frame);
                }
            }
        }
        let frame = best.unwrap_or_else(|| Self::along(ring, [1.0, 0.0], area));
        if (frame.half_along < frame.half_across) != across { frame.turned() } else { frame }
    }

    fn along(ring: &[Coord<f64>], along: [f64; 2], area: f64) -> Self {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for p in ring {
            let q = [p.x * along[0] + p.y * along[1], p.y * along[0] - p.x * along[1]];
            for k in 0..2 {
                low[k] = low[k].min(q[k]);
                high[k] = high[k].max(q[k]);
            }
        }
        let (s, t) = (0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1]));
        let (half_along, half_across) = (0.5 * (high[0] - low[0]).max(1e-3), 0.5 * (high[1] - low[1]).max(1e-3));
        Self {
            middle: [s * along[0] - t * along[1], s * along[1] + t * along[0]],
            along,
            half_along,
            half_across,
            fill: area / (4.0 * half_along * half_across),
        }
    }

    /// The same box with the ridge across.
    fn turned(self) -> Self {
        Self {
            along: [-self.along[1], self.along[0]],
            half_along: self.half_across,
            half_across: self.half_along,
            ..self
        }
    }

    /// Unit vector to the left of the ridge.
    pub const fn left(&self) -> [f64; 2] {
        [-self.along[1], self.along[0]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    #[test]
    fn the_ridge_runs_along_the_long_side() {
        let house = polygon![(x: 0.0, y: 0.0), (x: 12.0, y: 5.0), (x: 9.5, y: 11.0), (x: -2.5, y: 6.0)];
        let frame = Frame::of(&house, None, false);
        assert!((frame.half_along - 6.5).abs() < 1e-6 && (frame.half_across - 3.25).abs() < 0.01, "{frame:?}");
        assert!(frame.fill > 0.999 && frame.fill < 1.001);
        assert!((Frame::of(&house, None, true).half_along - 3.25).abs() < 0.01);
    }

    #[test]
    fn a_stated_direction_turns_the_ridge() {
        let house = polygon![(x: 0.0, y: 0.0), (x: 20.0, y: 0.0), (x: 20.0, y: 10.0), (x: 0.0, y: 10.0)];
        // Faces east: the ridge runs north to south although the house is long east to west.
        let frame = Frame::of(&house, Some(90.0), false);
        assert!((frame.half_along - 5.0).abs() < 1e-9 && frame.along[1].abs() > 0.999);
    }
}
