//! Home Assistant MQTT discovery: configurations under `<prefix>/<component>/[<node>/]<object>/config` say which
//! topics carry the states of which entities, in which unit, and how the value is cut out of a payload.
//!
//! Read: components `sensor`, `binary_sensor` and `number`, alone or as the `components` of a device; the
//! abbreviations of the documentation; `~`; templates that name one value (`{{ value }}`, `{{ value_json.a.b }}`,
//! `{{ value_json['a'][0] }}`) with the filters `float`, `int`, `round(n)`, `is_defined` and `default(…)` of no
//! consequence; availability by one or several topics; `expire_after`. Any other template, and attributes, triggers
//! and commands, are told as not supported and their entity is left out.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::{
    Decoded, Message, Observation, Signal, Value,
    error::DecodeError,
    json::{self, Object},
};
use crate::payload::excerpt;

/// Entities that one connection may announce.
const MAX_ENTITIES: usize = 100_000;
/// Longest configuration, byte; real ones take about 1,000.
const MAX_CONFIG_BYTES: usize = 64 * 1024;
/// Short names of the documentation, with the long ones.
const ABBREVIATIONS: [(&str, &str); 20] = [
    ("avty", "availability"),
    ("avty_t", "availability_topic"),
    ("cmps", "components"),
    ("dev", "device"),
    ("dev_cla", "device_class"),
    ("exp_aft", "expire_after"),
    ("ids", "identifiers"),
    ("obj_id", "object_id"),
    ("p", "platform"),
    ("pl_avail", "payload_available"),
    ("pl_not_avail", "payload_not_available"),
    ("pl_off", "payload_off"),
    ("pl_on", "payload_on"),
    ("stat_t", "state_topic"),
    ("t", "topic"),
    ("uniq_id", "unique_id"),
    ("unit_of_meas", "unit_of_measurement"),
    ("val_tpl", "value_template"),
    ("json_attr_t", "json_attributes_topic"),
    ("def_ent_id", "default_entity_id"),
];

/// What was announced so far.
#[derive(Debug)]
pub struct Directory {
    prefix: String,
    /// Entities by the topic of their configuration.
    announced: HashMap<String, Vec<Entity>>,
    /// Which configurations name a topic, as state or as availability.
    by_topic: HashMap<String, Vec<String>>,
    entities: usize,
}

#[derive(Clone, Debug)]
struct Entity {
    id: String,
    property: String,
    state_topic: String,
    template: Template,
    unit: Option<String>,
    expire_after_s: Option<f64>,
    on_off: Option<(String, String)>,
    /// Topic and the payload that says "not available".
    availability: Vec<(String, String)>,
}

/// Where the value stands in a state's payload.
#[derive(Clone, PartialEq, Debug)]
enum Template {
    Whole,
    Json(Vec<Key>),
}

#[derive(Clone, PartialEq, Debug)]
enum Key {
    Name(String),
    Index(usize),
}

impl Default for Directory {
    fn default() -> Self {
        Self::new("homeassistant")
    }
}

