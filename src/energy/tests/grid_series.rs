//! Profiles: reading, hand calculation, energy, any number of threads.

use citytwin_energy::grid::{Grid, LoadProfiles, SeriesError, SeriesKind, read, solve, solve_phases, solve_series};

const NODES: &str = "id,u_rated_v\n1,400\n2,400\n3,400\n";
const SOURCE: &str = "node,u_ref_pu\n1,1\n";
const LINES: &str = "id,from,to,r1_ohm,x1_ohm,r0_ohm,x0_ohm,i_n_a\n1,1,2,0.1,0,0.1,0,100\n2,2,3,0.1,0,0.1,0,100\n";
const LOADS: &str = "id,node,p_kw,q_kvar\nhome,2,10,0\nshop,3,5,1\n";
const GENERATORS: &str = "id,node,p_kw\nroof,3,4\n";

fn grid(extra: &[(&str, &str)]) -> Grid {
    let files = [
        ("nodes.csv", NODES),
        ("source.csv", SOURCE),
        ("lines.csv", LINES),
        ("loads.csv", LOADS),
        ("generators.csv", GENERATORS),
    ];
    let files: Vec<(&str, &str)> = files.iter().chain(extra).copied().collect();
    read::csv("grid", &files).unwrap_or_else(|error| panic!("{error}"))
}

fn profiles(grid: &Grid, text: &str) -> LoadProfiles {
    read::profiles("p.csv", text, grid).unwrap_or_else(|error| panic!("{error}"))
}

/// Each instant is the load flow of the grid with that instant's powers; what is left out stays as stated.
#[test]
fn each_instant_is_its_own_load_flow() {
    let grid = grid(&[]);
    let text = "time,home,roof\n2026-03-01T00:00,2,0\n2026-03-01T00:30,,1\n2026-03-01T01:00,0,2\n";
    let report = solve_series(&grid, &profiles(&grid, text), SeriesKind::Balanced).unwrap();
    let (mut low, mut high, mut loading, mut lost) = (f64::INFINITY, 0.0_f64, 0.0_f64, 0.0);
    for (home, roof) in [(20.0, 0.0), (10.0, 4.0), (0.0, 8.0)] {
        let loads = LOADS.replace("home,2,10", &format!("home,2,{home}"));
        let generators = GENERATORS.replace("roof,3,4", &format!("roof,3,{roof}"));
        let files = [
            ("nodes.csv", NODES),
            ("source.csv", SOURCE),
            ("lines.csv", LINES),
            ("loads.csv", &*loads),
            ("generators.csv", &*generators),
        ];
        let flow = solve(&read::csv("grid", &files).unwrap()).unwrap();
        (low, high) = (low.min(flow.voltage[2].norm()), high.max(flow.voltage[2].norm()));
        loading = loading.max(flow.branches[0].loading.unwrap());
        lost += 0.5 * flow.losses_w / 1e6;
    }
    let bus = &report.buses[2];
    assert!((bus.vm_min_pu - low).abs() < 1e-9 && (bus.vm_max_pu - high).abs() < 1e-9, "{bus:?}");
    assert!((report.branches[0].loading_max_percent.unwrap() - 100.0 * loading).abs() < 1e-6);
    assert!((report.losses_mwh - lost).abs() < 1e-12, "{} {lost}", report.losses_mwh);
    assert_eq!((report.instants, report.hours), (3, 1.5));
}

