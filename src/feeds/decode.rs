//! Foreign payloads to observations: bytes in, observations or a reason out. Pure: the time of receipt is an
//! argument, and what a standard keeps per connection (aliases, discovered entities) is the [`Decoder`]'s own.
//! Knows the formats alone: which sensor an observation is for, and in which unit, is the mapping's.

mod csv;
mod error;
mod gbfs;
mod gtfs_realtime;
mod home_assistant;
mod json;
mod json_walk;
mod ngsi_ld;
mod open_meteo;
mod plain;
mod protobuf;
mod senml;
mod senml_cbor;
mod sensor_things;
mod sparkplug;
mod stamp;

use std::borrow::Cow;

use citytwin_model::{LonLat, Quality, Timestamp};

pub use csv::{CsvFormat, CsvRows, Cycle};
pub use error::{DecodeError, Fault};
pub use gbfs::Stations;
pub(crate) use gbfs::{OF_STATION, OF_VEHICLE};
pub use home_assistant::Directory;
pub use plain::{JsonFields, PathError, PlainJson};
pub use sparkplug::Session;
pub use stamp::{Stamp, TimeFormat};

/// The largest payload that is looked at, byte: a birth of 10,000 Sparkplug metrics, a GTFS-Realtime answer of a
/// large city.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// The most observations in one message.
pub const MAX_OBSERVATIONS: usize = 200_000;
/// The longest id, property or unit, byte. A name that all entries of a message share must not be multiplied by them.
pub const MAX_NAME_BYTES: usize = 256;
/// The most faults that are kept of one message; more of them say nothing new.
const MAX_FAULTS: usize = 32;

/// What came over the wire.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Message<'a> {
    /// MQTT topic, or the address or file name that the payload was read from.
    pub topic: &'a str,
    pub payload: &'a [u8],
    pub received_at: Timestamp,
}

/// A value as its format states it.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'a> {
    /// Finite.
    Number(f64),
    Bool(bool),
    Text(Cow<'a, str>),
    /// The format says that there is none (null).
    Missing,
}

/// One value of one property of one device.
#[derive(Clone, PartialEq, Debug)]
pub struct Observation<'a> {
    /// Id of the device, entity, station or vehicle; empty when the payload names none.
    pub device: Cow<'a, str>,
    /// What of it; empty when the payload names none.
    pub property: Cow<'a, str>,
    pub value: Value<'a>,
    /// As stated, untranslated.
    pub unit: Option<Cow<'a, str>>,
    pub observed_at: Option<Stamp>,
    /// Where, when the payload says so. Valid.
    pub place: Option<LonLat>,
    /// What the sender says of it.
    pub quality: Quality,
    /// Stored by the device and sent later: no news of the present.
    pub historical: bool,
    /// A model's output, no measurement.
    pub modelled: bool,
    /// How long the sender says it holds, second.
    pub ttl_s: Option<f64>,
}

impl<'a> Observation<'a> {
    /// A good measurement without unit, stamp or place.
    pub fn new(device: impl Into<Cow<'a, str>>, property: impl Into<Cow<'a, str>>, value: Value<'a>) -> Self {
        Self {
            device: device.into(),
            property: property.into(),
            value,
            unit: None,
            observed_at: None,
            place: None,
            quality: Quality::Good,
            historical: false,
            modelled: false,
            ttl_s: None,
        }
    }
}

/// What a message says besides observations.
#[derive(Clone, PartialEq, Debug)]
pub enum Signal {
    /// All that is known of this device, or of every device below it (`group/node`), holds no longer.
    Stale { device: String, since: Option<Stamp> },
    /// State was missed: the edge node (`group/node`) should be asked for a new birth.
    RebirthWanted { node: String, why: String },
    /// A page of an answer goes on there.
    NextPage(String),
    /// The answer is to be asked again after so many seconds.
    Ttl(f64),
    /// A device described itself; a topic to subscribe to: of its state, or of whether it is there.
    Discovered { device: String, topic: String },
    /// A part that this program does not read, and why.
    NotSupported(String),
}

/// What one message gave. Good entries count though others of the same message are faulty.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Decoded<'a> {
    pub observations: Vec<Observation<'a>>,
    /// The first faults, each with its place in the message.
    pub faults: Vec<Fault>,
    /// How many entries were faulty.
    pub faulty: usize,
    pub signals: Vec<Signal>,
}

