//! Edges by name, and which follow which for a class of vehicles.

use std::{
    collections::{BTreeSet, HashMap},
    sync::OnceLock,
};

use super::types::SumoClass;
use crate::sumo::{SumoNet, xml::shortened};

/// The net, as routes look at it.
pub(super) struct Edges<'n> {
    pub net: &'n SumoNet,
    /// For lookups alone.
    names: HashMap<&'n str, u32>,
    /// Per edge the edges that follow it for anyone.
    follow: Lists,
    /// Lanes inside junctions that do not take everyone.
    restricted: BTreeSet<&'n str>,
    /// Per class what follows, built when first asked.
    of_class: [OnceLock<Lists>; SumoClass::COUNT],
}

/// Edges per edge, one behind the other.
struct Lists {
    first: Vec<u32>,
    edges: Vec<u32>,
}

impl Lists {
    fn of(count: usize, mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut first = vec![0; count + 1];
        pairs.iter().for_each(|(from, _)| first[*from as usize + 1] += 1);
        for i in 0..count {
            first[i + 1] += first[i];
        }
        Self { first, edges: pairs.into_iter().map(|(_, to)| to).collect() }
    }

    fn at(&self, edge: u32) -> &[u32] {
        &self.edges[self.first[edge as usize] as usize..self.first[edge as usize + 1] as usize]
    }
}

impl<'n> Edges<'n> {
    pub fn of(net: &'n SumoNet) -> Self {
        let names = net.edges.iter().enumerate().map(|(i, edge)| (edge.id.as_str(), i as u32)).collect();
        let pairs = net.connections.iter().map(|c| (c.from as u32, c.to as u32)).collect();
        let restricted = net.internal_lanes.values().filter(|lane| lane.allow.is_some() || lane.disallow.is_some());
        Self {
            net,
            names,
            follow: Lists::of(net.edges.len(), pairs),
            restricted: restricted.map(|lane| lane.id.as_str()).collect(),
            of_class: [const { OnceLock::new() }; SumoClass::COUNT],
        }
    }

    pub fn named(&self, name: &str) -> Option<u32> {
        self.names.get(name).copied()
    }

    pub fn id(&self, edge: u32) -> &'n str {
        &self.net.edges[edge as usize].id
    }

    /// `edge_index`, as SUMO names lanes.
    pub fn lane_named(&self, name: &str) -> Option<(u32, u8)> {
        let (edge, lane) = name.rsplit_once('_')?;
        let (edge, lane) = (self.named(edge)?, lane.parse::<u8>().ok()?);
        (usize::from(lane) < self.net.edges[edge as usize].lanes.len()).then_some((edge, lane))
    }

    pub fn length_m(&self, (edge, lane): (u32, u8)) -> f64 {
        self.net.edges[edge as usize].lanes[usize::from(lane)].length_m
    }

    /// The edges of a list of names. What follows in the net is tried first: that is most of all names.
    ///
    /// # Errors
    /// The name that is no edge.
    pub fn route<'t>(&self, names: &'t str, edges: &mut Vec<u32>) -> Result<(), &'t str> {
        edges.clear();
        for name in names.split_ascii_whitespace() {
            let next = edges.last().and_then(|last| self.follow.at(*last).iter().find(|e| self.id(**e) == name));
            edges.push(next.copied().or_else(|| self.named(name)).ok_or(name)?);
        }
        Ok(())
    }

    /// Whether a class may drive an edge at all.
    pub fn open(&self, edge: u32, class: SumoClass) -> bool {
        let edge = &self.net.edges[edge as usize];
        class.ignores_permissions() || edge.lanes.iter().any(|lane| lane.allows(class.name()))
    }

    /// What keeps a class from driving a route, in words.
    pub fn gap(&self, route: &[u32], class: SumoClass) -> Option<String> {
        let follow = self.of_class[class.index()].get_or_init(|| self.lists_of(class));
        if let [only] = route {
            let words = || format!("edge {} is closed to {}", shortened(self.id(*only)), class.name());
            return (!self.open(*only, class)).then(words);
        }
        let pair = route.windows(2).find(|pair| !follow.at(pair[0]).contains(&pair[1]))?;
        let [from, to] = [pair[0], pair[1]].map(|edge| shortened(self.id(edge)));
        Some(format!("no connection from {from} to {to} for {}", class.name()))
    }

    fn lists_of(&self, class: SumoClass) -> Lists {
        let net = self.net;
        let open: Vec<u64> = net.edges.iter().map(|edge| self.open_lanes(edge, class)).collect();
        let takes = |edge: usize, lane: usize| lane >= 64 || open[edge] >> lane & 1 == 1;
        let via_open = |via: &str| {
            class.ignores_permissions()
                || !self.restricted.contains(via)
                || net.internal_lanes[via].allows(class.name())
        };
        let pairs = net.connections.iter().filter(|c| {
            takes(c.from, c.from_lane)
                && takes(c.to, c.to_lane)
                && (self.restricted.is_empty() || c.via.as_deref().is_none_or(via_open))
        });
        Lists::of(net.edges.len(), pairs.map(|c| (c.from as u32, c.to as u32)).collect())
    }

    /// Bit per lane; lanes from the 64th on count as open.
    fn open_lanes(&self, edge: &crate::sumo::SumoEdge, class: SumoClass) -> u64 {
        let lanes = edge.lanes.iter().take(64).enumerate();
        lanes
            .filter(|(_, lane)| class.ignores_permissions() || lane.allows(class.name()))
            .fold(0, |bits, (i, _)| bits | 1 << i)
    }
}
