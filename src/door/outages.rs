//! The power grid by itself: `grid outages` and `grid convert`.

use std::{fmt::Write, path::Path};

use anyhow::{Context, bail};
use citytwin_energy::grid::{self, Grid, OpenPoint, Outage, PerPhase, Report, read};
use citytwin_scenario::write_whole;
use serde::Serialize;

use crate::{
    arguments::{GridConvertArguments, GridOutagesArguments},
    grid::open,
    say,
    verbs::json,
};

/// Branches named in words; JSON has all.
const SHOWN: usize = 20;

/// What one branch's failure leaves.
#[derive(Serialize)]
struct OutageRow {
    branch: String,
    /// Loads without supply right after, their power, and loads without supply once the rings are closed.
    loads_off: usize,
    off_mw: f64,
    loads_off_after: usize,
    /// Switches and branches that were closed to bring loads back, in this order.
    closed: Vec<String>,
    /// Of the rest, after that; null where `error` says why there is no load flow.
    loading_max_percent: Option<f64>,
    vm_min_pu: Option<f64>,
    vm_max_pu: Option<f64>,
    error: Option<String>,
}

pub fn outages(arguments: &GridOutagesArguments) -> anyhow::Result<()> {
    let grid = open(&arguments.file)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).build()?;
    // A grid that does not stand as it is has nothing to say of outages.
    let base = pool.install(|| grid::solve(&grid)).with_context(|| arguments.file.display().to_string())?;
    // What is out of service already cannot fail.
    let ends = grid.branch_ends().enumerate().filter(|(_, (_, ends))| ends.from_closed && ends.to_closed);
    let branches: Vec<u32> = ends.map(|(branch, _)| branch as u32).collect();
    let found = pool.install(|| grid::outages(&grid, &branches));
    let rows: Vec<OutageRow> = found.iter().map(|outage| row(&grid, outage)).collect();
    let before =
        Report::balanced(&grid, &base, 0.0).branches.iter().filter_map(|b| b.loading_percent).fold(100.0, f64::max);
    if arguments.json { say(&json(&rows)?) } else { say(&in_words(rows, before)) }
}

pub fn convert(arguments: &GridConvertArguments) -> anyhow::Result<()> {
    let grid = open(&arguments.file)?;
    if arguments.out.exists() {
        bail!("{} is there already; give a name that is free", arguments.out.display());
    }
    let (Some(folder), Some(name)) = (arguments.out.parent(), arguments.out.file_name()) else {
        bail!("{} is no file's name; give one that ends in .json", arguments.out.display());
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    write_whole(folder, &[(&name.to_string_lossy(), read::write_pgm(&grid))])?;
    for lost in read::lost_in_pgm(&grid) {
        eprintln!("citytwin: {}: {lost}", arguments.file.display());
    }
    say(&format!(
        "{} buses and {} branches written to {}\n",
        grid.buses.len(),
        grid.branch_ends().count(),
        arguments.out.display()
    ))
}

fn row(grid: &Grid, outage: &Outage) -> OutageRow {
    let branch = |at: u32| {
        let label = grid.branch_ends().nth(at as usize).map(|(label, _)| label.id.to_string());
        label.unwrap_or_else(|| at.to_string())
    };
    let closed = |point: &OpenPoint| match *point {
        OpenPoint::Switch(at) => format!("switch {}", grid.switches[at as usize].label.id),
        OpenPoint::Branch(at) => format!("branch {}", branch(at)),
    };
    let mut row = OutageRow {
        branch: branch(outage.branch),
        loads_off: outage.loads_off,
        // Nought without a sign.
        off_mw: outage.off_w / 1e6 + 0.0,
        loads_off_after: outage.loads_off_after,
        closed: outage.closed.iter().map(closed).collect(),
        loading_max_percent: None,
        vm_min_pu: None,
        vm_max_pu: None,
        error: None,
    };
    match &outage.flow {
        Ok(flow) => {
            let report = Report::balanced(grid, flow, 0.0);
            row.loading_max_percent = report.branches.iter().filter_map(|b| b.loading_percent).max_by(f64::total_cmp);
            let magnitude = |bus: &grid::BusReport| match bus.vm_pu {
                PerPhase::Balanced(vm) => vm,
                PerPhase::Phases(vm) => vm[0],
            };
            let live: Vec<f64> = report.buses.iter().map(magnitude).filter(|vm| *vm > 0.0).collect();
            row.vm_min_pu = live.iter().copied().min_by(f64::total_cmp);
            row.vm_max_pu = live.iter().copied().max_by(f64::total_cmp);
        }
        Err(error) => row.error = Some(error.to_string()),
    }
    row
}

/// Voltages that a grid must keep at its customers, per unit (EN 50160).
const BAND_PU: [f64; 2] = [0.9, 1.1];

/// Worst first: no load flow, loads that stay off, what is loaded beyond `before` (and its rating), what is left outside the
/// band, the rest; in each the worst first.
fn in_words(mut rows: Vec<OutageRow>, before: f64) -> String {
    let mut text = String::new();
    let over = |row: &OutageRow| row.loading_max_percent.is_some_and(|loading| loading > before * (1.0 + 1e-9));
    let outside = |row: &OutageRow| {
        let beyond = |vm: Option<f64>| vm.is_some_and(|vm| !(BAND_PU[0]..=BAND_PU[1]).contains(&vm));
        beyond(row.vm_min_pu) || beyond(row.vm_max_pu)
    };
    let count = |of: &dyn Fn(&OutageRow) -> bool| rows.iter().filter(|row| of(row)).count();
    let _ = writeln!(
        text,
        "{} branches failed one by one: {} leave loads off, {} overload another (beyond {before:.0} %), {} leave a voltage \
         outside {} to {} pu, {} have no load flow",
        rows.len(),
        count(&|row| row.loads_off_after > 0),
        count(&over),
        count(&outside),
        BAND_PU[0],
        BAND_PU[1],
        count(&|row| row.error.is_some()),
    );
    let rank = |row: &OutageRow| {
        let kinds = [row.error.is_some(), over(row), row.loads_off_after > 0, outside(row)];
        kinds.iter().position(|kind| *kind).unwrap_or(kinds.len())
    };
    let worst = |row: &OutageRow| row.loading_max_percent.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| {
        rank(a).cmp(&rank(b)).then(b.loads_off_after.cmp(&a.loads_off_after)).then(worst(b).total_cmp(&worst(a)))
    });
    for row in rows.iter().take(SHOWN) {
        let _ = write!(text, "branch {:>12}  {} loads off ({:.3} MW)", row.branch, row.loads_off, row.off_mw);
        if !row.closed.is_empty() {
            let _ = write!(text, ", {} after closing {}", row.loads_off_after, row.closed.join(", "));
        }
        match (&row.error, row.loading_max_percent, row.vm_min_pu) {
            (Some(error), ..) => drop(writeln!(text, "; {error}")),
            (None, loading, Some(low)) => {
                let loading = loading.map_or_else(String::new, |l| format!("; loaded up to {l:.0} %"));
                let _ = writeln!(text, "{loading}; lowest voltage {low:.3} pu");
            }
            _ => drop(writeln!(text)),
        }
    }
    text
}
