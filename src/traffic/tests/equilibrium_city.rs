//! The equilibrium on cities' networks: turn bans, restrictions through via links, closures on a real map.

mod town;

use std::{ops::ControlFlow, path::PathBuf, time::Instant};

use citytwin_model::{City, LinkId, TurnRestrictionKind, TurnVia};
use citytwin_traffic::{
    Network,
    assignment::{self, Equilibrium, Graph, Options, Progress, Trips, UserClass, ZoneEnds},
};
use town::{ONE_WAY, Town};

fn quiet(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn solved(graph: &Graph, trips: &Trips, gap: f64) -> Equilibrium {
    assignment::solve(graph, trips, &Options { gap, ..Options::default() }, quiet).unwrap()
}

/// Three streets in a row with an exit, a side street into the second, and ways back.
fn row(kind: TurnRestrictionKind) -> (Town, [LinkId; 5]) {
    let mut town = Town::right();
    let [a, b, c, d] = [0.0, 200.0, 400.0, 600.0].map(|x| town.node(x, 0.0));
    let side = town.node(200.0, -200.0);
    let exit_end = town.node(400.0, 200.0);
    let [first, via, on, exit, from_side] =
        [(a, b), (b, c), (c, d), (c, exit_end), (side, b)].map(|(from, to)| town.street(from, to, ONE_WAY).0);
    for (from, to) in [(exit_end, a), (d, exit_end), (a, side)] {
        town.street(from, to, ONE_WAY);
    }
    let to = if kind == TurnRestrictionKind::No { exit } else { on };
    town.ban(kind, first, TurnVia::Links(vec![via]), to);
    (town, [first, via, on, exit, from_side])
}

fn zone(from: LinkId, to: LinkId) -> ZoneEnds {
    ZoneEnds { origins: vec![from], destinations: vec![to] }
}

#[test]
fn restrictions_through_links_hold_for_those_who_come_that_way() {
    for kind in [TurnRestrictionKind::No, TurnRestrictionKind::Only] {
        let (town, [first, via, on, exit, from_side]) = row(kind);
        let graph = Graph::of_network(&town.network(), &[zone(first, exit), zone(from_side, exit)]).unwrap();
        let turn = |entries: &[(u32, u32, f64)]| {
            let found = solved(&graph, &Trips::of(2, UserClass::default(), entries).unwrap(), 1e-9);
            assert!(found.unreachable().is_empty());
            let onward = found.turns_from(&graph, via.index());
            let to = |l: LinkId| onward.iter().find(|t| t.to == l.index()).map_or(0.0, |t| t.flow);
            (to(exit), to(on))
        };
        let (banned, detour) = turn(&[(0, 1, 50.0)]);
        // They drive on, come round by the side street, and then may: over the second street twice.
        assert_eq!((banned, detour), (50.0, 50.0), "{kind:?}: those from the first street");
        let (allowed, on_from_side) = turn(&[(1, 0, 50.0)]);
        assert_eq!((allowed, on_from_side), (50.0, 0.0), "{kind:?}: those from the side");
    }
}

#[test]
fn a_turn_ban_at_a_node_holds() {
    let (mut town, [first, via, on, exit, _]) = row(TurnRestrictionKind::No);
    let node = town.city.links[via.index()].to;
    town.ban(TurnRestrictionKind::No, via, TurnVia::Node(node), exit);
    let graph = Graph::of_network(&town.network(), &[zone(first, on), zone(first, exit)]).unwrap();
    let found = solved(&graph, &Trips::of(2, UserClass::default(), &[(0, 1, 30.0), (1, 0, 30.0)]).unwrap(), 1e-9);
    assert!(found.turns_from(&graph, via.index()).iter().all(|t| t.to != exit.index() || t.flow == 0.0));
    assert_eq!(found.unreachable().len(), 1, "the exit has no other way in, and that is said");
}

/// Lanes, limit, toll and one-way on random roads of Porto Alegre: the graph that follows the network answers as one
/// built from it, and a turn ban says that it cannot be followed.
#[test]
fn a_graph_follows_its_network() {
    let Some(city) = porto_alegre_city() else { return };
    let network = Network::compile(&city);
    let (zones, entries) = zoned(&network, 15_000.0);
    let trips = Trips::of(zones.len() as u32, assignment::car_drivers(), &entries).unwrap();
    let mut graph = Graph::of_network(&network, &zones).unwrap();
    let mut found = solved(&graph, &trips, 1e-5);
    let busiest = (0..graph.links().len()).max_by(|a, b| found.flow(*a).total_cmp(&found.flow(*b))).unwrap();
    let road = &city.roads[city.links[busiest].road.index()].source;
    for edit in
        [format!("lanes:{road}=1"), format!("speed:{road}=20"), format!("toll:{road}=2"), format!("close:{road}")]
    {
        let edited = network.apply(&city, &[edit.parse().unwrap()]).unwrap().0;
        let open = network.changed(&city, edited.changes().with_all_open());
        let closed = |l: LinkId| edited.changes().is_closed(&city.roads[city.links[l.index()].road.index()].source);
        let clock = Instant::now();
        assert!(graph.follow(&open, &closed).unwrap(), "{edit}");
        found.resume(&graph, &Options { gap: 1e-5, ..Options::default() }, quiet).unwrap();
        let warm_s = clock.elapsed().as_secs_f64();
        let mut anew = Graph::of_network(&open, &zones).unwrap();
        assert!(anew.follow(&open, &closed).unwrap());
        assert_eq!(anew.links(), graph.links(), "{edit}");
        let clock = Instant::now();
        let cold = solved(&anew, &trips, 1e-5);
        println!("{edit}: warm {warm_s:.3} s, cold {:.3} s", clock.elapsed().as_secs_f64());
        let (a, b) = (found.progress(), cold.progress());
        assert!((a.objective - b.objective).abs() <= 1e-5 * a.total_cost, "{edit}: {a:?} {b:?}");
    }
    let (from, to) = (&city.links[busiest], network.turns_from(LinkId(busiest as u32))[0].to);
    let name = |link: &citytwin_model::Link| &city.roads[link.road.index()].source;
    let via = &city.nodes[from.to.index()].source;
    let ban = format!("ban:{}>{via}>{}", name(from), name(&city.links[to.index()]));
    let banned = network.apply(&city, &[ban.parse().unwrap()]).unwrap().0;
    assert!(!graph.follow(&banned, &|_| false).unwrap(), "{ban}");
}

fn porto_alegre() -> Option<Network> {
    porto_alegre_city().map(|city| Network::compile(&city))
}

fn porto_alegre_city() -> Option<City> {
    let map = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm/porto_alegre.osm.pbf");
    if !map.exists() {
        println!("skipped: {} is absent", map.display());
        return None;
    }
    Some(citytwin_import::open(&map, &Default::default(), &()).unwrap())
}

/// Zones of 500 m with the core links in them; trips fall with distance, `hourly` in all.
fn zoned(network: &Network, hourly: f64) -> (Vec<ZoneEnds>, Vec<(u32, u32, f64)>) {
    const CELL_M: f32 = 500.0;
    let mut cells = std::collections::BTreeMap::<(i32, i32), Vec<LinkId>>::new();
    for l in (0..).map(LinkId).take_while(|l| network.end_node(*l).is_some()).filter(|l| network.in_core(*l)) {
        let (x, y, _) = network.lane_point(l, 0, 0.0);
        cells.entry(((x / CELL_M).floor() as i32, (y / CELL_M).floor() as i32)).or_default().push(l);
    }
    let ends = cells.values().map(|links| {
        let some: Vec<LinkId> = links.iter().step_by((links.len() / 4).max(1)).copied().collect();
        ZoneEnds { origins: some.clone(), destinations: some }
    });
    let places: Vec<(f64, f64, f64)> =
        cells.iter().map(|((x, y), links)| (f64::from(*x), f64::from(*y), links.len() as f64)).collect();
    let mut entries = Vec::new();
    for (o, a) in places.iter().enumerate() {
        for (d, b) in places.iter().enumerate().filter(|(d, _)| *d != o) {
            let km = 0.5 * (a.0 - b.0).hypot(a.1 - b.1);
            entries.push((o as u32, d as u32, a.2 * b.2 * (-0.3 * km).exp()));
        }
    }
    let sum: f64 = entries.iter().map(|e| e.2).sum();
    entries.iter_mut().for_each(|e| e.2 *= hourly / sum);
    (ends.collect(), entries)
}

#[test]
fn a_closure_in_porto_alegre_is_answered_from_where_traffic_was() {
    let Some(network) = porto_alegre() else { return };
    let (zones, entries) = zoned(&network, 15_000.0);
    let mut graph = Graph::of_network(&network, &zones).unwrap();
    let trips = Trips::of(zones.len() as u32, UserClass::default(), &entries).unwrap();
    let options = Options { gap: 1e-4, ..Options::default() };
    let clock = Instant::now();
    let mut found = solved(&graph, &trips, options.gap);
    println!(
        "porto_alegre ({} threads): {} links, {} arcs, {} zones: cold {:.3} s, {:?}",
        rayon::current_num_threads(),
        graph.links().len(),
        graph.arc_count(),
        zones.len(),
        clock.elapsed().as_secs_f64(),
        found.progress()
    );
    let busiest = (0..graph.links().len()).max_by(|a, b| found.flow(*a).total_cmp(&found.flow(*b))).unwrap();
    for l in [busiest, busiest / 2] {
        let link = LinkId(l as u32);
        graph.set_closed(link.index(), true).unwrap();
        let clock = Instant::now();
        found.resume(&graph, &options, quiet).unwrap();
        let warm_s = clock.elapsed().as_secs_f64();
        let clock = Instant::now();
        let cold = solved(&graph, &trips, options.gap);
        println!("closing {l}: warm {warm_s:.3} s, cold {:.3} s", clock.elapsed().as_secs_f64());
        assert_eq!(found.flow(l), 0.0);
        assert_eq!(found.unreachable(), cold.unreachable());
        let (a, b) = (found.progress().objective, cold.progress().objective);
        // Both stop at a gap of 1e-4 of the total cost.
        assert!((a - b).abs() <= 1e-4 * found.progress().total_cost, "{a} {b}");
        graph.set_closed(link.index(), false).unwrap();
        found.resume(&graph, &options, quiet).unwrap();
    }
}
