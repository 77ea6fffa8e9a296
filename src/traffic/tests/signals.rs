//! Signals planned from conflicts: phases, protected turns, cycle and split, waves; conflicts and capacities as asked.

mod town;

use citytwin_model::{DrivingSide, LinkId, NodeId, RoadClass};
use citytwin_traffic::{Network, SignalColour, TurnId, webster};
use town::{Street, Town};

/// A crossing of two roads; returns the approaches from west, south, east and north and the links that leave to there.
fn crossing(main: Street, side: Street, hand: DrivingSide) -> (Town, [LinkId; 4], [LinkId; 4]) {
    let mut town = Town::new(hand);
    let middle = town.node(0.0, 0.0);
    let arms = [(-300.0, 0.0), (0.0, -300.0), (300.0, 0.0), (0.0, 300.0)].map(|(x, y)| town.node(x, y));
    let mut enter = [LinkId(0); 4];
    let mut leave = [LinkId(0); 4];
    for (i, arm) in arms.into_iter().enumerate() {
        let (along, back) = town.street(arm, middle, if i % 2 == 0 { main } else { side });
        (enter[i], leave[i]) = (along, back.expect("two-way"));
    }
    town.signals(middle);
    (town, enter, leave)
}

const WIDE: Street = Street { class: RoadClass::Primary, lanes: 3, speed_mps: 50.0 / 3.6, oneway: false };
const NARROW: Street = Street { class: RoadClass::Tertiary, lanes: 1, speed_mps: 50.0 / 3.6, oneway: false };

/// Whether two turns are ever green or amber at once.
fn together(network: &Network, a: (LinkId, LinkId), b: (LinkId, LinkId)) -> bool {
    let shown = |(from, to), at: f64| {
        let turn = network.turn(from, to).expect("there is a turn");
        network.turn_signal(turn, at).expect("signalled").colour != SignalColour::Red
    };
    (0..1200).any(|i| shown(a, f64::from(i) * 0.1) && shown(b, f64::from(i) * 0.1))
}

#[test]
fn opposing_roads_go_together_and_a_permitted_turn_with_them() {
    for hand in [DrivingSide::Right, DrivingSide::Left] {
        let (town, enter, leave) = crossing(NARROW, NARROW, hand);
        let network = town.network();
        let through = |i: usize| (enter[i], leave[(i + 2) % 4]);
        // Counter-clockwise from west: the arm to one's right hand is the next.
        let across = |i: usize| (enter[i], leave[(i + if hand == DrivingSide::Right { 3 } else { 1 }) % 4]);
        assert!(together(&network, through(0), through(2)));
        assert!(together(&network, across(0), through(2)), "permitted");
        assert!(!together(&network, through(0), through(1)));
        let turn = network.turn(across(0).0, across(0).1).unwrap();
        let oncoming = network.turn(through(2).0, through(2).1).unwrap();
        let conflict = network.conflicts(turn).into_iter().find(|c| c.turn == oncoming).expect("they cross");
        assert!(conflict.yields && !conflict.merges && !conflict.separated);
        let side = network.turn(through(1).0, through(1).1).unwrap();
        assert!(network.conflicts(turn).iter().any(|c| c.turn == side && c.separated));
        assert!(network.conflicts(oncoming).iter().any(|c| c.turn == turn && !c.yields));
        let green = (0..120)
            .map(f64::from)
            .find_map(|at| network.turn_signal(turn, at).filter(|s| s.colour == SignalColour::Green));
        assert!(!green.expect("once a cycle").protected);
    }
}

