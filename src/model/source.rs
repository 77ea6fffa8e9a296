//! Where a feature comes from, in the words of its source: what is saved and shown.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A feature's identity in its source: an OSM element (`way/123`) or an entry of the city folder
/// (`sensor/bridge-north`, `transformer/t-017`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SourceRef {
    /// An OpenStreetMap node.
    Node(i64),
    /// An OpenStreetMap way.
    Way(i64),
    /// An OpenStreetMap relation.
    Relation(i64),
    /// An entry of the city folder: its table (`sensor`, `transformer`, …) and its id there.
    Local(Arc<str>, Arc<str>),
}

/// A text that is not of the form `kind/id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a source reference; write it as way/123, node/123, relation/123 or table/id")]
pub struct SourceRefError(pub String);

impl SourceRef {
    /// An entry of the city folder.
    pub fn local(table: &str, id: &str) -> Self {
        Self::Local(table.into(), id.into())
    }
}

impl fmt::Display for SourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(f, "node/{id}"),
            Self::Way(id) => write!(f, "way/{id}"),
            Self::Relation(id) => write!(f, "relation/{id}"),
            Self::Local(table, id) => write!(f, "{table}/{id}"),
        }
    }
}

impl FromStr for SourceRef {
    type Err = SourceRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || SourceRefError(text.to_owned());
        let (kind, id) = text.split_once('/').ok_or_else(fail)?;
        let number = || id.parse::<i64>().map_err(|_| fail());
        match kind {
            "node" => Ok(Self::Node(number()?)),
            "way" => Ok(Self::Way(number()?)),
            "relation" => Ok(Self::Relation(number()?)),
            _ if !kind.is_empty() && !id.is_empty() => Ok(Self::local(kind, id)),
            _ => Err(fail()),
        }
    }
}

impl Serialize for SourceRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SourceRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_references_read_back() {
        for text in ["way/123", "node/-5", "relation/9007199254740993", "sensor/bridge-north"] {
            assert_eq!(text.parse::<SourceRef>().unwrap().to_string(), text);
        }
        for text in ["", "way", "way/", "way/x", "/5", "sensor/"] {
            assert!(text.parse::<SourceRef>().is_err(), "{text}");
        }
    }
}
