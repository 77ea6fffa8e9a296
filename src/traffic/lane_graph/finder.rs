//! Ways from link to link.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{LaneGraph, NONE, RightOfWay, Users};

/// Time lost by giving way where hardly anybody comes, second (SUMO's weights.minor-penalty).
const MINOR_S: f64 = 1.5;

/// Fastest ways on the empty network as SUMO finds them: links at their limits, the ways through junctions left out (Dijkstra 1959), link by link.
pub(crate) struct Finder {
    time: Vec<f64>,
    before: Vec<u32>,
    touched: Vec<u32>,
    open: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Finder {
    pub fn new(graph: &LaneGraph) -> Self {
        let count = graph.links.len();
        Self {
            time: vec![f64::INFINITY; count],
            before: vec![NONE; count],
            touched: Vec::new(),
            open: BinaryHeap::new(),
        }
    }

    /// Appends the links after `from` up to `to`, `false` where no way leads. `closed`: links not to drive into, or empty.
    pub fn append(
        &mut self,
        graph: &LaneGraph,
        (from, to): (u32, u32),
        users: Users,
        closed: &[bool],
        out: &mut Vec<u32>,
    ) -> bool {
        for link in self.touched.drain(..) {
            self.time[link as usize] = f64::INFINITY;
        }
        self.open.clear();
        self.reach(from, NONE, 0.0);
        while let Some(Reverse((bits, link))) = self.open.pop() {
            let time = f64::from_bits(bits);
            if time > self.time[link as usize] {
                continue;
            }
            if link == to {
                break;
            }
            self.expand(graph, link, time, (users, closed));
        }
        if self.time[to as usize] == f64::INFINITY {
            return false;
        }
        let start = out.len();
        let mut at = to;
        while at != from {
            out.push(at);
            at = self.before[at as usize];
        }
        out[start..].reverse();
        true
    }

    fn expand(&mut self, graph: &LaneGraph, link: u32, time: f64, (users, closed): (Users, &[bool])) {
        for lane in graph.lanes_of(link).filter(|l| graph.lanes[*l as usize].users.admit(users)) {
            for m in graph.moves_of(lane).map(|m| &graph.moves[m as usize]) {
                let next = &graph.lanes[m.to as usize];
                let shut = m.spare || closed.get(m.to_link as usize).is_some_and(|closed| *closed);
                if !shut && next.users.admit(users) {
                    let yields = matches!(m.right, RightOfWay::Minor | RightOfWay::Stop);
                    let waits = if yields { MINOR_S } else { 0.0 };
                    let beyond = f64::from(next.length_m) / f64::from(next.limit_mps);
                    self.reach(m.to_link, link, time + waits + beyond);
                }
            }
        }
    }

    fn reach(&mut self, link: u32, before: u32, time: f64) {
        let known = &mut self.time[link as usize];
        if time < *known {
            if *known == f64::INFINITY {
                self.touched.push(link);
            }
            *known = time;
            self.before[link as usize] = before;
            self.open.push(Reverse((time.to_bits(), link)));
        }
    }
}
