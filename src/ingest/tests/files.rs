//! Sources of kind `file`: series in the city's folder, read at the start.

mod support;

use std::{fmt::Write, path::Path, sync::Arc};

use citytwin_feeds::{Clock, FileStatus, mapping::Sources};
use citytwin_history::{History, SeriesKey, Span, Store};
use citytwin_ingest::{Feeds, Ingest, IngestStatus, Settings};
use citytwin_model::{Quantity, Timestamp};
use support::{PATIENCE, anchor, becomes_true, sensors};

const ROWS: i64 = 20_000;
/// 2024-05-01T12:00:00Z, second since 1970.
const NOON_S: i64 = 1_714_564_800;

/// Reads `series.csv` of a folder by a mapping, and waits until all that was read is committed.
fn read(folder: &Path, mapping: &str) -> (IngestStatus, Arc<History>) {
    let text = format!(
        "version = 1\n[[source]]\nid = \"series\"\nkind = \"file\"\naddress = \"series.csv\"\n[[mapping]]\nid = \"m\"\n\
         source = \"series\"\nformat = \"csv\"\ndelimiter = \";\"\n{mapping}[[mapping.take]]\nproperty = \"v\"\nquantity = \"speed\"\n\
         sensor = \"s1\"\n"
    );
    let sources = Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let store = Arc::new(History::open(&folder.join("history"), citytwin_history::Settings::default()).unwrap());
    let sensors = sensors(3);
    let brokers = Vec::new();
    let feeds = Feeds { city: "demo", sensors: &sensors, anchor: anchor(), sources: Some(&sources), brokers };
    let now: Clock = Arc::new(|| Timestamp::from_second(NOON_S + 86_400).unwrap());
    let settings = Settings { folder: Some(folder.to_owned()), ..Settings::new("test".to_owned()) };
    let ingest = Ingest::start(&feeds, store.clone(), settings, now).unwrap();
    let settled = |status: &IngestStatus| {
        let source = &status.sources[0];
        source.file.as_ref().is_some_and(|f| f.error.is_some() || f.done && source.messages == f.messages)
    };
    assert!(becomes_true(PATIENCE, || settled(&ingest.status())), "{:?}", ingest.status());
    (ingest.status(), store)
}

fn file(status: &IngestStatus) -> &FileStatus {
    status.sources[0].file.as_ref().unwrap()
}

#[test]
fn a_series_longer_than_a_message_is_read_whole_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "at;v\r\n".to_owned();
    (0..ROWS).for_each(|n| write!(text, "{};{}\r\n", NOON_S + n, n % 100).unwrap());
    std::fs::write(folder.path().join("series.csv"), &text).unwrap();
    let mapping = "time = [\"at\"]\ntime_format = \"unix_s\"\n";
    for start in 0..2 {
        let (status, store) = read(folder.path(), mapping);
        assert!(file(&status).messages > 4 && file(&status).bytes > text.len() as u64, "{status:?}");
        let key = SeriesKey::new("live", "sensor/s1", Quantity::Speed).unwrap();
        let rows = store.range(store.find(&key).unwrap(), Span::ALL, usize::MAX).unwrap();
        assert_eq!(rows.len() as i64, ROWS);
        let right = |(n, row): (i64, &citytwin_history::Row)| {
            row.observed_us == (NOON_S + n) * 1_000_000 && row.value == (n % 100) as f64
        };
        assert!((0..).zip(&rows).all(right));
        let expected = if start == 0 { (ROWS as u64, 0) } else { (0, ROWS as u64) };
        assert_eq!((status.committed, status.duplicates, status.sources[0].dead_total()), (expected.0, expected.1, 0));
    }
}

/// Rows whose times are counted cannot be parted.
#[test]
fn a_file_without_times_is_read_in_one_piece() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..ROWS).map(|n| format!("{}\n", n % 100)).collect();
    std::fs::write(folder.path().join("series.csv"), text).unwrap();
    let (status, _store) = read(folder.path(), "columns = [\"v\"]\nstart = \"2024-05-01T12:00:00Z\"\nstep_s = 1\n");
    assert_eq!((file(&status).messages, status.committed), (1, ROWS as u64));
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = || file(&read(folder.path(), "time = [\"at\"]\n").0).error.clone().unwrap();
    let line = told();
    assert!(line.starts_with("series.csv: ") && !line.contains('\n'), "{line}");
    std::fs::write(folder.path().join("series.csv"), vec![b'x'; 3 << 20]).unwrap();
    assert!(told().contains("a line of more than"));
}
