//! Restrictions through via links, as extra routing states.
//!
//! A restriction forbids a sequence of links. A routing state is the end of a link together with how much of a
//! forbidden sequence has just been driven (Aho and Corasick 1975): base states are the links themselves,
//! longer prefixes get states of their own. `Only` restrictions forbid every departure from their sequence.

use std::collections::{BTreeMap, BTreeSet};

use citytwin_model::{City, TurnRestrictionKind, TurnVia};

use super::Turns;

/// The routing graph: states and the turns between them.
pub struct States {
    /// The link whose end a state is; the first states are the links in order.
    pub link: Vec<u32>,
    start: Vec<u32>,
    next: Vec<Step>,
}

/// One move of a search.
#[derive(Clone, Copy, Debug)]
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
    pub fn build(city: &City, usable: &[bool], turns: &Turns) -> Self {
        let forbidden = forbidden_sequences(city, usable, turns);
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
        let mut memory: Vec<Vec<u32>> = link.iter().map(|l| vec![*l]).collect();
        for (prefix, state) in &prefixes {
            memory[*state as usize].clone_from(prefix);
        }
        let (mut start, mut next) = (vec![0], Vec::new());
        for (state, driven) in memory.iter().enumerate() {
            for t in turns.of(link[state]) {
                let mut sequence = driven.clone();
                sequence.push(turns.list[t].to);
                if !ends_with_any(&sequence, &forbidden) {
                    let turn = &turns.list[t];
                    next.push(Step {
                        state: longest_known(&sequence, &prefixes),
                        link: turn.to,
                        turn_s: turn.cost,
                        last_resort: turn.last_resort,
                    });
                }
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

fn forbidden_sequences(city: &City, usable: &[bool], turns: &Turns) -> BTreeSet<Vec<u32>> {
    let mut forbidden = BTreeSet::new();
    for r in &city.restrictions {
        let TurnVia::Links(via) = &r.via else { continue };
        let mut sequence = vec![r.from.0];
        sequence.extend(via.iter().map(|l| l.0));
        sequence.push(r.to.0);
        let drivable = sequence.iter().all(|l| usable.get(*l as usize).copied().unwrap_or(false))
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
