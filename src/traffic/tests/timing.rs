//! Signals timed for the demand: flows by turn agree with flows by link, and the demo city waits less.

use std::{ops::ControlFlow, path::PathBuf, sync::Arc};

use citytwin_model::{
    LinkId,
    time::{LocalTime, civil},
};
use citytwin_traffic::{
    Demand, Network, Simulation, TurnId,
    assignment::{self, Graph, Options},
    lane_graph::LaneGraph,
};

/// Vehicle-hours of the busiest hour in equilibrium.
fn equilibrium_hours(network: &Network, demand: &Demand) -> f64 {
    let (zones, trips) = assignment::busiest_hour(demand).unwrap();
    let graph = Graph::of_network(network, &zones).unwrap();
    let options = Options { gap: 1e-3, ..Options::default() };
    let found = assignment::solve(&graph, &trips, &options, |_| ControlFlow::Continue(())).unwrap();
    let flows = found.turn_flows(&graph, network);
    // Who enters a link by a turn leaves it by one or arrives: what turns in is never more than the link's flow.
    let mut turned_in = vec![0.0; graph.links().len()];
    for (t, flow) in flows.iter().enumerate() {
        let (from, to) = network.turn_links(TurnId(t as u32)).unwrap();
        assert!(*flow <= found.flow(from.index()) + 1e-6);
        turned_in[to.index()] += flow;
    }
    let links = || 0..graph.links().len();
    assert!(links().all(|l| turned_in[l] <= found.flow(l) + 1e-6));
    let begun: f64 = links().map(|l| found.flow(l) - turned_in[l]).sum();
    let lost: f64 = found.unreachable().iter().map(|u| u.trips).sum();
    let within = trips.within_zones();
    assert!((begun + lost + within - trips.total()).abs() < 1e-3 * trips.total(), "{begun} {lost} {within}");
    links().map(|l| found.flow(l) * found.time(l)).sum::<f64>() / 3600.0
}

/// Lane by lane every way through a signal turns green, and as long as its link's plan says.
fn assert_lanes_see_the_plans(network: &Network) {
    let graph = LaneGraph::of_network(network);
    let mut longest = vec![0.0_f64; graph.links.len()];
    for m in &graph.moves {
        let Some(program) = graph.programs.get(m.program as usize) else { continue };
        let green_s = program.green_s(m.stream);
        assert!(green_s > 3.0, "link {} into {}: {green_s} s of green", m.from_link, m.to_link);
        longest[m.from_link as usize] = longest[m.from_link as usize].max(green_s);
    }
    for (link, green_s) in longest.iter().enumerate().filter(|(_, green_s)| **green_s > 0.0) {
        let (_, planned_s) = network.signal_timing(LinkId(link as u32)).unwrap();
        assert!(*green_s >= planned_s - 0.002, "link {link}: {green_s} of {planned_s} s");
    }
}

/// Mean delay from 07:00 to 08:00, second.
fn morning_delay_s(network: Network, demand: &Arc<Demand>) -> f64 {
    let start = LocalTime::of_civil(civil::date(2026, 6, 16).at(7, 0, 0, 0));
    let mut sim = Simulation::new(Arc::new(network), Arc::clone(demand), start, 1);
    sim.warm_up(3600.0);
    sim.tally().mean_delay_s
}

#[test]
fn the_demo_waits_less_with_signals_timed_for_it() {
    let map = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../maps/demo");
    let city = citytwin_import::open(&map, &Default::default(), &()).unwrap();
    let network = Network::compile(&city);
    let demand = Arc::new(Demand::estimate(&city, &network));
    let timed = network.timed_for(&demand).unwrap();
    assert!(timed == network.timed_for(&demand).unwrap(), "same bytes");
    assert!(timed.signal_timing(LinkId(u32::MAX - 1)).is_none());
    assert_lanes_see_the_plans(&timed);
    let hours = [&network, &timed].map(|n| equilibrium_hours(n, &demand));
    println!("equilibrium: {:.1} to {:.1} vehicle-hours", hours[0], hours[1]);
    assert!(hours[1] < hours[0]);
    let delays = [network, timed].map(|n| morning_delay_s(n, &demand));
    println!("morning: {:.1} to {:.1} s of delay", delays[0], delays[1]);
    // Seeds differ by about 1 s.
    assert!(delays[1] < delays[0] - 1.0);
}
