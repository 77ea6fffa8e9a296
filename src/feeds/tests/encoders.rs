//! What is written for trials is read back by the very decoders, through the `sources.toml` that is written with it.
//! Sparkplug is also read by an independent decoder (prost) from the published `sparkplug_b.proto`, CBOR by one written
//! from RFC 8949 for this test.

mod support;

use citytwin_feeds::{
    MqttConfig, Sensor, SensorRegistry, decode,
    decode::Message,
    encode::{Encoder, Format, Outgoing, Sample},
    mapping::{Mapped, MappedSignal, Mapper, Sources},
};
use citytwin_model::{Anchor, LonLat, Quality, Quantity, SensorId, Timestamp};
use prost::Message as _;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use support::{noon, sensor};

/// Ids as `city.toml` allows them.
const NAMES: [&str; 4] = ["flow-1", "a", "7_.x", "-Z."];

fn sensors() -> Vec<Sensor> {
    let of = |id: u32| {
        let name = format!("{}{}", NAMES[id as usize % NAMES.len()], id);
        sensor(id, &name, Quantity::ALL[id as usize % Quantity::ALL.len()])
    };
    (0..60).map(of).collect()
}

/// Any sensor, value, time and quality, as fine as devices tell them: hundredths and milliseconds.
fn draw(sensors: &[Sensor], rng: &mut Pcg64Mcg) -> Sample {
    let sensor = &sensors[rng.random_range(0..sensors.len())];
    let (low, high) = sensor.quantity.possible();
    let value = match rng.random_range(0..10) {
        0 => low,
        1 => high,
        2 => 0.0,
        _ => (low + (high - low) * rng.random::<f64>()).clamp(low, high),
    };
    Sample {
        sensor: sensor.id,
        value: (value * 100.0).round() / 100.0,
        observed_at: Timestamp::from_millisecond(noon().as_millisecond() - rng.random_range(0..600_000_000)).unwrap(),
        quality: [Quality::Good, Quality::Uncertain, Quality::Bad][rng.random_range(0..3)],
    }
}

/// Reads messages as the program does: by the mappings of a `sources.toml`, or in the own format.
struct Reader {
    mapper: Option<Mapper>,
    registry: SensorRegistry,
}

impl Reader {
    fn of(encoder: &Encoder, sensors: &[Sensor], broker: &MqttConfig) -> Self {
        let text = encoder.sources(broker).unwrap();
        let mapper = text.map(|text| {
            let sources = Sources::parse("sources.toml", &text).unwrap_or_else(|faults| panic!("{faults:?}\n{text}"));
            Mapper::new(&sources, sensors, Anchor::new(LonLat { lon: 0.0, lat: 45.0 }))
        });
        Self { mapper, registry: SensorRegistry::new(sensors, "demo", broker.prefix()) }
    }

    /// Sensor, value, time, quality of each reading; nothing may be left over.
    fn read(&mut self, message: &Outgoing) -> Vec<(SensorId, f64, Timestamp, Quality)> {
        let Some(mapper) = &mut self.mapper else {
            let readings = decode(&message.topic, &message.payload, &self.registry, noon()).unwrap();
            assert!(readings.iter().all(|reading| reading.emulated));
            return readings.iter().map(|r| (r.sensor, r.value, r.observed_at, r.quality)).collect();
        };
        let mut mapped = Mapped::default();
        mapper.map(
            Some(0),
            Message { topic: &message.topic, payload: &message.payload, received_at: noon() },
            &mut mapped,
        );
        assert!(mapped.dead.is_empty() && mapped.not_taken == 0, "{message:?}: {mapped:?}");
        let doubted = |signal: &MappedSignal| !matches!(signal, MappedSignal::Stale { .. }) && is_rebirth(signal);
        assert!(!mapped.signals.iter().any(doubted), "{:?}", mapped.signals);
        mapped.readings.iter().map(|m| &m.reading).map(|r| (r.sensor, r.value, r.observed_at, r.quality)).collect()
    }
}

fn is_rebirth(signal: &MappedSignal) -> bool {
    format!("{signal:?}").contains("RebirthWanted")
}

#[test]
fn every_format_is_read_back_as_it_was_measured() {
    let sensors = sensors();
    for broker in
        ["mqtt://localhost", "mqtt+plaintext://ann:pw@10.0.0.7:99/some \"prefix'/x".replace(' ', "%20").as_str()]
    {
        let broker: MqttConfig = broker.parse().unwrap();
        for format in Format::ALL {
            let mut encoder = Encoder::new(format, "demo", &sensors, broker.prefix());
            assert_eq!(encoder.len(), sensors.len());
            let mut reader = Reader::of(&encoder, &sensors, &broker);
            let mut rng = Pcg64Mcg::seed_from_u64(7);
            for round in 0..3 {
                encoder.connect();
                for message in encoder.opening(noon()) {
                    assert!(message.topic.starts_with(broker.prefix().unwrap_or_default()), "{message:?}");
                    assert_eq!(reader.read(&message), [], "{format}");
                }
                for _ in 0..700 {
                    let sample = draw(&sensors, &mut rng);
                    let message = encoder.encode(&sample).unwrap();
                    let at = if format.tells_time() { sample.observed_at } else { noon() };
                    let quality = if format.tells_quality() { sample.quality } else { Quality::Good };
                    let expected = [(sample.sensor, sample.value, at, quality)];
                    assert_eq!(reader.read(&message), expected, "{format}, connection {round}: {message:?}");
                }
            }
            for message in encoder.closing() {
                assert_eq!(reader.read(&message), [], "{format}");
            }
        }
    }
}

