//! The feed of trials in every format through a broker, its `sources.toml` and the intake: what it publishes is what the
//! history holds.

mod support;

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Duration,
};

use citytwin_feeds::{MqttConfig, Sensor, Trial, encode::Format, mapping::Sources};
use citytwin_history::History;
use citytwin_ingest::{Broker, Feeds, Ingest, Origin, Settings, SourceStatus};
use citytwin_model::{Quantity, Timestamp, time::TimeZone};
use support::{Mosquitto, PATIENCE, anchor, becomes_true, free_port, mosquitto_installed, sensors};

/// Sensors of every quantity.
fn mixed() -> Vec<Sensor> {
    let of = |(sensor, quantity): (Sensor, Quantity)| Sensor {
        topic: format!("citytwin/demo/{}/{quantity}", sensor.id.0),
        quantity,
        ..sensor
    };
    sensors(60).into_iter().zip(Quantity::ALL.into_iter().cycle()).map(of).collect()
}

/// `None`: the program's own format, without mappings.
fn start(folder: &Path, trial: &Trial<'_>) -> Ingest {
    let text = trial.encoder().sources(&trial.config).unwrap();
    let sources = text.map(|text| Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}")));
    let brokers = match &sources {
        Some(sources) => {
            Broker::of(sources, std::path::Path::new("."), &citytwin_feeds::Secrets::of_process()).unwrap()
        }
        None => vec![Broker { origin: Origin::Own, config: trial.config.clone() }],
    };
    let feeds =
        Feeds { city: trial.city, sensors: trial.sensors, anchor: anchor(), sources: sources.as_ref(), brokers };
    let store =
        Arc::new(History::open(&folder.join(trial.format.name()), citytwin_history::Settings::default()).unwrap());
    let settings = Settings::new(trial.format.name().to_owned());
    Ingest::start(&feeds, store, settings, Arc::new(Timestamp::now)).unwrap()
}

fn source(ingest: &Ingest) -> SourceStatus {
    ingest.status().sources.remove(0)
}

#[test]
fn every_format_arrives_in_the_history() {
    if !mosquitto_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let _broker = Mosquitto::start(folder.path(), port, "max_inflight_messages 1000\n");
    let sensors = mixed();
    thread::scope(|scope| {
        for format in Format::ALL {
            let (folder, sensors) = (folder.path(), &sensors);
            scope.spawn(move || {
                // A prefix of its own keeps the formats apart; the own format and the others are subscribed with it.
                let config: MqttConfig = format!("mqtt://127.0.0.1:{port}/of-{format}").parse().unwrap();
                let (timezone, city) = (TimeZone::UTC, "demo");
                let length = Some(Duration::from_secs(1));
                let trial = Trial { config, city, sensors, timezone, format, rate_per_s: 400.0, length, seed: 5 };
                arrives(&trial, &start(folder, &trial));
            });
        }
    });
}

fn arrives(trial: &Trial<'_>, ingest: &Ingest) {
    let format = trial.format;
    let endless = AtomicBool::new(false);
    // A session is there once a message comes through it.
    let short = Trial { length: Some(Duration::from_millis(100)), ..trial.clone() };
    let heard = becomes_true(PATIENCE, || {
        short.run(&endless, |_| {}).unwrap();
        becomes_true(Duration::from_millis(500), || source(ingest).readings > 0)
    });
    assert!(heard, "{format}: {:?}", ingest.status());
    let settled = becomes_true(PATIENCE, || {
        let before = source(ingest).messages;
        !becomes_true(Duration::from_millis(300), || source(ingest).messages > before)
    });
    assert!(settled);
    let (before, known) = (ingest.status(), source(ingest));
    let told = trial.run(&endless, |_| {}).unwrap();
    assert_eq!(told.published, told.acknowledged, "{format}: {told:?}");
    if format == Format::HomeAssistant {
        // Its topics are subscribed to once they are announced: the first states find nobody.
        assert!(becomes_true(PATIENCE, || ingest.status().committed > before.committed), "{:?}", ingest.status());
    } else {
        let all = before.committed + told.published;
        let arrived = becomes_true(PATIENCE, || ingest.status().committed == all);
        assert!(arrived, "{format}: {told:?}, {:?}", ingest.status());
        assert_eq!(source(ingest).readings - known.readings, told.published, "{format}");
    }
    let status = source(ingest);
    // Of Sparkplug, what was heard before the first birth has no names.
    let dead = status.dead_total() - known.dead_total();
    assert_eq!((dead, status.not_taken), (0, 0), "{format}: {status:?}");
}
