//! What may be typed, and its help.

mod energy;
mod feed;
mod grid;
mod live;

use std::{path::PathBuf, str::FromStr};

use citytwin_model::{DrivingSide, GeoBounds, time::civil};
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use energy::{EnergyVerb, EnergyYearArguments};
pub use feed::{
    FeedDeadArguments, FeedExportArguments, FeedRecordArguments, FeedRetryArguments, FeedSimulateArguments,
    FeedTestArguments, FeedVerb, PayloadFormat, RollUpLevel,
};
pub use grid::{
    GridConvertArguments, GridEstimateArguments, GridHostingArguments, GridOutagesArguments, GridSolveArguments,
    GridVerb,
};
pub use live::{KeptArguments, LiveArguments, ReplayArguments, WindowArguments};

use crate::edits::{Edits, edits};

/// CityTwin: a desktop digital twin of a city. Without a command it opens the demo city.
#[derive(Parser)]
#[command(name = "citytwin", version, about, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub window: WindowArguments,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Open a city in 3D: an OpenStreetMap extract (.osm.pbf, .osm, .osm.gz) or a city folder (city.toml).
    View {
        /// The extract or folder.
        city: PathBuf,
        #[command(flatten)]
        window: WindowArguments,
    },
    /// Go through a past span again as it was recorded.
    Replay(ReplayArguments),
    /// Say what a city holds: what was read, what was inferred, every problem.
    Check(CheckArguments),
    /// Simulate traffic and energy without a window and write the results.
    Run(RunArguments),
    /// Draw a picture of a city without a window.
    Render(RenderArguments),
    /// Make a fictitious city: the demo in maps/demo is `generate --seed 7 --population 40000`.
    Generate(GenerateArguments),
    /// Traffic engines by themselves.
    #[command(subcommand)]
    Traffic(TrafficVerb),
    /// The power grid by itself.
    #[command(subcommand)]
    Grid(GridVerb),
    /// Live feeds by themselves.
    #[command(subcommand)]
    Feed(FeedVerb),
    /// Buildings' heat by itself.
    #[command(subcommand)]
    Building(BuildingVerb),
    /// A city's energy by itself.
    #[command(subcommand)]
    Energy(EnergyVerb),
    /// A year of sun on a plane, and what modules on it give.
    Solar(SolarArguments),
    /// Download a real city from an Overpass server into a city folder.
    Fetch(FetchArguments),
}

#[derive(Subcommand)]
pub enum BuildingVerb {
    /// Take a building (a case file as in tests/cases/energy/ashrae140) through a year of weather.
    Simulate(BuildingSimulateArguments),
}

#[derive(Args)]
pub struct BuildingSimulateArguments {
    /// The case.
    pub case: PathBuf,
    /// EnergyPlus weather file.
    #[arg(long, value_name = "FILE.epw")]
    pub weather: PathBuf,
    /// Thermal network.
    #[arg(long, value_enum, default_value = "5r1c")]
    pub model: ThermalModel,
    /// All 8,760 hours, too.
    #[arg(long)]
    pub hourly: bool,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum ThermalModel {
    /// Five resistances and one capacity, ISO 13790.
    #[value(name = "5r1c")]
    FiveResistances,
    /// Envelope and inside as a capacity each.
    #[value(name = "two-capacity")]
    TwoCapacities,
}

#[derive(Args)]
pub struct SolarArguments {
    /// Latitude, degree, north positive.
    #[arg(long, allow_hyphen_values = true)]
    pub lat: f64,
    /// Longitude, degree, east positive.
    #[arg(long, allow_hyphen_values = true)]
    pub lon: f64,
    /// Tilt, degree: 0 flat, 90 upright.
    #[arg(long, allow_hyphen_values = true)]
    pub tilt: f64,
    /// Where it faces, degree clockwise from north.
    #[arg(long, allow_hyphen_values = true)]
    pub azimuth: f64,
    /// Power of the modules, kW.
    #[arg(long, default_value_t = 1.0, allow_hyphen_values = true)]
    pub kw: f64,
    /// EnergyPlus weather file; a made-up year of the latitude without it.
    #[arg(long, value_name = "FILE.epw")]
    pub weather: Option<PathBuf>,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand)]
