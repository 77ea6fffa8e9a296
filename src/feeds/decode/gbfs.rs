//! GBFS 3 (General Bikeshare Feed Specification, MobilityData): `station_status`, `vehicle_status`, and the places of
//! stations from `station_information`.

use std::collections::HashMap;

use citytwin_model::LonLat;
use serde_json::Value as Json;

use super::{
    Decoded, MAX_OBSERVATIONS, Message, Observation, Signal, Value,
    error::DecodeError,
    json::{self, Object},
    stamp::Stamp,
};
use crate::payload::excerpt;

/// Numbers and flags of a station, as the specification names them.
pub(crate) const OF_STATION: [&str; 7] = [
    "num_vehicles_available",
    "num_vehicles_disabled",
    "num_docks_available",
    "num_docks_disabled",
    "is_installed",
    "is_renting",
    "is_returning",
];
/// Numbers and flags of a vehicle.
pub(crate) const OF_VEHICLE: [&str; 4] = ["is_reserved", "is_disabled", "current_range_meters", "current_fuel_percent"];

/// Where stations are, as far as it was told.
#[derive(Debug, Default)]
pub struct Stations {
    places: HashMap<String, LonLat>,
}

/// What a file says of all its entries.
struct Header {
    updated_at: Option<Stamp>,
    ttl_s: Option<f64>,
}

impl Stations {
    pub(super) fn decode<'a>(&mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        let document = json::parse(message.payload)?;
        let root = json::as_object(&document, "file")?;
        let version = json::text(root, "version")?.ok_or_else(|| DecodeError::missing("version"))?;
        if version.split('.').next() != Some("3") {
            return Err(DecodeError::Version(format!("{} of GBFS", excerpt(version))));
        }
        let ttl_s = json::number(root, "ttl")?.filter(|ttl| *ttl >= 0.0);
        let header = Header { updated_at: json::time(root, "last_updated")?, ttl_s: ttl_s.filter(|ttl| *ttl > 0.0) };
        let data = json::as_object(root.get("data").ok_or_else(|| DecodeError::missing("data"))?, "data")?;
        let mut decoded = Decoded::default();
        decoded.signals.extend(ttl_s.map(Signal::Ttl));
        if data.contains_key("stations") {
            for (index, item) in json::array(data, "stations")?.iter().enumerate() {
                if let Err(error) = self.station(item, &header, &mut decoded) {
                    refused(&mut decoded, format!("station {index}"), error)?;
                }
            }
        } else {
            for (index, item) in json::array(data, "vehicles")?.iter().enumerate() {
                if let Err(error) = self.vehicle(item, &header, &mut decoded) {
                    refused(&mut decoded, format!("vehicle {index}"), error)?;
                }
            }
        }
        Ok(decoded)
    }

    fn station(&mut self, item: &Json, header: &Header, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
        let station = json::as_object(item, "stations")?;
        let id = json::required_id(station, "station_id")?;
        if let (Some(lon), Some(lat)) = (json::number(station, "lon")?, json::number(station, "lat")?) {
            let place = json::place(lon, lat)?;
            if self.places.len() < MAX_OBSERVATIONS || self.places.contains_key(&id) {
                self.places.insert(id.clone(), place);
            }
        }
        let base = Observation { place: self.places.get(&id).copied(), ..stamped(id, station, header)? };
        push_fields(station, &OF_STATION, &base, decoded)?;
        for (list, name) in [("vehicle_types_available", "num_vehicles_available")] {
            if !station.contains_key(list) {
                continue;
            }
            for entry in json::array(station, list)? {
                let entry = json::as_object(entry, list)?;
                let kind = json::required_id(entry, "vehicle_type_id")?;
                if let Some(count) = json::number(entry, "count")? {
                    let property = format!("{name}:{kind}").into();
                    decoded.push(Observation { property, value: Value::Number(count), ..base.clone() })?;
                }
            }
        }
        Ok(())
    }

    /// A vehicle at a station may leave its place out: then it is where the station is, if that was told.
    fn vehicle(&self, item: &Json, header: &Header, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
        let vehicle = json::as_object(item, "vehicles")?;
        let id = json::required_id(vehicle, "vehicle_id")?;
        let place = match (json::number(vehicle, "lon")?, json::number(vehicle, "lat")?) {
            (Some(lon), Some(lat)) => Some(json::place(lon, lat)?),
            _ => json::id(vehicle, "station_id")?.and_then(|station| self.places.get(&station).copied()),
        };
        let base = Observation { place, ..stamped(id, vehicle, header)? };
        push_fields(vehicle, &OF_VEHICLE, &base, decoded)
    }
}

/// An entry faulty in itself costs itself alone; a limit ends the file.
fn refused(decoded: &mut Decoded<'_>, at: String, error: DecodeError) -> Result<(), DecodeError> {
    if error == DecodeError::TooMany {
        return Err(error);
    }
    decoded.fault(|| at, error);
    Ok(())
}

fn stamped(id: String, object: &Object, header: &Header) -> Result<Observation<'static>, DecodeError> {
    let reported = json::time(object, "last_reported")?;
    let base = Observation::new(id, "", Value::Missing);
    Ok(Observation { observed_at: reported.or(header.updated_at), ttl_s: header.ttl_s, ..base })
}

fn push_fields(
    object: &Object,
    fields: &[&'static str],
    base: &Observation<'static>,
    decoded: &mut Decoded<'_>,
) -> Result<(), DecodeError> {
    for field in fields {
        if let Some(value) = object.get(*field) {
            let value = json::value(value, field)?;
            decoded.push(Observation { property: (*field).into(), value, ..base.clone() })?;
        }
    }
    Ok(())
}
