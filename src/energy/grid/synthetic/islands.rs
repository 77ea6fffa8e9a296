//! Straight lines to parts of the street graph that no street reaches: a shortest spanning tree (Kruskal 1956) over the
//! nearest neighbours of their nodes, in which a line across water counts several times its length.

use std::{cmp::Reverse, collections::BinaryHeap};

use citytwin_model::{City, Polygon};
use geo::{BoundingRect, Intersects, Line};
use rayon::prelude::*;
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use super::streets::{Streets, distance};

/// Neighbours looked at per node, of any part and of the main one.
const NEIGHBOURS: usize = 12;
/// A crossing of water is drilled or laid by ship: that many times a trench's cost (own assumption).
const WATER: f64 = 5.0;

type Place = GeomWithData<[f64; 2], u32>;

/// Pairs of nodes to join so that all places lie in one part.
pub fn joins(streets: &Streets, city: &City) -> Vec<[u32; 2]> {
    let (part, count) = parts(streets);
    let mut needed = vec![false; count];
    streets.node_of_place.iter().for_each(|&node| needed[part[node as usize] as usize] = true);
    let mut sizes = vec![0_usize; count];
    part.iter().for_each(|&part| sizes[part as usize] += 1);
    let candidates = (0..count).filter(|&part| needed[part]);
    let Some(main) = candidates.max_by_key(|&part| (sizes[part], usize::MAX - part)) else { return Vec::new() };
    let apart: Vec<u32> = (0..streets.len() as u32)
        .filter(|&node| part[node as usize] as usize != main && needed[part[node as usize] as usize])
        .collect();
    if apart.is_empty() {
        return Vec::new();
    }
    let search = Search::new(streets, city, &part, &needed, main);
    let mut lines: BinaryHeap<Reverse<(u64, [u32; 2], bool)>> = search.lines(&apart).into();
    let mut above: Vec<u32> = (0..count as u32).collect();
    let mut joins = Vec::new();
    while let Some(Reverse((bits, ends, looked_at))) = lines.pop() {
        let [a, b] = ends.map(|node| root(&mut above, part[node as usize]));
        if a == b {
            continue;
        }
        // Water is looked for late: few lines come so far.
        if !looked_at && search.crosses_water(ends) {
            lines.push(Reverse(((WATER * f64::from_bits(bits)).to_bits(), ends, true)));
            continue;
        }
        above[a.max(b) as usize] = a.min(b);
        joins.push(ends);
    }
    joins
}

/// The set of a part, by the part above it; halves the way there.
fn root(above: &mut [u32], mut part: u32) -> u32 {
    while above[part as usize] != part {
        above[part as usize] = above[above[part as usize] as usize];
        part = above[part as usize];
    }
    part
}

/// Where lines may go.
struct Search<'a> {
    streets: &'a Streets,
    part: &'a [u32],
    /// Nodes of all needed parts but the main one, and of that.
    others: RTree<Place>,
    main: RTree<Place>,
    water: RTree<GeomWithData<Rectangle<[f64; 2]>, &'a Polygon<f64>>>,
}

impl<'a> Search<'a> {
    fn new(streets: &'a Streets, city: &'a City, part: &'a [u32], needed: &[bool], main: usize) -> Self {
        let of = |keep: &dyn Fn(usize) -> bool| {
            let nodes = (0..streets.len() as u32).filter(|&node| keep(part[node as usize] as usize));
            let place = |node: u32| Place::new([streets.at[node as usize].x, streets.at[node as usize].y], node);
            RTree::bulk_load(nodes.map(place).collect())
        };
        let polygons = city.water.iter().flat_map(|water| &water.shape);
        let boxed = |polygon: &'a Polygon<f64>| {
            let bounds = polygon.bounding_rect()?;
            let (low, high) = (bounds.min(), bounds.max());
            Some(GeomWithData::new(Rectangle::from_corners([low.x, low.y], [high.x, high.y]), polygon))
        };
        Self {
            streets,
            part,
            others: of(&|part| needed[part] && part != main),
            main: of(&|part| part == main),
            water: RTree::bulk_load(polygons.filter_map(boxed).collect()),
        }
    }

    /// Length and ends of the lines from nodes to their neighbours in other parts, not yet looked at for water.
    fn lines(&self, nodes: &[u32]) -> Vec<Reverse<(u64, [u32; 2], bool)>> {
        nodes.par_iter().flat_map_iter(|&node| self.from(node)).collect()
    }

    fn from(&self, node: u32) -> Vec<Reverse<(u64, [u32; 2], bool)>> {
        let at = self.streets.at[node as usize];
        let near = |tree: &RTree<Place>| -> Vec<u32> {
            tree.nearest_neighbor_iter(&[at.x, at.y]).take(NEIGHBOURS).map(|found| found.data).collect()
        };
        let other = |to: &u32| self.part[*to as usize] != self.part[node as usize];
        let line = |to: u32| {
            let length_m = distance(at, self.streets.at[to as usize]);
            Reverse((length_m.to_bits(), [node.min(to), node.max(to)], false))
        };
        near(&self.others).into_iter().chain(near(&self.main)).filter(other).map(line).collect()
    }

    fn crosses_water(&self, ends: [u32; 2]) -> bool {
        let [from, to] = ends.map(|node| self.streets.at[node as usize]);
        let line = Line::new(from, to);
        let (low, high) = ([from.x.min(to.x), from.y.min(to.y)], [from.x.max(to.x), from.y.max(to.y)]);
        let mut near = self.water.locate_in_envelope_intersecting(&AABB::from_corners(low, high));
        near.any(|found| found.data.intersects(&line))
    }
}

/// Per node its connected part, numbered by first node.
fn parts(streets: &Streets) -> (Vec<u32>, usize) {
    let mut part = vec![u32::MAX; streets.len()];
    let mut count = 0;
    for start in 0..streets.len() as u32 {
        if part[start as usize] != u32::MAX {
            continue;
        }
        part[start as usize] = count;
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            for &(next, _) in streets.next(node) {
                if part[next as usize] == u32::MAX {
                    part[next as usize] = count;
                    open.push(next);
                }
            }
        }
        count += 1;
    }
    (part, count as usize)
}
