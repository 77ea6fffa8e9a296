//! The same store in PostgreSQL, for cities past one machine; a hypertable where TimescaleDB is present.
//!
//! Rows come by binary `COPY` into a table of the session and from there, each key once, into `reading`, in one
//! transaction with what belongs to them. `COMMIT` returns after the server's log is on its disk (`synchronous_commit`).

mod upkeep;

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::postgres::{
    Client, Config, IsolationLevel, NoTls,
    binary_copy::BinaryCopyInWriter,
    config::Host,
    error::SqlState,
    types::{ToSql, Type},
};
use citytwin_model::Quantity;

use crate::{
    Committed, Completeness, DEAD_LETTER_BYTES, DeadLetter, DeadLetterCount, Event, EventPlace, HistoryError,
    KeptDeadLetter, KeptEvent, LESSON_BYTES, Lesson, Level, Notes, RollUp, Row, RowError, SeriesId, SeriesKey,
    Settings, Source, SourceId, Span, Store, Visitor, completeness, lesson, names::Names,
};

/// A [`Store`] in a PostgreSQL database, written by one program at a time.
pub struct PostgresHistory {
    config: Config,
    settings: Settings,
    series: Names<SeriesKey>,
    sources: Names<Source>,
    writer: Mutex<Writer>,
    readers: Mutex<Vec<Client>>,
}

/// Whether the connection may leave this machine without encryption.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plaintext {
    LoopbackOnly,
    Allowed,
}

struct Writer {
    client: Client,
    series: usize,
    sources: usize,
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS series (id INT4 PRIMARY KEY, run TEXT NOT NULL, sensor TEXT NOT NULL, quantity TEXT NOT NULL,
    UNIQUE (run, sensor, quantity));
CREATE TABLE IF NOT EXISTS source (id INT4 PRIMARY KEY, feed TEXT NOT NULL, mapping TEXT NOT NULL,
    emulated BOOL NOT NULL);
ALTER TABLE source ADD COLUMN IF NOT EXISTS historical BOOL NOT NULL DEFAULT FALSE;
ALTER TABLE source ADD COLUMN IF NOT EXISTS life_ms INT8 NOT NULL DEFAULT 0;
ALTER TABLE source DROP CONSTRAINT IF EXISTS source_feed_mapping_emulated_key;
CREATE UNIQUE INDEX IF NOT EXISTS source_name ON source (feed, mapping, emulated, historical, life_ms);
CREATE TABLE IF NOT EXISTS event (id INT8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run TEXT NOT NULL, at INT8 NOT NULL,
    what TEXT NOT NULL, name TEXT NOT NULL, number FLOAT8 NOT NULL);
CREATE TABLE IF NOT EXISTS lesson (id INT8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, feed TEXT NOT NULL, topic TEXT NOT NULL,
    received INT8 NOT NULL, bytes BYTEA NOT NULL, UNIQUE (feed, topic));
CREATE INDEX IF NOT EXISTS event_of_run ON event (run, at, id);
CREATE TABLE IF NOT EXISTS reading (series INT4 NOT NULL, observed INT8 NOT NULL, received INT8 NOT NULL,
    value FLOAT8 NOT NULL, code INT4 NOT NULL, PRIMARY KEY (series, observed));
CREATE INDEX IF NOT EXISTS reading_received ON reading (received);
CREATE INDEX IF NOT EXISTS reading_observed ON reading (observed);
CREATE TABLE IF NOT EXISTS dead (id INT8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, feed TEXT NOT NULL, topic TEXT NOT NULL,
    reason TEXT NOT NULL, mapping TEXT NOT NULL, received INT8 NOT NULL, length INT8 NOT NULL, bytes BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS dead_count (feed TEXT PRIMARY KEY, kept INT8 NOT NULL, dropped INT8 NOT NULL,
    resolved INT8 NOT NULL);
CREATE TABLE IF NOT EXISTS instance (name TEXT NOT NULL);
";
/// Times are µs: a day is this long.
const HYPERTABLE: &str = "SELECT create_hypertable('reading', 'observed', chunk_time_interval => 86400000000, \
                          if_not_exists => true, migrate_data => true)";
/// "CTHi": the key of the lock that one program holds.
const LOCK: i64 = 0x4354_4869;
/// How long it is waited for, millisecond.
const LOCK_MS: u32 = 3_000;
/// How long a kept connection may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rows that are fetched at a time.
const PAGE: i32 = 16_384;
const COLUMNS: &str = "r.series, r.observed, r.received, r.value, r.code";

impl PostgresHistory {
    /// Connects, e.g. to `host=localhost user=city dbname=city`, and makes what tables are missing.
    ///
    /// # Errors
    /// A text that is no such line, a host beyond this machine without `Plaintext::Allowed` (the connection is not
    /// encrypted), a server that refuses, a database that another program writes.
    pub fn open(line: &str, plaintext: Plaintext, settings: &Settings) -> Result<Self, HistoryError> {
        // What is wrong with it is not repeated: it may be the password.
        let config: Config = line.parse().map_err(|_| {
            let what = "the connection cannot be read; write it as host=localhost user=city dbname=city";
            HistoryError::Server(what.to_owned())
        })?;
        if plaintext == Plaintext::LoopbackOnly && config.get_hosts().iter().any(|host| !loopback(host)) {
            let what = "the connection is not encrypted: name a host of this machine, or allow plain text (postgres_plaintext = true)";
            return Err(HistoryError::Server(what.to_owned()));
        }
        let mut client = config.connect(NoTls).map_err(|e| unreached(&e))?;
        lock(&mut client)?;
        prepare(&mut client).map_err(|e| told(&e))?;
        let (series, sources) = (names_of_series(&mut client)?, names_of_sources(&mut client)?);
        let writer = Writer { client, series: series.len(), sources: sources.len() };
        Ok(Self {
            config,
            settings: settings.clone(),
            series: Names::new(series),
            sources: Names::new(sources),
            writer: Mutex::new(writer),
            readers: Mutex::default(),
        })
    }

    /// The one that writes; connects again where the server has closed the connection.
    fn writer(&self) -> Result<MutexGuard<'_, Writer>, HistoryError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.client.is_closed() {
            let mut client = self.config.connect(NoTls).map_err(|e| told(&e))?;
            lock(&mut client)?;
            prepare(&mut client).map_err(|e| told(&e))?;
            writer.client = client;
        }
        Ok(writer)
    }

