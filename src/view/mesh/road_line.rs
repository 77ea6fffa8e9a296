//! Lines along roads that never get thinner than a few pixels: the ribbons of the traffic layer, and what
//! keeps the network visible from far away.

use citytwin_model::{DrivingSide, FeatureRef, LinkId, Oneway, Road, RoadClass};

use super::{
    buffer::{MeshBuffer, Paint, Surface},
    colour, ribbon,
    road::{Setting, half_m, lift_m},
};

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
    ribbon::widening(mesh, &all[first..=last], edges, lift_m(road.class) + 0.12, paint);
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
    ribbon::widening(mesh, &stations, [half, -half], lift_m(road.class) - 0.05, paint);
}

/// Least half width on screen of the traffic layer, in 32nds of a pixel (as all of `with` here).
const LINK_PX: u8 = 70;
