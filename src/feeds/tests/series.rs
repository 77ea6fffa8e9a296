//! Recorded series of real sensors (`shared/data/sensors`) through mappings: what comes out equals the file, read here
//! by splitting lines, with nothing of the program's.

mod support;

use std::{collections::BTreeMap, fs, path::Path};

use citytwin_feeds::{
    Reading, Sensor,
    decode::Message,
    mapping::{Mapped, Mapper, Sources},
};
use citytwin_model::{
    Anchor, LonLat, Quantity, Timestamp,
    time::{TimeZone, civil::DateTime},
};
use support::{noon, sensor};

/// The text of a file; `None`, said aloud, where the checkout has none beside it.
fn shared(name: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sensors").join(name);
    let text = fs::read_to_string(&file).ok();
    if text.is_none() {
        support::needs::missing(&format!("{}, a recorded series beside the checkout", file.display()));
    }
    text
}

/// What a file gave: readings in their order, dead letters by kind, values that say that there is none.
#[derive(Default)]
struct Loaded {
    readings: Vec<Reading>,
    dead: BTreeMap<&'static str, usize>,
    missing: u64,
}

fn load(mapping: &str, sensors: &[Sensor], text: &str) -> Loaded {
    let sources = Sources::parse("sources.toml", mapping).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut mapper = Mapper::new(&sources, sensors, Anchor::new(LonLat { lon: 0.0, lat: 45.0 }));
    let mut loaded = Loaded::default();
    let message = Message { topic: "file", payload: text.as_bytes(), received_at: noon() };
    let each = |_: usize, mapped: &Mapped| {
        loaded.readings.extend(mapped.readings.iter().map(|m| m.reading.clone()));
        for dead in &mapped.dead {
            *loaded.dead.entry(dead.kind).or_default() += 1;
        }
        loaded.missing += mapped.missing;
    };
    mapper.map_rows(0, message, each).unwrap();
    loaded
}

fn source(timezone: &str, format: &str) -> String {
    format!(
        "version = 1\n[[source]]\nid = \"f\"\nkind = \"file\"\naddress = \"f.csv\"\ntimezone = \"{timezone}\"\n\
         [[mapping]]\nid = \"m\"\nsource = \"f\"\nformat = \"csv\"\n{format}\n"
    )
}

fn take(column: &str, quantity: Quantity, unit: &str, rest: &str) -> String {
    format!("[[mapping.take]]\nproperty = \"{column}\"\nquantity = \"{quantity}\"\nunit = \"{unit}\"\n{rest}\n")
}

fn instant(zone: &TimeZone, local: &str) -> Timestamp {
    zone.to_timestamp(local.parse::<DateTime>().unwrap()).unwrap()
}

