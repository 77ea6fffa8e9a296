//! Random fleets under every rule: no energy is lost, plugs and departures hold, and each rule does what it says.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

const KWH_PER_KM: f64 = 0.171;

/// Cars that come and stay as they like; with room to charge what they need where `roomy`.
fn fleet(rng: &mut Pcg64, roomy: bool) -> (Arrivals, Use) {
    let mut arrivals = Arrivals::default();
    let mut sum = 0.0;
    let of = Use::new(10.0 + 1e4 * rng.random::<f64>(), KWH_PER_KM, &Figures::embedded(), 11_000.0);
    for day in 0..2 {
        for hour in 0..HOURS {
            if rng.random::<f64>() < 0.6 {
                let energy = rng.random::<f64>();
                arrivals.energy[day][hour] = energy;
                arrivals.dwell_h[day][hour] = 1 + (24.0 * rng.random::<f64>()) as u8;
                sum += [5.0, 2.0][day] * energy;
            }
        }
    }
    for day in 0..2 {
        for hour in 0..HOURS {
            let share = &mut arrivals.energy[day][hour];
            *share /= f64::max(sum, f64::MIN_POSITIVE);
            // The first hour counts half.
            let least = *share * of.wh_per_km / (of.plug_w * (f64::from(arrivals.dwell_h[day][hour]) - 0.5));
            let room = if roomy { 1.0 + rng.random::<f64>() } else { 2.0 * rng.random::<f64>() };
            arrivals.cars[day][hour] = room * least;
        }
    }
    (arrivals, of)
}

fn clock(hour: usize) -> ClockHour {
    ClockHour { of_day: hour % 24, weekend: hour / 24 % 7 >= 5 }
}

/// Some weeks of a rule: sums of arrivals, charging and unmet, and what stands at the end, Wh.
fn run(fleet: &(Arrivals, Use), hours: usize, mut offer: impl FnMut(usize) -> Offer<'static>) -> ([f64; 4], Vec<f64>) {
    let mut waiting = Waiting::default();
    let (mut sums, mut powers) = ([0.0; 4], Vec::new());
    for hour in 0..hours {
        let done = waiting.hour((&fleet.0, &fleet.1), clock(hour), offer(hour));
        assert!(done.charged_wh >= 0.0 && done.unmet_wh >= 0.0);
        sums[0] += done.arrived_wh;
        sums[1] += done.charged_wh;
        sums[2] += done.unmet_wh;
        powers.push(done.charged_wh);
    }
    sums[3] = waiting.waiting_wh();
    (sums, powers)
}

fn offers(rng: &mut Pcg64, hours: usize) -> Vec<Vec<Offer<'static>>> {
    static NIGHT: std::sync::LazyLock<[bool; HOURS]> = std::sync::LazyLock::new(|| OffPeak::of("DE").hours);
    let mut random = |most: f64| (0..hours).map(|_| (rng.random::<f64>() - 0.3).max(0.0) * most).collect::<Vec<f64>>();
    let (surplus, limit) = (random(5e5), random(5e5));
    vec![
        vec![Offer::Now; hours],
        vec![Offer::Window(&NIGHT); hours],
        surplus.into_iter().map(Offer::Surplus).collect(),
        limit.into_iter().map(Offer::Limit).collect(),
    ]
}

/// Charged + unmet + still standing = energy the trips used / efficiency, for every rule.
#[test]
fn no_energy_is_lost() {
    let mut rng = Pcg64::seed_from_u64(11);
    let hours = 15 * 24;
    for round in 0..200 {
        let roomy = round % 2 == 0;
        let fleet = fleet(&mut rng, roomy);
        let driven_km = fleet.1.week_km
            * (10.0 * day_share(&fleet.0, 0) + 5.0 * day_share(&fleet.0, 1) - day_share(&fleet.0, 1)
                + day_share(&fleet.0, 0));
        for (rule, offers) in offers(&mut rng, hours).into_iter().enumerate() {
            let ([arrived, charged, unmet, left], _) = run(&fleet, hours, |hour| offers[hour]);
            let used_wh = driven_km * KWH_PER_KM * 1000.0 / 0.9;
            assert!((arrived - used_wh).abs() <= 1e-9 * used_wh, "{round} {rule}: {arrived} {used_wh}");
            let off = charged + unmet + left - used_wh;
            assert!(off.abs() <= 1e-9 * used_wh, "{round} {rule}: {off} of {used_wh}");
            if roomy && rule < 3 {
                assert!(unmet <= 1e-9 * used_wh, "{round} {rule}: {unmet} of {used_wh} although there was time");
            }
        }
    }
}

