//! Sensors of power-grid-model files as measurements, balanced or phase by phase.
//!
//! A power sensor's deviation is that of the apparent power; active and reactive part have 1/√2 of it each unless stated apart.
//! A balanced sensor says the same of every phase; three phases of one sensor tell a balanced estimate their sum (powers), mean
//! (voltages without angle) or positive sequence. A sensor that states no value, or stands at what is
//! dead or switched off, measures nothing. Sensors of a bus' loads,
//! generators and sources add up to its injection where each of these has one.

use std::{collections::HashMap, f64::consts::FRAC_1_SQRT_2};

use faer::c64;
use serde_json::{Map, Value};

use super::{
    super::{
        check::Grid,
        error::{Fault, GridErrors, ReadError},
        estimate::{Measurement, PhaseMeasurement, Quantity},
        phase_matrix::turn,
    },
    json,
    pgm::{row_of, tables},
    pgm_objects::{Appliance, Objects},
    row::Row,
};

/// Reads the sensors of an input file whose grid is read, for a balanced estimate.
pub fn pgm_sensors(file: &str, text: &str, grid: &Grid) -> Result<Vec<Measurement>, ReadError> {
    let sensed = sensed(text, grid).map_err(|errors| ReadError::new(file, errors))?;
    Ok(sensed.iter().flat_map(Sensed::balanced).collect())
}

/// The same, phase by phase.
pub fn pgm_phase_sensors(file: &str, text: &str, grid: &Grid) -> Result<Vec<PhaseMeasurement>, ReadError> {
    let sensed = sensed(text, grid).map_err(|errors| ReadError::new(file, errors))?;
    Ok(sensed.iter().flat_map(Sensed::by_phase).collect())
}

fn sensed(text: &str, grid: &Grid) -> Result<Vec<Sensed>, GridErrors> {
    let value = json::parse(text)?;
    let objects = Objects::new(grid);
    let mut reader =
        Reader { objects, appliances: HashMap::new(), at_nodes: Vec::new(), found: Vec::new(), errors: Vec::new() };
    let mut ids: HashMap<i64, u32> = HashMap::new();
    for (table, rows) in tables(&value)? {
        let read: fn(&mut Reader, &'static str, usize, &Map<String, Value>) = match table.as_str() {
            "sym_voltage_sensor" | "asym_voltage_sensor" => Reader::voltage,
            "sym_power_sensor" | "asym_power_sensor" => Reader::power,
            "sym_current_sensor" | "asym_current_sensor" => Reader::current,
            other if other.ends_with("_sensor") => {
                return Err(json::fault(other, "is a kind of sensor that is not supported".to_owned()));
            }
            _ => continue,
        };
        let known = SENSORS.into_iter().find(|known| *known == table).unwrap_or("sensor");
        for (index, cells) in rows.iter().enumerate() {
            let id = cells.get("id").and_then(Value::as_i64);
            if let Some(first) = id.and_then(|id| ids.insert(id, index as u32 + 1)) {
                row_of(known, index, cells, &mut reader.errors).fail("id", Fault::DuplicateId(first));
            }
            read(&mut reader, known, index, cells);
        }
    }
    reader.injections(grid);
    // What is dead or switched off measures nothing.
    reader.found.retain(|sensed| reader.objects.is_live(sensed.quantities.0));
    if reader.errors.is_empty() { Ok(reader.found) } else { Err(GridErrors(reader.errors)) }
}

const SENSORS: [&str; 6] = [
    "sym_voltage_sensor",
    "asym_voltage_sensor",
    "sym_power_sensor",
    "asym_power_sensor",
    "sym_current_sensor",
    "asym_current_sensor",
];

/// Two parts (active and reactive, real and imaginary) by phase with their deviations, and the deviation of what the
/// phases make together.
#[derive(Clone, Copy)]
struct Parts {
    value: [[f64; 3]; 2],
    sigma: [[f64; 3]; 2],
    together: [f64; 2],
}

/// What a sensor measures, its parts, and how phases make one balanced value.
struct Sensed {
    /// The second is None where there is one alone.
    quantities: (Quantity, Option<Quantity>),
    parts: Parts,
    phases: Phases,
}

/// What phases make together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phases {
    Sum,
    Mean,
    PositiveSequence,
}

