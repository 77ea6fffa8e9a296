//! Readings to payloads: what devices of each format would publish. The other way of [`crate::decode`], for the feed of
//! trials ([`crate::Trial`]); `tests/encoders` holds every format to the very decoders. Pure: values and times are
//! arguments.
//!
//! What a format has no field for is not in its payloads: SenML, SensorThings, NGSI-LD and Home Assistant say nothing of
//! quality, Home Assistant nothing of time, and only the program's own says that a reading is emulated. The topics of
//! formats that leave them open begin with `simulated/<city>/`.

mod home_assistant;
mod json;
mod ngsi_ld;
mod own;
mod senml;
mod senml_cbor;
mod sensor_things;
mod sources;
mod sparkplug;

use std::fmt;

use citytwin_model::{Quality, Quantity, Sensor, SensorId, SourceRef, Timestamp};

pub(crate) use own::payload as own_payload;

use crate::{FeedError, MqttConfig, registry::prefixed};

/// The formats that can be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// The program's own, which needs no `sources.toml`.
    Own,
    Json,
    Senml,
    SenmlCbor,
    SensorThings,
    NgsiLd,
    HomeAssistant,
    SparkplugB,
}

impl Format {
    pub const ALL: [Self; 8] = [
        Self::Own,
        Self::Json,
        Self::Senml,
        Self::SenmlCbor,
        Self::SensorThings,
        Self::NgsiLd,
        Self::HomeAssistant,
        Self::SparkplugB,
    ];

    /// As in `sources.toml`; `own` is in none.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Json => "json",
            Self::Senml => "senml",
            Self::SenmlCbor => "senml-cbor",
            Self::SensorThings => "sensorthings",
            Self::NgsiLd => "ngsi-ld",
            Self::HomeAssistant => "home-assistant",
            Self::SparkplugB => "sparkplug-b",
        }
    }

    /// Whether its payloads say when a value was observed.
    pub const fn tells_time(self) -> bool {
        !matches!(self, Self::HomeAssistant)
    }

    /// Whether its payloads say how far a value may be believed.
    pub const fn tells_quality(self) -> bool {
        matches!(self, Self::Own | Self::Json | Self::SparkplugB)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a device measures.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    pub sensor: SensorId,
    /// In the quantity's unit; finite.
    pub value: f64,
    /// Sparkplug B keeps whole milliseconds.
    pub observed_at: Timestamp,
    pub quality: Quality,
}

/// A message ready to publish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outgoing {
    pub topic: String,
    pub payload: Vec<u8>,
    /// The broker keeps it for whoever subscribes later.
    pub retain: bool,
}

impl Outgoing {
    fn new(topic: impl Into<String>, payload: Vec<u8>) -> Self {
        Self { topic: topic.into(), payload, retain: false }
    }
}

/// What the formats know of a sensor.
#[derive(Clone, Debug)]
struct Device {
    id: String,
    quantity: Quantity,
    /// Of its readings, with the prefix.
    topic: String,
}

/// The devices of a city in one format. Sensors that are no entries of the city folder have none.
#[derive(Debug)]
pub struct Encoder {
    format: Format,
    city: String,
    prefix: Option<String>,
    /// By sensor.
    devices: Vec<Option<Device>>,
    node: sparkplug::Node,
}

impl Encoder {
    /// `city` is the slug, as in topics; `prefix` comes before every topic.
    pub fn new(format: Format, city: &str, sensors: &[Sensor], prefix: Option<&str>) -> Self {
        let size = sensors.iter().map(|sensor| sensor.id.index() + 1).max().unwrap_or(0);
        let mut devices = vec![None; size];
        for sensor in sensors {
            let SourceRef::Local(_, id) = &sensor.source else { continue };
            let topic = match format {
                Format::Own => sensor.topic.clone(),
                Format::Json => json::topic(city, id, sensor.quantity),
                Format::Senml | Format::SenmlCbor => senml::topic(city, format, id),
                Format::SensorThings => sensor_things::topic(city, id, sensor.quantity),
                Format::NgsiLd => ngsi_ld::topic(city, id),
                Format::HomeAssistant => home_assistant::state_topic(city, id),
                Format::SparkplugB => sparkplug::topic(city, "DDATA", Some(id)),
            };
            let topic = prefixed(prefix, &topic);
            devices[sensor.id.index()] = Some(Device { id: id.to_string(), quantity: sensor.quantity, topic });
        }
        let prefix = prefix.map(str::to_owned);
        Self { format, city: city.to_owned(), prefix, devices, node: sparkplug::Node::default() }
    }

