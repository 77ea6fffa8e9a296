//! Writes a grid as an input file of power-grid-model (JSON, version 1.0).
//!
//! Ids are numbered anew where a file needs numbers and ids are none: nodes first, then every other element in the
//! order of the grid's tables; the source's own name stands in the field `_name`, which the format ignores. A generator
//! that holds a voltage becomes a generator with a voltage regulator, a load of mixed kinds one load of each kind,
//! a transformer that the format's plate cannot express a generic branch. Lines of fewer than three phases and ratios by phase
//! are not of the format: their balanced equivalents stand for them.

use serde_json::{Map, Value, json};

use super::super::{
    check::Grid,
    element::{
        Control, Demand, Ends, Generator, Label, Line, PerKm, PhaseMatrix, Side, Transformer, TransformerModel,
        Winding, ZeroPlate, Zip,
    },
    two_port::line_sections,
};

/// Short-circuit power that stands for an ideal source, VA.
const IDEAL_VA: f64 = 1e20;

/// The frequency at which a reader takes the file, Hz.
const FREQUENCY_HZ: f64 = 50.0;

/// The file's text.
pub fn write_pgm(grid: &Grid) -> String {
    let mut writer = Writer { tables: Map::new(), next: 0, buses: Vec::new() };
    for bus in &grid.buses {
        let id = writer.push("node", &bus.label, json!({ "u_rated": bus.rated_v }));
        writer.buses.push(id);
    }
    writer.branches(grid);
    writer.appliances(grid);
    let file = json!({
        "version": "1.0", "type": "input", "is_batch": false, "attributes": {}, "data": Value::Object(writer.tables),
    });
    file.to_string()
}

struct Writer {
    tables: Map<String, Value>,
    next: i64,
    buses: Vec<i64>,
}

impl Writer {
    fn push(&mut self, table: &str, label: &Label, mut fields: Value) -> i64 {
        let id = self.next;
        self.next += 1;
        fields["id"] = json!(id);
        fields["_name"] = json!(label.id.as_str());
        let rows = self.tables.entry(table).or_insert_with(|| json!([]));
        if let Some(rows) = rows.as_array_mut() {
            rows.push(fields);
        }
        id
    }

    fn branch(&mut self, table: &str, label: &Label, ends: &Ends, mut fields: Value) {
        fields["from_node"] = json!(self.buses[ends.from as usize]);
        fields["to_node"] = json!(self.buses[ends.to as usize]);
        fields["from_status"] = json!(u8::from(ends.from_closed));
        fields["to_status"] = json!(u8::from(ends.to_closed));
        self.push(table, label, fields);
    }

    fn lines(&mut self, grid: &Grid) {
        // The format's capacitances are at 50 Hz; what counts is the susceptance.
        let omega = std::f64::consts::TAU * FREQUENCY_HZ;
        for line in &grid.lines {
            if let Some(matrix) = line.matrix.as_ref().filter(|matrix| matrix.phases == [true; 3]) {
                let mut fields = matrix_fields(line, matrix, grid.frequency_hz / FREQUENCY_HZ);
                if let Some(rated_a) = line.rated_a {
                    fields["i_n"] = json!(rated_a * f64::from(line.parallel));
                }
                self.branch("asym_line", &line.label, &line.ends, fields);
                continue;
            }
            let sequence = |per_km: &PerKm| {
                let (series, shunt) = line_sections(line, per_km, grid.frequency_hz);
                let tan = if shunt.im == 0.0 { 0.0 } else { shunt.re / shunt.im };
                (series.inv(), shunt.im / omega, tan)
            };
            let (z1, c1, tan1) = sequence(&line.positive);
            let mut fields = json!({ "r1": z1.re, "x1": z1.im, "c1": c1, "tan1": tan1 });
            if let Some(zero) = &line.zero {
                let (z0, c0, tan0) = sequence(zero);
                for (name, value) in [("r0", z0.re), ("x0", z0.im), ("c0", c0), ("tan0", tan0)] {
                    fields[name] = json!(value);
                }
            }
            if let Some(rated_a) = line.rated_a {
                fields["i_n"] = json!(rated_a * f64::from(line.parallel));
            }
            self.branch("line", &line.label, &line.ends, fields);
        }
    }

