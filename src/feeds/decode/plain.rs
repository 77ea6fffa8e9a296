//! JSON of any shape, read by JSONPath (RFC 9535). Paths that only name keys and indices are picked in one pass over
//! the text; any other path makes the document be built and queried.
//!
//! With `each`, every node that it selects is one item. Paths that begin with `@` are then of the item, those that
//! begin with `$` of the whole document (the sense that both have within filters, RFC 9535, 2.3.5).

use std::borrow::Cow;

use citytwin_model::{LonLat, Quality};
use serde::de::DeserializeSeed;
use serde_json::{Deserializer, Value as Json};
use serde_json_path::JsonPath;

use super::{
    Decoded, MAX_OBSERVATIONS, Observation, Value,
    error::DecodeError,
    json,
    json_walk::{EachItem, PathTree, Scalar, Step, Walk},
    stamp::{Stamp, TimeFormat},
};
use crate::payload::excerpt;

const DEVICE: usize = 0;
const TIME: usize = 1;
const QUALITY: usize = 2;
const UNIT: usize = 3;
const LON: usize = 4;
const LAT: usize = 5;
/// Values follow from this slot on.
const VALUES: usize = 6;
/// What the slots before the values are called in a mapping.
const FIELD_NAMES: [&str; VALUES] = ["device", "time", "quality", "unit", "lon", "lat"];

/// Where a mapping says that things stand.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct JsonFields {
    /// Selects the items; absent: the document is the one item.
    pub each: Option<String>,
    pub device: Option<String>,
    pub time: Option<String>,
    pub time_format: TimeFormat,
    pub quality: Option<String>,
    /// Words of the sender, each with what it means. Without any: `good`, `uncertain`, `bad`.
    pub quality_words: Vec<(String, Quality)>,
    pub unit: Option<String>,
    pub lon: Option<String>,
    pub lat: Option<String>,
    /// Name of the property and its path.
    pub values: Vec<(String, String)>,
}

/// A path that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{field}` is `{path}`: {why}")]
pub struct PathError {
    pub field: String,
    pub path: String,
    pub why: String,
}

/// Compiled paths.
#[derive(Debug)]
pub struct PlainJson {
    plan: Plan,
    properties: Vec<Box<str>>,
    time_format: TimeFormat,
    quality_words: Vec<(String, Quality)>,
}

#[derive(Debug)]
enum Plan {
    /// Keys and indices only: `each` as the steps to the array, slots of the item, slots of the document.
    Walk {
        each: Option<Vec<Step>>,
        item: PathTree,
        document: Option<PathTree>,
    },
    Query {
        each: Option<JsonPath>,
        slots: Vec<Option<Query>>,
    },
}

#[derive(Debug)]
struct Query {
    path: JsonPath,
    of_document: bool,
}

impl PlainJson {
    /// Compiles the paths.
    pub fn new(fields: &JsonFields) -> Result<Self, PathError> {
        let own = [&fields.device, &fields.time, &fields.quality, &fields.unit, &fields.lon, &fields.lat];
        let mut paths: Vec<Option<(&str, &str)>> =
            own.iter().zip(FIELD_NAMES).map(|(path, name)| path.as_deref().map(|path| (name, path))).collect();
        paths.extend(fields.values.iter().map(|(name, path)| Some((name.as_str(), path.as_str()))));
        let has_items = fields.each.is_some();
        for (name, path) in paths.iter().flatten() {
            if path.starts_with('@') && !has_items {
                return Err(fault(name, path, "`@` is the item of `each`, which is not given; begin with `$`"));
            }
        }
        let plan = match walk_plan(fields.each.as_deref(), &paths) {
            Some(plan) => plan,
            None => query_plan(fields.each.as_deref(), &paths)?,
        };
        Ok(Self {
            plan,
            properties: fields.values.iter().map(|(name, _)| name.as_str().into()).collect(),
            time_format: fields.time_format.clone(),
            quality_words: fields.quality_words.clone(),
        })
    }

