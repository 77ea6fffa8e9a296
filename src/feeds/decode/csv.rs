//! Rows of text with a heading: recorded series, loggers that publish lines. Cells may be quoted (RFC 4180) within one
//! line; the decimal sign may be a comma; time may stand in several columns or be counted by rows.

use std::borrow::Cow;

use citytwin_model::time::SignedDuration;

use super::{
    Decoded, Observation, Value,
    error::DecodeError,
    stamp::{Stamp, TimeFormat},
};
use crate::payload::excerpt;

/// The most columns of a table.
const MAX_COLUMNS: usize = 10_000;

/// How the rows of a mapping are written.
#[derive(Clone, PartialEq, Debug)]
pub struct CsvFormat {
    pub delimiter: char,
    /// `13,6` is 13.6.
    pub decimal_comma: bool,
    /// The heading, for payloads that have none.
    pub columns: Option<Vec<String>>,
    /// Columns that together say when, joined by a space.
    pub time: Vec<String>,
    pub time_format: TimeFormat,
    /// When rows carry no time.
    pub cycle: Option<Cycle>,
    /// The column that names the device.
    pub device: Option<String>,
    /// The columns that are read; empty: all that are neither time nor device.
    pub values: Vec<String>,
}

/// The time of row n (from 0) is `start + n · step`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cycle {
    pub start: Stamp,
    /// Positive, second.
    pub step_s: f64,
}

impl Default for CsvFormat {
    fn default() -> Self {
        Self {
            delimiter: ',',
            decimal_comma: false,
            columns: None,
            time: Vec::new(),
            time_format: TimeFormat::Auto,
            cycle: None,
            device: None,
            values: Vec::new(),
        }
    }
}

impl CsvFormat {
    /// All rows of a payload.
    pub(super) fn decode<'a>(&self, payload: &'a [u8]) -> Result<Decoded<'a>, DecodeError> {
        let mut all = Decoded::default();
        for row in self.rows(payload)? {
            for observation in row.observations {
                all.push(observation)?;
            }
            all.faulty += row.faulty;
            let room = super::MAX_FAULTS.saturating_sub(all.faults.len());
            all.faults.extend(row.faults.into_iter().take(room));
        }
        Ok(all)
    }

    /// Row by row, for files of any length.
    pub fn rows<'a, 'f>(&'f self, payload: &'a [u8]) -> Result<CsvRows<'a, 'f>, DecodeError> {
        let text = std::str::from_utf8(payload).map_err(|_| DecodeError::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines();
        let heading: Vec<Cow<'a, str>> = match &self.columns {
            Some(columns) => columns.iter().map(|c| Cow::Owned(c.clone())).collect(),
            None => cells(lines.next().ok_or_else(|| DecodeError::missing("heading"))?, self.delimiter)?,
        };
        if heading.len() > MAX_COLUMNS {
            return Err(DecodeError::Protocol(format!("more than {MAX_COLUMNS} columns")));
        }
        let column = |name: &str| {
            let found = heading.iter().position(|h| h.trim() == name);
            found.ok_or_else(|| DecodeError::Missing(format!("column {}", excerpt(name))))
        };
        let time = self.time.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?;
        let device = self.device.as_deref().map(column).transpose()?;
        let values = if self.values.is_empty() {
            let named = |at: &usize| !heading[*at].trim_matches([',', ' ']).is_empty();
            (0..heading.len()).filter(named).filter(|at| !time.contains(at) && device != Some(*at)).collect()
        } else {
            self.values.iter().map(|name| column(name)).collect::<Result<Vec<_>, _>>()?
        };
        Ok(CsvRows { format: self, heading, time, device, values, lines, row: 0 })
    }

    /// A cell as a value: empty is missing, what is no number is text.
    fn value<'a>(&self, cell: Cow<'a, str>) -> Result<Value<'a>, DecodeError> {
        let text = cell.trim();
        if text.is_empty() {
            return Ok(Value::Missing);
        }
        let number = if self.decimal_comma { text.replace(',', ".").parse::<f64>() } else { text.parse::<f64>() };
        match number {
            Ok(number) if number.is_finite() => Ok(Value::Number(number)),
            Ok(_) => Err(DecodeError::NotFinite),
            Err(_) => Ok(Value::Text(cell)),
        }
    }
}

