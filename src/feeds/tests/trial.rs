//! The feed of trials against brokers: it keeps its rate, every message is one of the city's, it stops when told.

mod support;

use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use citytwin_feeds::{Broker, MqttConfig, Sensor, Trial, TrialStatus, encode::Format};
use citytwin_model::{Quantity, time::TimeZone};
use support::{Feed, becomes_true, sensor};

fn sensors() -> Vec<Sensor> {
    (0..40).map(|id| sensor(id, &format!("s{id}"), Quantity::ALL[id as usize % Quantity::ALL.len()])).collect()
}

fn trial(config: MqttConfig, sensors: &[Sensor]) -> Trial<'_> {
    Trial {
        config,
        city: "demo",
        sensors,
        timezone: TimeZone::UTC,
        format: Format::Own,
        rate_per_s: 500.0,
        length: Some(Duration::from_secs(1)),
        seed: 3,
    }
}

/// Messages that have come once none came for a while, and how many of them said nothing.
fn settled(feed: &Feed) -> (u64, u64) {
    let (mut messages, mut refused) = (0, 0);
    while let Some(said) = feed.next(Duration::from_millis(300)) {
        messages += 1;
        refused += u64::from(said.is_err());
    }
    (messages, refused)
}

#[test]
fn it_keeps_its_rate_and_every_message_arrives() {
    let broker = Broker::start_loopback().unwrap();
    let sensors = sensors();
    let feed = Feed::connect(broker.config(), &sensors);
    assert!(becomes_true(|| feed.subscription.connected()));
    // A session is there once a message comes through it.
    let first = Trial { length: Some(Duration::from_millis(100)), ..trial(broker.config(), &sensors) };
    assert!(becomes_true(|| {
        let _ = first.run(&AtomicBool::new(false), |_| {});
        feed.subscription.status().messages > 0
    }));
    settled(&feed);
    let told = trial(broker.config(), &sensors).run(&AtomicBool::new(false), |_| {}).unwrap();
    // A second at 500/s; a machine that is busy may fall behind, never run ahead.
    assert!((100..=502).contains(&told.published), "{told:?}");
    assert_eq!((told.acknowledged, told.connections, &told.last_error), (told.published, 1, &None));
    assert!((told.rate_per_s() - 500.0).abs() < 450.0, "{told:?}");
    assert_eq!(settled(&feed), (told.published, 0), "{told:?}, {:?}", feed.subscription.status());
}

#[test]
fn it_stops_when_told() {
    let broker = Broker::start_loopback().unwrap();
    let sensors = sensors();
    thread::scope(|scope| {
        for format in [Format::Own, Format::HomeAssistant, Format::SparkplugB] {
            let endless = Trial { length: None, format, ..trial(broker.config(), &sensors) };
            scope.spawn(move || {
                let stop = AtomicBool::new(false);
                let told = endless.run(&stop, |_| stop.store(true, Ordering::Relaxed)).unwrap();
                assert_eq!((told.published, told.last_error), (told.acknowledged, None), "{format}");
                assert!(told.published > 0, "{format}");
            });
        }
    });
}

#[test]
fn a_broker_that_was_lost_is_waited_for() {
    let mut broker = Some(Broker::start_loopback().unwrap());
    let port = broker.as_ref().unwrap().port();
    let (sensors, stop) = (sensors(), AtomicBool::new(false));
    let endless = Trial { length: None, ..trial(MqttConfig::loopback(port), &sensors) };
    let tell = |status: &TrialStatus| {
        if status.connections == 1 {
            drop(broker.take());
            broker = Some(Broker::start_on(port).unwrap());
        } else {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let told = endless.run(&stop, tell).unwrap();
    assert!(told.connections == 2 && told.last_error.is_some(), "{told:?}");
    assert!(told.acknowledged > 0 && told.acknowledged <= told.published, "{told:?}");
}

#[test]
fn who_does_not_answer_or_is_not_to_be_trusted_is_refused_in_a_line() {
    let sensors = sensors();
    // Bound and closed again: nobody listens there.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (address, told) in [
        (format!("mqtt://127.0.0.1:{closed}"), format!("mqtt://127.0.0.1:{closed}: ")),
        ("mqtt://ann:s3cret@192.0.2.1".to_owned(), "mqtt+plaintext://".to_owned()),
    ] {
        let error = trial(address.parse().unwrap(), &sensors).run(&AtomicBool::new(false), |_| {}).unwrap_err();
        let line = error.to_string();
        assert!(line.contains(&told) && !line.contains('\n') && !line.contains("s3cret"), "{line}");
    }
}
