//! What energy emits and costs, and what households have: tables of `assets/energy`, embedded; a test reads them all.

use serde::Serialize;

const CARBON: &str = include_str!("../../../assets/energy/carbon.csv");
const TARIFFS: &str = include_str!("../../../assets/energy/tariffs.csv");
const HOUSEHOLDS: &str = include_str!("../../../assets/energy/households.csv");
/// Stands for countries without a row of their own.
const ELSE: &str = "EU";

/// A line of a table that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}, line {line}, column \"{column}\": {what}")]
pub struct EnergyTableError {
    pub file: &'static str,
    pub line: usize,
    pub column: String,
    pub what: String,
}

/// Greenhouse gases, g CO₂-equivalent per kWh: a year's mean.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CarbonFactors {
    pub country: String,
    pub electricity_g_kwh: f64,
    /// Gross calorific value.
    pub fuel_g_kwh: f64,
    pub district_g_kwh: f64,
    pub year: u16,
    /// `annual`: hours of the year are not told apart.
    pub resolution: String,
    pub source: String,
}

/// What households pay and get, € per kWh, all taxes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Tariffs {
    pub country: String,
    pub electricity_eur_kwh: f64,
    pub feed_in_eur_kwh: f64,
    /// Gross calorific value.
    pub fuel_eur_kwh: f64,
    pub district_eur_kwh: f64,
    pub year: u16,
    pub source: String,
}

/// The mean household of a country.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HouseholdMeans {
    pub country: String,
    pub persons: f64,
    /// Net, € a year.
    pub income_eur: f64,
    pub year: u16,
    pub source: String,
}

/// All tables.
#[derive(Clone, PartialEq, Debug)]
pub struct EnergyTables {
    pub carbon: Vec<CarbonFactors>,
    pub tariffs: Vec<Tariffs>,
    pub households: Vec<HouseholdMeans>,
}

impl EnergyTables {
    /// The program's own.
    pub fn embedded() -> Self {
        Self::parse(CARBON, TARIFFS, HOUSEHOLDS).expect("the embedded tables are read by a test")
    }

    /// Reads tables of the same columns as `assets/energy/{carbon,tariffs,households}.csv`.
    ///
    /// # Errors
    /// The first line that cannot be used, and a table without a row `EU` where one is needed.
    pub fn parse(carbon: &str, tariffs: &str, households: &str) -> Result<Self, EnergyTableError> {
        let carbon = table("carbon.csv", carbon, |row| {
            let grams = |column: &str| row.number(column, [0.0, 3000.0]);
            Ok(CarbonFactors {
                country: row.text("country")?,
                electricity_g_kwh: grams("electricity_g_kwh")?,
                fuel_g_kwh: grams("fuel_g_kwh")?,
                district_g_kwh: grams("district_g_kwh")?,
                year: row.year()?,
                resolution: row.text("resolution")?,
                source: row.source()?,
            })
        })?;
        let tariffs = table("tariffs.csv", tariffs, |row| {
            let price = |column: &str| row.number(column, [0.0, 10.0]);
            Ok(Tariffs {
                country: row.text("country")?,
                electricity_eur_kwh: price("electricity_eur_kwh")?,
                feed_in_eur_kwh: price("feed_in_eur_kwh")?,
                fuel_eur_kwh: price("fuel_eur_kwh")?,
                district_eur_kwh: price("district_eur_kwh")?,
                year: row.year()?,
                source: row.source()?,
            })
        })?;
        let households = table("households.csv", households, |row| {
            Ok(HouseholdMeans {
                country: row.text("country")?,
                persons: row.number("persons", [1.0, 20.0])?,
                income_eur: row.number("income_eur", [1.0, 1e7])?,
                year: row.year()?,
                source: row.source()?,
            })
        })?;
        let lacks = |file, has: bool| if has { Ok(()) } else { Err(fault(file, 1, "country", "no row EU; write one")) };
        lacks("carbon.csv", carbon.iter().any(|row| row.country == ELSE))?;
        lacks("tariffs.csv", tariffs.iter().any(|row| row.country == ELSE))?;
        Ok(Self { carbon, tariffs, households })
    }

    /// Of a country, or where it has no row those of the EU; told apart by [`CarbonFactors::country`].
    pub fn carbon(&self, country: &str) -> &CarbonFactors {
        let of = |country: &str| self.carbon.iter().find(|row| row.country == country);
        of(country).or_else(|| of(ELSE)).expect("checked when read")
    }

