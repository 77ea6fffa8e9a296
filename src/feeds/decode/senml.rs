//! SenML (RFC 8428): packs of records, resolved by their base fields. The JSON form; [`super::senml_cbor`] reads the
//! other into the same records.

use std::{borrow::Cow, fmt};

use citytwin_model::Timestamp;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    Decoded, MAX_NAME_BYTES, MAX_OBSERVATIONS, Message, Observation, Value,
    error::DecodeError,
    stamp::{Stamp, unix_seconds},
};
use crate::payload::excerpt;

/// The version that this program reads (RFC 8428, 4.4).
const VERSION: f64 = 10.0;
/// Times below it are relative to the present (RFC 8428, 4.5.3), second: 2²⁸.
const RELATIVE_BELOW_S: f64 = 268_435_456.0;
/// How a sum (`s`) is told from a value: the property ends in it.
pub(super) const SUM_SUFFIX: &str = "#sum";

/// One record as it stands.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Record<'a> {
    pub base_name: Option<Cow<'a, str>>,
    pub base_time_s: Option<f64>,
    pub base_unit: Option<Cow<'a, str>>,
    pub base_value: Option<f64>,
    pub base_sum: Option<f64>,
    pub base_version: Option<f64>,
    pub name: Option<Cow<'a, str>>,
    pub unit: Option<Cow<'a, str>>,
    pub value: Option<f64>,
    pub text: Option<Cow<'a, str>>,
    pub flag: Option<bool>,
    /// Whether there is a value of bytes; no mapping can use it.
    pub data: bool,
    pub sum: Option<f64>,
    pub time_s: Option<f64>,
    pub update_s: Option<f64>,
    /// A field that must be understood and is not: its label ends with `_` (RFC 8428, 4.4).
    pub must_understand: Option<String>,
}

/// The observations of a JSON pack.
pub(super) fn decode_json<'a>(message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
    let text = std::str::from_utf8(message.payload).map_err(|_| DecodeError::NotUtf8)?;
    let mut resolver = Resolver::new(message.received_at);
    let mut parser = serde_json::Deserializer::from_str(text);
    let read = Pack(&mut resolver).deserialize(&mut parser).and_then(|()| parser.end());
    match (read, resolver.refusal.take()) {
        (_, Some(refusal)) => Err(refusal),
        (Err(error), None) => Err(DecodeError::malformed("SenML pack", error)),
        (Ok(()), None) => Ok(resolver.decoded),
    }
}

/// Base fields in force, and what came of the records so far.
pub(super) struct Resolver<'a> {
    now: Timestamp,
    base_name: Cow<'a, str>,
    base_time_s: f64,
    base_unit: Option<Cow<'a, str>>,
    base_value: f64,
    base_sum: Option<f64>,
    index: usize,
    pub decoded: Decoded<'a>,
    /// Why the pack as a whole is refused.
    pub refusal: Option<DecodeError>,
}

