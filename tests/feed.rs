//! The verbs of `feed` from outside: what a mapping makes of recorded messages, what a trial publishes, what waits in a
//! history, and what wrong files and words get.

#[path = "support/needs.rs"]
mod needs;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use citytwin_history::{DeadLetter, History, Settings, Store};

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

/// Longest wait for something that takes milliseconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An outside program that does not outlive its test.
struct Outside(Child);

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `None`, said aloud, where the program is not installed.
fn start(program: &str, arguments: &[&str]) -> Option<Outside> {
    let path = std::env::var_os("PATH")?;
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let Some(file) = folders.map(|folder| folder.join(program)).find(|file| file.is_file()) else {
        needs::missing(&format!("the program {program} (Debian: apt-get install mosquitto mosquitto-clients)"));
        return None;
    };
    let mut command = Command::new(file);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    Some(Outside(command.spawn().unwrap()))
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A mosquitto of the test's own, once it answers.
fn mosquitto(folder: &Path, port: u16) -> Option<Outside> {
    let file = folder.join("mosquitto.conf");
    let text = format!("user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
    fs::write(&file, text).unwrap();
    let broker = start("mosquitto", &["-c", file.to_str().unwrap()])?;
    let begin = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(begin.elapsed() < PATIENCE, "mosquitto does not answer");
        thread::park_timeout(Duration::from_millis(5));
    }
    Some(broker)
}

fn citytwin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_citytwin"));
    command.args(arguments);
    command
}

/// What mosquitto's own client hears of a trial is read by `feed test` with the mapping that the trial wrote; Ctrl-C ends
/// the trial with a line about how it went.
#[test]
fn what_a_trial_publishes_is_read_by_the_mapping_it_writes_until_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let Some(_broker) = mosquitto(folder.path(), port) else { return };
    let port = port.to_string();
    let heard = ["-h", "127.0.0.1", "-p", &port, "-t", "simulated/#", "-F", "%j", "-C", "60"];
    let Some(mut client) = start("mosquitto_sub", &heard) else { return };
    let (sources, broker) = (folder.path().join("sources.toml"), format!("mqtt://127.0.0.1:{port}"));
    let mut trial = citytwin(&["feed", "simulate", "maps/demo", "--broker", &broker, "--rate", "300"]);
    trial.args(["--format", "ngsi-ld", "--sources-out", sources.to_str().unwrap()]);
    let mut trial = Outside(trial.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(trial.0.stdout.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert!(first.starts_with(&format!("publishes to {broker}: ")) && first.contains("ngsi-ld"), "{first}");
    // It ends by itself after so many messages.
    let mut lines = String::new();
    client.0.stdout.take().unwrap().read_to_string(&mut lines).unwrap();
    if cfg!(unix) {
        let id = trial.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let mut last = String::new();
        said.read_to_string(&mut last).unwrap();
        assert!(trial.0.wait().unwrap().success(), "{last}");
        assert!(last.starts_with("published ") && last.contains(" acknowledged by the broker: "), "{last}");
    }
    let recorded: String = lines
        .lines()
        .map(|line| {
            let heard: serde_json::Value = serde_json::from_str(line).unwrap();
            let now = "2026-01-13T08:00:05Z";
            let line = serde_json::json!({"topic": heard["topic"], "payload": heard["payload"], "received_at": now});
            format!("{line}\n")
        })
        .collect();
    let messages = folder.path().join("messages.jsonl");
    fs::write(&messages, recorded).unwrap();
    let mut test = citytwin(&["feed", "test", messages.to_str().unwrap(), "--city", "maps/demo"]);
    let output = test.args(["--mapping", sources.to_str().unwrap()]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("60 messages: 60 readings, 0 dead letters, 0 missing"), "{said}");
}

#[test]
fn a_trial_is_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there.toml");
    fs::write(&there, "mine").unwrap();
    let (there, closed) = (there.to_str().unwrap(), format!("mqtt://127.0.0.1:{}", free_port()));
    for (broker, more, told) in [
        ("mqtt://ann:s3cret@192.0.2.1", vec![], "mqtt+plaintext://"),
        ("192.0.2.1", vec![], "mqtt://"),
        (&closed, vec![], "127.0.0.1"),
        (&closed, vec!["--format", "morse"], "morse"),
        (&closed, vec!["--for", "0"], "--for"),
        (&closed, vec!["--sources-out", there], "own needs no sources.toml"),
        (&closed, vec!["--format", "json", "--sources-out", there], "there.toml"),
        (&closed, vec!["--key", there], "--cert"),
    ] {
        let mut trial = citytwin(&["feed", "simulate", "maps/demo", "--broker", broker, "--rate", "10"]);
        let output = trial.args(&more).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.contains(told) && said.lines().count() == 1 && !said.contains("s3cret"), "{more:?}: {said}");
    }
    assert_eq!(fs::read_to_string(there).unwrap(), "mine");
    for rate in ["0", "-1", "nan", "2e6", "999999"] {
        let output =
            citytwin(&["feed", "simulate", "maps/demo", "--broker", &closed, "--rate", rate]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains("--rate"));
    }
}

