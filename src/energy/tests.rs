//! What the engine promises: conservation, monotone sliders, dark nights, exact years, same bytes.

use citytwin_model::{
    Anchor, Assumptions, Building, BuildingId, BuildingUse, City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind,
    GeoBounds, Known, LonLat, MultiPolygon, Origin, Polygon, Request, RoofShape, SourceRef, Tags, Volume,
    time::{LocalTime, civil::date},
    units::Watts,
};
use geo::{Centroid, LineString};

use crate::{EnergySystem, Plant, SunPower, electric_car_share, intensity::USES};

const NIGHT: SunPower<'static> = SunPower { buildings_w: &[], assets_w: &[] };
/// What modules give at noon, of their peak power.
const NOON: f64 = 0.8;

pub fn building(index: usize, usage: BuildingUse, at: (f64, f64), size: (f64, f64), roof: RoofShape) -> Building {
    let (x, y) = at;
    let ring = vec![(x, y), (x + size.0, y), (x + size.0, y + size.1), (x, y + size.1), (x, y)];
    let footprint = MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]);
    let height_m = if roof == RoofShape::Flat { 0.0 } else { 4.0 };
    let volume = Volume::stated(footprint, 10.0, 2.0, (roof, height_m));
    Building::stated(BuildingId::from_index(index), SourceRef::Way(1000 + index as i64), usage, volume)
}

/// `count` buildings of all uses in streets of 20.
fn city(count: usize) -> City {
    let origin = LonLat { lon: 10.0, lat: 50.0 };
    let mut city =
        City::empty("test", Anchor::new(origin), GeoBounds { west: 10.0, south: 50.0, east: 10.1, north: 50.1 });
    for index in 0..count {
        let usage = if index % 3 == 0 { USES[index / 3 % USES.len()] } else { BuildingUse::House };
        let roof = [RoofShape::Gabled, RoofShape::Flat, RoofShape::Hipped, RoofShape::Dome][index % 4];
        let at = ((index % 20) as f64 * 25.0, (index / 20) as f64 * 40.0);
        city.buildings.push(building(index, usage, at, (14.0, 10.0), roof));
    }
    city
}

fn asset(city: &mut City, kind: EnergyAssetKind, at: (f64, f64), rated_w: Option<f64>) {
    let index = city.energy_assets.len();
    city.energy_assets.push(EnergyAsset {
        id: EnergyAssetId::from_index(index),
        source: SourceRef::local("asset", &format!("a{index}")),
        name: None,
        kind,
        at: Coord { x: at.0, y: at.1 },
        rated: rated_w.map(|w| Known::stated(Watts(w))),
        tags: Tags::default(),
    });
}

fn monday(hour: i8) -> LocalTime {
    LocalTime::of_civil(date(2025, 6, 23).at(hour, 0, 0, 0))
}

fn shared((pv_share, ev_share): (f64, f64)) -> Assumptions {
    Assumptions { pv_share, ev_share, hp_share: 0.0, ..Assumptions::default() }
}

fn evaluated(city: &City, shares: (f64, f64), hour: i8, noon: bool) -> EnergySystem {
    let mut system = EnergySystem::new(city);
    system.set_shares(city, &shared(shares));
    let cars_w: Vec<f32> = (0..city.buildings.len()).map(|b| system.electric_w[b]).collect();
    system.set_charging(&cars_w, 0.1 * system.charger_rated_w());
    evaluate(&mut system, hour, noon);
    system
}

/// At night, or with all modules at [`NOON`] of their peak power.
fn evaluate(system: &mut EnergySystem, hour: i8, noon: bool) {
    let buildings = (0..system.mean_w.len()).map(BuildingId::from_index);
    let buildings_w: Vec<f32> = buildings.map(|b| (NOON * system.installed_pv_w(b)) as f32).collect();
    let mut assets_w = vec![0.0; system.asset_power_w().len()];
    for plant in system.plants() {
        if let Plant::Solar { asset, plane } = plant {
            assets_w[asset] = (NOON * plane.peak_w) as f32;
        }
    }
    let sun = SunPower { buildings_w: &buildings_w, assets_w: &assets_w };
    system.evaluate(monday(hour), if noon { sun } else { NIGHT }, 60.0);
}

fn assert_conserved(system: &EnergySystem) {
    let totals = system.totals();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0);
    assert!(near(totals.supplied_w, totals.load_w + totals.losses_w - totals.pv_w), "{totals:?}");
    let sum = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum::<f64>();
    let assets: f64 = system.asset_power_w().iter().map(|&w| f64::from(w)).sum();
    if assets == 0.0 {
        assert!(near(totals.load_w, sum(system.building_load_w())), "{totals:?}");
        assert!(near(totals.pv_w, sum(system.building_pv_w())), "{totals:?}");
    }
}

