//! By what people travel: a multinomial logit over car, transit, bicycle and foot.
//!
//! Utility: U = c − θ·(weighted minutes + cost / value of time), minutes = fixed + distance / speed
//! (`assets/traffic/modes.csv`). The constants c are those with which the survey's own trips — its purposes, with
//! log-normal lengths of its mean and median — give the survey's shares; so they hold nothing of the map.

use std::sync::LazyLock;

use super::{figures::Figures, lengths::Lengths, purpose::Purpose};
use crate::table::{Table, TableError};

const TABLE: &str = include_str!("../../../assets/traffic/modes.csv");

/// Means of transport.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Car,
    Transit,
    Bicycle,
    Foot,
}

impl Mode {
    pub const ALL: [Self; 4] = [Self::Car, Self::Transit, Self::Bicycle, Self::Foot];

    /// The word of the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Car => "car",
            Self::Transit => "transit",
            Self::Bicycle => "bicycle",
            Self::Foot => "foot",
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
struct ModeRow {
    fixed_min: f64,
    kmh: f64,
    time_weight: f64,
    fixed_eur: f64,
    eur_per_km: f64,
}

static ROWS: LazyLock<Vec<ModeRow>> = LazyLock::new(|| read(TABLE).expect("the table is checked by a test"));

/// Lengths of ways within a zone, relative to their mean: equally likely between none and twice as long.
pub const WITHIN: [f64; 5] = [0.2, 0.6, 1.0, 1.4, 1.8];

/// Who can use what in a city.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Availability {
    /// Share of trips for which a car is at hand, relative to the survey's country.
    pub car: f64,
    pub transit: bool,
}

/// The calibrated choice.
#[derive(Clone, Debug)]
pub struct ModeChoice {
    constants: [f64; 4],
    time_per_min: f64,
    eur_per_min: f64,
    available: Availability,
    /// Persons per car of each purpose, scaled to the survey's drivers and passengers.
    occupancy: [f64; 6],
}

impl ModeChoice {
    pub fn calibrated(figures: &Figures, lengths: &Lengths, available: Availability) -> Self {
        let (driver, passenger) = (figures.value("share_car_driver"), figures.value("share_car_passenger"));
        let wanted = [
            driver + passenger,
            figures.value("share_transit"),
            figures.value("share_bicycle"),
            figures.value("share_foot"),
        ];
        let mut choice = Self {
            constants: [0.0; 4],
            time_per_min: figures.value("time_per_min"),
            eur_per_min: figures.value("value_of_time_per_h") / 60.0,
            available: Availability { car: 1.0, transit: true },
            occupancy: Purpose::ALL.map(|p| p.rates().persons_per_car),
        };
        // A fixed point that meets the shares to rounding within some 30 rounds.
        let mut shares = [0.0; 4];
        for _ in 0..80 {
            shares = choice.survey_shares(lengths).0;
            for m in 0..4 {
                choice.constants[m] += (wanted[m].max(1e-4) / shares[m]).ln();
            }
        }
        let (_, cars) = choice.survey_shares(lengths);
        let scale = (cars / shares[0]) * (driver + passenger) / driver;
        choice.occupancy = choice.occupancy.map(|persons| (persons * scale).max(1.0));
        choice.available = available;
        choice
    }

    /// Shares of the means, in the order of [`Mode::ALL`], at a distance on the road.
    pub fn shares(&self, km: f64) -> [f64; 4] {
        let mut weights = [0.0; 4];
        for (m, row) in ROWS.iter().enumerate() {
            let minutes = row.time_weight * (row.fixed_min + 60.0 * km / row.kmh);
            let cost_min = (row.fixed_eur + row.eur_per_km * km) / self.eur_per_min;
            weights[m] = (self.constants[m] - self.time_per_min * (minutes + cost_min)).exp();
        }
        if !self.available.transit {
            weights[Mode::Transit as usize] = 0.0;
        }
        let with_car: f64 = weights.iter().sum();
        let without: f64 = weights[1..].iter().sum();
        let car = self.available.car;
        let mut shares = weights.map(|w| car * w / with_car + (1.0 - car) * w / without);
        shares[0] = car * weights[0] / with_car;
        shares
    }

    pub fn persons_per_car(&self, purpose: Purpose) -> f64 {
        self.occupancy[purpose as usize]
    }

    pub fn available(&self) -> Availability {
        self.available
    }

    /// Shares over the survey's trips, and cars per trip.
    fn survey_shares(&self, lengths: &Lengths) -> ([f64; 4], f64) {
        let (mut shares, mut cars) = ([0.0; 4], 0.0);
        for purpose in Purpose::ALL {
            for km in lengths.quantiles(purpose) {
                let weight = purpose.rates().trip_share / Lengths::QUANTILES as f64;
                let here = self.shares(km);
                shares.iter_mut().zip(here).for_each(|(sum, s)| *sum += weight * s);
                cars += weight * here[0] / self.occupancy[purpose as usize];
            }
        }
        (shares, cars)
    }
}

fn read(text: &str) -> Result<Vec<ModeRow>, TableError> {
    let needed = ["mode", "fixed_min", "kmh", "time_weight", "fixed_eur", "eur_per_km", "year", "read", "source"];
    let table = Table::parse(text, &needed, &[])?;
    let mut rows = Vec::new();
    for (row, mode) in table.rows().zip(Mode::ALL) {
        if row.text("mode") != mode.name() {
            return Err(row.error("mode", &format!("expected {}", mode.name())));
        }
        rows.push(ModeRow {
            fixed_min: row.amount("fixed_min")?,
            kmh: row.amount("kmh")?.max(0.1),
            time_weight: row.amount("time_weight")?,
            fixed_eur: row.amount("fixed_eur")?,
            eur_per_km: row.amount("eur_per_km")?,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use citytwin_model::LonLat;

    /// With everything available the survey's lengths give the survey's shares, and its drivers.
    #[test]
    fn the_survey_is_met() {
        assert_eq!(read(TABLE).expect("sound").len(), 4);
        for country in ["DE", "FI", "BR", "US"] {
            let figures = Figures::at(country, LonLat { lon: 0.0, lat: 0.0 });
            let lengths = Lengths::of(&figures);
            let choice = ModeChoice::calibrated(&figures, &lengths, Availability { car: 1.0, transit: true });
            let (shares, cars) = choice.survey_shares(&lengths);
            assert!((shares[1] - figures.value("share_transit")).abs() < 1e-6, "{country}: {shares:?}");
            assert!((shares[3] - figures.value("share_foot")).abs() < 1e-6, "{country}: {shares:?}");
            assert!((cars - figures.value("share_car_driver")).abs() < 0.02, "{country}: {cars}");
        }
    }

    /// One walks near, and drives far; without cars nobody drives.
    #[test]
    fn shares_follow_distance_and_availability() {
        let figures = Figures::at("DE", LonLat { lon: 10.0, lat: 50.0 });
        let lengths = Lengths::of(&figures);
        let all = ModeChoice::calibrated(&figures, &lengths, Availability { car: 1.0, transit: true });
        assert!(all.shares(0.5)[3] > 0.5 && all.shares(15.0)[3] < 0.01);
        assert!(all.shares(15.0)[0] > all.shares(1.0)[0]);
        let none = ModeChoice::calibrated(&figures, &lengths, Availability { car: 0.0, transit: false });
        let shares = none.shares(3.0);
        assert_eq!((shares[0], shares[1]), (0.0, 0.0));
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
