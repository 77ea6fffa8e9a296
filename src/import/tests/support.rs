//! Where the test data is.

use std::path::PathBuf;

/// A real extract; `None` with a printed reason where the reference data is absent.
pub fn extract(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} absent", path.display());
    None
}
