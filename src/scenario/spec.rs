//! What to run, who watches, and why a run may fail.

use std::path::PathBuf;

use citytwin_model::{EditError, Request, Timestamp};

/// Longest run, hour: a year. Longer questions are several runs.
pub const MAX_HOURS: f64 = 8784.0;

/// One run of a city.
#[derive(Clone, PartialEq, Debug)]
pub struct RunSpec {
    /// Simulated time, 0 < h ≤ 8784.
    pub hours: f64,
    pub seed: u64,
    /// Local clocks follow from the city's time zone.
    pub start: Timestamp,
    /// Worker threads; 0 for all. The result does not depend on it.
    pub threads: usize,
    /// Applied in order before the start.
    pub edits: Vec<Request>,
}

/// Hears how far a run is and may end it.
pub trait Watch: Sync {
    /// 0…1.
    fn progress(&self, fraction: f32);
    /// Asked every simulated minute.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
impl Watch for () {
    fn progress(&self, _fraction: f32) {}
}

/// Why a run gave no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("the length of a run must lie between 0 and {MAX_HOURS} hours, not {0}")]
    Hours(f64),
    #[error("the run would end beyond the calendar; start earlier")]
    Calendar,
    #[error("a comparison needs at least 1 pair of runs")]
    NoReplications,
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error("the run was cancelled")]
    Cancelled,
    #[error("no worker threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error("{path}: {what} ({source}); name a folder that can be written to", path = path.display())]
    Output { path: PathBuf, what: &'static str, source: std::io::Error },
}

impl RunSpec {
    /// Length in seconds, checked.
    pub(crate) fn seconds(&self) -> Result<f64, RunError> {
        if self.hours > 0.0 && self.hours <= MAX_HOURS {
            Ok(self.hours * 3600.0)
        } else {
            Err(RunError::Hours(self.hours))
        }
    }
}
