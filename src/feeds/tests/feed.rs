//! Packets over real connections: embedded broker, emulator, outside client, outside broker that goes away.

mod support;

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use citytwin_feeds::{Broker, Connection, Emulator, MqttConfig, Reading};
use citytwin_model::{Quality, Quantity, SensorId};
use rumqttc::{Client, Event, MqttOptions, Outgoing, QoS};
use support::{Feed, Mosquitto, PATIENCE, becomes_true, free_port, installed, noon, sensor};

fn bridge() -> [citytwin_feeds::Sensor; 2] {
    let mut outside = sensor(1, "outside", Quantity::Speed);
    outside.topic = "plant/7/v".to_owned();
    [sensor(0, "bridge", Quantity::VehicleFlow), outside]
}

fn listen(config: MqttConfig) -> Feed {
    let feed = Feed::connect(config, &bridge());
    assert!(becomes_true(|| feed.subscription.connected()), "{:?}", feed.subscription.status());
    feed
}

/// Publishes as a client of its own and leaves.
fn publish(port: u16, packets: &[(&str, &str)]) {
    let (client, mut connection) = Client::new(MqttOptions::new("", "127.0.0.1", port), 64);
    for (topic, payload) in packets {
        client.publish(*topic, QoS::AtLeastOnce, false, *payload).unwrap();
    }
    client.disconnect().unwrap();
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match connection.recv_timeout(PATIENCE) {
            Ok(Ok(Event::Outgoing(Outgoing::Disconnect))) | Ok(Err(_)) | Err(_) => return,
            Ok(Ok(_)) => {}
        }
    }
}

/// Waits until the feed hears its own city: connected is not yet subscribed.
fn heard(feed: &Feed, mut say: impl FnMut()) -> Reading {
    let start = Instant::now();
    loop {
        say();
        match feed.next(Duration::from_millis(200)) {
            Some(Ok(readings)) => return readings[0].clone(),
            Some(Err(error)) => panic!("{error}"),
            None => assert!(start.elapsed() < PATIENCE, "nothing heard: {:?}", feed.subscription.status()),
        }
    }
}

