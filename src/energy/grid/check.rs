//! What makes elements a grid: [`Grid::new`] finds every fault with its place, or gives a grid that the solvers
//! need not check again.

use std::{collections::HashMap, f64::consts::TAU, ops::Deref};

use super::{
    element::{Control, Demand, Ends, GridData, Islands, Label, Line, PerKm, Transformer, TransformerModel, Zip},
    error::{Fault, GridError, GridErrors},
    phase_reach,
};

/// Nominal ratios around a loop may differ by this much, 1: plates are rounded, and neighbouring standard
/// voltages (0.4 and 0.416 kV) meet within it.
const RATIO_TOLERANCE: f64 = 0.05;
/// Angles around a loop of transformers may differ by less than an hour of the clock, rad. Phase-shifting
/// transformers in meshed grids stay below.
const SHIFT_TOLERANCE_RAD: f64 = TAU / 24.0;

/// A grid without faults.
#[derive(Clone, Debug)]
pub struct Grid(GridData);

impl Grid {
    /// Checks all elements and what they make together. Values first; topology where those are sound.
    pub fn new(data: GridData) -> Result<Self, GridErrors> {
        let mut check = Check { data: &data, errors: Vec::new() };
        check.ids();
        check.values();
        if check.errors.is_empty() {
            check.sources();
            check.islands();
            check.loops();
            check.errors.extend(phase_reach::loads_without_phase(&data));
        }
        if check.errors.is_empty() { Ok(Self(data)) } else { Err(GridErrors(check.errors)) }
    }

    /// A sound grid's elements after switching, or with sound loads more: nothing to check.
    pub(super) fn trusted(data: GridData) -> Self {
        Self(data)
    }

    /// The elements, for an edit that is checked again.
    pub fn into_data(self) -> GridData {
        self.0
    }
}

impl Deref for Grid {
    type Target = GridData;

    fn deref(&self) -> &GridData {
        &self.0
    }
}

struct Check<'a> {
    data: &'a GridData,
    errors: Vec<GridError>,
}

impl<'a> Check<'a> {
    fn fail(&mut self, label: &Label, field: &str, fault: Fault) {
        self.errors.push(GridError::at(label, field, fault));
    }

    fn finite(&mut self, label: &Label, fields: &[(&str, f64)]) {
        for &(field, value) in fields {
            if !value.is_finite() {
                self.fail(label, field, Fault::NotFinite(value));
            }
        }
    }

    fn positive(&mut self, label: &Label, fields: &[(&str, f64)]) {
        for &(field, value) in fields {
            if !value.is_finite() {
                self.fail(label, field, Fault::NotFinite(value));
            } else if value <= 0.0 {
                self.fail(label, field, Fault::NotPositive(value));
            }
        }
    }

    fn not_negative(&mut self, label: &Label, fields: &[(&str, f64)]) {
        for &(field, value) in fields {
            if !value.is_finite() {
                self.fail(label, field, Fault::NotFinite(value));
            } else if value < 0.0 {
                self.fail(label, field, Fault::Negative(value));
            }
        }
    }

    fn bus(&mut self, label: &Label, field: &str, bus: u32) {
        if bus as usize >= self.data.buses.len() {
            self.fail(label, field, Fault::UnknownBus(bus.to_string()));
        }
    }

    fn ends(&mut self, label: &Label, ends: &Ends) {
        self.bus(label, "from", ends.from);
        self.bus(label, "to", ends.to);
    }

    /// Ids are unique within a table.
    fn ids(&mut self) {
        let data = self.data;
        let mut seen: HashMap<(&str, &str), u32> = HashMap::new();
        for label in data.labels() {
            if let Some(row) = seen.insert((label.table, label.id.as_str()), label.row) {
                self.fail(label, "id", Fault::DuplicateId(row));
            }
        }
    }

