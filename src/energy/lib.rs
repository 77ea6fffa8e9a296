//! The first energy engine: what every building draws by use and floor area, what its roof yields, what its
//! cars charge, and the transformers that sum them.
//!
//! Owns load, appliances, chargers, batteries and transformer sums; heat, cars and sun come to the sums of an
//! instant as rows of powers, from the engines of [`building`], [`charging`] and [`PvSystem`]. Must not know traffic, environment, any file or clock of its own. Everything it assumes is a constant with its
//! source: `intensity.rs` (who uses how much), `profile.rs` (when), `charging`, `roof.rs` and `pvwatts.rs`
//! (photovoltaics), `transformer.rs` and `supply.rs` (which transformer serves whom). Cables and voltages are
//! [`grid`]'s.

mod assets;
pub mod building;
pub mod charging;
pub mod grid;
mod hourly_flow;
mod hours;
mod intensity;
mod plane;
mod profile;
mod pvwatts;
mod roof;
pub mod storage;
mod supply;
mod survey;
mod system;
pub mod table;
mod transformer;

#[cfg(test)]
mod tests;

pub use hourly_flow::{FlowHours, HourlyFlow, PowerRows};
pub use hours::{PeopleHours, PeopleRows, Plant, RoofPlane};
pub use pvwatts::{PvSystem, warming};
pub use survey::{Coverage, electric_car_share, ranks_by_name};
pub use system::{EnergyMwh, EnergySystem, SunPower, Totals};
pub use transformer::TransformerState;
