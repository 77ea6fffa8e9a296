//! What a grid must be as a whole: fed, without islands, without loops of unlike ratios.

use std::f64::consts::TAU;

use super::{
    check::{Check, RATIO_TOLERANCE},
    element::{Ends, GridData, Islands, Label},
    error::Fault,
};

/// Angles around a loop of transformers may differ by less than an hour of the clock, rad. Phase-shifting
/// transformers in meshed grids stay below.
const SHIFT_TOLERANCE_RAD: f64 = TAU / 24.0;

impl<'a> Check<'a> {
    pub fn topology(&mut self) {
        self.sources();
        self.islands();
        self.loops();
    }

    fn sources(&mut self) {
        let refuse = self.data.islands == Islands::Refuse;
        if refuse && !self.data.external_grids.iter().any(|source| source.in_service) {
            self.fail(&Label::new("source", 0, ""), "", Fault::NoSource);
        }
    }

    /// Buses in service that no source reaches with every switch closed. One error per island: its first bus.
    fn islands(&mut self) {
        let data = self.data;
        if data.islands == Islands::Dead {
            return;
        }
        let mut sets = Sets::new(data.buses.len());
        for (_, ends) in data.branch_ends() {
            sets.join(ends.from, ends.to);
        }
        data.switches.iter().for_each(|switch| sets.join(switch.from, switch.to));
        let mut reached = vec![false; data.buses.len()];
        for source in &data.external_grids {
            reached[sets.root(source.bus) as usize] = true;
        }
        for (index, bus) in data.buses.iter().enumerate() {
            let root = sets.root(index as u32) as usize;
            if bus.in_service && !reached[root] {
                reached[root] = true;
                self.fail(&bus.label, "", Fault::Island);
            }
        }
    }

    /// Walks a tree of closed branches, carrying the logarithm of the nominal ratio and the angle; a branch
    /// that closes a loop must agree with the tree.
    fn loops(&mut self) {
        let data = self.data;
        let mut steps: Vec<Step<'a>> = data.steps();
        let mut sets = Sets::new(data.buses.len());
        let mut tree: Vec<Vec<(u32, f64, f64)>> = vec![Vec::new(); data.buses.len()];
        steps.retain(|step| {
            let joins = sets.root(step.from) != sets.root(step.to);
            if joins {
                sets.join(step.from, step.to);
                tree[step.from as usize].push((step.to, step.ratio_ln, step.shift_rad));
                tree[step.to as usize].push((step.from, -step.ratio_ln, -step.shift_rad));
            }
            !joins && step.from != step.to
        });
        let potential = potentials(&tree);
        for step in steps {
            let (from, to) = (potential[step.from as usize], potential[step.to as usize]);
            let ratio = to.0 - from.0 - step.ratio_ln;
            let turn = to.1 - from.1 - step.shift_rad;
            let turn = turn - TAU * (turn / TAU).round();
            if ratio.abs() > RATIO_TOLERANCE || turn.abs() > SHIFT_TOLERANCE_RAD {
                let (ratio_percent, shift_deg) = (100.0 * ratio.abs().exp_m1(), turn.abs().to_degrees());
                self.fail(step.label, "", Fault::UnlikeRatios { ratio_percent, shift_deg });
            }
        }
    }
}

/// A closed branch as a step of ratio and angle.
struct Step<'a> {
    label: &'a Label,
    from: u32,
    to: u32,
    ratio_ln: f64,
    shift_rad: f64,
}

impl GridData {
    fn steps(&self) -> Vec<Step<'_>> {
        let rated = |bus: u32| self.buses[bus as usize].rated_v;
        let closed = |ends: &Ends| ends.from_closed && ends.to_closed;
        let mut steps = Vec::new();
        for line in self.lines.iter().filter(|line| closed(&line.ends)) {
            let Ends { from, to, .. } = line.ends;
            steps.push(Step { label: &line.label, from, to, ratio_ln: 0.0, shift_rad: 0.0 });
        }
        for switch in self.switches.iter().filter(|switch| switch.closed) {
            let (from, to) = (switch.from, switch.to);
            steps.push(Step { label: &switch.label, from, to, ratio_ln: 0.0, shift_rad: 0.0 });
        }
        for branch in self.pi_branches.iter().filter(|branch| closed(&branch.ends)) {
            let Ends { from, to, .. } = branch.ends;
            steps.push(Step { label: &branch.label, from, to, ratio_ln: 0.0, shift_rad: branch.shift_rad });
        }
        for t in self.transformers.iter().filter(|t| closed(&t.ends)) {
            let Ends { from, to, .. } = t.ends;
            let ratio_ln = ((t.from_v / t.to_v) * (rated(to) / rated(from))).ln();
            steps.push(Step { label: &t.label, from, to, ratio_ln, shift_rad: t.shift_rad });
        }
        steps
    }
}

/// Sums along the tree from each component's first bus.
fn potentials(tree: &[Vec<(u32, f64, f64)>]) -> Vec<(f64, f64)> {
    let mut potential = vec![None; tree.len()];
    for start in 0..tree.len() {
        if potential[start].is_some() {
            continue;
        }
        potential[start] = Some((0.0, 0.0));
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            let Some((ratio, shift)) = potential[at] else { continue };
            for &(next, ratio_ln, shift_rad) in &tree[at] {
                if potential[next as usize].is_none() {
                    potential[next as usize] = Some((ratio + ratio_ln, shift + shift_rad));
                    open.push(next as usize);
                }
            }
        }
    }
    potential.into_iter().map(Option::unwrap_or_default).collect()
}

/// Disjoint sets of buses.
pub(crate) struct Sets(Vec<u32>);

impl Sets {
    pub fn new(len: usize) -> Self {
        Self((0..len as u32).collect())
    }

    pub fn root(&mut self, mut at: u32) -> u32 {
        while self.0[at as usize] != at {
            let above = self.0[self.0[at as usize] as usize];
            self.0[at as usize] = above;
            at = above;
        }
        at
    }

    /// The smaller root stays, so that the result depends on the set alone.
    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        self.0[high as usize] = low;
    }
}
