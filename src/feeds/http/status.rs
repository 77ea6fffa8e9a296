//! What a poller says about itself: plain data for a panel.

use std::time::Duration;

use citytwin_model::Timestamp;
use tokio::time::Instant;

/// What a poller is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PollState {
    /// A request is under way, or waits for its turn at the host or for room.
    #[default]
    Asking,
    /// The last answer was good; the next request has its time.
    Resting,
    /// The last request failed; the next follows by itself.
    Failing,
    /// The poller has ended.
    Stopped,
}

/// How a poller is. Times are of the wall clock, for a person to read. Nothing here holds a secret.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PollerStatus {
    /// Without what follows a question mark.
    pub address: String,
    pub state: PollState,
    /// When `state` last changed.
    pub since: Option<Timestamp>,
    /// Status code of the last answer.
    pub last_status: Option<u16>,
    /// Requests sent, with those of redirects and further pages.
    pub requests: u64,
    /// Answers handed over.
    pub answers: u64,
    /// Answers that said that nothing has changed (304).
    pub unchanged: u64,
    /// Bytes of bodies, as sent.
    pub bytes: u64,
    /// Rounds that failed.
    pub failures: u64,
    /// Of these, since the last good one.
    pub failures_in_row: u32,
    /// Rounds that ended at the limit of pages: the source has more than is read.
    pub cut_short: u64,
    /// Why the last round failed: one line. `None` when it did not.
    pub last_error: Option<String>,
    /// When the last good round ended.
    pub last_answer_at: Option<Timestamp>,
    /// When the next round begins; `None` while one is under way.
    pub next_at: Option<Timestamp>,
    /// Bytes of answers that wait to be committed.
    pub waiting_bytes: usize,
    /// The most that `waiting_bytes` may be.
    pub waiting_limit: usize,
}

/// The status with what it is judged by.
#[derive(Debug)]
pub(super) struct Watch {
    pub status: PollerStatus,
    /// When the first request of a row of failures failed.
    failing_since: Option<Instant>,
    /// How long requests may fail before the source counts as lost.
    patience: Duration,
}

impl Watch {
    pub fn new(status: PollerStatus, patience: Duration) -> Self {
        Self { status, failing_since: None, patience }
    }

    pub fn turn(&mut self, state: PollState) {
        if self.status.state != state || self.status.since.is_none() {
            self.status.since = Some(Timestamp::now());
        }
        self.status.state = state;
        self.status.next_at = None;
    }

    pub fn rest(&mut self, state: PollState, wait: Duration) {
        self.turn(state);
        let wait = citytwin_model::time::SignedDuration::try_from(wait).unwrap_or_default();
        self.status.next_at = Timestamp::now().checked_add(wait).ok();
    }

    /// A round went well; the next is due after `wait`.
    pub fn succeeded(&mut self, cut_short: bool, patience: Duration) {
        self.failing_since = None;
        self.patience = patience;
        self.status.failures_in_row = 0;
        self.status.cut_short += u64::from(cut_short);
        self.status.last_error = None;
        self.status.last_answer_at = Some(Timestamp::now());
    }

    pub fn failed(&mut self, why: String) {
        self.failing_since.get_or_insert_with(Instant::now);
        self.status.failures += 1;
        self.status.failures_in_row = self.status.failures_in_row.saturating_add(1);
        self.status.last_error = Some(why);
    }

    /// Whether the source answers, or has not failed for long enough to say that it does not.
    pub fn up(&self) -> bool {
        self.failing_since.is_none_or(|since| since.elapsed() < self.patience)
    }
}
