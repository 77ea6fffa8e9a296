//! What a run gives: the summary that scripts read, tables per hour, link and transformer.

use std::collections::BTreeMap;

use citytwin_energy::{Coverage, EnergyMwh};
use citytwin_model::{LinkId, Request, SourceRef, Timestamp};
use serde::{Serialize, Serializer};

/// Trips: `demanded` = `arrived` + `under_way` + `refused`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Vehicles {
    pub demanded: u64,
    pub arrived: u64,
    pub under_way: u64,
    pub refused: u64,
}

/// Which direction of change a city would wish for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Lower,
    Higher,
    Neutral,
}

/// One number that a council asks for.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct KeyFigure {
    /// Stable name for scripts.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    pub unit: &'static str,
    pub value: f64,
    pub better: Better,
    /// How it is computed, and from what.
    pub source: &'static str,
}

/// One hour (the last may be a part of one).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct HourRow {
    /// Counted from the start, 0 first.
    pub hour: u32,
    /// Local wall clock at its beginning, ISO 8601.
    pub local: String,
    pub demanded: u64,
    pub arrived: u64,
    pub refused: u64,
    /// At its end.
    pub under_way: u64,
    pub vehicle_km: f64,
    /// 0 where nothing drives.
    pub mean_speed_kmh: f64,
    pub load_mwh: f64,
    pub pv_mwh: f64,
    pub losses_mwh: f64,
    pub supplied_mwh: f64,
}

/// One directed link.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkRow {
    pub link: LinkId,
    pub road: SourceRef,
    pub from: SourceRef,
    pub to: SourceRef,
    pub length_m: f64,
    pub lanes: u8,
    pub limit_kmh: f64,
    /// Vehicles that left it in the run.
    pub vehicles: u64,
    /// The same per 24 h.
    pub vehicles_per_day: f64,
    /// Space mean over the run; `None` where nothing drove.
    pub mean_speed_kmh: Option<f64>,
}

/// One transformer.
#[derive(Clone, PartialEq, Debug)]
pub struct TransformerRow {
    /// Its source, or `inferred/n` for a made-up one.
    pub id: String,
    pub stated: bool,
    pub lon: f64,
    pub lat: f64,
    pub rated_kva: f64,
    pub buildings: u32,
    /// Highest loading in the run, %.
    pub peak_loading_percent: f64,
}

/// Everything that comes out of a run. Serialises to the summary; the long tables are written to files.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RunResult {
    pub city: String,
    pub start: Timestamp,
    pub hours: f64,
    pub seed: u64,
    #[serde(serialize_with = "as_text")]
    pub edits: Vec<Request>,
    pub vehicles: Vehicles,
    /// Refused trips by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Of arrived trips.
    pub mean_travel_time_s: f64,
    pub energy_mwh: EnergyMwh,
    /// Of both engines at the end, hexadecimal.
    pub state_hash: String,
    pub key_figures: Vec<KeyFigure>,
    pub hourly: Vec<HourRow>,
    /// What the energy figures stand on.
    pub energy_coverage: Coverage,
    pub weather: &'static str,
    #[serde(skip)]
    pub links: Vec<LinkRow>,
    #[serde(skip)]
    pub transformers: Vec<TransformerRow>,
}

fn as_text<S: Serializer>(requests: &[Request], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(requests.iter().map(ToString::to_string))
}
