//! Sparkplug B 3.0 (Eclipse Foundation, ISO/IEC 20237): births that name metrics and give them aliases, data by
//! alias, deaths that make all stale, sequence numbers whose gaps ask for a new birth. This program asks nobody: it
//! publishes to no broker but its own, so a wanted rebirth is told and counted. Births are kept: a program that starts anew
//! reads on by those that the one before heard, and what it reads by their aliases is uncertain until the next birth.

use std::collections::{HashMap, HashSet};

use citytwin_model::Quality;

use super::{
    Decoded, MAX_OBSERVATIONS, Message, Observation, Signal, Value,
    error::DecodeError,
    protobuf::{Field, Fields},
    stamp::{Stamp, unix_milliseconds},
};
use crate::payload::excerpt;

/// Edge nodes that one connection may bring; more are refused.
const MAX_NODES: usize = 10_000;
/// Aliased metrics and devices of one connection.
const MAX_METRICS: usize = 500_000;
/// Metrics of the protocol itself: no property of a device.
const OWN_METRICS: [&str; 3] = ["bdSeq", "Node Control/", "Device Control/"];

/// What births of one connection have told.
#[derive(Debug, Default)]
pub struct Session {
    /// By `group/node`.
    nodes: HashMap<String, Node>,
    metrics: usize,
    /// The message at hand was heard by an earlier program.
    recalling: bool,
}

#[derive(Debug, Default)]
struct Node {
    born: bool,
    /// Its birth was heard by an earlier program; there may have been another since.
    recalled: bool,
    death_sequence: Option<u64>,
    next_sequence: u8,
    devices: HashSet<String>,
    /// By alias, which is one space for a node and its devices.
    metrics: HashMap<u64, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    name: String,
    datatype: u32,
    unit: Option<String>,
}

/// `spBv1.0/group/TYPE/node[/device]`.
struct Topic<'a> {
    kind: &'a str,
    node: String,
    device: Option<&'a str>,
}

/// `Payload`, its metrics not yet read.
#[derive(Default)]
struct Payload {
    sent_at: Option<Stamp>,
    sequence: Option<u64>,
}

/// `Metric`.
#[derive(Default)]
struct Metric<'a> {
    name: Option<&'a str>,
    alias: Option<u64>,
    at_ms: Option<u64>,
    datatype: Option<u32>,
    historical: bool,
    null: bool,
    properties: Properties<'a>,
    value: Option<(u32, Field<'a>)>,
}

/// What matters of a `PropertySet`.
#[derive(Default)]
struct Properties<'a> {
    unit: Option<&'a str>,
    quality: Option<u64>,
}

/// Whether a topic is that of a birth.
pub(super) fn is_birth(topic: &str) -> bool {
    matches!(Topic::parse(topic), Ok(Some(Topic { kind: "NBIRTH" | "DBIRTH", .. })))
}

