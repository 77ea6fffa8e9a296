//! The content of an OpenStreetMap file as it stands: nodes, ways and relations with their tags, packed
//! and sorted by id. Knows nothing of cities, metres or meaning.
//!
//! Tags and roles are interned once per file; a way's references are resolved once to positions of nodes.

mod builder;
mod strings;

use citytwin_model::{GeoBounds, LonLat, ProblemKind, SourceRef, Tags};

pub use builder::RawMapBuilder;
use strings::Strings;

/// Everything a map file holds.
#[derive(Default, Debug)]
pub struct RawMap {
    /// Stated by the file's header; `None` where it states none.
    pub bounds: Option<GeoBounds>,
    /// What was wrong with single elements: duplicates, coordinates off the globe.
    pub problems: Vec<RawProblem>,
    strings: Strings,
    node_ids: Vec<i64>,
    node_places: Vec<[i32; 2]>,
    /// Nodes with tags: position in `node_ids` and their tags.
    node_tags: Vec<(u32, Span)>,
    ways: Vec<WayRecord>,
    relations: Vec<RelationRecord>,
    /// Referenced node ids of all ways, and their positions in `node_ids` ([`ABSENT`] when missing).
    refs: Vec<i64>,
    ref_positions: Vec<u32>,
    members: Vec<MemberRecord>,
    tags: Vec<[u32; 2]>,
    /// Relations from this one on draw no area ([`RawMap::may_draw`]).
    drawn: usize,
}

/// A problem found before the city has its origin.
#[derive(Clone, PartialEq, Debug)]
pub struct RawProblem {
    pub source: SourceRef,
    pub kind: ProblemKind,
    pub what: String,
    pub place: Option<LonLat>,
}

/// A node with tags.
#[derive(Clone, Copy, Debug)]
pub struct RawNode<'a> {
    pub id: i64,
    pub place: LonLat,
    pub tags: RawTags<'a>,
}

/// A way. Equal ids in `refs` mean the same node; nodes may be missing from the file.
#[derive(Clone, Copy, Debug)]
pub struct RawWay<'a> {
    map: &'a RawMap,
    pub id: i64,
    pub refs: &'a [i64],
    positions: &'a [u32],
    pub tags: RawTags<'a>,
}

/// A relation.
#[derive(Clone, Copy, Debug)]
pub struct RawRelation<'a> {
    map: &'a RawMap,
    pub id: i64,
    members: &'a [MemberRecord],
    pub tags: RawTags<'a>,
}

/// What a relation's member is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberKind {
    Node,
    Way,
    Relation,
}

/// One member of a relation; it may be missing from the file.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RawMember<'a> {
    pub kind: MemberKind,
    pub id: i64,
    pub role: &'a str,
}

/// Tags of one element, in the order of the file.
#[derive(Clone, Copy, Debug)]
pub struct RawTags<'a> {
    strings: &'a Strings,
    pairs: &'a [[u32; 2]],
}

/// Position of a node that the file does not hold.
pub const ABSENT: u32 = u32::MAX;

/// OSM's own resolution: 1e-7 degree.
const UNITS_PER_DEGREE: f64 = 1e7;

#[derive(Clone, Copy, Default, Debug)]
struct Span {
    start: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct WayRecord {
    id: i64,
    refs: Span,
    tags: Span,
}

#[derive(Clone, Copy, Debug)]
struct RelationRecord {
    id: i64,
    members: Span,
    tags: Span,
}

#[derive(Clone, Copy, Debug)]
struct MemberRecord {
    kind: MemberKind,
    id: i64,
    role: u32,
}

impl Span {
    fn of<T>(self, all: &[T]) -> &[T] {
        &all[self.start as usize..self.start as usize + self.len as usize]
    }
}

impl RawMap {
    /// Where the node stands.
    pub fn node(&self, id: i64) -> Option<LonLat> {
        self.position(id).map(|position| self.place(position))
    }

    /// The node's place among all nodes, by which [`RawWay::positions`] refers to it.
    pub fn position(&self, id: i64) -> Option<u32> {
        self.node_ids.binary_search(&id).ok().map(|position| position as u32)
    }

    /// The place of the node at a position that is not [`ABSENT`].
    pub fn place(&self, position: u32) -> LonLat {
        let [lon, lat] = self.node_places[position as usize];
        LonLat { lon: f64::from(lon) / UNITS_PER_DEGREE, lat: f64::from(lat) / UNITS_PER_DEGREE }
    }

    /// The id of the node at a position that is not [`ABSENT`].
    pub fn node_id(&self, position: u32) -> i64 {
        self.node_ids[position as usize]
    }

    /// The tags of a node; empty where it has none or is absent.
    pub fn node_tags(&self, id: i64) -> RawTags<'_> {
        let span = self.position(id).and_then(|position| {
            let found = self.node_tags.binary_search_by_key(&position, |(p, _)| *p).ok()?;
            Some(self.node_tags[found].1)
        });
        self.tags(span.unwrap_or_default())
    }

