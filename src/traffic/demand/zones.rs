//! Zones: cells of a grid with the links in them, and the gates at the map's edge as zones of their own.

use std::collections::BTreeMap;

use super::{
    gates::Gates,
    inputs::ZoneTable,
    people::{People, is_door},
    purpose::{JOB_KINDS, Purpose},
};
use crate::network::Network;

/// Which weights of a zone's links a trip end is drawn by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    Home,
    At(Purpose),
    Gate,
}

/// All zones: the cells of the grid, or the rows of the city's own table.
#[derive(Default)]
pub struct Zones {
    pub names: Vec<String>,
    pub centres: Vec<[f64; 2]>,
    pub residents: Vec<f64>,
    /// By kind of job.
    pub jobs: Vec<[f64; JOB_KINDS]>,
    /// Width of the cells, or the root of the mean area of the table's zones, metre.
    pub cell_m: f64,
    links: Vec<Vec<u32>>,
    /// Cumulative weights of a zone's links: homes, then the attraction of each purpose.
    weights: Vec<[Vec<f32>; 1 + Purpose::ALL.len()]>,
    pub gates: Gates,
    /// Where the gates' links lie.
    pub gate_places: BTreeMap<u32, [f64; 2]>,
}

/// Finest cells, metre, and the most of them: trip tables grow with the square.
const FINEST_M: f64 = 400.0;
const MOST_ZONES: usize = 600;

/// A table of zones, and the kinds of jobs where neither it nor the map tells.
pub struct TableInput<'a> {
    pub zones: &'a ZoneTable,
    pub mix: &'a [f64; JOB_KINDS],
}

/// A link with the middle of it.
type Placed = (u32, [f64; 2]);

impl Zones {
    /// Cells with people or jobs in them.
    pub fn build(network: &Network, people: &People, gates: &Gates) -> Self {
        let used = placed(network, |l| people.home[l] > 0.0 || people.jobs.iter().any(|jobs| jobs[l] > 0.0));
        let mut cell_m = FINEST_M;
        let cells = loop {
            let mut cells = BTreeMap::<(i64, i64), Vec<Placed>>::new();
            for (l, p) in &used {
                let key = ((p[0] / cell_m).floor() as i64, (p[1] / cell_m).floor() as i64);
                cells.entry(key).or_default().push((*l, *p));
            }
            if cells.len() <= MOST_ZONES {
                break cells;
            }
            cell_m *= std::f64::consts::SQRT_2;
        };
        let mut zones = Self { cell_m, ..Self::at_gates(network, gates) };
        for ((x, y), members) in cells {
            zones.push(format!("{x}:{y}"), None, &members, people);
        }
        zones
    }

    /// The zones of a table: each street belongs to the nearest, and a zone's people and jobs are the table's. Returns
    /// with them the names of zones that no street is nearest to; their people are missing from the model.
    pub fn from_table(
        network: &Network,
        people: &mut People,
        gates: &Gates,
        table: &TableInput<'_>,
    ) -> (Self, Vec<String>) {
        let (table, mix) = (table.zones, table.mix);
        let mut members = vec![Vec::<Placed>::new(); table.zones.len()];
        for (l, p) in placed(network, |l| is_door(&network.links[l])) {
            let distance2 = |z: usize| {
                let at = table.zones[z].at;
                (at.x - p[0]).powi(2) + (at.y - p[1]).powi(2)
            };
            if let Some(z) = (0..table.zones.len()).min_by(|a, b| distance2(*a).total_cmp(&distance2(*b))) {
                members[z].push((l, p));
            }
        }
        let spread = members.iter().flatten().fold([f64::MAX, f64::MIN, f64::MAX, f64::MIN], |b, (_, p)| {
            [b[0].min(p[0]), b[1].max(p[0]), b[2].min(p[1]), b[3].max(p[1])]
        });
        let area_m2 = ((spread[1] - spread[0]) * (spread[3] - spread[2])).max(0.0);
        let cell_m = (area_m2 / table.zones.len().max(1) as f64).sqrt().max(1.0);
        let mut zones = Self { cell_m, ..Self::at_gates(network, gates) };
        let mut without = Vec::new();
        (people.residents, people.job_count) = (0.0, 0.0);
        for (zone, members) in table.zones.iter().zip(&members) {
            if members.is_empty() {
                without.push(zone.name.clone());
                continue;
            }
            zone.put(members, people, mix);
            people.residents += zone.residents;
            people.job_count += zone.jobs;
            zones.push(zone.name.clone(), Some([zone.at.x, zone.at.y]), members, people);
        }
        (zones, without)
    }

