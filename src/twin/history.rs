//! What a person asks of the history: a sensor's curve, what is kept, an export. Queries run on worker threads; the live
//! city never waits for a disk.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bevy_app::prelude::*;
use bevy_ecs::prelude::*;
use citytwin_history::{
    Archive, DeadLetterCount, Export, HistoryError, KeptDeadLetter, Level, RollUp, Row, SECOND_US, SeriesId, SeriesKey,
    Size, Source as Made, Span, export_csv, micros,
};
use citytwin_model::{SensorId, Timestamp};
use crossbeam_channel::{Receiver, bounded};

use crate::{
    CityModel, Clock, EditLog, Feed, FeedClock,
    line::{Heard, Line, Work},
    modelled::model_run,
};

/// How often what is on the screen is read anew, wall time.
const ANEW: Duration = Duration::from_secs(2);
/// Single readings are drawn up to so many, intervals instead beyond.
const MOST_ROWS: usize = 2_000;
/// Dead letters on the screen.
const LETTERS: usize = 24;

/// The curve of a sensor: how far back from the clock, second; `None`: all that is kept.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ChartAsked {
    pub sensor: SensorId,
    pub length_s: Option<f64>,
}

/// A person asks for a file of a sensor's readings.
#[derive(Message, Clone, PartialEq, Debug)]
pub struct ExportRequested {
    pub chart: ChartAsked,
    pub path: PathBuf,
}

/// What became of it: how many readings were written where, or why not.
#[derive(Message, Clone, PartialEq, Debug)]
pub struct Exported {
    pub path: PathBuf,
    pub result: Result<u64, String>,
}

/// A sensor's past.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart {
    pub asked: ChartAsked,
    pub span: Span,
    pub points: Points,
    /// What the model said it should read, with the what-ifs that are in force now.
    pub modelled: Points,
    /// What made the last reading of the span.
    pub made: Option<Made>,
    pub failure: Option<String>,
}

/// Readings, or summaries of a level.
#[derive(Clone, PartialEq, Debug)]
pub enum Points {
    Rows(Vec<Row>),
    RollUps(Level, Vec<RollUp>),
}

/// What is kept.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Overview {
    pub size: Size,
    /// Of all readings, to ten minutes.
    pub whole: Option<Span>,
    /// Where the clock's day has readings, to ten minutes.
    pub held: Vec<Span>,
    pub dead: Vec<DeadLetterCount>,
    /// The newest first.
    pub letters: Vec<KeptDeadLetter>,
    pub failure: Option<String>,
}

/// The desk at which the history is asked.
#[derive(Resource, Default)]
pub struct HistoryDesk {
    /// The curve on the screen.
    pub asked: Option<ChartAsked>,
    /// Whether somebody looks at what is kept.
    pub overview_wanted: bool,
    /// Of `asked`, once read; of the one before meanwhile.
    pub chart: Option<Chart>,
    pub overview: Option<Overview>,
    /// Goes up with every answer.
    pub version: u64,
    line: Option<Line<Question, Answer>>,
    asked_at: Option<Instant>,
    asked_last: Option<ChartAsked>,
    exports: Vec<(PathBuf, Receiver<Result<u64, String>>)>,
}

struct Question {
    history: Arc<dyn Archive>,
    chart: Option<(ChartAsked, [SeriesKeys; 2])>,
    now: Timestamp,
    /// The clock's local day; the overview is wanted.
    day: Option<Span>,
}

/// The series of a sensor, by its source and quantity; here of what it said and of what the model said.
type SeriesKeys = Option<SeriesKey>;

struct Answer {
    chart: Option<Chart>,
    overview: Option<Overview>,
}

impl HistoryDesk {
    /// Whether what was asked for last is still being read.
    pub fn is_reading(&self) -> bool {
        self.asked.is_some() && self.chart.as_ref().map(|chart| chart.asked) != self.asked
    }
}

pub(crate) fn install(world: &mut World) {
    world.insert_resource(HistoryDesk::default());
}

