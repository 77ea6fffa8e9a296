//! What plants and measures cost a year: annuities by VDI 2067-1:2012 (the global cost method of EN 15459-1:2017 gives the same
//! in real terms), with replacements, residual values, operation and upkeep. No subsidies, no taxes on income.

use serde::Serialize;

use super::tables::EnergyTables;

/// Hours a year at full power that plants for heat are sized by (VDI 2067-2: dwellings 1500 to 2100 h; own, rounded).
const FULL_USE_H: f64 = 1900.0;
/// What an electric car takes from a wallbox in a year, kWh (as `energy::charging`: 12,000 km at 0.19 kWh/km, four fifths of it
/// at home).
const WALLBOX_KWH: f64 = 1824.0;
/// Highest interest that is taken for one, lowest and highest rise of prices, 1 a year; longest time looked at, years.
const INTEREST_MOST: f64 = 0.5;
const RISES: [f64; 2] = [-0.2, 0.5];
const YEARS: [f64; 2] = [1.0, 100.0];

/// How money is counted.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Finance {
    /// 1 a year; real where prices do not rise. 3 % is what Delegated Regulation (EU) 244/2012 asks for.
    pub interest: f64,
    /// Of plants and their upkeep, 1 a year.
    pub rise: f64,
    /// Time looked at.
    pub years: f64,
}

impl Default for Finance {
    fn default() -> Self {
        Self { interest: 0.03, rise: 0.0, years: 20.0 }
    }
}

/// How money cannot be counted.
#[derive(Clone, Copy, PartialEq, Debug, thiserror::Error)]
#[error("{what} is {value}; give a number from {least} to {most}")]
pub struct FinanceError {
    what: &'static str,
    value: f64,
    least: f64,
    most: f64,
}

/// What is bought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Item {
    Photovoltaics,
    HeatPump,
    Boiler,
    DistrictStation,
    Battery,
    Wallbox,
    Retrofit,
}

/// Price of an item, without VAT that is got back, and how long it lasts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PlantCost {
    pub item: Item,
    pub unit: String,
    pub eur_per_unit: f64,
    pub eur_fixed: f64,
    pub lifetime_years: f64,
    /// Operation and upkeep, of the price a year.
    pub operation_share: f64,
    pub year: u16,
    pub source: String,
}

/// What a building has, in the units of the items (kWp, kW, kW, kW, kWh, pieces, €).
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Plants {
    pub photovoltaics: f64,
    pub heat_pump: f64,
    pub boiler: f64,
    pub district_station: f64,
    pub battery: f64,
    pub wallboxes: f64,
    /// Whole cost; the table says what of it counts.
    pub retrofit: f64,
}

/// What plants cost, €.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize)]
pub struct PlantMoney {
    /// When all are bought new.
    pub invested: f64,
    /// A year, upkeep included.
    pub annuity: f64,
}

impl Finance {
    /// # Errors
    /// Figures that are no numbers or that nobody pays.
    pub fn check(&self) -> Result<(), FinanceError> {
        let within = |what, value: f64, [least, most]: [f64; 2]| {
            // NaN lies in no range.
            if (least..=most).contains(&value) { Ok(()) } else { Err(FinanceError { what, value, least, most }) }
        };
        within("the interest rate", self.interest, [0.0, INTEREST_MOST])?;
        within("the rise of plants' prices", self.rise, RISES)?;
        within("the time looked at in years", self.years, YEARS)
    }

    /// Annuity factor a of VDI 2067-1, equation 7: 1/years where money costs nothing.
    pub fn annuity_factor(&self) -> f64 {
        let q = 1.0 + self.interest;
        if self.interest > 0.0 { self.interest / (1.0 - q.powf(-self.years)) } else { 1.0 / self.years }
    }

    /// What a price becomes a year with all replacements and without what is left at the end (equations 1 to 6).
    pub fn capital_annuity(&self, price: f64, lifetime_years: f64) -> f64 {
        let (q, r) = (1.0 + self.interest, 1.0 + self.rise);
        let replacements = ((self.years / lifetime_years).ceil() - 1.0).max(0.0);
        let mut present = 0.0;
        for bought in 0..=replacements as u32 {
            present += price * (r / q).powf(f64::from(bought) * lifetime_years);
        }
        let left = ((replacements + 1.0) * lifetime_years - self.years) / lifetime_years;
        let residual = price * r.powf(replacements * lifetime_years) * left * q.powf(-self.years);
        (present - residual) * self.annuity_factor()
    }

    /// What a yearly payment becomes whose price rises: times the price-dynamic annuity factor (equations 8 and 9).
    pub fn running_annuity(&self, first_year: f64) -> f64 {
        let (q, r) = (1.0 + self.interest, 1.0 + self.rise);
        let value = if (q - r).abs() < 1e-12 { self.years / q } else { (1.0 - (r / q).powf(self.years)) / (q - r) };
        first_year * value * self.annuity_factor()
    }

    /// All plants of a building.
    pub fn plants(&self, tables: &EnergyTables, plants: &Plants) -> PlantMoney {
        let mut money = PlantMoney::default();
        for (item, units) in plants.units() {
            if units > 0.0 {
                let cost = tables.cost(item);
                let price = cost.eur_fixed + cost.eur_per_unit * units;
                money.invested += price;
                money.annuity += self.capital_annuity(price, cost.lifetime_years)
                    + self.running_annuity(cost.operation_share * price);
            }
        }
        money
    }
}

