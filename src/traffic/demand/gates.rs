//! Roads that leave the map, and the traffic that comes in, goes out and passes through on them.

use citytwin_model::{City, RoadClass};

use super::figures::Figures;
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
    /// Vehicles a day that start or end inside, as the road's class has them.
    pub local: f64,
    /// … that pass through.
    pub through: f64,
}

impl Gate {
    fn new(link: u32, class: RoadClass, figures: &Figures) -> Option<Self> {
        let (road, through_share) = match class {
            RoadClass::Motorway => ("motorway", "through_share_motorway"),
            RoadClass::Trunk => ("trunk", "through_share"),
            RoadClass::Primary => ("primary", "through_share"),
            RoadClass::Secondary => ("secondary", "through_share"),
            RoadClass::Tertiary => ("tertiary", "through_share"),
            _ => return None,
        };
        let per_day = 0.5 * figures.value(&format!("gate_{road}_per_day"));
        let share = figures.value(through_share);
        Some(Self { link, local: per_day * (1.0 - share), through: per_day * share })
    }
}

/// A small road's loose end is a gate only this near the edge of the map, metre; main roads do not end in town.
const EDGE_M: f64 = 250.0;

impl Gates {
    pub fn find(city: &City, network: &Network, figures: &Figures) -> Self {
        let edge = Edge::of(city, network);
        let mut gates = Self::default();
        for link in &city.links {
            let row = &network.links[link.id.index()];
            if !row.usable || row.ramp || row.class > RoadClass::Tertiary {
                continue;
            }
            let small = row.class >= RoadClass::Tertiary;
            let starts_here =
                network.turns.entering(link.id.0).iter().all(|t| is_back(row, network.turns.list[*t as usize].from));
            if starts_here && row.reaches_core && (!small || edge.near(city.nodes[link.from.index()].at)) {
                gates.entries.extend(Gate::new(link.id.0, row.class, figures));
            }
            let ends_here = network.turns.of(link.id.0).all(|t| is_back(row, network.turns.list[t].to));
            if ends_here && row.reached_from_core && (!small || edge.near(city.nodes[link.to.index()].at)) {
                gates.exits.extend(Gate::new(link.id.0, row.class, figures));
            }
        }
        gates
    }

    /// Vehicles a day that the roads at the edge carry: ends inside (both directions), and through.
    pub fn capacity(&self) -> (f64, f64) {
        if self.entries.is_empty() || self.exits.is_empty() {
            return (0.0, 0.0);
        }
        let local = |side: &[Gate]| side.iter().map(|g| g.local).sum::<f64>();
        let through = |side: &[Gate]| side.iter().map(|g| g.through).sum::<f64>();
        (local(&self.entries) + local(&self.exits), through(&self.entries).min(through(&self.exits)))
    }
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
