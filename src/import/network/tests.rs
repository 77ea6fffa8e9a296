//! Small networks by hand. Nodes lie on a grid: node `10·x + y` stands 100·x metres east and 100·y north.

use citytwin_model::{
    Anchor, City, ControlKind, GeoBounds, Link, LinkEnd, LonLat, ProblemKind, SourceRef, TurnRestrictionKind, TurnVia,
};

use crate::{
    place::Location,
    raw::{MemberKind, RawMapBuilder},
    roads,
};

/// A tenth of a kilometre along a meridian, degree.
const STEP_DEG: f64 = 0.1 / 111.195;

fn grid(size: i64) -> RawMapBuilder {
    let mut builder = RawMapBuilder::new();
    for (x, y) in (0..size).flat_map(|x| (0..size).map(move |y| (x, y))) {
        builder.node(10 * x + y, place(x as f64, y as f64), &[]);
    }
    builder
}

fn place(x: f64, y: f64) -> LonLat {
    LonLat { lon: x * STEP_DEG, lat: y * STEP_DEG }
}

fn city_of(builder: RawMapBuilder) -> City {
    let raw = builder.build();
    let anchor = Anchor::new(LonLat { lon: 0.0, lat: 0.0 });
    let mut city = City::empty("test", anchor, GeoBounds { west: 0.0, south: 0.0, east: 0.01, north: 0.01 });
    let road_nodes = roads::read(&raw, &anchor, &Location::default(), &mut city);
    super::build(&raw, &anchor, road_nodes, &mut city);
    city
}

/// `way from→to` of a link, as `7:0→10`.
fn name(city: &City, link: &Link) -> String {
    let [from, to] = [link.from, link.to].map(|node| match city.nodes[node.index()].source {
        SourceRef::Node(id) => id,
        _ => i64::MIN,
    });
    let SourceRef::Way(way) = city.roads[link.road.index()].source else { return String::new() };
    format!("{way}:{from}→{to}")
}

fn names(city: &City) -> Vec<String> {
    city.links.iter().map(|link| name(city, link)).collect()
}

fn kinds(city: &City) -> Vec<ProblemKind> {
    city.problems.iter().map(|problem| problem.kind).collect()
}

const ROAD: &[(&str, &str)] = &[("highway", "residential")];

fn road(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [ROAD, extra].concat()
}

#[test]
fn links_run_between_shared_nodes_and_ends() {
    let mut map = grid(3);
    map.way(1, &[10, 11, 12], ROAD).way(2, &[1, 11, 21], &road(&[("oneway", "-1")]));
    map.way(3, &[0, 10], &[("highway", "footway")]);
    let city = city_of(map);
    assert_eq!(names(&city), ["1:10→11", "1:11→10", "1:11→12", "1:12→11", "2:11→1", "2:21→11"]);
    assert!(city.links.iter().all(|link| (link.length_m - 100.0).abs() < 1.0 && link.lanes == 1));
    for link in &city.links {
        let line = city.link_line(link.id);
        assert_eq!(line.0.first(), Some(&city.nodes[link.from.index()].at));
        assert_eq!(line.0.last(), Some(&city.nodes[link.to.index()].at));
    }
}

#[test]
fn ways_closed_to_cars_carry_no_links() {
    let mut map = grid(3);
    map.way(1, &[10, 11], &road(&[("motor_vehicle", "no")])).way(2, &[11, 12], &[("highway", "busway")]);
    map.way(3, &[1, 11], &road(&[("access", "private")]));
    assert_eq!(names(&city_of(map)), ["3:1→11", "3:11→1"]);
}

#[test]
fn loops_are_split_and_ways_may_cross_themselves() {
    let mut map = grid(3);
    map.way(1, &[0, 10, 11, 1, 0], &road(&[("junction", "roundabout")]));
    map.way(2, &[0, 20, 21, 11, 12], ROAD);
    let city = city_of(map);
    assert!(city.links.iter().all(|link| link.from != link.to));
    assert_eq!(names(&city)[..2], ["1:0→11", "1:11→0"]);
    // The loop of a cul-de-sac has no node of its own but its start.
    let mut map = grid(3);
    map.way(1, &[0, 1, 11, 21, 20, 1], ROAD);
    let city = city_of(map);
    assert!(city.links.iter().all(|link| link.from != link.to && link.connected));
    assert_eq!(city.links.len(), 6);
}

#[test]
fn pieces_without_length_join_their_nodes() {
    let mut map = grid(3);
    map.node(99, place(1.0, 1.0), &[]);
    map.way(1, &[10, 11, 11, 99, 12], ROAD).way(2, &[99, 21], ROAD);
    let city = city_of(map);
    assert_eq!(names(&city), ["1:10→11", "1:11→10", "1:11→12", "1:12→11", "2:11→21", "2:21→11"]);
    assert!(city.links.iter().all(|link| link.length_m > 1.0));
    assert_eq!(kinds(&city), [ProblemKind::Geometry, ProblemKind::Geometry]);
}

