//! ASHRAE Standard 140, thermal envelope: both networks against the printed ranges; a table of all figures.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use citytwin_import::weather::read_epw;
use citytwin_model::WeatherYear;
use citytwin_scenario::building::{BuildingCase, BuildingModel, BuildingYear, read_building_case};

/// Of the library's own 5R1C column.
const NEAR_PEER: f64 = 0.02;
/// So many of the annual criteria lie that near: all but the heating of 940 (see the README of the cases).
const NEAR_PEER_LEAST: usize = 39;
/// What our 5R1C passes, as the library's does: 670, 900 and 985 cool too little there too.
const FIVE_RESISTANCES_PASS: usize = 37;
/// What the two-capacity network passes: all.
const TWO_CAPACITIES_PASS: usize = 40;

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/energy/ashrae140")
}

fn cases() -> BTreeMap<String, BuildingCase> {
    let mut cases = BTreeMap::new();
    for entry in fs::read_dir(cases_folder()).expect("the cases") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a case");
            let case = read_building_case(&path.display().to_string(), &text).unwrap_or_else(|e| panic!("{e}"));
            cases.insert(name, case);
        }
    }
    cases
}

fn denver() -> Option<WeatherYear> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/energy/buildings");
    let file = folder.join("USA_CO_Denver.Intl.AP.725650_TMY3.epw");
    if !file.is_file() {
        println!("skipped: no {} beside this checkout", file.display());
        return None;
    }
    Some(read_epw(&file).unwrap_or_else(|error| panic!("{error}")).year)
}

/// A printed row: quantity, case, fields.
struct Printed {
    quantity: String,
    case: String,
    fields: Vec<String>,
}

fn printed() -> Vec<Printed> {
    let text = fs::read_to_string(cases_folder().join("ranges.csv")).expect("the printed table");
    let row = |line: &str| {
        let mut fields = line.split(',').map(str::to_owned);
        let (quantity, case) = (fields.next().expect("a quantity"), fields.next().expect("a case"));
        Printed { quantity, case, fields: fields.collect() }
    };
    text.lines().skip(1).map(row).filter(|row| row.case.starts_with("Case")).collect()
}

fn value(quantity: &str, year: &BuildingYear) -> Option<f64> {
    Some(match quantity {
        q if q.starts_with("Annual heating") => year.heating_kwh / 1000.0,
        q if q.starts_with("Annual cooling") => year.cooling_kwh / 1000.0,
        q if q.starts_with("Peak heating") => year.peak_heating_kw,
        q if q.starts_with("Peak cooling") => year.peak_cooling_kw,
        q if q.starts_with("Maximum temp") => year.greatest_air_c,
        q if q.starts_with("Minimum temp") => year.least_air_c,
        _ => return None,
    })
}

#[derive(Default)]
struct Score {
    criteria: usize,
    passed: [usize; 2],
    /// Case, quantity, ours, the library's.
    far: Vec<String>,
    outside: Vec<String>,
}

#[test]
fn annual_loads_lie_in_the_printed_ranges() {
    let cases = cases();
    assert!(cases.len() >= 26, "{} cases", cases.len());
    let Some(weather) = denver() else { return };
    let models = [BuildingModel::FiveResistances, BuildingModel::TwoCapacities];
    let run = |case: &BuildingCase| models.map(|model| case.simulate(&weather, model, false).expect("a year"));
    let years: BTreeMap<&str, [BuildingYear; 2]> =
        cases.iter().map(|(name, case)| (name.as_str(), run(case))).collect();
    let mut score = Score::default();
    let mut table = String::from(
        "| quantity | case | low | high | 5R1C | two capacities | IBPSA 5R1C |\n|---|---|---|---|---|---|---|\n",
    );
    for row in printed() {
        let Some(years) = years.get(row.case.trim_start_matches("Case")) else { continue };
        let Some(ours) = value(&row.quantity, &years[0]).zip(value(&row.quantity, &years[1])) else { continue };
        judge(&row, [ours.0, ours.1], &mut score, &mut table);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ashrae140.md");
    fs::write(&target, &table).expect("the table");
    println!("{table}\n{}: passed {:?} of {}", target.display(), score.passed, score.criteria);
    println!("outside:\n{}\nfar from the peer:\n{}", score.outside.join("\n"), score.far.join("\n"));
    assert_eq!(score.criteria, 40);
    assert!(score.passed[0] >= FIVE_RESISTANCES_PASS, "5R1C passes {} of 40", score.passed[0]);
    assert!(score.passed[1] >= TWO_CAPACITIES_PASS, "two capacities pass {} of 40", score.passed[1]);
    let near = score.criteria - score.far.len();
    println!("within {NEAR_PEER} of the library's 5R1C: {near} of {}", score.criteria);
    assert!(near >= NEAR_PEER_LEAST, "5R1C is near the library's in {near} only; far in\n{}", score.far.join("\n"));
}

/// Annual rows have a range and seven programs; peaks and temperatures seven values with their hours.
fn judge(row: &Printed, ours: [f64; 2], score: &mut Score, table: &mut String) {
    let number = |index: usize| row.fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let annual = row.quantity.starts_with("Annual");
    let others: Vec<f64> =
        (0..6).filter_map(|program| number(if annual { 2 + program } else { 2 * program })).collect();
    let peer = number(if annual { 8 } else { 12 }).unwrap_or(f64::NAN);
    let [low, high] = if annual {
        let [a, b] = [number(0).expect("a limit"), number(1).expect("a limit")];
        [a.min(b), a.max(b)]
    } else {
        [others.iter().fold(f64::INFINITY, |a, b| a.min(*b)), others.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b))]
    };
    let mark = |value: f64| if (low..=high).contains(&value) { "" } else { " *" };
    writeln!(
        table,
        "| {} | {} | {low} | {high} | {:.3}{} | {:.3}{} | {peer} |",
        row.quantity,
        row.case,
        ours[0],
        mark(ours[0]),
        ours[1],
        mark(ours[1])
    )
    .expect("a string");
    if annual {
        score.criteria += 1;
        for (model, value) in ours.iter().enumerate() {
            if mark(*value).is_empty() {
                score.passed[model] += 1;
            } else {
                score
                    .outside
                    .push(format!("{} {} model {model}: {value:.3} of {low} to {high}", row.quantity, row.case));
            }
        }
        if (ours[0] - peer).abs() > NEAR_PEER * peer {
            let share = ours[0] / peer - 1.0;
            score.far.push(format!(
                "{} {}: {:.3}, the library {peer} ({:+.1} %)",
                row.quantity,
                row.case,
                ours[0],
                100.0 * share
            ));
        }
    }
}
