//! Which movements conflict where roads meet, and who yields.
//!
//! Movements are chords of a circle about the node: an approach enters on its driving side of the arm, an exit
//! leaves on the other. Two movements conflict where their chords cross or where they merge into too few lanes.
//! Who yields: by sign and class of road; among equals the driver who turns across oncoming traffic, else
//! right before left (Vienna Convention on Road Traffic 1968, art. 18; mirrored in left-hand traffic, as Japan's
//! Road Traffic Act art. 36 has it). Where a signal separates two movements nobody yields.

use std::f32::consts::{FRAC_PI_4, PI};

use citytwin_model::LinkEnd;

use super::{LinkInfo, NONE, Shapes, Turn, TurnKind, Turns, rows::Rows, streets::Ground, turns::wrap};

/// A movement in conflict with another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Foe {
    pub turn: u32,
    /// The link it comes from.
    pub from: u32,
    /// Accepted lag before the foe arrives, second.
    pub lag_s: f32,
    /// The other goes first.
    pub yields: bool,
    /// Neither road is more important: those who have waited longest go first once all stand.
    pub equal: bool,
}

/// Conflicts of every turn.
#[derive(Clone, PartialEq)]
pub struct Foes {
    rows: Rows<Foe>,
}

/// Accepted lags, second. HCM 6th ed., exhibit 20-11 gives critical headways of 4.1 s (across from the major road),
/// 6.2 s (minor, along) and 6.5–7.1 s (minor, crossing and across) between two vehicles; a lag is counted from the
/// driver's arrival and is shorter by about the headway's first 1.5 s.
const LAG_FROM_MAJOR_S: f32 = 3.0;
const LAG_MINOR_ALONG_S: f32 = 4.0;
const LAG_MINOR_ACROSS_S: f32 = 5.0;
/// Merging at speed into a stream of like direction (HCM 6th ch. 14: ramps merge into headways of about 2–3 s).
const LAG_MERGE_S: f32 = 2.0;
/// Entering a roundabout (HCM 6th, ch. 22: critical headway 4.3–5.0 s).
const LAG_ROUNDABOUT_S: f32 = 3.0;
/// Half the angle an arm takes of the circle; only the order matters.
const ARM_HALF_RAD: f32 = 0.02;

/// What conflicts and precedence follow from.
pub struct Movements<'a> {
    pub links: &'a [LinkInfo],
    pub turns: &'a Turns,
    pub shapes: &'a Shapes,
    pub ground: &'a Ground,
}

impl Foes {
    /// Conflicts of all turns.
    pub fn build(movements: &Movements) -> Self {
        let mut rows = Rows::new();
        for t in 0..movements.turns.list.len() as u32 {
            rows.list.extend(movements.foes_of(t));
            rows.close();
        }
        Self { rows }
    }

    /// The same conflicts, worked out anew for the turns of some links (ascending); `was`: the turns before. All turns
    /// of a node are renewed or none.
    pub fn rebuilt(&self, movements: &Movements, was: &Turns, links: &[u32]) -> Self {
        let now = movements.turns;
        let mut rows =
            Rows { start: Vec::with_capacity(now.list.len() + 1), list: Vec::with_capacity(self.rows.list.len()) };
        rows.start.push(0);
        let mut renewed = links.iter().peekable();
        for link in 0..movements.links.len() as u32 {
            if renewed.next_if(|l| **l == link).is_some() {
                for t in now.of(link) {
                    rows.list.extend(movements.foes_of(t as u32));
                    rows.close();
                }
                continue;
            }
            for t in was.of(link) {
                let moved = |foe: &Foe| {
                    let turn = foe.turn - was.of(foe.from).start as u32 + now.of(foe.from).start as u32;
                    Foe { turn, ..*foe }
                };
                rows.list.extend(self.of(t as u32).iter().map(moved));
                rows.close();
            }
        }
        Self { rows }
    }

    pub fn of(&self, turn: u32) -> &[Foe] {
        self.rows.of(turn)
    }
}

/// Whether something crosses or merges at a link's end, or a signal stands there.
pub fn is_junction(link: u32, row: &LinkInfo, turns: &Turns, foes: &Foes) -> bool {
    row.signal != NONE || turns.of(link).any(|t| !foes.of(t as u32).is_empty())
}

