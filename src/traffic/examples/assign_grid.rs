//! Assigns a generated city and prints each iteration, time and memory: a grid of streets with arterials every fifth line, gravity trips.
//!
//! `cargo run --release -p citytwin-traffic --example assign_grid -- LINKS ZONES [--gap G] [--threads N] [--trips-per-link T] [--close]`

use std::{ops::ControlFlow, time::Instant};

use citytwin_traffic::assignment::{self, Equilibrium, Extent, Graph, Link, Options, Progress, Trips, UserClass};

/// Between crossings, metre; free speed on arterials and streets, metre per minute (60 and 40 km/h); their capacities, veh/h.
const BLOCK_M: f64 = 200.0;
const SPEED_M_PER_MIN: [f64; 2] = [1000.0, 667.0];
const CAPACITY_VPH: [f64; 2] = [1800.0, 700.0];
const ARTERIAL_EVERY: usize = 5;
/// Trips in the hour per link, so that cities of every size are as full (a peak hour: see what is printed), and how they fall
/// with distance, 1/km.
const TRIPS_PER_LINK: f64 = 10.0;
const DETERRENCE_PER_KM: f64 = 0.35;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let wanted: usize = arguments.first().ok_or("how many links?")?.parse()?;
    let zones: usize = arguments.get(1).ok_or("how many zones?")?.parse()?;
    let gap: f64 = option("--gap").map_or(Ok(1e-4), |g| g.parse())?;
    let threads: usize = option("--threads").map_or(Ok(1), |t| t.parse())?;
    let per_link: f64 = option("--trips-per-link").map_or(Ok(TRIPS_PER_LINK), |t| t.parse())?;
    let (mut graph, centres) = grid(wanted, zones)?;
    let trips = Trips::of(zones as u32, UserClass::default(), &gravity(&centres, per_link * wanted as f64))?;
    println!("{} links, {zones} zones, {:.0} trips", graph.links().len(), trips.total());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        let options = Options { gap, ..Options::default() };
        let mut found = assignment::solve(&graph, &trips, &options, printer())?;
        println!("memory: {:.0} MB at most", peak_mb());
        CAPACITY_VPH.iter().for_each(|capacity| print_load(&graph, &found, *capacity));
        if arguments.iter().any(|a| a == "--close") {
            let busiest = (0..graph.links().len()).max_by(|a, b| found.flow(*a).total_cmp(&found.flow(*b)));
            graph.set_closed(busiest.unwrap_or(0), true)?;
            found.resume(&graph, &options, printer())?;
        }
        Ok(())
    })
}

/// How full the links of one capacity are.
fn print_load(graph: &Graph, found: &Equilibrium, capacity: f64) {
    let links = graph.links().iter().enumerate().filter(|(_, link)| link.capacity == capacity);
    let mut ratios: Vec<f64> = links.map(|(l, _)| found.flow(l) / capacity).collect();
    ratios.sort_by(f64::total_cmp);
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    let above = |limit: f64| 100.0 * ratios.iter().filter(|r| **r > limit).count() as f64 / ratios.len() as f64;
    let most = ratios.last().copied().unwrap_or_default();
    println!(
        "links of {capacity} veh/h: v/c {mean:.2} on average, above 1 on {:.1} %, above 1.2 on {:.1} %, at most {most:.2}",
        above(1.0),
        above(1.2)
    );
}

/// Zones first, each with connectors to a crossing in each of its quarters; then the crossings, row by row.
fn grid(wanted: usize, zones: usize) -> Result<(Graph, Vec<[f64; 2]>), assignment::GraphError> {
    let side = ((wanted - 8 * zones.min(wanted / 16)) as f64 / 4.0).sqrt().round() as usize + 1;
    let node = |x: usize, y: usize| (zones + y * side + x) as u32;
    let mut links = Vec::new();
    let mut street = |from: u32, to: u32, line: usize, wobble: f64| {
        let kind = usize::from(!line.is_multiple_of(ARTERIAL_EVERY));
        let free_time = BLOCK_M * wobble / SPEED_M_PER_MIN[kind];
        let link =
            Link { free_time, capacity: CAPACITY_VPH[kind], b: 0.15, power: 4.0, length: BLOCK_M, ..Link::default() };
        links.push(Link { from, to, ..link });
        links.push(Link { from: to, to: from, ..link });
    };
    for y in 0..side {
        for x in 0..side {
            // No two blocks alike: 0.9 to 1.1, from the place.
            let wobble = |k: usize| 0.9 + 0.2 * ((x * 7919 + y * 104_729 + k * 1301) % 1009) as f64 / 1009.0;
            if x + 1 < side {
                street(node(x, y), node(x + 1, y), y, wobble(0));
            }
            if y + 1 < side {
                street(node(x, y), node(x, y + 1), x, wobble(1));
            }
        }
    }
    let across = (zones as f64).sqrt().ceil() as usize;
    let mut centres = Vec::new();
    for zone in 0..zones {
        let at = |i: usize, part: f64| (((i as f64 + part) / across as f64 * side as f64) as usize).min(side - 1);
        let (column, row) = (zone % across, zone / across);
        centres.push([at(column, 0.5), at(row, 0.5)].map(|block| block as f64 * BLOCK_M / 1000.0));
        for (right, up) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
            let to = node(at(column, right), at(row, up));
            let connector = Link { free_time: 0.3, length: 100.0, ..Link::default() };
            links.push(Link { from: zone as u32, to, ..connector });
            links.push(Link { from: to, to: zone as u32, ..connector });
        }
    }
    let extent = Extent { vertices: (zones + side * side) as u32, zones: zones as u32, first_through: zones as u32 };
    Ok((Graph::new(extent, links)?, centres))
}

/// Trips that fall with distance, scaled by origin.
fn gravity(centres: &[[f64; 2]], total: f64) -> Vec<(u32, u32, f64)> {
    let mut entries = Vec::new();
    let per_zone = total / centres.len() as f64;
    for (o, from) in centres.iter().enumerate() {
        let weight = |to: &[f64; 2]| (-DETERRENCE_PER_KM * (from[0] - to[0]).hypot(from[1] - to[1])).exp();
        let others = || centres.iter().enumerate().filter(|(d, _)| *d != o);
        let sum: f64 = others().map(|(_, to)| weight(to)).sum();
        entries.extend(others().map(|(d, to)| (o as u32, d as u32, per_zone * weight(to) / sum)));
    }
    entries
}

fn printer() -> impl FnMut(&Progress) -> ControlFlow<()> {
    let (from, cpu) = (Instant::now(), cpu_s());
    move |p| {
        let (gap, s, cpu) = (p.relative_gap, from.elapsed().as_secs_f64(), cpu_s() - cpu);
        println!("{:4}  gap {gap:.3e}  objective {:.3}  {cpu:8.2} s CPU {s:8.2} s", p.iteration, p.objective);
        ControlFlow::Continue(())
    }
}

/// Linux: the most memory held so far; 0 elsewhere.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok()).map_or(0.0, |kb| kb / 1024.0)
}

/// User and system time of this process, second (Linux: /proc/self/stat, 100 ticks a second); 0 elsewhere.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<f64> = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse().ok()).collect();
    fields.iter().sum::<f64>() / 100.0
}
