//! Feeds and history as the panels show them, made anew a few times a second.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use citytwin_feeds::{Connection, PollState, mapping::SourceKind as Reached};
use citytwin_history::{KeptDeadLetter, Level, RollUp, Row, SECOND_US, instant};
use citytwin_ingest::{DistrictCounts, DistrictStatus, IngestStatus, SourceStatus};
use citytwin_model::{
    City, FeatureRef, Quality, SensorId, Timestamp,
    time::{
        TimeZone,
        civil::{Date, DateTime},
    },
};
use citytwin_panels::{
    DeadLetterRow, DistrictRow, Districts, FeedMode as ShownMode, FeedTotals, FeedsData, HistoryLevel, HistoryPoint,
    HistoryRange, HistoryStore, LiveClock, LiveState, ModelError, RATE_STEP_S, SensorCounts, SensorHistory, SourceKind,
    SourceRow, SourceState, Tab, Unit,
};
use citytwin_twin::{
    Chart, ChartAsked, CityModel, Clock, Feed, FeedClock, FeedHealth, FeedMode, HistoryDesk, Overview, Points,
};
use citytwin_view::Selection;

use super::inspect::label;
use crate::desk::{Desk, Panels};

/// Between two looks at the feeds, wall time.
const ANEW: Duration = Duration::from_millis(400);
/// Rates that are kept of each source.
const RATES: usize = 60;
/// Characters of a dead letter's payload.
const EXCERPT: usize = 160;

/// What the panels show of feeds and history.
#[derive(Resource, Default)]
pub struct FeedsSeen {
    pub data: Option<FeedsData>,
    /// Of the picked sensor, or of one that watches what is picked.
    pub history: Option<SensorHistory>,
    held_s: Vec<[f64; 2]>,
    days: Option<(Date, Date)>,
    state: Option<LiveState>,
    looked_at: Option<Instant>,
    rates: Rates,
    drawn: Option<(u64, ChartAsked, bool)>,
}

/// Readings a second of each source over the last minutes.
#[derive(Default)]
struct Rates {
    noted_at: Option<Instant>,
    of: Vec<Vec<f64>>,
}

impl FeedsSeen {
    /// How the clock stands to what is measured.
    pub fn live(&self) -> Option<LiveClock<'_>> {
        Some(LiveClock { state: self.state?, held_s: &self.held_s, days: self.days })
    }
}

pub fn plugin(app: &mut App) {
    app.init_resource::<FeedsSeen>().add_systems(Update, (want, look, draw).chain());
}

/// The sensor whose past is shown for what is picked: itself, or the first that watches it.
pub fn sensor_of(city: &City, picked: Option<FeatureRef>) -> Option<SensorId> {
    match picked? {
        FeatureRef::Sensor(sensor) => Some(sensor),
        feature => city.sensors.iter().find(|sensor| sensor.observes == Some(feature)).map(|sensor| sensor.id),
    }
}

/// What is asked of the history: the picked sensor's curve, and what is kept while somebody can see it.
fn want(
    (desk, panels, selection): (Res<Desk>, Res<Panels>, Res<Selection>),
    (city, feed): (Option<Res<CityModel>>, Option<Res<Feed>>),
    history: Option<ResMut<HistoryDesk>>,
) {
    let Some(((city, feed), mut history)) = city.zip(feed).zip(history) else { return };
    let shown = desk.draw_panels && panels.0.right_open;
    let sensor = sensor_of(&city.0, selection.picked).filter(|_| shown && panels.0.tab == Tab::Inspect);
    let asked = sensor.map(|sensor| ChartAsked { sensor, length_s: desk.history_range.length_s() });
    let follows = matches!(feed.mode(), FeedMode::Live | FeedMode::Past | FeedMode::Ahead);
    let overview = desk.draw_panels && (follows || panels.0.right_open && panels.0.tab == Tab::Feeds);
    if (history.asked, history.overview_wanted) != (asked, overview) {
        (history.asked, history.overview_wanted) = (asked, overview);
    }
}

