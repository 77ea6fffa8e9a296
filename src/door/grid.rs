//! The power grid by itself: `grid solve` and `grid estimate`.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use citytwin_energy::grid::{self, Estimate, Grid, Measurement, Quantity, Report, SeriesKind, SeriesReport, read};
use cpu_time::ProcessTime;
use serde::Serialize;

use crate::{
    arguments::{GridEstimateArguments, GridSolveArguments},
    say,
    text::text_of,
    verbs::json,
};

/// Faults of a file, and buses and branches in words, shown one by one up to here.
const SHOWN: usize = 10;
/// Largest file that is read, byte.
const LARGEST: u64 = 2 << 30;

pub fn solve(arguments: &GridSolveArguments) -> anyhow::Result<()> {
    let grid = open(&arguments.file)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    let began = ProcessTime::now();
    let name = || arguments.file.display().to_string();
    if let Some(profiles) = &arguments.profiles {
        let (file, text) = grid_text(profiles)?;
        let profiles = sound(read::profiles(&file, &text, &grid))?;
        let kind = if arguments.three_phase { SeriesKind::ThreePhase } else { SeriesKind::Balanced };
        let mut report = pool.install(|| grid::solve_series(&grid, &profiles, kind)).with_context(|| file.clone())?;
        report.cpu_s = began.elapsed().as_secs_f64();
        return if arguments.json { say(&json(&report)?) } else { say(&series_in_words(&report)) };
    }
    let report = pool.install(|| {
        if arguments.three_phase {
            let flow = grid::solve_phases(&grid).with_context(name)?;
            anyhow::Ok(Report::phases(&grid, &flow, began.elapsed().as_secs_f64()))
        } else {
            let flow = grid::solve(&grid).with_context(name)?;
            Ok(Report::balanced(&grid, &flow, began.elapsed().as_secs_f64()))
        }
    })?;
    if arguments.json { say(&json(&report)?) } else { say(&in_words(&report)) }
}

pub fn estimate(arguments: &GridEstimateArguments) -> anyhow::Result<()> {
    let (file, text) = grid_text(&arguments.file)?;
    let grid = sound(read::pgm(&file, &text))?;
    let measurements = sound(read::pgm_sensors(&file, &text, &grid))?;
    if measurements.is_empty() {
        bail!("{file}: no sensors; add sym_voltage_sensor and sym_power_sensor tables");
    }
    let began = ProcessTime::now();
    let found = grid::estimate(&grid, &measurements).with_context(|| file.clone())?;
    let report = EstimateReport::of(&grid, &measurements, &found, began.elapsed().as_secs_f64());
    if arguments.json { say(&json(&report)?) } else { say(&report.in_words()) }
}

/// A file of any kind, or a folder of tables.
pub fn open(path: &Path) -> anyhow::Result<Grid> {
    if !path.is_dir() {
        let (file, text) = grid_text(path)?;
        return sound(read::any(&file, &text));
    }
    let mut paths: Vec<PathBuf> =
        fs::read_dir(path).with_context(|| path.display().to_string())?.flatten().map(|entry| entry.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")));
    paths.sort();
    let mut tables = Vec::new();
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        tables.push((name, grid_text(path)?.1));
    }
    let tables: Vec<(&str, &str)> = tables.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    sound(read::csv(&path.display().to_string(), &tables))
}

fn grid_text(path: &Path) -> anyhow::Result<(String, String)> {
    let (file, text) = (path.display().to_string(), text_of(path, LARGEST)?);
    if text.trim().is_empty() {
        bail!("{file}: is empty; give a MATPOWER case, JSON of pandapower or power-grid-model, or CSV tables");
    }
    Ok((file, text))
}