pub(crate) fn plugin(app: &mut App) {
    app.add_message::<ExportRequested>().add_message::<Exported>().add_systems(
        Update,
        (ask, hear, export, note_exports)
            .chain()
            .run_if(resource_exists::<HistoryDesk>.and_then(resource_exists::<Feed>)),
    );
}

fn ask(
    (feed, feed_clock, clock, city, log): (Res<Feed>, Res<FeedClock>, Res<Clock>, Res<CityModel>, Res<EditLog>),
    mut desk: ResMut<HistoryDesk>,
) {
    let desk = desk.bypass_change_detection();
    let Some(kept) = feed.kept() else { return };
    if desk.asked.is_none() && !desk.overview_wanted {
        return;
    }
    let fresh = desk.asked_at.is_some_and(|at| at.elapsed() < ANEW) && desk.asked_last == desk.asked;
    if fresh {
        return;
    }
    if desk.line.is_none() {
        match Line::begin("history-desk", work) {
            Ok(line) => desk.line = Some(line),
            Err(error) => {
                tracing::error!("no thread for the history: {error}");
                return;
            }
        }
    }
    let now = feed_clock.now();
    let local = clock.zone.to_datetime(clock.now()).date();
    let day = |date: citytwin_model::time::civil::Date| {
        let start = date.to_datetime(citytwin_model::time::civil::Time::midnight());
        start.to_zoned(clock.zone.clone()).ok().map(|zoned| micros(zoned.timestamp()))
    };
    let day = day(local).zip(local.tomorrow().ok().and_then(day)).map(|(from, to)| Span::new(from, to));
    let chart = desk.asked.map(|asked| {
        let sensor = city.0.sensors.get(asked.sensor.index());
        let key = |run: &str| sensor.and_then(|s| SeriesKey::new(run, &s.source.to_string(), s.quantity).ok());
        (asked, [key(&kept.run), key(&model_run(&kept.run, &log.in_force))])
    });
    let question = Question { history: kept.history.clone(), chart, now, day: day.filter(|_| desk.overview_wanted) };
    if desk.line.as_ref().is_some_and(|line| line.ask(question)) {
        (desk.asked_at, desk.asked_last) = (Some(Instant::now()), desk.asked);
    }
}

fn hear(mut desk: ResMut<HistoryDesk>) {
    let mut heard = Vec::new();
    if let Some(line) = &mut desk.bypass_change_detection().line {
        loop {
            match line.next() {
                Heard::Said(answer) => heard.push(answer),
                Heard::Panicked(words) => tracing::error!("the history's worker panicked: {words}"),
                Heard::Nothing => break,
            }
        }
    }
    for answer in heard {
        if answer.chart.is_some() {
            desk.chart = answer.chart;
        }
        if answer.overview.is_some() {
            desk.overview = answer.overview;
        }
        desk.version += 1;
    }
}

/// The worker.
fn work(work: Work<Question, Answer>) {
    while let Some(question) = work.next() {
        let Question { history, chart, now, day } = question.what;
        let chart = chart.map(|(asked, [key, model])| {
            let span = span_of(history.as_ref(), asked, now);
            let said = read(history.as_ref(), key, span);
            match said.and_then(|said| Ok((said, read(history.as_ref(), model, span)?.0))) {
                Ok(((points, made), modelled)) => Chart { asked, span, points, modelled, made, failure: None },
                Err(error) => {
                    let none = || Points::Rows(Vec::new());
                    let failure = Some(error.to_string());
                    Chart { asked, span, points: none(), modelled: none(), made: None, failure }
                }
            }
        });
        let overview = day.map(|day| {
            overview(history.as_ref(), day)
                .unwrap_or_else(|error| Overview { failure: Some(error.to_string()), ..Overview::default() })
        });
        if !work.say(Answer { chart, overview }) {
            return;
        }
    }
}

