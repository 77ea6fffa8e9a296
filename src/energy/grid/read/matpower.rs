//! MATPOWER case files, version 2 (MATPOWER manual, appendix B).
//!
//! Buses of type 4 are out of service, generators at a bus of type 2 hold its voltage, at one of type 1 their power;
//! reactive limits are read and not enforced.

use super::{
    super::{
        check::Grid,
        element::{
            Bus, Control, Demand, Ends, ExternalGrid, Generator, GridData, Islands, Label, Load, PiBranch, Shunt, Zip,
        },
        error::{Fault, GridError, GridErrors, ReadError},
    },
    json,
    matpower_script::Script,
    row::{BusNames, Cell, Cells, Row, name_of},
};

const BUS: [&str; 10] = ["bus_i", "type", "Pd", "Qd", "Gs", "Bs", "area", "Vm", "Va", "baseKV"];
const GEN: [&str; 8] = ["bus", "Pg", "Qg", "Qmax", "Qmin", "Vg", "mBase", "status"];
const BRANCH: [&str; 11] = ["fbus", "tbus", "r", "x", "b", "rateA", "rateB", "rateC", "ratio", "angle", "status"];

/// The files name no frequency and state susceptances, so that none is used, Hz.
const FREQUENCY_HZ: f64 = 50.0;

/// Reads a case file.
pub fn matpower(file: &str, text: &str) -> Result<Grid, ReadError> {
    super::finish(file, data(text))
}

fn data(text: &str) -> Result<GridData, GridErrors> {
    let script =
        Script::parse(text).map_err(|error| json::fault("file", format!("line {}: {}", error.line, error.what)))?;
    let base_mva = script.scalars.get("baseMVA").copied().filter(|mva| mva.is_finite() && *mva > 0.0);
    let base_mva = base_mva.ok_or_else(|| json::fault("mpc.baseMVA", "is missing or not above zero".to_owned()))?;
    let mut reader = Reader {
        script: &script,
        base_va: base_mva * 1e6,
        data: GridData { frequency_hz: FREQUENCY_HZ, islands: Islands::Refuse, ..GridData::default() },
        names: BusNames::new(),
        kinds: Vec::new(),
        errors: Vec::new(),
    };
    reader.buses();
    reader.generators();
    reader.branches();
    if reader.errors.is_empty() { Ok(reader.data) } else { Err(GridErrors(reader.errors)) }
}

/// A row's values by the names of its columns.
struct Named<'a>(&'a [&'static str], &'a [f64]);

impl Cells for Named<'_> {
    fn cell(&self, field: &str) -> Cell<'_> {
        let at = self.0.iter().position(|name| *name == field);
        at.and_then(|at| self.1.get(at)).map_or(Cell::Missing, |value| Cell::Number(*value))
    }
}

struct Reader<'a> {
    script: &'a Script,
    base_va: f64,
    data: GridData,
    names: BusNames,
    /// Per bus its type.
    kinds: Vec<i32>,
    errors: Vec<GridError>,
}

