//! The payload format, row by row: late, repeated, future, garbage, huge, nested, of a wrong unit.

mod support;

use citytwin_feeds::{DecodeError, MAX_PAYLOAD_BYTES, Reading, SensorRegistry, decode};
use citytwin_model::{Quality, Quantity, SensorId, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg32;
use support::{noon, sensor};

const FLOW: &str = "citytwin/demo/bridge/vehicle_flow";
const SPEED: &str = "citytwin/demo/ring/speed";
const POWER: &str = "citytwin/demo/plant/active_power";
const AIR: &str = "citytwin/demo/roof/air_temperature";

fn registry() -> SensorRegistry {
    let sensors = [
        sensor(0, "bridge", Quantity::VehicleFlow),
        sensor(1, "ring", Quantity::Speed),
        sensor(2, "plant", Quantity::ActivePower),
        sensor(3, "roof", Quantity::AirTemperature),
    ];
    SensorRegistry::new(&sensors, "demo", None)
}

fn read(topic: &str, payload: impl AsRef<[u8]>) -> Result<Vec<Reading>, DecodeError> {
    decode(topic, payload.as_ref(), &registry(), noon())
}

fn stamp(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn values_and_units() {
    let rows = [
        (FLOW, "412.5", 412.5),
        (FLOW, " 412.5\n", 412.5),
        (FLOW, "4e2", 400.0),
        (FLOW, "-0", 0.0),
        (FLOW, r#"{"value":412.5}"#, 412.5),
        (FLOW, r#"{"value":412.5,"unit":"veh/h"}"#, 412.5),
        (FLOW, r#"{"value":7,"unit":"veh/min"}"#, 420.0),
        (FLOW, r#"{"value":412.5,"unit":null,"observed_at":null,"quality":null}"#, 412.5),
        (FLOW, r#"{"battery":{"v":[3.1,{"x":[]}]},"value":412.5,"id":"é\n"}"#, 412.5),
        (FLOW, r#"[{"value":412.5}]"#, 412.5),
        (SPEED, r#"{"value":50,"unit":"mph"}"#, 80.4672),
        (SPEED, r#"{"value":10,"unit":"m/s"}"#, 36.0),
        (POWER, r#"{"value":-1.5,"unit":"kW"}"#, -1500.0),
        (AIR, r#"{"value":68,"unit":"°F"}"#, 20.0),
        (AIR, r#"{"value":68,"unit":"\u00b0F"}"#, 20.0),
    ];
    for (topic, payload, expected) in rows {
        let readings = read(topic, payload).unwrap_or_else(|error| panic!("{payload}: {error}"));
        assert_eq!(readings.len(), 1, "{payload}");
        // Round-off of one multiplication and one addition.
        assert!((readings[0].value - expected).abs() < 1e-9 * expected.abs().max(1.0), "{payload}: {readings:?}");
        assert_eq!((readings[0].quality, readings[0].observed_at), (Quality::Good, noon()), "{payload}");
        assert!(!readings[0].emulated);
    }
}

#[test]
fn a_reading_says_all_that_the_packet_says() {
    let payload =
        r#"{"value":3,"unit":"MW","observed_at":"2024-05-01T13:59:30+02:00","quality":"bad","emulated":true}"#;
    let expected = Reading {
        sensor: SensorId(2),
        quantity: Quantity::ActivePower,
        value: 3e6,
        observed_at: stamp("2024-05-01T11:59:30Z"),
        received_at: noon(),
        quality: Quality::Bad,
        emulated: true,
        made_by: citytwin_model::MadeBy::default(),
    };
    assert_eq!(read(POWER, payload), Ok(vec![expected]));
}

/// What was observed when, and how far it is believed.
#[test]
fn stamps() {
    let rows = [
        // On time, in each notation.
        (r#""2024-05-01T11:59:00Z""#, "2024-05-01T11:59:00Z", Quality::Good),
        ("1714564740", "2024-05-01T11:59:00Z", Quality::Good),
        ("1714564740.25", "2024-05-01T11:59:00.25Z", Quality::Good),
        ("1714564740000", "2024-05-01T11:59:00Z", Quality::Good),
        // Late: kept as it is; order is judged later.
        (r#""2024-05-01T09:00:00Z""#, "2024-05-01T09:00:00Z", Quality::Good),
        ("946684800", "2000-01-01T00:00:00Z", Quality::Good),
        // Ahead within the tolerance, then beyond it.
        (r#""2024-05-01T12:01:00Z""#, "2024-05-01T12:01:00Z", Quality::Good),
        (r#""2024-05-01T12:01:01Z""#, "2024-05-01T12:00:00Z", Quality::Uncertain),
        (r#""2024-05-01T14:00:00Z""#, "2024-05-01T12:00:00Z", Quality::Uncertain),
        (r#""9999-01-01T00:00:00Z""#, "2024-05-01T12:00:00Z", Quality::Uncertain),
        // A clock that was never set.
        ("0", "2024-05-01T12:00:00Z", Quality::Uncertain),
        ("-5", "2024-05-01T12:00:00Z", Quality::Uncertain),
        ("946684799", "2024-05-01T12:00:00Z", Quality::Uncertain),
    ];
    for (at, observed, quality) in rows {
        let reading = read(FLOW, format!(r#"{{"value":1,"observed_at":{at}}}"#)).unwrap().remove(0);
        assert_eq!((reading.observed_at, reading.quality), (stamp(observed), quality), "{at}");
        assert_eq!(reading.received_at, noon());
    }
    let future_and_bad = r#"{"value":1,"quality":"bad","observed_at":"2024-05-01T14:00:00Z"}"#;
    assert_eq!(read(FLOW, future_and_bad).unwrap()[0].quality, Quality::Bad);
}

#[test]
fn a_repeated_packet_gives_the_same_reading() {
    let payload = r#"{"value":1,"observed_at":"2024-05-01T11:00:00Z"}"#;
    assert_eq!(read(FLOW, payload), read(FLOW, payload));
}

#[test]
fn an_array_gives_its_readings_in_order_or_none() {
    let values: Vec<f64> =
        read(FLOW, r#"[{"value":3},{"value":1},{"value":2}]"#).unwrap().iter().map(|r| r.value).collect();
    assert_eq!(values, [3.0, 1.0, 2.0]);
    assert_eq!(read(FLOW, "[]"), Ok(vec![]));
    assert_eq!(read(FLOW, r#"[{"value":3},{"value":-1}]"#).unwrap_err().kind(), "impossible value");
}

#[test]
fn refusals() {
    let huge = format!(r#"{{"value":1,"x":"{}"}}"#, "y".repeat(MAX_PAYLOAD_BYTES));
    let bomb = "[".repeat(60_000);
    let inner_bomb = format!(r#"{{"value":1,"x":{}"#, "[".repeat(60_000));
    let closed_bomb = format!(r#"{{"value":{}1{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let many = format!("[{}]", vec![r#"{"value":1}"#; 1025].join(","));
    let long_text = format!(r#"{{"value":"{}"}}"#, "z".repeat(60_000));
    let rows: &[(&str, &[u8], &str)] = &[
        ("citytwin/demo/bridge", b"1", "unknown sensor"),
        ("", b"1", "unknown sensor"),
        (FLOW, huge.as_bytes(), "too large"),
        (FLOW, b"\xff\xfe1", "not UTF-8"),
        (FLOW, b"", "malformed"),
        (FLOW, b"  ", "malformed"),
        (FLOW, b"\0\0\0\0", "malformed"),
        (FLOW, b"about ten", "malformed"),
        (FLOW, b"1,5", "malformed"),
        (FLOW, b"1 2", "malformed"),
        (FLOW, b"0x10", "malformed"),
        (FLOW, b"true", "malformed"),
        (FLOW, b"null", "malformed"),
        (FLOW, b"\"12\"", "malformed"),
        (FLOW, b"{", "malformed"),
        (FLOW, b"{}", "malformed"),
        (FLOW, b"{\"value\":null}", "malformed"),
        (FLOW, b"{\"value\":\"12\"}", "malformed"),
        (FLOW, b"{\"value\":[1]}", "malformed"),
        (FLOW, b"{\"value\":NaN}", "malformed"),
        (FLOW, b"{\"value\":1e999}", "malformed"),
        (FLOW, b"{\"value\":1,\"value\":2}", "malformed"),
        (FLOW, b"{\"value\":1}{\"value\":2}", "malformed"),
        (FLOW, b"{\"value\":1,\"emulated\":\"yes\"}", "malformed"),
        (FLOW, b"{\"value\":1,\"unit\":7}", "malformed"),
        (FLOW, b"[1,2]", "malformed"),
        (FLOW, bomb.as_bytes(), "malformed"),
        (FLOW, inner_bomb.as_bytes(), "malformed"),
        (FLOW, closed_bomb.as_bytes(), "malformed"),
        (FLOW, long_text.as_bytes(), "malformed"),
        (FLOW, many.as_bytes(), "too many readings"),
        (FLOW, b"NaN", "not finite"),
        (FLOW, b"inf", "not finite"),
        (FLOW, b"-infinity", "not finite"),
        (FLOW, b"1e999", "not finite"),
        (FLOW, b"-1", "impossible value"),
        (FLOW, b"30001", "impossible value"),
        (AIR, b"{\"value\":300,\"unit\":\"F\"}", "impossible value"),
        (POWER, b"{\"value\":1e308,\"unit\":\"MW\"}", "not finite"),
        (POWER, b"{\"value\":1,\"unit\":\"km/h\"}", "wrong unit"),
        (FLOW, b"{\"value\":1,\"unit\":\"\"}", "wrong unit"),
        (FLOW, b"{\"value\":1,\"observed_at\":\"yesterday\"}", "bad time"),
        (FLOW, b"{\"value\":1,\"observed_at\":\"2024-05-01T12:00:00\"}", "bad time"),
        (FLOW, b"{\"value\":1,\"observed_at\":1e300}", "bad time"),
        (FLOW, b"{\"value\":1,\"observed_at\":-1e300}", "bad time"),
        (FLOW, b"{\"value\":1,\"observed_at\":{}}", "malformed"),
        (FLOW, b"{\"value\":1,\"quality\":\"superb\"}", "bad quality word"),
        (FLOW, b"{\"value\":1,\"quality\":\"stale\"}", "bad quality word"),
    ];
    for (topic, payload, kind) in rows {
        let shown = String::from_utf8_lossy(&payload[..payload.len().min(60)]).into_owned();
        let error = read(topic, payload).expect_err(&shown);
        assert_eq!(error.kind(), *kind, "{shown}: {error}");
        let line = error.to_string();
        assert!(!line.contains('\n') && line.chars().count() < 250, "{shown}: {line}");
    }
}

/// 30,000 packets, each a valid one with a few bytes changed: decoded or refused, never a panic, and whatever
/// passes is finite and possible.
#[test]
fn mutated_packets_are_decoded_or_refused() {
    let corpus: [&[u8]; 7] = [
        b"412.5",
        b"-1e3",
        b"{\"value\":412.5}",
        b"{\"value\":7,\"unit\":\"veh/min\",\"observed_at\":\"2024-05-01T11:59:30Z\",\"quality\":\"good\",\"emulated\":true}",
        b"{\"value\":50,\"unit\":\"\xc2\xb0F\",\"observed_at\":1714564740}",
        b"[{\"value\":1,\"observed_at\":1714564740000},{\"value\":2,\"quality\":\"bad\"}]",
        b"{\"x\":[[[{\"y\":\"\\u00e9\"}]]],\"value\":0.5}",
    ];
    let registry = registry();
    let mut rng = Pcg32::seed_from_u64(20_240_501);
    let (mut passed, mut refused) = (0, 0);
    for round in 0..30_000 {
        let mut payload = corpus[round % corpus.len()].to_vec();
        for _ in 0..rng.random_range(1..5) {
            mutate(&mut payload, &mut rng);
        }
        let topic = [FLOW, SPEED, POWER, AIR][rng.random_range(0..4)];
        match decode(topic, &payload, &registry, noon()) {
            Ok(readings) => {
                passed += 1;
                for reading in readings {
                    let (low, high) = reading.quantity.possible();
                    assert!((low..=high).contains(&reading.value), "{payload:?}");
                    assert!(reading.observed_at.duration_since(noon()).as_secs() <= 60, "{payload:?}");
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
    assert!(passed > 1000 && refused > 1000, "{passed} passed, {refused} refused");
}

fn mutate(payload: &mut Vec<u8>, rng: &mut Pcg32) {
    const ODD: &[u8] = b"\0\n\"\\{}[],:.-+eE019NnIi\x80\xc3\xff";
    if payload.is_empty() {
        payload.push(rng.random());
        return;
    }
    let at = rng.random_range(0..payload.len());
    match rng.random_range(0..6) {
        0 => payload[at] = rng.random(),
        1 => payload[at] = ODD[rng.random_range(0..ODD.len())],
        2 => payload.insert(at, ODD[rng.random_range(0..ODD.len())]),
        3 => drop(payload.remove(at)),
        4 => payload.truncate(at),
        _ => {
            let end = (at + rng.random_range(1..20)).min(payload.len());
            let piece = payload[at..end].to_vec();
            payload.splice(at..at, piece);
        }
    }
}
