//! What a run of the microscopic view must never do, and random towns and demands to see it in.

#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use citytwin_traffic::{
    Network,
    journeys::{CarFollowing, Departure, Journey, Journeys, VehicleType},
    lane_graph::LaneGraph,
    micro::{Micro, MicroView},
};
use rand::RngExt;
use rand_pcg::Pcg64;

use super::town::{ONE_WAY, Street, Town};

/// Vehicles on the road by number.
pub type Seen = Vec<Option<MicroView>>;

/// Checks a step; `before`: what was seen after the one before.
pub fn lawful(micro: &Micro, before: &mut Seen, kinds: &[VehicleType], journeys: &Journeys, dt: f32) {
    let counts = micro.counts();
    assert_eq!(counts.loaded, counts.arrived + counts.running + counts.waiting);
    assert_eq!(counts.inserted, counts.arrived + counts.running);
    before.resize(journeys.list.len(), None);
    let (mut now, mut running): (Seen, _) = (vec![None; before.len()], 0);
    let mut ahead: Option<MicroView> = None;
    for car in micro.vehicles() {
        assert!(car.speed_mps >= 0.0 && car.pos_m.is_finite(), "{car:?}");
        if let Some(leader) = ahead.filter(|l| l.on == car.on) {
            let gap = leader.pos_m - leader.length_m - car.pos_m;
            let was = [car, leader].map(|c| &before[c.vehicle as usize]);
            assert!(gap >= -1e-3, "at {} s: {car:?} is {gap} m from {leader:?}; before: {was:?}", micro.now_s());
        }
        let kind = &kinds[journeys.list[car.vehicle as usize].kind as usize];
        if let Some(was) = &before[car.vehicle as usize] {
            let change = (car.speed_mps - was.speed_mps) / dt;
            let limits = -(kind.emergency_mps2 + 1e-3)..=kind.accel_mps2 + 1e-3;
            assert!(limits.contains(&change), "at {} s: {car:?} changes by {change} m/s²", micro.now_s());
        }
        assert!(now[car.vehicle as usize].replace(car).is_none(), "{car:?} is in two places");
        running += 1;
        ahead = Some(car);
    }
    assert_eq!(running + counts.lifted, counts.running);
    *before = now;
}

/// A random town: a grid of streets of one or two lanes, some one-way, signals where they are.
pub fn random_town(rng: &mut Pcg64) -> Arc<Network> {
    let mut town = Town::right();
    let size = rng.random_range(3..6_i32);
    let nodes: Vec<_> = (0..size * size)
        .map(|i| town.node(f64::from(i % size) * 140.0 + rng.random_range(0.0..40.0), f64::from(i / size) * 140.0))
        .collect();
    for i in 0..size * size {
        for (inside, next) in [(i % size + 1 < size, i + 1), (i / size + 1 < size, i + size)] {
            if inside {
                let street = if rng.random_bool(0.15) { ONE_WAY } else { Street::default() };
                town.street(
                    nodes[i as usize],
                    nodes[next as usize],
                    Street { lanes: rng.random_range(1..3), ..street },
                );
            }
        }
    }
    town.network()
}

/// Journeys along random walks.
pub fn random_journeys(graph: &LaneGraph, kinds: &[VehicleType], rng: &mut Pcg64, count: u32, over_s: f64) -> Journeys {
    let mut journeys = Journeys { types: kinds.to_vec(), ..Journeys::default() };
    for i in 0..count {
        let kind = rng.random_range(0..kinds.len() as u32);
        let users = kinds[kind as usize].users;
        let open = |l: &u32| graph.lanes_of(*l).any(|lane| graph.lanes[lane as usize].users.admit(users));
        let links: Vec<u32> = (0..graph.links.len() as u32).filter(open).collect();
        let mut link = links[rng.random_range(0..links.len())];
        let first = journeys.links.len() as u32;
        journeys.links.push(link);
        for _ in 0..rng.random_range(3..12) {
            let next: Vec<u32> = links.iter().copied().filter(|next| graph.joined(link, *next, users)).collect();
            if next.is_empty() {
                break;
            }
            link = next[rng.random_range(0..next.len())];
            journeys.links.push(link);
        }
        journeys.list.push(Journey {
            kind,
            depart_s: (f64::from(i) * over_s / f64::from(count)).floor(),
            route: (first, journeys.links.len() as u32),
            stops: (0, 0),
            depart: Departure::default(),
            arrival_m: f32::INFINITY,
        });
    }
    journeys
}

pub fn fleet() -> Vec<VehicleType> {
    let car = VehicleType::default();
    let lorry = VehicleType { length_m: 10.0, accel_mps2: 1.0, max_speed_mps: 22.0, ..car.clone() };
    let krauss = VehicleType {
        model: CarFollowing::Krauss,
        accel_mps2: 2.6,
        decel_mps2: 4.5,
        headway_s: 1.0,
        imperfection: 0.5,
        ..car.clone()
    };
    vec![car, lorry, krauss]
}
