//! SUMO networks: counted against the text, compiled, mutated.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use citytwin_model::{
    LinkId,
    time::{LocalTime, civil},
};
use citytwin_traffic::{
    Demand, SignalColour, Simulation, VehicleKind,
    sumo::{SumoNet, read_net},
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

const FILES: [&str; 3] =
    ["bologna_acosta/acosta_buslanes.net.xml", "bologna_joined/joined_buslanes.net.xml", "cologne8/cologne8.net.xml"];

fn text(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/traffic/sumo").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {} is not there", path.display());
    }
    text
}

fn nets() -> impl Iterator<Item = (&'static str, String, SumoNet)> {
    FILES.into_iter().filter_map(|file| {
        let text = text(file)?;
        let net = read_net(text.as_bytes()).unwrap_or_else(|e| panic!("{file}: {e}"));
        Some((file, text, net))
    })
}

/// Counts lines that hold all of some pieces and none of others, as grep would.
fn lines(text: &str, all: &[&str], none: &[&str]) -> usize {
    text.lines().filter(|l| all.iter().all(|p| l.contains(p)) && !none.iter().any(|p| l.contains(p))).count()
}

#[test]
fn counts_agree_with_the_text() {
    for (file, text, net) in nets() {
        assert_eq!(net.edges.len(), lines(&text, &["<edge id="], &["function=\"internal\""]), "{file}: edges");
        let lanes: usize = net.edges.iter().map(|e| e.lanes.len()).sum();
        assert_eq!(lanes, lines(&text, &["<lane id="], &["<lane id=\":"]), "{file}: lanes");
        assert_eq!(net.internal_lanes.len(), lines(&text, &["<lane id=\":"], &[]), "{file}: internal lanes");
        let junctions = lines(&text, &["<junction id="], &["type=\"internal\""]);
        assert_eq!(net.junctions.len(), junctions, "{file}: junctions");
        let requests: usize = net.junctions.iter().map(|j| j.requests.len()).sum();
        assert_eq!(requests, lines(&text, &["<request "], &[]), "{file}: requests");
        let connections = lines(&text, &["<connection from="], &["<connection from=\":"]);
        assert_eq!(net.connections.len(), connections, "{file}: connections");
        assert_eq!(net.programs.len(), lines(&text, &["<tlLogic "], &[]), "{file}: programs");
        let phases: usize = net.programs.iter().map(|p| p.phases.len()).sum();
        assert_eq!(phases, lines(&text, &["<phase "], &[]), "{file}: phases");
        assert_eq!(net.roundabouts.len(), lines(&text, &["<roundabout "], &[]), "{file}: roundabouts");
        assert!(net.location.expect("stated").projection.contains("+proj=utm"));
    }
}

/// Every request of a junction belongs to one connection, and who gives way by `state` gives way by its request.
#[test]
fn requests_are_matched_to_connections() {
    for (file, _, net) in nets() {
        let mut seen = BTreeSet::new();
        for c in &net.connections {
            let (Some(node), Some(request)) = (net.edges[c.from].to, c.request) else { continue };
            assert!(seen.insert((node, request)), "{file}: {} link {request} twice", net.junctions[node].id);
            let waits = net.junctions[node].requests[request].response.contains(&true);
            match c.state {
                'M' => assert!(!waits, "{file}: {} link {request} has priority", net.junctions[node].id),
                'm' => assert!(waits, "{file}: {} link {request} gives way", net.junctions[node].id),
                _ => {}
            }
        }
        let requests: usize = net.junctions.iter().map(|j| j.requests.len()).sum();
        assert_eq!(seen.len(), requests, "{file}");
    }
}

