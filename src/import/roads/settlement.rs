//! Where the map shows a built-up area, for the roads whose tags do not say which limit holds.

use std::collections::HashMap;

use citytwin_model::{Anchor, Coord};

use crate::raw::{ABSENT, RawMap};

/// Side of a cell, metre.
const CELL_M: f64 = 250.0;
/// Weight of a mapped street with housing: some maps hold streets before buildings.
const STREET: u32 = 3;
/// Built-up from this weight on in the 750 m square around a place: 12 buildings or four streets. Chosen by
/// eye on the edges of Porto and Porto Alegre; no law counts houses.
const BUILT_UP: u32 = 12;

/// Buildings and streets with housing per cell.
pub struct Settlement(HashMap<(i32, i32), u32>);

impl Settlement {
    /// Counts what the map holds.
    pub fn of(raw: &RawMap, anchor: &Anchor) -> Self {
        let mut cells = HashMap::new();
        for way in raw.ways() {
            let weight = match way.tags.get("highway") {
                Some("residential" | "living_street") => STREET,
                Some(_) => continue,
                None if way.tags.get("building").is_some() => 1,
                None => continue,
            };
            if let Some(first) = way.positions().iter().find(|position| **position != ABSENT) {
                *cells.entry(cell(anchor.enu(raw.place(*first)))).or_default() += weight;
            }
        }
        Self(cells)
    }

    /// Whether a place lies in a built-up area.
    pub fn built_up(&self, at: Coord<f64>) -> bool {
        let (x, y) = cell(at);
        let around = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)));
        around.filter_map(|cell| self.0.get(&cell)).sum::<u32>() >= BUILT_UP
    }
}

fn cell(at: Coord<f64>) -> (i32, i32) {
    ((at.x / CELL_M).floor() as i32, (at.y / CELL_M).floor() as i32)
}
