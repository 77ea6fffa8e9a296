//! Tables of `assets/energy` by column names: a header, then rows that each say where their figures are from.

/// A line of a table that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}, line {line}, column \"{column}\": {what}")]
pub struct TableError {
    pub file: &'static str,
    pub line: usize,
    pub column: String,
    pub what: String,
}

/// A row by column names. Fields hold no commas but the last, which is quoted.
#[derive(Debug)]
pub struct TableRow<'a> {
    file: &'static str,
    line: usize,
    columns: &'a [&'a str],
    fields: Vec<&'a str>,
}

/// Reads every row of a table.
///
/// # Errors
/// The first line that `read` refuses, that is too short, or whose `read` and `source` do not say where its figures are from.
pub fn table<T>(
    file: &'static str,
    text: &str,
    read: impl Fn(&TableRow<'_>) -> Result<T, TableError>,
) -> Result<Vec<T>, TableError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().ok_or_else(|| TableError::new(file, 1, "", "the table is empty"))?;
    let columns: Vec<&str> = header.split(',').collect();
    let row = |(index, line): (usize, &str)| {
        let fields: Vec<&str> = line.splitn(columns.len(), ',').collect();
        let row = TableRow { file, line: index + 1, columns: &columns, fields };
        if row.fields.len() != columns.len() {
            return Err(row.fault("", &format!("{} fields, the header has {}", row.fields.len(), columns.len())));
        }
        if !["memory", "reread", "own", "computed"].contains(&row.text("read")?) || row.text("source")?.len() <= 4 {
            return Err(row.fault("source", "say where the figures are from, and in \"read\" how they were checked"));
        }
        read(&row)
    };
    lines.map(row).collect()
}

/// A table of single figures: columns `quantity` and `value`.
#[derive(Debug)]
pub struct FigureTable {
    file: &'static str,
    /// Quantity, line, value as it stands.
    rows: Vec<(String, usize, String)>,
}

/// Reads a table of single figures.
///
/// # Errors
/// As [`table`].
pub fn figures(file: &'static str, text: &str) -> Result<FigureTable, TableError> {
    let row = |row: &TableRow<'_>| Ok((row.text("quantity")?.to_owned(), row.line, row.text("value")?.to_owned()));
    Ok(FigureTable { file, rows: table(file, text, row)? })
}

impl FigureTable {
    /// A figure from `least` to `most`.
    ///
    /// # Errors
    /// No such row, or anything else in it.
    pub fn number(&self, quantity: &str, [least, most]: [f64; 2]) -> Result<f64, TableError> {
        let Some((_, line, text)) = self.rows.iter().find(|(name, ..)| name == quantity) else {
            return Err(TableError::new(self.file, 1, "quantity", &format!("no row {quantity}; write one")));
        };
        let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
        let what = || format!("{quantity} is \"{text}\"; give a number from {least} to {most}");
        number.ok_or_else(|| TableError::new(self.file, *line, "value", &what()))
    }
}

impl TableError {
    pub fn new(file: &'static str, line: usize, column: &str, what: &str) -> Self {
        Self { file, line, column: column.to_owned(), what: what.to_owned() }
    }
}

impl<'a> TableRow<'a> {
    /// A field without its quotes.
    ///
    /// # Errors
    /// A column that the header lacks.
    pub fn text(&self, column: &str) -> Result<&'a str, TableError> {
        let at = self.columns.iter().position(|name| *name == column);
        at.map(|at| self.fields[at].trim().trim_matches('"'))
            .ok_or_else(|| self.fault(column, "the header lacks this column"))
    }

    /// A number from `least` to `most`.
    ///
    /// # Errors
    /// Anything else.
    pub fn number(&self, column: &str, [least, most]: [f64; 2]) -> Result<f64, TableError> {
        let text = self.text(column)?;
        let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| self.fault(column, &format!("\"{text}\"; give a number from {least} to {most}")))
    }

    /// The year that figures are of.
    ///
    /// # Errors
    /// As [`Self::number`].
    pub fn year(&self) -> Result<u16, TableError> {
        self.number("year", [1990.0, 2100.0]).map(|year| year as u16)
    }

    pub fn fault(&self, column: &str, what: &str) -> TableError {
        TableError::new(self.file, self.line, column, what)
    }
}
