//! One building as the engine steps it, and the weather that all share.

use super::{body::Body, schedule::LEVELS};

/// Directions of facades, 45° each, clockwise from north.
pub const SECTORS: usize = 8;
/// Columns of a climate's irradiance: through windows by sector, …
pub const COLUMNS: usize = 2 * SECTORS + 2;
/// … on opaque walls by sector from here on, …
pub const OPAQUE: usize = SECTORS;
/// … on the roof, …
pub const ROOF: usize = 2 * SECTORS;
/// … and what the sky takes (negative).
pub const SKY: usize = 2 * SECTORS + 1;

/// Months that facades are shaded by.
pub const MONTHS: usize = 12;
/// What neighbours leave of the light on a building's facades, month by month and sector by sector, 0…1.
pub type Lit = [[f32; SECTORS]; MONTHS];

/// A building: its network and what enters it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Zone<const N: usize> {
    pub body: Body<N>,
    /// Heat that air exchange carries per level of the schedule, heat recovery taken off, W/K.
    pub ventilation_w_k: [f64; LEVELS],
    /// Internal gains where the schedule says 1, W.
    pub internal_w: f64,
    /// Area that takes in each column of [`Climate::irradiance`], m²: windows × transmittance at right angles × glass share;
    /// opaque parts × absorptance × U × outside surface resistance; for the sky form factor × U × resistance × area.
    pub aperture_m2: [f64; COLUMNS],
    /// What the plants give at most, W; 0 where there is none, ∞ for an ideal one.
    pub heating_w: f64,
    pub cooling_w: f64,
}

/// A year as buildings feel it. All series have the same length; hours beyond it begin anew.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Climate {
    /// Mean outdoor air temperature of the hour, °C.
    pub outdoor_c: Vec<f64>,
    /// Ground under the buildings, °C.
    pub ground_c: Vec<f64>,
    /// Mean of the hour by column, W/m²: [`SECTORS`] times what passes a window relative to its transmittance at right
    /// angles, then what falls on walls, on a flat roof, and less than 0 what the sky takes.
    pub irradiance: Vec<[f64; COLUMNS]>,
    /// Of each hour, 0…11, for what shades by month; empty: January throughout.
    pub month: Vec<u8>,
}

impl<const N: usize> Zone<N> {
    /// The first thing that no building can be, in words.
    pub(super) fn fault(&self) -> Option<String> {
        if let Some(what) = self.body.fault() {
            return Some(what);
        }
        let wrong = |value: f64| !value.is_finite() || value < 0.0;
        if let Some(at) = self.ventilation_w_k.iter().find(|v| wrong(**v)) {
            return Some(format!("its ventilation takes {at} W/K; it must be 0 or more"));
        }
        if wrong(self.internal_w) {
            return Some(format!("its internal gains are {} W; they must be 0 or more", self.internal_w));
        }
        if let Some(column) = self.aperture_m2.iter().position(|a| wrong(*a)) {
            return Some(format!("its aperture {column} is {} m²; it must be 0 or more", self.aperture_m2[column]));
        }
        let plants = [("heating", self.heating_w), ("cooling", self.cooling_w)];
        let plant = plants.iter().find(|(_, power)| power.is_nan() || *power < 0.0);
        plant.map(|(name, power)| format!("its {name} gives at most {power} W; it must be 0 or more"))
    }
}

impl Climate {
    /// Hours of the series.
    pub fn len(&self) -> usize {
        self.outdoor_c.len()
    }

    pub fn is_empty(&self) -> bool {
        self.outdoor_c.is_empty()
    }

    pub(super) fn month_of(&self, hour: usize) -> usize {
        usize::from(self.month.get(hour).copied().unwrap_or(0))
    }

    pub(super) fn fault(&self) -> Option<String> {
        let hours = self.len();
        let months = self.month.iter().all(|month| usize::from(*month) < MONTHS);
        if !months || !self.month.is_empty() && self.month.len() != hours {
            return Some(format!("the weather's months do not fit its {hours} hours; give 0 to 11 for each, or none"));
        }
        if hours == 0 || self.ground_c.len() != hours || self.irradiance.len() != hours {
            return Some(format!(
                "the weather has {hours} hours of outdoor air, {} of ground and {} of irradiance; give all the same, at least one",
                self.ground_c.len(),
                self.irradiance.len()
            ));
        }
        let wrong = (0..hours).find(|&h| {
            let sums = self.outdoor_c[h] + self.ground_c[h] + self.irradiance[h].iter().sum::<f64>();
            !sums.is_finite()
        });
        wrong.map(|hour| format!("the weather of hour {hour} is not finite"))
    }
}
