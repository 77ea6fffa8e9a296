//! The synthetic grid of cities made by hand: everybody connected, radial, carrying the base load, the same every time.

mod town;

use citytwin_energy::{
    EnergySystem, SunPower,
    grid::{
        EN_50160, PhaseSweep, Sweep, outages, solve,
        synthetic::{CityGrid, LineKind, Phases, Powers},
        within,
    },
};
use citytwin_model::{
    BuildingUse, City, EnergyAssetKind, Origin,
    time::{LocalTime, civil::date},
};
use town::{asset, building, house_town, road, town};

/// The energy system in the hour of a working week in January in which the city draws most.
fn at_its_peak(city: &City) -> EnergySystem {
    let mut system = EnergySystem::new(city);
    let mut most = (0.0, date(2026, 1, 12).at(0, 30, 0, 0));
    for day in 12..19 {
        for hour in 0..24 {
            let time = date(2026, 1, day).at(hour, 30, 0, 0);
            system.evaluate(LocalTime::of_civil(time), SunPower::default(), 3600.0);
            if system.totals().load_w > most.0 {
                most = (system.totals().load_w, time);
            }
        }
    }
    system.evaluate(LocalTime::of_civil(most.1), SunPower::default(), 3600.0);
    system
}

fn powers(system: &EnergySystem) -> Powers<'_> {
    Powers::of(system)
}

/// Base load within EN 50160 and all ratings, by the grid's own sweep.
fn assert_carries_base_load(city: &City, system: &EnergySystem, grid: &CityGrid) {
    let sweep = Sweep::new(&grid.grid).expect("radial as operated");
    let demand = grid.demand(&[powers(system)]);
    let flow = sweep.solve_hours(demand.profiles()).expect("solvable");
    let answer = grid.answer(&demand, 0, &flow.vm_pu);
    assert_eq!(answer.building_vm_pu.len(), city.buildings.len());
    for (index, vm) in answer.building_vm_pu.iter().enumerate() {
        assert!((0.9..=1.1).contains(vm), "building {index}: {vm} pu");
    }
    let unloaded = grid.demand(&[Powers { load_w: &[], pv_w: &[], asset_w: &[] }]);
    let vm_pu = sweep.solve_hours(unloaded.profiles()).expect("solvable").vm_pu;
    assert!(vm_pu.iter().all(|vm| *vm == 0.0 || (0.9..=1.1).contains(vm)), "unloaded");
    assert!(answer.line_loading.iter().all(|&loading| loading <= 1.0), "a line is overloaded");
    let made_up = system.transformers().iter().zip(&answer.transformer_loading).filter(|(t, _)| t.asset.is_none());
    assert!(made_up.map(|(_, loading)| loading).all(|&loading| loading <= 1.0), "a made-up transformer is overloaded");
}

/// Towns of every shape: streets, no streets, streets apart, one house, large customers, stated stations.
fn towns() -> Vec<(&'static str, City)> {
    let mut without_streets = town(400, 3);
    without_streets.roads.clear();
    let mut apart = town(300, 1);
    for (index, x) in [9000.0, 9100.0, 9200.0].into_iter().enumerate() {
        let id = apart.buildings.len();
        apart.buildings.push(building(id, BuildingUse::House, (x, 300.0), (12.0, 10.0)));
        let id = apart.roads.len();
        apart.roads.push(road(id, &[(x - 40.0, 290.0), (x + 40.0, 290.0 + index as f64)]));
    }
    let mut large = town(200, 2);
    for at in [(0.0, -150.0), (300.0, -150.0)] {
        large.buildings.push(building(large.buildings.len(), BuildingUse::Hospital, at, (200.0, 100.0)));
    }
    let mut stated = town(1500, 5);
    asset(&mut stated, EnergyAssetKind::Transformer, (210.0, 95.0), Some(630_000.0));
    asset(&mut stated, EnergyAssetKind::Transformer, (600.0, 300.0), None);
    asset(&mut stated, EnergyAssetKind::Substation, (-300.0, 0.0), None);
    asset(&mut stated, EnergyAssetKind::Charger, (220.0, 100.0), Some(50_000.0));
    asset(&mut stated, EnergyAssetKind::Solar, (500.0, 500.0), Some(2e6));
    vec![
        ("streets", town(2500, 7)),
        ("no streets", without_streets),
        ("apart", apart),
        ("one house", town(1, 0)),
        ("large customers", large),
        ("stated", stated),
        ("nobody", town(0, 0)),
    ]
}

