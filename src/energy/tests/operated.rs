//! A synthetic grid with elements out of service: who is off, and that the rest is what the general load flow says.

#[allow(dead_code, reason = "each test file takes what it needs")]
mod town;

use std::collections::BTreeSet;

use citytwin_energy::{
    EnergySystem, SunPower,
    grid::{
        Demand, EN_50160, Grid, Zip, solve, solve_phases,
        synthetic::{Answer, CityGrid, Element, Joining, Operated, Phases, Powers},
    },
};
use citytwin_model::{
    City,
    time::{LocalTime, civil::date},
};
use town::town;

struct Case {
    city: City,
    system: EnergySystem,
    grid: CityGrid,
}

fn case() -> Case {
    let city = town(400, 3);
    let mut system = EnergySystem::new(&city);
    system.evaluate(LocalTime::of_civil(date(2026, 1, 14).at(18, 30, 0, 0)), SunPower::default(), 3600.0);
    let grid = CityGrid::grow(&city, &system, 1).expect("a grid");
    Case { city, system, grid }
}

impl Case {
    fn with_out(&self, out: &[Element]) -> (Operated, Answer) {
        let operated = self.grid.operated(&BTreeSet::from_iter(out.iter().copied())).expect("radial");
        let answer = operated.solve(&[Powers::of(&self.system)]).expect("carried").swap_remove(0);
        (operated, answer)
    }

    /// The same switching state and loads for the general load flow.
    fn loaded(&self, operated: &Operated) -> Grid {
        let demand = self.grid.demand(&[Powers::of(&self.system)]);
        let mut data = operated.grid().grid.clone().into_data();
        for (k, load) in data.loads.iter_mut().enumerate() {
            load.demand = Demand::Balanced(Zip { power: [demand.p_w[k], demand.q_var[k]], ..Zip::default() });
        }
        Grid::new(data).expect("sound")
    }

    fn newton(&self, operated: &Operated) -> Vec<f64> {
        let flow = solve(&self.loaded(operated)).expect("solvable");
        flow.voltage.iter().map(|u| u.norm()).collect()
    }
}

fn assert_same(answer: &Answer, newton: &[f64]) {
    for (bus, (own, theirs)) in answer.bus_vm_pu.iter().zip(newton).enumerate() {
        assert!((f64::from(*own) - theirs).abs() < 1e-6, "bus {bus}: {own} {theirs}");
    }
}

#[test]
fn a_lost_ring_section_loses_nobody() {
    let case = case();
    let (_, before) = case.with_out(&[]);
    let ring = &case.grid.rings[0];
    for section in ring.lines[0]..ring.lines[1] {
        let (operated, answer) = case.with_out(&[Element::Line(section)]);
        assert!(operated.off().is_empty(), "section {section}");
        assert!(answer.building_vm_pu.iter().all(|vm| *vm > 0.85));
        assert_same(&answer, &case.newton(&operated));
    }
    let (_, again) = case.with_out(&[]);
    assert_eq!(before, again, "what is put back is as before");
}

#[test]
fn a_lost_transformer_takes_its_buildings_and_a_lost_unit_nobody() {
    let case = case();
    for (transformer, station) in case.grid.stations.iter().enumerate() {
        let (operated, answer) = case.with_out(&[Element::Transformer(transformer as u32)]);
        let served = (0..case.city.buildings.len() as u32)
            .filter(|b| case.system.transformer_of(citytwin_model::BuildingId(*b)) == transformer);
        let served: Vec<u32> = served.collect();
        assert_eq!(operated.off(), served, "station {station:?}");
        assert!(served.iter().all(|b| answer.building_vm_pu[*b as usize] == 0.0));
        if transformer == 0 {
            assert_same(&answer, &case.newton(&operated));
        }
    }
    for unit in case.grid.substations[0].transformers {
        let (operated, answer) = case.with_out(&[Element::Transformer(unit)]);
        assert!(operated.off().is_empty());
        assert_eq!(answer.transformer_loading[unit as usize], 0.0);
        assert_same(&answer, &case.newton(&operated));
    }
}

#[test]
fn power_in_is_loads_and_losses_whatever_is_out() {
    let case = case();
    let feeder = case.grid.feeders[0].lines[0];
    for out in [vec![], vec![Element::Line(feeder)], vec![Element::Line(u32::MAX)]] {
        let (operated, answer) = case.with_out(&out);
        let supplied: f64 = (0..case.city.buildings.len())
            .filter(|b| answer.building_vm_pu[*b] > 0.0)
            .map(|b| f64::from(case.system.building_load_w()[b] - case.system.building_pv_w()[b]))
            .sum();
        let assets: f64 = case.system.asset_power_w().iter().map(|w| f64::from(*w)).sum();
        let flow: f64 = supplied + assets + answer.losses_w;
        let newton = solve(&case.loaded(&operated)).expect("solvable");
        let sources: f64 = newton.sources.iter().map(|s| s.re).sum();
        assert!((flow - sources).abs() < 1e-6 * sources.abs() + 1.0, "{flow} W, sources {sources} W");
    }
}

