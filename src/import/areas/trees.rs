//! Trees: single ones, and rows planted along a line.

use citytwin_model::{Anchor, City, Coord, Known, Problem, ProblemKind, SourceRef, Tree, TreeId};

use super::water::present_runs;
use crate::{
    measure,
    multipolygon::local,
    raw::{RawMap, RawTags},
};

/// Spacing of street trees in a row, metre: within the 7–10 m that cities plant most species at.
const ROW_SPACING_M: f64 = 8.0;
/// Trees of all rows of a map together: no city has a tenth of them. Those of later rows are left out.
const MAX_IN_ROWS: usize = 2_000_000;
/// Nothing grows higher, metre: the tallest known tree (Hyperion) has 116.
const MAX_TREE_M: f64 = 120.0;

/// Adds single trees (`node/…`), then those of rows (`way/…`).
pub(super) fn read(raw: &RawMap, anchor: &Anchor, city: &mut City) {
    for node in raw.tagged_nodes().filter(|node| node.tags.is("natural", "tree")) {
        let source = SourceRef::Node(node.id);
        match local(node.place, anchor) {
            Some(at) => {
                let size = Size::read(node.tags, &source, at, &mut city.problems);
                plant(city, source, at, &size, node.id as u64);
            }
            None => {
                let what = "a tree far outside the city; left out".to_owned();
                city.problems.push(Problem { source, kind: ProblemKind::Geometry, what, at: None });
            }
        }
    }
    let mut in_rows = 0;
    for way in raw.ways().filter(|way| way.tags.is("natural", "tree_row")) {
        let (runs, problems) = present_runs(&way, anchor);
        city.problems.extend(problems);
        let row = plan(&runs, MAX_IN_ROWS - in_rows);
        let source = SourceRef::Way(way.id);
        let Some(row) = row else {
            let (kind, at) = (ProblemKind::Geometry, runs.first().map(|run| run[0]));
            let what = "the map's rows hold more trees than a city has; left out".to_owned();
            city.problems.push(Problem { source, kind, what, at });
            continue;
        };
        in_rows += row.len();
        let Some(first) = row.first() else { continue };
        let size = Size::read(way.tags, &source, *first, &mut city.problems);
        for (number, at) in row.into_iter().enumerate() {
            plant(city, source.clone(), at, &size, (way.id as u64).wrapping_add(number as u64));
        }
    }
}

/// The places of a row's trees; `None` where they are more than `most`.
fn plan(runs: &[Vec<Coord<f64>>], most: usize) -> Option<Vec<Coord<f64>>> {
    let mut row = Vec::new();
    for run in runs {
        row.extend(along(run));
        if row.len() > most {
            return None;
        }
    }
    Some(row)
}

/// What the tags tell of a tree, metre.
struct Size {
    height: Option<f32>,
    crown: Option<f32>,
    conifer: bool,
}

impl Size {
    fn read(tags: RawTags<'_>, source: &SourceRef, at: Coord<f64>, problems: &mut Vec<Problem>) -> Self {
        let mut size = |key: &str| {
            let text = tags.get(key)?;
            let read = measure::length_m(text).filter(|value| *value > 0.0 && *value <= MAX_TREE_M);
            if read.is_none() {
                let what = format!("{key}={text} cannot be read; ignored");
                problems.push(Problem { source: source.clone(), kind: ProblemKind::TagValue, what, at: Some(at) });
            }
            read.map(|value| value as f32)
        };
        Self { height: size("height"), crown: size("diameter_crown"), conifer: is_conifer(tags) }
    }
}

fn plant(city: &mut City, source: SourceRef, at: Coord<f64>, size: &Size, seed: u64) {
    let conifer = size.conifer;
    let height_m = match size.height {
        Some(height) => Known::stated(height),
        None => Known::inferred(7.0 + 5.0 * part(seed), "tree without height: 7–12 m by map id"),
    };
    let crown_diameter_m = match (size.crown, conifer) {
        (Some(crown), _) => Known::stated(crown),
        (None, true) => Known::inferred(0.4 * height_m.value, "conifer without crown: 0.4 × height"),
        (None, false) => Known::inferred(0.65 * height_m.value, "tree without crown: 0.65 × height"),
    };
    let id = TreeId::from_index(city.trees.len());
    city.trees.push(Tree { id, source, at, height_m, crown_diameter_m, conifer });
}

fn is_conifer(tags: RawTags<'_>) -> bool {
    const GENERA: [&str; 14] = [
        "Pinus",
        "Picea",
        "Abies",
        "Larix",
        "Cupressus",
        "Cedrus",
        "Taxus",
        "Juniperus",
        "Thuja",
        "Sequoia",
        "Tsuga",
        "Pseudotsuga",
        "Metasequoia",
        "Chamaecyparis",
    ];
    let named = ["genus", "species"].iter().filter_map(|key| tags.get(key)).any(|name| {
        name.split_whitespace().next().is_some_and(|genus| GENERA.iter().any(|known| known.eq_ignore_ascii_case(genus)))
    });
    named || matches!(tags.get("leaf_type"), Some("needleleaved")) || tags.is("wood", "coniferous")
}

/// A value in 0…1 that a seed always gives (Knuth's multiplicative hash: 2⁶⁴ over the golden ratio).
fn part(seed: u64) -> f32 {
    (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f32 / (1_u32 << 24) as f32
}

/// Evenly spaced places along the line, both ends included.
fn along(line: &[Coord<f64>]) -> Vec<Coord<f64>> {
    let length = |pair: &[Coord<f64>]| (pair[1].x - pair[0].x).hypot(pair[1].y - pair[0].y);
    let total: f64 = line.windows(2).map(length).sum();
    let gaps = (total / ROW_SPACING_M).round().clamp(1.0, 10_000.0);
    let mut places = Vec::with_capacity(gaps as usize + 1);
    let mut passed = 0.0;
    for pair in line.windows(2) {
        let side = length(pair);
        while places.len() as f64 * total / gaps <= passed + side && (places.len() as f64) < gaps {
            let t = (places.len() as f64 * total / gaps - passed) / side;
            places.push(pair[0] + (pair[1] - pair[0]) * t);
        }
        passed += side;
    }
    places.extend(line.last());
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_even() {
        let line = [Coord { x: 0.0, y: 0.0 }, Coord { x: 10.0, y: 0.0 }, Coord { x: 10.0, y: 14.0 }];
        let places = along(&line);
        assert_eq!(places.len(), 4);
        assert_eq!((places[0], places[3]), (line[0], line[2]));
        assert!((places[2].x - 10.0).abs() < 1e-12 && (places[2].y - 6.0).abs() < 1e-12, "{places:?}");
    }
}
