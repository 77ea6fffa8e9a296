//! The types that `city.toml` reads into and is written from.

use citytwin_model::DrivingSide;
use serde::{Deserialize, Serialize};

/// All of `city.toml`. Unknown keys are errors: a misspelt one must not pass as left out.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CityToml {
    /// Shown to people.
    pub name: String,
    /// Map file (.osm, .osm.gz, .osm.pbf), relative to the folder, `/` between its parts.
    pub map: String,
    /// ISO 3166-1 alpha-2; from the location where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driving_side: Option<DrivingSide>,
    /// Inhabitants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<u32>,
    /// IANA name, e.g. `Europe/Berlin`; from the location where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Lines that must be shown with the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attribution: Vec<String>,
    #[serde(default, rename = "substation", skip_serializing_if = "Vec::is_empty")]
    pub substations: Vec<RatedKva>,
    #[serde(default, rename = "transformer", skip_serializing_if = "Vec::is_empty")]
    pub transformers: Vec<RatedKva>,
    #[serde(default, rename = "charger", skip_serializing_if = "Vec::is_empty")]
    pub chargers: Vec<RatedKw>,
    #[serde(default, rename = "battery", skip_serializing_if = "Vec::is_empty")]
    pub batteries: Vec<RatedKw>,
    #[serde(default, rename = "solar", skip_serializing_if = "Vec::is_empty")]
    pub solar: Vec<RatedKw>,
    #[serde(default, rename = "wind", skip_serializing_if = "Vec::is_empty")]
    pub wind: Vec<RatedKw>,
    #[serde(default, rename = "generator", skip_serializing_if = "Vec::is_empty")]
    pub generators: Vec<RatedKw>,
    #[serde(default, rename = "sensor", skip_serializing_if = "Vec::is_empty")]
    pub sensors: Vec<SensorToml>,
}

/// A substation or transformer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatedKva {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Degree, WGS 84.
    pub lon: f64,
    pub lat: f64,
    /// Rated apparent power, kVA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated_kva: Option<f64>,
}

/// A charger, battery, generator or renewable plant.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatedKw {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Degree, WGS 84.
    pub lon: f64,
    pub lat: f64,
    /// Rated power, kW.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rated_kw: Option<f64>,
}

/// A sensor.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorToml {
    /// Letters, digits, `.`, `_`, `-`; unique.
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// [`citytwin_model::Quantity::name`], e.g. `vehicle_flow`.
    pub quantity: String,
    /// Degree, WGS 84.
    pub lon: f64,
    pub lat: f64,
    /// Source reference of what it observes, e.g. `way/123` or `transformer/t-001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observes: Option<String>,
    /// MQTT topic; `citytwin/<slug of the name>/<id>/<quantity>` where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Expected time between readings, second.
    pub interval_s: f64,
    /// Age beyond which the last reading is stale, second; four intervals where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_after_s: Option<f64>,
}

impl CityToml {
    /// The text of the file; the same city always gives the same text.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}
