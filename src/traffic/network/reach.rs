//! Which links trips can start and end on: the largest strongly connected part of the turn graph, what leads
//! into it and what it leads to.

use super::{LinkInfo, NONE, Turn, Turns};

/// Links looked at before a search for a way round gives up.
const WAY_ROUND: usize = 20_000;

/// As [`mark`], from the marks of the network before. Where every way that is gone has a way round, and every new way
/// joins what was joined before, all other links keep their marks; else all are worked out anew. `touched`: the links
/// whose turns may differ, ascending.
pub fn update(links: &mut [LinkInfo], turns: &Turns, old_links: &[LinkInfo], old: &Turns, touched: &[u32]) {
    if !kept(links, turns, old_links, old, touched) {
        for row in links.iter_mut() {
            (row.core, row.reaches_core, row.reached_from_core) = (false, false, false);
        }
        mark(links, turns);
    }
}

/// Sets the marks of opened and closed links and returns true, if those of all others stay.
fn kept(links: &mut [LinkInfo], turns: &Turns, old_links: &[LinkInfo], old: &Turns, touched: &[u32]) -> bool {
    let closed = |l: u32| old_links[l as usize].usable && !links[l as usize].usable;
    let opened = |l: u32| !old_links[l as usize].usable && links[l as usize].usable;
    // What was joined by something gone must still be joined.
    for from in touched.iter().copied().filter(|l| old_links[*l as usize].usable && !closed(*l)) {
        let gone = regular(old, old.of(from)).filter(|t| !joins(turns, from, t.to));
        let mut lost: Vec<u32> = gone.map(|t| t.to).collect();
        let mut at = 0;
        while at < lost.len() {
            let to = lost[at];
            at += 1;
            if closed(to) {
                for t in regular(old, old.of(to)).filter(|t| !lost.contains(&t.to)).collect::<Vec<_>>() {
                    lost.push(t.to);
                }
            }
        }
        lost.retain(|to| !closed(*to) && *to != from);
        if !lost.is_empty() && !reaches_all(turns, from, &lost, links.len()) {
            return false;
        }
    }
    // What is joined by something new must have been joined before: through the core.
    let mut new = Vec::new();
    for from in touched.iter().copied().filter(|l| links[*l as usize].usable && !opened(*l)) {
        let added = regular(turns, turns.of(from)).filter(|t| opened(t.to) || !joins(old, from, t.to));
        let mut found: Vec<u32> = added.map(|t| t.to).collect();
        let mut at = 0;
        while at < found.len() {
            let to = found[at];
            at += 1;
            if opened(to) {
                for t in regular(turns, turns.of(to)).filter(|t| !found.contains(&t.to)).collect::<Vec<_>>() {
                    found.push(t.to);
                }
            } else if to != from && !(old_links[from as usize].reaches_core && old_links[to as usize].reached_from_core)
            {
                return false;
            }
        }
        new.extend(found.into_iter().filter(|l| opened(*l)).map(|l| (from, l)));
    }
    mark_opened(links, turns, old_links, touched, &new);
    for l in 0..links.len() {
        if old_links[l].usable && !links[l].usable {
            (links[l].core, links[l].reaches_core, links[l].reached_from_core) = (false, false, false);
        }
    }
    // More than half of all: no other part can be larger.
    let used = links.iter().filter(|l| l.usable).count();
    2 * links.iter().filter(|l| l.core).count() > used
}

