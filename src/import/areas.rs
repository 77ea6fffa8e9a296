//! Land, water, waterways, trees, railways and the map's energy assets.
//!
//! Owns what lies on the ground. Does not know buildings, roads or files.

mod coastline;
mod energy;
mod frame;
mod ground;
mod land;
mod railways;
mod trees;
mod water;

use std::{cmp::Reverse, collections::BTreeMap};

use citytwin_model::{
    Anchor, City, Coord, GeoBounds, LandArea, LandAreaId, LandKind, LonLat, Problem, SourceRef, Tags, WaterArea,
    WaterAreaId, WaterKind,
};
use geo::{Area, Rect};
use rayon::prelude::*;

use crate::{
    multipolygon::{self, Outline},
    raw::{RawMap, RawTags},
};
use frame::Frame;
use ground::Ground;
use land::Drawn;

/// Areas are cut this far beyond the map, metre: an extract may hold a whole lake or forest of which it shows
/// one shore.
const MARGIN_M: f64 = 2_000.0;

/// Fills the city's surfaces and map energy assets, and adds the problems found. `city.bounds` must be there:
/// the sea ends at it, and other areas 2 km beyond it.
///
/// Land and water are ordered by size, largest first: painted in order, details lie on top.
/// `city.trees` holds the trees of rows too, with the row's way as their source; the documented count of
/// trees is that of nodes with `natural=tree`, which are those with [`SourceRef::Node`].
pub fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) {
    let frame = Frame::new(city.bounds);
    let ground = Ground::sample(raw, anchor);
    let holes = multipolygon::holes_by_way(raw);
    let ways = (0..raw.way_count()).into_par_iter().filter_map(|index| way(raw, index, &holes, anchor));
    let relations =
        (0..raw.relation_count()).into_par_iter().filter_map(|index| relation(raw, index, anchor, frame, &ground));
    let found: Vec<Found<'_>> = ways.chain(relations).collect();
    let mut surfaces = Surfaces::default();
    let limits = limits(city);
    for area in found {
        surfaces.add(area, limits, &mut city.problems);
    }
    if let Some(frame) = frame
        && let Some(sea) = coastline::read(raw, anchor, &frame, &ground, &mut city.problems)
    {
        let (source, shape) = (sea.source, sea.shape);
        let (kind, name, tags) = (WaterKind::Sea, None, Tags::default());
        surfaces.water.push(WaterArea { id: WaterAreaId(0), source, kind, name, shape, tags });
    }
    surfaces.settle(city);
    let shapes: Vec<_> = city.water.iter().map(|area| &area.shape).collect();
    let (waterways, problems) = water::ways(raw, anchor, &shapes);
    city.waterways = waterways;
    city.problems.extend(problems);
    trees::read(raw, anchor, city);
    railways::read(raw, anchor, city);
    energy::read(raw, anchor, city);
}

/// The map and the margin about it.
fn limits(city: &City) -> Rect<f64> {
    let GeoBounds { west, south, east, north } = city.bounds;
    let low = city.anchor.enu(LonLat { lon: west, lat: south });
    let high = city.anchor.enu(LonLat { lon: east, lat: north });
    let margin = Coord { x: MARGIN_M, y: MARGIN_M };
    Rect::new(low - margin, high + margin)
}

#[derive(Clone, Copy)]
enum Kind {
    Land(LandKind),
    Water(WaterKind),
}

fn kind(tags: RawTags<'_>, drawn: Drawn) -> Option<Kind> {
    if tags.is_empty() {
        return None;
    }
    water::kind(tags).map(Kind::Water).or_else(|| land::kind(tags, drawn).map(Kind::Land))
}

/// An area with its outline.
struct Found<'a> {
    source: SourceRef,
    kind: Kind,
    tags: RawTags<'a>,
    outline: Outline,
}

fn way<'a>(raw: &'a RawMap, index: usize, holes: &BTreeMap<i64, usize>, anchor: &Anchor) -> Option<Found<'a>> {
    let way = raw.way_at(index);
    if !way.is_closed() {
        return None;
    }
    let kind = kind(way.tags, Drawn::ClosedWay)?;
    let outline = match holes.get(&way.id) {
        Some(relation) => multipolygon::of_relation(raw, &raw.relation_at(*relation), anchor),
        None => multipolygon::of_way(&way, anchor),
    };
    Some(Found { source: SourceRef::Way(way.id), kind, tags: way.tags, outline })
}

fn relation<'a>(
    raw: &'a RawMap,
    index: usize,
    anchor: &Anchor,
    frame: Option<Frame>,
    ground: &Ground,
) -> Option<Found<'a>> {
    let relation = raw.relation_at(index);
    if !multipolygon::draws_area(&relation) {
        return None;
    }
    let kind = kind(relation.tags, Drawn::Relation)?;
    let source = SourceRef::Relation(relation.id);
    let mut outline = multipolygon::of_relation(raw, &relation, anchor);
    if let (Kind::Water(_), Some(frame)) = (kind, frame) {
        water::close_torn(raw, anchor, &frame, ground, &source, &mut outline);
    }
    Some(Found { source, kind, tags: relation.tags, outline })
}

#[derive(Default)]
struct Surfaces {
    land: Vec<LandArea>,
    water: Vec<WaterArea>,
}

impl Surfaces {
    fn add(&mut self, found: Found<'_>, limits: Rect<f64>, problems: &mut Vec<Problem>) {
        problems.extend(found.outline.problems);
        let shape = found.outline.shape.map(|shape| multipolygon::trim(shape, limits));
        let Some(shape) = shape.filter(|shape| !shape.0.is_empty()) else { return };
        let name = found.tags.get("name").map(str::to_owned);
        let (source, tags) = (found.source, found.tags.to_tags());
        match found.kind {
            Kind::Land(kind) => self.land.push(LandArea { id: LandAreaId(0), source, kind, name, shape, tags }),
            Kind::Water(kind) => self.water.push(WaterArea { id: WaterAreaId(0), source, kind, name, shape, tags }),
        }
    }

    /// Largest first; the sort is stable, so equal ones stay in the order of the file. Areas are positive, so
    /// their bits order as they do.
    fn settle(mut self, city: &mut City) {
        self.land.sort_by_cached_key(|area| Reverse(area.shape.unsigned_area().to_bits()));
        self.water.sort_by_cached_key(|area| Reverse(area.shape.unsigned_area().to_bits()));
        for (index, area) in self.land.iter_mut().enumerate() {
            area.id = LandAreaId::from_index(index);
        }
        for (index, area) in self.water.iter_mut().enumerate() {
            area.id = WaterAreaId::from_index(index);
        }
        (city.land, city.water) = (self.land, self.water);
    }
}
