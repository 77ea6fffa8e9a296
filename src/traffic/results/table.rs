//! A table of results by column: the same values as CSV (RFC 4180) and as Parquet.

use std::{fmt::Write as _, sync::Arc};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as PhysicalType},
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::types::Type,
};

use crate::table::field;

/// Rows in one group of a Parquet file.
const GROUP_ROWS: usize = 1 << 20;

/// Columns of one length.
#[derive(Clone, PartialEq, Debug)]
pub struct ResultTable {
    pub name: &'static str,
    pub columns: Vec<Column>,
}

/// A column; its name carries its unit.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    pub name: &'static str,
    pub values: Values,
}

/// `None`: not known, an empty field or a null.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    Text(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
    Numbers(Vec<Option<f64>>),
}

impl Column {
    pub fn text<T>(name: &'static str, rows: &[T], of: impl Fn(&T) -> Option<String>) -> Self {
        Self { name, values: Values::Text(rows.iter().map(of).collect()) }
    }

    pub fn integers<T>(name: &'static str, rows: &[T], of: impl Fn(&T) -> Option<i64>) -> Self {
        Self { name, values: Values::Integers(rows.iter().map(of).collect()) }
    }

    /// Rounded to so many decimals, never −0; what is not finite is not known.
    pub fn numbers<T>(name: &'static str, decimals: i32, rows: &[T], of: impl Fn(&T) -> Option<f64>) -> Self {
        let scale = 10_f64.powi(decimals);
        let rounded = |x: f64| x.is_finite().then(|| (x * scale).round() / scale + 0.0);
        Self { name, values: Values::Numbers(rows.iter().map(|row| of(row).and_then(rounded)).collect()) }
    }
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Numbers(values) => values.len(),
        }
    }

    fn write(&self, row: usize, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Self::Text(values) => values[row].as_ref().map(|text| write!(out, "{}", field(text))),
            Self::Integers(values) => values[row].map(|value| write!(out, "{value}")),
            Self::Numbers(values) => values[row].map(|value| write!(out, "{value}")),
        };
    }
}

impl ResultTable {
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.values.len())
    }

    /// A header and a line for every row.
    pub fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|c| c.name).collect();
        let mut out = names.join(",") + "\n";
        for row in 0..self.rows() {
            for (i, column) in self.columns.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                column.values.write(row, &mut out);
            }
            out.push('\n');
        }
        out
    }

    /// The bytes of a Parquet file, Snappy inside. `about`: keys and values of the file's metadata.
    ///
    /// # Errors
    /// What the encoder refuses: more row groups than a file can have.
    pub fn parquet(&self, about: &[(String, String)]) -> Result<Vec<u8>, ParquetError> {
        let metadata = about.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("citytwin ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(metadata))
            .build();
        let fields = self.columns.iter().map(schema).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder(self.name).with_fields(fields).build()?;
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        for first in (0..self.rows().max(1)).step_by(GROUP_ROWS) {
            let mut group = writer.next_row_group()?;
            let rows = first..(first + GROUP_ROWS).min(self.rows());
            self.columns.iter().try_for_each(|column| write_column(&mut group, &column.values, rows.clone()))?;
            group.close()?;
        }
        writer.into_inner()
    }
}

fn schema(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match column.values {
        Values::Text(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        Values::Integers(_) => (PhysicalType::INT64, None),
        Values::Numbers(_) => (PhysicalType::DOUBLE, None),
    };
    let builder = Type::primitive_type_builder(column.name, physical);
    Ok(Arc::new(builder.with_repetition(Repetition::OPTIONAL).with_logical_type(logical).build()?))
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &Values,
    rows: std::ops::Range<usize>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    match (column.untyped(), values) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Values::Text(values)) => {
            let (known, levels) = known(&values[rows], |text| ByteArray::from(text.as_str()));
            writer.write_batch(&known, Some(&levels), None)?;
        }
        (ColumnWriter::Int64ColumnWriter(writer), Values::Integers(values)) => {
            let (known, levels) = known(&values[rows], |value| *value);
            writer.write_batch(&known, Some(&levels), None)?;
        }
        (ColumnWriter::DoubleColumnWriter(writer), Values::Numbers(values)) => {
            let (known, levels) = known(&values[rows], |value| *value);
            writer.write_batch(&known, Some(&levels), None)?;
        }
        _ => return Err(ParquetError::General("a column is not of its schema's type".to_owned())),
    }
    column.close()
}

/// The values that are there, and for every row whether it has one.
fn known<T, U>(values: &[Option<T>], of: impl Fn(&T) -> U) -> (Vec<U>, Vec<i16>) {
    (values.iter().flatten().map(of).collect(), values.iter().map(|v| i16::from(v.is_some())).collect())
}
