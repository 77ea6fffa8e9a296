//! Routes: bans (through nodes and through links), closures, fastest ways, the account of refusals.

mod town;

use citytwin_model::{LinkId, TurnRestrictionKind, TurnVia};
use citytwin_traffic::{RefusalReason, Simulation};
use town::{ONE_WAY, Street, Town, run, send};

/// A cross of four streets; arm links towards (`in_*`) and away from the middle (`out_*`), in the order west, south, east,
/// north, and a ring road about it.
struct Cross {
    town: Town,
    inward: [LinkId; 4],
    outward: [LinkId; 4],
    middle: citytwin_model::NodeId,
}

fn cross() -> Cross {
    let mut town = Town::right();
    let middle = town.node(0.0, 0.0);
    let ends = [(-300.0, 0.0), (0.0, -300.0), (300.0, 0.0), (0.0, 300.0)].map(|(x, y)| town.node(x, y));
    let arms = ends.map(|end| town.street(end, middle, Street::default()));
    for i in 0..4 {
        town.street(ends[i], ends[(i + 1) % 4], Street::default());
    }
    Cross { town, inward: arms.map(|a| a.0), outward: arms.map(|a| a.1.expect("two-way")), middle }
}

fn route(sim: &mut Simulation, from: LinkId, to: LinkId) -> Vec<LinkId> {
    let vehicle = send(sim, from, to).expect("not refused");
    run(sim, 2.0);
    sim.route_of(vehicle).expect("on the road")
}

fn drives(route: &[LinkId], sequence: &[LinkId]) -> bool {
    route.windows(sequence.len()).any(|w| w == sequence)
}

#[test]
fn the_direct_way_is_taken() {
    let Cross { town, inward, outward, .. } = cross();
    let mut sim = town.quiet();
    assert_eq!(route(&mut sim, inward[0], outward[3]), [inward[0], outward[3]]);
}

#[test]
fn a_banned_turn_is_not_driven() {
    let Cross { mut town, inward, outward, middle } = cross();
    town.ban(TurnRestrictionKind::No, inward[0], TurnVia::Node(middle), outward[3]);
    let mut sim = town.quiet();
    let way = route(&mut sim, inward[0], outward[3]);
    assert!(!drives(&way, &[inward[0], outward[3]]), "{way:?}");
    assert_eq!(way.last(), Some(&outward[3]));
}

#[test]
fn an_only_turn_leaves_no_other() {
    let Cross { mut town, inward, outward, middle } = cross();
    town.ban(TurnRestrictionKind::Only, inward[0], TurnVia::Node(middle), outward[2]);
    let network = town.network();
    let turns: Vec<LinkId> = network.turns_from(inward[0]).iter().map(|t| t.to).collect();
    assert_eq!(turns, [outward[2]]);
}

/// Three streets in a row with exits: "no way from the first through the second into the exit", though both turns
/// are allowed to others.
fn row(kind: TurnRestrictionKind) -> (Town, [LinkId; 5]) {
    let mut town = Town::right();
    let [a, b, c, d] = [0.0, 200.0, 400.0, 600.0].map(|x| town.node(x, 0.0));
    let side = town.node(200.0, -200.0);
    let exit_end = town.node(400.0, 200.0);
    let (first, _) = town.street(a, b, ONE_WAY);
    let (via, _) = town.street(b, c, ONE_WAY);
    let (on, _) = town.street(c, d, ONE_WAY);
    let (exit, _) = town.street(c, exit_end, ONE_WAY);
    let (from_side, _) = town.street(side, b, ONE_WAY);
    town.street(exit_end, a, ONE_WAY);
    town.street(d, exit_end, ONE_WAY);
    town.street(a, side, ONE_WAY);
    let to = if kind == TurnRestrictionKind::No { exit } else { on };
    town.ban(kind, first, TurnVia::Links(vec![via]), to);
    (town, [first, via, on, exit, from_side])
}

#[test]
fn restrictions_through_links_hold_for_those_who_come_that_way() {
    for kind in [TurnRestrictionKind::No, TurnRestrictionKind::Only] {
        let (town, [first, via, on, exit, from_side]) = row(kind);
        let mut sim = town.quiet();
        let banned = route(&mut sim, first, exit);
        assert!(!drives(&banned, &[first, via, exit]), "{kind:?}: {banned:?}");
        assert_eq!(banned.last(), Some(&exit), "{kind:?}: another way is found");
        assert_eq!(route(&mut sim, from_side, exit), [from_side, via, exit], "{kind:?}: others may");
        assert_eq!(route(&mut sim, first, on), [first, via, on], "{kind:?}");
    }
}

