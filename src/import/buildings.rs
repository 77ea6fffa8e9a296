//! Buildings and their parts from closed ways and multipolygons.
//!
//! Owns the rules from tags to use, height and roof. Does not know roads, water or files.

mod adjoining;
mod colour;
mod parts;
mod roof;
mod setting;
mod storeys;
mod tagged;
mod usage;
mod volume;

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{
    Anchor, Building, BuildingId, BuildingPart, City, Coord, LandArea, LandKind, MultiPolygon, PartId, Problem,
    ProblemKind, SourceRef,
};
use geo::Area;
use rayon::prelude::*;

use crate::{
    multipolygon::{self, Outline, ShapeIndex, point_inside},
    raw::{MemberKind, RawMap, RawTags},
};
use parts::Holders;
use setting::{DensityGrid, Setting};
use tagged::Tagged;
use usage::Land;
use volume::{Measured, Role};

/// An element with `building=*` or `building:part=*` and a valid outline.
struct Element<'a> {
    source: SourceRef,
    tags: RawTags<'a>,
    shape: MultiPolygon<f64>,
    /// A point inside.
    at: Coord<f64>,
    /// The nodes of a closed way; empty for a relation.
    nodes: &'a [i64],
    /// For a relation: the single way that draws all of its outer rings.
    outer_way: Option<i64>,
}

/// Fills the city's buildings and parts, and adds the problems found. `city.land` must be there: it tells
/// what unnamed buildings are used for.
///
/// Counted as a building: every closed way and every multipolygon relation with `building=*` other than
/// `no`, as a part the same with `building:part=*`; what encloses no area is a problem instead. Where a
/// relation and its outer way both are buildings, both are counted and the way is flattened.
/// A part keeps its building even where the parts are too few to be drawn instead of it: draw every part,
/// and the volume of each building without `parts`.
pub fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) {
    let (elements, problems) = trace(raw, anchor);
    city.problems.extend(problems);
    let (buildings, parts): (Vec<_>, Vec<_>) = split(elements);
    let shadows = shadows(&buildings, &mut city.problems);
    let grid = DensityGrid::new(buildings.iter().map(|b| (b.at, b.shape.unsigned_area())));
    let grounds = Grounds::new(&city.land);
    let mut built: Vec<_> = buildings
        .par_iter()
        .enumerate()
        .map(|(index, element)| {
            let setting = Setting::new(&element.shape, &element.source, grid.share(element.at));
            building(index, element, &setting, grounds.about(element.at), shadows[index])
        })
        .collect();
    for (index, host) in adjoining::hosts(&buildings).into_iter().enumerate() {
        if let Some(host) = host
            && let Ok([piece, host]) = built.get_disjoint_mut([index, host])
        {
            adjoining::adopt(&mut piece.building, &host.building);
        }
    }
    let holders = Holders::new(raw, &buildings, &shadows);
    let parts: Vec<_> = parts
        .par_iter()
        .enumerate()
        .map(|(index, element)| {
            let holder = holders.of(&element.source, element.at).map(|holder| &built[holder]);
            part(index, element, grid.share(element.at), holder)
        })
        .collect();
    gather(city, built, parts);
}

/// A building under construction.
struct Built {
    building: Building,
    by_default: bool,
    problems: Vec<Problem>,
}

fn building(index: usize, element: &Element<'_>, setting: &Setting, land: Option<Land<'_>>, shadow: bool) -> Built {
    let mut tagged = Tagged::new(&element.source, element.tags, Some(element.at));
    let usage = usage::classify(element.tags, land, setting);
    let Measured { mut volume, by_default } =
        volume::read(&mut tagged, usage.value, element.shape.clone(), setting, Role::Building);
    if shadow {
        volume::flatten(&mut volume, "outer way of a building relation: drawn and counted there");
    }
    let building = Building {
        id: BuildingId::from_index(index),
        source: element.source.clone(),
        name: element.tags.get("name").map(str::to_owned),
        usage,
        volume,
        parts: Vec::new(),
        tags: element.tags.to_tags(),
    };
    Built { building, by_default: by_default && !shadow, problems: tagged.problems }
}

