//! Retention in PostgreSQL, and what it holds. There is no moving of days: the server keeps all rows in one table.

use ::postgres::Error;

use super::{PostgresHistory, dead_letter, told};
use crate::{Archive, HistoryError, KeptDeadLetter, Late, Maintained, SECOND_US, Size, Span, received, row::DAY_US};

/// Readings are looked for to so many µs.
const SLOT_US: i64 = 600 * SECOND_US;
/// The server's own estimate stands for the number of rows from here on: counting them takes it minutes.
const COUNTED: i64 = 100_000;
/// The table with the parts of a hypertable.
const SIZE: &str = "SELECT sum(pg_total_relation_size(oid))::INT8, sum(greatest(reltuples, 0))::INT8 FROM pg_class
     WHERE oid = 'reading'::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'reading'::regclass)";
/// From one slot with readings to the next by the index, however many rows lie between.
const HELD: &str = "WITH RECURSIVE found(at) AS (
       SELECT min(observed) FROM reading WHERE observed >= $1 AND observed < $2
       UNION ALL
       SELECT (SELECT min(observed) FROM reading WHERE observed >= (at / $3 + 1) * $3 AND observed < $2)
       FROM found WHERE at IS NOT NULL)
     SELECT at / $3 FROM found WHERE at IS NOT NULL";

impl PostgresHistory {
    fn ends(&self, column: &str) -> Result<Option<(i64, i64)>, HistoryError> {
        let sql = format!("SELECT min({column}), max({column}) FROM reading");
        let ends = |row: ::postgres::Row| Ok((row.try_get::<_, Option<i64>>(0)?, row.try_get::<_, Option<i64>>(1)?));
        let (first, last) = self.read(|client| client.query_one(&sql, &[]).and_then(ends))?;
        Ok(first.zip(last))
    }
}

impl Archive for PostgresHistory {
    /// Removes what retention is over of. A late reading of a day that is over is kept until the next round.
    fn maintain(&self, now_us: i64, _late: Late) -> Result<Maintained, HistoryError> {
        let mut feeds: Vec<(String, Vec<i32>)> = Vec::new();
        for (number, source) in (0..).zip(self.sources.since(0)) {
            match feeds.iter_mut().find(|(feed, _)| **feed == *source.feed) {
                Some((_, numbers)) => numbers.push(number),
                None => feeds.push((source.feed.to_string(), vec![number])),
            }
        }
        let mut done = Maintained::default();
        for (feed, numbers) in feeds {
            let Some(days) = self.settings.kept(&feed) else { continue };
            let first_us = (now_us.div_euclid(DAY_US) - i64::from(days) + 1) * DAY_US;
            let sql = "DELETE FROM reading WHERE observed < $1 AND code >> 2 = ANY ($2)";
            // Not the one that writes: commits go on meanwhile.
            done.removed += self.read(|client| client.execute(sql, &[&first_us, &numbers]))?;
        }
        // What happened before all that is still kept.
        let sql = "DELETE FROM event WHERE at < (SELECT min(received) FROM reading)";
        self.read(|client| client.execute(sql, &[]))?;
        Ok(done)
    }

    fn size(&self) -> Result<Size, HistoryError> {
        let (hot_bytes, estimated) = self.read(|client| {
            let row = client.query_one(SIZE, &[])?;
            Ok::<(i64, i64), Error>((row.try_get(0)?, row.try_get(1)?))
        })?;
        let rows = match estimated {
            COUNTED.. => estimated,
            _ => self.read(|client| client.query_one("SELECT count(*) FROM reading", &[])?.try_get(0))?,
        };
        let days = self.ends("observed")?.map_or(0, |(first, last)| last / DAY_US - first / DAY_US + 1);
        let [hot_bytes, rows, hot_days] = [hot_bytes, rows, days].map(i64::unsigned_abs);
        Ok(Size { hot_days, hot_bytes, rows, ..Size::default() })
    }

    fn held(&self, span: Span) -> Result<Vec<Span>, HistoryError> {
        let span = span.and(Span::ALL);
        if span.is_empty() {
            return Ok(Vec::new());
        }
        // A slot is held whichever part of it has readings.
        let whole = Span::new(span.from_us / SLOT_US * SLOT_US, (span.to_us + SLOT_US - 1) / SLOT_US * SLOT_US);
        let found = self.read(|client| client.query(HELD, &[&whole.from_us, &whole.to_us, &SLOT_US]))?;
        let slot = |row: &::postgres::Row| {
            let number: i64 = row.try_get(0)?;
            Ok(Span::new(number * SLOT_US, (number + 1) * SLOT_US))
        };
        let slots: Vec<Span> = found.iter().map(slot).collect::<Result<_, _>>().map_err(|e: Error| told(&e))?;
        Ok(received::neighbours(&slots).into_iter().map(|held| held.and(span)).collect())
    }

    fn whole(&self) -> Result<Option<Span>, HistoryError> {
        let start = |at: i64| at / SLOT_US * SLOT_US;
        Ok(self.ends("observed")?.map(|(first, last)| Span::new(start(first), start(last) + SLOT_US)))
    }

    fn received(&self) -> Result<Option<Span>, HistoryError> {
        Ok(self.ends("received")?.map(|(first, last)| Span::new(first, last + 1)))
    }

    fn latest_dead_letters(&self, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError> {
        let sql =
            "SELECT id, feed, topic, reason, mapping, received, bytes, length FROM dead ORDER BY id DESC LIMIT $1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.read(|client| client.query(sql, &[&limit]))?;
        rows.iter().map(dead_letter).collect::<Result<_, _>>().map_err(|e| told(&e))
    }

    /// The server looks after its own pages (`data_checksums`), and says so when they are read.
    fn check_dead_letters(&self) -> Result<Vec<String>, HistoryError> {
        self.read(|client| client.query("SELECT length(bytes), length(topic || reason) FROM dead", &[]))?;
        Ok(Vec::new())
    }
}

impl PostgresHistory {
    /// The name of this installation at brokers: it lies with the history. `new` where the database has none yet.
    ///
    /// # Errors
    /// What the server says.
    pub fn instance(&self, new: &str) -> Result<String, HistoryError> {
        let mut writer = self.writer()?;
        let name = writer
            .client
            .execute("INSERT INTO instance (name) SELECT $1 WHERE NOT EXISTS (SELECT FROM instance)", &[&new])
            .and_then(|_| writer.client.query_one("SELECT name FROM instance LIMIT 1", &[]))
            .and_then(|row| row.try_get(0));
        name.map_err(|e| told(&e))
    }
}
