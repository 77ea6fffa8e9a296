//! Messages by which devices tell how their later ones are to be read (births, descriptions of themselves): the last of
//! each topic is kept, so that a program that starts anew can read on.

use rusqlite::{Connection, params};

/// Largest message that is kept, byte.
pub const LESSON_BYTES: usize = 1 << 20;
/// Room of all of them, byte; the oldest go first.
pub(crate) const ROOM: i64 = 128 << 20;

/// A message that teaches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lesson {
    pub feed: String,
    pub topic: String,
    /// µs since 1970 UTC.
    pub received_us: i64,
    /// Empty: what the topic taught before holds no longer.
    pub bytes: Vec<u8>,
}

/// Puts lessons in the place of those before of their topics; those that are too large are passed over.
pub(crate) fn keep(db: &Connection, lessons: &[Lesson]) -> Result<(), rusqlite::Error> {
    for lesson in lessons.iter().filter(|lesson| lesson.bytes.len() <= LESSON_BYTES) {
        let Lesson { feed, topic, received_us, bytes } = lesson;
        if bytes.is_empty() {
            db.prepare_cached("DELETE FROM lesson WHERE feed = ?1 AND topic = ?2")?.execute([feed, topic])?;
        } else {
            db.prepare_cached("INSERT OR REPLACE INTO lesson (feed, topic, received, bytes) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![feed, topic, received_us, bytes])?;
        }
    }
    if lessons.is_empty() {
        return Ok(());
    }
    db.prepare_cached(
        "DELETE FROM lesson WHERE id IN (SELECT id FROM (
           SELECT id, sum(length(bytes)) OVER (ORDER BY received DESC, id DESC) AS taken FROM lesson) WHERE taken > ?1)",
    )?
    .execute([ROOM])
    .map(|_| ())
}

/// Those of a feed, in the order of receipt.
pub(crate) fn of_feed(db: &Connection, feed: &str) -> Result<Vec<Lesson>, rusqlite::Error> {
    let sql = "SELECT feed, topic, received, bytes FROM lesson WHERE feed = ?1 ORDER BY received, id";
    let lesson = |row: &rusqlite::Row<'_>| {
        Ok(Lesson { feed: row.get(0)?, topic: row.get(1)?, received_us: row.get(2)?, bytes: row.get(3)? })
    };
    db.prepare_cached(sql)?.query_map([feed], lesson)?.collect()
}
