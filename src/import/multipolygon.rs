//! Outlines of areas: closed ways and multipolygon relations to valid polygons in city metres.
//!
//! Owns ring assembly and the mending of bad geometry, and reports both. Does not know what an area means.
//! Everything returned is valid: exterior rings counter-clockwise, holes clockwise, no ring crosses another.

mod boxes;
mod inside;
mod mend;
mod place;
mod rings;

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{Anchor, Coord, LonLat, MultiPolygon, Problem, ProblemKind, SourceRef};

use crate::raw::{MemberKind, RawMap, RawRelation, RawTags, RawWay};

pub(crate) use mend::{mendable, overlay, polygons, trim};
pub(crate) use place::{ShapeIndex, point_inside};
pub(crate) use rings::{Chain, join};

/// Farther from the origin than this, a node is taken as missing: the projection is meant for a city.
const REACH_M: f64 = 500_000.0;

/// An area's outline and what was wrong with it.
pub(crate) struct Outline {
    pub shape: Option<MultiPolygon<f64>>,
    pub problems: Vec<Problem>,
    /// Chains of a relation that could not be closed because the map is clipped, as node ids.
    pub open: Vec<Chain>,
}

/// A node's place in city metres, if it is near enough to be one.
pub(crate) fn local(place: LonLat, anchor: &Anchor) -> Option<Coord<f64>> {
    let at = anchor.enu(place);
    (at.x.is_finite() && at.y.is_finite() && at.x.hypot(at.y) <= REACH_M).then_some(at)
}

/// The outline that a closed way draws.
pub(crate) fn of_way(way: &RawWay<'_>, anchor: &Anchor) -> Outline {
    let source = SourceRef::Way(way.id);
    let all = way.refs.len();
    let points: Vec<Coord<f64>> = way.places().flatten().filter_map(|place| local(place, anchor)).collect();
    let (missing, at) = (all - points.len(), points.first().copied());
    let mut problems = Vec::new();
    let shape = polygons(vec![points], &source, &mut problems);
    if missing > 0 {
        let outcome = if shape.is_some() { "drawn from the others" } else { "left out" };
        let what = format!("{missing} of {all} nodes are not in the file; {outcome}");
        problems = vec![Problem { source, kind: ProblemKind::MissingReference, what, at }];
    }
    Outline { shape, problems, open: Vec::new() }
}

/// The outline that a multipolygon relation draws: its complete rings, by the even-odd rule, so that roles
/// need not be right, several outers stand, and touching inner rings join.
pub(crate) fn of_relation(raw: &RawMap, relation: &RawRelation<'_>, anchor: &Anchor) -> Outline {
    let source = SourceRef::Relation(relation.id);
    if !raw.may_draw(relation.id) {
        let what = "the map's relations draw the same ways over and over; left out".to_owned();
        let problems = vec![Problem { source, kind: ProblemKind::Geometry, what, at: None }];
        return Outline { shape: None, problems, open: Vec::new() };
    }
    let mut members = Members::of(raw, relation);
    let (rings, open) = members.rings();
    let mut problems = Vec::new();
    let mut lost = 0;
    let lines: Vec<Vec<Coord<f64>>> = rings
        .iter()
        .map(|ring| {
            let line: Vec<_> = points(raw, ring, anchor).collect();
            lost += ring.len() - line.len();
            line
        })
        .collect();
    let at = lines.iter().flatten().next().copied().or_else(|| open.iter().find_map(|c| points(raw, c, anchor).next()));
    members.report(&source, at, &open, &mut problems);
    if lost > 0 {
        let what = format!("{lost} nodes of its rings are not in the file; drawn from the others");
        problems.push(Problem { source: source.clone(), kind: ProblemKind::MissingReference, what, at });
    }
    let shape = if lines.is_empty() { None } else { polygons(lines, &source, &mut problems) };
    if shape.is_none() && problems.is_empty() {
        let what = "no ring can be made of its members; left out".to_owned();
        problems.push(Problem { source, kind: ProblemKind::Geometry, what, at });
    }
    let clipped = !members.missing.is_empty();
    Outline { shape, problems, open: if clipped { open } else { Vec::new() } }
}

/// The present nodes of a chain, in city metres.
pub(crate) fn points<'a>(raw: &'a RawMap, chain: &'a [i64], anchor: &'a Anchor) -> impl Iterator<Item = Coord<f64>> {
    chain.iter().filter_map(|id| raw.node(*id)).filter_map(|place| local(place, anchor))
}

