//! CPU time of load flows, for `tests/cases/grid/against_peers.py`, which runs the peers beside it:
//! `grid_speed hours FOLDER P Q HOURS`: all hours of a radial case; P and Q are raw little-endian f64, hour by hour, W and var.
//! `grid_speed phases FOLDER P Q HOURS`: the same in three phases; P and Q per hour, load and phase.
//! `grid_speed single FOLDER`: one state of a radial case, analysed before and cold.
//! `grid_speed series FOLDER HOURS`: a load flow at every hour with what it says of buses and branches; CPU and wall seconds, and
//! the largest share by which an hour's energy is not kept.
//! `grid_speed estimate FOLDER`: an estimate of a radial case from a usual load at every customer, a voltmeter at every tenth bus and
//! the power of every hundredth line; steps, CPU seconds, and wall seconds.
//! `grid_speed mesh FILE`: one Newton-Raphson solution of a MATPOWER file, analysed before.

use std::{fs, path::Path};

use citytwin_energy::grid::{
    Grid, Measurement, MeshSolver, PerKm, PhaseProfiles, PhaseSweep, Profiles, Quantity, SeriesKind, Side, Sweep,
    estimate, read, solve, solve_series,
};
use cpu_time::ProcessTime;

const ROUNDS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["hours", folder, p, q, hours] => time_hours(&case(folder), (p, q), hours.parse().expect("hours is a number")),
        ["phases", folder, p, q, hours] => {
            time_phases(case(folder), (p, q), hours.parse().expect("hours is a number"));
        }
        ["single", folder] => single(&case(folder)),
        ["series", folder, hours] => time_series(&case(folder), hours.parse().expect("hours is a number")),
        ["estimate", folder] => time_estimate(&case(folder)),
        ["mesh", file] => mesh(&read::any(file, &fs::read_to_string(file).expect("the file")).expect("a grid")),
        _ => eprintln!(
            "grid_speed hours FOLDER P Q HOURS | single FOLDER | series FOLDER HOURS | estimate FOLDER | mesh FILE"
        ),
    }
}

fn case(folder: &str) -> Grid {
    let names = ["nodes.csv", "lines.csv", "trafos.csv", "loads.csv", "source.csv"];
    let texts = names.map(|name| fs::read_to_string(Path::new(folder).join(name)).expect(name));
    let files: Vec<(&str, &str)> = names.into_iter().zip(texts.iter().map(String::as_str)).collect();
    read::csv(folder, &files).expect("a grid")
}

fn values(file: &str) -> Vec<f64> {
    let bytes = fs::read(file).expect("the profile");
    bytes.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().expect("eight bytes"))).collect()
}

/// CPU seconds, the least of some rounds.
fn least(rounds: usize, mut work: impl FnMut()) -> f64 {
    let round = |_| {
        let start = ProcessTime::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..rounds).map(round).fold(f64::INFINITY, f64::min)
}

fn time_hours(grid: &Grid, (p, q): (&str, &str), hours: usize) {
    let (p_w, q_var) = (values(p), values(q));
    let sweep = Sweep::new(grid).expect("a radial grid");
    let mut flow = None;
    let mut wall = f64::INFINITY;
    let cpu = least(ROUNDS, || {
        let began = std::time::Instant::now();
        flow = sweep.solve_hours(Profiles { hours, p_w: &p_w, q_var: &q_var }).ok();
        wall = wall.min(began.elapsed().as_secs_f64());
    });
    let flow = flow.expect("every hour has a solution");
    let (low, high) = flow.vm_pu.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(*v), b.max(*v)));
    println!("{cpu} {} {low:.6} {high:.6} {wall}", flow.sweeps);
}

/// The case states no zero sequence: the ratios of the peers' script (4, 3 and 1) are taken.
fn time_phases(grid: Grid, (p, q): (&str, &str), hours: usize) {
    let mut data = grid.into_data();
    for line in &mut data.lines {
        let positive = line.positive;
        line.zero = Some(PerKm { r_ohm: 4.0 * positive.r_ohm, x_ohm: 3.0 * positive.x_ohm, ..positive });
    }
    let grid = Grid::new(data).expect("a grid");
    let (p_w, q_var) = (values(p), values(q));
    let sweep = PhaseSweep::new(&grid).expect("a radial grid");
    let mut flow = None;
    let cpu = least(ROUNDS, || flow = sweep.solve_hours(PhaseProfiles { hours, p_w: &p_w, q_var: &q_var }).ok());
    let flow = flow.expect("every hour has a solution");
    let (low, high) = flow.vm_pu.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(*v), b.max(*v)));
    println!("{cpu} {} {low:.9} {high:.9}", flow.sweeps);
}

fn single(grid: &Grid) {
    let sweep = Sweep::new(grid).expect("a radial grid");
    let warm = least(4 * ROUNDS, || drop(sweep.solve().expect("a solution")));
    let cold = least(ROUNDS, || drop(Sweep::new(grid).expect("a radial grid").solve().expect("a solution")));
    println!("{warm} {cold}");
}

fn time_series(grid: &Grid, hours: usize) {
    let mut text = "time".to_owned();
    grid.loads.iter().for_each(|load| text += &format!(",{}", load.label.id));
    for hour in 0..hours {
        text += &format!("\n{hour}");
        (0..grid.loads.len()).for_each(|load| text += &format!(",{:.3}", ((hour + load) % 24) as f64 / 24.0));
    }
    let profiles = read::profiles("profiles", &text, grid).expect("profiles");
    let (mut report, wall) = (None, std::time::Instant::now());
    let cpu = least(1, || report = solve_series(grid, &profiles, SeriesKind::Balanced).ok());
    let report = report.expect("every hour has a solution");
    println!("{cpu} {} {:e}", wall.elapsed().as_secs_f64(), report.largest_imbalance);
}

fn time_estimate(grid: &Grid) {
    let flow = solve(grid).expect("a solution");
    let mut all = Vec::new();
    let mut push = |quantity, value, sigma| all.push(Measurement { quantity, value, sigma });
    for (bus, u) in flow.voltage.iter().enumerate().filter(|(bus, _)| bus % 10 == 0) {
        push(Quantity::VoltageMagnitude(bus as u32), u.norm(), 0.002);
    }
    for load in &grid.loads {
        let [p, q] = load.demand.total().power;
        push(Quantity::InjectionActive(load.bus), -p, 0.3 * p.abs() + 10.0);
        push(Quantity::InjectionReactive(load.bus), -q, 0.3 * q.abs() + 10.0);
    }
    for (branch, flow) in flow.branches.iter().enumerate().filter(|(branch, _)| branch % 100 == 0) {
        push(Quantity::FlowActive(branch as u32, Side::From), flow.from_va.re, 0.01 * flow.from_va.norm() + 1.0);
        push(Quantity::FlowReactive(branch as u32, Side::From), flow.from_va.im, 0.01 * flow.from_va.norm() + 1.0);
    }
    let (mut found, wall) = (None, std::time::Instant::now());
    let cpu = least(1, || found = estimate(grid, &all).ok());
    let found = found.expect("an estimate");
    let off = found.voltage.iter().zip(&flow.voltage).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    println!("{} rows {} {cpu} {} {off:e}", all.len(), found.steps, wall.elapsed().as_secs_f64());
}

fn mesh(grid: &Grid) {
    let mut solver = MeshSolver::new(grid);
    let warm = least(10 * ROUNDS, || drop(solver.voltages().expect("a solution")));
    let cold = least(ROUNDS, || drop(MeshSolver::new(grid).voltages().expect("a solution")));
    println!("{warm} {cold}");
}
