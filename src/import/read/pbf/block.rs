//! The entity layer of OSM PBF: one block of nodes, ways and relations, decoded into flat arrays whose
//! strings still carry the block's own numbers.
//!
//! Decoded here rather than by a crate: `osmpbf` 0.3.8 panics on an unknown member type and on deltas that
//! overflow, and neither can be caught before it happens.

use std::ops::Range;

use citytwin_model::LonLat;

use super::wire::{Broken, Field, Wire, signed};
use crate::raw::MemberKind;

/// One decoded block.
#[derive(Default)]
pub struct Block {
    pub strings: Vec<String>,
    pub nodes: Vec<BlockNode>,
    pub ways: Vec<BlockElement>,
    pub relations: Vec<BlockElement>,
    /// Key and value numbers of all elements.
    pub tags: Vec<[u32; 2]>,
    /// Node ids of all ways.
    pub refs: Vec<i64>,
    /// Members of all relations: kind, id, number of the role.
    pub members: Vec<(MemberKind, i64, u32)>,
}

pub struct BlockNode {
    pub id: i64,
    pub place: LonLat,
    pub version: i32,
    pub tags: Range<u32>,
}

/// A way or a relation.
pub struct BlockElement {
    pub id: i64,
    pub version: i32,
    pub tags: Range<u32>,
    /// Its share of `Block::refs` or `Block::members`.
    pub parts: Range<u32>,
}

/// The block's scale of coordinates, nanodegree.
struct Scale {
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
}

impl Scale {
    fn place(&self, lon: i64, lat: i64) -> LonLat {
        let degrees = |offset: i64, steps: i64| (offset as f64 + self.granularity as f64 * steps as f64) * 1e-9;
        LonLat { lon: degrees(self.lon_offset, lon), lat: degrees(self.lat_offset, lat) }
    }
}

/// Decodes a `PrimitiveBlock`.
pub fn decode(message: &[u8]) -> Result<Block, Broken> {
    let mut block = Block::default();
    let mut scale = Scale { granularity: 100, lat_offset: 0, lon_offset: 0 };
    let (mut wire, mut groups) = (Wire(message), Vec::new());
    while let Some(field) = wire.field()? {
        match field {
            Field::Bytes(1, table) => read_strings(table, &mut block.strings)?,
            Field::Bytes(2, group) => groups.push(group),
            Field::Varint(17, value) => scale.granularity = value as i64,
            Field::Varint(19, value) => scale.lat_offset = value as i64,
            Field::Varint(20, value) => scale.lon_offset = value as i64,
            _ => {}
        }
    }
    for group in groups {
        let mut wire = Wire(group);
        while let Some(field) = wire.field()? {
            match field {
                Field::Bytes(1, node) => read_node(node, &scale, &mut block)?,
                Field::Bytes(2, dense) => read_dense(dense, &scale, &mut block)?,
                Field::Bytes(3, way) => read_way(way, &mut block)?,
                Field::Bytes(4, relation) => read_relation(relation, &mut block)?,
                _ => {}
            }
        }
    }
    Ok(block)
}

fn read_strings(table: &[u8], strings: &mut Vec<String>) -> Result<(), Broken> {
    let mut wire = Wire(table);
    while let Some(field) = wire.field()? {
        if let Field::Bytes(1, text) = field {
            strings.push(String::from_utf8_lossy(text).into_owned());
        }
    }
    Ok(())
}

/// What `Info` says of an element.
struct Info {
    version: i32,
    visible: bool,
}

fn read_info(info: &[u8]) -> Result<Info, Broken> {
    let (mut wire, mut known) = (Wire(info), Info { version: -1, visible: true });
    while let Some(field) = wire.field()? {
        match field {
            Field::Varint(1, version) => known.version = version as i32,
            Field::Varint(6, visible) => known.visible = visible != 0,
            _ => {}
        }
    }
    Ok(known)
}

/// The fields that nodes, ways and relations share.
#[derive(Default)]
struct Head<'a> {
    id: u64,
    keys: &'a [u8],
    values: &'a [u8],
    info: &'a [u8],
    /// Packed fields 8, 9 and 10.
    packed: [&'a [u8]; 3],
    /// Plain numbers in fields 8 and 9.
    plain: [u64; 2],
}

impl<'a> Head<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Broken> {
        let (mut wire, mut head) = (Wire(message), Self::default());
        while let Some(field) = wire.field()? {
            match field {
                Field::Varint(1, id) => head.id = id,
                Field::Bytes(2, keys) => head.keys = keys,
                Field::Bytes(3, values) => head.values = values,
                Field::Bytes(4, info) => head.info = info,
                Field::Bytes(number @ 8..=10, packed) => head.packed[number as usize - 8] = packed,
                Field::Varint(number @ 8..=9, plain) => head.plain[number as usize - 8] = plain,
                _ => {}
            }
        }
        Ok(head)
    }

    /// Adds the tags and returns their range.
    fn tags(&self, block: &mut Block) -> Result<Range<u32>, Broken> {
        let start = block.tags.len() as u32;
        let (keys, mut values) = (Wire(self.keys), Wire(self.values));
        for key in keys {
            let value = values.next().ok_or("an element with more keys than values")??;
            let pair = [block.string(key?)?, block.string(value)?];
            block.tags.push(pair);
        }
        Ok(start..block.tags.len() as u32)
    }
}

