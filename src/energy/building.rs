//! Heat in buildings, hour by hour: resistance-capacitance models, stepped for many buildings at once.
//!
//! Owns the thermal network of a zone ([`Body`]: the 5R1C of ISO 13790 with one capacity, or two capacities from
//! construction layers), what an hour does to it, and a year of a whole stock. Knows no file, no clock and no sun:
//! weather comes as series that all buildings share ([`Climate`]), people as schedules.

mod archetype;
mod block;
mod body;
mod city;
mod envelope;
mod heat_hours;
mod heat_source;
mod layers;
mod plant;
mod response;
mod schedule;
mod simulate;
mod stepping;
mod zone;

pub use archetype::{Archetype, Archetypes, Retrofit, UseRules};
pub use body::{Body, FiveResistances, Part, Share, TwoCapacities};
pub use city::{CityDemand, CityHeat, HeatSlab, Measures};
pub use envelope::Envelope;
pub use heat_hours::{HeatHours, HeatedBy};
pub use heat_source::{BOILER, HEAT_SOURCES, HeatSource, air_source_cop, emitter_c};
pub use layers::{Layer, Lumped};
pub use plant::HeatPower;
pub use schedule::{LEVELS, Schedule, ScheduleHour};
pub use simulate::{BuildingError, Hours, Kept, Outcome, Stock, Totals, Trace, simulate};
pub use zone::{COLUMNS, Climate, Lit, MONTHS, OPAQUE, ROOF, SECTORS, SKY, Zone};
