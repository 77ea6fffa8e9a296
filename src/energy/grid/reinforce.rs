//! Reinforcement: what to change in a grid that breaks its limits, cheapest first, until they hold.
//!
//! Measures: a standard cable beside a line, the next transformer (or one more, where there is no next), a step of a tap. Of
//! those near what is broken the cheapest that mends something and breaks nothing is taken; where none mends alone, the one
//! that lessens most for its cost. Greedy, so that a cheaper set may exist.

use std::collections::VecDeque;

use rayon::prelude::*;
use serde::Serialize;

use super::{
    check::Grid,
    element::{ElementId, Ends, GridData, Label, Line, PerKm, Side, Transformer},
    flow::{Flow, FlowError, solve},
    hosting::Limits,
    reinforce_costs::{Costs, Setting, StandardCable},
};

/// Preferred ratings, VA (IEC 60076-1, R10 series, as built from 50 kVA to 63 MVA).
const RATINGS_VA: [f64; 26] = [
    50e3, 100e3, 160e3, 250e3, 315e3, 400e3, 500e3, 630e3, 800e3, 1e6, 1.25e6, 1.6e6, 2e6, 2.5e6, 3.15e6, 4e6, 5e6,
    6.3e6, 10e6, 12.5e6, 16e6, 20e6, 25e6, 31.5e6, 40e6, 63e6,
];
/// The largest rating of a transformer to low voltage, VA: more than fits a usual station is a second one.
const LARGEST_LOW_VA: f64 = 1e6;
/// How far taps go, 1: twice 2.5 % off load at low voltage (EN 50588-1), nine times 1.78 % on load above (usual plate).
const TAP_RANGE: (f64, f64) = (0.05, 0.16);
const LOW_VOLTAGE_V: f64 = 1000.0;
/// Lines on the way to a bus out of limits that are looked at, those of the largest drop.
const LINES_ON_WAY: usize = 8;
/// The table of what is laid anew.
const LAID: &str = "reinforcement";
/// Measures after which a plan ends whatever is left.
const MOST_MEASURES: usize = 500;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureKind {
    ParallelCable,
    LargerTransformer,
    SecondTransformer,
    TapStep,
}

/// A measure of a plan.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Measure {
    pub kind: MeasureKind,
    /// The line or transformer that it is at.
    pub at: ElementId,
    pub cost_eur: f64,
    /// Year of the price, and where it stands.
    pub price_year: u16,
    pub source: String,
    /// Buses and branches that break their limits before and keep them after.
    pub mends: Vec<ElementId>,
}

/// What was found, in the order in which it is to be done.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Plan {
    pub measures: Vec<Measure>,
    pub cost_eur: f64,
    /// What breaks its limits still; empty where the plan is enough.
    pub left: Vec<ElementId>,
}

/// Plans until the limits hold or nothing helps.
///
/// # Errors
/// Where the grid as it stands has no load flow.
pub fn reinforce(grid: &Grid, limits: &Limits, costs: &Costs, setting: Setting) -> Result<(Plan, Grid), FlowError> {
    let mut plan = Plan { measures: Vec::new(), cost_eur: 0.0, left: Vec::new() };
    let (mut grid, mut flow) = (grid.clone(), solve(grid)?);
    for _ in 0..MOST_MEASURES {
        let broken = Broken::of(&flow, limits);
        let Some(best) = best(&grid, &flow, &broken, (limits, costs, setting)) else { break };
        let measure = best.candidate.measure(&grid, best.broken.mended(&broken, &grid));
        let swapped = |m: &&mut Measure| m.kind == MeasureKind::LargerTransformer && m.at == measure.at;
        let before = plan.measures.iter_mut().find(swapped).filter(|_| measure.kind == MeasureKind::LargerTransformer);
        match before {
            // A still larger one in place of the one that is swapped in anyway.
            Some(before) => before.mends.extend(measure.mends),
            None => {
                plan.cost_eur += measure.cost_eur;
                plan.measures.push(measure);
            }
        }
        (grid, flow) = (best.grid, best.flow);
    }
    plan.left = Broken::of(&flow, limits).ids(&grid);
    Ok((plan, grid))
}

/// Per bus and branch by how much it is over its limit, 1; nought where within.
struct Broken {
    buses: Vec<f64>,
    branches: Vec<f64>,
}

