//! The microscopic view against closed forms, and its laws: nobody drives through anybody, nobody is lost, any number of
//! threads gives the same bytes.

mod laws;
mod town;

use std::{collections::BTreeMap, sync::Arc};

use citytwin_traffic::{
    journeys::{DepartSpeed, Departure, Journey, Journeys, VehicleType},
    lane_graph::{Lane, LaneGraph, LaneLink, Move, NONE, RightOfWay, Users},
    micro::{LoadError, Micro},
    sumo,
};
use laws::{fleet, lawful, random_journeys, random_town};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Links in a row, one lane each.
fn row(lengths_m: &[f32], limit_mps: f32) -> LaneGraph {
    let mut graph = LaneGraph::default();
    graph.nodes = lengths_m.len() as u32 + 1;
    let last = lengths_m.len() as u32 - 1;
    for (i, length_m) in (0..).zip(lengths_m) {
        graph.links.push(LaneLink { lane0: i, lanes: 1, from: i, to: i + 1, length_m: *length_m, roundabout: false });
        graph.lanes.push(Lane {
            link: i,
            index: 0,
            length_m: *length_m,
            limit_mps,
            users: Users::ALL,
            move0: i,
            moves: u8::from(i < last),
        });
        if i < last {
            graph.moves.push(Move {
                from: i,
                to: i + 1,
                from_link: i,
                to_link: i + 1,
                node: i + 1,
                length_m: 0.5,
                limit_mps,
                kind: citytwin_traffic::TurnKind::Straight,
                right: RightOfWay::Major,
                wait_at_m: 0.0,
                program: NONE,
                stream: NONE,
                spare: false,
            });
        }
    }
    graph.without_conflicts()
}

/// One journey over all links every `every_s` seconds.
fn stream(graph: &LaneGraph, kinds: Vec<VehicleType>, departs: &[(f64, u32)]) -> Journeys {
    let count = graph.links.len() as u32;
    let depart = Departure { speed: DepartSpeed::Max, ..Departure::default() };
    let journey = |(depart_s, kind): &(f64, u32)| Journey {
        kind: *kind,
        depart_s: *depart_s,
        route: (0, count),
        stops: (0, 0),
        depart,
        arrival_m: f32::INFINITY,
    };
    Journeys {
        types: kinds,
        list: departs.iter().map(journey).collect(),
        links: (0..count).collect(),
        stops: Vec::new(),
    }
}

fn run_until(micro: &mut Micro, end_s: f64) {
    while micro.now_s() < end_s {
        micro.step();
    }
}

/// Behind a slow leader cars settle at s = (s₀ + v·T)/√(1 − (v/v₀)⁴) (Treiber, Hennecke and Helbing 2000, eq. 5), within 1 %.
#[test]
fn idm_settles_at_its_equilibrium_gap() {
    let even = VehicleType { speed_factor: [1.0, 0.0, 1.0, 1.0], ..VehicleType::default() };
    let slow = VehicleType { max_speed_mps: 10.0, length_m: 12.0, ..even.clone() };
    let graph = Arc::new(row(&[9000.0, 100.0], 20.0));
    let departs: Vec<(f64, u32)> = (0..6).map(|i| (4.0 * f64::from(i), u32::from(i > 0))).collect();
    let journeys = Arc::new(stream(&graph, vec![slow, even.clone()], &departs));
    let mut micro = Micro::new(graph, journeys, 1, 0.0, 0.5);
    run_until(&mut micro, 600.0);
    let cars: Vec<_> = micro.vehicles().collect();
    assert_eq!(cars.len(), 6);
    let (v, v0) = (10.0_f32, 20.0_f32);
    let expected = (even.min_gap_m + v * even.headway_s) / (1.0 - (v / v0).powi(4)).sqrt();
    for pair in cars.windows(2) {
        let gap = pair[0].pos_m - pair[0].length_m - pair[1].pos_m;
        assert!((gap / expected - 1.0).abs() < 0.01, "{gap} against {expected}");
        assert!((pair[1].speed_mps - v).abs() < 0.02, "{}", pair[1].speed_mps);
    }
}

/// Random towns and demands, every law checked at every step.
#[test]
fn nobody_drives_through_anybody_and_nobody_is_lost() {
    let mut updates = 0;
    for seed in 0..60 {
        let mut rng = Pcg64::seed_from_u64(seed);
        let graph = Arc::new(LaneGraph::of_network(&random_town(&mut rng)));
        let kinds = fleet();
        let journeys = Arc::new(random_journeys(&graph, &kinds, &mut rng, 400, 1200.0));
        let dt = if rng.next_u64() % 2 == 0 { 0.5 } else { 1.0 };
        let mut micro = Micro::new(graph, journeys.clone(), seed, 0.0, f64::from(dt));
        let mut before = Vec::new();
        while micro.now_s() < 20000.0 && !micro.is_over() {
            micro.step();
            lawful(&micro, &mut before, &kinds, &journeys, dt);
        }
        updates += micro.counts().updates;
        let counts = micro.counts();
        let mut holds = BTreeMap::new();
        micro.standing(5.0).iter().for_each(|s| *holds.entry((s.3, s.1)).or_insert(0) += 1);
        assert!(micro.is_over(), "town {seed}: {counts:?}, {holds:?}");
    }
    println!("{updates} vehicle updates");
    assert!(updates > 10_000_000, "{updates}");
}

