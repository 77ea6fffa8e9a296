//! The equilibrium: the state that is kept, and the loop that finds it.
//!
//! Algorithm B (Dial 2006) with Nie's (2010) rule for growing bushes. Chosen over TAPAS because one origin's bush is
//! compact (28 bytes per vertex that it uses) and stands alone, so that all work but the shifting itself runs in parallel;
//! over path-based projection because two thousand zones have four million pairs.
//!
//! An iteration: (1) costs from flows; (2) per bush, in parallel: least-cost tree, gap, reshaping; (3) report; (4) passes
//! over batches of bushes: find pairs in parallel at frozen costs, shift one after another at current costs. Batches are
//! of fixed size: no number of threads changes a byte.

use std::{ops::ControlFlow, sync::Mutex};

use rayon::prelude::*;

use super::{
    Graph, Trips,
    bush::{Bush, Scratch, Spent},
    shift::{LinkState, Pairs},
    trips::UserClass,
};

/// When to stop.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Options {
    /// Relative gap 1 − (cost on least-cost ways)/(cost as driven) to reach.
    pub gap: f64,
    pub most_iterations: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { gap: 1e-6, most_iterations: 200 }
    }
}

/// What an iteration found.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Progress {
    pub iteration: usize,
    pub relative_gap: f64,
    /// Beckmann's function.
    pub objective: f64,
    /// Total cost of all users, tolls and lengths as weighed included, per car.
    pub total_cost: f64,
}

/// Why no equilibrium can be sought.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SolveError {
    #[error("the graph has {graph} zones, the trips {trips}")]
    ZonesDiffer { graph: u32, trips: u32 },
    #[error("the gap to reach is {0}; it must be a number above or equal to zero")]
    BadGap(f64),
    #[error("the costs overflow: capacities are far below the trips, or powers, tolls or weights far too large")]
    Overflow,
    #[error("this equilibrium was found on another graph")]
    OtherGraph,
}

/// Trips that no way leads for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Unreachable {
    pub class: usize,
    pub origin: u32,
    pub destination: u32,
    pub trips: f64,
}

/// A user equilibrium, or how far one has come; kept, it starts the next one after an edit.
#[derive(Clone, Debug)]
pub struct Equilibrium {
    pub(crate) classes: Vec<UserClass>,
    pub(crate) bushes: Vec<Bush>,
    pub(crate) links: Vec<LinkState>,
    closed: Vec<bool>,
    extent: super::Extent,
    arcs: usize,
    progress: Progress,
}

/// Bushes whose pairs are found at once. Smaller is fresher, larger feeds more cores; measured on Chicago Sketch and the grids.
const BATCH: usize = 16;
/// Most passes over all bushes in an iteration, and the part of the iteration's gap at which they end.
const MOST_PASSES: usize = 10;
const ENOUGH: f64 = 0.03;
/// … and the part of the gap to reach at which they end.
const FINE: f64 = 0.3;
/// Rounds over a batch's pairs.
const ROUNDS: usize = 3;
/// Part of the gap to reach below which a pair is left alone; keeps the sum of what is left below the goal.
const TOLERANCE: f64 = 0.02;
/// A bush that spends too much by less than this part of the gap to reach keeps its shape.
const NEGLIGIBLE: f64 = 0.1;
/// Part of an even share of what ends the passes below which a bush is left out of them.
const SKIP: f64 = 0.5;
/// Share of an origin's trips that counts as none.
const DUST: f64 = 1e-14;

