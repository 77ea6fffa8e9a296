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
    pool.install(|| grid::solve(&grid)).with_context(|| arguments.file.display().to_string())?;
    let branches: Vec<u32> = (0..grid.branch_ends().count() as u32).collect();
    let found = pool.install(|| grid::outages(&grid, &branches));
    let rows: Vec<OutageRow> = found.iter().map(|outage| row(&grid, outage)).collect();
    if arguments.json { say(&json(&rows)?) } else { say(&in_words(rows)) }
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
        off_mw: outage.off_w / 1e6,
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

/// Worst first: who stays off, then what is loaded most.
fn in_words(mut rows: Vec<OutageRow>) -> String {
    let mut text = String::new();
    let dark = rows.iter().filter(|row| row.loads_off_after > 0).count();
    let unsolved = rows.iter().filter(|row| row.error.is_some()).count();
    let over = rows.iter().filter(|row| row.loading_max_percent > Some(100.0)).count();
    let _ = writeln!(
        text,
        "{} branches failed one by one: {dark} leave loads off, {over} overload another, {unsolved} have no load flow",
        rows.len()
    );
    let worst = |row: &OutageRow| row.loading_max_percent.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| b.loads_off_after.cmp(&a.loads_off_after).then(worst(b).total_cmp(&worst(a))));
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
