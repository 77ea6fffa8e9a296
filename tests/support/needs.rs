//! What a test needs and a machine may lack: outside programs, and data beside the checkout. Included by path from the
//! tests of several packages. A test that finds something missing goes no further: on CI it fails, elsewhere it is skipped aloud.

use std::io::{Write, stderr};

/// Tells what is missing, with what to do. The caller returns.
///
/// # Panics
/// On CI (the environment has `CI=true`), where nothing may be missing.
pub fn missing(what: &str) {
    match verdict(what, std::env::var("CI").ok().as_deref()) {
        // Not by `println!`: the words of a test that passes are not shown.
        Ok(line) => drop(writeln!(stderr(), "{line}")),
        Err(line) => panic!("{line}"),
    }
}

/// The line, as an error where the test is to fail.
pub fn verdict(what: &str, ci: Option<&str>) -> Result<String, String> {
    match ci {
        None | Some("" | "0" | "false") => Ok(format!("skipped: {what}")),
        Some(_) => Err(format!("missing on CI: {what}")),
    }
}
