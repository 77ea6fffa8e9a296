//! The weather that engines compute with. Made by `environment` or by sensors, used by `energy`.

/// Sky and air at one instant, the same over the whole city.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Weather {
    /// Global horizontal irradiance, W/m², ≥ 0.
    pub ghi: f64,
    /// Direct normal irradiance, W/m², ≥ 0.
    pub dni: f64,
    /// Diffuse horizontal irradiance, W/m², ≥ 0.
    pub dhi: f64,
    /// Air temperature 2 m above ground, °C.
    pub air_temperature_c: f64,
}

/// Hours of a [`WeatherYear`]: no leap day, as weather files have it.
pub const HOURS_OF_YEAR: usize = 8760;

/// A year of hourly weather at one place. Row `h` is the hour from `h` to `h + 1` o'clock counted from the start
/// of 1 January, in the place's standard time: irradiance is its mean, the rest its value at the end of the hour.
#[derive(Clone, PartialEq, Debug)]
pub struct WeatherYear {
    /// Where it is from, as said on screen: station and file, or the rule that made it.
    pub label: String,
    /// Measured or compiled from measurements; otherwise a model made it.
    pub measured: bool,
    /// Degree, north positive.
    pub latitude_deg: f64,
    /// Degree, east positive.
    pub longitude_deg: f64,
    /// Height above the sea, m.
    pub elevation_m: f64,
    /// Standard time ahead of UTC, hour.
    pub utc_offset_h: f64,
    /// [`HOURS_OF_YEAR`] rows.
    pub hours: Vec<WeatherHour>,
}

/// One hour of a [`WeatherYear`].
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct WeatherHour {
    /// Irradiance and air temperature.
    pub weather: Weather,
    /// Dew point, °C.
    pub dew_point_c: f64,
    /// Air pressure at the station, Pa.
    pub pressure_pa: f64,
    /// Thermal irradiance of the sky on a horizontal surface, W/m².
    pub sky_infrared_w_m2: f64,
    /// Wind speed 10 m above ground, m/s.
    pub wind_m_s: f64,
    /// Share of irradiance that the ground reflects, 0…1; `None` where it is not given.
    pub albedo: Option<f64>,
}

/// Stefan–Boltzmann constant, W/(m²·K⁴) (CODATA 2018).
const STEFAN_BOLTZMANN: f64 = 5.670_374_419e-8;
const KELVIN: f64 = 273.15;

/// Dew point, °C, over water from air temperature and relative humidity above 0 %: Magnus formula with the constants of
/// O. A. Alduchov, R. E. Eskridge, J. Appl. Meteorology 35 (1996) 601 (17.625; 243.04 °C).
pub fn dew_point_c(air_c: f64, humidity_percent: f64) -> f64 {
    let x = (humidity_percent / 100.0).ln() + 17.625 * air_c / (243.04 + air_c);
    243.04 * x / (17.625 - x)
}

/// Pressure of the standard atmosphere (ISO 2533), Pa.
pub fn standard_pressure_pa(elevation_m: f64) -> f64 {
    101_325.0 * (1.0 - 2.255_77e-5 * elevation_m).powf(5.255_88)
}

/// Thermal irradiance of the sky, W/m²: emissivity of the clear sky by dew point (G. Clark, C. Allen, 2nd National Passive
/// Solar Conference, 1978), of clouds by their cover in tenths (G. N. Walton, NBSIR 83-2655, 1983).
pub fn sky_infrared_w_m2(air_c: f64, dew_point_c: f64, cover: f64) -> f64 {
    let clear = 0.787 + 0.764 * ((dew_point_c + KELVIN) / 273.0).ln();
    let cloudy = 1.0 + 0.0224 * cover - 0.0035 * cover.powi(2) + 0.00028 * cover.powi(3);
    (clear * cloudy).clamp(0.0, 1.0) * STEFAN_BOLTZMANN * (air_c + KELVIN).powi(4)
}
