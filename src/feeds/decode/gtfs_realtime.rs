//! GTFS-Realtime 2.0 (gtfs.org, `gtfs-realtime.proto`): where vehicles are, how fast and how full. Trip updates and
//! alerts of the same feed are passed over.

use citytwin_model::LonLat;

use super::{
    Decoded, Message, Observation, Value,
    error::DecodeError,
    json,
    protobuf::Fields,
    stamp::{Stamp, unix_seconds},
};

pub(super) fn decode<'a>(message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
    // Twice through, since a header may come after its entities, and nothing has to be gathered so.
    let mut header = None;
    let mut fields = Fields::of(message.payload);
    while let Some((number, field)) = fields.next()? {
        if let (1, Some(bytes)) = (number, field.bytes()) {
            header = Some(feed_time(bytes)?);
        }
    }
    let feed_time = header.ok_or_else(|| DecodeError::missing("header"))?;
    let mut decoded = Decoded::default();
    let mut fields = Fields::of(message.payload);
    let mut index = 0;
    while let Some((number, field)) = fields.next()? {
        let (2, Some(bytes)) = (number, field.bytes()) else { continue };
        match entity(bytes, feed_time, &mut decoded) {
            Err(DecodeError::TooMany) => return Err(DecodeError::TooMany),
            Err(error) => decoded.fault(|| format!("entity {index}"), error),
            Ok(()) => {}
        }
        index += 1;
    }
    Ok(decoded)
}

/// `FeedHeader`: its time, after a look at its version.
fn feed_time(bytes: &[u8]) -> Result<Option<Stamp>, DecodeError> {
    let mut fields = Fields::of(bytes);
    let (mut version, mut time) = ("", None);
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => version = field.text()?,
            3 => time = field.uint(),
            _ => {}
        }
    }
    if !version.starts_with("1.") && !version.starts_with("2.") {
        return Err(DecodeError::Version(format!("`{}` of GTFS-Realtime", crate::payload::excerpt(version))));
    }
    posix(time)
}

/// No time is told as none or as zero.
fn posix(time: Option<u64>) -> Result<Option<Stamp>, DecodeError> {
    time.filter(|t| *t > 0).map(|seconds| unix_seconds(seconds as f64)).transpose()
}

/// `FeedEntity`.
fn entity<'a>(bytes: &'a [u8], feed_time: Option<Stamp>, decoded: &mut Decoded<'a>) -> Result<(), DecodeError> {
    let mut fields = Fields::of(bytes);
    let (mut id, mut deleted, mut vehicle) = ("", false, None);
    while let Some((number, field)) = fields.next()? {
        match number {
            1 => id = field.text()?,
            2 => deleted = field.uint() == Some(1),
            4 => vehicle = field.bytes(),
            _ => {}
        }
    }
    match vehicle {
        Some(bytes) if !deleted => {
            position(Vehicle { id, observed_at: feed_time, ..Vehicle::default() }, bytes, decoded)
        }
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Vehicle<'a> {
    id: &'a str,
    observed_at: Option<Stamp>,
    place: Option<LonLat>,
    speed_mps: Option<f64>,
    bearing_deg: Option<f64>,
    occupancy_percent: Option<u64>,
}

/// `VehiclePosition`: one observation of each of speed, bearing and occupancy that is told, and one of `position`
/// (true) so that a vehicle that tells its place alone is seen too.
fn position<'a>(mut vehicle: Vehicle<'a>, bytes: &'a [u8], decoded: &mut Decoded<'a>) -> Result<(), DecodeError> {
    let mut fields = Fields::of(bytes);
    while let Some((number, field)) = fields.next()? {
        match number {
            2 => place(&mut vehicle, field.bytes().unwrap_or_default())?,
            5 => vehicle.observed_at = posix(field.uint())?.or(vehicle.observed_at),
            8 => {
                let mut descriptor = Fields::of(field.bytes().unwrap_or_default());
                while let Some((number, field)) = descriptor.next()? {
                    if number == 1 && !field.text()?.is_empty() {
                        vehicle.id = field.text()?;
                    }
                }
            }
            10 => vehicle.occupancy_percent = field.uint(),
            _ => {}
        }
    }
    if vehicle.id.is_empty() {
        return Err(DecodeError::missing("id"));
    }
    let numbers = [
        ("speed", vehicle.speed_mps, Some("m/s")),
        ("bearing", vehicle.bearing_deg, Some("deg")),
        ("occupancy_percentage", vehicle.occupancy_percent.map(|p| p as f64), Some("%")),
    ];
    let base = Observation {
        observed_at: vehicle.observed_at,
        place: vehicle.place,
        ..Observation::new(vehicle.id, "position", Value::Bool(true))
    };
    for (property, number, unit) in numbers {
        if let Some(number) = number {
            let value = Value::Number(number);
            decoded.push(Observation {
                property: property.into(),
                unit: unit.map(Into::into),
                value,
                ..base.clone()
            })?;
        }
    }
    if base.place.is_some() { decoded.push(base) } else { Ok(()) }
}

/// `Position`.
fn place(vehicle: &mut Vehicle<'_>, bytes: &[u8]) -> Result<(), DecodeError> {
    let mut fields = Fields::of(bytes);
    let (mut lat, mut lon) = (None, None);
    let number = |float: Option<f32>| match float {
        Some(float) if !float.is_finite() => Err(DecodeError::NotFinite),
        other => Ok(other.map(f64::from)),
    };
    while let Some((tag, field)) = fields.next()? {
        match tag {
            1 => lat = number(field.float())?,
            2 => lon = number(field.float())?,
            3 => vehicle.bearing_deg = number(field.float())?,
            5 => vehicle.speed_mps = number(field.float())?,
            _ => {}
        }
    }
    if let (Some(lon), Some(lat)) = (lon, lat) {
        vehicle.place = Some(json::place(lon, lat)?);
    }
    Ok(())
}
