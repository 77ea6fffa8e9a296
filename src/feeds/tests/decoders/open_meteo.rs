//! Open-Meteo: the JSON return object of its documentation and the `current` block of its start page (re-read in copies of
//! both); `current_units` and `interval` as recorded answers have them. The documentation's answer states an offset of zero
//! beside a zone that has another; the offset counts.

use citytwin_feeds::decode::Decoder;

use crate::{at, number, read, refusal};

const ANSWER: &str = r#"{"latitude":52.52,"longitude":13.419,"elevation":44.812,"generationtime_ms":2.2119,
    "utc_offset_seconds":0,"timezone":"Europe/Berlin","timezone_abbreviation":"CEST",
    "current_units":{"time":"iso8601","interval":"seconds","temperature_2m":"°C","wind_speed_10m":"km/h"},
    "current":{"time":"2022-01-01T15:00","interval":900,"temperature_2m":2.4,"wind_speed_10m":11.9},
    "hourly":{"time":["2022-07-01T00:00","2022-07-01T01:00","2022-07-01T02:00"],"temperature_2m":[13,12.7,12.7]},
    "hourly_units":{"temperature_2m":"°C"}}"#;

#[test]
fn current_values_are_labelled_as_a_models() {
    let mut decoder = Decoder::OpenMeteo;
    let decoded = read(&mut decoder, "", ANSWER);
    assert_eq!(decoded.observations.len(), 2);
    let one = crate::find(&decoded, "temperature_2m");
    assert_eq!((&one.value, one.unit.as_deref(), one.modelled), (&number(2.4), Some("°C"), true));
    assert_eq!((one.observed_at, one.ttl_s, &*one.device), (at("2022-01-01T15:00:00Z"), Some(900.0), "52.52,13.419"));
    let summer = ANSWER.replace(r#""utc_offset_seconds":0"#, r#""utc_offset_seconds":7200"#);
    let mut decoder = Decoder::OpenMeteo;
    let observed_at = read(&mut decoder, "", &summer).observations[0].observed_at;
    assert_eq!(observed_at, at("2022-01-01T13:00:00Z"));
    let two = format!("[{ANSWER},{ANSWER}]");
    let mut decoder = Decoder::OpenMeteo;
    assert_eq!(read(&mut decoder, "", &two).observations.len(), 4);
}

#[test]
fn wrong_answers() {
    let rows: [(&[u8], &str); 5] = [
        (br#"{"error":true,"reason":"Cannot initialize WeatherVariable from invalid String value"}"#, "protocol"),
        (br#"{"latitude":1,"longitude":1}"#, "field missing"),
        (br#"{"latitude":1,"longitude":1,"current":{"time":"x"}}"#, "bad time"),
        (br#"{"latitude":"x","longitude":1,"current":{}}"#, "wrong type"),
        (b"7", "wrong type"),
    ];
    for (payload, kind) in rows {
        assert_eq!(refusal(&mut Decoder::OpenMeteo, "", payload).kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
}
