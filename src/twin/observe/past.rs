//! The history as a feed: what had come in when the clock's time was the present, by the rules that live readings follow.

use citytwin_history::{HistoryError, Span, micros};
use citytwin_ingest::{Change, Live, Replay};
use citytwin_model::{Sensor, Timestamp};
use jiff::SignedDuration;

use super::feed::Kept;

/// What was last known at the start is at most so old, second; as the intake has it.
const SEED_AGE_S: f64 = 86_400.0;
/// What came in so lately may not be committed yet.
const SETTLED: SignedDuration = SignedDuration::from_secs(5);
/// More of a run that is still being recorded is read in steps of at least this length.
const STEP: SignedDuration = SignedDuration::from_secs(10);

/// A replay and what of it waits for the twin.
pub(crate) struct Past {
    replay: Replay,
    live: Live,
    count: u64,
    over: bool,
}

impl Past {
    /// From `start` up to `end`.
    pub fn new(kept: &Kept, sensors: &[Sensor], start: Timestamp, end: Timestamp) -> Result<Self, HistoryError> {
        let span = Span::new(micros(start), micros(end).max(micros(start)));
        let mut replay = Replay::new(kept.store(), sensors, &kept.run, span);
        let live = Live::new(sensors.len());
        replay.seed(SEED_AGE_S, &live)?;
        Ok(Self { replay, live, count: 0, over: false })
    }

    /// Hands over all up to an instant. `present`: the run is still being recorded, and it is this late.
    pub fn advance(&mut self, to: Timestamp, present: Option<Timestamp>) -> Result<(), HistoryError> {
        let settled = present.and_then(|present| present.checked_sub(SETTLED).ok());
        if let Some(settled) = settled
            && to.duration_since(self.replay.end()) > -STEP
            && settled.duration_since(self.replay.end()) >= STEP
        {
            self.replay.extend(settled);
        }
        self.count += self.replay.advance(to, &self.live)?;
        self.over = self.replay.next_at()?.is_none();
        Ok(())
    }

    pub fn take(&self, limit: usize) -> Vec<Change> {
        self.live.take(limit)
    }

    /// All that waits.
    pub fn told(self) -> Vec<Change> {
        self.live.take(usize::MAX)
    }

    pub fn end(&self) -> Timestamp {
        self.replay.end()
    }

    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Readings handed over since the start.
    pub fn count(&self) -> u64 {
        self.count
    }
}
