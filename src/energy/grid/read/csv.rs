//! Plain CSV tables: one file per kind of element, a header line, commas, no quotes.
//!
//! | file | columns (optional ones in brackets) |
//! |---|---|
//! | `nodes.csv` | id, u_rated |
//! | `phase_lines.csv` | id, from, to, phases (a to abc), r_aa, r_ab, r_bb, r_ac, r_bc, r_cc, x_aa and so on for the phases that it has, \[c_aa …, i_n, length, parallel, from_closed, to_closed] |
//! | `regulators.csv` | id, from, to, \[tap_a, tap_b, tap_c, tap_step, r1, x1, sn]: step voltage regulators at fixed taps, one for each phase |
//! | `lines.csv` | id, from, to, r1, x1, \[c1, r0, x0, c0, i_n, length, parallel, from_closed, to_closed] |
//! | `trafos.csv` | id, from_hv, to_lv, u1, u2, sn, uk, pk, \[i0, p0, clock, group, tap, tap_step, parallel, from_closed, to_closed] |
//! | `switches.csv` | id, from, to, closed |
//! | `loads.csv` | id, node, p, q, \[type: power, current, impedance; phase: a, b, c, ab, bc, ca, abc] |
//! | `generators.csv` | id, node, p, \[q, u_ref] (a u_ref holds the voltage) |
//! | `batteries.csv` | id, node, p, \[q, capacity] |
//! | `shunts.csv` | id, node, \[g, b] |
//! | `source.csv` | node, u_ref, \[id, sk, rx, z01, angle_deg, frequency_hz] |
//!
//! Quantities carry their unit as a suffix of the column's name: `u_rated_v` or `u_rated_kv`, `p_w`, `p_kw`,
//! `p_mw`, `q_var`, `q_kvar`, `q_mvar`, `sn_va`, `sn_kva`, `sn_mva`, `r1_ohm`, `r1_mohm`, `c1_f`, `c1_uf`,
//! `c1_nf`, `i_n_a`, `i_n_ka`, `length_m`, `length_km`, `g_s`, `g_us`, `capacity_wh`, `capacity_kwh`. With a length, r,
//! x and c are per kilometre and say so: `r1_ohm_per_km`. `uk` and `i0` are of rated values, 1; `tap` counts steps of
//! `tap_step` (of rated voltage, 1) at the high-voltage side; `u_ref_pu` is per unit; the frequency is 50 Hz where none is
//! stated. Single-phase capacitors are loads of negative q and type impedance.

use std::f64::consts::PI;

use super::{
    super::{
        check::Grid,
        element::{
            Battery, Bus, Control, Demand, Ends, ExternalGrid, Generator, GridData, Line, Load, PerKm, ShortCircuit,
            Shunt, Side, Switch, Tap, Transformer, TransformerModel, Winding, Zip,
        },
        error::{Fault, GridError, GridErrors, ReadError},
    },
    csv_phases, json,
    row::{BusNames, Cell, Cells, Row, parse_number},
};

/// Units by quantity and what one of them is in SI.
const UNITS: [(&str, &[(&str, f64)]); 17] = [
    ("u_rated", &[("v", 1.0), ("kv", 1e3)]),
    ("u1", &[("v", 1.0), ("kv", 1e3)]),
    ("u2", &[("v", 1.0), ("kv", 1e3)]),
    ("p", &[("w", 1.0), ("kw", 1e3), ("mw", 1e6)]),
    ("q", &[("var", 1.0), ("kvar", 1e3), ("mvar", 1e6)]),
    ("sn", &[("va", 1.0), ("kva", 1e3), ("mva", 1e6)]),
    ("sk", &[("va", 1.0), ("kva", 1e3), ("mva", 1e6)]),
    ("pk", &[("w", 1.0), ("kw", 1e3)]),
    ("p0", &[("w", 1.0), ("kw", 1e3)]),
    ("i_n", &[("a", 1.0), ("ka", 1e3)]),
    ("length", &[("m", 1e-3), ("km", 1.0)]),
    ("g", &[("s", 1.0), ("us", 1e-6)]),
    ("b", &[("s", 1.0), ("us", 1e-6)]),
    ("capacity", &[("wh", 1.0), ("kwh", 1e3)]),
    ("u_ref", &[("pu", 1.0)]),
    ("r", &[("ohm", 1.0), ("mohm", 1e-3), ("ohm_per_km", 1.0), ("mohm_per_km", 1e-3)]),
    ("c", &[("f", 1.0), ("uf", 1e-6), ("nf", 1e-9), ("f_per_km", 1.0), ("uf_per_km", 1e-6), ("nf_per_km", 1e-9)]),
];

