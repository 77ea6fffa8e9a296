//! The demo city: a whole fictitious town from a seed, written as OpenStreetMap XML beside a `city.toml`.
//!
//! Owns the town's plan, from the river to the last garage, and the files. Must not know the importer or
//! any engine: what it writes is read like any other map.
//!
//! Order of things: [`layout`] (where everything lies) → water, railway → [`skeleton`] (main streets) →
//! [`blocks`] (side streets) → [`fill`] (buildings, grounds) → [`country`] → [`traffic`] (rules of the road) →
//! [`energy`], [`sensors`] → files.

mod areas;
mod barriers;
mod blocks;
mod bypass;
mod chords;
mod civic;
mod country;
mod dice;
mod ends;
mod energy;
mod fill;
mod folder;
mod geodesy;
mod green;
mod homes;
mod kinds;
mod layout;
mod maths;
mod names;
mod osm;
mod perimeter;
mod picture;
mod plan;
mod radials;
mod rail;
mod sensors;
mod site_work;
mod sites;
mod skeleton;
mod spans;
mod streets;
mod style;
#[cfg(test)]
mod tests;
mod town;
mod traffic;
mod water;
mod ways;
mod works;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

pub use picture::{Picture, draw};

/// Sizes that the proportions of a town hold for, inhabitants.
pub const POPULATION: std::ops::RangeInclusive<u32> = 500..=700_000;

/// Which town.
#[derive(Clone, PartialEq, Debug)]
pub struct GenerateSpec {
    pub seed: u64,
    /// Inhabitants, within [`POPULATION`].
    pub population: u32,
    /// The town's name; one that suits the seed where `None`.
    pub name: Option<String>,
}

impl Default for GenerateSpec {
    /// The town of `maps/demo`: of the first dozen seeds the one whose river, port and quarters read best
    /// from above.
    fn default() -> Self {
        Self { seed: 7, population: 40_000, name: None }
    }
}

/// What was made.
#[derive(Clone, PartialEq, Debug)]
pub struct Summary {
    pub name: String,
    /// Inhabitants by floor area.
    pub residents: f64,
    pub streets: usize,
    pub buildings: usize,
    pub trees: usize,
    pub signals: usize,
    pub transformers: usize,
    pub sensors: usize,
    pub map_bytes: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, room for {:.0} inhabitants; {} street ways, {} buildings, {} trees, {} signals, {} transformers, {} sensors; map of {:.1} MB",
            self.name,
            self.residents,
            self.streets,
            self.buildings,
            self.trees,
            self.signals,
            self.transformers,
            self.sensors,
            self.map_bytes as f64 / 1e6
        )
    }
}

/// Why no town was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error("a town of {0} inhabitants cannot be made; ask for 500 to 700000")]
    Population(u32),
    #[error("`{}` is no name for a town; give it 1 to 80 printable characters", .0.escape_default())]
    Name(String),
    #[error("{} holds other files; choose an empty or new folder", path.display())]
    Occupied { path: PathBuf },
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("city.toml cannot be written: {what}")]
    Encode { what: String },
}

/// Makes a town and writes its folder: `city.osm.gz`, `city.toml`, `SOURCES.md`. Same spec, same bytes.
pub fn generate(
    spec: &GenerateSpec,
    out: &Path,
    progress: &dyn Fn(&'static str, f32),
) -> Result<Summary, GenerateError> {
    if !POPULATION.contains(&spec.population) {
        return Err(GenerateError::Population(spec.population));
    }
    let name = spec.name.clone().unwrap_or_else(|| names::Names::town(spec.seed).to_owned());
    if name.trim().is_empty() || name.chars().count() > 80 || name.chars().any(char::is_control) {
        return Err(GenerateError::Name(name));
    }
    folder::check_free(out)?;
    progress("planning the town", 0.0);
    let plan = town::fitted(spec.seed, spec.population, progress);
    progress("writing the map", 0.75);
    let written = write_map(&plan).map_err(|error| GenerateError::Io { path: out.to_owned(), error })?;
    let sensors = sensors::sensors(&plan, &written.ways, &plan.assets);
    let toml = folder::city_toml(&name, spec, &plan.assets, &sensors)?;
    let summary = Summary {
        residents: plan.residents(),
        streets: written.ways.len(),
        buildings: plan.buildings.len(),
        trees: plan.trees.len(),
        signals: plan.rules.controls.values().filter(|c| **c == traffic::Control::Signals).count(),
        transformers: plan.assets.iter().filter(|a| a.table == "transformer").count(),
        sensors: sensors.len(),
        map_bytes: written.bytes.len(),
        name: name.clone(),
    };
    folder::write(out, [written.bytes, toml.into_bytes(), folder::sources(&name, spec).into_bytes()])?;
    progress("done", 1.0);
    Ok(summary)
}

struct Written {
    bytes: Vec<u8>,
    ways: Vec<ways::StreetWay>,
}

fn write_map(plan: &plan::Plan) -> io::Result<Written> {
    let mut map = osm::Map::default();
    let ways = ways::write_streets(&mut map, plan);
    areas::Pen::new(&mut map).write(plan);
    let bytes = folder::compressed(&map, plan.layout.half_m)?;
    Ok(Written { bytes, ways })
}