/// What a chart shows; a moment beyond the clock, so that its own reading is in it.
fn span_of(history: &dyn Archive, asked: ChartAsked, now: Timestamp) -> Span {
    let to_us = micros(now) + 1;
    match asked.length_s {
        Some(length_s) => Span::new(to_us - (length_s * 1e6) as i64, to_us),
        None => Span::new(history.whole().ok().flatten().map_or(to_us, |whole| whole.from_us.min(to_us)), to_us),
    }
}

fn read(history: &dyn Archive, key: SeriesKeys, span: Span) -> Result<(Points, Option<Made>), HistoryError> {
    let Some(series) = key.and_then(|key| history.find(&key)) else { return Ok((Points::Rows(Vec::new()), None)) };
    let last = history.last(series, span.to_us, 1)?;
    let made = last.first().filter(|row| row.observed_us >= span.from_us).and_then(|row| history.source_of(row.source));
    Ok((points(history, series, span)?, made))
}

/// Single readings where they are few, otherwise the finest level with at most some hundred intervals.
fn points(history: &dyn Archive, series: SeriesId, span: Span) -> Result<Points, HistoryError> {
    let length_s = (span.to_us - span.from_us) / SECOND_US;
    let level = match length_s {
        s if s <= 10_800 => None,
        s if s <= 45_000 => Some(Level::Minute),
        s if s <= 675_000 => Some(Level::QuarterHour),
        _ => Some(Level::Hour),
    };
    if level.is_none() {
        let rows = history.range(series, span, MOST_ROWS + 1)?;
        if rows.len() <= MOST_ROWS {
            return Ok(Points::Rows(rows));
        }
    }
    let level = level.unwrap_or(Level::Minute);
    Ok(Points::RollUps(level, history.roll_ups(series, level, span)?))
}

fn overview(history: &dyn Archive, day: Span) -> Result<Overview, HistoryError> {
    Ok(Overview {
        size: history.size()?,
        whole: history.whole()?,
        held: history.held(day)?,
        dead: history.dead_letter_counts()?,
        letters: history.latest_dead_letters(LETTERS)?,
        failure: None,
    })
}

fn export(
    mut requests: MessageReader<ExportRequested>,
    (feed, feed_clock, city): (Res<Feed>, Res<FeedClock>, Res<CityModel>),
    mut desk: ResMut<HistoryDesk>,
) {
    for ExportRequested { chart, path } in requests.read() {
        let Some(kept) = feed.kept() else { continue };
        let Some(sensor) = city.0.sensors.get(chart.sensor.index()) else { continue };
        let Ok(key) = SeriesKey::new(&kept.run, &sensor.source.to_string(), sensor.quantity) else { continue };
        let (history, asked, now) = (kept.history.clone(), *chart, feed_clock.now());
        let (send, result) = bounded(1);
        let to = path.clone();
        let write = move || {
            let span = span_of(history.as_ref(), asked, now);
            // The window may be gone by now; then nobody waits.
            let _ = send.send(written(history.as_ref(), &key, span, &to).map_err(|error| error.to_string()));
        };
        match std::thread::Builder::new().name("history-export".into()).spawn(write) {
            Ok(_) => desk.exports.push((path.clone(), result)),
            Err(error) => tracing::error!("no thread for the export: {error}"),
        }
    }
}

fn written(history: &dyn Archive, key: &SeriesKey, span: Span, path: &Path) -> Result<u64, HistoryError> {
    let series = history.find(key).into_iter().collect();
    export_csv(history, &Export { series, span }, path, &mut |_| ControlFlow::Continue(()))
}

fn note_exports(mut desk: ResMut<HistoryDesk>, mut exported: MessageWriter<Exported>) {
    if desk.exports.is_empty() {
        return;
    }
    desk.exports.retain(|(path, result)| match result.try_recv() {
        Ok(result) => {
            exported.write(Exported { path: path.clone(), result });
            false
        }
        Err(crossbeam_channel::TryRecvError::Empty) => true,
        Err(crossbeam_channel::TryRecvError::Disconnected) => false,
    });
}
