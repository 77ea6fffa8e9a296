//! The building site: where buildings, trees and ways are put, and what keeps them apart. Must not know
//! which building belongs where.

use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::{
    barriers::Barriers,
    dice::Dice,
    kinds::{Class, Kind, Span},
    layout::Layout,
    maths::{
        P, area_of, centre_of, contains, crossing, distance, holds, lerp, nearest_on, open_ring, polygon, quantise,
        rectangle, ring_holds,
    },
    plan::{Building, Land, Line, Spot, Tags, TreeSpot},
    streets::Streets,
    style,
};
use geo::{MultiPolygon, Polygon};

/// Everything that is put on the ground, and an index of what stands.
pub struct Ground<'a> {
    pub layout: &'a Layout,
    pub streets: &'a mut Streets,
    pub barriers: &'a Barriers,
    pub dice: Dice,
    pub buildings: Vec<Building>,
    pub land: Vec<Land>,
    pub ponds: Vec<Land>,
    pub lines: Vec<Line>,
    pub spots: Vec<Spot>,
    pub trees: Vec<TreeSpot>,
    index: RTree<Entry>,
}

/// Nothing is built further from a street than this, metre.
const REACH_M: f64 = 150.0;

type Entry = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// A building before its looks are drawn.
pub struct Draft {
    pub kind: &'static str,
    pub levels: u32,
    pub look: style::Look,
    pub extra: Tags,
}

impl Draft {
    pub fn new(kind: &'static str, levels: u32, look: style::Look) -> Self {
        Self { kind, levels, look, extra: Vec::new() }
    }

    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((key, value.into()));
        self
    }
}

impl<'a> Ground<'a> {
    pub fn new(layout: &'a Layout, streets: &'a mut Streets, barriers: &'a Barriers, dice: Dice) -> Self {
        Self {
            layout,
            streets,
            barriers,
            dice,
            buildings: Vec::new(),
            land: Vec::new(),
            ponds: Vec::new(),
            lines: Vec::new(),
            spots: Vec::new(),
            trees: Vec::new(),
            index: RTree::new(),
        }
    }

    /// People whom the homes hold.
    pub fn residents(&self) -> f64 {
        self.buildings.iter().map(Building::residents).sum()
    }

    /// Takes down single houses here and there until no more than `people` find room: plots not built yet.
    pub fn trim_homes(&mut self, people: f64) {
        let single = |b: &Building| matches!(b.kind, "detached" | "house");
        let mut order: Vec<(f64, usize)> = Vec::new();
        for (i, _) in self.buildings.iter().enumerate().filter(|(_, b)| single(b)) {
            order.push((self.dice.unit(), i));
        }
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut excess = self.residents() - people;
        let mut gone = vec![false; self.buildings.len()];
        for (_, i) in order {
            if excess <= 0.0 {
                break;
            }
            excess -= self.buildings[i].residents();
            gone[i] = true;
        }
        let mut keep = gone.iter().map(|g| !g);
        self.buildings.retain(|_| keep.next().unwrap_or(true));
        let entries = self.buildings.iter().enumerate().map(|(i, b)| entry(&b.shape, i)).collect();
        self.index = RTree::bulk_load(entries);
    }

    /// Whether nothing stands within `margin_m` of a ring.
    pub fn is_free(&self, ring: &[P], margin_m: f64) -> bool {
        self.near(ring, margin_m).all(|i| apart(&open_ring(&self.buildings[i].shape), ring, margin_m))
    }

    fn near(&self, ring: &[P], margin_m: f64) -> impl Iterator<Item = usize> {
        let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
        for q in ring {
            low = [low[0].min(q.x - margin_m), low[1].min(q.y - margin_m)];
            high = [high[0].max(q.x + margin_m), high[1].max(q.y + margin_m)];
        }
        self.index.locate_in_envelope_intersecting(&AABB::from_corners(low, high)).map(|e| e.data)
    }

    /// Whether no street passes under a ring, looked at every 2 m.
    pub fn off_roads(&self, ring: &[P]) -> bool {
        let n = ring.len();
        (0..n).all(|i| {
            let (a, b) = (ring[i], ring[(i + 1) % n]);
            let steps = (distance(a, b) / 2.0).ceil().max(1.0);
            (0..steps as usize).all(|k| self.streets.off_carriageways(lerp(a, b, k as f64 / steps)))
        })
    }

    /// Builds on a ring; the caller has made sure that it is free.
    pub fn build(&mut self, ring: &[P], draft: Draft) -> usize {
        let ring: Vec<P> = ring.iter().map(|&q| quantise(q)).collect();
        self.build_shape(polygon(&ring), draft)
    }

    pub fn build_shape(&mut self, shape: Polygon<f64>, draft: Draft) -> usize {
        let (roof, colour) = style::looks(draft.look, &open_ring(&shape), &mut self.dice);
        let Draft { kind, levels, extra, .. } = draft;
        let at = self.buildings.len();
        self.index.insert(entry(&shape, at));
        let parts = Vec::new();
        self.buildings.push(Building { shape, kind, levels, height_m: None, roof, colour, extra, parts });
        at
    }

    /// Builds a rectangle if it fits on the land and keeps its distance.
    pub fn try_build(&mut self, land: &Polygon<f64>, ring: &[P], keep: Keep, draft: Draft) -> Option<usize> {
        let fits = contains(land, &grown(ring, keep.from_edge_m))
            && self.is_free(ring, keep.from_others_m)
            && self.streets.nearest_where(centre_of(ring), REACH_M, Class::is_motor).is_some()
            && self.off_roads(ring);
        fits.then(|| self.build(ring, draft))
    }

