//! Many hours at once say of stations and buildings what one load flow after the other does.

#[allow(dead_code, reason = "each test file takes what it needs")]
mod town;

use std::collections::BTreeSet;

use citytwin_energy::{
    EnergySystem, FLOW_LANES, HourlyFlow,
    grid::synthetic::{CityGrid, Element, Powers},
};
use citytwin_model::{
    SunPosition, Weather,
    time::{LocalTime, civil::date},
};
use town::town;

#[test]
fn hours_side_by_side_are_load_flows() {
    let city = town(400, 3);
    let mut system = EnergySystem::new(&city);
    let sun = SunPosition { azimuth_deg: 0.0, elevation_deg: -20.0 };
    let weather = Weather { ghi: 0.0, dni: 0.0, dhi: 0.0, air_temperature_c: 5.0 };
    let mut hour = |hour: i8| {
        system.evaluate(LocalTime::of_civil(date(2026, 1, 14).at(hour, 30, 0, 0)), sun, weather);
        let half_back: Vec<f32> =
            system.building_load_w().iter().map(|w| if hour == 12 { 3.0 * w } else { 0.0 }).collect();
        [system.building_load_w().to_vec(), half_back, system.asset_power_w().to_vec()]
    };
    let hours: Vec<[Vec<f32>; 3]> = (10..15).map(&mut hour).collect();
    let powers: Vec<Powers<'_>> =
        hours.iter().map(|[load_w, pv_w, asset_w]| Powers { load_w, pv_w, asset_w }).collect();
    let grid = CityGrid::grow(&city, &system, 1).expect("a grid");
    for out in [vec![], vec![Element::Transformer(0)], vec![Element::Line(grid.rings[0].lines[0])]] {
        let operated = grid.operated(&BTreeSet::from_iter(out)).expect("radial");
        let answers = operated.solve(&powers).expect("carried");
        let flow = HourlyFlow::new(operated).expect("radial").solve(&powers).expect("carried");
        for (lane, answer) in answers.iter().enumerate() {
            assert!((flow.losses_w[lane] / answer.losses_w - 1.0).abs() < 1e-9, "{lane}");
            let near = |ours: f64, theirs: f32| (ours - f64::from(theirs)).abs() < 1e-6 * (1.0 + f64::from(theirs));
            let pairs = flow.transformer_loading.iter().zip(&answer.transformer_loading);
            assert!(pairs.clone().all(|(ours, theirs)| near(ours[lane], *theirs)), "{lane}");
            let pairs = flow.building_vm_pu.iter().zip(&answer.building_vm_pu);
            assert!(pairs.clone().all(|(ours, theirs)| near(ours[lane], *theirs)), "{lane}");
        }
        assert!((answers.len()..FLOW_LANES).all(|lane| flow.losses_w[lane] == flow.losses_w[answers.len() - 1]));
    }
}
