//! Signal programs of additional files: checked against the net's connections, and added behind its own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Misplaced, Place};
use crate::sumo::{SumoNet, SumoProgram, xml::shortened};

/// Adds programs; the last of a group is the active one.
pub(super) fn add(net: &mut SumoNet, programs: Vec<(Place, SumoProgram)>, problems: &mut Vec<Misplaced>) {
    let mut links = BTreeMap::<String, BTreeSet<usize>>::new();
    for (id, index) in net.connections.iter().filter_map(|c| c.signal.as_ref()) {
        match links.get_mut(id) {
            Some(links) => _ = links.insert(*index),
            None => _ = links.insert(id.clone(), BTreeSet::from([*index])),
        }
    }
    for (place, program) in programs {
        let name = format!("signal program {} `{}`", shortened(&program.id), shortened(&program.program));
        match fault(net, &program, links.get(&program.id)) {
            Some(Fault::LeftOut(what)) => problems.push((place, format!("{name} {what}: left out"))),
            Some(Fault::Kept(what)) => {
                problems.push((place, format!("{name} {what}")));
                net.programs.push(program);
            }
            None => net.programs.push(program),
        }
    }
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
    let passes = |link: &usize| program.phases.iter().any(|p| b"GgsoO".contains(&p.state.as_bytes()[*link]));
    let closed: Vec<String> = links.iter().filter(|link| !passes(link)).map(usize::to_string).collect();
    if !closed.is_empty() {
        return Some(Fault::Kept(format!("never shows green to link {}", shortened(&closed.join(", ")))));
    }
    (states > wanted).then(|| Fault::Kept(format!("has {states} states for {wanted} links")))
}
