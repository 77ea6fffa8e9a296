//! The rules from tags to heights, roofs and uses.

use citytwin_model::{BuildingUse, Known, Origin, ProblemKind, RoofShape, SourceRef};

use crate::sketch::{Sketch, building, kinds};

type Tags<'a> = &'a [(&'a str, &'a str)];

/// `building=yes` and more: height, underside, and whether the height is stated.
fn check_heights(tags: Tags<'_>, height_m: f32, min_m: f32, stated: bool, problems: usize) {
    let (building, found) = building(tags);
    let volume = &building.volume;
    let close = |a: f32, b: f32| (a - b).abs() < 1e-3;
    assert!(close(volume.height_m.value, height_m), "{tags:?}: {} m, expected {height_m}", volume.height_m.value);
    assert!(
        close(volume.min_height_m.value, min_m),
        "{tags:?}: from {} m, expected {min_m}",
        volume.min_height_m.value
    );
    assert_eq!(volume.height_m.is_stated(), stated, "{tags:?}");
    assert_eq!(found.len(), problems, "{tags:?}: {found:?}");
}

#[test]
fn heights() {
    let flats = ("building", "apartments");
    check_heights(&[flats, ("height", "12.5")], 12.5, 0.0, true, 0);
    check_heights(&[flats, ("height", "40 ft")], 12.192, 0.0, true, 0);
    check_heights(&[flats, ("height", "40'6\"")], 12.3444, 0.0, true, 0);
    check_heights(&[flats, ("building:height", "9 m")], 9.0, 0.0, true, 0);
    // Height goes before levels; what cannot be read is told and passed over.
    check_heights(&[flats, ("height", "20"), ("building:levels", "4")], 20.0, 0.0, true, 0);
    check_heights(&[flats, ("height", "tall"), ("building:levels", "4")], 12.4, 0.0, false, 1);
    check_heights(&[flats, ("height", "0"), ("building:levels", "4")], 12.4, 0.0, false, 1);
    check_heights(&[flats, ("height", "-3"), ("building:levels", "4")], 12.4, 0.0, false, 1);
    check_heights(&[flats, ("height", "99999"), ("building:levels", "4")], 12.4, 0.0, false, 1);
    check_heights(&[flats, ("height", "NaN"), ("building:levels", "1e3"), ("est_height", "7")], 7.0, 0.0, false, 2);
    // CTBUH: 3.1 m for dwellings and hotels, 3.9 m for offices.
    check_heights(&[flats, ("building:levels", "4")], 12.4, 0.0, false, 0);
    check_heights(&[flats, ("building:levels", "2.5")], 7.75, 0.0, false, 0);
    check_heights(&[("building", "office"), ("building:levels", "10")], 39.0, 0.0, false, 0);
    // A roof of stated height comes on top of the levels.
    check_heights(
        &[flats, ("building:levels", "4"), ("roof:shape", "gabled"), ("roof:height", "3")],
        15.4,
        0.0,
        false,
        0,
    );
    // Undersides.
    check_heights(&[flats, ("height", "20"), ("min_height", "5")], 20.0, 5.0, true, 0);
    check_heights(&[flats, ("height", "20"), ("building:min_level", "2")], 20.0, 6.2, true, 0);
    check_heights(&[flats, ("height", "20"), ("min_height", "20")], 20.0, 0.0, true, 1);
    check_heights(&[flats, ("height", "20"), ("min_height", "25")], 20.0, 0.0, true, 1);
    // Levels counted from the underside.
    check_heights(&[flats, ("building:levels", "2"), ("min_height", "30")], 36.2, 30.0, false, 0);
    check_heights(&[("building", "roof"), ("height", "5")], 5.0, 4.5, true, 0);
    check_heights(&[flats, ("location", "underground"), ("building:levels", "3")], 0.1, 0.0, false, 0);
    check_heights(&[("building", "house")], 6.2 + 2.886_75, 0.0, false, 0);
    check_heights(&[("building", "garage")], 2.6, 0.0, false, 0);
}

#[test]
fn levels_and_their_rules() {
    for (tags, levels, rule) in [
        (&[("building", "apartments"), ("building:levels", "4")][..], 4.0, None),
        (
            &[("building", "apartments"), ("height", "31")],
            10.0,
            Some("height without roof ÷ 3.1 m (CTBUH residential storey)"),
        ),
        (&[("building", "office"), ("height", "39")], 10.0, Some("height without roof ÷ 3.9 m (CTBUH office storey)")),
        (&[("building", "garage")], 1.0, Some("height without roof ÷ 2.8 m (shed storey)")),
    ] {
        let expected = match rule {
            None => Known::stated(levels),
            Some(rule) => Known::inferred(levels, rule),
        };
        assert_eq!(building(tags).0.volume.levels, expected, "{tags:?}");
    }
}

