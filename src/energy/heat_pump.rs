//! Heat pumps: how much heat a building needs at an outdoor temperature, and what electricity that takes. Quasi-steady: heat
//! follows the temperature of the hour, buildings store none.

use citytwin_model::BuildingUse;

use crate::intensity::HOURS_PER_YEAR;

/// Outdoor temperature from which on buildings need no heat, °C, and the degree-days below it in the year that the
/// benchmarks of CIBSE TM46:2008 are stated for, K·d.
const BASE_C: f64 = 15.5;
const BENCHMARK_DEGREE_DAYS: f64 = 2021.0;
/// Heat out of fuel in the boilers behind the benchmarks, 1 (seasonal efficiency of the UK's stock, SAP 2012, about 0.8).
const BOILER: f64 = 0.8;
/// Flow temperature of radiators, °C: at the base temperature, and more per kelvin below it (30 °C to 50 °C at −10 °C, radiators
/// of a house that suits a heat pump; assumption).
const FLOW_C: f64 = 30.0;
const FLOW_PER_K: f64 = 20.0 / 25.5;
/// Of hot water, °C.
const WATER_C: f64 = 55.0;

/// Fuel for space heating and hot water, kWh/m² of internal floor area in the benchmark year, and the share that is hot water.
/// None: no heat, or heat that no map tells of (processes, stores).
///
/// Dwellings: 12,000 kWh of gas (medium typical domestic consumption value, Ofgem 2020) on 95 m² (mean of the English Housing
/// Survey), a fifth of it hot water. Other uses: "fossil-thermal typical" of CIBSE TM46:2008 table 1; the share of hot water
/// is an assumption. Read from memory, but for offices, schools and cultural activities.
const fn fuel_kwh_per_m2(usage: BuildingUse) -> Option<(f64, f64)> {
    match usage {
        BuildingUse::House | BuildingUse::Apartments => Some((126.0, 0.2)),
        BuildingUse::Office => Some((120.0, 0.1)),
        BuildingUse::Retail => Some((170.0, 0.1)), // large non-food shop: those with heat of their own
        BuildingUse::Hotel => Some((330.0, 0.35)),
        BuildingUse::School => Some((150.0, 0.1)),
        BuildingUse::Hospital => Some((420.0, 0.35)),
        BuildingUse::Public => Some((200.0, 0.1)),
        BuildingUse::Industrial | BuildingUse::Warehouse | BuildingUse::Ancillary => None,
    }
}

/// What a building needs.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct HeatNeed {
    /// For every kelvin below the base temperature, W.
    pub per_k: f32,
    /// For hot water, all year, W.
    pub water: f32,
}

impl HeatNeed {
    /// Of a use and an internal floor area, m².
    pub fn of(usage: BuildingUse, area_m2: f64) -> Self {
        let Some((fuel, water)) = fuel_kwh_per_m2(usage) else { return Self::default() };
        let heat_wh = 1000.0 * BOILER * fuel * area_m2;
        Self {
            per_k: (heat_wh * (1.0 - water) / (24.0 * BENCHMARK_DEGREE_DAYS)) as f32,
            water: (heat_wh * water / HOURS_PER_YEAR) as f32,
        }
    }

    pub fn is_heated(&self) -> bool {
        self.per_k > 0.0
    }
}

/// Heat at an outdoor temperature, W.
pub fn heat_w(need: HeatNeed, air_c: f64) -> f64 {
    f64::from(need.per_k) * (BASE_C - air_c).max(0.0) + f64::from(need.water)
}

/// Electricity at an outdoor temperature: per W/K of [`HeatNeed::per_k`], and per W of hot water.
pub fn electricity(air_c: f64) -> [f32; 2] {
    let cold = (BASE_C - air_c).max(0.0);
    let space = cold / performance(FLOW_C + FLOW_PER_K * cold - air_c);
    [space as f32, (1.0 / performance(WATER_C - air_c)) as f32]
}

/// Heat over electricity of an air-source heat pump that lifts by so many kelvin: I. Staffell et al., "A review of domestic
/// heat pumps", Energy & Environmental Science 5 (2012) 9291, from 15 to 60 K; held at the ends beyond.
fn performance(lift_k: f64) -> f64 {
    let lift = lift_k.clamp(15.0, 60.0);
    6.81 - 0.121 * lift + 0.000_630 * lift * lift
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: 100 m² of a house; 126 kWh of fuel are 100.8 of heat, four fifths of them over 2,021 K·d.
    #[test]
    fn a_house_needs_what_its_benchmark_says() {
        let need = HeatNeed::of(BuildingUse::House, 100.0);
        assert!((f64::from(need.per_k) - 8_064_000.0 / 48_504.0).abs() < 1e-3, "{need:?}");
        assert!((f64::from(need.water) - 2_016_000.0 / 8760.0).abs() < 1e-2);
        assert!(!HeatNeed::of(BuildingUse::Ancillary, 100.0).is_heated());
        // At 0 °C 2.6 kW of heat, with a flow of 42 °C: performance 2.83.
        let [space, water] = electricity(0.0).map(f64::from);
        let flow = 30.0 + 15.5 * 20.0 / 25.5;
        let by_hand = 15.5 / (6.81 - 0.121 * flow + 0.00063 * flow * flow);
        assert!((space - by_hand).abs() < 1e-5 && (by_hand - 5.47).abs() < 0.05, "{space} {by_hand}");
        assert!((water - 1.0 / (6.81 - 6.655 + 1.90575)).abs() < 1e-4);
    }

    /// Colder means more, and never less than heat over the best performance.
    #[test]
    fn colder_takes_more() {
        let mut last = [0.0, 0.0];
        for air in (-40..45).rev() {
            let now = electricity(f64::from(air));
            assert!(now[0] >= last[0] && now[1] >= last[1] && now.iter().all(|x| x.is_finite()), "{air}: {now:?}");
            last = now;
        }
        assert_eq!(electricity(16.0)[0], 0.0);
    }
}
