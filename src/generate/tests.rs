//! Whole towns are held against what a town must be.

use geo::{Area, BooleanOps, BoundingRect, Polygon};
use rstar::{
    AABB, RTree,
    primitives::{GeomWithData, Rectangle},
};

use crate::{
    GenerateError, GenerateSpec, generate,
    kinds::{Class, Kind, Span},
    layout::Zone,
    maths::{P, distance, holds, lerp, open_ring},
    plan::{Building, Plan},
    town,
    traffic::{Control, is_connected, strong_parts},
};

fn planned(seed: u64, population: u32) -> Plan {
    town::fitted(seed, population, &|_, _| {})
}

/// Half of the carriageway without pavements, metre: lanes of 3.25 m, narrower in lanes of the old town
/// (RASt 06: 2.75 m to 3.25 m).
fn carriageway_half_m(kind: &Kind) -> f64 {
    match kind.class {
        Class::Service | Class::Track | Class::Footway | Class::Pedestrian => 1.2,
        Class::LivingStreet | Class::Residential => 2.5,
        _ => f64::from(kind.lanes.max(2)) * 1.625,
    }
}

/// Points along a ring, not more than 2 m apart.
fn walk(ring: &[P]) -> Vec<P> {
    let n = ring.len();
    (0..n)
        .flat_map(|i| {
            let (a, b) = (ring[i], ring[(i + 1) % n]);
            let steps = (distance(a, b) / 2.0).ceil().max(1.0) as usize;
            (0..steps).map(move |k| lerp(a, b, k as f64 / steps as f64))
        })
        .collect()
}

type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

fn boxed(area: &Polygon<f64>, i: usize) -> Boxed {
    let rect = area.bounding_rect().unwrap();
    GeomWithData::new(Rectangle::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]), i)
}

fn index(buildings: &[Building]) -> RTree<Boxed> {
    RTree::bulk_load(buildings.iter().enumerate().map(|(i, b)| boxed(&b.shape, i)).collect())
}

#[test]
fn the_motor_network_is_one_strongly_connected_piece() {
    for (seed, population) in [(7, 40_000), (1, 40_000), (2, 2_000), (3, 500), (4, 9_000), (5, 150_000)] {
        let plan = planned(seed, population);
        assert!(is_connected(&plan.streets), "{seed} {population}");
        assert!(strong_parts(&plan.streets).len() > 60, "{seed} {population}");
    }
}

/// Within 10 % of what was asked, by floor area (see `plan::LIVING_AREA_M2`).
#[test]
fn homes_hold_the_people_asked_for() {
    for (seed, population) in [(7, 40_000), (11, 40_000), (2, 2_000), (3, 500), (5, 150_000)] {
        let held = planned(seed, population).residents() / f64::from(population);
        assert!((0.9..1.1).contains(&held), "{seed} {population}: {held:.3}");
    }
}

#[test]
fn buildings_stand_apart() {
    let plan = planned(7, 40_000);
    let tree = index(&plan.buildings);
    for (i, a) in plan.buildings.iter().enumerate() {
        let rect = a.shape.bounding_rect().unwrap();
        let envelope = AABB::from_corners([rect.min().x, rect.min().y], [rect.max().x, rect.max().y]);
        for j in tree.locate_in_envelope_intersecting(&envelope).map(|e| e.data).filter(|&j| j > i) {
            let shared = a.shape.intersection(&plan.buildings[j].shape).unsigned_area();
            // Shared walls are rounded to the centimetre on each side: up to 30 m × 2 cm.
            assert!(
                shared < 0.8,
                "{shared:.2} m² of {:?} and {:?}",
                open_ring(&a.shape),
                open_ring(&plan.buildings[j].shape)
            );
        }
    }
}

#[test]
fn buildings_keep_off_streets_water_and_tracks() {
    for (seed, population) in [(7, 40_000), (1, 40_000), (2, 40_000), (3, 30_000), (12, 6_000), (5, 2_000)] {
        let plan = planned(seed, population);
        let tracks: Vec<_> = plan.rail.all_tracks().collect();
        for building in &plan.buildings {
            let ring = open_ring(&building.shape);
            for q in walk(&ring) {
                let on_road = (0..6).find_map(|_| {
                    let (s, d, _) = plan.streets.nearest_where(q, 7.0, |c| c != Class::Footway)?;
                    (d < carriageway_half_m(&plan.streets.all[s].kind)).then_some((s, d))
                });
                assert!(
                    on_road.is_none(),
                    "{seed}: {} at {q:?} on {:?}",
                    building.kind,
                    on_road.map(|x| &plan.streets.all[x.0].kind)
                );
                assert!(
                    !holds(&plan.water.river, q) || plan.water.island.as_ref().is_some_and(|i| holds(i, q)),
                    "{q:?}"
                );
                assert!(!plan.water.basins.iter().any(|b| holds(b, q)), "{q:?} in a basin");
                assert!(
                    tracks.iter().all(|t| t.windows(2).all(|w| crate::maths::nearest_on(w[0], w[1], q).1 > 2.0)),
                    "{q:?} on a track"
                );
            }
        }
        let tree = index(&plan.buildings);
        for street in &plan.streets.all {
            for &node in &street.nodes {
                let q = plan.streets.at[node as usize];
                let over = tree.locate_all_at_point(&[q.x, q.y]).any(|e| holds(&plan.buildings[e.data].shape, q));
                assert!(!over || street.kind.class >= Class::Service, "{:?} {q:?} under a building", street.kind);
            }
        }
    }
}

