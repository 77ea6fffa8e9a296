//! Irradiance under a cloudless sky: P. Ineichen, R. Perez, "A new airmass independent formulation for the
//! Linke turbidity coefficient", Solar Energy 73 (2002) 151–157, at sea level with one turbidity.

use citytwin_model::SunPosition;

/// Linke turbidity: a clean continental sky; the yearly mean over Europe lies between 2.5 and 4
/// (J. Remund et al., "Worldwide Linke turbidity information", ISES 2003).
const LINKE_TURBIDITY: f64 = 3.0;
/// Total solar irradiance at the mean distance of the sun, W/m² (G. Kopp, J. L. Lean, GRL 38 (2011)).
pub(crate) const SOLAR_CONSTANT_W_M2: f64 = 1361.0;

/// Irradiance by its parts, W/m².
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Irradiance {
    /// Global horizontal.
    pub ghi: f64,
    /// Direct normal.
    pub dni: f64,
    /// Diffuse horizontal; `ghi` = `dni` · sin(elevation) + `dhi`.
    pub dhi: f64,
}

/// Clear-sky irradiance at sea level. All parts are 0 with the sun at or below the horizon.
pub fn clear_sky(sun: SunPosition, day_of_year: i16) -> Irradiance {
    if sun.elevation_deg <= 0.0 {
        return Irradiance::default();
    }
    ineichen(sun.elevation_deg, air_mass(sun.elevation_deg), extraterrestrial_w_m2(day_of_year))
}

/// Extraterrestrial normal irradiance, W/m², on day 1…366 (J. W. Spencer, "Fourier series representation of the position
/// of the sun", Search 2 (1971) 172).
pub fn extraterrestrial_w_m2(day_of_year: i16) -> f64 {
    let b = std::f64::consts::TAU * f64::from(day_of_year - 1) / 365.0;
    SOLAR_CONSTANT_W_M2
        * (1.00011 + 0.034221 * b.cos() + 0.00128 * b.sin() + 0.000719 * (2.0 * b).cos() + 7.7e-5 * (2.0 * b).sin())
}

/// Optical air mass at sea level, sun above the horizon (F. Kasten, A. T. Young, Applied Optics 28 (1989) 4735).
pub(crate) fn air_mass(elevation_deg: f64) -> f64 {
    1.0 / (elevation_deg.to_radians().sin() + 0.50572 * (elevation_deg + 6.07995).powf(-1.6364))
}

/// The model at sea level (both altitude factors 1), with the limit of the direct beam that R. Perez added.
fn ineichen(elevation_deg: f64, air_mass: f64, extra_w_m2: f64) -> Irradiance {
    let sin_elevation = elevation_deg.to_radians().sin();
    let haze = LINKE_TURBIDITY - 1.0;
    let ghi = 0.868 * extra_w_m2 * sin_elevation * (-0.0387 * air_mass * (1.0 + haze)).exp();
    let beam = (0.664 + 0.163) * extra_w_m2 * (-0.09 * air_mass * haze).exp();
    let limit = ghi * (1.0 - (0.1 - 0.2 * (-LINKE_TURBIDITY).exp()) / (0.1 + 0.882)) / sin_elevation;
    let dni = beam.min(limit).max(0.0);
    Irradiance { ghi, dni, dhi: ghi - dni * sin_elevation }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth from outside: pvlib's own test values of its Ineichen model (apparent zenith, absolute air
    /// mass, Linke turbidity 3, 1364 W/m² extraterrestrial). The same equations: 1e-8 relative.
    #[test]
    fn agrees_with_pvlib() {
        for (zenith, air_mass, ghi, dni, dhi) in [
            (10.0, 1.0, 1038.159219, 942.208_186_037_834_4, 110.265_292_936_127_93),
            (82.854_570_44, 6.979_355_24, 65.494_266_24, 321.160_921_81, 25.545_620_17),
            (46.046_759_9, 1.323_554_76, 704.696_812_5, 888.901_470_35, 87.736_012_77),
            (10.564_135_62, 0.935_276_85, 1_044.123_067_7, 953.249_258_54, 107.031_096_96),
            (34.860_741_09, 1.120_081_14, 853.020_657_04, 922.061_247_12, 96.429_094_84),
            (72.416_871_22, 3.016_140_96, 251.994_276_93, 655.449_252_41, 53.990_134_9),
        ] {
            let found = ineichen(90.0 - zenith, air_mass, 1364.0);
            for (what, found, expected) in [("ghi", found.ghi, ghi), ("dni", found.dni, dni), ("dhi", found.dhi, dhi)] {
                assert!((found / expected - 1.0).abs() < 1e-8, "{what} at {zenith}: {found} is not {expected}");
            }
        }
    }

    /// Truth from outside: the brightest hours of Amsterdam's IWEC weather year (row n of the file is the hour
    /// before n o'clock, UTC+1) lie on the clear sky: the 98th percentile of measured over clear-sky
    /// irradiance is 1 within 3 %, the usual error of clear-sky models.
    #[test]
    fn the_brightest_measured_hours_are_clear() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/energy/solar/pv_in.csv");
        let Ok(table) = std::fs::read_to_string(path) else {
            println!("skipped: {path} absent");
            return;
        };
        let amsterdam = citytwin_model::Anchor::new(citytwin_model::LonLat { lon: 4.77, lat: 52.30 });
        let first: citytwin_model::Timestamp = "2018-12-31T23:30:00Z".parse().unwrap();
        let mut ratios: Vec<f64> = Vec::new();
        for (row, hour) in table.lines().skip(1).zip(0_i64..) {
            let at = citytwin_model::Timestamp::from_second(first.as_second() + 3600 * hour).unwrap();
            let sun = crate::sun(&amsterdam, at);
            if sun.elevation_deg > 15.0 {
                let measured: f64 = row.split(',').next().unwrap().parse().unwrap();
                ratios.push(measured / clear_sky(sun, (hour / 24 + 1) as i16).ghi);
            }
        }
        ratios.sort_by(f64::total_cmp);
        let bright = ratios[ratios.len() * 98 / 100];
        assert!((bright - 1.0).abs() < 0.03, "{bright}");
    }

    #[test]
    fn parts_add_up_and_night_is_dark() {
        for elevation in 0..=90 {
            let sky = clear_sky(SunPosition { azimuth_deg: 0.0, elevation_deg: f64::from(elevation) }, 172);
            let sin = f64::from(elevation).to_radians().sin();
            assert!((sky.dni * sin + sky.dhi - sky.ghi).abs() < 1e-9);
            assert!(sky.ghi >= 0.0 && sky.dni >= 0.0 && sky.dhi >= 0.0 && sky.ghi < 1200.0, "{elevation}: {sky:?}");
        }
        let night = clear_sky(SunPosition { azimuth_deg: 0.0, elevation_deg: -0.1 }, 172);
        assert_eq!(night, Irradiance::default());
    }

    /// The distance of the sun: 3.3 % more than the mean in early January, 3.2 % less in early July.
    #[test]
    fn extraterrestrial_follows_the_distance() {
        assert!((extraterrestrial_w_m2(3) / SOLAR_CONSTANT_W_M2 - 1.034).abs() < 2e-3);
        assert!((extraterrestrial_w_m2(185) / SOLAR_CONSTANT_W_M2 - 0.967).abs() < 2e-3);
    }
}
