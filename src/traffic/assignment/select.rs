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

/// Cars by destination that used the link: the share of those who have used it, carried on along the bush.
fn shares(bush: &Bush, graph: &Graph, link: usize) -> Vec<(u32, f64)> {
    let on_link = |p: usize| graph.link[bush.arc[p] as usize] as usize == link;
    if !(0..bush.arc.len()).any(|p| bush.flow[p] > 0.0 && on_link(p)) {
        return Vec::new();
    }
    let mut share = vec![0.0; bush.vertices.len()];
    let mut used = Vec::new();
    for place in 1..bush.vertices.len() {
        let (mut all, mut of_link) = (0.0, 0.0);
        for p in bush.entering(place) {
            all += bush.flow[p];
            of_link += bush.flow[p] * if on_link(p) { 1.0 } else { share[bush.tail[p] as usize] };
        }
        if of_link > 0.0 {
            share[place] = of_link / all;
            let demand = bush.demand.binary_search_by_key(&bush.vertices[place], |d| d.0);
            used.extend(demand.ok().map(|d| (bush.demand[d].0, bush.demand[d].1 * share[place])));
        }
    }
    used.sort_unstable_by_key(|u| u.0);
    used
}
