//! Streets as OSM ways: where one way ends and the next begins, lanes, arrows, tags, restrictions.
//! Must not know buildings.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    geodesy::place,
    kinds::{Class, Span},
    layout::Zone,
    maths::{P, cross, distance, dot, length, line_length},
    osm::{Map, Member},
    plan::{Plan, Tags},
    streets::Street,
    traffic::{Arm, Control, Rules, arrows, junctions},
};

/// A way of a street in the map.
pub struct StreetWay {
    pub id: i64,
    pub street: usize,
    pub first: usize,
    pub last: usize,
    pub span: Span,
    pub line: Vec<P>,
}

/// Which end of a way is an approach to signals, with its arrows.
struct Approach {
    /// The approach runs along the way's direction.
    forward: bool,
    arrows: String,
    lanes: u8,
}

/// Writes all streets and their rules; returns their ways.
pub fn write_streets(map: &mut Map, plan: &Plan) -> Vec<StreetWay> {
    let rules = &plan.rules;
    let crossings = junctions(&plan.streets);
    let ids = write_nodes(map, plan, rules);
    let (mut breaks, approaches) = approaches(plan, rules, &crossings);
    for turn in &rules.turns {
        let others = turn.via_street.map(|v| v.1);
        for node in std::iter::once(turn.via).chain(others) {
            breaks.extend(plan.streets.uses_of(node));
        }
    }
    let mut ways = Vec::new();
    for (s, street) in plan.streets.all.iter().enumerate() {
        let cuts = cuts(plan, s, street, &breaks, &crossings);
        for w in cuts.windows(2) {
            let (first, last) = (w[0], w[1]);
            let nodes = street.nodes[first..=last].iter().map(|n| ids[n]).collect();
            let tags = tags(plan, street, first, approaches.get(&(s, first)));
            let line: Vec<P> = street.nodes[first..=last].iter().map(|&n| plan.streets.at[n as usize]).collect();
            if street.kind.tram && line.iter().all(|&q| length(q) < 0.92 * plan.layout.radius_m) {
                ways.push(None);
                let nodes = street.nodes[first..=last].iter().map(|n| ids[n]).collect();
                map.way(nodes, tram_tags(street.spans[first]));
            }
            let id = map.way(nodes, tags);
            ways.push(Some(StreetWay { id, street: s, first, last, span: street.spans[first], line }));
        }
    }
    let ways: Vec<StreetWay> = ways.into_iter().flatten().collect();
    write_turns(map, plan, rules, &ways, &ids);
    ways
}

fn write_nodes(map: &mut Map, plan: &Plan, rules: &Rules) -> BTreeMap<u32, i64> {
    let mut ids = BTreeMap::new();
    for street in &plan.streets.all {
        for &node in &street.nodes {
            ids.entry(node).or_insert_with(|| {
                let tags = match rules.controls.get(&node) {
                    Some(Control::Signals) => vec![("highway", "traffic_signals".to_owned())],
                    Some(Control::Stop) => vec![("highway", "stop".to_owned())],
                    Some(Control::GiveWay) => vec![("highway", "give_way".to_owned())],
                    None => Vec::new(),
                };
                map.node(place(plan.streets.at[node as usize]), tags)
            });
        }
    }
    ids
}

/// Where a street is broken into ways: at its ends, where bridges begin, at junctions with main streets,
/// at wanted places, and at a junction after 400 m.
fn cuts(
    plan: &Plan,
    s: usize,
    street: &Street,
    breaks: &BTreeSet<(usize, usize)>,
    crossings: &BTreeMap<u32, Vec<Arm>>,
) -> Vec<usize> {
    let last = street.nodes.len() - 1;
    if street.kind.roundabout {
        return vec![0, last];
    }
    let mut cuts = vec![0];
    let mut run_m = 0.0;
    for i in 1..last {
        run_m += distance(plan.streets.at[street.nodes[i - 1] as usize], plan.streets.at[street.nodes[i] as usize]);
        let arms = crossings.get(&street.nodes[i]);
        let main = arms.is_some_and(|arms| {
            arms.iter().any(|a| a.street != s && plan.streets.all[a.street].kind.class <= Class::Tertiary)
        });
        let bridge = street.spans[i - 1] != street.spans[i];
        if bridge || breaks.contains(&(s, i)) || main || (run_m > 400.0 && arms.is_some()) {
            cuts.push(i);
            run_m = 0.0;
        }
    }
    cuts.push(last);
    cuts
}

/// The last stretch of main streets before signals gets a lane per stream.
fn approaches(
    plan: &Plan,
    rules: &Rules,
    crossings: &BTreeMap<u32, Vec<Arm>>,
) -> (BTreeSet<(usize, usize)>, BTreeMap<(usize, usize), Approach>) {
    let (mut breaks, mut found) = (BTreeSet::new(), BTreeMap::new());
    for arms in crossings.iter().filter(|(node, _)| rules.controls.get(node) == Some(&Control::Signals)).map(|x| x.1) {
        for arm in arms {
            let street = &plan.streets.all[arm.street];
            let kind = &street.kind;
            if kind.class > Class::Secondary || kind.oneway {
                continue;
            }
            let ahead = arm.away * -1.0;
            let out = |a: &&Arm| !plan.streets.all[a.street].kind.oneway || a.forward;
            let others = || arms.iter().filter(|a| dot(a.away, arm.away) < 0.95).filter(out);
            let has_left = others().any(|a| cross(ahead, a.away) > 0.5);
            let has_right = others().any(|a| cross(ahead, a.away) < -0.5);
            let has_straight = others().any(|a| dot(ahead, a.away) > 0.8);
            let lanes = if kind.lanes >= 4 { 3 } else { 2 };
            let Some(arrows) = arrows(lanes, has_left, has_right, has_straight) else { continue };
            let Some(start) = approach_start(plan, street, arm, crossings) else { continue };
            breaks.extend([(arm.street, start), (arm.street, arm.at)]);
            let first = start.min(arm.at);
            found.insert((arm.street, first), Approach { forward: start < arm.at, arrows, lanes });
        }
    }
    (breaks, found)
}

