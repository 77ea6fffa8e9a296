//! The graph of a city: its compiled network, turn by turn.
//!
//! A vertex is a routing state of the network (the end of a link, with what a restriction remembers of the way there), an arc a
//! turn into the next link. So turn costs and bans hold, those through via links too. Zones are vertices of their own, joined
//! to the links where their trips start and end. Times in seconds, capacities in vehicles an hour.

use citytwin_model::{LinkEnd, LinkId, RoadClass};

use super::{Arc, Extent, Graph, GraphError, Link, Signal};
use crate::network::Network;

/// Where the trips of a zone start and end.
#[derive(Clone, Debug, Default)]
pub struct ZoneEnds {
    /// Trips start at the beginning of one of these links, whichever way is best.
    pub origins: Vec<LinkId>,
    /// Trips end at the end of one of these.
    pub destinations: Vec<LinkId>,
}

/// A change to a link of a city's graph.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum LinkEdit {
    Close,
    Reopen,
    /// From one number of lanes to another.
    Lanes {
        before: u8,
        after: u8,
    },
    /// Free speed, from one to another, metre per second.
    Speed {
        before_mps: f64,
        after_mps: f64,
    },
    Toll(f64),
}

/// BPR's own parameters (Bureau of Public Roads 1964).
const BPR_B: f64 = 0.15;
const BPR_POWER: f64 = 4.0;

impl Graph {
    /// The graph of a network. Link indices are those of the network; links that cars may not use are in it without arcs.
    pub fn of_network(network: &Network, zones: &[ZoneEnds]) -> Result<Self, GraphError> {
        let count = zones.len() as u32;
        let states = network.states.link.len() as u32;
        let links = (0..network.links.len() as u32).map(|l| link(network, l)).collect();
        let mut arcs = Vec::new();
        for (zone, ends) in zones.iter().enumerate() {
            let enter = ends.origins.iter().filter(|l| network.usable(**l));
            // The first states are the links themselves.
            arcs.extend(enter.map(|l| Arc { tail: zone as u32, head: count + l.0, link: Some(l.0), extra: 0.0 }));
        }
        let mut leaves = vec![Vec::new(); network.links.len()];
        for (zone, ends) in zones.iter().enumerate() {
            for l in ends.destinations.iter().filter(|l| network.usable(**l)) {
                leaves[l.index()].push(zone as u32);
            }
        }
        for state in 0..states {
            let tail = count + state;
            let steps = network.states.from(state);
            // Turning back is for where nothing else is left.
            let last_resort = steps.iter().all(|s| s.last_resort);
            for step in steps.iter().filter(|s| s.last_resort == last_resort) {
                let extra = f64::from(step.turn_s);
                arcs.push(Arc { tail, head: count + step.state, link: Some(step.link), extra });
            }
            let own = &leaves[network.states.link[state as usize] as usize];
            arcs.extend(own.iter().map(|zone| Arc { tail, head: *zone, link: None, extra: 0.0 }));
        }
        Self::of_states(Extent { vertices: count + states, zones: count, first_through: count }, links, &arcs)
    }

    /// Applies a change to a link.
    pub fn edit(&mut self, link: LinkId, edit: LinkEdit) -> Result<(), GraphError> {
        let l = link.index();
        let old = *self.links.get(l).ok_or(GraphError::NoSuchLink(l))?;
        match edit {
            LinkEdit::Close => self.set_closed(l, true),
            LinkEdit::Reopen => self.set_closed(l, false),
            LinkEdit::Toll(toll) => self.set_link(l, Link { toll, ..old }),
            LinkEdit::Lanes { before, after } => {
                let capacity = old.capacity * f64::from(after) / f64::from(before.max(1));
                self.set_link(l, Link { capacity, ..old })
            }
            LinkEdit::Speed { before_mps, after_mps } => {
                let slower = old.length / after_mps - old.length / before_mps;
                self.set_link(l, Link { free_time: (old.free_time + slower).max(0.0), ..old })
            }
        }
    }
}

fn link(network: &Network, l: u32) -> Link {
    let row = &network.links[l as usize];
    let signal = network.signal_timing(LinkId(l)).filter(|_| row.end == LinkEnd::Signals);
    let signal = signal.map(|(cycle_s, green_s)| Signal { cycle_s, green_share: (green_s / cycle_s).clamp(0.05, 1.0) });
    // The base cost holds the delay of an empty signal (Webster's first term); the cost function brings its own.
    let empty_signal = signal.map_or(0.0, |s| 0.5 * s.cycle_s * (1.0 - s.green_share).powi(2));
    Link {
        from: row.from,
        to: row.to,
        free_time: (f64::from(row.base_cost) - empty_signal).max(f64::from(row.length / row.free_mps)),
        capacity: capacity_vph(network, l),
        b: BPR_B,
        power: BPR_POWER,
        length: f64::from(row.length),
        toll: 0.0,
        signal,
    }
}

/// What a link can carry, vehicles an hour: saturation flow per lane times green share at signals.
fn capacity_vph(network: &Network, l: u32) -> f64 {
    let row = &network.links[l as usize];
    let green = network.signal_timing(LinkId(l)).map_or(1.0, |(cycle_s, green_s)| (green_s / cycle_s).clamp(0.05, 1.0));
    f64::from(row.lanes) * lane_vph(row.class) * green
}

/// Vehicles an hour and lane (HCM 6th: 2,250 pc/h on freeways, exhibit 12-4; 1,900 pc/h of green at signals, ch. 19; below that
/// with driveways, parking and crossing traffic as in FHWA's capacity tables by functional class, NCHRP 716 table 3).
const fn lane_vph(class: RoadClass) -> f64 {
    match class {
        RoadClass::Motorway => 2250.0,
        RoadClass::Trunk => 2000.0,
        RoadClass::Primary => 1900.0,
        RoadClass::Secondary => 1600.0,
        RoadClass::Tertiary => 1200.0,
        RoadClass::Unclassified => 900.0,
        RoadClass::Residential => 700.0,
        _ => 400.0,
    }
}
