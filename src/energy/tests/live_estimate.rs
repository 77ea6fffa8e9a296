//! The state of a synthetic grid from its sensors.

#[allow(dead_code, reason = "each test file takes what it needs")]
mod town;

use std::collections::BTreeSet;

use citytwin_energy::{
    EnergySystem, SunPower,
    grid::synthetic::{Answer, CityGrid, Element, Operated, Powers, Sensed, Sensing},
};
use citytwin_model::time::{LocalTime, civil::date};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use town::town;

struct Case {
    load_w: Vec<f32>,
    pv_w: Vec<f32>,
    asset_w: Vec<f32>,
    grid: CityGrid,
    stations: u32,
}

impl Case {
    fn new() -> Self {
        let city = town(1500, 3);
        let mut system = EnergySystem::new(&city);
        system.evaluate(LocalTime::of_civil(date(2026, 1, 14).at(18, 30, 0, 0)), SunPower::default(), 3600.0);
        let grid = CityGrid::grow(&city, &system, 1).expect("a grid");
        let powers = Powers::of(&system);
        let [load_w, pv_w, asset_w] = [powers.load_w, powers.pv_w, powers.asset_w].map(<[f32]>::to_vec);
        Self { load_w, pv_w, asset_w, stations: grid.stations.len() as u32, grid }
    }

    fn powers<'a>(&'a self, load_w: &'a [f32]) -> Powers<'a> {
        Powers { load_w, pv_w: &self.pv_w, asset_w: &self.asset_w }
    }

    fn operated(&self) -> Operated {
        self.grid.operated(&BTreeSet::new()).expect("radial")
    }

    fn solved(&self, operated: &Operated, load_w: &[f32]) -> Answer {
        operated.solve(&[self.powers(load_w)]).expect("carried").swap_remove(0)
    }

    /// Power into every station: what hangs on it with the losses of its cables and its transformer, from the voltages.
    fn station_powers(&self, operated: &Operated, load_w: &[f32]) -> Vec<f64> {
        let found = operated.estimate(&self.powers(load_w), &[]).expect("an estimate");
        (0..self.stations as usize).map(|t| f64::from(found.transformer_w[t][0])).collect()
    }

    /// Every building draws at random with the deviation that is expected of it: √(500 W · power + (0.2 power)²).
    fn drawn_at_random(&self, rng: &mut Pcg64Mcg) -> Vec<f32> {
        let drawn = |w: &f32| {
            let w = f64::from(*w);
            (w + (500.0 * w + (0.2 * w).powi(2)).sqrt() * normal(rng)) as f32
        };
        self.load_w.iter().map(drawn).collect()
    }
}

fn normal(rng: &mut Pcg64Mcg) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// With nothing measured the most likely state is the load flow of what is expected.
#[test]
fn without_sensors_it_is_the_load_flow() {
    let case = Case::new();
    let operated = case.operated();
    let found = operated.estimate(&case.powers(&case.load_w), &[]).expect("an estimate");
    let flow = case.solved(&operated, &case.load_w);
    // The estimate holds the substation's own voltage, the load flow that of the grid behind it: 1e-4 apart.
    for (bus, (own, theirs)) in found.answer.bus_vm_pu.iter().zip(&flow.bus_vm_pu).enumerate() {
        assert!((own - theirs).abs() < 5e-4, "bus {bus}: {own} {theirs}");
    }
    for (own, theirs) in found.answer.transformer_loading.iter().zip(&flow.transformer_loading) {
        assert!((own - theirs).abs() < 1e-3, "{own} {theirs}");
    }
    assert!(found.set_aside.is_empty() && found.objective < 1e-3, "{}", found.objective);
}

/// Households draw at random, half of the stations are metered: the estimates' errors are as large as the estimate says
/// (standard deviation of error over stated deviation within 15 %), metered and not.
#[test]
fn its_stated_deviations_are_those_of_its_errors() {
    let case = Case::new();
    let operated = case.operated();
    let mut rng = Pcg64Mcg::seed_from_u64(7);
    let (mut metered, mut not) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let drawn = case.drawn_at_random(&mut rng);
        let truth = case.station_powers(&operated, &drawn);
        let sensing = |t: u32, rng: &mut Pcg64Mcg| {
            let sigma = 0.02 * truth[t as usize].abs() + 200.0;
            Sensing { what: Sensed::Transformer(t), value: truth[t as usize] + sigma * normal(rng), sigma }
        };
        let sensings: Vec<Sensing> = (0..case.stations).step_by(2).map(|t| sensing(t, &mut rng)).collect();
        let found = operated.estimate(&case.powers(&case.load_w), &sensings).expect("an estimate");
        for (t, truth) in truth.iter().enumerate() {
            let [estimated, sigma] = found.transformer_w[t].map(f64::from);
            let list = if t % 2 == 0 { &mut metered } else { &mut not };
            list.push((estimated - truth) / sigma);
        }
    }
    for (name, errors) in [("metered", &metered), ("not metered", &not)] {
        let spread = (errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64).sqrt();
        println!("{name}: {} errors, {spread:.3} of what is stated", errors.len());
        assert!(errors.len() > 20 && (spread - 1.0).abs() < 0.15, "{name}: {spread} over {}", errors.len());
    }
}

