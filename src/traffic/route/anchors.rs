//! Lower bounds of travel time: free-flow times from every link to anchors spread over the map.

use std::{cmp::Reverse, collections::BTreeMap, collections::BinaryHeap};

use rayon::prelude::*;

use crate::network::{LinkInfo, NONE, Shapes, Turns};

/// Free-flow times to anchors, and the anchor that serves each destination.
pub struct Anchors {
    links: usize,
    anchor_of: Vec<u32>,
    /// Anchor-major, in [`UNIT_S`], rounded down; [`FAR`] where no way leads.
    time: Vec<u16>,
}

/// Bounds to one destination.
pub struct Bound<'a> {
    time: &'a [u16],
    /// Free-flow time from the destination on to its anchor, rounded up.
    rest: u16,
}

const UNIT_S: f32 = 0.25;
const FAR: u16 = u16::MAX;
/// Longest time kept; what is longer is bounded by it.
const LONGEST: u16 = FAR - 1;
/// Memory that all bounds together may take, bytes.
const BUDGET_BYTES: usize = 64 << 20;
const MOST_ANCHORS: usize = 160;
/// Work that building them may take, links × anchors (about 0.2 µs each).
const BUDGET_WORK: usize = 4_000_000;
const FEWEST_ANCHORS: usize = 16;
/// One-way exits of the map that get an anchor of their own.
const MOST_EXITS: usize = 64;

impl Anchors {
    pub fn build(links: &[LinkInfo], turns: &Turns, shapes: &Shapes) -> Self {
        let places: Vec<[f32; 2]> = (0..links.len() as u32)
            .map(|l| {
                let p = shapes.at(l, shapes.length(l) / 2.0, 0.0);
                [p.x, p.y]
            })
            .collect();
        let count = links.len().max(1);
        let most = (BUDGET_BYTES / (2 * count)).min(BUDGET_WORK / count).clamp(FEWEST_ANCHORS, MOST_ANCHORS);
        let mut chosen = spread(links, &places, most);
        let exit = |l: &usize| {
            links[*l].usable && links[*l].reached_from_core && turns.of(*l as u32).all(|t| turns.list[t].last_resort)
        };
        chosen.extend((0..links.len()).filter(exit).take(MOST_EXITS).map(|l| l as u32));
        let tree = rstar::RTree::bulk_load(
            (0..chosen.len())
                .map(|a| rstar::primitives::GeomWithData::new(places[chosen[a] as usize], a as u32))
                .collect(),
        );
        let mut anchor_of: Vec<u32> =
            places.iter().map(|p| tree.nearest_neighbor(p).map_or(NONE, |found| found.data)).collect();
        for (a, link) in chosen.iter().enumerate() {
            anchor_of[*link as usize] = a as u32;
        }
        let tables: Vec<Vec<u16>> = chosen.par_iter().map(|anchor| times_to(*anchor, links, turns)).collect();
        Self { links: links.len(), anchor_of, time: tables.concat() }
    }

    /// Bounds of the time from the end of any link to the end of `to`.
    pub fn bound_to(&self, to: u32) -> Bound<'_> {
        let anchor = self.anchor_of[to as usize];
        if anchor == NONE {
            return Bound { time: &[], rest: 0 };
        }
        let time = &self.time[anchor as usize * self.links..][..self.links];
        match time[to as usize] {
            // The destination cannot reach its anchor: nothing is known.
            FAR => Bound { time: &[], rest: 0 },
            rest => Bound { time, rest: rest.saturating_add(1) },
        }
    }
}

impl Bound<'_> {
    /// At least so many seconds from the end of `link`; `None` where the destination cannot be reached.
    pub fn from(&self, link: u32) -> Option<f32> {
        match self.time.get(link as usize) {
            Some(&FAR) => None,
            Some(time) => Some(f32::from(time.saturating_sub(self.rest)) * UNIT_S),
            None => Some(0.0),
        }
    }
}

/// The links nearest to the middle of grid cells, for the finest grid that has at most `most` cells in use.
fn spread(links: &[LinkInfo], places: &[[f32; 2]], most: usize) -> Vec<u32> {
    let core: Vec<u32> = (0..links.len() as u32).filter(|l| links[*l as usize].core).collect();
    let mut cell_m = 400.0;
    loop {
        let key = |p: [f32; 2]| ((p[0] / cell_m).floor() as i32, (p[1] / cell_m).floor() as i32);
        let mut cells = BTreeMap::<(i32, i32), (f32, u32)>::new();
        for l in &core {
            let p = places[*l as usize];
            let (cx, cy) = key(p);
            let (dx, dy) = (p[0] - (cx as f32 + 0.5) * cell_m, p[1] - (cy as f32 + 0.5) * cell_m);
            let here = (dx.hypot(dy), *l);
            let best = cells.entry((cx, cy)).or_insert(here);
            if here.0 < best.0 {
                *best = here;
            }
        }
        if cells.len() <= most {
            return cells.into_values().map(|(_, l)| l).collect();
        }
        cell_m *= std::f32::consts::SQRT_2;
    }
}

/// Free-flow times from the end of every link to the end of `anchor` (Dijkstra backwards).
fn times_to(anchor: u32, links: &[LinkInfo], turns: &Turns) -> Vec<u16> {
    let mut cost = vec![f32::INFINITY; links.len()];
    let mut open = BinaryHeap::from([Reverse((0_u32, anchor))]);
    cost[anchor as usize] = 0.0;
    while let Some(Reverse((bits, link))) = open.pop() {
        let here = f32::from_bits(bits);
        if here > cost[link as usize] {
            continue;
        }
        let onto = here + links[link as usize].base_cost;
        for t in turns.entering(link) {
            let turn = &turns.list[*t as usize];
            if turn.last_resort {
                continue;
            }
            let reached = onto + turn.cost;
            if reached < cost[turn.from as usize] {
                cost[turn.from as usize] = reached;
                open.push(Reverse((reached.to_bits(), turn.from)));
            }
        }
    }
    let packed = |c: f32| if c.is_finite() { ((c / UNIT_S) as u32).min(u32::from(LONGEST)) as u16 } else { FAR };
    cost.into_iter().map(packed).collect()
}
