//! The energy of a city by itself: `energy year`.

use std::fmt::Write;

use citytwin_model::{Assumptions, WeatherYear};
use citytwin_scenario::{
    energy_year::{
        CityEnergy, EnergyComparison, EnergySpec, EnergyYear, GridCarbon, Spell, compare_years,
        write_energy_comparison, write_energy_year,
    },
    synthetic_weather,
};

use crate::{
    arguments::EnergyYearArguments,
    building::weather,
    edits::requests,
    progress::Bar,
    say,
    text::text_of,
    verbs::{json, open},
};

/// The largest table that is read, byte.
const LARGEST_TABLE: u64 = 16 << 20;

pub fn year(arguments: &EnergyYearArguments) -> anyhow::Result<()> {
    let city = open(&arguments.city, &arguments.map)?;
    let assumptions = Assumptions::with_requests(&city, &requests(&arguments.edits))?;
    let weather = match &arguments.weather {
        Some(path) => weather(path)?,
        None => synthetic_weather(city.anchor.origin),
    };
    let spec = EnergySpec { assumptions, ..base(arguments, &weather)? };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let bar = Bar::new();
    let (year, comparison) = pool.install(|| -> anyhow::Result<_> {
        bar.set("reading walls, roofs and what stands before them", 0.0);
        let energy = CityEnergy::prepare(&city, &weather)?;
        let year = energy.year(&spec, &bar)?;
        if !arguments.compare {
            return Ok((year, None));
        }
        let as_it_is = energy.year(&EnergySpec { assumptions: Assumptions::default(), ..spec.clone() }, &bar)?;
        let comparison = compare_years(&as_it_is, &year)?;
        Ok((year, Some(comparison)))
    })?;
    drop(bar);
    if let Some(out) = &arguments.out {
        write_energy_year(&year, &city, out)?;
        comparison.iter().try_for_each(|comparison| write_energy_comparison(comparison, out))?;
    }
    match (&comparison, arguments.json) {
        (Some(comparison), true) => say(&json(comparison)?),
        (Some(comparison), false) => say(&compared(comparison)),
        (None, true) => say(&json(&year)?),
        (None, false) => say(&in_words(&year)),
    }
}

/// What does not change what people do: weather, carbon, money.
fn base(arguments: &EnergyYearArguments, weather: &WeatherYear) -> anyhow::Result<EnergySpec> {
    let spell = |(days, kelvin): &(usize, f64)| Spell::on_extreme_days(weather, *days, *kelvin);
    let mut spec = EnergySpec { spells: arguments.spells.iter().map(spell).collect(), ..EnergySpec::default() };
    if let Some(path) = &arguments.carbon {
        let name = path.display().to_string();
        let text = text_of(path, LARGEST_TABLE)?;
        spec.grid_carbon = Some(GridCarbon::parse(&name, &text)?);
    }
    if let Some(interest) = arguments.interest {
        spec.finance.interest = interest;
    }
    Ok(spec)
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
    row("greenhouse gases, CO2-equivalent", t.carbon_t, "t");
    row("energy of a household, mean", year.households.cost_eur, "€");
    row("  with plants and retrofits paid off", year.households.all_in_eur, "€");
    if t.retrofitted > 0 {
        row(&format!("retrofit of {} buildings", t.retrofitted), t.retrofit_eur, "€");
    }
    if year.uncarried_hours > 0 {
        row("hours that the grid cannot carry", year.uncarried_hours as f64, "h");
    }
    if let Some(poverty) = &year.households.poverty {
        for (label, of) in [
            ("households above 10 % of their income", &poverty.above_tenth),
            ("households above twice the median share (2M)", &poverty.above_twice_median),
        ] {
            let _ = writeln!(
                text,
                "{label:<46} {:>14.0} of {:.0} ({} to {} by who has which income)",
                of.households, year.households.households, of.least, of.most
            );
        }
    }
    for note in &year.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}

fn compared(comparison: &EnergyComparison) -> String {
    let mut text =
        format!("{}\n{:<46} {:>14} {:>14} {:>12}\n", comparison.city, "", "as it is", "changed", "difference");
    for figure in &comparison.figures {
        let _ = writeln!(
            text,
            "{:<46} {:>14.1} {:>14.1} {:>+12.1} {}",
            figure.label, figure.baseline, figure.variant, figure.difference, figure.unit
        );
    }
    let _ = writeln!(text, "{:<46} {:>14} {:>14} {:>12} all-in, € a year", "households", "gain", "lose", "mean");
    for of in &comparison.gains {
        let who = of.tenth.map_or_else(
            || format!("{} {}", of.usage, of.built),
            |tenth| format!("tenth {tenth} of incomes, poorest first"),
        );
        let _ = writeln!(text, "{who:<46} {:>14.0} {:>14.0} {:>+12.0}", of.gain, of.lose, of.all_in_eur);
    }
    for note in &comparison.notes {
        let _ = writeln!(text, "note: {note}");
    }
    text
}
