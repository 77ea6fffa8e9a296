//! A year against pvlib, hour by hour.

use super::*;
use crate::clear_sky::{SOLAR_CONSTANT_W_M2, extraterrestrial_w_m2};

/// Truth from outside: `pv_ref.csv`, plane of array by pvlib 0.16.1 for the weather and sun of `pv_in.csv` (tilt 30°, south,
/// albedo 0.25, solar constant 1366.1 W/m²), three models. 1e-6 relative or W/m², the digits of the file's angles.
/// Left out: hours with the sun below the horizon, in which pvlib counts beam where the weather file has some, and those
/// without diffuse light, in which its Perez model gives NaN (they are dark here).
#[test]
fn agrees_with_pvlib_over_a_year() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/energy/solar");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}"));
    let (Ok(input), Ok(reference)) = (read("pv_in.csv"), read("pv_ref.csv")) else {
        println!("skipped: {folder} absent");
        return;
    };
    let row = |line: &str| line.split(',').map(|x| x.parse::<f64>().unwrap()).collect::<Vec<_>>();
    let surface = Surface::open(30.0, 180.0);
    let (mut hours, mut left_out, mut worst) = (0, 0, [0.0_f64; 3]);
    for (hour, (x, expected)) in input.lines().zip(reference.lines()).skip(1).enumerate() {
        let (x, expected) = (row(x), row(expected));
        let sun = SunPosition { azimuth_deg: x[6], elevation_deg: 90.0 - x[5] };
        if sun.elevation_deg <= 0.0 {
            left_out += usize::from(expected[0] > 0.0);
            continue;
        }
        if x[2] <= 0.0 {
            assert_eq!((x[0], x[1]), (0.0, 0.0), "hour {hour}");
            continue;
        }
        let light = Irradiance { ghi: x[0], dni: x[1], dhi: x[2] };
        let extra = extraterrestrial_w_m2((hour / 24 + 1) as i16) * 1366.1 / SOLAR_CONSTANT_W_M2;
        for (k, model) in [SkyModel::Isotropic, SkyModel::HayDavies, SkyModel::Perez].into_iter().enumerate() {
            let found = SkyHour::new(sun, light, extra, 0.25, model).on(&surface);
            let off = (found - expected[k]).abs() / expected[k].max(1.0);
            worst[k] = worst[k].max(off);
            assert!(off < 1e-6, "hour {hour}, {model:?}: {found} is not {}", expected[k]);
        }
        hours += 1;
    }
    println!("{hours} hours, worst {worst:?}; {left_out} hours with light and no sun left out");
    assert!(hours > 4000 && left_out < 500, "{hours} {left_out}");
}

/// All models give back what lies on the ground, and nothing is lit that faces away under a black sky.
#[test]
fn a_flat_open_surface_has_the_global_irradiance() {
    for elevation in [6.0, 20.0, 45.0, 80.0] {
        let sun = SunPosition { azimuth_deg: 120.0, elevation_deg: elevation };
        let light = Irradiance { ghi: 600.0 * sun.direction_enu()[2] + 100.0, dni: 600.0, dhi: 100.0 };
        for model in [SkyModel::Isotropic, SkyModel::HayDavies, SkyModel::Perez] {
            let sky = SkyHour::new(sun, light, 1361.0, 0.2, model);
            assert!((sky.on(&Surface::open(0.0, 0.0)) - light.ghi).abs() < 1e-9, "{model:?} at {elevation}");
        }
    }
}

#[test]
fn a_high_horizon_takes_the_beam_and_its_share_of_the_sky() {
    let sun = SunPosition { azimuth_deg: 180.0, elevation_deg: 40.0 };
    let light = Irradiance { ghi: 500.0, dni: 600.0, dhi: 100.0 };
    let sky = SkyHour::new(sun, light, 1361.0, 0.0, SkyModel::Perez);
    for (slope, lit) in [(0.8_f32, true), (0.9, false)] {
        let horizon = Horizon { slopes: [slope; crate::DIRECTIONS] };
        let surface = Surface { horizon: Some(&horizon), ..Surface::open(0.0, 0.0) };
        let beam = if lit { sky.direct * sun.direction_enu()[2] } else { 0.0 };
        let dome = sky.dome * f64::from(slope).atan().cos().powi(2);
        assert!((sky.on(&surface) - beam - dome).abs() < 1e-9);
    }
}

#[test]
fn night_and_impossible_light_give_no_nonsense() {
    let night = SunPosition { azimuth_deg: 0.0, elevation_deg: -10.0 };
    assert_eq!(
        SkyHour::new(night, Irradiance::default(), 1361.0, 0.2, SkyModel::Perez).on(&Surface::open(30.0, 180.0)),
        0.0
    );
    for elevation in [1e-9, 0.5, 90.0] {
        for (dni, dhi) in [(0.0, 0.0), (1400.0, 0.0), (0.0, 1400.0), (1400.0, 1e-9)] {
            let sun = SunPosition { azimuth_deg: 0.0, elevation_deg: elevation };
            let light = Irradiance { ghi: dni + dhi, dni, dhi };
            for model in [SkyModel::Isotropic, SkyModel::HayDavies, SkyModel::Perez] {
                let found = SkyHour::new(sun, light, 1361.0, 1.0, model).on(&Surface::open(90.0, 180.0));
                assert!(found.is_finite() && found >= 0.0, "{found}");
            }
        }
    }
}
