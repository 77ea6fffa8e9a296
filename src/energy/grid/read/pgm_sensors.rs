//! Sensors of power-grid-model files as measurements: balanced voltage and power sensors.
//!
//! A power sensor's deviation is that of the apparent power; active and reactive part have 1/√2 of it each unless stated apart.
//! Sensors of a bus' loads, generators and sources add up to its injection where each of these has one.

use std::{collections::HashMap, f64::consts::FRAC_1_SQRT_2};

use serde_json::{Map, Value};

use super::{
    super::{
        check::Grid,
        element::Side,
        error::{Fault, GridError, GridErrors, ReadError},
        estimate::{Measurement, Quantity},
    },
    json,
    pgm::{row_of, tables},
};

/// Reads the sensors of an input file whose grid is read.
pub fn pgm_sensors(file: &str, text: &str, grid: &Grid) -> Result<Vec<Measurement>, ReadError> {
    sensors(text, grid).map_err(|errors| ReadError::new(file, errors))
}

fn sensors(text: &str, grid: &Grid) -> Result<Vec<Measurement>, GridErrors> {
    let value = json::parse(text)?;
    let mut reader =
        Reader { grid, powers: HashMap::new(), at_nodes: Vec::new(), found: Vec::new(), errors: Vec::new() };
    for (table, rows) in tables(&value)? {
        for (index, cells) in rows.iter().enumerate() {
            match table.as_str() {
                "sym_voltage_sensor" => reader.voltage(index, cells),
                "sym_power_sensor" => reader.power(index, cells),
                other if other.ends_with("_sensor") => {
                    return Err(json::fault(other, "is a kind of sensor that is not supported".to_owned()));
                }
                _ => {}
            }
        }
    }
    reader.injections();
    if reader.errors.is_empty() { Ok(reader.found) } else { Err(GridErrors(reader.errors)) }
}

/// Active and reactive power with their deviations, positive into the grid.
#[derive(Clone, Copy)]
struct Power {
    value: [f64; 2],
    sigma: [f64; 2],
}

struct Reader<'a> {
    grid: &'a Grid,
    /// Per appliance, by id, what its sensors say together.
    powers: HashMap<String, Power>,
    /// Sensors of whole buses.
    at_nodes: Vec<(u32, Power)>,
    found: Vec<Measurement>,
    errors: Vec<GridError>,
}

