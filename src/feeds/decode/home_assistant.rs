//! Home Assistant MQTT discovery: configurations under `<prefix>/<component>/[<node>/]<object>/config` say which
//! topics carry the states of which entities, in which unit, and how the value is cut out of a payload.
//!
//! Read: components `sensor`, `binary_sensor` and `number`, alone or as the `components` of a device; the
//! abbreviations of the documentation; `~`; templates that name one value (`{{ value }}`, `{{ value_json.a.b }}`,
//! `{{ value_json['a'][0] }}`) with the filters `float`, `int`, `round(n)`, `is_defined` and `default(…)` of no
//! consequence; availability by one or several topics, with such templates too; `expire_after`. Any other template, and
//! attributes, triggers and commands, are told as not supported and their entity is left out. Of several availability
//! topics the latest word counts, whatever `availability_mode` says.

mod template;

use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;

use super::{
    Decoded, Message, Observation, Signal, Value,
    error::DecodeError,
    json::{self, Object},
};
use crate::payload::excerpt;
use template::{Template, select};

/// Entities that one connection may announce.
const MAX_ENTITIES: usize = 100_000;
/// What all entities together may take, byte; real ones take about 200 each.
const MAX_STORED_BYTES: usize = 64 * 1024 * 1024;
/// Components of one device.
const MAX_COMPONENTS: usize = 1_000;
/// Longest configuration, byte; real ones take about 1,000.
const MAX_CONFIG_BYTES: usize = 64 * 1024;
/// Short names of the documentation, with the long ones.
const ABBREVIATIONS: [(&str, &str); 22] = [
    ("avty", "availability"),
    ("avty_t", "availability_topic"),
    ("avty_tpl", "availability_template"),
    ("cmps", "components"),
    ("dev", "device"),
    ("dev_cla", "device_class"),
    ("exp_aft", "expire_after"),
    ("ids", "identifiers"),
    ("migr_discvry", "migrate_discovery"),
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
    by_topic: HashMap<String, BTreeSet<String>>,
    entities: usize,
    stored_bytes: usize,
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
    availability: Vec<Availability>,
}

/// Where an entity says whether it is there.
#[derive(Clone, Debug)]
struct Availability {
    topic: String,
    template: Template,
    /// What says "not available".
    off: String,
}

impl Default for Directory {
    fn default() -> Self {
        Self::new("homeassistant")
    }
}

impl Directory {
    /// Listens below a discovery prefix, `homeassistant` unless a broker has another.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            announced: HashMap::new(),
            by_topic: HashMap::new(),
            entities: 0,
            stored_bytes: 0,
        }
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

    pub(super) fn is_configuration(&self, topic: &str) -> bool {
        self.config_path(topic).is_some()
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
        let mut config = spelled_out(json::as_object(&document, "configuration")?, "");
        // The entities move to another configuration, and this one lets go of them.
        if config.get("migrate_discovery") == Some(&Json::Bool(true)) {
            return Ok(decoded);
        }
        let mut entities = Vec::new();
        let mut consider = |component: &str, id: &str, config: &Object| match entity(component, id, config) {
            Ok(Ok(entity)) => entities.push(entity),
            Ok(Err(why)) => decoded.signals.push(Signal::NotSupported(format!("{}: {why}", excerpt(id)))),
            Err(error) => decoded.fault(|| excerpt(id), error),
        };
        match config.remove("components") {
            Some(Json::Object(components)) if component == "device" => {
                if components.len() > MAX_COMPONENTS {
                    return Err(DecodeError::Protocol(format!("a device of more than {MAX_COMPONENTS} components")));
                }
                let base = json::text(&config, "~")?.unwrap_or_default();
                for (name, own) in &components {
                    let own = own.as_object().map(|own| spelled_out(own, base)).unwrap_or_default();
                    // Nothing but its platform: a component that is taken back.
                    if own.keys().all(|key| key == "platform") {
                        continue;
                    }
                    let mut merged = config.clone();
                    merged.extend(own);
                    let platform = json::text(&merged, "platform")?.unwrap_or_default().to_owned();
                    consider(&platform, &format!("{id}/{name}"), &merged);
                }
            }
            _ => consider(component, id, &config),
        }
        self.announce(message.topic, entities, &mut decoded)?;
        Ok(decoded)
    }

    fn announce(&mut self, topic: &str, entities: Vec<Entity>, decoded: &mut Decoded<'_>) -> Result<(), DecodeError> {
        if self.entities + entities.len() > MAX_ENTITIES {
            return Err(DecodeError::Protocol(format!("more than {MAX_ENTITIES} entities are announced")));
        }
        let bytes: usize = entities.iter().map(Entity::bytes).sum();
        if self.stored_bytes + bytes > MAX_STORED_BYTES {
            return Err(DecodeError::Protocol(format!("the entities take more than {MAX_STORED_BYTES} bytes")));
        }
        self.stored_bytes += bytes;
        for entity in &entities {
            for named in entity.topics() {
                self.by_topic.entry(named.to_owned()).or_default().insert(topic.to_owned());
                let (device, topic) = (entity.id.clone(), named.to_owned());
                decoded.signals.push(Signal::Discovered { device, topic });
            }
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
        for entity in &entities {
            self.stored_bytes -= entity.bytes();
            for named in entity.topics() {
                if let Some(users) = self.by_topic.get_mut(named) {
                    users.remove(config_topic);
                    if users.is_empty() {
                        self.by_topic.remove(named);
                    }
                }
            }
        }
    }

    fn state<'a>(&'a self, message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
        let mut decoded = Decoded::default();
        let users = self.by_topic.get(message.topic).ok_or_else(|| DecodeError::WrongTopic {
            format: "the topics that were announced",
            topic: excerpt(message.topic),
        })?;
        let text = std::str::from_utf8(message.payload).map_err(|_| DecodeError::NotUtf8)?;
        let entities = || users.iter().filter_map(|user| self.announced.get(user)).flatten();
        let heard = || entities().filter(|entity| entity.state_topic == message.topic);
        let asked = || entities().flat_map(|e| &e.availability).filter(|a| a.topic == message.topic);
        let mut document = None;
        let templates = heard().map(|entity| &entity.template).chain(asked().map(|asked| &asked.template));
        if templates.into_iter().any(|template| *template != Template::Whole) {
            document = Some(json::parse(message.payload)?);
        }
        for entity in entities() {
            let gone = |a: &Availability| a.topic == message.topic && a.says_gone(text, document.as_ref());
            if entity.availability.iter().any(gone) {
                decoded.signals.push(Signal::Stale { device: entity.id.clone(), since: None });
            }
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
    /// The topics that it is heard on.
    fn topics(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.state_topic.as_str()).chain(self.availability.iter().map(|a| a.topic.as_str()))
    }

    /// What its texts take, twice the topics since they are indexed.
    fn bytes(&self) -> usize {
        let topics: usize = self.topics().map(str::len).sum();
        let words: usize = self.availability.iter().map(|a| a.off.len()).sum();
        self.id.len() + self.property.len() + 2 * topics + words + self.unit.as_ref().map_or(0, String::len)
    }

    fn value<'a>(&self, text: &'a str, document: Option<&Json>) -> Result<Value<'a>, DecodeError> {
        let value = match (&self.template, document) {
            (Template::Json(keys), Some(document)) => {
                let found = select(keys, document).ok_or_else(|| DecodeError::missing(&self.property))?;
                json::value(found, &self.property)?
            }
            _ => Value::Text(text.trim().into()),
        };
        if let Some((on, off)) = &self.on_off {
            return Ok(match value {
                value if says(&value, on) => Value::Bool(true),
                value if says(&value, off) => Value::Bool(false),
                Value::Bool(flag) => Value::Bool(flag),
                _ => Value::Missing,
            });
        }
        let Value::Text(word) = &value else { return Ok(value) };
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