    fn values(&mut self) {
        let data = self.data;
        if !(data.frequency_hz.is_finite() && data.frequency_hz > 0.0) {
            let label = Label::new("grid", 0, "");
            self.fail(&label, "frequency", Fault::NotPositive(data.frequency_hz));
        }
        for bus in &data.buses {
            self.positive(&bus.label, &[("rated voltage", bus.rated_v)]);
        }
        data.lines.iter().for_each(|line| self.line(line));
        data.transformers.iter().for_each(|transformer| self.transformer(transformer));
        for branch in &data.pi_branches {
            self.ends(&branch.label, &branch.ends);
            let fields = [("r", branch.r_ohm), ("x", branch.x_ohm), ("g", branch.g_s), ("b", branch.b_s)];
            self.finite(&branch.label, &fields);
            self.finite(&branch.label, &[("shift", branch.shift_rad)]);
            self.positive(&branch.label, &[("ratio", branch.ratio)]);
            let ratios = branch.phase_ratios.into_iter().flatten();
            ratios.for_each(|ratio| self.positive(&branch.label, &[("ratio by phase", ratio)]));
            if branch.r_ohm == 0.0 && branch.x_ohm == 0.0 {
                self.fail(&branch.label, "r, x", Fault::ZeroImpedance);
            }
        }
        for switch in &data.switches {
            self.ends(&switch.label, &Ends::closed(switch.from, switch.to));
        }
        self.injections();
    }

    fn line(&mut self, line: &Line) {
        self.ends(&line.label, &line.ends);
        self.positive(&line.label, &[("length", line.length_km)]);
        let stated = |s: &PerKm| [("r", s.r_ohm), ("x", s.x_ohm), ("g", s.g_s), ("c", s.c_f)];
        self.finite(&line.label, &stated(&line.positive));
        if line.positive.r_ohm == 0.0 && line.positive.x_ohm == 0.0 {
            self.fail(&line.label, "r, x", Fault::ZeroImpedance);
        }
        if let Some(zero) = &line.zero {
            self.finite(&line.label, &stated(zero).map(|(field, value)| (zero_name(field), value)));
            if zero.r_ohm == 0.0 && zero.x_ohm == 0.0 {
                self.fail(&line.label, "r0, x0", Fault::ZeroImpedance);
            }
        }
        if let Some(matrix) = &line.matrix {
            for row in matrix.r_ohm.iter().chain(&matrix.x_ohm).chain(&matrix.c_f) {
                self.finite(&line.label, &row.map(|value| ("matrix", value)));
            }
        }
        if let Some(rated_a) = line.rated_a {
            self.not_negative(&line.label, &[("rated current", rated_a)]);
        }
        if line.parallel == 0 {
            self.fail(&line.label, "parallel", Fault::NotPositive(0.0));
        }
        let rated = |bus: u32| self.data.buses.get(bus as usize).map(|bus| bus.rated_v);
        if let (Some(from), Some(to)) = (rated(line.ends.from), rated(line.ends.to))
            && (from - to).abs() > RATIO_TOLERANCE * from.abs()
        {
            self.fail(&line.label, "from, to", Fault::VoltageStep(from, to));
        }
    }

    fn transformer(&mut self, transformer: &Transformer) {
        let (label, t) = (&transformer.label, transformer);
        self.ends(label, &t.ends);
        let above = [("rated power", t.rated_va), ("from voltage", t.from_v), ("to voltage", t.to_v)];
        self.positive(label, &above);
        let losses = [("no-load loss", t.no_load_loss_w), ("load loss", t.load_loss_w)];
        if t.model == TransformerModel::Leg {
            self.not_negative(label, &losses[..1]);
            self.finite(label, &losses[1..]);
        } else {
            self.not_negative(label, &losses);
        }
        self.finite(
            label,
            &[("short-circuit voltage", t.short_circuit), ("no-load current", t.no_load), ("shift", t.shift_rad)],
        );
        let resistive = (t.load_loss_w / t.rated_va).abs();
        if t.short_circuit == 0.0 && resistive == 0.0 {
            self.fail(label, "short-circuit voltage", Fault::ZeroImpedance);
        } else if t.short_circuit.abs() < resistive * (1.0 - 1e-9) {
            self.fail(label, "short-circuit voltage", Fault::ShortCircuitTooSmall(t.short_circuit, resistive));
        }
        if t.parallel == 0 {
            self.fail(label, "parallel", Fault::NotPositive(0.0));
        }
        if let Some(tap) = &t.tap {
            self.finite(label, &[("tap step", tap.step_v), ("tap step angle", tap.step_rad)]);
            let (from_v, to_v) = t.tapped_v();
            self.positive(label, &[("tap position", from_v.min(to_v))]);
        }
    }