    fn read<T>(&self, query: impl FnOnce(&mut Client) -> Result<T, ::postgres::Error>) -> Result<T, HistoryError> {
        let readers = || self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // A server that was started again has closed what is kept here, and only asking it tells.
        let kept = readers().pop().and_then(|mut client| client.is_valid(PATIENCE).is_ok().then_some(client));
        let mut client = kept.map_or_else(|| self.config.connect(NoTls), Ok).map_err(|e| told(&e))?;
        let answer = query(&mut client).map_err(|e| told(&e))?;
        readers().push(client);
        Ok(answer)
    }

    fn rows(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, HistoryError> {
        let rows = self.read(|client| client.query(sql, parameters))?;
        rows.iter().map(row).collect::<Result<_, _>>().map_err(|e| told(&e))
    }

    /// Hands over rows page by page, on one consistent view.
    fn stream(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)], visitor: Visitor<'_>) -> Result<(), HistoryError> {
        self.read(|client| {
            let view = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
            let mut view = view.start()?;
            let portal = view.bind(sql, parameters)?;
            loop {
                let page = view.query_portal(&portal, PAGE)?;
                for found in &page {
                    if visitor(&row(found)?) == ControlFlow::Break(()) {
                        return view.rollback();
                    }
                }
                if page.len() < PAGE as usize {
                    return view.rollback();
                }
            }
        })
    }

    fn checked(&self, rows: &[Row]) -> Result<(), HistoryError> {
        for (index, row) in rows.iter().enumerate() {
            row.check().map_err(|source| HistoryError::Row { index, source })?;
            if row.series.0 as usize >= self.series.len() || row.source.0 as usize >= self.sources.len() {
                return Err(HistoryError::Row { index, source: RowError::Unknown(row.series.0) });
            }
        }
        Ok(())
    }
}