impl<'a> Resolver<'a> {
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            base_name: Cow::Borrowed(""),
            base_time_s: 0.0,
            base_unit: None,
            base_value: 0.0,
            base_sum: None,
            index: 0,
            decoded: Decoded::default(),
            refusal: None,
        }
    }

    /// Takes the next record; `false` when the pack is refused.
    pub fn take(&mut self, mut record: Record<'a>) -> bool {
        let index = self.index;
        self.index += 1;
        if let Err(error) = self.bases(&mut record) {
            self.refusal = Some(error);
            return false;
        }
        if self.decoded.observations.len() + 2 > MAX_OBSERVATIONS {
            self.refusal = Some(DecodeError::TooMany);
            return false;
        }
        if let Err(error) = self.resolve(record) {
            self.decoded.fault(|| format!("record {index}"), error);
        }
        true
    }

    /// Base fields hold from their record on (RFC 8428, 4.1).
    fn bases(&mut self, record: &mut Record<'a>) -> Result<(), DecodeError> {
        if record.base_version.is_some_and(|version| version > VERSION) {
            return Err(DecodeError::Version(format!("{} of SenML", record.base_version.unwrap_or(VERSION))));
        }
        if let Some(label) = record.must_understand.take() {
            return Err(DecodeError::Protocol(format!(
                "field `{label}` must be understood (RFC 8428, 4.4) and is not"
            )));
        }
        if let Some(name) = record.base_name.take() {
            self.base_name = name;
        }
        if let Some(unit) = record.base_unit.take() {
            DecodeError::check_name(&unit)?;
            self.base_unit = Some(symbol(unit));
        }
        self.base_time_s = record.base_time_s.unwrap_or(self.base_time_s);
        self.base_value = record.base_value.unwrap_or(self.base_value);
        self.base_sum = record.base_sum.or(self.base_sum);
        Ok(())
    }

    fn resolve(&mut self, record: Record<'a>) -> Result<(), DecodeError> {
        let stated = record.value.is_some() || record.text.is_some() || record.flag.is_some() || record.data;
        if !stated && record.sum.is_none() {
            return Ok(());
        }
        let name = self.name(record.name)?;
        let observed_at = self.time(record.time_s.unwrap_or(0.0))?;
        let unit = record.unit.map(symbol).or_else(|| self.base_unit.clone());
        DecodeError::check_name(unit.as_deref().unwrap_or_default())?;
        let base = Observation {
            observed_at: Some(observed_at),
            unit,
            // `ut`: a new value comes before this time has passed (RFC 8428, 4.2).
            ttl_s: record.update_s.filter(|s| *s > 0.0),
            ..Observation::new(name, "", Value::Missing)
        };
        // Where one of sum and base sum is missing, it counts as zero (RFC 8428, 4.5.4).
        if record.sum.is_some() || self.base_sum.is_some() {
            let sum = finite(record.sum.unwrap_or(0.0) + self.base_sum.unwrap_or(0.0))?;
            let observation = Observation { property: SUM_SUFFIX.into(), value: Value::Number(sum), ..base.clone() };
            self.decoded.push(observation)?;
        }
        let value = match (record.value, record.text, record.flag) {
            (Some(value), None, None) => Value::Number(finite(value + self.base_value)?),
            (None, Some(text), None) => Value::Text(text),
            (None, None, Some(flag)) => Value::Bool(flag),
            // Bytes are of no use to a twin; the record is well-formed and gives nothing.
            (None, None, None) => return Ok(()),
            _ => return Err(DecodeError::Protocol("a record holds more than one value".into())),
        };
        self.decoded.push(Observation { value, ..base })
    }

    /// Base name and name together, of the letters that RFC 8428, 4.5.1 allows.
    fn name(&self, own: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, DecodeError> {
        let length = self.base_name.len() + own.as_ref().map_or(0, |own| own.len());
        if length > MAX_NAME_BYTES {
            return Err(DecodeError::LongName(excerpt(own.as_deref().unwrap_or(&self.base_name))));
        }
        let name = match own {
            Some(own) if self.base_name.is_empty() => own,
            Some(own) if !own.is_empty() => Cow::Owned(format!("{}{own}", self.base_name)),
            _ => self.base_name.clone(),
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'.' | b'/' | b'_');
        match name.as_bytes() {
            [] => Err(DecodeError::missing("n")),
            [first, ..] if !first.is_ascii_alphanumeric() || !name.bytes().all(allowed) => {
                Err(DecodeError::Protocol(format!("`{}` is no name of RFC 8428, 4.5.1", excerpt(&name))))
            }
            _ => Ok(name),
        }
    }

    /// Base time and time together; near zero they count from the present.
    fn time(&self, own_s: f64) -> Result<Stamp, DecodeError> {
        let seconds = self.base_time_s + own_s;
        if seconds == 0.0 {
            Ok(Stamp::Instant(self.now))
        } else if seconds < RELATIVE_BELOW_S {
            let from_epoch = self.now.as_microsecond() as f64 / 1e6;
            unix_seconds(from_epoch + seconds)
        } else {
            unix_seconds(seconds)
        }
    }
}

/// `%` is the old name of the ratio `/`, no percentage (RFC 8428, 12.1, note 2); elsewhere it is one.
fn symbol(unit: Cow<'_, str>) -> Cow<'_, str> {
    if unit == "%" { Cow::Borrowed("/") } else { unit }
}

fn finite(number: f64) -> Result<f64, DecodeError> {
    if number.is_finite() { Ok(number) } else { Err(DecodeError::NotFinite) }
}

/// The array of a pack, record by record into the resolver.
struct Pack<'r, 'a>(&'r mut Resolver<'a>);

impl<'a> DeserializeSeed<'a> for Pack<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Pack<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(record) = items.next_element::<Record<'a>>()? {
            if !self.0.take(record) {
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

impl<'a> Deserialize<'a> for Record<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'a> Visitor<'a> for RecordVisitor {
    type Value = Record<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<Record<'a>, A::Error> {
        let mut record = Record::default();
        while let Some(Text(label)) = fields.next_key()? {
            match &*label {
                "bn" => record.base_name = Some(fields.next_value::<Text>()?.0),
                "bt" => record.base_time_s = Some(fields.next_value()?),
                "bu" => record.base_unit = Some(fields.next_value::<Text>()?.0),
                "bv" => record.base_value = Some(fields.next_value()?),
                "bs" => record.base_sum = Some(fields.next_value()?),
                "bver" => record.base_version = Some(fields.next_value()?),
                "n" => record.name = Some(fields.next_value::<Text>()?.0),
                "u" => record.unit = Some(fields.next_value::<Text>()?.0),
                "v" => record.value = Some(fields.next_value()?),
                "vs" => record.text = Some(fields.next_value::<Text>()?.0),
                "vb" => record.flag = Some(fields.next_value()?),
                "vd" => {
                    fields.next_value::<Text>()?;
                    record.data = true;
                }
                "s" => record.sum = Some(fields.next_value()?),
                "t" => record.time_s = Some(fields.next_value()?),
                "ut" => record.update_s = Some(fields.next_value()?),
                other => {
                    if other.ends_with('_') {
                        record.must_understand = Some(excerpt(other));
                    }
                    fields.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(record)
    }
}

/// A text that is borrowed from the payload where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'a> Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
