//! Roll-ups of the store. A row marks its hour; the hour is summed from its rows when it is over, and again after a late
//! row. Until then a query sums the marked hours itself, so that its answer never waits for maintenance.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    History, HistoryError, Level, RollUp, Span,
    rollup::{HOUR_US, decode, encode},
    row::{DAY_US, SECOND_US},
    snapshot::Snapshot,
};

/// Hours of series that one transaction sums: commits wait for no longer.
const BATCH: usize = 1000;
/// After its end an hour waits this long for rows that are a little late, µs.
const GRACE_US: i64 = 300 * SECOND_US;

impl History {
    /// Sums the marked hours that are over at an instant.
    pub(crate) fn sum_until(&self, now_us: i64) -> Result<u64, HistoryError> {
        self.sum(0, (now_us - GRACE_US).div_euclid(HOUR_US))
    }

    /// Sums all marked hours of a day.
    pub(crate) fn sum_day(&self, day: i64) -> Result<u64, HistoryError> {
        let hours = DAY_US / HOUR_US;
        self.sum(day * hours, (day + 1) * hours)
    }

    /// Marked hours from `first` up to, but not with, `end`.
    fn sum(&self, first: i64, end: i64) -> Result<u64, HistoryError> {
        let mut summed = 0;
        loop {
            let batch = self.sum_batch(first, end)?;
            summed += batch as u64;
            if batch < BATCH {
                return Ok(summed);
            }
        }
    }

    fn sum_batch(&self, first: i64, end: i64) -> Result<usize, HistoryError> {
        let say = |e| HistoryError::sqlite(&self.path, &e);
        let _files = self.files.in_use.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut writer = self.writer();
        let marked = {
            let mut query = writer
                .db
                .prepare_cached("SELECT series, hour FROM unsummed WHERE hour >= ?1 AND hour < ?2 LIMIT ?3")
                .map_err(say)?;
            let pairs = query.query_map(params![first, end, BATCH as i64], |row| Ok((row.get(0)?, row.get(1)?)));
            pairs.and_then(Iterator::collect::<Result<Vec<(u32, i64)>, _>>).map_err(say)?
        };
        if marked.is_empty() {
            return Ok(0);
        }
        let change = writer.db.transaction().map_err(say)?;
        let snapshot = Snapshot { db: &change, files: &self.files, path: &self.path };
        for (series, hour) in &marked {
            sum_hour(&snapshot, *series, *hour)?;
            let done = change.prepare_cached("DELETE FROM unsummed WHERE series = ?1 AND hour = ?2");
            done.and_then(|mut d| d.execute(params![series, hour])).map_err(say)?;
        }
        change.commit().map_err(say)?;
        marked.iter().for_each(|hour| {
            writer.unsummed.remove(hour);
        });
        Ok(marked.len())
    }
}

/// Summaries of a span: those that stand, and of marked hours those that their rows give.
pub(crate) fn query(
    snapshot: &Snapshot<'_>,
    series: u32,
    level: Level,
    span: Span,
) -> Result<Vec<RollUp>, HistoryError> {
    let span = span.and(Span::ALL);
    if span.is_empty() {
        return Ok(Vec::new());
    }
    let hours = (span.from_us.div_euclid(HOUR_US), (span.to_us - 1).div_euclid(HOUR_US));
    let mut found = standing(snapshot, series, level, hours)?;
    for hour in marked(snapshot.db, series, hours).map_err(|e| HistoryError::sqlite(snapshot.path, &e))? {
        let rows = snapshot.range(series, Span::new(hour * HOUR_US, (hour + 1) * HOUR_US), usize::MAX)?;
        let fresh = RollUp::of(&rows, level);
        if counted(&fresh) >= found.get(&hour).map_or(0, |old| counted(old)) {
            found.insert(hour, fresh);
        }
    }
    Ok(found.into_values().flatten().filter(|rollup| span.contains(rollup.start_us)).collect())
}