impl Store for PostgresHistory {
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
        self.checked(rows)?;
        for (index, event) in notes.events.iter().enumerate() {
            event.check().map_err(|source| HistoryError::Row { index, source })?;
        }
        if rows.is_empty() && dead.is_empty() && notes.events.is_empty() && notes.lessons.is_empty() {
            return Ok(Committed::default());
        }
        let mut writer = self.writer()?;
        let (new_series, new_sources) = (self.series.since(writer.series), self.sources.since(writer.sources));
        let (first_series, first_source) = (writer.series as i32, writer.sources as i32);
        let write = |client: &mut Client| {
            let mut change = client.transaction()?;
            write_names(&mut change, (first_series, &new_series), (first_source, &new_sources))?;
            let new = copy(&mut change, rows)?;
            keep_dead(&mut change, dead, self.settings.dead_letter_bytes)?;
            keep_events(&mut change, notes.run, notes.events)?;
            keep_lessons(&mut change, notes.lessons)?;
            change.commit()?;
            Ok(new)
        };
        let new = write(&mut writer.client).map_err(|e: ::postgres::Error| told(&e))?;
        writer.series += new_series.len();
        writer.sources += new_sources.len();
        Ok(Committed { new, duplicate: rows.len() as u64 - new, expired: 0 })
    }

    fn range(&self, series: SeriesId, span: Span, limit: usize) -> Result<Vec<Row>, HistoryError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM reading r WHERE series = $1 AND observed >= $2 AND observed < $3 ORDER BY observed LIMIT $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.rows(&sql, &[&series.0.cast_signed(), &span.from_us, &span.to_us, &limit])
    }

    fn last(&self, series: SeriesId, before_us: i64, count: usize) -> Result<Vec<Row>, HistoryError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM reading r WHERE series = $1 AND observed < $2 ORDER BY observed DESC LIMIT $3"
        );
        let limit = i64::try_from(count).unwrap_or(i64::MAX);
        let mut rows = self.rows(&sql, &[&series.0.cast_signed(), &before_us, &limit])?;
        rows.reverse();
        Ok(rows)
    }

    fn as_of(&self, run: &str, at_us: i64, age_us: i64) -> Result<Vec<Row>, HistoryError> {
        let sql = format!(
            "SELECT DISTINCT ON (r.series) {COLUMNS} FROM reading r JOIN series s ON s.id = r.series AND s.run = $1
             WHERE observed >= $2 AND observed <= $3 ORDER BY r.series, observed DESC"
        );
        self.rows(&sql, &[&run, &at_us.saturating_sub(age_us), &at_us])
    }

    fn visit(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM reading r JOIN series s ON s.id = r.series AND s.run = $1
             WHERE observed >= $2 AND observed < $3"
        );
        self.stream(&sql, &[&run, &span.from_us, &span.to_us], visitor)
    }

    fn visit_received(&self, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM reading r JOIN series s ON s.id = r.series AND s.run = $1
             WHERE received >= $2 AND received < $3 ORDER BY received, observed, r.series"
        );
        self.stream(&sql, &[&run, &span.from_us, &span.to_us], visitor)
    }

    fn events(
        &self,
        run: &str,
        (at, number): EventPlace,
        to_us: i64,
        limit: usize,
    ) -> Result<Vec<KeptEvent>, HistoryError> {
        let sql = "SELECT id, at, what, name, number FROM event
                   WHERE run = $1 AND (at, id) > ($2, $3) AND at < $4 ORDER BY at, id LIMIT $5";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.read(|client| client.query(sql, &[&run, &at, &number, &to_us, &limit]))?;
        let kept: Result<Vec<Option<KeptEvent>>, _> = rows.iter().map(event).collect();
        Ok(kept.map_err(|e| told(&e))?.into_iter().flatten().collect())
    }

    fn lessons(&self, feed: &str) -> Result<Vec<Lesson>, HistoryError> {
        let sql = "SELECT feed, topic, received, bytes FROM lesson WHERE feed = $1 ORDER BY received, id";
        let rows = self.read(|client| client.query(sql, &[&feed]))?;
        let lesson = |row: &::postgres::Row| {
            let (feed, topic) = (row.try_get(0)?, row.try_get(1)?);
            Ok(Lesson { feed, topic, received_us: row.try_get(2)?, bytes: row.try_get(3)? })
        };
        rows.iter().map(lesson).collect::<Result<_, _>>().map_err(|e: ::postgres::Error| told(&e))
    }

    /// Summed from the rows: PostgreSQL keeps all of them.
    fn roll_ups(&self, series: SeriesId, level: Level, span: Span) -> Result<Vec<RollUp>, HistoryError> {
        let span = span.and(Span::ALL);
        let start = |us: i64| us.div_euclid(level.length_us()) * level.length_us();
        let end_us = start(span.to_us - 1) + level.length_us();
        let sql = format!(
            "SELECT {COLUMNS} FROM reading r WHERE series = $1 AND observed >= $2 AND observed < $3 ORDER BY observed"
        );
        let (mut rollups, mut rows): (Vec<RollUp>, Vec<Row>) = (Vec::new(), Vec::new());
        let mut add = |row: &Row| {
            if rows.last().is_some_and(|last| start(last.observed_us) != start(row.observed_us)) {
                rollups.extend(RollUp::of(&rows, level));
                rows.clear();
            }
            rows.push(*row);
            ControlFlow::Continue(())
        };
        self.stream(&sql, &[&series.0.cast_signed(), &span.from_us, &end_us], &mut add)?;
        rollups.extend(RollUp::of(&rows, level));
        rollups.retain(|rollup| span.contains(rollup.start_us));
        Ok(rollups)
    }

    fn completeness(&self, series: SeriesId, span: Span) -> Result<Option<Completeness>, HistoryError> {
        let span = span.and(Span::ALL);
        let before = self.last(series, span.to_us, completeness::LEARNED)?;
        Ok(completeness::of(&before, &self.range(series, span, usize::MAX)?, span))
    }

    fn dead_letters(&self, feed: Option<&str>, after: i64, limit: usize) -> Result<Vec<KeptDeadLetter>, HistoryError> {
        let sql = "SELECT id, feed, topic, reason, mapping, received, bytes, length FROM dead
                   WHERE id > $1 AND ($2::TEXT IS NULL OR feed = $2) ORDER BY id LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.read(|client| client.query(sql, &[&after, &feed, &limit]))?;
        rows.iter().map(dead_letter).collect::<Result<_, _>>().map_err(|e| told(&e))
    }

    fn resolve(&self, letters: &[i64]) -> Result<u64, HistoryError> {
        let sql = "WITH gone AS (DELETE FROM dead WHERE id = ANY ($1) RETURNING feed),
                   counted AS (SELECT feed, count(*) AS n FROM gone GROUP BY feed),
                   told AS (UPDATE dead_count d SET resolved = resolved + n FROM counted c WHERE c.feed = d.feed)
                   SELECT count(*) FROM gone";
        let mut writer = self.writer()?;
        let count = writer.client.query_one(sql, &[&letters]).and_then(|row| row.try_get::<_, i64>(0));
        count.map(i64::unsigned_abs).map_err(|e| told(&e))
    }

    fn dead_letter_counts(&self) -> Result<Vec<DeadLetterCount>, HistoryError> {
        let sql = "SELECT feed, kept, dropped, resolved FROM dead_count ORDER BY feed";
        let rows = self.read(|client| client.query(sql, &[]))?;
        let count = |row: &::postgres::Row| {
            let number = |at: usize| row.try_get::<_, i64>(at).map(i64::unsigned_abs);
            let (kept, dropped, resolved) = (number(1)?, number(2)?, number(3)?);
            let waiting = kept.saturating_sub(dropped + resolved);
            Ok(DeadLetterCount { feed: row.try_get(0)?, kept, waiting, dropped, resolved })
        };
        rows.iter().map(count).collect::<Result<_, _>>().map_err(|e: ::postgres::Error| told(&e))
    }
}

