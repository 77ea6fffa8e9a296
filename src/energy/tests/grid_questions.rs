//! N-1 and hosting capacity against hand calculations.

use citytwin_energy::grid::{EN_50160, Grid, Islands, Limits, OpenPoint, Question, Zip, hosting, outages, read, solve};

const SOURCE: &str = "node,u_ref_pu\n1,1.0\n";

/// Two cables of a ring that is open at its far end, one load on each.
fn ring() -> Grid {
    let nodes = "id,u_rated_v\n1,400\n2,400\n3,400\n4,400\n";
    let lines = "id,from,to,r1_ohm,x1_ohm,i_n_a\n1,1,2,0.02,0.01,100\n2,1,3,0.02,0.01,100\n3,3,4,0.02,0.01,100\n";
    let switches = "id,from,to,closed\n1,2,4,0\n";
    let loads = "id,node,p_kw,q_kvar\n1,2,10,0\n2,3,20,0\n3,4,5,0\n";
    let files = [
        ("nodes.csv", nodes),
        ("lines.csv", lines),
        ("switches.csv", switches),
        ("loads.csv", loads),
        ("source.csv", SOURCE),
    ];
    read::csv("ring", &files).unwrap_or_else(|error| panic!("{error}"))
}

/// The first cable out: its load is off until the ring is closed; then everything comes by the other way. Equal to a file
/// without that cable whose switch is closed.
#[test]
fn an_outage_is_the_file_without_the_asset() {
    let grid = ring();
    let all = outages(&grid, &[0, 1, 2]);
    assert_eq!(all.iter().map(|o| o.loads_off).collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(all.iter().map(|o| o.off_w).collect::<Vec<_>>(), [10e3, 25e3, 5e3]);
    for (branch, outage) in all.iter().enumerate() {
        assert_eq!((outage.loads_off_after, outage.closed.as_slice()), (0, &[OpenPoint::Switch(0)][..]));
        let mut data = grid.clone().into_data();
        data.lines.remove(branch);
        data.switches[0].closed = true;
        let removed = solve(&Grid::new(data).unwrap()).unwrap();
        let flow = outage.flow.as_ref().unwrap();
        for (a, b) in flow.voltage.iter().zip(&removed.voltage) {
            assert!((a - b).norm() < 1e-10, "{a} {b}");
        }
    }
    let mut data = grid.clone().into_data();
    (data.switches, data.islands) = (Vec::new(), Islands::Dead);
    let stub = &outages(&Grid::new(data).unwrap(), &[1])[0];
    assert_eq!((stub.loads_off, stub.loads_off_after, stub.closed.len()), (2, 2, 0));
    assert!(outages(&grid, &[99]).is_empty());
}

/// A cable of r ohm without reactance to one house.
fn feeder(r_ohm: f64) -> Grid {
    let lines = format!("id,from,to,r1_ohm,x1_ohm,i_n_a\n1,1,2,{r_ohm},0,400\n");
    let nodes = "id,u_rated_v\n1,400\n2,400\n";
    let files = [("nodes.csv", nodes), ("lines.csv", &*lines), ("source.csv", SOURCE)];
    read::csv("feeder", &files).unwrap_or_else(|error| panic!("{error}"))
}

fn capacity(grid: &Grid, limits: Limits) -> usize {
    let question =
        Question { candidates: &[1; 4000], unit: Zip::constant(-100.0, 0.0), limits, placements: 3, seed: 7 };
    let hosting = hosting(grid, &question);
    assert_eq!(hosting.quantile(0.0), hosting.quantile(1.0), "all orders of one bus are one");
    hosting.quantile(0.5).unwrap()
}

/// With u₁ = 1 pu and a resistance r, u₂ = 1 + r p / u₂ (per unit): the limit of 1.1 pu is met at p = 1.1 · 0.1 / r.
#[test]
fn two_nodes_follow_the_hand_calculation() {
    let mut last = 0;
    for r_ohm in [1.7, 0.83, 0.45, 0.23] {
        let by_hand_w = 1.1 * 0.1 / r_ohm * 400.0 * 400.0;
        let units = capacity(&feeder(r_ohm), EN_50160);
        assert_eq!(units, (by_hand_w / 100.0).floor() as usize, "{r_ohm} ohm");
        assert!(units > last, "a thicker cable hosts more");
        last = units;
    }
    let narrow = Limits { vm_max_pu: 0.99, ..EN_50160 };
    assert_eq!(capacity(&feeder(0.4), narrow), 0);
}

/// The current limit binds on a short cable: √3 · 400 V · 400 A at the end with the lower voltage.
#[test]
fn the_loading_binds_where_voltage_does_not() {
    let units = capacity(&feeder(0.002), EN_50160);
    let (amperes, r_pu) = (3_f64.sqrt() * 400.0 * 400.0, 0.002 / 160_000.0);
    // What the house makes is what arrives, √3 u i with u = 1 pu, and what the cable loses.
    let by_hand_w = amperes + amperes * amperes * r_pu;
    assert_eq!(units, (by_hand_w / 100.0).floor() as usize);
}

#[test]
fn placements_spread_and_a_seed_repeats() {
    let grid = ring();
    let candidates: Vec<u32> = [1, 2, 3].into_iter().cycle().take(60).collect();
    let ask = |seed| {
        let unit = Zip::constant(-4000.0, 0.0);
        hosting(&grid, &Question { candidates: &candidates, unit, limits: EN_50160, placements: 20, seed })
    };
    assert_eq!(ask(1), ask(1));
    assert!(ask(1).quantile(0.0) < ask(1).quantile(1.0), "{:?}", ask(1));
}
