//! A reader that stops at what no honest map holds: a single tag without end, or a packed file that
//! unpacks to a mountain.

use std::io::{self, Read};

/// Longest tag or text, bytes. OSM's longest legal value is 255 characters; Overpass remarks are a few KiB.
const MAX_TOKEN: u64 = 1024 * 1024;

/// Passes bytes on until one of its limits is crossed.
pub struct Guard<R> {
    reader: R,
    left: u64,
    since_bracket: u64,
}

impl<R: Read> Guard<R> {
    /// Passes `limit` bytes at most.
    pub fn new(reader: R, limit: u64) -> Self {
        Self { reader, left: limit, since_bracket: 0 }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let bytes = &buffer[..count];
        match bytes.iter().rposition(|byte| *byte == b'>') {
            Some(last) => self.since_bracket = (count - last - 1) as u64,
            None => self.since_bracket += count as u64,
        }
        self.left =
            self.left.checked_sub(count as u64).ok_or_else(|| refused("unpacks to far more than a map would"))?;
        if self.since_bracket > MAX_TOKEN {
            return Err(refused("holds a tag of more than 1 MiB"));
        }
        Ok(count)
    }
}

fn refused(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
