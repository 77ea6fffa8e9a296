//! The live city and its year tell one truth; nothing is lost by any rule; nothing hangs on threads or on the way to an hour.

use std::sync::Arc;

use citytwin_environment::{sky, typical_year};
use citytwin_model::time::SignedDuration;

use super::*;
use crate::{
    energy_year::{
        CityEnergy, EnergyHour, EnergySpec,
        charge_tests::tours,
        tests::{shares, town},
    },
    prepare::pool,
};

const MINUTE_S: f64 = 60.0;
const HOUR_S: f64 = 3600.0;
/// Wednesdays of the year whose 1 January is a Monday, as the year of energy has it; the town's standard time is UTC+1.
const WINTER: &str = "2018-01-16T23:00:00Z";
const SUMMER: &str = "2018-06-19T23:00:00Z";

/// An energy system and who moves it.
struct Town {
    city: City,
    system: EnergySystem,
    live: LiveEnergy,
}

impl Town {
    fn new(assumptions: &Assumptions) -> Self {
        let city = town();
        let mut system = EnergySystem::new(&city);
        let basis = LiveBasis::under(&city, &system, Some(&tours()), typical_year(&city.anchor));
        system.set_shares(&city, assumptions);
        let live = LiveEnergy::new(Arc::new(basis), &city, &system, assumptions);
        Self { city, system, live }
    }

    fn set(&mut self, assumptions: &Assumptions) {
        self.system.set_shares(&self.city, assumptions);
        self.live.set_shares(&self.city, &self.system, assumptions);
    }

    fn evaluate(&mut self, at: Timestamp, hold_s: f64) {
        let (sun, weather) = sky(&self.city.anchor, at);
        self.live.evaluate(&mut self.system, &SkyNow { at, sun, weather }, hold_s);
        self.system.accumulate(hold_s);
    }

    /// Heat, charging, sun, all load without what batteries move, W.
    fn powers(&self) -> [f64; 4] {
        let ids = || (0..self.city.buildings.len()).map(BuildingId::from_index);
        let heat: f64 = ids().map(|b| f64::from(self.system.heat_electricity_w(b))).sum();
        let cars: f64 = ids().map(|b| f64::from(self.system.charging_w(b))).sum();
        let moved: f64 = self.system.batteries().iter().flatten().map(|home| home.power_w).sum();
        let totals = self.system.totals();
        [heat, cars, totals.pv_w, totals.load_w - moved]
    }
}

fn later(at: Timestamp, seconds: f64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs_f64(seconds)).unwrap()
}

fn all(charging: ChargingRule) -> Assumptions {
    let spec = shares(0.7, 0.6, 0.5);
    Assumptions { battery_share: 0.5, retrofit_share: 0.4, charging, ..spec.assumptions }
}

/// A day of the live city, minute by minute, beside the same day in a year of the same weather and shares. Heat and charging:
/// the same hours of the same engines, in single precision (1e-6). Sun: 1 % of the day and 2 % of its highest hour, since the
/// year has one sun an hour, in its middle, and the air of its end. Load: 0.5 % of the highest hour, since curves of appliances
/// run between the middles of hours. What batteries hold: 2 % of what they could, for both reasons.
#[test]
fn a_live_day_is_the_years_day() {
    let assumptions = all(ChargingRule::Immediate);
    let city = town();
    let weather = typical_year(&city.anchor);
    let energy = CityEnergy::prepare(&city, &weather).unwrap();
    let mobility = crate::energy_year::mobility::of_tours(
        &city,
        &EnergySystem::new(&city),
        &tours(),
        &citytwin_energy::charging::Figures::embedded(),
    );
    energy.set_mobility(mobility);
    let spec = EnergySpec { assumptions: assumptions.clone(), without_grid: true, ..EnergySpec::default() };
    let year = energy.year(&spec, &()).unwrap();
    for (midnight, day) in [(WINTER, 16), (SUMMER, 170)] {
        let of_year: Vec<[f64; 4]> = year.hours[24 * day..][..24]
            .iter()
            .map(|EnergyHour { heat, charging, pv, load, .. }| [*heat, *charging, *pv, *load].map(|mwh| mwh * 1e6))
            .collect();
        let mut live = Town::new(&assumptions);
        let midnight: Timestamp = midnight.parse().unwrap();
        let (mut hours, mut held) = (vec![[0.0; 4]; 24], [0.0; 24]);
        for minute in 0..24 * 60 {
            live.evaluate(later(midnight, MINUTE_S * (f64::from(minute) + 0.5)), MINUTE_S);
            let hour = &mut hours[minute as usize / 60];
            hour.iter_mut().zip(live.powers()).for_each(|(sum, power_w)| *sum += power_w / 60.0);
            held[minute as usize / 60] = live.system.batteries().iter().flatten().map(|home| home.state_wh).sum();
        }
        let what = ["heat", "charging", "sun", "load"];
        let (of_hour, of_day) = ([1e-6, 1e-6, 2e-2, 5e-3], [1e-6, 1e-6, 1e-2, 1e-3]);
        for (k, what) in what.into_iter().enumerate() {
            let most = of_year.iter().map(|hour| hour[k]).fold(0.0, f64::max);
            let sum = |rows: &[[f64; 4]]| rows.iter().map(|hour| hour[k]).sum::<f64>();
            let off = hours.iter().zip(&of_year).map(|(a, b)| (a[k] - b[k]).abs() / most).fold(0.0, f64::max);
            let off_day = (sum(&hours) / sum(&of_year) - 1.0).abs();
            println!(
                "day {day}, {what}: {:.1} kWh, {off:.1e} of an hour, {off_day:.1e} of the day",
                sum(&of_year) / 1e3
            );
            assert!(most > 0.0 && off < of_hour[k], "day {day}, {what}: {off} of an hour, {hours:?} {of_year:?}");
            assert!(off_day < of_day[k], "day {day}, {what}: {} is not {}", sum(&hours), sum(&of_year));
        }
        let capacity: f64 = live.system.batteries().iter().flatten().map(|home| home.battery.capacity_wh).sum();
        let most = held.iter().copied().fold(0.0, f64::max);
        println!("day {day}, held at most: {most:.0} Wh of {capacity:.0} Wh");
        assert!(day == 16 || most > 0.2 * capacity, "summer fills them: {most} of {capacity}");
        for (hour, held) in held.iter().enumerate() {
            let of_year = year.hours[24 * day + hour].battery_state * 1e6;
            assert!((held - of_year).abs() < 0.02 * capacity, "day {day}, {hour} h: {held} {of_year} {capacity}");
        }
    }
}