impl Session {
    /// A birth that an earlier program heard.
    pub(super) fn recall<'a>(&'a mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        self.recalling = true;
        self.read(message)
    }

    pub(super) fn decode<'a>(&'a mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        self.recalling = false;
        self.read(message)
    }

    fn read<'a>(&'a mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        let Some(topic) = Topic::parse(message.topic)? else { return Ok(Decoded::default()) };
        let payload = Payload::read(message.payload)?;
        let mut decoded = Decoded::default();
        match topic.kind {
            "NBIRTH" => self.node_birth(&topic, &payload, message.payload, &mut decoded)?,
            "DBIRTH" => {
                self.sequence(&topic, &payload, &mut decoded);
                self.device_birth(&topic)?;
                self.learn(&topic, message.payload)?;
                self.metrics(&topic, &payload, message.payload, &mut decoded)?;
            }
            "NDATA" | "DDATA" => {
                self.sequence(&topic, &payload, &mut decoded);
                self.metrics(&topic, &payload, message.payload, &mut decoded)?;
            }
            "NDEATH" => self.node_death(&topic, message.payload, &mut decoded)?,
            _ => {
                self.sequence(&topic, &payload, &mut decoded);
                if let (Some(node), Some(device)) = (self.nodes.get_mut(&topic.node), topic.device) {
                    self.metrics -= usize::from(node.devices.remove(device));
                }
                decoded.signals.push(Signal::Stale { device: topic.path(), since: payload.sent_at });
            }
        }
        Ok(decoded)
    }

    fn node_birth<'a>(
        &'a mut self,
        topic: &Topic<'a>,
        payload: &Payload,
        bytes: &'a [u8],
        decoded: &mut Decoded<'a>,
    ) -> Result<(), DecodeError> {
        let Some(sequence) = payload.sequence.and_then(|s| u8::try_from(s).ok()) else {
            return Err(DecodeError::Protocol("a birth without a sequence number of 0 to 255".into()));
        };
        if self.nodes.len() >= MAX_NODES && !self.nodes.contains_key(&topic.node) {
            return Err(DecodeError::Protocol(format!("more than {MAX_NODES} edge nodes on one connection")));
        }
        if let Some(old) = self.nodes.remove(&topic.node) {
            self.metrics -= old.metrics.len() + old.devices.len();
        }
        let node = Node {
            born: true,
            recalled: self.recalling,
            death_sequence: death_sequence(bytes)?,
            next_sequence: sequence.wrapping_add(1),
            ..Node::default()
        };
        self.nodes.insert(topic.node.clone(), node);
        // What the devices said before holds until they are born again: a new session.
        decoded.signals.push(Signal::Stale { device: topic.node.clone(), since: payload.sent_at });
        self.learn(topic, bytes)?;
        self.metrics(topic, payload, bytes, decoded)
    }

    fn device_birth(&mut self, topic: &Topic<'_>) -> Result<(), DecodeError> {
        if let (Some(node), Some(device)) = (self.nodes.get_mut(&topic.node), topic.device) {
            self.metrics += usize::from(node.devices.insert(device.to_owned()));
        }
        self.within_limit()
    }

    fn within_limit(&self) -> Result<(), DecodeError> {
        if self.metrics <= MAX_METRICS {
            return Ok(());
        }
        Err(DecodeError::Protocol(format!("more than {MAX_METRICS} metrics and devices on one connection")))
    }

    /// A death belongs to the birth whose `bdSeq` it repeats; that of an older session says nothing.
    fn node_death(&mut self, topic: &Topic<'_>, bytes: &[u8], decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
        let told = death_sequence(bytes)?;
        if let Some(node) = self.nodes.get_mut(&topic.node) {
            if node.death_sequence.is_some() && told.is_some() && node.death_sequence != told {
                return Ok(());
            }
            node.born = false;
            self.metrics -= node.devices.len();
            node.devices.clear();
        }
        decoded.signals.push(Signal::Stale { device: topic.node.clone(), since: None });
        Ok(())
    }

    /// Numbers count up by one, 255 being followed by 0, over all messages of a node but its death.
    fn sequence(&mut self, topic: &Topic<'_>, payload: &Payload, decoded: &mut Decoded<'_>) {
        let why = match self.nodes.get_mut(&topic.node) {
            Some(node) if node.born && node.recalled => {
                "no birth of this node was heard since the program began".to_owned()
            }
            Some(node) if node.born => {
                let expected = node.next_sequence;
                let told = payload.sequence.and_then(|s| u8::try_from(s).ok());
                node.next_sequence = told.unwrap_or(expected).wrapping_add(1);
                let unborn = topic.kind == "DDATA" && topic.device.is_some_and(|d| !node.devices.contains(d));
                match told {
                    _ if unborn => "data of a device before its birth".to_owned(),
                    Some(told) if told == expected => return,
                    Some(told) => format!("sequence number {told} where {expected} was due"),
                    None => "a message without its sequence number".to_owned(),
                }
            }
            _ => "no birth of this node was seen".to_owned(),
        };
        decoded.signals.push(Signal::RebirthWanted { node: topic.node.clone(), why });
    }

    /// Keeps the names behind the aliases of a birth.
    fn learn(&mut self, topic: &Topic<'_>, bytes: &[u8]) -> Result<(), DecodeError> {
        let Some(node) = self.nodes.get_mut(&topic.node) else { return Ok(()) };
        let mut fields = Fields::of(bytes);
        while let Some((number, field)) = fields.next()? {
            let (2, Some(bytes)) = (number, field.bytes()) else { continue };
            let metric = Metric::read(bytes)?;
            let (Some(alias), Some(name)) = (metric.alias, metric.name) else { continue };
            DecodeError::check_name(name)?;
            DecodeError::check_name(metric.properties.unit.unwrap_or_default())?;
            let known = Known {
                name: name.to_owned(),
                datatype: metric.datatype.unwrap_or(0),
                unit: metric.properties.unit.map(str::to_owned),
            };
            self.metrics += usize::from(node.metrics.insert(alias, known).is_none());
            if self.metrics > MAX_METRICS {
                break;
            }
        }
        self.within_limit()
    }

    fn metrics<'a>(
        &'a self,
        topic: &Topic<'a>,
        payload: &Payload,
        bytes: &'a [u8],
        decoded: &mut Decoded<'a>,
    ) -> Result<(), DecodeError> {
        let node = self.nodes.get(&topic.node);
        let device = topic.path();
        let mut fields = Fields::of(bytes);
        let mut index = 0;
        while let Some((number, field)) = fields.next()? {
            let (2, Some(bytes)) = (number, field.bytes()) else { continue };
            match Metric::read(bytes).and_then(|metric| metric.observation(node, &device, payload)) {
                Ok(Some(observation)) => decoded.push(observation)?,
                Ok(None) => {}
                Err(error) => decoded.fault(|| format!("metric {index}"), error),
            }
            index += 1;
            if index > MAX_OBSERVATIONS {
                return Err(DecodeError::TooMany);
            }
        }
        Ok(())
    }
}

