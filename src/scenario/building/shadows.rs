//! What a city's own buildings leave of the light on its facades: for each building, each of eight directions and each month one
//! share, found once. Direct sun counts by the irradiance of its hours above the facade's own horizon, the diffuse sky by what is
//! seen of it; the ground before a facade counts as lit in full.

use citytwin_energy::building::{CityHeat, Lit, MONTHS, SECTORS};
use citytwin_environment::{
    ALBEDO, DIRECTIONS, Horizon, Irradiance, SkyHour, SkyModel, SunYear, Surface, extraterrestrial_w_m2,
    horizon::Obstacles,
};
use citytwin_model::{City, WeatherYear};
use rayon::prelude::*;

use super::climate::month_of;

/// Tangent of the elevation below which obstacles of facades are not looked for: 5°. What the sun gives below it is little, and
/// nine tenths of a search go there.
pub const LEAST_FACADE_SLOPE: f64 = 0.087_489;
/// Hours side by side.
const LANES: usize = 8;

/// Shells and archetypes of a city whose facades stand among their neighbours under this weather's sun. Works on rayon's current
/// pool; the same for any number of threads.
pub fn city_heat(city: &City, weather: &WeatherYear, sun: &SunYear) -> CityHeat {
    let mut heat = CityHeat::new(city);
    let (obstacles, light) = (Obstacles::of(city), FacadeLight::new(weather, sun));
    let of = |shell: &citytwin_energy::building::Envelope| -> Lit {
        let mut lit = [[1.0; SECTORS]; MONTHS];
        for sector in (0..SECTORS).filter(|sector| shell.walls_m2[*sector] > 0.0) {
            let at = shell.sites[sector].map(f64::from);
            let horizon = obstacles.facade_horizon(at, 45.0 * sector as f64, LEAST_FACADE_SLOPE);
            let shares = light.shares(sector, &horizon);
            lit.iter_mut().zip(shares).for_each(|(month, share)| month[sector] = share);
        }
        lit
    };
    let lit = heat.envelopes().par_iter().map(of).collect();
    heat.set_lit(lit).expect("a share from 0 to 1 for each building");
    heat
}

/// A year's light on facades of eight directions, laid out so that many horizons are asked fast.
pub struct FacadeLight {
    /// Hours whose sun stands before a facade, by its sector; sorted by the sun's direction.
    sunny: [Vec<SunnyHours>; SECTORS],
    /// By sector and month, Wh/m².
    direct: [[f64; MONTHS]; SECTORS],
    sky: [[f64; MONTHS]; SECTORS],
    ground: [[f64; MONTHS]; SECTORS],
    /// What of an even sky a facade sees before which nothing stands, as directions add up.
    open: [f64; SECTORS],
}

/// Up to [`LANES`] hours of a month whose sun stands between a direction and the next; the rest gives nothing.
#[derive(Clone, Copy)]
struct SunnyHours {
    direction: usize,
    month: usize,
    /// Tangent of the sun's elevation; how far it is to the next direction, 0…1; what it gives, Wh/m².
    slope: [f32; LANES],
    fraction: [f32; LANES],
    direct: [f32; LANES],
}

impl FacadeLight {
    /// Of a year of weather; `sun` is that of its place.
    pub fn new(weather: &WeatherYear, sun: &SunYear) -> Self {
        let none = [[0.0; MONTHS]; SECTORS];
        let open = |sector| Horizon::OPEN.sky_view(90.0, 45.0 * sector as f64).dome;
        let sunny = std::array::from_fn(|_| Vec::new());
        let mut light = Self { sunny, direct: none, sky: none, ground: none, open: std::array::from_fn(open) };
        let mut hours: Vec<(usize, usize, SkyHour)> = Vec::new();
        for (hour, (row, sun)) in weather.hours.iter().zip(&sun.hours).enumerate() {
            let own = Irradiance { ghi: row.weather.ghi, dni: row.weather.dni, dhi: row.weather.dhi };
            let extra = extraterrestrial_w_m2((hour / 24 + 1) as i16);
            let sky = SkyHour::new(*sun, own, extra, row.albedo.unwrap_or(ALBEDO), SkyModel::Perez);
            hours.push((place(&sky).0, usize::from(month_of(hour)), sky));
        }
        hours.sort_by_key(|(direction, month, _)| (*direction, *month));
        hours.iter().for_each(|hour| light.add(hour));
        light
    }

