//! The horizon that hills and mountains make.

use citytwin_model::Coord;

use super::{BEARINGS, Horizon};

/// The ground is looked at from so far to so far, m, in steps that grow by a share of the distance: what is far must be
/// large to show.
const NEAREST_M: f64 = 30.0;
const FURTHEST_M: f64 = 40_000.0;
const STEP: f64 = 0.03;
/// Radius of the earth, m, over 1 − 0.13, for light that bends down with it (standard refraction in surveying).
const BENT_RADIUS_M: f64 = 6_371_000.0 / 0.87;

impl Horizon {
    /// Of a point at a height (m, by the same datum as the ground's) over ground whose height at a place `ground_m` tells;
    /// `None` beyond its data. To be [`Horizon::joined`] to the city's.
    pub fn of_terrain(at: Coord<f64>, height_m: f64, ground_m: impl Fn(Coord<f64>) -> Option<f64>) -> Self {
        let mut horizon = Self::OPEN;
        for (slope, (sin, cos)) in horizon.slopes.iter_mut().zip(BEARINGS.iter()) {
            let mut distance_m = NEAREST_M;
            while distance_m < FURTHEST_M {
                let place = Coord { x: at.x + distance_m * sin, y: at.y + distance_m * cos };
                if let Some(ground) = ground_m(place) {
                    let rise = ground - height_m - distance_m * distance_m / (2.0 * BENT_RADIUS_M);
                    *slope = slope.max((rise / distance_m) as f32);
                }
                distance_m += (STEP * distance_m).max(NEAREST_M);
            }
        }
        horizon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Coord<f64> = Coord { x: 100.0, y: -50.0 };

    /// A plane that rises to the east by 1 in 5 shows at 0.2 · sin azimuth, and not at all to the west.
    #[test]
    fn a_slope_shows_as_its_closed_form() {
        let found = Horizon::of_terrain(HERE, 0.0, |place| Some(0.2 * (place.x - HERE.x)));
        for (direction, slope) in found.slopes.iter().enumerate() {
            let expected = (0.2 * Horizon::azimuth_deg(direction).to_radians().sin()).max(0.0);
            assert!((f64::from(*slope) - expected).abs() < 1e-5, "{direction}: {slope}, {expected}");
        }
    }

    /// A long ridge 10 km to the north and 1,000 m high, behind the end of a plain: seen across it at 0.1 · cos azimuth,
    /// less what the earth's curve hides (7 m), to 3 %: the steps.
    #[test]
    fn a_ridge_shows_behind_the_plain() {
        let ridge = |place: Coord<f64>| {
            let far = place.y - HERE.y;
            (far < 30_000.0).then_some((1000.0 - 0.3 * (far - 10_000.0).abs()).max(0.0))
        };
        let found = Horizon::of_terrain(HERE, 2.0, ridge);
        for azimuth in [0.0, 20.0, 320.0] {
            let expected = 0.0993 * f64::to_radians(azimuth).cos();
            assert!((found.slope_at(azimuth) / expected - 1.0).abs() < 0.03, "{azimuth}: {}", found.slope_at(azimuth));
        }
        assert_eq!(found.slope_at(180.0), 0.0);
        assert_eq!(Horizon::of_terrain(HERE, 0.0, |_| None), Horizon::OPEN);
        assert_eq!(Horizon::of_terrain(HERE, f64::NAN, |_| Some(f64::NAN)), Horizon::OPEN);
    }
}
