//! What energy emits and costs, and what households have: tables of `assets/energy`, embedded; a test reads them all.

use citytwin_energy::table::{TableError, table};
use serde::Serialize;

const CARBON: &str = include_str!("../../../assets/energy/carbon.csv");
const TARIFFS: &str = include_str!("../../../assets/energy/tariffs.csv");
const HOUSEHOLDS: &str = include_str!("../../../assets/energy/households.csv");
/// Stands for countries without a row of their own.
const ELSE: &str = "EU";

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
    pub fn parse(carbon: &str, tariffs: &str, households: &str) -> Result<Self, TableError> {
        let carbon = table("carbon.csv", carbon, |row| {
            let grams = |column: &str| row.number(column, [0.0, 3000.0]);
            Ok(CarbonFactors {
                country: row.text("country")?.to_owned(),
                electricity_g_kwh: grams("electricity_g_kwh")?,
                fuel_g_kwh: grams("fuel_g_kwh")?,
                district_g_kwh: grams("district_g_kwh")?,
                year: row.year()?,
                resolution: row.text("resolution")?.to_owned(),
                source: row.text("source")?.to_owned(),
            })
        })?;
        let tariffs = table("tariffs.csv", tariffs, |row| {
            let price = |column: &str| row.number(column, [0.0, 10.0]);
            Ok(Tariffs {
                country: row.text("country")?.to_owned(),
                electricity_eur_kwh: price("electricity_eur_kwh")?,
                feed_in_eur_kwh: price("feed_in_eur_kwh")?,
                fuel_eur_kwh: price("fuel_eur_kwh")?,
                district_eur_kwh: price("district_eur_kwh")?,
                year: row.year()?,
                source: row.text("source")?.to_owned(),
            })
        })?;
        let households = table("households.csv", households, |row| {
            Ok(HouseholdMeans {
                country: row.text("country")?.to_owned(),
                persons: row.number("persons", [1.0, 20.0])?,
                income_eur: row.number("income_eur", [1.0, 1e7])?,
                year: row.year()?,
                source: row.text("source")?.to_owned(),
            })
        })?;
        let lacks = |file, has: bool| {
            if has { Ok(()) } else { Err(TableError::new(file, 1, "country", "no row EU; write one")) }
        };
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
