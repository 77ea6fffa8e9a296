//! Many hours at once say of stations and buildings what one load flow after the other does.

#[allow(dead_code, reason = "each test file takes what it needs")]
mod town;

use std::collections::BTreeSet;

use citytwin_energy::{
    EnergySystem, HourlyFlow, PowerRows, SunPower,
    grid::synthetic::{CityGrid, Element, Powers},
};
use citytwin_model::{
    BuildingId,
    time::{LocalTime, civil::date},
};
use town::town;

/// What single precision and the tolerance of the meeting of areas and trunk leave, relative.
const LOSSES: f64 = 2e-6;
/// The same of voltages and loadings; the load flow's own are told in single precision.
const VOLTAGE_PU: f32 = 3e-7;

#[test]
fn hours_side_by_side_are_load_flows() {
    let city = town(400, 3);
    let mut system = EnergySystem::new(&city);
    let mut hour = |hour: i8| {
        system.evaluate(LocalTime::of_civil(date(2026, 1, 14).at(hour, 30, 0, 0)), SunPower::default(), 3600.0);
        let half_back: Vec<f32> =
            system.building_load_w().iter().map(|w| if hour == 12 { 3.0 * w } else { 0.0 }).collect();
        [system.building_load_w().to_vec(), half_back, system.asset_power_w().to_vec()]
    };
    let hours: Vec<[Vec<f32>; 3]> = (5..18).map(&mut hour).collect();
    let powers: Vec<Powers<'_>> =
        hours.iter().map(|[load_w, pv_w, asset_w]| Powers { load_w, pv_w, asset_w }).collect();
    let [load_w, pv_w, asset_w] = [0, 1, 2].map(|part| rows(&hours, part));
    let rows = PowerRows { hours: hours.len(), load_w: &load_w, pv_w: &pv_w, lit: &[], asset_w: &asset_w };
    let grid = CityGrid::grow(&city, &system, 1).expect("a grid");
    for out in [vec![], vec![Element::Transformer(0)], vec![Element::Line(grid.rings[0].lines[0])]] {
        let operated = grid.operated(&BTreeSet::from_iter(out)).expect("radial");
        let answers = operated.solve(&powers).expect("carried");
        let flow = HourlyFlow::new(operated).expect("radial").solve(&rows);
        for (hour, answer) in answers.iter().enumerate() {
            let losses_w = flow.losses_w[hour].expect("carried");
            assert!((losses_w / answer.losses_w - 1.0).abs() < LOSSES, "{hour}: {losses_w} {}", answer.losses_w);
            let near = |ours: f32, theirs: f32| (ours - theirs).abs() < VOLTAGE_PU * (1.0 + theirs);
            for (transformer, theirs) in answer.transformer_loading.iter().enumerate() {
                assert!(near(flow.loading(transformer)[hour], *theirs), "{hour} {transformer}");
            }
            for station in 0..system.transformers().len() {
                let served = answer.building_vm_pu.iter().enumerate();
                let served = served.filter(|(b, _)| system.transformer_of(BuildingId::from_index(*b)) == station);
                let supplied = served.map(|(_, vm)| *vm).filter(|vm| *vm > 0.0);
                let theirs = supplied.fold([f32::INFINITY, 0.0_f32], |[a, b], vm| [a.min(vm), b.max(vm)]);
                let ours = flow.vm_pu(station)[hour];
                let same = ours.iter().zip(theirs).all(|(ours, theirs)| *ours == theirs || near(*ours, theirs));
                assert!(same, "{hour} {station}: {ours:?} {theirs:?}");
            }
        }
    }
}

#[test]
fn hours_that_cannot_be_carried_are_told_and_touch_no_other() {
    let city = town(400, 3);
    let system = EnergySystem::new(&city);
    let operated = CityGrid::grow(&city, &system, 1).expect("a grid").operated(&BTreeSet::new()).expect("radial");
    let hours = 11;
    let load_w: Vec<f32> =
        (0..city.buildings.len() * hours).map(|at| if at % hours == 3 { 2e6 } else { 900.0 }).collect();
    let rows = PowerRows { hours, load_w: &load_w, pv_w: &[], lit: &[], asset_w: &[] };
    let flow = HourlyFlow::new(operated).expect("radial");
    let told = flow.solve(&rows);
    assert_eq!(told.losses_w.iter().position(Option::is_none), Some(3));
    assert_eq!(told.losses_w.iter().flatten().count(), hours - 1);
    assert!(
        told.losses_w
            .iter()
            .flatten()
            .all(|losses_w| (losses_w / told.losses_w[0].expect("carried") - 1.0).abs() < LOSSES)
    );
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool").install(|| flow.solve(&rows));
    assert_eq!(told, alone);
}

/// `member · hours + hour` of one part.
fn rows(hours: &[[Vec<f32>; 3]], part: usize) -> Vec<f32> {
    (0..hours[0][part].len()).flat_map(|member| hours.iter().map(move |hour| hour[part][member])).collect()
}
