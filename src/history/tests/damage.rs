//! Damaged, foreign and unwritable files: one clear line, and not a byte of them changed.

use std::{fs, path::Path};

use citytwin_history::{
    DAY_US, DeadLetter, History, HistoryError, Late, Row, SECOND_US, SeriesKey, Settings, Source, Span, Store,
};
use citytwin_model::{Quality, Quantity};

const START_US: i64 = 20_000 * DAY_US;

fn rows(history: &History, count: i64) -> Vec<Row> {
    let series = history.series(&SeriesKey::new("live", "sensor/1", Quantity::Noise).unwrap());
    let source = history.source(&Source::new("a", "", false).unwrap());
    let row = |n: i64| Row {
        series,
        source,
        observed_us: START_US + n * SECOND_US,
        received_us: START_US + n * SECOND_US,
        value: n as f64,
        quality: Quality::Good,
    };
    (0..count).map(row).collect()
}

/// A folder with some rows in the database and a day in a file.
fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), Settings::default()).unwrap();
    history.commit(&rows(&history, 20_000), &[]).unwrap();
    history.maintain(START_US + 9 * DAY_US, Late::All).unwrap();
    let mut later = rows(&history, 5000);
    later.iter_mut().for_each(|row| row.observed_us += 9 * DAY_US);
    history.commit(&later, &[]).unwrap();
    folder
}

/// What opening says, after a check that it is one line with the file's name and that the file is as it was.
fn refused(folder: &Path, file: &Path) -> HistoryError {
    let before = fs::read(file).unwrap();
    let error = History::open(folder, Settings::default()).unwrap_err();
    let line = error.to_string();
    assert!(!line.contains('\n') && line.contains(&*file.file_name().unwrap().to_string_lossy()), "{line}");
    assert_eq!(fs::read(file).unwrap(), before, "{line}");
    error
}

#[test]
fn garbage_is_refused_and_left_alone() {
    for garbage in [&b"not a database, not by far"[..], &[0; 5000], b"SQLite format 3\0 and then nothing that fits"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.sqlite");
        fs::write(&file, garbage).unwrap();
        let error = refused(folder.path(), &file);
        assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_truncated_database_is_refused_and_left_alone() {
    let folder = written();
    let file = folder.path().join("history.sqlite");
    let bytes = fs::read(&file).unwrap();
    for length in [bytes.len() / 2, bytes.len() - 4096, 4096, 100] {
        fs::write(&file, &bytes[..length]).unwrap();
        let error = refused(folder.path(), &file);
        assert!(matches!(error, HistoryError::Damaged { .. }), "{length}: {error}");
    }
    fs::write(&file, &bytes).unwrap();
    let history = History::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(history.size().unwrap().rows, 25_000);
}

#[test]
fn a_database_of_another_program_or_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite");
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").unwrap();
    drop(other);
    let error = History::open(folder.path(), Settings::default()).unwrap_err();
    assert!(matches!(error, HistoryError::Foreign(_)), "{error}");
    let other = rusqlite::Connection::open(&file).unwrap();
    assert_eq!(other.query_row("SELECT a FROM theirs", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    drop(other);

    let folder = written();
    let newer = rusqlite::Connection::open(folder.path().join("history.sqlite")).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    drop(newer);
    let error = History::open(folder.path(), Settings::default()).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { found: 7, known: 2, .. }), "{error}");
}

#[test]
fn a_file_in_place_of_the_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a");
    fs::write(&file, "text").unwrap();
    let error = History::open(&file, Settings::default()).unwrap_err();
    assert!(matches!(error, HistoryError::NotAFolder(_)), "{error}");
    assert_eq!(fs::read(&file).unwrap(), b"text");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let folder = written();
    let mut rights = fs::metadata(folder.path()).unwrap().permissions();
    let before = rights.clone();
    rights.set_readonly(true);
    fs::set_permissions(folder.path(), rights).unwrap();
    // An administrator may write all the same.
    let may_write = fs::write(folder.path().join("trial"), "").is_ok();
    let opened = History::open(folder.path(), Settings::default());
    fs::set_permissions(folder.path(), before).unwrap();
    match opened {
        Ok(_) => assert!(may_write),
        Err(error) => assert!(matches!(error, HistoryError::ReadOnly(_)), "{error}"),
    }
}

#[test]
fn a_second_program_is_told_to_wait() {
    let folder = tempfile::tempdir().unwrap();
    let first = History::open(folder.path(), Settings::default()).unwrap();
    let error = History::open(folder.path(), Settings::default()).unwrap_err();
    assert!(matches!(error, HistoryError::InUse(_)), "{error}");
    drop(first);
    History::open(folder.path(), Settings::default()).unwrap();
}