#[test]
fn power_is_conserved_from_buildings_to_the_city() {
    let city = city(500);
    for (hour, noon) in [(3, false), (12, true), (19, false)] {
        for shares in [(0.0, 0.0), (0.3, 0.2), (1.0, 1.0)] {
            assert_conserved(&evaluated(&city, shares, hour, noon));
        }
    }
    let mut with_assets = city;
    asset(&mut with_assets, EnergyAssetKind::Transformer, (100.0, 100.0), Some(4e5));
    asset(&mut with_assets, EnergyAssetKind::Solar, (90.0, 90.0), None);
    asset(&mut with_assets, EnergyAssetKind::Solar, (9e4, 9e4), Some(5e6));
    asset(&mut with_assets, EnergyAssetKind::Charger, (50.0, 50.0), Some(5e4));
    let system = evaluated(&with_assets, (0.5, 0.5), 12, true);
    assert_conserved(&system);
    let before = evaluated(&city_without_assets(&with_assets), (0.5, 0.5), 12, true);
    let plants: f64 = system.asset_power_w()[1..3].iter().map(|&w| -f64::from(w)).sum();
    let gained = system.totals().pv_w - before.totals().pv_w;
    assert!((gained / plants - 1.0).abs() < 1e-3, "{gained} {plants}");
}

fn city_without_assets(city: &City) -> City {
    City { energy_assets: vec![], ..city.clone() }
}

#[test]
fn more_roofs_only_add_and_more_electric_cars_only_draw_more() {
    let city = city(300);
    let mut last: Option<EnergySystem> = None;
    for step in 0..=20 {
        let now = evaluated(&city, (f64::from(step) / 20.0, f64::from(step) / 20.0), 12, true);
        if let Some(before) = &last {
            for b in 0..city.buildings.len() {
                assert!(now.building_pv_w()[b] >= before.building_pv_w()[b], "roof {b} lost its modules");
                assert!(now.building_load_w()[b] >= before.building_load_w()[b], "building {b} draws less");
            }
            assert!(now.totals().pv_w > before.totals().pv_w && now.totals().load_w > before.totals().load_w);
        }
        last = Some(now);
    }
    let all = last.unwrap();
    let lit = all.building_pv_w().iter().filter(|&&w| w > 0.0).count();
    assert_eq!(lit, all.coverage().suitable_roofs);
    assert!(lit > 150, "{lit}");
}

#[test]
fn the_night_has_no_photovoltaics() {
    let system = evaluated(&city(100), (1.0, 0.0), 1, false);
    assert!(system.building_pv_w().iter().all(|&w| w == 0.0));
    assert_eq!(system.totals().pv_w, 0.0);
}

