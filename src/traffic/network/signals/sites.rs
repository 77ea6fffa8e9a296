//! Where signals stand: which nodes work as one, which links approach them, and which follow each other in a green
//! wave. By the map alone; no edit changes it.

use std::collections::BTreeMap;

use citytwin_model::{City, RoadClass};

use super::super::{NONE, Shapes, given::Given, rows::Rows, turns::wrap};
use super::TABLE;

/// All signalled junctions. A site is a group of signalled nodes; its approaches are the links that enter it from
/// outside. Each approach has two streams: [`Sites::main_stream`] and the one after it, for turns across oncoming
/// traffic.
#[derive(Clone, PartialEq, Debug)]
pub struct Sites {
    pub count: usize,
    /// Link → site it ends at, [`NONE`] without a signal.
    pub site_of: Vec<u32>,
    /// Link → its main stream, [`NONE`] where it is no approach.
    main_stream: Vec<u32>,
    pub stream_count: usize,
    /// Approaches of a site, ascending.
    pub approaches: Rows<u32>,
    /// Nodes → site.
    pub site_at: Vec<u32>,
    /// Sites in the order of their waves.
    pub waves: Vec<Vec<WaveStop>>,
}

/// One site of a green wave.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WaveStop {
    pub site: u32,
    /// The approach by which the wave comes.
    pub approach: u32,
    /// From the stop before, metre; 0 for the first.
    pub way_m: f32,
}

/// Signalled nodes closer than this are one junction, metre.
const JOIN_M: f64 = 30.0;
/// So are those between whose stop lines fewer than two cars have room: who was let in by one would stand in the way of the
/// next. Metre, and streets that lead from one to the other at most.
const ROOM_M: f32 = 14.0;
const MOST_BETWEEN: usize = 3;

impl Sites {
    /// `trims`: by link, the metres that the junctions at its ends take of it; `entering` and `leaving`: by node.
    pub fn survey(
        city: &City,
        usable: &[bool],
        (shapes, trims): (&Shapes, &[(f32, f32)]),
        (entering, leaving): (&Rows<u32>, &Rows<u32>),
    ) -> Self {
        let between = Between { city, shapes, trims, leaving };
        let site_at = clusters(city, &between);
        let count = site_at.iter().filter(|c| **c != NONE).max().map_or(0, |c| *c as usize + 1);
        let mut site_of = vec![NONE; city.links.len()];
        let mut main_stream = vec![NONE; city.links.len()];
        let mut members = Vec::new();
        for link in city.links.iter().filter(|l| usable[l.id.index()]) {
            let (from, to) = (site_at[link.from.index()], site_at[link.to.index()]);
            site_of[link.id.index()] = to;
            if to != NONE && from != to {
                main_stream[link.id.index()] = 2 * members.len() as u32;
                members.push((to, link.id.0));
            }
        }
        let stream_count = 2 * members.len();
        let approaches = Rows::grouped(count, members.into_iter());
        let mut sites = Self { count, site_of, main_stream, stream_count, approaches, site_at, waves: Vec::new() };
        let survey = Survey { city, shapes, leaving, entering, sites: &sites };
        sites.waves = survey.waves();
        sites
    }

    /// Sites of stated programs: one each, without approaches of their own making.
    pub fn given(links: usize, given: &Given) -> Self {
        let mut sites = Self {
            count: given.programs.len(),
            site_of: vec![NONE; links],
            main_stream: vec![NONE; links],
            stream_count: given.programs.iter().map(|p| p.streams.len()).sum(),
            approaches: Rows::grouped(given.programs.len(), std::iter::empty()),
            site_at: Vec::new(),
            waves: Vec::new(),
        };
        let first: Vec<u32> = given
            .programs
            .iter()
            .scan(0, |next, p| {
                *next += p.streams.len() as u32;
                Some(*next)
            })
            .collect();
        for ((from, _), turn) in &given.turns {
            if let Some(stream) = turn.stream {
                sites.site_of[*from as usize] = first.partition_point(|end| *end <= stream) as u32;
                // What the drivers of a link see is the signal of their widest turn; ties: the first.
                let widest = given.turns.range((*from, 0)..=(*from, u32::MAX)).filter(|(_, t)| t.stream.is_some());
                let widest = widest.max_by_key(|(key, t)| (t.lanes.1 - t.lanes.0, std::cmp::Reverse(**key)));
                sites.main_stream[*from as usize] = widest.and_then(|(_, t)| t.stream).unwrap_or(stream);
            }
        }
        sites
    }

