//! Real extracts: what stands there is found there.

use std::path::PathBuf;

use citytwin_import::{ImportOptions, open};
use citytwin_model::{City, Coord, Districts, LonLat, ProblemKind, RoofShape, WaterKind};
use geo::{Area, Intersects};

use crate::sketch::check_shapes;

/// The city of an extract; `None`, with a printed reason, where the reference data is absent.
fn city(name: &str) -> Option<City> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm").join(name);
    if !path.exists() {
        println!("skipped: {} absent", path.display());
        return None;
    }
    let city = open(&path, &ImportOptions::default(), &()).unwrap();
    check_shapes(&city);
    Some(city)
}

/// The kinds of water at a place.
fn water_at(city: &City, lon: f64, lat: f64) -> Vec<WaterKind> {
    let at: Coord<f64> = city.anchor.enu(LonLat { lon, lat });
    city.water.iter().filter(|area| area.shape.intersects(&at)).map(|area| area.kind).collect()
}

#[test]
fn helsinki_has_domes_parts_and_bays() {
    let Some(city) = city("helsinki.osm.pbf") else { return };
    assert!(
        city.building_parts.len() >= 130 && city.building_parts.iter().filter(|p| p.building.is_some()).count() >= 130
    );
    let shapes = city.buildings.iter().map(|b| &b.volume).chain(city.building_parts.iter().map(|p| &p.volume));
    let domes = shapes.filter(|v| v.roof.shape.value == RoofShape::Dome && v.roof.height_m.value > 1.0).count();
    assert!(domes >= 4, "{domes}");
    assert!(city.buildings.iter().filter(|b| !b.parts.is_empty()).count() >= 40);
    // Eläintarhanlahti and Kaisaniemenlahti are sea; the station and the Senate Square are not.
    assert_eq!(water_at(&city, 24.9440, 60.1775), [WaterKind::Sea]);
    assert_eq!(water_at(&city, 24.9480, 60.1762), [WaterKind::Sea]);
    assert_eq!(water_at(&city, 24.9414, 60.1719), []);
    assert_eq!(water_at(&city, 24.9522, 60.1695), []);
    assert!(city.railways.len() > 300 && city.trees.len() >= 649);
}

#[test]
fn monaco_lies_on_the_sea() {
    let Some(city) = city("monaco.osm.pbf") else { return };
    let sea: Vec<_> = city.water.iter().filter(|area| area.kind == WaterKind::Sea).collect();
    assert_eq!(sea.len(), 1);
    // The box is 11.4 km × 6.7 km = 76 km²; on the map 45 % of it is sea.
    let km2 = sea[0].shape.unsigned_area() * 1e-6;
    assert!((28.0..42.0).contains(&km2), "{km2} km²");
    // Port Hercule, the open sea, Port de Fontvieille; the palace, the casino, the Tête de Chien.
    for (lon, lat) in [(7.4255, 43.7350), (7.4700, 43.7250), (7.4215, 43.7297)] {
        assert_eq!(water_at(&city, lon, lat), [WaterKind::Sea], "{lon}, {lat}");
    }
    for (lon, lat) in [(7.4200, 43.7314), (7.4283, 43.7392), (7.4110, 43.7290)] {
        assert!(!water_at(&city, lon, lat).contains(&WaterKind::Sea), "{lon}, {lat}");
    }
    assert!(city.buildings.len() > 23_000);
    // No flat slab: many heights, tall in the centre, low on the hills.
    let heights = |test: &dyn Fn(LonLat) -> bool| {
        let places = city
            .buildings
            .iter()
            .filter(|b| b.volume.footprint.unsigned_area() > 100.0)
            .filter(|b| test(city.anchor.lonlat(b.volume.footprint.0[0].exterior().0[0])));
        let heights: Vec<f64> = places.map(|b| f64::from(b.volume.height_m.value)).collect();
        heights.iter().sum::<f64>() / heights.len() as f64
    };
    let centre = heights(&|p| (7.415..7.430).contains(&p.lon) && (43.733..43.742).contains(&p.lat));
    let hills = heights(&|p| p.lon < 7.40 && p.lat > 43.74);
    assert!(centre > 15.0 && hills < 10.0, "{centre} m in the centre, {hills} m on the hills");
}

#[test]
fn new_york_keeps_its_stated_heights() {
    let Some(city) = city("valhalla_nyc.osm.pbf") else { return };
    // The data's README: 1,514 real heights.
    let stated = city.buildings.iter().filter(|b| b.volume.height_m.is_stated()).count();
    assert_eq!(stated, 1_514);
    // The Hudson, whose bank is torn off in this extract, and Washington Street.
    assert!(!water_at(&city, -74.0130, 40.7360).is_empty());
    assert_eq!(water_at(&city, -74.0075, 40.7360), []);
}

#[test]
fn singapore_has_its_towers_and_its_bay() {
    let Some(city) = city("valhalla_bayfront_singapore.osm.pbf") else { return };
    assert_eq!(city.building_parts.len(), 40);
    let highest = city.buildings.iter().map(|b| b.volume.height_m.value).fold(0.0, f32::max);
    // Marina Bay Sands has 207 m (CTBUH: 206.9 m).
    assert!((200.0..215.0).contains(&highest), "{highest}");
    // Marina Bay, torn off in this extract; the Sands.
    assert!(!water_at(&city, 103.8590, 1.2875).is_empty());
    assert_eq!(water_at(&city, 103.8607, 1.2832), []);
    let zero = city.problems.iter().filter(|p| p.kind == ProblemKind::TagValue && p.what.contains("height=0"));
    assert_eq!(zero.count(), 4);
}

#[test]
fn porto_alegre_holds_little_water() {
    let Some(city) = city("porto_alegre.osm.pbf") else { return };
    // The extract was cut for routing: it holds neither the coast nor the Guaíba, only ponds, pools and a fountain.
    assert!(city.water.iter().all(|area| area.shape.unsigned_area() < 20_000.0));
    assert!(city.water.iter().any(|area| area.name.as_deref() == Some("Espelho d'Água")));
}

#[test]
fn the_same_file_gives_the_same_city() {
    let (Some(first), Some(second)) = (city("helsinki.osm.pbf"), city("helsinki.osm.pbf")) else { return };
    assert_eq!(first.buildings, second.buildings);
    assert_eq!(first.building_parts, second.building_parts);
    assert_eq!((first.land, first.water, first.trees), (second.land, second.water, second.trees));
    assert_eq!(first.problems, second.problems);
}

/// Monaco's wards as the principality counts them. The cathedral stands in Monaco-Ville, the casino in Monte-Carlo, and so
/// says the nearest name; of the palace, at the very edge of Monaco-Ville, it says La Condamine, which is wrong: names have no
/// borders, and that is why the screen calls it inferred.
#[test]
fn monaco_has_its_wards() {
    let Some(city) = city("monaco.osm.pbf") else { return };
    let districts = Districts::of(&city);
    let names: Vec<&str> = districts.list().iter().map(|district| district.name.as_str()).collect();
    for name in ["Fontvieille", "La Condamine", "Larvotto", "Monaco-Ville", "Monte-Carlo"] {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    for (lon, lat, name) in [(7.4228, 43.7303, "Monaco-Ville"), (7.4283, 43.7392, "Monte-Carlo")] {
        assert_eq!(names[districts.at(city.anchor.enu(LonLat { lon, lat })).index()], name);
    }
}
