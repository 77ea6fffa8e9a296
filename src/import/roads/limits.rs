//! Legal default speed limits of passenger cars by country, km/h.
//!
//! Source: OpenStreetMap wiki, "Default speed limits" and "Speed limits" (country tables, read 2025), which
//! cite each country's traffic code. Limits in mph are converted by [`mph`].

use citytwin_model::RoadClass;

/// What kind of road the law distinguishes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    Living,
    Urban,
    Rural,
    /// Motor roads and dual carriageways outside built-up areas.
    Expressway,
    Motorway,
}

/// One country's (or subdivision's) limits, km/h.
struct Limits {
    code: &'static str,
    /// Main streets, collectors and local streets of built-up areas: most countries have one limit for all.
    urban: [f64; 3],
    rural: f64,
    expressway: f64,
    motorway: f64,
    living: f64,
}

const fn row(code: &'static str, urban: f64, rural: f64, expressway: f64, motorway: f64) -> Limits {
    Limits { code, urban: [urban; 3], rural, expressway, motorway, living: 20.0 }
}

impl Limits {
    const fn living(mut self, living: f64) -> Self {
        self.living = living;
        self
    }

    const fn streets(mut self, main: f64, collector: f64, local: f64) -> Self {
        self.urban = [main, collector, local];
        self
    }
}

const fn mph(miles: f64) -> f64 {
    miles * 1.609_344
}

/// Where no limit stands in law: the advisory speed of German motorways, km/h (Autobahn-Richtgeschwindigkeits-V).
pub const UNLIMITED_KMH: f64 = 130.0;
/// `maxspeed=walk`, km/h: the middle of what German courts hold (4–7 km/h) and of a brisk walk.
pub const WALK_KMH: f64 = 6.0;

/// Where no country is known: what most of the countries below have in common.
const WORLD: Limits = row("", 50.0, 90.0, 100.0, 120.0);

/// Sorted by code.
const TABLE: &[Limits] = &[
    row("AD", 50.0, 90.0, 90.0, 90.0),
    row("AL", 40.0, 80.0, 90.0, 110.0),
    row("AM", 60.0, 90.0, 90.0, 110.0),
    row("AR", 40.0, 110.0, 120.0, 130.0).streets(60.0, 40.0, 40.0),
    row("AT", 50.0, 100.0, 100.0, 130.0).living(6.0),
    row("AU", 50.0, 100.0, 100.0, 110.0).living(10.0),
    row("AU-NT", 60.0, 110.0, 110.0, 130.0).living(10.0),
    row("AU-WA", 50.0, 110.0, 110.0, 110.0).living(10.0),
    row("AZ", 60.0, 90.0, 110.0, 110.0),
    row("BA", 50.0, 80.0, 100.0, 130.0).living(10.0),
    row("BE", 50.0, 90.0, 120.0, 120.0),
    row("BE-BRU", 30.0, 70.0, 120.0, 120.0),
    row("BE-VLG", 50.0, 70.0, 120.0, 120.0),
    row("BG", 50.0, 90.0, 120.0, 140.0),
    row("BR", 30.0, 100.0, 110.0, 110.0).streets(60.0, 40.0, 30.0),
    row("BY", 60.0, 90.0, 90.0, 110.0),
    row("CA", 50.0, 80.0, 100.0, 100.0),
    row("CH", 50.0, 80.0, 100.0, 120.0),
    row("CL", 50.0, 100.0, 120.0, 120.0),
    row("CN", 50.0, 70.0, 100.0, 120.0).streets(50.0, 50.0, 30.0),
    row("CY", 50.0, 80.0, 80.0, 100.0),
    row("CZ", 50.0, 90.0, 110.0, 130.0),
    row("DE", 50.0, 100.0, UNLIMITED_KMH, UNLIMITED_KMH).living(7.0),
    row("DK", 50.0, 80.0, 80.0, 130.0).living(15.0),
    row("EE", 50.0, 90.0, 90.0, 110.0),
    row("ES", 30.0, 90.0, 90.0, 120.0).streets(50.0, 30.0, 30.0),
    row("FI", 50.0, 80.0, 80.0, 120.0),
    row("FR", 50.0, 80.0, 110.0, 130.0),
    row("GB", mph(30.0), mph(60.0), mph(70.0), mph(70.0)),
    row("GB-WLS", mph(20.0), mph(60.0), mph(70.0), mph(70.0)),
    row("GE", 60.0, 80.0, 90.0, 110.0),
    row("GR", 50.0, 90.0, 110.0, 130.0),
    row("HK", 50.0, 50.0, 70.0, 70.0),
    row("HR", 50.0, 90.0, 110.0, 130.0).living(10.0),
    row("HU", 50.0, 90.0, 110.0, 130.0),
    row("ID", 50.0, 80.0, 80.0, 100.0),
    row("IE", 50.0, 80.0, 100.0, 120.0),
    row("IL", 50.0, 80.0, 90.0, 110.0),
    row("IT", 50.0, 90.0, 110.0, 130.0),
    row("JP", 60.0, 60.0, 60.0, 100.0).streets(60.0, 60.0, 30.0),
    row("KR", 50.0, 60.0, 90.0, 100.0),
    row("LI", 50.0, 80.0, 80.0, 80.0),
    row("LT", 50.0, 90.0, 120.0, 130.0),
    row("LU", 50.0, 90.0, 90.0, 130.0),
    row("LV", 50.0, 90.0, 90.0, 90.0),
    row("MA", 60.0, 100.0, 120.0, 120.0),
    row("MC", 50.0, 50.0, 50.0, 50.0),
    row("MD", 50.0, 90.0, 110.0, 110.0),
    row("ME", 50.0, 80.0, 100.0, 130.0).living(10.0),
    row("MK", 50.0, 80.0, 110.0, 130.0).living(10.0),
    row("MT", 50.0, 80.0, 80.0, 80.0),
    row("NL", 50.0, 80.0, 100.0, 100.0).living(15.0),
    row("NO", 50.0, 80.0, 80.0, 100.0).living(8.0),
    row("NZ", 50.0, 100.0, 100.0, 100.0),
    row("PL", 50.0, 90.0, 120.0, 140.0),
    row("PT", 50.0, 90.0, 100.0, 120.0),
    row("RO", 50.0, 90.0, 120.0, 130.0),
    row("RS", 50.0, 80.0, 100.0, 130.0).living(10.0),
    row("RU", 60.0, 90.0, 90.0, 110.0),
    row("SE", 50.0, 70.0, 70.0, 110.0).living(7.0),
    row("SG", 50.0, 50.0, 70.0, 90.0),
    row("SI", 50.0, 90.0, 110.0, 130.0).living(10.0),
    row("SK", 50.0, 90.0, 130.0, 130.0),
    row("TH", 80.0, 90.0, 90.0, 120.0),
    row("TN", 50.0, 90.0, 110.0, 110.0),
    row("TR", 50.0, 90.0, 110.0, 130.0),
    row("TW", 50.0, 50.0, 90.0, 100.0).streets(50.0, 50.0, 40.0),
    row("UA", 50.0, 90.0, 110.0, 130.0),
    row("US", mph(25.0), mph(55.0), mph(55.0), mph(65.0)).streets(mph(35.0), mph(30.0), mph(25.0)),
    row("VN", 50.0, 80.0, 90.0, 120.0),
    row("XK", 50.0, 80.0, 110.0, 130.0).living(10.0),
    row("ZA", 60.0, 100.0, 120.0, 120.0),
];