impl Sensed {
    fn quantities(&self) -> impl Iterator<Item = (usize, Quantity)> {
        [Some(self.quantities.0), self.quantities.1].into_iter().flatten().enumerate()
    }

    fn balanced(&self) -> Vec<Measurement> {
        let phasor = |phase: usize| c64::new(self.parts.value[0][phase], self.parts.value[1][phase]);
        let value = match self.phases {
            Phases::Sum => (0..3).map(phasor).sum::<c64>(),
            Phases::Mean => (0..3).map(phasor).sum::<c64>() / 3.0,
            Phases::PositiveSequence => (0..3).map(|phase| phasor(phase) * turn(phase).conj()).sum::<c64>() / 3.0,
        };
        let values = [value.re, value.im];
        let measured = self.quantities().filter(|(part, _)| self.parts.together[*part].is_finite());
        measured
            .map(|(part, quantity)| Measurement { quantity, value: values[part], sigma: self.parts.together[part] })
            .collect()
    }

    fn by_phase(&self) -> Vec<PhaseMeasurement> {
        let mut found = Vec::new();
        for (part, quantity) in self.quantities() {
            for phase in 0..3_u8 {
                let (value, sigma) =
                    (self.parts.value[part][usize::from(phase)], self.parts.sigma[part][usize::from(phase)]);
                if sigma.is_finite() {
                    found.push(PhaseMeasurement { measurement: Measurement { quantity, value, sigma }, phase });
                }
            }
        }
        found
    }
}

/// A number, or three: by phase.
enum Stated {
    One(f64),
    Three([f64; 3]),
}

fn stated(row: &mut Row<'_>, field: &str) -> Option<Stated> {
    if !row.has(field) {
        return None;
    }
    if row.label.table.starts_with("asym") && row.is_list(field) {
        return Some(Stated::Three(row.phases(field)));
    }
    row.optional(field).map(Stated::One)
}

/// Values by phase; a single one counts for each.
fn each(stated: Option<Stated>) -> Option<[f64; 3]> {
    stated.map(|stated| match stated {
        Stated::One(value) => [value; 3],
        Stated::Three(values) => values,
    })
}

/// Deviations by phase; infinite where not stated, or stated so.
fn deviation(row: &mut Row<'_>, field: &str, default: [f64; 3]) -> [f64; 3] {
    if row.text(field).as_deref() == Some("inf") {
        return [f64::INFINITY; 3];
    }
    let found = each(stated(row, field)).unwrap_or(default);
    if let Some(sigma) = found.into_iter().find(|sigma| *sigma <= 0.0) {
        row.fail(field, Fault::NotPositive(sigma));
    }
    found
}

struct Reader {
    objects: Objects,
    /// Per appliance, by id, what its sensors say together.
    appliances: HashMap<String, Parts>,
    /// Sensors of whole buses.
    at_nodes: Vec<(u32, Parts)>,
    found: Vec<Sensed>,
    errors: Vec<super::super::error::GridError>,
}

impl Reader {
    fn voltage(&mut self, table: &'static str, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of(table, index, cells, &mut self.errors);
        let object = row.text("measured_object").unwrap_or_default();
        let by_phase = table.starts_with("asym");
        let Some((bus, rated_v)) = self.objects.bus(&object) else {
            row.fail("measured_object", Fault::UnknownBus(object));
            return;
        };
        let unit = if by_phase { rated_v / 3_f64.sqrt() } else { rated_v };
        let vm = each(stated(&mut row, "u_measured"));
        let sigma = deviation(&mut row, "u_sigma", [f64::INFINITY; 3]).map(|sigma| sigma / unit);
        let angle = each(stated(&mut row, "u_angle_measured"));
        let Some(vm) = vm.map(|vm| vm.map(|u| u / unit)) else { return };
        let own = |phase: usize| if by_phase { 0.0 } else { turn(phase).arg() };
        let mean = |sigma: [f64; 3]| if by_phase { root_mean(sigma) } else { sigma[0] };
        let sensed = match angle {
            Some(angle) => {
                // A deviation of the magnitude counts along the phasor, and as much across it.
                let u: [c64; 3] = std::array::from_fn(|k| c64::from_polar(vm[k], angle[k] + own(k)));
                let value = [u.map(|u| u.re), u.map(|u| u.im)];
                let parts = Parts { value, sigma: [sigma; 2], together: [mean(sigma); 2] };
                let quantities = (Quantity::VoltageReal(bus), Some(Quantity::VoltageImaginary(bus)));
                Sensed { quantities, parts, phases: Phases::PositiveSequence }
            }
            None => {
                let parts = Parts { value: [vm, [0.0; 3]], sigma: [sigma; 2], together: [mean(sigma); 2] };
                Sensed { quantities: (Quantity::VoltageMagnitude(bus), None), parts, phases: Phases::Mean }
            }
        };
        self.found.push(sensed);
    }

