//! The plain on which the city lies, out to the horizon.

use super::buffer::{MeshBuffer, Paint, Surface, Vertex};
use super::{colour, slot::NO_SLOT};

/// Half its side, metre: beyond what haze lets one see.
const HALF_M: f32 = 60_000.0;

/// A square about a middle.
pub fn plain(middle: [f32; 2]) -> MeshBuffer {
    let mut mesh = MeshBuffer::default();
    let paint = Paint::new(colour::GROUND, Surface::Ground, NO_SLOT);
    // A coarse grid: interpolating positions over a 120 km triangle costs precision on screen.
    const CELLS: u32 = 24;
    let at = |k: u32, c: f32| c - HALF_M + 2.0 * HALF_M * k as f32 / CELLS as f32;
    for j in 0..=CELLS {
        for i in 0..=CELLS {
            let (x, y) = (at(i, middle[0]), at(j, middle[1]));
            mesh.vertex(Vertex { at: [x, y, 0.0], normal: [0.0, 0.0, 1.0], uv: [x, y] }, paint);
        }
    }
    for j in 0..CELLS {
        for i in 0..CELLS {
            let a = j * (CELLS + 1) + i;
            mesh.triangle([a, a + 1, a + CELLS + 2]);
            mesh.triangle([a, a + CELLS + 2, a + CELLS + 1]);
        }
    }
    mesh
}
