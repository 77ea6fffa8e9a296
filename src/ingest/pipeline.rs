//! The running intake: a thread that takes, commits, acknowledges and hands over, in this order.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use citytwin_feeds::{
    Clock, Delivery, FileSource, Hosts, Poller, PollerSettings, Receiver, Subscription, SubscriptionSettings,
    client_id, mapping::SourceKind,
};
use citytwin_history::{Event, Happening, Notes, Store, micros};
use crossbeam_channel::{RecvTimeoutError, Sender, unbounded};

use crate::{
    Change, Feeds, IngestError, IngestStatus, Live, Origin, Settings, SourceStatus,
    batch::Batch,
    district::BySensors,
    intake::Intake,
    judge::{Books, Judge},
};

/// How often values are looked at that grow old, and sources that were lost.
const TICK: Duration = Duration::from_millis(200);
/// Waits between two tries of a commit that failed.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// The live feeds of a city at work. Dropping it commits what it holds, and ends its threads; what was not acknowledged
/// comes again at the next start.
pub struct Ingest {
    shared: Arc<Shared>,
    offered: Sender<Delivery>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the thread and its owner both see.
struct Shared {
    live: Live,
    status: Mutex<IngestStatus>,
    /// By source.
    subscriptions: Vec<Option<Subscription>>,
    /// By source.
    pollers: Vec<Option<Poller>>,
    /// By source.
    files: Vec<Option<FileSource>>,
    stop: AtomicBool,
    /// Bits of a number: [`Ingest::set_pace`].
    pace: AtomicU64,
}

impl Ingest {
    /// Connects to the brokers, begins to ask the HTTP sources, and starts the thread; returns at once. Live values go on from those of the history.
    /// `now` stamps what arrives; ages are judged by it.
    ///
    /// # Errors
    /// An address, certificate, key or variable that cannot be used, a history that does not answer, a thread that the machine
    /// refuses.
    pub fn start(
        feeds: &Feeds<'_>,
        store: Arc<dyn Store>,
        settings: Settings,
        now: Clock,
    ) -> Result<Self, IngestError> {
        let mut intake = Intake::new(feeds);
        let announced = intake.recall(store.as_ref())?;
        let (offered, arrivals) = unbounded();
        let live = Live::new(feeds.sensors.len());
        let mut judge = Judge::new(feeds.sensors, intake.feeds().len(), &settings.run, now());
        let start = now();
        let seeded = judge.seed(store.as_ref(), intake.feeds(), start, settings.seed_age_s)?;
        let age_us = (settings.seed_age_s * 1e6) as i64;
        let began = Event { at_us: micros(start), what: Happening::Started { age_us } };
        let status = IngestStatus {
            sources: (0..).zip(intake.feeds()).map(|(source, feed)| named(feeds, &intake, source, feed)).collect(),
            seeded: seeded.iter().filter(|change| matches!(change, Change::Reading(_))).count() as u64,
            ..IngestStatus::default()
        };
        live.put(seeded);
        let subscriptions = subscribe(feeds, &intake, &settings, (&offered, &now))?;
        for (source, topic) in announced {
            if let Some(Some(subscription)) = subscriptions.get(usize::from(source)) {
                subscription.subscribe_also(&topic);
            }
        }
        let pollers = ask(feeds, &intake, &settings, (&offered, &now))?;
        let files = open(feeds, &intake, &settings, (&offered, &now))?;
        let shared = Arc::new(Shared {
            live,
            status: Mutex::new(status),
            subscriptions,
            pollers,
            files,
            stop: AtomicBool::new(false),
            pace: AtomicU64::new(1.0_f64.to_bits()),
        });
        let districts = settings.districts.as_ref().map(|districts| BySensors::new(districts, feeds.sensors));
        let books = Books::new(intake.feeds().len()).with(districts.unwrap_or_default());
        let pipeline = Pipeline {
            shared: Arc::clone(&shared),
            store,
            settings,
            now,
            arrivals,
            intake,
            judge,
            books,
            batch: Batch { events: vec![began], ..Batch::default() },
        };
        let thread = thread::Builder::new().name("ingest".to_owned()).spawn(move || pipeline.run());
        Ok(Self { shared, offered, thread: Some(thread.map_err(IngestError::Start)?) })
    }

    /// What waits for the twin.
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// A copy of the state and the counts.
    pub fn status(&self) -> IngestStatus {
        let mut status = self.shared.status().clone();
        for (source, subscription) in status.sources.iter_mut().zip(&self.shared.subscriptions) {
            source.broker = subscription.as_ref().map(Subscription::status);
        }
        for (source, poller) in status.sources.iter_mut().zip(&self.shared.pollers) {
            source.poller = poller.as_ref().map(Poller::status);
        }
        for (source, file) in status.sources.iter_mut().zip(&self.shared.files) {
            source.file = file.as_ref().map(FileSource::status);
        }
        status.waiting = self.offered.len();
        status.waiting_for_twin = self.shared.live.len();
        status.conflated = self.shared.live.conflated();
        status
    }

