//! Select-link analysis: who drives over a link.

use rayon::prelude::*;

use super::{Equilibrium, Graph, bush::Bush};

/// Trips between two zones that use a link.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Use {
    pub class: usize,
    pub origin: u32,
    pub destination: u32,
    /// Vehicles.
    pub trips: f64,
}

/// Everybody who uses a link.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LinkUse {
    /// By class, origin, destination.
    pub pairs: Vec<Use>,
}

impl Equilibrium {
    /// The trips over a link. Within an origin's bush, trips through a node share the links into it alike (proportionality,
    /// Bar-Gera 2010), so that the answer is unique.
    pub fn select_link(&self, graph: &Graph, link: usize) -> LinkUse {
        let of = |bush: &Bush| -> Vec<Use> {
            let (class, origin) = (bush.class as usize, bush.origin);
            let pce = self.classes[class].pce;
            let shares = shares(bush, graph, link).into_iter();
            shares.map(|(destination, trips)| Use { class, origin, destination, trips: trips / pce }).collect()
        };
        LinkUse { pairs: self.bushes.par_iter().flat_map_iter(of).collect() }
    }
}

impl LinkUse {
    /// Vehicles by origin zone.
    pub fn by_origin(&self, zones: usize) -> Vec<f64> {
        let mut sums = vec![0.0; zones];
        self.pairs.iter().for_each(|u| sums[u.origin as usize] += u.trips);
        sums
    }

    /// Vehicles by destination zone.
    pub fn by_destination(&self, zones: usize) -> Vec<f64> {
        let mut sums = vec![0.0; zones];
        self.pairs.iter().for_each(|u| sums[u.destination as usize] += u.trips);
        sums
    }

    pub fn total(&self) -> f64 {
        self.pairs.iter().map(|u| u.trips).sum()
    }
}

/// Of those who come to each place of a bush: how many they are, and the share that has used a link on the way.
pub(crate) struct Passed {
    pub through: Vec<f64>,
    pub share: Vec<f64>,
}

impl Passed {
    /// `None` where nobody of the bush uses the link.
    pub fn of(bush: &Bush, graph: &Graph, link: usize) -> Option<Self> {
        let on_link = |p: usize| graph.link[bush.arc[p] as usize] as usize == link;
        if !(0..bush.arc.len()).any(|p| bush.flow[p] > 0.0 && on_link(p)) {
            return None;
        }
        let places = bush.vertices.len();
        let (mut through, mut share) = (vec![0.0; places], vec![0.0; places]);
        for place in 1..places {
            let mut used = 0.0;
            for p in bush.entering(place) {
                through[place] += bush.flow[p];
                used += bush.flow[p] * if on_link(p) { 1.0 } else { share[bush.tail[p] as usize] };
            }
            if used > 0.0 {
                share[place] = used / through[place];
            }
        }
        Some(Self { through, share })
    }
}

/// Cars by destination that used the link: the share of those who have used it, carried on along the bush.
fn shares(bush: &Bush, graph: &Graph, link: usize) -> Vec<(u32, f64)> {
    let Some(passed) = Passed::of(bush, graph, link) else { return Vec::new() };
    let mut used = Vec::new();
    for (vertex, share) in bush.vertices.iter().zip(passed.share).skip(1).filter(|(_, share)| *share > 0.0) {
        let demand = bush.demand.binary_search_by_key(vertex, |d| d.0);
        used.extend(demand.ok().map(|d| (bush.demand[d].0, bush.demand[d].1 * share)));
    }
    used.sort_unstable_by_key(|u| u.0);
    used
}
