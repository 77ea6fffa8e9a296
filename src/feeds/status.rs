//! What a running feed says about itself: plain data for a panel.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use citytwin_model::Timestamp;

/// Where a feed stands with its broker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Connection {
    /// Trying to reach the broker.
    #[default]
    Connecting,
    /// The broker answers.
    Connected,
    /// The last try failed; the next follows by itself.
    Waiting,
    /// The feed has ended.
    Stopped,
}

/// The state and the counts of a feed. Times are of the wall clock, for a person to read.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FeedStatus {
    /// The broker's address, without user and password.
    pub broker: String,
    pub connection: Connection,
    /// When `connection` last changed.
    pub since: Option<Timestamp>,
    /// Connections made so far.
    pub connections: u64,
    /// Packets received on any subscribed topic.
    pub packets: u64,
    /// Readings decoded from them.
    pub readings: u64,
    /// Packets that gave no reading, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// The last such packet: one line.
    pub last_refusal: Option<String>,
    /// Readings pushed out of a full channel by newer ones.
    pub dropped: u64,
    pub last_packet_at: Option<Timestamp>,
    /// Why the last connection ended or failed, or what the broker refused: one line.
    pub last_error: Option<String>,
    /// Sensors that have a topic to be heard on.
    pub sensors: usize,
    /// Sensors whose topic cannot be used.
    pub unusable_sensors: usize,
}

impl FeedStatus {
    /// Whether the broker answers.
    pub fn connected(&self) -> bool {
        self.connection == Connection::Connected
    }

    /// Packets refused for any reason.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum()
    }

    pub(crate) fn turn(&mut self, connection: Connection) {
        if self.connection != connection || self.since.is_none() {
            self.since = Some(Timestamp::now());
        }
        self.connection = connection;
    }
}

/// A status shared by a feed's thread and its owner.
#[derive(Default)]
pub(crate) struct Shared<T>(Arc<Mutex<T>>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Shared<T> {
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    /// The status. A thread that panicked while holding it left counts that are still good to show.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
