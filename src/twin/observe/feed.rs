//! What feeds the twin: the city's own sources, an emulator of them, or the history of either.

use std::{path::PathBuf, sync::Arc, time::Duration};

use bevy_ecs::prelude::*;
use citytwin_feeds::{
    Broker as EmbeddedBroker, Clock as Now, Emulator, FeedError, MqttConfig, Secrets, mapping::Sources,
};
use citytwin_history::{Archive, History, HistoryError, Settings as HistorySettings, Store};
use citytwin_ingest::{Broker, Change, Feeds, Ingest, IngestError, IngestStatus, Keeper, Origin, Place, Settings};
use citytwin_model::{City, Districts, Timestamp, slug, time::civil::DateTime};
use tempfile::TempDir;

use super::past::Past;
use crate::Clock;

/// The clock of a live city may lie so far from the present, second, before its readings are those of the history.
const LOST_S: f64 = 120.0;
/// And comes so near before they are live again.
const FOLLOWING_S: f64 = 60.0;
/// A clock that moved further between two looks was set, second.
const JUMP_S: f64 = 5.0;
/// An emulated city whose clock was set further than this starts anew, second: what its sensors said is of another day.
const ANEW_S: f64 = 600.0;
/// Emulated readings may gather so long before they are committed.
const EMULATED_BATCH: Duration = Duration::from_millis(100);

/// Where readings come from.
#[derive(Clone, Default)]
pub enum FeedChoice {
    /// No sensors are read.
    #[default]
    Off,
    /// An embedded broker on loopback and an emulator that measures the simulated city. Its history lasts as long as
    /// the program.
    Emulated { seed: u64 },
    /// The sources of the city.
    Live(LiveFeed),
    /// A past span of a history, by the simulated clock.
    Replay(ReplayFeed),
}

/// The city's own sources and where their readings are kept.
#[derive(Clone)]
pub struct LiveFeed {
    /// A broker on whose topics sensors speak the program's own format.
    pub broker: Option<MqttConfig>,
    /// The city's `sources.toml`.
    pub sources: Option<Arc<Sources>>,
    /// The city's folder: files and certificates that `sources` name lie there.
    pub folder: PathBuf,
    /// Where the history is.
    pub history: Place,
    /// The present.
    pub wall: Now,
}

/// What is replayed.
#[derive(Clone, Debug)]
pub struct ReplayFeed {
    /// Where the history is.
    pub history: Place,
    pub run: String,
    /// Readings received before are handed over.
    pub to: Until,
}

/// The end of a replay.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Until {
    Instant(Timestamp),
    /// The city's local date and time.
    Local(DateTime),
}

impl Until {
    fn instant(self, city: &City) -> Timestamp {
        match self {
            Self::Instant(at) => at,
            Self::Local(local) => {
                local.to_zoned(city.time_zone.value.clone()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
            }
        }
    }
}

/// What the twin's readings are now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FeedMode {
    /// None.
    #[default]
    Off,
    /// Measured by the emulator in the simulated city.
    Emulated,
    /// As they come in; the clock shows the present.
    Live,
    /// Those that had come in when the clock's time was the present, from the history. Recording goes on.
    Past,
    /// None yet: the clock is ahead of the present. Recording goes on.
    Ahead,
    /// A past span of a history, nothing else.
    Replay,
}

/// The store behind a feed.
#[derive(Clone)]
pub struct Kept {
    pub history: Arc<dyn Archive>,
    /// The run under which this feed's readings are.
    pub run: Arc<str>,
    /// Its folder, or that it lasts as long as the program.
    pub place: String,
}

/// The running feed. Dropping it commits what came in and stops its threads. Fields end in the order in which they stand.
#[derive(Resource, Default)]
pub struct Feed {
    intake: Option<Ingest>,
    pub(crate) emulator: Option<Emulator>,
    /// Kept alive while the feed runs.
    broker: Option<EmbeddedBroker>,
    past: Option<Past>,
    keeper: Option<Keeper>,
    kept: Option<Kept>,
    /// Of an emulated feed's history; removed at the end.
    #[expect(dead_code, reason = "held for what its drop does")]
    scratch: Option<TempDir>,
    wall: Option<Now>,
    mode: FeedMode,
    /// What the twin has not been told yet.
    pending: Vec<Change>,
    /// The clock at the last look.
    seen_at: Option<Timestamp>,
    restarts: u32,
    /// Why there is no feed or no reading, when one was asked for.
    pub failure: Option<String>,
    /// E.g. `mqtts://broker.example:8883`.
    pub label: String,
}

/// Why a feed cannot start: one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("a folder for what the emulated sensors say cannot be made: {0}")]
    Scratch(std::io::Error),
}

impl Feed {
    /// None, and why.
    pub(crate) fn failed(refusal: &Refusal) -> Self {
        Self { failure: Some(refusal.to_string()), ..Self::default() }
    }

    /// What the intake reports; `None` when none runs.
    pub fn status(&self) -> Option<IngestStatus> {
        self.intake.as_ref().map(Ingest::status)
    }

    pub fn mode(&self) -> FeedMode {
        self.mode
    }

