//! What feeds and history say of themselves, as plain data: sources, dead letters, the store, where the clock stands to it.
//! Ages and durations count seconds of the machine's clock; dates and times are the city's local ones.

use citytwin_model::{
    Quality,
    time::civil::{Date, DateTime},
};

/// All feeds of the city, and what becomes of their messages.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct FeedsData {
    pub mode: FeedMode,
    /// In the order of the cards.
    pub sources: Vec<SourceRow>,
    pub districts: Districts,
    pub totals: FeedTotals,
    pub history: HistoryStore,
    /// The latest dead letters, the newest first; a few dozen at most.
    pub dead: Vec<DeadLetterRow>,
    /// Why no feed runs at all: one line, e.g. a faulty `sources.toml`.
    pub failure: Option<String>,
}

/// Where the readings on the screen come from.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub enum FeedMode {
    /// The city's own sensors, now.
    #[default]
    Live,
    /// The program's own emulator, now.
    Emulated,
    /// A past moment, asked of the history.
    Past { at: DateTime },
    /// None yet: the clock is ahead of every reading.
    Ahead,
    /// A past span, handed over again at `speed` seconds a second.
    Replay { at: DateTime, speed: f64 },
}

/// What a source is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum SourceKind {
    #[default]
    Mqtt,
    Http,
    File,
    Emulated,
    Replay,
}

/// How a source stands.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub enum SourceState {
    #[default]
    Connecting,
    Live,
    /// Lost; the text says why in one line. It is tried again.
    Lost(String),
    /// Paused, or read to its end: nothing is expected of it.
    AtRest,
}

/// Sensors by the quality of their latest reading.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct SensorCounts {
    pub good: usize,
    pub uncertain: usize,
    pub bad: usize,
    pub stale: usize,
    /// Without any reading so far.
    pub silent: usize,
}

/// Sensors by the part of the city that they stand in.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Districts {
    /// By what a sensor belongs to its district: what stands behind "by".
    pub rule: String,
    /// The districts themselves are inferred too: the map names none.
    pub inferred: bool,
    /// Those that have sensors, in the order of the table; may be empty.
    pub rows: Vec<DistrictRow>,
}

/// One district.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct DistrictRow {
    pub name: String,
    pub sensors: SensorCounts,
    /// Share of the due readings that came, 0 to 1, with those of silent sensors; `None` before it can be told.
    pub completeness: Option<f64>,
}

/// One source of readings.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct SourceRow {
    /// Its feed in `sources.toml`.
    pub name: String,
    /// Broker, page or file, without user and password; empty where it has none.
    pub address: String,
    pub kind: SourceKind,
    pub state: SourceState,
    /// How long it has been in this state, second.
    pub since_s: Option<f64>,
    pub sensors: SensorCounts,
    /// Readings a second, now.
    pub rate_per_s: f64,
    /// The same over the last minutes, one for every [`RATE_STEP_S`], the newest last; may be empty.
    pub rates_per_s: Vec<f64>,
    /// From receipt to commit, of the last message, second.
    pub lag_s: Option<f64>,
    /// From the measurement to its commit, of the last live reading, second.
    pub delay_s: Option<f64>,
    /// Since the last reading came, second.
    pub age_s: Option<f64>,
    /// Share of the due readings that came, 0 to 1; `None` before it can be told.
    pub completeness: Option<f64>,
    /// Messages received, with repeated ones.
    pub messages: u64,
    /// Readings in them.
    pub readings: u64,
    /// Readings older than the live value of their sensor: they went to the history alone.
    pub late: u64,
    /// Messages or readings that came again and changed nothing.
    pub duplicates: u64,
    /// Messages dropped for want of room.
    pub shed: u64,
    /// Bytes that wait for their commit, and the most that may; `None` where the source has no such limit.
    pub waiting_bytes: Option<(u64, u64)>,
    /// Reconnections at which the broker had forgotten us: what was published meanwhile did not come.
    pub sessions_lost: u64,
    /// Entries that gave no reading: reason in words and their number, the most first.
    pub dead: Vec<(String, u64)>,
    /// The last of them: one line.
    pub last_dead: Option<String>,
    /// The last trouble of the connection: one line.
    pub last_error: Option<String>,
    /// Version of the mapping that makes its readings; empty for the program's own format.
    pub mapping: String,
    /// A forecast or another model's output: no sensor measured it.
    pub model_output: bool,
}

