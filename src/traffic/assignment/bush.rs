//! The ways that one origin's traffic of one class uses: an acyclic part of the graph with the flow on each arc.
//!
//! A bush (Dial 2006) holds the vertices in topological order, each with the arcs that enter it. It changes in two
//! ways: [`Bush::update`] drops what nobody uses and takes in what the least-cost tree offers; `shift` moves flow.

use super::{
    Graph,
    tree::{NONE, Tree},
};

/// One origin's bush.
#[derive(Clone, Debug, Default)]
pub struct Bush {
    pub class: u32,
    pub origin: u32,
    /// (zone, trips in cars) that can be reached, by zone.
    pub demand: Vec<(u32, f64)>,
    /// … and that cannot.
    pub lost: Vec<(u32, f64)>,
    /// Order of the last search.
    pub order: Vec<u32>,
    /// Vertices in topological order, the origin first.
    pub vertices: Vec<u32>,
    /// Rows of the arcs that enter vertex i: `first[i]..first[i + 1]`.
    pub first: Vec<u32>,
    pub arc: Vec<u32>,
    /// Place among `vertices` of the vertex that an arc leaves.
    pub tail: Vec<u32>,
    /// Cars.
    pub flow: Vec<f64>,
}

/// Cost of a bush's traffic as it drives and if all of it drove the least-cost ways.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    pub total: f64,
    pub least: f64,
}

impl Spent {
    pub fn excess(&self) -> f64 {
        self.total - self.least
    }
}

/// Reusable memory of an update.
#[derive(Default)]
pub struct Scratch {
    pub tree: Tree,
    /// Place of a vertex among the rows below; valid where `stamp` is this round's.
    place: Vec<u32>,
    stamp: Vec<u32>,
    round: u32,
    rows: Vec<Row>,
    /// Row of each vertex of the bush that was.
    old: Vec<u32>,
    /// Place of each row in the bush to be.
    anew: Vec<u32>,
    next: Written,
    chain: Vec<u32>,
    through: Vec<f64>,
}

/// The arrays of a bush to be.
#[derive(Default)]
struct Written {
    vertices: Vec<u32>,
    first: Vec<u32>,
    arc: Vec<u32>,
    tail: Vec<u32>,
    flow: Vec<f64>,
}

/// A vertex of the bush to be: its label (longest used way), its place in the bush that was, the tree's arc if taken in.
#[derive(Clone, Copy, Debug)]
struct Row {
    label: f64,
    vertex: u32,
    was: u32,
    taken: u32,
}

impl Bush {
    pub fn new(class: u32, origin: u32, demand: Vec<(u32, f64)>) -> Self {
        Self { class, origin, demand, vertices: vec![origin], first: vec![0, 0], ..Self::default() }
    }

    pub fn entering(&self, place: usize) -> std::ops::Range<usize> {
        self.first[place] as usize..self.first[place + 1] as usize
    }

    /// Grows the least-cost tree, tells what is spent, and reshapes the bush: unused and closed arcs go, the tree's arcs come
    /// where they keep it acyclic (their tail's label below their head's, Nie 2010), flow that lost its way follows the tree.
    /// The shape stays where less than the share `idle` is spent too much (and none of its arcs is closed).
    pub fn update(&mut self, graph: &Graph, arc_cost: &[f64], idle: f64, scratch: &mut Scratch) -> Spent {
        scratch.tree.grow(graph, arc_cost, self.origin, &mut self.order);
        let moved = self.sort_out_lost(&scratch.tree);
        let spent = self.spent(arc_cost, &scratch.tree);
        if !moved && spent.excess().abs() < idle * spent.total {
            return spent;
        }
        scratch.begin(graph.extent.vertices as usize);
        let mut changed = self.label(arc_cost, scratch);
        changed |= self.take_in(graph, scratch);
        if changed {
            self.rebuild(graph, arc_cost, scratch);
        }
        self.load(scratch, changed);
        spent
    }