impl Movements<'_> {
    fn foes_of(&self, own: u32) -> Vec<Foe> {
        let turn = &self.turns.list[own as usize];
        if turn.last_resort {
            return Vec::new();
        }
        if let Some(given) = &self.ground.given {
            let stated = given.turns.get(&(turn.from, turn.to)).map_or(&[][..], |t| &t.foes);
            return stated.iter().filter_map(|((from, to), first)| self.given_foe(turn, *from, *to, *first)).collect();
        }
        let node = self.links[turn.from as usize].to;
        let others = self.ground.entering.of(node).iter().flat_map(|l| self.turns.of(*l));
        others.filter_map(|other| self.foe(own, other as u32)).collect()
    }

    fn given_foe(&self, own: &Turn, from: u32, to: u32, yields: bool) -> Option<Foe> {
        let other = self.turns.find(from, to)?;
        let foe = &self.turns.list[other as usize];
        let (by_custom, equal) = self.priority(own, foe);
        Some(Foe { turn: other, from, lag_s: self.lag(own, foe), yields, equal: equal && yields == by_custom })
    }

    fn foe(&self, own: u32, other: u32) -> Option<Foe> {
        let (t, f) = (&self.turns.list[own as usize], &self.turns.list[other as usize]);
        if t.from == f.from || f.last_resort || !self.conflict(t, f) {
            return None;
        }
        let (yields, equal) = self.priority(t, f);
        Some(Foe { turn: other, from: f.from, lag_s: self.lag(t, f), yields, equal })
    }

    fn conflict(&self, t: &Turn, f: &Turn) -> bool {
        if t.to == f.to {
            let arriving = self.links[t.from as usize].lanes + self.links[f.from as usize].lanes;
            let beside = wrap(t.angle - f.angle).abs() < FRAC_PI_4;
            return !(beside && arriving <= self.links[t.to as usize].lanes);
        }
        self.chords_cross((t.from, t.to), (f.from, f.to))
    }

    /// Whether two ways through a junction cross, each given by its first and last link.
    pub fn chords_cross(&self, one: (u32, u32), other: (u32, u32)) -> bool {
        let (a, b) = self.chord(one);
        let (c, d) = self.chord(other);
        let within = |x: f32| (x - a).rem_euclid(2.0 * PI) < (b - a).rem_euclid(2.0 * PI);
        within(c) != within(d)
    }

    /// Where on the circle a movement enters and leaves.
    fn chord(&self, (from, to): (u32, u32)) -> (f32, f32) {
        let side = if self.ground.right_hand { ARM_HALF_RAD } else { -ARM_HALF_RAD };
        let enters = self.shapes.heading_out(from) + PI + side;
        let leaves = self.shapes.heading_in(to) - side;
        (enters, leaves)
    }

    /// (t yields to f, both roads are equal).
    fn priority(&self, t: &Turn, f: &Turn) -> (bool, bool) {
        let sites = &self.ground.sites;
        let site = sites.site_of[t.from as usize];
        if site != NONE && site == sites.site_of[f.from as usize] {
            // Inside a signalled junction: who comes from within lets pass who has green.
            let (a, b) = (sites.is_approach(t.from), sites.is_approach(f.from));
            if a != b {
                return (!a, false);
            }
            return (self.turns_across_before(t, f), false);
        }
        let (own, other) = (rank(&self.links[t.from as usize]), rank(&self.links[f.from as usize]));
        if own != other {
            return (own > other, false);
        }
        (self.turns_across_before(t, f), !self.oncoming(t, f))
    }

    fn oncoming(&self, t: &Turn, f: &Turn) -> bool {
        self.heading_apart(t, f).abs() > 0.75 * PI
    }

    /// Heading of f's approach relative to t's, left positive.
    fn heading_apart(&self, t: &Turn, f: &Turn) -> f32 {
        wrap(self.shapes.heading_out(f.from) - self.shapes.heading_out(t.from))
    }

    /// Among equals: whether t lets f pass.
    fn turns_across_before(&self, t: &Turn, f: &Turn) -> bool {
        let across = TurnKind::across(self.ground.right_hand);
        let crossing = |x: &Turn| x.kind == across || x.kind == TurnKind::Back;
        if self.oncoming(t, f) && crossing(t) != crossing(f) {
            return crossing(t);
        }
        let apart = self.heading_apart(t, f);
        let from_priority_side = if self.ground.right_hand { apart > 0.0 } else { apart < 0.0 };
        if apart.abs() < 0.05 || apart.abs() > PI - 0.05 { t.from > f.from } else { from_priority_side }
    }

    fn lag(&self, t: &Turn, f: &Turn) -> f32 {
        let (own, other) = (&self.links[t.from as usize], &self.links[f.from as usize]);
        let merging = t.to == f.to && self.heading_apart(t, f).abs() < FRAC_PI_4;
        if merging {
            return LAG_MERGE_S;
        }
        if other.roundabout {
            return LAG_ROUNDABOUT_S;
        }
        if rank(own) <= rank(other) {
            return LAG_FROM_MAJOR_S;
        }
        let along = if self.ground.right_hand { TurnKind::Right } else { TurnKind::Left };
        if t.kind == along { LAG_MINOR_ALONG_S } else { LAG_MINOR_ACROSS_S }
    }
}

/// Order of precedence where nothing else decides; lower goes first.
fn rank(link: &LinkInfo) -> i32 {
    let sign = match link.end {
        LinkEnd::Stop => 200,
        LinkEnd::GiveWay => 100,
        LinkEnd::Free | LinkEnd::Signals => 0,
    };
    let roundabout = if link.roundabout { -100 } else { 0 };
    // Among small streets no class goes before another.
    let class = (link.class as i32).min(citytwin_model::RoadClass::Unclassified as i32);
    let yard = if link.class >= citytwin_model::RoadClass::LivingStreet { 4 } else { 0 };
    sign + roundabout + 2 * class + yard + i32::from(link.ramp)
}
