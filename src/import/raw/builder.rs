//! Collects elements in any order and makes a [`RawMap`] of them: sorted, duplicates settled, references
//! resolved. Of several elements with one id the highest version stays, the first among equals.

use citytwin_model::{GeoBounds, LonLat, ProblemKind, SourceRef};

use super::strings::Interner;
use super::{
    ABSENT, MemberKind, MemberRecord, RawMap, RawProblem, RawRelation, RelationRecord, Span, UNITS_PER_DEGREE,
    WayRecord,
};

/// A map under construction.
#[derive(Default)]
pub struct RawMapBuilder {
    map: RawMap,
    interner: Interner,
    nodes: Vec<NodeEntry>,
    way_versions: Vec<i32>,
    relation_versions: Vec<i32>,
}

struct NodeEntry {
    id: i64,
    place: [i32; 2],
    tags: Span,
    version: i32,
}

impl RawMapBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// States the bounds of the file's header.
    pub fn bounds(&mut self, bounds: GeoBounds) -> &mut Self {
        self.map.bounds = Some(bounds);
        self
    }

    /// Widens the stated bounds: files of several downloads state several.
    pub(crate) fn add_bounds(&mut self, more: GeoBounds) {
        let Some(bounds) = &mut self.map.bounds else {
            self.map.bounds = Some(more);
            return;
        };
        bounds.extend(LonLat { lon: more.west, lat: more.south });
        bounds.extend(LonLat { lon: more.east, lat: more.north });
    }

    /// Adds a node. One that stands nowhere on the globe becomes a problem instead.
    pub fn node(&mut self, id: i64, place: LonLat, tags: &[(&str, &str)]) -> &mut Self {
        let tags = self.intern_tags(tags.iter().copied());
        self.push_node(id, place, tags, 0);
        self
    }

    /// Adds a way.
    pub fn way(&mut self, id: i64, refs: &[i64], tags: &[(&str, &str)]) -> &mut Self {
        let tags = self.intern_tags(tags.iter().copied());
        self.push_way(id, refs.iter().copied(), tags, 0);
        self
    }

    /// Adds a relation; members are kind, id and role.
    pub fn relation(&mut self, id: i64, members: &[(MemberKind, i64, &str)], tags: &[(&str, &str)]) -> &mut Self {
        let tags = self.intern_tags(tags.iter().copied());
        let members: Vec<_> = members.iter().map(|&(kind, id, role)| (kind, id, self.intern(role))).collect();
        self.push_relation(id, members, tags, 0);
        self
    }

    /// The finished map.
    pub fn build(self) -> RawMap {
        let Self { mut map, interner, nodes, way_versions, relation_versions } = self;
        map.strings = interner.strings;
        settle_nodes(&mut map, nodes);
        map.ways =
            settle(std::mem::take(&mut map.ways), &way_versions, |way| way.id, SourceRef::Way, &mut map.problems);
        let relations = std::mem::take(&mut map.relations);
        map.relations =
            settle(relations, &relation_versions, |relation| relation.id, SourceRef::Relation, &mut map.problems);
        map.ref_positions = resolve(&map.node_ids, &map.refs);
        map.drawn = drawn(&map);
        map
    }

    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        self.interner.intern(cut(text))
    }

    pub(crate) fn intern_tags<'t>(&mut self, tags: impl Iterator<Item = (&'t str, &'t str)>) -> TagSpan {
        let start = self.map.tags.len();
        for (key, value) in tags {
            let pair = [self.intern(key), self.intern(value)];
            self.map.tags.push(pair);
        }
        self.close_tags(start)
    }

    /// Adds `count` tags; `pair` tells the numbers of each one's key and value.
    pub(crate) fn push_tags(&mut self, count: usize, mut pair: impl FnMut(&mut Self, usize) -> [u32; 2]) -> TagSpan {
        let start = self.map.tags.len();
        for index in 0..count {
            let pair = pair(self, index);
            self.map.tags.push(pair);
        }
        self.close_tags(start)
    }

    pub(crate) fn push_node(&mut self, id: i64, place: LonLat, tags: TagSpan, version: i32) {
        if !place.is_valid() {
            let what = format!("stands at {}, {}, which is not on the globe; left out", place.lon, place.lat);
            let kind = ProblemKind::Geometry;
            self.map.problems.push(RawProblem { source: SourceRef::Node(id), kind, what, place: None });
            return;
        }
        let units = [place.lon, place.lat].map(|degrees| (degrees * UNITS_PER_DEGREE).round() as i32);
        self.nodes.push(NodeEntry { id, place: units, tags: tags.0, version });
    }

    pub(crate) fn push_way(&mut self, id: i64, refs: impl Iterator<Item = i64>, tags: TagSpan, version: i32) {
        let start = self.map.refs.len();
        self.map.refs.extend(refs);
        self.map.ways.push(WayRecord { id, refs: span(start, self.map.refs.len()), tags: tags.0 });
        self.way_versions.push(version);
    }

    /// Members are kind, id and interned role.
    pub(crate) fn push_relation(
        &mut self,
        id: i64,
        members: impl IntoIterator<Item = (MemberKind, i64, u32)>,
        tags: TagSpan,
        version: i32,
    ) {
        let start = self.map.members.len();
        self.map.members.extend(members.into_iter().map(|(kind, id, role)| MemberRecord { kind, id, role }));
        self.map.relations.push(RelationRecord { id, members: span(start, self.map.members.len()), tags: tags.0 });
        self.relation_versions.push(version);
    }

    pub(crate) fn push_problem(&mut self, problem: RawProblem) {
        self.map.problems.push(problem);
    }

    /// Elements of any kind so far, tags, references and members included: what memory is bounded by.
    pub(crate) fn size(&self) -> usize {
        self.nodes.len() + self.map.ways.len() + self.map.refs.len() + self.map.members.len() + self.map.tags.len()
    }

    fn close_tags(&self, start: usize) -> TagSpan {
        TagSpan(span(start, self.map.tags.len()))
    }
}

