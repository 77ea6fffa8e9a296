//! Views of the sky against closed forms.

use super::*;

/// The horizon of a point between two endless walls that run north to south: tangents of their elevations, seen square
/// to them, to the west and east.
fn canyon(west: f64, east: f64) -> Horizon {
    let slope = |direction: usize| {
        let across = Horizon::azimuth_deg(direction).to_radians().sin();
        (if across > 0.0 { east * across } else { -west * across }) as f32
    };
    Horizon { slopes: std::array::from_fn(slope) }
}

/// Closed forms of an endless canyon (view factors of two-dimensional geometry, e.g. T. R. Oke, "Boundary Layer Climates",
/// 1987): its floor sees (cos a + cos b)/2, a wall (1 − sin a)/2. 72 directions: 1e-3.
#[test]
fn an_endless_canyon_leaves_the_sky_of_the_closed_form() {
    for (west, east) in [(0.0_f64, 0.0_f64), (1.0, 1.0), (0.5, 2.0), (4.0, 4.0)] {
        let horizon = canyon(west, east);
        let floor = 0.5 * (west.atan().cos() + east.atan().cos());
        assert!((horizon.sky_view(0.0, 0.0).dome - floor).abs() < 1e-3, "{west} {east}");
        // A wall on the west side looks east.
        let wall = 0.5 * (1.0 - east.atan().sin());
        let found = horizon.sky_view(90.0, 90.0).dome;
        assert!((found - wall).abs() < 1e-3, "{west} {east}: {found}, {wall}");
    }
}

/// On the floor of a round courtyard: cos² of the rim's elevation.
#[test]
fn a_round_courtyard_leaves_the_sky_of_the_closed_form() {
    for slope in [0.0_f32, 0.2, 1.0, 3.0] {
        let found = Horizon { slopes: [slope; DIRECTIONS] }.sky_view(0.0, 0.0).dome;
        assert!((found - f64::from(slope).atan().cos().powi(2)).abs() < 1e-12, "{slope}: {found}");
    }
}

/// Without a horizon: (1 + cos tilt)/2, whatever way the surface faces. 5e-4: 72 directions.
#[test]
fn open_surfaces_see_what_the_closed_form_says() {
    for tilt in [0.0, 10.0, 30.0, 60.0, 90.0, 120.0, 180.0] {
        for azimuth in [0.0, 33.0, 180.0, 271.0] {
            let (found, open) = (Horizon::OPEN.sky_view(tilt, azimuth), SkyView::open(tilt));
            assert!((found.dome - open.dome).abs() < 5e-4, "{tilt} {azimuth}: {found:?} {open:?}");
            assert!((found.band - open.band).abs() < 1e-12, "{tilt} {azimuth}: {found:?} {open:?}");
        }
    }
}

#[test]
fn slopes_between_directions_run_straight() {
    let mut horizon = Horizon::OPEN;
    horizon.slopes[71] = 1.0;
    assert_eq!([350.0, 352.5, 355.0, 357.5, 360.0, 0.0].map(|a| horizon.slope_at(a)), [0.0, 0.5, 1.0, 0.5, 0.0, 0.0]);
    assert_eq!(horizon.slope_at(-5.0), 1.0);
    assert_eq!(horizon.joined(&Horizon { slopes: [0.25; DIRECTIONS] }).slopes[70..], [0.25, 1.0]);
    assert!(horizon.slope_at(f64::NAN).is_nan(), "no panic");
}