    /// Where messages of other origin go in: recorded ones, those of a test. Their source is a position in `sources.toml`, others are passed over. Who sends bounds what waits: [`IngestStatus::waiting`].
    pub fn offers(&self) -> &Sender<Delivery> {
        &self.offered
    }

    /// All sensors speak this many times slower than they declare: [`citytwin_feeds::quality::Monitor::set_pace`].
    pub fn set_pace(&self, pace: f64) {
        self.shared.pace.store(pace.to_bits(), Ordering::Relaxed);
    }

    /// Commits what is held and ends the thread. Status and what waits for the twin stay.
    pub fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// A thread that panicked while holding it left counts that are still good to show.
    fn status(&self) -> MutexGuard<'_, IngestStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the broker or server of a source answers; `None`: it has none.
    fn answers(&self, source: usize) -> Option<bool> {
        let subscription = self.subscriptions.get(source).and_then(Option::as_ref);
        let poller = || self.pollers.get(source).and_then(Option::as_ref);
        subscription.map(Subscription::connected).or_else(|| poller().map(Poller::up))
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// The status of a source before anything came.
fn named(feeds: &Feeds<'_>, intake: &Intake, source: u16, feed: &str) -> SourceStatus {
    let kind = feeds.sources.and_then(|sources| sources.sources.get(usize::from(source))).map(|source| source.kind);
    let mapping = intake.mapping_of(source).to_owned();
    SourceStatus { feed: feed.to_owned(), kind, mapping, ..SourceStatus::default() }
}

fn subscribe(
    feeds: &Feeds<'_>,
    intake: &Intake,
    settings: &Settings,
    (into, now): (&Sender<Delivery>, &Clock),
) -> Result<Vec<Option<Subscription>>, IngestError> {
    let mut subscriptions: Vec<Option<Subscription>> = intake.feeds().iter().map(|_| None).collect();
    for broker in &feeds.brokers {
        let source = intake.source(broker.origin);
        let Some(name) = intake.feeds().get(usize::from(source)) else { continue };
        let topics = match (broker.origin, feeds.sources) {
            (Origin::Mapped(source), Some(sources)) => sources.subscriptions(usize::from(source)),
            _ => intake.own_topics().to_vec(),
        };
        let id = client_id(feeds.city, name, &settings.instance);
        let told = SubscriptionSettings {
            waiting_bytes: settings.waiting_bytes,
            keep_alive: settings.keep_alive,
            ..SubscriptionSettings::new(id, topics, source)
        };
        let started = Subscription::start(broker.config.clone(), told, into.clone(), Arc::clone(now));
        let started = started.map_err(|source| IngestError::Source { source_id: name.clone(), source })?;
        subscriptions[usize::from(source)] = Some(started);
    }
    Ok(subscriptions)
}

/// A poller for each HTTP source. All keep one distance to a host together.
fn ask(
    feeds: &Feeds<'_>,
    intake: &Intake,
    settings: &Settings,
    (into, now): (&Sender<Delivery>, &Clock),
) -> Result<Vec<Option<Poller>>, IngestError> {
    let mut pollers: Vec<Option<Poller>> = intake.feeds().iter().map(|_| None).collect();
    let Some(sources) = feeds.sources else { return Ok(pollers) };
    let hosts = Arc::new(Hosts::default());
    let folder = settings.folder.as_deref().unwrap_or(Path::new(""));
    let http = (0..).zip(&sources.sources).filter(|(_, source)| source.kind == SourceKind::Http);
    for (number, source) in http {
        let told = PollerSettings::of(sources, number, folder, &settings.secrets);
        let started = told.and_then(|mut told| {
            told.waiting_bytes = settings.waiting_bytes;
            Poller::start(told, Arc::clone(&hosts), into.clone(), Arc::clone(now))
        });
        let started = started.map_err(|error| IngestError::Source { source_id: source.id.clone(), source: error })?;
        pollers[usize::from(number)] = Some(started);
    }
    Ok(pollers)
}

/// The files of the city's folder, each read once: what the history has already changes nothing.
fn open(
    feeds: &Feeds<'_>,
    intake: &Intake,
    settings: &Settings,
    (into, now): (&Sender<Delivery>, &Clock),
) -> Result<Vec<Option<FileSource>>, IngestError> {
    let mut files: Vec<Option<FileSource>> = intake.feeds().iter().map(|_| None).collect();
    let (Some(sources), Some(folder)) = (feeds.sources, &settings.folder) else { return Ok(files) };
    for (number, source) in (0..).zip(&sources.sources).filter(|(_, source)| source.kind == SourceKind::File) {
        let started = FileSource::start(sources, number, folder, (into.clone(), Arc::clone(now)));
        let started = started.map_err(|error| IngestError::Source { source_id: source.id.clone(), source: error })?;
        files[usize::from(number)] = Some(started);
    }
    Ok(files)
}

struct Pipeline {
    shared: Arc<Shared>,
    store: Arc<dyn Store>,
    settings: Settings,
    now: Clock,
    arrivals: Receiver<Delivery>,
    intake: Intake,
    judge: Judge,
    books: Books,
    batch: Batch,
}

impl Pipeline {
    fn run(mut self) {
        let mut next_tick = Instant::now();
        while !self.shared.stopping() {
            self.gather(next_tick);
            if Instant::now() >= next_tick {
                next_tick = Instant::now() + TICK;
                self.tick();
            }
            if !self.batch.is_empty() && !self.settle() {
                return;
            }
        }
    }

    /// Takes what comes until the batch is full, old enough, or nothing more comes; waits for its first message until
    /// `tick`.
    fn gather(&mut self, tick: Instant) {
        let Settings { batch_rows, batch_time, quiet, .. } = self.settings;
        let first = match self.arrivals.recv_deadline(tick) {
            Ok(delivery) => delivery,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        };
        let end = Instant::now() + batch_time;
        self.take(first);
        while self.batch.rows.len() < batch_rows && self.batch.deliveries.len() < batch_rows {
            let until = end.min(Instant::now() + quiet);
            match self.arrivals.try_recv().or_else(|_| self.arrivals.recv_deadline(until)) {
                Ok(delivery) => self.take(delivery),
                Err(_) => return,
            }
        }
    }

    /// Decodes and judges a message.
    fn take(&mut self, delivery: Delivery) {
        let source = delivery.source;
        if usize::from(source) >= self.intake.feeds().len() {
            return;
        }
        // It may have come before the next look at which sources answer.
        if !self.judge.is_up(source) && self.shared.answers(usize::from(source)) == Some(true) {
            let feed = &self.intake.feeds()[usize::from(source)];
            let trusted = self.judge.found(source, feed, (self.now)(), &mut self.batch.events);
            self.batch.news.extend(trusted);
        }
        let subscription = self.shared.subscriptions.get(usize::from(source)).and_then(Option::as_ref);
        self.judge.take(
            self.store.as_ref(),
            &mut self.intake,
            &delivery,
            subscription,
            (&mut self.batch, &mut self.books),
        );
        self.batch.deliveries.push(delivery);
    }

    /// Commits the batch, then acknowledges, then hands over. Tries again until the store takes it; false when it was
    /// told to stop before.
    fn settle(&mut self) -> bool {
        let began = Instant::now();
        let mut wait = FIRST_RETRY;
        let committed = loop {
            let Batch { rows, dead, events, lessons, .. } = &self.batch;
            match self.store.commit_with(rows, dead, Notes { run: &self.settings.run, events, lessons }) {
                Ok(committed) => break committed,
                Err(error) => self.shared.status().failure = Some(error.to_string()),
            }
            if self.shared.stopping() {
                return false;
            }
            thread::park_timeout(wait);
            wait = (wait * 2).min(LONGEST_RETRY);
        };
        for (source, subscription) in (0..).zip(&self.shared.subscriptions) {
            let Some(subscription) = subscription else { continue };
            let owed = self.batch.owed(source);
            if !owed.is_empty() {
                subscription.acknowledge(owed);
            }
        }
        self.shared.live.put(self.batch.news.drain(..));
        let mut status = self.shared.status();
        status.failure = None;
        status.committed += committed.new;
        status.duplicates += committed.duplicate + self.books.repeated();
        status.expired += committed.expired;
        status.commits += 1;
        status.batch = self.batch.rows.len();
        status.commit_s = began.elapsed().as_secs_f64();
        self.books.enter(&self.batch.deliveries, &mut status.sources, (self.now)());
        drop(status);
        self.batch.clear();
        true
    }

    /// Values that have grown old and sources that were lost or found again.
    fn tick(&mut self) {
        let now = (self.now)();
        let pace = f64::from_bits(self.shared.pace.load(Ordering::Relaxed));
        self.judge.set_pace(pace, now, &mut self.batch.events);
        let up: Vec<Option<bool>> =
            (0..self.shared.subscriptions.len()).map(|source| self.shared.answers(source)).collect();
        let changes = self.judge.tick(now, (self.intake.feeds(), &up), &mut self.batch.events);
        self.shared.live.put(changes);
        // Before the status is held, which the screen waits for.
        let counted = self.books.count(&self.judge, now);
        let mut status = self.shared.status();
        self.books.tick(&mut status, counted, now);
        status.looks += 1;
    }
}
