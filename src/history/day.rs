//! Rows of one hot day: the statements on its table.

use rusqlite::{CachedStatement, Connection, params};

use crate::{Row, Span, database::SLOT_US, row::DAY_US};

/// Slot of an instant in its day, and µs since the slot began.
pub(crate) fn place(observed_us: i64) -> (i64, i64, i64) {
    let of_day = observed_us.rem_euclid(DAY_US);
    (observed_us.div_euclid(DAY_US), of_day / SLOT_US, of_day % SLOT_US)
}

/// Adds rows to a day's table; hands each to `told` with whether it was new.
pub(crate) fn insert(
    db: &Connection,
    day: i64,
    rows: &[Row],
    told: &mut dyn FnMut(&Row, bool),
) -> Result<(), rusqlite::Error> {
    let mut insert = db.prepare_cached(&format!(
        "INSERT INTO day_{day} (slot, series, at, value, lag, code) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
    ))?;
    for row in rows {
        let (_, slot, at) = place(row.observed_us);
        let lag = row.received_us - row.observed_us;
        let new = insert.execute(params![slot, row.series.0, at, row.value, lag, row.code()])? > 0;
        told(row, new);
    }
    Ok(())
}

/// Rows of a series in a span, by observed time. The table of slots says which slots to look into.
pub(crate) fn range(db: &Connection, day: i64, series: u32, span: Span) -> Result<Vec<Row>, rusqlite::Error> {
    let span = span.and(Span::of_day(day));
    if span.is_empty() {
        return Ok(Vec::new());
    }
    let (_, first, _) = place(span.from_us);
    let (_, last, _) = place(span.to_us - 1);
    let mut query = db.prepare_cached(&format!(
        "SELECT d.slot, d.at, d.value, d.lag, d.code FROM slot s CROSS JOIN day_{day} d
         ON d.slot = s.slot AND d.series = ?1 WHERE s.day = ?2 AND s.slot BETWEEN ?3 AND ?4 ORDER BY s.slot, d.at"
    ))?;
    let mut found = query.query(params![series, day, first, last])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let observed_us = day * DAY_US + row.get::<_, i64>(0)? * SLOT_US + row.get::<_, i64>(1)?;
        if span.contains(observed_us) {
            let received_us = observed_us + row.get::<_, i64>(3)?;
            rows.push(Row::of(series, observed_us, received_us, row.get(2)?, row.get(4)?));
        }
    }
    Ok(rows)
}

/// Every row of a span, slot by slot; ends early where `keep_on` says no.
pub(crate) fn visit(
    db: &Connection,
    day: i64,
    span: Span,
    keep_on: &mut dyn FnMut(Row) -> bool,
) -> Result<bool, rusqlite::Error> {
    let span = span.and(Span::of_day(day));
    if span.is_empty() {
        return Ok(true);
    }
    let (_, first, _) = place(span.from_us);
    let (_, last, _) = place(span.to_us - 1);
    let mut query = db.prepare_cached(&format!(
        "SELECT slot, series, at, value, lag, code FROM day_{day} WHERE slot BETWEEN ?1 AND ?2 ORDER BY slot, series, at"
    ))?;
    let mut found = query.query(params![first, last])?;
    while let Some(row) = found.next()? {
        let observed_us = day * DAY_US + row.get::<_, i64>(0)? * SLOT_US + row.get::<_, i64>(2)?;
        let received_us = observed_us + row.get::<_, i64>(4)?;
        let row = Row::of(row.get(1)?, observed_us, received_us, row.get(3)?, row.get(5)?);
        if span.contains(observed_us) && !keep_on(row) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The latest row of each series in a slot, up to an instant.
pub(crate) fn latest(
    db: &Connection,
    day: i64,
    slot: i64,
    until_us: i64,
    found: &mut dyn FnMut(Row),
) -> Result<(), rusqlite::Error> {
    let start_us = day * DAY_US + slot * SLOT_US;
    // SQLite takes the bare columns of the row that has the maximum.
    let mut query: CachedStatement<'_> = db.prepare_cached(&format!(
        "SELECT series, max(at), value, lag, code FROM day_{day} WHERE slot = ?1 AND at <= ?2 GROUP BY series"
    ))?;
    let mut rows = query.query(params![slot, until_us - start_us])?;
    while let Some(row) = rows.next()? {
        let observed_us = start_us + row.get::<_, i64>(1)?;
        let received_us = observed_us + row.get::<_, i64>(3)?;
        found(Row::of(row.get(0)?, observed_us, received_us, row.get(2)?, row.get(4)?));
    }
    Ok(())
}
