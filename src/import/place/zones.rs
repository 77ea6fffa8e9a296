//! The time zone of a place: by country, in large countries by subdivision or by the nearest principal
//! place of a zone.

use citytwin_model::{Known, LonLat, time::TimeZone};

use super::Location;

/// `country TAB zone TAB latitude TAB longitude` per line; source in its first line.
const ZONES: &str = include_str!("zones.tsv");

/// The zone most people of a subdivision live in, where the country has several. Source: the tz database's
/// comments in `northamerica` and `australasia`.
const SUBDIVISIONS: &[(&str, &[&str])] = &[
    (
        "America/New_York",
        &[
            "US-CT", "US-DE", "US-DC", "US-FL", "US-GA", "US-KY", "US-ME", "US-MD", "US-MA", "US-NH", "US-NJ", "US-NY",
            "US-NC", "US-OH", "US-PA", "US-RI", "US-SC", "US-VT", "US-VA", "US-WV",
        ],
    ),
    (
        "America/Chicago",
        &[
            "US-AL", "US-AR", "US-IL", "US-IA", "US-KS", "US-LA", "US-MN", "US-MS", "US-MO", "US-NE", "US-ND", "US-OK",
            "US-SD", "US-TN", "US-TX", "US-WI",
        ],
    ),
    ("America/Denver", &["US-CO", "US-MT", "US-NM", "US-UT", "US-WY"]),
    ("America/Los_Angeles", &["US-CA", "US-NV", "US-OR", "US-WA"]),
    ("America/Phoenix", &["US-AZ"]),
    ("America/Boise", &["US-ID"]),
    ("America/Detroit", &["US-MI"]),
    ("America/Indiana/Indianapolis", &["US-IN"]),
    ("America/Anchorage", &["US-AK"]),
    ("Pacific/Honolulu", &["US-HI"]),
    ("America/Toronto", &["CA-ON", "CA-QC"]),
    ("America/Winnipeg", &["CA-MB"]),
    ("America/Regina", &["CA-SK"]),
    ("America/Edmonton", &["CA-AB", "CA-NT"]),
    ("America/Vancouver", &["CA-BC"]),
    ("America/Whitehorse", &["CA-YT"]),
    ("America/Halifax", &["CA-NS", "CA-NB", "CA-PE"]),
    ("America/St_Johns", &["CA-NL"]),
    ("America/Iqaluit", &["CA-NU"]),
    ("Australia/Sydney", &["AU-NSW", "AU-ACT"]),
    ("Australia/Melbourne", &["AU-VIC"]),
    ("Australia/Brisbane", &["AU-QLD"]),
    ("Australia/Adelaide", &["AU-SA"]),
    ("Australia/Darwin", &["AU-NT"]),
    ("Australia/Perth", &["AU-WA"]),
    ("Australia/Hobart", &["AU-TAS"]),
    ("Europe/Madrid", &["ES-AN", "ES-MD", "ES-CT", "ES-GA", "ES-EX", "ES-VC", "ES-IB", "ES-PV", "ES-AS", "ES-CB"]),
];

/// The zone of a place in a location.
pub fn zone_at(location: &Location, at: LonLat) -> Known<TimeZone> {
    let by_subdivision = location.subdivision.as_deref().and_then(|code| {
        SUBDIVISIONS.iter().find(|(_, codes)| codes.contains(&code)).and_then(|(zone, _)| TimeZone::get(zone).ok())
    });
    if let Some(zone) = by_subdivision {
        return Known::inferred(zone, "main zone of the state or province");
    }
    let country = location.country.as_deref().unwrap_or("");
    if let Some(zone) = nearest_zone(country, at).and_then(|zone| TimeZone::get(zone).ok()) {
        return Known::inferred(zone, "zone of the country, the nearest where it has several");
    }
    // Nautical time: one hour for each 15° of longitude.
    // POSIX signs: west of Greenwich is positive.
    let hours = (-at.lon / 15.0).round().clamp(-12.0, 12.0) as i8;
    let zone = TimeZone::get(&format!("Etc/GMT{hours:+}")).unwrap_or(TimeZone::UTC);
    Known::inferred(zone, "nautical time of the longitude")
}

/// Whether a country has a zone.
pub(super) fn is_listed(country: &str) -> bool {
    ZONES.lines().any(|line| !line.starts_with('#') && line.split('\t').next() == Some(country))
}

fn nearest_zone(country: &str, at: LonLat) -> Option<&'static str> {
    let narrow = at.lat.to_radians().cos();
    let rows = ZONES.lines().filter(|line| line.split('\t').next() == Some(country));
    let distances = rows.filter_map(|line| {
        let mut columns = line.split('\t').skip(1);
        let (zone, lat, lon) = (columns.next()?, columns.next()?, columns.next()?);
        let (lat, lon): (f64, f64) = (lat.parse().ok()?, lon.parse().ok()?);
        Some((zone, (lat - at.lat).hypot((lon - at.lon) * narrow)))
    });
    distances.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(zone, _)| zone)
}
