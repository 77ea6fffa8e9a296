//! Strong connectivity: which links trips can go from and to, and what is cut off from them.

use std::collections::BTreeMap;

use citytwin_model::{City, Problem, ProblemKind};

/// Sets `Link::connected` for the largest strongly connected part (most nodes; of equals the one with the
/// lowest node) and adds one problem per piece that is cut off.
pub fn mark(city: &mut City) {
    let part_of = strong_parts(city);
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    for part in &part_of {
        *sizes.entry(*part).or_default() += 1;
    }
    // Parts are named by their lowest node, so among equals the first stays.
    let largest = sizes.iter().rev().max_by_key(|(_, size)| **size).map(|(part, _)| *part);
    let inside: Vec<bool> = part_of.iter().map(|part| Some(*part) == largest).collect();
    for link in &mut city.links {
        link.connected = inside[link.from.index()] && inside[link.to.index()];
    }
    report(city, &inside);
}

/// The strongly connected part of each node, named by its lowest node. R. Tarjan, "Depth-first search and
/// linear graph algorithms", SIAM J. Comput. 1 (1972), with its recursion unrolled.
fn strong_parts(city: &City) -> Vec<u32> {
    const UNSEEN: u32 = u32::MAX;
    let (starts, heads) = adjacency(city);
    let count = city.nodes.len();
    let (mut order, mut low, mut part) = (vec![UNSEEN; count], vec![0u32; count], vec![UNSEEN; count]);
    let (mut open, mut path): (Vec<u32>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
    let mut next = 0;
    for root in 0..count as u32 {
        if order[root as usize] != UNSEEN {
            continue;
        }
        path.push((root, starts[root as usize]));
        while let Some((node, edge)) = path.pop() {
            let at = node as usize;
            if edge == starts[at] && order[at] == UNSEEN {
                (order[at], low[at]) = (next, next);
                next += 1;
                open.push(node);
            }
            if edge < starts[at + 1] {
                path.push((node, edge + 1));
                let head = heads[edge as usize];
                let to = head as usize;
                if order[to] == UNSEEN {
                    path.push((head, starts[to]));
                } else if part[to] == UNSEEN {
                    low[at] = low[at].min(order[to]);
                }
                continue;
            }
            if low[at] == order[at] {
                let first = open.iter().rposition(|n| *n == node).unwrap_or(0);
                let name = open[first..].iter().copied().min().unwrap_or(node);
                for member in open.drain(first..) {
                    part[member as usize] = name;
                }
            }
            if let Some((parent, _)) = path.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[at]);
            }
        }
    }
    part
}

/// Heads of the links that leave each node, in one array.
fn adjacency(city: &City) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; city.nodes.len() + 1];
    for link in &city.links {
        starts[link.from.index() + 1] += 1;
    }
    for index in 1..starts.len() {
        starts[index] += starts[index - 1];
    }
    let (mut free, mut heads) = (starts.clone(), vec![0u32; city.links.len()]);
    for link in &city.links {
        let slot = &mut free[link.from.index()];
        heads[*slot as usize] = link.to.0;
        *slot += 1;
    }
    (starts, heads)
}

/// One problem per piece of links outside, joined where they share a node outside.
fn report(city: &mut City, inside: &[bool]) {
    let mut leader: Vec<u32> = (0..city.nodes.len() as u32).collect();
    for link in city.links.iter().filter(|link| !inside[link.from.index()] && !inside[link.to.index()]) {
        let [a, b] = [link.from.0, link.to.0].map(|node| find(&mut leader, node));
        leader[a.max(b) as usize] = a.min(b);
    }
    let mut pieces: BTreeMap<u32, (usize, f64, usize)> = BTreeMap::new();
    for (index, link) in city.links.iter().enumerate().filter(|(_, link)| !link.connected) {
        let outside = if inside[link.from.index()] { link.to } else { link.from };
        let piece = pieces.entry(find(&mut leader, outside.0)).or_insert((index, 0.0, 0));
        piece.1 += link.length_m;
        piece.2 += 1;
    }
    for (first, length_m, count) in pieces.into_values() {
        let link = &city.links[first];
        let road = &city.roads[link.road.index()];
        let links = if count == 1 { "1 link".to_owned() } else { format!("{count} links") };
        let what = format!(
            "{links} ({:.2} km) cannot be both reached and left by car; no trip starts or ends there",
            length_m / 1000.0
        );
        let at = road.line.0.get(link.first as usize).copied();
        city.problems.push(Problem { source: road.source.clone(), kind: ProblemKind::Connectivity, what, at });
    }
}

/// The lowest node joined with `node`, shortening the way there.
fn find(leader: &mut [u32], mut node: u32) -> u32 {
    while leader[node as usize] != node {
        leader[node as usize] = leader[leader[node as usize] as usize];
        node = leader[node as usize];
    }
    node
}
