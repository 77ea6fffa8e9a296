//! From sky to power: irradiance on tilted planes, module temperature, losses.

use citytwin_model::{SunPosition, Weather};

/// Module efficiency at standard test conditions, 1: crystalline silicon on roofs since about 2020
/// (Fraunhofer ISE, Photovoltaics Report 2024).
pub const MODULE_EFFICIENCY: f64 = 0.20;
/// Irradiance at standard test conditions, W/m² (IEC 60904-3).
pub const STC_W_M2: f64 = 1000.0;
/// Reflection of the ground, 1 (PVWatts version 5, NREL/TP-6A20-62641).
const ALBEDO: f64 = 0.2;
/// Power per module temperature above 25 °C, 1/K (PVWatts version 5, premium module).
const TEMPERATURE_PER_K: f64 = -0.0035;
/// Nominal operating cell temperature, °C, at 20 °C air and 800 W/m² (IEC 61215; typical data sheet).
const NOCT_C: f64 = 45.0;
/// What soiling, shading, mismatch, wiring and age leave, 1 (PVWatts version 5 default: 14 % lost).
const SYSTEM: f64 = 0.86;
/// Inverter, 1 (PVWatts version 5 default).
const INVERTER: f64 = 0.96;

/// Planes are told apart by steps of tilt and azimuth.
const TILT_STEP_DEG: f64 = 5.0;
const AZIMUTH_STEP_DEG: f64 = 10.0;
const TILTS: usize = 13;
const AZIMUTHS: usize = 36;
/// Number of plane classes.
pub const PLANES: usize = TILTS * AZIMUTHS;

/// A class of planes of like tilt and azimuth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plane(pub u16);

impl Plane {
    /// Nearest class. Tilt 0…60° (steeper counts as 60°), azimuth clockwise from north.
    pub fn nearest(tilt_deg: f64, azimuth_deg: f64) -> Self {
        let tilt = ((tilt_deg / TILT_STEP_DEG).round().max(0.0) as usize).min(TILTS - 1);
        let azimuth = (azimuth_deg.rem_euclid(360.0) / AZIMUTH_STEP_DEG).round() as usize % AZIMUTHS;
        Self((tilt * AZIMUTHS + azimuth) as u16)
    }

    /// Tilt and azimuth of the class.
    pub fn angles_deg(index: usize) -> (f64, f64) {
        ((index / AZIMUTHS) as f64 * TILT_STEP_DEG, (index % AZIMUTHS) as f64 * AZIMUTH_STEP_DEG)
    }
}

/// Power of every plane class relative to its peak power (W per Wp).
pub fn yields(sun: SunPosition, weather: &Weather) -> Vec<f32> {
    (0..PLANES)
        .map(|index| {
            let (tilt, azimuth) = Plane::angles_deg(index);
            relative_power(plane_irradiance(tilt, azimuth, sun, weather, ALBEDO), weather.air_temperature_c) as f32
        })
        .collect()
}

/// Irradiance on a tilted plane, W/m²: direct, isotropic diffuse (B. Y. H. Liu, R. C. Jordan, Solar Energy 4
/// (1960) 1), reflected. No shading by neighbours.
pub fn plane_irradiance(tilt_deg: f64, azimuth_deg: f64, sun: SunPosition, weather: &Weather, albedo: f64) -> f64 {
    let (sin_tilt, cos_tilt) = tilt_deg.to_radians().sin_cos();
    let (sin_azimuth, cos_azimuth) = azimuth_deg.to_radians().sin_cos();
    let [east, north, up] = sun.direction_enu();
    let cos_incidence = sin_tilt * (sin_azimuth * east + cos_azimuth * north) + cos_tilt * up;
    let direct = if up > 0.0 { weather.dni * cos_incidence.max(0.0) } else { 0.0 };
    direct + weather.dhi * 0.5 * (1.0 + cos_tilt) + weather.ghi * albedo * 0.5 * (1.0 - cos_tilt)
}

/// AC power per peak power.
fn relative_power(irradiance_w_m2: f64, air_c: f64) -> f64 {
    let module_c = air_c + irradiance_w_m2 * (NOCT_C - 20.0) / 800.0;
    let warm = 1.0 + TEMPERATURE_PER_K * (module_c - 25.0);
    (irradiance_w_m2 / STC_W_M2 * warm * SYSTEM * INVERTER).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth from outside: a year of plane-of-array irradiance by pvlib 0.16.1 (isotropic, tilt 30°, south,
    /// albedo 0.25) for the Amsterdam IWEC weather. 1e-6 W/m² (the file's digits), except that pvlib counts
    /// direct light with the sun below the horizon where the weather file has some.
    #[test]
    fn agrees_with_pvlib_over_a_year() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/energy/solar");
        let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}"));
        let (Ok(input), Ok(reference)) = (read("pv_in.csv"), read("pv_ref.csv")) else {
            println!("skipped: {folder} absent");
            return;
        };
        let row = |line: &str| line.split(',').map(|x| x.parse::<f64>().unwrap()).collect::<Vec<_>>();
        let (mut hours, mut total, mut total_reference) = (0, 0.0, 0.0);
        for (line, expected) in input.lines().zip(reference.lines()).skip(1) {
            let (x, expected) = (row(line), row(expected)[0]);
            let sun = SunPosition { azimuth_deg: x[6], elevation_deg: 90.0 - x[5] };
            let weather = Weather { ghi: x[0], dni: x[1], dhi: x[2], air_temperature_c: x[3] };
            let found = plane_irradiance(30.0, 180.0, sun, &weather, 0.25);
            if sun.elevation_deg > 0.0 {
                assert!((found - expected).abs() < 1e-5, "{line}: {found} is not {expected}");
                hours += 1;
            }
            total += found;
            total_reference += expected;
        }
        assert!(hours > 4000, "{hours}");
        assert!((total / total_reference - 1.0).abs() < 1e-3, "{total} {total_reference}");
    }

    #[test]
    fn night_gives_nothing_and_standard_conditions_give_the_losses() {
        let night = yields(SunPosition { azimuth_deg: 0.0, elevation_deg: -10.0 }, &Weather::default());
        assert!(night.iter().all(|&y| y == 0.0));
        assert!((relative_power(1000.0, 25.0 - 31.25) - SYSTEM * INVERTER).abs() < 1e-12);
    }

    #[test]
    fn planes_are_classed_to_the_nearest() {
        assert_eq!(Plane::angles_deg(Plane::nearest(33.0, 184.0).0.into()), (35.0, 180.0));
        assert_eq!(Plane::angles_deg(Plane::nearest(80.0, 359.0).0.into()), (60.0, 0.0));
        assert_eq!(Plane::angles_deg(Plane::nearest(-1.0, -90.0).0.into()), (0.0, 270.0));
    }
}
