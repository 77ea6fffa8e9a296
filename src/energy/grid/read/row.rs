//! One row of a table, read field by field; faults are gathered with their place.

use std::collections::HashMap;

use super::super::{
    element::Label,
    error::{Fault, GridError},
};

/// What stands in a field.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell<'a> {
    Missing,
    Number(f64),
    Flag(bool),
    Text(&'a str),
    Numbers(Vec<f64>),
}

/// A row of any format.
pub trait Cells {
    fn cell(&self, field: &str) -> Cell<'_>;
}

/// Buses by what the file calls them.
pub type BusNames = HashMap<String, u32>;

/// A row with its place and the list that its faults go to.
pub struct Row<'a> {
    pub label: Label,
    cells: &'a dyn Cells,
    errors: &'a mut Vec<GridError>,
}

impl<'a> Row<'a> {
    /// A row called by its own id field, or by its number where it has none.
    pub fn new(
        table: &'static str,
        row: usize,
        id: &str,
        cells: &'a dyn Cells,
        errors: &'a mut Vec<GridError>,
    ) -> Self {
        Self { label: Label::new(table, row, id), cells, errors }
    }

    pub fn fail(&mut self, field: &str, fault: Fault) {
        self.errors.push(GridError::at(&self.label, field, fault));
    }

    fn unreadable(&mut self, field: &str, what: String) {
        self.fail(field, Fault::Unreadable(what));
    }

    pub fn has(&self, field: &str) -> bool {
        self.cells.cell(field) != Cell::Missing
    }

    pub fn is_list(&self, field: &str) -> bool {
        matches!(self.cells.cell(field), Cell::Numbers(_))
    }

    /// A number that must be stated.
    pub fn number(&mut self, field: &str) -> f64 {
        self.optional(field).unwrap_or_else(|| {
            if !self.has(field) {
                self.unreadable(field, "is missing; state a number".to_owned());
            }
            0.0
        })
    }

    pub fn number_or(&mut self, field: &str, default: f64) -> f64 {
        self.optional(field).unwrap_or(default)
    }

    /// None where missing; None and a fault where it is no finite number.
    pub fn optional(&mut self, field: &str) -> Option<f64> {
        let value = match self.cells.cell(field) {
            Cell::Missing => return None,
            Cell::Number(value) => value,
            Cell::Flag(flag) => f64::from(u8::from(flag)),
            Cell::Text(text) => {
                let Some(value) = parse_number(text) else {
                    let what = format!("\"{text}\" is no number");
                    self.unreadable(field, what);
                    return None;
                };
                value
            }
            Cell::Numbers(_) => {
                self.unreadable(field, "is a list where one number is expected".to_owned());
                return None;
            }
        };
        if value.is_finite() {
            return Some(value);
        }
        self.fail(field, Fault::NotFinite(value));
        None
    }

    /// Three numbers, phases a, b, c.
    pub fn phases(&mut self, field: &str) -> [f64; 3] {
        match self.cells.cell(field) {
            Cell::Missing => [0.0; 3],
            Cell::Numbers(values) if values.len() == 3 => {
                for &value in values.iter().filter(|value| !value.is_finite()) {
                    self.fail(field, Fault::NotFinite(value));
                }
                [values[0], values[1], values[2]]
            }
            _ => {
                self.unreadable(field, "is no list of three numbers".to_owned());
                [0.0; 3]
            }
        }
    }

    pub fn flag_or(&mut self, field: &str, default: bool) -> bool {
        match self.cells.cell(field) {
            Cell::Flag(flag) => flag,
            Cell::Text("true" | "True") => true,
            Cell::Text("false" | "False") => false,
            _ => self.optional(field).map_or(default, |value| value != 0.0),
        }
    }

    /// A whole number.
    pub fn whole_or(&mut self, field: &str, default: i32) -> i32 {
        let Some(value) = self.optional(field) else { return default };
        if value.fract() == 0.0 && value.abs() < 1e9 {
            return value as i32;
        }
        self.unreadable(field, format!("{value} is no whole number"));
        default
    }

    /// At least 1.
    pub fn parallel(&mut self) -> u32 {
        u32::try_from(self.whole_or("parallel", 1)).unwrap_or(0)
    }

    pub fn text(&self, field: &str) -> Option<String> {
        match self.cells.cell(field) {
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Number(value) => Some(name_of(value)),
            _ => None,
        }
    }

    /// The bus that a field names.
    pub fn bus(&mut self, field: &str, buses: &BusNames) -> u32 {
        let Some(name) = self.text(field) else {
            self.unreadable(field, "is missing; name a bus".to_owned());
            return 0;
        };
        buses.get(&name).copied().unwrap_or_else(|| {
            self.fail(field, Fault::UnknownBus(name));
            0
        })
    }
}

/// A number as an id: whole numbers without a fraction.
pub fn name_of(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{}", value as i64) } else { value.to_string() }
}

/// Numbers, and the words that programs write for values that are none.
pub fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}