impl<'a> Topic<'a> {
    /// `None` for messages that carry no readings: commands and the states of host applications.
    fn parse(topic: &'a str) -> Result<Option<Self>, DecodeError> {
        let wrong = || DecodeError::WrongTopic { format: "Sparkplug B", topic: excerpt(topic) };
        DecodeError::check_name(topic)?;
        let mut parts = topic.split('/');
        // A prefix of the broker's may stand before the namespace.
        parts.by_ref().find(|part| *part == "spBv1.0").ok_or_else(wrong)?;
        let parts: Vec<&str> = parts.collect();
        match parts[..] {
            ["STATE", _] | [_, "NCMD" | "DCMD" | "STATE", ..] => Ok(None),
            [group, kind @ ("NBIRTH" | "NDATA" | "NDEATH"), node] => {
                Ok(Some(Self { kind, node: format!("{group}/{node}"), device: None }))
            }
            [group, kind @ ("DBIRTH" | "DDATA" | "DDEATH"), node, device] => {
                Ok(Some(Self { kind, node: format!("{group}/{node}"), device: Some(device) }))
            }
            _ => Err(wrong()),
        }
    }

    /// `group/node` or `group/node/device`.
    fn path(&self) -> String {
        match self.device {
            Some(device) => format!("{}/{device}", self.node),
            None => self.node.clone(),
        }
    }
}

impl Payload {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut payload = Self::default();
        let mut fields = Fields::of(bytes);
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => payload.sent_at = field.uint().map(unix_milliseconds).transpose()?,
                3 => payload.sequence = field.uint(),
                _ => {}
            }
        }
        Ok(payload)
    }
}

/// The metric `bdSeq` of a birth or a death.
fn death_sequence(bytes: &[u8]) -> Result<Option<u64>, DecodeError> {
    let mut fields = Fields::of(bytes);
    while let Some((number, field)) = fields.next()? {
        let (2, Some(bytes)) = (number, field.bytes()) else { continue };
        let metric = Metric::read(bytes)?;
        if metric.name == Some("bdSeq") {
            return Ok(metric.value.and_then(|(_, field)| field.uint()));
        }
    }
    Ok(None)
}

