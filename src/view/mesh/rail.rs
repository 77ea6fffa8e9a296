//! Railway and tram tracks: ballast (not in streets) and two rails.

use citytwin_model::{FeatureRef, Railway, RailwayKind};

use super::{
    buffer::{MeshBuffer, Paint, Surface},
    ribbon::{self, Section},
    road::Setting,
    structure,
};

/// Standard gauge between the rails' inner faces, metre (UIC 510): centre of a rail is 0.75 m off the axis.
const RAIL_OFF_M: f64 = 0.75;
const RAIL_HALF_M: f64 = 0.06;
/// Ballast bed of a single track, half, metre (EN 13803: about 3 m at the sleepers).
const BED_HALF_M: f64 = 1.75;
const BALLAST: [u8; 3] = [134, 124, 114];
const RAIL: [u8; 3] = [104, 96, 92];

/// Draws one track.
pub fn draw(setting: &Setting<'_>, railway: &Railway, mesh: &mut MeshBuffer, solid: &mut MeshBuffer) {
    let Setting { city, heights, slots, .. } = *setting;
    if railway.tunnel || railway.kind == RailwayKind::Subway && !railway.bridge && railway.layer < 0 {
        return;
    }
    let slot = slots.feature(city, FeatureRef::Railway(railway.id));
    let stations = heights.railway(railway.id).stations(&railway.line.0);
    let lefts = ribbon::lefts(&stations);
    let in_street = railway.kind == RailwayKind::Tram;
    let lift = if in_street { 0.52 } else { 0.27 };
    if stations.iter().any(|s| s.z > 0.2) {
        let deck = structure::Deck { edge_m: BED_HALF_M + 0.6, bridge: railway.bridge, lift: 0.25, slot };
        structure::draw(solid, &stations, &lefts, deck);
    }
    let faint = railway.kind == RailwayKind::Inactive;
    if !in_street {
        let colour = if faint { [158, 152, 138] } else { BALLAST };
        ribbon::band(
            mesh,
            &stations,
            &lefts,
            Section::about(BED_HALF_M, lift),
            Paint::new(colour, Surface::Ballast, slot),
        );
    }
    if faint {
        return;
    }
    let rail = Paint::new(RAIL, Surface::Plain, slot);
    for offset in [RAIL_OFF_M, -RAIL_OFF_M] {
        let section = Section {
            left: offset + RAIL_HALF_M,
            right: offset - RAIL_HALF_M,
            lift: lift + if in_street { 0.01 } else { 0.16 },
            v_left: 0.0,
            v_right: 0.0,
        };
        ribbon::band(mesh, &stations, &lefts, section, rail);
    }
}
