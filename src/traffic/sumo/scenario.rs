//! SUMO scenarios: a `.sumocfg` and what it names, read into a net, vehicle types, trips and stops.
//!
//! Owns what a scenario says and what of it is wrong. Opens no file: the caller hands the bytes of a name. Routes and
//! drives nothing. What is not read is counted by name. Source: SUMO's documentation, Definition_of_Vehicles,_Vehicle_
//! Types,_and_Routes; Simulation/Traffic_Lights; Simulation/Public_Transport.

mod collect;
mod config;
mod routes;
mod signals;
mod stops;
mod trips;
mod types;

pub use types::{SumoClass, SumoDistribution, SumoSpeedFactor, SumoType};

use std::{collections::BTreeMap, io, sync::Arc};

use super::{SumoNet, read_net, xml};

/// A scenario as read. Indices are positions in its vectors and in `net`'s.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SumoScenario {
    /// With the signal programs of additional files behind its own: the last of a group is the active one.
    pub net: SumoNet,
    /// The predefined types first.
    pub types: Vec<SumoType>,
    pub distributions: Vec<SumoDistribution>,
    /// By departure; at the same time as in the files.
    pub trips: Vec<SumoTrip>,
    pub stops: Vec<SumoBusStop>,
    pub begin_s: f64,
    pub end_s: Option<f64>,
    pub step_s: f64,
    pub seed: Option<u64>,
    /// Standing longer than this, a vehicle is taken out; at most 0: never.
    pub time_to_teleport_s: f64,
    /// Elements, attributes and options that are not read, with how often they stand.
    pub unsupported: BTreeMap<String, usize>,
    /// In the order of the files.
    pub problems: Vec<SumoProblem>,
}

/// One vehicle's way.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoTrip {
    pub id: String,
    /// Index of its type; drawn where `distribution` is given ([`SumoScenario::draw_types`]).
    pub kind: usize,
    pub distribution: Option<usize>,
    /// This vehicle's own factor.
    pub speed_factor: Option<f64>,
    pub depart_s: f64,
    pub depart_lane: SumoDepartLane,
    pub depart_pos: SumoDepartPosition,
    pub depart_speed: SumoDepartSpeed,
    pub arrival_lane: SumoArrivalLane,
    pub arrival_pos: SumoArrivalPosition,
    pub arrival_speed: SumoArrivalSpeed,
    /// Edges, shared by the vehicles of a named route or a flow; empty where one has to be found from `from` to `to`.
    pub route: Arc<[u32]>,
    pub from: Option<u32>,
    pub to: Option<u32>,
    pub via: Vec<u32>,
    /// In the order in which they are reached.
    pub stops: Vec<SumoStop>,
    pub line: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SumoDepartLane {
    Index(u8),
    Random,
    Free,
    Best,
    First,
    Allowed,
}