    fn power(&mut self, table: &'static str, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of(table, index, cells, &mut self.errors);
        let object = row.text("measured_object").unwrap_or_default();
        let parts = power_parts(&mut row);
        let terminal = row.whole_or("measured_terminal_type", -1);
        match terminal {
            0 | 1 | 6..=8 => {
                let Some((branch, side)) = self.objects.branch_end(&object, terminal) else {
                    row.fail("measured_object", no_branch(&object));
                    return;
                };
                let quantities = (Quantity::FlowActive(branch, side), Some(Quantity::FlowReactive(branch, side)));
                self.found.push(Sensed { quantities, parts, phases: Phases::Sum });
            }
            3 => {
                let Some(shunt) = self.objects.shunt(&object) else {
                    row.fail("measured_object", Fault::Unreadable(format!("there is no shunt {object}")));
                    return;
                };
                let quantities = (Quantity::ShuntActive(shunt), Some(Quantity::ShuntReactive(shunt)));
                self.found.push(Sensed { quantities, parts, phases: Phases::Sum });
            }
            9 => {
                let Some((bus, _)) = self.objects.bus(&object) else {
                    row.fail("measured_object", Fault::UnknownBus(object));
                    return;
                };
                self.at_nodes.push((bus, parts));
            }
            2 | 4 | 5 => {
                let sign = if terminal == 4 { -1.0 } else { 1.0 };
                let parts = Parts { value: parts.value.map(|values| values.map(|x| sign * x)), ..parts };
                self.appliances.entry(object).and_modify(|all| *all = all.with(parts)).or_insert(parts);
            }
            _ => row.fail("measured_terminal_type", Fault::Unreadable(format!("{terminal} is none of 0 to 9"))),
        }
    }

    fn current(&mut self, table: &'static str, index: usize, cells: &Map<String, Value>) {
        let mut row = row_of(table, index, cells, &mut self.errors);
        let object = row.text("measured_object").unwrap_or_default();
        let by_phase = table.starts_with("asym");
        let Some((branch, side)) = self.objects.branch_end(&object, row.whole_or("measured_terminal_type", 0)) else {
            row.fail("measured_object", no_branch(&object));
            return;
        };
        let (size, angle) = (each(stated(&mut row, "i_measured")), each(stated(&mut row, "i_angle_measured")));
        let (Some(size), Some(angle)) = (size, angle) else { return };
        let size_sigma = deviation(&mut row, "i_sigma", [f64::INFINITY; 3]);
        let angle_sigma = deviation(&mut row, "i_angle_sigma", [f64::INFINITY; 3]);
        let global = row.whole_or("angle_measurement_type", 0) == 1;
        let own = |phase: usize| if global && !by_phase { turn(phase).arg() } else { 0.0 };
        let mut parts = Parts { value: [[0.0; 3]; 2], sigma: [[0.0; 3]; 2], together: [0.0; 2] };
        for phase in 0..3 {
            let (sin, cos) = (angle[phase] + own(phase)).sin_cos();
            let across = size[phase] * angle_sigma[phase];
            parts.value[0][phase] = size[phase] * cos;
            parts.value[1][phase] = size[phase] * sin;
            // First order of a deviation along the current and one across it.
            parts.sigma[0][phase] = (size_sigma[phase] * cos).hypot(across * sin);
            parts.sigma[1][phase] = (size_sigma[phase] * sin).hypot(across * cos);
        }
        parts.together = parts.sigma.map(|sigma| if by_phase { root_mean(sigma) } else { sigma[0] });
        let (quantities, phases) = if global {
            let real = Quantity::CurrentReal(branch, side);
            ((real, Some(Quantity::CurrentImaginary(branch, side))), Phases::PositiveSequence)
        } else {
            let active = Quantity::CurrentActive(branch, side);
            ((active, Some(Quantity::CurrentReactive(branch, side))), Phases::Mean)
        };
        self.found.push(Sensed { quantities, parts, phases });
    }

