//! When trips start: the shapes of `assets/traffic/profiles.csv`.

use std::sync::LazyLock;

use super::purpose::Purpose;
use crate::table::{Table, TableError};

const TABLE: &str = include_str!("../../../assets/traffic/profiles.csv");
/// Rows that are no purpose's.
const OUTSIDE: usize = 12;
const WEEKEND: usize = 13;
const NAMES: [&str; 14] = [
    "work_out",
    "work_back",
    "business_out",
    "business_back",
    "education_out",
    "education_back",
    "shopping_out",
    "shopping_back",
    "errands_out",
    "errands_back",
    "leisure_out",
    "leisure_back",
    "outside",
    "weekend",
];

static SHAPES: LazyLock<Vec<[f64; 24]>> = LazyLock::new(|| read(TABLE).expect("the table is checked by a test"));

/// When trips of a kind start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    Out(Purpose),
    Back(Purpose),
    /// Through and long-distance traffic.
    Outside,
    /// All purposes together, there and back: for trips that come as one table of the day.
    All,
}

impl Profile {
    /// Share of a weekday's trips that start per hour at this hour (0 ≤ h < 24); linear between the middles of hours.
    /// On a weekend one shape holds for all, and sums to 1 as well.
    pub fn share_per_hour(self, hour: f64, weekend: bool) -> f64 {
        if self == Self::All && !weekend {
            let of = |purpose: Purpose| {
                let both =
                    Self::Out(purpose).share_per_hour(hour, false) + Self::Back(purpose).share_per_hour(hour, false);
                0.5 * purpose.rates().trip_share * both
            };
            return Purpose::ALL.into_iter().map(of).sum();
        }
        let shape = &SHAPES[if weekend { WEEKEND } else { self.row() }];
        let at = (hour - 0.5).rem_euclid(24.0);
        let (before, t) = (at.floor() as usize % 24, at.fract());
        shape[before] * (1.0 - t) + shape[(before + 1) % 24] * t
    }

    fn row(self) -> usize {
        match self {
            Self::Out(purpose) => 2 * purpose as usize,
            Self::Back(purpose) => 2 * purpose as usize + 1,
            Self::Outside | Self::All => OUTSIDE,
        }
    }
}

/// Shapes in the order of `NAMES`, each with sum 1.
fn read(text: &str) -> Result<Vec<[f64; 24]>, TableError> {
    let hours: Vec<String> = (0..24).map(|h| format!("h{h:02}")).collect();
    let mut needed: Vec<&str> = hours.iter().map(String::as_str).collect();
    needed.extend(["profile", "year", "read", "source"]);
    let table = Table::parse(text, &needed, &[])?;
    let mut shapes = Vec::new();
    for (row, name) in table.rows().zip(NAMES) {
        if row.text("profile") != name {
            return Err(row.error("profile", &format!("expected {name}")));
        }
        let mut shape = [0.0; 24];
        for (value, hour) in shape.iter_mut().zip(&hours) {
            *value = row.amount(hour)?;
        }
        let total: f64 = shape.iter().sum();
        shapes.push(shape.map(|v| v / total));
    }
    Ok(shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole day's shares sum to 1.
    #[test]
    fn profiles_sum_to_a_day() {
        assert_eq!(read(TABLE).expect("sound").len(), NAMES.len());
        let all = Purpose::ALL.into_iter().flat_map(|p| [Profile::Out(p), Profile::Back(p)]);
        for profile in all.chain([Profile::Outside, Profile::All]) {
            for weekend in [false, true] {
                let sum: f64 = (0..1440).map(|m| profile.share_per_hour(f64::from(m) / 60.0, weekend) / 60.0).sum();
                assert!((sum - 1.0).abs() < 1e-9, "{profile:?} {weekend}: {sum}");
            }
        }
    }
}
