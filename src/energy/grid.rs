//! The power grid: elements, load flow, estimation and the questions a planner asks of them. Owns the physics of
//! networks alone; knows no city, no file system and no clock.
//!
//! A reader of [`read`] makes a checked [`Grid`] from a file's text; [`solve`] gives its balanced [`Flow`].

mod block_lu;
mod check;
mod check_topology;
mod element;
mod error;
mod estimate;
mod estimate_rows;
mod flow;
mod givens;
mod hosting;
mod network;
mod newton;
mod outage;
mod phase_matrix;
mod phase_reach;
mod phase_sweep;
mod phase_sweep_state;
mod phases;
mod pivoted_lu;
mod radial;
pub mod read;
mod reinforce;
mod reinforce_costs;
mod report;
mod series;
mod series_tally;
mod sweep;
mod sweep_state;
pub mod synthetic;
mod three_phase;
pub(crate) mod two_port;

pub use check::Grid;
pub use element::*;
pub use error::{Fault, GridError, GridErrors, ReadError};
pub use estimate::{
    Estimate, EstimateError, Measurement, PhaseEstimate, PhaseMeasurement, Quantity, estimate, estimate_asking,
    estimate_phases,
};
pub use flow::{BranchFlow, Flow, FlowError, MeshSolver, ReactiveLimits, solve, solve_within};
pub use hosting::{EN_50160, Hosting, Limits, Question, hosting, within};
pub use outage::{OpenPoint, Outage, outages};
pub use phase_sweep::{NotSweepable, PhaseBatchFlow, PhaseProfiles, PhaseSweep, PhaseSweepError};
pub use phases::NoZeroSequence;
pub use radial::NotRadial;
pub use reinforce::{Measure, MeasureKind, Plan, reinforce};
pub use reinforce_costs::{Cost, Costs, Setting, StandardCable};
pub use report::{BranchReport, BusReport, PerPhase, Report};
pub use series::{LoadProfiles, SeriesError, SeriesKind, Varied, VariedElement, solve_series};
pub use series_tally::{BranchSeries, BusSeries, SeriesReport};
pub use sweep::{BatchFlow, Profiles, Sweep, SweepError};
pub use three_phase::{PhaseBranchFlow, PhaseFlow, PhaseFlowError, solve_phases};
