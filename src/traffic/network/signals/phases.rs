//! Which streams have green together, and how much each asks for.
//!
//! A movement is a way through a site, from an approach to a link that leaves it. Movements conflict where they cross or
//! merge; a turn across oncoming traffic may share the green with what it waits for (permitted) unless it has a lane of
//! its own and the product of flows asks for a phase (protected). Streams are put into phases greedily, the one that
//! asks for most green first, each with all that go with it: opposing approaches come together by themselves.

use std::f32::consts::PI;

use super::super::{Turn, TurnKind, capacity::lane_saturation_vph, junction::Movements, turns::wrap};
use super::TABLE;

/// Phases of a site, in order, and which of its turns go with the streams across.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Phasing {
    pub phases: Vec<PhaseNeed>,
}

/// One phase: its streams and its critical flow ratio.
#[derive(Clone, PartialEq, Debug)]
pub struct PhaseNeed {
    pub streams: Vec<u32>,
    pub ratio: f64,
    /// Streams whose turns across wait for oncoming traffic in it.
    pub permitted: bool,
}

/// One way through a site.
struct Movement {
    /// Index of the turn by which it begins.
    turn: u32,
    approach: u32,
    exit: u32,
    kind: TurnKind,
}

struct Stream {
    id: u32,
    approach: u32,
    movements: Vec<Movement>,
    ratio: f64,
}

/// Longest chain of links inside a site that is followed.
const DEEPEST: usize = 5;
/// Headings further apart are oncoming: 135°.
const ONCOMING_RAD: f32 = 0.75 * PI;

/// The phases of a site and the stream of each turn of its approaches (turn, stream). `flow`: veh/h of a turn.
pub fn plan(site: u32, m: &Movements, flow: &dyn Fn(u32) -> f64) -> (Phasing, Vec<(u32, u32)>) {
    let movements = movements_of(site, m);
    let mut streams = Vec::new();
    let mut of_turn = Vec::new();
    for approach in m.ground.sites.approaches.of(site) {
        let main = m.ground.sites.main_stream(*approach);
        let protected = protected_turn(*approach, &movements, m, flow);
        for t in m.turns.of(*approach) {
            of_turn.push((t as u32, main + u32::from(Some(t as u32) == protected)));
        }
        for (id, across) in [(main, false), (main + 1, true)] {
            let own = |x: &&Movement| x.approach == *approach && (Some(x.turn) == protected) == across;
            let movements: Vec<Movement> = movements.iter().filter(own).map(Movement::copy).collect();
            if !movements.is_empty() {
                let ratio = flow_ratio(*approach, across, protected, m, flow);
                streams.push(Stream { id, approach: *approach, movements, ratio });
            }
        }
    }
    (Phasing { phases: together(streams, m) }, of_turn)
}

impl Movement {
    fn copy(&self) -> Self {
        Self { turn: self.turn, approach: self.approach, exit: self.exit, kind: self.kind }
    }
}

fn movements_of(site: u32, m: &Movements) -> Vec<Movement> {
    let mut found = Vec::new();
    for approach in m.ground.sites.approaches.of(site) {
        for t in m.turns.of(*approach) {
            let turn = &m.turns.list[t];
            if turn.last_resort {
                continue;
            }
            follow(site, turn.to, &mut vec![*approach], m, &mut |exit, path| {
                let angle = wrap(m.shapes.heading_in(exit) - m.shapes.heading_out(*approach));
                let straight_back = angle.abs() > 0.9 * PI || path.len() == 1 && turn.kind == TurnKind::Back;
                let kind = if straight_back { TurnKind::Back } else { TurnKind::of_angle(angle) };
                found.push(Movement { turn: t as u32, approach: *approach, exit, kind });
            });
        }
    }
    found
}

/// All exits that `link` leads to through the inside of a site.
fn follow(site: u32, link: u32, path: &mut Vec<u32>, m: &Movements, found: &mut dyn FnMut(u32, &[u32])) {
    if m.ground.sites.site_of[link as usize] != site || m.ground.sites.is_approach(link) {
        found(link, path);
        return;
    }
    if path.len() >= DEEPEST || path.contains(&link) {
        return;
    }
    path.push(link);
    for t in m.turns.of(link) {
        let turn = &m.turns.list[t];
        if !turn.last_resort {
            follow(site, turn.to, path, m, found);
        }
    }
    path.pop();
}

fn oncoming(a: u32, b: u32, m: &Movements) -> bool {
    wrap(m.shapes.heading_out(a) - m.shapes.heading_out(b)).abs() > ONCOMING_RAD
}