/// The place of a street 30…110 m before a junction with nothing but road between.
fn approach_start(plan: &Plan, street: &Street, arm: &Arm, crossings: &BTreeMap<u32, Vec<Arm>>) -> Option<usize> {
    let (mut i, mut run_m) = (arm.at, 0.0);
    loop {
        let next = if arm.forward { i + 1 } else { i.checked_sub(1)? };
        let node = *street.nodes.get(next)?;
        if street.spans[next.min(i)] != Span::Ground {
            return None;
        }
        run_m += distance(plan.streets.at[street.nodes[i] as usize], plan.streets.at[node as usize]);
        if (30.0..110.0).contains(&run_m) {
            return Some(next);
        }
        if run_m >= 110.0 || crossings.contains_key(&node) {
            return None;
        }
        i = next;
    }
}

fn tags(plan: &Plan, street: &Street, first: usize, approach: Option<&Approach>) -> Tags {
    let kind = &street.kind;
    let mut tags: Tags = vec![("highway", kind.class.tag().into())];
    if !kind.name.is_empty() && !kind.roundabout {
        tags.push(("name", kind.name.clone()));
    }
    match street.spans[first] {
        Span::Ground => {}
        Span::Bridge => tags.extend([("bridge", "yes".to_owned()), ("layer", "1".to_owned())]),
        Span::Tunnel => tags.extend([("tunnel", "yes".to_owned()), ("layer", "-1".to_owned())]),
    }
    if kind.roundabout {
        tags.push(("junction", "roundabout".into()));
    } else if kind.oneway {
        tags.push(("oneway", "yes".into()));
    }
    if !kind.class.is_motor() {
        return tags;
    }
    match approach {
        Some(a) => {
            let back = kind.lanes / 2;
            let (key, there, here) = if a.forward {
                ("turn:lanes:forward", "lanes:forward", "lanes:backward")
            } else {
                ("turn:lanes:backward", "lanes:backward", "lanes:forward")
            };
            tags.push(("lanes", (a.lanes + back).to_string()));
            tags.extend([(there, a.lanes.to_string()), (here, back.to_string()), (key, a.arrows.clone())]);
        }
        None => tags.push(("lanes", kind.lanes.to_string())),
    }
    if kind.class != Class::LivingStreet {
        tags.push(("maxspeed", kind.speed_kmh.to_string()));
    }
    let old = plan.layout.zone(plan.streets.at[street.nodes[first] as usize]) == Zone::OldTown;
    if old && kind.class >= Class::Residential && kind.class <= Class::LivingStreet {
        tags.push(("width", if kind.oneway { "4".into() } else { "5.5".into() }));
        tags.push(("surface", "sett".into()));
    }
    if matches!(kind.class, Class::Trunk | Class::TrunkLink) {
        tags.push(("motorroad", "yes".into()));
    } else if kind.class <= Class::Secondary && !kind.roundabout {
        tags.push(("cycleway:both", "track".into()));
        tags.push(("sidewalk", "both".into()));
    }
    tags
}

fn tram_tags(span: Span) -> Tags {
    let mut tags: Tags =
        vec![("railway", "tram".into()), ("name", "Linie 1".into()), ("electrified", "contact_line".into())];
    match span {
        Span::Ground => {}
        Span::Bridge => tags.extend([("bridge", "yes".to_owned()), ("layer", "1".to_owned())]),
        Span::Tunnel => tags.extend([("tunnel", "yes".to_owned()), ("layer", "-1".to_owned())]),
    }
    tags
}

fn write_turns(map: &mut Map, plan: &Plan, rules: &Rules, ways: &[StreetWay], ids: &BTreeMap<u32, i64>) {
    // The way of a street that holds both a junction and the node next to it.
    let way_of = |street: usize, a: u32, b: u32| {
        let nodes = &plan.streets.all[street].nodes;
        ways.iter()
            .filter(|w| w.street == street)
            .find(|w| nodes[w.first..=w.last].windows(2).any(|x| x == [a, b] || x == [b, a]))
    };
    for turn in &rules.turns {
        let exit = turn.via_street.map_or(turn.via, |v| v.1);
        let (Some(from), Some(to)) = (way_of(turn.from.0, turn.from.1, turn.via), way_of(turn.to.0, turn.to.1, exit))
        else {
            continue;
        };
        let mut members = vec![Member { kind: "way", id: from.id, role: "from" }];
        match turn.via_street {
            None => members.push(Member { kind: "node", id: ids[&turn.via], role: "via" }),
            Some((street, _)) => {
                let between = ways.iter().filter(|w| w.street == street);
                members.extend(between.map(|w| Member { kind: "way", id: w.id, role: "via" }));
            }
        }
        members.push(Member { kind: "way", id: to.id, role: "to" });
        map.relation(members, vec![("type", "restriction".into()), ("restriction", turn.rule.into())]);
    }
}

impl StreetWay {
    pub fn middle(&self) -> P {
        crate::maths::along(&self.line, 0.5 * line_length(&self.line)).0
    }
}
