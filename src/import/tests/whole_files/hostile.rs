//! Small files that ask for much: each loads in seconds, says what it left out, and keeps the rest.

use std::{
    f64::consts::TAU,
    fs,
    time::{Duration, Instant},
};

use citytwin_import::{ImportOptions, open};
use citytwin_model::{City, ProblemKind};

/// What a file of this size may take on a slow, busy machine; what is quadratic takes minutes.
const LIMIT: Duration = Duration::from_secs(30);

/// A map in OSM XML about 8° E 50° N, with a street that must always load.
struct Map(String);

impl Map {
    fn new() -> Self {
        let mut map = Self("<osm version='0.6'><bounds minlat='49.8' minlon='7.8' maxlat='50.6' maxlon='8.6'/>".into());
        map.node(900_000_001, 0.0, 0.0).node(900_000_002, 0.001, 0.001);
        map.way(900_000_001, [900_000_001, 900_000_002], "highway", "residential")
    }

    /// At an offset in degrees.
    fn node(&mut self, id: usize, x: f64, y: f64) -> &mut Self {
        self.0 += &format!("<node id='{id}' lat='{:.7}' lon='{:.7}'/>", 50.0 + y, 8.0 + x);
        self
    }

    fn way(mut self, id: usize, refs: impl IntoIterator<Item = usize>, key: &str, value: &str) -> Self {
        self.0 += &format!("<way id='{id}'><tag k='{key}' v='{value}'/>");
        refs.into_iter().for_each(|node| self.0 += &format!("<nd ref='{node}'/>"));
        self.0 += "</way>";
        self
    }

    /// A closed way through new nodes from 1 on.
    fn ring(mut self, points: &[(f64, f64)], key: &str, value: &str) -> Self {
        for (index, (x, y)) in points.iter().enumerate() {
            self.node(index + 1, *x, *y);
        }
        self.way(1, (1..=points.len()).chain([1]), key, value)
    }

    /// Members are kind, id and role.
    fn relation<'a>(
        mut self,
        id: usize,
        members: impl IntoIterator<Item = (&'a str, usize, &'a str)>,
        tags: &[(&str, &str)],
    ) -> Self {
        self.0 += &format!("<relation id='{id}'>");
        for (kind, id, role) in members {
            self.0 += &format!("<member type='{kind}' ref='{id}' role='{role}'/>");
        }
        tags.iter().for_each(|(key, value)| self.0 += &format!("<tag k='{key}' v='{value}'/>"));
        self.0 += "</relation>";
        self
    }

    fn load(mut self) -> City {
        self.0 += "</osm>";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hostile.osm");
        fs::write(&path, self.0).unwrap();
        let start = Instant::now();
        let city = open(&path, &ImportOptions::default(), &()).unwrap();
        assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
        assert!(city.roads.iter().any(|road| road.source.to_string() == "way/900000001"));
        city
    }
}

fn told(city: &City, source: &str, what: &str) -> bool {
    city.problems.iter().any(|problem| problem.source.to_string() == source && problem.what.contains(what))
}

/// Up and down, and back across all of it.
fn zigzag(count: usize) -> Vec<(f64, f64)> {
    (0..count).map(|i| (0.5 * i as f64 / count as f64, 0.01 * (i % 2) as f64)).collect()
}

/// A round shore of many bays.
fn shore(count: usize, size: f64) -> Vec<(f64, f64)> {
    let point = |i: usize| {
        let angle = TAU * i as f64 / count as f64;
        let r = size * (1.0 + 0.1 * (angle * count as f64 / 20.0).sin());
        (0.2 + r * angle.cos(), 0.2 + r * angle.sin())
    };
    (0..count).map(point).collect()
}

#[test]
fn a_scribbled_outline_is_left_out() {
    for (key, value) in [("building", "yes"), ("landuse", "forest"), ("natural", "water")] {
        let city = Map::new().ring(&zigzag(100_000), key, value).load();
        assert_eq!((city.buildings.len(), city.land.len(), city.water.len()), (0, 0, 0), "{key}");
        assert!(told(&city, "way/1", "crosses itself too often"), "{:?}", city.problems);
    }
    // Each of two thousand nodes with each: two million crossings.
    let mut state = 1_u64;
    let mut dice = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) * 0.1
    };
    let scribble: Vec<_> = (0..2_000).map(|_| (dice(), dice())).collect();
    assert!(told(&Map::new().ring(&scribble, "building", "yes").load(), "way/1", "too often"));
    // Teeth so close that the boxes of all sides overlap, though no side meets another.
    let tooth = |i: usize| {
        let (x, far) = (0.4 * i as f64 / 50_000.0, if (i / 2) % 2 == i % 2 { 0.0 } else { 0.2 });
        (x + far, far - x + 0.1)
    };
    let comb: Vec<_> = (0..50_000).map(tooth).collect();
    assert!(Map::new().ring(&comb, "building", "yes").load().buildings.len() <= 1);
}

