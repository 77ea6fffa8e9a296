//! Roofs and plants as the sun of an instant meets them: what no share and no sky changes, found once.

use citytwin_energy::{EnergySystem, Plant, PvSystem, RoofPlane};
use citytwin_environment::{
    Horizon, Sight, SkyHour, Surface,
    horizon::{Obstacles, roof_site},
};
use citytwin_model::City;
use rayon::prelude::*;

/// Modules on up to two planes behind one horizon.
pub struct Roof {
    horizon: Option<Horizon>,
    planes: Vec<(Sight, PvSystem)>,
}

/// A stated plant.
pub struct SolarPlant {
    /// Index into `City::energy_assets`.
    pub asset: usize,
    pub roof: Roof,
}

impl Roof {
    fn of(planes: impl Iterator<Item = RoofPlane>, horizon: Option<Horizon>) -> Self {
        let plane = |plane: RoofPlane| {
            let RoofPlane { tilt_deg, azimuth_deg, peak_w } = plane;
            let surface = Surface { tilt_deg, azimuth_deg, horizon: horizon.as_ref() };
            (Sight::new(&surface), PvSystem::typical(peak_w))
        };
        let planes = planes.map(plane).collect();
        Self { horizon, planes }
    }

    /// Alternating current with all its modules, W, at air °C and wind m/s.
    pub fn power_w(&self, sky: &SkyHour, (air_c, wind_m_s): (f64, f64)) -> f64 {
        let power_w = |(sight, system): &(Sight, PvSystem)| {
            let light = sky.seen(sight, self.horizon.as_ref());
            if light > 0.0 { system.power_w(light, air_c, wind_m_s) } else { 0.0 }
        };
        self.planes.iter().map(power_w).sum()
    }
}

/// Every roof that could carry modules, with all that it could; index = `BuildingId`.
pub fn roofs(city: &City, system: &EnergySystem) -> Vec<Option<Box<Roof>>> {
    let obstacles = Obstacles::of(city);
    let of = |building: &citytwin_model::Building| {
        system.roof_is_suitable(building.id).then(|| {
            let horizon = obstacles.horizon(roof_site(&building.volume));
            Box::new(Roof::of(system.suitable_planes(building.id), Some(horizon)))
        })
    };
    city.buildings.par_iter().map(of).collect()
}

/// Stated plants, which nothing stands before.
pub fn plants(system: &EnergySystem) -> Vec<SolarPlant> {
    let of = |plant: Plant| match plant {
        Plant::Solar { asset, plane } => Some(SolarPlant { asset, roof: Roof::of(std::iter::once(plane), None) }),
        Plant::Charger { .. } => None,
    };
    system.plants().filter_map(of).collect()
}