    fn sort_out_lost(&mut self, tree: &Tree) -> bool {
        let reachable = |e: &(u32, f64)| tree.cost[e.0 as usize] < f64::INFINITY;
        let moved = self.lost.iter().any(reachable) || !self.demand.iter().all(reachable);
        if moved {
            let mut all = std::mem::take(&mut self.demand);
            all.append(&mut self.lost);
            all.sort_unstable_by_key(|e| e.0);
            (self.demand, self.lost) = all.into_iter().partition(reachable);
        }
        moved
    }

    fn spent(&self, arc_cost: &[f64], tree: &Tree) -> Spent {
        let used = self.flow.iter().zip(&self.arc).filter(|(f, _)| **f > 0.0);
        Spent {
            total: used.map(|(f, a)| f * arc_cost[*a as usize]).sum(),
            least: self.demand.iter().map(|(zone, trips)| trips * tree.cost[*zone as usize]).sum(),
        }
    }

    /// Rows for the vertices that keep a used way, labelled with the longest one. Whether anything else goes.
    fn label(&self, arc_cost: &[f64], s: &mut Scratch) -> bool {
        let mut dropped = false;
        s.old.clear();
        s.old.resize(self.vertices.len(), NONE);
        s.add(Row { label: 0.0, vertex: self.origin, was: 0, taken: NONE });
        s.old[0] = 0;
        for i in 1..self.vertices.len() {
            let mut label = -1.0;
            for p in self.entering(i) {
                let cost = arc_cost[self.arc[p] as usize];
                let from = s.old[self.tail[p] as usize];
                if self.flow[p] > 0.0 && from != NONE && cost < f64::INFINITY {
                    label = f64::max(label, beyond(s.rows[from as usize].label, cost));
                } else {
                    dropped = true;
                }
            }
            if label >= 0.0 {
                s.old[i] = s.add(Row { label, vertex: self.vertices[i], was: i as u32, taken: NONE });
            }
        }
        dropped
    }

    /// Takes in the tree's way to every kept vertex and to every destination that lost its way.
    fn take_in(&self, graph: &Graph, s: &mut Scratch) -> bool {
        let kept = s.rows.len();
        let mut changed = false;
        for row in 1..kept {
            let vertex = s.rows[row].vertex;
            let a = s.tree.parent[vertex as usize];
            let was = s.rows[row].was as usize;
            if self.entering(was).any(|p| self.arc[p] == a && self.flow[p] > 0.0) {
                continue;
            }
            let before = s.climb(graph, graph.tail[a as usize]);
            if s.rows[before as usize].label < s.rows[row].label {
                s.rows[row].taken = a;
                changed = true;
            }
        }
        for (zone, _) in &self.demand {
            s.climb(graph, *zone);
        }
        changed || s.rows.len() > kept
    }

    /// Writes the arrays anew, the vertices in the order they had, each after the tails of its arcs. So the parts of a way stay
    /// side by side in memory: all walks over a bush gain more from that than from any order by cost.
    fn rebuild(&mut self, graph: &Graph, arc_cost: &[f64], s: &mut Scratch) {
        let mut next = std::mem::take(&mut s.next);
        next.clear();
        next.first.push(0);
        s.anew.clear();
        s.anew.resize(s.rows.len(), NONE);
        for row in 0..s.rows.len() as u32 {
            s.chain.push(row);
            while let Some(&at) = s.chain.last() {
                if s.anew[at as usize] != NONE || self.write(at, graph, arc_cost, s, &mut next) {
                    s.chain.pop();
                }
            }
        }
        self.vertices.clone_from(&next.vertices);
        self.first.clone_from(&next.first);
        self.arc.clone_from(&next.arc);
        self.tail.clone_from(&next.tail);
        self.flow.clone_from(&next.flow);
        s.next = next;
    }

