//! The dynamic equilibrium: against closed forms, against static shortest ways, its gap, repetition, conservation.

mod lanes;
mod town;

use std::ops::ControlFlow;

use citytwin_model::DrivingSide;
use citytwin_traffic::{
    Demand,
    equilibrium::{self, DayInput, DayOptions, DayResult, FirstWays, Iteration, Stop},
    journeys::{Departure, Journey, Journeys},
    lane_graph::{Lane, LaneGraph, NONE},
    meso::Driving,
};
use lanes::{add_link, add_move, cars, lights, random};

const ON: ControlFlow<()> = ControlFlow::Continue(());

fn input(graph: &LaneGraph, ends: impl Iterator<Item = (f64, u32, u32)>) -> DayInput<'_> {
    let mut journeys = Journeys { types: vec![cars()], ..Journeys::default() };
    for (depart_s, from, to) in ends {
        let first = journeys.links.len() as u32;
        journeys.links.extend([from, to]);
        let depart = Departure { at_m: Some(0.0), ..Departure::default() };
        let route = (first, first + 2);
        let arrival_m = f32::INFINITY;
        journeys.list.push(Journey { kind: 0, depart_s, route, stops: (0, 0), depart, arrival_m });
    }
    let end_s = journeys.list.iter().map(|j| j.depart_s).fold(0.0, f64::max);
    let choosing = vec![true; journeys.list.len()];
    DayInput { graph, journeys, choosing, begin_s: 0.0, end_s, network: None, first: FirstWays::Empty }
}

fn took(result: &DayResult, journey: usize) -> f64 {
    let trip = result.run.trip(journey).expect("it began");
    trip.arrive_s.expect("it arrived") - trip.depart_s
}

/// Links 0 (origin) → 1, short, with a bottleneck 2, or 3, long → 4 (destination).
fn two_ways(short_m: f32, long_m: f32, slow_mps: f32) -> LaneGraph {
    let mut graph = LaneGraph::default();
    graph.nodes = 5;
    graph.programs = vec![lights(60.0, 0.0, 0)];
    add_link(&mut graph, 0, 1, 500.0, 20.0);
    add_link(&mut graph, 1, 2, short_m, 20.0);
    add_link(&mut graph, 2, 3, 100.0, slow_mps);
    add_link(&mut graph, 1, 3, long_m, 20.0);
    add_link(&mut graph, 3, 4, 500.0, 20.0);
    // A lane for each way, so that they do not hinder each other where they meet.
    let beside = Lane { index: 1, ..graph.lanes[4] };
    graph.lanes.push(beside);
    graph.links[4].lanes = 2;
    for (from, to, limit_mps) in [(0, 1, 20.0), (0, 3, 20.0), (1, 2, slow_mps), (2, 4, slow_mps), (3, 4, 20.0)] {
        add_move(&mut graph, from, to, limit_mps, NONE);
    }
    graph.moves[4].to = 5;
    graph.without_conflicts()
}