/// Columns without a unit.
const PLAIN: [&str; 29] = [
    "id",
    "from",
    "to",
    "from_hv",
    "to_lv",
    "node",
    "uk",
    "i0",
    "clock",
    "group",
    "tap",
    "tap_step",
    "parallel",
    "from_closed",
    "to_closed",
    "closed",
    "type",
    "phase",
    "rx",
    "z01",
    "angle_deg",
    "frequency_hz",
    "phases",
    "tap_a",
    "tap_b",
    "tap_c",
    "name",
    "x",
    "y",
];

/// Reads tables given as (file name, text).
pub fn csv(folder: &str, files: &[(&str, &str)]) -> Result<Grid, ReadError> {
    super::finish(folder, data(files))
}

fn data(files: &[(&str, &str)]) -> Result<GridData, GridErrors> {
    let mut reader = Reader {
        data: GridData { frequency_hz: 50.0, ..GridData::default() },
        buses: BusNames::new(),
        errors: Vec::new(),
    };
    const KINDS: [(&str, fn(&mut Reader, &mut Row<'_>)); 11] = [
        ("nodes.csv", |_, _| ()),
        ("lines.csv", Reader::line),
        ("phase_lines.csv", csv_phases::line),
        ("regulators.csv", csv_phases::regulator),
        ("trafos.csv", Reader::transformer),
        ("switches.csv", Reader::switch),
        ("loads.csv", Reader::load),
        ("generators.csv", Reader::generator),
        ("batteries.csv", Reader::battery),
        ("shunts.csv", Reader::shunt),
        ("source.csv", Reader::source),
    ];
    for (name, _) in files.iter().filter(|(name, _)| KINDS.iter().all(|kind| kind.0 != *name)) {
        reader.errors.extend(json::fault(name, "is no table of a grid".to_owned()).0);
    }
    for (name, read) in KINDS {
        if let Some((_, text)) = files.iter().find(|(file, _)| *file == name) {
            reader.table(name, text, read);
        } else if matches!(name, "nodes.csv" | "source.csv") {
            reader.errors.extend(json::fault(name, "is missing".to_owned()).0);
        }
    }
    if reader.errors.is_empty() { Ok(reader.data) } else { Err(GridErrors(reader.errors)) }
}

/// A column: its quantity, and what its unit is in SI.
struct Column {
    quantity: String,
    factor: f64,
}

struct CsvRow<'a> {
    columns: &'a [Column],
    cells: Vec<&'a str>,
}

impl Cells for CsvRow<'_> {
    fn cell(&self, field: &str) -> Cell<'_> {
        let at = self.columns.iter().position(|column| column.quantity == field);
        let Some((column, text)) = at.and_then(|at| Some((&self.columns[at], self.cells.get(at)?.trim()))) else {
            return Cell::Missing;
        };
        if text.is_empty() {
            return Cell::Missing;
        }
        match parse_number(text) {
            Some(value) if column.factor != 0.0 => Cell::Number(value * column.factor),
            _ => Cell::Text(text),
        }
    }
}

/// Words carry no factor; a quantity may have none of the units that it knows.
fn column(name: &str) -> Result<Column, Fault> {
    let words = ["id", "from", "to", "from_hv", "to_lv", "node", "type", "phase", "phases", "group", "name"];
    if PLAIN.contains(&name) {
        let factor = if words.contains(&name) { 0.0 } else { 1.0 };
        return Ok(Column { quantity: name.to_owned(), factor });
    }
    for (quantity, units) in UNITS {
        let quantities: &[&str] = match quantity {
            "r" => &[
                "r1", "x1", "r0", "x0", "r_aa", "r_ab", "r_bb", "r_ac", "r_bc", "r_cc", "x_aa", "x_ab", "x_bb", "x_ac",
                "x_bc", "x_cc",
            ],
            "c" => &["c1", "c0", "c_aa", "c_ab", "c_bb", "c_ac", "c_bc", "c_cc"],
            _ => &[quantity],
        };
        for full in quantities {
            let Some(unit) = name.strip_prefix(full).and_then(|rest| rest.strip_prefix('_')) else { continue };
            let known = units.iter().find(|(known, _)| *known == unit);
            let list = || units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>().join(", ");
            let (_, factor) = known.ok_or_else(|| Fault::UnknownUnit(unit.to_owned(), list()))?;
            return Ok(Column { quantity: (*full).to_owned(), factor: *factor });
        }
    }
    Err(Fault::Unreadable("is no column of this table".to_owned()))
}

