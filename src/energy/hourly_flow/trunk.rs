//! The trunk: from the sources over medium voltage to the busbars behind the last transformers, in double precision.

use super::{
    LANES, PowerRows,
    area::{self, Busbar},
    layout::{Layout, NONE, Source},
};
use crate::grid::synthetic::Operated;

type Lanes = [f64; LANES];
/// Error that may be left of a squared voltage, relative.
const LEFT: f64 = 1e-10;
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
}

/// A bus and the branch to it, as a pi section.
#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    series_ohm: [f64; 2],
    half_s: [f64; 2],
    /// Square of the near end's voltage over that of the bus before.
    ratio_2: f64,
    transformer: u32,
    per_va: f64,
    rated_v2: f64,
    /// Square of the voltage without any load, V².
    unloaded: f64,
}

/// Room to work in, and what a block came to.
pub(super) struct TrunkState {
    /// Drawn at the bus, and with all behind it.
    drawn: Vec<[Lanes; 2]>,
    through: Vec<[Lanes; 2]>,
    /// Per area what it takes without its losses, its losses, and the square of the busbar's voltage that they are of, V².
    taken: Vec<[Lanes; 2]>,
    lost: Vec<[Lanes; 2]>,
    met: Vec<Lanes>,
    /// Into the near end of the branch to the bus.
    into: Vec<[Lanes; 2]>,
    drop: Vec<Lanes>,
    /// V².
    square: Vec<Lanes>,
    pub losses_w: Lanes,
    pub carried: [bool; LANES],
}

impl Trunk {
    pub fn of(layout: &Layout, operated: &Operated) -> Self {
        let city = operated.grid();
        let mut position = vec![NONE; city.grid.buses.len()];
        let rated_v2 = |bus: u32| city.grid.buses[bus as usize].rated_v.powi(2);
        let mut nodes: Vec<Node> = Vec::with_capacity(2 * layout.sources.len() + layout.trunk.len());
        nodes.extend(layout.sources.iter().map(|source| Node::source(source, NONE, rated_v2(source.bus))));
        for (index, source) in layout.sources.iter().enumerate() {
            position[source.bus as usize] = nodes.len() as u32;
            nodes.push(Node::source(source, index as u32, rated_v2(source.bus)));
        }
        for fed in &layout.trunk {
            position[fed.bus as usize] = nodes.len() as u32;
            let (parent, ratio_2) = (position[fed.before as usize], fed.ratio * fed.ratio);
            nodes.push(Node {
                parent,
                series_ohm: fed.series_ohm,
                half_s: fed.half_s,
                ratio_2,
                transformer: fed.transformer,
                per_va: fed.per_va,
                rated_v2: rated_v2(fed.bus),
                unloaded: nodes[parent as usize].unloaded * ratio_2,
            });
        }
        let busbars: Vec<u32> = layout.areas.iter().map(|area| position[area.busbar as usize]).collect();
        // What hangs on busbars themselves is the areas'.
        busbars.iter().zip(&layout.areas).for_each(|(_, area)| position[area.busbar as usize] = NONE);
        let assets = city.grid.loads[city.buildings.len()..].iter().zip(&city.attached);
        let loads = assets.map(|(load, &asset)| (position[load.bus as usize], asset)).filter(|(node, _)| *node != NONE);
        Self { loads: loads.collect(), busbars, sources: layout.sources.len(), nodes }
    }

    /// Squares of the busbars' voltages without any load, per unit.
    pub fn unloaded(&self) -> Vec<f64> {
        let square = |&node: &u32| self.nodes[node as usize].unloaded / self.nodes[node as usize].rated_v2;
        self.busbars.iter().map(square).collect()
    }

    pub fn state(&self) -> TrunkState {
        let (pairs, ones) = (vec![[[0.0; LANES]; 2]; self.nodes.len()], vec![[0.0; LANES]; self.nodes.len()]);
        let areas = self.busbars.len();
        TrunkState {
            drawn: pairs.clone(),
            through: pairs.clone(),
            taken: vec![[[0.0; LANES]; 2]; areas],
            lost: vec![[[0.0; LANES]; 2]; areas],
            met: vec![[0.0; LANES]; areas],
            into: pairs,
            drop: ones.clone(),
            square: ones,
            losses_w: [0.0; LANES],
            carried: [true; LANES],
        }
    }

    /// A block of hours from `first` on, with what the areas take, and the square of their busbars' voltages, per unit, that they
    /// take it at. At constant powers, squares of currents and so losses go with one over the squared voltage.
    pub fn solve<'a>(
        &self,
        state: &mut TrunkState,
        (rows, first): (&PowerRows<'_>, usize),
        of: impl Fn(usize) -> (&'a Busbar, &'a [f64; LANES]),
    ) {
        state.drawn.fill([[0.0; LANES]; 2]);
        for &(node, asset) in &self.loads {
            let power_w = area::lanes(rows.asset_w, asset, (rows.hours, first));
            (0..LANES).for_each(|lane| state.drawn[node as usize][0][lane] += f64::from(power_w[lane]));
        }
        for (area, &node) in self.busbars.iter().enumerate() {
            let (busbar, square) = of(area);
            let lost = [busbar.losses_w, busbar.losses_var].map(|lost| lost.map(f64::from));
            let whole = [busbar.p_w, busbar.q_var].map(|power| power.map(f64::from));
            let rest = |part: usize| std::array::from_fn(|lane| whole[part][lane] - lost[part][lane]);
            state.taken[area] = [rest(0), rest(1)];
            state.lost[area] = lost;
            state.met[area] = square.map(|square| square * self.nodes[node as usize].rated_v2);
        }
        pulp::Arch::new().dispatch(SolveTask { trunk: self, state });
    }