impl Broken {
    fn of(flow: &Flow, limits: &Limits) -> Self {
        let bus = |vm: f64| if vm > 0.0 { (vm - limits.vm_max_pu).max(limits.vm_min_pu - vm).max(0.0) } else { 0.0 };
        let branch = |loading: Option<f64>| loading.map_or(0.0, |loading| (loading - limits.loading_max).max(0.0));
        Self {
            buses: flow.voltage.iter().map(|u| bus(u.norm())).collect(),
            branches: flow.branches.iter().map(|flow| branch(flow.loading)).collect(),
        }
    }

    fn sum(&self) -> f64 {
        self.buses.iter().chain(&self.branches).sum()
    }

    /// Whether nothing is over that was not before.
    fn breaks_nothing(&self, before: &Self) -> bool {
        let new = |(after, before): (&f64, &f64)| *after > 0.0 && *before == 0.0;
        !self.buses.iter().zip(&before.buses).any(new) && !self.branches.iter().zip(&before.branches).any(new)
    }

    fn mended(&self, before: &Self, grid: &Grid) -> Vec<ElementId> {
        let mended = |after: &[f64], before: &[f64]| -> Vec<f64> {
            before.iter().zip(after).map(|(before, after)| if *after == 0.0 { *before } else { 0.0 }).collect()
        };
        let buses = mended(&self.buses, &before.buses);
        Self { buses, branches: mended(&self.branches, &before.branches) }.ids(grid)
    }

    fn ids(&self, grid: &Grid) -> Vec<ElementId> {
        let buses = grid.buses.iter().zip(&self.buses).filter(|(_, over)| **over > 0.0);
        let buses = buses.map(|(bus, _)| bus.label.id.clone());
        let branches = grid.branch_ends().zip(&self.branches).filter(|(_, over)| **over > 0.0);
        buses.chain(branches.map(|((label, _), _)| label.id.clone())).collect()
    }
}

/// A measure that could be taken.
#[derive(Clone)]
struct Candidate {
    kind: MeasureKind,
    /// Index of the line or transformer.
    at: usize,
    /// Steps of the tap, rating, cable.
    change: Change,
    cost_eur: f64,
    price_year: u16,
    source: String,
}

#[derive(Clone, Copy)]
enum Change {
    Cable(StandardCable),
    /// One more of the same, where phases differ.
    Same,
    Rating(f64),
    Unit,
    Tap(i32),
}

struct Tried {
    candidate: Candidate,
    grid: Grid,
    flow: Flow,
    broken: Broken,
    /// What is over the limits, laid cables too.
    left: f64,
}

/// The measure to take next; None where the limits hold or nothing helps.
fn best(
    grid: &Grid,
    flow: &Flow,
    broken: &Broken,
    (limits, costs, setting): (&Limits, &Costs, Setting),
) -> Option<Tried> {
    let sum = broken.sum();
    if sum == 0.0 {
        return None;
    }
    let candidates = candidates(grid, flow, broken, costs, setting);
    let try_out = |candidate: Candidate| {
        let changed = candidate.applied(grid);
        let flow = solve(&changed).ok()?;
        let mut after = Broken::of(&flow, limits);
        // A cable laid anew is the last line: what it carries too much counts, but it was not there before to compare with.
        let left = after.sum();
        if after.branches.len() > broken.branches.len() {
            after.branches.remove(grid.lines.len());
        }
        let helps = left < sum * (1.0 - 1e-9) && after.breaks_nothing(broken);
        helps.then_some(Tried { candidate, grid: changed, flow, broken: after, left })
    };
    let mut tried: Vec<Tried> = candidates.into_par_iter().filter_map(try_out).collect();
    let mends = |t: &Tried| {
        let of = |after: &[f64], before: &[f64]| after.iter().zip(before).any(|(a, b)| *a == 0.0 && *b > 0.0);
        of(&t.broken.buses, &broken.buses) || of(&t.broken.branches, &broken.branches)
    };
    let per_cost = |t: &Tried| (sum - t.left) / t.candidate.cost_eur.max(1.0);
    // Ties go to the first found: the order of candidates is that of the grid.
    let cheapest = (0..tried.len())
        .filter(|at| mends(&tried[*at]))
        .min_by(|a, b| tried[*a].candidate.cost_eur.total_cmp(&tried[*b].candidate.cost_eur));
    let chosen = cheapest.or_else(|| {
        (0..tried.len()).max_by(|a, b| per_cost(&tried[*a]).total_cmp(&per_cost(&tried[*b])).then(b.cmp(a)))
    });
    chosen.map(|at| tried.swap_remove(at))
}