/// The server's own words where it has some, without the connection's secrets.
fn told(error: &::postgres::Error) -> HistoryError {
    HistoryError::Server(error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned()))
}

/// Why there is no connection: the server's own words, or that nobody answered.
fn unreached(error: &::postgres::Error) -> HistoryError {
    if error.as_db_error().is_some() {
        return told(error);
    }
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    HistoryError::Server(format!("no server answers ({cause}); start it, or mend host and port of the connection"))
}

fn loopback(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn lock(client: &mut Client) -> Result<(), HistoryError> {
    // The server notices a while later that a program which held it has gone.
    client.batch_execute(&format!("SET lock_timeout = {LOCK_MS}")).map_err(|e| told(&e))?;
    match client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]) {
        Ok(_) => client.batch_execute("SET lock_timeout = 0").map_err(|e| told(&e)),
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            Err(HistoryError::Server("the history is open in another program; close it there first".to_owned()))
        }
        Err(error) => Err(told(&error)),
    }
}

fn prepare(client: &mut Client) -> Result<(), ::postgres::Error> {
    client.batch_execute("SET synchronous_commit = on; SET client_min_messages = warning")?;
    client.batch_execute(SCHEMA)?;
    let sql = "SELECT count(*) FROM pg_extension WHERE extname = 'timescaledb'";
    if client.query_one(sql, &[])?.try_get::<_, i64>(0)? > 0 {
        client.batch_execute(HYPERTABLE)?;
    }
    client.batch_execute(
        "CREATE TEMPORARY TABLE incoming (series INT4, observed INT8, received INT8, value FLOAT8, code INT4)
         ON COMMIT DELETE ROWS",
    )
}

