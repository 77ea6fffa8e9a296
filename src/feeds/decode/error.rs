//! Why a message, or an entry of one, gave nothing.

use std::fmt;

use super::{MAX_MESSAGE_BYTES, MAX_OBSERVATIONS};
use crate::payload::excerpt;

/// Why a message, or an entry of it, gave no observation.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("payload of {0} bytes; at most {MAX_MESSAGE_BYTES} are read")]
    TooLarge(usize),
    #[error("more than {MAX_OBSERVATIONS} values in one message")]
    TooMany,
    #[error("payload is not UTF-8 text")]
    NotUtf8,
    #[error("payload is no {format}: {why}")]
    Malformed { format: &'static str, why: String },
    #[error("`{0}` is missing")]
    Missing(String),
    #[error("`{field}` is {found}; {wanted} is needed")]
    WrongType { field: String, found: &'static str, wanted: &'static str },
    #[error("`{0}` is no time that is known here")]
    BadTime(String),
    #[error("the value is not finite")]
    NotFinite,
    #[error("the place {lat}, {lon} is not on the globe")]
    BadPlace { lon: f64, lat: f64 },
    #[error("topic `{topic}` is none of {format}")]
    WrongTopic { format: &'static str, topic: String },
    #[error("version {0} is not read here")]
    Version(String),
    #[error("{0}")]
    Protocol(String),
}

impl DecodeError {
    /// The heading under which it is counted.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too large",
            Self::TooMany => "too many values",
            Self::NotUtf8 => "not UTF-8",
            Self::Malformed { .. } => "malformed",
            Self::Missing(_) => "field missing",
            Self::WrongType { .. } => "wrong type",
            Self::BadTime(_) => "bad time",
            Self::NotFinite => "not finite",
            Self::BadPlace { .. } => "bad place",
            Self::WrongTopic { .. } => "wrong topic",
            Self::Version(_) => "unknown version",
            Self::Protocol(_) => "protocol",
        }
    }

    pub(super) fn malformed(format: &'static str, why: impl fmt::Display) -> Self {
        Self::Malformed { format, why: excerpt(&why.to_string()) }
    }

    pub(super) fn missing(field: &str) -> Self {
        Self::Missing(excerpt(field))
    }

    pub(super) fn bad_time(text: &str) -> Self {
        Self::BadTime(excerpt(text))
    }
}

/// What is wrong with one entry of a message.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// The entry: an index or an id, on one line.
    pub at: String,
    pub error: DecodeError,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.error)
    }
}