fn look(
    (feed, health, feed_clock): (Option<Res<Feed>>, Option<Res<FeedHealth>>, Option<Res<FeedClock>>),
    (clock, history): (Option<Res<Clock>>, Option<Res<HistoryDesk>>),
    mut seen: ResMut<FeedsSeen>,
) {
    let there = feed.zip(health).zip(feed_clock.zip(clock));
    let Some(((feed, health), (feed_clock, clock))) = there else {
        *seen = FeedsSeen::default();
        return;
    };
    if seen.looked_at.is_some_and(|at| at.elapsed() < ANEW) {
        return;
    }
    let seen = &mut *seen;
    seen.looked_at = Some(Instant::now());
    let overview = history.as_ref().and_then(|history| history.overview.as_ref());
    let status = feed.status();
    seen.rates.note(status.as_ref());
    let look = Look { feed: &feed, health: *health, now: feed_clock.now(), clock: &clock };
    seen.data = look.data(status.as_ref(), overview, &seen.rates);
    seen.state = match feed.mode() {
        FeedMode::Live => Some(LiveState::Following),
        FeedMode::Past => Some(LiveState::Past),
        FeedMode::Ahead => Some(LiveState::Ahead),
        FeedMode::Off | FeedMode::Emulated | FeedMode::Replay => None,
    };
    seen.held_s = overview.map_or_else(Vec::new, |overview| held(overview, &clock));
    let date = |us| clock.zone.to_datetime(instant(us)).date();
    seen.days = overview.and_then(|overview| overview.whole).map(|whole| (date(whole.from_us), date(whole.to_us - 1)));
}

impl Rates {
    fn note(&mut self, status: Option<&IngestStatus>) {
        if self.noted_at.is_some_and(|at| at.elapsed().as_secs_f64() < RATE_STEP_S) {
            return;
        }
        self.noted_at = Some(Instant::now());
        let sources = status.map_or(&[] as &[SourceStatus], |status| &status.sources);
        self.of.resize(sources.len(), Vec::new());
        for (rates, source) in self.of.iter_mut().zip(sources) {
            if rates.len() >= RATES {
                rates.remove(0);
            }
            rates.push(source.rate_per_s);
        }
    }
}

/// Where the clock's local day has readings, seconds since midnight.
fn held(overview: &Overview, clock: &Clock) -> Vec<[f64; 2]> {
    let midnight = clock.zone.to_datetime(clock.now()).date().to_datetime(Default::default());
    let Ok(start) = midnight.to_zoned(clock.zone.clone()) else { return Vec::new() };
    let start_us = start.timestamp().as_microsecond();
    let second = |us: i64| ((us - start_us) as f64 / 1e6).clamp(0.0, 86_400.0);
    overview.held.iter().map(|span| [second(span.from_us), second(span.to_us)]).collect()
}

/// One look at the feeds.
struct Look<'a> {
    feed: &'a Feed,
    health: FeedHealth,
    now: Timestamp,
    clock: &'a Clock,
}

