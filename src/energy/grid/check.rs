//! What makes elements a grid: [`Grid::new`] finds every fault with its place, or gives a grid that the solvers
//! need not check again.

use std::{collections::HashMap, ops::Deref};

use super::{
    element::{Control, Demand, Ends, GridData, Label, Line, PerKm, Transformer, TransformerModel, Zip},
    error::{Fault, GridError, GridErrors},
    phase_reach,
};

pub(crate) use super::check_topology::Sets;

/// Nominal ratios around a loop may differ by this much, 1: plates are rounded, and neighbouring standard
/// voltages (0.4 and 0.416 kV) meet within it.
pub(super) const RATIO_TOLERANCE: f64 = 0.05;
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
            check.topology();
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

pub(super) struct Check<'a> {
    pub data: &'a GridData,
    pub errors: Vec<GridError>,
}

impl<'a> Check<'a> {
    pub fn fail(&mut self, label: &Label, field: &str, fault: Fault) {
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
}

fn zero_name(field: &str) -> &'static str {
    match field {
        "r" => "r0",
        "x" => "x0",
        "g" => "g0",
        _ => "c0",
    }
}
