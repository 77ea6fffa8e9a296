//! What runs of the microscopic and the mesoscopic view tell: trips, links, junctions and the network, as tables that are
//! written as CSV and Parquet. Pure: bytes out, no files. Knows the views, not who asks.

pub(crate) mod battery;
mod files;
mod junctions;
mod table;
mod views;

use crate::impact::{Emissions, LevelOfService};
pub use files::{Labels, Provenance};
pub use table::{Column, ResultTable, Values};

/// Intervals of links in one row of a junction: 15 minutes.
pub const INTERVALS_PER_JUNCTION: usize = 3;

/// All of a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Results {
    pub trips: Vec<TripResult>,
    /// By interval, then link; those that were driven on.
    pub links: Vec<LinkResult>,
    /// By interval, then junction; those that were passed.
    pub junctions: Vec<JunctionResult>,
    pub network: Vec<NetworkResult>,
}

/// One finished trip.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TripResult {
    /// Row of the journeys.
    pub journey: u32,
    /// Second at which it wished to enter, entered and arrived.
    pub depart_s: f64,
    pub entered_s: f64,
    pub arrived_s: f64,
    /// Seconds lost against the driver's own free speed, planned stops excluded.
    pub delay_s: f64,
    pub distance_m: f64,
    /// The microscopic view alone sees them.
    pub driven: Option<Driven>,
    /// Of cars and vans with an engine: by mean speed and distance (see [`crate::impact::emissions_per_km`]).
    pub emissions: Option<Emissions>,
}

/// What a vehicle did on the way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Driven {
    /// Times it fell below 5 mph from above 15 mph (HCM; means over 3 s), planned stops included.
    pub stops: u32,
    /// Below 5 mph.
    pub stopped_s: f64,
    /// Of these, at stops of its plan.
    pub planned_stops_s: f64,
    /// From the battery: of an electric vehicle what it took, of another what an electric one of its size would have taken.
    pub battery_kwh: Option<f64>,
    pub electric: bool,
}

/// A link in an interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LinkResult {
    pub link: u32,
    pub begin_s: f64,
    pub end_s: f64,
    /// Vehicles that left it or arrived on it.
    pub left: u32,
    pub flow_vph: f64,
    /// Of those who left.
    pub travel_time_s: Option<f64>,
    /// Space mean; of the microscopic view total distance over total time (Edie 1963).
    pub speed_mps: Option<f64>,
    /// Vehicles per kilometre of the link, all lanes together.
    pub density_vpkm: f64,
    /// Mean of vehicles below 5 mph, and most at once on one lane; looked at every 3 s.
    pub queued: Option<f64>,
    pub most_queued: Option<u32>,
}

/// Who says who goes first at a junction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Control {
    Signal,
    /// Stop, give way, roundabout, or the right of way of the road itself.
    GiveWay,
    /// Nobody gives way to anybody.
    None,
}

/// A junction in an interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct JunctionResult {
    pub node: u32,
    pub begin_s: f64,
    pub end_s: f64,
    pub control: Control,
    pub vehicles: u32,
    /// Per vehicle, from the start of the approach to behind the junction.
    pub delay_s: f64,
    /// The approach with the largest delay of those that are told to wait, and that delay.
    pub worst: Option<(u32, f64)>,
    /// Signals: by the mean delay; others: by the worst approach (HCM 6th ed., exhibits 19-8, 20-2, 22-8).
    pub service: Option<LevelOfService>,
    /// Time to collision below 1.5 s on one track; post-encroachment time below 5 s where paths cross (FHWA's SSAM). They tell as
    /// much of the driver's model as of the road: who brakes at b to the end of a queue comes to v/(2b), with the 4.5 m/s² of
    /// SUMO's drivers below 1.5 s every time.
    pub rear_end_conflicts: Option<u32>,
    pub crossing_conflicts: Option<u32>,
}

/// The network in an interval: a point of the macroscopic fundamental diagram (Geroliminis and Daganzo, Transp. Res. B 42
/// (2008) 759).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NetworkResult {
    pub begin_s: f64,
    pub end_s: f64,
    pub entered: u64,
    pub arrived: u64,
    /// At its end: on the road, and due without room to enter.
    pub running: u64,
    pub waiting: u64,
    /// Mean number of vehicles on the road.
    pub accumulation: f64,
    /// Vehicle kilometres per hour.
    pub production_vkmph: f64,
    pub speed_mps: Option<f64>,
    /// Per kilometre of lane, junctions left out.
    pub density_vpkm: f64,
    /// Per lane, weighted by length.
    pub flow_vph: f64,
    pub completion_vph: f64,
}
