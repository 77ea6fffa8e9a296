//! The part of MATLAB that MATPOWER's case files are written in: matrices of numbers, named columns, and arithmetic
//! on whole columns. Anything else is a fault with its line.

use std::collections::BTreeMap;

/// A statement that could not be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptError {
    pub line: usize,
    pub what: String,
}

/// A matrix, each row with its line in the file.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Matrix {
    pub rows: Vec<(usize, Vec<f64>)>,
}

/// `mpc.` matrices by name; scalars beside, `mpc.baseMVA` among them.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Script {
    pub matrices: BTreeMap<String, Matrix>,
    pub scalars: BTreeMap<String, f64>,
}

impl Script {
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self::default();
        let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, without_comment(line)));
        while let Some((number, line)) = lines.next() {
            let mut statement = line.trim().to_owned();
            let start = number;
            if let Some((name, first)) =
                statement.split_once('=').filter(|(_, value)| value.trim_start().starts_with(['[', '{']))
            {
                let (name, first, cells) = (name.trim().to_owned(), first.trim().to_owned(), first.contains('{'));
                if !name.starts_with('[') {
                    script.matrix(&name, cells, (start, first), &mut lines)?;
                    continue;
                }
            }
            while statement.ends_with("...") {
                statement.truncate(statement.len() - 3);
                let Some((_, more)) = lines.next() else { break };
                statement.push_str(more.trim());
            }
            script.statement(&statement).map_err(|what| ScriptError { line: start, what })?;
        }
        Ok(script)
    }

    fn matrix(
        &mut self,
        name: &str,
        cells: bool,
        first: (usize, String),
        lines: &mut dyn Iterator<Item = (usize, String)>,
    ) -> Result<(), ScriptError> {
        let mut matrix = Matrix::default();
        let (start, mut line) = first;
        let mut number = start;
        line.remove(0);
        loop {
            let (part, ends) = match line.find(if cells { '}' } else { ']' }) {
                Some(end) => (&line[..end], true),
                None => (line.as_str(), false),
            };
            if !cells {
                for row in part.split(';') {
                    let values: Result<Vec<f64>, _> = numbers(row);
                    let values =
                        values.map_err(|what| ScriptError { line: number, what: format!("{name}: {what}") })?;
                    if !values.is_empty() {
                        matrix.rows.push((number, values));
                    }
                }
            }
            if ends {
                break;
            }
            let Some(next) = lines.next() else {
                return Err(ScriptError { line: start, what: format!("{name} has no closing bracket") });
            };
            (number, line) = next;
        }
        if let (false, Some(name)) = (cells, name.strip_prefix("mpc.")) {
            self.matrices.insert(name.to_owned(), matrix);
        }
        Ok(())
    }

    fn statement(&mut self, statement: &str) -> Result<(), String> {
        let statement = statement.trim_end_matches([';', ' ', '\t']);
        let silent = ["", "end", "return", "define_constants"];
        if silent.contains(&statement) || statement.starts_with("function") {
            return Ok(());
        }
        let (target, value) =
            statement.split_once('=').ok_or_else(|| format!("\"{statement}\" is no assignment of a case file"))?;
        let (target, value) = (target.trim(), value.trim());
        if target.starts_with('[') && (value == "idx_bus" || value == "idx_brch" || value == "idx_gen") {
            return Ok(());
        }
        if value.starts_with('\'') {
            return Ok(());
        }
        if target.ends_with(')') {
            return self.scale_columns(target, value);
        }
        let result = Expression { text: value, at: 0, script: self }.whole()?;
        self.scalars.insert(target.strip_prefix("mpc.").unwrap_or(target).to_owned(), result);
        Ok(())
    }

    /// `mpc.T(:, [A B]) = mpc.T(:, [A B]) * x` or `/ x`.
    fn scale_columns(&mut self, target: &str, value: &str) -> Result<(), String> {
        let wrong = || format!("\"{target} = {value}\" is more than a scaling of columns");
        let rest = value.strip_prefix(target).ok_or_else(wrong)?.trim();
        let by = Expression { text: rest.get(1..).unwrap_or(""), at: 0, script: self }.whole()?;
        let by = match rest.as_bytes().first() {
            Some(b'*') => by,
            Some(b'/') => 1.0 / by,
            _ => return Err(wrong()),
        };
        let (table, columns) = target.split_once('(').ok_or_else(wrong)?;
        let columns = columns.trim_end_matches(')').trim_start_matches([':', ',', ' ']).trim_matches(['[', ']']);
        let columns: Option<Vec<usize>> =
            columns.split([' ', ',']).filter(|name| !name.is_empty()).map(column).collect();
        let columns = columns.ok_or_else(wrong)?;
        let matrix = self.matrices.get_mut(table.trim_start_matches("mpc.")).ok_or_else(wrong)?;
        for (_, row) in &mut matrix.rows {
            for &column in &columns {
                *row.get_mut(column).ok_or_else(wrong)? *= by;
            }
        }
        Ok(())
    }
}

