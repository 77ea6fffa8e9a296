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

use citytwin_feeds::decode::{DecodeError, Decoded, Decoder, Message, Observation, Stamp, Value};
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