impl Item {
    pub const ALL: [Self; 7] = [
        Self::Photovoltaics,
        Self::HeatPump,
        Self::Boiler,
        Self::DistrictStation,
        Self::Battery,
        Self::Wallbox,
        Self::Retrofit,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Photovoltaics => "photovoltaics",
            Self::HeatPump => "heat_pump",
            Self::Boiler => "boiler",
            Self::DistrictStation => "district_station",
            Self::Battery => "battery",
            Self::Wallbox => "wallbox",
            Self::Retrofit => "retrofit",
        }
    }
}

impl Plants {
    /// Power of a plant for a year's heat, kW.
    pub fn heat_kw(heat_kwh: f64) -> f64 {
        heat_kwh / FULL_USE_H
    }

    /// Wallboxes for a year's charging at home.
    pub fn wallboxes(charging_kwh: f64) -> f64 {
        charging_kwh / WALLBOX_KWH
    }

    fn units(&self) -> [(Item, f64); 7] {
        [
            (Item::Photovoltaics, self.photovoltaics),
            (Item::HeatPump, self.heat_pump),
            (Item::Boiler, self.boiler),
            (Item::DistrictStation, self.district_station),
            (Item::Battery, self.battery),
            (Item::Wallbox, self.wallboxes),
            (Item::Retrofit, self.retrofit),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finance(interest: f64, rise: f64, years: f64) -> Finance {
        Finance { interest, rise, years }
    }

    /// Capital recovery factors as finance tables print them, to their last digit (e.g. Götze, Northcott, Schuster, "Investment
    /// Appraisal", appendix).
    #[test]
    fn annuity_factors_are_those_of_printed_tables() {
        let rows = [(0.03, 20.0, 0.06722), (0.04, 15.0, 0.08994), (0.05, 30.0, 0.06505), (0.06, 10.0, 0.13587)];
        for (interest, years, printed) in rows {
            let own = finance(interest, 0.0, years).annuity_factor();
            assert!((own - printed).abs() < 5e-6, "{interest} {years}: {own}");
        }
        assert_eq!(finance(0.0, 0.0, 25.0).annuity_factor(), 0.04);
    }

    /// Bought again and again at the same price, a plant costs a year what it costs over one life.
    #[test]
    fn whole_lives_cost_what_one_life_costs() {
        for lives in [1.0, 2.0, 3.0] {
            let own = finance(0.04, 0.0, 15.0 * lives).capital_annuity(1000.0, 15.0);
            assert!((own - 89.941_1).abs() < 1e-4, "{lives}: {own}");
        }
    }

    /// By hand, VDI 2067-1's equations: 10,000 € for 15 years seen over 20, interest 4 %, prices rising by 2 %. A second is bought in
    /// year 15 for 10,000·1.02^15 = 13,458.68, worth 7,473.10 today; ten fifteenths of it are left in year 20, worth
    /// 8,972.46·1.04^−20 = 4,094.93; (10,000 + 7,473.10 − 4,094.93)·0.0735818 = 984.39.
    #[test]
    fn a_replacement_and_what_is_left_of_it() {
        let own = finance(0.04, 0.02, 20.0).capital_annuity(10_000.0, 15.0);
        assert!((own - 984.39).abs() < 0.02, "{own}");
        // b = (1 − (1.02/1.04)^20)/0.02 = 16.0914; times a: 1.18404.
        let running = finance(0.04, 0.02, 20.0).running_annuity(100.0);
        assert!((running - 118.40).abs() < 0.02, "{running}");
        assert!((finance(0.03, 0.0, 20.0).running_annuity(100.0) - 100.0).abs() < 1e-9);
        assert!((finance(0.02, 0.02, 10.0).running_annuity(100.0) - 109.139).abs() < 1e-2);
    }

    #[test]
    fn plants_are_added_up() {
        let tables = EnergyTables::embedded();
        let plants = Plants { photovoltaics: 10.0, retrofit: 40_000.0, ..Plants::default() };
        let own = finance(0.03, 0.0, 20.0).plants(&tables, &plants);
        assert_eq!(own.invested, 33_000.0);
        // 15,000 over 25 years and 18,000 (0.45 of it all) over 40 by straight-line residuals, and 1.6 % of 15,000.
        let left = |price: f64, share: f64| (price - price * share / 1.806_111) * 0.067_215_7;
        let expected = left(15_000.0, 0.2) + left(18_000.0, 0.5) + 240.0;
        assert!((own.annuity - expected).abs() < 0.01, "{} {expected}", own.annuity);
        assert_eq!(finance(0.03, 0.0, 20.0).plants(&tables, &Plants::default()), PlantMoney::default());
    }

    #[test]
    fn money_that_cannot_be_counted_is_refused() {
        let said = |finance: Finance| finance.check().expect_err("a fault").to_string();
        assert_eq!(said(finance(f64::NAN, 0.0, 20.0)), "the interest rate is NaN; give a number from 0 to 0.5");
        assert_eq!(said(finance(0.03, 0.0, 0.0)), "the time looked at in years is 0; give a number from 1 to 100");
        assert!(said(finance(0.03, f64::INFINITY, 20.0)).starts_with("the rise of plants' prices is inf"));
        assert!(Finance::default().check().is_ok());
    }
}
