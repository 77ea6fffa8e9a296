//! What a kilowatt hour from the grid emits, hour by hour: from a file, or a country's usual days scaled to its year.
//!
//! A usual day is made of what a country's plants gave in a season: the sun follows its height over the country, wind, rivers,
//! nuclear and biomass run through, lakes, gas and coal follow what is left of the load, but for a fixed part that trade takes.
//! It knows no calm or sunny week, and counts what is traded as made at home. Averages only: what one kWh more would cause is
//! another question.

use citytwin_model::{HOURS_OF_YEAR, time::LocalTime};
use serde::Serialize;

use super::tables::CarbonFactors;

/// Life cycle of a kWh by source, g CO₂-equivalent (IPCC AR5 WG3, annex III, table A.III.2, medians, from memory).
const SOLAR_G: f64 = 45.0;
const WIND_G: f64 = 11.5;
const WATER_G: f64 = 24.0;
const NUCLEAR_G: f64 = 12.0;
const BIOMASS_G: f64 = 230.0;
const GAS_G: f64 = 490.0;
const COAL_G: f64 = 820.0;
/// What of the swings plants within the country take; trade and pumped storage take the rest (own).
const FOLLOWED: f64 = 0.7;
/// Least of plants that follow the load, of their mean in the season (own: heat and balancing keep some running).
const LEAST: f64 = 0.35;
/// Load of a country by hour on workdays and weekends, of its mean (ENTSO-E, continental Europe, a usual week; from memory).
const LOAD: [[f64; 24]; 2] = [
    [
        0.84, 0.81, 0.80, 0.80, 0.83, 0.90, 1.00, 1.09, 1.14, 1.15, 1.15, 1.16, 1.15, 1.14, 1.12, 1.10, 1.10, 1.13,
        1.16, 1.15, 1.10, 1.04, 0.98, 0.90,
    ],
    [
        0.80, 0.76, 0.74, 0.73, 0.73, 0.75, 0.78, 0.83, 0.89, 0.93, 0.96, 0.98, 0.97, 0.94, 0.91, 0.90, 0.91, 0.96,
        1.00, 1.01, 0.97, 0.94, 0.91, 0.85,
    ],
];
/// Of a week.
const WORKDAYS: f64 = 5.0 / 7.0;
/// The most that a row of a file may say, g/kWh: a lignite plant of the worst kind emits less.
const MOST_G: f64 = 3000.0;

/// Three months by whole names, north and south alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Season {
    DecFeb,
    MarMay,
    JunAug,
    SepNov,
}

pub const SEASONS: [Season; 4] = [Season::DecFeb, Season::MarMay, Season::JunAug, Season::SepNov];

/// What a country's plants gave in a season, TWh.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Generation {
    pub country: String,
    pub season: Season,
    /// Where most of its modules are.
    pub latitude_deg: f64,
    pub solar_twh: f64,
    pub wind_twh: f64,
    /// Run-of-river, and from lakes.
    pub river_twh: f64,
    pub lake_twh: f64,
    pub nuclear_twh: f64,
    pub biomass_twh: f64,
    pub gas_twh: f64,
    pub coal_twh: f64,
    pub year: u16,
    /// How the figures were checked.
    pub read: String,
}

/// The grid's emissions by hour of the year.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct GridCarbon {
    /// Where the hours are from, and what their level is.
    pub label: String,
    /// Mean over time, least and most, g CO₂-equivalent per kWh.
    pub mean_g_kwh: f64,
    pub least_g_kwh: f64,
    pub most_g_kwh: f64,
    /// Index = hour of the year.
    #[serde(skip)]
    hours: Vec<f64>,
}

