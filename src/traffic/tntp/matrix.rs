//! Trips: `*_trips.tntp`, and CSV with the header origin,destination,trips.

use super::{Parts, TntpError, TntpErrorKind, amount, node};
use crate::assignment::Graph;

/// Relative difference between the header's total and the sum that is still rounding: the published tables print trips with two
/// decimals, and their totals differ from the sums by up to 1e-6.
const TOTAL_TOLERANCE: f64 = 1e-4;

/// Reads trips between the zones of a graph: (origin, destination, trips), zones counted from 0.
pub fn read_trips(text: &str, graph: &Graph) -> Result<Vec<(u32, u32, f64)>, TntpError> {
    let parts = Parts::split(text)?;
    let zones = parts.count("NUMBER OF ZONES")?.min(graph.extent().zones);
    let linked = Linked::of(graph);
    let mut entries = Vec::new();
    let mut origin = None;
    for (line, content) in &parts.body {
        if let Some(zone) = content.strip_prefix("Origin") {
            origin = Some(node(zone, "zone", zones, *line)?);
            continue;
        }
        let from = origin.ok_or_else(|| TntpErrorKind::NoOrigin.at(*line))?;
        for entry in content.split(';').map(str::trim).filter(|e| !e.is_empty()) {
            let halves = entry.split_once(':').filter(|h| !h.1.trim().is_empty());
            let (to, trips) = halves.ok_or_else(|| TntpErrorKind::BadEntry(entry.to_owned()).at(*line))?;
            let to = node(to, "zone", zones, *line)?;
            let trips = amount(trips, "trips", *line)?;
            linked.check(from, to, trips, *line)?;
            entries.push((from, to, trips));
        }
    }
    if entries.is_empty() {
        return Err(TntpErrorKind::NoTrips.at(parts.end));
    }
    check_total(&parts, &entries)?;
    Ok(entries)
}

/// Reads trips from CSV: a header `origin,destination,trips`, then rows with zones counted from 1.
pub fn read_csv(text: &str, graph: &Graph) -> Result<Vec<(u32, u32, f64)>, TntpError> {
    let zones = graph.extent().zones;
    let linked = Linked::of(graph);
    let mut lines = text.lines().enumerate().map(|(n, l)| (n + 1, l.trim()));
    let header = lines.next().map(|(_, l)| l.trim_start_matches('\u{feff}').replace(' ', "").to_lowercase());
    if header.as_deref() != Some("origin,destination,trips") {
        return Err(TntpErrorKind::BadCsvHeader.at(1));
    }
    let mut entries = Vec::new();
    for (line, content) in lines.filter(|(_, l)| !l.is_empty()) {
        let columns: Vec<&str> = content.split(',').collect();
        let [from, to, trips] = columns[..] else {
            return Err(TntpErrorKind::BadEntry(content.to_owned()).at(line));
        };
        let from = node(from, "zone", zones, line)?;
        let to = node(to, "zone", zones, line)?;
        let trips = amount(trips, "trips", line)?;
        linked.check(from, to, trips, line)?;
        entries.push((from, to, trips));
    }
    if entries.is_empty() { Err(TntpErrorKind::NoRows.at(1)) } else { Ok(entries) }
}

fn check_total(parts: &Parts, entries: &[(u32, u32, f64)]) -> Result<(), TntpError> {
    let Some((_, text, line)) = parts.header.iter().find(|h| h.0 == "TOTAL OD FLOW") else { return Ok(()) };
    let said = amount(text, "total", *line)?;
    let found: f64 = entries.iter().map(|e| e.2).sum();
    if (said - found).abs() > TOTAL_TOLERANCE * said.max(found) {
        return Err(TntpErrorKind::TotalDiffers { said, found }.at(parts.end));
    }
    Ok(())
}

/// Which zones have a link that leaves and one that enters.
struct Linked {
    leaves: Vec<bool>,
    enters: Vec<bool>,
}

impl Linked {
    fn of(graph: &Graph) -> Self {
        let zones = graph.extent().zones as usize;
        let mut linked = Self { leaves: vec![false; zones], enters: vec![false; zones] };
        for (tail, head) in graph.tail.iter().zip(&graph.head) {
            linked.leaves.iter_mut().skip(*tail as usize).take(1).for_each(|l| *l = true);
            linked.enters.iter_mut().skip(*head as usize).take(1).for_each(|e| *e = true);
        }
        linked
    }

    fn check(&self, from: u32, to: u32, trips: f64, line: usize) -> Result<(), TntpError> {
        let stranded = [(from, &self.leaves), (to, &self.enters)].into_iter().find(|(z, list)| !list[*z as usize]);
        match stranded {
            Some((zone, _)) if trips > 0.0 && from != to => Err(TntpErrorKind::ZoneWithoutLink(zone + 1).at(line)),
            _ => Ok(()),
        }
    }
}
