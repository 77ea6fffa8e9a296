//! From the plan's metres to 1e-7 degrees, the resolution of OSM. Must not know features.

use crate::maths::{P, sin_cos};

/// The town's origin: open water of the German Bight, so that nobody takes it for a real place.
pub const ORIGIN_LON: f64 = 7.2;
pub const ORIGIN_LAT: f64 = 54.6;
/// WGS 84 semi-major axis, metre, and first eccentricity squared (EPSG:7030).
const A_M: f64 = 6_378_137.0;
const E2: f64 = 0.006_694_379_990_141_3;

/// A place in units of 1e-7 degree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    pub lon: i64,
    pub lat: i64,
}

/// Inverse transverse Mercator with scale 1 on the origin's meridian, by the series of J. P. Snyder, "Map
/// Projections: A Working Manual" (USGS 1395, 1987), eqs. 8-17 and 8-18, to the third order; within a
/// centimetre of the exact inverse at 10 km. Plain arithmetic, so the same on every platform.
pub fn place(at: P) -> Place {
    let phi0 = ORIGIN_LAT.to_radians();
    let (s0, c0) = sin_cos(phi0);
    let w0 = 1.0 - E2 * s0 * s0;
    let m0 = A_M * (1.0 - E2) / (w0 * w0.sqrt());
    // Footpoint latitude: the meridian arc to second order about the origin.
    let slope = 3.0 * E2 * s0 * c0 / w0;
    let step = at.y / m0;
    let foot = phi0 + step - 0.5 * slope * step * step;
    let (s1, c1) = sin_cos(foot);
    let w1 = 1.0 - E2 * s1 * s1;
    let n1 = A_M / w1.sqrt();
    let m1 = A_M * (1.0 - E2) / (w1 * w1.sqrt());
    let t = s1 / c1;
    let d = at.x / n1;
    let curvature = E2 / (1.0 - E2) * c1 * c1;
    let lat = foot - n1 * t / m1 * (d * d / 2.0);
    let lon = (d - (1.0 + 2.0 * t * t + curvature) * d * d * d / 6.0) / c1;
    let units = |radians: f64| (radians.to_degrees() * 1e7).round() as i64;
    Place { lon: (ORIGIN_LON * 1e7).round() as i64 + units(lon), lat: units(lat) }
}

impl Place {
    pub fn lon_deg(self) -> f64 {
        self.lon as f64 / 1e7
    }

    pub fn lat_deg(self) -> f64 {
        self.lat as f64 / 1e7
    }
}

/// Seven decimals, without a detour over floating point.
pub fn decimal(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    format!("{sign}{}.{:07}", units.abs() / 10_000_000, units.abs() % 10_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use citytwin_model::{Anchor, LonLat};

    /// Truth from outside: the model's projection, which is held against published UTM values.
    #[test]
    fn places_agree_with_the_model_projection_within_three_centimetres() {
        let anchor = Anchor::new(LonLat { lon: ORIGIN_LON, lat: ORIGIN_LAT });
        for (x, y) in [(0.0, 0.0), (3_000.0, -2_500.0), (-9_000.0, 9_500.0), (10_000.0, 10_000.0)] {
            let at = place(P { x, y });
            let back = anchor.enu(LonLat { lon: at.lon_deg(), lat: at.lat_deg() });
            assert!((back.x - x).abs() < 0.03 && (back.y - y).abs() < 0.03, "{x} {y}: {back:?}");
        }
    }

    #[test]
    fn decimals_keep_their_zeros() {
        assert_eq!([decimal(72_000_001), decimal(-5), decimal(546_000_000)], ["7.2000001", "-0.0000005", "54.6000000"]);
    }
}