impl Look<'_> {
    fn local(&self, at: Timestamp) -> DateTime {
        self.clock.zone.to_datetime(at)
    }

    fn since_s(&self, at: Timestamp) -> f64 {
        self.now.duration_since(at).as_secs_f64().max(0.0)
    }

    fn data(&self, status: Option<&IngestStatus>, overview: Option<&Overview>, rates: &Rates) -> Option<FeedsData> {
        if self.feed.mode() == FeedMode::Off && self.feed.failure.is_none() {
            return None;
        }
        let at = self.local(self.clock.now());
        Some(FeedsData {
            mode: match self.feed.mode() {
                FeedMode::Off | FeedMode::Live => ShownMode::Live,
                FeedMode::Ahead => ShownMode::Ahead,
                FeedMode::Emulated => ShownMode::Emulated,
                FeedMode::Past => ShownMode::Past { at },
                FeedMode::Replay => ShownMode::Replay { at, speed: self.clock.speed },
            },
            sources: self.sources(status, rates),
            districts: status.map_or_else(Districts::default, |status| districts(&status.districts)),
            totals: status.map_or_else(FeedTotals::default, totals),
            history: self.history(status, overview),
            dead: overview.map_or_else(Vec::new, |o| o.letters.iter().map(|letter| self.letter(letter)).collect()),
            failure: self.feed.failure.clone(),
        })
    }

    fn counts(&self) -> SensorCounts {
        let FeedHealth { good, uncertain, bad, stale, silent, .. } = self.health;
        SensorCounts { good, uncertain, bad, stale, silent }
    }

    fn sources(&self, status: Option<&IngestStatus>, rates: &Rates) -> Vec<SourceRow> {
        if self.feed.mode() == FeedMode::Replay {
            let state = if self.feed.replayed() { SourceState::AtRest } else { SourceState::Live };
            let name = self.feed.kept().map_or_else(String::new, |kept| kept.run.to_string());
            let address = self.feed.kept().map_or_else(String::new, |kept| kept.place.clone());
            let readings = self.feed.replayed_readings();
            let (kind, sensors) = (SourceKind::Replay, self.counts());
            return vec![SourceRow { name, address, kind, state, sensors, readings, ..SourceRow::default() }];
        }
        let Some(status) = status else { return Vec::new() };
        // The program's own format stands there only where it is spoken.
        let spoken: Vec<(usize, &SourceStatus)> = status
            .sources
            .iter()
            .enumerate()
            .filter(|(_, s)| s.broker.is_some() || s.poller.is_some() || s.file.is_some() || s.messages > 0)
            .collect();
        let alone = spoken.len() == 1;
        spoken.into_iter().map(|(index, source)| self.source(source, alone, rates.of.get(index))).collect()
    }

    fn source(&self, source: &SourceStatus, alone: bool, rates: Option<&Vec<f64>>) -> SourceRow {
        let [good, uncertain, bad, stale] = source.qualities.map(|count| count as usize);
        let (state, since) = state(source);
        let broker = source.broker.as_ref();
        let poller = source.poller.as_ref();
        let mut dead: Vec<(String, u64)> = source.dead.iter().map(|(why, n)| ((*why).to_owned(), *n)).collect();
        dead.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        let (live, heard) = (source.messages > 0, source.last_reading_at);
        SourceRow {
            name: if self.feed.is_emulated() { "Emulated sensors".to_owned() } else { source.feed.clone() },
            address: broker
                .map(|broker| broker.broker.clone())
                .or_else(|| poller.map(|poller| poller.address.clone()))
                .or_else(|| source.file.as_ref().map(|file| file.path.clone()))
                .unwrap_or_default(),
            kind: match source.kind {
                _ if self.feed.is_emulated() => SourceKind::Emulated,
                Some(Reached::Http) => SourceKind::Http,
                Some(Reached::File) => SourceKind::File,
                Some(Reached::Mqtt) | None => SourceKind::Mqtt,
            },
            state,
            since_s: since.map(|at| Timestamp::now().duration_since(at).as_secs_f64().max(0.0)),
            // Which source a sensor that never spoke belongs to is known where there is one alone.
            sensors: if alone { self.counts() } else { SensorCounts { good, uncertain, bad, stale, silent: 0 } },
            rate_per_s: source.rate_per_s,
            rates_per_s: rates.cloned().unwrap_or_default(),
            lag_s: live.then_some(source.lag_s),
            delay_s: heard.map(|_| source.age_s),
            age_s: heard.map(|at| self.since_s(at)),
            completeness: source.completeness,
            messages: source.messages,
            readings: source.readings,
            late: source.late,
            duplicates: broker.map_or(0, |broker| broker.repeated),
            shed: source.shed(),
            waiting_bytes: broker
                .map(|broker| (broker.waiting_bytes as u64, broker.waiting_limit as u64))
                .or_else(|| poller.map(|poller| (poller.waiting_bytes as u64, poller.waiting_limit as u64))),
            sessions_lost: broker.map_or(0, |broker| broker.sessions_lost),
            dead,
            last_dead: source.last_dead.clone(),
            last_error: broker
                .and_then(|broker| broker.last_error.clone())
                .or_else(|| poller.and_then(|poller| poller.last_error.clone())),
            mapping: source.mapping.clone(),
            model_output: source.modelled > 0,
        }
    }

    fn history(&self, status: Option<&IngestStatus>, overview: Option<&Overview>) -> HistoryStore {
        let Some(kept) = self.feed.kept() else { return HistoryStore::default() };
        let local = |us| self.local(instant(us));
        let failure = status.and_then(|status| status.failure.clone());
        HistoryStore {
            place: kept.place.clone(),
            rows: overview.map(|overview| overview.size.rows),
            bytes: overview.map(|overview| overview.size.hot_bytes + overview.size.cold_bytes),
            span: overview.and_then(|o| o.whole).map(|whole| (local(whole.from_us), local(whole.to_us))),
            committed: status.map_or(0, |status| status.committed),
            failure: failure
                .or_else(|| self.feed.upkeep_failure())
                .or_else(|| overview.and_then(|overview| overview.failure.clone())),
        }
    }

    fn letter(&self, kept: &KeptDeadLetter) -> DeadLetterRow {
        let at = instant(kept.letter.received_us);
        let text = String::from_utf8_lossy(&kept.letter.bytes);
        DeadLetterRow {
            feed: kept.letter.feed.clone(),
            at: self.local(at),
            age_s: self.since_s(at),
            reason: kept.letter.reason.clone(),
            excerpt: text.chars().take(EXCERPT).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect(),
            mapping: kept.letter.mapping.clone(),
        }
    }
}

