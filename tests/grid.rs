//! `grid solve` and `grid estimate` from outside: two nodes against the hand calculation, and what wrong input gets.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

/// 10 MVA base; 0.02 + j0.04 pu feed 5 MW and 2 Mvar.
const TWO_BUSES: &str = "function mpc = two
mpc.version = '2';
mpc.baseMVA = 10;
mpc.bus = [
1 3 0 0 0 0 1 1 0 10 1 1.1 0.9;
2 1 5 2 0 0 1 1 0 10 1 1.1 0.9;
];
mpc.gen = [
1 0 0 10 -10 1 10 1 10 0;
];
mpc.branch = [
1 2 0.02 0.04 0 8 8 8 0 0 1 -360 360;
];
";

/// A feeder of two nodes whose sensors agree but for one.
fn sensors(last_w: f64) -> String {
    format!(
        r#"{{"version":"1.0","type":"input","is_batch":false,"attributes":{{}},"data":{{
"node":[{{"id":1,"u_rated":10000}},{{"id":2,"u_rated":10000}}],
"line":[{{"id":3,"from_node":1,"to_node":2,"from_status":1,"to_status":1,"r1":0.2,"x1":0.2,"c1":0,"tan1":0,"i_n":500}}],
"source":[{{"id":4,"node":1,"status":1,"u_ref":1.0}}],
"sym_load":[{{"id":5,"node":2,"status":1,"type":0,"p_specified":1000000,"q_specified":0}}],
"sym_voltage_sensor":[{{"id":6,"measured_object":1,"u_sigma":10,"u_measured":10000}},
{{"id":7,"measured_object":2,"u_sigma":10,"u_measured":9980}}],
"sym_power_sensor":[
{{"id":8,"measured_object":5,"measured_terminal_type":4,"power_sigma":1000,"p_measured":1000000,"q_measured":0}},
{{"id":9,"measured_object":3,"measured_terminal_type":0,"power_sigma":1000,"p_measured":1002000,"q_measured":2000}},
{{"id":10,"measured_object":3,"measured_terminal_type":1,"power_sigma":1000,"p_measured":{last_w},"q_measured":0}}]}}}}"#
    )
}

fn grid(verb: &str, file: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
    command.args(["grid", verb]).arg(file).args(arguments).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("stdout holds JSON alone")
}

#[test]
fn two_buses_equal_the_hand_calculation() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.m");
    fs::write(&file, TWO_BUSES).unwrap();
    let found = json(&grid("solve", &file, &["--json"]));
    // u⁴ + (2(rP + xQ) − 1) u² + (r² + x²)(P² + Q²) = 0.
    let (r, x, p, q) = (0.02, 0.04, 0.5, 0.2_f64);
    let half = (r * p + x * q) - 0.5;
    let u2 = -half + (half * half - (r * r + x * x) * (p * p + q * q)).sqrt();
    let vm = found["buses"][1]["vm_pu"].as_f64().expect("a magnitude");
    assert!((vm - u2.sqrt()).abs() < 1e-9, "{vm} and {}", u2.sqrt());
    let losses_mw = 10.0 * r * (p * p + q * q) / u2;
    assert!((found["losses_mw"].as_f64().expect("losses") - losses_mw).abs() < 1e-9);
    assert_eq!(found["converged"], true);
    assert!(found["residual_mva"].as_f64().expect("a residual") < 1e-6);
    let words = grid("solve", &file, &[]);
    assert!(String::from_utf8_lossy(&words.stdout).starts_with("2 buses, 1 branches"));
}

#[test]
fn the_sensor_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feeder.json");
    fs::write(&file, sensors(-1_000_000.0)).unwrap();
    let good = json(&grid("estimate", &file, &["--json"]));
    assert_eq!((good["bad_data"].as_bool(), good["suspect"].is_null()), (Some(false), true), "{good}");
    let vm = good["buses"][1]["vm_pu"].as_f64().expect("a magnitude");
    assert!((vm - 0.998).abs() < 1e-3, "{vm}");
    fs::write(&file, sensors(-1_500_000.0)).unwrap();
    let bad = json(&grid("estimate", &file, &["--json"]));
    assert_eq!(bad["bad_data"], true);
    let suspect = bad["suspect"]["what"].as_str().expect("a suspect");
    assert!(suspect.contains("active power") && suspect.contains('3'), "{suspect}");
}

