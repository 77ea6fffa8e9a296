//! What customers pay: prices, standing charges, the night's price, and for large businesses their highest hour.

use citytwin_energy::charging::HOURS;
use serde::Serialize;

/// Prices of a country, €. Households' with all taxes, businesses' without the VAT that they get back.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Tariffs {
    pub country: String,
    pub household_eur_kwh: f64,
    /// For each household and year.
    pub household_standing_eur: f64,
    /// Households' price at night, where that is usual.
    pub night: Option<Night>,
    pub business_eur_kwh: f64,
    pub business_standing_eur: f64,
    /// Businesses that buy more in a year are metered by power too.
    pub metered_above_kwh: f64,
    pub metered_eur_kwh: f64,
    pub metered_standing_eur: f64,
    /// For the year's highest hour, per kW.
    pub peak_eur_kw: f64,
    pub feed_in_eur_kwh: f64,
    /// Gross calorific value.
    pub fuel_eur_kwh: f64,
    /// For each building that burns some.
    pub fuel_standing_eur: f64,
    pub business_fuel_eur_kwh: f64,
    pub district_eur_kwh: f64,
    pub year: u16,
    pub source: String,
}

/// A cheaper price in some hours of the city's wall clock.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Night {
    pub eur_kwh: f64,
    /// Those of `off_peak.csv`, by which cars charge too.
    pub hours: [bool; HOURS],
}

/// Who pays for a building.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Customer {
    /// So many households, each with its own meter.
    Households(u32),
    Business,
    /// Garages and sheds: on the meter of a household next to them.
    Ancillary,
}

/// What a building takes and gives in a year, kWh, and its highest hour. Meters take the highest quarter of an hour, which lies
/// above the mean of an hour: peak charges are told too low by that.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Taken {
    pub bought: f64,
    /// Of it at night.
    pub night: f64,
    pub peak_kw: f64,
    pub sold: f64,
    pub fuel: f64,
    pub district: f64,
}

/// A year's bill, €.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct Bill {
    pub energy: f64,
    pub standing: f64,
    pub peak: f64,
    /// For what is fed in.
    pub revenue: f64,
}

impl Bill {
    pub fn total(&self) -> f64 {
        self.energy + self.standing + self.peak - self.revenue
    }
}

impl Night {
    pub fn holds(&self, hour: f64) -> bool {
        self.hours[hour as usize % HOURS]
    }
}

impl Tariffs {
    pub fn bill(&self, customer: Customer, taken: &Taken) -> Bill {
        let fuel_standing = if taken.fuel > 0.0 { self.fuel_standing_eur } else { 0.0 };
        let (electricity, electricity_standing, fuel_eur_kwh) = match customer {
            Customer::Households(count) => {
                let standing = f64::from(count) * self.household_standing_eur;
                (self.household(taken), standing + fuel_standing, self.fuel_eur_kwh)
            }
            Customer::Ancillary => (self.household(taken), 0.0, self.fuel_eur_kwh),
            Customer::Business if self.is_metered(taken) => {
                let standing = self.metered_standing_eur + fuel_standing;
                (taken.bought * self.metered_eur_kwh, standing, self.business_fuel_eur_kwh)
            }
            Customer::Business => {
                let standing = self.business_standing_eur + fuel_standing;
                (taken.bought * self.business_eur_kwh, standing, self.business_fuel_eur_kwh)
            }
        };
        let metered = customer == Customer::Business && self.is_metered(taken);
        Bill {
            energy: electricity + taken.fuel * fuel_eur_kwh + taken.district * self.district_eur_kwh,
            standing: electricity_standing,
            peak: if metered { taken.peak_kw * self.peak_eur_kw } else { 0.0 },
            revenue: taken.sold * self.feed_in_eur_kwh,
        }
    }

    fn is_metered(&self, taken: &Taken) -> bool {
        taken.bought > self.metered_above_kwh
    }

    fn household(&self, taken: &Taken) -> f64 {
        let night = self.night.map_or(0.0, |night| taken.night * (night.eur_kwh - self.household_eur_kwh));
        taken.bought * self.household_eur_kwh + night
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tariffs() -> Tariffs {
        Tariffs {
            country: "XX".to_owned(),
            household_eur_kwh: 0.3,
            household_standing_eur: 100.0,
            night: Some(Night { eur_kwh: 0.2, hours: std::array::from_fn(|hour| !(7..22).contains(&hour)) }),
            business_eur_kwh: 0.25,
            business_standing_eur: 150.0,
            metered_above_kwh: 100_000.0,
            metered_eur_kwh: 0.15,
            metered_standing_eur: 500.0,
            peak_eur_kw: 90.0,
            feed_in_eur_kwh: 0.08,
            fuel_eur_kwh: 0.1,
            fuel_standing_eur: 120.0,
            business_fuel_eur_kwh: 0.07,
            district_eur_kwh: 0.14,
            year: 2024,
            source: "made up".to_owned(),
        }
    }

    /// Bills worked by hand.
    #[test]
    fn bills_add_up() {
        let house = Taken { bought: 4000.0, night: 1000.0, peak_kw: 5.0, sold: 500.0, fuel: 10_000.0, district: 0.0 };
        let bill = tariffs().bill(Customer::Households(2), &house);
        assert_eq!((bill.energy, bill.standing, bill.peak, bill.revenue), (2100.0, 320.0, 0.0, 40.0));
        assert_eq!(bill.total(), 2380.0);
        let shop = Taken { bought: 100_000.0, peak_kw: 40.0, fuel: 1000.0, ..Taken::default() };
        let bill = tariffs().bill(Customer::Business, &shop);
        assert_eq!((bill.energy, bill.standing, bill.peak), (25_070.0, 270.0, 0.0));
        let mall = Taken { bought: 200_000.0, ..shop };
        let bill = tariffs().bill(Customer::Business, &mall);
        assert_eq!((bill.energy, bill.standing, bill.peak), (30_070.0, 620.0, 3600.0));
        let shed = Taken { bought: 10.0, ..Taken::default() };
        assert_eq!(tariffs().bill(Customer::Ancillary, &shed).total(), 3.0);
    }

    #[test]
    fn the_night_price_holds_in_its_hours() {
        let night = tariffs().night.expect("a night");
        assert!([22.0, 23.5, 0.0, 6.5].into_iter().all(|hour| night.holds(hour)));
        assert!([7.0, 12.0, 21.5].into_iter().all(|hour| !night.holds(hour)));
    }
}
