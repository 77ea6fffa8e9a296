//! A past span of a run, handed over as live did: in the order of receipt, by the same rules of order and age.

use std::{collections::VecDeque, ops::ControlFlow, sync::Arc};

use citytwin_feeds::quality::{Monitor, Place};
use citytwin_history::{HistoryError, Row, Sensors, Span, Store, instant, micros};
use citytwin_model::{Quality, Reading, Sensor, Timestamp};

use crate::{Change, Live, intake::Incoming};

/// Rows held at a time: 48 bytes each.
const CHUNK: usize = 50_000;

/// Reads a run of a history in the order of receipt, in bounded memory. As an iterator it gives the readings as they
/// were kept; [`Self::advance`] drives a twin with them. What a device's mapping declared beyond the reading (its own
/// life, that it was stored and sent later) is not in the history: a replay judges age by learned intervals alone.
pub struct Replay {
    store: Arc<dyn Store>,
    names: Sensors,
    run: String,
    /// What has not been read yet.
    span: Span,
    chunk: VecDeque<Row>,
    /// Rows of the first instant of `span` that were read already.
    read_of_first: usize,
    monitor: Monitor,
}

impl Replay {
    /// Of readings of a run received within a span. `sensors` are the city's; ids are positions. Rows of other sensors
    /// are passed over.
    pub fn new(store: Arc<dyn Store>, sensors: &[Sensor], run: &str, span: Span) -> Self {
        Self {
            store,
            names: Sensors::new(sensors.iter().map(|sensor| (sensor.id, &sensor.source))),
            run: run.to_owned(),
            span,
            chunk: VecDeque::new(),
            read_of_first: 0,
            monitor: Monitor::new(sensors, instant(span.from_us)),
        }
    }

    /// Hands over what was last known at the start of the span: the last reading of each sensor that had been received
    /// by then and was observed at most `age_s` before. What has grown old by then is stale.
    ///
    /// # Errors
    /// What the history's files say.
    pub fn seed(&mut self, age_s: f64, live: &Live) -> Result<u64, HistoryError> {
        let start_us = self.span.from_us;
        let mut count = 0;
        for row in self.store.as_of(&self.run, start_us, (age_s * 1e6) as i64)? {
            // What came later is told later.
            if row.received_us >= start_us {
                continue;
            }
            let Some(reading) = self.names.reading(self.store.as_ref(), &row) else { continue };
            count += 1;
            live.put(self.judged(reading));
        }
        live.put(self.grown_old(instant(start_us)));
        Ok(count)
    }

    /// Hands over all that was received up to and with `until`, and what has grown old by then. Returns how many
    /// readings that were.
    ///
    /// # Errors
    /// What the history's files say.
    pub fn advance(&mut self, until: Timestamp, live: &Live) -> Result<u64, HistoryError> {
        let until_us = micros(until);
        let mut count = 0;
        while let Some(row) = self.peek()? {
            if row.received_us > until_us {
                break;
            }
            self.chunk.pop_front();
            let Some(reading) = self.names.reading(self.store.as_ref(), &row) else { continue };
            count += 1;
            live.put(self.judged(reading));
        }
        live.put(self.grown_old(until));
        Ok(count)
    }

    fn grown_old(&mut self, by: Timestamp) -> impl Iterator<Item = Change> {
        let stale = self.monitor.advance(by).into_iter();
        stale.map(|sensor| Change::Quality { sensor, quality: Quality::Stale })
    }

    /// Up to when readings are handed over; what is received later is not.
    pub fn end(&self) -> Timestamp {
        instant(self.span.to_us)
    }

    /// Goes on to a later end: of a run that is still being recorded. All that was received before it must be committed.
    pub fn extend(&mut self, to: Timestamp) {
        self.span.to_us = self.span.to_us.max(micros(to));
    }

    /// When the next reading was received; `None` at the end.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn next_at(&mut self) -> Result<Option<Timestamp>, HistoryError> {
        Ok(self.peek()?.map(|row| instant(row.received_us)))
    }

    /// The quality is the kept one: it was judged when the reading came.
    fn judged(&mut self, reading: Reading) -> Option<Change> {
        let incoming = Incoming::kept(reading);
        let verdict = self.monitor.apply(incoming.arrival(0));
        let mut reading = incoming.reading;
        if verdict.stale {
            reading.quality = Quality::Stale;
        }
        (verdict.place == Place::Live).then_some(Change::Reading(reading))
    }

    fn peek(&mut self) -> Result<Option<Row>, HistoryError> {
        if self.chunk.is_empty() && !self.span.is_empty() {
            self.fill()?;
        }
        Ok(self.chunk.front().copied())
    }

    fn fill(&mut self) -> Result<(), HistoryError> {
        let (mut to_skip, chunk) = (self.read_of_first, &mut self.chunk);
        self.store.visit_received(&self.run, self.span, &mut |row| {
            if to_skip > 0 {
                to_skip -= 1;
                return ControlFlow::Continue(());
            }
            chunk.push_back(*row);
            if chunk.len() < CHUNK { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        match chunk.back() {
            Some(last) if chunk.len() == CHUNK => {
                let of_last = chunk.iter().rev().take_while(|row| row.received_us == last.received_us).count();
                let known = if last.received_us == self.span.from_us { self.read_of_first } else { 0 };
                self.span.from_us = last.received_us;
                self.read_of_first = known + of_last;
            }
            _ => self.span.from_us = self.span.to_us,
        }
        Ok(())
    }
}

impl Iterator for Replay {
    type Item = Result<Reading, HistoryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = match self.peek() {
                Ok(row) => row?,
                Err(error) => {
                    self.span.from_us = self.span.to_us;
                    return Some(Err(error));
                }
            };
            self.chunk.pop_front();
            if let Some(reading) = self.names.reading(self.store.as_ref(), &row) {
                return Some(Ok(reading));
            }
        }
    }
}
