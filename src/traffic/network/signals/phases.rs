//! Which streams have green together, and how much each asks for.
//!
//! A movement is a way through a site, from an approach to a link that leaves it. Movements conflict where they cross or
//! merge; a turn across oncoming traffic may share the green with what it waits for (permitted). Where it has a lane of its
//! own and the product of flows warrants a phase (protected), both are planned and the one of less delay stands: a phase
//! more costs everybody. Streams are put into phases greedily, the one that asks for most green first, each with all that
//! go with it: opposing approaches come together by themselves. A stream keeps its green in every further phase in which
//! nothing stands against it.

use std::f32::consts::PI;

use super::super::{
    Turn, TurnKind,
    capacity::{gap_capacity_vph, lane_saturation_vph},
    junction::Movements,
    turns::wrap,
};
use super::TABLE;

/// Phases of a site, in order, and which of its turns go with the streams across.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Phasing {
    pub phases: Vec<PhaseNeed>,
    pub streams: Vec<StreamNeed>,
}

/// What a stream asks for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StreamNeed {
    pub id: u32,
    pub flow_vph: f64,
    /// Flow over what its lanes would pass in a whole hour of green.
    pub ratio: f64,
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
    need: StreamNeed,
    approach: u32,
    movements: Vec<Movement>,
}

/// Longest chain of links inside a site that is followed.
const DEEPEST: usize = 5;
/// Headings further apart are oncoming: 120°, as arms of skewed crossings are.
const ONCOMING_RAD: f32 = 2.0 / 3.0 * PI;

/// The phases of a site and the stream of each turn of its approaches (turn, stream): with phases of their own for the
/// turns across that warrant them, where that delays less than waiting for gaps. `flow`: veh/h of a turn.
pub fn plan(site: u32, m: &Movements, flow: &dyn Fn(u32) -> f64) -> (Phasing, Vec<(u32, u32)>) {
    let traffic = Traffic { movements: movements_of(site, m), m, flow };
    let waiting = traffic.phasing(site, &|_| None);
    let warranted = |approach| traffic.protected_turn(approach);
    if m.ground.sites.approaches.of(site).iter().all(|a| warranted(*a).is_none()) {
        return waiting;
    }
    let protected = traffic.phasing(site, &warranted);
    if super::least_delay_s(&protected.0) < super::least_delay_s(&waiting.0) { protected } else { waiting }
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

/// What goes through a site.
struct Traffic<'a> {
    movements: Vec<Movement>,
    m: &'a Movements<'a>,
    flow: &'a dyn Fn(u32) -> f64,
}

/// What a turn across waits for.
struct Oncoming {
    flow_vph: f64,
    ratio: f64,
    lanes: usize,
}

impl Traffic<'_> {
    fn phasing(&self, site: u32, protected: &dyn Fn(u32) -> Option<u32>) -> (Phasing, Vec<(u32, u32)>) {
        let m = self.m;
        let mut streams = Vec::new();
        let mut of_turn = Vec::new();
        for approach in m.ground.sites.approaches.of(site) {
            let main = m.ground.sites.main_stream(*approach);
            let protected = protected(*approach);
            for t in m.turns.of(*approach) {
                of_turn.push((t as u32, main + u32::from(Some(t as u32) == protected)));
            }
            for (id, across) in [(main, false), (main + 1, true)] {
                let own = |x: &&Movement| x.approach == *approach && (Some(x.turn) == protected) == across;
                let movements: Vec<Movement> = self.movements.iter().filter(own).map(Movement::copy).collect();
                if !movements.is_empty() {
                    let need = self.need(id, *approach, &|t| (Some(t) == protected) == across, across);
                    streams.push(Stream { need, approach: *approach, movements });
                }
            }
        }
        let needs = streams.iter().map(|s| s.need).collect();
        (Phasing { phases: together(streams, m), streams: needs }, of_turn)
    }

    /// The turn across oncoming traffic that warrants a phase of its own, if one does.
    fn protected_turn(&self, approach: u32) -> Option<u32> {
        let m = self.m;
        let across_kind = TurnKind::across(m.ground.right_hand);
        let across = m.turns.of(approach).find(|t| {
            let turn = &m.turns.list[*t];
            let others = m.turns.of(approach).map(|o| &m.turns.list[o]).filter(|o| o.to != turn.to && !o.last_resort);
            let own_lane = others.clone().all(|o| o.lane_hi < turn.lane_lo || o.lane_lo > turn.lane_hi);
            turn.kind == across_kind && !turn.last_resort && own_lane && others.count() > 0
        })? as u32;
        let oncoming = self.oncoming(approach);
        let limit = TABLE.protected_product[oncoming.lanes.clamp(1, 3) - 1];
        (oncoming.flow_vph > 0.0 && (self.flow)(across) * oncoming.flow_vph > limit).then_some(across)
    }

    fn oncoming(&self, approach: u32) -> Oncoming {
        let m = self.m;
        let across_kind = TurnKind::across(m.ground.right_hand);
        let waited_for =
            |x: &&Movement| oncoming(x.approach, approach, m) && x.kind != across_kind && x.kind != TurnKind::Back;
        let mut turns: Vec<u32> = self.movements.iter().filter(waited_for).map(|x| x.turn).collect();
        turns.sort_unstable();
        turns.dedup();
        let flow_vph = turns.iter().map(|t| (self.flow)(*t)).sum();
        let lanes = turns.iter().map(|t| lanes_of(&m.turns.list[*t as usize])).fold(0.0, f64::max);
        Oncoming { flow_vph, ratio: self.ratio(&turns, &|_| 1.0), lanes: lanes as usize }
    }

    /// Flow over saturation flow of some of an approach's turns. One that waits for oncoming traffic loses the time in which
    /// that clears, then takes gaps; some turn as the signal changes.
    fn need(&self, id: u32, approach: u32, own: &dyn Fn(u32) -> bool, protected: bool) -> StreamNeed {
        let m = self.m;
        let turns = m.turns.of(approach).map(|t| t as u32);
        let turns: Vec<u32> = turns.filter(|t| !m.turns.list[*t as usize].last_resort && own(*t)).collect();
        let flow_vph = turns.iter().map(|t| (self.flow)(*t)).sum();
        let across = TurnKind::across(m.ground.right_hand);
        let waits = |t: &u32| m.turns.list[*t as usize].kind == across && !protected;
        let oncoming = self.oncoming(approach);
        if !turns.iter().any(waits) || oncoming.flow_vph <= 0.0 {
            return StreamNeed { id, flow_vph, ratio: self.ratio(&turns, &|_| 1.0) };
        }
        let lane = lane_saturation_vph(across, m.ground.right_hand);
        let gaps = (lane / gap_capacity_vph(oncoming.flow_vph, TABLE.across_headways_s)).max(1.0);
        let changing_vph = TABLE.changing_cars * 3600.0 / TABLE.longest_cycle_s;
        let cars = |t: u32| {
            let taken = (1.0 - changing_vph / (self.flow)(t).max(1.0)).max(0.0);
            if waits(&t) { (gaps * taken).max(1.0) } else { 1.0 }
        };
        let busy = turns.iter().any(|t| waits(t) && (self.flow)(*t) > changing_vph);
        let waiting: Vec<u32> = turns.iter().copied().filter(waits).collect();
        let blocked = if busy { oncoming.ratio + self.ratio(&waiting, &cars) } else { 0.0 };
        StreamNeed { id, flow_vph, ratio: self.ratio(&turns, &cars).max(blocked) }
    }

    /// Flow over saturation flow of turns in the lanes that they share; `cars`: how many that go straight one is worth.
    fn ratio(&self, turns: &[u32], cars: &dyn Fn(u32) -> f64) -> f64 {
        let (mut need, mut lanes, mut busiest) = (0.0, std::collections::BTreeSet::new(), 0.0_f64);
        for t in turns {
            let turn = &self.m.turns.list[*t as usize];
            let own = (self.flow)(*t) * cars(*t) / lane_saturation_vph(turn.kind, self.m.ground.right_hand);
            need += own;
            busiest = busiest.max(own / lanes_of(turn));
            lanes.extend((turn.lane_lo..=turn.lane_hi).map(|lane| (turn.from, lane)));
        }
        (need / lanes.len().max(1) as f64).max(busiest)
    }
}