/// Measures at overloaded branches, and on the way to the bus that is furthest out.
fn candidates(grid: &Grid, flow: &Flow, broken: &Broken, costs: &Costs, setting: Setting) -> Vec<Candidate> {
    let mut found = Vec::new();
    let lines = grid.lines.len();
    for branch in (0..broken.branches.len()).filter(|branch| broken.branches[*branch] > 0.0) {
        if branch < lines {
            found.extend(cable(grid, branch, costs, setting));
        } else if branch < lines + grid.transformers.len() {
            found.extend(transformer(grid, branch - lines, costs, setting));
        }
    }
    let worst = (0..broken.buses.len()).filter(|bus| broken.buses[*bus] > 0.0);
    let Some(worst) = worst.max_by(|a, b| broken.buses[*a].total_cmp(&broken.buses[*b]).then(b.cmp(a))) else {
        return found;
    };
    let way = way_to(grid, worst as u32);
    let drop = |branch: &usize| {
        let ends = grid.lines[*branch].ends;
        (flow.voltage[ends.from as usize] - flow.voltage[ends.to as usize]).norm()
    };
    let mut on_way: Vec<usize> = way.iter().copied().filter(|branch| *branch < lines).collect();
    on_way.sort_by(|a, b| drop(b).total_cmp(&drop(a)).then(a.cmp(b)));
    for branch in on_way.into_iter().take(LINES_ON_WAY).filter(|branch| broken.branches[*branch] == 0.0) {
        found.extend(cable(grid, branch, costs, setting));
    }
    let low = flow.voltage[worst].norm() < 1.0;
    for branch in way.into_iter().filter(|branch| *branch >= lines && *branch - lines < grid.transformers.len()) {
        found.extend(tap(grid, branch - lines, low, costs, setting));
        if broken.branches[branch] == 0.0 {
            found.extend(transformer(grid, branch - lines, costs, setting));
        }
    }
    found
}

fn cable(grid: &Grid, at: usize, costs: &Costs, setting: Setting) -> Option<Candidate> {
    let line = &grid.lines[at];
    let cost = costs.of("parallel cable", grid.buses[line.ends.from as usize].rated_v, setting)?;
    let change = if line.matrix.is_some() { Change::Same } else { Change::Cable(cost.cable?) };
    let (cost_eur, price_year, source) = (cost.cost_eur * line.length_km, cost.year, cost.source.clone());
    Some(Candidate { kind: MeasureKind::ParallelCable, at, change, cost_eur, price_year, source })
}

fn transformer(grid: &Grid, at: usize, costs: &Costs, setting: Setting) -> Option<Candidate> {
    let transformer = &grid.transformers[at];
    let low_v = transformer.from_v.min(transformer.to_v);
    let cost = costs.of("transformer", low_v, setting)?;
    let largest = if low_v <= LOW_VOLTAGE_V { LARGEST_LOW_VA } else { f64::INFINITY };
    let next = RATINGS_VA.into_iter().find(|rating| *rating > transformer.rated_va * 1.001 && *rating <= largest);
    let (kind, change, units) = match next {
        Some(rating) => (MeasureKind::LargerTransformer, Change::Rating(rating), f64::from(transformer.parallel)),
        None => (MeasureKind::SecondTransformer, Change::Unit, 1.0),
    };
    let (cost_eur, price_year, source) = (cost.cost_eur * units, cost.year, cost.source.clone());
    Some(Candidate { kind, at, change, cost_eur, price_year, source })
}

/// One step that raises the far side where the voltage is low, lowers it where it is high.
fn tap(grid: &Grid, at: usize, raise: bool, costs: &Costs, setting: Setting) -> Option<Candidate> {
    let transformer = &grid.transformers[at];
    let (tap, low_v) = (transformer.tap?, transformer.from_v.min(transformer.to_v));
    let rated_v = if tap.side == Side::From { transformer.from_v } else { transformer.to_v };
    let step = tap.step_v / rated_v;
    if step == 0.0 {
        return None;
    }
    // The far side is the to-side of a transformer that steps down, the from-side of one that steps up.
    let down = transformer.from_v >= transformer.to_v;
    let more_turns = (tap.side == Side::To) == down;
    let direction = if (raise == more_turns) == (step > 0.0) { 1 } else { -1 };
    let range = if low_v <= LOW_VOLTAGE_V { TAP_RANGE.0 } else { TAP_RANGE.1 };
    let position = f64::from(tap.position.checked_add(direction)?.checked_sub(tap.neutral)?);
    if (position * step).abs() > range * (1.0 + 1e-9) {
        return None;
    }
    let cost = costs.of("tap", low_v, setting)?;
    let (cost_eur, price_year, source) = (cost.cost_eur, cost.year, cost.source.clone());
    Some(Candidate { kind: MeasureKind::TapStep, at, change: Change::Tap(direction), cost_eur, price_year, source })
}