    /// The observations of a document. Of an item whose value is absent nothing is said; `null` is
    /// [`Value::Missing`].
    pub fn decode<'a>(&'a self, payload: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        let mut decoded = Decoded::default();
        match &self.plan {
            Plan::Walk { each, item, document } => {
                let text = std::str::from_utf8(payload).map_err(|_| DecodeError::NotUtf8)?;
                self.walk(text, (each.as_deref(), item, document.as_ref()), &mut decoded)?;
            }
            Plan::Query { each, slots } => self.query(&json::parse(payload)?, each.as_ref(), slots, &mut decoded)?,
        }
        Ok(decoded)
    }

    fn slots(&self) -> usize {
        VALUES + self.properties.len()
    }

    fn walk<'a>(
        &'a self,
        text: &'a str,
        (each, item, document): (Option<&[Step]>, &PathTree, Option<&PathTree>),
        decoded: &mut Decoded<'a>,
    ) -> Result<(), DecodeError> {
        let malformed = |error: serde_json::Error| DecodeError::malformed("JSON", error);
        let mut shared = vec![Scalar::Absent; self.slots()];
        if let Some(tree) = document {
            let mut parser = Deserializer::from_str(text);
            Walk { tree, slots: &mut shared }.deserialize(&mut parser).map_err(malformed)?;
            parser.end().map_err(malformed)?;
        }
        let Some(prefix) = each else {
            return self.observe("document", &shared, decoded);
        };
        let mut index = 0_usize;
        let mut each = |slots: &mut [Scalar<'a>]| {
            if document.is_some() {
                for (slot, common) in slots.iter_mut().zip(&shared) {
                    if *common != Scalar::Absent {
                        *slot = common.clone();
                    }
                }
            }
            index += 1;
            self.observe(format_args!("item {}", index - 1), slots, decoded).map_err(|_| TOO_MANY)
        };
        let mut parser = Deserializer::from_str(text);
        let seed = EachItem { prefix, tree: item, slots: self.slots(), each: &mut each };
        let found = seed.deserialize(&mut parser).map_err(|error| {
            if error.to_string().starts_with(TOO_MANY) { DecodeError::TooMany } else { malformed(error) }
        })?;
        parser.end().map_err(malformed)?;
        if found { Ok(()) } else { Err(DecodeError::missing("each")) }
    }

    fn query<'a>(
        &'a self,
        document: &Json,
        each: Option<&JsonPath>,
        queries: &[Option<Query>],
        decoded: &mut Decoded<'a>,
    ) -> Result<(), DecodeError> {
        let items = match each {
            Some(path) => path.query(document).all(),
            None => vec![document],
        };
        if items.len() > MAX_OBSERVATIONS {
            return Err(DecodeError::TooMany);
        }
        let mut common: Vec<Option<Result<Scalar<'a>, DecodeError>>> = Vec::new();
        for query in queries {
            let shared = query.as_ref().filter(|query| query.of_document);
            common.push(shared.map(|query| single(&query.path, document)));
        }
        let mut slots = vec![Scalar::Absent; self.slots()];
        for (index, item) in items.into_iter().enumerate() {
            let mut found = Ok(());
            for ((slot, query), shared) in slots.iter_mut().zip(queries).zip(&common) {
                let scalar = match (shared, query) {
                    (Some(shared), _) => shared.clone(),
                    (None, Some(query)) => single(&query.path, item),
                    (None, None) => Ok(Scalar::Absent),
                };
                match scalar {
                    Ok(scalar) => *slot = scalar,
                    Err(error) => found = Err(error),
                }
            }
            match found {
                Ok(()) => self.observe(format_args!("item {index}"), &slots, decoded)?,
                Err(error) => decoded.fault(|| format!("item {index}"), error),
            }
        }
        Ok(())
    }

    /// One item's observations.
    fn observe<'a>(
        &'a self,
        at: impl std::fmt::Display,
        slots: &[Scalar<'a>],
        decoded: &mut Decoded<'a>,
    ) -> Result<(), DecodeError> {
        let common = match self.common(slots) {
            Ok(common) => common,
            Err(error) => {
                decoded.fault(|| at.to_string(), error);
                return Ok(());
            }
        };
        for (property, scalar) in self.properties.iter().zip(&slots[VALUES..]) {
            let value = match scalar {
                Scalar::Absent => continue,
                Scalar::Null => Value::Missing,
                Scalar::Bool(flag) => Value::Bool(*flag),
                Scalar::Number(number) => Value::Number(*number),
                Scalar::Text(text) => Value::Text(text.clone()),
                Scalar::Compound => {
                    let error = wrong(property, scalar, "one value");
                    decoded.fault(|| at.to_string(), error);
                    continue;
                }
            };
            decoded.push(Observation {
                observed_at: common.observed_at,
                quality: common.quality,
                unit: common.unit.clone(),
                place: common.place,
                ..Observation::new(common.device.clone(), &**property, value)
            })?;
        }
        Ok(())
    }

    fn common<'a>(&self, slots: &[Scalar<'a>]) -> Result<Common<'a>, DecodeError> {
        Ok(Common {
            device: id(&slots[DEVICE])?.unwrap_or(Cow::Borrowed("")),
            observed_at: self.time_format.read(&slots[TIME])?,
            quality: self.quality(&slots[QUALITY])?,
            unit: id(&slots[UNIT])?,
            place: place(&slots[LON], &slots[LAT])?,
        })
    }

    fn quality(&self, scalar: &Scalar<'_>) -> Result<Quality, DecodeError> {
        let Some(word) = id(scalar)? else { return Ok(Quality::Good) };
        if let Some((_, quality)) = self.quality_words.iter().find(|(known, _)| *known == *word) {
            return Ok(*quality);
        }
        match &*word {
            "good" => Ok(Quality::Good),
            "uncertain" => Ok(Quality::Uncertain),
            "bad" => Ok(Quality::Bad),
            _ => Err(DecodeError::Protocol(format!(
                "quality `{}` is none of the words that the mapping knows",
                excerpt(&word)
            ))),
        }
    }
}

