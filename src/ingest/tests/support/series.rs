//! Recorded series of real sensors (`shared/data/sensors`) as messages, a row each, received when they were observed;
//! and what must become of them, read here by splitting lines, with nothing of the program's.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use citytwin_feeds::{Delivery, Reading, Sensor, mapping::Sources};
use citytwin_history::{History, SeriesKey, Span, Store, instant as instant_of};
use citytwin_ingest::{Change, Feeds, Ingest, Live, Replay, Settings};
use citytwin_model::{
    Coord, Quantity, SensorId, SourceRef, Timestamp,
    time::{SignedDuration, TimeZone, civil::DateTime},
};

use super::{PATIENCE, anchor, becomes_true};

pub struct Series {
    pub name: &'static str,
    /// The `sources.toml`.
    pub sources: String,
    pub sensors: Vec<Sensor>,
    /// When it was received, and what.
    pub messages: Vec<(Timestamp, String)>,
    /// By sensor and observed time, in the quantity's unit. Where the file has two values of one time: the first.
    pub expected: BTreeMap<(u32, Timestamp), f64>,
    /// Values that the file has and no quantity can be.
    pub impossible: u64,
}

/// The first `rows` of every file that lies beside this checkout; says so of one that does not.
pub fn all(rows: usize) -> Vec<Series> {
    [metr_la, metro, tetuan, air_quality].into_iter().filter_map(|read| read(rows)).collect()
}

fn shared(name: &str) -> Option<String> {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sensors").join(name);
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        super::needs::missing(&format!("{}, a recorded series beside the checkout", file.display()));
    }
    text
}

impl Series {
    fn new(name: &'static str, timezone: &str, format: &str, sensors: Vec<Sensor>) -> Self {
        let sources = format!(
            "version = 1\n[[source]]\nid = \"recorded\"\nkind = \"file\"\naddress = \"f.csv\"\ntimezone = \"{timezone}\"\n\
             [[mapping]]\nid = \"rows\"\nsource = \"recorded\"\nformat = \"csv\"\n{format}\n"
        );
        Self { name, sources, sensors, messages: Vec::new(), expected: BTreeMap::new(), impossible: 0 }
    }

    fn take(&mut self, column: &str, quantity: Quantity, unit: &str, rest: &str) {
        let take = format!("quantity = \"{quantity}\"\nunit = \"{unit}\"\n{rest}\n");
        self.sources += &format!("[[mapping.take]]\nproperty = \"{column}\"\n{take}");
    }

    fn expect(&mut self, sensor: u32, at: Timestamp, value: f64) {
        let (low, high) = self.sensors[sensor as usize].quantity.possible();
        if value < low || value > high {
            self.impossible += 1;
        } else {
            self.expected.entry((sensor, at)).or_insert(value);
        }
    }
}

fn sensor(id: u32, name: &str, quantity: Quantity) -> Sensor {
    Sensor {
        id: SensorId(id),
        source: SourceRef::local("sensor", name),
        name: name.to_owned(),
        quantity,
        at: Coord { x: 0.0, y: 0.0 },
        observes: None,
        topic: String::new(),
        interval_s: 300.0,
        stale_after_s: 900.0,
    }
}

fn named(names: &[(&str, Quantity)]) -> Vec<Sensor> {
    names.iter().zip(0..).map(|((name, quantity), id)| sensor(id, name, *quantity)).collect()
}

fn instant(zone: &TimeZone, local: &str) -> Timestamp {
    zone.to_timestamp(local.parse::<DateTime>().unwrap()).unwrap()
}

/// Mean speeds of 207 detectors each five minutes, miles an hour; zero says that there is none. The file has no times.
fn metr_la(rows: usize) -> Option<Series> {
    let text = shared("metr_la_speed_week.csv")?;
    let header = text.lines().next()?;
    let ids: Vec<(&str, Quantity)> = header.split(',').map(|id| (id.trim(), Quantity::Speed)).collect();
    let mut series = Series::new("METR-LA", "UTC", "time = [\"time\"]", named(&ids));
    series.take("{detector}", Quantity::Speed, "mph", "missing = [0]\nsensor = \"{detector}\"");
    let start: Timestamp = "2012-03-01T00:00:00Z".parse().unwrap();
    for (row, line) in text.lines().skip(1).take(rows).enumerate() {
        let at = Timestamp::from_second(start.as_second() + 300 * row as i64).unwrap();
        series.messages.push((at, format!("time,{header}\n{at},{line}\n")));
        for (detector, cell) in (0..).zip(line.split(',')) {
            let mph: f64 = cell.parse().unwrap();
            if mph != 0.0 {
                series.expect(detector, at, mph * 1.609_344);
            }
        }
    }
    Some(series)
}

