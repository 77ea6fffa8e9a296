//! What a sensor said over hours, days or months: the band from least to most, the mean, gaps, and how far to trust it.

use citytwin_model::{Quality, SensorId, time::TimeZone};

use crate::format::Unit;

/// The history of one sensor, as far back as was asked.
#[derive(Clone, PartialEq, Debug)]
pub struct SensorHistory {
    pub sensor: SensorId,
    /// Its name.
    pub name: String,
    /// What it measures, e.g. `Vehicle flow`.
    pub quantity: String,
    pub unit: Unit,
    pub range: HistoryRange,
    /// Start and end of the range, Unix second.
    pub span_s: [f64; 2],
    pub level: HistoryLevel,
    /// By time, rising; a few hundred to a thousand. Intervals without readings have none.
    pub points: Vec<HistoryPoint>,
    /// Usual time between two of its readings, second; `None` where it is not known.
    pub interval_s: Option<f64>,
    /// The engine's values, where kept: Unix second and value.
    pub simulated: Vec<[f64; 2]>,
    /// Name of the feed, as in `sources.toml`.
    pub source: String,
    /// Version of the mapping that made the readings; empty for the program's own format.
    pub mapping: String,
    pub emulated: bool,
    /// The program asks the history now; the points, if any, are those of before.
    pub reading: bool,
    /// Why there is nothing to show: one line.
    pub error: Option<String>,
    /// The city's, for hours and dates under the curve.
    pub zone: TimeZone,
}

/// One reading, or all readings of one interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct HistoryPoint {
    /// Of the reading, or of the start of the interval: Unix second.
    pub t_s: f64,
    /// Of the readings that are not bad, in the unit of the history; NaN where all are.
    pub mean: f64,
    pub min: f64,
    pub max: f64,
    /// Readings.
    pub count: u32,
    /// Share of them that are good, 0 to 1.
    pub good_share: f64,
    /// The worst quality among them.
    pub worst: Quality,
}

/// How far back, counted from the city's clock.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum HistoryRange {
    ThreeHours,
    #[default]
    Day,
    Week,
    Month,
    All,
}

/// What one point of a history is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum HistoryLevel {
    /// A reading.
    #[default]
    Raw,
    Minute,
    QuarterHour,
    Hour,
}

impl HistoryRange {
    pub const ALL: [Self; 5] = [Self::ThreeHours, Self::Day, Self::Week, Self::Month, Self::All];

    /// Second; `None`: everything that is kept.
    pub const fn length_s(self) -> Option<f64> {
        match self {
            Self::ThreeHours => Some(10_800.0),
            Self::Day => Some(86_400.0),
            Self::Week => Some(604_800.0),
            Self::Month => Some(2_592_000.0),
            Self::All => None,
        }
    }
}

impl HistoryLevel {
    /// The finest that draws a span in at most 750 points of whole intervals, and the hour where none does. Readings
    /// alone are drawn up to three hours, where a sensor has that few.
    pub fn of_span(span_s: f64) -> Self {
        match span_s {
            span if span <= 10_800.0 => Self::Raw,
            span if span <= 45_000.0 => Self::Minute,
            span if span <= 675_000.0 => Self::QuarterHour,
            _ => Self::Hour,
        }
    }

    /// Length of the interval, second; 0 for a single reading.
    pub const fn length_s(self) -> f64 {
        match self {
            Self::Raw => 0.0,
            Self::Minute => 60.0,
            Self::QuarterHour => 900.0,
            Self::Hour => 3_600.0,
        }
    }
}
