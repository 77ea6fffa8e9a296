//! Time: instants are UTC ([`Timestamp`]); the hour of a day is the city's local one.

pub use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use jiff::civil::{DateTime, Weekday};

/// The local clock that demand and load profiles follow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LocalTime {
    /// Seconds since local midnight, 0 ≤ s < 86,400 (wall clock).
    pub second_of_day: f64,
    /// Local weekday.
    pub weekday: Weekday,
    /// Day of the year, 1…366.
    pub day_of_year: i16,
}

impl LocalTime {
    /// The wall clock of `zone` at `instant`.
    pub fn of(instant: Timestamp, zone: &TimeZone) -> Self {
        Self::of_civil(zone.to_datetime(instant))
    }

    /// The same, from a civil date and time.
    pub fn of_civil(local: DateTime) -> Self {
        let t = local.time();
        Self {
            second_of_day: f64::from(t.hour()) * 3600.0
                + f64::from(t.minute()) * 60.0
                + f64::from(t.second())
                + f64::from(t.subsec_nanosecond()) * 1e-9,
            weekday: local.weekday(),
            day_of_year: local.date().day_of_year(),
        }
    }

    /// Hour of the day with its fraction, 0 ≤ h < 24.
    pub fn hour(&self) -> f64 {
        self.second_of_day / 3600.0
    }

    /// Saturday or Sunday.
    pub fn is_weekend(&self) -> bool {
        matches!(self.weekday, Weekday::Saturday | Weekday::Sunday)
    }
}
