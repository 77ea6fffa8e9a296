//! Weather and sun as buildings feel them: what passes windows, what falls on walls and roof, what the sky takes.

use citytwin_energy::building::{COLUMNS, Climate, OPAQUE, ROOF, SECTORS, SKY};
use citytwin_environment::{ALBEDO, Irradiance, SkyHour, SkyModel, SunYear, Surface, extraterrestrial_w_m2};
use citytwin_model::WeatherYear;
use rayon::prelude::*;

use super::read::Window;

/// W/(m²·K⁴).
const STEFAN_BOLTZMANN: f64 = 5.670_374_419e-8;
const ZERO_C: f64 = 273.15;

/// Days of the year before which January to November end.
const MONTH_ENDS: [usize; 11] = [31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// What glass lets through.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Glazing {
    /// W/(m²·K).
    pub u_w_m2k: f64,
    /// Transmittance at right angles, sun absorbed and given off inside included, 1.
    pub g: f64,
    /// Polynomial in the angle of incidence (radian) for the direct sun, relative to `g`.
    pub incidence: [f64; 6],
    /// For diffuse light, relative to `g`.
    pub diffuse: f64,
}

/// Double clear glass, for a city's windows; `u_w_m2k` and `g` are the archetypes'. The polynomial is that of the IBPSA
/// library's ASHRAE 140 case 600 (BSD, L. Tieu et al.), the diffuse share the hemispherical mean of such glass (ASHRAE
/// Handbook of Fundamentals 2017, chapter 15, table 10: 0.60 of 0.70).
pub const CITY_GLAZING: Glazing =
    Glazing { u_w_m2k: 2.8, g: 0.7, incidence: [1.0, -0.189, 0.644, -0.596, 0.0, 0.0], diffuse: 0.86 };

/// Fall of the optical air mass with height, 1/m: Perez's own program takes the air above the place alone (R. Perez, Fortran
/// function irrpz, 1999, as the IBPSA library's `RelativeAirMass` has it; EnergyPlus takes 1 − 0.1/km).
const AIR_MASS_PER_M: f64 = 1.184e-4;

/// What a climate takes from the place beside its weather.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Site {
    pub sky_loss: SkyLoss,
    /// Of outside surfaces, thermal, 1.
    pub emissivity: f64,
    /// Of the ground, instead of what the weather's hours say, 1.
    pub ground_reflectance: Option<f64>,
    /// Height for the air mass of the sky's brightness, m; 0 takes all air, as the plane-of-array peers do.
    pub elevation_m: f64,
}

/// How the sky's thermal radiation is counted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum SkyLoss {
    /// 11 K below the air everywhere and always, 5 ε W/(m²·K) (ISO 13790:2008, 11.3.4 to 11.4.6).
    Standard,
    /// As the weather's thermal irradiance says.
    Weather,
}

impl Glazing {
    /// Of what comes from about the sun; glass that passes all diffuse light is the standard's, which knows no angle.
    fn around_sun(&self, cosine: f64) -> f64 {
        if self.diffuse < 1.0 { self.direct(cosine) } else { 1.0 }
    }

    /// Of the direct sun at an angle with this cosine, relative to right angles.
    fn direct(&self, cosine: f64) -> f64 {
        let angle = cosine.clamp(0.0, 1.0).acos();
        self.incidence.iter().rev().fold(0.0, |sum, factor| sum * angle + factor).max(0.0)
    }
}

/// The climate of a whole city: windows and walls of eight directions without obstacles, a flat roof, the ground at the
/// year's mean air temperature (ISO 13370:2017, the steady part).
pub fn city_climate(weather: &WeatherYear, sun: &SunYear) -> Climate {
    let window = |sector: usize| Window::plain(45.0 * sector as f64);
    let windows: [Vec<Window>; SECTORS] = std::array::from_fn(|sector| vec![window(sector)]);
    let walls = std::array::from_fn(|sector| 45.0 * sector as f64);
    let site = Site { sky_loss: SkyLoss::Weather, emissivity: 0.9, ground_reflectance: None, elevation_m: 0.0 };
    climate(weather, sun, &CITY_GLAZING, (&windows, walls), &site)
}

