//! The fields of an EPW row that a weather year needs: place in the row, range, code for "missing".
//! Source: "Auxiliary Programs", EnergyPlus documentation, chapter "EnergyPlus Weather File (EPW) Data Dictionary".

use super::WeatherFault;

/// A number in a row.
pub struct Field {
    /// As messages say it.
    pub name: &'static str,
    /// Column, from 0.
    pub at: usize,
    /// From this value up it is missing.
    pub missing_from: f64,
    /// Smallest and largest value that is believed.
    pub range: (f64, f64),
    pub unit: &'static str,
}

const fn field(name: &'static str, at: usize, missing_from: f64, range: (f64, f64), unit: &'static str) -> Field {
    Field { name, at, missing_from, range, unit }
}

pub const DRY_BULB: Field = field("dry bulb temperature", 6, 99.9, (-90.0, 70.0), "°C");
pub const DEW_POINT: Field = field("dew point temperature", 7, 99.9, (-100.0, 70.0), "°C");
pub const HUMIDITY: Field = field("relative humidity", 8, 999.0, (0.0, 110.0), "%");
pub const PRESSURE: Field = field("station pressure", 9, 999_999.0, (31_000.0, 120_000.0), "Pa");
pub const INFRARED: Field = field("horizontal infrared irradiance", 12, 9999.0, (50.0, 800.0), "Wh/m²");
pub const GLOBAL: Field = field("global horizontal irradiance", 13, 9999.0, (0.0, 2000.0), "Wh/m²");
pub const DIRECT: Field = field("direct normal irradiance", 14, 9999.0, (0.0, 1500.0), "Wh/m²");
pub const DIFFUSE: Field = field("diffuse horizontal irradiance", 15, 9999.0, (0.0, 1500.0), "Wh/m²");
pub const WIND: Field = field("wind speed", 21, 999.0, (0.0, 100.0), "m/s");
pub const TOTAL_COVER: Field = field("total sky cover", 22, 99.0, (0.0, 10.0), "tenths");
pub const OPAQUE_COVER: Field = field("opaque sky cover", 23, 99.0, (0.0, 10.0), "tenths");
/// 999 is missing; 0 stands in files that were compiled without it.
pub const ALBEDO: Field = field("albedo", 32, 999.0, (0.0, 1.0), "1");

impl Field {
    /// `None` where the row has the code for "missing", or nothing.
    pub fn optional(&self, line: usize, row: &[&str]) -> Result<Option<f64>, WeatherFault> {
        let Some(text) = row.get(self.at).map(|text| text.trim()).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        let value = value.ok_or_else(|| self.fault(line, format!("{text:?} is no number; correct it")))?;
        if value >= self.missing_from {
            return Ok(None);
        }
        let (least, most) = self.range;
        if !(least..=most).contains(&value) {
            let what = format!("{value} {} lies outside {least} to {most}; correct it", self.unit);
            return Err(self.fault(line, what));
        }
        Ok(Some(value))
    }

    /// Refuses a missing value.
    pub fn required(&self, line: usize, row: &[&str]) -> Result<f64, WeatherFault> {
        self.optional(line, row)?.ok_or_else(|| {
            let text = row.get(self.at).map_or("", |text| text.trim());
            self.fault(line, format!("{text:?} stands for a missing value; fill the gap from a neighbour hour"))
        })
    }

    pub fn fault(&self, line: usize, what: String) -> WeatherFault {
        WeatherFault { line, field: format!("{} (field {})", self.name, self.at + 1), what }
    }
}
