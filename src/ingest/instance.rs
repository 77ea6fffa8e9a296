//! The name that tells one installation of a city from another at a broker. It lies with the history: who starts with
//! another history must start with another session, or the broker would deem delivered what that history never saw.

use std::{
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::ErrorKind,
    path::Path,
};

use crate::IngestError;

const FILE: &str = "instance";
/// Hexadecimal digits.
const LENGTH: usize = 16;

/// The name kept in a history's folder; makes one where there is none.
///
/// # Errors
/// A file that cannot be read or written, or that holds something else.
pub fn instance(folder: &Path) -> Result<String, IngestError> {
    let path = folder.join(FILE);
    let fail = |why: String| IngestError::Instance { path: path.clone(), why };
    match fs::read_to_string(&path) {
        Ok(text) => {
            let name = text.trim();
            if name.len() == LENGTH && name.chars().all(|c| c.is_ascii_hexdigit()) {
                Ok(name.to_owned())
            } else {
                Err(fail(format!("it should hold {LENGTH} hexadecimal digits")))
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name = fresh();
            fs::write(&path, &name).map_err(|error| fail(error.to_string()))?;
            Ok(name)
        }
        Err(error) => Err(fail(error.to_string())),
    }
}

/// A name that nobody has yet.
pub(crate) fn fresh() -> String {
    format!("{:016x}", entropy())
}

/// A number that differs between processes and calls: the seeds of the standard hasher.
fn entropy() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_and_differs_and_a_broken_file_is_told() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let name = instance(one.path()).unwrap();
        assert_eq!(name, instance(one.path()).unwrap());
        assert_ne!(name, instance(other.path()).unwrap());
        for broken in [b"" as &[u8], b"0123", b"0123456789abcdeg", b"\xff\xfe"] {
            fs::write(one.path().join(FILE), broken).unwrap();
            let error = instance(one.path()).unwrap_err().to_string();
            assert!(error.contains(FILE) && !error.contains('\n'), "{error}");
        }
    }
}
