//! How long an import takes and what it yields: `cargo run --release -p citytwin-import --example import_time -- FILE…`
//! CPU time and peak memory come from `/proc/self` (Linux); elsewhere only wall time is printed.

use std::{fs, path::Path, time::Instant};

use citytwin_import::{ImportOptions, check_report, open};

/// Clock ticks per second of `/proc/self/stat` (`sysconf(_SC_CLK_TCK)` on every Linux there is).
const TICKS_PER_S: f64 = 100.0;

fn main() {
    for file in std::env::args().skip(1) {
        let (cpu_before, start) = (cpu_s(), Instant::now());
        match open(Path::new(&file), &ImportOptions::default(), &()) {
            Ok(city) => {
                let wall_s = start.elapsed().as_secs_f64();
                let cpu_s = cpu_s() - cpu_before;
                let report = check_report(&city);
                println!(
                    "{}: {wall_s:.2} s wall, {cpu_s:.2} s CPU, {:.0} MiB peak; {} roads, {} links, {:.0} lane-km, {} buildings, {} problems",
                    report.name,
                    peak_mib(),
                    report.roads,
                    report.links,
                    report.lane_km,
                    report.buildings,
                    report.problems.len()
                );
                if std::env::var_os("CITYTWIN_REPORT").is_some() {
                    println!("{report}");
                }
            }
            Err(error) => println!("{error}"),
        }
    }
}

/// User and system time of this process, second; 0 where the system does not tell.
fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_PER_S
}

/// Largest resident set so far, MiB; 0 where the system does not tell.
fn peak_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
