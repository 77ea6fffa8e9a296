//! The mesoscopic view live: vehicles that come while it runs, closures, places, memory.

mod lanes;
mod town;

use std::{collections::BTreeMap, sync::Arc};

use citytwin_model::DrivingSide;
use citytwin_traffic::{
    journeys::{Departure, VehicleType},
    lane_graph::LaneGraph,
    meso::live::{Live, NewJourney, Track},
};
use lanes::random;

fn town_graph() -> Arc<LaneGraph> {
    Arc::new(LaneGraph::of_network(&town::grid(12, DrivingSide::Right).network()))
}

fn live(graph: &Arc<LaneGraph>) -> Live {
    Live::new(Arc::clone(graph), vec![VehicleType::default()], 1, 8.0 * 3600.0)
}

/// A random journey by the fastest way now.
fn send(live: &mut Live, links: usize, state: &mut u64) -> Option<u32> {
    let [from, to] = [(); 2].map(|()| (random(state) * links as f64) as u32);
    let route = live.route(0, from, to)?;
    let depart = Departure { at_m: Some(30.0), ..Departure::default() };
    live.depart(&NewJourney { kind: 0, route: &route, depart, arrival_m: 50.0 })
}

/// One vehicle's way, from place to place: it comes in at 30 m, never goes back, leaves at 50 m of its last link.
#[test]
fn a_lone_vehicle_is_seen_along_its_way() {
    let graph = town_graph();
    let mut live = live(&graph);
    let route = live.route(0, 3, 200).expect("a way");
    let depart = Departure { at_m: Some(30.0), ..Departure::default() };
    let vehicle = live.depart(&NewJourney { kind: 0, route: &route, depart, arrival_m: 50.0 });
    let (mut seen, mut last) = (Vec::new(), (0, 0.0));
    while live.take_arrived().is_empty() {
        live.run_until(live.now_s() + 1.0);
        let Some(place) = live.vehicles().next() else { continue };
        assert_eq!((Some(place.vehicle), live.vehicles().count()), (vehicle, 1));
        let at = route.iter().position(|l| *l == place.link).expect("on its way");
        if let Track::Lane(lane) = place.track {
            let lane = &graph.lanes[lane as usize];
            assert_eq!(lane.link, place.link);
            assert!(at > last.0 || place.pos_m >= last.1, "{last:?} {place:?}");
            assert!(
                (0.0..=lane.length_m).contains(&place.pos_m) && place.speed_mps <= 1.3 * lane.limit_mps,
                "{place:?}"
            );
            last = (at, place.pos_m);
            seen.push(place.link);
        }
        assert!(live.now_s() < 9.0 * 3600.0);
    }
    seen.dedup();
    assert!(seen.len() + 2 >= route.len(), "{seen:?} of {route:?}");
    assert!(last.0 == route.len() - 1 && last.1 <= 50.0, "{last:?}");
}

