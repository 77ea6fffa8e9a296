//! From the irradiance of an hour to a surface of any tilt: the sky as a few amounts that do not depend on the surface.

use citytwin_model::SunPosition;

use crate::{
    Irradiance,
    clear_sky::air_mass,
    horizon::{Horizon, SkyView},
};

/// How the diffuse light lies over the sky.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SkyModel {
    /// Even (B. Y. H. Liu, R. C. Jordan, Solar Energy 4 (1960) 1).
    Isotropic,
    /// Brighter about the sun (J. E. Hay, J. A. Davies, 1st Canadian Solar Radiation Data Workshop, 1980).
    HayDavies,
    /// Brighter about the sun and at the horizon (R. Perez, P. Ineichen, R. Seals, J. Michalsky, R. Stewart, "Modeling
    /// daylight availability and irradiance components from direct and global irradiance", Solar Energy 44 (1990) 271–289),
    /// coefficients of all sites together.
    #[default]
    Perez,
}

/// A plane under the sky.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Surface<'a> {
    /// Degree; 0 lies flat, 90 stands upright.
    pub tilt_deg: f64,
    /// Where it faces, degree clockwise from north.
    pub azimuth_deg: f64,
    /// What stands before it; `None`: nothing.
    pub horizon: Option<&'a Horizon>,
}

impl Surface<'_> {
    /// A surface that nothing stands before.
    pub fn open(tilt_deg: f64, azimuth_deg: f64) -> Self {
        Self { tilt_deg, azimuth_deg, horizon: None }
    }

    /// Unit vector (east, north, up) off the surface.
    pub fn normal_enu(&self) -> [f64; 3] {
        let (sin_tilt, cos_tilt) = self.tilt_deg.to_radians().sin_cos();
        let (sin_azimuth, cos_azimuth) = self.azimuth_deg.to_radians().sin_cos();
        [sin_tilt * sin_azimuth, sin_tilt * cos_azimuth, cos_tilt]
    }

    /// What it sees of the sky.
    pub fn sky_view(&self) -> SkyView {
        self.horizon.map_or(SkyView::open(self.tilt_deg), |horizon| horizon.sky_view(self.tilt_deg, self.azimuth_deg))
    }
}

/// What no sky changes about a surface: for many skies in a row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sight {
    normal_enu: [f64; 3],
    view: SkyView,
}

impl Sight {
    pub fn new(surface: &Surface) -> Self {
        Self { normal_enu: surface.normal_enu(), view: surface.sky_view() }
    }
}

/// The sky of an hour. What stands before a surface counts as black, the ground before it as lit in full.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct SkyHour {
    /// Unit vector to the sun (east, north, up).
    pub sun_enu: [f64; 3],
    /// From the sun and its surroundings on a plane square to it, W/m²; 0 with the sun down.
    pub direct: f64,
    /// From the even sky on a horizontal plane, W/m².
    pub dome: f64,
    /// From the band at the horizon on a vertical plane, W/m²; below 0 where the sky is darker there.
    pub band: f64,
    /// From the ground on a plane that faces down, W/m².
    pub ground: f64,
}

/// Hay and Davies: least sine of the sun's elevation in the projection (1°).
const LEAST_SINE_HAY: f64 = 0.017_45;
/// Perez: least sine of the sun's elevation in the projection (5°).
const LEAST_SINE_PEREZ: f64 = 0.087_155_742_747_658_17;
/// Perez: weight of the zenith angle in the clearness, 1/rad³.
const KAPPA: f64 = 1.041;
/// Perez, table 1: upper ends of the bins of clearness; the last is open.
const CLEARNESS: [f64; 7] = [1.065, 1.230, 1.500, 1.950, 2.800, 4.500, 6.200];
/// Perez, table 6, all sites: F11, F12, F13, F21, F22, F23 by bin of clearness.
const PEREZ: [[f64; 6]; 8] = [
    [-0.008, 0.588, -0.062, -0.060, 0.072, -0.022],
    [0.130, 0.683, -0.151, -0.019, 0.066, -0.029],
    [0.330, 0.487, -0.221, 0.055, -0.064, -0.026],
    [0.568, 0.187, -0.295, 0.109, -0.152, -0.014],
    [0.873, -0.392, -0.362, 0.226, -0.462, 0.001],
    [1.132, -1.237, -0.412, 0.288, -0.823, 0.056],
    [1.060, -1.600, -0.359, 0.264, -1.127, 0.131],
    [0.678, -0.327, -0.250, 0.156, -1.377, 0.251],
];