    fn at_gates(network: &Network, gates: &Gates) -> Self {
        let places = gates.entries.iter().chain(&gates.exits).map(|gate| {
            let p = network.shapes.at(gate.link, network.shapes.length(gate.link) / 2.0, 0.0);
            (gate.link, [f64::from(p.x), f64::from(p.y)])
        });
        Self { gates: gates.clone(), gate_places: places.collect(), ..Self::default() }
    }

    fn push(&mut self, name: String, centre: Option<[f64; 2]>, members: &[Placed], people: &People) {
        let count = members.len() as f64;
        let sum = members.iter().fold([0.0, 0.0], |s, (_, p)| [s[0] + p[0], s[1] + p[1]]);
        self.names.push(name);
        self.centres.push(centre.unwrap_or([sum[0] / count, sum[1] / count]));
        let home = |l: u32| f64::from(people.home[l as usize]);
        self.residents.push(members.iter().map(|(l, _)| home(*l)).sum());
        let jobs = members.iter().map(|(l, _)| people.jobs_at(*l as usize));
        self.jobs.push(jobs.fold([0.0; JOB_KINDS], |sum, jobs| std::array::from_fn(|k| sum[k] + jobs[k])));
        self.weights.push(std::array::from_fn(|side| {
            running_sum(members.iter().map(|(l, _)| match side.checked_sub(1) {
                None => people.home[*l as usize],
                Some(p) => Purpose::ALL[p].rates().attraction(home(*l), &people.jobs_at(*l as usize)) as f32,
            }))
        }));
        self.links.push(members.iter().map(|(l, _)| *l).collect());
    }

    /// Zones in use.
    pub fn len(&self) -> usize {
        self.links.len()
    }

    fn weights(&self, zone: usize, side: Side) -> &[f32] {
        match side {
            Side::Home => &self.weights[zone][0],
            Side::At(purpose) => &self.weights[zone][1 + purpose as usize],
            Side::Gate => &[],
        }
    }

    /// Pull of a zone.
    pub fn attraction(&self, zone: usize, purpose: Purpose) -> f64 {
        purpose.rates().attraction(self.residents[zone], &self.jobs[zone])
    }

    /// The link at a share `u` (0…1) of a zone's weight.
    pub fn link(&self, zone: usize, side: Side, u: f32) -> Option<u32> {
        let i = pick(self.weights(zone, side), u)?;
        self.links[zone].get(i).copied()
    }

    /// Shares of a zone's trips that start or end on each of its links.
    pub fn link_shares(&self, zone: usize, side: Side) -> impl Iterator<Item = (u32, f64)> + '_ {
        let weights = self.weights(zone, side);
        let total = f64::from(weights.last().copied().unwrap_or_default());
        let before = std::iter::once(0.0).chain(weights.iter().map(|w| f64::from(*w)));
        let shares = before.zip(weights).map(move |(b, w)| if total > 0.0 { (f64::from(*w) - b) / total } else { 0.0 });
        self.links[zone].iter().copied().zip(shares)
    }

    /// The links of the zone whose centre lies nearest to a place, and then of all others by distance.
    pub fn links_near(&self, at: [f64; 2]) -> impl Iterator<Item = u32> + '_ {
        let distance2 = |z: &usize| (self.centres[*z][0] - at[0]).powi(2) + (self.centres[*z][1] - at[1]).powi(2);
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| distance2(a).total_cmp(&distance2(b)));
        order.into_iter().flat_map(|z| self.links[z].iter().copied())
    }
}

fn placed(network: &Network, keep: impl Fn(usize) -> bool) -> Vec<Placed> {
    (0..network.links.len() as u32)
        .filter(|l| keep(*l as usize))
        .map(|l| {
            let p = network.shapes.at(l, network.shapes.length(l) / 2.0, 0.0);
            (l, [f64::from(p.x), f64::from(p.y)])
        })
        .collect()
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
