//! Which links trips can start and end on: the largest strongly connected part of the turn graph, what leads
//! into it and what it leads to.

use super::{LinkInfo, NONE, Turn, Turns};

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
