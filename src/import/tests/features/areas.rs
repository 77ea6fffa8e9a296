//! Land, water, sea, trees, railways and energy assets from tags.

use citytwin_model::{
    Coord, EnergyAssetKind, LandKind, LonLat, MultiPolygon, ProblemKind, RailwayKind, SourceRef, WaterKind,
};
use geo::Intersects;

use crate::sketch::{BOUNDS, STEP_M, Sketch, anchor, assert_area, kinds};

type Tags<'a> = &'a [(&'a str, &'a str)];

const FROM: (f64, f64) = (0.0, 0.0);
const TO: (f64, f64) = (100.0, 50.0);

#[test]
fn land() {
    use LandKind::*;
    for (tags, expected) in [
        (&[("landuse", "residential")][..], Some(Residential)),
        (&[("landuse", "industrial")], Some(Industrial)),
        (&[("landuse", "forest")], Some(Forest)),
        (&[("natural", "wood")], Some(Forest)),
        (&[("natural", "beach")], Some(Sand)),
        (&[("leisure", "park"), ("landuse", "grass")], Some(Park)),
        (&[("leisure", "pitch")], Some(Pitch)),
        (&[("amenity", "parking")], Some(Parking)),
        (&[("amenity", "parking"), ("parking", "underground")], None),
        (&[("amenity", "school"), ("landuse", "residential")], Some(Institutional)),
        (&[("place", "square")], Some(Plaza)),
        (&[("highway", "pedestrian"), ("area", "yes")], Some(Plaza)),
        // A closed street is a roundabout or a block's way, not an area.
        (&[("highway", "pedestrian")], None),
        (&[("highway", "residential")], None),
        (&[("man_made", "pier")], Some(Plaza)),
        (&[("aeroway", "aerodrome")], Some(Aerodrome)),
        (&[("power", "substation")], Some(Industrial)),
        (&[("landuse", "grass"), ("layer", "-1")], None),
        (&[("building", "yes"), ("amenity", "school")], None),
        (&[("landuse", "nonsense")], None),
        (&[], None),
    ] {
        let city = Sketch::new().rect(1, FROM, TO, tags).read();
        assert_eq!(city.land.first().map(|area| area.kind), expected, "{tags:?}");
        assert!(city.water.is_empty(), "{tags:?}");
        city.land.iter().for_each(|area| assert_area(&area.shape, 5_000.0));
    }
}

#[test]
fn water() {
    use WaterKind::*;
    for (tags, expected) in [
        (&[("natural", "water")][..], Some(Lake)),
        (&[("natural", "water"), ("water", "river")], Some(River)),
        (&[("natural", "water"), ("water", "reservoir")], Some(Basin)),
        (&[("waterway", "riverbank")], Some(River)),
        (&[("landuse", "basin")], Some(Basin)),
        (&[("leisure", "swimming_pool")], Some(Pool)),
        (&[("amenity", "fountain"), ("natural", "water")], Some(Pool)),
        (&[("natural", "water"), ("tunnel", "yes")], None),
        (&[("leisure", "swimming_pool"), ("indoor", "yes")], None),
        // The coastline draws bays.
        (&[("natural", "bay")], None),
    ] {
        let city = Sketch::new().rect(1, FROM, TO, tags).read();
        assert_eq!(city.water.first().map(|area| area.kind), expected, "{tags:?}");
        assert!(city.land.is_empty(), "{tags:?}");
    }
}

#[test]
fn areas_are_ordered_largest_first() {
    let mut sketch = Sketch::new();
    sketch.rect(1, FROM, (10.0, 10.0), &[("landuse", "grass")]);
    sketch.rect(2, FROM, (90.0, 90.0), &[("landuse", "forest")]);
    sketch.rect(3, FROM, (10.0, 10.0), &[("leisure", "park")]);
    let order: Vec<_> = sketch.read().land.iter().map(|area| area.source.clone()).collect();
    assert_eq!(order[0], SourceRef::Way(2));
    assert_eq!(order.len(), 3);
}

#[test]
fn areas_far_beyond_the_map_are_cut() {
    let mut sketch = Sketch::new();
    sketch.rect(1, (-90_000.0, -100.0), (90_000.0, 100.0), &[("natural", "wood")]);
    sketch.rect(2, (50_000.0, 0.0), (60_000.0, 100.0), &[("natural", "wood")]);
    let city = sketch.read();
    assert_eq!(city.land.len(), 1);
    let width = 4_000.0 - 2.0 * anchor().enu(LonLat { lon: BOUNDS.west, lat: 50.0 }).x;
    assert_area(&city.land[0].shape, width * 200.0);
}

