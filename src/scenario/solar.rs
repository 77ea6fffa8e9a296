//! A year of sun on a surface and what photovoltaics make of it: where the sky of `environment` and the modules of `energy` meet.

use citytwin_energy::{PvSystem, warming};
use citytwin_environment::{SkyModel, SkyYear, SunYear, Surface};
use citytwin_model::{HOURS_OF_YEAR, LonLat, WeatherYear};
use rayon::prelude::*;
use serde::Serialize;

/// Days of the months of a weather year.
const MONTH_DAYS: [usize; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/// Weather from further away than this is another place's, km.
const FURTHEST_KM: f64 = 300.0;
/// Kilometres per degree of a meridian.
const KM_PER_DEG: f64 = 111.2;

/// What is asked: modules on one plane.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SolarSpec {
    pub place: LonLat,
    /// Degree, 0 (flat) to 90 (upright).
    pub tilt_deg: f64,
    /// Where it faces, degree clockwise from north, −360 to 360.
    pub azimuth_deg: f64,
    /// Power of the modules at standard test conditions, kW.
    pub peak_kw: f64,
}

/// What a year gives.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SolarYear {
    /// Where the weather is from, as the year says it.
    pub weather: String,
    /// Whether the weather was measured; otherwise a model made it.
    pub measured: bool,
    pub peak_kw: f64,
    /// Irradiation of the plane, kWh/m².
    pub plane_kwh_m2: f64,
    /// Alternating current, kWh.
    pub ac_kwh: f64,
    /// January to December.
    pub months: Vec<SolarMonth>,
}

#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct SolarMonth {
    /// 1…12.
    pub month: usize,
    pub plane_kwh_m2: f64,
    pub ac_kwh: f64,
}

/// An argument that cannot be.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SolarError {
    #[error("{name} {value}: no number from {least} to {most}; correct it")]
    Argument { name: &'static str, value: f64, least: f64, most: f64 },
    #[error(
        "the weather ({label}) is of {latitude_deg}, {longitude_deg}, {km:.0} km away; give weather within {FURTHEST_KM} km"
    )]
    Far { label: String, latitude_deg: f64, longitude_deg: f64, km: f64 },
    #[error("the weather has {0} hours; give a year of {HOURS_OF_YEAR}")]
    Hours(usize),
}

/// Irradiation and yield of open modules, month by month (Perez sky, PVWatts defaults).
///
/// # Errors
/// Arguments that are no number or beyond their range; weather of another place or of another length.
pub fn solar(spec: &SolarSpec, weather: &WeatherYear) -> Result<SolarYear, SolarError> {
    check(spec, weather)?;
    let sun = SunYear::at(spec.place, weather.utc_offset_h);
    let light = SkyYear::new(weather, &sun, SkyModel::Perez).hourly(&Surface::open(spec.tilt_deg, spec.azimuth_deg));
    let system = PvSystem::typical(spec.peak_kw * 1000.0);
    let mut hours = light.iter().zip(&weather.hours);
    let months = MONTH_DAYS.iter().enumerate().map(|(month, days)| {
        let mut of = SolarMonth { month: month + 1, plane_kwh_m2: 0.0, ac_kwh: 0.0 };
        for (light, row) in hours.by_ref().take(days * 24) {
            of.plane_kwh_m2 += light / 1000.0;
            of.ac_kwh += system.power_w(*light, row.weather.air_temperature_c, row.wind_m_s) / 1000.0;
        }
        of
    });
    let months: Vec<SolarMonth> = months.collect();
    Ok(SolarYear {
        weather: weather.label.clone(),
        measured: weather.measured,
        peak_kw: spec.peak_kw,
        plane_kwh_m2: months.iter().map(|month| month.plane_kwh_m2).sum(),
        ac_kwh: months.iter().map(|month| month.ac_kwh).sum(),
        months,
    })
}

fn check(spec: &SolarSpec, weather: &WeatherYear) -> Result<(), SolarError> {
    let LonLat { lon, lat } = spec.place;
    for (name, value, least, most) in [
        ("latitude", lat, -90.0, 90.0),
        ("longitude", lon, -180.0, 180.0),
        ("tilt", spec.tilt_deg, 0.0, 90.0),
        ("azimuth", spec.azimuth_deg, -360.0, 360.0),
        ("peak power in kW", spec.peak_kw, 0.0, 1e6),
    ] {
        // NaN lies in no range.
        if !(least..=most).contains(&value) {
            return Err(SolarError::Argument { name, value, least, most });
        }
    }
    if weather.hours.len() != HOURS_OF_YEAR {
        return Err(SolarError::Hours(weather.hours.len()));
    }
    let turn = (weather.longitude_deg - lon + 180.0).rem_euclid(360.0) - 180.0;
    let east = turn * (0.5 * (lat + weather.latitude_deg)).to_radians().cos();
    let km = KM_PER_DEG * east.hypot(weather.latitude_deg - lat);
    if km > FURTHEST_KM {
        let (latitude_deg, longitude_deg) = (weather.latitude_deg, weather.longitude_deg);
        return Err(SolarError::Far { label: weather.label.clone(), latitude_deg, longitude_deg, km });
    }
    Ok(())
}

/// A year's (or some days') sky with its air, over which many systems pass.
#[derive(Clone, PartialEq, Debug)]
pub struct SolarSky {
    pub sky: SkyYear,
    /// By slot of the sky.
    air_c: Vec<f64>,
    warming: Vec<f64>,
}

impl SolarSky {
    /// Of a sky made of this weather.
    pub fn new(sky: SkyYear, weather: &WeatherYear) -> Self {
        let row = |slot: Option<usize>| slot.and_then(|hour| weather.hours.get(hour)).copied().unwrap_or_default();
        let air_c = sky.slots().map(|slot| row(slot).weather.air_temperature_c).collect();
        let warming = sky.slots().map(|slot| warming(row(slot).wind_m_s)).collect();
        Self { sky, air_c, warming }
    }

    /// Alternating current of each system on its surface over the hours looked at, Wh; in parallel, the same for any number
    /// of threads.
    pub fn energies_wh(&self, systems: &[(Surface, PvSystem)]) -> Vec<f64> {
        let energy_wh = |light: &mut Vec<f64>, (surface, system): &(Surface, PvSystem)| {
            self.sky.slots_into(surface, light);
            system.energy_wh(light, &self.air_c, &self.warming)
        };
        systems.par_iter().map_init(Vec::new, energy_wh).collect()
    }
}

#[cfg(test)]
mod tests;
