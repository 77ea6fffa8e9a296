//! Charging of electric cars: how much, when, at home, at work or in public. The live city takes the curves of this file;
//! hours in a row keep the cars that stand ([`parked`]) by what their trips used ([`mobility`]).

mod figures;
mod mobility;
mod parked;

#[cfg(test)]
mod tests;

use citytwin_model::time::LocalTime;

pub use figures::{Figures, OffPeak};
pub use mobility::{Mobility, Places};
pub use parked::{Arrivals, Charged, ClockHour, HOURS, Offer, Use, Waiting};

use crate::profile::{SLOTS, Shape, WEEK_H, Week, slot_shift_h, week_hour};

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
pub(crate) struct Charging {
    home: Week,
    public: Week,
}

impl Charging {
    pub fn new() -> Self {
        Self { home: Week::new(&HOME), public: Week::new(&PUBLIC) }
    }

    /// From a city's trips: cars charge as soon as they stand. One shape for all homes, that of its mean zone; those who would
    /// charge at work do so at home.
    pub fn of(mobility: &Mobility, figures: &Figures, kwh_per_km: f64) -> Self {
        let zones = mobility.at_home.len().max(1) as f64;
        let mut home = EMPTY;
        for arrivals in &mobility.at_home {
            let of = Use::new(1.0 / zones, kwh_per_km, figures, figures.home_plug_w);
            home.iter_mut().flatten().zip(at_once(arrivals, &of).iter().flatten()).for_each(|(sum, w)| *sum += w);
        }
        let of = Use::new(1.0, kwh_per_km, figures, figures.public_plug_w);
        let public = at_once(&mobility.in_public, &of);
        let or = |shape: Shape, usual: &Shape| {
            if shape.iter().flatten().any(|w| *w > 0.0) { Week::new(&shape) } else { Week::new(usual) }
        };
        Self { home: or(home, &HOME), public: or(public, &PUBLIC) }
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

const EMPTY: Shape = [[0.0; HOURS]; 3];

/// A Wednesday, a Saturday and a Sunday of cars that charge as soon as they stand, after a week that fills the first night, W.
fn at_once(arrivals: &Arrivals, of: &Use) -> Shape {
    let mut waiting = Waiting::default();
    let mut shape = EMPTY;
    for hour in 0..2 * WEEK_H {
        let (day, of_day) = (hour / HOURS, hour % HOURS);
        let clock = ClockHour { of_day, weekend: day % 7 >= 5 };
        let power_w = waiting.hour((arrivals, of), clock, Offer::Now).charged_wh;
        if let (7.., Some(kind)) = (day, [2, 5, 6].iter().position(|kept| *kept == day % 7)) {
            shape[kind][of_day] = power_w;
        }
    }
    shape
}

#[cfg(test)]
mod shapes {
    use super::*;

    /// One zone: home at 18 h on weekdays, at 12 h on others.
    #[test]
    fn curves_follow_the_trips() {
        let mut arrivals = Arrivals::default();
        (arrivals.energy[0][18], arrivals.energy[1][12]) = (0.16, 0.1);
        (arrivals.cars, arrivals.dwell_h) = ([[1.0; HOURS]; 2], [[10; HOURS]; 2]);
        let mobility = Mobility { at_home: vec![arrivals.clone(), arrivals], ..Mobility::default() };
        let curves = Charging::of(&mobility, &Figures::embedded(), USUAL_KWH_PER_KM);
        let hours = curves.home.hours();
        assert!((hours.iter().sum::<f64>() - 168.0).abs() < 1e-9);
        assert!((hours[18] - 0.16 * 168.0).abs() < 1e-9 && (hours[5 * 24 + 12] - 0.1 * 168.0).abs() < 1e-9);
        assert_eq!(curves.public.hours(), Week::new(&PUBLIC).hours(), "nobody comes there");
    }

    /// The live city's constant is the table's figure.
    #[test]
    fn both_lose_the_same() {
        assert_eq!(Figures::embedded().charged_share, CHARGED);
    }

    #[test]
    fn half_of_a_working_day_at_home_lies_between_17_and_24() {
        let share = HOME[0][17..].iter().sum::<f64>() / HOME[0].iter().sum::<f64>();
        assert!((0.5..0.65).contains(&share), "{share}");
    }
}
