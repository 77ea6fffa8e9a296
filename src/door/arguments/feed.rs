//! What may be typed after `feed`.

use std::path::PathBuf;

use citytwin_model::time::civil;
use clap::{Args, Subcommand, ValueEnum};

use super::{KeptArguments, LiveArguments, MapArguments, date_time};

#[derive(Subcommand)]
pub enum FeedVerb {
    /// Show what a city's sources.toml makes of recorded messages, and why it makes nothing of others.
    Test(FeedTestArguments),
    /// Publish what a city's sensors could say to a broker, for trials and load. Values are made up.
    Simulate(FeedSimulateArguments),
    /// Take a city's sources into its history without a window, until Ctrl-C.
    Record(FeedRecordArguments),
    /// Read what gave no reading anew, by the city's present sources.toml, and keep what it gives.
    Retry(FeedRetryArguments),
    /// List what gave no reading and is kept in a history: how many, and the latest.
    Dead(FeedDeadArguments),
    /// Write readings of a history, or their roll-ups, to a file for other programs.
    Export(FeedExportArguments),
}

#[derive(Args)]
pub struct FeedTestArguments {
    /// Recorded messages, one JSON object in each line: {"topic": …, "payload": …, "received_at": …}.
    pub file: PathBuf,
    /// The city (folder or extract) whose sensors are meant.
    #[arg(long, default_value = "maps/demo")]
    pub city: PathBuf,
    /// The mapping; sources.toml of the city's folder without it.
    #[arg(long, value_name = "FILE.toml")]
    pub mapping: Option<PathBuf>,
    #[command(flatten)]
    pub map: MapArguments,
}

#[derive(Args)]
pub struct FeedSimulateArguments {
    /// The city (folder or extract) whose sensors speak.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// The one broker that is published to: mqtt[s]://[user[:password]@]host[:port][/prefix]; mqtt+plaintext:// to another
    /// machine without TLS.
    #[arg(long, value_name = "URL")]
    pub broker: String,
    /// Certificate authorities (PEM) of the broker, in place of the system's.
    #[arg(long, value_name = "FILE.pem")]
    pub ca: Option<PathBuf>,
    /// Client certificate (PEM), with its key in --key.
    #[arg(long, value_name = "FILE.pem", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Private key (PEM) of --cert.
    #[arg(long, value_name = "FILE.pem", requires = "cert")]
    pub key: Option<PathBuf>,
    /// Messages a second, one reading each; at most 1000 for each sensor.
    #[arg(long, value_name = "MSG_PER_S", value_parser = rate, allow_negative_numbers = true)]
    pub rate: f64,
    /// How they are written.
    #[arg(long, value_enum, default_value = "own")]
    pub format: PayloadFormat,
    /// Second after which it ends; until Ctrl-C without it.
    #[arg(long = "for", value_name = "SECONDS", value_parser = length, allow_negative_numbers = true)]
    pub length: Option<f64>,
    /// Equal seeds give equal values at equal times.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Write the sources.toml that reads these messages; it must not be there yet.
    #[arg(long, value_name = "FILE.toml")]
    pub sources_out: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PayloadFormat {
    /// The program's own, which needs no sources.toml.
    Own,
    /// JSON objects.
    Json,
    /// SenML as JSON.
    Senml,
    /// SenML as CBOR.
    SenmlCbor,
    /// OGC SensorThings Observations.
    #[value(name = "sensorthings")]
    SensorThings,
    /// NGSI-LD entities.
    NgsiLd,
    /// Home Assistant discovery.
    HomeAssistant,
    /// Sparkplug B.
    SparkplugB,
}

#[derive(Args)]
pub struct FeedRecordArguments {
    /// The city (folder or extract) whose sensors are listened to.
    pub city: PathBuf,
    #[command(flatten)]
    pub live: LiveArguments,
    #[command(flatten)]
    pub map: MapArguments,
    /// Second after which it ends; until Ctrl-C without it.
    #[arg(long = "for", value_name = "SECONDS", value_parser = length, allow_negative_numbers = true)]
    pub length: Option<f64>,
}

#[derive(Args)]
pub struct FeedRetryArguments {
    /// The city (folder or extract) whose sensors are meant.
    pub city: PathBuf,
    #[command(flatten)]
    pub kept: KeptArguments,
    #[command(flatten)]
    pub map: MapArguments,
    /// Of one feed: the id of its source, or mqtt.
    #[arg(long)]
    pub feed: Option<String>,
    /// Letters that are tried at most.
    #[arg(long, default_value_t = 100_000)]
    pub most: usize,
}

#[derive(Args)]
pub struct FeedDeadArguments {
    /// The city folder or extract that the history is of.
    pub city: PathBuf,
    #[command(flatten)]
    pub kept: KeptArguments,
    /// Of one feed: the id of its source, or mqtt.
    #[arg(long)]
    pub feed: Option<String>,
    /// How many letters are listed, the latest.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub last: u32,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct FeedExportArguments {
    /// The city folder or extract that the history is of.
    pub city: PathBuf,
    #[command(flatten)]
    pub kept: KeptArguments,
    #[command(flatten)]
    pub map: MapArguments,
    /// The file; it must not be there yet. Its end says which it is.
    #[arg(long, value_name = "FILE.csv|FILE.parquet")]
    pub out: PathBuf,
    /// Local date and time of the first observation; the first of the history without it.
    #[arg(long, value_name = "ISO", value_parser = date_time)]
    pub from: Option<civil::DateTime>,
    /// Local date and time before which observations are taken; all without it.
    #[arg(long, value_name = "ISO", value_parser = date_time)]
    pub to: Option<civil::DateTime>,
    /// Of one sensor, by its id in city.toml; several by several --sensor; all without it.
    #[arg(long = "sensor", value_name = "ID")]
    pub sensors: Vec<String>,
    /// The least, the greatest and the mean value of every interval, in place of readings.
    #[arg(long, value_enum)]
    pub rollup: Option<RollUpLevel>,
    /// The run that is exported: live, scenario:… or replay:…
    #[arg(long, default_value = "live")]
    pub run: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RollUpLevel {
    #[value(name = "1min")]
    Minute,
    #[value(name = "15min")]
    QuarterHour,
    #[value(name = "1h")]
    Hour,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.01..=1e6).contains(&rate) => Ok(rate),
        _ => Err("write messages a second, 0.01…1000000".into()),
    }
}

fn length(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 1e8 => Ok(seconds),
        _ => Err("write seconds above 0 and up to 1e8".into()),
    }
}