/// Hours of a road with its weather, by Chicago's clock; an hour with several kinds of weather has as many rows.
fn metro(rows: usize) -> Option<Series> {
    let text = shared("metro_interstate_traffic_volume.csv")?;
    let names = [("flow", Quantity::VehicleFlow), ("air", Quantity::AirTemperature), ("rain", Quantity::Precipitation)];
    let mut series = Series::new("Metro Interstate", "America/Chicago", "time = [\"date_time\"]", named(&names));
    series.take("traffic_volume", Quantity::VehicleFlow, "veh/h", "sensor = \"flow\"");
    series.take("temp", Quantity::AirTemperature, "K", "sensor = \"air\"");
    series.take("rain_1h", Quantity::Precipitation, "mm", "sensor = \"rain\"");
    let zone = TimeZone::get("America/Chicago").unwrap();
    let header = text.lines().next()?;
    for line in text.lines().skip(1).take(rows) {
        let cells: Vec<&str> = line.split(',').collect();
        let at = instant(&zone, &cells[7].replace(' ', "T"));
        series.messages.push((at, format!("{header}\n{line}\n")));
        let [kelvin, rain, flow] = [1, 2, 8].map(|n| cells[n].parse::<f64>().unwrap());
        series.expect(0, at, flow);
        series.expect(1, at, kelvin - 273.15);
        series.expect(2, at, rain);
    }
    Some(series)
}

/// Power of three zones each ten minutes.
fn tetuan(rows: usize) -> Option<Series> {
    let text = shared("tetuan_power_consumption.csv")?;
    let power = Quantity::ActivePower;
    let names = [("zone1", power), ("zone2", power), ("zone3", power), ("humidity", Quantity::RelativeHumidity)];
    let format = "time = [\"DateTime\"]\ntime_format = \"%m/%d/%y %H:%M\"";
    let mut series = Series::new("Tetuan", "UTC", format, named(&names));
    for zone in 1..=3 {
        let column = format!("Zone {zone} Power Consumption");
        series.take(&column, power, "kW", &format!("sensor = \"zone{zone}\""));
    }
    series.take("Humidity", Quantity::RelativeHumidity, "%", "sensor = \"humidity\"");
    let header = text.lines().next()?;
    for line in text.lines().skip(1).filter(|line| !line.trim_matches(',').is_empty()).take(rows) {
        let cells: Vec<&str> = line.split(',').collect();
        let (date, clock) = cells[0].split_once(' ').unwrap();
        let parts: Vec<u32> = date.split('/').map(|n| n.parse().unwrap()).collect();
        let (hour, minute) = clock.split_once(':').unwrap();
        let local = format!("20{:02}-{:02}-{:02}T{hour:0>2}:{minute:0>2}:00", parts[2], parts[0], parts[1]);
        let at = instant(&TimeZone::UTC, &local);
        series.messages.push((at, format!("{header}\n{line}\n")));
        for (sensor, column, factor) in [(0, 4, 1e3), (1, 5, 1e3), (2, 6, 1e3), (3, 2, 1.0)] {
            series.expect(sensor, at, cells[column].parse::<f64>().unwrap() * factor);
        }
    }
    Some(series)
}

/// Hours of a measuring station, with decimal commas; −200 says that there is none.
fn air_quality(rows: usize) -> Option<Series> {
    let text = shared("air_quality_uci.csv")?;
    let columns = [
        (2, "CO(GT)", Quantity::CarbonMonoxide, "mg/m³", 1.0),
        (5, "C6H6(GT)", Quantity::Benzene, "µg/m³", 1.0),
        // Molar mass over molar volume at 293 K.
        (7, "NOx(GT)", Quantity::Nox, "ppb", 46.0055 / 24.055),
        (9, "NO2(GT)", Quantity::No2, "µg/m³", 1.0),
        (12, "T", Quantity::AirTemperature, "°C", 1.0),
        (13, "RH", Quantity::RelativeHumidity, "%", 1.0),
    ];
    let names = columns.map(|(_, _, quantity, ..)| (quantity.name(), quantity));
    let format =
        "delimiter = \";\"\ndecimal_comma = true\ntime = [\"Date\", \"Time\"]\ntime_format = \"%d/%m/%Y %H.%M.%S\"";
    let mut series = Series::new("Air Quality UCI", "UTC", format, named(&names));
    for (_, column, quantity, unit, _) in columns {
        series.take(column, quantity, unit, &format!("missing = [-200]\nsensor = \"{quantity}\""));
    }
    let header = text.lines().next()?;
    for line in text.lines().skip(1).take(rows) {
        let cells: Vec<&str> = line.split(';').collect();
        if cells[0].is_empty() {
            continue;
        }
        let (date, clock) = (cells[0].split('/').collect::<Vec<_>>(), cells[1].replace('.', ":"));
        let at = instant(&TimeZone::UTC, &format!("{}-{}-{}T{clock}", date[2], date[1], date[0]));
        series.messages.push((at, format!("{header}\n{line}\n")));
        for (sensor, (column, _, _, _, factor)) in (0..).zip(columns) {
            let stated: f64 = cells[column].replace(',', ".").parse().unwrap();
            if stated != -200.0 {
                series.expect(sensor, at, stated * factor);
            }
        }
    }
    Some(series)
}

