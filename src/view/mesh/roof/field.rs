//! Roofs that are the lower envelope of planes over the footprint's box: always watertight, for any
//! footprint, since walls and faces ask the same planes.

use geo::{Coord, Polygon};

use super::{Bed, Frame, corner};
use crate::mesh::{area, buffer::MeshBuffer};

/// Height above the eaves as `a x + b y + c`.
#[derive(Clone, Copy, Debug)]
struct Plane {
    a: f64,
    b: f64,
    c: f64,
}

impl Plane {
    fn at(&self, p: Coord<f64>) -> f64 {
        self.a * p.x + self.b * p.y + self.c
    }
}

/// The lower envelope of planes.
#[derive(Clone, Debug)]
pub struct Field {
    planes: Vec<Plane>,
}

impl Field {
    /// One slope that falls towards the right of the ridge direction.
    pub fn skillion(frame: &Frame, rise: f32) -> Self {
        let w = frame.half_across;
        Self { planes: vec![side(frame, 1.0, f64::from(rise) / (2.0 * w), 0.5 * f64::from(rise), 0.0)] }
    }

    /// Two slopes.
    pub fn gabled(frame: &Frame, rise: f32) -> Self {
        Self::arch(frame, &[[1.0, 0.0], [0.0, 1.0]], rise)
    }

    /// Two slopes, each steep below and flat above.
    pub fn gambrel(frame: &Frame, rise: f32) -> Self {
        Self::arch(frame, &[[1.0, 0.0], [0.62, 0.65], [0.0, 1.0]], rise)
    }

    /// A barrel vault in four chords a side.
    pub fn round(frame: &Frame, rise: f32) -> Self {
        let point = |deg: f32| [deg.to_radians().cos(), deg.to_radians().sin()];
        Self::arch(frame, &[point(0.0), point(20.0), point(42.0), point(66.0), [0.0, 1.0]], rise)
    }

    /// Four slopes of one pitch.
    pub fn hipped(frame: &Frame, rise: f32) -> Self {
        Self::hips(frame, rise, 0.0)
    }

    /// A gable cut by a small hip above half its height.
    pub fn half_hipped(frame: &Frame, rise: f32) -> Self {
        Self::hips(frame, rise, 0.5)
    }

    /// Symmetric profile through (share of the half width, share of the rise) points from eaves to ridge.
    fn arch(frame: &Frame, profile: &[[f32; 2]], rise: f32) -> Self {
        let (w, r) = (frame.half_across, f64::from(rise));
        let mut planes = Vec::with_capacity(2 * profile.len());
        for pair in profile.windows(2) {
            let [t0, z0, t1, z1] = [pair[0][0], pair[0][1], pair[1][0], pair[1][1]].map(f64::from);
            let slope = (z1 - z0) / (t0 - t1) * r / w;
            let at_middle = z1 * r + t1 * w * slope;
            planes.push(side(frame, -1.0, slope, at_middle, 0.0));
            planes.push(side(frame, 1.0, slope, at_middle, 0.0));
        }
        Self { planes }
    }

    /// Ridge roof whose ends start to fall at `from` of the rise.
    fn hips(frame: &Frame, rise: f32, from: f64) -> Self {
        let (r, w, l) = (f64::from(rise), frame.half_across, frame.half_along);
        let mut field = Self::gabled(frame, rise);
        let slope = r / w.min(l);
        for end in [-1.0, 1.0] {
            field.planes.push(side(frame, end, slope, from * r + l * slope, 1.0));
        }
        field
    }

    /// Height above the eaves.
    pub fn at(&self, p: Coord<f64>) -> f64 {
        self.planes.iter().map(|plane| plane.at(p)).fold(f64::INFINITY, f64::min).max(0.0)
    }

    /// Places between `a` and `b` (shares of the way, rising) where the slope along the edge changes.
    pub fn breaks(&self, a: Coord<f64>, b: Coord<f64>) -> Vec<f64> {
        let mut breaks = Vec::new();
        for (i, p) in self.planes.iter().enumerate() {
            for q in &self.planes[i + 1..] {
                let (da, db) = (p.at(a) - q.at(a), p.at(b) - q.at(b));
                if da * db >= 0.0 {
                    continue;
                }
                let t = da / (da - db);
                let here = Coord { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) };
                if (0.001..0.999).contains(&t)
                    && p.at(here) <= self.planes.iter().map(|o| o.at(here)).fold(f64::INFINITY, f64::min) + 1e-6
                {
                    breaks.push(t);
                }
            }
        }
        breaks.sort_by(f64::total_cmp);
        breaks.dedup_by(|x, y| (*x - *y).abs() < 1e-4);
        breaks
    }

    /// Draws all faces over the footprint.
    pub fn draw(&self, mesh: &mut MeshBuffer, polygon: &Polygon<f64>, bed: Bed) {
        let (points, triangles) = area::triangles(polygon);
        for triangle in triangles {
            let whole = triangle.map(|k| points[k]).to_vec();
            for (i, plane) in self.planes.iter().enumerate() {
                let face =
                    self.planes.iter().enumerate().filter(|(j, _)| *j != i).fold(whole.clone(), |face, (j, other)| {
                        // Of two equal planes the first one draws.
                        let bias = if j < i { -1e-9 } else { 1e-9 };
                        clip(&face, |p| other.at(p) - plane.at(p) + bias)
                    });
                if face.len() < 3 {
                    continue;
                }
                let grade = plane.a.hypot(plane.b);
                let down = if grade > 1e-6 { [-plane.a / grade, -plane.b / grade] } else { [0.0, 1.0] };
                let stretch = (1.0 + grade * grade).sqrt();
                let corners: Vec<_> =
                    face.iter().map(|&p| corner(p, bed.eaves_m + plane.at(p).max(0.0) as f32, down, stretch)).collect();
                mesh.fan(&corners, if grade > 0.05 { bed.slope } else { bed.level });
            }
        }
    }
}

/// A plane that is `at_middle` high on the box's axis and falls by `slope` towards `sign`: across the ridge
/// (`axis` 0) or along it (1). With `sign` +1 across, it falls to the right and bounds the right half.
fn side(frame: &Frame, sign: f64, slope: f64, at_middle: f64, axis: f64) -> Plane {
    let [x, y] = if axis > 0.5 { frame.along } else { frame.left() };
    let towards = if axis > 0.5 { [sign * x, sign * y] } else { [-sign * x, -sign * y] };
    let (a, b) = (-slope * towards[0], -slope * towards[1]);
    Plane { a, b, c: at_middle - a * frame.middle[0] - b * frame.middle[1] }
}

/// The part of a convex polygon where `inside` is not negative.
fn clip(polygon: &[Coord<f64>], inside: impl Fn(Coord<f64>) -> f64) -> Vec<Coord<f64>> {
    let mut kept = Vec::with_capacity(polygon.len() + 1);
    for (k, &p) in polygon.iter().enumerate() {
        let q = polygon[(k + 1) % polygon.len()];
        let (dp, dq) = (inside(p), inside(q));
        if dp >= 0.0 {
            kept.push(p);
        }
        if dp * dq < 0.0 {
            let t = dp / (dp - dq);
            kept.push(Coord { x: p.x + t * (q.x - p.x), y: p.y + t * (q.y - p.y) });
        }
    }
    kept
}
