//! The importer on whole files: real extracts against an independent count, malformed files, mutations.

mod counts;
mod extracts;
mod hostile;
mod malformed;
mod mutations;
mod support;
