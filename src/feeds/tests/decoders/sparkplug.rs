//! Messages written by an independent encoder (prost) from the published `sparkplug_b.proto`, whose field numbers and data
//! types were re-read (`eclipse/tahu`). The payloads of the specification's chapter 6 are re-read too
//! (`eclipse-sparkplug/sparkplug`, `Sparkplug_6_Payloads.adoc`); the rest of the course of a session is made up, by the
//! rules of that chapter: a birth's number may be any of a byte in the published 3.0 (its compatibility kit, re-read), zero
//! in drafts of it.

use citytwin_feeds::decode::{Decoder, Session, Signal, Value};
use citytwin_model::Quality;
use prost::Message as _;

use crate::{at, message, number, refusal, rows};

#[derive(Clone, PartialEq, prost::Message)]
struct Payload {
    #[prost(uint64, optional, tag = "1")]
    timestamp: Option<u64>,
    #[prost(message, repeated, tag = "2")]
    metrics: Vec<Metric>,
    #[prost(uint64, optional, tag = "3")]
    seq: Option<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Metric {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    alias: Option<u64>,
    #[prost(uint64, optional, tag = "3")]
    timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "4")]
    datatype: Option<u32>,
    #[prost(bool, optional, tag = "5")]
    is_historical: Option<bool>,
    #[prost(bool, optional, tag = "7")]
    is_null: Option<bool>,
    #[prost(message, optional, tag = "9")]
    properties: Option<PropertySet>,
    #[prost(oneof = "Content", tags = "10, 11, 12, 13, 14, 15")]
    value: Option<Content>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Content {
    #[prost(uint32, tag = "10")]
    Int(u32),
    #[prost(uint64, tag = "11")]
    Long(u64),
    #[prost(float, tag = "12")]
    Float(f32),
    #[prost(double, tag = "13")]
    Double(f64),
    #[prost(bool, tag = "14")]
    Boolean(bool),
    #[prost(string, tag = "15")]
    Text(String),
}

