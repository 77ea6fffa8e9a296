//! A plausible year of hourly weather where none is given, by place and seed alone.
//!
//! Latitude and season give the means, a seeded series the days that differ from them. It knows neither continents nor
//! altitude nor coasts: for a size of things, never for a place's own figures.

use std::f64::consts::TAU;

use citytwin_model::{
    HOURS_OF_YEAR, LonLat, SunPosition, Weather, WeatherHour, WeatherYear,
    weather::{sky_infrared_w_m2, standard_pressure_pa},
};

use crate::{Irradiance, SolarTime, SunYear, clear_sky, extraterrestrial_w_m2, split, typical_air_temperature_c};

/// What to write beside anything computed from [`synthetic_year`].
pub const SYNTHETIC_YEAR_LABEL: &str = "synthetic year by latitude, no measurement";

/// Mean clearness (global over extraterrestrial irradiance) by degree of latitude, and half its range between summer and
/// winter: cloudy at the equator, clear in the subtropics, cloudy again in the westerlies, where winters are dull. Set by eye
/// so that years of irradiation come near the Global Solar Atlas (World Bank, 2019; from memory, see the test).
const CLEARNESS: [(f64, f64, f64); 9] = [
    (0.0, 0.49, 0.00),
    (10.0, 0.52, 0.00),
    (20.0, 0.58, 0.00),
    (30.0, 0.58, 0.03),
    (38.0, 0.57, 0.06),
    (45.0, 0.53, 0.08),
    (52.0, 0.42, 0.08),
    (60.0, 0.44, 0.12),
    (90.0, 0.42, 0.10),
];
/// Days differ from the mean clearness by this, 1 (standard deviation at middle latitudes), and each keeps this share of
/// the difference of the day before (V. A. Graham, K. G. T. Hollands, T. E. Unny, Solar Energy 40 (1988) 83: 0.29).
const CLEARNESS_SPREAD: f64 = 0.15;
const CLEARNESS_KEPT: f64 = 0.29;
/// The dullest and the brightest day, 1.
const CLEARNESS_RANGE: (f64, f64) = (0.06, 0.78);
/// Hours differ from their day by this, 1.
const HOUR_SPREAD: f64 = 0.07;
/// Days differ from the mean temperature by this per degree of latitude, K/deg (standard deviation; 3.1 K at 52°), and keep
/// this share of the day before (C. W. Richardson, Water Resources Research 17 (1981) 182: 0.6 to 0.7).
const TEMPERATURE_SPREAD_K_PER_DEG: f64 = 0.06;
const TEMPERATURE_KEPT: f64 = 0.68;
/// In summer clear days are warm, in winter cold: this share of a day's difference comes of its light.
const TEMPERATURE_OF_LIGHT: f64 = 0.35;
/// Half the range within a day in [`typical_air_temperature_c`], K, which clouds narrow.
pub(crate) const DAY_K: f64 = 4.0;
/// Mean wind 10 m above open ground inland, m/s (European Wind Atlas 1989, sheltered terrain), Rayleigh from day to day.
pub(crate) const WIND_M_S: f64 = 3.5;
/// Midsummer, day of the year in the north.
const MIDSUMMER: f64 = 172.0;

/// A year of hourly weather at sea level. The same place and seed give the same bytes.
pub fn synthetic_year(place: LonLat, utc_offset_h: f64, seed: u64) -> WeatherYear {
    let sun = SunYear::at(place, utc_offset_h);
    let days = days(place.lat, seed);
    let hours = (0..HOURS_OF_YEAR).map(|hour| {
        let day = &days[hour / 24];
        let solar = SolarTime {
            hour: ((hour % 24) as f64 + 0.5 - utc_offset_h + place.lon / 15.0).rem_euclid(24.0),
            day_of_year: (hour / 24 + 1) as i16,
        };
        an_hour(place.lat, day, solar, sun.hours[hour], HOUR_SPREAD * normal(seed, Stream::Hour, hour))
    });
    WeatherYear {
        label: format!("{SYNTHETIC_YEAR_LABEL} ({:.1}° {}, seed {seed})", place.lat.abs(), side(place.lat)),
        measured: false,
        latitude_deg: place.lat,
        longitude_deg: place.lon,
        elevation_m: 0.0,
        utc_offset_h,
        hours: hours.collect(),
    }
}

fn side(latitude_deg: f64) -> &'static str {
    if latitude_deg < 0.0 { "south" } else { "north" }
}

/// What a day has of its own.
struct Day {
    clearness: f64,
    /// Above the day's typical temperature, K.
    warmer_k: f64,
    wind_m_s: f64,
}

