//! Networks of pandapower as its `to_json` writes them, for load flows.
//!
//! Buses, lines, transformers (tap changers of the kinds Ratio and Ideal), loads with their constant-current and
//! constant-impedance shares, static and voltage-controlled generators, storages, shunts, external grids, bus-bus
//! and branch switches, asymmetric loads and generators. An external grid is ideal, as it is in that program's
//! load flow. Other tables with rows in service are a fault.

use serde_json::Value;

use super::{
    super::{
        check::Grid,
        element::{Battery, Bus, Control, Demand, Ends, ExternalGrid, Generator, GridData, Load, Shunt, Zip},
        error::{GridError, GridErrors, ReadError},
    },
    json, pandapower_branches,
    row::{BusNames, Cell, Cells, Row, name_of},
};

/// Tables whose rows would change a load flow and that are not supported.
const UNSUPPORTED: [&str; 12] =
    ["trafo3w", "impedance", "dcline", "ward", "xward", "motor", "tcsc", "svc", "ssc", "vsc", "line_dc", "bus_dc"];

/// Reads a network.
pub fn pandapower(file: &str, text: &str) -> Result<Grid, ReadError> {
    super::finish(file, data(text))
}

fn data(text: &str) -> Result<GridData, GridErrors> {
    let value = json::parse(text)?;
    let object = value.get("_object").ok_or_else(|| json::fault("file", "has no \"_object\"".to_owned()))?;
    let frequency_hz = object.get("f_hz").and_then(Value::as_f64).unwrap_or(50.0);
    let mut reader = Reader {
        object,
        data: GridData { frequency_hz, ..GridData::default() },
        buses: BusNames::new(),
        errors: Vec::new(),
    };
    reader.buses();
    reader.injections("load");
    reader.injections("asymmetric_load");
    reader.injections("sgen");
    reader.injections("asymmetric_sgen");
    reader.storages();
    reader.generators();
    reader.shunts();
    reader.external_grids();
    pandapower_branches::read(&mut reader);
    for table in UNSUPPORTED {
        if reader.frame(table).is_some_and(|frame| !frame.rows.is_empty()) {
            reader.errors.extend(json::fault(table, "is a table that is not supported".to_owned()).0);
        }
    }
    if reader.errors.is_empty() { Ok(reader.data) } else { Err(GridErrors(reader.errors)) }
}

/// A table: its columns, and its rows in the order of its index.
pub(super) struct Frame {
    pub columns: Vec<String>,
    /// Index and cells.
    pub rows: Vec<(String, Vec<Value>)>,
}

/// A row by the names of its columns.
pub(super) struct FrameRow<'a>(pub &'a [String], pub &'a [Value]);

impl Cells for FrameRow<'_> {
    fn cell(&self, field: &str) -> Cell<'_> {
        let at = self.0.iter().position(|name| name == field);
        at.and_then(|at| self.1.get(at)).map_or(Cell::Missing, json::cell)
    }
}

pub(super) struct Reader<'a> {
    object: &'a Value,
    pub data: GridData,
    pub buses: BusNames,
    pub errors: Vec<GridError>,
}

