//! Heat waves and cold snaps as edits of a weather year: some days warmer or colder, all else as it was.

use std::ops::Range;

use citytwin_model::{HOURS_OF_YEAR, WeatherYear};

const DAYS: usize = HOURS_OF_YEAR / 24;
/// Longest spell, days, and largest change, K: beyond, it is another climate.
const LONGEST: usize = 60;
const LARGEST_K: f64 = 25.0;
/// The change comes and goes within so many hours, so that no wall sees a jump.
const RAMP_H: f64 = 12.0;
const KELVIN: f64 = 273.15;

/// Days that are warmer (above 0 K) or colder than in the year they are put into.
#[derive(Clone, PartialEq, Debug)]
pub struct Spell {
    /// Of 0…364.
    pub days: Range<usize>,
    pub kelvin: f64,
}

/// A spell that cannot be.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SpellError {
    #[error("days {} to {} of the year; a spell has 1 to {LONGEST} days of 0 to 364", .0.start, .0.end.saturating_sub(1))]
    Days(Range<usize>),
    #[error("a change of {0} K; give at most {LARGEST_K} K either way")]
    Change(f64),
}

impl Spell {
    /// The year with the spell in it: air warmer by `kelvin`, dew point as it was (at most the air's temperature), the
    /// sky's infrared with the fourth power of the air's temperature. Irradiance and wind stay.
    ///
    /// # Errors
    /// Days outside the year, none or too many; a change that is no number or too large.
    pub fn put_into(&self, year: &WeatherYear) -> Result<WeatherYear, SpellError> {
        if self.days.is_empty() || self.days.end > DAYS || self.days.len() > LONGEST {
            return Err(SpellError::Days(self.days.clone()));
        }
        // NaN lies in no range.
        if !(-LARGEST_K..=LARGEST_K).contains(&self.kelvin) {
            return Err(SpellError::Change(self.kelvin));
        }
        let mut changed = year.clone();
        let (start, end) = (self.days.start * 24, self.days.end * 24);
        for (hour, row) in changed.hours.iter_mut().enumerate().take(end).skip(start) {
            let from_edge = ((hour - start) as f64 + 0.5).min((end - hour) as f64 - 0.5);
            let air_c = row.weather.air_temperature_c;
            let warmer_c = air_c + self.kelvin * (from_edge / RAMP_H).min(1.0);
            row.weather.air_temperature_c = warmer_c;
            row.dew_point_c = row.dew_point_c.min(warmer_c);
            row.sky_infrared_w_m2 *= ((warmer_c + KELVIN) / (air_c + KELVIN)).powi(4);
        }
        let (from, to) = (self.days.start + 1, self.days.end);
        changed.label = format!("{}; {:+} K on days {from} to {to}", year.label, self.kelvin);
        Ok(changed)
    }

    /// A heat wave on the warmest days of the year, a cold snap (`kelvin` below 0) on the coldest.
    pub fn on_extreme_days(year: &WeatherYear, days: usize, kelvin: f64) -> Self {
        Self { days: extreme_days(year, days, kelvin >= 0.0), kelvin }
    }
}

/// The days in a row with the highest (or lowest) mean temperature; the first of several.
pub fn extreme_days(year: &WeatherYear, days: usize, warmest: bool) -> Range<usize> {
    let days = days.clamp(1, DAYS);
    let of = |start: usize| {
        let rows = year.hours.iter().skip(start * 24).take(days * 24);
        rows.map(|row| row.weather.air_temperature_c).sum::<f64>() * if warmest { -1.0 } else { 1.0 }
    };
    let start = (0..=DAYS - days).min_by(|a, b| of(*a).total_cmp(&of(*b))).unwrap_or(0);
    start..start + days
}

#[cfg(test)]
mod tests {
    use citytwin_model::LonLat;

    use super::*;
    use crate::synthetic_year;

    fn helsinki() -> WeatherYear {
        synthetic_year(LonLat { lon: 24.94, lat: 60.17 }, 2.0, 1)
    }

    #[test]
    fn spells_come_when_it_is_warmest_and_coldest() {
        let year = helsinki();
        let (wave, snap) = (Spell::on_extreme_days(&year, 7, 6.0), Spell::on_extreme_days(&year, 5, -8.0));
        assert!((170..240).contains(&wave.days.start) && wave.days.len() == 7, "{wave:?}");
        assert!(!(60..330).contains(&snap.days.start) && snap.days.len() == 5, "{snap:?}");
        let changed = snap.put_into(&wave.put_into(&year).unwrap()).unwrap();
        for (hour, (was, is)) in year.hours.iter().zip(&changed.hours).enumerate() {
            let change = is.weather.air_temperature_c - was.weather.air_temperature_c;
            let expected = if wave.days.contains(&(hour / 24)) {
                0.0..=6.0 + 1e-9
            } else if snap.days.contains(&(hour / 24)) {
                -8.0 - 1e-9..=0.0
            } else {
                0.0..=0.0
            };
            assert!(expected.contains(&change), "hour {hour}: {change}");
            assert_eq!((was.weather.ghi, was.wind_m_s), (is.weather.ghi, is.wind_m_s));
            assert!(is.dew_point_c <= is.weather.air_temperature_c);
        }
        let middle = wave.days.start * 24 + 84;
        let warmer = changed.hours[middle].weather.air_temperature_c - year.hours[middle].weather.air_temperature_c;
        assert!(
            (warmer - 6.0).abs() < 1e-9
                && changed.hours[middle].sky_infrared_w_m2 > year.hours[middle].sky_infrared_w_m2
        );
        assert!(
            changed.label.contains("; +6 K on days ") && changed.label.contains("; -8 K on days "),
            "{}",
            changed.label
        );
    }

    #[test]
    fn impossible_spells_are_refused() {
        let year = helsinki();
        for (days, kelvin, said) in [
            (10..10, 5.0, "days 10 to 9 of the year; a spell has 1 to 60 days of 0 to 364"),
            (360..366, 5.0, "days 360 to 365 of the year; a spell has 1 to 60 days of 0 to 364"),
            (0..61, 5.0, "days 0 to 60 of the year; a spell has 1 to 60 days of 0 to 364"),
            (0..3, f64::NAN, "a change of NaN K; give at most 25 K either way"),
            (0..3, 40.0, "a change of 40 K; give at most 25 K either way"),
        ] {
            assert_eq!(Spell { days, kelvin }.put_into(&year).unwrap_err().to_string(), said);
        }
        assert_eq!(extreme_days(&year, 0, true).len(), 1);
        assert_eq!(extreme_days(&year, 9999, true), 0..365);
    }
}
