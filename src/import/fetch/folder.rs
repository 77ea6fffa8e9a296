//! The city folder: put together out of sight, moved into place at the end.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use citytwin_model::Timestamp;
use flate2::{Compression, write::GzEncoder};
use reqwest::Url;

use super::{FetchSpec, answer::Found, error::FetchError};
use crate::{
    ATTRIBUTION,
    folder::{CityToml, FILE_NAME as CITY},
};

const MAP: &str = "map.osm.gz";
const SOURCES: &str = "SOURCES.md";
/// In the order in which they are moved: the folder is a city when `city.toml` is there.
const FILES: [&str; 3] = [MAP, SOURCES, CITY];

/// A hidden folder that disappears unless it is published.
pub(super) struct Staging {
    folder: PathBuf,
    /// `out` was there, empty: only files are moved into it.
    into_existing: bool,
}

impl Staging {
    /// Beside `out`, or inside it where it exists, so that the move stays within a file system.
    pub fn beside(out: &Path) -> Result<Self, FetchError> {
        let failed = |source| FetchError::Write { path: out.to_owned(), source };
        let into_existing = match fs::read_dir(out) {
            Ok(mut entries) => match entries.next() {
                None => true,
                Some(_) => return Err(FetchError::Occupied(out.to_owned())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(failed(error)),
        };
        let whole = std::path::absolute(out).map_err(failed)?;
        let home = if into_existing { Some(whole.as_path()) } else { whole.parent() };
        let home = home.ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
        fs::create_dir_all(home).map_err(failed)?;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = home.join(format!(".citytwin-fetch-{}-{count}", std::process::id()));
        fs::create_dir(&folder).map_err(failed)?;
        Ok(Self { folder, into_existing })
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Moves what was put together to `out`.
    pub fn publish(self, out: &Path) -> Result<(), FetchError> {
        let failed = |source| FetchError::Write { path: out.to_owned(), source };
        if !self.into_existing {
            return fs::rename(&self.folder, out).map_err(failed);
        }
        for (index, name) in FILES.iter().enumerate() {
            if let Err(source) = fs::rename(self.file(name), out.join(name)) {
                for moved in &FILES[..index] {
                    // The first failure is the one to tell.
                    let _ = fs::remove_file(out.join(moved));
                }
                return Err(failed(source));
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After publishing there is nothing left to remove, or only the empty folder.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What the folder's files tell.
pub(super) struct Page<'a> {
    pub spec: &'a FetchSpec,
    pub endpoint: &'a Url,
    pub query: &'a str,
    pub found: &'a Found,
}

impl Page<'_> {
    /// Turns the answer into the folder's files and removes it; returns the size of the map, byte.
    pub fn write(&self, staging: &Staging, answer: &Path) -> Result<u64, FetchError> {
        let map = staging.file(MAP);
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| FetchError::Write { path, source }
        };
        self.pack(answer, &map).map_err(at(&map))?;
        fs::remove_file(answer).map_err(at(answer))?;
        let attribution = vec![ATTRIBUTION.to_owned()];
        let city = CityToml { name: self.name(), map: MAP.to_owned(), attribution, ..CityToml::default() };
        let text = toml::to_string(&city).map_err(|error| at(&map)(io::Error::other(error)))?;
        for (name, text) in [(CITY, text), (SOURCES, self.sources())] {
            let path = staging.file(name);
            fs::write(&path, text).map_err(at(&path))?;
        }
        Ok(fs::metadata(&map).map_err(at(&map))?.len())
    }

    /// Packs the answer, with the box as its bounds: areas reach beyond it, and the server states none.
    fn pack(&self, answer: &Path, map: &Path) -> io::Result<()> {
        let mut from = BufReader::with_capacity(256 * 1024, File::open(answer)?);
        let mut to = GzEncoder::new(BufWriter::new(File::create(map)?), Compression::default());
        if !self.found.bounded {
            io::copy(&mut from.by_ref().take(self.found.content_at), &mut to)?;
            let b = &self.spec.bbox;
            let (south, west, north, east) = (b.south, b.west, b.north, b.east);
            write!(to, "\n  <bounds minlat=\"{south}\" minlon=\"{west}\" maxlat=\"{north}\" maxlon=\"{east}\"/>")?;
        }
        io::copy(&mut from, &mut to)?;
        to.finish()?.into_inner()?.sync_all()
    }

    fn name(&self) -> String {
        let given = self.spec.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let folder = || {
            let whole = std::path::absolute(&self.spec.out).ok()?;
            Some(whole.file_name()?.to_string_lossy().into_owned())
        };
        given.map(str::to_owned).or_else(folder).unwrap_or_else(|| "City".to_owned())
    }

    fn sources(&self) -> String {
        let b = &self.spec.bbox;
        let found = self.found;
        let fresh = found.data_from.as_deref().unwrap_or("not stated by the server");
        format!(
            "# Sources\n\n\
             `{MAP}`: map data of OpenStreetMap, {ATTRIBUTION} (<https://opendatacommons.org/licenses/odbl/1-0/>).\n\
             Whoever shows this city shows that line; see <https://www.openstreetmap.org/copyright>.\n\n\
             - fetched: {}\n\
             - server: {}\n\
             - data as of: {fresh}\n\
             - box (west, south, east, north): {}, {}, {}, {}\n\
             - elements: {} nodes, {} ways, {} relations\n\
             - change made: the box written into the file as its bounds\n\n\
             Query:\n\n```\n{}```\n",
            Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            self.endpoint,
            b.west,
            b.south,
            b.east,
            b.north,
            found.nodes,
            found.ways,
            found.relations,
            self.query
        )
    }
}