impl<'a> Reader<'a> {
    fn rows(&mut self, table: &str, columns: usize) -> Vec<&'a [f64]> {
        let Some(matrix) = self.script.matrices.get(table) else {
            self.errors.extend(json::fault(table, "is missing".to_owned()).0);
            return Vec::new();
        };
        for (line, row) in matrix.rows.iter().filter(|(_, row)| row.len() < columns) {
            let what = format!("line {line} has {} columns of {columns}", row.len());
            self.errors.extend(json::fault(table, what).0);
        }
        matrix.rows.iter().filter(|(_, row)| row.len() >= columns).map(|(_, row)| row.as_slice()).collect()
    }

    fn buses(&mut self) {
        for (index, values) in self.rows("bus", BUS.len()).into_iter().enumerate() {
            let cells = Named(&BUS, values);
            let id = name_of(values[0]);
            let mut row = Row::new("bus", index + 1, &id, &cells, &mut self.errors);
            let kind = row.whole_or("type", 1);
            if !(1..=4).contains(&kind) {
                row.fail(
                    "type",
                    Fault::Unreadable(format!("{kind} is none of 1 (PQ), 2 (PV), 3 (reference), 4 (isolated)")),
                );
            }
            let rated_v = row.number("baseKV") * 1e3;
            let (p, q, g, b) = (row.number("Pd"), row.number("Qd"), row.number("Gs"), row.number("Bs"));
            let label = row.label;
            let bus = self.names.get(&id).copied().unwrap_or(index as u32);
            self.names.entry(id).or_insert(bus);
            let named = |table| Label { table, ..label.clone() };
            if p != 0.0 || q != 0.0 {
                let demand = Demand::Balanced(Zip::constant(p * 1e6, q * 1e6));
                self.data.loads.push(Load { label: named("bus (Pd, Qd)"), bus, demand, in_service: true });
            }
            if g != 0.0 || b != 0.0 {
                let per_mw = 1e6 / (rated_v * rated_v);
                let (label, g_s, b_s) = (named("bus (Gs, Bs)"), g * per_mw, b * per_mw);
                self.data.shunts.push(Shunt { label, bus, g_s, b_s, zero: None, in_service: true });
            }
            self.kinds.push(kind);
            self.data.buses.push(Bus { label, rated_v, in_service: kind != 4 });
        }
    }

    fn generators(&mut self) {
        for (index, values) in self.rows("gen", GEN.len()).into_iter().enumerate() {
            let cells = Named(&GEN, values);
            let mut row = Row::new("gen", index + 1, &(index + 1).to_string(), &cells, &mut self.errors);
            let bus = row.bus("bus", &self.names);
            let in_service = row.number("status") > 0.0;
            let [p_w, q_var] = ["Pg", "Qg"].map(|field| row.number(field) * 1e6);
            let vm_pu = row.number("Vg");
            let label = row.label;
            // Limits may be infinite and bind nothing here.
            let limit = |at: usize| Some(values[at] * 1e6).filter(|value| value.is_finite());
            let kind = self.kinds.get(bus as usize).copied().unwrap_or(1);
            let is_reference = kind == 3 && in_service;
            if is_reference && !self.data.external_grids.iter().any(|source| source.bus == bus) {
                let va_rad = self.angle(bus);
                let (short_circuit, in_service) = (None, true);
                let source = ExternalGrid { label, bus, vm_pu, va_rad, short_circuit, in_service };
                self.data.external_grids.push(source);
                continue;
            }
            let control = if kind == 2 {
                Control::Voltage { p_w, vm_pu, q_min_var: limit(4), q_max_var: limit(3) }
            } else {
                Control::Power(Demand::Balanced(Zip::constant(p_w, q_var)))
            };
            self.data.generators.push(Generator { label, bus, control, in_service });
        }
    }

    /// The angle that the bus table states, rad.
    fn angle(&self, bus: u32) -> f64 {
        let rows = self.script.matrices.get("bus").map_or(&[][..], |matrix| &matrix.rows);
        rows.get(bus as usize).and_then(|(_, row)| row.get(8)).map_or(0.0, |degrees| degrees.to_radians())
    }

    fn branches(&mut self) {
        for (index, values) in self.rows("branch", BRANCH.len()).into_iter().enumerate() {
            let cells = Named(&BRANCH, values);
            let mut row = Row::new("branch", index + 1, &(index + 1).to_string(), &cells, &mut self.errors);
            let (from, to) = (row.bus("fbus", &self.names), row.bus("tbus", &self.names));
            let on = row.number("status") > 0.0;
            let rated_v = self.data.buses.get(to as usize).map_or(1.0, |bus| bus.rated_v);
            let base_ohm = rated_v * rated_v / self.base_va;
            let ratio = Some(row.number("ratio")).filter(|ratio| *ratio != 0.0).unwrap_or(1.0);
            let rated_va = row.optional("rateA").filter(|mva| *mva > 0.0).map(|mva| mva * 1e6);
            let branch = PiBranch {
                ends: Ends { from, to, from_closed: on, to_closed: on },
                r_ohm: row.number("r") * base_ohm,
                x_ohm: row.number("x") * base_ohm,
                g_s: 0.0,
                b_s: row.number("b") / base_ohm,
                ratio,
                shift_rad: row.number("angle").to_radians(),
                phase_ratios: None,
                rated_va,
                label: row.label,
            };
            self.data.pi_branches.push(branch);
        }
    }
}
