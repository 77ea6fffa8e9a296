//! Rules of the road: what is one-way, where signals, stop and give-way signs stand, which turns are
//! forbidden, and that every motor street can be reached and left. Must not know files.

use std::collections::BTreeMap;

use crate::{
    dice::Dice,
    kinds::{Class, Span},
    layout::{Layout, Zone},
    maths::{P, centre_of, cross, distance, dot, line_length, unit},
    streets::Streets,
};

/// A sign or a signal at a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Control {
    Signals,
    Stop,
    GiveWay,
}

/// A forbidden or prescribed turn between pieces of streets.
#[derive(Clone, Debug)]
pub struct Turn {
    pub rule: &'static str,
    /// Street and the node next to the junction from which one comes.
    pub from: (usize, u32),
    pub via: u32,
    /// A street driven through between two junction nodes, for restrictions with a way in the middle.
    pub via_street: Option<(usize, u32)>,
    /// Street and the node next to the junction to which one goes.
    pub to: (usize, u32),
}

/// All rules.
#[derive(Default)]
pub struct Rules {
    pub controls: BTreeMap<u32, Control>,
    pub turns: Vec<Turn>,
}

/// A street that arrives at or leaves a node.
#[derive(Clone, Copy)]
pub struct Arm {
    pub street: usize,
    /// Place of the junction in the street's nodes.
    pub at: usize,
    /// Whether the arm runs on along the street's direction.
    pub forward: bool,
    pub away: P,
}

/// Streets by node, for nodes where more than two arms meet.
pub fn junctions(streets: &Streets) -> BTreeMap<u32, Vec<Arm>> {
    let mut arms: BTreeMap<u32, Vec<Arm>> = BTreeMap::new();
    for (s, street) in streets.all.iter().enumerate().filter(|(_, s)| s.kind.class.is_motor()) {
        for (i, &node) in street.nodes.iter().enumerate() {
            let entry = arms.entry(node).or_default();
            if i > 0 {
                entry.push(Arm { street: s, at: i, forward: false, away: streets.leaving(s, i, false) });
            }
            if i + 1 < street.nodes.len() {
                entry.push(Arm { street: s, at: i, forward: true, away: streets.leaving(s, i, true) });
            }
        }
    }
    arms.retain(|_, a| a.len() > 2);
    arms
}

/// Sets all rules of a finished network.
pub fn regulate(streets: &mut Streets, layout: &Layout, seed: u64) -> Rules {
    let mut dice = Dice::new(seed, "traffic");
    demote_unreachable(streets);
    one_ways(streets, layout, &mut dice);
    let mut rules = Rules::default();
    signals(streets, &mut rules, &mut dice);
    signs(streets, &mut rules, &mut dice);
    turns(streets, &mut rules, &mut dice);
    rules
}

