//! `feed dead`: what gave no reading and waits in a history.

use std::{collections::VecDeque, fmt::Write};

use anyhow::bail;
use citytwin_history::{DeadLetterCount, KeptDeadLetter, Store, instant};
use serde::Serialize;

use crate::{
    arguments::FeedDeadArguments,
    live::{kept, sources},
    say,
    verbs::{json, open},
};

/// Letters read at a time; each has up to 64 KiB.
const PAGE: usize = 64;
/// Letters of foreign text that a line shows.
const SHOWN: usize = 60;

#[derive(Serialize)]
struct Report {
    /// Version of the mappings that the city's sources.toml has now.
    mapping: Option<String>,
    counts: Vec<Count>,
    letters: Vec<Letter>,
}

#[derive(Serialize)]
struct Count {
    feed: String,
    kept: u64,
    waiting: u64,
    dropped: u64,
    resolved: u64,
}

#[derive(Serialize)]
struct Letter {
    number: i64,
    feed: String,
    topic: String,
    reason: String,
    mapping: String,
    received_at: String,
    bytes: u64,
    /// The payload, or its first 64 KiB, where it is text.
    payload: Option<String>,
}

pub fn dead(arguments: &FeedDeadArguments) -> anyhow::Result<()> {
    // The city is named so that letters of an older mapping show; its sensors do not matter.
    if !arguments.city.exists() {
        open(&arguments.city, &super::arguments::MapArguments { driving_side: None, country: None })?;
    }
    let place = kept(&arguments.kept, &arguments.city)?;
    let history = place.open()?;
    let mut counts = history.dead_letter_counts()?;
    counts.retain(|count| arguments.feed.as_ref().is_none_or(|feed| *feed == count.feed));
    let letters = latest(history.as_ref(), arguments.feed.as_deref(), arguments.last as usize)?;
    let (sources, _) = sources(arguments.kept.sources.as_deref(), &arguments.city)?;
    let report = Report {
        mapping: sources.map(|sources| sources.version.to_string()),
        counts: counts.into_iter().map(Count::from).collect(),
        letters,
    };
    if arguments.json { say(&json(&report)?) } else { say(&in_words(&report)) }?;
    let faults = history.check_dead_letters()?;
    let Some(first) = faults.first() else { return Ok(()) };
    let more = if faults.len() > 1 { format!(" (and {} more)", faults.len() - 1) } else { String::new() };
    bail!("{place}: {first}{more}; the file was damaged: put back a copy of the history")
}

fn latest(store: &dyn Store, feed: Option<&str>, last: usize) -> anyhow::Result<Vec<Letter>> {
    let mut letters = VecDeque::new();
    let mut after = 0;
    loop {
        let page = store.dead_letters(feed, after, PAGE)?;
        let Some(newest) = page.last() else { break };
        after = newest.number;
        letters.extend(page.into_iter().map(Letter::from));
        letters.drain(..letters.len().saturating_sub(last));
    }
    Ok(letters.into())
}

impl From<DeadLetterCount> for Count {
    fn from(count: DeadLetterCount) -> Self {
        let DeadLetterCount { feed, kept, waiting, dropped, resolved } = count;
        Self { feed, kept, waiting, dropped, resolved }
    }
}

impl From<KeptDeadLetter> for Letter {
    fn from(kept: KeptDeadLetter) -> Self {
        Self {
            number: kept.number,
            received_at: instant(kept.letter.received_us).to_string(),
            feed: kept.letter.feed,
            topic: kept.letter.topic,
            reason: kept.letter.reason,
            mapping: kept.letter.mapping,
            bytes: kept.length,
            payload: String::from_utf8(kept.letter.bytes).ok(),
        }
    }
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for count in &report.counts {
        let Count { feed, kept, waiting, dropped, resolved } = count;
        let _ = writeln!(
            text,
            "{}: {kept} kept = {waiting} waiting + {dropped} dropped for lack of room + {resolved} resolved",
            plain(feed)
        );
    }
    if report.counts.is_empty() {
        text += "no dead letters\n";
    }
    for letter in &report.letters {
        let _ =
            writeln!(text, "{} {} {} {}", letter.number, letter.received_at, plain(&letter.feed), plain(&letter.topic));
        let _ = writeln!(text, "    {}", letter.reason);
        let payload = letter.payload.as_deref().map_or_else(|| "no text".to_owned(), plain);
        let _ = writeln!(text, "    {} bytes: {payload}", letter.bytes);
        match &report.mapping {
            Some(present) if !letter.mapping.is_empty() && *present != letter.mapping => {
                let _ = writeln!(text, "    read by mapping {}; sources.toml has {present} now", letter.mapping);
            }
            _ => {}
        }
    }
    text
}

/// The beginning of foreign text, on one line.
fn plain(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
