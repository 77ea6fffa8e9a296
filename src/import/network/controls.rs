//! Signals, stop and give-way signs: read from nodes, assigned to the ends of the links they hold for.

use std::collections::BTreeMap;

use citytwin_model::{Anchor, City, Control, ControlDirection, ControlKind, Link, LinkEnd, Road, RoadClass, SourceRef};

use super::distances_along;
use crate::{raw::RawMap, roads::RoadNodes};

/// A control this near before a junction belongs to it, metre. Stop lines of large junctions stand up to
/// some 30 m before the crossing of the centre lines.
const APPROACH_M: f64 = 40.0;

/// The controls of a map.
pub struct Controls {
    /// By position of their node in the raw map: kind, direction as tagged, and whether all approaches stop.
    at: BTreeMap<u32, Mark>,
}

#[derive(Clone, Copy)]
struct Mark {
    kind: ControlKind,
    direction: Option<ControlDirection>,
    all: bool,
}

impl Controls {
    /// Reads them and fills `City::controls`.
    pub fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) -> Self {
        let mut at = BTreeMap::new();
        for node in raw.tagged_nodes() {
            let kind = match node.tags.get("highway") {
                Some("traffic_signals") => ControlKind::Signals,
                Some("stop") => ControlKind::Stop,
                Some("give_way") => ControlKind::GiveWay,
                _ => continue,
            };
            let tagged = node.tags.get("traffic_signals:direction").or_else(|| node.tags.get("direction"));
            let direction = match tagged {
                Some("forward") => Some(ControlDirection::Forward),
                Some("backward") => Some(ControlDirection::Backward),
                Some("both") => Some(ControlDirection::Both),
                _ => None,
            };
            let all = matches!(node.tags.get("stop"), Some("all" | "all_way" | "4way"));
            let place = anchor.enu(node.place);
            let source = SourceRef::Node(node.id);
            let shown = direction.unwrap_or(ControlDirection::Both);
            city.controls.push(Control { source, kind, at: place, direction: shown });
            if let Some(position) = raw.position(node.id) {
                at.insert(position, Mark { kind, direction, all });
            }
        }
        Self { at }
    }

    /// Marks signals that stand alone along a piece (a crossing far from any junction): they become nodes.
    pub fn mark_lone_signals(&self, road: &Road, nodes: &[u32], piece: (usize, usize), marks: &mut [bool]) {
        let (first, last) = piece;
        if self.at.is_empty() || !nodes[first..=last].iter().any(|node| self.at.contains_key(node)) {
            return;
        }
        let along = distances_along(&road.line.0[first..=last]);
        let length = along[along.len() - 1];
        for index in 1..last - first {
            let lone = along[index] > APPROACH_M && length - along[index] > APPROACH_M;
            let position = nodes[first + index];
            if lone && self.at.get(&position).is_some_and(|mark| mark.kind == ControlKind::Signals) {
                marks[position as usize] = true;
            }
        }
    }

    /// Sets what awaits vehicles at the ends of links, and which nodes have signals.
    pub fn assign(&self, road_nodes: &RoadNodes, city: &mut City) {
        let City { roads, nodes, links, .. } = city;
        let mut major = vec![RoadClass::Path; nodes.len()];
        for link in links.iter() {
            let class = roads[link.road.index()].class;
            for node in [link.from, link.to] {
                major[node.index()] = major[node.index()].min(class);
            }
        }
        for link in links {
            let road = &roads[link.road.index()];
            let is_minor = road.class > major[link.to.index()];
            link.end = self.end_of(link, road, &road_nodes[link.road.index()], is_minor);
            if link.end == LinkEnd::Signals {
                nodes[link.to.index()].signals = true;
            }
        }
    }

    /// The strictest control on the approach to the link's end.
    fn end_of(&self, link: &Link, road: &Road, nodes: &[u32], is_minor: bool) -> LinkEnd {
        let (first, last) = (link.first as usize, link.last as usize);
        let at_node = self.at.get(&nodes[if link.forward { last } else { first }]);
        let mut end = at_node.filter(|mark| mark.holds_at_node(is_minor)).map_or(LinkEnd::Free, Mark::end);
        if last - first < 2 {
            return end;
        }
        let along = distances_along(&road.line.0[first..=last]);
        let length = along[along.len() - 1];
        for index in 1..last - first {
            let Some(mark) = self.at.get(&nodes[first + index]) else { continue };
            let to_end = if link.forward { length - along[index] } else { along[index] };
            let nearer = to_end <= length / 2.0;
            if to_end <= APPROACH_M && mark.holds_on_approach(link.forward, nearer) {
                end = end.max(mark.end());
            }
        }
        end
    }
}

impl Mark {
    fn end(&self) -> LinkEnd {
        match self.kind {
            ControlKind::GiveWay => LinkEnd::GiveWay,
            ControlKind::Stop => LinkEnd::Stop,
            ControlKind::Signals => LinkEnd::Signals,
        }
    }

    /// On the junction itself signals hold for all, signs for the minor roads unless all must stop.
    fn holds_at_node(&self, is_minor: bool) -> bool {
        self.kind == ControlKind::Signals || self.all || is_minor
    }

    /// Between junctions a control holds for the direction it names, else for traffic to the nearer end.
    fn holds_on_approach(&self, forward: bool, nearer: bool) -> bool {
        match self.direction {
            Some(ControlDirection::Forward) => forward,
            Some(ControlDirection::Backward) => !forward,
            Some(ControlDirection::Both) => true,
            None => nearer,
        }
    }
}
