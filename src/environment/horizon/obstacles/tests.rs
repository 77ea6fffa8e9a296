//! Streets and courtyards against closed forms, made-up cities against a search of every wall.

use citytwin_model::{MultiPolygon, Polygon, RoofShape};

use super::*;

/// A prism on a rectangle.
fn prism(x: [f64; 2], y: [f64; 2], height_m: f32) -> Volume {
    let ring = vec![(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1]), (x[0], y[0])];
    Volume::stated(MultiPolygon(vec![Polygon::new(ring.into(), Vec::new())]), height_m, 1.0, (RoofShape::Flat, 0.0))
}

fn of(volumes: &[Volume]) -> Obstacles {
    Obstacles::of_volumes(volumes.iter())
}

/// A street 20 m wide between houses of 15 m, 20 km long. On its floor, `x` from the middle, and on its west wall at height
/// z the closed forms of an endless canyon hold: (cos a + cos b)/2 and (1 − sin a)/2. 72 directions: 2e-3.
#[test]
fn a_long_street_leaves_the_sky_of_the_endless_canyon() {
    let long = [-10_000.0, 10_000.0];
    let street = of(&[prism([-30.0, -10.0], long, 15.0), prism([10.0, 30.0], long, 15.0)]);
    for x in [-8.0, 0.0, 5.0] {
        let floor = street.horizon([x, 3.0, 0.0]).sky_view(0.0, 0.0).dome;
        let closed = 0.5 * ((15.0 / (10.0 - x)).atan().cos() + (15.0 / (10.0 + x)).atan().cos());
        assert!((floor - closed).abs() < 2e-3, "floor at {x}: {floor}, {closed}");
    }
    for z in [0.0, 7.5, 14.0] {
        let wall = street.horizon([-9.8, 3.0, z]).sky_view(90.0, 90.0).dome;
        let closed = 0.5 * (1.0 - ((15.0 - z) / 19.8_f64).atan().sin());
        assert!((wall - closed).abs() < 2e-3, "wall at {z}: {wall}, {closed}");
    }
    // The beam: the sun at azimuth a shows above tan h = H/w · sin a, whatever wall.
    let horizon = street.horizon([0.0, 3.0, 0.0]);
    for (direction, slope) in horizon.slopes.iter().enumerate() {
        let expected = 1.5 * Horizon::azimuth_deg(direction).to_radians().sin().abs();
        assert!((f64::from(*slope) - expected).abs() < 2e-3, "{direction}: {slope}, {expected}");
    }
}

/// The middle of a rectangular courtyard: four times the view factor of a parallel rectangle from below its corner
/// (J. R. Howell, catalog of radiation configuration factors, B-3). 72 directions: 2e-3.
#[test]
fn a_courtyard_leaves_the_sky_of_the_closed_form() {
    for (width, depth, height) in [(20.0, 20.0, 10.0_f32), (20.0, 40.0, 18.0), (50.0, 30.0, 6.0)] {
        let (x, y) = (0.5 * width, 0.5 * depth);
        let yard = of(&[
            prism([-x - 10.0, -x], [-y - 10.0, y + 10.0], height),
            prism([x, x + 10.0], [-y - 10.0, y + 10.0], height),
            prism([-x - 10.0, x + 10.0], [y, y + 10.0], height),
            prism([-x - 10.0, x + 10.0], [-y - 10.0, -y], height),
        ]);
        let (a, b) = (x / f64::from(height), y / f64::from(height));
        let side = |a: f64, b: f64| a / a.hypot(1.0) * (b / a.hypot(1.0)).atan();
        let closed = 4.0 / TAU * (side(a, b) + side(b, a));
        let found = yard.horizon([0.0, 0.0, 0.0]).sky_view(0.0, 0.0).dome;
        assert!((found - closed).abs() < 2e-3, "{width} × {depth} × {height}: {found}, {closed}");
    }
}