    fn branches(&mut self, grid: &Grid) {
        self.lines(grid);
        for transformer in &grid.transformers {
            if fits(transformer) {
                let fields = transformer_fields(transformer);
                self.branch("transformer", &transformer.label, &transformer.ends, fields);
            } else {
                let rated = |bus: u32| grid.buses[bus as usize].rated_v;
                let fields = general_fields(transformer, rated(transformer.ends.from), rated(transformer.ends.to));
                self.branch("generic_branch", &transformer.label, &transformer.ends, fields);
            }
        }
        for b in &grid.pi_branches {
            let mut fields = json!({
                "r1": b.r_ohm, "x1": b.x_ohm, "g1": b.g_s, "b1": b.b_s, "k": b.ratio, "theta": b.shift_rad,
            });
            if let Some(rated_va) = b.rated_va {
                fields["sn"] = json!(rated_va);
            }
            self.branch("generic_branch", &b.label, &b.ends, fields);
        }
        for switch in &grid.switches {
            let ends = Ends { from: switch.from, to: switch.to, from_closed: switch.closed, to_closed: switch.closed };
            self.branch("link", &switch.label, &ends, json!({}));
        }
    }

    fn appliances(&mut self, grid: &Grid) {
        for load in &grid.loads {
            self.demand(["sym_load", "asym_load"], &load.label, load.bus, (&load.demand, load.in_service));
        }
        for generator in &grid.generators {
            let (label, bus, on) = (&generator.label, generator.bus, generator.in_service);
            match &generator.control {
                Control::Power(demand) => self.demand(["sym_gen", "asym_gen"], label, bus, (demand, on)),
                Control::Voltage { p_w, vm_pu, q_min_var, q_max_var } => {
                    let fields = self.appliance(bus, on, json!({ "type": 0, "p_specified": p_w, "q_specified": 0.0 }));
                    let id = self.push("sym_gen", label, fields);
                    let mut fields = json!({ "regulated_object": id, "status": 1, "u_ref": vm_pu });
                    for (name, limit) in [("q_min", q_min_var), ("q_max", q_max_var)] {
                        if let Some(limit) = limit {
                            fields[name] = json!(limit);
                        }
                    }
                    self.push("voltage_regulator", label, fields);
                }
            }
        }
        for battery in &grid.batteries {
            let demand = Demand::Balanced(Zip::constant(battery.p_w, battery.q_var));
            self.demand(["sym_load", "asym_load"], &battery.label, battery.bus, (&demand, battery.in_service));
        }
        for shunt in &grid.shunts {
            let [g0, b0] = shunt.zero.unwrap_or([shunt.g_s, shunt.b_s]);
            let fields = json!({ "g1": shunt.g_s, "b1": shunt.b_s, "g0": g0, "b0": b0 });
            let fields = self.appliance(shunt.bus, shunt.in_service, fields);
            self.push("shunt", &shunt.label, fields);
        }
        self.sources(grid);
    }

    fn sources(&mut self, grid: &Grid) {
        for source in &grid.external_grids {
            let short = source.short_circuit;
            let fields = json!({
                "u_ref": source.vm_pu, "u_ref_angle": source.va_rad, "sk": short.map_or(IDEAL_VA, |s| s.power_va),
                "rx_ratio": short.map_or(0.1, |s| s.rx), "z01_ratio": short.map_or(1.0, |s| s.z01),
            });
            let fields = self.appliance(source.bus, source.in_service, fields);
            self.push("source", &source.label, fields);
        }
    }

    fn appliance(&self, bus: u32, on: bool, mut fields: Value) -> Value {
        fields["node"] = json!(self.buses[bus as usize]);
        fields["status"] = json!(u8::from(on));
        fields
    }

    fn demand(&mut self, tables: [&str; 2], label: &Label, bus: u32, (demand, on): (&Demand, bool)) {
        let parts: [fn(&Zip) -> [f64; 2]; 3] = [|zip| zip.power, |zip| zip.impedance, |zip| zip.current];
        let total = demand.total();
        for (kind, part) in parts.into_iter().enumerate() {
            if kind > 0 && part(&total) == [0.0; 2] {
                continue;
            }
            let (table, fields) = match demand {
                Demand::Balanced(zip) => {
                    let [p, q] = part(zip);
                    (tables[0], json!({ "type": kind, "p_specified": p, "q_specified": q }))
                }
                // The format has no loads between phases: each is split evenly over its two.
                Demand::Wye(zips) => (tables[1], per_phase(kind, zips, part)),
                Demand::Delta(zips) => {
                    let half = |k: usize| zips[k].scaled(0.5).plus(zips[(k + 2) % 3].scaled(0.5));
                    (tables[1], per_phase(kind, &[half(0), half(1), half(2)], part))
                }
            };
            let fields = self.appliance(bus, on, fields);
            self.push(table, label, fields);
        }
    }
}