#[test]
fn dead_letters_of_a_history_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let history = folder.path().join("history");
    let dead = |more: &[&str]| {
        let mut command = citytwin(&["feed", "dead", "maps/demo", "--history", history.to_str().unwrap()]);
        command.args(more).output().unwrap()
    };
    let none = dead(&[]);
    assert_eq!((none.status.code(), none.stdout.len(), history.exists()), (Some(2), 0, false));
    let letter = |number: i64| DeadLetter {
        feed: if number % 2 == 0 { "loops".into() } else { "mqtt".into() },
        topic: format!("a\n{number}"),
        reason: "no number".into(),
        mapping: "1-00".into(),
        received_us: 1_772_366_400_000_000 + number,
        bytes: if number == 199 { vec![0xff] } else { vec![b'x'; 100] },
    };
    let store = History::open(&history, Settings::default()).unwrap();
    store.commit(&[], &(0..200).map(letter).collect::<Vec<_>>()).unwrap();
    let in_use = dead(&[]);
    assert_eq!(in_use.status.code(), Some(2), "a history that another program has open");
    drop(store);

    let said = String::from_utf8(dead(&["--last", "3"]).stdout).unwrap();
    assert!(said.contains("loops: 100 kept = 100 waiting + 0 dropped") && said.contains("no number"), "{said}");
    assert_eq!(said.lines().count(), 2 + 3 * 3, "{said}");
    let json = String::from_utf8(dead(&["--json", "--feed", "mqtt"]).stdout).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let letters = report["letters"].as_array().unwrap();
    assert_eq!((letters.len(), report["counts"].as_array().unwrap().len()), (20, 1));
    assert_eq!((&letters[19]["topic"], &letters[19]["payload"]), (&"a\n199".into(), &serde_json::Value::Null));
    assert_eq!(
        (&letters[18]["bytes"], &letters[18]["received_at"]),
        (&100.into(), &"2026-03-01T12:00:00.000197Z".into())
    );
    assert_eq!(dead(&["--feed", "nobody"]).stdout, b"no dead letters\n");
}

/// Bytes amid the file that are no longer those that were written, where no structure of the database shows it.
#[test]
fn damage_amid_the_dead_letters_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let letter = |n: u8| DeadLetter {
        feed: "loops".into(),
        topic: "a".into(),
        reason: "no number".into(),
        mapping: "1-00".into(),
        received_us: 1_772_366_400_000_000,
        bytes: vec![b'a' + n; 20_000],
    };
    let store = History::open(folder.path(), Settings::default()).unwrap();
    store.commit(&[], &(0..20).map(letter).collect::<Vec<_>>()).unwrap();
    let waiting = store.dead_letters(None, 0, 20).unwrap();
    store.resolve(&[waiting[0].number]).unwrap();
    drop(store);
    let dead =
        || citytwin(&["feed", "dead", "maps/demo", "--history", folder.path().to_str().unwrap()]).output().unwrap();
    assert!(dead().status.success(), "{}", String::from_utf8_lossy(&dead().stderr));
    let file = folder.path().join("history.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.windows(3_000).position(|part| part.iter().all(|byte| *byte == b'h')).expect("the letter");
    bytes[at + 1_000] = b'!';
    fs::write(&file, bytes).unwrap();
    let output = dead();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(line.contains("dead letter 8 is not as it was kept") && line.lines().count() == 1, "{line}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("19 waiting"), "the others are listed");
}

/// Who names no folder is shown the history that `feed retry` would read.
#[test]
fn dead_and_retry_look_in_the_same_folder() {
    let home = tempfile::tempdir().unwrap();
    let told = |verb: &str| {
        let mut command = citytwin(&["feed", verb, "maps/demo"]);
        for name in ["HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA", "USERPROFILE"] {
            command.env(name, home.path());
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(told("dead"), told("retry"));
    assert!(told("dead").contains("holds no history"), "{}", told("dead"));
}
