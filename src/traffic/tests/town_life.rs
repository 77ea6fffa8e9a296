//! A whole small town: the account, determinism over threads and seeds, flow without standstill, what is drawn.

mod town;

use citytwin_model::DrivingSide;
use citytwin_traffic::{Demand, Pose, SignalColour, Simulation};
use town::{Street, Town, grid, morning, run, send};

fn busy(town: &Town, seed: u64) -> Simulation {
    let network = town.network();
    let demand = Demand::estimate(&town.city, &network);
    Simulation::new(network, demand.into(), morning(), seed)
}

#[test]
fn the_account_holds_through_closures() {
    let town = grid(9, DrivingSide::Right);
    let mut sim = busy(&town, 5);
    sim.set_demand_factor(5.0);
    for round in 0..6 {
        let closed: Vec<_> = town.city.roads.iter().map(|r| r.id).filter(|r| r.0 % 11 == round).collect();
        sim.set_closed(&closed);
        run(&mut sim, 150.0);
        let tally = sim.tally();
        let refused: u64 = tally.refused.values().sum();
        assert_eq!(tally.demanded, tally.arrived + tally.under_way + refused, "{tally:?}");
    }
    assert!(sim.tally().arrived > 200);
}

#[test]
fn same_seed_same_bytes_on_one_and_two_threads() {
    let town = grid(13, DrivingSide::Right);
    let hash = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut sim = busy(&town, seed);
            sim.set_demand_factor(12.0);
            run(&mut sim, 600.0);
            sim.set_closed(&[town.city.roads[60].id]);
            run(&mut sim, 300.0);
            (sim.state_hash(), sim.driving())
        })
    };
    let (one, two, again, other) = (hash(1, 9), hash(2, 9), hash(2, 9), hash(2, 10));
    assert!(one.1 > 450, "{} driving: enough to share", one.1);
    assert_eq!(one, two);
    assert_eq!(two, again);
    assert_ne!(two.0, other.0);
}

/// The morning peak of a grid town moves, and empties once nobody departs any more.
#[test]
fn the_town_flows_and_empties() {
    let town = grid(13, DrivingSide::Right);
    let mut sim = busy(&town, 2);
    sim.set_demand_factor(4.0);
    run(&mut sim, 1800.0);
    let tally = sim.tally();
    let kmh = tally.mean_speed_mps * 3.6;
    assert!((15.0..45.0).contains(&kmh), "{kmh} km/h");
    sim.set_demand_factor(0.0);
    run(&mut sim, 1200.0);
    assert_eq!(sim.tally().under_way, 0, "{:?}", sim.tally().relief);
}

/// In a jam those who follow live travel times take other ways; without one nobody does.
#[test]
fn drivers_leave_a_jam_for_a_better_way() {
    let guided = |factor| {
        let mut sim = busy(&grid(13, DrivingSide::Right), 5);
        sim.set_demand_factor(factor);
        run(&mut sim, 2400.0);
        let tally = sim.tally();
        assert_eq!(tally.demanded, tally.arrived + tally.under_way + tally.refused.values().sum::<u64>());
        tally.guided
    };
    let (quiet, jam) = (guided(0.5), guided(30.0));
    assert!(quiet == 0 && jam > 20, "{quiet} on quiet roads, {jam} in a jam");
}

#[test]
fn left_hand_traffic_mirrors_right_hand() {
    for (side, sign) in [(DrivingSide::Right, -1.0_f32), (DrivingSide::Left, 1.0)] {
        let mut town = Town::new(side);
        let [a, b, c] = [0.0, 300.0, 600.0].map(|x| town.node(x, 0.0));
        let wide = Street { lanes: 2, ..Street::default() };
        let (east, west) = town.street(a, b, wide);
        town.street(b, c, wide);
        let network = town.network();
        // Eastbound: right of the centre line is south.
        for (lane, offset) in [(0, 4.5), (1, 1.5)] {
            let (_, y, _) = network.lane_point(east, lane, 100.0);
            assert!((y - sign * offset).abs() < 1e-3, "{side:?} lane {lane}: {y}");
            let (_, back, _) = network.lane_point(west.expect("two-way"), lane, 100.0);
            assert!((back + sign * offset).abs() < 1e-3, "{side:?} lane {lane}: {back}");
        }
    }
}

/// The mirrored town lives the mirrored life: same trips, and closely the same travel times. Not bit for bit: the
/// curb lane is another place in the tables.
#[test]
fn left_hand_town_is_as_quick() {
    let mean = |side| {
        let mut sim = busy(&grid(9, side), 4);
        run(&mut sim, 1800.0);
        sim.tally().mean_travel_time_s
    };
    let (right, left) = (mean(DrivingSide::Right), mean(DrivingSide::Left));
    assert!((right / left - 1.0).abs() < 0.15, "{right} s, {left} s");
}

