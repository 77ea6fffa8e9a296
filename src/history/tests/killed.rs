//! A program killed at any moment: every acknowledged commit is there, and the history opens by itself.
//!
//! The test starts its own binary again as the program that writes; an environment variable tells it to.

use std::{
    collections::BTreeSet,
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use citytwin_history::{
    DAY_US, DeadLetter, History, Late, Level, Row, SECOND_US, SeriesKey, Settings, Source, Span, Store,
};
use citytwin_model::{Quality, Quantity};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

const FOLDER: &str = "CITYTWIN_HISTORY_KILLED";
const FIRST: &str = "CITYTWIN_HISTORY_FIRST";
const START_US: i64 = 20_000 * DAY_US;
const SENSORS: i64 = 7;
/// Rows of a batch.
const BATCH: i64 = 40;
const KILLS: usize = 40;

fn settings() -> Settings {
    Settings { hot_days: 1, ..Settings::default() }
}

/// Row `n` of an endless log: time goes on by an hour in ten rows, every ninth row is two days late.
fn row(history: &History, n: i64) -> Row {
    let key = SeriesKey::new("live", &format!("sensor/{}", n % SENSORS), Quantity::Speed).unwrap();
    let late = if n % 9 == 0 { 2 * DAY_US } else { 0 };
    let received_us = START_US + 3 * DAY_US + n * 360 * SECOND_US;
    Row {
        series: history.series(&key),
        source: history.source(&Source::new("log", "1", false).unwrap()),
        observed_us: received_us - late + n % SENSORS,
        received_us,
        value: n as f64,
        quality: Quality::Good,
    }
}

fn batch(history: &History, batch: i64) -> (Vec<Row>, DeadLetter) {
    let rows = (batch * BATCH..(batch + 1) * BATCH).map(|n| row(history, n)).collect();
    let letter = DeadLetter {
        feed: "log".to_owned(),
        topic: "t".to_owned(),
        reason: "a trial".to_owned(),
        mapping: "1".to_owned(),
        received_us: batch,
        bytes: vec![7; 100],
    };
    (rows, letter)
}

/// The program that writes: acknowledges each batch on its output after the commit, and moves days all the time.
#[test]
fn write_until_killed() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let first: i64 = env::var(FIRST).unwrap().parse().unwrap();
    let history = History::open(Path::new(&folder), settings()).unwrap();
    let mut out = std::io::stdout().lock();
    for number in first.. {
        let (rows, letter) = batch(&history, number);
        history.commit(&rows, &[letter]).unwrap();
        writeln!(out, "\nkept {number}").unwrap();
        out.flush().unwrap();
        if number % 3 == 0 {
            history.maintain(rows.last().unwrap().received_us, Late::All).unwrap();
        }
    }
}

fn start(folder: &Path, first: i64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["write_until_killed", "--exact", "--nocapture", "--test-threads", "1"])
        .env(FOLDER, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets the program write some batches, kills it somewhere in the next, and tells the last that it acknowledged.
fn run_and_kill(folder: &Path, first: i64, rng: &mut Pcg64Mcg) -> i64 {
    let mut child = start(folder, first);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let last = first + rng.random_range(0..12);
    let mut kept = first - 1;
    let number = |line: String| line.strip_prefix("kept ").and_then(|n| n.parse().ok());
    while kept < last {
        let line = lines.next().expect("the program writes until it is killed").unwrap();
        kept = number(line).unwrap_or(kept);
    }
    // A moment that no line marks: some thousand turns of a loop, so that kills fall into commits and moves alike.
    (0..rng.random_range(0..3_000_000_u64)).for_each(|n| {
        std::hint::black_box(n);
    });
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had acknowledged before the kill is still in the pipe; a line that was cut off is no acknowledgement.
    lines.map_while(Result::ok).filter_map(number).last().unwrap_or(kept)
}

#[test]
fn every_acknowledged_commit_outlives_the_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Pcg64Mcg::seed_from_u64(4);
    let mut next = 0;
    for _ in 0..KILLS {
        let kept = run_and_kill(folder.path(), next, &mut rng);
        let history = History::open(folder.path(), settings()).unwrap();
        assert_eq!(history.check().unwrap(), Vec::<String>::new());
        assert!(history.notes().is_empty(), "{:?}", history.notes());
        next = whole_batches(&history, kept);
    }
    assert!(next > KILLS as i64, "the trials wrote {next} batches only");
}

/// All batches up to the last acknowledged one are there, once, and of the next all or none; tells the next one.
fn whole_batches(history: &History, kept: i64) -> i64 {
    let letters = history.dead_letters(None, 0, usize::MAX).unwrap().len() as i64;
    assert!(letters == kept + 1 || letters == kept + 2, "{letters} batches, {kept} the last acknowledged");
    let expected: BTreeSet<(i64, u64)> =
        (0..letters * BATCH).map(|n| row(history, n)).map(|r| (r.observed_us, r.value.to_bits())).collect();
    let mut found = Vec::new();
    let mut keep = |row: &Row| {
        found.push((row.observed_us, row.value.to_bits()));
        std::ops::ControlFlow::Continue(())
    };
    history.visit("live", Span::ALL, &mut keep).unwrap();
    assert_eq!(found.len(), expected.len(), "each row once");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    for (series, _) in history.series_of("live") {
        let counted: u32 =
            history.roll_ups(series, Level::Hour, Span::ALL).unwrap().iter().map(|rollup| rollup.count()).sum();
        assert_eq!(counted as usize, history.range(series, Span::ALL, usize::MAX).unwrap().len());
    }
    letters
}
