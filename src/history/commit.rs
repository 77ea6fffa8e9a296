//! The one writer: batches of rows into the database, each key once.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
};

use rusqlite::{Connection, params};

use crate::{
    Committed, DeadLetter, History, HistoryError, Notes, Row, RowError, SeriesKey, Source, Span, database, day, dead,
    event, lesson, rollup::HOUR_US, row::DAY_US, snapshot::Snapshot,
};

/// The connection that writes, and what it knows to be written.
#[derive(Debug)]
pub(crate) struct Writer {
    pub db: Connection,
    series: usize,
    sources: usize,
    /// Hours of series in the table `unsummed`: most rows find theirs here and write nothing there.
    pub unsummed: HashSet<(u32, i64)>,
    /// The day that is being moved to a file, and the rows that came for it since.
    pub moving: Option<(i64, Vec<Row>)>,
}

/// What a transaction has done, to be remembered once it is durable.
#[derive(Default)]
struct Done {
    committed: Committed,
    slots: BTreeMap<(i64, i64), Slot>,
    unsummed: HashSet<(u32, i64)>,
    moving: Vec<Row>,
}

/// Rows of a slot, and when they came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub rows: i64,
    pub first_us: i64,
    pub last_us: i64,
}

impl Slot {
    pub fn add(slots: &mut BTreeMap<(i64, i64), Self>, row: &Row) {
        let (day, slot, _) = day::place(row.observed_us);
        let received = row.received_us;
        let known = slots.entry((day, slot)).or_insert(Self { rows: 0, first_us: received, last_us: received });
        known.rows += 1;
        known.first_us = known.first_us.min(received);
        known.last_us = known.last_us.max(received);
    }
}

impl Writer {
    pub fn new(db: Connection, series: usize, sources: usize) -> Result<Self, rusqlite::Error> {
        let unsummed = {
            let mut query = db.prepare("SELECT series, hour FROM unsummed")?;
            query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
        };
        Ok(Self { db, series, sources, unsummed, moving: None })
    }
}

impl History {
    pub(crate) fn commit_rows(
        &self,
        rows: &[Row],
        dead: &[DeadLetter],
        Notes { run, events, lessons }: Notes<'_>,
    ) -> Result<Committed, HistoryError> {
        let sorted = self.checked(rows)?;
        for (index, event) in events.iter().enumerate() {
            event.check().map_err(|source| HistoryError::Row { index, source })?;
        }
        if rows.is_empty() && dead.is_empty() && events.is_empty() && lessons.is_empty() {
            return Ok(Committed::default());
        }
        let say = |e| HistoryError::sqlite(&self.path, &e);
        let mut writer = self.writer();
        let Writer { db, series, sources, unsummed, moving } = &mut *writer;
        let (new_series, new_sources) = (self.series.since(*series), self.sources.since(*sources));
        let change = db.transaction().map_err(say)?;
        write_names(&change, (*series, &new_series), (*sources, &new_sources)).map_err(say)?;
        let mut done = Done::default();
        for rows in sorted.chunk_by(|a, b| a.observed_us.div_euclid(DAY_US) == b.observed_us.div_euclid(DAY_US)) {
            let kept = self.not_in_file(&change, rows, &mut done.committed)?;
            let moving_day = moving.as_ref().map(|(day, _)| *day);
            insert_day(&change, &kept, (unsummed, moving_day), &mut done).map_err(say)?;
        }
        write_slots(&change, &done.slots).map_err(say)?;
        dead::keep(&change, dead, self.settings.dead_letter_bytes).map_err(say)?;
        event::keep(&change, run, events).map_err(say)?;
        lesson::keep(&change, lessons).map_err(say)?;
        change.commit().map_err(say)?;
        *series += new_series.len();
        *sources += new_sources.len();
        unsummed.extend(done.unsummed);
        if let Some((_, late)) = moving {
            late.extend(done.moving);
        }
        Ok(done.committed)
    }

    /// In the order of the tables: neighbours share pages.
    fn checked(&self, rows: &[Row]) -> Result<Vec<Row>, HistoryError> {
        let (series, sources) = (self.series.len(), self.sources.len());
        for (index, row) in rows.iter().enumerate() {
            row.check().map_err(|source| HistoryError::Row { index, source })?;
            if row.series.0 as usize >= series || row.source.0 as usize >= sources {
                return Err(HistoryError::Row { index, source: RowError::Unknown(row.series.0) });
            }
        }
        let mut sorted = rows.to_vec();
        sorted.sort_by_key(|row| (row.observed_us.div_euclid(database::SLOT_US), row.series, row.observed_us));
        // −0 and 0 are one value in SQLite.
        sorted.iter_mut().for_each(|row| row.value += 0.0);
        Ok(sorted)
    }

