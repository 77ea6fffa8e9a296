//! Figures of batteries: `assets/energy/storage.csv`, embedded.

use super::Battery;
use crate::table::{TableError, figures};

const FIGURES: &str = include_str!("../../../assets/energy/storage.csv");

/// What is taken for batteries; sources in the table.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StorageFigures {
    /// Capacity of a home's battery: the smaller of these by its modules and by its use in a year.
    pub home_wh_per_peak_w: f64,
    pub home_wh_per_annual_kwh: f64,
    /// Per Wh of capacity, W.
    pub home_power_per_wh: f64,
    pub home_round_trip: f64,
    pub home_standby_w: f64,
    /// Of the station's rating.
    pub street_power_share: f64,
    pub street_hours: f64,
    pub street_round_trip: f64,
    /// Of its power.
    pub street_standby_share: f64,
}

impl StorageFigures {
    /// The program's own.
    pub fn embedded() -> Self {
        Self::parse(FIGURES).expect("the embedded table is read by a test")
    }

    /// Reads a table of the same rows as `assets/energy/storage.csv`.
    ///
    /// # Errors
    /// The first line that cannot be used, or a quantity without a row.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let of = figures("storage.csv", text)?;
        Ok(Self {
            home_wh_per_peak_w: of.number("home_wh_per_peak_w", [0.0, 10.0])?,
            home_wh_per_annual_kwh: of.number("home_wh_per_annual_kwh", [0.0, 10.0])?,
            home_power_per_wh: of.number("home_power_per_wh", [0.01, 10.0])?,
            home_round_trip: of.number("home_round_trip", [0.1, 1.0])?,
            home_standby_w: of.number("home_standby", [0.0, 1000.0])?,
            street_power_share: of.number("street_power_share", [0.0, 1.0])?,
            street_hours: of.number("street_hours", [0.1, 24.0])?,
            street_round_trip: of.number("street_round_trip", [0.1, 1.0])?,
            street_standby_share: of.number("street_standby_share", [0.0, 0.1])?,
        })
    }

    /// A building's battery beside modules of a peak power, W, and a use in a year, kWh; none where there would be no capacity.
    pub fn at_home(&self, peak_w: f64, annual_kwh: f64) -> Option<Battery> {
        let capacity_wh = (self.home_wh_per_peak_w * peak_w).min(self.home_wh_per_annual_kwh * annual_kwh);
        (capacity_wh > 0.0).then(|| Battery {
            capacity_wh,
            power_w: self.home_power_per_wh * capacity_wh,
            efficiency: self.home_round_trip.sqrt(),
            standby_w: self.home_standby_w,
        })
    }

    /// A station's battery by its rating, W; none where there would be no capacity.
    pub fn at_station(&self, rated_w: f64) -> Option<Battery> {
        let power_w = self.street_power_share * rated_w;
        (power_w > 0.0).then(|| Battery {
            capacity_wh: power_w * self.street_hours,
            power_w,
            efficiency: self.street_round_trip.sqrt(),
            standby_w: self.street_standby_share * power_w,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_a_wrong_one_names_its_place() {
        let of = StorageFigures::embedded();
        let home = of.at_home(8000.0, 5000.0).expect("a battery");
        assert_eq!((home.capacity_wh, home.power_w), (5000.0, 2500.0));
        assert!((home.efficiency.powi(2) - 0.9).abs() < 1e-12 && of.at_home(0.0, 5000.0).is_none());
        assert_eq!(of.at_station(400_000.0).map(|street| street.capacity_wh), Some(160_000.0));
        let fault = StorageFigures::parse(&FIGURES.replacen("home_round_trip,0.9", "home_round_trip,1.1", 1));
        assert_eq!(
            fault.expect_err("a fault").to_string(),
            "storage.csv, line 5, column \"value\": home_round_trip is \"1.1\"; give a number from 0.1 to 1"
        );
    }
}
