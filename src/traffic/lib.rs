//! Road traffic: a compiled network, a demand that follows the hour, and vehicles that drive.
//!
//! Owns how vehicles choose routes, keep lanes, distance, signals and right of way, and what that says about
//! each link. Pure computation: no clock, no I/O, no thread of its own; time and seed are arguments, and the
//! same input gives the same bytes for any number of threads. Knows `model` alone.
//!
//! The line: [`Network::compile`] (links, turns, restrictions, lanes, right of way, signals) →
//! [`Demand::estimate`] (people, jobs, trips by purpose, means and hour) → [`Demand::matrix`] for static assignment, or
//! [`Simulation`] (one step of [`Simulation::STEP_S`] after another) → [`impact`] (what the flows mean).

pub mod assignment;
mod demand;
pub mod equilibrium;
pub mod impact;
pub mod journeys;
pub mod lane_graph;
pub mod meso;
pub mod micro;
mod network;
mod packed;
pub mod results;
mod route;
mod simulation;
pub mod sumo;
mod table;
mod timed_ways;
pub mod tntp;

pub use demand::{
    CarTours, Demand, DemandBasis, DemandFiles, DemandInputs, DemandReport, Figure, Figures, LENGTH_BANDS_KM, Mode,
    OdMatrix, OdRow, OdTable, OdZone, Period, Published, Purpose, PurposeAccount, PurposeTours, ReportFigure, TourEnds,
    TourZone, ZoneKind, ZoneRow, ZoneTable, rates,
};
pub use network::{
    Bpr, ConflictView, FlowError, Network, NetworkSummary, SignalColour, TurnId, TurnKind, TurnSignal, TurnView,
    webster,
};
pub use packed::{PackedError, unpacked};
pub use simulation::{
    Hour, LinkFlow, LinkState, Pose, RefusalReason, Relief, SignalHead, Simulation, Tally, TrafficView, TripInfo,
    VehicleKind, VehicleView,
};
pub use table::TableError;
