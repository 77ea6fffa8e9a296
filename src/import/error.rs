//! Why an import cannot be done. Every message is one line: the file, the place in it, what is wrong, and
//! what to do. What is wrong with a single feature is a [`citytwin_model::Problem`], never one of these.

use std::{
    io,
    path::{Path, PathBuf},
};

/// An import that yields no city.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{}: no such file; check the path", .0.display())]
    Missing(PathBuf),
    #[error("{}: no permission to read it; change its permissions or copy it", .0.display())]
    Denied(PathBuf),
    #[error("{}: {cause}; check the disk and try again", .file.display())]
    Io { file: PathBuf, cause: String },
    #[error("{}: neither a file nor a folder; give an .osm.pbf, .osm or .osm.gz file, or a city folder", .0.display())]
    NotAFile(PathBuf),
    #[error("{}: the file is empty; download it again", .0.display())]
    Empty(PathBuf),
    #[error("{}: neither .osm.pbf, .osm nor .osm.gz by its first bytes; give an OpenStreetMap extract or a city folder", .0.display())]
    UnknownFormat(PathBuf),
    /// `place` is a byte offset, a line or an element.
    #[error("{}: {place}: {what}; {remedy}", .file.display())]
    Unreadable { file: PathBuf, place: String, what: String, remedy: &'static str },
    #[error("{}: {what}; {remedy}", .file.display())]
    Unusable { file: PathBuf, what: String, remedy: &'static str },
    #[error("{}: a folder without city.toml; give an .osm.pbf, .osm or .osm.gz file, or a city folder", .0.display())]
    NotACity(PathBuf),
    /// What the caller's options say that cannot be.
    #[error("{what}; {remedy}")]
    Options { what: String, remedy: &'static str },
    #[error("import cancelled")]
    Cancelled,
}

/// Checks that `path` is a regular file: opening a pipe would wait for its writer, and a device has no end.
pub(crate) fn require_file(path: &Path) -> Result<std::fs::Metadata, ImportError> {
    let found = std::fs::metadata(path).map_err(|error| ImportError::io(path, &error))?;
    if found.is_file() { Ok(found) } else { Err(ImportError::NotAFile(path.to_owned())) }
}

impl ImportError {
    /// An I/O failure of `file`.
    pub fn io(file: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(file.to_owned()),
            io::ErrorKind::PermissionDenied => Self::Denied(file.to_owned()),
            _ => Self::Io { file: file.to_owned(), cause: one_line(&error.to_string()) },
        }
    }

    /// Content of `file` that cannot be read at `place`.
    pub fn unreadable(file: &Path, place: impl Into<String>, what: &str, remedy: &'static str) -> Self {
        Self::Unreadable { file: file.to_owned(), place: place.into(), what: one_line(what), remedy }
    }
}

/// The text with its line breaks turned into spaces, for messages of parsers that draw over several lines.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
