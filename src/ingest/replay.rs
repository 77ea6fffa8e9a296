//! A past span of a run, handed over as live did: in the order of receipt, by the same rules of order and age.

use std::{
    collections::{HashMap, VecDeque},
    ops::ControlFlow,
    sync::Arc,
};

use citytwin_feeds::quality::{Monitor, Place};
use citytwin_history::{
    Event, EventPlace, Happening, HistoryError, KeptEvent, Row, Sensors, Span, Store, instant, micros,
};
use citytwin_model::{Reading, Sensor, SensorId, Timestamp};

use crate::{
    Change, Live,
    intake::Incoming,
    judge::stale_now,
    seed::{Before, EVENTS, Known, ROW, known, rank},
};

/// Rows held at a time: 48 bytes each.
const CHUNK: usize = 50_000;

/// Reads a run of a history in the order of receipt, in bounded memory. As an iterator it gives the readings as they
/// were kept; [`Self::advance`] drives a twin with them, and with what happened to feeds and devices meanwhile: brokers
/// lost and found, deaths, restarts of the program. Intervals are learned from the span's start on.
pub struct Replay {
    store: Arc<dyn Store>,
    names: Sensors,
    sensors: Vec<Sensor>,
    run: String,
    /// What has not been read yet.
    span: Span,
    chunk: VecDeque<Row>,
    /// Rows of the first instant of `span` that were read already.
    read_of_first: usize,
    events: VecDeque<KeptEvent>,
    /// The last event that was read.
    event_place: EventPlace,
    /// All events before this instant were read.
    events_to_us: i64,
    monitor: Monitor,
    /// Numbers of feeds, in the order in which they came.
    feeds: HashMap<Arc<str>, u16>,
}

/// What comes next.
enum Next {
    Row(Row),
    Event(Event),
}

impl Next {
    const fn place(&self) -> (i64, u8) {
        match self {
            Self::Row(row) => (row.received_us, ROW),
            Self::Event(event) => (event.at_us, rank(event)),
        }
    }
}

impl Replay {
    /// Of readings of a run received within a span. `sensors` are the city's; ids are positions. Rows of other sensors
    /// are passed over.
    pub fn new(store: Arc<dyn Store>, sensors: &[Sensor], run: &str, span: Span) -> Self {
        Self {
            store,
            names: Sensors::new(sensors.iter().map(|sensor| (sensor.id, &sensor.source))),
            sensors: sensors.to_vec(),
            run: run.to_owned(),
            span,
            chunk: VecDeque::new(),
            read_of_first: 0,
            events: VecDeque::new(),
            event_place: (span.from_us, 0),
            events_to_us: span.from_us,
            monitor: Monitor::new(sensors, instant(span.from_us)),
            feeds: HashMap::new(),
        }
    }

    /// Hands over what was last known at the start of the span: the last reading of each sensor that had been received
    /// by then and was observed at most `age_s` before. What has grown old by then is stale.
    ///
    /// # Errors
    /// What the history's files say.
    pub fn seed(&mut self, age_s: f64, live: &Live) -> Result<u64, HistoryError> {
        self.begin((self.span.from_us, (age_s * 1e6) as i64), Before::All, live)
    }

    /// Goes on from what was known at an instant. Returns how many readings that were.
    fn begin(&mut self, at: (i64, i64), before: Before, live: &Live) -> Result<u64, HistoryError> {
        let mut count = 0;
        for known in known((self.store.as_ref(), &self.names), &self.run, at, before)? {
            match known {
                Known::Reading { incoming, feed } => {
                    count += 1;
                    live.put(self.judged(incoming, &feed));
                }
                Known::Event(event) => self.happened(event, live)?,
            }
        }
        live.put(self.grown_old(instant(at.0)));
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
        while let Some(next) = self.peek()? {
            if next.place().0 > until_us {
                break;
            }
            match next {
                Next::Row(row) => {
                    self.chunk.pop_front();
                    let Some(reading) = self.names.reading(self.store.as_ref(), &row) else { continue };
                    let Some(source) = self.store.source_of(row.source) else { continue };
                    count += 1;
                    live.put(self.judged(Incoming::kept(reading, &source), &source.feed));
                }
                Next::Event(event) => {
                    self.events.pop_front();
                    self.happened(event, live)?;
                }
            }
        }
        live.put(self.grown_old(until));
        Ok(count)
    }