    /// Rows of one day that neither its file has nor retention has done with.
    fn not_in_file(&self, db: &Connection, rows: &[Row], told: &mut Committed) -> Result<Vec<Row>, HistoryError> {
        let day = rows[0].observed_us.div_euclid(DAY_US);
        let mut kept = rows.to_vec();
        let emptied = emptied_feeds(db, day, &self.path)?;
        if !emptied.is_empty() {
            let gone = |row: &Row| self.sources.get(row.source.0).is_some_and(|s| emptied.contains(&*s.feed));
            kept.retain(|row| !gone(row));
            told.expired += (rows.len() - kept.len()) as u64;
        }
        let snapshot = Snapshot { db, files: &self.files, path: &self.path };
        let Some(file) = snapshot.cold_day(day)? else { return Ok(kept) };
        let before = kept.len();
        let mut series: BTreeMap<u32, (i64, i64)> = BTreeMap::new();
        for row in &kept {
            let span = series.entry(row.series.0).or_insert((row.observed_us, row.observed_us));
            *span = (span.0.min(row.observed_us), span.1.max(row.observed_us));
        }
        let mut there: HashSet<(u32, i64)> = HashSet::new();
        for (series, (first, last)) in series {
            let rows = file.range(series, Span::new(first, last + 1));
            let rows = rows.map_err(|e| HistoryError::parquet(&self.files.folder, &e))?;
            there.extend(rows.iter().map(|row| (series, row.observed_us)));
        }
        kept.retain(|row| !there.contains(&(row.series.0, row.observed_us)));
        told.duplicate += (before - kept.len()) as u64;
        Ok(kept)
    }
}

/// Makes a table for the rows of a day where it has none.
pub(crate) fn make_day(db: &Connection, day: i64) -> Result<(), rusqlite::Error> {
    if db.prepare_cached("INSERT OR IGNORE INTO hot (day) VALUES (?1)")?.execute([day])? > 0 {
        db.execute_batch(&database::day_table(day))?;
    }
    Ok(())
}

pub(crate) fn write_slots(db: &Connection, slots: &BTreeMap<(i64, i64), Slot>) -> Result<(), rusqlite::Error> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO slot (day, slot, rows, first_received, last_received) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (day, slot) DO UPDATE SET rows = rows + excluded.rows,
         first_received = min(first_received, excluded.first_received),
         last_received = max(last_received, excluded.last_received)",
    )?;
    for ((day, slot), known) in slots {
        upsert.execute(params![day, slot, known.rows, known.first_us, known.last_us])?;
    }
    Ok(())
}

fn insert_day(
    db: &Connection,
    rows: &[Row],
    (unsummed, moving): (&HashSet<(u32, i64)>, Option<i64>),
    done: &mut Done,
) -> Result<(), rusqlite::Error> {
    let Some(first) = rows.first() else { return Ok(()) };
    let day = first.observed_us.div_euclid(DAY_US);
    make_day(db, day)?;
    let mut late = db.prepare_cached("INSERT OR IGNORE INTO unsummed (series, hour) VALUES (?1, ?2)")?;
    let mut hours: Vec<(u32, i64)> = Vec::new();
    day::insert(db, day, rows, &mut |row, new| {
        if !new {
            done.committed.duplicate += 1;
            return;
        }
        done.committed.new += 1;
        Slot::add(&mut done.slots, row);
        let hour = (row.series.0, row.observed_us.div_euclid(HOUR_US));
        if !unsummed.contains(&hour) && done.unsummed.insert(hour) {
            hours.push(hour);
        }
        if moving == Some(day) {
            done.moving.push(*row);
        }
    })?;
    for (series, hour) in hours {
        late.execute(params![series, hour])?;
    }
    Ok(())
}

fn write_names(
    db: &Connection,
    (first_series, series): (usize, &[SeriesKey]),
    (first_source, sources): (usize, &[Source]),
) -> Result<(), rusqlite::Error> {
    let mut insert = db.prepare_cached("INSERT INTO series (id, run, sensor, quantity) VALUES (?1, ?2, ?3, ?4)")?;
    for (number, key) in (first_series as i64..).zip(series) {
        insert.execute(params![number, key.run, key.sensor, key.quantity.name()])?;
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO source (id, feed, mapping, emulated, historical, life_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (number, source) in (first_source as i64..).zip(sources) {
        let life_ms = source.life_ms.cast_signed();
        insert.execute(params![number, source.feed, source.mapping, source.emulated, source.historical, life_ms])?;
    }
    Ok(())
}

fn emptied_feeds(db: &Connection, day: i64, path: &Path) -> Result<HashSet<String>, HistoryError> {
    let read = || {
        let mut query = db.prepare_cached("SELECT feed FROM emptied WHERE day = ?1")?;
        query.query_map([day], |row| row.get(0))?.collect::<Result<_, _>>()
    };
    read().map_err(|e| HistoryError::sqlite(path, &e))
}
