//! OGC 18-088 (SensorThings 1.1): the Observation of 8.2.7, re-read in OGC's building blocks (`bblocks-sta`, template
//! Observation), and the answer of the data array extension, re-read in a quotation of the standard. An answer of
//! FROST-Server, re-read as recorded from the British Geological Survey's. Topics, pages and expanded Datastreams are from
//! memory.

use citytwin_feeds::decode::{DecodeError, Decoder, Signal};

use crate::{at, number, read, refusal, rows};

const OBSERVATION: &str = r#"{"@iot.id":1,"@iot.selfLink":"http://example.org/v1.1/Observations(1)",
    "FeatureOfInterest@iot.navigationLink":"Observations(1)/FeatureOfInterest",
    "Datastream@iot.navigationLink":"Observations(1)/Datastream",
    "phenomenonTime":"2014-12-31T11:59:59.00+08:00","resultTime":"2014-12-31T11:59:59.00+08:00","result":70.4}"#;

#[test]
fn an_observation_over_mqtt() {
    let mut decoder = Decoder::SensorThings;
    let decoded = read(&mut decoder, "v1.1/Datastreams(5)/Observations", OBSERVATION);
    assert_eq!(rows(&decoded), [("5", "", number(70.4))]);
    assert_eq!(decoded.observations[0].observed_at, at("2014-12-31T03:59:59Z"));
    let mut decoder = Decoder::SensorThings;
    let named = read(&mut decoder, "x/v1.1/Datastreams('a-1')/Observations", OBSERVATION);
    assert_eq!(&*named.observations[0].device, "a-1");
}

#[test]
fn an_answer_with_pages() {
    let answer = format!(
        r#"{{"@iot.count":84,"value":[{OBSERVATION},{{"@iot.id":2,"result":null,"resultTime":"2014-12-31T12:00:00Z",
        "phenomenonTime":"2014-12-31T11:00:00Z/2014-12-31T11:30:00Z",
        "Datastream":{{"@iot.id":8,"name":"air","unitOfMeasurement":{{"name":"Celsius","symbol":"degC","definition":"x"}},
        "ObservedProperty":{{"name":"Temperature"}}}}}}],
        "@iot.nextLink":"http://example.org/v1.1/Observations?$top=2&$skip=2"}}"#
    );
    let mut decoder = Decoder::SensorThings;
    let decoded = read(&mut decoder, "http://example.org/v1.1/Datastreams(7)/Observations?$top=2", &answer);
    assert_eq!(decoded.signals, [Signal::NextPage("http://example.org/v1.1/Observations?$top=2&$skip=2".into())]);
    let second = &decoded.observations[1];
    assert_eq!((&*second.device, &*second.property, second.unit.as_deref()), ("8", "Temperature", Some("degC")));
    // Of an interval, the end.
    assert_eq!(second.observed_at, at("2014-12-31T11:30:00Z"));
    assert_eq!(&*decoded.observations[0].device, "7");
}

#[test]
fn expanded_datastreams() {
    let answer = format!(
        r#"{{"value":[{{"@iot.id":3,"name":"oven","unitOfMeasurement":{{"symbol":"°C"}},"Observations":[{OBSERVATION}],
        "Observations@iot.nextLink":"http://example.org/v1.1/Datastreams(3)/Observations?$skip=1"}}],
        "@iot.nextLink":"http://example.org/v1.1/Datastreams?$skip=1"}}"#
    );
    let mut decoder = Decoder::SensorThings;
    let decoded = read(&mut decoder, "", &answer);
    assert_eq!(rows(&decoded), [("3", "oven", number(70.4))]);
    // The next Datastreams, not the older Observations of this one.
    assert_eq!(decoded.signals, [Signal::NextPage("http://example.org/v1.1/Datastreams?$skip=1".into())]);
}

#[test]
fn a_data_array() {
    let next = "http://example.org/v1.1/Datastreams(1)/Observations?$resultFormat=dataArray&$skip=3";
    let answer = r#"{"@iot.nextLink":"NEXT","@iot.count":42,
        "value":[{"Datastream@iot.navigationLink":"http://example.org/v1.1/Datastreams(1)",
        "components":["id","phenomenonTime","resultTime","result"],
        "dataArray":[[1,"2005-08-05T12:21:13Z","2005-08-05T12:21:13Z",20],
        [2,"2005-08-05T12:22:08Z","2005-08-05T12:21:13Z",30],[3,"2005-08-05T12:22:54Z","2005-08-05T12:21:13Z",0]]}]}"#;
    let answer = answer.replace("NEXT", next);
    let mut decoder = Decoder::SensorThings;
    let decoded = read(&mut decoder, "", &answer);
    assert_eq!(decoded.signals, [Signal::NextPage(next.into())]);
    assert_eq!(rows(&decoded), [("1", "", number(20.0)), ("1", "", number(30.0)), ("1", "", number(0.0))]);
    assert_eq!(decoded.observations[2].observed_at, at("2005-08-05T12:22:54Z"));
}

/// What stands beside a result (its quality, parameters) is an object there.
#[test]
fn an_answer_of_frost_server() {
    let answer = r#"{"value":[{"@iot.id":211806488,"phenomenonTime":"2023-03-28T12:15:00.000Z",
        "parameters":{"sen_id":211806488,"publish_yn":"Y"},"result":1.2,"resultTime":"2023-03-28T12:15:00.000Z",
        "resultQuality":{"reason":"Data Verified (manual check)","status":"9","quality":"Good","event_id":1040},
        "@iot.selfLink":"https://sensors.bgs.ac.uk/FROST-Server/v1.1/Observations(211806488)",
        "Datastream@iot.navigationLink":"https://sensors.bgs.ac.uk/FROST-Server/v1.1/Observations(211806488)/Datastream"},
        {"@iot.id":211806245,"phenomenonTime":"2023-03-28T10:00:00.000Z","result":3.444444444444444,
        "resultTime":"2023-03-28T10:00:00.000Z"}]}"#;
    let mut decoder = Decoder::SensorThings;
    let decoded =
        read(&mut decoder, "https://sensors.bgs.ac.uk/FROST-Server/v1.1/Datastreams(72)/Observations", answer);
    assert_eq!(rows(&decoded), [("72", "", number(1.2)), ("72", "", number(3.444444444444444))]);
    assert_eq!(decoded.observations[0].observed_at, at("2023-03-28T12:15:00Z"));
}

#[test]
fn wrong_answers() {
    let rows: [(&[u8], &str); 7] = [
        (b"[]", "wrong type"),
        (b"{}", "field missing"),
        (br#"{"value":[{"@iot.id":1}]}"#, "field missing"),
        (br#"{"value":[7]}"#, "wrong type"),
        (br#"{"result":[1,2]}"#, "wrong type"),
        (br#"{"result":1,"phenomenonTime":"noon"}"#, "bad time"),
        (br#"{"value":[{"components":["id"],"dataArray":[]}]}"#, "field missing"),
    ];
    for (payload, kind) in rows {
        let error = refusal(&mut Decoder::SensorThings, "", payload);
        assert_eq!(error.kind(), kind, "{}", String::from_utf8_lossy(payload));
    }
    assert_eq!(refusal(&mut Decoder::SensorThings, "", b"{}"), DecodeError::Missing("value".into()));
}
