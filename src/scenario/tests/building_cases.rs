//! Wrong building cases: each fault is one line with file, key and what to do.

use std::{fs, path::Path};

use citytwin_scenario::building::read_building_case;

fn case_600() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/energy/ashrae140/600.toml");
    fs::read_to_string(file).expect("the case")
}

/// What the reader says of case 600 with one text put in place of another.
fn fault(from: &str, to: &str) -> String {
    let text = case_600();
    assert!(text.contains(from), "the case has no {from}");
    read_building_case("house.toml", &text.replacen(from, to, 1)).expect_err("a fault").to_string()
}

#[test]
fn each_fault_is_one_line_with_its_place() {
    for (from, to, said) in [
        ("floor_m2 = 48.0", "floor_m2 = nan", "house.toml: floor_m2 is NaN; give a number from 1 to 1000000"),
        ("floor_m2 = 48.0", "floor_m2 = inf", "house.toml: floor_m2 is inf; give a number from 1 to 1000000"),
        ("floor_m2 = 48.0", "floor_m2 = \"48\"", "house.toml: floor_m2 is a string; give a number from 1 to 1000000"),
        ("floor_m2 = 48.0", "", "house.toml: floor_m2 is missing; give a number from 1 to 1000000"),
        ("radiant = 0.6", "radiant = 1.4", "house.toml: internal.radiant is 1.4; give a number from 0 to 1"),
        ("power_w = 200.0", "power_w = -1", "house.toml: internal.power_w is -1; give a number from 0 to 1000000"),
        (
            "power_w = 200.0",
            "power_w = 200.0\nwatts = 1",
            "house.toml: internal.watts is not known here; known are power_w, radiant, sun_lost, sun_on_floor",
        ),
        ("[surfaces]", "[surface]", "house.toml: surfaces is missing; write a table [surfaces]"),
        (
            "heating_c = 20.0",
            "heating_c = 30.0",
            "house.toml: thermostat.heating_c is 30 at hour 0, above cooling_c of 27; lower it",
        ),
        (
            "heating_c = 20.0",
            "heating_c = [20.0, 21.0]",
            "house.toml: thermostat.heating_c has 2 values; give one, or 24 for the hours of a day",
        ),
        (
            "ground_reflectance = 0.2",
            "ground_reflectance = 1.4",
            "house.toml: ground_reflectance is 1.4; give a number from 0 to 1",
        ),
        (
            "surface_per_floor = 3.575",
            "surface_per_floor = 0.5",
            "house.toml: iso13790.surface_per_floor is 0.5; give a number from 1 to 20",
        ),
        ("sun = \"simple\"", "sun = 3", "house.toml: iso13790.sun is not \"simple\"; write that or leave the key out"),
        (
            "window_u = 3.1",
            "window_u = 3.1\nheating_c = 21.0\ncooling_c = 20.0",
            "house.toml: iso13790.heating_c is 21, above cooling_c of 20; lower it",
        ),
        (
            "construction = \"wall\"",
            "construction = \"straw\"",
            "house.toml: opaque[0].construction \"straw\" is not there; write [constructions.straw]",
        ),
    ] {
        let all = fault(from, to);
        assert!(all.lines().any(|line| line == said), "{from} -> {to}:\n{all}\nnot:\n{said}");
        assert!(all.lines().all(|line| line.starts_with("house.toml: ")), "{all}");
    }
}

#[test]
fn a_fault_of_the_file_itself_names_its_line() {
    assert!(fault("floor_m2 = 48.0", "floor_m2 = ").starts_with("house.toml: line 3 is no TOML: "));
    let empty = read_building_case("empty.toml", "").expect_err("a fault").to_string();
    assert!(empty.lines().any(|line| line == "empty.toml: title is missing; give a text in quotes"), "{empty}");
}

#[test]
fn all_faults_are_told_at_once() {
    let text = case_600().replacen("floor_m2 = 48.0", "floor_m2 = nan", 1).replacen("radiant = 0.6", "radiant = 9", 1);
    let error = read_building_case("house.toml", &text).expect_err("faults");
    let keys: Vec<&str> = error.faults.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["floor_m2", "internal.radiant"]);
}

/// Any cut-off file is refused or read, never a panic.
#[test]
fn truncated_cases_are_no_panic() {
    let text = case_600();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let _ = read_building_case("cut.toml", &text[..end]);
    }
}
