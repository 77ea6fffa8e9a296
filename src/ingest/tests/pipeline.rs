//! What becomes of readings in one process: history, dead letters, live values, a new start, replay.

mod support;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use citytwin_feeds::{Clock, Delivery, Sensor, mapping::Sources};
use citytwin_history::{History, SeriesKey, Span, Store};
use citytwin_ingest::{Change, Feeds, Ingest, Live, Replay, Settings};
use citytwin_model::{
    Coord, District, Districts, GeoBounds, Origin, Quality, Quantity, SensorId, SourceRef, Timestamp,
};
use support::{PATIENCE, anchor, becomes_true, sensors};

/// 2026-03-01T12:00:00Z, microsecond.
const NOON_US: i64 = 1_772_366_400_000_000;

/// A city with three sensors whose clock is set by hand.
struct City {
    sensors: Vec<Sensor>,
    now_us: Arc<AtomicI64>,
    store: Arc<History>,
}

impl City {
    fn new(folder: &Path) -> Self {
        Self::limited(folder, None)
    }

    /// With a history that takes no more than so many bytes.
    fn limited(folder: &Path, hot_bytes: Option<u64>) -> Self {
        let settings = citytwin_history::Settings { hot_bytes, ..citytwin_history::Settings::default() };
        let store = Arc::new(History::open(folder, settings).unwrap());
        Self { sensors: sensors(3), now_us: Arc::new(AtomicI64::new(NOON_US)), store }
    }

    fn start(&self) -> Ingest {
        self.start_with(None)
    }

    fn start_with(&self, sources: Option<&Sources>) -> Ingest {
        self.start_by(sources, None)
    }

    /// Counts by districts of these names, at so many metres to the east.
    fn start_counting(&self, districts: &[(&str, f64)]) -> Ingest {
        let (origin, centre) = (anchor(), anchor().origin);
        let bounds = GeoBounds { west: centre.lon, south: centre.lat, east: centre.lon, north: centre.lat };
        let mut city = citytwin_model::City::empty("demo", origin, bounds);
        city.districts = districts.iter().map(|(name, x)| district(name, *x)).collect();
        self.start_by(None, Some(Districts::of(&city)))
    }

    fn start_by(&self, sources: Option<&Sources>, districts: Option<Districts>) -> Ingest {
        let now_us = Arc::clone(&self.now_us);
        let clock: Clock = Arc::new(move || Timestamp::from_microsecond(now_us.load(Ordering::SeqCst)).unwrap());
        let feeds = Feeds { city: "demo", sensors: &self.sensors, anchor: anchor(), sources, brokers: Vec::new() };
        let settings = Settings { districts, ..Settings::new("test".to_owned()) };
        Ingest::start(&feeds, self.store.clone(), settings, clock).unwrap()
    }

    /// Sends a payload, received now, and waits until it is settled.
    fn send(&self, ingest: &Ingest, sensor: u32, payload: &str) {
        let before = ingest.status().sources[0].messages;
        let received = Timestamp::from_microsecond(self.now_us.load(Ordering::SeqCst)).unwrap();
        let topic = format!("citytwin/demo/s{sensor}/speed");
        ingest.offers().send(Delivery::new(0, topic, payload, received)).unwrap();
        assert!(becomes_true(PATIENCE, || ingest.status().sources[0].messages > before));
    }

    fn pass(&self, seconds: f64) {
        self.now_us.fetch_add((seconds * 1e6) as i64, Ordering::SeqCst);
    }

    fn kept(&self, sensor: u32) -> Vec<(i64, f64, Quality)> {
        let key = SeriesKey::new("live", &format!("sensor/s{sensor}"), Quantity::Speed).unwrap();
        let Some(series) = self.store.find(&key) else { return Vec::new() };
        let rows = self.store.range(series, Span::ALL, usize::MAX).unwrap();
        rows.iter().map(|row| ((row.observed_us - NOON_US) / 1_000_000, row.value, row.quality)).collect()
    }
}

fn district(name: &str, x: f64) -> District {
    let source = SourceRef::local("district", name);
    District { source, name: name.to_owned(), at: Coord { x, y: 0.0 }, origin: Origin::Stated }
}