/// 15 days from Monday on: eleven weekdays and four days of the weekend.
fn day_share(arrivals: &Arrivals, day: usize) -> f64 {
    arrivals.energy[day].iter().sum()
}

/// No hour gives more than the plugs of those who stand, and no class takes after it has left: by counting who may stand.
#[test]
fn plugs_and_departures_hold() {
    let mut rng = Pcg64::seed_from_u64(5);
    let hours = 14 * 24;
    for _ in 0..100 {
        let fleet = fleet(&mut rng, false);
        let (arrivals, of) = (&fleet.0, &fleet.1);
        let mut plugs_w = vec![0.0; hours + 24];
        for hour in 0..hours {
            let at = clock(hour);
            let day = usize::from(at.weekend);
            let power_w = arrivals.cars[day][at.of_day] * of.week_km * of.plug_w;
            plugs_w[hour] += 0.5 * power_w;
            let stay = usize::from(arrivals.dwell_h[day][at.of_day]);
            plugs_w[hour + 1..hour + stay].iter_mut().for_each(|sum| *sum += power_w);
        }
        for offers in offers(&mut rng, hours) {
            let (_, powers) = run(&fleet, hours, |hour| offers[hour]);
            for (hour, (power, most)) in powers.iter().zip(&plugs_w).enumerate() {
                assert!(*power <= most * (1.0 + 1e-12), "hour {hour}: {power} of {most}");
                if let Offer::Limit(limit_w) = offers[hour] {
                    assert!(*power <= limit_w * (1.0 + 1e-12), "hour {hour}: {power} above {limit_w}");
                }
            }
        }
    }
}

/// One car home at 18 h to 7 h with 4 kWh at a plug of 1 kW.
fn one_car(offer: impl FnMut(usize) -> Offer<'static>) -> Vec<f64> {
    let mut arrivals = Arrivals::default();
    arrivals.energy[0][18] = 0.2;
    arrivals.cars[0][18] = 0.01;
    arrivals.dwell_h[0][18] = 13;
    let fleet = (arrivals, Use { week_km: 100.0, wh_per_km: 200.0, plug_w: 1000.0 });
    run(&fleet, 48, offer).1
}

#[test]
fn each_rule_charges_in_its_hours() {
    let now = one_car(|_| Offer::Now);
    assert_eq!(now[17..24], [0.0, 500.0, 1000.0, 1000.0, 1000.0, 500.0, 0.0]);
    static NIGHT: std::sync::LazyLock<[bool; HOURS]> = std::sync::LazyLock::new(|| OffPeak::of("DE").hours);
    let night = one_car(|_| Offer::Window(&NIGHT));
    assert_eq!(night[20..27], [0.0, 0.0, 1000.0, 1000.0, 1000.0, 1000.0, 0.0]);
    let sun = one_car(|hour| Offer::Surplus(if hour == 20 { 700.0 } else { 0.0 }));
    assert_eq!((sun[20], sun[27], sun[28], sun[29], sun[30], sun[31]), (700.0, 300.0, 1000.0, 1000.0, 1000.0, 0.0));
    let limited = one_car(|_| Offer::Limit(350.0));
    assert_eq!(limited[18..31].iter().filter(|power| **power == 350.0).count(), 11);
    assert!((limited[18..31].iter().sum::<f64>() - 4000.0).abs() < 1e-9);
    let starved = one_car(|_| Offer::Limit(100.0));
    assert_eq!(starved[18..31].iter().sum::<f64>(), 1300.0);
}
