//! OGC SensorThings Observations as MQTT publishes them (OGC 18-088, section 14.2): one Datastream per sensor, named in
//! the topic alone.

use citytwin_model::{Quantity, Timestamp};
use serde::Serialize;

use super::{Sample, json_bytes};

#[derive(Serialize)]
struct Observation {
    #[serde(rename = "phenomenonTime")]
    phenomenon_time: Timestamp,
    #[serde(rename = "resultTime")]
    result_time: Timestamp,
    result: f64,
}

pub(super) fn topic(city: &str, id: &str, quantity: Quantity) -> String {
    format!("simulated/{city}/{quantity}/v1.1/Datastreams('{id}')/Observations")
}

pub(super) fn payload(sample: &Sample) -> Vec<u8> {
    json_bytes(&Observation {
        phenomenon_time: sample.observed_at,
        result_time: sample.observed_at,
        result: sample.value,
    })
}