pub(super) struct Reader {
    pub data: GridData,
    buses: BusNames,
    errors: Vec<GridError>,
}

impl Reader {
    fn table(&mut self, table: &'static str, text: &str, read: fn(&mut Self, &mut Row<'_>)) {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((_, header)) = lines.next() else {
            self.errors.extend(json::fault(table, "is empty; its first line names the columns".to_owned()).0);
            return;
        };
        let mut columns: Vec<Column> = Vec::new();
        for name in header.split(',') {
            let name = name.trim().trim_start_matches('\u{feff}');
            let twice = |column: &Column| columns.iter().any(|other| other.quantity == column.quantity);
            match column(name) {
                Ok(column) if twice(&column) => {
                    let fault = Fault::Unreadable("states a quantity that another column states".to_owned());
                    let (table, id, field) = (table.to_owned(), String::new(), name.to_owned());
                    self.errors.push(GridError { table, row: 0, id, field, fault });
                    return;
                }
                Ok(column) => columns.push(column),
                Err(fault) => {
                    let (table, id, field) = (table.to_owned(), String::new(), name.to_owned());
                    self.errors.push(GridError { table, row: 0, id, field, fault });
                    return;
                }
            }
        }
        for (number, line) in lines.map(|(_, line)| line).enumerate() {
            let cells = CsvRow { columns: &columns, cells: line.split(',').collect() };
            let mut errors = std::mem::take(&mut self.errors);
            let id = cells.cell("id");
            let id = if let Cell::Text(id) = id { id.to_owned() } else { (number + 1).to_string() };
            let mut row = Row::new(table, number + 1, &id, &cells, &mut errors);
            if cells.cells.len() != columns.len() {
                let what = format!("has {} cells where the header has {}", cells.cells.len(), columns.len());
                row.fail("", Fault::Unreadable(what));
            } else if table == "nodes.csv" {
                self.node(&mut row);
            } else {
                read(self, &mut row);
            }
            self.errors = errors;
        }
    }

    fn node(&mut self, row: &mut Row<'_>) {
        let (label, rated_v) = (row.label.clone(), row.number("u_rated"));
        self.buses.entry(label.id.to_string()).or_insert(self.data.buses.len() as u32);
        self.data.buses.push(Bus { label, rated_v, in_service: true });
    }

    pub fn ends(&self, row: &mut Row<'_>, fields: [&str; 2]) -> Ends {
        let [from, to] = fields.map(|field| row.bus(field, &self.buses));
        let (from_closed, to_closed) = (row.flag_or("from_closed", true), row.flag_or("to_closed", true));
        Ends { from, to, from_closed, to_closed }
    }

    fn line(&mut self, row: &mut Row<'_>) {
        let ends = self.ends(row, ["from", "to"]);
        let c_f = row.number_or("c1", 0.0);
        let positive = PerKm { r_ohm: row.number("r1"), x_ohm: row.number("x1"), g_s: 0.0, c_f };
        let zero = row.has("r0").then(|| PerKm {
            r_ohm: row.number("r0"),
            x_ohm: row.number("x0"),
            g_s: 0.0,
            c_f: row.number_or("c0", 0.0),
        });
        let (length_km, parallel, rated_a) = (row.number_or("length", 1.0), row.parallel(), row.optional("i_n"));
        let (label, matrix) = (row.label.clone(), None);
        self.data.lines.push(Line { label, ends, length_km, parallel, positive, zero, matrix, rated_a });
    }

    fn transformer(&mut self, row: &mut Row<'_>) {
        let ends = self.ends(row, ["from_hv", "to_lv"]);
        let from_v = row.number("u1");
        let step_v = row.number_or("tap_step", 0.0) * from_v;
        let tap = Tap { side: Side::From, position: row.whole_or("tap", 0), neutral: 0, step_v, step_rad: 0.0 };
        let windings = match row.text("group").as_deref() {
            None | Some("Dyn") => [Winding::Delta, Winding::WyeEarthed],
            Some("YNyn") => [Winding::WyeEarthed; 2],
            Some("Yyn") => [Winding::Wye, Winding::WyeEarthed],
            Some("Yzn") => [Winding::Wye, Winding::ZigzagEarthed],
            Some("Dd") => [Winding::Delta; 2],
            Some("YNd") => [Winding::WyeEarthed, Winding::Delta],
            Some(other) => {
                row.fail("group", Fault::Unreadable(format!("\"{other}\" is none of Dyn, YNyn, Yyn, Yzn, Dd, YNd")));
                [Winding::Delta, Winding::WyeEarthed]
            }
        };
        let transformer = Transformer {
            label: row.label.clone(),
            ends,
            rated_va: row.number("sn"),
            from_v,
            to_v: row.number("u2"),
            short_circuit: row.number("uk"),
            load_loss_w: row.number("pk"),
            no_load: row.number_or("i0", 0.0),
            no_load_loss_w: row.number_or("p0", 0.0),
            shift_rad: row.number_or("clock", 0.0) * PI / 6.0,
            windings,
            tap: Some(tap),
            model: TransformerModel::Pi,
            parallel: row.parallel(),
            zero: None,
        };
        self.data.transformers.push(transformer);
    }

    fn switch(&mut self, row: &mut Row<'_>) {
        let Ends { from, to, .. } = self.ends(row, ["from", "to"]);
        let closed = row.flag_or("closed", true);
        self.data.switches.push(Switch { label: row.label.clone(), from, to, closed });
    }

    fn load(&mut self, row: &mut Row<'_>) {
        let bus = row.bus("node", &self.buses);
        let (p, q) = (row.number("p"), row.number("q"));
        let zip = match row.text("type").as_deref() {
            None | Some("power") => Zip::constant(p, q),
            Some("current") => Zip { current: [p, q], ..Zip::default() },
            Some("impedance") => Zip { impedance: [p, q], ..Zip::default() },
            Some(other) => {
                row.fail("type", Fault::Unreadable(format!("\"{other}\" is none of power, current, impedance")));
                Zip::default()
            }
        };
        let phase = row.text("phase").unwrap_or_else(|| "abc".to_owned());
        let on = |at: usize| Box::new(std::array::from_fn(|k| if k == at { zip } else { Zip::default() }));
        let demand = match phase.as_str() {
            "abc" => Demand::Balanced(zip),
            "a" => Demand::Wye(on(0)),
            "b" => Demand::Wye(on(1)),
            "c" => Demand::Wye(on(2)),
            "ab" => Demand::Delta(on(0)),
            "bc" => Demand::Delta(on(1)),
            "ca" => Demand::Delta(on(2)),
            other => {
                row.fail("phase", Fault::Unreadable(format!("\"{other}\" is none of a, b, c, ab, bc, ca, abc")));
                Demand::Balanced(zip)
            }
        };
        self.data.loads.push(Load { label: row.label.clone(), bus, demand, in_service: true });
    }

    fn generator(&mut self, row: &mut Row<'_>) {
        let (bus, p_w) = (row.bus("node", &self.buses), row.number("p"));
        let control = match row.optional("u_ref") {
            Some(vm_pu) => Control::Voltage { p_w, vm_pu, q_min_var: None, q_max_var: None },
            None => Control::Power(Demand::Balanced(Zip::constant(p_w, row.number_or("q", 0.0)))),
        };
        self.data.generators.push(Generator { label: row.label.clone(), bus, control, in_service: true });
    }

    fn battery(&mut self, row: &mut Row<'_>) {
        let (bus, p_w, q_var) = (row.bus("node", &self.buses), row.number("p"), row.number_or("q", 0.0));
        let (label, capacity_wh) = (row.label.clone(), row.optional("capacity"));
        self.data.batteries.push(Battery { label, bus, p_w, q_var, capacity_wh, in_service: true });
    }

    fn shunt(&mut self, row: &mut Row<'_>) {
        let (bus, g_s, b_s) = (row.bus("node", &self.buses), row.number_or("g", 0.0), row.number_or("b", 0.0));
        let label = row.label.clone();
        self.data.shunts.push(Shunt { label, bus, g_s, b_s, zero: None, in_service: true });
    }

    fn source(&mut self, row: &mut Row<'_>) {
        let (bus, vm_pu) = (row.bus("node", &self.buses), row.number("u_ref"));
        let short_circuit = row.optional("sk").map(|power_va| ShortCircuit {
            power_va,
            rx: row.number_or("rx", 0.1),
            z01: row.number_or("z01", 1.0),
        });
        let va_rad = row.number_or("angle_deg", 0.0).to_radians();
        self.data.frequency_hz = row.number_or("frequency_hz", self.data.frequency_hz);
        let label = row.label.clone();
        self.data.external_grids.push(ExternalGrid { label, bus, vm_pu, va_rad, short_circuit, in_service: true });
    }
}