/// Finds the user equilibrium of trips on a graph. `report` sees every iteration and may end the search.
pub fn solve(
    graph: &Graph,
    trips: &Trips,
    options: &Options,
    report: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Equilibrium, SolveError> {
    let zones = graph.extent.zones;
    if zones != trips.zones() {
        return Err(SolveError::ZonesDiffer { graph: zones, trips: trips.zones() });
    }
    let mut bushes = Vec::new();
    for (k, (class, matrix)) in trips.classes.iter().enumerate() {
        for origin in 0..zones {
            let row = matrix.row(origin).iter().filter(|e| e.0 != origin);
            let demand: Vec<(u32, f64)> = row.map(|e| (e.0, e.1 * class.pce)).collect();
            if !demand.is_empty() {
                bushes.push(Bush::new(k as u32, origin, demand));
            }
        }
    }
    let mut found = Equilibrium {
        classes: trips.classes.iter().map(|c| c.0).collect(),
        bushes,
        links: Vec::new(),
        closed: graph.closed.clone(),
        extent: graph.extent,
        arcs: graph.arc_count(),
        progress: Progress::default(),
    };
    found.load(graph);
    found.run(graph, options, report)?;
    Ok(found)
}

impl Equilibrium {
    /// Finds the equilibrium again after the graph was edited, from the ways used so far: closed links lose their traffic to
    /// the least-cost ways, all else stays where it was.
    pub fn resume(
        &mut self,
        graph: &Graph,
        options: &Options,
        report: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(), SolveError> {
        if self.extent != graph.extent || self.arcs != graph.arc_count() || self.closed.len() != graph.closed.len() {
            return Err(SolveError::OtherGraph);
        }
        self.closed.clone_from(&graph.closed);
        self.relieve(graph, options);
        self.run(graph, options, report)
    }

    /// What the last iteration found.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Cars on a link (passenger car equivalents of all classes).
    pub fn flow(&self, link: usize) -> f64 {
        self.links.get(link).map_or(0.0, |l| l.flow)
    }

    /// Time along a link at its flow, in the graph's unit, infinite where closed.
    pub fn time(&self, link: usize) -> f64 {
        match self.closed.get(link) {
            Some(false) => self.links[link].time,
            _ => f64::INFINITY,
        }
    }

    /// Cars times time, in the graph's units.
    pub fn total_time(&self) -> f64 {
        self.links.iter().map(|l| l.flow * l.time).sum()
    }

    /// Trips that no way leads for; they are in no flow.
    pub fn unreachable(&self) -> Vec<Unreachable> {
        let of = |b: &Bush| -> Vec<Unreachable> {
            let (class, origin, pce) = (b.class as usize, b.origin, self.classes[b.class as usize].pce);
            b.lost.iter().map(|e| Unreachable { class, origin, destination: e.0, trips: e.1 / pce }).collect()
        };
        self.bushes.iter().flat_map(of).collect()
    }

    /// First loading, batch by batch, each on the costs that those before it left.
    fn load(&mut self, graph: &Graph) {
        let Memory { shelf, fixed, .. } = Memory::new(graph, &self.classes);
        self.links = graph.functions.iter().map(|f| at(f, 0.0)).collect();
        for from in (0..self.bushes.len()).step_by(BATCH) {
            let costs = arc_costs(graph, &fixed, &self.links);
            let until = (from + BATCH).min(self.bushes.len());
            self.bushes[from..until].par_iter_mut().for_each(|bush| {
                shelf.with(|scratch| bush.update(graph, &costs[bush.class as usize], 0.0, scratch));
            });
            for bush in &self.bushes[from..until] {
                add_flows(bush, graph, &mut self.links);
            }
            for (state, function) in self.links.iter_mut().zip(&graph.functions) {
                *state = at(function, state.flow);
            }
        }
    }

    /// Before the first iteration of a warm start: the bushes that an edit concerns find new ways, and all shift between
    /// the ways they have. A pass costs a sixth of an iteration, which then mostly has nothing left to do but to prove the gap.
    fn relieve(&mut self, graph: &Graph, options: &Options) {
        let links = graph.functions.iter().zip(&self.links).enumerate();
        let changed: Vec<bool> = links.map(|(l, (f, s))| graph.closed(l) || f.at(s.flow).0 != s.time).collect();
        let enters = |a: &u32| changed[graph.link[*a as usize] as usize];
        let hit = |b: &Bush| !b.lost.is_empty() || b.arc.iter().any(enters);
        let concerned: Vec<bool> = self.bushes.par_iter().map(hit).collect();
        if concerned.iter().any(|c| *c) {
            let mut memory = Memory::new(graph, &self.classes);
            self.sum_flows(graph);
            self.update(graph, &memory, Some(&concerned), 0.0);
            self.sum_flows(graph);
            self.passes(graph, options, &mut memory, FINE * options.gap * self.progress.total_cost);
        }
    }

    fn run(
        &mut self,
        graph: &Graph,
        options: &Options,
        mut report: impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<(), SolveError> {
        if options.gap.is_nan() || options.gap < 0.0 {
            return Err(SolveError::BadGap(options.gap));
        }
        let mut memory = Memory::new(graph, &self.classes);
        for iteration in 1.. {
            self.sum_flows(graph);
            let spent = self.update(graph, &memory, None, NEGLIGIBLE * options.gap);
            let total: f64 = spent.iter().map(|s| s.total).sum();
            let excess: f64 = total - spent.iter().map(|s| s.least).sum::<f64>();
            let relative_gap = if total > 0.0 { excess / total } else { 0.0 };
            let objective = self.objective(graph, &memory.fixed);
            if !total.is_finite() || !objective.is_finite() || !excess.is_finite() {
                return Err(SolveError::Overflow);
            }
            self.progress = Progress { iteration, relative_gap, objective, total_cost: total };
            let stop = report(&self.progress).is_break();
            if stop || relative_gap <= options.gap || iteration >= options.most_iterations {
                break;
            }
            let enough = f64::max(ENOUGH * excess, FINE * options.gap * total);
            self.passes(graph, options, &mut memory, enough);
        }
        Ok(())
    }

    /// Updates the bushes that are chosen, all of them if `None`, at the current costs; `idle`: see [`Bush::update`].
    fn update(&mut self, graph: &Graph, memory: &Memory, chosen: Option<&[bool]>, idle: f64) -> Vec<Spent> {
        let costs = arc_costs(graph, &memory.fixed, &self.links);
        let mut bushes = picked(&mut self.bushes, chosen);
        let update = |bush: &mut &mut Bush| {
            memory.shelf.with(|scratch| bush.update(graph, &costs[bush.class as usize], idle, scratch))
        };
        bushes.par_iter_mut().map(update).collect()
    }

    /// Passes over all bushes until they spend less than `enough` too much, or no more passes are worth it. Those that
    /// together spend little too much at the first pass are left out of the others.
    fn passes(&mut self, graph: &Graph, options: &Options, memory: &mut Memory, enough: f64) {
        let mut busy: Option<Vec<bool>> = None;
        for _ in 0..MOST_PASSES {
            let excess = self.pass(graph, memory, busy.as_deref(), TOLERANCE * options.gap);
            if excess.iter().sum::<f64>() < enough {
                break;
            }
            let little = SKIP * enough / excess.len() as f64;
            busy.get_or_insert_with(|| excess.iter().map(|e| *e > little).collect());
        }
    }

    /// One pass over bushes. What each spends beyond its own shortest ways, as found on the way.
    fn pass(&mut self, graph: &Graph, memory: &mut Memory, chosen: Option<&[bool]>, tolerance: f64) -> Vec<f64> {
        let mut left = Vec::new();
        let Memory { fixed, pairs, costs, .. } = memory;
        for batch in picked(&mut self.bushes, chosen).chunks_mut(BATCH) {
            for class in batch.chunk_by(|a, b| a.class == b.class).map(|same| same[0].class as usize) {
                let cost = |(l, fixed): (&u32, &f64)| fixed + self.links[*l as usize].time;
                costs[class].clear();
                costs[class].extend(graph.link.iter().zip(&fixed[class]).map(cost));
            }
            batch.par_iter().zip(pairs.par_iter_mut()).for_each(|(bush, pairs)| {
                pairs.find(bush, &costs[bush.class as usize], tolerance);
            });
            for _ in 0..ROUNDS {
                for (bush, pairs) in batch.iter_mut().zip(pairs.iter()) {
                    let dust = DUST * bush.demand.iter().map(|d| d.1).sum::<f64>();
                    pairs.shift(bush, graph, &fixed[bush.class as usize], &mut self.links, dust);
                }
            }
            left.extend(pairs.iter().take(batch.len()).map(|p| p.excess));
        }
        left
    }

    fn sum_flows(&mut self, graph: &Graph) {
        self.links = vec![LinkState::default(); graph.functions.len()];
        for bush in &self.bushes {
            add_flows(bush, graph, &mut self.links);
        }
        for (state, function) in self.links.iter_mut().zip(&graph.functions) {
            *state = at(function, state.flow);
        }
    }

    fn objective(&self, graph: &Graph, fixed: &[Vec<f64>]) -> f64 {
        let shared: f64 = graph.functions.iter().zip(&self.links).map(|(f, s)| f.integral(s.flow)).sum();
        let own = |b: &Bush| -> f64 {
            let fixed = &fixed[b.class as usize];
            b.arc.iter().zip(&b.flow).map(|(a, f)| f * fixed[*a as usize]).sum()
        };
        shared + self.bushes.iter().map(own).sum::<f64>()
    }
}

/// What each arc costs a class beyond its link's time: its turn, toll and length.
pub(super) fn fixed_cost(graph: &Graph, class: &UserClass) -> Vec<f64> {
    let weigh = |(l, extra): (&u32, &f64)| {
        let own = graph.links.get(*l as usize);
        extra + own.map_or(0.0, |l| l.toll * class.toll_weight + l.length * class.length_weight)
    };
    graph.link.iter().zip(&graph.extra).map(weigh).collect()
}

fn add_flows(bush: &Bush, graph: &Graph, links: &mut [LinkState]) {
    for (arc, flow) in bush.arc.iter().zip(&bush.flow) {
        links[graph.link[*arc as usize] as usize].flow += flow;
    }
}

fn at(function: &super::cost::CostFunction, flow: f64) -> LinkState {
    let (time, slope) = function.at(flow);
    LinkState { flow, time, slope }
}

/// Cost of each arc by class, infinite where closed.
fn arc_costs(graph: &Graph, fixed: &[Vec<f64>], links: &[LinkState]) -> Vec<Vec<f64>> {
    let time = |l: &u32| if graph.closed(*l as usize) { f64::INFINITY } else { links[*l as usize].time };
    let of = |fixed: &Vec<f64>| graph.link.iter().zip(fixed).map(|(l, f)| f + time(l)).collect();
    fixed.iter().map(of).collect()
}

/// What iterations share: what each arc costs each class beyond its link's time, and reusable memory: the pairs of a batch,
/// the cost of each arc by class, scratch for updates.
struct Memory {
    fixed: Vec<Vec<f64>>,
    pairs: Vec<Pairs>,
    costs: Vec<Vec<f64>>,
    shelf: Shelf,
}

impl Memory {
    fn new(graph: &Graph, classes: &[UserClass]) -> Self {
        Self {
            fixed: classes.iter().map(|class| fixed_cost(graph, class)).collect(),
            pairs: (0..BATCH).map(|_| Pairs::default()).collect(),
            costs: vec![Vec::new(); classes.len()],
            shelf: Shelf::default(),
        }
    }
}

/// The bushes that are chosen, all of them if `None`.
fn picked<'a>(bushes: &'a mut [Bush], chosen: Option<&[bool]>) -> Vec<&'a mut Bush> {
    bushes.iter_mut().enumerate().filter(|(b, _)| chosen.is_none_or(|c| c[*b])).map(|(_, bush)| bush).collect()
}

/// Scratch memory for as many threads as ask.
#[derive(Default)]
struct Shelf(Mutex<Vec<Scratch>>);

impl Shelf {
    fn with<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let taken = self.0.lock().expect("no holder of this lock panics").pop();
        let mut scratch = taken.unwrap_or_default();
        let result = work(&mut scratch);
        self.0.lock().expect("no holder of this lock panics").push(scratch);
        result
    }
}
