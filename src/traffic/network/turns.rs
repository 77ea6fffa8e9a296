//! Which link may follow which, how sharp and how fast the turn is.
//!
//! U-turns are made only where nothing else is left: at dead ends, and where closures make one (`last_resort`). Restrictions through a node are applied here;
//! restrictions through via links depend on the way come and live in [`super::bans`].

use std::{collections::BTreeMap, f32::consts::PI, ops::Range};

use citytwin_model::{City, TurnRestrictionKind, TurnVia};

use super::{LinkInfo, Shapes};

/// Which way a turn goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TurnKind {
    Right,
    Straight,
    Left,
    Back,
}

/// One allowed turn.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub from: u32,
    pub to: u32,
    /// Change of heading, radian, left positive.
    pub angle: f32,
    pub kind: TurnKind,
    /// Turning back, for when closures leave nothing else: no part of the network's reach or right of way.
    pub last_resort: bool,
    /// Comfortable speed, metre per second.
    pub speed: f32,
    /// Time lost by turning, second.
    pub cost: f32,
    pub lane_lo: u8,
    pub lane_hi: u8,
}

/// All turns, grouped by the link they leave.
pub struct Turns {
    pub list: Vec<Turn>,
    start: Vec<u32>,
    /// Turn indices grouped by the link they enter.
    into: Vec<u32>,
    into_start: Vec<u32>,
}

/// Beyond this change of heading a movement counts as a turn: 35°.
const STRAIGHT_RAD: f32 = 35.0 / 180.0 * PI;
/// Comfortable lateral acceleration in a turn, m/s² (AASHTO Green Book, low-speed urban turning: 0.2–0.3 g).
const LATERAL_MPS2: f32 = 2.5;
/// Radius of a 90° turn at an urban junction, metre (RASt 06: kerb radii of 6–10 m plus half a lane).
const CORNER_RADIUS_M: f32 = 10.0;
/// Tightest radius, metre (RASt 06: turning circle of a passenger car, 5.85 m outer edge).
const TIGHTEST_RADIUS_M: f32 = 3.5;

impl Turns {
    /// All turns of the usable links, node restrictions applied.
    pub fn build(city: &City, usable: &[bool], shapes: &Shapes) -> Self {
        let leaving = leaving_by_node(city, usable);
        let rules = node_rules(city, usable);
        let mut list = Vec::new();
        let mut start = vec![0];
        for link in &city.links {
            if usable[link.id.index()] {
                let leaving = &leaving[link.to.index()];
                let onward = allowed(city, link.id.0, leaving, &rules);
                let back = |to: u32| is_back(city, link.id.0, to);
                list.extend(onward.iter().map(|to| turn(link.id.0, *to, shapes, back(*to))));
                let spare = leaving.iter().filter(|to| back(**to) && !onward.contains(*to));
                list.extend(spare.map(|to| Turn { last_resort: true, ..turn(link.id.0, *to, shapes, true) }));
            }
            start.push(list.len() as u32);
        }
        let (into, into_start) = group_into(&list, city.links.len());
        Self { list, start, into, into_start }
    }

    /// Indices of the turns that leave a link, last resorts at the end.
    pub fn of(&self, link: u32) -> Range<usize> {
        self.start[link as usize] as usize..self.start[link as usize + 1] as usize
    }

    /// Indices of the turns that enter a link.
    pub fn entering(&self, link: u32) -> &[u32] {
        &self.into[self.into_start[link as usize] as usize..self.into_start[link as usize + 1] as usize]
    }

    /// The turn from one link to another.
    pub fn find(&self, from: u32, to: u32) -> Option<u32> {
        self.of(from).find(|t| self.list[*t].to == to).map(|t| t as u32)
    }
}