/// Steady demand λ, a bottleneck of capacity μ < λ on the short way, Δ between the empty ways. All take the short way until its
/// queue costs Δ, which it does for who leaves at t* = Δ / (λ/μ − 1); from then on the queue stands: μ/λ take the short way, and both
/// ways take the same (the point queue of Vickrey, Am. Econ. Rev. 59 (1969) 251, in the deterministic equilibrium).
#[test]
fn two_ways_with_a_bottleneck_split_as_the_closed_form_has_it() {
    let (slow, headway_in, hours) = (6.0_f32, 1.9, 1.5);
    let graph = two_ways(3000.0, 5000.0, slow);
    let driving = Driving::of(&cars());
    let headway_out = f64::from(driving.wave_s + driving.space_m / slow);
    let (lambda, mu) = (1.0 / headway_in, 1.0 / headway_out);
    let horizon_s = 3600.0 * hours;
    let trips = (0..(horizon_s / headway_in) as u32).map(|k| (f64::from(k) * headway_in, 0, 4));
    let options = DayOptions { gap: 0.002, iterations: 60, interval_s: 120.0, ..DayOptions::default() };
    let result = equilibrium::find(input(&graph, trips), &options, |_| ON);
    let short = |i: &usize| result.journeys.route(&result.journeys.list[*i]).contains(&1);
    let count = result.journeys.list.len();
    let free = [true, false].map(|way| {
        let of = (0..count).filter(|i| short(i) == way).map(|i| took(&result, i));
        of.fold(f64::INFINITY, f64::min)
    });
    let delta_s = free[1] - free[0];
    let starts_s = delta_s / (lambda / mu - 1.0);
    let expected = lambda * starts_s + mu * (horizon_s - starts_s);
    let taken = (0..count).filter(short).count() as f64;
    assert!((taken / expected - 1.0).abs() < 0.03, "{taken} take the short way, {expected} expected");
    // Quarter by quarter once the queue stands, but for the last: mean times of both ways, and the share.
    for quarter in (1..5).map(|q| 900.0 * f64::from(q)).filter(|t| *t > starts_s + 300.0) {
        let of = |way: bool| {
            let list: Vec<f64> = (0..count)
                .filter(|i| short(i) == way && (quarter..quarter + 900.0).contains(&result.journeys.list[*i].depart_s))
                .map(|i| took(&result, i))
                .collect();
            (list.len() as f64, list.iter().sum::<f64>() / list.len() as f64)
        };
        let ((n_short, short_s), (n_long, long_s)) = (of(true), of(false));
        assert!((short_s / long_s - 1.0).abs() < 0.05, "{quarter} s: {short_s} s and {long_s} s");
        let share = n_short / (n_short + n_long);
        assert!((share * lambda / mu - 1.0).abs() < 0.1, "{quarter} s: {share}, expected {}", mu / lambda);
    }
}

/// A town of 16 by 16 streets, its main roads signalled, and trips from anywhere to anywhere within an hour.
fn busy_town(graph: &LaneGraph, trips: u32) -> DayInput<'_> {
    let mut state = 5;
    let links = graph.links.len() as f64;
    let ends = (0..trips).map(|k| {
        let [from, to] = [(); 2].map(|()| (random(&mut state) * links) as u32);
        (f64::from(k) * 3600.0 / f64::from(trips), from, to)
    });
    input(graph, ends.filter(|(_, from, to)| from != to))
}

/// On the empty road's ways they jam the main roads; the iteration spreads them until nobody could gain 1 % on average. Nobody is
/// lost on the way there.
#[test]
fn the_gap_of_a_busy_town_falls_below_one_percent() {
    let graph = LaneGraph::of_network(&town::grid(16, DrivingSide::Right).network());
    let options = DayOptions { iterations: 30, ..DayOptions::default() };
    let result = equilibrium::find(busy_town(&graph, 20_000), &options, |_| ON);
    let gaps: Vec<f64> = result.iterations.iter().map(|i| i.gap).collect();
    assert!(gaps[0] > 0.5, "it is busy: {gaps:?}");
    assert!(result.stop == Stop::Gap && gaps.last().is_some_and(|g| *g <= 0.01), "{gaps:?}");
    for Iteration { counts: c, .. } in &result.iterations {
        assert_eq!((c.loaded, c.refused), (c.arrived + c.running + c.waiting, 0), "{c:?}");
    }
    let first = result.iterations[0].counts;
    assert!(first.forced * 1000 <= first.loaded, "ways round open the first day's jam: {first:?}");
    assert_eq!(result.run.forced_moves().count() as u64, result.run.counts().forced);
}

