//! The sun by short formulae, as a peer has it whose results are compared: up to 1° of declination off in spring. Buildings
//! of their own see [`SunYear::of`].

use std::f64::consts::{PI, TAU};

use citytwin_environment::SunYear;
use citytwin_model::{SunPosition, WeatherYear};

/// Tilt of the earth's axis, degree.
const TILT_DEG: f64 = 23.45;

/// Positions in the middle of each hour (M. Wetter, "Simulation-Based Building Energy Optimization", dissertation, Berkeley
/// 2004, A.4.1 to A.4.8; so in the IBPSA library's `SolarGeometry` and `WeatherData`).
pub(super) fn simple_sun(weather: &WeatherYear) -> SunYear {
    let (sin_lat, cos_lat) = weather.latitude_deg.to_radians().sin_cos();
    let position = |index: usize| {
        let hour = index as f64 + 0.5;
        let day = hour / 24.0;
        let sin_declination = -TILT_DEG.to_radians().sin() * ((day + 10.0) * TAU / 365.25).cos();
        let cos_declination = (1.0 - sin_declination * sin_declination).sqrt();
        let b = PI * (day + 1.0 - 81.0) / 182.0;
        let equation_of_time_min = 9.87 * (2.0 * b).sin() - 7.53 * b.cos() - 1.5 * b.sin();
        let solar_h = hour - weather.utc_offset_h + weather.longitude_deg / 15.0 + equation_of_time_min / 60.0;
        let (sin_angle, cos_angle) = ((solar_h - 12.0) * TAU / 24.0).sin_cos();
        let up = cos_lat * cos_declination * cos_angle + sin_lat * sin_declination;
        let east = -cos_declination * sin_angle;
        let north = cos_lat * sin_declination - sin_lat * cos_declination * cos_angle;
        SunPosition {
            azimuth_deg: east.atan2(north).to_degrees().rem_euclid(360.0),
            elevation_deg: up.clamp(-1.0, 1.0).asin().to_degrees(),
        }
    };
    SunYear { hours: (0..weather.hours.len()).map(position).collect() }
}

#[cfg(test)]
mod tests {
    use citytwin_environment::synthetic_year;
    use citytwin_model::LonLat;

    use super::*;

    /// NREL's algorithm is the truth: the declination's sine costs 1.1° at the end of March.
    #[test]
    fn stays_near_the_true_sun() {
        let weather = synthetic_year(LonLat { lon: -104.65, lat: 39.83 }, -7.0, 1);
        let (simple, exact) = (simple_sun(&weather), SunYear::of(&weather));
        assert_eq!(simple.hours.len(), exact.hours.len());
        let off = |(a, b): (&SunPosition, &SunPosition)| (a.elevation_deg - b.elevation_deg).abs();
        let high = || simple.hours.iter().zip(&exact.hours).filter(|(_, sun)| sun.elevation_deg > 10.0);
        let greatest = high().map(off).fold(0.0, f64::max);
        assert!(high().count() > 3000 && (0.3..1.5).contains(&greatest), "{greatest}");
        // 21 June, 8 to 9 o'clock.
        let [simple, exact] = [&simple, &exact].map(|sun| sun.hours[171 * 24 + 8].azimuth_deg);
        assert!((simple - exact).abs() < 2.0, "{simple} and {exact}");
    }
}