impl Reader<'_> {
    fn voltage(&mut self, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of("sym_voltage_sensor", index, cells, &mut self.errors);
        let object = row.text("measured_object").unwrap_or_default();
        let (u, sigma, angle) = (row.number("u_measured"), row.number("u_sigma"), row.optional("u_angle_measured"));
        let Some(bus) = self.grid.buses.iter().position(|bus| bus.label.id.as_str() == object) else {
            row.fail("measured_object", Fault::UnknownBus(object));
            return;
        };
        let (rated, at) = (self.grid.buses[bus].rated_v, bus as u32);
        let (vm, sigma) = (u / rated, sigma / rated);
        let mut push = |quantity, value, sigma| self.found.push(Measurement { quantity, value, sigma });
        match angle {
            Some(angle) => {
                push(Quantity::VoltageReal(at), vm * angle.cos(), sigma * FRAC_1_SQRT_2);
                push(Quantity::VoltageImaginary(at), vm * angle.sin(), sigma * FRAC_1_SQRT_2);
            }
            None => push(Quantity::VoltageMagnitude(at), vm, sigma),
        }
    }

    fn power(&mut self, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of("sym_power_sensor", index, cells, &mut self.errors);
        let object = row.text("measured_object").unwrap_or_default();
        let value = [row.number("p_measured"), row.number("q_measured")];
        let mut deviation = |field: &str, default: f64| match row.text(field).as_deref() {
            Some("inf") => f64::INFINITY,
            _ => row.number_or(field, default),
        };
        let whole = deviation("power_sigma", f64::INFINITY) * FRAC_1_SQRT_2;
        let sigma = [deviation("p_sigma", whole), deviation("q_sigma", whole)];
        let terminal = row.whole_or("measured_terminal_type", -1);
        match terminal {
            0 | 1 => {
                let Some(branch) = self.grid.branch_ends().position(|(label, _)| label.id.as_str() == object) else {
                    row.fail("measured_object", Fault::Unreadable(format!("there is no branch {object}")));
                    return;
                };
                let (branch, side) = (branch as u32, if terminal == 0 { Side::From } else { Side::To });
                let quantities = [Quantity::FlowActive(branch, side), Quantity::FlowReactive(branch, side)];
                for (k, quantity) in quantities.into_iter().enumerate().filter(|(k, _)| sigma[*k].is_finite()) {
                    self.found.push(Measurement { quantity, value: value[k], sigma: sigma[k] });
                }
            }
            9 => {
                let Some(bus) = self.grid.buses.iter().position(|bus| bus.label.id.as_str() == object) else {
                    row.fail("measured_object", Fault::UnknownBus(object));
                    return;
                };
                self.at_nodes.push((bus as u32, Power { value, sigma }));
            }
            2 | 4 | 5 => {
                let sign = if terminal == 4 { -1.0 } else { 1.0 };
                let new = Power { value: value.map(|x| sign * x), sigma };
                self.powers.entry(object).and_modify(|power| *power = together(*power, new)).or_insert(new);
            }
            _ => row.fail("measured_terminal_type", Fault::Unreadable(format!("{terminal} is not supported"))),
        }
    }

    fn injections(&mut self) {
        let mut at_bus: HashMap<u32, Vec<&str>> = HashMap::new();
        let grid = self.grid;
        let loads = grid.loads.iter().filter(|e| e.in_service).map(|e| (e.bus, &e.label));
        let generators = grid.generators.iter().filter(|e| e.in_service).map(|e| (e.bus, &e.label));
        let sources = grid.external_grids.iter().filter(|e| e.in_service).map(|e| (e.bus, &e.label));
        for (bus, label) in loads.chain(generators).chain(sources) {
            at_bus.entry(bus).or_default().push(label.id.as_str());
        }
        // A bus without load, generator or source injects nothing, whatever a sensor says.
        for (bus, power) in std::mem::take(&mut self.at_nodes) {
            if at_bus.contains_key(&bus) {
                self.add_injection(bus, power);
            }
        }
        for bus in 0..grid.buses.len() as u32 {
            let powers =
                at_bus.get(&bus).map(|ids| ids.iter().map(|id| self.powers.get(*id)).collect::<Option<Vec<_>>>());
            let Some(Some(powers)) = powers else { continue };
            let value = [0, 1].map(|k| powers.iter().map(|power| power.value[k]).sum());
            let sigma = [0, 1].map(|k| powers.iter().map(|power| power.sigma[k]).fold(0.0, f64::hypot));
            self.add_injection(bus, Power { value, sigma });
        }
    }

    fn add_injection(&mut self, bus: u32, power: Power) {
        let quantities = [Quantity::InjectionActive(bus), Quantity::InjectionReactive(bus)];
        for (k, quantity) in quantities.into_iter().enumerate().filter(|(k, _)| power.sigma[*k].is_finite()) {
            self.found.push(Measurement { quantity, value: power.value[k], sigma: power.sigma[k] });
        }
    }
}

/// The mean weighted by inverse variances.
fn together(a: Power, b: Power) -> Power {
    let mut sum = a;
    for k in 0..2 {
        let (w_a, w_b) = (a.sigma[k].powi(-2), b.sigma[k].powi(-2));
        if w_a + w_b > 0.0 {
            sum.value[k] = (a.value[k] * w_a + b.value[k] * w_b) / (w_a + w_b);
            sum.sigma[k] = (w_a + w_b).sqrt().recip();
        }
    }
    sum
}
