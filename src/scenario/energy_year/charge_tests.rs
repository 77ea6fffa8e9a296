//! Charging and batteries in the year of a small town: nothing is lost by any rule, and each rule moves the hours its way.

use citytwin_energy::charging::{Arrivals, HOURS};

use super::{
    mobility::of_tours,
    tests::{shares, town, weather},
    *,
};
use citytwin_model::ChargingRule;
use citytwin_traffic::{CarTours, DemandBasis, Purpose, PurposeTours, TourEnds, TourZone};

/// The town has no network, and so no demand. These tours stand in for it.
pub fn tours() -> CarTours {
    let shape = |hours: &[(usize, f64)]| {
        let mut day = [0.0; HOURS];
        hours.iter().for_each(|(hour, share)| day[*hour] = *share);
        day
    };
    let ends = |tours: f64, km: f64| TourEnds { tours, km };
    CarTours {
        zones: vec![
            TourZone { centre: [0.0, 0.0], residents: 40.0, jobs: 10.0 },
            TourZone { centre: [280.0, 0.0], residents: 40.0, jobs: 30.0 },
        ],
        purposes: vec![
            PurposeTours {
                purpose: Purpose::Work,
                from_home: true,
                out: shape(&[(6, 0.2), (7, 0.5), (8, 0.3)]),
                back: shape(&[(15, 0.2), (16, 0.4), (17, 0.4)]),
                starts: vec![ends(10.0, 300.0), ends(12.0, 500.0)],
                goals: vec![ends(4.0, 100.0), ends(9.0, 250.0)],
            },
            PurposeTours {
                purpose: Purpose::Business,
                from_home: false,
                out: shape(&[(10, 1.0)]),
                back: shape(&[(12, 1.0)]),
                starts: vec![ends(1.0, 40.0), ends(2.0, 60.0)],
                goals: vec![ends(1.0, 40.0), ends(2.0, 60.0)],
            },
            PurposeTours {
                purpose: Purpose::Leisure,
                from_home: true,
                out: shape(&[(14, 0.3), (18, 0.7)]),
                back: shape(&[(17, 0.3), (22, 0.7)]),
                starts: vec![ends(8.0, 160.0), ends(9.0, 140.0)],
                goals: vec![ends(8.0, 160.0), ends(9.0, 140.0)],
            },
        ],
        weekend_factor: 0.8,
        weekend: std::array::from_fn(|hour| if (9..21).contains(&hour) { 1.0 / 12.0 } else { 0.0 }),
        residents: 80.0,
        basis: DemandBasis::Buildings,
    }
}

/// What its inhabitants drive in a week, by hand: 1,100 km from home and 100 km of business on 5 weekdays and 2 · 0.8 others.
const WEEK_KM: f64 = 1200.0 * 6.6;

/// The town with these tours.
pub fn prepared<'a>(city: &'a City, weather: &'a WeatherYear) -> CityEnergy<'a> {
    let energy = CityEnergy::prepare(city, weather).expect("prepared");
    let mobility = of_tours(city, &energy.system, &tours(), &Figures::embedded());
    energy.mobility.set(Arc::new(mobility)).expect("not asked yet");
    energy
}

fn spec(rule: ChargingRule, [pv, ev, battery, street]: [f64; 4]) -> EnergySpec {
    let mut spec = EnergySpec { street_battery_share: street, without_grid: true, ..shares(pv, 0.0, ev) };
    (spec.assumptions.charging, spec.assumptions.battery_share) = (rule, battery);
    spec
}

