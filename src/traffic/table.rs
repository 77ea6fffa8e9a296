//! Comma-separated tables: the engine's own under `assets/traffic`, and a city's zones and trips. Text in, rows out;
//! every error names its line and column. Knows nothing of what the figures mean.

use std::borrow::Cow;

/// Why a table cannot be used. Lines count from 1, the header is one of them.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("line {line}, column \"{column}\": {what}")]
pub struct TableError {
    pub line: usize,
    pub column: String,
    pub what: String,
}

/// A table's rows, fields in the order of `columns`.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

/// One row of it.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    columns: &'a [String],
    fields: &'a [String],
    pub line: usize,
}

impl Table {
    /// Reads a header and its rows. Fields may be quoted (`"a, b"`, `""` for a quote); empty lines and lines that start
    /// with `#` are left out. Every column of `needed` must be there, and no column that is in neither list.
    pub fn parse(text: &str, needed: &[&str], optional: &[&str]) -> Result<Self, TableError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
        let Some((first, header)) = lines.next() else {
            return Err(error(1, needed.first().copied().unwrap_or_default(), "the table is empty"));
        };
        let columns = fields(first + 1, header)?;
        for (i, column) in columns.iter().enumerate() {
            if !needed.contains(&column.as_str()) && !optional.contains(&column.as_str()) {
                let known = [needed, optional].concat().join(", ");
                return Err(error(
                    first + 1,
                    shortened(column).as_ref(),
                    &format!("unknown column; known are {known}"),
                ));
            }
            if columns[..i].contains(column) {
                return Err(error(first + 1, column, "stands twice in the header"));
            }
        }
        if let Some(missing) = needed.iter().find(|n| !columns.iter().any(|c| c == *n)) {
            return Err(error(first + 1, missing, "the header lacks this column"));
        }
        let mut rows = Vec::new();
        for (i, line) in lines {
            let row = fields(i + 1, line)?;
            if row.len() != columns.len() {
                let at = columns.get(row.len()).or(columns.last()).map_or("", String::as_str);
                return Err(error(i + 1, at, &format!("{} fields, the header has {}", row.len(), columns.len())));
            }
            rows.push((i + 1, row));
        }
        if rows.is_empty() {
            let what = "the table holds no rows; write them below its header";
            return Err(error(first + 1, columns.first().map_or("", String::as_str), what));
        }
        Ok(Self { columns, rows })
    }

    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|c| c == column)
    }

    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, fields)| Row { columns: &self.columns, fields, line: *line })
    }
}

impl<'a> Row<'a> {
    /// A field; empty where the table has no such column.
    pub fn text(&self, column: &str) -> &'a str {
        self.columns.iter().position(|c| c == column).map_or("", |i| self.fields[i].as_str())
    }

    /// A finite number.
    pub fn number(&self, column: &str) -> Result<f64, TableError> {
        let text = self.text(column);
        let wrong = |what| self.error(column, &format!("\"{}\" is {what}", shortened(text)));
        let value = text.parse::<f64>().map_err(|_| wrong("no number"))?;
        if value.is_finite() { Ok(value) } else { Err(wrong("not finite")) }
    }

    /// A finite number of at least 0.
    pub fn amount(&self, column: &str) -> Result<f64, TableError> {
        let value = self.number(column)?;
        let text = self.text(column);
        if value >= 0.0 { Ok(value) } else { Err(self.error(column, &format!("{} is negative", shortened(text)))) }
    }

    /// A number from 0 to `most`; `advice` says what larger ones are and what to do about them.
    pub fn amount_up_to(&self, column: &str, most: f64, advice: &str) -> Result<f64, TableError> {
        let value = self.amount(column)?;
        let what = || format!("{} is more than {most}: {advice}", shortened(self.text(column)));
        if value <= most { Ok(value) } else { Err(self.error(column, &what())) }
    }

    pub fn error(&self, column: &str, what: &str) -> TableError {
        error(self.line, column, what)
    }
}

fn error(line: usize, column: &str, what: &str) -> TableError {
    TableError { line, column: column.to_owned(), what: what.to_owned() }
}

/// Enough of a field to find it by: errors stay one line.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn fields(line: usize, text: &str) -> Result<Vec<String>, TableError> {
    let mut fields = Vec::new();
    let mut rest = text.trim_end_matches('\r');
    loop {
        let (field, after) = match rest.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_field(quoted).ok_or_else(|| {
                error(line, &(fields.len() + 1).to_string(), "a quote is not closed, or text follows it")
            })?,
            None => match rest.split_once(',') {
                Some((field, after)) => (field.trim().to_owned(), Some(after)),
                None => (rest.trim().to_owned(), None),
            },
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// The field up to its closing quote, and what follows the comma after it.
fn quoted_field(text: &str) -> Option<(String, Option<&str>)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (piece, after) = rest.split_once('"')?;
        field.push_str(piece);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None if after.trim().is_empty() => return Some((field, None)),
            None => return Some((field, Some(after.trim_start().strip_prefix(',')?))),
        }
    }
}

/// A field for writing, quoted where it must be.
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_empty_lines() {
        let table = Table::parse("a,b\n# note\n\n\"x, \"\"y\"\"\", 2 \r\n", &["a"], &["b"]).expect("a table");
        let row = table.rows().next().expect("a row");
        assert_eq!((row.text("a"), row.number("b").ok(), row.line), ("x, \"y\"", Some(2.0), 4));
        assert_eq!(field("x, \"y\""), "\"x, \"\"y\"\"\"");
    }

    #[test]
    fn numbers_keep_their_range_and_errors_their_length() {
        let table =
            Table::parse(&format!("a,b\n1e300,{}\n-1e300,5\n", "9".repeat(400)), &["a"], &["b"]).expect("a table");
        let rows: Vec<Row<'_>> = table.rows().collect();
        let fails =
            |row: usize, column| rows[row].amount_up_to(column, 5.0, "halve it").expect_err("wrong").to_string();
        assert_eq!(fails(0, "a"), "line 2, column \"a\": 1e300 is more than 5: halve it");
        assert_eq!(fails(0, "b"), format!("line 2, column \"b\": \"{}…\" is not finite", "9".repeat(40)));
        assert_eq!(fails(1, "a"), "line 3, column \"a\": -1e300 is negative");
        assert_eq!(rows[1].amount_up_to("b", 5.0, ""), Ok(5.0));
    }

    #[test]
    fn wrong_tables_name_line_and_column() {
        let fails = |text: &str| Table::parse(text, &["a"], &["b"]).expect_err("wrong").to_string();
        assert!(fails("").starts_with("line 1"));
        assert!(fails("b\n").starts_with("line 1, column \"a\": the header lacks"));
        assert!(fails("a,c\n").starts_with("line 1, column \"c\": unknown"));
        assert!(fails("a,b\n1,2\n1\n").starts_with("line 3, column \"b\": 1 fields"));
        assert!(fails("a,b\n\"1,2\n").starts_with("line 2, column \"1\": a quote"));
        assert!(fails("# note\nb,a\n\n").starts_with("line 2, column \"b\": the table holds no rows"));
    }
}