impl<'a> Decoded<'a> {
    /// Neither an observation nor a fault nor a signal.
    pub(crate) fn says_nothing(&self) -> bool {
        self.observations.is_empty() && self.faulty == 0 && self.signals.is_empty()
    }

    fn push(&mut self, observation: Observation<'a>) -> Result<(), DecodeError> {
        if self.observations.len() >= MAX_OBSERVATIONS {
            return Err(DecodeError::TooMany);
        }
        self.observations.push(observation);
        Ok(())
    }

    fn fault(&mut self, at: impl FnOnce() -> String, error: DecodeError) {
        self.faulty += 1;
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { at: at(), error });
        }
    }

    /// Keeps an observation or its fault.
    fn take(
        &mut self,
        at: impl FnOnce() -> String,
        observation: Result<Observation<'a>, DecodeError>,
    ) -> Result<(), DecodeError> {
        match observation {
            Ok(observation) => self.push(observation),
            Err(error) => {
                self.fault(at, error);
                Ok(())
            }
        }
    }
}

/// A decoder of one format with the state that its standard keeps. One per connection and mapping.
#[derive(Debug)]
pub enum Decoder {
    /// JSON of any shape, by paths.
    Json(PlainJson),
    /// SenML as JSON (RFC 8428).
    SenmlJson,
    /// SenML as CBOR (RFC 8428, section 6).
    SenmlCbor,
    /// OGC SensorThings 1.1: Observations over MQTT or as an HTTP answer.
    SensorThings,
    /// NGSI-LD entities and notifications, normalized, concise or simplified; NGSI v2 `keyValues` too.
    NgsiLd,
    /// Home Assistant MQTT discovery.
    HomeAssistant(Directory),
    /// Sparkplug B 3.0.
    SparkplugB(Session),
    /// GBFS 3 `station_status`, `vehicle_status`, `station_information`.
    Gbfs(Stations),
    /// GTFS-Realtime 2.0 vehicle positions.
    GtfsRealtime,
    /// Open-Meteo's `current` block: output of weather models.
    OpenMeteo,
    /// Rows of text.
    Csv(CsvFormat),
}

impl Decoder {
    /// Whether a topic may carry this format: where a standard names its topics, others are somebody else's.
    pub(crate) fn concerns(&self, topic: &str) -> bool {
        match self {
            Self::HomeAssistant(directory) => directory.concerns(topic),
            Self::SparkplugB(_) => topic.split('/').any(|part| part == "spBv1.0"),
            _ => true,
        }
    }

    /// Whether a message on this topic tells how later ones are to be read: births, configurations.
    pub(crate) fn learns_from(&self, topic: &str) -> bool {
        match self {
            Self::HomeAssistant(directory) => directory.is_configuration(topic),
            Self::SparkplugB(_) => sparkplug::is_birth(topic),
            _ => false,
        }
    }

    /// As [`Self::decode`], of a message that an earlier program heard: what it teaches may have been replaced meanwhile.
    pub(crate) fn recall<'a>(&'a mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        match self {
            Self::SparkplugB(session) => session.recall(message),
            _ => self.decode(message),
        }
    }

    /// What the message says. State changes only where the standard has any.
    pub fn decode<'a>(&'a mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        if message.payload.len() > MAX_MESSAGE_BYTES {
            return Err(DecodeError::TooLarge(message.payload.len()));
        }
        match self {
            Self::Json(plan) => plan.decode(message.payload),
            Self::SenmlJson => senml::decode_json(message),
            Self::SenmlCbor => senml_cbor::decode(message),
            Self::SensorThings => sensor_things::decode(message),
            Self::NgsiLd => ngsi_ld::decode(message),
            Self::HomeAssistant(directory) => directory.decode(message),
            Self::SparkplugB(session) => session.decode(message),
            Self::Gbfs(stations) => stations.decode(message),
            Self::GtfsRealtime => gtfs_realtime::decode(message),
            Self::OpenMeteo => open_meteo::decode(message),
            Self::Csv(format) => format.decode(message.payload),
        }
    }
}
