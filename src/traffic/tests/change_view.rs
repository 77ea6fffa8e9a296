//! The live city changes between driving vehicle by vehicle and in queues: nobody is lost, the account holds, and both tell
//! about the same.

mod town;

use std::collections::BTreeMap;

use citytwin_model::DrivingSide;
use citytwin_traffic::{Demand, Simulation, TrafficView};
use town::{Town, grid, morning, run};

fn busy(town: &Town, seed: u64, factor: f64) -> Simulation {
    let network = town.network();
    let demand = Demand::estimate(&town.city, &network);
    let mut sim = Simulation::new(network, demand.into(), morning(), seed);
    sim.set_demand_factor(factor);
    sim
}

fn check_account(sim: &Simulation) {
    let tally = sim.tally();
    let refused: u64 = tally.refused.values().sum();
    assert_eq!(tally.demanded, tally.arrived + tally.under_way + refused, "{tally:?}");
    assert_eq!(tally.under_way, (sim.driving() + sim.waiting()) as u64);
}

fn places(sim: &Simulation) -> BTreeMap<u32, (f32, f32)> {
    let mut poses = Vec::new();
    sim.poses(1.0, &mut poses);
    poses.iter().map(|p| (p.id, (p.x, p.y))).collect()
}

#[test]
fn everybody_keeps_place_and_way() {
    let town = grid(13, DrivingSide::Right);
    let mut sim = busy(&town, 3, 12.0);
    run(&mut sim, 900.0);
    for view in [TrafficView::Meso, TrafficView::Micro, TrafficView::Meso] {
        let (before, under_way) = (places(&sim), sim.tally().under_way);
        let goals: BTreeMap<u32, _> = before.keys().map(|id| (*id, sim.trip(*id).expect("drives").to)).collect();
        sim.set_view(view);
        check_account(&sim);
        assert_eq!(sim.tally().under_way, under_way);
        let after = places(&sim);
        let stayed = after.iter().filter(|(id, _)| before.contains_key(id)).count();
        assert!(stayed * 100 >= before.len() * 90, "{stayed} of {} stay on the road", before.len());
        let far = after.iter().filter_map(|(id, at)| {
            let was = before.get(id)?;
            Some((at.0 - was.0).hypot(at.1 - was.1))
        });
        let far: Vec<f32> = far.filter(|m| *m > 40.0).collect();
        assert!(far.len() * 50 < after.len(), "{} of {} are elsewhere", far.len(), after.len());
        for id in after.keys().filter(|id| goals.contains_key(id)) {
            assert_eq!(sim.trip(*id).expect("drives").to, goals[id]);
        }
        run(&mut sim, 300.0);
        check_account(&sim);
    }
    sim.set_demand_factor(0.0);
    run(&mut sim, 2400.0);
    assert_eq!(sim.tally().under_way, 0);
}

#[test]
fn the_account_holds_through_closures_and_changes() {
    let town = grid(9, DrivingSide::Right);
    let mut sim = busy(&town, 5, 5.0);
    for round in 0..8 {
        let closed: Vec<_> = town.city.roads.iter().map(|r| r.id).filter(|r| r.0 % 11 == round).collect();
        sim.set_view(if round % 3 == 0 { TrafficView::Micro } else { TrafficView::Meso });
        sim.set_closed(&closed);
        check_account(&sim);
        run(&mut sim, 150.0);
        check_account(&sim);
        for vehicle in sim.vehicles() {
            assert!(sim.trip(vehicle.id).is_some());
        }
    }
    assert!(sim.tally().arrived > 200);
}

#[test]
fn queues_give_the_same_bytes_on_one_and_two_threads() {
    let town = grid(13, DrivingSide::Right);
    let hash = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut sim = busy(&town, 9, 12.0);
            run(&mut sim, 300.0);
            sim.set_view(TrafficView::Meso);
            run(&mut sim, 300.0);
            sim.set_closed(&[town.city.roads[60].id]);
            run(&mut sim, 300.0);
            sim.set_view(TrafficView::Micro);
            run(&mut sim, 60.0);
            sim.state_hash()
        })
    };
    assert_eq!(hash(1), hash(2));
}

/// A morning's trips take about as long in queues as vehicle by vehicle.
#[test]
fn both_views_tell_about_the_same() {
    let town = grid(13, DrivingSide::Right);
    let morning = |view: TrafficView| {
        let mut sim = busy(&town, 2, 8.0);
        sim.set_view(view);
        run(&mut sim, 3600.0);
        let tally = sim.tally();
        let moving = sim.link_states().iter().filter(|s| s.flow_vph > 0.0);
        let flow: f32 = moving.map(|s| s.flow_vph).sum();
        (tally.mean_travel_time_s, tally.vehicle_km / tally.arrived as f64, flow)
    };
    let (micro, meso) = (morning(TrafficView::Micro), morning(TrafficView::Meso));
    let apart = |a: f64, b: f64| (a / b - 1.0).abs();
    assert!(apart(micro.0, meso.0) < 0.15, "{micro:?} {meso:?}: travel time");
    assert!(apart(micro.1, meso.1) < 0.03, "{micro:?} {meso:?}: trip length");
    assert!(apart(micro.2.into(), meso.2.into()) < 0.05, "{micro:?} {meso:?}: flows");
}

/// Truth from outside: compact electric cars take 0.10 to 0.25 kWh/km in towns, auxiliaries included (ADAC Ecotest, city parts).
#[test]
fn what_electric_cars_take_follows_how_traffic_drives() {
    let town = grid(13, DrivingSide::Right);
    let mut sim = busy(&town, 5, 1.0);
    assert_eq!(sim.car_kwh_per_km(), None, "nothing is said before anybody has driven");
    run(&mut sim, 3600.0);
    let driven = sim.car_kwh_per_km().expect("enough have driven");
    assert!((0.10..0.25).contains(&driven), "{driven}");
    sim.set_view(TrafficView::Meso);
    run(&mut sim, 600.0);
    assert_eq!(sim.car_kwh_per_km(), Some(driven), "queues have no speeds of their own");
}
