//! What sensors, devices and brokers do wrong, through the whole path: an outside broker, the intake, the history, the
//! values that the twin gets. Ages go by a clock that is set by hand.

mod support;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use citytwin_feeds::{Clock, MqttConfig, Sensor};
use citytwin_history::{History, SeriesKey, Span, Store};
use citytwin_ingest::{Broker, Change, Feeds, Ingest, Live, Origin, Replay, Settings, SourceStatus};
use citytwin_model::{Quality, Quantity, Timestamp};
use support::{
    Mosquitto, PATIENCE, anchor, becomes_true, free_port, gate::Gate, mosquitto_installed, publisher, sensors,
};

/// 2026-03-01T12:00:00Z, microsecond.
const NOON_US: i64 = 1_772_366_400_000_000;

/// A city at a mosquitto of its own.
struct City {
    broker: Mosquitto,
    port: u16,
    sensors: Vec<Sensor>,
    now_us: Arc<AtomicI64>,
    store: Arc<History>,
    gate: Arc<Gate>,
    published: u64,
}

impl City {
    fn new(folder: &Path, count: u32) -> Self {
        let port = free_port();
        let history = History::open(&folder.join("history"), citytwin_history::Settings::default());
        let store = Arc::new(history.unwrap());
        Self {
            broker: Mosquitto::start(folder, port, "max_inflight_messages 1000\n"),
            port,
            sensors: sensors(count),
            now_us: Arc::new(AtomicI64::new(NOON_US)),
            gate: Arc::new(Gate::new(store.clone())),
            store,
            published: 0,
        }
    }

    /// Starts the intake and waits until its session is at the broker.
    fn start(&mut self, waiting_bytes: usize) -> Ingest {
        let now_us = Arc::clone(&self.now_us);
        let clock: Clock = Arc::new(move || Timestamp::from_microsecond(now_us.load(Ordering::SeqCst)).unwrap());
        let broker = Broker { origin: Origin::Own, config: MqttConfig::loopback(self.port) };
        let feeds =
            Feeds { city: "demo", sensors: &self.sensors, anchor: anchor(), sources: None, brokers: vec![broker] };
        let settings = Settings { waiting_bytes, ..Settings::new("trials".to_owned()) };
        let ingest = Ingest::start(&feeds, self.gate.clone(), settings, clock).unwrap();
        // A payload that is none: it comes through the session, and leaves values as they are.
        let ready = becomes_true(PATIENCE, || {
            publisher::publish(self.port, "first", 1, f64::MAX, &AtomicU64::new(0), |_| own(0, "x"));
            source(&ingest).messages > 0
        });
        assert!(ready, "{:?}", ingest.status());
        let settled = becomes_true(PATIENCE, || {
            let before = source(&ingest).messages;
            !becomes_true(Duration::from_millis(300), || source(&ingest).messages > before)
        });
        assert!(settled);
        self.published = source(&ingest).messages;
        ingest
    }

    /// Publishes payloads at quality of service 1 and waits until all are settled.
    fn send(&mut self, ingest: &Ingest, messages: &[(u32, String)]) {
        let message = |number: u64| {
            let (sensor, payload) = &messages[number as usize];
            own(*sensor, payload)
        };
        publisher::publish(self.port, "devices", messages.len() as u64, f64::MAX, &AtomicU64::new(0), message);
        self.published += messages.len() as u64;
        let settled = becomes_true(PATIENCE, || source(ingest).messages >= self.published);
        assert!(settled, "{:?}", ingest.status());
    }

    fn pass(&self, seconds: f64) {
        self.now_us.fetch_add((seconds * 1e6) as i64, Ordering::SeqCst);
    }

    /// Observed time (second after noon), value and quality of all rows of a sensor.
    fn kept(&self, sensor: u32) -> Vec<(i64, f64, Quality)> {
        let key = SeriesKey::new("live", &format!("sensor/s{sensor}"), Quantity::Speed).unwrap();
        let rows = self.store.range(self.store.find(&key).unwrap(), Span::ALL, usize::MAX).unwrap();
        rows.iter().map(|row| ((row.observed_us - NOON_US) / 1_000_000, row.value, row.quality)).collect()
    }
}

fn own(sensor: u32, payload: &str) -> (String, Vec<u8>) {
    (format!("citytwin/demo/s{sensor}/speed"), payload.as_bytes().to_vec())
}

fn source(ingest: &Ingest) -> SourceStatus {
    ingest.status().sources.remove(0)
}

