//! A city with its sensors: `view` and `replay`, and where their readings are kept.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow, bail};
use citytwin_desktop as desktop;
use citytwin_feeds::{Foreseen, Secrets, foreseen, mapping::Sources};
use citytwin_history::{Store, instant as moment};
use citytwin_ingest::Place;
use citytwin_model::{Timestamp, slug};
use etcetera::base_strategy::BaseStrategy;
use serde::Serialize;

use crate::{
    arguments::{KeptArguments, LiveArguments, ReplayArguments, WindowArguments},
    building::first_line,
    feed::lines,
    progress::Bar,
    say,
    text::text_of,
    verbs::{instant, json, open, options},
};

/// The city that opens when none is named.
const DEMO: &str = "maps/demo";
/// A city's own sources, in its folder.
const SOURCES: &str = "sources.toml";
/// The largest `sources.toml`, byte.
const MOST_BYTES: u64 = 16 << 20;

pub fn window(arguments: &WindowArguments, city: Option<&Path>) -> anyhow::Result<()> {
    let path = match city {
        Some(path) => path.to_path_buf(),
        None => desktop::find_beside_program(DEMO)
            .context("the demo city maps/demo is not beside the program; make it with `citytwin generate`")?,
    };
    // A path that cannot be read is said here, before a window opens and closes again.
    fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
    let feed = feed(arguments, &path)?;
    let start = match (&feed, arguments.time) {
        (desktop::FeedChoice::Live(_), None) => desktop::Start::Now,
        (desktop::FeedChoice::Live(_), Some(_)) => {
            bail!(
                "--time: {SOURCES} makes this city live, which starts now; --emulated or --no-feed takes another time"
            )
        }
        (_, Some(at)) => desktop::Start::Local(at),
        (_, None) => desktop::Start::ThisMorning,
    };
    let options = options(&arguments.map);
    desktop::open(desktop::WindowSpec { path, options, feed, start, seed: arguments.seed, speed: 1.0 })?;
    Ok(())
}

/// The city's sources where it has some, otherwise the emulator.
fn feed(arguments: &WindowArguments, city: &Path) -> anyhow::Result<desktop::FeedChoice> {
    if arguments.no_feed {
        return Ok(desktop::FeedChoice::Off);
    }
    let emulated = desktop::FeedChoice::Emulated { seed: arguments.seed };
    if arguments.emulated {
        return Ok(emulated);
    }
    match live(&arguments.live, city, Foretold::All)? {
        Some(live) => Ok(desktop::FeedChoice::Live(live)),
        None if arguments.live.history.is_some() => bail!("--history: {NOTHING_TO_KEEP}"),
        None => Ok(emulated),
    }
}

/// Said where a city has no sources.
pub const NOTHING_TO_KEEP: &str = "nothing is read that could be kept; name --mqtt URL or --sources FILE, or write a sources.toml into the city's folder";

/// What of the sources is told before they are started.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Foretold {
    /// All that is certain to fail.
    All,
    /// What the start itself does not refuse.
    Unrefused,
}

/// A line on stderr for each source that is certain to fail.
fn tell(sources: Option<&Sources>, folder: &Path, foretold: Foretold) {
    for Foreseen { source_id, why, refused } in
        sources.map(|sources| foreseen(sources, folder, &Secrets::of_process())).unwrap_or_default()
    {
        if foretold == Foretold::All || !refused {
            eprintln!("citytwin: source {source_id}: {why}");
        }
    }
}

