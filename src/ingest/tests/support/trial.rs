//! The trial of delivery: a publisher, a broker that is restarted, a program that is killed, and the account of it.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::Write,
    ops::ControlFlow,
    path::Path,
    process::Child,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use citytwin_feeds::MqttConfig;
use citytwin_history::{History, Span, Store};
use citytwin_ingest::{Broker, Change, Feeds, Ingest, Origin, Settings, instance};
use citytwin_model::Timestamp;

use super::{Mosquitto, PATIENCE, anchor, becomes_true, publisher::publish, sensors};

/// Sensors that the messages are spread over; two more tell where the trial stands.
pub const SENSORS: u32 = 100;
const FIRST: u32 = SENSORS;
const LAST: u32 = SENSORS + 1;

/// How long and how hard.
pub struct Plan {
    pub messages: u64,
    pub rate_per_s: f64,
    pub restarts: u32,
    pub kills: u32,
}

/// The account.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Acknowledged to the publisher.
    pub published: u64,
    /// Of these, in the history.
    pub kept: u64,
    /// Values that the twin got.
    pub handed: u64,
    /// Values that the twin got twice within one run of the program.
    pub twice: u64,
    /// Values older than one before of the same sensor, over all runs of the program.
    pub back: u64,
    pub starts: u64,
}

/// The program: takes what the broker sends into a history below `folder`, and writes down what the twin is handed.
/// Runs until it is killed.
pub fn consume(folder: &Path, port: u16) {
    let history = folder.join("history");
    fs::create_dir_all(&history).unwrap();
    let store = Arc::new(History::open(&history, citytwin_history::Settings::default()).unwrap());
    let sensors = sensors(SENSORS + 2);
    let feeds = Feeds {
        city: "demo",
        sensors: &sensors,
        anchor: anchor(),
        sources: None,
        brokers: vec![Broker { origin: Origin::Own, config: MqttConfig::loopback(port) }],
    };
    let settings = Settings::new(instance(&history).unwrap());
    let mut log = OpenOptions::new().create(true).append(true).open(folder.join("handed")).unwrap();
    log.write_all(b"\nstart\n").unwrap();
    let ingest = Ingest::start(&feeds, store, settings, Arc::new(Timestamp::now)).unwrap();
    loop {
        let mut text = String::new();
        for change in ingest.live().take(usize::MAX) {
            if let Change::Reading(reading) = change {
                text += &format!("{} {} .\n", reading.sensor.0, reading.observed_at.as_millisecond());
            }
        }
        log.write_all(text.as_bytes()).unwrap();
        fs::write(folder.join("status"), format!("{:#?}", ingest.status())).unwrap();
        thread::park_timeout(Duration::from_millis(10));
    }
}