    /// The stream that the drivers of a link see, [`NONE`] without a signal.
    pub fn main_stream(&self, link: u32) -> u32 {
        self.main_stream[link as usize]
    }

    pub fn is_approach(&self, link: u32) -> bool {
        self.main_stream[link as usize] != NONE
    }
}

/// Streets too short to wait on between two signals.
struct Between<'a> {
    city: &'a City,
    shapes: &'a Shapes,
    trims: &'a [(f32, f32)],
    leaving: &'a Rows<u32>,
}

impl Between<'_> {
    /// Nodes on the ways from a signalled one to the next ones that have no room to wait between, the last ones included.
    fn joined(&self, from: usize) -> Vec<usize> {
        let mut found = Vec::new();
        for link in self.leaving.of(from as u32) {
            self.follow(*link, 0.0, &mut vec![from], &mut found);
        }
        found
    }

    fn follow(&self, link: u32, before_m: f32, way: &mut Vec<usize>, found: &mut Vec<usize>) {
        let (entry, exit) = self.trims[link as usize];
        let room_m = before_m + (self.shapes.length(link) - entry - exit).max(0.0);
        let to = self.city.links[link as usize].to.index();
        if room_m >= ROOM_M || way.contains(&to) {
            return;
        }
        if self.city.nodes[to].signals {
            found.extend(way[1..].iter().copied().chain([to]));
        } else if way.len() < MOST_BETWEEN {
            way.push(to);
            for next in self.leaving.of(to as u32) {
                self.follow(*next, room_m, way, found);
            }
            way.pop();
        }
    }
}

