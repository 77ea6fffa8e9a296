//! Messages to readings of the city's sensors, with all that could not be placed and why.

use std::{collections::HashMap, sync::Arc};

use citytwin_model::{Anchor, MadeBy, Quality, Reading, Sensor, SensorId, Timestamp, time::TimeZone};

use super::{
    document::{MappingVersion, Sources},
    pattern::{Captures, TopicPattern},
    take::{QualityLimits, Take, Target},
    targets::{Match, Targets},
};
use crate::{
    decode::{DecodeError, Decoded, Decoder, MAX_NAME_BYTES, Message, Observation, Signal},
    payload::excerpt,
};

/// 2000-01-01T00:00:00Z, second since 1970: earlier stamps come from clocks that were never set.
const EARLIEST_S: i64 = 946_684_800;
/// Devices that are told apart; what comes beyond has no clock of its own to be judged.
const MAX_DEVICES: usize = 1_000_000;
/// The longest topic that is looked at, byte.
const MAX_TOPIC_BYTES: usize = 1_024;

/// A device of a source, for as long as the mapper lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeviceId(pub u32);

/// A reading with where it comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct MappedReading {
    pub reading: Reading,
    /// Position in [`Sources::sources`].
    pub source: u16,
    /// Position in [`Sources::mappings`].
    pub mapping: u16,
    pub version: MappingVersion,
    /// `None` beyond a million devices.
    pub device: Option<DeviceId>,
    pub matched: Match,
    /// Stored by the device and sent later.
    pub historical: bool,
    /// A model's output.
    pub modelled: bool,
    /// How long it holds, as sender or mapping say, second.
    pub ttl_s: Option<f64>,
    /// The mapping's own limits of quality checks.
    pub limits: QualityLimits,
}

/// What gave no reading, and why. The message itself is the caller's to keep.
#[derive(Clone, PartialEq, Debug)]
pub struct Dead {
    /// `None` when no mapping matches the topic.
    pub mapping: Option<u16>,
    /// The heading under which it is counted.
    pub kind: &'static str,
    /// One line.
    pub reason: String,
}

/// What a message says besides readings.
#[derive(Clone, PartialEq, Debug)]
pub enum MappedSignal {
    /// These sensors' values hold no longer: their device died.
    Stale { sensors: Vec<SensorId>, device: String },
    /// As the decoder said it; `mapping` as in [`MappedReading`].
    Of { mapping: u16, signal: Signal },
}

/// What messages gave, gathered until [`Mapped::clear`].
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Mapped {
    pub readings: Vec<MappedReading>,
    pub dead: Vec<Dead>,
    /// In the order of the message; what they say holds before its readings.
    pub signals: Vec<MappedSignal>,
    /// Values that say that there is none.
    pub missing: u64,
    /// Observations that no `[[mapping.take]]` asks for.
    pub not_taken: u64,
}

impl Mapped {
    /// Empties it; its memory stays.
    pub fn clear(&mut self) {
        self.readings.clear();
        self.dead.clear();
        self.signals.clear();
        (self.missing, self.not_taken) = (0, 0);
    }
}

/// The mappings of a city at work, with the state of their decoders.
#[derive(Debug)]
pub struct Mapper {
    version: MappingVersion,
    active: Vec<Active>,
    places: Places,
}

#[derive(Debug)]
struct Active {
    source: u16,
    made_by: MadeBy,
    topic: Option<TopicPattern>,
    decoder: Decoder,
    takes: Vec<Take>,
    timezone: TimeZone,
    expects: Expects,
}

impl Active {
    /// Whether a message on this topic is for this mapping, and tells how later ones are to be read.
    fn teaches<'t>(&self, topic: &'t str, captures: &mut Captures<'t>) -> bool {
        self.decoder.learns_from(topic) && self.topic.as_ref().is_none_or(|pattern| pattern.matches(topic, captures))
    }
}

/// Sensors and devices.
#[derive(Debug)]
struct Places {
    targets: Targets,
    /// By source, then by name.
    devices: Vec<HashMap<Box<str>, DeviceId>>,
    known_devices: u32,
    /// By sensor: the device that last spoke for it.
    device_of: Vec<Option<DeviceId>>,
    scratch: String,
}

