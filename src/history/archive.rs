//! A store that looks after itself and tells what it holds: what a program opens, a [`Store`] being what feeds use of it.

use crate::{History, HistoryError, KeptDeadLetter, Late, Maintained, Size, Span, Store, dead};

/// A store with its upkeep. Every method may be called from any thread.
pub trait Archive: Store {
    /// What is due at `now_us`. To be called every few minutes from a thread of its own; commits and queries go on meanwhile.
    ///
    /// # Errors
    /// What the files or the server say; so of every method here.
    fn maintain(&self, now_us: i64, late: Late) -> Result<Maintained, HistoryError>;
    /// How much it holds.
    ///
    /// # Errors
    /// As [`Self::maintain`].
    fn size(&self) -> Result<Size, HistoryError>;
    /// Where in a span readings of any run were observed, to ten minutes: spans that do not touch, by time.
    ///
    /// # Errors
    /// As [`Self::maintain`].
    fn held(&self, span: Span) -> Result<Vec<Span>, HistoryError>;
    /// From the first to the last observed reading of any run, to ten minutes; `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::maintain`].
    fn whole(&self) -> Result<Option<Span>, HistoryError>;
    /// From the first to the last reading of any run by receipt; `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::maintain`].
    fn received(&self) -> Result<Option<Span>, HistoryError>;
    /// The last `limit` dead letters that wait, the newest first.
    ///
    /// # Errors
    /// As [`Self::maintain`].
    fn latest_dead_letters(&self, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError>;
    /// Reads all dead letters that wait, and tells which are not as they were kept: a line each.
    ///
    /// # Errors
    /// As [`Self::maintain`].
    fn check_dead_letters(&self) -> Result<Vec<String>, HistoryError>;
}

impl Archive for History {
    fn maintain(&self, now_us: i64, late: Late) -> Result<Maintained, HistoryError> {
        Self::maintain(self, now_us, late)
    }

    fn size(&self) -> Result<Size, HistoryError> {
        Self::size(self)
    }

    fn held(&self, span: Span) -> Result<Vec<Span>, HistoryError> {
        Self::held(self, span)
    }

    fn whole(&self) -> Result<Option<Span>, HistoryError> {
        Self::whole(self)
    }

    fn received(&self) -> Result<Option<Span>, HistoryError> {
        Self::received(self)
    }

    fn latest_dead_letters(&self, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError> {
        Self::latest_dead_letters(self, limit)
    }

    fn check_dead_letters(&self) -> Result<Vec<String>, HistoryError> {
        self.read(|snapshot| dead::faults(snapshot.db).map_err(|e| HistoryError::sqlite(&self.path, &e)))
    }
}