/// What a run of a series told.
#[derive(Debug)]
pub struct Told {
    pub readings: u64,
    pub duplicates: u64,
    pub dead: u64,
    /// To make every row a message, decode, judge and commit it; to replay all; second.
    pub load_s: f64,
    pub replay_s: f64,
    /// The longest of the replay's steps, each of as long as a thousand times real speed has for it, second.
    pub longest_step_s: f64,
    pub steps: u64,
}

/// A step of a replay in real time, second, and how fast it goes.
const STEP_S: f64 = 0.2;
const SPEED: f64 = 1000.0;

/// Takes a series through mapping and intake into a history of this folder, and panics unless the history then gives
/// every value of the file and no other, and a replay in steps of a thousand times real speed leaves the twin with the
/// last value of every sensor.
pub fn run(series: &Series, folder: &Path) -> Told {
    let sources = Sources::parse("sources.toml", &series.sources).unwrap_or_else(|faults| panic!("{faults:?}"));
    let store = Arc::new(History::open(folder, citytwin_history::Settings::default()).unwrap());
    let last = series.messages.iter().map(|(at, _)| *at).max().unwrap();
    let feeds = Feeds {
        city: "recorded",
        sensors: &series.sensors,
        anchor: anchor(),
        sources: Some(&sources),
        brokers: Vec::new(),
    };
    let ingest = Ingest::start(&feeds, store.clone(), Settings::new("series".to_owned()), Arc::new(move || last));
    let mut ingest = ingest.unwrap();
    let begin = Instant::now();
    let count = series.messages.len() as u64;
    for (at, row) in &series.messages {
        ingest.offers().send(Delivery::new(0, "row", row.as_bytes(), *at)).unwrap();
    }
    let settled = becomes_true(PATIENCE, || ingest.status().sources[0].messages == count);
    assert!(settled, "{}: {:?}", series.name, ingest.status());
    let load_s = begin.elapsed().as_secs_f64();
    ingest.stop();
    let status = ingest.status();
    let values = series.expected.len() as u64;
    assert_eq!((status.committed, status.expired), (values, 0), "{}: {status:?}", series.name);
    assert_eq!(status.sources[0].dead_total(), series.impossible, "{}: {:?}", series.name, status.sources[0].dead);
    compare(series, store.as_ref());

    let live = Live::new(series.sensors.len());
    let mut replay = Replay::new(store, &series.sensors, "live", Span::ALL);
    let (begin, mut longest_step_s, mut steps, mut readings) = (Instant::now(), 0.0_f64, 0, 0);
    let mut twin: Vec<Option<Reading>> = vec![None; series.sensors.len()];
    let mut now = replay.next_at().unwrap().unwrap();
    loop {
        let step = Instant::now();
        readings += replay.advance(now, &live).unwrap();
        for change in live.take(usize::MAX) {
            if let Change::Reading(reading) = change {
                let sensor = reading.sensor.index();
                assert!(twin[sensor].as_ref().is_none_or(|old| old.observed_at < reading.observed_at));
                twin[sensor] = Some(reading);
            }
        }
        longest_step_s = longest_step_s.max(step.elapsed().as_secs_f64());
        steps += 1;
        if replay.next_at().unwrap().is_none() {
            break;
        }
        now += SignedDuration::from_secs_f64(STEP_S * SPEED);
    }
    let replay_s = begin.elapsed().as_secs_f64();
    assert_eq!(readings, values, "{}", series.name);
    for (sensor, reading) in (0..).zip(&twin) {
        let of_sensor = series.expected.range((sensor, Timestamp::MIN)..=(sensor, Timestamp::MAX));
        let newest = of_sensor.last().map(|((_, at), value)| (*at, *value));
        match (reading, newest) {
            (Some(reading), Some((at, value))) => {
                assert!(reading.observed_at == at && same(reading.value, value), "{}: {reading:?}", series.name);
            }
            (None, None) => {}
            other => panic!("{}, sensor {sensor}: {other:?}", series.name),
        }
    }
    let (duplicates, dead) = (status.duplicates, series.impossible);
    Told { readings, duplicates, dead, load_s, replay_s, longest_step_s, steps }
}

fn compare(series: &Series, store: &dyn Store) {
    let mut values = 0;
    for (number, sensor) in (0..).zip(&series.sensors) {
        let key = SeriesKey::new("live", &sensor.source.to_string(), sensor.quantity).unwrap();
        let Some(kept) = store.find(&key) else { continue };
        for row in store.range(kept, Span::ALL, usize::MAX).unwrap() {
            let at = instant_of(row.observed_us);
            let expected = series.expected.get(&(number, at));
            assert!(expected.is_some_and(|value| same(row.value, *value)), "{}: {row:?}, {expected:?}", series.name);
            values += 1;
        }
    }
    assert_eq!(values, series.expected.len(), "{}", series.name);
}

/// Round-off of a conversion: one multiplication and one addition.
fn same(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}
