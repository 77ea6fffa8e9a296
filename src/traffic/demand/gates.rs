//! Roads that leave the map, and the traffic that comes in, goes out and passes through on them.

use citytwin_model::{City, RoadClass};

use super::{
    Flow,
    gravity::Destinations,
    rates::{self, Profile},
    zones::{Side, Zones, running_sum},
};
use crate::network::{LinkInfo, Network};

/// Where vehicles enter and leave the map.
#[derive(Clone, Default, Debug)]
pub struct Gates {
    pub entries: Vec<Gate>,
    pub exits: Vec<Gate>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    pub link: u32,
    /// Vehicles a day that start or end inside.
    local: f64,
    /// … that pass through.
    through: f64,
}

impl Gate {
    fn new(link: u32, per_day: f64, class: RoadClass) -> Self {
        let motorway = class == RoadClass::Motorway;
        let share = if motorway { rates::THROUGH_SHARE_MOTORWAY } else { rates::THROUGH_SHARE };
        Self { link, local: per_day * (1.0 - share), through: per_day * share }
    }
}

/// Vehicles a day from, to and through the outside.
pub struct Outside {
    pub inbound: f64,
    pub outbound: f64,
    pub through: f64,
}

impl Outside {
    /// Trips of the inhabitants among them: they make half of those that start or end inside.
    pub fn by_residents(&self) -> f64 {
        0.5 * (self.inbound + self.outbound)
    }
}

/// A small road's loose end is a gate only this near the edge of the map, metre; main roads do not end in town.
const EDGE_M: f64 = 250.0;

impl Gates {
    pub fn find(city: &City, network: &Network) -> Self {
        let edge = Edge::of(city, network);
        let mut gates = Self::default();
        for link in &city.links {
            let row = &network.links[link.id.index()];
            let Some(per_day) = per_day(row.class).filter(|_| row.usable && !row.ramp) else { continue };
            let small = row.class >= RoadClass::Tertiary;
            let gate = Gate::new(link.id.0, 0.5 * per_day, row.class);
            let starts_here =
                network.turns.entering(link.id.0).iter().all(|t| is_back(row, network.turns.list[*t as usize].from));
            if starts_here && row.reaches_core && (!small || edge.near(city.nodes[link.from.index()].at)) {
                gates.entries.push(gate);
            }
            let ends_here = network.turns.of(link.id.0).all(|t| is_back(row, network.turns.list[t].to));
            if ends_here && row.reached_from_core && (!small || edge.near(city.nodes[link.to.index()].at)) {
                gates.exits.push(gate);
            }
        }
        gates
    }

    /// A day's outside trips, held to what the town's own traffic allows.
    pub fn daily_trips(&self, car_trips: f64) -> Outside {
        if self.entries.is_empty() || self.exits.is_empty() {
            return Outside { inbound: 0.0, outbound: 0.0, through: 0.0 };
        }
        let local = |side: &[Gate]| side.iter().map(|g| g.local).sum::<f64>();
        let through = |side: &[Gate]| side.iter().map(|g| g.through).sum::<f64>();
        let (into, out) = (local(&self.entries), local(&self.exits));
        let through = through(&self.entries).min(through(&self.exits));
        let most = rates::MOST_OUTSIDE_SHARE * car_trips;
        let scale = (most / (into + out + through)).min(1.0);
        Outside { inbound: into * scale, outbound: out * scale, through: through * scale }
    }
}

/// In, out and through.
pub fn outside_flows(zones: &Zones, outside: &Outside) -> Vec<Flow> {
    let gates = |side: &[Gate], weight: fn(&Gate) -> f64| running_sum(side.iter().map(|g| weight(g) as f32));
    let inside = |side: Side| running_sum((0..zones.len()).map(|z| zones.weight(z, side) as f32));
    let flow = |daily, from, to, origins, row| Flow {
        daily,
        profile: Profile::Outside,
        from,
        to,
        origins,
        destinations: Destinations::Shared(row),
    };
    let (entries, exits) = (gates(&zones.gates.entries, |g| g.local), gates(&zones.gates.exits, |g| g.local));
    let passing = (gates(&zones.gates.entries, |g| g.through), gates(&zones.gates.exits, |g| g.through));
    vec![
        flow(0.5 * outside.inbound, Side::Gate, Side::Work, entries.clone(), inside(Side::Work)),
        flow(0.5 * outside.inbound, Side::Gate, Side::Home, entries.clone(), inside(Side::Home)),
        flow(0.5 * outside.outbound, Side::Work, Side::Gate, inside(Side::Work), exits.clone()),
        flow(0.5 * outside.outbound, Side::Home, Side::Gate, inside(Side::Home), exits.clone()),
        flow(outside.through, Side::Gate, Side::Gate, passing.0, passing.1),
    ]
}

fn per_day(class: RoadClass) -> Option<f64> {
    Some(match class {
        RoadClass::Motorway => rates::GATE_MOTORWAY_PER_DAY,
        RoadClass::Trunk => rates::GATE_TRUNK_PER_DAY,
        RoadClass::Primary => rates::GATE_PRIMARY_PER_DAY,
        RoadClass::Secondary => rates::GATE_SECONDARY_PER_DAY,
        RoadClass::Tertiary => rates::GATE_TERTIARY_PER_DAY,
        _ => return None,
    })
}

fn is_back(row: &LinkInfo, other: u32) -> bool {
    row.reverse == other
}

/// The box about all nodes of the network.
struct Edge {
    low: [f64; 2],
    high: [f64; 2],
}

impl Edge {
    fn of(city: &City, network: &Network) -> Self {
        let mut edge = Self { low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] };
        for row in network.links.iter().filter(|l| l.usable) {
            let at = city.nodes[row.from as usize].at;
            edge.low = [edge.low[0].min(at.x), edge.low[1].min(at.y)];
            edge.high = [edge.high[0].max(at.x), edge.high[1].max(at.y)];
        }
        edge
    }

    fn near(&self, at: geo::Coord<f64>) -> bool {
        at.x - self.low[0] < EDGE_M
            || at.y - self.low[1] < EDGE_M
            || self.high[0] - at.x < EDGE_M
            || self.high[1] - at.y < EDGE_M
    }
}
