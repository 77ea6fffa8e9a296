//! A TOML table read strictly: every key known, every number in its range, each fault with its place.

use toml::{Table, Value};

use super::read::BuildingCaseFault;

/// A table and where it stands.
pub(super) struct Fields<'a> {
    table: &'a Table,
    path: String,
}

/// Faults found so far; what is wrong reads as a harmless value until they are told.
pub(super) type Faults = Vec<BuildingCaseFault>;

impl<'a> Fields<'a> {
    pub fn new(table: &'a Table, path: impl Into<String>) -> Self {
        Self { table, path: path.into() }
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn fault(&self, key: &str, what: impl Into<String>) -> BuildingCaseFault {
        BuildingCaseFault { key: self.key(key), what: what.into() }
    }

    /// Every key must be one of `known`.
    pub fn only(&self, known: &[&str], faults: &mut Faults) {
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            faults.push(self.fault(key, format!("is not known here; known are {}", known.join(", "))));
        }
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.table.get(key)
    }

    /// A number from `least` to `most`; `least` where it is wrong.
    pub fn number(&self, key: &str, [least, most]: [f64; 2], faults: &mut Faults) -> f64 {
        match self.table.get(key) {
            None => {
                faults.push(self.fault(key, format!("is missing; give a number from {least} to {most}")));
                least
            }
            Some(value) => match within(value, [least, most]) {
                Ok(number) => number,
                Err(what) => {
                    faults.push(self.fault(key, what));
                    least
                }
            },
        }
    }

    pub fn number_or(&self, key: &str, default: f64, range: [f64; 2], faults: &mut Faults) -> f64 {
        if self.has(key) { self.number(key, range, faults) } else { default }
    }

    pub fn text(&self, key: &str, faults: &mut Faults) -> &'a str {
        match self.table.get(key) {
            Some(Value::String(text)) => text,
            Some(_) => {
                faults.push(self.fault(key, "is no text; put it into quotes"));
                ""
            }
            None => {
                faults.push(self.fault(key, "is missing; give a text in quotes"));
                ""
            }
        }
    }

    /// The table under a key; `None` and a fault where something else stands there.
    pub fn table(&self, key: &str, faults: &mut Faults) -> Option<Fields<'a>> {
        match self.table.get(key)? {
            Value::Table(table) => Some(Fields::new(table, self.key(key))),
            _ => {
                faults.push(self.fault(key, format!("is no table; write [{}]", self.key(key))));
                None
            }
        }
    }

    pub fn needed(&self, key: &str, faults: &mut Faults) -> Option<Fields<'a>> {
        if !self.has(key) {
            faults.push(self.fault(key, format!("is missing; write a table [{}]", self.key(key))));
        }
        self.table(key, faults)
    }

    /// The tables of `[[key]]`.
    pub fn tables(&self, key: &str, faults: &mut Faults) -> Vec<Fields<'a>> {
        let rows = match self.table.get(key) {
            None => return Vec::new(),
            Some(Value::Array(rows)) => rows,
            Some(_) => {
                faults.push(self.fault(key, format!("is no list of tables; write [[{}]] before each", self.key(key))));
                return Vec::new();
            }
        };
        let mut tables = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let path = format!("{}[{index}]", self.key(key));
            match row {
                Value::Table(table) => tables.push(Fields::new(table, path)),
                _ => faults.push(BuildingCaseFault { key: path, what: "is no table".to_owned() }),
            }
        }
        tables
    }

    /// A list of numbers; any length up to `longest`.
    pub fn numbers(&self, key: &str, longest: usize, range: [f64; 2], faults: &mut Faults) -> Vec<f64> {
        let Some(Value::Array(list)) = self.table.get(key) else {
            faults.push(self.fault(key, "is missing or no list; give numbers in brackets"));
            return Vec::new();
        };
        if list.is_empty() || list.len() > longest {
            faults.push(self.fault(key, format!("has {} numbers; give 1 to {longest}", list.len())));
            return Vec::new();
        }
        let number = |(index, value)| {
            within(value, range).unwrap_or_else(|what| {
                faults.push(BuildingCaseFault { key: format!("{}[{index}]", self.key(key)), what });
                range[0]
            })
        };
        list.iter().enumerate().map(number).collect()
    }
}

/// A finite number in a range, or what is wrong with it.
pub(super) fn within(value: &Value, [least, most]: [f64; 2]) -> Result<f64, String> {
    let number = match value {
        Value::Float(number) => *number,
        Value::Integer(number) => *number as f64,
        other => return Err(format!("is a {}; give a number from {least} to {most}", other.type_str())),
    };
    if number.is_finite() && (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(format!("is {number}; give a number from {least} to {most}"))
    }
}
