//! Profiles: what loads, generators and batteries of constant power do from instant to instant, as CSV.
//!
//! | form | header | cells |
//! |---|---|---|
//! | long | `time,id,p_kw` and, if wanted, `q_kvar` (W, kW, MW and var, kvar, Mvar by the suffix) | power of one element, in the element's own sign; without q its stated power factor stays |
//! | wide | `time` and one id per column | factor on the element's stated power |
//!
//! `time` is a number of hours or a date and time (`2026-01-31T18:15`, a space for the T, seconds if wanted), ascending. An
//! instant lasts until the next, the last as long as the one before, a single one an hour. What an instant leaves out stays as the
//! grid states it.

use std::collections::HashMap;

use super::{
    super::{
        check::Grid,
        element::{Control, Demand, Label},
        error::{Fault, GridError, GridErrors, ReadError},
        series::{LoadProfiles, Varied, VariedElement},
    },
    json,
    row::parse_number,
};

/// Most instants, and most values of instants and elements together (2.4 GB).
const MOST_INSTANTS: usize = 2_000_000;
const MOST_VALUES: usize = 100_000_000;
/// Faults after which the rest of the file is not looked at.
const MOST_FAULTS: usize = 100;

/// Reads profiles for a grid.
pub fn profiles(file: &str, text: &str, grid: &Grid) -> Result<LoadProfiles, ReadError> {
    read(text, grid).map_err(|errors| ReadError::new(file, errors))
}

fn read(text: &str, grid: &Grid) -> Result<LoadProfiles, GridErrors> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next().ok_or_else(|| json::fault("profiles", "is empty; give a header and rows".to_owned()))?;
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_start_matches('\u{feff}')).collect();
    if names[0] != "time" {
        return Err(json::fault("profiles", format!("the first column is \"{}\"; it must be time", names[0])));
    }
    let mut reader =
        Reader { known: elements(grid), instants: Instants::default(), varied: Vec::new(), errors: Vec::new() };
    if names.get(1) == Some(&"id") {
        reader.long(&names, lines)
    } else {
        reader.wide(&names, lines)
    }
    if !reader.errors.is_empty() {
        return Err(GridErrors(reader.errors));
    }
    if reader.instants.times.is_empty() {
        return Err(json::fault("profiles", "has no rows below its header".to_owned()));
    }
    let count = reader.instants.times.len();
    reader.varied.iter_mut().for_each(|varied| varied.power.resize(count, None));
    Ok(LoadProfiles { hours: reader.instants.lengths(), times: reader.instants.times, varied: reader.varied })
}

/// An element that a profile may move, or why it may not.
enum Known {
    Movable(VariedElement, [f64; 2]),
    Fixed(&'static str),
}

fn elements(grid: &Grid) -> HashMap<String, Known> {
    let mut known = HashMap::new();
    let mut add = |label: &Label, element: Known| {
        let again = known.contains_key(label.id.as_str());
        known.insert(label.id.to_string(), if again { Known::Fixed("is the id of two elements") } else { element });
    };
    for (at, load) in grid.loads.iter().enumerate() {
        add(&load.label, movable(VariedElement::Load(at as u32), &load.demand));
    }
    for (at, generator) in grid.generators.iter().enumerate() {
        let element = match &generator.control {
            Control::Power(demand) => movable(VariedElement::Generator(at as u32), demand),
            Control::Voltage { .. } => Known::Fixed("holds a voltage; a profile needs one of given power"),
        };
        add(&generator.label, element);
    }
    for (at, battery) in grid.batteries.iter().enumerate() {
        let power = [battery.p_w, battery.q_var];
        add(&battery.label, Known::Movable(VariedElement::Battery(at as u32), power));
    }
    known
}

fn movable(element: VariedElement, demand: &Demand) -> Known {
    let total = demand.total();
    // Of phases it must be known which ones constant power is drawn from.
    let unknown = !matches!(demand, Demand::Balanced(_)) && !total.draws_constant();
    if unknown || total.current != [0.0; 2] || total.impedance != [0.0; 2] {
        return Known::Fixed("follows the voltage; a profile needs constant power");
    }
    Known::Movable(element, total.power)
}

/// Instants in the order of the file.
#[derive(Default)]
struct Instants {
    times: Vec<String>,
    /// Hours from any beginning.
    at_h: Vec<f64>,
}

impl Instants {
    fn lengths(&self) -> Vec<f64> {
        let mut lengths: Vec<f64> = self.at_h.windows(2).map(|pair| pair[1] - pair[0]).collect();
        lengths.push(lengths.last().copied().unwrap_or(1.0));
        lengths
    }