#[test]
fn roofs() {
    use RoofShape::*;
    let flats = ("building", "apartments");
    for (tags, shape, height_m, problems) in [
        (&[flats][..], Flat, 0.0, 0),
        (&[flats, ("height", "20"), ("roof:shape", "gabled"), ("roof:height", "4")], Gabled, 4.0, 0),
        // 45° on half of the 10 m.
        (&[flats, ("height", "20"), ("roof:shape", "hipped"), ("roof:angle", "45")], Hipped, 5.0, 0),
        (&[flats, ("height", "20"), ("roof:shape", "skillion"), ("roof:angle", "45°")], Skillion, 10.0, 0),
        (&[flats, ("height", "20"), ("roof:shape", "mansard"), ("roof:levels", "2")], Mansard, 5.0, 0),
        // 30° on half of the 10 m.
        (&[flats, ("height", "20"), ("roof:shape", "gabled")], Gabled, 2.886_75, 0),
        (&[flats, ("height", "20"), ("roof:shape", "dome")], Dome, 5.0, 0),
        // No room: half of the height at most; a stated one is told.
        (&[flats, ("height", "4"), ("roof:shape", "gabled")], Gabled, 2.0, 0),
        (&[flats, ("height", "4"), ("roof:shape", "gabled"), ("roof:height", "6")], Gabled, 4.0, 1),
        (&[flats, ("roof:shape", "9.0")], Flat, 0.0, 1),
        (&[flats, ("height", "20"), ("roof:shape", "flat"), ("roof:height", "2")], Flat, 0.0, 0),
        (&[flats, ("height", "20"), ("roof:levels", "1")], Gabled, 2.5, 0),
    ] {
        let (building, found) = building(tags);
        let roof = &building.volume.roof;
        assert_eq!(roof.shape.value, shape, "{tags:?}");
        assert!((roof.height_m.value - height_m).abs() < 0.01, "{tags:?}: {} m", roof.height_m.value);
        assert_eq!(found.len(), problems, "{tags:?}: {found:?}");
    }
}

#[test]
fn roof_direction_colour_and_material() {
    let (building, problems) = building(&[
        ("building", "yes"),
        ("roof:shape", "skillion"),
        ("roof:direction", "SSW"),
        ("roof:orientation", "across"),
        ("roof:colour", "IndianRed"),
        ("roof:material", "roof_tiles"),
        ("building:colour", "#fc0"),
        ("building:material", "brick"),
    ]);
    let volume = &building.volume;
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(volume.roof.direction_deg, Some(202.5));
    assert!(volume.roof.across);
    assert_eq!((volume.roof.colour, volume.colour), (Some([205, 92, 92]), Some([255, 204, 0])));
    assert_eq!((volume.roof.material.as_deref(), volume.material.as_deref()), (Some("roof_tiles"), Some("brick")));
    let bad = [("building", "yes"), ("building:colour", "nice"), ("roof:orientation", "2"), ("roof:direction", "up")];
    assert_eq!(crate::sketch::building(&bad).1.len(), 3);
}

#[test]
fn uses() {
    use BuildingUse::*;
    for (tags, usage, stated) in [
        (&[("building", "house")][..], House, true),
        (&[("building", "apartments")], Apartments, true),
        (&[("building", "retail")], Retail, true),
        (&[("building", "church")], Public, true),
        (&[("building", "hangar")], Warehouse, true),
        (&[("building", "garages")], Ancillary, true),
        // 10 m × 20 m on open land.
        (&[("building", "yes")], House, false),
        (&[("building", "residential")], House, false),
        (&[("building", "yes"), ("amenity", "school")], School, false),
        (&[("building", "yes"), ("shop", "mall")], Retail, false),
        (&[("building", "yes"), ("shop", "no")], House, false),
        (&[("building", "yes"), ("office", "government")], Office, false),
        (&[("building", "yes"), ("tourism", "hotel")], Hotel, false),
        (&[("building", "yes"), ("man_made", "works")], Industrial, false),
        (&[("building", "yes"), ("power", "substation")], Ancillary, false),
        (&[("building", "yes"), ("wall", "no")], Ancillary, false),
    ] {
        let (building, _) = building(tags);
        assert_eq!((building.usage.value, building.usage.is_stated()), (usage, stated), "{tags:?}");
    }
}

#[test]
fn the_land_around_tells_the_use() {
    use BuildingUse::*;
    for (land, usage) in [
        (&[("landuse", "industrial")][..], Industrial),
        (&[("landuse", "retail")], Retail),
        (&[("landuse", "commercial")], Office),
        (&[("landuse", "port")], Warehouse),
        (&[("landuse", "allotments")], Ancillary),
        (&[("amenity", "hospital")], Hospital),
        (&[("amenity", "university")], School),
        (&[("leisure", "park")], House),
    ] {
        let mut sketch = Sketch::new();
        sketch.rect(1, (0.0, 0.0), (10.0, 20.0), &[("building", "yes")]);
        sketch.rect(2, (-100.0, -100.0), (100.0, 100.0), land);
        // The smaller area counts.
        sketch.rect(3, (-500.0, -500.0), (500.0, 500.0), &[("landuse", "military")]);
        let city = sketch.read();
        let expected = if land[0].0 == "leisure" { Public } else { usage };
        assert_eq!(city.buildings[0].usage.value, expected, "{land:?}");
        assert!(matches!(city.buildings[0].usage.origin, Origin::Inferred(_)));
    }
}

