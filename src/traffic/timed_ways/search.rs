//! Fastest ways by the time of day: A* over turns with bounds from landmarks.
//!
//! Times are such that who comes later leaves later ([`Times`]), so that labels set by earliest arrival are right (Dreyfus,
//! Oper. Res. 17 (1969) 395). Bounds: distances to and from landmarks by each turn's shortest time and the triangle
//! inequality (Goldberg and Harrelson, SODA 2005).

use std::{cmp::Reverse, collections::BinaryHeap};

use rayon::prelude::*;

use super::{times::Times, ways::Ways};
use crate::{lane_graph::NONE, meso::Turns, network::Rows};

/// Places that distances are known to and from: more bound better and cost more to look up.
const LANDMARKS: usize = 12;

/// Time of a way that there is not, second: a number, so that two of them bound nothing.
const NO_WAY_S: f32 = 1e30;

/// Lower bounds of the time from link to link.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Per link from each landmark, then to each, second.
    rows: Vec<[f32; 2 * LANDMARKS]>,
}

impl Bounds {
    /// By the shortest time of each turn, second ([`Times::least`]).
    pub fn of(turns: &Turns, least_s: &[f32]) -> Self {
        let links = turns.to.len();
        let ahead = turns.to.clone();
        let from_of = (0..links as u32).flat_map(|l| turns.to.range(l).map(move |t| (l, t as u32)));
        let back = Rows::grouped(links, from_of.map(|(from, turn)| (turns.to.list[turn as usize], (from, turn))));
        let ahead_of = |link: u32, each: &mut dyn FnMut(u32, f32)| {
            ahead.range(link).for_each(|t| each(ahead.list[t], least_s[t]));
        };
        let back_of = |link: u32, each: &mut dyn FnMut(u32, f32)| {
            back.of(link).iter().for_each(|(from, t)| each(*from, least_s[*t as usize]));
        };
        let mut rows = vec![[NO_WAY_S; 2 * LANDMARKS]; links];
        if links == 0 {
            return Self { rows };
        }
        let mut landmarks = Vec::new();
        let mut nearest = distances(links, 0, &ahead_of);
        while landmarks.len() < LANDMARKS {
            let place = landmarks.len();
            // The farthest that can be reached from those before.
            let far = (0..links).filter(|l| nearest[*l].is_finite()).max_by(|a, b| nearest[*a].total_cmp(&nearest[*b]));
            let landmark = far.unwrap_or(0) as u32;
            let from = distances(links, landmark, &ahead_of);
            if place == 0 {
                nearest.clone_from(&from);
            }
            for (link, s) in from.iter().enumerate() {
                rows[link][place] = s.min(NO_WAY_S);
                nearest[link] = nearest[link].min(*s);
            }
            landmarks.push(landmark);
        }
        let to: Vec<Vec<f32>> = landmarks.par_iter().map(|l| distances(links, *l, &back_of)).collect();
        for (place, of) in to.iter().enumerate() {
            of.iter().enumerate().for_each(|(link, s)| rows[link][LANDMARKS + place] = s.min(NO_WAY_S));
        }
        Self { rows }
    }

    /// At least so many seconds from coming onto one link to coming onto the other; [`NO_WAY_S`] or about it where no way leads.
    #[inline]
    fn between(from: &[f32; 2 * LANDMARKS], to: &[f32; 2 * LANDMARKS]) -> f32 {
        let mut bound = 0.0_f32;
        let mut raise = |to: f32, from: f32| bound = if to - from > bound { to - from } else { bound };
        // From a landmark: d(L, to) ≤ d(L, from) + d(from, to); and so to one.
        to[..LANDMARKS].iter().zip(&from[..LANDMARKS]).for_each(|(to, from)| raise(*to, *from));
        from[LANDMARKS..].iter().zip(&to[LANDMARKS..]).for_each(|(from, to)| raise(*from, *to));
        bound
    }
}

/// Second to every link (Dijkstra, Numer. Math. 1 (1959) 269).
fn distances(links: usize, from: u32, of: &dyn Fn(u32, &mut dyn FnMut(u32, f32))) -> Vec<f32> {
    let mut time = vec![f32::INFINITY; links];
    let mut open = BinaryHeap::new();
    time[from as usize] = 0.0;
    open.push(Reverse((0_u32, from)));
    while let Some(Reverse((bits, link))) = open.pop() {
        let so_far = f32::from_bits(bits);
        if so_far > time[link as usize] {
            continue;
        }
        of(link, &mut |next, s| {
            let reached = so_far + s;
            if reached < time[next as usize] {
                time[next as usize] = reached;
                open.push(Reverse((reached.to_bits(), next)));
            }
        });
    }
    time
}

/// Who travels from where to where.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// State that the way begins in, and the link on which it ends.
    pub from: u32,
    pub to: u32,
    /// When one would have come onto the first link, second of the run.
    pub at_s: f32,
}

/// Reusable memory of searches.
#[derive(Clone, Debug, Default)]
pub struct Search {
    s: Vec<f32>,
    before: Vec<u32>,
    round: Vec<u32>,
    done: Vec<u32>,
    current: u32,
    open: BinaryHeap<Reverse<(u32, u32)>>,
}

impl Search {
    /// Second until one comes onto the last link, whose way is then [`Self::way`]; `None` where no way leads.
    pub fn run(&mut self, ways: &Ways, times: &Times, bounds: &Bounds, request: Request) -> Option<(f32, u32)> {
        self.begin(ways.link.len());
        let goal = bounds.rows.get(request.to as usize)?;
        self.reach(request.from, 0.0, NONE, 0.0);
        while let Some(Reverse((_, state))) = self.open.pop() {
            let so_far = self.s[state as usize];
            let link = ways.link[state as usize];
            if link == request.to && state != request.from {
                return Some((so_far, state));
            }
            // Bounds are such that the first to be looked at is the shortest; others of the same state are older.
            if std::mem::replace(&mut self.done[state as usize], self.current) == self.current {
                continue;
            }
            for step in ways.from(state) {
                let s = times.at(step.turn, request.at_s + so_far);
                if s.is_finite() {
                    let rest = Bounds::between(&bounds.rows[ways.link[step.state as usize] as usize], goal);
                    let reached = so_far + s;
                    if rest < 0.5 * NO_WAY_S {
                        self.reach(step.state, reached, state, reached + rest);
                    }
                }
            }
        }
        None
    }

    /// Links from the first to a state that was reached.
    pub fn way(&self, ways: &Ways, to: u32) -> Vec<u32> {
        let mut links = Vec::new();
        let mut state = to;
        while state != NONE {
            links.push(ways.link[state as usize]);
            state = self.before[state as usize];
        }
        links.reverse();
        links
    }

    fn begin(&mut self, states: usize) {
        if self.s.len() != states || self.current == u32::MAX {
            self.s = vec![0.0; states];
            self.before = vec![NONE; states];
            self.round = vec![0; states];
            self.done = vec![0; states];
            self.current = 0;
        }
        self.current += 1;
        self.open.clear();
    }

    #[inline]
    fn reach(&mut self, state: u32, s: f32, before: u32, estimate: f32) {
        let i = state as usize;
        if self.round[i] == self.current && self.s[i] <= s {
            return;
        }
        self.round[i] = self.current;
        self.s[i] = s;
        self.before[i] = before;
        // Numbers that are not negative order as their bits do.
        self.open.push(Reverse((estimate.to_bits(), state)));
    }
}