/// Streets that cars cannot both reach and leave become foot and cycle ways.
fn demote_unreachable(streets: &mut Streets) {
    loop {
        let parts = strong_parts(streets);
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        for &part in parts.values() {
            *sizes.entry(part).or_default() += 1;
        }
        let Some((&largest, _)) = sizes.iter().max_by_key(|(part, n)| (**n, std::cmp::Reverse(**part))) else { return };
        let mut changed = false;
        for street in streets.all.iter_mut().filter(|s| s.kind.class.is_motor()) {
            if street.nodes.iter().any(|n| parts.get(n) != Some(&largest)) {
                street.kind.class = Class::Pedestrian;
                street.kind.oneway = false;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

/// The strongly connected part of each node of the motor network (Tarjan 1972, without recursion).
pub fn strong_parts(streets: &Streets) -> BTreeMap<u32, u32> {
    let mut next: Vec<Vec<u32>> = vec![Vec::new(); streets.at.len()];
    let mut used = vec![false; streets.at.len()];
    for street in streets.all.iter().filter(|s| s.kind.class.is_motor()) {
        for w in street.nodes.windows(2) {
            next[w[0] as usize].push(w[1]);
            if !street.kind.oneway {
                next[w[1] as usize].push(w[0]);
            }
        }
        street.nodes.iter().for_each(|&n| used[n as usize] = true);
    }
    const NEW: u32 = u32::MAX;
    let n = streets.at.len();
    let (mut index, mut low, mut on_stack) = (vec![NEW; n], vec![0; n], vec![false; n]);
    let (mut stack, mut parts, mut counter) = (Vec::new(), BTreeMap::new(), 0);
    for root in (0..n).filter(|&i| used[i]) {
        if index[root] != NEW {
            continue;
        }
        let mut calls: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some(&(v, k)) = calls.last() {
            if k == 0 {
                index[v] = counter;
                low[v] = counter;
                counter += 1;
                stack.push(v);
                on_stack[v] = true;
            }
            if let Some(&w) = next[v].get(k) {
                let w = w as usize;
                if let Some(call) = calls.last_mut() {
                    call.1 += 1;
                }
                if index[w] == NEW {
                    calls.push((w, 0));
                } else if on_stack[w] {
                    low[v] = low[v].min(index[w]);
                }
                continue;
            }
            calls.pop();
            if let Some(&(parent, _)) = calls.last() {
                low[parent] = low[parent].min(low[v]);
            }
            if low[v] == index[v] {
                while let Some(w) = stack.pop() {
                    on_stack[w] = false;
                    parts.insert(w as u32, v as u32);
                    if w == v {
                        break;
                    }
                }
            }
        }
    }
    parts
}

/// Narrow streets of the old town and some of the dense quarters become one-way, as long as the whole
/// network stays connected.
fn one_ways(streets: &mut Streets, layout: &Layout, dice: &mut Dice) {
    let mut candidates: Vec<usize> = Vec::new();
    for (s, street) in streets.all.iter().enumerate() {
        let line = streets.line(s);
        let centre = centre_of(&line);
        let share = match layout.zone(centre) {
            Zone::OldTown => 0.55,
            Zone::Gruenderzeit | Zone::Business => 0.3,
            Zone::Grid => 0.35,
            _ => 0.0,
        };
        let fits = matches!(street.kind.class, Class::Residential | Class::LivingStreet) && !street.kind.oneway;
        if fits && street.kind.name != "Gerberufer" && line_length(&line) > 40.0 && dice.chance(share) {
            candidates.push(s);
        }
    }
    // In batches: a batch that breaks the network is tried street by street.
    for batch in candidates.chunks(6) {
        set_one_way(streets, batch, true);
        if is_connected(streets) {
            continue;
        }
        set_one_way(streets, batch, false);
        for s in batch {
            set_one_way(streets, &[*s], true);
            if !is_connected(streets) {
                set_one_way(streets, &[*s], false);
            }
        }
    }
}

fn set_one_way(streets: &mut Streets, which: &[usize], oneway: bool) {
    for &s in which {
        streets.all[s].kind.oneway = oneway;
        streets.all[s].kind.lanes = if oneway { 1 } else { 2 };
    }
}

pub fn is_connected(streets: &Streets) -> bool {
    let parts = strong_parts(streets);
    let first = parts.values().next().copied();
    parts.values().all(|part| Some(*part) == first)
}

/// Signals where main streets meet, not closer than 70 m to each other; at ramp ends too.
fn signals(streets: &Streets, rules: &mut Rules, dice: &mut Dice) {
    let mut ranked: Vec<(u32, u32)> = Vec::new();
    for (node, arms) in &junctions(streets) {
        let kinds: Vec<_> = arms.iter().map(|a| &streets.all[a.street].kind).collect();
        let count = |class: Class| kinds.iter().filter(|k| k.class <= class).count();
        if kinds.iter().any(|k| k.roundabout || k.class == Class::Trunk) {
            continue;
        }
        let importance = match () {
            () if count(Class::Secondary) >= 3 => 4,
            () if kinds.iter().any(|k| k.class == Class::TrunkLink) && count(Class::Primary) >= 2 => 3,
            () if count(Class::Secondary) == 2 && count(Class::Tertiary) >= 3 => 2,
            () if arms.len() == 4 && count(Class::Tertiary) >= 3 && dice.chance(0.5) => 1,
            () => continue,
        };
        ranked.push((importance, *node));
    }
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut placed: Vec<P> = Vec::new();
    for (importance, node) in ranked {
        let at = streets.at[node as usize];
        let apart = if importance >= 3 { 60.0 } else { 150.0 };
        if placed.iter().all(|&q| distance(q, at) > apart) {
            placed.push(at);
            rules.controls.insert(node, Control::Signals);
        }
    }
}

/// Give-way signs where a street ends on a more important one, stop signs at some, on their own nodes
/// before the junction where the last piece is long enough.
fn signs(streets: &mut Streets, rules: &mut Rules, dice: &mut Dice) {
    let all = junctions(streets);
    let mut wanted: Vec<(usize, u32, bool)> = Vec::new();
    for (node, arms) in &all {
        if rules.controls.contains_key(node) {
            continue;
        }
        let best = arms.iter().map(|a| streets.all[a.street].kind.class).min().unwrap_or(Class::Service);
        let ring = arms.iter().any(|a| streets.all[a.street].kind.roundabout);
        for arm in arms {
            let street = &streets.all[arm.street];
            let last = !arm.forward && arm.at + 1 == street.nodes.len();
            let first = arm.forward && arm.at == 0 && !street.kind.oneway;
            let minor = street.kind.class > best && best <= Class::Tertiary && street.kind.class != Class::Service;
            if (last || first) && !street.kind.roundabout && (minor || ring) {
                wanted.push((arm.street, *node, last));
            }
        }
    }
    for (street, node, last) in wanted {
        let kind = if dice.chance(0.12) { Control::Stop } else { Control::GiveWay };
        if let Some(sign) = sign_node(streets, street, node, last) {
            rules.controls.insert(sign, kind);
        }
    }
    streets.reindex();
}

/// A node 6 m before the end of a street.
fn sign_node(streets: &mut Streets, street: usize, node: u32, last: bool) -> Option<u32> {
    let nodes = &streets.all[street].nodes;
    let n = nodes.len();
    let (end, before) = if last { (nodes[n - 1], nodes[n - 2]) } else { (nodes[0], nodes[1]) };
    let (a, b) = (streets.at[end as usize], streets.at[before as usize]);
    if end != node || distance(a, b) < 11.0 {
        return None;
    }
    let sign = streets.node(a + unit(b - a) * 6.0);
    let at = if last { n - 1 } else { 1 };
    let span = streets.all[street].spans[if last { n - 2 } else { 0 }];
    streets.all[street].nodes.insert(at, sign);
    streets.all[street].spans.insert(at - 1, span);
    Some(sign)
}

/// A handful of forbidden turns at signalled junctions, and one over a street in the middle.
fn turns(streets: &Streets, rules: &mut Rules, dice: &mut Dice) {
    let all = junctions(streets);
    let before = |arm: &Arm| {
        let nodes = &streets.all[arm.street].nodes;
        nodes[if arm.forward { arm.at + 1 } else { arm.at - 1 }]
    };
    let drivable_in = |arm: &Arm| !streets.all[arm.street].kind.oneway || !arm.forward;
    let drivable_out = |arm: &Arm| !streets.all[arm.street].kind.oneway || arm.forward;
    for (node, arms) in &all {
        if rules.turns.len() >= 10 || arms.len() != 4 || rules.controls.get(node) != Some(&Control::Signals) {
            continue;
        }
        let from = arms.iter().find(|a| drivable_in(a) && streets.all[a.street].kind.class <= Class::Tertiary);
        let Some(from) = from.filter(|_| dice.chance(0.4)) else { continue };
        let ahead = from.away * -1.0;
        let left = arms.iter().find(|a| a.street != from.street && drivable_out(a) && cross(ahead, a.away) > 0.7);
        let straight = arms.iter().find(|a| drivable_out(a) && dot(ahead, a.away) > 0.9);
        let (rule, to) = match (left, straight) {
            (_, Some(to)) if dice.chance(0.2) => ("only_straight_on", to),
            (Some(to), _) => ("no_left_turn", to),
            _ => continue,
        };
        rules.turns.push(Turn {
            rule,
            from: (from.street, before(from)),
            via: *node,
            via_street: None,
            to: (to.street, before(to)),
        });
    }
    rules.turns.extend(u_turn_over_street(streets, &all));
}

/// No turning back over a short middle street: `no_u_turn` with a way between.
fn u_turn_over_street(streets: &Streets, all: &BTreeMap<u32, Vec<Arm>>) -> Option<Turn> {
    for (s, street) in streets.all.iter().enumerate() {
        let (a, b) = (street.nodes[0], street.nodes[street.nodes.len() - 1]);
        let two_way = street.kind.class == Class::Residential && !street.kind.oneway;
        let clear = street.nodes[1..street.nodes.len() - 1].iter().all(|n| !all.contains_key(n));
        let long = line_length(&streets.line(s));
        let (Some(at_a), Some(at_b)) = (all.get(&a), all.get(&b)) else { continue };
        if !(two_way && clear && (40.0..140.0).contains(&long)) || street.spans.iter().any(|x| *x != Span::Ground) {
            continue;
        }
        let along = unit(streets.at[b as usize] - streets.at[a as usize]);
        let pick = |arms: &[Arm]| {
            arms.iter()
                .filter(|arm| arm.street != s && !streets.all[arm.street].kind.oneway)
                .find(|arm| cross(along, arm.away) > 0.8)
                .copied()
        };
        let (Some(from), Some(to)) = (pick(at_a), pick(at_b)) else { continue };
        let next = |arm: &Arm| streets.all[arm.street].nodes[if arm.forward { arm.at + 1 } else { arm.at - 1 }];
        let (from, to) = ((from.street, next(&from)), (to.street, next(&to)));
        return Some(Turn { rule: "no_u_turn", from, via: a, via_street: Some((s, b)), to });
    }
    None
}

/// The turn arrows of an approach with signals: one lane per stream, the left one first.
pub fn arrows(lanes: u8, has_left: bool, has_right: bool, has_straight: bool) -> Option<String> {
    let join = |parts: &[(&str, bool)]| parts.iter().filter(|x| x.1).map(|x| x.0).collect::<Vec<_>>().join(";");
    match lanes {
        2 if has_left => Some(format!("left|{}", join(&[("through", has_straight), ("right", has_right)]))),
        2 if has_straight => Some(format!("through|{}", join(&[("through", true), ("right", has_right)]))),
        3 => Some(format!(
            "{}|through|{}",
            if has_left { "left" } else { "through" },
            join(&[("through", true), ("right", has_right)])
        )),
        _ => None,
    }
    .filter(|text| !text.ends_with('|'))
}
