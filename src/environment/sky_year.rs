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
    groups: Vec<Group>,
    /// Groups of each direction.
    runs: [std::ops::Range<usize>; DIRECTIONS],
}

/// Some hours side by side.
#[derive(Clone, PartialEq, Debug)]
struct Group {
    /// Unit vector to the sun.
    east: [f64; LANES],
    north: [f64; LANES],
    up: [f64; LANES],
    /// As in [`SkyHour`].
    direct: [f64; LANES],
    dome: [f64; LANES],
    band: [f64; LANES],
    ground: [f64; LANES],
    /// Tangent of the sun's elevation.
    slope: [f64; LANES],
    /// How far the sun is from the run's direction to the next, 0…1.
    fraction: [f64; LANES],
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
        let mut year = Self { hour: Vec::new(), groups: Vec::new(), runs: std::array::from_fn(|_| 0..0) };
        let mut rest = lit.as_slice();
        for direction in 0..DIRECTIONS {
            let (run, after) = rest.split_at(rest.partition_point(|hour| hour.0 <= direction));
            let start = year.groups.len();
            for some in run.chunks(LANES) {
                year.hour.extend((0..LANES).map(|lane| some.get(lane).map_or(PADDING, |(_, _, hour, _)| *hour)));
                year.groups.push(Group::of(some));
            }
            year.runs[direction] = start..year.groups.len();
            rest = after;
        }
        year
    }

    /// Hours of the year by slot, the order of [`Self::slots_into`]; `None` fills up and is dark.
    pub fn slots(&self) -> impl ExactSizeIterator<Item = Option<usize>> + '_ {
        self.hour.iter().map(|hour| (*hour != PADDING).then_some(usize::from(*hour)))
    }

    /// Irradiance on a surface by slot, W/m². `out` is made as long as there are slots.
    pub fn slots_into(&self, surface: &Surface, out: &mut Vec<f64>) {
        out.clear();
        out.reserve(self.hour.len());
        pulp::Arch::new().dispatch(Slots { sky: self, surface, out });
    }

    /// Irradiance on a surface in all [`HOURS_OF_YEAR`] hours, W/m²; 0 in hours that are not looked at.
    pub fn hourly(&self, surface: &Surface) -> Vec<f64> {
        let (mut hours, mut slots) = (vec![0.0; HOURS_OF_YEAR], self.slots());
        self.pass(surface, |lanes| {
            for (value, slot) in lanes.iter().zip(slots.by_ref()) {
                if let Some(hour) = slot {
                    hours[hour] = *value;
                }
            }
        });
        hours
    }

    /// Irradiation of a surface over all hours looked at, Wh/m².
    pub fn total(&self, surface: &Surface) -> f64 {
        pulp::Arch::new().dispatch(Total { sky: self, surface })
    }

    /// [`Self::total`] of many surfaces, in parallel; the same for any number of threads.
    pub fn totals(&self, surfaces: &[Surface]) -> Vec<f64> {
        surfaces.par_iter().map(|surface| self.total(surface)).collect()
    }

    /// Hands the irradiance on a surface to `take`, W/m², group by group.
    #[inline(always)]
    fn pass(&self, surface: &Surface, mut take: impl FnMut(&[f64; LANES])) {
        let [a, b, c] = surface.normal_enu();
        let view = surface.sky_view();
        let to_ground = 0.5 * (1.0 - c);
        for (direction, run) in self.runs.iter().enumerate() {
            let [low, high] = match surface.horizon {
                Some(horizon) => [direction, (direction + 1) % DIRECTIONS].map(|d| f64::from(horizon.slopes[d])),
                None => [0.0; 2],
            };
            for group in &self.groups[run.clone()] {
                // Step by step over all lanes, without a branch: so the compiler makes vectors of it.
                let mut lanes = [0.0; LANES];
                for (i, lane) in lanes.iter_mut().enumerate() {
                    *lane = (group.east[i] * a + group.north[i] * b + group.up[i] * c).max(0.0) * group.direct[i];
                }
                for (i, lane) in lanes.iter_mut().enumerate() {
                    let over = group.slope[i] - (low + (high - low) * group.fraction[i]);
                    *lane = if over >= 0.0 { *lane } else { 0.0 };
                }
                for (i, lane) in lanes.iter_mut().enumerate() {
                    let diffuse = (group.dome[i] * view.dome + group.band[i] * view.band).max(0.0);
                    *lane += diffuse + group.ground[i] * to_ground;
                }
                take(&lanes);
            }
        }
    }
}

/// Sums and series as pulp compiles them for the machine's registers: a closure would stay outside of that. The same
/// operations in the same order on any machine.
struct Total<'a> {
    sky: &'a SkyYear,
    surface: &'a Surface<'a>,
}

impl pulp::NullaryFnOnce for Total<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let mut sums = [0.0; LANES];
        self.sky.pass(self.surface, |lanes| {
            for (sum, lane) in sums.iter_mut().zip(lanes) {
                *sum += lane;
            }
        });
        sums.iter().sum()
    }
}

struct Slots<'a> {
    sky: &'a SkyYear,
    surface: &'a Surface<'a>,
    out: &'a mut Vec<f64>,
}

impl pulp::NullaryFnOnce for Slots<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.sky.pass(self.surface, |lanes| self.out.extend_from_slice(lanes));
    }
}

impl Group {
    /// Of up to [`LANES`] hours; the rest is dark.
    fn of(hours: &[(usize, f64, u16, SkyHour)]) -> Self {
        let dark = SkyHour { sun_enu: [0.0, 0.0, 1.0], ..SkyHour::default() };
        let lane = |i: usize| hours.get(i).map_or((0.0, dark), |(_, fraction, _, sky)| (*fraction, *sky));
        let each = |of: fn(&SkyHour) -> f64| std::array::from_fn(|i| of(&lane(i).1));
        Self {
            east: each(|sky| sky.sun_enu[0]),
            north: each(|sky| sky.sun_enu[1]),
            up: each(|sky| sky.sun_enu[2]),
            direct: each(|sky| sky.direct),
            dome: each(|sky| sky.dome),
            band: each(|sky| sky.band),
            ground: each(|sky| sky.ground),
            // The sun in the zenith is above every horizon.
            slope: each(|sky| (sky.sun_enu[2] / sky.sun_enu[0].hypot(sky.sun_enu[1])).min(f64::from(f32::MAX))),
            fraction: std::array::from_fn(|i| lane(i).0),
        }
    }
}

#[cfg(test)]
mod tests;