/// How a walk says that its limit is reached; the parser carries a text alone.
const TOO_MANY: &str = "too many observations";

/// What all values of an item share.
struct Common<'a> {
    device: Cow<'a, str>,
    observed_at: Option<Stamp>,
    quality: Quality,
    unit: Option<Cow<'a, str>>,
    place: Option<LonLat>,
}

fn wrong(field: &str, scalar: &Scalar<'_>, wanted: &'static str) -> DecodeError {
    DecodeError::WrongType { field: excerpt(field), found: scalar.name(), wanted }
}

/// A text, or a number or truth value as text.
fn id<'a>(scalar: &Scalar<'a>) -> Result<Option<Cow<'a, str>>, DecodeError> {
    match scalar {
        Scalar::Absent | Scalar::Null => Ok(None),
        Scalar::Text(text) => Ok(Some(text.clone())),
        Scalar::Number(number) => Ok(Some(Cow::Owned(number.to_string()))),
        Scalar::Bool(flag) => Ok(Some(Cow::Owned(flag.to_string()))),
        Scalar::Compound => Err(wrong("device, quality or unit", scalar, "a text or a number")),
    }
}

fn place(lon: &Scalar<'_>, lat: &Scalar<'_>) -> Result<Option<LonLat>, DecodeError> {
    match (degrees(lon)?, degrees(lat)?) {
        (Some(lon), Some(lat)) => json::place(lon, lat).map(Some),
        _ => Ok(None),
    }
}

