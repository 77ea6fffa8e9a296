//! Dead letters: packets that could not be decoded, kept for a corrected mapping.

use rusqlite::{Connection, OptionalExtension, params};
use xxhash_rust::xxh3::Xxh3;

/// Bytes of a packet that are kept.
pub const DEAD_LETTER_BYTES: usize = 64 << 10;

/// A packet that could not be decoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    pub feed: String,
    pub topic: String,
    /// Why, in one line.
    pub reason: String,
    /// Version of the mapping that failed.
    pub mapping: String,
    /// µs since 1970 UTC.
    pub received_us: i64,
    /// The packet; beyond [`DEAD_LETTER_BYTES`] it is cut off.
    pub bytes: Vec<u8>,
}

/// A dead letter that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptDeadLetter {
    /// Ascending in the order of keeping; never given twice.
    pub number: i64,
    pub letter: DeadLetter,
    /// Bytes of the packet as it came.
    pub length: u64,
}

/// Dead letters of a feed: `kept = waiting + dropped + resolved`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetterCount {
    pub feed: String,
    /// All that were ever kept.
    pub kept: u64,
    pub waiting: u64,
    /// Gone for lack of room.
    pub dropped: u64,
    pub resolved: u64,
}

/// Room that a letter takes beside its bytes: texts and page overhead, a rough figure.
const LETTER_ROOM: u64 = 256;

/// Keeps letters and drops the oldest until all fit into `room` bytes.
pub(crate) fn keep(db: &Connection, letters: &[DeadLetter], room: u64) -> Result<(), rusqlite::Error> {
    if letters.is_empty() {
        return Ok(());
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO dead (feed, topic, reason, mapping, received, length, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for letter in letters {
        let bytes = &letter.bytes[..letter.bytes.len().min(DEAD_LETTER_BYTES)];
        insert.execute(params![
            letter.feed,
            letter.topic,
            letter.reason,
            letter.mapping,
            letter.received_us,
            letter.bytes.len() as i64,
            bytes
        ])?;
        let hash = hash(letter, letter.bytes.len() as u64, bytes);
        db.prepare_cached("INSERT INTO dead_hash (letter, hash) VALUES (?1, ?2)")?
            .execute(params![db.last_insert_rowid(), hash.cast_signed()])?;
        count(db, &letter.feed, "kept")?;
    }
    drop_oldest(db, room)
}

/// Of all that is kept of a letter (XXH3, 64 bits).
fn hash(letter: &DeadLetter, length: u64, bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    for text in [&letter.feed, &letter.topic, &letter.reason, &letter.mapping] {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(&letter.received_us.to_le_bytes());
    hash.update(&length.to_le_bytes());
    hash.update(bytes);
    hash.digest()
}

/// What is not as it was kept: the table's structure, then letter by letter. A line each.
pub(crate) fn faults(db: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    let mut check = db.prepare("PRAGMA integrity_check('dead')")?;
    let mut faults: Vec<String> = check.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    faults.retain(|line| line != "ok");
    if !faults.is_empty() {
        return Ok(faults);
    }
    let sql = format!("SELECT {COLUMNS}, hash FROM dead JOIN dead_hash ON letter = id ORDER BY id");
    let mut query = db.prepare(&sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        // What is no text any more is damage as well.
        let same = letter(row).is_ok_and(|kept| {
            row.get(8)
                .is_ok_and(|stated: i64| hash(&kept.letter, kept.length, &kept.letter.bytes) == stated.cast_unsigned())
        });
        if !same {
            faults.push(format!("dead letter {number} is not as it was kept"));
        }
    }
    Ok(faults)
}

/// Forgets what a letter that is gone was like.
fn forget(db: &Connection, letter: i64) -> Result<(), rusqlite::Error> {
    db.prepare_cached("DELETE FROM dead_hash WHERE letter = ?1")?.execute([letter]).map(|_| ())
}

pub(crate) fn waiting(
    db: &Connection,
    feed: Option<&str>,
    after: i64,
    limit: usize,
) -> Result<Vec<KeptDeadLetter>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM dead WHERE id > ?1 AND (?2 IS NULL OR feed = ?2) ORDER BY id LIMIT ?3"
    ))?;
    query.query_map(params![after, feed, limit], letter)?.collect()
}