#[test]
fn tours_become_arrivals_of_cars() {
    let (city, weather) = (town(), weather());
    let energy = prepared(&city, &weather);
    let mobility = energy.mobility();
    let all_km: f64 = mobility.week_km.iter().map(|km| f64::from(*km)).sum();
    assert!((all_km / WEEK_KM - 1.0).abs() < 1e-6, "{all_km}");
    assert!((mobility.work.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    let week = |of: &Arrivals| 5.0 * of.energy[0].iter().sum::<f64>() + 2.0 * of.energy[1].iter().sum::<f64>();
    for arrivals in mobility.at_home.iter().chain(&mobility.at_work).chain([&mobility.in_public]) {
        assert!((week(arrivals) - 1.0).abs() < 1e-9, "{arrivals:?}");
    }
    // Work out at 7 h, back at 16 h: some nine hours at work, the rest of the day at home.
    let (work, home) = (&mobility.at_work[0], &mobility.at_home[0]);
    assert!(work.energy[0][7] > 0.0 && (8..=10).contains(&work.dwell_h[0][7]), "{work:?}");
    assert!(home.energy[0][16] > 0.0 && (13..=15).contains(&home.dwell_h[0][16]), "{home:?}");
    assert!(home.energy[0][4] == 0.0 && home.energy[1][18] > 0.0);
}

/// Charged + unmet + still standing = energy the trips used / efficiency, for every rule, over a year.
#[test]
fn every_rule_charges_what_the_trips_used() {
    let (city, weather) = (town(), weather());
    let energy = prepared(&city, &weather);
    let mut arrived = Vec::new();
    for rule in ChargingRule::ALL {
        let year = energy.year(&spec(rule, [0.5, 0.6, 0.0, 0.0]), &()).expect("a year");
        let charging = &year.charging;
        assert!(charging.residual < 1e-9, "{charging:?}");
        assert!((charging.week_km / (0.6 * WEEK_KM) - 1.0).abs() < 1e-6, "{charging:?}");
        let (sum, told) = (year.totals.charging_mwh, charging.charged_mwh);
        assert!((sum / told - 1.0).abs() < 1e-9, "{rule:?}: {sum} in the hours, {told} by the cars");
        assert!(year.balance_residual < 1e-9, "{}", year.balance_residual);
        let used = 365.0 / 7.0 * charging.week_km * charging.kwh_per_km / charging.charged_share / 1000.0;
        assert!(
            (charging.arrived_mwh / used - 1.0).abs() < 5e-3,
            "{} of {used}: a year is no whole weeks",
            charging.arrived_mwh
        );
        assert!(charging.unmet_mwh < 1e-9 * used, "{rule:?}: {charging:?}");
        arrived.push(charging.arrived_mwh);
    }
    assert!(arrived.iter().all(|of| (of / arrived[0] - 1.0).abs() < 1e-12), "the same trips: {arrived:?}");
}

#[test]
fn rules_move_the_hours_their_way() {
    let (city, weather) = (town(), weather());
    let energy = prepared(&city, &weather);
    let year = |rule| energy.year(&spec(rule, [1.0, 1.0, 0.0, 0.0]), &()).expect("a year");
    let [now, night, sun, feeder] = ChargingRule::ALL.map(year);
    let in_hours = |year: &EnergyYear, within: fn(usize) -> bool| -> f64 {
        let hours = year.hours.iter().filter(|hour| within((hour.hour + 24) % 24));
        hours.map(|hour| hour.charging).sum::<f64>() / year.totals.charging_mwh
    };
    // The clocks of the town stand at UTC: an hour behind the weather's.
    assert!(in_hours(&now, |hour| (15..23).contains(&hour)) > 0.6);
    assert!(in_hours(&night, |hour| !(7..22).contains(&hour)) > 0.8);
    assert!(sun.totals.self_consumption_mwh > 1.02 * now.totals.self_consumption_mwh);
    assert!(sun.totals.export_mwh < now.totals.export_mwh && sun.totals.import_mwh < now.totals.import_mwh);
    // Its stations have room for all.
    assert_eq!(feeder.totals.charging_mwh, now.totals.charging_mwh);
}

/// Stations so small that cars must wait, and some go without: none above its limit but for what is no car.
#[test]
fn a_limited_station_stays_below_its_limit() {
    let (city, weather) = (town(), weather());
    let mut energy = prepared(&city, &weather);
    let mut mobility = Mobility::clone(energy.mobility());
    mobility.week_km.iter_mut().for_each(|km| *km *= 40.0);
    energy.mobility = OnceLock::from(Arc::new(mobility));
    let year = |rule| {
        let of = EnergySpec { without_grid: false, ..spec(rule, [0.0, 1.0, 0.0, 0.0]) };
        energy.year(&of, &()).expect("a year")
    };
    let (now, limited) = (year(ChargingRule::Immediate), year(ChargingRule::FeederLimited));
    assert!(now.stations.iter().any(|station| station.year.hours_over > 100));
    for station in &limited.stations {
        assert!(station.year.peak_loading <= 1.0, "{station:?}");
    }
    let charging = &limited.charging;
    assert!(charging.unmet_mwh > 0.0 && charging.residual < 1e-9, "{charging:?}");
    assert!(now.charging.unmet_mwh < limited.charging.unmet_mwh);
}

#[test]
fn batteries_balance_and_use_more_of_the_sun() {
    let (city, weather) = (town(), weather());
    let energy = prepared(&city, &weather);
    let year = |battery, street| energy.year(&spec(ChargingRule::Immediate, [1.0, 0.3, battery, street]), &());
    let (without, with) = (year(0.0, 0.0).expect("a year"), year(1.0, 1.0).expect("a year"));
    assert_eq!((without.batteries.homes, without.batteries.stations), (0, 0));
    let of = &with.batteries;
    assert!(of.homes > 10 && of.stations > 0 && of.residual < 1e-9, "{of:?}");
    assert!(of.losses_mwh > 0.0 && with.balance_residual < 1e-9, "{of:?}");
    let off = of.charge_mwh - of.discharge_mwh - of.losses_mwh - (of.state_last_mwh - of.state_first_mwh);
    assert!(off.abs() < 1e-9 * of.charge_mwh, "{off}");
    let mut state = of.state_first_mwh;
    for hour in &with.hours {
        assert!((0.0..=of.capacity_mwh * (1.0 + 1e-12)).contains(&hour.battery_state), "{hour:?}");
        // No more comes out of the cells than went in.
        assert!(hour.battery_state - state <= hour.battery_charge + 1e-12, "{hour:?}");
        state = hour.battery_state;
    }
    assert!((state - of.state_last_mwh).abs() < 1e-12);
    assert!(with.totals.self_consumption_mwh > 1.1 * without.totals.self_consumption_mwh);
    assert!(with.totals.export_mwh < without.totals.export_mwh);
    assert!(with.totals.peak_import_mw <= without.totals.peak_import_mw);
}

#[test]
fn a_wrong_share_of_street_batteries_is_one_clear_line() {
    let (city, weather) = (town(), weather());
    let energy = CityEnergy::prepare(&city, &weather).expect("prepared");
    let fault = energy.year(&spec(ChargingRule::Immediate, [0.0, 0.0, 0.0, f64::NAN]), &()).expect_err("a fault");
    assert_eq!(fault.to_string(), "the share street_battery_share is NaN; give a number from 0 to 1");
}
