//! Travellers look for faster ways, and how far all are from having none.

use std::ops::{ControlFlow, Range};

use rayon::prelude::*;

use super::{Day, Progress, switch};
use crate::{
    journeys::Journey,
    timed_ways::{Bounds, Request, Search},
};

/// Travellers whose ways are sought between two looks at whether to go on.
const BLOCK: usize = 16_384;
/// Who departs within so many seconds shares bounds of the search, which hold for trips of so many; a way that is longer may be found
/// that is not quite the fastest.
const TOGETHER_S: f64 = 3600.0;
const LONGEST_TRIP_S: f64 = 5400.0;

/// What one traveller found.
#[derive(Clone, Debug)]
pub struct Finding {
    pub journey: u32,
    pub own_s: f32,
    pub best_s: f32,
    /// Where it differs from the own.
    pub way: Option<Box<[u32]>>,
}

impl Day<'_> {
    /// Travellers look for the fastest way at the times known: those whom the dice put into a part of 0..1.
    pub(super) fn look(
        &mut self,
        number: u32,
        part: Range<f64>,
        watch: &mut impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let list = &self.input.journeys.list;
        let looks = |j: &u32| {
            self.input.choosing[*j as usize] && part.contains(&switch::chance(self.options.seed, *j, 0, number))
        };
        let begins_s = |j: &u32| list[*j as usize].depart_s - self.input.begin_s;
        let mut who: Vec<u32> = (0..list.len() as u32).filter(looks).collect();
        who.sort_by(|a, b| begins_s(a).total_cmp(&begins_s(b)));
        self.findings.clear();
        let mut findings = Vec::with_capacity(who.len());
        // Who leaves about the same time shares bounds, which are the closer the shorter the time that they have to hold.
        for same in who.chunk_by(|a, b| (begins_s(a) / TOGETHER_S).floor() == (begins_s(b) / TOGETHER_S).floor()) {
            let from_s = ((begins_s(&same[0]) / TOGETHER_S).floor() * TOGETHER_S) as f32;
            let least_s = self.times.least(from_s..from_s + (TOGETHER_S + LONGEST_TRIP_S) as f32);
            let bounds = Bounds::of(&self.turns, &least_s);
            for block in same.chunks(BLOCK) {
                let one = |search: &mut Search, journey: &u32| self.look_for(*journey, search, &bounds);
                let found: Vec<Option<Finding>> = block.par_iter().map_init(Search::default, one).collect();
                findings.extend(found.into_iter().flatten());
                let share = findings.len() as f64 / who.len() as f64;
                watch(&Progress::Looking { number, share })?;
            }
        }
        findings.sort_unstable_by_key(|f| f.journey);
        self.findings = findings;
        ControlFlow::Continue(())
    }

    fn look_for(&self, number: u32, search: &mut Search, bounds: &Bounds) -> Option<Finding> {
        let journey = &self.input.journeys.list[number as usize];
        let route = self.input.journeys.route(journey);
        let (from, to) = (*route.first()?, *route.last()?);
        let ways = &self.ways[*self.ways_of.get(journey.kind as usize)? as usize];
        if from == to {
            return Some(Finding { journey: number, own_s: 0.0, best_s: 0.0, way: None });
        }
        let at_s = self.begins_s(journey, from);
        let own_s = self.route_s(route, at_s);
        let found = search.run(ways, &self.times, bounds, Request { from, to, at_s });
        let Some((best_s, state)) = found else {
            return Some(Finding { journey: number, own_s, best_s: f32::INFINITY, way: None });
        };
        let way = (best_s < own_s).then(|| search.way(ways, state).into());
        Some(Finding { journey: number, own_s, best_s: best_s.min(own_s), way })
    }

    /// Second of the run at which one would have come onto the first link to be at the place of departure in time.
    pub(super) fn begins_s(&self, journey: &Journey, from: u32) -> f32 {
        let at_m = journey.depart.at_m.unwrap_or(0.0);
        let part = (at_m / self.input.graph.links[from as usize].length_m).clamp(0.0, 1.0);
        (journey.depart_s - self.input.begin_s) as f32 - part * self.empty.link_s[from as usize]
    }

    /// From coming onto a route's first link to coming onto its last, second; infinite where it is broken.
    fn route_s(&self, route: &[u32], at_s: f32) -> f32 {
        let mut s = 0.0;
        for pair in route.windows(2) {
            let Some(turn) = self.turns.find(pair[0], pair[1]) else { return f32::INFINITY };
            s += self.times.at(turn, at_s + s);
        }
        s
    }

    /// The relative gap of those who looked; 0 where nobody did.
    pub(super) fn gap(&self) -> f64 {
        let known = self.findings.iter().filter(|f| f.own_s.is_finite() && f.best_s.is_finite());
        let (own, best) =
            known.fold((0.0, 0.0), |(own, best), f| (own + f64::from(f.own_s), best + f64::from(f.best_s)));
        if best > 0.0 { (own - best) / best } else { 0.0 }
    }
}