/// Tells how many rows were new.
fn copy(change: &mut ::postgres::Transaction<'_>, rows: &[Row]) -> Result<u64, ::postgres::Error> {
    // The first of a key stays; within a batch as well.
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.series, row.observed_us));
    sorted.dedup_by_key(|row| (row.series, row.observed_us));
    let out = change.copy_in("COPY incoming FROM STDIN BINARY")?;
    let types = [Type::INT4, Type::INT8, Type::INT8, Type::FLOAT8, Type::INT4];
    let mut out = BinaryCopyInWriter::new(out, &types);
    for row in sorted {
        let (series, code) = (row.series.0.cast_signed(), row.code().cast_signed());
        // −0 and 0 are one value, as in the other store.
        out.write(&[&series, &row.observed_us, &row.received_us, &(row.value + 0.0), &code])?;
    }
    out.finish()?;
    change.execute(
        "INSERT INTO reading (series, observed, received, value, code)
         SELECT series, observed, received, value, code FROM incoming ON CONFLICT DO NOTHING",
        &[],
    )
}

fn write_names(
    change: &mut ::postgres::Transaction<'_>,
    (first_series, series): (i32, &[SeriesKey]),
    (first_source, sources): (i32, &[Source]),
) -> Result<(), ::postgres::Error> {
    for (number, key) in (first_series..).zip(series) {
        let sql = "INSERT INTO series (id, run, sensor, quantity) VALUES ($1, $2, $3, $4)";
        change.execute(sql, &[&number, &&*key.run, &&*key.sensor, &key.quantity.name()])?;
    }
    for (number, source) in (first_source..).zip(sources) {
        let sql =
            "INSERT INTO source (id, feed, mapping, emulated, historical, life_ms) VALUES ($1, $2, $3, $4, $5, $6)";
        let life_ms = source.life_ms.cast_signed();
        change.execute(
            sql,
            &[&number, &&*source.feed, &&*source.mapping, &source.emulated, &source.historical, &life_ms],
        )?;
    }
    Ok(())
}

fn keep_dead(
    change: &mut ::postgres::Transaction<'_>,
    letters: &[DeadLetter],
    room: u64,
) -> Result<(), ::postgres::Error> {
    for letter in letters {
        let bytes = &letter.bytes[..letter.bytes.len().min(DEAD_LETTER_BYTES)];
        // PostgreSQL has no zero byte in texts; a broken packet's topic or reason may have one.
        let [topic, reason] = [&letter.topic, &letter.reason].map(|text| text.replace('\0', "\u{fffd}"));
        change.execute(
            "INSERT INTO dead (feed, topic, reason, mapping, received, length, bytes) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[&letter.feed, &topic, &reason, &letter.mapping, &letter.received_us, &(letter.bytes.len() as i64), &bytes],
        )?;
        change.execute(
            "INSERT INTO dead_count VALUES ($1, 1, 0, 0) ON CONFLICT (feed) DO UPDATE SET kept = dead_count.kept + 1",
            &[&letter.feed],
        )?;
    }
    if letters.is_empty() {
        return Ok(());
    }
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    let sql = "WITH held AS (SELECT id, sum(length(bytes) + 256) OVER (ORDER BY id DESC) AS taken FROM dead),
               gone AS (DELETE FROM dead WHERE id IN (SELECT id FROM held WHERE taken > $1) RETURNING feed),
               counted AS (SELECT feed, count(*) AS n FROM gone GROUP BY feed)
               UPDATE dead_count d SET dropped = dropped + n FROM counted c WHERE c.feed = d.feed";
    change.execute(sql, &[&room]).map(|_| ())
}

fn keep_events(change: &mut ::postgres::Transaction<'_>, run: &str, events: &[Event]) -> Result<(), ::postgres::Error> {
    for event in events {
        let (word, name, number) = event.parts();
        let sql = "INSERT INTO event (run, at, what, name, number) VALUES ($1, $2, $3, $4, $5)";
        change.execute(sql, &[&run, &event.at_us, &word, &name, &number])?;
    }
    Ok(())
}

