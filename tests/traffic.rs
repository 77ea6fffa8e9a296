//! The traffic verbs from outside: what scripts rely on, truth from published cases, and what wrong input gets.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn citytwin(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
    command.args(arguments).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("stdout holds JSON alone")
}

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/traffic").join(name).to_string_lossy().into_owned()
}

/// Braess's network (1968): four ways home with the link in the middle, 92 minutes for all; 83 without it.
#[test]
fn braess_is_exact() {
    let (net, trips) = (case("braess/net.tntp"), case("braess/trips.tntp"));
    let said = json(&citytwin(&["traffic", "assign", &net, &trips, "--gap", "1e-12", "--json"]));
    for key in ["objective", "relative_gap", "iterations", "cpu_s"] {
        assert!(said[key].is_number(), "{key}");
    }
    let links = said["links"].as_array().unwrap();
    let flows: Vec<f64> = links.iter().map(|link| link["flow"].as_f64().unwrap()).collect();
    for (flow, expected) in flows.iter().zip([4.0, 2.0, 2.0, 2.0, 4.0]) {
        assert!((flow - expected).abs() < 1e-6, "{flows:?}");
    }
    assert_eq!((links[0]["from"].as_u64(), links[0]["to"].as_u64()), (Some(1), Some(3)));
    let cost = |link: usize| links[link]["cost"].as_f64().unwrap();
    assert!((cost(0) + cost(2) - 92.0).abs() < 1e-4 && (cost(0) + cost(3) + cost(4) - 92.0).abs() < 1e-4);
}

#[test]
fn the_number_of_threads_changes_no_byte_but_the_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/traffic/tntp");
    if !folder.is_dir() {
        return println!("skipped: {} is absent", folder.display());
    }
    let [net, trips] =
        ["Anaheim_net.tntp", "Anaheim_trips.tntp"].map(|f| folder.join(f).to_string_lossy().into_owned());
    let said = ["1", "2"].map(|threads| {
        let mut said = json(&citytwin(&["traffic", "assign", &net, &trips, "--threads", threads, "--json"]));
        said.as_object_mut().unwrap().remove("cpu_s");
        said.to_string()
    });
    assert_eq!(said[0], said[1]);
}

/// Trips between edges of a SUMO net: nodes keep their names, a closed net of one way has one way.
#[test]
fn a_sumo_net_is_assigned_by_its_edges() {
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/traffic/sumo/cologne8/cologne8.net.xml");
    if !net.exists() {
        return println!("skipped: {} is absent", net.display());
    }
    let net = net.to_string_lossy().into_owned();
    let text = fs::read_to_string(&net).unwrap();
    // The first and the last edge that cars drive by name.
    let edges: Vec<&str> = text
        .split("<edge id=\"")
        .skip(1)
        .filter(|edge| !edge.starts_with(':'))
        .filter_map(|edge| edge.split('"').next())
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("od.csv");
    let mut rows = String::from("origin,destination,trips\n");
    for edge in &edges {
        rows += &format!("{},{edge},5\n", edges[0]);
    }
    fs::write(&csv, rows).unwrap();
    let said = json(&citytwin(&["traffic", "assign", &net, &csv.to_string_lossy(), "--gap", "1e-6", "--json"]));
    let links = said["links"].as_array().unwrap();
    assert!(links.iter().all(|link| link["from"].is_string() && link["flow"].as_f64().unwrap() >= 0.0));
    let lost = said["unreachable"].as_f64().unwrap();
    let driven = links.iter().filter(|link| link["flow"].as_f64().unwrap() > 0.0).count();
    assert!(driven > 1 && lost < 5.0 * edges.len() as f64, "{driven} links driven, {lost} trips lost");
}

#[test]
fn wrong_networks_and_trips_get_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let (net, trips) = (case("braess/net.tntp"), case("braess/trips.tntp"));
    let sound = fs::read_to_string(&net).unwrap();
    let bad_nets = [
        ("header.tntp", sound.replacen("<NUMBER OF NODES>", "<NODES>", 1), "NUMBER OF NODES"),
        ("capacity.tntp", sound.replacen("\t1\t3\t1\t", "\t1\t3\t-1\t", 1), "capacity"),
        ("node.tntp", sound.replacen("\t1\t3\t1\t", "\t1\t9\t1\t", 1), "line"),
        ("nan.tntp", sound.replacen("\t1\t3\t1\t", "\t1\t3\tNaN\t", 1), "line"),
        ("cut.tntp", sound[..sound.len() / 2].to_owned(), "line"),
        ("tiny.tntp", sound.replacen("\t1\t3\t1\t", "\t1\t3\t1e-20\t", 1), "capacity"),
        ("huge.tntp", sound.replacen("<NUMBER OF NODES> 4", "<NUMBER OF NODES> 4000000000", 1), "line"),
        ("empty.tntp", String::new(), "line"),
        ("bad.net.xml", "<net><edge id=".to_owned(), "line"),
    ];
    let check = |net: &str, trips: &str, says: &str| {
        let output = citytwin(&["traffic", "assign", net, trips, "--json"]);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{net} {trips}: {err}");
        assert!(output.stdout.is_empty());
        assert_eq!(err.trim_end().lines().count(), 1, "{net} {trips}: {err}");
        assert!(err.contains(says) && !err.contains("panicked"), "must say `{says}`: {err}");
    };
    for (name, text, says) in &bad_nets {
        assert_ne!(*text, sound, "{name} changes something");
        check(&write(name, text), &trips, says);
        check(&write(name, text), &trips, name);
    }
    let sound = fs::read_to_string(&trips).unwrap();
    for (name, text, says) in [
        ("negative.tntp", sound.replace("6.0;", "-6.0;"), "line"),
        ("enormous.tntp", sound.replace("6.0;", "1e100;"), "line"),
        ("zone.tntp", sound.replace("2 :", "7 :"), "line"),
        ("none.tntp", sound.split("Origin").next().unwrap_or_default().to_owned(), "there are no trips"),
        ("latin.tntp", "\u{fffd}".into(), "line"),
        ("header.csv", "origin,destination,trips\n".into(), "there are no trips"),
    ] {
        check(&net, &write(name, &text), says);
    }
    let packed = folder.path().join("cut.tntp.gz");
    fs::write(&packed, [0x1f, 0x8b, 8]).unwrap();
    check(&packed.to_string_lossy(), &trips, "cut.tntp.gz: is a damaged or incomplete gzip file");
    check(&net, &folder.path().join("none").to_string_lossy(), "none");
    check(&net, &folder.path().to_string_lossy(), "read");
}

