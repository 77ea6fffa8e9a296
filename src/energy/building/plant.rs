//! What heating plants draw for the heat that an hour asks of them.

use super::{
    heat_source::{BOILER, COOLER, DISTRICT, HOT_WATER_C, HeatSource, air_source_cop, emitter_c},
    zone::Climate,
};

/// Emitters of old buildings, of retrofitted and of new ones, °C at −12 °C outside (own: radiators 70/55, 55/45, floors 35).
pub(super) const EMITTER_OLD_C: f64 = 62.0;
pub(super) const EMITTER_NEW_C: f64 = 45.0;
/// Hot water through a day by hour, relative to its mean (EN 12831-3:2017, annex, dwellings; from memory, rounded).
const HOT_WATER_DAY: [f64; 24] = [
    0.4, 0.2, 0.2, 0.2, 0.3, 0.7, 1.5, 2.1, 1.8, 1.4, 1.2, 1.1, 1.2, 1.0, 0.8, 0.8, 0.9, 1.1, 1.5, 1.7, 1.5, 1.2, 0.9,
    0.5,
];
/// Power of one building or sum in one hour, W: heat and cold delivered, hot water's heat, electricity of heat pumps and
/// coolers, fuel of boilers, heat from the district.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct HeatPower {
    pub heating_w: f64,
    pub cooling_w: f64,
    pub hot_water_w: f64,
    pub electric_w: f64,
    pub fuel_w: f64,
    pub district_w: f64,
}

/// What a building gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub source: HeatSource,
    pub retrofit: bool,
    pub emitter_c: f64,
}

/// One hour for all buildings: hot water relative to its mean; electricity per heat by emitters and tank.
pub(super) struct Hour {
    pub hot_water: f64,
    pub old: f64,
    pub new: f64,
    pub tank: f64,
}

impl Hour {
    pub fn of(hour: usize, climate: &Climate) -> Self {
        let outdoor_c = climate.outdoor_c[hour % climate.len()];
        let per_heat = |water_c: f64| 1.0 / air_source_cop(outdoor_c, water_c);
        Self {
            hot_water: HOT_WATER_DAY[hour % 24] * 24.0 / HOT_WATER_DAY.iter().sum::<f64>(),
            old: per_heat(emitter_c(outdoor_c, EMITTER_OLD_C)),
            new: per_heat(emitter_c(outdoor_c, EMITTER_NEW_C)),
            tank: per_heat(HOT_WATER_C),
        }
    }
}

impl Plan {
    pub fn power(&self, plant_w: f64, water_w: f64, hour: &Hour) -> HeatPower {
        let (heating_w, cooling_w) = (plant_w.max(0.0), (-plant_w).max(0.0));
        let hot_water_w = water_w * hour.hot_water;
        let heat_w = heating_w + hot_water_w;
        let per_heat = if self.emitter_c > EMITTER_NEW_C { hour.old } else { hour.new };
        let mut power = HeatPower { heating_w, cooling_w, hot_water_w, ..HeatPower::default() };
        power.electric_w = cooling_w / COOLER;
        match self.source {
            HeatSource::Boiler => power.fuel_w = heat_w / BOILER,
            HeatSource::HeatPump => power.electric_w += heating_w * per_heat + hot_water_w * hour.tank,
            HeatSource::District => power.district_w = heat_w / DISTRICT,
        }
        power
    }
}

impl HeatPower {
    pub(super) fn add(&mut self, other: &Self) {
        self.heating_w += other.heating_w;
        self.cooling_w += other.cooling_w;
        self.hot_water_w += other.hot_water_w;
        self.electric_w += other.electric_w;
        self.fuel_w += other.fuel_w;
        self.district_w += other.district_w;
    }
}
