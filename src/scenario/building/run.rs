//! A case through a year, by either model.

use citytwin_energy::building::{
    Body, BuildingError, COLUMNS, Climate, FiveResistances, Hours, Kept, LEVELS, OPAQUE, Part, ROOF, SECTORS, SKY,
    Schedule, ScheduleHour, Stock, TwoCapacities, Zone, simulate,
};
use citytwin_environment::SunYear;
use citytwin_model::WeatherYear;
use serde::Serialize;

use super::{
    climate::{Site, SkyLoss, climate},
    read::{BuildingCase, Effective, Facing, Opaque, Window},
    simple_sun::simple_sun,
};

/// Heat capacity of air at 1.2 kg/m³, W·h/(m³·K) (ISO 13790:2008, 9.3.1: 1200 J/(m³·K); here with 1005 J/(kg·K)).
const AIR_WH_M3K: f64 = 1.2 * 1005.0 / 3600.0;
/// Inside surfaces per floor area where a case states no parts of its own, 1 (ISO 13790:2008, 7.2.2.2).
const SURFACE_PER_FLOOR: f64 = 4.5;
/// Combined resistance of an inside surface, m²·K/W (ISO 6946:2017, table 7, horizontal).
const INSIDE_M2K_W: f64 = 0.13;
/// Of the sky that a wall sees, 1 (ISO 13790:2008, 11.4.6).
const WALL_SEES: f64 = 0.5;
/// The same with the sky at the temperature of the zenith's half and warmer towards the horizon: ½ √½ (G. N. Walton, "Thermal
/// Analysis Research Program Reference Manual", NBSIR 83-2655, 1983; so in EnergyPlus).
const WALL_SEES_COLD: f64 = 0.353_553_390_593_273_8;
/// Outside of glass, m²·K/W (EN 673:2011, 8: 25 W/(m²·K)).
const GLASS_OUTSIDE_M2K_W: f64 = 0.04;
/// Hours simulated before the year: its last 30 days.
const WARM_UP_H: usize = 720;

/// Which thermal network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuildingModel {
    /// The 5R1C network of ISO 13790:2008.
    FiveResistances,
    /// Envelope and inside as a capacity each.
    TwoCapacities,
}

/// What a building's year came to.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct BuildingYear {
    pub heating_kwh: f64,
    pub cooling_kwh: f64,
    pub peak_heating_kw: f64,
    pub peak_cooling_kw: f64,
    /// Air temperature, °C: least and greatest hourly mean, and the year's.
    pub least_air_c: f64,
    pub greatest_air_c: f64,
    pub mean_air_c: f64,
    /// All hours, where asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hourly: Vec<BuildingHour>,
}

/// One hour of it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct BuildingHour {
    pub heating_w: f64,
    pub cooling_w: f64,
    pub air_c: f64,
}

impl BuildingCase {
    /// A year of the case after a month to warm up, but where it states its start.
    ///
    /// # Errors
    /// Where the parts make no network, for instance a building without heat capacity.
    pub fn simulate(
        &self,
        weather: &WeatherYear,
        model: BuildingModel,
        hourly: bool,
    ) -> Result<BuildingYear, BuildingError> {
        match model {
            BuildingModel::FiveResistances => {
                let own = &self.iso13790;
                let sun = if own.simple_sun { simple_sun(weather) } else { SunYear::of(weather) };
                self.run(self.five_resistances(), &self.climate(weather, &sun, SkyLoss::Standard), own, hourly)
            }
            BuildingModel::TwoCapacities => {
                let climate = self.climate(weather, &SunYear::of(weather), SkyLoss::Weather);
                self.run(self.two_capacities(), &climate, &Effective::default(), hourly)
            }
        }
    }

