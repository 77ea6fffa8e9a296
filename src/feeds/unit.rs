//! Units that devices speak, turned into the one of the quantity.

use citytwin_model::{
    Quantity,
    units::{MPS_PER_KMH, MPS_PER_KNOT, MPS_PER_MPH},
};

/// µg/m³ of NO₂ per ppb at 293 K and 101.3 kPa, the state that Directive 2008/50/EC, Annex VI B, prescribes:
/// molar mass 46.0055 g/mol over molar volume 24.055 L/mol.
const NO2_UG_M3_PER_PPB: f64 = 46.0055 / 24.055;
/// Zero Celsius in kelvin, exact.
const ZERO_CELSIUS_K: f64 = 273.15;

/// `value` in `unit` as the quantity's own unit. `None` when the unit does not measure that quantity.
pub(crate) fn to_own_unit(quantity: Quantity, unit: &str, value: f64) -> Option<f64> {
    let (scale, offset) = factors(quantity, unit.trim())?;
    Some(value * scale + offset)
}

/// Scale and offset to the quantity's unit: common symbols, those of SenML (RFC 8428, 12.1, re-read; the secondary units of
/// RFC 8798, re-read in its drafts of autumn 2019), and the codes of UN/CEFACT Recommendation 20 that NGSI-LD uses
/// (names re-read in lists that quote it; `C31` from memory). Prefixes make case count: `mW` is no `MW`. `%` is a percentage
/// here; that of SenML, which is none, its decoder turns into `/`.
pub(crate) fn factors(quantity: Quantity, unit: &str) -> Option<(f64, f64)> {
    let linear = |scale: f64| Some((scale, 0.0));
    match quantity {
        Quantity::VehicleFlow => match unit {
            "veh/h" | "vph" | "vehicles/h" | "1/h" | "/h" => linear(1.0),
            "veh/min" | "1/min" | "/min" => linear(60.0),
            "veh/s" | "1/s" => linear(3600.0),
            _ => None,
        },
        Quantity::Speed => speed_mps(unit).map(|(scale, _)| (scale / MPS_PER_KMH, 0.0)),
        Quantity::WindSpeed => speed_mps(unit),
        Quantity::ActivePower => match unit {
            "W" | "WTT" => linear(1.0),
            "mW" | "C31" => linear(1e-3),
            "kW" | "KW" | "KWT" => linear(1e3),
            "MW" | "MAW" => linear(1e6),
            _ => None,
        },
        Quantity::Voltage => match unit {
            "V" | "VLT" => linear(1.0),
            "mV" | "2Z" => linear(1e-3),
            "kV" | "KV" | "KVT" => linear(1e3),
            _ => None,
        },
        Quantity::AirTemperature => match unit {
            "°C" | "C" | "degC" | "Cel" | "CEL" => linear(1.0),
            "°F" | "F" | "degF" | "FAH" => Some((5.0 / 9.0, -32.0 * 5.0 / 9.0)),
            "K" | "KEL" => Some((1.0, -ZERO_CELSIUS_K)),
            _ => None,
        },
        Quantity::Irradiance => match unit {
            "W/m²" | "W/m2" | "W/m^2" | "D54" => linear(1.0),
            "kW/m²" | "kW/m2" | "kW/m^2" => linear(1e3),
            _ => None,
        },
        Quantity::No2 | Quantity::Nox if unit == "ppb" => linear(NO2_UG_M3_PER_PPB),
        Quantity::Pm25 | Quantity::Pm10 | Quantity::No2 | Quantity::Nox | Quantity::Ozone | Quantity::Benzene => {
            mass_concentration(unit)
        }
        Quantity::CarbonMonoxide => mass_concentration(unit).map(|(scale, _)| (scale * 1e-3, 0.0)),
        Quantity::Noise => matches!(unit, "dB(A)" | "dBA" | "dB[A]").then_some((1.0, 0.0)),
        Quantity::RelativeHumidity | Quantity::Occupancy => match unit {
            "%" | "%RH" | "P1" => linear(1.0),
            "1" | "/" | "C62" => linear(100.0),
            _ => None,
        },
        Quantity::Precipitation => match unit {
            "mm/h" | "mm" | "H67" | "MMT" => linear(1.0),
            "in/h" | "in" | "inch" => linear(25.4),
            _ => None,
        },
        Quantity::VehiclesAvailable => matches!(unit, "vehicles" | "count" | "C62").then_some((1.0, 0.0)),
        Quantity::DocksAvailable => matches!(unit, "docks" | "count" | "C62").then_some((1.0, 0.0)),
    }
}

/// To m/s.
fn speed_mps(unit: &str) -> Option<(f64, f64)> {
    match unit {
        "m/s" | "MTS" => Some((1.0, 0.0)),
        "km/h" | "kmh" | "kph" | "KMH" => Some((MPS_PER_KMH, 0.0)),
        "mph" | "mi/h" | "mp/h" | "HM" => Some((MPS_PER_MPH, 0.0)),
        "kn" | "kt" | "KNT" => Some((MPS_PER_KNOT, 0.0)),
        _ => None,
    }
}

