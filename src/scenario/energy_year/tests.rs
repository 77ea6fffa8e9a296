//! A year of a small town: it balances, is the same for any number of threads, and moves the way measures push it.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use citytwin_environment::synthetic_year;
use citytwin_model::{
    AccessLevel, Anchor, Building, BuildingUse, ChargingRule, Coord, EnergyAsset, EnergyAssetId, EnergyAssetKind,
    GeoBounds, Known, LineString, LonLat, MultiPolygon, Oneway, Polygon, Request, Road, RoadAccess, RoadClass, RoadId,
    RoofShape, SourceRef, Tags, Volume,
};

use super::*;
use crate::prepare::pool;

const PLACE: LonLat = LonLat { lon: 10.0, lat: 50.0 };

/// Two rows of buildings along a street.
pub fn town() -> City {
    use BuildingUse::{Apartments, House, Office, Retail};
    let bounds = GeoBounds { west: 9.9, south: 49.9, east: 10.1, north: 50.1 };
    let mut city = City::empty("town", Anchor::new(PLACE), bounds);
    city.country = Some(Known::stated("DE".to_owned()));
    city.roads.push(street(&[(0.0, 0.0), (300.0, 0.0)]));
    for index in 0..24 {
        let usage = [House, House, Apartments, House, Office, Retail][index % 6];
        let (x, y) = ((index / 2) as f64 * 24.0, if index % 2 == 0 { 8.0 } else { -20.0 });
        let ring = vec![(x, y), (x + 12.0, y), (x + 12.0, y + 10.0), (x, y + 10.0), (x, y)];
        let footprint = MultiPolygon(vec![Polygon::new(LineString::from(ring), vec![])]);
        let storeys = [2.0, 2.0, 5.0, 2.0, 4.0, 1.0][index % 6];
        let volume = Volume::stated(footprint, 3.0 * storeys, storeys, (RoofShape::Flat, 0.0));
        let source = SourceRef::Way(100 + index as i64);
        city.buildings.push(Building::stated(BuildingId::from_index(index), source, usage, volume));
    }
    city
}

fn street(points: &[(f64, f64)]) -> Road {
    let open = AccessLevel::Yes;
    Road {
        id: RoadId::from_index(0),
        source: SourceRef::Way(1_000_000),
        name: None,
        class: RoadClass::Residential,
        is_ramp: false,
        is_roundabout: false,
        oneway: Known::stated(Oneway::Both),
        lanes_forward: Known::stated(1),
        lanes_backward: Known::stated(1),
        width_m: Known::stated(6.0),
        speed_forward_mps: Known::stated(10.0),
        speed_backward_mps: Known::stated(10.0),
        access: RoadAccess { car: open, goods: open, bus: open, bicycle: open, foot: open },
        bridge: false,
        tunnel: false,
        layer: 0,
        line: LineString::from(points.to_vec()),
        turn_lanes_forward: vec![],
        turn_lanes_backward: vec![],
        tags: Tags::default(),
    }
}

pub fn weather() -> WeatherYear {
    synthetic_year(PLACE, 1.0, 3)
}

pub fn shares(pv: f64, hp: f64, ev: f64) -> EnergySpec {
    let assumptions = Assumptions { pv_share: pv, hp_share: hp, ev_share: ev, ..Assumptions::default() };
    EnergySpec { assumptions, ..EnergySpec::default() }
}

/// With batteries everywhere and cars that mind their station.
fn stored(mut spec: EnergySpec) -> EnergySpec {
    (spec.assumptions.battery_share, spec.assumptions.charging) = (0.5, ChargingRule::FeederLimited);
    EnergySpec { street_battery_share: 1.0, ..spec }
}

