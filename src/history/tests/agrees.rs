//! Whatever the order in which rows come, are moved to files and are asked for: the answers are those of a plain list.

mod plain;

use citytwin_history::{
    DAY_US, History, Late, Level, Row, SECOND_US, SeriesId, SeriesKey, Settings, Source, Span, Store,
};
use citytwin_model::{Quality, Quantity};
use plain::Plain;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::{ops::ControlFlow, path::Path};

const START_US: i64 = 20_000 * DAY_US;
const DAYS: i64 = 5;

struct Trial {
    rng: Pcg64Mcg,
    history: History,
    plain: Plain,
    live: Vec<SeriesId>,
    other: Vec<SeriesId>,
}

fn settings() -> Settings {
    Settings { hot_days: 2, receipt_rows: 50, ..Settings::default() }
}

fn open(folder: &Path) -> (History, Vec<SeriesId>, Vec<SeriesId>) {
    let history = History::open(folder, settings()).unwrap();
    let key = |run: &str, n: usize| SeriesKey::new(run, &format!("sensor/{n}"), Quantity::ALL[n % 9]).unwrap();
    let live = (0..6).map(|n| history.series(&key("live", n))).collect();
    let other = (0..2).map(|n| history.series(&key("scenario:a", n))).collect();
    (history, live, other)
}

impl Trial {
    /// Times on a grid of minutes, so that keys meet; receipt within minutes, sometimes days later, often the same µs.
    fn rows(&mut self) -> Vec<Row> {
        let feeds = ["a", "b", "c"].map(|f| self.history.source(&Source::new(f, "1", false).unwrap()));
        let count = self.rng.random_range(0..120);
        let all: Vec<SeriesId> = self.live.iter().chain(&self.other).copied().collect();
        let rng = &mut self.rng;
        (0..count)
            .map(|_| {
                let observed_us = START_US + rng.random_range(0..DAYS * 288) * 300 * SECOND_US;
                let lag_us = match rng.random_range(0..10) {
                    0 => rng.random_range(0..3 * DAY_US),
                    1 => -rng.random_range(0..7200 * SECOND_US),
                    2..5 => 0,
                    _ => rng.random_range(0..90) * SECOND_US,
                };
                let qualities = [Quality::Good, Quality::Uncertain, Quality::Bad, Quality::Stale];
                Row {
                    series: all[rng.random_range(0..all.len())],
                    source: feeds[rng.random_range(0..3)],
                    observed_us,
                    received_us: observed_us + lag_us,
                    value: f64::from(rng.random_range(-1000..1000)) / 7.0,
                    quality: qualities[rng.random_range(0..4)],
                }
            })
            .collect()
    }

    fn commit(&mut self) {
        let rows = self.rows();
        let told = self.history.commit(&rows, &[]).unwrap();
        assert_eq!(told.new, self.plain.commit(&rows));
        assert_eq!(told.new + told.duplicate, rows.len() as u64);
        let again = self.history.commit(&rows, &[]).unwrap();
        assert_eq!((again.new, again.duplicate), (0, rows.len() as u64), "the same again changes nothing");
    }

    fn span(&mut self) -> Span {
        let at = |rng: &mut Pcg64Mcg| START_US + rng.random_range(-3600..DAYS * 86_400) * SECOND_US;
        let (a, b) = (at(&mut self.rng), at(&mut self.rng));
        Span::new(a.min(b), a.max(b))
    }

