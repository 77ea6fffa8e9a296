//! Any text as a `sources.toml`, and any text as recorded messages: faults on one line, never a panic.

#![no_main]

use citytwin_feeds::mapping::{Sources, read_recorded};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(faults) = Sources::parse("sources.toml", text) {
        assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.to_string().contains('\n')));
    }
    let _ = read_recorded("log.jsonl", text);
});
