//! Shortest ways along streets (Dijkstra 1959), ties to the lower node: the same trees for any run.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::streets::Streets;

/// Stands for "none" among nodes and edges.
pub const NONE: u32 = u32::MAX;

/// A length that orders as numbers do: bits of floats that are not negative.
type Key = Reverse<(u64, u32)>;

/// Per node the nearest of several starts, the way to it, and its length.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// Metre; infinite where no start is in reach.
    pub length_m: Vec<f64>,
    /// Position in the list of starts.
    pub start: Vec<u32>,
    /// The node before on the way from the start, and the edge from it.
    pub before: Vec<(u32, u32)>,
}

impl Nearest {
    /// From each start at once, up to a length. Of starts on one node the first has it.
    pub fn new(streets: &Streets, starts: &[u32], limit_m: f64) -> Self {
        let count = streets.len();
        let mut found =
            Self { length_m: vec![f64::INFINITY; count], start: vec![NONE; count], before: vec![(NONE, NONE); count] };
        let mut heap: BinaryHeap<Key> = BinaryHeap::with_capacity(starts.len());
        for (index, &node) in starts.iter().enumerate() {
            if found.start[node as usize] == NONE {
                found.start[node as usize] = index as u32;
                found.length_m[node as usize] = 0.0;
                heap.push(Reverse((0, node)));
            }
        }
        while let Some(Reverse((bits, node))) = heap.pop() {
            let here_m = f64::from_bits(bits);
            if here_m > found.length_m[node as usize] {
                continue;
            }
            for &(next, edge) in streets.next(node) {
                let there_m = here_m + streets.edges[edge as usize].length_m;
                if there_m < found.length_m[next as usize] && there_m <= limit_m {
                    found.length_m[next as usize] = there_m;
                    found.start[next as usize] = found.start[node as usize];
                    found.before[next as usize] = (node, edge);
                    heap.push(Reverse((there_m.to_bits(), next)));
                }
            }
        }
        found
    }
}

/// The tree of shortest ways from one node to some others; its memory serves many trees of one graph.
#[derive(Clone, Debug)]
pub struct Tree {
    round: u32,
    seen: Vec<u32>,
    settled: Vec<u32>,
    length_m: Vec<f64>,
    before: Vec<(u32, u32)>,
    heap: BinaryHeap<Key>,
    /// Nodes in the order of their distance.
    pub order: Vec<u32>,
}

impl Tree {
    pub fn new(streets: &Streets) -> Self {
        let count = streets.len();
        Self {
            round: 0,
            seen: vec![0; count],
            settled: vec![0; count],
            length_m: vec![0.0; count],
            before: vec![(NONE, NONE); count],
            heap: BinaryHeap::new(),
            order: Vec::new(),
        }
    }

    /// Grows the tree from a root until all goals are in it. `goals` are distinct nodes.
    pub fn grow(&mut self, streets: &Streets, root: u32, goals: &[u32]) {
        self.round += 1;
        self.order.clear();
        self.heap.clear();
        let mut left = goals.len();
        let mut wanted = goals.to_vec();
        wanted.sort_unstable();
        self.reach(root, 0.0, (NONE, NONE));
        while let Some(Reverse((bits, node))) = self.heap.pop() {
            if self.settled[node as usize] == self.round {
                continue;
            }
            self.settled[node as usize] = self.round;
            self.order.push(node);
            if wanted.binary_search(&node).is_ok() {
                left -= 1;
                if left == 0 {
                    return;
                }
            }
            for &(next, edge) in streets.next(node) {
                let length_m = f64::from_bits(bits) + streets.edges[edge as usize].length_m;
                let new = self.seen[next as usize] != self.round || length_m < self.length_m[next as usize];
                if new && self.settled[next as usize] != self.round {
                    self.reach(next, length_m, (node, edge));
                }
            }
        }
    }

    fn reach(&mut self, node: u32, length_m: f64, before: (u32, u32)) {
        self.seen[node as usize] = self.round;
        self.length_m[node as usize] = length_m;
        self.before[node as usize] = before;
        self.heap.push(Reverse((length_m.to_bits(), node)));
    }

    /// Length from the root, metre; of a settled node.
    pub fn length_m(&self, node: u32) -> f64 {
        self.length_m[node as usize]
    }

    /// The node before on the way from the root, and the edge from it; of a settled node.
    pub fn before(&self, node: u32) -> (u32, u32) {
        self.before[node as usize]
    }

    pub fn settled(&self, node: u32) -> bool {
        self.settled[node as usize] == self.round
    }
}
