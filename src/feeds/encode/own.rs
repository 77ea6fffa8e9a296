//! The program's own format, as the page of this floor describes it.

use citytwin_model::{Quality, Quantity, Timestamp};
use serde::Serialize;

use super::{Sample, json_bytes};

#[derive(Serialize)]
struct Body {
    value: f64,
    unit: &'static str,
    observed_at: Timestamp,
    quality: &'static str,
    emulated: bool,
}

pub fn payload(quantity: Quantity, sample: &Sample) -> Vec<u8> {
    json_bytes(&Body {
        value: sample.value,
        unit: quantity.unit(),
        observed_at: sample.observed_at,
        quality: word(sample.quality),
        emulated: true,
    })
}

/// A device never calls a value stale: that is a matter of age.
pub(super) const fn word(quality: Quality) -> &'static str {
    match quality {
        Quality::Good => "good",
        Quality::Uncertain | Quality::Stale => "uncertain",
        Quality::Bad => "bad",
    }
}
