//! A year into a folder: `summary.json`, `hours.csv`, `stations.csv`, `buildings.csv`, all or none.

use std::{fmt::Write as _, io, path::Path};

use citytwin_model::City;

use super::EnergyYear;
use crate::{
    output::{failed, quoted, write_whole},
    spec::RunError,
};

/// Writes the four files; `city` is the one that was simulated.
///
/// # Errors
/// A folder or file that cannot be written; nothing is left behind then.
pub fn write_energy_year(year: &EnergyYear, city: &City, dir: &Path) -> Result<(), RunError> {
    let summary = serde_json::to_string_pretty(year)
        .map_err(|error| failed(dir, "the summary cannot be written as JSON", io::Error::other(error)))?;
    let (hours, stations, buildings) = (hours(year), stations(year), buildings(year, city));
    write_whole(
        dir,
        &[
            ("summary.json", &(summary + "\n")),
            ("hours.csv", &hours),
            ("stations.csv", &stations),
            ("buildings.csv", &buildings),
        ],
    )
}

fn hours(year: &EnergyYear) -> String {
    let mut text = String::from(
        "hour,load_mwh,heat_mwh,charging_mwh,pv_mwh,battery_charge_mwh,battery_discharge_mwh,battery_state_mwh,losses_mwh,\
         import_mwh,export_mwh\n",
    );
    for h in &year.hours {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6},{:.6}",
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
            h.export
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
         self_consumption_kwh,fuel_kwh,district_kwh,cost_eur\n",
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
            b.cost_eur,
        ];
        for value in all {
            let _ = write!(text, ",{value:.3}");
        }
        text.push('\n');
    }
    text
}
