//! The importer on whole files: real extracts against an independent count, malformed files, mutations.

mod support;