/// The front's place on the lane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SumoDepartPosition {
    /// Metre from the lane's start; negative from its end.
    Metre(f64),
    /// The vehicle's back at the lane's start.
    Base,
    Random,
    Free,
    Last,
    RandomFree,
    /// At its first stop.
    Stop,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SumoDepartSpeed {
    /// Metre per second.
    Mps(f64),
    Max,
    Random,
    Desired,
    SpeedLimit,
    Last,
    Average,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SumoArrivalLane {
    Current,
    Index(u8),
    Random,
    First,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SumoArrivalPosition {
    /// Metre from the lane's start; negative from its end.
    Metre(f64),
    Max,
    Random,
    Center,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SumoArrivalSpeed {
    Current,
    /// Metre per second.
    Mps(f64),
}

/// Where and how long a vehicle stands.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoStop {
    /// Edge and lane.
    pub lane: (u32, u8),
    /// Metre from the lane's start, `0 <= start < end <= length`.
    pub start_m: f64,
    pub end_m: f64,
    pub duration_s: Option<f64>,
    pub until_s: Option<f64>,
    pub bus_stop: Option<usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoBusStop {
    pub id: String,
    pub name: Option<String>,
    /// Edge and lane.
    pub lane: (u32, u8),
    /// Metre from the lane's start, `0 <= start < end <= length`.
    pub start_m: f64,
    pub end_m: f64,
}

/// What is wrong with one element; the rest is loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SumoProblem {
    pub file: String,
    pub line: usize,
    pub what: String,
}

/// Why a scenario is refused as a whole.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SumoScenarioError {
    #[error("{file}: {why}")]
    Unreadable { file: String, why: String },
    #[error("{file}, line {line}: {what}")]
    Wrong { file: String, line: usize, what: String },
}

/// SUMO's own seed where none is given (option `seed`).
const SEED: u64 = 23423;

/// Reads a scenario. `open`: the bytes of a file by its name: `config`'s own, then names as the configuration writes
/// them, relative to it.
///
/// # Errors
/// A file cannot be opened; one is no well-formed XML or breaks off; the net or the configuration is wrong. All else
/// is a problem of the scenario.
pub fn read_scenario(
    config: &str,
    open: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
) -> Result<SumoScenario, SumoScenarioError> {
    let mut open = |name: &str| {
        let why = |e: io::Error| SumoScenarioError::Unreadable { file: name.to_owned(), why: e.to_string() };
        open(name).map_err(why)
    };
    let options = config::read(config, &open(config)?)?;
    let net_bytes = open(&options.net)?;
    let mut files = Vec::new();
    for name in &options.files {
        files.push(File { name, bytes: open(name)? });
    }
    let (net, collected) = rayon::join(|| read_net(&net_bytes), || collect::read(&files));
    let net = net.map_err(|e| SumoScenarioError::Wrong { file: options.net.clone(), line: e.line, what: e.what })?;
    let (mut scenario, mut problems) = assemble(&options, net, collected?);
    // The net stands behind the others: its own problems come last.
    signals::check(&scenario.net, files.len() as u32, &mut problems);
    files.push(File { name: &options.net, bytes: net_bytes });
    scenario.problems = placed(problems, &files);
    Ok(scenario)
}

/// Resolves what the files say, each kind of element with the help of those before; and what is wrong with them.
fn assemble(options: &config::Options, net: SumoNet, collected: collect::Collected) -> (SumoScenario, Vec<Misplaced>) {
    let mut scenario = SumoScenario {
        net,
        begin_s: options.begin_s,
        end_s: options.end_s,
        step_s: options.step_s,
        seed: options.seed,
        time_to_teleport_s: options.time_to_teleport_s,
        unsupported: options.unsupported.clone(),
        ..SumoScenario::default()
    };
    for (name, count) in &collected.unsupported {
        *scenario.unsupported.entry((*name).to_owned()).or_default() += count;
    }
    let mut problems = collected.problems;
    signals::add(&mut scenario.net, collected.programs, &mut problems);
    signals::count_unsupported(&scenario.net, &mut scenario.unsupported);
    let types =
        types::Types::resolve(&collected.types, &collected.distributions, &mut scenario.unsupported, &mut problems);
    let edges = routes::Edges::of(&scenario.net);
    let stops = stops::Stops::resolve(&collected.stops, &edges, &mut problems);
    let seed = options.seed.unwrap_or(SEED);
    let window = trips::Window { begin_s: options.begin_s, end_s: options.end_s, seed };
    let names = trips::Names { edges: &edges, types: &types, stops: &stops };
    let (vehicles, routes) = (&collected.vehicles, &collected.routes);
    let trips = trips::resolve(vehicles, routes, &names, window, &mut scenario.unsupported, &mut problems);
    scenario.trips = trips;
    (scenario.types, scenario.distributions) = (types.types, types.distributions);
    scenario.stops = stops.stops;
    scenario.draw_types(seed);
    (scenario, problems)
}

impl SumoScenario {
    /// Draws anew the type of every trip that has a distribution. A trip's draw depends on the seed and its name alone.
    pub fn draw_types(&mut self, seed: u64) {
        for trip in &mut self.trips {
            let Some(distribution) = trip.distribution.and_then(|d| self.distributions.get(d)) else { continue };
            trip.kind = distribution.draw(draw(seed, &trip.id));
        }
    }
}

/// A number in 0..1 from a seed and a name.
fn draw(seed: u64, name: &str) -> f64 {
    let bits = xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), seed);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A file of the scenario, in memory.
struct File<'n> {
    name: &'n str,
    bytes: Vec<u8>,
}

/// Where an element stands: index of its file, byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Place {
    file: u32,
    byte: usize,
}

/// A problem whose line is not yet counted.
type Misplaced = (Place, String);

/// Counts lines, once through each file.
fn placed(mut problems: Vec<Misplaced>, files: &[File]) -> Vec<SumoProblem> {
    problems.sort_by_key(|(place, _)| *place);
    let (mut file, mut byte, mut line) = (0, 0, 1);
    let mut counted = Vec::with_capacity(problems.len());
    for (place, what) in problems {
        if place.file != file {
            (file, byte, line) = (place.file, 0, 1);
        }
        let File { name, bytes } = &files[file as usize];
        line += bytes[byte..place.byte].iter().filter(|b| **b == b'\n').count();
        byte = place.byte;
        counted.push(SumoProblem { file: (*name).to_owned(), line, what });
    }
    counted
}

/// Seconds, or `HH:MM:SS`, or `D:HH:MM:SS`.
fn seconds(text: &str) -> Option<f64> {
    let mut total = 0.0;
    let parts: Vec<&str> = text.split(':').collect();
    if !matches!(parts.len(), 1 | 3 | 4) {
        return None;
    }
    for (part, unit_s) in parts.iter().rev().zip([1.0, 60.0, 3600.0, 86400.0]) {
        let value = xml::finite(part)?;
        if parts.len() > 1 && value < 0.0 {
            return None;
        }
        total += unit_s * value;
    }
    total.is_finite().then_some(total)
}
