//! A publisher of quality of service 1 that sends every message again until the broker has acknowledged it. Written byte
//! by byte, so that the trial does not trust the library that it tries.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Messages without acknowledgement at most; packet numbers are told apart within it.
const WINDOW: usize = 500;

/// Publishes messages `0..count`, as `message` tells topic and payload, at most so many a second; `acknowledged` counts.
/// Returns when the broker has acknowledged all, and how many messages went out again after a lost connection.
pub fn publish(
    port: u16,
    name: &str,
    count: u64,
    rate_per_s: f64,
    acknowledged: &AtomicU64,
    message: impl Fn(u64) -> (String, Vec<u8>),
) -> u64 {
    let mut publisher = Publisher { open: BTreeMap::new(), next: 0, again: 0, begin: Instant::now() };
    while acknowledged.load(Ordering::SeqCst) < count {
        if publisher.session(port, name, count, rate_per_s, acknowledged, &message).is_err() {
            // The broker is away: a breath before the next try.
            thread::park_timeout(Duration::from_millis(20));
        }
    }
    publisher.again
}

/// Publishes messages `0..count` at quality of service 0 as fast as the broker reads them: nothing is owed for them.
pub fn throw(port: u16, count: u64, message: impl Fn(u64) -> (String, Vec<u8>)) -> io::Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01q")?;
    let mut out = Vec::new();
    for number in 0..count {
        let (topic, payload) = message(number);
        let length = 2 + topic.len() + payload.len();
        assert!(length < 0x80, "a short message has its length in one byte");
        out.extend([0x30, length as u8, 0, topic.len() as u8]);
        out.extend(topic.as_bytes());
        out.extend(payload);
        if out.len() > 1 << 16 {
            stream.write_all(&out)?;
            out.clear();
        }
    }
    out.extend(b"\xe0\0");
    stream.write_all(&out)?;
    // The broker closes when it has read the goodbye.
    stream.read_to_end(&mut Vec::new()).map(|_| ())
}

struct Publisher {
    /// Without acknowledgement yet, by number.
    open: BTreeMap<u64, Vec<u8>>,
    next: u64,
    /// Messages that went out again.
    again: u64,
    begin: Instant,
}

impl Publisher {
    fn session(
        &mut self,
        port: u16,
        name: &str,
        count: u64,
        rate_per_s: f64,
        acknowledged: &AtomicU64,
        message: &impl Fn(u64) -> (String, Vec<u8>),
    ) -> io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut connect = vec![0x10, 12 + name.len() as u8, 0, 4, b'M', b'Q', b'T', b'T', 4, 0, 0, 0];
        connect.extend([0, name.len() as u8]);
        connect.extend(name.as_bytes());
        stream.write_all(&connect)?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer)?;
        stream.set_read_timeout(Some(Duration::from_millis(1)))?;
        let mut out: Vec<u8> = Vec::new();
        for packet in self.open.values_mut() {
            packet[0] |= 0x08;
            out.extend(&*packet);
            self.again += 1;
        }
        let mut inbox: Vec<u8> = Vec::new();
        while acknowledged.load(Ordering::SeqCst) < count {
            let due = (self.begin.elapsed().as_secs_f64() * rate_per_s) as u64;
            while self.next < count.min(due) && self.open.len() < WINDOW {
                let packet = encode(self.next, message(self.next));
                out.extend(&packet);
                self.open.insert(self.next, packet);
                self.next += 1;
            }
            stream.write_all(&out)?;
            out.clear();
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(length) => inbox.extend(&buffer[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
            let whole = inbox.len() / 4 * 4;
            for packet in inbox.drain(..whole).collect::<Vec<_>>().chunks(4) {
                assert_eq!(packet[..2], [0x40, 2], "only PUBACKs are expected");
                let id = u16::from_be_bytes([packet[2], packet[3]]);
                let number = self.open.keys().copied().find(|number| packet_id(*number) == id);
                if number.and_then(|number| self.open.remove(&number)).is_some() {
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
        Ok(())
    }
}

fn packet_id(number: u64) -> u16 {
    (number % 65_535) as u16 + 1
}

fn encode(number: u64, (topic, payload): (String, Vec<u8>)) -> Vec<u8> {
    let mut packet = vec![0x32];
    let mut left = 2 + topic.len() + 2 + payload.len();
    while left >= 0x80 {
        packet.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    packet.push(left as u8);
    packet.extend((topic.len() as u16).to_be_bytes());
    packet.extend(topic.as_bytes());
    packet.extend(packet_id(number).to_be_bytes());
    packet.extend(payload);
    packet
}
