//! Medium voltage: stations and the streets between them as a graph of their own, the rings through them, and where a ring
//! is open.
//!
//! Each street node belongs to its nearest station; where two stations' streets meet, the way through is an edge between
//! them (Mehlhorn 1988, Inf. Process. Lett. 27(3): such edges hold a shortest spanning tree). Rings follow that tree.

use citytwin_model::Coord;

use super::{
    paths::{NONE, Nearest},
    streets::{Streets, Way},
};

/// A way between two stations.
#[derive(Clone, Copy, Debug)]
struct Link {
    ends: [u32; 2],
    length_m: f64,
    /// The street edge where the two stations' streets meet; [`NONE`] for stations on one node.
    edge: u32,
}

/// Stations and the ways between neighbours.
pub struct Stations<'a> {
    streets: &'a Streets,
    /// Per station its street node.
    nodes: &'a [u32],
    nearest: Nearest,
    links: Vec<Link>,
    first: Vec<u32>,
    /// (station, link) by station.
    next: Vec<(u32, u32)>,
}

/// A cable's course from station to station.
#[derive(Clone, PartialEq, Debug)]
pub struct Leg {
    pub length_m: f64,
    pub way: Way,
    pub course: Vec<Coord<f64>>,
}

impl<'a> Stations<'a> {
    pub fn new(streets: &'a Streets, nodes: &'a [u32]) -> Self {
        let nearest = Nearest::new(streets, nodes, f64::INFINITY);
        let mut links = Vec::new();
        for (edge, piece) in streets.edges.iter().enumerate() {
            let [a, b] = piece.ends.map(|node| nearest.start[node as usize]);
            if a != b && a != NONE && b != NONE {
                let length_m = piece.length_m + piece.ends.iter().map(|&n| nearest.length_m[n as usize]).sum::<f64>();
                links.push(Link { ends: [a.min(b), a.max(b)], length_m, edge: edge as u32 });
            }
        }
        for (station, &node) in nodes.iter().enumerate() {
            let first = nearest.start[node as usize];
            if first != station as u32 {
                links.push(Link { ends: [first, station as u32], length_m: 0.0, edge: NONE });
            }
        }
        links.sort_unstable_by(|a, b| {
            a.ends.cmp(&b.ends).then(a.length_m.total_cmp(&b.length_m)).then(a.edge.cmp(&b.edge))
        });
        links.dedup_by_key(|link| link.ends);
        let mut stations = Self { streets, nodes, nearest, links, first: Vec::new(), next: Vec::new() };
        stations.connect();
        stations
    }

    fn connect(&mut self) {
        self.first = vec![0; self.nodes.len() + 1];
        self.links.iter().flat_map(|link| link.ends).for_each(|end| self.first[end as usize + 1] += 1);
        for station in 0..self.nodes.len() {
            self.first[station + 1] += self.first[station];
        }
        let mut slot = self.first.clone();
        self.next = vec![(0, 0); 2 * self.links.len()];
        for (index, link) in self.links.iter().enumerate() {
            for [from, to] in [link.ends, [link.ends[1], link.ends[0]]] {
                self.next[slot[from as usize] as usize] = (to, index as u32);
                slot[from as usize] += 1;
            }
        }
    }

    /// (station, link) of each neighbour.
    pub fn next(&self, station: u32) -> &[(u32, u32)] {
        &self.next[self.first[station as usize] as usize..self.first[station as usize + 1] as usize]
    }

    pub fn length_m(&self, link: u32) -> f64 {
        self.links[link as usize].length_m
    }

    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The course along links from a station.
    pub fn leg(&self, from: u32, links: &[u32]) -> Leg {
        let mut at = from;
        let mut course = vec![self.streets.at[self.nodes[from as usize] as usize]];
        let (mut straight_m, mut length_m) = (0.0, 0.0);
        for &index in links {
            let link = self.links[index as usize];
            let to = if link.ends[0] == at { link.ends[1] } else { link.ends[0] };
            length_m += link.length_m;
            if link.edge != NONE {
                straight_m += self.follow(link, at, &mut course);
            }
            at = to;
        }
        Leg { length_m, way: Way::mostly(straight_m, length_m), course }
    }

    /// Adds the course of a link from one of its stations; how much of it no street carries, metre.
    fn follow(&self, link: Link, from: u32, course: &mut Vec<Coord<f64>>) -> f64 {
        let [mut near, mut far] = self.streets.edges[link.edge as usize].ends;
        if self.nearest.start[near as usize] != from {
            (near, far) = (far, near);
        }
        let mut out = Vec::new();
        let mut node = near;
        while self.nearest.before[node as usize].0 != NONE {
            let (before, edge) = self.nearest.before[node as usize];
            out.push((edge, before));
            node = before;
        }
        out.reverse();
        out.push((link.edge, near));
        node = far;
        while self.nearest.before[node as usize].0 != NONE {
            let (before, edge) = self.nearest.before[node as usize];
            out.push((edge, node));
            node = before;
        }
        let mut straight_m = 0.0;
        for (edge, start) in out {
            course.extend(self.streets.course(edge, start).skip(1));
            straight_m += self.streets.straight_m(edge);
        }
        straight_m
    }
}
