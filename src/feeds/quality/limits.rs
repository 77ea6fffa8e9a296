//! Limits of the checks by quantity, from `assets/feeds/quality.csv`.

use std::sync::LazyLock;

use citytwin_model::Quantity;

use crate::mapping::QualityLimits;

const TABLE: &str = include_str!("../../../assets/feeds/quality.csv");

/// Limits in a quantity's unit; infinite where a check is not made.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Limits {
    pub low: f64,
    pub high: f64,
    /// A change that is plausible at once.
    pub step: f64,
    /// A change that is plausible within an hour.
    pub per_hour: f64,
    pub flat_after_s: f64,
    pub flat_within: f64,
    pub flat_except: Option<f64>,
}

impl Limits {
    const NONE: Self = Self {
        low: f64::NEG_INFINITY,
        high: f64::INFINITY,
        step: f64::INFINITY,
        per_hour: f64::INFINITY,
        flat_after_s: f64::INFINITY,
        flat_within: 0.0,
        flat_except: None,
    };

    /// Those of a quantity.
    pub fn of(quantity: Quantity) -> Self {
        static LIMITS: LazyLock<[Limits; Quantity::ALL.len()]> = LazyLock::new(|| Quantity::ALL.map(read));
        LIMITS[quantity as usize]
    }

    /// With what a mapping states in their place.
    pub fn with(mut self, own: QualityLimits) -> Self {
        if own.max_step.is_some() || own.max_per_hour.is_some() {
            self.step = own.max_step.unwrap_or(0.0);
            self.per_hour = own.max_per_hour.unwrap_or(0.0);
        }
        self.flat_after_s = own.flat_after_s.unwrap_or(self.flat_after_s);
        self
    }

    /// The largest change that is plausible after so many seconds.
    pub fn change(&self, after_s: f64) -> f64 {
        match (self.step.is_finite(), self.per_hour.is_finite()) {
            (true, true) => self.step.max(self.per_hour * after_s / 3600.0),
            (true, false) => self.step,
            (false, true) => self.per_hour * after_s / 3600.0,
            (false, false) => f64::INFINITY,
        }
    }
}

/// The row of a quantity; a quantity without row, or a cell without number, has no check. A test reads all cells.
fn read(quantity: Quantity) -> Limits {
    let row = TABLE.lines().skip(1).find_map(|line| {
        let mut cells = line.split(',');
        (cells.next() == Some(quantity.name())).then_some(cells)
    });
    let Some(mut cells) = row else { return Limits::NONE };
    let mut cell = || cells.next().and_then(|cell| cell.parse::<f64>().ok());
    let none = Limits::NONE;
    Limits {
        low: cell().unwrap_or(none.low),
        high: cell().unwrap_or(none.high),
        step: cell().unwrap_or(none.step),
        per_hour: cell().unwrap_or(none.per_hour),
        flat_after_s: cell().unwrap_or(none.flat_after_s),
        flat_within: cell().unwrap_or(none.flat_within),
        flat_except: cell(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_has_a_row_of_numbers() {
        assert!(Quantity::ALL.iter().enumerate().all(|(at, quantity)| *quantity as usize == at));
        for quantity in Quantity::ALL {
            let line = TABLE.lines().find(|line| line.split(',').next() == Some(quantity.name()));
            let cells: Vec<&str> = line.unwrap_or_else(|| panic!("no row of {quantity}")).splitn(10, ',').collect();
            assert_eq!(cells.len(), 10, "{quantity}");
            for cell in &cells[1..8] {
                assert!(cell.is_empty() || cell.parse::<f64>().is_ok_and(f64::is_finite), "{quantity}: {cell}");
            }
            assert!(["reread", "memory", "own"].contains(&cells[8]), "{quantity}: {}", cells[8]);
            let (limits, possible) = (Limits::of(quantity), quantity.possible());
            assert!(limits.low < limits.high && limits.step > 0.0 && limits.flat_after_s > 0.0, "{quantity}");
            assert!(limits.low == f64::NEG_INFINITY || limits.low >= possible.0, "{quantity}");
            assert!(limits.high == f64::INFINITY || limits.high <= possible.1, "{quantity}");
        }
    }

    #[test]
    fn a_mappings_own_limits_stand_in() {
        let air = Limits::of(Quantity::AirTemperature);
        assert_eq!((air.change(60.0), air.change(7200.0)), (3.0, 10.0));
        let own = QualityLimits { max_step: Some(1.0), max_per_hour: None, flat_after_s: Some(60.0) };
        assert_eq!((air.with(own).change(7200.0), air.with(own).flat_after_s), (1.0, 60.0));
        assert_eq!(Limits::of(Quantity::VehiclesAvailable).change(1.0), f64::INFINITY);
    }
}
