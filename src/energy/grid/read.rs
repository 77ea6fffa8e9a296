//! Readers: a file's text in, a checked grid out, or every fault with file, table, row and field. They do no
//! input themselves.

mod csv;
mod csv_phases;
mod json;
mod matpower;
mod matpower_script;
mod pandapower;
mod pandapower_branches;
mod pgm;
mod pgm_branches;
mod pgm_objects;
mod pgm_sensors;
mod pgm_three_winding;
mod pgm_write;
mod profiles;
mod row;

pub use csv::csv;
pub use matpower::matpower;
pub use pandapower::pandapower;
pub use pgm::{pgm, pgm_data};
pub use pgm_sensors::{pgm_phase_sensors, pgm_sensors};
pub use pgm_write::{lost_in_pgm, write_pgm};
pub use profiles::profiles;

use super::{
    check::Grid,
    error::{GridErrors, ReadError},
};

/// Reads a grid in whichever single-file format the text is in: MATPOWER (`.m`), else JSON of pandapower or
/// power-grid-model, told apart by their first keys.
pub fn any(file: &str, text: &str) -> Result<Grid, ReadError> {
    if !text.trim_start().starts_with('{') {
        matpower(file, text)
    } else if text.contains("pandapowerNet") {
        pandapower(file, text)
    } else {
        pgm(file, text)
    }
}

/// Checks what a reader found, unless it found faults of its own.
fn finish(file: &str, result: Result<super::GridData, GridErrors>) -> Result<Grid, ReadError> {
    result.and_then(Grid::new).map_err(|errors| ReadError::new(file, errors))
}
