//! What a city's location tells: its country, the side of the road, the time zone.
//!
//! Country borders: the `country-boundaries` crate's data, © OpenStreetMap contributors, ODbL 1.0.

mod zones;

use citytwin_model::{Anchor, City, DrivingSide, GeoBounds, Known};
use country_boundaries::{BOUNDARIES_ODBL_360X180, CountryBoundaries, LatLon};

pub use zones::zone_at;

use crate::ImportOptions;

/// Where a city lies.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Location {
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 3166-2, where the borders tell one (`US-TX`).
    pub subdivision: Option<String>,
}

/// Countries and territories that keep left, ISO 3166-1 alpha-2. Source: Wikipedia, "Left- and right-hand
/// traffic", table of countries (2025).
const KEEP_LEFT: &[&str] = &[
    "AG", "AI", "AU", "BB", "BD", "BM", "BN", "BS", "BT", "BW", "CC", "CK", "CX", "CY", "DM", "FJ", "FK", "GB", "GD",
    "GG", "GY", "HK", "ID", "IE", "IM", "IN", "JE", "JM", "JP", "KE", "KI", "KN", "KY", "LC", "LK", "LS", "MO", "MS",
    "MT", "MU", "MV", "MW", "MY", "MZ", "NA", "NF", "NP", "NR", "NU", "NZ", "PG", "PK", "PN", "SB", "SC", "SG", "SH",
    "SR", "SZ", "TC", "TH", "TK", "TL", "TO", "TT", "TV", "TZ", "UG", "VC", "VG", "VI", "WS", "ZA", "ZM", "ZW",
];

/// Codes that no row of `zones.tsv` has: two uninhabited territories, and Kosovo's, which is in use though not
/// yet assigned.
const WITHOUT_ZONE: &[&str] = &["BV", "HM", "XK"];

/// Sets the city's country, driving side and time zone from its location and what the caller knows better.
pub fn settle(city: &mut City, options: &ImportOptions) -> Location {
    let mut location = locate(&city.bounds);
    city.country = location.country.clone().map(|code| Known::inferred(code, "from the location"));
    if let Some(code) = &options.country {
        let code = code.to_ascii_uppercase();
        if location.country.as_ref() != Some(&code) {
            location = Location { country: Some(code.clone()), subdivision: None };
        }
        city.country = Some(Known::stated(code));
    }
    if let Some(country) = &location.country {
        city.driving_side = Known::inferred(driving_side(country), "rule of the country");
    }
    if let Some(side) = options.driving_side {
        city.driving_side = Known::stated(side);
    }
    city.time_zone = zone_at(&location, city.anchor.origin);
    location
}

/// Whether it is an ISO 3166-1 alpha-2 code, in capitals.
pub fn is_country(code: &str) -> bool {
    let plain = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    plain && (zones::is_listed(code) || WITHOUT_ZONE.contains(&code))
}

/// On which side a country's traffic keeps.
pub fn driving_side(country: &str) -> DrivingSide {
    if KEEP_LEFT.contains(&country) { DrivingSide::Left } else { DrivingSide::Right }
}

/// The country of the box's centre or, where that lies in no country (at sea), the one that holds most
/// points of a grid over the box.
pub fn locate(bounds: &GeoBounds) -> Location {
    const STEPS: i32 = 4;
    let Ok(borders) = CountryBoundaries::from_reader(BOUNDARIES_ODBL_360X180) else { return Location::default() };
    let anchor = Anchor::new(bounds.centre());
    let centre = location_of(&borders, anchor.origin.lon, anchor.origin.lat);
    if centre.country.is_some() {
        return centre;
    }
    let mut votes: Vec<(usize, Location)> = Vec::new();
    for (x, y) in (0..=STEPS).flat_map(|x| (0..=STEPS).map(move |y| (x, y))) {
        let [u, v] = [x, y].map(|step| f64::from(step) / f64::from(STEPS));
        let lon = bounds.west + u * (bounds.east - bounds.west);
        let lat = bounds.south + v * (bounds.north - bounds.south);
        let found = location_of(&borders, lon, lat);
        match votes.iter_mut().find(|(_, known)| *known == found) {
            Some((count, _)) => *count += 1,
            None if found.country.is_some() => votes.push((1, found)),
            None => {}
        }
    }
    votes.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.country.cmp(&b.1.country)));
    votes.into_iter().next().map(|(_, location)| location).unwrap_or_default()
}

fn location_of(borders: &CountryBoundaries, lon: f64, lat: f64) -> Location {
    let Ok(at) = LatLon::new(lat, lon) else { return Location::default() };
    let ids = borders.ids(at);
    let country = ids.iter().find(|id| id.len() == 2).map(|id| (*id).to_owned());
    let subdivision = ids.iter().find(|id| id.len() > 2).map(|id| (*id).to_owned());
    Location { country, subdivision }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lon: f64, lat: f64, country: &str, side: DrivingSide, zone: &str) {
        let d = 0.01;
        let bounds = GeoBounds { west: lon - d, south: lat - d, east: lon + d, north: lat + d };
        let location = locate(&bounds);
        assert_eq!(location.country.as_deref(), Some(country), "{lon} {lat}");
        assert_eq!(driving_side(country), side, "{country}");
        assert_eq!(zone_at(&location, bounds.centre()).value.iana_name(), Some(zone), "{country}");
    }

    #[test]
    fn places_tell_country_side_and_zone() {
        use DrivingSide::{Left, Right};
        check(24.94, 60.17, "FI", Right, "Europe/Helsinki");
        check(7.425, 43.737, "MC", Right, "Europe/Monaco");
        check(-51.2, -30.05, "BR", Right, "America/Sao_Paulo");
        check(-60.02, -3.1, "BR", Right, "America/Manaus");
        check(-8.61, 41.15, "PT", Right, "Europe/Lisbon");
        check(-74.0, 40.74, "US", Right, "America/New_York");
        check(-96.8, 32.78, "US", Right, "America/Chicago");
        check(-111.94, 33.42, "US", Right, "America/Phoenix");
        check(-122.33, 47.6, "US", Right, "America/Los_Angeles");
        check(-123.1, 49.25, "CA", Right, "America/Vancouver");
        check(103.85, 1.285, "SG", Left, "Asia/Singapore");
        check(121.5, 25.04, "TW", Right, "Asia/Taipei");
        check(115.86, -31.95, "AU", Left, "Australia/Perth");
        check(151.2, -33.87, "AU", Left, "Australia/Sydney");
        check(-1.55, 53.8, "GB", Left, "Europe/London");
        check(37.6, 55.75, "RU", Right, "Europe/Moscow");
        check(82.93, 55.03, "RU", Right, "Asia/Novosibirsk");
        check(114.17, 22.3, "HK", Left, "Asia/Hong_Kong");
        check(139.7, 35.68, "JP", Left, "Asia/Tokyo");
    }

    #[test]
    fn the_open_sea_has_no_country_but_a_clock() {
        let bounds = GeoBounds { west: -30.1, south: 30.0, east: -30.0, north: 30.1 };
        let location = locate(&bounds);
        assert_eq!(location, Location::default());
        let zone = zone_at(&location, bounds.centre());
        assert!(!zone.is_stated());
        assert_eq!(zone.value.iana_name(), Some("Etc/GMT+2"));
    }
}