/// Columns that MATPOWER's idx_bus and idx_brch name (MATPOWER manual, appendix B), counted from 0.
fn column(name: &str) -> Option<usize> {
    let bus = ["BUS_I", "BUS_TYPE", "PD", "QD", "GS", "BS", "BUS_AREA", "VM", "VA", "BASE_KV", "ZONE", "VMAX", "VMIN"];
    let branch = ["F_BUS", "T_BUS", "BR_R", "BR_X", "BR_B", "RATE_A", "RATE_B", "RATE_C", "TAP", "SHIFT", "BR_STATUS"];
    let generator = ["GEN_BUS", "PG", "QG", "QMAX", "QMIN", "VG", "MBASE", "GEN_STATUS", "PMAX", "PMIN"];
    let find = |names: &[&str]| names.iter().position(|n| *n == name);
    find(&bus).or_else(|| find(&branch)).or_else(|| find(&generator))
}

fn without_comment(line: &str) -> String {
    let mut quoted = false;
    let end = line.find(|c: char| {
        quoted ^= c == '\'';
        c == '%' && !quoted
    });
    line[..end.unwrap_or(line.len())].trim_end().to_owned()
}

fn numbers(row: &str) -> Result<Vec<f64>, String> {
    let words = row.split([' ', '\t', ',']).filter(|word| !word.is_empty() && *word != "...");
    let number = |word: &str| match word {
        "Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        _ => super::row::parse_number(word).ok_or_else(|| format!("\"{word}\" is no number")),
    };
    words.map(number).collect()
}

/// Arithmetic with + − * / ^, brackets, scalars, and single fields such as `mpc.bus(1, BASE_KV)`.
struct Expression<'a> {
    text: &'a str,
    at: usize,
    script: &'a Script,
}

impl Expression<'_> {
    fn whole(mut self) -> Result<f64, String> {
        let value = self.sum(0)?;
        if self.peek().is_some() { Err(format!("\"{}\" is not understood", self.text)) } else { Ok(value) }
    }

    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// `depth` bounds the nesting of brackets.
    fn sum(&mut self, depth: u32) -> Result<f64, String> {
        let mut value = self.product(depth)?;
        while let Some(sign) = self.peek().filter(|c| matches!(c, b'+' | b'-')) {
            self.at += 1;
            let next = self.product(depth)?;
            value = if sign == b'+' { value + next } else { value - next };
        }
        Ok(value)
    }

    fn product(&mut self, depth: u32) -> Result<f64, String> {
        let mut value = self.power(depth)?;
        while let Some(sign) = self.peek().filter(|c| matches!(c, b'*' | b'/')) {
            self.at += 1;
            let next = self.power(depth)?;
            value = if sign == b'*' { value * next } else { value / next };
        }
        Ok(value)
    }

    fn power(&mut self, depth: u32) -> Result<f64, String> {
        let mut value = self.atom(depth)?;
        while self.peek() == Some(b'^') {
            self.at += 1;
            value = value.powf(self.atom(depth)?);
        }
        Ok(value)
    }

    fn atom(&mut self, depth: u32) -> Result<f64, String> {
        let wrong = format!("\"{}\" is not understood", self.text);
        let Some(first) = self.peek().filter(|_| depth < 32) else { return Err(wrong) };
        if first == b'-' {
            self.at += 1;
            return Ok(-self.atom(depth + 1)?);
        }
        if first == b'(' {
            self.at += 1;
            let value = self.sum(depth + 1)?;
            let closed = self.peek() == Some(b')');
            self.at += 1;
            return if closed { Ok(value) } else { Err(wrong) };
        }
        let rest = &self.text[self.at..];
        let exponent =
            |i: usize, c: char| matches!(c, '+' | '-') && first.is_ascii_digit() && rest[..i].ends_with(['e', 'E']);
        let end = rest
            .char_indices()
            .find(|&(i, c)| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_') || exponent(i, c)));
        let end = end.map_or(rest.len(), |(i, _)| i);
        self.at += end;
        let word = &rest[..end];
        if let Some(value) = super::row::parse_number(word).filter(|_| first.is_ascii_digit()) {
            return Ok(value);
        }
        let name = word.strip_prefix("mpc.").unwrap_or(word);
        if let Some(value) = self.script.scalars.get(name) {
            return Ok(*value);
        }
        let arguments = rest[end..].strip_prefix('(').and_then(|text| text.split_once(')'));
        let (arguments, _) = arguments.ok_or_else(|| wrong.clone())?;
        self.at += arguments.len() + 2;
        let (row, field) = arguments.split_once(',').ok_or_else(|| wrong.clone())?;
        let row = row.trim().parse::<usize>().ok().and_then(|row| row.checked_sub(1));
        let value = self.script.matrices.get(name).zip(row).and_then(|(m, row)| m.rows.get(row));
        value.and_then(|(_, cells)| cells.get(column(field.trim())?)).copied().ok_or(wrong)
    }
}
