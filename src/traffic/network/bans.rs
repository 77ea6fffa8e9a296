//! Restrictions through via links, as extra routing states.
//!
//! A restriction forbids a sequence of links. A routing state is the end of a link together with how much of a
//! forbidden sequence has just been driven (Aho and Corasick 1975): base states are the links themselves,
//! longer prefixes get states of their own. `Only` restrictions forbid every departure from their sequence.

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{City, TurnRestrictionKind, TurnVia};

use super::{LinkInfo, Turns};

/// The routing graph: states and the turns between them.
#[derive(Clone, PartialEq)]
pub struct States {
    /// The link whose end a state is; the first states are the links in order.
    pub link: Vec<u32>,
    start: Vec<u32>,
    next: Vec<Step>,
}

/// One move of a search.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    /// The state it leads to and that state's link.
    pub state: u32,
    pub link: u32,
    /// Time lost by turning, second.
    pub turn_s: f32,
    /// Only where every other way is closed.
    pub last_resort: bool,
}

impl States {
    pub fn build(city: &City, links: &[LinkInfo], turns: &Turns) -> Self {
        let forbidden = forbidden_sequences(city, links, turns);
        let mut prefixes = BTreeMap::new();
        let mut link: Vec<u32> = (0..city.links.len() as u32).collect();
        for sequence in &forbidden {
            for n in 2..sequence.len() {
                prefixes.entry(sequence[..n].to_vec()).or_insert_with(|| {
                    link.push(sequence[n - 1]);
                    link.len() as u32 - 1
                });
            }
        }
        let mut memory = vec![&[][..]; prefixes.len()];
        for (prefix, state) in &prefixes {
            memory[*state as usize - links.len()] = prefix;
        }
        let begins: BTreeSet<u32> = prefixes.keys().map(|prefix| prefix[0]).collect();
        let (mut start, mut next) = (Vec::with_capacity(link.len() + 1), Vec::with_capacity(turns.list.len()));
        start.push(0);
        for (state, last) in link.iter().enumerate() {
            let driven = state.checked_sub(links.len()).map_or(std::slice::from_ref(last), |extra| memory[extra]);
            // Most links begin no forbidden sequence: their steps are their turns.
            let plain = state < links.len() && !begins.contains(last);
            for turn in turns.of(*last).map(|t| &turns.list[t]) {
                let mut state = turn.to;
                if !plain {
                    let mut sequence = driven.to_vec();
                    sequence.push(turn.to);
                    if ends_with_any(&sequence, &forbidden) {
                        continue;
                    }
                    state = longest_known(&sequence, &prefixes);
                }
                next.push(Step { state, link: turn.to, turn_s: turn.cost, last_resort: turn.last_resort });
            }
            start.push(next.len() as u32);
        }
        Self { link, start, next }
    }

    /// Where a state leads.
    pub fn from(&self, state: u32) -> &[Step] {
        &self.next[self.start[state as usize] as usize..self.start[state as usize + 1] as usize]
    }

    /// The state after driving `links` in order; falls back to the bare link where they do not follow.
    pub fn after(&self, links: &[u32]) -> Option<u32> {
        let mut state = *links.first()?;
        for link in &links[1..] {
            let followed = self.from(state).iter().find(|step| step.link == *link);
            state = followed.map_or(*link, |step| step.state);
        }
        Some(state)
    }
}

fn forbidden_sequences(city: &City, links: &[LinkInfo], turns: &Turns) -> BTreeSet<Vec<u32>> {
    let mut forbidden = BTreeSet::new();
    for r in &city.restrictions {
        let TurnVia::Links(via) = &r.via else { continue };
        let mut sequence = vec![r.from.0];
        sequence.extend(via.iter().map(|l| l.0));
        sequence.push(r.to.0);
        let drivable = sequence.iter().all(|l| links.get(*l as usize).is_some_and(|row| row.usable))
            && sequence.windows(2).all(|w| turns.find(w[0], w[1]).is_some());
        if !drivable || sequence.len() < 3 {
            continue;
        }
        match r.kind {
            TurnRestrictionKind::No => {
                forbidden.insert(sequence);
            }
            TurnRestrictionKind::Only => forbid_departures(&sequence, turns, &mut forbidden),
        }
    }
    forbidden
}

fn forbid_departures(sequence: &[u32], turns: &Turns, forbidden: &mut BTreeSet<Vec<u32>>) {
    for n in 2..sequence.len() {
        for t in turns.of(sequence[n - 1]) {
            if turns.list[t].to != sequence[n] && !turns.list[t].last_resort {
                let mut departure = sequence[..n].to_vec();
                departure.push(turns.list[t].to);
                forbidden.insert(departure);
            }
        }
    }
}

fn ends_with_any(sequence: &[u32], forbidden: &BTreeSet<Vec<u32>>) -> bool {
    (0..sequence.len().saturating_sub(1)).any(|from| forbidden.contains(&sequence[from..]))
}

fn longest_known(sequence: &[u32], prefixes: &BTreeMap<Vec<u32>, u32>) -> u32 {
    let known = (0..sequence.len() - 1).find_map(|from| prefixes.get(&sequence[from..]).copied());
    known.unwrap_or(sequence[sequence.len() - 1])
}
