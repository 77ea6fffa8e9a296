//! OpenStreetMap files and city folders to a [`City`], weather files to a year.
//!
//! Owns file formats and the rules that turn tags into roads, buildings and surfaces. Knows `model` alone:
//! no engine, no renderer. One feature that cannot be used is a problem with its place; the rest loads.

pub mod areas;
pub mod buildings;
pub mod check;
pub mod districts;
pub mod error;
mod extent;
mod fetch;
pub mod folder;
mod measure;
mod multipolygon;
mod network;
pub mod place;
pub mod raw;
mod read;
pub mod roads;
pub mod weather;

pub use check::{CheckReport, check_report};
pub use error::ImportError;
pub use fetch::{FetchError, FetchSpec, FetchSummary, MAX_AREA_DEG2, PUBLIC_OVERPASS, fetch, parse_bbox};

use std::path::Path;

use citytwin_model::{Anchor, City, DrivingSide, Problem};

use self::{folder::CityFolder, raw::RawMap};

/// What the caller knows better than the map.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ImportOptions {
    pub driving_side: Option<DrivingSide>,
    /// ISO 3166-1 alpha-2; others are refused.
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

/// Shown with every city, as the Open Database Licence asks.
const ATTRIBUTION: &str = "© OpenStreetMap contributors, ODbL 1.0";

/// Opens a map file (`.osm.pbf`, `.osm`, `.osm.gz`) or a city folder (or the `city.toml` in it).
///
/// Every problem with a single feature is in [`City::problems`]; an error means that there is no city.
pub fn open(path: &Path, options: &ImportOptions, progress: &dyn Progress) -> Result<City, ImportError> {
    check(options)?;
    let folder = is_folder(path).then(|| folder::open(path)).transpose()?;
    let map = folder.as_ref().map_or(path, |folder| &folder.map);
    let raw = read::read_map(map, progress)?;
    let mut city = start_city(map, &raw, progress)?;
    let location = place::settle(&mut city, &merged(options, folder.as_ref()));
    let anchor = city.anchor;
    stage(progress, "roads", 0.45)?;
    let road_nodes = roads::read(&raw, &anchor, &location, &mut city);
    stage(progress, "network", 0.55)?;
    network::build(&raw, &anchor, road_nodes, &mut city);
    stage(progress, "land and water", 0.65)?;
    areas::read(&raw, &anchor, &mut city);
    // After the land, which tells what unnamed buildings are used for.
    stage(progress, "buildings", 0.75)?;
    buildings::read(&raw, &anchor, &mut city);
    districts::read(&raw, &anchor, &mut city);
    refuse_nothing(map, &city)?;
    if let Some(folder) = &folder {
        folder::apply(folder, &mut city);
    }
    stage(progress, "done", 1.0)?;
    Ok(city)
}

fn check(options: &ImportOptions) -> Result<(), ImportError> {
    let unknown = options.country.as_ref().filter(|code| !place::is_country(&code.to_ascii_uppercase()));
    unknown.map_or(Ok(()), |code| {
        let what = format!("country {code:?} is no ISO 3166-1 alpha-2 code of a country");
        Err(ImportError::Options { what, remedy: "give its two letters, as DE" })
    })
}

/// Whether a path names a city folder, by itself or by its `city.toml`.
fn is_folder(path: &Path) -> bool {
    path.is_dir() || path.file_name().is_some_and(|name| name == "city.toml")
}

/// An empty city in the right place, with the problems of reading.
fn start_city(map: &Path, raw: &RawMap, progress: &dyn Progress) -> Result<City, ImportError> {
    stage(progress, "place", 0.4)?;
    let (bounds, problem) = extent::bounds_of(map, raw)?;
    let anchor = Anchor::new(bounds.centre());
    let mut city = City::empty(name_of(map), anchor, bounds);
    city.attribution = vec![ATTRIBUTION.to_owned()];
    city.problems.extend(problem);
    city.problems.extend(raw.problems.iter().map(|problem| Problem {
        source: problem.source.clone(),
        kind: problem.kind,
        what: problem.what.clone(),
        at: problem.place.map(|place| anchor.enu(place)),
    }));
    Ok(city)
}

fn stage(progress: &dyn Progress, name: &'static str, fraction: f32) -> Result<(), ImportError> {
    progress.report(name, fraction);
    if progress.cancelled() { Err(ImportError::Cancelled) } else { Ok(()) }
}

/// What the caller says, else what the folder says.
fn merged(options: &ImportOptions, folder: Option<&CityFolder>) -> ImportOptions {
    let of_folder = folder.map(|folder| &folder.options).cloned().unwrap_or_default();
    ImportOptions {
        driving_side: options.driving_side.or(of_folder.driving_side),
        country: options.country.clone().or(of_folder.country),
    }
}

/// The file's name without its endings.
fn name_of(map: &Path) -> String {
    let name = map.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let endings = [".osm.pbf", ".osm.gz", ".osm.xml", ".osm", ".pbf"];
    endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name).to_owned()
}

fn refuse_nothing(map: &Path, city: &City) -> Result<(), ImportError> {
    let counts = [city.roads.len(), city.buildings.len(), city.land.len(), city.water.len(), city.railways.len()];
    let points = [city.trees.len(), city.energy_assets.len(), city.waterways.len(), city.controls.len()];
    if counts.iter().chain(&points).any(|count| *count > 0) {
        return Ok(());
    }
    let what = "holds no road, building, land, water or anything else to show".to_owned();
    Err(ImportError::Unusable { file: map.to_owned(), what, remedy: "cut an extract around a city" })
}
