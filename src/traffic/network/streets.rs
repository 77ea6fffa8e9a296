//! What the map fixes about the network (the ground), and the streets as the changes in force leave them.
//!
//! Every step of the compilation reads lanes, limits, directions and bans from [`Streets`] alone, so that a full and an
//! incremental compilation cannot see different roads. Junctions keep their geometry under edits: a closed arm is
//! still paved.

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{City, NetworkChanges, Oneway, RoadChange, TurnRef, TurnRestrictionKind, TurnVia};

use super::{access, given::Given, link, rows::Rows, shape::Shapes, signals::Sites};

/// What no edit changes.
pub struct Ground {
    /// Links that cars may use by the map.
    pub usable: Vec<bool>,
    /// Usable links by the node they lead to and by the node they leave.
    pub entering: Rows<u32>,
    pub leaving: Rows<u32>,
    /// All links of a road.
    pub road_links: Rows<u32>,
    /// The same piece of road driven the other way, `NONE` without.
    pub reverse: Vec<u32>,
    /// Metres that the junctions at a link's start and end take.
    pub trims: Vec<(f32, f32)>,
    /// Per approach: the links it must not and the only ones it may turn to.
    pub rules: BTreeMap<u32, Vec<(TurnRestrictionKind, u32)>>,
    pub sites: Sites,
    /// What a network file states where a city's network is inferred.
    pub given: Option<Given>,
    pub right_hand: bool,
}

/// The streets as they are driven now.
pub struct Streets<'a> {
    pub city: &'a City,
    pub ground: &'a Ground,
    roads: BTreeMap<u32, RoadChange>,
    /// From link, to link.
    bans: BTreeSet<(u32, u32)>,
}

impl Ground {
    pub fn survey(city: &City, shapes: &Shapes, given: Option<Given>) -> Self {
        let usable = usable(city);
        let used = || city.links.iter().filter(|l| usable[l.id.index()]);
        let entering = Rows::grouped(city.nodes.len(), used().map(|l| (l.to.0, l.id.0)));
        let leaving = Rows::grouped(city.nodes.len(), used().map(|l| (l.from.0, l.id.0)));
        let of_road = city.links.iter().filter(|l| l.road.index() < city.roads.len());
        let road_links = Rows::grouped(city.roads.len(), of_road.map(|l| (l.road.0, l.id.0)));
        let trims = match &given {
            // Lanes of a network file end at their stop lines.
            Some(_) => vec![(0.0, 0.0); city.links.len()],
            None => shapes.trims(city, &usable),
        };
        let sites = match &given {
            Some(given) => Sites::given(city.links.len(), given),
            None => Sites::survey(city, &usable, (shapes, &trims), (&entering, &leaving)),
        };
        Self {
            reverse: link::reverses(city),
            rules: node_rules(city, &usable),
            right_hand: city.driving_side.value == citytwin_model::DrivingSide::Right,
            usable,
            entering,
            leaving,
            road_links,
            trims,
            sites,
            given,
        }
    }
}

/// Links that cars may use by the map.
pub fn usable(city: &City) -> Vec<bool> {
    city.links.iter().map(|link| access::cars_may_use(city, link)).collect()
}

impl<'a> Streets<'a> {
    pub fn new(city: &'a City, ground: &'a Ground, changes: &NetworkChanges) -> Self {
        let changed = |road: &citytwin_model::Road| changes.roads.get(&road.source).map(|c| (road.id.0, *c));
        let roads =
            if changes.roads.is_empty() { BTreeMap::new() } else { city.roads.iter().filter_map(changed).collect() };
        let bans = changes.banned.iter().flat_map(|turn| resolve(city, ground, turn)).collect();
        Self { city, ground, roads, bans }
    }

    pub fn usable(&self, link: u32) -> bool {
        self.ground.usable[link as usize]
            && self.change(link).is_none_or(|change| {
                let forward = self.city.links[link as usize].forward;
                !change.closed
                    && match change.oneway {
                        Some(Oneway::Forward) => forward,
                        Some(Oneway::Backward) => !forward,
                        Some(Oneway::Both) | None => true,
                    }
            })
    }