    fn climate(&self, weather: &WeatherYear, sun: &SunYear, sky_loss: SkyLoss) -> Climate {
        let mut glazing = self.glazing;
        let standard = sky_loss == SkyLoss::Standard;
        let windows: [Vec<Window>; SECTORS] = std::array::from_fn(|sector| {
            let own = self.windows.iter().filter(|window| sector_of(window.azimuth_deg) == sector);
            let fixed = standard && self.iso13790.shading.is_some();
            own.map(|w| if fixed { Window { area_m2: w.area_m2, ..Window::plain(w.azimuth_deg) } } else { *w })
                .collect()
        });
        let walls = std::array::from_fn(|sector| {
            let mut own = self.opaque.iter().filter_map(|part| match part.facing {
                Facing::Azimuth(azimuth_deg) if sector_of(azimuth_deg) == sector => Some(azimuth_deg),
                _ => None,
            });
            own.next_back().unwrap_or(45.0 * sector as f64)
        });
        if standard {
            // ISO 13790 reduces the whole sun by one factor; the peer whose column is compared reduces the direct alone.
            glazing.diffuse = 1.0;
        }
        let site = Site {
            sky_loss,
            emissivity: self.surfaces.emissivity,
            ground_reflectance: self.ground_reflectance,
            elevation_m: weather.elevation_m,
        };
        let mut climate = climate(weather, sun, &glazing, (&windows, walls), &site);
        climate.ground_c = climate.outdoor_c.clone();
        if !standard {
            // Windows lose to the sky where the sun comes in: at the surfaces.
            let per_aperture = glazing.u_w_m2k * GLASS_OUTSIDE_M2K_W * WALL_SEES_COLD / glazing.g.max(0.01);
            for columns in &mut climate.irradiance {
                let sky = per_aperture * columns[SKY];
                columns[..OPAQUE].iter_mut().for_each(|column| *column += sky);
            }
        }
        climate
    }

    /// The thermostat's hours, or the setpoints `held` all day.
    fn schedule(&self, hours: usize, held: [Option<f64>; 2]) -> Schedule {
        let hour = |hour: usize| ScheduleHour {
            internal: 1.0,
            heating_c: held[0].unwrap_or(self.heating_c[hour % 24]),
            cooling_c: held[1].unwrap_or(self.cooling_c[hour % 24]),
            level: u8::from(self.fan_m3_h[hour % 24] > 0.0),
        };
        Schedule { hours: (0..hours).map(hour).collect() }
    }

    fn five_resistances(&self) -> Zone<1> {
        let own = &self.iso13790;
        let film = own.outside_m2k_w.unwrap_or(self.surfaces.outside_m2k_w);
        let u = |part: &Opaque| {
            let stated = match part.facing {
                Facing::Azimuth(_) => own.wall_u,
                Facing::Roof => own.roof_u,
                Facing::Ground => own.floor_u,
            };
            let outside = if part.facing == Facing::Ground { 0.0 } else { film };
            stated.unwrap_or(1.0 / (part.lumped.resistance_m2k_w + INSIDE_M2K_W + outside))
        };
        let sum = |value: &dyn Fn(&Opaque) -> f64| self.opaque.iter().map(value).sum::<f64>();
        let kappa = sum(&|part| part.area_m2 * part.lumped.capacity_j_m2k);
        let squares = sum(&|part| part.area_m2 * part.lumped.capacity_j_m2k.powi(2));
        let ground = |part: &Opaque| part.facing == Facing::Ground;
        let body = Body::with_surfaces(
            &FiveResistances {
                floor_m2: self.floor_m2,
                opaque_w_k: sum(&|part| if ground(part) { 0.0 } else { part.area_m2 * u(part) }),
                ground_w_k: sum(&|part| if ground(part) { part.area_m2 * u(part) } else { 0.0 }),
                window_w_k: own.window_u.unwrap_or(self.glazing.u_w_m2k) * self.window_m2(),
                capacity_j_k: own.capacity_j_m2k.map_or(kappa, |c| c * self.floor_m2),
                // ISO 13790:2008, equation 65.
                mass_m2: own.mass_per_floor.map_or(kappa.powi(2) / squares, |a| a * self.floor_m2),
            },
            own.surface_air_w_m2k.unwrap_or(3.45),
            own.surface_per_floor.unwrap_or(SURFACE_PER_FLOOR) * self.floor_m2,
        );
        let sun = own.shading.unwrap_or(1.0) * own.g.unwrap_or(self.glazing.g);
        let mut zone = self.zone(body, [sun, WALL_SEES], &|part| film * u(part));
        zone.aperture_m2[SKY] += WALL_SEES * film * body.window_w_k;
        zone
    }

    fn two_capacities(&self) -> Zone<2> {
        let parts = |ground: bool| -> Vec<Part> {
            let own = self.opaque.iter().filter(|part| (part.facing == Facing::Ground) == ground);
            let part =
                |part: &Opaque| Part { lumped: part.lumped, area_m2: part.area_m2, outside_m2k_w: self.outside(part) };
            own.map(part).collect()
        };
        let (envelope, floor) = (parts(false), parts(true));
        let body = Body::two_capacities(&TwoCapacities {
            envelope: &envelope,
            floor: &floor,
            inside: &[],
            window_w_k: self.window_m2() * self.glazing.u_w_m2k,
            window_m2: self.window_m2(),
            convection_w_m2k: self.surfaces.convection_w_m2k,
            radiant: self.radiant,
            sun_lost: self.sun_lost,
            sun_on_floor: self.sun_on_floor,
        });
        // Sun and sky act through the outer film on what lies between it and the capacity, part by part as the steady
        // transmission is shared.
        let steady = |part: &Part| part.area_m2 / (part.lumped.resistance_m2k_w + part.outside_m2k_w);
        let outward = body.mass_outdoor_w_k[0] / envelope.iter().map(steady).sum::<f64>().max(f64::MIN_POSITIVE);
        self.zone(body, [self.glazing.g, WALL_SEES_COLD], &|part| {
            let film = self.outside(part);
            film * outward / (part.lumped.resistance_m2k_w + film)
        })
    }

