//! From the irradiance on modules to alternating current: PVWatts version 5 (A. P. Dobos, NREL/TP-6A20-62641, 2014), with
//! the cell temperature of D. Faiman (Progress in Photovoltaics 16 (2008) 307–315).

/// Irradiance at standard test conditions, W/m² (IEC 60904-3).
pub const STC_W_M2: f64 = 1000.0;
/// Cell temperature at standard test conditions, °C.
const STC_C: f64 = 25.0;
/// Heat loss of modules in the open, W/(m²·K), and how it grows with wind, W·s/(m³·K): Faiman's mean over seven module types.
const HEAT_LOSS: (f64, f64) = (25.0, 6.84);
/// Reference inverter of PVWatts (equations 10 to 12): efficiency at nominal power, and of the part-load curve.
const REFERENCE_EFFICIENCY: f64 = 0.9637;
const PART_LOAD: (f64, f64, f64) = (-0.0162, -0.0059, 0.9858);
/// Hours are stepped in groups of this size, which the compiler turns into vectors.
const LANES: usize = 8;

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
        self.warm_dc_w(irradiance_w_m2, air_c + irradiance_w_m2 * warming(wind_m_s))
    }

    /// Alternating current, W, from direct current, W: part-load curve, and the limit of the inverter.
    pub fn ac_w(&self, dc_w: f64) -> f64 {
        if self.inverter_dc_w > 0.0 { self.converted_w(dc_w) } else { 0.0 }
    }

    /// Alternating current, W, at plane-of-array irradiance W/m², air °C and wind m/s.
    pub fn power_w(&self, irradiance_w_m2: f64, air_c: f64, wind_m_s: f64) -> f64 {
        self.ac_w(self.dc_w(irradiance_w_m2, air_c, wind_m_s))
    }

    /// Sum of [`Self::power_w`] over hours, Wh: irradiance, W/m², air, °C, and [`warming`] by its wind, K·m²/W. The slices
    /// are as long as each other.
    pub fn energy_wh(&self, irradiance_w_m2: &[f64], air_c: &[f64], warming: &[f64]) -> f64 {
        if self.inverter_dc_w <= 0.0 {
            return 0.0;
        }
        pulp::Arch::new().dispatch(Energy { system: self, irradiance_w_m2, air_c, warming })
    }

    /// [`Self::power_w`] of hours, W, from the same as [`Self::energy_wh`], into `out`; all are as long as each other.
    pub fn powers_into(&self, irradiance_w_m2: &[f64], (air_c, warming): (&[f64], &[f64]), out: &mut [f32]) {
        if self.inverter_dc_w > 0.0 {
            pulp::Arch::new().dispatch(Powers { system: self, irradiance_w_m2, air_c, warming, out });
        } else {
            out.fill(0.0);
        }
    }

    #[inline(always)]
    fn warm_dc_w(&self, irradiance_w_m2: f64, cell_c: f64) -> f64 {
        let warm = 1.0 + self.temperature_per_k * (cell_c - STC_C);
        (self.peak_w * irradiance_w_m2 / STC_W_M2 * warm * (1.0 - self.losses)).max(0.0)
    }

    /// The efficiency times the load: no quotient, so no singularity at nought. The inverter is larger than nought.
    #[inline(always)]
    fn converted_w(&self, dc_w: f64) -> f64 {
        let load = dc_w / self.inverter_dc_w;
        let (slope, hyperbola, offset) = PART_LOAD;
        let out = self.inverter_efficiency / REFERENCE_EFFICIENCY * (slope * load * load + hyperbola + offset * load);
        (out.max(0.0) * self.inverter_dc_w).min(self.inverter_efficiency * self.inverter_dc_w)
    }
}

/// A sum as pulp compiles it for the machine's registers: a closure would stay outside of that. The same operations in the
/// same order on any machine.
struct Energy<'a> {
    system: &'a PvSystem,
    irradiance_w_m2: &'a [f64],
    air_c: &'a [f64],
    warming: &'a [f64],
}

impl pulp::NullaryFnOnce for Energy<'_> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let power_w = |light: f64, air_c: f64, warming: f64| {
            self.system.converted_w(self.system.warm_dc_w(light, air_c + light * warming))
        };
        let (lights, light_rest) = self.irradiance_w_m2.as_chunks::<LANES>();
        let (airs, air_rest) = self.air_c.as_chunks::<LANES>();
        let (warmings, warming_rest) = self.warming.as_chunks::<LANES>();
        let mut sums = [0.0; LANES];
        for ((light, air), warming) in lights.iter().zip(airs).zip(warmings) {
            for lane in 0..LANES {
                sums[lane] += power_w(light[lane], air[lane], warming[lane]);
            }
        }
        let rest = light_rest.iter().zip(air_rest).zip(warming_rest);
        sums.iter().sum::<f64>() + rest.map(|((light, air), warming)| power_w(*light, *air, *warming)).sum::<f64>()
    }
}

/// Likewise hour by hour.
struct Powers<'a> {
    system: &'a PvSystem,
    irradiance_w_m2: &'a [f64],
    air_c: &'a [f64],
    warming: &'a [f64],
    out: &'a mut [f32],
}

impl pulp::NullaryFnOnce for Powers<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let given = self.irradiance_w_m2.iter().zip(self.air_c).zip(self.warming);
        for (((light, air_c), warming), out) in given.zip(self.out) {
            *out = self.system.converted_w(self.system.warm_dc_w(*light, air_c + light * warming)) as f32;
        }
    }
}

/// How much warmer than the air cells are, K per W/m² (Faiman).
pub fn warming(wind_m_s: f64) -> f64 {
    1.0 / (HEAT_LOSS.0 + HEAT_LOSS.1 * wind_m_s)
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
    }

    #[test]
    fn many_hours_are_the_sum_of_each() {
        let system = PvSystem::typical(5000.0);
        let light: Vec<f64> = (0..1003).map(|k| f64::from(k * 37 % 1300)).collect();
        let air: Vec<f64> = (0..1003).map(|k| f64::from(k * 11 % 50) - 15.0).collect();
        let wind: Vec<f64> = (0..1003).map(|k| f64::from(k % 13)).collect();
        let each: f64 = (0..1003).map(|k| system.power_w(light[k], air[k], wind[k])).sum();
        let warming: Vec<f64> = wind.iter().map(|wind| warming(*wind)).collect();
        assert!((system.energy_wh(&light, &air, &warming) / each - 1.0).abs() < 1e-12);
        assert_eq!(PvSystem::typical(0.0).energy_wh(&light, &air, &warming), 0.0);
    }
}
