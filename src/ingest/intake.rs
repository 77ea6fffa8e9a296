//! Messages to readings: by the mappings of `sources.toml`, or in the program's own format.

use std::sync::Arc;

use citytwin_feeds::{
    Delivery, SensorRegistry, decode,
    decode::{Message, Signal},
    mapping::{DeviceId, Mapped, MappedSignal, Mapper, MappingVersion, OWN_FEED, QualityLimits},
    quality::Arrival,
};
use citytwin_history::{HistoryError, Lesson, Source, Store, instant, kept_life_s};
use citytwin_model::{MadeBy, Quality, Reading, Timestamp};

use crate::{Feeds, Origin};

/// Stands behind the version of the mapping where no device measured a value.
const MODELLED: &str = " (model output)";

/// A reading as the judge needs it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Incoming {
    pub reading: Reading,
    pub device: Option<DeviceId>,
    pub historical: bool,
    /// A model's output: no device measured it.
    pub modelled: bool,
    /// As [`kept_life_s`] has it.
    pub ttl_s: Option<f64>,
    pub limits: QualityLimits,
    /// From the history: its quality was found when it came first.
    pub judged: bool,
}

/// What a message gave, until the next one.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub readings: Vec<Incoming>,
    /// Heading and line of each fault.
    pub dead: Vec<(&'static str, String)>,
    pub signals: Vec<MappedSignal>,
    /// It tells how later ones are to be read.
    pub teaches: bool,
    pub missing: u64,
    pub not_taken: u64,
}

/// The decoders of a city. Sources are numbered as in `sources.toml`; the own format comes after them.
pub(crate) struct Intake {
    feeds: Vec<String>,
    mapper: Option<(Mapper, MappingVersion)>,
    mapping: String,
    /// Of readings of the own format.
    own: MadeBy,
    /// The mapping of what a model says.
    modelled: Arc<str>,
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
            judged: self.judged,
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
        let mapping = mapper.as_ref().map_or_else(String::new, |(_, version)| version.to_string());
        Self {
            feeds: names,
            own: MadeBy { feed: OWN_FEED.into(), mapping: "".into() },
            modelled: format!("{mapping}{MODELLED}").into(),
            mapping,
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

    /// Learns again what an earlier program was taught, and returns the topics that it must listen to, with their source.
    pub fn recall(&mut self, store: &dyn Store) -> Result<Vec<(u16, String)>, HistoryError> {
        let mut topics = Vec::new();
        let Some((mapper, _)) = &mut self.mapper else { return Ok(topics) };
        for (source, feed) in (0..).zip(&self.feeds[..self.feeds.len() - 1]) {
            for Lesson { topic, received_us, bytes, .. } in store.lessons(feed)? {
                let message = Message { topic: &topic, payload: &bytes, received_at: instant(received_us) };
                for signal in mapper.recall(source, message) {
                    if let MappedSignal::Of { signal: Signal::Discovered { topic, .. }, .. } = signal {
                        topics.push((source, topic));
                    }
                }
            }
        }
        Ok(topics)
    }

    /// What a message says. Its source is one of [`Self::feeds`].
    pub fn read(&mut self, delivery: &Delivery) -> &mut Read {
        let Read { readings, dead, signals, teaches, missing, not_taken } = &mut self.read;
        readings.clear();
        dead.clear();
        signals.clear();
        (*missing, *not_taken, *teaches) = (0, 0, false);
        let mapped = usize::from(delivery.source) + 1 < self.feeds.len();
        if let Some((mapper, _)) = self.mapper.as_mut().filter(|_| mapped) {
            let message =
                Message { topic: &delivery.topic, payload: &delivery.payload, received_at: delivery.received_at };
            self.mapped.clear();
            mapper.map(Some(delivery.source), message, &mut self.mapped);
            *teaches = mapper.learns_from(delivery.source, &delivery.topic);
            readings.extend(self.mapped.readings.drain(..).map(|mapped| Incoming {
                reading: mapped.reading,
                device: mapped.device,
                historical: mapped.historical,
                modelled: mapped.modelled,
                ttl_s: mapped.ttl_s.and_then(kept_life_s),
                limits: mapped.limits,
                judged: false,
            }));
            dead.extend(self.mapped.dead.drain(..).map(|dead| (dead.kind, dead.reason)));
            signals.append(&mut self.mapped.signals);
            (*missing, *not_taken) = (self.mapped.missing, self.mapped.not_taken);
        } else {
            match decode(&delivery.topic, &delivery.payload, &self.registry, delivery.received_at) {
                Ok(decoded) => {
                    let made_by = |reading| Reading { made_by: self.own.clone(), ..reading };
                    readings.extend(decoded.into_iter().map(|reading| Incoming::own(made_by(reading))));
                }
                Err(error) => dead.push((error.kind(), error.to_string())),
            }
        }
        // Nobody measured it: what a model says is never shown as sure.
        for incoming in readings.iter_mut().filter(|incoming| incoming.modelled) {
            doubt(&mut incoming.reading);
            incoming.reading.made_by.mapping = Arc::clone(&self.modelled);
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
            judged: false,
        }
    }

    /// A reading that the history had.
    pub fn kept(reading: Reading, source: &Source) -> Self {
        Self { historical: source.historical, ttl_s: source.life_s(), judged: true, ..Self::own(reading) }
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