#[test]
fn sensors_without_a_device_and_secrets_are_left_out() {
    let sensors = sensors();
    let broker: MqttConfig = "mqtts://ann:s3cret@host".parse().unwrap();
    for format in Format::ALL {
        let mut encoder = Encoder::new(format, "demo", &sensors[..2], None);
        let sample = Sample { sensor: SensorId(2), value: 1.0, observed_at: noon(), quality: Quality::Good };
        assert_eq!(encoder.encode(&sample), None, "{format}");
        let text = encoder.sources(&broker).unwrap().unwrap_or_default();
        assert!(!text.contains("s3cret") && !text.contains("ann"), "{text}");
        assert_eq!(text.is_empty(), format == Format::Own);
    }
    let braces: MqttConfig = "mqtts://host/a{b}".parse().unwrap();
    assert!(Encoder::new(Format::Json, "demo", &sensors, braces.prefix()).sources(&braces).is_err());
}

/// Deaths carry the number of their birth, counted up with each connection, and no sequence number; readings count up.
#[test]
fn sparkplug_is_what_an_independent_decoder_expects() {
    let sensors = [sensor(0, "a", Quantity::Speed), sensor(1, "b", Quantity::Voltage)];
    let mut encoder = Encoder::new(Format::SparkplugB, "demo", &sensors, None);
    for connection in 1..=2_u64 {
        let will = encoder.connect().unwrap();
        let death = Payload::decode(&*will.payload).unwrap();
        assert_eq!((&*will.topic, death.seq), ("spBv1.0/demo/NDEATH/simulated", None));
        assert_eq!((death.metrics[0].name.as_deref(), death.metrics[0].long_value), (Some("bdSeq"), Some(connection)));
        let births: Vec<(String, Payload)> =
            encoder.opening(noon()).into_iter().map(|m| (m.topic, Payload::decode(&*m.payload).unwrap())).collect();
        let topics: Vec<&str> = births.iter().map(|(topic, _)| topic.as_str()).collect();
        let expected =
            ["spBv1.0/demo/NBIRTH/simulated", "spBv1.0/demo/DBIRTH/simulated/a", "spBv1.0/demo/DBIRTH/simulated/b"];
        assert_eq!(topics, expected);
        assert_eq!(births[0].1.metrics[0].long_value, Some(connection));
        let metric = &births[2].1.metrics[0];
        assert_eq!((metric.name.as_deref(), metric.alias, metric.datatype), (Some("voltage"), Some(1), Some(10)));
        assert_eq!(metric.is_null, Some(true));
        let unit = metric.properties.as_ref().unwrap();
        assert_eq!((&*unit.keys[0], unit.values[0].string_value.as_deref()), ("engUnit", Some("V")));
        for number in 0..600 {
            let sample = Sample { sensor: SensorId(1), value: 231.25, observed_at: noon(), quality: Quality::Bad };
            let data = Payload::decode(&*encoder.encode(&sample).unwrap().payload).unwrap();
            assert_eq!(data.seq, Some((3 + number) % 256));
            let metric = &data.metrics[0];
            assert_eq!((metric.alias, metric.double_value), (Some(1), Some(231.25)));
            assert_eq!(metric.timestamp, Some(noon().as_millisecond().unsigned_abs()));
            let quality = metric.properties.as_ref().unwrap();
            assert_eq!((&*quality.keys[0], quality.values[0].int_value), ("Quality", Some(0)));
        }
    }
}

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
    #[prost(bool, optional, tag = "7")]
    is_null: Option<bool>,
    #[prost(message, optional, tag = "9")]
    properties: Option<PropertySet>,
    #[prost(uint64, optional, tag = "11")]
    long_value: Option<u64>,
    #[prost(double, optional, tag = "13")]
    double_value: Option<f64>,
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

/// A pack, put together by hand from RFC 8949: array of one map of five, labels -2, 0, 1, 2, 6.
#[test]
fn senml_cbor_is_what_the_standard_writes() {
    let sensors = [sensor(0, "a", Quantity::WindSpeed)];
    let mut encoder = Encoder::new(Format::SenmlCbor, "demo", &sensors, None);
    let sample = Sample { sensor: SensorId(0), value: 1.5, observed_at: noon(), quality: Quality::Good };
    let message = encoder.encode(&sample).unwrap();
    let mut expected =
        b"\x81\xa5\x21\x67demo/a/\x00\x6awind_speed\x01\x63m/s\x02\xfb\x3f\xf8\0\0\0\0\0\0\x06\xfb".to_vec();
    // 2024-05-01T12:00:00Z as a double.
    expected.extend(1_714_564_800_f64.to_be_bytes());
    assert_eq!((message.topic.as_str(), message.payload), ("simulated/demo/senml-cbor/a", expected));
}
