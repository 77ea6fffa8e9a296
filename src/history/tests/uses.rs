//! Retention, gaps, charts, exports, readings of the model, and a real week.

#[path = "../../../tests/support/needs.rs"]
mod needs;

use std::{fs, ops::ControlFlow, path::Path};

use citytwin_history::{
    DAY_US, Export, History, HistoryError, Late, Level, Recorder, Row, SECOND_US, Sensors, SeriesId, SeriesKey,
    Settings, Source, Span, Store, export_csv, export_parquet, export_roll_ups_csv, export_roll_ups_parquet,
    import_csv, micros, thinned,
};
use citytwin_model::{MadeBy, Quality, Quantity, Reading, SensorId, SourceRef, Timestamp};
use parquet::file::reader::{FileReader, SerializedFileReader};

const START_US: i64 = 20_000 * DAY_US;
const MINUTE_US: i64 = 60 * SECOND_US;

fn row(history: &History, (sensor, feed): (&str, &str), minute: i64, value: f64) -> Row {
    let observed_us = START_US + minute * MINUTE_US;
    Row {
        series: history.series(&SeriesKey::new("live", sensor, Quantity::Noise).unwrap()),
        source: history.source(&Source::new(feed, "2", false).unwrap()),
        observed_us,
        received_us: observed_us + SECOND_US,
        value,
        quality: Quality::Good,
    }
}

fn open(settings: Settings) -> (tempfile::TempDir, History) {
    let folder = tempfile::tempdir().unwrap();
    let history = History::open(folder.path(), settings).unwrap();
    (folder, history)
}

#[test]
fn retention_is_by_feed_and_roll_ups_stay() {
    let settings = Settings {
        hot_days: 2,
        keep_days: vec![("short".to_owned(), 4)],
        keep_other_days: Some(8),
        ..Settings::default()
    };
    let (folder, history) = open(settings.clone());
    let sensors = [("sensor/1", "short"), ("sensor/2", "long")];
    let rows: Vec<Row> =
        (0..10 * 24).flat_map(|hour| sensors.map(|s| row(&history, s, hour * 60, hour as f64))).collect();
    history.commit(&rows, &[]).unwrap();
    let done = history.maintain(START_US + 10 * DAY_US, Late::All).unwrap();
    // At the start of day 10, days up to 6 are over for the one feed, days up to 2 for the other.
    assert_eq!(done.removed, (7 + 3) * 24);
    let (short, long) = (rows[0].series, rows[1].series);
    let count = |history: &History, series| history.range(series, Span::ALL, usize::MAX).unwrap().len();
    assert_eq!((count(&history, short), count(&history, long)), (3 * 24, 7 * 24));
    for series in [short, long] {
        assert_eq!(history.roll_ups(series, Level::Hour, Span::ALL).unwrap().len(), 240, "summed before they went");
    }
    let late = [row(&history, sensors[0], 30, 1.0), row(&history, sensors[1], 5 * 1440 + 30, 1.0)];
    let told = history.commit(&late, &[]).unwrap();
    assert_eq!((told.new, told.expired), (1, 1));
    let again = history.maintain(START_US + 10 * DAY_US, Late::All).unwrap();
    assert_eq!(again.removed, 0, "once a day and feed");
    drop(history);
    let history = History::open(folder.path(), settings).unwrap();
    assert_eq!((count(&history, short), count(&history, long)), (3 * 24, 7 * 24 + 1));
    assert_eq!(history.check().unwrap(), Vec::<String>::new());
    assert!(history.notes().is_empty());
}