/// One of the stations' meters reads four times what passes: it is the one that is set aside, and the estimate is as if it
/// were not there. At least 95 of 100 seeds.
#[test]
fn the_bad_meter_is_the_one_set_aside() {
    let case = Case::new();
    let operated = case.operated();
    let truth = case.station_powers(&operated, &case.load_w);
    let mut named = 0;
    for seed in 0..100 {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let bad = rng.random_range(0..case.stations);
        let sensing = |t: u32| {
            let (value, sigma) = (truth[t as usize], 0.02 * truth[t as usize].abs() + 200.0);
            let value = if t == bad { 4.0 * value } else { value + sigma * normal(&mut rng) };
            Sensing { what: Sensed::Transformer(t), value, sigma }
        };
        let sensings: Vec<Sensing> = (0..case.stations).map(sensing).collect();
        let found = operated.estimate(&case.powers(&case.load_w), &sensings).expect("an estimate");
        named += u32::from(found.set_aside == [bad as usize]);
    }
    println!("{named} of 100 bad meters named");
    assert!(named >= 95, "{named} of 100");
}

/// A meter on a building, on a plant and of a voltage each pull the estimate to what they say.
#[test]
fn every_kind_of_sensor_counts() {
    let case = Case::new();
    let operated = case.operated();
    let building = (0..case.load_w.len()).find(|b| case.load_w[*b] > 500.0).expect("a household");
    let powers = case.powers(&case.load_w);
    let station = case.grid.feeders[case.grid.buildings[building].feeder.expect("a feeder") as usize].transformer;
    let before = operated.estimate(&powers, &[]).expect("an estimate");
    let metered = [Sensing {
        what: Sensed::Building(building as u32),
        value: f64::from(case.load_w[building]) + 1000.0,
        sigma: 30.0,
    }];
    let after = operated.estimate(&powers, &metered).expect("an estimate");
    let more = after.transformer_w[station as usize][0] - before.transformer_w[station as usize][0];
    assert!((more - 1000.0).abs() < 50.0, "{more}");
    let low = case.grid.grid.transformers[station as usize].ends.to as usize;
    let value = f64::from(before.answer.bus_vm_pu[low]) + 0.004;
    let metered = [Sensing { what: Sensed::Voltage(low as u32), value, sigma: 0.001 }];
    let after = operated.estimate(&powers, &metered).expect("an estimate");
    assert!((f64::from(after.answer.bus_vm_pu[low]) - value).abs() < 0.001);
    assert!(after.vm_sigma_pu[low] < before.vm_sigma_pu[low]);
    let nowhere = [
        Sensing { what: Sensed::Building(u32::MAX), value: 1.0, sigma: 1.0 },
        Sensing { what: Sensed::Transformer(u32::MAX), value: 1.0, sigma: 1.0 },
        Sensing { what: Sensed::Asset(u32::MAX), value: 1.0, sigma: 1.0 },
        Sensing { what: Sensed::Voltage(u32::MAX), value: 1.0, sigma: 1.0 },
    ];
    let found = operated.estimate(&powers, &nowhere).expect("an estimate");
    assert_eq!((found.answer, found.normalised), (before.answer, vec![None; 4]));
}

/// A station without supply takes no part, and its meter says nothing of the rest.
#[test]
fn what_is_off_takes_no_part() {
    let case = Case::new();
    let operated = case.grid.operated(&BTreeSet::from([Element::Transformer(0)])).expect("radial");
    let sensings = [Sensing { what: Sensed::Transformer(0), value: 5e4, sigma: 1e3 }];
    let found = operated.estimate(&case.powers(&case.load_w), &sensings).expect("an estimate");
    assert_eq!((found.transformer_w[0], found.normalised), ([0.0; 2], vec![None]));
    let low = case.grid.grid.transformers[0].ends.to as usize;
    assert_eq!((found.answer.bus_vm_pu[low], found.vm_sigma_pu[low]), (0.0, 0.0));
}
