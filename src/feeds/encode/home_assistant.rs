//! Home Assistant MQTT discovery: a kept configuration per sensor, then states without time or quality. Leaving takes
//! the configurations back (an empty payload).

use citytwin_model::Quantity;
use serde_json::json;

use super::{Device, Outgoing, Sample, json_bytes};

pub(super) fn state_topic(city: &str, id: &str) -> String {
    format!("simulated/{city}/home-assistant/{id}")
}

/// `homeassistant/sensor/<node>/<object>/config`.
fn configuration_topic(device: &Device) -> String {
    format!("homeassistant/sensor/{}/{}/config", device.id, device.quantity)
}

/// The state topic in it has its prefix already.
pub(super) fn configuration(device: &Device) -> Outgoing {
    let mut config = json!({
        "name": device.id,
        "unique_id": device.id,
        "state_topic": device.topic,
        "unit_of_measurement": device.quantity.unit(),
        "value_template": "{{ value_json.value }}",
    });
    if let Some(class) = device_class(device.quantity) {
        config["device_class"] = class.into();
    }
    Outgoing { retain: true, ..Outgoing::new(configuration_topic(device), json_bytes(&config)) }
}

pub(super) fn withdrawal(device: &Device) -> Outgoing {
    Outgoing { retain: true, ..Outgoing::new(configuration_topic(device), Vec::new()) }
}

pub(super) fn state(sample: &Sample) -> Vec<u8> {
    json_bytes(&json!({"value": sample.value}))
}

/// What the entity measures, as the decoder names it.
pub(super) fn property(quantity: Quantity) -> &'static str {
    device_class(quantity).unwrap_or(quantity.name())
}

/// Classes of the documentation's page "Sensor" whose units hold the quantity's own.
const fn device_class(quantity: Quantity) -> Option<&'static str> {
    match quantity {
        Quantity::Speed => Some("speed"),
        Quantity::ActivePower => Some("power"),
        Quantity::Voltage => Some("voltage"),
        Quantity::AirTemperature => Some("temperature"),
        Quantity::Irradiance => Some("irradiance"),
        Quantity::Pm25 => Some("pm25"),
        Quantity::Pm10 => Some("pm10"),
        Quantity::No2 => Some("nitrogen_dioxide"),
        Quantity::Ozone => Some("ozone"),
        Quantity::RelativeHumidity => Some("humidity"),
        Quantity::WindSpeed => Some("wind_speed"),
        Quantity::Precipitation => Some("precipitation_intensity"),
        _ => None,
    }
}
