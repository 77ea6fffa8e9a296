//! The elements of a grown grid, as they are added: buses with their place, lines with their course, transformers.

use citytwin_model::{Building, Coord};

use super::{
    Line as LineRecord, LineKind, Station, Substation,
    design::Laid,
    paths::NONE,
    streets::{Way, distance},
    substations::{self, Place},
    tables::Tables,
};
use crate::{
    grid::{
        Bus, Demand, Ends, ExternalGrid, GridData, Islands, Label, Line, Load, ShortCircuit, Side, Switch, Tap,
        Transformer, TransformerModel, Winding, Zip,
    },
    transformer::{Losses, TransformerState},
};

/// Shortest cable, metre: none is shorter than its two terminations.
const SHORTEST_M: f64 = 1.0;
/// Short-circuit voltage of distribution transformers up to 630 kVA and above (EN 50588-1, table 2), 1.
const SHORT_CIRCUIT: [(f64, f64); 2] = [(630_000.0, 0.04), (f64::INFINITY, 0.06)];
/// No-load current of distribution transformers, of the rated one: 0.26 to 0.34 % for 250 to 630 kVA (pandapower's
/// standard types, manufacturers' data).
const NO_LOAD: f64 = 0.003;
/// Largest distribution transformer, VA; more is several side by side (as [`crate::transformer`] counts them).
const LARGEST_VA: f64 = 2_500_000.0;

/// What has been added so far.
pub struct Elements {
    pub data: GridData,
    pub bus_at: Vec<Coord<f64>>,
    pub lines: Vec<LineRecord>,
    pub courses: Vec<Coord<f64>>,
    tables: Tables,
}

/// A cable between two buses.
pub struct Section {
    pub name: String,
    pub from: u32,
    pub to: u32,
    pub laid: Laid,
    pub kind: LineKind,
}

/// Where a cable lies.
pub struct Course {
    pub points: Vec<Coord<f64>>,
    pub length_m: f64,
    pub way: Way,
}

impl Elements {
    pub fn new(tables: Tables) -> Self {
        let frequency_hz = tables.rules.frequency_hz;
        // A city without customers and stations has no source; that is no fault.
        let data = GridData { frequency_hz, islands: Islands::Dead, ..GridData::default() };
        Self { data, bus_at: Vec::new(), lines: Vec::new(), courses: Vec::new(), tables }
    }

    fn add_bus(&mut self, name: String, rated_v: f64, at: Coord<f64>) -> u32 {
        let index = self.data.buses.len();
        self.data.buses.push(Bus { label: Label::new("bus", index + 1, name), rated_v, in_service: true });
        self.bus_at.push(at);
        index as u32
    }

    /// A low-voltage bus.
    pub fn add_low(&mut self, name: String, at: Coord<f64>) -> u32 {
        self.add_bus(name, self.tables.rules.low_v, at)
    }

    /// A transformer of medium to low voltage with its two buses.
    pub fn add_station(&mut self, name: &str, state: &TransformerState, losses: Losses) -> Station {
        let rules = &self.tables.rules;
        let (medium_v, low_v) = (rules.medium_v, rules.low_v);
        let medium_bus = self.add_bus(format!("{name}/medium"), medium_v, state.at);
        let low_bus = self.add_bus(format!("{name}/low"), low_v, state.at);
        let units = if state.asset.is_some() { 1.0 } else { (state.rated_w / LARGEST_VA).ceil().max(1.0) };
        let rated_va = state.rated_w / units;
        let stated = SHORT_CIRCUIT.iter().find(|(up_to_va, _)| rated_va <= *up_to_va).map_or(0.06, |row| row.1);
        let index = self.data.transformers.len();
        self.data.transformers.push(Transformer {
            label: Label::new("transformer", index + 1, name),
            ends: Ends::closed(medium_bus, low_bus),
            rated_va,
            from_v: medium_v,
            to_v: low_v,
            short_circuit: stated.max(losses.load_w / units / rated_va),
            load_loss_w: losses.load_w / units,
            no_load: NO_LOAD.max(losses.no_load_w / units / rated_va),
            no_load_loss_w: losses.no_load_w / units,
            shift_rad: 150_f64.to_radians(),
            windings: [Winding::Delta, Winding::WyeEarthed],
            tap: None,
            model: TransformerModel::Pi,
            parallel: units as u32,
            zero: None,
        });
        Station { transformer: index as u32, medium_bus, low_bus, ring: None }
    }

    /// A station of two units, each on a busbar section of its own; the coupler between them is open.
    pub fn add_substation(&mut self, name: &str, place: Place, load_w: f64) -> Substation {
        let rules = self.tables.rules.clone();
        let high_bus = self.add_bus(format!("{name}/high"), rules.high_v, place.at);
        let index = self.data.external_grids.len();
        self.data.external_grids.push(ExternalGrid {
            label: Label::new("source", index + 1, name),
            bus: high_bus,
            vm_pu: rules.source_pu,
            va_rad: 0.0,
            short_circuit: Some(ShortCircuit {
                power_va: rules.source_short_circuit_va,
                rx: rules.source_rx,
                z01: 1.0,
            }),
            in_service: true,
        });
        let mut busbars = [NONE; 2];
        let mut transformers = [NONE; 2];
        for (side, section) in ["a", "b"].into_iter().enumerate() {
            busbars[side] = self.add_bus(format!("{name}/{section}"), rules.medium_v, place.at);
            transformers[side] = self.add_unit(format!("{name}/{section}"), high_bus, busbars[side], load_w);
        }
        let coupler = self.add_open_switch(format!("{name}/coupler"), busbars);
        Substation { asset: place.asset, origin: place.origin, at: place.at, high_bus, busbars, transformers, coupler }
    }