/// Node → its site, numbered in the order of the signalled nodes; nodes without signals lie within.
fn clusters(city: &City, between: &Between) -> Vec<u32> {
    let signalled: Vec<usize> = (0..city.nodes.len()).filter(|n| city.nodes[*n].signals).collect();
    let mut parent: Vec<usize> = (0..city.nodes.len()).collect();
    let places = signalled.iter().map(|n| {
        let at = city.nodes[*n].at;
        rstar::primitives::GeomWithData::new([at.x, at.y], *n)
    });
    let tree = rstar::RTree::bulk_load(places.collect());
    for n in &signalled {
        let at = city.nodes[*n].at;
        for other in tree.locate_within_distance([at.x, at.y], JOIN_M * JOIN_M) {
            let (a, b) = (root(&mut parent, *n), root(&mut parent, other.data));
            parent[a.max(b)] = a.min(b);
        }
        for other in between.joined(*n) {
            let (a, b) = (root(&mut parent, *n), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut number = vec![NONE; city.nodes.len()];
    let mut next = 0;
    for n in &signalled {
        let r = root(&mut parent, *n);
        if number[r] == NONE {
            number[r] = next;
            next += 1;
        }
    }
    (0..city.nodes.len()).map(|n| number[root(&mut parent, n)]).collect()
}

fn root(parent: &mut [usize], mut n: usize) -> usize {
    while parent[n] != n {
        parent[n] = parent[parent[n]];
        n = parent[n];
    }
    n
}

struct Survey<'a> {
    city: &'a City,
    shapes: &'a Shapes,
    leaving: &'a Rows<u32>,
    entering: &'a Rows<u32>,
    sites: &'a Sites,
}

/// A way along one road from a signal to the next.
struct Hop {
    weight: u32,
    way_m: f32,
    /// The link that leaves the first site.
    exit: u32,
    from: u32,
    to: u32,
    /// The approach of the second site.
    approach: u32,
}

impl Survey<'_> {
    /// Chains of signals along one road: hops of the most important and then the nearest are joined first, each site
    /// has one before and one after, no chain closes on itself or runs back along itself.
    fn waves(&self) -> Vec<Vec<WaveStop>> {
        let mut hops: Vec<Hop> = (0..self.city.links.len() as u32).filter_map(|l| self.hop(l)).collect();
        hops.sort_by(|a, b| b.weight.cmp(&a.weight).then(a.way_m.total_cmp(&b.way_m)).then(a.exit.cmp(&b.exit)));
        let mut chain: Vec<usize> = (0..self.sites.count).collect();
        let mut size = vec![1; self.sites.count];
        let mut next = BTreeMap::<u32, &Hop>::new();
        let mut entered = vec![false; self.sites.count];
        for hop in &hops {
            let (a, b) = (root(&mut chain, hop.from as usize), root(&mut chain, hop.to as usize));
            let joins = a != b && !next.contains_key(&hop.from) && !entered[hop.to as usize];
            if joins && size[a] + size[b] <= TABLE.wave_sites {
                next.insert(hop.from, hop);
                entered[hop.to as usize] = true;
                chain[a.max(b)] = a.min(b);
                size[a.min(b)] = size[a] + size[b];
            }
        }
        (0..self.sites.count as u32).filter(|s| !entered[*s as usize]).map(|s| self.chain(s, &next)).collect()
    }

    fn chain(&self, first: u32, next: &BTreeMap<u32, &Hop>) -> Vec<WaveStop> {
        let approach = match next.get(&first) {
            Some(hop) => self.feeder(first, self.shapes.heading_in(hop.exit)),
            None => self.sites.approaches.of(first).first().copied().unwrap_or(NONE),
        };
        let mut stops = vec![WaveStop { site: first, approach, way_m: 0.0 }];
        let mut site = first;
        while let Some(hop) = next.get(&site) {
            stops.push(WaveStop { site: hop.to, approach: hop.approach, way_m: hop.way_m });
            site = hop.to;
        }
        stops
    }

    /// The approach that leads most nearly in a direction.
    fn feeder(&self, site: u32, heading: f32) -> u32 {
        let apart = |l: &u32| wrap(self.shapes.heading_out(*l) - heading).abs();
        let approaches = self.sites.approaches.of(site).iter();
        approaches.min_by(|a, b| apart(a).total_cmp(&apart(b)).then(a.cmp(b))).copied().unwrap_or(NONE)
    }

    /// From a link that leaves a site along its road to the next site.
    fn hop(&self, exit: u32) -> Option<Hop> {
        let links = &self.city.links;
        let from = self.sites.site_at[links[exit as usize].from.index()];
        let own = self.entering.of(links[exit as usize].to.0).contains(&exit);
        if from == NONE || !own || self.sites.site_of[exit as usize] == from || self.class(exit) > RoadClass::Tertiary {
            return None;
        }
        let (mut link, mut way_m) = (exit, links[exit as usize].length_m as f32);
        while f64::from(way_m) <= TABLE.wave_gap_m {
            let to = self.sites.site_of[link as usize];
            if to != NONE {
                let weight = (10 - self.class(link) as u32) * 10 + u32::from(links[link as usize].lanes);
                return (to != from).then_some(Hop { weight, way_m, exit, from, to, approach: link });
            }
            link = self.ahead(link)?;
            way_m += links[link as usize].length_m as f32;
        }
        None
    }

    /// The continuation of a road: same name, or same class where it has none, straight on.
    fn ahead(&self, link: u32) -> Option<u32> {
        let road = |l: u32| &self.city.roads[self.city.links[l as usize].road.index()];
        let same = |l: &&u32| match (&road(link).name, &road(**l).name) {
            (Some(a), Some(b)) => a == b,
            (None, None) => road(link).class == road(**l).class,
            _ => false,
        };
        let bend = |l: &u32| wrap(self.shapes.heading_in(*l) - self.shapes.heading_out(link)).abs();
        let onward = self.leaving.of(self.city.links[link as usize].to.0).iter().filter(same);
        let best = onward.min_by(|a, b| bend(a).total_cmp(&bend(b)).then(a.cmp(b)))?;
        (bend(best) < std::f32::consts::FRAC_PI_4).then_some(*best)
    }

    fn class(&self, link: u32) -> RoadClass {
        self.city.roads[self.city.links[link as usize].road.index()].class
    }
}
