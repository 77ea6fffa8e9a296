//! What turns fuel, electricity or the district's water into heat.

/// How a building is heated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HeatSource {
    /// Gas or oil.
    Boiler,
    /// From outside air.
    HeatPump,
    District,
}

/// All of them, in the order of tables.
pub const HEAT_SOURCES: [HeatSource; 3] = [HeatSource::Boiler, HeatSource::HeatPump, HeatSource::District];

/// Seasonal efficiency of a condensing boiler, gross calorific value, 1 (EN 15316-4-1:2017, annex B, default: from memory).
pub const BOILER: f64 = 0.90;
/// Of a district heat station, its losses into the building's cellar, 1 (EN 15316-4-5:2017, from memory).
pub const DISTRICT: f64 = 0.97;
/// Cooling per electricity of room units, mean over a season, 1 (EU 206/2012's least SEER for class A is 5.1 on the test
/// bench; 3 in use: own).
pub const COOLER: f64 = 3.0;
/// Water in the tank, °C (usual against legionella: EN 806-2, from memory).
pub const HOT_WATER_C: f64 = 55.0;
/// Heating begins below this outdoor temperature, °C, with water as warm as rooms (own).
const HEATING_LIMIT_C: f64 = 20.0;
/// Outdoor temperature that emitters are laid out for, °C (own: middle of Germany by DIN EN 12831-1 is about −12).
const LAID_OUT_C: f64 = -12.0;

/// Heat per electricity of an air-source heat pump, 1: regression over field and bench data of I. Staffell, D. Brett,
/// N. Brandon, A. Hawkes, "A review of domestic heat pumps", Energy & Environmental Science 5 (2012) 9291, figure 7:
/// 6.81 − 0.121 ΔT + 0.000630 ΔT² for 15 K ≤ ΔT ≤ 60 K (from memory); beyond, the value at the end.
pub fn air_source_cop(outdoor_c: f64, water_c: f64) -> f64 {
    let lift_k = (water_c - outdoor_c).clamp(15.0, 60.0);
    6.81 - 0.121 * lift_k + 0.000_630 * lift_k * lift_k
}

/// Water that emitters need: as warm as rooms at 20 °C outside, `laid_out_c` at −12 °C.
pub fn emitter_c(outdoor_c: f64, laid_out_c: f64) -> f64 {
    let share = ((HEATING_LIMIT_C - outdoor_c) / (HEATING_LIMIT_C - LAID_OUT_C)).clamp(0.0, 1.2);
    HEATING_LIMIT_C + share * (laid_out_c - HEATING_LIMIT_C)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the regression itself, and the direction of both temperatures.
    #[test]
    fn heat_pumps_do_better_at_small_lifts() {
        assert!((air_source_cop(5.0, 35.0) - (6.81 - 3.63 + 0.567)).abs() < 1e-12);
        assert!(air_source_cop(-10.0, 55.0) < 2.0 && air_source_cop(15.0, 30.0) > 5.0);
        assert_eq!(emitter_c(20.0, 55.0), 20.0);
        assert_eq!(emitter_c(-12.0, 55.0), 55.0);
    }
}
