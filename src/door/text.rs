//! Text files of the command line.

use std::{fs, path::Path};

use anyhow::{Context, anyhow, bail};

/// All of a file of at most `most` bytes.
///
/// # Errors
/// A file that cannot be read, is longer, or is no UTF-8, with its name.
pub fn text_of(path: &Path, most: u64) -> anyhow::Result<String> {
    let name = || path.display().to_string();
    let size = path.metadata().with_context(name)?.len();
    if size > most {
        bail!("{}: {size} bytes; give at most {most}", name());
    }
    let bytes = fs::read(path).with_context(name)?;
    String::from_utf8(bytes).map_err(|_| anyhow!("{}: is not UTF-8 text; save it as UTF-8", name()))
}
