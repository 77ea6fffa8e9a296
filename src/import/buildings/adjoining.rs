//! Slivers of a larger building: cadastres draw bays, stairwells and light wells as buildings of their own.
//! One without a use or height that shares a wall with a larger building is a piece of it.

use citytwin_model::{Building, BuildingUse, Known, SourceRef};
use geo::Area;

use super::{Element, setting::SHED_AREA_M2, usage};

/// Nodes that two outlines share along one wall.
const WALL_NODES: usize = 2;
/// Buildings that meet at one corner, of which more are no walls: they are drawn on one spot.
const MAX_AT_CORNER: usize = 100;

/// For each building the larger one that it is a piece of.
pub(super) fn hosts(buildings: &[Element<'_>]) -> Vec<Option<usize>> {
    let areas: Vec<f64> = buildings.iter().map(|building| building.shape.unsigned_area()).collect();
    let piece = |index: usize| areas[index] < SHED_AREA_M2 && usage::says_nothing(buildings[index].tags);
    let mut corners: Vec<(i64, usize)> = Vec::new();
    for (index, building) in buildings.iter().enumerate() {
        corners.extend(building.nodes.iter().skip(1).map(|node| (*node, index)));
    }
    corners.sort_unstable();
    corners.dedup();
    let mut shared: Vec<(usize, usize)> = Vec::new();
    for group in corners.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() <= MAX_AT_CORNER) {
        for (_, small) in group.iter().filter(|(_, index)| piece(*index)) {
            let larger = group.iter().filter(|(_, index)| areas[*index] >= SHED_AREA_M2);
            shared.extend(larger.map(|(_, large)| (*small, *large)));
        }
    }
    shared.sort_unstable();
    let mut hosts: Vec<Option<usize>> = vec![None; buildings.len()];
    for pairs in shared.chunk_by(|a, b| a == b).filter(|pairs| pairs.len() >= WALL_NODES) {
        let (small, large) = pairs[0];
        if hosts[small].is_none_or(|held| areas[large] > areas[held]) {
            hosts[small] = Some(large);
        }
    }
    hosts
}

/// Gives a piece the use, walls and storeys of its host.
pub(super) fn adopt(piece: &mut Building, host: &Building) {
    const RULE: &str = "shares a wall with a larger building: a piece of it";
    if host.usage.value == BuildingUse::Ancillary || matches!(piece.source, SourceRef::Relation(_)) {
        return;
    }
    let walls = (host.volume.height_m.value - host.volume.roof.height_m.value).max(2.5);
    piece.usage = Known::inferred(host.usage.value, RULE);
    if walls > piece.volume.min_height_m.value + piece.volume.roof.height_m.value {
        piece.volume.height_m = Known::inferred(walls, RULE);
        piece.volume.levels = Known::inferred(host.volume.levels.value, RULE);
    }
}