#[test]
fn gaps_are_gaps_and_lower_completeness() {
    let (_folder, history) = open(Settings::default());
    // A reading a minute for four hours, but none in the second hour; a burst in the third.
    let minutes = (0..240).filter(|m| !(60..120).contains(m));
    let mut rows: Vec<Row> = minutes.map(|m| row(&history, ("sensor/1", "a"), m, m as f64)).collect();
    let series = rows[0].series;
    let burst = rows[90];
    rows.extend((1..30).map(|n| Row { observed_us: burst.observed_us + n, ..burst }));
    history.commit(&rows, &[]).unwrap();
    let span = Span::new(START_US, START_US + 240 * MINUTE_US);
    let hours = history.roll_ups(series, Level::Hour, span).unwrap();
    assert_eq!(hours.iter().map(|h| h.start_us).collect::<Vec<_>>(), [0, 120, 180].map(|m| START_US + m * MINUTE_US));
    let values = hours[0].values.unwrap();
    assert_eq!((values.min, values.max, values.mean, hours[0].count()), (0.0, 59.0, 29.5, 60));
    assert_eq!(history.roll_ups(series, Level::QuarterHour, span).unwrap().len(), 12);
    let whole = history.completeness(series, span).unwrap().unwrap();
    assert_eq!((whole.interval_us, whole.came, whole.missing), (MINUTE_US, 209, 60));
    let silent = Span::new(START_US + 60 * MINUTE_US, START_US + 120 * MINUTE_US);
    assert_eq!(history.completeness(series, silent).unwrap().map(|c| c.share()), Some(0.0));
    let unknown = history.series(&SeriesKey::new("live", "sensor/9", Quantity::Noise).unwrap());
    assert_eq!(history.completeness(unknown, span).unwrap(), None);
}

#[test]
fn a_chart_keeps_every_extreme() {
    let (_folder, history) = open(Settings::default());
    let value = |m: i64| if m == 4321 { 1e6 } else { (m % 97) as f64 };
    let rows: Vec<Row> = (0..10_000).map(|m| row(&history, ("sensor/1", "a"), m, value(m))).collect();
    history.commit(&rows, &[]).unwrap();
    let few = thinned(&history, rows[0].series, Span::new(START_US, START_US + 10_000 * MINUTE_US), 200).unwrap();
    assert!(few.len() <= 200 && few.len() > 150, "{}", few.len());
    assert!(few.iter().any(|r| r.value == 1e6) && few.iter().any(|r| r.value == 0.0));
    assert!(few.windows(2).all(|pair| pair[0].observed_us < pair[1].observed_us));
    assert_eq!(thinned(&history, rows[0].series, Span::ALL, 20_000).unwrap(), rows);
}

fn go_on(_: f64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn exports_read_back_and_faults_name_their_line() {
    let (folder, history) = open(Settings::default());
    let mut rows: Vec<Row> =
        (0..500).map(|m| row(&history, ("sensor/\"a\", b", "feed, one"), m, m as f64 / 3.0)).collect();
    rows[7].quality = Quality::Uncertain;
    history.commit(&rows, &[]).unwrap();
    let export = Export { series: vec![rows[0].series], span: Span::ALL };
    let (csv, parquet) = (folder.path().join("a.csv"), folder.path().join("a.parquet"));
    assert_eq!(export_csv(&history, &export, &csv, &mut go_on).unwrap(), 500);
    assert_eq!(export_parquet(&history, &export, &parquet, &mut go_on).unwrap(), 500);
    let (_other_folder, other) = open(Settings::default());
    assert_eq!(import_csv(&other, &csv).unwrap().new, 500);
    assert_eq!(import_csv(&other, &csv).unwrap().duplicate, 500);
    let read = other.range(SeriesId(0), Span::ALL, usize::MAX).unwrap();
    assert_eq!(read, rows);
    assert_eq!(other.key(SeriesId(0)), history.key(rows[0].series));
    assert_eq!(other.source_of(read[0].source), history.source_of(rows[0].source));
    let text = fs::read_to_string(&csv).unwrap();
    for (from, to, line, field) in [
        ("noise,dB(A),2024-10-04T00:02:00Z", "noise,dB(A),yesterday", 4, "observed_at"),
        (",1,2024-10-04T00:03:01Z", ",NaN,2024-10-04T00:03:01Z", 5, "value"),
        (",uncertain,", ",fair,", 9, "quality"),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{from}");
        let file = folder.path().join("broken.csv");
        fs::write(&file, broken).unwrap();
        let error = import_csv(&other, &file).unwrap_err();
        assert!(matches!(&error, HistoryError::Csv { line: l, field: f, .. } if (*l, *f) == (line, field)), "{error}");
    }
    let names: Vec<String> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().all(|name| !name.ends_with(".part")), "{names:?}");
}