/// A file of hourly factors that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub struct CarbonFileError {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl GridCarbon {
    /// Reads a file of hourly average factors: the header `hour,g_per_kwh`, then the hours 0 to 8759 of the weather's year in
    /// its standard time, in order. They are taken as they stand.
    ///
    /// # Errors
    /// The first line that is not so.
    pub fn parse(file: &str, text: &str) -> Result<Self, CarbonFileError> {
        let fault = |line: usize, what: String| CarbonFileError { file: file.to_owned(), line, what };
        let mut lines = text.lines();
        if lines.next().map(str::trim) != Some("hour,g_per_kwh") {
            return Err(fault(1, "the header must be \"hour,g_per_kwh\"".to_owned()));
        }
        let mut hours = Vec::with_capacity(HOURS_OF_YEAR);
        for (index, line) in lines.enumerate() {
            let at = index + 2;
            let (hour, grams) =
                line.split_once(',').ok_or_else(|| fault(at, "give an hour and its g/kWh".to_owned()))?;
            if index >= HOURS_OF_YEAR {
                return Err(fault(at, format!("more than {HOURS_OF_YEAR} hours; give the hours of one year")));
            }
            if hour.trim().parse() != Ok(index) {
                return Err(fault(at, format!("hour \"{}\" where {index} comes next", hour.trim())));
            }
            let value = grams.trim().parse::<f64>().ok().filter(|value| (0.0..=MOST_G).contains(value));
            let say = || fault(at, format!("\"{}\"; give g/kWh from 0 to {MOST_G}", grams.trim()));
            hours.push(value.ok_or_else(say)?);
        }
        if hours.len() != HOURS_OF_YEAR {
            let what = format!("the file ends after {} hours; give {HOURS_OF_YEAR}", hours.len());
            return Err(fault(hours.len() + 1, what));
        }
        Ok(Self::of(format!("hourly averages of {file}, as they stand there"), hours))
    }

    /// The usual days of a country, so that their mean over what its plants give is the year's factor. `clocks` are those of the
    /// city for every hour of the year.
    pub fn usual(factors: &CarbonFactors, seasons: [&Generation; 4], clocks: &[LocalTime]) -> Self {
        let days = usual_days(seasons);
        let grams = |clock: &LocalTime| {
            let kind = usize::from(clock.is_weekend());
            factors.electricity_g_kwh * days[season(clock) as usize][kind][clock.hour() as usize % 24]
        };
        let (of, year, read) = (&seasons[0].country, seasons[0].year, &seasons[0].read);
        let same = if *of == factors.country { "" } else { ", for want of the country's own" };
        let label = format!(
            "usual days by season, workday and weekend from generation of {of} in {year} (figures: {read}{same}), scaled so \
             that their generation-weighted mean is {}'s yearly average of {} g/kWh; average, not marginal; life cycle",
            factors.country, factors.electricity_g_kwh
        );
        Self::of(label, clocks.iter().map(grams).collect())
    }

    fn of(label: String, hours: Vec<f64>) -> Self {
        let count = hours.len().max(1) as f64;
        Self {
            label,
            mean_g_kwh: hours.iter().sum::<f64>() / count,
            least_g_kwh: hours.iter().copied().fold(f64::INFINITY, f64::min),
            most_g_kwh: hours.iter().copied().fold(0.0, f64::max),
            hours,
        }
    }

    /// Average of an hour of the year, g CO₂-equivalent per kWh.
    pub fn g_kwh(&self, hour: usize) -> f64 {
        self.hours.get(hour).copied().unwrap_or(self.mean_g_kwh)
    }
}

impl Season {
    pub const fn word(self) -> &'static str {
        match self {
            Self::DecFeb => "dec-feb",
            Self::MarMay => "mar-may",
            Self::JunAug => "jun-aug",
            Self::SepNov => "sep-nov",
        }
    }

    /// Declination of the sun in its middle month, degree (mean of the month's days, Cooper 1969).
    const fn declination_deg(self) -> f64 {
        match self {
            Self::DecFeb => -20.9,
            Self::MarMay => 9.4,
            Self::JunAug => 21.2,
            Self::SepNov => -9.6,
        }
    }
}

impl Generation {
    pub fn total_twh(&self) -> f64 {
        self.solar_twh + self.through_twh() + self.following_twh()
    }