    /// The place of a time: the last one's, or a new one.
    fn place(&mut self, text: &str) -> Result<usize, String> {
        if self.times.last().is_some_and(|last| last == text) {
            return Ok(self.times.len() - 1);
        }
        let hours = hours_of(text)
            .ok_or_else(|| format!("\"{text}\" is neither a number of hours nor a time like 2026-01-31T18:15"))?;
        if self.at_h.last().is_some_and(|last| hours <= *last) {
            return Err(format!("\"{text}\" does not come after the instant before; sort the rows by time"));
        }
        if self.times.len() >= MOST_INSTANTS {
            return Err(format!("there are more than {MOST_INSTANTS} instants; give fewer"));
        }
        self.times.push(text.to_owned());
        self.at_h.push(hours);
        Ok(self.times.len() - 1)
    }
}

/// Hours of a number, or of a date and time since the year 0 of the Gregorian calendar.
fn hours_of(text: &str) -> Option<f64> {
    if let Some(hours) = parse_number(text) {
        return hours.is_finite().then_some(hours);
    }
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.trim_end_matches('Z').splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next().map_or(Some(0.0), |second| second)?);
    let sound = (0..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    let sound = sound && (0.0..24.0).contains(&hour) && (0.0..60.0).contains(&minute) && (0.0..61.0).contains(&second);
    // Days of the Gregorian calendar, the year beginning in March (Richards 2013, in the Explanatory Supplement to the
    // Astronomical Almanac, section 15.11).
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day;
    sound.then(|| days as f64 * 24.0 + hour + minute / 60.0 + second / 3600.0)
}

struct Reader {
    known: HashMap<String, Known>,
    instants: Instants,
    varied: Vec<Varied>,
    errors: Vec<GridError>,
}

impl Reader {
    fn fail(&mut self, row: usize, field: &str, what: String) {
        let (table, id, field) = ("profiles".to_owned(), String::new(), field.to_owned());
        self.errors.push(GridError { table, row: row as u32, id, field, fault: Fault::Unreadable(what) });
    }

    /// The element of an id and its stated power.
    fn element(&mut self, row: usize, field: &str, id: &str) -> Option<(VariedElement, [f64; 2])> {
        let what = match self.known.get(id) {
            Some(Known::Movable(element, power)) => return Some((*element, *power)),
            Some(Known::Fixed(why)) => format!("{id} {why}"),
            None => format!("there is no load, generator or battery {id}"),
        };
        self.fail(row, field, what);
        None
    }

    fn number(&mut self, row: usize, field: &str, text: &str) -> Option<f64> {
        let value = parse_number(text);
        match value {
            Some(value) if value.is_finite() => return Some(value),
            Some(value) => self.fail(row, field, format!("{value} is no finite number; state a number")),
            None => self.fail(row, field, format!("\"{text}\" is no number")),
        }
        None
    }

