//! The history of a city's readings: nothing that was committed is lost, every past moment can be asked for.
//!
//! [`Store`] is what feeds and the twin use, [`Archive`] the same with its upkeep; [`History`] is the one in a folder,
//! [`PostgresHistory`] the one in a database. Owns the files of readings and dead letters and what is asked of them. Must not know where readings come from or what they mean for a city.
//!
//! Times are µs since 1970 UTC, days and hours UTC's. A row's key is its series (run, sensor, quantity) and its observed
//! time: the first row of a key stays, another is a duplicate.

mod archive;
mod cold;
mod commit;
mod compact;
mod completeness;
mod database;
mod day;
mod dead;
mod error;
mod event;
mod export;
mod history;
mod lesson;
mod names;
mod postgres;
mod readings;
mod received;
mod rollup;
mod row;
mod settings;
mod snapshot;
mod store;
mod summing;
mod thinning;
mod whole_file;

pub use archive::Archive;
pub use compact::{Late, Maintained};
pub use completeness::Completeness;
pub use dead::{DEAD_LETTER_BYTES, DeadLetter, DeadLetterCount, KeptDeadLetter};
pub use error::HistoryError;
pub use event::{Event, EventPlace, Happening, KeptEvent};
pub use export::{
    Export, ExportWatch, export_csv, export_parquet, export_roll_ups_csv, export_roll_ups_parquet, import_csv,
};
pub use history::{History, Size};
pub use lesson::{LESSON_BYTES, Lesson};
pub use postgres::{Plaintext, PostgresHistory};
pub use readings::{Recorder, Sensors};
pub use rollup::{Level, RollUp, Values};
pub use row::{
    DAY_US, END_US, FIRST_US, LONGEST_NAME, Row, RowError, SECOND_US, SeriesId, SeriesKey, Source, SourceId, Span,
    instant, kept_life_s, micros, quality_name,
};
pub use settings::Settings;
pub use store::{Committed, Notes, Store, Visitor};
pub use thinning::thinned;
