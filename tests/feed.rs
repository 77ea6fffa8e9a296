//! `feed test` from outside: what a mapping makes of recorded messages, and what wrong files get.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const MAPPING: &str = r#"
version = 1
[[source]]
id = "broker"
kind = "mqtt"
address = "mqtt://127.0.0.1:1883"
[[mapping]]
id = "counts"
source = "broker"
topic = "counts/{nr}"
format = "json"
time = "$.at"
[[mapping.take]]
value = "$.v"
quantity = "vehicle_flow"
sensor = "{nr}"
"#;

fn test(folder: &Path, mapping: &str, messages: &str) -> Output {
    let (sources, recorded) = (folder.join("sources.toml"), folder.join("messages.jsonl"));
    fs::write(&sources, mapping).unwrap();
    fs::write(&recorded, messages).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
    command.args(["feed", "test", recorded.to_str().unwrap(), "--city", "maps/demo"]);
    command.args(["--mapping", sources.to_str().unwrap()]).output().expect("the program starts")
}

/// A counter of the demo and one that nobody knows.
#[test]
fn a_mapping_is_tried_on_recorded_messages() {
    let folder = tempfile::tempdir().unwrap();
    let city = fs::read_to_string("maps/demo/city.toml").unwrap();
    let flow = city.split("[[sensor]]").find(|sensor| sensor.contains("vehicle_flow")).expect("a counter");
    let id = flow.lines().find_map(|line| line.strip_prefix("id = ")).expect("its id").trim_matches('"');
    let line = |topic: &str, payload: &str| {
        format!("{{\"topic\":\"counts/{topic}\",\"payload\":{payload:?},\"received_at\":\"2026-01-13T08:00:05Z\"}}\n")
    };
    let good = r#"{"v": 412, "at": "2026-01-13T08:00:00Z"}"#;
    let output = test(folder.path(), MAPPING, &(line(id, good) + &line("nobody", good) + &line(id, "{\"v\": tru")));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("412") && said.contains(id) && said.contains("nobody"), "{said}");
}

#[test]
fn wrong_files_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let message = "{\"topic\":\"a\",\"payload\":\"1\",\"received_at\":\"2026-01-13T08:00:05Z\"}\n";
    for (mapping, messages, told) in [
        ("version = ", message, "sources.toml"),
        (&MAPPING.replace("vehicle_flow", "elephants"), message, "elephants"),
        (&MAPPING.replace("source = \"broker\"", "source = \"other\""), message, "other"),
        (MAPPING, "{\"topic\": 1}\n", "messages.jsonl: line 1"),
        (MAPPING, "no JSON\n", "line 1"),
    ] {
        let output = test(folder.path(), mapping, messages);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(told) && said.lines().all(|line| line.starts_with("citytwin: ")), "{told}: {said}");
    }
}
