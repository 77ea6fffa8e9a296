//! HTTP sources from `sources.toml` to history and twin.

mod support;
#[path = "../../feeds/tests/support/web.rs"]
mod web;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use citytwin_feeds::{Clock, PollState, Secrets, Sensor, mapping::Sources};
use citytwin_history::{History, Row, SeriesKey, Span, Store};
use citytwin_ingest::{Change, Feeds, Ingest, IngestError, Settings};
use citytwin_model::{Quality, Quantity, Timestamp};
use support::{PATIENCE, anchor, becomes_true, sensors};
use web::{Reply, Web};

const NOON: &str = "2024-05-01T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

/// A source that is asked every second, with one mapping.
fn sources(address: &str, fields: &str, mapping: &str) -> Sources {
    let text = format!(
        "version = 4\n[[source]]\nid = \"web\"\nkind = \"http\"\naddress = \"{address}\"\nevery_s = 1\nallow_private = true\n{fields}\n\
         [[mapping]]\nid = \"m\"\nsource = \"web\"\n{mapping}"
    );
    Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}"))
}

const PLAIN: &str = "format = \"json\"\ntime = \"$.at\"\n[[mapping.take]]\nvalue = \"$.v\"\nquantity = \"speed\"\nunit = \"m/s\"\n\
                     sensor = \"s2\"\n";

struct City {
    sensors: Vec<Sensor>,
    store: Arc<History>,
}

impl City {
    fn new(folder: &Path) -> Self {
        let store = Arc::new(History::open(folder, citytwin_history::Settings::default()).unwrap());
        Self { sensors: sensors(3), store }
    }

    fn start(&self, sources: &Sources) -> Result<Ingest, IngestError> {
        let clock: Clock = Arc::new(noon);
        let feeds = Feeds {
            city: "demo",
            sensors: &self.sensors,
            anchor: anchor(),
            sources: Some(sources),
            brokers: Vec::new(),
        };
        let secrets = Secrets::given([("TOKEN", "s3cret")]);
        let settings = Settings { secrets, ..Settings::new("test".to_owned()) };
        Ingest::start(&feeds, self.store.clone(), settings, clock)
    }

    fn kept(&self, sensor: u32, quantity: Quantity) -> Vec<Row> {
        let key = SeriesKey::new("live", &format!("sensor/s{sensor}"), quantity).unwrap();
        self.store.find(&key).map_or_else(Vec::new, |series| self.store.range(series, Span::ALL, usize::MAX).unwrap())
    }
}

#[test]
fn a_source_is_asked_by_itself_and_its_readings_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let web = Web::serve(|_| Reply::json(format!(r#"{{"v":10,"at":"{NOON}"}}"#)));
    let sources = sources(&web.address("/x"), "token_env = \"TOKEN\"", PLAIN);
    let ingest = city.start(&sources).unwrap();
    assert!(becomes_true(PATIENCE, || ingest.status().sources[0].messages >= 2), "{:?}", ingest.status());
    let news = ingest.live().take(9);
    assert!(
        matches!(&news[..], [Change::Reading(one)] if one.value == 36.0 && one.quality == Quality::Good),
        "{news:?}"
    );
    let status = ingest.status();
    let source = &status.sources[0];
    assert_eq!((status.committed, status.duplicates), (1, source.messages - 1));
    assert_eq!((source.modelled, source.dead_total(), source.broker.is_none()), (0, 0, true));
    let poller = source.poller.as_ref().unwrap();
    assert_eq!((&poller.address, poller.last_status, poller.failures), (&web.address("/x"), Some(200), 0));
    assert!(status.sources[1].poller.is_none());
    assert!(!format!("{status:?}").contains("s3cret"));
    assert_eq!(web.requests()[0].header("authorization"), Some("Bearer s3cret"));
    let requests = web.requests();
    assert!(requests[1].at - requests[0].at >= std::time::Duration::from_millis(990));
    let made_by = city.store.source_of(city.kept(2, Quantity::Speed)[0].source).unwrap();
    assert_eq!((&*made_by.feed, &*made_by.mapping), ("web", &*sources.version.to_string()));
}

/// What Open-Meteo says is no measurement, in the twin and in the history.
#[test]
fn a_models_output_is_labelled() {
    let folder = tempfile::tempdir().unwrap();
    let mut city = City::new(folder.path());
    city.sensors[1].quantity = Quantity::AirTemperature;
    let web = Web::serve(|_| {
        Reply::json(
            r#"{"latitude":41.1,"longitude":-8.6,"utc_offset_seconds":0,"current_units":{"temperature_2m":"°C"},
                "current":{"time":"2024-05-01T12:00","interval":900,"temperature_2m":13.3}}"#,
        )
    });
    let mapping = "format = \"open-meteo\"\n[[mapping.take]]\nproperty = \"temperature_2m\"\nquantity = \"air_temperature\"\n\
                   sensor = \"s1\"\n";
    let ingest = city.start(&sources(&web.address("/v1/forecast?current=temperature_2m"), "", mapping)).unwrap();
    assert!(becomes_true(PATIENCE, || !ingest.live().is_empty()), "{:?}", ingest.status());
    let news = ingest.live().take(9);
    assert!(matches!(&news[..], [Change::Reading(one)] if one.quality == Quality::Uncertain), "{news:?}");
    assert!(ingest.status().sources[0].modelled >= 1);
    let row = city.kept(1, Quantity::AirTemperature)[0];
    let made_by = city.store.source_of(row.source).unwrap();
    assert!(made_by.mapping.ends_with(" (model output)") && row.quality == Quality::Uncertain, "{made_by:?}");
}

/// Like a broker that is down: three intervals after the first failure its sensors are doubted, and believed again when it
/// answers.
#[test]
fn a_source_that_does_not_answer_casts_doubt_on_its_sensors() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let broken = Arc::new(AtomicBool::new(false));
    let now_broken = Arc::clone(&broken);
    let web = Web::serve(move |_| match now_broken.load(Ordering::SeqCst) {
        true => Reply::status(500),
        false => Reply::json(format!(r#"{{"v":10,"at":"{NOON}"}}"#)),
    });
    let ingest = city.start(&sources(&web.address("/x"), "", PLAIN)).unwrap();
    assert!(becomes_true(PATIENCE, || !ingest.live().is_empty()));
    ingest.live().take(9);
    let changed = |expected: Quality| {
        becomes_true(PATIENCE, || {
            let news = ingest.live().take(9);
            news.iter().any(|change| matches!(change, Change::Quality { quality, .. } if *quality == expected))
        })
    };
    broken.store(true, Ordering::SeqCst);
    assert!(changed(Quality::Uncertain), "{:?}", ingest.status());
    let poller = ingest.status().sources[0].poller.clone().unwrap();
    assert!(poller.state != PollState::Resting && poller.last_error.unwrap().contains("answers 500"));
    broken.store(false, Ordering::SeqCst);
    assert!(changed(Quality::Good), "{:?}", ingest.status());
}

#[test]
fn a_secret_that_is_not_there_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let city = City::new(folder.path());
    let sources = sources("https://sensors.example/x", "token_env = \"OTHER\"", PLAIN);
    let line = city.start(&sources).err().unwrap().to_string();
    assert!(
        line.starts_with("source web: the environment variable OTHER, which `token_env` names, is not set"),
        "{line}"
    );
}