#[test]
fn clipped_and_degenerate_ways_are_problems_and_the_rest_loads() {
    let mut map = grid(3);
    map.way(1, &[500, 0, 1, 2, 501, 12], ROAD).way(2, &[1], ROAD).way(3, &[500, 501], ROAD).way(4, &[], ROAD);
    map.way(5, &[1, 1, 1], ROAD);
    let city = city_of(map);
    assert_eq!(names(&city), ["1:0→2", "1:2→0"]);
    use ProblemKind::{Geometry, MissingReference};
    assert_eq!(kinds(&city), [MissingReference, Geometry, MissingReference, Geometry, Geometry]);
    let sources: Vec<_> = city.problems.iter().map(|problem| problem.source.to_string()).collect();
    assert_eq!(sources, ["way/1", "way/2", "way/3", "way/4", "way/5"]);
}

#[test]
fn what_is_cut_off_is_one_problem_per_piece() {
    let mut map = grid(4);
    map.way(1, &[0, 10], ROAD).way(2, &[10, 20], ROAD);
    // A one-way stub of two ways, and an island far away.
    map.way(3, &[20, 21], &road(&[("oneway", "yes")])).way(4, &[21, 22], &road(&[("oneway", "yes")]));
    map.way(5, &[3, 13], ROAD);
    let city = city_of(map);
    let connected: Vec<bool> = city.links.iter().map(|link| link.connected).collect();
    assert_eq!(connected, [true, true, true, true, false, false, false, false]);
    let cut: Vec<_> = city.problems.iter().map(|problem| (problem.source.to_string(), problem.kind)).collect();
    let kind = ProblemKind::Connectivity;
    assert_eq!(cut, [("way/5".to_owned(), kind), ("way/3".to_owned(), kind)]);
    assert!(city.problems[1].what.starts_with("2 links (0.20 km)"), "{}", city.problems[1].what);
}

fn ends(map: RawMapBuilder) -> Vec<(String, LinkEnd)> {
    let city = city_of(map);
    city.links.iter().filter(|l| l.end != LinkEnd::Free).map(|link| (name(&city, link), link.end)).collect()
}

/// A crossing at 11 with one more node on the southern approach, `gap` hundred metres before it.
fn crossing(gap: f64, tags: &[(&str, &str)], centre: &[(&str, &str)]) -> RawMapBuilder {
    let mut map = RawMapBuilder::new();
    for (id, x, y) in [(10, 1.0, 0.0), (12, 1.0, 2.0), (1, 0.0, 1.0), (21, 2.0, 1.0)] {
        map.node(id, place(x, y), &[]);
    }
    map.node(11, place(1.0, 1.0), centre).node(50, place(1.0, 1.0 - gap), tags);
    map.way(1, &[10, 50, 11], ROAD).way(2, &[11, 12], ROAD);
    map.way(3, &[1, 11, 21], &[("highway", "primary")]);
    map
}

fn named(expected: &[(&str, LinkEnd)]) -> Vec<(String, LinkEnd)> {
    expected.iter().map(|(name, end)| ((*name).to_owned(), *end)).collect()
}

#[test]
fn controls_hold_for_the_approach_they_stand_on() {
    use LinkEnd::{GiveWay, Signals, Stop};
    let signals = &[("highway", "traffic_signals")];
    assert_eq!(ends(crossing(0.2, signals, &[])), named(&[("1:10→11", Signals)]));
    let forward = &[("highway", "stop"), ("direction", "forward")];
    assert_eq!(ends(crossing(0.2, forward, &[])), named(&[("1:10→11", Stop)]));
    let backward = &[("highway", "give_way"), ("direction", "backward")];
    assert_eq!(ends(crossing(0.2, backward, &[])), []);
    // Signs on the junction itself hold for the minor roads.
    let sign = &[("highway", "give_way")];
    assert_eq!(ends(crossing(0.2, &[], sign)), named(&[("1:10→11", GiveWay), ("2:12→11", GiveWay)]));
    let all = &[("highway", "stop"), ("stop", "all")];
    assert_eq!(ends(crossing(0.2, &[], all)).len(), 4);
    assert_eq!(ends(crossing(0.2, &[], signals)).len(), 4);
}

#[test]
fn signals_far_from_any_junction_become_nodes() {
    let signals = &[("highway", "traffic_signals")];
    let city = city_of(crossing(0.5, signals, &[]));
    assert!(names(&city).contains(&"1:10→50".to_owned()));
    let lone = city.nodes.iter().find(|node| node.source == SourceRef::Node(50)).unwrap();
    assert!(lone.signals);
    assert_eq!(city.controls.iter().map(|control| control.kind).collect::<Vec<_>>(), [ControlKind::Signals]);
}

/// A crossing at 11 whose east–west road passes through as one way, and a parallel road at y = 2.
fn town() -> RawMapBuilder {
    let mut map = grid(4);
    map.way(1, &[10, 11], ROAD).way(2, &[11, 12], ROAD).way(3, &[1, 11, 21], ROAD).way(4, &[2, 12, 22], ROAD);
    map.way(5, &[21, 22], ROAD);
    map
}