    fn injections(&mut self) {
        let data = self.data;
        for load in &data.loads {
            self.bus(&load.label, "bus", load.bus);
            self.demand(&load.label, &load.demand);
        }
        for generator in &data.generators {
            self.bus(&generator.label, "bus", generator.bus);
            match &generator.control {
                Control::Power(demand) => self.demand(&generator.label, demand),
                Control::Voltage { p_w, vm_pu, .. } => {
                    self.finite(&generator.label, &[("p", *p_w)]);
                    self.positive(&generator.label, &[("voltage", *vm_pu)]);
                }
            }
        }
        for battery in &data.batteries {
            self.bus(&battery.label, "bus", battery.bus);
            self.finite(&battery.label, &[("p", battery.p_w), ("q", battery.q_var)]);
        }
        for shunt in &data.shunts {
            self.bus(&shunt.label, "bus", shunt.bus);
            self.finite(&shunt.label, &[("g", shunt.g_s), ("b", shunt.b_s)]);
        }
        for source in &data.external_grids {
            self.bus(&source.label, "bus", source.bus);
            self.positive(&source.label, &[("voltage", source.vm_pu)]);
            self.finite(&source.label, &[("angle", source.va_rad)]);
            if let Some(short_circuit) = source.short_circuit {
                self.positive(&source.label, &[("short-circuit power", short_circuit.power_va)]);
                let ratios = [("r/x", short_circuit.rx), ("z0/z1", short_circuit.z01)];
                self.not_negative(&source.label, &ratios);
            }
        }
    }

    fn demand(&mut self, label: &Label, demand: &Demand) {
        let zips: &[Zip] = match demand {
            Demand::Balanced(zip) => std::slice::from_ref(zip),
            Demand::Wye(zips) | Demand::Delta(zips) => &**zips,
        };
        for zip in zips {
            for [p, q] in [zip.power, zip.current, zip.impedance] {
                self.finite(label, &[("p", p), ("q", q)]);
            }
        }
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
    /// Every element's label, table by table.
    pub fn labels(&self) -> impl Iterator<Item = &Label> {
        let buses = self.buses.iter().map(|e| &e.label);
        let branches = self.branch_ends().map(|(label, _)| label);
        let switches = self.switches.iter().map(|e| &e.label);
        let loads = self.loads.iter().map(|e| &e.label);
        let generators = self.generators.iter().map(|e| &e.label);
        let batteries = self.batteries.iter().map(|e| &e.label);
        let shunts = self.shunts.iter().map(|e| &e.label);
        let sources = self.external_grids.iter().map(|e| &e.label);
        buses
            .chain(branches)
            .chain(switches)
            .chain(loads)
            .chain(generators)
            .chain(batteries)
            .chain(shunts)
            .chain(sources)
    }

    /// Lines, transformers, pi branches, in this order: the order of every list of branches.
    pub fn branch_ends(&self) -> impl Iterator<Item = (&Label, Ends)> {
        let lines = self.lines.iter().map(|e| (&e.label, e.ends));
        let transformers = self.transformers.iter().map(|e| (&e.label, e.ends));
        lines.chain(transformers).chain(self.pi_branches.iter().map(|e| (&e.label, e.ends)))
    }

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

fn zero_name(field: &str) -> &'static str {
    match field {
        "r" => "r0",
        "x" => "x0",
        "g" => "g0",
        _ => "c0",
    }
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
