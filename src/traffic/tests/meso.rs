//! The mesoscopic view against theory: bottleneck, signal, spillback; conservation, gridlock, repetition.

mod lanes;

use citytwin_traffic::{
    journeys::{Departure, Journey, Journeys, VehicleType},
    lane_graph::{LaneGraph, NONE},
    meso::{Counts, Driving, Meso},
};
use lanes::{add_link, add_move, cars, chain, journeys, lights, random};

fn durations(meso: &Meso, journeys: &Journeys) -> Vec<f64> {
    let trip = |i| meso.trip(i).expect("it began");
    (0..journeys.list.len())
        .map(|i| trip(i).arrive_s.expect("it arrived") - trip(i).enter_s.expect("it entered"))
        .collect()
}

/// Kinematic wave: behind a bottleneck of capacity 1/h, the k-th vehicle of a steady stream with headway a < h is late by k (h − a),
/// and t/a − t/h vehicles queue.
#[test]
fn the_queue_behind_a_bottleneck_is_that_of_the_kinematic_wave() {
    let (limit, slow, headway_in) = (20.0, 8.0, 2.0);
    let graph = chain(&[(3000.0, limit), (500.0, slow)], None, lights(60.0, 0.0, 0));
    let n = 600;
    let all = journeys(&[0, 1], (0..n).map(|k| f64::from(k) * headway_in));
    let mut meso = Meso::new(&graph, &all, 1, 0.0);
    let driving = Driving::of(&cars());
    let headway_out = f64::from(driving.wave_s + driving.space_m / slow);
    let free_s = 3000.0 / f64::from(limit);
    for minute in 4..20 {
        let t = 60.0 * f64::from(minute);
        meso.run_until(t);
        let (come, gone) = ((t - free_s) / headway_in, (t - free_s) / headway_out);
        let passed = meso.link_counts(0)[1].entered;
        assert!((f64::from(passed) - gone).abs() <= 1.5, "{t} s: {passed} of {come} passed, {gone} expected");
    }
    meso.run_until(10_000.0);
    let took = durations(&meso, &all);
    let mut sums = (0.0, 0.0);
    for (k, duration) in took.iter().enumerate() {
        let late = k as f64 * (headway_out - headway_in);
        let measured = duration - took[0];
        assert!((measured - late).abs() <= headway_out, "vehicle {k}: {measured} s late, {late} s expected");
        sums = (sums.0 + measured, sums.1 + late);
    }
    assert!((sums.0 - sums.1).abs() <= headway_out * f64::from(n), "{sums:?}");
}

/// Mean delay at a fixed-time signal with random arrivals: Webster, Traffic Signal Settings, Road Research Technical Paper 39
/// (1958), with the saturation flow and the effective green that the same lane shows with a standing queue.
#[test]
fn signal_delay_is_websters() {
    // Whole vehicles fill this green (14 headways and the start), so that flow times headway is the effective green.
    let (cycle, green) = (60.0, 30.6);
    let links = [(1000.0, 13.89), (1000.0, 13.89)];
    let graph = chain(&links, Some(0), lights(green, cycle - green, 0));
    let driving = Driving::of(&cars());
    let saturation = 1.0 / f64::from(driving.wave_s + driving.space_m / 13.89);
    let full = journeys(&[0, 1], (0..4000).map(|k| f64::from(k) * 1.8));
    let mut meso = Meso::new(&graph, &full, 1, 0.0);
    meso.run_until(600.0);
    let before = meso.link_counts(0)[0].left;
    meso.run_until(3000.0);
    let capacity = f64::from(meso.link_counts(0)[0].left - before) / 2400.0;
    let share = capacity / saturation;
    let free = journeys(&[0, 1], std::iter::once(0.0));
    let mut alone = Meso::new(&chain(&links, None, lights(60.0, 0.0, 0)), &free, 1, 0.0);
    alone.run_until(1000.0);
    let free_s = durations(&alone, &free)[0];
    for degree in [0.4, 0.5, 0.6, 0.7, 0.85, 0.9] {
        let flow = degree * capacity;
        let mut state = 7;
        let mut t = 0.0;
        let departs = std::iter::from_fn(|| {
            t -= (1.0 - random(&mut state)).ln() / flow;
            (t < 200.0 * 3600.0).then_some(t)
        });
        let all = journeys(&[0, 1], departs);
        let mut meso = Meso::new(&graph, &all, 1, 0.0);
        meso.run_until(201.0 * 3600.0);
        // From the wish to enter: two who come at once cannot enter at once, which is queueing too.
        let late = |i: usize| meso.trip(i).map_or(0.0, |t| t.arrive_s.unwrap_or(0.0) - t.depart_s) - free_s;
        let measured = (0..all.list.len()).map(late).sum::<f64>() / all.list.len() as f64;
        let webster = cycle * (1.0 - share).powi(2) / (2.0 * (1.0 - share * degree))
            + degree * degree / (2.0 * flow * (1.0 - degree))
            - 0.65 * (cycle / flow.powi(2)).cbrt() * degree.powf(2.0 + 5.0 * share);
        assert!((measured / webster - 1.0).abs() < 0.05, "degree {degree}: {measured} s, Webster {webster} s");
    }
}