/// The newest first.
pub(crate) fn latest(db: &Connection, limit: usize) -> Result<Vec<KeptDeadLetter>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = db.prepare_cached(&format!("SELECT {COLUMNS} FROM dead ORDER BY id DESC LIMIT ?1"))?;
    query.query_map([limit], letter)?.collect()
}

const COLUMNS: &str = "id, feed, topic, reason, mapping, received, bytes, length";

/// A row of [`COLUMNS`].
fn letter(row: &rusqlite::Row<'_>) -> Result<KeptDeadLetter, rusqlite::Error> {
    Ok(KeptDeadLetter {
        number: row.get(0)?,
        letter: DeadLetter {
            feed: row.get(1)?,
            topic: row.get(2)?,
            reason: row.get(3)?,
            mapping: row.get(4)?,
            received_us: row.get(5)?,
            bytes: row.get(6)?,
        },
        length: row.get::<_, i64>(7)?.unsigned_abs(),
    })
}

pub(crate) fn resolve(db: &Connection, letters: &[i64]) -> Result<u64, rusqlite::Error> {
    let mut resolved = 0;
    let mut take = db.prepare_cached("DELETE FROM dead WHERE id = ?1 RETURNING feed")?;
    for number in letters {
        let feed: Option<String> = take.query_row([number], |row| row.get(0)).optional()?;
        if let Some(feed) = feed {
            forget(db, *number)?;
            count(db, &feed, "resolved")?;
            resolved += 1;
        }
    }
    Ok(resolved)
}

pub(crate) fn counts(db: &Connection) -> Result<Vec<DeadLetterCount>, rusqlite::Error> {
    let mut query = db.prepare_cached("SELECT feed, kept, dropped, resolved FROM dead_count ORDER BY feed")?;
    let count = |row: &rusqlite::Row<'_>| {
        let [kept, dropped, resolved] = [1, 2, 3].map(|i| row.get::<_, i64>(i).map(i64::unsigned_abs));
        let (kept, dropped, resolved) = (kept?, dropped?, resolved?);
        let waiting = kept.saturating_sub(dropped + resolved);
        Ok(DeadLetterCount { feed: row.get(0)?, kept, waiting, dropped, resolved })
    };
    query.query_map([], count)?.collect()
}

fn drop_oldest(db: &Connection, room: u64) -> Result<(), rusqlite::Error> {
    let sum = "SELECT coalesce(sum(length(bytes) + ?1), 0) FROM dead";
    let mut taken: u64 =
        db.prepare_cached(sum)?.query_row([LETTER_ROOM as i64], |row| row.get::<_, i64>(0))?.unsigned_abs();
    let mut oldest =
        db.prepare_cached("DELETE FROM dead WHERE id = (SELECT min(id) FROM dead) RETURNING feed, length(bytes), id")?;
    while taken > room {
        let gone = oldest.query_row([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get(2)?)));
        let Some((feed, bytes, number)) = gone.optional()? else { return Ok(()) };
        forget(db, number)?;
        taken = taken.saturating_sub(bytes.unsigned_abs() + LETTER_ROOM);
        count(db, &feed, "dropped")?;
    }
    Ok(())
}

/// `column` is one of the three counts, named in this file alone.
fn count(db: &Connection, feed: &str, column: &str) -> Result<(), rusqlite::Error> {
    db.prepare_cached("INSERT OR IGNORE INTO dead_count (feed, kept, dropped, resolved) VALUES (?1, 0, 0, 0)")?
        .execute([feed])?;
    db.prepare_cached(&format!("UPDATE dead_count SET {column} = {column} + 1 WHERE feed = ?1"))?.execute([feed])?;
    Ok(())
}
