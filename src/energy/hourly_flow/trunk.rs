//! The trunk: from the sources over medium voltage to the busbars behind the last transformers, in double precision. A block of
//! hours is taken part by part: what a round touches then stays in the second cache with cities of a hundred thousand buildings.

use super::{
    LANES, PowerRows,
    area::{self, Busbar},
    layout::{Layout, NONE, Source},
};
use crate::grid::synthetic::Operated;

/// Hours taken at once.
const PART: usize = 4;
pub(super) type Part = [f64; PART];
/// Error that may be left of a squared voltage, relative; and with powers that are not yet the last ones.
const LEFT: f64 = 1e-9;
const LEFT_ROUGH: f64 = 1e-5;
/// Rounds after which a lane counts as not solvable.
const MAX_ROUNDS: u32 = 200;

#[derive(Clone, Debug)]
pub(super) struct Trunk {
    /// Each after the one that feeds it; first the sources without their own impedances, then their buses.
    nodes: Vec<Node>,
    sources: usize,
    /// Node and row of energy assets.
    loads: Vec<(u32, u32)>,
    /// Per area its node.
    busbars: Vec<u32>,
    /// Per node the square of its voltage without any load, V²; and that of its rating.
    unloaded: Vec<f64>,
    rated_v2: Vec<f64>,
    transformers: usize,
}

/// A bus and the branch to it, as a pi section.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    /// That hangs on it, or [`NONE`]; no branch leads on from there.
    area: u32,
    transformer: u32,
    /// One over its rating, 1/VA.
    per_va: f32,
    series_ohm: [f64; 2],
    half_s: [f64; 2],
    /// Square of the near end's voltage over that of the bus before.
    ratio_2: f64,
    /// One over the square of the rated voltage, 1/V².
    per_v2: f64,
}

/// A block of hours that is asked for.
pub(super) struct Asked<'a, F> {
    pub rows: &'a PowerRows<'a>,
    pub first: usize,
    /// What an area takes, and the square of its busbar's voltage, per unit, that it takes it at.
    pub of: F,
    /// These powers are not the last ones.
    pub rough: bool,
    /// Squares of all voltages to start from, V², and where they got to: `part · nodes + node`. At first nought.
    pub kept: &'a mut [Part],
}

/// Room to work in, and what a block came to.
pub(super) struct TrunkState {
    /// What the branches behind a bus and its assets take.
    behind: Vec<[Part; 2]>,
    /// Per load its power, W.
    assets_w: Vec<Part>,
    /// Per area what it takes without its losses, and its losses times the square of the voltage that they are of, V².
    taken: Vec<[Part; 4]>,
    drop: Vec<Part>,
    /// V².
    square: Vec<Part>,
    /// Of the part at hand.
    lost_w: Part,
    sound: [bool; PART],
    /// Per area the square of its busbar's voltage, per unit.
    pub busbars: Vec<[f64; LANES]>,
    /// By transformer of the grid, of the rating; the larger of both ends. Not told of rough powers.
    pub loading: Vec<[f32; LANES]>,
    pub losses_w: [f64; LANES],
    pub carried: [bool; LANES],
}

impl Trunk {
    pub fn of(layout: &Layout, operated: &Operated) -> Self {
        let city = operated.grid();
        let mut position = vec![NONE; city.grid.buses.len()];
        let square = |bus: u32| city.grid.buses[bus as usize].rated_v.powi(2);
        let mut nodes: Vec<Node> = Vec::with_capacity(2 * layout.sources.len() + layout.trunk.len());
        let mut unloaded: Vec<f64> = layout.sources.iter().map(|source| source.square).collect();
        let mut rated_v2: Vec<f64> = layout.sources.iter().map(|source| square(source.bus)).collect();
        nodes.extend(layout.sources.iter().map(|source| Node::source(source, NONE, square(source.bus))));
        for (index, source) in layout.sources.iter().enumerate() {
            position[source.bus as usize] = nodes.len() as u32;
            nodes.push(Node::source(source, index as u32, square(source.bus)));
            unloaded.push(source.square);
            rated_v2.push(square(source.bus));
        }
        for fed in &layout.trunk {
            position[fed.bus as usize] = nodes.len() as u32;
            let (parent, ratio_2) = (position[fed.before as usize], fed.ratio * fed.ratio);
            nodes.push(Node {
                parent,
                area: NONE,
                transformer: fed.transformer,
                per_va: fed.per_va as f32,
                series_ohm: fed.series_ohm,
                half_s: fed.half_s,
                ratio_2,
                per_v2: 1.0 / square(fed.bus),
            });
            unloaded.push(unloaded[parent as usize] * ratio_2);
            rated_v2.push(square(fed.bus));
        }
        let busbars: Vec<u32> = layout.areas.iter().map(|area| position[area.busbar as usize]).collect();
        for (area, plan) in layout.areas.iter().enumerate() {
            nodes[busbars[area] as usize].area = area as u32;
            // What hangs on busbars themselves is the areas'.
            position[plan.busbar as usize] = NONE;
        }
        let assets = city.grid.loads[city.buildings.len()..].iter().zip(&city.attached);
        let loads = assets.map(|(load, &asset)| (position[load.bus as usize], asset)).filter(|(node, _)| *node != NONE);
        let transformers = city.grid.transformers.len();
        Self { loads: loads.collect(), busbars, sources: layout.sources.len(), nodes, unloaded, rated_v2, transformers }
    }

