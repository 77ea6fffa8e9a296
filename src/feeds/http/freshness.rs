//! How long an answer holds and when to come back, as headers say (RFC 9111, RFC 9110).

use std::time::Duration;

use citytwin_model::{
    Timestamp,
    time::{TimeZone, civil::DateTime},
};
use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap, RETRY_AFTER};

/// The longest that a cache's word keeps a source from being asked: caches are often set up for pages, not for
/// measurements.
const LONGEST_CACHED: Duration = Duration::from_secs(3_600);
/// The longest wait of all that a server may ask for.
pub(super) const LONGEST: Duration = Duration::from_secs(86_400);

/// How much longer an answer holds: `max-age` less the `Age` that it has already, an hour at most. `None` when that is not
/// said.
pub(super) fn holds(headers: &HeaderMap) -> Option<Duration> {
    let control = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut longest = None;
    for directive in control.flat_map(|line| line.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-cache" | "no-store" => return Some(Duration::ZERO),
            "max-age" => longest = whole_seconds(value.trim().trim_matches('"')),
            _ => {}
        }
    }
    let age = headers.get(AGE).and_then(|value| whole_seconds(value.to_str().ok()?)).unwrap_or_default();
    Some(longest?.saturating_sub(age).min(LONGEST_CACHED))
}

/// When the server wants to be asked again: seconds, or a date. A day at most; `None` when it says nothing that can be read.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = whole_seconds(text).or_else(|| {
        // An HTTP date: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
        let at = DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
        let at = TimeZone::UTC.to_timestamp(at).ok()?;
        Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
    })?;
    Some(wait.min(LONGEST))
}

/// A number beyond u64 is one that is too long to wait for anyway.
fn whole_seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn cache_control() {
        let rows: [(&[(&str, &str)], Option<u64>); 9] = [
            (&[], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "public, max-age=60")], Some(60)),
            (&[("cache-control", "Max-Age=\"60\"")], Some(60)),
            (&[("cache-control", "max-age=60"), ("age", "45")], Some(15)),
            (&[("cache-control", "max-age=60"), ("age", "900")], Some(0)),
            (&[("cache-control", "max-age=60, no-cache")], Some(0)),
            (&[("cache-control", "max-age=99999999999999999999999")], Some(3600)),
            (&[("cache-control", "max-age=-1")], None),
        ];
        for (lines, expected) in rows {
            assert_eq!(holds(&headers(lines)), expected.map(Duration::from_secs), "{lines:?}");
        }
    }

    /// The date is the example of RFC 9110.
    #[test]
    fn retry_after_as_seconds_and_as_a_date() {
        let now = "1994-11-06T08:48:37Z".parse().unwrap();
        let rows = [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("Tue, 31 Dec 2999 23:59:59 GMT", Some(86_400)),
            ("999999999999999999999", Some(86_400)),
            ("soon", None),
            ("-5", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(
                retry_after(&headers(&[("retry-after", text)]), now),
                expected.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