    /// What an event changes, after what had grown old by then.
    fn happened(&mut self, event: Event, live: &Live) -> Result<(), HistoryError> {
        live.put(self.grown_old(instant(event.at_us)));
        match event.what {
            Happening::Started { age_us } => {
                self.monitor = Monitor::new(&self.sensors, instant(event.at_us));
                self.begin((event.at_us, age_us), Before::OfDevices, live)?;
            }
            Happening::Ended { sensor } => {
                let stale = self.names.id(&sensor).map(|sensor| self.monitor.mark_stale(&[sensor]));
                live.put(stale.into_iter().flatten().map(stale_now));
            }
            Happening::Lost { feed } => self.found(&feed, false, live),
            Happening::Found { feed } => self.found(&feed, true, live),
            Happening::Pace(pace) => self.monitor.set_pace(pace),
        }
        Ok(())
    }

    fn found(&mut self, feed: &Arc<str>, up: bool, live: &Live) {
        let source = self.number(feed);
        let sensors: Vec<SensorId> = self.monitor.set_source(source, up);
        let quality = |sensor| Some(Change::Quality { sensor, quality: self.monitor.quality(sensor)? });
        live.put(sensors.into_iter().filter_map(quality));
    }

    fn number(&mut self, feed: &Arc<str>) -> u16 {
        if let Some(number) = self.feeds.get(feed) {
            return *number;
        }
        // `sources.toml` has fewer than 65,535; of a history that names more the last ones count as one.
        let number = self.feeds.len().min(usize::from(u16::MAX) - 1) as u16;
        self.feeds.insert(Arc::clone(feed), number);
        number
    }

    fn grown_old(&mut self, by: Timestamp) -> impl Iterator<Item = Change> {
        self.monitor.advance(by).into_iter().map(stale_now)
    }

    /// Up to when readings are handed over; what is received later is not.
    pub fn end(&self) -> Timestamp {
        instant(self.span.to_us)
    }

    /// Goes on to a later end: of a run that is still being recorded. All that was received before it must be committed.
    pub fn extend(&mut self, to: Timestamp) {
        self.span.to_us = self.span.to_us.max(micros(to));
    }

    /// When the next reading was received or something happened to a feed; `None` at the end.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn next_at(&mut self) -> Result<Option<Timestamp>, HistoryError> {
        Ok(self.peek()?.map(|next| instant(next.place().0)))
    }

    /// The quality is the kept one, or what age and the state of its feed make of it.
    fn judged(&mut self, incoming: Incoming, feed: &Arc<str>) -> Option<Change> {
        let source = self.number(feed);
        let verdict = self.monitor.apply(incoming.arrival(source));
        let mut reading = incoming.reading;
        reading.quality = self.monitor.quality(reading.sensor).unwrap_or(reading.quality);
        (verdict.place == Place::Live).then_some(Change::Reading(reading))
    }

    fn peek(&mut self) -> Result<Option<Next>, HistoryError> {
        let row = self.peek_row()?.map(Next::Row);
        if self.events.is_empty() && self.events_to_us < self.span.to_us {
            self.fill_events()?;
        }
        let event = self.events.front().map(|kept| Next::Event(kept.event.clone()));
        Ok(match (row, event) {
            (Some(row), Some(event)) if event.place() < row.place() => Some(event),
            (Some(row), _) => Some(row),
            (None, event) => event,
        })
    }

    fn peek_row(&mut self) -> Result<Option<Row>, HistoryError> {
        if self.chunk.is_empty() && !self.span.is_empty() {
            self.fill()?;
        }
        Ok(self.chunk.front().copied())
    }

    fn fill_events(&mut self) -> Result<(), HistoryError> {
        let page = self.store.events(&self.run, self.event_place, self.span.to_us, EVENTS)?;
        if page.len() < EVENTS {
            self.events_to_us = self.span.to_us;
        }
        if let Some(last) = page.last() {
            self.event_place = last.place();
        }
        self.events.extend(page);
        Ok(())
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
            let row = match self.peek_row() {
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