/// Lower triangles of the whole line; `susceptance` is what the grid's frequency makes of a capacitance at the format's.
fn matrix_fields(line: &Line, matrix: &PhaseMatrix, susceptance: f64) -> Value {
    let systems = f64::from(line.parallel);
    let mut fields = json!({});
    for (row, first) in ["a", "b", "c"].into_iter().enumerate() {
        for (column, second) in ["a", "b", "c"].into_iter().enumerate().take(row + 1) {
            let series = line.length_km / systems;
            fields[format!("r_{first}{second}")] = json!(matrix.r_ohm[row][column] * series);
            fields[format!("x_{first}{second}")] = json!(matrix.x_ohm[row][column] * series);
            fields[format!("c_{first}{second}")] =
                json!(matrix.c_f[row][column] * line.length_km * systems * susceptance);
        }
    }
    fields
}

fn per_phase(kind: usize, zips: &[Zip; 3], part: fn(&Zip) -> [f64; 2]) -> Value {
    let [p, q] = [0, 1].map(|k| [0, 1, 2].map(|phase| part(&zips[phase])[k]));
    json!({ "type": kind, "p_specified": p, "q_specified": q })
}

/// Whether the format's transformer says the same: a clock hour without phase shifter, an inductive no-load current at
/// the ends, a positive short-circuit voltage.
fn fits(t: &Transformer) -> bool {
    let hours = t.total_shift_rad() / std::f64::consts::FRAC_PI_6;
    let at_ends = t.model != TransformerModel::T || t.no_load == 0.0 && t.no_load_loss_w == 0.0;
    (hours - hours.round()).abs() < 1e-12
        && at_ends
        && t.no_load >= 0.0
        && t.short_circuit > 0.0
        && t.load_loss_w >= 0.0
}

/// What a written file does not say of a grid, a line each: the format has no place for it.
pub fn lost_in_pgm(grid: &Grid) -> Vec<String> {
    let mut lost = Vec::new();
    let mut tell = |count: usize, what: &str| {
        if count > 0 {
            lost.push(format!("{count} {what}"));
        }
    };
    let plate =
        |t: &&Transformer| !fits(t) && t.zero.is_some() || matches!(t.zero, Some(ZeroPlate::ShortCircuit { .. }));
    tell(grid.transformers.iter().filter(plate).count(), "transformers lose their zero sequence: solve balanced");
    let matrix = |line: &&Line| line.matrix.as_ref().is_some_and(|matrix| matrix.phases != [true; 3]);
    tell(grid.lines.iter().filter(matrix).count(), "lines of fewer than three phases become balanced ones");
    let held = |g: &&Generator| matches!(g.control, Control::Voltage { .. });
    let regulators =
        "generators that hold a voltage become voltage_regulator, which not every release of power-grid-model knows";
    tell(grid.generators.iter().filter(held).count(), regulators);
    lost
}

/// A transformer as a branch of any ratio, which has no zero sequence.
fn general_fields(t: &Transformer, from_rated_v: f64, to_rated_v: f64) -> Value {
    let ((series, shunt), ratio) = (t.sections(), t.ratio(from_rated_v, to_rated_v));
    let z = series.inv();
    json!({
        "r1": z.re, "x1": z.im, "g1": shunt.re, "b1": shunt.im, "k": ratio.norm(), "theta": ratio.arg(),
        "sn": t.rated_va * f64::from(t.parallel),
    })
}

fn transformer_fields(t: &Transformer) -> Value {
    let units = f64::from(t.parallel);
    let winding = |winding: Winding| match winding {
        Winding::Wye => 0,
        Winding::WyeEarthed => 1,
        Winding::Delta => 2,
        Winding::Zigzag => 3,
        Winding::ZigzagEarthed => 4,
    };
    let clock = (t.shift_rad / std::f64::consts::FRAC_PI_6).round() as i64;
    let mut fields = json!({
        "u1": t.from_v, "u2": t.to_v, "sn": t.rated_va * units, "uk": t.short_circuit, "pk": t.load_loss_w * units,
        "i0": t.no_load, "p0": t.no_load_loss_w * units, "clock": clock.rem_euclid(12),
        "winding_from": winding(t.windings[0]), "winding_to": winding(t.windings[1]),
        "tap_side": 0, "tap_pos": 0, "tap_min": 0, "tap_max": 0, "tap_nom": 0, "tap_size": 0.0,
    });
    if let Some(tap) = &t.tap {
        fields["tap_side"] = json!(u8::from(tap.side == Side::To));
        let (low, high) = (tap.position.min(tap.neutral), tap.position.max(tap.neutral));
        for (name, value) in [("tap_pos", tap.position), ("tap_nom", tap.neutral), ("tap_min", low), ("tap_max", high)]
        {
            fields[name] = json!(value);
        }
        fields["tap_size"] = json!(tap.step_v);
    }
    if let Some(ZeroPlate::NoLoad { current, loss_w }) = t.zero {
        fields["i0_zero_sequence"] = json!(current);
        fields["p0_zero_sequence"] = json!(loss_w * units);
    }
    fields
}