    /// As [`Self::carbon`].
    pub fn tariffs(&self, country: &str) -> &Tariffs {
        let of = |country: &str| self.tariffs.iter().find(|row| row.country == country);
        of(country).or_else(|| of(ELSE)).expect("checked when read")
    }

    /// Of countries with a row alone: another country's income would say nothing.
    pub fn households(&self, country: &str) -> Option<&HouseholdMeans> {
        self.households.iter().find(|row| row.country == country)
    }
}

/// A row by column names. Fields hold no commas but the last, which is quoted.
struct Row<'a> {
    file: &'static str,
    line: usize,
    columns: &'a [&'a str],
    fields: Vec<&'a str>,
}

fn table<T>(
    file: &'static str,
    text: &str,
    read: impl Fn(&Row<'_>) -> Result<T, EnergyTableError>,
) -> Result<Vec<T>, EnergyTableError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, header) = lines.next().ok_or_else(|| fault(file, 1, "", "the table is empty"))?;
    let columns: Vec<&str> = header.split(',').collect();
    let row = |(index, line): (usize, &str)| {
        let fields: Vec<&str> = line.splitn(columns.len(), ',').collect();
        let row = Row { file, line: index + 1, columns: &columns, fields };
        if row.fields.len() != columns.len() {
            let what = format!("{} fields, the header has {}", row.fields.len(), columns.len());
            return Err(fault(file, row.line, "", &what));
        }
        read(&row)
    };
    lines.map(row).collect()
}

impl Row<'_> {
    fn text(&self, column: &str) -> Result<String, EnergyTableError> {
        let at = self.columns.iter().position(|name| *name == column);
        at.map(|at| self.fields[at].trim().trim_matches('"').to_owned())
            .ok_or_else(|| fault(self.file, self.line, column, "the header lacks this column"))
    }

    fn number(&self, column: &str, [least, most]: [f64; 2]) -> Result<f64, EnergyTableError> {
        let text = self.text(column)?;
        let number = text.parse::<f64>().ok().filter(|number| (least..=most).contains(number));
        let what = format!("\"{text}\"; give a number from {least} to {most}");
        number.ok_or_else(|| fault(self.file, self.line, column, &what))
    }

    fn year(&self) -> Result<u16, EnergyTableError> {
        self.number("year", [1990.0, 2100.0]).map(|year| year as u16)
    }

    fn source(&self) -> Result<String, EnergyTableError> {
        let known = ["memory", "reread", "own", "computed"].contains(&self.text("read")?.as_str());
        let source = self.text("source")?;
        if known && source.len() > 4 {
            Ok(source)
        } else {
            let what = "say where the figures are from, and in \"read\" how they were checked";
            Err(fault(self.file, self.line, "source", what))
        }
    }
}

fn fault(file: &'static str, line: usize, column: &str, what: &str) -> EnergyTableError {
    EnergyTableError { file, line, column: column.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_without_a_row_take_the_unions_and_no_income() {
        let tables = EnergyTables::embedded();
        assert_eq!((tables.carbon("DE").country.as_str(), tables.carbon("XX").country.as_str()), ("DE", "EU"));
        assert_eq!(tables.tariffs("XX").country, "EU");
        assert!(tables.households("XX").is_none() && tables.households("DE").is_some());
    }

    #[test]
    fn a_wrong_table_names_its_place() {
        let tariffs = TARIFFS.replacen("0.402", "NaN", 1);
        let fault = EnergyTables::parse(CARBON, &tariffs, HOUSEHOLDS).expect_err("a fault").to_string();
        assert_eq!(fault, "tariffs.csv, line 2, column \"electricity_eur_kwh\": \"NaN\"; give a number from 0 to 10");
        let carbon = CARBON.replace("\nEU,", "\nXX,");
        let fault = EnergyTables::parse(&carbon, TARIFFS, HOUSEHOLDS).expect_err("a fault").to_string();
        assert_eq!(fault, "carbon.csv, line 1, column \"country\": no row EU; write one");
        let carbon = CARBON.replacen("reread", "heard", 1);
        assert!(EnergyTables::parse(&carbon, TARIFFS, HOUSEHOLDS).is_err());
    }
}
