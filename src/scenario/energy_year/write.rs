//! A year into a folder: `summary.json`, `hours.csv`, `stations.csv`, `buildings.csv`, `households.csv`; a comparison:
//! `comparison.json`, `figures.csv`, `gains.csv`. All or none.

use std::{fmt::Write as _, io, path::Path};

use citytwin_model::City;

use super::{EnergyComparison, EnergyYear};
use crate::{
    output::{failed, quoted, write_whole},
    spec::RunError,
};

/// Writes the five files; `city` is the one that was simulated.
///
/// # Errors
/// A folder or file that cannot be written; nothing is left behind then.
pub fn write_energy_year(year: &EnergyYear, city: &City, dir: &Path) -> Result<(), RunError> {
    let summary = serde_json::to_string_pretty(year)
        .map_err(|error| failed(dir, "the summary cannot be written as JSON", io::Error::other(error)))?;
    let (hours, stations, buildings, households) =
        (hours(year), stations(year), buildings(year, city), households(year));
    write_whole(
        dir,
        &[
            ("summary.json", &(summary + "\n")),
            ("hours.csv", &hours),
            ("stations.csv", &stations),
            ("buildings.csv", &buildings),
            ("households.csv", &households),
        ],
    )
}

/// Writes the three files of a comparison.
///
/// # Errors
/// As [`write_energy_year`].
pub fn write_energy_comparison(comparison: &EnergyComparison, dir: &Path) -> Result<(), RunError> {
    let json = serde_json::to_string_pretty(comparison)
        .map_err(|error| failed(dir, "the comparison cannot be written as JSON", io::Error::other(error)))?;
    let mut figures = String::from("name,unit,baseline,variant,difference\n");
    for f in &comparison.figures {
        let _ = writeln!(figures, "{},{},{:.6},{:.6},{:.6}", f.name, f.unit, f.baseline, f.variant, f.difference);
    }
    let mut gains = String::from("usage,built,income_tenth,households,gain,lose,bill_eur,all_in_eur\n");
    for row in &comparison.gains {
        let tenth = row.tenth.map(|tenth| tenth.to_string()).unwrap_or_default();
        let _ = writeln!(
            gains,
            "{},{},{tenth},{:.2},{:.2},{:.2},{:.3},{:.3}",
            row.usage, row.built, row.households, row.gain, row.lose, row.bill_eur, row.all_in_eur
        );
    }
    write_whole(dir, &[("comparison.json", &(json + "\n")), ("figures.csv", &figures), ("gains.csv", &gains)])
}

fn hours(year: &EnergyYear) -> String {
    let mut text = String::from(
        "hour,load_mwh,heat_mwh,charging_mwh,pv_mwh,battery_charge_mwh,battery_discharge_mwh,battery_state_mwh,losses_mwh,\
         import_mwh,export_mwh,grid_g_kwh\n",
    );
    for h in &year.hours {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.3}",
            h.hour,
            h.load,
            h.heat,
            h.charging,
            h.pv,
            h.battery_charge,
            h.battery_discharge,
            h.battery_state,
            h.losses,
            h.import,
            h.export,
            year.grid_carbon.g_kwh(h.hour)
        );
    }
    text
}

fn stations(year: &EnergyYear) -> String {
    let mut text = String::from(
        "id,lon,lat,rated_kva,buildings,peak_loading_percent,hours_over_100_percent,hours_voltage_outside\n",
    );
    for s in &year.stations {
        let _ = writeln!(
            text,
            "{},{:.7},{:.7},{},{},{:.3},{},{}",
            quoted(&s.id),
            s.lon,
            s.lat,
            s.rated_kva,
            s.buildings,
            100.0 * s.year.peak_loading,
            s.year.hours_over,
            s.year.hours_voltage
        );
    }
    text
}

fn buildings(year: &EnergyYear, city: &City) -> String {
    let mut text = String::from(
        "building,use,heating_kwh,hot_water_kwh,cooling_kwh,electricity_kwh,heat_electricity_kwh,charging_kwh,pv_kwh,\
         self_consumption_kwh,fuel_kwh,district_kwh,peak_kw,carbon_kg,cost_eur,energy_eur,standing_eur,peak_eur,\
         revenue_eur,annuity_eur,invested_eur\n",
    );
    for (building, b) in city.buildings.iter().zip(&year.buildings) {
        let _ = write!(text, "{},{:?}", quoted(&building.source.to_string()), building.usage.value);
        let all = [
            b.heating,
            b.hot_water,
            b.cooling,
            b.electricity,
            b.heat_electricity,
            b.charging,
            b.pv,
            b.self_consumption,
            b.fuel,
            b.district,
            b.peak_kw,
            b.carbon_kg,
            b.cost_eur,
            b.bill.energy,
            b.bill.standing,
            b.bill.peak,
            b.bill.revenue,
            b.plants.annuity,
            b.plants.invested,
        ];
        for value in all {
            let _ = write!(text, ",{value:.3}");
        }
        text.push('\n');
    }
    text
}

/// By kind of dwelling and age, then by tenth of incomes. What is not known is empty.
fn households(year: &EnergyYear) -> String {
    let mut text = String::from(
        "usage,built,income_tenth,households,cost_eur,all_in_eur,income_share,above_tenth,above_twice_median\n",
    );
    let known = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
    for group in year.households.groups.iter().chain(&year.households.tenths) {
        let _ = writeln!(
            text,
            "{},{},{},{:.2},{:.3},{:.3},{},{},{}",
            group.usage,
            group.built,
            group.tenth.map(|tenth| tenth.to_string()).unwrap_or_default(),
            group.households,
            group.cost_eur,
            group.all_in_eur,
            known(group.income_share),
            known(group.above_tenth),
            known(group.above_twice_median)
        );
    }
    text
}
