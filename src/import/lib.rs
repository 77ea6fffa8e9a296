//! OpenStreetMap files and city folders to a [`City`].
//!
//! Owns file formats and the rules that turn tags into roads, buildings and surfaces. Knows `model` alone:
//! no engine, no renderer. One feature that cannot be used is a problem with its place; the rest loads.

pub mod areas;
pub mod buildings;
pub mod error;
pub mod folder;
mod measure;
mod multipolygon;
pub mod raw;
mod read;

pub use error::ImportError;

use citytwin_model::DrivingSide;

/// What the caller knows better than the map.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ImportOptions {
    pub driving_side: Option<DrivingSide>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

/// Hears how far an import is, and may stop it.
pub trait Progress: Sync {
    /// A stage begins or goes on; `fraction` of the whole import, 0…1.
    fn report(&self, stage: &'static str, fraction: f32);

    /// Whether to stop at the next stage.
    fn cancelled(&self) -> bool {
        false
    }
}

impl Progress for () {
    fn report(&self, _stage: &'static str, _fraction: f32) {}
}
