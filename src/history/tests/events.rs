//! What happened to feeds: kept with the rows, told in order, gone with them; histories of earlier programs are brought up.

use std::path::Path;

use citytwin_history::{
    DAY_US, Event, Happening, History, HistoryError, LESSON_BYTES, Late, Lesson, Notes, Row, SECOND_US, SeriesKey,
    Settings, Source, Span, Store,
};
use citytwin_model::{Quality, Quantity};
use rusqlite::Connection;

const START_US: i64 = 20_000 * DAY_US;

fn event(second: i64, what: Happening) -> Event {
    Event { at_us: START_US + second * SECOND_US, what }
}

/// One row of a source, observed and received at a second.
fn row(history: &History, source: &Source, second: i64) -> Row {
    let at_us = START_US + second * SECOND_US;
    Row {
        series: history.series(&SeriesKey::new("live", "sensor/a", Quantity::Speed).unwrap()),
        source: history.source(source),
        observed_us: at_us,
        received_us: at_us,
        value: second as f64,
        quality: Quality::Good,
    }
}

#[test]
fn events_come_back_by_run_and_in_order_and_go_with_their_rows() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { keep_other_days: Some(2), hot_days: 1, ..Settings::default() };
    let events = [
        event(5, Happening::Started { age_us: 86_400 * SECOND_US }),
        event(9, Happening::Ended { sensor: "sensor/a".into() }),
        event(9, Happening::Lost { feed: "a".into() }),
        event(7, Happening::Pace(2.5)),
        event(3 * 86_400, Happening::Found { feed: "a".into() }),
    ];
    {
        let history = History::open(folder.path(), settings.clone()).unwrap();
        let source = Source::new("a", "1", false).unwrap();
        let rows = [row(&history, &source, 1), row(&history, &source, 3 * 86_400)];
        history.commit_with(&rows, &[], Notes { run: "live", events: &events[..3], ..Notes::default() }).unwrap();
        history.commit_with(&[], &[], Notes { run: "live", events: &events[3..], ..Notes::default() }).unwrap();
        history.commit_with(&[], &[], Notes { run: "replay:a", events: &events[..1], ..Notes::default() }).unwrap();
        for (bad, line) in [(-1, "event lies outside"), (i64::MAX, "event lies outside")] {
            let bad = [Event { at_us: bad, what: Happening::Pace(1.0) }];
            let error =
                history.commit_with(&[], &[], Notes { run: "live", events: &bad, ..Notes::default() }).unwrap_err();
            assert!(matches!(error, HistoryError::Row { .. }) && error.to_string().contains(line), "{error}");
        }
    }
    let history = History::open(folder.path(), settings).unwrap();
    let told = |from_s: i64, limit: usize| -> Vec<Event> {
        let (mut place, mut all) = ((START_US + from_s * SECOND_US, 0), Vec::new());
        loop {
            let page = history.events("live", place, Span::ALL.to_us, limit).unwrap();
            let Some(last) = page.last() else { return all };
            place = last.place();
            all.extend(page.into_iter().map(|kept| kept.event));
        }
    };
    let in_order = [0, 3, 1, 2, 4].map(|n| events[n].clone());
    for limit in [1, 2, 3, 100] {
        assert_eq!(told(0, limit), in_order);
        assert_eq!(told(8, limit), in_order[2..]);
    }
    assert_eq!(history.events("replay:a", (0, 0), START_US + 5 * SECOND_US, 9).unwrap(), []);
    assert_eq!(history.events("replay:a", (0, 0), START_US + 6 * SECOND_US, 9).unwrap().len(), 1);
    history.maintain(START_US + 4 * DAY_US, Late::All).unwrap();
    assert_eq!(told(0, 9), in_order[4..]);
}

/// As the program made histories before sources knew of lives.
fn turn_back(folder: &Path) {
    let db = Connection::open(folder.join("history.sqlite")).unwrap();
    db.execute_batch(
        "ALTER TABLE source RENAME TO source_now;
         CREATE TABLE source (id INTEGER PRIMARY KEY, feed TEXT NOT NULL, mapping TEXT NOT NULL,
             emulated INTEGER NOT NULL, UNIQUE (feed, mapping, emulated));
         INSERT INTO source SELECT id, feed, mapping, emulated FROM source_now;
         DROP TABLE source_now; DROP TABLE event; DROP TABLE dead_hash; DROP TABLE lesson; PRAGMA user_version = 1;",
    )
    .unwrap();
}

#[test]
fn a_history_of_an_earlier_version_is_brought_up_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Source::new("a", "1", false).unwrap(), Source::new("b", "", true).unwrap());
    let rows = {
        let history = History::open(folder.path(), Settings::default()).unwrap();
        let rows = [row(&history, &first, 1), row(&history, &second, 2)];
        history.commit(&rows, &[]).unwrap();
        rows
    };
    turn_back(folder.path());
    let history = History::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(history.range(rows[0].series, Span::ALL, 9).unwrap(), rows);
    assert_eq!(history.source_of(rows[1].source), Some(second));
    let stored = first.declared(true, Some(60.0));
    let later = row(&history, &stored, 3);
    history
        .commit_with(
            &[later],
            &[],
            Notes { run: "live", events: &[event(3, Happening::Pace(1.0))], ..Notes::default() },
        )
        .unwrap();
    drop(history);
    let history = History::open(folder.path(), Settings::default()).unwrap();
    let found = history.source_of(later.source).unwrap();
    assert_eq!((found.clone(), found.life_s()), (stored, Some(60.0)));
    assert_eq!(history.range(rows[0].series, Span::ALL, 9).unwrap().len(), 3);
    drop(history);
    let db = Connection::open(folder.path().join("history.sqlite")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let error = History::open(folder.path(), Settings::default()).unwrap_err().to_string();
    assert!(error.contains("newer CityTwin"), "{error}");
}

fn lesson(feed: &str, topic: &str, second: i64, bytes: &[u8]) -> Lesson {
    let (feed, topic, received_us) = (feed.to_owned(), topic.to_owned(), START_US + second * SECOND_US);
    Lesson { feed, topic, received_us, bytes: bytes.to_vec() }
}

#[test]
fn of_each_topic_the_last_lesson_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let given = [
        lesson("a", "x", 1, b"one"),
        lesson("a", "y", 2, b"two"),
        lesson("b", "x", 3, b"three"),
        lesson("a", "x", 4, b"four"),
        lesson("a", "z", 5, b"five"),
        lesson("a", "z", 6, b""),
        lesson("a", "large", 7, &vec![0; LESSON_BYTES + 1]),
    ];
    {
        let history = History::open(folder.path(), Settings::default()).unwrap();
        history.commit_with(&[], &[], Notes { lessons: &given[..3], ..Notes::default() }).unwrap();
        history.commit_with(&[], &[], Notes { lessons: &given[3..], ..Notes::default() }).unwrap();
    }
    let history = History::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(history.lessons("a").unwrap(), [given[1].clone(), given[3].clone()]);
    assert_eq!((history.lessons("b").unwrap(), history.lessons("c").unwrap()), (vec![given[2].clone()], vec![]));
    // Beyond the room of all the oldest go.
    let large = |n: i64| lesson("a", &n.to_string(), 10 + n, &vec![1; LESSON_BYTES]);
    for n in 0..130 {
        history.commit_with(&[], &[], Notes { lessons: &[large(n)], ..Notes::default() }).unwrap();
    }
    let left = history.lessons("a").unwrap();
    assert_eq!((left.len(), left[0].topic.as_str(), left[127].topic.as_str()), (128, "2", "129"));
    assert!(history.lessons("b").unwrap().is_empty());
}