/// The rows of a table, one [`Decoded`] each. Blank rows are passed over, and counted by a [`Cycle`] like all others.
#[derive(Debug)]
pub struct CsvRows<'a, 'f> {
    format: &'f CsvFormat,
    heading: Vec<Cow<'a, str>>,
    time: Vec<usize>,
    device: Option<usize>,
    values: Vec<usize>,
    lines: std::str::Lines<'a>,
    row: u32,
}

impl<'a> Iterator for CsvRows<'a, '_> {
    type Item = Decoded<'a>;

    fn next(&mut self) -> Option<Decoded<'a>> {
        loop {
            let line = self.lines.next()?;
            let row = self.row;
            self.row = self.row.saturating_add(1);
            let blank = |c: char| c == self.format.delimiter || c == ',' || c.is_whitespace();
            if line.chars().all(blank) {
                continue;
            }
            let mut decoded = Decoded::default();
            if let Err(error) = self.read(row, line, &mut decoded) {
                decoded.fault(|| format!("row {}", row + 1), error);
            }
            return Some(decoded);
        }
    }
}

impl<'a> CsvRows<'a, '_> {
    fn read(&self, row: u32, line: &'a str, decoded: &mut Decoded<'a>) -> Result<(), DecodeError> {
        let cells = cells(line, self.format.delimiter)?;
        let cell = |at: usize| {
            cells
                .get(at)
                .cloned()
                .ok_or_else(|| DecodeError::Missing(format!("cell of {}", excerpt(&self.heading[at]))))
        };
        let observed_at = self.observed_at(row, cell)?;
        let device = self.device.map(cell).transpose()?.unwrap_or(Cow::Borrowed(""));
        for at in &self.values {
            let read = cell(*at).and_then(|text| self.format.value(text)).map(|value| Observation {
                observed_at,
                ..Observation::new(device.clone(), Cow::Owned(self.heading[*at].trim().to_owned()), value)
            });
            decoded.take(|| format!("row {}, {}", row + 1, excerpt(&self.heading[*at])), read)?;
        }
        Ok(())
    }

    fn observed_at(
        &self,
        row: u32,
        cell: impl Fn(usize) -> Result<Cow<'a, str>, DecodeError>,
    ) -> Result<Option<Stamp>, DecodeError> {
        match (&self.time[..], self.format.cycle) {
            ([], None) => Ok(None),
            ([], Some(cycle)) => {
                let after = SignedDuration::try_from_secs_f64(cycle.step_s * f64::from(row)).ok();
                let stamp = after.and_then(|after| match cycle.start {
                    Stamp::Instant(at) => at.checked_add(after).ok().map(Stamp::Instant),
                    Stamp::Local(at) => at.checked_add(after).ok().map(Stamp::Local),
                });
                stamp.map(Some).ok_or_else(|| DecodeError::BadTime(format!("row {row}")))
            }
            ([one], _) => self.format.time_format.text(&cell(*one)?).map(Some),
            (several, _) => {
                let parts = several.iter().map(|at| cell(*at)).collect::<Result<Vec<_>, _>>()?;
                self.format.time_format.text(&parts.join(" ")).map(Some)
            }
        }
    }
}

/// The cells of a line. A quoted cell may hold delimiters, and quotes doubled.
fn cells(line: &str, delimiter: char) -> Result<Vec<Cow<'_, str>>, DecodeError> {
    let malformed = |why: &str| DecodeError::malformed("table", why);
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        if cells.len() >= MAX_COLUMNS {
            return Err(malformed("too many cells in a row"));
        }
        let Some(quoted) = rest.strip_prefix('"') else {
            match rest.split_once(delimiter) {
                Some((cell, after)) => {
                    cells.push(Cow::Borrowed(cell));
                    rest = after;
                    continue;
                }
                None => {
                    cells.push(Cow::Borrowed(rest));
                    return Ok(cells);
                }
            }
        };
        let mut end = 0;
        loop {
            end += quoted[end..].find('"').ok_or_else(|| malformed("a quote is not closed on its line"))?;
            if quoted[end + 1..].starts_with('"') {
                end += 2;
            } else {
                break;
            }
        }
        let cell = &quoted[..end];
        cells.push(if cell.contains('"') { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) });
        match quoted[end + 1..].strip_prefix(delimiter) {
            Some(after) => rest = after,
            None if quoted[end + 1..].is_empty() => return Ok(cells),
            None => return Err(malformed("text follows a quoted cell")),
        }
    }
}
