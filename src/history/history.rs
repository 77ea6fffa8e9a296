//! The history in a folder: a SQLite database of the last days, a Parquet file for each day before.

use std::{
    fs::{self, File, TryLockError},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use citytwin_model::Quantity;
use rusqlite::Connection;

use crate::{
    Committed, Completeness, DeadLetter, DeadLetterCount, EventPlace, HistoryError, KeptDeadLetter, KeptEvent, Lesson,
    Level, Notes, RollUp, Row, SeriesId, SeriesKey, Settings, Source, SourceId, Span, Store, Visitor,
    cold::write::Naming,
    commit::Writer,
    compact, completeness, database, dead, event, lesson,
    names::Names,
    received,
    snapshot::{ColdFiles, Snapshot},
    summing,
};

/// A [`Store`] in a folder, open in one program at a time.
#[derive(Debug)]
pub struct History {
    pub(crate) settings: Settings,
    pub(crate) path: PathBuf,
    pub(crate) series: Names<SeriesKey>,
    pub(crate) sources: Names<Source>,
    pub(crate) files: ColdFiles,
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Connection>>,
    pub(crate) maintaining: Mutex<()>,
    notes: Vec<String>,
    /// Locked while the history is open; the system unlocks it however the program ends.
    _lock: File,
}

/// How much a history holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    pub hot_days: u64,
    pub cold_days: u64,
    pub cold_rows: u64,
    pub cold_bytes: u64,
    /// Of the database with its log.
    pub hot_bytes: u64,
    pub rows: u64,
}

/// Readers that are kept open.
const READERS: usize = 8;

impl History {
    /// Opens the history of a folder, a new one where there is none. What a killed program left half done is put right.
    ///
    /// # Errors
    /// A folder that cannot be written, a damaged or foreign file, a history that another program has open. Nothing is
    /// changed then.
    pub fn open(folder: &Path, settings: Settings) -> Result<Self, HistoryError> {
        if folder.exists() && !folder.is_dir() {
            return Err(HistoryError::NotAFolder(folder.to_path_buf()));
        }
        let days = folder.join("days");
        fs::create_dir_all(&days).map_err(|e| HistoryError::file(&days, e))?;
        let lock = lock(folder)?;
        let path = folder.join(database::FILE);
        let db = database::open(&path, &settings)?;
        let files = ColdFiles::new(days);
        let notes = put_right(&db, &files, &path)?;
        let (series, sources) = (names_of_series(&db, &path)?, names_of_sources(&db, &path)?);
        let writer = Writer::new(db, series.len(), sources.len()).map_err(|e| HistoryError::sqlite(&path, &e))?;
        Ok(Self {
            settings,
            path,
            series: Names::new(series),
            sources: Names::new(sources),
            files,
            writer: Mutex::new(writer),
            readers: Mutex::default(),
            maintaining: Mutex::default(),
            notes,
            _lock: lock,
        })
    }

    /// What was found when the history was opened and needs no action to go on.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// # Errors
    /// What the files say.
    pub fn size(&self) -> Result<Size, HistoryError> {
        self.read(|snapshot| {
            let count = |sql: &str| {
                let number = snapshot.db.query_row(sql, [], |row| row.get::<_, i64>(0));
                number.map(i64::unsigned_abs).map_err(|e| HistoryError::sqlite(&self.path, &e))
            };
            let length = |path: PathBuf| fs::metadata(path).map_or(0, |m| m.len());
            let log = self.path.with_file_name(format!("{}-wal", database::FILE));
            Ok(Size {
                hot_days: count("SELECT count(*) FROM hot")?,
                cold_days: count("SELECT count(*) FROM cold")?,
                cold_rows: count("SELECT coalesce(sum(rows), 0) FROM cold")?,
                cold_bytes: count("SELECT coalesce(sum(bytes), 0) FROM cold")?,
                hot_bytes: length(self.path.clone()) + length(log),
                rows: count("SELECT coalesce(sum(rows), 0) FROM slot")?,
            })
        })
    }