impl Reader<'_> {
    /// None where the table is missing; a fault where it is no table.
    pub fn frame(&mut self, table: &str) -> Option<Frame> {
        let held = self.object.get(table)?.get("_object")?;
        let parsed = held.as_str().map(json::parse);
        let value = match &parsed {
            None => held,
            Some(Ok(value)) => value,
            Some(Err(errors)) => {
                let what = errors.to_string();
                self.errors.extend(json::fault(table, what).0);
                return None;
            }
        };
        let frame = read_frame(value);
        if frame.is_none() {
            self.errors.extend(json::fault(table, "is no table of columns, index and data".to_owned()).0);
        }
        frame
    }

    fn buses(&mut self) {
        let Some(frame) = self.frame("bus") else { return };
        for (number, (id, cells)) in frame.rows.iter().enumerate() {
            let cells = FrameRow(&frame.columns, cells);
            let mut row = Row::new("bus", number + 1, id, &cells, &mut self.errors);
            let (rated_v, in_service) = (row.number("vn_kv") * 1e3, row.flag_or("in_service", true));
            let label = row.label;
            self.buses.entry(id.clone()).or_insert(number as u32);
            self.data.buses.push(Bus { label, rated_v, in_service });
        }
    }

    fn injections(&mut self, table: &'static str) {
        let Some(frame) = self.frame(table) else { return };
        for (number, (id, cells)) in frame.rows.iter().enumerate() {
            let cells = FrameRow(&frame.columns, cells);
            let id = format!("{table}/{id}");
            let mut row = Row::new(table, number + 1, &id, &cells, &mut self.errors);
            let (bus, in_service) = (row.bus("bus", &self.buses), row.flag_or("in_service", true));
            let scaling = row.number_or("scaling", 1.0) * 1e6;
            let demand = if table.starts_with("asymmetric") {
                three_phase(&mut row, scaling)
            } else {
                Demand::Balanced(balanced(&mut row, scaling))
            };
            let label = row.label;
            if table.ends_with("sgen") {
                let control = Control::Power(demand);
                self.data.generators.push(Generator { label, bus, control, in_service });
            } else {
                self.data.loads.push(Load { label, bus, demand, in_service });
            }
        }
    }

    fn storages(&mut self) {
        let Some(frame) = self.frame("storage") else { return };
        for (number, (id, cells)) in frame.rows.iter().enumerate() {
            let cells = FrameRow(&frame.columns, cells);
            let mut row = Row::new("storage", number + 1, &format!("storage/{id}"), &cells, &mut self.errors);
            let (bus, in_service) = (row.bus("bus", &self.buses), row.flag_or("in_service", true));
            let scaling = row.number_or("scaling", 1.0) * 1e6;
            let (p_w, q_var) = (row.number("p_mw") * scaling, row.number_or("q_mvar", 0.0) * scaling);
            let capacity_wh = row.optional("max_e_mwh").map(|mwh| mwh * 1e6);
            self.data.batteries.push(Battery { label: row.label, bus, p_w, q_var, capacity_wh, in_service });
        }
    }

    fn generators(&mut self) {
        let Some(frame) = self.frame("gen") else { return };
        for (number, (id, cells)) in frame.rows.iter().enumerate() {
            let cells = FrameRow(&frame.columns, cells);
            let mut row = Row::new("gen", number + 1, &format!("gen/{id}"), &cells, &mut self.errors);
            let (bus, in_service) = (row.bus("bus", &self.buses), row.flag_or("in_service", true));
            let p_w = row.number("p_mw") * row.number_or("scaling", 1.0) * 1e6;
            let vm_pu = row.number_or("vm_pu", 1.0);
            let [q_min_var, q_max_var] =
                ["min_q_mvar", "max_q_mvar"].map(|field| row.optional(field).map(|mvar| mvar * 1e6));
            if row.flag_or("slack", false) {
                let source =
                    ExternalGrid { label: row.label, bus, vm_pu, va_rad: 0.0, short_circuit: None, in_service };
                self.data.external_grids.push(source);
                continue;
            }
            let control = Control::Voltage { p_w, vm_pu, q_min_var, q_max_var };
            self.data.generators.push(Generator { label: row.label, bus, control, in_service });
        }
    }

    fn shunts(&mut self) {
        let Some(frame) = self.frame("shunt") else { return };
        for (number, (id, cells)) in frame.rows.iter().enumerate() {
            let cells = FrameRow(&frame.columns, cells);
            let mut row = Row::new("shunt", number + 1, &format!("shunt/{id}"), &cells, &mut self.errors);
            let (bus, in_service) = (row.bus("bus", &self.buses), row.flag_or("in_service", true));
            let rated_v = self.data.buses.get(bus as usize).map_or(1.0, |bus| bus.rated_v);
            let volts = row.number_or("vn_kv", rated_v / 1e3) * 1e3;
            let per_mw = 1e6 * row.number_or("step", 1.0) / (volts * volts);
            let (g_s, b_s) = (row.number_or("p_mw", 0.0) * per_mw, -row.number("q_mvar") * per_mw);
            self.data.shunts.push(Shunt { label: row.label, bus, g_s, b_s, zero: None, in_service });
        }
    }

    fn external_grids(&mut self) {
        let Some(frame) = self.frame("ext_grid") else { return };
        for (number, (id, cells)) in frame.rows.iter().enumerate() {
            let cells = FrameRow(&frame.columns, cells);
            let mut row = Row::new("ext_grid", number + 1, &format!("ext_grid/{id}"), &cells, &mut self.errors);
            let (bus, in_service) = (row.bus("bus", &self.buses), row.flag_or("in_service", true));
            let (vm_pu, va_rad) = (row.number_or("vm_pu", 1.0), row.number_or("va_degree", 0.0).to_radians());
            let short_circuit = None;
            let source = ExternalGrid { label: row.label, bus, vm_pu, va_rad, short_circuit, in_service };
            self.data.external_grids.push(source);
        }
    }

    /// Ends of a branch, both on where it is in service.
    pub fn ends(row: &mut Row<'_>, buses: &BusNames, fields: [&str; 2]) -> Ends {
        let [from, to] = fields.map(|field| row.bus(field, buses));
        let on = row.flag_or("in_service", true);
        Ends { from, to, from_closed: on, to_closed: on }
    }
}

