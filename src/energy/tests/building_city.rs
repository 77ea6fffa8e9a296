//! Shells, archetypes and measures of a small town whose figures can be told by hand.

use citytwin_energy::building::{COLUMNS, CityHeat, Climate, Envelope, Measures, SKY};
use citytwin_model::{
    Anchor, Building, BuildingId, BuildingUse, City, GeoBounds, Known, LonLat, MultiPolygon, Polygon, RoofShape,
    SourceRef, Volume,
};
use geo::LineString;

fn block(index: usize, usage: BuildingUse, west: f64, height_m: f32) -> Building {
    let (x, y) = (west, 0.0);
    let ring = vec![(x, y), (x + 10.0, y), (x + 10.0, y + 8.0), (x, y + 8.0), (x, y)];
    let footprint = MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]);
    let volume = Volume::stated(footprint, height_m, (height_m / 3.0).floor(), (RoofShape::Flat, 0.0));
    Building::stated(BuildingId::from_index(index), SourceRef::Way(100 + index as i64), usage, volume)
}

/// A house of 6 m, a block of 12 m against its east wall, and an office alone.
fn town() -> City {
    let origin = LonLat { lon: 10.0, lat: 50.0 };
    let bounds = GeoBounds { west: 9.9, south: 49.9, east: 10.1, north: 50.1 };
    let mut city = City::empty("town", Anchor::new(origin), bounds);
    city.country = Some(Known::stated("DE".to_owned()));
    city.buildings = vec![
        block(0, BuildingUse::House, 0.0, 6.0),
        block(1, BuildingUse::Apartments, 10.0, 12.0),
        block(2, BuildingUse::Office, 100.0, 9.0),
    ];
    city
}

/// A winter of −5 °C, cloudy days.
fn winter() -> Climate {
    let irradiance = |hour: usize| {
        let lit = if (9..16).contains(&(hour % 24)) { 60.0 } else { 0.0 };
        std::array::from_fn(|column: usize| if column == SKY { -40.0 } else { lit })
    };
    let irradiance: Vec<[f64; COLUMNS]> = (0..8760).map(irradiance).collect();
    Climate { outdoor_c: vec![-5.0; 8760], ground_c: vec![8.0; 8760], irradiance, month: Vec::new() }
}

#[test]
fn walls_look_where_they_face_and_neighbours_share_them() {
    let shells = Envelope::of_city(&town());
    let house = shells[0];
    assert_eq!(house.floor_m2, 0.9 * 80.0 * 2.0);
    assert_eq!((house.roof_m2, house.ground_m2), (80.0, 80.0));
    assert!((house.walls_m2[0] - 60.0).abs() < 1e-9 && (house.walls_m2[4] - 60.0).abs() < 1e-9, "{house:?}");
    assert!((house.walls_m2[6] - 48.0).abs() < 1e-9 && house.walls_m2[2].abs() < 1e-9, "{house:?}");
    assert!((house.shared_m2 - 48.0).abs() < 1e-9, "8 m × 6 m against the block");
    let tall = shells[1];
    assert!((tall.walls_m2[6] - 48.0).abs() < 1e-9, "the upper half of its west wall is free: {tall:?}");
    assert_eq!(shells[2].shared_m2, 0.0);
    assert!((house.volume_m3 - 0.9 * 80.0 * 2.0 * 2.65).abs() < 1e-9, "two storeys of 3 m less their slabs");
}

/// A roof of 4 m over a house of 10 m, and a tower of 40 m with one storey: heated are the storeys.
#[test]
fn attics_and_towers_are_not_heated() {
    let mut city = town();
    city.buildings[0].volume = Volume {
        roof: Volume::stated(MultiPolygon(vec![]), 1.0, 1.0, (RoofShape::Gabled, 4.0)).roof,
        ..block(0, BuildingUse::House, 300.0, 10.0).volume
    };
    city.buildings[0].volume.levels.value = 2.0;
    city.buildings[2] = block(2, BuildingUse::Public, 100.0, 40.0);
    city.buildings[2].volume.levels.value = 1.0;
    let shells = Envelope::of_city(&city);
    assert!((shells[0].outside_walls_m2() - 36.0 * 6.0).abs() < 1e-9, "to the eaves: {:?}", shells[0]);
    assert!((shells[2].outside_walls_m2() - 36.0 * 5.0).abs() < 1e-9, "{:?}", shells[2]);
    assert!((shells[2].volume_m3 - 0.9 * 80.0 * 4.65).abs() < 1e-3, "{:?}", shells[2]);
}

#[test]
fn measures_do_what_they_say_and_add_up() {
    let (city, climate) = (town(), winter());
    let heat = CityHeat::new(&city);
    let run = |measures: Measures| heat.run(&measures, &climate, (240, 72), true).expect("three days");
    let base = run(Measures::default());
    assert!(base.buildings.iter().all(|b| b.heating_w > 0.0 && b.fuel_w > b.heating_w && b.electric_w == 0.0));
    let renewed = run(Measures { retrofit: 1.0, ..Measures::default() });
    assert!(renewed.cost_eur > 0.0 && renewed.retrofitted == 3);
    let pairs = base.buildings.iter().zip(&renewed.buildings);
    assert!(pairs.clone().all(|(old, new)| new.heating_w < 0.6 * old.heating_w), "{base:?}");
    let pumps = run(Measures { heat_pumps: 1.0, ..Measures::default() });
    for (old, new) in base.buildings.iter().zip(&pumps.buildings) {
        assert_eq!((old.heating_w, new.fuel_w), (new.heating_w, 0.0));
        let heat_w = new.heating_w + new.hot_water_w;
        assert!((1.8..3.5).contains(&(heat_w / new.electric_w)), "{}", heat_w / new.electric_w);
    }
    let by_hour: f64 = pumps.hours.iter().map(|hour| hour.electric_w).sum();
    let by_building: f64 = pumps.electric_w.iter().map(|w| f64::from(*w)).sum();
    assert!((by_hour - by_building).abs() < 1e-6 * by_hour);
    let young = run(Measures { retrofit: 1.0, built: 1990..=2026, ..Measures::default() });
    assert_eq!((young.retrofitted, &young.buildings), (0, &base.buildings));
}

#[test]
fn wrong_measures_are_one_clear_line() {
    let (city, climate) = (town(), winter());
    let heat = CityHeat::new(&city);
    let fault = |measures: Measures| heat.run(&measures, &climate, (0, 24), false).expect_err("a fault").to_string();
    assert_eq!(
        fault(Measures { level: "golden".into(), ..Measures::default() }),
        "retrofit level \"golden\" is not known; known are usual, ambitious"
    );
    assert_eq!(
        fault(Measures { heat_pumps: f64::NAN, ..Measures::default() }),
        "the share heat_pumps is NaN; give a number from 0 to 1"
    );
}
