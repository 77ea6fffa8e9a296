//! The compiled road network: what a vehicle needs to know of links, turns, lanes, right of way and signals.
//!
//! Owns the compilation from a [`City`]. Knows nothing of trips or vehicles. Link indices are the city's
//! [`LinkId`]s: a link that cars may not use stays in the tables, unused.

mod access;
mod bans;
mod capacity;
mod conflicts;
mod edit;
mod given;
mod junction;
mod lanes;
mod link;
mod reach;
mod rows;
mod shape;
mod signals;
mod streets;
mod turns;

use std::sync::{Arc, OnceLock};

use citytwin_model::{City, LinkId, NetworkChanges, NodeId, RoadId};

pub(crate) use bans::{States, Step};
pub use capacity::Bpr;
pub use conflicts::{ConflictView, TurnId, TurnSignal};
pub(crate) use given::{Given, GivenProgram, GivenTurn};
pub(crate) use junction::{Foe, Foes};
pub(crate) use link::{LinkInfo, SECONDS_PER_EURO};
pub(crate) use rows::Rows;
pub(crate) use shape::{Shapes, Spot};
pub use signals::{FlowError, SignalColour, webster};
pub(crate) use signals::{Group, SignalPlan, Window};
use streets::{Ground, Streets};
pub use turns::TurnKind;
pub(crate) use turns::{Turn, Turns};

use crate::route::Anchors;

/// "No such thing" among `u32` indices.
pub(crate) const NONE: u32 = u32::MAX;

/// A compiled network.
pub struct Network {
    ground: Arc<Ground>,
    pub(crate) links: Vec<LinkInfo>,
    pub(crate) turns: Turns,
    pub(crate) states: States,
    pub(crate) shapes: Shapes,
    pub(crate) foes: Foes,
    pub(crate) signals: SignalPlan,
    /// Made when the first route is sought.
    anchors: OnceLock<Anchors>,
    /// All lanes of all links; a link's lanes start at [`LinkInfo::lane0`], lane 0 at the kerb.
    pub(crate) lane_count: usize,
    pub(crate) right_hand: bool,
    changes: NetworkChanges,
}

/// Two networks are equal when everything that vehicles and routes meet is: see [`Network::difference`].
impl PartialEq for Network {
    fn eq(&self, other: &Self) -> bool {
        self.difference(other).is_none()
    }
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

impl TurnView {
    fn of(turn: &Turn) -> Self {
        Self { to: LinkId(turn.to), angle_rad: turn.angle, first_lane: turn.lane_lo, last_lane: turn.lane_hi }
    }
}

impl Network {
    /// Compiles a city's roads: access, turns, bans, lanes, right of way, signals, reach.
    pub fn compile(city: &City) -> Self {
        Self::compile_changed(city, &NetworkChanges::default())
    }

    /// Compiles a city's roads as changes leave them, from the ground up. Changes of roads and turns that are not there
    /// change nothing. [`Network::apply`] comes to the same for less.
    pub fn compile_changed(city: &City, changes: &NetworkChanges) -> Self {
        Self::compile_given(city, changes, None)
    }

    pub(crate) fn compile_given(city: &City, changes: &NetworkChanges, given: Option<Given>) -> Self {
        let lengths = given.as_ref().map(|given| given.length_m.as_slice());
        let mut shapes = Shapes::build(city, &streets::usable(city), lengths);
        let ground = Arc::new(Ground::survey(city, &shapes, given));
        let streets = Streets::new(city, &ground, changes);
        shapes.lay_lanes(&streets, 0..city.links.len() as u32);
        let mut turns = Turns::build(&streets, &shapes);
        let mut links = link::build(&streets, &shapes);
        let foes = Foes::build(&junction::Movements { links: &links, turns: &turns, shapes: &shapes, ground: &ground });
        let layout = signals::Layout { links: &links, shapes: &shapes, ground: &ground };
        let signals = SignalPlan::build(&mut turns, &layout, None);
        for (link, row) in links.iter_mut().enumerate() {
            row.junction = junction::is_junction(link as u32, row, &turns, &foes);
            link::weigh(row, &signals);
        }
        reach::mark(&mut links, &turns);
        let states = States::build(city, &links, &turns);
        let (lane_count, right_hand) = (link::lane_count(&links), ground.right_hand);
        let changes = changes.clone();
        let anchors = OnceLock::new();
        Self { ground, links, turns, states, shapes, foes, signals, anchors, lane_count, right_hand, changes }
    }