/// Outside truth by hand: 140 m² × 2 storeys × 0.9 × 36 kWh/m² = 9,072 kWh for the house.
#[test]
fn a_simulated_year_meets_the_annual_figure() {
    let city = city(60);
    let mut system = EnergySystem::new(&city);
    assert!((system.annual_kwh(BuildingId(1)) - 9072.0).abs() < 0.01);
    let mut kwh = vec![0.0; 60];
    let mut day = date(2026, 1, 1);
    for _ in 0..365 {
        for hour in 0..24 {
            system.evaluate(LocalTime::of_civil(day.at(hour, 30, 0, 0)), NIGHT, 3600.0);
            kwh.iter_mut().zip(system.building_load_w()).for_each(|(sum, &w)| *sum += f64::from(w) / 1000.0);
            system.accumulate(3600.0);
        }
        day = day.tomorrow().unwrap();
    }
    for (index, found) in kwh.iter().enumerate() {
        let expected = system.annual_kwh(BuildingId::from_index(index));
        assert!((found / expected - 1.0).abs() < 1e-3, "building {index}: {found} kWh, not {expected}");
    }
    let energy = system.energy();
    assert!((energy.load * 1000.0 / kwh.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    assert!((energy.supplied - energy.load - energy.losses + energy.pv).abs() < 1e-9);
    assert!((0.005..0.06).contains(&(energy.losses / energy.load)), "{energy:?}");
}

/// Public charging spreads over stated chargers by their rating, and counts once.
#[test]
fn public_charging_reaches_the_chargers() {
    let mut city = city(90);
    asset(&mut city, EnergyAssetKind::Charger, (50.0, 50.0), Some(50_000.0));
    asset(&mut city, EnergyAssetKind::Charger, (90.0, 50.0), Some(100_000.0));
    let mut system = EnergySystem::new(&city);
    system.evaluate(monday(12), NIGHT, 60.0);
    let without = system.totals().load_w;
    system.set_charging(&[], 30_000.0);
    system.evaluate(monday(12), NIGHT, 60.0);
    assert_eq!(system.asset_power_w(), [10_000.0, 20_000.0]);
    assert!((system.totals().load_w - without - 30_000.0).abs() < 1e-6);
}

/// Heat and cars of a building are part of its load to the watt.
#[test]
fn what_is_set_is_drawn() {
    let city = city(3);
    let mut system = EnergySystem::new(&city);
    system.evaluate(monday(12), NIGHT, 60.0);
    let before = system.building_load_w().to_vec();
    system.set_heat(&[1000.0, 0.0, 500.0]);
    system.set_charging(&[0.0, 300.0], 0.0);
    system.evaluate(monday(12), NIGHT, 60.0);
    let more: Vec<f32> = system.building_load_w().iter().zip(&before).map(|(now, before)| now - before).collect();
    assert!(more.iter().zip([1000.0, 300.0, 500.0]).all(|(more, set)| (more - set).abs() < 1e-3), "{more:?}");
    assert_eq!(system.heat_electricity_w(BuildingId(2)), 500.0);
    assert_eq!(system.charging_w(BuildingId(1)), 300.0);
    assert_conserved(&system);
}

/// By hand: what batteries take in by day and give back by night, minute by minute; no energy is lost, none comes of the grid.
#[test]
fn batteries_keep_the_sun_for_the_night() {
    let city = city(30);
    let mut system = EnergySystem::new(&city);
    system.set_shares(&city, &Assumptions { battery_share: 1.0, ..shared((1.0, 0.0)) });
    let homes = system.batteries().iter().flatten().count();
    assert!(homes > 5, "{homes}");
    let mut cells_wh = vec![0.0; 30];
    for (hour, noon) in [(12, true), (13, true), (20, false), (23, false)] {
        for _ in 0..60 {
            evaluate(&mut system, hour, noon);
            for (home, cells_wh) in system.batteries().iter().zip(&mut cells_wh) {
                let Some(home) = home else { continue };
                let of = home.battery.efficiency;
                *cells_wh += (of * home.power_w.max(0.0) - (-home.power_w).max(0.0) / of) / 60.0;
            }
            for b in 0..30 {
                let net_w = system.building_load_w()[b] - system.building_pv_w()[b];
                let home = system.batteries()[b];
                assert!(home.is_none_or(|home| home.power_w <= 0.0 || net_w < 1e-2), "charges from the grid: {net_w}");
                assert!(home.is_none_or(|home| home.power_w >= 0.0 || net_w > -1e-2), "feeds the grid: {net_w}");
            }
            system.accumulate(60.0);
        }
        let held: f64 = system.batteries().iter().flatten().map(|home| home.state_wh).sum();
        assert!(noon == (held > 1000.0) || !noon, "{hour} h: {held} Wh");
    }
    for (home, cells_wh) in system.batteries().iter().zip(&cells_wh) {
        assert!(home.is_none_or(|home| (home.state_wh - cells_wh).abs() < 1e-6), "{home:?} {cells_wh}");
    }
    assert_conserved(&system);
}

#[test]
fn stated_transformers_come_first_and_every_building_has_one() {
    let mut city = city(1000);
    asset(&mut city, EnergyAssetKind::Transformer, (100.0, 100.0), Some(630_000.0));
    let far = building(1000, BuildingUse::House, (50_000.0, 0.0), (10.0, 10.0), RoofShape::Flat);
    let tower = building(1001, BuildingUse::Hospital, (30_000.0, 110.0), (200.0, 100.0), RoofShape::Flat);
    city.buildings.extend([far, tower]);
    let system = EnergySystem::new(&city);
    let states = system.transformers();
    let of = |b: u32| &states[system.transformer_of(BuildingId(b))];
    assert_eq!((of(0).asset, of(0).origin), (Some(EnergyAssetId(0)), Origin::Stated));
    assert!(matches!(of(1000).origin, Origin::Inferred(_)) && of(1000).buildings == 1);
    assert!(matches!(of(1001).origin, Origin::Inferred(rule) if rule.starts_with("customer station")));
    assert_eq!(states.iter().map(|t| t.buildings as usize).sum::<usize>(), city.buildings.len());
    assert_eq!(system.coverage().transformers_stated, 1);
}

/// Made-up transformers are sized for their buildings: none is over its rating in a working week in January.
#[test]
fn inferred_transformers_carry_their_base_load() {
    let city = city(3000);
    let mut system = EnergySystem::new(&city);
    for day in 12..19 {
        for hour in 0..24 {
            system.evaluate(LocalTime::of_civil(date(2026, 1, day).at(hour, 0, 0, 0)), NIGHT, 3600.0);
            system.accumulate(3600.0);
        }
    }
    let peaks: Vec<f64> = system.transformers().iter().map(|t| t.peak_loading).collect();
    assert!(peaks.iter().all(|&p| p <= 0.6 + 1e-6), "{peaks:?}");
    assert!(peaks.iter().sum::<f64>() / peaks.len() as f64 > 0.3, "{peaks:?}");
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let city = city(20_000);
    let hash = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut system = evaluated(&city, (0.4, 0.3), 18, true);
            system.accumulate(900.0);
            (system.state_hash(), system.totals().load_w.to_bits())
        })
    };
    let one = hash(1);
    assert_eq!(one, hash(2));
    assert_eq!(one, hash(5));
}

