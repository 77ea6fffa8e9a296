//! The user equilibrium against what others found, and what is read from it against brute force.
//!
//! Truth from outside stands in `tests/cases/traffic`; instances of `../shared` are skipped where absent.

use std::{ops::ControlFlow, path::PathBuf};

use citytwin_traffic::{
    assignment::{self, Equilibrium, Extent, Graph, Link, Options, Progress, Trips, UserClass},
    tntp,
};

fn cases() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/traffic")
}

fn shared(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/traffic/tntp").join(name);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        println!("skipped: {} is absent", path.display());
    }
    text
}

fn quiet(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn solved(graph: &Graph, trips: &Trips, gap: f64) -> Equilibrium {
    assignment::solve(graph, trips, &Options { gap, ..Options::default() }, quiet).unwrap()
}

fn instance(name: &str, toll_weight: f64, length_weight: f64) -> Option<(Graph, Trips)> {
    let graph = tntp::read_net(&shared(&format!("{name}_net.tntp"))?).unwrap();
    let entries = tntp::read_trips(&shared(&format!("{name}_trips.tntp"))?, &graph).unwrap();
    let class = UserClass { toll_weight, length_weight, pce: 1.0 };
    Some((graph.clone(), Trips::of(graph.extent().zones, class, &entries).unwrap()))
}

/// Within 0.1 % or one vehicle: what the issue asks of link flows.
fn same_flow(a: f64, b: f64) -> bool {
    (a - b).abs() <= f64::max(1.0, 1e-3 * b.abs())
}

/// A grid of two-way streets of uneven length, a zone at each corner and in the middle.
fn grid(side: usize) -> (Graph, Trips) {
    let zones = 5_u32;
    let node = |x: usize, y: usize| zones + (y * side + x) as u32;
    let mut links = Vec::new();
    let mut both = |from, to, free_time, capacity| {
        let link = Link {
            free_time,
            capacity,
            b: 0.15,
            power: 4.0,
            length: free_time,
            toll: free_time % 0.3,
            ..Link::default()
        };
        links.push(Link { from, to, ..link });
        links.push(Link { from: to, to: from, ..link });
    };
    for y in 0..side {
        for x in 0..side {
            let time = 1.0 + 0.1 * ((x * 7 + y * 13) % 5) as f64;
            if x + 1 < side {
                both(node(x, y), node(x + 1, y), time, 300.0);
            }
            if y + 1 < side {
                both(node(x, y), node(x, y + 1), time + 0.05, 250.0);
            }
        }
    }
    let (m, e) = (side / 2, side - 1);
    for (zone, (x, y)) in [(0, 0), (e, 0), (0, e), (e, e), (m, m)].into_iter().enumerate() {
        both(zone as u32, node(x, y), 0.2, 1e5);
    }
    let extent = Extent { vertices: zones + (side * side) as u32, zones, first_through: zones };
    let pairs =
        (0..zones).flat_map(|o| (0..zones).map(move |d| (o, d, 150.0 + 40.0 * f64::from(o) + 10.0 * f64::from(d))));
    let entries: Vec<_> = pairs.filter(|e| e.0 != e.1).collect();
    (Graph::new(extent, links).unwrap(), Trips::of(zones, UserClass::default(), &entries).unwrap())
}

#[test]
fn braess_is_exact() {
    let read = |name: &str| std::fs::read_to_string(cases().join("braess").join(name)).unwrap();
    let mut graph = tntp::read_net(&read("net.tntp")).unwrap();
    let entries = tntp::read_trips(&read("trips.tntp"), &graph).unwrap();
    let trips = Trips::of(2, UserClass::default(), &entries).unwrap();
    let mut found = solved(&graph, &trips, 0.0);
    let flows = |found: &Equilibrium| -> Vec<f64> { (0..5).map(|l| found.flow(l)).collect() };
    let near = |found: &[f64], wanted: [f64; 5]| found.iter().zip(wanted).all(|(f, w)| (f - w).abs() < 1e-7);
    assert!(near(&flows(&found), [4.0, 2.0, 2.0, 2.0, 4.0]), "{:?}", flows(&found));
    assert!((found.skims(&graph, 0).cost(0, 1) - 92.0).abs() < 1e-6);
    graph.set_closed(3, true).unwrap();
    found.resume(&graph, &Options { gap: 0.0, ..Options::default() }, quiet).unwrap();
    assert!(near(&flows(&found), [3.0, 3.0, 3.0, 0.0, 3.0]), "{:?}", flows(&found));
    assert!((found.skims(&graph, 0).cost(0, 1) - 83.0).abs() < 1e-6, "the paradox");
}

#[test]
fn best_known_objectives_and_flows_are_met() {
    let expected = std::fs::read_to_string(cases().join("best_known/expected.csv")).unwrap();
    for row in expected.lines().skip(1) {
        let columns: Vec<&str> = row.split(',').collect();
        let [toll, length, objective] = [1, 2, 3].map(|i| columns[i].parse::<f64>().unwrap());
        let name = columns[0];
        let Some((graph, trips)) = instance(name, toll, length) else { continue };
        let found = solved(&graph, &trips, 1e-13);
        let p = found.progress();
        println!("{name}: gap {:.1e} in {} iterations, objective {:.9}", p.relative_gap, p.iteration, p.objective);
        assert!(p.relative_gap <= 1e-13, "{name}");
        assert!((p.objective - objective).abs() <= 1e-9 * objective, "{name}: {} {objective}", p.objective);
        let Some(flows) = shared(&format!("{name}_flow.tntp")) else { continue };
        for line in flows.lines().skip(1).filter(|l| !l.trim().is_empty()) {
            let n: Vec<f64> = line.split_whitespace().map(|t| t.parse().unwrap()).collect();
            let same_ends = |k: &Link| f64::from(k.from) + 1.0 == n[0] && f64::from(k.to) + 1.0 == n[1];
            let l = graph.links().iter().position(same_ends).unwrap();
            assert!(same_flow(found.flow(l), n[2]), "{name} {line}: {}", found.flow(l));
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let mut cases = vec![grid(12)];
    cases.extend(instance("ChicagoSketch", 0.02, 0.04));
    for (mut graph, trips) in cases {
        let mut outcomes = Vec::new();
        for threads in [1, 2, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let bits = pool.install(|| {
                graph.set_closed(20, false).unwrap();
                let mut found = solved(&graph, &trips, 1e-5);
                graph.set_closed(20, true).unwrap();
                found.resume(&graph, &Options { gap: 1e-5, ..Options::default() }, quiet).unwrap();
                let flows = (0..graph.links().len()).map(|l| found.flow(l).to_bits());
                flows.chain(found.skims(&graph, 0).cost.iter().map(|c| c.to_bits())).collect::<Vec<u64>>()
            });
            outcomes.push(bits);
        }
        assert!(outcomes.windows(2).all(|w| w[0] == w[1]));
    }
}

#[test]
fn a_warm_start_finds_what_a_cold_one_does() {
    let options = Options { gap: 1e-12, ..Options::default() };
    let mut cases = vec![(grid(12), vec![0, 57, 131])];
    cases.extend(instance("ChicagoSketch", 0.02, 0.04).map(|i| (i, vec![1500])));
    for ((mut graph, trips), links) in cases {
        let mut found = solved(&graph, &trips, options.gap);
        let before: Vec<f64> = (0..graph.links().len()).map(|l| found.flow(l)).collect();
        for l in links {
            let old = graph.links()[l];
            let narrow = Link { capacity: 0.5 * old.capacity, toll: 1.0, ..old };
            let edits: [&dyn Fn(&mut Graph); 4] = [
                &|g| g.set_closed(l, true).unwrap(),
                &|g| g.set_closed(l, false).unwrap(),
                &|g| g.set_link(l, narrow).unwrap(),
                &|g| g.set_link(l, old).unwrap(),
            ];
            for (e, edit) in edits.iter().enumerate() {
                edit(&mut graph);
                found.resume(&graph, &options, quiet).unwrap();
                assert!(found.progress().relative_gap <= options.gap, "edit {e} of link {l}");
                let cold = solved(&graph, &trips, options.gap);
                let (a, b) = (found.progress().objective, cold.progress().objective);
                assert!((a - b).abs() <= 1e-10 * b, "edit {e} of link {l}: {a} {b}");
                assert!((0..before.len()).all(|k| same_flow(found.flow(k), cold.flow(k))), "edit {e} of link {l}");
                assert!(!graph.closed(l) || found.flow(l) == 0.0);
            }
        }
        assert!((0..before.len()).all(|k| same_flow(found.flow(k), before[k])), "all edits undone");
    }
}

/// Floyd and Warshall's, with zones that cannot be driven through: another way to the same costs.
fn all_pairs(graph: &Graph, cost: &dyn Fn(usize) -> f64) -> Vec<Vec<f64>> {
    let Extent { vertices, first_through, .. } = graph.extent();
    let n = vertices as usize;
    let mut least = vec![vec![f64::INFINITY; n]; n];
    for (l, link) in graph.links().iter().enumerate() {
        let entry = &mut least[link.from as usize][link.to as usize];
        *entry = entry.min(cost(l));
    }
    (0..n).for_each(|v| least[v][v] = 0.0);
    for via in first_through as usize..n {
        for from in 0..n {
            for to in 0..n {
                least[from][to] = least[from][to].min(least[from][via] + least[via][to]);
            }
        }
    }
    least
}

#[test]
fn skims_and_isochrones_equal_brute_force() {
    let (graph, trips) = grid(9);
    let found = solved(&graph, &trips, 1e-8);
    let truth = all_pairs(&graph, &|l| found.time(l));
    let skims = found.skims(&graph, 0);
    let jobs = [10.0, 20.0, 40.0, 80.0, 160.0];
    let within = skims.within(&jobs, &[9.0, 12.0, 15.0]);
    for (from, row) in truth.iter().enumerate().take(5) {
        for (to, least) in row.iter().enumerate().take(5) {
            // Sums in another order differ in the last digits.
            assert!((skims.cost(from, to) - least).abs() <= 1e-12 * least, "{from} {to}");
            assert!((skims.time(from, to) - least).abs() <= 1e-12 * least, "{from} {to}");
        }
        for (i, limit) in [9.0, 12.0, 15.0].into_iter().enumerate() {
            let wanted: f64 = (0..5).filter(|to| row[*to] <= limit).map(|to| jobs[to]).sum();
            assert_eq!(within[from][i], wanted);
        }
    }
    let node = 5 + 40;
    let costs = found.costs_from(&graph, 0, node);
    assert!(costs.iter().zip(&truth[node as usize]).all(|(a, b)| (a - b).abs() <= 1e-12 * b));
}

#[test]
fn select_link_and_turns_account_for_every_vehicle() {
    let (graph, trips) = grid(9);
    let found = solved(&graph, &trips, 1e-8);
    let mut checked = 0;
    for (l, link) in graph.links().iter().enumerate().filter(|(l, _)| found.flow(*l) > 1.0) {
        let users = found.select_link(&graph, l);
        assert!((users.total() - found.flow(l)).abs() <= 1e-9 * found.flow(l), "link {l}");
        assert!((users.by_origin(5).iter().sum::<f64>() - users.by_destination(5).iter().sum::<f64>()).abs() < 1e-6);
        let onward: f64 = found.turns_from(&graph, l).iter().map(|t| t.flow).sum();
        let ends = if link.to < 5 { found.flow(l) } else { 0.0 };
        assert!((onward + ends - found.flow(l)).abs() <= 1e-9 * found.flow(l), "link {l}");
        checked += 1;
    }
    assert!(checked > 100);
}

#[test]
fn classes_share_the_road_and_weigh_tolls_on_their_own() {
    let (graph, _) = grid(9);
    let mut trips = Trips::new(5);
    let cars = UserClass { toll_weight: 5.0, ..UserClass::default() };
    let lorries = UserClass { pce: 2.5, length_weight: 0.5, ..UserClass::default() };
    trips.add_class(cars, &[(0, 3, 800.0), (1, 2, 500.0)]).unwrap();
    trips.add_class(lorries, &[(0, 3, 100.0), (4, 2, 60.0)]).unwrap();
    let found = solved(&graph, &trips, 1e-11);
    assert!(found.progress().relative_gap <= 1e-11);
    let (a, b) = (found.class_flows(&graph, 0), found.class_flows(&graph, 1));
    for l in 0..graph.links().len() {
        assert!((a[l] + 2.5 * b[l] - found.flow(l)).abs() < 1e-6, "link {l}");
    }
    // Both of a class's totals by hand: what each spends is its trips times its own least cost.
    let spent = |class: usize, trips: &[(usize, usize, f64)]| -> f64 {
        let skims = found.skims(&graph, class);
        trips.iter().map(|t| t.2 * skims.cost(t.0, t.1)).sum()
    };
    let least = spent(0, &[(0, 3, 800.0), (1, 2, 500.0)]) + spent(1, &[(0, 3, 250.0), (4, 2, 150.0)]);
    assert!((found.progress().total_cost - least).abs() <= 1e-9 * least);
}

#[test]
fn unreachable_trips_are_listed_until_a_way_opens() {
    let (mut graph, trips) = grid(5);
    let into_zone_3 = graph.links().iter().position(|l| l.to == 3).unwrap();
    graph.set_closed(into_zone_3, true).unwrap();
    let mut found = solved(&graph, &trips, 1e-8);
    let lost = found.unreachable();
    assert_eq!(lost.iter().map(|u| (u.origin, u.destination)).collect::<Vec<_>>(), [(0, 3), (1, 3), (2, 3), (4, 3)]);
    assert_eq!(lost.iter().map(|u| u.trips).sum::<f64>(), 180.0 + 220.0 + 260.0 + 340.0);
    graph.set_closed(into_zone_3, false).unwrap();
    found.resume(&graph, &Options { gap: 1e-8, ..Options::default() }, quiet).unwrap();
    assert!(found.unreachable().is_empty());
    assert!((found.flow(into_zone_3) - 1000.0).abs() < 1e-6);
}

#[test]
fn a_report_has_the_agreed_shape_and_a_search_can_be_ended() {
    let (graph, trips) = grid(5);
    let found = assignment::solve(&graph, &trips, &Options { gap: 0.0, ..Options::default() }, |p| {
        if p.iteration == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let report = serde_json::to_value(found.unwrap().report(&graph)).unwrap();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["cpu_s", "iterations", "links", "objective", "relative_gap"]);
    assert_eq!(report["iterations"], 2);
    let first: Vec<&String> = report["links"][0].as_object().unwrap().keys().collect();
    assert_eq!(first, ["cost", "flow", "from", "to"]);
    assert_eq!(report["links"][0]["from"], graph.links()[0].from + 1);
}
