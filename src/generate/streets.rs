//! The street network as it grows: nodes, streets through them, and the ways to add to it without
//! ever leaving a crossing unconnected. Must not know districts, blocks or files.

use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::{
    kinds::{Class, Kind, Span},
    maths::{P, cross, crossing, distance, lerp, nearest_on, quantise, turn_order, unit},
};

/// One street: a line through nodes of the network.
#[derive(Clone, Debug)]
pub struct Street {
    pub kind: Kind,
    pub nodes: Vec<u32>,
    /// One per piece between nodes.
    pub spans: Vec<Span>,
}

type Piece = GeomWithData<Rectangle<[f64; 2]>, (u32, u32, u32)>;

/// All streets and the nodes that they share.
#[derive(Default)]
pub struct Streets {
    pub at: Vec<P>,
    /// Pieces that end at each node.
    pub degree: Vec<u8>,
    pub all: Vec<Street>,
    pieces: RTree<Piece>,
}

/// A place on a street found by a ray.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    street: u32,
    a: u32,
    b: u32,
    pub at: P,
    /// Sine of the angle between the ray and the street, 0…1.
    pub squareness: f64,
    /// Distance to the nearer end of the piece that was hit, where that is a junction.
    pub to_junction_m: f64,
}

impl Streets {
    pub fn node(&mut self, at: P) -> u32 {
        self.at.push(quantise(at));
        self.degree.push(0);
        (self.at.len() - 1) as u32
    }

    pub fn line(&self, street: usize) -> Vec<P> {
        self.all[street].nodes.iter().map(|&n| self.at[n as usize]).collect()
    }

    /// Adds a street through existing nodes as it is.
    pub fn add(&mut self, kind: Kind, nodes: Vec<u32>, spans: Vec<Span>) -> usize {
        let id = self.all.len();
        for (w, span) in nodes.windows(2).zip(&spans) {
            self.enter(id, w[0], w[1], *span);
        }
        self.all.push(Street { kind, nodes, spans });
        id
    }

    /// Adds a street along points: joins every street that it crosses at grade, and starts and ends on
    /// the streets it touches there. `None` where less than a metre remains.
    pub fn lay(&mut self, kind: Kind, points: &[P], spans: &[Span]) -> Option<usize> {
        let mut nodes = vec![self.node_at(points[0], spans[0])];
        let mut out = Vec::new();
        // Main streets bend to a junction nearby; what squeezes between houses may not.
        let snap_m = if kind.class >= Class::Service { 1.5 } else { 5.0 };
        for (w, &span) in points.windows(2).zip(spans) {
            let mut stops = if span == Span::Ground { self.crossings(w[0], w[1], snap_m) } else { Vec::new() };
            let last = w[1] == points[points.len() - 1];
            stops.push(match last {
                true if w[1] == points[0] => nodes[0],
                true => self.node_at(w[1], span),
                false => self.node(w[1]),
            });
            for stop in stops {
                self.append(&mut nodes, &mut out, stop, span);
            }
        }
        (nodes.len() > 1).then(|| self.add(kind, nodes, out))
    }

    /// Adds a stop to a street in the making, unless it is where the street is or was already.
    fn append(&self, nodes: &mut Vec<u32>, spans: &mut Vec<Span>, stop: u32, span: Span) {
        let last = nodes[nodes.len() - 1];
        if last == stop || nodes.windows(2).any(|w| w == [stop, last]) {
            return;
        }
        let together = distance(self.at[last as usize], self.at[stop as usize]) < 0.4;
        match together {
            // A new bend on top of a junction adds nothing; a junction on top of a new bend replaces it.
            true if self.degree[stop as usize] == 0 => {}
            true if self.degree[last as usize] == 0 && nodes.len() > 1 => {
                let end = nodes.len() - 1;
                nodes[end] = stop;
            }
            _ => {
                nodes.push(stop);
                spans.push(span);
            }
        }
    }

    /// A node here: an existing one, a new one on a street within a metre, or a new one.
    fn node_at(&mut self, at: P, span: Span) -> u32 {
        let near = if span == Span::Ground { self.nearest_piece(at, 1.0) } else { None };
        match near {
            Some((street, a, b)) => self.split(street, a, b, at, 1.5),
            None => self.node(at),
        }
    }

