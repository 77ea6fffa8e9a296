//! What live took foreign readings for, a replay takes them for: declared lives, readings that were stored and sent
//! later, devices that died, restarts of the program.

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use citytwin_feeds::{Clock, Delivery, mapping::Sources};
use citytwin_history::{History, Span, Store};
use citytwin_ingest::{Change, Feeds, Ingest, Live, Replay, Settings};
use citytwin_model::{Quality, Timestamp};
use support::{
    PATIENCE, anchor, becomes_true, sensors,
    sparkplug::{Metric, payload_at, session},
};

/// 2026-03-01T12:00:00Z, microsecond.
const NOON_US: i64 = 1_772_366_400_000_000;

const SOURCES: &str = r#"
version = 1
[[source]]
id = "home"
kind = "mqtt"
address = "mqtt://127.0.0.1:1"
[[source]]
id = "line"
kind = "mqtt"
address = "mqtt://127.0.0.1:1"
[[source]]
id = "loops"
kind = "mqtt"
address = "mqtt://127.0.0.1:1"

[[mapping]]
id = "rooms"
source = "home"
format = "home-assistant"
[[mapping.take]]
device = "hall"
quantity = "speed"
sensor = "s0"

[[mapping]]
id = "machines"
source = "line"
topic = "spBv1.0/#"
format = "sparkplug-b"
[[mapping.take]]
property = "speed"
quantity = "speed"
unit = "km/h"
sensor = "s1"

[[mapping]]
id = "loops"
source = "loops"
topic = "loop/{nr}"
format = "json"
time = "$.at"
time_format = "unix_s"
[[mapping.take]]
value = "$.v"
quantity = "speed"
ttl_s = 200
valid = [0, 80]
sensor = "s{nr}"
"#;

type State = BTreeMap<u32, (f64, Quality)>;

fn take(live: &Live, state: &mut State) {
    for change in live.take(usize::MAX) {
        match change {
            Change::Reading(reading) => {
                state.insert(reading.sensor.0, (reading.value, reading.quality));
            }
            Change::Quality { sensor, quality } => state.get_mut(&sensor.0).expect("it had a value").1 = quality,
        }
    }
}

struct City {
    sources: Sources,
    now_us: Arc<AtomicI64>,
    store: Arc<History>,
    sequence: u64,
}

impl City {
    fn start(&self) -> Ingest {
        let now_us = Arc::clone(&self.now_us);
        let clock: Clock = Arc::new(move || Timestamp::from_microsecond(now_us.load(Ordering::SeqCst)).unwrap());
        let (sensors, sources) = (sensors(4), Some(&self.sources));
        let feeds = Feeds { city: "demo", sensors: &sensors, anchor: anchor(), sources, brokers: Vec::new() };
        Ingest::start(&feeds, self.store.clone(), Settings::new("test".to_owned()), clock).unwrap()
    }

    fn seconds(&self) -> i64 {
        (self.now_us.load(Ordering::SeqCst) - NOON_US) / 1_000_000
    }

    fn send(&self, ingest: &Ingest, source: u16, topic: &str, payload: impl Into<Vec<u8>>) {
        let messages = || ingest.status().sources[usize::from(source)].messages;
        let before = messages();
        let received = Timestamp::from_microsecond(self.now_us.load(Ordering::SeqCst)).unwrap();
        ingest.offers().send(Delivery::new(source, topic, payload, received)).unwrap();
        assert!(becomes_true(PATIENCE, || messages() > before));
        let status = ingest.status();
        assert_eq!(status.sources[usize::from(source)].dead_total(), 0, "{status:?}");
    }

    /// Data of a Sparkplug node observed `ago` seconds before.
    fn machine(&mut self, ingest: &Ingest, kind: &str, (value, ago, historical): (f64, i64, bool)) {
        let at = (NOON_US / 1000 + (self.seconds() - ago) * 1000).cast_unsigned();
        self.sequence = if kind == "NBIRTH" { 0 } else { self.sequence + 1 };
        let metric = Metric { name: Some("speed"), alias: None, value, historical };
        let payload = payload_at(at, self.sequence, &[metric], kind == "NBIRTH");
        self.send(ingest, 1, &format!("spBv1.0/works/{kind}/press"), payload);
    }
}