/// A payload observed so many seconds after noon.
fn at(seconds: i64, value: f64) -> String {
    format!(r#"{{"value":{value},"observed_at":{}}}"#, NOON_US / 1000 + seconds * 1000)
}

fn news(live: &Live) -> Vec<(u32, f64, Quality)> {
    let one = |change: Change| match change {
        Change::Reading(reading) => (reading.sensor.0, reading.value, reading.quality),
        Change::Quality { sensor, quality } => (sensor.0, f64::MAX, quality),
    };
    live.take(usize::MAX).into_iter().map(one).collect()
}

#[test]
fn history_gets_all_the_twin_the_newest_and_nobody_anything_twice() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let ingest = city.start();
    city.pass(30.0);
    for (observed, value) in [(10, 1.0), (20, 2.0), (15, 3.0), (20, 9.0), (10, 9.0)] {
        city.send(&ingest, 1, &at(observed, value));
    }
    city.send(&ingest, 2, "44");
    assert_eq!(news(ingest.live()), [(1, 2.0, Quality::Good), (2, 44.0, Quality::Good)]);
    let good = Quality::Good;
    assert_eq!(city.kept(1), [(10, 1.0, good), (15, 3.0, good), (20, 2.0, good)]);
    let status = ingest.status();
    let source = &status.sources[0];
    assert_eq!((source.messages, source.readings, source.late), (6, 6, 1));
    assert_eq!((status.committed, status.duplicates, status.conflated), (4, 2, 1));
    assert!(status.failure.is_none() && source.broker.is_none());
}

#[test]
fn what_gives_no_reading_is_kept_as_it_came_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let mut ingest = city.start();
    city.send(&ingest, 1, "garbage");
    city.send(&ingest, 77, "1");
    city.send(&ingest, 0, &"x".repeat(100_000));
    // A source that nobody has is passed over.
    ingest.offers().send(Delivery::new(9, "t", "1", Timestamp::UNIX_EPOCH)).unwrap();
    city.send(&ingest, 0, "5");
    ingest.stop();
    let letters = city.store.dead_letters(None, 0, 10).unwrap();
    let told: Vec<_> = letters.iter().map(|l| (&*l.letter.feed, l.letter.bytes.len(), l.length)).collect();
    assert_eq!(told, [("mqtt", 7, 7), ("mqtt", 1, 1), ("mqtt", 65_536, 100_000)]);
    assert_eq!(letters[0].letter.received_us, NOON_US);
    let status = ingest.status();
    let source = &status.sources[0];
    assert_eq!((source.dead["malformed"], source.dead["unknown sensor"], source.dead["too large"]), (1, 1, 1));
    assert_eq!((source.dead_total(), source.messages, status.committed), (3, 4, 1));
    assert_eq!(news(ingest.live()), [(0, 5.0, Quality::Good)], "what waits outlives the thread");
}

/// That the broker sends again does not say that it came before: two equal messages without a stamp are two readings, and
/// the repeated one is of unknown age. With a stamp they are one.
#[test]
fn a_message_that_a_broker_sends_again_is_doubted_and_not_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let mut ingest = city.start();
    let repeated = |sensor: u32, payload: &str| {
        let received = Timestamp::from_microsecond(city.now_us.load(Ordering::SeqCst)).unwrap();
        let topic = format!("citytwin/demo/s{sensor}/speed");
        let mut delivery = Delivery::new(0, topic, payload, received);
        delivery.repeated = true;
        ingest.offers().send(delivery).unwrap();
    };
    city.send(&ingest, 0, "5");
    city.send(&ingest, 1, &at(-20, 6.0));
    city.pass(2.0);
    repeated(0, "5");
    repeated(1, &at(-20, 6.0));
    repeated(2, &at(-10, 7.0));
    assert!(becomes_true(PATIENCE, || ingest.status().sources[0].messages == 5));
    ingest.stop();
    assert_eq!(city.kept(0), [(0, 5.0, Quality::Good), (2, 5.0, Quality::Uncertain)]);
    assert_eq!(city.kept(1), [(-20, 6.0, Quality::Good)]);
    assert_eq!(city.kept(2), [(-10, 7.0, Quality::Good)], "its stamp says how old it is");
}

#[test]
fn a_new_start_goes_on_from_the_history_and_old_messages_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let ingest = city.start();
    city.send(&ingest, 1, &at(-20, 1.0));
    city.send(&ingest, 1, &at(-10, 2.0));
    drop(ingest);

    let ingest = city.start();
    assert_eq!((news(ingest.live()), ingest.status().seeded), (vec![(1, 2.0, Quality::Good)], 1));
    city.send(&ingest, 1, &at(-10, 2.0));
    city.send(&ingest, 1, &at(-20, 1.0));
    assert_eq!((news(ingest.live()), city.kept(1).len()), (Vec::new(), 2));
    assert_eq!((ingest.status().committed, ingest.status().duplicates), (0, 2));
}

