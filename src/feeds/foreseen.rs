//! Sources that are certain to fail as they stand, told before anything is started: what would otherwise show only once
//! it is tried. Nothing is connected to and no name is looked up.

use std::path::Path;

use reqwest::Url;

use crate::{
    Secrets,
    file::within,
    http::refused,
    mapping::{Source, SourceKind, Sources},
};

/// A source that will give nothing, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreseen {
    pub source_id: String,
    /// One line, with what to do. Holds no secret.
    pub why: String,
    /// The intake does not start with it at all.
    pub refused: bool,
}

/// The sources of a file that are certain to fail. `folder` is the city's.
pub fn foreseen(sources: &Sources, folder: &Path, secrets: &Secrets) -> Vec<Foreseen> {
    let told = |source: &Source| {
        let (why, refused) = match (unset(source, secrets), source.kind) {
            (Some(why), _) => (Some(why), true),
            (None, SourceKind::Http) => {
                let url = Url::parse(&source.address).ok();
                (url.and_then(|url| refused(&url, source.allow_private)), false)
            }
            (None, SourceKind::File) => (absent(source, folder), false),
            (None, SourceKind::Mqtt) => (None, false),
        };
        why.map(|why| Foreseen { source_id: source.id.clone(), why, refused })
    };
    sources.sources.iter().filter_map(told).collect()
}

fn unset(source: &Source, secrets: &Secrets) -> Option<String> {
    source.variables().find_map(|(field, name)| secrets.get(field, name).err()).map(|error| error.to_string())
}

fn absent(source: &Source, folder: &Path) -> Option<String> {
    let error = within(folder, &folder.join(&source.address)).err()?;
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    Some(format!("{}: {error}; put the file into {}, or correct `address`", source.address, folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(source: &str) -> Vec<(String, bool)> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("there.csv"), "a\n").unwrap();
        let text = format!("version = 1\n[[source]]\nid = \"a\"\n{source}\n");
        let secrets = Secrets::given([("SET", "s3cret")]);
        let told = foreseen(&Sources::parse("f", &text).unwrap(), folder.path(), &secrets);
        assert!(told.iter().all(|told| told.source_id == "a" && !told.why.contains("s3cret")), "{told:?}");
        told.into_iter().map(|told| (told.why, told.refused)).collect()
    }

    #[test]
    fn what_cannot_work_is_told_before_it_is_tried() {
        for (source, told, refused) in [
            (
                "kind = \"http\"\naddress = \"http://127.0.0.1:1/x\"",
                "127.0.0.1 is this machine (loopback); where",
                false,
            ),
            ("kind = \"http\"\naddress = \"http://[::1]/x\"", "[::1] is this machine (loopback)", false),
            ("kind = \"http\"\naddress = \"http://192.168.0.9/x\"", "192.168.0.9 is a private address", false),
            ("kind = \"http\"\naddress = \"http://localhost/x\"", "localhost is this machine (loopback)", false),
            ("kind = \"file\"\naddress = \"not/there.csv\"", "put the file into", false),
            ("kind = \"mqtt\"\naddress = \"mqtts://h\"\nuser_env = \"NOT_SET\"", "NOT_SET", true),
            ("kind = \"http\"\naddress = \"https://h.example\"\ntoken_env = \"NOT_SET\"", "is not set", true),
        ] {
            let lines = lines(source);
            assert_eq!((lines.len(), lines[0].1), (1, refused), "{source}: {lines:?}");
            assert!(lines[0].0.contains(told) && !lines[0].0.contains('\n'), "{source}: {lines:?}");
        }
    }

    #[test]
    fn what_may_work_is_not_foretold() {
        for source in [
            "kind = \"http\"\naddress = \"http://127.0.0.1:1/x\"\nallow_private = true",
            "kind = \"http\"\naddress = \"https://nobody.invalid/x\"\ntoken_env = \"SET\"",
            "kind = \"http\"\naddress = \"https://8.8.8.8/x\"",
            "kind = \"file\"\naddress = \"there.csv\"",
            "kind = \"mqtt\"\naddress = \"mqtt://127.0.0.1:1\"\nuser_env = \"SET\"",
        ] {
            assert_eq!(lines(source), [], "{source}");
        }
    }
}