/// The default limit, km/h, and whether the country (or subdivision) has a row of its own.
pub fn default_kmh(codes: &[&str], zone: Zone, class: RoadClass) -> (f64, bool) {
    let found = codes.iter().find_map(|code| TABLE.binary_search_by_key(code, |row| row.code).ok());
    let limits = found.map_or(&WORLD, |index| &TABLE[index]);
    let kmh = match zone {
        Zone::Living => limits.living,
        Zone::Urban => limits.urban[street_rank(class)],
        Zone::Rural => limits.rural,
        Zone::Expressway => limits.expressway,
        Zone::Motorway => limits.motorway,
    };
    (kmh, found.is_some())
}

/// Main street, collector or local street.
fn street_rank(class: RoadClass) -> usize {
    match class {
        RoadClass::Motorway | RoadClass::Trunk | RoadClass::Primary | RoadClass::Secondary => 0,
        RoadClass::Tertiary => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_limits_are_plausible() {
        assert!(TABLE.is_sorted_by(|a, b| a.code < b.code));
        assert!(TABLE.len() >= 40);
        for row in TABLE {
            let rising = [row.living, row.urban[2], row.urban[0], row.rural, row.expressway, row.motorway];
            assert!(rising.is_sorted(), "{}: {rising:?}", row.code);
            assert!((5.0..=140.0).contains(&row.living) && row.motorway <= 140.0, "{}", row.code);
        }
    }

    #[test]
    fn subdivisions_go_before_countries_and_the_world_fills_in() {
        assert_eq!(default_kmh(&["BE-BRU", "BE"], Zone::Urban, RoadClass::Primary), (30.0, true));
        assert_eq!(default_kmh(&["US-TX", "US"], Zone::Motorway, RoadClass::Motorway), (65.0 * 1.609_344, true));
        assert_eq!(default_kmh(&["BR"], Zone::Urban, RoadClass::Residential), (30.0, true));
        assert_eq!(default_kmh(&["QQ"], Zone::Rural, RoadClass::Primary), (90.0, false));
    }
}
