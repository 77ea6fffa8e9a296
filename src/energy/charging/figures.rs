//! Figures of charging and its cheap hours: `assets/energy/charging.csv` and `off_peak.csv`, embedded.

use crate::{
    charging::HOURS,
    table::{TableError, figures, table},
};

const FIGURES: &str = include_str!("../../../assets/energy/charging.csv");
const OFF_PEAK: &str = include_str!("../../../assets/energy/off_peak.csv");
/// Stands for countries without a row of their own.
const ELSE: &str = "EU";

/// What is taken for charging; sources in the table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Figures {
    /// Of what the meter counts, what the battery holds, 1.
    pub charged_share: f64,
    /// Of all energy, what is charged at work and in public where there are places, 1.
    pub work_share: f64,
    pub public_share: f64,
    /// Mean use of a public charger's rated power at most, 1.
    pub public_use_most: f64,
    /// Of one car's plug, W.
    pub home_plug_w: f64,
    pub work_plug_w: f64,
    pub public_plug_w: f64,
    pub speed_kmh: f64,
    pub weekend_away_h: f64,
    /// Of a station's rating, what may be charged up to, 1.
    pub station_limit: f64,
}

/// The cheap hours of a country's two-part tariff.
#[derive(Clone, PartialEq, Debug)]
pub struct OffPeak {
    pub country: String,
    /// By hour of the city's clocks, every day.
    pub hours: [bool; HOURS],
    pub source: String,
}

impl Figures {
    /// The program's own.
    pub fn embedded() -> Self {
        Self::parse(FIGURES).expect("the embedded table is read by a test")
    }

    /// Reads a table of the same rows as `assets/energy/charging.csv`.
    ///
    /// # Errors
    /// The first line that cannot be used, or a quantity without a row.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let of = figures("charging.csv", text)?;
        let (share, power) = ([0.0, 1.0], [100.0, 1e6]);
        Ok(Self {
            charged_share: of.number("charged_share", [0.1, 1.0])?,
            work_share: of.number("work_share", share)?,
            public_share: of.number("public_share", share)?,
            public_use_most: of.number("public_use_most", share)?,
            home_plug_w: of.number("home_plug", power)?,
            work_plug_w: of.number("work_plug", power)?,
            public_plug_w: of.number("public_plug", power)?,
            speed_kmh: of.number("speed", [1.0, 200.0])?,
            weekend_away_h: of.number("weekend_away", [0.5, 12.0])?,
            station_limit: of.number("station_limit", share)?,
        })
    }
}

impl OffPeak {
    /// Of a country, or where it has no row those of the EU.
    pub fn of(country: &str) -> Self {
        let rows = Self::parse(OFF_PEAK).expect("the embedded table is read by a test");
        let of = |country: &str| rows.iter().find(|row| row.country == country).cloned();
        of(country).or_else(|| of(ELSE)).expect("the embedded table has a row EU")
    }

    /// Reads a table of the same columns as `assets/energy/off_peak.csv`.
    ///
    /// # Errors
    /// The first line that cannot be used.
    pub fn parse(text: &str) -> Result<Vec<Self>, TableError> {
        table("off_peak.csv", text, |row| {
            let hour = |column: &str| row.number(column, [0.0, 24.0]).map(|hour| hour as usize % HOURS);
            let (from, to) = (hour("from_h")?, hour("to_h")?);
            let within = |hour: usize| (hour + HOURS - from) % HOURS < (to + HOURS - from) % HOURS;
            Ok(Self {
                country: row.text("country")?.to_owned(),
                hours: std::array::from_fn(within),
                source: row.text("source")?.to_owned(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_cheap() {
        let of = OffPeak::of("DE");
        assert_eq!((of.hours[21], of.hours[22], of.hours[5], of.hours[6]), (false, true, true, false));
        assert_eq!(OffPeak::of("XX").country, "EU");
        assert_eq!(OffPeak::of("BR").hours.iter().filter(|cheap| !**cheap).count(), 5);
    }

    #[test]
    fn a_wrong_table_names_its_place() {
        assert_eq!(Figures::embedded().home_plug_w, 11_000.0);
        let fault = Figures::parse(&FIGURES.replace("charged_share,0.9", "charged_share,NaN")).expect_err("a fault");
        assert_eq!(
            fault.to_string(),
            "charging.csv, line 2, column \"value\": charged_share is \"NaN\"; give a number from 0.1 to 1"
        );
        let fault = Figures::parse(&FIGURES.replace("\nspeed,", "\nsped,")).expect_err("a fault");
        assert_eq!(fault.to_string(), "charging.csv, line 1, column \"quantity\": no row speed; write one");
        assert!(OffPeak::parse(&OFF_PEAK.replacen("22,6", "22,25", 1)).is_err());
    }
}
