//! Shifts flow within a bush from longer to shorter ways until they cost the same.
//!
//! Where ways of a bush meet again, the longest used one and the shortest one are followed back to where they part
//! (Dial 2006). Finding these pairs reads costs as they are at the start of a batch of bushes and runs in parallel; shifting
//! works one pair after another with costs that are always current (Gauss-Seidel), so that it converges and its result
//! depends on no schedule.

use super::{Graph, bush::Bush, tree::NONE};

/// Flow, time and derivative of a link, kept together: they are used together.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkState {
    pub flow: f64,
    pub time: f64,
    pub slope: f64,
}

/// Pairs of ways of a bush, rows of its arcs.
#[derive(Default)]
pub struct Pairs {
    /// Start of the longer way, of the shorter, and its end, in `rows`.
    pairs: Vec<[u32; 3]>,
    rows: Vec<u32>,
    /// Cost of the bush's traffic beyond the bush's own shortest ways.
    pub excess: f64,
    shortest: Vec<f64>,
    longest: Vec<f64>,
    by_shortest: Vec<u32>,
    by_longest: Vec<u32>,
}

impl Pairs {
    /// Finds the pairs whose costs differ by more than a share `tolerance` of the way's cost.
    pub fn find(&mut self, bush: &Bush, arc_cost: &[f64], tolerance: f64) {
        self.pairs.clear();
        self.rows.clear();
        self.label(bush, arc_cost);
        for i in (1..bush.vertices.len()).rev() {
            let rows = bush.entering(i);
            if rows.len() < 2 {
                continue;
            }
            let best = self.by_shortest[i];
            let least = self.shortest[i];
            for p in rows {
                if p as u32 == best || bush.flow[p] <= 0.0 {
                    continue;
                }
                let from = bush.tail[p] as usize;
                let cost = self.longest[from] + arc_cost[bush.arc[p] as usize];
                if cost - least > tolerance * least {
                    self.trace(bush, p as u32, best);
                }
            }
        }
    }

    fn label(&mut self, bush: &Bush, arc_cost: &[f64]) {
        let count = bush.vertices.len();
        self.shortest.resize(count, 0.0);
        self.longest.resize(count, 0.0);
        self.by_shortest.resize(count, NONE);
        self.by_longest.resize(count, NONE);
        self.excess = 0.0;
        self.shortest[0] = 0.0;
        self.longest[0] = 0.0;
        for i in 1..count {
            let (mut least, mut by_least, mut most, mut by_most) = (f64::INFINITY, NONE, -1.0, NONE);
            let rows = bush.entering(i);
            for p in rows.clone() {
                let from = bush.tail[p] as usize;
                let cost = arc_cost[bush.arc[p] as usize];
                let short = self.shortest[from] + cost;
                if short < least {
                    (least, by_least) = (short, p as u32);
                }
                let long = self.longest[from] + cost;
                if long > most && bush.flow[p] > 0.0 {
                    (most, by_most) = (long, p as u32);
                }
            }
            if rows.len() > 1 {
                for p in rows {
                    let cost = arc_cost[bush.arc[p] as usize];
                    self.excess += bush.flow[p] * (self.shortest[bush.tail[p] as usize] + cost - least);
                }
            }
            if by_most == NONE {
                (most, by_most) = (least, by_least);
            }
            self.shortest[i] = least;
            self.by_shortest[i] = by_least;
            self.longest[i] = most;
            self.by_longest[i] = by_most;
        }
    }

    /// Follows two arcs into one vertex back to where their ways part.
    fn trace(&mut self, bush: &Bush, longer: u32, shorter: u32) {
        let start = self.rows.len();
        self.rows.push(longer);
        let mut a = bush.tail[longer as usize];
        let mut b = bush.tail[shorter as usize];
        // Two walks in step; the shorter way's rows are written when the meeting point is known.
        let b0 = b;
        while a != b {
            if a > b {
                let p = self.by_longest[a as usize];
                self.rows.push(p);
                a = bush.tail[p as usize];
            } else {
                b = bush.tail[self.by_shortest[b as usize] as usize];
            }
        }
        let middle = self.rows.len();
        self.rows.push(shorter);
        let mut at = b0;
        while at != b {
            let p = self.by_shortest[at as usize];
            self.rows.push(p);
            at = bush.tail[p as usize];
        }
        self.pairs.push([start as u32, middle as u32, self.rows.len() as u32]);
    }

