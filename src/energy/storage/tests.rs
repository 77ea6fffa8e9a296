//! Random wishes: what goes in comes out but for the losses, and no limit is passed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

fn battery(rng: &mut Pcg64) -> Battery {
    let mut random = |most: f64| most * rng.random::<f64>();
    Battery {
        capacity_wh: 1.0 + random(2e4),
        power_w: 1.0 + random(1e4),
        efficiency: 0.8 + random(0.2),
        standby_w: random(30.0),
    }
}

/// Charge × efficiency − discharge / efficiency = change of state.
#[test]
fn the_state_balances() {
    let mut rng = Pcg64::seed_from_u64(3);
    for _ in 0..200 {
        let battery = battery(&mut rng);
        let (mut state_wh, mut sum_wh, mut moved_wh) = (0.0, 0.0, 0.0_f64);
        for _ in 0..1000 {
            let wish_w = 3.0 * battery.power_w * (rng.random::<f64>() - 0.5);
            let power_w = battery.hour(&mut state_wh, wish_w);
            assert!(power_w.abs() <= battery.power_w && power_w.abs() <= wish_w.abs() && power_w * wish_w >= 0.0);
            assert!((0.0..=battery.capacity_wh).contains(&state_wh));
            sum_wh += if power_w > 0.0 { battery.efficiency * power_w } else { power_w / battery.efficiency };
            moved_wh += power_w.abs();
        }
        assert!((sum_wh - state_wh).abs() <= 1e-9 * moved_wh.max(1.0), "{sum_wh} {state_wh}");
    }
}

#[test]
fn own_consumption_leaves_the_grid_alone() {
    let mut rng = Pcg64::seed_from_u64(7);
    for _ in 0..100 {
        let battery = battery(&mut rng);
        let mut state_wh = 0.0;
        for _ in 0..300 {
            let net_w = 2e4 * (rng.random::<f64>() - 0.5);
            let power_w = battery.own_consumption(&mut state_wh, net_w);
            let (before_w, after_w) = (net_w + battery.standby_w, net_w + battery.standby_w + power_w);
            assert!(after_w.abs() <= before_w.abs() && after_w * before_w >= 0.0, "{before_w} {after_w}");
        }
    }
}

/// By hand: 10 kW for two hours above a level, a battery of 5 kW and 10 kWh without losses.
#[test]
fn a_level_is_the_lowest_that_holds() {
    let battery = Battery { capacity_wh: 10e3, power_w: 5e3, efficiency: 1.0, standby_w: 0.0 };
    let mut day_w = vec![2e3; DAY_H];
    day_w[18] = 12e3;
    day_w[19] = 12e3;
    assert!((battery.level_w(&day_w) - 7e3).abs() < 1e-3);
    day_w[20] = 12e3;
    // A third hour: 10 kWh over three hours.
    assert!((battery.level_w(&day_w) - (12e3 - 10e3 / 3.0)).abs() < 1e-3);
}

#[test]
fn peaks_that_come_again_are_shaved() {
    let battery = Battery { capacity_wh: 20e3, power_w: 10e3, efficiency: 0.93, standby_w: 50.0 };
    let day_w: Vec<f64> = (0..DAY_H).map(|hour| if (17..21).contains(&hour) { 30e3 } else { 10e3 }).collect();
    let mut shaving = PeakShaving::new(battery, &day_w);
    let mut peak_w = 0.0_f64;
    for _ in 0..10 {
        for net_w in &day_w {
            peak_w = peak_w.max(net_w + shaving.hour(*net_w) + battery.standby_w);
        }
    }
    // 20 kWh · 0.93 over four hours.
    assert!((peak_w - (30e3 + 50.0 - 20e3 * 0.93 / 4.0)).abs() < 1.0, "{peak_w}");
}