fn check_restriction(members: &[(MemberKind, i64, &str)], tags: &[(&str, &str)], expected: Result<&[&str], &str>) {
    let mut map = town();
    map.relation(1, members, &[&[("type", "restriction")], tags].concat());
    let city = city_of(map);
    let found: Vec<String> = city
        .restrictions
        .iter()
        .map(|restriction| {
            let kind = if restriction.kind == TurnRestrictionKind::No { "no" } else { "only" };
            let link = |id: &citytwin_model::LinkId| name(&city, &city.links[id.index()]);
            let via = match &restriction.via {
                TurnVia::Node(node) => city.nodes[node.index()].source.to_string(),
                TurnVia::Links(links) => links.iter().map(link).collect::<Vec<_>>().join(" "),
            };
            format!("{kind} {} | {via} | {}", link(&restriction.from), link(&restriction.to))
        })
        .collect();
    let problem = city.problems.iter().find(|problem| problem.kind == ProblemKind::Restriction);
    match expected {
        Ok(expected) => {
            assert_eq!(found, expected, "{tags:?}");
            assert_eq!(problem, None, "{tags:?}");
        }
        Err(part) => {
            assert!(found.is_empty(), "{tags:?}: {found:?}");
            assert!(problem.is_some_and(|problem| problem.what.contains(part)), "{tags:?}: {problem:?}");
            assert_eq!(problem.map(|problem| problem.source.clone()), Some(SourceRef::Relation(1)));
        }
    }
}

#[test]
fn restrictions_resolve_to_links() {
    use MemberKind::{Node, Way};
    let plain = [(Way, 1, "from"), (Node, 11, "via"), (Way, 2, "to")];
    check_restriction(&plain, &[("restriction", "no_straight_on")], Ok(&["no 1:10→11 | node/11 | 2:11→12"]));
    check_restriction(&plain, &[("restriction", "only_straight_on")], Ok(&["only 1:10→11 | node/11 | 2:11→12"]));
    check_restriction(&plain, &[("restriction:motorcar", "no_straight_on")], Ok(&["no 1:10→11 | node/11 | 2:11→12"]));
    check_restriction(&plain, &[("restriction", "no_straight_on"), ("except", "psv;motorcar")], Ok(&[]));
    check_restriction(&plain, &[("restriction:hgv", "no_straight_on")], Ok(&[]));
    // Way 3 passes through the junction: the name of the turn decides which of its links is meant.
    let into = [(Way, 1, "from"), (Node, 11, "via"), (Way, 3, "to")];
    check_restriction(&into, &[("restriction", "no_left_turn")], Ok(&["no 1:10→11 | node/11 | 3:11→1"]));
    check_restriction(&into, &[("restriction", "no_right_turn")], Ok(&["no 1:10→11 | node/11 | 3:11→21"]));
    let back = [(Way, 1, "from"), (Node, 11, "via"), (Way, 1, "to")];
    check_restriction(&back, &[("restriction", "no_u_turn")], Ok(&["no 1:10→11 | node/11 | 1:11→10"]));
    let over = [(Way, 1, "from"), (Way, 2, "via"), (Way, 4, "to")];
    check_restriction(&over, &[("restriction", "no_right_turn")], Ok(&["no 1:10→11 | 2:11→12 | 4:12→2"]));
    let around = [(Way, 4, "from"), (Way, 2, "via"), (Way, 3, "via"), (Way, 5, "to")];
    let expected = "no 4:2→12 | 2:12→11 3:11→21 | 5:21→22";
    check_restriction(&around, &[("restriction", "no_u_turn")], Ok(&[expected]));
}

#[test]
fn restrictions_that_cannot_be_applied_are_problems() {
    use MemberKind::{Node, Way};
    let plain = [(Way, 1, "from"), (Node, 11, "via"), (Way, 2, "to")];
    let rule = &[("restriction", "no_left_turn")];
    check_restriction(&plain, &[("restriction:conditional", "no_left_turn @ (Mo-Fr)")], Err("conditional"));
    check_restriction(&plain, &[("restriction", "never")], Err("cannot be read"));
    check_restriction(&plain, &[], Err("has no `restriction`"));
    check_restriction(&plain[..2], rule, Err("`to`"));
    check_restriction(&[plain[0], plain[2]], rule, Err("`via`"));
    check_restriction(&[plain[0], (Node, 777, "via"), plain[2]], rule, Err("node/777 is not in the file"));
    check_restriction(&[(Way, 888, "from"), plain[1], plain[2]], rule, Err("way/888 is not in the file"));
    check_restriction(&[plain[0], (Node, 33, "via"), plain[2]], rule, Err("no motor roads meet"));
    check_restriction(&[plain[0], (Node, 12, "via"), plain[2]], rule, Err("no direction of `from`"));
    check_restriction(&[plain[0], (Way, 5, "via"), plain[2]], rule, Err("do not form a drive"));
}