/// A busy hour with streets that close and open: vehicles are conserved, nobody overlaps on a lane, nobody comes onto a closed link,
/// and what is held follows how many are under way.
#[test]
fn a_busy_town_lives_through_closures() {
    let graph = town_graph();
    let links = graph.links.len();
    let run = || {
        let mut live = live(&graph);
        let (mut state, mut closed) = (9, vec![false; links]);
        let (mut begun, mut ended, mut most) = (0_u64, 0_u64, 0);
        for second in 0..5400 {
            for _ in 0..(if second < 3600 { 3 } else { 0 }) {
                begun += u64::from(send(&mut live, links, &mut state).is_some());
            }
            if second % 300 == 299 {
                closed = vec![false; links];
                if second < 3000 {
                    (0..20).for_each(|_| closed[(random(&mut state) * links as f64) as usize] = true);
                }
                live.set_closed(&closed);
            }
            let before: Vec<u32> = (0..links as u32).map(|l| live.link(l).vehicles).collect();
            live.run_until(live.now_s() + 1.0);
            ended += live.take_arrived().len() as u64;
            let c = live.counts();
            assert_eq!((c.loaded, c.inserted), (c.arrived + c.running + c.waiting, c.arrived + c.running), "{c:?}");
            assert_eq!(begun, ended + c.running + c.waiting, "{c:?}");
            most = most.max(c.running + c.waiting);
            for link in (0..links).filter(|l| closed[*l] && second % 300 > 30) {
                assert!(live.link(link as u32).vehicles <= before[link], "somebody came onto closed link {link}");
            }
            if second % 60 == 0 {
                check_places(&live, &graph);
            }
        }
        let c = live.counts();
        assert_eq!((c.running, c.waiting), (0, 0), "{c:?}");
        let numbers = live.take_arrived().len() as u64 + most;
        let last = send(&mut live, links, &mut state).map_or(0, u64::from);
        assert!(last <= numbers + 100, "vehicle {last} where {most} were under way at most");
        (live.state_hash(), begun, c)
    };
    let (hash, begun, counts) = run();
    assert!(begun > 9000 && counts.arrived > 8900, "{begun} {counts:?}");
    assert_eq!(run(), (hash, begun, counts));
}

/// On each lane fronts and rears follow each other from the stop line back.
fn check_places(live: &Live, graph: &LaneGraph) {
    let mut rear = BTreeMap::new();
    let mut count = 0;
    for place in live.vehicles() {
        count += 1;
        assert!(place.pos_m.is_finite() && place.pos_m >= 0.0 && place.speed_mps >= 0.0, "{place:?}");
        if let Track::Lane(lane) = place.track {
            assert!(place.pos_m <= graph.lanes[lane as usize].length_m + 0.01, "{place:?}");
            let ahead_m = rear.insert(lane, place.pos_m - VehicleType::default().length_m).unwrap_or(f32::INFINITY);
            assert!(
                place.pos_m <= ahead_m + 0.01 || place.pos_m == 0.0,
                "{place:?} where the one ahead ends at {ahead_m} m"
            );
        }
    }
    assert_eq!(count, live.counts().running);
}

/// Behind a shut road vehicles turn back; those without a way left end their journeys where it begins; those who would begin on it are
/// refused, and counted.
#[test]
fn closures_divert_cut_short_and_refuse() {
    let graph =
        Arc::new(lanes::chain(&[(500.0, 13.9), (500.0, 13.9), (500.0, 13.9)], None, lanes::lights(60.0, 0.0, 0)));
    let mut live = Live::new(Arc::clone(&graph), vec![lanes::cars()], 1, 0.0);
    let go = |live: &mut Live, route: &[u32]| {
        live.depart(&NewJourney { kind: 0, route, depart: Departure::default(), arrival_m: f32::INFINITY })
    };
    let first = go(&mut live, &[0, 1, 2]).expect("open");
    live.run_until(10.0);
    live.set_closed(&[false, false, true]);
    assert_eq!(
        (go(&mut live, &[0, 1, 2]), go(&mut live, &[]), go(&mut live, &[0, 2]), go(&mut live, &[7])),
        (None, None, None, None)
    );
    live.run_until(200.0);
    let arrived = live.take_arrived();
    assert_eq!((arrived.len(), arrived[0].vehicle, arrived[0].cut_short), (1, first, true));
    assert_eq!((live.counts().refused, live.link(2).vehicles), (4, 0));
    live.set_closed(&[]);
    for _ in 0..200 {
        go(&mut live, &[0, 1, 2]).expect("open again");
    }
    live.run_until(210.0);
    let waiting = live.counts().waiting;
    assert!(waiting > 100, "{waiting}");
    live.set_closed(&[true, false, false]);
    assert_eq!((live.counts().waiting, live.counts().refused), (0, 4 + waiting));
    assert_eq!(live.take_arrived().iter().filter(|a| a.enter_s.is_none()).count() as u64, waiting);
    live.run_until(1000.0);
    let c = live.counts();
    assert_eq!((c.running, c.arrived), (0, c.loaded), "{c:?}");
}