#[test]
fn readings_of_the_model_read_back() {
    let (_folder, history) = open(Settings::default());
    let sources = [SourceRef::local("sensor", "12"), SourceRef::Node(5)];
    let sensors = Sensors::new((0..).map(SensorId).zip(&sources));
    let reading = Reading {
        sensor: SensorId(1),
        quantity: Quantity::Pm25,
        value: 12.5,
        observed_at: "2026-03-01T10:00:00.25Z".parse().unwrap(),
        received_at: "2026-03-01T10:00:01.123456Z".parse().unwrap(),
        quality: Quality::Uncertain,
        emulated: true,
        made_by: MadeBy { feed: "air".into(), mapping: "4".into() },
    };
    let mut recorder = Recorder::new("live");
    let row = recorder.row(&history, &sensors, &reading).unwrap();
    history.commit(&[row], &[]).unwrap();
    let kept = history.last(row.series, i64::MAX, 1).unwrap();
    assert_eq!(sensors.reading(&history, &kept[0]), Some(reading.clone()));
    assert_eq!(&*history.key(row.series).unwrap().sensor, "node/5");
    // In another city the same name is another number, or none.
    let moved = Sensors::new([(SensorId(9), &sources[1])]);
    assert_eq!(moved.reading(&history, &kept[0]).map(|r| r.sensor), Some(SensorId(9)));
    assert_eq!(Sensors::default().reading(&history, &kept[0]), None);
    let unknown = Reading { sensor: SensorId(7), ..reading };
    assert!(recorder.row(&history, &sensors, &unknown).is_err());
}

/// Values by detector and five minutes, km/h of the file's mph. Los Angeles; the file states no licence: tests only.
fn metr_la(path: &Path) -> Option<(Vec<String>, Vec<Vec<f64>>)> {
    let Ok(text) = fs::read_to_string(path) else {
        needs::missing(&format!("{}, a recorded week beside the checkout", path.display()));
        return None;
    };
    let mut lines = text.lines();
    let names = lines.next().unwrap().split(',').map(|n| format!("sensor/{n}")).collect();
    let kmh = |mph: &str| mph.parse::<f64>().unwrap() * 1.609_344;
    Some((names, lines.map(|line| line.split(',').map(kmh).collect()).collect()))
}

#[test]
fn a_real_week_reads_back_equal_from_files_and_database() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sensors/metr_la_speed_week.csv");
    let Some((names, steps)) = metr_la(&path) else { return };
    let (_folder, history) = open(Settings { hot_days: 2, ..Settings::default() });
    let start_us = micros("2012-03-01T00:00:00Z".parse::<Timestamp>().unwrap());
    let source = history.source(&Source::new("metr-la", "1", false).unwrap());
    let series: Vec<SeriesId> =
        names.iter().map(|n| history.series(&SeriesKey::new("live", n, Quantity::Speed).unwrap())).collect();
    let at = |step: usize| start_us + step as i64 * 300 * SECOND_US;
    for (step, values) in steps.iter().enumerate() {
        let row = |(series, value): (&SeriesId, &f64)| Row {
            series: *series,
            source,
            observed_us: at(step),
            received_us: at(step) + 2 * SECOND_US,
            value: *value,
            quality: Quality::Good,
        };
        let rows: Vec<Row> = series.iter().zip(values).map(row).collect();
        assert_eq!(history.commit(&rows, &[]).unwrap().new, rows.len() as u64);
    }
    history.maintain(at(steps.len()), Late::All).unwrap();
    let size = history.size().unwrap();
    assert_eq!((size.rows, size.cold_days, size.hot_days), (2016 * 207, 6, 1));
    for (column, series) in series.iter().enumerate() {
        let rows = history.range(*series, Span::ALL, usize::MAX).unwrap();
        let read: Vec<(i64, u64)> = rows.iter().map(|r| (r.observed_us, r.value.to_bits())).collect();
        let file: Vec<(i64, u64)> =
            steps.iter().enumerate().map(|(s, values)| (at(s), values[column].to_bits())).collect();
        assert_eq!(read, file, "{}", names[column]);
    }
    let noon = at(3 * 288 + 144);
    let snapshot = history.as_of("live", noon, 600 * SECOND_US).unwrap();
    let values: Vec<f64> = snapshot.iter().map(|r| r.value).collect();
    assert_eq!(values, steps[3 * 288 + 144]);
    let (mut count, mut last_us) = (0, 0);
    let mut ordered = |row: &Row| {
        assert!(row.received_us >= last_us);
        (count, last_us) = (count + 1, row.received_us);
        ControlFlow::Continue(())
    };
    history.visit_received("live", Span::ALL, &mut ordered).unwrap();
    assert_eq!(count, 2016 * 207);
}