/// Round-off of a conversion: one multiplication and one addition.
fn same(got: f64, expected: f64) -> bool {
    (got - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

#[test]
fn metr_la_a_week_of_207_detectors() {
    let Some(text) = shared("metr_la_speed_week.csv") else { return };
    let ids: Vec<&str> = text.lines().next().unwrap().split(',').map(str::trim).collect();
    let sensors: Vec<Sensor> = ids.iter().zip(0..).map(|(id, n)| sensor(n, id, Quantity::Speed)).collect();
    let format = "start = \"2012-03-01T00:00:00\"\nstep_s = 300";
    let rest = "missing = [0]\nsensor = \"{detector}\"";
    let mapping = source("UTC", format) + &take("{detector}", Quantity::Speed, "mph", rest);
    let loaded = load(&mapping, &sensors, &text);
    let (mut at, mut zeros) = (0, 0);
    for (row, line) in text.lines().skip(1).enumerate() {
        for (detector, cell) in line.split(',').enumerate() {
            let mph: f64 = cell.parse().unwrap();
            if mph == 0.0 {
                zeros += 1;
                continue;
            }
            let reading = &loaded.readings[at];
            at += 1;
            assert_eq!(reading.sensor.index(), detector);
            assert!(same(reading.value, mph * 1.609_344), "{reading:?} of {mph} mph");
            let start: Timestamp = "2012-03-01T00:00:00Z".parse().unwrap();
            assert_eq!(reading.observed_at.as_second() - start.as_second(), row as i64 * 300);
        }
    }
    assert_eq!((at, zeros), (loaded.readings.len(), loaded.missing));
    assert_eq!(at as u64 + zeros, 207 * 2016);
    assert!(loaded.dead.is_empty(), "{:?}", loaded.dead);
}

#[test]
fn metro_interstate_with_its_weather() {
    let Some(text) = shared("metro_interstate_traffic_volume.csv") else { return };
    let sensors = [
        sensor(0, "flow", Quantity::VehicleFlow),
        sensor(1, "air", Quantity::AirTemperature),
        sensor(2, "rain", Quantity::Precipitation),
    ];
    let mapping = source("America/Chicago", "time = [\"date_time\"]")
        + &take("traffic_volume", Quantity::VehicleFlow, "veh/h", "sensor = \"flow\"")
        + &take("temp", Quantity::AirTemperature, "K", "sensor = \"air\"")
        + &take("rain_1h", Quantity::Precipitation, "mm", "sensor = \"rain\"");
    let loaded = load(&mapping, &sensors, &text);
    let zone = TimeZone::get("America/Chicago").unwrap();
    let (mut readings, mut impossible) = (loaded.readings.iter(), 0);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let at = instant(&zone, &cells[7].replace(' ', "T"));
        let [kelvin, rain, flow] = [1, 2, 8].map(|n| cells[n].parse::<f64>().unwrap());
        let expected = [(2, rain), (1, kelvin - 273.15), (0, flow)];
        let mut here: Vec<(u32, f64)> = Vec::new();
        for (sensor, value) in expected {
            // The file holds absolute zeros of its thermometer, and 9.8 m of rain in an hour.
            let possible = sensors[sensor as usize].quantity.possible();
            if value < possible.0 || value > possible.1 {
                impossible += 1;
            } else {
                here.push((sensor, value));
            }
        }
        here.sort_by_key(|(sensor, _)| std::cmp::Reverse(*sensor));
        let mut got: Vec<&Reading> = readings.by_ref().take(here.len()).collect();
        got.sort_by_key(|reading| std::cmp::Reverse(reading.sensor.0));
        for (reading, (sensor, value)) in got.iter().zip(&here) {
            assert_eq!((reading.sensor.0, reading.observed_at), (*sensor, at), "{line}");
            assert!(same(reading.value, *value), "{reading:?} of {line}");
        }
        assert_eq!(got.len(), here.len());
    }
    assert!(readings.next().is_none());
    assert_eq!(loaded.dead, BTreeMap::from([("impossible value", impossible)]));
    // Ten zeros of temperature and one hour of 9,831.3 mm are known of this file.
    assert_eq!(impossible, 11);
}

#[test]
fn tetuan_three_zones() {
    let Some(text) = shared("tetuan_power_consumption.csv") else { return };
    let sensors = [
        sensor(0, "zone1", Quantity::ActivePower),
        sensor(1, "zone2", Quantity::ActivePower),
        sensor(2, "zone3", Quantity::ActivePower),
        sensor(3, "humidity", Quantity::RelativeHumidity),
    ];
    let mut mapping = source("UTC", "time = [\"DateTime\"]\ntime_format = \"%m/%d/%y %H:%M\"");
    for zone in 1..=3 {
        let column = format!("Zone {zone} Power Consumption");
        mapping += &take(&column, Quantity::ActivePower, "kW", &format!("sensor = \"zone{zone}\""));
    }
    mapping += &take("Humidity", Quantity::RelativeHumidity, "%", "sensor = \"humidity\"");
    let loaded = load(&mapping, &sensors, &text);
    let mut readings = loaded.readings.iter();
    let mut rows = 0;
    for line in text.lines().skip(1).filter(|line| !line.trim_matches(',').is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        let (date, clock) = cells[0].split_once(' ').unwrap();
        let [month, day, year]: [u32; 3] =
            date.split('/').map(|n| n.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
        let (hour, minute) = clock.split_once(':').unwrap();
        let at = instant(&TimeZone::UTC, &format!("20{year:02}-{month:02}-{day:02}T{hour:0>2}:{minute:0>2}:00"));
        let got: Vec<&Reading> = readings.by_ref().take(4).collect();
        let expected = [(0, 4, 1e3), (1, 5, 1e3), (2, 6, 1e3), (3, 2, 1.0)];
        for (sensor, column, factor) in expected {
            let reading = got.iter().find(|reading| reading.sensor.0 == sensor).unwrap();
            assert!(same(reading.value, cells[column].parse::<f64>().unwrap() * factor), "{line}: {reading:?}");
            assert_eq!(reading.observed_at, at, "{line}");
        }
        rows += 1;
    }
    assert_eq!((rows, readings.next()), (52_416, None));
    assert!(loaded.dead.is_empty(), "{:?}", loaded.dead);
}

#[test]
fn air_quality_with_decimal_commas_and_gaps() {
    let Some(text) = shared("air_quality_uci.csv") else { return };
    // Column, quantity, the file's unit, factor and offset to the quantity's own.
    let columns = [
        (2, "CO(GT)", Quantity::CarbonMonoxide, "mg/m³", 1.0),
        (5, "C6H6(GT)", Quantity::Benzene, "µg/m³", 1.0),
        (7, "NOx(GT)", Quantity::Nox, "ppb", 46.0055 / 24.055),
        (9, "NO2(GT)", Quantity::No2, "µg/m³", 1.0),
        (12, "T", Quantity::AirTemperature, "°C", 1.0),
        (13, "RH", Quantity::RelativeHumidity, "%", 1.0),
    ];
    let sensors: Vec<Sensor> =
        columns.iter().zip(0..).map(|((_, _, quantity, ..), n)| sensor(n, quantity.name(), *quantity)).collect();
    let format =
        "delimiter = \";\"\ndecimal_comma = true\ntime = [\"Date\", \"Time\"]\ntime_format = \"%d/%m/%Y %H.%M.%S\"";
    let mut mapping = source("UTC", format);
    for (_, column, quantity, unit, _) in columns {
        mapping += &take(column, quantity, unit, &format!("missing = [-200]\nsensor = \"{quantity}\""));
    }
    let loaded = load(&mapping, &sensors, &text);
    let mut by_key: BTreeMap<(u32, Timestamp), f64> = BTreeMap::new();
    for reading in &loaded.readings {
        assert_eq!(by_key.insert((reading.sensor.0, reading.observed_at), reading.value), None);
    }
    let (mut rows, mut gaps, mut values) = (0, 0, 0);
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(';').collect();
        if cells[0].is_empty() {
            continue;
        }
        rows += 1;
        let (date, clock) = (cells[0].split('/').collect::<Vec<_>>(), cells[1].replace('.', ":"));
        let at = instant(&TimeZone::UTC, &format!("{}-{}-{}T{clock}", date[2], date[1], date[0]));
        for ((column, _, _, _, factor), sensor) in columns.iter().zip(0..) {
            let stated: f64 = cells[*column].replace(',', ".").parse().unwrap();
            match by_key.get(&(sensor, at)) {
                None => {
                    assert_eq!(stated, -200.0, "{line}");
                    gaps += 1;
                }
                Some(value) => {
                    assert!(same(*value, stated * factor), "{line}: {value}");
                    values += 1;
                }
            }
        }
    }
    assert_eq!((rows, values), (9_357, loaded.readings.len()));
    assert_eq!(gaps, loaded.missing);
    assert!(loaded.dead.is_empty(), "{:?}", loaded.dead);
}
