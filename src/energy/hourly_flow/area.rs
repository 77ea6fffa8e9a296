//! Areas: what hangs on one transformer over lines alone, in single precision. Squares of voltages are told as what is lost from the
//! busbar's, so that small differences keep all their digits.

use super::{
    LANES, PowerRows,
    layout::{AreaPlan, Layout},
};
use crate::grid::synthetic::Operated;

type Lanes = [f32; LANES];
/// Largest error that may be left of a squared voltage, per unit, and the largest that powers may be told with.
const LEFT: f32 = 1e-7;
const TOLD: f32 = 1e-6;
/// Rounds after which a lane counts as not solvable.
const MAX_ROUNDS: u32 = 200;

/// All areas, one after the other; in each the busbar first and every bus after the one that feeds it.
#[derive(Clone, Debug)]
pub(super) struct Areas {
    areas: Vec<Area>,
    nodes: Vec<Node>,
    loads: Vec<Load>,
    /// Buses of buildings within their area.
    homes: Vec<u32>,
    /// Rows below this are buildings', above energy assets'.
    buildings: u32,
    /// Reactive over active power of buildings' loads, 1.
    tan_phi: f32,
}

#[derive(Clone, Debug)]
struct Area {
    nodes: std::ops::Range<usize>,
    loads: std::ops::Range<usize>,
    homes: std::ops::Range<usize>,
}

/// A bus and the line to it; squared voltages per unit of the busbar's rating.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    /// Ohm over the rating squared, 1/W.
    series: [f32; 2],
    /// Conductance and susceptance to earth at rated voltage, W and var.
    earth: [f32; 2],
}

#[derive(Clone, Copy, Debug)]
struct Load {
    node: u32,
    row: u32,
}

/// What an area takes from its busbar in a block of hours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Busbar {
    pub p_w: Lanes,
    pub q_var: Lanes,
    pub losses_w: Lanes,
    /// Likewise of reactive power, var.
    pub losses_var: Lanes,
    /// Whether there is a number to tell.
    pub sound: [bool; LANES],
    /// Least and most that squared voltages of buildings lie below the busbar's, per unit.
    lost: [Lanes; 2],
}

/// Room to work in, for the largest area.
pub(super) struct AreaState {
    /// Drawn at the buses of the area at hand, hours after hours: `bus · blocks + block`.
    drawn: Vec<[Lanes; 2]>,
    blocks: usize,
    /// Of what hangs behind a bus; lost on the line to it, and from the busbar to it.
    behind: Vec<[Lanes; 2]>,
    drop: Vec<Lanes>,
    lost: Vec<Lanes>,
}

/// One area in one block of hours.
pub(super) struct Visit<'a> {
    pub areas: &'a Areas,
    pub index: usize,
    /// Of the hours that its state knows of.
    pub block: usize,
    /// Square of the busbar's voltage, per unit.
    pub square: &'a [f64; LANES],
    /// Powers alone, as if all voltages were the busbar's.
    pub rough: bool,
}

impl Areas {
    pub fn of(layout: &Layout, operated: &Operated) -> Self {
        let city = operated.grid();
        let mut at_bus: Vec<Vec<u32>> = vec![Vec::new(); city.grid.buses.len()];
        let buildings = city.buildings.len();
        for (index, load) in city.grid.loads.iter().enumerate() {
            let row = index.checked_sub(buildings).map_or(index, |own| buildings + city.attached[own] as usize);
            at_bus[load.bus as usize].push(row as u32);
        }
        let mut areas = Self {
            areas: Vec::with_capacity(layout.areas.len()),
            nodes: Vec::new(),
            loads: Vec::new(),
            homes: Vec::new(),
            buildings: buildings as u32,
            tan_phi: city.tan_phi() as f32,
        };
        let mut local = vec![0_u32; city.grid.buses.len()];
        for plan in &layout.areas {
            let volts = city.grid.buses[plan.busbar as usize].rated_v;
            areas.add(plan, volts * volts, &at_bus, &mut local);
        }
        areas
    }

    fn add(&mut self, plan: &AreaPlan, rated_v2: f64, at_bus: &[Vec<u32>], local: &mut [u32]) {
        let (node, load, home) = (self.nodes.len(), self.loads.len(), self.homes.len());
        let buses = std::iter::once(plan.busbar).chain(plan.fed.iter().map(|fed| fed.bus));
        for (index, bus) in buses.enumerate() {
            local[bus as usize] = index as u32;
            let rows = &at_bus[bus as usize];
            self.loads.extend(rows.iter().map(|&row| Load { node: index as u32, row }));
            if rows.iter().any(|row| *row < self.buildings) {
                self.homes.push(index as u32);
            }
        }
        let mut earth = vec![[0.0_f64; 2]; plan.fed.len() + 1];
        for fed in &plan.fed {
            for bus in [fed.bus, fed.before] {
                let earth = &mut earth[local[bus as usize] as usize];
                *earth = [earth[0] + fed.half_s[0], earth[1] + fed.half_s[1]];
            }
        }
        let earth = |index: usize| earth[index].map(|s| (s * rated_v2) as f32);
        self.nodes.push(Node { parent: 0, series: [0.0; 2], earth: earth(0) });
        self.nodes.extend(plan.fed.iter().enumerate().map(|(index, fed)| Node {
            parent: local[fed.before as usize],
            series: fed.series_ohm.map(|ohm| (ohm / rated_v2) as f32),
            earth: earth(index + 1),
        }));
        self.areas.push(Area {
            nodes: node..self.nodes.len(),
            loads: load..self.loads.len(),
            homes: home..self.homes.len(),
        });
    }