/// The index comes in any order (as text: 0, 1, 10, 11, 2): rows are put into that of their numbers.
fn read_frame(value: &Value) -> Option<Frame> {
    let columns = value.get("columns")?.as_array()?.iter().map(|name| name.as_str().unwrap_or_default().to_owned());
    let columns: Vec<String> = columns.collect();
    let (index, data) = (value.get("index")?.as_array()?, value.get("data")?.as_array()?);
    let id = |value: &Value| value.as_f64().map_or_else(|| value.as_str().unwrap_or_default().to_owned(), name_of);
    let rows = index.iter().zip(data).map(|(name, row)| Some((id(name), row.as_array()?.clone())));
    let mut rows: Vec<(String, Vec<Value>)> = rows.collect::<Option<_>>()?;
    rows.sort_by_key(|(id, _)| id.parse::<i64>().unwrap_or(i64::MAX));
    Some(Frame { columns, rows })
}

/// Shares that follow the voltage are stated for P and Q apart, or for both at once in older files.
fn balanced(row: &mut Row<'_>, scaling: f64) -> Zip {
    let total = [row.number("p_mw") * scaling, row.number_or("q_mvar", 0.0) * scaling];
    let mut share = |kind: &str| {
        let both = row.number_or(&format!("const_{kind}_percent"), 0.0);
        ["p", "q"].map(|of| row.number_or(&format!("const_{kind}_{of}_percent"), both) / 100.0)
    };
    let (impedance, current) = (share("z"), share("i"));
    let of = |share: [f64; 2]| [total[0] * share[0], total[1] * share[1]];
    let power = std::array::from_fn(|k| total[k] * (1.0 - impedance[k] - current[k]));
    Zip { power, current: of(current), impedance: of(impedance), stated: true }
}

fn three_phase(row: &mut Row<'_>, scaling: f64) -> Demand {
    let phases = ["a", "b", "c"].map(|phase| {
        let p = row.number_or(&format!("p_{phase}_mw"), 0.0);
        Zip::constant(p * scaling, row.number_or(&format!("q_{phase}_mvar"), 0.0) * scaling)
    });
    if row.text("type").as_deref() == Some("delta") {
        Demand::Delta(Box::new(phases))
    } else {
        Demand::Wye(Box::new(phases))
    }
}
