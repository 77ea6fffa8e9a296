//! SUMO networks (`.net.xml`): read, checked, and compiled to a [`crate::Network`]; trips between their edges (CSV);
//! SUMO scenarios (`.sumocfg`): read, and their trips as journeys.
//!
//! Owns the formats: edges with lanes, junctions with their requests, connections, signal programs, roundabouts, the
//! projection's words; vehicle types, routes, stops. Drives nothing. Names are kept. Source: SUMO's documentation,
//! Networks/SUMO_Road_Networks, Simulation/Traffic_Lights, Definition_of_Vehicles,_Vehicle_Types,_and_Routes.

mod compile;
mod journeys;
mod programs;
mod read;
mod scenario;
mod trips;
mod xml;

pub use compile::SumoNetwork;
pub use journeys::ScenarioJourneys;
pub use read::read_net;
pub use scenario::{
    SumoArrivalLane, SumoArrivalPosition, SumoArrivalSpeed, SumoBusStop, SumoClass, SumoDepartLane, SumoDepartPosition,
    SumoDepartSpeed, SumoDistribution, SumoProblem, SumoScenario, SumoScenarioError, SumoSpeedFactor, SumoStop,
    SumoTrip, SumoType, read_scenario,
};
pub use trips::{EdgeTrips, read_trips};

use std::collections::BTreeMap;

/// A network file as read. Indices are positions in its vectors; names are the file's.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SumoNet {
    pub left_hand: bool,
    pub location: Option<SumoLocation>,
    /// Edges that vehicles of some kind drive, crossings and walking areas too, internal ones excepted.
    pub edges: Vec<SumoEdge>,
    /// Lanes inside junctions, by id.
    pub internal_lanes: BTreeMap<String, SumoLane>,
    /// Junctions, internal ones excepted.
    pub junctions: Vec<SumoJunction>,
    /// Connections between edges, in file order.
    pub connections: Vec<SumoConnection>,
    /// For an internal lane that stops inside the junction: the internal lane it goes on to.
    pub onward: BTreeMap<String, String>,
    /// As loaded: the last program of a group is the active one, as in SUMO.
    pub programs: Vec<SumoProgram>,
    pub roundabouts: Vec<SumoRoundabout>,
}

/// `<location>`: how the plane was made. Lengths are metres.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoLocation {
    pub net_offset: [f64; 2],
    /// West, south, east, north in the net's plane.
    pub conv_boundary: [f64; 4],
    /// The same before projection; degrees where the projection takes degrees.
    pub orig_boundary: [f64; 4],
    /// PROJ's words, `!` for none.
    pub projection: String,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoEdge {
    pub id: String,
    /// `None` for crossings and walking areas.
    pub from: Option<usize>,
    pub to: Option<usize>,
    pub function: Option<String>,
    pub class: Option<String>,
    pub name: Option<String>,
    pub priority: i32,
    /// By index, lane 0 at the kerb.
    pub lanes: Vec<SumoLane>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoLane {
    pub id: String,
    /// Metre per second, ≥ 0.
    pub speed_mps: f64,
    /// > 0.
    pub length_m: f64,
    pub width_m: Option<f64>,
    pub allow: Option<String>,
    pub disallow: Option<String>,
    /// At least two points.
    pub shape: Vec<[f64; 2]>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoJunction {
    pub id: String,
    pub kind: String,
    pub at: [f64; 2],
    pub incoming: Vec<String>,
    /// By index.
    pub requests: Vec<SumoRequest>,
}

/// What one link of a junction must heed: bit `i` for link `i`.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoRequest {
    /// Links to which it gives way.
    pub response: Vec<bool>,
    /// Links it conflicts with.
    pub foes: Vec<bool>,
    /// Waits inside the junction.
    pub cont: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoConnection {
    pub from: usize,
    pub to: usize,
    pub from_lane: usize,
    pub to_lane: usize,
    /// Internal lane.
    pub via: Option<String>,
    /// `s` straight, `l` `L` left, `r` `R` right, `t` `T` back.
    pub dir: char,
    /// `M` major, `m` minor, `=` equal, `s` stop, `w` all-way stop, `o` `O` signals, `-` dead end, `Z` zipper.
    pub state: char,
    /// Signal program group and the index in its states.
    pub signal: Option<(String, usize)>,
    /// Index among the junction's requests.
    pub request: Option<usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoProgram {
    pub id: String,
    pub program: String,
    /// `static`, `actuated`, …
    pub kind: String,
    pub offset_s: f64,
    pub phases: Vec<SumoPhase>,
    /// Of a program of kind `actuated`.
    pub actuation: Option<SumoActuation>,
    /// Attributes, parameters and elements of it that are not read, with how often they stand.
    pub unsupported: BTreeMap<String, usize>,
    /// Byte of its file at which it stands.
    pub at: usize,
}

/// How the gaps between vehicles prolong the phases of an actuated program.
#[derive(Clone, PartialEq, Debug)]
pub struct SumoActuation {
    /// A phase goes on while the last vehicle left the detector less than this ago, second, ≥ 0.
    pub max_gap_s: f64,
    /// The same for single lanes, by id.
    pub lane_max_gap_s: BTreeMap<String, f64>,
    /// How far before the stop line detectors lie, seconds at the lane's speed, ≥ 0.
    pub detector_gap_s: f64,
    /// Time between vehicles at the stop line, second, > 0: those between line and detector must pass in the shortest green.
    pub passing_time_s: f64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoPhase {
    /// > 0.
    pub duration_s: f64,
    pub state: String,
    /// How long it lasts at least and at most where the program is actuated, `0 <= min_s <= max_s`.
    pub min_s: f64,
    pub max_s: f64,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SumoRoundabout {
    pub nodes: Vec<String>,
    pub edges: Vec<usize>,
}

/// What is wrong with a network file, and where.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SumoError {
    pub line: usize,
    pub what: String,
}

impl SumoLane {
    /// Whether a kind of vehicle (`passenger`, `bus`, …) may use it.
    pub fn allows(&self, kind: &str) -> bool {
        let named = |list: &str| list.split_whitespace().any(|word| word == kind || word == "all");
        match (&self.allow, &self.disallow) {
            (Some(allow), _) => named(allow),
            (None, Some(disallow)) => !named(disallow),
            (None, None) => true,
        }
    }
}
