//! What each verb does, from arguments to the last line printed.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use citytwin_desktop as desktop;
use citytwin_generate::GenerateSpec;
use citytwin_import::{FetchSpec, ImportOptions};
use citytwin_model::{City, Timestamp, time::civil};
use citytwin_scenario::{RunResult, RunSpec};

use crate::{
    arguments::{
        CheckArguments, FetchArguments, GenerateArguments, Layer, MapArguments, PanelTab, RenderArguments, RunArguments,
    },
    edits::requests,
    progress::Bar,
    say,
};

pub fn check(arguments: &CheckArguments) -> anyhow::Result<()> {
    let city = open(&arguments.city, &arguments.map)?;
    let report = citytwin_import::check_report(&city);
    if arguments.json { say(&json(&report)?) } else { say(&report.to_string()) }
}

pub fn run(arguments: &RunArguments) -> anyhow::Result<()> {
    if let Some(out) = &arguments.out
        && out.is_file()
    {
        bail!("{}: is a file; --out names a folder", out.display());
    }
    let city = open(&arguments.city, &arguments.map)?;
    let spec = RunSpec {
        hours: arguments.hours,
        seed: arguments.seed,
        start: instant(&city, arguments.time)?,
        threads: arguments.threads,
        edits: requests(&arguments.edits),
    };
    let result = citytwin_scenario::run(&city, &spec, &Bar::new())?;
    if let Some(out) = &arguments.out {
        citytwin_scenario::write_outputs(&result, out)?;
    }
    if arguments.json { say(&json(&result)?) } else { say(&in_words(&city, &result)) }
}

pub fn render(arguments: &RenderArguments) -> anyhow::Result<()> {
    let city = open(&arguments.city, &arguments.map)?;
    let start = instant(&city, arguments.time)?;
    let spec = desktop::RenderSpec {
        city: Arc::new(city),
        out: arguments.out.clone(),
        size: arguments.size,
        start,
        seed: arguments.seed,
        camera: arguments.camera.map(|view| desktop::Viewpoint {
            lon: view.lon,
            lat: view.lat,
            distance_m: view.distance_m,
            heading_deg: view.heading_deg,
            tilt_deg: view.tilt_deg,
        }),
        layer: arguments.layer.map(|layer| match layer {
            Layer::Speed => desktop::Layer::TrafficSpeed,
            Layer::Flow => desktop::Layer::TrafficFlow,
            Layer::Queues => desktop::Layer::Queues,
            Layer::Load => desktop::Layer::BuildingLoad,
            Layer::Pv => desktop::Layer::Pv,
            Layer::Sensors => desktop::Layer::SensorQuality,
            Layer::Volume => desktop::Layer::PeakFlow,
            Layer::Saturation => desktop::Layer::Saturation,
            Layer::Service => desktop::Layer::LevelOfService,
            Layer::Shift => desktop::Layer::PeakShift,
            Layer::Voltage => desktop::Layer::Voltage,
            Layer::Grid => desktop::Layer::GridLoading,
            Layer::Power => desktop::Layer::PowerDirection,
            Layer::Net => desktop::Layer::NetLoad,
            Layer::Heat => desktop::Layer::HeatDemand,
            Layer::Charging => desktop::Layer::Charging,
            Layer::Yield => desktop::Layer::PvYield,
        }),
        panels: arguments.panels,
        tab: arguments.tab.map(|tab| match tab {
            PanelTab::Figures => desktop::Tab::Figures,
            PanelTab::Grid => desktop::Tab::Grid,
            PanelTab::Year => desktop::Tab::Year,
            PanelTab::Trends => desktop::Tab::Trends,
            PanelTab::Problems => desktop::Tab::Problems,
            PanelTab::Feeds => desktop::Tab::Feeds,
        }),
        edits: requests(&arguments.edits),
        frames: arguments.frames,
        every_s: arguments.every,
    };
    let bar = Bar::new();
    desktop::render(spec, &|stage, fraction| bar.set(stage, fraction))?;
    Ok(())
}

pub fn generate(arguments: &GenerateArguments) -> anyhow::Result<()> {
    let bar = Bar::new();
    let spec = GenerateSpec { seed: arguments.seed, population: arguments.population, ..GenerateSpec::default() };
    let summary = citytwin_generate::generate(&spec, &arguments.out, &|stage, fraction| bar.set(stage, fraction))?;
    drop(bar);
    say(&format!("{}: {summary}\n", arguments.out.display()))
}

pub fn fetch(arguments: &FetchArguments) -> anyhow::Result<()> {
    let bar = Bar::new();
    let spec = FetchSpec {
        bbox: arguments.bbox,
        out: arguments.out.clone(),
        endpoint: arguments.endpoint.clone(),
        timeout: Duration::from_secs(arguments.timeout),
        max_bytes: arguments.max_size.saturating_mul(1024 * 1024),
        name: arguments.name.clone(),
    };
    let summary = citytwin_import::fetch(&spec, &bar)?;
    drop(bar);
    let folder = summary.folder.display();
    say(&format!(
        "{folder}: {} nodes, {} ways, {} relations\nopen it with: citytwin view {folder}\n",
        summary.nodes, summary.ways, summary.relations
    ))
}

pub fn options(map: &MapArguments) -> ImportOptions {
    ImportOptions { driving_side: map.driving_side.map(Into::into), country: map.country.clone() }
}

pub fn open(path: &Path, map: &MapArguments) -> anyhow::Result<City> {
    Ok(citytwin_import::open(path, &options(map), &Bar::new())?)
}

/// The instant of a local date and time in the city.
pub fn instant(city: &City, local: civil::DateTime) -> anyhow::Result<Timestamp> {
    let zoned =
        local.to_zoned(city.time_zone.value.clone()).with_context(|| format!("{local} cannot be placed in time"))?;
    Ok(zoned.timestamp())
}

pub fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string(value)?;
    text.push('\n');
    Ok(text)
}

/// The result for a person.
fn in_words(city: &City, result: &RunResult) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    let v = &result.vehicles;
    let e = &result.energy_mwh;
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", city.name);
    let _ = writeln!(
        text,
        "  trips: {} demanded = {} arrived + {} under way + {} refused",
        v.demanded, v.arrived, v.under_way, v.refused
    );
    for (reason, count) in &result.refusals {
        let _ = writeln!(text, "    refused, {reason}: {count}");
    }
    let _ = writeln!(text, "  mean travel time: {:.1} min", result.mean_travel_time_s / 60.0);
    let _ = writeln!(
        text,
        "  energy of the map's {} buildings: {:.2} MWh supplied = {:.2} load + {:.2} losses - {:.2} photovoltaics",
        result.energy_coverage.buildings, e.supplied, e.load, e.losses, e.pv
    );
    for figure in &result.key_figures {
        let _ = writeln!(text, "  {}: {:.2} {}", figure.label, figure.value, figure.unit);
    }
    let _ = writeln!(text, "  state hash: {}", result.state_hash);
    text
}
