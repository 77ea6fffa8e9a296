//! The live city's weather as a year of hours: every day cloudless and as warm as usual.

use citytwin_model::{
    Anchor, HOURS_OF_YEAR, Timestamp, Weather, WeatherHour, WeatherYear,
    weather::{sky_infrared_w_m2, standard_pressure_pa},
};
use rayon::prelude::*;

use crate::{
    SunYear, TYPICAL_WEATHER_LABEL, sky,
    synthetic::{DAY_K, WIND_M_S},
};

/// Instants of an hour whose light makes its mean.
const PARTS: u32 = 6;
/// The dew point lies near the night's lowest temperature (J. S. Kimball et al., Agric. Forest Meteorology 85 (1997) 87), which is
/// this far below the day's mean at most, K.
const DEW_BELOW_K: f64 = DAY_K;

/// Wind 10 m above ground on a typical day, m/s.
pub const TYPICAL_WIND_M_S: f64 = WIND_M_S;

/// A year of [`crate::typical_weather`], hour by hour in the solar time zone of the anchor's meridian: light is the mean of the
/// hour, the rest its value at the hour's end. The calendar is that of [`SunYear::CALENDAR`].
pub fn typical_year(anchor: &Anchor) -> WeatherYear {
    let utc_offset_h = (anchor.origin.lon / 15.0).round();
    let start_s =
        SunYear::CALENDAR.parse::<Timestamp>().map_or(0, |start| start.as_second()) - (3600.0 * utc_offset_h) as i64;
    let at = |hour: usize, second: f64| {
        let unix_s = start_s + 3600 * hour as i64 + second as i64;
        sky(anchor, Timestamp::from_second(unix_s).unwrap_or(Timestamp::UNIX_EPOCH)).1
    };
    let row = |hour: usize| {
        let part = |part: u32| at(hour, 3600.0 * (f64::from(part) + 0.5) / f64::from(PARTS));
        let mut mean = (0..PARTS).map(part).fold(Weather::default(), |sum, now| Weather {
            ghi: sum.ghi + now.ghi / f64::from(PARTS),
            dni: sum.dni + now.dni / f64::from(PARTS),
            dhi: sum.dhi + now.dhi / f64::from(PARTS),
            ..sum
        });
        mean.air_temperature_c = at(hour, 3600.0).air_temperature_c;
        an_hour(mean)
    };
    WeatherYear {
        label: TYPICAL_WEATHER_LABEL.to_owned(),
        measured: false,
        latitude_deg: anchor.origin.lat,
        longitude_deg: anchor.origin.lon,
        elevation_m: 0.0,
        utc_offset_h,
        hours: (0..HOURS_OF_YEAR).into_par_iter().map(row).collect(),
    }
}

fn an_hour(weather: Weather) -> WeatherHour {
    let air_c = weather.air_temperature_c;
    let dew_point_c = air_c - DEW_BELOW_K;
    WeatherHour {
        weather,
        dew_point_c,
        pressure_pa: standard_pressure_pa(0.0),
        sky_infrared_w_m2: sky_infrared_w_m2(air_c, dew_point_c, 0.0),
        wind_m_s: TYPICAL_WIND_M_S,
        albedo: None,
    }
}

#[cfg(test)]
mod tests {
    use citytwin_model::LonLat;

    use super::*;

    /// Every hour is what the instants in it say, and the year is labelled as made up.
    #[test]
    fn the_year_is_the_instants_in_a_row() {
        let anchor = Anchor::new(LonLat { lon: 24.9, lat: 60.2 });
        let year = typical_year(&anchor);
        assert_eq!((year.hours.len(), year.measured, year.utc_offset_h), (HOURS_OF_YEAR, false, 2.0));
        // 21 June 2019, the hour from 12 to 13 o'clock in UTC+2.
        let hour = 171 * 24 + 12;
        let at = |text: &str| sky(&anchor, text.parse().unwrap()).1;
        let middle = at("2019-06-21T10:30:00Z");
        let found = year.hours[hour].weather;
        assert!((found.ghi / middle.ghi - 1.0).abs() < 2e-3 && (found.dni / middle.dni - 1.0).abs() < 2e-3);
        assert_eq!(found.air_temperature_c, at("2019-06-21T11:00:00Z").air_temperature_c);
        assert_eq!(year.hours[23].weather.ghi, 0.0);
        assert!(year.hours.iter().all(|row| row.sky_infrared_w_m2 > 100.0 && row.sky_infrared_w_m2 < 500.0));
    }
}
