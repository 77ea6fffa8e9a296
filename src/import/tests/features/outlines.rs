//! Outlines: what is drawn badly is mended and told, what cannot be is left out and told.

use citytwin_model::{ProblemKind, SourceRef};

use crate::sketch::{Sketch, assert_area, check_valid, kinds};

const YES: &[(&str, &str)] = &[("building", "yes")];
const AREA: &[(&str, &str)] = &[("type", "multipolygon"), ("building", "yes")];

/// One closed way: its area, `None` when it must be left out, and the kinds of its problems.
fn check_way(points: &[(f64, f64)], area_m2: Option<f64>, problems: &[ProblemKind]) {
    let city = Sketch::new().ring(7, points, YES).read();
    assert_eq!(kinds(&city.problems, SourceRef::Way(7)), problems, "{points:?}");
    match area_m2 {
        Some(area) => assert_area(&city.buildings[0].volume.footprint, area),
        None => assert!(city.buildings.is_empty(), "{points:?}"),
    }
}

#[test]
fn closed_ways() {
    use ProblemKind::Geometry;
    let square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)];
    check_way(&square, Some(100.0), &[]);
    let clockwise: Vec<_> = square.into_iter().rev().collect();
    check_way(&clockwise, Some(100.0), &[]);
    // A bow tie: two triangles of 25 m².
    check_way(&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)], Some(50.0), &[Geometry]);
    // A spike out and back has no area of its own.
    check_way(
        &[(0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (30.0, 5.0), (10.0, 5.0), (10.0, 10.0), (0.0, 10.0)],
        Some(100.0),
        &[Geometry],
    );
    // A pentagram: five points by the even-odd rule, without its middle.
    let star: Vec<_> = [0, 2, 4, 1, 3]
        .map(|k| (90.0 + 72.0 * f64::from(k)).to_radians())
        .map(|a| (100.0 * a.cos(), 100.0 * a.sin()))
        .to_vec();
    let city = Sketch::new().ring(7, &star, YES).read();
    assert_eq!(city.buildings[0].volume.footprint.0.len(), 5);
    assert_eq!(kinds(&city.problems, SourceRef::Way(7)), [Geometry]);
    // Points twice and three times in a row.
    check_way(
        &[(0.0, 0.0), (0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (10.0, 10.0), (10.0, 10.0), (0.0, 10.0)],
        Some(100.0),
        &[],
    );
    // No area: a line there and back, one point.
    check_way(&[(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)], None, &[Geometry]);
    check_way(&[(3.0, 3.0), (3.0, 3.0), (3.0, 3.0)], None, &[Geometry]);
}

#[test]
fn an_open_building_is_told() {
    let city = Sketch::new().line(7, &[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)], YES).read();
    assert!(city.buildings.is_empty());
    assert_eq!(kinds(&city.problems, SourceRef::Way(7)), [ProblemKind::Geometry]);
}

#[test]
fn missing_nodes_leave_the_rest() {
    let mut sketch = Sketch::new();
    let mut nodes = sketch.nodes(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]);
    nodes.insert(2, 999);
    nodes.push(nodes[0]);
    sketch.way(7, &nodes, YES);
    sketch.way(8, &[nodes[0], 998, 997, nodes[0]], YES);
    let city = sketch.read();
    assert_eq!(city.buildings.len(), 1);
    assert_area(&city.buildings[0].volume.footprint, 100.0);
    assert_eq!(kinds(&city.problems, SourceRef::Way(7)), [ProblemKind::MissingReference]);
    assert_eq!(kinds(&city.problems, SourceRef::Way(8)), [ProblemKind::MissingReference]);
    assert!(city.problems.iter().any(|p| p.what.contains("1 of 6 nodes")), "{:?}", city.problems);
}

/// A multipolygon of boxes: `(from, to, role)`.
fn check_relation(boxes: &[((f64, f64), (f64, f64), &str)], area_m2: f64, problems: &[ProblemKind]) {
    let mut sketch = Sketch::new();
    let mut members = Vec::new();
    for (index, (from, to, role)) in boxes.iter().enumerate() {
        let id = 10 + index as i64;
        sketch.rect(id, *from, *to, &[]);
        members.push((id, *role));
    }
    let city = sketch.relation(1, &members, AREA).read();
    assert_eq!(kinds(&city.problems, SourceRef::Relation(1)), problems, "{boxes:?}");
    assert_area(&city.buildings[0].volume.footprint, area_m2);
}

#[test]
fn multipolygons() {
    let outer = ((0.0, 0.0), (100.0, 100.0), "outer");
    check_relation(&[outer], 10_000.0, &[]);
    check_relation(&[outer, ((10.0, 10.0), (20.0, 20.0), "inner")], 9_900.0, &[]);
    // Roles that are wrong or left out.
    check_relation(&[((0.0, 0.0), (100.0, 100.0), ""), ((10.0, 10.0), (20.0, 20.0), "outer")], 9_900.0, &[]);
    // Two outers, one of them with a hole, and an island in the hole.
    check_relation(
        &[
            outer,
            ((200.0, 0.0), (210.0, 10.0), "outer"),
            ((10.0, 10.0), (50.0, 50.0), "inner"),
            ((20.0, 20.0), (30.0, 30.0), "outer"),
        ],
        10_000.0 + 100.0 - 1_600.0 + 100.0,
        &[],
    );
    // Inner rings that share a side are one hole (OSM wiki, touching inner rings).
    check_relation(
        &[outer, ((10.0, 10.0), (20.0, 20.0), "inner"), ((20.0, 10.0), (30.0, 20.0), "inner")],
        9_800.0,
        &[],
    );
    // A hole that touches the outer ring along a side.
    check_relation(&[outer, ((0.0, 40.0), (10.0, 60.0), "inner")], 9_800.0, &[]);
    // A hole that crosses the outer ring: by the even-odd rule, and told.
    check_relation(&[outer, ((-10.0, 40.0), (10.0, 60.0), "inner")], 9_800.0 + 200.0, &[ProblemKind::Geometry]);
}