fn lanes_of(turn: &Turn) -> f64 {
    f64::from(turn.lane_hi - turn.lane_lo) + 1.0
}

/// Streams in phases, and each in all further ones in which nothing stands against it; phases that share streams follow
/// each other.
fn together(mut streams: Vec<Stream>, m: &Movements) -> Vec<PhaseNeed> {
    let is_main = |s: &Stream| s.need.id == m.ground.sites.main_stream(s.approach);
    streams.sort_by(|a, b| {
        is_main(b).cmp(&is_main(a)).then(b.need.ratio.total_cmp(&a.need.ratio)).then(a.need.id.cmp(&b.need.id))
    });
    let mut phases: Vec<Vec<&Stream>> = Vec::new();
    for stream in &streams {
        // An approach whose turn has a phase of its own goes ahead in another.
        let goes = |other: &&Stream| other.approach != stream.approach && compatible(stream, other, m);
        match phases.iter().position(|phase| phase.iter().all(goes)) {
            Some(i) => phases[i].push(stream),
            None => {
                let kin = |phase: &Vec<&Stream>| phase.iter().any(|s| s.approach == stream.approach);
                let after = phases.iter().position(kin).map_or(phases.len(), |i| i + 1);
                phases.insert(after, vec![stream]);
            }
        }
    }
    phases
        .into_iter()
        .map(|mut phase| {
            let ratio = phase.iter().map(|s| s.need.ratio).fold(0.0, f64::max);
            for stream in &streams {
                let there = phase.iter().any(|s| s.need.id == stream.need.id);
                let goes = |other: &&Stream| other.approach == stream.approach || compatible(stream, other, m);
                if !there && phase.iter().all(goes) {
                    phase.push(stream);
                }
            }
            let across = TurnKind::across(m.ground.right_hand);
            let waits = |a: &Stream| a.movements.iter().any(|x| x.kind == across);
            let faced =
                |a: &Stream| phase.iter().any(|b| oncoming(a.approach, b.approach, m) && !only_across(b, across));
            PhaseNeed {
                ratio,
                permitted: phase.iter().any(|a| waits(a) && faced(a)),
                streams: phase.iter().map(|s| s.need.id).collect(),
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
    let across = TurnKind::across(m.ground.right_hand);
    let facing = oncoming(a.approach, b.approach, m);
    let protected = |s: &Stream| s.need.id != m.ground.sites.main_stream(s.approach);
    for x in &a.movements {
        for y in &b.movements {
            // Who turns back waits for everybody.
            if x.kind == TurnKind::Back || y.kind == TurnKind::Back || !conflict(x, y, m) {
                continue;
            }
            let waits = (x.kind == across && !protected(a)) || (y.kind == across && !protected(b));
            if !(facing && waits) {
                return false;
            }
        }
    }
    true
}

fn conflict(x: &Movement, y: &Movement, m: &Movements) -> bool {
    x.exit == y.exit || m.chords_cross((x.approach, x.exit), (y.approach, y.exit))
}
