//! The compiled road network: what a vehicle needs to know of links, turns, lanes, right of way and signals.
//!
//! Owns the compilation from a [`City`]. Knows nothing of trips or vehicles. Link indices are the city's
//! [`LinkId`]s: a link that cars may not use stays in the tables, unused.

mod access;
mod bans;
mod junction;
mod lanes;
mod link;
mod reach;
mod shape;
mod signals;
mod turns;

use citytwin_model::{City, LinkId, NodeId, RoadId};

pub(crate) use bans::States;
pub(crate) use junction::{Foe, Foes};
pub(crate) use link::LinkInfo;
pub(crate) use shape::Shapes;
pub use signals::SignalColour;
pub(crate) use signals::SignalPlan;
pub(crate) use turns::{Turn, TurnKind, Turns};

use crate::route::Anchors;

/// "No such thing" among `u32` indices.
pub(crate) const NONE: u32 = u32::MAX;

/// A compiled network.
pub struct Network {
    pub(crate) links: Vec<LinkInfo>,
    pub(crate) turns: Turns,
    pub(crate) states: States,
    pub(crate) shapes: Shapes,
    pub(crate) foes: Foes,
    pub(crate) signals: SignalPlan,
    pub(crate) anchors: Anchors,
    /// All lanes of all links; a link's lanes start at [`LinkInfo::lane0`], lane 0 at the kerb.
    pub(crate) lane_count: usize,
    pub(crate) road_links: Vec<Vec<u32>>,
    pub(crate) right_hand: bool,
}

/// Counts of a compiled network.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct NetworkSummary {
    /// Links that cars may use.
    pub links: usize,
    /// … of them in the part that trips can go from and to.
    pub core_links: usize,
    pub turns: usize,
    /// Extra routing states for restrictions through via links.
    pub restriction_states: usize,
    pub signal_groups: usize,
    pub length_km: f64,
}

/// One allowed turn, for inspection.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TurnView {
    pub to: LinkId,
    /// Change of heading, radian, left positive.
    pub angle_rad: f32,
    /// Lanes (0 at the kerb) from which it is made.
    pub first_lane: u8,
    pub last_lane: u8,
}

impl Network {
    /// Compiles a city's roads: access, turns, bans, lanes, right of way, signals, reach, routing bounds.
    pub fn compile(city: &City) -> Self {
        let right_hand = city.driving_side.value == citytwin_model::DrivingSide::Right;
        let usable: Vec<bool> = city.links.iter().map(|link| access::cars_may_use(city, link)).collect();
        let mut shapes = Shapes::build(city, &usable, right_hand);
        let mut turns = Turns::build(city, &usable, &shapes);
        let signals = SignalPlan::build(city, &usable, &shapes);
        let mut links = link::build(city, &usable, &signals, &mut shapes);
        lanes::assign(city, &links, &mut turns, right_hand);
        turns::price(&links, &mut turns, right_hand);
        let states = States::build(city, &usable, &turns);
        let foes = junction::build(city, &mut links, &turns, &signals, &shapes, right_hand);
        reach::mark(&mut links, &turns);
        let anchors = Anchors::build(&links, &turns, &shapes);
        let lane_count = links.iter().map(|l| l.lane0 as usize + usize::from(l.lanes)).max().unwrap_or(0);
        let mut road_links = vec![Vec::new(); city.roads.len()];
        for link in &city.links {
            if let Some(list) = road_links.get_mut(link.road.index()) {
                list.push(link.id.0);
            }
        }
        Self { links, turns, states, shapes, foes, signals, anchors, lane_count, road_links, right_hand }
    }

    pub fn summary(&self) -> NetworkSummary {
        let used = self.links.iter().filter(|l| l.usable);
        NetworkSummary {
            links: used.clone().count(),
            core_links: used.clone().filter(|l| l.core).count(),
            turns: self.turns.list.len(),
            restriction_states: self.states.link.len() - self.links.len(),
            signal_groups: self.signals.groups.len(),
            length_km: used.map(|l| f64::from(l.length)).sum::<f64>() / 1000.0,
        }
    }

    /// Whether cars may drive on a link.
    pub fn usable(&self, link: LinkId) -> bool {
        self.links.get(link.index()).is_some_and(|l| l.usable)
    }

    /// Whether trips can start and end on a link.
    pub fn in_core(&self, link: LinkId) -> bool {
        self.links.get(link.index()).is_some_and(|l| l.core)
    }

    /// Speed drivers take on a free link, metre per second.
    pub fn free_speed_mps(&self, link: LinkId) -> f64 {
        self.links.get(link.index()).map_or(0.0, |l| f64::from(l.free_mps))
    }

    /// The turns that a link's end allows (bans through via links excepted: they depend on where one came from).
    pub fn turns_from(&self, link: LinkId) -> Vec<TurnView> {
        self.turns
            .of(link.0)
            .map(|t| &self.turns.list[t])
            .filter(|t| !t.last_resort)
            .map(|t| TurnView { to: LinkId(t.to), angle_rad: t.angle, first_lane: t.lane_lo, last_lane: t.lane_hi })
            .collect()
    }

    /// A point of a lane's centre at `at_m` metres along the link: x, y and heading (radian from +x, left positive).
    pub fn lane_point(&self, link: LinkId, lane: u8, at_m: f32) -> (f32, f32, f32) {
        let p = self.shapes.at(link.0, at_m, self.shapes.lane_offset(link.0, lane));
        (p.x, p.y, p.heading())
    }

    /// Cycle, green (both s) of a signalled link's approach; `None` without a signal.
    pub fn signal_timing(&self, link: LinkId) -> Option<(f64, f64)> {
        self.signals.timing(link.0)
    }

    pub(crate) fn links_of(&self, road: RoadId) -> &[u32] {
        self.road_links.get(road.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether routes turn right-hand or left-hand.
    pub fn right_hand(&self) -> bool {
        self.right_hand
    }

    /// The node a link leads to.
    pub fn end_node(&self, link: LinkId) -> Option<NodeId> {
        self.links.get(link.index()).map(|l| NodeId(l.to))
    }
}