/// 400 V behind 0.1 ohm, 60 kW at its end: `u² − 400 u + 6000 = 0`, u = 384.39 V, 156.1 A; twice as much: 366.99 V.
#[test]
fn hours_over_limits_follow_the_hand_calculation() {
    let files = [
        ("nodes.csv", "id,u_rated_v\n1,400\n2,400\n"),
        ("source.csv", SOURCE),
        ("lines.csv", "id,from,to,r1_ohm,x1_ohm,i_n_a\n1,1,2,0.1,0,100\n"),
        ("loads.csv", "id,node,p_kw,q_kvar\n7,2,60,0\n"),
    ];
    let grid = read::csv("grid", &files).unwrap();
    let text = "time,id,p_kw,q_kvar\n0,7,10,0\n1,7,60,0\n3,7,120,0\n4,7,240,0\n";
    let report = solve_series(&grid, &profiles(&grid, text), SeriesKind::Balanced).unwrap();
    let volts = |kilowatts: f64| 200.0 + (40_000.0 - 100.0 * kilowatts).sqrt();
    let (bus, branch) = (&report.buses[1], &report.branches[0]);
    assert!((bus.vm_min_pu - volts(240.0) / 400.0).abs() < 1e-9, "{bus:?}");
    assert!((bus.vm_max_pu - volts(10.0) / 400.0).abs() < 1e-9);
    assert_eq!((bus.hours_outside_5_percent, bus.hours_outside_10_percent), (2.0, 1.0));
    assert_eq!(branch.hours_over_100_percent, 2.0);
    let amperes = 240e3 / (3_f64.sqrt() * volts(240.0));
    assert!((branch.loading_max_percent.unwrap() - amperes).abs() < 1e-6, "{branch:?}");
}

/// What goes in is what is drawn and lost, in every instant, swept, meshed and by phase; and on any number of threads.
#[test]
fn energy_is_kept_on_any_number_of_threads() {
    let mut text = "time,id,p_kw,q_kvar\n".to_owned();
    for hour in 0..300 {
        let kilowatts = 5.0 + 4.0 * f64::from(hour).sin();
        text += &format!("{hour},home,{kilowatts},1\n{hour},roof,{},0\n", 2.0 * kilowatts);
    }
    let meshed = "id,from,to,r1_ohm,x1_ohm,r0_ohm,x0_ohm,i_n_a\n1,1,2,0.1,0,0.1,0,100\n2,2,3,0.1,0,0.1,0,100\n3,1,3,0.2,0,0.2,0,100\n";
    let files = [
        ("nodes.csv", NODES),
        ("source.csv", SOURCE),
        ("lines.csv", meshed),
        ("loads.csv", LOADS),
        ("generators.csv", GENERATORS),
    ];
    let batteries = [("batteries.csv", "id,node,p_kw\nstore,2,-1\n")];
    let cases = [
        (grid(&batteries), SeriesKind::Balanced),
        (read::csv("grid", &files).unwrap(), SeriesKind::Balanced),
        (grid(&[]), SeriesKind::ThreePhase),
    ];
    for (grid, kind) in cases {
        let profiles = profiles(&grid, &text);
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| solve_series(&grid, &profiles, kind).unwrap())
        };
        let report = on(1);
        println!("{kind:?}: imbalance {:.1e}, residual {:.1e} MVA", report.largest_imbalance, report.residual_mva);
        assert!(report.largest_imbalance < 1e-9, "{}", report.largest_imbalance);
        let sum = report.energy_drawn_mwh + report.losses_mwh;
        assert!((report.energy_in_mwh - sum).abs() < 1e-9 * report.energy_in_mwh.abs());
        for threads in [2, 3] {
            assert_eq!(serde_json::to_string(&on(threads)).unwrap(), serde_json::to_string(&report).unwrap());
        }
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    let grid = grid(&[("batteries.csv", "id,node,p_kw\nshop,2,-1\n")]);
    let check = |text: &str, expected: &str| {
        let error = read::profiles("p.csv", text, &grid).expect_err(expected).to_string();
        assert_eq!(error, format!("p.csv: table profiles{expected}"));
    };
    check("", ": is empty; give a header and rows");
    check("hour,home\n0,1\n", ": the first column is \"hour\"; it must be time");
    check("time,home\n", ": has no rows below its header");
    check("time,hut\n0,1\n", ", field hut: there is no load, generator or battery hut");
    check("time,shop\n0,1\n", ", field shop: shop is the id of two elements");
    check("time,home\n0,x\n", ", row 1, field home: \"x\" is no number");
    check("time,home\n0,nan\n", ", row 1, field home: NaN is no finite number; state a number");
    check("time,home\n0,1\n1\n", ", row 2: has 1 cells where the header has 2");
    check(
        "time,home\n1,1\n0,1\n",
        ", row 2, field time: \"0\" does not come after the instant before; sort the rows by time",
    );
    check(
        "time,home\nnoon,1\n",
        ", row 1, field time: \"noon\" is neither a number of hours nor a time like 2026-01-31T18:15",
    );
    check(
        "time,id,kw\n0,home,1\n",
        ", field kw: after time and id comes p_w, p_kw or p_mw, then q_var, q_kvar or q_mvar if wanted",
    );
    check("time,id,p_kw\n0,home,1\n0,home,2\n", ", row 2, field id: stands twice at this time");
}