fn degrees(scalar: &Scalar<'_>) -> Result<Option<f64>, DecodeError> {
    match scalar {
        Scalar::Absent | Scalar::Null => Ok(None),
        Scalar::Number(number) => Ok(Some(*number)),
        Scalar::Text(text) => text.trim().parse().map(Some).map_err(|_| wrong("lon, lat", scalar, "a number")),
        other => Err(wrong("lon, lat", other, "a number")),
    }
}

/// The one node that a path selects.
fn single(path: &JsonPath, document: &Json) -> Result<Scalar<'static>, DecodeError> {
    let nodes = path.query(document).all();
    match nodes[..] {
        [] => Ok(Scalar::Absent),
        [node] => Ok(match node {
            Json::Null => Scalar::Null,
            Json::Bool(flag) => Scalar::Bool(*flag),
            Json::Number(number) => Scalar::Number(number.as_f64().ok_or(DecodeError::NotFinite)?),
            Json::String(text) => Scalar::Text(Cow::Owned(text.clone())),
            Json::Array(_) | Json::Object(_) => Scalar::Compound,
        }),
        _ => Err(DecodeError::Protocol(format!("a path selects {} values; it must select one", nodes.len()))),
    }
}

fn fault(field: &str, path: &str, why: impl ToString) -> PathError {
    PathError { field: field.to_owned(), path: excerpt(path), why: why.to_string() }
}

/// A plan without queries; `None` when a path needs one.
fn walk_plan(each: Option<&str>, paths: &[Option<(&str, &str)>]) -> Option<Plan> {
    let each = match each {
        Some(path) => Some(simple_steps(path.strip_suffix("[*]").or_else(|| path.strip_suffix(".*"))?)?),
        None => None,
    };
    let (mut item, mut document) = (PathTree::default(), None);
    for (slot, path) in paths.iter().enumerate() {
        let Some((_, path)) = path else { continue };
        let steps = simple_steps(path)?;
        if path.starts_with('@') {
            item.insert(&steps, slot);
        } else {
            document.get_or_insert_with(PathTree::default).insert(&steps, slot);
        }
    }
    Some(Plan::Walk { each, item, document })
}

fn query_plan(each: Option<&str>, paths: &[Option<(&str, &str)>]) -> Result<Plan, PathError> {
    let compile = |field: &str, path: &str| {
        let from_root = match path.strip_prefix('@') {
            Some(rest) => format!("${rest}"),
            None => path.to_owned(),
        };
        JsonPath::parse(&from_root).map_err(|error| fault(field, path, format!("no JSONPath: {error}")))
    };
    let each = each.map(|path| compile("each", path)).transpose()?;
    let mut slots = Vec::with_capacity(paths.len());
    for path in paths {
        slots.push(match path {
            Some((field, path)) => Some(Query { path: compile(field, path)?, of_document: path.starts_with('$') }),
            None => None,
        });
    }
    Ok(Plan::Query { each, slots })
}

/// The steps of a path of keys and indices; `None` for any other.
fn simple_steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix(['$', '@'])?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            let mut letters = name.chars();
            let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii());
            if !begins || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()) {
                return None;
            }
            steps.push(Step::Key(name.into()));
            rest = tail;
        } else {
            let inner = rest.strip_prefix('[')?;
            let (step, tail) = match inner.chars().next()? {
                quote @ ('\'' | '"') => {
                    let (name, tail) = inner[1..].split_once(quote)?;
                    if name.contains('\\') || name.chars().any(char::is_control) {
                        return None;
                    }
                    (Step::Key(name.into()), tail)
                }
                _ => {
                    let end = inner.find(']')?;
                    let digits = &inner[..end];
                    let plain =
                        digits == "0" || (!digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()));
                    if !plain {
                        return None;
                    }
                    (Step::Index(digits.parse().ok()?), &inner[end..])
                }
            };
            steps.push(step);
            rest = tail.strip_prefix(']')?;
        }
    }
    Some(steps)
}
