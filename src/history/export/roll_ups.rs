//! Roll-ups as files: a line, or a row, for every interval that has readings.

use std::{io::Write, path::Path, sync::Arc};

use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as PhysicalType},
    data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};

use super::{Export, ExportWatch, field};
use crate::{
    HistoryError, Level, RollUp, SECOND_US, SeriesKey, Span, Store, Values,
    cold::write::{column, unwritten},
    instant,
    rollup::HOUR_US,
    row::DAY_US,
    whole_file::WholeFile,
};

/// Days that are read at a time: 60,000 minutes.
const WINDOW_US: i64 = 40 * DAY_US;
const HEADER: &str = "run,sensor,quantity,unit,start,length_s,min,max,mean,count,good,uncertain,bad,stale";

/// Writes the roll-ups of a level that start in the span as CSV, series by series, each by time. Tells how many. The
/// file is there as a whole or not at all. `min`, `max` and `mean` are empty where all readings are bad.
///
/// # Errors
/// What the store and the file system say; [`HistoryError::Cancelled`] where `watch` says so.
pub fn export_roll_ups_csv(
    store: &dyn Store,
    export: &Export,
    level: Level,
    path: &Path,
    watch: ExportWatch<'_>,
) -> Result<u64, HistoryError> {
    let mut file = WholeFile::create(path)?;
    let say = |e| HistoryError::file(path, e);
    writeln!(file, "{HEADER}").map_err(say)?;
    let length_s = level.length_us() / SECOND_US;
    let count = windows(store, export, level, watch, &mut |key, rollups| {
        let names = format!("{},{},{},{}", field(&key.run), field(&key.sensor), key.quantity, key.quantity.unit());
        for rollup in rollups {
            let start = instant(rollup.start_us);
            let values = rollup.values.map_or_else(|| ",,".to_owned(), |v| format!("{},{},{}", v.min, v.max, v.mean));
            let ([good, uncertain, bad, stale], count) = (rollup.counts, rollup.count());
            let line = format!("{names},{start},{length_s},{values},{count},{good},{uncertain},{bad},{stale}");
            writeln!(file, "{line}").map_err(say)?;
        }
        Ok(())
    })?;
    file.keep()?;
    Ok(count)
}

/// The same as Parquet; `min`, `max` and `mean` are null where all readings are bad.
///
/// # Errors
/// As [`export_roll_ups_csv`].
pub fn export_roll_ups_parquet(
    store: &dyn Store,
    export: &Export,
    level: Level,
    path: &Path,
    watch: ExportWatch<'_>,
) -> Result<u64, HistoryError> {
    let file = WholeFile::create(path)?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let say = |e| unwritten(path, e);
    let writer = schema().and_then(|s| SerializedFileWriter::new(file, Arc::new(s), Arc::new(properties)));
    let mut writer = writer.map_err(say)?;
    let count =
        windows(store, export, level, watch, &mut |key, rollups| group(&mut writer, key, level, rollups).map_err(say))?;
    writer.into_inner().map_err(say)?.keep()?;
    Ok(count)
}

/// Roll-ups of all series, some days at a time: what starts in one part of a span starts in no other.
fn windows(
    store: &dyn Store,
    export: &Export,
    level: Level,
    watch: ExportWatch<'_>,
    each: &mut dyn FnMut(&SeriesKey, &[RollUp]) -> Result<(), HistoryError>,
) -> Result<u64, HistoryError> {
    let span = export.span.and(Span::ALL);
    let mut count = 0;
    for (at, series) in export.series.iter().enumerate() {
        let Some(key) = store.key(*series) else { continue };
        export.tell(watch, at, span.from_us)?;
        // Hours that have something: years without are passed over, and readings that retention has removed are still summed.
        let first_us = span.from_us.div_euclid(HOUR_US) * HOUR_US;
        let hours = store.roll_ups(*series, Level::Hour, Span::new(first_us, span.to_us))?;
        for part in hours.chunk_by(|a, b| a.start_us.div_euclid(WINDOW_US) == b.start_us.div_euclid(WINDOW_US)) {
            export.tell(watch, at, part[0].start_us.max(span.from_us))?;
            let window = span.and(Span::new(part[0].start_us, part[part.len() - 1].start_us + HOUR_US));
            let rollups = store.roll_ups(*series, level, window)?;
            count += rollups.len() as u64;
            if !rollups.is_empty() {
                each(&key, &rollups)?;
            }
        }
    }
    Ok(count)
}

fn schema() -> Result<Type, ParquetError> {
    let column = |name: &str, physical, logical: Option<LogicalType>, repetition| {
        let builder = Type::primitive_type_builder(name, physical);
        builder.with_repetition(repetition).with_logical_type(logical).build().map(Arc::new)
    };
    let text = |name| column(name, PhysicalType::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED);
    let whole = |name| column(name, PhysicalType::INT32, None, Repetition::REQUIRED);
    let value = |name| column(name, PhysicalType::DOUBLE, None, Repetition::OPTIONAL);
    let time = Some(LogicalType::timestamp(true, TimeUnit::MICROS));
    let mut fields = vec![text("run")?, text("sensor")?, text("quantity")?, text("unit")?];
    fields.push(column("start", PhysicalType::INT64, time, Repetition::REQUIRED)?);
    fields.push(whole("length_s")?);
    for name in ["min", "max", "mean"] {
        fields.push(value(name)?);
    }
    for name in ["count", "good", "uncertain", "bad", "stale"] {
        fields.push(whole(name)?);
    }
    Type::group_type_builder("roll_ups").with_fields(fields).build()
}

fn group(
    writer: &mut SerializedFileWriter<WholeFile>,
    key: &SeriesKey,
    level: Level,
    rollups: &[RollUp],
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for text in [&*key.run, &*key.sensor, key.quantity.name(), key.quantity.unit()] {
        column::<ByteArrayType>(&mut group, vec![ByteArray::from(text.as_bytes().to_vec()); rollups.len()])?;
    }
    column::<Int64Type>(&mut group, rollups.iter().map(|r| r.start_us).collect())?;
    let length_s = (level.length_us() / SECOND_US) as i32;
    column::<Int32Type>(&mut group, vec![length_s; rollups.len()])?;
    for of in [|v: &Values| v.min, |v: &Values| v.max, |v: &Values| v.mean] {
        let Some(mut column) = group.next_column()? else { break };
        let present: Vec<i16> = rollups.iter().map(|r| i16::from(r.values.is_some())).collect();
        let values: Vec<f64> = rollups.iter().filter_map(|r| r.values.as_ref().map(of)).collect();
        column.typed::<DoubleType>().write_batch(&values, Some(&present), None)?;
        column.close()?;
    }
    column::<Int32Type>(&mut group, rollups.iter().map(|r| r.count().cast_signed()).collect())?;
    for quality in 0..4 {
        column::<Int32Type>(&mut group, rollups.iter().map(|r| r.counts[quality].cast_signed()).collect())?;
    }
    group.close().map(|_| ())
}