/// Start, values and counts of each interval as the store tells them.
#[test]
fn roll_ups_are_exported_as_they_are() {
    let (folder, history) = open(Settings::default());
    let mut rows: Vec<Row> = (0..130).map(|m| row(&history, ("sensor/1", "a"), m, m as f64)).collect();
    (0..60).for_each(|m| rows[m].quality = Quality::Bad);
    history.commit(&rows, &[]).unwrap();
    let export = Export { series: vec![rows[0].series], span: Span::ALL };
    let (csv, parquet) = (folder.path().join("a.csv"), folder.path().join("a.parquet"));
    let mut shares = Vec::new();
    let mut watch = |share| {
        shares.push(share);
        ControlFlow::Continue(())
    };
    assert_eq!(export_roll_ups_csv(&history, &export, Level::Hour, &csv, &mut watch).unwrap(), 3);
    assert_eq!(export_roll_ups_parquet(&history, &export, Level::Hour, &parquet, &mut go_on).unwrap(), 3);
    assert!(shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    let text = fs::read_to_string(&csv).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "run,sensor,quantity,unit,start,length_s,min,max,mean,count,good,uncertain,bad,stale");
    assert_eq!(lines[1], "live,sensor/1,noise,dB(A),2024-10-04T00:00:00Z,3600,,,,60,0,0,60,0");
    assert_eq!(lines[2], "live,sensor/1,noise,dB(A),2024-10-04T01:00:00Z,3600,60,119,89.5,60,60,0,0,0");
    assert_eq!(lines[3], "live,sensor/1,noise,dB(A),2024-10-04T02:00:00Z,3600,120,129,124.5,10,10,0,0,0");
    assert_eq!(lines.len(), 4);
    let file = SerializedFileReader::new(fs::File::open(&parquet).unwrap()).unwrap();
    let read: Vec<String> = file.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    assert!(read[0].contains("min: null") && read[0].contains("bad: 60"), "{}", read[0]);
    assert!(read[1].contains("mean: 89.5") && read[1].contains("sensor: \"sensor/1\""), "{}", read[1]);
    assert_eq!(read.len(), 3);
}

#[test]
fn a_cancelled_export_leaves_nothing() {
    let (folder, history) = open(Settings::default());
    let rows: Vec<Row> = (0..100).map(|m| row(&history, ("sensor/1", "a"), m, m as f64)).collect();
    history.commit(&rows, &[]).unwrap();
    let export = Export { series: vec![rows[0].series; 3], span: Span::ALL };
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("a");
    let second = || {
        let mut calls = 0;
        move |_: f64| {
            calls += 1;
            if calls < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    };
    for result in [
        export_csv(&history, &export, &path, &mut second()),
        export_parquet(&history, &export, &path, &mut second()),
        export_roll_ups_csv(&history, &export, Level::Minute, &path, &mut second()),
        export_roll_ups_parquet(&history, &export, Level::Minute, &path, &mut second()),
    ] {
        assert!(matches!(result, Err(HistoryError::Cancelled)), "{result:?}");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
    drop(folder);
}
