//! Beam and diffuse where only the global irradiance is known.

use citytwin_model::SunPosition;

use crate::Irradiance;

/// Below this height of the sun all light counts as diffuse, degree: the quotient that gives the beam has no meaning there.
const LOWEST_DEG: f64 = 3.0;
/// Smallest sine of the sun's elevation in the clearness, 1.
const LEAST_SINE: f64 = 0.065;

/// Splits global horizontal irradiance, W/m², by the clearness of the hour: D. G. Erbs, S. A. Klein, J. A. Duffie,
/// "Estimation of the diffuse radiation fraction for hourly, daily and monthly-average global radiation", Solar Energy 28
/// (1982) 293–302. `extra_w_m2`: extraterrestrial normal irradiance ([`crate::extraterrestrial_w_m2`]).
pub fn split(ghi: f64, sun: SunPosition, extra_w_m2: f64) -> Irradiance {
    let sine = sun.elevation_deg.to_radians().sin();
    let clearness = (ghi / (extra_w_m2 * sine.max(LEAST_SINE))).clamp(0.0, 1.0);
    if sun.elevation_deg < LOWEST_DEG {
        return Irradiance { ghi, dni: 0.0, dhi: ghi };
    }
    let dhi = ghi * diffuse_fraction(clearness);
    Irradiance { ghi, dni: (ghi - dhi) / sine, dhi }
}

fn diffuse_fraction(kt: f64) -> f64 {
    if kt <= 0.22 {
        1.0 - 0.09 * kt
    } else if kt <= 0.8 {
        0.9511 - 0.1604 * kt + 4.388 * kt.powi(2) - 16.638 * kt.powi(3) + 12.336 * kt.powi(4)
    } else {
        0.165
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth from outside: pvlib 0.16.1 `erbs` at 15 June (extraterrestrial 1,322.87 W/m² with its constant). The same
    /// equations: 1e-9 relative.
    #[test]
    fn agrees_with_pvlib() {
        for (ghi, zenith, extra, dni, dhi) in TRUTH {
            let sun = SunPosition { azimuth_deg: 180.0, elevation_deg: 90.0 - zenith };
            let found = split(ghi, sun, extra);
            assert!((found.dni - dni).abs() < 1e-9 * ghi.max(1.0), "{ghi} at {zenith}: {found:?}, {dni}");
            assert!((found.dhi - dhi).abs() < 1e-9 * ghi.max(1.0), "{ghi} at {zenith}: {found:?}, {dhi}");
        }
    }

    /// Global, zenith, extraterrestrial → direct normal, diffuse.
    const TRUTH: [(f64, f64, f64, f64, f64); 7] = [
        (50.0, 60.0, 1322.8747376896258, 0.6803365234503075, 49.659831738274846),
        (300.0, 60.0, 1322.8747376896258, 149.5899935878796, 225.20500320606018),
        (500.0, 45.0, 1322.8747376896258, 293.35788094893024, 292.5646530664955),
        (900.0, 25.0, 1322.8747376896258, 811.7854371225785, 164.2725369328564),
        (1100.0, 20.0, 1322.8747376896258, 977.4472840191253, 181.5),
        (20.0, 86.5, 1322.8747376896258, 7.2315173562525255, 19.558526426779814),
        (15.0, 88.0, 1322.8747376896258, 0.0, 15.0),
    ];

    #[test]
    fn parts_add_up_at_every_height() {
        for elevation in -10..=90 {
            for ghi in [0.0, 1.0, 100.0, 900.0, 1500.0] {
                let sun = SunPosition { azimuth_deg: 0.0, elevation_deg: f64::from(elevation) };
                let found = split(ghi, sun, 1361.0);
                let beam = found.dni * sun.elevation_deg.to_radians().sin();
                assert!((beam + found.dhi - ghi).abs() < 1e-9 && found.dni >= 0.0 && found.dhi >= 0.0, "{found:?}");
            }
        }
    }
}
