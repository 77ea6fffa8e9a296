//! SenML as CBOR (RFC 8428, section 6): integer labels, otherwise the same records. Reads the part of CBOR (RFC 8949)
//! that occurs in packs; nesting is bounded and a stated length is never trusted for memory.

use std::borrow::Cow;

use super::{
    Decoded, Message,
    error::DecodeError,
    senml::{Record, Resolver},
};
use crate::payload::excerpt;

/// Deepest nesting that is passed over in fields that are not known.
const MAX_DEPTH: u32 = 32;

/// The observations of a CBOR pack.
pub(super) fn decode<'a>(message: Message<'a>) -> Result<Decoded<'a>, DecodeError> {
    let mut reader = Reader { rest: message.payload };
    let mut resolver = Resolver::new(message.received_at);
    let mut left = reader.open(ARRAY)?;
    while reader.next_of(&mut left)? {
        let record = reader.record()?;
        if !resolver.take(record) {
            break;
        }
    }
    if let Some(refusal) = resolver.refusal {
        return Err(refusal);
    }
    if reader.rest.is_empty() { Ok(resolver.decoded) } else { Err(malformed("bytes follow the pack")) }
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;
/// The additional information that says "until the break".
const INDEFINITE: u8 = 31;
const BREAK: u8 = 0xff;

fn malformed(why: &str) -> DecodeError {
    DecodeError::malformed("CBOR SenML pack", why)
}

struct Head {
    major: u8,
    info: u8,
    argument: u64,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let count = usize::try_from(count).map_err(|_| malformed("it ends early"))?;
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| malformed("it ends early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, DecodeError> {
        let first = self.bytes(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..=23 => u64::from(info),
            24..=27 => {
                let width = 1 << (info - 24);
                self.bytes(width)?.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
            }
            INDEFINITE if matches!(major, ARRAY | MAP) => 0,
            _ => return Err(malformed("a length that is not known")),
        };
        Ok(Head { major, info, argument })
    }

    /// Opens an array or a map: how many entries, or `None` until a break.
    fn open(&mut self, major: u8) -> Result<Option<u64>, DecodeError> {
        let head = self.head()?;
        if head.major != major {
            return Err(malformed(if major == ARRAY { "an array is needed" } else { "a map is needed" }));
        }
        Ok((head.info != INDEFINITE).then_some(head.argument))
    }

    /// Whether another entry follows.
    fn next_of(&mut self, left: &mut Option<u64>) -> Result<bool, DecodeError> {
        match left {
            Some(0) => Ok(false),
            Some(count) => {
                *count -= 1;
                Ok(true)
            }
            None if self.rest.first() == Some(&BREAK) => {
                self.rest = &self.rest[1..];
                Ok(false)
            }
            None => Ok(true),
        }
    }

    /// The labels of RFC 8428, table 4.
    fn record(&mut self) -> Result<Record<'a>, DecodeError> {
        let mut record = Record::default();
        let mut left = self.open(MAP)?;
        while self.next_of(&mut left)? {
            let label = self.head()?;
            let key = match label.major {
                UNSIGNED => i64::try_from(label.argument).ok(),
                NEGATIVE => i64::try_from(label.argument).ok().map(|n| -1 - n),
                TEXT => {
                    let text = self.text_of(label.argument)?;
                    if text.ends_with('_') {
                        record.must_understand = Some(excerpt(text));
                    }
                    None
                }
                _ => return Err(malformed("a label is neither a number nor a text")),
            };
            match key {
                Some(-1) => record.base_version = Some(self.number()?),
                Some(-2) => record.base_name = Some(self.text()?),
                Some(-3) => record.base_time_s = Some(self.number()?),
                Some(-4) => record.base_unit = Some(self.text()?),
                Some(-5) => record.base_value = Some(self.number()?),
                Some(-6) => record.base_sum = Some(self.number()?),
                Some(0) => record.name = Some(self.text()?),
                Some(1) => record.unit = Some(self.text()?),
                Some(2) => record.value = Some(self.number()?),
                Some(3) => record.text = Some(self.text()?),
                Some(4) => record.flag = Some(self.flag()?),
                Some(5) => record.sum = Some(self.number()?),
                Some(6) => record.time_s = Some(self.number()?),
                Some(7) => record.update_s = Some(self.number()?),
                Some(8) => {
                    self.skip(0)?;
                    record.data = true;
                }
                _ => self.skip(0)?,
            }
        }
        Ok(record)
    }

    fn text_of(&mut self, length: u64) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(length)?).map_err(|_| DecodeError::NotUtf8)
    }

    fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let head = self.head()?;
        if head.major != TEXT {
            return Err(malformed("a text is needed"));
        }
        self.text_of(head.argument).map(Cow::Borrowed)
    }

    fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.head()? {
            Head { major: SIMPLE, info: 20, .. } => Ok(false),
            Head { major: SIMPLE, info: 21, .. } => Ok(true),
            _ => Err(malformed("true or false is needed")),
        }
    }

    /// An integer, a float of any width, or a decimal fraction (tag 4).
    fn number(&mut self) -> Result<f64, DecodeError> {
        let head = self.head()?;
        let number = match (head.major, head.info) {
            (UNSIGNED, _) => head.argument as f64,
            (NEGATIVE, _) => -1.0 - head.argument as f64,
            (SIMPLE, 25) => half(head.argument as u16),
            (SIMPLE, 26) => f64::from(f32::from_bits(head.argument as u32)),
            (SIMPLE, 27) => f64::from_bits(head.argument),
            (TAG, _) if head.argument == 4 => self.decimal()?,
            _ => return Err(malformed("a number is needed")),
        };
        if number.is_finite() { Ok(number) } else { Err(DecodeError::NotFinite) }
    }

    /// `[exponent, mantissa]` (RFC 8949, 3.4.4).
    fn decimal(&mut self) -> Result<f64, DecodeError> {
        if self.open(ARRAY)? != Some(2) {
            return Err(malformed("a decimal fraction has two parts"));
        }
        let mut part = || match self.head()? {
            Head { major: UNSIGNED, argument, .. } => Ok(argument as f64),
            Head { major: NEGATIVE, argument, .. } => Ok(-1.0 - argument as f64),
            _ => Err(malformed("a decimal fraction has whole parts")),
        };
        let (exponent, mantissa): (f64, f64) = (part()?, part()?);
        // Dividing by a power that is exact rounds once.
        Ok(if exponent < 0.0 { mantissa / 10_f64.powf(-exponent) } else { mantissa * 10_f64.powf(exponent) })
    }

    fn skip(&mut self, depth: u32) -> Result<(), DecodeError> {
        if depth > MAX_DEPTH {
            return Err(malformed("it is nested too deeply"));
        }
        let head = self.head()?;
        match head.major {
            BYTES | TEXT => self.bytes(head.argument).map(|_| ()),
            TAG => self.skip(depth + 1),
            ARRAY | MAP => {
                let mut left = (head.info != INDEFINITE).then_some(head.argument);
                while self.next_of(&mut left)? {
                    self.skip(depth + 1)?;
                    if head.major == MAP {
                        self.skip(depth + 1)?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// IEEE 754 binary16 (RFC 8949, appendix D).
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from((bits >> 10) & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 => return if mantissa == 0.0 { f64::INFINITY } else { f64::NAN },
        _ => (1024.0 + mantissa) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}