/// Seconds between two of [`SourceRow::rates_per_s`].
pub const RATE_STEP_S: f64 = 5.0;

/// Counts that no single source has.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct FeedTotals {
    /// Messages that have arrived and are not committed yet.
    pub waiting: u64,
    /// Readings whose key the history had already.
    pub duplicates: u64,
    /// Readings of days that retention has emptied already.
    pub expired: u64,
    /// Readings that the screen passed over since a newer one of the same sensor came first; the history has them.
    pub conflated: u64,
    /// Readings of the last commit, and how long it took, second.
    pub last_commit: Option<(u64, f64)>,
}

/// Where readings are kept.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct HistoryStore {
    /// Folder or server, without user and password; empty: nothing is kept.
    pub place: String,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    /// Observed times of the first and the last reading.
    pub span: Option<(DateTime, DateTime)>,
    /// Readings committed since the start.
    pub committed: u64,
    /// Why nothing can be committed now: one line. Messages wait meanwhile, unacknowledged.
    pub failure: Option<String>,
}

/// A message, or an entry of one, that gave no reading.
#[derive(Clone, PartialEq, Debug)]
pub struct DeadLetterRow {
    pub feed: String,
    pub at: DateTime,
    /// Since then, second.
    pub age_s: f64,
    pub reason: String,
    /// Of the payload: one line.
    pub excerpt: String,
    /// Version of the mapping that could not read it; empty where there was none.
    pub mapping: String,
}

/// Where the city's clock stands to what was measured.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LiveClock<'a> {
    pub state: LiveState,
    /// Stretches of the clock's day that the history has readings of: seconds since local midnight, rising.
    pub held_s: &'a [[f64; 2]],
    /// The first and the last day that the history has readings of.
    pub days: Option<(Date, Date)>,
}

/// Whether the city shows what is measured now.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum LiveState {
    /// It follows the feeds.
    #[default]
    Following,
    /// It shows a past moment from the history.
    Past,
    /// Its clock is ahead of every reading.
    Ahead,
}

impl SensorCounts {
    pub fn total(&self) -> usize {
        [self.good, self.uncertain, self.bad, self.stale, self.silent].into_iter().fold(0, usize::saturating_add)
    }

    /// Counts with their names, the best first; `None` is silence.
    pub fn parts(&self) -> [(Option<Quality>, usize); 5] {
        [
            (Some(Quality::Good), self.good),
            (Some(Quality::Uncertain), self.uncertain),
            (Some(Quality::Bad), self.bad),
            (Some(Quality::Stale), self.stale),
            (None, self.silent),
        ]
    }
}

impl SourceRow {
    /// Entries that gave no reading, for any reason.
    pub fn dead_total(&self) -> u64 {
        self.dead.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

impl FeedsData {
    /// Sensors of all sources.
    pub fn sensors(&self) -> SensorCounts {
        self.sources.iter().fold(SensorCounts::default(), |sum, source| {
            let of = source.sensors;
            SensorCounts {
                good: sum.good.saturating_add(of.good),
                uncertain: sum.uncertain.saturating_add(of.uncertain),
                bad: sum.bad.saturating_add(of.bad),
                stale: sum.stale.saturating_add(of.stale),
                silent: sum.silent.saturating_add(of.silent),
            }
        })
    }

    /// Readings of the program's own emulator are among what is shown.
    pub fn emulated(&self) -> bool {
        self.mode == FeedMode::Emulated || self.sources.iter().any(|source| source.kind == SourceKind::Emulated)
    }
}