    pub fn lanes(&self, link: u32) -> u8 {
        self.change(link).and_then(|c| c.lanes).unwrap_or(self.city.links[link as usize].lanes).max(1)
    }

    /// Lanes of the other direction on the same carriageway.
    pub fn opposite_lanes(&self, link: u32) -> u8 {
        let link = &self.city.links[link as usize];
        let road = &self.city.roads[link.road.index()];
        let change = self.roads.get(&link.road.0);
        let backward = match (road.oneway.value, link.forward) {
            (Oneway::Both, true) => road.lanes_backward.value.max(1),
            (Oneway::Both, false) => road.lanes_forward.value.max(1),
            _ => return 0,
        };
        match change {
            Some(change) if matches!(change.oneway, Some(Oneway::Forward | Oneway::Backward)) => 0,
            Some(change) => change.lanes.unwrap_or(backward),
            None => backward,
        }
    }

    /// Legal limit, metre per second.
    pub fn limit_mps(&self, link: u32) -> f32 {
        let stated = self.change(link).and_then(|c| c.speed_kmh).map(|kmh| kmh / 3.6);
        stated.unwrap_or(self.city.links[link as usize].speed_mps) as f32
    }

    pub fn toll(&self, link: u32) -> f32 {
        self.change(link).map_or(0.0, |c| c.toll as f32)
    }

    pub fn banned(&self, from: u32, to: u32) -> bool {
        self.bans.contains(&(from, to))
    }

    /// The nodes whose turns, right of way or signals may differ between two states of the streets, ascending.
    pub fn nodes_apart(&self, other: &Self) -> Vec<u32> {
        let links = &self.city.links;
        let mut nodes: Vec<u32> = self
            .roads_apart(other)
            .iter()
            .flat_map(|road| self.ground.road_links.of(*road))
            .flat_map(|l| [links[*l as usize].from.0, links[*l as usize].to.0])
            .chain(self.bans.symmetric_difference(&other.bans).map(|(from, _)| links[*from as usize].to.0))
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// The roads that differ between two states, ascending.
    pub fn roads_apart(&self, other: &Self) -> Vec<u32> {
        let all: BTreeSet<u32> = self.roads.keys().chain(other.roads.keys()).copied().collect();
        all.into_iter().filter(|road| self.roads.get(road) != other.roads.get(road)).collect()
    }

    fn change(&self, link: u32) -> Option<&RoadChange> {
        if self.roads.is_empty() {
            return None;
        }
        self.roads.get(&self.city.links[link as usize].road.0)
    }
}

/// The pairs of links that a turn by sources means.
fn resolve(city: &City, ground: &Ground, turn: &TurnRef) -> Vec<(u32, u32)> {
    let Some(node) = city.nodes.iter().find(|n| n.source == turn.via).map(|n| n.id.0) else { return Vec::new() };
    let of = |link: &&u32, source: &citytwin_model::SourceRef| {
        city.roads[city.links[**link as usize].road.index()].source == *source
    };
    let onto: Vec<u32> = ground.leaving.of(node).iter().filter(|l| of(l, &turn.to)).copied().collect();
    let from = ground.entering.of(node).iter().filter(|l| of(l, &turn.from));
    from.flat_map(|from| onto.iter().map(|to| (*from, *to))).collect()
}

fn node_rules(city: &City, usable: &[bool]) -> BTreeMap<u32, Vec<(TurnRestrictionKind, u32)>> {
    let mut rules = BTreeMap::<u32, Vec<_>>::new();
    let exists = |link: usize| usable.get(link).copied().unwrap_or(false);
    for r in &city.restrictions {
        let usable_ends = exists(r.from.index()) && exists(r.to.index());
        if usable_ends && matches!(r.via, TurnVia::Node(_)) {
            rules.entry(r.from.0).or_default().push((r.kind, r.to.0));
        }
    }
    rules
}
