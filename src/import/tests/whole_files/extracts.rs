//! Every real extract opens, and what comes out is sound.

use citytwin_model::{City, DrivingSide, Oneway, ProblemKind};

use crate::support::extract;
use citytwin_import::{CheckReport, ImportOptions, check_report, open};

/// File, side of the road, time zone, fewest roads. (The middle of Monaco's extract lies in France.)
const EXTRACTS: &[(&str, DrivingSide, &str, usize)] = &[
    ("helsinki.osm.pbf", DrivingSide::Right, "Europe/Helsinki", 2000),
    ("monaco.osm.pbf", DrivingSide::Right, "Europe/Paris", 2500),
    ("porto_alegre.osm.pbf", DrivingSide::Right, "America/Sao_Paulo", 15_000),
    ("porto.osm.pbf", DrivingSide::Right, "Europe/Lisbon", 45_000),
    ("valhalla_nyc.osm.pbf", DrivingSide::Right, "America/New_York", 50),
    ("valhalla_bayfront_singapore.osm.pbf", DrivingSide::Left, "Asia/Singapore", 250),
    ("o2s_arizona_highways.osm", DrivingSide::Right, "America/Phoenix", 50),
    ("o2s_kingsway_junction.osm", DrivingSide::Left, "Europe/London", 50),
    ("o2s_leeds_cycleway.osm", DrivingSide::Left, "Europe/London", 300),
    ("o2s_perth_peanut_roundabout.osm", DrivingSide::Left, "Australia/Perth", 25),
    ("o2s_quad_intersection.osm", DrivingSide::Right, "America/Los_Angeles", 50),
    ("o2s_taipei.osm", DrivingSide::Right, "Asia/Taipei", 40),
    ("o2s_tempe_light_rail.osm", DrivingSide::Right, "America/Phoenix", 30),
];

#[test]
fn every_extract_opens_and_is_sound() {
    for (file, side, zone, roads) in EXTRACTS {
        let Some(path) = extract(file) else { return };
        let city = open(&path, &ImportOptions::default(), &()).unwrap();
        let report = check_report(&city);
        assert_eq!((report.driving_side, report.time_zone.as_str()), (*side, *zone), "{file}");
        assert!(report.roads >= *roads, "{file}: {} roads", report.roads);
        check_network(file, &city);
        check_roads(file, &city);
        check_account(file, &city, &report);
    }
}

fn check_network(file: &str, city: &City) {
    for (index, link) in city.links.iter().enumerate() {
        let road = &city.roads[link.road.index()];
        let line = city.link_line(link.id);
        assert_eq!(link.id.index(), index, "{file}");
        assert!(link.length_m > 0.0 && link.lanes >= 1 && link.speed_mps > 0.0, "{file} {link:?}");
        assert!(link.first < link.last && link.from != link.to, "{file} {link:?}");
        assert_eq!(line.0.first(), Some(&city.nodes[link.from.index()].at), "{file} {}", road.source);
        assert_eq!(line.0.last(), Some(&city.nodes[link.to.index()].at), "{file} {}", road.source);
        let against = if link.forward { Oneway::Backward } else { Oneway::Forward };
        assert_ne!(road.oneway.value, against, "{file} {}", road.source);
    }
    // The others are clipped so close around one junction that most of their links leave for good.
    let whole_city = ["helsinki", "monaco", "porto"].iter().any(|name| file.starts_with(name));
    let connected = city.links.iter().filter(|link| link.connected).count();
    assert!(
        !whole_city || connected * 10 > city.links.len() * 9,
        "{file}: {connected} of {} connected",
        city.links.len()
    );
}

fn check_roads(file: &str, city: &City) {
    for road in &city.roads {
        assert!(road.line.0.iter().all(|point| point.x.is_finite() && point.y.is_finite()), "{file} {}", road.source);
        assert!((0.5..=80.0).contains(&road.width_m.value), "{file} {} {:?}", road.source, road.width_m);
        let limits = [road.speed_forward_mps.value, road.speed_backward_mps.value];
        assert!(limits.iter().all(|limit| (0.5..56.0).contains(limit)), "{file} {} {limits:?}", road.source);
    }
}

fn check_account(file: &str, city: &City, report: &CheckReport) {
    assert_eq!(report.problems.len(), city.problems.len());
    let pieces = city.problems.iter().filter(|p| p.kind == ProblemKind::Connectivity).count();
    assert_eq!(report.cut_off.pieces, pieces, "{file}");
    assert_eq!(report.cut_off.links == 0, pieces == 0, "{file}");
    let oneways: usize = report.inferred["road one-way"].values().sum();
    assert_eq!(oneways, report.roads, "{file}");
    let text = report.to_string();
    assert!(text.contains(&report.name) && text.contains("© OpenStreetMap contributors"), "{file}");
    let json = serde_json::to_value(report).unwrap();
    for key in ["bounds", "roads", "links", "buildings", "building_parts", "trees", "signals", "problems"] {
        assert!(!json[key].is_null(), "{file}: {key}");
    }
}

#[test]
fn the_same_file_gives_the_same_city_for_any_number_of_threads() {
    let Some(path) = extract("helsinki.osm.pbf") else { return };
    let city = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let city = pool.install(|| open(&path, &ImportOptions::default(), &()).unwrap());
        format!("{city:?}")
    };
    let one = city(1);
    assert!(one == city(2) && one == city(4));
}

#[test]
fn options_go_before_the_location() {
    let Some(path) = extract("o2s_perth_peanut_roundabout.osm") else { return };
    let options = ImportOptions { driving_side: Some(DrivingSide::Right), country: Some("de".to_owned()) };
    let city = open(&path, &options, &()).unwrap();
    assert_eq!((city.driving_side.value, city.driving_side.is_stated()), (DrivingSide::Right, true));
    assert_eq!(city.country.map(|country| country.value).as_deref(), Some("DE"));
    assert_eq!(city.time_zone.value.iana_name(), Some("Europe/Berlin"));
}