#[test]
fn every_hour_and_the_year_balance() {
    let (city, weather) = (town(), weather());
    let energy = super::charge_tests::prepared(&city, &weather);
    let year = energy.year(&stored(shares(1.0, 0.5, 0.5)), &()).expect("a year");
    assert_eq!((year.hours.len(), year.uncarried_hours), (HOURS_OF_YEAR, 0));
    assert!(year.balance_residual < 1e-9, "{}", year.balance_residual);
    for h in &year.hours {
        let off = h.import - h.export - (h.load - h.pv + h.losses + h.battery_charge - h.battery_discharge);
        assert!(off.abs() < 1e-9 * (h.load + h.pv + h.losses), "{h:?}");
        assert!(h.import * h.export == 0.0 && h.losses > 0.0 && h.load >= h.heat + h.charging, "{h:?}");
    }
    let totals = &year.totals;
    assert!(totals.export_mwh > 0.0 && totals.import_mwh > 0.0, "{totals:?}");
    // The units of its substation idle at some 30 kW: much for 24 buildings.
    assert!((0.02..0.05).contains(&(totals.losses_mwh / HOURS_OF_YEAR as f64)), "{totals:?}");
    for building in &year.buildings {
        assert!(building.self_consumption <= building.pv.min(building.electricity) + 1e-9, "{building:?}");
        // A pump's or a boiler's heat, and nothing from nowhere.
        assert_eq!(building.fuel > 0.0, building.heat_electricity < 0.05 * building.heating, "{building:?}");
    }
    let pv: f64 = year.buildings.iter().map(|building| building.pv).sum();
    assert!((pv / 1000.0 - totals.pv_mwh).abs() < 1e-9 * totals.pv_mwh, "no plant but roofs");
    assert!(year.stations.iter().all(|station| station.year.peak_loading > 0.0));
}

/// Bills and carbon are the same added up by building, by group and by hour.
#[test]
fn money_and_carbon_add_up() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let year = energy.year(&EnergySpec { without_grid: true, ..shares(0.5, 0.3, 0.3) }, &()).expect("a year");
    let (t, people) = (&year.totals, &year.households);
    let groups: f64 = people.groups.iter().map(|group| group.households).sum();
    assert_eq!((groups, groups), (people.households, year.homes.iter().map(|home| f64::from(home.households)).sum()));
    let homes: f64 = year.homes.iter().map(|home| f64::from(home.households) * home.cost_eur).sum();
    let bills = |homes: bool| {
        let of = |usage| matches!(usage, BuildingUse::House | BuildingUse::Apartments) == homes;
        let of = |(b, _): &(&Building, &BuildingYear)| of(b.usage.value);
        city.buildings.iter().zip(&year.buildings).filter(of).map(|(_, own)| own.cost_eur).sum::<f64>()
    };
    assert!((homes - bills(true)).abs() < 1e-6 && bills(false) > 0.0);
    assert!((bills(true) + bills(false) - t.bills_eur).abs() < 1e-6 * t.bills_eur);
    assert!((people.cost_eur * people.households - homes).abs() < 1e-6 * homes);
    assert!(people.all_in_eur > people.cost_eur + 100.0, "{people:?}");
    for own in &year.buildings {
        assert!((own.bill.total() - own.cost_eur).abs() < 1e-9);
        assert!(own.peak_kw * 8760.0 >= own.electricity - own.self_consumption && own.carbon_kg > 0.0, "{own:?}");
        assert_eq!(own.plants.annuity > 0.0, own.plants.invested > 0.0);
    }
    let electricity: f64 = year.hours.iter().map(|hour| hour.import * year.grid_carbon.g_kwh(hour.hour) / 1000.0).sum();
    assert!((electricity - t.electricity_carbon_t).abs() < 1e-9 * electricity);
    let burnt = t.fuel_mwh * (182.0 + 34.0) / 1000.0;
    assert!((t.carbon_t - electricity - burnt - t.district_carbon_t).abs() < 1e-9 * t.carbon_t);
    // Heat pumps and evenings draw when the grid is dirtier than in its mean hour.
    assert!((1.0..1.2).contains(&(t.electricity_carbon_t / t.electricity_carbon_flat_t)), "{t:?}");
    let poverty = people.poverty.expect("Germany's incomes are known");
    assert!(f64::from(poverty.above_tenth.most) <= people.households && (0.01..0.2).contains(&poverty.median_share));
    assert!(year.notes.iter().any(|note| note.contains("nobody knows who lives where")));
}

