//! Pieces of streets by square cells, searched ring by ring about a place. Only what lies near places is kept, so that
//! streets without buildings cost nothing.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use citytwin_model::Coord;

/// Rings of cells within reach: most places find their street in the first two.
const RINGS: i64 = 4;

/// A hash of the few words of a cell or a point: numbers of a map, not of an adversary.
#[derive(Clone, Copy, Default, Debug)]
pub struct Words(u64);

impl Hasher for Words {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }

    fn write_i64(&mut self, word: i64) {
        self.write_u64(word as u64);
    }
}

/// A map whose order nobody sees.
pub type Lookup<K, V> = HashMap<K, V, BuildHasherDefault<Words>>;

/// A piece of street: the course it is of, and which of its segments.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub course: u32,
    pub index: u32,
    pub ends: [Coord<f64>; 2],
}

/// Segments by cell.
pub struct Segments {
    width_m: f64,
    cells: Lookup<(i64, i64), u32>,
    first: Vec<u32>,
    segments: Vec<Segment>,
}

impl Segments {
    /// Those that may lie within reach of a place.
    pub fn new(segments: impl Iterator<Item = Segment>, places: &[Coord<f64>], reach_m: f64) -> Self {
        let mut near: Lookup<(i64, i64), ()> = Lookup::default();
        for &place in places {
            let middle = cell(place, reach_m);
            near.extend((0..=1).flat_map(|ring| around(middle, ring)).map(|cell| (cell, ())));
        }
        let width_m = reach_m / f64::from(RINGS as u32);
        let mut cells: Lookup<(i64, i64), u32> = Lookup::default();
        let mut pairs: Vec<(u32, Segment)> = Vec::new();
        for segment in segments {
            for place in touched(&segment, width_m) {
                if near.contains_key(&(place.0.div_euclid(RINGS), place.1.div_euclid(RINGS))) {
                    let next = cells.len() as u32;
                    pairs.push((*cells.entry(place).or_insert(next), segment));
                }
            }
        }
        let mut first = vec![0_u32; cells.len() + 1];
        pairs.iter().for_each(|(cell, _)| first[*cell as usize + 1] += 1);
        for cell in 0..cells.len() {
            first[cell + 1] += first[cell];
        }
        // Stable: segments stay in their order within a cell.
        pairs.sort_by_key(|(cell, _)| *cell);
        Self { width_m, cells, first, segments: pairs.into_iter().map(|(_, segment)| segment).collect() }
    }

    /// The segment nearest to a place within reach, the first of equals, and the nearest point's share along it.
    pub fn nearest(&self, place: Coord<f64>) -> Option<(Segment, f64)> {
        let mut best: Option<(f64, Segment, f64)> = None;
        let middle = cell(place, self.width_m);
        for ring in 0..=RINGS {
            // What stands in no cell up to here is farther than all rings but the place's own cell.
            let seen_m = self.width_m * (ring - 1).max(0) as f64;
            if best.as_ref().is_some_and(|(square, ..)| *square < seen_m * seen_m) {
                break;
            }
            for cell in around(middle, ring) {
                let Some(&index) = self.cells.get(&cell) else { continue };
                let own = self.first[index as usize] as usize..self.first[index as usize + 1] as usize;
                for segment in &self.segments[own] {
                    let (square, share) = away(segment, place);
                    let nearer = |(known, of, _): &(f64, Segment, f64)| {
                        square
                            .total_cmp(known)
                            .then((segment.course, segment.index).cmp(&(of.course, of.index)))
                            .is_lt()
                    };
                    if best.as_ref().is_none_or(nearer) {
                        best = Some((square, *segment, share));
                    }
                }
            }
        }
        let reach_m = self.width_m * RINGS as f64;
        best.filter(|(square, ..)| *square <= reach_m * reach_m).map(|(_, segment, share)| (segment, share))
    }
}

/// Cells that a segment passes: column by column, those between its heights at the column's sides.
fn touched(segment: &Segment, width_m: f64) -> impl Iterator<Item = (i64, i64)> {
    let [a, b] = segment.ends;
    let (a, b) = if a.x <= b.x { (a, b) } else { (b, a) };
    let height = move |x: f64| {
        let share = if b.x > a.x { ((x - a.x) / (b.x - a.x)).clamp(0.0, 1.0) } else { 0.0 };
        a.y + share * (b.y - a.y)
    };
    let (left, right) = (cell(a, width_m).0, cell(b, width_m).0);
    (left..=right).flat_map(move |column| {
        let from = if column == left { a.y } else { height(column as f64 * width_m) };
        let to = if column == right { b.y } else { height((column + 1) as f64 * width_m) };
        // A hair more, so that rounding loses no cell.
        let (low, high) = (from.min(to) - 1e-6, from.max(to) + 1e-6);
        let row = move |y: f64| (y / width_m).floor() as i64;
        (row(low)..=row(high)).map(move |row| (column, row))
    })
}

fn cell(at: Coord<f64>, width_m: f64) -> (i64, i64) {
    ((at.x / width_m).floor() as i64, (at.y / width_m).floor() as i64)
}

/// The cells of a square ring about a middle; ring 0 is the middle itself.
fn around((x, y): (i64, i64), ring: i64) -> impl Iterator<Item = (i64, i64)> {
    (-ring..=ring).flat_map(move |dx| {
        let step = if dx.abs() == ring { 1 } else { (2 * ring).max(1) };
        (-ring..=ring).step_by(step as usize).map(move |dy| (x.saturating_add(dx), y.saturating_add(dy)))
    })
}

/// Square of the distance from a segment, m², and the share along it of its nearest point.
fn away(segment: &Segment, place: Coord<f64>) -> (f64, f64) {
    let [a, b] = segment.ends;
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let square = dx * dx + dy * dy;
    let along = (place.x - a.x) * dx + (place.y - a.y) * dy;
    let share = if square > 0.0 { (along / square).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (a.x + share * dx - place.x, a.y + share * dy - place.y);
    (x * x + y * y, share)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against looking at every segment, over a thousand places and lines that cross many cells.
    #[test]
    fn nothing_nearer_is_missed() {
        let at = |seed: u64| {
            let word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            Coord { x: (word % 4999) as f64 / 2.0 - 700.0, y: ((word >> 20) % 4801) as f64 / 2.0 - 900.0 }
        };
        let segments: Vec<Segment> = (0..150)
            .map(|index| Segment { course: index, index: 0, ends: [at(u64::from(index)), at(u64::from(index) + 7000)] })
            .collect();
        let places: Vec<Coord<f64>> = (1000..2000).map(at).collect();
        let index = Segments::new(segments.iter().copied(), &places, 60.0);
        let mut found = 0;
        for &place in &places {
            let by_hand = segments.iter().map(|segment| (away(segment, place).0, segment.course));
            let by_hand = by_hand.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(square, _)| *square <= 3600.0);
            assert_eq!(index.nearest(place).map(|(segment, _)| segment.course), by_hand.map(|(_, course)| course));
            found += usize::from(by_hand.is_some());
        }
        assert!((200..1000).contains(&found), "{found}");
    }
}
