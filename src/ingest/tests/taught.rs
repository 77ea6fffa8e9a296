//! What devices told once about their messages is still known after a new start, and to letters that are tried again.

mod support;

use std::sync::Arc;

use citytwin_feeds::{Clock, Delivery, mapping::Sources};
use citytwin_history::{History, Store};
use citytwin_ingest::{Change, Feeds, Ingest, Retry, Settings, retry_dead};
use citytwin_model::{Quality, Sensor, Timestamp};
use support::{
    PATIENCE, anchor, becomes_true, sensors,
    sparkplug::{Metric, number, payload},
};

const SOURCES: &str = r#"
version = 1
[[source]]
id = "line"
kind = "mqtt"
address = "mqtt://127.0.0.1:1"
[[source]]
id = "home"
kind = "mqtt"
address = "mqtt://127.0.0.1:1"

[[mapping]]
id = "machines"
source = "line"
topic = "spBv1.0/#"
format = "sparkplug-b"
[[mapping.take]]
property = "speed"
quantity = "speed"
sensor = "s1"

[[mapping]]
id = "rooms"
source = "home"
format = "home-assistant"
[[mapping.take]]
device = "hall"
quantity = "speed"
sensor = "s0"
"#;

struct City {
    sources: Sources,
    sensors: Vec<Sensor>,
    store: Arc<History>,
}

impl City {
    fn feeds(&self) -> Feeds<'_> {
        let (sensors, sources) = (&self.sensors, Some(&self.sources));
        Feeds { city: "demo", sensors, anchor: anchor(), sources, brokers: Vec::new() }
    }

    fn start(&self) -> Ingest {
        let now: Clock = Arc::new(Timestamp::now);
        let ingest = Ingest::start(&self.feeds(), self.store.clone(), Settings::new("test".to_owned()), now).unwrap();
        ingest.live().take(usize::MAX);
        ingest
    }
}

/// Sends a message and tells what became of the sensors.
fn send(ingest: &Ingest, source: u16, topic: &str, payload: impl Into<Vec<u8>>) -> Vec<(u32, Option<f64>, Quality)> {
    let messages = || ingest.status().sources[usize::from(source)].messages;
    let before = messages();
    ingest.offers().send(Delivery::new(source, topic, payload, Timestamp::now())).unwrap();
    assert!(becomes_true(PATIENCE, || messages() > before));
    let one = |change: Change| match change {
        Change::Reading(reading) => (reading.sensor.0, Some(reading.value), reading.quality),
        Change::Quality { sensor, quality } => (sensor.0, None, quality),
    };
    ingest.live().take(usize::MAX).into_iter().map(one).collect()
}

fn birth() -> Vec<u8> {
    payload(0, &[Metric { name: Some("speed"), alias: Some(7), value: 50.0, historical: false }], true)
}

fn data(sequence: u64, value: f64) -> Vec<u8> {
    payload(sequence, &[Metric { name: None, alias: Some(7), value, historical: false }], false)
}

#[test]
fn a_new_start_reads_on_by_what_was_taught_before() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(History::open(folder.path(), citytwin_history::Settings::default()).unwrap());
    let city = City { sources: Sources::parse("sources.toml", SOURCES).unwrap(), sensors: sensors(3), store };
    let ingest = city.start();
    let (data_topic, death_topic) = ("spBv1.0/works/NDATA/press", "spBv1.0/works/NDEATH/press");
    // Before any birth its alias says nothing.
    assert_eq!(send(&ingest, 0, data_topic, data(3, 49.0)), []);
    assert_eq!(ingest.status().sources[0].dead_total(), 1);
    assert_eq!(send(&ingest, 0, "spBv1.0/works/NBIRTH/press", birth()), [(1, Some(50.0), Quality::Good)]);
    assert_eq!(send(&ingest, 0, data_topic, data(1, 51.0)), [(1, Some(51.0), Quality::Good)]);
    let config = r#"{"state_topic":"hall/speed","unique_id":"hall","unit_of_measurement":"km/h"}"#;
    assert_eq!(send(&ingest, 1, "homeassistant/sensor/hall/config", config), []);
    drop(ingest);

    let ingest = city.start();
    // There may have been another birth while nobody listened.
    assert_eq!(send(&ingest, 0, data_topic, data(9, 52.0)), [(1, Some(52.0), Quality::Uncertain)]);
    assert_eq!(ingest.status().sources[0].rebirths_wanted, 1);
    assert_eq!(send(&ingest, 1, "hall/speed", "42"), [(0, Some(42.0), Quality::Good)]);
    assert_eq!(send(&ingest, 0, death_topic, number(1, 1)), [(1, None, Quality::Stale)]);
    assert_eq!(send(&ingest, 0, "spBv1.0/works/NBIRTH/press", birth()).last(), Some(&(1, Some(50.0), Quality::Good)));
    assert_eq!(send(&ingest, 0, data_topic, data(1, 53.0)), [(1, Some(53.0), Quality::Good)]);
    // An empty configuration takes its entity back, for later starts as well.
    assert_eq!(send(&ingest, 1, "homeassistant/sensor/hall/config", ""), []);
    drop(ingest);
    assert_eq!((city.store.lessons("line").unwrap().len(), city.store.lessons("home").unwrap().len()), (1, 0));

    let retry = Retry { feed: Some("line".to_owned()), limit: 9 };
    let settings = Settings::new("test".to_owned());
    let retried = retry_dead(city.store.as_ref(), &city.feeds(), &settings, &retry, Timestamp::now()).unwrap();
    assert_eq!((retried.tried, retried.resolved, retried.new), (1, 1, 1), "{retried:?}");
}
