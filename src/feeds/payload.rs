//! One packet to readings: bytes in, readings or a reason out. Pure; the format is in the crate's docs.

use std::borrow::Cow;

use citytwin_model::{MadeBy, Quality, Quantity, Reading, SensorId, Timestamp};
use serde::Deserialize;

use crate::{registry::SensorRegistry, unit::to_own_unit};

/// The largest payload that is looked at, byte. A reading takes about 100.
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;
/// The most readings in one packet.
const MAX_READINGS: usize = 1024;
/// How far a device's clock may run ahead before it counts as wrong, second.
const MAX_AHEAD_S: i64 = 60;
/// 2000-01-01T00:00:00Z, second since 1970: earlier stamps come from clocks that were never set.
const EARLIEST_S: i64 = 946_684_800;
/// Unix times below this are seconds (to the year 5138), above it milliseconds (from 1973).
const SECONDS_BELOW: f64 = 1e11;
/// The longest piece of foreign text that a reason repeats, character.
const EXCERPT_CHARS: usize = 80;

/// Why a packet gave no reading.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DecodeError {
    #[error("topic `{0}` belongs to no sensor of this city")]
    UnknownSensor(String),
    #[error("payload of {0} bytes; at most {MAX_PAYLOAD_BYTES} are read")]
    TooLarge(usize),
    #[error("payload is not UTF-8 text")]
    NotUtf8,
    #[error("payload is neither a number nor the documented JSON: {0}")]
    Malformed(String),
    #[error("packet of more than {MAX_READINGS} readings")]
    TooMany,
    #[error("value is not finite")]
    NotFinite,
    #[error("value {value:?} {} is outside what {quantity} can be", quantity.unit())]
    Impossible { quantity: Quantity, value: f64 },
    #[error("unit `{unit}` does not measure {quantity} (in {})", quantity.unit())]
    WrongUnit { quantity: Quantity, unit: String },
    #[error("observed_at `{0}` is no time; give RFC 3339 or Unix seconds or milliseconds")]
    BadTime(String),
    #[error("quality `{0}` is none of good, uncertain, bad")]
    BadQuality(String),
}

impl DecodeError {
    /// The heading under which it is counted.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::UnknownSensor(_) => "unknown sensor",
            Self::TooLarge(_) => "too large",
            Self::NotUtf8 => "not UTF-8",
            Self::Malformed(_) => "malformed",
            Self::TooMany => "too many readings",
            Self::NotFinite => "not finite",
            Self::Impossible { .. } => "impossible value",
            Self::WrongUnit { .. } => "wrong unit",
            Self::BadTime(_) => "bad time",
            Self::BadQuality(_) => "bad quality word",
        }
    }
}

/// The readings of one packet, in its order. One bad entry of an array refuses the packet.
pub fn decode(
    topic: &str,
    payload: &[u8],
    registry: &SensorRegistry,
    received_at: Timestamp,
) -> Result<Vec<Reading>, DecodeError> {
    let (sensor, quantity) = registry.find(topic).ok_or_else(|| DecodeError::UnknownSensor(excerpt(topic)))?;
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(DecodeError::TooLarge(payload.len()));
    }
    let text = std::str::from_utf8(payload).map_err(|_| DecodeError::NotUtf8)?.trim();
    let target = Target { sensor, quantity, received_at };
    match text.as_bytes().first() {
        Some(b'{') => Ok(vec![target.reading(&parse::<Packet>(text)?)?]),
        Some(b'[') => {
            let packets = parse::<Vec<Packet>>(text)?;
            if packets.len() > MAX_READINGS {
                return Err(DecodeError::TooMany);
            }
            packets.iter().map(|packet| target.reading(packet)).collect()
        }
        _ => {
            let value = text.parse::<f64>().map_err(|_| DecodeError::Malformed(excerpt(text)))?;
            Ok(vec![target.reading(&Packet { value, ..Packet::default() })?])
        }
    }
}

/// One JSON object of the format.
#[derive(Deserialize, Default)]
struct Packet<'a> {
    value: f64,
    #[serde(borrow, default)]
    unit: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    observed_at: Option<Stamp<'a>>,
    #[serde(borrow, default)]
    quality: Option<Cow<'a, str>>,
    #[serde(default)]
    emulated: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Stamp<'a> {
    Number(f64),
    #[serde(borrow)]
    Text(Cow<'a, str>),
}

/// What a packet's topic already says.
struct Target {
    sensor: SensorId,
    quantity: Quantity,
    received_at: Timestamp,
}

impl Target {
    fn reading(&self, packet: &Packet) -> Result<Reading, DecodeError> {
        let declared = declared_quality(packet.quality.as_deref())?;
        let stamp = packet.observed_at.as_ref().map(time_of).transpose()?;
        let trusted = stamp.filter(|at| self.plausible(*at));
        let clock_is_wrong = stamp.is_some() && trusted.is_none();
        Ok(Reading {
            sensor: self.sensor,
            quantity: self.quantity,
            value: self.value(packet)?,
            observed_at: trusted.unwrap_or(self.received_at),
            received_at: self.received_at,
            quality: if clock_is_wrong && declared == Quality::Good { Quality::Uncertain } else { declared },
            emulated: packet.emulated,
            made_by: MadeBy::default(),
        })
    }

    fn value(&self, packet: &Packet) -> Result<f64, DecodeError> {
        let quantity = self.quantity;
        let value = match packet.unit.as_deref() {
            Some(unit) => to_own_unit(quantity, unit, packet.value)
                .ok_or_else(|| DecodeError::WrongUnit { quantity, unit: excerpt(unit) })?,
            None => packet.value,
        };
        let (low, high) = quantity.possible();
        if !value.is_finite() {
            Err(DecodeError::NotFinite)
        } else if value < low || value > high {
            Err(DecodeError::Impossible { quantity, value })
        } else {
            Ok(value)
        }
    }

    /// Whether a stamp can come from a clock that runs right.
    fn plausible(&self, at: Timestamp) -> bool {
        at.as_second() >= EARLIEST_S && at.duration_since(self.received_at).as_secs() <= MAX_AHEAD_S
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|error| DecodeError::Malformed(excerpt(&error.to_string())))
}

fn declared_quality(word: Option<&str>) -> Result<Quality, DecodeError> {
    match word {
        None | Some("good") => Ok(Quality::Good),
        Some("uncertain") => Ok(Quality::Uncertain),
        Some("bad") => Ok(Quality::Bad),
        Some(other) => Err(DecodeError::BadQuality(excerpt(other))),
    }
}

fn time_of(stamp: &Stamp) -> Result<Timestamp, DecodeError> {
    match stamp {
        Stamp::Text(text) => text.parse().map_err(|_| DecodeError::BadTime(excerpt(text))),
        Stamp::Number(number) => {
            let bad = || DecodeError::BadTime(format!("{number:?}"));
            let milliseconds = if number.abs() < SECONDS_BELOW { number * 1e3 } else { *number };
            if !milliseconds.is_finite() {
                return Err(bad());
            }
            // A float beyond i64 saturates, and the timestamp then refuses it.
            Timestamp::from_millisecond(milliseconds.round() as i64).map_err(|_| bad())
        }
    }
}

/// The beginning of foreign text, on one line and without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut shown: String =
        text.chars().take(EXCERPT_CHARS).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if shown.len() < text.len() && text.chars().nth(EXCERPT_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