impl Candidate {
    fn measure(&self, grid: &Grid, mends: Vec<ElementId>) -> Measure {
        let label = match self.kind {
            MeasureKind::ParallelCable => &grid.lines[self.at].label,
            _ => &grid.transformers[self.at].label,
        };
        Measure {
            kind: self.kind,
            at: label.id.clone(),
            cost_eur: self.cost_eur,
            price_year: self.price_year,
            source: self.source.clone(),
            mends,
        }
    }

    fn applied(&self, grid: &Grid) -> Grid {
        let mut data: GridData = grid.clone().into_data();
        match self.change {
            Change::Cable(cable) => {
                let laid = data.lines.iter().filter(|line| line.label.table == LAID).count();
                data.lines.push(beside(&data.lines[self.at], cable, laid + 1));
            }
            Change::Same => data.lines[self.at].parallel += 1,
            Change::Unit => data.transformers[self.at].parallel += 1,
            Change::Rating(rating_va) => data.transformers[self.at] = rated(&data.transformers[self.at], rating_va),
            Change::Tap(direction) => {
                if let Some(tap) = &mut data.transformers[self.at].tap {
                    tap.position += direction;
                }
            }
        }
        Grid::trusted(data)
    }
}

/// A standard cable along a line. Its zero sequence is to its positive one as the line's is.
fn beside(line: &Line, cable: StandardCable, number: usize) -> Line {
    let positive = PerKm { r_ohm: cable.r_ohm, x_ohm: cable.x_ohm, g_s: 0.0, c_f: cable.c_f };
    let ratio = |zero: f64, own: f64| if own == 0.0 { 1.0 } else { zero / own };
    let zero = line.zero.map(|zero| PerKm {
        r_ohm: positive.r_ohm * ratio(zero.r_ohm, line.positive.r_ohm),
        x_ohm: positive.x_ohm * ratio(zero.x_ohm, line.positive.x_ohm),
        g_s: 0.0,
        c_f: positive.c_f * ratio(zero.c_f, line.positive.c_f),
    });
    let label = Label::new(LAID, number, format!("{} beside {number}", line.label.id));
    let rated_a = Some(cable.rated_a);
    Line { label, ends: line.ends, length_km: line.length_km, parallel: 1, positive, zero, matrix: None, rated_a }
}

/// The same plate at another rating: losses and currents keep their share of it.
fn rated(transformer: &Transformer, rated_va: f64) -> Transformer {
    let scale = rated_va / transformer.rated_va;
    Transformer {
        rated_va,
        load_loss_w: transformer.load_loss_w * scale,
        no_load_loss_w: transformer.no_load_loss_w * scale,
        ..transformer.clone()
    }
}

/// Branches on the way from a source in service to a bus, fewest first.
fn way_to(grid: &Grid, bus: u32) -> Vec<usize> {
    let mut at_bus: Vec<Vec<(u32, Option<usize>)>> = vec![Vec::new(); grid.buses.len()];
    let mut join = |from: u32, to: u32, branch: Option<usize>| {
        at_bus[from as usize].push((to, branch));
        at_bus[to as usize].push((from, branch));
    };
    let closed = |ends: &Ends| ends.from_closed && ends.to_closed;
    for (branch, (_, ends)) in grid.branch_ends().enumerate().filter(|(_, (_, ends))| closed(ends)) {
        join(ends.from, ends.to, Some(branch));
    }
    grid.switches.iter().filter(|switch| switch.closed).for_each(|switch| join(switch.from, switch.to, None));
    let mut came: Vec<Option<(u32, Option<usize>)>> = vec![None; grid.buses.len()];
    let sources = grid.external_grids.iter().filter(|source| source.in_service).map(|source| source.bus);
    let mut open: VecDeque<u32> = sources.collect();
    open.iter().for_each(|source| came[*source as usize] = Some((*source, None)));
    while let Some(at) = open.pop_front() {
        for &(next, branch) in &at_bus[at as usize] {
            if came[next as usize].is_none() {
                came[next as usize] = Some((at, branch));
                open.push_back(next);
            }
        }
    }
    let (mut way, mut at) = (Vec::new(), bus);
    while let Some((before, branch)) = came[at as usize].filter(|(before, _)| *before != at) {
        way.extend(branch);
        at = before;
    }
    way
}
