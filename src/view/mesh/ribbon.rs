//! Bands along a line: carriageways, kerbs, tracks, painted lines.

use geo::Coord;

use super::buffer::{MeshBuffer, Paint, Vertex};
use crate::heights::Station;

/// Longest mitre, in half widths: sharper corners are cut (as SVG's `miterlimit`, but lower, since roads
/// bend tightly).
const MITRE_LIMIT: f64 = 1.8;

/// The cross-section of a band.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Offsets from the line, metre, left positive; `left > right`.
    pub left: f64,
    pub right: f64,
    /// Above the station, metre.
    pub lift: f32,
    /// uv.y at the two edges.
    pub v_left: f32,
    pub v_right: f32,
}

impl Section {
    /// A band about the middle of the line with uv.y from 1 (left) to −1.
    pub const fn about(half_m: f64, lift: f32) -> Self {
        Self { left: half_m, right: -half_m, lift, v_left: 1.0, v_right: -1.0 }
    }
}

/// Vectors to the left of every station, long enough that the band keeps its width round corners.
pub fn lefts(stations: &[Station]) -> Vec<[f64; 2]> {
    let direction = |a: Coord<f64>, b: Coord<f64>| {
        let (dx, dy) = (b.x - a.x, b.y - a.y);
        let length = dx.hypot(dy);
        (length > 1e-6).then(|| [dx / length, dy / length])
    };
    let mut before = None;
    let mut result = Vec::with_capacity(stations.len());
    for (k, station) in stations.iter().enumerate() {
        let after = stations[k + 1..].iter().find_map(|next| direction(station.at, next.at));
        let incoming = before.or(after).unwrap_or([1.0, 0.0]);
        let outgoing = after.unwrap_or(incoming);
        let sum = [incoming[0] + outgoing[0], incoming[1] + outgoing[1]];
        let length = sum[0].hypot(sum[1]);
        // |sum| = 2 cos(half the turn); the mitre grows with its inverse.
        let mitre = if length > 1e-6 { (2.0 / length).min(MITRE_LIMIT) } else { 1.0 };
        let along = if length > 1e-6 { [sum[0] / length, sum[1] / length] } else { incoming };
        result.push([-along[1] * mitre, along[0] * mitre]);
        if let Some(next) = stations.get(k + 1) {
            before = direction(station.at, next.at).or(before);
        }
    }
    result
}

/// A point beside a station.
pub fn beside(station: &Station, left: [f64; 2], offset: f64, lift: f32) -> [f32; 3] {
    [(station.at.x + left[0] * offset) as f32, (station.at.y + left[1] * offset) as f32, station.z + lift]
}

/// Draws the band over stations `range`.
pub fn band(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], section: Section, paint: Paint) {
    if stations.len() < 2 {
        return;
    }
    let mut last: Option<[u32; 2]> = None;
    for (station, &left) in stations.iter().zip(lefts) {
        let mut edge = |offset: f64, v: f32| {
            let at = beside(station, left, offset, section.lift);
            mesh.vertex(Vertex { at, normal: [0.0, 0.0, 1.0], uv: [station.along as f32, v] }, paint)
        };
        let (l, r) = (edge(section.left, section.v_left), edge(section.right, section.v_right));
        if let Some([last_l, last_r]) = last {
            mesh.triangle([last_l, last_r, r]);
            mesh.triangle([last_l, r, l]);
        }
        last = Some([l, r]);
    }
}

/// A band that is never thinner on the screen than its paint's parameter, the least half width in 32nds of a pixel:
/// the normal of an outer vertex points outwards and uv.x is its distance from the axis, so that the shader
/// can widen the line.
pub fn widening(mesh: &mut MeshBuffer, stations: &[Station], edges: [f64; 2], lift: f32, paint: Paint) {
    let mut before: Option<[u32; 2]> = None;
    for (station, left) in stations.iter().zip(lefts(stations)) {
        let length = left[0].hypot(left[1]);
        let mut edge = |offset: f64| {
            let out = if offset.abs() > 0.2 { offset.signum() / length } else { 0.0 };
            let normal = [(left[0] * out) as f32, (left[1] * out) as f32, 0.0];
            let at = beside(station, left, offset, lift);
            mesh.vertex(Vertex { at, normal, uv: [offset.abs() as f32, station.along as f32] }, paint)
        };
        let (l, r) = (edge(edges[0]), edge(edges[1]));
        if let Some([last_l, last_r]) = before {
            mesh.triangle([last_l, last_r, r]);
            mesh.triangle([last_l, r, l]);
        }
        before = Some([l, r]);
    }
}

