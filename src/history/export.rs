//! Readings and roll-ups as CSV (RFC 4180) and Parquet, and readings from CSV back.

mod roll_ups;

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    ops::ControlFlow,
    path::Path,
};

use citytwin_model::{Quality, Quantity, Timestamp};

use crate::{
    Committed, HistoryError, Row, SeriesId, SeriesKey, Source, Span, Store,
    cold::write::{Naming, RowsWriter},
    instant, micros, quality_name,
    whole_file::WholeFile,
};

pub use roll_ups::{export_roll_ups_csv, export_roll_ups_parquet};

/// Called with the share that is done; `Break` cancels, and nothing stays of the file.
pub type ExportWatch<'a> = &'a mut dyn FnMut(f64) -> ControlFlow<()>;

/// What to export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    pub series: Vec<SeriesId>,
    pub span: Span,
}

/// Rows that are read at a time, and of one row group.
const PAGE: usize = 1 << 18;
const HEADER: &str = "run,sensor,quantity,unit,observed_at,value,received_at,quality,feed,mapping,emulated";

/// Writes readings as CSV, series by series, each by observed time. Tells how many. The file is there as a whole or
/// not at all.
///
/// # Errors
/// What the store and the file system say; [`HistoryError::Cancelled`] where `watch` says so.
pub fn export_csv(
    store: &dyn Store,
    export: &Export,
    path: &Path,
    watch: ExportWatch<'_>,
) -> Result<u64, HistoryError> {
    let mut file = WholeFile::create(path)?;
    let say = |e| HistoryError::file(path, e);
    writeln!(file, "{HEADER}").map_err(say)?;
    let mut count = 0;
    for (at, series) in export.series.iter().enumerate() {
        let Some(key) = store.key(*series) else { continue };
        let names = format!("{},{},{},{}", field(&key.run), field(&key.sensor), key.quantity, key.quantity.unit());
        pages(store, (export, at), watch, &mut |rows| {
            for row in rows {
                let (observed, received) = (instant(row.observed_us), instant(row.received_us));
                let quality = quality_name(row.quality);
                let (feed, mapping, emulated) = source_fields(store, row);
                let value = row.value;
                let line = format!("{names},{observed},{value},{received},{quality},{feed},{mapping},{emulated}");
                writeln!(file, "{line}").map_err(say)?;
            }
            count += rows.len() as u64;
            Ok(())
        })?;
    }
    file.keep()?;
    Ok(count)
}

/// The same as Parquet.
///
/// # Errors
/// As [`export_csv`].
pub fn export_parquet(
    store: &dyn Store,
    export: &Export,
    path: &Path,
    watch: ExportWatch<'_>,
) -> Result<u64, HistoryError> {
    let naming = OfStore(store);
    let mut file = RowsWriter::create(path, &naming)?;
    let (mut count, mut group) = (0, Vec::new());
    for at in 0..export.series.len() {
        pages(store, (export, at), watch, &mut |rows| {
            group.extend_from_slice(rows);
            count += rows.len() as u64;
            if group.len() >= PAGE {
                file.group(0, &group)?;
                group.clear();
            }
            Ok(())
        })?;
    }
    file.group(0, &group)?;
    file.keep()?;
    Ok(count)
}

/// Commits the readings of a CSV file as [`export_csv`] writes it, some at a time.
///
/// # Errors
/// The first line and field that cannot be read; readings of the lines before may have been kept.
pub fn import_csv(store: &dyn Store, path: &Path) -> Result<Committed, HistoryError> {
    let file = File::open(path).map_err(|e| HistoryError::file(path, e))?;
    let mut total = Committed::default();
    let mut rows = Vec::new();
    let mut keep = |rows: &mut Vec<Row>| {
        let done = store.commit(rows, &[])?;
        rows.clear();
        total.new += done.new;
        total.duplicate += done.duplicate;
        total.expired += done.expired;
        Ok::<_, HistoryError>(())
    };
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|e| HistoryError::file(path, e))?;
        let fault = |field, what: String| HistoryError::Csv { path: path.to_path_buf(), line: index + 1, field, what };
        match index {
            0 if line == HEADER => {}
            0 => return Err(fault("header", format!("is not `{HEADER}`"))),
            _ => rows.push(row(store, &line).map_err(|(field, what)| fault(field, what))?),
        }
        if rows.len() >= PAGE {
            keep(&mut rows)?;
        }
    }
    keep(&mut rows)?;
    Ok(total)
}

