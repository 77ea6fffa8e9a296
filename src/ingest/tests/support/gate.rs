//! A history whose commits can be held up from outside, as a slow disk would.

use std::sync::{Arc, Condvar, Mutex};

use citytwin_history::{
    Committed, Completeness, DeadLetter, DeadLetterCount, EventPlace, History, HistoryError, KeptDeadLetter, KeptEvent,
    Lesson, Level, Notes, RollUp, Row, SeriesId, SeriesKey, Source, SourceId, Span, Store, Visitor,
};

/// Open until it is closed.
pub struct Gate {
    store: Arc<History>,
    closed: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn new(store: Arc<History>) -> Self {
        Self { store, closed: Mutex::new(false), opened: Condvar::new() }
    }

    /// From here on a commit waits.
    pub fn close(&self) {
        *self.closed.lock().unwrap() = true;
    }

    pub fn open(&self) {
        *self.closed.lock().unwrap() = false;
        self.opened.notify_all();
    }
}

impl Store for Gate {
    fn commit_with(&self, rows: &[Row], dead: &[DeadLetter], notes: Notes<'_>) -> Result<Committed, HistoryError> {
        drop(self.opened.wait_while(self.closed.lock().unwrap(), |closed| *closed).unwrap());
        self.store.commit_with(rows, dead, notes)
    }
    fn lessons(&self, feed: &str) -> Result<Vec<Lesson>, HistoryError> {
        self.store.lessons(feed)
    }
    fn events(&self, run: &str, after: EventPlace, to_us: i64, limit: usize) -> Result<Vec<KeptEvent>, HistoryError> {
        self.store.events(run, after, to_us, limit)
    }

    fn series(&self, key: &SeriesKey) -> SeriesId {
        self.store.series(key)
    }
    fn find(&self, key: &SeriesKey) -> Option<SeriesId> {
        self.store.find(key)
    }
    fn key(&self, series: SeriesId) -> Option<SeriesKey> {
        Store::key(&*self.store, series)
    }
    fn source(&self, source: &Source) -> SourceId {
        Store::source(&*self.store, source)
    }
    fn source_of(&self, source: SourceId) -> Option<Source> {
        self.store.source_of(source)
    }
    fn runs(&self) -> Vec<Arc<str>> {
        self.store.runs()
    }
    fn series_of(&self, run: &str) -> Vec<(SeriesId, SeriesKey)> {
        self.store.series_of(run)
    }
    fn range(&self, series: SeriesId, span: Span, limit: usize) -> Result<Vec<Row>, HistoryError> {
        self.store.range(series, span, limit)
    }
    fn last(&self, series: SeriesId, before_us: i64, count: usize) -> Result<Vec<Row>, HistoryError> {
        self.store.last(series, before_us, count)
    }
    fn as_of(&self, run: &str, at_us: i64, age_us: i64) -> Result<Vec<Row>, HistoryError> {
        self.store.as_of(run, at_us, age_us)
    }
    fn visit(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
        self.store.visit(run, span, visitor)
    }
    fn visit_received(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
        self.store.visit_received(run, span, visitor)
    }
    fn roll_ups(&self, series: SeriesId, level: Level, span: Span) -> Result<Vec<RollUp>, HistoryError> {
        self.store.roll_ups(series, level, span)
    }
    fn completeness(&self, series: SeriesId, span: Span) -> Result<Option<Completeness>, HistoryError> {
        self.store.completeness(series, span)
    }
    fn dead_letters(&self, feed: Option<&str>, after: i64, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError> {
        self.store.dead_letters(feed, after, limit)
    }
    fn resolve(&self, letters: &[i64]) -> Result<u64, HistoryError> {
        self.store.resolve(letters)
    }
    fn dead_letter_counts(&self) -> Result<Vec<DeadLetterCount>, HistoryError> {
        self.store.dead_letter_counts()
    }
}
