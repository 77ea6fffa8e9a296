//! Trees: 1 m wide and 1 m high, scaled by the copy.

use std::f32::consts::TAU;

use crate::mesh::{
    buffer::{MeshBuffer, Paint, Surface, Vertex, unit},
    colour::chance,
    slot::NO_SLOT,
};

const TRUNK: Paint = Paint::new([104, 84, 66], Surface::Plain, NO_SLOT);
const LEAF: Paint = Paint::new([255; 3], Surface::Leaf, NO_SLOT).with(0);

/// A broadleaf tree: a bumpy crown on a trunk.
pub fn broadleaf() -> MeshBuffer {
    const SIDES: u32 = 8;
    // Height and radius of the crown's rings, share of the tree.
    const RINGS: [[f32; 2]; 4] = [[0.34, 0.34], [0.52, 0.5], [0.74, 0.45], [0.91, 0.25]];
    let mut mesh = MeshBuffer::default();
    trunk(&mut mesh, 0.035, 0.4);
    let middle = [0.0, 0.0, 0.62];
    let vertex = |mesh: &mut MeshBuffer, at: [f32; 3]| {
        let out = unit([at[0] - middle[0], at[1] - middle[1], (at[2] - middle[2]) * 1.2]).unwrap_or([0.0, 0.0, 1.0]);
        mesh.vertex(Vertex { at, normal: out, uv: [0.0, ((at[2] - 0.25) / 0.75).clamp(0.0, 1.0)] }, LEAF)
    };
    let bottom = vertex(&mut mesh, [0.0, 0.0, 0.26]);
    let mut rings = Vec::new();
    for (i, [z, r]) in RINGS.into_iter().enumerate() {
        let ring: Vec<u32> = (0..SIDES)
            .map(|k| {
                let bump = 0.82 + 0.36 * chance(k * 7 + i as u32 * 31);
                let (sin, cos) = ((k as f32 + 0.5 * (i % 2) as f32) / SIDES as f32 * TAU).sin_cos();
                vertex(&mut mesh, [r * bump * cos, r * bump * sin, z + 0.05 * (bump - 1.0)])
            })
            .collect();
        rings.push(ring);
    }
    let top = vertex(&mut mesh, [0.03, -0.02, 1.0]);
    close(&mut mesh, &rings, bottom, top);
    mesh
}

fn close(mesh: &mut MeshBuffer, rings: &[Vec<u32>], bottom: u32, top: u32) {
    let sides = rings[0].len();
    for k in 0..sides {
        let n = (k + 1) % sides;
        mesh.triangle([bottom, rings[0][n], rings[0][k]]);
        mesh.triangle([top, rings[rings.len() - 1][k], rings[rings.len() - 1][n]]);
        for pair in rings.windows(2) {
            mesh.triangle([pair[0][k], pair[0][n], pair[1][n]]);
            mesh.triangle([pair[0][k], pair[1][n], pair[1][k]]);
        }
    }
}

/// What a tree is from afar: eight faces, no trunk.
pub fn far(conifer: bool) -> MeshBuffer {
    let (low, wide, high) = if conifer { (0.12, 0.22, 1.0) } else { (0.24, 0.58, 1.0) };
    let radius = if conifer { 0.46 } else { 0.47 };
    let mut mesh = MeshBuffer::default();
    let middle = 0.5 * (low + high);
    let vertex = |mesh: &mut MeshBuffer, at: [f32; 3]| {
        let normal = unit([at[0], at[1], (at[2] - middle) * 1.1]).unwrap_or([0.0, 0.0, 1.0]);
        mesh.vertex(Vertex { at, normal, uv: [0.0, ((at[2] - 0.25) / 0.75).clamp(0.0, 1.0)] }, LEAF)
    };
    let ring: Vec<u32> = (0..4)
        .map(|k| {
            let (sin, cos) = (k as f32 / 4.0 * TAU).sin_cos();
            vertex(&mut mesh, [radius * cos, radius * sin, wide])
        })
        .collect();
    let (bottom, top) = (vertex(&mut mesh, [0.0, 0.0, low]), vertex(&mut mesh, [0.0, 0.0, high]));
    for k in 0..4 {
        mesh.triangle([ring[k], ring[(k + 1) % 4], top]);
        mesh.triangle([ring[(k + 1) % 4], ring[k], bottom]);
    }
    mesh
}

/// A conifer: three stacked cones.
pub fn conifer() -> MeshBuffer {
    const SIDES: u32 = 7;
    const CONES: [[f32; 3]; 3] = [[0.14, 0.56, 0.5], [0.38, 0.8, 0.37], [0.62, 1.0, 0.24]];
    let mut mesh = MeshBuffer::default();
    trunk(&mut mesh, 0.05, 0.2);
    for [low, high, radius] in CONES {
        for k in 0..SIDES {
            let angle = |k: u32| (k as f32 + low * 3.0) / SIDES as f32 * TAU;
            let corner = |k: u32| {
                let (sin, cos) = angle(k).sin_cos();
                [radius * cos, radius * sin, low]
            };
            let uv = |z: f32| [0.0, ((z - 0.1) / 0.9).clamp(0.0, 1.0)];
            let normal = |k: f32| {
                let (sin, cos) = ((k + low * 3.0) / SIDES as f32 * TAU).sin_cos();
                unit([cos, sin, 0.55]).unwrap_or([0.0, 0.0, 1.0])
            };
            let a = mesh.vertex(Vertex { at: corner(k), normal: normal(k as f32), uv: uv(low) }, LEAF);
            let b = mesh.vertex(Vertex { at: corner(k + 1), normal: normal(k as f32 + 1.0), uv: uv(low) }, LEAF);
            let c = mesh.vertex(Vertex { at: [0.0, 0.0, high], normal: normal(k as f32 + 0.5), uv: uv(high) }, LEAF);
            mesh.triangle([a, b, c]);
        }
    }
    mesh
}

fn trunk(mesh: &mut MeshBuffer, half: f32, height: f32) {
    super::block(
        mesh,
        [-half, half, -half, half],
        [-half * 0.7, half * 0.7, -half * 0.7, half * 0.7],
        [0.0, height],
        TRUNK,
    );
}