    pub fn add_land(&mut self, shape: Polygon<f64>, tags: Tags) {
        self.land.push(Land { shape: MultiPolygon(vec![crate::water::round_coordinates(shape)]), tags });
    }

    pub fn add_spot(&mut self, at: P, tags: Tags) {
        self.spots.push(Spot { at: quantise(at), tags });
    }

    /// A tree, where no building stands within its reach.
    pub fn plant(&mut self, at: P, height_m: f64, conifer: bool) {
        if self.is_free(&rectangle(at, P { x: 1.0, y: 0.0 }, 0.4, 0.4), 1.4) {
            self.trees.push(TreeSpot { at: quantise(at), height_m, conifer });
        }
    }

    /// Trees at random over land, about one per `each_m2`.
    pub fn plant_over(&mut self, land: &Polygon<f64>, each_m2: f64, conifers: f64) {
        let ring = open_ring(land);
        let rect = crate::maths::frame(&ring);
        let count = (rect.long_m * rect.short_m / each_m2) as usize;
        for _ in 0..count {
            let (a, b) = (self.dice.range(-0.5, 0.5), self.dice.range(-0.5, 0.5));
            let at = rect.centre + rect.axis * (a * rect.long_m) + crate::maths::left(rect.axis) * (b * rect.short_m);
            let edge = ring.len();
            let clear = (0..edge).all(|i| nearest_on(ring[i], ring[(i + 1) % edge], at).1 > 2.0);
            if clear && holds(land, at) {
                let height = self.dice.range(6.0, 18.0);
                let conifer = self.dice.chance(conifers);
                self.plant(at, height, conifer);
            }
        }
    }

    /// Whether a street with cars or walkers runs by.
    pub fn on_street(&self, at: P, within_m: f64) -> bool {
        self.streets.nearest_where(at, within_m, |c| c <= Class::Service || c == Class::Pedestrian).is_some()
    }

    /// Whether a narrow way between two places passes no building closer than 1.6 m.
    pub fn is_clear_way(&self, from: P, to: P) -> bool {
        self.near(&[from, to], 2.0).all(|i| {
            let ring = &self.buildings[i].shape.exterior().0;
            !ring_holds(ring, from)
                && ring.windows(2).all(|w| {
                    let off = |q| nearest_on(from, to, q).1.min(nearest_on(w[0], w[1], from).1);
                    crossing(from, to, w[0], w[1]).is_none() && off(w[0]).min(off(w[1])) > 1.6
                })
        })
    }

    /// A way from a place on the land to the nearest street, its ends joined. `true` where it could be laid.
    pub fn connect(&mut self, class: Class, from: P, reach_m: f64) -> bool {
        let fits = |c: Class| c.takes_side_streets() && c.is_motor();
        let Some((_, _, street)) = self.streets.nearest_where(from, reach_m, fits) else { return false };
        if !self.is_clear_way(from, street) || distance(from, street) < 3.0 || self.barriers.between(from, street) {
            return false;
        }
        self.streets.lay(Kind::new(class, 3.0, 1, 10), &[from, street], &[Span::Ground]).is_some()
    }

    /// A footpath or service way along points, joined to what it crosses.
    pub fn path(&mut self, class: Class, points: &[P]) {
        if points.len() > 1 {
            let spans = vec![Span::Ground; points.len() - 1];
            self.streets.lay(Kind::new(class, 2.0, 1, 10), points, &spans);
        }
    }
}

/// Distances that a building keeps.
#[derive(Clone, Copy)]
pub struct Keep {
    pub from_edge_m: f64,
    pub from_others_m: f64,
}

impl Keep {
    pub const fn of(from_edge_m: f64, from_others_m: f64) -> Self {
        Self { from_edge_m, from_others_m }
    }
}

/// A convex ring moved outwards about its centre by roughly `by_m`.
pub fn grown(ring: &[P], by_m: f64) -> Vec<P> {
    let centre = centre_of(ring);
    ring.iter()
        .map(|&q| {
            let d = distance(q, centre).max(0.1);
            centre + (q - centre) * (1.0 + by_m * std::f64::consts::SQRT_2 / d)
        })
        .collect()
}

/// Whether two rings stay `margin_m` apart; with no margin they may share walls.
pub fn apart(a: &[P], b: &[P], margin_m: f64) -> bool {
    let (a, b) = if margin_m > 0.0 { (a.to_vec(), b.to_vec()) } else { (grown(a, -0.06), grown(b, -0.06)) };
    let (n, m) = (a.len(), b.len());
    let closed = |r: &[P]| r.iter().copied().chain([r[0]]).collect::<Vec<_>>();
    if ring_holds(&closed(&a), b[0]) || ring_holds(&closed(&b), a[0]) {
        return false;
    }
    (0..n).all(|i| {
        let (p, q) = (a[i], a[(i + 1) % n]);
        (0..m).all(|j| {
            let (r, s) = (b[j], b[(j + 1) % m]);
            crossing(p, q, r, s).is_none()
                && (margin_m <= 0.0
                    || [nearest_on(p, q, r).1, nearest_on(p, q, s).1, nearest_on(r, s, p).1, nearest_on(r, s, q).1]
                        .iter()
                        .all(|d| *d >= margin_m))
        })
    })
}

/// Area per outline: below about 9 m a piece of land is too narrow to build on.
pub fn breadth(area: &Polygon<f64>) -> f64 {
    2.0 * area_of(area) / crate::maths::line_length(&area.exterior().0).max(1.0)
}

fn entry(shape: &Polygon<f64>, at: usize) -> Entry {
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for q in &shape.exterior().0 {
        low = [low[0].min(q.x), low[1].min(q.y)];
        high = [high[0].max(q.x), high[1].max(q.y)];
    }
    GeomWithData::new(Rectangle::from_corners(low, high), at)
}
