//! The file layer of OSM PBF (wiki.openstreetmap.org/wiki/PBF_Format): a sequence of length, blob header
//! and blob; a blob holds a message as it is or deflated.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use super::wire::{Broken, Field, Wire};

/// Longest blob header and longest blob that the format allows, bytes.
const MAX_HEADER: u32 = 64 * 1024;
const MAX_BLOB: usize = 32 * 1024 * 1024;

/// What a blob holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    Header,
    Data,
    /// Something for other programs.
    Other,
}

/// One blob, still packed.
pub struct Frame {
    /// Byte in the file where it starts.
    pub offset: u64,
    pub kind: FrameKind,
    blob: Vec<u8>,
}

/// Why a file's next blob cannot be had.
pub enum FrameError {
    Io(io::Error),
    Broken(u64, Broken),
}

/// Reads blobs one after the other.
pub struct Frames<R> {
    reader: R,
    offset: u64,
}

impl<R: Read> Frames<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, offset: 0 }
    }

    /// The next blob; `None` at the end of the file.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        let start = self.offset;
        let length = self.take(4, "the file breaks off")?;
        if length.is_empty() {
            return Ok(None);
        }
        let length = u32::from_be_bytes(length.try_into().unwrap_or([0xff; 4]));
        if length > MAX_HEADER {
            return Err(FrameError::Broken(start, "a blob header of more than 64 KiB"));
        }
        let header = self.take(length as usize, "the file breaks off in a blob header")?;
        let broken = |what| FrameError::Broken(start, what);
        if header.is_empty() {
            return Err(broken("the file breaks off in a blob header"));
        }
        let (kind, size) = parse_header(&header).map_err(broken)?;
        let blob = self.take(size, "the file breaks off in a blob")?;
        if blob.is_empty() && size > 0 {
            return Err(broken("the file breaks off before a blob"));
        }
        Ok(Some(Frame { offset: start, kind, blob }))
    }

    /// Exactly `length` bytes, or none at the very end.
    fn take(&mut self, length: usize, what: Broken) -> Result<Vec<u8>, FrameError> {
        let mut bytes = Vec::with_capacity(length);
        let read = self.reader.by_ref().take(length as u64).read_to_end(&mut bytes).map_err(FrameError::Io)?;
        if read < length && read > 0 {
            return Err(FrameError::Broken(self.offset + read as u64, what));
        }
        self.offset += read as u64;
        Ok(bytes)
    }
}

fn parse_header(header: &[u8]) -> Result<(FrameKind, usize), Broken> {
    let (mut wire, mut kind, mut size) = (Wire(header), FrameKind::Other, None);
    while let Some(field) = wire.field()? {
        match field {
            Field::Bytes(1, b"OSMHeader") => kind = FrameKind::Header,
            Field::Bytes(1, b"OSMData") => kind = FrameKind::Data,
            Field::Varint(3, value) => size = usize::try_from(value).ok().filter(|size| *size <= MAX_BLOB),
            _ => {}
        }
    }
    Ok((kind, size.ok_or("a blob header without a size up to 32 MiB")?))
}

impl Frame {
    /// The message inside.
    pub fn unpack(&self) -> Result<Vec<u8>, Broken> {
        let (mut wire, mut raw_size, mut content) = (Wire(&self.blob), None, None);
        while let Some(field) = wire.field()? {
            match field {
                Field::Bytes(1, raw) => return Ok(raw.to_vec()),
                Field::Varint(2, size) => raw_size = usize::try_from(size).ok().filter(|size| *size <= MAX_BLOB),
                Field::Bytes(3, deflated) => content = Some(deflated),
                Field::Bytes(4, _) => return Err("a blob is packed with LZMA, which is not read"),
                Field::Bytes(5, _) => return Err("a blob is packed with bzip2, which is not read"),
                Field::Bytes(6, _) => return Err("a blob is packed with LZ4, which is not read"),
                Field::Bytes(7, _) => return Err("a blob is packed with Zstandard, which is not read"),
                _ => {}
            }
        }
        let content = content.ok_or("a blob without content")?;
        inflate(content, raw_size.ok_or("a blob without its size up to 32 MiB")?)
    }
}

/// The content of a zlib stream that says it holds `size` bytes.
fn inflate(deflated: &[u8], size: usize) -> Result<Vec<u8>, Broken> {
    // Deflate's best ratio is 1032 : 1; more is a lie that would only cost memory.
    if size > deflated.len().saturating_mul(1032) {
        return Err("a blob that claims more content than it can hold");
    }
    let mut content = Vec::with_capacity(size);
    let status = Decompress::new(true).decompress_vec(deflated, &mut content, FlushDecompress::Finish);
    match status {
        Ok(Status::StreamEnd) if content.len() == size => Ok(content),
        _ => Err("a blob whose content does not unpack"),
    }
}
