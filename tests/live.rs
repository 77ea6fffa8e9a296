//! A city's history from outside: what is recorded comes back in a replay, dead letters are read anew, and wrong words get a
//! line.

use std::{fs, path::Path, process::Command, process::Output};

use citytwin_history::{DeadLetter, History, Level, Row, SeriesKey, Settings, Source, Span, Store};
use citytwin_model::{Quality, Quantity};

/// Reads `counts/<sensor>` as the sensor's flow, from a broker that nobody asks here.
const SOURCES: &str = r#"
version = 2
[[source]]
id = "loops"
kind = "mqtt"
address = "mqtt://127.0.0.1:1"
[[mapping]]
id = "counts"
source = "loops"
topic = "counts/{nr}"
format = "json"
time = "$.at"
[[mapping.take]]
value = "$.v"
quantity = "vehicle_flow"
sensor = "{nr}"
"#;

fn citytwin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_citytwin")).args(arguments).output().expect("the program starts")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Ids of the demo's counters.
fn counters() -> Vec<String> {
    let city = fs::read_to_string("maps/demo/city.toml").unwrap();
    let flows = city.split("[[sensor]]").filter(|sensor| sensor.contains("\"vehicle_flow\""));
    let id = |sensor: &str| {
        sensor.lines().find_map(|line| line.strip_prefix("id = ").map(|id| id.trim_matches('"').to_owned()))
    };
    flows.filter_map(id).collect()
}

/// A history whose letters a new mapping can read but for the last: 12 counters, ten minutes, a reading each minute.
fn letters(folder: &Path) {
    let store = History::open(folder, Settings::default()).unwrap();
    let noon_us = 1_772_366_400_000_000_i64;
    let letter = |minute: i64, id: &str, payload: String| DeadLetter {
        feed: "loops".to_owned(),
        topic: format!("counts/{id}"),
        reason: "nobody maps it".to_owned(),
        mapping: "1-00".to_owned(),
        received_us: noon_us + minute * 60_000_000,
        bytes: payload.into_bytes(),
    };
    let mut dead = Vec::new();
    for minute in 0..10 {
        for (number, id) in (0..).zip(counters().iter().take(12)) {
            let stamp = noon_us / 1000 + minute * 60_000;
            dead.push(letter(minute, id, format!("{{\"v\": {}, \"at\": {stamp}}}", 100 + minute + number)));
        }
    }
    dead.push(letter(9, "nobody", "{\"v\": 1}".to_owned()));
    store.commit(&[], &dead).unwrap();
}

#[test]
fn letters_are_read_anew_and_replayed_to_the_same_state() {
    let folder = tempfile::tempdir().unwrap();
    let (history, sources) = (folder.path().join("history"), folder.path().join("sources.toml"));
    letters(&history);
    fs::write(&sources, SOURCES).unwrap();
    let (history_named, sources_named) = (history.to_str().unwrap(), sources.to_str().unwrap());
    let retry = || citytwin(&["feed", "retry", "maps/demo", "--history", history_named, "--sources", sources_named]);
    let first = retry();
    assert!(first.status.success(), "{}", stderr(&first));
    let said = String::from_utf8(first.stdout).unwrap();
    assert!(said.contains("121 letters tried: 120 read now") && said.contains("120 new readings kept"), "{said}");
    let again = String::from_utf8(retry().stdout).unwrap();
    assert!(again.contains("1 letters tried: 0 read now") && again.contains("0 new readings kept"), "{again}");

    let store = History::open(&history, Settings::default()).unwrap();
    let (series, _) = store.series_of("live")[0].clone();
    assert_eq!(store.roll_ups(series, Level::QuarterHour, Span::ALL).unwrap()[0].count(), 10);
    drop(store);

    let replay = |more: &[&str]| {
        let words = [&["replay", "maps/demo", "--history", history_named, "--headless", "--json"], more].concat();
        let output = citytwin(&words);
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let span = ["--from", "2026-03-01T12:59", "--to", "2026-03-01T13:10"];
    let whole = replay(&span);
    assert_eq!((&whole["readings"], &whole["sensors"]["good"]), (&120.into(), &12.into()), "{whole}");
    assert_eq!(whole["observed_hash"], replay(&span)["observed_hash"]);
    // Another seed drives other vehicles past the same sensors.
    let other = replay(&[&span[..], &["--seed", "2"]].concat());
    assert_eq!(whole["observed_hash"], other["observed_hash"]);
    assert_ne!(whole["state_hash"], other["state_hash"]);
    let outside = citytwin(&[
        "replay",
        "maps/demo",
        "--history",
        history_named,
        "--headless",
        "--from",
        "2020-01-01T00:00",
        "--to",
        "2020-01-02T00:00",
    ]);
    assert_eq!(outside.status.code(), Some(2));
    assert!(stderr(&outside).contains("has nothing from"), "{}", stderr(&outside));
    // Half of the span: other values, none of the second half.
    let half = replay(&["--from", "2026-03-01T12:59", "--to", "2026-03-01T13:04:30"]);
    assert_eq!(half["readings"], 60);
    assert_ne!(half["observed_hash"], whole["observed_hash"]);
}

#[test]
fn wrong_words_get_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    letters(&history);
    let named = history.to_str().unwrap();
    let nowhere = folder.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let bad = folder.path().join("bad.toml");
    fs::write(&bad, SOURCES.replace("vehicle_flow", "vehicle_flows")).unwrap();
    let bad = bad.to_str().unwrap();
    for (words, expected) in [
        (vec!["replay", "maps/demo", "--history", nowhere, "--headless"], "holds no history"),
        (vec!["replay", "maps/demo", "--history", named, "--headless"], "no run live"),
        (vec!["replay", "maps/nothing", "--history", named, "--headless"], "maps/nothing"),
        (vec!["replay", "maps/demo", "--history", named, "--speed", "0"], "--speed"),
        (vec!["replay", "maps/demo", "--history", named, "--json"], "--headless"),
        (vec!["feed", "retry", "maps/demo", "--history", nowhere], "holds no history"),
        (vec!["feed", "retry", "maps/demo", "--history", named, "--sources", bad], "vehicle_flows"),
        (
            vec!["feed", "retry", "maps/demo", "--history", named, "--sources", nowhere],
            "write it, or name one that is there",
        ),
        (vec!["feed", "record", "maps/demo", "--sources", nowhere, "--for", "1"], "--sources: "),
        (vec!["feed", "record", "maps/demo", "--for", "1"], "--mqtt"),
        (
            vec!["feed", "record", "maps/demo", "--mqtt", "mqtt://10.0.0.7", "--history", nowhere, "--for", "1"],
            "plaintext",
        ),
        (vec!["view", "maps/demo", "--history", named], "--history"),
        (vec!["view", "maps/demo", "--sources", bad], "vehicle_flows"),
    ] {
        let output = citytwin(&words);
        let line = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {line}");
        assert!(line.contains(expected) && line.trim_end().lines().count() == 1, "{words:?}: {line}");
    }
    assert!(!folder.path().join("nowhere").exists(), "what is refused leaves nothing behind");
}