fn districts(counts: &DistrictCounts) -> Districts {
    let row = |district: &DistrictStatus| {
        let [good, uncertain, bad, stale] = district.qualities.map(|count| count as usize);
        DistrictRow {
            name: district.name.clone(),
            sensors: SensorCounts { good, uncertain, bad, stale, silent: district.silent as usize },
            completeness: district.completeness,
        }
    };
    Districts {
        rule: counts.rule.to_owned(),
        inferred: !counts.named,
        rows: counts.districts.iter().map(row).collect(),
    }
}

fn totals(status: &IngestStatus) -> FeedTotals {
    FeedTotals {
        waiting: status.waiting as u64,
        duplicates: status.duplicates,
        expired: status.expired,
        conflated: status.conflated,
        last_commit: (status.commits > 0).then_some((status.batch as u64, status.commit_s)),
    }
}

/// How a source stands, and since when.
fn state(source: &SourceStatus) -> (SourceState, Option<Timestamp>) {
    let lost = |why: &Option<String>| SourceState::Lost(why.clone().unwrap_or_else(|| "no answer".to_owned()));
    if let Some(broker) = &source.broker {
        let state = match broker.connection {
            Connection::Connected => SourceState::Live,
            Connection::Connecting if broker.last_error.is_none() => SourceState::Connecting,
            Connection::Connecting | Connection::Waiting => lost(&broker.last_error),
            Connection::Stopped => SourceState::AtRest,
        };
        return (state, broker.since);
    }
    if let Some(poller) = &source.poller {
        let state = match poller.state {
            PollState::Failing => lost(&poller.last_error),
            PollState::Stopped => SourceState::AtRest,
            PollState::Asking if poller.last_answer_at.is_none() => SourceState::Connecting,
            PollState::Asking | PollState::Resting => SourceState::Live,
        };
        return (state, poller.since);
    }
    match &source.file {
        Some(file) if file.error.is_some() => (lost(&file.error), None),
        Some(file) if file.done => (SourceState::AtRest, None),
        Some(_) => (SourceState::Live, None),
        None => (SourceState::AtRest, None),
    }
}

/// The curve of the picked sensor.
fn draw(
    (desk, city, history): (Res<Desk>, Option<Res<CityModel>>, Option<Res<HistoryDesk>>),
    (clock, feed): (Option<Res<Clock>>, Option<Res<Feed>>),
    mut seen: ResMut<FeedsSeen>,
) {
    let there = city.zip(history).zip(clock).zip(feed.filter(|feed| feed.kept().is_some()));
    let asked = there.as_ref().and_then(|(((_, history), _), _)| history.asked);
    let (Some((((city, history), clock), _)), Some(asked)) = (there, asked) else {
        if seen.history.is_some() {
            (seen.history, seen.drawn) = (None, None);
        }
        return;
    };
    let drawn = Some((history.version, asked, history.is_reading()));
    if seen.drawn != drawn {
        let chart = history.chart.as_ref().filter(|chart| chart.asked.sensor == asked.sensor);
        seen.history = curve(&city.0, asked.sensor, desk.history_range, chart, &clock.zone)
            .map(|curve| SensorHistory { reading: history.is_reading(), ..curve });
        seen.drawn = drawn;
    }
}

fn curve(
    city: &City,
    sensor: SensorId,
    range: HistoryRange,
    chart: Option<&Chart>,
    zone: &TimeZone,
) -> Option<SensorHistory> {
    let sensor = city.sensors.get(sensor.index())?;
    let (level, points) = match chart.map(|chart| &chart.points) {
        None => (HistoryLevel::Raw, Vec::new()),
        Some(Points::Rows(rows)) => (HistoryLevel::Raw, rows.iter().map(of_row).collect()),
        Some(Points::RollUps(level, rollups)) => {
            let shown = match level {
                Level::Minute => HistoryLevel::Minute,
                Level::QuarterHour => HistoryLevel::QuarterHour,
                Level::Hour => HistoryLevel::Hour,
            };
            (shown, rollups.iter().map(of_roll_up).collect())
        }
    };
    let second = |us: i64| us as f64 / SECOND_US as f64;
    let modelled = chart.map_or_else(Vec::new, |chart| model_points(&chart.modelled));
    let made = chart.and_then(|chart| chart.made.as_ref());
    Some(SensorHistory {
        sensor: sensor.id,
        name: sensor.name.clone(),
        quantity: label(sensor.quantity).to_owned(),
        unit: Unit::of(sensor.quantity),
        range,
        span_s: chart.map_or([0.0; 2], |chart| [second(chart.span.from_us), second(chart.span.to_us)]),
        level,
        interval_s: (sensor.interval_s > 0.0).then_some(sensor.interval_s),
        model_error: model_error(&points, level.length_s(), &modelled),
        simulated: with_gaps(modelled),
        points,
        source: made.map_or_else(String::new, |made| made.feed.to_string()),
        mapping: made.map_or_else(String::new, |made| made.mapping.to_string()),
        emulated: made.is_some_and(|made| made.emulated),
        reading: false,
        error: chart.and_then(|chart| chart.failure.clone()),
        zone: zone.clone(),
    })
}