    /// Where in a span readings of any run were observed, to ten minutes: spans that do not touch, by time.
    ///
    /// # Errors
    /// What the files say.
    pub fn held(&self, span: Span) -> Result<Vec<Span>, HistoryError> {
        let span = span.and(Span::ALL);
        if span.is_empty() {
            return Ok(Vec::new());
        }
        let slots = self.read(|snapshot| snapshot.slots_observed(span))?;
        Ok(received::neighbours(&slots).into_iter().map(|held| held.and(span)).collect())
    }

    /// From the first to the last observed reading of any run, to ten minutes; `None` where there is none.
    ///
    /// # Errors
    /// What the files say.
    pub fn whole(&self) -> Result<Option<Span>, HistoryError> {
        self.read(|snapshot| snapshot.whole())
    }

    /// From the first to the last reading of any run by receipt; `None` where there is none.
    ///
    /// # Errors
    /// What the files say.
    pub fn received(&self) -> Result<Option<Span>, HistoryError> {
        self.read(|snapshot| {
            let query = "SELECT min(first_received), max(last_received) FROM slot";
            let ends = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
            let (first, last) =
                snapshot.db.query_row(query, [], ends).map_err(|e| HistoryError::sqlite(&self.path, &e))?;
            Ok(first.zip(last).map(|(first, last)| Span::new(first, last + 1)))
        })
    }