/// A random town to its end, with journeys so many in so many seconds.
fn town_of(seed: u64, demand: impl Fn(&LaneGraph, &mut Pcg64) -> (u32, f64)) -> Micro {
    let mut rng = Pcg64::seed_from_u64(seed);
    let graph = Arc::new(LaneGraph::of_network(&random_town(&mut rng)));
    let (count, over_s) = demand(&graph, &mut rng);
    let journeys = Arc::new(random_journeys(&graph, &fleet(), &mut rng, count, over_s));
    let dt = if rng.random_bool(0.5) { 0.5 } else { 1.0 };
    let mut micro = Micro::new(graph, journeys, seed, 0.0, dt);
    while micro.now_s() < 4000.0 && !micro.is_over() {
        micro.step();
    }
    assert!(micro.is_over(), "town {seed}: {:?}", micro.counts());
    micro
}

/// Towns with 20 trips an hour for each lane (about 150 vehicles an hour on it) need no moves that no rule allows: at most 0.1 %
/// of trips. SUMO 1.28 begins to teleport at 20 to 25 in such towns with the IDM's drivers, at 40 with Krauss's.
#[test]
fn towns_that_are_not_overloaded_have_no_forced_moves() {
    const OVER_S: f64 = 1500.0;
    let (mut forced, mut trips) = (0, 0);
    for seed in 0..30 {
        let an_hour = |graph: &LaneGraph| 20.0 * graph.lanes.len() as f64;
        let micro = town_of(seed, |graph, _| ((an_hour(graph) * OVER_S / 3600.0) as u32, OVER_S));
        (forced, trips) = (forced + micro.counts().forced, trips + micro.counts().arrived);
    }
    assert!(forced as f64 <= 1e-3 * trips as f64, "{forced} of {trips}");
}

/// Precedence without signs or signals can go round in a circle: in this town three stood inside a junction, each giving way to
/// the next.
#[test]
fn three_who_give_way_in_a_circle_sort_it_out() {
    let micro = town_of(1070, |_, rng| (rng.random_range(100..1000), rng.random_range(300.0..2400.0)));
    assert_eq!(micro.counts().forced, 0, "{:?}", micro.counts());
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let hash = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut rng = Pcg64::seed_from_u64(7);
            let graph = Arc::new(LaneGraph::of_network(&random_town(&mut rng)));
            let journeys = Arc::new(random_journeys(&graph, &fleet(), &mut rng, 400, 300.0));
            let mut micro = Micro::new(graph, journeys, 7, 0.0, 0.5);
            run_until(&mut micro, 400.0);
            micro.state_hash()
        })
    };
    assert_eq!(hash(1), hash(2));
    assert_eq!(hash(1), hash(3));
}

/// The same laws on a real network with buses, bus lanes, stops, waiting points inside junctions and lanes of half a metre.
#[test]
fn the_laws_hold_in_bologna() {
    let folder =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/traffic/sumo/bologna_acosta");
    if !folder.is_dir() {
        return println!("skipped: {} is absent", folder.display());
    }
    let scenario =
        sumo::read_scenario("run.sumocfg", &mut |name| std::fs::read(folder.join(name))).expect("it is sound");
    let graph = Arc::new(LaneGraph::of_sumo(&scenario.net));
    let journeys = Arc::new(scenario.journeys(&graph).journeys);
    let mut micro = Micro::new(graph, journeys.clone(), 5, scenario.begin_s, scenario.step_s);
    let mut before = Vec::new();
    while micro.now_s() < 1500.0 {
        micro.step();
        lawful(&micro, &mut before, &journeys.types, &journeys, scenario.step_s as f32);
    }
    assert!(micro.counts().arrived > 2000, "{:?}", micro.counts());
}

/// A run saved in the middle goes on to the same bytes; a damaged or foreign one is refused.
#[test]
fn a_saved_run_goes_on_as_if_nothing_had_happened() {
    let mut rng = Pcg64::seed_from_u64(11);
    let graph = Arc::new(LaneGraph::of_network(&random_town(&mut rng)));
    let journeys = Arc::new(random_journeys(&graph, &fleet(), &mut rng, 400, 300.0));
    let mut micro = Micro::new(graph.clone(), journeys.clone(), 7, 0.0, 0.5);
    run_until(&mut micro, 150.0);
    let bytes = micro.save();
    let mut loaded = Micro::load(graph.clone(), journeys.clone(), &bytes).expect("sound");
    assert_eq!((loaded.state_hash(), loaded.counts()), (micro.state_hash(), micro.counts()));
    assert_eq!(loaded.save(), bytes);
    run_until(&mut micro, 900.0);
    run_until(&mut loaded, 900.0);
    assert_eq!((loaded.state_hash(), loaded.counts()), (micro.state_hash(), micro.counts()));
    assert_eq!(loaded.save(), micro.save());
    for _ in 0..200 {
        let mut damaged = bytes.clone();
        if rng.random_bool(0.5) {
            damaged.truncate(rng.random_range(0..bytes.len()));
        } else {
            let at = rng.random_range(0..bytes.len());
            damaged[at] ^= 1 << rng.random_range(0..8);
        }
        assert!(Micro::load(graph.clone(), journeys.clone(), &damaged).is_err());
    }
    let other = Arc::new(LaneGraph::of_network(&random_town(&mut rng)));
    assert_eq!(Micro::load(other, journeys, &bytes).err(), Some(LoadError::Graph));
    let fewer = Arc::new(random_journeys(&graph, &fleet(), &mut rng, 399, 300.0));
    assert_eq!(Micro::load(graph, fewer, &bytes).err(), Some(LoadError::Journeys));
}
