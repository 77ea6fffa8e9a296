//! What stands in a surface's view of the sky: the height of the horizon all around, and how much sky that leaves.

mod obstacles;
mod sites;
mod terrain;

use std::{
    f64::consts::{PI, TAU},
    sync::LazyLock,
};

pub use obstacles::{LEAST_SLOPE, Obstacles, solid_top_m};
pub use sites::{Facade, facades, roof_site};

/// A horizon is known in so many directions, clockwise from north, evenly spaced. Between them it runs straight.
pub const DIRECTIONS: usize = 72;

/// Tangents of the horizon's elevation, at [`DIRECTIONS`] azimuths from north clockwise; ≥ 0.
#[derive(Clone, PartialEq, Debug)]
pub struct Horizon {
    pub slopes: [f32; DIRECTIONS],
}

/// Tangent of the elevation up to which the brightening of the sky near the horizon reaches: 6.5° (R. Perez et al., Solar
/// Energy 39 (1987) 221–231).
const BAND_SLOPE: f64 = 0.113_936;

/// What of the sky a surface sees.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SkyView {
    /// Irradiance by a uniform sky over that of a horizontal surface under the open sky, 0…1.
    pub dome: f64,
    /// The same for the bright band at the horizon, over a vertical surface's, 0…1.
    pub band: f64,
}

impl SkyView {
    /// Of a surface that nothing stands before.
    pub fn open(tilt_deg: f64) -> Self {
        let (sin, cos) = tilt_deg.to_radians().sin_cos();
        Self { dome: 0.5 * (1.0 + cos), band: sin }
    }
}

impl Horizon {
    /// Nothing in view.
    pub const OPEN: Self = Self { slopes: [0.0; DIRECTIONS] };

    /// Azimuth of a direction, degree clockwise from north.
    pub fn azimuth_deg(direction: usize) -> f64 {
        direction as f64 * 360.0 / DIRECTIONS as f64
    }

    /// Tangent of the horizon's elevation at an azimuth.
    pub fn slope_at(&self, azimuth_deg: f64) -> f64 {
        let (direction, fraction) = direction_of(azimuth_deg);
        let [from, to] = [direction, (direction + 1) % DIRECTIONS].map(|d| f64::from(self.slopes[d]));
        from + (to - from) * fraction
    }

    /// The higher of both in each direction: a city before its mountains.
    pub fn joined(&self, other: &Self) -> Self {
        Self { slopes: std::array::from_fn(|d| self.slopes[d].max(other.slopes[d])) }
    }

    /// What a surface sees of the sky above this horizon. The dome is the exact integral over elevation, direction by
    /// direction.
    pub fn sky_view(&self, tilt_deg: f64, azimuth_deg: f64) -> SkyView {
        let (sin, cos) = tilt_deg.to_radians().sin_cos();
        let (sin_azimuth, cos_azimuth) = azimuth_deg.to_radians().sin_cos();
        // From an elevation by its tangent t up to the zenith: of cos² for what faces the side, of sin·cos for what faces up.
        let aside = |t: f64| 0.25 * PI - 0.5 * (t.atan() + t / (1.0 + t * t));
        let above = |t: f64| 0.5 / (1.0 + t * t);
        let (mut dome, mut band, mut band_open) = (0.0, 0.0, 0.0);
        for (slope, (to_east, to_north)) in self.slopes.iter().zip(BEARINGS.iter()) {
            let (slope, facing) = (f64::from(*slope), to_east * sin_azimuth + to_north * cos_azimuth);
            let edge = sin * facing;
            // The surface's own plane cuts off the sky: from below behind one that leans back, from above before one that
            // leans over.
            let plane = -edge / if cos.abs() < UPRIGHT { UPRIGHT } else { cos };
            let low = if cos >= 0.0 { slope.max(plane) } else { slope };
            dome += edge * aside(low) + cos * above(low);
            if cos < 0.0 {
                dome -= edge * aside(plane.max(low)) + cos * above(plane.max(low));
            }
            band += facing.max(0.0) * (1.0 - slope / BAND_SLOPE).max(0.0);
            band_open += facing.max(0.0);
        }
        SkyView { dome: (dome * TAU / DIRECTIONS as f64 / PI).clamp(0.0, 1.0), band: sin * band / band_open }
    }
}

/// A cosine of the tilt that counts as upright.
const UPRIGHT: f64 = 1e-9;

/// Sine and cosine of each direction's azimuth.
static BEARINGS: LazyLock<[(f64, f64); DIRECTIONS]> =
    LazyLock::new(|| std::array::from_fn(|d| Horizon::azimuth_deg(d).to_radians().sin_cos()));

/// The direction at or before an azimuth, and how far it is to the next, 0…1.
pub(crate) fn direction_of(azimuth_deg: f64) -> (usize, f64) {
    let steps = azimuth_deg.rem_euclid(360.0) * DIRECTIONS as f64 / 360.0;
    let direction = (steps as usize).min(DIRECTIONS - 1);
    (direction, (steps - direction as f64).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
