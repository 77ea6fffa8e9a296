//! `.osm` files: OSM XML 0.6 as the API, Overpass, osmium and JOSM write it, streamed.
//!
//! A document type is refused, and entities beyond XML's five are an error, so nothing ever expands.

mod element;
mod guard;

use std::{
    io::{BufReader, Read},
    path::Path,
};

use citytwin_model::{ProblemKind, SourceRef};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use self::{element::Element, guard::Guard};
use super::{BUFFER, DAMAGED, Watch};
use crate::{
    ImportError,
    raw::{RawMap, RawMapBuilder, RawProblem},
};

/// Deepest nesting: `<osm><relation><member><nd>` is 4.
const MAX_DEPTH: usize = 16;

/// Most bytes a gzip file of `packed` bytes may unpack to. OSM XML packs some 10–20 : 1; a bomb 1000 : 1.
pub(super) fn unpacked_limit(packed: u64) -> u64 {
    packed.saturating_mul(100).saturating_add(16 * 1024 * 1024)
}

/// Reads a whole document of up to `limit` bytes.
pub(super) fn read(file: &Path, reader: impl Read, watch: &Watch, limit: u64) -> Result<RawMap, ImportError> {
    let mut xml = Reader::from_reader(BufReader::with_capacity(BUFFER, Guard::new(reader, limit)));
    let mut document =
        Document { builder: RawMapBuilder::new(), element: Element::default(), depth: 0, in_remark: false };
    let (mut buffer, mut line, mut reported) = (Vec::new(), 1usize, 0);
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer);
        let failed = |what: &str| unreadable(file, line, what);
        let event = event.map_err(|error| failed(&error.to_string()))?;
        if matches!(event, Event::Eof) {
            if document.depth > 0 {
                return Err(failed("the file breaks off"));
            }
            break;
        }
        document.take(&event).map_err(|what| failed(&what))?;
        line += event.bytes().filter(|byte| *byte == b'\n').count();
        if xml.buffer_position() - reported > BUFFER as u64 {
            reported = xml.buffer_position();
            watch.at_byte(reported)?;
        }
    }
    Ok(document.builder.build())
}

fn unreadable(file: &Path, line: usize, what: &str) -> ImportError {
    ImportError::unreadable(file, format!("line {line}"), what, DAMAGED)
}

struct Document {
    builder: RawMapBuilder,
    /// The node, way or relation that is open.
    element: Element,
    depth: usize,
    in_remark: bool,
}

impl Document {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        match event {
            Event::Start(tag) => {
                self.start(tag)?;
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(format!("tags nest deeper than {MAX_DEPTH}"));
                }
            }
            Event::Empty(tag) => {
                self.start(tag)?;
                self.end(self.depth)?;
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                self.end(self.depth)?;
            }
            Event::Text(text) if self.in_remark => self.remark(&text.xml10_content()),
            Event::DocType(_) => return Err("a document type is not read".to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// A tag at the current depth begins.
    fn start(&mut self, tag: &BytesStart) -> Result<(), String> {
        let name = tag.name();
        match (self.depth, name.as_ref()) {
            (0, "osm") => Ok(()),
            (0, other) => Err(format!("the root is <{}>, not <osm>", shortened(other))),
            (1, "node" | "way" | "relation") => self.element.open(name.as_ref(), tag),
            (1, "bounds" | "bound") => self.bounds(tag),
            (1, "remark") => {
                self.in_remark = true;
                Ok(())
            }
            (2, "tag" | "nd" | "member") => self.element.part(name.as_ref(), tag, &mut self.builder),
            _ => Ok(()),
        }
    }

    /// A tag at `depth` ends.
    fn end(&mut self, depth: usize) -> Result<(), String> {
        if depth == 1 {
            self.in_remark = false;
            self.element.close(&mut self.builder)?;
        }
        Ok(())
    }

    fn bounds(&mut self, tag: &BytesStart) -> Result<(), String> {
        if let Some(bounds) = element::read_bounds(tag)? {
            self.builder.add_bounds(bounds);
        }
        Ok(())
    }

    /// Overpass answers with a remark when it ran out of time or memory: the map is then incomplete.
    fn remark(&mut self, text: &str) {
        let what = format!("the server remarked: {}; the map may be incomplete", shortened(text.trim()));
        let source = SourceRef::local("file", "remark");
        self.builder.push_problem(RawProblem { source, kind: ProblemKind::Entry, what, place: None });
    }
}

/// The text up to some length that fits a message.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 120 { text.to_owned() } else { text.chars().take(120).chain(['…']).collect() }
}
