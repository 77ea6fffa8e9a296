//! Why a city cannot be fetched: one line each, with what to do.

use std::{io, path::PathBuf, time::Duration};

/// A fetch that made no city folder.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("bbox: {0}")]
    Bbox(String),
    #[error("{}: is not empty; give a new or an empty folder", .0.display())]
    Occupied(PathBuf),
    #[error("{}: {source}; choose another folder or check its permissions", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("endpoint: {0}; give the http(s) address of an Overpass API interpreter")]
    Endpoint(String),
    #[error("a timeout of {} s is no time to answer in; give 1 s up to a day (86400 s)", .0.as_secs_f64())]
    TimeoutGiven(Duration),
    #[error("cannot reach {host}: {why}; check the network and the endpoint")]
    Unreachable { host: String, why: String },
    #[error("the map server was silent for {:.1} s; try again later or with a smaller box", .0.as_secs_f64())]
    Timeout(Duration),
    #[error("the map server asks to wait (429 too many requests){}; then try again", wait(.0))]
    RateLimited(Option<u64>),
    #[error("the map server is too busy ({0}); try again later or with a smaller box")]
    Busy(u16),
    #[error("the map server refuses ({status}): {said}")]
    Refused { status: u16, said: String },
    #[error("the map server gave up: {0}; try again later or with a smaller box")]
    GaveUp(String),
    #[error("the answer is no OpenStreetMap data ({0}); check the endpoint")]
    NotMapData(String),
    #[error("the answer broke off: {0}; try again")]
    Broken(String),
    #[error("the answer is larger than {0} bytes; choose a smaller box or raise the limit")]
    TooLarge(u64),
    #[error("the map has nothing in this box; check the order west,south,east,north")]
    Nothing,
    #[error("fetch cancelled")]
    Cancelled,
}

fn wait(seconds: &Option<u64>) -> String {
    seconds.map_or_else(|| " for some minutes".to_owned(), |seconds| format!(" for {seconds} s"))
}

/// The beginning of foreign text on one line.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS: usize = 160;
    let mut words = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().take(CHARS));
        if words.chars().count() > CHARS {
            return words.chars().take(CHARS).chain(['…']).collect();
        }
    }
    words
}
