//! Which turns travellers of a kind may take after which: the graph that routes are sought on.

use crate::{
    lane_graph::{LaneGraph, NONE, Users},
    meso::Turns,
    network::Network,
};

/// States and the turns out of them. A state is a link come onto, with what restrictions remember of the way there.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Per state its link; the links' own states come first.
    pub link: Vec<u32>,
    start: Vec<u32>,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub state: u32,
    /// The turn from the state's link onto that of `state`.
    pub turn: u32,
}

impl Ways {
    /// All turns that lanes for these users make.
    pub fn of(graph: &LaneGraph, turns: &Turns, users: Users) -> Self {
        let links = graph.links.len() as u32;
        let mut ways = Self { link: (0..links).collect(), start: vec![0], steps: Vec::with_capacity(turns.len()) };
        for link in 0..links {
            for turn in turns.to.range(link) {
                let to = turns.to.list[turn];
                if graph.joined(link, to, users) {
                    ways.steps.push(Step { state: to, turn: turn as u32 });
                }
            }
            ways.start.push(ways.steps.len() as u32);
        }
        ways
    }

    /// The same, restrictions through via links heeded.
    pub fn of_network(network: &Network, graph: &LaneGraph, turns: &Turns, users: Users) -> Self {
        let states = &network.states;
        let mut ways = Self { link: states.link.clone(), start: vec![0], steps: Vec::with_capacity(turns.len()) };
        for (state, link) in (0..).zip(&states.link) {
            for step in states.from(state) {
                let turn = turns.find(*link, step.link).unwrap_or(NONE);
                if turn != NONE && graph.joined(*link, step.link, users) {
                    ways.steps.push(Step { state: step.state, turn });
                }
            }
            ways.start.push(ways.steps.len() as u32);
        }
        ways
    }

    #[inline]
    pub fn from(&self, state: u32) -> &[Step] {
        &self.steps[self.start[state as usize] as usize..self.start[state as usize + 1] as usize]
    }
}