/// The text up to its first KiB: OSM's own limit is 255 characters, and one text may be that of a million
/// elements, each of which gets a copy.
fn cut(text: &str) -> &str {
    const MAX_BYTES: usize = 1_024;
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

/// Tags handed to the builder.
#[derive(Clone, Copy, Default)]
pub(crate) struct TagSpan(Span);

/// `size` of the builder stays below 2³² (the readers refuse more), so offsets fit.
fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, len: (end - start) as u32 }
}

fn settle_nodes(map: &mut RawMap, mut nodes: Vec<NodeEntry>) {
    if !nodes.is_sorted_by(|a, b| a.id < b.id) {
        // Stable: among equal versions the first of the file stays.
        nodes.sort_by_key(|node| (node.id, -i64::from(node.version)));
        nodes.dedup_by(|next, kept| {
            let same = next.id == kept.id;
            if same {
                let place = [kept.place[0], kept.place[1]].map(|units| f64::from(units) / UNITS_PER_DEGREE);
                let place = Some(LonLat { lon: place[0], lat: place[1] });
                map.problems.push(duplicate(SourceRef::Node(next.id), place));
            }
            same
        });
    }
    map.node_ids = nodes.iter().map(|node| node.id).collect();
    map.node_places = nodes.iter().map(|node| node.place).collect();
    let tagged = nodes.iter().enumerate().filter(|(_, node)| node.tags.len > 0);
    map.node_tags = tagged.map(|(position, node)| (position as u32, node.tags)).collect();
}

fn settle<R: Copy>(
    records: Vec<R>,
    versions: &[i32],
    id: impl Fn(&R) -> i64,
    source: impl Fn(i64) -> SourceRef,
    problems: &mut Vec<RawProblem>,
) -> Vec<R> {
    if records.is_sorted_by(|a, b| id(a) < id(b)) {
        return records;
    }
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|&index| (id(&records[index]), -i64::from(versions[index])));
    order.dedup_by(|next, kept| {
        let same = id(&records[*next]) == id(&records[*kept]);
        if same {
            problems.push(duplicate(source(id(&records[*next])), None));
        }
        same
    });
    order.into_iter().map(|index| records[index]).collect()
}