impl Block {
    fn string(&self, number: u64) -> Result<u32, Broken> {
        let known = usize::try_from(number).is_ok_and(|index| index < self.strings.len());
        if known { Ok(number as u32) } else { Err("an element names a string that its block does not hold") }
    }
}

fn read_node(message: &[u8], scale: &Scale, block: &mut Block) -> Result<(), Broken> {
    let head = Head::read(message)?;
    let info = read_info(head.info)?;
    if info.visible {
        let tags = head.tags(block)?;
        let place = scale.place(signed(head.plain[1]), signed(head.plain[0]));
        block.nodes.push(BlockNode { id: signed(head.id), place, version: info.version, tags });
    }
    Ok(())
}

/// The columns of `DenseNodes`.
#[derive(Default)]
struct Dense<'a> {
    ids: &'a [u8],
    lats: &'a [u8],
    lons: &'a [u8],
    keys_values: &'a [u8],
    versions: &'a [u8],
    visibles: &'a [u8],
}

impl<'a> Dense<'a> {
    fn read(message: &'a [u8]) -> Result<Self, Broken> {
        let (mut wire, mut dense) = (Wire(message), Self::default());
        while let Some(field) = wire.field()? {
            match field {
                Field::Bytes(1, ids) => dense.ids = ids,
                Field::Bytes(5, info) => dense.read_info(info)?,
                Field::Bytes(8, lats) => dense.lats = lats,
                Field::Bytes(9, lons) => dense.lons = lons,
                Field::Bytes(10, keys_values) => dense.keys_values = keys_values,
                _ => {}
            }
        }
        Ok(dense)
    }

    fn read_info(&mut self, info: &'a [u8]) -> Result<(), Broken> {
        let mut wire = Wire(info);
        while let Some(field) = wire.field()? {
            match field {
                Field::Bytes(1, versions) => self.versions = versions,
                Field::Bytes(6, visibles) => self.visibles = visibles,
                _ => {}
            }
        }
        Ok(())
    }
}

fn read_dense(message: &[u8], scale: &Scale, block: &mut Block) -> Result<(), Broken> {
    let dense = Dense::read(message)?;
    let (mut lats, mut lons) = (Wire(dense.lats), Wire(dense.lons));
    let (mut versions, mut visibles) = (Wire(dense.versions), Wire(dense.visibles));
    let mut keys_values = Wire(dense.keys_values);
    let (mut id, mut lat, mut lon) = (0i64, 0i64, 0i64);
    for step in Wire(dense.ids) {
        let short = "dense nodes with more ids than places";
        id = id.wrapping_add(signed(step?));
        lat = lat.wrapping_add(signed(lats.next().ok_or(short)??));
        lon = lon.wrapping_add(signed(lons.next().ok_or(short)??));
        let version = versions.next().transpose()?.map_or(-1, |version| version as i32);
        let visible = visibles.next().transpose()?.is_none_or(|visible| visible != 0);
        let tags_start = block.tags.len();
        while let Some(key) = keys_values.next().transpose()?.filter(|key| *key != 0) {
            let value = keys_values.next().ok_or("dense nodes with a key without a value")??;
            let pair = [block.string(key)?, block.string(value)?];
            block.tags.push(pair);
        }
        if visible {
            let tags = tags_start as u32..block.tags.len() as u32;
            block.nodes.push(BlockNode { id, place: scale.place(lon, lat), version, tags });
        } else {
            block.tags.truncate(tags_start);
        }
    }
    Ok(())
}

fn read_way(message: &[u8], block: &mut Block) -> Result<(), Broken> {
    let head = Head::read(message)?;
    let info = read_info(head.info)?;
    if !info.visible {
        return Ok(());
    }
    let tags = head.tags(block)?;
    let start = block.refs.len() as u32;
    let mut id = 0i64;
    for step in Wire(head.packed[0]) {
        id = id.wrapping_add(signed(step?));
        block.refs.push(id);
    }
    let parts = start..block.refs.len() as u32;
    block.ways.push(BlockElement { id: head.id as i64, version: info.version, tags, parts });
    Ok(())
}

fn read_relation(message: &[u8], block: &mut Block) -> Result<(), Broken> {
    let head = Head::read(message)?;
    let info = read_info(head.info)?;
    if !info.visible {
        return Ok(());
    }
    let tags = head.tags(block)?;
    let start = block.members.len() as u32;
    let [roles, ids, kinds] = head.packed;
    let (mut roles, mut kinds, mut id) = (Wire(roles), Wire(kinds), 0i64);
    for step in Wire(ids) {
        let short = "a relation with more members than roles or types";
        id = id.wrapping_add(signed(step?));
        let role = block.string(roles.next().ok_or(short)??)?;
        let kind = match kinds.next().ok_or(short)?? {
            0 => MemberKind::Node,
            1 => MemberKind::Way,
            2 => MemberKind::Relation,
            _ => return Err("a relation with a member of unknown type"),
        };
        block.members.push((kind, id, role));
    }
    let parts = start..block.members.len() as u32;
    block.relations.push(BlockElement { id: head.id as i64, version: info.version, tags, parts });
    Ok(())
}