impl Directory {
    /// Listens below a discovery prefix, `homeassistant` unless a broker has another.
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), announced: HashMap::new(), by_topic: HashMap::new(), entities: 0 }
    }

    /// The topics to subscribe to besides the configurations, sorted.
    pub fn topics(&self) -> Vec<&str> {
        let mut topics: Vec<&str> = self.by_topic.keys().map(String::as_str).collect();
        topics.sort_unstable();
        topics
    }

    pub(super) fn concerns(&self, topic: &str) -> bool {
        self.by_topic.contains_key(topic) || self.config_path(topic).is_some()
    }

    /// `component/…/object` of a configuration's topic.
    fn config_path<'t>(&self, topic: &'t str) -> Option<&'t str> {
        let below = topic.strip_prefix(self.prefix.as_str())?.strip_prefix('/')?;
        below.strip_suffix("/config")
    }

    pub(super) fn decode<'a>(&'a mut self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        match self.config_path(message.topic) {
            Some(path) => self.configure(path, message),
            None => self.state(message),
        }
    }

    fn configure<'a>(&mut self, path: &str, message: Message<'_>) -> Result<Decoded<'a>, DecodeError> {
        self.forget(message.topic);
        let mut decoded = Decoded::default();
        // An empty configuration takes its entity back.
        if message.payload.is_empty() {
            return Ok(decoded);
        }
        if message.payload.len() > MAX_CONFIG_BYTES {
            return Err(DecodeError::TooLarge(message.payload.len()));
        }
        let (component, id) = path.split_once('/').ok_or_else(|| DecodeError::WrongTopic {
            format: "Home Assistant discovery",
            topic: excerpt(message.topic),
        })?;
        let document = json::parse(message.payload)?;
        let config = spelled_out(json::as_object(&document, "configuration")?, "");
        let mut entities = Vec::new();
        let mut consider = |component: &str, id: &str, config: &Object| match entity(component, id, config) {
            Ok(Ok(entity)) => entities.push(entity),
            Ok(Err(why)) => decoded.signals.push(Signal::NotSupported(format!("{}: {why}", excerpt(id)))),
            Err(error) => decoded.fault(|| excerpt(id), error),
        };
        match config.get("components").and_then(Json::as_object).filter(|_| component == "device") {
            Some(components) => {
                let base = json::text(&config, "~")?.unwrap_or_default();
                for (name, own) in components {
                    let mut merged = config.clone();
                    merged.extend(own.as_object().map(|own| spelled_out(own, base)).unwrap_or_default());
                    let platform = json::text(&merged, "platform")?.unwrap_or_default().to_owned();
                    consider(&platform, &format!("{id}/{name}"), &merged);
                }
            }
            None => consider(component, id, &config),
        }
        self.announce(message.topic, entities, &mut decoded)?;
        Ok(decoded)
    }

    fn announce(&mut self, topic: &str, entities: Vec<Entity>, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
        if self.entities + entities.len() > MAX_ENTITIES {
            return Err(DecodeError::Protocol(format!("more than {MAX_ENTITIES} entities are announced")));
        }
        for entity in &entities {
            let topics = std::iter::once(&entity.state_topic).chain(entity.availability.iter().map(|(topic, _)| topic));
            for named in topics {
                let users = self.by_topic.entry(named.clone()).or_default();
                if !users.iter().any(|user| user == topic) {
                    users.push(topic.to_owned());
                }
            }
            let (device, topic) = (entity.id.clone(), entity.state_topic.clone());
            decoded.signals.push(Signal::Discovered { device, topic });
        }
        self.entities += entities.len();
        if !entities.is_empty() {
            self.announced.insert(topic.to_owned(), entities);
        }
        Ok(())
    }

    fn forget(&mut self, config_topic: &str) {
        let Some(entities) = self.announced.remove(config_topic) else { return };
        self.entities -= entities.len();
        self.by_topic.retain(|_, users| {
            users.retain(|user| user != config_topic);
            !users.is_empty()
        });
    }

    fn state<'a>(&'a self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        let mut decoded = Decoded::default();
        let users = self.by_topic.get(message.topic).ok_or_else(|| DecodeError::WrongTopic {
            format: "the topics that were announced",
            topic: excerpt(message.topic),
        })?;
        let text = std::str::from_utf8(message.payload).map_err(|_| DecodeError::NotUtf8)?;
        let entities = || users.iter().filter_map(|user| self.announced.get(user)).flatten();
        for entity in entities() {
            if entity.availability.iter().any(|(topic, off)| topic == message.topic && off == text.trim()) {
                decoded.signals.push(Signal::Stale { device: entity.id.clone(), since: None });
            }
        }
        let heard = || entities().filter(|entity| entity.state_topic == message.topic);
        let mut document = None;
        if heard().any(|entity| entity.template != Template::Whole) {
            document = Some(json::parse(message.payload)?);
        }
        for entity in heard() {
            match entity.value(text, document.as_ref()) {
                Ok(value) => decoded.push(Observation {
                    unit: entity.unit.as_deref().map(Into::into),
                    ttl_s: entity.expire_after_s,
                    ..Observation::new(entity.id.as_str(), entity.property.as_str(), value)
                })?,
                Err(error) => decoded.fault(|| excerpt(&entity.id), error),
            }
        }
        Ok(decoded)
    }
}

impl Entity {
    fn value<'a>(&self, text: &'a str, document: Option<&Json>) -> Result<Value<'a>, DecodeError> {
        let value = match (&self.template, document) {
            (Template::Json(keys), Some(document)) => {
                let found = keys.iter().try_fold(document, |at, key| match key {
                    Key::Name(name) => at.get(name.as_str()),
                    Key::Index(index) => at.get(*index),
                });
                json::value(found.ok_or_else(|| DecodeError::missing(&self.property))?, &self.property)?
            }
            _ => Value::Text(text.trim().into()),
        };
        let Value::Text(word) = &value else { return Ok(value) };
        if let Some((on, off)) = &self.on_off {
            return match &**word {
                w if w == on => Ok(Value::Bool(true)),
                w if w == off => Ok(Value::Bool(false)),
                _ => Ok(Value::Missing),
            };
        }
        // The documentation's words for "there is no value".
        if matches!(&**word, "" | "None" | "unknown" | "unavailable") {
            return Ok(Value::Missing);
        }
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Number(number)),
            _ => Ok(value),
        }
    }
}

