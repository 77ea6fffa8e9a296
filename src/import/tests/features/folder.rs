//! `city.toml`: what it states reaches the city; what it misstates is told.

use std::{fs, path::Path};

use citytwin_import::{
    ImportError, ImportOptions,
    folder::{self, CityToml, RatedKva, SensorToml},
    open,
};
use citytwin_model::{City, DrivingSide, EnergyAssetKind, FeatureRef, ProblemKind, Quantity, SourceRef};

use crate::sketch::Sketch;

const HEAD: &str = "name = \"Port Élan\"\nmap = \"maps/city.osm.gz\"\n";

fn parse(text: &str) -> Result<folder::CityFolder, ImportError> {
    folder::parse(Path::new("/somewhere/city.toml"), text)
}

/// A city with one house, `way/1`, and what the folder adds.
fn apply(text: &str) -> City {
    let mut city = Sketch::new().rect(1, (0.0, 0.0), (10.0, 10.0), &[("building", "house")]).read();
    folder::apply(&parse(text).unwrap(), &mut city);
    city
}

#[test]
fn a_full_folder() {
    let text = format!(
        "{HEAD}country = \"DE\"\ndriving_side = \"left\"\npopulation = 40_000\ntime_zone = \"Europe/Berlin\"\n\
         attribution = [\"Ours, CC0\"]\n\
         [[transformer]]\nid = \"t-1\"\nname = \"North\"\nlon = 10\nlat = 50.0\nrated_kva = 630\n\
         [[charger]]\nid = \"c-1\"\nlon = 10.0\nlat = 50.0\nrated_kw = 22.0\n\
         [[wind]]\nid = \"w-1\"\nlon = 10.0\nlat = 50.0\n\
         [[sensor]]\nid = \"bridge-north\"\nquantity = \"vehicle_flow\"\nlon = 10.0\nlat = 50.0\nobserves = \"way/1\"\ninterval_s = 10\n\
         [[sensor]]\nid = \"t-1.load\"\nname = \"Load\"\nquantity = \"active_power\"\nlon = 10.0\nlat = 50.0\n\
         observes = \"transformer/t-1\"\ntopic = \"grid/t-1\"\ninterval_s = 60\nstale_after_s = 90\n"
    );
    let read = parse(&text).unwrap();
    assert_eq!(read.map, Path::new("/somewhere/maps/city.osm.gz"));
    let options = ImportOptions { driving_side: Some(DrivingSide::Left), country: Some("DE".to_owned()) };
    assert_eq!(read.options, options);
    let city = apply(&text);
    assert!(city.problems.is_empty(), "{:?}", city.problems);
    assert_eq!((city.name.as_str(), city.population), ("Port Élan", Some(40_000)));
    assert_eq!(city.time_zone.value.iana_name(), Some("Europe/Berlin"));
    assert!(city.time_zone.is_stated());
    assert_eq!(city.attribution, ["Ours, CC0"]);
    let assets: Vec<_> = city.energy_assets.iter().map(|a| (a.kind, a.rated.map(|r| r.value.0))).collect();
    use EnergyAssetKind::*;
    assert_eq!(assets, [(Transformer, Some(630e3)), (Charger, Some(22e3)), (Wind, None)]);
    assert_eq!(city.energy_assets[0].source, SourceRef::local("transformer", "t-1"));
    let [flow, load] = &city.sensors[..] else { panic!("two sensors") };
    assert_eq!(flow.topic, "citytwin/port-elan/bridge-north/vehicle_flow");
    assert_eq!((flow.quantity, flow.stale_after_s), (Quantity::VehicleFlow, 40.0));
    assert_eq!(flow.observes, Some(FeatureRef::Building(city.buildings[0].id)));
    assert_eq!((load.topic.as_str(), load.name.as_str(), load.stale_after_s), ("grid/t-1", "Load", 90.0));
    assert_eq!(load.observes, Some(FeatureRef::EnergyAsset(city.energy_assets[0].id)));
}

