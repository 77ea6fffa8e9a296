//! The examples of home-assistant.io, "MQTT Discovery".

use citytwin_feeds::decode::{Decoder, Directory, Signal, Value};

use crate::{find, number, read, refusal, rows};

fn decoder() -> Decoder {
    Decoder::HomeAssistant(Directory::default())
}

const STATE: &str = r#"{ "temperature": 23.20, "humidity": 43.70 }"#;

#[test]
fn sensors_that_share_a_state_topic() {
    let mut decoder = decoder();
    let temperature = r#"{"device_class":"temperature","state_topic":"homeassistant/sensor/sensorBedroom/state",
        "unit_of_measurement":"°C","value_template":"{{ value_json.temperature}}","unique_id":"temp01ae",
        "device":{"identifiers":["bedroom01ae"],"name":"Bedroom","manufacturer":"Example sensors Ltd."}}"#;
    let humidity = r#"{"device_class":"humidity","state_topic":"homeassistant/sensor/sensorBedroom/state",
        "unit_of_measurement":"%","value_template":"{{ value_json.humidity}}","unique_id":"hum01ae","expire_after":120}"#;
    read(&mut decoder, "homeassistant/sensor/sensorBedroomT/config", temperature);
    let decoded = read(&mut decoder, "homeassistant/sensor/sensorBedroomH/config", humidity);
    let topic = "homeassistant/sensor/sensorBedroom/state";
    assert_eq!(decoded.signals, [Signal::Discovered { device: "hum01ae".into(), topic: topic.into() }]);
    let decoded = read(&mut decoder, topic, STATE);
    assert_eq!(rows(&decoded), [("temp01ae", "temperature", number(23.2)), ("hum01ae", "humidity", number(43.7))]);
    assert_eq!(
        (find(&decoded, "humidity").unit.as_deref(), find(&decoded, "humidity").ttl_s),
        (Some("%"), Some(120.0))
    );
    // An empty configuration takes the entity back.
    read(&mut decoder, "homeassistant/sensor/sensorBedroomT/config", "");
    assert_eq!(rows(&read(&mut decoder, topic, STATE)), [("hum01ae", "humidity", number(43.7))]);
}

#[test]
fn abbreviations_base_topic_and_availability() {
    let mut decoder = decoder();
    let config = r#"{"~":"garden/door","stat_t":"~/state","avty_t":"~/up","pl_not_avail":"gone","dev_cla":"motion",
        "uniq_id":"m1","pl_on":"YES","pl_off":"NO"}"#;
    read(&mut decoder, "homeassistant/binary_sensor/garden/config", config);
    assert_eq!(find(&read(&mut decoder, "garden/door/state", "YES"), "motion").value, Value::Bool(true));
    assert_eq!(find(&read(&mut decoder, "garden/door/state", "NO"), "motion").value, Value::Bool(false));
    assert_eq!(find(&read(&mut decoder, "garden/door/state", "?"), "motion").value, Value::Missing);
    let stale = read(&mut decoder, "garden/door/up", "gone");
    assert_eq!(stale.signals, [Signal::Stale { device: "m1".into(), since: None }]);
    assert_eq!(read(&mut decoder, "garden/door/up", "online").signals, []);
}

#[test]
fn a_device_with_components() {
    let mut decoder = decoder();
    let config = r#"{"dev":{"ids":"ea334450945afc","name":"Kitchen"},"o":{"name":"bla2mqtt"},
        "cmps":{"some_unique_component_id1":{"p":"sensor","device_class":"temperature","unit_of_measurement":"°C",
        "value_template":"{{ value_json.temperature | float | round(1) }}","unique_id":"temp01ae_t"},
        "some_unique_id2":{"p":"sensor","device_class":"humidity","unit_of_measurement":"%",
        "value_template":"{{ value_json['humidity'] }}","unique_id":"temp01ae_h"}},
        "state_topic":"sensorBedroom/state","qos":2}"#;
    let announced = read(&mut decoder, "homeassistant/device/0AFFD2/bla/config", config);
    assert_eq!(announced.signals.len(), 2);
    let decoded = read(&mut decoder, "sensorBedroom/state", STATE);
    assert_eq!(find(&decoded, "temperature").value, number(23.2));
    assert_eq!(find(&decoded, "humidity").value, number(43.7));
}

#[test]
fn a_base_topic_holds_for_components_and_availability() {
    let mut decoder = decoder();
    let config = r#"{"~":"hall","avty":[{"t":"~/up","pl_not_avail":"gone"}],
        "cmps":{"t":{"p":"sensor","stat_t":"~/t","uniq_id":"t"},"u":{"p":"sensor","~":"attic","stat_t":"~/t","uniq_id":"u"}}}"#;
    read(&mut decoder, "homeassistant/device/x/config", config);
    assert_eq!(rows(&read(&mut decoder, "hall/t", "1")), [("t", "t", number(1.0))]);
    assert_eq!(rows(&read(&mut decoder, "attic/t", "2")), [("u", "u", number(2.0))]);
    assert_eq!(read(&mut decoder, "hall/up", "gone").signals.len(), 2);
}

#[test]
fn plain_states() {
    let mut decoder = decoder();
    read(&mut decoder, "homeassistant/sensor/a/config", r#"{"state_topic":"a","unique_id":"a"}"#);
    let rows = [
        ("21.5", number(21.5)),
        ("unknown", Value::Missing),
        ("None", Value::Missing),
        ("open", Value::Text("open".into())),
        ("inf", Value::Text("inf".into())),
    ];
    for (state, expected) in rows {
        assert_eq!(find(&read(&mut decoder, "a", state), "a").value, expected, "{state}");
    }
}

#[test]
fn what_is_not_read_is_told() {
    let rows = [
        ("homeassistant/sensor/a/config", r#"{"state_topic":"a","value_template":"{{ value | int * 2 }}"}"#),
        ("homeassistant/sensor/a/config", r#"{"state_topic":"a","value_template":"{% if x %}1{% endif %}"}"#),
        ("homeassistant/sensor/a/config", r#"{"state_topic":"a","value_template":"{{ value_json.a + 1 }}"}"#),
        ("homeassistant/light/a/config", r#"{"command_topic":"a"}"#),
    ];
    for (topic, config) in rows {
        let mut decoder = decoder();
        let decoded = read(&mut decoder, topic, config);
        assert!(matches!(decoded.signals[..], [Signal::NotSupported(_)]), "{config}");
    }
}

#[test]
fn wrong_configurations_and_states() {
    let rows: [(&str, &[u8], &str); 5] = [
        ("homeassistant/sensor/a/config", b"{", "malformed"),
        ("homeassistant/sensor/a/config", b"{}", "field missing"),
        ("homeassistant/sensor/a/config", br#"{"state_topic":7}"#, "wrong type"),
        ("homeassistant/x/config", b"{}", "wrong topic"),
        ("elsewhere", b"1", "wrong topic"),
    ];
    for (topic, payload, kind) in rows {
        assert_eq!(refusal(&mut decoder(), topic, payload).kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
    let mut decoder = decoder();
    let config = r#"{"state_topic":"a","value_template":"{{ value_json.t }}"}"#;
    read(&mut decoder, "homeassistant/sensor/a/config", config);
    assert_eq!(refusal(&mut decoder, "a", b"{").kind(), "malformed");
    assert_eq!(refusal(&mut decoder, "a", b"{}").kind(), "field missing");
    assert_eq!(refusal(&mut decoder, "a", br#"{"t":[]}"#).kind(), "wrong type");
}
