//! A file that is there as a whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::HistoryError;

/// Written under a temporary name; [`Self::keep`] gives it its own once it is whole and on the disk. Dropped before
/// that, nothing of it stays.
pub(crate) struct WholeFile {
    out: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    pub fn create(path: &Path) -> Result<Self, HistoryError> {
        let temporary = temporary(path);
        let file = File::create(&temporary).map_err(|e| HistoryError::file(&temporary, e))?;
        Ok(Self { out: BufWriter::with_capacity(1 << 18, file), temporary, path: path.to_path_buf() })
    }

    /// On the disk, then under its name, then the name on the disk.
    pub fn keep(mut self) -> Result<(), HistoryError> {
        let written = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        written.map_err(|e| HistoryError::file(&self.temporary, e))?;
        fs::rename(&self.temporary, &self.path).map_err(|e| HistoryError::file(&self.path, e))?;
        sync_folder(&self.path)
    }
}

/// The name while it is written.
pub(crate) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // After `keep` no file has this name any more; what cannot be removed is overwritten by the next try.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// On Unix a new name is durable once its folder is; elsewhere the file system's journal does it.
fn sync_folder(path: &Path) -> Result<(), HistoryError> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if cfg!(unix) {
        return File::open(folder).and_then(|f| f.sync_all()).map_err(|e| HistoryError::file(folder, e));
    }
    Ok(())
}
