//! Times as payloads write them: RFC 3339, ISO 8601 without zone, intervals, Unix time in any of its units, or a
//! pattern of `strptime`.

use citytwin_model::{
    Timestamp,
    time::{TimeZone, civil::DateTime},
};

use super::{error::DecodeError, json_walk::Scalar};

/// Magnitudes below which a bare number counts as seconds, milliseconds, microseconds (to the years 5138; from 1973
/// each).
const SECONDS_BELOW: f64 = 1e11;
const MILLISECONDS_BELOW: f64 = 1e14;
const MICROSECONDS_BELOW: f64 = 1e17;

/// When, as stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stamp {
    Instant(Timestamp),
    /// A wall clock without its zone.
    Local(DateTime),
}

impl Stamp {
    /// The instant, and whether the wall clock of `zone` shows it once only. An hour that occurs twice is taken as its
    /// first occurrence, one that is skipped as if the clock had not been put forward. `None` beyond the years of
    /// [`Timestamp`].
    pub fn resolve(self, zone: &TimeZone) -> Option<(Timestamp, bool)> {
        match self {
            Self::Instant(at) => Some((at, true)),
            Self::Local(local) => {
                let ambiguous = zone.to_ambiguous_timestamp(local);
                let sure = !ambiguous.is_ambiguous();
                ambiguous.compatible().ok().map(|at| (at, sure))
            }
        }
    }
}

/// How a mapping says that times are written.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum TimeFormat {
    /// RFC 3339, ISO 8601 with or without zone, or Unix time whose unit is told by its magnitude.
    #[default]
    Auto,
    UnixSeconds,
    UnixMilliseconds,
    UnixMicroseconds,
    UnixNanoseconds,
    /// `strptime`, e.g. `%d/%m/%Y %H.%M.%S`.
    Pattern(String),
}

impl TimeFormat {
    /// `None` for a null.
    pub(super) fn read(&self, scalar: &Scalar<'_>) -> Result<Option<Stamp>, DecodeError> {
        match (self, scalar) {
            (_, Scalar::Null | Scalar::Absent) => Ok(None),
            (Self::Pattern(_), Scalar::Number(number)) => self.text(&number.to_string()).map(Some),
            (_, Scalar::Number(number)) => self.number(*number).map(Some),
            (_, Scalar::Text(text)) => self.text(text).map(Some),
            (_, other) => {
                Err(DecodeError::WrongType { field: "time".into(), found: other.name(), wanted: "a text or a number" })
            }
        }
    }

    /// A time written as text.
    pub(super) fn text(&self, text: &str) -> Result<Stamp, DecodeError> {
        match self {
            Self::Auto => parse(text),
            Self::Pattern(pattern) => by_pattern(pattern, text.trim()),
            _ => text.trim().parse().map_err(|_| DecodeError::bad_time(text)).and_then(|n| self.number(n)),
        }
    }

    fn number(&self, number: f64) -> Result<Stamp, DecodeError> {
        let seconds = match self {
            Self::Auto | Self::Pattern(_) => return unix(number),
            Self::UnixSeconds => number,
            Self::UnixMilliseconds => number / 1e3,
            Self::UnixMicroseconds => number / 1e6,
            Self::UnixNanoseconds => number / 1e9,
        };
        unix_seconds(seconds)
    }
}

/// RFC 3339, ISO 8601 with or without zone, or an interval (`start/end`) of which the end counts: an aggregate is
/// complete then.
pub(super) fn parse(text: &str) -> Result<Stamp, DecodeError> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Stamp::Instant(at));
    }
    if let Some((start, end)) = text.split_once('/') {
        let open = end.is_empty() || end == "..";
        return single(if open { start } else { end }).ok_or_else(|| DecodeError::bad_time(text));
    }
    single(text).ok_or_else(|| DecodeError::bad_time(text))
}

fn single(text: &str) -> Option<Stamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(Stamp::Instant(at));
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return Some(Stamp::Local(local));
    }
    text.parse::<f64>().ok().and_then(|number| unix(number).ok())
}

fn by_pattern(pattern: &str, text: &str) -> Result<Stamp, DecodeError> {
    if let Ok(at) = Timestamp::strptime(pattern, text) {
        return Ok(Stamp::Instant(at));
    }
    DateTime::strptime(pattern, text).map(Stamp::Local).map_err(|_| DecodeError::bad_time(text))
}

