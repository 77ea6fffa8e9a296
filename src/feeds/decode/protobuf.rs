//! The wire format of protocol buffers (protobuf.dev, "Encoding"), field by field: nothing is copied, no length is
//! trusted for memory, unknown fields cost nothing. Two messages of some ten fields are read with it, each straight
//! into observations; a generated decoder would first build all of a birth's metadata.

use super::error::DecodeError;

/// One field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Field<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Field<'a> {
    /// A text or a message; of another wire type: nothing, as of an unknown field.
    pub fn bytes(self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub fn text(self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes().unwrap_or_default()).map_err(|_| DecodeError::NotUtf8)
    }

    pub fn uint(self) -> Option<u64> {
        if let Self::Varint(number) = self { Some(number) } else { None }
    }

    pub fn float(self) -> Option<f32> {
        if let Self::Fixed32(bits) = self { Some(f32::from_bits(bits)) } else { None }
    }
}

/// The fields of one message, in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Number and content of the next field; `None` at the end. Groups, obsolete since 2008, are refused.
    pub fn next(&mut self) -> Result<Option<(u32, Field<'a>)>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number =
            u32::try_from(key >> 3).ok().filter(|n| *n > 0).ok_or_else(|| malformed("a field has no number"))?;
        let field = match key & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                let bytes = self.take(8)?;
                Field::Fixed64(bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
            }
            2 => {
                let length = self.varint()?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                let bytes = self.take(4)?;
                Field::Fixed32(bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
            }
            _ => return Err(malformed("a wire type that is not read")),
        };
        Ok(Some((number, field)))
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], DecodeError> {
        let taken = usize::try_from(count).ok().and_then(|count| self.rest.split_at_checked(count));
        let (taken, rest) = taken.ok_or_else(|| malformed("it ends early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0_u64;
        for (index, byte) in self.rest.iter().take(10).enumerate() {
            number |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[index + 1..];
                return Ok(number);
            }
        }
        Err(malformed(if self.rest.len() < 10 { "it ends early" } else { "a number has more than ten bytes" }))
    }
}

fn malformed(why: &str) -> DecodeError {
    DecodeError::malformed("protobuf message", why)
}
