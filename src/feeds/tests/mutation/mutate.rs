//! Payloads changed at random, and what must hold of whatever a decoder makes of them.

use citytwin_feeds::decode::{Decoded, MAX_OBSERVATIONS, Message, Value};
use citytwin_model::{Timestamp, time::TimeZone};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::corpus::Subject;

/// Messages after which a decoder's state begins anew.
const SESSION: u64 = 500;
/// The longest mutated payload, byte.
const LONGEST: usize = 4_096;
/// Bytes that formats take as something special.
const SPECIAL: &[u8] = b"\0\x01\x7f\x80\xff\"'[]{}:,;.-+eE0123456789\\/ \n";
/// Texts that numbers, times and structures break at.
const TEXTS: [&str; 12] = [
    "1e308",
    "-1e999",
    "18446744073709551616",
    "null",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "9999-12-31T23:59:59Z",
    "0000-01-01",
    "\u{feff}",
    "\\ud800",
    "é",
    "NaN",
];

/// Puts `count` mutated messages to a subject's decoder. Returns how many were read and how many refused.
///
/// # Panics
/// When the decoder does, or when it hands out what it must not.
pub fn run(subject: &Subject, count: u64, seed: u64) -> (u64, u64) {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let received_at: Timestamp = "2024-05-01T12:00:00Z".parse().expect("a time");
    let (mut decoder, mut read, mut refused) = ((subject.fresh)(), 0, 0);
    for index in 0..count {
        if index % SESSION == 0 {
            decoder = (subject.fresh)();
        }
        let at = rng.random_range(0..subject.messages.len());
        let (topic, original) = &subject.messages[at];
        let mut payload = original.clone();
        // One in twenty stays as it is, so that states are reached from which others depart.
        if !rng.random_bool(0.05) {
            let other = &subject.messages[rng.random_range(0..subject.messages.len())].1;
            for _ in 0..rng.random_range(1..=6) {
                mutate(&mut payload, other, &mut rng);
            }
        }
        match decoder.decode(Message { topic, payload: &payload, received_at }) {
            Ok(decoded) => {
                check(subject.name, &decoded);
                read += 1;
            }
            Err(error) => {
                let reason = error.to_string();
                assert!(reason.len() < 600 && !reason.contains('\n'), "{}: {reason}", subject.name);
                refused += 1;
            }
        }
    }
    (read, refused)
}

/// One change at random.
pub fn mutate(payload: &mut Vec<u8>, other: &[u8], rng: &mut impl Rng) {
    let length = payload.len();
    let at = if length == 0 { 0 } else { rng.random_range(0..length) };
    let end = length.min(at + rng.random_range(1..=16));
    match rng.random_range(0..9) {
        0 if length > 0 => payload[at] ^= 1 << rng.random_range(0..8),
        1 if length > 0 => payload[at] = rng.random(),
        2 if length > 0 => payload[at] = SPECIAL[rng.random_range(0..SPECIAL.len())],
        3 => drop(payload.drain(at..end)),
        4 => payload.truncate(at),
        5 => {
            let piece = payload[at..end].to_vec();
            for _ in 0..rng.random_range(1..=20) {
                payload.splice(at..at, piece.iter().copied());
            }
        }
        6 => drop(payload.splice(at..end, TEXTS[rng.random_range(0..TEXTS.len())].bytes())),
        7 if !other.is_empty() => {
            let from = rng.random_range(0..other.len());
            payload.splice(at..end, other[from..other.len().min(from + 32)].iter().copied());
        }
        _ => payload.insert(at, rng.random()),
    }
    payload.truncate(LONGEST);
}

fn check(name: &str, decoded: &Decoded<'_>) {
    assert!(decoded.observations.len() <= MAX_OBSERVATIONS && decoded.faults.len() <= decoded.faulty, "{name}");
    for observation in &decoded.observations {
        if let Value::Number(number) = observation.value {
            assert!(number.is_finite(), "{name}: {observation:?}");
        }
        assert!(observation.place.is_none_or(|place| place.is_valid()), "{name}: {observation:?}");
        if let Some(stamp) = observation.observed_at {
            stamp.resolve(&TimeZone::UTC);
        }
    }
    for fault in &decoded.faults {
        let line = fault.to_string();
        assert!(line.len() < 1_200 && !line.contains('\n'), "{name}: {line}");
    }
}
