//! What is committed at once: rows and dead letters, and what is to happen when they are safe.

use std::collections::HashMap;

use citytwin_feeds::{Delivery, Receipt};
use citytwin_history::{
    DeadLetter, Event, LESSON_BYTES, Lesson, Row, RowError, SeriesId, SeriesKey, Source, SourceId, Store, micros,
};
use citytwin_model::{Quality, Quantity, Sensor};

use crate::{Change, intake::Incoming};

/// Messages on their way to the history.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub rows: Vec<Row>,
    pub dead: Vec<DeadLetter>,
    pub events: Vec<Event>,
    pub lessons: Vec<Lesson>,
    /// For the twin, once the rows are safe.
    pub news: Vec<Change>,
    /// Their room is free once they are safe.
    pub deliveries: Vec<Delivery>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.news.is_empty() && self.events.is_empty()
    }

    /// The receipts of one source.
    pub fn owed(&self, source: u16) -> Vec<Receipt> {
        let of_source = self.deliveries.iter().filter(|delivery| delivery.source == source);
        of_source.filter_map(|delivery| delivery.receipt).collect()
    }

    /// Keeps a message that tells how later ones are to be read.
    pub fn learn(&mut self, delivery: &Delivery, feed: &str) {
        if delivery.payload.len() <= LESSON_BYTES {
            self.lessons.push(Lesson {
                feed: feed.to_owned(),
                topic: delivery.topic.clone(),
                received_us: micros(delivery.received_at),
                bytes: delivery.payload.clone(),
            });
        }
    }

    /// Keeps a message that gave less than it should have.
    pub fn bury(&mut self, delivery: &Delivery, (feed, mapping): (&str, &str), reasons: &[(&'static str, String)]) {
        let Some((_, first)) = reasons.first() else { return };
        let reason = match reasons.len() {
            1 => first.clone(),
            count => format!("{first} (and {} more)", count - 1),
        };
        self.dead.push(DeadLetter {
            feed: feed.to_owned(),
            topic: delivery.topic.clone(),
            reason,
            mapping: mapping.to_owned(),
            received_us: micros(delivery.received_at),
            bytes: delivery.payload.clone(),
        });
    }

    pub fn clear(&mut self) {
        self.rows.clear();
        self.dead.clear();
        self.events.clear();
        self.lessons.clear();
        self.news.clear();
        self.deliveries.clear();
    }
}

/// Turns readings into rows; remembers the numbers that it has asked the store for.
pub(crate) struct Rows {
    run: String,
    /// By sensor.
    sensors: Vec<(String, Option<(Quantity, SeriesId)>)>,
    sources: HashMap<MadeBy, SourceId>,
}

/// What a source of the history is one for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct MadeBy {
    source: u16,
    emulated: bool,
    modelled: bool,
    historical: bool,
    life_bits: u64,
}

impl Rows {
    pub fn new(run: &str, sensors: &[Sensor]) -> Self {
        let sensors = sensors.iter().map(|sensor| (sensor.source.to_string(), None)).collect();
        Self { run: run.to_owned(), sensors, sources: HashMap::new() }
    }

    /// The run that the rows are of.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The row of a reading as it was judged.
    pub fn row(
        &mut self,
        store: &dyn Store,
        (incoming, quality): (&Incoming, Quality),
        source: u16,
    ) -> Result<Row, RowError> {
        let reading = &incoming.reading;
        let (name, known) = self.sensors.get_mut(reading.sensor.index()).ok_or(RowError::Sensor(reading.sensor.0))?;
        let series = match known {
            Some((quantity, series)) if *quantity == reading.quantity => *series,
            _ => {
                let series = store.series(&SeriesKey::new(&self.run, name, reading.quantity)?);
                *known = Some((reading.quantity, series));
                series
            }
        };
        let made_by = MadeBy {
            source,
            emulated: reading.emulated,
            modelled: incoming.modelled,
            historical: incoming.historical,
            life_bits: incoming.ttl_s.map_or(0, f64::to_bits),
        };
        let source = match self.sources.get(&made_by) {
            Some(source) => *source,
            None => {
                let source = Source::new(&reading.made_by.feed, &reading.made_by.mapping, reading.emulated)?;
                let number = store.source(&source.declared(incoming.historical, incoming.ttl_s));
                self.sources.insert(made_by, number);
                number
            }
        };
        let row = Row {
            series,
            source,
            observed_us: micros(reading.observed_at),
            received_us: micros(reading.received_at),
            value: reading.value,
            quality,
        };
        row.check().map(|()| row)
    }
}
