//! The flow bundle of a link: every street's share of the traffic that uses that link, before it and after it.

use rayon::prelude::*;

use super::{Equilibrium, Graph, bush::Bush, select::Passed};

impl Equilibrium {
    /// Cars per link of the trips that use `link`; entry `link` is its whole flow. Within an origin's bush those who
    /// come to a node leave it alike (proportionality, Bar-Gera 2010), as in [`Equilibrium::select_link`].
    pub fn bundle(&self, graph: &Graph, link: usize) -> Vec<f64> {
        let parts: Vec<Vec<(u32, f64)>> =
            self.bushes.par_iter().map(|bush| of_bush(bush, graph, link)).filter(|part| !part.is_empty()).collect();
        let mut flows = vec![0.0; graph.links.len()];
        for (l, flow) in parts.into_iter().flatten() {
            flows[l as usize] += flow;
        }
        flows
    }

    /// The same equilibrium with all trips times a factor, as a start for [`Equilibrium::resume`]: every way keeps its
    /// share. Nothing happens for a factor that is not above zero.
    pub fn scale(&mut self, factor: f64) {
        if !(factor > 0.0 && factor.is_finite()) {
            return;
        }
        for bush in &mut self.bushes {
            bush.flow.iter_mut().for_each(|flow| *flow *= factor);
            bush.demand.iter_mut().chain(&mut bush.lost).for_each(|(_, trips)| *trips *= factor);
        }
    }
}

/// (link, cars) of one origin's trips that use the link.
fn of_bush(bush: &Bush, graph: &Graph, link: usize) -> Vec<(u32, f64)> {
    let on_link = |p: usize| graph.link[bush.arc[p] as usize] as usize == link;
    let Some(Passed { mut through, share: before }) = Passed::of(bush, graph, link) else { return Vec::new() };
    let places = bush.vertices.len();
    // Share of those at a place who still will use the link.
    let mut after = vec![0.0; places];
    through[0] = bush.demand.iter().map(|(_, trips)| trips).sum();
    for place in (1..places).rev() {
        for p in bush.entering(place) {
            let tail = bush.tail[p] as usize;
            let will = if on_link(p) { 1.0 } else { after[place] };
            if will > 0.0 && through[tail] > 0.0 {
                after[tail] += will * bush.flow[p] / through[tail];
            }
        }
    }
    let mut flows = Vec::new();
    for (place, later) in after.iter().enumerate().skip(1) {
        for p in bush.entering(place).filter(|p| bush.flow[*p] > 0.0) {
            let l = graph.link[bush.arc[p] as usize];
            let share = if on_link(p) { 1.0 } else { before[bush.tail[p] as usize] + later };
            if share > 0.0 && (l as usize) < graph.links.len() {
                flows.push((l, bush.flow[p] * share));
            }
        }
    }
    flows
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::super::{Extent, Link, Options, Trips, UserClass, solve};
    use super::*;

    fn link(from: u32, to: u32) -> Link {
        Link { from, to, free_time: 1.0, capacity: 10.0, b: 0.15, power: 4.0, ..Link::default() }
    }

    /// Two origins share a bridge; one of them has a way around it: 0 → 4, 1 → 4 over 2 → 3, and 0 → 4 direct.
    #[test]
    fn a_bundle_holds_what_is_before_and_after_the_link() {
        let links = vec![link(0, 2), link(1, 2), link(2, 3), link(3, 4), Link { free_time: 3.0, ..link(0, 4) }];
        let extent = Extent { vertices: 5, zones: 5, first_through: 0 };
        let graph = Graph::new(extent, links).unwrap();
        let trips = Trips::of(5, UserClass::default(), &[(0, 4, 12.0), (1, 4, 6.0), (0, 3, 2.0)]).unwrap();
        let options = Options { gap: 1e-12, most_iterations: 100 };
        let mut found = solve(&graph, &trips, &options, |_| ControlFlow::Continue(())).unwrap();
        let bundle = found.bundle(&graph, 2);
        assert!((bundle[2] - found.flow(2)).abs() < 1e-9);
        assert!((bundle[0] + bundle[1] - bundle[2]).abs() < 1e-9, "all came over one of the two: {bundle:?}");
        assert!((bundle[2] - 2.0 - bundle[3]).abs() < 1e-9, "two end at 3: {bundle:?}");
        assert!(bundle[4].abs() < 1e-12 && found.flow(4) > 0.1, "the way around is used, not by these: {bundle:?}");
        // Half the trips, as if they had always been half.
        found.scale(0.5);
        found.resume(&graph, &options, |_| ControlFlow::Continue(())).unwrap();
        let half = Trips::of(5, UserClass::default(), &[(0, 4, 6.0), (1, 4, 3.0), (0, 3, 1.0)]).unwrap();
        let cold = solve(&graph, &half, &options, |_| ControlFlow::Continue(())).unwrap();
        for l in 0..5 {
            assert!((found.flow(l) - cold.flow(l)).abs() < 1e-5, "link {l}");
        }
    }
}
