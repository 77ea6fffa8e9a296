//! Whole cities: every mesh is finite, and the same whatever the number of threads.

mod support;

use std::sync::Mutex;

use citytwin_model::{BuildingId, City, FeatureRef, LinkId, RoadId, RoofShape};
use citytwin_view::{
    Overlay, OverlayLayer,
    mesh::{Chunk, Slots},
    overlay_table,
    world::{Built, build},
};
use geo::polygon;

fn chunks(city: &City) -> Vec<Chunk> {
    let chunks = Mutex::new(Vec::new());
    build(city, &Slots::of(city), &|built| {
        if let Built::Chunk(chunk) = built {
            chunks.lock().expect("no panic before").push(chunk);
        }
        true
    });
    chunks.into_inner().expect("no panic before")
}

#[test]
fn every_mesh_of_every_extract_is_finite() {
    for file in support::extracts() {
        let city = citytwin_import::open(&file, &Default::default(), &()).expect("the extract is readable");
        let began = std::time::Instant::now();
        let chunks = chunks(&city);
        let vertices: usize = chunks.iter().map(|c| c.mesh.positions.len()).sum();
        println!("{}: {} chunks, {vertices} vertices, {:?}", file.display(), chunks.len(), began.elapsed());
        assert!(!chunks.is_empty(), "{}", file.display());
        for chunk in &chunks {
            assert!(chunk.mesh.is_finite(), "{} {:?} {:?}", file.display(), chunk.layer, chunk.key);
            assert!(chunk.mesh.indices.iter().all(|i| (*i as usize) < chunk.mesh.positions.len()));
        }
    }
}

#[test]
fn threads_do_not_change_the_city() {
    let Some(city) = support::extract("helsinki") else { return };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| chunks(&city))
    };
    let (one, three) = (with(1), with(3));
    assert_eq!(one.len(), three.len());
    for (a, b) in one.iter().zip(&three) {
        assert_eq!((a.key, a.layer), (b.key, b.layer));
        assert!(a.mesh.positions == b.mesh.positions && a.mesh.indices == b.mesh.indices, "{:?} {:?}", a.layer, a.key);
    }
}

#[test]
fn an_overlay_colours_the_rows_of_its_features_and_no_others() {
    let mut city = support::empty();
    let square = polygon![(x: 0.0, y: 0.0), (x: 9.0, y: 0.0), (x: 9.0, y: 9.0), (x: 0.0, y: 9.0)];
    for k in 0..3 {
        city.buildings.push(support::building(k, square.clone(), RoofShape::Flat, 6.0, 0.0));
    }
    let slots = Slots::of(&city);
    let colours = std::sync::Arc::new(std::array::from_fn(|k| [k as u8, 7, 9]));
    let values = std::sync::Arc::new(vec![0.0, f32::NAN, 1.0]);
    let overlay = Overlay {
        buildings: Some(OverlayLayer { values, colours }),
        closed: vec![RoadId(99)],
        version: 1,
        ..Default::default()
    };
    let table = overlay_table(&city, &slots, &overlay);
    let row = |k: u32| table[slots.feature(&city, FeatureRef::Building(BuildingId(k))) as usize].to_le_bytes();
    assert_eq!([row(0), row(1), row(2)], [[0, 7, 9, 255], [0, 0, 0, 0], [255, 7, 9, 255]]);
    assert_eq!(table.iter().filter(|r| **r != 0).count(), 2, "a road of another city colours nothing");
}

#[test]
fn rows_of_features_never_collide() {
    let Some(city) = support::extract("monaco") else { return };
    let slots = Slots::of(&city);
    let mut rows: Vec<u32> = (0..city.buildings.len() as u32)
        .map(|k| slots.feature(&city, FeatureRef::Building(BuildingId(k))))
        .chain((0..city.roads.len() as u32).map(|k| slots.feature(&city, FeatureRef::Road(RoadId(k)))))
        .chain((0..city.links.len() as u32).map(|k| slots.link(LinkId(k))))
        .collect();
    let count = rows.len();
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), count);
    assert!(rows.iter().all(|r| *r > 0 && (*r as usize) < slots.len()));
}
