//! Which link may follow which, how sharp and how fast the turn is.
//!
//! U-turns are made only where nothing else is left: at dead ends, and where closures make one (`last_resort`). Restrictions through a node are applied here;
//! restrictions through via links depend on the way come and live in [`super::bans`].

use std::{f32::consts::PI, ops::Range};

use citytwin_model::TurnRestrictionKind;

use super::{NONE, access, lanes, rows::Rows, shape::Shapes, streets::Streets};

/// Which way a turn goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TurnKind {
    Right,
    Straight,
    Left,
    Back,
}

impl TurnKind {
    /// The kind of a change of heading (radian, left positive) that is not turning back.
    pub fn of_angle(angle: f32) -> Self {
        match angle {
            a if a > STRAIGHT_RAD => Self::Left,
            a if a < -STRAIGHT_RAD => Self::Right,
            _ => Self::Straight,
        }
    }

    /// The turn that crosses oncoming traffic.
    pub const fn across(right_hand: bool) -> Self {
        if right_hand { Self::Left } else { Self::Right }
    }
}

/// One allowed turn.
#[derive(Clone, Copy, PartialEq, Debug)]
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
    /// Metres driven between the two links; 0 where links reach the node themselves.
    pub length: f32,
    /// Stream of the signal that rules it, [`NONE`] without.
    pub signal: u32,
}

/// All turns, grouped by the link they leave.
#[derive(Clone, PartialEq)]
pub struct Turns {
    pub list: Vec<Turn>,
    start: Vec<u32>,
    /// Turn indices grouped by the link they enter.
    into: Rows<u32>,
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
    /// All turns of the links in use, bans and restrictions applied.
    pub fn build(streets: &Streets, shapes: &Shapes) -> Self {
        let mut rows = Rows::new();
        for link in 0..streets.city.links.len() as u32 {
            rows.list.extend(leaving(streets, shapes, link));
            rows.close();
        }
        Self::of_rows(rows)
    }

    /// The same turns but for those of some links (ascending), worked out anew.
    pub fn rebuilt(&self, streets: &Streets, shapes: &Shapes, links: &[u32]) -> Self {
        let new: Vec<(u32, Vec<Turn>)> = links.iter().map(|l| (*l, leaving(streets, shapes, *l))).collect();
        let rows = Rows { start: self.start.clone(), list: self.list.clone() };
        Self::of_rows(rows.replaced(&new))
    }

    fn of_rows(rows: Rows<Turn>) -> Self {
        let entered = rows.list.iter().enumerate().map(|(t, turn)| (turn.to, t as u32));
        let into = Rows::grouped(rows.len(), entered);
        Self { list: rows.list, start: rows.start, into }
    }

    /// Indices of the turns that leave a link, last resorts at the end.
    pub fn of(&self, link: u32) -> Range<usize> {
        self.start[link as usize] as usize..self.start[link as usize + 1] as usize
    }

    /// Indices of the turns that enter a link.
    pub fn entering(&self, link: u32) -> &[u32] {
        self.into.of(link)
    }

    /// The turn from one link to another.
    pub fn find(&self, from: u32, to: u32) -> Option<u32> {
        self.of(from).find(|t| self.list[*t].to == to).map(|t| t as u32)
    }
}

/// The turns that leave a link, last resorts at the end; none where it is not in use.
fn leaving(streets: &Streets, shapes: &Shapes, link: u32) -> Vec<Turn> {
    if !streets.usable(link) {
        return Vec::new();
    }
    let mut turns = match &streets.ground.given {
        Some(given) => {
            let of_link = given.turns.range((link, 0)..=(link, u32::MAX));
            let used = of_link.filter(|((_, to), _)| streets.usable(*to) && !streets.banned(link, *to));
            used.map(|((_, to), stated)| given_turn(link, *to, stated, streets, shapes)).collect()
        }
        None => inferred(streets, shapes, link),
    };
    for turn in &mut turns {
        turn.cost = price(streets, turn);
    }
    turns
}

