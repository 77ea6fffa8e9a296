//! Load flows of many hours of a grown grid where stations alone are looked at: losses, what goes through transformers, and the
//! lowest and highest voltage of each station's buildings.
//!
//! DistFlow of a radial grid (Baran & Wu 1989, IEEE Trans. Power Deliv. 4(2)): powers of branches from the customers to the sources,
//! squares of voltages back. It is exact, and since voltages enter through losses alone, each round gains two digits or more where
//! a sweep of currents gains one. What hangs below the last transformer on a way is an area; it is solved for all hours while its
//! state stays in the nearest cache, in single precision with voltages as what is lost from its busbar. The trunk between sources
//! and areas is solved in double precision. The two meet at the busbars until nothing moves. Hours are lanes that never meet, so that
//! the result is the same bytes for any number of threads and any width of the machine's registers.

mod area;
mod layout;
mod trunk;

use rayon::prelude::*;

use crate::grid::{NotRadial, synthetic::Operated};
use area::{Areas, Busbar};
use layout::Layout;
use trunk::{Trunk, TrunkState};

/// Hours side by side: so many that powers on their way along a line keep a core's units busy.
const LANES: usize = 16;
/// How far busbars may have moved since their areas were visited, squared voltage per unit. The trunk knows how losses go with
/// the voltage to the first order, so that powers are off by the square of it times the losses; what is lost on the way from the
/// busbar to a building changes by its losses' share alone, some thousandths of this.
const TOLD: f64 = 1e-4;
/// Visits of areas after which what still moves counts as not solvable.
const MAX_VISITS: usize = 40;

/// A grid prepared for many hours.
#[derive(Clone, Debug)]
pub struct HourlyFlow {
    operated: Operated,
    trunk: Trunk,
    areas: Areas,
    /// Per transformer of the grid its area, where it feeds one.
    area_of: Vec<Option<u32>>,
}

/// Powers of some hours in a row (`member · hours + hour`), W. Slices that are shorter count as nought.
#[derive(Clone, Copy, Debug)]
pub struct PowerRows<'a> {
    pub hours: usize,
    /// By `BuildingId`.
    pub load_w: &'a [f32],
    pub pv_w: &'a [f32],
    /// Whose `pv_w` are looked at; those that it does not name are.
    pub lit: &'a [bool],
    /// By `EnergyAssetId`, load positive.
    pub asset_w: &'a [f32],
}

/// What the load flows say.
#[derive(Clone, PartialEq, Debug)]
pub struct FlowHours {
    /// What goes into branches and does not come out, W; `None` where the grid cannot carry the hour: nothing is said of it.
    pub losses_w: Vec<Option<f64>>,
    /// `transformer · hours + hour`, of the rating, 1.
    loading: Vec<f32>,
    /// Likewise: lowest and highest voltage of the buildings that hang on it, per unit.
    vm_pu: Vec<[f32; 2]>,
}

/// Hours of all busbars on the way to where nothing moves.
struct Meeting {
    blocks: usize,
    /// `area · blocks + block`.
    busbars: Vec<Busbar>,
    /// Square of the busbars' voltages, per unit: `block · areas + area`.
    square: Vec<[f64; LANES]>,
    /// Voltages of the trunk, block by block.
    kept: Vec<trunk::Part>,
    /// Per block what the trunk says of it.
    trunk: Vec<TrunkBlock>,
}

/// What the trunk changes of a block: what it says, squares of busbars' voltages, and those of its own.
type Hand<'a> = ((&'a mut TrunkBlock, &'a mut [[f64; LANES]]), &'a mut [trunk::Part]);

/// What the trunk says of a block of hours.
#[derive(Clone, Default)]
struct TrunkBlock {
    losses_w: [f64; LANES],
    /// By transformer of the grid.
    loading: Vec<[f32; LANES]>,
    carried: [bool; LANES],
    settled: bool,
}

impl HourlyFlow {
    /// # Errors
    /// A grid that is not radial; none that was grown is.
    pub fn new(operated: Operated) -> Result<Self, NotRadial> {
        let layout = Layout::of(&operated)?;
        let mut area_of = vec![None; operated.grid().grid.transformers.len()];
        for (area, transformer) in layout.areas.iter().map(|area| area.transformer).enumerate() {
            area_of[transformer as usize] = Some(area as u32);
        }
        Ok(Self { trunk: Trunk::of(&layout, &operated), areas: Areas::of(&layout, &operated), area_of, operated })
    }

    pub fn operated(&self) -> &Operated {
        &self.operated
    }

    /// All hours of the rows. Works on rayon's current pool.
    pub fn solve(&self, rows: &PowerRows<'_>) -> FlowHours {
        let mut meeting = Meeting::new(self, rows.hours.div_ceil(LANES));
        for visit in 0..MAX_VISITS {
            meeting.visit_areas(self, rows, visit == 0);
            meeting.visit_trunk(self, rows, visit == 0);
            if meeting.trunk.iter().all(|block| block.settled) {
                break;
            }
        }
        meeting.told(self, rows.hours)
    }
}