    /// Squares of the busbars' voltages without any load, per unit.
    pub fn unloaded(&self) -> Vec<f64> {
        self.busbars.iter().map(|&node| self.unloaded[node as usize] / self.rated_v2[node as usize]).collect()
    }

    /// How many squares of voltages are kept of a block.
    pub fn kept(&self) -> usize {
        LANES / PART * self.nodes.len()
    }

    pub fn state(&self) -> TrunkState {
        let (areas, nodes) = (self.busbars.len(), self.nodes.len());
        TrunkState {
            behind: vec![[[0.0; PART]; 2]; nodes],
            assets_w: vec![[0.0; PART]; self.loads.len()],
            taken: vec![[[0.0; PART]; 4]; areas],
            drop: vec![[0.0; PART]; nodes],
            square: vec![[0.0; PART]; nodes],
            lost_w: [0.0; PART],
            sound: [true; PART],
            busbars: vec![[0.0; LANES]; areas],
            loading: vec![[0.0; LANES]; self.transformers],
            losses_w: [0.0; LANES],
            carried: [true; LANES],
        }
    }

    /// A block of hours from `first` on. At constant powers, squares of currents and so losses go with one over the squared
    /// voltage.
    pub fn solve<'a>(
        &self,
        state: &mut TrunkState,
        asked: Asked<'_, impl Fn(usize) -> (&'a Busbar, &'a [f64; LANES])>,
    ) {
        let Asked { rows, first, of, rough, kept } = asked;
        for (part, kept) in kept.chunks_exact_mut(self.nodes.len()).enumerate() {
            let lanes = part * PART..(part + 1) * PART;
            for (slot, &(_, asset)) in state.assets_w.iter_mut().zip(&self.loads) {
                let power_w = area::lanes(rows.asset_w, asset, (rows.hours, first));
                *slot = std::array::from_fn(|lane| f64::from(power_w[lanes.start + lane]));
            }
            for (area, &node) in self.busbars.iter().enumerate() {
                let (busbar, square) = of(area);
                let met = self.rated_v2[node as usize];
                let lane = |of: &[f32; LANES]| -> Part { std::array::from_fn(|at| f64::from(of[lanes.start + at])) };
                let [p, q, p_lost, q_lost] =
                    [&busbar.p_w, &busbar.q_var, &busbar.losses_w, &busbar.losses_var].map(lane);
                let square: Part = std::array::from_fn(|at| square[lanes.start + at] * met);
                let less = |a: Part, b: Part| -> Part { std::array::from_fn(|at| a[at] - b[at]) };
                let times = |a: Part| -> Part { std::array::from_fn(|at| a[at] * square[at]) };
                state.taken[area] = [less(p, p_lost), less(q, q_lost), times(p_lost), times(q_lost)];
            }
            pulp::Arch::new().dispatch(SolveTask { trunk: self, state, kept, part, rough });
            for (busbar, &node) in state.busbars.iter_mut().zip(&self.busbars) {
                let (square, rated_v2) = (&state.square[node as usize], self.rated_v2[node as usize]);
                (0..PART).for_each(|lane| busbar[lanes.start + lane] = square[lane] / rated_v2);
            }
            state.losses_w[lanes.clone()].copy_from_slice(&state.lost_w);
            state.carried[lanes].copy_from_slice(&state.sound);
        }
    }
}

impl Node {
    fn source(source: &Source, parent: u32, rated_v2: f64) -> Self {
        Self {
            parent,
            area: NONE,
            transformer: NONE,
            per_va: 0.0,
            series_ohm: source.series_ohm,
            half_s: [0.0; 2],
            ratio_2: 1.0,
            per_v2: 1.0 / rated_v2,
        }
    }
}

