//! Real files, and one wrong file per check.

use citytwin_model::HOURS_OF_YEAR;

use super::*;

const AMSTERDAM: &str = "NLD_Amsterdam062400_IWEC.epw";
const DENVER: &str = "USA_CO_Denver.Intl.AP.725650_TMY3.epw";

fn text_of(name: &str) -> Option<String> {
    let path = format!("{}/../../../shared/data/energy/buildings/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {path} absent");
    }
    text
}

/// A small right file: sun by a half sine about noon at UTC+1 and 15° E.
fn made() -> Vec<String> {
    let mut lines: Vec<String> = vec![
        "LOCATION,Made,-,XXX,test,1,50.0,15.0,1.0,100.0".into(),
        "DESIGN CONDITIONS,0".into(),
        "TYPICAL/EXTREME PERIODS,0".into(),
        "GROUND TEMPERATURES,0".into(),
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0".into(),
        "COMMENTS 1,".into(),
        "COMMENTS 2,".into(),
        "DATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31".into(),
    ];
    for (month, days) in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate() {
        for day in 1..=days {
            for hour in 1..=24 {
                let noon: f64 = ((f64::from(hour) - 6.5) / 12.0 * std::f64::consts::PI).sin().max(0.0);
                let (ghi, dhi) = (400.0 * noon, 100.0 * noon);
                lines.push(format!(
                    "2001,{},{day},{hour},60,?,10.0,5.0,71,100100,0,0,300,{ghi:.0},{ghi:.0},{dhi:.0},0,0,0,0,180,3.0,5,5,20,1000,9,999999999,10,0.1,0,88,0.2,0,0",
                    month + 1
                ));
            }
        }
    }
    lines
}

/// Replaces a field of a line, both from 1.
fn with(line: usize, field: usize, value: &str) -> Vec<String> {
    let mut lines = made();
    let mut fields: Vec<&str> = lines[line - 1].split(',').collect();
    fields[field - 1] = value;
    let row = fields.join(",");
    lines[line - 1] = row;
    lines
}

fn read(lines: &[String]) -> Result<WeatherFile, WeatherError> {
    parse_epw("made.epw", "made.epw", &lines.join("\n"))
}

/// Truth from outside: pvlib 0.16.1 read Amsterdam's file for `pv_in.csv`; the same numbers.
#[test]
fn real_files_are_read() {
    let (Some(text), Some(denver)) = (text_of(AMSTERDAM), text_of(DENVER)) else { return };
    let WeatherFile { year, derived } = parse_epw(AMSTERDAM, AMSTERDAM, &text).unwrap();
    let place = (year.latitude_deg, year.longitude_deg, year.utc_offset_h, year.elevation_m);
    assert_eq!(place, (52.30, 4.77, 1.0, -2.0));
    assert_eq!((year.label.as_str(), year.measured), ("AMSTERDAM, NLD_Amsterdam062400_IWEC.epw", true));
    assert_eq!((year.hours.len(), derived), (HOURS_OF_YEAR, Vec::<String>::new()));
    let Some(table) = text_of("../solar/pv_in.csv") else { return };
    for (hour, row) in year.hours.iter().zip(table.lines().skip(1)) {
        let row: Vec<f64> = row.split(',').take(5).map(|x| x.parse().unwrap()).collect();
        let sky = hour.weather;
        assert_eq!([sky.ghi, sky.dni, sky.dhi, sky.air_temperature_c, hour.wind_m_s], row[..]);
    }
    let denver = parse_epw(DENVER, DENVER, &denver).unwrap().year;
    assert_eq!((denver.hours.len(), denver.elevation_m), (HOURS_OF_YEAR, 1650.0));
}

#[test]
fn rows_are_read_field_by_field() {
    let Some(text) = text_of(DENVER) else { return };
    let first = parse_epw(DENVER, DENVER, &text).unwrap().year.hours[0];
    assert_eq!((first.weather.air_temperature_c, first.dew_point_c, first.pressure_pa), (-18.0, -19.7, 83_700.0));
    assert_eq!((first.sky_infrared_w_m2, first.wind_m_s, first.albedo), (181.0, 0.0, Some(0.22)));
    let Some(text) = text_of(AMSTERDAM) else { return };
    let first = parse_epw(AMSTERDAM, AMSTERDAM, &text).unwrap().year.hours[0];
    assert_eq!((first.weather.air_temperature_c, first.wind_m_s, first.albedo), (5.1, 6.7, None), "0 is no albedo");
}