/// Everybody joins or nobody does at the ends of the scale; in between what fits keeps the limits in the whole grid, and a
/// smaller unit fits as often or more often.
#[test]
fn feeders_host_what_the_whole_grid_carries() {
    let case = case();
    let (operated, base) = case.with_out(&[]);
    let powers = Powers::of(&case.system);
    let hosts = |unit_w: f64| {
        let joining = Joining { unit: [unit_w, 0.0], limits: EN_50160, placements: 9, seed: 4 };
        operated.grid().hosting(&powers, &base.bus_vm_pu, &joining)
    };
    let members = |k: usize| case.grid.feeders[k].buildings.len();
    assert!(hosts(0.0).iter().enumerate().all(|(k, h)| h.quantile(0.0) == Some(members(k))));
    assert!(hosts(1e7).iter().all(|h| h.quantile(1.0) == Some(0)), "10 MW fits nowhere");
    let (small, large) = (hosts(6_000.0), hosts(12_000.0));
    for (small, large) in small.iter().zip(&large) {
        assert!(small.units.iter().zip(&large.units).all(|(a, b)| a >= b), "{small:?} {large:?}");
    }
    assert!(large.iter().enumerate().any(|(k, h)| h.quantile(0.5) < Some(members(k))), "the test reaches a limit");
    for (feeder, all) in case.grid.feeders.iter().zip(&large) {
        let mut with: Vec<f32> = powers.load_w.to_vec();
        feeder.buildings.iter().for_each(|b| with[*b as usize] += 12_000.0);
        let answer = operated.solve(&[Powers { load_w: &with, ..powers }]).expect("carried").swap_remove(0);
        let lines = &answer.line_loading[feeder.lines[0] as usize..feeder.lines[1] as usize];
        let transformer = answer.transformer_loading[feeder.transformer as usize];
        let low = feeder.buildings.iter().map(|b| answer.building_vm_pu[*b as usize]).fold(f32::INFINITY, f32::min);
        let keeps = lines.iter().all(|l| *l <= 1.0) && transformer <= 1.0 && low >= 0.9;
        // What the feeder draws reactive of its own is in neither.
        let fits = all.quantile(0.0) == Some(feeder.buildings.len());
        let close = lines.iter().chain([&transformer]).any(|l| (*l - 1.0).abs() < 0.05) || (low - 0.9).abs() < 0.01;
        assert!(keeps == fits || close, "{feeder:?}: {low} pu, {transformer}");
    }
}

/// A station whose customers draw three times as much is helped, at a price; one within its limits needs nothing.
#[test]
fn measures_mend_a_station() {
    let case = case();
    let (operated, base) = case.with_out(&[]);
    let powers = Powers::of(&case.system);
    let grid = operated.grid();
    let calm = grid.measures(0, &[(powers, &base.bus_vm_pu)], &EN_50160).expect("carried");
    assert_eq!((calm.measures.len(), calm.left), (0, 0));
    let much: Vec<f32> = powers.load_w.iter().map(|w| 3.0 * w).collect();
    let instant = Powers { load_w: &much, ..powers };
    let answer = operated.solve(&[instant]).expect("carried").swap_remove(0);
    let over = (0..grid.stations.len()).find(|t| answer.transformer_loading[*t] > 1.0).expect("one is overloaded");
    let plan = grid.measures(over as u32, &[(instant, &answer.bus_vm_pu)], &EN_50160).expect("carried");
    let cost: f64 = plan.measures.iter().map(|m| m.cost_eur).sum();
    assert!(plan.left == 0 && cost > 0.0 && (cost - plan.cost_eur).abs() < 1e-6, "{plan:?}");
    assert!(plan.measures.iter().any(|m| m.element == Element::Transformer(over as u32)));
    let again = grid.measures(over as u32, &[(instant, answer.bus_vm_pu.as_slice()); 2], &EN_50160).expect("carried");
    assert_eq!(again, plan, "what is built for an instant carries it");
}

/// Single-phase customers see their own phase; the voltages are those of the unbalanced Newton-Raphson.
#[test]
fn buildings_see_their_own_phases() {
    let case = case();
    let (operated, balanced) = case.with_out(&[]);
    let powers = Powers::of(&case.system);
    let seen = operated.in_phases().expect("sweepable").voltages(&powers).expect("carried");
    let demand = case.grid.phase_demand(&[powers]);
    let mut data = operated.grid().grid.clone().into_data();
    for (k, load) in data.loads.iter_mut().enumerate() {
        let zip =
            |phase: usize| Zip { power: [demand.p_w[3 * k + phase], demand.q_var[3 * k + phase]], ..Zip::default() };
        load.demand = Demand::Wye(Box::new([zip(0), zip(1), zip(2)]));
    }
    let newton = solve_phases(&Grid::new(data).expect("sound")).expect("solvable");
    let mut single = 0;
    for (building, (connection, [low, high])) in case.grid.buildings.iter().zip(&seen).enumerate() {
        let own = |phase: u8| newton.voltage[connection.bus as usize][usize::from(phase)].norm();
        let phases: Vec<f64> = match connection.phases {
            Phases::One(phase) => vec![own(phase)],
            Phases::Three => (0..3).map(own).collect(),
        };
        single += usize::from(phases.len() == 1);
        let lowest = phases.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = phases.iter().copied().fold(0.0, f64::max);
        assert!((f64::from(*low) - lowest).abs() < 1e-6 && (f64::from(*high) - highest).abs() < 1e-6, "{building}");
        assert!((f64::from(*low) - f64::from(balanced.building_vm_pu[building])).abs() < 0.05);
    }
    assert!(single > 0, "the town has single-phase customers");
}