impl Availability {
    fn says_gone(&self, text: &str, document: Option<&Json>) -> bool {
        match (&self.template, document) {
            (Template::Json(keys), Some(document)) => {
                select(keys, document).and_then(word_of).is_some_and(|word| word == self.off)
            }
            _ => text.trim() == self.off,
        }
    }
}

/// A text, a number or a truth value as a word: states and the words for them are compared so.
fn word_of(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) => Some(json.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Whether a value is the word for a state. Truth values are written in both cases.
fn says(value: &Value<'_>, word: &str) -> bool {
    match value {
        Value::Text(text) => text == word,
        Value::Number(number) => number.to_string() == word,
        Value::Bool(flag) => flag.to_string().eq_ignore_ascii_case(word),
        Value::Missing => false,
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
    let template = match json::text(config, "value_template")?.map(Template::parse).transpose() {
        Ok(template) => template.unwrap_or(Template::Whole),
        Err(why) => return Ok(Err(why)),
    };
    let state_topic = json::text(config, "state_topic")?.ok_or_else(|| DecodeError::missing("state_topic"))?;
    let word = |name: &str, default: &str| word(config, name, default);
    let on_off = match component {
        "binary_sensor" => Some((word("payload_on", "ON")?, word("payload_off", "OFF")?)),
        _ => None,
    };
    let object_id = id.rsplit('/').next().unwrap_or(id);
    DecodeError::check_name(id)?;
    Ok(Ok(Entity {
        id: json::id(config, "unique_id")?.unwrap_or_else(|| id.to_owned()),
        property: json::text(config, "device_class")?.unwrap_or(object_id).to_owned(),
        state_topic: state_topic.to_owned(),
        template,
        unit: json::text(config, "unit_of_measurement")?.map(str::to_owned),
        expire_after_s: json::number(config, "expire_after")?.filter(|s| *s > 0.0),
        on_off,
        availability: match availability(config)? {
            Ok(topics) => topics,
            Err(why) => return Ok(Err(why)),
        },
    }))
}

/// A word for a state; publishers write `true` and `1` too.
fn word(config: &Object, name: &str, default: &str) -> Result<String, DecodeError> {
    match config.get(name) {
        None | Some(Json::Null) => Ok(default.to_owned()),
        Some(stated) => word_of(stated).ok_or_else(|| DecodeError::WrongType {
            field: excerpt(name),
            found: json::type_name(stated),
            wanted: "a text",
        }),
    }
}

/// By one topic, or by a list of them.
fn availability(config: &Object) -> Result<Result<Vec<Availability>, String>, DecodeError> {
    let listed = config.get("availability").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object);
    let single = (config, "availability_topic", "availability_template");
    let mut topics = Vec::new();
    for (of, topic, own_template) in
        std::iter::once(single).chain(listed.map(|entry| (entry, "topic", "value_template")))
    {
        let Some(topic) = json::text(of, topic)? else { continue };
        let template = match json::text(of, own_template)?.map(Template::parse).transpose() {
            Ok(template) => template.unwrap_or(Template::Whole),
            Err(why) => return Ok(Err(why)),
        };
        topics.push(Availability {
            topic: topic.to_owned(),
            template,
            off: word(of, "payload_not_available", "offline")?,
        });
    }
    Ok(Ok(topics))
}
