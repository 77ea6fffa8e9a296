//! Heights at the shared points of a network: decks stay below their height and below what their ends allow,
//! ramps fall from the ends of bridges until they reach the ground.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, HashMap},
};

use geo::Coord;

use super::{length_m, profile::Profile};

/// Steepest ramp, height per length: 6 %, the usual limit of city streets (RASt 06, 6.1.2).
const SLOPE: f32 = 0.06;

/// One line of the network.
pub struct Way<'a> {
    points: &'a [Coord<f64>],
    bridge: bool,
    tunnel: bool,
    /// Height of its deck when it is a bridge, metre.
    deck: f32,
}

impl<'a> Way<'a> {
    pub const fn new(points: &'a [Coord<f64>], bridge: bool, tunnel: bool, deck: f32) -> Self {
        Self { points, bridge, tunnel, deck }
    }
}

/// A piece between two neighbouring points.
struct Edge {
    to: u32,
    length: f32,
    bridge: bool,
}

struct Network {
    /// Node of each point of each way.
    nodes: Vec<Vec<u32>>,
    edges: Vec<Vec<Edge>>,
}

/// Profiles of all ways.
pub fn profiles(ways: &[Way<'_>]) -> Vec<Profile> {
    if !ways.iter().any(|w| w.bridge && !w.tunnel) {
        return vec![Profile::default(); ways.len()];
    }
    let network = connect(ways);
    let heights = node_heights(ways, &network);
    ways.iter().zip(&network.nodes).map(|(way, nodes)| profile(way, nodes, &heights)).collect()
}

fn connect(ways: &[Way<'_>]) -> Network {
    let mut ids: HashMap<(u64, u64), u32> = HashMap::new();
    let mut edges: Vec<Vec<Edge>> = Vec::new();
    let mut nodes = Vec::with_capacity(ways.len());
    for way in ways {
        let mut of_way = Vec::new();
        if !way.tunnel {
            for p in way.points {
                let next = ids.len() as u32;
                let id = *ids.entry((p.x.to_bits(), p.y.to_bits())).or_insert(next);
                if id == next {
                    edges.push(Vec::new());
                }
                of_way.push(id);
            }
            for (k, pair) in of_way.windows(2).enumerate() {
                let length = length_m(way.points[k], way.points[k + 1]) as f32;
                edges[pair[0] as usize].push(Edge { to: pair[1], length, bridge: way.bridge });
                edges[pair[1] as usize].push(Edge { to: pair[0], length, bridge: way.bridge });
            }
        }
        nodes.push(of_way);
    }
    Network { nodes, edges }
}

fn node_heights(ways: &[Way<'_>], network: &Network) -> Vec<f32> {
    let count = network.edges.len();
    let mut deck = vec![f32::INFINITY; count];
    for (way, nodes) in ways.iter().zip(&network.nodes).filter(|(w, _)| w.bridge) {
        for &node in nodes {
            deck[node as usize] = deck[node as usize].min(way.deck);
        }
    }
    let is_abutment = |node: usize| {
        let edges = &network.edges[node];
        edges.iter().any(|e| e.bridge) && edges.iter().any(|e| !e.bridge)
    };
    let abutments: Vec<usize> = (0..count).filter(|&n| is_abutment(n)).collect();
    let span = spans(network, &abutments);
    // On the bridge: as high as the deck, and no higher than a ramp from its ends allows.
    let mut heights = deck.clone();
    for &node in &abutments {
        heights[node] = (deck[node] - SLOPE * span[node]).clamp(0.0, deck[node]);
    }
    relax(network, &mut heights, true);
    // Beside it: down from the ends.
    for (node, height) in heights.iter_mut().enumerate() {
        if deck[node].is_infinite() {
            *height = 0.0;
        }
    }
    relax(network, &mut heights, false);
    heights
}

/// For every node of a bridge: the longest way of its bridge from any point to the nearest end, metre.
fn spans(network: &Network, abutments: &[usize]) -> Vec<f32> {
    let count = network.edges.len();
    let mut distance = vec![f32::INFINITY; count];
    let mut queue = BinaryHeap::new();
    for &node in abutments {
        distance[node] = 0.0;
        queue.push(Entry { key: 0.0, node: node as u32 });
    }
    while let Some(Entry { key, node }) = queue.pop() {
        if -key > distance[node as usize] {
            continue;
        }
        for edge in network.edges[node as usize].iter().filter(|e| e.bridge) {
            let through = distance[node as usize] + edge.length;
            if through < distance[edge.to as usize] {
                distance[edge.to as usize] = through;
                queue.push(Entry { key: -through, node: edge.to });
            }
        }
    }
    // The far point of an edge between two reached nodes lies up to half the edge further on.
    let mut span = vec![0.0f32; count];
    let mut seen = vec![false; count];
    for &start in abutments {
        if seen[start] {
            continue;
        }
        let (mut part, mut stack, mut far) = (Vec::new(), vec![start], 0.0f32);
        seen[start] = true;
        while let Some(node) = stack.pop() {
            part.push(node);
            for edge in network.edges[node].iter().filter(|e| e.bridge) {
                let to = edge.to as usize;
                far = far.max(0.5 * (distance[node] + distance[to] + edge.length));
                if !seen[to] {
                    seen[to] = true;
                    stack.push(to);
                }
            }
        }
        for node in part {
            span[node] = far;
        }
    }
    span
}

/// Lets heights spread: along bridges none may exceed a neighbour by more than the slope (`down`), elsewhere
/// none may lie lower than a neighbour less the slope.
fn relax(network: &Network, heights: &mut [f32], bridges: bool) {
    let sign = if bridges { -1.0 } else { 1.0 };
    let mut queue: BinaryHeap<Entry> = heights
        .iter()
        .enumerate()
        .filter(|(_, h)| h.is_finite() && (bridges || **h > 0.0))
        .map(|(node, h)| Entry { key: sign * h, node: node as u32 })
        .collect();
    while let Some(Entry { key, node }) = queue.pop() {
        let height = heights[node as usize];
        if sign * height != key {
            continue;
        }
        for edge in network.edges[node as usize].iter().filter(|e| e.bridge == bridges) {
            let to = &mut heights[edge.to as usize];
            let limit = height - sign * SLOPE * edge.length;
            let better = if bridges { limit < *to } else { limit > *to };
            if better {
                *to = limit;
                queue.push(Entry { key: sign * limit, node: edge.to });
            }
        }
    }
}

fn profile(way: &Way<'_>, nodes: &[u32], heights: &[f32]) -> Profile {
    if way.tunnel || nodes.iter().all(|&n| heights[n as usize] <= 0.0) && !way.bridge {
        return Profile::default();
    }
    let mut knots = Vec::new();
    let mut along = 0.0f32;
    for (k, pair) in nodes.windows(2).enumerate() {
        let length = length_m(way.points[k], way.points[k + 1]) as f32;
        let (a, b) = (heights[pair[0] as usize], heights[pair[1] as usize]);
        let height = |s: f32| {
            if way.bridge {
                way.deck.min(a + SLOPE * s).min(b + SLOPE * (length - s))
            } else {
                (a - SLOPE * s).max(b - SLOPE * (length - s)).max(0.0)
            }
        };
        let steps = (length / 4.0).ceil().max(1.0) as usize;
        knots.extend((0..steps).map(|i| {
            let s = length * i as f32 / steps as f32;
            [along + s, height(s)]
        }));
        along += length;
        knots.push([along, height(length)]);
    }
    Profile::new(knots)
}

/// Largest key first; equal keys by node, so that the order never depends on insertion.
struct Entry {
    key: f32,
    node: u32,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.total_cmp(&other.key).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, f64)]) -> Vec<Coord<f64>> {
        points.iter().map(|&(x, y)| Coord { x, y }).collect()
    }

    #[test]
    fn a_short_bridge_gets_ramps_and_clears_what_is_beneath() {
        let (west, deck, east) =
            (line(&[(-300.0, 0.0), (0.0, 0.0)]), line(&[(0.0, 0.0), (40.0, 0.0)]), line(&[(40.0, 0.0), (400.0, 0.0)]));
        let ways =
            [Way::new(&west, false, false, 0.0), Way::new(&deck, true, false, 6.0), Way::new(&east, false, false, 0.0)];
        let profiles = profiles(&ways);
        assert!((profiles[1].at(20.0) - 6.0).abs() < 0.01, "the middle stands at deck height");
        assert!((profiles[1].at(0.0) - profiles[0].at(300.0)).abs() < 1e-4, "no step at the abutment");
        assert_eq!(profiles[0].at(0.0), 0.0, "far away the road lies on the ground");
        for s in 0..300 {
            let slope = profiles[0].at(s as f32 + 1.0) - profiles[0].at(s as f32);
            assert!((-1e-4..=0.061).contains(&slope), "{s}: {slope}");
        }
    }

    #[test]
    fn a_long_bridge_rises_by_itself() {
        let (west, deck) = (line(&[(-50.0, 0.0), (0.0, 0.0)]), line(&[(0.0, 0.0), (500.0, 0.0)]));
        let east = line(&[(500.0, 0.0), (600.0, 0.0)]);
        let ways =
            [Way::new(&west, false, false, 0.0), Way::new(&deck, true, false, 6.0), Way::new(&east, false, false, 0.0)];
        let profiles = profiles(&ways);
        assert!(profiles[0].is_flat() && profiles[2].is_flat());
        assert!((profiles[1].at(250.0) - 6.0).abs() < 1e-4 && profiles[1].at(0.0).abs() < 1e-4);
    }
}
