//! Position of the sun by NREL's Solar Position Algorithm (I. Reda, A. Andreas, Solar Energy 76 (2004)
//! 577–589; ±0.0003°), through the `solar-positioning` crate.

use citytwin_model::{Anchor, HOURS_OF_YEAR, LonLat, SunPosition, Timestamp, WeatherYear};
use solar_positioning::{Location, RefractionCorrection, SolarPositions, delta_t, time::JulianDate};

/// Julian date of 1970-01-01T00:00:00Z, day.
const JULIAN_UNIX_EPOCH_D: f64 = 2_440_587.5;
const SECONDS_PER_DAY: f64 = 86_400.0;
/// Mean Gregorian year, day.
const DAYS_PER_YEAR: f64 = 365.2425;
/// TT − UT1 outside the years −500…3000 that the estimate covers, second: its value of 2020.
const DELTA_T_OUTSIDE_S: f64 = 69.4;

/// The sun seen from the anchor at `at`: height 0, refraction of the standard atmosphere (1013.25 hPa,
/// 15 °C). Outside the years −2000…6000 of the algorithm the sun is given as below the horizon.
pub fn sun(anchor: &Anchor, at: Timestamp) -> SunPosition {
    let unix_s = at.as_second() as f64 + f64::from(at.subsec_nanosecond()) * 1e-9;
    let days = unix_s / SECONDS_PER_DAY;
    let delta_t_s = delta_t::estimate(1970.0 + days / DAYS_PER_YEAR).unwrap_or(DELTA_T_OUTSIDE_S);
    let days_and_delta_t = (JULIAN_UNIX_EPOCH_D + days, delta_t_s);
    position(anchor.origin, 0.0, days_and_delta_t, RefractionCorrection::standard())
}

/// The sun over the hours of a [`WeatherYear`] at one place, shared by all that the sun shines on.
#[derive(Clone, PartialEq, Debug)]
pub struct SunYear {
    /// [`HOURS_OF_YEAR`] positions: in the middle of that part of the hour in which the sun is up, else of the hour.
    pub hours: Vec<SunPosition>,
}

impl SunYear {
    /// The calendar of this year is taken; others differ by up to 0.2° of declination.
    pub const CALENDAR: &str = "2019-01-01T00:00:00Z";

    /// The sun over a year of weather.
    pub fn of(weather: &WeatherYear) -> Self {
        Self::at(LonLat { lon: weather.longitude_deg, lat: weather.latitude_deg }, weather.utc_offset_h)
    }

    /// The sun at a place whose clock is `utc_offset_h` ahead of UTC.
    pub fn at(place: LonLat, utc_offset_h: f64) -> Self {
        let anchor = Anchor::new(place);
        let start_s = Self::CALENDAR.parse::<Timestamp>().map_or(0, |start| start.as_second()) as f64;
        let position = |hour: f64| {
            let unix_s = start_s + (hour - utc_offset_h) * 3600.0;
            Timestamp::from_second(unix_s.round() as i64).map_or(BELOW, |at| sun(&anchor, at))
        };
        let mut before = position(0.0).elevation_deg;
        let hours = (0..HOURS_OF_YEAR).map(|index| {
            let after = position(index as f64 + 1.0).elevation_deg;
            // Rise and set to the minute: elevation runs nearly straight within an hour.
            let crossing = before / (before - after);
            let middle = match (before > 0.0, after > 0.0) {
                (true, false) => 0.5 * crossing,
                (false, true) => 0.5 * (1.0 + crossing),
                _ => 0.5,
            };
            before = after;
            position(index as f64 + middle)
        });
        Self { hours: hours.collect() }
    }
}

/// Where the algorithm gives none.
const BELOW: SunPosition = SunPosition { azimuth_deg: 0.0, elevation_deg: -90.0 };