#[test]
fn rings_are_joined_from_ways_in_any_order_and_direction() {
    let mut sketch = Sketch::new();
    let n = sketch.nodes(&[(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)]);
    sketch.way(11, &[n[1], n[0]], &[]).way(12, &[n[2], n[3]], &[]).way(13, &[n[1], n[2]], &[]).way(
        14,
        &[n[3], n[0]],
        &[],
    );
    let city = sketch.relation(1, &[(12, "outer"), (11, "outer"), (14, ""), (13, "outer")], AREA).read();
    assert!(city.problems.is_empty(), "{:?}", city.problems);
    assert_area(&city.buildings[0].volume.footprint, 10_000.0);
}

#[test]
fn torn_relations_keep_their_complete_rings() {
    let mut sketch = Sketch::new();
    let n = sketch.nodes(&[(300.0, 0.0), (310.0, 0.0), (310.0, 10.0)]);
    sketch.rect(11, (0.0, 0.0), (100.0, 100.0), &[]).way(12, &n, &[]);
    sketch.relation(1, &[(11, "outer"), (12, "outer"), (404, "outer")], AREA);
    // Nothing missing, but it does not close.
    sketch.relation(2, &[(11, "outer"), (12, "outer")], AREA);
    // Nothing left.
    sketch.relation(3, &[(404, "outer"), (405, "outer"), (406, "inner"), (407, "inner")], AREA);
    // A member twice.
    sketch.relation(4, &[(11, "outer"), (11, "outer")], AREA);
    // No members.
    sketch.relation(5, &[], AREA);
    let city = sketch.read();
    let found: Vec<_> = city.buildings.iter().map(|b| b.source.clone()).collect();
    assert_eq!(found, [SourceRef::Relation(1), SourceRef::Relation(2), SourceRef::Relation(4)]);
    city.buildings.iter().for_each(|b| assert_area(&b.volume.footprint, 10_000.0));
    use ProblemKind::*;
    for (id, expected) in [(1, MissingReference), (2, Geometry), (3, MissingReference), (4, Duplicate), (5, Geometry)] {
        assert_eq!(kinds(&city.problems, SourceRef::Relation(id)), [expected], "relation/{id}");
    }
    let what = city.problems.iter().find(|p| p.source == SourceRef::Relation(3)).unwrap().what.clone();
    assert!(what.contains("way/404, way/405, way/406 and 1 more"), "{what}");
}

#[test]
fn untagged_relations_give_holes_to_their_outer_way() {
    let mut sketch = Sketch::new();
    sketch.rect(11, (0.0, 0.0), (100.0, 100.0), &[("building", "school")]).rect(12, (10.0, 10.0), (60.0, 60.0), &[]);
    let city = sketch.relation(1, &[(11, "outer"), (12, "inner")], &[("type", "multipolygon")]).read();
    assert_eq!(city.buildings.len(), 1);
    assert_eq!(city.buildings[0].source, SourceRef::Way(11));
    assert_area(&city.buildings[0].volume.footprint, 7_500.0);
}

#[test]
fn a_building_drawn_twice_stands_once() {
    let mut sketch = Sketch::new();
    sketch.rect(11, (0.0, 0.0), (100.0, 100.0), &[("building", "yes"), ("height", "30")]);
    sketch.rect(12, (10.0, 10.0), (60.0, 60.0), &[]);
    let city = sketch.relation(1, &[(11, "outer"), (12, "inner")], AREA).read();
    assert_eq!(city.buildings.len(), 2);
    assert!(city.buildings[0].volume.height_m.value < 1.0, "the way is flattened");
    assert!(city.buildings[1].volume.height_m.value > 2.0);
    assert_eq!(kinds(&city.problems, SourceRef::Way(11)), [ProblemKind::Duplicate]);
}

/// Any places at all: nothing panics, and what comes out is valid (the sketch checks it).
#[test]
fn scribbles_never_panic() {
    let mut state = 1_u64;
    let mut dice = move |sides: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % sides
    };
    for _ in 0..300 {
        let mut sketch = Sketch::new();
        let mut members = Vec::new();
        for way in 0..1 + dice(4) {
            let count = 3 + dice(12);
            // A coarse grid makes points, sides and rings meet in every way.
            let points: Vec<_> = (0..count).map(|_| (dice(6) as f64 * 10.0, dice(6) as f64 * 10.0)).collect();
            let id = 10 + way as i64;
            sketch.ring(id, &points, if dice(2) == 0 { YES } else { &[] });
            members.push((id, if dice(2) == 0 { "inner" } else { "outer" }));
        }
        check_valid(&sketch.relation(1, &members, AREA).read());
    }
}