    /// The last `limit` dead letters that wait, the newest first.
    ///
    /// # Errors
    /// What the files say.
    pub fn latest_dead_letters(&self, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError> {
        self.read(|snapshot| dead::latest(snapshot.db, limit).map_err(|e| HistoryError::sqlite(&self.path, &e)))
    }

    /// Reads all of the database and of every file, and tells what is not as it was written. Slow.
    ///
    /// # Errors
    /// A database that cannot be read at all.
    pub fn check(&self) -> Result<Vec<String>, HistoryError> {
        self.read(|snapshot| {
            let read = || {
                let mut query = snapshot.db.prepare("PRAGMA integrity_check(100)")?;
                let mut faults: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                faults.retain(|line| line != "ok");
                let mut query = snapshot.db.prepare("SELECT file, bytes, hash FROM cold ORDER BY day")?;
                let files = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
                let files: Vec<(String, i64, i64)> = files.collect::<Result<_, _>>()?;
                Ok((faults, files))
            };
            let (mut faults, files) = read().map_err(|e| HistoryError::sqlite(&self.path, &e))?;
            for (file, bytes, hash) in files {
                match compact::length_and_hash(&self.files.folder.join(&file)) {
                    Ok(found) if found == (bytes.cast_unsigned(), hash.cast_unsigned()) => {}
                    Ok(_) => faults.push(format!("{file}: its bytes are not those that were written; put back a copy")),
                    Err(error) => faults.push(error.to_string()),
                }
            }
            Ok(faults)
        })
    }

    /// A query on one consistent view.
    pub(crate) fn read<T>(
        &self,
        query: impl FnOnce(&Snapshot<'_>) -> Result<T, HistoryError>,
    ) -> Result<T, HistoryError> {
        let _files = self.files.in_use.read().unwrap_or_else(PoisonError::into_inner);
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = readers().pop();
        let db = kept.map_or_else(|| database::connect(&self.path), Ok)?;
        let view = db.unchecked_transaction().map_err(|e| HistoryError::sqlite(&self.path, &e))?;
        let answer = query(&Snapshot { db: &view, files: &self.files, path: &self.path });
        view.finish().map_err(|e| HistoryError::sqlite(&self.path, &e))?;
        let mut readers = readers();
        if readers.len() < READERS {
            readers.push(db);
        }
        answer
    }

    /// The one that writes. A panic while it wrote has rolled its transaction back.
    pub(crate) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which series are of a run, by number.
    pub(crate) fn mask(&self, run: &str) -> Vec<bool> {
        self.series.since(0).iter().map(|key| &*key.run == run).collect()
    }
}

impl Store for History {
    fn series(&self, key: &SeriesKey) -> SeriesId {
        SeriesId(self.series.number(key))
    }

    fn find(&self, key: &SeriesKey) -> Option<SeriesId> {
        self.series.find(key).map(SeriesId)
    }

    fn key(&self, series: SeriesId) -> Option<SeriesKey> {
        self.series.get(series.0)
    }

    fn source(&self, source: &Source) -> SourceId {
        SourceId(self.sources.number(source))
    }

    fn source_of(&self, source: SourceId) -> Option<Source> {
        self.sources.get(source.0)
    }

    fn runs(&self) -> Vec<Arc<str>> {
        self.series.runs()
    }

    fn series_of(&self, run: &str) -> Vec<(SeriesId, SeriesKey)> {
        self.series.of_run(run)
    }

    fn commit_with(&self, rows: &[Row], dead: &[DeadLetter], notes: Notes<'_>) -> Result<Committed, HistoryError> {
        self.commit_rows(rows, dead, notes)
    }

    fn range(&self, series: SeriesId, span: Span, limit: usize) -> Result<Vec<Row>, HistoryError> {
        let mut rows = self.read(|snapshot| snapshot.range(series.0, span, limit))?;
        rows.truncate(limit);
        Ok(rows)
    }

    fn last(&self, series: SeriesId, before_us: i64, count: usize) -> Result<Vec<Row>, HistoryError> {
        let mut rows = self.read(|snapshot| snapshot.last(series.0, before_us, count))?;
        rows.drain(..rows.len().saturating_sub(count));
        Ok(rows)
    }

    fn as_of(&self, run: &str, at_us: i64, age_us: i64) -> Result<Vec<Row>, HistoryError> {
        let span = Span::new(at_us.saturating_sub(age_us), at_us.saturating_add(1));
        let wanted = self.mask(run);
        self.read(|snapshot| snapshot.latest(span, &wanted))
    }

    fn visit(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
        let wanted = self.mask(run);
        let mut keep_on = |row: Row| {
            let other = wanted.get(row.series.0 as usize) != Some(&true);
            other || visitor(&row) == ControlFlow::Continue(())
        };
        self.read(|snapshot| snapshot.visit(span, &mut keep_on)).map(|_| ())
    }

    fn visit_received(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
        received::visit(self, run, span, visitor)
    }

    fn events(&self, run: &str, after: EventPlace, to_us: i64, limit: usize) -> Result<Vec<KeptEvent>, HistoryError> {
        let say = |e| HistoryError::sqlite(&self.path, &e);
        self.read(|snapshot| event::after(snapshot.db, run, after, to_us, limit).map_err(say))
    }

    fn lessons(&self, feed: &str) -> Result<Vec<Lesson>, HistoryError> {
        self.read(|snapshot| lesson::of_feed(snapshot.db, feed).map_err(|e| HistoryError::sqlite(&self.path, &e)))
    }

    fn roll_ups(&self, series: SeriesId, level: Level, span: Span) -> Result<Vec<RollUp>, HistoryError> {
        self.read(|snapshot| summing::query(snapshot, series.0, level, span))
    }

    fn completeness(&self, series: SeriesId, span: Span) -> Result<Option<Completeness>, HistoryError> {
        let span = span.and(Span::ALL);
        self.read(|snapshot| {
            let before = snapshot.last(series.0, span.to_us, completeness::LEARNED)?;
            let learned = &before[before.len().saturating_sub(completeness::LEARNED)..];
            Ok(completeness::of(learned, &snapshot.range(series.0, span, usize::MAX)?, span))
        })
    }

    fn dead_letters(&self, feed: Option<&str>, after: i64, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError> {
        let say = |e| HistoryError::sqlite(&self.path, &e);
        self.read(|snapshot| dead::waiting(snapshot.db, feed, after, limit).map_err(say))
    }

    fn resolve(&self, letters: &[i64]) -> Result<u64, HistoryError> {
        let say = |e| HistoryError::sqlite(&self.path, &e);
        let mut writer = self.writer();
        let change = writer.db.transaction().map_err(say)?;
        let resolved = dead::resolve(&change, letters).map_err(say)?;
        change.commit().map_err(say)?;
        Ok(resolved)
    }

    fn dead_letter_counts(&self) -> Result<Vec<DeadLetterCount>, HistoryError> {
        self.read(|snapshot| dead::counts(snapshot.db).map_err(|e| HistoryError::sqlite(&self.path, &e)))
    }
}

impl Naming for History {
    fn key(&self, series: u32) -> Option<SeriesKey> {
        self.series.get(series)
    }

    fn source(&self, source: u32) -> Option<Source> {
        self.sources.get(source)
    }
}

fn lock(folder: &Path) -> Result<File, HistoryError> {
    let path = folder.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| HistoryError::file(&path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HistoryError::InUse(folder.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(HistoryError::file(&path, error)),
    }
}

/// Removes the files that the database names as doomed; tells of files that it does not name.
fn put_right(db: &Connection, files: &ColdFiles, path: &Path) -> Result<Vec<String>, HistoryError> {
    compact::remove_doomed(db, files, path)?;
    let say = |e| HistoryError::sqlite(path, &e);
    let mut query = db.prepare("SELECT file FROM cold ORDER BY day").map_err(say)?;
    let named = query.query_map([], |row| row.get::<_, String>(0)).map_err(say)?;
    let named: Vec<String> = named.collect::<Result<_, _>>().map_err(say)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&files.folder).map_err(|e| HistoryError::file(&files.folder, e))? {
        let entry = entry.map_err(|e| HistoryError::file(&files.folder, e))?;
        found.push(entry.file_name().to_string_lossy().into_owned());
    }
    found.sort();
    let missing = named.iter().filter(|file| !found.contains(file));
    let mut notes: Vec<String> =
        missing.map(|file| format!("{file}: is missing; put it back, its day cannot be read")).collect();
    let other = found.iter().filter(|file| !named.contains(file));
    notes.extend(other.map(|file| format!("{file}: is not of this history; it is left alone and not read")));
    Ok(notes)
}

fn names_of_series(db: &Connection, path: &Path) -> Result<Vec<SeriesKey>, HistoryError> {
    let say = |e| HistoryError::sqlite(path, &e);
    let mut query = db.prepare("SELECT id, run, sensor, quantity FROM series ORDER BY id").map_err(say)?;
    let mut rows = query.query([]).map_err(say)?;
    let mut names = Vec::new();
    while let Some(row) = rows.next().map_err(say)? {
        let parts =
            (row.get::<_, i64>(0), row.get::<_, Arc<str>>(1), row.get::<_, Arc<str>>(2), row.get::<_, String>(3));
        let quantity = parts.3.map_err(say)?;
        let damaged = |what: String| HistoryError::Damaged { path: path.to_path_buf(), what };
        if parts.0.map_err(say)? != names.len() as i64 {
            return Err(damaged(format!("series {} is missing", names.len())));
        }
        let quantity = Quantity::from_name(&quantity)
            .ok_or_else(|| damaged(format!("the quantity {quantity} is not known; it needs a newer CityTwin")))?;
        names.push(SeriesKey { run: parts.1.map_err(say)?, sensor: parts.2.map_err(say)?, quantity });
    }
    Ok(names)
}

fn names_of_sources(db: &Connection, path: &Path) -> Result<Vec<Source>, HistoryError> {
    let say = |e| HistoryError::sqlite(path, &e);
    let sql = "SELECT feed, mapping, emulated, historical, life_ms FROM source ORDER BY id";
    let source = |row: &rusqlite::Row<'_>| {
        let life_ms = row.get::<_, i64>(4)?.unsigned_abs();
        let (feed, mapping) = (row.get(0)?, row.get(1)?);
        Ok(Source { feed, mapping, emulated: row.get(2)?, historical: row.get(3)?, life_ms })
    };
    let mut query = db.prepare(sql).map_err(say)?;
    query.query_map([], source).map_err(say)?.collect::<Result<_, _>>().map_err(say)
}
