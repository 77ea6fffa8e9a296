//! Runs of a city with edits: baseline, variants, key figures, and how sure a difference is.
//!
//! Owns the loop that drives the engines without a renderer or ECS, what comes out of it, and the comparison of
//! paired runs. Must not know twin, view, panels or import. The same specification gives the same bytes for any
//! number of threads; nothing in a result depends on how long it took.

pub mod building;
mod compare;
mod energy_run;
pub mod energy_year;
mod figures;
mod grid_day;
mod hosting;
mod live_energy;
mod output;
mod peak_hour;
mod prepare;
mod result;
mod run;
mod solar;
mod spec;
mod student;
mod traffic_run;
mod weather;

#[cfg(test)]
mod tests;

pub use compare::{CompareSpec, Comparison, FigureDifference, compare};
pub use grid_day::{Beyond, GridDay, GridDayError, HOURS, Limit, grid_day};
pub use hosting::{HostingError, TECHNOLOGIES, Technology, TechnologyHosting, hosting};
pub use live_energy::{LiveBasis, LiveDay, LiveEnergy, SkyNow};
pub use output::{quoted, write_outputs, write_whole};
pub use peak_hour::{PeakAnswer, PeakError, PeakHour, RoadAccount};
pub use prepare::{Prepared, half_pool, network_for, pool, timed};
pub use result::{Better, HourRow, KeyFigure, LinkRow, RunResult, TransformerRow, Vehicles};
pub use run::run;
pub use solar::{SolarError, SolarMonth, SolarSky, SolarSpec, SolarYear, solar};
pub use spec::{RunError, RunSpec, Watch};
pub use weather::synthetic_weather;