#[test]
fn the_result_is_the_same_for_any_number_of_threads() {
    let graph = LaneGraph::of_network(&town::grid(16, DrivingSide::Right).network());
    let find = |threads, seed| {
        let options = DayOptions { iterations: 3, gap: 0.0, looking: 0.5, seed, ..DayOptions::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let result = pool.install(|| equilibrium::find(busy_town(&graph, 5000), &options, |_| ON));
        (result.iterations, result.journeys.links, result.run.state_hash())
    };
    assert_eq!(find(1, 7), find(2, 7));
    assert_ne!(find(2, 7).2, find(2, 8).2);
}

/// Where nobody hinders anybody the ways are the shortest by limits: Bellman and Ford's, with what turns cost.
#[test]
fn few_travellers_take_the_static_shortest_ways() {
    let mut graph = LaneGraph::default();
    let side = 6;
    graph.nodes = side * side;
    graph.programs = vec![lights(60.0, 0.0, 0)];
    let mut state = 3;
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
        for (dx, dy) in [(1_i64, 0_i64), (-1, 0), (0, 1), (0, -1)] {
            let (to_x, to_y) = (i64::from(x) + dx, i64::from(y) + dy);
            if (0..i64::from(side)).contains(&to_x) && (0..i64::from(side)).contains(&to_y) {
                let length_m = 100.0 + 400.0 * random(&mut state) as f32;
                add_link(&mut graph, y * side + x, to_y as u32 * side + to_x as u32, length_m, 15.0);
            }
        }
    }
    let ends: Vec<(u32, u32)> = graph.links.iter().map(|l| (l.from, l.to)).collect();
    for (from, a) in (0..).zip(&ends) {
        for (to, _) in (0..).zip(&ends).filter(|(_, b)| a.1 == b.0 && a.0 != b.1) {
            add_move(&mut graph, from, to, 15.0, NONE);
        }
    }
    let graph = graph.without_conflicts();
    let links = graph.links.len();
    // Ten minutes apart.
    let trips = (0..100).map(|k| {
        let [from, to] = [(); 2].map(|()| (random(&mut state) * links as f64) as u32);
        (600.0 * f64::from(k), from, to)
    });
    let trips: Vec<_> = trips.filter(|(_, from, to)| from != to).collect();
    let result = equilibrium::find(input(&graph, trips.iter().copied()), &DayOptions::default(), |_| ON);
    assert_eq!((result.stop, result.iterations.len(), result.unreachable), (Stop::Gap, 1, 0));
    for (journey, (_, from, to)) in result.journeys.list.iter().zip(&trips) {
        let mut best_m = vec![f32::INFINITY; links];
        best_m[*from as usize] = graph.links[*from as usize].length_m;
        for _ in 0..links {
            for m in &graph.moves {
                let beyond_m = best_m[m.from as usize] + graph.links[m.to as usize].length_m;
                best_m[m.to as usize] = best_m[m.to as usize].min(beyond_m);
            }
        }
        let route = result.journeys.route(journey);
        let driven_m: f32 = route.iter().map(|l| graph.links[*l as usize].length_m).sum();
        assert!((driven_m - best_m[*to as usize]).abs() < 0.01 * driven_m.min(10.0), "{route:?}");
    }
}

/// A journey to where no way leads is refused and counted; breaking off keeps what there is.
#[test]
fn what_cannot_be_reached_is_counted_and_a_run_can_be_broken_off() {
    let graph = two_ways(500.0, 800.0, 10.0);
    let trips = || [(0.0, 0, 4), (1.0, 4, 0), (2.0, 3, 3)].into_iter();
    let result = equilibrium::find(input(&graph, trips()), &DayOptions::default(), |_| ON);
    let counts = result.run.counts();
    assert_eq!((result.unreachable, counts.refused, counts.loaded), (1, 2, 1), "{counts:?}");
    for after in 0..4 {
        let mut heard = 0;
        let result = equilibrium::find(input(&graph, trips()), &DayOptions::default(), |_| {
            heard += 1;
            if heard > after { ControlFlow::Break(()) } else { ON }
        });
        assert_eq!((result.stop, heard), (Stop::Cancelled, after + 1));
    }
}

/// A town's weekday by its own demand, vans and lorries and gates included: everybody arrives.
#[test]
fn a_towns_day_is_driven_to_its_end() {
    let mut town = town::grid(10, DrivingSide::Right);
    town.city.population = Some(8000);
    let network = town.network();
    let demand = Demand::estimate(&town.city, &network);
    let graph = LaneGraph::of_network(&network);
    let input = DayInput::of_city(&network, &graph, &demand, 1);
    let trips = input.journeys.list.len() as f64;
    // Poisson numbers: within four standard deviations.
    assert!((trips - demand.daily_trips()).abs() < 4.0 * trips.sqrt(), "{trips} of {}", demand.daily_trips());
    let result = equilibrium::find(input, &DayOptions { iterations: 3, ..DayOptions::default() }, |_| ON);
    let counts = result.run.counts();
    assert_eq!((counts.arrived + counts.refused) as f64, trips, "{counts:?}");
    assert_eq!(counts.refused, result.unreachable);
    let gap = result.iterations.last().expect("a run").gap;
    assert!(gap < 0.02, "{gap}");
}
