//! One kept reading, and the names that its numbers stand for.

use std::sync::Arc;

use citytwin_model::{Quality, Quantity, Timestamp};

/// µs of a second.
pub const SECOND_US: i64 = 1_000_000;
/// µs of a day; days are UTC's.
pub const DAY_US: i64 = 86_400 * SECOND_US;
/// The first instant that can be kept: 1970-01-01.
pub const FIRST_US: i64 = 0;
/// The first instant that cannot be kept any more: 2200-01-01.
pub const END_US: i64 = 84_006 * DAY_US;
/// Longest name of a run, sensor, feed or mapping, bytes.
pub const LONGEST_NAME: usize = 512;

/// Number of a [`SeriesKey`] in one store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesId(pub u32);

/// Number of a [`Source`] in one store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SourceId(pub u32);

/// One sensor's one quantity in one run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesKey {
    /// `live`, `replay:…` or `scenario:…`.
    pub run: Arc<str>,
    /// The sensor's name in its source, e.g. `sensor/12`.
    pub sensor: Arc<str>,
    pub quantity: Quantity,
}

/// What made a reading.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Source {
    /// Name of the feed.
    pub feed: Arc<str>,
    /// Version of the mapping that decoded it; empty where there is none.
    pub mapping: Arc<str>,
    /// Made by the program's own emulator, not by a device.
    pub emulated: bool,
    /// Stored by the device and sent later: kept, never shown as live.
    pub historical: bool,
    /// How long its values hold at least, as was declared with them, ms; 0: nothing was declared.
    pub life_ms: u64,
}

/// A reading as it is kept. `(series, observed_us)` is its key: a second one of the same key is a duplicate.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    pub series: SeriesId,
    pub source: SourceId,
    /// When the sensor says it measured, µs since 1970 UTC.
    pub observed_us: i64,
    /// When the packet came in, µs since 1970 UTC.
    pub received_us: i64,
    /// In the unit of the quantity; finite.
    pub value: f64,
    pub quality: Quality,
}

/// From `from_us` up to, but not with, `to_us`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub from_us: i64,
    pub to_us: i64,
}