    /// Begins a connection. Returns what the broker is to publish should the connection be lost.
    pub fn connect(&mut self) -> Option<Outgoing> {
        if self.format != Format::SparkplugB {
            return None;
        }
        self.node.begin();
        Some(self.prefixed(sparkplug::death(&self.city, &self.node)))
    }

    /// What a new connection says before its first reading: births, descriptions.
    pub fn opening(&mut self, at: Timestamp) -> Vec<Outgoing> {
        let devices = (0..).zip(&self.devices).filter_map(|(alias, device)| Some((alias, device.as_ref()?)));
        let messages: Vec<Outgoing> = match self.format {
            Format::HomeAssistant => devices.map(|(_, device)| home_assistant::configuration(device)).collect(),
            Format::SparkplugB => sparkplug::births(&self.city, &mut self.node, devices, at),
            _ => Vec::new(),
        };
        messages.into_iter().map(|message| self.prefixed(message)).collect()
    }

    /// A reading. `None`: the sensor has no device.
    pub fn encode(&mut self, sample: &Sample) -> Option<Outgoing> {
        let device = self.devices.get(sample.sensor.index())?.as_ref()?;
        let payload = match self.format {
            Format::Own => own::payload(device.quantity, sample),
            Format::Json => json::payload(device.quantity, sample),
            Format::Senml => senml::payload(&self.city, device, sample),
            Format::SenmlCbor => senml_cbor::payload(&self.city, device, sample),
            Format::SensorThings => sensor_things::payload(sample),
            Format::NgsiLd => ngsi_ld::payload(device, sample),
            Format::HomeAssistant => home_assistant::state(sample),
            Format::SparkplugB => sparkplug::data(&mut self.node, sample),
        };
        Some(Outgoing::new(device.topic.clone(), payload))
    }

    /// What devices say when they leave for good: deaths; descriptions are taken back.
    pub fn closing(&mut self) -> Vec<Outgoing> {
        let messages: Vec<Outgoing> = match self.format {
            Format::HomeAssistant => self.devices.iter().flatten().map(home_assistant::withdrawal).collect(),
            Format::SparkplugB => vec![sparkplug::death(&self.city, &self.node)],
            _ => Vec::new(),
        };
        messages.into_iter().map(|message| self.prefixed(message)).collect()
    }

    /// The `sources.toml` that reads all of it from a broker; `None` of the program's own format, which needs none.
    ///
    /// # Errors
    /// A prefix with braces, which no mapping can name.
    pub fn sources(&self, broker: &MqttConfig) -> Result<Option<String>, FeedError> {
        if self.prefix.as_ref().is_some_and(|prefix| prefix.contains(['{', '}'])) {
            return Err(FeedError::Address("its prefix holds `{` or `}`, which a sources.toml cannot name"));
        }
        Ok(sources::write(self, &broker.address()))
    }

    /// How many sensors have a device.
    pub fn len(&self) -> usize {
        self.devices.iter().flatten().count()
    }

    /// Whether no sensor has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The quantities of the devices, each once.
    fn quantities(&self) -> impl Iterator<Item = Quantity> + '_ {
        let has = |quantity: &Quantity| self.devices.iter().flatten().any(|device| device.quantity == *quantity);
        Quantity::ALL.into_iter().filter(has)
    }

    fn prefixed(&self, message: Outgoing) -> Outgoing {
        Outgoing { topic: prefixed(self.prefix.as_deref(), &message.topic), ..message }
    }
}

/// JSON of a value that always serialises: texts, finite numbers, times.
fn json_bytes(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers serialise")
}
