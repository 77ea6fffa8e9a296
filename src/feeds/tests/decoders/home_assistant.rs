//! The examples of home-assistant.io, "MQTT Discovery" (re-read in copies of `mqtt.markdown` of the documentation, the
//! newest of late 2025), and the availability of "Using Availability topics". What Zigbee2MQTT publishes is from memory.

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
        "device":{"identifiers":["bedroom01ae"],"name":"Bedroom","manufacturer":"Example sensors Ltd.",
        "model":"Example Sensor","model_id":"K9","serial_number":"12AE3010545","hw_version":"1.01a",
        "sw_version":"2024.1.0","configuration_url":"https://example.com/sensor_portal/config"}}"#;
    let humidity = r#"{"device_class":"humidity","state_topic":"homeassistant/sensor/sensorBedroom/state",
        "unit_of_measurement":"%","value_template":"{{ value_json.humidity}}","unique_id":"hum01ae","expire_after":120}"#;
    read(&mut decoder, "homeassistant/sensor/sensorBedroomT/config", temperature);
    let decoded = read(&mut decoder, "homeassistant/sensor/sensorBedroomH/config", humidity);
    let topic = "homeassistant/sensor/sensorBedroom/state";
    assert_eq!(decoded.signals, [Signal::Discovered { device: "hum01ae".into(), topic: topic.into() }]);
    let decoded = read(&mut decoder, topic, STATE);
    // In the order of their configurations' topics.
    assert_eq!(rows(&decoded), [("hum01ae", "humidity", number(43.7)), ("temp01ae", "temperature", number(23.2))]);
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

/// "Motion detection (binary sensor)".
#[test]
fn a_motion_sensor() {
    let mut decoder = decoder();
    let config = r#"{"name":null,"device_class":"motion","state_topic":"homeassistant/binary_sensor/garden/state",
        "unique_id":"motion01ad","device":{"identifiers":["01ad"],"name":"Garden"}}"#;
    read(&mut decoder, "homeassistant/binary_sensor/garden/config", config);
    let decoded = read(&mut decoder, "homeassistant/binary_sensor/garden/state", "ON");
    assert_eq!(rows(&decoded), [("motion01ad", "motion", Value::Bool(true))]);
    read(&mut decoder, "homeassistant/binary_sensor/garden/config", "");
    assert_eq!(
        refusal(&mut decoder, "homeassistant/binary_sensor/garden/state", b"ON").kind(),
        "wrong topic",
        "it was deleted"
    );
}

/// "Device discovery payload".
const DEVICE: &str = r#"{"dev":{"ids":"ea334450945afc","name":"Kitchen","mf":"Bla electronics","mdl":"xya","sw":"1.0",
    "sn":"ea334450945afc","hw":"1.0rev2"},
    "o":{"name":"bla2mqtt","sw":"2.1","url":"https://bla2mqtt.example.com/support"},
    "cmps":{"some_unique_component_id1":{"p":"sensor","device_class":"temperature","unit_of_measurement":"°C",
        "value_template":"{{ value_json.temperature}}","unique_id":"temp01ae_t"},
        "some_unique_id2":{"p":"sensor","device_class":"humidity","unit_of_measurement":"%",
        "value_template":"{{ value_json.humidity}}","unique_id":"temp01ae_h"}},
    "state_topic":"sensorBedroom/state","qos":2}"#;

