//! City folders: `city.toml` beside a map file.
//!
//! Owns the format of `city.toml`, for reading and for writing. Knows no map format; roads and buildings only
//! as what a sensor may observe.

mod assets;
mod sensors;
mod stated;

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use citytwin_model::{City, Known, Problem, ProblemKind, SourceRef, time::TimeZone};

use crate::{ImportError, ImportOptions, error::require_file, place};

pub use citytwin_model::slug;
pub use stated::{CityToml, RatedKva, RatedKw, SensorToml};

/// The name of the file.
pub const FILE_NAME: &str = "city.toml";
/// A `city.toml` of 100,000 sensors has about 20 MB; larger ones are a mistake.
const MAX_BYTES: u64 = 256 << 20;

/// A parsed `city.toml`.
#[derive(Clone, Debug, Default)]
pub struct CityFolder {
    /// The map file.
    pub map: PathBuf,
    /// Country and driving side where the folder states them; the caller's own options win.
    pub options: ImportOptions,
    /// All that the file states.
    pub stated: CityToml,
    /// Of the `time_zone` that the file states.
    time_zone: Option<TimeZone>,
}

/// Reads `city.toml` in the folder `path`; the path of the file itself does too.
pub fn open(path: &Path) -> Result<CityFolder, ImportError> {
    let file = if path.is_dir() { path.join(FILE_NAME) } else { path.to_owned() };
    let length = match require_file(&file) {
        Err(ImportError::Missing(_)) if path.is_dir() => return Err(ImportError::NotACity(path.to_owned())),
        found => found?.len(),
    };
    if length > MAX_BYTES {
        let what = format!("has {length} bytes, more than any city needs");
        return Err(ImportError::Unusable { file, what, remedy: "check that it is a city.toml" });
    }
    let bytes = fs::read(&file).map_err(|error| ImportError::io(&file, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = format!("byte {}", error.utf8_error().valid_up_to());
        ImportError::unreadable(&file, place, "not UTF-8 text", "save the file as UTF-8")
    })?;
    parse(&file, &text)
}

/// The same from the text of `file`, whose folder the map's path is relative to.
pub fn parse(file: &Path, text: &str) -> Result<CityFolder, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let stated: CityToml = toml::from_str(text).map_err(|error| {
        let place = format!("line {}", error.span().map_or(1, |span| line_at(text, span.start)));
        ImportError::unreadable(file, place, error.message(), "correct that line; README.md shows the format")
    })?;
    let wrong = |key: &str, what: &str, remedy| {
        let line = text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |index| index + 1);
        ImportError::unreadable(file, format!("line {line}"), what, remedy)
    };
    let relative = Path::new(&stated.map);
    let inside = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let names_one = relative.file_name().is_some() && !stated.map.ends_with(['/', '\\']);
    if stated.map.trim().is_empty() || !inside || !names_one {
        let what = format!("map = {:?} does not lead to a file in the folder", stated.map);
        return Err(wrong("map", &what, "give the map's path relative to the folder"));
    }
    if let Some(country) = stated.country.as_deref().filter(|code| !place::is_country(code)) {
        let what = format!("country = {country:?} is no ISO 3166-1 alpha-2 code of a country");
        return Err(wrong("country", &what, "write it as two capital letters, as \"DE\""));
    }
    let time_zone = match stated.time_zone.as_deref().map(|name| (name, TimeZone::get(name))) {
        None => None,
        Some((_, Ok(zone))) => Some(zone),
        Some((name, Err(_))) => {
            let what = format!("time_zone = {name:?} is not in the IANA time zone database");
            return Err(wrong("time_zone", &what, "write it as \"Europe/Berlin\""));
        }
    };
    let map = file.parent().unwrap_or(Path::new("")).join(relative);
    let options = ImportOptions { driving_side: stated.driving_side, country: stated.country.clone() };
    Ok(CityFolder { map, options, stated, time_zone })
}

/// Adds what the folder states beside the map: name, population, time zone, attribution, assets, sensors.
/// Called last, when all map features are there. Entries that cannot be used are problems.
pub fn apply(folder: &CityFolder, city: &mut City) {
    let stated = &folder.stated;
    city.name.clone_from(&stated.name);
    if stated.population.is_some() {
        city.population = stated.population;
    }
    if let Some(zone) = &folder.time_zone {
        city.time_zone = Known::stated(zone.clone());
    }
    if !stated.attribution.is_empty() {
        // The folder knows its data: a generated map is not OpenStreetMap's.
        city.attribution.clone_from(&stated.attribution);
    }
    assets::add(stated, city);
    sensors::add(stated, city);
}

/// Writes `city.toml` into a folder that is there.
pub fn write(folder: &Path, city: &CityToml) -> Result<(), ImportError> {
    let file = folder.join(FILE_NAME);
    let text = city.to_text().map_err(|error| ImportError::Unusable {
        file: file.clone(),
        what: crate::error::one_line(&error.to_string()),
        remedy: "check the values",
    })?;
    fs::write(&file, text).map_err(|error| ImportError::io(&file, &error))
}

fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

/// A problem of one entry, which is left out.
fn entry_problem(source: SourceRef, what: String) -> Problem {
    Problem { source, kind: ProblemKind::Entry, what, at: None }
}
