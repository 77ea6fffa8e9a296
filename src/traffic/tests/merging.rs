//! Changes of lane just before a junction where two ways lead into one lane.

mod laws;
mod town;

use std::sync::Arc;

use citytwin_traffic::{
    journeys::{DepartLane, DepartSpeed, Departure, Journey, Journeys, VehicleType},
    lane_graph::LaneGraph,
    micro::Micro,
};
use laws::lawful;
use town::{ONE_WAY, Street, Town};

const STEP_S: f32 = 0.5;

/// Links: from the west two lanes, from the north one, both into two lanes to the east; from there one to the north, for which
/// one keeps left, and one on.
fn junction() -> LaneGraph {
    let mut town = Town::right();
    let at = [(-150.0, 0.0), (0.0, 150.0), (0.0, 0.0), (150.0, 0.0), (150.0, 150.0), (300.0, 0.0)];
    let [west, north, middle, east, beyond, far] = at.map(|(x, y)| town.node(x, y));
    let wide = Street { lanes: 2, ..ONE_WAY };
    for (from, to, street) in [
        (west, middle, wide),
        (north, middle, ONE_WAY),
        (middle, east, wide),
        (east, beyond, ONE_WAY),
        (east, far, ONE_WAY),
    ] {
        town.street(from, to, street);
    }
    LaneGraph::of_network(&town.network())
}

/// One from the north, and so much later one on the kerb lane from the west, at 50 km/h so far before the junction, who needs the other.
fn two(graph: &LaneGraph, later_s: f64, before_m: f32) -> Journeys {
    let lorry = VehicleType { length_m: 10.0, speed_factor: [1.0, 0.0, 1.0, 1.0], ..VehicleType::default() };
    let journey = |depart_s, first, depart| Journey {
        kind: 0,
        depart_s,
        route: (first, first + 3),
        stops: (0, 0),
        depart,
        arrival_m: f32::INFINITY,
    };
    let at_m = Some(graph.links[0].length_m - before_m);
    let kerb = Departure { lane: DepartLane::Index(0), at_m, speed: DepartSpeed::At(13.8) };
    let list = vec![journey(0.0, 0, Departure::default()), journey(later_s, 3, kerb)];
    Journeys { types: vec![lorry], list, links: vec![1, 2, 4, 0, 2, 3], stops: Vec::new() }
}

/// Whoever would change lanes at speed just before a junction, while another is on its way into the lane where that leads, stays
/// where it is or can stop behind.
#[test]
fn nobody_changes_into_a_lane_whose_way_is_taken_just_ahead() {
    let graph = Arc::new(junction());
    for quarter in 0..80 {
        for before_m in [8.0, 9.0, 10.0, 12.0, 15.0] {
            let journeys = Arc::new(two(&graph, 5.0 + 0.25 * f64::from(quarter), before_m));
            let mut micro = Micro::new(graph.clone(), journeys.clone(), 1, 0.0, f64::from(STEP_S));
            let mut before = Vec::new();
            while !micro.is_over() {
                micro.step();
                lawful(&micro, &mut before, &journeys.types, &journeys, STEP_S);
                assert!(micro.now_s() < 1000.0, "{:?}", micro.counts());
            }
        }
    }
}
