//! What energy emits and costs, what plants cost and what households have: tables of `assets/energy`, embedded; a test reads
//! them all.

use citytwin_energy::{
    charging::OffPeak,
    table::{TableError, TableRow, table},
};
use serde::Serialize;

use super::{
    carbon::{Generation, SEASONS, Season},
    finance::{Item, PlantCost},
    incomes::IncomeBounds,
    tariff::{Night, Tariffs},
};

const CARBON: &str = include_str!("../../../assets/energy/carbon.csv");
const GENERATION: &str = include_str!("../../../assets/energy/carbon_generation.csv");
const TARIFFS: &str = include_str!("../../../assets/energy/tariffs.csv");
const HOUSEHOLDS: &str = include_str!("../../../assets/energy/households.csv");
const INCOMES: &str = include_str!("../../../assets/energy/incomes.csv");
const COSTS: &str = include_str!("../../../assets/energy/costs.csv");
/// Stands for countries without a row of their own.
const ELSE: &str = "EU";

/// Greenhouse gases, g CO₂-equivalent per kWh: a year's mean. Averages of what is made, never what one kWh more would cause.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CarbonFactors {
    pub country: String,
    /// Life cycle of the plants that feed the grid, fuels included.
    pub electricity_g_kwh: f64,
    /// Combustion, and what bringing it took; gross calorific value.
    pub fuel_g_kwh: f64,
    pub fuel_upstream_g_kwh: f64,
    pub district_g_kwh: f64,
    /// Making of the city's own modules per kWh they give: told beside the sum, never within it.
    pub pv_making_g_kwh: f64,
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
    pub generation: Vec<Generation>,
    pub tariffs: Vec<Tariffs>,
    pub households: Vec<HouseholdMeans>,
    pub incomes: Vec<IncomeBounds>,
    /// One of each [`Item`], in its order.
    pub costs: Vec<PlantCost>,
}

/// The text of tables with the columns of those in `assets/energy`.
#[derive(Clone, Copy, Debug)]
pub struct TableTexts<'a> {
    pub carbon: &'a str,
    pub generation: &'a str,
    pub tariffs: &'a str,
    pub households: &'a str,
    pub incomes: &'a str,
    pub costs: &'a str,
}

impl TableTexts<'static> {
    /// The program's own.
    pub const EMBEDDED: Self = Self {
        carbon: CARBON,
        generation: GENERATION,
        tariffs: TARIFFS,
        households: HOUSEHOLDS,
        incomes: INCOMES,
        costs: COSTS,
    };
}

impl EnergyTables {
    /// The program's own.
    pub fn embedded() -> Self {
        Self::parse(&TableTexts::EMBEDDED).expect("the embedded tables are read by a test")
    }

    /// Reads all tables.
    ///
    /// # Errors
    /// The first line that cannot be used, a table without a row `EU` where one is needed, a country without all its seasons,
    /// a cost that is missing.
    pub fn parse(texts: &TableTexts<'_>) -> Result<Self, TableError> {
        let tables = Self {
            carbon: table("carbon.csv", texts.carbon, carbon)?,
            generation: table("carbon_generation.csv", texts.generation, generation)?,
            tariffs: table("tariffs.csv", texts.tariffs, tariffs)?,
            households: table("households.csv", texts.households, households)?,
            incomes: table("incomes.csv", texts.incomes, incomes)?,
            costs: table("costs.csv", texts.costs, cost)?,
        };
        let lacks = |file, column, has: bool, what: &str| {
            if has { Ok(()) } else { Err(TableError::new(file, 1, column, what)) }
        };
        let none = "no row EU; write one";
        lacks("carbon.csv", "country", tables.carbon.iter().any(|row| row.country == ELSE), none)?;
        lacks("tariffs.csv", "country", tables.tariffs.iter().any(|row| row.country == ELSE), none)?;
        lacks("carbon_generation.csv", "country", tables.generation.iter().any(|row| row.country == ELSE), none)?;
        for row in &tables.generation {
            let own: Vec<Season> =
                tables.generation.iter().filter(|own| own.country == row.country).map(|own| own.season).collect();
            let what =
                format!("{} needs the seasons dec-feb, mar-may, jun-aug, sep-nov once, in this order", row.country);
            lacks("carbon_generation.csv", "season", own == SEASONS, &what)?;
        }
        let all = tables.costs.iter().map(|cost| cost.item).eq(Item::ALL);
        let names = Item::ALL.map(Item::word).join(", ");
        lacks("costs.csv", "item", all, &format!("needs the rows {names}, in this order"))?;
        Ok(tables)
    }