    /// Emissions of the season, g/kWh × TWh.
    pub fn grams_twh(&self) -> f64 {
        SOLAR_G * self.solar_twh + self.through_g() + self.following_g()
    }

    /// Plants that run through.
    fn through_twh(&self) -> f64 {
        self.wind_twh + self.river_twh + self.nuclear_twh + self.biomass_twh
    }

    fn through_g(&self) -> f64 {
        WIND_G * self.wind_twh + WATER_G * self.river_twh + NUCLEAR_G * self.nuclear_twh + BIOMASS_G * self.biomass_twh
    }

    /// Plants that follow the load.
    fn following_twh(&self) -> f64 {
        self.lake_twh + self.gas_twh + self.coal_twh
    }

    fn following_g(&self) -> f64 {
        WATER_G * self.lake_twh + GAS_G * self.gas_twh + COAL_G * self.coal_twh
    }

    /// Emissions and generation by kind of day and hour, in units of the season's mean hour.
    fn days(&self) -> [[[f64; 2]; 24]; 2] {
        let sun = sunny_hours(self.latitude_deg, self.season.declination_deg());
        let (through, following) = (self.through_twh(), self.following_twh());
        let rest = LOAD.map(|day| {
            let mut hour = 0;
            day.map(|load| {
                let left = load * self.total_twh() - through - self.solar_twh * sun[hour];
                hour += 1;
                (following + FOLLOWED * (left - following)).max(LEAST * following)
            })
        });
        let mean = |day: &[f64; 24]| day.iter().sum::<f64>() / 24.0;
        let scale = following / (WORKDAYS * mean(&rest[0]) + (1.0 - WORKDAYS) * mean(&rest[1])).max(f64::MIN_POSITIVE);
        let dirt = if following > 0.0 { self.following_g() / following } else { 0.0 };
        rest.map(|day| {
            let mut hour = 0;
            day.map(|left| {
                let (solar, left) = (self.solar_twh * sun[hour], scale * left);
                hour += 1;
                [SOLAR_G * solar + self.through_g() + dirt * left, solar + through + left]
            })
        })
    }
}

/// Emissions per kWh by season, kind of day and hour, of their generation-weighted mean over the year.
fn usual_days(seasons: [&Generation; 4]) -> [[[f64; 24]; 2]; 4] {
    let year =
        seasons.iter().map(|of| of.grams_twh()).sum::<f64>() / seasons.iter().map(|of| of.total_twh()).sum::<f64>();
    seasons.map(|of| of.days().map(|day| day.map(|[grams, given]| grams / given / year)))
}

/// The sine of the sun's height by hour of a day of its declination, of its mean over the day; no sun: flat.
fn sunny_hours(latitude_deg: f64, declination_deg: f64) -> [f64; 24] {
    let (latitude, declination) = (latitude_deg.to_radians(), declination_deg.to_radians());
    let mut hours = [0.0; 24];
    for (hour, height) in hours.iter_mut().enumerate() {
        let angle = (15.0 * (hour as f64 + 0.5 - 12.0)).to_radians();
        let sine = latitude.sin() * declination.sin() + latitude.cos() * declination.cos() * angle.cos();
        *height = sine.max(0.0);
    }
    let mean = hours.iter().sum::<f64>() / 24.0;
    if mean > 0.0 { hours.map(|height| height / mean) } else { [1.0; 24] }
}

