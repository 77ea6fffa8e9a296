//! The streets as a graph for cables: nodes where streets meet or end and where a place hangs on a street, edges between
//! them with their course. Parts that no street joins are joined by straight lines.

use citytwin_model::{City, Coord, Road, RoadClass};
use rayon::prelude::*;

use super::{
    islands,
    segments::{Lookup, Segment, Segments},
};

/// Nodes of a street nearer than this along it are one, metre: no cable joint is more exact.
const SNAP_M: f64 = 1.0;

/// How a cable goes from node to node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Street,
    /// No street joins the two.
    Straight,
}

impl Way {
    /// Of a cable with so much of its length on no street, metre.
    pub fn mostly(straight_m: f64, length_m: f64) -> Self {
        if straight_m > 0.5 * length_m { Self::Straight } else { Self::Street }
    }
}

/// A piece of street between two nodes.
#[derive(Clone, Debug)]
pub struct Edge {
    pub ends: [u32; 2],
    pub length_m: f64,
    pub way: Way,
    /// Its course in [`Streets::course`], from the first end to the second, both included.
    course: [u32; 2],
}

/// The graph.
#[derive(Clone, Debug)]
pub struct Streets {
    pub at: Vec<Coord<f64>>,
    pub edges: Vec<Edge>,
    courses: Vec<Coord<f64>>,
    /// Neighbours by node: `next[first[n]..first[n + 1]]` are (node, edge).
    first: Vec<u32>,
    next: Vec<(u32, u32)>,
    /// Per place the node that it hangs on.
    pub node_of_place: Vec<u32>,
}

impl Streets {
    /// The streets of a city with places hung on their nearest point within reach; places beyond are nodes of their own.
    pub fn new(city: &City, places: &[Coord<f64>], reach_m: f64) -> Self {
        let mut draft = Draft::new(city);
        draft.hang(places, reach_m);
        let mut streets = draft.cut();
        streets.link();
        let joins = islands::joins(&streets, city);
        for ends in joins {
            streets.join_straight(ends);
        }
        streets.link();
        streets
    }

    pub fn len(&self) -> usize {
        self.at.len()
    }

    /// Neighbours of a node with the edge that leads there.
    pub fn next(&self, node: u32) -> &[(u32, u32)] {
        &self.next[self.first[node as usize] as usize..self.first[node as usize + 1] as usize]
    }

    /// Length of an edge that is no street, metre.
    pub fn straight_m(&self, edge: u32) -> f64 {
        let edge = &self.edges[edge as usize];
        if edge.way == Way::Straight { edge.length_m } else { 0.0 }
    }

    /// The course of an edge from one of its ends.
    pub fn course(&self, edge: u32, from: u32) -> impl Iterator<Item = Coord<f64>> + '_ {
        let edge = &self.edges[edge as usize];
        let points = &self.courses[edge.course[0] as usize..edge.course[1] as usize];
        let (ahead, back) = if edge.ends[0] == from { (points, &points[..0]) } else { (&points[..0], points) };
        ahead.iter().copied().chain(back.iter().rev().copied())
    }

    fn add_edge(&mut self, ends: [u32; 2], way: Way, course: &[Coord<f64>]) {
        let begin = self.courses.len() as u32;
        self.courses.extend_from_slice(course);
        let length_m = course.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        self.edges.push(Edge { ends, length_m, way, course: [begin, self.courses.len() as u32] });
    }

    fn join_straight(&mut self, ends: [u32; 2]) {
        let course = ends.map(|node| self.at[node as usize]);
        self.add_edge(ends, Way::Straight, &course);
    }

    /// Sorts the edges' ends by node.
    fn link(&mut self) {
        self.first = vec![0; self.at.len() + 1];
        for edge in &self.edges {
            edge.ends.iter().for_each(|&node| self.first[node as usize + 1] += 1);
        }
        for node in 0..self.at.len() {
            self.first[node + 1] += self.first[node];
        }
        let mut slot = self.first.clone();
        self.next = vec![(0, 0); 2 * self.edges.len()];
        for (index, edge) in self.edges.iter().enumerate() {
            for (from, to) in [(edge.ends[0], edge.ends[1]), (edge.ends[1], edge.ends[0])] {
                self.next[slot[from as usize] as usize] = (to, index as u32);
                slot[from as usize] += 1;
            }
        }
    }
}

pub fn distance(a: Coord<f64>, b: Coord<f64>) -> f64 {
    (a.x - b.x).hypot(a.y - b.y)
}

/// Whether a cable to buildings lies in it: streets, squares and tracks; no motorway, tunnel, or way for feet and wheels
/// alone, which run beside streets and would double them.
fn carries_cables(road: &Road) -> bool {
    let class = match road.class {
        RoadClass::Motorway | RoadClass::Busway | RoadClass::Cycleway | RoadClass::Footway => false,
        RoadClass::Steps | RoadClass::Path => false,
        RoadClass::Trunk => !road.is_ramp,
        _ => true,
    };
    class && !road.tunnel && road.layer >= 0
}

/// Streets between junctions, and what hangs on them.
struct Draft {
    at: Vec<Coord<f64>>,
    pieces: Vec<Piece>,
    /// Per place its piece and the distance along it; None where it hangs on no street.
    hung: Vec<Option<(u32, f64)>>,
    places: Vec<Coord<f64>>,
}

struct Piece {
    ends: [u32; 2],
    course: Vec<Coord<f64>>,
}