    /// The zone of a body: what of the sun on a window square to it comes in, what of the sky a wall sees, and what of the
    /// sun absorbed on a part comes to its capacity, 1.
    fn zone<const N: usize>(
        &self,
        body: Body<N>,
        [sun, wall_sees]: [f64; 2],
        entering: &dyn Fn(&Opaque) -> f64,
    ) -> Zone<N> {
        let mut aperture_m2 = [0.0; COLUMNS];
        for window in &self.windows {
            aperture_m2[sector_of(window.azimuth_deg)] += sun * window.area_m2;
        }
        for part in &self.opaque {
            let area = part.area_m2 * entering(part);
            let (column, sees) = match part.facing {
                Facing::Azimuth(azimuth_deg) => (OPAQUE + sector_of(azimuth_deg), wall_sees),
                Facing::Roof => (ROOF, 1.0),
                Facing::Ground => continue,
            };
            aperture_m2[column] += self.surfaces.absorptance * area;
            aperture_m2[SKY] += sees * area;
        }
        let infiltration_w_k = AIR_WH_M3K * self.air_changes_per_h * self.volume_m3;
        let fan_m3_h = self.fan_m3_h.iter().fold(0.0, |most: f64, flow| most.max(*flow));
        let mut ventilation_w_k = [infiltration_w_k; LEVELS];
        ventilation_w_k[1] += AIR_WH_M3K * fan_m3_h;
        let unlimited = f64::INFINITY;
        Zone {
            body,
            ventilation_w_k,
            internal_w: self.internal_w,
            aperture_m2,
            heating_w: unlimited,
            cooling_w: unlimited,
        }
    }

    fn window_m2(&self) -> f64 {
        self.windows.iter().map(|window| window.area_m2).sum()
    }

    /// The ground has no film.
    fn outside(&self, part: &Opaque) -> f64 {
        match part.facing {
            Facing::Ground => 0.0,
            Facing::Roof => self.surfaces.roof_outside_m2k_w,
            Facing::Azimuth(_) => self.surfaces.outside_m2k_w,
        }
    }

    fn run<const N: usize>(
        &self,
        zone: Zone<N>,
        climate: &Climate,
        own: &Effective,
        hourly: bool,
    ) -> Result<BuildingYear, BuildingError> {
        let schedules = [self.schedule(climate.len(), [own.heating_c, own.cooling_c])];
        let (start_c, warm_up) = own.start_c.map_or((20.0, WARM_UP_H), |start_c| (start_c, 0));
        let stock = Stock { class: &[0], schedules: &schedules, zone: &|_| zone, start_c, lit: None, start: None };
        let outcome = simulate(&stock, climate, Hours::year(climate, warm_up), Kept::Trace)?;
        let totals = outcome.totals[0];
        let air = || outcome.trace.iter().map(|hour| hour.air_c);
        let hour = |power_w: f64, air_c: f64| BuildingHour {
            heating_w: power_w.max(0.0),
            cooling_w: (-power_w).max(0.0),
            air_c,
        };
        Ok(BuildingYear {
            heating_kwh: totals.heating_wh / 1000.0,
            cooling_kwh: totals.cooling_wh / 1000.0,
            peak_heating_kw: totals.heating_peak_w / 1000.0,
            peak_cooling_kw: totals.cooling_peak_w / 1000.0,
            least_air_c: air().fold(f64::INFINITY, f64::min),
            greatest_air_c: air().fold(f64::NEG_INFINITY, f64::max),
            mean_air_c: air().sum::<f64>() / climate.len() as f64,
            hourly: if hourly { outcome.trace.iter().map(|t| hour(t.power_w, t.air_c)).collect() } else { Vec::new() },
        })
    }
}

/// The eighth of the horizon that an azimuth lies in.
fn sector_of(azimuth_deg: f64) -> usize {
    ((azimuth_deg / 45.0).round() as usize) % SECTORS
}
