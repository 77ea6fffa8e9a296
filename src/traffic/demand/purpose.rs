//! Why people travel: the purposes of `assets/traffic/purposes.csv`, their rates and what attracts them.

use std::sync::LazyLock;

use crate::table::{Table, TableError};

const TABLE: &str = include_str!("../../../assets/traffic/purposes.csv");

/// Purposes of trips; the way home counts with what one returns from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Work,
    Business,
    Education,
    Shopping,
    Errands,
    Leisure,
}

/// Kinds of work places, by whom they draw.
pub const JOB_KINDS: usize = 4;
pub const RETAIL: usize = 0;
pub const PUBLIC: usize = 1;
pub const SCHOOL: usize = 2;
pub const OTHER: usize = 3;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct PurposeRates {
    /// Share of all trips.
    pub trip_share: f64,
    /// Mean length in the survey's country, kilometre on the road.
    pub mean_km: f64,
    pub persons_per_car: f64,
    /// Trips start at home; else at work.
    pub from_home: bool,
    /// Attraction of one inhabitant and of one job of a kind, relative.
    pub per_resident: f64,
    pub per_job: [f64; JOB_KINDS],
}

static RATES: LazyLock<Vec<PurposeRates>> = LazyLock::new(|| read(TABLE).expect("the table is checked by a test"));

impl Purpose {
    pub const ALL: [Self; 6] =
        [Self::Work, Self::Business, Self::Education, Self::Shopping, Self::Errands, Self::Leisure];

    pub fn rates(self) -> &'static PurposeRates {
        &RATES[self as usize]
    }

    /// The word of the tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Business => "business",
            Self::Education => "education",
            Self::Shopping => "shopping",
            Self::Errands => "errands",
            Self::Leisure => "leisure",
        }
    }
}

impl PurposeRates {
    /// Pull of a place.
    pub fn attraction(&self, residents: f64, jobs: &[f64; JOB_KINDS]) -> f64 {
        self.per_resident * residents + self.per_job.iter().zip(jobs).map(|(a, j)| a * j).sum::<f64>()
    }
}

fn read(text: &str) -> Result<Vec<PurposeRates>, TableError> {
    let needed = [
        "purpose",
        "trip_share",
        "mean_km",
        "persons_per_car",
        "from_home",
        "per_resident",
        "per_retail_job",
        "per_public_job",
        "per_school_job",
        "per_other_job",
        "year",
        "read",
        "source",
    ];
    let table = Table::parse(text, &needed, &[])?;
    let mut rows = Vec::new();
    for (row, purpose) in table.rows().zip(Purpose::ALL) {
        if row.text("purpose") != purpose.name() {
            return Err(row.error("purpose", &format!("expected {}", purpose.name())));
        }
        rows.push(PurposeRates {
            trip_share: row.amount("trip_share")?,
            mean_km: row.amount("mean_km")?,
            persons_per_car: row.amount("persons_per_car")?,
            from_home: row.number("from_home")? > 0.0,
            per_resident: row.amount("per_resident")?,
            per_job: [
                row.amount("per_retail_job")?,
                row.amount("per_public_job")?,
                row.amount("per_school_job")?,
                row.amount("per_other_job")?,
            ],
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let rows = read(TABLE).expect("sound");
        assert_eq!(rows.len(), Purpose::ALL.len());
        assert!((rows.iter().map(|r| r.trip_share).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(rows.iter().all(|r| r.persons_per_car >= 1.0));
    }
}
