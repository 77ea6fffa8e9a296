//! SenML packs of one record as JSON (RFC 8428).

use citytwin_model::Quantity;
use serde::Serialize;

use super::{Device, Format, Sample, json_bytes};

#[derive(Serialize)]
struct Record<'a> {
    bn: String,
    n: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    u: Option<&'a str>,
    v: f64,
    t: f64,
}

pub(super) fn topic(city: &str, format: Format, id: &str) -> String {
    format!("simulated/{city}/{format}/{id}")
}

pub(super) fn payload(city: &str, device: &Device, sample: &Sample) -> Vec<u8> {
    json_bytes(&[Record {
        bn: base_name(city, device),
        n: device.quantity.name(),
        u: unit(device.quantity),
        v: sample.value,
        t: unix_s(sample),
    }])
}

/// What stands before the quantity in a record's name.
pub(super) fn base_name(city: &str, device: &Device) -> String {
    format!("{city}/{}/", device.id)
}

/// Unix time, second; an f64 holds the microseconds of this century.
pub(super) fn unix_s(sample: &Sample) -> f64 {
    sample.observed_at.as_microsecond() as f64 / 1e6
}

/// The symbol for the quantity's own unit in RFC 8428, table 1, or RFC 8798, tables 1 and 2; `None` where they have none,
/// and the mapping's unit holds.
pub(super) const fn unit(quantity: Quantity) -> Option<&'static str> {
    match quantity {
        Quantity::Speed => Some("km/h"),
        Quantity::ActivePower => Some("W"),
        Quantity::Voltage => Some("V"),
        Quantity::AirTemperature => Some("Cel"),
        Quantity::Irradiance => Some("W/m2"),
        Quantity::Pm25 | Quantity::Pm10 | Quantity::No2 | Quantity::Nox | Quantity::Ozone | Quantity::Benzene => {
            Some("ug/m3")
        }
        Quantity::RelativeHumidity => Some("%RH"),
        Quantity::WindSpeed => Some("m/s"),
        Quantity::Precipitation => Some("mm/h"),
        Quantity::VehiclesAvailable | Quantity::DocksAvailable => Some("count"),
        Quantity::VehicleFlow | Quantity::Noise | Quantity::CarbonMonoxide | Quantity::Occupancy => None,
    }
}