/// A row of feed loops of March 2026.
fn reading(store: &dyn Store, n: i64) -> Row {
    let series = store.series(&SeriesKey::new("live", &counters()[0], Quantity::VehicleFlow).unwrap());
    let source = store.source(&Source::new("loops", "1-00", false).unwrap());
    let observed_us = 1_772_366_400_000_000 + n * 60_000_000;
    let (received_us, value, quality) = (observed_us + 1_000_000, 100.0 + n as f64, Quality::Good);
    Row { series, source, observed_us, received_us, value, quality }
}

/// Readings older than the city's sources allow are gone once somebody records.
#[test]
fn a_city_says_how_long_its_readings_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (history, sources) = (folder.path().join("history"), folder.path().join("sources.toml"));
    let rows = || History::open(&history, Settings::default()).unwrap().size().unwrap().rows;
    let store = History::open(&history, Settings::default()).unwrap();
    store.commit(&(0..5).map(|n| reading(&store, n)).collect::<Vec<_>>(), &[]).unwrap();
    drop(store);
    let (history_named, sources_named) = (history.to_str().unwrap(), sources.to_str().unwrap());
    let record = |table: &str| {
        fs::write(&sources, format!("{SOURCES}\n[history]\n{table}\n")).unwrap();
        let words =
            ["feed", "record", "maps/demo", "--history", history_named, "--sources", sources_named, "--for", "0.1"];
        let output = citytwin(&words);
        assert!(output.status.success(), "{}", stderr(&output));
    };
    record("keep_days_of = { mqtt = 1 }");
    assert_eq!(rows(), 5, "another feed's days");
    record("keep_days_of = { loops = 1 }");
    assert_eq!(rows(), 0);
}