fn keep_lessons(change: &mut ::postgres::Transaction<'_>, lessons: &[Lesson]) -> Result<(), ::postgres::Error> {
    // PostgreSQL has no zero byte in texts, and MQTT none in topics.
    let fits = |lesson: &&Lesson| lesson.bytes.len() <= LESSON_BYTES && !lesson.topic.contains('\0');
    for Lesson { feed, topic, received_us, bytes } in lessons.iter().filter(fits) {
        change.execute("DELETE FROM lesson WHERE feed = $1 AND topic = $2", &[feed, topic])?;
        if !bytes.is_empty() {
            let sql = "INSERT INTO lesson (feed, topic, received, bytes) VALUES ($1, $2, $3, $4)";
            change.execute(sql, &[feed, topic, received_us, bytes])?;
        }
    }
    if lessons.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM lesson WHERE id IN (SELECT id FROM (SELECT id,
               sum(length(bytes)) OVER (ORDER BY received DESC, id DESC) AS taken FROM lesson) held WHERE taken > $1)";
    change.execute(sql, &[&lesson::ROOM]).map(|_| ())
}

fn event(row: &::postgres::Row) -> Result<Option<KeptEvent>, ::postgres::Error> {
    let (number, at_us) = (row.try_get(0)?, row.try_get(1)?);
    let (word, name): (String, String) = (row.try_get(2)?, row.try_get(3)?);
    let event = Event::of_parts(at_us, (&word, name.into(), row.try_get(4)?));
    Ok(event.map(|event| KeptEvent { number, event }))
}

fn row(found: &::postgres::Row) -> Result<Row, ::postgres::Error> {
    let (series, code): (i32, i32) = (found.try_get(0)?, found.try_get(4)?);
    let (observed_us, received_us) = (found.try_get(1)?, found.try_get(2)?);
    Ok(Row::of(series.cast_unsigned(), observed_us, received_us, found.try_get(3)?, code.cast_unsigned()))
}

fn dead_letter(row: &::postgres::Row) -> Result<KeptDeadLetter, ::postgres::Error> {
    let letter = DeadLetter {
        feed: row.try_get(1)?,
        topic: row.try_get(2)?,
        reason: row.try_get(3)?,
        mapping: row.try_get(4)?,
        received_us: row.try_get(5)?,
        bytes: row.try_get(6)?,
    };
    let length = row.try_get::<_, i64>(7)?.unsigned_abs();
    Ok(KeptDeadLetter { number: row.try_get(0)?, letter, length })
}

fn names_of_series(client: &mut Client) -> Result<Vec<SeriesKey>, HistoryError> {
    let rows = client.query("SELECT run, sensor, quantity, id FROM series ORDER BY id", &[]).map_err(|e| told(&e))?;
    let name = |(number, row): (i32, &::postgres::Row)| {
        let quantity: String = row.try_get(2).map_err(|e| told(&e))?;
        if row.try_get::<_, i32>(3).map_err(|e| told(&e))? != number {
            return Err(HistoryError::Server(format!(
                "series {number} is missing; put back a copy of the table series"
            )));
        }
        let quantity = Quantity::from_name(&quantity).ok_or_else(|| {
            HistoryError::Server(format!("the quantity {quantity} is not known; it needs a newer CityTwin"))
        })?;
        let text = |at: usize| row.try_get::<_, String>(at).map(Arc::from).map_err(|e| told(&e));
        Ok(SeriesKey { run: text(0)?, sensor: text(1)?, quantity })
    };
    (0..).zip(&rows).map(name).collect()
}

fn names_of_sources(client: &mut Client) -> Result<Vec<Source>, HistoryError> {
    let sql = "SELECT feed, mapping, emulated, historical, life_ms FROM source ORDER BY id";
    let rows = client.query(sql, &[]).map_err(|e| told(&e))?;
    let name = |row: &::postgres::Row| {
        let text = |at: usize| row.try_get::<_, String>(at).map(Arc::from);
        let life_ms = row.try_get::<_, i64>(4)?.unsigned_abs();
        let (feed, mapping) = (text(0)?, text(1)?);
        Ok(Source { feed, mapping, emulated: row.try_get(2)?, historical: row.try_get(3)?, life_ms })
    };
    rows.iter().map(name).collect::<Result<_, _>>().map_err(|e: ::postgres::Error| told(&e))
}