/// Time and value of what the model said: of single values, or of the middle of each interval.
fn model_points(points: &Points) -> Vec<[f64; 2]> {
    let second = |us: i64| us as f64 / SECOND_US as f64;
    match points {
        Points::Rows(rows) => rows.iter().map(|row| [second(row.observed_us), row.value]).collect(),
        Points::RollUps(level, rollups) => {
            let middle = |rollup: &RollUp| second(rollup.start_us + level.length_us() / 2);
            let means = rollups.iter().filter_map(|rollup| Some([middle(rollup), rollup.values.as_ref()?.mean]));
            means.collect()
        }
    }
}

/// Time between two values of the model beyond which there is a gap: two of them are missing, or one interval.
const MODEL_GAP_S: f64 = 1_000.0;

fn with_gaps(points: Vec<[f64; 2]>) -> Vec<[f64; 2]> {
    let steps = points.windows(2).map(|pair| pair[1][0] - pair[0][0]);
    let usual_s = steps.fold(f64::INFINITY, f64::min);
    let longest_s = if usual_s.is_finite() { MODEL_GAP_S.max(1.5 * usual_s) } else { MODEL_GAP_S };
    let mut drawn: Vec<[f64; 2]> = Vec::with_capacity(points.len());
    for point in points {
        if let Some(last) = drawn.last().filter(|last| point[0] - last[0] > longest_s) {
            drawn.push([0.5 * (last[0] + point[0]), f64::NAN]);
        }
        drawn.push(point);
    }
    drawn
}

/// How far the model was off where both it and the sensor spoke: by intervals, or by readings within 150 s of a value.
fn model_error(points: &[HistoryPoint], length_s: f64, modelled: &[[f64; 2]]) -> Option<ModelError> {
    let reach_s = if length_s > 0.0 { 0.5 * length_s } else { 150.0 };
    let (mut bias, mut off, mut observed, mut pairs) = (0.0, 0.0, 0.0, 0_u32);
    for [at, value] in modelled {
        let time = |point: &HistoryPoint| point.t_s + 0.5 * length_s;
        let from = points.partition_point(|point| time(point) < at - reach_s);
        let near = points[from..].iter().take_while(|point| time(point) <= at + reach_s).map(|point| point.mean);
        let (count, sum) = near.filter(|mean| mean.is_finite()).fold((0, 0.0), |(n, sum), mean| (n + 1, sum + mean));
        if count > 0 {
            let mean = sum / f64::from(count);
            (bias, off) = (bias + value - mean, off + (value - mean).abs());
            (observed, pairs) = (observed + mean, pairs + 1);
        }
    }
    let of = |sum: f64| sum / f64::from(pairs);
    (pairs > 0).then(|| ModelError { bias: of(bias), mean_off: of(off), observed: of(observed), pairs })
}

fn of_row(row: &Row) -> HistoryPoint {
    let value = if row.quality == Quality::Bad { f64::NAN } else { row.value };
    HistoryPoint {
        t_s: row.observed_us as f64 / SECOND_US as f64,
        mean: value,
        min: value,
        max: value,
        count: 1,
        good_share: if row.quality == Quality::Good { 1.0 } else { 0.0 },
        worst: row.quality,
    }
}

fn of_roll_up(rollup: &RollUp) -> HistoryPoint {
    let count = rollup.count();
    let of = |pick: fn(&citytwin_history::Values) -> f64| rollup.values.as_ref().map_or(f64::NAN, pick);
    HistoryPoint {
        t_s: rollup.start_us as f64 / SECOND_US as f64,
        mean: of(|values| values.mean),
        min: of(|values| values.min),
        max: of(|values| values.max),
        count,
        good_share: f64::from(rollup.counts[0]) / f64::from(count.max(1)),
        worst: rollup.worst(),
    }
}
