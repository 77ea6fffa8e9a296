//! A small builder of cities for tests and benches: streets between crossings, by hand.

#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use citytwin_model::{
    AccessLevel, Anchor, City, Coord, DrivingSide, GeoBounds, Known, LineString, Link, LinkEnd, LinkId, LonLat, Node,
    NodeId, Oneway, Road, RoadAccess, RoadClass, RoadId, SourceRef, Tags, TurnRestriction, TurnRestrictionKind,
    TurnVia,
    time::{LocalTime, civil},
};
use citytwin_traffic::{Demand, Network, Simulation, VehicleKind};

/// What a street is.
#[derive(Clone, Copy)]
pub struct Street {
    pub class: RoadClass,
    pub lanes: u8,
    pub speed_mps: f64,
    pub oneway: bool,
}

impl Default for Street {
    /// A secondary road, one lane each way, 50 km/h.
    fn default() -> Self {
        Self { class: RoadClass::Secondary, lanes: 1, speed_mps: 50.0 / 3.6, oneway: false }
    }
}

pub const ONE_WAY: Street = Street { class: RoadClass::Secondary, lanes: 1, speed_mps: 50.0 / 3.6, oneway: true };

/// A city under construction.
pub struct Town {
    pub city: City,
}

impl Town {
    pub fn new(side: DrivingSide) -> Self {
        let origin = LonLat { lon: 10.0, lat: 50.0 };
        let bounds = GeoBounds { west: 9.9, south: 49.9, east: 10.1, north: 50.1 };
        let mut city = City::empty("test", Anchor::new(origin), bounds);
        city.driving_side = Known::stated(side);
        Self { city }
    }

    pub fn right() -> Self {
        Self::new(DrivingSide::Right)
    }

    pub fn node(&mut self, x: f64, y: f64) -> NodeId {
        let id = NodeId::from_index(self.city.nodes.len());
        let source = SourceRef::Node(i64::from(id.0) + 1);
        self.city.nodes.push(Node { id, source, at: Coord { x, y }, signals: false });
        id
    }

    /// A straight street; its links: along it, and back where it is two-way.
    pub fn street(&mut self, from: NodeId, to: NodeId, street: Street) -> (LinkId, Option<LinkId>) {
        let road = RoadId::from_index(self.city.roads.len());
        let at = |n: NodeId| self.city.nodes[n.index()].at;
        let line = LineString::new(vec![at(from), at(to)]);
        let (dx, dy) = (at(to).x - at(from).x, at(to).y - at(from).y);
        let length_m = dx.hypot(dy);
        let ways = if street.oneway { 1.0 } else { 2.0 };
        self.city.roads.push(Road {
            id: road,
            source: SourceRef::Way(i64::from(road.0) + 1),
            name: None,
            class: street.class,
            is_ramp: false,
            is_roundabout: false,
            oneway: Known::stated(if street.oneway { Oneway::Forward } else { Oneway::Both }),
            lanes_forward: Known::stated(street.lanes),
            lanes_backward: Known::stated(if street.oneway { 0 } else { street.lanes }),
            width_m: Known::stated(3.0 * f64::from(street.lanes) * ways),
            speed_forward_mps: Known::stated(street.speed_mps),
            speed_backward_mps: Known::stated(street.speed_mps),
            access: RoadAccess {
                car: AccessLevel::Yes,
                goods: AccessLevel::Yes,
                bus: AccessLevel::Yes,
                bicycle: AccessLevel::Yes,
                foot: AccessLevel::Yes,
            },
            bridge: false,
            tunnel: false,
            layer: 0,
            line,
            turn_lanes_forward: Vec::new(),
            turn_lanes_backward: Vec::new(),
            tags: Tags::default(),
        });
        let mut link = |from: NodeId, to: NodeId, forward: bool| {
            let id = LinkId::from_index(self.city.links.len());
            self.city.links.push(Link {
                id,
                road,
                from,
                to,
                first: 0,
                last: 1,
                forward,
                length_m,
                lanes: street.lanes,
                speed_mps: street.speed_mps,
                end: LinkEnd::Free,
                connected: true,
            });
            id
        };
        let along = link(from, to, true);
        (along, (!street.oneway).then(|| link(to, from, false)))
    }

    pub fn signals(&mut self, node: NodeId) {
        self.city.nodes[node.index()].signals = true;
        for link in self.city.links.iter_mut().filter(|l| l.to == node) {
            link.end = LinkEnd::Signals;
        }
    }

    pub fn ban(&mut self, kind: TurnRestrictionKind, from: LinkId, via: TurnVia, to: LinkId) {
        let source = SourceRef::Relation(self.city.restrictions.len() as i64 + 1);
        self.city.restrictions.push(TurnRestriction { source, kind, from, via, to });
    }

    pub fn road_of(&self, link: LinkId) -> RoadId {
        self.city.links[link.index()].road
    }

    pub fn network(&self) -> Arc<Network> {
        Arc::new(Network::compile(&self.city))
    }

    /// An empty town at 08:00 of a Tuesday.
    pub fn quiet(&self) -> Simulation {
        Simulation::new(self.network(), Arc::new(Demand::none()), morning(), 1)
    }
}

/// Tuesday, 08:00.
pub fn morning() -> LocalTime {
    LocalTime::of_civil(civil::date(2026, 6, 16).at(8, 0, 0, 0))
}

/// A car from the start of one link to the end of another.
pub fn send(sim: &mut Simulation, from: LinkId, to: LinkId) -> Option<u32> {
    sim.depart(from, to, (0.0, 1.0), VehicleKind::Car)
}

pub fn run(sim: &mut Simulation, seconds: f64) {
    sim.warm_up(seconds);
}

/// A grid of two-way streets: every fourth one a main road with two lanes and signals where two of them cross; homes and
/// work follow from the streets.
pub fn grid(size: usize, side: DrivingSide) -> Town {
    grid_of_blocks(size, 120.0, side)
}

/// The same with blocks of a width, metre.
pub fn grid_of_blocks(size: usize, spacing: f64, side: DrivingSide) -> Town {
    let mut town = Town::new(side);
    let nodes: Vec<Vec<NodeId>> =
        (0..size).map(|i| (0..size).map(|k| town.node(i as f64 * spacing, k as f64 * spacing)).collect()).collect();
    let main = Street { class: RoadClass::Secondary, lanes: 2, ..Street::default() };
    let small = Street { class: RoadClass::Residential, speed_mps: 30.0 / 3.6, ..Street::default() };
    let is_main = |i: usize| i % 4 == 1;
    for i in 0..size {
        for k in 0..size {
            if i + 1 < size {
                town.street(nodes[i][k], nodes[i + 1][k], if is_main(k) { main } else { small });
            }
            if k + 1 < size {
                town.street(nodes[i][k], nodes[i][k + 1], if is_main(i) { main } else { small });
            }
        }
    }
    for (i, column) in nodes.iter().enumerate() {
        for (k, node) in column.iter().enumerate() {
            if is_main(i) && is_main(k) {
                town.signals(*node);
            }
        }
    }
    town
}
