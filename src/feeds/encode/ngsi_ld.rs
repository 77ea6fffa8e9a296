//! NGSI-LD entities (ETSI GS CIM 009), normalized: one entity per sensor, its quantity an attribute.

use citytwin_model::Quantity;
use serde_json::{Map, Value, json};

use super::{Device, Sample, json_bytes};

pub(super) fn topic(city: &str, id: &str) -> String {
    format!("simulated/{city}/ngsi-ld/{id}")
}

/// What stands before a sensor's id in that of its entity.
pub(super) const ENTITY: &str = "urn:ngsi-ld:Device:";

pub(super) fn payload(device: &Device, sample: &Sample) -> Vec<u8> {
    let mut property = Map::new();
    property.insert("type".into(), "Property".into());
    property.insert("value".into(), sample.value.into());
    property.insert("observedAt".into(), sample.observed_at.to_string().into());
    if let Some(code) = unit_code(device.quantity) {
        property.insert("unitCode".into(), code.into());
    }
    let mut entity = json!({"id": format!("{ENTITY}{}", device.id), "type": "Device"});
    entity[device.quantity.name()] = Value::Object(property);
    json_bytes(&entity)
}

/// The code of the quantity's own unit in UN/CEFACT Recommendation 20; `None` where this program reads none.
const fn unit_code(quantity: Quantity) -> Option<&'static str> {
    match quantity {
        Quantity::Speed => Some("KMH"),
        Quantity::ActivePower => Some("WTT"),
        Quantity::Voltage => Some("VLT"),
        Quantity::AirTemperature => Some("CEL"),
        Quantity::Irradiance => Some("D54"),
        Quantity::Pm25 | Quantity::Pm10 | Quantity::No2 | Quantity::Nox | Quantity::Ozone | Quantity::Benzene => {
            Some("GQ")
        }
        Quantity::CarbonMonoxide => Some("GP"),
        Quantity::RelativeHumidity | Quantity::Occupancy => Some("P1"),
        Quantity::WindSpeed => Some("MTS"),
        Quantity::Precipitation => Some("H67"),
        Quantity::VehiclesAvailable | Quantity::DocksAvailable => Some("C62"),
        Quantity::VehicleFlow | Quantity::Noise => None,
    }
}