/// 3 lanes: the turn across has one of its own. 1,500 veh/h, 15 % of it turns: 225 × 1,275 is beyond 90,000.
#[test]
fn a_busy_turn_with_its_own_lane_gets_its_own_phase() {
    for hand in [DrivingSide::Right, DrivingSide::Left] {
        let (town, enter, leave) = crossing(WIDE, NARROW, hand);
        let quiet = town.network();
        let busy: Vec<f64> = (0..quiet.turn_count() as u32).map(|t| quiet.design_vph(TurnId(t))).collect();
        let network = quiet.retimed(&busy).expect("good flows");
        let through = |i: usize| (enter[i], leave[(i + 2) % 4]);
        let across = |i: usize| (enter[i], leave[(i + if hand == DrivingSide::Right { 3 } else { 1 }) % 4]);
        assert!(together(&quiet, across(0), through(2)), "half of that finds gaps");
        assert!(!together(&network, across(0), through(2)), "protected");
        assert!(!together(&network, across(0), through(0)));
        assert!(together(&network, across(0), across(2)), "both turns at once");
        assert!(together(&network, through(0), through(2)));
        let turn = network.turn(across(0).0, across(0).1).unwrap();
        let shown = (0..120)
            .map(f64::from)
            .filter_map(|at| network.turn_signal(turn, at))
            .find(|s| s.colour == SignalColour::Green);
        assert!(shown.expect("once a cycle").protected);
        assert!(network.turn_timing(turn).unwrap().1 < network.signal_timing(enter[0]).unwrap().1);
    }
}

/// No two turns of a site that cross or merge are green together but where one turns across what comes towards it, all
/// greens last the shortest or longer, and every stream has one.
#[test]
fn plans_of_any_flows_are_sound() {
    for (side, hand) in [(NARROW, DrivingSide::Right), (WIDE, DrivingSide::Left), (WIDE, DrivingSide::Right)] {
        let (town, enter, leave) = crossing(WIDE, side, hand);
        let base = town.network();
        for seed in 0..12_u32 {
            let flow = |t: u32| f64::from((t * 7919 + seed * 104_729) % 13) * 60.0;
            let flows: Vec<f64> = (0..base.turn_count() as u32).map(flow).collect();
            let network = base.retimed(&flows).expect("good flows");
            let turns: Vec<_> = (0..4).flat_map(|i| (0..4).filter(move |j| *j != i).map(move |j| (i, j))).collect();
            for &(i, j) in &turns {
                let turn = network.turn(enter[i], leave[j]).expect("there is a turn");
                let (cycle, green) = network.turn_timing(turn).expect("signalled");
                assert!(green >= 8.0 - 1e-9 && cycle <= 90.0, "{green} of {cycle}");
                let beside = |a: usize, b: usize| (a + b) % 2 == 1;
                for &(k, l) in turns.iter().filter(|(k, _)| beside(*k, i)) {
                    let other = network.turn(enter[k], leave[l]).expect("there is a turn");
                    let conflict = network.conflicts(turn).iter().any(|c| c.turn == other);
                    assert!(!conflict || !together(&network, (enter[i], leave[j]), (enter[k], leave[l])));
                }
            }
        }
    }
}

/// Cycle and split follow the given flows: two phases, y = 700/1900 and 400/1900 in the through lanes.
#[test]
fn given_flows_time_the_signal_by_webster() {
    let (town, enter, leave) = crossing(NARROW, NARROW, DrivingSide::Right);
    let network = town.network();
    let mut flows = vec![0.0; network.turn_count()];
    for (i, flow) in [700.0, 400.0, 650.0, 300.0].into_iter().enumerate() {
        flows[network.turn(enter[i], leave[(i + 2) % 4]).unwrap().0 as usize] = flow;
    }
    let timed = network.retimed(&flows).expect("good flows");
    let (y1, y2) = (700.0 / 1900.0, 400.0 / 1900.0);
    let cycle = webster::optimum_cycle_s(8.0, y1 + y2).max(60.0).ceil();
    let (got, main) = timed.signal_timing(enter[0]).unwrap();
    let (_, side) = timed.signal_timing(enter[1]).unwrap();
    assert_eq!(got, cycle);
    // Displayed greens are a second shorter than effective ones: 5 s of amber and red, 4 s lost.
    assert!((main - ((cycle - 8.0) * y1 / (y1 + y2) - 1.0)).abs() < 1e-9, "{main}");
    assert!((main + side + 10.0 - cycle).abs() < 1e-9);
    assert!(network.retimed(&[1.0]).is_err());
    flows[0] = f64::NAN;
    assert!(network.retimed(&flows).is_err());
}

