//! What of a message counts: the order of readings, their quality, and what the books say of it.

use citytwin_feeds::{
    Delivery, Subscription,
    decode::Signal,
    mapping::MappedSignal,
    quality::{Monitor, Place},
};
use citytwin_history::{Event, Happening, HistoryError, Sensors, Store, instant, micros};
use citytwin_model::{Quality, Reading, Sensor, SensorId, Timestamp};

use crate::{
    Change, DistrictCounts, IngestStatus, SourceStatus,
    batch::{Batch, Rows},
    district::BySensors,
    intake::{Intake, Read},
    seed::{Before, Known, known},
};

/// The length over which a rate is a mean, second.
const RATE_S: f64 = 10.0;
/// How often completeness and qualities are counted, second.
const COMPLETENESS_S: f64 = 2.0;

/// What a message gave: readings, also such as came before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Taken {
    pub readings: usize,
}

/// The state of a city's sensors as their readings come in.
pub(crate) struct Judge {
    monitor: Monitor,
    rows: Rows,
    names: Sensors,
    /// By sensor: the source that it last spoke through.
    source_of: Vec<Option<u16>>,
    /// By source: whether its broker or server answered at the last tick.
    up: Vec<bool>,
    pace: f64,
}

impl Judge {
    pub fn new(sensors: &[Sensor], sources: usize, run: &str, start: Timestamp) -> Self {
        Self {
            monitor: Monitor::new(sensors, start),
            rows: Rows::new(run, sensors),
            names: Sensors::new(sensors.iter().map(|sensor| (sensor.id, &sensor.source))),
            source_of: vec![None; sensors.len()],
            up: vec![true; sources],
            pace: 1.0,
        }
    }

    /// Goes on from the last readings of the history, so that nothing older that comes again can go over them.
    pub fn seed(
        &mut self,
        store: &dyn Store,
        feeds: &[String],
        now: Timestamp,
        age_s: f64,
    ) -> Result<Vec<Change>, HistoryError> {
        let at = (micros(now), (age_s * 1e6) as i64);
        let known = known((store, &self.names), self.rows.run(), at, Before::OfDevices)?;
        let mut news = Vec::with_capacity(known.len());
        for known in known {
            match known {
                Known::Reading { incoming, feed } => {
                    let source = feeds.iter().position(|name| **name == *feed).unwrap_or(feeds.len() - 1) as u16;
                    if self.monitor.apply(incoming.arrival(source)).place == Place::Live {
                        news.push(Change::Reading(self.live(incoming.reading, source)));
                    }
                }
                Known::Event(Event { what: Happening::Ended { sensor }, .. }) => {
                    let stale = self.names.id(&sensor).map(|sensor| self.monitor.mark_stale(&[sensor]));
                    news.extend(stale.into_iter().flatten().map(stale_now));
                }
                Known::Event(_) => {}
            }
        }
        Ok(news)
    }

    /// A reading that counts now, as it is to be thought of now.
    fn live(&mut self, mut reading: Reading, source: u16) -> Reading {
        self.source_of[reading.sensor.index()] = Some(source);
        reading.quality = self.monitor.quality(reading.sensor).unwrap_or(reading.quality);
        reading
    }

    /// Decodes a message, adds to the batch what it gives, and tells how much that was.
    pub fn take(
        &mut self,
        store: &dyn Store,
        intake: &mut Intake,
        delivery: &Delivery,
        subscription: Option<&Subscription>,
        (batch, books): (&mut Batch, &mut Books),
    ) -> Taken {
        let source = delivery.source;
        let feed = intake.feeds()[usize::from(source)].clone();
        let mapping = intake.mapping_of(source).to_owned();
        let read = intake.read(delivery);
        let book = books.of(source);
        for signal in read.signals.drain(..) {
            self.heed(signal, (delivery, subscription), batch, book);
        }
        for incoming in &read.readings {
            let verdict = self.monitor.apply(incoming.arrival(source));
            book.readings += 1;
            book.modelled += u64::from(incoming.modelled);
            match verdict.place {
                Place::Duplicate => {
                    book.repeated += 1;
                    continue;
                }
                Place::Unknown => continue,
                Place::History => book.late += 1,
                Place::Live => {}
            }
            match self.rows.row(store, (incoming, verdict.quality), source) {
                Ok(row) => batch.rows.push(row),
                Err(error) => {
                    read.dead.push(("cannot be kept", error.to_string()));
                    continue;
                }
            }
            if verdict.place == Place::Live {
                let reading = self.live(as_kept(incoming.reading.clone()), source);
                book.last_observed = Some(reading.observed_at);
                batch.news.push(Change::Reading(reading));
            }
        }
        batch.bury(delivery, (&feed, &mapping), &read.dead);
        if read.teaches {
            batch.learn(delivery, &feed);
        }
        let taken = Taken { readings: read.readings.len() };
        book.note(read);
        taken
    }

