//! Input files of power-grid-model (JSON, version 1.0), symmetric and asymmetric components.
//!
//! A component that this reader does not know is a fault, unless its name starts with `_` (the format's own sign for extra
//! data) or it says nothing of a load flow (sensors, faults).

use serde_json::{Map, Value};

use super::{
    super::{
        check::Grid,
        element::{Bus, Control, Demand, ExternalGrid, Generator, GridData, Label, Load, ShortCircuit, Shunt, Zip},
        error::{Fault, GridError, GridErrors, ReadError},
    },
    json, pgm_branches, pgm_three_winding,
    row::{BusNames, Row},
};

/// Components that take no part in a load flow.
const SILENT: [&str; 8] = [
    "sym_voltage_sensor",
    "asym_voltage_sensor",
    "sym_power_sensor",
    "asym_power_sensor",
    "sym_current_sensor",
    "asym_current_sensor",
    "fault",
    "voltage_regulator",
];

/// The format's frequency where none is set, Hz.
const FREQUENCY_HZ: f64 = 50.0;
/// Short-circuit power of a source without one, VA, and its ratios: the format's defaults.
const SHORT_CIRCUIT: ShortCircuit = ShortCircuit { power_va: 1e10, rx: 0.1, z01: 1.0 };

/// Reads an input file.
pub fn pgm(file: &str, text: &str) -> Result<Grid, ReadError> {
    super::finish(file, pgm_data(text))
}

/// The elements of an input file, not yet checked as a whole.
pub fn pgm_data(text: &str) -> Result<GridData, GridErrors> {
    let value = json::parse(text)?;
    let tables = tables(&value)?;
    let mut reader = Reader {
        data: GridData { frequency_hz: FREQUENCY_HZ, ..GridData::default() },
        buses: BusNames::new(),
        errors: Vec::new(),
    };
    reader.nodes(&tables);
    for (table, rows) in &tables {
        reader.table(table, rows);
    }
    reader.voltage_regulators(&tables);
    reader.ids(&tables);
    if reader.errors.is_empty() { Ok(reader.data) } else { Err(GridErrors(reader.errors)) }
}

/// Component by component its rows. Rows may be objects, or lists in the order of `attributes`.
pub(super) fn tables(value: &Value) -> Result<Vec<(String, Vec<Map<String, Value>>)>, GridErrors> {
    let wrong = |what: &str| json::fault("file", what.to_owned());
    let data = value.get("data").and_then(Value::as_object).ok_or_else(|| wrong("has no object \"data\""))?;
    if value.get("is_batch") == Some(&Value::Bool(true)) {
        return Err(wrong("is a batch; give an input file"));
    }
    let mut tables = Vec::new();
    for (name, rows) in data {
        let rows = rows.as_array().ok_or_else(|| json::fault(name, "is no list of rows".to_owned()))?;
        let names = value.get("attributes").and_then(|a| a.get(name)).and_then(Value::as_array);
        let object = |(index, row): (usize, &Value)| match (row, names) {
            (Value::Object(row), _) => Ok(row.clone()),
            (Value::Array(cells), Some(names)) if names.len() == cells.len() => {
                let pairs = names.iter().zip(cells);
                Ok(pairs.filter_map(|(name, cell)| Some((name.as_str()?.to_owned(), cell.clone()))).collect())
            }
            _ => Err(json::fault(
                name,
                format!("row {} is neither an object nor a list in the order of attributes", index + 1),
            )),
        };
        let rows: Result<Vec<_>, _> = rows.iter().enumerate().map(object).collect();
        tables.push((name.clone(), rows?));
    }
    Ok(tables)
}

pub(super) struct Reader {
    pub data: GridData,
    pub buses: BusNames,
    pub errors: Vec<GridError>,
}

impl Reader {
    fn nodes(&mut self, tables: &[(String, Vec<Map<String, Value>>)]) {
        for (index, cells) in tables.iter().filter(|(name, _)| name == "node").flat_map(|(_, rows)| rows).enumerate() {
            let mut row = row_of("node", index, cells, &mut self.errors);
            let rated_v = row.number("u_rated");
            let label = row.label.clone();
            self.buses.entry(label.id.to_string()).or_insert(index as u32);
            self.data.buses.push(Bus { label, rated_v, in_service: true });
        }
    }

    fn table(&mut self, table: &str, rows: &[Map<String, Value>]) {
        for (index, cells) in rows.iter().enumerate() {
            match table {
                "node" => {}
                "line" | "asym_line" | "link" | "transformer" | "generic_branch" => {
                    pgm_branches::read(self, table, index, cells);
                }
                "three_winding_transformer" => pgm_three_winding::read(self, index, cells),
                "sym_load" => self.appliance("sym_load", index, cells),
                "asym_load" => self.appliance("asym_load", index, cells),
                "sym_gen" => self.appliance("sym_gen", index, cells),
                "asym_gen" => self.appliance("asym_gen", index, cells),
                "shunt" => self.shunt(index, cells),
                "source" => self.source(index, cells),
                silent if SILENT.contains(&silent) || silent.starts_with('_') => {}
                other => {
                    self.errors.extend(json::fault(other, "is a component that is not supported".to_owned()).0);
                    return;
                }
            }
        }
    }