    /// Appends a row, or puts the tails that must come before it on the stack and says `false`.
    fn write(&self, at: u32, graph: &Graph, arc_cost: &[f64], s: &mut Scratch, next: &mut Written) -> bool {
        let row = s.rows[at as usize];
        let (arcs, waiting) = (next.arc.len(), s.chain.len());
        let mut arrive = |tail: u32, arc: u32, flow: f64| {
            let place = s.anew[tail as usize];
            if place == NONE {
                s.chain.push(tail);
            } else {
                next.arc.push(arc);
                next.tail.push(place);
                next.flow.push(flow);
            }
        };
        if row.was != NONE {
            for p in self.entering(row.was as usize) {
                let tail = s.old[self.tail[p] as usize];
                if self.flow[p] > 0.0 && tail != NONE && arc_cost[self.arc[p] as usize] < f64::INFINITY {
                    arrive(tail, self.arc[p], self.flow[p]);
                }
            }
        }
        if row.taken != NONE {
            arrive(s.place[graph.tail[row.taken as usize] as usize], row.taken, 0.0);
        }
        if s.chain.len() > waiting {
            next.cut(arcs);
            return false;
        }
        s.anew[at as usize] = next.vertices.len() as u32;
        next.vertices.push(row.vertex);
        next.first.push(next.arc.len() as u32);
        true
    }

    /// Loads the demand: each vertex's traffic comes by its arcs in the shares of their flows, by its last where all are
    /// empty. Restores what rounding lost.
    fn load(&mut self, s: &mut Scratch, rebuilt: bool) {
        let through = &mut s.through;
        through.clear();
        through.resize(self.vertices.len(), 0.0);
        for (zone, trips) in &self.demand {
            let row = s.place[*zone as usize];
            through[if rebuilt { s.anew[row as usize] } else { row } as usize] += trips;
        }
        for i in (1..self.vertices.len()).rev() {
            let rows = self.entering(i);
            let sum: f64 = self.flow[rows.clone()].iter().sum();
            let wanted = through[i];
            if rows.len() == 1 {
                self.flow[rows.start] = wanted;
                through[self.tail[rows.start] as usize] += wanted;
                continue;
            }
            let scale = if sum > 0.0 { wanted / sum } else { 0.0 };
            for p in rows.clone() {
                self.flow[p] *= scale;
                if sum == 0.0 && p + 1 == rows.end {
                    self.flow[p] = wanted;
                }
                through[self.tail[p] as usize] += self.flow[p];
            }
        }
    }
}

impl Written {
    fn clear(&mut self) {
        self.vertices.clear();
        self.first.clear();
        self.cut(0);
    }

    fn cut(&mut self, arcs: usize) {
        self.arc.truncate(arcs);
        self.tail.truncate(arcs);
        self.flow.truncate(arcs);
    }
}

impl Scratch {
    fn begin(&mut self, vertices: usize) {
        if self.stamp.len() != vertices || self.round == u32::MAX {
            self.place = vec![NONE; vertices];
            self.stamp = vec![0; vertices];
            self.round = 0;
        }
        self.round += 1;
        self.rows.clear();
    }

    fn add(&mut self, row: Row) -> u32 {
        let place = self.rows.len() as u32;
        self.place[row.vertex as usize] = place;
        self.stamp[row.vertex as usize] = self.round;
        self.rows.push(row);
        place
    }

    /// The row of a vertex; where it has none, the tree's way to it is taken in from the last vertex that has.
    fn climb(&mut self, graph: &Graph, vertex: u32) -> u32 {
        let mut at = vertex;
        while self.stamp[at as usize] != self.round {
            self.chain.push(at);
            at = graph.tail[self.tree.parent[at as usize] as usize];
        }
        let mut place = self.place[at as usize];
        while let Some(v) = self.chain.pop() {
            let label = self.rows[place as usize].label.next_up();
            place = self.add(Row { label, vertex: v, was: NONE, taken: self.tree.parent[v as usize] });
        }
        place
    }
}

/// A label after an arc: larger than before, be the arc free.
fn beyond(label: f64, cost: f64) -> f64 {
    let sum = label + cost;
    if sum > label { sum } else { label.next_up() }
}
