//! Shared by the tests: real extracts where they are present, and a city with one building of every roof.

use std::path::PathBuf;

use citytwin_model::{
    Anchor, Building, BuildingId, BuildingUse, City, GeoBounds, LonLat, MultiPolygon, Polygon, RoofShape, Volume,
};

#[allow(dead_code, reason = "each test file uses some of these")]
pub const SHAPES: [RoofShape; 12] = [
    RoofShape::Flat,
    RoofShape::Gabled,
    RoofShape::Hipped,
    RoofShape::HalfHipped,
    RoofShape::Pyramidal,
    RoofShape::Skillion,
    RoofShape::Gambrel,
    RoofShape::Mansard,
    RoofShape::Dome,
    RoofShape::Onion,
    RoofShape::Cone,
    RoofShape::Round,
];

/// Map files of `../shared/data/osm`, smallest first; none where the folder is absent.
#[allow(dead_code, reason = "each test file uses some of these")]
pub fn extracts() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: {} absent", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "pbf" || e == "osm"))
        .collect();
    files.sort_by_key(|p| (std::fs::metadata(p).map_or(0, |m| m.len()), p.clone()));
    files
}

/// One extract by its name.
#[allow(dead_code, reason = "each test file uses some of these")]
pub fn extract(name: &str) -> Option<City> {
    let file = extracts().into_iter().find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name)))?;
    Some(citytwin_import::open(&file, &Default::default(), &()).expect("the extract is readable"))
}

/// An empty city at 60° N.
pub fn empty() -> City {
    let anchor = Anchor::new(LonLat { lon: 25.0, lat: 60.0 });
    City::empty("test", anchor, GeoBounds { west: 24.9, south: 59.9, east: 25.1, north: 60.1 })
}

/// A building with this footprint and roof.
pub fn building(index: usize, footprint: Polygon<f64>, shape: RoofShape, height_m: f32, rise_m: f32) -> Building {
    let roof = (shape, if shape == RoofShape::Flat { 0.0 } else { rise_m });
    let levels = (height_m / 3.0).floor().max(1.0);
    let volume = Volume::stated(MultiPolygon::new(vec![footprint]), height_m, levels, roof);
    let source = format!("way/{}", index + 1).parse().expect("a source reference");
    Building::stated(BuildingId::from_index(index), source, BuildingUse::House, volume)
}
