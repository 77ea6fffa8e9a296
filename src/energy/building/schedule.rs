//! What people do with a building, hour by hour: gains, setpoints, ventilation. Shared by all buildings of a class.

/// Ventilation levels of a zone that a schedule chooses between.
pub const LEVELS: usize = 4;

/// One hour of a schedule.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ScheduleHour {
    /// Internal gains relative to the zone's `internal_w`.
    pub internal: f64,
    /// Heated up to, °C; −∞ where heating is off.
    pub heating_c: f64,
    /// Cooled down to, °C; +∞ where cooling is off.
    pub cooling_c: f64,
    /// Which of the zone's ventilation levels, < [`LEVELS`].
    pub level: u8,
}

/// A year of hours, in the order of the climate's.
#[derive(Clone, PartialEq, Debug)]
pub struct Schedule {
    pub hours: Vec<ScheduleHour>,
}

impl Schedule {
    /// The first hour that cannot be.
    pub(super) fn fault(&self) -> Option<String> {
        let wrong = |hour: &ScheduleHour| {
            if !hour.internal.is_finite() || hour.internal < 0.0 {
                return Some(format!("internal gains of {}; they must be 0 or more", hour.internal));
            }
            if hour.heating_c.is_nan() || hour.cooling_c.is_nan() || hour.heating_c > hour.cooling_c {
                return Some(format!(
                    "heating to {} °C and cooling to {} °C; the first must not lie above the second",
                    hour.heating_c, hour.cooling_c
                ));
            }
            (usize::from(hour.level) >= LEVELS).then(|| format!("ventilation level {}; there are {LEVELS}", hour.level))
        };
        let at = |(index, hour)| wrong(hour).map(|what| format!("hour {index} has {what}"));
        self.hours.iter().enumerate().find_map(at)
    }
}
