//! Moving days from the database to Parquet files, and emptying days of feeds whose time is over.
//!
//! A file counts only if the table `cold` names it, and it is named in the transaction that drops the rows from the
//! database: at every instant each row is in exactly one of the two. A file that is being written, or that another has
//! replaced, stands in `doomed` and is removed when it is safe to.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::{self, Read},
    path::Path,
    sync::PoisonError,
};

use rusqlite::{Connection, params};
use xxhash_rust::xxh3::Xxh3;

use crate::{
    History, HistoryError, Row, Span,
    cold::write::RowsWriter,
    commit::{Slot, make_day, write_slots},
    database::{SLOT_US, SLOTS},
    day, event,
    row::DAY_US,
    snapshot::{ColdFiles, Snapshot},
};

/// What a round of maintenance did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Maintained {
    /// Hours of series whose roll-ups were made.
    pub rolled_up: u64,
    /// Days written to files.
    pub moved_days: u64,
    /// Readings that retention has removed.
    pub removed: u64,
}

/// Which late rows of days that have a file already are worth writing it anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Late {
    /// From a hundredth of the file's rows on; fewer stay in the database, where queries find them as well.
    Many,
    All,
}

/// A file that was written, and what it holds.
struct Written {
    /// `None`: nothing is left of the day.
    file: Option<String>,
    rows: i64,
    removed: u64,
    slots: BTreeMap<(i64, i64), Slot>,
}

impl History {
    /// What is due at `now_us`: roll-ups, retention, moving days to files. To be called every few minutes from a
    /// thread of its own; commits and queries go on meanwhile.
    ///
    /// # Errors
    /// What the files say; what was done before stays done.
    pub fn maintain(&self, now_us: i64, late: Late) -> Result<Maintained, HistoryError> {
        let _one = self.maintaining.lock().unwrap_or_else(PoisonError::into_inner);
        let today = now_us.div_euclid(DAY_US);
        let mut done = Maintained { rolled_up: self.sum_until(now_us)?, ..Maintained::default() };
        for (day, feeds) in self.over(today)? {
            done.rolled_up += self.sum_day(day)?;
            done.removed += self.move_day(day, &feeds)?;
        }
        for day in self.due(today, late)? {
            self.move_day(day, &[])?;
            done.moved_days += 1;
        }
        self.remove_files()?;
        event::remove_old(&self.writer().db).map_err(|e| HistoryError::sqlite(&self.path, &e))?;
        Ok(done)
    }

    /// Days of which feeds are over that were not emptied of them yet.
    fn over(&self, today: i64) -> Result<Vec<(i64, Vec<String>)>, HistoryError> {
        let mut feeds: Vec<String> = self.sources.since(0).into_iter().map(|s| s.feed.to_string()).collect();
        feeds.sort();
        feeds.dedup();
        let limits: Vec<(String, i64)> = feeds
            .into_iter()
            .filter_map(|feed| self.settings.kept(&feed).map(|days| (feed, today - i64::from(days))))
            .collect();
        if limits.is_empty() {
            return Ok(Vec::new());
        }
        self.read(|snapshot| {
            let read = || {
                let mut query =
                    snapshot.db.prepare_cached("SELECT day FROM hot UNION SELECT day FROM cold ORDER BY 1")?;
                let days: Vec<i64> = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
                let mut query = snapshot.db.prepare_cached("SELECT day, feed FROM emptied")?;
                let pairs = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let emptied: HashSet<(i64, String)> = pairs.collect::<Result<_, _>>()?;
                let over = |day: i64| {
                    let due =
                        limits.iter().filter(|(feed, limit)| day <= *limit && !emptied.contains(&(day, feed.clone())));
                    due.map(|(feed, _)| feed.clone()).collect::<Vec<_>>()
                };
                let over = days.into_iter().map(|day| (day, over(day)));
                Ok(over.filter(|(_, feeds)| !feeds.is_empty()).collect())
            };
            read().map_err(|e| HistoryError::sqlite(&self.path, &e))
        })
    }

