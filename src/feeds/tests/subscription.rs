//! A subscription against a broker that does what brokers do on bad days, byte by byte.

mod support;

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    time::Duration,
};

use citytwin_feeds::{
    Connection, Delivery, FeedError, MqttConfig, PACKET_LIMIT, Receiver, Subscription, SubscriptionSettings, client_id,
};
use support::{PATIENCE, becomes_true, clock, free_port, noon};

const SUBSCRIBE: u8 = 0x82;
const PUBACK: u8 = 0x40;
const PINGREQ: u8 = 0xc0;

/// The broker's side of one connection.
struct Guest(TcpStream);

impl Guest {
    /// Takes the next client and lets it in.
    fn welcome(door: &TcpListener, session_present: bool) -> Self {
        let (stream, _) = door.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut guest = Self(stream);
        let (kind, connect) = guest.packet().unwrap();
        assert_eq!(kind, 0x10);
        assert_eq!(connect[7] & 2, 0, "the session is to be kept");
        guest.0.write_all(&[0x20, 2, u8::from(session_present), 0]).unwrap();
        guest
    }

    /// The next packet but signs of life, which are answered; `None` at the end of the connection.
    fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => {}
                Ok(_) => return None,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
            let kind = byte[0];
            let (mut length, mut shift) = (0_usize, 0);
            loop {
                self.0.read_exact(&mut byte).unwrap();
                length |= usize::from(byte[0] & 0x7f) << shift;
                shift += 7;
                if byte[0] < 0x80 {
                    break;
                }
            }
            let mut body = vec![0; length];
            self.0.read_exact(&mut body).unwrap();
            if kind != PINGREQ {
                return Some((kind, body));
            }
            self.0.write_all(&[0xd0, 0]).unwrap();
        }
    }

    /// Waits for a SUBSCRIBE, grants it, returns its first filter.
    fn subscribed(&mut self) -> String {
        let (kind, body) = self.packet().unwrap();
        assert_eq!(kind, SUBSCRIBE);
        self.0.write_all(&[0x90, 3, body[0], body[1], 1]).unwrap();
        let length = usize::from(u16::from_be_bytes([body[2], body[3]]));
        String::from_utf8(body[4..4 + length].to_vec()).unwrap()
    }

    fn publish(&mut self, packet: Option<u16>, payload: &[u8]) {
        let rest = 3 + packet.map_or(0, |_| 2) + payload.len();
        let mut bytes = vec![if packet.is_some() { 0x32 } else { 0x30 }];
        let mut left = rest;
        while left >= 0x80 {
            bytes.push((left & 0x7f) as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
        bytes.extend([0, 1, b't']);
        bytes.extend(packet.map(u16::to_be_bytes).into_iter().flatten());
        bytes.extend(payload);
        self.0.write_all(&bytes).unwrap();
    }

    /// Waits for a PUBACK and returns the number of its packet.
    fn acknowledged(&mut self) -> u16 {
        let (kind, body) = self.packet().unwrap();
        assert_eq!(kind, PUBACK, "{body:?}");
        u16::from_be_bytes([body[0], body[1]])
    }
}

fn door() -> (TcpListener, MqttConfig) {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = door.local_addr().unwrap().port();
    (door, MqttConfig::loopback(port))
}

fn subscribe(config: MqttConfig, change: impl FnOnce(&mut SubscriptionSettings)) -> (Subscription, Receiver<Delivery>) {
    let mut settings = SubscriptionSettings::new(client_id("demo", "one", "test"), vec!["t".to_owned()], 7);
    change(&mut settings);
    let (into, deliveries) = crossbeam_channel::unbounded();
    (Subscription::start(config, settings, into, clock()).unwrap(), deliveries)
}

fn next(deliveries: &Receiver<Delivery>) -> Delivery {
    deliveries.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn receipts_go_to_their_own_connection_alone() {
    let (door, config) = door();
    let (subscription, deliveries) = subscribe(config, |_| {});
    let mut first = Guest::welcome(&door, false);
    assert_eq!(first.subscribed(), "t");
    first.publish(Some(1), b"a");
    first.publish(Some(2), b"b");
    let (a, b) = (next(&deliveries), next(&deliveries));
    assert_eq!((a.source, a.topic.as_str(), &a.payload[..], a.received_at), (7, "t", &b"a"[..], noon()));
    subscription.acknowledge(vec![a.receipt.unwrap()]);
    assert_eq!(first.acknowledged(), 1);
    drop(first);

    // The broker has the session, and yet all topics are asked for again.
    let mut second = Guest::welcome(&door, true);
    assert_eq!(second.subscribed(), "t");
    second.publish(Some(2), b"another message under the same number");
    let c = next(&deliveries);
    subscription.acknowledge(vec![b.receipt.unwrap()]);
    assert!(becomes_true(|| subscription.status().overtaken == 1));
    subscription.acknowledge(vec![c.receipt.unwrap()]);
    second.publish(Some(3), b"d");
    subscription.acknowledge(vec![next(&deliveries).receipt.unwrap()]);
    assert_eq!((second.acknowledged(), second.acknowledged()), (2, 3), "one acknowledgement each, none of the first");
    drop(second);

    let mut third = Guest::welcome(&door, false);
    third.subscribed();
    assert!(becomes_true(|| subscription.status().connections == 3));
    let status = subscription.status();
    assert_eq!((status.sessions_lost, status.messages, status.acknowledged), (1, 4, 3));
}

#[test]
fn a_thousand_acknowledgements_at_once_all_arrive_in_order() {
    let (door, config) = door();
    let (subscription, deliveries) = subscribe(config, |_| {});
    let mut broker = Guest::welcome(&door, false);
    broker.subscribed();
    let receipts = (1..=5000).map(|number| {
        broker.publish(Some(number), b"x");
        next(&deliveries).receipt.unwrap()
    });
    let receipts = receipts.collect();
    subscription.acknowledge(receipts);
    assert!((1..=5000).all(|number| broker.acknowledged() == number));
}

#[test]
fn topics_added_later_are_asked_for_at_once_and_after_every_connection() {
    let (door, config) = door();
    let (subscription, _deliveries) = subscribe(config, |_| {});
    let mut broker = Guest::welcome(&door, false);
    assert_eq!(broker.subscribed(), "t");
    subscription.subscribe_also("u");
    subscription.subscribe_also("t");
    assert_eq!(broker.subscribed(), "u");
    drop(broker);
    let mut broker = Guest::welcome(&door, true);
    let (_, body) = broker.packet().unwrap();
    assert_eq!(&body[2..], b"\0\x01t\x01\0\x01u\x01");
}

#[test]
fn a_broker_that_falls_silent_is_left() {
    let (door, config) = door();
    let (subscription, _deliveries) = subscribe(config, |settings| settings.keep_alive = Duration::from_secs(1));
    let mut mute = Guest::welcome(&door, false);
    let (kind, _) = mute.packet().unwrap();
    assert_eq!(kind, SUBSCRIBE);
    // No answer from here on, not even to signs of life; the connection stays open.
    let _next = Guest::welcome(&door, true);
    assert!(becomes_true(|| subscription.status().connections == 2));
}

#[test]
fn beyond_the_limit_nothing_is_read_and_quality_zero_is_shed() {
    let (door, config) = door();
    let (subscription, deliveries) = subscribe(config, |settings| settings.waiting_bytes = 64 << 10);
    let mut broker = Guest::welcome(&door, false);
    broker.subscribed();
    let payload = [b'x'; 1000];
    for _ in 0..200 {
        broker.publish(None, &payload);
    }
    assert!(becomes_true(|| subscription.status().messages == 200));
    let status = subscription.status();
    let room = (64 << 10) / (1001 + 256);
    assert_eq!((deliveries.len() as u64, status.shed), (room, 200 - room));
    assert!(status.waiting_bytes <= status.waiting_limit && status.waiting_limit == 64 << 10);

    // Of quality of service 1, one message waits in the thread, the others on the wire; none is lost.
    for number in 1..=60 {
        broker.publish(Some(number), &payload);
    }
    let mut seen = Vec::new();
    while seen.len() < 60 {
        assert!(deliveries.len() as u64 <= room);
        seen.extend(next(&deliveries).receipt);
    }
    subscription.acknowledge(seen);
    assert!((1..=60).all(|number| broker.acknowledged() == number));
    assert_eq!(subscription.status().shed, 200 - room);
    assert!(becomes_true(|| subscription.status().waiting_bytes == 0));
}

#[test]
fn a_packet_beyond_the_limit_is_let_through_once() {
    let (door, config) = door();
    let (subscription, deliveries) = subscribe(config, |_| {});
    let payload = vec![b' '; PACKET_LIMIT];
    let mut first = Guest::welcome(&door, false);
    first.subscribed();
    // The client hangs up while this is on its way.
    let _ = first.0.write_all(&[0x32, 0x85, 0x80, 0x80, 0x08]);
    assert!(becomes_true(|| subscription.status().oversized == 1), "{:?}", subscription.status());
    let mut second = Guest::welcome(&door, true);
    second.subscribed();
    second.publish(Some(1), &payload);
    let delivery = next(&deliveries);
    assert_eq!(delivery.payload.len(), PACKET_LIMIT);
    subscription.acknowledge(vec![delivery.receipt.unwrap()]);
    assert_eq!(second.acknowledged(), 1);
}

#[test]
fn plain_text_to_another_machine_is_refused_before_a_connection() {
    let settings = SubscriptionSettings::new(client_id("demo", "one", "test"), Vec::new(), 0);
    let (into, _deliveries) = crossbeam_channel::unbounded();
    let config: MqttConfig = "mqtt://ann:s3cret@192.0.2.1".parse().unwrap();
    let refused = Subscription::start(config, settings, into, clock()).err().unwrap();
    assert!(matches!(refused, FeedError::PlainText(_)) && !refused.to_string().contains("s3cret"), "{refused}");
}

#[test]
fn stopping_is_quick_without_a_broker() {
    let (subscription, _deliveries) = subscribe(MqttConfig::loopback(free_port()), |_| {});
    assert!(becomes_true(|| subscription.status().connection == Connection::Waiting));
    assert!(subscription.status().last_error.unwrap().contains("refused"));
}
