//! What may be typed after `grid`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{MapArguments, threads};

#[derive(Subcommand)]
pub enum GridVerb {
    /// Solve a grid's load flow: MATPOWER (.m), pandapower or power-grid-model (.json), or a folder of CSV tables.
    Solve(GridSolveArguments),
    /// Estimate a grid's state from its sensors (power-grid-model .json) and name the one that does not fit.
    Estimate(GridEstimateArguments),
    /// Grow a city's grid and ask how many customers of each feeder can have photovoltaics, a charger or a heat pump.
    Hosting(GridHostingArguments),
    /// Take every branch in service out in turn (N-1): who is off, who comes back when the first open point that reaches them is
    /// closed, what is loaded then.
    Outages(GridOutagesArguments),
    /// Write a grid of any kind that is read as power-grid-model .json.
    Convert(GridConvertArguments),
}

#[derive(Args)]
pub struct GridOutagesArguments {
    /// The file, or the folder of tables.
    pub file: PathBuf,
    /// Threads; 0: all cores.
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct GridConvertArguments {
    /// The file, or the folder of tables.
    pub file: PathBuf,
    /// The file to write; it must not be there yet.
    pub out: PathBuf,
}

#[derive(Args)]
pub struct GridHostingArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// Random orders in which customers join, 1…1000.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub placements: u32,
    /// Seed of the orders.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Threads; 0 = all cores. Never changes the results.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct GridSolveArguments {
    /// The file or folder.
    pub file: PathBuf,
    /// Phase by phase, unbalanced.
    #[arg(long)]
    pub three_phase: bool,
    /// A load flow at every instant of a CSV: `time,id,p_kw,q_kvar`, or `time` and a factor per load; tells extremes and hours.
    #[arg(long, value_name = "CSV")]
    pub profiles: Option<PathBuf>,
    /// Threads; 0 = all cores. Never changes the results.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct GridEstimateArguments {
    /// The file.
    pub file: PathBuf,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}