#[test]
fn silence_makes_values_stale_and_a_new_one_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let ingest = city.start();
    city.send(&ingest, 0, &at(0, 7.0));
    assert_eq!(news(ingest.live()), [(0, 7.0, Quality::Good)]);
    city.pass(41.0);
    assert!(becomes_true(PATIENCE, || !ingest.live().is_empty()));
    assert_eq!(news(ingest.live()), [(0, f64::MAX, Quality::Stale)]);
    city.send(&ingest, 0, &at(41, 8.0));
    assert_eq!(news(ingest.live()), [(0, 8.0, Quality::Good)]);
}

/// Live and replay of one log hand over the same values at the same times.
#[test]
fn a_replay_hands_over_what_live_did() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let mut ingest = city.start();
    let mut live: Vec<(i64, Vec<(u32, f64, Quality)>)> = Vec::new();
    for step in 0..120 {
        city.pass(1.0);
        // Late by up to 40 s, every tenth again, some impossible to believe.
        let observed = step - (step * 7) % 40;
        let value = if step % 11 == 0 { 299.0 } else { (step % 50) as f64 };
        city.send(&ingest, (step % 3) as u32, &at(observed, value));
        if step % 10 == 0 {
            city.send(&ingest, (step % 3) as u32, &at(observed, value));
        }
        live.push((city.now_us.load(Ordering::SeqCst), news(ingest.live())));
    }
    ingest.stop();
    let store: Arc<dyn Store> = city.store.clone();
    let mut replay = Replay::new(Arc::clone(&store), &city.sensors, "live", Span::ALL);
    let handed = Live::new(3);
    let mut readings = 0;
    let only_readings =
        |news: Vec<(u32, f64, Quality)>| news.into_iter().filter(|(_, value, _)| *value < f64::MAX).collect::<Vec<_>>();
    for (now_us, expected) in live {
        readings += replay.advance(Timestamp::from_microsecond(now_us).unwrap(), &handed).unwrap();
        assert_eq!(only_readings(news(&handed)), only_readings(expected));
    }
    assert_eq!(replay.next_at().unwrap(), None);
    assert_eq!(readings, ingest.status().committed);
    let all = Replay::new(store, &city.sensors, "live", Span::ALL).map(Result::unwrap);
    let all: Vec<_> = all.map(|reading| (reading.received_at, reading.sensor)).collect();
    assert_eq!(all.len() as u64, readings);
    assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert_eq!(all[0].1, SensorId(0));
}

/// More readings of one instant than are held at a time, and readings on both sides of it.
#[test]
fn a_replay_gives_every_reading_once_however_many_came_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let ingest = city.start();
    for part in 0..130 {
        if part == 1 || part == 129 {
            city.pass(1.0);
        }
        let items: Vec<String> = (0..1000).map(|n| at(-200_000 + part * 1000 + n, 1.0)).collect();
        city.send(&ingest, 0, &format!("[{}]", items.join(",")));
    }
    let store: Arc<dyn Store> = city.store.clone();
    let mut seen: Vec<i64> = Replay::new(store, &city.sensors, "live", Span::ALL)
        .map(|reading| reading.unwrap().observed_at.as_second())
        .collect();
    assert_eq!(seen.len(), 130_000);
    seen.sort_unstable();
    assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1));
}

#[test]
fn a_history_that_takes_nothing_holds_everything_back_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::limited(folder.path(), Some(400_000));
    let mut ingest = city.start();
    let received = Timestamp::from_microsecond(NOON_US).unwrap();
    for part in 0..60 {
        let items: Vec<String> = (0..1000).map(|n| at(part * 1000 + n - 200_000, 1.0)).collect();
        let payload = format!("[{}]", items.join(","));
        ingest.offers().send(Delivery::new(0, "citytwin/demo/s0/speed", payload, received)).unwrap();
    }
    assert!(becomes_true(PATIENCE, || ingest.status().failure.is_some()), "{:?}", ingest.status());
    let committed = ingest.status().committed;
    let newest = ingest.live().take(9).pop();
    let Some(Change::Reading(newest)) = newest else { panic!("{newest:?}") };
    // Of what came, the twin has what the history has, and no more.
    assert_eq!(newest.observed_at.as_second(), NOON_US / 1_000_000 - 200_000 + committed as i64 - 1);
    ingest.stop();
    assert_eq!((ingest.live().len(), ingest.status().committed), (0, committed));
    assert!(!ingest.status().failure.unwrap().contains('\n'));
}

