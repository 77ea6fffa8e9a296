//! Which movements conflict where roads meet, and who yields.
//!
//! Movements are chords of a circle about the node: an approach enters on its driving side of the arm, an exit
//! leaves on the other. Two movements conflict where their chords cross or where they merge into too few lanes.
//! Who yields: by sign and class of road; among equals the driver who turns across oncoming traffic, else
//! right before left (Vienna Convention on Road Traffic 1968, art. 18; mirrored in left-hand traffic, as Japan's
//! Road Traffic Act art. 36 has it). Where a signal separates two movements nobody yields.

use std::f32::consts::{FRAC_PI_4, PI};

use citytwin_model::{City, LinkEnd};

use super::{LinkInfo, NONE, Shapes, SignalPlan, Turn, TurnKind, Turns, turns::wrap};

/// A movement in conflict with another.
#[derive(Clone, Copy, Debug)]
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
pub struct Foes {
    start: Vec<u32>,
    list: Vec<Foe>,
}

impl Foes {
    pub fn of(&self, turn: u32) -> &[Foe] {
        &self.list[self.start[turn as usize] as usize..self.start[turn as usize + 1] as usize]
    }
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

struct Movements<'a> {
    links: &'a [LinkInfo],
    turns: &'a Turns,
    signals: &'a SignalPlan,
    shapes: &'a Shapes,
    right_hand: bool,
}

/// Conflicts of all turns; marks the links that end at a junction.
pub fn build(
    city: &City,
    links: &mut [LinkInfo],
    turns: &Turns,
    signals: &SignalPlan,
    shapes: &Shapes,
    right_hand: bool,
) -> Foes {
    let mut at_node = vec![Vec::new(); city.nodes.len()];
    for (t, turn) in turns.list.iter().enumerate() {
        at_node[links[turn.from as usize].to as usize].push(t as u32);
    }
    let movements = Movements { links, turns, signals, shapes, right_hand };
    let mut foes = Foes { start: vec![0], list: Vec::new() };
    let mut junction = vec![false; links.len()];
    for (t, turn) in turns.list.iter().enumerate() {
        let others = if turn.last_resort { &[][..] } else { &at_node[links[turn.from as usize].to as usize] };
        for other in others {
            foes.list.extend(movements.foe(t as u32, *other));
        }
        junction[turn.from as usize] |= foes.list.len() > foes.start[t] as usize;
        foes.start.push(foes.list.len() as u32);
    }
    for (link, junction) in links.iter_mut().zip(junction) {
        link.junction = junction || link.signal != NONE;
    }
    foes
}

impl Movements<'_> {
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
        let (a, b) = self.chord(t);
        let (c, d) = self.chord(f);
        let within = |x: f32| (x - a).rem_euclid(2.0 * PI) < (b - a).rem_euclid(2.0 * PI);
        within(c) != within(d)
    }

    /// Where on the circle a movement enters and leaves.
    fn chord(&self, t: &Turn) -> (f32, f32) {
        let side = if self.right_hand { ARM_HALF_RAD } else { -ARM_HALF_RAD };
        let enters = self.shapes.heading_out(t.from) + PI + side;
        let leaves = self.shapes.heading_in(t.to) - side;
        (enters, leaves)
    }

    /// (t yields to f, both roads are equal).
    fn priority(&self, t: &Turn, f: &Turn) -> (bool, bool) {
        let (a, b) = (self.signals.approach_of[t.from as usize], self.signals.approach_of[f.from as usize]);
        let group = self.signals.group_of[t.from as usize];
        if group != NONE && group == self.signals.group_of[f.from as usize] {
            // Inside a signalled junction: who comes from within lets pass who has green.
            if (a == NONE) != (b == NONE) {
                return (a == NONE, false);
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
        let across = if self.right_hand { TurnKind::Left } else { TurnKind::Right };
        let crossing = |x: &Turn| x.kind == across || x.kind == TurnKind::Back;
        if self.oncoming(t, f) && crossing(t) != crossing(f) {
            return crossing(t);
        }
        let apart = self.heading_apart(t, f);
        let from_priority_side = if self.right_hand { apart > 0.0 } else { apart < 0.0 };
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
        let along = if self.right_hand { TurnKind::Right } else { TurnKind::Left };
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
