//! What decoders of JSON standards share: parsing within bounds, and fields that are what they should be.

use std::borrow::Cow;

use citytwin_model::LonLat;
use serde_json::{Map, Value as Json};

use super::{
    Value,
    error::DecodeError,
    stamp::{self, Stamp},
};
use crate::payload::excerpt;

pub(super) type Object = Map<String, Json>;

/// The document; nesting is bounded by serde_json (128).
pub(super) fn parse(payload: &[u8]) -> Result<Json, DecodeError> {
    let text = std::str::from_utf8(payload).map_err(|_| DecodeError::NotUtf8)?;
    serde_json::from_str(text).map_err(|error| DecodeError::malformed("JSON", error))
}

pub(super) const fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn wrong(field: &str, found: &Json, wanted: &'static str) -> DecodeError {
    DecodeError::WrongType { field: excerpt(field), found: type_name(found), wanted }
}

pub(super) fn as_object<'v>(value: &'v Json, field: &str) -> Result<&'v Object, DecodeError> {
    value.as_object().ok_or_else(|| wrong(field, value, "an object"))
}

/// A field that must be there and an array.
pub(super) fn array<'v>(object: &'v Object, field: &str) -> Result<&'v [Json], DecodeError> {
    let value = object.get(field).ok_or_else(|| DecodeError::missing(field))?;
    value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(field, value, "an array"))
}

/// A text or a number as an id. `None` when absent or null.
pub(super) fn id(object: &Object, field: &str) -> Result<Option<String>, DecodeError> {
    match object.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(Json::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(wrong(field, other, "a text or a number")),
    }
}

/// An id that must be there.
pub(super) fn required_id(object: &Object, field: &str) -> Result<String, DecodeError> {
    id(object, field)?.ok_or_else(|| DecodeError::missing(field))
}

pub(super) fn text<'v>(object: &'v Object, field: &str) -> Result<Option<&'v str>, DecodeError> {
    match object.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(field, other, "a text")),
    }
}

/// A finite number. `None` when absent or null.
pub(super) fn number(object: &Object, field: &str) -> Result<Option<f64>, DecodeError> {
    match object.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            value.as_f64().filter(|n| n.is_finite()).map(Some).ok_or_else(|| wrong(field, value, "a number"))
        }
    }
}

/// A value that a mapping can use: number, text, true or false, or none.
pub(super) fn value(json: &Json, field: &str) -> Result<Value<'static>, DecodeError> {
    match json {
        Json::Null => Ok(Value::Missing),
        Json::Bool(flag) => Ok(Value::Bool(*flag)),
        Json::Number(number) => {
            number.as_f64().filter(|n| n.is_finite()).map(Value::Number).ok_or(DecodeError::NotFinite)
        }
        Json::String(text) => Ok(Value::Text(Cow::Owned(text.clone()))),
        other => Err(wrong(field, other, "one value")),
    }
}

/// A time as text or Unix number. `None` when absent or null.
pub(super) fn time(object: &Object, field: &str) -> Result<Option<Stamp>, DecodeError> {
    match object.get(field) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => stamp::parse(text).map(Some),
        Some(Json::Number(number)) => stamp::unix(number.as_f64().unwrap_or(f64::NAN)).map(Some),
        Some(other) => Err(wrong(field, other, "a time")),
    }
}

/// A place on the globe.
pub(super) fn place(lon: f64, lat: f64) -> Result<LonLat, DecodeError> {
    let place = LonLat { lon, lat };
    if place.is_valid() { Ok(place) } else { Err(DecodeError::BadPlace { lon, lat }) }
}

/// A GeoJSON point (RFC 7946, 3.1.2); other geometries give no place.
pub(super) fn geojson_point(json: &Json) -> Result<Option<LonLat>, DecodeError> {
    let Some(object) = json.as_object() else { return Ok(None) };
    if object.get("type").and_then(Json::as_str) != Some("Point") {
        return Ok(None);
    }
    let coordinates = array(object, "coordinates")?;
    match (coordinates.first().and_then(Json::as_f64), coordinates.get(1).and_then(Json::as_f64)) {
        (Some(lon), Some(lat)) => place(lon, lat).map(Some),
        _ => Err(DecodeError::missing("coordinates")),
    }
}
