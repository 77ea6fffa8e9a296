//! The dynamic user equilibrium of a day: nobody finds a way that would have been faster at the time they left.
//!
//! Travellers with a time of departure, an origin and a destination are sent through the mesoscopic view; what they took for
//! every turn, by the time of day, is what they know the next time. Some of those who would have been faster on another way
//! take it, and the day is driven again (Peeta and Ziliaskopoulos, Netw. Spat. Econ. 1 (2001) 233; Chiu et al., Dynamic
//! Traffic Assignment: A Primer, TRB E-C153, 2011). How far it is from the equilibrium is the relative gap
//! `Σ (time of the way taken − time of the fastest way) / Σ time of the fastest way`, both at the last run's times.
//!
//! Owns the iteration. Knows the lane graph, the journeys, the mesoscopic view; no files, no clock. The same bytes for a seed
//! and any number of threads.

mod city;
mod lived;
mod look;
mod scenario;
mod switch;

use std::ops::ControlFlow;

use crate::{
    journeys::Journeys,
    lane_graph::{LaneGraph, Users},
    meso::{Counts, Meso, Turns},
    timed_ways::{EmptyRoad, Times, Ways},
};
use look::Finding;

/// The run goes on after the day until everybody has arrived, at most so long, second.
const LONGEST_REST_S: f64 = 6.0 * 3600.0;
/// Simulated time between two looks at whether to go on, second.
const LOOK_S: f64 = 900.0;

/// Who travels on a day.
#[derive(Clone)]
pub struct DayInput<'a> {
    pub graph: &'a LaneGraph,
    /// Routes of those who choose give their first and their last link.
    pub journeys: Journeys,
    /// By journey, whether it chooses its way.
    pub choosing: Vec<bool>,
    /// Second of the day.
    pub begin_s: f64,
    /// When the last journey has begun, second of the day. The run goes on until everybody has arrived, six hours at most.
    pub end_s: f64,
    /// What the graph does not tell of the turns that are allowed: restrictions through via links.
    pub network: Option<&'a crate::Network>,
    /// Where everybody starts.
    pub first: FirstWays,
}

/// Ways of the first run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FirstWays {
    /// The routes as they are given.
    Given,
    /// The fastest on the empty road.
    Empty,
    /// The fastest by what turns take at the time of departure, in a day that is lived through once.
    Lived,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DayOptions {
    /// Relative gap to stop at.
    pub gap: f64,
    /// Most runs of the day, at least 1.
    pub iterations: u32,
    /// Times are kept by intervals of so many seconds, 60 to 86,400.
    pub interval_s: f64,
    /// Share of the travellers who look for another way after a run, 0…1, others each time. The gap is then theirs.
    pub looking: f64,
    pub seed: u64,
}

impl Default for DayOptions {
    fn default() -> Self {
        Self { gap: 0.01, iterations: 30, interval_s: 900.0, looking: 1.0, seed: 42 }
    }
}

/// One run of the day, and what travellers thought of it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Iteration {
    /// 1 for the first.
    pub number: u32,
    /// Relative gap at the times that this run had.
    pub gap: f64,
    /// Mean time from departure to arrival of those who arrived, waiting to enter included, second.
    pub mean_s: f64,
    /// Who looked for another way, and who takes one in the next run.
    pub looked: u64,
    pub switched: u64,
    /// At the end of the run; `forced` are its gridlocks resolved ([`Meso::forced_moves`] has each with its node).
    pub counts: Counts,
}

/// What is going on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Progress {
    /// A run has come to a second of the day.
    Driving {
        number: u32,
        at_s: f64,
        counts: Counts,
    },
    /// A share of the travellers have looked for their ways; `number` 0 before the first run.
    Looking {
        number: u32,
        share: f64,
    },
    Iterated(Iteration),
}

/// Why it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    Gap,
    Iterations,
    /// Nobody would be faster on another way.
    NobodySwitches,
    Cancelled,
}

/// The day, in equilibrium as far as it went.
#[derive(Clone, Debug)]
pub struct DayResult {
    pub iterations: Vec<Iteration>,
    pub stop: Stop,
    /// With the ways of the last run.
    pub journeys: Journeys,
    /// Journeys between whose ends no way leads; they are refused.
    pub unreachable: u64,
    /// The last run, at its end.
    pub run: Meso,
}

/// Finds the equilibrium. `watch` hears of progress and may break off; the result then holds the runs so far, the last one as
/// far as it came.
pub fn find(input: DayInput, options: &DayOptions, mut watch: impl FnMut(&Progress) -> ControlFlow<()>) -> DayResult {
    let mut day = Day::new(input, options);
    let going = day.begin(&mut watch);
    let mut iterations: Vec<Iteration> = Vec::new();
    loop {
        let number = iterations.len() as u32 + 1;
        let (mut run, driven) = day.drive(number, going, &mut watch);
        let counts = run.counts();
        let mean_s = day.mean_s(&run);
        day.learn(&mut run);
        let looked = driven.is_continue() && day.look(number, 0.0..options.looking.max(0.0), &mut watch).is_continue();
        let last = number >= options.iterations;
        let gap = day.gap();
        let switched = if looked && !last && gap > options.gap { day.switch(&iterations, gap) } else { 0 };
        let looked_count = day.findings.len() as u64;
        let iteration = Iteration { number, gap, mean_s, looked: looked_count, switched, counts };
        // Who breaks off is not asked again.
        let cancelled = !looked || watch(&Progress::Iterated(iteration)).is_break();
        if looked {
            iterations.push(iteration);
        }
        let stop = match () {
            () if cancelled => Stop::Cancelled,
            () if gap <= options.gap => Stop::Gap,
            () if last => Stop::Iterations,
            () if switched == 0 && options.looking >= 1.0 => Stop::NobodySwitches,
            () => continue,
        };
        let journeys = std::mem::take(&mut day.driven);
        return DayResult { iterations, stop, journeys, unreachable: day.unreachable, run };
    }
}

