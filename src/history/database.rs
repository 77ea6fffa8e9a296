//! The SQLite file: how it is opened, its tables, and what is checked before a byte of it is changed.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use crate::{HistoryError, Settings};

/// Name of the database in the folder.
pub(crate) const FILE: &str = "history.sqlite";
/// "CTHi": the mark of a history among SQLite files.
const APPLICATION: i64 = 0x4354_4869;
/// Version of the tables below.
const VERSION: i64 = 2;
/// Length of a slot, µs: rows lie by day, then by slot, then by series. A batch of all sensors then touches
/// neighbouring pages, as it would not if rows lay by series first, and a sensor's day is 144 short reads.
pub(crate) const SLOT_US: i64 = 600 * crate::row::SECOND_US;
/// Slots of a day.
pub(crate) const SLOTS: i64 = 144;

const SCHEMA: &str = "
CREATE TABLE series (id INTEGER PRIMARY KEY, run TEXT NOT NULL, sensor TEXT NOT NULL, quantity TEXT NOT NULL,
    UNIQUE (run, sensor, quantity));
-- Rows of a slot, hot and cold, and when they came in: where to look for what was received in a span.
CREATE TABLE slot (day INTEGER NOT NULL, slot INTEGER NOT NULL, rows INTEGER NOT NULL,
    first_received INTEGER NOT NULL, last_received INTEGER NOT NULL, PRIMARY KEY (day, slot)) WITHOUT ROWID;
-- Days that have a table of rows here.
CREATE TABLE hot (day INTEGER PRIMARY KEY);
-- Days that have a Parquet file: a file counts only if it stands here.
CREATE TABLE cold (day INTEGER PRIMARY KEY, file TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    hash INTEGER NOT NULL);
-- Files that are being written, or that another has replaced: they go when the history is opened next.
CREATE TABLE doomed (file TEXT PRIMARY KEY) WITHOUT ROWID;
-- Days that retention has emptied of a feed: late rows of it are not kept any more.
CREATE TABLE emptied (day INTEGER NOT NULL, feed TEXT NOT NULL, PRIMARY KEY (day, feed)) WITHOUT ROWID;
-- Hours of series whose summaries below are older than their rows.
CREATE TABLE unsummed (series INTEGER NOT NULL, hour INTEGER NOT NULL, PRIMARY KEY (series, hour)) WITHOUT ROWID;
CREATE TABLE rollup (series INTEGER NOT NULL, hour INTEGER NOT NULL, whole BLOB NOT NULL, quarters BLOB NOT NULL,
    PRIMARY KEY (series, hour)) WITHOUT ROWID;
CREATE TABLE rollup_minute (series INTEGER NOT NULL, hour INTEGER NOT NULL, minutes BLOB NOT NULL,
    PRIMARY KEY (series, hour)) WITHOUT ROWID;
CREATE TABLE dead (id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, mapping TEXT NOT NULL, received INTEGER NOT NULL, length INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE INDEX dead_of_feed ON dead (feed, id);
CREATE TABLE dead_count (feed TEXT PRIMARY KEY, kept INTEGER NOT NULL, dropped INTEGER NOT NULL,
    resolved INTEGER NOT NULL) WITHOUT ROWID;
";

/// What version 2 has beyond version 1.
const SECOND: &str = "
CREATE TABLE source (id INTEGER PRIMARY KEY, feed TEXT NOT NULL, mapping TEXT NOT NULL, emulated INTEGER NOT NULL,
    historical INTEGER NOT NULL, life_ms INTEGER NOT NULL, UNIQUE (feed, mapping, emulated, historical, life_ms));
CREATE TABLE event (id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, at INTEGER NOT NULL, what TEXT NOT NULL,
    name TEXT NOT NULL, number REAL NOT NULL);
CREATE INDEX event_of_run ON event (run, at, id);
-- The last message of each topic that tells how others are to be read.
CREATE TABLE lesson (id INTEGER PRIMARY KEY, feed TEXT NOT NULL, topic TEXT NOT NULL, received INTEGER NOT NULL,
    bytes BLOB NOT NULL, UNIQUE (feed, topic));
-- What tells whether a dead letter is still as it was kept; those of an earlier version have none.
CREATE TABLE dead_hash (letter INTEGER PRIMARY KEY, hash INTEGER NOT NULL);
";

/// The table of a day's rows. `at`: µs since the slot began; `lag`: received less observed, µs; `code`: quality in the
/// lowest two bits, the source above.
pub(crate) fn day_table(day: i64) -> String {
    format!(
        "CREATE TABLE day_{day} (slot INTEGER NOT NULL, series INTEGER NOT NULL, at INTEGER NOT NULL, \
         value REAL NOT NULL, lag INTEGER NOT NULL, code INTEGER NOT NULL, PRIMARY KEY (slot, series, at)) WITHOUT ROWID"
    )
}

/// Opens the database of a folder for writing, a new one where there is none.
pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Connection, HistoryError> {
    let fresh = check_file(path)?;
    let say = |error: rusqlite::Error| HistoryError::sqlite(path, &error);
    let mut db = connect(path)?;
    let writable = !db.is_readonly("main").map_err(say)?;
    if !writable {
        return Err(HistoryError::ReadOnly(path.to_path_buf()));
    }
    if fresh {
        create(&mut db).map_err(say)?;
    }
    let version = check_version(&db, path)?;
    check_length(&db, path)?;
    if version < VERSION {
        bring_up(&mut db).map_err(say)?;
    }
    if let Some(bytes) = settings.hot_bytes {
        let page: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(say)?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        db.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(())).map_err(say)?;
    }
    Ok(db)
}

