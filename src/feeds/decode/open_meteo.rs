//! Open-Meteo's answer to a request for `current` values: the output of weather models, and labelled so. No sensor
//! stands there.

use citytwin_model::time::{SignedDuration, TimeZone};
use serde_json::Value as Json;

use super::{
    Decoded, Message, Observation, Value,
    error::DecodeError,
    json::{self, Object},
    stamp::Stamp,
};
use crate::payload::excerpt;

/// One answer, or an array of them for several places. Devices are named `latitude,longitude` as answered.
pub(super) fn decode<'a>(message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
    let document = json::parse(message.payload)?;
    let places = match &document {
        Json::Array(places) => places.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut decoded = Decoded::default();
    for (index, place) in places.iter().enumerate() {
        match json::as_object(place, "answer").and_then(|answer| current(answer, &mut decoded)) {
            Err(error) if places.len() == 1 || error == DecodeError::TooMany => return Err(error),
            Err(error) => decoded.fault(|| format!("place {index}"), error),
            Ok(()) => {}
        }
    }
    Ok(decoded)
}

fn current(answer: &Object, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
    if answer.get("error").and_then(Json::as_bool) == Some(true) {
        let reason = json::text(answer, "reason")?.unwrap_or("no reason is given");
        return Err(DecodeError::Protocol(format!("Open-Meteo refuses: {}", excerpt(reason))));
    }
    let required = |name: &str| json::number(answer, name)?.ok_or_else(|| DecodeError::missing(name));
    let (lon, lat) = (required("longitude")?, required("latitude")?);
    let values = answer.get("current").ok_or_else(|| DecodeError::missing("current"))?;
    let values = json::as_object(values, "current")?;
    let units = answer.get("current_units").and_then(Json::as_object);
    let offset_s = json::number(answer, "utc_offset_seconds")?.unwrap_or(0.0);
    let base = Observation {
        observed_at: json::time(values, "time")?.map(|at| universal(at, offset_s)).transpose()?,
        place: Some(json::place(lon, lat)?),
        modelled: true,
        ttl_s: json::number(values, "interval")?.filter(|s| *s > 0.0),
        ..Observation::new(format!("{lat},{lon}"), "", Value::Missing)
    };
    for (name, value) in values.iter().filter(|(name, _)| !matches!(name.as_str(), "time" | "interval")) {
        let unit = match units {
            Some(units) => json::text(units, name)?.map(|unit| unit.to_owned().into()),
            None => None,
        };
        let value = json::value(value, name)?;
        decoded.push(Observation { property: name.clone().into(), value, unit, ..base.clone() })?;
    }
    Ok(())
}

/// Local times are given with the offset beside them.
fn universal(at: Stamp, offset_s: f64) -> Result<Stamp, DecodeError> {
    match at {
        Stamp::Instant(at) => Ok(Stamp::Instant(at)),
        Stamp::Local(local) => TimeZone::UTC
            .to_timestamp(local)
            .and_then(|at| at.checked_sub(SignedDuration::from_secs(offset_s as i64)))
            .map(Stamp::Instant)
            .map_err(|_| DecodeError::bad_time(&local.to_string())),
    }
}