/// The sources that are named, or those of the city's folder; none where there are none.
pub fn live(arguments: &LiveArguments, city: &Path, foretold: Foretold) -> anyhow::Result<Option<desktop::LiveFeed>> {
    let (sources, folder) = sources(arguments.sources.as_deref(), city)?;
    // A file may say where readings are kept and nothing of where they come from.
    if arguments.mqtt.is_none() && sources.as_ref().is_none_or(|sources| sources.sources.is_empty()) {
        return Ok(None);
    }
    tell(sources.as_ref(), &folder, foretold);
    let broker = arguments.mqtt.as_deref().map(|url| desktop::broker_from(url, arguments.mqtt_ca.as_deref()));
    Ok(Some(desktop::LiveFeed {
        broker: broker.transpose()?,
        history: place(sources.as_ref(), arguments.history.as_deref(), city)?,
        sources: sources.map(Arc::new),
        folder,
        wall: Arc::new(Timestamp::now),
    }))
}

/// The sources that are named, or those of the city's folder, and the folder that their files are relative to.
pub fn sources(named: Option<&Path>, city: &Path) -> anyhow::Result<(Option<Sources>, PathBuf)> {
    let file = named.map(Path::to_path_buf).or_else(|| Some(city.join(SOURCES)).filter(|file| file.is_file()));
    let sources = file.as_deref().map(read_sources).transpose()?;
    let beside =
        named.and_then(Path::parent).map(|folder| if folder == Path::new("") { Path::new(".") } else { folder });
    Ok((sources, beside.unwrap_or(city).to_path_buf()))
}

fn read_sources(file: &Path) -> anyhow::Result<Sources> {
    let name = || file.display().to_string();
    match file.metadata() {
        Ok(found) if found.is_file() => {}
        Ok(_) => bail!("--sources: {}: is no file; name a sources.toml", name()),
        Err(error) => bail!("--sources: {}: {error}; write it, or name one that is there", name()),
    }
    let text = text_of(file, MOST_BYTES)?;
    first_line(Sources::parse(&name(), &text).map_err(lines))
}

/// Where a city's history is: the folder that was named, otherwise what its sources say, otherwise a folder among this
/// user's data.
pub fn place(sources: Option<&Sources>, named: Option<&Path>, city: &Path) -> anyhow::Result<Place> {
    let keeping = sources.map(|sources| sources.keeping.clone()).unwrap_or_default();
    match named {
        Some(named) => Ok(Place::in_folder(&keeping, named.to_path_buf())),
        None if keeping.postgres.is_some() => {
            Place::of(&keeping, PathBuf::new(), &Secrets::of_process()).context("[history] of the city's sources")
        }
        None => Ok(Place::in_folder(&keeping, folder_of(city)?)),
    }
}

/// The history of a city that was recorded before.
pub fn kept(arguments: &KeptArguments, city: &Path) -> anyhow::Result<Place> {
    let (sources, _) = sources(arguments.sources.as_deref(), city)?;
    let place = place(sources.as_ref(), arguments.history.as_deref(), city)?;
    if !place.is_there() {
        bail!("{place}: holds no history; name the folder of one with --history DIR");
    }
    Ok(place)
}

/// The folder of a city's history among this user's data.
fn folder_of(city: &Path) -> anyhow::Result<PathBuf> {
    let known = etcetera::base_strategy::choose_native_strategy()
        .context("no folder for this user's data is known; name one with --history DIR")?;
    // On Windows data may wander from machine to machine with the user, caches do not: gigabytes stay where they are.
    let data = if cfg!(windows) { known.cache_dir() } else { known.data_dir() };
    let whole = fs::canonicalize(city).unwrap_or_else(|_| city.to_path_buf());
    let stem = whole.file_stem().map_or_else(String::new, |stem| slug(&stem.to_string_lossy()));
    let name = if stem.is_empty() { "city".to_owned() } else { stem };
    Ok(data.join("citytwin").join("history").join(name))
}

fn unreadable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow!("{}: cannot be opened ({error}); name an .osm.pbf, .osm or .osm.gz file or a city folder", path.display())
}

#[derive(Serialize)]
struct Replayed {
    from: String,
    to: String,
    readings: u64,
    sensors: Counts,
    observed_hash: String,
    state_hash: String,
    seconds: f64,
}

#[derive(Serialize)]
struct Counts {
    good: usize,
    uncertain: usize,
    bad: usize,
    stale: usize,
    silent: usize,
}

