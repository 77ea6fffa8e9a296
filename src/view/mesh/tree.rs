//! Where trees stand: those of the map, and made-up ones that stand for the cover of woods and parks. The
//! made-up ones are the same in every run and are no features: nothing picks them.

use citytwin_model::{City, LandArea, LandKind, RoadClass};
use geo::{Area, BoundingRect, Contains, Coord, Point};
use rstar::{
    AABB, PointDistance, RTree,
    primitives::{GeomWithData, Line, Rectangle},
};

use super::{
    chunk::{self, ChunkKey},
    colour, road,
};

/// Most made-up trees of a city.
const MOST: usize = 50_000;
/// Gap kept to walls and carriageways, metre.
const GAP_M: f64 = 2.0;

/// A tree to draw.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stand {
    pub at: [f32; 2],
    pub height_m: f32,
    pub crown_m: f32,
    pub conifer: bool,
    /// Chooses its green and turn.
    pub seed: u32,
}

/// All trees by chunk, in order of chunks.
pub fn stands(city: &City) -> Vec<(ChunkKey, Vec<Stand>)> {
    let mut all: Vec<Stand> = city
        .trees
        .iter()
        .map(|tree| Stand {
            at: [tree.at.x as f32, tree.at.y as f32],
            height_m: tree.height_m.value.clamp(1.0, 60.0),
            crown_m: tree.crown_diameter_m.value.clamp(0.8, 30.0),
            conifer: tree.conifer,
            seed: colour::mix(tree.id.0),
        })
        .collect();
    all.extend(made_up(city));
    chunk::group(all.len(), chunk::FINE_M, |k| Some(Coord { x: f64::from(all[k].at[0]), y: f64::from(all[k].at[1]) }))
        .into_iter()
        .map(|(key, indices)| (key, indices.into_iter().map(|k| all[k]).collect()))
        .collect()
}

/// Spacing of trees by land, metre; `None` where none are made up.
const fn spacing_m(kind: LandKind) -> Option<f64> {
    match kind {
        LandKind::Forest => Some(8.0),
        LandKind::Park => Some(19.0),
        LandKind::Cemetery => Some(17.0),
        LandKind::Scrub => Some(15.0),
        _ => None,
    }
}

fn made_up(city: &City) -> Vec<Stand> {
    let wooded: Vec<(&LandArea, f64)> = city.land.iter().filter_map(|a| Some((a, spacing_m(a.kind)?))).collect();
    let expected: f64 = wooded.iter().map(|(a, s)| a.shape.unsigned_area() / (s * s)).sum();
    // Thinned evenly where a city has more wood than can be drawn.
    let widen = (expected / MOST as f64).max(1.0).sqrt();
    if wooded.is_empty() {
        return Vec::new();
    }
    let free = Free::of(city);
    let mut stands = Vec::new();
    for (area, spacing) in wooded {
        scatter(area, spacing * widen, city, &free, &mut stands);
    }
    stands
}

fn scatter(area: &LandArea, spacing: f64, city: &City, free: &Free, stands: &mut Vec<Stand>) {
    for polygon in &area.shape.0 {
        let Some(rect) = polygon.bounding_rect() else { continue };
        let cell = |x: f64| (x / spacing).floor() as i64;
        for j in cell(rect.min().y)..=cell(rect.max().y) {
            for i in cell(rect.min().x)..=cell(rect.max().x) {
                let seed = colour::mix(
                    (i as u32).wrapping_mul(0x1F1F_1F1F) ^ (j as u32).wrapping_mul(0x0031_4159) ^ area.id.0,
                );
                let at = Coord {
                    x: (i as f64 + 0.1 + 0.8 * f64::from(colour::chance(seed))) * spacing,
                    y: (j as f64 + 0.1 + 0.8 * f64::from(colour::chance(seed ^ 1))) * spacing,
                };
                if polygon.contains(&Point::from(at)) && free.at(at) {
                    stands.push(stand(at, area.kind, city.anchor.origin.lat, seed));
                }
            }
        }
    }
}

fn stand(at: Coord<f64>, kind: LandKind, latitude: f64, seed: u32) -> Stand {
    let size = colour::chance(seed ^ 2);
    let height_m = match kind {
        LandKind::Scrub => 2.0 + 2.5 * size,
        LandKind::Forest => 9.0 + 9.0 * size,
        _ => 7.0 + 8.0 * size,
    };
    // Boreal woods are mostly conifers.
    let conifer = kind == LandKind::Forest && colour::chance(seed ^ 3) < if latitude.abs() > 55.0 { 0.5 } else { 0.15 };
    let crown_m = height_m * if conifer { 0.38 } else { 0.5 + 0.2 * colour::chance(seed ^ 4) };
    Stand { at: [at.x as f32, at.y as f32], height_m, crown_m, conifer, seed }
}

/// What a tree must not stand in.
struct Free {
    buildings: RTree<Rectangle<[f64; 2]>>,
    roads: RTree<GeomWithData<Line<[f64; 2]>, f64>>,
    water: RTree<GeomWithData<Rectangle<[f64; 2]>, usize>>,
    shapes: Vec<geo::MultiPolygon<f64>>,
}

impl Free {
    fn of(city: &City) -> Self {
        let boxed = |shape: &geo::MultiPolygon<f64>, gap: f64| {
            let rect = shape.bounding_rect()?;
            Some(Rectangle::from_corners(
                [rect.min().x - gap, rect.min().y - gap],
                [rect.max().x + gap, rect.max().y + gap],
            ))
        };
        let buildings = city.buildings.iter().filter_map(|b| boxed(&b.volume.footprint, GAP_M)).collect();
        let roads = city
            .roads
            .iter()
            .filter(|r| !r.tunnel && r.class != RoadClass::Path)
            .flat_map(|r| {
                let half = road::half_m(r) + GAP_M + if road::has_pavement(r) { road::PAVEMENT_M } else { 0.0 };
                r.line.0.windows(2).map(move |w| GeomWithData::new(Line::new([w[0].x, w[0].y], [w[1].x, w[1].y]), half))
            })
            .collect();
        let shapes: Vec<_> = city.water.iter().map(|w| w.shape.clone()).collect();
        let water = shapes.iter().enumerate().filter_map(|(k, s)| Some(GeomWithData::new(boxed(s, 0.0)?, k))).collect();
        Self {
            buildings: RTree::bulk_load(buildings),
            roads: RTree::bulk_load(roads),
            water: RTree::bulk_load(water),
            shapes,
        }
    }

    fn at(&self, at: Coord<f64>) -> bool {
        let p = [at.x, at.y];
        let near = AABB::from_corners([at.x - 16.0, at.y - 16.0], [at.x + 16.0, at.y + 16.0]);
        self.buildings.locate_at_point(&p).is_none()
            && !self
                .roads
                .locate_in_envelope_intersecting(&near)
                .any(|piece| piece.geom().distance_2(&p) < piece.data * piece.data)
            && !self.water.locate_all_at_point(&p).any(|w| self.shapes[w.data].contains(&Point::from(at)))
    }
}