#[test]
fn a_compiled_net_keeps_names_turns_precedence_and_programs() {
    for (file, _, net) in nets() {
        let compiled = net.compile();
        let (network, summary) = (&compiled.network, compiled.network.summary());
        println!("{file}: {summary:?}");
        let open = |edge: usize| net.edges[edge].lanes.iter().any(|l| l.allows("passenger"));
        assert_eq!(summary.links, (0..net.edges.len()).filter(|e| open(*e)).count(), "{file}");
        assert_eq!(summary.signal_groups, net.programs.len(), "{file}");
        let length: f64 = net
            .edges
            .iter()
            .filter(|e| e.lanes.iter().any(|l| l.allows("passenger")))
            .map(|e| e.lanes[0].length_m)
            .sum();
        assert!((summary.length_km * 1000.0 / length - 1.0).abs() < 1e-3, "{file}: lengths as stated");
        let mut pairs = BTreeSet::new();
        for c in &net.connections {
            let (from, to) = (LinkId::from_index(c.from), LinkId::from_index(c.to));
            assert_eq!(compiled.link(&net.edges[c.from].id), Some(from));
            let (Some(lane), Some(_)) = (compiled.lane(from, c.from_lane), compiled.lane(to, c.to_lane)) else {
                continue;
            };
            pairs.insert((from, to));
            let turn = network.turn(from, to).unwrap_or_else(|| panic!("{file}: no turn {from} to {to}"));
            let view = network.turn_view(turn).expect("it is there");
            assert!((view.first_lane..=view.last_lane).contains(&lane), "{file}");
            assert_eq!(network.turn_timing(turn).is_some(), c.signal.is_some(), "{file}");
            let yields = network.conflicts(turn).iter().any(|c| c.yields);
            assert!(
                !(c.state == 'M'
                    && yields
                    && net.connections.iter().filter(|o| (o.from, o.to) == (c.from, c.to)).all(|o| o.state == 'M')),
                "{file}"
            );
        }
        assert_eq!(summary.turns, pairs.len(), "{file}");
        signals_follow_their_programs(file, &net, &compiled);
    }
}

/// Every second of a cycle the signal of a turn shows what its phase says.
fn signals_follow_their_programs(file: &str, net: &SumoNet, compiled: &citytwin_traffic::sumo::SumoNetwork) {
    for c in &net.connections {
        let Some((id, index)) = &c.signal else { continue };
        let (from, to) = (LinkId::from_index(c.from), LinkId::from_index(c.to));
        let first = net
            .connections
            .iter()
            .find(|o| (o.from, o.to) == (c.from, c.to) && compiled.lane(from, o.from_lane).is_some());
        if compiled.lane(from, c.from_lane).is_none() || first != Some(c) {
            continue;
        }
        let Some(turn) = compiled.network.turn(from, to) else { continue };
        let program = net.programs.iter().find(|p| p.id == *id).expect("read_net checked it");
        let mut start = 0.0;
        for phase in &program.phases {
            let shown = compiled
                .network
                .turn_signal(turn, program.offset_s + start + 0.5 * phase.duration_s)
                .expect("signalled");
            let (colour, protected) = match phase.state.as_bytes()[*index] {
                b'G' => (SignalColour::Green, Some(true)),
                b'g' => (SignalColour::Green, Some(false)),
                b'y' => (SignalColour::Amber, None),
                _ => (SignalColour::Red, None),
            };
            assert_eq!(shown.colour, colour, "{file}: {id} link {index}");
            assert!(protected.is_none_or(|p| p == shown.protected), "{file}: {id} link {index}");
            start += phase.duration_s;
        }
    }
}

/// Edits of a stated network, as of a city's: in part equals the whole, undone it is what it was.
#[test]
fn a_stated_net_takes_edits() {
    for (file, _, net) in nets() {
        let compiled = net.compile();
        let mut rng = Pcg64::seed_from_u64(5);
        let mut now = None;
        let mut undo = Vec::new();
        for _ in 0..40 {
            let edge = &net.edges[rng.random_range(0..net.edges.len())].id;
            let edit = match rng.random_range(0..4) {
                0 => format!("close:edge/{edge}"),
                1 => format!("lanes:edge/{edge}=2"),
                2 => format!("speed:edge/{edge}=30"),
                _ => {
                    let c = &net.connections[rng.random_range(0..net.connections.len())];
                    let via = net.edges[c.from].to.map(|j| &net.junctions[j].id).expect("edges with connections end");
                    format!("ban:edge/{}>junction/{via}>edge/{}", net.edges[c.from].id, net.edges[c.to].id)
                }
            };
            let edit = [edit.parse().expect("well-formed")];
            let Ok((next, made)) = now.as_ref().unwrap_or(&compiled.network).apply(&compiled.city, &edit) else {
                continue;
            };
            let full = net.compile_changed(next.changes()).network;
            assert_eq!(next.difference(&full), None, "{file}: {edit:?}");
            undo.push(made);
            now = Some(next);
        }
        let mut now = now.expect("some edits can be done");
        for made in undo.iter().rev() {
            now = now.undo(&compiled.city, made);
        }
        assert_eq!(now.difference(&compiled.network), None, "{file}");
    }
}

