//! Charging of electric cars at home, at work or in public: cars that stand ([`parked`]) need what their trips used
//! ([`mobility`]).

mod figures;
mod mobility;
mod parked;

#[cfg(test)]
mod tests;

pub use figures::{Figures, OffPeak};
pub use mobility::{Mobility, Places};
pub use parked::{Arrivals, Charged, ClockHour, HOURS, Offer, Use, Waiting};

/// What a car drives in a year, km (EU mean 11,300–12,000 km, Odyssee-Mure).
pub const KM_PER_YEAR: f64 = 12_000.0;
/// What a car takes from its battery where nobody says, kWh/km (mixed real driving of compact electric cars, 0.19 with
/// charging losses).
pub const USUAL_KWH_PER_KM: f64 = 0.171;
/// Share of what the meter counts that the battery holds (assumption; charging on alternating current loses about a tenth).
const CHARGED: f64 = 0.9;

/// Energy charged per electric car and day, kWh, at a consumption from the battery.
pub const fn kwh_per_car_and_day(kwh_per_km: f64) -> f64 {
    KM_PER_YEAR * kwh_per_km / CHARGED / 365.0
}
/// Rated power of a public charger that states none, W: two sockets of 11 kW.
pub const CHARGER_RATED_W: f64 = 22_000.0;

#[cfg(test)]
mod constants {
    use super::*;

    /// The mean power of cars that weighs buildings against each other loses what the table says.
    #[test]
    fn both_lose_the_same() {
        assert_eq!(Figures::embedded().charged_share, CHARGED);
    }
}