fn part(index: usize, element: &Element<'_>, density: f64, holder: Option<&Built>) -> (BuildingPart, Vec<Problem>) {
    let mut tagged = Tagged::new(&element.source, element.tags, Some(element.at));
    let setting = Setting::new(&element.shape, &element.source, density);
    let usage = holder.map(|b| b.building.usage).unwrap_or_else(|| usage::classify(element.tags, None, &setting));
    let around = holder.map(|b| Measured { volume: without_footprint(&b.building), by_default: b.by_default });
    let measured = volume::read(&mut tagged, usage.value, element.shape.clone(), &setting, Role::Part(around.as_ref()));
    let part = BuildingPart {
        id: PartId::from_index(index),
        source: element.source.clone(),
        building: holder.map(|b| b.building.id),
        volume: measured.volume,
        tags: element.tags.to_tags(),
    };
    (part, tagged.problems)
}

/// The building's volume without its outline, which parts do not look at.
fn without_footprint(building: &Building) -> citytwin_model::Volume {
    let volume = &building.volume;
    citytwin_model::Volume {
        footprint: MultiPolygon(Vec::new()),
        height_m: volume.height_m,
        min_height_m: volume.min_height_m,
        levels: volume.levels,
        roof: volume.roof.clone(),
        colour: volume.colour,
        material: volume.material.clone(),
    }
}

fn gather(city: &mut City, built: Vec<Built>, parts: Vec<(BuildingPart, Vec<Problem>)>) {
    let mut by_default = Vec::with_capacity(built.len());
    for Built { building, by_default: default, problems } in built {
        by_default.push(default);
        city.buildings.push(building);
        city.problems.extend(problems);
    }
    for (part, problems) in parts {
        // An element that is building and part at once has told its problems already.
        let told = part.tags.get("building").is_some_and(|value| value != "no");
        city.building_parts.push(part);
        city.problems.extend(if told { Vec::new() } else { problems });
    }
    parts::attach(&mut city.buildings, &by_default, &city.building_parts);
}

fn is_building(tags: RawTags<'_>) -> bool {
    tags.get("building").is_some_and(|value| value != "no")
}

fn is_part(tags: RawTags<'_>) -> bool {
    tags.get("building:part").is_some_and(|value| value != "no")
}

/// All outlines, ways by id and then relations by id, and what was wrong with them.
fn trace<'a>(raw: &'a RawMap, anchor: &Anchor) -> (Vec<Element<'a>>, Vec<Problem>) {
    let holes = multipolygon::holes_by_way(raw);
    let ways = (0..raw.way_count()).into_par_iter().filter_map(|index| trace_way(raw, index, &holes, anchor));
    let relations = (0..raw.relation_count()).into_par_iter().filter_map(|index| trace_relation(raw, index, anchor));
    let traced: Vec<_> = ways.chain(relations).collect();
    let (mut elements, mut problems) = (Vec::with_capacity(traced.len()), Vec::new());
    for (element, found) in traced {
        elements.extend(element);
        problems.extend(found);
    }
    (elements, problems)
}

type Traced<'a> = (Option<Element<'a>>, Vec<Problem>);

fn trace_way<'a>(raw: &'a RawMap, index: usize, holes: &BTreeMap<i64, usize>, anchor: &Anchor) -> Option<Traced<'a>> {
    let way = raw.way_at(index);
    if !is_building(way.tags) && !is_part(way.tags) {
        return None;
    }
    let source = SourceRef::Way(way.id);
    if !way.is_closed() {
        let what = "a building whose outline is not closed; left out".to_owned();
        let at = way.places().flatten().find_map(|place| multipolygon::local(place, anchor));
        return Some((None, vec![Problem { source, kind: ProblemKind::Geometry, what, at }]));
    }
    let outline = match holes.get(&way.id) {
        Some(relation) => multipolygon::of_relation(raw, &raw.relation_at(*relation), anchor),
        None => multipolygon::of_way(&way, anchor),
    };
    Some(traced(source, way.tags, outline, way.refs, None))
}