    pub fn len(&self) -> usize {
        self.areas.len()
    }

    pub fn state(&self) -> AreaState {
        let longest = self.areas.iter().map(|area| area.nodes.len()).max().unwrap_or(0);
        let (pairs, ones) = (vec![[[0.0; LANES]; 2]; longest], vec![[0.0; LANES]; longest]);
        AreaState { drawn: Vec::new(), blocks: 0, behind: pairs, drop: ones.clone(), lost: ones }
    }
}

impl Visit<'_> {
    pub fn run(self, state: &mut AreaState) -> Busbar {
        pulp::Arch::new().dispatch(VisitTask { visit: self, state })
    }

    #[inline(always)]
    fn solve(&self, state: &mut AreaState) -> Busbar {
        let area = &self.areas.areas[self.index];
        let nodes = &self.areas.nodes[area.nodes.clone()];
        let square = self.square.map(|square| square as f32);
        state.lost[..nodes.len()].fill([0.0; LANES]);
        state.behind[..nodes.len()].fill([[0.0; LANES]; 2]);
        let mut busbar = state.backward(nodes, self.block, &square);
        if self.rough {
            return busbar;
        }
        let mut last = [0.0; LANES];
        for _ in 0..MAX_ROUNDS {
            let moved = state.forward(nodes);
            let mut open = false;
            for lane in 0..LANES {
                let left = moved[lane] * moved[lane] <= LEFT * (last[lane] - moved[lane]);
                let done = moved[lane] <= 0.01 * LEFT || moved[lane] <= TOLD && left;
                // Where the power is no number, no round makes it one.
                open |= !done && busbar.p_w[lane].is_finite();
                busbar.sound[lane] = done;
            }
            if !open {
                break;
            }
            last = moved;
            let sound = busbar.sound;
            busbar = Busbar { sound, ..state.backward(nodes, self.block, &square) };
        }
        self.range(state, &square, &mut busbar);
        busbar
    }

    /// Between which voltages the buildings are.
    #[inline(always)]
    fn range(&self, state: &AreaState, square: &Lanes, busbar: &mut Busbar) {
        let area = &self.areas.areas[self.index];
        let (mut least, mut most) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
        for home in &self.areas.homes[area.homes.clone()] {
            let lost = &state.lost[*home as usize];
            for lane in 0..LANES {
                least[lane] = if lost[lane] < least[lane] { lost[lane] } else { least[lane] };
                most[lane] = if lost[lane] > most[lane] { lost[lane] } else { most[lane] };
            }
        }
        for lane in 0..LANES {
            let power = busbar.p_w[lane] + busbar.q_var[lane];
            busbar.sound[lane] &= power.is_finite() && (most[lane] < square[lane] || area.homes.is_empty());
        }
        busbar.lost = [least, most];
    }
}

impl AreaState {
    /// Net power of every bus of an area in all hours: each building's row is read once, from its begin to its end.
    pub fn draw(&mut self, areas: &Areas, index: usize, rows: &PowerRows<'_>) {
        let area = &areas.areas[index];
        self.blocks = rows.hours.div_ceil(LANES);
        self.drawn.clear();
        self.drawn.resize(area.nodes.len() * self.blocks, [[0.0; LANES]; 2]);
        for load in &areas.loads[area.loads.clone()] {
            let drawn = &mut self.drawn[load.node as usize * self.blocks..][..self.blocks];
            if let Some(asset) = load.row.checked_sub(areas.buildings) {
                add(drawn, row(rows.asset_w, asset, rows.hours), [1.0, 0.0]);
            } else {
                add(drawn, row(rows.load_w, load.row, rows.hours), [1.0, areas.tan_phi]);
                if rows.lit.get(load.row as usize) != Some(&false) {
                    add(drawn, row(rows.pv_w, load.row, rows.hours), [-1.0, 0.0]);
                }
            }
        }
    }