/// What all observations of one message share.
#[derive(Clone, Copy)]
struct Context<'m> {
    source: u16,
    made_by: &'m MadeBy,
    mapping: u16,
    version: MappingVersion,
    received_at: Timestamp,
    timezone: &'m TimeZone,
    /// The mapping says where the time stands.
    stamped: bool,
    captures: Captures<'m>,
}

/// What every message of a mapping must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Expects {
    pub values: bool,
    pub time: bool,
}

impl Mapper {
    /// Puts a file's mappings to work for a city's sensors.
    pub fn new(sources: &Sources, sensors: &[Sensor], anchor: Anchor) -> Self {
        let takes = sources.mappings.iter().flat_map(|mapping| &mapping.takes);
        let wanted = takes.filter_map(|take| match take.target {
            Target::Nearest { kind, .. } => Some((kind, take.quantity)),
            Target::Sensor(_) => None,
        });
        let targets = Targets::new(sensors, anchor, wanted);
        let version: Arc<str> = sources.version.to_string().into();
        let active = sources.mappings.iter().map(|mapping| Active {
            source: mapping.source as u16,
            made_by: MadeBy { feed: sources.sources[mapping.source].id.as_str().into(), mapping: Arc::clone(&version) },
            topic: mapping.topic.clone(),
            decoder: mapping.decoder(),
            takes: mapping.takes.clone(),
            timezone: sources.sources[mapping.source].timezone.clone(),
            expects: mapping.expects(sources.sources[mapping.source].kind),
        });
        let places = Places {
            device_of: vec![None; targets.count()],
            targets,
            devices: vec![HashMap::new(); sources.sources.len()],
            known_devices: 0,
            scratch: String::new(),
        };
        Self { version: sources.version, active: active.collect(), places }
    }

    /// Which edition of the mappings is at work.
    pub const fn version(&self) -> MappingVersion {
        self.version
    }

    /// Whether a message of a source tells how later ones are to be read.
    pub fn learns_from(&self, source: u16, topic: &str) -> bool {
        self.active.iter().any(|active| source == active.source && active.teaches(topic, &mut Captures::default()))
    }

    /// A message of a source that an earlier program heard and [`Self::learns_from`]: what it teaches is remembered, its
    /// readings are known. Returns what it announces.
    pub fn recall(&mut self, source: u16, message: Message<'_>) -> Vec<MappedSignal> {
        let mut mapped = Mapped::default();
        for (index, active) in self.active.iter_mut().enumerate() {
            let mut captures = Captures::default();
            if source != active.source || !active.teaches(message.topic, &mut captures) {
                continue;
            }
            let Active { source, made_by, decoder, takes, timezone, expects, .. } = active;
            let context = Context {
                source: *source,
                made_by,
                mapping: index as u16,
                version: self.version,
                received_at: message.received_at,
                timezone,
                stamped: expects.time,
                captures,
            };
            if let Ok(decoded) = decoder.recall(message) {
                self.places.take(context, takes, decoded, &mut mapped);
            }
        }
        mapped.signals
    }

