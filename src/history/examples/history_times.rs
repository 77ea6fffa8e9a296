//! Times of the history: writing, moving to files, one sensor, an hour of the city.
//!
//! `cargo run --release -p citytwin-history --example history_times -- FOLDER ROWS [SENSORS] [HOT_DAYS]`. The rows are those
//! that `benches/history_peers.py` makes as well: a reading a minute of each sensor, in batches of 5,000, times and values by
//! the same formula.

use std::{ops::ControlFlow, path::PathBuf, time::Instant};

use citytwin_history::{
    DAY_US, History, HistoryError, Late, Level, Row, SECOND_US, SeriesId, SeriesKey, Settings, Source, SourceId, Span,
    Store, instant,
};
use citytwin_model::{Quality, Quantity};

/// 2026-01-01.
const START_US: i64 = 20_454 * DAY_US;
const BATCH: usize = 5000;

struct Data {
    sensors: i64,
    rows: i64,
    series: Vec<SeriesId>,
    source: SourceId,
}

impl Data {
    fn row(&self, n: i64) -> Row {
        let (minute, sensor) = (n / self.sensors, n % self.sensors);
        let observed_us = START_US + minute * 60 * SECOND_US + sensor * 60 * SECOND_US / self.sensors;
        Row {
            series: self.series[sensor as usize],
            source: self.source,
            observed_us,
            received_us: observed_us + 20_000 + (n * 7919) % 180_000,
            value: ((minute * 31 + sensor * 17) % 1200) as f64 / 10.0,
            quality: if n % 50 == 0 { Quality::Uncertain } else { Quality::Good },
        }
    }

    fn end_us(&self) -> i64 {
        START_US + (self.rows / self.sensors + 1) * 60 * SECOND_US
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: i64| arguments.get(at).map_or(Ok(otherwise), |text| text.parse());
    let folder = PathBuf::from(arguments.first().ok_or("name a folder, then the number of rows")?);
    let (rows, sensors, hot_days) = (number(1, 1_000_000)?, number(2, 10_000)?, number(3, 1)?);
    if folder.exists() {
        return Err("the folder exists already".into());
    }
    let history = History::open(&folder, Settings { hot_days: u32::try_from(hot_days)?, ..Settings::default() })?;
    let series = (0..sensors).map(|n| SeriesKey::new("live", &format!("sensor/{n}"), Quantity::Speed));
    let series = series.map(|key| key.map(|key| history.series(&key))).collect::<Result<_, _>>()?;
    let source = history.source(&Source::new("mqtt", "1", false)?);
    let data = Data { sensors, rows, series, source };
    write(&history, &data)?;
    println!("-- rows in the database");
    ask(&history, &data)?;
    let size = history.size()?;
    println!("bytes per row: {:.1}", size.hot_bytes as f64 / rows as f64);
    move_days(&history, &data)?;
    println!("-- rows in files");
    ask(&history, &data)
}

fn write(history: &History, data: &Data) -> Result<(), HistoryError> {
    let (start, mut slowest) = (Instant::now(), 0.0_f64);
    let mut batch = Vec::with_capacity(BATCH);
    for n in 0..data.rows {
        batch.push(data.row(n));
        if batch.len() == BATCH || n + 1 == data.rows {
            let begin = Instant::now();
            history.commit(&batch, &[])?;
            slowest = slowest.max(begin.elapsed().as_secs_f64());
            batch.clear();
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("written: {:.0} rows/s in durable batches of {BATCH}, slowest {slowest:.3} s", data.rows as f64 / seconds);
    Ok(())
}

fn move_days(history: &History, data: &Data) -> Result<(), HistoryError> {
    let start = Instant::now();
    let done = history.maintain(data.end_us() + 30 * DAY_US, Late::All)?;
    let (seconds, size) = (start.elapsed().as_secs_f64(), history.size()?);
    println!(
        "rolled up {} hours of series and moved {} days in {seconds:.1} s: {:.0} rows/s",
        done.rolled_up,
        done.moved_days,
        data.rows as f64 / seconds
    );
    println!(
        "bytes per row in files: {:.2}; database with roll-ups {} MB",
        size.cold_bytes as f64 / size.cold_rows as f64,
        size.hot_bytes >> 20
    );
    Ok(())
}

fn ask(history: &History, data: &Data) -> Result<(), Box<dyn std::error::Error>> {
    let all = Span::new(START_US, data.end_us());
    timed("one sensor, all of its time", || {
        let sensor = data.series[data.series.len() / 3];
        let rows = history.range(sensor, all, usize::MAX)?;
        Ok(format!("{} rows, sum {:.1}", rows.len(), rows.iter().map(|r| r.value).sum::<f64>()))
    })?;
    let hour_us = 3600 * SECOND_US;
    let middle_us = START_US + (data.end_us() - START_US) / 2 / hour_us * hour_us;
    timed("one sensor, a day", || {
        let sensor = data.series[data.series.len() / 2];
        let rows = history.range(sensor, Span::new(middle_us - DAY_US, middle_us), usize::MAX)?;
        Ok(format!("{} rows", rows.len()))
    })?;
    timed("all sensors, an hour", || {
        let (mut count, mut sum) = (0_u64, 0.0);
        history.visit("live", Span::new(middle_us, middle_us + hour_us), &mut |row| {
            count += 1;
            sum += row.value;
            ControlFlow::Continue(())
        })?;
        Ok(format!("{count} rows from {}, sum {sum:.1}", instant(middle_us)))
    })?;
    timed("all sensors at a moment, age 15 min", || {
        Ok(format!("{} rows", history.as_of("live", middle_us + hour_us / 2, 900 * SECOND_US)?.len()))
    })?;
    timed("ten minutes in the order of receipt", || {
        let mut count = 0_u64;
        history.visit_received("live", Span::new(middle_us, middle_us + hour_us / 6), &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        Ok(format!("{count} rows"))
    })?;
    timed("one sensor by the hour, all of its time", || {
        let sensor = data.series[data.series.len() / 3];
        Ok(format!("{} roll-ups", history.roll_ups(sensor, Level::Hour, all)?.len()))
    })
}

/// Median of five.
fn timed(what: &str, ask: impl Fn() -> Result<String, HistoryError>) -> Result<(), Box<dyn std::error::Error>> {
    let mut times = Vec::new();
    let mut answer = String::new();
    for _ in 0..5 {
        let start = Instant::now();
        answer = ask()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!("{what}: {:.2} ms ({answer})", times[2] * 1e3);
    Ok(())
}