    /// Shifts along every pair, by Newton's step, as far as there is flow. `fixed`: cost of an arc beyond its link's time.
    pub fn shift(&self, bush: &mut Bush, graph: &Graph, fixed: &[f64], links: &mut [LinkState], dust: f64) {
        for &[start, middle, end] in &self.pairs {
            let longer = &self.rows[start as usize..middle as usize];
            let shorter = &self.rows[middle as usize..end as usize];
            let (cost_l, slope_l, flow_l) = along(longer, bush, graph, fixed, links);
            let (cost_s, slope_s, flow_s) = along(shorter, bush, graph, fixed, links);
            let difference = cost_l - cost_s;
            // Since they were found, others may have made them equal; where neither congests, the step below would be 0/0.
            if difference == 0.0 {
                continue;
            }
            let (from, to, most) = if difference > 0.0 { (longer, shorter, flow_l) } else { (shorter, longer, flow_s) };
            let step = (difference.abs() / (slope_l + slope_s)).min(most);
            if step > 0.0 {
                change(from, -step, bush, graph, links, dust);
                change(to, step, bush, graph, links, dust);
            }
        }
    }
}

/// Cost and slope along a way, and the flow that all of it carries.
#[inline]
fn along(rows: &[u32], bush: &Bush, graph: &Graph, fixed: &[f64], links: &[LinkState]) -> (f64, f64, f64) {
    let (mut cost, mut slope, mut flow) = (0.0, 0.0, f64::INFINITY);
    for p in rows {
        let p = *p as usize;
        let arc = bush.arc[p] as usize;
        let link = &links[graph.link[arc] as usize];
        cost += link.time + fixed[arc];
        slope += link.slope;
        flow = f64::min(flow, bush.flow[p]);
    }
    (cost, slope, flow)
}

/// Adds flow along a way; what is left below `dust` is swept away.
#[inline]
fn change(rows: &[u32], by: f64, bush: &mut Bush, graph: &Graph, links: &mut [LinkState], dust: f64) {
    for p in rows {
        let p = *p as usize;
        let link = graph.link[bush.arc[p] as usize] as usize;
        let before = bush.flow[p];
        let mut after = before + by;
        if by < 0.0 && after < dust {
            after = 0.0;
        }
        bush.flow[p] = after;
        let state = &mut links[link];
        state.flow = f64::max(state.flow + (after - before), 0.0);
        (state.time, state.slope) = graph.functions[link].at(state.flow);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Link, *};

    /// Two ways that never congest: equal ones keep their flow, of unequal ones the longer loses all.
    #[test]
    fn flow_stays_where_ways_are_equal() {
        for (longer_time, left) in [(1.0, 3.0), (2.0, 0.0)] {
            let way = |free_time| Link { from: 0, to: 1, free_time, ..Link::default() };
            let extent = super::super::Extent { vertices: 2, zones: 2, first_through: 0 };
            let graph = Graph::new(extent, vec![way(longer_time), way(1.0)]).unwrap();
            let mut bush = Bush {
                vertices: vec![0, 1],
                first: vec![0, 0, 2],
                arc: vec![0, 1],
                tail: vec![0, 0],
                flow: vec![3.0, 1.0],
                ..Bush::default()
            };
            let mut links = [3.0, 1.0].map(|flow| LinkState { flow, time: 1.0, slope: 0.0 });
            links[0].time = longer_time;
            let pairs = Pairs { pairs: vec![[0, 1, 2]], rows: vec![0, 1], ..Pairs::default() };
            pairs.shift(&mut bush, &graph, &[0.0, 0.0], &mut links, 1e-12);
            assert_eq!((bush.flow[0], bush.flow[1]), (left, 4.0 - left));
        }
    }
}