    fn cells<'a>(&mut self, row: usize, names: &[&str], line: &'a str) -> Option<(usize, Vec<&'a str>)> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if cells.len() != names.len() {
            self.fail(row, "", format!("has {} cells where the header has {}", cells.len(), names.len()));
            return None;
        }
        match self.instants.place(cells[0]) {
            Ok(at) => Some((at, cells)),
            Err(what) => {
                self.fail(row, "time", what);
                None
            }
        }
    }

    /// Room for one more value, in the column of an element.
    fn put(&mut self, row: usize, column: usize, at: usize, power: [f64; 2]) {
        if (at + 1).saturating_mul(self.varied.len()) > MOST_VALUES {
            self.fail(row, "", format!("instants and elements make more than {MOST_VALUES} values; give fewer"));
            return;
        }
        let column = &mut self.varied[column].power;
        column.resize(column.len().max(at + 1), None);
        if column[at].is_some() {
            self.fail(row, "id", "stands twice at this time".to_owned());
            return;
        }
        column[at] = Some(power);
    }

    fn wide<'a>(&mut self, names: &[&str], lines: impl Iterator<Item = &'a str>) {
        let mut stated = Vec::new();
        for name in &names[1..] {
            let Some((element, power)) = self.element(0, name, name) else { continue };
            self.varied.push(Varied { element, power: Vec::new() });
            stated.push(power);
        }
        if self.varied.len() + 1 != names.len() {
            return;
        }
        for (index, line) in lines.enumerate() {
            if self.errors.len() >= MOST_FAULTS {
                return;
            }
            let Some((at, cells)) = self.cells(index + 1, names, line) else { continue };
            for (column, cell) in cells[1..].iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                if let Some(factor) = self.number(index + 1, names[column + 1], cell) {
                    self.put(index + 1, column, at, stated[column].map(|x| factor * x));
                }
            }
        }
    }

    /// An element's column and stated power, a new one where it is met first.
    fn column<'a>(
        &mut self,
        row: usize,
        id: &'a str,
        columns: &mut HashMap<&'a str, (usize, [f64; 2])>,
    ) -> Option<(usize, [f64; 2])> {
        if let Some(known) = columns.get(id) {
            return Some(*known);
        }
        let (element, power) = self.element(row, "id", id)?;
        self.varied.push(Varied { element, power: Vec::new() });
        columns.insert(id, (self.varied.len() - 1, power));
        Some((self.varied.len() - 1, power))
    }

    fn long<'a>(&mut self, names: &[&str], lines: impl Iterator<Item = &'a str>) {
        let unit = |name: &str| match name {
            "p_w" | "q_var" => Some(1.0),
            "p_kw" | "q_kvar" => Some(1e3),
            "p_mw" | "q_mvar" => Some(1e6),
            _ => None,
        };
        let units: Vec<Option<f64>> = names[2..].iter().map(|name| unit(name)).collect();
        let begins = |at: usize, letter: char| names.get(at).is_some_and(|name| name.starts_with(letter));
        if !begins(2, 'p') || names.len() > 4 || names.len() == 4 && !begins(3, 'q') || units.contains(&None) {
            let what = "after time and id comes p_w, p_kw or p_mw, then q_var, q_kvar or q_mvar if wanted";
            self.fail(0, names.get(2).copied().unwrap_or(""), what.to_owned());
            return;
        }
        let units: Vec<f64> = units.into_iter().flatten().collect();
        let mut columns: HashMap<&str, (usize, [f64; 2])> = HashMap::new();
        for (index, line) in lines.enumerate() {
            if self.errors.len() >= MOST_FAULTS {
                return;
            }
            let row = index + 1;
            let Some((at, cells)) = self.cells(row, names, line) else { continue };
            let Some((column, stated)) = self.column(row, cells[1], &mut columns) else { continue };
            let Some(p_w) = self.number(row, names[2], cells[2]).map(|p| p * units[0]) else { continue };
            let q_var = match (cells.get(3).filter(|cell| !cell.is_empty()), stated[0] != 0.0) {
                (Some(cell), _) => self.number(row, names[3], cell).map(|q| q * units[1]),
                (None, true) => Some(stated[1] / stated[0] * p_w),
                (None, false) => Some(stated[1]),
            };
            if let Some(q_var) = q_var {
                self.put(row, column, at, [p_w, q_var]);
            }
        }
    }
}