    /// Readings come from the program's own emulator.
    pub fn is_emulated(&self) -> bool {
        self.mode == FeedMode::Emulated
    }

    /// Port of the embedded broker, when one runs.
    pub fn broker_port(&self) -> Option<u16> {
        self.broker.as_ref().map(EmbeddedBroker::port)
    }

    /// The history of what comes in, or of what is replayed.
    pub fn kept(&self) -> Option<&Kept> {
        self.kept.as_ref()
    }

    /// What the upkeep of the history could not do the last time.
    pub fn upkeep_failure(&self) -> Option<String> {
        self.keeper.as_ref()?.last()?.err()
    }

    /// Starts what was chosen. `now` is the clock of an emulated city.
    pub(crate) fn start(choice: &FeedChoice, city: &City, now: &Now) -> Result<Self, Refusal> {
        match choice {
            FeedChoice::Off => Ok(Self::default()),
            FeedChoice::Emulated { seed } => Self::emulated(city, *seed, now),
            FeedChoice::Live(live) => Self::live(city, live),
            FeedChoice::Replay(replay) => Self::replay(city, replay, now()),
        }
    }

    fn emulated(city: &City, seed: u64, now: &Now) -> Result<Self, Refusal> {
        let scratch = tempfile::Builder::new().prefix("citytwin-").tempdir().map_err(Refusal::Scratch)?;
        let history = Arc::new(History::open(scratch.path(), HistorySettings::default())?);
        let broker = EmbeddedBroker::start_loopback()?;
        let emulator = Emulator::start(broker.config(), &city.sensors, seed)?;
        let label = format!("embedded broker 127.0.0.1:{}", broker.port());
        let kept = Kept { history, run: "emulated:1".into(), place: "until the program ends".to_owned() };
        let mut feed = Self {
            emulator: Some(emulator),
            broker: Some(broker),
            kept: Some(kept),
            scratch: Some(scratch),
            mode: FeedMode::Emulated,
            label,
            ..Self::default()
        };
        feed.take_in_emulated(city, now)?;
        Ok(feed)
    }

    /// Starts the intake of an emulated city under its present run.
    fn take_in_emulated(&mut self, city: &City, now: &Now) -> Result<(), IngestError> {
        let (Some(broker), Some(kept)) = (&self.broker, &self.kept) else { return Ok(()) };
        let brokers = vec![Broker { origin: Origin::Own, config: broker.config() }];
        let feeds =
            Feeds { city: &slug(&city.name), sensors: &city.sensors, anchor: city.anchor, sources: None, brokers };
        let settings = Settings {
            run: kept.run.to_string(),
            batch_time: EMULATED_BATCH,
            quiet: EMULATED_BATCH / 4,
            districts: Some(Districts::of(city)),
            ..Settings::new(kept.run.to_string())
        };
        self.intake = Some(Ingest::start(&feeds, kept.history.clone(), settings, now.clone())?);
        Ok(())
    }

    fn live(city: &City, live: &LiveFeed) -> Result<Self, Refusal> {
        // What cannot be reached leaves no folder behind.
        live.broker.iter().try_for_each(MqttConfig::check)?;
        let mapped = match &live.sources {
            Some(sources) => Broker::of(sources, &live.folder, &Secrets::of_process())
                .map_err(|(source_id, source)| IngestError::Source { source_id, source })?,
            None => Vec::new(),
        };
        let (history, instance) = live.history.open_for_intake()?;
        let settings = Settings {
            folder: Some(live.folder.clone()),
            districts: Some(Districts::of(city)),
            ..Settings::new(instance)
        };
        let own = live.broker.iter().map(|config| Broker { origin: Origin::Own, config: config.clone() });
        let brokers: Vec<Broker> = own.chain(mapped).collect();
        let label = label(live, &brokers);
        let feeds = Feeds {
            city: &slug(&city.name),
            sensors: &city.sensors,
            anchor: city.anchor,
            sources: live.sources.as_deref(),
            brokers,
        };
        let kept =
            Kept { history: history.clone(), run: settings.run.as_str().into(), place: live.history.to_string() };
        let intake = Ingest::start(&feeds, history.clone(), settings, live.wall.clone())?;
        Ok(Self {
            intake: Some(intake),
            keeper: Some(Keeper::start(history, live.wall.clone())?),
            kept: Some(kept),
            wall: Some(live.wall.clone()),
            mode: FeedMode::Live,
            label,
            ..Self::default()
        })
    }

    fn replay(city: &City, replay: &ReplayFeed, now: Timestamp) -> Result<Self, Refusal> {
        let history = replay.history.open()?;
        let kept = Kept { history, run: replay.run.as_str().into(), place: replay.history.to_string() };
        let label = format!("{} of {}", replay.run, kept.place);
        let past = Past::new(&kept, &city.sensors, now, replay.to.instant(city))?;
        Ok(Self { past: Some(past), kept: Some(kept), mode: FeedMode::Replay, label, ..Self::default() })
    }