/// The turn across oncoming traffic that gets a stream of its own, if one does.
fn protected_turn(approach: u32, all: &[Movement], m: &Movements, flow: &dyn Fn(u32) -> f64) -> Option<u32> {
    let across_kind = TurnKind::across(m.ground.right_hand);
    let across = m.turns.of(approach).find(|t| {
        let turn = &m.turns.list[*t];
        let others = m.turns.of(approach).map(|o| &m.turns.list[o]).filter(|o| o.to != turn.to && !o.last_resort);
        let own_lane = others.clone().all(|o| o.lane_hi < turn.lane_lo || o.lane_lo > turn.lane_hi);
        turn.kind == across_kind && !turn.last_resort && own_lane && others.count() > 0
    })? as u32;
    let facing =
        all.iter().filter(|x| oncoming(x.approach, approach, m) && x.kind != across_kind && x.kind != TurnKind::Back);
    let mut turns: Vec<u32> = facing.map(|x| x.turn).collect();
    turns.sort_unstable();
    turns.dedup();
    let opposing: f64 = turns.iter().map(|t| flow(*t)).sum();
    let lanes = turns.iter().map(|t| lanes_of(&m.turns.list[*t as usize])).fold(0.0, f64::max) as usize;
    let limit = TABLE.protected_product[lanes.clamp(1, 3) - 1];
    (opposing > 0.0 && flow(across) * opposing > limit).then_some(across)
}

fn lanes_of(turn: &Turn) -> f64 {
    f64::from(turn.lane_hi - turn.lane_lo) + 1.0
}

/// Flow over saturation flow of a stream: its turns in the lanes that they share.
fn flow_ratio(approach: u32, across: bool, protected: Option<u32>, m: &Movements, flow: &dyn Fn(u32) -> f64) -> f64 {
    let right_hand = m.ground.right_hand;
    let turns =
        m.turns.of(approach).filter(|t| !m.turns.list[*t].last_resort && (Some(*t as u32) == protected) == across);
    let (mut need, mut lanes, mut busiest) = (0.0, 0_u128, 0.0_f64);
    for t in turns {
        let turn = &m.turns.list[t];
        let waits = turn.kind == TurnKind::across(right_hand) && !across;
        let cars = if waits { TABLE.permitted_cars } else { 1.0 };
        let own = flow(t as u32) * cars / lane_saturation_vph(turn.kind, right_hand);
        need += own;
        busiest = busiest.max(own / lanes_of(turn));
        (turn.lane_lo..=turn.lane_hi).for_each(|l| lanes |= 1 << l.min(127));
    }
    (need / f64::from(lanes.count_ones().max(1))).max(busiest)
}

fn together(mut streams: Vec<Stream>, m: &Movements) -> Vec<PhaseNeed> {
    streams.sort_by(|a, b| b.ratio.total_cmp(&a.ratio).then(a.id.cmp(&b.id)));
    let mut phases: Vec<Vec<Stream>> = Vec::new();
    for stream in streams {
        let fits = phases.iter().position(|phase| phase.iter().all(|other| compatible(&stream, other, m)));
        match fits {
            Some(i) => phases[i].push(stream),
            None => phases.push(vec![stream]),
        }
    }
    phases
        .into_iter()
        .map(|phase| {
            let across = TurnKind::across(m.ground.right_hand);
            let waits = |a: &Stream| a.movements.iter().any(|x| x.kind == across);
            let faced =
                |a: &Stream| phase.iter().any(|b| oncoming(a.approach, b.approach, m) && !only_across(b, across));
            PhaseNeed {
                ratio: phase.iter().map(|s| s.ratio).fold(0.0, f64::max),
                permitted: phase.iter().any(|a| waits(a) && faced(a)),
                streams: phase.iter().map(|s| s.id).collect(),
            }
        })
        .collect()
}

fn only_across(stream: &Stream, across: TurnKind) -> bool {
    stream.movements.iter().all(|x| x.kind == across)
}

/// Whether two streams may have green together: no movements of theirs conflict but turns across with what comes
/// towards them.
fn compatible(a: &Stream, b: &Stream, m: &Movements) -> bool {
    if a.approach == b.approach {
        // A protected turn goes with its own approach only where nothing faces either, which its warrant excludes.
        return false;
    }
    let across = TurnKind::across(m.ground.right_hand);
    let facing = oncoming(a.approach, b.approach, m);
    let protected = |s: &Stream| s.id != m.ground.sites.main_stream(s.approach);
    for x in &a.movements {
        for y in &b.movements {
            // Who turns back waits for everybody.
            if x.kind == TurnKind::Back || y.kind == TurnKind::Back || !conflict(x, y, m) {
                continue;
            }
            let one_waits = (x.kind == across && !protected(a)) != (y.kind == across && !protected(b));
            if !(facing && one_waits) {
                return false;
            }
        }
    }
    true
}

fn conflict(x: &Movement, y: &Movement, m: &Movements) -> bool {
    x.exit == y.exit || m.chords_cross((x.approach, x.exit), (y.approach, y.exit))
}
