//! The directed network that vehicles drive: nodes where motor roads meet or end, links between them.
//!
//! A motor road here is one whose class carries motor vehicles and that cars may use at least privately.

mod connectivity;
mod controls;
mod merge;
mod restrictions;

use citytwin_model::{
    AccessLevel, Anchor, City, Coord, Link, LinkEnd, LinkId, Node, NodeId, Oneway, Road, RoadId, SourceRef,
};

use self::controls::Controls;
use crate::{raw::RawMap, roads::RoadNodes};

/// Nodes and links by what they came from.
pub(crate) struct Index {
    /// The network node of each raw node; `NONE` where it is none.
    node_at: Vec<u32>,
    /// Links of each road, in `City::links`.
    links_of: Vec<std::ops::Range<u32>>,
}

const NONE: u32 = u32::MAX;

impl Index {
    pub fn node(&self, raw: &RawMap, id: i64) -> Option<NodeId> {
        let position = raw.position(id)?;
        Some(NodeId(self.node_at[position as usize])).filter(|node| node.0 != NONE)
    }

    pub fn links(&self, road: RoadId) -> impl Iterator<Item = LinkId> + Clone + use<> {
        self.links_of[road.index()].clone().map(LinkId)
    }
}

/// Fills nodes, links, controls and restrictions, marks what is connected, and adds the problems found.
pub fn build(raw: &RawMap, anchor: &Anchor, mut road_nodes: RoadNodes, city: &mut City) {
    merge::contract_zero_pieces(raw, anchor, &mut road_nodes, city);
    let controls = Controls::read(raw, anchor, city);
    let marks = mark_nodes(raw, &road_nodes, city, &controls);
    let node_at = make_nodes(raw, anchor, &marks, city);
    let links_of = make_links(&road_nodes, &node_at, city);
    let index = Index { node_at, links_of };
    controls.assign(&road_nodes, city);
    restrictions::resolve(raw, &index, city);
    connectivity::mark(city);
}

/// Whether vehicles drive on the road.
pub(crate) fn carries_cars(road: &Road) -> bool {
    road.class.is_motor() && road.access.car != AccessLevel::No
}

/// Which raw nodes become network nodes.
fn mark_nodes(raw: &RawMap, road_nodes: &RoadNodes, city: &City, controls: &Controls) -> Vec<bool> {
    let mut uses = vec![0u8; raw.node_count()];
    for (_, nodes) in motor(city, road_nodes) {
        for position in nodes {
            let uses = &mut uses[*position as usize];
            *uses = uses.saturating_add(1);
        }
        for end in [nodes.first(), nodes.last()].into_iter().flatten() {
            uses[*end as usize] = u8::MAX;
        }
    }
    let mut marks: Vec<bool> = uses.iter().map(|uses| *uses >= 2).collect();
    for (road, nodes) in motor(city, road_nodes) {
        let ends: Vec<usize> = (0..nodes.len()).filter(|index| marks[nodes[*index] as usize]).collect();
        for piece in ends.windows(2) {
            let (first, last) = (piece[0], piece[1]);
            if nodes[first] == nodes[last] {
                let middle = half_way(&road.line.0[first..=last]);
                marks[nodes[first + middle] as usize] = true;
            }
            controls.mark_lone_signals(road, nodes, (first, last), &mut marks);
        }
    }
    marks
}

fn motor<'a>(city: &'a City, road_nodes: &'a RoadNodes) -> impl Iterator<Item = (&'a Road, &'a Vec<u32>)> {
    city.roads.iter().zip(road_nodes).filter(|(road, _)| carries_cars(road))
}

/// The inner point nearest to half the length: a loop is split there, so that no link ends where it begins.
fn half_way(line: &[Coord<f64>]) -> usize {
    let along = distances_along(line);
    let half = along[along.len() - 1] / 2.0;
    let inner = 1..line.len().saturating_sub(1).max(2);
    inner.min_by(|a, b| (along[*a] - half).abs().total_cmp(&(along[*b] - half).abs())).unwrap_or(1)
}

/// Length from the first point to each point, metre.
pub(crate) fn distances_along(line: &[Coord<f64>]) -> Vec<f64> {
    let mut sum = 0.0;
    let steps = line.windows(2).map(|pair| {
        sum += (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
        sum
    });
    std::iter::once(0.0).chain(steps).collect()
}

fn make_nodes(raw: &RawMap, anchor: &Anchor, marks: &[bool], city: &mut City) -> Vec<u32> {
    let mut node_at = vec![NONE; marks.len()];
    for position in (0..marks.len()).filter(|position| marks[*position]) {
        let id = NodeId::from_index(city.nodes.len());
        let position = position as u32;
        let source = SourceRef::Node(raw.node_id(position));
        city.nodes.push(Node { id, source, at: anchor.enu(raw.place(position)), signals: false });
        node_at[position as usize] = id.0;
    }
    node_at
}

fn make_links(road_nodes: &RoadNodes, node_at: &[u32], city: &mut City) -> Vec<std::ops::Range<u32>> {
    let City { roads, links, .. } = city;
    let mut links_of = Vec::with_capacity(roads.len());
    for (road, nodes) in roads.iter().zip(road_nodes) {
        let start = links.len() as u32;
        if carries_cars(road) {
            push_links(road, nodes, node_at, links);
        }
        links_of.push(start..links.len() as u32);
    }
    links_of
}

/// The links of one road, piece by piece along its line, forward before backward.
fn push_links(road: &Road, nodes: &[u32], node_at: &[u32], links: &mut Vec<Link>) {
    let along = distances_along(&road.line.0);
    let ends: Vec<usize> = (0..nodes.len()).filter(|index| node_at[nodes[*index] as usize] != NONE).collect();
    for piece in ends.windows(2) {
        let (first, last) = (piece[0], piece[1]);
        let [start, end] = [first, last].map(|index| NodeId(node_at[nodes[index] as usize]));
        for forward in [true, false] {
            let against = if forward { Oneway::Backward } else { Oneway::Forward };
            if road.oneway.value == against {
                continue;
            }
            let (from, to) = if forward { (start, end) } else { (end, start) };
            let (lanes, speed) = if forward {
                (road.lanes_forward, road.speed_forward_mps)
            } else {
                (road.lanes_backward, road.speed_backward_mps)
            };
            links.push(Link {
                id: LinkId::from_index(links.len()),
                road: road.id,
                from,
                to,
                first: first as u32,
                last: last as u32,
                forward,
                length_m: along[last] - along[first],
                lanes: lanes.value.max(1),
                speed_mps: speed.value,
                end: LinkEnd::Free,
                connected: false,
            });
        }
    }
}

#[cfg(test)]
mod tests;