/// By every rule: what arrived is charged, unmet or waits, to 1e-9, over three days and two midnights.
#[test]
fn no_energy_of_cars_is_lost() {
    for rule in ChargingRule::ALL {
        let mut live = Town::new(&all(rule));
        let start: Timestamp = "2018-01-18T17:10:00Z".parse().unwrap();
        for hour in 0..72 {
            live.evaluate(later(start, HOUR_S * f64::from(hour)), HOUR_S);
        }
        let account = live.live.charging().expect("cars");
        assert!(account.residual < 1e-9 && account.charged_mwh > 0.0, "{rule:?}: {account:?}");
        assert_eq!(account.rule, rule);
    }
}

/// Rules move charging: the cheap hours of the night take what came in the evening.
#[test]
fn the_rule_in_force_decides() {
    let at: Timestamp = "2018-01-17T18:30:00Z".parse().unwrap();
    let charging = |rule| {
        let mut live = Town::new(&all(rule));
        live.evaluate(at, MINUTE_S);
        live.powers()[1]
    };
    let [now, off_peak] = [ChargingRule::Immediate, ChargingRule::OffPeak].map(charging);
    assert!(off_peak < 0.2 * now, "{off_peak} W beside {now} W");
}

/// A change of shares shows in the next evaluation, and taking it back gives what was.
#[test]
fn shares_show_at_once() {
    let at: Timestamp = "2018-01-17T06:30:00Z".parse().unwrap();
    let none = Assumptions { hp_share: 0.0, ..Assumptions::default() };
    let pumps = Assumptions { hp_share: 1.0, ..none.clone() };
    let warm = Assumptions { retrofit_share: 1.0, ..pumps.clone() };
    let mut live = Town::new(&none);
    let heat: Vec<f64> = [&none, &pumps, &warm, &none]
        .map(|assumptions| {
            live.set(assumptions);
            live.evaluate(at, MINUTE_S);
            live.powers()[0]
        })
        .to_vec();
    assert!(heat[0] < 1.0, "nobody cools in January: {heat:?}");
    assert!(heat[1] > 20_000.0 && heat[2] < 0.7 * heat[1], "{heat:?}");
    assert_eq!(heat[3], heat[0]);
}

/// Hour after hour over midnight is what coming there from elsewhere is, and a day that was prepared ahead changes nothing.
#[test]
fn the_way_to_an_hour_does_not_matter() {
    let assumptions = Assumptions { battery_share: 0.0, ..all(ChargingRule::Immediate) };
    let start: Timestamp = "2018-01-17T20:30:00Z".parse().unwrap();
    let mut walked = Town::new(&assumptions);
    for hour in 0..8 {
        if hour == 2 {
            let number = walked.live.wants().expect("the next day");
            let day = walked.live.basis().day(number);
            walked.live.give(Arc::new(day));
        }
        walked.evaluate(later(start, HOUR_S * f64::from(hour)), HOUR_S);
    }
    let mut come = Town::new(&assumptions);
    come.evaluate(later(start, 7.0 * HOUR_S), HOUR_S);
    for (walked, come) in walked.powers().into_iter().zip(come.powers()) {
        // Masses of a day are warmed up from a Monday on at least ten days before: a day more or less is 1e-3.
        assert!((walked - come).abs() <= 1e-3 * come.abs(), "{walked} {come}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let hash = |threads: usize| {
        pool(threads).unwrap().install(|| {
            let mut live = Town::new(&all(ChargingRule::FeederLimited));
            let start: Timestamp = SUMMER.parse().unwrap();
            for hour in 0..12 {
                live.evaluate(later(start, HOUR_S * (f64::from(hour) + 0.5)), HOUR_S);
            }
            (live.system.state_hash(), live.live.state_hash())
        })
    };
    let one = hash(1);
    assert_eq!(one, hash(3));
}