pub enum TrafficVerb {
    /// Static user equilibrium of trips on a network (TNTP files, or a SUMO net with trips between its edges).
    Assign(AssignArguments),
    /// Estimate who travels in a city, from where to where and by what, beside published figures.
    Demand(DemandArguments),
    /// Run a SUMO scenario vehicle by vehicle: car following, lane changes, right of way, signals.
    Simulate(SimulateArguments),
}

#[derive(Args)]
pub struct SimulateArguments {
    /// The scenario (.sumocfg); what it names is read beside it.
    pub scenario: PathBuf,
    /// Every vehicle at every step: car following, lane changes, gaps.
    #[arg(long, required_unless_present = "meso", conflicts_with = "meso")]
    pub micro: bool,
    /// Lanes as queues, from event to event: for whole cities and days. Uses one thread.
    #[arg(long)]
    pub meso: bool,
    /// Second at which the run ends; without it and without one in the scenario, once everybody has arrived.
    #[arg(long, value_parser = weight)]
    pub end: Option<f64>,
    /// Seed of what is drawn; otherwise the scenario's, else 0.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Threads; 0 = all cores. Never changes the results.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// Folder for trips, links (by 5 minutes; by the hour with --meso), junctions and mfd, each as .csv and .parquet.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON: {"inserted":n,"arrived":n,"running":n,"waiting":n,"mean_duration_s":x,"mean_time_loss_s":x,
    /// "vehicle_updates_per_s":x,"cpu_s":x,"state_hash":"…"}
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct AssignArguments {
    /// Network: TNTP (*_net.tntp) or SUMO (.net.xml); packed with gzip (.gz) or not.
    pub net: PathBuf,
    /// Trips: TNTP (*_trips.tntp) or CSV with the columns origin,destination,trips (zones, or edges of the SUMO net); .gz or not.
    pub trips: PathBuf,
    /// Relative gap to reach.
    #[arg(long, default_value_t = 1e-6, value_parser = gap)]
    pub gap: f64,
    /// Iterations at most.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub iterations: u32,
    /// Threads; 0 = all cores. Never changes the results.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// Time that a unit of toll is worth, in the network's unit of time.
    #[arg(long, default_value_t = 0.0, value_parser = weight)]
    pub toll_weight: f64,
    /// Time that a unit of length costs beyond its travel time.
    #[arg(long, default_value_t = 0.0, value_parser = weight)]
    pub distance_weight: f64,
    /// Print JSON: {"objective":x,"relative_gap":x,"iterations":n,"cpu_s":x,"links":[{"from":a,"to":b,"flow":x,"cost":x}]}
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct DemandArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// Folder for zones.csv, od.csv, gates.csv, report.json and report.md.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The city's own zones: zone,lon,lat,residents,jobs,retail_jobs,public_jobs,school_jobs.
    #[arg(long, value_name = "FILE.csv")]
    pub zones: Option<PathBuf>,
    /// The city's own trips between zones: from,to,trips.
    #[arg(long, value_name = "FILE.csv")]
    pub od: Option<PathBuf>,
}

/// How a map is read where the map itself does not say.
#[derive(Args, Clone)]
pub struct MapArguments {
    /// Side of the road traffic keeps to; otherwise from the location.
    #[arg(long, value_enum)]
    pub driving_side: Option<Side>,
    /// Country (ISO 3166-1 alpha-2, e.g. DE) whose defaults apply; otherwise from the location.
    #[arg(long, value_parser = country)]
    pub country: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Side {
    Right,
    Left,
}

impl From<Side> for DrivingSide {
    fn from(side: Side) -> Self {
        match side {
            Side::Right => Self::Right,
            Side::Left => Self::Left,
        }
    }
}

#[derive(Args)]
pub struct CheckArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// Print JSON: {"bounds":[w,s,e,n],"roads":n,"links":n,"buildings":n,"building_parts":n,"trees":n,
    /// "signals":n,"problems":[{"source":"way/123","what":"…"}],…}
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct RunArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// Simulated time, hours.
    #[arg(long, default_value_t = 24.0, value_parser = hours, allow_negative_numbers = true)]
    pub hours: f64,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Local date and time to start at.
    #[arg(long, value_name = "ISO", value_parser = date_time, default_value = "2026-06-16T00:00")]
    pub time: civil::DateTime,
    /// Threads; 0 = all cores. Never changes the results.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// A what-if, repeatable: close:way/123, reopen:way/123, oneway:way/123=forward, lanes:way/123=1, speed:way/123=30,
    /// ban:way/1>node/2>way/3, demand=1.2, pv=0.3, ev=0.5, hp=0.2; within 400 m of a place: pv@7.2012,54.5971,400=0.8; or a file
    /// with one in each line.
    #[arg(long = "edit", value_name = "EDIT|FILE", value_parser = edits)]
    pub edits: Vec<Edits>,
    /// Folder for summary.json, hours.csv, links.csv and transformers.csv.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON: {"vehicles":{"demanded":n,"arrived":n,"under_way":n,"refused":n},"mean_travel_time_s":x,
    /// "energy_mwh":{"load":x,"pv":x,"losses":x,"supplied":x},"state_hash":"…",…}
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct RenderArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// The picture to write (PNG).
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,
    /// Width × height, pixel.
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    pub size: (u32, u32),
    /// Local date and time: decides sun, shadows and traffic.
    #[arg(long, value_name = "ISO", value_parser = date_time, default_value = "2026-06-16T10:30")]
    pub time: civil::DateTime,
    /// Where from: LON,LAT[,DISTANCE_M[,HEADING_DEG[,TILT_DEG]]]; heading clockwise from north, tilt 90 looks
    /// straight down. The whole city without it.
    #[arg(long, value_name = "…", value_parser = Viewpoint::from_str, allow_hyphen_values = true)]
    pub camera: Option<Viewpoint>,
    /// Colour the city by a result of the simulation.
    #[arg(long, value_enum)]
    pub layer: Option<Layer>,
    /// Draw the panels too, as in the window.
    #[arg(long)]
    pub panels: bool,
    /// The tab that the right panel shows.
    #[arg(long, value_enum, requires = "panels")]
    pub tab: Option<PanelTab>,
    /// A what-if, repeatable, as for `run`.
    #[arg(long = "edit", value_name = "EDIT|FILE", value_parser = edits)]
    pub edits: Vec<Edits>,
    /// Seed of the simulation.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Pictures, 1…1000: with more than one they are numbered, FILE-001.png and on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub frames: u32,
    /// Simulated time from one picture to the next, second, 0.5…3600.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = between_frames)]
    pub every: f64,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Layer {
    /// Speed relative to the limit.
    Speed,
    /// Vehicles per hour.
    Flow,
    /// Metres of standing vehicles.
    Queues,
    /// Electric load of buildings.
    Load,
    /// Photovoltaic output of buildings.
    Pv,
    /// How well the sensors are.
    Sensors,
    /// Vehicles in the weekday's peak hour, in user equilibrium.
    Volume,
    /// … over capacity.
    Saturation,
    /// Level of service in the peak hour.
    Service,
    /// Change of the peak hour's volume by the edits.
    Shift,
    /// Voltage of the power grid.
    Voltage,
    /// Loading of cables and transformers.
    Grid,
    /// Power to the customers, or back from them.
    Power,
    /// Electric load of buildings less their photovoltaics.
    Net,
    /// Power of cars that charge at buildings.
    Charging,
    /// Heat into rooms over the year.
    Heat,
    /// Photovoltaic yield over the year.
    Yield,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum PanelTab {
    Figures,
    Grid,
    Year,
    Trends,
    Problems,
    Feeds,
}

#[derive(Args)]
pub struct GenerateArguments {
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Inhabitants, 500…700,000.
    #[arg(long, default_value_t = 40_000, value_parser = population)]
    pub population: u32,
    /// Folder to write.
    #[arg(long, value_name = "DIR", default_value = "maps/demo")]
    pub out: PathBuf,
}

#[derive(Args)]
pub struct FetchArguments {
    /// West, south, east, north in degrees.
    #[arg(long, value_name = "W,S,E,N", value_parser = bbox, allow_hyphen_values = true)]
    pub bbox: GeoBounds,
    /// City folder to make.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the city; the folder's name without it.
    #[arg(long)]
    pub name: Option<String>,
    /// Overpass interpreter to ask.
    #[arg(long, value_name = "URL", default_value = citytwin_import::PUBLIC_OVERPASS)]
    pub endpoint: String,
    /// Longest wait, second.
    #[arg(long, default_value_t = 300)]
    pub timeout: u64,
    /// Largest answer, MiB.
    #[arg(long, default_value_t = 512)]
    pub max_size: u64,
}

/// A camera in the words of the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewpoint {
    pub lon: f64,
    pub lat: f64,
    pub distance_m: f64,
    pub heading_deg: f64,
    pub tilt_deg: f64,
}

impl FromStr for Viewpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = numbers(text)?;
        let (lon, lat) = match numbers[..] {
            [lon, lat, ..] if numbers.len() <= 5 => (lon, lat),
            _ => return Err("write LON,LAT[,DISTANCE_M[,HEADING_DEG[,TILT_DEG]]]".into()),
        };
        let at = |i: usize, default: f64| numbers.get(i).copied().unwrap_or(default);
        let view = Self { lon, lat, distance_m: at(2, 800.0), heading_deg: at(3, 0.0), tilt_deg: at(4, 40.0) };
        if lon.abs() > 180.0 || lat.abs() > 90.0 {
            return Err(format!("{lon},{lat} is not on the globe (LON,LAT in degrees)"));
        }
        if !(10.0..=100_000.0).contains(&view.distance_m) || !(5.0..=90.0).contains(&view.tilt_deg) {
            return Err("the distance must lie in 10…100,000 m, the tilt in 5…90 degrees".into());
        }
        Ok(view)
    }
}