/// Three phases: each instant is the unbalanced flow of the grid with that instant's powers, between phases too; after an instant
/// that leaves an element out it stands as stated.
#[test]
fn each_instant_is_its_own_unbalanced_flow() {
    let loads = |home: f64| format!("id,node,p_kw,q_kvar,phase\nhome,2,{home},0,a\nshop,3,5,1,bc\n");
    let grid = |home: f64| {
        let loads = loads(home);
        let files = [("nodes.csv", NODES), ("source.csv", SOURCE), ("lines.csv", LINES), ("loads.csv", &*loads)];
        read::csv("grid", &files).unwrap()
    };
    let report = |text: &str| {
        let stated = grid(10.0);
        solve_series(&stated, &profiles(&stated, text), SeriesKind::ThreePhase).unwrap()
    };
    for (text, home) in [("time,home\n0,2\n", 20.0), ("time,home\n0,0.5\n", 5.0)] {
        let (report, flow) = (report(text), solve_phases(&grid(home)).unwrap());
        let low = flow.voltage[1].iter().map(|u| u.norm()).fold(f64::INFINITY, f64::min);
        assert!((report.buses[1].vm_min_pu - low).abs() < 1e-12, "{} {low}", report.buses[1].vm_min_pu);
    }
    let (twice, once) = (report("time,home\n0,0\n1,\n"), report("time,home\n0,1\n"));
    assert_eq!(twice.buses[1].vm_min_pu, once.buses[1].vm_min_pu);
}

/// Profiles of another grid are refused, not run.
#[test]
fn profiles_of_another_grid_are_refused() {
    let with = grid(&[("batteries.csv", "id,node,p_kw\nstore,2,-1\n")]);
    let foreign = profiles(&with, "time,store\n0,1\n");
    assert_eq!(solve_series(&grid(&[]), &foreign, SeriesKind::Balanced).unwrap_err(), SeriesError::Foreign);
}

/// Too much load at one instant: its time is told.
#[test]
fn an_instant_without_solution_is_named() {
    let grid = grid(&[]);
    let profiles = profiles(&grid, "time,home\n2026-07-01 17:00,1\n2026-07-01 18:00,900\n");
    let error = solve_series(&grid, &profiles, SeriesKind::Balanced).unwrap_err().to_string();
    assert!(error.starts_with("at 2026-07-01 18:00: ") && error.contains("did not converge"), "{error}");
}

fn one_line(lines: (&str, &str), loads: &str) -> Grid {
    let nodes = "id,u_rated_v\n1,400\n2,400\n";
    let files = [("nodes.csv", nodes), ("source.csv", SOURCE), lines, ("loads.csv", loads)];
    read::csv("line", &files).unwrap_or_else(|error| panic!("{error}"))
}