    /// Days that go to files now.
    fn due(&self, today: i64, late: Late) -> Result<Vec<i64>, HistoryError> {
        let first_hot = today - i64::from(self.settings.hot_days) + 1;
        self.read(|snapshot| {
            let read = || {
                let mut query = snapshot.db.prepare_cached(
                    "SELECT hot.day, cold.rows, (SELECT sum(rows) FROM slot WHERE slot.day = hot.day)
                     FROM hot LEFT JOIN cold ON cold.day = hot.day WHERE hot.day < ?1 ORDER BY hot.day",
                )?;
                let worth = |row: &rusqlite::Row<'_>| {
                    let (cold, all): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
                    let late_rows = all.unwrap_or(0) - cold.unwrap_or(0);
                    Ok((row.get(0)?, late == Late::All || cold.is_none_or(|cold| late_rows * 100 >= cold)))
                };
                let days: Vec<(i64, bool)> = query.query_map([first_hot], worth)?.collect::<Result<_, _>>()?;
                Ok(days.into_iter().filter(|(_, worth)| *worth).map(|(day, _)| day).collect())
            };
            read().map_err(|e| HistoryError::sqlite(&self.path, &e))
        })
    }

    /// Writes all rows of a day but those of some feeds to a file, and lets the database forget them. Tells how many
    /// rows were left out.
    fn move_day(&self, day: i64, without: &[String]) -> Result<u64, HistoryError> {
        let name = self.doom_next_file(day)?;
        let written = self.read(|snapshot| {
            let count = {
                // The view begins with its first read: what is committed after this lock is what `moving` takes down.
                let mut writer = self.writer();
                let count = rows_of(snapshot, day)?;
                writer.moving = Some((day, Vec::new()));
                count
            };
            self.write_day(snapshot, (day, count), &name, without)
        });
        let swapped = written.and_then(|written| self.swap(day, &written, without));
        self.writer().moving = None;
        swapped
    }

    /// A name that no file has; it is doomed until the day is swapped.
    fn doom_next_file(&self, day: i64) -> Result<String, HistoryError> {
        let date = crate::instant(day * DAY_US).strftime("%Y-%m-%d").to_string();
        let free = |name: &String| !self.files.folder.join(name).exists();
        let name = (1..).map(|n| format!("{date}.{n}.parquet")).find(free).expect("some number is free");
        let writer = self.writer();
        let doomed = writer.db.execute("INSERT OR IGNORE INTO doomed (file) VALUES (?1)", [&name]);
        doomed.map_err(|e| HistoryError::sqlite(&self.path, &e))?;
        Ok(name)
    }

    fn write_day(
        &self,
        snapshot: &Snapshot<'_>,
        (day, count): (i64, i64),
        name: &str,
        without: &[String],
    ) -> Result<Written, HistoryError> {
        let path = self.files.folder.join(name);
        let left_out: HashSet<u32> = (0..)
            .zip(self.sources.since(0))
            .filter(|(_, source)| without.iter().any(|feed| **feed == *source.feed))
            .map(|(number, _)| number)
            .collect();
        let mut file = RowsWriter::create(&path, self)?;
        let mut written = Written { file: None, rows: 0, removed: 0, slots: BTreeMap::new() };
        let length = group_slots(count);
        for first in (0..SLOTS).step_by(length as usize) {
            let from_us = day * DAY_US + first * SLOT_US;
            let mut rows: Vec<Row> = Vec::new();
            snapshot.visit(Span::new(from_us, from_us + length * SLOT_US), &mut |row| {
                if left_out.contains(&row.source.0) {
                    written.removed += 1;
                } else {
                    rows.push(row);
                }
                true
            })?;
            rows.sort_by_key(|row| (row.series, row.observed_us));
            rows.iter().for_each(|row| Slot::add(&mut written.slots, row));
            written.rows += rows.len() as i64;
            file.group(first, &rows)?;
        }
        if written.rows > 0 {
            file.keep()?;
            let kept = self.files.open(day, name)?.layout().rows();
            if kept != written.rows {
                let what = format!("{kept} rows were kept of {}", written.rows);
                return Err(HistoryError::Damaged { path, what });
            }
            written.file = Some(name.to_owned());
        }
        Ok(written)
    }

    /// In one transaction: the file counts, the rows go, what came meanwhile stays.
    fn swap(&self, day: i64, written: &Written, without: &[String]) -> Result<u64, HistoryError> {
        let say = |e| HistoryError::sqlite(&self.path, &e);
        let on_disk = written.file.as_ref().map(|name| length_and_hash(&self.files.folder.join(name)));
        let on_disk = on_disk.transpose()?.unwrap_or_default();
        let mut writer = self.writer();
        let late = writer.moving.take().map(|(_, rows)| rows).unwrap_or_default();
        let change = writer.db.transaction().map_err(say)?;
        swap_tables(&change, day, written, on_disk).map_err(say)?;
        for feed in without {
            let sql = "INSERT OR IGNORE INTO emptied (day, feed) VALUES (?1, ?2)";
            change.execute(sql, params![day, feed]).map_err(say)?;
        }
        put_back(&change, day, late).map_err(say)?;
        change.commit().map_err(say)?;
        Ok(written.removed)
    }

    /// Removes doomed files, unless a query may read one: then the next round does it.
    fn remove_files(&self) -> Result<(), HistoryError> {
        let Ok(_alone) = self.files.in_use.try_write() else { return Ok(()) };
        remove_doomed(&self.writer().db, &self.files, &self.path)
    }
}

