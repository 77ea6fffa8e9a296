//! A history as a plain list of rows: what every query must answer.

use std::collections::BTreeMap;

use citytwin_history::{Completeness, Level, RollUp, Row, SeriesId, Span};

/// Rows by key; the first of a key stays.
#[derive(Clone, Debug, Default)]
pub struct Plain(pub BTreeMap<(SeriesId, i64), Row>);

impl Plain {
    /// Adds rows and tells how many were new.
    pub fn commit(&mut self, rows: &[Row]) -> u64 {
        let before = self.0.len();
        for row in rows {
            self.0.entry((row.series, row.observed_us)).or_insert(*row);
        }
        (self.0.len() - before) as u64
    }

    pub fn range(&self, series: SeriesId, span: Span) -> Vec<Row> {
        self.0.values().filter(|r| r.series == series && span.contains(r.observed_us)).copied().collect()
    }

    pub fn of_run(&self, run: &[SeriesId], span: Span) -> Vec<Row> {
        self.0.values().filter(|r| run.contains(&r.series) && span.contains(r.observed_us)).copied().collect()
    }

    pub fn as_of(&self, run: &[SeriesId], at_us: i64, age_us: i64) -> Vec<Row> {
        let span = Span::new(at_us - age_us, at_us + 1);
        let latest = |series: &SeriesId| self.range(*series, span).last().copied();
        run.iter().filter_map(latest).collect()
    }

    pub fn received(&self, run: &[SeriesId], span: Span) -> Vec<Row> {
        let mut rows: Vec<Row> =
            self.of_run(run, Span::ALL).into_iter().filter(|r| span.contains(r.received_us)).collect();
        rows.sort_by_key(|r| (r.received_us, r.observed_us, r.series));
        rows
    }

    pub fn roll_ups(&self, series: SeriesId, level: Level, span: Span) -> Vec<RollUp> {
        let all = RollUp::of(&self.range(series, Span::ALL), level);
        all.into_iter().filter(|r| span.contains(r.start_us)).collect()
    }

    /// Readings that came in a span.
    pub fn agrees_with(&self, series: SeriesId, span: Span, completeness: Option<Completeness>) -> bool {
        completeness.is_none_or(|c| c.came == self.range(series, span).len() as u64 && (0.0..=1.0).contains(&c.share()))
    }
}
