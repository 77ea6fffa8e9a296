//! What was wrong in a source, with its place. A problem never stops an import; the rest loads.

use std::fmt;

use geo::Coord;
use serde::Serialize;

use crate::SourceRef;

/// What kind of thing was wrong.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A referenced node, way or member is not in the file (clipped data).
    MissingReference,
    /// A geometry that cannot be used or had to be mended.
    Geometry,
    /// A tag value that cannot be read.
    TagValue,
    /// A turn restriction that cannot be applied.
    Restriction,
    /// Part of the road network that cannot be reached.
    Connectivity,
    /// A duplicate element.
    Duplicate,
    /// An entry of the city folder that cannot be used.
    Entry,
}

/// One problem with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    pub source: SourceRef,
    pub kind: ProblemKind,
    /// One line for a person: what is wrong and what was done about it.
    pub what: String,
    /// Where, in local metres, when known.
    pub at: Option<Coord<f64>>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.what)
    }
}
