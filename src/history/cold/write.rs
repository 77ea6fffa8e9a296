//! Writing rows as Parquet: a day of the history, and exports.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use parquet::{
    basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as PhysicalType},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::{ColumnPath, Type},
};

use super::GROUPS;
use crate::{HistoryError, Row, SeriesKey, Source, quality_name, whole_file::WholeFile};

/// Rows of one page: what is decoded to find one sensor's rows.
const PAGE_ROWS: usize = 4096;
/// Columns of numbers that repeat little.
const PLAIN: [&str; 2] = ["observed_at", "received_at"];

/// Says what numbers stand for.
pub(crate) trait Naming {
    fn key(&self, series: u32) -> Option<SeriesKey>;
    fn source(&self, source: u32) -> Option<Source>;
}

/// Writes a Parquet file group by group.
pub(crate) struct RowsWriter<'a> {
    writer: SerializedFileWriter<WholeFile>,
    naming: &'a dyn Naming,
    slots: Vec<String>,
    path: PathBuf,
}

impl<'a> RowsWriter<'a> {
    pub fn create(path: &Path, naming: &'a dyn Naming) -> Result<Self, HistoryError> {
        let file = WholeFile::create(path)?;
        let writer = schema().and_then(|s| SerializedFileWriter::new(file, Arc::new(s), Arc::new(properties())));
        let writer = writer.map_err(|e| unwritten(path, e))?;
        Ok(Self { writer, naming, slots: Vec::new(), path: path.to_path_buf() })
    }

    /// One row group. `slot`: the first slot of the day that it may hold. Rows are sorted by series.
    pub fn group(&mut self, slot: i64, rows: &[Row]) -> Result<(), HistoryError> {
        if rows.is_empty() {
            return Ok(());
        }
        self.slots.push(slot.to_string());
        let group = self.writer.next_row_group();
        let written = group.and_then(|mut group| {
            write_columns(&mut group, rows, self.naming)?;
            group.close().map(|_| ())
        });
        written.map_err(|e| unwritten(&self.path, e))
    }

    /// Ends the file, and gives it its name once it is on the disk.
    pub fn keep(mut self) -> Result<(), HistoryError> {
        self.writer.append_key_value_metadata(KeyValue::new(GROUPS.to_owned(), self.slots.join(" ")));
        self.writer.into_inner().map_err(|e| unwritten(&self.path, e))?.keep()
    }
}

pub(crate) fn unwritten(path: &Path, error: ParquetError) -> HistoryError {
    match error {
        ParquetError::External(inner) if inner.is::<std::io::Error>() => {
            HistoryError::file(path, *inner.downcast().expect("it was just found to be one"))
        }
        other => HistoryError::Database { path: path.to_path_buf(), what: other.to_string() },
    }
}

/// Five columns for this program, then texts that other programs read without its database.
fn schema() -> Result<Type, ParquetError> {
    let column = |name: &str, physical, logical: Option<LogicalType>| {
        let builder = Type::primitive_type_builder(name, physical);
        builder.with_repetition(Repetition::REQUIRED).with_logical_type(logical).build().map(Arc::new)
    };
    let time = || Some(LogicalType::timestamp(true, TimeUnit::MICROS));
    let text = |name| column(name, PhysicalType::BYTE_ARRAY, Some(LogicalType::String));
    let fields = vec![
        column("series", PhysicalType::INT32, None)?,
        column("observed_at", PhysicalType::INT64, time())?,
        column("value", PhysicalType::DOUBLE, None)?,
        column("received_at", PhysicalType::INT64, time())?,
        column("code", PhysicalType::INT32, None)?,
        text("run")?,
        text("sensor")?,
        text("quantity")?,
        text("quality")?,
        text("feed")?,
        text("mapping")?,
        column("emulated", PhysicalType::BOOLEAN, None)?,
    ];
    Type::group_type_builder("readings").with_fields(fields).build()
}

fn properties() -> WriterProperties {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("citytwin ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_dictionary_page_size_limit(1 << 24)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(ColumnPath::from("series"), EnabledStatistics::Page)
        // A dictionary of values pays while they repeat; where they do not, it ends early.
        .set_column_dictionary_page_size_limit(ColumnPath::from("value"), 1 << 18);
    for name in PLAIN {
        let path = ColumnPath::from(name);
        builder = builder.set_column_dictionary_enabled(path.clone(), false);
        builder = builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
    }
    builder.build()
}

fn write_columns(
    group: &mut SerializedRowGroupWriter<'_, WholeFile>,
    rows: &[Row],
    naming: &dyn Naming,
) -> Result<(), ParquetError> {
    column::<Int32Type>(group, rows.iter().map(|r| r.series.0.cast_signed()).collect())?;
    column::<Int64Type>(group, rows.iter().map(|r| r.observed_us).collect())?;
    column::<DoubleType>(group, rows.iter().map(|r| r.value).collect())?;
    column::<Int64Type>(group, rows.iter().map(|r| r.received_us).collect())?;
    column::<Int32Type>(group, rows.iter().map(|r| r.code().cast_signed()).collect())?;
    let key = |row: &Row| naming.key(row.series.0);
    let source = |row: &Row| naming.source(row.source.0);
    let series = |row: &Row| row.series.0;
    let from = |row: &Row| row.source.0;
    texts(group, rows, series, |r| key(r).map(|k| k.run.to_string()))?;
    texts(group, rows, series, |r| key(r).map(|k| k.sensor.to_string()))?;
    texts(group, rows, series, |r| key(r).map(|k| k.quantity.name().to_owned()))?;
    texts(group, rows, |r| r.code() & 3, |r| Some(quality_name(r.quality).to_owned()))?;
    texts(group, rows, from, |r| source(r).map(|s| s.feed.to_string()))?;
    texts(group, rows, from, |r| source(r).map(|s| s.mapping.to_string()))?;
    let emulated: Vec<bool> = of_runs(rows, from, |r| source(r).is_some_and(|s| s.emulated));
    column::<BoolType>(group, emulated)
}

fn texts(
    group: &mut SerializedRowGroupWriter<'_, WholeFile>,
    rows: &[Row],
    number: impl Fn(&Row) -> u32,
    text: impl Fn(&Row) -> Option<String>,
) -> Result<(), ParquetError> {
    column::<ByteArrayType>(
        group,
        of_runs(rows, number, |row| ByteArray::from(text(row).unwrap_or_default().into_bytes())),
    )
}

/// A value per row, made anew only where the number beneath it changes.
fn of_runs<T: Clone>(rows: &[Row], number: impl Fn(&Row) -> u32, make: impl Fn(&Row) -> T) -> Vec<T> {
    let mut values = Vec::with_capacity(rows.len());
    for run in rows.chunk_by(|a, b| number(a) == number(b)) {
        values.resize(values.len() + run.len(), make(&run[0]));
    }
    values
}

pub(crate) fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, WholeFile>,
    values: Vec<T::T>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns".to_owned()));
    };
    column.typed::<T>().write_batch(&values, None, None)?;
    column.close()
}
