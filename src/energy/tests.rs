//! What the engine promises: conservation, monotone sliders, dark nights, exact years, same bytes.

use citytwin_model::{
    Anchor, Assumptions, Building, BuildingId, BuildingUse, City, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind,
    GeoBounds, Known, LonLat, MultiPolygon, Origin, Polygon, Request, RoofShape, SourceRef, SunPosition, Tags, Volume,
    Weather,
    time::{LocalTime, civil::date},
    units::Watts,
};
use geo::{Centroid, LineString};

use crate::{
    EnergySystem,
    charging::{Arrivals, HOURS, Mobility},
    electric_car_share,
    heat_pump::{self, HeatNeed},
    intensity::USES,
};

const NOON: SunPosition = SunPosition { azimuth_deg: 180.0, elevation_deg: 60.0 };
const CLEAR: Weather = Weather { ghi: 850.0, dni: 850.0, dhi: 110.0, air_temperature_c: 20.0 };
const NIGHT: SunPosition = SunPosition { azimuth_deg: 0.0, elevation_deg: -20.0 };
const DARK: Weather = Weather { ghi: 0.0, dni: 0.0, dhi: 0.0, air_temperature_c: 10.0 };

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
    let (sun, weather) = if noon { (NOON, CLEAR) } else { (NIGHT, DARK) };
    system.evaluate(monday(hour), sun, weather);
    system
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
            system.evaluate(LocalTime::of_civil(day.at(hour, 30, 0, 0)), NIGHT, DARK);
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

/// A charged year: every electric car gets its energy, at home or in public.
#[test]
fn all_cars_are_charged() {
    let mut city = city(90);
    for chargers in 0..2 {
        let (mut without, mut with) = (EnergySystem::new(&city), EnergySystem::new(&city));
        with.set_shares(&city, &shared((0.0, 0.5)));
        // In the second week traffic has them take half as much again.
        with.set_car_kwh_per_km((chargers == 1).then_some(1.5 * 0.171));
        for hour in 0..7 * 24_i16 {
            let day = date(2025, 6, (23 + hour / 24) as i8);
            for system in [&mut without, &mut with] {
                system.evaluate(LocalTime::of_civil(day.at((hour % 24) as i8, 30, 0, 0)), NIGHT, DARK);
                system.accumulate(3600.0);
            }
        }
        let charged_kwh = (with.energy().load - without.energy().load) * 1000.0;
        let taken = if chargers == 1 { 1.5 } else { 1.0 };
        let expected = taken * 0.5 * with.coverage().cars * 7.0 * 12_000.0 * 0.19 / 365.0;
        assert!((charged_kwh / expected - 1.0).abs() < 2e-3, "{chargers}: {charged_kwh} kWh, not {expected}");
        asset(&mut city, EnergyAssetKind::Charger, (50.0, 50.0), Some(50_000.0));
    }
}

/// With a city's trips, a week charges what they drive, wherever it is charged.
#[test]
fn cars_charge_what_trips_drive() {
    let mut city = city(90);
    asset(&mut city, EnergyAssetKind::Charger, (50.0, 50.0), Some(50_000.0));
    let mut arrivals = Arrivals::default();
    (arrivals.energy[0][17], arrivals.energy[0][20], arrivals.energy[1][13]) = (0.08, 0.07, 0.125);
    (arrivals.cars, arrivals.dwell_h) = ([[0.01; HOURS]; 2], [[12; HOURS]; 2]);
    let mut with = EnergySystem::new(&city);
    let week_km = (0..90).map(|b| if with.cars_w[b] > 0.0 { 100.0 + b as f32 } else { 0.0 }).collect();
    let at_home = vec![arrivals.clone()];
    let mobility = Mobility { week_km, at_home, in_public: arrivals, ..Mobility::default() };
    let mut without = with.clone();
    with.set_mobility(&mobility);
    with.set_shares(&city, &shared((0.0, 0.5)));
    for hour in 0..7 * 24_i16 {
        let day = date(2025, 6, (23 + hour / 24) as i8);
        for system in [&mut without, &mut with] {
            // Four times an hour: the curves are linear between the middles of hours.
            for minute in [7, 22, 37, 52] {
                system.evaluate(LocalTime::of_civil(day.at((hour % 24) as i8, minute, 30, 0)), NIGHT, DARK);
                system.accumulate(900.0);
            }
        }
    }
    let charged_kwh = (with.energy().load - without.energy().load) * 1000.0;
    let driven_km: f64 = (0..90).map(|building| mobility.electric_km(&with, building)).sum();
    let expected = driven_km * 0.171 / 0.9;
    assert!((charged_kwh / expected - 1.0).abs() < 1e-2, "{charged_kwh} kWh, not {expected}");
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
            system.evaluate(LocalTime::of_civil(date(2026, 1, day).at(hour, 0, 0, 0)), NIGHT, DARK);
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
        system.evaluate(monday(19), NOON, CLEAR);
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

/// Heated buildings with a heat pump draw their heat over its performance, others nothing more; twice the share is about twice.
#[test]
fn heat_pumps_draw_when_it_is_cold() {
    let city = city(90);
    let load_w = |hp_share: f64, air_temperature_c: f64| {
        let mut system = EnergySystem::new(&city);
        system.set_shares(&city, &Assumptions { hp_share, ..shared((0.0, 0.0)) });
        system.evaluate(monday(5), NIGHT, Weather { air_temperature_c, ..DARK });
        assert_conserved(&system);
        (system.totals().load_w, city.buildings.iter().filter(|b| system.heat_pump_w(b.id).is_some()).count())
    };
    let (none, with_none) = load_w(0.0, -5.0);
    let (half, with_half) = load_w(0.5, -5.0);
    let (all, with_all) = load_w(1.0, -5.0);
    assert!(with_none == 0 && with_half.abs_diff(with_all / 2) <= 1, "{with_half} of {with_all}");
    assert!(none < half && half < all);
    let need: f64 = city
        .buildings
        .iter()
        .filter(|b| HeatNeed::of(b.usage.value, 1.0).is_heated())
        .map(|b| {
            let need = HeatNeed::of(b.usage.value, 0.9 * b.floor_area_m2());
            let [space, water] = heat_pump::electricity(-5.0);
            f64::from(need.per_k * space + need.water * water)
        })
        .sum();
    assert!(((all - none) / need - 1.0).abs() < 1e-4, "{} {need}", all - none);
    let (warm, _) = load_w(1.0, 25.0);
    assert!(warm - none < 0.2 * (all - none), "hot water alone");
}