fn numbers(text: &str) -> Result<Vec<f64>, String> {
    text.split(',')
        .map(|part| match part.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("`{part}` is not a number")),
        })
        .collect()
}

fn bbox(text: &str) -> Result<GeoBounds, String> {
    match numbers(text)?[..] {
        // The floors check range and order, for every caller.
        [west, south, east, north] => Ok(GeoBounds { west, south, east, north }),
        _ => Err("write W,S,E,N: four numbers in degrees".into()),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let fail = || format!("`{text}` is no size; write it as 1280x720 (16…8192 each)");
    let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(fail)?;
    let (width, height) = (width.parse().map_err(|_| fail())?, height.parse().map_err(|_| fail())?);
    if (16..=8192).contains(&width) && (16..=8192).contains(&height) { Ok((width, height)) } else { Err(fail()) }
}

fn hours(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(hours) if hours > 0.0 && hours <= 168.0 => Ok(hours),
        _ => Err("write a number of hours above 0 and up to 168".into()),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if threads <= 1024 => Ok(threads),
        _ => Err("write a number of threads, 0…1024 (0 = all cores)".into()),
    }
}

fn population(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(people) if (500..=700_000).contains(&people) => Ok(people),
        _ => Err("write a whole number of inhabitants, 500…700000".into()),
    }
}