/// Why a reading or name cannot be kept.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RowError {
    #[error("value {0} is not a finite number")]
    Value(f64),
    #[error("{field} lies outside 1970 to 2199: check the clock that stamped it")]
    Time { field: &'static str },
    #[error("{field} is empty, longer than {LONGEST_NAME} bytes, or has control characters")]
    Name { field: &'static str },
    #[error("series {0} or its source is not of this history: ask it for their numbers first")]
    Unknown(u32),
    #[error("sensor {0} is not in the table of sensors")]
    Sensor(u32),
}

impl SeriesKey {
    /// # Errors
    /// A name that is empty, longer than [`LONGEST_NAME`], or has control characters.
    pub fn new(run: &str, sensor: &str, quantity: Quantity) -> Result<Self, RowError> {
        named("run", run)?;
        named("sensor", sensor)?;
        Ok(Self { run: run.into(), sensor: sensor.into(), quantity })
    }
}

impl Source {
    /// # Errors
    /// A feed without a name, or a name as [`SeriesKey::new`] refuses it.
    pub fn new(feed: &str, mapping: &str, emulated: bool) -> Result<Self, RowError> {
        named("feed", feed)?;
        if !mapping.is_empty() {
            named("mapping", mapping)?;
        }
        Ok(Self { feed: feed.into(), mapping: mapping.into(), emulated, historical: false, life_ms: 0 })
    }

    /// With what was declared beside the values. `life_s` as [`kept_life_s`] has it.
    #[must_use]
    pub fn declared(self, historical: bool, life_s: Option<f64>) -> Self {
        Self { historical, life_ms: life_s.map_or(0, life_ms), ..self }
    }

    /// The declared life, second.
    pub fn life_s(&self) -> Option<f64> {
        (self.life_ms > 0).then_some(self.life_ms as f64 / 1e3)
    }
}

/// A declared life as it is kept: to four digits and at least a millisecond, rounded up, at most 300 years. A device that
/// declares another life with every value thereby makes a bounded number of sources. Who judges by a life judges by
/// this one, so that a replay judges alike.
pub fn kept_life_s(life_s: f64) -> Option<f64> {
    let ms = life_ms(life_s);
    (ms > 0).then_some(ms as f64 / 1e3)
}

fn life_ms(life_s: f64) -> u64 {
    // A product like 0.3 * 1000 lies a little beside the whole number that is meant.
    let ms = if life_s > 0.0 { (life_s.min(1e10) * 1e3 - 1e-6).ceil().max(1.0) as u64 } else { return 0 };
    let step = 10_u64.pow(ms.ilog10().saturating_sub(3));
    ms.div_ceil(step) * step
}

impl Row {
    /// # Errors
    /// A value that is not finite, a time outside [`FIRST_US`] to [`END_US`].
    pub fn check(&self) -> Result<(), RowError> {
        if !self.value.is_finite() {
            return Err(RowError::Value(self.value));
        }
        let within = FIRST_US..END_US;
        match (within.contains(&self.observed_us), within.contains(&self.received_us)) {
            (true, true) => Ok(()),
            (false, _) => Err(RowError::Time { field: "observed_at" }),
            (_, false) => Err(RowError::Time { field: "received_at" }),
        }
    }
}

impl Span {
    /// All that can be kept.
    pub const ALL: Self = Self { from_us: FIRST_US, to_us: END_US };

    pub const fn new(from_us: i64, to_us: i64) -> Self {
        Self { from_us, to_us }
    }

    pub fn contains(&self, instant_us: i64) -> bool {
        (self.from_us..self.to_us).contains(&instant_us)
    }

    pub fn is_empty(&self) -> bool {
        self.to_us <= self.from_us
    }

    /// The part that both have.
    #[must_use]
    pub fn and(&self, other: Self) -> Self {
        Self::new(self.from_us.max(other.from_us), self.to_us.min(other.to_us))
    }

    /// The days that it touches, as numbers since 1970.
    pub(crate) fn days(&self) -> (i64, i64) {
        let clamped = self.and(Self::ALL);
        (clamped.from_us.div_euclid(DAY_US), (clamped.to_us - 1).div_euclid(DAY_US))
    }

    /// All of a day.
    pub(crate) const fn of_day(day: i64) -> Self {
        Self::new(day * DAY_US, (day + 1) * DAY_US)
    }
}

/// µs since 1970 of an instant; what is finer is cut off.
pub fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// The instant of µs since 1970; what no calendar has is moved to its end.
pub fn instant(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(if us < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// 0 to 3 in the order good, uncertain, bad, stale.
pub(crate) const fn quality_code(quality: Quality) -> u32 {
    match quality {
        Quality::Good => 0,
        Quality::Uncertain => 1,
        Quality::Bad => 2,
        Quality::Stale => 3,
    }
}

/// Inverse of [`quality_code`], of the lowest two bits.
pub(crate) const fn quality_of(code: u32) -> Quality {
    match code & 3 {
        0 => Quality::Good,
        1 => Quality::Uncertain,
        2 => Quality::Bad,
        _ => Quality::Stale,
    }
}

/// The word for files.
pub const fn quality_name(quality: Quality) -> &'static str {
    match quality {
        Quality::Good => "good",
        Quality::Uncertain => "uncertain",
        Quality::Bad => "bad",
        Quality::Stale => "stale",
    }
}

impl Row {
    /// Quality and source in one number.
    pub(crate) const fn code(&self) -> u32 {
        (self.source.0 << 2) | quality_code(self.quality)
    }

    pub(crate) fn of(series: u32, observed_us: i64, received_us: i64, value: f64, code: u32) -> Self {
        Self {
            series: SeriesId(series),
            source: SourceId(code >> 2),
            observed_us,
            received_us,
            value,
            quality: quality_of(code),
        }
    }
}

fn named(field: &'static str, name: &str) -> Result<(), RowError> {
    let fits = !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(char::is_control);
    if fits { Ok(()) } else { Err(RowError::Name { field }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_kept_to_four_digits_and_never_shorter() {
        let kept = |s: f64| kept_life_s(s).unwrap();
        assert_eq!([0.3, 60.0, 120.0, 3600.0, 86_400.0].map(kept), [0.3, 60.0, 120.0, 3600.0, 86_400.0]);
        assert_eq!([1e-9, 1.23456, 604_812.0].map(kept), [0.001, 1.235, 604_900.0]);
        assert_eq!([0.0, -1.0, f64::NAN].map(kept_life_s), [None; 3]);
        assert_eq!(kept(f64::INFINITY), 1e10);
        for n in 1..100_000 {
            let life = f64::from(n) * 0.37;
            assert!((life..life * 1.001 + 0.001).contains(&kept(life)) && kept(kept(life)) == kept(life));
        }
    }
}