impl Draft {
    /// Cuts roads at the points that they share: what a map joins has the same coordinates to the last bit.
    fn new(city: &City) -> Self {
        let roads: Vec<&Road> = city.roads.iter().filter(|road| carries_cables(road)).collect();
        let key = |at: &Coord<f64>| (at.x.to_bits(), at.y.to_bits());
        let mut uses: Lookup<(u64, u64), u32> = Lookup::default();
        for road in &roads {
            let points = &road.line.0;
            points.iter().for_each(|at| *uses.entry(key(at)).or_default() += 1);
            for end in points.first().into_iter().chain(points.last()) {
                *uses.entry(key(end)).or_default() += 1;
            }
        }
        let mut draft = Self { at: Vec::new(), pieces: Vec::new(), hung: Vec::new(), places: Vec::new() };
        let mut nodes: Lookup<(u64, u64), u32> = Lookup::default();
        for road in roads {
            let mut course: Vec<Coord<f64>> = Vec::new();
            let mut begin = None;
            for at in &road.line.0 {
                course.push(*at);
                if uses[&key(at)] < 2 {
                    continue;
                }
                let node = *nodes.entry(key(at)).or_insert_with(|| {
                    draft.at.push(*at);
                    draft.at.len() as u32 - 1
                });
                if let Some(begin) = begin.filter(|_| course.len() > 1) {
                    draft.pieces.push(Piece { ends: [begin, node], course: std::mem::take(&mut course) });
                }
                begin = Some(node);
                course = vec![*at];
            }
        }
        draft
    }

    fn hang(&mut self, places: &[Coord<f64>], reach_m: f64) {
        let of = |(course, piece): (usize, &'_ Piece)| {
            let segment = move |(index, pair): (usize, &[Coord<f64>])| {
                let (course, index) = (course as u32, index as u32);
                Segment { course, index, ends: [pair[0], pair[1]] }
            };
            piece.course.windows(2).enumerate().map(segment).collect::<Vec<_>>()
        };
        let segments = Segments::new(self.pieces.iter().enumerate().flat_map(of), places, reach_m);
        let hang = |place: &Coord<f64>| {
            let (segment, share) = segments.nearest(*place)?;
            Some((segment.course, self.pieces[segment.course as usize].along(segment.index as usize, share)))
        };
        self.hung = places.par_iter().map(hang).collect();
        self.places = places.to_vec();
    }

    /// The graph with a node at every hanging point.
    fn cut(self) -> Streets {
        let mut streets = Streets {
            at: self.at,
            edges: Vec::with_capacity(self.pieces.len() + self.places.len()),
            courses: Vec::new(),
            first: Vec::new(),
            next: Vec::new(),
            node_of_place: vec![0; self.places.len()],
        };
        let mut cuts: Vec<(u32, f64, u32)> = Vec::with_capacity(self.places.len());
        for (place, hung) in self.hung.iter().enumerate() {
            match hung {
                Some((piece, along_m)) => cuts.push((*piece, *along_m, place as u32)),
                None => {
                    streets.node_of_place[place] = streets.at.len() as u32;
                    streets.at.push(self.places[place]);
                }
            }
        }
        cuts.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut cuts = cuts.as_slice();
        for (index, piece) in self.pieces.iter().enumerate() {
            let own = cuts.partition_point(|cut| cut.0 as usize <= index);
            streets.add_piece(piece, &cuts[..own]);
            cuts = &cuts[own..];
        }
        streets
    }
}

impl Streets {
    /// Adds a piece of street, cut at ascending distances along it.
    fn add_piece(&mut self, piece: &Piece, cuts: &[(u32, f64, u32)]) {
        let total_m: f64 = piece.course.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        let (mut node, mut node_m) = (piece.ends[0], 0.0);
        let mut course = vec![piece.course[0]];
        let (mut vertex, mut vertex_m) = (0, 0.0);
        for &(_, along_m, place) in cuts {
            if along_m - node_m < SNAP_M {
                self.node_of_place[place as usize] = node;
                continue;
            }
            if total_m - along_m < SNAP_M {
                self.node_of_place[place as usize] = piece.ends[1];
                continue;
            }
            while vertex + 2 < piece.course.len() {
                let step = distance(piece.course[vertex], piece.course[vertex + 1]);
                if vertex_m + step >= along_m {
                    break;
                }
                (vertex, vertex_m) = (vertex + 1, vertex_m + step);
                course.push(piece.course[vertex]);
            }
            let (a, b) = (piece.course[vertex], piece.course[vertex + 1]);
            let share = ((along_m - vertex_m) / distance(a, b).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            let at = Coord { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) };
            let here = self.at.len() as u32;
            self.at.push(at);
            course.push(at);
            self.add_edge([node, here], Way::Street, &course);
            self.node_of_place[place as usize] = here;
            (node, node_m) = (here, along_m);
            course = vec![at];
        }
        course.extend_from_slice(&piece.course[vertex + 1..]);
        self.add_edge([node, piece.ends[1]], Way::Street, &course);
    }
}

impl Piece {
    /// Distance along the piece of a share of one of its segments, metre.
    fn along(&self, segment: usize, share: f64) -> f64 {
        let before: f64 = self.course[..=segment].windows(2).map(|pair| distance(pair[0], pair[1])).sum();
        before + share * distance(self.course[segment], self.course[segment + 1])
    }
}
