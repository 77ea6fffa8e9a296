//! Messages to readings: by the mappings of `sources.toml`, or in the program's own format.

use citytwin_feeds::{
    Delivery, SensorRegistry, decode,
    decode::Message,
    mapping::{DeviceId, Mapped, MappedSignal, Mapper, MappingVersion, QualityLimits},
    quality::Arrival,
};
use citytwin_model::{Quality, Reading, Timestamp};

use crate::{Feeds, Origin};

/// Name of the feed of the program's own format.
const OWN_FEED: &str = "mqtt";

/// A reading as the judge needs it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Incoming {
    pub reading: Reading,
    pub device: Option<DeviceId>,
    pub historical: bool,
    /// A model's output: no device measured it.
    pub modelled: bool,
    pub ttl_s: Option<f64>,
    pub limits: QualityLimits,
}

/// What a message gave, until the next one.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub readings: Vec<Incoming>,
    /// Heading and line of each fault.
    pub dead: Vec<(&'static str, String)>,
    pub signals: Vec<MappedSignal>,
    pub missing: u64,
    pub not_taken: u64,
}

/// The decoders of a city. Sources are numbered as in `sources.toml`; the own format comes after them.
pub(crate) struct Intake {
    feeds: Vec<String>,
    mapper: Option<(Mapper, MappingVersion)>,
    mapping: String,
    registry: SensorRegistry,
    mapped: Mapped,
    read: Read,
}

impl Incoming {
    pub fn arrival(&self, source: u16) -> Arrival<'_> {
        Arrival {
            reading: &self.reading,
            source,
            device: self.device,
            historical: self.historical,
            ttl_s: self.ttl_s,
            limits: self.limits,
        }
    }
}

impl Intake {
    pub fn new(feeds: &Feeds<'_>) -> Self {
        let mut names: Vec<String> =
            feeds.sources.iter().flat_map(|sources| &sources.sources).map(|s| s.id.clone()).collect();
        names.push(OWN_FEED.to_owned());
        let mapper = feeds.sources.map(|s| (Mapper::new(s, feeds.sensors, feeds.anchor), s.version));
        let prefix = feeds.brokers.iter().find(|broker| broker.origin == Origin::Own);
        let prefix = prefix.and_then(|broker| broker.config.prefix());
        Self {
            feeds: names,
            mapping: mapper.as_ref().map_or_else(String::new, |(_, version)| version.to_string()),
            mapper,
            registry: SensorRegistry::new(feeds.sensors, feeds.city, prefix),
            mapped: Mapped::default(),
            read: Read::default(),
        }
    }

    /// Names of the feeds by source.
    pub fn feeds(&self) -> &[String] {
        &self.feeds
    }

    /// The number of an origin.
    pub fn source(&self, origin: Origin) -> u16 {
        match origin {
            Origin::Own => (self.feeds.len() - 1) as u16,
            Origin::Mapped(source) => source,
        }
    }

    /// The topics that the own format is spoken on.
    pub fn own_topics(&self) -> &[String] {
        self.registry.subscriptions()
    }

    /// The version of the mappings that read a source; empty for the own format.
    pub fn mapping_of(&self, source: u16) -> &str {
        if usize::from(source) + 1 == self.feeds.len() { "" } else { &self.mapping }
    }

    /// What a message says. Its source is one of [`Self::feeds`].
    pub fn read(&mut self, delivery: &Delivery) -> &mut Read {
        let Read { readings, dead, signals, missing, not_taken } = &mut self.read;
        readings.clear();
        dead.clear();
        signals.clear();
        (*missing, *not_taken) = (0, 0);
        let mapped = usize::from(delivery.source) + 1 < self.feeds.len();
        if let Some((mapper, _)) = self.mapper.as_mut().filter(|_| mapped) {
            let message =
                Message { topic: &delivery.topic, payload: &delivery.payload, received_at: delivery.received_at };
            self.mapped.clear();
            mapper.map(Some(delivery.source), message, &mut self.mapped);
            readings.extend(self.mapped.readings.drain(..).map(|mapped| Incoming {
                reading: mapped.reading,
                device: mapped.device,
                historical: mapped.historical,
                modelled: mapped.modelled,
                ttl_s: mapped.ttl_s,
                limits: mapped.limits,
            }));
            dead.extend(self.mapped.dead.drain(..).map(|dead| (dead.kind, dead.reason)));
            signals.append(&mut self.mapped.signals);
            (*missing, *not_taken) = (self.mapped.missing, self.mapped.not_taken);
        } else {
            match decode(&delivery.topic, &delivery.payload, &self.registry, delivery.received_at) {
                Ok(decoded) => readings.extend(decoded.into_iter().map(Incoming::own)),
                Err(error) => dead.push((error.kind(), error.to_string())),
            }
        }
        // Nobody measured it: what a model says is never shown as sure.
        for incoming in readings.iter_mut().filter(|incoming| incoming.modelled) {
            doubt(&mut incoming.reading);
        }
        if delivery.retained || delivery.repeated {
            readings.iter_mut().for_each(|incoming| doubt_unstamped(&mut incoming.reading, delivery.received_at));
        }
        &mut self.read
    }
}

impl Incoming {
    fn own(reading: Reading) -> Self {
        Self {
            reading,
            device: None,
            historical: false,
            modelled: false,
            ttl_s: None,
            limits: QualityLimits::default(),
        }
    }

    /// A reading that the history had.
    pub fn kept(reading: Reading) -> Self {
        Self::own(reading)
    }
}

/// A message that the broker kept, or sends again, without a stamp of its own, is of unknown age.
fn doubt_unstamped(reading: &mut Reading, received_at: Timestamp) {
    if reading.observed_at == received_at {
        doubt(reading);
    }
}

fn doubt(reading: &mut Reading) {
    if reading.quality == Quality::Good {
        reading.quality = Quality::Uncertain;
    }
}
