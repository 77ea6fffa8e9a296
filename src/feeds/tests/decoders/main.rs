//! Every decoder against its standard's own published examples, and against wrong ones.

mod csv;
mod gbfs;
mod gtfs_realtime;
mod home_assistant;
mod ngsi_ld;
mod open_meteo;
mod plain;
mod senml;
mod sensor_things;
mod sparkplug;

use citytwin_feeds::decode::{
    CsvFormat, DecodeError, Decoded, Decoder, JsonFields, Message, Observation, PlainJson, Stamp, Value,
};
use citytwin_model::Timestamp;

fn noon() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Option<Stamp> {
    Some(Stamp::Instant(text.parse().unwrap()))
}

fn message<'a>(topic: &'a str, payload: &'a [u8]) -> Message<'a> {
    Message { topic, payload, received_at: noon() }
}

/// Decodes a payload that must be read without any fault.
fn read<'a>(decoder: &'a mut Decoder, topic: &'a str, payload: &'a str) -> Decoded<'a> {
    let decoded = decoder.decode(message(topic, payload.as_bytes())).unwrap_or_else(|e| panic!("{payload}: {e}"));
    assert_eq!(decoded.faults, [], "{payload}");
    decoded
}

/// Why a payload is refused as a whole, or the first fault of its entries.
fn refusal(decoder: &mut Decoder, topic: &str, payload: &[u8]) -> DecodeError {
    match decoder.decode(message(topic, payload)) {
        Err(error) => error,
        Ok(decoded) => {
            let shown = String::from_utf8_lossy(payload);
            decoded.faults.first().unwrap_or_else(|| panic!("{shown} is read: {decoded:?}")).error.clone()
        }
    }
}

/// Device, property and value of each observation.
fn rows<'d>(decoded: &'d Decoded<'_>) -> Vec<(&'d str, &'d str, Value<'d>)> {
    decoded.observations.iter().map(|o| (&*o.device, &*o.property, o.value.clone())).collect()
}

fn find<'d, 'a>(decoded: &'d Decoded<'a>, property: &str) -> &'d Observation<'a> {
    decoded.observations.iter().find(|o| o.property == property).unwrap_or_else(|| panic!("no {property}: {decoded:?}"))
}

fn number(value: f64) -> Value<'static> {
    Value::Number(value)
}

/// A name of a mebibyte, shared by all entries of a message, must not be copied for each of them: refused, in a moment.
#[test]
fn long_names_are_not_multiplied() {
    let long = "x".repeat(1 << 20);
    let escaped = format!("{long}\\n");
    let many = |item: &str| vec![item; 20_000].join(",");
    let mut plain = JsonFields {
        each: Some("$.r[*]".into()),
        device: Some("$.id".into()),
        values: vec![("v".into(), "@.v".into())],
        ..JsonFields::default()
    };
    let walked = Decoder::Json(PlainJson::new(&plain).unwrap());
    plain.each = Some("$.r[0:]".into());
    let queried = Decoder::Json(PlainJson::new(&plain).unwrap());
    let items = many(r#"{"v":1}"#);
    let attributes: Vec<String> = (0..20_000).map(|n| format!(r#""a{n}":1"#)).collect();
    let rows = [
        (Decoder::SenmlJson, format!(r#"[{{"bn":"{long}"}},{}]"#, many(r#"{"n":"a","v":1}"#))),
        (Decoder::NgsiLd, format!(r#"{{"id":"{long}",{}}}"#, attributes.join(","))),
        (Decoder::SensorThings, format!(r#"{{"@iot.id":"{long}","Observations":[{}]}}"#, many(r#"{"result":1}"#))),
        (walked, format!(r#"{{"id":"{escaped}","r":[{items}]}}"#)),
        (queried, format!(r#"{{"id":"{long}","r":[{items}]}}"#)),
        (Decoder::Csv(CsvFormat::default()), format!("{long},b\n{}", "1,2\n".repeat(20_000))),
    ];
    for (mut decoder, payload) in rows {
        let decoded = decoder.decode(message("", payload.as_bytes()));
        assert!(decoded.as_ref().is_ok_and(|d| d.observations.is_empty() && d.faulty > 0) || decoded.is_err());
    }
}
