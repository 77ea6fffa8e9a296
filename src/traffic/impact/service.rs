//! Level of service: the bands of `assets/traffic/service.csv` (Highway Capacity Manual).

use std::sync::LazyLock;

use serde::Serialize;

use crate::table::{Table, TableError};

const TABLE: &str = include_str!("../../../assets/traffic/service.csv");

/// From free to broken down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub enum LevelOfService {
    A,
    B,
    C,
    D,
    E,
    F,
}

impl LevelOfService {
    pub const ALL: [Self; 6] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F];
}

/// Bounds of A to E: least share of the free-flow speed on streets, most cars per kilometre and lane on freeways, most
/// seconds of control delay at signals and where one gives way.
struct Bands {
    street: [f64; 5],
    freeway: [f64; 5],
    signal: [f64; 5],
    give_way: [f64; 5],
}

static BANDS: LazyLock<Bands> = LazyLock::new(|| read(TABLE).expect("the table is checked by a test"));

/// On streets: by speed over free-flow speed; F as well where demand exceeds capacity.
pub fn street_service(speed_share: f64, volume_to_capacity: f64) -> LevelOfService {
    let level = BANDS.street.iter().position(|bound| speed_share > *bound);
    worst_over_capacity(level, volume_to_capacity)
}

/// On freeways: by cars per kilometre and lane; F as well where demand exceeds capacity.
pub fn freeway_service(cars_per_km_lane: f64, volume_to_capacity: f64) -> LevelOfService {
    let level = BANDS.freeway.iter().position(|bound| cars_per_km_lane <= *bound);
    worst_over_capacity(level, volume_to_capacity)
}

/// At signals: by the control delay of the approach; F as well where demand exceeds capacity.
pub fn signal_service(control_delay_s: f64, volume_to_capacity: f64) -> LevelOfService {
    let level = BANDS.signal.iter().position(|bound| control_delay_s <= *bound);
    worst_over_capacity(level, volume_to_capacity)
}

/// Where one stops or gives way, roundabouts included: by the control delay of the approach; F as well where demand exceeds capacity.
pub fn give_way_service(control_delay_s: f64, volume_to_capacity: f64) -> LevelOfService {
    let level = BANDS.give_way.iter().position(|bound| control_delay_s <= *bound);
    worst_over_capacity(level, volume_to_capacity)
}

fn worst_over_capacity(level: Option<usize>, volume_to_capacity: f64) -> LevelOfService {
    if volume_to_capacity > 1.0 { LevelOfService::F } else { LevelOfService::ALL[level.unwrap_or(5)] }
}

fn read(text: &str) -> Result<Bands, TableError> {
    let table = Table::parse(text, &["kind", "level", "bound", "unit", "year", "read", "source"], &[])?;
    let mut bands =
        Bands { street: [f64::NAN; 5], freeway: [f64::NAN; 5], signal: [f64::NAN; 5], give_way: [f64::NAN; 5] };
    for row in table.rows() {
        let level = ["A", "B", "C", "D", "E"].iter().position(|l| *l == row.text("level"));
        let level = level.ok_or_else(|| row.error("level", "A to E"))?;
        match row.text("kind") {
            "street" => bands.street[level] = row.amount("bound")?,
            "freeway" => bands.freeway[level] = row.amount("bound")?,
            "signal" => bands.signal[level] = row.amount("bound")?,
            "yield" => bands.give_way[level] = row.amount("bound")?,
            _ => return Err(row.error("kind", "street, freeway, signal or yield")),
        }
    }
    Ok(bands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let bands = read(TABLE).expect("sound");
        assert!(bands.street.is_sorted_by(|a, b| a > b) && bands.freeway.is_sorted_by(|a, b| a < b));
        assert!(bands.signal.is_sorted_by(|a, b| a < b) && bands.give_way.is_sorted_by(|a, b| a < b));
    }

    /// Speed shares of the HCM's classes, and its densities in cars per mile and lane.
    #[test]
    fn bands_of_the_manual() {
        use LevelOfService::{A, B, C, D, E, F};
        let streets = [0.81, 0.80, 0.67, 0.50, 0.40, 0.30].map(|s| street_service(s, 0.5));
        assert_eq!(streets, [A, B, C, D, E, F]);
        let freeways = [10.9, 17.9, 25.9, 34.9, 44.9, 45.1].map(|mile| freeway_service(mile / 1.609_344, 0.9));
        assert_eq!(freeways, [A, B, C, D, E, F]);
        assert_eq!(street_service(1.0, 1.01), F);
        assert_eq!([9.0, 20.0, 21.0, 55.0, 80.0, 81.0].map(|d| signal_service(d, 0.5)), [A, B, C, D, E, F]);
        assert_eq!([10.0, 15.0, 25.0, 35.0, 50.0, 51.0].map(|d| give_way_service(d, 0.5)), [A, B, C, D, E, F]);
    }
}