fn between_frames(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.5..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("write seconds, 0.5…3600".into()),
    }
}

fn gap(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(gap) if (0.0..1.0).contains(&gap) => Ok(gap),
        _ => Err("write a relative gap from 0 to below 1, such as 1e-6".into()),
    }
}

fn weight(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(weight) if (0.0..=1e9).contains(&weight) => Ok(weight),
        _ => Err("write a number from 0 to 1e9".into()),
    }
}

fn country(text: &str) -> Result<String, String> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        Ok(text.to_ascii_uppercase())
    } else {
        Err("write the two letters of ISO 3166-1, e.g. DE".into())
    }
}

fn date_time(text: &str) -> Result<civil::DateTime, String> {
    text.parse::<civil::DateTime>().map_err(|_| "write a local date and time such as 2026-06-15T08:00".into()).and_then(
        |at| {
            if (1900..=2200).contains(&at.year()) { Ok(at) } else { Err("the year must lie in 1900…2200".into()) }
        },
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        for text in ["", "1", "1,2,3,4,5,6", "nan,1", "inf,1", "200,0", "0,91", "0,0,5", "0,0,100,0,2", "a,b"] {
            assert!(text.parse::<Viewpoint>().is_err(), "{text}");
        }
        assert_eq!("24.9,60.1,500".parse::<Viewpoint>().unwrap().distance_m, 500.0);
        for text in ["0x0", "1280", "1280x", "99999x10", "-5x20"] {
            assert!(size(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "nan", "inf", "1e9", ""] {
            assert!(hours(text).is_err(), "{text}");
        }
        for text in ["2026-13-01T00:00", "noon", "9999-01-01T00:00"] {
            assert!(date_time(text).is_err(), "{text}");
        }
    }
}