/// Removes the files that the database names as doomed.
pub(crate) fn remove_doomed(db: &Connection, files: &ColdFiles, path: &Path) -> Result<(), HistoryError> {
    let say = |e| HistoryError::sqlite(path, &e);
    let names: Vec<String> = {
        let mut query = db.prepare("SELECT file FROM doomed").map_err(say)?;
        let names = query.query_map([], |row| row.get(0)).map_err(say)?;
        names.collect::<Result<_, _>>().map_err(say)?
    };
    for name in names {
        files.forget(&name);
        let path = files.folder.join(&name);
        for path in [crate::whole_file::temporary(&path), path] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(HistoryError::file(&path, error)),
                _ => {}
            }
        }
        db.execute("DELETE FROM doomed WHERE file = ?1", [&name]).map_err(say)?;
    }
    Ok(())
}

/// Bytes of a file, and their XXH3: what tells later whether they are still the ones that were written.
pub(crate) fn length_and_hash(path: &Path) -> Result<(u64, u64), HistoryError> {
    let say = |e| HistoryError::file(path, e);
    let mut file = fs::File::open(path).map_err(say)?;
    let (mut hash, mut length, mut buffer) = (Xxh3::new(), 0, vec![0; 1 << 18]);
    loop {
        let count = file.read(&mut buffer).map_err(say)?;
        if count == 0 {
            return Ok((length, hash.digest()));
        }
        length += count as u64;
        hash.update(&buffer[..count]);
    }
}

fn rows_of(snapshot: &Snapshot<'_>, day: i64) -> Result<i64, HistoryError> {
    let sql = "SELECT coalesce(sum(rows), 0) FROM slot WHERE day = ?1";
    snapshot.db.query_row(sql, [day], |row| row.get(0)).map_err(|e| HistoryError::sqlite(snapshot.path, &e))
}

/// Slots of a row group: a group is held in memory while it is written, and decoded as a whole for one hour of a city;
/// one sensor's day reads a page of each group.
fn group_slots(rows: i64) -> i64 {
    match rows {
        ..1_000_000 => SLOTS,
        1_000_000..4_000_000 => 36,
        4_000_000..24_000_000 => 6,
        _ => 1,
    }
}

fn swap_tables(
    db: &Connection,
    day: i64,
    written: &Written,
    (length, hash): (u64, u64),
) -> Result<(), rusqlite::Error> {
    db.execute("INSERT OR IGNORE INTO doomed (file) SELECT file FROM cold WHERE day = ?1", [day])?;
    db.execute("DELETE FROM cold WHERE day = ?1", [day])?;
    if let Some(file) = &written.file {
        db.execute("DELETE FROM doomed WHERE file = ?1", [file])?;
        let sql = "INSERT INTO cold (day, file, rows, bytes, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
        db.execute(sql, params![day, file, written.rows, length.cast_signed(), hash.cast_signed()])?;
    }
    if db.execute("DELETE FROM hot WHERE day = ?1", [day])? > 0 {
        db.execute_batch(&format!("DROP TABLE day_{day}"))?;
    }
    db.execute("DELETE FROM slot WHERE day = ?1", [day])?;
    write_slots(db, &written.slots)
}

/// Rows that came while their day was written.
fn put_back(db: &Connection, day: i64, mut late: Vec<Row>) -> Result<(), rusqlite::Error> {
    if late.is_empty() {
        return Ok(());
    }
    late.sort_by_key(|row| (row.observed_us.div_euclid(SLOT_US), row.series, row.observed_us));
    make_day(db, day)?;
    let mut slots = BTreeMap::new();
    day::insert(db, day, &late, &mut |row, _| Slot::add(&mut slots, row))?;
    write_slots(db, &slots)
}