impl<'a> Metric<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut metric = Self::default();
        let mut fields = Fields::of(bytes);
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => metric.name = Some(field.text()?),
                2 => metric.alias = field.uint(),
                3 => metric.at_ms = field.uint(),
                4 => metric.datatype = field.uint().and_then(|kind| u32::try_from(kind).ok()),
                5 => metric.historical = field.uint() == Some(1),
                7 => metric.null = field.uint() == Some(1),
                9 => metric.properties = Properties::read(field.bytes().unwrap_or_default())?,
                10..=19 => metric.value = Some((number, field)),
                _ => {}
            }
        }
        Ok(metric)
    }

    /// `None` for metrics of the protocol itself and for values that are no single one.
    fn observation(
        self,
        node: Option<&'a Node>,
        device: &str,
        payload: &Payload,
    ) -> Result<Option<Observation<'a>>, DecodeError> {
        let known = self.alias.and_then(|alias| node?.metrics.get(&alias));
        let by_memory = self.name.is_none() && node.is_some_and(|node| node.recalled);
        let name = match (self.name, known) {
            (Some(name), _) => name,
            (None, Some(known)) => &known.name,
            (None, None) => {
                let alias = self.alias.map_or_else(|| "none".to_owned(), |alias| alias.to_string());
                return Err(DecodeError::Protocol(format!("a metric without name, its alias ({alias}) not born")));
            }
        };
        if OWN_METRICS.iter().any(|own| name.starts_with(own)) {
            return Ok(None);
        }
        let datatype = self.datatype.or(known.map(|known| known.datatype)).unwrap_or(0);
        let Some(value) = self.value(datatype)? else { return Ok(None) };
        let own_time = self.at_ms.map(unix_milliseconds).transpose()?;
        let unit = self.properties.unit.or(known.and_then(|known| known.unit.as_deref()));
        Ok(Some(Observation {
            unit: unit.map(Into::into),
            observed_at: own_time.or(payload.sent_at),
            historical: self.historical,
            quality: match self.properties.quality() {
                Quality::Good if by_memory => Quality::Uncertain,
                quality => quality,
            },
            ..Observation::new(device.to_owned(), name, value)
        }))
    }

    /// By the data types of the specification. Data sets, templates, bytes and files are no single value.
    fn value(&self, datatype: u32) -> Result<Option<Value<'a>>, DecodeError> {
        if self.null {
            return Ok(Some(Value::Missing));
        }
        let Some((number, field)) = self.value else { return Ok(None) };
        let finite = |n: f64| if n.is_finite() { Ok(Value::Number(n)) } else { Err(DecodeError::NotFinite) };
        Ok(Some(match (number, field) {
            // Int8, Int16, Int32 come as the two's complement in 32 bits.
            (10, Field::Varint(bits)) => match datatype {
                1 => Value::Number(f64::from(bits as u8 as i8)),
                2 => Value::Number(f64::from(bits as u16 as i16)),
                3 => Value::Number(f64::from(bits as u32 as i32)),
                _ => Value::Number(f64::from(bits as u32)),
            },
            (11, Field::Varint(bits)) if datatype == 4 => Value::Number(bits as i64 as f64),
            (11, Field::Varint(bits)) => Value::Number(bits as f64),
            (12, Field::Fixed32(bits)) => finite(f64::from(f32::from_bits(bits)))?,
            (13, Field::Fixed64(bits)) => finite(f64::from_bits(bits))?,
            (14, Field::Varint(flag)) => Value::Bool(flag != 0),
            (15, field @ Field::Bytes(_)) => Value::Text(field.text()?.into()),
            _ => return Ok(None),
        }))
    }
}

impl<'a> Properties<'a> {
    /// `keys` and `values` by position; `engUnit` and `Quality` are those that are known.
    fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut unit_at, mut quality_at, mut keys, mut values) = (None, None, 0_usize, 0_usize);
        let mut fields = Fields::of(bytes);
        while let Some((number, field)) = fields.next()? {
            if number == 1 {
                match field.text()? {
                    "engUnit" | "Engineering Units" => unit_at = Some(keys),
                    "Quality" => quality_at = Some(keys),
                    _ => {}
                }
                keys += 1;
            }
        }
        let mut properties = Self::default();
        let mut fields = Fields::of(bytes);
        while let Some((number, field)) = fields.next()? {
            let (2, Some(bytes)) = (number, field.bytes()) else { continue };
            let mut value = Fields::of(bytes);
            while let Some((number, field)) = value.next()? {
                match number {
                    8 if unit_at == Some(values) => properties.unit = Some(field.text()?),
                    3 | 4 if quality_at == Some(values) => properties.quality = field.uint(),
                    _ => {}
                }
            }
            values += 1;
        }
        Ok(properties)
    }

    /// 0 bad, 192 good, 500 stale.
    const fn quality(&self) -> Quality {
        match self.quality {
            None | Some(192) => Quality::Good,
            Some(0) => Quality::Bad,
            Some(500) => Quality::Stale,
            Some(_) => Quality::Uncertain,
        }
    }
}
