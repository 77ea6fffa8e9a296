//! Pieces without length: successive nodes of a road at one place are one node to the network.

use std::collections::BTreeMap;

use citytwin_model::{Anchor, City, Problem, ProblemKind};

use crate::{raw::RawMap, roads::RoadNodes};

/// Replaces nodes that stand where their neighbour on a road stands by that neighbour, on every road, and
/// drops the points that then repeat.
pub fn contract_zero_pieces(raw: &RawMap, anchor: &Anchor, road_nodes: &mut RoadNodes, city: &mut City) {
    let mut stand_in: BTreeMap<u32, u32> = BTreeMap::new();
    for (road, nodes) in city.roads.iter().zip(road_nodes.iter()) {
        let mut count = 0;
        for pair in nodes.windows(2).filter(|pair| raw.place(pair[0]) == raw.place(pair[1])) {
            let [a, b] = [pair[0], pair[1]].map(|node| last(&mut stand_in, node));
            if a != b {
                stand_in.insert(a.max(b), a.min(b));
            }
            count += 1;
        }
        if count > 0 {
            let what = format!("has {count} pieces without length; their nodes are taken as one");
            let (kind, at) = (ProblemKind::Geometry, road.line.0.first().copied());
            city.problems.push(Problem { source: road.source.clone(), kind, what, at });
        }
    }
    if stand_in.is_empty() {
        return;
    }
    for (road, nodes) in city.roads.iter_mut().zip(road_nodes) {
        if nodes.iter().any(|node| stand_in.contains_key(node)) {
            for node in nodes.iter_mut() {
                *node = last(&mut stand_in, *node);
            }
            nodes.dedup();
            road.line = nodes.iter().map(|node| anchor.enu(raw.place(*node))).collect();
        }
    }
}

/// The node that finally stands for `node`, shortening the way there.
fn last(stand_in: &mut BTreeMap<u32, u32>, mut node: u32) -> u32 {
    while let Some(next) = stand_in.get(&node).copied() {
        if let Some(after) = stand_in.get(&next).copied() {
            stand_in.insert(node, after);
        }
        node = next;
    }
    node
}
