//! Roofs and plants under the sky of some days, hour by hour.

use citytwin_energy::{EnergySystem, PvSystem, RoofPlane};
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
    weather: &'a WeatherYear,
    sky: SkyYear,
    first: usize,
}

impl<'a> Sunlit<'a> {
    /// Hours from `first` on, both whole days.
    pub fn new(of: &'a CityEnergy<'a>, weather: &'a WeatherYear, first: usize, count: usize) -> Self {
        let days: Vec<usize> = (first / 24..(first + count).div_ceil(24)).collect();
        Self { of, weather, sky: SkyYear::of_days(weather, &of.sun, SkyModel::Perez, &days), first }
    }

    /// Adds what a roof gives to a row of hours, W.
    pub fn roof_into(&self, system: &EnergySystem, building: BuildingId, row: &mut [f32], light: &mut Vec<f64>) {
        let horizon = self.of.horizons[building.index()].as_deref();
        system.roof_planes(building).for_each(|plane| self.plane_into(&plane, horizon, row, light));
    }

    /// Adds what modules on a plane give to a row of hours, W. `light` is room to work in.
    pub fn plane_into(&self, plane: &RoofPlane, horizon: Option<&Horizon>, row: &mut [f32], light: &mut Vec<f64>) {
        let system = PvSystem::typical(plane.peak_w);
        let surface = Surface { tilt_deg: plane.tilt_deg, azimuth_deg: plane.azimuth_deg, horizon };
        self.sky.slots_into(&surface, light);
        for (light, hour) in light.iter().zip(self.sky.slots()) {
            let Some(hour) = hour.filter(|_| *light > 0.0) else { continue };
            let weather = &self.weather.hours[hour];
            let power_w = system.power_w(*light, weather.weather.air_temperature_c, weather.wind_m_s);
            if let Some(slot) = hour.checked_sub(self.first).and_then(|at| row.get_mut(at)) {
                *slot += power_w as f32;
            }
        }
    }
}
