//! Roofs that slope up from every edge to an inset outline with a level top: hips on footprints of any
//! shape, mansards, and roofs round courtyards.

use geo::{
    Area, Buffer, Contains, Coord, Euclidean, Length, LineString, MultiPolygon, Point, Polygon,
    algorithm::buffer::{BufferStyle, LineJoin},
};

use super::{Bed, corner};
use crate::mesh::{
    area,
    buffer::{MeshBuffer, newell},
};

/// Shares of area / perimeter that are tried as inset, deepest first. The deepest that leaves a top draws a
/// roof closest to a ridge; 1 never exceeds the largest inscribed circle of a convex outline.
const DEPTHS: [f64; 4] = [1.75, 1.35, 0.95, 0.6];
/// The lower slope of a mansard is this steep: run per rise.
const MANSARD_RUN: f64 = 0.5;

/// Draws the slopes and the top.
pub fn draw(mesh: &mut MeshBuffer, polygon: &Polygon<f64>, steep: bool, bed: Bed) {
    let perimeter: f64 = rings(polygon).map(|ring| Euclidean.length(ring)).sum();
    let scale = polygon.unsigned_area() / perimeter.max(1e-6);
    let wanted = f64::from(bed.rise_m) * MANSARD_RUN;
    for depth in DEPTHS {
        let depth = if steep { wanted.min(depth * scale) } else { depth * scale };
        let top = inset(polygon, depth);
        if depth > 0.15 && top.unsigned_area() > 0.2 {
            slopes(mesh, polygon, &top, bed);
            for piece in &top.0 {
                area::cap(mesh, piece, bed.eaves_m + bed.rise_m, true, bed.level);
            }
            return;
        }
    }
    area::cap(mesh, polygon, bed.eaves_m, true, bed.level);
}

fn inset(polygon: &Polygon<f64>, depth: f64) -> MultiPolygon<f64> {
    // The mitre angle is the sharpest that keeps its point, radian.
    polygon.buffer_with_style(BufferStyle::new(-depth).line_join(LineJoin::Miter(0.3)))
}

fn rings(polygon: &Polygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    std::iter::once(polygon.exterior()).chain(polygon.interiors())
}

/// The surface between the outline at the eaves and the top's outline.
fn slopes(mesh: &mut MeshBuffer, polygon: &Polygon<f64>, top: &MultiPolygon<f64>, bed: Bed) {
    let (low, high) = (bed.eaves_m, bed.eaves_m + bed.rise_m);
    let within = |ring: &LineString<f64>, hole: &LineString<f64>| {
        let inside = Polygon::new(ring.clone(), vec![]);
        hole.0.first().is_some_and(|p| inside.contains(&Point::from(*p)))
    };
    let mut free: Vec<&LineString<f64>> = polygon.interiors().iter().collect();
    for piece in &top.0 {
        for well in piece.interiors() {
            let (inner, rest): (Vec<_>, Vec<_>) = free.into_iter().partition(|hole| within(well, hole));
            free = rest;
            face(mesh, (well, high), &inner.iter().map(|hole| (*hole, low)).collect::<Vec<_>>(), bed);
        }
    }
    let mut holes: Vec<(&LineString<f64>, f32)> = top.0.iter().map(|piece| (piece.exterior(), high)).collect();
    holes.extend(free.into_iter().map(|hole| (hole, low)));
    face(mesh, (polygon.exterior(), low), &holes, bed);
}

/// Triangulates an outline with holes, each ring at its height.
fn face(mesh: &mut MeshBuffer, outline: (&LineString<f64>, f32), holes: &[(&LineString<f64>, f32)], bed: Bed) {
    let flat = Polygon::new(outline.0.clone(), holes.iter().map(|(ring, _)| (*ring).clone()).collect());
    let (points, triangles) = area::triangles(&flat);
    let mut heights = Vec::with_capacity(points.len());
    for (ring, z) in std::iter::once(&outline).chain(holes) {
        heights.extend(std::iter::repeat_n(*z, ring.0.len().saturating_sub(1)));
    }
    if heights.len() != points.len() {
        return;
    }
    for triangle in triangles {
        let corners = triangle.map(|k| (points[k], heights[k]));
        let plain = corners.map(|(p, z): (Coord<f64>, f32)| [p.x as f32, p.y as f32, z]);
        let Some(n) = newell(plain.into_iter()) else { continue };
        let grade = f64::from(n[0].hypot(n[1]));
        let down = if grade > 1e-4 { [f64::from(n[0]) / grade, f64::from(n[1]) / grade] } else { [0.0, 1.0] };
        let stretch = 1.0 / f64::from(n[2].abs().max(0.2));
        mesh.fan(&corners.map(|(p, z)| corner(p, z, down, stretch)), if grade > 0.05 { bed.slope } else { bed.level });
    }
}
