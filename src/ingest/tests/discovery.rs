//! Devices that say themselves where they speak (Home Assistant), at a broker that is not ours.

mod support;

use std::sync::{Arc, atomic::AtomicU64};

use citytwin_feeds::{Clock, Secrets, mapping::Sources};
use citytwin_history::History;
use citytwin_ingest::{Broker, Change, Feeds, Ingest, Settings};
use citytwin_model::{Quality, Timestamp};
use support::{Mosquitto, PATIENCE, anchor, becomes_true, free_port, mosquitto_installed, publisher::publish, sensors};

/// The state topic is named by a message alone; it is subscribed to when that has come.
#[test]
fn the_topics_of_announced_devices_are_subscribed_to() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _broker = Mosquitto::start(folder.path(), port, "");
    let text = format!(
        "version = 1\n[[source]]\nid = \"home\"\nkind = \"mqtt\"\naddress = \"mqtt://127.0.0.1:{port}\"\nuser_env = \"USER\"\n\
         [[mapping]]\nid = \"m\"\nsource = \"home\"\nformat = \"home-assistant\"\n[[mapping.take]]\nquantity = \"speed\"\n\
         sensor = \"s1\"\n"
    );
    let sources = Sources::parse("sources.toml", &text).unwrap();
    let brokers = Broker::of(&sources, folder.path(), &Secrets::given([("USER", "ann")])).unwrap();
    let missing = Broker::of(&sources, folder.path(), &Secrets::given([("PASSWORD", "s3cret")])).unwrap_err();
    assert!(missing.0 == "home" && missing.1.to_string().contains("USER"), "{missing:?}");
    let store = Arc::new(History::open(&folder.path().join("history"), citytwin_history::Settings::default()).unwrap());
    let sensors = sensors(3);
    let feeds = Feeds { city: "demo", sensors: &sensors, anchor: anchor(), sources: Some(&sources), brokers };
    let now: Clock = Arc::new(Timestamp::now);
    let ingest = Ingest::start(&feeds, store, Settings::new("test".to_owned()), now).unwrap();
    let connected = || ingest.status().sources[0].broker.as_ref().is_some_and(|b| b.connections == 1);
    assert!(becomes_true(PATIENCE, connected), "{:?}", ingest.status());
    let one = |name: &str, topic: &'static str, payload: &'static str| {
        publish(port, name, 1, 1000.0, &AtomicU64::new(0), |_| (topic.to_owned(), payload.into()));
    };
    let config = r#"{"state_topic":"hall/speed","unique_id":"hall","unit_of_measurement":"km/h","availability_topic":"hall/status"}"#;
    assert!(becomes_true(PATIENCE, || {
        one("announcer", "homeassistant/sensor/hall/config", config);
        ingest.status().sources[0].messages > 0
    }));
    // Sent until it is heard: nobody tells when the broker has the new topic.
    assert!(
        becomes_true(PATIENCE, || {
            one("device", "hall/speed", "42");
            !ingest.live().is_empty()
        }),
        "{:?}",
        ingest.status()
    );
    let news = ingest.live().take(9);
    assert!(matches!(&news[..], [Change::Reading(reading)] if reading.value == 42.0), "{news:?}");
    // So is the topic that says whether it is there.
    let gone = becomes_true(PATIENCE, || {
        one("device", "hall/status", "offline");
        let news = ingest.live().take(9);
        news.iter().any(|change| matches!(change, Change::Quality { quality: Quality::Stale, .. }))
    });
    assert!(gone, "{:?}", ingest.status());
}