/// Four signals 300 m apart on a primary: one cycle, each green 24 s after the one before (300 m at 12.5 m/s).
#[test]
fn a_main_road_gets_a_green_wave() {
    let mut town = Town::right();
    let main = Street { class: RoadClass::Primary, lanes: 2, ..Street::default() };
    let side = Street { class: RoadClass::Residential, ..Street::default() };
    let nodes: Vec<NodeId> = (0..6).map(|i| town.node(f64::from(i) * 300.0, 0.0)).collect();
    let mut east = Vec::new();
    for pair in nodes.windows(2) {
        east.push(town.street(pair[0], pair[1], main).0);
    }
    for (i, node) in nodes[1..5].iter().enumerate() {
        for y in [-200.0, 200.0] {
            let end = town.node((i as f64 + 1.0) * 300.0, y);
            town.street(end, *node, side);
        }
        town.signals(*node);
    }
    let network = town.network();
    let starts = |link: LinkId, to: LinkId| {
        let turn = network.turn(link, to).unwrap();
        let green = |at: f64| network.turn_signal(turn, at).unwrap().colour == SignalColour::Green;
        let (cycle, _) = network.turn_timing(turn).unwrap();
        let steps = (cycle * 10.0) as usize;
        let start =
            (0..steps).map(|i| i as f64 * 0.1).find(|at| green(*at + 0.05) && !green((*at - 0.05).rem_euclid(cycle)));
        (start.expect("a start of green"), cycle)
    };
    let all: Vec<(f64, f64)> = (0..4).map(|i| starts(east[i], east[i + 1])).collect();
    let forward = all.windows(2).map(|w| (w[1].0 - w[0].0).rem_euclid(w[0].1)).collect::<Vec<_>>();
    let cycle = all[0].1;
    assert!(all.iter().all(|a| a.1 == cycle), "{all:?}");
    let even = |step: f64| forward.iter().all(|f| (f - step).abs().min(cycle - (f - step).abs()) < 0.11);
    assert!(even(24.0) || even(cycle - 24.0 % cycle), "{forward:?} of {cycle}");
}

#[test]
fn capacities_follow_lanes_signals_and_priority() {
    let (town, enter, leave) = crossing(WIDE, NARROW, DrivingSide::Right);
    let network = town.network();
    let (cycle, green) = network.signal_timing(enter[0]).unwrap();
    let capacity = network.capacity_vph(enter[0]);
    // Two lanes with the through green, one with the turn's: between the through lanes' and three lanes'.
    let lane = 1900.0 * webster::effective_green_s(green) / cycle;
    assert!(capacity > 1.8 * lane && capacity < 3.0 * lane, "{capacity} of {lane} a lane");
    assert_eq!(network.capacity_vph(leave[0]), 4800.0, "three lanes of a primary that end nowhere");
    let bpr = network.bpr(leave[0]).unwrap();
    assert!((bpr.time_s(4800.0) / bpr.free_s - 1.15).abs() < 1e-12, "BPR 1964");
    assert!(network.signal_delay_s(enter[0], 0.9 * capacity, 0.25) > network.signal_delay_s(enter[0], 0.0, 0.25));

    // Without the signal, the side road gives way by its class and carries less than a lane.
    let (mut town, enter, _) = crossing(WIDE, NARROW, DrivingSide::Right);
    town.city.nodes[0].signals = false;
    town.city.links.iter_mut().for_each(|l| l.end = citytwin_model::LinkEnd::Free);
    let network = town.network();
    let (main, minor) = (network.capacity_vph(enter[0]), network.capacity_vph(enter[1]));
    assert!(minor > 10.0 && minor < 400.0, "{minor} against 3,000 veh/h");
    assert!(main > 10.0 * minor);
}