/// The city's own factors are taken as they stand.
#[test]
fn a_citys_own_hours_of_carbon_are_taken() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let rows = (0..HOURS_OF_YEAR).map(|hour| format!("{hour},{}\n", if hour % 24 < 12 { 100 } else { 300 }));
    let own =
        GridCarbon::parse("town.csv", &("hour,g_per_kwh\n".to_owned() + &rows.collect::<String>())).expect("a year");
    let spec = EnergySpec { without_grid: true, grid_carbon: Some(own), ..shares(0.3, 0.0, 0.0) };
    let year = energy.year(&spec, &()).expect("a year");
    let expected: f64 = year.hours.iter().map(|h| h.import * if h.hour % 24 < 12 { 0.1 } else { 0.3 }).sum();
    assert!((year.totals.electricity_carbon_t - expected).abs() < 1e-9 * expected);
    assert!(year.notes[0].contains("town.csv, as they stand there"), "{:?}", year.notes);
}

#[test]
fn spells_make_heat_and_cold() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let year = |spells: Vec<Spell>| {
        energy.year(&EnergySpec { without_grid: true, spells, ..shares(0.1, 0.5, 0.0) }, &()).expect("a year")
    };
    let base = year(vec![]);
    let cold = Spell::on_extreme_days(&weather, 7, -10.0);
    let hot = Spell::on_extreme_days(&weather, 7, 8.0);
    let snap = year(vec![cold.clone()]);
    assert!(
        snap.totals.heating_mwh > base.totals.heating_mwh && snap.totals.peak_import_mw > base.totals.peak_import_mw
    );
    assert!(snap.weather.contains("-10 K on days"), "{}", snap.weather);
    let both = year(vec![cold.clone(), hot]);
    assert!(both.totals.cooling_mwh > snap.totals.cooling_mwh && both.weather.contains("+8 K"), "{}", both.weather);
    // The same as a year of weather that has the spell in it from the start.
    let changed = cold.put_into(&weather).expect("a spell");
    let spec = EnergySpec { without_grid: true, ..shares(0.1, 0.5, 0.0) };
    let other = CityEnergy::prepare(&city, &changed).expect("prepared").year(&spec, &()).expect("a year");
    assert_eq!((other.totals, other.hours), (snap.totals, snap.hours));
    let days = energy.worst_days(&EnergySpec { spells: vec![cold], ..spec }, &()).expect("days");
    assert_eq!(days.len(), 4);
}

#[test]
fn years_stand_beside_each_other() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let year = |spec: EnergySpec| energy.year(&EnergySpec { without_grid: true, ..spec }, &()).expect("a year");
    let base = year(shares(0.1, 0.0, 0.0));
    let measures = Measures { retrofit: 0.5, ..Measures::default() };
    let variant = year(EnergySpec { measures, ..shares(0.6, 0.0, 0.0) });
    let told = compare_years(&base, &variant).expect("one city");
    let figure = |name: &str| *told.figures.iter().find(|figure| figure.name == name).expect(name);
    assert!(figure("pv_mwh").difference > 0.0 && figure("fuel_mwh").difference < 0.0);
    assert_eq!(figure("import_mwh").variant, variant.totals.import_mwh);
    let retrofitted = variant.totals.retrofitted as f64;
    assert!(figure("retrofitted").difference == retrofitted && retrofitted > 0.0);
    let all = told.gains[0];
    assert_eq!((all.usage, all.tenth, all.households), ("all", None, base.households.households));
    let off = all.all_in_eur - (variant.households.all_in_eur - base.households.all_in_eur);
    assert!(off.abs() < 1e-6 && all.gain + all.lose <= all.households && all.bill_eur < 0.0, "{all:?}");
    let sum = |of: fn(&Gains) -> f64, tenths: bool| {
        told.gains[1..].iter().filter(|row| row.tenth.is_some() == tenths).map(of).sum::<f64>()
    };
    for tenths in [false, true] {
        assert!((sum(|row| row.lose, tenths) - all.lose).abs() < 1e-6, "{told:?}");
        assert!((sum(|row| row.households, tenths) - all.households).abs() < 1e-6);
    }
    let folder = tempfile::tempdir().expect("a folder");
    write_energy_comparison(&told, folder.path()).expect("written");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    assert_eq!(read("gains.csv").lines().count(), 1 + told.gains.len());
    assert_eq!(read("figures.csv").lines().count(), 1 + told.figures.len());
    let json: serde_json::Value = serde_json::from_str(&read("comparison.json")).expect("JSON");
    assert_eq!(json["gains"][0]["lose"].as_f64(), Some(all.lose));
    let nothing = compare_years(&base, &base).expect("one city");
    assert!(nothing.figures.iter().all(|figure| figure.difference == 0.0));
    assert!(nothing.gains.iter().all(|row| (row.gain, row.lose, row.all_in_eur) == (0.0, 0.0, 0.0)));
    let other = EnergyYear { city: "elsewhere".to_owned(), ..base.clone() };
    let said = compare_years(&base, &other).expect_err("two cities").to_string();
    assert_eq!(said, "the years are of town and elsewhere; compare years of one city");
    let fewer = EnergyYear { homes: base.homes[1..].to_vec(), ..base.clone() };
    assert_eq!(compare_years(&base, &fewer), Err(ComparisonError::Dwellings("town".to_owned())));
}

