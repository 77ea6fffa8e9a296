//! Any bytes to any decoder: the first byte chooses the decoder, the second how many messages of its corpus come before
//! (they give it state), the rest is the payload.

#![no_main]

use citytwin_feeds::decode::{Message, Value};
use citytwin_model::Timestamp;
use libfuzzer_sys::fuzz_target;

#[path = "../../src/feeds/tests/mutation/corpus.rs"]
mod corpus;

fuzz_target!(|data: &[u8]| {
    let [which, before, payload @ ..] = data else { return };
    let subjects = corpus::subjects();
    let subject = &subjects[usize::from(*which) % subjects.len()];
    let received_at = Timestamp::UNIX_EPOCH;
    let mut decoder = (subject.fresh)();
    let at = usize::from(*before) % subject.messages.len();
    for (topic, payload) in &subject.messages[..at] {
        let _ = decoder.decode(Message { topic, payload, received_at });
    }
    let topic = subject.messages[at].0;
    if let Ok(decoded) = decoder.decode(Message { topic, payload, received_at }) {
        for observation in &decoded.observations {
            assert!(!matches!(observation.value, Value::Number(number) if !number.is_finite()));
            assert!(observation.place.is_none_or(|place| place.is_valid()));
        }
    }
});