/// A byte order mark before a SUMO file, as some editors write it, changes nothing.
#[test]
fn a_sumo_net_may_begin_with_a_mark() {
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/traffic/sumo/cologne8/cologne8.net.xml");
    if !net.exists() {
        return println!("skipped: {} is absent", net.display());
    }
    let folder = tempfile::tempdir().unwrap();
    let [marked, csv] = ["marked.net.xml", "od.csv"].map(|f| folder.path().join(f));
    let text = fs::read_to_string(&net).unwrap();
    fs::write(&marked, format!("\u{feff}{text}")).unwrap();
    fs::write(&csv, "origin,destination,trips\n-23283579#1,23283436,5\n").unwrap();
    let said = [&net, &marked].map(|net| {
        let arguments = ["traffic", "assign", &net.to_string_lossy(), &csv.to_string_lossy(), "--json"];
        let mut said = json(&citytwin(&arguments));
        said.as_object_mut().unwrap().remove("cpu_s");
        said.to_string()
    });
    assert_eq!(said[0], said[1]);
}

/// Costs that no number holds are an error, never a result.
#[test]
fn costs_that_overflow_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let net = folder.path().join("steep.tntp");
    let sound = fs::read_to_string(case("braess/net.tntp")).unwrap();
    let steep = sound.lines().map(|line| {
        let mut columns: Vec<&str> = line.split('\t').collect();
        if line.starts_with('\t') && columns.len() > 7 {
            (columns[3], columns[7]) = ("0.000001", "50");
        }
        columns.join("\t")
    });
    fs::write(&net, steep.collect::<Vec<_>>().join("\n")).unwrap();
    let output = citytwin(&["traffic", "assign", &net.to_string_lossy(), &case("braess/trips.tntp"), "--json"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(output.stdout.is_empty() && err.contains("the costs overflow"), "{err}");
}

#[test]
fn the_demand_of_a_city_is_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demand");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps/demo").to_string_lossy().into_owned();
    let output = citytwin(&["traffic", "demand", &demo, "--out", &out.to_string_lossy()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for name in ["zones.csv", "od.csv", "gates.csv", "report.json", "report.md"] {
        assert!(fs::metadata(out.join(name)).unwrap().len() > 100, "{name}");
    }
    let report: Value = serde_json::from_slice(&fs::read(out.join("report.json")).unwrap()).unwrap();
    assert!(report.is_object());
    // Where one file cannot be written, none is.
    let blocked = folder.path().join("blocked");
    fs::create_dir_all(blocked.join("od.csv")).unwrap();
    let output = citytwin(&["traffic", "demand", &demo, "--out", &blocked.to_string_lossy()]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), fs::read_dir(&blocked).unwrap().count()), (Some(2), 1), "{err}");
    // The city's own tables: those just written give the same zones.
    let again = folder.path().join("again");
    let [zones, od] = ["zones.csv", "od.csv"].map(|f| out.join(f).to_string_lossy().into_owned());
    let arguments = ["traffic", "demand", &demo, "--zones", &zones, "--od", &od, "--out", &again.to_string_lossy()];
    let output = citytwin(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = |folder: &Path| fs::read_to_string(folder.join("zones.csv")).unwrap().lines().count();
    assert_eq!(lines(&out), lines(&again));
    for (table, says) in [
        ("zone,lon\n1,x\n", "line 1"),
        ("zone,x,y,residents,jobs\n", "line 1, column \"zone\": the table holds no rows"),
        ("zone,x,y,residents,jobs\na,0,0,1e12,1\n", "line 2, column \"residents\": 1e12 is more than"),
    ] {
        fs::write(&zones, table).unwrap();
        let output = citytwin(&arguments);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), err.trim_end().lines().count()), (Some(2), 1), "{err}");
        assert!(err.contains("zones.csv") && err.contains(says), "{err}");
    }
}
