//! Flat areas: land, water and its banks.

use citytwin_model::{City, FeatureRef, LandArea, LandKind, WaterArea, Waterway};
use geo::{Coord, LineString, MultiPolygon, Polygon, TriangulateEarcut};

use super::{
    Slots,
    buffer::{MeshBuffer, Paint, Surface, Vertex},
    colour,
    ribbon::{self, Section},
};
use crate::heights::Profile;

/// Lowest land area above the ground plane, metre; kinds follow in steps. All lie below roads.
const LAND_LIFT_M: f32 = 0.02;
const LAND_STEP_M: f32 = 0.008;
/// Water above the lowest land, below parks and islands' greens? It covers what is mapped across it.
pub const WATER_LIFT_M: f32 = 0.21;
/// uv.x of level areas: the middle of a street lamp's pool, so that squares are lit evenly.
const LAMP_POOL: f32 = 16.0;
/// Width of the lighter strip along a bank, metre.
const SHORE_M: f64 = 3.0;

/// Height of a land kind's surface, metre.
pub fn land_lift_m(kind: LandKind) -> f32 {
    LAND_LIFT_M + LAND_STEP_M * f32::from(colour::land(kind).2)
}

/// Draws a land area.
pub fn land(city: &City, slots: &Slots, area: &LandArea, mesh: &mut MeshBuffer) {
    let (base, surface, _) = colour::land(area.kind);
    let slot = slots.feature(city, FeatureRef::LandArea(area.id));
    let tone = colour::scaled(base, 0.97 + 0.06 * colour::chance(area.id.0));
    // No lane marks on car parks.
    let parameter = if surface == Surface::Asphalt { 0 } else { 255 };
    cap_all(mesh, &area.shape, land_lift_m(area.kind), Paint::new(tone, surface, slot).with(parameter));
}

/// Draws a water area and the strip along its banks.
pub fn water(city: &City, slots: &Slots, area: &WaterArea, mesh: &mut MeshBuffer) {
    let slot = slots.feature(city, FeatureRef::WaterArea(area.id));
    cap_all(mesh, &area.shape, WATER_LIFT_M, Paint::new(colour::WATER, Surface::Water, slot));
    let shore = Paint::new(colour::WATER, Surface::Shore, slot);
    for polygon in &area.shape.0 {
        for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
            bank(mesh, ring, shore);
        }
    }
}

/// Draws a stream as a band of its width.
pub fn waterway(stream: &Waterway, mesh: &mut MeshBuffer) {
    if stream.tunnel {
        return;
    }
    let stations = Profile::default().stations(&stream.line.0);
    let half = 0.5 * stream.width_m.value.clamp(0.8, 200.0);
    let paint = Paint::new(colour::WATER, Surface::Water, super::slot::NO_SLOT);
    ribbon::band(mesh, &stations, &ribbon::lefts(&stations), Section::about(half, WATER_LIFT_M - 0.004), paint);
}

/// The strip inside a ring (rings run so that the area is on their left).
fn bank(mesh: &mut MeshBuffer, ring: &LineString<f64>, paint: Paint) {
    let stations = Profile::default().stations(&ring.0);
    let mut lefts = ribbon::lefts(&stations);
    if let (Some(first), Some(last)) = (lefts.first().copied(), lefts.last_mut()) {
        *last = first;
    }
    let section = Section { left: SHORE_M, right: 0.0, lift: WATER_LIFT_M + 0.006, v_left: 1.0, v_right: 0.0 };
    ribbon::band(mesh, &stations, &lefts, section, paint);
}

/// Triangulates all polygons as a level surface that faces up.
pub fn cap_all(mesh: &mut MeshBuffer, shape: &MultiPolygon<f64>, z: f32, paint: Paint) {
    for polygon in &shape.0 {
        cap(mesh, polygon, z, true, paint);
    }
}

/// Triangulates one polygon as a level surface that faces up or down.
pub fn cap(mesh: &mut MeshBuffer, polygon: &Polygon<f64>, z: f32, up: bool, paint: Paint) {
    let (points, triangles) = triangles(polygon);
    let normal = [0.0, 0.0, if up { 1.0 } else { -1.0 }];
    let base: Vec<u32> = points
        .iter()
        .map(|p| mesh.vertex(Vertex { at: [p.x as f32, p.y as f32, z], normal, uv: [LAMP_POOL, 0.0] }, paint))
        .collect();
    for [a, b, c] in triangles {
        let (a, b, c) = (base[a], base[b], base[c]);
        mesh.triangle(if up { [a, b, c] } else { [a, c, b] });
    }
}

/// Corners of a polygon and its triangles, counter-clockwise.
pub fn triangles(polygon: &Polygon<f64>) -> (Vec<Coord<f64>>, Vec<[usize; 3]>) {
    let raw = polygon.earcut_triangles_raw();
    let points: Vec<Coord<f64>> = raw.vertices.iter().map(|v| Coord { x: v[0], y: v[1] }).collect();
    let triangles = raw
        .triangle_indices
        .chunks_exact(3)
        .map(|t| {
            let [a, b, c] = [t[0], t[1], t[2]];
            let (p, q, r) = (points[a], points[b], points[c]);
            let twice = (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x);
            if twice >= 0.0 { [a, b, c] } else { [a, c, b] }
        })
        .collect();
    (points, triangles)
}
