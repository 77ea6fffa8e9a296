//! NGSI-LD (ETSI GS CIM 009) entities: normalized, concise and simplified (`keyValues`) attributes, alone, in arrays,
//! in notifications or as GeoJSON features; attributes of NGSI v2 with their metadata too. An attribute without
//! `observedAt` was observed at the entity's `dateObserved` (FIWARE data models), of whose interval the end counts;
//! where that is a wall clock without zone, `dateObservedTo` says the instant.

use citytwin_model::LonLat;
use serde_json::Value as Json;

use super::{
    Decoded, Message, Observation, Value,
    error::DecodeError,
    json::{self, Object},
    stamp::{self, Stamp},
};
use crate::payload::excerpt;

/// Members that are no attributes (ETSI GS CIM 009, 4.5.1), and those that say when.
const NO_ATTRIBUTES: [&str; 14] = [
    "id",
    "@id",
    "type",
    "@type",
    "@context",
    "scope",
    "createdAt",
    "modifiedAt",
    "dateObserved",
    "dateObservedFrom",
    "dateObservedTo",
    "TimeInstant",
    "dateCreated",
    "dateModified",
];

pub(super) fn decode<'a>(message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
    let document = json::parse(message.payload)?;
    let entities: &[Json] = match &document {
        Json::Array(entities) => entities,
        // A notification (5.3.1), or the one of NGSI v2.
        Json::Object(root) if root.get("data").is_some_and(Json::is_array) => json::array(root, "data")?,
        Json::Object(root) if is_a(root, "FeatureCollection") => json::array(root, "features")?,
        other => std::slice::from_ref(other),
    };
    let mut decoded = Decoded::default();
    for (index, item) in entities.iter().enumerate() {
        let read = json::as_object(item, "entity").and_then(|object| Ok((required_id(object)?, attributes(object)?)));
        match read {
            Ok((id, object)) => entity(&id, object, &mut decoded)?,
            Err(error) => decoded.fault(|| format!("entity {index}"), error),
        }
    }
    Ok(decoded)
}

fn is_a(object: &Object, kind: &str) -> bool {
    object.get("type").and_then(Json::as_str) == Some(kind)
}

/// Those of a GeoJSON feature stand in its `properties` (C.2.3).
fn attributes(object: &Object) -> Result<&Object, DecodeError> {
    match object.get("properties") {
        Some(properties) if is_a(object, "Feature") => json::as_object(properties, "properties"),
        _ => Ok(object),
    }
}

fn required_id(object: &Object) -> Result<String, DecodeError> {
    match json::id(object, "id")? {
        Some(id) => Ok(id),
        None => json::required_id(object, "@id"),
    }
}

fn entity(id: &str, object: &Object, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
    let at = || excerpt(id);
    let observed_at = match entity_time(object) {
        Ok(stamp) => stamp,
        Err(error) => {
            decoded.fault(at, error);
            return Ok(());
        }
    };
    let place = match object.get("location").map(geometry).map_or(Ok(None), json::geojson_point) {
        Ok(place) => place,
        Err(error) => {
            decoded.fault(at, error);
            None
        }
    };
    let common = Common { id, observed_at, place };
    for (name, attribute) in object.iter().filter(|(name, _)| !NO_ATTRIBUTES.contains(&name.as_str())) {
        // One instance, or several that differ in their `datasetId` (4.5.5).
        let instances = match attribute {
            Json::Array(instances) if instances.iter().all(|i| i.get("value").is_some()) => instances.as_slice(),
            one => std::slice::from_ref(one),
        };
        for instance in instances {
            match common.attribute(name, instance) {
                Ok(Some(observation)) => decoded.push(observation)?,
                Ok(None) => {}
                Err(error) => decoded.fault(|| format!("{}, {}", excerpt(id), excerpt(name)), error),
            }
        }
    }
    Ok(())
}

