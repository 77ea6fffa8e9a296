//! Numbers for people: unit, prefix and digits by quantity. No number leaves this module without its unit.

use citytwin_model::Quantity;

/// Shown in place of a number that nobody has computed yet.
pub const NOT_YET: &str = "not yet computed";
/// Shown in place of a number that is not finite.
pub const NO_NUMBER: &str = "no value";

/// What a number counts. The number itself is in the unit named here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unit {
    /// W, shown as W, kW, MW or GW.
    Watts,
    /// MWh, shown as kWh, MWh or GWh.
    MegawattHours,
    /// W/m².
    WattsPerSquareMetre,
    /// kWh/m².
    KilowattHoursPerSquareMetre,
    /// veh/h.
    VehiclesPerHour,
    /// Vehicles.
    Vehicles,
    /// Kilometres driven by all vehicles together.
    VehicleKilometres,
    /// km/h.
    KilometresPerHour,
    /// s, shown as s, min or h.
    Seconds,
    /// m, shown as m or km.
    Metres,
    /// m², shown as m² or ha or km².
    SquareMetres,
    /// 1, shown as %.
    Share,
    /// °C.
    Celsius,
    /// µg/m³.
    MicrogramsPerCubicMetre,
    /// dB(A).
    Decibels,
    /// Anything else: the noun or symbol to show behind the number.
    Of(&'static str),
}

/// A unit with prefix and digits chosen: numbers set side by side share one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Scaled {
    factor: f64,
    pub symbol: &'static str,
    decimals: usize,
}

impl Unit {
    /// The unit of a sensor's quantity.
    pub const fn of(quantity: Quantity) -> Self {
        match quantity {
            Quantity::VehicleFlow => Self::VehiclesPerHour,
            Quantity::Speed => Self::KilometresPerHour,
            Quantity::ActivePower => Self::Watts,
            Quantity::Voltage => Self::Of("V"),
            Quantity::AirTemperature => Self::Celsius,
            Quantity::Irradiance => Self::WattsPerSquareMetre,
            Quantity::Pm25 | Quantity::Pm10 | Quantity::No2 | Quantity::Nox | Quantity::Ozone | Quantity::Benzene => {
                Self::MicrogramsPerCubicMetre
            }
            Quantity::Noise => Self::Decibels,
            Quantity::RelativeHumidity
            | Quantity::WindSpeed
            | Quantity::Precipitation
            | Quantity::CarbonMonoxide
            | Quantity::Occupancy
            | Quantity::VehiclesAvailable
            | Quantity::DocksAvailable => Self::Of(quantity.unit()),
        }
    }

    /// Prefix and digits fit for numbers up to `reference`.
    pub fn scaled(self, reference: f64) -> Scaled {
        let size = if reference.is_finite() { reference.abs() } else { 0.0 };
        let (factor, symbol) = self.prefix(size);
        Scaled { factor, symbol, decimals: self.decimals(size * factor) }
    }

    /// The number with its unit, e.g. `12.3 MW`, `1,240 veh/h`, `32 min`.
    pub fn text(self, value: f64) -> String {
        self.scaled(value).text(value)
    }

    /// The same, or [`NOT_YET`].
    pub fn text_or_not_yet(self, value: Option<f64>) -> String {
        value.map_or_else(|| NOT_YET.to_owned(), |value| self.text(value))
    }