impl SkyHour {
    /// `extra_w_m2`: extraterrestrial normal irradiance; `albedo`: what the ground reflects, 0…1. With the sun down the sky
    /// is even and gives no beam.
    pub fn new(sun: SunPosition, light: Irradiance, extra_w_m2: f64, albedo: f64, model: SkyModel) -> Self {
        let sun_enu = sun.direction_enu();
        let mut sky = Self { sun_enu, direct: 0.0, dome: light.dhi, band: 0.0, ground: light.ghi * albedo };
        if sun_enu[2] <= 0.0 {
            return sky;
        }
        let (about_sun, band, least_sine) = match model {
            SkyModel::Isotropic => (0.0, 0.0, 1.0),
            SkyModel::HayDavies => (light.dni / extra_w_m2, 0.0, LEAST_SINE_HAY),
            SkyModel::Perez => {
                let (about_sun, band) = perez(sun, light, extra_w_m2);
                (about_sun, band, LEAST_SINE_PEREZ)
            }
        };
        sky.direct = light.dni + light.dhi * about_sun / sun_enu[2].max(least_sine);
        sky.dome = light.dhi * (1.0 - about_sun);
        sky.band = light.dhi * band;
        sky
    }

    /// Irradiance on a surface, W/m².
    pub fn on(&self, surface: &Surface) -> f64 {
        self.seen(&Sight::new(surface), surface.horizon)
    }

    /// Irradiance on a surface whose sight has been found before, W/m². `horizon` is the one it was found with.
    pub fn seen(&self, sight: &Sight, horizon: Option<&Horizon>) -> f64 {
        let Sight { normal_enu: [east, north, up], view } = *sight;
        let incidence = self.sun_enu[0] * east + self.sun_enu[1] * north + self.sun_enu[2] * up;
        let azimuth_deg = self.sun_enu[0].atan2(self.sun_enu[1]).to_degrees();
        let slope = self.sun_enu[2] / self.sun_enu[0].hypot(self.sun_enu[1]);
        let lit = horizon.is_none_or(|horizon| slope >= horizon.slope_at(azimuth_deg));
        let direct = if lit { self.direct * incidence.max(0.0) } else { 0.0 };
        let diffuse = (self.dome * view.dome + self.band * view.band).max(0.0);
        direct + diffuse + self.ground * 0.5 * (1.0 - up)
    }
}

/// F1 and F2: shares of the diffuse light about the sun and at the horizon.
fn perez(sun: SunPosition, light: Irradiance, extra_w_m2: f64) -> (f64, f64) {
    if light.dhi <= 0.0 {
        return (0.0, 0.0);
    }
    let zenith = (90.0 - sun.elevation_deg).to_radians();
    let weight = KAPPA * zenith.powi(3);
    let clearness = ((light.dhi + light.dni) / light.dhi + weight) / (1.0 + weight);
    let brightness = light.dhi * air_mass(sun.elevation_deg) / extra_w_m2;
    let bin = CLEARNESS.iter().take_while(|end| clearness >= **end).count();
    let [f11, f12, f13, f21, f22, f23] = PEREZ[bin];
    ((f11 + f12 * brightness + f13 * zenith).max(0.0), f21 + f22 * brightness + f23 * zenith)
}

#[cfg(test)]
mod tests;
