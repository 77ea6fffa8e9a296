//! JSON as programs write it, NaN and Infinity included.

use serde_json::{Map, Value};

use super::{
    super::error::{Fault, GridError, GridErrors},
    row::{Cell, Cells},
};

/// Parses. NaN and Infinity, which JSON does not know but Python writes, become text, so that the reader
/// can name their field.
pub fn parse(text: &str) -> Result<Value, GridErrors> {
    let first = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    serde_json::from_str(&quote_words(text)).map_err(|_| fault("file", format!("is no JSON: {first}")))
}

pub fn fault(table: &str, what: String) -> GridErrors {
    let (id, field) = (String::new(), String::new());
    GridErrors(vec![GridError { table: table.to_owned(), row: 0, id, field, fault: Fault::Unreadable(what) }])
}

fn quote_words(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 64);
    let (mut inside, mut escaped, mut rest) = (false, false, text);
    while let Some(c) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| !inside && rest.starts_with(word));
        if let Some(word) = word {
            result.push('"');
            result.push_str(word);
            result.push('"');
            rest = &rest[word.len()..];
            continue;
        }
        if c == '"' && !escaped {
            inside = !inside;
        }
        escaped = inside && c == '\\' && !escaped;
        result.push(c);
        rest = &rest[c.len_utf8()..];
    }
    result
}

pub fn cell(value: &Value) -> Cell<'_> {
    match value {
        Value::Null | Value::Object(_) => Cell::Missing,
        Value::Bool(flag) => Cell::Flag(*flag),
        Value::Number(number) => number.as_f64().map_or(Cell::Missing, Cell::Number),
        Value::String(text) => Cell::Text(text),
        Value::Array(values) => {
            let number = |value: &Value| match value {
                Value::String(text) => super::row::parse_number(text).unwrap_or(f64::NAN),
                other => other.as_f64().unwrap_or(f64::NAN),
            };
            Cell::Numbers(values.iter().map(number).collect())
        }
    }
}

impl Cells for Map<String, Value> {
    fn cell(&self, field: &str) -> Cell<'_> {
        self.get(field).map_or(Cell::Missing, cell)
    }
}