/// A payload observed so many seconds after noon.
fn at(seconds: i64, value: f64) -> String {
    format!(r#"{{"value":{value},"observed_at":{}}}"#, NOON_US / 1000 + seconds * 1000)
}

/// Value and quality by sensor, as a twin has them after all news.
#[derive(Default)]
struct Twin(BTreeMap<u32, (f64, Quality)>);

impl Twin {
    fn take(&mut self, ingest: &Ingest) -> usize {
        self.note(ingest.live().take(usize::MAX))
    }

    fn note(&mut self, news: Vec<Change>) -> usize {
        for change in &news {
            match change {
                Change::Reading(reading) => {
                    self.0.insert(reading.sensor.0, (reading.value, reading.quality));
                }
                Change::Quality { sensor, quality } => {
                    self.0.get_mut(&sensor.0).expect("it had a value").1 = *quality;
                }
            }
        }
        news.len()
    }

    fn count(&self, quality: Quality) -> usize {
        self.0.values().filter(|(_, of)| *of == quality).count()
    }
}

/// Sensors that speak every 20 s have a life of 60 s (three times the learned interval, above the 40 s declared). At the
/// threshold none is stale, a second later all are; one that speaks again is so no more.
#[test]
fn a_thousand_silent_sensors_are_stale_within_a_second_of_the_threshold() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path(), 1000);
    let ingest = city.start(64 << 20);
    let mut twin = Twin::default();
    for round in 0..6 {
        let all: Vec<_> = (0..1000).map(|sensor| (sensor, at(20 * round, f64::from(sensor % 90)))).collect();
        city.send(&ingest, &all);
        city.pass(20.0);
        twin.take(&ingest);
    }
    assert_eq!(twin.count(Quality::Good), 1000);
    // The last readings are of second 100, the clock is at 120; the threshold is at 160.
    city.pass(39.0);
    assert!(!becomes_true(Duration::from_millis(600), || twin.take(&ingest) > 0), "stale too early");
    city.pass(2.0);
    let all_stale = becomes_true(PATIENCE, || {
        twin.take(&ingest);
        twin.count(Quality::Stale) == 1000
    });
    assert!(all_stale, "{} of 1000 are stale", twin.count(Quality::Stale));
    city.send(&ingest, &[(7, at(161, 50.0))]);
    twin.take(&ingest);
    assert_eq!((twin.0[&7], twin.count(Quality::Stale)), ((50.0, Quality::Good), 999));
}

/// A clock two hours ahead: its readings are uncertain and stand at the time of receipt, so that the right ones that
/// come later still replace them; right ones that came before do not come back.
#[test]
fn a_clock_two_hours_ahead_is_doubted_and_never_in_the_way() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path(), 2);
    let ingest = city.start(64 << 20);
    let mut twin = Twin::default();
    city.pass(10.0);
    city.send(&ingest, &[(1, at(10, 30.0))]);
    city.pass(10.0);
    city.send(&ingest, &[(1, at(20 + 7200, 99.0))]);
    twin.take(&ingest);
    assert_eq!(twin.0[&1], (99.0, Quality::Uncertain));
    city.pass(10.0);
    city.send(&ingest, &[(1, at(15, 31.0)), (1, at(30, 32.0))]);
    twin.take(&ingest);
    assert_eq!(twin.0[&1], (32.0, Quality::Good));
    let (good, uncertain) = (Quality::Good, Quality::Uncertain);
    assert_eq!(city.kept(1), [(10, 30.0, good), (15, 31.0, good), (20, 99.0, uncertain), (30, 32.0, good)]);
}

/// Every message twice, each second one of another value: the first counts, everywhere.
#[test]
fn duplicates_change_nothing() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path(), 50);
    let ingest = city.start(64 << 20);
    let mut twin = Twin::default();
    city.pass(1000.0);
    let mut messages = Vec::new();
    for second in 0..40 {
        for sensor in 0..50 {
            messages.push((sensor, at(second, second as f64)));
            messages.push((sensor, at(second, 77.0)));
        }
    }
    city.send(&ingest, &messages);
    twin.take(&ingest);
    assert!(twin.0.values().all(|(value, _)| *value == 39.0), "{:?}", twin.0);
    for sensor in [0, 49] {
        let expected: Vec<_> = (0..40).map(|second| (second, second as f64, Quality::Good)).collect();
        assert_eq!(city.kept(sensor), expected);
    }
    let status = ingest.status();
    assert_eq!((status.committed, status.duplicates), (2000, 2000));
}