fn days(latitude_deg: f64, seed: u64) -> Vec<Day> {
    let (mut light, mut warmth) = (normal(seed, Stream::Light, 999), normal(seed, Stream::Warmth, 999));
    let series = (0..HOURS_OF_YEAR / 24).map(|day| {
        let summer = summer(latitude_deg, day as f64 + 1.0);
        light = kept(light, CLEARNESS_KEPT, normal(seed, Stream::Light, day));
        warmth = kept(warmth, TEMPERATURE_KEPT, normal(seed, Stream::Warmth, day));
        let own = (1.0 - TEMPERATURE_OF_LIGHT * TEMPERATURE_OF_LIGHT).sqrt();
        let warmer = own * warmth + TEMPERATURE_OF_LIGHT * light * summer;
        // Of a uniform number, the Rayleigh one of mean 1.
        let gust = (-(1.0 - uniform(seed, Stream::Wind, day)).ln() * 4.0 / std::f64::consts::PI).sqrt();
        let clearness = mean_clearness(latitude_deg, summer) + CLEARNESS_SPREAD * light;
        Day {
            clearness: clearness.clamp(CLEARNESS_RANGE.0, CLEARNESS_RANGE.1),
            warmer_k: TEMPERATURE_SPREAD_K_PER_DEG * latitude_deg.abs() * warmer,
            wind_m_s: WIND_M_S * gust,
        }
    });
    series.collect()
}

/// The next of a series that keeps a share of what was and stays as wide.
fn kept(before: f64, share: f64, new: f64) -> f64 {
    share * before + (1.0 - share * share).sqrt() * new
}

/// 1 at midsummer, −1 at midwinter.
fn summer(latitude_deg: f64, day_of_year: f64) -> f64 {
    (TAU * (day_of_year - MIDSUMMER) / 365.0).cos() * if latitude_deg < 0.0 { -1.0 } else { 1.0 }
}

fn mean_clearness(latitude_deg: f64, summer: f64) -> f64 {
    let latitude = latitude_deg.abs();
    let next = CLEARNESS.iter().position(|row| row.0 > latitude).unwrap_or(CLEARNESS.len() - 1);
    let (from, to) = (CLEARNESS[next.saturating_sub(1)], CLEARNESS[next]);
    let share = ((latitude - from.0) / (to.0 - from.0)).clamp(0.0, 1.0);
    let between = |a: f64, b: f64| a + share * (b - a);
    between(from.1, to.1) + between(from.2, to.2) * summer
}

fn an_hour(latitude_deg: f64, day: &Day, solar: SolarTime, sun: SunPosition, off: f64) -> WeatherHour {
    let light = light(day.clearness + off, solar, sun);
    let typical = typical_air_temperature_c(latitude_deg, solar);
    let swing = (TAU * (solar.hour - 14.5) / 24.0).cos();
    // Half as wide under the dullest sky, half again as wide under the brightest.
    let open = (day.clearness - CLEARNESS_RANGE.0) / (CLEARNESS_RANGE.1 - CLEARNESS_RANGE.0);
    let air_temperature_c = typical + day.warmer_k + DAY_K * swing * (open - 0.5);
    // The dew point is near the night's lowest temperature (J. S. Kimball et al., Agric. Forest Meteorology 85 (1997) 87).
    let dew_point_c = (typical - DAY_K * swing + day.warmer_k - DAY_K * (0.5 + open)).min(air_temperature_c);
    WeatherHour {
        weather: Weather { ghi: light.ghi, dni: light.dni, dhi: light.dhi, air_temperature_c },
        dew_point_c,
        pressure_pa: standard_pressure_pa(0.0),
        sky_infrared_w_m2: sky_infrared_w_m2(air_temperature_c, dew_point_c, 10.0 * (1.0 - open)),
        wind_m_s: day.wind_m_s * (1.0 + 0.25 * swing),
        albedo: None,
    }
}

/// Light of an hour by its clearness, at most a clear sky's.
fn light(clearness: f64, solar: SolarTime, sun: SunPosition) -> Irradiance {
    let up = sun.elevation_deg.to_radians().sin();
    if up <= 0.0 {
        return Irradiance::default();
    }
    let extra = extraterrestrial_w_m2(solar.day_of_year);
    let clear = clear_sky(sun, solar.day_of_year).ghi;
    split((clearness.max(CLEARNESS_RANGE.0) * extra * up).min(clear), sun, extra)
}

/// What a random number is for.
#[derive(Clone, Copy)]
enum Stream {
    Light = 1,
    Warmth,
    Wind,
    Hour,
}

