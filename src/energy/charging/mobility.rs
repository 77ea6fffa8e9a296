//! How the cars of a city come and go, as plain data: who computes a city's trips fills it, charging reads it.

use crate::{
    EnergySystem,
    charging::{Arrivals, Figures},
};

const HOURS_PER_WEEK: f64 = 168.0;

/// A city's cars as its trips tell them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Mobility {
    /// Per building, what the cars of those who live there drive in a week, all of them, km.
    pub week_km: Vec<f32>,
    /// Per building, its part of what the city charges at work; the sum is 1, or 0 where nobody works.
    pub work: Vec<f32>,
    /// By zone, when cars stand at home and at work.
    pub at_home: Vec<Arrivals>,
    pub at_work: Vec<Arrivals>,
    pub in_public: Arrivals,
    /// Per transformer of the energy system, its zone.
    pub zone_of: Vec<u32>,
}

/// Where a week's way of the electric cars is charged.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Places {
    /// Of each building's own.
    pub home_share: f64,
    /// Of the whole city, km.
    pub work_km: f64,
    pub public_km: f64,
    /// At home, at work, in public, km.
    pub all_km: f64,
}

impl Mobility {
    /// Whether anybody drives.
    pub fn is_empty(&self) -> bool {
        self.week_km.iter().all(|km| *km <= 0.0)
    }

    /// A building's electric cars, km a week, at the present shares.
    pub fn electric_km(&self, system: &EnergySystem, building: usize) -> f64 {
        f64::from(self.week_km[building]) * system.electric_share_of(building)
    }

    /// Splits what the electric cars drive; all of it is charged somewhere. No more in public than the stated chargers carry,
    /// nothing at work where nobody works.
    pub fn places(&self, system: &EnergySystem, figures: &Figures) -> Places {
        let all_km: f64 = (0..self.week_km.len()).map(|building| self.electric_km(system, building)).sum();
        if all_km <= 0.0 {
            return Places::default();
        }
        let works = self.work.iter().any(|share| *share > 0.0);
        let work = if works { figures.work_share } else { 0.0 };
        let week_wh = all_km * 1000.0 * system.car_kwh_per_km() / figures.charged_share;
        let carried_wh = figures.public_use_most * system.charger_rated_w() * HOURS_PER_WEEK;
        let public = figures.public_share.min(carried_wh / week_wh);
        Places { home_share: 1.0 - work - public, work_km: work * all_km, public_km: public * all_km, all_km }
    }
}
