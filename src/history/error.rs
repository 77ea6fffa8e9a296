//! What can go wrong, each in one line that says what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

use parquet::errors::ParquetError;
use rusqlite::ErrorCode;

use crate::RowError;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("{}: {source}; check that the folder exists and may be written", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{}: is not a folder; name the folder that holds the history", .0.display())]
    NotAFolder(PathBuf),
    #[error("{}: the history is open in another program; close it there first", .0.display())]
    InUse(PathBuf),
    #[error("{}: cannot be written; give the program write access or name another folder", .0.display())]
    ReadOnly(PathBuf),
    #[error("{}: is damaged ({what}); nothing was changed: move it away, or put back a copy", path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("{}: belongs to another program; name another folder for the history", .0.display())]
    Foreign(PathBuf),
    #[error("{}: is of version {found}, this program reads version {known}; open it with a newer CityTwin", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{}: no space is left; nothing of this batch was kept: free space, or shorten the retention", .0.display()
    )]
    Full(PathBuf),
    #[error("reading {index}: {source}")]
    Row { index: usize, source: RowError },
    #[error("{}: line {line}, {field}: {what}", path.display())]
    Csv { path: PathBuf, line: usize, field: &'static str, what: String },
    #[error("cancelled; nothing was written")]
    Cancelled,
    #[error("PostgreSQL: {0}")]
    Server(String),
    #[error("{}: {what}", path.display())]
    Database { path: PathBuf, what: String },
}

impl HistoryError {
    /// What SQLite says of the database at `path`.
    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let what = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, what },
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(path),
            _ => Self::Database { path, what },
        }
    }

    /// What the file system says of `path`.
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull => Self::Full(path.to_path_buf()),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path.to_path_buf()),
            _ => Self::File { path: path.to_path_buf(), source },
        }
    }

    /// What the Parquet library says of `path`.
    pub(crate) fn parquet(path: &Path, error: &ParquetError) -> Self {
        Self::Damaged { path: path.to_path_buf(), what: error.to_string() }
    }
}