#[test]
fn waterways_end_where_areas_begin() {
    let mut sketch = Sketch::new();
    sketch.line(
        1,
        &[(-300.0, 0.0), (-110.0, 0.0), (-90.0, 0.0), (90.0, 0.0), (110.0, 0.0), (300.0, 0.0)],
        &[("waterway", "river"), ("width", "12 m"), ("name", "Aa")],
    );
    sketch.rect(2, (-101.0, -10.0), (101.0, 10.0), &[("natural", "water"), ("water", "river")]);
    sketch.line(3, &[(0.0, -5.0), (0.0, 5.0)], &[("waterway", "stream"), ("tunnel", "culvert")]);
    sketch.line(4, &[(0.0, 500.0), (0.0, 600.0)], &[("waterway", "stream"), ("width", "broad")]);
    let city = sketch.read();
    let lines: Vec<_> = city.waterways.iter().map(|w| (w.source.clone(), w.line.0.len(), w.tunnel)).collect();
    let river = SourceRef::Way(1);
    assert_eq!(lines[..2].iter().map(|line| line.0.clone()).collect::<Vec<_>>(), [river.clone(), river]);
    assert_eq!(lines[2], (SourceRef::Way(3), 2, true));
    assert_eq!(city.waterways[0].width_m.value, 12.0);
    assert!(city.waterways[0].width_m.is_stated() && !city.waterways[3].width_m.is_stated());
    assert_eq!((city.waterways[2].layer, city.waterways[0].layer), (-1, 0));
    assert_eq!(kinds(&city.problems, SourceRef::Way(4)), [ProblemKind::TagValue]);
}

#[test]
fn trees() {
    let mut sketch = Sketch::new();
    let oak = sketch.node(0.0, 0.0, &[("natural", "tree"), ("height", "21 m"), ("diameter_crown", "9")]);
    sketch.node(5.0, 0.0, &[("natural", "tree"), ("genus", "Pinus")]);
    sketch.node(9.0, 0.0, &[("natural", "tree"), ("height", "tall")]);
    sketch.line(1, &[(0.0, 50.0), (32.0, 50.0)], &[("natural", "tree_row"), ("leaf_type", "needleleaved")]);
    let city = sketch.read();
    assert_eq!(city.trees.len(), 3 + 5);
    assert_eq!(city.trees[0].source, SourceRef::Node(oak));
    assert_eq!((city.trees[0].height_m.value, city.trees[0].crown_diameter_m.value), (21.0, 9.0));
    assert!(!city.trees[0].conifer && city.trees[1].conifer && city.trees[3].conifer);
    assert!((7.0..=12.0).contains(&city.trees[2].height_m.value) && !city.trees[2].height_m.is_stated());
    let rows: Vec<_> = city.trees.iter().filter(|tree| tree.source == SourceRef::Way(1)).collect();
    assert_eq!(rows.len(), 5);
    assert!(rows.windows(2).all(|pair| ((pair[1].at.x - pair[0].at.x) - 8.0).abs() < 0.05));
    assert_eq!(city.problems.len(), 1, "{:?}", city.problems);
}

#[test]
fn railways() {
    for (tags, expected) in [
        (&[("railway", "rail"), ("bridge", "yes")][..], Some((RailwayKind::Rail, true, false, 1))),
        (&[("railway", "tram")], Some((RailwayKind::Tram, false, false, 0))),
        (&[("railway", "subway"), ("tunnel", "yes"), ("layer", "-2")], Some((RailwayKind::Subway, false, true, -2))),
        (&[("railway", "light_rail"), ("layer", "x")], Some((RailwayKind::LightRail, false, false, 0))),
        (&[("railway", "funicular")], Some((RailwayKind::Narrow, false, false, 0))),
        (&[("railway", "disused")], Some((RailwayKind::Inactive, false, false, 0))),
        (&[("railway", "abandoned")], None),
        (&[("railway", "platform")], None),
    ] {
        let city = Sketch::new().line(1, &[(0.0, 0.0), (100.0, 0.0)], tags).read();
        let found = city.railways.first().map(|r| (r.kind, r.bridge, r.tunnel, r.layer));
        assert_eq!(found, expected, "{tags:?}");
    }
}