/// Vehicles find their way over a stated network and obey its signals: all trips put in by hand arrive.
#[test]
fn vehicles_drive_on_a_stated_net() {
    let Some(text) = text(FILES[2]) else { return };
    let net = read_net(text.as_bytes()).expect("good");
    let compiled = net.compile();
    let core: Vec<LinkId> =
        (0..net.edges.len()).map(LinkId::from_index).filter(|l| compiled.network.in_core(*l)).collect();
    let start = LocalTime::of_civil(civil::date(2026, 6, 16).at(8, 0, 0, 0));
    let mut sim = Simulation::new(Arc::new(compiled.network), Arc::new(Demand::none()), start, 1);
    let mut rng = Pcg64::seed_from_u64(3);
    for _ in 0..200 {
        let mut pick = || core[rng.random_range(0..core.len())];
        let (from, to) = (pick(), pick());
        sim.depart(from, to, (0.2, 0.8), VehicleKind::Car);
        sim.warm_up(5.0);
    }
    sim.warm_up(1800.0);
    let tally = sim.tally();
    println!("{tally:?}");
    assert!(tally.arrived >= 150 && tally.under_way == 0, "{tally:?}");
}

const SMALL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<net version="1.20">
    <location netOffset="0.00,0.00" convBoundary="0,0,200,0" origBoundary="0,0,1,1" projParameter="!"/>
    <edge id=":b_0" function="internal">
        <lane id=":b_0_0" index="0" speed="13.89" length="5.00" shape="97,0 103,0"/>
    </edge>
    <edge id="in" from="a" to="b" priority="2">
        <lane id="in_0" index="0" disallow="pedestrian" speed="13.89" length="97.00" shape="0,-1.6 97,-1.6"/>
    </edge>
    <edge id="out" from="b" to="c" priority="2">
        <lane id="out_0" index="0" speed="13.89" length="97.00" shape="103,-1.6 200,-1.6"/>
    </edge>
    <tlLogic id="b" type="static" programID="0" offset="5">
        <phase duration="30" state="G"/>
        <phase duration="3" state="y"/>
        <phase duration="27" state="r"/>
    </tlLogic>
    <junction id="a" type="dead_end" x="0" y="0" incLanes="" intLanes="" shape="0,0 0,1"/>
    <junction id="b" type="traffic_light" x="100" y="0" incLanes="in_0" intLanes=":b_0_0" shape="97,0 103,0">
        <request index="0" response="0" foes="0" cont="0"/>
    </junction>
    <junction id="c" type="dead_end" x="200" y="0" incLanes="out_0" intLanes="" shape="200,0 200,1"/>
    <connection from="in" to="out" fromLane="0" toLane="0" via=":b_0_0" tl="b" linkIndex="0" dir="s" state="O"/>
    <connection from=":b_0" to="out" fromLane="0" toLane="0" dir="s" state="M"/>
</net>
"#;

