//! A year of skies, laid out so that many surfaces pass over it fast: what does not depend on the surface is found once.

use citytwin_model::{HOURS_OF_YEAR, WeatherYear};
use rayon::prelude::*;

use crate::{
    Irradiance, SunYear, extraterrestrial_w_m2,
    horizon::{DIRECTIONS, direction_of},
    sky::{SkyHour, SkyModel, Surface},
};

/// What the ground reflects where the weather does not say, 1: grass and paving mixed (PVWatts version 5, NREL/TP-6A20-62641).
pub const ALBEDO: f64 = 0.2;
/// Hours are stepped in groups of this size, which the compiler turns into vectors.
const LANES: usize = 8;
/// Fills the groups; no hour.
const PADDING: u16 = u16::MAX;

/// The lit hours of a year (or of some of its days). They lie sorted by the azimuth of the sun, so that within a run of
/// them a horizon is a straight line, and filled up to whole groups with dark ones.
#[derive(Clone, PartialEq, Debug)]
pub struct SkyYear {
    /// Hour of the year of each slot, or [`PADDING`].
    hour: Vec<u16>,
    east: Vec<f64>,
    north: Vec<f64>,
    up: Vec<f64>,
    /// As in [`SkyHour`].
    direct: Vec<f64>,
    dome: Vec<f64>,
    band: Vec<f64>,
    ground: Vec<f64>,
    /// Tangent of the sun's elevation.
    slope: Vec<f64>,
    /// How far the sun is from the run's direction to the next, 0…1.
    fraction: Vec<f64>,
    /// Slots of each direction.
    runs: [std::ops::Range<usize>; DIRECTIONS],
}

impl SkyYear {
    /// The whole year. `sun` is that of the weather's place.
    pub fn new(weather: &WeatherYear, sun: &SunYear, model: SkyModel) -> Self {
        Self::of_hours(weather, sun, model, 0..HOURS_OF_YEAR)
    }

    /// Some days, 0…364, as for an answer on the worst of them. Days that are none are passed over.
    pub fn of_days(weather: &WeatherYear, sun: &SunYear, model: SkyModel, days: &[usize]) -> Self {
        let mut days: Vec<usize> = days.to_vec();
        days.sort_unstable();
        days.dedup();
        Self::of_hours(weather, sun, model, days.into_iter().flat_map(|day| day * 24..(day + 1) * 24))
    }

    fn of_hours(weather: &WeatherYear, sun: &SunYear, model: SkyModel, hours: impl Iterator<Item = usize>) -> Self {
        let mut lit: Vec<(usize, f64, u16, SkyHour)> = Vec::new();
        for hour in hours {
            let (Some(row), Some(sun)) = (weather.hours.get(hour), sun.hours.get(hour)) else { continue };
            let light = Irradiance { ghi: row.weather.ghi, dni: row.weather.dni, dhi: row.weather.dhi };
            let extra = extraterrestrial_w_m2((hour / 24 + 1) as i16);
            let sky = SkyHour::new(*sun, light, extra, row.albedo.unwrap_or(ALBEDO), model);
            if sky.direct > 0.0 || sky.dome > 0.0 || sky.ground > 0.0 {
                let (direction, fraction) = direction_of(sun.azimuth_deg);
                lit.push((direction, fraction, hour as u16, sky));
            }
        }
        lit.sort_by_key(|(direction, _, hour, _)| (*direction, *hour));
        let mut year = Self::empty();
        let mut rest = lit.as_slice();
        for direction in 0..DIRECTIONS {
            let (run, after) = rest.split_at(rest.partition_point(|hour| hour.0 <= direction));
            let start = year.hour.len();
            run.iter().for_each(|(_, fraction, hour, sky)| year.push(*hour, *fraction, sky));
            while !year.hour.len().is_multiple_of(LANES) {
                year.push(PADDING, 0.0, &SkyHour { sun_enu: [0.0, 0.0, 1.0], ..SkyHour::default() });
            }
            year.runs[direction] = start..year.hour.len();
            rest = after;
        }
        year
    }

