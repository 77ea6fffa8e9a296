//! Signal programs: those of additional files are checked against the net's connections and added behind its own; the net's own
//! are looked through for turns that never have green.

use std::collections::{BTreeMap, BTreeSet};

use super::{Misplaced, Place};
use crate::sumo::{SumoConnection, SumoNet, SumoPhase, SumoProgram, xml::shortened};

/// Turns named in one problem.
const MOST_TURNS: usize = 5;

/// Adds programs; the last of a group is the active one.
pub(super) fn add(net: &mut SumoNet, programs: Vec<(Place, SumoProgram)>, problems: &mut Vec<Misplaced>) {
    let links = signalled(net);
    for (place, program) in programs {
        match fault(net, &program, links.get(&program.id)) {
            Some(Fault::LeftOut(what)) => problems.push((place, format!("{} {what}: left out", named(&program)))),
            Some(Fault::Kept(what)) => {
                problems.push((place, format!("{} {what}", named(&program))));
                net.programs.push(program);
            }
            None => net.programs.push(program),
        }
    }
}

/// The net's own programs that never let a turn pass, where no other file replaces them. `file`: the net's number.
pub(super) fn check(net: &SumoNet, file: u32, problems: &mut Vec<Misplaced>) {
    let links = signalled(net);
    for program in active(net).into_values().filter(|p| p.at > 0) {
        let closed = links.get(&program.id).and_then(|links| closed(net, program, links));
        let place = Place { file, byte: program.at };
        problems.extend(closed.map(|what| (place, format!("{} {what}", named(program)))));
    }
}

/// What of the programs in force is not read.
pub(super) fn count_unsupported(net: &SumoNet, unsupported: &mut BTreeMap<String, usize>) {
    for program in active(net).into_values() {
        for (name, count) in &program.unsupported {
            *unsupported.entry(name.clone()).or_default() += count;
        }
    }
}

/// The last program of each group.
fn active(net: &SumoNet) -> BTreeMap<&str, &SumoProgram> {
    net.programs.iter().map(|p| (p.id.as_str(), p)).collect()
}

fn named(program: &SumoProgram) -> String {
    format!("signal program {} `{}`", shortened(&program.id), shortened(&program.program))
}

/// The places of connections in the states of each group.
fn signalled(net: &SumoNet) -> BTreeMap<String, BTreeSet<usize>> {
    let mut links = BTreeMap::<String, BTreeSet<usize>>::new();
    for (id, index) in net.connections.iter().filter_map(|c| c.signal.as_ref()) {
        match links.get_mut(id) {
            Some(links) => _ = links.insert(*index),
            None => _ = links.insert(id.clone(), BTreeSet::from([*index])),
        }
    }
    links
}

/// Links that no phase lets pass, with their turns.
fn closed(net: &SumoNet, program: &SumoProgram, links: &BTreeSet<usize>) -> Option<String> {
    let state = |p: &SumoPhase, link: &usize| p.state.as_bytes().get(*link).copied().unwrap_or(b'r');
    let passes = |link: &&usize| program.phases.iter().any(|p| b"GgsoO".contains(&state(p, link)));
    let turn = |link: &usize| {
        let of = |c: &&SumoConnection| c.signal.as_ref().is_some_and(|(id, i)| *id == program.id && i == link);
        let edge = |e: usize| shortened(&net.edges[e].id);
        let turn = net.connections.iter().find(of).map(|c| format!("{} to {}", edge(c.from), edge(c.to)));
        format!("{link} ({})", turn.unwrap_or_default())
    };
    let closed: Vec<String> = links.iter().filter(|link| !passes(link)).map(turn).collect();
    let more = closed.len().saturating_sub(MOST_TURNS);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let listed = closed.iter().take(MOST_TURNS).map(String::as_str).collect::<Vec<_>>().join(", ");
    (!closed.is_empty()).then(|| format!("never shows green to link {listed}{rest}"))
}

enum Fault {
    LeftOut(String),
    Kept(String),
}

fn fault(net: &SumoNet, program: &SumoProgram, links: Option<&BTreeSet<usize>>) -> Option<Fault> {
    let mut group = net.programs.iter().filter(|p| p.id == program.id).peekable();
    if group.peek().is_none() {
        return Some(Fault::LeftOut("is for no signals of the net".into()));
    }
    if group.any(|p| p.program == program.program) {
        return Some(Fault::LeftOut("stands twice".into()));
    }
    let links = links?;
    let (wanted, states) = (links.last()? + 1, program.phases.first()?.state.len());
    if states < wanted {
        return Some(Fault::LeftOut(format!("has {states} states for {wanted} links")));
    }
    if let Some(what) = closed(net, program, links) {
        return Some(Fault::Kept(what));
    }
    (states > wanted).then(|| Fault::Kept(format!("has {states} states for {wanted} links")))
}