/// 0 ≤ u < 1: the finaliser of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014) on seed, stream and index.
fn uniform(seed: u64, stream: Stream, index: usize) -> f64 {
    let mut state = seed ^ (stream as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
    for salt in [0, index as u64] {
        state = state.wrapping_add(salt.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        state ^= state >> 31;
    }
    (state >> 11) as f64 / (1_u64 << 53) as f64
}

/// Standard normal (G. E. P. Box, M. E. Muller, Ann. Math. Statist. 29 (1958) 610).
fn normal(seed: u64, stream: Stream, index: usize) -> f64 {
    let (u, v) = (uniform(seed, stream, 2 * index), uniform(seed, stream, 2 * index + 1));
    (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(lon: f64, lat: f64, seed: u64) -> WeatherYear {
        synthetic_year(LonLat { lon, lat }, (lon / 15.0).round(), seed)
    }

    fn sum_kwh(year: &WeatherYear) -> f64 {
        year.hours.iter().map(|hour| hour.weather.ghi).sum::<f64>() / 1000.0
    }

    /// Truth from outside: yearly global irradiation on the horizontal, kWh/m² (Global Solar Atlas 2, rounded, from memory;
    /// Amsterdam's IWEC file has 982), and yearly mean temperatures (WMO normals 1991–2020). 12 % and 4 K: what a model of
    /// latitude alone can claim.
    #[test]
    fn years_come_near_the_climate_of_coastal_cities() {
        for (city, lon, lat, kwh_m2, mean_c) in [
            ("Helsinki", 24.94, 60.17, 960.0, 6.5),
            ("Amsterdam", 4.77, 52.30, 1020.0, 10.9),
            ("Monaco", 7.42, 43.74, 1530.0, 16.5),
            ("Porto Alegre", -51.2, -30.05, 1640.0, 20.0),
            ("Singapore", 103.85, 1.29, 1640.0, 27.8),
        ] {
            let year = year(lon, lat, 1);
            let mean = year.hours.iter().map(|hour| hour.weather.air_temperature_c).sum::<f64>() / 8760.0;
            let found = sum_kwh(&year);
            println!("{city}: {found:.0} kWh/m² ({kwh_m2}), {mean:.1} °C ({mean_c})");
            assert!((found / kwh_m2 - 1.0).abs() < 0.12, "{city}: {found:.0} kWh/m² is not {kwh_m2}");
            assert!((mean - mean_c).abs() < 4.0, "{city}: {mean:.1} °C is not {mean_c}");
        }
    }

    #[test]
    fn every_hour_is_possible() {
        for (lon, lat) in [(0.0, -90.0), (24.9, 60.2), (-179.0, 10.0), (151.2, -33.9), (0.0, 78.0)] {
            let year = year(lon, lat, 3);
            assert_eq!((year.hours.len(), year.measured), (HOURS_OF_YEAR, false));
            let sun = SunYear::of(&year);
            for (hour, sun) in year.hours.iter().zip(&sun.hours) {
                let Weather { ghi, dni, dhi, air_temperature_c } = hour.weather;
                let beam = dni * sun.elevation_deg.to_radians().sin().max(0.0);
                assert!((beam + dhi - ghi).abs() < 1e-9 && ghi >= 0.0 && dni >= 0.0 && dhi >= 0.0, "{hour:?}");
                assert!(ghi < 1200.0 && dni < 1200.0 && (-70.0..50.0).contains(&air_temperature_c), "{hour:?}");
                assert!(hour.dew_point_c <= air_temperature_c && (0.0..40.0).contains(&hour.wind_m_s), "{hour:?}");
                assert!((60.0..550.0).contains(&hour.sky_infrared_w_m2), "{hour:?}");
            }
        }
    }

    /// Days differ and hang together: standard deviation and lag-one correlation of daily means against the season.
    #[test]
    fn days_differ_and_hang_together() {
        let year = year(4.77, 52.30, 5);
        let mean = |day: usize| -> f64 {
            let rows = &year.hours[day * 24..(day + 1) * 24];
            let season: f64 = (0..24)
                .map(|h| {
                    typical_air_temperature_c(52.30, SolarTime { hour: f64::from(h), day_of_year: day as i16 + 1 })
                })
                .sum();
            (rows.iter().map(|hour| hour.weather.air_temperature_c).sum::<f64>() - season) / 24.0
        };
        let days: Vec<f64> = (0..365).map(mean).collect();
        let spread = (days.iter().map(|x| x * x).sum::<f64>() / 365.0).sqrt();
        let lag = days.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 364.0 / spread / spread;
        assert!((2.0..4.5).contains(&spread) && (0.4..0.85).contains(&lag), "{spread} K, {lag}");
    }

    #[test]
    fn the_seed_decides() {
        let (one, again, other) = (year(24.94, 60.17, 1), year(24.94, 60.17, 1), year(24.94, 60.17, 2));
        assert_eq!(one, again);
        assert_ne!(one.hours, other.hours);
        assert!((sum_kwh(&one) / sum_kwh(&other) - 1.0).abs() < 0.06, "another seed is the same climate");
        assert!(
            one.label.starts_with(SYNTHETIC_YEAR_LABEL) && one.label.contains("60.2° north, seed 1"),
            "{}",
            one.label
        );
    }
}