impl FlowHours {
    /// Loading of a transformer of the grid hour by hour, of its rating, 1.
    pub fn loading(&self, transformer: usize) -> &[f32] {
        let hours = self.losses_w.len();
        &self.loading[transformer * hours..][..hours]
    }

    /// Lowest and highest voltage of the buildings behind a transformer hour by hour, per unit; infinite and nought where none is
    /// supplied by it.
    pub fn vm_pu(&self, transformer: usize) -> &[[f32; 2]] {
        let hours = self.losses_w.len();
        &self.vm_pu[transformer * hours..][..hours]
    }
}

impl Meeting {
    fn new(flow: &HourlyFlow, blocks: usize) -> Self {
        let unloaded = flow.trunk.unloaded();
        Self {
            blocks,
            busbars: vec![Busbar::default(); flow.areas.len() * blocks],
            square: unloaded.iter().map(|square| [*square; LANES]).cycle().take(unloaded.len() * blocks).collect(),
            kept: vec![trunk::Part::default(); flow.trunk.kept() * blocks],
            trunk: vec![TrunkBlock::default(); blocks],
        }
    }

    fn visit_areas(&mut self, flow: &HourlyFlow, rows: &PowerRows<'_>, rough: bool) {
        let (square, trunk, count) = (&self.square, &self.trunk, flow.areas.len());
        let visit = |state: &mut area::AreaState, (index, busbars): (usize, &mut [Busbar])| {
            state.draw(&flow.areas, index, rows);
            for (block, busbar) in busbars.iter_mut().enumerate().filter(|(block, _)| !trunk[*block].settled) {
                let square = &square[block * count + index];
                *busbar = area::Visit { areas: &flow.areas, index, block, square, rough }.run(state);
            }
        };
        let rows = self.busbars.par_chunks_mut(self.blocks.max(1)).enumerate();
        rows.for_each_init(|| flow.areas.state(), visit);
    }

    fn visit_trunk(&mut self, flow: &HourlyFlow, rows: &PowerRows<'_>, rough: bool) {
        let (busbars, blocks, count) = (&self.busbars, self.blocks, flow.areas.len());
        if count == 0 {
            return;
        }
        let solve = |state: &mut TrunkState, (index, ((block, square), kept)): (usize, Hand<'_>)| {
            if block.settled {
                return;
            }
            let of = |area: usize| &busbars[area * blocks + index];
            let taken = |area| (of(area), &square[area]);
            flow.trunk.solve(state, trunk::Asked { rows, first: index * LANES, of: taken, rough, kept });
            let (mut moved, mut carried) = ([0.0_f64; LANES], state.carried);
            block.losses_w = state.losses_w;
            for (area, (square, new)) in square.iter_mut().zip(&state.busbars).enumerate() {
                let busbar = of(area);
                for lane in 0..LANES {
                    moved[lane] = moved[lane].max((new[lane] - square[lane]).abs());
                    carried[lane] &= busbar.sound[lane];
                    block.losses_w[lane] += f64::from(busbar.losses_w[lane]) * square[lane] / new[lane];
                }
                *square = *new;
            }
            block.settle(moved, carried, rough);
            if block.settled {
                block.loading.clone_from(&state.loading);
            }
        };
        let blocks = self.trunk.par_iter_mut().zip(self.square.par_chunks_mut(count));
        let blocks = blocks.zip(self.kept.par_chunks_mut(flow.trunk.kept())).enumerate();
        blocks.for_each_init(|| flow.trunk.state(), solve);
    }

    /// Lanes of hours into rows of transformers.
    fn told(&self, flow: &HourlyFlow, hours: usize) -> FlowHours {
        let transformers = flow.area_of.len();
        let losses = |hour: usize| {
            let (block, lane) = (&self.trunk[hour / LANES], hour % LANES);
            (block.settled && block.carried[lane]).then(|| block.losses_w[lane])
        };
        let mut told = FlowHours {
            losses_w: (0..hours).map(losses).collect(),
            loading: vec![0.0; transformers * hours],
            vm_pu: vec![[f32::INFINITY, 0.0]; transformers * hours],
        };
        let rows = told.loading.par_chunks_mut(hours.max(1)).zip(told.vm_pu.par_chunks_mut(hours.max(1))).enumerate();
        rows.for_each(|(transformer, (loading, vm_pu))| {
            let area = flow.area_of[transformer].map(|area| area as usize);
            for hour in (0..hours).filter(|hour| losses(*hour).is_some()) {
                let (block, lane) = (hour / LANES, hour % LANES);
                loading[hour] = self.trunk[block].loading.get(transformer).map_or(0.0, |lanes| lanes[lane]);
                if let Some(area) = area {
                    let square = &self.square[block * flow.areas.len() + area];
                    vm_pu[hour] = self.busbars[area * self.blocks + block].range_pu(square[lane], lane);
                }
            }
        });
        told
    }
}

impl TrunkBlock {
    /// A rough visit tells powers alone. Lanes that no number can be told of keep nobody waiting.
    fn settle(&mut self, moved: [f64; LANES], carried: [bool; LANES], rough: bool) {
        self.settled = !rough && (0..LANES).all(|lane| !carried[lane] || moved[lane] <= TOLD);
        self.carried = carried;
    }
}
