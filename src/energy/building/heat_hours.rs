//! Some hours of a city's heat that no share changes: what plants would give to every building as it stands, and retrofitted.
//! Who has which, and a heat pump, is asked hour by hour, so that a slider costs no simulation.

use citytwin_model::BuildingId;

use super::{
    archetype::Retrofit,
    city::{CityHeat, Measures, schedule},
    heat_source::HeatSource,
    plant::{HeatPower, Hour, Plan},
    schedule::Schedule,
    simulate::{BuildingError, Hours, Kept, Stock, simulate},
    zone::Climate,
};

/// Temperature of all masses before the warm-up, °C.
const START_C: f64 = 18.0;

/// The last hours of a climate, for all buildings.
pub struct HeatHours {
    count: usize,
    /// Plants' power, heating positive, W (`building · count + hour`): as it stands, and retrofitted.
    power_w: [Vec<f32>; 2],
    hours: Vec<Hour>,
}

/// What a building has.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct HeatedBy {
    pub pump: bool,
    pub retrofit: bool,
}

impl HeatHours {
    /// Hours told.
    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl CityHeat {
    /// The last `count` hours of a climate whose first hour begins a Monday; those before warm the masses up. Retrofits are of
    /// the level that [`Measures`] has by default. Works on rayon's current pool; the same bytes for any number of threads.
    ///
    /// # Errors
    /// A climate that cannot be, or is shorter than `count`.
    pub fn hours(&self, climate: &Climate, count: usize) -> Result<HeatHours, BuildingError> {
        let retrofit = self.checked(&Measures::default())?;
        let first = climate.len().saturating_sub(count);
        let schedules: Vec<Schedule> = self.rules.iter().map(|rules| schedule(rules, climate.len())).collect();
        let class: Vec<u16> = self.use_of.iter().map(|of| u16::from(*of)).collect();
        let run = |retrofit: Option<&Retrofit>| {
            let zone = |index: usize| self.zone(index, retrofit);
            let stock = Stock {
                class: &class,
                schedules: &schedules,
                zone: &zone,
                start_c: START_C,
                lit: self.lit(),
                start: None,
            };
            let outcome = simulate(&stock, climate, Hours { first, count, warm_up: first }, Kept::Power)?;
            Ok::<_, BuildingError>(outcome.power_w)
        };
        let power_w = [run(None)?, run(Some(retrofit))?];
        Ok(HeatHours { count, power_w, hours: (first..climate.len()).map(|hour| Hour::of(hour, climate)).collect() })
    }

    /// A building in one of the hours, 0 ≤ `hour` < [`HeatHours::len`].
    pub fn power(&self, hours: &HeatHours, (building, by): (BuildingId, HeatedBy), hour: usize) -> HeatPower {
        let index = building.index();
        let source = if by.pump { HeatSource::HeatPump } else { HeatSource::Boiler };
        let plan = Plan { source, retrofit: by.retrofit, emitter_c: self.emitter_c(index, by.retrofit) };
        let plant_w = hours.power_w[usize::from(by.retrofit)][index * hours.count + hour];
        plan.power(f64::from(plant_w), self.hot_water_w(index), &hours.hours[hour])
    }
}
