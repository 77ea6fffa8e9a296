//! The program from outside: what scripts rely on, and what wrong input gets.

#[path = "support/needs.rs"]
mod needs;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn citytwin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
    // No window system: what needs one must say so.
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command
}

fn run(arguments: &[&str]) -> Output {
    citytwin().args(arguments).output().expect("the program starts")
}

fn extracts() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/osm");
    if folder.is_dir() {
        Some(folder)
    } else {
        needs::missing(&format!("{}, the map extracts beside the checkout", folder.display()));
        None
    }
}

/// Exit code 2, one line on stderr that names the input and holds `says`, nothing on stdout.
fn is_refused(arguments: &[&str], says: &str) {
    let output = run(arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {err}");
    assert!(out.is_empty(), "{arguments:?}: {out}");
    assert_eq!(err.trim_end().lines().count(), 1, "{arguments:?}: {err}");
    assert!(err.to_lowercase().contains(&says.to_lowercase()), "{arguments:?} must say `{says}`: {err}");
    assert!(!err.contains("panicked"), "{err}");
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("stdout holds JSON alone")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn wrong_files_get_one_line_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE osm [<!ENTITY a \"{}\">]><osm version=\"0.6\">&a;</osm>",
        "x".repeat(1000)
    );
    let over_the_date_line =
        br#"<osm version="0.6"><node id="1" lon="179.9" lat="0"/><node id="2" lon="-179.9" lat="0"/>
        <way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>"#;
    let nowhere = br#"<osm version="0.6"><node id="1" lon="NaN" lat="0"/></osm>"#;
    for (name, bytes) in [
        ("empty.osm.pbf", &b""[..]),
        ("empty.osm", b""),
        ("noise.osm.pbf", b"this is no map, whatever its name says, not even close"),
        ("picture.osm", b"\x89PNG\r\n\x1a\n0000"),
        ("bomb.osm", bomb.as_bytes()),
        ("half.osm", b"<osm version=\"0.6\"><node id=\"1\" lon=\"0\""),
        ("dateline.osm", over_the_date_line),
        ("nowhere.osm", nowhere),
        ("broken.osm.gz", b"\x1f\x8b\x08\x00garbage"),
    ] {
        let path = write(at, name, bytes);
        is_refused(&["check", &path], name);
        is_refused(&["run", &path, "--hours", "1"], name);
    }
    let missing = at.join("missing.osm.pbf").to_string_lossy().into_owned();
    is_refused(&["check", &missing], "missing.osm.pbf");
    is_refused(&["check", &at.to_string_lossy()], "city.toml");
    let toml = at.join("city");
    fs::create_dir(&toml).unwrap();
    write(&toml, "city.toml", b"name = 5\nmap = [");
    is_refused(&["check", &toml.to_string_lossy()], "city.toml");
}

#[test]
fn a_truncated_extract_is_refused() {
    let Some(extracts) = extracts() else { return };
    let whole = fs::read(extracts.join("helsinki.osm.pbf")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "half.osm.pbf", &whole[..whole.len() / 2]);
    is_refused(&["check", &path], "half.osm.pbf");
}

#[test]
fn wrong_arguments_get_exit_code_2() {
    for arguments in [
        &["check"][..],
        &["run", "x.osm", "--hours", "nan"],
        &["run", "x.osm", "--edit", "close:bridge"],
        &["run", "x.osm", "--time", "yesterday"],
        &["render", "x.osm", "--out", "x.png", "--size", "0x0"],
        &["fetch", "--bbox", "1,2,3", "--out", "x"],
        &["view", "x.osm", "--country", "Germany"],
        &["fly"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{arguments:?}");
    }
}

#[test]
fn without_a_display_it_says_what_to_do_instead() {
    let Some(extracts) = extracts() else { return };
    if !cfg!(target_os = "linux") {
        println!("skipped: other systems always have a display");
        return;
    }
    let path = extracts.join("helsinki.osm.pbf");
    is_refused(&["view", &path.to_string_lossy()], "citytwin render");
}

#[test]
fn check_says_what_every_real_extract_holds() {
    let Some(extracts) = extracts() else { return };
    let mut seen = 0;
    for entry in fs::read_dir(extracts).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(".osm") {
            continue;
        }
        seen += 1;
        let report = json(&run(&["check", &path.to_string_lossy(), "--json"]));
        let bounds: Vec<f64> = report["bounds"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert!(bounds.len() == 4 && bounds[0] < bounds[2] && bounds[1] < bounds[3], "{name}: {bounds:?}");
        for count in ["roads", "links", "buildings", "building_parts", "trees", "signals"] {
            assert!(report[count].is_u64(), "{name}: {count}");
        }
        assert!(report["links"].as_u64().unwrap() > 0, "{name}");
        for problem in report["problems"].as_array().unwrap() {
            let source = problem["source"].as_str().unwrap();
            assert!(source.contains('/') && !problem["what"].as_str().unwrap().is_empty(), "{name}: {problem}");
        }
    }
    assert!(seen >= 13, "{seen}");
}

#[test]
fn a_run_repeats_and_conserves() {
    let Some(extracts) = extracts() else { return };
    let path = extracts.join("helsinki.osm.pbf");
    let path = path.to_string_lossy();
    let once = |extra: &[&str]| {
        let mut arguments = vec!["run", &*path, "--hours", "1", "--time", "2026-06-16T07:30", "--json"];
        arguments.extend(extra);
        run(&arguments)
    };
    let one = once(&["--threads", "1"]);
    let two = once(&["--threads", "2"]);
    assert_eq!(one.stdout, two.stdout, "one or two threads");
    let other = json(&once(&["--seed", "2"]));
    let result = json(&one);
    assert_ne!(result["state_hash"], other["state_hash"], "another seed is another day");
    let vehicles = &result["vehicles"];
    let count = |name: &str| vehicles[name].as_u64().unwrap();
    assert!(count("demanded") > 0);
    assert_eq!(count("demanded"), count("arrived") + count("under_way") + count("refused"));
    let energy = |name: &str| result["energy_mwh"][name].as_f64().unwrap();
    let error = energy("supplied") - (energy("load") + energy("losses") - energy("pv"));
    assert!(error.abs() <= 1e-6 * energy("load"), "{error}");
    assert!(result["mean_travel_time_s"].as_f64().unwrap() > 0.0);
}

#[test]
fn outputs_are_whole_files() {
    let Some(extracts) = extracts() else { return };
    let path = extracts.join("helsinki.osm.pbf");
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let output = run(&["run", &path.to_string_lossy(), "--hours", "0.5", "--out", &out.to_string_lossy(), "--json"]);
    let printed = json(&output);
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["state_hash"], printed["state_hash"]);
    for name in ["hours.csv", "links.csv", "transformers.csv"] {
        assert!(fs::read_to_string(out.join(name)).unwrap().lines().count() > 1, "{name}");
    }
    let file = write(folder.path(), "taken", b"x");
    is_refused(&["run", &path.to_string_lossy(), "--hours", "0.1", "--out", &file], "taken");
}

#[test]
fn the_demo_is_what_the_generator_writes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let output = run(&["generate", "--seed", "7", "--population", "40000", "--out", &out.to_string_lossy()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("maps/demo");
    for name in ["city.osm.gz", "city.toml", "SOURCES.md"] {
        assert!(
            fs::read(out.join(name)).unwrap() == fs::read(demo.join(name)).unwrap(),
            "{name} differs from maps/demo"
        );
    }
}

/// What a machine lacks is a failure on CI alone, and either line names it.
#[test]
fn nothing_is_missing_on_ci() {
    for ci in [None, Some(""), Some("0"), Some("false")] {
        assert_eq!(needs::verdict("the program x", ci), Ok("skipped: the program x".to_owned()), "{ci:?}");
    }
    for ci in [Some("true"), Some("1")] {
        assert_eq!(needs::verdict("the program x", ci), Err("missing on CI: the program x".to_owned()), "{ci:?}");
    }
}