    /// Follows the clock: whether readings are live or those of the history hangs on it. True when what was observed
    /// no longer holds.
    pub(crate) fn steer(&mut self, clock: &Clock, city: &City, now: &Now) -> bool {
        let at = clock.now();
        let moved_s = self.seen_at.replace(at).map_or(0.0, |seen| at.duration_since(seen).as_secs_f64().abs());
        let next = self.next_mode(at, clock.paused || moved_s > JUMP_S);
        let again = match next {
            FeedMode::Emulated => moved_s > ANEW_S,
            FeedMode::Replay | FeedMode::Past => moved_s > JUMP_S,
            FeedMode::Off | FeedMode::Live | FeedMode::Ahead => false,
        };
        if next == self.mode && !again {
            return false;
        }
        self.mode = next;
        self.pending.clear();
        if let Err(refusal) = self.turn(at, city, now) {
            self.failure = Some(refusal.to_string());
        }
        true
    }

    /// `left`: a person set or stopped the clock. One that falls behind since the machine is slow stays live.
    fn next_mode(&self, at: Timestamp, left: bool) -> FeedMode {
        let (FeedMode::Live | FeedMode::Past | FeedMode::Ahead, Some(wall)) = (self.mode, &self.wall) else {
            return self.mode;
        };
        let ahead_s = at.duration_since(wall()).as_secs_f64();
        let near_s = if self.mode == FeedMode::Live { LOST_S } else { FOLLOWING_S };
        match ahead_s {
            s if s.abs() <= near_s => FeedMode::Live,
            s if s < 0.0 && self.mode == FeedMode::Live && !left => FeedMode::Live,
            s if s < 0.0 => FeedMode::Past,
            _ => FeedMode::Ahead,
        }
    }

    /// Begins the mode that holds now.
    fn turn(&mut self, at: Timestamp, city: &City, now: &Now) -> Result<(), Refusal> {
        let replay_end = self.past.take().map(|past| past.end());
        match self.mode {
            FeedMode::Off | FeedMode::Ahead => {}
            FeedMode::Emulated => {
                self.intake = None;
                self.restarts += 1;
                if let Some(kept) = &mut self.kept {
                    kept.run = format!("emulated:{}", self.restarts + 1).into();
                }
                self.take_in_emulated(city, now)?;
            }
            FeedMode::Live => {
                // What stood when the past began, and what has come since: the newest of each.
                if let (Some(kept), Some(wall)) = (&self.kept, &self.wall) {
                    self.pending = Past::new(kept, &city.sensors, wall(), wall())?.told();
                }
            }
            FeedMode::Past => {
                if let (Some(kept), Some(wall)) = (&self.kept, &self.wall) {
                    self.past = Some(Past::new(kept, &city.sensors, at, wall())?);
                }
            }
            FeedMode::Replay => {
                if let (Some(kept), Some(end)) = (&self.kept, replay_end) {
                    self.past = Some(Past::new(kept, &city.sensors, at, end)?);
                }
            }
        }
        self.failure = None;
        Ok(())
    }

    /// What is new at the clock's time, at most about `limit` sensors.
    pub(crate) fn news(&mut self, at: Timestamp, limit: usize) -> Vec<Change> {
        let mut news = std::mem::take(&mut self.pending);
        match (self.mode, &mut self.past, &self.intake) {
            (FeedMode::Past | FeedMode::Replay, Some(past), _) => {
                let present = self.wall.as_ref().filter(|_| self.mode == FeedMode::Past).map(|wall| wall());
                if let Err(error) = past.advance(at, present) {
                    self.failure = Some(error.to_string());
                }
                news.extend(past.take(limit));
            }
            (FeedMode::Emulated | FeedMode::Live, _, Some(intake)) => news.extend(intake.live().take(limit)),
            _ => {}
        }
        news
    }

    /// Sensors speak this many times slower than they declare.
    pub(crate) fn set_pace(&self, pace: f64) {
        if let Some(intake) = &self.intake {
            intake.set_pace(pace);
        }
    }

    /// Whether the last reading of a replay was handed over.
    pub fn replayed(&self) -> bool {
        self.mode == FeedMode::Replay && self.past.as_ref().is_none_or(Past::is_over)
    }

    /// The end of what is replayed.
    pub fn replay_ends(&self) -> Option<Timestamp> {
        self.past.as_ref().filter(|_| self.mode == FeedMode::Replay).map(Past::end)
    }

    /// Readings that a replay has handed over.
    pub fn replayed_readings(&self) -> u64 {
        self.past.as_ref().map_or(0, Past::count)
    }
}

impl Kept {
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.history.clone()
    }
}

fn label(live: &LiveFeed, brokers: &[Broker]) -> String {
    let own = brokers.iter().find(|broker| broker.origin == Origin::Own).map(|broker| broker.config.to_string());
    let count = live.sources.as_ref().map_or(0, |sources| sources.sources.len());
    let mapped = match (&live.sources, count) {
        (Some(sources), 1) => Some(sources.sources[0].id.clone()),
        (_, 0) => None,
        _ => Some(format!("{count} sources of sources.toml")),
    };
    own.into_iter().chain(mapped).collect::<Vec<_>>().join(" and ")
}
