//! Heat and electricity per floor area of whole cities, by use and age, beside published figures: writes the table
//! `specific_demand.md` into Cargo's target directory, and holds the rows of `published.csv`.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use citytwin_energy::{EnergySystem, building::Measures};
use citytwin_environment::{SunYear, synthetic_year};
use citytwin_import::weather::read_epw;
use citytwin_model::{City, WeatherYear};
use citytwin_scenario::building::{city_climate, city_heat};

/// Years of construction, as the published tables have them; the last of each.
const AGES: [(&str, u16); 4] = [("to 1948", 1948), ("1949-1978", 1978), ("1979-2009", 2009), ("from 2010", u16::MAX)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Sums of a use and age: buildings, floor m², and Wh of heating, hot water, cooling, electricity of appliances.
type Sums = BTreeMap<(String, &'static str), [f64; 6]>;

fn sums(city: &City, weather: &WeatherYear) -> Sums {
    let sun = SunYear::of(weather);
    let (heat, climate) = (city_heat(city, weather, &sun), city_climate(weather, &sun));
    let year = heat.run(&Measures::default(), &climate, (0, 8760), false).expect("a year");
    let system = EnergySystem::new(city);
    let mut sums = Sums::new();
    for (index, building) in city.buildings.iter().enumerate() {
        let built = heat.years()[index];
        let stated = building.tags.get("start_date").is_some();
        let age = AGES.iter().find(|(_, last)| built <= *last).map_or("", |(name, _)| *name);
        let used = &year.buildings[index];
        let row = [
            1.0,
            heat.envelopes()[index].floor_m2,
            used.heating_w,
            used.hot_water_w,
            used.cooling_w,
            1000.0 * system.annual_kwh(building.id),
        ];
        let name = format!("{:?}", building.usage.value).to_lowercase();
        for age in [Some("all"), stated.then_some(age)].into_iter().flatten() {
            let own = sums.entry((name.clone(), age)).or_default();
            own.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
    sums
}

/// Cities that lie beside this checkout, each with weather.
fn cities() -> Vec<(&'static str, City, WeatherYear)> {
    let shared = root().join("../shared/data");
    let amsterdam = shared.join("energy/buildings/NLD_Amsterdam062400_IWEC.epw");
    let places = [
        ("demo", root().join("maps/demo"), Some(amsterdam)),
        ("helsinki", shared.join("osm/helsinki.osm.pbf"), None),
        ("porto_alegre", shared.join("osm/porto_alegre.osm.pbf"), None),
    ];
    let mut cities = Vec::new();
    for (name, map, weather) in places {
        if !map.exists() || weather.as_ref().is_some_and(|file| !file.is_file()) {
            println!("skipped: {name}, its map or weather is not beside this checkout");
            continue;
        }
        let city = citytwin_import::open(&map, &Default::default(), &()).expect("a city");
        let origin = city.anchor.origin;
        let year = match weather {
            Some(file) => read_epw(&file).expect("weather").year,
            None => synthetic_year(origin, (origin.lon / 15.0).round(), 1),
        };
        cities.push((name, city, year));
    }
    cities
}

#[test]
fn cities_need_about_what_statistics_say() {
    let mut table = String::from(
        "| city | use | built | buildings | floor, m² | heating | hot water | cooling | electricity |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    let published = published();
    let mut outside = Vec::new();
    for (name, city, weather) in cities() {
        for ((usage, age), [count, floor_m2, heating, water, cooling, electricity]) in sums(&city, &weather) {
            let per = |wh: f64| wh / 1000.0 / floor_m2;
            writeln!(
                table,
                "| {name} | {usage} | {age} | {count} | {floor_m2:.0} | {:.0} | {:.0} | {:.1} | {:.0} |",
                per(heating),
                per(water),
                per(cooling),
                per(electricity)
            )
            .expect("a string");
            for row in published.iter().filter(|row| row.city == name && row.usage == usage && row.built == age) {
                let value = if row.quantity == "heating" { per(heating) } else { per(heating + water) };
                if !(row.low..=row.high).contains(&value) {
                    let [low, high] = [row.low, row.high];
                    outside.push(format!("{name} {usage} {age} {}: {value:.1}, not {low} to {high}", row.quantity));
                }
            }
        }
    }
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("specific_demand.md"), &table).expect("the table");
    println!("{table}");
    assert!(outside.is_empty(), "{}", outside.join("\n"));
}

/// A range that ours must lie in, kWh/(m²·a).
struct Published {
    city: String,
    usage: String,
    built: String,
    /// `heating`, or `heat`: with hot water.
    quantity: String,
    low: f64,
    high: f64,
}

fn published() -> Vec<Published> {
    let file = root().join("tests/cases/energy/specific_demand/published.csv");
    let text = fs::read_to_string(file).expect("the published ranges");
    let row = |line: &str| {
        let fields: Vec<&str> = line.splitn(7, ',').collect();
        let text = |at: usize| fields[at].to_owned();
        let number = |at: usize| fields[at].parse().expect("a number");
        Published { city: text(0), usage: text(1), built: text(2), quantity: text(3), low: number(4), high: number(5) }
    };
    text.lines().skip(1).map(row).collect()
}
