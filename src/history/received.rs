//! Rows in the order of their receipt, as a replay needs them.
//!
//! Rows lie by when they were observed. What was received in a short window lies in the few slots whose rows came in then;
//! these are read, and sorted. A window with more rows than may be held is made shorter and read again.

use std::ops::ControlFlow;

use crate::{
    History, HistoryError, Row, Span, Visitor,
    row::{DAY_US, SECOND_US},
};

/// First window of a query, µs.
const WINDOW_US: i64 = 600 * SECOND_US;
/// The longest: where rows come once an hour, a window must not cost a query each.
const LONGEST_US: i64 = 64 * DAY_US;

enum Window {
    /// Sorted.
    Rows(Vec<Row>),
    TooMany,
    /// Nothing was received before this instant.
    Empty(Option<i64>),
}

pub(crate) fn visit(history: &History, run: &str, span: Span, visitor: Visitor<'_>) -> Result<(), HistoryError> {
    let span = span.and(Span::ALL);
    let wanted = history.mask(run);
    let (mut from_us, mut length_us) = (span.from_us, WINDOW_US);
    while from_us < span.to_us {
        let window = Span::new(from_us, span.to_us.min(from_us.saturating_add(length_us)));
        match read(history, &wanted, window)? {
            Window::TooMany if length_us == 1 => {
                if instant(history, &wanted, window, visitor)?.is_break() {
                    return Ok(());
                }
                from_us = window.to_us;
            }
            Window::TooMany => length_us = (length_us / 2).max(1),
            Window::Empty(next) => {
                let Some(next) = next else { return Ok(()) };
                from_us = next;
            }
            Window::Rows(rows) => {
                if rows.len() < history.settings.receipt_rows / 4 {
                    length_us = (length_us * 2).min(LONGEST_US);
                }
                for row in &rows {
                    if visitor(row).is_break() {
                        return Ok(());
                    }
                }
                from_us = window.to_us;
            }
        }
    }
    Ok(())
}

fn read(history: &History, wanted: &[bool], window: Span) -> Result<Window, HistoryError> {
    history.read(|snapshot| {
        let slots = snapshot.slots_received(window)?;
        if slots.is_empty() {
            return Ok(Window::Empty(snapshot.next_received(window.to_us)?));
        }
        let mut rows = Vec::new();
        for part in neighbours(&slots) {
            let all = snapshot.visit(part, &mut |row| {
                if window.contains(row.received_us) && wanted.get(row.series.0 as usize) == Some(&true) {
                    rows.push(row);
                }
                rows.len() <= history.settings.receipt_rows
            })?;
            if !all {
                return Ok(Window::TooMany);
            }
        }
        rows.sort_by_key(|row| (row.received_us, row.observed_us, row.series));
        Ok(Window::Rows(rows))
    })
}

/// More rows of one µs than may be held, as a file that was read in at once has: as they lie, by observed time slot by slot.
fn instant(
    history: &History,
    wanted: &[bool],
    window: Span,
    visitor: Visitor<'_>,
) -> Result<ControlFlow<()>, HistoryError> {
    history.read(|snapshot| {
        for part in neighbours(&snapshot.slots_received(window)?) {
            let all = snapshot.visit(part, &mut |row| {
                let asked = window.contains(row.received_us) && wanted.get(row.series.0 as usize) == Some(&true);
                !asked || visitor(&row).is_continue()
            })?;
            if !all {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Slots that follow each other in one span: each file is then read once.
pub(crate) fn neighbours(slots: &[Span]) -> Vec<Span> {
    slots.chunk_by(|a, b| a.to_us == b.from_us).map(|run| Span::new(run[0].from_us, run[run.len() - 1].to_us)).collect()
}