    fn prefix(self, size: f64) -> (f64, &'static str) {
        let pick = |steps: &[(f64, f64, &'static str)]| {
            // Rounding must not show `1000 kW`: a step begins where the one before would print four digits.
            let found = steps.iter().rev().find(|(from, ..)| size >= *from * 0.9995).unwrap_or(&steps[0]);
            (found.1, found.2)
        };
        match self {
            Self::Watts => pick(&[(0.0, 1.0, "W"), (1e3, 1e-3, "kW"), (1e6, 1e-6, "MW"), (1e9, 1e-9, "GW")]),
            Self::MegawattHours => pick(&[(0.0, 1e3, "kWh"), (1.0, 1.0, "MWh"), (1e3, 1e-3, "GWh")]),
            Self::Seconds => pick(&[(0.0, 1.0, "s"), (60.0, 1.0 / 60.0, "min"), (3_600.0, 1.0 / 3_600.0, "h")]),
            Self::Metres => pick(&[(0.0, 1.0, "m"), (1e3, 1e-3, "km")]),
            Self::SquareMetres => pick(&[(0.0, 1.0, "m²"), (1e4, 1e-4, "ha"), (1e6, 1e-6, "km²")]),
            Self::Share => (100.0, "%"),
            Self::WattsPerSquareMetre => (1.0, "W/m²"),
            Self::KilowattHoursPerSquareMetre => (1.0, "kWh/m²"),
            Self::VehiclesPerHour => (1.0, "veh/h"),
            Self::Vehicles => (1.0, "vehicles"),
            Self::VehicleKilometres => (1.0, "km"),
            Self::KilometresPerHour => (1.0, "km/h"),
            Self::Celsius => (1.0, "°C"),
            Self::MicrogramsPerCubicMetre => (1.0, "µg/m³"),
            Self::Decibels => (1.0, "dB(A)"),
            Self::Of(symbol) => (1.0, symbol),
        }
    }

    /// Three digits that count, none behind the point for things that are counted.
    fn decimals(self, shown: f64) -> usize {
        match self {
            Self::VehiclesPerHour | Self::Vehicles | Self::VehicleKilometres => 0,
            Self::Celsius | Self::Decibels => 1,
            Self::KilometresPerHour | Self::Share if shown >= 10.0 => 0,
            Self::Seconds if shown >= 29.95 => 0,
            Self::Of(_) if shown.fract() == 0.0 => 0,
            _ if shown >= 99.95 => 0,
            _ if shown >= 9.995 => 1,
            _ if shown == 0.0 => 0,
            _ => 2 - usize::from(matches!(self, Self::Seconds | Self::Share | Self::KilometresPerHour)),
        }
    }
}

impl Scaled {
    /// The bare number; the unit must stand near it.
    pub fn number(&self, value: f64) -> String {
        if !value.is_finite() {
            return NO_NUMBER.to_owned();
        }
        grouped(value * self.factor, self.decimals)
    }

    /// The bare number with no more digits than marks `step` apart need.
    pub fn step_number(&self, value: f64, step: f64) -> String {
        let decimals = if step * self.factor >= 0.999 { 0 } else { self.decimals };
        Self { decimals, ..*self }.number(value)
    }

    /// Number and unit.
    pub fn text(&self, value: f64) -> String {
        if !value.is_finite() {
            return NO_NUMBER.to_owned();
        }
        let gap = if self.symbol == "%" { "" } else { " " };
        format!("{}{gap}{}", self.number(value), self.symbol)
    }

    /// The same with a plus or minus in front; no sign on what rounds to nothing.
    pub fn signed(&self, value: f64) -> String {
        with_sign(value, self.text(value))
    }

    /// The bare number with its sign; the unit must stand near it.
    pub fn signed_number(&self, value: f64) -> String {
        with_sign(value, self.number(value))
    }
}

fn with_sign(value: f64, text: String) -> String {
    let nothing = !text.contains(|c: char| c.is_ascii_digit() && c != '0');
    if value.is_nan() || value <= 0.0 || nothing { text } else { format!("+{text}") }
}

/// A count with thousands separators and its noun, e.g. `1 sensor`, `40,120 inhabitants`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    let noun = if n == 1 { one } else { many };
    format!("{} {noun}", grouped(n as f64, 0))
}

/// The same of what a machine counts.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    count(usize::try_from(n).unwrap_or(usize::MAX), one, many)
}

/// A duration for people, from milliseconds to days, e.g. `12 ms`, `3.4 s`, `25 min`.
pub fn duration(s: f64) -> String {
    match s {
        s if !s.is_finite() => NO_NUMBER.to_owned(),
        s if s.abs() < 0.9995 => format!("{} ms", grouped(1e3 * s, 0)),
        s if s.abs() < 172_800.0 => Unit::Seconds.text(s),
        s => format!("{} days", grouped(s / 86_400.0, 0)),
    }
}

/// Bytes for people, e.g. `64 MB`; powers of 1,000.
pub fn bytes(n: u64) -> String {
    let steps = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let n = n as f64;
    let Some((size, symbol)) = steps.into_iter().find(|(size, _)| n >= 0.9995 * size) else {
        return format!("{} B", grouped(n, 0));
    };
    let shown = n / size;
    format!("{} {symbol}", grouped(shown, usize::from(shown < 9.95)))
}

/// An age for people, e.g. `just now`, `12 s ago`, `3 min ago`.
pub fn ago(age_s: f64) -> String {
    match age_s {
        age if !age.is_finite() => "at an unknown time".to_owned(),
        age if age < 1.0 => "just now".to_owned(),
        age if age < 59.5 => format!("{age:.0} s ago"),
        age if age < 3_570.0 => format!("{:.0} min ago", age / 60.0),
        age if age < 172_800.0 => format!("{:.0} h ago", age / 3_600.0),
        age => format!("{} days ago", grouped(age / 86_400.0, 0)),
    }
}