/// What the devices say at a second.
fn speak(city: &mut City, ingest: &Ingest, second: i64) {
    let config = r#"{"state_topic":"hall/speed","unique_id":"hall","unit_of_measurement":"km/h","expire_after":150,
        "availability_topic":"hall/status"}"#;
    match second {
        10 => city.send(ingest, 0, "homeassistant/sensor/hall/config", config),
        20 => city.machine(ingest, "NBIRTH", (61.0, 0, false)),
        // Dead from here on, until it speaks again.
        40 | 330 => city.send(ingest, 0, "hall/status", "offline"),
        70 => city.machine(ingest, "NDATA", (62.0, 0, false)),
        // Newer than what is live, yet stored: it must not be shown.
        80 => city.machine(ingest, "NDATA", (199.0, 5, true)),
        100 => city.send(ingest, 1, "spBv1.0/works/NDEATH/press", session()),
        120 => city.machine(ingest, "NBIRTH", (63.0, 0, false)),
        _ => {}
    }
    if [15, 60, 300].contains(&second) {
        city.send(ingest, 0, "hall/speed", format!("{}", 20 + second % 7));
    }
    // Ten readings, then silence: stale after 200 s by declaration, after 40 s by what the sensor itself declares. 85 km/h
    // is plausible but for the mapping.
    if second <= 100 && second % 10 == 5 {
        let value = if second == 95 { 85 } else { second };
        city.send(ingest, 2, "loop/2", format!(r#"{{"v":{value},"at":{}}}"#, NOON_US / 1_000_000 + second));
    }
    if second == 35 || second == 90 {
        city.send(ingest, 2, "loop/3", r#"{"v":7}"#);
    }
}

#[test]
fn a_replay_of_foreign_payloads_is_what_live_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(History::open(folder.path(), citytwin_history::Settings::default()).unwrap());
    let sources = Sources::parse("sources.toml", SOURCES).unwrap();
    let mut city = City { sources, now_us: Arc::new(AtomicI64::new(NOON_US)), store, sequence: 0 };
    let mut ingest = city.start();
    let (mut live, mut state): (Vec<(i64, State)>, State) = (Vec::new(), State::new());
    let later = [160, 200, 205, 290, 300, 330, 400, 455, 600];
    for second in (1..=26).map(|step| 5 * step).chain(later) {
        city.now_us.store(NOON_US + second * 1_000_000, Ordering::SeqCst);
        // The program is started anew now and then: it learns again how often sensors speak, and knows who is dead.
        if [45, 105, 200].contains(&second) {
            ingest.stop();
            take(ingest.live(), &mut state);
            ingest = city.start();
            take(ingest.live(), &mut state);
            // A birth tells the aliases and the place in the sequence; configurations are retained at a broker.
            speak(&mut city, &ingest, 10);
        }
        speak(&mut city, &ingest, second);
        // Two looks at what grew old lie between two such: the first may have begun before.
        let looks = ingest.status().looks;
        assert!(becomes_true(PATIENCE, || ingest.status().looks >= looks + 2));
        take(ingest.live(), &mut state);
        live.push((city.now_us.load(Ordering::SeqCst), state.clone()));
    }
    ingest.stop();
    let at = |second: i64| &live.iter().find(|(now_us, _)| *now_us == NOON_US + second * 1_000_000).unwrap().1;
    // The trial has what it is about.
    assert_eq!((at(40)[&0].1, at(60)[&0], at(80)[&1]), (Quality::Stale, (24.0, Quality::Good), (62.0, Quality::Good)));
    assert_eq!((at(100)[&1].1, at(120)[&1]), (Quality::Stale, (63.0, Quality::Good)));
    assert_eq!((at(100)[&2], at(290)[&2].1, at(300)[&2].1), ((85.0, Quality::Bad), Quality::Bad, Quality::Stale));
    assert_eq!((at(330)[&0].1, at(600)[&0].1), (Quality::Stale, Quality::Stale));

    let store: Arc<dyn Store> = city.store.clone();
    let mut replay = Replay::new(Arc::clone(&store), &sensors(4), "live", Span::ALL);
    let (handed, mut replayed) = (Live::new(4), State::new());
    for (now_us, expected) in &live {
        replay.advance(Timestamp::from_microsecond(*now_us).unwrap(), &handed).unwrap();
        take(&handed, &mut replayed);
        assert_eq!(&replayed, expected, "at second {}", (now_us - NOON_US) / 1_000_000);
    }
    assert_eq!(replay.next_at().unwrap(), None);

    // From the middle: what was last known holds, those that are dead included.
    for begin in [42, 102, 110, 299, 332] {
        let from_us = NOON_US + begin * 1_000_000;
        let mut replay = Replay::new(Arc::clone(&store), &sensors(4), "live", Span::new(from_us, Span::ALL.to_us));
        let (handed, mut replayed) = (Live::new(4), State::new());
        replay.seed(86_400.0, &handed).unwrap();
        for (now_us, expected) in live.iter().filter(|(now_us, _)| *now_us > from_us) {
            replay.advance(Timestamp::from_microsecond(*now_us).unwrap(), &handed).unwrap();
            take(&handed, &mut replayed);
            let second = (now_us - NOON_US) / 1_000_000;
            assert_eq!(&replayed, expected, "at second {second} of a replay from {begin}");
        }
    }
}
