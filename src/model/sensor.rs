//! A device that publishes readings about one feature of the city.

use geo::Coord;

use crate::{FeatureRef, Quantity, SensorId, SourceRef};

/// A sensor of the city folder. Its MQTT topic is `citytwin/<city>/<id>/<quantity>` unless given.
#[derive(Clone, PartialEq, Debug)]
pub struct Sensor {
    pub id: SensorId,
    /// `sensor/<id in city.toml>`.
    pub source: SourceRef,
    pub name: String,
    pub quantity: Quantity,
    pub at: Coord<f64>,
    /// What it observes, when it is more than a place.
    pub observes: Option<FeatureRef>,
    pub topic: String,
    /// Expected time between readings, second.
    pub interval_s: f64,
    /// Age beyond which the last reading counts as stale, second.
    pub stale_after_s: f64,
}
