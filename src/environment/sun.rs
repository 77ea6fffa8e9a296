//! Position of the sun by NREL's Solar Position Algorithm (I. Reda, A. Andreas, Solar Energy 76 (2004)
//! 577–589; ±0.0003°), through the `solar-positioning` crate.

use citytwin_model::{Anchor, SunPosition, Timestamp};
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
    position(anchor, JULIAN_UNIX_EPOCH_D + days, delta_t_s, RefractionCorrection::standard())
}

fn position(anchor: &Anchor, julian_d: f64, delta_t_s: f64, air: RefractionCorrection) -> SunPosition {
    let location = Location { latitude: anchor.origin.lat, longitude: anchor.origin.lon };
    JulianDate::new(julian_d, delta_t_s)
        .and_then(|time| SolarPositions::new().at_from_julian(time, location, 0.0, Some(air)))
        .map(|p| SunPosition { azimuth_deg: p.azimuth(), elevation_deg: p.elevation_angle() })
        .unwrap_or(SunPosition { azimuth_deg: 0.0, elevation_deg: -90.0 })
}

#[cfg(test)]
mod tests {
    use citytwin_model::LonLat;

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
        let auckland = place(174.74, -36.840_556);
        let air = RefractionCorrection::new(1000.0, 10.0).unwrap();
        for (when, azimuth, zenith) in [
            ("2010-03-15T00:30:00Z", 0.047_502, 34.572_436),
            ("2010-03-15T03:30:00Z", 299.087_594, 53.909_325),
            ("2010-03-15T06:30:00Z", 268.277_401, 88.368_814),
            ("2010-03-15T09:30:00Z", 237.329_270, 122.919_913),
            ("2010-03-15T12:30:00Z", 179.987_515, 141.100_523),
        ] {
            let julian = JULIAN_UNIX_EPOCH_D + at(when).as_second() as f64 / SECONDS_PER_DAY;
            let found = position(&auckland, julian, 0.0, air);
            assert!((found.azimuth_deg - azimuth).abs() < 3e-4, "{when}: {}", found.azimuth_deg);
            assert!((90.0 - found.elevation_deg - zenith).abs() < 3e-4, "{when}: {}", found.elevation_deg);
        }
    }

    /// The example of the SPA report (NREL/TP-560-34302, table A5.1): 2003-10-17 12:30:30 −07:00, Golden,
    /// zenith 50.11162°, azimuth 194.34024°. It lies 1,830 m up at 820 hPa and 11 °C: 0.005° is the
    /// difference of refraction and parallax against sea level.
    #[test]
    fn agrees_with_the_example_of_the_spa_report() {
        let found = sun(&place(-105.1786, 39.742_476), at("2003-10-17T12:30:30-07:00"));
        assert!((found.azimuth_deg - 194.34024).abs() < 1e-3, "{}", found.azimuth_deg);
        assert!((90.0 - found.elevation_deg - 50.11162).abs() < 5e-3, "{}", 90.0 - found.elevation_deg);
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
