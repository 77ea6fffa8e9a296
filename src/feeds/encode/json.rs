//! Plain JSON, one object per message: its names are made up, a mapping says where things stand.

use citytwin_model::{Quantity, Timestamp};
use serde::Serialize;

use super::{Sample, json_bytes, own};

#[derive(Serialize)]
struct Body {
    v: f64,
    unit: &'static str,
    at: Timestamp,
    state: &'static str,
}

pub(super) fn topic(city: &str, id: &str, quantity: Quantity) -> String {
    format!("simulated/{city}/json/{quantity}/{id}")
}

pub(super) fn payload(quantity: Quantity, sample: &Sample) -> Vec<u8> {
    json_bytes(&Body {
        v: sample.value,
        unit: quantity.unit(),
        at: sample.observed_at,
        state: own::word(sample.quality),
    })
}