    fn nearest_piece(&self, at: P, within_m: f64) -> Option<(u32, u32, u32)> {
        self.pieces_about(at, at, within_m)
            .map(|(s, a, b)| (nearest_on(self.at[a as usize], self.at[b as usize], at).1, (s, a, b)))
            .filter(|(d, _)| *d <= within_m)
            .min_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)))
            .map(|(_, piece)| piece)
    }

    /// Nodes where `from–to` crosses streets, in order; streets are split there.
    fn crossings(&mut self, from: P, to: P, snap_m: f64) -> Vec<u32> {
        let mut found: Vec<(f64, (u32, u32, u32))> = self
            .pieces_about(from, to, 0.1)
            .filter_map(|(s, a, b)| {
                let (t, _) = crossing(from, to, self.at[a as usize], self.at[b as usize])?;
                Some((t, (s, a, b)))
            })
            .collect();
        found.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        let mut nodes = Vec::new();
        for (t, (street, a, b)) in found {
            let at = lerp(from, to, t);
            // An earlier split may have replaced this piece.
            let piece = self.piece_of(street, a, b, at);
            let node = self.split(street, piece.0, piece.1, at, snap_m);
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        nodes
    }

    /// The piece of what was `a–b` that now lies at a place.
    fn piece_of(&self, street: u32, a: u32, b: u32, at: P) -> (u32, u32) {
        let nodes = &self.all[street as usize].nodes;
        let (first, last) = (nodes.iter().position(|&n| n == a), nodes.iter().rposition(|&n| n == b));
        let (Some(first), Some(last)) = (first, last) else { return (a, b) };
        nodes[first.min(last)..=last.max(first)]
            .windows(2)
            .map(|w| (nearest_on(self.at[w[0] as usize], self.at[w[1] as usize], at).1, (w[0], w[1])))
            .min_by(|x, y| x.0.total_cmp(&y.0))
            .map_or((a, b), |(_, piece)| piece)
    }

    /// A node on a piece: one of its ends where that is nearer than `snap_m`, else a new one.
    fn split(&mut self, street: u32, a: u32, b: u32, at: P, snap_m: f64) -> u32 {
        let (pa, pb) = (self.at[a as usize], self.at[b as usize]);
        let (da, db) = (distance(pa, at), distance(pb, at));
        if da.min(db) < snap_m {
            return if da <= db { a } else { b };
        }
        let node = self.node(lerp(pa, pb, nearest_on(pa, pb, at).0));
        let s = &mut self.all[street as usize];
        let Some(i) = s.nodes.windows(2).position(|w| w == [a, b]) else { return a };
        let span = s.spans[i];
        s.nodes.insert(i + 1, node);
        s.spans.insert(i, span);
        self.pieces.remove(&piece(street as usize, a, b, pa, pb));
        self.degree[a as usize] -= 1;
        self.degree[b as usize] -= 1;
        self.enter(street as usize, a, node, span);
        self.enter(street as usize, node, b, span);
        node
    }

    fn enter(&mut self, street: usize, a: u32, b: u32, span: Span) {
        self.degree[a as usize] += 1;
        self.degree[b as usize] += 1;
        if span == Span::Ground {
            self.pieces.insert(piece(street, a, b, self.at[a as usize], self.at[b as usize]));
        }
    }

    fn pieces_about(&self, a: P, b: P, margin_m: f64) -> impl Iterator<Item = (u32, u32, u32)> {
        let low = [a.x.min(b.x) - margin_m, a.y.min(b.y) - margin_m];
        let high = [a.x.max(b.x) + margin_m, a.y.max(b.y) + margin_m];
        self.pieces.locate_in_envelope_intersecting(&AABB::from_corners(low, high)).map(|piece| piece.data)
    }

    /// The first street at grade that a ray meets.
    pub fn cast(&self, from: P, direction: P, reach_m: f64) -> Option<Hit> {
        let to = from + direction * reach_m;
        self.pieces_about(from, to, 0.1)
            .filter_map(|(street, a, b)| {
                let (pa, pb) = (self.at[a as usize], self.at[b as usize]);
                let (t, _) = crossing(from, to, pa, pb)?;
                Some((t, street, a, b))
            })
            .min_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))))
            .map(|(t, street, a, b)| self.hit(lerp(from, to, t), direction, (street, a, b)))
            .filter(|hit| {
                let kind = &self.all[hit.street as usize].kind;
                kind.class.takes_side_streets() && !kind.roundabout
            })
    }

    fn hit(&self, at: P, direction: P, (street, a, b): (u32, u32, u32)) -> Hit {
        let (pa, pb) = (self.at[a as usize], self.at[b as usize]);
        let squareness = cross(direction, unit(pb - pa)).abs();
        let end = |n: u32, q: P| if self.degree[n as usize] > 2 { distance(q, at) } else { f64::INFINITY };
        Hit { street, a, b, at, squareness, to_junction_m: end(a, pa).min(end(b, pb)) }
    }

    pub fn hit_class(&self, hit: &Hit) -> Class {
        self.all[hit.street as usize].kind.class
    }

    /// A node for a hit; ends of the piece within `snap_m` are taken instead of a new one.
    pub fn join(&mut self, hit: &Hit, snap_m: f64) -> u32 {
        self.split(hit.street, hit.a, hit.b, hit.at, snap_m)
    }

    /// The streets and places in them where a node stands.
    pub fn uses_of(&self, node: u32) -> Vec<(usize, usize)> {
        let mut uses = Vec::new();
        for (s, street) in self.all.iter().enumerate() {
            uses.extend(street.nodes.iter().enumerate().filter(|(_, n)| **n == node).map(|(i, _)| (s, i)));
        }
        uses
    }

    /// Turns a junction into a roundabout: every street ends on a ring about it.
    pub fn roundabout(&mut self, node: u32, radius_m: f64, kind: Kind) {
        let centre = self.at[node as usize];
        let mut entries = Vec::new();
        for (street, i) in self.uses_of(node) {
            let nodes = self.all[street].nodes.clone();
            let spans = self.all[street].spans.clone();
            let mut halves = Vec::new();
            if i > 0 {
                halves.push((nodes[..=i].to_vec(), spans[..i].to_vec(), false));
            }
            if i + 1 < nodes.len() {
                halves.push((nodes[i..].to_vec(), spans[i..].to_vec(), true));
            }
            for (k, (mut nodes, mut spans, flip)) in halves.into_iter().enumerate() {
                if flip {
                    nodes.reverse();
                    spans.reverse();
                }
                self.stop_at_ring(&mut nodes, &mut spans, centre, radius_m, &mut entries);
                if flip {
                    nodes.reverse();
                    spans.reverse();
                }
                let half = Street { kind: self.all[street].kind.clone(), nodes, spans };
                if k == 0 { self.all[street] = half } else { self.all.push(half) }
            }
        }
        for q in crate::maths::disc(centre, radius_m, 12) {
            if entries.iter().all(|&e| distance(self.at[e as usize], q) > radius_m * 0.3) {
                let extra = self.node(q);
                entries.push(extra);
            }
        }
        entries.sort_by(|&a, &b| {
            turn_order(self.at[a as usize] - centre).total_cmp(&turn_order(self.at[b as usize] - centre))
        });
        entries.dedup();
        entries.push(entries[0]);
        let spans = vec![Span::Ground; entries.len() - 1];
        self.all.push(Street { kind, nodes: entries, spans });
        self.reindex();
    }

    /// Cuts the tail of a line that ends in the centre back to the ring and puts its new end there.
    fn stop_at_ring(
        &mut self,
        nodes: &mut Vec<u32>,
        spans: &mut Vec<Span>,
        centre: P,
        radius_m: f64,
        entries: &mut Vec<u32>,
    ) {
        while nodes.len() > 2 && distance(self.at[nodes[nodes.len() - 2] as usize], centre) < radius_m + 3.0 {
            nodes.pop();
            spans.pop();
        }
        let from = self.at[nodes[nodes.len() - 2] as usize];
        let entry = self.node(centre + unit(from - centre) * radius_m);
        let end = nodes.len() - 1;
        nodes[end] = entry;
        entries.push(entry);
    }

    /// Counts and indexes all pieces anew.
    pub fn reindex(&mut self) {
        self.degree = vec![0; self.at.len()];
        let mut pieces = Vec::new();
        for (s, street) in self.all.iter().enumerate() {
            for (w, span) in street.nodes.windows(2).zip(&street.spans) {
                self.degree[w[0] as usize] += 1;
                self.degree[w[1] as usize] += 1;
                if *span == Span::Ground {
                    pieces.push(piece(s, w[0], w[1], self.at[w[0] as usize], self.at[w[1] as usize]));
                }
            }
        }
        self.pieces = RTree::bulk_load(pieces);
    }

    /// Whether a place lies `extra_m` or more outside the land of every street.
    pub fn clear_of_all(&self, at: P, extra_m: f64) -> bool {
        self.pieces_about(at, at, 20.0 + extra_m).all(|(s, a, b)| {
            let (_, d) = nearest_on(self.at[a as usize], self.at[b as usize], at);
            d >= self.all[s as usize].kind.half_m + extra_m
        })
    }

    /// Whether a place lies off the inner 60 % of every street's land, where vehicles drive.
    pub fn off_carriageways(&self, at: P) -> bool {
        self.pieces_about(at, at, 11.0).all(|(s, a, b)| {
            let (_, d) = nearest_on(self.at[a as usize], self.at[b as usize], at);
            d >= 0.6 * self.all[s as usize].kind.half_m
        })
    }

    /// The nearest street at grade of a fitting class: its index, distance and nearest point.
    pub fn nearest_where(&self, at: P, within_m: f64, fits: impl Fn(Class) -> bool) -> Option<(usize, f64, P)> {
        self.pieces_about(at, at, within_m)
            .filter(|&(s, _, _)| fits(self.all[s as usize].kind.class))
            .map(|(s, a, b)| {
                let (pa, pb) = (self.at[a as usize], self.at[b as usize]);
                let (t, d) = nearest_on(pa, pb, at);
                (s as usize, d, lerp(pa, pb, t))
            })
            .filter(|x| x.1 <= within_m)
            .min_by(|x, y| x.1.total_cmp(&y.1).then(x.0.cmp(&y.0)))
    }

    /// The direction in which a street leaves a node of it.
    pub fn leaving(&self, street: usize, i: usize, forward: bool) -> P {
        let nodes = &self.all[street].nodes;
        let j = if forward { i + 1 } else { i - 1 };
        unit(self.at[nodes[j] as usize] - self.at[nodes[i] as usize])
    }
}

fn piece(street: usize, a: u32, b: u32, pa: P, pb: P) -> Piece {
    let corners = Rectangle::from_corners([pa.x, pa.y], [pb.x, pb.y]);
    GeomWithData::new(corners, (street as u32, a, b))
}