/// `time`: Julian date and TT − UT1 in seconds.
fn position(place: LonLat, height_m: f64, time: (f64, f64), air: RefractionCorrection) -> SunPosition {
    let location = Location { latitude: place.lat, longitude: place.lon };
    JulianDate::new(time.0, time.1)
        .and_then(|time| SolarPositions::new().at_from_julian(time, location, height_m, Some(air)))
        .map(|p| SunPosition { azimuth_deg: p.azimuth(), elevation_deg: p.elevation_angle() })
        .unwrap_or(BELOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn place(lon: f64, lat: f64) -> Anchor {
        Anchor::new(LonLat { lon, lat })
    }

    /// Truth from outside: positions by NREL's own spa.c (revision of 2014-09-08) for Auckland on
    /// 2010-03-15, with ΔT 0, 1000 hPa, 10 °C. Tolerance 0.0003°: SPA's stated uncertainty.
    #[test]
    fn agrees_with_nrel_spa() {
        let auckland = LonLat { lon: 174.74, lat: -36.840_556 };
        let air = RefractionCorrection::new(1000.0, 10.0).unwrap();
        for (when, azimuth, zenith) in [
            ("2010-03-15T00:30:00Z", 0.047_502, 34.572_436),
            ("2010-03-15T03:30:00Z", 299.087_594, 53.909_325),
            ("2010-03-15T06:30:00Z", 268.277_401, 88.368_814),
            ("2010-03-15T09:30:00Z", 237.329_270, 122.919_913),
            ("2010-03-15T12:30:00Z", 179.987_515, 141.100_523),
        ] {
            let julian = JULIAN_UNIX_EPOCH_D + at(when).as_second() as f64 / SECONDS_PER_DAY;
            let found = position(auckland, 0.0, (julian, 0.0), air);
            assert!((found.azimuth_deg - azimuth).abs() < 3e-4, "{when}: {}", found.azimuth_deg);
            assert!((90.0 - found.elevation_deg - zenith).abs() < 3e-4, "{when}: {}", found.elevation_deg);
        }
    }

    /// Truth from outside: the example of the SPA report (NREL/TP-560-34302, table A5.1): 2003-10-17 12:30:30 −07:00,
    /// Golden, 1,830.14 m, 820 hPa, 11 °C, ΔT 67 s: zenith 50.11162°, azimuth 194.34024°. 3e-4°: SPA's uncertainty.
    #[test]
    fn agrees_with_the_example_of_the_spa_report() {
        let golden = LonLat { lon: -105.1786, lat: 39.742_476 };
        let julian = JULIAN_UNIX_EPOCH_D + at("2003-10-17T12:30:30-07:00").as_second() as f64 / SECONDS_PER_DAY;
        let air = RefractionCorrection::new(820.0, 11.0).unwrap();
        let found = position(golden, 1830.14, (julian, 67.0), air);
        assert!((found.azimuth_deg - 194.34024).abs() < 3e-4, "{}", found.azimuth_deg);
        assert!((90.0 - found.elevation_deg - 50.11162).abs() < 3e-4, "{}", 90.0 - found.elevation_deg);
        // As a city has it, at sea level in standard air: refraction and parallax differ by less than 0.005°.
        let city = sun(&place(golden.lon, golden.lat), at("2003-10-17T12:30:30-07:00"));
        assert!((90.0 - city.elevation_deg - 50.11162).abs() < 5e-3, "{}", 90.0 - city.elevation_deg);
    }

    /// Hours with the sun up all through have the position of their middle; the hour of sunrise that of its light part.
    #[test]
    fn a_year_holds_the_middles_of_lit_hours() {
        let year = SunYear::at(LonLat { lon: 4.77, lat: 52.30 }, 1.0);
        assert_eq!(year.hours.len(), HOURS_OF_YEAR);
        let middle = |hour: i64| {
            let start = at(SunYear::CALENDAR).as_second();
            sun(&place(4.77, 52.30), Timestamp::from_second(start + 3600 * (hour - 1) + 1800).unwrap())
        };
        // 21 June, noon and midnight.
        for hour in [4116, 4104] {
            assert_eq!(year.hours[hour], middle(hour as i64));
        }
        // 1 January: sunrise at 8:50 by the almanac of Amsterdam, so 9:00 is up and the hour's middle is not.
        assert!(middle(8).elevation_deg < 0.0);
        assert!(year.hours[8].elevation_deg > 0.0 && year.hours[8].elevation_deg < 1.0, "{:?}", year.hours[8]);
        let lit = year.hours.iter().filter(|sun| sun.elevation_deg > 0.0).count();
        assert!((4300..5000).contains(&lit), "{lit}");
        // Poles: the sun is up or not, and stays so.
        let polar = SunYear::at(LonLat { lon: 0.0, lat: 90.0 }, 0.0);
        assert!(polar.hours[4000].elevation_deg > 20.0 && polar.hours[10].elevation_deg < -20.0);
    }

    /// Truth from outside: 8,760 hours of 2019 at Amsterdam by pvlib 0.16.1 (its own SPA, 12 °C instead of 15 °C,
    /// ΔT 67 s): 0.01° covers the refraction at the horizon that 3 K make.
    #[test]
    fn agrees_with_pvlib_over_a_year() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/energy/solar/pv_in.csv");
        let Ok(table) = std::fs::read_to_string(path) else {
            println!("skipped: {path} absent");
            return;
        };
        let amsterdam = place(4.77, 52.30);
        let first = at("2019-01-01T00:30:00Z").as_second();
        let rows = table.lines().skip(1).zip(0_i64..);
        assert_eq!(rows.clone().count(), 8760);
        for (row, hour) in rows {
            let x: Vec<f64> = row.split(',').map(|x| x.parse().unwrap()).collect();
            let found = sun(&amsterdam, Timestamp::from_second(first + 3600 * hour).unwrap());
            assert!((90.0 - found.elevation_deg - x[5]).abs() < 0.01, "hour {hour}: {found:?}, pvlib {x:?}");
            let turn = (found.azimuth_deg - x[6] + 180.0).rem_euclid(360.0) - 180.0;
            assert!(turn.abs() < 0.002, "hour {hour}: {found:?}, pvlib {x:?}");
        }
    }

    #[test]
    fn no_instant_panics() {
        for when in [Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH] {
            let found = sun(&place(0.0, 90.0), when);
            assert!(found.elevation_deg.is_finite() && found.azimuth_deg.is_finite());
        }
    }
}
