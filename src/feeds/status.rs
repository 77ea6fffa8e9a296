//! Where a connection stands, and a status that a feed's thread shares with its owner.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
