//! Reads networks and trips in the TNTP format of the Transportation Networks for Research (Bar-Gera and others,
//! github.com/bstabler/TransportationNetworks), and OD matrices as CSV.
//!
//! Text in, [`Graph`] and entries out. Knows no files: the caller puts the file's name before the error. The first error
//! ends the reading; it holds its line.

mod matrix;
mod net;

pub use matrix::{read_csv, read_trips};
pub use net::read_net;

use crate::table::shortened;

/// What is wrong, and where.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct TntpError {
    /// Counted from 1; one past the last where something is missing.
    pub line: usize,
    pub kind: TntpErrorKind,
}

/// What can be wrong with a TNTP or CSV file.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum TntpErrorKind {
    #[error("the header <{0}> is missing; add it before <END OF METADATA>")]
    MissingHeader(&'static str),
    #[error("\"{}\" is no {what}", shortened(.text))]
    NotANumber { what: &'static str, text: String },
    #[error("{what} is {}; it must not be below zero", short(*.value))]
    Negative { what: &'static str, value: f64 },
    #[error("{what} is {value:e}; that is larger than any network's")]
    TooLarge { what: &'static str, value: f64 },
    #[error("the capacity is {0}; give at least {LEAST_CAPACITY}, or set B to 0")]
    TinyCapacity(f64),
    #[error("{what} {node} does not exist; they run from 1 to {most}")]
    OutOfRange { what: &'static str, node: u64, most: u32 },
    #[error("the capacity is zero, but the time rises with the flow; give a capacity or set B to 0")]
    NoCapacity,
    #[error("the free-flow time is zero on a link with no length, between nodes that are no zones; give it a time")]
    NoTime,
    #[error("a link needs at least 7 columns (from, to, capacity, length, free-flow time, B, power); there are {0}")]
    TooFewColumns(usize),
    #[error("the header says {said} links, but there are {found}; is the file cut off?")]
    Truncated { said: usize, found: usize },
    #[error("the power is {0}; a cost that rises so steeply cannot be computed: write at most 50")]
    TooSteep(f64),
    #[error("zone {0} has trips but no link; give it one, or take its trips out")]
    ZoneWithoutLink(u32),
    #[error("trips stand before the first \"Origin\"")]
    NoOrigin,
    #[error("\"{}\" is cut off: an entry is \"zone : trips;\"", shortened(.0))]
    BadEntry(String),
    #[error("there are no trips; is the file cut off?")]
    NoTrips,
    #[error("the header says {said} trips in all, but they sum to {found}; is the file cut off?")]
    TotalDiffers { said: f64, found: f64 },
    #[error("the first line must be origin,destination,trips")]
    BadCsvHeader,
    #[error("there are no trips; write rows of origin,destination,trips below the header")]
    NoRows,
    #[error("{0} zones, {1} nodes and first through node {2} do not fit together")]
    BadExtent(u32, u32, u32),
}

/// With its digits, or as a power where they are many.
fn short(value: f64) -> String {
    if value.abs() < 1e15 { value.to_string() } else { format!("{value:e}") }
}

impl TntpErrorKind {
    fn at(self, line: usize) -> TntpError {
        TntpError { line, kind: self }
    }
}

/// Values of the header, and the lines after it with their numbers.
struct Parts<'a> {
    header: Vec<(&'a str, &'a str, usize)>,
    body: Vec<(usize, &'a str)>,
    /// One past the last line.
    end: usize,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, TntpError> {
        let mut parts = Parts { header: Vec::new(), body: Vec::new(), end: text.lines().count() + 1 };
        let mut inside = true;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, content) in text.lines().enumerate().map(|(n, l)| (n + 1, l.trim())) {
            if content.is_empty() || content.starts_with('~') {
                continue;
            }
            let tag = content.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            match tag {
                Some(("END OF METADATA", _)) => inside = false,
                Some((name, value)) if inside => parts.header.push((name.trim(), value.trim(), line)),
                _ if inside => return Err(TntpErrorKind::MissingHeader("END OF METADATA").at(line)),
                _ => parts.body.push((line, content)),
            }
        }
        if inside {
            return Err(TntpErrorKind::MissingHeader("END OF METADATA").at(parts.end));
        }
        Ok(parts)
    }

    fn count(&self, name: &'static str) -> Result<u32, TntpError> {
        let found = self.header.iter().find(|h| h.0 == name);
        let (_, value, line) = found.ok_or_else(|| TntpErrorKind::MissingHeader(name).at(self.end))?;
        let bad = || TntpErrorKind::NotANumber { what: name, text: (*value).to_owned() }.at(*line);
        match value.parse::<u64>() {
            Ok(count) if count > u64::from(MOST_NODES) => {
                Err(TntpErrorKind::TooLarge { what: name, value: count as f64 }.at(*line))
            }
            Ok(count) => Ok(count as u32),
            Err(_) => Err(bad()),
        }
    }
}

/// Least capacity of a link whose time rises with its flow.
const LEAST_CAPACITY: f64 = 1e-6;
/// No quantity of a network or of a demand is larger; beyond it, sums of cost lose their digits.
const LARGEST: f64 = 1e12;
/// Nodes of the largest network that is read: ten times all of Europe's junctions would need more memory than desks have.
const MOST_NODES: u32 = 50_000_000;

/// A finite number, not below zero.
fn amount(text: &str, what: &'static str, line: usize) -> Result<f64, TntpError> {
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && value > LARGEST => Err(TntpErrorKind::TooLarge { what, value }.at(line)),
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value),
        Ok(value) if value < 0.0 => Err(TntpErrorKind::Negative { what, value }.at(line)),
        _ => Err(TntpErrorKind::NotANumber { what, text: text.to_owned() }.at(line)),
    }
}

/// A node or zone counted from 1, returned counted from 0.
fn node(text: &str, what: &'static str, most: u32, line: usize) -> Result<u32, TntpError> {
    let text = text.trim();
    let parsed = text.parse::<u64>();
    let number = parsed.map_err(|_| TntpErrorKind::NotANumber { what, text: text.to_owned() }.at(line))?;
    if number == 0 || number > u64::from(most) {
        return Err(TntpErrorKind::OutOfRange { what, node: number, most }.at(line));
    }
    Ok(number as u32 - 1)
}
