//! What can go wrong before readings flow. Once they do, trouble shows in the status and is tried again.

use std::{io, path::PathBuf};

use citytwin_feeds::FeedError;
use citytwin_history::HistoryError;

/// One line for a person each.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// A source's broker cannot be subscribed to, or its server not be asked.
    #[error("source {source_id}: {source}")]
    Source { source_id: String, source: FeedError },
    /// The history does not answer.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The machine refuses a thread.
    #[error("cannot start the thread ingest: {0}")]
    Start(io::Error),
    /// The file with the name of this installation cannot be used.
    #[error("{}: {why}; delete it to get a new one", path.display())]
    Instance { path: PathBuf, why: String },
}