/// A climate by column: `windows` of each sector share one column by area, walls of a sector look to `walls_deg`.
pub(super) fn climate(
    weather: &WeatherYear,
    sun: &SunYear,
    glazing: &Glazing,
    (windows, walls_deg): (&[Vec<Window>; SECTORS], [f64; SECTORS]),
    site: &Site,
) -> Climate {
    let hours = weather.hours.len();
    let air_mass = (-AIR_MASS_PER_M * site.elevation_m).exp();
    let irradiance = |hour: usize| {
        let row = &weather.hours[hour];
        let light = Irradiance { ghi: row.weather.ghi, dni: row.weather.dni, dhi: row.weather.dhi };
        // Perez's brightness is air mass over extraterrestrial irradiance: less of one is more of the other.
        let extra = extraterrestrial_w_m2((hour / 24 + 1) as i16) / air_mass;
        let albedo = site.ground_reflectance.or(row.albedo).unwrap_or(ALBEDO);
        let sky = SkyHour::new(sun.hours[hour], light, extra, albedo, SkyModel::Perez);
        let mut columns = [0.0; COLUMNS];
        if light.ghi > 0.0 || light.dhi > 0.0 || light.dni > 0.0 {
            for sector in 0..SECTORS {
                columns[sector] = through(&windows[sector], &sky, light.dni, glazing);
                columns[OPAQUE + sector] = sky.on(&Surface::open(90.0, walls_deg[sector]));
            }
            columns[ROOF] = sky.on(&Surface::open(0.0, 0.0));
        }
        let air_c = row.weather.air_temperature_c;
        columns[SKY] = -match site.sky_loss {
            SkyLoss::Standard => 5.0 * site.emissivity * 11.0,
            SkyLoss::Weather => to_sky(air_c, row.sky_infrared_w_m2, site.emissivity),
        };
        columns
    };
    let at = |hour: usize| weather.hours[hour].weather.air_temperature_c;
    let mean_c = (0..hours).map(at).sum::<f64>() / hours.max(1) as f64;
    Climate {
        // The rows tell the air at the end of their hours.
        outdoor_c: (0..hours).map(|hour| 0.5 * (at((hour + hours - 1) % hours) + at(hour))).collect(),
        ground_c: vec![mean_c; hours],
        irradiance: (0..hours).into_par_iter().map(irradiance).collect(),
        month: (0..hours).map(month_of).collect(),
    }
}

/// Of an hour of the year, 0…11; an hour beyond is of December.
pub(super) fn month_of(hour: usize) -> u8 {
    MONTH_ENDS.iter().filter(|end| hour / 24 >= **end).count() as u8
}

/// What passes the windows of one column per area, relative to right angles, W/m².
fn through(windows: &[Window], sky: &SkyHour, dni: f64, glazing: &Glazing) -> f64 {
    let area: f64 = windows.iter().map(|window| window.area_m2).sum();
    if area <= 0.0 {
        return 0.0;
    }
    let of = |window: &Window| {
        let surface = Surface::open(90.0, window.azimuth_deg);
        let [east, north, _] = surface.normal_enu();
        let cosine = (sky.sun_enu[0] * east + sky.sun_enu[1] * north).max(0.0);
        let [lit, seen, beside] = window.shading(sky.sun_enu);
        let direct = dni * cosine * glazing.direct(cosine) * lit;
        // What comes from about the sun is shaded as the sun and passes the glass as it does.
        let around = (sky.direct - dni).max(0.0) * cosine * lit * glazing.around_sun(cosine);
        let view = surface.sky_view();
        let diffuse = (sky.dome * view.dome + sky.band * view.band).max(0.0) * seen * beside;
        let ground = 0.5 * sky.ground * beside;
        window.area_m2 / area * (direct + around + glazing.diffuse * (diffuse + ground))
    };
    windows.iter().map(of).sum()
}

/// What a surface loses to the sky beyond what it would to walls as warm as the air, W/m².
fn to_sky(air_c: f64, infrared_w_m2: f64, emissivity: f64) -> f64 {
    emissivity * (STEFAN_BOLTZMANN * (air_c + ZERO_C).powi(4) - infrared_w_m2)
}

impl Window {
    pub fn plain(azimuth_deg: f64) -> Self {
        Self {
            azimuth_deg,
            area_m2: 1.0,
            width_m: 1.0,
            height_m: 1.0,
            overhang_m: 0.0,
            overhang_above_m: 0.0,
            fins_m: 0.0,
            fins_beside_m: 0.0,
        }
    }

    /// Lit share under the sun; share of the sky seen past the overhang, and of all seen past the fins. Overhang and fins
    /// count as long and dark.
    fn shading(&self, sun_enu: [f64; 3]) -> [f64; 3] {
        let (sin, cos) = self.azimuth_deg.to_radians().sin_cos();
        let ahead = sun_enu[0] * sin + sun_enu[1] * cos;
        let aside = (sun_enu[0] * cos - sun_enu[1] * sin).abs();
        let left = |depth: f64, gap: f64, size: f64, slope: f64| {
            if depth > 0.0 { (1.0 - (depth * slope - gap) / size).clamp(0.0, 1.0) } else { 1.0 }
        };
        let lit = if ahead > 0.0 {
            left(self.overhang_m, self.overhang_above_m, self.height_m, sun_enu[2].max(0.0) / ahead)
                * left(self.fins_m, self.fins_beside_m, self.width_m, aside / ahead)
        } else {
            1.0
        };
        // Mean over the window of the sine of the angle up to which it looks out.
        let seen = |depth: f64, gap: f64, size: f64| ((gap + size).hypot(depth) - gap.hypot(depth)) / size;
        let over = seen(self.overhang_m, self.overhang_above_m, self.height_m);
        [lit, over, seen(self.fins_m, self.fins_beside_m, self.width_m)]
    }
}