    fn heed(
        &mut self,
        signal: MappedSignal,
        (delivery, subscription): (&Delivery, Option<&Subscription>),
        batch: &mut Batch,
        book: &mut Book,
    ) {
        match signal {
            MappedSignal::Stale { sensors, .. } => {
                let at_us = micros(delivery.received_at);
                for sensor in self.monitor.mark_stale(&sensors) {
                    batch.news.push(stale_now(sensor));
                    let Some(name) = self.names.name(sensor) else { continue };
                    batch.events.push(Event { at_us, what: Happening::Ended { sensor: name.clone() } });
                }
            }
            MappedSignal::Of { signal: Signal::Discovered { topic, .. }, .. } => {
                if let Some(subscription) = subscription {
                    subscription.subscribe_also(&topic);
                }
            }
            MappedSignal::Of { signal: Signal::RebirthWanted { .. }, .. } => book.rebirths_wanted += 1,
            // Pages and lives of answers: the poller has read them for itself.
            MappedSignal::Of { .. } => {}
        }
    }

    /// As [`Monitor::set_pace`].
    pub fn set_pace(&mut self, pace: f64, now: Timestamp, events: &mut Vec<Event>) {
        if self.pace.to_bits() != pace.to_bits() {
            self.pace = pace;
            self.monitor.set_pace(pace);
            events.push(Event { at_us: micros(now), what: Happening::Pace(pace) });
        }
    }

    /// What changes by time alone. `up` says by source whether its broker or server answers, `feeds` its name.
    pub fn tick(
        &mut self,
        now: Timestamp,
        (feeds, up): (&[String], &[Option<bool>]),
        events: &mut Vec<Event>,
    ) -> Vec<Change> {
        let mut doubted: Vec<SensorId> = self.monitor.advance(now);
        for (source, (up, feed)) in (0..).zip(up.iter().zip(feeds)) {
            if let Some(up) = *up {
                doubted.extend(self.answers(source, (feed, up), now, events));
            }
        }
        let quality = |sensor| Some(Change::Quality { sensor, quality: self.monitor.quality(sensor)? });
        doubted.into_iter().filter_map(quality).collect()
    }

    /// Whether a source answered when it was last looked at.
    pub fn is_up(&self, source: u16) -> bool {
        self.up[usize::from(source)]
    }

    /// A source answers: what its sensors say is no longer doubted for it.
    pub fn found(&mut self, source: u16, feed: &str, now: Timestamp, events: &mut Vec<Event>) -> Vec<Change> {
        let trusted = self.answers(source, (feed, true), now, events);
        let quality = |sensor| Some(Change::Quality { sensor, quality: self.monitor.quality(sensor)? });
        trusted.into_iter().filter_map(quality).collect()
    }

    /// The sensors of a source whose state is another than before.
    fn answers(
        &mut self,
        source: u16,
        (feed, up): (&str, bool),
        now: Timestamp,
        events: &mut Vec<Event>,
    ) -> Vec<SensorId> {
        if std::mem::replace(&mut self.up[usize::from(source)], up) == up {
            return Vec::new();
        }
        let feed = feed.into();
        let what = if up { Happening::Found { feed } } else { Happening::Lost { feed } };
        events.push(Event { at_us: micros(now), what });
        self.monitor.set_source(source, up)
    }

    /// How many sensors that last spoke through each source are good, uncertain, bad, stale now.
    fn qualities(&self, sources: usize) -> Vec<[u32; 4]> {
        let mut counts = vec![[0; 4]; sources];
        for (sensor, source) in self.source_of.iter().enumerate() {
            let Some(counts) = source.and_then(|source| counts.get_mut(usize::from(source))) else { continue };
            if let Some(quality) = self.monitor.quality(SensorId::from_index(sensor)) {
                counts[quality as usize] += 1;
            }
        }
        counts
    }

    fn completeness(&self, source: u16, now: Timestamp) -> Option<f64> {
        let of_source = self.source_of.iter().enumerate().filter(|(_, of)| **of == Some(source));
        self.monitor.completeness(of_source.map(|(sensor, _)| SensorId::from_index(sensor)), now)
    }
}

pub(crate) const fn stale_now(sensor: SensorId) -> Change {
    Change::Quality { sensor, quality: Quality::Stale }
}

