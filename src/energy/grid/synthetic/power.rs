//! The loads of an instant into the grid, and voltages and loadings out of it.

use faer::c64;

use super::{CityGrid, Phases, paths::NONE};
use crate::{
    EnergySystem,
    grid::{Grid, PhaseProfiles, Profiles, two_port::line_sections},
};

/// Powers of an instant as [`crate::EnergySystem`] gives them, W.
#[derive(Clone, Copy, Debug)]
pub struct Powers<'a> {
    /// Index = `BuildingId`.
    pub load_w: &'a [f32],
    pub pv_w: &'a [f32],
    /// Index = `EnergyAssetId`, load positive.
    pub asset_w: &'a [f32],
}

/// Instants as the sweeps take them: per instant every load of the grid.
#[derive(Clone, PartialEq, Debug)]
pub struct Demands {
    pub instants: usize,
    pub p_w: Vec<f64>,
    pub q_var: Vec<f64>,
}

/// What a load flow of one instant says of the city.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// As the grid's buses, per unit; nought without supply.
    pub bus_vm_pu: Vec<f32>,
    /// Index = `BuildingId`, per unit.
    pub building_vm_pu: Vec<f32>,
    /// As the grid's lines, of the rating, 1.
    pub line_loading: Vec<f32>,
    /// Power into the end of a line that is nearer to the source, W; below nought where it comes back.
    pub line_w: Vec<f32>,
    /// As the grid's transformers, of the rating, 1.
    pub transformer_loading: Vec<f32>,
    /// What goes into branches and does not come out, W.
    pub losses_w: f64,
}

/// A bus, the bus before it and the branch between (in the order of [`crate::grid::GridData::branch_ends`]).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fed {
    pub bus: u32,
    before: u32,
    branch: u32,
}

/// In place of a branch: a closed switch.
const SWITCH: u32 = NONE - 1;

/// Buses from the sources on over what is closed, in a radial grid.
pub fn order(grid: &Grid) -> Vec<Fed> {
    let mut next: Vec<Vec<(u32, u32)>> = vec![Vec::new(); grid.buses.len()];
    for (branch, (_, ends)) in grid.branch_ends().enumerate() {
        if ends.from_closed && ends.to_closed {
            next[ends.from as usize].push((ends.to, branch as u32));
            next[ends.to as usize].push((ends.from, branch as u32));
        }
    }
    for switch in grid.switches.iter().filter(|switch| switch.closed) {
        next[switch.from as usize].push((switch.to, SWITCH));
        next[switch.to as usize].push((switch.from, SWITCH));
    }
    let mut order: Vec<Fed> = Vec::with_capacity(grid.buses.len());
    for source in &grid.external_grids {
        let begin = order.len();
        order.push(Fed { bus: source.bus, before: NONE, branch: NONE });
        let mut at = begin;
        while let Some(&Fed { bus, before, .. }) = order.get(at) {
            for &(to, over) in next[bus as usize].iter().filter(|(to, _)| *to != before) {
                order.push(Fed { bus: to, before: bus, branch: over });
            }
            at += 1;
        }
    }
    order
}

impl Demands {
    pub fn profiles(&self) -> Profiles<'_> {
        Profiles { hours: self.instants, p_w: &self.p_w, q_var: &self.q_var }
    }

    /// Of phases a, b, c.
    pub fn phase_profiles(&self) -> PhaseProfiles<'_> {
        PhaseProfiles { hours: self.instants, p_w: &self.p_w, q_var: &self.q_var }
    }
}