const SOURCES: &str = r#"
version = 4

[[source]]
id = "loops"
kind = "mqtt"
address = "mqtts://mqtt.example.org"

[[mapping]]
id = "speeds"
source = "loops"
topic = "loops/{nr}"
format = "json"
time = "$.at"
time_format = "unix_ms"

[[mapping.take]]
value = "$.v"
quantity = "speed"
unit = "m/s"
sensor = "s{nr}"
"#;

#[test]
fn mapped_sources_keep_their_name_and_version_and_so_do_their_dead_letters() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let sources = Sources::parse("sources.toml", SOURCES).unwrap();
    let ingest = city.start_with(Some(&sources));
    let received = Timestamp::from_microsecond(NOON_US).unwrap();
    let good = format!(r#"{{"v":10,"at":{}}}"#, NOON_US / 1000 - 1000);
    for (topic, payload) in [("loops/2", &*good), ("loops/9", &*good), ("loops/1", "{"), ("other", "1")] {
        ingest.offers().send(Delivery::new(0, topic, payload, received)).unwrap();
    }
    assert!(becomes_true(PATIENCE, || ingest.status().sources[0].messages == 4));
    assert_eq!(news(ingest.live()), [(2, 36.0, Quality::Good)]);
    let version = sources.version.to_string();
    let key = SeriesKey::new("live", "sensor/s2", Quantity::Speed).unwrap();
    let row = city.store.last(city.store.find(&key).unwrap(), i64::MAX, 1).unwrap()[0];
    let made_by = city.store.source_of(row.source).unwrap();
    assert_eq!((&*made_by.feed, &*made_by.mapping, made_by.emulated), ("loops", &*version, false));
    let letters = city.store.dead_letters(Some("loops"), 0, 9).unwrap();
    assert_eq!(letters.len(), 3);
    assert!(letters.iter().all(|letter| letter.letter.mapping == version));
    let status = ingest.status();
    assert_eq!((status.sources[0].feed.as_str(), status.sources[1].feed.as_str()), ("loops", "mqtt"));
    assert_eq!(status.sources[0].dead_total(), 3);
}

/// Two districts of two sensors: in one both speak as they should and then one of them no more, the other is silent.
#[test]
fn districts_tell_who_speaks_who_fell_silent_and_who_never_spoke() {
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path());
    city.sensors = sensors(4);
    (city.sensors[2].at.x, city.sensors[3].at.x) = (2_000.0, 9_000.0);
    let ingest = city.start_counting(&[("Hafen", 1_900.0), ("Leer", -5_000.0), ("Mitte", 100.0)]);
    let told = |ingest: &Ingest| -> Vec<(String, [u32; 4], u32, Option<f64>)> {
        let counts = ingest.status().districts;
        counts.districts.into_iter().map(|d| (d.name, d.qualities, d.silent, d.completeness)).collect()
    };
    // The first slot of five minutes is not watched in full: nothing is due yet.
    let begun = [("Hafen".to_owned(), [0; 4], 2, None), ("Mitte".to_owned(), [0; 4], 2, None)];
    assert!(becomes_true(PATIENCE, || told(&ingest) == begun), "{:?}", told(&ingest));
    let counts = ingest.status().districts;
    assert!(counts.named && counts.rule.contains("nearest"), "{}", counts.rule);
    for step in 1..=90 {
        city.pass(10.0);
        city.send(&ingest, 0, &at(step * 10, step as f64));
        if step < 60 {
            city.send(&ingest, 1, &at(step * 10, step as f64));
        }
    }
    // Two slots were watched in full, from 300 s to 900 s after noon. Of 30 readings each that are due in each, one sensor gave
    // all, the other 30 and none: 90 of 120. The silent ones owe as much.
    let later = [("Hafen".to_owned(), [0; 4], 2, Some(0.0)), ("Mitte".to_owned(), [1, 0, 0, 1], 0, Some(0.75))];
    assert!(becomes_true(PATIENCE, || told(&ingest) == later), "{:?}", told(&ingest));
    let plain = city.start();
    city.send(&plain, 0, &at(1_000, 5.0));
    assert!(becomes_true(PATIENCE, || plain.status().sources[0].qualities[0] > 0));
    assert!(plain.status().districts.districts.is_empty(), "nobody asked for them");
}