#[test]
fn packets_become_readings_and_refusals_say_why() {
    let broker = Broker::start_loopback().unwrap();
    let feed = listen(broker.config());
    let first = heard(&feed, || publish(broker.port(), &[("citytwin/demo/bridge/vehicle_flow", "412.5")]));
    assert_eq!((first.sensor, first.value, first.received_at), (SensorId(0), 412.5, noon()));
    let packets = [
        ("citytwin/demo/bridge/vehicle_flow", "garbage"),
        ("citytwin/demo/nobody/speed", "1"),
        ("plant/7/v", r#"{"value":10,"unit":"m/s","quality":"uncertain"}"#),
    ];
    publish(broker.port(), &packets);
    let (mut outside, mut refused) = (None, Vec::new());
    while outside.is_none() || refused.len() < 2 {
        match feed.next(PATIENCE).expect("three messages") {
            Ok(readings) => outside = readings.into_iter().find(|reading| reading.sensor == SensorId(1)).or(outside),
            Err(error) => refused.push(error.kind()),
        }
    }
    refused.sort_unstable();
    assert_eq!(refused, ["malformed", "unknown sensor"]);
    let outside = outside.unwrap();
    assert_eq!((outside.value, outside.quality), (36.0, Quality::Uncertain));
    let status = feed.subscription.status();
    assert_eq!((status.connections, status.shed, status.connection), (1, 0, Connection::Connected));
    assert!(status.last_message_at.is_some() && status.since.is_some());
}

#[test]
fn the_emulator_publishes_the_simulated_city_labelled_as_such() {
    let broker = Broker::start_loopback().unwrap();
    let feed = listen(broker.config());
    let emulator = Emulator::start(broker.config(), &bridge(), 1).unwrap();
    let batch = || vec![(SensorId(0), 600.0), (SensorId(1), 50.0)];
    let mut seen = [false; 2];
    let start = Instant::now();
    while seen != [true; 2] {
        let reading = heard(&feed, || emulator.publish(batch(), noon()));
        assert!(reading.emulated);
        assert_eq!(reading.observed_at, noon());
        seen[reading.sensor.index()] = true;
        assert!(start.elapsed() < PATIENCE);
    }
    let status = emulator.status();
    assert!(status.connected && status.published >= 2 && status.dropped == 0, "{status:?}");
}

#[test]
fn an_emulator_without_a_broker_drops_and_counts() {
    let emulator = Emulator::start(MqttConfig::loopback(free_port()), &bridge(), 1).unwrap();
    for _ in 0..100 {
        emulator.publish(vec![(SensorId(0), 1.0); 3], noon());
    }
    assert_eq!(emulator.status().dropped, 3 * (100 - 64));
    assert!(becomes_true(|| emulator.status().last_error.is_some()));
}

#[test]
fn stopping_is_quick_connected_or_not() {
    let broker = Broker::start_loopback().unwrap();
    let connected = listen(broker.config());
    let nobody = Feed::connect(MqttConfig::loopback(free_port()), &bridge());
    // A place that takes the connection and never says a word.
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent = Feed::connect(MqttConfig::loopback(mute.local_addr().unwrap().port()), &bridge());
    mute.accept().unwrap();
    assert!(becomes_true(|| nobody.subscription.status().connection == Connection::Waiting));
    assert!(nobody.subscription.status().last_error.unwrap().contains("refused"));
    let start = Instant::now();
    drop((connected, nobody, silent, broker));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_stopped_broker_frees_its_port_and_the_feed_returns() {
    let broker = Broker::start_loopback().unwrap();
    let port = broker.port();
    assert!(Broker::start_on(port).is_err(), "the port is taken");
    let feed = listen(broker.config());
    drop(broker);
    assert!(becomes_true(|| !feed.subscription.connected()));
    let _again = Broker::start_on(port).unwrap();
    assert!(becomes_true(|| feed.connections() == 2), "{:?}", feed.subscription.status());
    heard(&feed, || publish(port, &[("citytwin/demo/bridge/vehicle_flow", "1")]));
}

/// What a stranger may send to the port. The broker must serve the next client all the same.
#[test]
fn garbage_at_the_port_leaves_the_broker_whole() {
    let broker = Broker::start_loopback().unwrap();
    let feed = listen(broker.config());
    let connect: &[u8] = b"\x10\x0f\0\x04MQTT\x04\x02\0\x0a\0\x03abc";
    let after_connect: [&[u8]; 14] = [
        b"",
        b"\x00\x00",
        b"\xf0\x00",
        b"\xff\xff\xff\xff\xff\xff",
        b"\x30\x03\0\x05a",
        b"\x30\x04\0\x02\xff\xfe",
        b"\x30\x05\0\x03a/#",
        b"\x36\x05\0\x01a\0\0",
        b"\x82\x06\0\x01\0\x01#\x03",
        b"\x82\x02\0\x01",
        b"\x82\x08\0\x01\0\x03a#b\0",
        b"\x40\x02\0\x07\x50\x02\0\x07\x62\x02\0\x07\x70\x02\0\x07",
        b"\xa2\x05\0\x01\0\x01x",
        b"\x10\x0f\0\x04MQTT\x04\x02\0\x0a\0\x03abc",
    ];
    for before in [b"" as &[u8], connect] {
        for garbage in after_connect {
            send(broker.port(), &[before, garbage].concat());
        }
    }
    for garbage in [b"GET / HTTP/1.1\r\n\r\n" as &[u8], b"\x10\xff\xff\xff\x7f", b"\x10\x02\0\x04", &[0u8; 4096]] {
        send(broker.port(), garbage);
    }
    let reading = heard(&feed, || publish(broker.port(), &[("citytwin/demo/bridge/vehicle_flow", "7")]));
    assert_eq!(reading.value, 7.0);
    drop(feed);
    listen(broker.config());
}

/// Sends and closes; an answer or a reset is all the same.
fn send(port: u16, bytes: &[u8]) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    let _ = stream.write_all(bytes);
    let _ = stream.read(&mut [0; 64]);
}

#[test]
fn an_outside_client_reaches_the_twin() {
    if !installed("mosquitto_pub") {
        return;
    }
    let broker = Broker::start_loopback().unwrap();
    let feed = listen(broker.config());
    let reading = heard(&feed, || {
        let done = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &broker.port().to_string(), "-q", "1"])
            .args(["-t", "citytwin/demo/bridge/vehicle_flow", "-m", r#"{"value":12,"unit":"veh/min"}"#])
            .status()
            .unwrap();
        assert!(done.success());
    });
    assert_eq!((reading.sensor, reading.value, reading.emulated), (SensorId(0), 720.0, false));
}

#[test]
fn an_outside_broker_may_come_and_go() {
    if !installed("mosquitto") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let broker = Mosquitto::start(folder.path(), port, &Mosquitto::plain(port));
    let feed = listen(format!("mqtt://127.0.0.1:{port}").parse().unwrap());
    let say = || publish(port, &[("citytwin/demo/bridge/vehicle_flow", "5")]);
    heard(&feed, say);
    drop(broker);
    assert!(becomes_true(|| feed.subscription.status().connection == Connection::Waiting));
    assert!(feed.subscription.status().last_error.is_some());
    let _again = Mosquitto::start(folder.path(), port, &Mosquitto::plain(port));
    assert!(becomes_true(|| feed.connections() == 2), "{:?}", feed.subscription.status());
    heard(&feed, say);
}

/// What cannot be taken costs one count, not the connection.
#[test]
fn a_huge_packet_is_told_and_passed_over() {
    let broker = Broker::start_loopback().unwrap();
    let feed = listen(broker.config());
    let topic = "citytwin/demo/bridge/vehicle_flow";
    heard(&feed, || publish(broker.port(), &[(topic, "1")]));
    let mut options = MqttOptions::new("", "127.0.0.1", broker.port());
    options.set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut connection) = Client::new(options, 8);
    client.publish(topic, QoS::AtLeastOnce, false, vec![b' '; 500_000]).unwrap();
    client.publish(topic, QoS::AtLeastOnce, false, "2").unwrap();
    client.disconnect().unwrap();
    while let Ok(Ok(_)) = connection.recv_timeout(PATIENCE) {}
    let mut kinds = Vec::new();
    loop {
        match feed.next(PATIENCE).expect("both messages") {
            Err(error) => kinds.push(error.kind()),
            Ok(readings) if readings[0].value == 2.0 => break,
            Ok(_) => {}
        }
    }
    assert_eq!(kinds, ["too large"]);
    assert_eq!(feed.connections(), 1);
}
