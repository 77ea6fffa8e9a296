//! One consistent view of all rows, hot and cold: what every query reads through.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rusqlite::{Connection, OptionalExtension};

use crate::{
    HistoryError, Row, Span,
    cold::{ColdDay, Layout},
    day,
    row::DAY_US,
};

/// Ends of files that are remembered.
const LAYOUTS: usize = 64;

/// The Parquet files of a history.
#[derive(Debug)]
pub(crate) struct ColdFiles {
    pub folder: PathBuf,
    layouts: Mutex<VecDeque<(String, Arc<Layout>)>>,
    /// Held for reading by every query, for writing where a file is removed.
    pub in_use: RwLock<()>,
}

/// A database within a transaction, and the files that it names.
pub(crate) struct Snapshot<'a> {
    pub db: &'a Connection,
    pub files: &'a ColdFiles,
    /// The database's path, for messages.
    pub path: &'a std::path::Path,
}

/// Where rows of a day are.
#[derive(Debug, Default)]
struct Parts {
    hot: bool,
    file: Option<String>,
}

impl ColdFiles {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, layouts: Mutex::default(), in_use: RwLock::new(()) }
    }

    pub fn open(&self, day: i64, file: &str) -> Result<ColdDay, HistoryError> {
        let path = self.folder.join(file);
        let layouts = || self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = layouts().iter().find(|(name, _)| name == file).map(|(_, layout)| Arc::clone(layout));
        let fresh = known.is_none();
        let opened = ColdDay::open(&path, day, known).map_err(|e| HistoryError::parquet(&path, &e))?;
        if fresh {
            let mut layouts = layouts();
            layouts.push_back((file.to_owned(), opened.layout()));
            if layouts.len() > LAYOUTS {
                layouts.pop_front();
            }
        }
        Ok(opened)
    }

    /// To be called where a file goes: another may get its name.
    pub fn forget(&self, file: &str) {
        self.layouts.lock().unwrap_or_else(PoisonError::into_inner).retain(|(name, _)| name != file);
    }
}

