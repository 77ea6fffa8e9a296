//! Feeds by themselves: `feed test`, a mapping tried on recorded messages.

use anyhow::bail;
use citytwin_feeds::mapping::{Mapper, Sources, SourcesFault, preview, read_recorded};

use crate::{arguments::FeedTestArguments, building::first_line, say, text::text_of, verbs::open};

/// The largest file of recorded messages and of mappings, byte.
const MOST_BYTES: u64 = 256 << 20;
/// Faults that are told, a line each.
const MOST_FAULTS: usize = 20;

pub fn test(arguments: &FeedTestArguments) -> anyhow::Result<()> {
    let path = arguments.mapping.clone().unwrap_or_else(|| arguments.city.join("sources.toml"));
    if arguments.mapping.is_none() && !path.exists() {
        bail!("{}: not there; write one, or name a mapping by --mapping FILE.toml", path.display());
    }
    let sources = first_line(Sources::parse(&path.display().to_string(), &text_of(&path, MOST_BYTES)?).map_err(lines))?;
    let name = arguments.file.display().to_string();
    let messages = first_line(read_recorded(&name, &text_of(&arguments.file, MOST_BYTES)?).map_err(lines))?;
    let city = open(&arguments.city, &arguments.map)?;
    let mut mapper = Mapper::new(&sources, &city.sensors, city.anchor);
    say(&preview(&sources, &city.sensors, &mut mapper, &messages).to_string())
}

/// The faults, a line each.
pub fn lines(faults: Vec<SourcesFault>) -> String {
    let more = faults.len().saturating_sub(MOST_FAULTS);
    let told = faults.iter().take(MOST_FAULTS).map(ToString::to_string);
    told.chain((more > 0).then(|| format!("and {more} more"))).collect::<Vec<_>>().join("\n")
}
