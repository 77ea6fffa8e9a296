//! Readings a second of one core through decoder, mapping and quality checks (10,000 sensors, every reading new), as
//! CPU time. `cargo run --release -p citytwin-feeds --example decode_speed`.

use std::fmt::Write;

use citytwin_feeds::{
    Sensor,
    decode::Message,
    mapping::{Mapped, Mapper, Sources},
    quality::{Arrival, Monitor, Place},
};
use citytwin_model::{Anchor, Coord, LonLat, Quantity, SensorId, SourceRef, Timestamp};
use cpu_time::ProcessTime;

const SENSORS: u32 = 10_000;
/// Of one run; each sensor speaks so often that the median of its intervals is learned.
const READINGS: usize = 400_000;
const RUNS: usize = 5;

const SOURCES: &str = r#"
version = 1
[[source]]
id = "broker"
kind = "mqtt"
address = "mqtts://localhost"

[[mapping]]
id = "json"
source = "broker"
topic = "city/{id}/temperature"
format = "json"
time = "$.observed_at"
unit = "$.unit"
[[mapping.take]]
value = "$.value"
quantity = "air_temperature"
sensor = "s{id}"

[[mapping]]
id = "json-items"
source = "broker"
topic = "gateway/+"
format = "json"
each = "$.readings[*]"
device = "@.id"
time = "@.at"
[[mapping.take]]
value = "@.v"
quantity = "air_temperature"
sensor = "{device}"

[[mapping]]
id = "json-query"
source = "broker"
topic = "query/{id}"
format = "json"
time = "$..observed_at"
[[mapping.take]]
value = "$..value"
quantity = "air_temperature"
sensor = "s{id}"

[[mapping]]
id = "senml"
source = "broker"
topic = "senml/#"
format = "senml"
[[mapping.take]]
device = "urn:dev:mac:{id}:temp"
quantity = "air_temperature"
sensor = "s{id}"
"#;

/// A topic and a payload for the readings `first..first + count`.
type Write1 = fn(first: usize, count: usize) -> (String, String);

fn main() {
    let rows: [(&str, usize, Write1); 6] = [
        ("plain JSON, one reading", 1, plain),
        ("plain JSON, 20 readings", 20, items),
        ("plain JSON by a query ($..value)", 1, query),
        ("SenML, one record", 1, senml),
        ("SenML, packs of 10", 10, senml),
        ("SenML, packs of 100", 100, senml),
    ];
    for (name, per_message, write) in rows {
        let messages: Vec<(String, String)> =
            (0..READINGS / per_message).map(|n| write(n * per_message, per_message)).collect();
        let bytes = messages.iter().map(|(_, payload)| payload.len()).sum::<usize>() / READINGS;
        let mut rates: Vec<f64> = (0..RUNS).map(|_| rate(&messages)).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "{name:<34} {:>9.0} readings/s (worst {:.0}, best {:.0}; {bytes} bytes a reading)",
            rates[RUNS / 2],
            rates[0],
            rates[RUNS - 1]
        );
    }
}

fn rate(messages: &[(String, String)]) -> f64 {
    let sensors: Vec<Sensor> = (0..SENSORS).map(sensor).collect();
    let sources = Sources::parse("sources.toml", SOURCES).expect("the mappings are right");
    let mut mapper = Mapper::new(&sources, &sensors, Anchor::new(LonLat { lon: 0.0, lat: 45.0 }));
    let mut monitor = Monitor::new(&sensors, at(0));
    let mut mapped = Mapped::default();
    let mut live = 0;
    let start = ProcessTime::now();
    for (index, (topic, payload)) in messages.iter().enumerate() {
        let received_at = at(index * READINGS / messages.len() + 1);
        mapper.map(Some(0), Message { topic, payload: payload.as_bytes(), received_at }, &mut mapped);
        for reading in &mapped.readings {
            live += usize::from(monitor.apply(Arrival::from(reading)).place == Place::Live);
        }
        monitor.advance(received_at);
        assert!(mapped.dead.is_empty(), "{:?}", mapped.dead);
        mapped.clear();
    }
    let spent_s = start.elapsed().as_secs_f64();
    assert_eq!(live, READINGS, "every reading is news");
    READINGS as f64 / spent_s
}

/// The time of a reading: 1,000 a second.
fn at(reading: usize) -> Timestamp {
    Timestamp::from_millisecond(1_714_564_740_000 + reading as i64).expect("a time of this century")
}

fn of(reading: usize) -> (usize, f64) {
    (reading % SENSORS as usize, 20.0 + (reading % 17) as f64 * 0.05)
}

fn plain(reading: usize, _: usize) -> (String, String) {
    let (sensor, value) = of(reading);
    let payload =
        format!(r#"{{"value":{value:.2},"unit":"°C","observed_at":"{}","battery":3.61,"fw":"1.4.2"}}"#, at(reading));
    (format!("city/{sensor}/temperature"), payload)
}

fn query(reading: usize, count: usize) -> (String, String) {
    let (_, payload) = plain(reading, count);
    (format!("query/{}", of(reading).0), payload)
}

fn items(first: usize, count: usize) -> (String, String) {
    let mut payload = String::from(r#"{"gateway":"gw7","readings":["#);
    for reading in first..first + count {
        let (sensor, value) = of(reading);
        let comma = if reading == first { "" } else { "," };
        let at_ms = at(reading).as_millisecond();
        write!(payload, r#"{comma}{{"id":"s{sensor}","v":{value:.2},"at":{at_ms}}}"#).expect("a text takes all");
    }
    payload.push_str("]}");
    ("gateway/7".into(), payload)
}

fn senml(first: usize, count: usize) -> (String, String) {
    let base_s = at(first).as_millisecond() as f64 / 1e3;
    let mut payload = format!(r#"[{{"bn":"urn:dev:mac:","bt":{base_s},"bu":"Cel""#);
    for reading in first..first + count {
        let (sensor, value) = of(reading);
        if reading > first {
            payload.push('{');
        } else {
            payload.push(',');
        }
        let after_s = (reading - first) as f64 / 1e3;
        write!(payload, r#""n":"{sensor}:temp","t":{after_s},"v":{value:.2}}}"#).expect("a text takes all");
        payload.push(if reading + 1 == first + count { ']' } else { ',' });
    }
    ("senml/gw".into(), payload)
}

fn sensor(id: u32) -> Sensor {
    Sensor {
        id: SensorId(id),
        source: SourceRef::local("sensor", &format!("s{id}")),
        name: String::new(),
        quantity: Quantity::AirTemperature,
        at: Coord { x: 0.0, y: 0.0 },
        observes: None,
        topic: String::new(),
        interval_s: 10.0,
        stale_after_s: 40.0,
    }
}