/// Truth from outside: both files were compiled with the infrared of the same equations.
#[test]
fn infrared_is_derived_where_it_is_missing() {
    let Some(text) = text_of(DENVER) else { return };
    let given = parse_epw(DENVER, DENVER, &text).unwrap().year;
    let without: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let mut fields: Vec<&str> = line.split(',').collect();
            if i >= 8 {
                fields[12] = "9999";
            }
            fields.join(",")
        })
        .collect();
    let found = parse_epw(DENVER, DENVER, &without.join("\n")).unwrap();
    assert_eq!(found.derived.len(), 1);
    assert!(found.derived[0].starts_with("8760 hours: infrared"), "{:?}", found.derived);
    let off: Vec<f64> = given
        .hours
        .iter()
        .zip(&found.year.hours)
        .map(|(a, b)| (a.sky_infrared_w_m2 - b.sky_infrared_w_m2).abs())
        .collect();
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    println!("mean difference {mean} W/m², largest {}", off.iter().copied().fold(0.0, f64::max));
    assert!(mean < 2.0, "{mean}");
}

#[test]
fn optional_values_are_derived_and_said() {
    let file = read(&with(9, 8, "99.9")).unwrap();
    assert!((file.year.hours[0].dew_point_c - 5.0).abs() < 0.1, "71 % at 10 °C: {}", file.year.hours[0].dew_point_c);
    assert_eq!(file.derived, ["1 hours: dew point from relative humidity (Magnus)"]);
    let file = read(&with(9, 10, "999999")).unwrap();
    assert!((file.year.hours[0].pressure_pa - 100_129.0).abs() < 5.0, "{}", file.year.hours[0].pressure_pa);
    assert_eq!(read(&with(9, 33, "999")).unwrap().year.hours[0].albedo, None);
}

/// Each wrong file and what is said of it.
#[test]
fn every_fault_has_its_place() {
    let without = |line: usize| {
        let mut lines = made();
        lines.remove(line - 1);
        lines
    };
    let mut leap = made();
    leap.insert(8 + 59 * 24, leap[8].replacen("2001,1,1,1", "2004,2,29,1", 1));
    let cases = [
        (without(40), "made.epw: line 40: hour 9 of 2/1 (day/month) where hour 8 of 2/1 follows"),
        (leap, "made.epw: line 1425: 29 February"),
        (made()[..5000].to_vec(), "made.epw: line 5000: the file ends after 4992 of 8760 hours"),
        (made()[..3].to_vec(), "made.epw: line 4: begins with \"nothing\""),
        (Vec::new(), "made.epw: line 1: begins with \"nothing\""),
        (without(1), "made.epw: line 1: begins with \"DESIGN CONDITIONS\" where the header has \"LOCATION\""),
        (with(1, 9, "-1"), "made.epw: line 1: time zone (field 9): the year's light is centred at 12.0 h"),
        (with(1, 9, "-7"), "made.epw: line 1: time zone (field 9): UTC-7 is 8.0 h off the sun at longitude 15"),
        (with(1, 9, "x"), "made.epw: line 1: time zone (field 9): \"x\" is no number"),
        (with(1, 7, "NaN"), "made.epw: line 1: latitude (field 7): \"NaN\" is no number"),
        (with(8, 3, "4"), "made.epw: line 8: records per hour (field 3): \"4\" is not 1"),
        (with(9, 7, "99.9"), "made.epw: line 9: dry bulb temperature (field 7): \"99.9\" stands for a missing value"),
        (with(20, 14, "9999"), "made.epw: line 20: global horizontal irradiance (field 14): \"9999\" stands for"),
        (with(20, 15, "nan"), "made.epw: line 20: direct normal irradiance (field 15): \"nan\" is no number"),
        (with(20, 16, "-1"), "made.epw: line 20: diffuse horizontal irradiance (field 16): -1 Wh/m² lies outside"),
        (with(20, 22, "999"), "made.epw: line 20: wind speed (field 22): \"999\" stands for"),
        (with(20, 22, ""), "made.epw: line 20: wind speed (field 22): \"\" stands for"),
        (with(20, 3, "x"), "made.epw: line 20: fields 2 to 4 are no month, day and hour"),
        (with(20, 20, "1,2,3,4,5"), "made.epw: line 20: 39 fields where 32 to 35 belong"),
    ];
    for (lines, expected) in cases {
        let said = read(&lines).unwrap_err().to_string();
        assert!(said.starts_with(expected) && said.lines().count() == 1, "{said}\n  is not\n{expected}");
    }
}

#[test]
fn all_faults_are_told_up_to_a_number() {
    let mut lines = made();
    for line in &mut lines[8..40] {
        *line = line.replace(",10.0,5.0,71,", ",inf,99.9,999,");
    }
    let said = read(&lines).unwrap_err().to_string();
    assert_eq!(said.lines().count(), FAULTS_TOLD + 1);
    assert!(said.ends_with("made.epw: and 44 faults more"), "{said}");
}

#[test]
fn files_that_are_none_are_refused() {
    let missing = read_epw(Path::new("/nowhere/x.epw")).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/x.epw: no such file"), "{missing}");
    assert!(read_epw(Path::new("/")).is_err());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("binary.epw");
    std::fs::write(&path, [0_u8, 255, 10, 13, 200].repeat(999)).unwrap();
    assert!(read_epw(&path).is_err());
}