    fn injections(&mut self, grid: &Grid) {
        let at_bus = self.objects.appliances(grid);
        // A bus without load, generator or source injects nothing, whatever a sensor says.
        for (bus, parts) in std::mem::take(&mut self.at_nodes) {
            if !at_bus[bus as usize].is_empty() {
                self.found.push(injection(bus, parts));
            }
        }
        for (bus, appliances) in at_bus.iter().enumerate().filter(|(_, appliances)| !appliances.is_empty()) {
            let measured = |Appliance(id): &Appliance<'_>| self.appliances.get(*id).copied();
            let Some(all) = appliances.iter().map(measured).collect::<Option<Vec<_>>>() else { continue };
            if let Some(sum) = all.into_iter().reduce(Parts::plus) {
                self.found.push(injection(bus as u32, sum));
            }
        }
    }
}

/// Active and reactive power with their deviations.
fn power_parts(row: &mut Row<'_>) -> Parts {
    let by_phase = row.label.table.starts_with("asym");
    let share = if by_phase { 1.0 } else { 1.0 / 3.0 };
    let whole = deviation(row, "power_sigma", [f64::INFINITY; 3]).map(|sigma| sigma * FRAC_1_SQRT_2);
    let mut parts = Parts { value: [[0.0; 3]; 2], sigma: [[f64::INFINITY; 3]; 2], together: [f64::INFINITY; 2] };
    for (part, fields) in [["p_measured", "p_sigma"], ["q_measured", "q_sigma"]].into_iter().enumerate() {
        let sigma = deviation(row, fields[1], whole);
        let Some(value) = each(stated(row, fields[0])) else { continue };
        parts.value[part] = value.map(|x| share * x);
        parts.sigma[part] = sigma.map(|x| share * x);
        parts.together[part] = if by_phase { 3.0 * root_mean(sigma) } else { sigma[0] };
    }
    parts
}

fn injection(bus: u32, parts: Parts) -> Sensed {
    let quantities = (Quantity::InjectionActive(bus), Some(Quantity::InjectionReactive(bus)));
    Sensed { quantities, parts, phases: Phases::Sum }
}

fn no_branch(object: &str) -> Fault {
    Fault::Unreadable(format!("there is no line, transformer or generic branch {object} with such an end"))
}

/// Phases of one sensor err alike: what they make together is no better known than each.
fn root_mean(sigma: [f64; 3]) -> f64 {
    (sigma.iter().map(|x| x * x).sum::<f64>() / 3.0).sqrt()
}

impl Parts {
    /// Two sensors of the same: the mean weighted by inverse variances.
    fn with(self, other: Self) -> Self {
        let mut mean = self;
        let sigma = |a: f64, b: f64| (a.powi(-2) + b.powi(-2)).sqrt().recip();
        for part in 0..2 {
            for phase in 0..3 {
                let (a, b) = (self.sigma[part][phase], other.sigma[part][phase]);
                let (w_a, w_b) = (a.powi(-2), b.powi(-2));
                if w_a + w_b > 0.0 {
                    let sum = self.value[part][phase] * w_a + other.value[part][phase] * w_b;
                    mean.value[part][phase] = sum / (w_a + w_b);
                }
                mean.sigma[part][phase] = sigma(a, b);
            }
            mean.together[part] = sigma(self.together[part], other.together[part]);
        }
        mean
    }

    /// The sum of two appliances.
    fn plus(self, other: Self) -> Self {
        let mut sum = self;
        for part in 0..2 {
            for phase in 0..3 {
                sum.value[part][phase] += other.value[part][phase];
                sum.sigma[part][phase] = sum.sigma[part][phase].hypot(other.sigma[part][phase]);
            }
            sum.together[part] = sum.together[part].hypot(other.together[part]);
        }
        sum
    }
}
