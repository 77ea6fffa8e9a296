//! What lets the program in elsewhere: passwords and tokens, from environment variables that a `sources.toml` names.
//! Nothing here is ever shown.

use std::{collections::BTreeMap, fmt};

use crate::error::FeedError;

/// Where secrets are looked up. `Debug` shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets(Lookup);

#[derive(Clone, PartialEq, Eq)]
enum Lookup {
    Process,
    Given(BTreeMap<String, String>),
}

impl Secrets {
    /// The environment that the program was started with.
    pub const fn of_process() -> Self {
        Self(Lookup::Process)
    }

    /// These variables alone.
    pub fn given<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(Lookup::Given(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// The secret in variable `name`, which `field` of a source asks for.
    ///
    /// # Errors
    /// A variable that is not set, is empty, or holds a control character, which no header may.
    pub(crate) fn get(&self, field: &'static str, name: &str) -> Result<Secret, FeedError> {
        let found = match &self.0 {
            Lookup::Process => std::env::var(name).ok(),
            Lookup::Given(variables) => variables.get(name).cloned(),
        };
        let fail = |why| Err(FeedError::Variable { field, name: name.to_owned(), why });
        match found {
            None => fail("is not set"),
            Some(value) if value.is_empty() => fail("is empty"),
            Some(value) if value.chars().any(char::is_control) => fail("holds a control character or a line end"),
            Some(value) => Ok(Secret(value)),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(hidden)")
    }
}

/// A password or token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// For the wire alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_found_and_never_shown() {
        let secrets = Secrets::given([("A", "s3cret"), ("B", ""), ("C", "s3cret\r\nX: y")]);
        assert_eq!(secrets.get("token_env", "A").unwrap().reveal(), "s3cret");
        let shown = format!("{secrets:?} {:?}", secrets.get("token_env", "A"));
        assert!(!shown.contains("s3cret"), "{shown}");
        for (name, why) in [("B", "is empty"), ("C", "control character"), ("D", "is not set")] {
            let line = secrets.get("token_env", name).unwrap_err().to_string();
            assert!(line.contains(why) && line.contains(name) && line.contains("token_env"), "{line}");
            assert!(!line.contains("s3cret") && !line.contains('\n'), "{line}");
        }
        let line = Secrets::of_process().get("token_env", "CITYTWIN_NO_SUCH_VARIABLE").unwrap_err().to_string();
        assert!(line.contains("is not set"), "{line}");
    }
}