#[test]
fn a_database_is_named_by_a_variable_and_its_secret_is_in_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("sources.toml");
    fs::write(&sources, format!("{SOURCES}\n[history]\npostgres_env = \"CITYTWIN_TEST_DB\"\n")).unwrap();
    let closed = "host=127.0.0.1 port=1 user=city password=hunter2";
    for (value, told) in [
        (None, "CITYTWIN_TEST_DB"),
        (Some(closed), "PostgreSQL: no server answers"),
        (Some("host=db.example.org user=city password=hunter2"), "PostgreSQL: the connection is not encrypted"),
        (Some("hunter2"), "write it as host=localhost"),
    ] {
        for verb in [&["feed", "record"][..], &["replay"], &["feed", "dead"], &["feed", "retry"]] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
            command.args(verb).args(["maps/demo", "--sources", sources.to_str().unwrap()]);
            command.env_remove("CITYTWIN_TEST_DB");
            command.envs(value.iter().map(|value| ("CITYTWIN_TEST_DB", value)));
            let output = command.output().unwrap();
            let line = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{verb:?}: {line}");
            assert!(line.contains(told) && line.trim_end().lines().count() == 1, "{verb:?} {value:?}: {line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }
}

/// The text of a column of a CSV file without quotes.
fn column(text: &str, name: &str) -> Vec<String> {
    let at = text.lines().next().unwrap().split(',').position(|column| column == name).expect("the column");
    text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
}

/// Rows, roll-ups, one sensor, a part of the time, another run; nothing is overwritten.
#[test]
fn a_history_is_exported() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let store = History::open(&history, Settings::default()).unwrap();
    let source = store.source(&Source::new("loops", "1-00", false).unwrap());
    let noon_us = 1_772_366_400_000_000;
    for (run, sensor, count) in [("live", "sensor/a", 90), ("live", "sensor/b", 30), ("scenario:x", "sensor/a", 7)] {
        let series = store.series(&SeriesKey::new(run, sensor, Quantity::VehicleFlow).unwrap());
        let row = |n: i64| {
            let observed_us = noon_us + n * 60_000_000;
            Row { series, source, observed_us, received_us: observed_us, value: n as f64, quality: Quality::Good }
        };
        store.commit(&(0..count).map(row).collect::<Vec<_>>(), &[]).unwrap();
    }
    drop(store);
    let out = folder.path().join("out.csv");
    let named = history.to_str().unwrap();
    let export = |out: &Path, more: &[&str]| {
        let words = [&["feed", "export", "maps/demo", "--history", named, "--out", out.to_str().unwrap()], more];
        citytwin(&words.concat())
    };
    let written = |more: &[&str]| {
        let output = export(&out, more);
        assert!(output.status.success(), "{more:?}: {}", stderr(&output));
        let text = fs::read_to_string(&out).unwrap();
        fs::remove_file(&out).unwrap();
        text
    };
    let all = written(&[]);
    assert_eq!((all.lines().count(), column(&all, "value")[89].as_str()), (121, "89"));
    assert_eq!(column(&written(&["--sensor", "b"]), "sensor"), vec!["sensor/b"; 30]);
    assert_eq!(column(&written(&["--run", "scenario:x"]), "run"), vec!["scenario:x"; 7]);
    // Noon of UTC is 13:00 in the demo's zone.
    let part = written(&["--from", "2026-03-01T13:10", "--to", "2026-03-01T13:12"]);
    assert_eq!(column(&part, "observed_at")[1], "2026-03-01T12:11:00Z");
    assert_eq!(part.lines().count(), 1 + 2 * 2);
    let hours = written(&["--rollup", "1h", "--sensor", "a"]);
    assert_eq!(
        (column(&hours, "mean"), column(&hours, "count")),
        (vec!["29.5".into(), "74.5".into()], vec!["60".into(), "30".into()])
    );
    let quarters = written(&["--rollup", "15min", "--sensor", "a"]);
    assert_eq!(quarters.lines().count(), 1 + 6);
    let parquet = folder.path().join("out.parquet");
    let said = String::from_utf8(export(&parquet, &[]).stdout).unwrap();
    assert!(said.contains("120 readings of 2 series of run live"), "{said}");
    let bytes = fs::read(&parquet).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));

    fs::write(&out, "mine").unwrap();
    let text = folder.path().join("out.txt");
    let deep = folder.path().join("no/folder/a.csv");
    let free = folder.path().join("free.csv");
    for (out, more, told) in [
        (&out, &[][..], "is there already"),
        (&text, &[], ".parquet"),
        (&deep, &[], "check that the folder exists"),
        (&free, &["--sensor", "c"], "no sensor c; it has 2, such as a, b"),
        (&free, &["--run", "nobody"], "no run nobody; it has live, scenario:x"),
        (&free, &["--from", "2026-03-02T00:00", "--to", "2026-03-01T00:00"], "is not after"),
    ] {
        let output = export(out, more);
        let line = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(line.contains(told) && line.trim_end().lines().count() == 1, "{line}");
    }
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

/// A person who records sees at once which source will give nothing.
#[test]
fn sources_that_cannot_work_are_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (history, sources) = (folder.path().join("history"), folder.path().join("sources.toml"));
    let web = "[[source]]\nid = \"web\"\nkind = \"http\"\naddress = \"http://127.0.0.1:1/x\"\n";
    let file = "[[source]]\nid = \"table\"\nkind = \"file\"\naddress = \"not/there.csv\"\n";
    fs::write(&sources, format!("{SOURCES}{web}{file}")).unwrap();
    let (history, sources) = (history.to_str().unwrap(), sources.to_str().unwrap());
    let output = citytwin(&["feed", "record", "maps/demo", "--history", history, "--sources", sources, "--for", "0.1"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[0],
        "citytwin: source web: 127.0.0.1 is this machine (loopback); where that is meant, write allow_private = true"
    );
    assert!(
        lines[1].starts_with("citytwin: source table: not/there.csv: ") && lines[1].contains("put the file into"),
        "{said}"
    );
    assert_eq!(lines.len(), 2, "{said}");
}
