//! Mutated payloads against every decoder: no panic, nothing infinite, nowhere outside the globe. The full million per
//! decoder: `cargo run --release -p citytwin-feeds --example mutate`.

mod corpus;
mod mutate;

use citytwin_feeds::mapping::{Mapper, Sources};
use citytwin_model::{Anchor, LonLat};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// Per decoder, in the plain test.
const COUNT: u64 = 20_000;

#[test]
fn decoders_survive_mutated_payloads() {
    std::thread::scope(|scope| {
        for subject in corpus::subjects() {
            scope.spawn(move || {
                let (read, refused) = mutate::run(&subject, COUNT, 1);
                assert_eq!(read + refused, COUNT);
                assert!(
                    read > COUNT / 100 && refused > COUNT / 100,
                    "{}: {read} read, {refused} refused",
                    subject.name
                );
            });
        }
    });
}

#[test]
fn the_corpus_itself_is_read() {
    for subject in corpus::subjects() {
        let mut decoder = (subject.fresh)();
        for (topic, payload) in &subject.messages {
            let received_at = "2024-05-01T12:00:00Z".parse().unwrap();
            let message = citytwin_feeds::decode::Message { topic, payload, received_at };
            let decoded = decoder.decode(message).map(|decoded| decoded.observations.len() + decoded.signals.len());
            assert!(decoded.as_ref().is_ok_and(|said| *said > 0), "{} {topic}: {decoded:?}", subject.name);
        }
    }
}

const SOURCES: &str = r#"
version = 3
[[source]]
id = "b"
kind = "mqtt"
address = "mqtts://mqtt.example.org:8883"
timezone = "Europe/Lisbon"
[[mapping]]
id = "m"
source = "b"
topic = "a/{x}/loop-{nr}/#"
format = "json"
each = "$.r[?@.v]"
time = "@.at"
quality_words = { OK = "good" }
[[mapping.take]]
value = "@.v"
quantity = "speed"
unit = "mph"
valid = [0, 200]
missing = [-1, "n/a"]
sensor = "loop-{nr}"
[[mapping]]
id = "c"
source = "b"
topic = "c"
format = "csv"
delimiter = ";"
start = "2012-03-01T00:00:00"
step_s = 300
[[mapping.take]]
property = "{p}"
quantity = "speed"
nearest = "road"
within_m = 50
"#;

/// A `sources.toml` with wrong letters gives faults of one line each, or mappings that can be put to work.
#[test]
fn sources_survive_mutations() {
    let mut rng = Pcg64Mcg::seed_from_u64(2);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..2_000 {
        let mut text = SOURCES.as_bytes().to_vec();
        mutate::mutate(&mut text, SOURCES.as_bytes(), &mut rng);
        match Sources::parse("sources.toml", &String::from_utf8_lossy(&text)) {
            Ok(sources) => {
                Mapper::new(&sources, &[], Anchor::new(LonLat { lon: 0.0, lat: 45.0 }));
                read += 1;
            }
            Err(faults) => {
                assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.to_string().contains('\n')));
                refused += 1;
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}
