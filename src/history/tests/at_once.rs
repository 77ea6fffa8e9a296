//! Commits, queries and maintenance at once: every query sees whole batches, and no row is lost or doubled by a move.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
    thread,
};

use citytwin_history::{DAY_US, History, Late, Row, SECOND_US, SeriesKey, Settings, Source, Span, Store};
use citytwin_model::{Quality, Quantity};

const START_US: i64 = 20_000 * DAY_US;
const BATCH: i64 = 30;
const BATCHES: i64 = 400;

/// Rows of a batch: spread over six days, so that each day that moves is being written to.
fn batch(history: &History, batch: i64) -> Vec<Row> {
    let source = history.source(&Source::new("a", "", false).unwrap());
    let row = |n: i64| {
        let key = SeriesKey::new("live", &format!("sensor/{n}"), Quantity::Voltage).unwrap();
        let observed_us = START_US + n % 6 * DAY_US + batch * SECOND_US;
        let received_us = START_US + batch * SECOND_US;
        Row {
            series: history.series(&key),
            source,
            observed_us,
            received_us,
            value: batch as f64,
            quality: Quality::Good,
        }
    };
    (0..BATCH).map(row).collect()
}

#[test]
fn moves_queries_and_commits_go_on_together() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), Settings { hot_days: 1, ..Settings::default() }).unwrap();
    let (done, committed) = (AtomicBool::new(false), AtomicI64::new(0));
    let (history, done, committed) = (&history, &done, &committed);
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..BATCHES {
                assert_eq!(history.commit(&batch(history, number), &[]).unwrap().new, BATCH as u64);
                committed.store(number + 1, Ordering::SeqCst);
            }
            done.store(true, Ordering::SeqCst);
        });
        let moves = scope.spawn(move || {
            let mut moved = 0;
            while !done.load(Ordering::SeqCst) {
                moved += history.maintain(START_US + 20 * DAY_US, Late::All).unwrap().moved_days;
            }
            moved
        });
        scope.spawn(move || {
            while !done.load(Ordering::SeqCst) {
                let before = committed.load(Ordering::SeqCst);
                let mut count = 0;
                let mut each = |_: &Row| {
                    count += 1;
                    ControlFlow::Continue(())
                };
                history.visit("live", Span::ALL, &mut each).unwrap();
                assert!(count % BATCH == 0 && count >= before * BATCH, "{count} rows after {before} batches");
                assert!(count <= (committed.load(Ordering::SeqCst) + 1) * BATCH, "a row came twice");
            }
        });
        assert!(moves.join().unwrap() > 0);
    });
    assert_eq!(history.size().unwrap().rows, (BATCH * BATCHES) as u64);
    assert_eq!(history.commit(&batch(history, 7), &[]).unwrap().duplicate, BATCH as u64);
    assert_eq!(history.check().unwrap(), Vec::<String>::new());
}