/// Abbreviations written out, `~` put in: the table's own, or else that of the table around it.
fn spelled_out(config: &Object, outer: &str) -> Object {
    let base = config.get("~").and_then(Json::as_str).unwrap_or(outer);
    let mut full = Object::new();
    for (key, value) in config {
        let name = ABBREVIATIONS.iter().find(|(short, _)| short == key).map_or(key.as_str(), |(_, long)| *long);
        let value = match value {
            Json::String(text) if name.ends_with("topic") => match (text.strip_prefix('~'), text.strip_suffix('~')) {
                (Some(rest), _) => Json::String(format!("{base}{rest}")),
                (None, Some(rest)) => Json::String(format!("{rest}{base}")),
                (None, None) => value.clone(),
            },
            Json::Array(list) if name == "availability" => {
                let spelled = |entry: &Json| entry.as_object().map_or(Json::Null, |o| spelled_out(o, base).into());
                Json::Array(list.iter().map(spelled).collect())
            }
            other => other.clone(),
        };
        full.insert(name.to_owned(), value);
    }
    full
}

/// The entity of a configuration, or why this program does not read it.
fn entity(component: &str, id: &str, config: &Object) -> Result<Result<Entity, String>, DecodeError> {
    if !matches!(component, "sensor" | "binary_sensor" | "number") {
        return Ok(Err(format!("component `{}` has no readings that are read here", excerpt(component))));
    }
    let template = match json::text(config, "value_template")?.map(template).transpose() {
        Ok(template) => template.unwrap_or(Template::Whole),
        Err(why) => return Ok(Err(why)),
    };
    let state_topic = json::text(config, "state_topic")?.ok_or_else(|| DecodeError::missing("state_topic"))?;
    let word = |name: &str, default: &str| Ok(json::text(config, name)?.unwrap_or(default).to_owned());
    let on_off = match component {
        "binary_sensor" => Some((word("payload_on", "ON")?, word("payload_off", "OFF")?)),
        _ => None,
    };
    let object_id = id.rsplit('/').next().unwrap_or(id);
    Ok(Ok(Entity {
        id: json::id(config, "unique_id")?.unwrap_or_else(|| id.to_owned()),
        property: json::text(config, "device_class")?.unwrap_or(object_id).to_owned(),
        state_topic: state_topic.to_owned(),
        template,
        unit: json::text(config, "unit_of_measurement")?.map(str::to_owned),
        expire_after_s: json::number(config, "expire_after")?.filter(|s| *s > 0.0),
        on_off,
        availability: availability(config, &word("payload_not_available", "offline")?)?,
    }))
}

fn availability(config: &Object, default: &str) -> Result<Vec<(String, String)>, DecodeError> {
    let mut topics = Vec::new();
    if let Some(topic) = json::text(config, "availability_topic")? {
        topics.push((topic.to_owned(), default.to_owned()));
    }
    for entry in config.get("availability").and_then(Json::as_array).into_iter().flatten() {
        let Some(entry) = entry.as_object() else { continue };
        if let Some(topic) = json::text(entry, "topic")? {
            let off = json::text(entry, "payload_not_available")?.unwrap_or("offline");
            topics.push((topic.to_owned(), off.to_owned()));
        }
    }
    Ok(topics)
}

/// The simple forms of a template; else why it is not read.
fn template(text: &str) -> Result<Template, String> {
    let unread = || format!("template `{}` is not supported; `{{{{ value_json.name }}}}` is", excerpt(text));
    let inner = text.trim().strip_prefix("{{").and_then(|t| t.strip_suffix("}}")).ok_or_else(unread)?;
    let mut parts = inner.split('|').map(str::trim);
    let path = parts.next().unwrap_or_default();
    for filter in parts {
        let name = filter.split('(').next().unwrap_or_default().trim();
        if !matches!(name, "float" | "int" | "round" | "is_defined" | "default") {
            return Err(unread());
        }
    }
    if path == "value" {
        return Ok(Template::Whole);
    }
    let keys = path.strip_prefix("value_json").and_then(keys).filter(|keys| !keys.is_empty());
    keys.map(Template::Json).ok_or_else(unread)
}

/// `.a.b['c'][0]`.
fn keys(mut rest: &str) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, tail) = after.split_at(end);
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return None;
            }
            keys.push(Key::Name(name.to_owned()));
            rest = tail;
        } else {
            let (inner, tail) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = |q: char| inner.strip_prefix(q).and_then(|i| i.strip_suffix(q));
            keys.push(match quoted('\'').or_else(|| quoted('"')) {
                Some(name) => Key::Name(name.to_owned()),
                None => Key::Index(inner.parse().ok()?),
            });
            rest = tail;
        }
    }
    Some(keys)
}