#[test]
fn a_million_nodes_that_cross_take_seconds() {
    let city = Map::new().ring(&zigzag(1_000_000), "building", "yes").load();
    assert!(city.buildings.is_empty() && told(&city, "way/1", "crosses itself too often"));
}

/// What is large and right stays, and what is large and crosses a little is mended.
#[test]
fn a_long_shore_loads() {
    let city = Map::new().ring(&shore(100_000, 0.1), "natural", "water").load();
    assert_eq!((city.water.len(), city.problems.len()), (1, 0), "{:?}", city.problems);
    let mut crossing = shore(100_000, 0.1);
    crossing.swap(5_000, 5_010);
    let city = Map::new().ring(&crossing, "natural", "water").load();
    assert!(city.water.len() == 1 && told(&city, "way/1", "mended"), "{:?}", city.problems);
}

/// Many houses beside a shore of many nodes: each asks what holds it.
#[test]
fn a_long_shore_is_looked_up_fast() {
    let points = shore(60_000, 0.1);
    let mut map = Map::new().ring(&points, "landuse", "residential").way(2, 1..=60_000, "waterway", "stream");
    for i in 1..15_000 {
        map = map.way(10 + i, [i, i + 1, i + 2, i], "building", "yes");
    }
    assert_eq!(map.load().land.len(), 1);
}

#[test]
fn one_spot_holds_any_number() {
    let mut map = Map::new();
    for (id, (x, y)) in [(1, (0.0, 0.0)), (2, (1e-5, 0.0)), (3, (1e-5, 1e-5)), (4, (0.01, 0.01))] {
        map.node(id, x, y);
    }
    // Sheds and houses on the same two corners; parts and land over them.
    for i in 0..10_000 {
        map = map.way(4 * i + 1, [1, 2, 3, 1], "building", "yes").way(4 * i + 2, [1, 2, 4, 1], "building", "yes");
        map = map.way(4 * i + 3, [1, 2, 4, 1], "building:part", "yes");
        map = map.way(4 * i + 4, [1, 2, 4, 1], "landuse", "residential");
    }
    let city = map.load();
    assert_eq!((city.buildings.len(), city.building_parts.len(), city.land.len()), (20_000, 10_000, 10_000));
    // A road that stays where it is for all of its nodes.
    let mut map = Map::new();
    (1..=50_000).for_each(|id| {
        map.node(id, 0.0, 0.0);
    });
    map.node(50_001, 0.01, 0.0);
    let city = map.way(1, [50_001].into_iter().chain((1..=50_000).rev()), "highway", "residential").load();
    assert!(told(&city, "way/1", "pieces without length"));
}

#[test]
fn relations_ask_for_no_more_than_the_file_holds() {
    // One ring drawn by thousands.
    let area = [("type", "multipolygon"), ("building", "yes")];
    let mut map = Map::new().ring(&shore(2_000, 0.1), "note", "ring");
    for id in 1..=10_000 {
        map = map.relation(id, [("way", 1, "outer")], &area);
    }
    let city = map.load();
    assert!((900..1_100).contains(&city.buildings.len()), "{}", city.buildings.len());
    assert!(told(&city, "relation/10000", "over and over"));
    // One of a hundred thousand members, all of them rings.
    let mut map = Map::new();
    for i in 0..25_000 {
        let (x, y) = ((i % 158) as f64 * 0.002, (i / 158) as f64 * 0.002);
        for (corner, (dx, dy)) in [(0.0, 0.0), (0.001, 0.0), (0.001, 0.001), (0.0, 0.001)].into_iter().enumerate() {
            map.node(4 * i + corner + 1, x + dx, y + dy);
        }
        map = map.way(i + 1, [1, 2, 3, 4, 1].map(|corner| 4 * i + corner), "note", "ring");
    }
    let members = (0..100_000).map(|i| ("way", i + 1, "outer"));
    let city = map.relation(1, members, &[("type", "multipolygon"), ("landuse", "forest")]).load();
    assert_eq!(city.land[0].shape.0.len(), 25_000);
    // A chain of relations of relations, and one that is its own member.
    let mut map = Map::new().relation(1, [("relation", 1, "")], &area);
    for id in 2..50_000 {
        map = map.relation(id, [("relation", id - 1, "outer")], &area);
    }
    map.load();
}