    /// A switch that is open in normal operation.
    fn add_open_switch(&mut self, name: String, [from, to]: [u32; 2]) -> u32 {
        let index = self.data.switches.len();
        self.data.switches.push(Switch { label: Label::new("switch", index + 1, name), from, to, closed: false });
        index as u32
    }

    /// The end of a cable at a station's busbar, and the open switch between the two.
    pub fn add_open_end(&mut self, name: String, busbar: u32) -> (u32, u32) {
        let end = self.add_bus(name.clone(), self.tables.rules.medium_v, self.bus_at[busbar as usize]);
        (end, self.add_open_switch(name, [end, busbar]))
    }

    fn add_unit(&mut self, name: String, high_bus: u32, busbar: u32, load_w: f64) -> u32 {
        let (kind, parallel) = substations::unit(&self.tables, load_w);
        let rules = &self.tables.rules;
        let index = self.data.transformers.len();
        self.data.transformers.push(Transformer {
            label: Label::new("transformer", index + 1, name),
            ends: Ends::closed(high_bus, busbar),
            rated_va: kind.rated_va,
            from_v: rules.high_v,
            to_v: rules.medium_v,
            short_circuit: kind.short_circuit,
            load_loss_w: kind.resistive * kind.rated_va,
            no_load: kind.no_load,
            no_load_loss_w: kind.no_load_loss_w,
            shift_rad: 150_f64.to_radians(),
            windings: [Winding::WyeEarthed, Winding::Delta],
            tap: Some(Tap {
                side: Side::From,
                position: 0,
                neutral: 0,
                step_v: rules.tap_step * rules.high_v,
                step_rad: 0.0,
            }),
            model: TransformerModel::Pi,
            parallel,
            zero: None,
        });
        index as u32
    }

    /// Sets the tap of a substation's unit for what its section carries.
    pub fn set_tap(&mut self, transformer: u32, load_w: f64, charging_var: f64) {
        let unit = &mut self.data.transformers[transformer as usize];
        let position = substations::tap(&self.tables.rules, unit, load_w, charging_var);
        if let Some(tap) = &mut unit.tap {
            tap.position = position;
        }
    }

    /// Charging power of a line at the medium voltage, var.
    pub fn charging_var(&self, line: u32) -> f64 {
        let line = &self.data.lines[line as usize];
        let farad = line.positive.c_f * line.length_km * f64::from(line.parallel);
        std::f64::consts::TAU * self.data.frequency_hz * farad * self.tables.rules.medium_v.powi(2)
    }

    pub fn add_line(&mut self, section: Section, course: Course) -> u32 {
        let Section { name, from, to, laid, kind } = section;
        let cable = &self.tables.cables[usize::from(laid.cable)];
        let index = self.data.lines.len();
        self.data.lines.push(Line {
            label: Label::new("line", index + 1, name),
            ends: Ends::closed(from, to),
            length_km: course.length_m.max(SHORTEST_M) / 1000.0,
            parallel: laid.parallel,
            positive: cable.positive,
            zero: Some(cable.zero),
            matrix: None,
            rated_a: Some(cable.rated_a),
        });
        let begin = self.courses.len() as u32;
        self.courses.extend(course.points);
        let course_range = [begin, self.courses.len() as u32];
        self.lines.push(LineRecord { kind, way: course.way, cable: laid.cable, course: course_range });
        index as u32
    }

    /// A load that [`super::CityGrid::demand`] sets; the design load until then.
    pub fn add_load(&mut self, name: String, bus: u32, p_w: f64) {
        let q_var = p_w * self.tables.rules.tan_phi();
        let index = self.data.loads.len();
        let demand = Demand::Balanced(Zip::constant(p_w, q_var));
        self.data.loads.push(Load { label: Label::new("load", index + 1, name), bus, demand, in_service: true });
    }
}

/// The point of a building's walls that is nearest to a place; None without walls.
pub fn wall(building: &Building, from: Coord<f64>) -> Option<Coord<f64>> {
    let rings = building.volume.footprint.iter().map(|polygon| polygon.exterior());
    let points = rings.flat_map(|ring| ring.lines()).map(|side| {
        let (dx, dy) = (side.end.x - side.start.x, side.end.y - side.start.y);
        let square = dx * dx + dy * dy;
        let along = (from.x - side.start.x) * dx + (from.y - side.start.y) * dy;
        let share = if square > 0.0 { (along / square).clamp(0.0, 1.0) } else { 0.0 };
        Coord { x: side.start.x + share * dx, y: side.start.y + share * dy }
    });
    points.min_by(|&a, &b| distance(a, from).total_cmp(&distance(b, from)))
}
