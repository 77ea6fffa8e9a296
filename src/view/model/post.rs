//! Things on posts: sensor pins and signal heads.

use std::f32::consts::TAU;

use super::block;
use crate::mesh::{
    buffer::{MeshBuffer, Paint, Surface, Vertex, unit},
    slot::NO_SLOT,
};

const POST: Paint = Paint::new([92, 96, 100], Surface::Plain, NO_SLOT);
const CASE: Paint = Paint::new([30, 32, 34], Surface::Plain, NO_SLOT);
const MARK: Paint = Paint::new([255; 3], Surface::Mark, NO_SLOT).with(0);
const LAMP: Paint = Paint::new([255; 3], Surface::SignalLamp, NO_SLOT).with(0);

/// A sensor's pin, 1 m high: a thin post with a ball in the copy's colour.
pub fn pin() -> MeshBuffer {
    let mut mesh = MeshBuffer::default();
    block(&mut mesh, [-0.025, 0.025, -0.025, 0.025], [-0.025, 0.025, -0.025, 0.025], [0.0, 0.75], POST);
    ball(&mut mesh, [0.0, 0.0, crate::marks::BALL_AT], crate::marks::BALL_RADIUS, MARK);
    mesh
}

/// A station of the power grid, 1 m high: a compact house with a flat roof in the copy's colour.
pub fn station() -> MeshBuffer {
    let mut mesh = MeshBuffer::default();
    let (low, roof) = ([-0.55, 0.55, -0.45, 0.45], [-0.62, 0.62, -0.52, 0.52]);
    block(&mut mesh, low, low, [0.0, 0.8], CASE);
    block(&mut mesh, roof, roof, [0.8, 1.0], MARK);
    mesh
}

/// A signal head in metres: a post beside the lane with a case; the lit lamp takes the copy's colour.
pub fn signal() -> MeshBuffer {
    let mut mesh = MeshBuffer::default();
    block(&mut mesh, [-0.08, 0.08, -0.08, 0.08], [-0.07, 0.07, -0.07, 0.07], [0.0, 4.6], POST);
    block(&mut mesh, [-0.22, 0.02, -0.28, 0.28], [-0.22, 0.02, -0.28, 0.28], [3.3, 4.7], CASE);
    // Drivers come from behind (−x): the lamp faces them.
    ball(&mut mesh, [-0.3, 0.0, 4.0], 0.34, LAMP);
    mesh
}

fn ball(mesh: &mut MeshBuffer, at: [f32; 3], radius: f32, paint: Paint) {
    const SIDES: u32 = 10;
    const RINGS: u32 = 6;
    let vertex = |ring: u32, k: u32, mesh: &mut MeshBuffer| {
        let (sin_p, cos_p) = (ring as f32 / RINGS as f32 * 0.5 * TAU).sin_cos();
        let (sin, cos) = (k as f32 / SIDES as f32 * TAU).sin_cos();
        let n = [sin_p * cos, sin_p * sin, -cos_p];
        let normal = unit(n).unwrap_or([0.0, 0.0, 1.0]);
        mesh.vertex(Vertex { at: std::array::from_fn(|i| at[i] + radius * n[i]), normal, uv: [0.0, 0.0] }, paint)
    };
    let rings: Vec<Vec<u32>> = (0..=RINGS).map(|ring| (0..SIDES).map(|k| vertex(ring, k, mesh)).collect()).collect();
    for pair in rings.windows(2) {
        for k in 0..SIDES as usize {
            let n = (k + 1) % SIDES as usize;
            mesh.triangle([pair[0][k], pair[0][n], pair[1][n]]);
            mesh.triangle([pair[0][k], pair[1][n], pair[1][k]]);
        }
    }
}
