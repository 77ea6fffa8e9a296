//! What may be typed where a city is live, or was.

use std::path::PathBuf;

use citytwin_model::time::civil;
use clap::Args;

use super::{MapArguments, date_time};

/// A city's own sources and where their readings are kept.
#[derive(Args, Clone)]
pub struct LiveArguments {
    /// Broker on which sensors speak the program's own format: mqtt[s]://[user[:password]@]host[:port][/prefix];
    /// mqtt+plaintext:// to another machine without TLS.
    #[arg(long, value_name = "URL")]
    pub mqtt: Option<String>,
    /// Certificate authority (PEM) for mqtts:// when the system does not know the broker's.
    #[arg(long, value_name = "FILE", requires = "mqtt")]
    pub mqtt_ca: Option<PathBuf>,
    /// The city's sources in other formats; sources.toml of the city's folder without it.
    #[arg(long, value_name = "FILE.toml")]
    pub sources: Option<PathBuf>,
    /// Folder in which readings are kept; what the city's sources say, or one of this user's for the city, without it.
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}

/// Where a city's readings were kept.
#[derive(Args, Clone)]
pub struct KeptArguments {
    /// The city's sources, which may say where readings are kept; sources.toml of its folder without it.
    #[arg(long, value_name = "FILE.toml")]
    pub sources: Option<PathBuf>,
    /// Folder of the history; what the city's sources say, or that of this user for the city, without it.
    #[arg(long, value_name = "DIR")]
    pub history: Option<PathBuf>,
}

#[derive(Args, Clone)]
pub struct WindowArguments {
    #[command(flatten)]
    pub map: MapArguments,
    #[command(flatten)]
    pub live: LiveArguments,
    /// Emulate the sensors, whatever sources the city has.
    #[arg(long, conflicts_with_all = ["mqtt", "sources", "history", "no_feed"])]
    pub emulated: bool,
    /// Read no sensors at all.
    #[arg(long, conflicts_with_all = ["mqtt", "sources", "history"])]
    pub no_feed: bool,
    /// Local date and time to start at, e.g. 2026-06-15T08:00. Without it: this morning at 07:45, or as soon after as it
    /// is light. A city with live sources starts now.
    #[arg(long, value_name = "ISO", value_parser = date_time, conflicts_with_all = ["mqtt", "sources"])]
    pub time: Option<civil::DateTime>,
    /// Seed of the simulation and of the emulated sensors.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Args)]
pub struct ReplayArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    #[command(flatten)]
    pub kept: KeptArguments,
    /// Local date and time to begin at; the first reading without it.
    #[arg(long, value_name = "ISO", value_parser = date_time)]
    pub from: Option<civil::DateTime>,
    /// Local date and time to end at; the last reading without it.
    #[arg(long, value_name = "ISO", value_parser = date_time)]
    pub to: Option<civil::DateTime>,
    /// Seconds of the city in each second, 0.1…600. Without a window it runs as fast as the machine can.
    #[arg(long, default_value_t = 60.0, value_parser = speed, allow_negative_numbers = true)]
    pub speed: f64,
    /// The run that is replayed.
    #[arg(long, default_value = "live")]
    pub run: String,
    /// Without a window: go through the span and say what the sensors said at its end.
    #[arg(long)]
    pub headless: bool,
    /// Print JSON: {"from":"…","to":"…","readings":n,"sensors":{"good":n,"uncertain":n,"bad":n,"stale":n,"silent":n},
    /// "observed_hash":"…","state_hash":"…","seconds":x}
    #[arg(long, requires = "headless")]
    pub json: bool,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.1..=600.0).contains(&speed) => Ok(speed),
        _ => Err("write seconds of the city in each second, 0.1…600".into()),
    }
}