fn season(clock: &LocalTime) -> Season {
    // First days of March, June, September, December in a year of 365 days.
    match clock.day_of_year {
        60..=151 => Season::MarMay,
        152..=243 => Season::JunAug,
        244..=334 => Season::SepNov,
        _ => Season::DecFeb,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy_year::tables::EnergyTables;

    fn file(change: impl Fn(usize, &mut String)) -> String {
        let mut text = String::from("hour,g_per_kwh\n");
        for hour in 0..HOURS_OF_YEAR {
            let mut line = format!("{hour},{}\n", 100 + hour % 24);
            change(hour, &mut line);
            text += &line;
        }
        text
    }

    #[test]
    fn a_file_is_taken_as_it_stands() {
        let carbon = GridCarbon::parse("city.csv", &file(|_, _| ())).expect("a year");
        assert_eq!(
            (carbon.g_kwh(0), carbon.g_kwh(8759), carbon.least_g_kwh, carbon.most_g_kwh),
            (100., 123., 100., 123.)
        );
        assert!((carbon.mean_g_kwh - 111.5).abs() < 1e-9);
    }

    #[test]
    fn a_wrong_file_names_its_line() {
        let said = |text: &str| GridCarbon::parse("c.csv", text).expect_err("a fault").to_string();
        let at = |hour: usize, own: &'static str| {
            said(&file(move |now, line| {
                if now == hour {
                    own.clone_into(line);
                }
            }))
        };
        assert_eq!(said(""), "c.csv, line 1: the header must be \"hour,g_per_kwh\"");
        assert_eq!(at(9, "9,NaN\n"), "c.csv, line 11: \"NaN\"; give g/kWh from 0 to 3000");
        assert_eq!(at(9, "9,inf\n"), "c.csv, line 11: \"inf\"; give g/kWh from 0 to 3000");
        assert_eq!(at(9, "9,-1\n"), "c.csv, line 11: \"-1\"; give g/kWh from 0 to 3000");
        assert_eq!(at(17, ""), "c.csv, line 19: hour \"18\" where 17 comes next");
        assert_eq!(at(3, "3\n"), "c.csv, line 5: give an hour and its g/kWh");
        assert_eq!(at(8759, ""), "c.csv, line 8760: the file ends after 8759 hours; give 8760");
        let long = file(|_, _| ()) + "8760,1\n";
        assert_eq!(said(&long), "c.csv, line 8762: more than 8760 hours; give the hours of one year");
    }

    /// The scaling holds: what plants emit over the year is what they give times the year's factor.
    #[test]
    fn usual_days_keep_the_years_mean() {
        let tables = EnergyTables::embedded();
        for country in ["DE", "FI", "BR", "FR", "EU"] {
            let seasons = tables.generation(country);
            let relative = usual_days(seasons);
            let [mut grams, mut given] = [0.0, 0.0];
            for (of, relative) in seasons.iter().zip(&relative) {
                for (kind, share) in [WORKDAYS, 1.0 - WORKDAYS].into_iter().enumerate() {
                    for (hour, [_, made]) in of.days()[kind].iter().enumerate() {
                        grams += share * made * relative[kind][hour];
                        given += share * made;
                    }
                }
            }
            assert!((grams / given - 1.0).abs() < 1e-12, "{country}: {}", grams / given);
            assert!(relative.iter().flatten().flatten().all(|own| (0.2..2.5).contains(own)), "{country} {relative:?}");
        }
    }

    /// J. Kono, Y. Ostermeyer, H. Wallbaum, Int. J. Life Cycle Assessment 22 (2017), of Germany in 2015: +22 % (workday nights of
    /// October) to −34 % (weekends by day in May) of the year's mean. Between 2015 and 2023 the sun's share has doubled, so
    /// noons lie lower: the signs and the places must be theirs, the span at least as wide.
    #[test]
    fn germany_is_dirty_on_autumn_evenings_and_clean_on_spring_weekends() {
        let tables = EnergyTables::embedded();
        let days = usual_days(tables.generation("DE"));
        let mean = |season: Season, kind: usize, hours: std::ops::Range<usize>| {
            let count = hours.len() as f64;
            hours.map(|hour| days[season as usize][kind][hour]).sum::<f64>() / count
        };
        let spring = mean(Season::MarMay, 1, 9..17);
        let autumn = mean(Season::SepNov, 0, 18..24);
        assert!((0.45..0.75).contains(&spring) && (1.05..1.35).contains(&autumn), "{spring} {autumn}");
    }
}
