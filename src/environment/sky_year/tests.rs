//! The fast pass against the hour's own function.

use citytwin_model::{Weather, WeatherHour};

use super::*;
use crate::{Horizon, clear_sky};

/// A clear year at 60° N.
fn year() -> (WeatherYear, SunYear) {
    let mut weather = WeatherYear {
        label: "clear".into(),
        measured: false,
        latitude_deg: 60.17,
        longitude_deg: 24.94,
        elevation_m: 0.0,
        utc_offset_h: 2.0,
        hours: Vec::new(),
    };
    let sun = SunYear::of(&weather);
    for (hour, sun) in sun.hours.iter().enumerate() {
        let Irradiance { ghi, dni, dhi } = clear_sky(*sun, (hour / 24 + 1) as i16);
        let weather_hour = Weather { ghi, dni, dhi, air_temperature_c: 10.0 };
        weather.hours.push(WeatherHour { weather: weather_hour, ..WeatherHour::default() });
    }
    (weather, sun)
}

fn jagged() -> Horizon {
    Horizon { slopes: std::array::from_fn(|d| ((d * 37) % 23) as f32 * 0.04) }
}

#[test]
fn the_fast_pass_is_the_sum_of_the_hours() {
    let (weather, sun) = year();
    let horizon = jagged();
    for model in [SkyModel::Isotropic, SkyModel::HayDavies, SkyModel::Perez] {
        let sky = SkyYear::new(&weather, &sun, model);
        for (tilt, azimuth) in [(0.0, 0.0), (30.0, 180.0), (90.0, 77.0), (90.0, 350.0)] {
            for horizon in [None, Some(&horizon)] {
                let surface = Surface { tilt_deg: tilt, azimuth_deg: azimuth, horizon };
                let hourly = sky.hourly(&surface);
                for (hour, found) in hourly.iter().enumerate() {
                    let row = &weather.hours[hour].weather;
                    let light = Irradiance { ghi: row.ghi, dni: row.dni, dhi: row.dhi };
                    let extra = extraterrestrial_w_m2((hour / 24 + 1) as i16);
                    let expected = SkyHour::new(sun.hours[hour], light, extra, ALBEDO, model).on(&surface);
                    assert!((found - expected).abs() < 1e-9, "hour {hour}: {found} is not {expected}");
                }
                let total: f64 = hourly.iter().sum();
                assert!((sky.total(&surface) / total - 1.0).abs() < 1e-12);
                let mut slots = Vec::new();
                sky.slots_into(&surface, &mut slots);
                for (hour, value) in sky.slots().zip(&slots) {
                    assert_eq!(*value, hour.map_or(0.0, |hour| hourly[hour]));
                }
            }
        }
    }
}

#[test]
fn some_days_are_those_days() {
    let (weather, sun) = year();
    let whole = SkyYear::new(&weather, &sun, SkyModel::Perez).hourly(&Surface::open(40.0, 200.0));
    let days =
        SkyYear::of_days(&weather, &sun, SkyModel::Perez, &[171, 10, 171, 9999]).hourly(&Surface::open(40.0, 200.0));
    for hour in 0..HOURS_OF_YEAR {
        let looked_at = [10, 171].contains(&(hour / 24));
        assert_eq!(days[hour], if looked_at { whole[hour] } else { 0.0 });
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let (weather, sun) = year();
    let (sky, horizon) = (SkyYear::new(&weather, &sun, SkyModel::Perez), jagged());
    let surfaces: Vec<Surface> = (0..200)
        .map(|i| Surface { tilt_deg: f64::from(i % 91), azimuth_deg: f64::from(i * 7), horizon: Some(&horizon) })
        .collect();
    let by = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| sky.totals(&surfaces))
    };
    assert_eq!(by(1), by(3));
}
