//! What an equilibrium says: flows by link, class and turn, the report for the command line, travel times between zones, what
//! can be reached in a time.

use rayon::prelude::*;
use serde::Serialize;

use super::{Equilibrium, Graph, tree::Tree};

/// What `assign --json` prints.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    pub objective: f64,
    pub relative_gap: f64,
    pub iterations: usize,
    /// Filled by the caller: engines have no clock.
    pub cpu_s: f64,
    pub links: Vec<LinkReport>,
}

/// One link of a report. Nodes are counted from 1, as in TNTP files; cost is the first class's, tolls and length as weighed.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct LinkReport {
    pub from: u32,
    pub to: u32,
    pub flow: f64,
    pub cost: f64,
}

/// Least costs between zones at the equilibrium's times, row by origin.
#[derive(Clone, PartialEq, Debug)]
pub struct Skims {
    pub zones: usize,
    /// In the graph's unit of time, tolls and lengths as the class weighs them; infinite where no way leads, 0 within a zone.
    pub cost: Vec<f64>,
    /// Time alone on those ways.
    pub time: Vec<f64>,
}

/// Vehicles that go from one link into the next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TurnFlow {
    pub to: usize,
    /// Cars.
    pub flow: f64,
}

impl Equilibrium {
    /// The report of all links, in the order they were put in.
    pub fn report(&self, graph: &Graph) -> Report {
        let class = self.classes.first().copied().unwrap_or_default();
        let row = |(l, link): (usize, &super::Link)| LinkReport {
            from: link.from + 1,
            to: link.to + 1,
            flow: self.flow(l),
            cost: self.time(l) + link.toll * class.toll_weight + link.length * class.length_weight,
        };
        let p = self.progress();
        Report {
            objective: p.objective,
            relative_gap: p.relative_gap,
            iterations: p.iteration,
            cpu_s: 0.0,
            links: graph.links.iter().enumerate().map(row).collect(),
        }
    }

    /// Vehicles (not cars: divided by their equivalents) of one class by link.
    pub fn class_flows(&self, graph: &Graph, class: usize) -> Vec<f64> {
        let mut flows = vec![0.0; graph.links.len() + 1];
        for bush in self.bushes.iter().filter(|b| b.class as usize == class) {
            for (arc, flow) in bush.arc.iter().zip(&bush.flow) {
                flows[graph.link[*arc as usize] as usize] += flow / self.classes[class].pce;
            }
        }
        flows.pop();
        flows
    }

    /// Where the cars on a link go next, by link; within an origin's bush those who come to a node by one link leave it as all
    /// of the origin's do (proportionality, Bar-Gera 2010).
    pub fn turns_from(&self, graph: &Graph, link: usize) -> Vec<TurnFlow> {
        let mut onward = std::collections::BTreeMap::<usize, f64>::new();
        for bush in &self.bushes {
            for place in 1..bush.vertices.len() {
                let rows = bush.entering(place);
                let on = |p: &usize| graph.link[bush.arc[*p] as usize] as usize == link;
                let mine: f64 = rows.clone().filter(on).map(|p| bush.flow[p]).sum();
                if mine <= 0.0 {
                    continue;
                }
                let share = mine / rows.map(|p| bush.flow[p]).sum::<f64>();
                for p in (0..bush.arc.len()).filter(|p| bush.tail[*p] as usize == place && bush.flow[*p] > 0.0) {
                    let next = graph.link[bush.arc[p] as usize] as usize;
                    if next < graph.links.len() {
                        *onward.entry(next).or_default() += share * bush.flow[p];
                    }
                }
            }
        }
        onward.into_iter().map(|(to, flow)| TurnFlow { to, flow }).collect()
    }

    /// Least costs between all zones for a class, in parallel over origins.
    pub fn skims(&self, graph: &Graph, class: usize) -> Skims {
        let zones = graph.extent.zones as usize;
        let costs = self.costs(graph, class);
        let times = self.times(graph);
        let rows: Vec<(Vec<f64>, Vec<f64>)> = (0..graph.extent.zones)
            .into_par_iter()
            .map_init(Tree::default, |tree, origin| {
                tree.grow(graph, &costs, origin, &mut Vec::new());
                let time = (0..graph.extent.zones).map(|zone| tree.sum_to(graph, &times, origin, zone));
                (tree.cost[..zones].to_vec(), time.collect())
            })
            .collect();
        let (cost, time): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        Skims { zones, cost: cost.concat(), time: time.concat() }
    }

    /// Least costs from any vertex (a zone, or a node of a graph without turns) to all, for a class.
    pub fn costs_from(&self, graph: &Graph, class: usize, vertex: u32) -> Vec<f64> {
        let mut tree = Tree::default();
        tree.grow(graph, &self.costs(graph, class), vertex.min(graph.extent.vertices - 1), &mut Vec::new());
        tree.cost
    }

    /// Cost of each arc for a class at the equilibrium's times, infinite where closed.
    fn costs(&self, graph: &Graph, class: usize) -> Vec<f64> {
        let class = self.classes.get(class).copied().unwrap_or_default();
        let fixed = super::equilibrium::fixed_cost(graph, &class);
        graph.link.iter().zip(fixed).map(|(l, fixed)| fixed + self.link_time(graph, *l)).collect()
    }

    /// Time of each arc, its turn included.
    fn times(&self, graph: &Graph) -> Vec<f64> {
        graph.link.iter().zip(&graph.extra).map(|(l, extra)| self.link_time(graph, *l) + extra).collect()
    }

    fn link_time(&self, graph: &Graph, row: u32) -> f64 {
        if row as usize == graph.links.len() { 0.0 } else { self.time(row as usize) }
    }
}

impl Skims {
    pub fn cost(&self, from: usize, to: usize) -> f64 {
        self.cost[from * self.zones + to]
    }

    pub fn time(&self, from: usize, to: usize) -> f64 {
        self.time[from * self.zones + to]
    }

    /// What lies within each limit of time from each zone: jobs or people by zone are `there`. Row by zone, one entry per limit.
    pub fn within(&self, there: &[f64], limits: &[f64]) -> Vec<Vec<f64>> {
        let reached = |from: usize, limit: f64| -> f64 {
            (0..self.zones).filter(|to| self.time(from, *to) <= limit).filter_map(|to| there.get(to)).sum()
        };
        (0..self.zones).into_par_iter().map(|from| limits.iter().map(|l| reached(from, *l)).collect()).collect()
    }
}