#[test]
fn parts_belong_to_the_smallest_building_around_them() {
    let mut sketch = Sketch::new();
    sketch.rect(1, (0.0, 0.0), (40.0, 40.0), &[("building", "yes"), ("building:colour", "red")]);
    sketch.rect(2, (0.0, 0.0), (200.0, 200.0), &[("building", "yes")]);
    sketch.rect(3, (0.0, 0.0), (40.0, 20.0), &[("building:part", "yes"), ("height", "30")]);
    sketch.rect(4, (0.0, 20.0), (40.0, 40.0), &[("building:part", "yes"), ("building:levels", "4")]);
    sketch.rect(5, (500.0, 0.0), (510.0, 10.0), &[("building:part", "yes"), ("height", "9")]);
    sketch.rect(6, (150.0, 150.0), (160.0, 160.0), &[("building:part", "yes"), ("height", "50")]);
    let city = sketch.read();
    let holders: Vec<_> = city.building_parts.iter().map(|p| p.building.map(|b| b.index())).collect();
    assert_eq!(holders, [Some(0), Some(0), None, Some(1)]);
    assert_eq!(city.buildings[0].parts.len(), 2);
    // The building takes the height of its highest part, a part the colour of its building.
    assert_eq!(city.buildings[0].volume.height_m, Known::inferred(30.0, "highest of its parts"));
    assert_eq!(city.building_parts[1].volume.colour, Some([255, 0, 0]));
    // One small part does not stand for a large building.
    assert!(city.buildings[1].parts.is_empty());
}

#[test]
fn building_relations_say_which_parts_are_theirs() {
    let mut sketch = Sketch::new();
    sketch.rect(1, (0.0, 0.0), (40.0, 40.0), &[("building", "yes")]);
    sketch.rect(2, (30.0, 0.0), (60.0, 40.0), &[("building:part", "yes"), ("height", "30")]);
    let city = sketch.relation(1, &[(1, "outline"), (2, "part")], &[("type", "building")]).read();
    assert_eq!(city.building_parts[0].building, Some(city.buildings[0].id));
}

#[test]
fn an_outline_may_be_building_and_part() {
    let tags = [("building", "yes"), ("building:part", "yes"), ("height", "junk")];
    let city = Sketch::new().rect(1, (0.0, 0.0), (40.0, 40.0), &tags).read();
    assert_eq!((city.buildings.len(), city.building_parts.len()), (1, 1));
    assert_eq!(city.building_parts[0].building, Some(city.buildings[0].id));
    assert_eq!(kinds(&city.problems, SourceRef::Way(1)), [ProblemKind::TagValue]);
}

#[test]
fn no_is_no() {
    for tags in [[("building", "no")], [("building:part", "no")]] {
        let city = Sketch::new().rect(1, (0.0, 0.0), (40.0, 40.0), &tags).read();
        assert!(city.buildings.is_empty() && city.building_parts.is_empty());
    }
}

/// A block of houses without any tags is no slab, is tall in the middle, and is the same every time.
#[test]
fn dense_blocks_vary_and_repeat() {
    let block = || {
        let mut sketch = Sketch::new();
        for k in 0..400 {
            let (x, y) = (f64::from(k % 20) * 14.0, f64::from(k / 20) * 14.0);
            sketch.rect(1_000 + i64::from(k), (x, y), (x + 12.0, y + 12.0), &[("building", "yes")]);
        }
        sketch.read()
    };
    let city = block();
    let heights: Vec<f32> = city.buildings.iter().map(|b| b.volume.height_m.value).collect();
    let middle = heights[10 * 20 + 10];
    let distinct: std::collections::BTreeSet<u32> = heights.iter().map(|h| h.to_bits()).collect();
    assert!(distinct.len() >= 3, "{distinct:?}");
    assert!((12.0..25.0).contains(&middle), "{middle}");
    assert_eq!(heights, block().buildings.iter().map(|b| b.volume.height_m.value).collect::<Vec<_>>());
}

#[test]
fn slivers_belong_to_the_building_they_lean_on() {
    let mut sketch = Sketch::new();
    let n = sketch.nodes(&[(0.0, 0.0), (20.0, 0.0), (20.0, 20.0), (0.0, 20.0), (24.0, 0.0), (24.0, 4.0), (20.0, 4.0)]);
    sketch.way(1, &[n[0], n[1], n[6], n[2], n[3], n[0]], &[("building", "office"), ("height", "24")]);
    sketch.way(2, &[n[1], n[4], n[5], n[6], n[1]], &[("building", "yes")]);
    sketch.rect(3, (50.0, 0.0), (54.0, 4.0), &[("building", "yes")]);
    let city = sketch.read();
    let [host, sliver, shed] = &city.buildings[..] else { panic!("three buildings") };
    assert_eq!((sliver.usage.value, sliver.volume.height_m.value), (host.usage.value, 24.0));
    assert!(!sliver.usage.is_stated() && !sliver.volume.height_m.is_stated());
    assert_eq!(shed.usage.value, BuildingUse::Ancillary);
}