#[test]
fn every_building_is_near_a_street() {
    let plan = planned(7, 40_000);
    for building in &plan.buildings {
        let q = open_ring(&building.shape)[0];
        let near = plan.streets.nearest_where(q, 220.0, Class::is_motor);
        assert!(near.is_some(), "{} at {q:?}", building.kind);
    }
}

#[test]
fn the_demo_town_has_what_a_town_of_its_size_has() {
    let plan = planned(7, 40_000);
    let count = |kinds: &[&str]| plan.buildings.iter().filter(|b| kinds.contains(&b.kind)).count();
    assert!((6_000..9_500).contains(&plan.buildings.len()), "{}", plan.buildings.len());
    for (kind, least) in [("school", 4), ("church", 3), ("hospital", 1), ("stadium", 1)] {
        assert!(count(&[kind]) >= least, "{} of {kind}", count(&[kind]));
    }
    assert!(count(&["warehouse", "industrial"]) > 60 && count(&["train_station"]) == 1);
    let tallest = plan.buildings.iter().filter_map(|b| b.height_m).fold(0.0, f64::max);
    assert!((60.0..135.0).contains(&tallest), "{tallest}");
    let over_river = plan.streets.all.iter().filter(|s| {
        let deck = |w: &[u32]| {
            !plan.layout.is_dry((plan.streets.at[w[0] as usize] + plan.streets.at[w[1] as usize]) * 0.5, 0.0)
        };
        s.kind.class.is_motor() && s.nodes.windows(2).zip(&s.spans).any(|(w, x)| *x == Span::Bridge && deck(w))
    });
    assert!((5..=10).contains(&over_river.count()));
    let control = |kind| plan.rules.controls.values().filter(|c| **c == kind).count();
    assert!((40..=75).contains(&control(Control::Signals)), "{}", control(Control::Signals));
    assert!(control(Control::GiveWay) > 50 && control(Control::Stop) > 5 && plan.rules.turns.len() >= 4);
    assert!(plan.rules.turns.iter().any(|t| t.via_street.is_some()));
    assert!((2..=4).contains(&plan.streets.all.iter().filter(|s| s.kind.roundabout).count()));
    assert!(plan.streets.all.iter().filter(|s| s.kind.oneway && s.kind.class >= Class::Residential).count() > 10);
    assert_eq!(plan.layout.zone(plan.layout.at(0.0, 0.0)), Zone::OldTown);
}

fn files(seed: u64, population: u32) -> [Vec<u8>; 3] {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("town");
    generate(&GenerateSpec { seed, population, name: None }, &out, &|_, _| {}).unwrap();
    let left: Vec<_> = std::fs::read_dir(&out).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
    ["city.osm.gz", "city.toml", "SOURCES.md"].map(|name| std::fs::read(out.join(name)).unwrap())
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let first = files(7, 12_000);
    assert_eq!(first, files(7, 12_000));
    let other = files(8, 12_000);
    assert!(first[0] != other[0] && first[1] != other[1]);
    assert_eq!(&first[0][..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255], "gzip header without time or name");
}

#[test]
fn nonsense_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let spec = GenerateSpec { seed: 1, population: 500, name: None };
    let refused = |spec: &GenerateSpec, out: &std::path::Path| {
        let error = generate(spec, out, &|_, _| {}).unwrap_err();
        assert!(!error.to_string().contains('\n'), "{error}");
        error
    };
    for population in [0, 499, 700_001, u32::MAX] {
        let spec = GenerateSpec { population, ..spec.clone() };
        assert!(matches!(refused(&spec, folder.path()), GenerateError::Population(p) if p == population));
    }
    for name in ["", "  ", "a\nb"] {
        let spec = GenerateSpec { name: Some(name.into()), ..spec.clone() };
        assert!(matches!(refused(&spec, folder.path()), GenerateError::Name(_)));
    }
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("notes.txt"), "mine").unwrap();
    assert!(matches!(refused(&spec, &taken), GenerateError::Occupied { .. }));
    assert!(matches!(refused(&spec, &taken.join("notes.txt")), GenerateError::Io { .. }));
    assert_eq!(std::fs::read_dir(&taken).unwrap().count(), 1);
}

#[test]
fn a_generated_folder_may_be_generated_again() {
    let folder = tempfile::tempdir().unwrap();
    for seed in [1, 2] {
        let summary = generate(
            &GenerateSpec { seed, population: 500, name: Some("Test & Tal".into()) },
            folder.path(),
            &|_, _| {},
        );
        assert_eq!(summary.unwrap().name, "Test & Tal");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}