    fn add(&mut self, (direction, month, sky): &(usize, usize, SkyHour)) {
        let [east, north, up] = sky.sun_enu;
        for sector in 0..SECTORS {
            let [to_east, to_north, _] = Surface::open(90.0, 45.0 * sector as f64).normal_enu();
            let direct = sky.direct * (east * to_east + north * to_north).max(0.0);
            self.direct[sector][*month] += direct;
            self.sky[sector][*month] += (0.5 * sky.dome + sky.band).max(0.0);
            self.ground[sector][*month] += 0.5 * sky.ground;
            if direct <= 0.0 {
                continue;
            }
            let groups = &mut self.sunny[sector];
            let has_room = |group: &SunnyHours| {
                (group.direction, group.month) == (*direction, *month) && group.direct[LANES - 1] == 0.0
            };
            if !groups.last().is_some_and(has_room) {
                groups.push(SunnyHours::none(*direction, *month));
            }
            if let Some(group) = groups.last_mut() {
                let lane = group.direct.iter().position(|direct| *direct == 0.0).unwrap_or(LANES - 1);
                group.slope[lane] = (up / east.hypot(north)).min(f64::from(f32::MAX)) as f32;
                group.fraction[lane] = place(sky).1 as f32;
                group.direct[lane] = (direct as f32).max(f32::MIN_POSITIVE);
            }
        }
    }

    /// What a horizon leaves of all light on a facade by month, 0…1.
    pub fn shares(&self, sector: usize, horizon: &Horizon) -> [f32; MONTHS] {
        let direct = self.direct_above(sector, horizon);
        let seen = (horizon.sky_view(90.0, 45.0 * sector as f64).dome / self.open[sector]).min(1.0);
        std::array::from_fn(|month| {
            let [sun, sky, ground] = [&self.direct, &self.sky, &self.ground].map(|of| of[sector][month]);
            let whole = sun + sky + ground;
            let left = direct[month].min(sun) + sky * seen + ground;
            if whole > 0.0 { (left / whole).clamp(0.0, 1.0) as f32 } else { 1.0 }
        })
    }

    /// Direct irradiation by month that a horizon leaves, Wh/m².
    fn direct_above(&self, sector: usize, horizon: &Horizon) -> [f64; MONTHS] {
        let mut sums = [[0.0_f32; LANES]; MONTHS];
        for group in &self.sunny[sector] {
            let low = horizon.slopes[group.direction];
            let rise = horizon.slopes[(group.direction + 1) % DIRECTIONS] - low;
            for (lane, sum) in sums[group.month].iter_mut().enumerate() {
                let over = group.slope[lane] - (low + rise * group.fraction[lane]);
                *sum += if over >= 0.0 { group.direct[lane] } else { 0.0 };
            }
        }
        sums.map(|lanes| lanes.iter().copied().map(f64::from).sum())
    }
}

impl SunnyHours {
    fn none(direction: usize, month: usize) -> Self {
        Self { direction, month, slope: [0.0; LANES], fraction: [0.0; LANES], direct: [0.0; LANES] }
    }
}

/// The direction at or before the sun's azimuth, and how far it is to the next.
fn place(sky: &SkyHour) -> (usize, f64) {
    let azimuth_deg = sky.sun_enu[0].atan2(sky.sun_enu[1]).to_degrees().rem_euclid(360.0);
    let steps = azimuth_deg * DIRECTIONS as f64 / 360.0;
    let direction = (steps as usize).min(DIRECTIONS - 1);
    (direction, (steps - direction as f64).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