#[test]
fn the_year_is_the_same_for_any_number_of_threads() {
    let (city, weather) = (town(), weather());
    let run = |threads: usize| {
        let spec = stored(shares(0.4, 0.3, 0.2));
        let year = || super::charge_tests::prepared(&city, &weather).year(&spec, &());
        pool(threads).expect("threads").install(year).expect("a year")
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn measures_push_the_year_their_way() {
    let (city, weather) = (town(), weather());
    let energy = super::charge_tests::prepared(&city, &weather);
    let year = |spec: EnergySpec| {
        energy.year(&EnergySpec { without_grid: true, ..spec }, &()).map(|year| year.totals).expect("a year")
    };
    let base = year(shares(0.1, 0.0, 0.0));
    let sunny = year(shares(0.6, 0.0, 0.0));
    assert!(sunny.pv_mwh > base.pv_mwh && sunny.import_mwh < base.import_mwh && sunny.load_mwh == base.load_mwh);
    assert!(sunny.carbon_t < base.carbon_t);
    let pumps = year(shares(0.1, 0.6, 0.0));
    assert!(pumps.fuel_mwh < base.fuel_mwh && pumps.import_mwh > base.import_mwh && pumps.carbon_t < base.carbon_t);
    let cars = year(shares(0.1, 0.0, 0.6));
    assert!(cars.charging_mwh > 0.0 && cars.fuel_mwh == base.fuel_mwh);
    let added = cars.load_mwh - base.load_mwh;
    assert!((added - cars.charging_mwh).abs() < 1e-3 * added, "{added} {}", cars.charging_mwh);
    let mut last = base.heating_mwh;
    for retrofit in [0.5, 1.0] {
        let measures = Measures { retrofit, ..Measures::default() };
        let now = year(EnergySpec { measures, ..shares(0.1, 0.0, 0.0) });
        assert!(now.heating_mwh < last && now.retrofit_eur > 0.0, "{now:?}");
        last = now.heating_mwh;
    }
}

/// Retrofits by place and years of construction: a higher share only adds, sheds are left alone.
#[test]
fn retrofits_follow_the_parts_of_the_city() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let year = |edits: &[&str]| {
        let edits: Vec<Request> = edits.iter().map(|edit| edit.parse().expect(edit)).collect();
        let assumptions = Assumptions::with_requests(&city, &edits).expect("edits");
        let spec = EnergySpec { assumptions, without_grid: true, ..EnergySpec::default() };
        energy.year(&spec, &()).expect("a year")
    };
    let which = |year: &EnergyYear| year.buildings.iter().map(|b| b.plants.invested).collect::<Vec<_>>();
    let (none, some, more) = (year(&[]), year(&["retrofit=0.4"]), year(&["retrofit=0.8"]));
    let count = |year: &EnergyYear| year.totals.retrofitted;
    assert!(count(&none) == 0 && count(&some) > 0 && count(&more) > count(&some) && count(&more) < 24);
    let grew = which(&none).into_iter().zip(which(&some)).zip(which(&more));
    // Smaller boilers do not pay for a retrofit: who has one has spent more, and keeps it.
    assert!(grew.into_iter().all(|((none, some), more)| some <= none || more == some));
    assert!(more.totals.heating_mwh < some.totals.heating_mwh && some.totals.heating_mwh < none.totals.heating_mwh);
    // No building states its year: all are of 1965.
    assert_eq!(count(&year(&["retrofit@1949-1978=1"])), 24);
    assert_eq!(count(&year(&["retrofit@1979-=1"])), 0);
    let near = count(&year(&["retrofit@10,50,100=1"]));
    assert!(near > 0 && near < 24, "{near}");
}

/// The worst days are those of the year, but for what the walls remember from before the warm-up.
#[test]
fn worst_days_are_days_of_the_year() {
    let (city, weather) = (town(), weather());
    let energy = super::charge_tests::prepared(&city, &weather);
    let spec = shares(0.5, 0.5, 0.3);
    let (year, days) = (energy.year(&spec, &()).expect("a year"), energy.worst_days(&spec, &()).expect("days"));
    let kinds: Vec<Worst> = days.iter().map(|day| day.worst).collect();
    assert_eq!(kinds, [Worst::Coldest, Worst::Darkest, Worst::Sunniest, Worst::Hottest]);
    for day in &days {
        let whole = &year.hours[24 * day.day..][..24];
        for (own, of_year) in day.hours.iter().zip(whole) {
            assert_eq!((own.hour, own.pv), (of_year.hour, of_year.pv));
            assert!((own.load - of_year.load).abs() < 1e-3 * of_year.load, "{own:?} {of_year:?}");
        }
    }
    let mean_c = |day: usize| weather.hours[24 * day..][..24].iter().map(|h| h.weather.air_temperature_c).sum::<f64>();
    assert!((0..365).all(|day| mean_c(day) >= mean_c(days[0].day) && mean_c(day) <= mean_c(days[3].day)));
    let slider = energy.worst_days(&EnergySpec { without_grid: true, ..spec }, &()).expect("days");
    assert!(slider.iter().flat_map(|day| &day.hours).all(|hour| hour.losses == 0.0));
}

/// Says stop after so many words.
struct Stops {
    words: AtomicUsize,
    most: usize,
    heard: Mutex<Vec<f32>>,
}

impl Watch for Stops {
    fn progress(&self, fraction: f32) {
        self.heard.lock().expect("a word").push(fraction);
        self.words.fetch_add(1, Ordering::Relaxed);
    }

    fn cancelled(&self) -> bool {
        self.words.load(Ordering::Relaxed) >= self.most
    }
}

#[test]
fn a_watch_hears_progress_and_ends_it() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let watch = |most: usize| Stops { words: AtomicUsize::new(0), most, heard: Mutex::default() };
    let patient = watch(usize::MAX);
    energy.year(&EnergySpec::default(), &patient).expect("a year");
    let heard = patient.heard.into_inner().expect("words");
    assert!(heard.len() >= 13 && heard.iter().all(|f| (0.0..=1.0).contains(f)) && heard.contains(&1.0));
    let hasty = watch(2);
    assert!(matches!(energy.year(&EnergySpec::default(), &hasty), Err(EnergyYearError::Cancelled)));
    assert!(hasty.heard.into_inner().expect("words").len() <= 3, "it stops soon");
}

