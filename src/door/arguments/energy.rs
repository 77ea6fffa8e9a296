//! What may be typed after `energy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{MapArguments, threads};
use crate::edits::{Edits, edits, spell};

#[derive(Subcommand)]
pub enum EnergyVerb {
    /// A year of a city in hours: loads, heat, cars, sun on its roofs, a load flow of each hour; carbon and cost.
    Year(EnergyYearArguments),
}

#[derive(Args)]
pub struct EnergyYearArguments {
    /// The extract or city folder.
    pub city: PathBuf,
    #[command(flatten)]
    pub map: MapArguments,
    /// EnergyPlus weather file; a made-up year of the latitude without it.
    #[arg(long, value_name = "FILE.epw")]
    pub weather: Option<PathBuf>,
    /// A what-if, repeatable: pv=0.3, ev=0.5, hp=0.2, retrofit=0.4; within 400 m of a place: pv@7.2012,54.5971,400=0.8; of buildings of
    /// some years: retrofit@1949-1978=0.5; or a file with one in each line.
    #[arg(long = "edit", value_name = "EDIT|FILE", value_parser = edits)]
    pub edits: Vec<Edits>,
    /// The warmest days in a row made warmer, or the coldest colder: days:kelvin, e.g. 7:4 or 5:-8. Repeatable.
    #[arg(long = "spell", value_name = "DAYS:KELVIN", value_parser = spell, allow_hyphen_values = true)]
    pub spells: Vec<(usize, f64)>,
    /// Hourly carbon factors of the grid (header hour,g_per_kwh and 8,760 rows); its country's usual days without it.
    #[arg(long, value_name = "FILE.csv")]
    pub carbon: Option<PathBuf>,
    /// Real interest a year, by which plants and retrofits are paid off.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    pub interest: Option<f64>,
    /// Beside the city as it is: what changes, who gains and who loses.
    #[arg(long)]
    pub compare: bool,
    /// Folder for summary.json, hours.csv, stations.csv, buildings.csv and households.csv; of a comparison also
    /// comparison.json, figures.csv and gains.csv.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Threads; 0 = all cores. Never changes the results.
    #[arg(long, default_value_t = 0, value_parser = threads)]
    pub threads: usize,
    /// JSON on stdout.
    #[arg(long)]
    pub json: bool,
}