/// A load keeps the phases that the file names whatever power it states beside them: each instant is the flow of the grid that
/// states the instant's power itself.
#[test]
fn a_load_moves_on_its_stated_phases() {
    let earthed = "id,from,to,r1_ohm,x1_ohm,r0_ohm,x0_ohm,i_n_a\n1,1,2,0.1,0.05,0.3,0.15,100\n";
    let lone = "id,from,to,phases,r_aa_ohm,x_aa_ohm,i_n_a\n1,1,2,a,0.15,0.08,100\n";
    for (lines, phases) in [(("lines.csv", earthed), ["a", "c", "bc"].as_slice()), (("phase_lines.csv", lone), &["a"])]
    {
        for (phase, (p, q)) in phases.iter().flat_map(|phase| [(phase, (0, 0)), (phase, (2, 0)), (phase, (0, 1))]) {
            let grid = |p: i32, q: i32| one_line(lines, &format!("id,node,p_kw,q_kvar,phase\nh,2,{p},{q},{phase}\n"));
            let stated = grid(p, q);
            let profiles = profiles(&stated, "time,id,p_kw,q_kvar\n0,h,5,3\n");
            let report = solve_series(&stated, &profiles, SeriesKind::ThreePhase).unwrap();
            let flow = solve_phases(&grid(5, 3)).unwrap();
            // A phase that the bus has not stands at nought.
            let low = flow.voltage[1].iter().map(|u| u.norm()).filter(|u| *u > 0.0).fold(f64::INFINITY, f64::min);
            assert!((report.buses[1].vm_min_pu - low).abs() < 1e-12, "{phase} {p} {q}: {report:?} {low}");
            let loading = 100.0 * flow.branches[0].loading.unwrap();
            assert!((report.branches[0].loading_max_percent.unwrap() - loading).abs() < 1e-9);
            assert!((report.energy_drawn_mwh - 5e-3).abs() < 1e-12, "{}", report.energy_drawn_mwh);
        }
    }
    // 5 kW and 3 kvar at 231 V less what (0.5 + 0.25j) / 3 ohm lose of it, by hand: the drop is 0.0207 of the voltage.
    let grid = one_line(("lines.csv", earthed), "id,node,p_kw,q_kvar,phase\nh,2,0,0,a\n");
    let series = profiles(&grid, "time,id,p_kw,q_kvar\n0,h,5,3\n");
    let report = solve_series(&grid, &series, SeriesKind::ThreePhase).unwrap();
    assert!((report.buses[1].vm_min_pu - 0.9793).abs() < 5e-5, "{report:?}");
    assert!((report.branches[0].loading_max_percent.unwrap() - 25.8).abs() < 0.05, "{report:?}");
}

/// What would be drawn from phases that the bus has not is refused, whether it is nought as yet or not.
#[test]
fn power_on_a_missing_phase_is_a_fault() {
    let lines = "id,from,to,phases,r_aa_ohm,x_aa_ohm\n1,1,2,a,0.15,0.08\n";
    let files = |loads| {
        [("nodes.csv", "id,u_rated_v\n1,400\n2,400\n"), ("source.csv", SOURCE), ("phase_lines.csv", lines), loads]
    };
    let of_phase_b = ("loads.csv", "id,node,p_kw,q_kvar,phase\nh,2,0,0,b\n");
    let error = read::csv("line", &files(of_phase_b)).expect_err("no phase b").to_string();
    let place = "table loads.csv, row 1 (id h), field phase: draws from phase b, which no line brings to its bus";
    assert!(error.contains(place), "{error}");
    let grid = read::csv("line", &files(("loads.csv", "id,node,p_kw,q_kvar\nh,2,0,0\n"))).unwrap();
    let profiles = profiles(&grid, "time,id,p_kw,q_kvar\n0,h,5,3\n");
    let error = solve_series(&grid, &profiles, SeriesKind::ThreePhase).unwrap_err().to_string();
    assert!(error.contains(place), "{error}");
    assert!(solve_series(&grid, &profiles, SeriesKind::Balanced).is_ok());
}