    fn appliance(&mut self, table: &'static str, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of(table, index, cells, &mut self.errors);
        let bus = row.bus("node", &self.buses);
        let in_service = row.flag_or("status", true);
        let kind = row.whole_or("type", 0);
        let zip = |p: f64, q: f64| match kind {
            0 => Zip::constant(p, q),
            1 => Zip { impedance: [p, q], ..Zip::default() },
            _ => Zip { current: [p, q], ..Zip::default() },
        };
        if !(0..=2).contains(&kind) {
            row.fail("type", Fault::Unreadable(format!("{kind} is none of 0 (power), 1 (impedance), 2 (current)")));
        }
        let demand = if table.starts_with("sym") {
            Demand::Balanced(zip(row.number_or("p_specified", 0.0), row.number_or("q_specified", 0.0)))
        } else {
            let (p, q) = (row.phases("p_specified"), row.phases("q_specified"));
            Demand::Wye(Box::new(std::array::from_fn(|phase| zip(p[phase], q[phase]))))
        };
        let label = row.label;
        if table.ends_with("gen") {
            self.data.generators.push(Generator { label, bus, control: Control::Power(demand), in_service });
        } else {
            self.data.loads.push(Load { label, bus, demand, in_service });
        }
    }

    fn shunt(&mut self, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of("shunt", index, cells, &mut self.errors);
        let bus = row.bus("node", &self.buses);
        let [g_s, b_s, g0, b0] = ["g1", "b1", "g0", "b0"].map(|field| row.number_or(field, 0.0));
        let (in_service, zero) = (row.flag_or("status", true), Some([g0, b0]));
        self.data.shunts.push(Shunt { label: row.label, bus, g_s, b_s, zero, in_service });
    }

    fn source(&mut self, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of("source", index, cells, &mut self.errors);
        let bus = row.bus("node", &self.buses);
        let (vm_pu, va_rad) = (row.number_or("u_ref", 1.0), row.number_or("u_ref_angle", 0.0));
        let short_circuit = ShortCircuit {
            power_va: row.number_or("sk", SHORT_CIRCUIT.power_va),
            rx: row.number_or("rx_ratio", SHORT_CIRCUIT.rx),
            z01: row.number_or("z01_ratio", SHORT_CIRCUIT.z01),
        };
        let (in_service, short_circuit) = (row.flag_or("status", true), Some(short_circuit));
        self.data.external_grids.push(ExternalGrid { label: row.label, bus, vm_pu, va_rad, short_circuit, in_service });
    }

    /// A regulator turns its generator (or load) into one that holds the voltage.
    fn voltage_regulators(&mut self, tables: &[(String, Vec<Map<String, Value>>)]) {
        let rows = tables.iter().filter(|(name, _)| name == "voltage_regulator").flat_map(|(_, rows)| rows);
        for (index, cells) in rows.enumerate() {
            let mut row = row_of("voltage_regulator", index, cells, &mut self.errors);
            let object = row.text("regulated_object").unwrap_or_default();
            let (vm_pu, on) = (row.number_or("u_ref", 1.0), row.flag_or("status", true));
            let limits = (row.optional("q_min"), row.optional("q_max"));
            if let Some(index) = self.data.loads.iter().position(|load| load.label.id.as_str() == object) {
                let load = self.data.loads.remove(index);
                let p_w = -load.demand.total().power[0];
                if on {
                    let (q_min_var, q_max_var) = limits;
                    let control = Control::Voltage { p_w, vm_pu, q_min_var, q_max_var };
                    let Load { label, bus, in_service, .. } = load;
                    self.data.generators.push(Generator { label, bus, control, in_service });
                } else {
                    self.data.loads.insert(index, load);
                }
                continue;
            }
            let found = self.data.generators.iter_mut().find(|generator| generator.label.id.as_str() == object);
            let Some(generator) = found else {
                row.fail("regulated_object", Fault::Unreadable(format!("there is no load or generator {object}")));
                continue;
            };
            if let (Control::Power(demand), true) = (&generator.control, on) {
                let unequal = unequal_part(demand);
                let (p_w, (q_min_var, q_max_var)) = (demand.total().power[0], limits);
                generator.control = Control::Voltage { p_w, vm_pu, q_min_var, q_max_var };
                if let Some(demand) = unequal {
                    let label = Label { table: "asym_gen (by phase)", ..generator.label.clone() };
                    let (bus, in_service, control) = (generator.bus, generator.in_service, Control::Power(demand));
                    self.data.generators.push(Generator { label, bus, control, in_service });
                }
            }
        }
    }

    /// Ids are unique over all components.
    fn ids(&mut self, tables: &[(String, Vec<Map<String, Value>>)]) {
        let mut seen = std::collections::HashMap::new();
        for (table, rows) in tables {
            for (index, row) in rows.iter().enumerate() {
                let Some(id) = row.get("id").and_then(Value::as_i64) else { continue };
                let Some((other, at)) = seen.insert(id, (table, index + 1)) else { continue };
                if other != table {
                    let fault = Fault::Unreadable(format!("the id stands already in table {other}, row {at}"));
                    let (table, field) = (table.clone(), "id".to_owned());
                    self.errors.push(GridError { table, row: index as u32 + 1, id: id.to_string(), field, fault });
                }
            }
        }
    }
}

/// What phases give more or less than a third: a generator that holds a voltage states its total alone.
fn unequal_part(demand: &Demand) -> Option<Demand> {
    let Demand::Wye(zips) = demand else { return None };
    let third = demand.total().power[0] / 3.0;
    Some(Demand::Wye(Box::new((**zips).map(|zip| Zip::constant(zip.power[0] - third, 0.0)))))
}

/// A row called by its id.
pub(super) fn row_of<'a>(
    table: &'static str,
    index: usize,
    cells: &'a Map<String, Value>,
    errors: &'a mut Vec<GridError>,
) -> Row<'a> {
    let id = cells.get("id").and_then(Value::as_i64);
    let mut row = Row::new(table, index + 1, &id.map_or_else(String::new, |id| id.to_string()), cells, errors);
    if id.is_none() {
        row.fail("id", Fault::Unreadable("is missing or no whole number".to_owned()));
    }
    row
}