#[derive(Clone, PartialEq, prost::Message)]
struct PropertySet {
    #[prost(string, repeated, tag = "1")]
    keys: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    values: Vec<PropertyValue>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct PropertyValue {
    #[prost(uint32, optional, tag = "1")]
    kind: Option<u32>,
    #[prost(uint32, optional, tag = "3")]
    int_value: Option<u32>,
    #[prost(string, optional, tag = "8")]
    string_value: Option<String>,
}

const SENT_MS: u64 = 1_714_564_740_000;

fn payload(seq: Option<u64>, metrics: Vec<Metric>) -> Vec<u8> {
    Payload { timestamp: Some(SENT_MS), metrics, seq }.encode_to_vec()
}

fn born(name: &str, alias: u64, datatype: u32, value: Content) -> Metric {
    Metric {
        name: Some(name.into()),
        alias: Some(alias),
        datatype: Some(datatype),
        value: Some(value),
        ..Metric::default()
    }
}

fn by_alias(alias: u64, value: Content) -> Metric {
    Metric { alias: Some(alias), value: Some(value), ..Metric::default() }
}

fn death_number(number: u64) -> Metric {
    Metric { name: Some("bdSeq".into()), datatype: Some(4), value: Some(Content::Long(number)), ..Metric::default() }
}

/// Chapter 6, NBIRTH to NDEATH of one edge node with one device. No aliases, so every message names its metrics.
#[test]
fn the_session_of_the_specification() {
    const AT_MS: u64 = 1_486_144_502_122;
    let metric = |name: &str, datatype: u32, value: Content| Metric {
        name: Some(name.into()),
        timestamp: Some(AT_MS),
        datatype: Some(datatype),
        value: Some(value),
        ..Metric::default()
    };
    let payload = |seq, metrics| Payload { timestamp: Some(AT_MS), metrics, seq }.encode_to_vec();
    let text = |name: &str, text: &str| metric(name, 12, Content::Text(text.into()));
    let flag = |name: &str, flag| metric(name, 11, Content::Boolean(flag));
    let number_of_death = || metric("bdSeq", 8, Content::Long(0));
    let mut decoder = Decoder::SparkplugB(Session::default());
    let birth = payload(
        Some(0),
        vec![
            number_of_death(),
            flag("Node Control/Reboot", false),
            flag("Node Control/Rebirth", false),
            flag("Node Control/Next Server", false),
            metric("Node Control/Scan Rate", 4, Content::Long(3000)),
            text("Properties/Hardware Make", "Raspberry Pi"),
            text("Properties/Hardware Model", "Pi 3 Model B"),
            text("Properties/OS", "Raspbian"),
            text("Properties/OS Version", "Jessie with PIXEL/11.01.2017"),
            metric("Supply Voltage", 9, Content::Float(12.1)),
        ],
    );
    let node = "Sparkplug B Devices/Raspberry Pi";
    let decoded = decoder.decode(message("spBv1.0/Sparkplug B Devices/NBIRTH/Raspberry Pi", &birth)).unwrap();
    let expected = [
        (node, "Properties/Hardware Make", Value::Text("Raspberry Pi".into())),
        (node, "Properties/Hardware Model", Value::Text("Pi 3 Model B".into())),
        (node, "Properties/OS", Value::Text("Raspbian".into())),
        (node, "Properties/OS Version", Value::Text("Jessie with PIXEL/11.01.2017".into())),
        (node, "Supply Voltage", number(f64::from(12.1_f32))),
    ];
    assert_eq!(rows(&decoded), expected);
    assert_eq!(decoded.observations[0].observed_at, at("2017-02-03T17:55:02.122Z"));
    let inputs = ["Inputs/A", "Inputs/B", "Inputs/C", "Inputs/D", "Inputs/Button"];
    let outputs = ["Outputs/E", "Outputs/F", "Outputs/G", "Outputs/H", "Outputs/LEDs/Green", "Outputs/LEDs/Red"];
    let names = inputs.iter().chain(&outputs).chain(&["Outputs/LEDs/Yellow", "Outputs/Buzzer"]);
    let mut metrics: Vec<Metric> = names.map(|name| flag(name, false)).collect();
    metrics.push(text("Properties/Hardware Make", "Pibrella"));
    let birth = payload(Some(1), metrics);
    let decoded = decoder.decode(message("spBv1.0/Sparkplug B Devices/DBIRTH/Raspberry Pi/Pibrella", &birth)).unwrap();
    assert_eq!((decoded.observations.len(), decoded.signals.len()), (14, 0));
    let data = payload(Some(2), vec![metric("Supply Voltage", 9, Content::Float(12.3))]);
    let decoded = decoder.decode(message("spBv1.0/Sparkplug B Devices/NDATA/Raspberry Pi", &data)).unwrap();
    assert_eq!(
        (rows(&decoded), decoded.signals.len()),
        (vec![(node, "Supply Voltage", number(f64::from(12.3_f32)))], 0)
    );
    // The specification's example of DDATA states 0, as if it stood alone; in this course 3 is due.
    let data = payload(Some(3), vec![flag("Inputs/A", true), flag("Inputs/C", true)]);
    let decoded = decoder.decode(message("spBv1.0/Sparkplug B Devices/DDATA/Raspberry Pi/Pibrella", &data)).unwrap();
    let device = "Sparkplug B Devices/Raspberry Pi/Pibrella";
    let expected = vec![(device, "Inputs/A", Value::Bool(true)), (device, "Inputs/C", Value::Bool(true))];
    assert_eq!((rows(&decoded), decoded.signals.len()), (expected, 0));
    let death = payload(None, vec![number_of_death()]);
    let decoded = decoder.decode(message("spBv1.0/Sparkplug B Devices/NDEATH/Raspberry Pi", &death)).unwrap();
    assert_eq!(decoded.signals, [Signal::Stale { device: node.into(), since: None }]);
}

/// A decoder that has seen the birth of node and device.
fn session() -> Decoder {
    let mut decoder = Decoder::SparkplugB(Session::default());
    let node = payload(Some(0), vec![death_number(3), born("Uptime", 1, 8, Content::Long(5))]);
    let decoded = decoder.decode(message("spBv1.0/Plant/NBIRTH/Edge1", &node)).unwrap();
    assert_eq!(rows(&decoded), [("Plant/Edge1", "Uptime", number(5.0))]);
    let unit = PropertySet {
        keys: vec!["other".into(), "engUnit".into(), "Quality".into()],
        values: vec![
            PropertyValue { kind: Some(3), int_value: Some(7), string_value: None },
            PropertyValue { kind: Some(12), int_value: None, string_value: Some("kW".into()) },
            PropertyValue { kind: Some(3), int_value: Some(192), string_value: None },
        ],
    };
    let power = Metric { properties: Some(unit), ..born("Power", 2, 9, Content::Float(1.5)) };
    let device = payload(Some(1), vec![power, born("Temp", 3, 3, Content::Int(-5_i32 as u32))]);
    let decoded = decoder.decode(message("spBv1.0/Plant/DBIRTH/Edge1/Meter", &device)).unwrap();
    let expected = [("Plant/Edge1/Meter", "Power", number(1.5)), ("Plant/Edge1/Meter", "Temp", number(-5.0))];
    assert_eq!((rows(&decoded), decoded.signals.len()), (expected.to_vec(), 0));
    decoder
}

#[test]
fn data_by_alias_in_the_births_units() {
    let mut decoder = session();
    let data = payload(Some(2), vec![by_alias(2, Content::Float(2.25)), by_alias(3, Content::Int(-7_i32 as u32))]);
    let decoded = decoder.decode(message("spBv1.0/Plant/DDATA/Edge1/Meter", &data)).unwrap();
    assert_eq!(decoded.signals, []);
    let power = crate::find(&decoded, "Power");
    assert_eq!(
        (&power.value, power.unit.as_deref(), power.observed_at),
        (&number(2.25), Some("kW"), at("2024-05-01T11:59:00Z"))
    );
    assert_eq!(crate::find(&decoded, "Temp").value, number(-7.0));
}

#[test]
fn historical_null_and_declared_quality() {
    let mut decoder = session();
    let quality = |number| {
        let value = PropertyValue { kind: Some(3), int_value: Some(number), string_value: None };
        Some(PropertySet { keys: vec!["Quality".into()], values: vec![value] })
    };
    let metrics = vec![
        Metric { is_historical: Some(true), timestamp: Some(SENT_MS - 60_000), ..by_alias(2, Content::Float(1.0)) },
        Metric { is_null: Some(true), alias: Some(2), ..Metric::default() },
        Metric { properties: quality(0), ..by_alias(2, Content::Float(1.0)) },
        Metric { properties: quality(500), ..by_alias(2, Content::Float(1.0)) },
    ];
    let data = payload(Some(2), metrics);
    let decoded = decoder.decode(message("spBv1.0/Plant/DDATA/Edge1/Meter", &data)).unwrap();
    assert!(decoded.observations[0].historical);
    assert_eq!(decoded.observations[0].observed_at, at("2024-05-01T11:58:00Z"));
    assert_eq!(decoded.observations[1].value, Value::Missing);
    assert_eq!((decoded.observations[2].quality, decoded.observations[3].quality), (Quality::Bad, Quality::Stale));
}

#[test]
fn deaths_make_stale() {
    let mut decoder = session();
    let death = payload(Some(2), vec![]);
    let decoded = decoder.decode(message("spBv1.0/Plant/DDEATH/Edge1/Meter", &death));
    let expected = Signal::Stale { device: "Plant/Edge1/Meter".into(), since: at("2024-05-01T11:59:00Z") };
    assert_eq!(decoded.unwrap().signals, [expected]);
    // The will of an older connection says nothing of this one.
    let old = payload(None, vec![death_number(2)]);
    assert_eq!(decoder.decode(message("spBv1.0/Plant/NDEATH/Edge1", &old)).unwrap().signals, []);
    let own = payload(None, vec![death_number(3)]);
    let decoded = decoder.decode(message("spBv1.0/Plant/NDEATH/Edge1", &own)).unwrap();
    assert_eq!(decoded.signals, [Signal::Stale { device: "Plant/Edge1".into(), since: None }]);
    // Data after a death ask for a birth.
    let data = payload(Some(3), vec![by_alias(1, Content::Long(6))]);
    let decoded = decoder.decode(message("spBv1.0/Plant/NDATA/Edge1", &data)).unwrap();
    assert!(matches!(decoded.signals[..], [Signal::RebirthWanted { .. }]));
}

#[test]
fn gaps_ask_for_a_birth() {
    let mut decoder = session();
    let data = |seq| payload(Some(seq), vec![by_alias(1, Content::Long(6))]);
    let mut wanted = |seq: u64| {
        let data = data(seq);
        let decoded = decoder.decode(message("spBv1.0/Plant/NDATA/Edge1", &data));
        decoded.unwrap().signals.len()
    };
    assert_eq!(wanted(2), 0);
    assert_eq!(wanted(4), 1, "3 is missing");
    assert_eq!(wanted(5), 0, "one gap is told once");
    for seq in 6..=255 {
        assert_eq!(wanted(seq), 0);
    }
    assert_eq!(wanted(0), 0, "255 is followed by 0");
    assert_eq!(wanted(256), 1, "no number of a byte");
}

#[test]
fn what_was_not_born_is_a_fault() {
    let mut decoder = Decoder::SparkplugB(Session::default());
    let data = payload(Some(2), vec![by_alias(9, Content::Long(1)), born("Named", 4, 8, Content::Long(2))]);
    let decoded = decoder.decode(message("spBv1.0/Plant/NDATA/Edge1", &data)).unwrap();
    assert_eq!((rows(&decoded), decoded.faulty), (vec![("Plant/Edge1", "Named", number(2.0))], 1));
    assert!(matches!(&decoded.signals[..], [Signal::RebirthWanted { node, .. }] if node == "Plant/Edge1"));
}

#[test]
fn values_of_every_type() {
    let mut decoder = session();
    let metric = |datatype, value| Metric {
        name: Some("m".into()),
        datatype: Some(datatype),
        value: Some(value),
        ..Metric::default()
    };
    let rows = [
        (1, Content::Int(0xff), number(-1.0)),
        (2, Content::Int(0xffff_ff80), number(-128.0)),
        (7, Content::Int(u32::MAX), number(4_294_967_295.0)),
        (4, Content::Long(u64::MAX), number(-1.0)),
        (8, Content::Long(1 << 40), number(1_099_511_627_776.0)),
        (10, Content::Double(0.1), number(0.1)),
        (11, Content::Boolean(true), Value::Bool(true)),
        (12, Content::Text("on".into()), Value::Text("on".into())),
    ];
    for (seq, (datatype, content, expected)) in (2..).zip(rows) {
        let data = payload(Some(seq), vec![metric(datatype, content)]);
        let decoded = decoder.decode(message("spBv1.0/Plant/NDATA/Edge1", &data)).unwrap();
        assert_eq!(decoded.observations[0].value, expected);
    }
}

#[test]
fn wrong_messages() {
    let fresh = || Decoder::SparkplugB(Session::default());
    for topic in ["", "spBv1.0", "spBv1.0/a/NBIRTH", "spBv1.0/a/XDATA/b", "spAv1.0/a/NDATA/b", "spBv1.0/a/DDATA/b"] {
        assert_eq!(refusal(&mut fresh(), topic, b"").kind(), "wrong topic", "{topic}");
    }
    assert_eq!(refusal(&mut fresh(), "spBv1.0/a/NBIRTH/b", &payload(None, vec![])).kind(), "protocol");
    assert_eq!(refusal(&mut fresh(), "spBv1.0/a/NDATA/b", &[0x12, 0x7f]).kind(), "malformed");
    let nan = payload(Some(2), vec![born("x", 1, 9, Content::Float(f32::NAN))]);
    assert_eq!(refusal(&mut session(), "spBv1.0/Plant/NDATA/Edge1", &nan).kind(), "not finite");
    for topic in ["spBv1.0/STATE/host", "spBv1.0/a/NCMD/b", "spBv1.0/a/DCMD/b/c"] {
        assert_eq!(fresh().decode(message(topic, b"junk")).unwrap().observations, [], "{topic}");
    }
}
