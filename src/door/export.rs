//! `feed export`: readings of a history, or their roll-ups, as a file.

use std::{
    ops::ControlFlow,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, bail};
use citytwin_history::{
    Export, Level, SeriesId, SeriesKey, Span, Store, export_csv, export_parquet, export_roll_ups_csv,
    export_roll_ups_parquet, micros,
};

use crate::{
    arguments::{FeedExportArguments, RollUpLevel},
    live::{has_run, kept},
    progress::Bar,
    say,
    verbs::{instant, open},
};

/// Sensors that a refusal names.
const NAMED: usize = 5;

/// By the end of the file's name.
#[derive(Clone, Copy)]
enum Form {
    Csv,
    Parquet,
}

pub fn export(arguments: &FeedExportArguments) -> anyhow::Result<()> {
    let path = &arguments.out;
    let form = form(path)?;
    if path.exists() {
        bail!("{} is there already; give a name that is free", path.display());
    }
    if !arguments.city.exists() {
        open(&arguments.city, &arguments.map)?;
    }
    let span = span(arguments)?;
    let place = kept(&arguments.kept, &arguments.city)?;
    let history = place.open()?;
    has_run(history.as_ref(), &place, &arguments.run)?;
    let series = series(history.as_ref(), &arguments.run, &arguments.sensors)?;
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).context("Ctrl-C cannot be heard")?;
    let bar = Bar::new();
    let mut watch = |share: f64| {
        bar.set("writing", share as f32);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (export, store) = (Export { series, span }, history.as_ref());
    let count = match (form, arguments.rollup.map(level)) {
        (Form::Csv, None) => export_csv(store, &export, path, &mut watch),
        (Form::Parquet, None) => export_parquet(store, &export, path, &mut watch),
        (Form::Csv, Some(level)) => export_roll_ups_csv(store, &export, level, path, &mut watch),
        (Form::Parquet, Some(level)) => export_roll_ups_parquet(store, &export, level, path, &mut watch),
    }?;
    drop(bar);
    let what = if arguments.rollup.is_some() { "intervals" } else { "readings" };
    say(&format!("{}: {count} {what} of {} series of run {}\n", path.display(), export.series.len(), arguments.run))
}

fn form(path: &Path) -> anyhow::Result<Form> {
    let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    match end.as_deref() {
        Some("csv") => Ok(Form::Csv),
        Some("parquet") => Ok(Form::Parquet),
        _ => bail!("--out: {}: is neither .csv nor .parquet; give a name that ends in one of them", path.display()),
    }
}

/// A whole city is opened only where its local time is asked for.
fn span(arguments: &FeedExportArguments) -> anyhow::Result<Span> {
    let (from, to) = (arguments.from, arguments.to);
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        bail!("--to: {to} is not after --from {from}");
    }
    if from.is_none() && to.is_none() {
        return Ok(Span::ALL);
    }
    let city = open(&arguments.city, &arguments.map)?;
    let [from, to] = [from, to].map(|at| at.map(|at| instant(&city, at).map(micros)).transpose());
    Ok(Span::new(from?.unwrap_or(Span::ALL.from_us), to?.unwrap_or(Span::ALL.to_us)))
}

/// The series of a run, of these sensors or of all, by name.
fn series(store: &dyn Store, run: &str, sensors: &[String]) -> anyhow::Result<Vec<SeriesId>> {
    let mut known = store.series_of(run);
    known.sort_by(|(_, a), (_, b)| a.cmp(b));
    if let Some(unknown) = sensors.iter().find(|name| !known.iter().any(|(_, key)| is(&key.sensor, name))) {
        let bare =
            |(_, key): &(SeriesId, SeriesKey)| key.sensor.strip_prefix("sensor/").unwrap_or(&key.sensor).to_owned();
        let mut names: Vec<String> = known.iter().map(bare).collect();
        names.dedup();
        let count = names.len();
        names.truncate(NAMED);
        bail!("--sensor: run {run} has no sensor {unknown}; it has {count}, such as {}", names.join(", "));
    }
    let asked = |sensor: &str| sensors.is_empty() || sensors.iter().any(|name| is(sensor, name));
    Ok(known.into_iter().filter(|(_, key)| asked(&key.sensor)).map(|(series, _)| series).collect())
}

/// A sensor of a `city.toml` is kept as `sensor/<id>`.
fn is(sensor: &str, name: &str) -> bool {
    sensor == name || sensor.strip_prefix("sensor/") == Some(name)
}

const fn level(level: RollUpLevel) -> Level {
    match level {
        RollUpLevel::Minute => Level::Minute,
        RollUpLevel::QuarterHour => Level::QuarterHour,
        RollUpLevel::Hour => Level::Hour,
    }
}
