//! Fuel, CO₂, NOₓ and particles of hot engines by mean speed: the functions of the EMEP/EEA guidebook (COPERT), mixed
//! by the fleet of `assets/traffic/emissions.csv`. Passenger cars alone: vans and lorries count as cars, and cold
//! starts, tyres and brakes are left out, so the sums are a lower bound.

use std::sync::LazyLock;

use serde::Serialize;

use crate::table::{Row, Table, TableError};

const TABLE: &str = include_str!("../../../assets/traffic/emissions.csv");
/// Mean speeds for which the functions hold, km/h.
const SLOWEST_KMH: f64 = 10.0;
const FASTEST_KMH: f64 = 130.0;

/// Grams.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Emissions {
    pub fuel_g: f64,
    pub co2_g: f64,
    pub nox_g: f64,
    pub pm_g: f64,
}

impl Emissions {
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let Self { fuel_g, co2_g, nox_g, pm_g } = *self;
        Self { fuel_g: fuel_g * factor, co2_g: co2_g * factor, nox_g: nox_g * factor, pm_g: pm_g * factor }
    }

    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            fuel_g: self.fuel_g + other.fuel_g,
            co2_g: self.co2_g + other.co2_g,
            nox_g: self.nox_g + other.nox_g,
            pm_g: self.pm_g + other.pm_g,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    /// (a + c·v + e·v² + f/v) / (1 + b·v + d·v²): equations 25, 27 and 30 of the guidebook.
    Ratio,
    /// a·v⁵ + b·v⁴ + c·v³ + d·v² + e·v + f: equation 26.
    Quintic,
    /// a + b / (1 + exp(−c + d·ln v + e·v)): equation 31.
    Logistic,
    /// a up to b km/h, c up to d km/h, e above: values for urban, rural and motorway driving.
    Steps,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pollutant {
    Fuel,
    Nox,
    Pm,
}

struct Function {
    pollutant: Pollutant,
    fleet_share: f64,
    form: Form,
    parameters: [f64; 6],
    co2_g_per_g: f64,
}

static FUNCTIONS: LazyLock<Vec<Function>> = LazyLock::new(|| read(TABLE).expect("the table is checked by a test"));

/// Grams per kilometre of the mean car at a mean speed, held to the range of the functions.
pub fn emissions_per_km(kmh: f64) -> Emissions {
    let v = if kmh.is_finite() { kmh.clamp(SLOWEST_KMH, FASTEST_KMH) } else { FASTEST_KMH };
    let mut sum = Emissions::default();
    for function in FUNCTIONS.iter() {
        let grams = function.fleet_share * function.at(v);
        match function.pollutant {
            Pollutant::Fuel => {
                sum.fuel_g += grams;
                sum.co2_g += grams * function.co2_g_per_g;
            }
            Pollutant::Nox => sum.nox_g += grams,
            Pollutant::Pm => sum.pm_g += grams,
        }
    }
    sum
}

impl Function {
    fn at(&self, v: f64) -> f64 {
        let [a, b, c, d, e, f] = self.parameters;
        let grams = match self.form {
            Form::Ratio => (a + c * v + e * v * v + f / v) / (1.0 + b * v + d * v * v),
            Form::Quintic => ((((a * v + b) * v + c) * v + d) * v + e) * v + f,
            Form::Logistic => a + b / (1.0 + (-c + d * v.ln() + e * v).exp()),
            Form::Steps if v <= b => a,
            Form::Steps if v <= d => c,
            Form::Steps => e,
        };
        grams.max(0.0)
    }
}

fn read(text: &str) -> Result<Vec<Function>, TableError> {
    let columns = ["a", "b", "c", "d", "e", "f"];
    let mut needed = vec!["pollutant", "vehicle", "fleet_share", "form", "co2_g_per_g", "year", "read", "source"];
    needed.extend(columns);
    Table::parse(text, &needed, &[])?.rows().map(|row| function(&row, columns)).collect()
}

fn function(row: &Row<'_>, columns: [&str; 6]) -> Result<Function, TableError> {
    let mut parameters = [0.0; 6];
    for (parameter, column) in parameters.iter_mut().zip(columns) {
        *parameter = row.number(column)?;
    }
    Ok(Function {
        pollutant: match row.text("pollutant") {
            "fuel" => Pollutant::Fuel,
            "nox" => Pollutant::Nox,
            "pm" => Pollutant::Pm,
            _ => return Err(row.error("pollutant", "fuel, nox or pm")),
        },
        fleet_share: row.amount("fleet_share")?,
        form: match row.text("form") {
            "ratio" => Form::Ratio,
            "quintic" => Form::Quintic,
            "logistic" => Form::Logistic,
            "steps" => Form::Steps,
            _ => return Err(row.error("form", "ratio, quintic, logistic or steps")),
        },
        parameters,
        co2_g_per_g: row.amount("co2_g_per_g")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let functions = read(TABLE).expect("sound");
        for pollutant in [Pollutant::Fuel, Pollutant::Nox, Pollutant::Pm] {
            let fleet: f64 = functions.iter().filter(|f| f.pollutant == pollutant).map(|f| f.fleet_share).sum();
            assert!((fleet - 1.0).abs() < 1e-9, "{pollutant:?}: {fleet}");
        }
        for function in &functions {
            for kmh in 10..=130 {
                let grams = function.at(f64::from(kmh));
                let most = match function.pollutant {
                    Pollutant::Fuel => 150.0,
                    Pollutant::Nox => 1.5,
                    Pollutant::Pm => 0.06,
                };
                assert!(grams.is_finite() && grams < most, "{:?} {kmh}: {grams}", function.pollutant);
            }
        }
    }

    /// By hand from table 3-41, petrol Euro 4 of 1.4–2.0 l at 50 km/h: (174 + 18.2 + 21.85) / (1 + 3.425 − 0.6175) =
    /// 56.2 g of fuel a kilometre.
    #[test]
    fn a_function_by_hand() {
        let functions = read(TABLE).expect("sound");
        let euro4 = functions.iter().find(|f| f.pollutant == Pollutant::Fuel && f.fleet_share == 0.20);
        assert!((euro4.expect("a row").at(50.0) - 214.05 / 3.8075).abs() < 1e-9);
    }

    /// Of the order of what cars emit on the road: 150–200 g CO₂ a kilometre at 50 km/h, most in slow traffic, and
    /// nothing out of bounds outside the functions' range.
    #[test]
    fn the_fleet_is_plausible() {
        let [slow, town, fast] = [10.0, 50.0, 130.0].map(emissions_per_km);
        assert!((150.0..200.0).contains(&town.co2_g), "{town:?}");
        assert!(slow.co2_g > 1.5 * town.co2_g && fast.co2_g > town.co2_g, "{slow:?} {fast:?}");
        assert!((0.1..0.5).contains(&town.nox_g) && (0.0005..0.03).contains(&town.pm_g), "{town:?}");
        assert_eq!(emissions_per_km(3.0), slow);
        assert_eq!(emissions_per_km(f64::INFINITY), fast);
    }
}
