//! Where the sun stands. Computed by `environment`, used by `energy` and `view`.

/// Topocentric position of the sun.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SunPosition {
    /// Clockwise from north, degree, 0…360.
    pub azimuth_deg: f64,
    /// Above the horizon (refraction included), degree, −90…90.
    pub elevation_deg: f64,
}

impl SunPosition {
    /// Unit vector (east, north, up) that points to the sun.
    pub fn direction_enu(&self) -> [f64; 3] {
        let (sin_a, cos_a) = self.azimuth_deg.to_radians().sin_cos();
        let (sin_e, cos_e) = self.elevation_deg.to_radians().sin_cos();
        [sin_a * cos_e, cos_a * cos_e, sin_e]
    }
}
