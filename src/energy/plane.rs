//! Planes of modules, told apart by steps of tilt and azimuth.

/// Planes are told apart by steps of tilt and azimuth.
const TILT_STEP_DEG: f64 = 5.0;
const AZIMUTH_STEP_DEG: f64 = 10.0;
const TILTS: usize = 13;
const AZIMUTHS: usize = 36;
/// A class of planes of like tilt and azimuth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plane(pub u16);

impl Plane {
    /// Nearest class. Tilt 0…60° (steeper counts as 60°), azimuth clockwise from north.
    pub fn nearest(tilt_deg: f64, azimuth_deg: f64) -> Self {
        let tilt = ((tilt_deg / TILT_STEP_DEG).round().max(0.0) as usize).min(TILTS - 1);
        let azimuth = (azimuth_deg.rem_euclid(360.0) / AZIMUTH_STEP_DEG).round() as usize % AZIMUTHS;
        Self((tilt * AZIMUTHS + azimuth) as u16)
    }

    /// Tilt and azimuth of the class.
    pub fn angles_deg(index: usize) -> (f64, f64) {
        ((index / AZIMUTHS) as f64 * TILT_STEP_DEG, (index % AZIMUTHS) as f64 * AZIMUTH_STEP_DEG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_classed_to_the_nearest() {
        assert_eq!(Plane::angles_deg(Plane::nearest(33.0, 184.0).0.into()), (35.0, 180.0));
        assert_eq!(Plane::angles_deg(Plane::nearest(80.0, 359.0).0.into()), (60.0, 0.0));
        assert_eq!(Plane::angles_deg(Plane::nearest(-1.0, -90.0).0.into()), (0.0, 270.0));
    }
}
