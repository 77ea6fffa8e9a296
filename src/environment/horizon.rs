//! What stands in a surface's view of the sky: the height of the horizon all around, and how much sky that leaves.

mod obstacles;
mod sites;

use std::f64::consts::{PI, TAU};

pub use obstacles::{LEAST_SLOPE, Obstacles, solid_top_m};
pub use sites::{Facade, facades, roof_site};

/// A horizon is known in so many directions, clockwise from north, evenly spaced. Between them it runs straight.
pub const DIRECTIONS: usize = 72;

/// Tangents of the horizon's elevation, at [`DIRECTIONS`] azimuths from north clockwise; ≥ 0.
#[derive(Clone, PartialEq, Debug)]
pub struct Horizon {
    pub slopes: [f32; DIRECTIONS],
}

/// Elevation up to which the brightening of the sky near the horizon reaches, rad: 6.5° (R. Perez et al., Solar Energy 39
/// (1987) 221–231).
const BAND_RAD: f64 = 6.5 * PI / 180.0;

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
        let (mut dome, mut band, mut band_open) = (0.0, 0.0, 0.0);
        for (direction, slope) in self.slopes.iter().enumerate() {
            let facing = (Self::azimuth_deg(direction) - azimuth_deg).to_radians().cos();
            let horizon = f64::from(*slope).atan();
            // The surface's own plane cuts off the sky: from below behind one that leans back, from above before one that
            // leans over.
            let edge = sin * facing;
            let low = horizon.max((-edge).atan2(cos.max(0.0)));
            let high = if cos < 0.0 { edge.atan2(-cos).max(low) } else { 0.5 * PI };
            let upright = 0.5 * (high - low) + 0.25 * ((2.0 * high).sin() - (2.0 * low).sin());
            dome += edge * upright + cos * 0.5 * (low.cos().powi(2) - high.cos().powi(2));
            band += facing.max(0.0) * (1.0 - horizon / BAND_RAD).max(0.0);
            band_open += facing.max(0.0);
        }
        SkyView { dome: (dome * TAU / DIRECTIONS as f64 / PI).clamp(0.0, 1.0), band: sin * band / band_open }
    }
}

/// The direction at or before an azimuth, and how far it is to the next, 0…1.
pub(crate) fn direction_of(azimuth_deg: f64) -> (usize, f64) {
    let steps = azimuth_deg.rem_euclid(360.0) * DIRECTIONS as f64 / 360.0;
    let direction = (steps as usize).min(DIRECTIONS - 1);
    (direction, (steps - direction as f64).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