/// When a full link's head starts, the room it leaves comes to the link's start at the speed of the wave in a standing queue:
/// a space per wave time (Newell). The queue's end moves up by one space per vehicle.
#[test]
fn spillback_travels_at_the_wave_speed() {
    let driving = Driving::of(&cars());
    let expected = f64::from(driving.space_m / driving.wave_s);
    for length_m in [140.0, 280.0, 700.0] {
        let red_s: i64 = 900;
        let links = [(1500.0, 13.89), (length_m, 13.89), (500.0, 13.89)];
        let graph = chain(&links, Some(1), lights(3000.0, red_s as f64, red_s));
        let all = journeys(&[0, 1, 2], (0..200).map(|k| f64::from(k) * 2.5));
        let mut meso = Meso::new(&graph, &all, 1, 0.0);
        meso.run_until(red_s as f64);
        let held = meso.on_link(1);
        assert!((f64::from(held) - f64::from(length_m / driving.space_m)).abs() <= 1.0, "{held} on {length_m} m");
        let (mut left_at, mut entered_at) = (None, None);
        let entered = meso.link_counts(0)[1].entered;
        for tenth in 0..4000 {
            let t = red_s as f64 + f64::from(tenth) * 0.1;
            meso.run_until(t);
            left_at = left_at.or((meso.link_counts(0)[1].left > 0).then_some(t));
            entered_at = entered_at.or((meso.link_counts(0)[1].entered > entered).then_some(t));
        }
        let took = entered_at.expect("room comes") - left_at.expect("green");
        let speed = f64::from(length_m) / took;
        assert!((speed / expected - 1.0).abs() < 0.05, "{length_m} m: {speed} m/s, {expected} expected");
    }
}

/// Streets both ways between the nodes of a square, no signals, all turns but back; journeys along random walks.
fn town(side: u32, length_m: f32, n: u32, per_s: f64, seed: u64) -> (LaneGraph, Journeys) {
    let mut graph = LaneGraph::default();
    graph.nodes = side * side;
    graph.programs = vec![lights(30.0, 30.0, 0)];
    for (x, y) in (0..side).flat_map(|y| (0..side).map(move |x| (x, y))) {
        for (dx, dy) in [(1_i64, 0_i64), (-1, 0), (0, 1), (0, -1)] {
            let (to_x, to_y) = (i64::from(x) + dx, i64::from(y) + dy);
            if (0..i64::from(side)).contains(&to_x) && (0..i64::from(side)).contains(&to_y) {
                add_link(&mut graph, y * side + x, to_y as u32 * side + to_x as u32, length_m, 13.89);
            }
        }
    }
    let ends: Vec<(u32, u32)> = graph.links.iter().map(|l| (l.from, l.to)).collect();
    for (from, a) in (0..).zip(&ends) {
        for (to, b) in (0..).zip(&ends) {
            if a.1 == b.0 && a.0 != b.1 {
                add_move(&mut graph, from, to, 8.0, NONE);
            }
        }
    }
    let mut state = seed;
    let mut all = Journeys { types: vec![VehicleType::default()], ..Journeys::default() };
    for k in 0..n {
        let first = all.links.len() as u32;
        let mut link = (random(&mut state) * ends.len() as f64) as u32;
        for _ in 0..4 + (random(&mut state) * 12.0) as u32 {
            all.links.push(link);
            let on = graph.moves_of(graph.links[link as usize].lane0);
            link = graph.moves[(on.start + (random(&mut state) * on.len() as f64) as u32) as usize].to_link;
        }
        all.list.push(Journey {
            kind: 0,
            depart_s: f64::from(k) / per_s,
            route: (first, all.links.len() as u32),
            stops: (0, 0),
            depart: Departure::default(),
            arrival_m: f32::INFINITY,
        });
    }
    (graph, all)
}

/// Short streets and far more cars than they hold: circles of waiting lanes form, are untied and counted, and nobody is lost.
#[test]
fn a_town_that_jams_keeps_count_unties_itself_and_repeats_itself() {
    let (graph, all) = town(4, 40.0, 3000, 3.0, 5);
    let run = |seed| {
        let mut meso = Meso::new(&graph, &all, seed, 0.0);
        for minute in 1..2000 {
            meso.run_until(60.0 * f64::from(minute));
            let c = meso.counts();
            assert_eq!((c.loaded, c.inserted), (c.arrived + c.running + c.waiting, c.arrived + c.running), "{c:?}");
        }
        meso
    };
    let meso = run(1);
    let counts = meso.counts();
    assert_eq!((counts.loaded, counts.arrived, counts.refused), (3000, 3000, 0), "{counts:?}");
    assert!(counts.forced > 0, "{counts:?}: 3000 cars in 48 streets of 40 m");
    assert_eq!(meso.forced_moves().count() as u64, counts.forced);
    assert!(meso.forced_moves().all(|f| f.node < graph.nodes));
    assert_eq!(run(1).state_hash(), meso.state_hash());
    assert_ne!(run(2).state_hash(), meso.state_hash());
    // However the time is cut.
    let mut at_once = Meso::new(&graph, &all, 1, 0.0);
    at_once.run_until(60.0 * 1999.0);
    assert_eq!(at_once.state_hash(), meso.state_hash());
}

#[test]
fn what_cannot_be_driven_is_refused() {
    let graph = chain(&[(100.0, 13.89), (100.0, 13.89), (100.0, 13.89)], None, lights(60.0, 0.0, 0));
    for route in [vec![0, 2], vec![1, 0], vec![], vec![0, 77]] {
        let mut meso = Meso::new(&graph, &journeys(&route, std::iter::once(0.0)), 1, 0.0);
        meso.run_until(100.0);
        assert_eq!(meso.counts(), Counts { refused: 1, ..Counts::default() }, "{route:?}");
    }
}