/// Runs the plan in an empty folder. `start` starts a program that calls [`consume`].
pub fn run(plan: &Plan, folder: &Path, port: u16, start: impl Fn() -> Child) -> Outcome {
    let mut broker = Mosquitto::start(folder, port, "");
    let base_ms = Timestamp::now().as_millisecond() - 2_000_000;
    let message = move |sensor: u32, number: u64| {
        let payload = format!(r#"{{"value":{},"observed_at":{}}}"#, number % 200, base_ms + number as i64);
        (format!("citytwin/demo/s{sensor}/speed"), payload.into_bytes())
    };
    let mut program = Killed(start());
    // A session is there once a message comes through it.
    let mut probes = 0;
    let heard = |sensor: u32| read(folder).1.contains_key(&sensor);
    let ready = becomes_true(PATIENCE, || {
        probes += 1;
        publish(port, "probe", 1, 1e6, &AtomicU64::new(0), |_| message(FIRST, probes));
        heard(FIRST)
    });
    assert!(ready, "the program hears nothing: {}", status(folder));

    let (acknowledged, messages, rate) = (Arc::new(AtomicU64::new(0)), plan.messages, plan.rate_per_s);
    let publisher = {
        let acknowledged = Arc::clone(&acknowledged);
        let of = move |number: u64| message((number % u64::from(SENSORS)) as u32, number);
        thread::spawn(move || publish(port, "publisher", messages, rate, &acknowledged, of))
    };
    let events = plan.restarts + plan.kills;
    for event in 1..=events {
        let due = plan.messages * u64::from(event) / u64::from(events + 1);
        assert!(
            becomes_true(10 * PATIENCE, || acknowledged.load(Ordering::SeqCst) >= due),
            "the publisher is stuck: {}",
            status(folder)
        );
        let before = fs::metadata(folder.join("handed")).unwrap().len();
        assert!(
            becomes_true(PATIENCE, || fs::metadata(folder.join("handed")).unwrap().len() > before),
            "nothing more comes through: {}",
            status(folder)
        );
        if event % 2 == 0 && event / 2 <= plan.restarts {
            broker.restart();
        } else {
            program = Killed::again(program, &start);
        }
    }
    publisher.join().unwrap();
    publish(port, "last", 1, 1e6, &AtomicU64::new(0), |_| message(LAST, plan.messages));
    assert!(becomes_true(10 * PATIENCE, || heard(LAST)), "the last message is missing: {}", status(folder));
    drop(program);
    let published = acknowledged.load(Ordering::SeqCst);
    account(folder, published, base_ms)
}

/// A program that is killed at the end.
struct Killed(Child);

impl Killed {
    fn again(old: Self, start: &impl Fn() -> Child) -> Self {
        drop(old);
        Self(start())
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status(folder: &Path) -> String {
    fs::read_to_string(folder.join("status")).unwrap_or_default()
}

/// What was handed over, in order: starts, and by sensor the number of the start and the time.
fn read(folder: &Path) -> (u64, HashMap<u32, Vec<(u64, i64)>>) {
    let text = fs::read(folder.join("handed")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let (mut starts, mut handed) = (0, HashMap::<u32, Vec<(u64, i64)>>::new());
    for line in text.lines() {
        if line == "start" {
            starts += 1;
        }
        // A line without its end was cut by the kill.
        let Some(line) = line.strip_suffix(" .") else { continue };
        let (sensor, at) = line.split_once(' ').unwrap();
        handed.entry(sensor.parse().unwrap()).or_default().push((starts, at.parse().unwrap()));
    }
    (starts, handed)
}

fn account(folder: &Path, published: u64, base_ms: i64) -> Outcome {
    let history = History::open(&folder.join("history"), citytwin_history::Settings::default()).unwrap();
    let mut kept = vec![false; published as usize];
    let names: HashMap<_, _> = history.series_of("live").into_iter().collect();
    let mut visit = |row: &citytwin_history::Row| {
        let number = row.observed_us / 1000 - base_ms;
        let sensor = &names[&row.series].sensor;
        if let Some(kept) = kept.get_mut(number as usize)
            && **sensor == format!("sensor/s{}", number as u64 % u64::from(SENSORS))
        {
            assert!(!std::mem::replace(kept, true), "the history has a key twice");
        }
        ControlFlow::Continue(())
    };
    history.visit("live", Span::ALL, &mut visit).unwrap();
    let (starts, handed) = read(folder);
    let (mut twice, mut back) = (0, 0);
    for of_sensor in handed.values() {
        for pair in of_sensor.windows(2) {
            let ((start_a, a), (start_b, b)) = (pair[0], pair[1]);
            twice += u64::from(a == b && start_a == start_b);
            back += u64::from(b < a);
        }
    }
    Outcome {
        published,
        kept: kept.iter().filter(|kept| **kept).count() as u64,
        handed: handed.values().map(|of_sensor| of_sensor.len() as u64).sum(),
        twice,
        back,
        starts,
    }
}

/// How long a plan took, for a report.
pub fn timed(run: impl FnOnce() -> Outcome) -> (Outcome, Duration) {
    let begin = Instant::now();
    (run(), begin.elapsed())
}
