//! Charging of electric cars: how much, when, at home or in public.

use citytwin_model::time::LocalTime;

use crate::profile::{SLOTS, Shape, Week, slot_shift_h, week_hour};

/// What a car drives in a year, km (EU mean 11,300–12,000 km, Odyssee-Mure).
const KM_PER_YEAR: f64 = 12_000.0;
/// What a car takes from its battery where nobody says, kWh/km (mixed real driving of compact electric cars, 0.19 with
/// charging losses).
pub const USUAL_KWH_PER_KM: f64 = 0.171;
/// Share of what the meter counts that the battery holds (assumption; charging on alternating current loses about a tenth).
const CHARGED: f64 = 0.9;

/// Energy charged per electric car and day, kWh, at a consumption from the battery.
pub const fn kwh_per_car_and_day(kwh_per_km: f64) -> f64 {
    KM_PER_YEAR * kwh_per_km / CHARGED / 365.0
}
/// Share charged in public where there are chargers, 1 (IEA Global EV Outlook: about four fifths at home).
pub const PUBLIC_SHARE: f64 = 0.2;
/// Mean use of a public charger's rated power at most, 1 (assumption; busy urban sites reach 15 %).
pub const PUBLIC_USE_MAX: f64 = 0.15;
/// Rated power of a public charger that states none, W: two sockets of 11 kW.
pub const CHARGER_RATED_W: f64 = 22_000.0;

/// At home: plugged in on arrival, half of the energy between 17 and 24 h (approximation of the shape in
/// "Electric Chargepoint Analysis 2017: Domestics", UK Department for Transport).
const HOME: Shape = [
    [
        90., 75., 60., 48., 38., 30., 26., 28., 34., 38., 40., 44., 50., 54., 60., 74., 102., 150., 196., 212., 204.,
        182., 152., 118.,
    ],
    [
        95., 80., 62., 50., 40., 32., 26., 28., 38., 54., 70., 82., 90., 94., 98., 106., 122., 144., 164., 170., 162.,
        148., 130., 110.,
    ],
    [
        95., 78., 60., 48., 38., 30., 26., 28., 36., 50., 66., 80., 90., 96., 102., 114., 134., 160., 182., 188., 178.,
        158., 134., 108.,
    ],
];
/// In public: at work and shops by day (approximation of the same publication's public chargepoints).
const PUBLIC: Shape = [
    [
        24., 20., 18., 16., 16., 20., 40., 90., 150., 170., 166., 160., 156., 152., 150., 146., 146., 150., 142., 118.,
        90., 64., 44., 32.,
    ],
    [
        26., 22., 18., 16., 16., 18., 30., 56., 96., 136., 162., 172., 172., 168., 162., 154., 144., 132., 116., 96.,
        76., 58., 44., 34.,
    ],
    [
        26., 22., 18., 16., 16., 18., 26., 44., 76., 112., 138., 152., 158., 158., 156., 152., 146., 138., 124., 104.,
        82., 62., 46., 34.,
    ],
];

/// The charging curves.
#[derive(Clone, Debug)]
pub struct Charging {
    home: Week,
    public: Week,
}

impl Charging {
    pub fn new() -> Self {
        Self { home: Week::new(&HOME), public: Week::new(&PUBLIC) }
    }

    /// Charging at home relative to its weekly mean, per slot.
    pub fn home(&self, local: &LocalTime) -> [f32; SLOTS] {
        let hour = week_hour(local);
        std::array::from_fn(|slot| self.home.at(hour + slot_shift_h(slot)) as f32)
    }

    /// Charging in public relative to its weekly mean.
    pub fn public(&self, local: &LocalTime) -> f32 {
        self.public.at(week_hour(local)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_working_day_at_home_lies_between_17_and_24() {
        let share = HOME[0][17..].iter().sum::<f64>() / HOME[0].iter().sum::<f64>();
        assert!((0.5..0.65).contains(&share), "{share}");
    }
}