#[test]
fn an_empty_city_is_no_error() {
    let mut system = evaluated(&city(0), (0.5, 0.5), 12, true);
    system.accumulate(60.0);
    assert_eq!(system.totals().supplied_w, 0.0);
    assert_eq!(system.coverage().buildings, 0);
}

/// A share of an area holds for what stands there, and nothing else changes.
#[test]
fn an_area_has_shares_of_its_own() {
    let city = city(90);
    let places: Vec<Coord<f64>> = city.buildings.iter().map(|b| b.volume.footprint.centroid().unwrap().0).collect();
    let middle = places[30];
    let LonLat { lon, lat } = city.anchor.lonlat(middle);
    let with = |edits: &[String]| {
        let requests: Vec<Request> = edits.iter().map(|text| text.parse().unwrap()).collect();
        let mut system = EnergySystem::new(&city);
        let mut assumptions = Assumptions::default();
        for request in requests {
            let edit = assumptions.check(&city, &request).unwrap();
            edit.iter().for_each(|edit| assumptions.apply(edit));
        }
        system.set_shares(&city, &assumptions);
        system.set_charging(&system.electric_w.clone(), 0.0);
        evaluate(&mut system, 19, true);
        assert_conserved(&system);
        (system, assumptions)
    };
    let (base, _) = with(&[]);
    let area = format!("{lon:.5},{lat:.5},60");
    let (own, assumptions) = with(&[format!("pv@{area}=1"), format!("ev@{area}=1")]);
    let mut changed = [0, 0];
    for (building, at) in city.buildings.iter().zip(&places) {
        let inside = (at.x - middle.x).hypot(at.y - middle.y) <= 59.0;
        let outside = (at.x - middle.x).hypot(at.y - middle.y) >= 61.0;
        let pv = [&base, &own].map(|system| system.installed_pv_w(building.id));
        assert!(!outside || pv[0] == pv[1], "{}", building.id.0);
        changed[0] += usize::from(pv[1] > pv[0]);
        let load = [&base, &own].map(|system| system.building_load_w()[building.id.index()]);
        assert!(!inside || load[1] >= load[0]);
        changed[1] += usize::from(load[1] > load[0]);
    }
    assert!(changed[0] > 0 && changed[1] > 0, "{changed:?}");
    let share = electric_car_share(&city, &assumptions);
    assert!(share > base.electric_share() && share < 1.0);
    assert!((share / own.electric_share() - 1.0).abs() < 1e-6);
}

/// Twice the share is about twice the heat pumps; who had one keeps it; stores and garages have none.
#[test]
fn heat_pumps_come_by_rank() {
    let city = city(90);
    let with = |hp_share: f64| -> Vec<bool> {
        let mut system = EnergySystem::new(&city);
        system.set_shares(&city, &Assumptions { hp_share, ..shared((0.0, 0.0)) });
        city.buildings.iter().map(|b| system.has_heat_pump(b.id)).collect()
    };
    let count = |of: &[bool]| of.iter().filter(|has| **has).count();
    let (none, half, all) = (with(0.0), with(0.5), with(1.0));
    assert!(count(&none) == 0 && count(&half).abs_diff(count(&all) / 2) <= 1, "{} of {}", count(&half), count(&all));
    assert!(half.iter().zip(&all).all(|(half, all)| !half || *all));
    let store = city.buildings.iter().position(|b| b.usage.value == BuildingUse::Warehouse).unwrap();
    assert!(!all[store] && count(&all) > 60);
}
