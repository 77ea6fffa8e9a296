//! OGC SensorThings API 1.1 (OGC 18-088): Observations as MQTT publishes them (section 14), as answers of HTTP
//! requests, expanded into their Datastreams, or as data arrays (section 12). Of an interval the end counts. Pages of the
//! collection that was asked for are told; those of Observations expanded into a Datastream are not: they go back through
//! all that it ever observed.

use serde_json::Value as Json;

use super::{
    Decoded, MAX_NAME_BYTES, Message, Observation, Signal,
    error::DecodeError,
    json::{self, Object},
    stamp::{self, Stamp},
};

/// What a Datastream says of its Observations.
#[derive(Clone, Default)]
struct Datastream {
    id: String,
    property: String,
    unit: Option<String>,
}

pub(super) fn decode<'a>(message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
    let document = json::parse(message.payload)?;
    let root = json::as_object(&document, "answer")?;
    let stream =
        Datastream { id: stream_of_path(message.topic).unwrap_or_default().to_owned(), ..Datastream::default() };
    let mut decoded = Decoded::default();
    entity(root, &stream, &mut decoded)?;
    Ok(decoded)
}

/// A collection, a Datastream with its Observations, a data array, or one Observation.
fn entity(object: &Object, stream: &Datastream, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
    if object.contains_key("result") {
        return decoded.take(|| "observation".to_owned(), observation(object, stream));
    }
    if object.contains_key("components") {
        return data_array(object, stream, decoded);
    }
    if object.contains_key("Observations") {
        return datastream(object, decoded);
    }
    if let Some(next) = json::text(object, "@iot.nextLink")? {
        decoded.signals.push(Signal::NextPage(next.to_owned()));
    }
    for (index, item) in json::array(object, "value")?.iter().enumerate() {
        let member = match json::as_object(item, "value") {
            Ok(member) => member,
            Err(error) => {
                decoded.fault(|| format!("value {index}"), error);
                continue;
            }
        };
        if member.contains_key("Observations") {
            datastream(member, decoded)?;
        } else if member.contains_key("components") {
            data_array(member, stream, decoded)?;
        } else {
            decoded.take(|| format!("value {index}"), observation(member, stream))?;
        }
    }
    Ok(())
}

fn datastream(object: &Object, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
    let stream = match described(object) {
        Ok(stream) => stream,
        Err(error) => {
            decoded.fault(|| "Datastream".to_owned(), error);
            return Ok(());
        }
    };
    for (index, item) in json::array(object, "Observations")?.iter().enumerate() {
        let read = json::as_object(item, "Observations").and_then(|member| observation(member, &stream));
        decoded.take(|| format!("Datastream {}, observation {index}", stream.id), read)?;
    }
    Ok(())
}

fn described(object: &Object) -> Result<Datastream, DecodeError> {
    let property = match object.get("ObservedProperty").and_then(Json::as_object) {
        Some(property) => json::text(property, "name")?.unwrap_or_default().to_owned(),
        None => json::text(object, "name")?.unwrap_or_default().to_owned(),
    };
    let unit = match object.get("unitOfMeasurement").and_then(Json::as_object) {
        Some(unit) => json::text(unit, "symbol")?.map(str::to_owned),
        None => None,
    };
    DecodeError::check_name(&property)?;
    DecodeError::check_name(unit.as_deref().unwrap_or_default())?;
    Ok(Datastream { id: json::required_id(object, "@iot.id")?, property, unit })
}

fn observation(object: &Object, of: &Datastream) -> Result<Observation<'static>, DecodeError> {
    let mut stream = of.clone();
    if let Some(expanded) = object.get("Datastream").and_then(Json::as_object) {
        stream = described(expanded)?;
    } else if stream.id.is_empty()
        && let Some(link) = json::text(object, "Datastream@iot.navigationLink")?
        && let Some(id) = stream_of_path(link)
    {
        id.clone_into(&mut stream.id);
    }
    let result = object.get("result").ok_or_else(|| DecodeError::missing("result"))?;
    let observed_at = match json::time(object, "phenomenonTime")? {
        Some(stamp) => Some(stamp),
        None => json::time(object, "resultTime")?,
    };
    Ok(reading(stream, json::value(result, "result")?, observed_at))
}

fn reading(stream: Datastream, value: super::Value<'static>, observed_at: Option<Stamp>) -> Observation<'static> {
    Observation {
        observed_at,
        unit: stream.unit.map(Into::into),
        ..Observation::new(stream.id, stream.property, value)
    }
}

/// `{"Datastream":{"@iot.id":1},"components":["id","phenomenonTime","result"],"dataArray":[[1,"…",20]]}`.
fn data_array(object: &Object, of: &Datastream, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
    let mut stream = of.clone();
    if let Some(expanded) = object.get("Datastream").and_then(Json::as_object) {
        stream.id = json::required_id(expanded, "@iot.id")?;
    } else if let Some(link) = json::text(object, "Datastream@iot.navigationLink")?
        && let Some(id) = stream_of_path(link)
    {
        id.clone_into(&mut stream.id);
    }
    let components = json::array(object, "components")?;
    let column = |name: &str| components.iter().position(|c| c.as_str() == Some(name));
    let result = column("result").ok_or_else(|| DecodeError::missing("result"))?;
    let time = column("phenomenonTime").or_else(|| column("resultTime"));
    for (index, row) in json::array(object, "dataArray")?.iter().enumerate() {
        let read = row_of(row, result, time).map(|(value, at)| reading(stream.clone(), value, at));
        decoded.take(|| format!("dataArray {index}"), read)?;
    }
    Ok(())
}

fn row_of(
    row: &Json,
    result: usize,
    time: Option<usize>,
) -> Result<(super::Value<'static>, Option<Stamp>), DecodeError> {
    let cells = row.as_array().ok_or_else(|| DecodeError::missing("dataArray"))?;
    let value = json::value(cells.get(result).ok_or_else(|| DecodeError::missing("result"))?, "result")?;
    let at = match time.and_then(|at| cells.get(at)).and_then(Json::as_str) {
        Some(text) => Some(stamp::parse(text)?),
        None => None,
    };
    Ok((value, at))
}

/// The id in `…/Datastreams(5)/…` or `…/Datastreams('a')/…`.
fn stream_of_path(path: &str) -> Option<&str> {
    let (_, after) = path.split_once("Datastreams(")?;
    let (id, _) = after.split_once(')')?;
    Some(id.trim_matches('\'')).filter(|id| id.len() <= MAX_NAME_BYTES)
}