/// Sums an hour anew, unless retention has taken rows of it: what was summed before is then the truth.
fn sum_hour(snapshot: &Snapshot<'_>, series: u32, hour: i64) -> Result<(), HistoryError> {
    let say = |e| HistoryError::sqlite(snapshot.path, &e);
    let rows = snapshot.range(series, Span::new(hour * HOUR_US, (hour + 1) * HOUR_US), usize::MAX)?;
    let whole = RollUp::of(&rows, Level::Hour);
    let old = stored(snapshot, series, hour)?;
    if rows.is_empty() || counted(&whole) < old.map_or(0, |old| counted(&old)) {
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO rollup (series, hour, whole, quarters) VALUES (?1, ?2, ?3, ?4)";
    let quarters = encode(&RollUp::of(&rows, Level::QuarterHour));
    let insert = snapshot.db.prepare_cached(sql);
    insert.and_then(|mut i| i.execute(params![series, hour, encode(&whole), quarters])).map_err(say)?;
    let sql = "INSERT OR REPLACE INTO rollup_minute (series, hour, minutes) VALUES (?1, ?2, ?3)";
    let minutes = encode(&RollUp::of(&rows, Level::Minute));
    snapshot.db.prepare_cached(sql).and_then(|mut i| i.execute(params![series, hour, minutes])).map_err(say)?;
    Ok(())
}

fn counted(rollups: &[RollUp]) -> u64 {
    rollups.iter().map(|r| u64::from(r.count())).sum()
}

fn stored(snapshot: &Snapshot<'_>, series: u32, hour: i64) -> Result<Option<Vec<RollUp>>, HistoryError> {
    let sql = "SELECT whole FROM rollup WHERE series = ?1 AND hour = ?2";
    let query = snapshot.db.prepare_cached(sql);
    let bytes = query.and_then(|mut q| q.query_row(params![series, hour], |row| row.get::<_, Vec<u8>>(0)).optional());
    let bytes = bytes.map_err(|e| HistoryError::sqlite(snapshot.path, &e))?;
    bytes.map(|bytes| decode(hour, &bytes).ok_or_else(|| damaged(snapshot, series))).transpose()
}

fn standing(
    snapshot: &Snapshot<'_>,
    series: u32,
    level: Level,
    (first, last): (i64, i64),
) -> Result<BTreeMap<i64, Vec<RollUp>>, HistoryError> {
    let say = |e| HistoryError::sqlite(snapshot.path, &e);
    let (table, column) = match level {
        Level::Minute => ("rollup_minute", "minutes"),
        Level::QuarterHour => ("rollup", "quarters"),
        Level::Hour => ("rollup", "whole"),
    };
    let sql = format!("SELECT hour, {column} FROM {table} WHERE series = ?1 AND hour BETWEEN ?2 AND ?3");
    let mut query = snapshot.db.prepare_cached(&sql).map_err(say)?;
    let mut rows = query.query(params![series, first, last]).map_err(say)?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next().map_err(say)? {
        let hour: i64 = row.get(0).map_err(say)?;
        let bytes: Vec<u8> = row.get(1).map_err(say)?;
        found.insert(hour, decode(hour, &bytes).ok_or_else(|| damaged(snapshot, series))?);
    }
    Ok(found)
}

fn marked(db: &Connection, series: u32, (first, last): (i64, i64)) -> Result<BTreeSet<i64>, rusqlite::Error> {
    let mut query = db.prepare_cached("SELECT hour FROM unsummed WHERE series = ?1 AND hour BETWEEN ?2 AND ?3")?;
    query.query_map(params![series, first, last], |row| row.get(0))?.collect()
}

fn damaged(snapshot: &Snapshot<'_>, series: u32) -> HistoryError {
    HistoryError::Damaged { path: snapshot.path.to_path_buf(), what: format!("a roll-up of series {series}") }
}