    /// What a message of a source gives, added to `into`. Without a source, every mapping whose topic fits is asked.
    pub fn map(&mut self, source: Option<u16>, message: Message<'_>, into: &mut Mapped) {
        if message.topic.len() > MAX_TOPIC_BYTES {
            let reason = format!("topic `{}` is longer than {MAX_TOPIC_BYTES} bytes", excerpt(message.topic));
            into.dead.push(Dead { mapping: None, kind: "long topic", reason });
            return;
        }
        let mut taken = false;
        for (index, active) in self.active.iter_mut().enumerate() {
            let mut captures = Captures::default();
            let fits = source.is_none_or(|source| source == active.source)
                && active.decoder.concerns(message.topic)
                && active.topic.as_ref().is_none_or(|topic| topic.matches(message.topic, &mut captures));
            if !fits {
                continue;
            }
            taken = true;
            let Active { source, made_by, decoder, takes, timezone, expects, .. } = active;
            let context = Context {
                source: *source,
                made_by,
                mapping: index as u16,
                version: self.version,
                received_at: message.received_at,
                timezone,
                stamped: expects.time,
                captures,
            };
            match decoder.decode(message) {
                Ok(decoded) if expects.values && decoded.says_nothing() => into.dead.push(Dead {
                    mapping: Some(context.mapping),
                    kind: "no value",
                    reason: "nothing stands where the mapping looks for values; compare its paths with the payload"
                        .to_owned(),
                }),
                Ok(decoded) => self.places.take(context, takes, decoded, into),
                Err(error) => into.dead.push(dead(context.mapping, &error)),
            }
        }
        if !taken {
            let reason = format!("topic `{}` fits no mapping", excerpt(message.topic));
            into.dead.push(Dead { mapping: None, kind: "no mapping", reason });
        }
    }

    /// What the rows of a table give, row by row to `each`, which gets the number of the row (from 1, blank ones not
    /// counted) and what it gave: for files of any length. `mapping` is the position of a `csv` mapping.
    pub fn map_rows(
        &mut self,
        mapping: u16,
        message: Message<'_>,
        mut each: impl FnMut(usize, &Mapped),
    ) -> Result<(), DecodeError> {
        let Some(active) = self.active.get_mut(usize::from(mapping)) else {
            return Err(DecodeError::Protocol(format!("there is no mapping {mapping}")));
        };
        let Decoder::Csv(format) = &active.decoder else {
            return Err(DecodeError::Protocol("only a csv mapping has rows".into()));
        };
        let context = Context {
            source: active.source,
            made_by: &active.made_by,
            mapping,
            version: self.version,
            received_at: message.received_at,
            timezone: &active.timezone,
            stamped: false,
            captures: Captures::default(),
        };
        let mut mapped = Mapped::default();
        for (row, decoded) in format.rows(message.payload)?.enumerate() {
            mapped.clear();
            self.places.take(context, &active.takes, decoded, &mut mapped);
            each(row + 1, &mapped);
        }
        Ok(())
    }
}

fn dead(mapping: u16, error: &DecodeError) -> Dead {
    Dead { mapping: Some(mapping), kind: error.kind(), reason: error.to_string() }
}

impl Places {
    fn take(&mut self, context: Context<'_>, takes: &[Take], decoded: Decoded<'_>, into: &mut Mapped) {
        for signal in decoded.signals {
            into.signals.push(match signal {
                Signal::Stale { device, .. } => {
                    MappedSignal::Stale { sensors: self.sensors_of(context.source, &device), device }
                }
                signal => MappedSignal::Of { mapping: context.mapping, signal },
            });
        }
        for fault in &decoded.faults {
            let reason = fault.to_string();
            into.dead.push(Dead { mapping: Some(context.mapping), kind: fault.error.kind(), reason });
        }
        let untold = decoded.faulty - decoded.faults.len();
        if untold > 0 {
            let reason = format!("{untold} more faults of the same message");
            into.dead.push(Dead { mapping: Some(context.mapping), kind: "more faults", reason });
        }
        for observation in &decoded.observations {
            let mut asked = false;
            for take in takes {
                let mut captures = context.captures;
                let fits = take.path.as_deref().is_none_or(|path| path == observation.property)
                    && take.device.as_ref().is_none_or(|d| d.matches(&observation.device, &mut captures))
                    && take.property.as_ref().is_none_or(|p| p.matches(&observation.property, &mut captures));
                if fits {
                    asked = true;
                    self.reading(Context { captures, ..context }, take, observation, into);
                }
            }
            into.not_taken += u64::from(!asked);
        }
    }

