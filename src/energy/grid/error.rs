//! What can be wrong with a grid, each fault with its place.

use std::fmt;

use thiserror::Error;

use super::element::Label;

/// What is wrong with one field of one element.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum Fault {
    #[error("{0} is no finite number; state a number")]
    NotFinite(f64),
    #[error("{0} is negative; state zero or more")]
    Negative(f64),
    #[error("{0} is not above zero; state a positive value")]
    NotPositive(f64),
    #[error("the id stands already in row {0}; give each element its own")]
    DuplicateId(u32),
    #[error("there is no bus {0}; name a bus of the file")]
    UnknownBus(String),
    #[error("series impedance is zero; state r or x, or use a switch")]
    ZeroImpedance,
    #[error("short-circuit voltage {0} is below its resistive part {1}; check both")]
    ShortCircuitTooSmall(f64, f64),
    #[error("no source reaches it by any line, transformer or switch (an island); connect it or leave it out")]
    Island,
    #[error("no external grid is in service; a load flow needs one")]
    NoSource,
    #[error("joins buses of {0} V and {1} V; a line keeps the voltage")]
    VoltageStep(f64, f64),
    #[error(
        "closes a loop whose ratios differ by {ratio_percent:.1} % and {shift_deg:.1} degrees, \
         so that a current circulates; check rated voltages and vector groups"
    )]
    UnlikeRatios { ratio_percent: f64, shift_deg: f64 },
    #[error("draws from phase {0}, which no line brings to its bus; name a phase that it has")]
    NoPhase(char),
    #[error("unknown unit {0}; use one of {1}")]
    UnknownUnit(String, String),
    #[error("{0}")]
    Unreadable(String),
}

/// One fault and where it stands.
#[derive(Clone, PartialEq, Debug)]
pub struct GridError {
    pub table: String,
    /// Counted from 1; 0 where the fault is of no row.
    pub row: u32,
    pub id: String,
    pub field: String,
    pub fault: Fault,
}

impl GridError {
    pub fn at(label: &Label, field: impl Into<String>, fault: Fault) -> Self {
        let (table, id) = (label.table.to_owned(), label.id.to_string());
        Self { table, row: label.row, id, field: field.into(), fault }
    }
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}", self.table)?;
        if self.row > 0 {
            write!(f, ", row {}", self.row)?;
        }
        if !self.id.is_empty() {
            write!(f, " (id {})", self.id)?;
        }
        if !self.field.is_empty() {
            write!(f, ", field {}", self.field)?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for GridError {}

/// Every fault found, one line each; never empty.
#[derive(Clone, PartialEq, Debug, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct GridErrors(pub Vec<GridError>);

/// A file that is no sound grid. One line per fault.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadError {
    pub file: String,
    pub errors: GridErrors,
}

impl ReadError {
    pub fn new(file: &str, errors: GridErrors) -> Self {
        Self { file: file.to_owned(), errors }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.0.iter().enumerate() {
            let end = if index + 1 < self.errors.0.len() { "\n" } else { "" };
            write!(f, "{}: {error}{end}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for ReadError {}
