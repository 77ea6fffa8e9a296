//! The upkeep of a history while a program runs: roll-ups, retention, moving days to files, on a thread of its own.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use citytwin_feeds::Clock;
use citytwin_history::{Archive, Late, Maintained, micros};
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};

use crate::IngestError;

/// Between two rounds; the first begins at once.
const EVERY: Duration = Duration::from_mins(5);

/// Looks after a history. Dropping it ends its thread, after the round that is under way.
pub struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    last: Arc<Mutex<Option<Result<Maintained, String>>>>,
}

impl Keeper {
    /// # Errors
    /// A thread that the machine refuses.
    pub fn start(history: Arc<dyn Archive>, now: Clock) -> Result<Self, IngestError> {
        let (stop, stopped) = bounded::<()>(0);
        let last = Arc::new(Mutex::new(None));
        let told = Arc::clone(&last);
        let work = move || {
            loop {
                let done = history.maintain(micros(now()), Late::Many).map_err(|error| error.to_string());
                *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
                if stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("history-keeper".to_owned()).spawn(work);
        Ok(Self { stop: Some(stop), thread: Some(thread.map_err(IngestError::Start)?), last })
    }

    /// What the last round did, or why it could not; `None` before it ended.
    pub fn last(&self) -> Option<Result<Maintained, String>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
