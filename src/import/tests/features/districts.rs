//! Districts from named places: which kind is taken, which of several, how many.

use std::fs;

use citytwin_import::{ImportOptions, check_report, open};
use citytwin_model::{City, Coord, Districts, Origin, SourceRef};

/// A map of a street with these nodes: place, name, population, longitude, latitude.
fn city(places: &[(&str, &str, &str, f64, f64)]) -> City {
    let mut text =
        "<osm version=\"0.6\"><bounds minlat=\"49.98\" minlon=\"9.98\" maxlat=\"50.02\" maxlon=\"10.02\"/>\n\
        <node id=\"900001\" lat=\"50\" lon=\"10\"/><node id=\"900002\" lat=\"50\" lon=\"10.001\"/>\n\
        <way id=\"1\"><nd ref=\"900001\"/><nd ref=\"900002\"/><tag k=\"highway\" v=\"residential\"/></way>\n"
            .to_owned();
    for (id, (place, name, population, lon, lat)) in (1..).zip(places) {
        text += &format!("<node id=\"{id}\" lat=\"{lat}\" lon=\"{lon}\"><tag k=\"place\" v=\"{place}\"/>");
        for (key, value) in [("name", name), ("population", population)].into_iter().filter(|(_, v)| !v.is_empty()) {
            text += &format!("<tag k=\"{key}\" v=\"{value}\"/>");
        }
        text += "</node>\n";
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("town.osm");
    fs::write(&file, text + "</osm>").unwrap();
    open(&file, &ImportOptions::default(), &()).unwrap()
}

fn check(places: &[(&str, &str, &str, f64, f64)], expected: &[(&str, i64)]) {
    let city = city(places);
    let told: Vec<_> = city.districts.iter().map(|d| (d.name.as_str(), d.source.clone())).collect();
    let expected: Vec<_> = expected.iter().map(|(name, id)| (*name, SourceRef::Node(*id))).collect();
    assert_eq!(told, expected);
    assert!(city.districts.iter().all(|district| district.origin == Origin::Stated));
    assert_eq!(check_report(&city).districts, expected.len());
    assert!(city.problems.is_empty(), "{:?}", city.problems);
}

#[test]
fn the_coarsest_kind_with_two_names_is_taken() {
    let quarters = [("quarter", "Rosental", "", 10.0, 50.0), ("quarter", "Am Berg", "", 10.01, 50.0)];
    check(&quarters, &[("Am Berg", 2), ("Rosental", 1)]);
    let one_suburb = [quarters[0], quarters[1], ("suburb", "Süd", "", 10.0, 49.99)];
    check(&one_suburb, &[("Am Berg", 2), ("Rosental", 1)]);
    let suburbs = [quarters[0], quarters[1], ("suburb", "Süd", "", 10.0, 49.99), ("suburb", "Nord", "", 10.0, 50.01)];
    check(&suburbs, &[("Nord", 4), ("Süd", 3)]);
    let boroughs = [("borough", "Left", "", 9.99, 50.0), ("borough", "Right", "", 10.01, 50.0), suburbs[2], suburbs[3]];
    check(&boroughs, &[("Left", 1), ("Right", 2)]);
    check(&[("neighbourhood", "A", "", 10.0, 50.0), ("neighbourhood", "B", "", 10.0, 50.0)], &[("A", 1), ("B", 2)]);
}

#[test]
fn what_has_no_name_lies_outside_or_is_something_else_is_no_district() {
    let places = [
        ("suburb", "Here", "", 10.0, 50.0),
        ("suburb", "", "", 10.0, 50.0),
        ("suburb", "  ", "", 10.0, 50.0),
        ("suburb", "Elsewhere", "", 10.0201, 50.0),
        ("city", "All of it", "", 10.0, 50.0),
        ("square", "Market", "", 10.0, 50.0),
    ];
    check(&places, &[]);
    check(&[], &[]);
}

#[test]
fn of_one_name_the_most_populous_stays() {
    let places = [
        ("suburb", "Altstadt", "900", 10.0, 50.0),
        ("suburb", "Hafen", "", 10.01, 50.0),
        ("suburb", " ALTSTADT ", "12.345", 10.0, 50.01),
        ("suburb", "Hafen", "some", 10.01, 50.01),
    ];
    check(&places, &[("ALTSTADT", 3), ("Hafen", 2)]);
}

#[test]
fn of_more_than_sixty_the_most_populous_stay() {
    let names: Vec<(String, String)> = (0..70).map(|k| (format!("S{k:02}"), (1_000 + k).to_string())).collect();
    let places: Vec<_> = names.iter().map(|(name, people)| ("suburb", &**name, &**people, 10.0, 50.0)).collect();
    let city = city(&places);
    let told: Vec<&str> = city.districts.iter().map(|district| district.name.as_str()).collect();
    assert_eq!(told, names[10..].iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
}

/// The middle between two suburbs, 0.01° apart, is the border.
#[test]
fn a_position_is_of_the_nearest() {
    let city = city(&[("suburb", "West End", "", 9.995, 50.0), ("suburb", "East End", "", 10.005, 50.0)]);
    let districts = Districts::of(&city);
    for (x, name) in [(-1.0, "West End"), (1.0, "East End"), (9e5, "East End")] {
        assert_eq!(districts.list()[districts.at(Coord { x, y: 70.0 }).index()].name, name, "{x}");
    }
}
