//! Icons: code points of the Phosphor subset in `fonts/` (see fonts/SOURCES.md).

pub const SEARCH: &str = "\u{e30c}";
pub const CLOSE: &str = "\u{e4f6}";
pub const RIGHT: &str = "\u{e13a}";
pub const DOWN: &str = "\u{e136}";
pub const COPY: &str = "\u{e1ca}";
pub const FLY_TO: &str = "\u{e1d6}";
pub const HELP: &str = "\u{e3e8}";
pub const SCREENSHOT: &str = "\u{e10e}";
pub const UNDO: &str = "\u{e038}";
pub const HOME: &str = "\u{e2c2}";
pub const TILT: &str = "\u{ebe6}";
pub const TOP: &str = "\u{e31a}";
pub const WARNING: &str = "\u{e4e0}";
pub const ERROR: &str = "\u{e4e2}";
pub const INFO: &str = "\u{e2ce}";
pub const CAR: &str = "\u{e8cc}";
pub const FEED: &str = "\u{e0f2}";
pub const DONE: &str = "\u{e184}";
pub const CLOSED: &str = "\u{e3de}";
pub const MODELS: &str = "\u{e610}";
pub const FOLLOW: &str = "\u{e4da}";
pub const COMPARE: &str = "\u{e27c}";
pub const CALENDAR: &str = "\u{e10a}";
