//! How the intake is: every message and reading that came is in one of its counts.

use std::collections::BTreeMap;

use citytwin_feeds::{FileStatus, PollerStatus, SubscriptionStatus, mapping::SourceKind};
use citytwin_model::Timestamp;

/// The state of all feeds of a city.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct IngestStatus {
    /// Of each source, in the order of the feeds; what was offered by hand counts where its number says.
    pub sources: Vec<SourceStatus>,
    /// Of the districts of [`crate::Settings::districts`].
    pub districts: DistrictCounts,
    /// Readings committed to the history for the first time.
    pub committed: u64,
    /// Readings whose key was there before: messages that came again.
    pub duplicates: u64,
    /// Readings of days that retention has emptied already.
    pub expired: u64,
    /// Commits so far.
    pub commits: u64,
    /// Readings of the last commit.
    pub batch: usize,
    /// How long the last commit took, second.
    pub commit_s: f64,
    /// Messages that have arrived and are not committed yet.
    pub waiting: usize,
    /// Sensors with news for the twin.
    pub waiting_for_twin: usize,
    /// Readings that the twin did not get since a newer one came before it asked; the history has them.
    pub conflated: u64,
    /// Live values that the start took from the history.
    pub seeded: u64,
    /// Looks at what has grown old and which sources answer, five a second.
    pub looks: u64,
    /// Why nothing can be committed now: one line. Messages wait meanwhile, unacknowledged.
    pub failure: Option<String>,
}

/// How the sensors are by district, counted every two seconds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DistrictCounts {
    /// By what a sensor belongs to its district: [`citytwin_model::Districts::rule`].
    pub rule: &'static str,
    /// Whether the map names them: [`citytwin_model::Districts::are_named`].
    pub named: bool,
    /// Those that have sensors, in the order of [`citytwin_model::Districts::list`]; empty before they were counted.
    pub districts: Vec<DistrictStatus>,
}

/// How the sensors of one district are.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DistrictStatus {
    pub name: String,
    /// Sensors that spoke: good, uncertain, bad, stale.
    pub qualities: [u32; 4],
    /// Sensors without any reading so far.
    pub silent: u32,
    /// Share of the due readings that came, 0 to 1, silent sensors with it; `None` before it can be told.
    pub completeness: Option<f64>,
}

/// The state of one source.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SourceStatus {
    /// As in `sources.toml`; the program's own format has the feed `mqtt`.
    pub feed: String,
    /// How it is reached; `None`: the program's own format.
    pub kind: Option<SourceKind>,
    /// Version of the mapping that reads it; empty for the own format.
    pub mapping: String,
    /// Of its broker; `None` where it has none.
    pub broker: Option<SubscriptionStatus>,
    /// Of whoever asks it over HTTP; `None` where nobody does.
    pub poller: Option<PollerStatus>,
    /// Of the file that it is; `None` where it is none, or no folder was given.
    pub file: Option<FileStatus>,
    /// Messages received and committed, with repeated ones.
    pub messages: u64,
    /// Readings in them.
    pub readings: u64,
    /// Of these: older than the live value of their sensor, or stored by the device and sent later.
    pub late: u64,
    /// Of these: output of a model, no measurement; at best uncertain, and kept under that name.
    pub modelled: u64,
    /// Entries that gave no reading, by reason.
    pub dead: BTreeMap<&'static str, u64>,
    /// The last of them: one line.
    pub last_dead: Option<String>,
    /// Values that say that there is none.
    pub missing: u64,
    /// Observations that no mapping asks for.
    pub not_taken: u64,
    /// Edge nodes that should be asked for a new birth, which this program never does.
    pub rebirths_wanted: u64,
    /// Readings a second, over the last ten seconds or so.
    pub rate_per_s: f64,
    /// From receipt to commit, of the last message, second.
    pub lag_s: f64,
    /// From the measurement to its commit, of the last live reading, second.
    pub age_s: f64,
    /// Share of the due readings that came, 0 to 1; `None` before it can be told.
    pub completeness: Option<f64>,
    /// Sensors that last spoke through it: good, uncertain, bad, stale.
    pub qualities: [u32; 4],
    pub last_reading_at: Option<Timestamp>,
}

impl SourceStatus {
    /// Entries that gave no reading, for any reason.
    pub fn dead_total(&self) -> u64 {
        self.dead.values().sum()
    }

    /// Messages dropped for want of room; never any of quality of service 1.
    pub fn shed(&self) -> u64 {
        self.broker.as_ref().map_or(0, |broker| broker.shed)
    }

    /// Messages acknowledged to the broker.
    pub fn acknowledged(&self) -> u64 {
        self.broker.as_ref().map_or(0, |broker| broker.acknowledged)
    }
}
