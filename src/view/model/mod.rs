//! Small models that are drawn in many copies, in unit size: front towards +x, left +y, up +z. Parts with
//! paint parameter 0 take the copy's colour.

mod plant;
mod post;
mod vehicle;

pub use plant::{broadleaf, conifer, far};
pub use post::{pin, signal, station};
pub use vehicle::{Body, body};

use crate::mesh::buffer::{MeshBuffer, Paint};

/// A box (sheared where `top` is smaller than `bottom`) between two heights, without its underside.
/// Rectangles are `[back, front, right, left]`.
fn block(mesh: &mut MeshBuffer, bottom: [f32; 4], top: [f32; 4], z: [f32; 2], paint: Paint) {
    let ring = |r: [f32; 4], z: f32| [[r[0], r[2], z], [r[1], r[2], z], [r[1], r[3], z], [r[0], r[3], z]];
    let (low, high) = (ring(bottom, z[0]), ring(top, z[1]));
    let uv = [0.0, 0.0];
    for k in 0..4 {
        let n = (k + 1) % 4;
        mesh.fan(&[(low[k], uv), (low[n], uv), (high[n], uv), (high[k], uv)], paint);
    }
    mesh.fan(&high.map(|p| (p, uv)), paint);
}

/// A rectangle across the front (or, mirrored, the back) at `x`.
fn plate(mesh: &mut MeshBuffer, x: f32, y: [f32; 2], z: [f32; 2], paint: Paint) {
    let uv = [0.0, 0.0];
    let corners = [([x, y[0], z[0]], uv), ([x, y[1], z[0]], uv), ([x, y[1], z[1]], uv), ([x, y[0], z[1]], uv)];
    if x > 0.0 {
        mesh.fan(&corners, paint);
    } else {
        let mut back = corners;
        back.reverse();
        mesh.fan(&back, paint);
    }
}