/// The one line must name the file, the line and something of the cause.
#[test]
fn a_wrong_file_is_one_line_with_its_place() {
    for (text, line, cause) in [
        (format!("{HEAD}populaton = 1\n"), 3, "populaton"),
        (format!("{HEAD}population = -5\n"), 3, "-5"),
        (format!("{HEAD}population = \"many\"\n"), 3, "string"),
        (format!("{HEAD}driving_side = \"middle\"\n"), 3, "middle"),
        (format!("{HEAD}country = \"Germany\"\n"), 3, "Germany"),
        (format!("{HEAD}\n\ntime_zone = \"Mars/Olympus\"\n"), 5, "Mars/Olympus"),
        (format!("{HEAD}[[sensor]]\nid = \"a\"\nbad = 1\n"), 5, "bad"),
        (format!("{HEAD}[[sensor]]\nid = \"a\"\n"), 3, "quantity"),
        (format!("{HEAD}x = [\n"), 3, ""),
        ("map = \"a.osm\"\n".to_owned(), 1, "name"),
        ("name = \"x\"\nmap = \"/etc/passwd\"\n".to_owned(), 2, "/etc/passwd"),
        ("name = \"x\"\nmap = \"../a.osm\"\n".to_owned(), 2, "../a.osm"),
        ("name = \"x\"\nmap = \"\"\n".to_owned(), 2, "map"),
        ("name = \"x\"\nmap = \".\"\n".to_owned(), 2, "does not lead to a file"),
        ("name = \"x\"\nmap = \"maps/\"\n".to_owned(), 2, "does not lead to a file"),
        (format!("{HEAD}country = \"XX\"\n"), 3, "XX"),
        // The first of several.
        (format!("{HEAD}time_zone = 1\npopulation = \"many\"\n"), 3, "string"),
        (format!("{HEAD}population = \"many\"\nattribution = 1\n"), 3, "many"),
        (format!("{HEAD}[[sensor]]\nid = 1\n[[charger]]\nid = 2\n"), 4, "string"),
        ("\0".to_owned(), 1, ""),
    ] {
        let message = parse(&text).unwrap_err().to_string();
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains("city.toml") && message.contains(cause), "{text:?}: {message}");
        assert!(message.contains(&format!("line {line}:")), "{text:?}, line {line}: {message}");
    }
}

/// One bad entry is left out and told; the others stay.
#[test]
fn bad_entries_are_problems() {
    let sensor = "[[sensor]]\nid = \"a\"\nquantity = \"speed\"\nlon = 10.0\nlat = 50.0\ninterval_s = 10\n";
    let asset = "[[solar]]\nid = \"s\"\nlon = 10.0\nlat = 50.0\nrated_kw = 5\n";
    for (good, from, to, source) in [
        (sensor, "lon = 10.0", "lon = nan", "sensor/a"),
        (sensor, "lon = 10.0", "lon = inf", "sensor/a"),
        (sensor, "lon = 10.0", "lon = 190.0", "sensor/a"),
        (sensor, "lat = 50.0", "lat = -50.0", "sensor/a"),
        (sensor, "\"speed\"", "\"velocity\"", "sensor/a"),
        (sensor, "interval_s = 10", "interval_s = 0", "sensor/a"),
        (sensor, "interval_s = 10", "interval_s = nan", "sensor/a"),
        (sensor, "interval_s = 10", "interval_s = 10\nstale_after_s = -1", "sensor/a"),
        (sensor, "interval_s = 10", "interval_s = 10\ntopic = \"a/#\"", "sensor/a"),
        (sensor, "\"a\"", "\"a/b\"", "sensor/a/b"),
        (sensor, "\"a\"", "\"\"", "sensor/"),
        (asset, "rated_kw = 5", "rated_kw = nan", "solar/s"),
        (asset, "rated_kw = 5", "rated_kw = -5", "solar/s"),
        (asset, "rated_kw = 5", "rated_kw = 1e12", "solar/s"),
        (asset, "lat = 50.0", "lat = 91.0", "solar/s"),
        (asset, "\"s\"", "\" \"", "solar/ "),
    ] {
        let bad = good.replace(from, to);
        let other = good.replace("\"a\"", "\"other\"").replace("\"s\"", "\"other\"");
        let city = apply(&format!("{HEAD}{bad}{other}"));
        assert_eq!(city.sensors.len() + city.energy_assets.len(), 1, "{bad}");
        assert_eq!(city.problems.len(), 1, "{bad}: {:?}", city.problems);
        assert_eq!((city.problems[0].kind, city.problems[0].source.to_string().as_str()), (ProblemKind::Entry, source));
    }
    // Twice the same id; twice the same topic and quantity.
    for second in [
        sensor.to_owned(),
        sensor.replace("\"a\"", "\"b\"").replace("interval_s", "topic = \"citytwin/port-elan/a/speed\"\ninterval_s"),
    ] {
        let city = apply(&format!("{HEAD}{sensor}{second}"));
        assert_eq!((city.sensors.len(), city.problems.len()), (1, 1), "{second}");
    }
    // What it observes is not there: it stays as a place.
    for observes in ["way/404", "nonsense"] {
        let city = apply(&format!("{HEAD}{sensor}observes = \"{observes}\"\n"));
        assert_eq!((city.sensors.len(), city.sensors[0].observes, city.problems.len()), (1, None, 1));
    }
}

