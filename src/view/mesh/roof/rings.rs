//! Roofs that shrink the outline towards its middle: pyramids, cones, domes, onions.

use geo::{Centroid, Coord, Polygon};

use super::Bed;
use crate::mesh::buffer::{MeshBuffer, Vertex, unit};

/// (scale of the outline, share of the rise), from the eaves up; the last ring is the apex.
pub const PYRAMID: &[[f32; 2]] = &[[1.0, 0.0], [0.0, 1.0]];
pub const DOME: &[[f32; 2]] =
    &[[1.0, 0.0], [0.97, 0.26], [0.87, 0.5], [0.71, 0.71], [0.5, 0.87], [0.26, 0.97], [0.0, 1.0]];
pub const ONION: &[[f32; 2]] = &[
    [1.0, 0.0],
    [1.12, 0.14],
    [1.18, 0.28],
    [1.05, 0.42],
    [0.75, 0.56],
    [0.42, 0.68],
    [0.18, 0.8],
    [0.07, 0.9],
    [0.0, 1.0],
];

/// Whether the centroid sees every edge from inside.
pub fn is_star(polygon: &Polygon<f64>) -> bool {
    let Some(c) = polygon.centroid().map(Coord::from) else { return false };
    polygon.exterior().0.windows(2).all(|w| {
        let cross = (w[0].x - c.x) * (w[1].y - c.y) - (w[0].y - c.y) * (w[1].x - c.x);
        cross > -1e-9
    })
}

/// Draws the rings; faces are flat round the corners of the outline and smooth up the profile.
pub fn draw(mesh: &mut MeshBuffer, polygon: &Polygon<f64>, profile: &[[f32; 2]], bed: Bed) {
    let Some(c) = polygon.centroid().map(Coord::from) else { return };
    let z = |h: f32| bed.eaves_m + bed.rise_m * h;
    let at = |p: Coord<f64>, k: f32, h: f32| {
        [(c.x + (p.x - c.x) * f64::from(k)) as f32, (c.y + (p.y - c.y) * f64::from(k)) as f32, z(h)]
    };
    let mut u = 0.0;
    for edge in polygon.exterior().0.windows(2) {
        let (a, b) = (edge[0], edge[1]);
        let length = (b.x - a.x).hypot(b.y - a.y) as f32;
        if length < 1e-3 {
            continue;
        }
        // Outward normal of the edge, and how far the edge is from the middle.
        let out = [((b.y - a.y) as f32) / length, -((b.x - a.x) as f32) / length];
        let reach = ((a.x - c.x) as f32 * out[0] + (a.y - c.y) as f32 * out[1]).max(0.1);
        let normal = |i: usize| {
            let (low, high) = (profile[i.saturating_sub(1)], profile[(i + 1).min(profile.len() - 1)]);
            let (dk, dh) = ((high[0] - low[0]) * reach, (high[1] - low[1]) * bed.rise_m);
            unit([out[0] * dh, out[1] * dh, -dk]).unwrap_or([0.0, 0.0, 1.0])
        };
        for (i, pair) in profile.windows(2).enumerate() {
            let ([k0, h0], [k1, h1]) = (pair[0], pair[1]);
            let mut place = |p: Coord<f64>, k: f32, h: f32, n: usize, du: f32| {
                let v = -h * (bed.rise_m + reach);
                mesh.vertex(Vertex { at: at(p, k, h), normal: normal(n), uv: [u + du, v] }, bed.slope)
            };
            let (p, q) = (place(a, k0, h0, i, 0.0), place(b, k0, h0, i, length));
            let r = place(b, k1, h1, i + 1, length);
            if k1 > 0.0 {
                let s = place(a, k1, h1, i + 1, 0.0);
                mesh.triangle([p, q, r]);
                mesh.triangle([p, r, s]);
            } else {
                mesh.triangle([p, q, r]);
            }
        }
        u += length;
    }
}