/// A connection that sees every commit. In WAL with `synchronous = FULL` a commit returns after its `fsync`: it outlives
/// a killed program and a power cut, as far as the disk keeps what it says it has.
pub(crate) fn connect(path: &Path) -> Result<Connection, HistoryError> {
    let say = |error: rusqlite::Error| HistoryError::sqlite(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(say)?;
    db.busy_timeout(Duration::from_secs(10)).map_err(say)?;
    db.set_prepared_statement_cache_capacity(128);
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; \
                 PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;";
    db.execute_batch(setup).map_err(say)?;
    Ok(db)
}

/// Whether there is no database yet; refuses what is not SQLite's before SQLite touches it.
fn check_file(path: &Path) -> Result<bool, HistoryError> {
    let mut start = Vec::new();
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(HistoryError::file(path, error)),
        Ok(file) => file.take(16).read_to_end(&mut start).map_err(|e| HistoryError::file(path, e))?,
    };
    // A program killed while it made the file leaves an empty one; its tables may still stand in the log beside it.
    if start.is_empty() {
        return Ok(!beside(path, "-wal").exists());
    }
    if start == b"SQLite format 3\0" {
        return Ok(false);
    }
    Err(HistoryError::Damaged { path: path.to_path_buf(), what: "it does not begin as a database".to_owned() })
}

fn create(db: &mut Connection) -> Result<(), rusqlite::Error> {
    let change = db.transaction()?;
    change.execute_batch(SCHEMA)?;
    change.execute_batch(SECOND)?;
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()
}

/// A history that an earlier program made, to the tables of this one: all or nothing.
fn bring_up(db: &mut Connection) -> Result<(), rusqlite::Error> {
    let change = db.transaction()?;
    change.execute_batch("ALTER TABLE source RENAME TO source_before")?;
    change.execute_batch(SECOND)?;
    change.execute_batch(
        "INSERT INTO source SELECT id, feed, mapping, emulated, 0, 0 FROM source_before; DROP TABLE source_before",
    )?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()
}

/// The version of the tables: this program's, or one that it can bring up to it.
fn check_version(db: &Connection, path: &Path) -> Result<i64, HistoryError> {
    let pragma = |name| {
        db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|e| HistoryError::sqlite(path, &e))
    };
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| HistoryError::sqlite(path, &e))?;
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION, found @ 1..=VERSION) => Ok(found),
        (APPLICATION, found) => Err(HistoryError::Newer { path: path.to_path_buf(), found, known: VERSION }),
        (0, 0) if tables == 0 => Err(HistoryError::Damaged {
            path: path.to_path_buf(),
            what: "it has no tables; it may be a copy made without its log".to_owned(),
        }),
        _ => Err(HistoryError::Foreign(path.to_path_buf())),
    }
}

/// A file that ends before its last page was cut off, unless the log beside it holds the rest.
fn check_length(db: &Connection, path: &Path) -> Result<(), HistoryError> {
    let pragma = |name| {
        db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|e| HistoryError::sqlite(path, &e))
    };
    let (pages, size) = (pragma("page_count")?, pragma("page_size")?);
    let log = fs::metadata(beside(path, "-wal")).map_or(0, |m| m.len());
    let length = fs::metadata(path).map_err(|e| HistoryError::file(path, e))?.len();
    if log == 0 && i128::from(length) < i128::from(pages) * i128::from(size) {
        let what = format!("it ends after {length} of {} bytes", pages * size);
        return Err(HistoryError::Damaged { path: path.to_path_buf(), what });
    }
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
