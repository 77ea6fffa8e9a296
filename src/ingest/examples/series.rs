//! Recorded series of real sensors (`../shared/data/sensors`), or the first rows of each, through mappings into a history, asked for again and
//! replayed at a thousand times real speed; panics unless both give the file.
//!
//! `cargo run --release -p citytwin-ingest --example series -- [ROWS]`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::error::Error;

use support::series;

fn main() -> Result<(), Box<dyn Error>> {
    let rows = std::env::args().nth(1).map_or(Ok(usize::MAX), |text| text.parse())?;
    for series in series::all(rows) {
        let folder = tempfile::tempdir()?;
        let told = series::run(&series, folder.path());
        println!(
            "{}: {} readings in {} rows, {} duplicates, {} dead; loaded in {:.1} s, replayed in {:.1} s ({} steps of 200 s, \
             the longest {:.1} ms of its 200 ms)",
            series.name,
            told.readings,
            series.messages.len(),
            told.duplicates,
            told.dead,
            told.load_s,
            told.replay_s,
            told.steps,
            told.longest_step_s * 1e3
        );
    }
    Ok(())
}