    /// Square of an area's busbar voltage, per unit.
    pub fn busbar(&self, state: &TrunkState, area: usize) -> [f64; LANES] {
        let node = self.busbars[area] as usize;
        state.square[node].map(|square| square / self.nodes[node].rated_v2)
    }

    /// By transformer of the grid, of the rating; the larger of both ends.
    pub fn loading(&self, state: &TrunkState, transformers: usize) -> Vec<[f32; LANES]> {
        let mut loading = vec![[0.0; LANES]; transformers];
        for (at, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.transformer != NONE) {
            let ([p, q], [p_in, q_in]) = (state.through[at], state.into[at]);
            loading[node.transformer as usize] = std::array::from_fn(|lane| {
                let most = (p[lane] * p[lane] + q[lane] * q[lane]).max(p_in[lane].powi(2) + q_in[lane].powi(2));
                (most.sqrt() * node.per_va) as f32
            });
        }
        loading
    }
}

impl Node {
    fn source(source: &Source, parent: u32, rated_v2: f64) -> Self {
        let Source { square, series_ohm, .. } = *source;
        let half_s = [0.0; 2];
        Self { parent, series_ohm, half_s, ratio_2: 1.0, transformer: NONE, per_va: 0.0, rated_v2, unloaded: square }
    }
}

impl TrunkState {
    #[inline(always)]
    fn run(&mut self, trunk: &Trunk) {
        for (square, node) in self.square.iter_mut().zip(&trunk.nodes) {
            *square = [node.unloaded; LANES];
        }
        let mut last = [0.0; LANES];
        for _ in 0..MAX_ROUNDS {
            self.backward(trunk);
            let moved = self.forward(trunk);
            let mut open = false;
            for lane in 0..LANES {
                let left = moved[lane] * moved[lane] <= LEFT * (last[lane] - moved[lane]);
                self.carried[lane] = moved[lane] <= 0.01 * LEFT || left;
                // Where nothing is a number, no round makes it one.
                open |= !self.carried[lane] && self.losses_w[lane].is_finite();
            }
            if !open {
                break;
            }
            last = moved;
        }
        self.backward(trunk);
        for lane in 0..LANES {
            let sound = self.square.iter().all(|square| square[lane] > 0.0);
            self.carried[lane] &= sound && self.losses_w[lane].is_finite();
        }
    }

    /// Powers from the busbars to the sources at the voltages that are known, and what is lost on every branch.
    #[inline(always)]
    fn backward(&mut self, trunk: &Trunk) {
        for (area, &node) in trunk.busbars.iter().enumerate() {
            let ([p, q], [p_lost, q_lost], met) = (&self.taken[area], &self.lost[area], &self.met[area]);
            let (square, drawn) = (&self.square[node as usize], &mut self.drawn[node as usize]);
            for lane in 0..LANES {
                let more = met[lane] / square[lane];
                drawn[0][lane] = p[lane] + p_lost[lane] * more;
                drawn[1][lane] = q[lane] + q_lost[lane] * more;
            }
        }
        self.through.copy_from_slice(&self.drawn);
        self.losses_w = [0.0; LANES];
        for at in (trunk.sources..trunk.nodes.len()).rev() {
            // What is lost before the sources' buses is not the city's.
            let counts = if at < 2 * trunk.sources { 0.0 } else { 1.0 };
            let Node { parent, series_ohm: [r, x], half_s: [g, b], ratio_2, .. } = trunk.nodes[at];
            let ([p_out, q_out], far) = (self.through[at], self.square[at]);
            let near = self.square[parent as usize];
            let ([mut p_up, mut q_up], mut drop) = (self.through[parent as usize], [0.0; LANES]);
            let mut into = [[0.0; LANES]; 2];
            for lane in 0..LANES {
                let near = near[lane] * ratio_2;
                let p = p_out[lane] + g * far[lane];
                let q = q_out[lane] - b * far[lane];
                let current = (p * p + q * q) / far[lane];
                let (p_lost, q_lost) = (r * current, x * current);
                into[0][lane] = p + p_lost + g * near;
                into[1][lane] = q + q_lost - b * near;
                p_up[lane] += into[0][lane];
                q_up[lane] += into[1][lane];
                drop[lane] = r * (p + p + p_lost) + x * (q + q + q_lost);
                self.losses_w[lane] += counts * (p_lost + g * (far[lane] + near));
            }
            self.through[parent as usize] = [p_up, q_up];
            self.into[at] = into;
            self.drop[at] = drop;
        }
    }

    /// Voltages from the sources to the busbars; the largest change of a square, relative to the rating's.
    #[inline(always)]
    fn forward(&mut self, trunk: &Trunk) -> Lanes {
        let mut moved = [0.0_f64; LANES];
        for (at, node) in trunk.nodes.iter().enumerate().skip(trunk.sources) {
            let (up, drop, old) = (self.square[node.parent as usize], self.drop[at], self.square[at]);
            let per_unit = 1.0 / node.rated_v2;
            let mut square = [0.0; LANES];
            for lane in 0..LANES {
                square[lane] = up[lane] * node.ratio_2 - drop[lane];
                let change = (square[lane] - old[lane]).abs() * per_unit;
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
}

impl pulp::NullaryFnOnce for SolveTask<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.state.run(self.trunk);
    }
}