/// Every pose is finite, near the lane of its vehicle, and between two steps nothing jumps farther than it drives.
#[test]
fn poses_follow_the_lanes_without_jumps() {
    let town = grid(9, DrivingSide::Right);
    let mut sim = busy(&town, 6);
    sim.set_demand_factor(9.0);
    run(&mut sim, 900.0);
    let (mut before, mut now): (Vec<Pose>, Vec<Pose>) = (Vec::new(), Vec::new());
    sim.poses(1.0, &mut before);
    let (mut seen, mut jumps) = (0, 0);
    for _ in 0..120 {
        sim.step();
        for alpha in [0.0, 0.25, 0.5, 0.75, 1.0] {
            sim.poses(alpha, &mut now);
            before.sort_by_key(|p| p.id);
            for pose in &now {
                assert!([pose.x, pose.y, pose.z, pose.heading_rad, pose.speed_mps].iter().all(|v| v.is_finite()));
                let Ok(i) = before.binary_search_by_key(&pose.id, |p| p.id) else { continue };
                let moved = (pose.x - before[i].x).hypot(pose.y - before[i].y);
                seen += 1;
                // A quarter of a step at 60 km/h is 2.1 m; curves are a little longer than the way through the node.
                if moved > 3.5 {
                    jumps += 1;
                }
            }
            before.clone_from(&now);
        }
    }
    assert!(seen > 30_000 && jumps == 0, "{jumps} of {seen}");
    let network = town.network();
    sim.poses(1.0, &mut now);
    for (vehicle, pose) in sim.vehicles().zip(&now) {
        assert_eq!(vehicle.id, pose.id);
        let middle = vehicle.pos_m - vehicle.length_m / 2.0;
        let length = town.city.links[vehicle.link.index()].length_m as f32;
        if middle > 18.0 && middle < length - 18.0 {
            let (x, y, heading) = network.lane_point(vehicle.link, vehicle.lane, middle);
            let off = (pose.x - x).hypot(pose.y - y);
            assert!(off < 3.2 && (pose.heading_rad - heading).cos() > 0.99, "{off} m off its lane: {vehicle:?}");
        }
    }
}

/// Opposing approaches show the same colour, crossing ones never green or amber together.
#[test]
fn crossing_approaches_are_never_green_together() {
    let mut town = Town::right();
    let middle = town.node(0.0, 0.0);
    for (x, y) in [(-200.0, 0.0), (200.0, 0.0), (0.0, -200.0), (0.0, 200.0)] {
        let end = town.node(x, y);
        town.street(end, middle, Street::default());
    }
    town.signals(middle);
    let mut sim = town.quiet();
    let mut greens = [0, 0];
    for _ in 0..400 {
        sim.step();
        let signals = sim.signals();
        assert_eq!(signals.len(), 4);
        let on_axis = |vertical: bool| {
            let mut colours =
                signals.iter().filter(|s| (s.heading_rad.sin().abs() > 0.7) == vertical).map(|s| s.colour);
            let first = colours.next().expect("two on each axis");
            assert_eq!(colours.next(), Some(first));
            first
        };
        let (a, b) = (on_axis(false), on_axis(true));
        assert!(a == SignalColour::Red || b == SignalColour::Red, "{a:?} {b:?}");
        greens[0] += usize::from(a == SignalColour::Green);
        greens[1] += usize::from(b == SignalColour::Green);
    }
    assert!(greens.iter().all(|g| *g > 80), "{greens:?}");
}

#[test]
fn a_trip_can_be_looked_up_and_measured() {
    let mut town = Town::right();
    let [a, b, c] = [0.0, 500.0, 1000.0].map(|x| town.node(x, 0.0));
    let (first, _) = town.street(a, b, Street::default());
    let (second, _) = town.street(b, c, Street::default());
    let mut sim = town.quiet();
    let vehicle = send(&mut sim, first, second).expect("open");
    run(&mut sim, 20.0);
    let trip = sim.trip(vehicle).expect("on the road");
    assert_eq!((trip.from, trip.to, trip.link), (first, second, first));
    assert!(trip.remaining_m > 500.0 && trip.speed_mps > 5.0, "{trip:?}");
    let state = sim.link_states()[first.index()];
    assert_eq!((state.vehicles, state.passed), (1, 0));
    run(&mut sim, 3600.0);
    assert_eq!(sim.trip(vehicle), None);
    assert_eq!(sim.link_states()[first.index()].passed, 1);
    assert_eq!(sim.link_flows()[0].vehicles[second.index()], 1);
    assert_eq!(sim.tally().hourly.len(), 1);
    assert_eq!(sim.tally().hourly[0].arrived, 1);
}

/// Estimates of a grid town: people from streets, car trips no more than the German survey has, the profile sums to the
/// day.
#[test]
fn demand_follows_the_tables() {
    let town = grid(9, DrivingSide::Right);
    let network = town.network();
    let demand = Demand::estimate(&town.city, &network);
    assert!(demand.residents() > 1000.0);
    let per_person = demand.daily_trips() / demand.residents();
    // A kilometre of dense streets without a way out: many walk, few drive.
    assert!((0.1..3.1 * 0.43).contains(&per_person), "{per_person}");
    let day: f64 = (0..240).map(|i| demand.trips_per_hour((f64::from(i) + 0.5) / 10.0, false) / 10.0).sum();
    assert!((day / demand.daily_trips() - 1.0).abs() < 1e-3, "{day}");
    assert!(demand.trips_per_hour(8.0, false) > 5.0 * demand.trips_per_hour(3.0, false));
}