    fn empty() -> Self {
        Self {
            hour: Vec::new(),
            east: Vec::new(),
            north: Vec::new(),
            up: Vec::new(),
            direct: Vec::new(),
            dome: Vec::new(),
            band: Vec::new(),
            ground: Vec::new(),
            slope: Vec::new(),
            fraction: Vec::new(),
            runs: std::array::from_fn(|_| 0..0),
        }
    }

    fn push(&mut self, hour: u16, fraction: f64, sky: &SkyHour) {
        let [east, north, up] = sky.sun_enu;
        self.hour.push(hour);
        self.east.push(east);
        self.north.push(north);
        self.up.push(up);
        self.direct.push(sky.direct);
        self.dome.push(sky.dome);
        self.band.push(sky.band);
        self.ground.push(sky.ground);
        // The sun in the zenith is above every horizon.
        self.slope.push((up / east.hypot(north)).min(f64::from(f32::MAX)));
        self.fraction.push(fraction);
    }

    /// Hours of the year by slot, the order of [`Self::slots_into`]; `None` fills up and is dark.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = Option<usize>> + '_ {
        self.hour.iter().map(|hour| (*hour != PADDING).then_some(usize::from(*hour)))
    }

    /// Irradiance on a surface by slot, W/m². `out` is made as long as there are slots.
    pub fn slots_into(&self, surface: &Surface, out: &mut Vec<f64>) {
        out.resize(self.hour.len(), 0.0);
        self.pass(surface, |group, lanes| out[group..group + LANES].copy_from_slice(lanes));
    }

    /// Irradiance on a surface in all [`HOURS_OF_YEAR`] hours, W/m²; 0 in hours that are not looked at.
    pub fn hourly(&self, surface: &Surface) -> Vec<f64> {
        let mut hours = vec![0.0; HOURS_OF_YEAR];
        self.pass(surface, |group, lanes| {
            for (hour, value) in self.hour[group..group + LANES].iter().zip(lanes) {
                if let Some(slot) = hours.get_mut(usize::from(*hour)) {
                    *slot = *value;
                }
            }
        });
        hours
    }

    /// Irradiation of a surface over all hours looked at, Wh/m².
    pub fn total(&self, surface: &Surface) -> f64 {
        let mut sums = [0.0; LANES];
        self.pass(surface, |_, lanes| {
            for (sum, lane) in sums.iter_mut().zip(lanes) {
                *sum += lane;
            }
        });
        sums.iter().sum()
    }

    /// [`Self::total`] of many surfaces, in parallel; the same for any number of threads.
    pub fn totals(&self, surfaces: &[Surface]) -> Vec<f64> {
        surfaces.par_iter().map(|surface| self.total(surface)).collect()
    }

    /// Hands the irradiance on a surface to `take`, group by group: first slot, W/m².
    #[inline(always)]
    fn pass(&self, surface: &Surface, mut take: impl FnMut(usize, &[f64; LANES])) {
        let [a, b, c] = surface.normal_enu();
        let view = surface.sky_view();
        let ground = 0.5 * (1.0 - c);
        for (direction, run) in self.runs.iter().enumerate() {
            let [low, high] = match surface.horizon {
                Some(horizon) => [direction, (direction + 1) % DIRECTIONS].map(|d| f64::from(horizon.slopes[d])),
                None => [0.0; 2],
            };
            let rise = high - low;
            for group in run.clone().step_by(LANES) {
                let of =
                    |values: &[f64]| -> [f64; LANES] { std::array::from_fn(|lane| values[group..group + LANES][lane]) };
                let (east, north, up) = (of(&self.east), of(&self.north), of(&self.up));
                let (direct, slope, fraction) = (of(&self.direct), of(&self.slope), of(&self.fraction));
                let (dome, band, lit_ground) = (of(&self.dome), of(&self.band), of(&self.ground));
                let mut lanes = [0.0; LANES];
                for i in 0..LANES {
                    let incidence = (east[i] * a + north[i] * b + up[i] * c).max(0.0);
                    let beam = if slope[i] >= low + rise * fraction[i] { direct[i] * incidence } else { 0.0 };
                    let diffuse = (dome[i] * view.dome + band[i] * view.band).max(0.0);
                    lanes[i] = beam + diffuse + lit_ground[i] * ground;
                }
                take(group, &lanes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