struct OfStore<'a>(&'a dyn Store);

impl Naming for OfStore<'_> {
    fn key(&self, series: u32) -> Option<SeriesKey> {
        self.0.key(SeriesId(series))
    }

    fn source(&self, source: u32) -> Option<Source> {
        self.0.source_of(crate::SourceId(source))
    }
}

/// All rows of the series at a position, some at a time.
fn pages(
    store: &dyn Store,
    (export, at): (&Export, usize),
    watch: ExportWatch<'_>,
    each: &mut dyn FnMut(&[Row]) -> Result<(), HistoryError>,
) -> Result<(), HistoryError> {
    let span = export.span.and(Span::ALL);
    let mut from_us = span.from_us;
    loop {
        export.tell(watch, at, from_us)?;
        let rows = store.range(export.series[at], Span { from_us, ..span }, PAGE)?;
        each(&rows)?;
        let Some(last) = rows.last().filter(|_| rows.len() == PAGE) else { return Ok(()) };
        from_us = last.observed_us + 1;
    }
}

impl Export {
    /// Tells how far it is: at this instant of the series at a position.
    fn tell(&self, watch: ExportWatch<'_>, at: usize, from_us: i64) -> Result<(), HistoryError> {
        let span = self.span.and(Span::ALL);
        let of_series = (from_us - span.from_us) as f64 / (span.to_us - span.from_us).max(1) as f64;
        match watch((at as f64 + of_series) / self.series.len() as f64) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(HistoryError::Cancelled),
        }
    }
}

fn source_fields(store: &dyn Store, row: &Row) -> (String, String, bool) {
    let source = store.source_of(row.source);
    source.map_or_else(Default::default, |s| (field(&s.feed), field(&s.mapping), s.emulated))
}

/// Quoted where it must be. Names have no line breaks: a line is a row.
fn field(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn row(store: &dyn Store, line: &str) -> Result<Row, (&'static str, String)> {
    let fields = split(line).ok_or(("line", "a quote is not closed".to_owned()))?;
    let [run, sensor, quantity, _, observed, value, received, quality, feed, mapping, emulated] = fields.as_slice()
    else {
        return Err(("line", format!("has {} fields, not 11", fields.len())));
    };
    let time = |field, text: &str| {
        text.parse::<Timestamp>()
            .map(micros)
            .map_err(|_| (field, format!("`{text}` is not a time as 2026-01-31T12:00:00Z")))
    };
    let quantity = Quantity::from_name(quantity).ok_or_else(|| ("quantity", format!("`{quantity}` is not known")))?;
    let quality = [Quality::Good, Quality::Uncertain, Quality::Bad, Quality::Stale]
        .into_iter()
        .find(|q| quality_name(*q) == quality)
        .ok_or_else(|| ("quality", format!("`{quality}` is not good, uncertain, bad or stale")))?;
    let emulated = emulated.parse().map_err(|_| ("emulated", format!("`{emulated}` is not true or false")))?;
    let value = value.parse().map_err(|_| ("value", format!("`{value}` is not a number")))?;
    let key = SeriesKey::new(run, sensor, quantity).map_err(|e| ("sensor", e.to_string()))?;
    let source = Source::new(feed, mapping, emulated).map_err(|e| ("feed", e.to_string()))?;
    let (observed_us, received_us) = (time("observed_at", observed)?, time("received_at", received)?);
    let (series, source) = (store.series(&key), store.source(&source));
    let row = Row { series, source, observed_us, received_us, value, quality };
    row.check().map(|()| row).map_err(|e| ("value", e.to_string()))
}

/// Fields of a line; `None` where a quote is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let (mut fields, mut text, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                text.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut text)),
            other => text.push(other),
        }
    }
    fields.push(text);
    (!quoted).then_some(fields)
}
