//! Lines along roads that never get thinner than a few pixels: the ribbons of the traffic layer, and what
//! keeps the network visible from far away.

use citytwin_model::{DrivingSide, FeatureRef, LinkId, Oneway, Road, RoadClass};

use super::{
    buffer::{MeshBuffer, Paint, Surface, Vertex},
    colour, ribbon,
    road::{Setting, half_m, lift_m},
};
use crate::heights::Station;

/// The ribbon of a link in the traffic layer: its half of the carriageway.
pub fn draw_link(setting: &Setting<'_>, id: LinkId, mesh: &mut MeshBuffer) {
    let Setting { city, heights, slots, .. } = *setting;
    let link = &city.links[id.index()];
    let road = &city.roads[link.road.index()];
    if road.tunnel {
        return;
    }
    let all = heights.road(road.id).stations(&road.line.0);
    let position = |vertex: u32| all.iter().position(|s| s.vertex == Some(vertex as usize));
    let (Some(first), Some(last)) = (position(link.first), position(link.last)) else { return };
    let half = half_m(road).max(2.2);
    let side = if city.driving_side.value == DrivingSide::Right { -1.0 } else { 1.0 };
    let side = if link.forward { side } else { -side };
    let edges = match road.oneway.value {
        Oneway::Both if side < 0.0 => [-0.1, -half],
        Oneway::Both => [half, 0.1],
        _ => [half, -half],
    };
    let paint = Paint::new([255; 3], Surface::Glow, slots.link(id)).with(LINK_PX);
    draw(mesh, &all[first..=last], edges, lift_m(road.class) + 0.12, paint);
}

/// The line that stands for a road from far away; it hides beneath the road from near.
pub fn draw_far(setting: &Setting<'_>, road: &Road, mesh: &mut MeshBuffer) {
    let px = match road.class {
        RoadClass::Motorway | RoadClass::Trunk => 44,
        RoadClass::Primary => 36,
        RoadClass::Secondary => 28,
        RoadClass::Tertiary => 22,
        RoadClass::Unclassified | RoadClass::Residential | RoadClass::LivingStreet => 14,
        _ => return,
    };
    if road.tunnel {
        return;
    }
    let stations = setting.heights.road(road.id).stations(&road.line.0);
    let half = half_m(road) * 0.8;
    let slot = setting.slots.feature(setting.city, FeatureRef::Road(road.id));
    let paint = Paint::new(colour::road(road.class).0, Surface::Asphalt, slot).with(px);
    draw(mesh, &stations, [half, -half], lift_m(road.class) - 0.05, paint);
}

/// Least half width on screen of the traffic layer, in 32nds of a pixel (as all of `with` here).
const LINK_PX: u8 = 70;

/// The normal of an outer vertex points outwards and uv.x is its distance from the axis, so that the shader
/// can widen the line; the paint's parameter is the least half width.
fn draw(mesh: &mut MeshBuffer, stations: &[Station], edges: [f64; 2], lift: f32, paint: Paint) {
    let mut before: Option<[u32; 2]> = None;
    for (station, left) in stations.iter().zip(ribbon::lefts(stations)) {
        let length = left[0].hypot(left[1]);
        let mut edge = |offset: f64| {
            let out = if offset.abs() > 0.2 { offset.signum() / length } else { 0.0 };
            let normal = [(left[0] * out) as f32, (left[1] * out) as f32, 0.0];
            let at = ribbon::beside(station, left, offset, lift);
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