impl CityGrid {
    /// Demand per load of the grid: buildings' load at the planned power factor less their photovoltaics at power factor
    /// 1 (EN 50549-1 without set point), plants and chargers as they are. Slices that are shorter count as nought.
    pub fn demand(&self, instants: &[Powers<'_>]) -> Demands {
        let mut demands = self.empty(instants.len(), 1);
        for powers in instants {
            for load in 0..self.grid.loads.len() {
                let [p_w, q_var] = self.drawn(powers, load);
                demands.p_w.push(p_w);
                demands.q_var.push(q_var);
            }
        }
        demands
    }

    /// Reactive over active power of buildings' loads, 1.
    pub(crate) fn tan_phi(&self) -> f64 {
        self.tan_phi
    }

    /// The same per load and phase: single-phase buildings on theirs, others a third on each.
    pub fn phase_demand(&self, instants: &[Powers<'_>]) -> Demands {
        let mut demands = self.empty(instants.len(), 3);
        for powers in instants {
            for load in 0..self.grid.loads.len() {
                let drawn = self.drawn(powers, load);
                for phase in 0..3_u8 {
                    let share = match self.buildings.get(load).map(|building| building.phases) {
                        Some(Phases::One(own)) => f64::from(u8::from(own == phase)),
                        _ => 1.0 / 3.0,
                    };
                    demands.p_w.push(drawn[0] * share);
                    demands.q_var.push(drawn[1] * share);
                }
            }
        }
        demands
    }

    fn empty(&self, instants: usize, phases: usize) -> Demands {
        let room = instants * phases * self.grid.loads.len();
        Demands { instants, p_w: Vec::with_capacity(room), q_var: Vec::with_capacity(room) }
    }

    pub(super) fn drawn(&self, powers: &Powers<'_>, load: usize) -> [f64; 2] {
        let of = |values: &[f32], index: usize| values.get(index).copied().map_or(0.0, f64::from);
        if load < self.buildings.len() {
            let load_w = of(powers.load_w, load);
            [load_w - of(powers.pv_w, load), load_w * self.tan_phi]
        } else {
            [of(powers.asset_w, self.attached[load - self.buildings.len()] as usize), 0.0]
        }
    }

    /// Load and photovoltaics of a load side by side, W: how much may differ from what is expected.
    pub(super) fn gross_w(&self, powers: &Powers<'_>, load: usize) -> f64 {
        let of = |values: &[f32]| values.get(load).copied().map_or(0.0, f64::from);
        if load < self.buildings.len() {
            of(powers.load_w).hypot(of(powers.pv_w))
        } else {
            self.drawn(powers, load)[0].abs()
        }
    }

    /// Voltages of the buildings and loadings of everything, from one instant of the demands and the bus voltages that
    /// the load flow found for it ([`crate::grid::BatchFlow::vm_pu`]). Branch powers are summed from the customers to the
    /// sources, with the losses that the voltages give.
    pub fn answer(&self, demands: &Demands, instant: usize, vm_pu: &[f64]) -> Answer {
        let loads = self.grid.loads.len();
        let mut through = vec![c64::new(0.0, 0.0); self.grid.buses.len()];
        for (index, load) in self.grid.loads.iter().enumerate() {
            let at = instant * loads + index;
            through[load.bus as usize] += c64::new(demands.p_w[at], demands.q_var[at]);
        }
        let mut answer = Answer {
            bus_vm_pu: vm_pu.iter().map(|vm| *vm as f32).collect(),
            building_vm_pu: self.buildings.iter().map(|b| vm_pu[b.bus as usize] as f32).collect(),
            line_loading: vec![0.0; self.grid.lines.len()],
            line_w: vec![0.0; self.grid.lines.len()],
            transformer_loading: vec![0.0; self.grid.transformers.len()],
            losses_w: 0.0,
        };
        for fed in self.order.iter().rev().filter(|fed| fed.before != NONE) {
            let out = through[fed.bus as usize];
            if fed.branch == SWITCH {
                through[fed.before as usize] += out;
                continue;
            }
            let into = match (fed.branch as usize).checked_sub(self.grid.lines.len()) {
                None => self.through_line(fed, vm_pu, out, &mut answer),
                Some(transformer) => self.through_transformer(transformer, fed, vm_pu, out, &mut answer),
            };
            answer.losses_w += (into - out).re;
            through[fed.before as usize] += into;
        }
        answer
    }

    fn volts(&self, bus: u32, vm_pu: &[f64]) -> f64 {
        vm_pu[bus as usize] * self.grid.buses[bus as usize].rated_v
    }

    /// Power into a line's near end for what leaves its far end.
    fn through_line(&self, fed: &Fed, vm_pu: &[f64], out: c64, answer: &mut Answer) -> c64 {
        let line = &self.grid.lines[fed.branch as usize];
        let (near_v, far_v) = (self.volts(fed.before, vm_pu), self.volts(fed.bus, vm_pu));
        let (series_s, shunt_s) = line_sections(line, &line.positive, self.grid.frequency_hz);
        let into = through_pi([series_s, shunt_s], near_v, far_v, out);
        let most_a = (out.norm() / far_v).max(into.norm() / near_v) / 3_f64.sqrt();
        answer.line_w[fed.branch as usize] = into.re as f32;
        if let Some(rated_a) = line.rated_a {
            answer.line_loading[fed.branch as usize] = (most_a / (rated_a * f64::from(line.parallel))) as f32;
        }
        into
    }

    fn through_transformer(&self, index: usize, fed: &Fed, vm_pu: &[f64], out: c64, answer: &mut Answer) -> c64 {
        let transformer = &self.grid.transformers[index];
        let (series_s, shunt_s) = transformer.sections();
        let (from_v, to_v) = transformer.tapped_v();
        let near_v = self.volts(fed.before, vm_pu) * to_v / from_v;
        let into = through_pi([series_s, shunt_s], near_v, self.volts(fed.bus, vm_pu), out);
        let rated_va = transformer.rated_va * f64::from(transformer.parallel);
        answer.transformer_loading[index] = (into.norm().max(out.norm()) / rated_va) as f32;
        into
    }
}

/// Power into the near end of a pi section of series and whole shunt admittance for what leaves its far end, three-phase
/// W and var, voltages line to line.
fn through_pi([series_s, shunt_s]: [c64; 2], near_v: f64, far_v: f64, out: c64) -> c64 {
    let half = shunt_s.conj() * 0.5;
    let inner = out + half * far_v * far_v;
    inner + series_s.inv() * (inner.norm_sqr() / (far_v * far_v)) + half * near_v * near_v
}

impl<'a> Powers<'a> {
    /// Those of an energy system's last evaluation.
    pub fn of(system: &'a EnergySystem) -> Self {
        Self { load_w: system.building_load_w(), pv_w: system.building_pv_w(), asset_w: system.asset_power_w() }
    }
}