/// Sets what a turn costs a driver beyond its slowing: crossing oncoming traffic and turning back.
pub fn price(links: &[LinkInfo], turns: &mut Turns, right_hand: bool) {
    /// Mean extra delay of a turn across oncoming traffic and of one along the kerb, second (HCM 6th, ch. 20,
    /// uncongested), and of turning round in a dead end.
    const ACROSS_S: f32 = 4.0;
    const ALONG_S: f32 = 2.0;
    const BACK_S: f32 = 15.0;
    /// Entering an access-only street that one does not have business in, second.
    const ACCESS_ONLY_S: f32 = 60.0;
    let across = if right_hand { TurnKind::Left } else { TurnKind::Right };
    for turn in &mut turns.list {
        turn.cost = match turn.kind {
            TurnKind::Straight => 0.0,
            TurnKind::Back => BACK_S,
            kind if kind == across => ACROSS_S,
            _ => ALONG_S,
        };
        if links[turn.to as usize].access_only && !links[turn.from as usize].access_only {
            turn.cost += ACCESS_ONLY_S;
        }
    }
}

fn leaving_by_node(city: &City, usable: &[bool]) -> Vec<Vec<u32>> {
    let mut leaving = vec![Vec::new(); city.nodes.len()];
    for link in city.links.iter().filter(|l| usable[l.id.index()]) {
        leaving[link.from.index()].push(link.id.0);
    }
    leaving
}

/// Per approach: the links it must not and the only ones it may turn to.
fn node_rules(city: &City, usable: &[bool]) -> BTreeMap<u32, Vec<(TurnRestrictionKind, u32)>> {
    let mut rules = BTreeMap::<u32, Vec<_>>::new();
    let exists = |link: usize| usable.get(link).copied().unwrap_or(false);
    for r in &city.restrictions {
        let usable_ends = exists(r.from.index()) && exists(r.to.index());
        if usable_ends && matches!(r.via, TurnVia::Node(_)) {
            rules.entry(r.from.0).or_default().push((r.kind, r.to.0));
        }
    }
    rules
}

fn allowed(
    city: &City,
    from: u32,
    leaving: &[u32],
    rules: &BTreeMap<u32, Vec<(TurnRestrictionKind, u32)>>,
) -> Vec<u32> {
    let mut onward: Vec<u32> = leaving.iter().copied().filter(|to| !is_back(city, from, *to)).collect();
    if let Some(rules) = rules.get(&from) {
        let only: Vec<u32> =
            rules.iter().filter(|r| r.0 == TurnRestrictionKind::Only && onward.contains(&r.1)).map(|r| r.1).collect();
        if !only.is_empty() {
            onward.retain(|to| only.contains(to));
        }
        onward.retain(|to| !rules.contains(&(TurnRestrictionKind::No, *to)));
    }
    if onward.is_empty() {
        onward = leaving.iter().copied().filter(|to| is_back(city, from, *to)).collect();
    }
    onward
}

fn is_back(city: &City, from: u32, to: u32) -> bool {
    let (a, b) = (&city.links[from as usize], &city.links[to as usize]);
    a.road == b.road && a.first == b.first && a.last == b.last && a.forward != b.forward
}

fn turn(from: u32, to: u32, shapes: &Shapes, back: bool) -> Turn {
    let angle = if back { PI } else { wrap(shapes.heading_in(to) - shapes.heading_out(from)) };
    let kind = match angle {
        _ if back => TurnKind::Back,
        a if a > STRAIGHT_RAD => TurnKind::Left,
        a if a < -STRAIGHT_RAD => TurnKind::Right,
        _ => TurnKind::Straight,
    };
    let radius = (CORNER_RADIUS_M / (angle.abs() / 2.0).tan().max(1e-3)).max(TIGHTEST_RADIUS_M);
    let speed = (LATERAL_MPS2 * radius).sqrt();
    Turn { from, to, angle, kind, last_resort: false, speed, cost: 0.0, lane_lo: 0, lane_hi: 0 }
}

fn group_into(list: &[Turn], links: usize) -> (Vec<u32>, Vec<u32>) {
    let mut start = vec![0_u32; links + 1];
    for turn in list {
        start[turn.to as usize + 1] += 1;
    }
    for i in 0..links {
        start[i + 1] += start[i];
    }
    let mut next = start.clone();
    let mut into = vec![0; list.len()];
    for (t, turn) in list.iter().enumerate() {
        let slot = &mut next[turn.to as usize];
        into[*slot as usize] = t as u32;
        *slot += 1;
    }
    (into, start)
}

/// An angle brought into −π…π.
pub fn wrap(angle: f32) -> f32 {
    let turned = angle.rem_euclid(2.0 * PI);
    if turned > PI { turned - 2.0 * PI } else { turned }
}
