//! `.osm.pbf` files: blobs are read one after the other, unpacked and decoded in parallel, and merged in
//! the order of the file, so that the same file gives the same map for any number of threads.

mod block;
mod frame;
mod wire;

use std::{io::Read, path::Path};

use citytwin_model::GeoBounds;
use rayon::prelude::*;

use self::{
    block::Block,
    frame::{Frame, FrameError, FrameKind, Frames},
    wire::{Broken, Field, Wire, signed},
};
use super::{DAMAGED, Watch};
use crate::{
    ImportError,
    raw::{RawMap, RawMapBuilder},
};

/// Blobs decoded at once: bounds memory (a blob unpacks to 32 MiB at most, usually to some 200 KiB).
const BATCH: usize = 32;

/// Features a file may require of its reader.
const KNOWN_FEATURES: [&[u8]; 3] = [b"OsmSchema-V0.6", b"DenseNodes", b"HistoricalInformation"];

const REWRITE: &str = "rewrite it with `osmium cat -o new.osm.pbf`";

/// Reads the whole file.
pub(super) fn read(file: &Path, reader: impl Read, watch: &Watch) -> Result<RawMap, ImportError> {
    let mut builder = RawMapBuilder::new();
    let mut frames = Frames::new(reader);
    loop {
        let batch = read_batch(file, &mut frames)?;
        let Some(last) = batch.last() else { break };
        watch.at_byte(last.offset)?;
        let blocks: Vec<_> = batch.par_iter().map(unpack).collect();
        for (frame, decoded) in batch.iter().zip(blocks) {
            let decoded = decoded.and_then(|content| merge(content, &mut builder));
            decoded.map_err(|what| broken(file, frame.offset, what))?;
        }
    }
    Ok(builder.build())
}

enum Content {
    Header(Vec<u8>),
    Data(Block),
    Nothing,
}

fn read_batch<R: Read>(file: &Path, frames: &mut Frames<R>) -> Result<Vec<Frame>, ImportError> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        match frames.next_frame() {
            Ok(Some(frame)) => batch.push(frame),
            Ok(None) => break,
            Err(FrameError::Io(error)) => return Err(ImportError::io(file, &error)),
            Err(FrameError::Broken(offset, what)) => return Err(broken(file, offset, what)),
        }
    }
    Ok(batch)
}

fn broken(file: &Path, offset: u64, what: Broken) -> ImportError {
    let remedy = if what.ends_with("not read") { REWRITE } else { DAMAGED };
    ImportError::unreadable(file, format!("byte {offset}"), what, remedy)
}

fn unpack(frame: &Frame) -> Result<Content, Broken> {
    match frame.kind {
        FrameKind::Header => frame.unpack().map(Content::Header),
        FrameKind::Data => Ok(Content::Data(block::decode(&frame.unpack()?)?)),
        FrameKind::Other => Ok(Content::Nothing),
    }
}

fn merge(content: Content, builder: &mut RawMapBuilder) -> Result<(), Broken> {
    match content {
        Content::Header(message) => read_header(&message, builder),
        Content::Data(block) => merge_block(&block, builder),
        Content::Nothing => Ok(()),
    }
}

fn read_header(message: &[u8], builder: &mut RawMapBuilder) -> Result<(), Broken> {
    let mut wire = Wire(message);
    while let Some(field) = wire.field()? {
        match field {
            Field::Bytes(1, bounds) => {
                builder.bounds(read_bounds(bounds)?);
            }
            Field::Bytes(4, feature) if !KNOWN_FEATURES.contains(&feature) => {
                return Err("the file requires a feature of its reader that is not read");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Nanodegrees left, right, top, bottom.
fn read_bounds(message: &[u8]) -> Result<GeoBounds, Broken> {
    let (mut wire, mut sides) = (Wire(message), [0.0; 4]);
    while let Some(field) = wire.field()? {
        if let Field::Varint(number @ 1..=4, value) = field {
            sides[number as usize - 1] = signed(value) as f64 * 1e-9;
        }
    }
    let [west, east, north, south] = sides;
    Ok(GeoBounds { west, south, east, north })
}

fn merge_block(block: &Block, builder: &mut RawMapBuilder) -> Result<(), Broken> {
    // The map counts in 32 bits; a city holds a thousandth of that.
    let grown = builder.size() + block.tags.len() + block.refs.len() + block.members.len() + block.nodes.len();
    if grown > u32::MAX as usize {
        return Err("more elements than a city can hold");
    }
    let mut numbers = vec![u32::MAX; block.strings.len()];
    let mut number = |builder: &mut RawMapBuilder, local: u32| {
        let slot = &mut numbers[local as usize];
        if *slot == u32::MAX {
            *slot = builder.intern(&block.strings[local as usize]);
        }
        *slot
    };
    let mut tags = |builder: &mut RawMapBuilder, range: &std::ops::Range<u32>| {
        let pairs = &block.tags[range.start as usize..range.end as usize];
        builder.push_tags(pairs.len(), |builder, index| pairs[index].map(|local| number(builder, local)))
    };
    for node in &block.nodes {
        let span = tags(builder, &node.tags);
        builder.push_node(node.id, node.place, span, node.version);
    }
    for way in &block.ways {
        let span = tags(builder, &way.tags);
        let refs = &block.refs[way.parts.start as usize..way.parts.end as usize];
        builder.push_way(way.id, refs.iter().copied(), span, way.version);
    }
    for relation in &block.relations {
        let span = tags(builder, &relation.tags);
        let members = &block.members[relation.parts.start as usize..relation.parts.end as usize];
        let members: Vec<_> =
            members.iter().map(|&(kind, id, role)| (kind, id, builder.intern(&block.strings[role as usize]))).collect();
        builder.push_relation(relation.id, members, span, relation.version);
    }
    Ok(())
}

/// Whether a file starts like OSM PBF: a length, then a blob header of type `OSMHeader`.
pub(super) fn starts_like(first: &[u8]) -> bool {
    matches!(first, [0, _, _, _, 0x0a, 9, rest @ ..] if rest.starts_with(b"OSMHeader"))
}