    fn ask(&mut self) {
        let span = self.span();
        let (history, plain) = (&self.history, &self.plain);
        for series in self.live.iter().chain(&self.other).copied() {
            let expected = plain.range(series, span);
            assert_eq!(history.range(series, span, usize::MAX).unwrap(), expected);
            assert_eq!(history.range(series, span, 3).unwrap(), expected[..expected.len().min(3)]);
            let before = plain.range(series, Span { to_us: span.to_us, ..Span::ALL });
            assert_eq!(history.last(series, span.to_us, 4).unwrap(), before[before.len().saturating_sub(4)..]);
            for level in Level::ALL {
                assert_eq!(history.roll_ups(series, level, span).unwrap(), plain.roll_ups(series, level, span));
            }
            assert!(plain.agrees_with(series, span, history.completeness(series, span).unwrap()));
        }
        for (run, series) in [("live", &self.live), ("scenario:a", &self.other)] {
            let mut visited = Vec::new();
            history.visit(run, span, &mut |row| go_on(&mut visited, row)).unwrap();
            visited.sort_by_key(|r: &Row| (r.series, r.observed_us));
            assert_eq!(visited, plain.of_run(series, span));
            let mut received = Vec::new();
            history.visit_received(run, span, &mut |row| go_on(&mut received, row)).unwrap();
            assert_eq!(received, plain.received(series, span));
            for age_us in [0, 3600 * SECOND_US, 4 * DAY_US] {
                assert_eq!(history.as_of(run, span.to_us, age_us).unwrap(), plain.as_of(series, span.to_us, age_us));
            }
        }
    }
}

fn go_on(rows: &mut Vec<Row>, row: &Row) -> ControlFlow<()> {
    rows.push(*row);
    ControlFlow::Continue(())
}

#[test]
fn answers_are_those_of_a_plain_list() {
    for seed in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let (history, live, other) = open(folder.path());
        let mut trial = Trial { rng: Pcg64Mcg::seed_from_u64(seed), history, plain: Plain::default(), live, other };
        for _ in 0..25 {
            match trial.rng.next_u32() % 8 {
                0..4 => trial.commit(),
                4 | 5 => {
                    let now = START_US + trial.rng.random_range(0..(DAYS + 4) * DAY_US);
                    let late = if trial.rng.random() { Late::All } else { Late::Many };
                    trial.history.maintain(now, late).unwrap();
                }
                6 => trial.ask(),
                _ => {
                    drop(trial.history);
                    (trial.history, trial.live, trial.other) = open(folder.path());
                    assert!(trial.history.notes().is_empty(), "{:?}", trial.history.notes());
                }
            }
        }
        trial.ask();
        assert_eq!(trial.history.check().unwrap(), Vec::<String>::new());
        assert_eq!(trial.history.size().unwrap().rows, trial.plain.0.len() as u64);
    }
}

#[test]
fn more_rows_of_one_instant_than_may_be_held_are_all_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let (history, live, _) = open(folder.path());
    let source = history.source(&Source::new("import", "", false).unwrap());
    let row = |n: i64| Row {
        series: live[0],
        source,
        observed_us: START_US + n * SECOND_US,
        received_us: START_US + 30 * DAY_US,
        value: n as f64,
        quality: Quality::Good,
    };
    let rows: Vec<Row> = (0..500).map(row).collect();
    history.commit(&rows, &[]).unwrap();
    let mut received = Vec::new();
    history.visit_received("live", Span::ALL, &mut |row| go_on(&mut received, row)).unwrap();
    assert_eq!(received, rows);
}

#[test]
fn a_visitor_can_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (history, live, _) = open(folder.path());
    let source = history.source(&Source::new("a", "", false).unwrap());
    let row = |n: i64| Row {
        series: live[0],
        source,
        observed_us: START_US + n * SECOND_US,
        received_us: START_US + n * SECOND_US,
        value: n as f64,
        quality: Quality::Good,
    };
    history.commit(&(0..100).map(row).collect::<Vec<_>>(), &[]).unwrap();
    for moved in [false, true] {
        if moved {
            history.maintain(START_US + 9 * DAY_US, Late::All).unwrap();
        }
        let mut count = 0;
        let mut ten = |_: &Row| {
            count += 1;
            if count == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        history.visit("live", Span::ALL, &mut ten).unwrap();
        assert_eq!(count, 10);
    }
}
