//! `feed record` and `feed retry`: a city's history without a window.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use citytwin_feeds::{MqttConfig, Secrets};
use citytwin_ingest::{
    Broker, Feeds, Ingest, IngestStatus, Keeper, Origin, Retried, Retry, Settings, SourceStatus, retry_dead,
};
use citytwin_model::{Timestamp, slug};

use crate::{
    arguments::{FeedRecordArguments, FeedRetryArguments},
    live::{Foretold, NOTHING_TO_KEEP, kept, live, sources},
    say,
    verbs::open,
};

/// Between two looks at the clock and at Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);
/// Between two lines about how it goes.
const TELL: Duration = Duration::from_secs(10);

pub fn record(arguments: &FeedRecordArguments) -> anyhow::Result<()> {
    let Some(live) = live(&arguments.live, &arguments.city, Foretold::Unrefused)? else { bail!("{NOTHING_TO_KEEP}") };
    let city = open(&arguments.city, &arguments.map)?;
    // What cannot be reached leaves no folder behind.
    live.broker.iter().try_for_each(MqttConfig::check)?;
    let mut brokers: Vec<Broker> =
        live.broker.iter().map(|config| Broker { origin: Origin::Own, config: config.clone() }).collect();
    if let Some(sources) = &live.sources {
        let mapped = Broker::of(sources, &live.folder, &Secrets::of_process());
        brokers.extend(mapped.map_err(|(source, error)| anyhow!("source {source}: {error}"))?);
    }
    let (history, instance) = live.history.open_for_intake()?;
    let settings = Settings { folder: Some(live.folder.clone()), ..Settings::new(instance) };
    let slug = slug(&city.name);
    let sources = live.sources.as_deref();
    let feeds = Feeds { city: &slug, sensors: &city.sensors, anchor: city.anchor, sources, brokers };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be heard")?;
    let _keeper = Keeper::start(Arc::clone(&history), live.wall.clone())?;
    let mut ingest = Ingest::start(&feeds, history, settings, live.wall)?;
    say(&format!("records {} into {}\n", city.name, live.history))?;
    let began = Instant::now();
    let end = arguments.length.map(Duration::from_secs_f64);
    let mut told = began;
    while !stop.load(Ordering::Relaxed) && end.is_none_or(|end| began.elapsed() < end) {
        thread::sleep(LOOK);
        // Nobody looks at live values here.
        ingest.live().take(usize::MAX);
        if told.elapsed() >= TELL {
            told = Instant::now();
            eprintln!("citytwin: {}", line(&ingest.status()));
        }
    }
    ingest.stop();
    say(&format!("{}\n", line(&ingest.status())))
}

/// How it goes, or went.
fn line(status: &IngestStatus) -> String {
    let sum = |of: fn(&SourceStatus) -> u64| status.sources.iter().map(of).sum::<u64>();
    let mut line = format!(
        "{} messages, {} readings kept, {} had come before, {} dead letters",
        sum(|source| source.messages),
        status.committed,
        status.duplicates,
        sum(SourceStatus::dead_total)
    );
    let shed = sum(SourceStatus::shed);
    if shed > 0 {
        line += &format!("; {shed} messages dropped for want of room");
    }
    for source in &status.sources {
        let broker = source.broker.as_ref().and_then(|broker| broker.last_error.as_ref());
        let poller = source.poller.as_ref().and_then(|poller| poller.last_error.as_ref());
        let file = source.file.as_ref().and_then(|file| file.error.as_ref());
        if let Some(why) = broker.or(poller).or(file) {
            line += &format!("; {}: {why}", source.feed);
        }
    }
    if let Some(why) = &status.failure {
        line += &format!("; nothing can be kept now: {why}");
    }
    line
}

pub fn retry(arguments: &FeedRetryArguments) -> anyhow::Result<()> {
    let place = kept(&arguments.kept, &arguments.city)?;
    let (sources, _) = sources(arguments.kept.sources.as_deref(), &arguments.city)?;
    let city = open(&arguments.city, &arguments.map)?;
    let (history, instance) = place.open_for_intake()?;
    let settings = Settings::new(instance);
    let slug = slug(&city.name);
    let (sensors, anchor) = (&city.sensors[..], city.anchor);
    let feeds = Feeds { city: &slug, sensors, anchor, sources: sources.as_ref(), brokers: Vec::new() };
    let retry = Retry { feed: arguments.feed.clone(), limit: arguments.most };
    let retried = retry_dead(history.as_ref(), &feeds, &settings, &retry, Timestamp::now())?;
    say(&in_words(&retried))
}

fn in_words(retried: &Retried) -> String {
    let Retried { tried, resolved, still_dead, silent, cut, new, duplicates, last_reason } = retried;
    let mut text = format!(
        "{tried} letters tried: {resolved} read now, {still_dead} still dead, {silent} say nothing, {cut} kept in part alone\n\
         {new} new readings kept, {duplicates} the history had\n"
    );
    if let Some(why) = last_reason {
        text += &format!("the last that is still dead: {why}\n");
    }
    text
}
