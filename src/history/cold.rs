//! One day of rows as a Parquet file: how it is laid out, and reading parts of it.
//!
//! A row group holds whole slots of the day, sorted by series and observed time; page statistics of the column
//! `series` say where a sensor's rows lie. The texts beside the numbers are for other programs.

use std::{fs::File, ops::Range, path::Path, sync::Arc};

use parquet::{
    column::reader::{ColumnReaderImpl, get_typed_column_reader},
    data_type::{DataType, DoubleType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{
        metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader},
        page_index::column_index::ColumnIndexMetaData,
        properties::ReaderProperties,
        reader::RowGroupReader,
        serialized_reader::SerializedRowGroupReader,
    },
};

use crate::{Row, Span, database::SLOT_US, row::DAY_US};

pub(crate) mod write;

/// Key of the list of first slots, one per row group, in the file's metadata.
const GROUPS: &str = "citytwin.slots";
/// Rows that are decoded at a time.
const CHUNK: usize = 1 << 14;
/// Places of the columns that are read here.
const SERIES: usize = 0;
const OBSERVED: usize = 1;
const VALUE: usize = 2;
const RECEIVED: usize = 3;
const CODE: usize = 4;

/// What the end of a file tells.
#[derive(Debug)]
pub(crate) struct Layout {
    metadata: ParquetMetaData,
    /// First slot of each row group, ascending.
    slots: Vec<i64>,
}

/// An open file.
pub(crate) struct ColdDay {
    file: Arc<File>,
    layout: Arc<Layout>,
    day: i64,
}

impl Layout {
    /// Reads the end of a file.
    pub fn read(file: &File) -> Result<Self, ParquetError> {
        let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
        let metadata = reader.parse_and_finish(file)?;
        let wrong = || ParquetError::General("it is not a day of a history".to_owned());
        let keys = metadata.file_metadata().key_value_metadata().ok_or_else(wrong)?;
        let list = keys.iter().find(|k| k.key == GROUPS).and_then(|k| k.value.as_deref()).ok_or_else(wrong)?;
        let slots: Result<Vec<i64>, _> = list.split(' ').filter(|s| !s.is_empty()).map(str::parse).collect();
        let slots = slots.map_err(|_| wrong())?;
        if slots.len() != metadata.num_row_groups() || metadata.file_metadata().schema_descr().num_columns() <= CODE {
            return Err(wrong());
        }
        Ok(Self { metadata, slots })
    }

    pub fn rows(&self) -> i64 {
        self.metadata.file_metadata().num_rows()
    }
}

impl ColdDay {
    pub fn open(path: &Path, day: i64, layout: Option<Arc<Layout>>) -> Result<Self, ParquetError> {
        let file = File::open(path).map_err(|error| ParquetError::External(Box::new(error)))?;
        let layout = layout.map_or_else(|| Layout::read(&file).map(Arc::new), Ok)?;
        Ok(Self { file: Arc::new(file), layout, day })
    }

    pub fn layout(&self) -> Arc<Layout> {
        Arc::clone(&self.layout)
    }

    /// Rows of a series observed in a span, by observed time.
    pub fn range(&self, series: u32, span: Span) -> Result<Vec<Row>, ParquetError> {
        let mut rows = Vec::new();
        for group in self.groups(span) {
            let found = self.rows_of(group, series)?;
            self.read(group, found, &mut |row| {
                if span.contains(row.observed_us) {
                    rows.push(row);
                }
                true
            })?;
        }
        Ok(rows)
    }

