//! Buildings and the sun by themselves: `building simulate` and `solar`.

use std::{fmt::Write, path::Path};

use anyhow::{Context, bail};
use citytwin_import::weather::read_epw;
use citytwin_model::{LonLat, WeatherYear};
use citytwin_scenario::{
    SolarSpec,
    building::{BuildingModel, read_building_case},
    solar, synthetic_weather,
};

use crate::{
    arguments::{BuildingSimulateArguments, SolarArguments, ThermalModel},
    say,
    text::text_of,
    verbs::json,
};

/// Largest case file that is read, byte.
const LARGEST: u64 = 1 << 20;

pub fn simulate(arguments: &BuildingSimulateArguments) -> anyhow::Result<()> {
    let file = arguments.case.display().to_string();
    let text = text_of(&arguments.case, LARGEST)?;
    let case = first_line(read_building_case(&file, &text))?;
    let weather = weather(&arguments.weather)?;
    let model = match arguments.model {
        ThermalModel::FiveResistances => BuildingModel::FiveResistances,
        ThermalModel::TwoCapacities => BuildingModel::TwoCapacities,
    };
    let year = case.simulate(&weather, model, arguments.hourly).with_context(|| file.clone())?;
    if arguments.json {
        return say(&json(&year)?);
    }
    let mut text = format!("weather: {}\n", weather.label);
    let _ = writeln!(text, "heating {:.1} kWh, at most {:.3} kW", year.heating_kwh, year.peak_heating_kw);
    let _ = writeln!(text, "cooling {:.1} kWh, at most {:.3} kW", year.cooling_kwh, year.peak_cooling_kw);
    let (least, mean, most) = (year.least_air_c, year.mean_air_c, year.greatest_air_c);
    let _ = writeln!(text, "inside {least:.1} to {most:.1} °C, {mean:.1} °C in the mean");
    for (hour, row) in year.hourly.iter().enumerate() {
        let (heating, cooling, air) = (row.heating_w, row.cooling_w, row.air_c);
        let _ = writeln!(text, "hour {:>4}  heating {heating:9.1} W  cooling {cooling:9.1} W  {air:6.2} °C", hour + 1);
    }
    say(&text)
}

pub fn sun(arguments: &SolarArguments) -> anyhow::Result<()> {
    let place = LonLat { lon: arguments.lon, lat: arguments.lat };
    if !place.is_valid() {
        bail!("{}, {} is not on the globe; give --lat and --lon in degrees", arguments.lat, arguments.lon);
    }
    let weather = match &arguments.weather {
        Some(path) => weather(path)?,
        None => synthetic_weather(place),
    };
    let (tilt_deg, azimuth_deg) = (arguments.tilt, arguments.azimuth);
    let year = solar(&SolarSpec { place, tilt_deg, azimuth_deg, peak_kw: arguments.kw }, &weather)?;
    if arguments.json {
        return say(&json(&year)?);
    }
    let mut text = format!("weather: {}\n", year.weather);
    let _ =
        writeln!(text, "{:.0} kWh/m² on the plane, {:.0} kWh from {} kW", year.plane_kwh_m2, year.ac_kwh, year.peak_kw);
    for month in &year.months {
        let _ = writeln!(text, "month {:>2}  {:6.1} kWh/m²  {:8.1} kWh", month.month, month.plane_kwh_m2, month.ac_kwh);
    }
    say(&text)
}

/// A weather file; what it does not give is told on stderr.
pub fn weather(path: &Path) -> anyhow::Result<WeatherYear> {
    let file = first_line(read_epw(path))?;
    for derived in &file.derived {
        eprintln!("citytwin: {}: {derived}", path.display());
    }
    Ok(file.year)
}

/// What was read; else its faults, a line each, the first as the error.
pub fn first_line<T, E: std::fmt::Display>(result: Result<T, E>) -> anyhow::Result<T> {
    result.map_err(|error| {
        let text = error.to_string();
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        for line in lines {
            eprintln!("citytwin: {line}");
        }
        anyhow::anyhow!(first)
    })
}