    /// The lane of the next link that a lane leads to: turns keep to their side, the rest keeps its count from
    /// the kerb.
    pub(crate) fn lane_after(&self, turn: u32, lane: u8) -> u8 {
        let turn = &self.turns.list[turn as usize];
        let (from, to) = (self.links[turn.from as usize].lanes, self.links[turn.to as usize].lanes);
        let across = TurnKind::across(self.right_hand);
        if turn.kind == across || turn.kind == TurnKind::Back {
            let from_inside = from - 1 - lane.min(from - 1);
            return (to - 1).saturating_sub(from_inside);
        }
        lane.min(to - 1)
    }

    /// Bounds for route searches. The first call works them out (tens of milliseconds for a large city).
    pub(crate) fn anchors(&self) -> &Anchors {
        self.anchors.get_or_init(|| Anchors::build(&self.links, &self.turns, &self.shapes))
    }

    /// The first of changes in force, links, turns, lanes, shapes, right of way, signals and routing states that two
    /// networks do not have in common, value by value.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let parts = [
            ("changes", self.changes == other.changes),
            ("links", self.links == other.links),
            ("lanes", (self.lane_count, self.right_hand) == (other.lane_count, other.right_hand)),
            ("shapes", self.shapes == other.shapes),
            ("turns", self.turns == other.turns),
            ("right of way", self.foes == other.foes),
            ("signals", self.signals == other.signals),
            ("routing states", self.states == other.states),
        ];
        parts.iter().find(|(_, same)| !same).map(|(part, _)| *part)
    }

    /// The changes in force.
    pub fn changes(&self) -> &NetworkChanges {
        &self.changes
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

    /// Lanes of a link and its legal limit (metre per second), as edits leave them.
    pub fn lanes_and_limit(&self, link: LinkId) -> Option<(u8, f64)> {
        self.links.get(link.index()).filter(|l| l.usable).map(|l| (l.lanes, f64::from(l.limit_mps)))
    }

    /// Speed drivers take on a free link, metre per second.
    pub fn free_speed_mps(&self, link: LinkId) -> f64 {
        self.links.get(link.index()).map_or(0.0, |l| f64::from(l.free_mps))
    }

    /// The turns that a link's end allows (bans through via links excepted: they depend on where one came from).
    pub fn turns_from(&self, link: LinkId) -> Vec<TurnView> {
        self.turns.of(link.0).map(|t| &self.turns.list[t]).filter(|t| !t.last_resort).map(TurnView::of).collect()
    }

    /// A point of a lane's centre at `at_m` metres along the link: x, y and heading (radian from +x, left positive).
    pub fn lane_point(&self, link: LinkId, lane: u8, at_m: f32) -> (f32, f32, f32) {
        let p = self.shapes.at(link.0, at_m, self.shapes.lane_offset(link.0, lane));
        (p.x, p.y, p.heading())
    }

    /// Cycle, green (both s) of a signalled link's approach; `None` without a signal.
    pub fn signal_timing(&self, link: LinkId) -> Option<(f64, f64)> {
        self.signals.timing(self.links.get(link.index())?.signal)
    }

    pub(crate) fn links_of(&self, road: RoadId) -> &[u32] {
        if road.index() < self.ground.road_links.len() { self.ground.road_links.of(road.0) } else { &[] }
    }

    /// Whether routes turn right-hand or left-hand.
    pub fn right_hand(&self) -> bool {
        self.right_hand
    }

    /// Paid once for driving a link, in the city's currency.
    pub fn toll(&self, link: LinkId) -> f64 {
        self.links.get(link.index()).map_or(0.0, |l| f64::from(l.toll))
    }

    /// The node a link leads to.
    pub fn end_node(&self, link: LinkId) -> Option<NodeId> {
        self.links.get(link.index()).map(|l| NodeId(l.to))
    }
}
