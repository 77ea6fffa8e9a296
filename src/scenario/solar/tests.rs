//! A year against pvlib, and arguments that cannot be.

use citytwin_environment::synthetic_year;
use citytwin_import::weather::read_epw;

use super::*;

const AMSTERDAM: LonLat = LonLat { lon: 4.77, lat: 52.30 };

fn spec(tilt_deg: f64, azimuth_deg: f64) -> SolarSpec {
    SolarSpec { place: AMSTERDAM, tilt_deg, azimuth_deg, peak_kw: 1.0 }
}

fn made() -> WeatherYear {
    synthetic_year(AMSTERDAM, 1.0, 1)
}

/// Truth from outside: `tests/cases/energy/solar_year`, years by pvlib 0.16.1. Tolerances and their reasons stand there.
#[test]
fn years_agree_with_pvlib() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let table = std::fs::read_to_string(format!("{root}/tests/cases/energy/solar_year/pvlib.csv")).unwrap();
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let path = format!("{root}/../shared/data/energy/buildings/{}", cells[0]);
        let Ok(file) = read_epw(path.as_ref()) else {
            println!("skipped: {path} absent");
            return;
        };
        let number = |at: usize| cells[at].parse::<f64>().unwrap();
        let place = LonLat { lon: file.year.longitude_deg, lat: file.year.latitude_deg };
        let spec = SolarSpec { place, tilt_deg: number(1), azimuth_deg: number(2), peak_kw: 1.0 };
        let found = solar(&spec, &file.year).unwrap();
        println!("{row}: {:.2} {:.2}", found.plane_kwh_m2, found.ac_kwh);
        assert!((found.plane_kwh_m2 / number(3) - 1.0).abs() < 2e-3, "{row}: {}", found.plane_kwh_m2);
        assert!((found.ac_kwh / number(4) - 1.0).abs() < 2e-3, "{row}: {}", found.ac_kwh);
    }
}

#[test]
fn months_add_up_and_many_systems_are_each() {
    let weather = made();
    let found = solar(&spec(35.0, 180.0), &weather).unwrap();
    assert_eq!(found.months.len(), 12);
    assert!(found.months[5].ac_kwh > 3.0 * found.months[11].ac_kwh, "June and December: {:?}", found.months);
    assert!(!found.measured && found.weather.contains("synthetic"), "{}", found.weather);
    let sky = SkyYear::new(&weather, &SunYear::of(&weather), SkyModel::Perez);
    let systems: Vec<_> =
        (0..50).map(|k| (Surface::open(35.0, f64::from(k) + 180.0), PvSystem::typical(1000.0))).collect();
    let many = SolarSky::new(sky, &weather).energies_wh(&systems);
    assert!((many[0] / 1000.0 / found.ac_kwh - 1.0).abs() < 1e-9, "{} {}", many[0], found.ac_kwh);
    assert!(many.windows(2).all(|pair| pair[1] < pair[0]), "the further from south the less");
}

#[test]
fn years_can_be_said_as_json() {
    let said = serde_json::to_value(solar(&spec(0.0, 0.0), &made()).unwrap()).unwrap();
    assert!(said["plane_kwh_m2"].as_f64().unwrap() > 800.0 && said["months"][11]["month"] == 12, "{said}");
}

#[test]
fn impossible_arguments_are_refused() {
    let weather = made();
    let mut short = weather.clone();
    short.hours.truncate(100);
    let at = |lon, lat| SolarSpec { place: LonLat { lon, lat }, ..spec(30.0, 180.0) };
    for (spec, weather, said) in [
        (spec(f64::NAN, 0.0), &weather, "tilt NaN: no number from 0 to 90; correct it"),
        (spec(91.0, 0.0), &weather, "tilt 91: no number from 0 to 90; correct it"),
        (spec(30.0, 1000.0), &weather, "azimuth 1000: no number from -360 to 360; correct it"),
        (at(0.0, 99.0), &weather, "latitude 99: no number from -90 to 90; correct it"),
        (at(f64::INFINITY, 9.0), &weather, "longitude inf: no number from -180 to 180; correct it"),
        (spec(30.0, 0.0), &short, "the weather has 100 hours; give a year of 8760"),
    ] {
        assert_eq!(solar(&spec, weather).unwrap_err().to_string(), said);
    }
    let far = solar(&at(24.94, 60.17), &weather).unwrap_err().to_string();
    assert!(far.contains("is of 52.3, 4.77, ") && far.ends_with("km away; give weather within 300 km"), "{far}");
}