#[test]
fn a_small_net_compiles() {
    let compiled = read_net(SMALL.as_bytes()).expect("good").compile();
    let (one, two) = (compiled.link("in").unwrap(), compiled.link("out").unwrap());
    let turn = compiled.network.turn(one, two).expect("connected");
    assert_eq!(compiled.network.turn_timing(turn), Some((60.0, 30.0)));
    assert_eq!(compiled.network.turn_signal(turn, 6.0).unwrap().colour, SignalColour::Green);
    assert_eq!(compiled.network.turn_signal(turn, 4.0).unwrap().colour, SignalColour::Red);
    assert!((compiled.network.free_flow_s(one) - 97.0 / 13.89).abs() < 1e-3);
    assert!((compiled.network.turn_length_m(turn) - 5.0).abs() < 1e-6);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (from, to, line, what) in [
        ("speed=\"13.89\" length=\"97.00\" shape=\"103", "speed=\"NaN\" length=\"97.00\" shape=\"103", 11, "finite"),
        ("length=\"97.00\" shape=\"0,", "length=\"-1\" shape=\"0,", 8, "positive"),
        ("shape=\"0,-1.6 97,-1.6\"", "shape=\"0,-1.6\"", 8, "two points"),
        (" shape=\"0,-1.6 97,-1.6\"", "", 8, "no `shape`"),
        ("to=\"c\"", "to=\"d\"", 10, "junction d is not in the file"),
        ("to=\"out\" fromLane=\"0\" toLane=\"0\" via", "to=\"out\" fromLane=\"3\" toLane=\"0\" via", 23, "no lane 3"),
        ("via=\":b_0_0\" tl", "via=\":b_9_0\" tl", 23, "lane :b_9_0 is not in the file"),
        ("from=\"in\" to=\"out\"", "from=\"inn\" to=\"out\"", 23, "edge inn is not in the file"),
        ("linkIndex=\"0\"", "linkIndex=\"7\"", 23, "no link 7"),
        ("tl=\"b\"", "tl=\"q\"", 23, "program q is not in the file"),
        ("state=\"y\"", "state=\"yy\"", 15, "differ in length"),
        ("state=\"y\"", "state=\"X\"", 15, "no signal state"),
        ("response=\"0\"", "response=\"02\"", 20, "0 and 1"),
        ("response=\"0\"", "response=\"00\"", 19, "not as many bits"),
        ("dir=\"s\" state=\"O\"", "dir=\"q\" state=\"O\"", 23, "one of"),
        ("id=\"out\" from", "id=\"in\" from", 10, "twice"),
        ("<net version=\"1.20\">", "<osm>", 2, "not <net>"),
        ("</junction>", "</junktion>", 21, "junktion"),
    ] {
        assert!(SMALL.contains(from), "{from}");
        let error = read_net(SMALL.replacen(from, to, 1).as_bytes()).expect_err(what);
        assert!(error.what.contains(what), "{error}");
        assert_eq!(error.line, line, "{error}");
    }
    assert!(read_net(b"").is_err());
    let cut = SMALL.find("<tlLogic").unwrap();
    let error = read_net(&SMALL.as_bytes()[..cut]).expect_err("cut");
    assert!(error.what.contains("breaks off"), "{error}");
}

/// Mutated files are read or refused, never a panic; what is read compiles.
#[test]
fn no_mutation_panics() {
    let mut rng = Pcg64::seed_from_u64(11);
    let real = text(FILES[2]);
    let tries = |text: &str, count: usize, rng: &mut Pcg64| {
        let mut read = 0;
        for _ in 0..count {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..rng.random_range(1..4) {
                if bytes.is_empty() {
                    break;
                }
                let at = rng.random_range(0..bytes.len());
                match rng.random_range(0..5) {
                    0 => bytes.truncate(at.max(1)),
                    1 => bytes[at] = rng.random_range(32..127),
                    2 => bytes[at] = rng.random(),
                    3 => drop(bytes.drain(at..(at + rng.random_range(1..60)).min(bytes.len()))),
                    _ => {
                        let digit = (at..bytes.len()).find(|i| bytes[*i].is_ascii_digit()).unwrap_or(at);
                        bytes[digit] = b"-9e.0"[rng.random_range(0..5)];
                    }
                }
            }
            if let Ok(net) = read_net(&bytes) {
                read += 1;
                net.compile();
            }
        }
        read
    };
    let read = tries(SMALL, 3000, &mut rng);
    assert!(read > 100, "{read} of 3000 could be read");
    if let Some(real) = real {
        tries(&real, 60, &mut rng);
    }
}
