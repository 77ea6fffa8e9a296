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