fn trace_relation<'a>(raw: &'a RawMap, index: usize, anchor: &Anchor) -> Option<Traced<'a>> {
    let relation = raw.relation_at(index);
    if !multipolygon::draws_area(&relation) || !(is_building(relation.tags) || is_part(relation.tags)) {
        return None;
    }
    let mut outers = relation.members().filter(|m| m.kind == MemberKind::Way && m.role != "inner").map(|m| m.id);
    let outer_way = outers.next().filter(|_| outers.next().is_none());
    let outline = multipolygon::of_relation(raw, &relation, anchor);
    Some(traced(SourceRef::Relation(relation.id), relation.tags, outline, &[], outer_way))
}

fn traced<'a>(
    source: SourceRef,
    tags: RawTags<'a>,
    outline: Outline,
    nodes: &'a [i64],
    outer_way: Option<i64>,
) -> Traced<'a> {
    let element = outline.shape.and_then(|shape| {
        let at = point_inside(&shape)?;
        Some(Element { source, tags, shape, at, nodes, outer_way })
    });
    (element, outline.problems)
}

/// Buildings and parts; an element may be both.
fn split(elements: Vec<Element<'_>>) -> (Vec<Element<'_>>, Vec<Element<'_>>) {
    let (mut buildings, mut parts) = (Vec::with_capacity(elements.len()), Vec::new());
    for element in elements {
        match (is_building(element.tags), is_part(element.tags)) {
            (true, true) => {
                parts.push(Element { source: element.source.clone(), shape: element.shape.clone(), ..element });
                buildings.push(element);
            }
            (false, true) => parts.push(element),
            _ => buildings.push(element),
        }
    }
    (buildings, parts)
}

/// Ways that only repeat the outer ring of a building relation; each is a problem.
fn shadows(buildings: &[Element<'_>], problems: &mut Vec<Problem>) -> Vec<bool> {
    let outers: BTreeSet<i64> = buildings.iter().filter_map(|b| b.outer_way).collect();
    let shadow = |b: &Element<'_>| matches!(b.source, SourceRef::Way(id) if outers.contains(&id));
    for element in buildings.iter().filter(|b| shadow(b)) {
        let what = "is a building and the outline of a building relation; drawn once, as the relation".to_owned();
        let (source, at) = (element.source.clone(), Some(element.at));
        problems.push(Problem { source, kind: ProblemKind::Duplicate, what, at });
    }
    buildings.iter().map(shadow).collect()
}

/// Areas that tell what stands on them.
struct Grounds<'a> {
    areas: Vec<&'a LandArea>,
    index: ShapeIndex<'a>,
}

impl<'a> Grounds<'a> {
    fn new(land: &'a [LandArea]) -> Self {
        use LandKind::*;
        let telling = |area: &&LandArea| {
            matches!(
                area.kind,
                Residential
                    | Commercial
                    | Retail
                    | Industrial
                    | Harbour
                    | Institutional
                    | Farmland
                    | Allotments
                    | Railway
                    | Military
                    | Aerodrome
            )
        };
        let areas: Vec<_> = land.iter().filter(telling).collect();
        let index = ShapeIndex::new(areas.iter().map(|area| &area.shape));
        Self { areas, index }
    }

    /// The smallest area about the point.
    fn about(&self, at: Coord<f64>) -> Option<Land<'a>> {
        let area = self.areas[*self.index.holding(at).first()?];
        Some(Land { kind: area.kind, amenity: area.tags.get("amenity") })
    }
}