    /// Every row observed in a span, group by group; ends early where `keep_on` says no.
    pub fn visit(&self, span: Span, keep_on: &mut dyn FnMut(Row) -> bool) -> Result<bool, ParquetError> {
        for group in self.groups(span) {
            let rows = self.layout.metadata.row_group(group).num_rows();
            let all = 0..usize::try_from(rows)?;
            if !self.read(group, all, &mut |row| !span.contains(row.observed_us) || keep_on(row))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The row groups that may hold rows of a span.
    fn groups(&self, span: Span) -> Range<usize> {
        let span = span.and(Span::of_day(self.day));
        if span.is_empty() {
            return 0..0;
        }
        let slot = |us: i64| (us - self.day * DAY_US).div_euclid(SLOT_US);
        let before = |slot: i64| self.layout.slots.partition_point(|first| *first <= slot);
        before(slot(span.from_us)).saturating_sub(1)..before(slot(span.to_us - 1))
    }

    /// Where the rows of a series lie in a group.
    fn rows_of(&self, group: usize, series: u32) -> Result<Range<usize>, ParquetError> {
        let index = self.layout.metadata.page_index_for_row_group(group);
        let (Some(ColumnIndexMetaData::INT32(pages)), Some(places)) =
            (index.column_index(SERIES), index.page_locations(SERIES))
        else {
            return Err(ParquetError::General("it has no statistics of its pages".to_owned()));
        };
        let (low, high) = (pages.min_values(), pages.max_values());
        let wanted = i32::try_from(series)?;
        let first = high.partition_point(|max| *max < wanted);
        let last = low.partition_point(|min| *min <= wanted);
        if first >= last || last > places.len() {
            return Ok(0..0);
        }
        let total = usize::try_from(self.layout.metadata.row_group(group).num_rows())?;
        let start = usize::try_from(places[first].first_row_index)?;
        let end = places.get(last).map_or(Ok(total), |p| usize::try_from(p.first_row_index))?;
        let reader = self.reader(group)?;
        let mut column = column::<Int32Type>(&reader, SERIES, start)?;
        let mut numbers = Vec::new();
        fill(&mut column, end.saturating_sub(start), &mut numbers)?;
        let from = numbers.partition_point(|n| *n < wanted);
        let to = numbers.partition_point(|n| *n <= wanted);
        Ok(start + from..start + to)
    }

    /// Hands over rows of a group; ends early where `keep_on` says no.
    fn read(
        &self,
        group: usize,
        rows: Range<usize>,
        keep_on: &mut dyn FnMut(Row) -> bool,
    ) -> Result<bool, ParquetError> {
        if rows.is_empty() {
            return Ok(true);
        }
        let reader = self.reader(group)?;
        let mut columns = (
            column::<Int32Type>(&reader, SERIES, rows.start)?,
            column::<Int64Type>(&reader, OBSERVED, rows.start)?,
            column::<DoubleType>(&reader, VALUE, rows.start)?,
            column::<Int64Type>(&reader, RECEIVED, rows.start)?,
            column::<Int32Type>(&reader, CODE, rows.start)?,
        );
        let (mut series, mut observed, mut value) = (Vec::new(), Vec::new(), Vec::new());
        let (mut received, mut code) = (Vec::new(), Vec::new());
        for start in rows.clone().step_by(CHUNK) {
            let count = CHUNK.min(rows.end - start);
            fill(&mut columns.0, count, &mut series)?;
            fill(&mut columns.1, count, &mut observed)?;
            fill(&mut columns.2, count, &mut value)?;
            fill(&mut columns.3, count, &mut received)?;
            fill(&mut columns.4, count, &mut code)?;
            for i in 0..count {
                let row =
                    Row::of(series[i].cast_unsigned(), observed[i], received[i], value[i], code[i].cast_unsigned());
                if !keep_on(row) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn reader(&self, group: usize) -> Result<SerializedRowGroupReader<'_, File>, ParquetError> {
        let metadata = &self.layout.metadata;
        let properties = Arc::new(ReaderProperties::builder().build());
        let index = metadata.page_index_for_row_group(group);
        SerializedRowGroupReader::new(Arc::clone(&self.file), metadata.row_group(group), index, properties)
    }
}

fn column<T: DataType>(
    reader: &SerializedRowGroupReader<'_, File>,
    place: usize,
    skip: usize,
) -> Result<ColumnReaderImpl<T>, ParquetError> {
    let schema = reader.metadata().column(place).column_type();
    if schema != T::get_physical_type() {
        return Err(ParquetError::General("a column is of another type".to_owned()));
    }
    let mut column = get_typed_column_reader::<T>(reader.get_column_reader(place)?);
    column.skip_records(skip)?;
    Ok(column)
}

/// Reads exactly `count` values.
fn fill<T: DataType>(
    column: &mut ColumnReaderImpl<T>,
    count: usize,
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    values.clear();
    let (_, read, _) = column.read_records(count, None, None, values)?;
    if read == count { Ok(()) } else { Err(ParquetError::EOF("a column ends too early".to_owned())) }
}