#[test]
fn what_is_written_reads_back() {
    let city = CityToml {
        name: "Demo \"quoted\"\n".to_owned(),
        map: "city.osm.gz".to_owned(),
        country: Some("DE".to_owned()),
        driving_side: Some(DrivingSide::Right),
        population: Some(40_000),
        time_zone: Some("Europe/Berlin".to_owned()),
        attribution: vec!["Generated; CC0".to_owned()],
        transformers: vec![RatedKva {
            id: "t".to_owned(),
            name: None,
            lon: 7.0,
            lat: 51.123_456_7,
            rated_kva: Some(400.0),
        }],
        sensors: vec![SensorToml {
            id: "s".to_owned(),
            name: Some("S".to_owned()),
            quantity: "noise".to_owned(),
            lon: 7.0,
            lat: 51.0,
            observes: Some("way/1".to_owned()),
            topic: None,
            interval_s: 10.0,
            stale_after_s: None,
        }],
        ..CityToml::default()
    };
    let home = tempfile::tempdir().unwrap();
    folder::write(home.path(), &city).unwrap();
    let read = folder::open(home.path()).unwrap();
    assert_eq!(read.stated, city);
    assert_eq!(read.map, home.path().join("city.osm.gz"));
    assert_eq!(folder::open(&home.path().join("city.toml")).unwrap().stated, city);
}

#[test]
fn folders_that_cannot_be_read() {
    let home = tempfile::tempdir().unwrap();
    assert!(matches!(folder::open(home.path()), Err(ImportError::NotACity(_))));
    assert!(matches!(folder::open(&home.path().join("none")), Err(ImportError::Missing(_))));
    fs::write(home.path().join("city.toml"), [b'n', 0xff, 0xfe]).unwrap();
    assert!(folder::open(home.path()).unwrap_err().to_string().contains("UTF-8"));
    fs::write(home.path().join("city.toml"), HEAD).unwrap();
    // The map itself is missing: the whole import says so.
    let error = open(home.path(), &ImportOptions::default(), &()).unwrap_err();
    assert!(matches!(error, ImportError::Missing(_)), "{error}");
    let by_file = open(&home.path().join("city.toml"), &ImportOptions::default(), &()).unwrap_err();
    assert_eq!(by_file.to_string(), error.to_string());
}

/// A map that is a folder, and a folder that this user may not look into.
#[cfg(unix)]
#[test]
fn folders_of_the_wrong_kind() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("maps")).unwrap();
    fs::write(home.path().join("city.toml"), "name = \"x\"\nmap = \"maps\"\n").unwrap();
    let error = open(home.path(), &ImportOptions::default(), &()).unwrap_err();
    assert!(matches!(&error, ImportError::NotAFile(map) if map.ends_with("maps")), "{error}");
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o000)).unwrap();
    let found = folder::open(home.path());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    match found {
        Ok(_) => println!("skipped: this user may read every folder"),
        Err(error) => assert!(matches!(error, ImportError::Denied(_)), "{error}"),
    }
}

#[test]
fn countries_are_those_of_iso_3166() {
    let home = tempfile::tempdir().unwrap();
    for (code, known) in [
        ("DE", true),
        ("de", true),
        ("XK", true),
        ("BV", true),
        ("XX", false),
        ("D", false),
        ("DEU", false),
        ("#", false),
        ("", false),
        ("ÄÖ", false),
    ] {
        let options = ImportOptions { country: Some(code.to_owned()), ..ImportOptions::default() };
        let error = open(&home.path().join("none.osm"), &options, &()).unwrap_err();
        let refused = matches!(error, ImportError::Options { .. });
        assert_eq!(refused, !known, "{code}: {error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}
