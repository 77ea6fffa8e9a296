//! Cables and lines of the power grid as bands along their course, one row of the grid's table each.

use geo::Coord;

use super::{
    buffer::{MeshBuffer, Paint, Surface},
    ribbon,
};
use crate::{Strand, StrandKind, heights::Station};

/// Above ground and roads, metre: cables lie beneath, but what lies beneath is not seen.
const LIFT_M: f32 = 0.9;

/// Half width, metre, and least half width on the screen, 32nds of a pixel.
const fn size(kind: StrandKind) -> (f64, u8) {
    match kind {
        StrandKind::Medium => (2.0, 60),
        StrandKind::Low => (1.0, 30),
        StrandKind::Service => (0.35, 10),
    }
}

/// Draws one strand, coloured by row `slot`.
pub fn draw(strand: &Strand, slot: u32, mesh: &mut MeshBuffer) {
    let mut along = 0.0;
    let mut last: Option<[f32; 2]> = None;
    let stations: Vec<Station> = strand
        .points
        .iter()
        .map(|point| {
            along += last.map_or(0.0, |last| f64::from((point[0] - last[0]).hypot(point[1] - last[1])));
            last = Some(*point);
            Station { at: Coord { x: point[0].into(), y: point[1].into() }, z: 0.0, along, vertex: None }
        })
        .collect();
    let (half_m, least_px) = size(strand.kind);
    let paint = Paint::new([255; 3], Surface::Glow, slot).with(least_px);
    ribbon::widening(mesh, &stations, [half_m, -half_m], LIFT_M, paint);
}