#[test]
fn a_device_with_components() {
    let mut decoder = decoder();
    let topic = "homeassistant/device/ea334450945afc/config";
    let announced = read(&mut decoder, topic, DEVICE);
    assert_eq!(announced.signals.len(), 2);
    let decoded = read(&mut decoder, "sensorBedroom/state", STATE);
    assert_eq!(find(&decoded, "temperature").value, number(23.2));
    assert_eq!(find(&decoded, "humidity").value, number(43.7));
    // "This will explicitly remove the humidity sensor": nothing but its platform is left of it.
    let humidity = DEVICE.find(r#","device_class":"humidity""#).unwrap();
    let end = humidity + DEVICE[humidity..].find('}').unwrap();
    // The template ends in braces of its own.
    let end = end + DEVICE[end..].find(r#""temp01ae_h"}"#).unwrap() + r#""temp01ae_h""#.len();
    let removed = format!("{}{}", &DEVICE[..humidity], &DEVICE[end..]);
    assert!(removed.contains(r#""some_unique_id2":{"p":"sensor"}"#), "{removed}");
    assert_eq!(read(&mut decoder, topic, &removed).signals.len(), 1);
    let decoded = read(&mut decoder, "sensorBedroom/state", STATE);
    assert_eq!(rows(&decoded), [("temp01ae_t", "temperature", number(23.2))]);
}

/// "Discovery migration example": a sensor moves from its own configuration to its device's; the other component is
/// none that is read.
#[test]
fn an_entity_that_migrates_to_its_device() {
    let mut decoder = decoder();
    let single = r#"{"device":{"identifiers":["0AFFD2"],"name":"Test device"},"o":{"name":"foobar"},
        "state_topic":"foobar/sensor/sensor1","unique_id":"bla_sensor001"}"#;
    let topic = "homeassistant/sensor/0AFFD2/bla2/config";
    read(&mut decoder, topic, single);
    assert_eq!(rows(&read(&mut decoder, "foobar/sensor/sensor1", "7")), [("bla_sensor001", "bla2", number(7.0))]);
    assert_eq!(read(&mut decoder, topic, r#"{"migrate_discovery": true }"#).signals, []);
    let device = r#"{"device":{"identifiers":["0AFFD2"]},"o":{"name":"foobar"},"cmps":{
        "bla1":{"p":"device_automation","automation_type":"trigger","payload":"short_press",
            "topic":"foobar/triggers/button1","type":"button_short_press","subtype":"button_1"},
        "bla2":{"p":"sensor","state_topic":"foobar/sensor/sensor1","unique_id":"bla_sensor001"}}}"#;
    let announced = read(&mut decoder, "homeassistant/device/0AFFD2/config", device);
    assert!(
        matches!(&announced.signals[..], [Signal::NotSupported(what), Signal::Discovered { .. }] if what.contains("device_automation"))
    );
    read(&mut decoder, topic, "");
    assert_eq!(rows(&read(&mut decoder, "foobar/sensor/sensor1", "8")), [("bla_sensor001", "bla2", number(8.0))]);
}

#[test]
fn filters_and_keys_in_brackets() {
    let mut decoder = decoder();
    let config = DEVICE
        .replace("{{ value_json.temperature}}", "{{ value_json.temperature | float | round(1) }}")
        .replace("{{ value_json.humidity}}", "{{ value_json['humidity'] }}");
    read(&mut decoder, "homeassistant/device/0AFFD2/bla/config", &config);
    let decoded = read(&mut decoder, "sensorBedroom/state", STATE);
    assert_eq!(
        (find(&decoded, "temperature").value.clone(), find(&decoded, "humidity").value.clone()),
        (number(23.2), number(43.7))
    );
}

/// "the result of this template will be compared to `payload_available` and `payload_not_available`".
#[test]
fn availability_cut_out_of_a_document() {
    for config in [
        r#"{"stat_t":"a","uniq_id":"a","avty":[{"t":"bridge/state","val_tpl":"{{ value_json.state }}"}]}"#,
        r#"{"stat_t":"a","uniq_id":"a","avty_t":"bridge/state","avty_tpl":"{{ value_json.state }}"}"#,
    ] {
        let mut decoder = decoder();
        read(&mut decoder, "homeassistant/sensor/a/config", config);
        assert_eq!(read(&mut decoder, "bridge/state", r#"{"state":"online"}"#).signals, []);
        let gone = read(&mut decoder, "bridge/state", r#"{"state":"offline"}"#);
        assert_eq!(gone.signals, [Signal::Stale { device: "a".into(), since: None }]);
        assert_eq!(read(&mut decoder, "bridge/state", r#"{"other":1}"#).signals, []);
    }
    let mut decoder = decoder();
    let config = r#"{"stat_t":"a","avty_t":"b","avty_tpl":"{{ 'offline' if value | int > 3 else 'online' }}"}"#;
    let decoded = read(&mut decoder, "homeassistant/sensor/a/config", config);
    assert!(matches!(&decoded.signals[..], [Signal::NotSupported(_)]));
}

/// Zigbee2MQTT says `true` and `false`, and means the reverse for a contact.
#[test]
fn words_that_are_truth_values() {
    let mut decoder = decoder();
    let config = r#"{"state_topic":"z/door","unique_id":"d","device_class":"door","payload_on":false,"payload_off":true,
        "value_template":"{{ value_json.contact }}"}"#;
    read(&mut decoder, "homeassistant/binary_sensor/d/config", config);
    assert_eq!(find(&read(&mut decoder, "z/door", r#"{"contact":false}"#), "door").value, Value::Bool(true));
    assert_eq!(find(&read(&mut decoder, "z/door", r#"{"contact":true}"#), "door").value, Value::Bool(false));
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
