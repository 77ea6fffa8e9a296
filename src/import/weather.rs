//! Weather files to a [`WeatherYear`]: strict, since a year that is shifted by one row or lit by a code for "missing"
//! still looks like weather.
//!
//! Knows formats, not models: what a file does not give is left out, derived by a cited rule and said, or refused.

mod epw;
mod fields;

use std::{fmt, path::Path};

use citytwin_model::WeatherYear;

use crate::error::{ImportError, require_file};

/// Largest file that is read, byte: an hourly year has 1.6 MB.
const LARGEST_BYTES: u64 = 64 << 20;
/// So many faults are told; the rest is counted.
const FAULTS_TOLD: usize = 20;

/// A year as read.
#[derive(Clone, PartialEq, Debug)]
pub struct WeatherFile {
    pub year: WeatherYear,
    /// What the file does not give and how it was found instead, one line each with the number of hours.
    pub derived: Vec<String>,
}

/// Something wrong in a weather file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WeatherFault {
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    /// Name and number of the field, as `dry bulb temperature (field 7)`; empty where the whole line is meant.
    pub field: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Why a weather file gives no year. `Display` is one line for each fault.
#[derive(Debug, thiserror::Error)]
pub enum WeatherError {
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error("{}", lines(.file, .faults, *.more))]
    Faults {
        file: String,
        faults: Vec<WeatherFault>,
        /// Faults beyond those told.
        more: usize,
    },
}

/// Reads an EnergyPlus weather file (`.epw`; "Auxiliary Programs", EnergyPlus documentation, U.S. Department of Energy):
/// one year of 8,760 hours.
///
/// # Errors
/// Every fault with line and field: a wrong header, an hour missing or out of order, a leap day, an offset from UTC that
/// fits neither the longitude nor the light, values that are missing, no number or beyond their range.
pub fn read_epw(path: &Path) -> Result<WeatherFile, WeatherError> {
    let length = require_file(path)?.len();
    if length > LARGEST_BYTES {
        let what = format!("{length} bytes are no weather year of hours");
        let remedy = "give an .epw file of 8,760 hourly rows";
        return Err(ImportError::Unusable { file: path.to_owned(), what, remedy }.into());
    }
    let bytes = std::fs::read(path).map_err(|error| ImportError::io(path, &error))?;
    // Names of stations come in whatever encoding; numbers are ASCII.
    let text = String::from_utf8_lossy(&bytes);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    parse_epw(&path.display().to_string(), &name, &text)
}

/// [`read_epw`] of a text; `file` is what errors call it, `name` what the year's label does.
///
/// # Errors
/// As [`read_epw`].
pub fn parse_epw(file: &str, name: &str, text: &str) -> Result<WeatherFile, WeatherError> {
    epw::parse(name, text).map_err(|mut faults| {
        let more = faults.len().saturating_sub(FAULTS_TOLD);
        faults.truncate(FAULTS_TOLD);
        WeatherError::Faults { file: file.to_owned(), faults, more }
    })
}

impl fmt::Display for WeatherFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.what)
    }
}

fn lines(file: &str, faults: &[WeatherFault], more: usize) -> String {
    let mut told: Vec<String> = faults.iter().map(|fault| format!("{file}: {fault}")).collect();
    if more > 0 {
        told.push(format!("{file}: and {more} faults more"));
    }
    told.join("\n")
}

#[cfg(test)]
mod tests;
