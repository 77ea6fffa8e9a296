//! Makes a city folder from a box on the globe: asks an Overpass server for its map data, checks the answer,
//! and writes it beside `city.toml` and `SOURCES.md`. Knows nothing of what the map means.
//!
//! The folder appears whole or not at all: everything is put together in a hidden folder and moved at the end.

mod answer;
mod download;
mod error;
mod folder;
mod query;

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use citytwin_model::GeoBounds;
use serde::Serialize;

pub use error::FetchError;
pub use query::{MAX_AREA_DEG2, parse_bbox};

use crate::Progress;

/// The public Overpass API, run by volunteers: for one city now and then, not for many.
pub const PUBLIC_OVERPASS: &str = "https://overpass-api.de/api/interpreter";
/// Time for the server to answer, and between two pieces of its answer. The server itself gets nine tenths.
const TIMEOUT: Duration = Duration::from_secs(200);
/// A server that is silent for longer does not answer.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(86_400);
/// Unpacked size of an answer, byte. A dense quarter square degree takes about 1 GB.
const MAX_BYTES: u64 = 2 << 30;
/// The whole transfer may take this many timeouts: a server that drips is given up.
const TIMEOUTS_IN_ALL: u32 = 10;
/// How often a cancellation is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// How long a cancelled transfer is waited for.
const LEAVE: Duration = Duration::from_secs(1);
/// A share of this many bytes shows as half done: the size of an answer is not known beforehand.
const HALF_WAY_BYTES: f32 = 40e6;

/// What to fetch, from where, to where.
#[derive(Clone, PartialEq, Debug)]
pub struct FetchSpec {
    pub bbox: GeoBounds,
    /// The city folder to make: a new folder or an empty one.
    pub out: PathBuf,
    /// An Overpass API interpreter.
    pub endpoint: String,
    /// Longest silence of the server.
    pub timeout: Duration,
    /// Largest unpacked answer, byte.
    pub max_bytes: u64,
    /// The city's name; else that of the folder.
    pub name: Option<String>,
}

impl FetchSpec {
    /// From the public server, with its limits.
    pub fn new(bbox: GeoBounds, out: impl Into<PathBuf>) -> Self {
        Self {
            bbox,
            out: out.into(),
            endpoint: PUBLIC_OVERPASS.to_owned(),
            timeout: TIMEOUT,
            max_bytes: MAX_BYTES,
            name: None,
        }
    }
}

/// What was fetched.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FetchSummary {
    /// The city folder.
    pub folder: PathBuf,
    /// Unpacked answer, byte.
    pub downloaded_bytes: u64,
    /// Packed map file, byte.
    pub map_bytes: u64,
    pub nodes: u64,
    pub ways: u64,
    pub relations: u64,
    /// How fresh the server's data is, in its own words.
    pub data_from: Option<String>,
}

/// Fetches a city. On any error, cancellation included, nothing is left behind.
pub fn fetch(spec: &FetchSpec, progress: &dyn Progress) -> Result<FetchSummary, FetchError> {
    query::check(&spec.bbox)?;
    if spec.timeout.is_zero() || spec.timeout > LONGEST_TIMEOUT {
        return Err(FetchError::TimeoutGiven(spec.timeout));
    }
    let endpoint = download::endpoint(&spec.endpoint)?;
    let query = query::overpass(&spec.bbox, spec.timeout);
    let staging = folder::Staging::beside(&spec.out)?;
    let answer = staging.file("answer.osm");
    progress.report("asking the map server", 0.0);
    let order = download::Order {
        endpoint: endpoint.clone(),
        query: query.clone(),
        to: answer.clone(),
        timeout: spec.timeout,
        max_bytes: spec.max_bytes,
    };
    let downloaded_bytes = transfer(order, progress)?;
    progress.report("checking the map data", 0.85);
    let found = answer::check(&answer)?;
    stop_if_cancelled(progress)?;
    progress.report("writing the city folder", 0.9);
    let page = folder::Page { spec, endpoint: &endpoint, query: &query, found: &found };
    let map_bytes = page.write(&staging, &answer)?;
    stop_if_cancelled(progress)?;
    staging.publish(&spec.out)?;
    progress.report("done", 1.0);
    Ok(FetchSummary {
        folder: spec.out.clone(),
        downloaded_bytes,
        map_bytes,
        nodes: found.nodes,
        ways: found.ways,
        relations: found.relations,
        data_from: found.data_from,
    })
}

fn stop_if_cancelled(progress: &dyn Progress) -> Result<(), FetchError> {
    if progress.cancelled() { Err(FetchError::Cancelled) } else { Ok(()) }
}

/// Downloads on a thread of its own, so that a silent server cannot hold up a cancellation.
fn transfer(order: download::Order, progress: &dyn Progress) -> Result<u64, FetchError> {
    let deadline = Instant::now() + order.timeout * TIMEOUTS_IN_ALL;
    let timeout = order.timeout;
    let state = Arc::new(download::State::default());
    let (done, result) = mpsc::channel();
    let (shared, broke_off) = (Arc::clone(&state), || FetchError::Broken("the transfer broke off".to_owned()));
    let run = move || {
        // The receiver is gone after a cancellation.
        let _ = done.send(download::run(&order, &shared));
    };
    thread::Builder::new().name("fetch".to_owned()).spawn(run).map_err(|_| broke_off())?;
    loop {
        match result.recv_timeout(LOOK) {
            Ok(result) => return result,
            Err(mpsc::RecvTimeoutError::Disconnected) => return Err(broke_off()),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        let bytes = state.bytes();
        if bytes > 0 {
            let share = bytes as f32 / (bytes as f32 + HALF_WAY_BYTES);
            progress.report("downloading map data", 0.02 + 0.8 * share);
        }
        let given_up = match (progress.cancelled(), Instant::now() > deadline) {
            (true, _) => FetchError::Cancelled,
            (_, true) => FetchError::Timeout(timeout),
            _ => continue,
        };
        state.stop();
        // A transfer that waits for the server ends by its own timeout and finds its folder gone.
        let _ = result.recv_timeout(LEAVE);
        return Err(given_up);
    }
}
