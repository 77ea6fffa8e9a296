//! Strict reading of TOML tables: every field is asked for by name, every fault is kept with its place, and what was
//! not asked for is a fault too.

use std::{fmt, ops::RangeInclusive};

use toml::{Table, Value};

use crate::payload::excerpt;

/// One fault of a `sources.toml`, on one line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct SourcesFault {
    pub file: String,
    /// E.g. `mapping 2 (loops), take 1`; empty for the top of the file.
    pub table: String,
    /// Empty when it is the table as a whole.
    pub field: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for SourcesFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if !self.table.is_empty() {
            write!(f, "{}: ", self.table)?;
        }
        if !self.field.is_empty() {
            write!(f, "`{}`: ", self.field)?;
        }
        f.write_str(&self.what)
    }
}

/// The faults of one file.
#[derive(Debug)]
pub(super) struct Faults {
    pub file: String,
    pub list: Vec<SourcesFault>,
}

impl Faults {
    pub fn push(&mut self, table: &str, field: &str, what: impl Into<String>) {
        let what = what.into();
        self.list.push(SourcesFault { file: self.file.clone(), table: table.into(), field: field.into(), what });
    }
}

/// One table, and which of its fields were asked for.
pub(super) struct Fields<'t, 'f> {
    table: &'t Table,
    pub name: String,
    known: Vec<&'static str>,
    refused: Vec<&'static str>,
    all_pass: bool,
    pub faults: &'f mut Faults,
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}

impl<'t, 'f> Fields<'t, 'f> {
    pub fn new(table: &'t Table, name: String, faults: &'f mut Faults) -> Self {
        Self { table, name, known: Vec::new(), refused: Vec::new(), all_pass: false, faults }
    }

    pub fn fault(&mut self, field: &str, what: impl Into<String>) {
        self.faults.push(&self.name, field, what);
    }

    /// A field that has no place here, with its own line of why.
    pub fn refuse(&mut self, field: &'static str, what: impl Into<String>) {
        self.refused.push(field);
        self.fault(field, what);
    }

    pub fn get(&mut self, field: &'static str) -> Option<&'t Value> {
        self.known.push(field);
        self.table.get(field)
    }

    pub fn has(&self, field: &str) -> bool {
        self.table.contains_key(field)
    }

    /// Whether a field is a text that is not empty.
    pub fn is_text(&self, field: &str) -> bool {
        self.table.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    }

    fn wrong(&mut self, field: &str, found: &Value, wanted: &str) {
        self.fault(field, format!("is {}; give {wanted}", type_name(found)));
    }

    pub fn text(&mut self, field: &'static str) -> Option<&'t str> {
        let value = self.get(field)?;
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            return Some(text);
        }
        self.wrong(field, value, "a text that is not empty");
        None
    }

    pub fn required_text(&mut self, field: &'static str) -> Option<&'t str> {
        if !self.has(field) {
            self.known.push(field);
            self.fault(field, "is missing; give a text");
            return None;
        }
        self.text(field)
    }

    /// A finite number.
    pub fn number(&mut self, field: &'static str) -> Option<f64> {
        let value = self.get(field)?;
        match finite(value) {
            Some(number) => Some(number),
            None => {
                self.wrong(field, value, "a finite number");
                None
            }
        }
    }

    pub fn positive(&mut self, field: &'static str) -> Option<f64> {
        let number = self.number(field)?;
        if number > 0.0 {
            return Some(number);
        }
        self.fault(field, format!("is {number}; give a number above zero"));
        None
    }

    /// A whole number of a range.
    pub fn whole(&mut self, field: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.get(field)?;
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok()).filter(|n| range.contains(n));
        if number.is_none() {
            let found = value.as_integer().map_or_else(|| type_name(value).to_owned(), |number| number.to_string());
            self.fault(field, format!("is {found}; give a whole number, {} to {}", range.start(), range.end()));
        }
        number
    }

    pub fn flag(&mut self, field: &'static str) -> Option<bool> {
        let value = self.get(field)?;
        match value.as_bool() {
            Some(flag) => Some(flag),
            None => {
                self.wrong(field, value, "true or false");
                None
            }
        }
    }

    /// An array of texts.
    pub fn texts(&mut self, field: &'static str) -> Option<Vec<String>> {
        let value = self.get(field)?;
        let texts = value.as_array().map(|list| list.iter().map(|v| v.as_str().map(str::to_owned)).collect());
        match texts {
            Some(Some(texts)) => Some(texts),
            _ => {
                self.wrong(field, value, "an array of texts");
                None
            }
        }
    }

    /// `[low, high]`.
    pub fn range(&mut self, field: &'static str) -> Option<(f64, f64)> {
        let value = self.get(field)?;
        let bounds = value.as_array().map(|list| list.iter().map(finite).collect::<Vec<_>>());
        match bounds.as_deref() {
            Some([Some(low), Some(high)]) if low < high => Some((*low, *high)),
            _ => {
                self.wrong(field, value, "two numbers, the lower first");
                None
            }
        }
    }

    /// A table of words.
    pub fn words(&mut self, field: &'static str) -> Option<&'t Table> {
        let value = self.get(field)?;
        match value.as_table() {
            Some(table) => Some(table),
            None => {
                self.wrong(field, value, "a table of words");
                None
            }
        }
    }

    /// `[[field]]`.
    pub fn tables(&mut self, field: &'static str) -> Vec<&'t Table> {
        let Some(value) = self.get(field) else { return Vec::new() };
        let tables = value.as_array().map(|list| list.iter().map(Value::as_table).collect::<Option<Vec<_>>>());
        match tables {
            Some(Some(tables)) => tables,
            _ => {
                self.wrong(field, value, &format!("tables: [[{field}]]"));
                Vec::new()
            }
        }
    }

    /// Fields that may have a place here, for all that can be told.
    pub fn pass_over(&mut self) {
        self.all_pass = true;
    }

    /// Names what nobody asked for.
    pub fn finish(mut self) {
        if self.all_pass {
            return;
        }
        let unknown: Vec<String> = self
            .table
            .keys()
            .filter(|key| ![&self.known, &self.refused].iter().any(|names| names.contains(&key.as_str())))
            .cloned()
            .collect();
        self.known.sort_unstable();
        self.known.dedup();
        let known = self.known.join(", ");
        for key in unknown {
            self.fault(&excerpt(&key), format!("is not known here; the fields are {known}"));
        }
    }
}

pub(super) fn finite(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64)).filter(|n| n.is_finite())
}
