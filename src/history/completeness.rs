//! How much of what a sensor should have sent has come, by the interval that it keeps itself.

use crate::{HistoryError, Row, Span, snapshot::Snapshot};

/// Readings of a series against those to be expected.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Completeness {
    /// Median time between readings, µs.
    pub interval_us: i64,
    /// Readings that came.
    pub came: u64,
    /// Readings that are missing: of a gap of n intervals, n − 1.
    pub missing: u64,
}

/// Readings that an interval is learned from, at most; and at least.
const LEARNED: usize = 256;
const LEAST: usize = 3;

impl Completeness {
    /// Share that came, 0 to 1.
    pub fn share(&self) -> f64 {
        if self.came + self.missing == 0 {
            return 1.0;
        }
        self.came as f64 / (self.came + self.missing) as f64
    }

    /// Counts gaps between sorted readings, and before and behind them. A burst makes up for no gap.
    fn of(rows: &[Row], interval_us: i64, span: Span) -> Self {
        let lost = |gap_us: i64| ((gap_us + interval_us / 2) / interval_us - 1).max(0).unsigned_abs();
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Self { interval_us, came: 0, missing: ((span.to_us - span.from_us) / interval_us).unsigned_abs() };
        };
        let between: u64 = rows.windows(2).map(|pair| lost(pair[1].observed_us - pair[0].observed_us)).sum();
        // The first reading may come up to an interval after the start, the last up to one before the end.
        let edges =
            ((first.observed_us - span.from_us) / interval_us) + ((span.to_us - 1 - last.observed_us) / interval_us);
        Self { interval_us, came: rows.len() as u64, missing: between + edges.unsigned_abs() }
    }
}

pub(crate) fn of(snapshot: &Snapshot<'_>, series: u32, span: Span) -> Result<Option<Completeness>, HistoryError> {
    let span = span.and(Span::ALL);
    if span.is_empty() {
        return Ok(None);
    }
    let before = snapshot.last(series, span.to_us, LEARNED)?;
    let recent = &before[before.len().saturating_sub(LEARNED)..];
    if recent.len() < LEAST {
        return Ok(None);
    }
    let mut gaps: Vec<i64> = recent.windows(2).map(|pair| pair[1].observed_us - pair[0].observed_us).collect();
    let middle = gaps.len() / 2;
    let (_, median, _) = gaps.select_nth_unstable(middle);
    let rows = snapshot.range(series, span, usize::MAX)?;
    Ok(Some(Completeness::of(&rows, (*median).max(1), span)))
}