impl TrunkState {
    #[inline(always)]
    fn run(&mut self, trunk: &Trunk, kept: &mut [Part], (part, rough): (usize, bool)) {
        for ((square, kept), unloaded) in self.square.iter_mut().zip(kept.iter()).zip(&trunk.unloaded) {
            for lane in 0..PART {
                square[lane] = if kept[lane] > 0.0 { kept[lane] } else { *unloaded };
            }
        }
        let left = if rough { LEFT_ROUGH } else { LEFT };
        let mut last = [0.0; PART];
        for _ in 0..MAX_ROUNDS {
            self.backward::<false>(trunk, part);
            let moved = self.forward(trunk);
            let mut open = false;
            for lane in 0..PART {
                let less = moved[lane] * moved[lane] <= left * (last[lane] - moved[lane]);
                self.sound[lane] = moved[lane] <= 0.01 * left || less;
                // Where nothing is a number, no round makes it one.
                open |= !self.sound[lane] && self.lost_w[lane].is_finite();
            }
            if !open {
                break;
            }
            last = moved;
        }
        if !rough {
            self.backward::<true>(trunk, part);
        }
        for lane in 0..PART {
            let sound = self.square.iter().all(|square| square[lane] > 0.0);
            self.sound[lane] &= sound && self.lost_w[lane].is_finite();
        }
        // Hours that got nowhere begin anew.
        for (kept, square) in kept.iter_mut().zip(&self.square) {
            *kept = std::array::from_fn(|lane| if self.sound[lane] { square[lane] } else { 0.0 });
        }
    }

    /// Powers from the busbars to the sources at the voltages that are known, and what is lost on every branch. The last time
    /// loadings of transformers too.
    #[inline(always)]
    fn backward<const LAST: bool>(&mut self, trunk: &Trunk, part: usize) {
        self.behind[..trunk.sources].fill([[0.0; PART]; 2]);
        for (power_w, (node, _)) in self.assets_w.iter().zip(&trunk.loads) {
            let [p, _] = &mut self.behind[*node as usize];
            (0..PART).for_each(|lane| p[lane] += power_w[lane]);
        }
        self.lost_w = [0.0; PART];
        for at in (trunk.sources..trunk.nodes.len()).rev() {
            // What is lost before the sources' buses is not the city's.
            let counts = if at < 2 * trunk.sources { 0.0 } else { 1.0 };
            let Node { parent, area, series_ohm: [r, x], half_s: [g, b], ratio_2, transformer, per_va, .. } =
                trunk.nodes[at];
            let (far, near) = (self.square[at], self.square[parent as usize]);
            let per_far: Part = std::array::from_fn(|lane| 1.0 / far[lane]);
            let [p_out, q_out] = if area == NONE {
                std::mem::take(&mut self.behind[at])
            } else {
                let [p, q, p_lost, q_lost] = &self.taken[area as usize];
                let all = |rest: &Part, lost: &Part| std::array::from_fn(|l| lost[l].mul_add(per_far[l], rest[l]));
                [all(p, p_lost), all(q, q_lost)]
            };
            let [p_up, q_up] = &mut self.behind[parent as usize];
            let mut drop = [0.0; PART];
            for lane in 0..PART {
                let near = near[lane] * ratio_2;
                let p = p_out[lane] + g * far[lane];
                let q = q_out[lane] - b * far[lane];
                let current = (p * p + q * q) * per_far[lane];
                let (p_lost, q_lost) = (r * current, x * current);
                let (p_in, q_in) = (p + p_lost + g * near, q + q_lost - b * near);
                p_up[lane] += p_in;
                q_up[lane] += q_in;
                drop[lane] = r * (p + p + p_lost) + x * (q + q + q_lost);
                self.lost_w[lane] += counts * (p_lost + g * (far[lane] + near));
                if LAST && transformer != NONE {
                    let out = p_out[lane] * p_out[lane] + q_out[lane] * q_out[lane];
                    let most = out.max(p_in * p_in + q_in * q_in).sqrt();
                    self.loading[transformer as usize][part * PART + lane] = (most * f64::from(per_va)) as f32;
                }
            }
            self.drop[at] = drop;
        }
    }

    /// Voltages from the sources to the busbars; the largest change of a square, relative to the rating's.
    #[inline(always)]
    fn forward(&mut self, trunk: &Trunk) -> Part {
        let mut moved = [0.0_f64; PART];
        for (at, node) in trunk.nodes.iter().enumerate().skip(trunk.sources) {
            let (up, drop, old) = (self.square[node.parent as usize], self.drop[at], self.square[at]);
            let mut square = [0.0; PART];
            for lane in 0..PART {
                square[lane] = up[lane] * node.ratio_2 - drop[lane];
                let change = (square[lane] - old[lane]).abs() * node.per_v2;
                moved[lane] = if change > moved[lane] { change } else { moved[lane] };
            }
            self.square[at] = square;
        }
        moved
    }
}

/// A block as pulp compiles it for the machine's registers: a closure would stay outside of that.
struct SolveTask<'a> {
    trunk: &'a Trunk,
    state: &'a mut TrunkState,
    kept: &'a mut [Part],
    part: usize,
    rough: bool,
}

impl pulp::NullaryFnOnce for SolveTask<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.state.run(self.trunk, self.kept, (self.part, self.rough));
    }
}