/// How many relations may draw their ways. Areas of our six extracts draw up to an eighth of
/// all references.
fn drawn(map: &RawMap) -> usize {
    const ROUNDS: usize = 4;
    const AT_LEAST: usize = 2_000_000;
    let mut left = AT_LEAST + ROUNDS * map.refs.len();
    let weight = |relation: RawRelation<'_>| {
        let ways = relation.members().filter(|member| member.kind == MemberKind::Way);
        ways.filter_map(|member| map.way(member.id)).map(|way| way.refs.len()).sum::<usize>()
    };
    let stops = |relation: RawRelation<'_>| {
        let is_area = matches!(relation.tags.get("type"), Some("multipolygon" | "boundary"));
        let rest = if is_area { left.checked_sub(weight(relation)) } else { Some(left) };
        left = rest.unwrap_or(0);
        rest.is_none()
    };
    map.relations().position(stops).unwrap_or(map.relations.len())
}

fn duplicate(source: SourceRef, place: Option<LonLat>) -> RawProblem {
    let what = "stands in the file more than once; the highest version (or else the first) is used".to_owned();
    RawProblem { source, kind: ProblemKind::Duplicate, what, place }
}

/// Positions of ids. Neighbours in a way are often neighbours in the file, so the next position is tried first.
fn resolve(node_ids: &[i64], refs: &[i64]) -> Vec<u32> {
    let mut next = 0;
    let mut position_of = |id: &i64| {
        if node_ids.get(next) != Some(id) {
            match node_ids.binary_search(id) {
                Ok(position) => next = position,
                Err(_) => return ABSENT,
            }
        }
        next += 1;
        (next - 1) as u32
    };
    refs.iter().map(&mut position_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: LonLat = LonLat { lon: 1.5, lat: -2.25 };

    #[test]
    fn elements_come_back_sorted_with_tags_and_missing_nodes() {
        let mut builder = RawMapBuilder::new();
        builder.node(7, HERE, &[("natural", "tree")]).node(-3, HERE, &[]);
        builder.way(2, &[7, 99, -3], &[("highway", "path")]).way(-1, &[-3, 7], &[]);
        builder.relation(5, &[(MemberKind::Way, 2, "outer")], &[("type", "multipolygon")]);
        let map = builder.build();
        assert_eq!(map.ways().map(|way| way.id).collect::<Vec<_>>(), [-1, 2]);
        let places: Vec<_> = map.way(2).unwrap().places().collect();
        assert_eq!(places, [Some(HERE), None, Some(HERE)]);
        assert!(map.node_tags(7).is("natural", "tree") && map.node_tags(-3).is_empty());
        assert_eq!(map.relation(5).unwrap().members().next().unwrap().role, "outer");
        assert!(map.problems.is_empty());
    }

    #[test]
    fn duplicates_are_settled_and_bad_places_left_out() {
        let mut builder = RawMapBuilder::new();
        builder.push_node(1, HERE, TagSpan::default(), 1);
        builder.push_node(1, LonLat { lon: 3.0, lat: 4.0 }, TagSpan::default(), 2);
        builder.node(2, LonLat { lon: f64::NAN, lat: 0.0 }, &[]);
        builder.way(9, &[1, 2], &[("first", "yes")]).way(9, &[1], &[]);
        let map = builder.build();
        assert_eq!(map.node(1), Some(LonLat { lon: 3.0, lat: 4.0 }));
        assert_eq!(map.node(2), None);
        assert!(map.way(9).unwrap().tags.is("first", "yes"));
        let kinds: Vec<_> = map.problems.iter().map(|p| (p.source.to_string(), p.kind)).collect();
        let expected =
            [("node/2", ProblemKind::Geometry), ("node/1", ProblemKind::Duplicate), ("way/9", ProblemKind::Duplicate)];
        assert_eq!(kinds, expected.map(|(source, kind)| (source.to_owned(), kind)));
    }
}