/// Opened links are in the core where something of it leads to them and they lead to something of it. `touched` holds
/// every opened link that is entered from or leads to another.
fn mark_opened(links: &mut [LinkInfo], turns: &Turns, old_links: &[LinkInfo], touched: &[u32], entered: &[(u32, u32)]) {
    let opened: Vec<u32> =
        touched.iter().copied().filter(|l| links[*l as usize].usable && !old_links[*l as usize].usable).collect();
    for (from, to) in entered {
        links[*to as usize].reached_from_core |= links[*from as usize].reached_from_core;
    }
    // Chains of opened links are short; each round passes marks on by one.
    loop {
        let mut changed = false;
        for l in &opened {
            let row = links[*l as usize];
            for t in regular(turns, turns.of(*l)) {
                let next = links[t.to as usize];
                if next.reaches_core && !links[*l as usize].reaches_core {
                    links[*l as usize].reaches_core = true;
                    changed = true;
                }
                if row.reached_from_core && !next.reached_from_core && !old_links[t.to as usize].usable {
                    links[t.to as usize].reached_from_core = true;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    for l in opened {
        let row = &mut links[l as usize];
        row.core = row.reaches_core && row.reached_from_core;
    }
}

fn joins(turns: &Turns, from: u32, to: u32) -> bool {
    regular(turns, turns.of(from)).any(|t| t.to == to)
}

fn reaches_all(turns: &Turns, from: u32, goals: &[u32], links: usize) -> bool {
    let mut missing: Vec<u32> = goals.to_vec();
    let mut seen = vec![false; links];
    let mut open = std::collections::VecDeque::from([from]);
    let mut looked = 0;
    while let Some(link) = open.pop_front() {
        looked += 1;
        if looked > WAY_ROUND {
            return false;
        }
        for t in regular(turns, turns.of(link)) {
            if !std::mem::replace(&mut seen[t.to as usize], true) {
                missing.retain(|goal| *goal != t.to);
                if missing.is_empty() {
                    return true;
                }
                open.push_back(t.to);
            }
        }
    }
    false
}

/// Marks `core`, `reaches_core` and `reached_from_core`.
pub fn mark(links: &mut [LinkInfo], turns: &Turns) {
    let component = components(links.len(), turns);
    let mut sizes = vec![0_usize; links.len()];
    for (link, c) in links.iter().zip(&component) {
        sizes[*c as usize] += usize::from(link.usable);
    }
    let Some(largest) = (0..sizes.len()).rev().max_by_key(|c| sizes[*c]) else { return };
    let core: Vec<u32> = (0..links.len() as u32)
        .filter(|l| component[*l as usize] as usize == largest && links[*l as usize].usable)
        .collect();
    for l in &core {
        links[*l as usize].core = true;
    }
    for l in flood(&core, links.len(), |l, push| regular(turns, turns.of(l)).for_each(|t| push(t.to))) {
        links[l as usize].reached_from_core = true;
    }
    for l in flood(&core, links.len(), |l, push| {
        regular(turns, turns.entering(l).iter().map(|t| *t as usize)).for_each(|t| push(t.from));
    }) {
        links[l as usize].reaches_core = true;
    }
}

fn regular(turns: &Turns, indices: impl Iterator<Item = usize>) -> impl Iterator<Item = &Turn> {
    indices.map(|t| &turns.list[t]).filter(|t| !t.last_resort)
}

fn flood(seeds: &[u32], count: usize, neighbours: impl Fn(u32, &mut dyn FnMut(u32))) -> Vec<u32> {
    let mut seen = vec![false; count];
    let mut found = seeds.to_vec();
    seeds.iter().for_each(|l| seen[*l as usize] = true);
    let mut at = 0;
    while at < found.len() {
        let link = found[at];
        at += 1;
        neighbours(link, &mut |next| {
            if !std::mem::replace(&mut seen[next as usize], true) {
                found.push(next);
            }
        });
    }
    found
}

/// Strongly connected components (Tarjan 1972, with an explicit stack).
fn components(count: usize, turns: &Turns) -> Vec<u32> {
    let mut index = vec![NONE; count];
    let mut low = vec![0_u32; count];
    let mut component = vec![NONE; count];
    let (mut stack, mut calls) = (Vec::new(), Vec::<(u32, usize)>::new());
    let (mut next_index, mut next_component) = (0, 0);
    for root in 0..count as u32 {
        if index[root as usize] != NONE {
            continue;
        }
        calls.push((root, turns.of(root).start));
        while let Some((link, turn)) = calls.pop() {
            let l = link as usize;
            if index[l] == NONE {
                index[l] = next_index;
                low[l] = next_index;
                next_index += 1;
                stack.push(link);
            }
            if turn < turns.of(link).end {
                calls.push((link, turn + 1));
                if turns.list[turn].last_resort {
                    continue;
                }
                let to = turns.list[turn].to;
                if index[to as usize] == NONE {
                    calls.push((to, turns.of(to).start));
                } else if component[to as usize] == NONE {
                    low[l] = low[l].min(index[to as usize]);
                }
                continue;
            }
            if low[l] == index[l] {
                while let Some(member) = stack.pop() {
                    component[member as usize] = next_component;
                    if member == link {
                        break;
                    }
                }
                next_component += 1;
            }
            if let Some((parent, _)) = calls.last() {
                low[*parent as usize] = low[*parent as usize].min(low[l]);
            }
        }
    }
    component
}
