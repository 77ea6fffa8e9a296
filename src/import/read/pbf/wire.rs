//! Protocol Buffers wire format over a byte slice (protobuf.dev/programming-guides/encoding): fields in
//! order, no allocation, no panic whatever the bytes.

/// What is wrong with bytes; the caller knows where they stand in the file.
pub type Broken = &'static str;

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    Varint(u32, u64),
    Bytes(u32, &'a [u8]),
    /// A fixed-width value, which OSM's messages do not use.
    Fixed,
}

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub struct Wire<'a>(pub &'a [u8]);

impl<'a> Wire<'a> {
    /// The next field; `None` at the end.
    pub fn field(&mut self) -> Result<Option<Field<'a>>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).map_err(|_| "a field number out of range")?;
        match key & 7 {
            0 => Ok(Some(Field::Varint(number, self.varint()?))),
            1 => self.take(8).map(|_| Some(Field::Fixed)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| "a length out of range")?;
                Ok(Some(Field::Bytes(number, self.take(length)?)))
            }
            5 => self.take(4).map(|_| Some(Field::Fixed)),
            _ => Err("an unknown wire type"),
        }
    }

    /// The next variable-length integer.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0u64;
        for (index, &byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(if self.0.len() < 10 { "a number breaks off" } else { "a number of more than ten bytes" })
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("a field longer than what holds it")?;
        self.0 = rest;
        Ok(taken)
    }
}

/// The next number of a packed field; `None` at its end.
impl Iterator for Wire<'_> {
    type Item = Result<u64, Broken>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let number = self.varint();
        if number.is_err() {
            self.0 = &[];
        }
        Some(number)
    }
}

/// Zigzag-coded signed number (`sint64`).
#[inline]
pub fn signed(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Examples of the encoding guide.
    #[test]
    fn numbers_read() {
        for (bytes, expected) in [(&[0x96u8, 0x01][..], Ok(150)), (&[0], Ok(0)), (&[0x96], Err("a number breaks off"))]
        {
            assert_eq!(Wire(bytes).varint(), expected, "{bytes:?}");
        }
        assert_eq!(Wire(&[0xff; 12]).varint(), Err("a number of more than ten bytes"));
        assert_eq!([0, 1, 2, 3, u64::MAX].map(signed), [0, -1, 1, -2, i64::MIN]);
    }

    #[test]
    fn fields_longer_than_the_message_are_refused() {
        let mut wire = Wire(&[0x12, 0x07, b't', b'e']);
        assert!(wire.field().is_err());
        assert!(matches!(Wire(&[0x12, 0x01, b't']).field(), Ok(Some(Field::Bytes(2, b"t")))));
        assert!(Wire(&[0x0b]).field().is_err());
    }
}