#[test]
fn every_building_is_connected_and_the_base_load_carried() {
    for (name, city) in towns() {
        let system = at_its_peak(&city);
        let grid = CityGrid::grow(&city, &system, 1).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (index, connection) in grid.buildings.iter().enumerate() {
            assert!((connection.bus as usize) < grid.grid.buses.len(), "{name}: building {index} hangs on nothing");
            assert_eq!(grid.grid.loads[index].bus, connection.bus, "{name}: load {index}");
        }
        assert_eq!(grid.bus_at.len(), grid.grid.buses.len());
        assert_eq!(grid.lines.len(), grid.grid.lines.len());
        println!("{name}: {:?}", grid.figures(&city));
        assert_carries_base_load(&city, &system, &grid);
    }
}

/// The grid's transformers are the energy system's, and they serve the same buildings.
#[test]
fn grid_and_energy_system_tell_one_truth() {
    for (name, city) in towns() {
        let system = EnergySystem::new(&city);
        let grid = CityGrid::grow(&city, &system, 1).unwrap();
        for (state, transformer) in system.transformers().iter().zip(&grid.grid.transformers) {
            let rated_va = transformer.rated_va * f64::from(transformer.parallel);
            assert!((rated_va - state.rated_w).abs() < 1e-6 * rated_va, "{name}");
        }
        for (index, building) in city.buildings.iter().enumerate() {
            let connection = grid.buildings[index];
            let by_grid = connection.feeder.map(|feeder| grid.feeders[feeder as usize].transformer as usize);
            let own = grid.stations.iter().position(|station| station.low_bus == connection.bus);
            assert_eq!(by_grid.or(own), Some(system.transformer_of(building.id)), "{name}: building {index}");
        }
    }
}

/// Courses begin and end at their buses and are as long as the lines say, terminations and house entries aside.
#[test]
fn courses_join_their_buses() {
    for (name, city) in towns() {
        let system = EnergySystem::new(&city);
        let grid = CityGrid::grow(&city, &system, 1).unwrap();
        for (index, line) in grid.grid.lines.iter().enumerate() {
            let course = grid.course(index as u32);
            let far = |a: citytwin_model::Coord<f64>, bus: u32| {
                let at = grid.bus_at[bus as usize];
                (a.x - at.x).hypot(a.y - at.y)
            };
            let id = &line.label.id;
            assert!(far(course[0], line.ends.from) < 1e-6, "{name}: {id} does not begin at its bus");
            assert!(far(course[course.len() - 1], line.ends.to) < 1e-6, "{name}: {id} does not end at its bus");
            let length_m: f64 = course.windows(2).map(|p| (p[0].x - p[1].x).hypot(p[0].y - p[1].y)).sum();
            let extra_m = 1000.0 * line.length_km - length_m;
            assert!((-1e-6..=3.0 + 1e-6).contains(&extra_m), "{name}: {id} is {extra_m} m longer than its course");
            assert!(matches!(grid.lines[index].origin(), Origin::Inferred(_)));
        }
    }
}

#[test]
fn the_same_city_and_seed_give_the_same_bytes_for_any_number_of_threads() {
    let city = town(3000, 4);
    let grown = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| format!("{:?}", CityGrid::grow(&city, &EnergySystem::new(&city), seed).unwrap()))
    };
    let one = grown(1, 1);
    assert!(one == grown(3, 1) && one == grown(1, 1), "not the same bytes");
    assert!(one != grown(1, 2), "the seed decides phases");
}

/// What [`CityGrid::answer`] sums up is what the full load flow says of every branch.
#[test]
fn loadings_are_those_of_the_load_flow() {
    let city = towns().remove(5).1;
    let system = at_its_peak(&city);
    let grown = CityGrid::grow(&city, &system, 1).unwrap();
    let demand = grown.demand(&[powers(&system)]);
    let swept = Sweep::new(&grown.grid).unwrap().solve_hours(demand.profiles()).unwrap();
    let answer = grown.answer(&demand, 0, &swept.vm_pu);
    let mut data = grown.grid.clone().into_data();
    for (index, load) in data.loads.iter_mut().enumerate() {
        let zip = citytwin_energy::grid::Zip::constant(demand.p_w[index], demand.q_var[index]);
        load.demand = citytwin_energy::grid::Demand::Balanced(zip);
    }
    let flow = solve(&citytwin_energy::grid::Grid::new(data).unwrap()).unwrap();
    let answered = answer.line_loading.iter().chain(&answer.transformer_loading);
    for (index, (by_answer, by_flow)) in answered.zip(&flow.branches).enumerate() {
        let by_flow = by_flow.loading.unwrap();
        assert!((f64::from(*by_answer) - by_flow).abs() < 1e-6, "branch {index}: {by_answer} {by_flow}");
    }
    assert!((answer.losses_w / flow.losses_w - 1.0).abs() < 1e-6, "{} {}", answer.losses_w, flow.losses_w);
    assert!(within(&flow, &EN_50160) || system.transformers().iter().any(|t| t.loading > 1.0));
}

