//! A day of the live city that no share changes: heat of every building as it stands and retrofitted, sun on every roof that could
//! carry modules. It begins a day early, so that cars and batteries of its first hour come from somewhere.

use citytwin_energy::building::{Climate, HeatHours};
use citytwin_environment::{ALBEDO, Irradiance, SkyHour, SkyModel, extraterrestrial_w_m2};
use citytwin_model::{HOURS_OF_YEAR, Timestamp, time::LocalTime, time::TimeZone};
use rayon::prelude::*;

use super::{LiveBasis, roofs::Roof};

/// Hours of the day and of the one before.
pub const HOURS_KEPT: usize = 48;
/// Days before these in which buildings come to their temperatures, at least.
const WARM_UP_DAYS: i64 = 10;
const DAY_S: i64 = 86_400;
/// 1970 began on a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;

/// See the file.
pub struct LiveDay {
    /// Days since 1970 in standard time.
    pub number: i64,
    /// Or why there is none.
    pub(super) heat: Result<HeatHours, String>,
    /// `building · HOURS_KEPT + hour`, W.
    pub(super) roofs_w: Vec<f32>,
    /// `plant · HOURS_KEPT + hour`, W.
    pub(super) plants_w: Vec<f32>,
    pub(super) clocks: Vec<LocalTime>,
}

impl LiveDay {
    /// Counted from 1970 in standard time.
    pub(super) fn first_hour(&self) -> i64 {
        24 * (self.number - 1)
    }
}

impl LiveBasis {
    /// A day by its number since 1970 in standard time. The same bytes for any number of threads of rayon's current pool.
    pub fn day(&self, number: i64) -> LiveDay {
        let first = 24 * (number - 1);
        LiveDay {
            number,
            heat: self.heat.hours(&self.weeks_before(number), HOURS_KEPT).map_err(|error| error.to_string()),
            roofs_w: self.sunlit(number, &self.roofs.iter().map(Option::as_deref).collect::<Vec<_>>()),
            plants_w: self.sunlit(number, &self.plants.iter().map(|plant| Some(&plant.roof)).collect::<Vec<_>>()),
            clocks: (first..first + HOURS_KEPT as i64).map(|hour| self.clock(hour)).collect(),
        }
    }

    /// The climate from a Monday on that is early enough to the end of the day.
    fn weeks_before(&self, number: i64) -> Climate {
        let early = number - 1 - WARM_UP_DAYS;
        let monday = early - (early + FIRST_WEEKDAY).rem_euclid(7);
        let mut climate = Climate::default();
        for row in (monday..=number).flat_map(hours_of_day) {
            climate.outdoor_c.push(self.climate.outdoor_c[row]);
            climate.ground_c.push(self.climate.ground_c[row]);
            climate.irradiance.push(self.climate.irradiance[row]);
            climate.month.push(self.climate.month[row]);
        }
        climate
    }

    /// What roofs give with all the modules that they could carry (`roof · HOURS_KEPT + hour`), W.
    fn sunlit(&self, number: i64, roofs: &[Option<&Roof>]) -> Vec<f32> {
        let sky = |row: usize| {
            let weather = &self.weather.hours[row];
            let light = Irradiance { ghi: weather.weather.ghi, dni: weather.weather.dni, dhi: weather.weather.dhi };
            let (extra, albedo) = (extraterrestrial_w_m2((row / 24 + 1) as i16), weather.albedo.unwrap_or(ALBEDO));
            let sky = SkyHour::new(self.sun.hours[row], light, extra, albedo, SkyModel::Perez);
            (sky, (weather.weather.air_temperature_c, weather.wind_m_s))
        };
        let hours: Vec<_> = (number - 1..=number).flat_map(hours_of_day).map(sky).collect();
        let mut power_w = vec![0.0; roofs.len() * HOURS_KEPT];
        power_w.par_chunks_mut(HOURS_KEPT).zip(roofs).for_each(|(row, roof)| {
            let Some(roof) = roof else { return };
            for (slot, (sky, air)) in row.iter_mut().zip(&hours) {
                let is_lit = sky.direct > 0.0 || sky.dome > 0.0 || sky.ground > 0.0;
                *slot = if is_lit { roof.power_w(sky, *air) as f32 } else { 0.0 };
            }
        });
        power_w
    }
}

/// The hours of a weather year that a day has; the last day of a leap year is that of others.
fn hours_of_day(number: i64) -> impl Iterator<Item = usize> {
    let at = Timestamp::from_second(number * DAY_S).unwrap_or(Timestamp::UNIX_EPOCH);
    let of_year = LocalTime::of(at, &TimeZone::UTC).day_of_year;
    let day = (usize::from(of_year.max(1).unsigned_abs()) - 1).min(HOURS_OF_YEAR / 24 - 1);
    24 * day..24 * (day + 1)
}
