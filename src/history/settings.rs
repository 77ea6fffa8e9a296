//! What a history is told when it is opened.

/// Limits and lengths of a history. Days are UTC's.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// Days, with today, that stay in the database before they go to a Parquet file each.
    pub hot_days: u32,
    /// Days that readings are kept, by feed.
    pub keep_days: Vec<(String, u32)>,
    /// Days that readings of every other feed are kept; `None`: for ever.
    pub keep_other_days: Option<u32>,
    /// Bytes of dead letters in all; the oldest go first.
    pub dead_letter_bytes: u64,
    /// Largest size of the database, bytes; `None`: what the disk holds. A commit beyond it is refused.
    pub hot_bytes: Option<u64>,
    /// Rows that a query in the order of receipt holds at most.
    pub receipt_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hot_days: 3,
            keep_days: Vec::new(),
            keep_other_days: None,
            dead_letter_bytes: 64 << 20,
            hot_bytes: None,
            receipt_rows: 1 << 20,
        }
    }
}

impl Settings {
    /// Days that a feed's readings are kept.
    pub(crate) fn kept(&self, feed: &str) -> Option<u32> {
        self.keep_days.iter().find(|(name, _)| name == feed).map(|(_, days)| *days).or(self.keep_other_days)
    }
}