#[test]
fn wrong_files_get_a_line_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.m");
    let wrong = [
        (TWO_BUSES.replace("0.02 0.04", "0 0"), "branch"),
        (TWO_BUSES.replace("0.02 0.04", "NaN 0.04"), "row 1"),
        (TWO_BUSES.replace("1 2 0.02", "1 7 0.02"), "7"),
        (TWO_BUSES.replace("2 1 5 2", "1 1 5 2"), "row 1"),
        (TWO_BUSES.replace("2 1 5 2", "2 1 900 2"), "did not converge"),
        (TWO_BUSES[..TWO_BUSES.len() / 2].to_owned(), "two.m"),
        (String::new(), "two.m"),
    ];
    for (text, place) in wrong {
        fs::write(&file, &text).unwrap();
        let output = grid("solve", &file, &["--json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(output.stdout.is_empty());
        assert!(said.starts_with("citytwin: ") && said.contains(place) && said.contains("two.m"), "{place}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let output = grid("solve", &folder.path().join("none.m"), &[]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_sensors_get_a_line_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feeder.json");
    let wrong = [
        (
            r#""id":9,"measured_object":3"#,
            r#""id":8,"measured_object":3"#,
            "table sym_power_sensor, row 2 (id 8), field id",
        ),
        (
            r#""id":6,"measured_object":1,"u_sigma":10"#,
            r#""id":6,"measured_object":1,"u_sigma":0"#,
            "(id 6), field u_sigma",
        ),
    ];
    for (sound, faulty, place) in wrong {
        fs::write(&file, sensors(-1e6).replace(sound, faulty)).unwrap();
        let output = grid("estimate", &file, &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(place), "{place}: {said}");
    }
}

/// What an open branch leaves without supply is said, not left out in silence.
#[test]
fn buses_without_supply_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("two.m");
    fs::write(&file, TWO_BUSES.replace("0 0 1 -360", "0 0 0 -360")).unwrap();
    assert_eq!(json(&grid("solve", &file, &["--json"]))["buses_without_supply"], 1);
    let said = String::from_utf8(grid("solve", &file, &[]).stdout).unwrap();
    assert!(said.contains("no supply at bus 2"), "{said}");
}

/// The demo city: every feeder answers for every technology, the same for any number of threads.
#[test]
fn feeders_of_a_city_tell_what_they_host() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps/demo");
    let one = grid("hosting", &demo, &["--placements", "3", "--threads", "1", "--json"]);
    let two = grid("hosting", &demo, &["--placements", "3", "--threads", "2", "--json"]);
    assert_eq!(one.stdout, two.stdout);
    let found = json(&one);
    let feeders = found["feeders"].as_array().expect("feeders");
    let technologies = found["technologies"].as_array().expect("technologies");
    assert!(feeders.len() > 100 && technologies.len() == 3 && found["synthetic"] == true);
    for technology in technologies {
        let units = technology["units"].as_array().expect("units");
        assert_eq!(units.len(), feeders.len());
        for (units, feeder) in units.iter().zip(feeders) {
            let units: Vec<u64> = units.as_array().unwrap().iter().map(|u| u.as_u64().unwrap()).collect();
            assert!(units.is_sorted() && units[2] <= feeder["customers"].as_u64().unwrap(), "{feeder}: {units:?}");
        }
    }
    let missing = grid("hosting", Path::new("nowhere.osm.pbf"), &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&missing.stderr).lines().count(), 1);
}

/// A second branch beside the first: either may fail and the other carries all; a stub beyond has nobody to help it.
#[test]
fn outages_say_who_is_off_and_what_the_rest_carries() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("three.m");
    let bus = "2 1 5 2 0 0 1 1 0 10 1 1.1 0.9;\n";
    let branch = "1 2 0.02 0.04 0 8 8 8 0 0 1 -360 360;\n";
    let stub = format!("{branch}{branch}2 3 0.02 0.04 0 8 8 8 0 0 1 -360 360;\n");
    let text = TWO_BUSES.replace(bus, &format!("{bus}3 1 1 0 0 0 1 1 0 10 1 1.1 0.9;\n")).replace(branch, &stub);
    fs::write(&file, text).unwrap();
    let rows = json(&grid("outages", &file, &["--json"]));
    let rows = rows.as_array().expect("a row per branch");
    assert_eq!(rows.len(), 3);
    let without = fs::read_to_string(&file).unwrap().replacen(branch, "", 1);
    let alone = folder.path().join("alone.m");
    fs::write(&alone, without).unwrap();
    let solved = json(&grid("solve", &alone, &["--json"]));
    let most = solved["branches"].as_array().unwrap().iter().map(|b| b["loading_percent"].as_f64().unwrap());
    let most = most.fold(0.0, f64::max);
    for row in &rows[..2] {
        assert_eq!((&row["loads_off"], &row["loads_off_after"]), (&Value::from(0), &Value::from(0)));
        assert!((row["loading_max_percent"].as_f64().unwrap() / most - 1.0).abs() < 1e-9, "{row}");
    }
    assert_eq!((&rows[2]["loads_off_after"], &rows[2]["off_mw"]), (&Value::from(1), &Value::from(1.0)));
    let said = String::from_utf8(grid("outages", &file, &[]).stdout).unwrap();
    assert!(said.starts_with("3 branches failed one by one: 1 leave loads off"), "{said}");
    assert_eq!(grid("outages", &folder.path().join("none.m"), &[]).status.code(), Some(2));
}

/// What is written is the same grid: it solves to the same voltages; nothing is written over.
#[test]
fn a_grid_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (folder.path().join("two.m"), folder.path().join("two.json"));
    fs::write(&file, TWO_BUSES).unwrap();
    let written = grid("convert", &file, &[out.to_str().unwrap()]);
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let vm = |file: &Path| json(&grid("solve", file, &["--json"]))["buses"][1]["vm_pu"].as_f64().expect("a magnitude");
    assert!((vm(&file) - vm(&out)).abs() < 1e-9);
    let before = fs::read(&out).unwrap();
    let again = grid("convert", &file, &[out.to_str().unwrap()]);
    assert_eq!((again.status.code(), fs::read(&out).unwrap()), (Some(2), before));
    let broken = folder.path().join("broken.m");
    fs::write(&broken, "mpc.bus = [").unwrap();
    let none = folder.path().join("none.json");
    assert_eq!(grid("convert", &broken, &[none.to_str().unwrap()]).status.code(), Some(2));
    assert!(!none.exists());
}