/// To µg/m³. The micro sign U+00B5 and the Greek letter U+03BC both occur.
fn mass_concentration(unit: &str) -> Option<(f64, f64)> {
    match unit {
        "µg/m³" | "μg/m³" | "µg/m3" | "μg/m3" | "ug/m³" | "ug/m3" | "GQ" => Some((1.0, 0.0)),
        "mg/m³" | "mg/m3" | "GP" => Some((1e3, 0.0)),
        "kg/m³" | "kg/m3" | "KMQ" => Some((1e9, 0.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quantity_knows_its_own_unit() {
        for quantity in Quantity::ALL {
            assert_eq!(to_own_unit(quantity, quantity.unit(), 7.5), Some(7.5), "{quantity}");
            assert_eq!(to_own_unit(quantity, "parsec", 7.5), None, "{quantity}");
        }
    }

    /// Truth: NIST Special Publication 811 (2008), Appendix B, and exact definitions.
    #[test]
    fn conversions_agree_with_published_factors() {
        let rows = [
            (Quantity::Speed, "mph", 60.0, 96.56064),
            (Quantity::Speed, "m/s", 10.0, 36.0),
            (Quantity::Speed, "kn", 10.0, 18.52),
            (Quantity::ActivePower, "kW", 2.5, 2500.0),
            (Quantity::ActivePower, "mW", 2.5, 0.0025),
            (Quantity::ActivePower, "MW", 2.5, 2_500_000.0),
            (Quantity::Voltage, "kV", 0.23, 230.0),
            (Quantity::AirTemperature, "°F", -40.0, -40.0),
            (Quantity::AirTemperature, "F", 212.0, 100.0),
            (Quantity::AirTemperature, "K", 273.15, 0.0),
            (Quantity::VehicleFlow, "veh/min", 12.0, 720.0),
            (Quantity::Irradiance, "kW/m²", 0.8, 800.0),
            (Quantity::Pm25, "mg/m3", 0.02, 20.0),
        ];
        for (quantity, unit, value, expected) in rows {
            let got = to_own_unit(quantity, unit, value).unwrap();
            // Round-off of one multiplication and one addition.
            assert!((got - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{value} {unit}: {got}");
        }
    }

    /// Truth: names of the codes in UN/CEFACT Recommendation 20 as lists that quote it have them (re-read: the list of Rev.
    /// 17 of MyInvois, the measurement units of the EU's eForms 1.5, OPC UA's extract), and NIST SP 811.
    #[test]
    fn codes_of_recommendation_20() {
        let rows = [
            ("2Z", "millivolt", Quantity::Voltage, 1e-3),
            ("VLT", "volt", Quantity::Voltage, 1.0),
            ("KVT", "kilovolt", Quantity::Voltage, 1e3),
            ("WTT", "watt", Quantity::ActivePower, 1.0),
            ("KWT", "kilowatt", Quantity::ActivePower, 1e3),
            ("MAW", "megawatt", Quantity::ActivePower, 1e6),
            ("MTS", "metre per second", Quantity::WindSpeed, 1.0),
            ("KMH", "kilometre per hour", Quantity::Speed, 1.0),
            ("HM", "mile per hour", Quantity::Speed, 1.609_344),
            ("KNT", "knot (1 nautical mile per hour)", Quantity::Speed, 1.852),
            ("D54", "watt per square metre", Quantity::Irradiance, 1.0),
            ("GP", "milligram per cubic metre", Quantity::Pm10, 1e3),
            ("GQ", "microgram per cubic metre", Quantity::Pm10, 1.0),
            ("KMQ", "kilogram per cubic metre", Quantity::Pm10, 1e9),
            ("H67", "millimetre per hour", Quantity::Precipitation, 1.0),
            ("MMT", "millimetre", Quantity::Precipitation, 1.0),
            ("P1", "percent", Quantity::RelativeHumidity, 1.0),
            ("C62", "one", Quantity::RelativeHumidity, 100.0),
        ];
        for (code, name, quantity, expected) in rows {
            let got = to_own_unit(quantity, code, 1.0).unwrap();
            assert!((got - expected).abs() <= 1e-9 * expected, "{code}, {name}: {got}");
        }
        // Degree Celsius, degree Fahrenheit, kelvin.
        for (code, value, celsius) in [("CEL", 21.5, 21.5), ("FAH", 32.0, 0.0), ("KEL", 273.15, 0.0)] {
            let got = to_own_unit(Quantity::AirTemperature, code, value).unwrap();
            assert!((got - celsius).abs() < 1e-9, "{code}: {got}");
        }
    }

    /// Truth: scales of the secondary units of RFC 8798 (re-read in its draft of October 2019), over that of the quantity's
    /// own unit.
    #[test]
    fn secondary_units_of_senml() {
        let rows = [
            (Quantity::ActivePower, "kW", "W", 1000.0),
            (Quantity::Voltage, "mV", "V", 1.0 / 1000.0),
            (Quantity::Speed, "km/h", "m/s", 1.0 / 3.6),
            (Quantity::Pm25, "ug/m3", "kg/m3", 1e-9),
        ];
        for (quantity, secondary, primary, scale) in rows {
            let one = to_own_unit(quantity, secondary, 1.0).unwrap();
            let same = to_own_unit(quantity, primary, scale).unwrap();
            assert!((one - same).abs() <= 1e-12 * one.abs(), "{secondary}: {one}, {same}");
        }
    }

    /// Truth: WHO air quality guidelines (2021), table of conversion factors: 1 ppb NO₂ = 1.88 µg/m³ at
    /// 25 °C and 1.91 µg/m³ at 20 °C.
    #[test]
    fn nitrogen_dioxide_in_ppb() {
        let got = to_own_unit(Quantity::No2, "ppb", 1.0).unwrap();
        assert!((got - 1.91).abs() < 0.005, "{got}");
    }
}