/// The iteration's state.
struct Day<'a> {
    input: DayInput<'a>,
    options: DayOptions,
    turns: Turns,
    empty: EmptyRoad,
    /// Per kind of users their ways; per vehicle type the row.
    ways: Vec<Ways>,
    ways_of: Vec<u32>,
    times: Times,
    findings: Vec<Finding>,
    unreachable: u64,
    step: switch::Step,
    /// With the ways of the run before the last switch.
    driven: Journeys,
}

impl<'a> Day<'a> {
    fn new(mut input: DayInput<'a>, options: &DayOptions) -> Self {
        input.choosing.resize(input.journeys.list.len(), false);
        let turns = Turns::of(input.graph);
        let empty = EmptyRoad::of(input.graph, &turns);
        let times = Times::empty(&empty);
        let mut known: Vec<Users> = Vec::new();
        let mut ways = Vec::new();
        let ways_of = input.journeys.types.iter().map(|kind| {
            let place = known.iter().position(|users| *users == kind.users);
            place.unwrap_or_else(|| {
                known.push(kind.users);
                ways.push(match input.network {
                    Some(network) => Ways::of_network(network, input.graph, &turns, kind.users),
                    None => Ways::of(input.graph, &turns, kind.users),
                });
                ways.len() - 1
            }) as u32
        });
        let ways_of = ways_of.collect();
        Self {
            options: *options,
            turns,
            empty,
            ways,
            ways_of,
            times,
            findings: Vec::new(),
            unreachable: 0,
            step: switch::Step::default(),
            driven: Journeys::default(),
            input,
        }
    }

    /// Finds the ways of the first run.
    fn begin(&mut self, watch: &mut impl FnMut(&Progress) -> ControlFlow<()>) -> ControlFlow<()> {
        match self.input.first {
            FirstWays::Given => ControlFlow::Continue(()),
            FirstWays::Empty => {
                let looked = self.look(0, 0.0..1.0, watch);
                self.take_all();
                looked
            }
            FirstWays::Lived => self.live_through(watch),
        }
    }

    /// Drives the day once.
    fn drive(
        &mut self,
        number: u32,
        going: ControlFlow<()>,
        watch: &mut impl FnMut(&Progress) -> ControlFlow<()>,
    ) -> (Meso, ControlFlow<()>) {
        let input = &self.input;
        let mut run = Meso::new(input.graph, &input.journeys, self.options.seed, input.begin_s);
        if input.network.is_some() {
            run.choose_ways();
        }
        run.watch_turns(&self.turns, self.options.interval_s);
        self.driven = input.journeys.clone();
        let mut at_s = input.begin_s;
        while going.is_continue() && at_s < input.end_s + LONGEST_REST_S {
            at_s += LOOK_S;
            run.run_until(at_s);
            if watch(&Progress::Driving { number, at_s, counts: run.counts() }).is_break() {
                return (run, ControlFlow::Break(()));
            }
            if at_s >= input.end_s && run.finished() {
                break;
            }
        }
        (run, going)
    }

    fn mean_s(&self, run: &Meso) -> f64 {
        let trips = (0..self.input.journeys.list.len()).filter_map(|i| run.trip(i));
        let took = trips.filter_map(|t| Some(t.arrive_s? - t.depart_s));
        let (sum, count) = took.fold((0.0, 0_u64), |(sum, count), s| (sum + s, count + 1));
        if count > 0 { sum / count as f64 } else { 0.0 }
    }

    fn learn(&mut self, run: &mut Meso) {
        self.times = Times::of(&self.empty, &run.take_turn_times());
    }

    /// Everybody takes the way found, those without any are refused.
    fn take_all(&mut self) {
        let findings = std::mem::take(&mut self.findings);
        self.unreachable += findings.iter().filter(|f| !f.best_s.is_finite()).count() as u64;
        let none = |f: &Finding| (!f.best_s.is_finite()).then(|| Box::from([]));
        let taken = findings.into_iter().filter_map(|f| {
            let way = none(&f).or(f.way)?;
            Some((f.journey, way))
        });
        let taken: Vec<(u32, Box<[u32]>)> = taken.collect();
        self.replace(&taken);
    }

    /// Some of those who would be faster take the way found; how many.
    fn switch(&mut self, before: &[Iteration], gap: f64) -> u64 {
        self.step.adapt(before.last().map(|i| i.gap), gap);
        let findings = std::mem::take(&mut self.findings);
        let number = before.len() as u32;
        let (seed, step) = (self.options.seed, self.step);
        let taken: Vec<(u32, Box<[u32]>)> = findings
            .iter()
            .filter(|f| switch::chance(seed, f.journey, 1, number) < step.share(f.own_s, f.best_s))
            .filter_map(|f| Some((f.journey, f.way.clone()?)))
            .collect();
        self.findings = findings;
        self.replace(&taken);
        taken.len() as u64
    }

    /// Puts new ways, ascending by journey, in the place of old ones.
    fn replace(&mut self, new: &[(u32, Box<[u32]>)]) {
        let journeys = &mut self.input.journeys;
        let mut links = Vec::with_capacity(journeys.links.len());
        let mut new = new.iter().peekable();
        for (number, journey) in (0..).zip(&mut journeys.list) {
            let first = links.len() as u32;
            match new.next_if(|(of, _)| *of == number) {
                Some((_, way)) => links.extend_from_slice(way),
                None => links.extend_from_slice(&journeys.links[journey.route.0 as usize..journey.route.1 as usize]),
            }
            journey.route = (first, links.len() as u32);
        }
        journeys.links = links;
    }
}
