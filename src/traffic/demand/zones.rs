//! Zones: cells of a grid with the links in them, and the gates at the map's edge as zones of their own.

use std::collections::BTreeMap;

use super::{gates::Gates, people::People};
use crate::network::Network;

/// Which weights of a zone's links a trip end is drawn by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Home,
    Work,
    Visit,
    Gate,
}

/// All zones: first the cells, then the gates.
#[derive(Default)]
pub struct Zones {
    pub centres: Vec<[f64; 2]>,
    /// Width of the cells, metre.
    pub cell_m: f64,
    links: Vec<Vec<u32>>,
    home: Vec<Vec<f32>>,
    work: Vec<Vec<f32>>,
    visit: Vec<Vec<f32>>,
    /// Entry and exit link of each gate, and its vehicles a day in and out.
    pub gates: Gates,
}

/// Finest cells, metre, and the most of them: trip tables grow with the square.
const FINEST_M: f64 = 400.0;
const MOST_ZONES: usize = 700;

impl Zones {
    pub fn build(network: &Network, people: &People, gates: &Gates) -> Self {
        let used: Vec<(u32, [f64; 2])> = (0..network.links.len() as u32)
            .filter(|l| {
                let l = *l as usize;
                people.home[l] + people.work[l] + people.visit[l] > 0.0
            })
            .map(|l| {
                let p = network.shapes.at(l, network.shapes.length(l) / 2.0, 0.0);
                (l, [f64::from(p.x), f64::from(p.y)])
            })
            .collect();
        let mut cell_m = FINEST_M;
        let cells = loop {
            let mut cells = BTreeMap::<(i64, i64), Vec<(u32, [f64; 2])>>::new();
            for (l, p) in &used {
                let key = ((p[0] / cell_m).floor() as i64, (p[1] / cell_m).floor() as i64);
                cells.entry(key).or_default().push((*l, *p));
            }
            if cells.len() <= MOST_ZONES {
                break cells;
            }
            cell_m *= std::f64::consts::SQRT_2;
        };
        let mut zones = Self { cell_m, gates: gates.clone(), ..Self::default() };
        for members in cells.into_values() {
            zones.push(&members, people);
        }
        zones
    }

    fn push(&mut self, members: &[(u32, [f64; 2])], people: &People) {
        let count = members.len() as f64;
        let sum = members.iter().fold([0.0, 0.0], |s, (_, p)| [s[0] + p[0], s[1] + p[1]]);
        self.centres.push([sum[0] / count, sum[1] / count]);
        let cumulative = |weights: &[f32]| running_sum(members.iter().map(|(l, _)| weights[*l as usize]));
        self.home.push(cumulative(&people.home));
        self.work.push(cumulative(&people.work));
        self.visit.push(cumulative(&people.visit));
        self.links.push(members.iter().map(|(l, _)| *l).collect());
    }

    /// Cells in use.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    fn weights(&self, zone: usize, side: Side) -> &[f32] {
        match side {
            Side::Home => &self.home[zone],
            Side::Work => &self.work[zone],
            Side::Visit | Side::Gate => &self.visit[zone],
        }
    }

    /// Total weight of a cell.
    pub fn weight(&self, zone: usize, side: Side) -> f64 {
        self.weights(zone, side).last().map_or(0.0, |w| f64::from(*w))
    }

    /// The link at a share `u` (0…1) of a cell's weight.
    pub fn link(&self, zone: usize, side: Side, u: f32) -> Option<u32> {
        let i = pick(self.weights(zone, side), u)?;
        self.links[zone].get(i).copied()
    }

    /// The links of the zone whose centre lies nearest to a place, and then of all others by distance.
    pub fn links_near(&self, at: [f64; 2]) -> impl Iterator<Item = u32> + '_ {
        let distance2 = |z: &usize| (self.centres[*z][0] - at[0]).powi(2) + (self.centres[*z][1] - at[1]).powi(2);
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| distance2(a).total_cmp(&distance2(b)));
        order.into_iter().flat_map(|z| self.links[z].iter().copied())
    }
}

/// Cumulative sums.
pub fn running_sum(weights: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut total = 0.0_f64;
    weights
        .map(|w| {
            total += f64::from(w);
            total as f32
        })
        .collect()
}

/// The entry at a share `u` of the last cumulative weight; `None` where that is 0.
pub fn pick(cumulative: &[f32], u: f32) -> Option<usize> {
    let total = *cumulative.last()?;
    if total <= 0.0 {
        return None;
    }
    let target = u * total;
    let i = cumulative.partition_point(|w| *w <= target);
    // Rounding may lead past the end: back to the last entry with weight.
    if i < cumulative.len() { Some(i) } else { cumulative.iter().position(|w| *w >= total) }
}