#[test]
fn faults_are_one_clear_line() {
    let city = town();
    let mut short = weather();
    short.hours.truncate(100);
    let said = |weather: &WeatherYear| CityEnergy::prepare(&city, weather).err().expect("a fault").to_string();
    assert_eq!(said(&short), format!("the weather ({}) has 100 hours; give a year of 8760", short.label));
    let mut broken = weather();
    broken.hours[17].weather.dni = f64::NAN;
    assert_eq!(said(&broken), format!("hour 17 of the weather ({}) is not finite; correct the file", broken.label));
    let weather = weather();
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let measures = Measures { retrofit: f64::NAN, ..Measures::default() };
    let fault = energy.year(&EnergySpec { measures, ..EnergySpec::default() }, &()).expect_err("a fault").to_string();
    assert_eq!(fault, "the share retrofit is NaN; give a number from 0 to 1");
    let said = |spec: EnergySpec| energy.year(&spec, &()).expect_err("a fault").to_string();
    let finance = Finance { interest: f64::NAN, ..Finance::default() };
    let money = EnergySpec { finance, ..EnergySpec::default() };
    assert_eq!(said(money), "the interest rate is NaN; give a number from 0 to 0.5");
    let spells = vec![Spell { days: 3..5, kelvin: f64::NAN }];
    assert!(said(EnergySpec { spells, ..EnergySpec::default() }).starts_with("a change of NaN K"));
}