#[test]
fn u_turns_happen_at_dead_ends_alone() {
    let Cross { mut town, inward, outward, .. } = cross();
    let end = town.node(-600.0, 0.0);
    let west = town.city.links[inward[0].index()].from;
    let (to_end, from_end) = town.street(west, end, Street::default());
    let network = town.network();
    let back = |l: LinkId, to: LinkId| network.turns_from(l).iter().any(|t| t.to == to);
    assert!(back(to_end, from_end.expect("two-way")), "dead end");
    assert!(!back(inward[0], outward[0]), "crossing");
}

/// Two bridges; the nearer is closed while cars are on their way: they take the other, and the account holds.
#[test]
fn a_closed_bridge_sends_traffic_over_the_other() {
    let mut town = Town::right();
    let [a, b, c, d] = [(0.0, 0.0), (600.0, 0.0), (0.0, 900.0), (600.0, 900.0)].map(|(x, y)| town.node(x, y));
    let (start, _) = town.street(a, c, Street::default());
    let start = (start, town.city.links[start.index() + 1].id);
    let (bridge, _) = town.street(a, b, Street::default());
    let (other, _) = town.street(c, d, Street::default());
    let (far, _) = town.street(b, d, Street::default());
    // A dead end to turn in: without one a ring falls into its two directions.
    let end = town.node(0.0, -200.0);
    town.street(a, end, Street::default());
    let mut sim = town.quiet();
    // Towards a, over the bridge, to the far side.
    for _ in 0..10 {
        send(&mut sim, start.1, far);
        run(&mut sim, 5.0);
    }
    let over = |sim: &Simulation, l: LinkId| sim.link_states()[l.index()].passed;
    sim.set_closed(&[town.road_of(bridge)]);
    let already = over(&sim, bridge);
    run(&mut sim, 900.0);
    let tally = sim.tally();
    assert_eq!(tally.arrived + tally.refused.values().sum::<u64>(), 10, "{tally:?}");
    assert!(tally.refused.is_empty(), "{tally:?}");
    assert!(over(&sim, other) >= 5, "{} took the other bridge", over(&sim, other));
    assert!(over(&sim, bridge) <= already + 3, "only who was on it drove off it");
    // Reopened, the next one takes it again.
    sim.set_closed(&[]);
    let way = route(&mut sim, start.1, far);
    assert!(way.contains(&bridge), "{way:?}");
}

#[test]
fn refusals_have_their_reasons() {
    let Cross { town, inward, outward, .. } = cross();
    let mut sim = town.quiet();
    sim.set_closed(&[town.road_of(inward[0])]);
    assert_eq!(send(&mut sim, inward[0], outward[3]), None);
    assert_eq!(send(&mut sim, inward[1], outward[0]), None);
    // An island that is not connected to anything.
    let Cross { mut town, inward, .. } = cross();
    let [p, q] = [(5000.0, 0.0), (5300.0, 0.0)].map(|(x, y)| town.node(x, y));
    let (island, _) = town.street(p, q, Street::default());
    let mut other = town.quiet();
    assert_eq!(send(&mut other, island, inward[0]), None);
    assert_eq!(send(&mut other, inward[0], island), None);
    let (closed, cut) = (sim.tally().refused, other.tally().refused);
    assert_eq!(closed.get(&RefusalReason::OriginClosed), Some(&1));
    assert_eq!(closed.get(&RefusalReason::DestinationClosed), Some(&1));
    assert_eq!(cut.get(&RefusalReason::OriginCutOff), Some(&1));
    assert_eq!(cut.get(&RefusalReason::DestinationCutOff), Some(&1));
    assert_eq!(sim.tally().demanded, 2);
}

/// Closing everything about cars under way strands them: counted, not lost.
#[test]
fn stranded_cars_are_counted() {
    let Cross { town, inward, outward, .. } = cross();
    let mut sim = town.quiet();
    send(&mut sim, inward[0], outward[2]);
    run(&mut sim, 5.0);
    let all: Vec<_> = town.city.roads.iter().map(|r| r.id).filter(|r| *r != town.road_of(inward[0])).collect();
    sim.set_closed(&all);
    run(&mut sim, 60.0);
    let tally = sim.tally();
    assert_eq!(tally.demanded, tally.arrived + tally.under_way + tally.refused.values().sum::<u64>());
    assert_eq!(tally.under_way, 0, "{tally:?}");
}
