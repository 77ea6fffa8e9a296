//! Edits of a compiled network: what is recompiled in part equals what is compiled from the ground up, and undone it is
//! what it was.

mod town;

use std::{path::Path, time::Instant};

use citytwin_model::{
    City, DrivingSide, NetworkChange, NetworkEdit, NetworkEditError, Oneway, RoadClass, SourceRef, TurnRef,
    TurnRestrictionKind, TurnVia,
};
use citytwin_traffic::Network;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

fn real(file: &str) -> Option<City> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(citytwin_import::open(&path, &citytwin_import::ImportOptions::default(), &()).expect("the map opens"))
}

/// A wish about a random link; not each can be done.
fn wish(city: &City, rng: &mut Pcg64) -> NetworkEdit {
    let link = &city.links[rng.random_range(0..city.links.len())];
    let road = city.roads[link.road.index()].source.clone();
    let maybe = |rng: &mut Pcg64| rng.random_bool(0.7);
    match rng.random_range(0..9) {
        0 | 1 => NetworkEdit::Close(road),
        2 => NetworkEdit::Reopen(road),
        3 => {
            let ways = [None, Some(Oneway::Forward), Some(Oneway::Backward), Some(Oneway::Both)];
            NetworkEdit::Oneway { road, way: ways[rng.random_range(0..4)] }
        }
        4 => NetworkEdit::Lanes { road, lanes: maybe(rng).then(|| rng.random_range(1..5)) },
        5 => NetworkEdit::SpeedLimit { road, kmh: maybe(rng).then(|| f64::from(rng.random_range(20..100))) },
        6 => NetworkEdit::Toll { road, toll: f64::from(rng.random_range(0..5)) },
        _ => {
            let onward: Vec<_> = city.links.iter().filter(|l| l.from == link.to).collect();
            let Some(to) = onward.get(rng.random_range(0..onward.len().max(1))) else {
                return NetworkEdit::Close(road);
            };
            let to = city.roads[to.road.index()].source.clone();
            let turn = TurnRef { from: road, via: city.nodes[link.to.index()].source.clone(), to };
            if maybe(rng) { NetworkEdit::BanTurn(turn) } else { NetworkEdit::AllowTurn(turn) }
        }
    }
}

/// Random sequences of edits: after each, the network equals a compilation of the changes in force; all undone, it
/// equals the first. Returns the mean times (s) of a partial and a full compilation.
fn check(city: &City, sequences: usize, edits: usize, seed: u64) -> (f64, f64, f64) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let base = Network::compile(city);
    let (mut done, mut part_s, mut worst_s, mut full_s, mut fulls) = (0, 0.0, 0.0_f64, 0.0, 0);
    for _ in 0..sequences {
        let mut undo: Vec<Vec<NetworkChange>> = Vec::new();
        let mut now: Option<Network> = None;
        for _ in 0..edits {
            let wishes: Vec<NetworkEdit> = (0..rng.random_range(1..4)).map(|_| wish(city, &mut rng)).collect();
            let from = Instant::now();
            let applied = now.as_ref().unwrap_or(&base).apply(city, &wishes);
            let took = from.elapsed().as_secs_f64();
            let (next, made) = match applied {
                Ok(applied) => applied,
                Err(
                    NetworkEditError::NoSuchDirection(_)
                    | NetworkEditError::NotMotor(_)
                    | NetworkEditError::UnknownTurn(_),
                ) => continue,
                Err(error) => panic!("{wishes:?}: {error}"),
            };
            (done, part_s, worst_s) = (done + 1, part_s + took, worst_s.max(took));
            if city.links.len() < 5_000 || done % 8 == 1 {
                let from = Instant::now();
                let full = Network::compile_changed(city, next.changes());
                (full_s, fulls) = (full_s + from.elapsed().as_secs_f64(), fulls + 1);
                assert_eq!(next.difference(&full), None, "{wishes:?} after {:?}", now.map(|n| n.changes().clone()));
            }
            undo.push(made);
            now = Some(next);
        }
        let Some(mut now) = now else { continue };
        let full = Network::compile_changed(city, now.changes());
        assert_eq!(now.difference(&full), None, "at the end of a sequence: {:?}", now.changes());
        for made in undo.iter().rev() {
            now = now.undo(city, made);
        }
        assert_eq!(now.difference(&base), None, "undone");
    }
    assert!(done > sequences, "{done} edits could be done");
    (part_s / done as f64, worst_s, full_s / f64::from(fulls))
}