#[test]
fn a_damaged_or_missing_day_is_told_and_the_other_days_answer() {
    let folder = written();
    let days = folder.path().join("days");
    let file = fs::read_dir(&days).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(&file).unwrap();
    let hot = Span::new(START_US + 9 * DAY_US, START_US + 10 * DAY_US);
    let ask = || {
        let history = History::open(folder.path(), Settings::default()).unwrap();
        let series = history.series_of("live")[0].0;
        assert_eq!(history.range(series, hot, usize::MAX).unwrap().len(), 5000);
        (history.range(series, Span::ALL, usize::MAX), history.check().unwrap(), history.notes().to_vec())
    };
    for damaged in [&bytes[..bytes.len() / 2], b"", b"PAR1 nothing PAR1"] {
        fs::write(&file, damaged).unwrap();
        let (rows, faults, _) = ask();
        assert!(matches!(rows, Err(HistoryError::Damaged { .. })));
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(fs::read(&file).unwrap(), damaged);
    }
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 3;
    flipped[middle..middle + 200].fill(0xff);
    fs::write(&file, &flipped).unwrap();
    // Wrong bytes within a page: an answer or an error, never a panic, and a check finds them.
    assert_eq!(ask().1.len(), 1);
    fs::remove_file(&file).unwrap();
    let (rows, _, notes) = ask();
    assert!(rows.is_err() && notes.len() == 1 && notes[0].contains("put it back"), "{notes:?}");
    fs::write(&file, &bytes).unwrap();
    fs::write(days.join("notes.txt"), "mine").unwrap();
    let (rows, faults, notes) = ask();
    assert_eq!((rows.unwrap().len(), faults.len(), notes.len()), (25_000, 0, 1));
    assert_eq!(fs::read(days.join("notes.txt")).unwrap(), b"mine");
}

#[test]
fn a_full_disk_refuses_a_batch_whole_and_takes_it_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let small = Settings { hot_bytes: Some(400_000), ..Settings::default() };
    let history = History::open(folder.path(), small).unwrap();
    let all = rows(&history, 40_000);
    let mut kept = 0;
    let error = loop {
        match history.commit(&all[kept..kept + 500], &[]) {
            Ok(_) => kept += 500,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, HistoryError::Full(_)), "{error}");
    assert_eq!(history.size().unwrap().rows, kept as u64);
    drop(history);
    let history = History::open(folder.path(), Settings::default()).unwrap();
    assert_eq!(history.commit(&all, &[]).unwrap().new, (all.len() - kept) as u64);
    assert_eq!(history.check().unwrap(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_kept_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), Settings::default()).unwrap();
    let good = rows(&history, 3);
    let spoil: [fn(&mut Row); 6] = [
        |row| row.value = f64::NAN,
        |row| row.value = f64::NEG_INFINITY,
        |row| row.observed_us = -1,
        |row| row.received_us = i64::MAX,
        |row| row.series.0 = 99,
        |row| row.source.0 = 99,
    ];
    for spoil in spoil {
        let mut bad = good.clone();
        spoil(&mut bad[1]);
        let error = history.commit(&bad, &[]).unwrap_err();
        assert!(matches!(error, HistoryError::Row { index: 1, .. }), "{error}");
    }
    assert_eq!(history.size().unwrap().rows, 0, "none of a refused batch is kept");
    assert!(SeriesKey::new("", "a", Quantity::Speed).is_err());
    assert!(SeriesKey::new("live", &"a".repeat(600), Quantity::Speed).is_err());
    assert!(Source::new("a\nb", "", false).is_err());
}

#[test]
fn dead_letters_are_kept_within_their_room() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { dead_letter_bytes: 200_000, ..Settings::default() };
    let history = History::open(folder.path(), settings.clone()).unwrap();
    let letter = |feed: &str, n: usize, length: usize| DeadLetter {
        feed: feed.to_owned(),
        topic: format!("t/{n}"),
        reason: "no field `value`".to_owned(),
        mapping: "3".to_owned(),
        received_us: START_US,
        bytes: vec![n as u8; length],
    };
    let big = letter("b", 1, 100_000);
    history.commit(&[], &[letter("a", 0, 10), big.clone()]).unwrap();
    let waiting = history.dead_letters(None, 0, 10).unwrap();
    assert_eq!(waiting[0].letter, letter("a", 0, 10));
    assert_eq!((waiting[1].length, waiting[1].letter.bytes.len()), (100_000, 65_536));
    for n in 0..100 {
        history.commit(&[], &[letter("a", n, 10_000)]).unwrap();
    }
    let counts = history.dead_letter_counts().unwrap();
    assert_eq!((counts[0].kept, counts[1].kept, counts[1].dropped), (101, 1, 1));
    assert!(counts[0].waiting * 10_000 <= 200_000 && counts[0].waiting >= 15, "{counts:?}");
    let first = history.dead_letters(Some("a"), 0, 5).unwrap();
    let next = history.dead_letters(Some("a"), first[4].number, 5).unwrap();
    assert_eq!(next[0].number, first[4].number + 1);
    let numbers: Vec<i64> = first.iter().map(|l| l.number).collect();
    assert_eq!(history.resolve(&numbers).unwrap(), 5);
    assert_eq!(history.resolve(&numbers).unwrap(), 0, "once");
    drop(history);
    let history = History::open(folder.path(), settings).unwrap();
    let after = &history.dead_letter_counts().unwrap()[0];
    assert_eq!((after.resolved, after.kept), (5, after.waiting + after.dropped + 5));
}