fn entity_time(object: &Object) -> Result<Option<Stamp>, DecodeError> {
    let mut local = None;
    for name in ["dateObserved", "dateObservedTo"] {
        match object.get(name).map_or(Ok(None), time_of)? {
            Some(Stamp::Instant(at)) => return Ok(Some(Stamp::Instant(at))),
            stamp => local = local.or(stamp),
        }
    }
    // What an agent adds stands back behind what the entity says of itself.
    if local.is_some() { Ok(local) } else { object.get("TimeInstant").map_or(Ok(None), time_of) }
}

/// `"…"`, `{"value":"…"}`, `{"value":{"@type":"DateTime","@value":"…"}}`.
fn time_of(json: &Json) -> Result<Option<Stamp>, DecodeError> {
    match json {
        Json::Null => Ok(None),
        Json::String(text) => stamp::parse(text).map(Some),
        Json::Object(object) => match object.get("@value").or_else(|| object.get("value")) {
            // Two members deep at most, by the forms above.
            Some(Json::Object(inner)) => match inner.get("@value") {
                Some(Json::String(text)) => stamp::parse(text).map(Some),
                _ => Err(DecodeError::missing("@value")),
            },
            Some(Json::String(text)) => stamp::parse(text).map(Some),
            _ => Err(DecodeError::missing("dateObserved")),
        },
        other => Err(DecodeError::WrongType {
            field: "dateObserved".into(),
            found: json::type_name(other),
            wanted: "a time",
        }),
    }
}

/// The GeoJSON of a GeoProperty, or the attribute itself in simplified form.
fn geometry(attribute: &Json) -> &Json {
    attribute.get("value").unwrap_or(attribute)
}

struct Common<'e> {
    id: &'e str,
    observed_at: Option<Stamp>,
    place: Option<LonLat>,
}

impl Common<'_> {
    /// `None` for what is no single value: relationships, geometries, structures.
    fn attribute(&self, name: &str, instance: &Json) -> Result<Option<Observation<'static>>, DecodeError> {
        let (value, details) = match instance {
            Json::Object(details) => match details.get("value") {
                Some(value) => (typed(value), Some(details)),
                None => return Ok(None),
            },
            bare => (bare, None),
        };
        if value.is_array() || value.is_object() {
            return Ok(None);
        }
        let mut observation = Observation {
            observed_at: self.observed_at,
            place: self.place,
            ..Observation::new(self.id.to_owned(), name.to_owned(), json::value(value, name)?)
        };
        if let Some(details) = details {
            describe(&mut observation, details)?;
        }
        Ok(Some(observation))
    }
}

/// What stands beside a value: when, in which unit, which of several.
fn describe(observation: &mut Observation<'static>, details: &Object) -> Result<(), DecodeError> {
    if let Some(stamp) = json::time(details, "observedAt")? {
        observation.observed_at = Some(stamp);
    }
    observation.unit = json::text(details, "unitCode")?.map(|unit| unit.to_owned().into());
    if let Some(set) = json::text(details, "datasetId")? {
        observation.property = format!("{}@{set}", observation.property).into();
    }
    let Some(metadata) = details.get("metadata").and_then(Json::as_object) else { return Ok(()) };
    for name in ["observedAt", "dateObserved", "TimeInstant", "timestamp"] {
        if let Some(stamp) = metadata.get(name).map(time_of).transpose()?.flatten() {
            observation.observed_at = Some(stamp);
            break;
        }
    }
    if let Some(unit) = metadata.get("unitCode").or_else(|| metadata.get("unit")).and_then(|u| u.get("value")) {
        observation.unit = unit.as_str().map(|unit| unit.to_owned().into());
    }
    if matches!(observation.value, Value::Missing) {
        observation.unit = None;
    }
    Ok(())
}

/// A JSON-LD typed value without its type.
fn typed(value: &Json) -> &Json {
    value.get("@value").unwrap_or(value)
}
