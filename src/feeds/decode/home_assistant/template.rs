//! The templates of Home Assistant that name one value of a payload, and filters of no consequence.

use serde_json::Value as Json;

use crate::payload::excerpt;

/// Where the value stands in a state's payload.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Template {
    Whole,
    Json(Vec<Key>),
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Key {
    Name(String),
    Index(usize),
}

impl Template {
    /// The simple forms of a template; else why it is not read.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
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
            return Ok(Self::Whole);
        }
        let keys = path.strip_prefix("value_json").and_then(keys).filter(|keys| !keys.is_empty());
        keys.map(Self::Json).ok_or_else(unread)
    }
}

/// What a document has there.
pub(super) fn select<'j>(keys: &[Key], document: &'j Json) -> Option<&'j Json> {
    keys.iter().try_fold(document, |at, key| match key {
        Key::Name(name) => at.get(name.as_str()),
        Key::Index(index) => at.get(*index),
    })
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