/// What was read; else a line for each fault.
fn sound<T>(result: Result<T, grid::ReadError>) -> anyhow::Result<T> {
    result.map_err(|error| {
        let faults = &error.errors.0;
        for fault in faults.iter().skip(1).take(SHOWN - 1) {
            eprintln!("citytwin: {}: {fault}", error.file);
        }
        match faults.first() {
            Some(first) if faults.len() > SHOWN => {
                anyhow::anyhow!("{}: {first} (and {} faults more)", error.file, faults.len() - SHOWN)
            }
            Some(first) => anyhow::anyhow!("{}: {first}", error.file),
            None => anyhow::anyhow!("{}: not a grid", error.file),
        }
    })
}

fn in_words(report: &Report) -> String {
    let mut text = String::new();
    let magnitudes = |v: &grid::PerPhase| match v {
        grid::PerPhase::Balanced(v) => vec![*v],
        grid::PerPhase::Phases(v) => v.to_vec(),
    };
    let live = report.buses.iter().flat_map(|b| magnitudes(&b.vm_pu).into_iter().map(move |v| (v, b)));
    let live: Vec<_> = live.filter(|(v, _)| *v > 0.0).collect();
    let _ = writeln!(
        text,
        "{} buses, {} branches; {} iterations, largest missing power {:.1e} MVA, {:.3} s CPU",
        report.buses.len(),
        report.branches.len(),
        report.iterations,
        report.residual_mva,
        report.cpu_s
    );
    let dead: Vec<_> = report.buses.iter().filter(|b| magnitudes(&b.vm_pu).iter().all(|v| *v == 0.0)).collect();
    if let Some(first) = dead.first() {
        let more = if dead.len() > 1 { format!(" and {} more", dead.len() - 1) } else { String::new() };
        let _ = writeln!(text, "no supply at bus {}{more}: what hangs there is not in this answer", first.id);
    }
    let lowest = live.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let highest = live.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((low, at_low)), Some((high, at_high))) = (lowest, highest) {
        let _ = writeln!(text, "voltage {low:.4} pu (bus {}) to {high:.4} pu (bus {})", at_low.id, at_high.id);
    }
    let _ = writeln!(text, "losses {:.6} MW", report.losses_mw);
    let mut loaded: Vec<_> = report.branches.iter().filter_map(|b| Some((b.loading_percent?, b))).collect();
    loaded.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (loading, branch) in loaded.iter().take(SHOWN) {
        let _ = writeln!(text, "branch {:>12}  {loading:7.1} %  {:.6} MW in", branch.id.to_string(), branch.p_from_mw);
    }
    text
}

fn series_in_words(report: &SeriesReport) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} instants, {:.1} h; {:.3} MWh in, {:.3} MWh drawn, {:.3} MWh lost; {:.3} s CPU",
        report.instants, report.hours, report.energy_in_mwh, report.energy_drawn_mwh, report.losses_mwh, report.cpu_s
    );
    let mut buses: Vec<_> = report.buses.iter().filter(|b| b.hours_outside_5_percent > 0.0).collect();
    buses.sort_by(|a, b| b.hours_outside_5_percent.total_cmp(&a.hours_outside_5_percent));
    for bus in buses.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "bus {:>14}  {:.4} to {:.4} pu; {:.1} h beyond 5 %, {:.1} h beyond 10 %",
            bus.id.to_string(),
            bus.vm_min_pu,
            bus.vm_max_pu,
            bus.hours_outside_5_percent,
            bus.hours_outside_10_percent
        );
    }
    let mut branches: Vec<_> = report.branches.iter().filter_map(|b| Some((b.loading_max_percent?, b))).collect();
    branches.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (most, branch) in branches.iter().take(SHOWN) {
        let hours = branch.hours_over_100_percent;
        let _ = writeln!(text, "branch {:>12}  up to {most:.1} %; {hours:.1} h above 100 %", branch.id.to_string());
    }
    text
}

/// An estimate, as said.
#[derive(Serialize)]
struct EstimateReport {
    buses: Vec<BusEstimate>,
    /// Weighted sum of squared residuals, and what 99 % of estimates without bad data stay below.
    objective: f64,
    threshold: f64,
    bad_data: bool,
    suspect: Option<Suspect>,
    steps: u32,
    cpu_s: f64,
}