/// Every ray against every wall.
fn searched(volumes: &[Volume], at: [f64; 3]) -> [f64; DIRECTIONS] {
    std::array::from_fn(|direction| {
        let (sin, cos) = Horizon::azimuth_deg(direction).to_radians().sin_cos();
        let mut slope = 0.0_f64;
        for volume in volumes {
            for ends in volume.footprint.0[0].exterior().0.windows(2) {
                let [a, b] = [ends[0], ends[1]].map(|end| (end.x - at[0], end.y - at[1]));
                let side = |p: (f64, f64)| sin * p.1 - cos * p.0;
                let (left, right) = (side(a), side(b));
                if (left > 0.0) == (right > 0.0) {
                    continue;
                }
                let share = left / (left - right);
                let (x, y) = (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1));
                let distance = sin * x + cos * y;
                if distance > 0.0 {
                    slope = slope.max((solid_top_m(volume) - at[2]) / distance);
                }
            }
        }
        slope
    })
}

#[test]
fn the_grid_finds_what_a_search_of_every_wall_finds() {
    // A linear congruential generator (D. E. Knuth, MMIX) makes the town.
    let mut state = 7_u64;
    let mut next = |range: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 * range
    };
    let volumes: Vec<Volume> = (0..400)
        .map(|k| {
            let (x, y, w, d) = (next(2000.0) - 1000.0, next(2000.0), 5.0 + next(60.0), 5.0 + next(60.0));
            prism([x, x + w], [y, y + d], if k % 50 == 0 { 120.0 } else { 3.0 + next(20.0) as f32 })
        })
        .collect();
    let town = of(&volumes);
    let mut raised = 0;
    for _ in 0..300 {
        let at = [next(2600.0) - 1300.0, next(2600.0) - 300.0, next(25.0)];
        let (found, expected) = (town.horizon(at), searched(&volumes, at));
        for (direction, (found, expected)) in found.slopes.iter().zip(expected).enumerate() {
            let found = f64::from(*found);
            let same = (found - expected).abs() <= 1e-6 * expected.max(1.0);
            assert!(
                same || (expected <= LEAST_SLOPE && found <= expected + 1e-6),
                "{at:?} {direction}: {found}, {expected}"
            );
            raised += usize::from(expected > LEAST_SLOPE);
        }
    }
    assert!(raised > 5000, "{raised}");
}

#[test]
fn the_wall_itself_and_lower_neighbours_do_not_shade() {
    let houses = of(&[prism([0.0, 10.0], [0.0, 10.0], 10.0), prism([30.0, 40.0], [0.0, 10.0], 6.0)]);
    assert_eq!(houses.horizon([5.0, 5.0, 10.1]), Horizon::OPEN, "above all roofs");
    let facade = houses.horizon([10.0, 5.0, 5.0]);
    assert!((facade.slope_at(90.0) - 0.05).abs() < 1e-6, "the neighbour: {}", facade.slope_at(90.0));
    assert_eq!(of(&[]).horizon([0.0, 0.0, 0.0]), Horizon::OPEN);
    assert_eq!(houses.horizon([f64::NAN, 0.0, 0.0]), Horizon::OPEN);
    assert_eq!(houses.horizon([1e300, 1e300, 0.0]), Horizon::OPEN);
    assert_eq!(houses.horizon([-1e300, 0.0, 0.0]), Horizon::OPEN);
}

/// A grid that would not fit into memory by cells of the usual size.
#[test]
fn far_apart_houses_do_not_fill_the_memory() {
    let apart = of(&[prism([0.0, 10.0], [0.0, 10.0], 10.0), prism([3e6, 3e6 + 10.0], [2e6, 2e6 + 10.0], 10.0)]);
    assert!(apart.cell_tops.len() < 1 << 23);
    assert!((apart.horizon([-10.0, 5.0, 0.0]).slope_at(90.0) - 1.0).abs() < 1e-6);
}