    /// Powers from the ends to the busbar at the voltages that are known, and what is lost on every line.
    #[inline(always)]
    fn backward(&mut self, nodes: &[Node], block: usize, square: &Lanes) -> Busbar {
        let (mut losses_w, mut losses_var) = ([0.0_f32; LANES], [0.0_f32; LANES]);
        for at in (1..nodes.len()).rev() {
            let Node { parent, series: [r, x], earth: [g, b] } = nodes[at];
            let ([p_drawn, q_drawn], [p_behind, q_behind]) = (self.drawn[at * self.blocks + block], self.behind[at]);
            let lost = self.lost[at];
            let [mut p_up, mut q_up] = self.behind[parent as usize];
            let mut drop = [0.0; LANES];
            for lane in 0..LANES {
                // What comes from behind is waited for: all else is done before.
                let v = square[lane] - lost[lane];
                let per_v = 1.0 / v;
                let p = g.mul_add(v, p_drawn[lane]) + p_behind[lane];
                let q = (-b).mul_add(v, q_drawn[lane]) + q_behind[lane];
                let current = p.mul_add(p, q * q) * per_v;
                p_up[lane] = r.mul_add(current, p_up[lane] + p);
                q_up[lane] = x.mul_add(current, q_up[lane] + q);
                let (p_lost, q_lost) = (r * current, x * current);
                losses_w[lane] += g.mul_add(v, p_lost);
                losses_var[lane] += q_lost;
                drop[lane] = r * (p + p + p_lost) + x * (q + q + q_lost);
            }
            self.behind[parent as usize] = [p_up, q_up];
            self.behind[at] = [[0.0; LANES]; 2];
            self.drop[at] = drop;
        }
        let mut busbar = Busbar { losses_w, losses_var, sound: [true; LANES], ..Busbar::default() };
        let ([p_drawn, q_drawn], [p_behind, q_behind]) = (self.drawn[block], self.behind[0]);
        let [g, b] = nodes[0].earth;
        for lane in 0..LANES {
            busbar.p_w[lane] = p_drawn[lane] + p_behind[lane] + g * square[lane];
            busbar.q_var[lane] = q_drawn[lane] + q_behind[lane] - b * square[lane];
            busbar.losses_w[lane] += g * square[lane];
        }
        self.behind[0] = [[0.0; LANES]; 2];
        busbar
    }

    /// Voltages from the busbar to the ends; the largest change.
    #[inline(always)]
    fn forward(&mut self, nodes: &[Node]) -> Lanes {
        let mut moved = [0.0_f32; LANES];
        for (at, node) in nodes.iter().enumerate().skip(1) {
            let (up, drop, old) = (self.lost[node.parent as usize], self.drop[at], self.lost[at]);
            let mut lost = [0.0; LANES];
            for lane in 0..LANES {
                lost[lane] = up[lane] + drop[lane];
                let change = (lost[lane] - old[lane]).abs();
                moved[lane] = if change > moved[lane] { change } else { moved[lane] };
            }
            self.lost[at] = lost;
        }
        moved
    }
}

impl Busbar {
    /// Lowest and highest voltage of buildings, per unit, at the busbar's squared voltage.
    pub fn range_pu(&self, square: f64, lane: usize) -> [f32; 2] {
        let [least, most] = self.lost.map(|lost| f64::from(lost[lane]));
        if least > most { [f32::INFINITY, 0.0] } else { [most, least].map(|lost| (square - lost).sqrt() as f32) }
    }
}

impl Default for Busbar {
    fn default() -> Self {
        let none = [0.0; LANES];
        Self {
            p_w: none,
            q_var: none,
            losses_w: none,
            losses_var: none,
            sound: [true; LANES],
            lost: [[f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]],
        }
    }
}

/// A visit as pulp compiles it for the machine's registers: a closure would stay outside of that.
struct VisitTask<'a> {
    visit: Visit<'a>,
    state: &'a mut AreaState,
}

impl pulp::NullaryFnOnce for VisitTask<'_> {
    type Output = Busbar;

    #[inline(always)]
    fn call(self) -> Busbar {
        self.visit.solve(self.state)
    }
}

/// Adds a row of hours to active and reactive power.
fn add(drawn: &mut [[Lanes; 2]], row: &[f32], [active, reactive]: [f32; 2]) {
    let mut blocks = row.chunks(LANES);
    for ([p_w, q_var], own) in drawn.iter_mut().zip(blocks.by_ref()) {
        for ((p_w, q_var), power_w) in p_w.iter_mut().zip(q_var).zip(own) {
            *p_w += active * power_w;
            *q_var += reactive * power_w;
        }
    }
}

/// Hours of a member; none where there is none.
fn row(rows: &[f32], member: u32, hours: usize) -> &[f32] {
    rows.get(member as usize * hours..(member as usize + 1) * hours).unwrap_or_default()
}

/// A block's hours of a row; past the last hour, and of rows that are not there, nought.
pub(super) fn lanes(rows: &[f32], member: u32, (hours, first): (usize, usize)) -> Lanes {
    let own = row(rows, member, hours);
    std::array::from_fn(|lane| own.get(first + lane).copied().unwrap_or(0.0))
}