#[derive(Serialize)]
struct BusEstimate {
    id: String,
    vm_pu: f64,
    vm_sigma_pu: f64,
    va_deg: f64,
}

/// The measurement that agrees least with the others.
#[derive(Serialize)]
struct Suspect {
    what: String,
    measured: f64,
    residual: f64,
    normalised: f64,
}

impl EstimateReport {
    fn of(grid: &Grid, measurements: &[Measurement], found: &Estimate, cpu_s: f64) -> Self {
        let buses = grid.buses.iter().zip(found.voltage.iter().zip(&found.vm_sigma_pu));
        let suspect = found.suspect.map(|i| Suspect {
            what: place(grid, measurements[i].quantity),
            measured: measurements[i].value,
            residual: found.residual[i],
            normalised: found.normalised[i].unwrap_or(0.0),
        });
        Self {
            buses: buses
                .map(|(bus, (u, sigma))| BusEstimate {
                    id: bus.label.id.to_string(),
                    vm_pu: u.re.hypot(u.im),
                    vm_sigma_pu: *sigma,
                    va_deg: u.im.atan2(u.re).to_degrees(),
                })
                .collect(),
            objective: found.objective,
            threshold: found.threshold,
            bad_data: found.has_bad_data(),
            suspect,
            steps: found.steps,
            cpu_s,
        }
    }

    fn in_words(&self) -> String {
        let mut text = String::new();
        let widest = self.buses.iter().map(|b| b.vm_sigma_pu).fold(0.0, f64::max);
        let _ = writeln!(
            text,
            "{} buses estimated in {} steps; voltages to {widest:.1e} pu (one standard deviation, the widest)",
            self.buses.len(),
            self.steps
        );
        let verdict = if self.bad_data { "bad data" } else { "no bad data" };
        let _ = writeln!(text, "chi-square {:.3} against {:.3}: {verdict}", self.objective, self.threshold);
        if let Some(suspect) = &self.suspect {
            let _ = writeln!(
                text,
                "suspect: {}, measured {}, off by {:.3e} ({:.1} of its standard deviations)",
                suspect.what, suspect.measured, suspect.residual, suspect.normalised
            );
        }
        text
    }
}

/// Where a measurement is, in words.
fn place(grid: &Grid, quantity: Quantity) -> String {
    let bus = |i: u32| grid.buses.get(i as usize).map_or_else(|| i.to_string(), |b| b.label.id.to_string());
    let branch = |i: u32| {
        let mut branches = grid.branch_ends();
        branches.nth(i as usize).map_or_else(|| i.to_string(), |(label, _)| label.id.to_string())
    };
    let shunt = |i: u32| grid.shunts.get(i as usize).map_or_else(|| i.to_string(), |s| s.label.id.to_string());
    match quantity {
        Quantity::VoltageMagnitude(i) => format!("voltage of bus {}", bus(i)),
        Quantity::VoltageReal(i) | Quantity::VoltageImaginary(i) => format!("voltage phasor of bus {}", bus(i)),
        Quantity::InjectionActive(i) => format!("active power at bus {}", bus(i)),
        Quantity::InjectionReactive(i) => format!("reactive power at bus {}", bus(i)),
        Quantity::FlowActive(i, side) => format!("active power of branch {} ({side:?} end)", branch(i)),
        Quantity::FlowReactive(i, side) => format!("reactive power of branch {} ({side:?} end)", branch(i)),
        Quantity::CurrentReal(i, side)
        | Quantity::CurrentImaginary(i, side)
        | Quantity::CurrentActive(i, side)
        | Quantity::CurrentReactive(i, side) => format!("current of branch {} ({side:?} end)", branch(i)),
        Quantity::ShuntActive(i) | Quantity::ShuntReactive(i) => format!("power of shunt {}", shunt(i)),
    }
}