/// Unix time whose unit is told by its magnitude.
pub(super) fn unix(number: f64) -> Result<Stamp, DecodeError> {
    let size = number.abs();
    let seconds = if size < SECONDS_BELOW {
        number
    } else if size < MILLISECONDS_BELOW {
        number / 1e3
    } else if size < MICROSECONDS_BELOW {
        number / 1e6
    } else {
        number / 1e9
    };
    unix_seconds(seconds)
}

/// To the microsecond, which is what an f64 holds of a present time.
pub(super) fn unix_seconds(seconds: f64) -> Result<Stamp, DecodeError> {
    let bad = || DecodeError::BadTime(format!("{seconds:?}"));
    if !seconds.is_finite() {
        return Err(bad());
    }
    // A float beyond i64 saturates, and the timestamp then refuses it.
    Timestamp::from_microsecond((seconds * 1e6).round() as i64).map(Stamp::Instant).map_err(|_| bad())
}

/// Whole milliseconds since 1970, as Sparkplug B counts.
pub(super) fn unix_milliseconds(milliseconds: u64) -> Result<Stamp, DecodeError> {
    i64::try_from(milliseconds)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map(Stamp::Instant)
        .ok_or_else(|| DecodeError::BadTime(milliseconds.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Stamp {
        Stamp::Instant(text.parse().unwrap())
    }

    #[test]
    fn times_as_they_are_written() {
        let local = |text: &str| Stamp::Local(text.parse().unwrap());
        let rows = [
            ("2024-05-01T14:00:00+02:00", instant("2024-05-01T12:00:00Z")),
            ("2014-12-31T11:59:59.00+08:00", instant("2014-12-31T03:59:59Z")),
            ("2024-05-01T14:00:00", local("2024-05-01T14:00:00")),
            ("2012-10-02 09:00:00", local("2012-10-02T09:00:00")),
            ("2022-07-01T14:00", local("2022-07-01T14:00:00")),
            ("2016-03-15T11:00:00Z/2016-03-15T12:00:00Z", instant("2016-03-15T12:00:00Z")),
            ("2016-03-15T11:00:00Z/..", instant("2016-03-15T11:00:00Z")),
            ("1714564740", instant("2024-05-01T11:59:00Z")),
            ("1714564740000", instant("2024-05-01T11:59:00Z")),
            ("1714564740000000", instant("2024-05-01T11:59:00Z")),
            ("1714564740000000000", instant("2024-05-01T11:59:00Z")),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for text in ["", "/", "noon", "2024-13-01T00:00:00Z", "1e300", "NaN", "inf", "9e17"] {
            assert!(matches!(parse(text), Err(DecodeError::BadTime(_)) | Ok(Stamp::Instant(_))), "{text}");
        }
        assert!(parse("noon").is_err() && parse("NaN").is_err() && parse("").is_err());
    }

    #[test]
    fn patterns_of_recorded_series() {
        let rows = [
            ("%d/%m/%Y %H.%M.%S", "10/03/2004 18.00.00", "2004-03-10T18:00:00"),
            ("%m/%d/%y %H:%M", "1/1/17 0:00", "2017-01-01T00:00:00"),
            ("%m/%d/%y %H:%M", "12/30/17 23:50", "2017-12-30T23:50:00"),
        ];
        for (pattern, text, expected) in rows {
            let format = TimeFormat::Pattern(pattern.into());
            assert_eq!(format.text(text), Ok(Stamp::Local(expected.parse().unwrap())), "{text}");
        }
        assert!(TimeFormat::Pattern("%d/%m/%Y".into()).text("1/1").is_err());
    }

    #[test]
    fn an_hour_that_occurs_twice_is_told() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        let rows = [
            ("2012-10-02T09:00:00", "2012-10-02T14:00:00Z", true),
            ("2012-11-04T01:30:00", "2012-11-04T06:30:00Z", false),
            ("2013-03-10T02:30:00", "2013-03-10T08:30:00Z", false),
        ];
        for (local, expected, sure) in rows {
            let stamp = Stamp::Local(local.parse().unwrap());
            assert_eq!(stamp.resolve(&zone), Some((expected.parse().unwrap(), sure)), "{local}");
        }
    }
}