    /// Of a country, or where it has no row those of the EU; told apart by [`CarbonFactors::country`].
    pub fn carbon(&self, country: &str) -> &CarbonFactors {
        let of = |country: &str| self.carbon.iter().find(|row| row.country == country);
        of(country).or_else(|| of(ELSE)).expect("checked when read")
    }

    /// As [`Self::carbon`]: the four seasons.
    pub fn generation(&self, country: &str) -> [&Generation; 4] {
        let known = self.generation.iter().any(|row| row.country == country);
        let country = if known { country } else { ELSE };
        let of = |season| self.generation.iter().find(|row| row.country == country && row.season == season);
        SEASONS.map(|season| of(season).expect("checked when read"))
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

    /// As [`Self::households`].
    pub fn incomes(&self, country: &str) -> Option<&IncomeBounds> {
        self.incomes.iter().find(|row| row.country == country)
    }

    pub fn cost(&self, item: Item) -> &PlantCost {
        &self.costs[item as usize]
    }
}

fn carbon(row: &TableRow<'_>) -> Result<CarbonFactors, TableError> {
    let grams = |column: &str| row.number(column, [0.0, 3000.0]);
    if row.text("scope")? != "average" {
        return Err(
            row.fault("scope", "marginal factors cannot be added up to a city's emissions; give \"average\" ones")
        );
    }
    Ok(CarbonFactors {
        country: row.text("country")?.to_owned(),
        electricity_g_kwh: grams("electricity_g_kwh")?,
        fuel_g_kwh: grams("fuel_g_kwh")?,
        fuel_upstream_g_kwh: grams("fuel_upstream_g_kwh")?,
        district_g_kwh: grams("district_g_kwh")?,
        pv_making_g_kwh: grams("pv_making_g_kwh")?,
        year: row.year()?,
        source: row.text("source")?.to_owned(),
    })
}

fn generation(row: &TableRow<'_>) -> Result<Generation, TableError> {
    let twh = |column: &str| row.number(column, [0.0, 1e5]);
    let name = row.text("season")?;
    let season = SEASONS.into_iter().find(|season| season.word() == name);
    let season = season.ok_or_else(|| row.fault("season", "give dec-feb, mar-may, jun-aug or sep-nov"))?;
    let read = Generation {
        country: row.text("country")?.to_owned(),
        season,
        latitude_deg: row.number("latitude_deg", [-60.0, 65.0])?,
        solar_twh: twh("solar_twh")?,
        wind_twh: twh("wind_twh")?,
        river_twh: twh("hydro_river_twh")?,
        lake_twh: twh("hydro_lake_twh")?,
        nuclear_twh: twh("nuclear_twh")?,
        biomass_twh: twh("biomass_twh")?,
        gas_twh: twh("gas_twh")?,
        coal_twh: twh("coal_twh")?,
        year: row.year()?,
        read: row.text("read")?.to_owned(),
    };
    if read.total_twh() <= 0.0 || read.grams_twh() <= 0.0 {
        return Err(row.fault("", "a season without generation; give what the country's plants made"));
    }
    Ok(read)
}

fn tariffs(row: &TableRow<'_>) -> Result<Tariffs, TableError> {
    let price = |column: &str| row.number(column, [0.0, 10.0]);
    let yearly = |column: &str| row.number(column, [0.0, 1e5]);
    let country = row.text("country")?;
    // Which hours are cheap is told once, for bills as for whoever charges by them.
    let night = if row.text("night_eur_kwh")?.is_empty() {
        None
    } else {
        Some(Night { eur_kwh: price("night_eur_kwh")?, hours: OffPeak::of(country).hours })
    };
    Ok(Tariffs {
        country: country.to_owned(),
        household_eur_kwh: price("household_eur_kwh")?,
        household_standing_eur: yearly("household_standing_eur")?,
        night,
        business_eur_kwh: price("business_eur_kwh")?,
        business_standing_eur: yearly("business_standing_eur")?,
        metered_above_kwh: row.number("metered_above_kwh", [0.0, 1e9])?,
        metered_eur_kwh: price("metered_eur_kwh")?,
        metered_standing_eur: yearly("metered_standing_eur")?,
        peak_eur_kw: row.number("peak_eur_kw", [0.0, 1000.0])?,
        feed_in_eur_kwh: price("feed_in_eur_kwh")?,
        fuel_eur_kwh: price("fuel_eur_kwh")?,
        fuel_standing_eur: yearly("fuel_standing_eur")?,
        business_fuel_eur_kwh: price("business_fuel_eur_kwh")?,
        district_eur_kwh: price("district_eur_kwh")?,
        year: row.year()?,
        source: row.text("source")?.to_owned(),
    })
}

fn households(row: &TableRow<'_>) -> Result<HouseholdMeans, TableError> {
    Ok(HouseholdMeans {
        country: row.text("country")?.to_owned(),
        persons: row.number("persons", [1.0, 20.0])?,
        income_eur: row.number("income_eur", [1.0, 1e7])?,
        year: row.year()?,
        source: row.text("source")?.to_owned(),
    })
}

fn incomes(row: &TableRow<'_>) -> Result<IncomeBounds, TableError> {
    let mut bounds = [0.0; 9];
    let mut least = 1.0;
    for (index, bound) in bounds.iter_mut().enumerate() {
        let column = format!("d{}", index + 1);
        *bound = row.number(&column, [0.0, 1e9])?;
        if *bound < least {
            return Err(row.fault(&column, "the bounds of the tenths rise from 1 on; give them in order"));
        }
        least = *bound * (1.0 + 1e-6);
    }
    Ok(IncomeBounds {
        country: row.text("country")?.to_owned(),
        basis: row.text("basis")?.to_owned(),
        bounds,
        year: row.year()?,
        source: row.text("source")?.to_owned(),
    })
}

fn cost(row: &TableRow<'_>) -> Result<PlantCost, TableError> {
    let name = row.text("item")?;
    let item = Item::ALL.into_iter().find(|item| item.word() == name);
    let names = Item::ALL.map(Item::word).join(", ");
    let item = item.ok_or_else(|| row.fault("item", &format!("\"{name}\" is not known; known are {names}")))?;
    Ok(PlantCost {
        item,
        unit: row.text("unit")?.to_owned(),
        eur_per_unit: row.number("eur_per_unit", [0.0, 1e6])?,
        eur_fixed: row.number("eur_fixed", [0.0, 1e7])?,
        lifetime_years: row.number("lifetime_years", [1.0, 200.0])?,
        operation_share: row.number("operation_share", [0.0, 1.0])?,
        year: row.year()?,
        source: row.text("source")?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_without_a_row_take_the_unions_and_no_income() {
        let tables = EnergyTables::embedded();
        assert_eq!((tables.carbon("DE").country.as_str(), tables.carbon("XX").country.as_str()), ("DE", "EU"));
        assert_eq!((tables.tariffs("XX").country.as_str(), tables.generation("XX")[0].country.as_str()), ("EU", "EU"));
        assert!(tables.households("XX").is_none() && tables.households("DE").is_some());
        assert!(tables.incomes("XX").is_none() && tables.incomes("BR").is_some());
    }

    /// What the tables say where a text of one of them is replaced.
    fn fault(table: &'static str, from: &str, to: &str) -> String {
        let text = table.replacen(from, to, 1);
        assert_ne!(text, table, "{from}");
        fn own<'a>(embedded: &'a str, table: &str, text: &'a str) -> &'a str {
            if embedded == table { text } else { embedded }
        }
        let all = TableTexts::EMBEDDED;
        let texts = TableTexts {
            carbon: own(all.carbon, table, &text),
            generation: own(all.generation, table, &text),
            tariffs: own(all.tariffs, table, &text),
            households: own(all.households, table, &text),
            incomes: own(all.incomes, table, &text),
            costs: own(all.costs, table, &text),
        };
        EnergyTables::parse(&texts).expect_err("a fault").to_string()
    }

    /// Bills and cars know the same cheap hours, country by country.
    #[test]
    fn the_night_of_bills_is_that_of_cars() {
        let tables = EnergyTables::embedded();
        let finland = tables.tariffs("FI");
        let night = finland.night.expect("a night price");
        assert_eq!((finland.country.as_str(), night.hours), ("FI", OffPeak::of("FI").hours));
        assert!(night.holds(23.5) && night.holds(6.5) && !night.holds(7.5));
    }

    #[test]
    fn a_wrong_table_names_its_place() {
        let cases = [
            (
                TARIFFS,
                "0.359",
                "NaN",
                "tariffs.csv, line 2, column \"household_eur_kwh\": \"NaN\"; give a number from 0 to 10",
            ),
            (
                TARIFFS,
                ",0.155,",
                ",11,",
                "tariffs.csv, line 3, column \"night_eur_kwh\": \"11\"; give a number from 0 to 10",
            ),
            (
                TARIFFS,
                ",100,0.081",
                ",inf,0.081",
                "tariffs.csv, line 2, column \"peak_eur_kw\": \"inf\"; give a number from 0 to 1000",
            ),
            (CARBON, "\nEU,", "\nXX,", "carbon.csv, line 1, column \"country\": no row EU; write one"),
            (
                CARBON,
                "average",
                "marginal",
                "carbon.csv, line 2, column \"scope\": marginal factors cannot be added up to a city's emissions; give \"average\" ones",
            ),
            (
                CARBON,
                "reread",
                "heard",
                "carbon.csv, line 2, column \"source\": say where the figures are from, and in \"read\" how they were checked",
            ),
            (
                GENERATION,
                "DE,mar-may",
                "DE,spring",
                "carbon_generation.csv, line 3, column \"season\": give dec-feb, mar-may, jun-aug or sep-nov",
            ),
            (
                GENERATION,
                "FI,mar-may",
                "FI,jun-aug",
                "carbon_generation.csv, line 1, column \"season\": FI needs the seasons dec-feb, mar-may, jun-aug, sep-nov once, in this order",
            ),
            (
                HOUSEHOLDS,
                "45800",
                "-1",
                "households.csv, line 2, column \"income_eur\": \"-1\"; give a number from 1 to 10000000",
            ),
            (
                INCOMES,
                "17200",
                "13000",
                "incomes.csv, line 2, column \"d2\": the bounds of the tenths rise from 1 on; give them in order",
            ),
            (
                COSTS,
                "wallbox",
                "wall",
                "costs.csv, line 7, column \"item\": \"wall\" is not known; known are photovoltaics, heat_pump, boiler, district_station, battery, wallbox, retrofit",
            ),
            (
                COSTS,
                "boiler,kW,120",
                "boiler,kW,-120",
                "costs.csv, line 4, column \"eur_per_unit\": \"-120\"; give a number from 0 to 1000000",
            ),
        ];
        for (table, from, to, expected) in cases {
            assert_eq!(fault(table, from, to), expected);
        }
        let short = COSTS.lines().take(4).collect::<Vec<_>>().join("\n");
        let texts = TableTexts { costs: &short, ..TableTexts::EMBEDDED };
        let said = EnergyTables::parse(&texts).expect_err("a fault").to_string();
        assert!(said.starts_with("costs.csv, line 1, column \"item\": needs the rows photovoltaics"), "{said}");
    }
}