/// A section of a ring or a unit of the substation out: the open points bring everybody back, and nothing is overloaded.
#[test]
fn an_open_ring_feeds_back() {
    let city = town(2500, 7);
    let system = EnergySystem::new(&city);
    let grown = CityGrid::grow(&city, &system, 1).unwrap();
    let ring = grown.rings.iter().max_by_key(|ring| ring.stations.len()).unwrap();
    let closed: Vec<u32> = (ring.lines[0]..ring.lines[1]).filter(|&line| line != ring.open_line).collect();
    assert!(ring.stations.len() > 1 && !closed.is_empty());
    let unit = grown.grid.lines.len() as u32 + grown.substations[ring.substation as usize].transformers[0];
    for outage in outages(&grown.grid, &[closed, vec![unit]].concat()) {
        assert!(outage.loads_off > 0 && outage.loads_off_after == 0, "{}", outage.branch);
        let flow = outage.flow.unwrap();
        assert!(flow.branches.iter().filter_map(|b| b.loading).all(|loading| loading <= 1.0), "{}", outage.branch);
    }
}

#[test]
fn single_phases_are_balanced_and_three_phases_solvable() {
    let city = house_town(600);
    let system = at_its_peak(&city);
    let grid = CityGrid::grow(&city, &system, 3).unwrap();
    let mut counts = [0_usize; 3];
    for connection in &grid.buildings {
        if let Phases::One(phase) = connection.phases {
            counts[usize::from(phase)] += 1;
        }
    }
    assert!(counts.iter().all(|&count| count.abs_diff(200) <= 40), "{counts:?}");
    let demand = grid.phase_demand(&[powers(&system)]);
    let total = |values: &[f64]| values.iter().sum::<f64>();
    assert!((total(&demand.p_w) / system.totals().load_w - 1.0).abs() < 1e-6);
    let flow = PhaseSweep::new(&grid.grid).unwrap().solve_hours(demand.phase_profiles()).unwrap();
    for connection in &grid.buildings {
        let own = &flow.vm_pu[3 * connection.bus as usize..][..3];
        assert!(own.iter().all(|vm| (0.9..=1.1).contains(vm)), "{own:?}");
    }
}

/// Two buildings of one source would be two buses of one id.
#[test]
fn buildings_named_alike_are_one_clear_error() {
    let mut city = town(10, 1);
    city.buildings[4].source = city.buildings[2].source.clone();
    let system = EnergySystem::new(&city);
    let error = CityGrid::grow(&city, &system, 1).map(|_| ()).expect_err("refused").to_string();
    assert!(error.contains("table bus") && error.contains("stands already in row"), "{error}");
}

/// No service crosses to another street's building while a street passes its own door.
#[test]
fn services_are_short_in_a_town_with_streets() {
    let city = town(2500, 7);
    let grid = CityGrid::grow(&city, &EnergySystem::new(&city), 1).unwrap();
    let services = grid.lines.iter().zip(&grid.grid.lines).filter(|(l, _)| matches!(l.kind, LineKind::Service(_)));
    let longest = services.map(|(_, line)| 1000.0 * line.length_km).fold(0.0, f64::max);
    assert!(longest < 40.0, "{longest} m");
}

/// Houses on a bank without a street hang on the farther street of their own bank, not on the nearer one across the water.
#[test]
fn straight_lines_keep_off_water() {
    let mut city = town(0, 0);
    city.roads.clear();
    for points in [[(0.0, 0.0), (400.0, 0.0)], [(0.0, -400.0), (400.0, -400.0)], [(0.0, 0.0), (0.0, -400.0)]] {
        city.roads.push(road(city.roads.len(), &points));
    }
    for index in 0..6 {
        let x = 150.0 + 25.0 * index as f64;
        for y in [10.0, -160.0, -390.0] {
            city.buildings.push(building(city.buildings.len(), BuildingUse::House, (x, y), (10.0, 10.0)));
        }
    }
    let river = town::strip((20.0, -110.0), (500.0, -60.0));
    city.water.push(river.clone());
    let grid = CityGrid::grow(&city, &EnergySystem::new(&city), 1).unwrap();
    assert!(grid.figures(&city).straight_km > 0.1);
    for line in 0..grid.lines.len() as u32 {
        let course = citytwin_model::LineString::from(grid.course(line).to_vec());
        assert!(!geo::Intersects::intersects(&course, &river.shape), "{}", grid.grid.lines[line as usize].label.id);
    }
}