#[test]
fn a_city_without_buildings_has_a_year_of_nothing() {
    let bounds = GeoBounds { west: 9.9, south: 49.9, east: 10.1, north: 50.1 };
    let (city, weather) = (City::empty("nothing", Anchor::new(PLACE), bounds), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let year = energy.year(&EnergySpec { without_grid: true, ..EnergySpec::default() }, &()).expect("a year");
    assert_eq!((year.totals.load_mwh, year.balance_residual), (0.0, 0.0));
    assert!(year.notes.iter().any(|note| note.contains("of the EU are taken")), "{:?}", year.notes);
}

#[test]
fn tables_are_written_whole() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let year = energy.year(&shares(0.5, 0.5, 0.5), &()).expect("a year");
    let folder = tempfile::tempdir().expect("a folder");
    write_energy_year(&year, &city, folder.path()).expect("written");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect(name);
    assert_eq!(read("hours.csv").lines().count(), 1 + HOURS_OF_YEAR);
    assert_eq!(read("buildings.csv").lines().count(), 1 + city.buildings.len());
    assert_eq!(read("stations.csv").lines().count(), 1 + year.stations.len());
    let groups = year.households.groups.len() + year.households.tenths.len();
    assert_eq!(read("households.csv").lines().count(), 1 + groups);
    let fields = |text: &str| text.lines().map(|line| line.split(',').count()).collect::<BTreeSet<_>>().len();
    assert!(
        ["hours.csv", "buildings.csv", "stations.csv", "households.csv"].iter().all(|name| fields(&read(name)) == 1)
    );
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).expect("JSON");
    assert_eq!(summary["totals"]["import_mwh"].as_f64(), Some(year.totals.import_mwh));
    std::fs::create_dir(folder.path().join("blocked")).expect("a folder");
    std::fs::create_dir(folder.path().join("blocked/stations.csv")).expect("a folder in the way");
    write_energy_year(&year, &city, &folder.path().join("blocked")).expect_err("a folder stands in the way");
    let left = std::fs::read_dir(folder.path().join("blocked")).expect("a folder").count();
    assert_eq!(left, 1, "nothing else is left behind");
}

/// Batteries and turbines of the map are told, with how many and why; what is operated is not.
#[test]
fn assets_that_nobody_operates_are_told() {
    let mut city = town();
    assert_eq!(super::account::not_operated(&city), None);
    for kind in [EnergyAssetKind::Battery, EnergyAssetKind::Battery, EnergyAssetKind::Wind, EnergyAssetKind::Solar] {
        city.energy_assets.push(EnergyAsset {
            id: EnergyAssetId(city.energy_assets.len() as u32),
            source: SourceRef::Node(900 + city.energy_assets.len() as i64),
            name: None,
            kind,
            at: Coord { x: 0.0, y: 0.0 },
            rated: None,
            tags: Default::default(),
        });
    }
    let told = super::account::not_operated(&city).expect("a line");
    assert!(
        told.starts_with("of the map 2 batteries, 1 wind turbines are not operated: ") && !told.contains('\n'),
        "{told}"
    );
    let weather = synthetic_year(city.anchor.origin, 1.0, 1);
    let energy = CityEnergy::prepare(&city, &weather).expect("a city");
    let year = energy.year(&EnergySpec { without_grid: true, ..EnergySpec::default() }, &()).expect("a year");
    assert!(year.notes.contains(&told));
}