    fn reading(&mut self, context: Context<'_>, take: &Take, observation: &Observation<'_>, into: &mut Mapped) {
        let value = match take.value(observation) {
            Ok(Some(value)) => value,
            Ok(None) => {
                into.missing += 1;
                return;
            }
            Err(error) => {
                let reason = format!("{}: {error}", named(observation));
                into.dead.push(Dead { mapping: Some(context.mapping), kind: error.kind(), reason });
                return;
            }
        };
        let found = match &take.target {
            Target::Sensor(template) => {
                template.fill(&context.captures, &observation.device, &observation.property, &mut self.scratch);
                self.targets.by_id(&self.scratch, take.quantity).map(|sensor| (sensor, Match::Source))
            }
            Target::Nearest { kind, within_m } => self
                .targets
                .nearest((*kind, take.quantity), observation.place, *within_m)
                .map(|(sensor, distance_m)| (sensor, Match::Nearest { distance_m })),
        };
        let (sensor, matched) = match found {
            Ok(found) => found,
            Err(error) => {
                let reason = format!("{}: {error}", named(observation));
                into.dead.push(Dead { mapping: Some(context.mapping), kind: error.kind(), reason });
                return;
            }
        };
        let (observed_at, sure) = observed(observation, context);
        let mut quality = observation.quality;
        if quality == Quality::Good && !sure {
            quality = Quality::Uncertain;
        }
        if !take.is_valid(value) {
            quality = Quality::Bad;
        }
        let (quantity, received_at) = (take.quantity, context.received_at);
        let device = self.device(context.source, &observation.device, sensor);
        let made_by = context.made_by.clone();
        into.readings.push(MappedReading {
            reading: Reading { sensor, quantity, value, observed_at, received_at, quality, emulated: false, made_by },
            source: context.source,
            mapping: context.mapping,
            version: context.version,
            device,
            matched,
            historical: observation.historical,
            modelled: observation.modelled,
            ttl_s: match (observation.ttl_s, take.ttl_s) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            },
            limits: take.limits,
        });
    }

    /// The device by name; a payload that names none has one device per sensor.
    fn device(&mut self, source: u16, name: &str, sensor: SensorId) -> Option<DeviceId> {
        let known_of_sensor = self.device_of[sensor.index()];
        if name.is_empty() && known_of_sensor.is_some() {
            return known_of_sensor;
        }
        let devices = &mut self.devices[usize::from(source)];
        let device = match devices.get(name).filter(|_| !name.is_empty()) {
            Some(device) => Some(*device),
            None if self.known_devices as usize >= MAX_DEVICES || name.len() > MAX_NAME_BYTES => None,
            None => {
                let device = DeviceId(self.known_devices);
                self.known_devices += 1;
                if !name.is_empty() {
                    devices.insert(name.into(), device);
                }
                Some(device)
            }
        };
        self.device_of[sensor.index()] = device;
        device
    }

    /// The sensors that a device, or any device below it, last spoke for.
    fn sensors_of(&self, source: u16, name: &str) -> Vec<SensorId> {
        let below = |known: &str| known.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let devices = self.devices.get(usize::from(source)).into_iter().flatten();
        let mut dead: Vec<DeviceId> = devices.filter(|(known, _)| below(known)).map(|(_, id)| *id).collect();
        dead.sort_unstable();
        let spoke = |device: &Option<DeviceId>| device.is_some_and(|device| dead.binary_search(&device).is_ok());
        let sensors = self.device_of.iter().enumerate().filter(|(_, device)| spoke(device));
        sensors.map(|(index, _)| SensorId::from_index(index)).collect()
    }
}

fn named(observation: &Observation<'_>) -> String {
    match (&*observation.device, &*observation.property) {
        ("", property) => excerpt(property),
        (device, "") => excerpt(device),
        (device, property) => format!("{} {}", excerpt(device), excerpt(property)),
    }
}

/// When it was observed, and whether that is sure. Without a stamp, or with one of a clock that was never set, it is
/// the time of receipt.
fn observed(observation: &Observation<'_>, context: Context<'_>) -> (Timestamp, bool) {
    match observation.observed_at {
        // Where a time was to stand and none does, the moment of receipt is a guess.
        None => (context.received_at, !context.stamped),
        Some(stamp) => match stamp.resolve(context.timezone) {
            Some((at, sure)) if at.as_second() >= EARLIEST_S => (at, sure),
            _ => (context.received_at, false),
        },
    }
}