#[test]
fn restrictions_on_long_roads() {
    const LONG: usize = 20_000;
    let rule = |kind: &'static str| [("type", "restriction"), ("restriction", kind)];
    let mut map = Map::new();
    for i in 0..LONG {
        let x = 0.5 * i as f64 / LONG as f64;
        map.node(i + 1, x, 0.0).node(LONG + i + 1, x, 0.001);
    }
    let long = 800_000_000;
    map = map.way(long, 1..=LONG, "highway", "residential");
    for i in 1..=LONG {
        map = map.way(i, [i, LONG + i], "highway", "residential");
    }
    for i in 1..LONG {
        map = map.relation(i, [("way", i, "from"), ("node", i, "via"), ("way", long, "to")], &rule("no_left_turn"));
        let over = [("way", 1, "from"), ("way", long, "via"), ("way", LONG, "to")];
        map = map.relation(LONG + i, over, &rule("no_u_turn"));
    }
    let city = map.load();
    assert!(city.restrictions.len() > LONG - 100, "{}", city.restrictions.len());
    assert!(told(&city, &format!("relation/{}", 2 * LONG - 1), "too many ways"));
    // Every way of a junction with every other.
    let mut map = Map::new();
    map.node(1, 0.0, 0.0);
    for i in 2..6_000 {
        map.node(i, 0.001, 1e-5 * i as f64);
        map = map.way(i, [1, i], "highway", "residential");
    }
    let members = (2..6_000).map(|i| ("way", i, if i % 2 == 0 { "from" } else { "to" })).chain([("node", 1, "via")]);
    let city = map.relation(1, members, &rule("no_entry")).load();
    assert!(told(&city, "relation/1", "too many `from` and `to`"));
}

#[test]
fn rows_and_tags_without_end() {
    let mut map = Map::new();
    map.node(1, 0.0, 0.0).node(2, 0.5, 0.5);
    for id in 1..=1_000 {
        map = map.way(id, [1, 2], "natural", "tree_row");
    }
    let city = map.load();
    assert!(city.trees.len() <= 2_000_000 && told(&city, "way/1000", "more trees than a city has"));
    // A charging station of ten thousand kinds of socket, and a street whose name is a book.
    let mut map = Map::new();
    map.0 += "<node id='1' lat='50' lon='8'><tag k='amenity' v='charging_station'/>";
    (0..50_000).for_each(|i| map.0 += &format!("<tag k='socket:{i}:output' v='22 kW'/>"));
    map.0 += "</node>";
    let book = "ä".repeat(250_000);
    let city =
        map.way(5, [900_000_001, 900_000_002], "highway", &book).way(6, [900_000_001, 900_000_002], "name", &book);
    let city = city.load();
    assert_eq!(city.energy_assets.len(), 1);
    assert!(city.problems.iter().all(|problem| problem.what.len() < 2_000 && problem.kind != ProblemKind::Entry));
}

/// Shores that leave the map thousands of times, and coastlines that cross.
#[test]
fn torn_shores() {
    let mut map = Map::new();
    for i in 0..10_000 {
        let y = -0.15 + 0.7 * i as f64 / 10_000.0;
        map.node(2 * i + 1, -0.25, y).node(2 * i + 2, 0.65, y);
        map = map.way(i + 1, [2 * i + 1, 2 * i + 2], "note", "shore");
    }
    let members = (1..=10_001).map(|way| ("way", way, "outer"));
    map.relation(1, members, &[("type", "multipolygon"), ("natural", "water")]).load();
    let mut map = Map::new();
    for i in 0..3_000 {
        let y = |step: usize| -0.15 + 0.7 * (i * step % 3_001) as f64 / 3_001.0;
        map.node(2 * i + 1, -0.25, y(1_201)).node(2 * i + 2, 0.65, y(1_999));
        map = map.way(i + 1, [2 * i + 1, 2 * i + 2], "natural", "coastline");
    }
    let city = map.load();
    assert!(told(&city, "way/1", "cross each other too often"), "{:?}", city.problems.first());
}