#[test]
fn clipped_and_empty_lines_are_told() {
    let mut sketch = Sketch::new();
    let n = sketch.nodes(&[(0.0, 0.0), (10.0, 0.0), (30.0, 0.0), (40.0, 0.0), (50.0, 0.0)]);
    let rail = [("railway", "rail")];
    sketch.way(1, &[n[0], n[1], 900, n[2], n[3]], &rail).way(2, &[901, 902], &rail).way(3, &[n[4], n[4]], &rail);
    let city = sketch.read();
    assert_eq!(city.railways.iter().map(|r| r.line.0.len()).collect::<Vec<_>>(), [2, 2]);
    use ProblemKind::*;
    for (id, expected) in [(1, MissingReference), (2, MissingReference), (3, Geometry)] {
        assert_eq!(kinds(&city.problems, SourceRef::Way(id)), [expected], "way/{id}");
    }
}

#[test]
fn energy_assets() {
    use EnergyAssetKind::*;
    for (tags, kind, rated_w, problems) in [
        (&[("power", "substation"), ("rating", "40 MVA")][..], Substation, Some(40e6), 0),
        (
            &[("power", "substation"), ("substation", "minor_distribution"), ("rating", "630 kVA")],
            Transformer,
            Some(630e3),
            0,
        ),
        (&[("power", "transformer")], Transformer, None, 0),
        (
            &[("power", "generator"), ("generator:source", "solar"), ("generator:output:electricity", "9.9 kW")],
            Solar,
            Some(9_900.0),
            0,
        ),
        (
            &[("power", "generator"), ("generator:source", "wind"), ("generator:output:electricity", "2.5 MW")],
            Wind,
            Some(2.5e6),
            0,
        ),
        (
            &[("power", "generator"), ("generator:source", "gas"), ("generator:output:electricity", "yes")],
            Generator,
            None,
            0,
        ),
        (&[("power", "plant"), ("plant:source", "solar"), ("plant:output:electricity", "much")], Solar, None, 1),
        (&[("amenity", "charging_station"), ("charging_station:output", "22 kW")], Charger, Some(22e3), 0),
        (
            &[("amenity", "charging_station"), ("socket:type2", "4"), ("socket:type2:output", "22 kW")],
            Charger,
            Some(88e3),
            0,
        ),
    ] {
        let mut sketch = Sketch::new();
        let id = sketch.node(10.0, 20.0, tags);
        let city = sketch.read();
        let asset = &city.energy_assets[0];
        assert_eq!((asset.kind, asset.rated.map(|rated| rated.value.0)), (kind, rated_w), "{tags:?}");
        assert_eq!(asset.source, SourceRef::Node(id));
        assert!((asset.at.x - 10.0).abs() < STEP_M && (asset.at.y - 20.0).abs() < STEP_M);
        assert_eq!(city.problems.len(), problems, "{tags:?}: {:?}", city.problems);
    }
}

#[test]
fn a_plant_is_its_generators() {
    let mut sketch = Sketch::new();
    sketch.rect(1, FROM, TO, &[("power", "plant"), ("plant:output:electricity", "2 MW")]);
    let generator = sketch.node(50.0, 20.0, &[("power", "generator"), ("generator:source", "wind")]);
    let sources: Vec<_> = sketch.read().energy_assets.iter().map(|asset| asset.source.clone()).collect();
    assert_eq!(sources, [SourceRef::Node(generator)]);
}

/// The shape at a place in metres.
fn wet(water: &[citytwin_model::WaterArea], x: f64, y: f64) -> bool {
    let sea = |area: &&citytwin_model::WaterArea| area.kind == WaterKind::Sea;
    water.iter().filter(sea).any(|area| MultiPolygon::intersects(&area.shape, &Coord { x, y }))
}

const COAST: Tags<'_> = &[("natural", "coastline")];

