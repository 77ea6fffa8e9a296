//! `building simulate` and `solar` from outside: a published case, the weather's light, and what wrong input gets.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn citytwin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_citytwin")).args(arguments).output().expect("the program starts")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("stdout holds JSON alone")
}

/// A weather file of ../shared; None, said, where it is absent.
fn weather(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../shared/data/energy/buildings").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} absent", path.display());
    None
}

fn refused(arguments: &[&str]) -> String {
    let output = citytwin(arguments);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty() && said.lines().all(|line| line.starts_with("citytwin: ")), "{said}");
    said
}

/// ASHRAE 140 case 600 under its weather: heating 3.75 to 4.98, cooling 5.00 to 6.83 MWh a year.
#[test]
fn a_published_building_lies_within_its_range() {
    let Some(denver) = weather("USA_CO_Denver.Intl.AP.725650_TMY3.epw") else { return };
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/energy/ashrae140/600.toml");
    let (case, denver) = (case.to_str().unwrap(), denver.to_str().unwrap());
    for model in ["5r1c", "two-capacity"] {
        let year = json(&citytwin(&["building", "simulate", case, "--weather", denver, "--model", model, "--json"]));
        let of = |key: &str| year[key].as_f64().expect(key);
        assert!((3750.0..4980.0).contains(&of("heating_kwh")), "{model}: {year}");
        assert!((5000.0..6830.0).contains(&of("cooling_kwh")), "{model}: {year}");
        assert!(of("peak_heating_kw") > 0.0 && of("peak_cooling_kw") > 0.0 && year.get("hourly").is_none());
    }
    let hours = json(&citytwin(&["building", "simulate", case, "--weather", denver, "--hourly", "--json"]));
    assert_eq!(hours["hourly"].as_array().map(Vec::len), Some(8760));
}

#[test]
fn wrong_cases_and_weather_are_refused_with_their_place() {
    let Some(denver) = weather("USA_CO_Denver.Intl.AP.725650_TMY3.epw") else { return };
    let sound = fs::read_to_string("tests/cases/energy/ashrae140/600.toml").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case.toml");
    for (good, bad, place) in [
        ("floor_m2 = 48.0", "floor_m2 = nan", "floor_m2"),
        ("volume_m3 = 129.6", "volume_m3 = -1", "volume_m3"),
        ("heating_c = 20.0", "heating_c = 40.0", "thermostat"),
        ("power_w = 200.0", "power_v = 200.0", "internal"),
        ("title =", "title", "case.toml"),
    ] {
        assert!(sound.contains(good), "{good}");
        fs::write(&case, sound.replace(good, bad)).unwrap();
        let said = refused(&["building", "simulate", case.to_str().unwrap(), "--weather", denver.to_str().unwrap()]);
        assert!(said.contains(place) && said.contains("case.toml"), "{bad}: {said}");
    }
    fs::write(&case, &sound).unwrap();
    let text = fs::read_to_string(&denver).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let file = folder.path().join("weather.epw");
    let without_an_hour: Vec<&str> = [&lines[..4000], &lines[4001..]].concat();
    let wrong_zone = text.replacen(",-7.0,", ",7.0,", 1);
    for (what, text) in
        [("hour", without_an_hour.join("\n")), ("zone", wrong_zone), ("cut", text[..text.len() / 2].to_owned())]
    {
        fs::write(&file, text).unwrap();
        let said = refused(&["building", "simulate", case.to_str().unwrap(), "--weather", file.to_str().unwrap()]);
        assert!(said.contains("weather.epw"), "{what}: {said}");
    }
}

/// A plane to the south in Amsterdam: more than flat, more than north; the year is the sum of its months.
#[test]
fn sun_on_a_plane() {
    let Some(amsterdam) = weather("NLD_Amsterdam062400_IWEC.epw") else { return };
    let year = |tilt: &str, azimuth: &str| {
        let place = ["solar", "--lat", "52.3", "--lon", "4.77", "--tilt", tilt, "--azimuth", azimuth];
        json(&citytwin(&[&place[..], &["--weather", amsterdam.to_str().unwrap(), "--json"]].concat()))
    };
    let sum = |year: &Value| year["ac_kwh"].as_f64().expect("a yield");
    let (south, flat, north) = (year("35", "180"), year("0", "180"), year("35", "0"));
    assert!(sum(&south) > sum(&flat) && sum(&flat) > sum(&north), "{south}");
    assert!((800.0..1100.0).contains(&sum(&south)), "kWh per kW in the Netherlands: {south}");
    let months = south["months"].as_array().expect("months");
    let all: f64 = months.iter().map(|month| month["ac_kwh"].as_f64().unwrap()).sum();
    assert!(months.len() == 12 && (all / sum(&south) - 1.0).abs() < 1e-9);
    let made_up =
        json(&citytwin(&["solar", "--lat", "-30.03", "--lon", "-51.2", "--tilt", "30", "--azimuth", "0", "--json"]));
    assert_eq!(made_up["measured"], false);
    assert!(made_up["weather"].as_str().is_some_and(|label| label.contains("synthetic")), "{}", made_up["weather"]);
}

#[test]
fn wrong_planes_are_refused() {
    for (lat, lon, tilt, azimuth) in
        [("91", "0", "30", "180"), ("50", "0", "120", "180"), ("50", "0", "30", "NaN"), ("50", "x", "30", "180")]
    {
        refused(&["solar", "--lat", lat, "--lon", lon, "--tilt", tilt, "--azimuth", azimuth]);
    }
    let Some(denver) = weather("USA_CO_Denver.Intl.AP.725650_TMY3.epw") else { return };
    let far = ["solar", "--lat", "52", "--lon", "5", "--tilt", "30", "--azimuth", "180", "--weather"];
    assert!(refused(&[&far[..], &[denver.to_str().unwrap()]].concat()).contains("km away"));
}

/// The demo city's year: what comes in and goes out is what is used; more sun means less import; the same for any number of
/// threads. Edits that are none are refused.
#[test]
fn a_year_of_the_demo_adds_up() {
    let year = |extra: &[&str]| json(&citytwin(&[&["energy", "year", "maps/demo", "--json"], extra].concat()));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("year");
    let base = year(&["--threads", "1", "--out", out.to_str().unwrap()]);
    assert_eq!(base, year(&["--threads", "2"]));
    let of = |year: &Value, key: &str| year["totals"][key].as_f64().expect(key);
    assert!(base["balance_residual"].as_f64().expect("a residual").abs() < 1e-9);
    let (load, losses, pv) = (of(&base, "load_mwh"), of(&base, "losses_mwh"), of(&base, "pv_mwh"));
    let (import, export) = (of(&base, "import_mwh"), of(&base, "export_mwh"));
    assert!(((load + losses - pv) / (import - export) - 1.0).abs() < 1e-6, "{}", base["totals"]);
    let rows = fs::read_to_string(out.join("hours.csv")).unwrap().lines().count();
    assert_eq!(rows, 8761);
    let sunny = year(&["--edit", "pv=0.6", "--edit", "hp=0.5"]);
    assert!(of(&sunny, "pv_mwh") > pv && of(&sunny, "fuel_mwh") < of(&base, "fuel_mwh"));
    assert!(refused(&["energy", "year", "maps/demo", "--edit", "pv=2"]).contains("pv"));
    assert!(refused(&["energy", "year", "maps/demo", "--edit", "retrofit=1.4"]).contains("retrofit"));
}
