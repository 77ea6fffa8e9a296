//! From the irradiance on modules to alternating current: PVWatts version 5 (A. P. Dobos, NREL/TP-6A20-62641, 2014), with
//! the cell temperature of D. Faiman (Progress in Photovoltaics 16 (2008) 307–315).

/// Irradiance at standard test conditions, W/m² (IEC 60904-3).
const STC_W_M2: f64 = 1000.0;
/// Cell temperature at standard test conditions, °C.
const STC_C: f64 = 25.0;
/// Heat loss of modules in the open, W/(m²·K), and how it grows with wind, W·s/(m³·K): Faiman's mean over seven module types.
const HEAT_LOSS: (f64, f64) = (25.0, 6.84);
/// Reference inverter of PVWatts (equations 10 to 12): efficiency at nominal power, and of the part-load curve.
const REFERENCE_EFFICIENCY: f64 = 0.9637;
const PART_LOAD: (f64, f64, f64) = (-0.0162, -0.0059, 0.9858);

/// Modules on one plane with an inverter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PvSystem {
    /// Power of the modules at standard test conditions, W.
    pub peak_w: f64,
    /// Change of power per degree of the cells, 1/K.
    pub temperature_per_k: f64,
    /// What soiling, mismatch, wiring, age and downtime take, 0…1.
    pub losses: f64,
    /// Power that the inverter takes in at its limit, W.
    pub inverter_dc_w: f64,
    /// Efficiency of the inverter at nominal power, 1.
    pub inverter_efficiency: f64,
}

impl PvSystem {
    /// PVWatts' defaults: crystalline silicon (−0.47 %/K), 14 % losses of which 3 % are shading and left out here, since
    /// horizons say it (1 − 0.86/0.97), an inverter of 96 % and 1/1.1 of the modules' power.
    pub fn typical(peak_w: f64) -> Self {
        Self {
            peak_w,
            temperature_per_k: -0.0047,
            losses: 1.0 - 0.86 / 0.97,
            inverter_dc_w: peak_w / 1.1 / 0.96,
            inverter_efficiency: 0.96,
        }
    }

    /// Direct current, W, at plane-of-array irradiance W/m², air °C and wind m/s.
    pub fn dc_w(&self, irradiance_w_m2: f64, air_c: f64, wind_m_s: f64) -> f64 {
        let warm = 1.0 + self.temperature_per_k * (cell_c(irradiance_w_m2, air_c, wind_m_s) - STC_C);
        (self.peak_w * irradiance_w_m2 / STC_W_M2 * warm * (1.0 - self.losses)).max(0.0)
    }

    /// Alternating current, W, from direct current, W: part-load curve, and the limit of the inverter.
    pub fn ac_w(&self, dc_w: f64) -> f64 {
        let limit_w = self.inverter_efficiency * self.inverter_dc_w;
        if dc_w <= 0.0 || self.inverter_dc_w <= 0.0 {
            return 0.0;
        }
        let load = dc_w / self.inverter_dc_w;
        let (slope, hyperbola, offset) = PART_LOAD;
        // The efficiency times the load: no quotient, no singularity at nought.
        let out = self.inverter_efficiency / REFERENCE_EFFICIENCY * (slope * load * load + hyperbola + offset * load);
        (out * self.inverter_dc_w).clamp(0.0, limit_w)
    }

    /// Alternating current, W, at plane-of-array irradiance W/m², air °C and wind m/s.
    pub fn power_w(&self, irradiance_w_m2: f64, air_c: f64, wind_m_s: f64) -> f64 {
        self.ac_w(self.dc_w(irradiance_w_m2, air_c, wind_m_s))
    }

    /// Sum of [`Self::power_w`] over hours, Wh. The slices are as long as each other.
    pub fn energy_wh(&self, irradiance_w_m2: &[f64], air_c: &[f64], wind_m_s: &[f64]) -> f64 {
        let hours = irradiance_w_m2.iter().zip(air_c).zip(wind_m_s);
        hours.map(|((light, air), wind)| self.power_w(*light, *air, *wind)).sum()
    }
}

/// Cell temperature, °C (Faiman).
pub fn cell_c(irradiance_w_m2: f64, air_c: f64, wind_m_s: f64) -> f64 {
    air_c + irradiance_w_m2 / (HEAT_LOSS.0 + HEAT_LOSS.1 * wind_m_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth from outside: `ac_w` of `pv_ref.csv`, a year by pvlib 0.16.1 from its Perez irradiance: Faiman cells, 5 kW,
    /// −0.4 %/K, no losses, an inverter of 5 kW and 96 %. The same equations, from irradiance of ten digits: 1e-6 W an hour,
    /// and 1 % is asked of the year.
    #[test]
    fn agrees_with_pvlib_over_a_year() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/energy/solar");
        let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}"));
        let (Ok(input), Ok(reference)) = (read("pv_in.csv"), read("pv_ref.csv")) else {
            println!("skipped: {folder} absent");
            return;
        };
        let row = |line: &str| line.split(',').map(|x| x.parse::<f64>().unwrap()).collect::<Vec<_>>();
        let system = PvSystem {
            peak_w: 5000.0,
            temperature_per_k: -0.004,
            losses: 0.0,
            inverter_dc_w: 5000.0,
            inverter_efficiency: 0.96,
        };
        let (mut year, mut year_reference) = (0.0, 0.0);
        for (x, expected) in input.lines().zip(reference.lines()).skip(1) {
            let (x, expected) = (row(x), row(expected));
            // Perez without diffuse light is NaN there.
            let (light, expected) = if expected[2].is_nan() { (0.0, 0.0) } else { (expected[2], expected[3]) };
            let found = system.power_w(light, x[3], x[4]);
            assert!((found - expected).abs() < 1e-6, "{x:?}: {found} is not {expected}");
            year += found;
            year_reference += expected;
        }
        assert!((year / year_reference - 1.0).abs() < 1e-9, "{year} {year_reference}");
        println!("{:.1} kWh", year / 1000.0);
    }

    /// By hand: 1,000 W/m² on cells of 25 °C give the peak power less the losses.
    #[test]
    fn standard_conditions_give_the_peak_and_the_inverter_its_limit() {
        let system = PvSystem::typical(5000.0);
        let air = 25.0 - 1000.0 / 25.0;
        assert!((system.dc_w(1000.0, air, 0.0) - 5000.0 * 0.86 / 0.97).abs() < 1e-9);
        assert!((system.power_w(1400.0, -20.0, 10.0) - 5000.0 / 1.1).abs() < 1e-9, "at the limit");
        assert!((system.ac_w(system.inverter_dc_w) / system.inverter_dc_w - 0.96).abs() < 1e-3, "at nominal power");
        let mut before = 0.0;
        for light in 0..1500 {
            let power = system.power_w(f64::from(light), 10.0, 2.0);
            assert!(power >= before && power <= system.dc_w(f64::from(light), 10.0, 2.0), "{light} W/m²: {power} W");
            before = power;
        }
    }

    #[test]
    fn nothing_comes_of_nothing() {
        let system = PvSystem::typical(5000.0);
        assert_eq!([system.power_w(0.0, 20.0, 1.0), system.power_w(-5.0, 20.0, 1.0), system.ac_w(1e-3)], [0.0; 3]);
        assert_eq!(PvSystem::typical(0.0).power_w(800.0, 20.0, 1.0), 0.0);
        assert_eq!(system.energy_wh(&[0.0, 500.0], &[10.0, 10.0], &[2.0, 2.0]), system.power_w(500.0, 10.0, 2.0));
    }
}
