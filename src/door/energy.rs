//! The energy of a city by itself: `energy year`.

use std::fmt::Write;

use anyhow::bail;
use citytwin_model::Assumptions;
use citytwin_scenario::{
    energy_year::{CityEnergy, EnergySpec, EnergyYear, write_energy_year},
    synthetic_weather,
};

use crate::{
    arguments::EnergyYearArguments,
    building::weather,
    progress::Bar,
    say,
    verbs::{json, open},
};

pub fn year(arguments: &EnergyYearArguments) -> anyhow::Result<()> {
    let city = open(&arguments.city, &arguments.map)?;
    let assumptions = Assumptions::with_requests(&city, &arguments.edits)?;
    let weather = match &arguments.weather {
        Some(path) => weather(path)?,
        None => synthetic_weather(city.anchor.origin),
    };
    let mut spec = EnergySpec { assumptions, ..EnergySpec::default() };
    if !(0.0..=1.0).contains(&arguments.retrofit) {
        bail!("--retrofit {}: a share from 0 to 1", arguments.retrofit);
    }
    spec.measures.retrofit = arguments.retrofit;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let bar = Bar::new();
    let year = pool.install(|| {
        bar.set("reading walls, roofs and what stands before them", 0.0);
        CityEnergy::prepare(&city, &weather)?.year(&spec, &bar)
    })?;
    drop(bar);
    if let Some(out) = &arguments.out {
        write_energy_year(&year, &city, out)?;
    }
    if arguments.json { say(&json(&year)?) } else { say(&in_words(&year)) }
}

fn in_words(year: &EnergyYear) -> String {
    let (t, mut text) = (&year.totals, format!("{}\nweather: {}\n", year.city, year.weather));
    let mut row = |label: &str, value: f64, unit: &str| {
        let _ = writeln!(text, "{label:<46} {value:>14.1} {unit}");
    };
    row("load, cars and heat pumps included", t.load_mwh, "MWh");
    row("  of it heat pumps and electric heating", t.heat_electricity_mwh, "MWh");
    row("  of it electric cars", t.charging_mwh, "MWh");
    row("photovoltaics", t.pv_mwh, "MWh");
    row("  of it used in the building", t.self_consumption_mwh, "MWh");
    row("losses of the grid", t.losses_mwh, "MWh");
    row("import", t.import_mwh, "MWh");
    row("export", t.export_mwh, "MWh");
    row("highest import", t.peak_import_mw, "MW");
    row("heat for rooms", t.heating_mwh, "MWh");
    row("heat for hot water", t.hot_water_mwh, "MWh");
    row("fuel burnt", t.fuel_mwh, "MWh");
    row("carbon dioxide", t.carbon_t, "t");
    row("energy of a household, mean", year.households.cost_eur, "€");
    if t.retrofitted > 0 {
        row(&format!("retrofit of {} buildings", t.retrofitted), t.retrofit_eur, "€");
    }
    if year.uncarried_hours > 0 {
        row("hours that the grid cannot carry", year.uncarried_hours as f64, "h");
    }
    for note in &year.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
