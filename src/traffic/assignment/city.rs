//! The graph of a city: its compiled network, turn by turn.
//!
//! A vertex is a routing state of the network (the end of a link, with what a restriction remembers of the way there), an arc a
//! turn into the next link. So turn costs and bans hold, those through via links too. Zones are vertices of their own, joined
//! to the links where their trips start and end. Times in seconds, capacities in vehicles an hour.

use citytwin_model::{LinkEnd, LinkId};

use super::{Arc, Extent, Graph, GraphError, Link, Signal, UserClass};
use crate::network::{Network, SECONDS_PER_EURO, Step};

/// Where the trips of a zone start and end.
#[derive(Clone, Debug, Default)]
pub struct ZoneEnds {
    /// Trips start at the beginning of one of these links, whichever way is best.
    pub origins: Vec<LinkId>,
    /// Trips end at the end of one of these.
    pub destinations: Vec<LinkId>,
}

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
            for step in steps(network, state) {
                let extra = f64::from(step.turn_s);
                arcs.push(Arc { tail, head: count + step.state, link: Some(step.link), extra });
            }
            let own = &leaves[network.states.link[state as usize] as usize];
            arcs.extend(own.iter().map(|zone| Arc { tail, head: *zone, link: None, extra: 0.0 }));
        }
        Self::of_states(Extent { vertices: count + states, zones: count, first_through: count }, links, &arcs)
    }

    /// Takes over the links of the same city's network after edits, for [`super::Equilibrium::resume`]: curves and tolls
    /// anew, `closed` roads and links that cars may no longer use closed. Turns stay as they were: `false`, and nothing
    /// done, where the edit banned or allowed some, so that the graph must be built anew.
    pub fn follow(&mut self, network: &Network, closed: &dyn Fn(LinkId) -> bool) -> Result<bool, GraphError> {
        let count = self.extent.zones;
        let states = network.states.link.len() as u32;
        if self.extent.vertices != count + states || self.links.len() != network.links.len() {
            return Ok(false);
        }
        if (0..states).any(|state| !self.keeps_turns(network, state)) {
            return Ok(false);
        }
        for l in 0..self.links.len() {
            let now = link(network, l as u32);
            if now != self.links[l] {
                self.set_link(l, now)?;
            }
            let id = LinkId(l as u32);
            self.set_closed(l, !network.usable(id) || closed(id))?;
        }
        Ok(true)
    }

    /// Whether the arcs from a state are the turns that the network allows there; links out of use have none.
    fn keeps_turns(&self, network: &Network, state: u32) -> bool {
        let arc = |s: &Step| (self.extent.zones + s.state, f64::from(s.turn_s).to_bits());
        let mut now: Vec<(u32, u64)> = steps(network, state).map(arc).collect();
        now.sort_unstable();
        let mut mine: Vec<(u32, u64)> = self
            .arcs_of(self.extent.zones + state)
            .filter(|a| self.head[*a] >= self.extent.zones)
            .filter(|a| network.usable(LinkId(self.link[*a])))
            .map(|a| (self.head[a], self.extra[a].to_bits()))
            .collect();
        mine.sort_unstable();
        !network.usable(LinkId(network.states.link[state as usize])) || now == mine
    }
}

/// The turns that drivers take from a state: turning back is for where nothing else is left.
fn steps(network: &Network, state: u32) -> impl Iterator<Item = &Step> {
    let steps = network.states.from(state);
    let last_resort = steps.iter().all(|s| s.last_resort);
    steps.iter().filter(move |s| s.last_resort == last_resort)
}

/// The cost function of a link: its BPR curve between junctions, the delay at its end.
///
/// What makes drivers avoid a street without slowing them (access only, car parks) goes beside the toll, in money: it
/// sways their choice and never counts as time.
fn link(network: &Network, l: u32) -> Link {
    let (row, id) = (&network.links[l as usize], LinkId(l));
    let signal = network.signal_timing(id).filter(|_| row.end == LinkEnd::Signals);
    let signal = signal.map(|(cycle_s, green_s)| Signal { cycle_s, green_share: (green_s / cycle_s).clamp(0.05, 1.0) });
    let bpr = network.bpr(id);
    let shunned_s = row.shunned_s();
    // The base cost holds the delay of an empty signal (Webster's first term); the cost function brings its own.
    let empty_signal = signal.map_or(0.0, |s| 0.5 * s.cycle_s * (1.0 - s.green_share).powi(2));
    let free_s = network.free_flow_s(id);
    Link {
        from: row.from,
        to: row.to,
        free_time: (f64::from(row.base_cost) - shunned_s - empty_signal).max(free_s),
        // A link that no car may use needs a curve too; nothing ever drives it.
        capacity: bpr.map_or(1.0, |b| b.capacity_vph).max(1.0),
        b: bpr.map_or(0.0, |b| b.alpha),
        power: bpr.map_or(1.0, |b| b.beta),
        length: f64::from(row.length),
        // The toll itself is among what is shunned.
        toll: shunned_s / SECONDS_PER_EURO,
        signal,
    }
}

/// Car drivers on a city's graph: tolls in money, weighed by [`SECONDS_PER_EURO`].
pub fn car_drivers() -> UserClass {
    UserClass { toll_weight: SECONDS_PER_EURO, ..UserClass::default() }
}
