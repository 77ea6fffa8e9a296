//! A single building through a year of weather: cases as files, as ASHRAE Standard 140 asks them.
//!
//! Here sun and thermal network meet: `environment` says what falls on a wall, `energy` what the wall makes of it.

mod climate;
mod fields;
mod read;
mod run;
mod shadows;
mod simple_sun;

pub use climate::{CITY_GLAZING, Glazing, city_climate};
pub use read::{BuildingCase, BuildingCaseError, BuildingCaseFault, read_building_case};
pub use run::{BuildingHour, BuildingModel, BuildingYear};
pub use shadows::{FacadeLight, LEAST_FACADE_SLOPE, city_heat};
