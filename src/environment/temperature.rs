//! Air temperature of a typical day, from latitude, season and hour alone.
//!
//! A stand-in for weather data, and labelled so: near sea level it meets the monthly normals of coastal and
//! central European cities within about 4 K; it knows neither continents nor altitude nor weather.

use std::f64::consts::TAU;

use crate::SolarTime;

/// Annual mean at the equator, °C, and its fall with the square of latitude, K/deg²: fitted by eye to the
/// WMO 1991–2020 normals of Singapore 27.8, Porto Alegre 20.0, Monaco 16.5, Berlin 10.2, Helsinki 6.5 °C.
const EQUATOR_MEAN_C: f64 = 27.0;
const FALL_K_PER_DEG2: f64 = 0.0061;
/// Half the range between the warmest and the coldest month per degree of latitude, K/deg: the same
/// normals (Berlin 10 K, Helsinki 12 K, Monaco 7 K, Porto Alegre 5.5 K, Singapore 0.6 K).
const SEASON_K_PER_DEG: f64 = 0.19;
/// Half the range within a day, K: typical of mid-latitude cities.
const DAY_K: f64 = 4.0;
/// The warmest day lags the summer solstice by about a month (day of the year in the north).
const WARMEST_DAY: f64 = 202.0;
/// Warmest hour of the solar clock, h.
const WARMEST_HOUR: f64 = 14.5;

/// Air temperature of a typical day, °C. `latitude_deg` −90…90.
pub fn typical_air_temperature_c(latitude_deg: f64, solar: SolarTime) -> f64 {
    let mean = EQUATOR_MEAN_C - FALL_K_PER_DEG2 * latitude_deg * latitude_deg;
    let season = (TAU * (f64::from(solar.day_of_year) - WARMEST_DAY) / 365.25).cos();
    let day = (TAU * (solar.hour - WARMEST_HOUR) / 24.0).cos();
    mean + SEASON_K_PER_DEG * latitude_deg * season + DAY_K * day
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean over the hours of a day.
    fn day_mean(latitude: f64, day_of_year: i16) -> f64 {
        let at = |h: i32| typical_air_temperature_c(latitude, SolarTime { hour: f64::from(h), day_of_year });
        (0..24).map(at).sum::<f64>() / 24.0
    }

    /// Truth from outside: January and July means of the WMO normals 1991–2020. 4 K: what the model claims.
    #[test]
    fn meets_monthly_normals() {
        for (city, latitude, january, july) in [
            ("Helsinki", 60.17, -3.1, 18.1),
            ("Berlin", 52.52, 1.0, 19.8),
            ("Monaco", 43.73, 10.6, 24.3),
            ("Porto Alegre", -30.05, 25.0, 14.1),
            ("Singapore", 1.37, 26.8, 28.2),
        ] {
            for (month, day, normal) in [(1, 15, january), (7, 196, july)] {
                let found = day_mean(latitude, day);
                assert!((found - normal).abs() < 4.0, "{city}, month {month}: {found:.1} °C, normal {normal} °C");
            }
        }
    }
}