/// `HH:MM` of seconds since midnight; any day.
pub fn hour_minute(second_of_day: f64) -> String {
    if !second_of_day.is_finite() {
        return NO_NUMBER.to_owned();
    }
    let minutes = (second_of_day.rem_euclid(86_400.0) / 60.0).floor() as u32 % 1_440;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A share of 0 to 1 in percent, cut and not rounded: what is not all must not read as all. `99.9%`, `100%`.
pub fn share_of_all(share: f64) -> String {
    if !share.is_finite() {
        return NO_NUMBER.to_owned();
    }
    // 0.57 × 1000 is a hair below 570.
    let percent = (1000.0 * share.clamp(0.0, 1.0) + 1e-9).floor() / 10.0;
    if percent == 100.0 { "100%".to_owned() } else { format!("{percent:.1}%") }
}

/// Digits in groups of three, a true minus sign, no negative nothing; powers of ten beyond 10¹².
pub fn grouped(value: f64, decimals: usize) -> String {
    if value.abs() >= 1e12 {
        return format!("{value:.2e}").replace('-', "−");
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(text.len() + 8);
    if value < 0.0 && text.contains(|c: char| c.is_ascii_digit() && c != '0') {
        out.push('−');
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        for (unit, value, expected) in [
            (Unit::Watts, 12_345_678.0, "12.3 MW"),
            (Unit::Watts, 999_999.0, "1.00 MW"),
            (Unit::Watts, -4_200.0, "−4.20 kW"),
            (Unit::Watts, 0.0, "0 W"),
            (Unit::VehiclesPerHour, 1_240.4, "1,240 veh/h"),
            (Unit::Seconds, 1_920.0, "32 min"),
            (Unit::Seconds, 752.0, "12.5 min"),
            (Unit::Seconds, 42.0, "42 s"),
            (Unit::Seconds, 5_400.0, "1.5 h"),
            (Unit::MegawattHours, 0.25, "250 kWh"),
            (Unit::MegawattHours, 512.04, "512 MWh"),
            (Unit::Share, 0.306, "31%"),
            (Unit::Share, 0.055, "5.5%"),
            (Unit::SquareMetres, 250.0, "250 m²"),
            (Unit::SquareMetres, 3.2e6, "3.20 km²"),
            (Unit::Celsius, -0.04, "0.0 °C"),
            (Unit::Vehicles, 1e6, "1,000,000 vehicles"),
            (Unit::Of("kVA"), 400.0, "400 kVA"),
            (Unit::Vehicles, -1e300, "−1.00e300 vehicles"),
            (Unit::Watts, f64::NAN, NO_NUMBER),
            (Unit::Watts, f64::INFINITY, NO_NUMBER),
        ] {
            assert_eq!(unit.text(value), expected, "{unit:?} {value}");
        }
        assert_eq!(Unit::Watts.text_or_not_yet(None), NOT_YET);
    }

    #[test]
    fn differences_share_the_scale_and_show_their_sign() {
        let scale = Unit::Watts.scaled(12e6);
        assert_eq!(scale.signed(0.4e6), "+0.4 MW");
        assert_eq!(scale.signed(-0.4e6), "−0.4 MW");
        assert_eq!(scale.signed(1.0), "0.0 MW");
        assert_eq!(scale.signed(f64::NAN), NO_NUMBER);
    }

    #[test]
    fn ages_counts_and_hours() {
        let ages = [0.2, 12.0, 200.0, 7_200.0, 864_000.0, f64::NAN].map(ago);
        assert_eq!(ages, ["just now", "12 s ago", "3 min ago", "2 h ago", "10 days ago", "at an unknown time"]);
        let durations = [0.0004, 0.0123, 0.9996, 75.0, 7_200.0, 864_000.0, f64::NAN].map(duration);
        assert_eq!(durations, ["0 ms", "12 ms", "1.0 s", "1.2 min", "2.0 h", "10 days", NO_NUMBER]);
        let shares = [0.0, 0.57, 0.7199, 0.99999, 1.0, 1.5, f64::NAN].map(share_of_all);
        assert_eq!(shares, ["0.0%", "57.0%", "71.9%", "99.9%", "100%", "100%", NO_NUMBER]);
        let sizes = [0, 999, 1_000, 64_000_000, 2_340_000_000].map(bytes);
        assert_eq!(sizes, ["0 B", "999 B", "1.0 kB", "64 MB", "2.3 GB"]);
        assert_eq!(counted(u64::MAX, "reading", "readings"), "1.84e19 readings");
        assert_eq!(count(1, "sensor", "sensors"), "1 sensor");
        assert_eq!(count(40_120, "inhabitant", "inhabitants"), "40,120 inhabitants");
        assert_eq!([0.0, 45_296.0, 86_399.9, -60.0].map(hour_minute), ["00:00", "12:34", "23:59", "23:59"]);
    }
}