impl Snapshot<'_> {
    fn say(&self, error: rusqlite::Error) -> HistoryError {
        HistoryError::sqlite(self.path, &error)
    }

    fn parts(&self, span: Span) -> Result<BTreeMap<i64, Parts>, HistoryError> {
        if span.and(Span::ALL).is_empty() {
            return Ok(BTreeMap::new());
        }
        let (first, last) = span.days();
        let read = || {
            let mut parts: BTreeMap<i64, Parts> = BTreeMap::new();
            let mut hot = self.db.prepare_cached("SELECT day FROM hot WHERE day BETWEEN ?1 AND ?2")?;
            let mut rows = hot.query([first, last])?;
            while let Some(row) = rows.next()? {
                parts.entry(row.get(0)?).or_default().hot = true;
            }
            let mut cold = self.db.prepare_cached("SELECT day, file FROM cold WHERE day BETWEEN ?1 AND ?2")?;
            let mut rows = cold.query([first, last])?;
            while let Some(row) = rows.next()? {
                parts.entry(row.get(0)?).or_default().file = Some(row.get(1)?);
            }
            Ok(parts)
        };
        read().map_err(|e| self.say(e))
    }

    /// The file of a day, where it has one.
    pub fn cold_day(&self, day: i64) -> Result<Option<ColdDay>, HistoryError> {
        let parts = self.parts(Span::of_day(day))?;
        let file = parts.get(&day).and_then(|p| p.file.as_deref());
        file.map(|file| self.files.open(day, file)).transpose()
    }

    /// At least the first `limit` rows of a series, by observed time.
    pub fn range(&self, series: u32, span: Span, limit: usize) -> Result<Vec<Row>, HistoryError> {
        let mut rows = Vec::new();
        for (day, parts) in self.parts(span)? {
            rows.extend(self.range_of_day(series, day, &parts, span)?);
            if rows.len() >= limit {
                break;
            }
        }
        Ok(rows)
    }

    /// At least the last `count` rows of a series, by observed time.
    pub fn last(&self, series: u32, before_us: i64, count: usize) -> Result<Vec<Row>, HistoryError> {
        let span = Span { to_us: before_us, ..Span::ALL };
        let mut newest_first: Vec<Vec<Row>> = Vec::new();
        let mut found = 0;
        for (day, parts) in self.parts(span)?.iter().rev() {
            if found >= count {
                break;
            }
            let rows = self.range_of_day(series, *day, parts, span)?;
            found += rows.len();
            newest_first.push(rows);
        }
        Ok(newest_first.into_iter().rev().flatten().collect())
    }

    fn range_of_day(&self, series: u32, day: i64, parts: &Parts, span: Span) -> Result<Vec<Row>, HistoryError> {
        let mut rows = match &parts.file {
            Some(file) => {
                let path = self.files.folder.join(file);
                let cold = self.files.open(day, file)?;
                cold.range(series, span).map_err(|e| HistoryError::parquet(&path, &e))?
            }
            None => Vec::new(),
        };
        let cold_rows = rows.len();
        if parts.hot {
            rows.extend(day::range(self.db, day, series, span).map_err(|e| self.say(e))?);
        }
        if cold_rows > 0 {
            rows.sort_by_key(|row| row.observed_us);
        }
        Ok(rows)
    }

    /// Every row of a span; ends early where `keep_on` says no.
    pub fn visit(&self, span: Span, keep_on: &mut dyn FnMut(Row) -> bool) -> Result<bool, HistoryError> {
        for (day, parts) in self.parts(span)? {
            if let Some(file) = &parts.file {
                let path = self.files.folder.join(file);
                let cold = self.files.open(day, file)?;
                if !cold.visit(span, keep_on).map_err(|e| HistoryError::parquet(&path, &e))? {
                    return Ok(false);
                }
            }
            if parts.hot && !day::visit(self.db, day, span, keep_on).map_err(|e| self.say(e))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The latest row of each wanted series in a span, by number of the series.
    pub fn latest(&self, span: Span, wanted: &[bool]) -> Result<Vec<Row>, HistoryError> {
        let count = wanted.iter().filter(|w| **w).count();
        let mut latest: HashMap<u32, Row> = HashMap::new();
        for (day, parts) in self.parts(span)?.iter().rev() {
            let mut keep = |row: Row| {
                if wanted.get(row.series.0 as usize) == Some(&true) {
                    let kept = latest.entry(row.series.0).or_insert(row);
                    if row.observed_us > kept.observed_us {
                        *kept = row;
                    }
                }
                latest.len()
            };
            if let Some(file) = &parts.file {
                let cold = self.files.open(*day, file)?;
                let mut all = |row| {
                    keep(row);
                    true
                };
                cold.visit(span, &mut all).map_err(|e| HistoryError::parquet(&self.files.folder.join(file), &e))?;
            }
            if parts.hot {
                // Slots from the last: once every series has a row, earlier slots of a hot day have none that is later.
                self.latest_of_hot(*day, span, &mut |row| keep(row) == count && parts.file.is_none())?;
            }
            if latest.len() == count {
                break;
            }
        }
        let mut rows: Vec<Row> = latest.into_values().collect();
        rows.sort_by_key(|row| row.series);
        Ok(rows)
    }

    fn latest_of_hot(&self, day: i64, span: Span, done: &mut dyn FnMut(Row) -> bool) -> Result<(), HistoryError> {
        let span = span.and(Span::of_day(day));
        let (_, first, _) = day::place(span.from_us);
        let (_, last, _) = day::place(span.to_us - 1);
        for slot in (first..=last).rev() {
            let mut enough = false;
            let mut found = |row: Row| {
                if row.observed_us >= span.from_us {
                    enough |= done(row);
                }
            };
            day::latest(self.db, day, slot, span.to_us - 1, &mut found).map_err(|e| self.say(e))?;
            if enough {
                break;
            }
        }
        Ok(())
    }

    /// Days that have a slot with rows received in a span, and the slots' spans of observed time, ascending.
    pub fn slots_received(&self, received: Span) -> Result<Vec<Span>, HistoryError> {
        let read = || {
            let mut query = self.db.prepare_cached(
                "SELECT day, slot FROM slot WHERE first_received < ?2 AND last_received >= ?1 ORDER BY day, slot",
            )?;
            let span = |row: &rusqlite::Row<'_>| {
                let from_us = row.get::<_, i64>(0)? * DAY_US + row.get::<_, i64>(1)? * crate::database::SLOT_US;
                Ok(Span::new(from_us, from_us + crate::database::SLOT_US))
            };
            query.query_map([received.from_us, received.to_us], span)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|e| self.say(e))
    }

    /// Slots that have rows, by time, within the slots that a span touches.
    pub fn slots_observed(&self, span: Span) -> Result<Vec<Span>, HistoryError> {
        const SLOT_US: i64 = crate::database::SLOT_US;
        let slots = crate::database::SLOTS;
        let read = || {
            let mut query = self.db.prepare_cached(
                "SELECT day, slot FROM slot WHERE day * ?3 + slot BETWEEN ?1 AND ?2 AND day BETWEEN ?4 AND ?5
                 ORDER BY day, slot",
            )?;
            let (first, last) = (span.from_us.div_euclid(SLOT_US), (span.to_us - 1).div_euclid(SLOT_US));
            let found = |row: &rusqlite::Row<'_>| {
                let from_us = (row.get::<_, i64>(0)? * slots + row.get::<_, i64>(1)?) * SLOT_US;
                Ok(Span::new(from_us, from_us + SLOT_US))
            };
            let days = (first.div_euclid(slots), last.div_euclid(slots));
            query.query_map([first, last, slots, days.0, days.1], found)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|e| self.say(e))
    }

    /// The first and the last slot that has rows.
    pub fn whole(&self) -> Result<Option<Span>, HistoryError> {
        let slot = |order: &str| {
            let query = format!("SELECT day, slot FROM slot ORDER BY day {order}, slot {order} LIMIT 1");
            let at = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let found = self.db.prepare_cached(&query).and_then(|mut q| q.query_row([], at).optional());
            let start_us = |(day, slot): (i64, i64)| day * DAY_US + slot * crate::database::SLOT_US;
            found.map(|found| found.map(start_us)).map_err(|e| self.say(e))
        };
        Ok(slot("ASC")?.zip(slot("DESC")?).map(|(a, b)| Span::new(a, b + crate::database::SLOT_US)))
    }

    /// The first instant from `from_us` on at which a slot begins to have received rows.
    pub fn next_received(&self, from_us: i64) -> Result<Option<i64>, HistoryError> {
        let query = "SELECT min(first_received) FROM slot WHERE first_received >= ?1";
        self.db
            .prepare_cached(query)
            .and_then(|mut q| q.query_row([from_us], |row| row.get(0)))
            .map_err(|e| self.say(e))
    }
}