/// Whether the relation draws an area.
pub(crate) fn draws_area(relation: &RawRelation<'_>) -> bool {
    matches!(relation.tags.get("type"), Some("multipolygon" | "boundary"))
}

/// Closed ways whose holes an untagged multipolygon adds (the older way to tag): way id → relation index.
/// Only relations that say nothing themselves and have one tagged, closed outer way.
pub(crate) fn holes_by_way(raw: &RawMap) -> BTreeMap<i64, usize> {
    let mut found = BTreeMap::new();
    for (index, relation) in raw.relations().enumerate() {
        if !relation.tags.is("type", "multipolygon") || says_something(relation.tags) {
            continue;
        }
        let is_outer = |role: &str| role != "inner";
        let mut outers = relation.members().filter(|m| m.kind == MemberKind::Way && is_outer(m.role));
        if let (Some(outer), None) = (outers.next(), outers.next())
            && raw.way(outer.id).is_some_and(|way| way.is_closed() && !way.tags.is_empty())
        {
            found.entry(outer.id).or_insert(index);
        }
    }
    found
}

/// Keys that make a relation an area of its own.
fn says_something(tags: RawTags<'_>) -> bool {
    const MEANING: [&str; 15] = [
        "building",
        "building:part",
        "landuse",
        "natural",
        "leisure",
        "amenity",
        "waterway",
        "water",
        "highway",
        "place",
        "man_made",
        "aeroway",
        "railway",
        "power",
        "tourism",
    ];
    MEANING.iter().any(|key| tags.get(key).is_some())
}

/// The ways of a relation, by role, without doubles.
struct Members {
    inner: Vec<Chain>,
    others: Vec<Chain>,
    missing: Vec<i64>,
    doubled: Vec<i64>,
}

impl Members {
    fn of(raw: &RawMap, relation: &RawRelation<'_>) -> Self {
        let mut members = Self { inner: Vec::new(), others: Vec::new(), missing: Vec::new(), doubled: Vec::new() };
        let mut seen = BTreeSet::new();
        for member in relation.members().filter(|m| m.kind == MemberKind::Way) {
            if !seen.insert(member.id) {
                members.doubled.push(member.id);
                continue;
            }
            match raw.way(member.id) {
                None => members.missing.push(member.id),
                Some(way) if member.role == "inner" => members.inner.push(way.refs.to_vec()),
                Some(way) => members.others.push(way.refs.to_vec()),
            }
        }
        members
    }

    /// Rings role by role; what stays open is tried once more together, as roles may be wrong.
    fn rings(&mut self) -> (Vec<Chain>, Vec<Chain>) {
        let (mut rings, mut open) = join(std::mem::take(&mut self.others));
        let (inner_rings, inner_open) = join(std::mem::take(&mut self.inner));
        rings.extend(inner_rings);
        if !inner_open.is_empty() {
            open.extend(inner_open);
            let (more, still) = join(open);
            rings.extend(more);
            open = still;
        }
        (rings, open)
    }

    fn report(&self, source: &SourceRef, at: Option<Coord<f64>>, open: &[Chain], problems: &mut Vec<Problem>) {
        let mut add = |kind, what| problems.push(Problem { source: source.clone(), kind, what, at });
        for id in &self.doubled {
            add(ProblemKind::Duplicate, format!("way/{id} is a member more than once; used once"));
        }
        if !self.missing.is_empty() {
            add(
                ProblemKind::MissingReference,
                format!("{} not in the file; its complete rings are used", ways(&self.missing)),
            );
        } else if let Some((first, last)) = open.iter().find_map(|c| Some((c.first()?, c.last()?))) {
            let what = format!("a ring stays open between node/{first} and node/{last}; its closed rings are used");
            add(ProblemKind::Geometry, what);
        }
    }
}

/// "member way/1 is", "members way/1, way/2, way/3 and 4 more are".
fn ways(ids: &[i64]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = ids.iter().take(SHOWN).map(|id| format!("way/{id}")).collect();
    match ids.len() {
        1 => format!("member {} is", shown[0]),
        n if n <= SHOWN => format!("members {} are", shown.join(", ")),
        n => format!("members {} and {} more are", shown.join(", "), n - SHOWN),
    }
}