pub fn replay(arguments: &ReplayArguments) -> anyhow::Result<()> {
    fs::metadata(&arguments.city).map_err(|error| unreadable(&arguments.city, &error))?;
    let place = kept(&arguments.kept, &arguments.city)?;
    let (first, last) = span(&place, &arguments.run)?;
    let feed = |to| desktop::ReplayFeed { history: place.clone(), run: arguments.run.clone(), to };
    if let (Some(from), Some(to)) = (arguments.from, arguments.to)
        && from >= to
    {
        bail!("--to: {to} is not after --from {from}");
    }
    if !arguments.headless {
        let start = arguments.from.map_or(desktop::Start::At(first), desktop::Start::Local);
        let feed = desktop::FeedChoice::Replay(feed(
            arguments.to.map_or(desktop::Until::Instant(last), desktop::Until::Local),
        ));
        let (path, options) = (arguments.city.clone(), options(&arguments.map));
        let (seed, speed) = (arguments.seed, arguments.speed);
        desktop::open(desktop::WindowSpec { path, options, feed, start, seed, speed })?;
        return Ok(());
    }
    let city = open(&arguments.city, &arguments.map)?;
    let from = arguments.from.map_or(Ok(first), |from| instant(&city, from))?;
    let to = arguments.to.map_or(Ok(last), |to| instant(&city, to))?;
    if from >= to || to <= first || from >= last {
        bail!("{place}: has nothing from {from} to {to}; it holds {first} to {last}");
    }
    let bar = Bar::new();
    let spec = desktop::ReplaySpec {
        city: Arc::new(city),
        feed: feed(desktop::Until::Instant(to)),
        from,
        to,
        seed: arguments.seed,
    };
    let done = desktop::replay(&spec, &|stage, fraction| bar.set(stage, fraction))?;
    drop(bar);
    let health = done.health;
    let report = Replayed {
        from: from.to_string(),
        to: to.to_string(),
        readings: done.readings,
        sensors: Counts {
            good: health.good,
            uncertain: health.uncertain,
            bad: health.bad,
            stale: health.stale,
            silent: health.silent,
        },
        observed_hash: format!("{:016x}", done.observed_hash),
        state_hash: format!("{:016x}", done.state_hash),
        seconds: done.seconds,
    };
    if arguments.json { say(&json(&report)?) } else { say(&in_words(&report)) }
}

/// The first and the last moment of a history, by receipt, in whole seconds.
fn span(place: &Place, run: &str) -> anyhow::Result<(Timestamp, Timestamp)> {
    let history = place.open()?;
    has_run(history.as_ref(), place, run)?;
    let whole = history.received()?.with_context(|| format!("{place}: holds no readings"))?;
    const SECOND_US: i64 = 1_000_000;
    let (first, last) = (whole.from_us / SECOND_US, whole.to_us / SECOND_US + 1);
    Ok((moment(first * SECOND_US), moment(last * SECOND_US)))
}

/// A run that is not there is refused with those that are.
pub fn has_run(store: &dyn Store, place: &Place, run: &str) -> anyhow::Result<()> {
    let runs = store.runs();
    if !runs.iter().any(|known| &**known == run) {
        let known = if runs.is_empty() { "it has none".to_owned() } else { format!("it has {}", runs.join(", ")) };
        bail!("--run: {place}: has no run {run}; {known}");
    }
    Ok(())
}

fn in_words(report: &Replayed) -> String {
    let Counts { good, uncertain, bad, stale, silent } = report.sensors;
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} to {}: {} readings in {:.1} s", report.from, report.to, report.readings, report.seconds);
    let _ = writeln!(
        text,
        "  sensors at the end: {good} good, {uncertain} uncertain, {bad} bad, {stale} stale, {silent} silent"
    );
    let _ = writeln!(text, "  observed hash: {}, state hash: {}", report.observed_hash, report.state_hash);
    text
}
