//! Least-cost trees from one origin.
//!
//! The first search is Dijkstra's. Its order of settling is kept: the next search sweeps the vertices in that order
//! without a heap and corrects the few that were out of order, so it stays exact and is several times faster while costs change little.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::Graph;

/// "No such vertex, arc or slot."
pub const NONE: u32 = u32::MAX;

/// Reusable memory of a search: cost from the origin and the arc that each vertex is reached by.
#[derive(Default)]
pub struct Tree {
    pub cost: Vec<f64>,
    pub parent: Vec<u32>,
    swept: Vec<u32>,
    round: u32,
    open: BinaryHeap<Reverse<(u64, u32)>>,
}

/// Beyond this share of corrections the kept order is sorted anew.
const MOST_CORRECTIONS: usize = 8;

impl Tree {
    /// Least costs from `origin` to every vertex, infinite where no way leads. `arc_cost` is infinite where closed.
    /// `order` is empty at first, and then what the last search from this origin left.
    pub fn grow(&mut self, graph: &Graph, arc_cost: &[f64], origin: u32, order: &mut Vec<u32>) {
        self.begin(graph.extent.vertices as usize);
        self.cost[origin as usize] = 0.0;
        if order.is_empty() {
            self.open.push(Reverse((0, origin)));
            self.settle(graph, arc_cost, Some(order));
            order.shrink_to_fit();
            return;
        }
        let round = self.round;
        let (mut reached, mut settled) = (1, 0);
        let (cost, parent, swept) = (&mut self.cost[..], &mut self.parent[..], &mut self.swept[..]);
        for &v in order.iter() {
            swept[v as usize] = round;
            let so_far = cost[v as usize];
            if so_far == f64::INFINITY {
                continue;
            }
            settled += 1;
            let arcs = graph.arcs_of(v);
            for ((head, own), a) in
                graph.head[arcs.clone()].iter().zip(&arc_cost[arcs.clone()]).zip(arcs.start as u32..)
            {
                let known = &mut cost[*head as usize];
                let beyond = so_far + own;
                if beyond < *known {
                    reached += usize::from(*known == f64::INFINITY && graph.through(*head));
                    *known = beyond;
                    parent[*head as usize] = a;
                    if swept[*head as usize] == round {
                        self.open.push(Reverse((beyond.to_bits(), *head)));
                    }
                }
            }
        }
        let corrections = self.open.len();
        // A way that opened leads where the last search did not come.
        let opened = reached > settled;
        if opened {
            let new = |v: &u32| self.cost[*v as usize] < f64::INFINITY && self.swept[*v as usize] != round;
            let new: Vec<u32> = (0..graph.extent.vertices).filter(|v| new(v) && graph.through(*v)).collect();
            self.open.extend(new.into_iter().map(|v| Reverse((self.cost[v as usize].to_bits(), v))));
        }
        self.settle(graph, arc_cost, None);
        if opened {
            let new = |v: &u32| self.cost[*v as usize] < f64::INFINITY && self.swept[*v as usize] != round;
            order.extend((0..graph.extent.vertices).filter(|v| new(v) && graph.through(*v)));
        }
        if opened || corrections > order.len() / MOST_CORRECTIONS {
            order.sort_by(|a, b| self.cost[*a as usize].total_cmp(&self.cost[*b as usize]));
        }
    }

    /// Sum of another cost along the tree's way to a vertex, infinite where no way leads.
    pub fn sum_to(&self, graph: &Graph, arc_cost: &[f64], origin: u32, vertex: u32) -> f64 {
        if self.cost[vertex as usize] == f64::INFINITY {
            return f64::INFINITY;
        }
        let (mut sum, mut at) = (0.0, vertex);
        while at != origin {
            let a = self.parent[at as usize] as usize;
            sum += arc_cost[a];
            at = graph.tail[a];
        }
        sum
    }

    fn begin(&mut self, vertices: usize) {
        if self.cost.len() != vertices || self.round == u32::MAX {
            self.parent = vec![NONE; vertices];
            self.swept = vec![0; vertices];
            self.round = 0;
        }
        self.cost.clear();
        self.cost.resize(vertices, f64::INFINITY);
        self.round += 1;
        self.open.clear();
    }

    /// Works off the heap; non-negative floats order as their bits do. Vertices that end routes are never expanded.
    fn settle(&mut self, graph: &Graph, arc_cost: &[f64], mut order: Option<&mut Vec<u32>>) {
        while let Some(Reverse((bits, v))) = self.open.pop() {
            let so_far = self.cost[v as usize];
            if so_far.to_bits() != bits {
                continue;
            }
            if let Some(order) = order.as_deref_mut() {
                if self.swept[v as usize] == self.round {
                    continue;
                }
                self.swept[v as usize] = self.round;
                order.push(v);
            }
            let arcs = graph.arcs_of(v);
            for ((head, own), a) in
                graph.head[arcs.clone()].iter().zip(&arc_cost[arcs.clone()]).zip(arcs.start as u32..)
            {
                let beyond = so_far + own;
                let known = &mut self.cost[*head as usize];
                if beyond < *known {
                    *known = beyond;
                    self.parent[*head as usize] = a;
                    // A vertex that no way goes on from needs no turn.
                    if graph.through(*head) {
                        self.open.push(Reverse((beyond.to_bits(), *head)));
                    }
                }
            }
        }
    }
}
