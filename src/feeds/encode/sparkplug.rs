//! Sparkplug B 3.0: one edge node, one device per sensor with one metric, told by alias after its birth. A value is null
//! in a birth: none was measured yet.

use citytwin_model::{Quality, Quantity, Timestamp};

use super::{Device, Outgoing, Sample};

/// The edge node.
pub(super) const NODE: &str = "simulated";
/// Data types of the specification (6.4.16): UInt64, Double; in properties Int32, String.
const UINT64: u64 = 8;
const DOUBLE: u64 = 10;
const INT32: u64 = 3;
const STRING: u64 = 12;

/// The numbers of a connection.
#[derive(Debug, Default)]
pub(super) struct Node {
    birth_death: u8,
    sequence: u8,
}

impl Node {
    /// A new connection has the next birth and death number, 255 being followed by 0.
    pub fn begin(&mut self) {
        self.birth_death = self.birth_death.wrapping_add(1);
        self.sequence = 0;
    }

    /// The next sequence number; that of a birth is 0.
    fn next(&mut self) -> u64 {
        let number = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        u64::from(number)
    }
}

pub(super) fn topic(city: &str, kind: &str, device: Option<&str>) -> String {
    match device {
        Some(device) => format!("spBv1.0/{city}/{kind}/{NODE}/{device}"),
        None => format!("spBv1.0/{city}/{kind}/{NODE}"),
    }
}

/// The birth of the node, then of each device; a device's alias is its sensor's number.
pub(super) fn births<'d>(
    city: &str,
    node: &mut Node,
    devices: impl Iterator<Item = (u64, &'d Device)>,
    at: Timestamp,
) -> Vec<Outgoing> {
    node.sequence = 0;
    let birth = payload(at, Some(node.next()), Some(&death_number(node)));
    let mut messages = vec![Outgoing::new(topic(city, "NBIRTH", None), birth)];
    for (alias, device) in devices {
        let mut metric = Vec::new();
        text(&mut metric, 1, device.quantity.name());
        number(&mut metric, 2, alias);
        number(&mut metric, 3, milliseconds(at));
        number(&mut metric, 4, DOUBLE);
        number(&mut metric, 7, 1);
        nested(&mut metric, 9, &unit(device.quantity));
        let birth = payload(at, Some(node.next()), Some(&metric));
        messages.push(Outgoing::new(topic(city, "DBIRTH", Some(&device.id)), birth));
    }
    messages
}

/// A reading of a device that was born.
pub(super) fn data(node: &mut Node, sample: &Sample) -> Vec<u8> {
    let mut metric = Vec::with_capacity(48);
    number(&mut metric, 2, u64::from(sample.sensor.0));
    number(&mut metric, 3, milliseconds(sample.observed_at));
    number(&mut metric, 4, DOUBLE);
    if sample.quality != Quality::Good {
        nested(&mut metric, 9, &quality(sample.quality));
    }
    double(&mut metric, 13, sample.value);
    payload(sample.observed_at, Some(node.next()), Some(&metric))
}

/// The node's death: it repeats the number of its birth, and has no sequence number.
pub(super) fn death(city: &str, node: &Node) -> Outgoing {
    let mut payload = Vec::new();
    nested(&mut payload, 2, &death_number(node));
    Outgoing::new(topic(city, "NDEATH", None), payload)
}

/// The metric `bdSeq`.
fn death_number(node: &Node) -> Vec<u8> {
    let mut metric = Vec::new();
    text(&mut metric, 1, "bdSeq");
    number(&mut metric, 4, UINT64);
    number(&mut metric, 11, u64::from(node.birth_death));
    metric
}

/// `Payload`: timestamp 1, metrics 2, sequence number 3.
fn payload(at: Timestamp, sequence: Option<u64>, metric: Option<&[u8]>) -> Vec<u8> {
    let mut payload = Vec::with_capacity(64);
    number(&mut payload, 1, milliseconds(at));
    if let Some(metric) = metric {
        nested(&mut payload, 2, metric);
    }
    if let Some(sequence) = sequence {
        number(&mut payload, 3, sequence);
    }
    payload
}

/// `PropertySet`: keys 1, values 2; a value has its type in 1 and its content in 3 (number) or 8 (text).
fn unit(quantity: Quantity) -> Vec<u8> {
    let mut value = Vec::new();
    number(&mut value, 1, STRING);
    text(&mut value, 8, quantity.unit());
    let mut set = Vec::new();
    text(&mut set, 1, "engUnit");
    nested(&mut set, 2, &value);
    set
}

/// 0 bad, 192 good, 500 stale in the specification; 64 is "uncertain" of OPC, whose codes these are.
fn quality(quality: Quality) -> Vec<u8> {
    let code = match quality {
        Quality::Good => 192,
        Quality::Uncertain => 64,
        Quality::Bad => 0,
        Quality::Stale => 500,
    };
    let mut value = Vec::new();
    number(&mut value, 1, INT32);
    number(&mut value, 3, code);
    let mut set = Vec::new();
    text(&mut set, 1, "Quality");
    nested(&mut set, 2, &value);
    set
}

/// Since 1970; nothing here is older.
fn milliseconds(at: Timestamp) -> u64 {
    at.as_millisecond().max(0).unsigned_abs()
}

// The wire format of protocol buffers (protobuf.dev, "Encoding").

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn double(out: &mut Vec<u8>, field: u64, value: f64) {
    varint(out, field << 3 | 1);
    out.extend(value.to_le_bytes());
}

fn nested(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, content.len() as u64);
    out.extend(content);
}

fn text(out: &mut Vec<u8>, field: u64, text: &str) {
    nested(out, field, text.as_bytes());
}
