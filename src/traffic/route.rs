//! Fastest routes over the routing states (turn costs, bans and via-link restrictions included).
//!
//! A* with lower bounds from anchors (Goldberg and Harrelson 2005, "Computing the shortest path: A* search meets
//! graph theory"): the free-flow time to an anchor near the destination never overstates the way there while
//! congestion and closures only add time. Knows nothing of vehicles.

mod anchors;

use std::{cmp::Reverse, collections::BinaryHeap};

pub use anchors::Anchors;

use crate::network::{NONE, Network};

/// Who wants to go where.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Routing state at whose end the search starts.
    pub from: u32,
    /// Link at whose end it stops.
    pub to: u32,
    /// Drivers perceive times differently; this number decides how.
    pub taste: u64,
}

/// How much longer than it is a driver may think a link, as a share: spreads drivers over ways that are nearly
/// equal, as the error term of a random-utility route choice does (Sheffi 1985, ch. 11: link-based probit with a
/// coefficient of variation of this order).
const TASTE_SPREAD: f32 = 0.2;

/// The bound is raised by this much (weighted A*, Pohl 1970): a way found is at worst this much longer, as the driver
/// sees it, than the best. Perception alone lengthens ways by 1.1, congestion by 1.3 and more, so that the raised
/// bound is still mostly below the truth; it halves the work.
const HASTE: f32 = 1.3;

/// Reusable memory of a search.
#[derive(Default)]
pub struct Search {
    cost: Vec<f32>,
    parent: Vec<u32>,
    round: Vec<u32>,
    current: u32,
    open: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Search {
    /// The links to drive after the state's own, in order; `None` where no way leads. `costs`: seconds per link,
    /// infinite where closed, never below the link's base cost.
    pub fn run(&mut self, network: &Network, costs: &[f32], request: Request) -> Option<Vec<u32>> {
        self.begin(network.states.link.len());
        let bound = network.anchors().bound_to(request.to);
        self.reach(request.from, 0.0, NONE, 0.0);
        while let Some(Reverse((_, state))) = self.open.pop() {
            let link = network.states.link[state as usize];
            if link == request.to && state != request.from {
                return Some(self.trace(network, request.from, state));
            }
            let so_far = self.cost[state as usize];
            let mut cut = true;
            for step in network.states.from(state) {
                let cost = costs[step.link as usize];
                if !cost.is_finite() || (step.last_resort && !cut) {
                    continue;
                }
                cut = false;
                let reached = so_far + step.turn_s + cost * perception(request.taste, step.link);
                let Some(rest) = bound.from(step.link) else { continue };
                self.reach(step.state, reached, state, reached + HASTE * rest);
            }
        }
        None
    }

    fn begin(&mut self, states: usize) {
        if self.cost.len() != states || self.current == u32::MAX {
            self.cost = vec![0.0; states];
            self.parent = vec![NONE; states];
            self.round = vec![0; states];
            self.current = 0;
        }
        self.current += 1;
        self.open.clear();
    }

    fn reach(&mut self, state: u32, cost: f32, parent: u32, estimate: f32) {
        let s = state as usize;
        if self.round[s] == self.current && self.cost[s] <= cost {
            return;
        }
        self.round[s] = self.current;
        self.cost[s] = cost;
        self.parent[s] = parent;
        // Non-negative floats order as their bits do.
        self.open.push(Reverse((estimate.to_bits(), state)));
    }

    fn trace(&self, network: &Network, from: u32, to: u32) -> Vec<u32> {
        let mut links = Vec::new();
        let mut state = to;
        while state != from {
            links.push(network.states.link[state as usize]);
            state = self.parent[state as usize];
        }
        links.reverse();
        links
    }
}

/// How a driver sees a link's time: 1…1 + [`TASTE_SPREAD`], the same each time they look.
fn perception(taste: u64, link: u32) -> f32 {
    let mixed = (taste ^ u64::from(link).wrapping_mul(0x9E37_79B9_7F4A_7C15)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    1.0 + TASTE_SPREAD * ((mixed >> 40) as f32 / (1_u64 << 24) as f32)
}
