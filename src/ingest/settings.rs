//! What a city's feeds are, and how much may wait.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use citytwin_feeds::{
    FeedError, MqttConfig, Secrets,
    mapping::{SourceKind, Sources},
};
use citytwin_model::{Anchor, Districts, Sensor};

/// The feeds of a city.
#[derive(Clone, Debug)]
pub struct Feeds<'a> {
    /// The city's slug, as in its topics.
    pub city: &'a str,
    /// All sensors; ids are positions.
    pub sensors: &'a [Sensor],
    pub anchor: Anchor,
    /// The city's `sources.toml`.
    pub sources: Option<&'a Sources>,
    pub brokers: Vec<Broker>,
}

/// A broker to subscribe to.
#[derive(Clone, PartialEq, Debug)]
pub struct Broker {
    pub origin: Origin,
    pub config: MqttConfig,
}

/// What speaks at a broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The program's own payload format on the sensors' topics.
    Own,
    /// The source of this position in `sources.toml`.
    Mapped(u16),
}

impl Broker {
    /// The MQTT sources of a `sources.toml`, with what lets the program in. `folder` is the city's: certificates lie there.
    ///
    /// # Errors
    /// An address that cannot be read, a variable that is not set, with the id of the source.
    pub fn of(sources: &Sources, folder: &Path, secrets: &Secrets) -> Result<Vec<Self>, (String, FeedError)> {
        let mqtt = (0..).zip(&sources.sources).filter(|(_, source)| source.kind == SourceKind::Mqtt);
        let usable = |config: MqttConfig| config.check().map(|()| config);
        mqtt.map(|(index, source)| match source.broker(folder, secrets).and_then(usable) {
            Ok(config) => Ok(Self { origin: Origin::Mapped(index), config }),
            Err(error) => Err((source.id.clone(), error)),
        })
        .collect()
    }
}

/// Limits and lengths.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// The run under which readings are kept.
    pub run: String,
    /// Tells this installation from others at a broker: [`crate::instance`].
    pub instance: String,
    /// Bytes of messages that may wait for their commit, per source. Beyond it a broker is no longer read, and what it
    /// sends at quality of service 0 is dropped and counted; an HTTP source is no longer asked.
    pub waiting_bytes: usize,
    /// Readings in one commit, but for those of its last message.
    pub batch_rows: usize,
    /// How long a batch may gather.
    pub batch_time: Duration,
    /// A batch is committed when nothing came for this long: a broker that waits for acknowledgements sends no more.
    pub quiet: Duration,
    /// How far back live values go on from the history at the start, second.
    pub seed_age_s: f64,
    /// How often a broker is asked for a sign of life; at least a second.
    pub keep_alive: Duration,
    /// The city's folder, which files of a `sources.toml` are relative to. `None`: sources of kind `file` are not read.
    pub folder: Option<PathBuf>,
    /// Where passwords and tokens of HTTP sources are looked up.
    pub secrets: Secrets,
    /// By which sensors are counted beside their sources; `None`: they are not.
    pub districts: Option<Districts>,
}

impl Settings {
    /// 64 MiB per source; secrets of the process; batches of 2,000 readings or 5 ms; live values go back a day.
    pub fn new(instance: String) -> Self {
        Self {
            run: "live".to_owned(),
            instance,
            waiting_bytes: 64 << 20,
            batch_rows: 2000,
            batch_time: Duration::from_millis(5),
            quiet: Duration::from_micros(500),
            seed_age_s: 86_400.0,
            keep_alive: Duration::from_secs(5),
            folder: None,
            secrets: Secrets::of_process(),
            districts: None,
        }
    }
}