    /// Nodes with tags, by id.
    pub fn tagged_nodes(&self) -> impl ExactSizeIterator<Item = RawNode<'_>> {
        self.node_tags.iter().map(|&(position, tags)| RawNode {
            id: self.node_ids[position as usize],
            place: self.place(position),
            tags: self.tags(tags),
        })
    }

    /// All ways, by id.
    pub fn ways(&self) -> impl ExactSizeIterator<Item = RawWay<'_>> {
        (0..self.ways.len()).map(|index| self.way_at(index))
    }

    /// The `index`-th way by id, for parallel iteration over `0..way_count()`.
    pub fn way_at(&self, index: usize) -> RawWay<'_> {
        let record = &self.ways[index];
        let (refs, positions) = (record.refs.of(&self.refs), record.refs.of(&self.ref_positions));
        RawWay { map: self, id: record.id, refs, positions, tags: self.tags(record.tags) }
    }

    /// A way by its id.
    pub fn way(&self, id: i64) -> Option<RawWay<'_>> {
        self.ways.binary_search_by_key(&id, |way| way.id).ok().map(|index| self.way_at(index))
    }

    /// All relations, by id.
    pub fn relations(&self) -> impl ExactSizeIterator<Item = RawRelation<'_>> {
        (0..self.relations.len()).map(|index| self.relation_at(index))
    }

    /// The `index`-th relation by id.
    pub fn relation_at(&self, index: usize) -> RawRelation<'_> {
        let record = &self.relations[index];
        let members = record.members.of(&self.members);
        RawRelation { map: self, id: record.id, members, tags: self.tags(record.tags) }
    }

    /// A relation by its id.
    pub fn relation(&self, id: i64) -> Option<RawRelation<'_>> {
        self.relations.binary_search_by_key(&id, |relation| relation.id).ok().map(|index| self.relation_at(index))
    }

    /// Whether the relation may be drawn as an area. Relations share their ways, so that a small file can ask
    /// for any number of outlines; beyond some multiple of what it holds they are not drawn.
    pub fn may_draw(&self, relation: i64) -> bool {
        self.relations.get(self.drawn).is_none_or(|first| relation < first.id)
    }

    pub fn node_count(&self) -> usize {
        self.node_ids.len()
    }

    pub fn way_count(&self) -> usize {
        self.ways.len()
    }

    pub fn relation_count(&self) -> usize {
        self.relations.len()
    }

    /// The box around all nodes; `None` without nodes.
    pub fn extent(&self) -> Option<GeoBounds> {
        let mut low = *self.node_places.first()?;
        let mut high = low;
        for place in &self.node_places {
            for axis in 0..2 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
        }
        let degrees = |units: i32| f64::from(units) / UNITS_PER_DEGREE;
        let (west, south, east, north) = (degrees(low[0]), degrees(low[1]), degrees(high[0]), degrees(high[1]));
        Some(GeoBounds { west, south, east, north })
    }

    fn tags(&self, span: Span) -> RawTags<'_> {
        RawTags { strings: &self.strings, pairs: span.of(&self.tags) }
    }
}

impl<'a> RawWay<'a> {
    /// Positions of the referenced nodes, in step with `refs`; [`ABSENT`] for missing ones.
    pub fn positions(&self) -> &'a [u32] {
        self.positions
    }

    /// Places of the referenced nodes, in step with `refs`; `None` for missing ones.
    pub fn places(&self) -> impl ExactSizeIterator<Item = Option<LonLat>> + 'a {
        let map = self.map;
        self.positions.iter().map(move |&position| (position != ABSENT).then(|| map.place(position)))
    }

    /// First and last reference are the same node, with at least two others between.
    pub fn is_closed(&self) -> bool {
        self.refs.len() >= 4 && self.refs.first() == self.refs.last()
    }
}

impl<'a> RawRelation<'a> {
    /// Members in the order of the file.
    pub fn members(&self) -> impl ExactSizeIterator<Item = RawMember<'a>> + 'a {
        let map = self.map;
        self.members.iter().map(move |m| RawMember { kind: m.kind, id: m.id, role: map.strings.get(m.role) })
    }
}

impl<'a> RawTags<'a> {
    /// The value of the first pair with this key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.pairs.iter().find(|[k, _]| self.strings.get(*k) == key).map(|[_, value]| self.strings.get(*value))
    }

    /// Whether the key stands with exactly this value.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// All pairs in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + 'a {
        let strings = self.strings;
        self.pairs.iter().map(move |[key, value]| (strings.get(*key), strings.get(*value)))
    }

    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// A copy that outlives the map.
    pub fn to_tags(&self) -> Tags {
        Tags::from_pairs(self.iter())
    }
}
