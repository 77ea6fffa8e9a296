//! Opens a map file of whatever format it is. By its first bytes, then by its name.

mod pbf;
mod xml;

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use crate::{ImportError, Progress, error::require_file, raw::RawMap};

/// What to do about bytes that make no sense.
const DAMAGED: &str = "the file is damaged or incomplete: download it again";

/// Bytes per read of the file.
const BUFFER: usize = 256 * 1024;

/// Reads a `.osm.pbf`, `.osm` or `.osm.gz` file.
pub fn read_map(path: &Path, progress: &dyn Progress) -> Result<RawMap, ImportError> {
    let failed = |error| ImportError::io(path, &error);
    let size = require_file(path)?.len();
    let mut file = File::open(path).map_err(failed)?;
    let mut first = Vec::new();
    file.by_ref().take(64).read_to_end(&mut first).map_err(failed)?;
    if first.is_empty() {
        return Err(ImportError::Empty(path.to_owned()));
    }
    let watch = Watch { progress, size };
    let format = Format::of(&first, path)?;
    let whole = BufReader::with_capacity(BUFFER, first.chain(file));
    match format {
        Format::Pbf => pbf::read(path, whole, &watch),
        Format::Xml => xml::read(path, whole, &watch, u64::MAX),
        Format::Gzip => {
            let unpacked = BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole));
            xml::read(path, unpacked, &watch, xml::unpacked_limit(size))
        }
    }
}

/// Tells how far the reading is, and whether to stop.
struct Watch<'a> {
    progress: &'a dyn Progress,
    /// Of the file, bytes.
    size: u64,
}

/// Share of the whole import that reading takes, by measurement on porto.osm.pbf.
const READING_SHARE: f32 = 0.4;

impl Watch<'_> {
    fn at_byte(&self, byte: u64) -> Result<(), ImportError> {
        let share = byte as f32 / self.size.max(1) as f32;
        self.progress.report("reading the map", READING_SHARE * share.min(1.0));
        if self.progress.cancelled() { Err(ImportError::Cancelled) } else { Ok(()) }
    }
}

enum Format {
    Pbf,
    Xml,
    Gzip,
}

impl Format {
    fn of(first: &[u8], path: &Path) -> Result<Self, ImportError> {
        let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
        let ending = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let wrong = |what| Err(ImportError::unreadable(path, "byte 0", what, DAMAGED));
        match first {
            _ if pbf::starts_like(first) => Ok(Self::Pbf),
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            _ if text.trim_ascii_start().starts_with(b"<") => Ok(Self::Xml),
            _ if ending.ends_with(".pbf") => wrong("does not start like an .osm.pbf file"),
            _ if ending.ends_with(".osm") || ending.ends_with(".xml") => wrong("does not start like an XML file"),
            _ if ending.ends_with(".gz") => wrong("does not start like a gzip file"),
            _ => Err(ImportError::UnknownFormat(path.to_owned())),
        }
    }
}
