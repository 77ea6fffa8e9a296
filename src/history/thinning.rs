//! Fewer rows for a chart, with every extreme kept.

use crate::{HistoryError, Row, SeriesId, Span, Store};

/// Rows that are read at a time.
const PAGE: usize = 1 << 16;

/// At most `points` rows of a series, by observed time: all where there are no more, otherwise the least and the
/// greatest value of each of `points / 2` equal parts of the span. A part without readings gives none.
///
/// # Errors
/// What the store says.
pub fn thinned(store: &dyn Store, series: SeriesId, span: Span, points: usize) -> Result<Vec<Row>, HistoryError> {
    let span = span.and(Span::ALL);
    let first = store.range(series, span, points.saturating_add(1))?;
    if first.len() <= points {
        return Ok(first);
    }
    let parts = (points / 2).max(1) as i128;
    let length = i128::from(span.to_us) - i128::from(span.from_us);
    let part = |row: &Row| (i128::from(row.observed_us) - i128::from(span.from_us)) * parts / length;
    let mut kept: Vec<(i128, Row, Row)> = Vec::new();
    let mut from_us = span.from_us;
    loop {
        let rows = store.range(series, Span { from_us, ..span }, PAGE)?;
        for row in &rows {
            match kept.last_mut() {
                Some((of, least, greatest)) if *of == part(row) => {
                    if row.value < least.value {
                        *least = *row;
                    }
                    if row.value > greatest.value {
                        *greatest = *row;
                    }
                }
                _ => kept.push((part(row), *row, *row)),
            }
        }
        let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { break };
        from_us = last.observed_us + 1;
    }
    let mut rows: Vec<Row> = kept.into_iter().flat_map(|(_, least, greatest)| [least, greatest]).collect();
    rows.sort_by_key(|row| row.observed_us);
    rows.dedup_by_key(|row| row.observed_us);
    rows.truncate(points.max(1));
    Ok(rows)
}
