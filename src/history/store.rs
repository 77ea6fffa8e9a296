//! What feeds, twin and panels ask of a history, whatever holds it.

use std::{ops::ControlFlow, sync::Arc};

use crate::{
    Completeness, DeadLetter, DeadLetterCount, Event, EventPlace, HistoryError, KeptDeadLetter, KeptEvent, Lesson,
    Level, RollUp, Row, SeriesId, SeriesKey, Source, SourceId, Span,
};

/// What a commit did with its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Committed {
    pub new: u64,
    /// Their key was there before; the first value stays.
    pub duplicate: u64,
    /// Of a day that retention has already emptied of their feed; not kept.
    pub expired: u64,
}

/// What is committed beside rows and dead letters.
#[derive(Clone, Copy, Default, Debug)]
pub struct Notes<'a> {
    /// The run that the events are of.
    pub run: &'a str,
    pub events: &'a [Event],
    /// Those larger than [`crate::LESSON_BYTES`] are passed over.
    pub lessons: &'a [Lesson],
}

/// Called with each row; `Break` ends the query.
pub type Visitor<'a> = &'a mut dyn FnMut(&Row) -> ControlFlow<()>;

/// A store of readings. Every method may be called from any thread.
pub trait Store: Send + Sync {
    /// The number of a series, a new one where it has none.
    fn series(&self, key: &SeriesKey) -> SeriesId;
    /// The number of a series that has one.
    fn find(&self, key: &SeriesKey) -> Option<SeriesId>;
    /// The series of a number.
    fn key(&self, series: SeriesId) -> Option<SeriesKey>;
    /// The number of a source, a new one where it has none.
    fn source(&self, source: &Source) -> SourceId;
    /// The source of a number.
    fn source_of(&self, source: SourceId) -> Option<Source>;
    /// All runs, sorted.
    fn runs(&self) -> Vec<Arc<str>>;
    /// All series of a run by number.
    fn series_of(&self, run: &str) -> Vec<(SeriesId, SeriesKey)>;

    /// Keeps rows and dead letters. Returns only after both are durable, all or none: a message may be
    /// acknowledged then. The same rows again change nothing.
    ///
    /// # Errors
    /// A row that cannot be kept (none of the batch is then), a full disk, a damaged file.
    fn commit(&self, rows: &[Row], dead: &[DeadLetter]) -> Result<Committed, HistoryError> {
        self.commit_with(rows, dead, Notes::default())
    }

    /// As [`Self::commit`], with what else is to be remembered.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn commit_with(&self, rows: &[Row], dead: &[DeadLetter], notes: Notes<'_>) -> Result<Committed, HistoryError>;

    /// The first `limit` rows of a series by observed time.
    ///
    /// # Errors
    /// What the files say; so of every query here.
    fn range(&self, series: SeriesId, span: Span, limit: usize) -> Result<Vec<Row>, HistoryError>;
    /// The last `count` rows of a series observed before an instant, by observed time.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn last(&self, series: SeriesId, before_us: i64, count: usize) -> Result<Vec<Row>, HistoryError>;
    /// The latest row of each series of a run that was observed at an instant or at most `age_us` before it, by
    /// number of the series.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn as_of(&self, run: &str, at_us: i64, age_us: i64) -> Result<Vec<Row>, HistoryError>;
    /// Every row of a run observed in a span, each once, hour by hour or coarser, in no order that is promised.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn visit(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError>;
    /// Every row of a run received in a span in the order of receipt; those of one µs by observed time, then
    /// by number of the series. Holds a bounded number of rows at a time.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn visit_received(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError>;
    /// The first `limit` events of a run after a place and before an instant, in order.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn events(&self, run: &str, after: EventPlace, to_us: i64, limit: usize) -> Result<Vec<KeptEvent>, HistoryError>;
    /// The messages of a feed that tell how others are to be read, in the order of receipt: the last of each topic.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn lessons(&self, feed: &str) -> Result<Vec<Lesson>, HistoryError>;
    /// Summaries of a series for every interval of the level that starts in the span and has readings. Gaps
    /// have none.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn roll_ups(&self, series: SeriesId, level: Level, span: Span) -> Result<Vec<RollUp>, HistoryError>;
    /// How much of what was to be expected came; `None` before an interval could be learned.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn completeness(&self, series: SeriesId, span: Span) -> Result<Option<Completeness>, HistoryError>;

    /// The first `limit` dead letters that wait after number `after`, of one feed or of all.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn dead_letters(&self, feed: Option<&str>, after: i64, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError>;
    /// Marks letters as resolved: they wait no more, their bytes go. Tells how many did wait.
    ///
    /// # Errors
    /// As [`Self::commit`].
    fn resolve(&self, letters: &[i64]) -> Result<u64, HistoryError>;
    /// Counts by feed.
    ///
    /// # Errors
    /// As [`Self::range`].
    fn dead_letter_counts(&self) -> Result<Vec<DeadLetterCount>, HistoryError>;
}
