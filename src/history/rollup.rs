//! Summaries of readings by minute, quarter of an hour and hour, and how an hour of them is kept in bytes.

use citytwin_model::Quality;

use crate::{
    Row,
    row::{SECOND_US, quality_code, quality_of},
};

/// µs of an hour.
pub(crate) const HOUR_US: i64 = 3_600 * SECOND_US;

/// Length of the intervals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    Minute,
    QuarterHour,
    Hour,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Minute, Self::QuarterHour, Self::Hour];

    /// Length, µs.
    pub const fn length_us(self) -> i64 {
        match self {
            Self::Minute => 60 * SECOND_US,
            Self::QuarterHour => 900 * SECOND_US,
            Self::Hour => HOUR_US,
        }
    }
}

/// Readings of one interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RollUp {
    /// Start of the interval, µs since 1970 UTC.
    pub start_us: i64,
    /// Readings by quality: good, uncertain, bad, stale.
    pub counts: [u32; 4],
    /// Of the readings that are not bad; `None` where all are.
    pub values: Option<Values>,
}

/// In the unit of the quantity.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Values {
    pub min: f64,
    pub max: f64,
    pub mean: f64,
}

impl RollUp {
    pub fn count(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// The worst quality that occurs.
    pub fn worst(&self) -> Quality {
        let order = [Quality::Bad, Quality::Stale, Quality::Uncertain];
        order.into_iter().find(|q| self.counts[quality_code(*q) as usize] > 0).unwrap_or(Quality::Good)
    }

    /// Summaries of rows that are sorted by observed time. A mean is the sum in that order over the count, so
    /// that rows which came late give the same bits as rows which came in order.
    pub fn of(rows: &[Row], level: Level) -> Vec<Self> {
        let start = |row: &Row| row.observed_us.div_euclid(level.length_us()) * level.length_us();
        rows.chunk_by(|a, b| start(a) == start(b)).map(|chunk| Self::of_interval(start(&chunk[0]), chunk)).collect()
    }

    fn of_interval(start_us: i64, rows: &[Row]) -> Self {
        let mut counts = [0_u32; 4];
        let (mut min, mut max, mut sum, mut used) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0_u32);
        for row in rows {
            counts[quality_code(row.quality) as usize] += 1;
            if row.quality != Quality::Bad {
                (min, max) = (min.min(row.value), max.max(row.value));
                sum += row.value;
                used += 1;
            }
        }
        // A sum of finite values may overflow; their mean lies between the extremes.
        let mean = (sum / f64::from(used)).clamp(min.min(max), max.max(min));
        Self { start_us, counts, values: (used > 0).then_some(Values { min, max, mean }) }
    }
}

/// Bytes of summaries that start within one hour. One reading alone, the usual case by the minute, takes 10.
pub(crate) fn encode(rollups: &[RollUp]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rollups.len() * 10);
    for rollup in rollups {
        bytes.push((rollup.start_us.rem_euclid(HOUR_US) / (60 * SECOND_US)) as u8);
        match rollup.values {
            Some(values) if rollup.count() == 1 => {
                bytes.push(quality_code(rollup.worst()) as u8);
                bytes.extend(values.mean.to_le_bytes());
            }
            values => {
                bytes.push(if values.is_some() { MANY } else { NO_VALUE });
                rollup.counts.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
                let numbers = values.map(|v| [v.min, v.max, v.mean]).into_iter().flatten();
                numbers.for_each(|number| bytes.extend(number.to_le_bytes()));
            }
        }
    }
    bytes
}

/// Inverse of [`encode`]; `None` for bytes that it never makes.
pub(crate) fn decode(hour: i64, mut bytes: &[u8]) -> Option<Vec<RollUp>> {
    let mut rollups = Vec::new();
    while !bytes.is_empty() {
        let [minute, kind] = take(&mut bytes)?;
        let start_us = hour * HOUR_US + i64::from(minute) * 60 * SECOND_US;
        let number = |bytes: &mut &[u8]| take(bytes).map(f64::from_le_bytes);
        let (counts, values) = if kind < MANY {
            let value = number(&mut bytes)?;
            let mut counts = [0; 4];
            counts[quality_code(quality_of(u32::from(kind))) as usize] = 1;
            (counts, Some(Values { min: value, max: value, mean: value }))
        } else {
            let mut counts = [0; 4];
            for count in &mut counts {
                *count = u32::from_le_bytes(take(&mut bytes)?);
            }
            let values = if kind == MANY {
                Some(Values { min: number(&mut bytes)?, max: number(&mut bytes)?, mean: number(&mut bytes)? })
            } else {
                None
            };
            (counts, values)
        };
        rollups.push(RollUp { start_us, counts, values });
    }
    Some(rollups)
}

/// Kind of a summary of more than one reading; below it a single one's quality.
const MANY: u8 = 4;
/// Kind of a summary of bad readings alone.
const NO_VALUE: u8 = 5;

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
}
