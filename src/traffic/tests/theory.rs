//! Against closed forms: free flow, the equilibrium gap, the capacity of a signal, what comes out of a bottleneck.

mod town;

use citytwin_model::RoadClass;
use citytwin_traffic::{Simulation, VehicleKind, VehicleView};
use town::{ONE_WAY, Street, Town, run, send};

/// A car alone drives a straight road at its free speed: 2 km at 97 % of 50 km/h. Tolerance: the start at walking
/// pace costs some seconds.
#[test]
fn a_lone_car_takes_the_free_flow_time() {
    let mut town = Town::right();
    let nodes = [0.0, 2000.0, 4000.0].map(|x| town.node(x, 0.0));
    let (a, _) = town.street(nodes[0], nodes[1], Street::default());
    let (b, _) = town.street(nodes[1], nodes[2], Street::default());
    let mut sim = town.quiet();
    sim.depart(a, b, (0.0, 1.0), VehicleKind::Car).expect("the road is open");
    run(&mut sim, 600.0);
    let tally = sim.tally();
    assert_eq!(tally.arrived, 1);
    let free = 4000.0 / (0.97 * 50.0 / 3.6);
    assert!((tally.mean_travel_time_s - free).abs() < 8.0, "{} against {free}", tally.mean_travel_time_s);
    assert!((tally.vehicle_km - 4.0).abs() < 0.02, "{}", tally.vehicle_km);
}

/// Cars behind a lorry that may drive no faster than `v` settle at s = (s₀ + v·T) / √(1 − (v/v₀)⁴)
/// (Treiber, Hennecke and Helbing 2000, eq. 5), within 1 %.
#[test]
fn followers_settle_at_the_equilibrium_gap() {
    let mut town = Town::right();
    let nodes = [0.0, 9000.0, 9100.0].map(|x| town.node(x, 0.0));
    let fast = Street { class: RoadClass::Primary, speed_mps: 100.0 / 3.6, ..ONE_WAY };
    let (a, _) = town.street(nodes[0], nodes[1], fast);
    let (b, _) = town.street(nodes[1], nodes[2], fast);
    // Back home, so that the road is part of a network.
    town.street(nodes[2], nodes[0], ONE_WAY);
    let mut sim = town.quiet();
    sim.depart(a, b, (0.0, 1.0), VehicleKind::Lorry).expect("open");
    for _ in 0..6 {
        sim.depart(a, b, (0.0, 1.0), VehicleKind::Car).expect("open");
    }
    run(&mut sim, 330.0);
    let cars: Vec<VehicleView> = sim.vehicles().collect();
    assert_eq!(cars.len(), 7, "all on the long link");
    let (v, v0) = (80.0_f32 / 3.6, 0.97 * 100.0 / 3.6);
    for car in cars.iter().filter(|c| c.kind == VehicleKind::Car) {
        let leader = cars.iter().find(|l| Some(l.id) == car.ahead).expect("a car follows");
        let gap = leader.pos_m - leader.length_m - car.pos_m;
        let v_now = car.speed_mps;
        assert!((v_now / v.min(22.2) - 1.0).abs() < 0.01, "speed {v_now}");
        let expected = (2.0 + v_now * 1.0) / (1.0 - (v_now / v0).powi(4)).sqrt();
        assert!((gap / expected - 1.0).abs() < 0.01, "gap {gap} against {expected}");
    }
}

/// A signal lets through about s·g/C. The saturation headway of the model's driver at a stop line follows from
/// T + (s₀ + l)/v at the speed reached; the published range is 1,800–2,000 veh/h of green (HBS 2015). Tolerance 10 %.
#[test]
fn a_signal_passes_saturation_flow_times_green_share() {
    let mut town = Town::right();
    let nodes = [0.0, 600.0, 1200.0].map(|x| town.node(x, 0.0));
    let (a, _) = town.street(nodes[0], nodes[1], Street::default());
    let (b, _) = town.street(nodes[1], nodes[2], Street::default());
    town.signals(nodes[1]);
    let network = town.network();
    let (cycle, green) = network.signal_timing(a).expect("signalled");
    let mut sim = town.quiet();
    for _ in 0..1500 {
        send(&mut sim, a, b);
    }
    run(&mut sim, 600.0);
    let before = sim.link_states()[a.index()].passed;
    run(&mut sim, 20.0 * cycle);
    let passed = f64::from(sim.link_states()[a.index()].passed - before);
    let flow = passed / (20.0 * cycle) * 3600.0;
    let expected = 1900.0 * green / cycle;
    assert!((flow / expected - 1.0).abs() < 0.10, "{flow:.0} veh/h against {expected:.0} ({green} of {cycle} s)");
    assert!(sim.waiting() > 0, "the approach stays saturated");
}

/// Two lanes into one: what enters equals what leaves plus what is inside, at every moment, and the narrow road carries
/// no more than one lane can (1 / (T + (s₀ + l)/v) ≈ 2,400 veh/h at 13 m/s) and no less than 1,500.
#[test]
fn a_bottleneck_conserves_vehicles() {
    let mut town = Town::right();
    let nodes = [0.0, 800.0, 1600.0].map(|x| town.node(x, 0.0));
    let (a, _) = town.street(nodes[0], nodes[1], Street { lanes: 2, ..ONE_WAY });
    let (b, _) = town.street(nodes[1], nodes[2], ONE_WAY);
    town.street(nodes[2], nodes[0], ONE_WAY);
    let mut sim = town.quiet();
    for _ in 0..1200 {
        send(&mut sim, a, b);
    }
    for _ in 0..1200 {
        sim.step();
        let tally = sim.tally();
        assert_eq!(tally.demanded, tally.arrived + tally.under_way);
        assert_eq!(tally.under_way, (sim.driving() + sim.waiting()) as u64);
    }
    let before = sim.tally().arrived;
    run(&mut sim, 600.0);
    let flow = (sim.tally().arrived - before) as f64 * 6.0;
    assert!((1500.0..2450.0).contains(&flow), "{flow} veh/h");
}

/// On a road that only merges and splits nobody ever overlaps anybody in their lane.
#[test]
fn vehicles_never_overlap() {
    let town = town::grid(9, citytwin_model::DrivingSide::Right);
    let mut sim = busy(&town, 3);
    sim.set_demand_factor(9.0);
    for step in 0..1800 {
        sim.step();
        if step % 10 == 0 {
            assert_no_overlap(&sim);
        }
    }
    assert!(sim.driving() > 100, "{} driving", sim.driving());
}

fn busy(town: &Town, seed: u64) -> Simulation {
    let network = town.network();
    let demand = citytwin_traffic::Demand::estimate(&town.city, &network);
    Simulation::new(network, demand.into(), town::morning(), seed)
}

fn assert_no_overlap(sim: &Simulation) {
    let mut vehicles: Vec<VehicleView> = sim.vehicles().filter(|v| !v.inside).collect();
    vehicles.sort_by(|a, b| (a.link, a.lane).cmp(&(b.link, b.lane)).then(a.pos_m.total_cmp(&b.pos_m)));
    for pair in vehicles.windows(2) {
        let [behind, ahead] = pair else { continue };
        if (behind.link, behind.lane) == (ahead.link, ahead.lane) {
            let gap = ahead.pos_m - ahead.length_m - behind.pos_m;
            assert!(gap >= 0.0, "{gap} m between {behind:?} and {ahead:?}");
            assert_eq!(behind.ahead, Some(ahead.id), "order in the lane");
        }
    }
}