/// A vertical wall along an offset of the line, from `low` to `high` above the station; it faces left where
/// `faces_left`, else right. `to_ground` pulls its foot down to the ground.
pub fn wall(mesh: &mut MeshBuffer, stations: &[Station], lefts: &[[f64; 2]], side: Wall, paint: Paint) {
    for (pair, left) in stations.windows(2).zip(lefts.windows(2)) {
        let foot = |k: usize| {
            let mut at = beside(&pair[k], left[k], side.offset, side.low);
            if side.to_ground {
                at[2] = 0.0;
            }
            at
        };
        let top = |k: usize| beside(&pair[k], left[k], side.offset, side.high);
        let uv = |k: usize| [pair[k].along as f32, 0.0];
        let (a, b) = if side.faces_left { (1, 0) } else { (0, 1) };
        mesh.fan(&[(foot(a), uv(a)), (foot(b), uv(b)), (top(b), uv(b)), (top(a), uv(a))], paint);
    }
}

/// Where a wall along a line stands.
#[derive(Clone, Copy, Debug)]
pub struct Wall {
    pub offset: f64,
    pub low: f32,
    pub high: f32,
    pub faces_left: bool,
    pub to_ground: bool,
}

/// A disc that fills a junction or rounds an end. Its uv.x is the middle of a street lamp's pool.
pub fn disc(mesh: &mut MeshBuffer, at: [f32; 3], radius: f32, corners: u32, paint: Paint) {
    let normal = [0.0, 0.0, 1.0];
    let centre = mesh.vertex(Vertex { at, normal, uv: [16.0, 0.0] }, paint);
    for k in 0..corners {
        let (sin, cos) = (k as f32 / corners as f32 * std::f32::consts::TAU).sin_cos();
        mesh.vertex(Vertex { at: [at[0] + radius * cos, at[1] + radius * sin, at[2]], normal, uv: [16.0, 0.9] }, paint);
    }
    for k in 0..corners {
        mesh.triangle([centre, centre + 1 + k, centre + 1 + (k + 1) % corners]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{heights::Profile, mesh::Surface};

    fn stations(points: &[(f64, f64)]) -> Vec<Station> {
        Profile::default().stations(&points.iter().map(|&(x, y)| Coord { x, y }).collect::<Vec<_>>())
    }

    #[test]
    fn a_band_keeps_its_width_round_a_corner() {
        let stations = stations(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]);
        let lefts = lefts(&stations);
        assert!((lefts[1][0] + 1.0).abs() < 1e-9 && (lefts[1][1] - 1.0).abs() < 1e-9, "{:?}", lefts[1]);
        let mut mesh = MeshBuffer::default();
        band(&mut mesh, &stations, &lefts, Section::about(2.0, 0.1), Paint::new([0; 3], Surface::Asphalt, 1));
        assert_eq!(mesh.indices.len(), 12);
        assert!(mesh.is_finite());
    }

    #[test]
    fn bands_face_up_and_repeated_points_do_no_harm() {
        let stations = stations(&[(0.0, 0.0), (0.0, 0.0), (5.0, 3.0), (5.0, 3.0)]);
        let mut mesh = MeshBuffer::default();
        band(
            &mut mesh,
            &stations,
            &lefts(&stations),
            Section::about(1.0, 0.0),
            Paint::new([0; 3], Surface::Asphalt, 1),
        );
        assert!(mesh.is_finite());
        for t in mesh.indices.chunks(3) {
            let [a, b, c] = [t[0], t[1], t[2]].map(|i| mesh.positions[i as usize]);
            let up = (b[2] - a[2]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[2] - a[2]);
            assert!(up >= -1e-5, "{up}");
        }
    }
}