fn inferred(streets: &Streets, shapes: &Shapes, link: u32) -> Vec<Turn> {
    let node = streets.city.links[link as usize].to;
    let leaving: Vec<u32> =
        streets.ground.leaving.of(node.0).iter().copied().filter(|to| streets.usable(*to)).collect();
    let onward = allowed(streets, link, &leaving);
    let back = |to: u32| streets.ground.reverse[link as usize] == to;
    let mut turns: Vec<Turn> = onward.iter().map(|to| turn(link, *to, shapes, back(*to))).collect();
    let spare = leaving.iter().filter(|to| back(**to) && !onward.contains(*to));
    turns.extend(spare.map(|to| Turn { last_resort: true, ..turn(link, *to, shapes, true) }));
    lanes::assign(streets, link, &mut turns);
    turns
}

fn given_turn(from: u32, to: u32, stated: &super::given::GivenTurn, streets: &Streets, shapes: &Shapes) -> Turn {
    let last = streets.lanes(from) - 1;
    Turn {
        lane_lo: stated.lanes.0.min(last),
        lane_hi: stated.lanes.1.min(last),
        length: stated.length_m,
        signal: stated.stream.unwrap_or(NONE),
        ..turn(from, to, shapes, stated.back)
    }
}

/// What a turn costs a driver beyond its slowing, second: crossing oncoming traffic and turning back.
fn price(streets: &Streets, turn: &Turn) -> f32 {
    /// Mean extra delay of a turn across oncoming traffic and of one along the kerb, second (HCM 6th, ch. 20,
    /// uncongested), and of turning round in a dead end.
    const ACROSS_S: f32 = 4.0;
    const ALONG_S: f32 = 2.0;
    const BACK_S: f32 = 15.0;
    /// Entering an access-only street that one does not have business in, second.
    const ACCESS_ONLY_S: f32 = 60.0;
    let across = TurnKind::across(streets.ground.right_hand);
    let turning = match turn.kind {
        TurnKind::Straight => 0.0,
        TurnKind::Back => BACK_S,
        kind if kind == across => ACROSS_S,
        _ => ALONG_S,
    };
    let access_only = |l: u32| access::is_for_access_only(streets.city, &streets.city.links[l as usize]);
    if access_only(turn.to) && !access_only(turn.from) { turning + ACCESS_ONLY_S } else { turning }
}

fn allowed(streets: &Streets, from: u32, leaving: &[u32]) -> Vec<u32> {
    let is_back = |to: u32| streets.ground.reverse[from as usize] == to;
    let mut onward: Vec<u32> = leaving.iter().copied().filter(|to| !is_back(*to)).collect();
    if let Some(rules) = streets.ground.rules.get(&from) {
        let only: Vec<u32> =
            rules.iter().filter(|r| r.0 == TurnRestrictionKind::Only && onward.contains(&r.1)).map(|r| r.1).collect();
        if !only.is_empty() {
            onward.retain(|to| only.contains(to));
        }
        onward.retain(|to| !rules.contains(&(TurnRestrictionKind::No, *to)));
    }
    onward.retain(|to| !streets.banned(from, *to));
    if onward.is_empty() {
        onward = leaving.iter().copied().filter(|to| is_back(*to)).collect();
    }
    onward
}

fn turn(from: u32, to: u32, shapes: &Shapes, back: bool) -> Turn {
    let angle = if back { PI } else { wrap(shapes.heading_in(to) - shapes.heading_out(from)) };
    let kind = if back { TurnKind::Back } else { TurnKind::of_angle(angle) };
    let radius = (CORNER_RADIUS_M / (angle.abs() / 2.0).tan().max(1e-3)).max(TIGHTEST_RADIUS_M);
    let speed = (LATERAL_MPS2 * radius).sqrt();
    Turn {
        from,
        to,
        angle,
        kind,
        last_resort: false,
        speed,
        cost: 0.0,
        lane_lo: 0,
        lane_hi: 0,
        length: 0.0,
        signal: NONE,
    }
}

/// An angle brought into −π…π.
pub fn wrap(angle: f32) -> f32 {
    let turned = angle.rem_euclid(2.0 * PI);
    if turned > PI { turned - 2.0 * PI } else { turned }
}
