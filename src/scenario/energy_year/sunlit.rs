//! Roofs and plants under the sky of some days, hour by hour.

use citytwin_energy::{EnergySystem, PvSystem, RoofPlane, warming};
use citytwin_environment::{
    Horizon, SkyModel, SkyYear, Surface,
    horizon::{Obstacles, roof_site},
};
use citytwin_model::{BuildingId, City, WeatherYear};
use rayon::prelude::*;

use super::CityEnergy;

/// What stands before each roof that could carry modules.
pub fn horizons(city: &City, system: &EnergySystem) -> Vec<Option<Box<Horizon>>> {
    let obstacles = Obstacles::of(city);
    let of = |building: &citytwin_model::Building| {
        let suitable = system.roof_is_suitable(building.id);
        suitable.then(|| Box::new(obstacles.horizon(roof_site(&building.volume))))
    };
    city.buildings.par_iter().map(of).collect()
}

/// The sky over some hours of the year, whole days.
pub struct Sunlit<'a> {
    of: &'a CityEnergy<'a>,
    sky: SkyYear,
    /// By slot of the sky: its place among the hours, or far beyond; air, °C; what light adds to it in cells, K·m²/W.
    place: Vec<u32>,
    air_c: Vec<f64>,
    warming: Vec<f64>,
}

/// Room to work in: light and power by slot.
#[derive(Default)]
pub struct Room {
    light: Vec<f64>,
    power_w: Vec<f32>,
}

impl<'a> Sunlit<'a> {
    /// Hours from `first` on, both whole days.
    pub fn new(of: &'a CityEnergy<'a>, weather: &WeatherYear, first: usize, count: usize) -> Self {
        let days: Vec<usize> = (first / 24..(first + count).div_ceil(24)).collect();
        let sky = SkyYear::of_days(weather, &of.sun, SkyModel::Perez, &days);
        let place =
            |hour: Option<usize>| hour.and_then(|hour| hour.checked_sub(first)).map_or(u32::MAX, |at| at as u32);
        let hours = || sky.slots().map(|hour| hour.map(|hour| &weather.hours[hour]));
        Self {
            of,
            place: sky.slots().map(place).collect(),
            air_c: hours().map(|hour| hour.map_or(0.0, |hour| hour.weather.air_temperature_c)).collect(),
            warming: hours().map(|hour| hour.map_or(0.0, |hour| warming(hour.wind_m_s))).collect(),
            sky,
        }
    }

    /// Adds what a roof gives to a row of hours, W.
    pub fn roof_into(&self, system: &EnergySystem, building: BuildingId, row: &mut [f32], room: &mut Room) {
        let horizon = self.of.horizons[building.index()].as_deref();
        system.roof_planes(building).for_each(|plane| self.plane_into(&plane, horizon, row, room));
    }

    /// Adds what modules on a plane give to a row of hours, W.
    pub fn plane_into(&self, plane: &RoofPlane, horizon: Option<&Horizon>, row: &mut [f32], room: &mut Room) {
        let system = PvSystem::typical(plane.peak_w);
        let surface = Surface { tilt_deg: plane.tilt_deg, azimuth_deg: plane.azimuth_deg, horizon };
        self.sky.slots_into(&surface, &mut room.light);
        room.power_w.resize(room.light.len(), 0.0);
        system.powers_into(&room.light, (&self.air_c, &self.warming), &mut room.power_w);
        for (place, power_w) in self.place.iter().zip(&room.power_w) {
            if let Some(slot) = row.get_mut(*place as usize) {
                *slot += power_w;
            }
        }
    }
}
