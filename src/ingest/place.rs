//! Where a city's readings are kept, and how long: a folder, or a PostgreSQL database that its `sources.toml` names.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use citytwin_feeds::{
    FeedError, Secrets,
    mapping::{ConnectionLine, Keeping},
};
use citytwin_history::{Archive, History, Plaintext, PostgresHistory, Settings};

use crate::{IngestError, instance};

/// The file by which a history's folder is known.
const FILE: &str = "history.sqlite";

/// A history that can be opened. `Debug` and `Display` show no secret.
#[derive(Clone, Debug)]
pub struct Place {
    settings: Settings,
    at: At,
}

#[derive(Clone, Debug)]
enum At {
    Folder(PathBuf),
    Postgres { env: String, line: ConnectionLine, plaintext: Plaintext },
}

impl Place {
    /// What a `sources.toml` says, with `folder` where it names no database.
    ///
    /// # Errors
    /// A variable that is not set.
    pub fn of(keeping: &Keeping, folder: PathBuf, secrets: &Secrets) -> Result<Self, FeedError> {
        let mut place = Self::in_folder(keeping, folder);
        if let Some(postgres) = &keeping.postgres {
            let plaintext = if postgres.plaintext { Plaintext::Allowed } else { Plaintext::LoopbackOnly };
            place.at = At::Postgres { env: postgres.env.clone(), line: postgres.line(secrets)?, plaintext };
        }
        Ok(place)
    }

    /// A folder that somebody has named, whatever database the file does; its days and lengths hold.
    pub fn in_folder(keeping: &Keeping, folder: PathBuf) -> Self {
        let usual = Settings::default();
        let settings = Settings {
            hot_days: keeping.hot_days.unwrap_or(usual.hot_days),
            keep_days: keeping.keep_days_of.clone(),
            keep_other_days: keeping.keep_days.or(usual.keep_other_days),
            ..usual
        };
        Self { settings, at: At::Folder(folder) }
    }

    /// Its folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.at {
            At::Folder(folder) => Some(folder),
            At::Postgres { .. } => None,
        }
    }

    /// Whether something was kept there before, as far as can be told without opening it.
    pub fn is_there(&self) -> bool {
        self.folder().is_none_or(|folder| folder.join(FILE).is_file())
    }

    /// Opens it, a new one where there is none.
    ///
    /// # Errors
    /// What the files or the server say.
    pub fn open(&self) -> Result<Arc<dyn Archive>, IngestError> {
        Ok(match &self.at {
            At::Folder(folder) => Arc::new(History::open(folder, self.settings.clone())?),
            At::Postgres { .. } => Arc::new(self.connect()?),
        })
    }

    /// Opens it for readings to come, with the name of this installation at brokers, which lies with it.
    ///
    /// # Errors
    /// As [`Self::open`], and a name that cannot be kept or read.
    pub fn open_for_intake(&self) -> Result<(Arc<dyn Archive>, String), IngestError> {
        match &self.at {
            At::Folder(folder) => Ok((self.open()?, instance::instance(folder)?)),
            At::Postgres { .. } => {
                let history = self.connect()?;
                let name = history.instance(&instance::fresh())?;
                Ok((Arc::new(history), name))
            }
        }
    }

    fn connect(&self) -> Result<PostgresHistory, IngestError> {
        let At::Postgres { line, plaintext, .. } = &self.at else { unreachable!("asked of a database alone") };
        Ok(PostgresHistory::open(line.reveal(), *plaintext, &self.settings)?)
    }
}

impl From<PathBuf> for Place {
    /// A folder with the usual days and lengths.
    fn from(folder: PathBuf) -> Self {
        Self::in_folder(&Keeping::default(), folder)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::Folder(folder) => write!(f, "{}", folder.display()),
            At::Postgres { env, .. } => write!(f, "PostgreSQL ({env})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use citytwin_feeds::mapping::Sources;

    use super::*;

    const TEXT: &str =
        "version = 1\n[history]\npostgres_env = \"CITY_DB\"\nkeep_days = 9\nkeep_days_of = { mqtt = 2 }\n";

    #[test]
    fn a_file_says_where_and_how_long_and_a_named_folder_goes_before() {
        let keeping = Sources::parse("f", TEXT).unwrap().keeping;
        let folder = PathBuf::from("somewhere");
        let error = Place::of(&keeping, folder.clone(), &Secrets::given([("OTHER", "1")])).unwrap_err().to_string();
        assert!(error.contains("postgres_env") && error.contains("CITY_DB") && error.contains("not set"), "{error}");
        let secrets = Secrets::given([("CITY_DB", "host=127.0.0.1 port=1 password=hunter2 hunter3")]);
        let place = Place::of(&keeping, folder.clone(), &secrets).unwrap();
        assert_eq!(place.to_string(), "PostgreSQL (CITY_DB)");
        let error = place.open().err().unwrap().to_string();
        assert!(error.contains("host=localhost user=city"), "{error}");
        assert!(!format!("{place:?} {error}").contains("hunter"), "{place:?} {error}");
        let place = Place::in_folder(&keeping, folder);
        assert_eq!((place.to_string().as_str(), place.is_there()), ("somewhere", false));
        let kept = Settings { keep_days: vec![("mqtt".into(), 2)], keep_other_days: Some(9), ..Settings::default() };
        assert_eq!(place.settings, kept);
        assert_eq!(Place::from(PathBuf::from("a")).settings, Settings::default());
    }
}
