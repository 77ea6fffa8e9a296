//! Dead letters tried again after a mapping was mended.

mod support;

use std::sync::Arc;

use citytwin_feeds::{Clock, Delivery, Sensor, mapping::Sources};
use citytwin_history::{History, Row, SeriesKey, Span, Store};
use citytwin_ingest::{Feeds, Ingest, Retried, Retry, Settings, retry_dead};
use citytwin_model::{Quality, Quantity, Timestamp};
use support::{PATIENCE, anchor, becomes_true, sensors};

fn noon() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

/// Its mapping names sensors by this template.
fn sources(version: u32, sensor: &str) -> Sources {
    let text = format!(
        "version = {version}\n[[source]]\nid = \"loops\"\nkind = \"mqtt\"\naddress = \"mqtts://mqtt.example.org\"\n[[mapping]]\n\
         id = \"m\"\nsource = \"loops\"\ntopic = \"loops/{{nr}}\"\nformat = \"json\"\neach = \"$[*]\"\ntime = \"@.at\"\n\
         [[mapping.take]]\nvalue = \"@.v\"\nquantity = \"speed\"\nsensor = \"{sensor}\"\n"
    );
    Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn feeds<'a>(sensors: &'a [Sensor], sources: &'a Sources) -> Feeds<'a> {
    Feeds { city: "demo", sensors, anchor: anchor(), sources: Some(sources), brokers: Vec::new() }
}

fn kept(store: &History, sensor: u32) -> Vec<Row> {
    let key = SeriesKey::new("live", &format!("sensor/s{sensor}"), Quantity::Speed).unwrap();
    store.find(&key).map_or_else(Vec::new, |series| store.range(series, Span::ALL, usize::MAX).unwrap())
}

/// Takes messages of the loops as they came, and ends.
fn take(store: &Arc<History>, sensors: &[Sensor], sources: &Sources, messages: &[(&str, &str)]) {
    let clock: Clock = Arc::new(noon);
    let mut ingest =
        Ingest::start(&feeds(sensors, sources), store.clone(), Settings::new("test".to_owned()), clock).unwrap();
    for (topic, payload) in messages {
        ingest.offers().send(Delivery::new(0, *topic, *payload, noon())).unwrap();
    }
    assert!(becomes_true(PATIENCE, || ingest.status().sources[0].messages == messages.len() as u64));
    ingest.stop();
}

#[test]
fn letters_are_read_by_the_mended_mapping_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(History::open(folder.path(), citytwin_history::Settings::default()).unwrap());
    let sensors = sensors(3);
    let long = format!("[{{\"v\":1}},\"{}\"]", "x".repeat(100_000));
    let messages = [
        ("loops/1", r#"[{"v":10,"at":"2024-05-01T11:59:00Z"},{"v":11,"at":"2024-05-01T11:58:00Z"}]"#),
        ("loops/2", r#"[{"v":20}]"#),
        ("loops/9", r#"[{"v":30}]"#),
        ("loops/1", "garbage"),
        ("elsewhere", "[]"),
        ("loops/1", &*long),
        ("loops/1", r#"[{"v":40,"at":"2024-05-01T11:57:00Z"},{"v":"forty"}]"#),
        ("loops/2", r#"[{"v":"none"}]"#),
    ];
    take(&store, &sensors, &sources(1, "loop-{nr}"), &messages);
    let waiting = store.dead_letters(None, 0, 99).unwrap();
    assert_eq!(waiting.len(), 8);
    assert!(kept(&store, 1).is_empty());

    let mended = sources(2, "s{nr}");
    let (feeds, settings) = (feeds(&sensors, &mended), Settings::new("test".to_owned()));
    let retry = |feed: Option<&str>, limit: usize| {
        let retry = Retry { feed: feed.map(str::to_owned), limit };
        retry_dead(store.as_ref(), &feeds, &settings, &retry, noon()).unwrap()
    };
    assert_eq!(retry(Some("other"), 99), Retried::default());
    let first = retry(Some("loops"), 1);
    assert_eq!((first.tried, first.resolved, first.new, first.duplicates), (1, 1, 2, 0));
    let rest = retry(None, 99);
    assert_eq!((rest.tried, rest.resolved, rest.still_dead, rest.cut, rest.silent), (7, 1, 5, 1, 0), "{rest:?}");
    // The good half of a message with a fault is kept; the message waits on.
    assert_eq!((rest.new, rest.duplicates), (2, 0));
    assert!(!rest.last_reason.as_ref().unwrap().contains('\n'));

    let rows = kept(&store, 1);
    assert_eq!(rows.iter().map(|row| row.value).collect::<Vec<_>>(), [40.0, 11.0, 10.0]);
    assert!(rows.iter().all(|row| row.received_us == noon().as_microsecond() && row.quality == Quality::Good));
    let made_by = store.source_of(rows[0].source).unwrap();
    assert_eq!((&*made_by.feed, &*made_by.mapping), ("loops", &*mended.version.to_string()));
    // Without a time of its own: when it was received.
    assert_eq!(kept(&store, 2)[0].observed_us, noon().as_microsecond());

    let again = retry(None, 99);
    assert_eq!((again.tried, again.resolved, again.new, again.duplicates), (6, 0, 0, 1));
    assert_eq!((kept(&store, 1).len(), kept(&store, 2).len()), (3, 1));
    let counts = store.dead_letter_counts().unwrap();
    assert_eq!((counts[0].kept, counts[0].resolved, counts[0].waiting), (8, 2, 6), "none is kept anew");
}

/// Rows that were committed before the letter could be marked are there once.
#[test]
fn a_retry_that_was_broken_off_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(History::open(folder.path(), citytwin_history::Settings::default()).unwrap());
    let sensors = sensors(3);
    let message = [("loops/1", r#"[{"v":10,"at":"2024-05-01T11:59:00Z"}]"#)];
    take(&store, &sensors, &sources(1, "loop-{nr}"), &message);
    let mended = sources(2, "s{nr}");
    take(&store, &sensors, &mended, &message);
    assert_eq!((kept(&store, 1).len(), store.dead_letters(None, 0, 9).unwrap().len()), (1, 1));
    let retry = Retry { feed: None, limit: usize::MAX };
    let feeds = feeds(&sensors, &mended);
    let retried = retry_dead(store.as_ref(), &feeds, &Settings::new("test".to_owned()), &retry, noon()).unwrap();
    assert_eq!((retried.resolved, retried.new, retried.duplicates), (1, 0, 1));
    assert_eq!((kept(&store, 1).len(), store.dead_letters(None, 0, 9).unwrap().len()), (1, 0));
}