/// With the times that the history keeps, so that live and replay say the same.
fn as_kept(reading: Reading) -> Reading {
    let kept = |at| instant(micros(at));
    Reading { observed_at: kept(reading.observed_at), received_at: kept(reading.received_at), ..reading }
}

/// How all sensors are.
pub(crate) struct Counted {
    /// By source: good, uncertain, bad, stale; the share of due readings that came.
    sources: Vec<([u32; 4], Option<f64>)>,
    districts: DistrictCounts,
}

/// Counts since the last commit, by source.
pub(crate) struct Books {
    books: Vec<Book>,
    districts: BySensors,
    looked_at: Option<Timestamp>,
    completeness_at: Option<Timestamp>,
}

#[derive(Clone, Default)]
struct Book {
    readings: u64,
    repeated: u64,
    late: u64,
    modelled: u64,
    missing: u64,
    not_taken: u64,
    rebirths_wanted: u64,
    dead: Vec<(&'static str, String)>,
    last_observed: Option<Timestamp>,
    /// Readings since the last tick.
    ticked: u64,
}

impl Book {
    fn note(&mut self, read: &mut Read) {
        self.missing += read.missing;
        self.not_taken += read.not_taken;
        self.dead.append(&mut read.dead);
    }
}

impl Books {
    pub fn new(sources: usize) -> Self {
        let books = vec![Book::default(); sources];
        Self { books, districts: BySensors::default(), looked_at: None, completeness_at: None }
    }

    /// Counts by district too.
    pub fn with(self, districts: BySensors) -> Self {
        Self { districts, ..self }
    }

    fn of(&mut self, source: u16) -> &mut Book {
        &mut self.books[usize::from(source)]
    }

    /// Readings that the judge knew to have come before.
    pub fn repeated(&self) -> u64 {
        self.books.iter().map(|book| book.repeated).sum()
    }

    /// Enters what is now safe.
    pub fn enter(&mut self, deliveries: &[Delivery], sources: &mut [SourceStatus], now: Timestamp) {
        for delivery in deliveries {
            let status = &mut sources[usize::from(delivery.source)];
            status.messages += 1;
            status.lag_s = now.duration_since(delivery.received_at).as_secs_f64();
        }
        for (book, status) in self.books.iter_mut().zip(sources) {
            status.readings += book.readings;
            status.late += book.late;
            status.modelled += book.modelled;
            status.missing += book.missing;
            status.not_taken += book.not_taken;
            status.rebirths_wanted += book.rebirths_wanted;
            for (kind, line) in book.dead.drain(..) {
                *status.dead.entry(kind).or_default() += 1;
                status.last_dead = Some(line);
            }
            if let Some(observed) = book.last_observed {
                status.age_s = now.duration_since(observed).as_secs_f64();
                status.last_reading_at = Some(observed);
            }
            *book = Book { ticked: book.ticked + book.readings, ..Book::default() };
        }
    }

    /// Counts all sensors, which takes time, where it is due again: [`Self::tick`] enters it.
    pub fn count(&mut self, judge: &Judge, now: Timestamp) -> Option<Counted> {
        let passed_s = self.completeness_at.map(|at| now.duration_since(at).as_secs_f64());
        if passed_s.is_some_and(|passed_s| passed_s < COMPLETENESS_S) {
            return None;
        }
        self.completeness_at = Some(now);
        let sources = (0..).zip(judge.qualities(self.books.len()));
        Some(Counted {
            sources: sources.map(|(source, qualities)| (qualities, judge.completeness(source, now))).collect(),
            districts: self.districts.count(&judge.monitor, now),
        })
    }

    /// Rates, and what was counted.
    pub fn tick(&mut self, status: &mut IngestStatus, counted: Option<Counted>, now: Timestamp) {
        let passed_s = self.looked_at.map(|at| now.duration_since(at).as_secs_f64()).filter(|passed_s| *passed_s > 0.0);
        self.looked_at = Some(now);
        if let Some(passed_s) = passed_s {
            let share = 1.0 - (-passed_s / RATE_S).exp();
            for (book, status) in self.books.iter_mut().zip(&mut status.sources) {
                status.rate_per_s += share * (book.ticked as f64 / passed_s - status.rate_per_s);
                book.ticked = 0;
            }
        }
        if let Some(counted) = counted {
            status.districts = counted.districts;
            for (status, counted) in status.sources.iter_mut().zip(counted.sources) {
                (status.qualities, status.completeness) = counted;
            }
        }
    }
}
