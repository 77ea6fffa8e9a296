//! Finds the links that a restriction's ways mean: a way may be split into many links, in both directions.

use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
};

use citytwin_model::{City, Coord, Link, LinkId, NodeId, RoadId};

use super::super::Index;

/// What a restriction calls its turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    Left,
    Right,
    Straight,
    Back,
    Any,
}

/// Turns that one pair of ways may have at one node: four where both pass through it.
const MAX_TURNS: usize = 100;
/// Links that the search along via ways may reach, of all restrictions together: a hundred thousand of forty.
const MAX_REACHED: usize = 4_000_000;

/// Looks turns up in a network.
pub struct Turns<'a> {
    city: &'a City,
    index: &'a Index,
    /// Road, node and link, sorted, of where links begin and where they end.
    starts: Vec<(RoadId, NodeId, LinkId)>,
    ends: Vec<(RoadId, NodeId, LinkId)>,
    reached: Cell<usize>,
}

impl<'a> Turns<'a> {
    pub fn new(city: &'a City, index: &'a Index) -> Self {
        let sorted = |node: fn(&Link) -> NodeId| {
            let mut all: Vec<_> = city.links.iter().map(|link| (link.road, node(link), link.id)).collect();
            all.sort_unstable();
            all
        };
        Self { city, index, starts: sorted(|link| link.from), ends: sorted(|link| link.to), reached: Cell::new(0) }
    }

    /// Pairs of links over a node. One pair where the ways end there; where a way passes through, the pair
    /// whose angle fits the restriction's name.
    pub fn at_node(&self, from: RoadId, node: NodeId, to: RoadId, turn: Turn) -> Result<Vec<(LinkId, LinkId)>, String> {
        let arriving: Vec<LinkId> = at(&self.ends, from, node).collect();
        let leaving: Vec<LinkId> = at(&self.starts, to, node).collect();
        if arriving.is_empty() {
            return Err(format!("no direction of `from` ({}) leads to its `via`; not applied", self.name(from)));
        }
        if leaving.is_empty() {
            return Err(format!("no direction of `to` ({}) leads away from its `via`; not applied", self.name(to)));
        }
        if arriving.len() * leaving.len() > MAX_TURNS {
            return Err("its ways meet at its `via` too often; not applied".to_owned());
        }
        let pairs: Vec<_> = arriving.iter().flat_map(|from| leaving.iter().map(|to| (*from, *to))).collect();
        let is_back = |pair: &(LinkId, LinkId)| self.is_back(pair.0, pair.1);
        let fitting: Vec<_> = match turn {
            Turn::Back if from == to => pairs.iter().copied().filter(is_back).collect(),
            _ if pairs.len() == 1 => pairs.clone(),
            Turn::Any => pairs.iter().copied().filter(|pair| !is_back(pair)).collect(),
            _ => pairs.iter().copied().filter(|pair| !is_back(pair) && self.turn_of(*pair) == turn).collect(),
        };
        match fitting.len() {
            0 => Err("no turn between its ways fits its name; not applied".to_owned()),
            1 => Ok(fitting),
            _ if turn == Turn::Back || turn == Turn::Any => Ok(fitting),
            _ => Err("more than one turn between its ways fits its name; not applied".to_owned()),
        }
    }

    /// The shortest drive from `from` over all of `via` in order to `to`: last link of `from`, links
    /// between, first link of `to`.
    pub fn along(&self, from: RoadId, via: &[RoadId], to: RoadId) -> Result<(LinkId, Vec<LinkId>, LinkId), String> {
        // State: the link driven last and how many via ways it has reached; each state is entered once.
        let mut came_from: BTreeMap<(LinkId, usize), Option<(LinkId, usize)>> = BTreeMap::new();
        let mut open: VecDeque<(LinkId, usize)> = VecDeque::new();
        self.reach(self.index.links(from).count())?;
        for link in self.index.links(from) {
            came_from.insert((link, 0), None);
            open.push_back((link, 0));
        }
        while let Some((link, stage)) = open.pop_front() {
            self.reach(1)?;
            let here = self.link(link).to;
            let next_links = |road: RoadId| at(&self.starts, road, here);
            let drivable = |next: &LinkId| !self.is_back(link, *next);
            if stage == via.len()
                && let Some(last) = next_links(to).find(drivable)
            {
                return Ok(self.trace(&came_from, (link, stage), last));
            }
            let same = via.get(stage.wrapping_sub(1)).map(|road| (*road, stage));
            let next = via.get(stage).map(|road| (*road, stage + 1));
            for (road, reached) in same.into_iter().chain(next) {
                for next in next_links(road).filter(drivable) {
                    came_from.entry((next, reached)).or_insert_with(|| {
                        open.push_back((next, reached));
                        Some((link, stage))
                    });
                }
            }
        }
        Err("its ways do not form a drive from `from` over `via` to `to`; not applied".to_owned())
    }

    fn reach(&self, more: usize) -> Result<(), String> {
        self.reached.set(self.reached.get().saturating_add(more));
        let what = "the map's restrictions lead over too many ways; not applied";
        if self.reached.get() > MAX_REACHED { Err(what.to_owned()) } else { Ok(()) }
    }

    fn trace(
        &self,
        came_from: &BTreeMap<(LinkId, usize), Option<(LinkId, usize)>>,
        mut state: (LinkId, usize),
        last: LinkId,
    ) -> (LinkId, Vec<LinkId>, LinkId) {
        let mut path = Vec::new();
        while let Some(Some(before)) = came_from.get(&state) {
            path.push(state.0);
            state = *before;
        }
        path.reverse();
        (state.0, path, last)
    }

    /// Whether the second link drives the first one's piece back.
    fn is_back(&self, from: LinkId, to: LinkId) -> bool {
        let (a, b) = (self.link(from), self.link(to));
        a.road == b.road && a.first == b.first && a.forward != b.forward
    }

    /// The turn by its angle: straight within 30°, back beyond 150°.
    fn turn_of(&self, (from, to): (LinkId, LinkId)) -> Turn {
        let (a, b) = (self.direction(self.link(from), true), self.direction(self.link(to), false));
        let angle = (a.x * b.y - a.y * b.x).atan2(a.x * b.x + a.y * b.y).to_degrees();
        match angle {
            _ if angle.abs() <= 30.0 => Turn::Straight,
            _ if angle.abs() >= 150.0 => Turn::Back,
            _ if angle > 0.0 => Turn::Left,
            _ => Turn::Right,
        }
    }

    /// Where a link heads at its end or at its start.
    fn direction(&self, link: &Link, at_end: bool) -> Coord<f64> {
        let line = &self.city.roads[link.road.index()].line.0;
        let (first, last) = (link.first as usize, link.last as usize);
        let (a, b) = match (link.forward, at_end) {
            (true, true) => (last - 1, last),
            (true, false) => (first, first + 1),
            (false, true) => (first + 1, first),
            (false, false) => (last, last - 1),
        };
        line[b] - line[a]
    }

    fn link(&self, id: LinkId) -> &Link {
        &self.city.links[id.index()]
    }

    fn name(&self, road: RoadId) -> String {
        self.city.roads[road.index()].source.to_string()
    }
}

/// The links of a road at a node, by their ids.
fn at(sorted: &[(RoadId, NodeId, LinkId)], road: RoadId, node: NodeId) -> impl Iterator<Item = LinkId> + use<'_> {
    let first = sorted.partition_point(|entry| (entry.0, entry.1) < (road, node));
    sorted[first..].iter().take_while(move |entry| (entry.0, entry.1) == (road, node)).map(|entry| entry.2)
}