#[test]
fn the_sea_lies_right_of_the_coast() {
    // West to east through the middle, beyond the edge on both sides, in two ways: the south is sea.
    let mut sketch = Sketch::new();
    let n = sketch.nodes(&[(-3_000.0, 0.0), (0.0, 0.0), (3_000.0, 0.0)]);
    sketch.way(2, &[n[1], n[2]], COAST).way(1, &[n[0], n[1]], COAST);
    // An island, and a pond on it.
    sketch.ring(3, &[(-200.0, -800.0), (200.0, -800.0), (200.0, -400.0), (-200.0, -400.0)], COAST);
    sketch.rect(4, (-50.0, -650.0), (50.0, -550.0), &[("natural", "water")]);
    let city = sketch.read();
    assert!(wet(&city.water, 0.0, -100.0) && wet(&city.water, 1_300.0, -2_000.0) && wet(&city.water, -1_300.0, -1.0));
    assert!(!wet(&city.water, 0.0, 100.0) && !wet(&city.water, 0.0, -600.0));
    let sea = city.water.iter().find(|area| area.kind == WaterKind::Sea).unwrap();
    assert_eq!(sea.source, SourceRef::Way(1));
    let corner = anchor().enu(LonLat { lon: BOUNDS.west, lat: BOUNDS.south });
    assert_area(&sea.shape, 4.0 * corner.x * corner.y / 2.0 - 160_000.0);
    assert!(city.problems.is_empty(), "{:?}", city.problems);
}

#[test]
fn coasts_without_an_edge() {
    let island = [(-200.0, -200.0), (200.0, -200.0), (200.0, 200.0), (-200.0, 200.0)];
    let city = Sketch::new().ring(1, &island, COAST).read();
    assert!(wet(&city.water, 500.0, 500.0) && !wet(&city.water, 0.0, 0.0), "only an island: sea all around");
    let lagoon: Vec<_> = island.into_iter().rev().collect();
    let city = Sketch::new().ring(1, &lagoon, COAST).read();
    assert!(!wet(&city.water, 500.0, 500.0) && wet(&city.water, 0.0, 0.0), "clockwise: water inside");
    assert!(Sketch::new().rect(1, FROM, TO, &[("landuse", "grass")]).read().water.is_empty());
}

#[test]
fn a_clipped_coast_reaches_the_edge() {
    // The extract has dropped the nodes outside: the ends lie some metres short of the edge.
    let edge = anchor().enu(LonLat { lon: BOUNDS.west, lat: 50.0 }).x;
    let mut sketch = Sketch::new();
    let n = sketch.nodes(&[(edge + 40.0, 0.0), (0.0, 10.0), (-edge - 70.0, 0.0)]);
    let city = sketch.way(1, &[800, n[0], n[1], n[2], 801], COAST).read();
    assert!(wet(&city.water, 0.0, -100.0) && !wet(&city.water, 0.0, 100.0));
}

#[test]
fn a_loose_coast_is_told_and_floods_nothing() {
    let city = Sketch::new().line(1, &[(-400.0, 0.0), (300.0, 100.0)], COAST).read();
    assert!(city.water.is_empty());
    assert_eq!(kinds(&city.problems, SourceRef::Way(1)), [ProblemKind::MissingReference]);
    // The wrong way round, the sea would lie over the streets.
    let mut sketch = Sketch::new();
    sketch.line(1, &[(-3_000.0, 0.0), (3_000.0, 0.0)], COAST);
    for k in 0..10 {
        let y = -100.0 * f64::from(k) - 50.0;
        sketch.line(10 + i64::from(k), &[(-500.0, y), (0.0, y), (500.0, y)], &[("highway", "residential")]);
    }
    let city = sketch.read();
    assert!(city.water.is_empty());
    assert_eq!(kinds(&city.problems, SourceRef::Way(1)), [ProblemKind::Geometry]);
}

#[test]
fn a_torn_river_is_closed_along_the_edge() {
    // Both banks cross the map, the ways that close them beyond it are missing; the streets lie north.
    let mut sketch = Sketch::new();
    sketch.line(1, &[(-3_000.0, 0.0), (3_000.0, 0.0)], &[]).line(2, &[(3_000.0, -200.0), (-3_000.0, -200.0)], &[]);
    sketch.rect(3, (-50.0, -150.0), (50.0, -50.0), &[]);
    sketch.line(4, &[(0.0, 50.0), (0.0, 80.0), (0.0, 900.0)], &[("highway", "residential")]);
    let members = [(1, "outer"), (2, "outer"), (3, "inner"), (98, "outer"), (99, "outer")];
    let city =
        sketch.relation(1, &members, &[("type", "multipolygon"), ("natural", "water"), ("water", "river")]).read();
    let width = -2.0 * anchor().enu(LonLat { lon: BOUNDS.west, lat: 50.0 }).x;
    assert_eq!(city.water.len(), 1);
    assert_area(&city.water[0].shape, width * 200.0 - 10_000.0);
    let found = kinds(&city.problems, SourceRef::Relation(1));
    assert_eq!(found, [ProblemKind::MissingReference, ProblemKind::Geometry]);
}