fn small() -> town::Town {
    let mut town = town::grid(9, DrivingSide::Right);
    // A restriction through a via link and one through a node.
    let link = |from: u32, to: u32, town: &town::Town| {
        let found = town.city.links.iter().find(|l| l.from.0 == from && l.to.0 == to);
        found.expect("neighbours in the grid").id
    };
    let (a, b, c) = (link(20, 21, &town), link(21, 22, &town), link(22, 31, &town));
    town.ban(TurnRestrictionKind::No, a, TurnVia::Links(vec![b]), c);
    let (a, c) = (link(40, 41, &town), link(41, 50, &town));
    town.ban(TurnRestrictionKind::Only, a, TurnVia::Node(citytwin_model::NodeId(41)), c);
    town
}

#[test]
fn a_small_town_recompiled_in_part_equals_the_whole() {
    for (side, seed) in [(DrivingSide::Right, 1), (DrivingSide::Left, 2)] {
        let mut town = small();
        town.city.driving_side = citytwin_model::Known::stated(side);
        check(&town.city, 30, 20, seed);
    }
}

/// A sparse net, where most closures cut something off: the core must be found anew.
#[test]
fn a_sparse_town_recompiled_in_part_equals_the_whole() {
    let mut town = town::Town::right();
    let mut rng = Pcg64::seed_from_u64(7);
    let nodes: Vec<_> = (0..60).map(|i| town.node(f64::from(i % 8) * 90.0, f64::from(i / 8) * 90.0)).collect();
    for i in 1..nodes.len() {
        let j = rng.random_range(i.saturating_sub(9)..i);
        let street =
            town::Street { oneway: rng.random_bool(0.15), class: RoadClass::Tertiary, ..town::Street::default() };
        town.street(nodes[j], nodes[i], street);
        if rng.random_bool(0.2) {
            town.signals(nodes[i]);
        }
    }
    check(&town.city, 60, 12, rng.next_u64());
}

#[test]
fn the_demo_recompiled_in_part_equals_the_whole() {
    let Some(city) = real("maps/demo") else { return };
    let (part, worst, full) = check(&city, 6, 20, 3);
    println!(
        "demo, {} links: {:.2} ms in part (worst {:.2}), {:.1} ms whole",
        city.links.len(),
        part * 1e3,
        worst * 1e3,
        full * 1e3
    );
}

#[test]
fn porto_alegre_recompiled_in_part_equals_the_whole() {
    let Some(city) = real("../shared/data/osm/porto_alegre.osm.pbf") else { return };
    let (part, worst, full) = check(&city, 4, 40, 4);
    println!(
        "porto_alegre, {} links: {:.2} ms in part (worst {:.2}), {:.1} ms whole",
        city.links.len(),
        part * 1e3,
        worst * 1e3,
        full * 1e3
    );
}

#[test]
fn an_edit_does_what_it_says() {
    let town = small();
    let city = &town.city;
    let base = Network::compile(city);
    let road = |l: citytwin_model::LinkId| city.roads[city.links[l.index()].road.index()].source.clone();
    let one = city.links[30].id;
    let back =
        city.links.iter().find(|l| l.road == city.links[30].road && l.forward != city.links[30].forward).unwrap().id;
    let apply = |edit: &str| base.apply(city, &[edit.parse().unwrap()]).unwrap().0;

    let closed = apply(&format!("close:{}", road(one)));
    assert!(!closed.usable(one) && !closed.usable(back) && closed.capacity_vph(one) == 0.0);
    let way = if city.links[30].forward { "forward" } else { "backward" };
    let oneway = apply(&format!("oneway:{}={way}", road(one)));
    assert!(oneway.usable(one) && !oneway.usable(back));
    let wide = apply(&format!("lanes:{}=3", road(one)));
    assert_eq!(wide.link_capacity_vph(one), 3.0 * base.link_capacity_vph(one));
    let slow = apply(&format!("speed:{}=15", road(one)));
    assert!((slow.free_flow_s(one) / base.free_flow_s(one) - 2.0).abs() < 1e-5, "30 km/h before");
    assert_eq!(apply(&format!("toll:{}=2.5", road(one))).toll(one), 2.5);
    let to = base.turns_from(one)[0].to;
    let via = &city.nodes[city.links[one.index()].to.index()].source;
    let banned = apply(&format!("ban:{}>{via}>{}", road(one), road(to)));
    assert!(base.turn(one, to).is_some() && banned.turn(one, to).is_none());

    let nowhere = base.apply(city, &[NetworkEdit::Close(SourceRef::Way(424_242))]);
    assert!(matches!(nowhere, Err(NetworkEditError::UnknownRoad(_))));
    for bad in ["lanes:way/1=0", "lanes:way/1=9", "speed:way/1=NaN", "toll:way/1=-1"] {
        let edit = base.apply(city, &[bad.parse().unwrap()]);
        assert!(matches!(edit, Err(NetworkEditError::OutOfRange { .. })), "{bad}");
    }
}
