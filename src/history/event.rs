//! What happened to a run's feeds beside their readings: kept, so that a replay takes values for what live took them for.

use std::sync::Arc;

use rusqlite::{Connection, params};

use crate::RowError;

/// Something that changed what was thought of readings.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// µs since 1970 UTC.
    pub at_us: i64,
    pub what: Happening,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Happening {
    /// The program began anew: from the last readings that were at most this old, µs.
    Started { age_us: i64 },
    /// A sensor's device said that its value holds no longer.
    Ended { sensor: Arc<str> },
    /// The broker or server of a feed no longer answered.
    Lost { feed: Arc<str> },
    /// It answered again.
    Found { feed: Arc<str> },
    /// From here on sensors speak so many times slower than they declare.
    Pace(f64),
}

/// An event that was kept.
#[derive(Clone, PartialEq, Debug)]
pub struct KeptEvent {
    /// Ascending in the order of keeping; never given twice.
    pub number: i64,
    pub event: Event,
}

/// The place of an event in a run: when, and its number.
pub type EventPlace = (i64, i64);

impl KeptEvent {
    pub const fn place(&self) -> EventPlace {
        (self.event.at_us, self.number)
    }
}

impl Event {
    /// Word, name and number, as they are kept.
    pub(crate) fn parts(&self) -> (&'static str, &str, f64) {
        match &self.what {
            Happening::Started { age_us } => ("started", "", *age_us as f64),
            Happening::Ended { sensor } => ("ended", sensor, 0.0),
            Happening::Lost { feed } => ("lost", feed, 0.0),
            Happening::Found { feed } => ("found", feed, 0.0),
            Happening::Pace(pace) => ("pace", "", *pace),
        }
    }

    /// `None`: a word of a newer program.
    pub(crate) fn of_parts(at_us: i64, (word, name, number): (&str, Arc<str>, f64)) -> Option<Self> {
        let what = match word {
            "started" => Happening::Started { age_us: number as i64 },
            "ended" => Happening::Ended { sensor: name },
            "lost" => Happening::Lost { feed: name },
            "found" => Happening::Found { feed: name },
            "pace" => Happening::Pace(number),
            _ => return None,
        };
        Some(Self { at_us, what })
    }

    /// # Errors
    /// A time outside what can be kept, a number that is not finite.
    pub(crate) fn check(&self) -> Result<(), RowError> {
        let (_, _, number) = self.parts();
        if !number.is_finite() {
            return Err(RowError::Value(number));
        }
        let within = (crate::FIRST_US..crate::END_US).contains(&self.at_us);
        if within { Ok(()) } else { Err(RowError::Time { field: "event" }) }
    }
}

pub(crate) fn keep(db: &Connection, run: &str, events: &[Event]) -> Result<(), rusqlite::Error> {
    let mut insert =
        db.prepare_cached("INSERT INTO event (run, at, what, name, number) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for event in events {
        let (word, name, number) = event.parts();
        insert.execute(params![run, event.at_us, word, name, number])?;
    }
    Ok(())
}

/// Those of a run after a place and before an instant, in order.
pub(crate) fn after(
    db: &Connection,
    run: &str,
    (at, number): EventPlace,
    to_us: i64,
    limit: usize,
) -> Result<Vec<KeptEvent>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut query = db.prepare_cached(
        "SELECT id, at, what, name, number FROM event
         WHERE run = ?1 AND (at, id) > (?2, ?3) AND at < ?4 ORDER BY at, id LIMIT ?5",
    )?;
    let mut rows = query.query(params![run, at, number, to_us, limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, at_us, word): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let event = Event::of_parts(at_us, (&word, row.get(3)?, row.get(4)?));
        events.extend(event.map(|event| KeptEvent { number, event }));
    }
    Ok(events)
}

/// Removes those that came before all that is still kept.
pub(crate) fn remove_old(db: &Connection) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM event WHERE at < (SELECT min(first_received) FROM slot)", [])?;
    Ok(())
}