/// An hour of readings, half of them ten minutes late: what is live never moves back, the history has every one in its
/// place.
#[test]
fn readings_ten_minutes_late_go_to_history_alone() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path(), 1);
    let ingest = city.start(64 << 20);
    let mut twin = Twin::default();
    for minute in 0..60_i64 {
        city.pass(60.0);
        let now = 60 * (minute + 1);
        let mut messages = vec![(0, at(now, minute as f64))];
        if minute >= 10 {
            messages.push((0, at(now - 630, 199.0)));
        }
        city.send(&ingest, &messages);
        twin.take(&ingest);
        assert_eq!(twin.0[&0].0, minute as f64);
    }
    let kept = city.kept(0);
    assert_eq!((kept.len(), source(&ingest).late), (110, 50));
    assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(kept.iter().filter(|(_, value, _)| *value == 199.0).count(), 50);
}

/// The broker goes: all its sensors are uncertain. It comes back: they are what they were. A replay says the
/// same of each time.
#[test]
fn a_lost_broker_marks_its_sensors_and_its_return_clears_them() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path(), 200);
    let ingest = city.start(64 << 20);
    let mut twin = Twin::default();
    let bad = |sensor: u32| sensor.is_multiple_of(10);
    let messages: Vec<_> = (0..200)
        .map(|sensor| {
            let quality = if bad(sensor) { "bad" } else { "good" };
            (sensor, format!(r#"{{"value":40,"quality":"{quality}","observed_at":{}}}"#, NOON_US / 1000))
        })
        .collect();
    city.send(&ingest, &messages);
    twin.take(&ingest);
    assert_eq!((twin.count(Quality::Good), twin.count(Quality::Bad)), (180, 20));
    city.pass(5.0);
    city.broker.terminate();
    let marked = becomes_true(PATIENCE, || {
        twin.take(&ingest);
        twin.count(Quality::Uncertain) == 180
    });
    assert!(marked && twin.count(Quality::Bad) == 20, "{:?}", ingest.status());
    let lost = twin.0.clone();
    city.pass(5.0);
    city.broker.start_again();
    let cleared = becomes_true(PATIENCE, || {
        twin.take(&ingest);
        twin.count(Quality::Good) == 180
    });
    assert!(cleared && twin.count(Quality::Bad) == 20, "{:?}", ingest.status());
    drop(ingest);
    for (from_s, until_s, expected) in [(-10, 6, &lost), (7, 8, &lost), (-10, 12, &twin.0), (12, 13, &twin.0)] {
        let at = |second: i64| NOON_US + second * 1_000_000;
        let span = Span::new(at(from_s), Span::ALL.to_us);
        let mut replay = Replay::new(city.store.clone(), &city.sensors, "live", span);
        let (live, mut replayed) = (Live::new(200), Twin::default());
        replay.seed(86_400.0, &live).unwrap();
        replay.advance(Timestamp::from_microsecond(at(until_s)).unwrap(), &live).unwrap();
        replayed.note(live.take(usize::MAX));
        assert_eq!(&replayed.0, expected, "from {from_s} to {until_s} s");
    }
}

/// While nothing can be committed, a burst fills the room that messages may take and no more. At quality of service 1 the
/// rest waits at the broker, and all of it is there afterwards; at 0 what finds no room is counted.
#[test]
fn a_burst_stays_within_its_room_and_what_is_shed_is_counted() {
    if !mosquitto_installed() {
        return;
    }
    for qos in [0, 1] {
        let folder = tempfile::tempdir().unwrap();
        let mut city = City::new(folder.path(), 100);
        let room = 64 << 10;
        let ingest = city.start(room);
        city.pass(10_000.0);
        let count = 20_000_u64;
        let message = |n: u64| own((n % 100) as u32, &at((n / 100) as i64, 50.0));
        city.gate.close();
        if qos == 1 {
            publisher::publish(city.port, "burst", count, f64::MAX, &AtomicU64::new(0), message);
        } else {
            publisher::throw(city.port, count, message).unwrap();
        }
        let broker = || source(&ingest).broker.unwrap();
        let full = |waiting: usize| waiting > room - 1000 && waiting <= room;
        assert!(becomes_true(PATIENCE, || full(broker().waiting_bytes)), "{:?}", broker());
        if qos == 0 {
            // What the broker itself may drop on its way never came.
            assert!(becomes_true(PATIENCE, || broker().shed > count / 2), "{:?}", broker());
        }
        assert!(full(broker().waiting_bytes), "{:?}", broker());
        city.gate.open();
        let settled = becomes_true(PATIENCE, || {
            let came = broker();
            let whole = qos == 0 || ingest.status().committed >= count;
            whole && came.waiting_bytes == 0 && source(&ingest).messages + came.shed == came.messages
        });
        assert!(settled, "{:?}", ingest.status());
        if qos == 1 {
            assert_eq!((broker().shed, ingest.status().committed, city.kept(99).len()), (0, count, 200));
        } else {
            assert!(ingest.status().committed + broker().shed <= count, "{:?}", ingest.status());
        }
    }
}
