//! The `[history]` of a `sources.toml`: how long readings are kept, and where. Owns the words of the table; what keeps
//! readings is the history's.

use std::ops::RangeInclusive;

use super::{
    document::Ids,
    fields::{Faults, Fields},
    source::variable,
};
use crate::{FeedError, Secrets, payload::excerpt, secrets::Secret};

/// Days that can be stated: a hundred years.
const DAYS: RangeInclusive<u32> = 1..=36_525;
/// The feed of what speaks the program's own format at `--mqtt`.
pub const OWN_FEED: &str = "mqtt";
/// The feed of what the engines say that sensors should read.
pub const MODEL_FEED: &str = "model";
/// No source has such an id.
pub(super) const RESERVED: [&str; 2] = [OWN_FEED, MODEL_FEED];

/// What a file says of its city's history; what it does not say is the history's own to decide.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keeping {
    /// Days, with today, before a day goes to a file of its own.
    pub hot_days: Option<u32>,
    /// Days that readings are kept.
    pub keep_days: Option<u32>,
    /// The same of single feeds, by id.
    pub keep_days_of: Vec<(String, u32)>,
    pub postgres: Option<PostgresAt>,
}

/// A PostgreSQL database, by the environment variable that says which.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostgresAt {
    pub env: String,
    /// Readings and password may go to another machine in the clear.
    pub plaintext: bool,
}

/// What a connection is opened with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectionLine(Secret);

impl ConnectionLine {
    /// For the connection alone: it may hold a password.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl PostgresAt {
    /// The connection as the variable states it.
    ///
    /// # Errors
    /// A variable that is not set, is empty, or holds a control character.
    pub fn line(&self, secrets: &Secrets) -> Result<ConnectionLine, FeedError> {
        secrets.get("postgres_env", &self.env).map(ConnectionLine)
    }
}

pub(super) fn keeping(fields: &mut Fields<'_, '_>, ids: &Ids<'_>) -> Keeping {
    let hot_days = fields.whole("hot_days", DAYS);
    let keep_days = fields.whole("keep_days", DAYS);
    let keep_days_of = of_feeds(fields, ids);
    let env = variable("postgres_env", fields);
    let plaintext = fields.flag("postgres_plaintext");
    if fields.has("postgres_env") && fields.has("hot_days") {
        fields.fault("hot_days", "is of a history in a folder, not of PostgreSQL; take it out");
    }
    if fields.has("postgres_plaintext") && !fields.has("postgres_env") {
        fields.fault("postgres_plaintext", "goes with `postgres_env`; give both");
    }
    for word in ["postgres", "postgresql", "connection", "password", "url"] {
        if fields.has(word) {
            fields.refuse(word, "would be a secret in the city's files; name a variable that holds it: postgres_env");
        }
    }
    let postgres = env.map(|env| PostgresAt { env, plaintext: plaintext.unwrap_or(false) });
    Keeping { hot_days, keep_days, keep_days_of, postgres }
}

fn of_feeds(fields: &mut Fields<'_, '_>, ids: &Ids<'_>) -> Vec<(String, u32)> {
    let mut kept = Vec::new();
    for (feed, days) in fields.words("keep_days_of").into_iter().flatten() {
        let days = days.as_integer().and_then(|days| u32::try_from(days).ok()).filter(|days| DAYS.contains(days));
        let known = RESERVED.contains(&feed.as_str()) || ids.may_have(feed);
        match days {
            _ if !known => {
                let what = format!(
                    "`{}` is no source of this file; give ids of sources, {OWN_FEED} or {MODEL_FEED}",
                    excerpt(feed)
                );
                fields.fault("keep_days_of", what);
            }
            Some(days) => kept.push((feed.clone(), days)),
            None => {
                let what =
                    format!("`{}` is no whole number of days, {} to {}", excerpt(feed), DAYS.start(), DAYS.end());
                fields.fault("keep_days_of", what);
            }
        }
    }
    // The table's own order hangs on a feature of the reader.
    kept.sort();
    kept
}

/// The table of a file, where it has one.
pub(super) fn of_file(table: Option<&toml::Table>, ids: &Ids<'_>, faults: &mut Faults) -> Keeping {
    let Some(table) = table else { return Keeping::default() };
    let mut fields = Fields::new(table, "history".to_owned(), faults);
    let keeping = keeping(&mut fields, ids);
    fields.finish();
    keeping
}
